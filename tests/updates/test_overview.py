"""The overview of a quarter: who writes it, what is kept of what is typed, and its way to approval."""

import datetime as dt
import re
from html import unescape

import pytest
from django.contrib.auth.models import Group
from django.core import signing
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from priorities.door import Refused
from priorities.history import ChangeSet
from priorities.models import AssignmentRole, Person, Quarter, QuarterStatus, Role, UpdateStatus
from priorities.periods import Period
from tests.answers import queries
from tests.make import (
    close,
    door,
    make_assignment,
    make_full_update,
    make_person,
    make_plan,
    make_quarter,
    make_update,
    with_role,
)
from tests.priorities.test_races import at_once
from updates.models import Notice, OverviewDraft
from updates.overview import (
    approve_overview,
    may_write,
    name_author,
    quarters,
    save_overview,
    send_back_overview,
    submit_overview,
    withdraw_overview,
)
from updates.typed import SALT

pytestmark = [pytest.mark.django_db, pytest.mark.once]
Q1, Q2 = Period(2022, 1), Period(2022, 2)
HERE = "/2022-23-q2/overview/"
NAME = "The overview of Q2 2022/23"

WRITERS, MANAGERS = {"author", "manager", "administrator"}, {"manager", "administrator"}
OPEN = {"in_progress", "sent_back"}

# Each move: who may make it, the states it is made from and the one it leads to, and how a refusal names it.
TABLE = {
    "submit": (WRITERS, OPEN, "submitted", "submitted"),
    "withdraw": (WRITERS, {"submitted"}, "in_progress", "withdrawn"),
    "approve": (MANAGERS, {"submitted", "in_review"}, "approved", "approved"),
    "send-back": (MANAGERS, {"submitted", "in_review", "approved"}, "sent_back", "sent back"),
}
ACTS = {
    "submit": submit_overview,
    "withdraw": withdraw_overview,
    "approve": lambda quarter, by: approve_overview(quarter, by=by, seen=quarter.version),
    "send-back": lambda quarter, by: send_back_overview(quarter, by=by, reason="Name the risks"),
}
DONE = {
    "submit": f"{NAME} is submitted; a manager approves it next.",
    "withdraw": f"{NAME} is withdrawn; you can go on with it.",
    "approve": f"{NAME} is approved.",
    "send-back": f"{NAME} is sent back.",
}
REASON = {"send_back_form-reason": "Name the risks"}
HELP_FOR_WRITERS = {
    "submitted": "; its author can withdraw it, or a manager send it back",
    "in_review": "; a manager has to send it back first",
    "approved": "; a manager has to send it back first",
    "closed": "; an administrator has to reopen the quarter first",
}
EVERY = [pytest.param(verb, status.value, id=f"{verb}-{status.value}") for verb in TABLE for status in UpdateStatus]
NOT_THEIRS = f"{NAME} is written by its author, managers and administrators; ask one of them."


def refusal(verb, who, status):
    """The sentence that this person is told; None where the move is theirs to make."""
    allowed, sources, _, done = TABLE[verb]
    if who not in allowed:
        helper = "its author, managers and administrators" if allowed == WRITERS else "managers and administrators"
        return f"{NAME} can be {done} by {helper} only; ask one of them."
    if status not in sources:
        help_ = HELP_FOR_WRITERS.get(status, "") if allowed == WRITERS else ""
        return f"{NAME} is {status.replace('_', ' ')} and can't be {done} now{help_}."
    return None


@pytest.fixture
def author(db):
    return make_person("author")


@pytest.fixture
def quarter(author):
    """Q2, whose overview was written at the command line and has an author, with the overview of Q1 before it."""
    make_quarter(Q1, overview="What was said in Q1.")
    return make_quarter(Q2, overview="Going well.", overview_author=author)


@pytest.fixture
def people(author, victims, victims_lead, trust_lead, manager, administrator, reader):
    return {
        "author": author,
        "manager": manager,
        "administrator": administrator,
        "lead": victims_lead,
        "contributor": make_assignment(victims, make_person("finance"), AssignmentRole.CONTRIBUTOR).person,
        "reader": reader,
        "nobody": make_person("nobody"),
    }


def put(quarter, overview_status, **columns):
    """Into a state, past the door."""
    submitted_at = timezone.now() if overview_status not in OPEN else None
    columns = {"overview_status": overview_status, "overview_submitted_at": submitted_at, **columns}
    QuerySet.update(Quarter.objects.filter(pk=quarter.pk), **columns)
    return fresh(quarter)


def fresh(quarter):
    return quarters().get(pk=quarter.pk)


def state(quarter):
    return Quarter.objects.filter(pk=quarter.pk).values().get(), ChangeSet.objects.count(), Notice.objects.count()


def text(response):
    return re.sub(r"\s+", " ", unescape(response.content.decode()))


def read(client, person, path=HERE):
    client.force_login(person)
    return text(client.get(path))


def cells(quarter, typed, **more):
    return {f"overview-{quarter.pk}-base": quarter.version, f"overview-{quarter.pk}-overview": typed, **more}


def save(client, person, quarter, typed, follow=False, **more):
    client.force_login(person)
    return client.post(HERE, cells(quarter, typed, **more), follow=follow)


def move(client, person, verb, follow=True, **typed):
    client.force_login(person)
    version = Quarter.objects.get(financial_year=2022, number=2).version
    return client.post(f"{HERE}move/{verb}/", {"version": version, **(typed or REASON)}, follow=follow)


def told(kind):
    return {(notice.person.username, notice.text) for notice in Notice.objects.filter(kind=kind)}


# The table


