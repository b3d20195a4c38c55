"""import_workbook with every kind of file, and what it shows on a terminal."""

import os
import pty
import select
import subprocess
import sys
import termios

import pytest
from django.conf import settings

from indicators.models import Reading
from priorities.models import QuarterlyUpdate
from workbooks.reading.sheets import UNCALCULATED

from . import corpus
from .test_import_workbook import DEMO, VICTIMS, Q, refused, run  # noqa: F401 - run is a fixture

pytestmark = pytest.mark.django_db
HEADINGS = ["Quarter", "Priority", "Ref", "Indicator", "Unit", "Target", "Value"]
PLAN = [("Quarter", [["Quarter"], [Q]]), ("Priorities", [["Quarter", "Priority", "Objectives"], [Q, VICTIMS, "G"]])]


def book(*rows, headings=HEADINGS, **kwargs):
    return corpus.xlsx(*PLAN, ("Indicators", [headings, *([Q, VICTIMS, *row] for row in rows)]), **kwargs)


@pytest.fixture
def saved(tmp_path):
    def save(name, data):
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    return save


def as_xlsx(folder):
    import csv

    return corpus.xlsx(
        *((file.stem, list(csv.reader(file.open(encoding="utf-8")))) for file in sorted(folder.glob("*.csv")))
    )


def test_the_demo_is_the_same_as_a_workbook_a_zip_and_a_folder(run, saved):  # noqa: F811
    assert run(saved("demo.xlsx", as_xlsx(DEMO)))[0] == 0
    zipped = corpus.zipped({file.name: file.read_bytes() for file in DEMO.glob("*.csv")})
    for path in (saved("demo.zip", zipped), DEMO):
        code, out, err = run(path)
        assert (code, err) == (0, [])
        assert "Readings: 0 new, 0 changed, 37 unchanged" in out


def test_a_percentage_cell_is_what_it_shows(run, saved):  # noqa: F811
    run(saved("book.xlsx", book(["1a", "Victims supported", "percent", (0.25, "0%"), (0.2734, "0%")])))
    reading = Reading.objects.get()
    assert (reading.target, float(reading.value)) == (25, 27.34)


def test_one_csv_is_one_sheet(run, saved):  # noqa: F811
    run(saved("book.xlsx", book(["1a", "Calls", "number", 1, 1])))
    assert run(saved("Indicators.csv", f"Quarter,Priority,Ref,Value\n{Q},{VICTIMS},1a,0\n".encode()))[0] == 0
    assert Reading.objects.get().value == 0


def test_a_reference_stays_what_it_is(run, saved):  # noqa: F811
    run(saved("book.xlsx", book([10, "Calls", "number", 1, "4\u00a0127"])))
    reading = Reading.objects.get()
    assert (reading.indicator.reference, reading.value) == ("10", 4127)


def test_a_reference_that_became_a_date_is_told_with_its_cell(run, saved):  # noqa: F811
    path = saved("book.xlsx", book([(corpus.DAY, "d-mmm"), "Calls", "number", 1, 1]))
    assert refused(run, path) == [
        "Indicators!C2: “01/02/2022” is a date, which the spreadsheet may have made of something else; "
        "format the cell as text and write it again, like 1a."
    ]


def test_errors_and_formulas_without_a_result_are_told_with_their_cells(run, saved):  # noqa: F811
    rows = [["1a", "Calls", "number", "=SUM(A1:A9)", "#DIV/0!"]]
    assert refused(run, saved("book.xlsx", book(*rows))) == [
        f"Indicators!F2: {UNCALCULATED}",
        "Indicators!G2: “#DIV/0!” is an error; mend the formula, or write the value itself.",
    ]


def test_what_is_hidden_is_read_and_said_so(run, saved):  # noqa: F811
    def hide(workbook):
        workbook["Indicators"].row_dimensions[2].hidden = True
        workbook["Priorities"].sheet_state = "hidden"

    code, out, _ = run(saved("book.xlsx", book(["1a", "Calls", "number", 1, 1], edit=hide)))
    assert code == 0
    assert "Warning: Priorities: this sheet is hidden; it was read all the same." in out
    assert "Warning: Indicators: row 2 is hidden; it was read all the same." in out
    assert Reading.objects.get().value == 1


