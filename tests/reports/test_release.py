"""The formats of a release: the same report is the same bytes, and every format says the same."""

import base64
import csv
import datetime as dt
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from priorities.periods import Period
from reports.across import for_the_command_line
from reports.audience import public
from reports.frozen import freeze, newest, read, thaw
from reports.release import RELEASE, style_sources
from reports.report import Closing, Point, Revision, quarterly_report
from reports.series import with_series
from reports.tables import OF_THE_QUARTER
from reports.tidy import TABLES
from tests import reference_figures as reference
from tests.closed import approve_all, close_for_real, fresh
from workbooks.reading import read_upload

pytestmark = [pytest.mark.django_db, pytest.mark.once]
LETTERS = ("R", "A", "G", "")


@pytest.fixture
def inside(closed_demo):
    """The reference quarter, closed."""
    return read(newest(closed_demo))


@pytest.fixture
def revised(inside):
    """Its second version, with one figure of every kind revised."""
    part = inside.priorities[0]
    row, risk, goal, money = part.indicators[0], part.risks[0], part.goals[0], part.finance[0]

    def found(key, field, of, what, was, now):
        return Revision(key, field, part.title, of, what, was, now)

    revisions = (
        found(part.key, "spend", "Spend", "rating", "G", "A"),
        found(money.key, "forecast", "Finance Q1", "forecast", "£30.7m", "£31.9m"),
        found(row.key, "value", f"1a {row.title}", "value", "26.5%", "27%"),
        found(risk.key, "level", "Risk 1", "score", "L", "H"),
        found(goal.key, "forecast", "Goal 1", "forecast", "Q4", "Q3"),
    )
    closing = Closing(2, dt.datetime(2022, 11, 3, 9, tzinfo=dt.UTC), "Somebody", "", "The wrong figure was given.")
    return replace(inside, closing=closing, revisions=revisions)


def files(data):
    archive = zipfile.ZipFile(io.BytesIO(data))
    return {name: archive.read(name) for name in archive.namelist()}


def tidy(report):
    """The rows of each table of the CSV."""
    return {
        name.removesuffix(".csv"): list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
        for name, data in files(RELEASE["csv"].write(report)).items()
        if name.endswith(".csv")
    }


def sheets(name, report):
    found, unreadable = read_upload(f"report.{RELEASE[name].suffix}", RELEASE[name].write(report))
    assert not unreadable
    return {sheet.name: sheet.rows for sheet in found}


# The same bytes


@pytest.mark.parametrize("name", RELEASE)
def test_the_same_report_is_the_same_bytes_whenever_and_however_often(revised, name, monkeypatch):
    for report in (revised, public(revised)):
        first = RELEASE[name].write(report)
        later = timezone.now() + dt.timedelta(days=400)
        monkeypatch.setattr(timezone, "now", lambda: later)  # noqa: B023
        assert RELEASE[name].write(thaw(freeze(report))) == first


IN_ANOTHER_PROCESS = """
import hashlib, sys, django
django.setup()
from reports.frozen import thaw
from reports.release import RELEASE
report = thaw(sys.stdin.read())
print(*(hashlib.sha256(release.write(report)).hexdigest() for release in RELEASE.values()))
"""


def test_another_process_at_another_time_writes_the_same_bytes(revised):
    mine = [hashlib.sha256(release.write(revised)).hexdigest() for release in RELEASE.values()]
    around = os.environ | {"PYTHONHASHSEED": "77", "DJANGO_SETTINGS_MODULE": "tests.settings", "TZ": "Asia/Tokyo"}
    made = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS],
        input=freeze(revised),
        capture_output=True,
        text=True,
        check=True,
        env=around,
    )
    assert made.stdout.split() == mine


def test_an_open_quarter_has_the_same_bytes_until_it_says_something_else(demo):
    report = quarterly_report(demo, None)
    for release in RELEASE.values():
        assert release.write(report) == release.write(quarterly_report(demo, None))
    assert "DRAFT" in RELEASE["html"].write(report).decode()
    assert "Draft: figures may still change." in repr(sheets("xlsx", report)["Cover"])


def test_no_file_says_when_it_was_made_or_by_whom(inside):
    for name in ("xlsx", "ods"):
        cover = repr(sheets(name, inside)["Cover"])
        assert "Made on" not in cover
        assert "How to fill it in" not in cover
        assert "Version 1, closed on" in cover


