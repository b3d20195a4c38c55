"""Handing over: what a lead gives to whom, what those people then see and save, and how it is taken back."""

import datetime as dt
import re
from html import unescape

import pytest
from django.utils import timezone

from finance.models import FinancialPosition
from goals.models import GoalForecast
from indicators.models import Indicator, Reading
from priorities.door import Refused
from priorities.history import ChangeSet
from priorities.models import Assignment, AssignmentRole, Person, QuarterlyUpdate, Section
from risks.models import Assessment
from tests.make import door, make_assignment, make_full_update, make_person, make_quarter
from updates.handing import give_rows, give_section, name_deputy, take_back
from updates.models import Draft

pytestmark = [pytest.mark.django_db, pytest.mark.once]

HERE = "/2022-23-q1/victims-are-better-supported/update/"
PEOPLE = f"{HERE}people/"
SECTIONS = set(Section.values)


@pytest.fixture
def update(victims, victims_lead):
    """With three rows of each kind, led by the victims' lead."""
    return make_full_update(victims, make_quarter())


@pytest.fixture
def analyst(db):
    return make_person("analyst")


@pytest.fixture
def people(victims, victims_lead, trust_lead, manager, administrator, reader):
    finance = make_assignment(victims, make_person("finance"), AssignmentRole.CONTRIBUTOR, section="finance").person
    return {
        "lead": victims_lead,
        "deputy": make_assignment(victims, make_person("deputy"), AssignmentRole.DEPUTY).person,
        "contributor": finance,
        "lead of another": trust_lead,
        "manager": manager,
        "administrator": administrator,
        "reader": reader,
        "nobody": make_person("nobody"),
    }


def text(response):
    return re.sub(r"\s+", " ", unescape(response.content.decode()))


def get(client, person, path):
    client.force_login(person)
    return client.get(path)


def post(client, person, path, follow=False, **typed):
    client.force_login(person)
    return client.post(path, typed, follow=follow)


def typed(row, **cells):
    """A row's cells as its form sends them."""
    kind = {Reading: "reading", Assessment: "risk", GoalForecast: "goal", FinancialPosition: "position"}[type(row)]
    return {f"{kind}-{row.pk}-{name}": value for name, value in {"base": row.version, **cells}.items()}


def days(number):
    return timezone.localdate() + dt.timedelta(days=number)


def british(day):
    return f"{day:%d/%m/%Y}"


def hand(client, person, form, follow=True, **typed):
    return post(client, person, PEOPLE, follow, **{f"{form}-{name}": value for name, value in typed.items()})


def opened(client, person):
    """The sections whose pages somebody gets; the others are refused."""
    statuses = {section: get(client, person, f"{HERE}{section}/").status_code for section in Section.values}
    assert set(statuses.values()) <= {200, 403}
    return {section for section, status in statuses.items() if status == 200}


# Who may hand over


@pytest.mark.parametrize("who", ["lead", "deputy", "administrator"])
def test_the_lead_a_deputy_and_an_administrator_hand_over(client, people, update, analyst, who):
    page = text(hand(client, people[who], "section", to=analyst.pk, section="risks"))
    assert "analyst now fills in risks and issues." in page
    assert opened(client, analyst) == {"risks"}


@pytest.mark.parametrize("who", ["contributor", "lead of another", "manager", "reader", "nobody"])
def test_nobody_else_sees_the_page_or_hands_over(client, people, update, analyst, who):
    before = list(Assignment.objects.values()), ChangeSet.objects.count()
    held = Assignment.objects.get(person=people["contributor"])
    assert get(client, people[who], PEOPLE).status_code == 403
    for each in ({"section-to": analyst.pk, "section-section": "risks"}, {"deputy-to": analyst.pk}):
        assert post(client, people[who], PEOPLE, **each).status_code == 403
    assert post(client, people[who], PEOPLE, **{"take-back": held.pk}).status_code == 403
    assert (list(Assignment.objects.values()), ChangeSet.objects.count()) == before


