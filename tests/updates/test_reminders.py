"""Reminders: only to those with something outstanding, of what is theirs, with links, once a day."""

import datetime as dt
import re
import time
from io import StringIO

import pytest
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from priorities.models import AssignmentRole, Person, Quarter, QuarterlyUpdate, Role, Section
from priorities.periods import Period
from tests.make import (
    close,
    door,
    make_assignment,
    make_full_update,
    make_person,
    make_priority,
    make_quarter,
    make_update,
    set_status,
    with_role,
)
from tests.priorities.test_races import at_once
from tests.updates.smtp import nobody_there, smtp
from updates.models import Comment, Notice, NoticeKind, Reminder, SignOff
from updates.notices import notify
from updates.reminding import Reminded, due_today, falls_today, outstanding, remind

pytestmark = pytest.mark.django_db

HERE = "/2022-23-q1/victims-are-better-supported/update/"
NAME = "Victims are better supported, Q1 2022/23"
SITE = "http://localhost:8000"
CONTRIBUTOR, DEPUTY, SIGNATORY = AssignmentRole.CONTRIBUTOR, AssignmentRole.DEPUTY, AssignmentRole.SIGNATORY
GREEN = dict.fromkeys(("objectives", "time", "spend", "capability", "risk"), "G")


@pytest.fixture
def lead(victims_lead):
    return with_address(victims_lead)


@pytest.fixture
def boss(manager):
    return with_address(manager)


@pytest.fixture
def update(victims, lead):
    """Three rows of each kind, none confirmed; due in three days."""
    update = make_full_update(victims, make_quarter())
    due(update, 3)
    return update


def with_address(person):
    person.email = f"{person.username}@example.org"
    person.save()
    return person


def somebody(username, **kwargs):
    return make_person(username, email=f"{username}@example.org", **kwargs)


def today(days=0):
    return timezone.localdate() + dt.timedelta(days)


def due(update, days):
    """Let the quarter of an update be due in so many days."""
    QuerySet.update(Quarter.objects.filter(pk=update.quarter_id), due_on=today(days))


def put(update, **kwargs):
    QuerySet.update(QuarterlyUpdate.objects.filter(pk=update.pk), **kwargs)


def asked(update, *overviews):
    """What is asked of whom: texts and addresses by name."""
    found = outstanding([update], overviews)
    return {str(p): [(t.text, t.path) for t in things] for p, things in found.items()}


def links(mail):
    """The addresses in a mail, but that of the tracker itself."""
    return re.findall(rf"{SITE}(/\S+)", mail.body)


def run(*arguments, site="https://tracker.example"):
    """The daily run: what it printed, what it complained of, and its exit code."""
    out, err, code = StringIO(), StringIO(), 0
    try:
        with override_settings(SITE_URL=site):
            call_command("send_reminders", *arguments, stdout=out, stderr=err)
    except SystemExit as error:
        code = error.code
    return out.getvalue().splitlines(), err.getvalue().splitlines(), code


# What is whose


def test_a_lead_is_asked_for_every_section_and_to_submit(update):
    assert asked(update) == {
        "victims-lead": [
            ("Ratings and narrative: 3 to do", f"{HERE}ratings/"),
            ("Finance: 1 to do", f"{HERE}finance/"),
            ("Indicators: 3 to do", f"{HERE}indicators/"),
            ("Risks and issues: 3 to do", f"{HERE}risks/"),
            ("Goals: 3 to do", f"{HERE}goals/"),
            ("Then check and submit it", f"{HERE}check/"),
        ]
    }


def test_of_what_is_complete_only_submitting_is_asked(victims, lead):
    update = make_update(victims, narrative="Well.", finance_note="None.", **GREEN)
    assert asked(update) == {"victims-lead": [("Everything is filled in: check and submit it", f"{HERE}check/")]}


def test_what_was_sent_back_is_asked_for_again(update):
    set_status(update, "sent_back")
    assert "victims-lead" in asked(update)


