"""What a planned import tells: each row with its kind, each cell with old and new, each problem with its cell."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from goals.models import GoalForecast
from indicators.models import Indicator, Reading
from priorities.door import Refused
from priorities.history import ChangeSet, Source
from priorities.models import AssignmentRole, QuarterlyUpdate, QuarterStatus, RiskScale, Section, UpdateStatus
from priorities.periods import Period
from risks.models import Assessment, Risk
from tests.make import (
    close,
    door,
    make_assessment,
    make_assignment,
    make_forecast,
    make_goal,
    make_indicator,
    make_person,
    make_position,
    make_quarter,
    make_reading,
    make_update,
    set_status,
)
from workbooks.importing import Told, apply_import

from .books import VICTIMS, Q, cells, indicators, kinds, load, plan, sheet

pytestmark = pytest.mark.django_db


@pytest.fixture
def update(victims):
    return make_update(victims, make_quarter())


# Rows and cells


def test_each_row_says_what_would_come_of_it_and_each_cell_what_it_says_now(update):
    make_reading(update, make_indicator(update.priority, "1a", title="Calls answered"), note="As before")
    make_reading(update, make_indicator(update.priority, "1b", title="Visits made"), confirmed=True)
    planned = plan(
        indicators(
            ["1a", "Calls answered", "28%", "R12", "As before"],
            ["1b", "Visits made", "27%", "", ""],
            ["1c", "Letters sent", "[x]", "", "From Q2"],
            ["1b", "Visits made", "26%", "", ""],
            headings=("Ref", "Indicator", "Value", "Basis", "Note"),
        )
    )
    assert kinds(planned) == ["changed", "unchanged", "new", "refused"]
    assert planned.by_sheet == {"Indicators": {"new": 1, "changed": 1, "unchanged": 1, "ignored": 0, "refused": 1}}
    changed, _, new, _ = planned.rows
    assert changed.subject == f"1a Calls answered, {VICTIMS}, {Q}"
    assert (changed.sheet, changed.row) == ("Indicators", 2)
    assert [(c.heading, c.cell, c.old, c.new) for c in changed.cells] == [
        ("Basis", "F2", "Year to date", "Rolling 12 months"),
        ("Value", "E2", "27%", "28%"),
    ]
    assert ("Value", "E4", "", "[x]") in [(c.heading, c.cell, c.old, c.new) for c in new.cells]


def test_a_problem_knows_its_cell_its_heading_and_what_stands_there(update):
    planned = plan(indicators(["1a", "Calls", "number", "1", "lots"]))
    (told,) = planned.told
    assert (told.sheet, told.row, told.column, told.heading, told.found) == ("Indicators", 2, 7, "Value", "lots")
    assert told.cell == "G2"
    assert planned.problems == [told.line]
    assert told.line.startswith("Indicators!G2: “lots” is not a figure; write it like 4,127")


def test_a_problem_of_a_whole_sheet_has_no_cell():
    told = Told("Goals", 0, 0, "", "", "there are two sheets of this name; keep one.")
    assert (told.cell, told.line) == ("", "Goals: there are two sheets of this name; keep one.")


def test_every_cell_is_told_though_the_lines_are_gathered(update):
    planned = plan(
        sheet(
            "Goals", ["Quarter", "Priority", "No.", "Goal"], *([Q, "Nobody's", str(n), f"Goal {n}"] for n in (1, 2, 3))
        )
    )
    assert [told.cell for told in planned.told] == ["B2", "B3", "B4"]
    assert len(planned.problems) == 1


def test_rows_of_a_template_that_say_nothing_are_skipped_and_counted(update):
    indicator = make_indicator(update.priority, "1a", title="Calls answered")
    planned = load(
        indicators(["1a", "Calls answered", "", "", ""], ["", "", "", "", ""], ["", "", "", "", ""]),
        sheet("Risks", ["Quarter", "Priority", "No.", "Risk", "Score"], [Q, VICTIMS, "1", "", ""]),
        sheet("Finance", ["Quarter", "Priority", "Period", "Budget"], [Q, VICTIMS, "Q1", ""]),
    )
    assert kinds(planned) == ["ignored"] * 5
    assert not Reading.objects.filter(indicator=indicator).exists()
    assert "Risks: 1 row says nothing and was skipped." in planned.warnings
    assert "Indicators: 3 rows say nothing and were skipped." in planned.warnings


def test_a_row_that_only_names_something_new_says_something(update):
    planned = load(indicators(["9", "A new indicator", "", "", ""]))
    assert kinds(planned) == ["new"]
    assert Indicator.objects.get().title == "A new indicator"


def test_a_cell_that_cannot_be_read_is_told_and_nothing_else_of_it(update):
    make_reading(update, make_indicator(update.priority, "1a", title="Calls answered"))
    found = indicators(["1a", "Calls answered", "", "", "#DIV/0!"], ["#REF!", "#REF!", "", "", "5"])
    found.broken.update({(2, 7): "“#DIV/0!” is an error.", (3, 3): "“#REF!” is one.", (3, 4): "“#REF!” is one."})
    planned = plan(found)
    assert planned.problems == [
        "Indicators!G2: “#DIV/0!” is an error.",
        "Indicators!C3: “#REF!” is one.",
        "Indicators!D3: “#REF!” is one.",
    ]
    assert [told.found for told in planned.told] == ["#DIV/0!", "#REF!", "#REF!"]
    assert kinds(planned) == ["refused", "refused"]


def test_an_error_in_a_column_that_is_ignored_stands_in_nobodys_way(update):
    found = sheet(
        "Goals", ["Quarter", "Priority", "No.", "Goal", "Mine", "Comment"], [Q, VICTIMS, "1", "A", "#REF!", "B"]
    )
    found.broken[2, 5] = "“#REF!” is an error."
    assert plan(found).problems == []


def test_what_the_reader_noted_is_told_with_the_sheet(update):
    found = sheet("Goals", ["Quarter", "Priority", "No.", "Goal"], [Q, VICTIMS, "1", "A"], notes=["row 2 is hidden."])
    assert plan(found).warnings == ["Goals: row 2 is hidden."]


# Percentages


@pytest.mark.parametrize(
    ("typed", "stored"),
    [("0.27%", "0.27"), ("27%", "27"), ("27", "27"), ("0", "0"), ("1", "1"), ("0.3 per cent", "0.3")],
)
def test_a_percentage_is_read_as_it_is_written(update, typed, stored):
    load(indicators(["1a", "Calls", "percent", "", typed]))
    assert Reading.objects.get().value == Decimal(stored)


@pytest.mark.parametrize(("typed", "percent"), [("0.27", "27"), ("0.3", "30"), ("0.005", "0.5"), (".5", "50")])
@pytest.mark.parametrize("column", ["Target", "Value"])
def test_a_bare_fraction_in_a_percentage_is_questioned(update, typed, percent, column):
    row = ["1a", "Calls", "percent", *((typed, "") if column == "Target" else ("", typed))]
    (problem,) = plan(indicators(row)).problems
    cell = "F2" if column == "Target" else "G2"
    small = typed if typed[0] == "0" else f"0{typed}"
    assert problem == (
        f"Indicators!{cell}: “{typed}” in a percentage: write {percent}% or {percent} if that is meant, {small}% if so."
    )


def test_a_small_percentage_that_is_stored_already_is_no_question(update):
    make_reading(update, make_indicator(update.priority, "1a", title="Calls"), value=Decimal("0.3"), confirmed=True)
    assert kinds(plan(indicators(["1a", "Calls", "percent", "", "0.3"]))) == ["unchanged"]


def test_a_fraction_of_a_number_is_no_question(update):
    make_indicator(update.priority, "1a", title="Calls", unit="number", decimals=2)
    load(indicators(["1a", "Calls", "", "", "0.27"]))
    assert Reading.objects.get().value == Decimal("0.27")


# Every answer of the forms is a column


def test_every_answer_that_the_forms_ask_for_can_be_imported(update):
    load(
        sheet(
            "Priorities",
            [
                "Quarter",
                "Priority",
                "Objectives",
                "Time",
                "Spend",
                "Capability",
                "Risk",
                "Ratings note",
                "Narrative",
                "Finance note",
            ],
            [Q, VICTIMS, "G", "A", "R", "G", "A", "Why", "Well", "Note"],
        ),
        indicators(
            ["1a", "Calls", "25", "R12", "Ours", "27", "YTD", "A", "Because", "Slow", "30/09/2022", "yes"],
            headings=[
                "Ref",
                "Indicator",
                "Target",
                "Target basis",
                "Target note",
                "Value",
                "Basis",
                "Confidence",
                "Reason",
                "Note",
                "Data as at",
                "Confirmed",
            ],
        ),
        sheet(
            "Risks",
            [
                "Quarter",
                "Priority",
                "No.",
                "Risk",
                "Score",
                "Likelihood",
                "Impact",
                "Trend",
                "Explanation",
                "Owner",
                "Closed reason",
            ],
            [Q, VICTIMS, "2", "Demand rises", "H", "4", "5", "up", "Winter", "Head of service", "Over"],
        ),
        sheet(
            "Goals",
            ["Quarter", "Priority", "No.", "Goal", "Baseline", "Forecast", "Confidence", "Comment"],
            [Q, VICTIMS, "1", "Publish", "Q3", "Q4", "A", "Late"],
        ),
        sheet(
            "Finance",
            ["Quarter", "Priority", "Period", "Budget", "Forecast", "YTD profile", "YTD actual"],
            [Q, VICTIMS, "Q1", "32.7", "31.9", "3.0", "2.9"],
        ),
    )
    stored, reading, risk = QuarterlyUpdate.objects.get(), Reading.objects.get(), Assessment.objects.get()
    assert (stored.narrative, stored.spend, stored.finance_note) == ("Well", "R", "Note")
    assert (reading.as_at, reading.target_basis, reading.target_note) == (
        dt.date(2022, 9, 30),
        "rolling_12_months",
        "Ours",
    )
    assert (reading.basis, reading.reason, reading.confirmed) == ("year_to_date", "Because", True)
    assert (risk.position, risk.likelihood, risk.impact, risk.trend) == (2, 4, 5, "up")
    assert (risk.risk.owner, risk.risk.closed_reason, risk.risk.closed_from.label) == (
        "Head of service",
        "Over",
        "Q2 2022/23",
    )
    assert GoalForecast.objects.get().comment == "Late"


def test_where_risks_are_scored_the_level_follows_from_likelihood_and_impact(update):
    plan_of = update.quarter.plan
    plan_of.risk_scale = RiskScale.MATRIX
    plan_of.save()
    head = ["Quarter", "Priority", "Risk", "Likelihood", "Impact"]
    planned = load(sheet("Risks", head, [Q, VICTIMS, "Demand rises", "3", "5"]))
    assert Assessment.objects.get().level == "H"
    assert ("Score", "", "High") in cells(planned) or ("Score", "", "H") in cells(planned)
    (problem,) = plan(sheet("Risks", head, [Q, VICTIMS, "Demand rises", "6", "5"])).problems
    assert problem == "Risks!D2: “6” is more than 5; write 1 to 5."


def test_a_closed_risk_is_opened_again_by_clearing_its_reason(update):
    head = ["Quarter", "Priority", "Risk", "Score", "Closed reason"]
    load(sheet("Risks", head, [Q, VICTIMS, "Demand rises", "H", "Over"]))
    load(sheet("Risks", head, [Q, VICTIMS, "Demand rises", "", "[clear]"]))
    risk = Risk.objects.get()
    assert (risk.closed_reason, risk.closed_from) == ("", None)


# Numbers

NUMBERED = ["Quarter", "Priority", "No.", "Risk", "Score"]


def risks(*rows):
    return sheet("Risks", NUMBERED, *([Q, VICTIMS, *row] for row in rows))


def positions():
    return list(Assessment.objects.order_by("position", "pk").values_list("position", "description"))


def test_a_new_risk_without_a_number_goes_to_the_end(update):
    make_assessment(update, description="Demand may rise", position=2)
    make_assessment(update, kind="issue", description="Strike action", position=7)
    planned = load(
        risks(["", "Nobody may apply", "H"], ["3", "Funds may run out", "L"], ["", "The roof may leak", "L"])
    )
    assert positions()[:4] == [
        (2, "Demand may rise"),
        (3, "Funds may run out"),
        (4, "Nobody may apply"),
        (5, "The roof may leak"),
    ]
    assert ("C2", "", "4") in cells(planned)


def test_a_number_that_is_taken_is_told(update):
    make_assessment(update, description="Demand may rise", position=2)
    planned = plan(risks(["2", "Nobody may apply", "H"], ["3", "Funds may run out", "L"], ["3", "Roof", "L"]))
    assert planned.problems == [
        "Risks!C2: 2 is the number of “Demand may rise” too; give each its own. A new row without a number goes to "
        "the end.",
        "Risks!C4: 3 is the number of “Funds may run out” too; give each its own. A new row without a number goes to "
        "the end.",
    ]
    assert kinds(planned) == ["refused", "new", "refused"]


def test_two_risks_exchange_their_numbers(update):
    make_assessment(update, description="Demand may rise", position=1)
    make_assessment(update, description="Funds may run out", position=2)
    load(risks(["2", "Demand may rise", ""], ["1", "Funds may run out", ""]))
    assert positions() == [(1, "Funds may run out"), (2, "Demand may rise")]


# Confirming


def confirmed(reading):
    return Reading.objects.get(pk=reading.pk).confirmed


OURS = ("Ref", "Indicator", "Value", "Note", "Key", "Version")


def ours(reading, value="", note="", version=None):
    key = reading.indicator.key
    row = [reading.indicator.reference, reading.indicator.title, value, note, key]
    return indicators([*map(str, row), str(reading.version if version is None else version)], headings=OURS)


def test_a_new_row_with_an_answer_is_confirmed_and_one_without_is_not(update):
    load(indicators(["1a", "Calls", "number", "5", "7"], ["1b", "Visits", "number", "5", ""]))
    assert [reading.confirmed for reading in Reading.objects.order_by("pk")] == [True, False]


def test_a_workbook_of_ours_sent_back_untouched_confirms_nothing(update):
    reading = make_reading(update)
    planned = load(ours(reading, value="27%"))
    assert (kinds(planned), confirmed(reading)) == (["unchanged"], False)


def test_an_answer_that_was_changed_confirms_its_row(update):
    reading = make_reading(update)
    planned = load(ours(reading, value="27%", note="From the provider"))
    assert (cells(planned), confirmed(reading)) == ([("F2", "", "From the provider")], True)


def test_a_figure_stated_in_a_file_of_ones_own_confirms_its_row(update):
    reading = make_reading(update, make_indicator(update.priority, "1a", title="Calls"))
    planned = load(indicators(["1a", "Calls", "", "", "27%"]))
    assert cells(planned) == [("Confirmed", "no", "yes")]
    assert confirmed(reading)
    assert kinds(load(indicators(["1a", "Calls", "", "", "27%"]))) == ["unchanged"]


def test_the_column_confirmed_says_it_in_so_many_words(update):
    reading = make_reading(update, make_indicator(update.priority, "1a", title="Calls"))
    head = ("Ref", "Indicator", "Value", "Confirmed")
    planned = load(indicators(["1a", "Calls", "27%", "yes"], headings=head))
    assert cells(planned) == [("F2", "no", "yes")]
    load(indicators(["1a", "Calls", "27%", "no"], headings=head))
    assert not confirmed(reading)
    load(indicators(["1a", "Calls", "28%", "no"], headings=head))  # filled in before it was answered
    assert confirmed(reading)
    load(indicators(["1a", "Calls", "29%", "no"], headings=head))  # and here somebody takes it back
    assert not confirmed(reading)
    (problem,) = plan(indicators(["1a", "Calls", "27%", "perhaps"], headings=head)).problems
    assert problem == "Indicators!F2: “perhaps” is not yes or no; write yes or no."


def test_a_confirmation_that_is_taken_back_is_shown_beside_another_change(update):
    make_reading(update, make_indicator(update.priority, "1a", title="Calls"), confirmed=True)
    head = ("Ref", "Indicator", "Value", "Confirmed")
    planned = plan(indicators(["1a", "Calls", "29%", "no"], headings=head))
    assert cells(planned) == [("E2", "27%", "29%"), ("F2", "yes", "no")]


def test_a_new_row_keeps_what_the_column_confirmed_says(update):
    load(indicators(["1a", "Calls", "27%", "no"], headings=("Ref", "Indicator", "Value", "Confirmed")))
    assert not Reading.objects.get().confirmed


# Fingerprint


def test_the_same_plan_has_the_same_fingerprint_and_a_change_anywhere_in_it_another(update):
    first = make_reading(update, make_indicator(update.priority, "1a", title="Calls"))
    make_reading(update, make_indicator(update.priority, "1b", title="Visits"))
    file = indicators(["1a", "Calls", "", "", "28%"], ["1b", "Visits", "", "", "27%"], ["1c", "Letters", "", "", "5"])
    before = plan(file).fingerprint
    assert plan(file).fingerprint == before
    assert plan(indicators(["1a", "Calls", "", "", "29%"])).fingerprint != before
    with door(update):
        first.note = "Somebody else's"
        first.save()
    assert plan(file).fingerprint != before


def test_a_lock_changes_the_fingerprint(update):
    make_reading(update, make_indicator(update.priority, "1a", title="Calls"))
    file = indicators(["1a", "Calls", "", "", "28%"])
    before = plan(file).fingerprint
    set_status(update, UpdateStatus.SUBMITTED)
    assert plan(file).fingerprint != before


# Rights


def test_a_lead_imports_their_own_priority_and_repeats_what_is_set_up(update, victims_lead):
    reading = make_reading(update, make_indicator(update.priority, "1a", title="Calls answered"))
    goal = make_goal(update.priority, title="Publish")
    make_forecast(update, goal)
    load(
        sheet("Quarter", ["Quarter", "Plan", "Overview"], [Q, "Police and Crime Plan", ""]),
        sheet("Priorities", ["Quarter", "Priority", "Narrative"], [Q, VICTIMS, "All well"]),
        indicators(["1a", "Calls answered", "percent", "25%", "30%"]),
        sheet(
            "Goals",
            ["Quarter", "Priority", "No.", "Goal", "Baseline", "Confidence"],
            [Q, VICTIMS, "1", "Publish", "Q3", "A"],
        ),
        sheet("Risks", ["Quarter", "Priority", "Risk", "Score", "Owner"], [Q, VICTIMS, "A new risk", "H", "Somebody"]),
        by=victims_lead,
    )
    reading.refresh_from_db()
    assert (reading.value, QuarterlyUpdate.objects.get().narrative) == (30, "All well")
    assert GoalForecast.objects.get().confidence == "A"
    assert (ChangeSet.objects.first().person, reading.history.first().history_user) == (victims_lead, victims_lead)


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (
            indicators(["1a", "Calls", "percent", "", "5%"]),
            "Indicators!A2: Indicators are set up by administrators; ask one.",
        ),
        (
            sheet("Priorities", ["Quarter", "Priority", "Narrative"], ["Q2 2022/23", VICTIMS, "Well"]),
            f"Priorities!B2: “{VICTIMS}” has no update for Q2 2022/23; ask an administrator.",
        ),
        (
            sheet("Quarter", ["Quarter", "Overview"], [Q, "All well"]),
            "Quarter!B2: The overview is written by its author, managers and administrators; ask one.",
        ),
    ],
)
def test_what_is_not_a_leads_to_set_up_is_refused_in_words(update, victims_lead, found, problem):
    make_quarter(Period(2022, 2))
    assert problem in plan(found, by=victims_lead).problems


NOT_YOURS = f"Indicators!B2: {VICTIMS}, {Q} is not yours to fill in; ask its lead or an administrator."


@pytest.mark.parametrize("says", ["27%", "28%", "[x]", "0.3", "lots"])
def test_what_somebody_may_not_read_is_refused_in_the_same_words_right_or_wrong(update, trust_lead, says):
    reading = make_reading(update, make_indicator(update.priority, "1a", title="Calls"))
    planned = plan(ours(reading, value=says), by=trust_lead)
    assert (kinds(planned), planned.problems, planned.warnings) == (["refused"], [NOT_YOURS], [])


@pytest.mark.parametrize("unit", ["percent", "number"])
@pytest.mark.parametrize("title", ["Calls", "Officers recruited"])
def test_nor_is_anything_told_of_how_it_is_set_up(update, trust_lead, unit, title):
    make_reading(update, make_indicator(update.priority, "1a", title="Calls"))
    assert plan(indicators(["1a", title, unit, "", "27%"]), by=trust_lead).problems == [NOT_YOURS]


def test_a_row_without_answers_of_what_somebody_may_not_read_is_ignored(update, trust_lead):
    reading = make_reading(update, make_indicator(update.priority, "1a", title="Calls"))
    planned = plan(ours(reading), by=trust_lead)
    assert (kinds(planned), planned.problems) == (["ignored"], [])


@pytest.mark.parametrize("says", ["Well", "Badly"])
def test_a_section_that_somebody_may_not_read_is_not_told_of_either(update, says):
    finance = make_person("finance")
    make_assignment(update.priority, finance, AssignmentRole.CONTRIBUTOR, section=Section.FINANCE)
    with door(update):
        update.narrative = "Well"
        update.save()
    reading = make_reading(update, make_indicator(update.priority, "1a", title="Calls"))
    narrative = sheet("Priorities", ["Quarter", "Priority", "Narrative"], [Q, VICTIMS, says])
    assert plan(narrative, by=finance).problems == [NOT_YOURS.replace("Indicators", "Priorities")]
    assert plan(ours(reading, value="27%" if says == "Well" else "1%"), by=finance).problems == [NOT_YOURS]


@pytest.mark.parametrize("says", ["All well", "All bad"])
def test_an_overview_that_somebody_may_not_read_is_refused_right_or_wrong(update, victims_lead, says):
    make_quarter(overview="All well")
    (problem,) = plan(sheet("Quarter", ["Quarter", "Overview"], [Q, says]), by=victims_lead).problems
    assert problem == "Quarter!B2: The overview is written by its author, managers and administrators; ask one."


@pytest.mark.parametrize("says", ["63%", "64%"])
def test_figures_of_before_the_plan_are_administrators_right_or_wrong(update, victims_lead, says):
    make_indicator(update.priority, "1a", title="Calls")
    head = ["Indicator", "Priority", "Quarter", "Value", "Basis", "Source"]
    load(sheet("Background", head, ["Calls", VICTIMS, "Q4 2021/22", "63%", "R12", "Survey"]))
    again = sheet("Background", head, ["Calls", VICTIMS, "Q4 2021/22", says, "R12", ""])
    (problem,) = plan(again, by=victims_lead).problems
    assert problem.endswith("are set up by administrators; ask one.")


def test_a_refused_row_names_the_cells_that_were_changed(update, trust_lead):
    reading = make_reading(update, make_indicator(update.priority, "1a", title="Calls"), note="As before")
    set_status(update, UpdateStatus.APPROVED)
    told = plan(ours(reading, value="28%", note="Mine"), by=trust_lead).told
    why = f"{VICTIMS}, {Q} is approved and can't be edited; a manager has to send it back first."
    assert [(each.cell, each.message) for each in told] == [
        ("E2", f"This was changed; write back what was there, “27%”, or leave the row out: {why}"),
        ("F2", f"This was changed; write back what was there, “As before”, or leave the row out: {why}"),
    ]


# What a row belongs to

LONG = ["Quarter", "Priority", "Ref", "Indicator", "Value"]


def test_all_that_a_row_lacks_is_told_at_once(update, trust):
    later = make_quarter(Period(2022, 2))
    make_update(trust, later)
    rows = [[Q, VICTIMS, "1a", "Calls", "1"], [str(later), trust.title, "1b", "Visits", "1"], ["", "", "2", "New", "1"]]
    assert plan(sheet("Indicators", LONG, *rows)).problems == [
        "Indicators!A4: The quarter is missing; write the report's quarter, like Q1 2022/23.",
        "Indicators!B4: The priority is missing; write its title.",
    ]


def test_a_blank_cell_means_the_only_quarter_and_priority_of_the_file(update):
    rows = [[Q, VICTIMS, "1a", "Calls", "1"], ["2022-23-q1", VICTIMS, "1b", "Visits", "1"], ["", "", "2", "New", "1"]]
    load(sheet("Indicators", LONG, *rows))
    assert Reading.objects.filter(update=update).count() == 3


def test_a_quarter_that_is_not_open_is_the_quarters_fault(update):
    make_quarter(Period(2022, 2), status=QuarterStatus.PLANNED)
    make_indicator(update.priority, "1a", title="Calls")
    (problem,) = plan(sheet("Indicators", LONG, ["Q2 2022/23", VICTIMS, "1a", "Calls", "1%"])).problems
    assert problem == (
        "Indicators!A2: Q2 2022/23 is not open yet; correct the quarter, or ask an administrator to open it first."
    )


def test_problems_come_in_the_order_of_rows_and_cells(update):
    head = ["Quarter", "Priority", "Ref", "Unit", "Indicator", "Value", "Confidence"]
    rows = [[Q, VICTIMS, "1a", "", "Calls", "lots", "B"], [Q, VICTIMS, "1b", "", "Visits", "many", "X"]]
    planned = plan(sheet("Indicators", head, *rows, [Q, VICTIMS, "1c", "miles", "Letters", "1", ""]))
    places = ["F2", "G2", "F3", "G3", "D4"]
    assert [told.cell for told in planned.told] == places
    assert [line.split(":")[0].split("!")[1] for line in planned.problems] == places


def test_a_contributor_imports_their_section_and_their_rows_alone(update):
    finance, holder = make_person("finance"), make_person("holder")
    make_assignment(update.priority, finance, AssignmentRole.CONTRIBUTOR, section=Section.FINANCE)
    make_assignment(update.priority, holder, AssignmentRole.CONTRIBUTOR)
    reading = make_reading(update, make_indicator(update.priority, "1a", title="Calls", holder=holder))
    make_position(update)
    money = sheet("Finance", ["Quarter", "Priority", "Period", "Forecast"], [Q, VICTIMS, "Q1", "30"])
    note = sheet("Priorities", ["Quarter", "Priority", "Finance note"], [Q, VICTIMS, "On track"])
    narrative = sheet("Priorities", ["Quarter", "Priority", "Narrative"], [Q, VICTIMS, "On track"])
    assert plan(money, narrative, by=finance).problems == [
        f"Priorities!B2: {VICTIMS}, {Q} is not yours to fill in; ask its lead or an administrator."
    ]
    load(money, note, by=finance)
    assert QuarterlyUpdate.objects.get().finance_note == "On track"
    more = sheet("Finance", ["Quarter", "Priority", "Period", "Forecast"], [Q, VICTIMS, "Q1", "31"])
    assert len(plan(more, by=holder).problems) == 1
    load(ours(reading, value="28%"), by=holder)
    assert Reading.objects.get().value == 28


def test_a_risk_is_its_priorities_to_change(update, trust_lead, victims_lead):
    make_assessment(update, description="Demand may rise")
    rows = sheet("Risks", ["Quarter", "Priority", "Risk", "Owner"], [Q, VICTIMS, "Demand may rise", "Somebody"])
    assert "is not yours to fill in" in plan(rows, by=trust_lead).problems[0]
    load(rows, by=victims_lead)
    assert Risk.objects.get().owner == "Somebody"


def test_the_overview_is_imported_by_its_author_until_it_is_submitted(update):
    author = make_person("author")
    quarter = make_quarter(overview_author=author)
    make_assignment(update.priority, author)
    file = sheet("Quarter", ["Quarter", "Overview"], [Q, "All well"])
    load(file, by=author)
    make_quarter(overview_status=UpdateStatus.SUBMITTED)
    (problem,) = plan(sheet("Quarter", ["Quarter", "Overview"], [Q, "All bad"]), by=author).problems
    assert problem.startswith(f"Quarter!B2: The overview of {quarter} is submitted and can't be edited; its author can")


@pytest.mark.parametrize("status", [UpdateStatus.SUBMITTED, UpdateStatus.IN_REVIEW, UpdateStatus.APPROVED])
def test_what_is_locked_is_refused_for_everybody(update, victims_lead, administrator, status):
    reading = make_reading(update, make_indicator(update.priority, "1a", title="Calls"))
    set_status(update, status)
    for by in (None, victims_lead, administrator):
        (problem,) = plan(ours(reading, value="28%"), by=by).problems
        assert problem == (
            "Indicators!E2: This was changed; write back what was there, “27%”, or leave the row out: "
            f"{VICTIMS}, {Q} is {status.label.lower()} and can't be edited; {status.way_back}."
        )


def test_a_closed_quarter_is_refused(update):
    reading = make_reading(update, make_indicator(update.priority, "1a", title="Calls"))
    close(update.quarter)
    assert "is closed and can't be edited" in plan(ours(reading, value="28%")).problems[0]


def test_what_was_locked_since_the_plan_is_refused_by_the_door(update):
    reading = make_reading(update, make_indicator(update.priority, "1a", title="Calls"))
    planned = plan(ours(reading, value="28%"))
    set_status(update, UpdateStatus.SUBMITTED)
    with pytest.raises(Refused, match="is submitted and can't be edited"):
        apply_import(planned, source=Source.SPREADSHEET)


# Queries


@pytest.mark.parametrize("who", ["nobody", "victims_lead"])
def test_the_number_of_queries_does_not_grow_with_the_rows(update, request, who):
    by = None if who == "nobody" else request.getfixturevalue(who)

    def queries(numbers):
        readings = [
            make_reading(update, make_indicator(update.priority, f"{n}", title=f"Calls of kind {n}")) for n in numbers
        ]
        for n in numbers:
            make_assessment(update, description=f"Risk of kind {n}")
        rows = [
            [r.indicator.reference, r.indicator.title, "28%", "A note", str(r.indicator.key), "0"] for r in readings
        ]
        with door(update):
            for reading in readings:  # all of them stale
                reading.target = 24
                reading.save()
        risks = [[Q, VICTIMS, f"Risk of kind {n}", "L", "Somebody"] for n in numbers]
        with CaptureQueriesContext(
            connection,
        ) as captured:
            load(
                indicators(*rows, headings=OURS),
                sheet("Risks", ["Quarter", "Priority", "Risk", "Score", "Owner"], *risks),
                sheet("Priorities", ["Quarter", "Priority", "Narrative"], [Q, VICTIMS, f"Of {numbers}"]),
                by=by and type(by).objects.get(pk=by.pk),
            )
        return len(captured)

    assert queries(range(1, 4)) == queries(range(100, 130))


# As people read it


def test_a_new_goal_is_shown_with_its_number_and_title(update):
    head = ["Quarter", "Priority", "No.", "Goal", "Confidence"]
    planned = plan(sheet("Goals", head, [Q, VICTIMS, "1", "Publish", "A"]))
    assert {("C2", "", "1"), ("D2", "", "Publish"), ("E2", "", "A")} <= set(cells(planned))


def test_a_day_is_told_as_people_write_it(update):
    (told,) = plan(indicators(["1a", "Calls", "number", "", "2022-12-31"])).told
    assert told.found == "31/12/2022"
    assert told.message.startswith("“31/12/2022” is a date")
