"""An import undone in one act: every value as it was, or everything that stands in the way."""

import re
from html import unescape

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext

from finance.models import FinancialPosition
from goals.models import Goal, GoalForecast
from indicators.models import Indicator, Reading
from priorities.history import ChangeSet, Source
from priorities.models import AssignmentRole, Plan, Priority, Quarter, QuarterlyUpdate, UpdateStatus
from priorities.periods import Period
from risks.models import Assessment, Risk
from tests.answers import queries
from tests.make import (
    close,
    door,
    make_assessment,
    make_assignment,
    make_forecast,
    make_full_update,
    make_goal,
    make_indicator,
    make_person,
    make_position,
    make_quarter,
    make_reading,
    make_update,
    set_status,
)
from tests.workbooks.test_imports import text
from tests.workbooks.uploaded import VICTIMS, Q, act, demo_book, imported, indicators, stored, value, zipped
from updates.models import Draft
from workbooks.models import ImportFile, ImportRecord, ImportState
from workbooks.preview import Preview
from workbooks.undoing import Blocked, undo

pytestmark = pytest.mark.django_db


@pytest.fixture
def update(victims, victims_lead):
    """With a row of every kind."""
    update = make_update(victims, make_quarter(), narrative="Going well.", objectives="G")
    make_reading(update, make_indicator(victims, "1a"), value=27)
    make_forecast(update, make_goal(victims))
    make_position(update)
    return update


@pytest.fixture
def lead(client, victims_lead):
    client.force_login(victims_lead)
    return client


@pytest.fixture
def admin(administrator):
    client = Client()
    client.force_login(administrator)
    return client


def everything():
    """A book that changes a row of every kind, and makes an indicator, a risk and a goal."""
    here = [Q, VICTIMS]
    return zipped(
        Priorities=[["Quarter", "Priority", "Objectives", "Narrative"], [*here, "R", "Badly."]],
        Finance=[["Quarter", "Priority", "Period", "Forecast"], [*here, "Q1", "40.0"]],
        Indicators=[
            ["Quarter", "Priority", "Ref", "Indicator", "Unit", "Value"],
            [*here, "1a", "% of victims supported, 1a", "", "28%"],
            [*here, "2", "Calls answered", "number", "1200"],
        ],
        Risks=[["Quarter", "Priority", "No.", "Risk", "Score", "Trend"], [*here, "1", "Demand may rise", "H", "up"]],
        Goals=[
            ["Quarter", "Priority", "No.", "Goal", "Base", "Forecast"],
            [*here, "1", "Goal 1", "", "Q4"],
            [*here, "2", "Open a second site", "Q3", ""],
        ],
    )


def obstacles(response):
    """What the page says stands in the way: the row, why, and its link."""
    assert response.status_code == 200
    page = response.content.decode()
    assert "<title>Error: " in page
    box = page.split('class="errors"')[1].split("</ul>")[0]
    assert "Nothing was changed." in box
    found = re.findall(
        r'(?s)<li class="long">(?:<a href="([^"]*)">)?(?:<strong>)?(.*?)</(?:a|strong)>: (.*?)</li>', box
    )
    return [(unescape(subject), unescape(why), url) for url, subject, why in found]


def test_everything_is_as_it_was_and_what_it_made_is_gone(admin, update, administrator):
    before = stored()
    record = imported(admin, everything())
    assert (Indicator.objects.count(), Risk.objects.count(), Goal.objects.count()) == (2, 1, 2)
    assert Reading.objects.get(indicator__reference="1a").value == 28
    answer = act(admin, record, "undo")
    assert (answer.status_code, answer.url) == (302, f"/imports/{record.pk}/")
    assert stored() == before
    record.refresh_from_db()
    assert (record.state, record.undone_by) == (ImportState.UNDONE, administrator)
    page = text(admin.get(answer.url))
    assert "is undone: every value is as it was before, and what it made is deleted." in page
    assert "Undone. Imported by administrator on" in page
    assert "Undone by administrator on" in page
    assert "Undo this import" not in page