def test_contributors_are_asked_for_their_sections_and_rows_only(update, victims):
    make_assignment(victims, make_person("finance"), CONTRIBUTOR, section="finance")
    analyst = make_assignment(victims, make_person("analyst"), CONTRIBUTOR).person
    make_assignment(victims, make_person("idle"), CONTRIBUTOR)
    indicator = update.readings.first().indicator
    indicator.holder = analyst
    indicator.save()
    found = asked(update)
    assert found["finance"] == [("Finance: 1 to do", f"{HERE}finance/")]
    assert found["analyst"] == [("Indicators: 1 to do", f"{HERE}indicators/")]
    assert "idle" not in found
    assert ("Finance: 1 to do, held by finance", f"{HERE}finance/") in found["victims-lead"]


def test_a_contributor_whose_part_is_complete_is_not_written_to(update, victims):
    make_assignment(victims, make_person("finance"), CONTRIBUTOR, section="finance")
    with door(update):
        position = update.financialpositions.get()
        position.confirmed = True
        position.save()
    assert set(asked(update)) == {"victims-lead"}


def test_deputies_are_asked_while_they_are_deputies(update, victims):
    make_assignment(victims, make_person("now"), DEPUTY)
    make_assignment(victims, make_person("later"), DEPUTY, starts_on=today(1))
    make_assignment(victims, make_person("over"), DEPUTY, ends_on=today(-1))
    assert set(asked(update)) == {"victims-lead", "now"}


def test_somebody_with_two_parts_is_asked_for_each_thing_once(update, victims, lead):
    make_assignment(victims, lead, CONTRIBUTOR, section="finance")
    make_assignment(victims, lead, DEPUTY)
    assert len(asked(update)["victims-lead"]) == 6


def test_deactivated_people_are_not_asked(update):
    Person.objects.update(is_active=False)
    assert asked(update) == {}


@pytest.mark.parametrize("status", ["submitted", "in_review"])
def test_managers_are_asked_for_their_review_but_not_of_their_own(update, manager, status):
    author = with_role("author", Role.MANAGER)
    put(update, status=status, submitted_by=author)
    assert asked(update) == {"manager": [("Waiting for your review", f"{HERE}review/")]}


def test_signatories_are_asked_until_one_has_signed(update, victims):
    for name, section in (("director", ""), ("finance", "finance"), ("deputy-finance", "finance")):
        make_assignment(victims, make_person(name), SIGNATORY, section=section)
    assert "director" not in asked(update)
    set_status(update, "in_review")
    assert asked(update) == {
        "director": [("Waiting for your sign-off", f"{HERE}review/")],
        "finance": [("Waiting for your sign-off of finance", f"{HERE}review/")],
        "deputy-finance": [("Waiting for your sign-off of finance", f"{HERE}review/")],
    }
    signed = SignOff(update=update, signed_section="finance", by=Person.objects.get(username="finance"))
    signed.at = timezone.now()
    QuerySet.bulk_create(SignOff.objects.all(), [signed])
    assert set(asked(update)) == {"director"}


@pytest.mark.parametrize("status", ["approved", "closed"])
def test_of_what_is_approved_or_closed_nothing_is_asked(update, manager, status):
    comment(update, manager)
    set_status(update, status)
    assert asked(update) == {}


def comment(update, author, **kwargs):
    made = {"section": Section.GOALS, "subject": "Goal 1", "text": "Why?", **kwargs}
    return Comment.objects.create(update=update, author=author, **made)


def test_comments_are_asked_of_leads_until_answered_or_resolved(update, manager, lead):
    set_status(update, "in_review")
    first, second = comment(update, manager), comment(update, manager)
    assert asked(update)["victims-lead"] == [("2 comments to answer", f"{HERE}review/")]
    comment(update, manager, answers=first, text="Any news?")
    assert asked(update)["victims-lead"] == [("2 comments to answer", f"{HERE}review/")]
    comment(update, lead, answers=first, text="Because.")
    assert asked(update)["victims-lead"] == [("1 comment to answer", f"{HERE}review/")]
    second.resolved_by, second.resolved_at = manager, timezone.now()
    second.save()
    assert "victims-lead" not in asked(update)