@pytest.mark.parametrize("who", ["contributor", "lead of another", "manager", "reader", "nobody"])
def test_nobody_else_hands_over_past_the_page_either(people, update, victims, analyst, who):
    by, indicator = people[who], Indicator.objects.first()
    for act in (
        lambda: give_section(priority=victims, section=Section.RISKS, to=analyst, by=by),
        lambda: give_rows(priority=victims, rows=[indicator], to=analyst, by=by),
        lambda: name_deputy(priority=victims, to=analyst, starts_on=None, ends_on=None, by=by),
        lambda: take_back(Assignment.objects.get(person=people["contributor"]), by=by),
    ):
        with pytest.raises(Refused, match="Only the lead of Victims are better supported, a deputy or an admin"):
            act()
    assert not Assignment.objects.filter(person=analyst).exists()


# Sections


def test_a_section_given_is_on_the_page_on_the_task_list_and_in_history(client, update, victims_lead, analyst):
    page = text(hand(client, victims_lead, "section", to=analyst.pk, section="goals"))
    assert 'scope="row" role="rowheader">analyst</th> <td role="cell" data-label="Holds">Goals</td>' in page
    assert 'data-label="Held by">analyst</td>' in text(get(client, victims_lead, HERE))
    assert ChangeSet.objects.first().note == "Goals of Victims are better supported given to analyst"
    assert Assignment.history.first().change_set.person == victims_lead


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"to": "", "section": "goals"}, "Choose a person."),
        ({"to": "gone", "section": "goals"}, "That person can't sign in; choose another."),
        ({"to": "analyst", "section": ""}, "Choose a section."),
        ({"to": "analyst", "section": "overview"}, "Select a valid choice. overview is not one of the"),
        ({"to": "analyst", "section": "risks"}, "This person has this role for this priority already."),
    ],
)
def test_what_cannot_be_given_is_told_in_words(client, update, victims_lead, analyst, victims, chosen, message):
    make_assignment(victims, analyst, AssignmentRole.CONTRIBUTOR, section="risks")
    make_person("gone", is_active=False)
    pk = {person.username: person.pk for person in Person.objects.all()}
    page = text(hand(client, victims_lead, "section", **{**chosen, "to": pk.get(chosen["to"], "")}))
    assert "<title>Error: Who holds what" in page
    assert message in page
    assert Assignment.objects.filter(role="contributor").count() == 1


@pytest.mark.parametrize("section", Section.values)
def test_who_has_a_section_gets_it_and_no_other(client, update, victims, analyst, section):
    make_assignment(victims, analyst, AssignmentRole.CONTRIBUTOR, section=section)
    assert opened(client, analyst) == {section}
    for other in SECTIONS - {section}:
        assert post(client, analyst, f"{HERE}{other}/").status_code == 403
        assert post(client, analyst, f"{HERE}{other}/draft/").status_code == 403
    page = text(get(client, analyst, HERE))
    assert {each for each in SECTIONS if f'href="{HERE}{each}/"' in page} == {section}


def test_what_is_typed_into_another_section_is_neither_saved_nor_kept(client, update, victims, analyst):
    make_assignment(victims, analyst, AssignmentRole.CONTRIBUTOR, section="finance")
    reading = Reading.objects.first()
    sent = typed(reading, value="99", confidence="R")
    assert post(client, analyst, f"{HERE}indicators/", **sent).status_code == 403
    assert post(client, analyst, f"{HERE}indicators/draft/", **sent).status_code == 403
    assert post(client, analyst, f"{HERE}finance/", follow=True, **sent).status_code == 200
    assert Reading.objects.get(pk=reading.pk).value == 27
    assert not Draft.objects.exists()


