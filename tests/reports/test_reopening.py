"""Reopening for a named person, until a day, with a reason: who may do what then, and what others go on reading."""

import datetime as dt

import pytest
from django.core.management import CommandError, call_command
from django.db.models import QuerySet
from django.utils import timezone

from priorities.door import Refused
from priorities.history import ChangeSet
from priorities.models import AssignmentRole, Quarter, QuarterlyUpdate, QuarterStatus, UpdateStatus
from reports.closing import MOST_DAYS, close_quarter, give_more_time, reopen
from reports.frozen import newest, read, report_of
from reports.models import ClosedReport
from tests.closed import approve, approve_all, close_for_real, fresh, reopen_for
from tests.make import (
    Q1,
    close,
    door,
    make_assignment,
    make_full_update,
    make_person,
    make_priority,
    make_quarter,
    make_update,
    set_status,
)
from tests.priorities.test_races import at_once
from tests.reports.test_closing import page_text, post, said, seen
from updates.models import Notice, SignOff
from updates.progress import updates_for
from updates.submitting import submit
from workbooks.importing import apply_import, plan_import
from workbooks.reading import Sheet

pytestmark = pytest.mark.django_db

PRIORITY = "/2022-23-q1/victims-are-better-supported/"
OTHERS = "/2022-23-q1/trust-and-confidence-increases/"
TODAY = timezone.localdate
WHY = "The wrong figure was given."


@pytest.fixture
def quarter(victims, trust, victims_lead, trust_lead, manager, administrator):
    """Closed with everything approved."""
    quarter = make_quarter(overview="What the quarter was like.")
    make_full_update(victims, quarter)
    make_update(trust, quarter, narrative="Slowly.")
    close_for_real(approve_all(quarter, by=manager), by=administrator)
    Notice.objects.all().delete()
    return fresh(quarter)


@pytest.fixture
def reopened(quarter, victims, victims_lead, administrator):
    return reopen_for(victims_lead, quarter, victims, by=administrator)


def day(days):
    return TODAY() + dt.timedelta(days=days)


def of(priority):
    return QuarterlyUpdate.objects.select_related("quarter", "priority").get(priority=priority)


def write(priority, person, narrative="Corrected."):
    with door(of(priority), by=person):
        stored = of(priority)
        stored.narrative = narrative
        stored.save()


# Who may, and what it takes


@pytest.mark.parametrize("role", ["manager", "victims_lead", "reader"])
def test_only_administrators_reopen_and_give_more_time(request, quarter, victims, victims_lead, role):
    person = request.getfixturevalue(role)
    with pytest.raises(Refused, match="Q1 2022/23 can be reopened by administrators only; ask one of them."):
        reopen_for(victims_lead, quarter, victims, by=person)
    reopen_for(victims_lead, quarter, victims)
    with pytest.raises(Refused, match="Q1 2022/23 can be given more time by administrators only; ask one of them."):
        give_more_time(fresh(quarter), by=person, until=day(9))


@pytest.mark.parametrize("status", [QuarterStatus.OPEN, QuarterStatus.PLANNED])
def test_only_what_is_closed_is_reopened(quarter, victims, victims_lead, administrator, status):
    QuerySet.update(Quarter.objects.filter(pk=quarter.pk), status=status)
    with pytest.raises(Refused, match=f"Q1 2022/23 is {status} and can't be reopened now."):
        reopen_for(victims_lead, quarter, victims, by=administrator)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"days": -1}, "The last day is over already; give today or a later day."),
        ({"days": MOST_DAYS + 1}, f"A quarter is reopened for {MOST_DAYS} days at most; give "),
        ({"reason": " "}, "Say why it is reopened; the next version prints it."),
        ({"priorities": []}, "Choose at least one priority, or the overview."),
        ({"overview": True}, "victims-lead doesn't write overviews; make them the author of this one first"),
        ({"person": "trust_lead"}, "trust-lead fills in nothing of Victims are better supported; make them its lead"),
        ({"person": "gone"}, "gone can't sign in any more; choose somebody else."),
        ({"priorities": ["another"]}, "Another has no update in Q1 2022/23; choose others."),
    ],
)
def test_what_reopening_lacks_is_told(request, quarter, victims, victims_lead, administrator, changed, told):
    names = {"gone": lambda: make_assignment(victims, make_person("gone", is_active=False)).person}
    named = changed.pop("person", "victims_lead")
    person = names[named]() if named in names else request.getfixturevalue(named)
    priorities = [make_priority("Another") for _ in changed.pop("priorities")] if "priorities" in changed else [victims]
    with pytest.raises(Refused) as refused:
        reopen_for(person, quarter, *priorities, by=administrator, **changed)
    assert any(reason.startswith(told) for reason in refused.value.reasons), refused.value.reasons
    assert fresh(quarter).status == QuarterStatus.CLOSED