@pytest.mark.parametrize(("verb", "status"), EVERY)
def test_a_move_is_made_by_those_who_may_from_where_it_may_and_refused_in_words(people, quarter, verb, status):
    for who, person in people.items():
        stored = put(quarter, status)
        before, refused = state(quarter), refusal(verb, who, status)
        if refused is None:
            ACTS[verb](stored, by=person)
            assert fresh(quarter).overview_status == TABLE[verb][2], who
            continue
        with pytest.raises(Refused) as caught:
            ACTS[verb](stored, by=person)
        assert str(caught.value) == refused, who
        assert state(quarter) == before, who


@pytest.mark.parametrize(("verb", "status"), EVERY)
def test_a_move_by_its_address_is_the_same_and_is_told(client, people, quarter, verb, status):
    for who, person in people.items():
        put(quarter, status)
        before, refused = state(quarter), refusal(verb, who, status)
        response = move(client, person, verb)
        if who not in WRITERS:
            assert response.status_code == 403, who
            assert NOT_THEIRS in text(response), who
        else:
            assert response.redirect_chain == [(HERE, 302)], who
            assert (refused or DONE[verb]) in text(response), who
        if refused is None:
            assert fresh(quarter).overview_status == TABLE[verb][2], who
        else:
            assert state(quarter) == before, who


@pytest.mark.parametrize("verb", TABLE)
@pytest.mark.parametrize("status", [QuarterStatus.CLOSED, QuarterStatus.PLANNED])
def test_no_overview_moves_while_its_quarter_is_not_open(administrator, quarter, verb, status):
    stored = put(quarter, min(TABLE[verb][1]), status=status)
    before = state(quarter)
    done = TABLE[verb][3]
    way = "reopen" if status == "closed" else "open"
    with pytest.raises(Refused) as caught:
        ACTS[verb](stored, by=administrator)
    expected = f"Q2 2022/23 is {status} and its overview can't be {done} now; an administrator has to {way} the quarter"
    assert str(caught.value) == f"{expected} first."
    assert state(quarter) == before


@pytest.mark.parametrize("verb", TABLE)
def test_in_a_closed_quarter_a_move_by_its_address_is_refused_and_told(client, administrator, quarter, verb):
    put(quarter, min(TABLE[verb][1]), status="closed")
    assert "an administrator has to reopen the quarter first." in text(move(client, administrator, verb))


@pytest.mark.parametrize("verb", TABLE)
def test_a_move_is_not_made_by_reading_its_address_which_leads_to_the_page(client, administrator, quarter, verb):
    put(quarter, min(TABLE[verb][1]))
    before = state(quarter)
    client.force_login(administrator)
    assert client.get(f"{HERE}move/{verb}/").url == HERE
    assert state(quarter) == before


@pytest.mark.parametrize("verb", ["extend", "close", "author"])
def test_a_move_that_is_not_there_is_a_404(client, administrator, quarter, verb):
    assert move(client, administrator, verb).status_code == 404


@pytest.mark.parametrize("status", UpdateStatus.values)
@pytest.mark.parametrize("of_quarter", [QuarterStatus.OPEN, QuarterStatus.CLOSED])
@pytest.mark.parametrize("reopened", ["", "for the manager", "for the manager, over"])
def test_the_page_says_that_it_can_be_written_where_the_door_does(people, quarter, status, of_quarter, reopened):
    columns = {"status": of_quarter}
    if reopened:
        days = -1 if "over" in reopened else 1
        columns |= {
            "reopened_for": people["manager"],
            "reopened_until": timezone.localdate() + dt.timedelta(days=days),
        }
    stored = put(quarter, status, **columns)
    for who, person in people.items():
        editable = Quarter.objects.filter(pk=quarter.pk).editable_by(person).exists()
        assert may_write(stored, person) == editable, who


# Who opens the page, and what it says


@pytest.mark.parametrize("path", ["", "history/"])
def test_the_pages_are_for_its_author_managers_and_administrators(client, people, quarter, path):
    for who, person in people.items():
        client.force_login(person)
        response = client.get(HERE + path)
        if who in WRITERS:
            assert response.status_code in (200, 302), who
        else:
            assert (response.status_code, NOT_THEIRS in text(response)) == (403, True), who


def test_an_autosave_is_refused_to_others(client, people, quarter):
    for who in ("lead", "contributor", "reader", "nobody"):
        client.force_login(people[who])
        assert client.post(f"{HERE}draft/", cells(quarter, "Mine")).status_code == 403
    assert not OverviewDraft.objects.exists()


def test_a_quarter_that_is_planned_or_not_there_has_no_overview_yet(client, manager, quarter):
    client.force_login(manager)
    response = client.get("/2022-23-q3/overview/")
    assert response.status_code == 403
    assert "Q3 2022/23 has not been opened yet. An administrator opens it when its turn comes." in text(response)
    assert client.get("/2035-36-q1/overview/").status_code == 404


def test_last_quarters_overview_stands_beside_it(client, author, quarter):
    page = read(client, author)
    assert "The overview of Q1 2022/23</h2> <p>What was said in Q1.</p>" in page
    assert "Start from Q1’s text" in page
    assert "Going well.</textarea>" in page


def test_an_overview_without_one_before_it_stands_alone(client, manager):
    make_quarter(Q1)
    page = read(client, manager, "/2022-23-q1/overview/")
    assert "The overview of" not in page.split("<main")[1]
    assert "Start from" not in page


