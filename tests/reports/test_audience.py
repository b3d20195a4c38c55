"""What the public reads: the fields that are listed as public, of the rows that are for it, in every format."""

import datetime as dt
import io
import re
import typing
import zipfile
from dataclasses import dataclass, fields, is_dataclass, replace
from decimal import Decimal
from types import NoneType

import pytest
from hypothesis import given

from priorities.periods import Period
from reports.audience import PUBLIC, blanks, emptied, public
from reports.frozen import newest, read
from reports.release import RELEASE
from reports.report import Change, Closing, Point, Report, Revision, RiskRow, quarterly_report
from reports.tables import OF_THE_QUARTER
from tests.closed import close_for_real
from tests.pdfs import metadata, raw_pages
from tests.reports.test_frozen import made

pytestmark = [pytest.mark.django_db, pytest.mark.once]
MARK, NUMBER, DAY = "KEPT-INSIDE", 987_654, dt.datetime(1987, 6, 5, tzinfo=dt.UTC)
INSIDE = {str: MARK, int: NUMBER, dt.datetime: DAY, dt.date: DAY.date(), Decimal: Decimal(NUMBER)}
LEAVE = {"is_top", "is_internal", "is_public"}  # what decides about a row is set by each test


def tainted(value):
    """The same with something of its own in every field that is not public."""
    if isinstance(value, tuple):
        return tuple(tainted(each) for each in value)
    if not is_dataclass(value) or isinstance(value, Period):
        return value
    hints = typing.get_type_hints(type(value))
    found = {}
    for field in fields(value):
        if field.name in PUBLIC[type(value)]:
            found[field.name] = tainted(getattr(value, field.name))
        elif field.name not in LEAVE:
            kinds = [each for each in typing.get_args(hints[field.name]) if each is not NoneType]
            kind = (kinds or [hints[field.name]])[0]
            if kind in INSIDE:
                found[field.name] = f"{MARK} {field.name}" if kind is str else INSIDE[kind]
    return replace(value, **found)


def risk(key, **kwargs):
    told = {"description": f"{MARK} {key}", "number": 9, "level": "H", "trend": "up"}
    return RiskRow(key=key, **{**told, "explanation": MARK, "owner": MARK, "closed_reason": MARK, **kwargs})


def change(part, anchor, text=MARK):
    return Change(50, "risk up", part.title, part.slug, anchor, text)


def revision(part, key, field, of=MARK):
    return Revision(key, field, part.title, of, "score", MARK, MARK)


@pytest.fixture
def report(demo):
    """The demo with something internal in every place that there is for it."""
    found = tainted(quarterly_report(demo, None))
    first = found.priorities[0]
    hidden = {
        "risks": (risk("not-top"), *first.risks, risk("internal", is_top=True, is_internal=True)),
        "issues": (*first.issues, risk("only-internal", is_internal=True)),
        "closed": (risk("closed-internal", is_top=True, is_internal=True),),
    }
    point = Point(Period(2021, 4), Decimal(NUMBER), "", Decimal(NUMBER), "quarter", origin="elsewhere")
    row = first.indicators[0]
    first = replace(first, indicators=(replace(row, series=(point,)), *first.indicators[1:]), **hidden)
    return replace(
        found,
        status="closed",
        priorities=(first, *found.priorities[1:]),
        closing=Closing(1, dt.datetime(2022, 11, 3, 9, tzinfo=dt.UTC), MARK, MARK, "The wrong figure was given.", MARK),
        changes=(*(change(first, anchor) for anchor in ("not-top", "internal", "risks", "issues", "somewhere")),),
        revisions=(revision(first, "not-top", "level"), revision(first, "internal", "level")),
    )


KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # by chance it holds any number


def unpacked(data):
    """All that stands in a file, whatever it is packed in, without the keys of its rows."""
    return KEY.sub("", as_text(data))


