"""The file's own version, what is stored by now, what the file says: no newer figure is overwritten unknowingly."""

import pytest

from goals.models import Goal, GoalForecast
from indicators.models import Indicator, Reading
from priorities.door import Refused
from priorities.history import Source
from priorities.models import QuarterlyUpdate
from priorities.periods import Period
from priorities.writing import writing
from risks.models import Assessment, Risk
from tests.make import (
    door,
    make_assessment,
    make_forecast,
    make_goal,
    make_indicator,
    make_position,
    make_priority,
    make_quarter,
    make_reading,
    make_update,
)
from workbooks.importing import apply_import

from .books import VICTIMS, Q, cells, indicators, kinds, load, plan, sheet

pytestmark = pytest.mark.django_db

HEAD = ("Ref", "Indicator", "Value", "Note", "Key", "Version")


@pytest.fixture
def update(victims):
    return make_update(victims, make_quarter())


@pytest.fixture
def reading(update):
    return make_reading(update, make_indicator(update.priority, "1a", title="Calls answered"), note="As it was")


def change(row, by=None, **values):
    """Somebody saves the row on a page."""
    update = row if isinstance(row, QuarterlyUpdate) else row.update
    with writing([update], by=by, source=Source.FORM):
        stored = type(row).objects.get(pk=row.pk)
        for name, value in values.items():
            setattr(stored, name, value)
        stored.save()


def file(reading, value="27%", note="As it was", version=0):
    row = [reading.indicator.reference, reading.indicator.title, value, note, str(reading.indicator.key), str(version)]
    return indicators(row, headings=HEAD)


def stored(reading):
    now = Reading.objects.get(pk=reading.pk)
    return int(now.value), now.note


def test_what_only_the_file_changed_is_written_and_what_only_others_changed_stays(reading):
    change(reading, note="From the page")
    planned = load(file(reading, value="30%"))
    assert cells(planned) == [("E2", "27%", "30%")]
    assert stored(reading) == (30, "From the page")


def test_a_cell_that_both_changed_is_a_conflict_with_who_and_when_and_nothing_is_written(reading, victims_lead):
    change(reading, by=victims_lead, value=31)
    planned = plan(file(reading, value="30%", note="Mine"))
    assert kinds(planned) == ["changed"]
    conflict, note = sorted(planned.rows[0].cells, key=lambda cell: cell.cell)
    assert (conflict.cell, conflict.old, conflict.new) == ("E2", "31%", "30%")
    assert conflict.conflict.startswith("victims-lead (")
    assert conflict.conflict.endswith("), since the file was made: 31%")
    assert (note.cell, note.new, note.conflict) == ("F2", "Mine", "")
    (told,) = planned.told
    assert told.conflict
    assert told.line.startswith("Indicators!E2: victims-lead (")
    assert told.line.endswith(
        ") stored “31%” after the file was made, which says “30%”. Choose which holds: write “31%” to keep it, or "
        "download the workbook again and enter “30%” there."
    )
    with pytest.raises(Refused):
        apply_import(planned, source=Source.SPREADSHEET)
    assert stored(reading) == (31, "As it was")


@pytest.mark.parametrize(
    ("choice", "expected"), [({"mine": ["Indicators!E2"]}, (30, "Mine")), ({"theirs": ["Indicators!E2"]}, (31, "Mine"))]
)
def test_a_conflict_is_settled_by_a_choice(reading, choice, expected):
    change(reading, value=31)
    undecided = plan(file(reading, value="30%", note="Mine")).fingerprint
    planned = load(file(reading, value="30%", note="Mine"), **choice)
    assert planned.fingerprint != undecided
    assert [cell.conflict != "" for cell in sorted(planned.rows[0].cells, key=lambda cell: cell.cell)] == [True, False]
    assert stored(reading) == expected


def test_a_choice_of_another_cell_settles_nothing(reading):
    change(reading, value=31)
    assert plan(file(reading, value="30%"), mine=["Indicators!F2", "Goals!E2", "nonsense"]).problems


def test_what_was_kept_of_a_conflict_alone_is_no_change(reading):
    change(reading, value=31)
    planned = plan(file(reading, value="30%"), theirs=["Indicators!E2"])
    assert planned.changes == 0
    assert apply_import(planned, source=Source.SPREADSHEET) is None
    assert kinds(planned) == ["unchanged"]
    assert cells(planned) == [("E2", "31%", "31% is kept (file: 30%)")]


