"""Downloads: who gets which workbook, with which rows; any table of a page as .csv."""

import csv
import io
import zipfile

import pytest
from django.db import connection

from indicators.models import Indicator, Reading
from priorities.models import AssignmentRole, Priority, QuarterlyUpdate, QuarterStatus, UpdateStatus
from tests.answers import queries
from tests.closed import close_for_real, reopen_for
from tests.make import (
    Q1,
    close,
    door,
    make_assignment,
    make_forecast,
    make_full_update,
    make_goal,
    make_indicator,
    make_person,
    make_plan,
    make_priority,
    make_quarter,
    make_reading,
    make_update,
    set_status,
)
from workbooks.importing import plan_import
from workbooks.reading import read_upload

pytestmark = pytest.mark.django_db

VICTIMS = "victims-are-better-supported"


def get(client, person, path):
    client.force_login(person)
    return client.get(path)


def sheets(response):
    assert response.status_code == 200, response.content[:500]
    name = response.headers["Content-Disposition"].split('"')[1]
    found, unreadable = read_upload(name, response.content)
    assert not unreadable
    return {sheet.name: sheet.rows for sheet in found if sheet.name not in ("Cover", "Notes")}


def cells(rows, heading):
    index = rows[0].index(heading)
    return [row[index] if index < len(row) else "" for row in rows[1:]]  # blanks at the end of a row are not read


def rows_of(response):
    assert response.status_code == 200
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
        ("zip", "application/zip"),
    ],
)
@pytest.mark.parametrize(
    ("path", "name"),
    [("/2022-23-q1/workbook", "q1-2022-23"), (f"/2022-23-q1/{VICTIMS}/workbook", f"q1-2022-23-{VICTIMS}")],
)
def test_a_workbook_comes_as_a_file_that_nobody_else_keeps(client, demo, demo_person, suffix, kind, path, name):
    response = get(client, demo_person("manager"), f"{path}.{suffix}")
    assert response.headers["Content-Type"] == kind
    assert response.headers["Content-Disposition"] == f'attachment; filename="{name}.{suffix}"'
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response.headers["Cache-Control"]
    assert "private" in response.headers["Cache-Control"]
    assert "Indicators" in sheets(response)


def test_the_overview_and_a_priority_offer_their_downloads(client, demo, demo_person):
    page = get(client, demo_person("victims-lead"), "/2022-23-q1/").content.decode()
    for suffix in ("xlsx", "ods", "zip"):
        assert f'href="/2022-23-q1/workbook.{suffix}"' in page
    assert 'href="/2022-23-q1/mine.xlsx"' in page
    assert 'href="/2022-23-q1/tables/ratings.csv"' in page
    assert f'href="/2022-23-q1/{VICTIMS}/tables/missing.csv"' in page
    page = get(client, demo_person("victims-lead"), f"/2022-23-q1/{VICTIMS}/").content.decode()
    assert f'href="/2022-23-q1/{VICTIMS}/workbook.ods"' in page
    for name in ("finance", "indicators", "risks", "issues", "goals"):
        assert f'href="/2022-23-q1/{VICTIMS}/tables/{name}.csv"' in page
    manager = get(client, demo_person("manager"), "/2022-23-q1/").content.decode()
    assert "mine.xlsx" not in manager


def test_a_printed_page_offers_none(client, demo, demo_person):
    page = get(client, demo_person("manager"), "/2022-23-q1/print/").content.decode()
    assert ".csv" not in page
    assert ".xlsx" not in page


# What is in it for whom


def test_a_lead_gets_their_own_priority_and_not_what_is_not_open_to_them(client, demo, demo_person):
    found = sheets(get(client, demo_person("victims-lead"), "/2022-23-q1/workbook.xlsx"))
    assert "Quarter" not in found  # the overview is its author's until the quarter is closed
    for rows in found.values():
        assert set(cells(rows, "Priority")) == {"Victims are better supported"}
    assert "Trust" not in repr(found)
    refused = get(client, demo_person("victims-lead"), "/2022-23-q1/trust-and-confidence-increases/workbook.xlsx")
    assert refused.status_code == 403
    assert "Nothing of this is open to you yet in Q1 2022/23." in refused.content.decode()


