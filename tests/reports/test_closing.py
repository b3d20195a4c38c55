"""Closing: what stands in the way, who may, what is kept, who is told; and two people at once."""

import pytest

from indicators.models import Reading
from priorities.door import Refused
from priorities.history import ChangeSet, Source
from priorities.models import AssignmentRole, Quarter, QuarterlyUpdate, QuarterStatus, Section, UpdateStatus
from priorities.writing import writing
from reports.closing import ChangedMeanwhile, close_quarter, plan_closing
from reports.frozen import newest, read
from reports.models import ClosedReport
from tests.closed import approve, approve_all, close_for_real, fresh, reopen_for
from tests.make import (
    door,
    make_assignment,
    make_full_update,
    make_person,
    make_priority,
    make_quarter,
    make_reading,
    make_update,
    set_status,
)
from tests.priorities.test_races import at_once
from tests.reports.test_pages import get, text
from tests.updates.test_entry import address
from tests.updates.test_races import cells, sender
from updates.models import Comment, Draft, Notice, OverviewDraft, SignOff
from updates.opening import open_quarter, plan_opening

pytestmark = pytest.mark.django_db
HERE = "/2022-23-q1/closing/"


@pytest.fixture
def quarter(victims, trust, victims_lead, trust_lead):
    """Two priorities; one of them approved by the manager."""
    quarter = make_quarter(overview="What the quarter was like.")
    make_full_update(victims, quarter)
    make_update(trust, quarter, narrative="Slowly.")
    return quarter


def part_of(quarter, title):
    return next(part for part in plan_closing(fresh(quarter)).parts if part.title == title)


def page_text(client, person, path=HERE):
    return " ".join(text(get(client, person, path)).split())


def post(client, person, act="close", follow=True, **typed):
    client.force_login(person)
    data = {"act": act, **{f"{act}-{name}": value for name, value in typed.items()}}
    return client.post(HERE, data, follow=follow)


def said(response):
    from html import unescape

    return " ".join(unescape(text(response)).split())


def seen(quarter):
    return plan_closing(fresh(quarter)).seen


# What stands in the way


def test_the_plan_says_how_each_priority_and_the_overview_stand(quarter, manager):
    approve(quarter.updates.first(), by=manager)
    set_status(quarter.updates.last(), UpdateStatus.SENT_BACK)
    plan = plan_closing(fresh(quarter))
    assert [(p.title, p.state.label, p.approved_by) for p in plan.parts] == [
        ("Victims are better supported", "Approved", "manager"),
        ("Trust and confidence increases", "Sent back", ""),
        ("the overview", "In progress", ""),
    ]
    assert plan.unapproved_text == "“Trust and confidence increases” and the overview"


def test_the_plan_counts_open_comments_and_neither_answers_nor_what_is_resolved(quarter, manager):
    update = quarter.updates.first()
    about = {"update": update, "section": Section.FINANCE, "subject": "Q1", "author": manager, "text": "Why?"}
    first = Comment.objects.create(**about)
    Comment.objects.create(**about, answers=first)
    Comment.objects.create(**about, resolved_by=manager, resolved_at="2022-07-20T12:00Z")
    assert part_of(quarter, str(update.priority)).comments == 1


def test_the_plan_names_what_is_typed_and_not_saved(quarter, victims_lead, manager):
    Draft.objects.create(person=victims_lead, update=quarter.updates.first(), section="finance", data={"x": "1"})
    OverviewDraft.objects.create(person=manager, quarter=quarter, data={"overview": "Well"})
    plan = plan_closing(fresh(quarter))
    assert [part.drafts for part in plan.parts] == [("victims-lead: Finance",), (), ("manager",)]
    assert plan.loose_ends