def test_what_was_kept_beside_a_change_says_that_it_is_kept(reading):
    change(reading, value=31)
    kept = load(file(reading, value="30%", note="Mine"), theirs=["Indicators!E2"])
    assert kinds(kept) == ["changed"]
    assert ("E2", "31%", "31% is kept (file: 30%)") in cells(kept)
    taken = plan(file(reading, value="30%", note="Other", version=0), mine=["Indicators!E2", "Indicators!F2"])
    assert ("E2", "31%", "30%") in cells(taken)
    assert [cell.kept for cell in taken.rows[0].cells] == [False, False]


def test_both_changed_to_the_same_is_no_conflict(reading):
    change(reading, value=31, confirmed=True)
    assert kinds(plan(file(reading, value="31%"))) == ["unchanged"]


def test_a_figure_and_the_reason_that_there_is_none_are_one_cell(reading):
    change(reading, value=31)
    planned = plan(file(reading, value="[x]"))
    assert [(cell.old, cell.new) for cell in planned.rows[0].cells] == [("31%", "[x]")]
    assert planned.rows[0].cells[0].conflict
    load(file(reading, value="[x]"), mine=["Indicators!E2"])
    now = Reading.objects.get()
    assert (now.value, now.missing) == (None, "x")


def test_who_changed_that_very_cell_is_named_not_who_saved_last(reading, victims_lead, trust_lead, update):
    change(reading, by=victims_lead, value=31)
    change(reading, by=None, note="Command line")
    (conflict, *_) = plan(file(reading, value="30%")).rows[0].cells
    assert conflict.conflict.startswith("victims-lead (")


def test_a_row_without_history_of_that_version_asks_for_every_cell_that_differs(reading):
    change(reading, value=31)
    Reading.history.filter(version=0).delete()
    planned = plan(file(reading, value="27%"))
    assert [told.cell for told in planned.told] == ["E2"]


def test_without_a_version_the_file_wins_and_the_preview_shows_it(reading):
    change(reading, value=31)
    planned = load(file(reading, value="30%", version=""))
    assert ("E2", "31%", "30%") in cells(planned)
    assert stored(reading)[0] == 30


def test_a_version_that_is_none_is_told(reading):
    (problem,) = plan(file(reading, version="two")).problems
    assert problem == "Indicators!H2: “two” is no version; leave the column as it was written, or empty it."
    assert kinds(plan(file(reading, version="0.0"))) == ["unchanged"]
    assert kinds(plan(file(reading, version="99"))) == ["unchanged"]


def test_the_texts_of_an_update_have_a_version_too_which_other_saves_raise(update):
    change(make_reading(update), value=28)
    change(update, narrative="From the page")
    head = ["Quarter", "Priority", "Ratings note", "Narrative", "Key", "Version"]
    row = [Q, VICTIMS, "Mine", "", update.priority.slug, "1"]
    load(sheet("Priorities", head, row))
    now = QuarterlyUpdate.objects.get()
    assert (now.ratings_note, now.narrative) == ("Mine", "From the page")
    (problem,) = plan(sheet("Priorities", head, [*row[:3], "Another", *row[4:]])).problems
    assert "stored “From the page” after the file was made" in problem


def test_the_overview_has_one_too(update):
    quarter = update.quarter
    with writing(by=None, source=Source.FORM, overview_of=[quarter]):
        quarter.overview = "From the page"
        quarter.save()
    (problem,) = plan(sheet("Quarter", ["Quarter", "Overview", "Version"], [Q, "Mine", "0"])).problems
    assert problem.startswith("Quarter!B2: Somebody at the command line (")


def test_two_returns_of_one_workbook_merge(reading):
    load(file(reading, value="30%"))
    load(file(reading, note="From the second"))
    assert stored(reading) == (30, "From the second")
    assert "Somebody at the command line" in plan(file(reading, value="32%")).problems[0]


def test_lines_that_end_otherwise_are_no_change(reading):
    change(reading, note="One\r\nTwo ", confirmed=True)
    assert kinds(plan(file(reading, note="One\nTwo", version=1))) == ["unchanged"]