def as_text(data):
    if data.startswith(b"PK"):
        archive = zipfile.ZipFile(io.BytesIO(data))
        return "\n".join([*archive.namelist(), *(archive.read(name).decode() for name in archive.namelist())])
    if data.startswith(b"%PDF"):
        return "\n".join([metadata(data), *raw_pages(data)])
    return data.decode()


@pytest.mark.parametrize("name", RELEASE)
def test_no_internal_field_and_no_internal_row_reaches_a_public_format(report, name):
    text = unpacked(RELEASE[name].write(public(report)))
    assert "vulnerable victims referred" in text.replace("\n", " ")
    for inside in (MARK, str(NUMBER), "987,654", "1987"):
        assert inside not in text, text[max(text.find(inside) - 300, 0) : text.find(inside) + 100]


@pytest.mark.parametrize("name", RELEASE)
def test_what_would_be_found_is_found_in_the_internal_pack(demo, name):
    found = quarterly_report(demo, None)
    first = found.priorities[0]
    rows = {
        "risks": (replace(first.risks[0], owner=f"{MARK}-owner", is_internal=True), *first.risks[1:]),
        "goals": (replace(first.goals[0], comment=f"{MARK}-comment"), *first.goals[1:]),
        "indicators": (
            replace(first.indicators[0], suggested="R", reason=f"{MARK}-reason"),
            *first.indicators[1:],
        ),
    }
    inside = replace(found, priorities=(replace(first, **rows), *found.priorities[1:]))
    text = unpacked(RELEASE[name].write(inside))
    for what in ("owner", "comment", "reason"):
        assert f"{MARK}-{what}" in text.replace("\n", "")


@pytest.mark.parametrize("name", OF_THE_QUARTER)
def test_a_table_of_the_public_form_has_no_internal_column(report, name):
    open_to_all = public(report)
    headings, rows = OF_THE_QUARTER[name](open_to_all, open_to_all.priorities)
    assert MARK not in repr(rows)
    assert not {"Owner", "Comment", "Reason", "Figures suggest", "Leads", "State"} & set(headings)
    assert all(len(row) == len(headings) for row in rows)


@pytest.mark.parametrize("name", ["html", "json", "xlsx", "csv"])
def test_the_public_form_does_not_say_that_there_is_something_it_leaves_out(report, name):
    text = unpacked(RELEASE[name].write(public(report)))
    for word in ("Owner", '"owner"', "owner,", "suggested", "igures suggest", "Comment", '"reason"'):
        assert word not in text


def test_the_figures_are_the_same_in_both_forms(demo):
    inside = quarterly_report(demo, None)
    outside = public(inside)
    assert (outside.indicator_counts, outside.goal_counts) == (inside.indicator_counts, inside.goal_counts)
    for one, other in zip(inside.priorities, outside.priorities, strict=True):
        assert one.finance == other.finance
        assert [(r.target_text, r.value_text, r.confidence) for r in one.indicators] == [
            (r.target_text, r.value_text, r.confidence) for r in other.indicators
        ]
        assert [(r.baseline, r.forecast, r.confidence) for r in one.goals] == [
            (r.baseline, r.forecast, r.confidence) for r in other.goals
        ]
        assert [(a.of, a.what, a.why, a.note) for a in one.absences] == [
            (a.of, a.what, a.why, a.note) for a in other.absences
        ]


def test_only_top_risks_that_are_not_internal_are_public_numbered_without_a_gap(report):
    inside, outside = report.priorities[0], public(report).priorities[0]
    assert [row.number for row in outside.risks] == list(range(1, len(outside.risks) + 1))
    assert [row.key for row in outside.risks] == [
        row.key for row in inside.risks if row.key not in ("not-top", "internal")
    ]
    assert len(outside.issues) == len(inside.issues) - 1
    assert outside.closed == ()


def test_a_top_risk_that_was_closed_is_public_without_the_reason(report):
    first = replace(report.priorities[0], closed=(risk("gone", is_top=True, description="Costs may rise"),))
    found = public(replace(report, priorities=(first,))).priorities[0].closed
    assert [(row.description, row.closed_reason, row.owner) for row in found] == [("Costs may rise", "", "")]


