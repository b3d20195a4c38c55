"""Decisions of the board: noted beside a row, shown from quarter to quarter until they are marked done."""

import pytest
from django.db import IntegrityError, transaction

from goals.models import Goal
from priorities.door import Refused
from priorities.models import AssignmentRole, ChangeSet
from reports.frozen import newest
from tests.answers import queries
from tests.closed import close_for_real
from tests.make import (
    Q1,
    door,
    make_assessment,
    make_assignment,
    make_decision,
    make_forecast,
    make_full_update,
    make_goal,
    make_indicator,
    make_person,
    make_position,
    make_quarter,
    make_reading,
    make_update,
)
from updates.deciding import note_decision, settle
from updates.models import Decision, Notice
from updates.typed import whose

pytestmark = [pytest.mark.django_db, pytest.mark.once]

Q2, Q3 = Q1.next, Q1.plus(2)


@pytest.fixture
def update(victims):
    found = make_update(victims, objectives="G", time="G", spend="G", capability="G", risk="G")
    make_reading(found)
    make_assessment(found)
    make_forecast(found)
    make_position(found)
    return found


@pytest.fixture
def later(update, victims):
    """The next quarter's update, with a row of the same indicator, and the one after."""
    found = make_update(victims, make_quarter(Q2))
    make_reading(found, victims.indicators.get())
    return found


def page_of(update, name="decisions"):
    return f"/{update.quarter.period.slug}/{update.priority.slug}/update/{name}/"


def get(client, person, path):
    client.force_login(person)
    return client.get(path)


def text(response):
    return " ".join(response.content.decode().split())


def note(client, person, update, about="ratings", words="Bring a recovery plan.", **kwargs):
    client.force_login(person)
    return client.post(page_of(update), {"decision-about": about, "decision-text": words}, follow=True, **kwargs)


def mark(client, person, update, decision, words="A plan was brought."):
    client.force_login(person)
    return client.post(page_of(update), {f"done-{decision.pk}-outcome": words}, follow=True)


# Noting


def test_a_manager_notes_a_decision_on_a_row_and_its_lead_is_told(client, update, manager, victims, victims_lead):
    row = victims.indicators.get()
    page = text(note(client, manager, update, about=str(row.key)))
    assert f"Noted: {row}. It goes on to the next quarters until it is marked done." in page
    made = Decision.objects.get()
    assert (made.section, made.key, made.noted_by, made.update) == ("indicators", row.key, manager, update)
    assert made.history.get().change_set.person == manager
    (notice,) = Notice.objects.filter(person=victims_lead)
    assert notice.text.startswith(f"The board decided on “{row}” of")
    assert notice.path == page_of(update)


def test_a_row_that_ends_in_a_full_stop_gives_no_sentence_two(client, update, manager, victims):
    goal = victims.goals.get()
    goal.title = "Find ways to discharge them."
    goal.save()
    assert "discharge them. It goes on" in text(note(client, manager, update, about=str(goal.key)))


def test_a_decision_on_a_closed_quarter_leaves_its_report_as_it_was(client, update, manager):
    close_for_real(update.quarter)
    before = newest(update.quarter).body
    assert note(client, manager, update).status_code == 200
    assert newest(update.quarter).body == before
    assert "Bring a recovery plan." in text(get(client, manager, f"/2022-23-q1/{update.priority.slug}/"))


def test_every_row_can_be_decided_on(client, update, manager, victims):
    page = text(get(client, manager, page_of(update)))
    for name in ("The priority as a whole", "Finance", "1a % of victims supported, 1a", "Demand may rise", "1 Goal 1"):
        assert f">{name}</option>" in page
    key = victims.goals.get().key
    assert f'<option value="{key}" selected' in text(get(client, manager, f"{page_of(update)}?about={key}"))


@pytest.mark.parametrize(
    ("about", "words", "told"),
    [
        ("ratings", "", "Say what the board decided."),
        ("", "Something.", "Choose what it is about."),
        ("nothing", "Something.", "That row is not there; choose one."),
    ],
)
def test_what_is_wrong_with_a_decision_is_said_and_nothing_is_noted(client, update, manager, about, words, told):
    page = text(note(client, manager, update, about, words))
    assert told in page
    assert "<title>Error:" in page
    assert not Decision.objects.exists()


def test_leads_read_decisions_and_note_none(client, update, victims_lead):
    make_decision(update)
    page = text(get(client, victims_lead, page_of(update)))
    assert "Bring a recovery plan." in page
    assert "Note a decision" not in page
    assert "is not yours to" in text(note(client, victims_lead, update))
    assert Decision.objects.count() == 1
    with pytest.raises(Refused, match="noted by managers and administrators"):
        note_decision(update, "ratings", "Mine.", by=victims_lead)


