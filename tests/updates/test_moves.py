"""The moves of an update: who may make which, from where, and what people are told; the receipt and the mailed copy."""

import datetime as dt
import re
from html import unescape
from smtplib import SMTPException

import pytest
from django.core.mail import EmailMessage
from django.db.models import QuerySet
from django.utils import timezone

from priorities.door import Refused
from priorities.history import ChangeSet
from priorities.models import AssignmentRole, Person, QuarterlyUpdate, Section, UpdateStatus
from tests.make import (
    door,
    make_assessment,
    make_assignment,
    make_forecast,
    make_person,
    make_position,
    make_reading,
    make_update,
    set_status,
)
from tests.priorities.test_races import at_once
from updates.submitting import NotReady, begin_review, extend, send_back, submit, withdraw

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("autumn")]

HERE = "/2022-23-q1/victims-are-better-supported/update/"
CHECK, RECEIPT = f"{HERE}check/", f"{HERE}submitted/"
NAME = "Victims are better supported, Q1 2022/23"
LATER = dt.date(2022, 11, 30)

LEADS, MANAGERS = {"lead", "deputy", "administrator"}, {"manager", "administrator"}
INSIDERS = LEADS | MANAGERS | {"contributor", "contributor of all"}
OPEN = {"in_progress", "sent_back"}
LOCKED = {"submitted", "in_review", "approved", "closed"}

# Each move: who may make it, the states it is made from and the one it leads to, and how a refusal names it.
TABLE = {
    "submit": (LEADS, OPEN, "submitted", "submitted"),
    "withdraw": (LEADS, {"submitted"}, "in_progress", "withdrawn"),
    "review": (MANAGERS, {"submitted"}, "in_review", "taken into review"),
    "send-back": (MANAGERS, {"submitted", "in_review", "approved"}, "sent_back", "sent back"),
    "extend": (MANAGERS, OPEN, None, "given more time"),
}
ACTS = {
    "submit": submit,
    "withdraw": withdraw,
    "review": begin_review,
    "send-back": lambda update, by: send_back(update, by=by, reason="Mend the note"),
    "extend": lambda update, by: extend(update, by=by, due_on=LATER, reason="Late data"),
}
TYPED = {
    "send-back": {"send_back_form-reason": "Mend the note"},
    "extend": {"extend_form-due_on": "30/11/2022", "extend_form-reason": "Late data"},
}
HELP_FOR_LEADS = {
    "submitted": "; its lead can withdraw it, or a manager send it back",
    "in_review": "; a manager has to send it back first",
    "approved": "; a manager has to send it back first",
    "closed": "; an administrator has to reopen the quarter first",
}
EVERY = [pytest.param(verb, status.value, id=f"{verb}-{status.value}") for verb in TABLE for status in UpdateStatus]


def refusal(verb, who, status):
    """The sentence that this person is told; None where the move is theirs to make."""
    allowed, sources, _, done = TABLE[verb]
    if who not in allowed:
        helper = "its lead, a deputy or an administrator" if allowed == LEADS else "managers and administrators"
        return f"{NAME} can be {done} by {helper} only; ask one of them."
    if status not in sources:
        help_ = HELP_FOR_LEADS.get(status, "") if allowed == LEADS else ""
        return f"{NAME} is {status.replace('_', ' ')} and can't be {done} now{help_}."
    return None


@pytest.fixture
def update(victims):
    """One that passes the checks: no row that lacks anything, every rating green, a narrative, a finance note."""
    ratings = dict.fromkeys(("objectives", "time", "spend", "capability", "risk"), "G")
    return make_update(victims, narrative="Going well.", finance_note="No figures yet.", **ratings)


@pytest.fixture
def people(victims, victims_lead, trust_lead, manager, administrator, reader):
    of_all = make_person("of-all")
    for section in Section.values:
        make_assignment(victims, of_all, AssignmentRole.CONTRIBUTOR, section=section)
    finance = make_assignment(victims, make_person("finance"), AssignmentRole.CONTRIBUTOR, section="finance").person
    return {
        "lead": victims_lead,
        "deputy": make_assignment(victims, make_person("deputy"), AssignmentRole.DEPUTY).person,
        "contributor": finance,
        "contributor of all": of_all,
        "lead of another": trust_lead,
        "manager": manager,
        "administrator": administrator,
        "reader": reader,
        "nobody": make_person("nobody"),
    }


