"""The progress board: what a manager sees of each priority, whom they remind, and how more time is given."""

import datetime as dt
import re
from html import unescape

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from priorities.history import ChangeSet, Source
from priorities.models import AssignmentRole, Person, Quarter, QuarterlyUpdate, QuarterStatus, UpdateStatus
from priorities.periods import Period
from priorities.writing import writing
from tests.answers import queries
from tests.make import (
    Q1,
    close,
    door,
    make_assignment,
    make_full_update,
    make_indicator,
    make_person,
    make_plan,
    make_priority,
    make_quarter,
    make_reading,
    make_update,
    set_status,
)
from updates.board import board_of, updates_of
from updates.models import Comment, Draft, Notice, OverviewDraft, SignOff
from updates.opening import OPENED
from updates.reminding import Reminded
from updates.views import board as views

pytestmark = [pytest.mark.django_db, pytest.mark.once]

BOARD = "/2022-23-q1/progress/"


@pytest.fixture
def update(victims, victims_lead):
    return make_full_update(victims, make_quarter(due_on=days(3)))


def days(number):
    return timezone.localdate() + dt.timedelta(days=number)


def text(response):
    return re.sub(r"\s+", " ", unescape(response.content.decode()))


def words(response):
    """The page without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text(response)))


def get(client, person, path=BOARD):
    client.force_login(person)
    return client.get(path)


def post(client, person, path, **typed):
    client.force_login(person)
    return client.post(f"{BOARD}{path}/", typed, follow=True)


def line(period=Q1, number=0):
    updates = list(updates_of(period))
    return board_of(Quarter.objects.at(period).get(), updates).lines[number]


def cell(section, **kwargs):
    return next(cell for cell in line(**kwargs).cells if cell.section == section)


# Who sees it


@pytest.mark.parametrize("who", ["victims_lead", "reader"])
@pytest.mark.parametrize("path", ["/progress/", BOARD])
def test_others_are_told_where_their_own_is(request, client, update, who, path):
    response = get(client, request.getfixturevalue(who), path)
    assert response.status_code == 403
    assert "is for managers and administrators to see. What is yours is under “My updates”." in text(response)


@pytest.mark.parametrize("path", ["remind", "extend"])
def test_others_neither_remind_nor_give_time(client, update, victims_lead, path):
    client.force_login(victims_lead)
    assert client.post(f"{BOARD}{path}/", {"update": update.pk}).status_code == 403


@pytest.mark.parametrize("who", ["manager", "administrator"])
def test_who_sees_all_gets_it_from_the_bar_on_top(request, client, update, who):
    person = request.getfixturevalue(who)
    assert '<a href="/progress/">Progress</a>' in text(get(client, person, "/2022-23-q1/"))
    assert get(client, person, "/progress/").url == BOARD
    assert get(client, person).status_code == 200


def test_nobody_else_has_the_link(client, update, victims_lead):
    assert "/progress/" not in text(get(client, victims_lead, "/2022-23-q1/"))


def test_the_short_address_leads_to_the_newest_open_quarter(client, update, victims, manager):
    make_quarter(Period(2022, 2))
    make_quarter(Period(2022, 3), status=QuarterStatus.PLANNED)
    assert get(client, manager, "/progress/").url == "/2022-23-q2/progress/"


def test_with_none_open_it_leads_to_the_newest_closed_one(client, update, manager):
    close(update.quarter)
    assert get(client, manager, "/progress/").url == BOARD


def test_before_any_quarter_it_says_so(client, manager):
    client.force_login(manager)
    assert "No quarter has been opened yet" in text(client.get("/progress/", follow=True))


def test_a_quarter_that_is_not_there_and_one_without_updates(client, manager, victims):
    assert get(client, manager, "/2031-32-q1/progress/").status_code == 404
    assert "Q1 2022/23 has no updates yet." in text(get(client, manager))


# What it says


def test_a_cell_says_what_is_to_do_and_who_has_it(update, victims, victims_lead):
    analyst = make_person("analyst", first_name="Ann", last_name="Lee")
    make_assignment(victims, analyst, AssignmentRole.CONTRIBUTOR, section="goals")
    assert cell("goals").state == "3 to do"
    assert cell("goals").holders == ("Ann Lee",)
    assert cell("finance").holders == ("victims-lead",)


def test_rows_held_by_others_are_named(update):
    row = update.readings.first().indicator
    row.holder = make_person("analyst")
    row.save()
    assert cell("indicators").row_holders == ("analyst",)


def test_a_section_without_gaps_is_complete(update):
    with door(update):
        for goal in update.goalforecasts.all():
            goal.confirmed = True
            goal.save()
    assert cell("goals").state == "Complete"


def test_what_was_submitted_with_gaps_says_so(update):
    set_status(update, UpdateStatus.APPROVED)
    assert cell("goals").state == "3 left open"
    assert line().todo == 0


def test_leads_and_deputies_are_seen_at_a_glance(client, update, victims, manager):
    make_assignment(victims, make_person("stand-in"), AssignmentRole.DEPUTY, ends_on=dt.date(2099, 5, 9))
    soon = {"starts_on": dt.date(2099, 1, 2), "ends_on": dt.date(2099, 1, 3)}
    make_assignment(victims, make_person("later"), AssignmentRole.DEPUTY, **soon)
    page = words(get(client, manager))
    assert "Lead: victims-lead" in page
    assert "Deputy: stand-in, until 9 May 2099; later, from 2 January 2099 until 3 January 2099" in page


def test_who_cannot_sign_in_any_more_is_marked(client, update, victims_lead, manager):
    victims_lead.is_active = False
    victims_lead.save()
    assert "Lead: victims-lead (can’t sign in)" in words(get(client, manager))


def test_a_priority_without_a_lead_says_so(client, trust, manager):
    make_full_update(trust, make_quarter())
    page = words(get(client, manager))
    assert "No lead" in page
    assert "With nobody" in page


def test_a_draft_names_its_writer(client, update, victims_lead, manager):
    Draft.objects.create(person=victims_lead, update=update, section="risks", data={"x": "y"})
    assert cell("risks").drafts == ("victims-lead",)
    assert cell("goals").drafts == ()
    assert "Draft typed: victims-lead" in words(get(client, manager))


def save(update, by, change, act=""):
    with writing([update], by=by, source=Source.FORM, act=act):
        change()


def test_the_last_activity_of_rows_is_the_newest_save(update, victims_lead, administrator):
    reading = update.readings.first()
    for by in (victims_lead, administrator):
        save(update, by, reading.save)
    touch = cell("indicators").last
    assert (touch.who, touch.at) == ("administrator", ChangeSet.objects.first().at)
    assert cell("goals").last.who == "the command line"


def test_opening_the_quarter_is_nobodys_activity(victims):
    quarter = make_quarter()
    with door(opening=True, act=OPENED):
        update = QuarterlyUpdate(priority=victims, quarter=quarter)
        update.save()
    assert [cell.last for cell in line().cells] == [None] * 5


def test_the_texts_are_told_apart_by_what_changed(update, victims_lead, administrator):
    def set_(name, value):
        stored = QuarterlyUpdate.objects.get()
        setattr(stored, name, value)
        stored.save()

    save(update, victims_lead, lambda: set_("narrative", "Better."))
    save(update, administrator, lambda: set_("finance_note", "Underspent."))
    save(update, administrator, lambda: set_("due_on", days(9)))
    assert cell("ratings").last.who == "victims-lead"
    assert cell("finance").last.who == "administrator"


def test_the_overview_is_a_line_of_its_own(client, update, manager, administrator):
    author = make_person("author")
    quarter = Quarter.objects.get(pk=update.quarter_id)
    quarter.overview_author = author
    with door(overview_of=[quarter]):
        quarter.save()
    assert re.search("Overview of the quarter Author: author .*Nothing written yet", words(get(client, manager)))
    with writing(by=author, source=Source.FORM, overview_of=[quarter]):
        quarter.overview = "A good quarter."
        quarter.save()
    OverviewDraft.objects.create(person=administrator, quarter=quarter, data={"overview": "x"})
    page = words(get(client, manager))
    assert re.search(r"Written Draft typed: administrator Last: author, \d+ \w+, \d\d:\d\d In progress", page)


def test_late_and_in_time_are_said_in_days(client, update, trust, manager):
    make_full_update(trust, update.quarter)
    late = make_update(make_priority("Late"), update.quarter, due_on=days(-2), due_reason="Staff left")
    page = words(get(client, manager))
    assert f"Due {days(3):%-d %B %Y}, 3 days left" in page
    assert f"Due {days(-2):%-d %B %Y}, 2 days late" in page
    assert "Extended: Staff left" in page
    set_status(late, UpdateStatus.SUBMITTED)
    assert "2 days late" not in words(get(client, manager))


@pytest.mark.parametrize("status", UpdateStatus)
def test_the_state_of_the_whole_is_there_in_words(client, update, manager, status):
    set_status(update, status)
    assert status.label in words(get(client, manager))


def test_sign_offs_that_are_still_to_come_name_who_can_give_them(client, update, victims, manager):
    director, finance = make_person("director"), make_person("treasurer")
    make_assignment(victims, director, AssignmentRole.SIGNATORY)
    make_assignment(victims, finance, AssignmentRole.SIGNATORY, section="finance")
    assert line().unsigned == ("the whole, by director", "finance, by treasurer")
    with door(update):
        SignOff(update=update, signed_section="finance", by=finance, at=timezone.now()).save()
    assert "Sign-off outstanding: the whole, by director" in words(get(client, manager))
    set_status(update, UpdateStatus.APPROVED)
    assert line().unsigned == ()


def test_open_comments_are_counted_without_answers_and_without_resolved_ones(client, update, manager):
    own = {"update": update, "section": "goals", "subject": "Goal 1", "author": manager, "text": "Why?"}
    first = Comment.objects.create(**own)
    Comment.objects.create(**own, answers=first)
    Comment.objects.create(**own, resolved_at=timezone.now(), resolved_by=manager)
    assert "1 open comment " in words(get(client, manager))
    Comment.objects.create(**own)
    assert "2 open comments" in words(get(client, manager))


def test_the_line_above_counts(client, update, trust, manager):
    set_status(make_full_update(trust, update.quarter), UpdateStatus.SUBMITTED)
    make_update(make_priority("Late"), update.quarter, due_on=days(-2))
    todo = line(number=0).todo + line(number=2).todo
    assert f"1 of 3 submitted, 1 late, {todo} things to do" in words(get(client, manager))
    set_status(update, UpdateStatus.APPROVED)
    assert "2 of 3 submitted (1 approved), 1 late" in words(get(client, manager))


def test_the_order_is_that_of_the_report(client, update, trust, manager):
    make_update(trust, update.quarter, due_on=days(-9))
    page = words(get(client, manager))
    assert page.index("Victims are better supported") < page.index("Trust and confidence increases")


def test_a_closed_quarter_is_shown_with_nothing_to_press(client, update, manager):
    close(update.quarter)
    page = text(get(client, manager))
    assert "1 of 1 submitted" in page
    assert "Remind" not in page
    assert "Give more time" not in page


def test_a_reopened_update_says_for_whom(client, update, victims_lead, manager):
    QuerySet.update(QuarterlyUpdate.objects.all(), reopened_for=victims_lead, reopened_until=dt.date(2099, 1, 2))
    assert "Reopened for victims-lead until 2 January 2099" in words(get(client, manager))


# Reminding


@pytest.fixture
def reminded(monkeypatch):
    """What was asked of remind(), and what it answers."""
    asked = {"answer": Reminded()}

    def remind(updates, *, by):
        asked.update(updates=list(updates), by=by)
        return asked["answer"]

    monkeypatch.setattr(views, "remind", remind)
    return asked


def test_one_is_reminded(client, update, trust, manager, reminded, victims_lead):
    make_update(trust, update.quarter)
    reminded["answer"] = Reminded(sent=(victims_lead,))
    page = words(post(client, manager, "remind", update=update.pk))
    assert (reminded["updates"], reminded["by"]) == ([update], manager)
    for sentence in reminded["answer"].told:
        assert sentence in page


def test_all_of_a_quarter_are_reminded_at_once(client, update, trust, manager, reminded):
    submitted = set_status(make_update(trust, update.quarter), UpdateStatus.SUBMITTED)
    make_update(make_priority("Of another quarter"), make_quarter(Period(2022, 2)))
    post(client, manager, "remind")
    assert reminded["updates"] == [update, submitted]  # who fills in the one, and who reviews the other


def test_everything_that_came_of_it_is_said(client, update, manager, reminded):
    people = [make_person(name) for name in ("one", "two", "three", "four")]
    reminded["answer"] = Reminded(*((person,) for person in people))
    page = words(post(client, manager, "remind"))
    assert len(reminded["answer"].told) == 4
    for sentence in reminded["answer"].told:
        assert sentence in page


def test_where_nothing_is_outstanding_that_is_said(client, update, manager):
    set_status(update, UpdateStatus.APPROVED)
    assert "Nobody has anything outstanding." in words(post(client, manager, "remind", update=update.pk))


def test_mail_that_could_not_be_sent_is_told_of(client, update, manager, victims_lead):
    Person.objects.filter(pk=victims_lead.pk).update(email="lead@example.org")
    told = {"failed_at": timezone.now(), "failure": "the mail server did not answer"}
    Notice.objects.create(person=victims_lead, kind="opened", text="Opened.", path="/", **told)
    client.force_login(manager)
    page = words(client.get(f"/{update.quarter.period.slug}/progress/"))
    assert "1 mail could not be sent yet; the mail server did not answer at" in page


@pytest.mark.parametrize("key", ["", "x", "9999", "9" * 30])
def test_an_update_that_is_not_there_is_not_reminded_of(client, update, manager, reminded, key):
    assert post(client, manager, "remind", update=key).status_code == 404


def test_an_update_of_another_quarter_is_not_reachable(client, update, manager, victims):
    other = make_update(victims, make_quarter(Period(2022, 2)))
    assert post(client, manager, "extend", update=other.pk).status_code == 404


# More time


def extended(client, person, update, due_on, reason="Staff left"):
    typed = {"update": update.pk, "extend_form-due_on": due_on, "extend_form-reason": reason}
    return post(client, person, "extend", **typed)


def test_more_time_is_given_on_the_board(client, update, manager):
    page = words(extended(client, manager, update, f"{days(30):%d/%m/%Y}"))
    assert f"is due on {days(30):%-d %B %Y} now." in page
    assert "Extended: Staff left" in page
    assert ChangeSet.objects.first().note == "Extended: Staff left"


@pytest.mark.parametrize(
    ("due_on", "reason", "told"),
    [
        ("", "Why", "Enter the new due date."),
        ("soon", "Why", "“soon” is not a date"),
        ("01/01/2099", "", "Say why the due date is moved."),
        ("01/01/2020", "Why", "give a later day."),
    ],
)
def test_what_is_wrong_with_it_is_told_beside_that_line(client, update, trust, manager, due_on, reason, told):
    make_full_update(trust, update.quarter)
    page = text(extended(client, manager, update, due_on, reason))
    assert "<title>Error: Progress, Q1 2022/23" in page
    assert re.search(rf'<a href="#id_{update.pk}_extend_form-(due_on|reason)">[^<]*{re.escape(told)}', page)
    assert page.count("<details open>") == 1
    assert not QuarterlyUpdate.objects.exclude(due_on=None)


def test_a_submitted_update_is_given_no_more_time(client, update, manager):
    set_status(update, UpdateStatus.SUBMITTED)
    page = words(extended(client, manager, update, "01/01/2099"))
    assert "is submitted and can't be given more time now" in page


# What it costs


def test_the_board_takes_at_most_twelve_queries_whatever_the_rows_people_and_quarters(
    client, victims, victims_lead, manager
):
    plan = make_plan(first_year=2022, last_year=2031)
    quarter = make_quarter()
    update = make_full_update(victims, quarter, rows=3)
    client.force_login(manager)
    few = queries(client, BOARD)
    assert few <= 12
    for n in range(4, 31):
        make_reading(update, make_indicator(victims, f"{n}z"))
    for n in range(5):
        priority = make_priority(f"Priority {n}")
        make_assignment(priority, make_person(f"lead-{n}"))
        other = make_full_update(priority, quarter)
        Draft.objects.create(person=manager, update=other, section="goals")
    for period in [Q1.plus(n) for n in range(1, 40)]:
        make_update(victims, make_quarter(period, plan=plan))
    assert queries(client, BOARD) == few


def test_the_board_leads_to_those_of_the_quarters_beside_it(client, update, victims, manager):
    make_update(victims, make_quarter(Period(2022, 2)))
    client.force_login(manager)
    assert 'href="/2022-23-q2/progress/"' in text(client.get("/2022-23-q1/progress/"))
    page = text(client.get("/2022-23-q2/progress/"))
    assert 'href="/2022-23-q1/progress/"' in page
    assert "/2022-23-q3/" not in page


def test_the_board_takes_no_more_than_twelve_while_mail_waits(client, update, victims_lead, manager):
    Person.objects.filter(pk=victims_lead.pk).update(email="lead@example.org")
    told = {"failed_at": timezone.now(), "failure": "the mail server did not answer"}
    Notice.objects.create(person=victims_lead, kind="opened", text="Opened.", path="/", **told)
    client.force_login(manager)
    assert queries(client, BOARD) <= 12
    assert "could not be sent" in words(client.get(BOARD))
