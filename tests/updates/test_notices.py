"""Notices: one mail for all that waits, at once or with the next; a mail server that is down loses none."""

import datetime as dt
import re
import smtplib
import time

import pytest
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from priorities.models import AssignmentRole, Person, QuarterlyUpdate, Role
from tests.make import make_assignment, make_person, make_update, set_status, with_role
from tests.priorities.test_races import at_once
from tests.updates.smtp import nobody_there, silence, smtp
from updates.models import CLAIM_HOLDS, Notice, NoticeKind
from updates.notices import claim, notify, send_waiting, waiting_mail
from updates.submitting import extend, send_back, submit, withdraw

pytestmark = pytest.mark.django_db

HERE = "/2022-23-q1/victims-are-better-supported/update/"
NAME = "Victims are better supported, Q1 2022/23"
ALL = NoticeKind.values
SENT_BACK, COMMENTED = NoticeKind.SENT_BACK, NoticeKind.COMMENTED


@pytest.fixture
def ann(db):
    return make_person("ann", email="ann@example.org")


@pytest.fixture
def bob(db):
    return make_person("bob", email="bob@example.org")


@pytest.fixture
def act(django_capture_on_commit_callbacks):
    """Tell people of something in a transaction, and let happen what happens once it is committed."""

    def act(*people, kind=SENT_BACK, text="It was sent back.", path=HERE, **kwargs):
        with django_capture_on_commit_callbacks(execute=True):
            notify(people, kind, text, path, **kwargs)

    return act


@pytest.fixture
def update(victims):
    """One that passes the checks."""
    ratings = dict.fromkeys(("objectives", "time", "spend", "capability", "risk"), "G")
    return make_update(victims, narrative="Going well.", finance_note="No figures yet.", **ratings)


def waiting():
    return list(Notice.objects.filter(mailed_at=None).values_list("text", flat=True))


def down(monkeypatch, error=None):
    def fail(self, fail_silently=False):
        raise error or ConnectionRefusedError()

    monkeypatch.setattr(EmailMessage, "send", fail)


# One mail for all that waits


@pytest.mark.parametrize("kind", NoticeKind.prompt())
def test_a_prompt_notice_is_mailed_once_its_act_is_committed(ann, act, mailoutbox, kind):
    act(ann, kind=kind, text="Something happened.")
    (mail,) = mailoutbox
    assert (mail.to, mail.subject) == (["ann@example.org"], "Something happened")
    assert mail.body == (
        "Hello ann,\n\nSomething happened.\nhttp://localhost:8000/2022-23-q1/victims-are-better-supported/update/\n\n"
        "Quarterly performance tracker\nhttp://localhost:8000/\n"
        "This mail was written by the tracker. Answers to it are not read.\n"
    )
    assert waiting() == []


def test_comments_wait_and_come_with_the_next_prompt_notice(ann, act, mailoutbox):
    act(ann, kind=COMMENTED, text="Manager asks for the source.")
    act(ann, kind=COMMENTED, text="Manager asks for the date.")
    assert mailoutbox == []
    act(ann)
    (mail,) = mailoutbox
    assert mail.subject == "It was sent back, and 2 more"
    for text in ("Manager asks for the source.", "Manager asks for the date.", "It was sent back."):
        assert text in mail.body


def test_comments_that_nothing_follows_come_with_the_daily_run(ann, act, mailoutbox):
    act(ann, kind=COMMENTED, text="Manager asks for the source.")
    assert send_waiting(ALL).told == {ann: 1}
    assert [mail.subject for mail in mailoutbox] == ["Manager asks for the source"]
    assert send_waiting(ALL).told == {}


def test_a_digest_names_each_page_once_with_all_that_is_said_of_it_once(ann, act, mailoutbox):
    for text in ("The first.", "The second.", "The first."):
        act(ann, kind=COMMENTED, text=text)
    act(ann, path="/elsewhere/")
    (mail,) = mailoutbox
    assert mail.subject == "It was sent back, and 2 more"
    assert f"The first.\n\nThe second.\nhttp://localhost:8000{HERE}\n\nIt was sent back.\n" in mail.body