def test_what_is_reopened_for_somebody_is_asked_of_them_alone_by_its_end(update, victims, administrator):
    make_assignment(victims, make_person("finance"), CONTRIBUTOR, section="finance")
    put(update, reopened_for=administrator, reopened_until=today(2))
    found = outstanding([update])
    assert {str(person) for person in found} == {"administrator"}
    assert {thing.due for thing in found[administrator]} == {today(2)}
    put(update, reopened_until=today(-1))
    assert outstanding([update]) == {}


def test_the_overview_is_asked_of_its_author_then_of_managers(update, manager):
    author, path = make_person("author"), "/2022-23-q1/overview/"
    quarter = make_quarter(overview_author=author)
    set_status(update, "approved")
    assert asked(update, quarter) == {"author": [("Write the overview and submit it", path)]}
    quarter.overview = "A good quarter."
    assert asked(update, quarter) == {"author": [("Submit the overview", path)]}
    quarter.overview_status, quarter.overview_submitted_by = "submitted", author
    assert asked(update, quarter) == {"manager": [("Waiting for your approval", path)]}
    quarter.overview_submitted_by = manager
    assert asked(update, quarter) == {}
    quarter.overview_status = "approved"
    assert asked(update, quarter) == {}


def test_the_overview_of_a_reopened_quarter_is_asked_of_whom_it_is_reopened_for(update, administrator):
    quarter = make_quarter(overview_author=make_person("author"))
    quarter.reopened_for, quarter.reopened_until = administrator, today(2)
    assert "author" not in asked(update, quarter)
    assert asked(update, quarter)["administrator"] == [("Write the overview and submit it", "/2022-23-q1/overview/")]


def test_the_overview_belongs_to_reminding_of_the_whole_quarter(update, trust, boss, mailoutbox):
    make_quarter(overview_author=boss)
    other = make_update(trust)
    remind([update], by=None)
    assert [mail.to for mail in mailoutbox] == [["victims-lead@example.org"]]
    remind([update, other], by=None)
    assert "/2022-23-q1/overview/" in links(mailoutbox[-1])


def test_an_approved_update_may_be_left_out_of_the_whole_quarter(update, trust, boss, mailoutbox):
    make_quarter(overview_author=boss)
    set_status(make_update(trust), "approved")
    assert boss in remind([update], by=None).sent


# The mail


def test_the_mail_says_what_is_due_when_and_where(update, mailoutbox):
    assert remind([update], by=None).told == ["Reminded victims-lead."]
    (mail,) = mailoutbox
    day, name = f"{today(3):%-d %B}", f"{NAME}\nDue {today(3):%-d %B %Y}, 3 days left"
    assert mail.to == ["victims-lead@example.org"]
    assert mail.subject == f"Q1 2022/23: 13 things to do, due {day}"
    assert mail.message()["Auto-Submitted"] == "auto-generated"
    assert mail.body.startswith(
        f"Hello victims-lead,\n\nThis is outstanding, and yours to do.\n\n{name}\n\n"
        f"Ratings and narrative: 3 to do\n{SITE}{HERE}ratings/\n\nFinance: 1 to do\n"
    )


def test_the_mail_names_who_asked(update, boss, mailoutbox):
    remind([update], by=boss)
    assert "\n\nmanager asks you for what is outstanding.\n\n" in mailoutbox[0].body
    assert Reminder.objects.get().by == boss