def test_the_undoing_is_history_of_its_own_that_points_to_the_import(admin, update):
    record = imported(admin, ("Victims.zip", everything()))
    act(admin, record, "undo")
    record.refresh_from_db()
    undone = record.undo_change_set
    assert (undone.source, undone.note) == (Source.FORM, "Undone: Victims.zip")
    reading = Reading.objects.get()
    assert [entry.value for entry in reading.history.all()] == [27, 28, 27]
    assert reading.history.first().change_set == undone
    assert set(Risk.history.filter(history_type="-").values_list("change_set", flat=True)) == {undone.pk}
    page = admin.get(f"/2022-23-q1/{update.priority.slug}/update/history/").content.decode()
    assert f'Form · <a href="/imports/{record.pk}/">Undone: Victims.zip</a>' in page


def test_what_others_have_saved_elsewhere_in_the_update_stays(lead, update):
    other = make_reading(update, make_indicator(update.priority, "3"), value=5)
    record = imported(lead, indicators(value("1a", "28%")))
    with door(update):
        other.value = 6
        other.save()
    assert act(lead, record, "undo").status_code == 302
    assert [reading.value for reading in Reading.objects.order_by("pk")] == [27, 6]


def test_the_first_import_of_all_is_undone_with_its_plan_and_quarters(admin):
    record = imported(admin, demo_book())
    assert Plan.objects.count() == 1
    assert act(admin, record, "undo").status_code == 302
    assert all(rows == [] for rows in stored().values())
    assert imported(admin, demo_book()).pk != record.pk
    assert Reading.objects.count() == 37


def test_a_quarter_that_it_opened_is_planned_again(admin, victims):
    assert set(Quarter.objects.values_list("status", flat=True)) == {"planned"}
    before = stored()
    book = zipped(
        Quarter=[["Quarter", "Overview"], [Q, "All well."]],
        Priorities=[["Quarter", "Priority", "Objectives"], [Q, VICTIMS, "G"]],
    )
    record = imported(admin, book)
    assert Quarter.objects.at(Period(2022, 1)).get().status == "open"
    assert act(admin, record, "undo").status_code == 302
    assert stored() == before


def test_an_administrator_undoes_what_a_lead_has_imported_and_a_lead_not_what_an_administrator_has(lead, admin, update):
    theirs = imported(admin, indicators(value("1a", "28%")))
    assert act(lead, theirs, "undo").status_code == 403
    assert act(admin, theirs, "undo").status_code == 302
    ours = imported(lead, indicators(value("1a", "29%")))
    assert "Undo this import" in text(admin.get(f"/imports/{ours.pk}/"))
    assert act(admin, ours, "undo").status_code == 302
    assert Reading.objects.get().value == 27


def test_a_contributor_undoes_what_they_have_imported_into_their_section(client, update):
    person = make_assignment(
        update.priority, make_person("analyst"), AssignmentRole.CONTRIBUTOR, section="indicators"
    ).person
    client.force_login(person)
    record = imported(client, indicators(value("1a", "28%")))
    assert act(client, record, "undo").status_code == 302
    assert Reading.objects.get().value == 27


# What stands in the way


def test_rows_that_were_changed_since_stand_in_the_way_all_of_them_and_linked(admin, update, victims_lead):
    record = imported(admin, everything())
    reading = Reading.objects.get(indicator__reference="1a")
    position = FinancialPosition.objects.get()
    with door(update, by=victims_lead):
        reading.note = "Checked."
        reading.save()
        position.ytd_actual = 5
        position.save()
    before = stored()
    found = obstacles(act(admin, record, "undo"))
    slug = update.priority.slug
    subjects = {subject: url for subject, _, url in found}
    assert subjects == {
        str(position): f"/2022-23-q1/{slug}/update/history/finance/q1/",
        str(reading): f"/2022-23-q1/{slug}/update/history/indicators/{reading.indicator.key}/",
    }
    told = "Changed since, Command line by victims-lead"
    assert [re.sub(r", \d+ \w+ \d{4} [\d:]+\. Undo that first, .*$", "", why) for _, why, _ in found] == [told, told]
    assert [admin.get(url).status_code for url in subjects.values()] == [200, 200]
    assert stored() == before
    assert ImportRecord.objects.get().state == ImportState.APPLIED