@pytest.mark.parametrize("days", [0, MOST_DAYS])
def test_the_first_and_the_last_day_that_can_be_given(quarter, victims, victims_lead, days):
    assert reopen_for(victims_lead, quarter, victims, days=days).reopened_until == day(days)


def test_only_the_chosen_is_open_and_everything_else_stays_closed(reopened, victims, trust, victims_lead):
    assert (reopened.status, reopened.reopened_for, reopened.reopened_reason) == ("open", victims_lead, WHY)
    assert reopened.overview_status == UpdateStatus.CLOSED
    chosen, other = of(victims), of(trust)
    assert (chosen.status, chosen.reopened_for, chosen.reopened_until) == ("in_progress", victims_lead, day(7))
    assert (chosen.approved_at, chosen.approved_by, chosen.leads) == (None, None, "")
    assert (other.status, other.reopened_for, other.reopened_until) == ("closed", None, None)
    assert ChangeSet.objects.get(act="reopen").note.startswith("Reopened for victims-lead until ")


def test_the_named_person_writes_and_nobody_else_not_even_an_administrator(
    reopened, victims, trust, victims_lead, administrator
):
    deputy = make_assignment(victims, make_person("deputy"), AssignmentRole.DEPUTY).person
    write(victims, victims_lead)
    for person in (deputy, administrator):
        with pytest.raises(Refused, match=r"is reopened for victims-lead alone, until .*; ask them"):
            write(victims, person)
    with pytest.raises(Refused, match="is closed and can't be edited"):
        write(trust, administrator)
    assert of(victims).narrative == "Corrected."


def test_nobody_writes_when_the_day_is_over_until_more_time_is_given(reopened, victims, victims_lead, administrator):
    for rows in (Quarter.objects.filter(pk=reopened.pk), QuarterlyUpdate.objects.filter(priority=victims)):
        QuerySet.update(rows, reopened_until=day(-1))
    with pytest.raises(Refused, match="which is over; ask an administrator to give more time."):
        write(victims, victims_lead)
    give_more_time(fresh(reopened), by=administrator, until=day(3))
    write(victims, victims_lead)
    assert fresh(reopened).reopened_until == of(victims).reopened_until == day(3)


def test_more_time_is_for_what_is_reopened_and_for_a_day_to_come(quarter, reopened, administrator):
    with pytest.raises(Refused, match="The last day is over already"):
        give_more_time(fresh(reopened), by=administrator, until=day(-1))
    with pytest.raises(Refused, match="Q2 2022/23 is not reopened."):
        give_more_time(make_quarter(Q1.next), by=administrator, until=day(3))


def test_sign_offs_of_what_is_reopened_lapse(quarter, victims, trust, victims_lead, manager):
    for update in quarter.updates.all():
        QuerySet.update(QuarterlyUpdate.objects.filter(pk=update.pk), status=UpdateStatus.IN_PROGRESS)
        with door(update):
            SignOff(update=update, by=manager, at=timezone.now()).save()
        QuerySet.update(QuarterlyUpdate.objects.filter(pk=update.pk), status=UpdateStatus.CLOSED)
    reopen_for(victims_lead, quarter, victims)
    assert [sign_off.update.priority for sign_off in SignOff.objects.all()] == [trust]