def test_a_last_quarter_without_an_overview_says_so(client, author, quarter):
    QuerySet.update(Quarter.objects.filter(number=1), overview="")
    assert 'The overview of Q1 2022/23</h2> <p class="empty">None was written.</p>' in read(client, author)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (
            "submitted",
            f"{NAME} is submitted and can't be edited; its author can withdraw it, or a manager send it back.",
        ),
        ("in_review", f"{NAME} is in review and can't be edited; a manager has to send it back first."),
        ("approved", f"{NAME} is approved and can't be edited; a manager has to send it back first."),
        ("closed", f"{NAME} is closed and can't be edited; an administrator has to reopen the quarter first."),
    ],
)
def test_a_locked_overview_says_why_and_what_helps_and_keeps_what_was_typed(client, author, quarter, status, message):
    put(quarter, status)
    assert message in read(client, author)
    page = text(save(client, author, quarter, "Typed too late."))
    assert "<title>Error: Overview" in page
    assert f"Nothing was saved</h2> <p> {message} What you typed is still here, and kept for you." in page
    assert "Typed too late.</textarea>" in page
    assert fresh(quarter).overview == "Going well."
    assert "Typed too late.</textarea>" in read(client, author)


def test_a_closed_quarter_says_that_it_has_to_be_reopened(client, author, quarter):
    close(quarter)
    assert "Q2 2022/23 is closed and can't be edited. Ask an administrator to reopen it first." in read(client, author)


def test_a_reopened_quarter_says_for_whom(client, author, manager, quarter):
    until = timezone.localdate() + dt.timedelta(days=2)
    put(quarter, "in_progress", reopened_for=manager, reopened_until=until)
    assert f"Q2 2022/23 is reopened for manager alone, until {until:%-d %B %Y}; ask them" in read(client, author)
    assert "<fieldset" not in read(client, manager)


@pytest.mark.parametrize(
    ("who", "status", "buttons"),
    [
        ("author", "in_progress", {"Save", "Save and submit"}),
        ("author", "sent_back", {"Save", "Save and submit"}),
        ("author", "submitted", {"Withdraw it"}),
        ("author", "approved", set()),
        ("manager", "in_progress", {"Save", "Save and submit"}),
        ("manager", "submitted", {"Approve it", "Send it back"}),
        ("manager", "in_review", {"Approve it", "Send it back"}),
        ("manager", "approved", {"Send it back"}),
        ("manager", "closed", set()),
        ("administrator", "in_progress", {"Save", "Save and submit", "Name as author"}),
    ],
)
def test_the_page_offers_the_moves_that_are_theirs_now(client, people, quarter, who, status, buttons):
    put(quarter, status)
    page = read(client, people[who]).split("<main")[1]
    found = set(re.findall(r"<button[^>]*>([^<]+)</button>", page)) | set(
        re.findall(r'value="(\w[^"]+)" class="btn', page)
    )
    assert found - {"Throw it away", "Start from Q1’s text"} == buttons | ({"Save"} & found)


@pytest.mark.parametrize(
    ("written", "doubt"),
    [
        ("What was said in Q1.", "The overview is the same as in Q1 2022/23."),
        ("As in Q1, calls rise.", "The overview names another quarter (Q1), and this is Q2 2022/23."),
    ],
)
def test_what_looks_odd_is_pointed_out_and_stops_nothing(client, author, quarter, written, doubt):
    assert "looks odd" not in read(client, author)
    page = text(save(client, author, quarter, written, follow=True))
    assert "It looks odd, and may be right: " in page
    assert doubt in page
    submit_overview(fresh(quarter), by=author)


# Writing


def test_it_is_saved_with_who_wrote_it(client, author, quarter):
    response = save(client, author, quarter, "Calls rise.", follow=True)
    assert response.redirect_chain == [(HERE, 302)]
    assert re.search(r"Overview saved at \d\d:\d\d\.", text(response))
    made = ChangeSet.objects.latest("pk")
    assert (fresh(quarter).overview, made.person, made.note, made.act) == ("Calls rise.", author, "", "")


def test_saving_what_is_stored_says_that_nothing_had_changed(client, author, quarter):
    before = state(quarter)
    assert "Overview: nothing had changed." in text(save(client, author, quarter, "Going well.", follow=True))
    assert state(quarter) == before


def test_a_manager_who_writes_for_the_author_is_recorded_as_such(client, manager, quarter):
    save(client, manager, quarter, "Calls rise.")
    assert ChangeSet.objects.latest("pk").note == "Entered for author"


def test_an_autosave_keeps_what_is_typed_and_answers_with_what_differs_from_last_quarter(client, author, quarter):
    client.force_login(author)
    data = cells(quarter, "What was said in <script>alert(1)</script> Q1.")
    answer = client.post(f"{HERE}draft/", data).json()
    marks = answer["outputs"][f"overview-{quarter.pk}-overview-marks"]
    assert "<ins>" in marks
    assert "&lt;script&gt;" in marks
    assert dt.time.fromisoformat(answer["saved"])
    assert OverviewDraft.objects.get().data == {name: str(value) for name, value in data.items()}
    assert fresh(quarter).overview == "Going well."


def test_what_was_typed_and_not_saved_is_shown_to_its_writer_only_until_thrown_away(client, author, manager, quarter):
    client.force_login(author)
    client.post(f"{HERE}draft/", cells(quarter, "Half a sentence"))
    page = read(client, author)
    assert "Half a sentence</textarea>" in page
    assert "is shown here and is not saved in the report yet." in page
    assert "Half a sentence" not in read(client, manager)
    client.force_login(author)
    page = text(client.post(HERE, {"discard": "1"}, follow=True))
    assert "What was typed and not saved is thrown away; this is what is stored." in page
    assert "Going well.</textarea>" in page


def test_saving_forgets_the_draft_and_a_late_autosave_leaves_no_ghost(client, author, quarter):
    client.force_login(author)
    data = cells(quarter, "Calls rise.")
    client.post(f"{HERE}draft/", data)
    client.post(HERE, data)
    assert not OverviewDraft.objects.exists()
    client.post(f"{HERE}draft/", data)
    assert not OverviewDraft.objects.exists()


def test_a_draft_that_says_nothing_new_is_none(client, author, quarter):
    client.force_login(author)
    client.post(f"{HERE}draft/", cells(quarter, "Going  well."))
    client.post(f"{HERE}draft/", cells(quarter, "Going well."))
    assert not OverviewDraft.objects.exists()


