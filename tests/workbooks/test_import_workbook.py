"""manage.py import_workbook: all or nothing, and a plain word for everything that is wrong."""

import csv
import shutil

import pytest
from django.conf import settings
from django.core.management import call_command

from finance.models import FinancialPosition
from goals.models import Goal, GoalForecast
from indicators.models import Indicator, Reading
from priorities.history import ChangeSet, Source
from priorities.models import Plan, Priority, Quarter, QuarterlyUpdate, UpdateStatus
from risks.models import Assessment, Risk
from tests import reference_figures as reference
from tests.make import close, set_status

pytestmark = pytest.mark.django_db

DEMO = settings.BASE_DIR / "demo" / "q1-2022-23"
Q = "Q1 2022/23"
VICTIMS = "Victims are better supported"
MODELS = (
    Plan,
    Priority,
    Quarter,
    QuarterlyUpdate,
    Indicator,
    Reading,
    Risk,
    Assessment,
    Goal,
    GoalForecast,
    FinancialPosition,
)


@pytest.fixture
def book(tmp_path):
    """Writes a small workbook; sheets given by name replace or add to it."""

    def write(**sheets):
        base = {
            "Quarter": [["Quarter", "Plan", "Overview"], [Q, "Police and Crime Plan", "All well"]],
            "Priorities": [["Quarter", "Priority", "Objectives"], [Q, VICTIMS, "G"]],
        }
        for name, rows in {**base, **sheets}.items():
            if rows is not None:
                with (tmp_path / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
                    csv.writer(file).writerows(rows)
        return tmp_path

    return write


@pytest.fixture
def run(capsys):
    def run(path, *options):
        code = 0
        try:
            call_command("import_workbook", str(path), *options)
        except SystemExit as stop:
            code = stop.code
        out = capsys.readouterr()
        return code, out.out.splitlines(), out.err.splitlines()

    return run


def rows_in_all():
    return sum(model.objects.count() for model in MODELS)


def refused(run, path):
    """The problems told; exit 1 and nothing stored."""
    before = rows_in_all()
    code, _, problems = run(path)
    assert code == 1
    assert rows_in_all() == before
    return problems


def indicators(*rows):
    return [
        ["Quarter", "Priority", "Ref", "Indicator", "Unit", "Target", "Value"],
        *([Q, VICTIMS, *row] for row in rows),
    ]


def test_the_demo_imports_into_an_empty_database_and_again_changes_nothing(run):
    code, out, err = run(DEMO)
    assert (code, err) == (0, [])
    assert "Readings: 37 new, 0 changed, 0 unchanged" in out
    acts = ChangeSet.objects.count()
    code, out, _ = run(DEMO)
    assert code == 0
    assert "Readings: 0 new, 0 changed, 37 unchanged" in out
    assert not any(" 0 unchanged" in line for line in out)
    assert ChangeSet.objects.count() == acts


def test_a_dry_run_saves_nothing(run):
    code, out, _ = run(DEMO, "--dry-run")
    assert code == 0
    assert out[-1] == "Nothing was saved: this was a dry run."
    assert rows_in_all() == 0


def test_everything_an_import_wrote_carries_its_change_set(run):
    run(DEMO)
    change_set = ChangeSet.objects.get()
    assert (change_set.source, change_set.note) == (Source.COMMAND, "q1-2022-23")
    assert set(Reading.history.values_list("change_set", flat=True)) == {change_set.pk}


def test_one_changed_cell_is_one_change(run, tmp_path):
    run(DEMO)
    copy = shutil.copytree(DEMO, tmp_path / "copy")
    sheet = copy / "Indicators.csv"
    sheet.write_text(sheet.read_text().replace("27%,G", "28%,G", 1))
    _, out, _ = run(copy)
    assert "Readings: 0 new, 1 changed, 36 unchanged" in out
    assert "Indicators: 0 new, 0 changed, 37 unchanged" in out


def test_a_priority_that_is_nearly_a_known_one_is_questioned(run, book):
    run(DEMO)
    path = book(
        Priorities=[["Quarter", "Priority", "Objectives"], [Q, "Victims are better suported", "G"]],
        Quarter=None,
    )
    assert refused(run, path) == [
        "Priorities!B2: “Victims are better suported” is not a known priority; "
        "did you mean “Victims are better supported”?"
    ]


def test_a_priority_nearly_that_of_an_earlier_row_is_questioned_too(run, book):
    rows = [["Quarter", "Priority", "Objectives"], [Q, VICTIMS, "G"], [Q, "Victims are better suported", "G"]]
    assert "Priorities!B3" in refused(run, book(Priorities=rows))[0]


def test_a_priority_named_on_another_sheet_only_is_a_problem(run, book):
    goals = [["Quarter", "Priority", "No.", "Goal"], [Q, "Transport is safe", "1", "Publish a plan"]]
    assert refused(run, book(Goals=goals)) == [
        "Goals!B2: “Transport is safe” is not a known priority; add it to the Priorities sheet, or correct the title."
    ]


@pytest.mark.parametrize(
    ("unit", "value", "message"),
    [
        (
            "number",
            "27%",
            "Indicators!G2: “27%” is a percentage, but this indicator is a plain number; write it like 4,127.",
        ),
        ("percent", "-5", "Indicators!G2: A percentage can't be negative"),
        ("number", "1.5", "Indicators!G2: This indicator counts whole things; write a whole number"),
        ("number", "lots", "Indicators!G2: “lots” is not a figure; write it like 4,127"),
    ],
)
def test_a_value_that_its_unit_forbids_is_told_with_its_cell(run, book, unit, value, message):
    (problem,) = refused(run, book(Indicators=indicators(["1a", "Calls to the hub", unit, "100", value])))
    assert problem.startswith(message)


def test_a_fifth_quarter_is_told(run, book):
    assert refused(run, book(Quarter=[["Quarter", "Plan"], ["Q5 2022/23", ""]], Priorities=None)) == [
        "Quarter!A2: “Q5 2022/23”: there is no Q5, a year has quarters 1 to 4; write it like Q1 2022/23."
    ]


def test_a_quarter_decades_away_is_told(run, book):
    (problem,) = refused(run, book(Quarter=[["Quarter", "Plan"], ["Q1 2092/93", ""]], Priorities=None))
    assert problem == "Quarter!A2: Q1 2092/93 is more than 20 years away; correct the year."


def test_a_quarter_that_is_named_nowhere_else_is_told(run, book):
    (problem,) = refused(run, book(Quarter=None))
    assert problem.startswith("Priorities!A2: Q1 2022/23 is not known yet; name it on a Quarter sheet")


def test_two_rows_with_one_key_are_told(run, book):
    path = book(Indicators=indicators(["1a", "Calls", "number", "1", "1"], ["1a", "Calls", "number", "1", "2"]))
    assert refused(run, path) == ["Indicators!A3: This row is about the same as row 2; keep one of them."]


def test_an_empty_file_is_told(run, book):
    path = book()
    (path / "Goals.csv").write_bytes(b"")
    assert refused(run, path) == ["Goals: the file is empty; save the sheet into it again, or remove it."]


def test_headings_alone_are_a_table_with_nothing_to_add(run, book):
    code, out, _ = run(book(Goals=[["Quarter", "Priority", "No.", "Goal"]]))
    assert code == 0
    assert out[0] == "Warning: Goals: there is no row below the headings, so nothing was read from it."


def test_a_sheet_without_rows_or_our_headings_is_told(run, book):
    assert refused(run, book(Goals=[["What we want"]])) == [
        "Goals!A2: there is no row below the headings; add one, or remove the sheet."
    ]


def test_a_wrong_sheet_name_is_told(run, book):
    assert refused(run, book(Indicaters=indicators(["1a", "Calls", "number", "1", "1"]))) == [
        "Indicaters: there is no sheet of this name; did you mean “Indicators”? Rename it."
    ]


def test_a_sheet_of_a_foreign_name_with_our_headings_is_told(run, book):
    (problem,) = refused(run, book(KPIs=indicators(["1a", "Calls", "number", "1", "1"])))
    assert problem == (
        "KPIs: there is no sheet of this name, but its headings are those of “Indicators”; rename it to that."
    )


def test_a_sheet_that_is_none_of_ours_is_ignored_and_said_so(run, book):
    code, out, _ = run(book(Cover=[["MOPAC"], ["Performance report"]]))
    assert code == 0
    assert out[0].startswith("Warning: Cover: this sheet was ignored")


def test_a_binary_file_named_csv_is_told(run, book):
    path = book()
    (path / "Goals.csv").write_bytes(b"PK\x03\x04\x00\x00\xff\xfe")
    (problem,) = refused(run, path)
    assert problem == "Goals: this is not a CSV file, whatever its name says; save the sheet as CSV (UTF-8)."


def test_a_file_in_another_encoding_is_told(run, book):
    path = book()
    (path / "Goals.csv").write_bytes("Quarter,Priority,No.,Goal\n£".encode("cp1252"))
    assert refused(run, path) == ["Goals: this is not text in UTF-8; save the sheet as “CSV UTF-8”."]


def test_a_folder_that_is_not_there_or_empty_is_told(run, tmp_path):
    assert "there is no such file or folder" in refused(run, tmp_path / "nowhere")[0]
    assert "holds no .csv file" in refused(run, tmp_path)[0]


def test_a_missing_heading_is_told_once(run, book):
    problems = refused(run, book(Goals=[["Quarter", "No.", "Goal"], [Q, "1", "A"], [Q, "2", "B"]]))
    assert problems == ["Goals!A1: The headings lack Priority; add the column, or mend its heading."]


def test_every_problem_is_told_at_once(run, book):
    path = book(
        Priorities=[["Quarter", "Priority", "Objectives", "Time"], [Q, VICTIMS, "purple", "B"]],
        Indicators=indicators(["1a", "Calls", "miles", "1", "1"]),
        Goals=[
            ["Quarter", "Priority", "No.", "Goal", "Baseline"],
            [Q, VICTIMS, "one", "A", ""],
            [Q, VICTIMS, "2", "B", "Q7"],
        ],
    )
    assert [problem.split(":")[0] for problem in refused(run, path)] == [
        "Priorities!C2",
        "Priorities!D2",
        "Indicators!E2",
        "Goals!C2",
        "Goals!E3",
    ]


def test_a_reference_with_an_unlike_title_is_questioned(run, book):
    run(book(Indicators=indicators(["1a", "Calls to the hub", "number", "1", "1"])))
    (problem,) = refused(run, book(Indicators=indicators(["1a", "Officers recruited this year", "number", "1", "1"])))
    assert problem.startswith(
        "Indicators!D2: 1a is known as “Calls to the hub”, which is unlike “Officers recruited this year”"
    )


def test_a_title_a_letter_from_a_known_one_is_questioned(run, book):
    run(book(Indicators=indicators(["", "Calls to the hub", "number", "1", "1"])))
    (problem,) = refused(run, book(Indicators=indicators(["", "Cals to the hub", "number", "1", "1"])))
    assert "did you mean “Calls to the hub”?" in problem


def test_a_known_goal_number_with_an_unlike_title_is_questioned(run, book):
    sheet = [["Quarter", "Priority", "No.", "Goal"], [Q, VICTIMS, "1", "Publish the annual review"]]
    run(book(Goals=sheet))
    sheet[1][3] = "Recruit twenty advisers"
    assert "Goals!D2: Goal 1 is known as “Publish the annual review”" in refused(run, book(Goals=sheet))[0]


@pytest.mark.parametrize("status", [UpdateStatus.SUBMITTED, UpdateStatus.APPROVED])
def test_a_locked_update_is_refused(run, book, status):
    path = book(Indicators=indicators(["1a", "Calls", "number", "1", "1"]))
    run(path)
    set_status(QuarterlyUpdate.objects.get(), status)
    (problem,) = refused(run, book(Indicators=indicators(["1a", "Calls", "number", "1", "2"])))
    state = status.label.lower()
    assert problem == (
        "Indicators!G2: This was changed; write back what was there, “1”, or leave the row out: "
        f"{VICTIMS}, Q1 2022/23 is {state} and can't be edited; {status.way_back}."
    )
    assert Reading.objects.get().value == 1


def test_a_closed_quarter_is_refused_but_repeating_it_changes_nothing(run, book):
    path = book(Indicators=indicators(["1a", "Calls", "number", "1", "1"]))
    run(path)
    close(Quarter.objects.get(status="open"))
    assert run(path)[0] == 0
    changed = refused(run, book(Indicators=indicators(["1a", "Calls", "number", "1", "2"])))
    assert "is closed and can't be edited" in changed[0]
    overview = refused(run, book(Quarter=[["Quarter", "Plan", "Overview"], [Q, "", "Rewritten"]], Indicators=None))
    assert (
        overview[0] == "Quarter!A2: Q1 2022/23 is closed and can't be edited. Ask an administrator to reopen it first."
    )


def test_a_planned_quarter_is_not_opened_by_an_import(run, book):
    run(book())
    path = book(Quarter=[["Quarter", "Plan"], ["Q2 2022/23", ""]], Priorities=None)
    (path / "Priorities.csv").unlink()
    assert refused(run, path) == ["Quarter!A2: Q2 2022/23 is not open yet; an administrator opens it first."]


def test_a_blank_cell_leaves_what_is_stored_and_clear_empties_it(run, book):
    sheet = [["Quarter", "Priority", "Objectives", "Narrative"], [Q, VICTIMS, "G", "Going well"]]
    run(book(Priorities=sheet))
    sheet[1][2:] = ["", "[clear]"]
    run(book(Priorities=sheet))
    update = QuarterlyUpdate.objects.get()
    assert (update.objectives, update.narrative) == ("G", "")


def test_a_figure_gives_way_to_the_reason_that_there_is_none_and_back(run, book):
    def read(value):
        run(book(Indicators=indicators(["1a", "Calls", "number", "100", value])))
        reading = Reading.objects.get()
        return reading.value, reading.missing

    assert [read("0"), read("[x]"), read("5"), read("[clear]")] == [(0, ""), (None, "x"), (5, ""), (None, "")]


def test_headings_are_found_under_title_rows_in_any_order_case_and_alias(run, book):
    rows = [
        ["Performance indicators"],
        [],
        ["PRIORITY", "quarter", "conf.", "ytd", "22/23 Target", "Indicator", "ref", "Mine"],
        [VICTIMS, Q, "green", "27%", "25%", "% of victims supported", "1a", "x"],
        ["", "", "", "", "", "", "", ""],
    ]
    code, out, _ = run(book(Indicators=rows))
    assert code == 0
    assert "Warning: Indicators!H3: the column “Mine” was ignored." in out
    reading = Reading.objects.get()
    assert (reading.value, reading.target, reading.confidence, reading.basis) == (27, 25, "G", "year_to_date")
    assert reading.indicator.unit == "percent"


def test_a_goals_quarter_may_be_of_next_year(run, book):
    rows = [
        ["Quarter", "Priority", "No.", "Goal", "Base", "F'Cast", "Conf."],
        [Q, VICTIMS, "1", "A", "G3", "Q1 2023/24", "CG"],
    ]
    run(book(Goals=rows))
    forecast = GoalForecast.objects.get()
    assert (forecast.goal.baseline.label, forecast.forecast.label, forecast.confidence) == (
        "Q3 2022/23",
        "Q1 2023/24",
        "CG",
    )


def test_likely_words_for_a_heading_are_read(run, book):
    heads = ["Quarter", "Priority", "#", "Risk description", "Risk rating", "Comments"]
    goals = ["Quarter", "Priority", "#", "Deliverable", "Confidence", "Comments"]
    path = book(
        Indicators=[
            ["Quarter", "Priority", "Ref", "KPI", "Target", "Actual", "Comments"],
            [Q, VICTIMS, "1a", "Calls", "5", "7", "Slow"],
        ],
        Risks=[heads, [Q, VICTIMS, "1", "Demand rises", "H", "Winter"]],
        Goals=[goals, [Q, VICTIMS, "1", "Publish", "A", "Late"]],
    )
    code, out, err = run(path)
    assert (code, err) == (0, [])
    assert not any("was ignored" in line for line in out)
    assert (Reading.objects.get().value, Reading.objects.get().note) == (7, "Slow")
    assert Assessment.objects.get().explanation == "Winter"
    assert (Goal.objects.get().title, GoalForecast.objects.get().comment) == ("Publish", "Late")


def test_a_likely_word_beside_the_heading_itself_is_something_else(run, book):
    rows = [["Quarter", "Priority", "Ref", "Indicator", "Value", "Note", "Comments"]]
    code, out, _ = run(book(Indicators=[*rows, [Q, VICTIMS, "1a", "Calls", "7", "Slow", "Ask Jo"]]))
    assert code == 0
    assert "Warning: Indicators!G1: the column “Comments” was ignored." in out
    assert Reading.objects.get().note == "Slow"


def test_figures_under_no_known_heading_are_a_problem(run, book):
    rows = [["Quarter", "Priority", "Ref", "Indicator", "Outturn", "Note"], [Q, VICTIMS, "1a", "Calls", "7", "Slow"]]
    assert refused(run, book(Indicators=rows)) == [
        "Indicators!E1: “Outturn” is not a known heading, and there is no column Value and no column Target; head the "
        "one that has the figures so."
    ]


def test_a_sheet_of_which_only_what_names_its_rows_is_known_is_a_problem(run, book):
    goals = [["Quarter", "Priority", "No.", "Goal", "Outlook"], [Q, VICTIMS, "1", "Publish", "A"]]
    assert refused(run, book(Goals=goals)) == [
        "Goals!E1: “Outlook” is not a known heading, and no column is known but those that name the rows; head the "
        "others with Baseline, Forecast, Confidence, Comment, Confirmed."
    ]


def test_the_likeliest_column_for_a_lacking_heading_is_named(run, book):
    goals = [["Quarter", "Priority area", "No.", "Goal"], [Q, VICTIMS, "1", "Publish"]]
    assert refused(run, book(Goals=goals)) == [
        "Goals!A1: The headings lack Priority (“Priority area” may be meant for Priority); add the column, or mend its "
        "heading."
    ]


def test_money_in_thousands_is_questioned(run, book):
    head = ["Quarter", "Priority", "Period", "Budget", "Forecast"]
    run(book(Finance=[head, [Q, VICTIMS, "Q1", "12.3", "1.5"]]))
    code, out, _ = run(book(Finance=[head, [Q, VICTIMS, "Q1", "12300", "740"]]), "--dry-run")
    assert code == 0
    assert [line for line in out if line.startswith("Warning: Finance")] == [
        "Warning: Finance!D2: “12300” was read as £12,300.0m, 1,000 times the £12.3m that is stored; numbers here "
        "are in £m unless the heading or the cell says otherwise, like £12,300k."
    ]
    _, out, _ = run(book(Finance=[head, [Q, VICTIMS, "Q2", "10001", "9999"]]), "--dry-run")
    assert [line[:60] for line in out if line.startswith("Warning: Finance")] == [
        "Warning: Finance!D2: “10001” was read as £10,001.0m, more than"[:60]
    ]


def test_background_is_imported(run, book):
    run(book(Indicators=indicators(["1a", "Trust", "percent", "70", "64"])))
    rows = [
        ["Indicator", "Priority", "Quarter", "Value", "Basis", "Source"],
        ["Trust", VICTIMS, "Q4 2021/22", "63%", "R12", "MOPAC survey"],
    ]
    code, _, _ = run(book(Background=rows))
    assert code == 0
    assert Indicator.objects.get().background.get().quarter.label == "Q4 2021/22"


def test_the_references_own_columns_give_exactly_four_warnings(run, book):
    heads = [
        "Quarter",
        "Priority",
        "£m Rev",
        "Yr Budget",
        "Forecast",
        "% (Variance)",
        "YTD Profile",
        "YTD Actual",
        "% (Variance)",
    ]
    rows = []
    for title, periods in reference.FINANCE.items():
        for row in periods:
            forecast_stated, ytd_stated = reference.FINANCE_VARIANCES_STATED[title][row["period"]]
            millions = [
                "" if row[k] is None else f"{row[k] / 1e6:.1f}"
                for k in ("budget", "forecast", "ytd_profile", "ytd_actual")
            ]
            rows.append([Q, title, row["period"], *millions[:2], forecast_stated, *millions[2:], ytd_stated])
    priorities = [["Quarter", "Priority"], *([Q, title] for title in reference.RATINGS)]
    code, out, err = run(book(Priorities=priorities, Finance=[heads, *rows]))
    assert (code, err) == (0, [])
    warnings = [line for line in out if line.startswith("Warning")]
    assert [w.split(": ")[1] for w in warnings] == ["Finance!F2", "Finance!F7", "Finance!F8", "Finance!F9"]
    assert warnings[0] == (
        "Warning: Finance!F2: “-2.5% (-0.9)” is stated, but £32.7m and £31.9m make −2.4% (−£0.8m), and no rounding "
        "explains it; the computed one is used."
    )
    assert FinancialPosition.objects.count() == 8


def test_money_is_read_in_the_scale_of_its_heading(run, book):
    rows = [
        ["Quarter", "Priority", "Period", "Budget (£k)", "Forecast (£)"],
        [Q, VICTIMS, "Q1", "32,700", "31900000"],
    ]
    run(book(Finance=rows))
    position = FinancialPosition.objects.get()
    assert (position.budget, position.forecast) == (32_700_000, 31_900_000)


def test_the_number_of_queries_does_not_grow_with_the_rows(book, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from workbooks.importing import plan_import
    from workbooks.reading import read_workbook

    def queries(n):
        path = book(
            Indicators=indicators(*([f"{i}", f"Calls number {i * 7919}", "number", "1", "1"] for i in range(n)))
        )
        sheets, _ = read_workbook(path)
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert plan_import(sheets, by=None).problems == []
        return len(found)

    assert queries(3) == queries(60)


def stored(name):
    reading = Reading.objects.get(indicator__reference=name)
    return reading.value, reading.target


@pytest.mark.parametrize("twice", [["Value", "YTD"], ["22/23 Target", "23/24 Target"], ["Value", "value"]])
def test_two_columns_of_one_meaning_are_told(run, book, twice):
    rows = [["Quarter", "Priority", "Ref", "Indicator", *twice], [Q, VICTIMS, "1a", "Calls", "1", "2"]]
    (problem,) = refused(run, book(Indicators=rows))
    assert "Two columns are headed" in problem
    assert problem.endswith("keep one of them.")


def test_a_target_of_another_year_is_told(run, book):
    rows = [["Quarter", "Priority", "Ref", "Indicator", "23/24 Target"], [Q, VICTIMS, "1a", "Calls", "100"]]
    assert refused(run, book(Indicators=rows)) == [
        "Indicators!E2: The heading is of another year than Q1 2022/23; correct it."
    ]


def test_a_misspelt_heading_is_questioned(run, book):
    rows = [["Quarter", "Priority", "Ref", "Indicator", "Valeu"], [Q, VICTIMS, "1a", "Calls", "1"]]
    (problem,) = refused(run, book(Indicators=rows))
    assert problem == "Indicators!E1: “Valeu” is nearly the heading “Value”; mend it, or rename the column."


def test_a_missing_column_is_warned_of_where_there_are_new_rows(run, book):
    rows = [["Quarter", "Priority", "Ref", "Indicator", "Target"], [Q, VICTIMS, "1a", "Calls", "1"]]
    _, out, _ = run(book(Indicators=rows))
    assert "Warning: Indicators!A1: there is no column Value; it stays empty in the 1 new rows." in out


def test_swapped_references_are_told(run, book):
    run(
        book(
            Indicators=indicators(
                ["1a", "Calls answered", "number", "1", "1"], ["1b", "Calls missed", "number", "1", "2"]
            )
        )
    )
    swapped = indicators(["1b", "Calls answered", "number", "1", "1"], ["1a", "Calls missed", "number", "1", "2"])
    problems = refused(run, book(Indicators=swapped))
    assert problems[0].startswith("Indicators!C2: 1b is “Calls missed”, but “Calls answered” is known as 1a")
    assert len(problems) == 2


def test_swapped_goal_numbers_are_told(run, book):
    head = ["Quarter", "Priority", "No.", "Goal"]
    run(book(Goals=[head, [Q, VICTIMS, "1", "Publish A"], [Q, VICTIMS, "2", "Publish B"]]))
    problems = refused(run, book(Goals=[head, [Q, VICTIMS, "2", "Publish A"], [Q, VICTIMS, "1", "Publish B"]]))
    assert problems[0] == "Goals!C2: “Publish A” is goal 1; correct 2 to it, or the title."


@pytest.mark.parametrize(
    ("sheet", "head", "before", "after"),
    [
        ("Goals", ["No.", "Goal", "Baseline"], ["1", "Publish", "Q3"], ["1", "Publish", "Q1"]),
        ("Indicators", ["Ref", "Indicator", "Polarity"], ["1a", "Calls", "higher"], ["1a", "Calls", "lower"]),
        ("Risks", ["No.", "Risk", "Owner"], ["1", "Demand rises", "A"], ["1", "Demand rises", "B"]),
    ],
)
def test_what_is_set_up_on_a_locked_quarters_sheet_is_locked_too(run, book, sheet, head, before, after):
    def rows(cells):
        return {sheet: [["Quarter", "Priority", *head], [Q, VICTIMS, *cells]]}

    assert run(book(**rows(before)))[0] == 0
    close(Quarter.objects.get(status="open"))
    assert "is closed and can't be edited" in refused(run, book(**rows(after)))[0]


def test_a_unit_does_not_change_under_its_figures(run, book):
    run(book(Indicators=indicators(["1a", "The gap", "percentage points", "-20", "-18"])))
    (problem,) = refused(run, book(Indicators=indicators(["1a", "The gap", "percent", "", ""])))
    assert problem == "Indicators!E2: This indicator is in percentage points; a new unit needs a new indicator."


def test_a_reference_may_be_given_later_but_not_twice(run, book):
    run(book(Indicators=indicators(["", "Calls answered", "number", "1", "1"], ["", "Visits", "number", "1", "1"])))
    assert run(book(Indicators=indicators(["9x", "Calls answered", "number", "1", "1"])))[0] == 0
    assert Indicator.objects.get(reference="9x").title == "Calls answered"
    twice = indicators(["8x", "Visits", "number", "1", "1"], ["9x", "Visits", "number", "1", "1"])
    assert refused(run, book(Indicators=twice))


def test_a_title_that_was_reworded_under_its_reference_is_kept_and_said_so(run, book):
    run(book(Indicators=indicators(["1a", "Calls to the hub", "number", "1", "1"])))
    code, out, _ = run(book(Indicators=indicators(["1a", "Calls to the hub answered", "number", "1", "1"])))
    assert code == 0
    assert "that title was kept. Rename it in the administration." in out[0]


def test_a_letters_difference_in_a_risk_is_questioned(run, book):
    head = ["Quarter", "Priority", "No.", "Risk"]
    run(book(Risks=[head, [Q, VICTIMS, "1", "The organisation changes"]]))
    (problem,) = refused(run, book(Risks=[head, [Q, VICTIMS, "1", "The organization changes"]]))
    assert "is a letter or two from" in problem


def test_importing_an_earlier_quarter_again_after_a_risk_was_closed_changes_nothing(run):
    from priorities.periods import Period

    run(DEMO)
    risk = Risk.objects.first()
    risk.closed_from, risk.closed_reason = Period(2022, 2), "Over"
    risk.save()
    _, out, _ = run(DEMO)
    assert "Risks and issues: 0 new, 0 changed, 24 unchanged" in out
    assert "Assessments: 0 new, 0 changed, 24 unchanged" in out


def test_two_rows_for_one_quarter_are_told(run, book):
    rows = [["Quarter", "Plan", "Overview"], [Q, "", "A"], [Q, "", "B"]]
    assert refused(run, book(Quarter=rows)) == ["Quarter!A3: This row is about the same as row 2; keep one of them."]


def test_a_newer_figure_is_kept_and_one_changed_meanwhile_refused(run, book):
    from priorities.door import Refused
    from tests.make import door
    from workbooks.importing import apply_import, plan_import
    from workbooks.reading import read_workbook

    run(book(Indicators=indicators(["1a", "Calls", "number", "1", "1"])))
    sheets, _ = read_workbook(book(Indicators=indicators(["1a", "Calls", "number", "2", ""])))
    plan = plan_import(sheets, by=None)
    reading = Reading.objects.get()
    with door(reading.update):
        reading.value = 55
        reading.save()
    apply_import(plan, source=Source.COMMAND)
    reading.refresh_from_db()
    assert (reading.value, reading.target, reading.version) == (55, 2, 2)

    sheets, _ = read_workbook(book(Indicators=indicators(["1a", "Calls", "number", "", "7"])))
    plan = plan_import(sheets, by=None)
    with door(reading.update):
        reading.value = 56
        reading.save()
    with pytest.raises(Refused, match="somebody has changed the value since; import again"):
        apply_import(plan, source=Source.COMMAND)
    reading.refresh_from_db()
    assert reading.value == 56


def test_stated_variances_are_read_in_the_scale_of_their_heading(run, book):
    head = ["Quarter", "Priority", "Period", "Budget (£k)", "Forecast (£k)", "Forecast variance (£k)"]
    _, out, _ = run(book(Finance=[head, [Q, VICTIMS, "Q1", "32700", "31900", "-800 (-2.4%)"]]))
    assert not any(line.startswith("Warning: Finance!F") for line in out)


@pytest.mark.parametrize(
    ("sheet", "rows", "message"),
    [
        (
            "Goals",
            [["Quarter", "Priority", "No.", "Goal"], [Q, VICTIMS, "1", "[clear]"]],
            "Goals!D2: This names the row",
        ),
        (
            "Goals",
            [["Quarter", "Priority", "No.", "Goal"], [Q, VICTIMS, "[clear]", "A"]],
            "Goals!C2: This names the row",
        ),
        (
            "Risks",
            [["Quarter", "Priority", "No.", "Risk"], [Q, VICTIMS, "[clear]", "A"]],
            "Risks!C2: This can't",
        ),
        (
            "Goals",
            [["Quarter", "Priority", "No.", "Goal", ""], [Q, VICTIMS, "1", "A", "5"]],
            "Goals!E2: “5” stands",
        ),
        (
            "Finance",
            [["Quarter", "Priority", "Period", "Budget"], [Q, VICTIMS, "Q1", "£" + "9" * 40]],
            "Finance!D2: “£999999999999999999999999999999",
        ),
        (
            "Finance",
            [["Quarter", "Priority", "Period", "Budget"], [Q, VICTIMS, "Q1", "32,700,000"]],
            "Finance!D2: “32,700,000” is more than this field can hold. Numbers here are in £m unless a sign says",
        ),
    ],
)
def test_odd_cells_are_told_in_words(run, book, sheet, rows, message):
    assert refused(run, book(**{sheet: rows}))[0].startswith(message)


def test_what_is_wrong_in_one_way_in_many_rows_is_told_once(run, book):
    rows = [
        ["Quarter", "Priority", "No.", "Goal"],
        *([Q, "Nobody's priority", str(n), f"Goal {n}"] for n in range(1, 9)),
    ]
    (problem,) = refused(run, book(Goals=rows))
    assert problem.startswith("Goals!B2: “Nobody's priority” is not a known priority")
    assert problem.endswith("(The same in 7 more.)")


def test_files_that_cannot_be_read_are_told(run, book):
    path = book()
    (path / "Goals.csv").mkdir()
    (path / "Risks.csv").symlink_to(path / "nowhere")
    (path / "Issues.csv").write_bytes(b"\xef\xbb\xbf")
    (path / "Finance.xlsx").write_bytes(b"PK")
    problems = refused(run, path)
    assert [problem.split(":")[0] for problem in problems] == ["Finance.xlsx", "Goals", "Issues", "Risks"]
    assert "is empty" in problems[2]


def test_the_ending_of_a_file_may_be_in_capitals(run, book):
    path = book(Goals=[["Quarter", "Priority", "No.", "Goal"], [Q, VICTIMS, "1", "A"]])
    (path / "Goals.csv").rename(path / "Goals.CSV")
    assert run(path)[0] == 0
    assert Goal.objects.count() == 1


def test_a_known_indicator_is_named_by_its_reference_alone(run, book):
    run(book(Indicators=indicators(["1a", "Calls", "number", "1", "1"])))
    rows = [["Quarter", "Priority", "Ref", "Value"], [Q, VICTIMS, "1a", "5"]]
    assert run(book(Indicators=rows))[0] == 0
    assert Reading.objects.get().value == 5
    rows = [["Quarter", "Priority", "Ref", "Value"], [Q, VICTIMS, "", "5"]]
    (problem,) = refused(run, book(Indicators=rows))
    assert problem.endswith("The indicator is missing; write its reference, its title or both.")