def test_one_query_for_each_model_finds_what_was_there(reading, update, django_assert_max_num_queries):
    for n in range(5):
        change(reading, value=31 + n)
    with django_assert_max_num_queries(8):
        plan(file(reading, value="30%"))


# Keys


def test_a_row_is_found_by_its_key_whatever_its_title_says_now(reading):
    Indicator.objects.update(title="Calls answered within a minute", reference="9z")
    planned = load(file(reading, value="30%"))
    assert stored(reading)[0] == 30
    assert planned.warnings == [
        "Indicators!D2: this is known as “Calls answered within a minute”; that title was kept. Rename it in the "
        "administration."
    ]
    assert Indicator.objects.get().reference == "1a"  # the file's own, which an administrator may change


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("12", "Indicators!G2: “12” is no key; empty the cell, and the row is found by its words."),
        ("other", "Indicators!G2: The key is that of “Trust in the police” of another priority, “Trust”; correct the "),
        (
            "unlike",
            "Indicators!D2: The key is that of “Officers recruited”, which is unlike “Calls answered”; correct ",
        ),
    ],
)
def test_a_key_of_something_else_is_told(reading, update, key, message):
    elsewhere = make_indicator(make_priority(title="Trust"), "1a", title="Trust in the police")
    unlike = make_indicator(update.priority, "2a", title="Officers recruited")
    found = {"12": "12", "other": elsewhere.key, "unlike": unlike.key}[key]
    rows = indicators(["1a", "Calls answered", "30%", "", str(found), "0"], headings=HEAD)
    (problem,) = plan(rows).problems
    assert problem.startswith(message)


UNKNOWN = "7e0b8d0c-6f0d-4c0e-9d43-0d8a2a1e5f11"


def test_an_unknown_key_is_told_and_the_row_found_by_its_words(reading):
    change(reading, value=31)
    rows = indicators(["1a", "Calls answered", "30%", "As it was", UNKNOWN, "0"], headings=HEAD)
    planned = load(rows)
    assert planned.warnings == [
        "Indicators!G2: this key is not known here; the row was found by its reference and title."
    ]
    assert stored(reading)[0] == 30  # its version is of another database


def test_what_is_made_from_a_key_keeps_it(update):
    head = ["Quarter", "Priority", "No.", "{}", "Key"]
    for name, model in (("Goals", Goal), ("Risks", Risk)):
        named = [heading.format(name[:-1]) for heading in head]
        planned = load(sheet(name, named, [Q, VICTIMS, "1", "Something new", UNKNOWN]))
        assert not any("is not known here" in warning for warning in planned.warnings)
        assert str(model.objects.get().key) == UNKNOWN
    load(indicators(["1a", "Calls answered", "30%", "", UNKNOWN, ""], headings=HEAD))
    assert str(Indicator.objects.get().key) == UNKNOWN


def test_a_goal_is_found_by_its_key(update):
    goal = make_goal(update.priority, 3, title="Publish the plan")
    forecast = make_forecast(update, goal, comment="")
    change(forecast, confidence="A")
    head = ["Quarter", "Priority", "No.", "Goal", "Confidence", "Comment", "Key", "Version"]
    row = [Q, VICTIMS, "4", "Publish the plans", "G", "Mine", str(goal.key), "0"]
    planned = load(sheet("Goals", head, row))
    now = GoalForecast.objects.get()
    assert (now.confidence, now.comment) == ("A", "Mine")
    assert planned.warnings == [
        "Goals!D2: this is known as “Publish the plan”; that title was kept. Rename it in the administration.",
        "Goals!C2: this is goal 3; that number was kept.",
    ]
    (problem,) = plan(sheet("Goals", head, [*row[:3], "Recruit advisers", *row[4:]])).problems
    assert problem.startswith("Goals!D2: The key is that of “Publish the plan”, which is unlike “Recruit advisers”;")
    elsewhere = make_goal(make_priority(title="Trust"), 3)
    (problem,) = plan(sheet("Goals", head, [*row[:6], str(elsewhere.key), ""])).problems
    assert problem.startswith("Goals!G2: The key is that of “Goal 3” of Trust, 2022/23; correct the priority")