def test_who_has_the_finance_cannot_save_ratings_with_it(client, update, victims, analyst):
    make_assignment(victims, analyst, AssignmentRole.CONTRIBUTOR, section="finance")
    mine = {f"finance-{update.pk}-base": update.version, f"finance-{update.pk}-finance_note": "Ours"}
    sent = mine | {f"update-{update.pk}-base": update.version, f"update-{update.pk}-narrative": "Theirs"}
    assert "not yours any more" in text(post(client, analyst, f"{HERE}finance/", **sent))
    post(client, analyst, f"{HERE}finance/", **mine)
    stored = QuarterlyUpdate.objects.get()
    assert (stored.finance_note, stored.narrative) == ("Ours", "Going well.")


def test_the_finance_of_all_priorities_is_of_those_that_are_theirs(client, update, victims, trust, trust_lead, analyst):
    other = make_full_update(trust, update.quarter)
    make_assignment(victims, analyst, AssignmentRole.CONTRIBUTOR, section="finance")
    mine, theirs = FinancialPosition.objects.get(update=update), FinancialPosition.objects.get(update=other)
    path = "/2022-23-q1/update/finance/"
    page = text(get(client, analyst, path))
    assert f"position-{mine.pk}-budget" in page
    assert f"position-{theirs.pk}-" not in page
    sent = typed(mine, forecast="30") | typed(theirs, forecast="1")
    for address in (path, f"{path}draft/"):
        assert post(client, analyst, address, **sent).status_code == 200
    assert FinancialPosition.objects.get(pk=mine.pk).forecast == 31_900_000
    post(client, analyst, path, **typed(mine, forecast="30"))
    assert FinancialPosition.objects.get(pk=mine.pk).forecast == 30_000_000
    assert FinancialPosition.objects.get(pk=theirs.pk).forecast == 31_900_000
    assert not Draft.objects.filter(update=other).exists()


def test_without_any_finance_there_is_no_page_of_all(client, update, victims, analyst):
    make_assignment(victims, analyst, AssignmentRole.CONTRIBUTOR, section="risks")
    for path in ("/2022-23-q1/update/finance/", "/2022-23-q1/update/finance/draft/"):
        assert post(client, analyst, path).status_code == 403


# Single rows


def give(client, lead, rows, to):
    return text(hand(client, lead, "rows", rows=rows, to=to.pk if to else ""))


def test_rows_given_are_held_and_the_page_says_by_whom(client, update, victims_lead, analyst):
    reading, risk, goal = Reading.objects.first(), Assessment.objects.first(), GoalForecast.objects.first()
    rows = [f"indicator-{reading.indicator_id}", f"risk-{risk.risk_id}", f"goal-{goal.goal_id}"]
    page = give(client, victims_lead, rows, analyst)
    assert "3 rows are now held by analyst." in page
    assert page.count("(held by analyst)") == 3
    assert "Single rows" in page
    assert {type(row).objects.get(pk=row.pk).holder for row in (reading, risk, goal)} == {analyst}
    assert "rows: analyst" in text(get(client, victims_lead, HERE))


@pytest.mark.parametrize("rows", [[], ["indicator-0"], ["plan-1"], ["elsewhere"]])
def test_rows_that_are_not_of_the_update_are_not_given(client, update, trust, victims_lead, analyst, rows):
    make_full_update(trust, update.quarter)
    other = Indicator.objects.filter(priority=trust).first()
    page = give(client, victims_lead, [f"indicator-{other.pk}" if row == "elsewhere" else row for row in rows], analyst)
    assert "<title>Error: " in page
    assert ("Tick the rows to give." if not rows else "Select a valid choice.") in page
    assert not Indicator.objects.filter(holder=analyst).exists()
    assert not Assignment.objects.filter(person=analyst).exists()