@pytest.fixture
def mailed(update, victims_lead):
    """The lead has an address, and the update a row of every kind."""
    Person.objects.filter(pk=victims_lead.pk).update(email="lead@example.org")
    make_reading(update, confirmed=True)
    make_position(update, confirmed=True)
    make_assessment(update, confirmed=True, explanation="More calls")
    make_forecast(update, confirmed=True, comment="On its way")
    return update


def put(update, status):
    """Into a state, as the move to it would: what was submitted has the moment that it was."""
    submitted_at = timezone.now() if status in LOCKED else None
    QuerySet.update(QuarterlyUpdate.objects.filter(pk=update.pk), submitted_at=submitted_at, due_on=None, due_reason="")
    set_status(update, status)
    return QuarterlyUpdate.objects.get(pk=update.pk)


def state(update):
    return QuarterlyUpdate.objects.filter(pk=update.pk).values().get(), ChangeSet.objects.count()


def text(response):
    return re.sub(r"\s+", " ", unescape(response.content.decode()))


def send(client, person, verb, follow=False, **typed):
    client.force_login(person)
    path = CHECK if verb == "submit" else f"{HERE}move/{verb}/"
    return client.post(path, typed or TYPED.get(verb, {}), follow=follow)


# The table


@pytest.mark.parametrize(("verb", "status"), EVERY)
def test_a_move_is_made_by_those_who_may_from_where_it_may_and_refused_in_words(people, update, verb, status):
    for who, person in people.items():
        stored = put(update, status)
        before, refused = state(update), refusal(verb, who, status)
        if refused is None:
            ACTS[verb](stored, by=person)
            assert QuarterlyUpdate.objects.get().status == (TABLE[verb][2] or status), who
            continue
        with pytest.raises(Refused) as caught:
            ACTS[verb](stored, by=person)
        assert str(caught.value) == refused, who
        assert state(update) == before, who


@pytest.mark.parametrize(("verb", "status"), [each for each in EVERY if each.values[0] != "submit"])
def test_a_move_by_its_address_is_the_same_and_a_refusal_is_told(client, people, update, verb, status):
    for who, person in people.items():
        put(update, status)
        before, refused = state(update), refusal(verb, who, status)
        response = send(client, person, verb, follow=True)
        if refused is None:
            assert response.redirect_chain == [(HERE, 302)], who
            assert QuarterlyUpdate.objects.get().status == (TABLE[verb][2] or status), who
            continue
        if who in INSIDERS:
            assert refused in text(response), who
        else:
            assert response.status_code == 403, who
            assert f"{NAME} is not yours to fill in." in text(response), who
        assert state(update) == before, who


@pytest.mark.parametrize("status", UpdateStatus.values)
def test_submitting_by_its_address_is_the_same_and_a_refusal_is_told(client, people, update, status):
    for who, person in people.items():
        put(update, status)
        before = state(update)
        response = send(client, person, "submit", follow=True)
        if who not in LEADS:
            assert response.status_code == 403, who
            assert NAME in text(response), who
        elif status in OPEN:
            assert response.redirect_chain == [(RECEIPT, 302)], who
            assert QuarterlyUpdate.objects.get().status == "submitted", who
            continue
        else:
            assert "It was submitted already, at " in text(response), who
        assert state(update) == before, who


@pytest.mark.parametrize("status", ["approved", "closed"])
def test_what_was_never_submitted_here_and_is_locked_says_why_it_cannot_be(client, victims_lead, update, status):
    set_status(update, status)  # as an import leaves it
    page = text(send(client, victims_lead, "submit"))
    assert "<title>Error: Check and submit" in page
    assert refusal("submit", "lead", status) in page


@pytest.mark.parametrize("verb", ["withdraw", "review", "send-back", "extend"])
def test_a_move_is_not_made_by_reading_its_address(client, administrator, update, verb):
    put(update, "submitted" if verb != "extend" else "in_progress")
    before = state(update)
    client.force_login(administrator)
    assert client.get(f"{HERE}move/{verb}/").url == HERE
    assert state(update) == before