def test_last_quarters_text_goes_into_the_draft(client, author, quarter):
    response = save(client, author, quarter, "", start=f"overview-{quarter.pk}-overview")
    assert response.url == f"{HERE}#id_overview-{quarter.pk}-overview"
    assert "What was said in Q1.</textarea>" in read(client, author)
    assert fresh(quarter).overview == "Going well."


def test_a_form_of_another_quarter_is_refused_and_kept_from_being_mixed_up(client, author, quarter):
    client.force_login(author)
    page = text(client.post(HERE, cells(Quarter.objects.at(Q1).get(), "Calls rise.")))
    assert "Nothing was saved" in page
    assert fresh(quarter).overview == "Going well."


def test_markup_in_it_is_never_markup(client, author, manager, quarter):
    save(client, author, quarter, "<script>alert(1)</script>")
    for path in (HERE, f"{HERE}history/", "/2022-23-q2/"):
        client.force_login(manager)
        assert "<script>alert" not in client.get(path).content.decode(), path


def test_two_lines_are_two_lines_whatever_the_browser_sends(client, author, quarter):
    save(client, author, quarter, "First.\r\n\r\nSecond.")
    assert fresh(quarter).overview == "First.\n\nSecond."


# Somebody else saved meanwhile


def collide(client, author, manager, quarter):
    """The manager saves; the author sends what they typed on the page of before."""
    save(client, manager, quarter, "The manager's.")
    return text(save(client, author, quarter, "The author's."))


def test_both_versions_are_shown_and_nothing_is_saved(client, author, manager, quarter):
    page = collide(client, author, manager, quarter)
    assert "<title>Error: Overview" in page
    assert "“Overview” was changed since you opened it; choose which holds." in page
    assert "Yours: The author's." in page
    assert re.search(r"Stored by manager, \d\d:\d\d: The manager's\.", page)
    assert fresh(quarter).overview == "The manager's."
    assert OverviewDraft.objects.get().data[f"overview-{quarter.pk}-overview"] == "The author's."


@pytest.mark.parametrize(("choice", "stored"), [("mine", "The author's."), ("theirs", "The manager's.")])
def test_they_choose_which_holds(client, author, manager, quarter, choice, stored):
    page = collide(client, author, manager, quarter)
    name = f"overview-{quarter.pk}-overview"
    asked = re.search(rf'name="{name}-asked" value="(\d+)"', page)[1]
    save(client, author, quarter, "The author's.", **{f"{name}-asked": asked, f"{name}-choice": choice})
    assert fresh(quarter).overview == stored
    assert not OverviewDraft.objects.exists()


def test_a_choice_about_an_older_version_is_asked_again(client, author, manager, quarter):
    page = collide(client, author, manager, quarter)
    name = f"overview-{quarter.pk}-overview"
    asked = re.search(rf'name="{name}-asked" value="(\d+)"', page)[1]
    save(client, manager, fresh(quarter), "The manager's second.")
    page = text(save(client, author, quarter, "The author's.", **{f"{name}-asked": asked, f"{name}-choice": "mine"}))
    assert "The manager's second." in page
    assert fresh(quarter).overview == "The manager's second."


def test_the_same_text_from_two_is_no_conflict(client, author, manager, quarter):
    save(client, manager, quarter, "Calls rise.")
    assert save(client, author, quarter, "Calls rise.").status_code == 302


def test_a_change_of_something_else_of_the_quarter_is_no_conflict(client, author, administrator, quarter):
    name_author(fresh(quarter), to=author, by=administrator)
    with door(overview_of=[fresh(quarter)]):
        moved = fresh(quarter)
        moved.due_on = dt.date(2022, 12, 1)
        moved.save()
    assert save(client, author, quarter, "Calls rise.").status_code == 302
    assert (fresh(quarter).overview, fresh(quarter).due_on) == ("Calls rise.", dt.date(2022, 12, 1))


def test_a_save_after_it_was_submitted_is_refused_and_kept(client, author, manager, quarter):
    submit_overview(fresh(quarter), by=manager)
    page = text(save(client, author, quarter, "Typed too late."))
    assert "its author can withdraw it, or a manager send it back." in page
    withdraw_overview(fresh(quarter), by=author)
    assert "Typed too late.</textarea>" in read(client, author)


# The session ends while somebody types


def test_a_form_sent_without_a_session_is_kept_through_signing_in(client, author, quarter):
    data = cells(quarter, "Typed late.", who=signing.dumps(author.pk, salt=SALT), then="submit")
    response = client.post(HERE, data)
    assert response.url == f"/sign-in/?next={HERE}"
    assert "what you typed is kept" in text(client.get(response.url))
    page = text(client.post(response.url, {"username": "author", "password": "quarterly-demo"}, follow=True))
    assert "Typed late.</textarea>" in page
    assert (fresh(quarter).overview, fresh(quarter).overview_status) == ("Going well.", "in_progress")


def test_it_is_not_shown_to_somebody_else_who_signs_in_there(client, author, manager, quarter):
    client.post(HERE, cells(quarter, "Typed late.", who=signing.dumps(author.pk, salt=SALT)))
    data = {"username": "manager", "password": "quarterly-demo"}
    assert "Typed late." not in text(client.post(f"/sign-in/?next={HERE}", data, follow=True))


def test_a_form_of_before_the_last_sign_in_is_shown_again_with_what_was_typed(author, quarter):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(author)
    data = cells(quarter, "On the first tab.", who=signing.dumps(author.pk, salt=SALT), csrfmiddlewaretoken="old")
    page = text(strict.post(HERE, data, follow=True))
    assert "On the first tab.</textarea>" in page
    assert "save it once more" in page


# Submitting