def test_who_has_rows_reaches_the_pages_of_rows_only(client, update, victims, victims_lead, analyst):
    give_rows(priority=victims, rows=[Indicator.objects.first()], to=analyst, by=victims_lead)
    assert opened(client, Person.objects.get(pk=analyst.pk)) == {"indicators", "risks", "goals"}
    for other in ("ratings", "finance"):
        assert post(client, analyst, f"{HERE}{other}/").status_code == 403
        assert post(client, analyst, f"{HERE}{other}/draft/").status_code == 403


@pytest.mark.parametrize(
    ("model", "section", "cells"),
    [
        (Reading, "indicators", {"note": "Ours"}),
        (Assessment, "risks", {"explanation": "Ours"}),
        (GoalForecast, "goals", {"comment": "Ours"}),
    ],
)
def test_who_has_a_row_sees_and_saves_that_row_only(
    client, update, victims, victims_lead, analyst, model, section, cells
):
    mine, *others = model.objects.order_by("pk")
    subject = getattr(mine, {"indicators": "indicator", "risks": "risk", "goals": "goal"}[section])
    give_rows(priority=update.priority, rows=[subject], to=analyst, by=victims_lead)
    page = text(get(client, analyst, f"{HERE}{section}/"))
    names = {name.rpartition("-")[0] for name in typed(mine, x="")}
    assert names == set(re.findall(r'name="((?:reading|risk|goal|new-\w+)-[0-9a-f-]+)-base"', page))
    sent = {}
    for row in (mine, *others):
        sent |= typed(row, **cells)
    assert "not yours any more" in text(post(client, analyst, f"{HERE}{section}/", **sent))  # all of it or nothing
    (cell,) = cells
    assert {getattr(row, cell) for row in model.objects.all()} == {""}
    post(client, analyst, f"{HERE}{section}/", **typed(mine, **cells))
    assert getattr(model.objects.get(pk=mine.pk), cell) == "Ours"
    assert {getattr(model.objects.get(pk=row.pk), cell) for row in others} == {""}
    assert {model.objects.get(pk=row.pk).version for row in others} == {0}


def test_who_has_one_risk_leaves_its_rank_as_it_is(client, update, victims, victims_lead, analyst):
    for position, row in enumerate(Assessment.objects.order_by("pk"), 1):
        with door(update):
            row.position = position
            row.save()
    last = Assessment.objects.get(position=3)
    give_rows(priority=victims, rows=[last.risk], to=analyst, by=victims_lead)
    post(client, analyst, f"{HERE}risks/", **typed(last, explanation="Ours"))
    assert Assessment.objects.get(explanation="Ours").pk == last.pk
    assert list(Assessment.objects.order_by("pk").values_list("position", flat=True)) == [1, 2, 3]


def test_another_row_typed_into_a_draft_is_not_kept(client, update, victims, victims_lead, analyst):
    mine, other, _ = Reading.objects.order_by("pk")
    give_rows(priority=victims, rows=[mine.indicator], to=analyst, by=victims_lead)
    answer = post(client, analyst, f"{HERE}indicators/draft/", **typed(mine, value="28"), **typed(other, value="99"))
    assert not any(name.startswith(f"reading-{other.pk}-") for name in answer.json()["outputs"])
    assert set(Draft.objects.get().data) == {f"reading-{mine.pk}-value", f"reading-{mine.pk}-base"}


def test_who_has_a_risk_adds_no_new_one(client, update, victims, victims_lead, analyst):
    give_rows(priority=victims, rows=[Assessment.objects.first().risk], to=analyst, by=victims_lead)
    page = text(get(client, analyst, f"{HERE}risks/"))
    assert "new-risk-" not in page
    new = "new-risk-00000000-0000-4000-8000-000000000000"
    post(client, analyst, f"{HERE}risks/", **{f"{new}-base": "0", f"{new}-description": "Ours", f"{new}-level": "H"})
    assert Assessment.objects.count() == 3