def test_a_row_that_went_meanwhile_is_refused(update, manager):
    with pytest.raises(Refused, match="not there any more"):
        note_decision(update, "gone", "Something.", by=manager)


# Carried from quarter to quarter


def test_it_is_carried_to_the_next_quarters_until_it_is_done(client, update, later, manager, victims):
    last = make_update(victims, make_quarter(Q3))
    decision = make_decision(update)
    for each in (update, later, last):
        assert "Bring a recovery plan." in text(get(client, manager, page_of(each)))
    page = text(mark(client, manager, later, decision))
    assert "Marked done: A row." in page
    assert "A plan was brought." in page
    assert "Bring a recovery plan." in text(get(client, manager, page_of(update)))
    assert "No decision of the board on this priority stands in Q3 2022/23." in text(
        get(client, manager, page_of(last))
    )


def test_a_decision_of_a_later_quarter_is_not_in_an_earlier_one(client, update, later, manager):
    make_decision(later)
    assert "Bring a recovery plan." not in text(get(client, manager, page_of(update)))


def test_it_stands_beside_its_row_in_the_report(client, update, later, manager, victims):
    row = victims.indicators.get()
    make_decision(update, key=row.key, section="indicators")
    make_decision(update, "Re-profile the underspend.", section="finance")
    for slug in ("2022-23-q1", "2022-23-q2"):
        page = text(get(client, manager, f"/{slug}/{victims.slug}/"))
        told = page.split(f'id="{row.key}"')[1].split("</tr>")[0]
        assert "<strong>Decision of the board, Q1 2022/23:</strong> Bring a recovery plan." in told
    assert "Re-profile the underspend." in text(get(client, manager, f"/2022-23-q1/{victims.slug}/"))


def test_it_stands_on_the_entry_page_and_the_review_until_it_is_done(client, update, later, victims_lead, victims):
    row = victims.indicators.get()
    decision = make_decision(update, key=row.key, section="indicators")
    make_decision(update, "Look at time again.")
    assert "Bring a recovery plan." in text(get(client, victims_lead, page_of(later, "indicators")))
    assert "Look at time again." in text(get(client, victims_lead, page_of(later, "ratings")))
    review = text(get(client, victims_lead, page_of(later, "review")))
    assert "Bring a recovery plan." in review
    assert "Look at time again." in review
    settle(decision, later, "Brought.", by=victims_lead)
    assert "Bring a recovery plan." not in text(get(client, victims_lead, page_of(later, "indicators")))
    assert "Bring a recovery plan." not in text(get(client, victims_lead, page_of(later, "review")))


@pytest.mark.parametrize("section", ["indicators", "risks", "goals"])
def test_it_stands_beside_the_row_of_each_section(client, update, victims_lead, victims, section):
    row = {"indicators": victims.indicators, "risks": victims.risks, "goals": victims.goals}[section].get()
    make_decision(update, key=row.key, section=section)
    page = text(get(client, victims_lead, page_of(update, section)))
    assert page.count("Bring a recovery plan.") == 1
    assert '<small class="decision">' in page
    report = text(get(client, victims_lead, f"/2022-23-q1/{victims.slug}/"))
    assert report.count("Bring a recovery plan.") == 1


def test_it_goes_on_with_a_goal_that_was_carried_into_a_new_year(client, update, manager, victims):
    old = victims.goals.get()
    make_decision(update, key=old.key, section="goals")
    new = Goal.objects.create(priority=victims, financial_year=2023, number=1, title="The same", carried_from=old)
    next_year = make_update(victims, make_quarter(Q1.plus(4)))
    make_forecast(next_year, new)
    page = text(get(client, manager, f"/2023-24-q1/{victims.slug}/"))
    assert "Bring a recovery plan." in page.split(f'id="{new.key}"')[1].split("</tr>")[0]


def test_it_goes_on_with_an_indicator_that_took_the_place_of_another(client, update, manager, victims):
    old = victims.indicators.get()
    make_decision(update, key=old.key, section="indicators")
    later = make_update(victims, make_quarter(Q2))
    make_reading(later, make_indicator(victims, "1z", replaces=old))
    assert "Bring a recovery plan." in text(get(client, manager, f"/2022-23-q2/{victims.slug}/"))