def test_save_and_submit_is_one_button(client, author, quarter):
    page = text(save(client, author, quarter, "Calls rise.", follow=True, then="submit"))
    stored = fresh(quarter)
    assert (stored.overview, stored.overview_status, stored.overview_submitted_by) == (
        "Calls rise.",
        "submitted",
        author,
    )
    assert DONE["submit"] in page
    assert f"Submitted by author on {timezone.localtime(stored.overview_submitted_at):%-d %B %Y, %H:%M}" in page


def test_withdrawing_is_offered_to_who_submitted_it_and_its_author_alone(client, author, manager, quarter):
    save(client, manager, quarter, "Calls rise.", then="submit")
    second = with_role("second", Role.MANAGER)
    offered = {person.username: "Withdraw it" in read(client, person) for person in (author, manager, second)}
    assert offered == {"author": True, "manager": True, "second": False}
    assert "Send it back" in read(client, second)


def test_a_double_click_submits_once_and_says_so(client, author, quarter):
    save(client, author, quarter, "Calls rise.", then="submit")
    before = state(quarter)
    page = text(save(client, author, quarter, "Calls rise.", follow=True, then="submit"))
    assert f"It was submitted already, at {timezone.localtime(fresh(quarter).overview_submitted_at):%H:%M}." in page
    assert state(quarter) == before


def test_an_empty_overview_is_not_submitted(client, author, quarter):
    page = text(save(client, author, quarter, "  ", follow=True, then="submit"))
    assert "There is no overview; write what happened this quarter, then submit it." in page
    assert (fresh(quarter).overview, fresh(quarter).overview_status) == ("", "in_progress")


def test_what_is_typed_and_not_saved_stops_it(client, author, manager, quarter):
    client.force_login(author)
    client.post(f"{HERE}draft/", cells(quarter, "Half a sentence"))
    page = text(move(client, author, "submit"))
    assert "Something is typed here and not saved; save it, or throw it away, then submit it." in page
    submit_overview(fresh(quarter), by=manager)  # whose own it isn't


def test_a_conflict_stops_it_and_is_shown(client, author, manager, quarter):
    save(client, manager, quarter, "The manager's.")
    page = text(save(client, author, quarter, "The author's.", then="submit"))
    assert "choose which holds" in page
    assert fresh(quarter).overview_status == "in_progress"


def test_the_managers_are_told_but_not_who_did_it(author, manager, quarter, administrator):
    with_role("second", Role.MANAGER)
    submit_overview(quarter, by=manager)
    assert told("submitted") == {("second", "manager submitted the overview of Q2 2022/23.")}
    assert Notice.objects.get().path == HERE


def test_what_was_withdrawn_is_not_on_record_as_submitted(author, quarter):
    submit_overview(quarter, by=author)
    withdraw_overview(fresh(quarter), by=author)
    assert (fresh(quarter).overview_submitted_at, fresh(quarter).overview_submitted_by) == (None, None)
    assert ChangeSet.objects.first().note == "Withdrawn"


# Approving and sending back


def test_an_approval_is_on_record_and_told_to_who_submitted_it_and_the_author(client, author, administrator, quarter):
    second = with_role("second", Role.MANAGER)
    submit_overview(quarter, by=second)
    page = text(move(client, administrator, "approve"))
    stored = fresh(quarter)
    assert (stored.overview_approved_by, ChangeSet.objects.first().act) == (administrator, "approve")
    assert f"Approved by administrator on {timezone.localtime(stored.overview_approved_at):%-d %B %Y, %H:%M}" in page
    approved = "administrator approved the overview of Q2 2022/23."
    assert told("approved") == {("second", approved), ("author", approved)}


def test_a_return_has_its_reason_on_the_page_and_is_told(client, author, manager, administrator, quarter):
    submit_overview(quarter, by=manager)
    approve_overview(fresh(quarter), by=administrator, seen=fresh(quarter).version)
    move(client, administrator, "send-back")
    stored = fresh(quarter)
    assert (stored.overview_submitted_by, stored.overview_approved_by, stored.overview_approved_at) == (None,) * 3
    assert "Sent back: Name the risks (administrator, " in read(client, author)
    sent_back = "administrator sent back the overview of Q2 2022/23: Name the risks"
    assert told("sent_back") == {("manager", sent_back), ("author", sent_back)}


@pytest.mark.parametrize("reason", ["", "  "])
def test_sending_back_without_a_reason_asks_for_it(client, manager, quarter, reason):
    put(quarter, "submitted")
    before = state(quarter)
    page = text(move(client, manager, "send-back", **{"send_back_form-reason": reason}))
    assert "<title>Error: Overview" in page
    assert '<a href="#id_send_back_form-reason">Say what has to be done before it is submitted again.</a>' in page
    assert state(quarter) == before


OWN = "You wrote or submitted the overview of Q2 2022/23, and nobody approves their own text."


def test_who_saved_the_text_does_not_approve_it_and_reads_who_can(client, author, manager, administrator, quarter):
    save(client, manager, quarter, "The manager's.")
    submit_overview(fresh(quarter), by=author)
    before = state(quarter)
    with pytest.raises(Refused) as caught:
        approve_overview(fresh(quarter), by=manager, seen=fresh(quarter).version)
    assert str(caught.value) == f"{OWN} administrator can approve it."
    assert str(caught.value) in text(move(client, manager, "approve"))
    assert state(quarter) == before
    page = read(client, manager)
    assert "Approve it" not in page
    assert "You wrote or submitted it, and nobody approves their own text. administrator can approve it." in page
    approve_overview(fresh(quarter), by=administrator, seen=fresh(quarter).version)