@pytest.mark.parametrize(
    ("days", "subject", "line"),
    [
        (3, "due {}", "3 days left"),
        (1, "due {}", "1 day left"),
        (0, "due today", "today"),
        (-1, "1 day late", "1 day late"),
        (-30, "30 days late", "30 days late"),
    ],
)
def test_the_mail_tells_the_days_left_or_late(update, mailoutbox, days, subject, line):
    due(update, days)
    remind([update], by=None)
    assert mailoutbox[0].subject.endswith(f" to do, {subject.format(f'{today(days):%-d %B}')}")
    assert f"Due {today(days):%-d %B %Y}, {line}\n" in mailoutbox[0].body


def test_one_thing_is_told_in_the_singular_and_without_a_date_where_there_is_none(update, boss, mailoutbox):
    set_status(update, "submitted")
    remind([update], by=None)
    assert mailoutbox[0].subject == "Q1 2022/23: 1 thing of yours is outstanding"
    assert "Due" not in mailoutbox[0].body


def test_several_updates_make_one_mail_with_the_first_date(update, lead, trust, mailoutbox):
    make_assignment(trust, lead)
    other = make_update(trust, make_quarter(Period(2022, 2), due_on=today(40)))
    remind([other, update], by=None)
    (mail,) = mailoutbox
    assert mail.subject == f"20 things to do, the first due {today(3):%-d %B}"
    assert mail.body.index(NAME) < mail.body.index("Trust and confidence increases, Q2 2022/23\nDue ")


def test_every_link_leads_its_reader_to_the_page(client, update, victims, lead, mailoutbox):
    make_assignment(victims, somebody("finance"), CONTRIBUTOR, section="finance")
    remind([update], by=None)
    assert len(mailoutbox) == 2
    for mail in mailoutbox:
        client.force_login(Person.objects.get(email=mail.to[0]))
        assert [client.get(path).status_code for path in links(mail)] == [200] * len(links(mail))
        assert links(mail)


def test_a_line_break_in_a_title_breaks_nothing(update, victims, mailoutbox):
    victims.title = "Victims\nBcc: all@example.org"
    victims.save()
    assert len(remind([update], by=None).sent) == 1
    assert mailoutbox[0].message()["Bcc"] is None


# Once a day, whoever asks


def test_nobody_is_reminded_twice_on_a_day_whoever_asks(update, boss, mailoutbox):
    assert remind([update], by=None).told == ["Reminded victims-lead."]
    again = remind([update], by=boss)
    assert (again.told, len(mailoutbox)) == (["Not reminded again today: victims-lead."], 1)
    assert again.already == (Person.objects.get(username="victims-lead"),)
    Reminder.objects.update(day=today(-1))
    assert remind([update], by=boss).told == ["Reminded victims-lead."]


def test_a_day_begins_at_midnight_in_london(update, monkeypatch, mailoutbox):
    def at(hour, minute, day=1):
        monkeypatch.setattr(timezone, "now", lambda: dt.datetime(2022, 7, day, hour, minute, tzinfo=dt.UTC))

    at(22, 59)
    remind([update], by=None)
    at(23, 1)  # one minute past midnight in summer
    remind([update], by=None)
    at(0, 30, day=2)
    remind([update], by=None)
    assert list(Reminder.objects.values_list("day", flat=True)) == [dt.date(2022, 7, 2), dt.date(2022, 7, 1)]
    assert len(mailoutbox) == 2


def test_who_asks_is_not_written_to(update, lead):
    assert remind([update], by=lead).told == ["Nobody has anything outstanding."]


def test_who_has_no_address_is_named(update):
    Person.objects.update(email="")
    outcome = remind([update], by=None)
    assert outcome.told == ["Not reminded, because no e-mail address is known: victims-lead."]
    assert not Reminder.objects.exists()


def test_nothing_outstanding_is_said(update, mailoutbox):
    set_status(update, "approved")
    assert remind([update], by=None).told == ["Nobody has anything outstanding."]
    assert remind([], by=None) == Reminded()
    assert mailoutbox == []