def test_one_on_a_row_that_is_not_reported_any_more_is_told_apart(
    client, update, later, manager, victims, victims_lead
):
    make_decision(update, key=victims.goals.get().key, section="goals")
    page = text(get(client, manager, f"/2022-23-q2/{victims.slug}/"))
    assert "Decisions of the board on rows that are not reported any more" in page
    assert "Bring a recovery plan." in page
    make_forecast(later, make_goal(victims, 9))
    assert "Bring a recovery plan." in text(get(client, victims_lead, page_of(later, "goals")))


def test_it_stands_beside_the_exceptions(client, update, manager, victims):
    reading = update.readings.get()
    make_decision(update, key=reading.indicator.key, section="indicators")
    later = make_update(victims, make_quarter(Q2))
    make_reading(later, reading.indicator, confidence="R")
    assert "Bring a recovery plan." in text(get(client, manager, "/2022-23-q2/exceptions/"))


# Done


def test_the_lead_marks_it_done_with_a_word_and_who_noted_it_is_told(client, update, manager, victims_lead):
    decision = make_decision(update, noted_by=manager)
    assert "Say what was done." in text(mark(client, victims_lead, update, decision, ""))
    assert "Marked done" in text(mark(client, victims_lead, update, decision))
    decision.refresh_from_db()
    assert (decision.done_in, decision.done_by, decision.outcome) == (update, victims_lead, "A plan was brought.")
    assert Notice.objects.get(person=manager).text == "What the board decided on “A row” is done: A plan was brought."
    assert ChangeSet.objects.filter(act="settle a decision", person=victims_lead).count() == 1


def test_it_is_marked_done_once(client, update, manager, victims_lead):
    decision = make_decision(update)
    settle(decision, update, "Brought.", by=victims_lead)
    with pytest.raises(Refused, match="marked done already, by victims-lead: Brought."):
        settle(decision, update, "Again.", by=manager)
    assert "marked done already" in text(mark(client, manager, update, decision))


def test_contributors_and_others_do_not_mark_it_done(client, update, victims, trust_lead):
    decision = make_decision(update, section="finance")
    person = make_assignment(victims, make_person("finance"), AssignmentRole.CONTRIBUTOR, section="finance").person
    page = text(get(client, person, page_of(update)))
    assert "Bring a recovery plan." in page
    assert "Not yet" in page
    assert "is not yours to" in text(mark(client, person, update, decision))
    with pytest.raises(Refused, match="marked done by the lead"):
        settle(decision, update, "Brought.", by=trust_lead)
    with pytest.raises(Refused, match="Say what was done"):
        settle(decision, update, " ", by=make_assignment(victims, make_person("other-lead")).person)
    decision.refresh_from_db()
    assert decision.done_in is None


def test_contributors_read_decisions_on_their_own_section_only(client, update, victims):
    make_decision(update, "On the goals.", section="goals")
    person = make_assignment(victims, make_person("finance"), AssignmentRole.CONTRIBUTOR, section="finance").person
    assert "On the goals." not in text(get(client, person, page_of(update)))
    assert "On the goals." not in text(get(client, person, f"/2022-23-q1/{victims.slug}/"))
    assert "On the goals." not in text(get(client, person, page_of(update, "finance")))


def test_the_database_wants_a_word_on_what_was_done(update):
    decision = make_decision(update)
    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.filter(pk=decision.pk).update(done_in=update)


# What they cost


@pytest.mark.parametrize("name", ["decisions", "indicators", "goals", "review", "report"])
def test_the_pages_take_as_many_queries_for_thirty_decisions_as_for_one(client, victims, manager, victims_lead, name):
    update = make_full_update(victims, make_quarter(), rows=3)
    keys = [indicator.key for indicator in victims.indicators.all()]
    client.force_login(victims_lead if name in ("indicators", "goals") else manager)
    path = f"/2022-23-q1/{victims.slug}/" if name == "report" else page_of(update, name)
    make_decision(update, key=keys[0], section="indicators")
    few = queries(client, path)
    for n in range(30):
        make_decision(update, f"Decision {n}", key=keys[n % 3], section="indicators", noted_by=manager)
        make_decision(update, f"As a whole {n}")
    ChangeSet.objects.create(person=manager, source="form")
    assert queries(client, path) == few
    if name != "review":
        assert few <= 12


# What was typed when the session ended