def test_who_was_signed_out_before_a_move_is_told_and_lands_on_the_update(client, victims_lead, update):
    put(update, "submitted")
    asked = client.post(f"{HERE}move/withdraw/", follow=True)
    assert "You were signed out before it was sent; nothing was changed." in text(asked)
    there, _ = asked.redirect_chain[-1]
    back = client.post(there, {"username": "victims-lead", "password": "quarterly-demo"}, follow=True)
    assert [url for url, _ in back.redirect_chain] == [f"{HERE}move/withdraw/", HERE]
    update.refresh_from_db()
    assert (back.status_code, update.status) == (200, "submitted")


@pytest.mark.parametrize("verb", ["submit", "approve", "close", "send-back-"])
def test_a_move_that_is_not_there_is_a_404(client, administrator, update, verb):
    client.force_login(administrator)
    assert client.post(f"{HERE}move/{verb}/").status_code == 404


@pytest.mark.parametrize("verb", ["send-back", "extend"])
@pytest.mark.parametrize("who", ["lead", "contributor"])
def test_who_may_not_make_a_move_is_told_so_before_being_asked_for_a_reason(client, people, update, who, verb):
    put(update, "submitted" if verb == "send-back" else "in_progress")
    response = send(client, people[who], verb, follow=True, nothing="typed")
    assert response.status_code == 403 or refusal(verb, who, "") in text(response)


@pytest.mark.parametrize(
    ("who", "status", "buttons"),
    [
        ("lead", "in_progress", {"Check and submit"}),
        ("lead", "submitted", {"Withdraw it"}),
        ("lead", "in_review", set()),
        ("manager", "in_progress", {"Give it more time"}),
        ("manager", "submitted", {"Begin the review", "Send it back"}),
        ("manager", "approved", {"Send it back"}),
        ("contributor of all", "in_progress", set()),
        ("administrator", "closed", set()),
    ],
)
def test_the_task_list_offers_the_moves_that_are_theirs_now(client, people, update, who, status, buttons):
    put(update, status)
    client.force_login(people[who])
    page = text(client.get(HERE)).split("<main")[1]
    offered = ("Check and submit", "Withdraw it", "Begin the review", "Send it back", "Give it more time")
    assert {words for words in offered if words in page} == buttons


# Submitting


def test_a_submission_has_a_receipt_that_says_who_and_when(client, victims_lead, update):
    response = send(client, victims_lead, "submit")
    stored = QuarterlyUpdate.objects.get()
    assert (response.status_code, response.url) == (302, RECEIPT)
    page = text(client.get(RECEIPT))
    assert f"Submitted by victims-lead on {timezone.localtime(stored.submitted_at):%-d %B %Y at %H:%M}." in page
    assert f"Receipt 2022-23-q1-{stored.pk}-{stored.version}." in page
    assert "Withdraw it" in page


def test_what_was_submitted_has_its_person_and_its_leads_on_record(update, victims_lead, administrator):
    submitted = submit(update, by=administrator)
    assert (submitted.submitted_by, submitted.leads) == (administrator, "victims-lead")
    assert QuarterlyUpdate.history.first().change_set.note == "Submitted"
    assert ChangeSet.objects.first().person == administrator


def test_without_a_submission_there_is_no_receipt(client, victims_lead, update):
    client.force_login(victims_lead)
    assert client.get(RECEIPT).url == HERE


def test_after_a_submission_the_checks_lead_to_the_receipt(client, victims_lead, update):
    put(update, "submitted")
    client.force_login(victims_lead)
    assert client.get(CHECK).url == RECEIPT


def test_a_double_click_submits_once_and_both_lead_to_the_receipt(client, victims_lead, mailed, mailoutbox):
    send(client, victims_lead, "submit")
    first, before = QuarterlyUpdate.objects.get(), state(mailed)
    response = send(client, victims_lead, "submit", follow=True)
    assert response.redirect_chain == [(RECEIPT, 302)]
    assert f"It was submitted already, at {timezone.localtime(first.submitted_at):%H:%M}." in text(response)
    assert state(mailed) == before
    assert len(mailoutbox) == 1


def test_what_the_checks_find_stops_it_and_is_told(client, victims, victims_lead):
    update = make_update(victims)
    before = state(update)
    page = text(send(client, victims_lead, "submit"))
    assert "<title>Error: Check and submit" in page
    assert "There is no narrative; write what happened this quarter." in page
    with pytest.raises(NotReady):
        submit(update, by=victims_lead)
    assert state(update) == before