def test_the_overview_is_reopened_for_its_author(quarter, victims_lead):
    QuerySet.update(Quarter.objects.filter(pk=quarter.pk), overview_author=victims_lead)
    stored = reopen_for(victims_lead, quarter, overview=True)
    assert (stored.overview_status, stored.overview_approved_at) == (UpdateStatus.IN_PROGRESS, None)
    assert Quarter.objects.filter(pk=quarter.pk).editable_by(victims_lead).exists()
    assert set(quarter.updates.values_list("status", flat=True)) == {UpdateStatus.CLOSED}


def test_an_overview_that_was_not_reopened_is_not_written(reopened, manager):
    with (
        pytest.raises(Refused, match="The overview of Q1 2022/23 is closed and can't be edited"),
        door(overview_of=[reopened], by=manager),
    ):
        pass


def test_my_updates_has_what_is_reopened_and_not_what_stays_closed(reopened, victims, victims_lead, trust_lead, client):
    assert [update.priority for update in updates_for(victims_lead)] == [victims]
    assert not updates_for(trust_lead).exists()


def test_others_with_a_part_in_it_are_told_on_its_page_that_it_is_not_theirs(client, reopened, victims, victims_lead):
    deputy = make_assignment(victims, make_person("deputy"), AssignmentRole.DEPUTY).person
    assert "is reopened for victims-lead alone, until" in page_text(client, deputy, f"{PRIORITY}update/")
    assert "Fill it in" not in page_text(client, deputy, PRIORITY)
    assert "is reopened for" not in page_text(client, victims_lead, f"{PRIORITY}update/")
    assert "Fill it in" in page_text(client, victims_lead, PRIORITY)


# The page


def ask(client, person, **typed):
    return said(post(client, person, act="reopen", **typed))


def test_the_page_reopens(client, quarter, victims, victims_lead, administrator):
    assert "What they may correct" in page_text(client, administrator)
    until = f"{day(7):%d/%m/%Y}"
    page = ask(client, administrator, for_=victims_lead.pk, what=victims.pk, until=until, reason=WHY)
    assert f"Q1 2022/23 is reopened for victims-lead until {day(7):%-d %B %Y}." in page
    assert f"Reopened for victims-lead until {day(7):%-d %B %Y}: {WHY}" in page
    assert of(victims).reopened_for == victims_lead


def test_the_page_tells_every_problem_and_keeps_what_was_typed(client, quarter, victims, trust_lead, administrator):
    page = ask(client, administrator)
    for told in (
        "Choose the person who corrects it.",
        "Choose at least one priority, or the overview.",
        "Give the last day on which it can be corrected.",
        "Say why it is reopened; the next version prints it.",
    ):
        assert told in page
    assert "<title>Error: " in page
    typed = {"what": victims.pk, "until": f"{day(7):%d/%m/%Y}", "reason": WHY}
    page = ask(client, administrator, for_=trust_lead.pk, **typed)
    assert "trust-lead fills in nothing of Victims are better supported" in page
    assert f">{WHY}</textarea>" in page.replace("> ", ">")
    assert "Choose somebody else." in ask(client, administrator, for_=99_999, **typed)
    assert "is not a date" in ask(client, administrator, for_=trust_lead.pk, **{**typed, "until": "soon"})


def test_a_manager_reads_the_page_and_is_refused_the_act(client, quarter, manager):
    page = page_text(client, manager)
    assert "An administrator can reopen it, for a named person." in page
    assert "<textarea" not in page
    assert post(client, manager, act="reopen").status_code == 403


def test_a_form_sent_twice_says_how_it_is_by_now(client, reopened, administrator):
    assert "Q1 2022/23 is open by now; look at this page again." in said(post(client, administrator, act="reopen"))