def test_all_that_can_be_told(victims_lead, manager, reader, administrator):
    told = Reminded((victims_lead, manager), (reader,), (administrator,), (manager, reader, administrator)).told
    assert told == [
        "Reminded victims-lead and manager.",
        "Not reminded again today: reader.",
        "Not reminded, because no e-mail address is known: administrator.",
        "Not reminded, because the mail server did not take the mail: manager, reader and administrator. "
        "Remind them again later.",
    ]


def test_a_server_that_is_down_leaves_everybody_to_be_reminded_again(update, boss, settings, mailoutbox):
    locmem = settings.EMAIL_BACKEND
    nobody_there(settings)
    outcome = remind([update], by=boss)
    told = "Not reminded, because the mail server did not answer: victims-lead. Remind them again later."
    assert outcome.told == [told]
    assert not Reminder.objects.exists()
    settings.EMAIL_BACKEND = locmem
    assert remind([update], by=boss).told == ["Reminded victims-lead."]


def test_a_refused_address_is_named_and_the_others_are_reminded(update, victims, settings):
    make_assignment(victims, somebody("deputy"), DEPUTY)
    with smtp(settings, refused={"deputy@example.org"}) as server:
        outcome = remind([update], by=None)
    refused = "Not reminded, because the mail server refused the address deputy@example.org: deputy."
    assert outcome.told == ["Reminded victims-lead.", f"{refused} Remind them again later."]
    assert [to for to, _ in server.taken] == ["victims-lead@example.org"]
    assert Reminder.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_several_who_remind_at_once_one_does(update, victims, mailoutbox, monkeypatch):
    make_assignment(victims, somebody("deputy"), DEPUTY)
    send = EmailMessage.send

    def slow(self, fail_silently=False):
        assert not connection.in_atomic_block
        time.sleep(0.1)
        return send(self, fail_silently)

    monkeypatch.setattr(EmailMessage, "send", slow)
    outcomes = at_once(*[lambda: remind([update], by=None)] * 4)
    assert sorted(str(person) for each in outcomes for person in each.sent) == ["deputy", "victims-lead"]
    assert sum(len(each.sent) + len(each.already) for each in outcomes) == 8
    assert sorted(mail.to[0] for mail in mailoutbox) == ["deputy@example.org", "victims-lead@example.org"]


@pytest.mark.django_db(transaction=True)
def test_nobody_is_reminded_inside_a_transaction(update, mailoutbox):
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        remind([update], by=None)
    assert mailoutbox == []


# The daily run


@pytest.mark.parametrize("days", range(-16, 6))
def test_the_days_of_reminding(days):
    assert falls_today(today(days)) == (days in {3, 0, -1, -8, -15})


def test_without_a_due_date_no_day_is_one():
    assert not falls_today(None)


def test_the_daily_run_reminds_and_the_second_of_a_day_writes_to_nobody(update, mailoutbox):
    assert run() == (["Reminded victims-lead: 6 things outstanding."], [], 0)
    assert run() == ([], [], 0)
    assert len(mailoutbox) == 1


@pytest.mark.parametrize("days", [4, 2, 1, -2])
def test_on_other_days_the_daily_run_is_quiet(update, mailoutbox, days):
    due(update, days)
    assert run() == ([], [], 0)
    assert mailoutbox == []


def test_an_extended_update_is_reminded_of_around_its_own_date(update, trust, trust_lead, mailoutbox):
    with_address(trust_lead)
    make_update(trust)
    put(update, due_on=today(20))
    assert run() == (["Reminded trust-lead: 3 things outstanding."], [], 0)


def test_the_overview_is_reminded_of_around_the_quarters_date(update, boss):
    make_quarter(overview_author=boss)
    put(update, due_on=today(20))
    assert run() == (["Reminded manager: 1 thing outstanding."], [], 0)


def test_closed_quarters_ask_nobody(update):
    close(update.quarter)
    assert due_today() == {}