def test_what_was_sent_back_is_submitted_again(client, victims_lead, manager, update):
    submit(update, by=victims_lead)
    send_back(update, by=manager, reason="Mend the note")
    stored = QuarterlyUpdate.objects.get()
    assert (stored.status, stored.submitted_at, stored.submitted_by) == ("sent_back", None, None)
    assert send(client, victims_lead, "submit").url == RECEIPT


def test_what_was_submitted_is_locked_until_it_is_withdrawn(victims_lead, update):
    submit(update, by=victims_lead)
    with pytest.raises(Refused, match="is submitted and can't be edited"), door(update, by=victims_lead):
        pytest.fail("the door opened")
    withdraw(update, by=victims_lead)
    assert QuarterlyUpdate.objects.get().submitted_at is None
    with door(update, by=victims_lead):
        pass


def test_withdrawing_after_the_review_began_is_refused(client, victims_lead, manager, update):
    submit(update, by=victims_lead)
    begin_review(update, by=manager)
    page = text(send(client, victims_lead, "withdraw", follow=True))
    assert f"{NAME} is in review and can't be withdrawn now; a manager has to send it back first." in page
    assert QuarterlyUpdate.objects.get().status == "in_review"


# The copy


def test_a_copy_with_the_figures_is_mailed_to_who_submitted_it_and_the_leads(client, victims, mailed, mailoutbox):
    deputy = make_assignment(victims, make_person("deputy", email="deputy@example.org"), AssignmentRole.DEPUTY).person
    page = text(send(client, deputy, "submit", follow=True))
    (message,) = mailoutbox
    assert set(message.to) == {"deputy@example.org", "lead@example.org"}
    assert message.subject == f"Submitted: {NAME}"
    for figure in ("27% against 25%, green", "£32.7m", "−2.4% (−£0.8m)", "Demand may rise", "Goal 1", "Going well."):
        assert figure in message.body
    assert "A copy was mailed to deputy@example.org, lead@example.org." in page


def test_the_copy_is_in_plain_letters(victims_lead, mailed, mailoutbox, client):
    with door(mailed):
        mailed.narrative = "Calls & visits: “more” than O'Brien's <target>"
        mailed.save()
    send(client, victims_lead, "submit")
    assert "Calls & visits: “more” than O'Brien's <target>" in mailoutbox[0].body


@pytest.mark.parametrize(
    ("error", "why"),
    [(error, "did not answer") for error in (OSError("down"), ConnectionRefusedError(), TimeoutError())]
    + [(SMTPException("no"), "refused the mail")],
)
def test_a_mail_server_that_is_down_leaves_it_submitted_and_says_so(
    client, victims_lead, mailed, monkeypatch, error, why
):
    def fail(self, *args, **kwargs):
        raise error

    monkeypatch.setattr(EmailMessage, "send", fail)
    page = text(send(client, victims_lead, "submit", follow=True))
    assert f"The copy could not be mailed, because the mail server {why}. Print this page instead." in page
    assert "Submitted by victims-lead" in page
    assert QuarterlyUpdate.objects.get().status == "submitted"


def test_without_an_address_no_copy_is_mailed_and_the_page_says_so(client, victims_lead, update, mailoutbox):
    page = text(send(client, victims_lead, "submit", follow=True))
    assert "No copy was mailed, because no e-mail address is known for you." in page
    assert mailoutbox == []


# Sending back and extending


def test_sending_back_keeps_the_reason_and_its_lead_reads_it_on_the_task_list(client, victims_lead, manager, update):
    put(update, "submitted")
    send(client, manager, "send-back", **{"send_back_form-reason": "The finance note names last quarter"})
    assert ChangeSet.objects.first().note == "Sent back: The finance note names last quarter"
    client.force_login(victims_lead)
    assert "The finance note names last quarter" in text(client.get(HERE))