def test_revisions_are_public_where_what_they_are_about_is(report):
    first = report.priorities[0]
    revisions = (
        revision(first, first.risks[1].key, "level", "Risk 1"),
        revision(first, first.goals[0].key, "forecast", "Goal 1"),
        revision(first, first.finance[0].key, "forecast", "Finance Q1"),
        revision(first, first.key, "spend", "Spend"),
    )
    found = public(replace(report, revisions=report.revisions + revisions))
    assert [each.of for each in found.revisions] == [each.of for each in revisions]


def test_what_changed_in_the_internal_report_is_never_public(report):
    """It may tell of a level that a risk had while it was internal."""
    told = change(report.priorities[0], report.priorities[0].risks[1].key)
    found = public(replace(report, changes=(told,), compared_with=Period(2021, 4), not_compared=MARK))
    assert (found.changes, found.compared_with, found.not_compared) == ((), None, "")


def test_a_revised_field_that_is_not_public_is_not_told(report):
    first = report.priorities[0]
    inside = revision(first, first.goals[0].key, "comment")
    assert public(replace(report, revisions=(inside,))).revisions == ()


def test_the_public_form_of_the_public_form_is_itself(report):
    once = public(report)
    assert once.is_public
    assert public(once) == once


def test_a_closed_quarter_has_its_version_but_not_who_closed_it_or_why_it_was_corrected(demo, demo_person):
    close_for_real(demo, by=demo_person("administrator"))
    found = public(read(newest(demo)))
    assert (found.closing.version, found.closing.by, found.closing.reason, found.unapproved) == (1, "", "", [])
    assert found.closing.corrects == ""


# The list


def classes(kind=Report, found=None):
    """Every class that a report is made of."""
    found = {} if found is None else found
    for hint in typing.get_type_hints(kind).values():
        for each in (hint, *typing.get_args(hint)):
            if is_dataclass(each) and each is not Period and each not in found:
                found[each] = True
                classes(each, found)
    return {kind, *found}


def test_every_class_of_the_report_is_listed_and_every_listed_field_is_there():
    assert classes() == {*PUBLIC, Change}  # what changed is found anew in the public forms
    for kind, names in PUBLIC.items():
        assert names <= {field.name for field in fields(kind)}, kind


def test_what_is_not_public_stays_so_as_the_list_grows():
    """A field that is made public is taken off here, by somebody who thought about it."""
    inside = {f"{kind.__name__}.{name}" for kind in PUBLIC for name in blanks(kind)}
    assert {
        "Report.is_public",
        "Report.due_on",
        "PriorityReport.leads",
        "PriorityReport.approved_by",
        "PriorityReport.approved_at",
        "PriorityReport.was",
        "IndicatorRow.suggested",
        "IndicatorRow.reason",
        "RiskRow.owner",
        "RiskRow.closed_reason",
        "RiskRow.is_top",
        "RiskRow.is_internal",
        "GoalRow.comment",
        "Closing.by",
        "Closing.reason",
        "Closing.overview_was",
        "Meaning.supplied",
    } <= inside


def test_a_class_that_is_not_listed_stops_it_instead_of_passing():
    @dataclass(frozen=True)
    class Decision:
        text: str

    with pytest.raises(KeyError):
        emptied((Decision(MARK),))


@given(made(Report))
def test_of_any_report_all_that_is_not_listed_is_empty(report):
    def walk(value):
        if isinstance(value, tuple):
            for each in value:
                walk(each)
        elif is_dataclass(value) and not isinstance(value, Period):
            for name, empty in blanks(type(value)).items():
                assert getattr(value, name) == empty or (name, value) == ("is_public", found)
            for field in fields(value):
                walk(getattr(value, field.name))

    found = public(replace(report, is_public=False))
    walk(found)