# The page


def test_the_page_needs_nothing_beside_it_and_leads_to_the_other_formats(inside):
    found = RELEASE["html"].write(inside).decode()
    assert re.findall("<link[^>]*>", found) == ['<link rel="icon" href="data:,">']
    assert "<script" not in found
    assert " style=" not in found
    assert "url(" not in found.replace('url("data:', "")
    links = re.findall(r'href="(report\.[^"]+)"', found)
    assert links == [f"report.{release.suffix}" for release in RELEASE.values() if release.suffix != "html"]
    assert 'href="/' not in found


def test_the_styles_of_a_stored_page_are_allowed_by_their_hash_and_no_others(inside):
    data = RELEASE["html"].write(inside)
    style = data.split(b"<style>")[1].split(b"</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style).digest()).decode()
    assert style_sources(data) == f"'sha256-{digest}'"


def test_the_public_page_says_of_no_risk_that_it_is_not_public(inside):
    part = replace(inside.priorities[0], risks=())
    found = RELEASE["html"].write(public(replace(inside, priorities=(part,)))).decode()
    assert "No risks are in the public report of this quarter." in found


# Workbooks


@pytest.mark.parametrize("name", ["xlsx", "ods"])
def test_the_public_workbook_has_the_columns_that_are_public_and_keys(inside, name):
    within, without = sheets(name, inside), sheets(name, public(inside))
    assert {"Reason", "Key"} <= set(within["Indicators"][0])
    assert {"Owner", "Top", "Internal"} <= set(within["Risks"][0])
    assert "Comment" in within["Goals"][0]
    for rows in without.values():
        assert not {"Reason", "Owner", "Top", "Internal", "Comment", "Closed reason", "Version"} & set(rows[0])
    assert "Key" in without["Indicators"][0]
    assert "For the public" in repr(without["Cover"])


@pytest.mark.parametrize("name", ["xlsx", "ods"])
def test_the_workbook_has_what_is_counted_computed_and_missing(inside, name):
    found = sheets(name, public(inside))
    assert list(found)[:3] == ["Cover", "Notes", "Overview"]
    overview = found["Overview"]
    assert overview[1][0] == "Victims are better supported"
    total = dict(zip(overview[0], overview[-1], strict=False))
    counts = inside.indicator_counts
    assert total["Priority"] == "Total"
    assert [total[f"Indicators {word}"] for word in ("green", "amber", "red")] == [str(counts[c]) for c in "GAR"]
    variances = dict(zip(*found["Variances"][:2], strict=True))
    assert variances["Forecast variance, pounds"] == "-800000"
    assert variances["Forecast variance, per cent"] == "-2.4"
    slips = dict(zip(*found["Slips"][:2], strict=True))
    assert (slips["No."], slips["Forecast"], slips["Slip"]) == ("1", "Q3", "On baseline")
    assert len(found["Missing"]) == inside.absence_count + 1


def test_the_workbook_of_a_release_keeps_its_polarity(inside):
    rows = sheets("xlsx", inside)["Indicators"]
    assert "Higher is better" in {row[rows[0].index("Polarity")] for row in rows[1:]}


# Tidy data


def test_every_csv_is_utf_8_with_its_mark_and_every_column_is_described(inside):
    for report in (inside, public(inside)):
        found = files(RELEASE["csv"].write(report))
        described = list(csv.DictReader(io.StringIO(found["columns.csv"].decode("utf-8-sig"))))
        told = json.loads(found["csv-metadata.json"])
        assert next(iter(found)) == "columns.csv"
        for table in TABLES:
            data = found[f"{table.name}.csv"]
            assert data.startswith(b"\xef\xbb\xbf")
            headings = next(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
            assert headings == [row["column"] for row in described if row["file"] == f"{table.name}.csv"]
            described_too = next(each for each in told["tables"] if each["url"] == f"{table.name}.csv")
            assert headings == [column["name"] for column in described_too["tableSchema"]["columns"]]
        assert all(row["meaning"].endswith(".") for row in described)


def test_what_a_column_holds_is_of_the_type_that_it_is_said_to_be(revised):
    reads = {
        "decimal": Decimal,
        "integer": int,
        "date": dt.date.fromisoformat,
        "boolean": {"true": True, "false": False}.__getitem__,
        "string": str,
    }
    found = tidy(revised)
    for table in TABLES:
        for row in found[table.name]:
            for column in table.columns:
                if row[column.name]:
                    reads[column.datatype](row[column.name])


def test_an_indicator_has_a_row_for_each_quarter_and_measure(inside):
    part = inside.priorities[0]
    points = (
        Point(Period(2021, 4), Decimal(20), "", None, "rolling_12_months", "background", "A survey"),
        Point(Period(2021, 3), None, "x", Decimal(22), "quarter", is_revised=True),
        Point(Period(2021, 2), Decimal(99), "", None, "quarter", "elsewhere"),
        Point(Period(2022, 1), Decimal(27), "", Decimal(25), "year_to_date", is_provisional=True),
    )
    row = replace(part.indicators[0], series=points)
    rows = tidy(replace(inside, priorities=(replace(part, indicators=(row,)),)))["indicators"]
    told = [(r["quarter"], r["measure"], r["figure"], r["missing"], r["basis"], r["mark"]) for r in rows]
    assert told == [
        ("2021-22-q4", "value", "20", "", "rolling_12_months", ""),
        ("2021-22-q3", "target", "22", "", "quarter", "r"),
        ("2021-22-q3", "value", "", "x", "quarter", "r"),
        ("2022-23-q1", "target", "25", "", "year_to_date", ""),
        ("2022-23-q1", "value", "27", "", "year_to_date", "p"),
        ("2022-23-q1", "confidence", "", "", "", ""),
    ]
    assert rows[0]["source"] == "A survey"
    assert (rows[0]["quarter_starts"], rows[0]["quarter_ends"]) == ("2022-01-01", "2022-03-31")


def test_text_that_looks_like_a_formula_is_guarded_in_csv(inside):
    part = replace(inside.priorities[0], narrative="=SUM(A1)", risks=(), issues=())
    rows = tidy(replace(inside, priorities=(part,)))["texts"]
    assert "'=SUM(A1)" in {row["text"] for row in rows}


def test_the_csv_has_every_figure_of_the_reference(inside):
    found = tidy(public(inside))
    values = {(r["priority"], r["indicator"], r["measure"]): r for r in found["indicators"]}
    for title, rows in reference.INDICATORS.items():
        for _, name, unit, target, value, confidence in rows:
            told = {measure: values[title, name, measure] for measure in ("target", "value", "confidence")}
            assert told["value"]["unit"] == unit
            for measure, figure in (("target", target), ("value", value)):
                assert told[measure]["figure"] == ("" if figure is None else str(figure))
                assert told[measure]["figure"] or told[measure]["missing"]
            assert told["confidence"]["letter"] == (confidence or "")
    money = {(r["priority"], r["period"], r["measure"]): r["pounds"] for r in found["finance"]}
    for title, rows in reference.FINANCE.items():
        for row in rows:
            for name in ("budget", "forecast", "ytd_profile", "ytd_actual"):
                assert money[title, row["period"], name] == ("" if row[name] is None else str(row[name]))
    letters = {(r["priority"], r["rating"]): r["letter"] for r in found["ratings"]}
    for title, given in reference.RATINGS.items():
        assert {name: letters[title, name] for name in given} == given
    counted = {(r["priority"], r["of"], r["letter"]): int(r["count"]) for r in found["counts"]}
    for title, kinds in reference.COUNTS.items():
        for of, numbers in kinds.items():
            assert {letter: counted[title, of, letter] for letter in numbers} == numbers
    for kind, expected in (("risk", reference.RISKS), ("issue", reference.ISSUES)):
        for title, rows in expected.items():
            own = [r for r in found["risks"] if (r["priority"], r["kind"]) == (title, kind)]
            told = [(int(r["number"]), r["description"], r["level"], r["trend"], r["explanation"]) for r in own]
            assert told == rows
    for title, rows in reference.GOALS.items():
        own = [r for r in found["goals"] if r["priority"] == title]
        told = [(int(r["number"]), r["goal"], f"Q{r['baseline'][-1]}", r["confidence"]) for r in own]
        assert told == [(n, name, baseline, letter) for n, name, baseline, letter in rows]
        assert all(r["forecast"] == r["baseline"] for r in own)


# Revisions

COUNTS_FOLLOW = "Counts and totals follow from these figures and are not marked themselves."


@pytest.mark.parametrize("form", [lambda report: report, public], ids=["internal", "public"])
def test_a_revised_figure_is_marked_with_the_earlier_value_in_every_format(revised, form):
    report = form(revised)
    page = " ".join(re.sub(r"<[^>]+>", " ", RELEASE["html"].write(report).decode()).split())
    assert "Revised since the version before" in page
    assert COUNTS_FOLLOW in page
    assert ("It corrects version 1: The wrong figure was given." in page) is not report.is_public
    for told in ("27% [r] earlier 26.5%", "£31.9m [r] earlier £30.7m", "[r] earlier L", "Q3 [r] earlier Q4"):
        assert told in page
    assert page.count("[r] earlier G") == 2  # in the grid, and with the ratings
    data = json.loads(RELEASE["json"].write(report))
    assert [(r["field"], r["was"], r["now"]) for r in data["revisions"]][2] == ("value", "26.5%", "27%")
    for name in ("xlsx", "ods"):
        found = sheets(name, report)
        assert "value 27% [r], earlier 26.5%." in repr(found["Cover"])
        assert COUNTS_FOLLOW in repr(found["Cover"])
        rows = found["Indicators"]
        assert rows[1][rows[0].index("Revised")] == "value [r], earlier 26.5%"
        assert "rating of spend [r], earlier G" in repr(found["Priorities"])
        assert "[r]" in repr(found["Notes"])
    found = tidy(report)
    assert [r["earlier"] for r in found["indicators"] if r["mark"] == "r"] == ["26.5%"]
    assert [r["earlier"] for r in found["finance"] if r["mark"]] == ["£30.7m"]
    assert [(r["rating"], r["earlier"]) for r in found["ratings"] if r["mark"]] == [("spend", "G")]
    assert [r["revised"] for r in found["goals"] if r["revised"]] == ["forecast [r], earlier Q4"]
    assert len(found["revisions"]) == 5


def test_a_report_without_revisions_has_no_marks(inside):
    page = RELEASE["html"].write(inside).decode()
    assert "[r]" not in page
    assert "Revised" not in sheets("xlsx", inside)["Indicators"][0]
    assert tidy(inside)["revisions"] == []


def test_the_tables_of_the_pages_tell_of_revisions_too(revised):
    headings, rows = OF_THE_QUARTER["indicators"](revised, revised.priorities)
    assert headings[-1] == "Revised"
    assert rows[0][-1] == "value [r], earlier 26.5%"
    assert {row[-1] for row in rows[1:]} == {""}


# The command line


def run(tmp_path, name, *options):
    file = tmp_path / name
    call_command("report", "2022-23-q1", *options, "--output", str(file))
    return file


@pytest.mark.parametrize("name", RELEASE)
def test_the_public_form_is_written_in_every_format(demo, tmp_path, name):
    file = run(tmp_path, f"report.{RELEASE[name].suffix}", "--format", name, "--public")
    data = file.read_bytes()
    if name == "html":
        assert b"No risks" not in data
        assert b"report.xlsx" not in data  # nothing lies beside it
    elif name == "pdf":
        assert data.startswith(b"%PDF")  # a draft says when it was made
    else:
        quarter = fresh(demo)
        report = public(with_series(quarterly_report(quarter, None), quarter, None))
        assert data == RELEASE[name].write(for_the_command_line(quarter, report))


def test_the_public_form_of_a_closed_version_is_written(demo, tmp_path):
    closed = close_for_real(approve_all(demo))
    file = run(tmp_path, "report.json", "--closed-version", "1", "--public")
    assert file.read_bytes() == RELEASE["json"].write(for_the_command_line(fresh(demo), public(read(closed))))


def test_the_tidy_tables_go_into_a_folder_too(demo, tmp_path):
    folder = run(tmp_path, "tables", "--format", "csv", "--public")
    names = {file.name for file in folder.iterdir()}
    assert names == {"columns.csv", "csv-metadata.json", *(f"{table.name}.csv" for table in TABLES)}


def test_a_template_has_no_public_form(demo):
    with pytest.raises(CommandError, match="has no public form; leave out --public or --template"):
        call_command("report", "2022-23-q2", "--template", "--format", "xlsx", "--public")


def test_a_public_workbook_is_not_written_on_a_terminal(demo, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    with pytest.raises(CommandError, match="write it to a file: --output q1-2022-23-public.xlsx"):
        call_command("report", "2022-23-q1", "--format", "xlsx", "--public")