def test_a_later_import_of_the_same_row_stands_in_the_way_until_it_is_undone(lead, update):
    first = imported(lead, indicators(value("1a", "28%")))
    second = imported(lead, indicators(value("1a", "29%")))
    [(_, why, _)] = obstacles(act(lead, first, "undo"))
    assert why.startswith("Changed since, Spreadsheet by victims-lead")
    assert act(lead, second, "undo").status_code == 302
    [(_, why, _)] = obstacles(act(lead, first, "undo"))
    assert why.startswith("Changed since, Form by victims-lead")  # put back is changed too


def test_a_row_that_was_deleted_since_stands_in_the_way(admin, update):
    record = imported(admin, everything())
    with door(update):
        GoalForecast.objects.get(goal__number=1).delete()
    [(subject, why, url)] = obstacles(act(admin, record, "undo"))
    assert subject == f"1 Goal 1, {update}"
    assert why.startswith("Deleted since, Command line by nobody signed in")
    assert url == ""


def test_an_indicator_that_others_use_since_stands_in_the_way(admin, update):
    record = imported(admin, everything())
    later = make_update(update.priority, make_quarter(Period(2022, 2)))
    indicator = Indicator.objects.get(reference="2")
    make_reading(later, indicator)
    why = "In use since: 1 reading that this import did not make."
    assert obstacles(act(admin, record, "undo")) == [
        ("2 Calls answered", why, f"/indicators/{indicator.key}/retiring/")
    ]
    assert admin.get(f"/indicators/{indicator.key}/retiring/").status_code == 200


def test_what_somebody_has_typed_or_asked_in_an_update_that_it_made_stands_in_the_way(admin, victims, victims_lead):
    book = zipped(
        Quarter=[["Quarter", "Overview"], [Q, "All well."]],
        Priorities=[["Quarter", "Priority", "Objectives"], [Q, VICTIMS, "G"]],
    )
    record = imported(admin, book)
    update = QuarterlyUpdate.objects.get()
    Draft.objects.create(person=victims_lead, update=update, section="goals", data={"typed": "a lot"})
    why = "In use since: 1 draft that this import did not make."
    url = f"/2022-23-q1/{victims.slug}/update/history/"
    assert obstacles(act(admin, record, "undo")) == [(str(update), why, url)]
    assert Draft.objects.exists()


def test_people_assigned_to_a_priority_that_it_made_stand_in_the_way(admin):
    record = imported(admin, demo_book())
    first, second, *_ = Priority.objects.all()
    for priority, count in ((first, 2), (second, 1)):
        for number in range(count):
            make_assignment(priority, make_person(f"{priority.pk}-{number}"))
    found = obstacles(act(admin, record, "undo"))
    assert found == [
        (str(p), f"In use since: {told} that this import did not make.", f"/admin/priorities/priority/{p.pk}/history/")
        for p, told in ((first, "2 assignments"), (second, "1 assignment"))
    ]
    assert admin.get(found[0][2]).status_code == 200


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (UpdateStatus.SUBMITTED, "is submitted and can't be edited; its lead can withdraw it"),
        (UpdateStatus.IN_REVIEW, "is in review and can't be edited; a manager has to send it back first"),
        (UpdateStatus.APPROVED, "is approved and can't be edited; a manager has to send it back first"),
    ],
)
def test_a_locked_update_stands_in_the_way(lead, update, status, told):
    record = imported(lead, indicators(value("1a", "28%")))
    set_status(update, status)
    [(subject, why, url)] = obstacles(act(lead, record, "undo"))
    assert (subject, url) == (str(update), f"/2022-23-q1/{update.priority.slug}/update/history/")
    assert told in why
    assert Reading.objects.get().value == 28