def test_the_plan_names_the_sign_offs_that_are_missing(quarter, victims, manager):
    update = quarter.updates.first()
    for name, section in (("director", ""), ("treasurer", Section.FINANCE), ("analyst", Section.INDICATORS)):
        make_assignment(victims, make_person(name), AssignmentRole.SIGNATORY, section=section)
    with door(update):
        SignOff(update=update, signed_section=Section.INDICATORS, by=manager, at="2022-07-20T12:00Z").save()
    assert part_of(quarter, str(victims)).unsigned == ("The whole", "Finance")


def test_the_page_shows_all_of_it_to_managers_and_lets_administrators_act(client, quarter, manager, administrator):
    approve(quarter.updates.first(), by=manager)
    page = page_text(client, manager)
    assert "2 of 3 not approved" in page
    assert "An administrator closes the quarter." in page
    assert "<textarea" not in page
    page = page_text(client, administrator)
    assert "Not approved: “Trust and confidence increases” and the overview." in page
    assert "Why it is closed without that" in page


@pytest.mark.parametrize("role", ["victims_lead", "reader"])
def test_others_neither_read_it_nor_act(request, client, quarter, role):
    person = request.getfixturevalue(role)
    assert "Closing and reopening is for administrators" in text(get(client, person, HERE))
    assert post(client, person).status_code == 403


# Closing


@pytest.mark.parametrize("role", ["manager", "victims_lead", "reader"])
@pytest.mark.parametrize("status", list(QuarterStatus))
def test_only_administrators_close(request, quarter, role, status):
    person = request.getfixturevalue(role)
    make_quarter(status=status)
    told = "Q1 2022/23 can be closed by administrators only; ask one of them."
    with pytest.raises(Refused, match=told):
        close_quarter(fresh(quarter), by=person, reason="Now")
    assert not ClosedReport.objects.exists()


@pytest.mark.parametrize("status", [QuarterStatus.PLANNED, QuarterStatus.CLOSED])
def test_only_what_is_open_is_closed(quarter, administrator, status):
    make_quarter(status=status)
    with pytest.raises(Refused, match=f"Q1 2022/23 is {status} and can't be closed now"):
        close_quarter(fresh(quarter), by=administrator, reason="Now")


def test_a_manager_who_posts_is_refused(client, quarter, manager):
    response = post(client, manager, seen=seen(quarter), reason="Now")
    assert response.status_code == 403
    assert "Quarters are closed and reopened by administrators; ask one." in text(response)
    assert fresh(quarter).status == QuarterStatus.OPEN


def test_what_is_approved_is_closed_without_a_reason(client, quarter, administrator, manager):
    approve_all(quarter, by=manager)
    assert "Everything is approved" in page_text(client, administrator)
    page = said(post(client, administrator, seen=seen(quarter)))
    assert "Q1 2022/23 is closed; its report is version 1." in page
    assert set(quarter.updates.values_list("status", flat=True)) == {UpdateStatus.CLOSED}
    stored = fresh(quarter)
    assert (stored.status, stored.overview_status) == (QuarterStatus.CLOSED, UpdateStatus.CLOSED)
    report = read(newest(stored))
    assert [(p.was, p.approved_by) for p in report.priorities] == [("approved", "manager")] * 2
    assert (report.closing.by, report.closing.reason, report.unapproved) == ("administrator", "", [])
    assert ChangeSet.objects.filter(act="close", person=administrator).count() == 1


def test_what_is_not_approved_needs_a_reason(client, quarter, administrator):
    page = said(post(client, administrator, seen=seen(quarter), reason=" "))
    told = (
        "Say why Q1 2022/23 is closed without the approval of “Victims are better supported”, "
        "“Trust and confidence increases” and the overview."
    )
    assert told in page
    assert "<title>Error: " in page
    with pytest.raises(Refused, match=told):
        close_quarter(fresh(quarter), by=administrator, reason=" ")
    assert fresh(quarter).status == QuarterStatus.OPEN