def test_the_page_gives_more_time(client, reopened, administrator):
    assert "Give the last day on which it can be corrected." in said(post(client, administrator, act="prolong"))
    told = said(post(client, administrator, act="prolong", until="01/01/2020"))
    assert "The last day is over already" in told
    page = said(post(client, administrator, act="prolong", until=f"{day(20):%d/%m/%Y}"))
    assert f"Q1 2022/23 is reopened until {day(20):%-d %B %Y}." in page
    close_for_real(reopened)
    assert "is closed by now" in said(post(client, administrator, act="prolong", until=f"{day(20):%d/%m/%Y}"))


def test_the_named_person_and_the_managers_are_told(reopened, manager, victims_lead):
    until = f"until {day(7):%-d %B %Y}, to correct “Victims are better supported”: {WHY}"
    assert {(n.person, n.text, n.path) for n in Notice.objects.all()} == {
        (victims_lead, f"Q1 2022/23 is reopened for you {until}", f"{PRIORITY}update/"),
        (manager, f"Q1 2022/23 is reopened for victims-lead {until}", "/2022-23-q1/"),
    }


# What is read meanwhile


def test_insiders_read_the_draft_and_everybody_else_the_version_that_stands(
    client, reopened, victims, victims_lead, trust_lead, manager, reader
):
    write(victims, victims_lead)
    for person in (victims_lead, manager):
        page = page_text(client, person, PRIORITY)
        assert "DRAFT" in page
        assert "Corrected." in page
        assert f"Reopened for victims-lead until {day(7):%-d %B %Y}: {WHY}" in page
        assert '<a href="/2022-23-q1/versions/1/">Version 1</a>' in page
        assert "stands until the quarter is closed again." in page
    for person in (trust_lead, reader):
        for path in (PRIORITY, "/2022-23-q1/", "/2022-23-q1/print/"):
            page = page_text(client, person, path)
            assert "DRAFT" not in page
            assert "This version is being corrected; it stands until the quarter is closed again." in page
            assert "Corrected." not in page
        assert "Going well." in page_text(client, person, PRIORITY)


def test_an_insider_reads_what_stays_closed_and_the_overview(client, reopened, victims_lead):
    assert "Slowly." in page_text(client, victims_lead, OTHERS)
    assert "What the quarter was like." in page_text(client, victims_lead, "/2022-23-q1/")


def test_an_author_of_the_overview_is_an_insider_only_while_it_is_reopened(quarter, victims, victims_lead, reader):
    QuerySet.update(Quarter.objects.filter(pk=quarter.pk), overview_author=reader)
    stored = reopen_for(victims_lead, quarter, victims)
    assert report_of(stored, reader).status == "closed"
    close_for_real(stored)
    assert report_of(reopen_for(reader, quarter, overview=True), reader).status == "open"


def test_what_was_closed_before_reports_were_frozen_is_kept_when_it_is_reopened(victims, victims_lead, reader, client):
    quarter = make_quarter()
    make_full_update(victims, quarter)
    close(quarter)
    stored = reopen_for(victims_lead, quarter, victims)
    write(victims, victims_lead)
    report = report_of(stored, reader)
    assert (report.status, report.closing.version, report.priorities[0].narrative) == ("closed", 1, "Going well.")
    assert "this is how it stood when it was reopened" in page_text(client, reader, "/2022-23-q1/")
    close_for_real(stored)
    assert read(newest(stored)).priorities[0].narrative == "Corrected."


# Closing again