def test_a_contributor_gets_their_section_and_the_rows_that_they_hold(client, victims, trust):
    quarter = make_quarter()
    make_full_update(victims, quarter)
    make_full_update(trust, quarter)
    person = make_assignment(victims, make_person("finance"), AssignmentRole.CONTRIBUTOR, section="finance").person
    make_assignment(trust, person, AssignmentRole.CONTRIBUTOR)
    Indicator.objects.filter(priority=trust, reference="2").update(holder=person)
    for path in ("/2022-23-q1/workbook.xlsx", "/2022-23-q1/mine.xlsx"):
        found = sheets(get(client, person, path))
        assert set(found) == {"Priorities", "Finance", "Indicators"}
        assert cells(found["Priorities"], "Priority") == [victims.title]
        assert cells(found["Priorities"], "Narrative") == [""]
        assert cells(found["Finance"], "Priority") == [victims.title]
        assert cells(found["Indicators"], "Ref") == ["2"]


def test_what_somebody_fills_in_can_be_uploaded_by_them(client, victims, victims_lead, trust):
    quarter = make_quarter()
    make_full_update(victims, quarter)
    make_full_update(trust, quarter)
    response = get(client, victims_lead, "/2022-23-q1/mine.xlsx")
    assert response.headers["Content-Disposition"] == 'attachment; filename="q1-2022-23-mine.xlsx"'
    found, _ = read_upload("q1-2022-23-mine.xlsx", response.content)
    indicators = next(sheet.rows for sheet in found if sheet.name == "Indicators")
    indicators[1][indicators[0].index("Value")] = "31%"
    plan = plan_import(found, by=victims_lead)
    assert (plan.problems, plan.changes) == ([], 1)


def test_what_is_submitted_is_not_to_fill_in(client, victims, victims_lead):
    update = make_full_update(victims, make_quarter())
    set_status(update, UpdateStatus.SUBMITTED)
    response = get(client, victims_lead, "/2022-23-q1/mine.xlsx")
    assert response.status_code == 403
    assert "Nothing of Q1 2022/23 is yours to fill in now" in response.content.decode()
    assert get(client, victims_lead, "/2022-23-q1/workbook.xlsx").status_code == 200


def test_a_reader_gets_a_closed_quarter_as_it_was_closed(client, victims, reader, administrator):
    update = make_full_update(victims, make_quarter())
    assert get(client, reader, "/2022-23-q1/workbook.xlsx").status_code == 403
    close_for_real(update.quarter, by=administrator)
    Priority.objects.filter(pk=victims.pk).update(title="Renamed since")
    found = sheets(get(client, reader, "/2022-23-q1/workbook.xlsx"))
    assert set(cells(found["Indicators"], "Priority")) == {"Victims are better supported"}
    assert set(cells(found["Indicators"], "Version")) == {""}
    assert found["Quarter"][1][0] == "Q1 2022/23"


def test_while_a_quarter_is_reopened_others_get_the_version_that_stands(
    client, victims, victims_lead, reader, administrator
):
    update = make_full_update(victims, make_quarter())
    close_for_real(update.quarter, by=administrator)
    reopen_for(victims_lead, update.quarter, victims, by=administrator)
    inside = sheets(get(client, victims_lead, "/2022-23-q1/workbook.xlsx"))
    outside = sheets(get(client, reader, "/2022-23-q1/workbook.xlsx"))
    assert set(cells(inside["Indicators"], "Version")) != {""}
    assert set(cells(outside["Indicators"], "Version")) == {""}
    assert "Indicators" in sheets(get(client, victims_lead, "/2022-23-q1/mine.xlsx"))