def test_a_closed_quarter_stands_in_the_way(admin, victims):
    book = zipped(
        Quarter=[["Quarter", "Overview"], [Q, "All well."]],
        Priorities=[["Quarter", "Priority", "Objectives"], [Q, VICTIMS, "G"]],
    )
    record = imported(admin, book)
    close(Quarter.objects.at(Period(2022, 1)).get())
    found = [why for _, why, _ in obstacles(act(admin, record, "undo"))]
    assert any("is closed and can't be edited" in why for why in found)
    assert any("closed and can't be edited. Ask an administrator to reopen it first." in why for why in found)


def test_an_overview_that_was_approved_stands_in_the_way(admin, victims):
    make_update(victims, make_quarter())
    record = imported(admin, zipped(Quarter=[["Quarter", "Overview"], [Q, "All well."]]))
    QuerySet.update(Quarter.objects.at(Period(2022, 1)), overview_status=UpdateStatus.APPROVED)
    [(_, why, url)] = obstacles(act(admin, record, "undo"))
    assert "The overview of Q1 2022/23 is approved and can't be edited" in why
    assert admin.get(url).status_code == 200


def test_who_no_longer_fills_it_in_does_not_undo(lead, update, victims_lead, trust):
    record = imported(lead, indicators(value("1a", "28%")))
    victims_lead.assignments.all().delete()
    make_assignment(trust, victims_lead)
    [(_, why, _)] = obstacles(act(lead, record, "undo"))
    assert "is not yours to edit; ask its lead or an administrator." in why


OWNER = [["Quarter", "Priority", "Risk", "Owner"], [Q, VICTIMS, "Demand may rise", "B"]]
BASELINE = [["Quarter", "Priority", "No.", "Goal", "Baseline"], [Q, VICTIMS, "1", "Goal 1", "Q4"]]
POLARITY = [["Quarter", "Priority", "Ref", "Indicator", "Polarity"], [Q, VICTIMS, "1a", "", "Lower is better"]]


@pytest.fixture
def risk(update):
    risk = make_assessment(update).risk
    risk.owner = "A"
    risk.save()
    return risk


@pytest.mark.parametrize("status", [UpdateStatus.SUBMITTED, UpdateStatus.APPROVED, UpdateStatus.CLOSED])
@pytest.mark.parametrize(
    "sheets", [{"Risks": OWNER}, {"Goals": BASELINE}, {"Indicators": POLARITY}], ids=["owner", "baseline", "polarity"]
)
def test_what_is_set_up_is_locked_with_the_update_that_it_stands_in(admin, update, risk, status, sheets):
    record = imported(admin, zipped(**sheets))
    before = stored()
    set_status(update, status)
    [(subject, why, _)] = obstacles(act(admin, record, "undo"))
    assert subject == str(update)
    assert "can't be edited" in why
    set_status(update, UpdateStatus.IN_PROGRESS)
    assert stored() == before
    assert act(admin, record, "undo").status_code == 302


def test_what_is_set_up_is_locked_though_a_newer_quarter_is_open(admin, update, risk):
    record = imported(admin, zipped(Risks=OWNER))
    set_status(update, UpdateStatus.APPROVED)
    close(update.quarter)
    later = make_update(update.priority, make_quarter(Period(2022, 2)))
    with door(later):
        Assessment.objects.create(update=later, risk=risk, description="Demand may rise")
    assert [subject for subject, _, _ in obstacles(act(admin, record, "undo"))] == [str(update)]


def test_where_no_quarter_is_named_the_newest_open_update_decides(admin, update, risk):
    record = imported(admin, zipped(Risks=OWNER))
    ImportFile.objects.update(preview=Preview().pack())  # as of an import of the administration that names none
    later = make_update(update.priority, make_quarter(Period(2022, 2)))
    with door(later):
        Assessment.objects.create(update=later, risk=risk, description="Demand may rise")
    set_status(later, UpdateStatus.SUBMITTED)
    assert [subject for subject, _, _ in obstacles(act(admin, record, "undo"))] == [str(later)]
    set_status(update, UpdateStatus.APPROVED)
    set_status(later, UpdateStatus.SENT_BACK)
    assert act(admin, record, "undo").status_code == 302
    risk.refresh_from_db()
    assert risk.owner == "A"