def test_a_word_changed_by_somebody_else_does_not_make_it_another_text(client, author, manager, administrator, quarter):
    save(client, manager, quarter, "The manager's.")
    save(client, administrator, fresh(quarter), "The managers'.")
    submit_overview(fresh(quarter), by=author)
    for person in (manager, administrator):
        with pytest.raises(Refused, match="Nobody else can approve it yet; an administrator can make somebody a man"):
            approve_overview(fresh(quarter), by=person, seen=fresh(quarter).version)


def test_who_wrote_what_was_emptied_since_may_approve_the_new_text(client, author, manager, quarter):
    save(client, manager, quarter, "The manager's.")
    save(client, author, fresh(quarter), "")
    save(client, author, fresh(quarter), "The author's.")
    submit_overview(fresh(quarter), by=author)
    approve_overview(fresh(quarter), by=manager, seen=fresh(quarter).version)


def test_who_submitted_it_does_not_approve_it(manager, administrator, quarter):
    submit_overview(quarter, by=manager)
    with pytest.raises(Refused, match=OWN):
        approve_overview(fresh(quarter), by=manager, seen=fresh(quarter).version)


def test_naming_the_author_is_not_writing(administrator, manager, quarter):
    name_author(quarter, to=manager, by=administrator)
    submit_overview(fresh(quarter), by=manager)
    approve_overview(fresh(quarter), by=administrator, seen=fresh(quarter).version)


def test_those_who_can_approve_it_are_named_as_long_as_they_are_few(manager, administrator, quarter):
    make_person("gone", is_active=False).groups.add(Group.objects.get(name=Role.MANAGER))
    with_role("second", Role.MANAGER)
    submit_overview(quarter, by=manager)
    with pytest.raises(Refused, match=r"administrator or second can approve it\."):
        approve_overview(fresh(quarter), by=manager, seen=fresh(quarter).version)
    for name in ("third", "fourth", "fifth"):
        with_role(name, Role.MANAGER)
    with pytest.raises(Refused, match=r"Any other manager or administrator can approve it\."):
        approve_overview(fresh(quarter), by=manager, seen=fresh(quarter).version)


def test_its_author_reads_who_can_approve_it(client, author, manager, quarter):
    submit_overview(quarter, by=author)
    assert "nobody approves their own text. manager can approve it." in read(client, author)


# Who writes it


def test_an_administrator_names_the_author_who_is_told(client, administrator, author, quarter):
    second = make_person("second", first_name="Sam", last_name="Second")
    client.force_login(administrator)
    page = text(client.post(f"{HERE}author/", {"author_form-to": second.pk}, follow=True))
    assert "Sam Second writes the overview of Q2 2022/23 now." in page
    assert "Author: Sam Second" in page
    made = ChangeSet.objects.first()
    assert (made.note, made.act, made.person) == ("Overview given to Sam Second", "name author", administrator)
    assert told("handed_over") == {
        ("second", "You write the overview of Q2 2022/23."),
        ("author", "Sam Second writes the overview of Q2 2022/23 now, in your place."),
    }
    assert save(client, second, fresh(quarter), "Mine.").status_code == 302


def test_nobody_in_particular_writes_it_once_the_author_is_taken_away(client, administrator, author, quarter):
    client.force_login(administrator)
    page = text(client.post(f"{HERE}author/", {"author_form-to": ""}, follow=True))
    assert "Nobody in particular writes the overview of Q2 2022/23 now." in page
    assert "Author: nobody in particular" in page
    assert told("handed_over") == {
        ("author", "Nobody in particular writes the overview of Q2 2022/23 now, in your place.")
    }
    client.force_login(author)
    assert client.get(HERE).status_code == 403


def test_naming_the_same_author_again_tells_nobody(administrator, author, quarter):
    history = Quarter.history.count()
    name_author(quarter, to=author, by=administrator)
    assert (Notice.objects.count(), Quarter.history.count()) == (0, history)


def test_somebody_who_cannot_sign_in_is_not_named(client, administrator, quarter):
    gone = make_person("gone", is_active=False)
    client.force_login(administrator)
    page = text(client.post(f"{HERE}author/", {"author_form-to": gone.pk}))
    assert "<title>Error: Overview" in page
    assert '<a href="#id_author_form-to">That person can\'t sign in; choose another.</a>' in page


@pytest.mark.parametrize("who", ["manager", "author"])
def test_only_administrators_name_the_author(client, people, quarter, who):
    before = state(quarter)
    client.force_login(people[who])
    page = text(client.post(f"{HERE}author/", {"author_form-to": people["reader"].pk}, follow=True))
    assert "Only an administrator names who writes the overview; ask one to." in page
    assert "Name who writes it" not in page
    assert state(quarter) == before


def test_an_author_is_not_named_while_it_is_locked(client, administrator, manager, quarter):
    put(quarter, "approved")
    assert "Name who writes it" not in read(client, administrator)
    page = text(client.post(f"{HERE}author/", {"author_form-to": manager.pk}, follow=True))
    assert f"{NAME} is approved and can't be edited; a manager has to send it back first." in page


# Its history


def test_its_history_says_who_changed_what_and_when(client, author, manager, administrator, quarter):
    save(client, author, quarter, "Calls rise.")
    submit_overview(fresh(quarter), by=author)
    send_back_overview(fresh(quarter), by=manager, reason="Name the risks")
    name_author(fresh(quarter), to=manager, by=administrator)
    page = read(client, manager, f"{HERE}history/")
    order = [
        page.index(words) for words in ("Overview given to manager", "Sent back: Name", "Submitted", "Calls rise.")
    ]
    assert order == sorted(order)
    assert "Going well." in page
    assert 'data-label="Before">author</td>' in page
    assert 'data-label="After">manager</td>' in page