def test_a_closed_report_that_was_changed_is_not_written_into_a_workbook(client, victims, manager, administrator):
    update = make_full_update(victims, make_quarter())
    closed = close_for_real(update.quarter, by=administrator)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE reports_closedreport SET body = 'x' WHERE id = %s", [closed.pk])
    for path in ("/2022-23-q1/workbook.xlsx", "/2022-23-q1/tables/ratings.csv"):
        response = get(client, manager, path)
        assert response.status_code == 500
        assert "does not match its checksum" in response.content.decode()


def test_quarters_closed_before_reports_were_kept_come_from_the_rows(client, victims, manager):
    update = make_full_update(victims, make_quarter())
    close(update.quarter)
    assert len(sheets(get(client, manager, "/2022-23-q1/workbook.ods"))["Indicators"]) == 4


@pytest.mark.parametrize(
    "path",
    [
        "/2022-23-q1/workbook.pdf",
        "/2022-23-q1/no-such-priority/workbook.xlsx",
        "/2030-31-q1/workbook.xlsx",
        "/2022-23-q1/tables/nonsense.csv",
        f"/2022-23-q1/{VICTIMS}/tables/ratings.csv",
        "/2022-23-q1/no-such-priority/tables/risks.csv",
        "/2022-23-q1/template.xlsx",
    ],
)
def test_what_is_not_there_is_a_404(client, demo, demo_person, path):
    assert get(client, demo_person("administrator"), path).status_code == 404


# Templates


def test_the_template_of_the_next_quarter_has_what_would_be_carried_forward(client, demo, demo_person):
    administrator = demo_person("administrator")
    response = get(client, administrator, "/2022-23-q2/template.xlsx")
    assert response.headers["Content-Disposition"] == 'attachment; filename="q2-2022-23-template.xlsx"'
    found = sheets(response)
    assert set(cells(found["Indicators"], "Quarter")) == {"Q2 2022/23"}
    assert cells(found["Indicators"], "Target")[0] == "25"
    assert set(cells(found["Indicators"], "Value")) == {""}
    assert {version[:13] for version in cells(found["Indicators"], "Version")} == {"2022-23-q2:0:"}
    keys = {str(key) for key in Indicator.objects.values_list("key", flat=True)}
    assert set(cells(found["Indicators"], "Key")) == keys
    assert len(found["Priorities"]) == 5


def test_a_template_filled_in_before_is_uploaded_once_the_quarter_is_open(client, demo, demo_person):
    from django.core.management import call_command

    administrator = demo_person("administrator")
    response = get(client, administrator, "/2022-23-q2/template.xlsx")
    found, _ = read_upload("t.xlsx", response.content)
    call_command("open_quarter", "2022-23-q2", stdout=io.StringIO())
    assert plan_import(found, by=administrator).changes == 0
    goals = next(sheet.rows for sheet in found if sheet.name == "Goals")
    goals[1][goals[0].index("Confidence")] = "A"
    plan = plan_import(found, by=administrator)
    assert (plan.problems, plan.changes) == ([], 1)


def test_what_was_entered_since_a_quarter_was_opened_is_not_overwritten_by_its_template(client, demo, demo_person):
    from django.core.management import call_command

    administrator = demo_person("administrator")
    found, _ = read_upload("t.xlsx", get(client, administrator, "/2022-23-q2/template.xlsx").content)
    call_command("open_quarter", "2022-23-q2", stdout=io.StringIO())
    first, second = Reading.objects.filter(update__quarter__number=2).order_by("indicator__position", "pk")[:2]
    with door(first.update, second.update):
        first.target, first.note = 99, "Entered since"
        first.save()
        second.value = 5
        second.save()
    rows = next(sheet.rows for sheet in found if sheet.name == "Indicators")
    head, keys = rows[0], [row[rows[0].index("Key")] for row in rows]
    assert plan_import(found, by=administrator).changes == 0
    for reading in (first, second):
        row = rows[keys.index(str(reading.indicator.key))]
        row[head.index("Value")] = "7"
    plan = plan_import(found, by=administrator)
    assert len(plan.problems) == 1
    assert "stored “5%” after the file was made, which says “7%”" in plan.problems[0]