def test_rows_given_on_to_somebody_else_leave_the_first_with_nothing(client, update, victims, victims_lead, analyst):
    indicator, second = Indicator.objects.first(), make_person("second")
    give_rows(priority=victims, rows=[indicator], to=analyst, by=victims_lead)
    give(client, victims_lead, [f"indicator-{indicator.pk}"], second)
    assert Indicator.objects.get(pk=indicator.pk).holder == second
    assert get(client, analyst, HERE).status_code == 403
    assert get(client, second, f"{HERE}indicators/").status_code == 200


def test_who_has_a_section_too_keeps_it_when_their_rows_go(client, update, victims, victims_lead, analyst):
    make_assignment(victims, analyst, AssignmentRole.CONTRIBUTOR, section="finance")
    indicator = Indicator.objects.first()
    give_rows(priority=victims, rows=[indicator], to=analyst, by=victims_lead)
    give(client, victims_lead, [f"indicator-{indicator.pk}"], None)
    assert opened(client, analyst) == {"finance"}


@pytest.mark.parametrize(("starts", "ends"), [(None, -1), (5, None)])
def test_rows_given_to_a_deputy_of_other_days_are_theirs_today(
    client, update, victims, victims_lead, analyst, starts, ends
):
    dates = {"starts_on": days(starts) if starts else None, "ends_on": days(ends) if ends else None}
    make_assignment(update.priority, analyst, AssignmentRole.DEPUTY, **dates)
    give(client, victims_lead, [f"indicator-{Indicator.objects.first().pk}"], analyst)
    assert get(client, analyst, f"{HERE}indicators/").status_code == 200


# Deputies


def test_a_deputy_without_dates_has_everything_at_once(client, update, victims_lead, analyst):
    page = text(hand(client, victims_lead, "deputy", to=analyst.pk, starts_on="", ends_on=""))
    assert "analyst is a deputy now" in page
    assert "Everything, as deputy" in page
    assert opened(client, analyst) == SECTIONS
    assert get(client, analyst, f"{HERE}check/").status_code == 200
    assert get(client, analyst, PEOPLE).status_code == 200


def test_a_deputy_of_days_to_come_is_shown_and_has_nothing_yet(client, update, victims_lead, analyst):
    dates = {"starts_on": british(days(3)), "ends_on": british(days(9))}
    page = text(hand(client, victims_lead, "deputy", to=analyst.pk, **dates))
    assert f'data-label="From">{days(3):%-d %B %Y}</td>' in page
    assert f'data-label="Until">{days(9):%-d %B %Y}</td>' in page
    assert get(client, analyst, HERE).status_code == 403
    assert post(client, analyst, f"{HERE}check/").status_code == 403


def test_a_deputy_of_days_to_come_is_not_said_to_be_one_now(client, update, victims_lead, analyst):
    page = text(hand(client, victims_lead, "deputy", to=analyst.pk, starts_on=british(days(3)), ends_on=""))
    assert "is a deputy now" not in page
    assert f"{days(3):%-d %B %Y}" in page


@pytest.mark.parametrize(("starts", "ends", "has_it"), [(0, 0, True), (-3, 0, True), (-3, 3, True), (1, 3, False)])
def test_a_deputy_has_everything_on_the_days_named_both_included(
    client, update, victims_lead, analyst, starts, ends, has_it
):
    dates = {"starts_on": british(days(starts)), "ends_on": british(days(ends))}
    hand(client, victims_lead, "deputy", to=analyst.pk, **dates)
    assert (get(client, analyst, HERE).status_code == 200) is has_it


@pytest.mark.parametrize("starts", ["", british(dt.date(2022, 7, 1))])
def test_a_deputy_whose_days_are_over_already_is_refused(client, update, victims_lead, analyst, starts):
    page = text(hand(client, victims_lead, "deputy", to=analyst.pk, starts_on=starts, ends_on=british(days(-1))))
    assert "<title>Error: " in page
    assert not Assignment.objects.filter(person=analyst).exists()


