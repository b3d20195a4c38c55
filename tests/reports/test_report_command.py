import json
import re

import pytest
from django.core.management import CommandError, call_command

from tests.closed import close_for_real
from tests.make import make_update
from workbooks.reading import read_upload

pytestmark = pytest.mark.django_db


def test_json_is_printed_to_the_contract(demo, capsys):
    call_command("report", "2022-23-q1", "--format", "json")
    report = json.loads(capsys.readouterr().out)
    assert (report["schema"], report["quarter"], report["label"], report["status"]) == (
        1,
        "2022-23-q1",
        "Q1 2022/23",
        "open",
    )
    keys = [
        row["key"]
        for p in report["priorities"]
        for rows in ("indicators", "risks", "issues", "goals")
        for row in p[rows]
    ]
    assert len(keys) == len(set(keys)) == 37 + 24 + 43


def test_html_is_one_file_that_needs_nothing_beside_it(demo, tmp_path):
    file = tmp_path / "report.html"
    call_command("report", "2022-23-q1", "--format", "html", "--output", str(file))
    page = file.read_text()
    assert "<style>" in page
    assert re.findall("<link[^>]*>", page) == ['<link rel="icon" href="data:,">']
    assert "url(" not in page.replace('url("data:', "")
    assert "DRAFT" in page
    for expected in ("4,127", "£32.7m", "−18pp", "Establish pan-London ASB Forum"):
        assert expected in page


def test_an_overview_not_written_yet_says_so_on_the_command_line(victims, capsys):
    make_update(victims)
    call_command("report", "2022-23-q1", "--format", "html")
    assert "No overview has been written for Q1 2022/23 yet." in capsys.readouterr().out


def test_numbers_in_json_are_whole_where_they_are_whole(demo, capsys):
    call_command("report", "2022-23-q1")
    row = json.loads(capsys.readouterr().out)["priorities"][0]["indicators"][0]
    assert (row["target"], row["value"]) == (25, 27)
    assert isinstance(row["value"], int)


@pytest.mark.parametrize(
    ("quarter", "message"),
    [
        ("2022-23-q5", "there is no Q5"),
        ("spring", "is not a quarter"),
        ("2035-36-q1", "There is no quarter Q1 2035/36. There are: 2022-23-q1."),
    ],
)
def test_a_quarter_that_is_not_there_is_told(demo, quarter, message):
    with pytest.raises(CommandError, match=message):
        call_command("report", quarter)


def test_a_file_that_cannot_be_written_is_told(demo, tmp_path):
    with pytest.raises(CommandError, match="can't be written"):
        call_command("report", "2022-23-q1", "--output", str(tmp_path / "no" / "folder.json"))


@pytest.mark.parametrize(("kind", "suffix"), [("xlsx", "xlsx"), ("ods", "ods"), ("csv", "zip")])
def test_a_workbook_is_written_to_a_file_or_piped(demo, tmp_path, capsysbinary, kind, suffix):
    file = tmp_path / f"q1.{suffix}"
    call_command("report", "2022-23-q1", "--format", kind, "--output", str(file))
    call_command("report", "2022-23-q1", "--format", kind)
    piped = capsysbinary.readouterr().out
    for data in (file.read_bytes(), piped):
        sheets, unreadable = read_upload(file.name, data)
        assert not unreadable
        assert {"Quarter", "Indicators", "Goals"} <= {sheet.name for sheet in sheets}


def test_a_workbook_is_not_written_on_a_terminal(demo, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    with pytest.raises(CommandError, match="write it to a file: --output q1-2022-23.zip"):
        call_command("report", "2022-23-q1", "--format", "csv")


@pytest.mark.parametrize(("kind", "name"), [("ods", "q.xlsx"), ("json", "q.HTML"), ("csv", "q.ods")])
def test_a_file_is_what_its_name_says(demo, tmp_path, kind, name):
    with pytest.raises(CommandError, match="end its name in"):
        call_command("report", "2022-23-q1", "--format", kind, "--output", str(tmp_path / name))
    assert not (tmp_path / name).exists()


def test_a_folder_that_cannot_be_made_is_told(demo, tmp_path):
    with pytest.raises(CommandError, match="can't be written"):
        call_command("report", "2022-23-q1", "--format", "csv", "--output", str(tmp_path / "no" / "folder"))


def test_the_template_of_the_next_quarter_is_written_before_it_is_open(demo, tmp_path):
    file = tmp_path / "next.xlsx"
    call_command("report", "2022-23-q2", "--template", "--format", "xlsx", "--output", str(file))
    sheets, _ = read_upload(file.name, file.read_bytes())
    assert {row[0] for sheet in sheets if sheet.name == "Goals" for row in sheet.rows[1:]} == {"Q2 2022/23"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("2022-23-q1", "--format", "xlsx"), "Q1 2022/23 is open already"),
        (("2022-23-q3", "--format", "ods"), "Q2 2022/23 comes next; open it first"),
        (("2022-23-q2",), "A template is a workbook; give --format xlsx, ods, csv"),
    ],
)
def test_a_template_that_cannot_be_made_is_told(demo, arguments, message):
    with pytest.raises(CommandError, match=message):
        call_command("report", *arguments, "--template")


def test_an_earlier_version_of_a_closed_quarter_is_a_workbook_too(demo, demo_person, tmp_path):
    close_for_real(demo, by=demo_person("administrator"))
    file = tmp_path / "closed.ods"
    call_command("report", "2022-23-q1", "--format", "ods", "--closed-version", "1", "--output", str(file))
    assert "version 1" in str(read_upload(file.name, file.read_bytes())[0][0].rows)
