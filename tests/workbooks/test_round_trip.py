"""What is exported and imported at once changes nothing; what was edited in one cell changes that one."""

import csv
import io

import pytest
from django.core.management import call_command

from indicators.models import Reading
from priorities.history import Source
from priorities.models import Quarter
from reports.workbook import quarters_workbook
from tests.make import make_priority, make_quarter, make_update
from tests.office import edit_cell
from tests.workbooks.odd import make_odd_quarter
from workbooks.guarding import guarded, unguarded
from workbooks.importing import apply_import, plan_import
from workbooks.reading import cell_name, read_upload, read_workbook
from workbooks.writing import FORMATS

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture(params=["demo", "odd"])
def quarter(request, db):
    return request.getfixturevalue("demo") if request.param == "demo" else make_odd_quarter()


def exported(quarter, kind):
    found = FORMATS[kind]
    book = quarters_workbook(Quarter.objects.select_related("plan").get(pk=quarter.pk), None)
    return f"q.{found.suffix}", found.write(book)


def planned(sheets, unreadable):
    assert not unreadable
    plan = plan_import(sheets, by=None)
    assert not plan.problems, plan.problems
    return plan


def changed(plan):
    return [
        (row.sheet, cell.heading, cell.old, cell.new) for row in plan.rows for cell in row.cells if cell.old != cell.new
    ]


@pytest.mark.parametrize("kind", FORMATS)
def test_exporting_and_importing_at_once_changes_nothing(quarter, kind):
    plan = planned(*read_upload(*exported(quarter, kind)))
    assert (plan.changes, changed(plan)) == (0, [])
    assert len(plan.rows) > 30
    assert not [told for told in plan.warnings if not told.endswith(("nothing was read from it.", "was skipped."))]


@pytest.mark.parametrize("kind", FORMATS)
def test_the_first_goal_of_a_priority_is_added_on_the_sheet_that_waits_for_it(db, kind):
    quarter = make_quarter(status="open")
    priority = make_update(make_priority(), quarter).priority
    found, unreadable = read_upload(*exported(quarter, kind))
    goals = next(sheet for sheet in found if sheet.name == "Goals")
    assert goals.rows[0][:4] == ["Quarter", "Priority", "No.", "Goal"]
    row = {"Quarter": quarter.period.label, "Priority": priority.title, "No.": "1", "Goal": "Open a third site"}
    goals.rows.append([{**row, "Baseline": "Q3", "Confidence": "G"}.get(heading, "") for heading in goals.rows[0]])
    plan = planned(found, unreadable)
    assert [(row.sheet, row.kind) for row in plan.rows if row.kind == "new"] == [("Goals", "new")]
    assert plan.changes == 2  # the goal and its forecast


def test_a_folder_of_csv_files_changes_nothing_either(quarter, tmp_path):
    folder = tmp_path / "quarter"
    call_command("report", quarter.period.slug, "--format", "csv", "--output", str(folder))
    assert {file.suffix for file in folder.iterdir()} == {".csv"}
    assert planned(*read_workbook(folder)).changes == 0


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
@pytest.mark.parametrize(("which", "was", "typed"), [("demo", "4127", "4128"), ("odd", "-18", "-19")])
def test_a_cell_edited_in_libreoffice_is_one_change(request, db, tmp_path, kind, which, was, typed):
    quarter = request.getfixturevalue("demo") if which == "demo" else make_odd_quarter(tab="  ")
    name, data = exported(quarter, kind)
    file = tmp_path / name
    file.write_bytes(data)
    edit_cell(file, "Indicators", place_of(read_workbook(file)[0], "Indicators", "Value", was), typed)
    plan = planned(*read_workbook(file))
    assert [(sheet, heading) for sheet, heading, *_ in changed(plan)] == [("Indicators", "Value")], changed(plan)
    assert plan.changes == 1
    apply_import(plan, source=Source.COMMAND)
    assert Reading.objects.filter(value=typed).count() == 1


def place_of(sheets, sheet, heading, text):
    """The first cell, like K7, that says this under a heading."""
    rows = next(each.rows for each in sheets if each.name == sheet)
    index = rows[0].index(heading)
    number = next(n for n, row in enumerate(rows, 1) if row[index] == text)
    return cell_name(number, index + 1)


def test_a_cell_edited_in_a_csv_file_is_one_change(demo, tmp_path):
    call_command("report", "2022-23-q1", "--format", "csv", "--output", str(tmp_path / "q"))
    file = tmp_path / "q" / "Goals.csv"
    rows = list(csv.reader(io.StringIO(file.read_text("utf-8-sig"))))
    rows[1][rows[0].index("Confidence")] = "R"
    with file.open("w", newline="", encoding="utf-8-sig") as out:
        csv.writer(out).writerows(rows)
    plan = planned(*read_workbook(tmp_path / "q"))
    assert changed(plan) == [("Goals", "Confidence", "G", "R")]
    assert plan.changes == 1


@pytest.mark.parametrize("text", ["=1", "'=1", "''=1", "'", "'x", "x", "", "-", "+", "@", "\t=", "＝1", "'''-"])
def test_guarded_text_comes_back_as_it_was_and_begins_no_formula(text):
    assert unguarded(guarded(text)) == text
    assert guarded(text)[:1] not in set("=+-@\t\r＝＋－＠")