def test_closing_again_makes_the_next_version_and_both_stay_readable(
    client, reopened, victims, victims_lead, administrator, manager, reader
):
    write(victims, victims_lead)
    page = page_text(client, administrator)
    assert "1 of 3 not approved" in page
    approve(of(victims), by=manager)
    assert "Everything is approved" in page_text(client, administrator)
    closed = close_quarter(fresh(reopened), by=administrator, seen=seen(reopened))
    assert closed.version == 2
    report = read(closed)
    assert [(part.was, part.approved_by) for part in report.priorities] == [("approved", "manager")] * 2
    assert (report.closing.overview_was, report.closing.corrects, report.unapproved) == ("approved", WHY, [])
    stored = fresh(reopened)
    assert (stored.reopened_for, stored.reopened_until, stored.reopened_reason) == (None, None, "")
    assert not stored.updates.exclude(reopened_until=None).exists()
    page = page_text(client, reader, "/2022-23-q1/")
    assert f"It corrects version 1: {WHY}" in page
    assert "Corrected." in page_text(client, reader, PRIORITY)
    first = page_text(client, reader, "/2022-23-q1/versions/1/")
    assert "Going well." in first
    assert "This version was replaced:" in first
    second = page_text(client, reader, "/2022-23-q1/versions/2/")
    assert "Corrected." in second
    assert "was replaced" not in second
    assert Notice.objects.filter(text__startswith="Q1 2022/23 is closed again, as version 2;").count() == 3


def test_what_was_not_approved_at_first_still_needs_a_reason(victims, trust, victims_lead, trust_lead, administrator):
    quarter = make_quarter()
    make_full_update(victims, quarter)
    make_update(trust, quarter)
    close_for_real(quarter)
    reopen_for(victims_lead, quarter, victims)
    approve(of(victims))
    told = "without the approval of “Trust and confidence increases” and the overview"
    with pytest.raises(Refused, match=told):
        close_quarter(fresh(quarter), by=administrator)
    closed = close_quarter(fresh(quarter), by=administrator, reason="As before.")
    assert [part.was for part in read(closed).priorities] == ["approved", "in_progress"]


def test_a_reopened_quarter_is_compared_and_its_versions_say_why_there_is_another(
    client, victims, victims_lead, administrator
):
    quarter = make_quarter()
    make_update(victims, quarter, narrative="Going well.")
    close_for_real(quarter)
    reopen_for(victims_lead, quarter, victims)
    write(victims, victims_lead)
    page = page_text(client, administrator, "/2022-23-q1/closing/")
    assert '<a href="?compare">Compare it with what the data say now</a>' in page
    assert page.count("The board meets on Monday.") == 1  # in the table, not typed in already
    compared = page_text(client, administrator, "/2022-23-q1/closing/?compare")
    assert "<h1>Closing Q1 2022/23</h1>" in compared
    assert "1 difference between the closed report and what the data say now" in compared
    close_for_real(quarter)
    assert f'data-label="Reopened before">{WHY}</td>' in page_text(client, administrator, "/2022-23-q1/closing/")


def test_a_reopened_update_says_until_when_and_why_and_a_closed_one_no_date(client, quarter, victims, victims_lead):
    QuerySet.update(Quarter.objects.all(), due_on=dt.date(2022, 7, 28))
    here = f"{PRIORITY}update/"
    assert "late" not in page_text(client, victims_lead, here).split("</header>")[0]
    reopen_for(victims_lead, quarter, victims)
    told = f"Reopened until {day(7):%-d %B %Y}: {WHY}"
    for path in (here, f"{here}ratings/", "/my-updates/?all=1"):
        assert told in page_text(client, victims_lead, path), path
        assert " late" not in page_text(client, victims_lead, path), path


def test_what_is_reopened_is_submitted_as_usual(reopened, victims, victims_lead):
    with door(of(victims), by=victims_lead):
        stored = of(victims)
        stored.finance_note = stored.ratings_note = "As agreed."
        stored.spend = stored.capability = "G"
        stored.save()
        for rows in (stored.readings, stored.assessments, stored.goalforecasts, stored.financialpositions):
            for row in rows.all():
                row.confirmed = True
                if hasattr(row, "explanation"):
                    row.explanation = "More calls"
                row.save()
    assert submit(of(victims), by=victims_lead).status == UpdateStatus.SUBMITTED


def test_nobody_else_submits_what_is_reopened(reopened, victims, administrator):
    deputy = make_assignment(victims, make_person("deputy"), AssignmentRole.DEPUTY).person
    until = f"{day(7):%-d %B %Y}"
    told = f"{victims}, Q1 2022/23 is reopened for victims-lead alone, until {until}; ask them, or an administrator."
    for person in (deputy, administrator):
        with pytest.raises(Refused) as refused:
            submit(of(victims), by=person)
        assert str(refused.value) == told
    assert of(victims).status == "in_progress"