def test_a_decision_typed_when_the_session_ended_is_shown_again_after_signing_in(client, update, manager):
    path, typed = page_of(update), {"decision-about": "finance", "decision-text": "Ask for a forecast by month."}
    response = client.post(path, {"who": whose(manager), **typed})
    assert "what you typed is kept" in client.get(response.url).content.decode()
    sign_in = {"username": "manager", "password": "quarterly-demo"}
    page = client.post(response.url, sign_in, follow=True).content.decode()
    assert "Ask for a forecast by month.</textarea>" in page
    assert not Decision.objects.exists()
    assert "Ask for a forecast by month." not in client.get(path).content.decode()  # it is handed out once
    client.post(path, typed)
    assert Decision.objects.get().text == "Ask for a forecast by month."


def test_what_was_typed_is_not_shown_on_another_page(client, update, manager):
    other = page_of(make_update(update.priority, make_quarter(Q2)))
    client.post(page_of(update), {"who": whose(manager), "decision-about": "finance", "decision-text": "Typed here."})
    client.post("/sign-in/", {"username": "manager", "password": "quarterly-demo"})
    assert "Typed here." not in client.get(other).content.decode()
    assert "Typed here." in client.get(page_of(update)).content.decode()


# What a later quarter says of it


@pytest.mark.parametrize("path", ["/2022-23-q1/{slug}/", "/2022-23-q1/exceptions/"])
def test_what_was_done_in_a_quarter_that_is_not_open_to_its_readers_is_not_told_before(
    client, update, later, manager, reader, victims, path
):
    reading = update.readings.get()
    with door(update):
        reading.confidence = "R"
        reading.save()
    decision = make_decision(update, key=reading.indicator.key, section="indicators")
    close_for_real(update.quarter)
    settle(decision, later, "Spent twice the budget.", by=manager)
    page = text(get(client, reader, path.format(slug=victims.slug)))
    assert "Bring a recovery plan." in page
    assert "Spent twice the budget." not in page
    assert "Done in" not in page
    now = text(get(client, manager, f"/2022-23-q2/{victims.slug}/"))
    assert "Done in Q2 2022/23: Spent twice the budget." in now


def test_those_who_only_fill_in_a_section_read_what_was_done_in_the_quarter_itself(client, update, later, victims):
    decision = make_decision(update, section="finance")
    lead = make_assignment(victims, make_person("other-lead")).person
    settle(decision, later, "Spent twice the budget.", by=lead)
    person = make_assignment(victims, make_person("finance"), AssignmentRole.CONTRIBUTOR, section="finance").person
    page = text(get(client, person, page_of(update)))
    assert "In a later quarter" in page
    assert "Spent twice the budget." not in page
    assert "Spent twice the budget." in text(get(client, person, page_of(later)))
    assert "Spent twice the budget." in text(get(client, lead, page_of(update)))


# All of them


def test_the_draft_pack_has_them_beside_their_rows_each_in_its_own_priority(client, update, manager, victims, trust):
    make_update(trust, update.quarter)
    row = victims.indicators.get()
    make_decision(update, key=row.key, section="indicators")
    make_decision(update, "Look at time again.")
    page = text(get(client, manager, "/2022-23-q1/print/"))
    assert "Bring a recovery plan." in page.split(f'id="{row.key}"')[1].split("</tr>")[0]
    assert page.count("Look at time again.") == 1
    own = page.split(f'id="{victims.slug}"')[1].split("</article>")[0]
    assert "Look at time again." in own


def test_those_who_see_all_find_all_that_stand_on_one_page(client, update, later, manager, victims, victims_lead):
    decision = make_decision(update)
    settle(make_decision(update, "Look at time again."), later, "Looked.", by=manager)
    page = text(get(client, manager, "/2022-23-q2/decisions/"))
    assert "Bring a recovery plan." in page
    assert "Q2 2022/23: Looked." in page
    assert f'href="/2022-23-q2/{victims.slug}/update/decisions/#decision-{decision.pk}"' in page
    assert f'href="/2022-23-q2/{victims.slug}/update/decisions/#note-title"' in page
    assert "Decisions of the board</a>" in text(get(client, manager, "/2022-23-q2/"))
    assert "Decisions of the board</a>" not in text(get(client, victims_lead, "/2022-23-q2/"))
    refused = get(client, victims_lead, "/2022-23-q2/decisions/")
    assert refused.status_code == 403
    assert "The list of all decisions is for managers and administrators" in text(refused)


def test_the_button_that_marks_it_done_names_the_row_up_to_a_whole_word(client, update, manager):
    decision = make_decision(update)
    decision.subject = "Compared " + "extraordinarily " * 8
    decision.save()
    page = text(get(client, manager, page_of(update)))
    assert 'value="Mark it done: Compared extraordinarily extraordinarily extraordinarily extraordinarily…"' in page