RISKS = ["Quarter", "Priority", "No.", "Risk", "Score", "Key", "Version"]


def test_a_risk_is_reworded_under_its_key(update):
    assessment = make_assessment(update, description="Demand may rise in winter")
    row = [Q, VICTIMS, "1", "Demand will rise in winter", "H", str(assessment.risk.key), "0"]
    planned = load(sheet("Risks", RISKS, row))
    assert cells(planned) == [("D2", "Demand may rise in winter", "Demand will rise in winter")]
    assert Assessment.objects.get().description == "Demand will rise in winter"
    (problem,) = plan(sheet("Risks", RISKS, [*row[:3], "Staff leave", *row[4:]])).problems
    assert problem.startswith(
        "Risks!D2: The key is that of “Demand will rise in winter”, which is unlike “Staff leave”;"
    )


def test_keys_that_were_sorted_away_from_their_rows_are_told(update):
    one, two = (make_assessment(update, description=f"Demand may rise in {season}") for season in ("winter", "spring"))
    rows = [
        [Q, VICTIMS, "1", one.description, "H", str(two.risk.key), "0"],
        [Q, VICTIMS, "2", two.description, "H", str(one.risk.key), "0"],
    ]
    assert [told.cell for told in plan(sheet("Risks", RISKS, *rows)).told] == ["D2", "D3"]
    make_position(update)
    finance = ["Quarter", "Priority", "Period", "Budget", "Key"]
    (problem,) = plan(sheet("Finance", finance, [Q, VICTIMS, "Q1", "30", f"{update.priority.slug}-q2"])).problems
    assert problem.startswith("Finance!E2: The key is that of victims-are-better-supported-q2, but the row is about")


def test_a_key_of_an_issue_among_the_risks_is_told_and_one_of_a_closed_risk_too(update):
    issue = make_assessment(update, kind="issue", description="Strike action")
    (problem,) = plan(sheet("Risks", RISKS, [Q, VICTIMS, "1", "Strike action", "H", str(issue.risk.key), "0"])).problems
    assert problem.startswith("Risks!F2: The key is that of the issue “Strike action” of Victims are better supported;")
    risk = make_assessment(update, description="Over and done").risk
    risk.closed_from, risk.closed_reason = Period(2022, 1), "Over"
    risk.save()
    (problem,) = plan(sheet("Risks", RISKS, [Q, VICTIMS, "1", "Over and done", "L", str(risk.key), "0"])).problems
    assert problem == "Risks!D2: “Over and done” was closed before this quarter; leave the row out."


def test_a_renamed_priority_is_found_by_its_key(update):
    head = ["Quarter", "Priority", "Narrative", "Key"]
    row = [Q, "Victims are supported better", "Well", update.priority.slug]
    planned = load(sheet("Priorities", head, row))
    assert QuarterlyUpdate.objects.get().narrative == "Well"
    assert planned.warnings == [f"Priorities!B2: this is known as “{VICTIMS}”; that title was kept."]
    (problem,) = plan(sheet("Priorities", head, [Q, "Trust and confidence", "Well", update.priority.slug])).problems
    assert problem == f"Priorities!B2: The key is that of “{VICTIMS}”; correct the title, or empty the cell Key."
    (warning,) = load(sheet("Priorities", head, [Q, VICTIMS, "Well", "unknown"])).warnings
    assert warning == "Priorities!D2: this key is not known here; the row was found by its title."


def test_a_workbook_of_another_quarter_is_not_taken_for_this_ones(update):
    make_quarter(Period(2022, 2))
    head = ["Quarter", "Overview", "Key", "Version"]
    (problem,) = plan(sheet("Quarter", head, ["Q2 2022/23", "Well", "2022-23-q1", "3"])).problems
    assert problem == (
        "Quarter!C2: The workbook was made for Q1 2022/23, and so were its hidden keys and versions; download that of "
        "Q2 2022/23, or delete the columns Key and Version."
    )


def test_somebody_who_saves_between_the_plan_and_its_application_is_not_overwritten(reading):
    planned = plan(file(reading, value="30%"))
    change(reading, value=31)
    with pytest.raises(Refused, match="somebody has changed the value since"):
        apply_import(planned, source=Source.SPREADSHEET)
    with door(reading.update):
        assert stored(reading)[0] == 31