def test_the_reason_is_printed_with_what_was_not_approved(client, quarter, administrator, reader, manager, capsys):
    approve(quarter.updates.first(), by=manager)
    post(client, administrator, seen=seen(quarter), reason="The board meets on Monday.")
    told = (
        "Closed without the approval of “Trust and confidence increases” and the overview. The board meets on Monday."
    )
    for path in ("/2022-23-q1/", "/2022-23-q1/print/", "/2022-23-q1/versions/1/"):
        assert told in page_text(client, reader, path), path
    page = page_text(client, reader, "/2022-23-q1/trust-and-confidence-increases/")
    assert "This update was not approved when the quarter was closed: it was in progress." in page
    report = read(newest(fresh(quarter)))
    assert report.unapproved == ["Trust and confidence increases", "the overview"]


def test_the_leads_are_those_of_the_day(quarter, victims, victims_lead):
    close_for_real(quarter)
    victims_lead.assignments.all().delete()
    assert QuarterlyUpdate.objects.get(priority=victims).leads == "victims-lead"
    assert read(newest(fresh(quarter))).priorities[0].leads == "victims-lead"


def test_what_changed_since_it_was_shown_is_told_and_shown_again(client, quarter, administrator, manager):
    approve_all(quarter, by=manager)
    before = seen(quarter)
    set_status(quarter.updates.last(), UpdateStatus.SENT_BACK)
    page = said(post(client, administrator, seen=before, reason="As agreed."))
    assert "Nothing was closed: “Trust and confidence increases” changed since this page was shown." in page
    assert "1 of 3 not approved" in page
    assert ">As agreed.</textarea>" in page.replace("> ", ">").replace("\n", "")
    assert f'value="{seen(quarter)}"' in page
    assert fresh(quarter).status == QuarterStatus.OPEN
    assert "is closed; its report" in said(post(client, administrator, seen=seen(quarter), reason="As agreed."))


def test_a_form_without_what_was_seen_closes_nothing(client, quarter, administrator):
    assert "Nothing was closed" in said(post(client, administrator, reason="Now"))


def test_a_priority_that_is_new_since_it_was_shown_counts_as_changed(quarter, administrator):
    before = seen(quarter)
    make_update(make_priority("Another"), quarter)
    with pytest.raises(ChangedMeanwhile, match="Nothing was closed: “Another” changed since"):
        close_quarter(fresh(quarter), by=administrator, reason="Now", seen=before)


def test_a_form_sent_twice_says_that_it_is_closed(client, quarter, administrator):
    post(client, administrator, seen=seen(quarter), reason="Now")
    page = said(post(client, administrator, seen="", reason="Now"))
    assert "Q1 2022/23 is closed by now; look at this page again." in page
    assert ClosedReport.objects.count() == 1
    assert "is closed by now" in said(post(client, administrator, act="nonsense"))