def test_the_narrative_of_an_update_is_not_overwritten_either(client, demo, demo_person):
    from django.core.management import call_command

    administrator = demo_person("administrator")
    found, _ = read_upload("t.xlsx", get(client, administrator, "/2022-23-q2/template.xlsx").content)
    call_command("open_quarter", "2022-23-q2", stdout=io.StringIO())
    update = QuarterlyUpdate.objects.filter(quarter__number=2).order_by("priority__position").first()
    with door(update):
        update.refresh_from_db()
        update.narrative = "Entered since"
        update.save()
    head, row = next(sheet.rows for sheet in found if sheet.name == "Priorities")[:2]
    row[head.index("Narrative")] = "Filled in before"
    [problem] = plan_import(found, by=administrator).problems
    assert "stored “Entered since” after the file was made" in problem


@pytest.mark.parametrize("path", ["mine.xlsx", f"{VICTIMS}/workbook.xlsx"])
def test_a_sheet_of_goals_to_be_added_is_for_those_who_may_add_them(client, victims, victims_lead, administrator, path):
    make_update(victims, make_quarter())
    assert {"Risks", "Issues"} <= set(found := sheets(get(client, victims_lead, f"/2022-23-q1/{path}")))
    assert "Goals" not in found
    assert "Goals" in sheets(get(client, administrator, f"/2022-23-q1/{path}"))


def test_goals_that_go_on_in_a_new_year_have_no_key_before_they_are_made(client, victims, administrator):
    update = make_update(victims, make_quarter(Q1.plus(3)))
    make_forecast(update, make_goal(victims))
    found = sheets(get(client, administrator, "/2023-24-q1/template.xlsx"))
    assert (cells(found["Goals"], "Key"), cells(found["Goals"], "Goal")) == ([""], ["Goal 1"])


def test_who_fills_in_finance_finds_its_four_periods_though_they_were_never_filled_in(client, demo, demo_person):
    found = sheets(get(client, demo_person("violence-lead"), "/2022-23-q1/mine.xlsx"))
    periods = [row[found["Finance"][0].index("Period")] for row in found["Finance"][1:]]
    assert periods == ["Q1", "Q2", "Q3", "Q4"]


def test_templates_are_for_administrators(client, demo, demo_person):
    response = get(client, demo_person("manager"), "/2022-23-q2/template.xlsx")
    assert response.status_code == 403
    assert "Templates of quarters to come are for administrators" in response.content.decode()


# Tables


def test_a_table_has_the_figures_of_the_page_in_plain_digits(client, demo, demo_person):
    manager = demo_person("manager")
    rows = rows_of(get(client, manager, f"/2022-23-q1/{VICTIMS}/tables/finance.csv"))
    assert rows[0][2:6] == [
        "Year budget, pounds",
        "Forecast, pounds",
        "Forecast variance, pounds",
        "Forecast variance, per cent",
    ]
    assert rows[1][:6] == ["Victims are better supported", "Q1", "32700000", "31900000", "-800000", "-2.4"]
    rows = rows_of(get(client, manager, f"/2022-23-q1/{VICTIMS}/tables/indicators.csv"))
    assert len(rows) == 13
    assert rows[1][1] == "1a"
    assert rows[1][3:5] == ["Percentage", "25"]
    assert "[x]" in {row[4] for row in rows}


def test_the_grid_has_ratings_and_counts(client, demo, demo_person):
    response = get(client, demo_person("manager"), "/2022-23-q1/tables/ratings.csv")
    assert response.headers["Content-Disposition"] == 'attachment; filename="q1-2022-23-ratings.csv"'
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = rows_of(response)
    assert rows[1][0] == "Victims are better supported"
    assert rows[1][3:] == ["G", "G", "A", "G", "A", "-800000", "-2.4", "5", "1", "1", "5", "8", "2", "0", "0"]
    assert [len(row) for row in rows] == [18] * 5