def test_who_no_longer_has_the_risks_of_the_priority_does_not_undo_what_they_said_of_them(
    lead, update, risk, victims_lead, trust
):
    record = imported(lead, zipped(Risks=OWNER))
    victims_lead.assignments.all().delete()
    make_assignment(update.priority, victims_lead, AssignmentRole.CONTRIBUTOR, section="finance")
    assert obstacles(act(lead, record, "undo")) == [
        (str(risk), "Not yours to change; ask the lead of Victims are better supported.", "")
    ]
    risk.holder = victims_lead
    risk.save()
    assert "Changed since" in obstacles(act(lead, record, "undo"))[0][1]  # by being handed over, and nothing else
    victims_lead.assignments.all().delete()
    make_assignment(trust, victims_lead)
    found = [why for _, why, _ in obstacles(act(lead, record, "undo"))]
    assert "is not yours to edit; ask its lead or an administrator." in found[0]


def test_what_administrators_set_up_is_undone_by_administrators(admin, update, administrator, client):
    record = imported(admin, zipped(Goals=BASELINE))
    administrator.groups.clear()
    make_assignment(update.priority, administrator)
    client.force_login(administrator)
    [(_, why, _)] = obstacles(act(client, record, "undo"))
    assert why == "Goals are set up by administrators; ask one."
    assert Goal.objects.get().baseline == Period(2022, 4)


def test_an_import_is_undone_once_and_a_preview_not_at_all(lead, update):
    record = imported(lead, indicators(value("1a", "28%")))
    act(lead, record, "undo")
    acts = ChangeSet.objects.count()
    told = "There is nothing to undo: this import was undone already, or never applied."
    assert told in text(act(lead, record, "undo"))
    record = ImportRecord.objects.create(person=record.person, name="x", size=1, sha256="x", fingerprint="x")
    with pytest.raises(Exception, match="There is nothing to undo"):
        undo(record, by=record.person)
    assert ChangeSet.objects.count() == acts


def test_what_is_saved_while_it_is_undone_is_found_behind_the_door(lead, update, victims_lead, monkeypatch):
    from workbooks import undoing

    record = imported(lead, indicators(value("1a", "28%")))
    real, calls = undoing.in_the_way, []

    def late(*args):
        calls.append(1)
        return real(*args) if len(calls) > 1 else iter(())

    reading = Reading.objects.get()
    with door(update):
        reading.value = 30
        reading.save()
    monkeypatch.setattr(undoing, "in_the_way", late)
    with pytest.raises(Blocked) as blocked:
        undo(record, by=victims_lead)
    assert blocked.value.obstacles[0].subject == str(reading)
    assert Reading.objects.get().value == 30


def test_finding_what_stands_in_the_way_takes_no_query_for_each_row(admin, victims):
    update = make_full_update(victims, make_quarter(), rows=30)
    book = indicators(*([f"{n}", f"% of victims supported, {n}", "", "", f"{n + 30}%"] for n in range(1, 31)))
    record = imported(admin, book)

    def changed(rows):
        with door(update):
            for reading in Reading.objects.order_by("pk")[:rows]:
                reading.note = "Mine."
                reading.save()
        with CaptureQueriesContext(connection) as found:
            assert len(obstacles(act(admin, record, "undo"))) == rows
        return len(found)

    assert changed(3) == changed(30)


def test_undoing_takes_no_query_for_each_row_that_it_puts_back(admin, victims):
    make_full_update(victims, make_quarter(), rows=30)

    def undone(rows):
        book = indicators(*([f"{n}", f"% of victims supported, {n}", "", "", f"{n + 30}%"] for n in range(1, rows + 1)))
        record = imported(admin, book)
        with CaptureQueriesContext(connection) as found:
            assert act(admin, record, "undo").status_code == 302
        return len(found)

    assert undone(3) == undone(30)


def test_pages_of_what_was_undone_cost_no_more(admin, victims):
    make_full_update(victims, make_quarter())
    record = imported(admin, indicators(value("1", "28%")))
    before = queries(admin, f"/imports/{record.pk}/")
    act(admin, record, "undo")
    assert queries(admin, f"/imports/{record.pk}/") <= before <= 12
    assert Assessment.objects.count() == 3