def test_an_earlier_text_is_put_back_as_a_change_of_its_own(client, author, manager, quarter):
    save(client, author, quarter, "Calls rise.")
    page = read(client, manager, f"{HERE}history/")
    restore = re.search(r'name="restore" value="(overview:\d+)"', page)[1]
    response = client.post(f"{HERE}history/", {"restore": restore}, follow=True)
    assert "Overview: the earlier value is back." in text(response)
    assert fresh(quarter).overview == "Going well."
    made = ChangeSet.objects.first()
    assert (made.person, made.note) == (manager, "An earlier value restored")


def test_no_earlier_text_is_put_back_while_it_is_locked(client, manager, quarter):
    save(client, manager, quarter, "Calls rise.")
    put(quarter, "approved")
    page = read(client, manager, f"{HERE}history/")
    assert "Put back" not in page.split("<main")[1].replace(">Put back</span>", "")
    entry = Quarter.history.filter(overview="Going well.").first().history_id
    page = text(client.post(f"{HERE}history/", {"restore": f"overview:{entry}"}, follow=True))
    assert "can't be edited; a manager has to send it back first." in page
    assert fresh(quarter).overview == "Calls rise."


@pytest.mark.parametrize("restore", ["", "overview:", "overview:0", "overview:x", "status:1", "base:1"])
def test_a_text_that_is_not_there_is_a_404(client, manager, quarter, restore):
    client.force_login(manager)
    assert client.post(f"{HERE}history/", {"restore": restore}).status_code == 404


# My updates and the report


def test_its_author_lands_on_it_when_it_is_all_there_is_to_do(client, author, quarter):
    client.force_login(author)
    assert client.get("/my-updates/").url == HERE
    put(quarter, "submitted")
    assert client.get("/my-updates/").url == "/"


def test_my_updates_shows_it_with_its_state_and_draft(client, author, victims, quarter):
    make_assignment(victims, author)
    make_update(victims, quarter)
    client.force_login(author)
    client.post(f"{HERE}draft/", cells(quarter, "Half a sentence"))
    page = read(client, author, "/my-updates/")
    assert f'<a href="{HERE}">Overview of the quarter</a>' in page
    assert "In progress · typed and not saved, " in page
    assert "Nothing: it can be submitted" in page
    assert "Victims are better supported" in page


@pytest.mark.parametrize(
    ("columns", "needs"),
    [
        ({"overview": ""}, "It is to be written"),
        ({"overview_status": "submitted"}, "Nothing now"),
        ({"overview_status": "sent_back"}, "It was sent back; see what has to be done"),
        ({"due_on": dt.date(2022, 10, 28)}, "days late"),
        ({"due_on": None}, "No date"),
    ],
)
def test_my_updates_says_what_the_overview_needs(client, author, quarter, columns, needs):
    QuerySet.update(Quarter.objects.filter(pk=quarter.pk), **columns)
    assert needs in read(client, author, "/my-updates/?all=1")


def test_the_overview_of_a_closed_quarter_is_nothing_to_do(client, author, quarter):
    close(quarter)
    client.force_login(author)
    assert client.get("/my-updates/").url == "/"


@pytest.mark.parametrize(
    ("who", "status", "link"),
    [
        ("manager", "in_progress", "In progress · Edit the overview"),
        ("manager", "approved", "Approved · State of the overview"),
        ("author", "sent_back", "Sent back · Edit the overview"),
        ("author", "submitted", "Submitted · State of the overview"),
        ("lead", "in_progress", None),
    ],
)
def test_the_report_says_what_state_it_is_in_and_leads_to_it(client, people, victims, quarter, who, status, link):
    make_assignment(victims, people["author"])  # reads the quarter
    make_update(victims, quarter)
    put(quarter, status)
    page = re.sub(r"<a [^>]*>|</a>", "", read(client, people[who], "/2022-23-q2/"))
    if link:
        assert link in page
        assert "Going well." in page
    else:
        assert "of the overview" not in page
        assert "The overview is open to you once the quarter is closed." in page


def test_an_author_without_a_role_is_not_sent_to_a_report_that_is_not_open_to_them(client, author, reader, quarter):
    assert "See it in the report" not in read(client, author)
    put(quarter, "in_progress", overview_author=reader)
    assert "See it in the report" in read(client, reader)
    assert client.get("/2022-23-q2/").status_code == 200


def test_the_report_offers_to_write_an_overview_that_is_not_there(client, manager, quarter):
    QuerySet.update(Quarter.objects.filter(pk=quarter.pk), overview="")
    assert "Write the overview</a>" in read(client, manager, "/2022-23-q2/")


def test_the_report_of_a_closed_quarter_says_nothing_of_it(client, manager, quarter):
    close(quarter)
    assert HERE not in read(client, manager, "/2022-23-q2/")


# What it costs


@pytest.mark.once
@pytest.mark.parametrize("status", UpdateStatus.values)
@pytest.mark.parametrize("role", ["administrator", "manager", "victims_lead"])
def test_the_pages_take_at_most_12_queries_for_forty_quarters_as_for_one(request, client, victims, role, status):
    make_plan(first_year=2022, last_year=2031)
    person = request.getfixturevalue(role)
    quarter = make_quarter(Q2, overview="Going well.", overview_author=person)
    make_full_update(victims, quarter, rows=1)
    client.force_login(person)
    client.post(f"{HERE}draft/", cells(quarter, "Half a sentence"))
    for n in range(3):  # the draft is stale, too
        with door(overview_of=[fresh(quarter)]):
            row = fresh(quarter)
            row.overview = f"Going well, {n}."
            row.save()
    columns = {"reopened_for": make_person("x"), "reopened_until": timezone.localdate()} if status == "closed" else {}
    put(quarter, status, **columns)
    paths = [HERE, f"{HERE}history/", "/my-updates/?all=1", "/2022-23-q2/"]
    few = [queries(client, path) for path in paths]
    period = Q1
    for _ in range(38):
        period = period.plus(1 if period != Q1 else 2)
        make_quarter(period, overview="Well.", overview_author=person)
    make_quarter(Q1, overview="Before.")
    assert [queries(client, path) for path in paths] == few
    assert max(few[:3]) <= 12, few
    assert few[3] <= 15  # reopened: and whether they are inside, and the version that stands


