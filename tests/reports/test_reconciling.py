"""What is found before a quarter is published: in the report itself, and in formats that don't say what it says."""

import json
import re
from dataclasses import replace
from decimal import Decimal

import pytest

from priorities.periods import Period
from reports.audience import public
from reports.frozen import newest, read
from reports.publishing import Made
from reports.reading_back import READERS, figures, number, says
from reports.reconciling import (
    compare,
    difference,
    differing,
    miscounted,
    reconcile,
    small_counts,
    unconfirmed,
    unexplained,
)
from reports.release import RELEASE
from reports.report import Point
from reports.revisions import with_revisions
from tests.make import Q1, make_full_update, make_quarter
from tests.published import confirm_all

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def report(closed_demo):
    return read(newest(closed_demo))


def made(report, kind, data=None):
    form = RELEASE[kind]
    return Made("internal", kind, form.label, form.suffix, form.media_type, data or form.write(report))


def changed(report, group, number=0, part=0, **fields):
    """The report with something else in one row."""
    parts = list(report.priorities)
    rows = list(getattr(parts[part], group))
    rows[number] = replace(rows[number], **fields)
    parts[part] = replace(parts[part], **{group: tuple(rows)})
    return replace(report, priorities=tuple(parts))


def test_the_reference_quarter_agrees_in_every_format_for_both_audiences(report):
    files = [replace(made(public(report), kind), audience="public") for kind in RELEASE]
    files += [made(report, kind) for kind in RELEASE]
    assert [found.told for found in reconcile(report, public(report), files)] == []


WRONG = [  # what is changed, in which row, and how it is told
    ("ratings", 0, {"letter": "R"}, "ratings, objectives:"),
    ("indicators", 0, {"value": Decimal(26)}, "1a % of vulnerable victims"),
    ("indicators", 1, {"target": Decimal(99), "expected": None}, "1b % of witnesses"),
    ("indicators", 2, {"value": None, "missing": "c"}, "1c % of domestic abuse victims"),
    ("indicators", 3, {"confidence": "R"}, "2a % of young people"),
    ("risks", 0, {"level": "L"}, "risk 1, level:"),
    ("risks", 1, {"trend": "down"}, "risk 2, trend:"),
    ("issues", 2, {"level": "L"}, "issue 3, level:"),
    ("goals", 0, {"confidence": "R"}, "goal 1, confidence:"),
    ("goals", 1, {"stated": Period(2030, 1)}, "goal 2, forecast:"),
    ("finance", 0, {"ytd_actual": Decimal(45_600_000)}, "finance Q1, ytd actual:"),
    ("finance", 1, {"budget": Decimal(45_600_000)}, "finance Q2, budget:"),
    ("finance", 2, {"forecast": Decimal(45_600_000)}, "finance Q3, forecast:"),
    ("finance", 3, {"ytd_profile": Decimal(45_600_000)}, "finance Q4, ytd profile:"),
]


@pytest.mark.parametrize("kind", RELEASE)
def test_a_format_that_says_something_else_is_found(report, kind):
    other = report
    for group, row, fields, _ in WRONG:
        other = changed(other, group, row, **fields)
    told = compare(report, kind, READERS[kind](RELEASE[kind].write(other), report))
    for *_, name in WRONG:
        assert any(name in each for each in told), name
    assert len([each for each in told if "Violence is prevented" in each]) == 0


@pytest.mark.parametrize("kind", sorted(set(RELEASE) - {"pdf"}))
def test_a_row_that_is_not_in_the_report_is_found(report, kind):
    without = replace(report, priorities=(replace(report.priorities[0], goals=()), *report.priorities[1:]))
    told = compare(without, kind, READERS[kind](RELEASE[kind].write(report), without))
    assert any("it has a row that the report hasn’t" in each for each in told)


def test_what_is_not_there_is_told(report):
    told = compare(report, "json", {})
    assert len(told) == len(figures(report))
    assert "Victims are better supported, count of indicators, indicators: it isn’t there" in told[0]


def test_a_file_that_cannot_be_read_back_is_told(report):
    (told,) = differing(report, made(report, "json", b"{"))
    assert told.startswith("JSON, internal: it can’t be read back (JSONDecodeError: ")
    for kind in ("xlsx", "ods", "csv"):
        assert "it can’t be read back" in differing(report, made(report, kind, b"PK"))[0]


def test_many_differences_of_a_file_are_told_together(report):
    written = json.loads(RELEASE["json"].write(report))
    for part in written["priorities"]:
        for row in part["indicators"]:
            row["value"] = 1
    (told,) = differing(report, made(report, "json", json.dumps(written).encode()))
    assert re.match(r"JSON, internal: \d\d figures differ: Victims are better supported, 1a .*; and more\.$", told)