def test_the_daily_run_mails_the_notices_that_wait(update, lead, boss, mailoutbox):
    put(update, due_on=today(20))
    for text in ("A comment.", "Another."):
        notify([lead], NoticeKind.COMMENTED, text, HERE)
    assert run() == (["Mailed victims-lead: 2 notices."], [], 0)
    assert run() == ([], [], 0)
    assert len(mailoutbox) == 1


def test_a_dry_run_tells_and_writes_to_nobody(update, victims, lead, mailoutbox):
    make_assignment(victims, make_person("deputy"), DEPUTY)
    notify([lead], NoticeKind.COMMENTED, "A comment.", HERE)
    assert run("--dry-run") == (
        [
            "Would remind victims-lead: 6 things outstanding.",
            "Would not remind deputy: no e-mail address is known.",
            "Would mail victims-lead: 1 notice.",
        ],
        [],
        0,
    )
    assert (mailoutbox, Reminder.objects.count(), Notice.objects.filter(mailed_at=None).count()) == ([], 0, 1)


def test_the_daily_run_names_who_could_not_be_mailed_and_fails(update, lead, boss, settings):
    notify([boss], NoticeKind.COMMENTED, "A comment.", HERE)
    locmem = settings.EMAIL_BACKEND
    nobody_there(settings)
    out, err, code = run()
    assert (out, code) == ([], 1)
    assert sorted(err) == [
        f"Not mailed: {name}; the mail server did not answer. Run this again." for name in ("manager", "victims-lead")
    ]
    settings.EMAIL_BACKEND = locmem
    assert run() == (["Reminded victims-lead: 6 things outstanding.", "Mailed manager: 1 notice."], [], 0)


def test_the_daily_run_names_who_has_no_address(update):
    Person.objects.update(email="")
    assert run() == (["Not reminded: victims-lead; no e-mail address is known."], [], 0)


def test_the_daily_run_tells_of_links_that_are_not_secure_where_it_mailed_any(update, mailoutbox):
    out, (told,), code = run(site="http://localhost:8000")
    assert told.startswith("Look at the links in these mails: SITE_URL is http://localhost:8000")
    assert (len(out), code) == (1, 0)
    assert run(site="http://localhost:8000") == ([], [], 0)


# Queries


@pytest.mark.parametrize("status", ["in_progress", "submitted"])
def test_what_is_outstanding_costs_the_same_for_3_people_and_for_30(status, django_assert_num_queries):
    quarter = make_quarter(due_on=today())
    counts = []
    for wanted in (3, 30):
        while QuarterlyUpdate.objects.count() < wanted:
            n = QuarterlyUpdate.objects.count()
            priority = make_priority(f"Priority {n}")
            update = set_status(make_full_update(priority, quarter, rows=1), status)
            make_assignment(priority, somebody(f"lead-{n}"))
            make_assignment(priority, somebody(f"finance-{n}"), CONTRIBUTOR, section="finance")
            make_assignment(priority, somebody(f"director-{n}"), SIGNATORY)
            comment(update, with_role(f"manager-{n}", Role.MANAGER))
        with CaptureQueriesContext(connection) as found:
            asked = due_today()
        counts.append((len(asked), len(found)))
    (few, queries), (many, same) = counts
    assert (few, many) == ((6, 60) if status == "in_progress" else (9, 90))
    assert queries == same <= 11  # two find the updates and overviews


def test_nobody_is_reminded_of_an_overview_whose_reopening_is_over(manager):
    over = timezone.localdate() - dt.timedelta(days=8)
    quarter = make_quarter(reopened_for=manager, reopened_until=over)
    assert outstanding([], [Quarter.objects.get(pk=quarter.pk)]) == {}


def test_for_a_log_the_daily_run_names_nobody(update, lead, mailoutbox):
    out, err, code = run("--verbosity", "0")
    assert (out, err, code) == (["1 reminded, 0 mailed, 0 not mailed, 0 without an address."], [], 0)
    assert len(mailoutbox) == 1