def test_one_act_with_several_notices_makes_one_mail(ann, bob, mailoutbox, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        notify([ann, ann], SENT_BACK, "It was sent back.", HERE)
        notify([ann, bob], NoticeKind.CLOSED, "It was closed.", HERE)
    assert sorted(mail.to[0] for mail in mailoutbox) == ["ann@example.org", "bob@example.org"]


def test_who_made_the_act_and_who_cannot_sign_in_are_told_nothing(ann, bob, act, mailoutbox):
    gone = make_person("gone", email="gone@example.org", is_active=False)
    act(ann, bob, gone, but=bob)
    assert [mail.to for mail in mailoutbox] == [["ann@example.org"]]
    assert Notice.objects.count() == 1


def test_who_is_deactivated_before_it_is_mailed_gets_nothing(ann, act, mailoutbox):
    act(ann, kind=COMMENTED)
    Person.objects.update(is_active=False)
    assert send_waiting(ALL).told == {}
    assert mailoutbox == []


def test_for_who_has_no_address_it_waits_until_they_have_one(ann, act, mailoutbox):
    Person.objects.update(email="")
    act(ann)
    assert (len(waiting()), waiting_mail()) == (1, "")
    Person.objects.update(email="ann@example.org")
    assert send_waiting(ALL).told == {ann: 1}


@pytest.mark.django_db(transaction=True)
def test_an_act_that_fails_tells_nobody(ann, mailoutbox):
    with pytest.raises(RuntimeError), transaction.atomic():
        notify([ann], SENT_BACK, "It was sent back.", HERE)
        raise RuntimeError
    assert (mailoutbox, Notice.objects.count()) == ([], 0)


def test_line_breaks_in_a_title_break_no_subject(ann, act, mailoutbox):
    act(ann, text="Victims\r\nBcc: all@example.org was sent back.")
    assert mailoutbox[0].subject == "Victims Bcc: all@example.org was sent back"
    assert mailoutbox[0].message()["Bcc"] is None


def test_long_sentences_are_wrapped_and_addresses_are_not(ann, act, mailoutbox):
    path = f"/2022-23-q1/{'a-very-long-title-' * 8}/update/"
    act(ann, text="word " * 60, path=path)
    lines = mailoutbox[0].body.splitlines()
    assert f"http://localhost:8000{path}" in lines
    assert max(len(line) for line in lines if not line.startswith("http")) <= 72
    assert len(mailoutbox[0].subject) <= 75


def test_a_long_subject_is_cut_after_a_word_and_says_first_what_was_done(ann, act, mailoutbox):
    title = "A better criminal justice service and system for everybody in London"
    act(ann, text=f"{title}, Q2 2022/23, was sent back by manager: Say more.")
    told = "Sent back: A better criminal justice service and system for everybody in…"
    assert mailoutbox[0].subject == told


def test_links_begin_with_the_address_set_whatever_the_host_header_says(ann, act, mailoutbox, settings):
    settings.SITE_URL = "https://tracker.example"
    act(ann)
    assert f"https://tracker.example{HERE}\n" in mailoutbox[0].body


def test_letters_are_plain(ann, act, mailoutbox):
    act(ann, text="“More” & O'Brien's <target>.")
    assert "“More” & O'Brien's <target>." in mailoutbox[0].body


# A mail server that is down


@pytest.mark.parametrize("error", [OSError("down"), smtplib.SMTPServerDisconnected(), TimeoutError()])
def test_a_server_that_is_down_loses_nothing_and_the_next_act_mails_all(ann, bob, act, mailoutbox, monkeypatch, error):
    down(monkeypatch, error)
    act(ann)
    act(ann, text="It was approved.", kind=NoticeKind.APPROVED)
    assert waiting() == ["It was sent back.", "It was approved."]
    monkeypatch.undo()
    act(bob, text="It was submitted.", kind=NoticeKind.SUBMITTED)
    assert {mail.to[0]: mail.subject for mail in mailoutbox} == {
        "ann@example.org": "It was sent back, and 1 more",
        "bob@example.org": "It was submitted",
    }
    assert (waiting(), waiting_mail()) == ([], "")


def test_a_server_that_is_down_is_mended_by_the_daily_run(ann, act, mailoutbox, monkeypatch):
    down(monkeypatch)
    act(ann)
    monkeypatch.undo()
    assert send_waiting(ALL).told == {ann: 1}
    assert len(mailoutbox) == 1


def test_a_server_that_is_not_there_is_asked_once_for_all(ann, bob, act, settings):
    nobody_there(settings)
    act(ann, bob)
    assert set(Notice.objects.values_list("failure", "claimed_at")) == {("the mail server did not answer", None)}


def test_an_act_with_several_notices_waits_for_a_silent_server_once(ann, settings, django_capture_on_commit_callbacks):
    with silence(settings):
        begun = time.monotonic()
        with django_capture_on_commit_callbacks(execute=True):
            for kind in NoticeKind.prompt():
                notify([ann], kind, "Something happened.", HERE)
        assert time.monotonic() - begun < 2 * settings.EMAIL_TIMEOUT


def test_an_address_that_is_refused_waits_and_the_others_are_mailed(ann, bob, act, settings):
    with smtp(settings, refused={"ann@example.org"}) as server:
        act(ann, bob)
    assert [to for to, _ in server.taken] == ["bob@example.org"]
    at = f"{timezone.localtime(Notice.objects.get(person=ann).failed_at):%H:%M}"
    told = f"1 mail could not be sent yet; the mail server refused the address ann@example.org at {at}."
    assert waiting_mail() == told


def test_administrators_are_told_how_many_mails_wait_and_since_when(ann, bob, act, monkeypatch):
    assert waiting_mail() == ""
    down(monkeypatch)
    act(ann, bob)
    act(bob)
    at = timezone.localtime().replace(hour=14, minute=32)
    Notice.objects.update(failed_at=at)
    assert waiting_mail() == "2 mails could not be sent yet; the mail server did not answer at 14:32."
    Notice.objects.update(failed_at=at - dt.timedelta(days=1))
    day = f"{at - dt.timedelta(days=1):%-d %B}"
    assert waiting_mail() == f"2 mails could not be sent yet; the mail server did not answer on {day} at 14:32."


def test_the_sentence_for_administrators_costs_one_query(act, monkeypatch):
    down(monkeypatch)
    act(*(make_person(f"p{n}", email=f"p{n}@example.org") for n in range(30)))
    with CaptureQueriesContext(connection) as found:
        assert waiting_mail().startswith("30 mails could not be sent yet")
    assert len(found) == 1


def test_the_page_of_an_act_succeeds_while_the_server_is_down(
    client, victims_lead, manager, update, monkeypatch, django_capture_on_commit_callbacks
):
    Person.objects.filter(pk=victims_lead.pk).update(email="lead@example.org")
    set_status(update, "submitted")
    client.force_login(manager)
    down(monkeypatch)
    with django_capture_on_commit_callbacks(execute=True):
        sent = client.post(f"{HERE}move/send-back/", {"send_back_form-reason": "Mend the note"}, follow=True)
    page = sent.content.decode()
    assert f"{NAME} is sent back." in page
    assert "There is a problem" not in page
    assert waiting() == [f"{NAME}, was sent back by manager: Mend the note"]


# Several processes


@pytest.mark.django_db(transaction=True)
def test_of_several_who_mail_at_once_one_mails_each_notice(mailoutbox, monkeypatch):
    people = [make_person(f"p{n}", email=f"p{n}@example.org") for n in range(3)]
    notify(people, COMMENTED, "A comment.", HERE)
    notify(people, COMMENTED, "Another.", HERE)
    slowly(monkeypatch)
    told = at_once(*[lambda: send_waiting(ALL)] * 4)
    assert sorted(count for each in told for count in each.told.values()) == [2, 2, 2]
    assert sorted(mail.to[0] for mail in mailoutbox) == [f"p{n}@example.org" for n in range(3)]
    assert waiting() == []


@pytest.mark.django_db(transaction=True)
def test_of_several_acts_at_once_every_notice_is_mailed_once(mailoutbox, monkeypatch):
    ann = make_person("ann", email="ann@example.org")
    slowly(monkeypatch)

    def one(n):
        def act():
            with transaction.atomic():
                notify([ann], SENT_BACK, f"Number {n} was sent back.", f"/{n}/")

        return act

    assert at_once(*map(one, range(6))) == [None] * 6
    told = [text for mail in mailoutbox for text in re.findall(r"Number \d was sent back\.", mail.body)]
    assert sorted(told) == [f"Number {n} was sent back." for n in range(6)]
    assert waiting() == []


def slowly(monkeypatch):
    """Sending takes a moment, in which no transaction is open."""
    send = EmailMessage.send

    def slow(self, fail_silently=False):
        assert not connection.in_atomic_block
        time.sleep(0.1)
        return send(self, fail_silently)

    monkeypatch.setattr(EmailMessage, "send", slow)


@pytest.mark.django_db(transaction=True)
def test_who_dies_between_claiming_and_mailing_loses_nothing(mailoutbox, monkeypatch):
    ann = make_person("ann", email="ann@example.org")
    notify([ann], COMMENTED, "A comment.", HERE)
    down(monkeypatch, SystemExit())
    with pytest.raises(SystemExit):
        send_waiting(ALL)
    monkeypatch.undo()
    assert send_waiting(ALL).told == {}  # it may still be on its way
    Notice.objects.update(claimed_at=timezone.now() - CLAIM_HOLDS - dt.timedelta(seconds=1))
    assert send_waiting(ALL).told == {ann: 1}
    assert len(mailoutbox) == 1


@pytest.mark.django_db(transaction=True)
def test_nothing_is_mailed_inside_a_transaction(mailoutbox):
    ann = make_person("ann", email="ann@example.org")
    notify([ann], COMMENTED, "A comment.", HERE)
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        send_waiting(ALL)
    assert mailoutbox == []


@pytest.mark.django_db(transaction=True)
def test_what_one_process_claims_another_passes_by():
    ann = make_person("ann", email="ann@example.org")
    notify([ann], COMMENTED, "A comment.", HERE)
    claimed = at_once(*[lambda: len(claim(ann))] * 4)
    assert sorted(claimed) == [0, 0, 0, 1]


# The acts that tell


def told():
    return {(n.person.username, n.kind, n.text, n.path) for n in Notice.objects.select_related("person")}


def test_submitting_tells_each_manager_and_each_signatory_once_but_not_who_did(update, victims, victims_lead, manager):
    both = with_role("both", Role.MANAGER)
    make_assignment(victims, both, AssignmentRole.SIGNATORY)
    make_assignment(victims, both, AssignmentRole.SIGNATORY, section="finance")
    with_role("left", Role.MANAGER).__class__.objects.filter(username="left").update(is_active=False)
    submit(update, by=victims_lead)
    begin = f"{NAME}, was submitted by victims-lead and waits for your"
    assert told() == {
        ("manager", "submitted", f"{begin} review.", f"{HERE}review/"),
        ("both", "submitted", f"{begin} sign-off.", f"{HERE}review/"),
    }
    assert Notice.objects.count() == 2


def test_a_manager_who_submits_is_not_told_of_it(update, victims, manager):
    make_assignment(victims, manager)
    submit(update, by=manager)
    assert told() == set()


def test_sending_back_tells_leads_deputies_and_who_submitted_it_why(update, victims, victims_lead, administrator):
    make_assignment(victims, make_person("deputy"), AssignmentRole.DEPUTY)
    make_assignment(victims, make_person("analyst"), AssignmentRole.CONTRIBUTOR, section="finance")
    submit(update, by=administrator)
    manager = with_role("manager", Role.MANAGER)
    send_back(update, by=manager, reason="The note names last quarter.")
    text = f"{NAME}, was sent back by manager: The note names last quarter."
    people = ("victims-lead", "deputy", "administrator")
    assert told() == {(person, "sent_back", text, HERE) for person in people}


def test_more_time_is_told_to_leads_and_deputies(autumn, update, victims, victims_lead, manager):
    extend(update, by=manager, due_on=dt.date(2022, 11, 30), reason="Late data")
    text = f"{NAME}, is due on 30 November 2022 now: Late data"
    assert told() == {("victims-lead", "extended", text, HERE)}


def test_a_refused_act_tells_nobody(update, victims_lead, manager):
    with pytest.raises(Exception, match="can't be withdrawn"):
        withdraw(update, by=victims_lead)
    with pytest.raises(Exception, match="can't be sent back"):
        send_back(update, by=manager, reason="No")
    assert QuarterlyUpdate.objects.get().status == "in_progress"
    assert told() == set()