@pytest.mark.parametrize(
    ("text", "value"),
    [("27%", 27), ("−18pp", -18), ("4,127", 4127), ("-0.5", Decimal("-0.5")), ("[x]", None), ("", None)],
)
def test_the_number_of_a_cell(text, value):
    assert number(text) == value


def test_a_printed_figure_is_no_beginning_of_another(report):
    figure = next(f for f in figures(report) if f.printed == "27%")
    assert says(figure, "27%", printed=True)
    assert says(figure, "27% [r] earlier 26%", printed=True)
    for other in ("27", "27%5", "127%", "", "26%"):
        assert not says(figure, other, printed=True)
    quarter = next(f for f in figures(report) if f.printed == "Q3")
    assert not says(quarter, "Q3 2023/24", printed=True)


# The report itself


def test_a_count_that_is_not_what_it_counts_is_found(report, monkeypatch):
    monkeypatch.setattr("reports.report.PriorityReport.indicator_counts", {"G": 9, "A": 0, "R": 0, "none": 0})
    told = list(miscounted(report))
    assert "Victims are better supported: the count of indicators says 9, and 12 are listed." in told
    assert any(each.startswith("The total of indicators says 36 G") for each in told)


def test_budgets_that_differ_within_a_year_are_found(report):
    told = list(miscounted(changed(report, "finance", 1, budget=Decimal(40_000_000))))
    assert told == [
        "Victims are better supported: the year’s budget is not the same in every period "
        "(Q1 £32.7m, Q2 £40.0m, Q3 £32.7m and Q4 £32.7m)."
    ]


@pytest.mark.parametrize(
    ("group", "fields", "told"),
    [
        ("ratings", {"letter": ""}, "Objectives has no rating."),
        ("indicators", {"value": None}, "has no value, and no reason for it."),
        ("indicators", {"target": None}, "has no target, and no reason for it."),
        ("indicators", {"confidence": ""}, "has no confidence, and no reason for it."),
        ("risks", {"level": "", "description": "Rain"}, "“Rain” has no level."),
        ("goals", {"confidence": ""}, "goal 1 has no confidence."),
        ("goals", {"baseline": None}, "goal 1 has no baseline."),
        ("finance", {"ytd_actual": None, "budget": None}, "finance Q1 has no budget and actual to date."),
    ],
)
def test_what_is_missing_without_a_reason_is_found(report, group, fields, told):
    assert not list(unexplained(report))
    (found,) = unexplained(changed(report, group, **fields))
    assert found.startswith("Victims are better supported: ")
    assert found.endswith(told)


def test_a_reason_is_enough_and_periods_to_come_need_no_actual(report):
    assert not list(unexplained(changed(report, "indicators", value=None, missing="x")))
    assert not list(unexplained(changed(report, "finance", 1, ytd_actual=None)))


def test_a_priority_without_finance_needs_a_note(report):
    part = replace(report.priorities[0], finance=(), finance_note="")
    (told,) = unexplained(replace(report, priorities=(part,)))
    assert told == ("Victims are better supported: there are neither figures of finance nor a note that says why.")
    (absence,) = tables_missing(part)
    assert (absence.why, absence.note) == ("Not answered yet", "")
    noted = replace(part, finance_note="None this year.")
    assert not list(unexplained(replace(report, priorities=(noted,))))
    (absence,) = tables_missing(noted)
    assert (absence.why, absence.note) == ("Told in its note", "None this year.")


def tables_missing(part):
    return [each for each in part.absences if each.what == "table of figures"]


def test_what_was_closed_without_approval_is_found(report):
    parts = (replace(report.priorities[0], was="submitted"), *report.priorities[1:])
    other = replace(report, priorities=parts, closing=replace(report.closing, overview_was="in_progress"))
    (found,) = reconcile(other, public(other), [])
    assert found.kind == "Not approved"
    assert found.told == "Closed without the approval of “Victims are better supported” and the overview."


def test_rows_that_nobody_confirmed_are_found(victims):
    quarter = make_quarter()
    make_full_update(victims, quarter, rows=2)
    told = [found.told for found in unconfirmed(quarter)]
    assert told == [
        "Victims are better supported: 2 indicators are not confirmed for this quarter.",
        "Victims are better supported: 2 risks and issues are not confirmed for this quarter.",
        "Victims are better supported: 2 goals are not confirmed for this quarter.",
        "Victims are better supported: 1 period of finance is not confirmed for this quarter.",
    ]
    confirm_all(quarter)
    assert unconfirmed(quarter) == []