def test_saving_takes_as_many_queries_with_a_long_history_as_with_a_short_one(client, author, quarter):
    client.force_login(author)
    seen = set()
    for n in range(12):
        data = cells(fresh(quarter), f"Text {n}")
        with CaptureQueriesContext(connection) as found:
            assert client.post(HERE, data).status_code == 302
        seen.add(len(found))
    assert len(seen) == 1
    assert seen.pop() <= 20


# Two people at once


def person(person):
    return Person.objects.get(pk=person.pk)


@pytest.mark.django_db(transaction=True)
def test_of_two_managers_who_approve_at_once_one_does(author, manager, quarter):
    second = with_role("second", Role.MANAGER)
    submit_overview(quarter, by=author)
    outcomes = at_once(
        lambda: approve_overview(fresh(quarter), by=person(manager), seen=fresh(quarter).version),
        lambda: approve_overview(fresh(quarter), by=person(second), seen=fresh(quarter).version),
    )
    (refused,) = [each for each in outcomes if each is not None]
    assert str(refused) == f"{NAME} is approved and can't be approved now."
    assert Quarter.history.filter(overview_status="approved").count() == 1
    assert Notice.objects.filter(kind="approved").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(3))
def test_of_an_approval_and_a_withdrawal_at_once_one_happens(author, manager, quarter, turn):
    submit_overview(quarter, by=author)
    approved, withdrawn = at_once(
        lambda: approve_overview(fresh(quarter), by=person(manager), seen=fresh(quarter).version),
        lambda: withdraw_overview(fresh(quarter), by=person(author)),
    )
    assert {type(approved), type(withdrawn)} == {type(None), Refused}
    assert fresh(quarter).overview_status == ("approved" if approved is None else "in_progress")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(3))
def test_an_approval_and_a_return_at_once_leave_one_whole_state(author, manager, quarter, turn):
    second = with_role("second", Role.MANAGER)
    submit_overview(quarter, by=author)
    approved, returned = at_once(
        lambda: approve_overview(fresh(quarter), by=person(manager), seen=fresh(quarter).version),
        lambda: send_back_overview(fresh(quarter), by=person(second), reason="Name the risks"),
    )
    stored = fresh(quarter)
    assert returned is None  # an approved one can be sent back, too
    assert stored.overview_status == "sent_back"
    assert (stored.overview_approved_by, stored.overview_submitted_by) == (None, None)
    if approved is not None:
        assert str(approved) == f"{NAME} is sent back and can't be approved now."


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(3))
def test_a_save_that_races_the_submission_is_whole_or_refused_and_kept(author, manager, quarter, turn):
    client = Client()
    client.force_login(author)
    data = cells(quarter, "Typed meanwhile.")
    saved, submitted = at_once(
        lambda: client.post(HERE, data).status_code,
        lambda: submit_overview(fresh(quarter), by=person(manager)),
    )
    stored = fresh(quarter)
    assert submitted is None
    assert stored.overview_status == "submitted"
    if saved == 302:
        assert stored.overview == "Typed meanwhile."
    else:
        assert (saved, stored.overview) == (200, "Going well.")
        assert OverviewDraft.objects.get().data[f"overview-{quarter.pk}-overview"] == "Typed meanwhile."


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_at_once_one_is_shown_both(author, manager, quarter):
    def sender(who, typed):
        client = Client()
        client.force_login(who)
        return lambda: client.post(HERE, cells(quarter, typed)).status_code

    assert sorted(at_once(sender(author, "One."), sender(manager, "Another."))) == [200, 302]
    assert fresh(quarter).overview in ("One.", "Another.")
    assert OverviewDraft.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_save_that_races_the_closing_is_whole_or_refused_and_kept(author, quarter):
    def save_it():
        return save_overview(fresh(quarter), person(author), {k: str(v) for k, v in cells(quarter, "Late.").items()})

    outcome, _ = at_once(save_it, lambda: close(Quarter.objects.get(pk=quarter.pk)))
    stored = fresh(quarter)
    if isinstance(outcome, Refused):
        assert "is closed and can't be edited" in str(outcome)
        assert stored.overview == "Going well."
    else:
        assert stored.overview == "Late."


def test_what_was_rewritten_since_it_was_read_is_not_approved(client, quarter, author, manager):
    seen = put(quarter, "submitted").version
    put(quarter, "in_progress")
    with door(overview_of=[fresh(quarter)], by=author):
        row = fresh(quarter)
        row.overview = "Never read by the manager."
        row.save()
    put(quarter, "submitted")
    page = text(move(client, manager, "approve", version=seen))
    assert "It has changed since you opened this page; read what is new, then decide." in page
    assert fresh(quarter).overview_status == "submitted"


def test_who_is_no_administrator_is_not_shown_the_form_that_names_an_author(client, quarter, author):
    client.force_login(author)
    page = text(client.post(f"{HERE}author/", {"to": "nobody"}, follow=True))
    assert "Only an administrator names who writes the overview; ask one to." in page
    assert "Name who writes it" not in page


def test_an_author_without_a_role_lands_on_their_overview_and_is_told_what_they_cannot_read(client, quarter):
    writer = make_person("writer")
    with door(overview_of=[fresh(quarter)]):
        row = fresh(quarter)
        row.overview_author = writer
        row.save()
    client.force_login(writer)
    assert client.get("/", follow=True).redirect_chain[0][0] == "/my-updates/"
    make_quarter(Q1)
    page = text(client.get("/2022-23-q1/"))
    assert "Q1 2022/23 is not open to you. An administrator gives you a role or a part of it first." in page