def test_nothing_of_a_closing_that_fails_is_kept(quarter, administrator, monkeypatch):
    monkeypatch.setattr("reports.closing.freeze", lambda report: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        close_quarter(fresh(quarter), by=administrator, reason="Now")
    assert fresh(quarter).status == QuarterStatus.OPEN
    assert set(quarter.updates.values_list("status", flat=True)) == {UpdateStatus.IN_PROGRESS}
    assert not Notice.objects.exists()


def test_those_who_filled_it_in_and_the_managers_are_told(quarter, victims, victims_lead, manager, administrator):
    make_assignment(victims, make_person("deputy"), AssignmentRole.DEPUTY)
    make_assignment(victims, make_person("analyst"), AssignmentRole.CONTRIBUTOR)
    make_assignment(victims, make_person("treasurer"), AssignmentRole.SIGNATORY, section=Section.FINANCE)
    make_assignment(victims, make_person("gone", is_active=False), AssignmentRole.DEPUTY)
    close_for_real(quarter, by=administrator)
    assert {(n.person.username, n.text, n.path) for n in Notice.objects.all()} == {
        (name, "Q1 2022/23 is closed; its report stays as it is now.", "/2022-23-q1/")
        for name in ("victims-lead", "trust-lead", "deputy", "analyst", "manager")
    }


def test_the_next_quarter_opens_after_a_closing(quarter):
    close_for_real(quarter)
    opened = open_quarter(plan_opening(quarter.period.next), by=None, source=Source.COMMAND)
    assert opened.updates.count() == 2
    assert Reading.objects.filter(update__quarter=opened).count() == 3


def test_a_closed_quarter_takes_no_save_and_says_what_to_do(quarter, victims, victims_lead):
    close_for_real(quarter)
    stored = QuarterlyUpdate.objects.get(priority=victims)
    told = "is closed and can't be edited; an administrator has to reopen the quarter"
    with pytest.raises(Refused, match=told), door(stored, by=victims_lead):
        pass


def test_the_overview_of_a_closed_quarter_leads_to_its_versions(client, quarter, manager, reader):
    victims = quarter.updates.first().priority
    close_for_real(quarter)
    reopen_for(make_assignment(victims, make_person("fixer")).person, quarter, victims)
    close_for_real(quarter)
    page = page_text(client, reader, "/2022-23-q1/")
    assert "Version 2, closed on" in page
    assert '<a href="/2022-23-q1/versions/1/">version 1</a>' in page
    assert 'href="/2022-23-q1/closing/"' not in page
    assert 'href="/2022-23-q1/closing/"' in page_text(client, manager, "/2022-23-q1/")
    versions = page_text(client, manager)
    assert versions.index("Version 2") < versions.index("Version 1")
    assert "Yes, its checksum holds" in versions
    assert get(client, reader, "/2022-23-q1/versions/3/").status_code == 404


# At once


@pytest.mark.django_db(transaction=True)
def test_of_two_closings_at_once_one_closes_and_the_other_is_told(quarter, administrator):
    outcomes = at_once(*[lambda: close_quarter(fresh(quarter), by=administrator, reason="Now") for _ in range(3)])
    closed = [outcome for outcome in outcomes if isinstance(outcome, ClosedReport)]
    refused = [str(outcome) for outcome in outcomes if isinstance(outcome, Refused)]
    assert len(closed) == 1
    assert refused == ["Q1 2022/23 is closed and can't be closed now."] * 2
    assert ClosedReport.objects.count() == 1
    assert Notice.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(4))
def test_a_save_that_races_the_closing_is_in_the_closed_report_or_kept_as_a_draft(
    victims, victims_lead, administrator, attempt
):
    quarter = make_quarter()
    update = make_update(victims, quarter)
    reading = make_reading(update, value=None)
    save = sender(victims_lead, address(update, "indicators"), cells(reading, value="31%", note="Both."))
    saved, closed = at_once(save, lambda: close_quarter(fresh(quarter), by=administrator, reason="Now"))
    assert isinstance(closed, ClosedReport), closed
    row = read(newest(fresh(quarter))).priorities[0].indicators[0]
    stored = Reading.objects.get()
    assert (stored.value, stored.note) == (row.value, row.note)
    if saved == 302:
        assert (row.value, row.note) == (31, "Both.")
    else:
        assert (saved, row.value, row.note) == (200, None, "")
        assert Draft.objects.get().data[f"reading-{reading.pk}-value"] == "31%"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(4))
def test_an_import_that_writes_updates_and_the_overview_never_waits_for_a_closing_that_waits_for_it(
    quarter, administrator, attempt
):
    updates = list(quarter.updates.all())

    def write():
        with writing(updates, by=None, source=Source.SPREADSHEET, overview_of=[fresh(quarter)]):
            stored = fresh(quarter)
            stored.overview = "From the workbook."
            stored.save()

    written, closed = at_once(write, lambda: close_quarter(fresh(quarter), by=administrator, reason="Now"))
    assert isinstance(closed, ClosedReport), closed
    assert written is None or isinstance(written, Refused)
    overview = "From the workbook." if written is None else "What the quarter was like."
    assert (Quarter.objects.get(pk=quarter.pk).overview, read(newest(fresh(quarter))).overview) == (overview,) * 2