def test_a_deputy_who_ends_before_starting_is_refused_in_the_rules_words(client, update, victims_lead, analyst):
    dates = {"starts_on": british(days(9)), "ends_on": british(days(3))}
    page = text(hand(client, victims_lead, "deputy", to=analyst.pk, **dates))
    assert "<title>Error: " in page
    assert "The last day is before the first; correct one of them." in page
    assert dates["starts_on"] in page
    assert not Assignment.objects.filter(person=analyst).exists()


@pytest.mark.parametrize("name", ["starts_on", "ends_on"])
def test_a_date_that_is_none_is_told(client, update, victims_lead, analyst, name):
    page = text(hand(client, victims_lead, "deputy", to=analyst.pk, **{name: "next week"}))
    assert "<title>Error: " in page
    assert f'<a href="#id_deputy-{name}">“next week” is not a date; write it like 30/06/2022.</a>' in page


def test_a_deputy_named_again_has_the_new_dates(client, update, victims_lead, analyst):
    hand(client, victims_lead, "deputy", to=analyst.pk, starts_on="", ends_on=british(days(3)))
    hand(client, victims_lead, "deputy", to=analyst.pk, starts_on="", ends_on=british(days(9)))
    deputy = Assignment.objects.get(person=analyst)
    assert deputy.ends_on == days(9)
    assert [then.ends_on for then in deputy.history.all()] == [days(9), days(3)]


# Taking back


@pytest.mark.parametrize(("role", "section"), [(AssignmentRole.CONTRIBUTOR, "indicators"), (AssignmentRole.DEPUTY, "")])
def test_taking_back_closes_the_door_at_once(client, update, victims, victims_lead, analyst, role, section):
    assignment, reading = make_assignment(victims, analyst, role, section=section), Reading.objects.first()
    path = f"{HERE}indicators/"
    assert get(client, analyst, path).status_code == 200
    page = text(post(client, victims_lead, PEOPLE, follow=True, **{"take-back": assignment.pk}))
    assert "Taken back: analyst: " in page
    for address in (path, f"{path}draft/"):
        assert post(client, analyst, address, **typed(reading, value="99")).status_code == 403
    assert get(client, analyst, HERE).status_code == 403
    assert Reading.objects.get(pk=reading.pk).value == 27
    assert Assignment.history.filter(person=analyst).first().history_type == "-"


def test_rows_taken_back_close_the_door_at_once(client, update, victims, victims_lead, analyst):
    reading = Reading.objects.first()
    give_rows(priority=victims, rows=[reading.indicator], to=analyst, by=victims_lead)
    page = give(client, victims_lead, [f"indicator-{reading.indicator_id}"], None)
    assert "1 rows are now held by nobody in particular." in page or "1 row is now held by nobody" in page
    assert post(client, analyst, f"{HERE}indicators/", **typed(reading, value="99")).status_code == 403
    assert Reading.objects.get(pk=reading.pk).value == 27


def test_taking_back_twice_says_so(client, update, victims, victims_lead, analyst):
    assignment = make_assignment(victims, analyst, AssignmentRole.CONTRIBUTOR, section="risks")
    for expected in ("Taken back: analyst: contributor of risks and issues", "That was taken back already."):
        assert expected in text(post(client, victims_lead, PEOPLE, follow=True, **{"take-back": assignment.pk}))


def test_the_lead_is_not_taken_back_here(client, update, victims_lead):
    lead = Assignment.objects.get(person=victims_lead)
    page = text(post(client, victims_lead, PEOPLE, follow=True, **{"take-back": lead.pk}))
    assert "Who leads a priority is changed by an administrator." in page
    assert Assignment.objects.filter(pk=lead.pk).exists()


def test_what_is_of_another_priority_is_not_taken_back_here(client, update, victims_lead, trust, analyst):
    other = make_assignment(trust, analyst, AssignmentRole.CONTRIBUTOR, section="risks")
    post(client, victims_lead, PEOPLE, **{"take-back": other.pk})
    assert Assignment.objects.filter(pk=other.pk).exists()