def test_a_table_has_no_rows_that_its_reader_may_not_see(client, demo, demo_person):
    lead = demo_person("victims-lead")
    rows = rows_of(get(client, lead, "/2022-23-q1/tables/ratings.csv"))
    trust = next(row for row in rows if row[0].startswith("Trust"))
    assert set(trust[3:]) == {""}
    for name in ("indicators", "risks", "issues", "goals", "finance", "missing"):
        rows = rows_of(get(client, lead, f"/2022-23-q1/tables/{name}.csv"))
        assert {row[0] for row in rows[1:]} == {"Victims are better supported"}
        rows = rows_of(get(client, lead, f"/2022-23-q1/trust-and-confidence-increases/tables/{name}.csv"))
        assert rows[1:] == []


def test_the_other_tables_say_what_the_page_says(client, demo, demo_person):
    manager = demo_person("manager")
    names = ("risks", "issues", "goals", "missing")
    found = {name: rows_of(get(client, manager, f"/2022-23-q1/{VICTIMS}/tables/{name}.csv")) for name in names}
    assert found["risks"][1][4:6] == ["H", "Up"]
    assert found["issues"][0][2] == "Issue"
    assert found["goals"][1][3:7] == ["Q3", "Q3", "On baseline", "G"]
    assert ["Target", "Not available"] in [[row[2].capitalize(), row[3]] for row in found["missing"]]


def test_tables_begin_no_formula(client, victims, manager):
    make_reading(make_update(victims), make_indicator(victims, title="=HYPERLINK(1)"), note="@x", reason="-y")
    text = get(client, manager, f"/2022-23-q1/{VICTIMS}/tables/indicators.csv").content.decode("utf-8-sig")
    for guarded in ("'=HYPERLINK(1)", "'@x", "'-y"):
        assert f",{guarded}" in text


def test_a_closed_table_is_as_it_was_closed(client, victims, reader, administrator):
    update = make_full_update(victims, make_quarter())
    close_for_real(update.quarter, by=administrator)
    Indicator.objects.filter(priority=victims, reference="1").update(title="Renamed since")
    assert "Renamed" not in get(client, reader, f"/2022-23-q1/{VICTIMS}/tables/indicators.csv").content.decode()


# What they cost

PATHS = {
    "workbook": "/2022-23-q1/workbook.xlsx",
    "priority": f"/2022-23-q1/{VICTIMS}/workbook.ods",
    "mine": "/2022-23-q1/mine.zip",
    "table": "/2022-23-q1/tables/indicators.csv",
}


@pytest.mark.once
@pytest.mark.parametrize("role", ["administrator", "victims_lead"])
def test_downloads_take_at_most_twelve_queries_whatever_the_rows_and_the_history(request, client, victims, role):
    client.force_login(request.getfixturevalue(role))
    plan = make_plan(first_year=2022, last_year=2031)
    make_full_update(victims, make_quarter(), rows=3)

    few, period = {name: queries(client, path) for name, path in PATHS.items()}, Q1
    for _ in range(39):
        period = period.next
        make_full_update(victims, make_quarter(period, QuarterStatus.OPEN), rows=2)
    make_full_update(make_priority("Another priority", plan=plan), make_quarter(), rows=30)
    assert {name: queries(client, path) for name, path in PATHS.items()} == few
    assert max(few.values()) <= 12


def test_a_zip_holds_one_csv_file_a_sheet(client, demo, demo_person):
    response = get(client, demo_person("manager"), "/2022-23-q1/workbook.zip")
    names = zipfile.ZipFile(io.BytesIO(response.content)).namelist()
    assert "Indicators.csv" in names
    assert all(name.endswith(".csv") and "/" not in name for name in names)