# Figures that were revised


REVISED = [  # every kind of figure: the group and row it stands in, and another value of it that was published before
    ("ratings", 0, {"letter": "R"}),
    ("indicators", 0, {"value": Decimal(26)}),
    ("indicators", 1, {"target": Decimal(99), "expected": None}),
    ("indicators", 2, {"value": None, "missing": "c"}),
    ("indicators", 3, {"confidence": "R"}),
    ("indicators", 4, {"confidence": ""}),
    ("risks", 0, {"level": "L"}),
    ("risks", 1, {"level": ""}),
    ("risks", 2, {"trend": "down"}),
    ("issues", 0, {"level": "L"}),
    ("issues", 1, {"trend": ""}),
    ("goals", 0, {"confidence": "R"}),
    ("goals", 1, {"stated": Period(2030, 1)}),
    ("goals", 2, {"baseline": Period(2022, 1)}),
    ("finance", 0, {"ytd_actual": Decimal(45_600_000)}),
    ("finance", 1, {"budget": Decimal(45_600_000)}),
    ("finance", 2, {"forecast": None}),
    ("finance", 3, {"ytd_profile": Decimal(45_600_000)}),
]
TOGETHER = [  # every figure of rows that stand one behind the other
    *[("ratings", n, {"letter": "R"}) for n in range(5)],
    *[("indicators", n, {"value": Decimal(26), "target": Decimal(99), "confidence": "R"}) for n in range(5)],
    *[(group, n, {"level": "L", "trend": "down"}) for group in ("risks", "issues") for n in range(3)],
    *[("goals", n, {"confidence": "R", "stated": Period(2030, 1), "baseline": Period(2022, 1)}) for n in range(5)],
    *[("finance", n, {"budget": Decimal(45_600_000), "ytd_actual": Decimal(1)}) for n in range(4)],
]


@pytest.fixture
def shown(report):
    """With every risk for the public."""
    parts = tuple(
        replace(part, **{group: tuple(replace(row, is_top=True) for row in getattr(part, group)) for group in GROUPS})
        for part in report.priorities
    )
    return replace(report, priorities=parts)


GROUPS = ("risks", "issues")


@pytest.mark.parametrize("audience", ["public", "internal"])
@pytest.mark.parametrize("before", [*([each] for each in REVISED), REVISED, TOGETHER])
def test_a_revised_figure_is_read_beside_what_it_was(shown, before, audience):
    of = public if audience == "public" else replace
    then = shown
    for group, row, fields in before:
        then = changed(then, group, row, **fields)
    revised = with_revisions(of(shown), of(then))
    assert len(revised.revisions) >= len(before)
    for kind in ("pdf", "html") if before is not TOGETHER else RELEASE:
        assert differing(revised, replace(made(revised, kind), audience=audience)) == []


@pytest.mark.parametrize("kind", ["pdf", "html"])
def test_what_a_figure_was_is_not_taken_for_it(shown, kind):
    """The format gives the values of before, and the report's as the earlier ones."""
    then = shown
    for group, row, fields in REVISED:
        then = changed(then, group, row, **fields)
    revised, wrong = with_revisions(shown, then), with_revisions(then, shown)
    found = READERS[kind](RELEASE[kind].write(wrong), revised)
    of_id = {figure.id: figure for figure in figures(revised)}
    for each in revised.revisions:
        assert difference(of_id[each.key, each.field], found, kind), each


# Small counts


@pytest.mark.parametrize(("value", "small"), [(0, False), (1, True), (4, True), (5, False), (-1, False)])
def test_a_count_from_1_to_4_is_small(report, value, small):
    other = changed(report, "indicators", 6, value=Decimal(value), unit="number")
    assert bool([each for each in small_counts(other) if " 4a " in each.told]) == small


def test_a_small_percentage_is_none(report):
    assert not list(small_counts(changed(report, "indicators", value=Decimal(3))))


def test_a_small_count_of_an_earlier_quarter_beside_it_is_looked_at_too(report):
    points = tuple(Point(q, Decimal(3), "", None, "quarter") for q in (Q1.previous, Q1))
    (small,) = small_counts(changed(report, "indicators", 6, series=points))
    assert small.told.startswith("3 in Q4 2021/22 for 4a ")


def test_what_is_not_public_is_not_looked_at(report):
    other = changed(report, "indicators", 6, value=Decimal(2))
    assert list(small_counts(public(other)))
    without = replace(other, priorities=other.priorities[1:])
    assert not list(small_counts(public(without)))
