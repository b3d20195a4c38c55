import json

import pytest
from django.core.management import CommandError, call_command

from tests.make import make_update

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
    assert "<link" not in page
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