def test_a_merged_priority_counts_for_its_first_row_and_is_meant_in_the_others_if_it_is_the_only_one(run, saved):  # noqa: F811
    rows = [["1a", "Calls", "number", 1, 1], ["1b", "Letters", "number", 1, 1]]
    path = saved("book.xlsx", book(*rows, edit=lambda workbook: workbook["Indicators"].merge_cells("B2:B3")))
    code, out, _ = run(path)
    assert code == 0
    assert out[0].startswith("Warning: Indicators: B2:B3 is merged over several rows;")
    assert set(Reading.objects.values_list("update__priority__title", flat=True)) == {VICTIMS}


def test_an_empty_sheet_of_ours_is_told(run, saved):  # noqa: F811
    assert refused(run, saved("book.xlsx", corpus.xlsx(*PLAN, ("Goals", [])))) == [
        "Goals!A2: there is no row below the headings; add one, or remove the sheet."
    ]


def test_a_file_that_is_refused_is_told_in_one_line(run, saved):  # noqa: F811
    assert refused(run, saved("book.xlsx", b"%PDF-1.7")) == [
        "book.xlsx: this is a PDF, whatever its name says; save the workbook as .xlsx or .ods."
    ]


def test_a_sheet_that_is_too_long_is_told_beside_the_other_problems(run, saved):  # noqa: F811
    long = corpus.members(corpus.two_far_corners())["xl/worksheets/sheet1.xml"]
    data = corpus.with_member(book(["1a", "Calls", "miles", 1, 1]), "xl/worksheets/sheet1.xml", long)
    problems = refused(run, saved("book.xlsx", data))
    assert problems[0] == "Quarter: the sheet has more than 50,000 rows; split it, or remove it."
    assert len(problems) > 1


def test_text_in_other_scripts_and_line_breaks_arrives_whole(run, saved):  # noqa: F811
    text = "line one\nline two: “Ünïcode” 東京 😀 " + "x" * 30_000
    rows = [["Quarter", "Priority", "Narrative"], [Q, VICTIMS, text]]
    run(saved("book.xlsx", corpus.xlsx(PLAN[0], ("Priorities", rows))))
    assert QuarterlyUpdate.objects.get().narrative == text


# On a terminal

SCRIPT = """
import sys, time
from workbooks.management.commands.import_workbook import Command
with Command().bar("Checking", 4) as bar:
    for _ in range(4):
        time.sleep({pause})
        bar.update()
"""


def slowly(pause, stderr):
    script = "import django; django.setup()" + SCRIPT.format(pause=pause)
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE}
    command = [sys.executable, "-c", script]
    return subprocess.run(command, stderr=stderr, cwd=settings.BASE_DIR, env=environment, check=True, timeout=60).stderr


def on_a_terminal(pause):
    """What standard error shows where it is a terminal."""
    mine, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    slowly(pause, theirs)
    shown = b""
    while select.select([mine], [], [], 0.1)[0]:
        shown += os.read(mine, 65536)
    os.close(mine)
    os.close(theirs)
    return shown.decode()


def test_a_long_import_shows_how_far_it_is_on_a_terminal():
    assert "Checking  75%" in on_a_terminal(pause=0.5)


def test_a_short_one_shows_nothing():
    assert on_a_terminal(pause=0) == ""


def test_in_a_pipe_it_is_quiet():
    assert slowly(pause=0.5, stderr=subprocess.PIPE) == b""


def test_it_counts_every_row_of_every_resource(db):
    from workbooks.importing import plan_import, steps_of
    from workbooks.reading import read_workbook

    sheets, _ = read_workbook(DEMO)
    ticks = []
    plan_import(sheets, by=None, tick=lambda: ticks.append(1))
    assert len(ticks) == pytest.approx(steps_of(sheets), rel=0.1)