def test_the_review_of_what_was_reopened_shows_what_changed_since_it_was_closed(
    client, reopened, victims, victims_lead, manager
):
    write(victims, victims_lead)
    set_status(of(victims), UpdateStatus.SUBMITTED)
    page = page_text(client, manager, f"{PRIORITY}update/review/")
    assert f"Reopened: {WHY}" in page
    assert "1 line changed since:" in page


def test_the_check_of_a_reopened_quarter_is_of_the_version_that_stands(reopened, capsys):
    call_command("check_closed", "2022-23-q1")
    assert "Q1 2022/23 is reopened; version 1 stands." in capsys.readouterr().out
    with pytest.raises(CommandError):
        call_command("report", "2022-23-q1", closed_version=2)


# Spreadsheets


def workbook():
    head = ["Quarter", "Priority", "Narrative"]
    return [Sheet("Priorities", [head, ["Q1 2022/23", "Victims are better supported", "From the workbook."]])]


def test_a_workbook_changes_nothing_of_a_closed_quarter(quarter, victims, administrator):
    planned = plan_import(workbook(), by=administrator)
    assert any("is closed" in problem for problem in planned.problems), planned.problems
    with pytest.raises(Refused):
        apply_import(planned, source="spreadsheet")
    assert of(victims).narrative == "Going well."


def test_a_workbook_obeys_for_whom_a_quarter_is_reopened(reopened, victims, victims_lead, administrator):
    planned = plan_import(workbook(), by=administrator)
    assert any("is reopened for victims-lead alone" in problem for problem in planned.problems), planned.problems
    apply_import(plan_import(workbook(), by=victims_lead), source="spreadsheet")
    assert of(victims).narrative == "From the workbook."


# At once


@pytest.mark.django_db(transaction=True)
def test_of_two_reopenings_at_once_one_reopens(quarter, victims, trust, victims_lead, trust_lead, administrator):
    def act(person, priority):
        return lambda: reopen(
            fresh(quarter), by=administrator, for_=person, until=day(7), reason=WHY, priorities=[priority]
        )

    outcomes = at_once(act(victims_lead, victims), act(trust_lead, trust))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "Refused"]
    open_ones = QuarterlyUpdate.objects.filter(status=UpdateStatus.IN_PROGRESS)
    assert [update.reopened_for for update in open_ones] == [fresh(quarter).reopened_for]
    assert ClosedReport.objects.count() == 1


def test_closing_again_leaves_what_was_not_reopened_as_it_was_closed(
    quarter, victims, trust, victims_lead, administrator
):
    trust.title = "Renamed since"
    trust.save()
    reopen_for(victims_lead, quarter, victims, by=administrator)
    write(victims, victims_lead)
    close_for_real(quarter, by=administrator)
    first, second = (read(closed) for closed in ClosedReport.objects.filter(quarter=quarter).order_by("version"))
    assert second.priorities[1] == first.priorities[1]
    assert second.priorities[1].title == "Trust and confidence increases"
    assert second.priorities[0].narrative == "Corrected."
    assert second.overview == first.overview


def test_the_notice_of_a_reopened_overview_leads_to_it(quarter, manager, administrator):
    reopen_for(manager, quarter, by=administrator, overview=True)
    notices = {notice.path for notice in Notice.objects.filter(person=manager)}
    assert notices == {"/2022-23-q1/overview/"}


@pytest.mark.parametrize("page", ["", "victims-are-better-supported/", "print/", "changes/", "year/", "progress/"])
def test_pages_of_a_reopened_quarter_take_at_most_12_queries(
    client, reopened, manager, page, django_assert_max_num_queries
):
    client.force_login(manager)
    with django_assert_max_num_queries(12):
        assert client.get(f"/2022-23-q1/{page}").status_code == 200