@pytest.mark.parametrize("reason", ["", "   "])
def test_sending_back_without_a_reason_asks_for_it(client, manager, update, reason):
    put(update, "submitted")
    before = state(update)
    page = text(send(client, manager, "send-back", **{"send_back_form-reason": reason}))
    assert "<title>Error: " in page
    assert '<a href="#id_send_back_form-reason">Say what has to be done before it is submitted again.</a>' in page
    assert 'id="id_send_back_form-reason"' in page
    assert state(update) == before


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"due_on": "30/13/2022", "reason": "Late data"}, "“30/13/2022” is not a date; write it like 30/06/2022."),
        ({"due_on": "soon", "reason": "Late data"}, "“soon” is not a date; write it like 30/06/2022."),
        ({"due_on": "", "reason": "Late data"}, "Enter the new due date."),
        ({"due_on": "30/11/2022", "reason": ""}, "Say why the due date is moved."),
    ],
)
def test_extending_by_what_is_no_date_or_without_a_reason_asks_again(client, manager, update, typed, message):
    before = state(update)
    page = text(send(client, manager, "extend", **{f"extend_form-{name}": value for name, value in typed.items()}))
    assert "<title>Error: " in page
    assert message in page.split("There is a problem")[1]
    assert typed["due_on"] in page
    assert state(update) == before


@pytest.mark.parametrize(
    ("day", "told"),
    [
        ("2/10/2022", "2 October 2022 is over already; give today or a later day."),
        ("5/10/2023", "5 October 2023 is more than a year away; give 4 October 2023 or an earlier day."),
    ],
)
def test_more_time_ends_within_a_year_and_not_before_today(client, manager, update, day, told):
    page = text(send(client, manager, "extend", **{"extend_form-due_on": day, "extend_form-reason": "Late data"}))
    assert '<a href="#id_extend_form-due_on">' + told in page
    assert QuarterlyUpdate.objects.get().due_on is None


def test_extending_moves_the_due_date_and_the_task_list_says_why(client, manager, victims_lead, update):
    page = text(send(client, manager, "extend", follow=True))
    stored = QuarterlyUpdate.objects.get()
    assert (stored.due_on, stored.due_reason, stored.status) == (LATER, "Late data", "in_progress")
    assert f"{NAME} is due on 30 November 2022 now." in page
    assert ChangeSet.objects.first().note == "Extended: Late data"
    client.force_login(victims_lead)
    page = text(client.get(HERE))
    assert "Due 30 November 2022" in page
    assert "(extended: Late data)" in page


def test_the_due_date_locks_nothing(client, victims_lead, manager, update):
    QuerySet.update(QuarterlyUpdate.objects.all(), due_on=dt.date(2022, 7, 1))
    with door(update, by=victims_lead):
        pass
    assert send(client, victims_lead, "submit").url == RECEIPT


# Two people at once


@pytest.mark.django_db(transaction=True)
def test_of_two_who_submit_at_once_one_does(update, victims, victims_lead):
    deputy = make_assignment(victims, make_person("deputy"), AssignmentRole.DEPUTY).person

    def by(person):
        return lambda: submit(QuarterlyUpdate.objects.get(), by=Person.objects.get(pk=person.pk))

    outcomes = at_once(by(victims_lead), by(deputy))
    (refused,) = [each for each in outcomes if isinstance(each, Refused)]
    (submitted,) = [each for each in outcomes if isinstance(each, QuarterlyUpdate)]
    assert str(refused) == refusal("submit", "lead", "submitted")
    assert QuarterlyUpdate.objects.get().submitted_by == submitted.submitted_by
    assert QuarterlyUpdate.history.filter(status="submitted").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(3))
def test_of_a_withdrawal_and_a_review_at_once_one_happens(update, victims_lead, manager, turn):
    submit(update, by=victims_lead)

    def act(move, person):
        return lambda: move(QuarterlyUpdate.objects.get(), by=Person.objects.get(pk=person.pk))

    withdrawn, begun = at_once(act(withdraw, victims_lead), act(begin_review, manager))
    stored = QuarterlyUpdate.objects.get()
    assert {type(withdrawn), type(begun)} == {type(None), Refused}
    assert stored.status == ("in_progress" if withdrawn is None else "in_review")
    assert (stored.submitted_at is None) == (withdrawn is None)


def test_more_time_never_takes_time_away(client, update, manager):
    from updates.submitting import extend

    extend(update, by=manager, due_on=dt.date(2022, 11, 30), reason="The provider reports late.")
    update.refresh_from_db()
    with pytest.raises(Refused, match="It is due on 30 November 2022 already; give a later day."):
        extend(update, by=manager, due_on=dt.date(2022, 11, 1), reason="Sooner.")