@pytest.mark.parametrize("value", ["", "x", "0", "-1", "9" * 30])
def test_taking_back_what_is_not_there_is_told(client, update, victims_lead, value):
    page = text(post(client, victims_lead, PEOPLE, follow=True, **{"take-back": value}))
    assert "That was taken back already." in page


# Drafts are private


def test_what_somebody_typed_and_did_not_save_is_shown_to_nobody_else(client, update, victims, victims_lead, analyst):
    make_assignment(victims, analyst, AssignmentRole.CONTRIBUTOR, section="indicators")
    reading, path = Reading.objects.first(), f"{HERE}indicators/"
    post(client, analyst, f"{path}draft/", **typed(reading, note="Half a thought"))
    assert "Half a thought" not in text(get(client, victims_lead, path))
    assert "typed and not saved" not in text(get(client, victims_lead, HERE))
    assert "Half a thought" in text(get(client, analyst, path))
    assert "typed and not saved" in text(get(client, analyst, HERE))


def test_discarding_ones_draft_leaves_the_others(client, update, victims, victims_lead, analyst):
    make_assignment(victims, analyst, AssignmentRole.CONTRIBUTOR, section="indicators")
    reading, path = Reading.objects.first(), f"{HERE}indicators/"
    for person in (analyst, victims_lead):
        post(client, person, f"{path}draft/", **typed(reading, note=f"Of {person}"))
    post(client, victims_lead, path, discard="1")
    assert [draft.person for draft in Draft.objects.all()] == [analyst]
    assert "Of analyst" in text(get(client, analyst, path))


# Entered for


@pytest.mark.parametrize(("who", "note"), [("lead", "Entered for analyst"), ("analyst", "")])
def test_a_row_saved_by_another_than_its_holder_says_for_whom(client, update, victims, people, analyst, who, note):
    reading = Reading.objects.first()
    give_rows(priority=victims, rows=[reading.indicator], to=analyst, by=people["lead"])
    person = {**people, "analyst": analyst}[who]
    post(client, person, f"{HERE}indicators/", **typed(reading, value="28"))
    change_set = Reading.objects.get(pk=reading.pk).history.first().change_set
    assert (change_set.person, change_set.note) == (person, note)


@pytest.mark.parametrize(
    ("who", "note"),
    [
        ("lead", "Entered for finance"),
        ("deputy", "Entered for finance"),
        ("administrator", "Entered for finance"),
        ("contributor", ""),
    ],
)
def test_a_section_saved_by_another_than_its_contributor_says_for_whom(client, update, people, who, note):
    position = FinancialPosition.objects.get()
    post(client, people[who], f"{HERE}finance/", **typed(position, forecast="30"))
    change_set = FinancialPosition.history.first().change_set
    assert (change_set.person, change_set.note) == (people[who], note)


def test_an_administrator_enters_for_the_leads_and_they_for_themselves(client, update, victims_lead, administrator):
    reading = Reading.objects.first()
    post(client, administrator, f"{HERE}indicators/", **typed(reading, value="28"))
    assert ChangeSet.objects.first().note == "Entered for victims-lead"
    reading.refresh_from_db()
    post(client, victims_lead, f"{HERE}indicators/", **typed(reading, value="29"))
    assert ChangeSet.objects.first().note == ""


def test_who_leads_a_priority_is_not_named_its_deputy(update, victims, victims_lead):
    with pytest.raises(Refused, match="leads Victims are better supported"):
        name_deputy(priority=victims, to=victims_lead, starts_on=None, ends_on=None, by=victims_lead)


def test_single_rows_are_not_taken_back_by_ending_the_assignment(update, victims, victims_lead, analyst):
    assignment = make_assignment(victims, analyst, AssignmentRole.CONTRIBUTOR)
    with pytest.raises(Refused, match="giving them to nobody in particular"):
        take_back(assignment, by=victims_lead)
