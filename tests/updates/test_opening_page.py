"""The page that opens the next quarter: what it shows, that exactly this is made, and who may press the button."""

import datetime as dt
import re
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from finance.models import FinancialPosition
from goals.models import Goal
from indicators.models import Reading
from priorities.history import ChangeSet, Source
from priorities.models import Quarter, QuarterlyUpdate, QuarterStatus
from priorities.periods import Period
from tests.answers import queries
from tests.make import (
    Q1,
    close,
    door,
    make_assessment,
    make_forecast,
    make_full_update,
    make_goal,
    make_indicator,
    make_plan,
    make_priority,
    make_quarter,
    make_reading,
    make_update,
)
from tests.priorities.test_races import at_once
from tests.updates.test_opening import Q2, Q4, opened, statuses
from updates.models import Notice

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("autumn")]
PAGE = "/2022-23-q2/opening/"
NEW_YEAR = "/2023-24-q1/opening/"


def text(response):
    """The words of a page, with the space between them folded."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def get(client, person, path=PAGE):
    client.force_login(person)
    return client.get(path)


def filled_in(response, **more):
    """What a browser would send of the page as it is, but for the button."""
    page = response.content.decode()
    (shown,) = re.findall(r'name="shown"[^>]* value="(\w+)"', page)
    assert page.count('name="shown"') == 1
    due_on = re.search(r'name="due_on" value="([^"]*)"', page)[1]
    offered = re.findall(r'name="offered" value="(\d+)"', page)
    goals = re.findall(r'name="goals" value="(\d+)" checked', page)
    return {"shown": shown, "due_on": due_on, "offered": offered, "goals": goals, **more}


def press(client, path=PAGE, **more):
    return client.post(path, filled_in(client.get(path), **more))


# What it shows


def test_the_page_shows_what_each_priority_will_have(client, demo, demo_person):
    page = text(get(client, demo_person("administrator")))
    assert "An update for each of 4 priorities, carried forward from Q1 2022/23" in page
    assert "Victims are better supported 12 5 3 3 10 4" in page
    assert "People are protected from criminal exploitation and harm 3 1 3 3 10 0" in page
    assert "All of it unconfirmed." in page
    assert "(target 25%)" in page
    assert "(no target: Targets for 22/23 are being reviewed and will be included from Q2.)" in page
    assert "Q2: budget £32.7m, profile £12.6m" in page
    assert "Goal, Trust and confidence increases: 8 Establish pan-London ASB Forum (complete in Q1 2022/23)" in page
    assert "Empty: 28 October 2022, 28 days after the quarter’s end." in page


def test_the_page_says_what_goes_no_further(client, victims, administrator):
    update = make_update(victims)
    make_reading(update, make_indicator(victims, "1a", title="Calls", retired_from=Q2))
    over = make_assessment(update, description="Demand may rise").risk
    over.closed_from, over.closed_reason = Q2, "It fell"
    over.save()
    page = text(get(client, administrator))
    assert "Indicator, Victims are better supported: 1a Calls (retired from Q2 2022/23)" in page
    assert "Risk, Victims are better supported: Demand may rise (closed: It fell)" in page


def test_where_everything_goes_along_the_page_says_so(client, victims, administrator):
    make_update(victims)
    page = text(get(client, administrator))
    assert "Everything of Q1 2022/23 goes along." in page
    assert "It starts empty." in page


def test_a_quarter_opened_years_later_is_due_28_days_from_today(client, victims, administrator, monkeypatch):
    make_update(victims)
    monkeypatch.setattr(timezone, "localdate", lambda *args: dt.date(2026, 5, 1))
    page = get(client, administrator)
    assert filled_in(page)["due_on"] == "29/05/2026"
    assert "Empty: 29 May 2026, 28 days after today." in text(page)
    assert "is over already" not in text(page)
    too_late = text(press(client, due_on="31/07/2026"))
    assert "31 July 2026 is more than a year after the end of Q2 2022/23; give 30 July 2026" in too_late
    press(client, due_on="30/07/2026", open="1")
    assert Quarter.objects.at(Q2).get().due_on == dt.date(2026, 7, 30)


def test_a_day_of_the_planned_quarter_that_is_over_is_told(client, victims, administrator):
    make_update(victims)
    make_quarter(Q2, QuarterStatus.PLANNED, due_on=dt.date(2022, 10, 2))
    assert "2 October 2022 is over already" in text(get(client, administrator))


def test_an_earlier_quarter_that_is_still_open_is_told_and_stops_nothing(client, victims, administrator):
    make_update(victims)
    assert "Q1 2022/23 is still open." in text(get(client, administrator))
    press(client, open="1")
    assert "Q1 2022/23 is still open." in text(client.get("/2022-23-q2/closing/"))
    assert "is still open." not in text(client.get("/2022-23-q1/closing/"))


def test_a_day_to_come_is_not_called_over(client, victims, administrator):
    make_update(victims)
    make_quarter(Q2, QuarterStatus.PLANNED, due_on=dt.date(2099, 1, 1))
    page = get(client, administrator)
    assert "is over already" not in text(page)
    assert filled_in(page)["due_on"] == "01/01/2099"


def test_reading_the_page_makes_nothing(client, demo, demo_person):
    get(client, demo_person("administrator"))
    assert (statuses(), QuarterlyUpdate.objects.count()) == ({(2022, 1)}, 4)


@pytest.mark.parametrize("role", ["manager", "victims_lead", "reader"])
def test_only_administrators_may_look_and_press(request, client, victims, role):
    make_update(victims)
    client.force_login(request.getfixturevalue(role))
    for answer in (client.get(PAGE), client.post(PAGE, {"open": "1"}), client.post(PAGE, {"make-plan": "1"})):
        assert answer.status_code == 403
        assert "Quarters are opened by administrators; ask one." in text(answer)
    assert statuses() == {(2022, 1)}


# One press


def test_the_button_makes_what_was_shown(client, demo, demo_person):
    client.force_login(demo_person("administrator"))
    answer = press(client, due_on="4/11/2022", open="1")
    assert (answer.status_code, answer.url) == (302, "/2022-23-q2/")
    quarter = Quarter.objects.at(Q2).get()
    assert (quarter.status, quarter.due_on, quarter.updates.count()) == ("open", dt.date(2022, 11, 4), 4)
    assert Reading.objects.filter(update__quarter=quarter).count() == 37
    assert "Q2 2022/23 is open: 4 updates, due on 4 November 2022." in text(client.get(answer.url))
    act = ChangeSet.objects.get(act="open", person__username="administrator")
    assert (act.source, act.note) == (Source.FORM, "Opened Q2 2022/23")
    assert Notice.objects.filter(person__username="victims-lead").get().path.startswith("/2022-23-q2/")


def test_without_a_day_the_updates_are_due_28_days_after_the_quarters_end(client, victims, administrator):
    make_update(victims)
    client.force_login(administrator)
    press(client, due_on="")
    assert Quarter.objects.at(Q2).get().due_on == dt.date(2022, 10, 28)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("soon", "“soon” is not a date; write it like 30/06/2022."),
        ("31/02/2022", "“31/02/2022” is not a date"),
        ("30/6/2022", "30 June 2022 is before Q2 2022/23 begins, on 1 July 2022; give a later day."),
        ("28/10/2032", "more than a year after the end of Q2 2022/23; give 1 October 2023 or an earlier day."),
    ],
)
def test_a_day_that_cannot_be_meant_opens_nothing(client, victims, administrator, typed, message):
    make_update(victims)
    client.force_login(administrator)
    answer = press(client, due_on=typed)
    assert answer.status_code == 200
    assert message in text(answer)
    assert f'value="{typed}"' in answer.content.decode()
    assert "<title>Error: " in answer.content.decode()
    assert statuses() == {(2022, 1)}


def test_what_changed_since_the_page_was_loaded_is_shown_again_instead_of_opened(client, victims, administrator):
    reading = make_reading(make_update(victims))
    client.force_login(administrator)
    sent = filled_in(client.get(PAGE), due_on="4/11/2022")
    with door(reading.update):
        reading.target = 33
        reading.save()
    answer = client.post(PAGE, sent)
    assert "It was not opened Something that it carries was changed after this page was loaded." in text(answer)
    assert "(target 33%)" in text(answer)
    assert statuses() == {(2022, 1)}
    again = filled_in(answer)
    assert again["due_on"] == "4/11/2022"
    assert client.post(PAGE, again).status_code == 302


def test_a_form_without_what_was_shown_opens_nothing(client, victims, administrator):
    make_update(victims)
    client.force_login(administrator)
    assert "It was not opened" in text(client.post(PAGE, {"due_on": ""}))
    assert statuses() == {(2022, 1)}


def test_who_presses_second_is_told_who_opened_it(client, victims, administrator):
    make_update(victims)
    client.force_login(administrator)
    sent = filled_in(client.get(PAGE))
    assert client.post(PAGE, sent).status_code == 302
    page = text(client.post(PAGE, sent))
    assert "Q2 2022/23 is open already. administrator opened it on " in page
    assert "Nothing is opened twice." in page
    assert "Q3 2022/23 is the next to open" in page
    assert QuarterlyUpdate.objects.filter(quarter__number=2).count() == 1


def test_who_opened_it_at_the_command_line_is_told_too(client, victims, administrator):
    make_update(victims)
    opened(Q2)
    assert "Somebody at the command line opened it on " in text(get(client, administrator))


@pytest.mark.django_db(transaction=True)
def test_of_two_people_who_press_at_once_one_opens_and_the_other_is_told(victims, administrator):
    make_full_update(victims, make_quarter())

    def sender():
        client = Client()
        client.force_login(administrator)
        sent = filled_in(client.get(PAGE))
        return lambda: client.post(PAGE, sent)

    answers = at_once(sender(), sender())
    assert sorted(answer.status_code for answer in answers) == [200, 302]
    told = next(text(answer) for answer in answers if answer.status_code == 200)
    assert "Q2 2022/23 is open already." in told or "It was not opened" in told
    assert QuarterlyUpdate.objects.filter(quarter__number=2).count() == 1
    assert Reading.objects.filter(update__quarter__number=2).count() == 3


# Not this one


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/2022-23-q1/opening/", "Q1 2022/23 is open already."),
        ("/2022-23-q3/opening/", "Q2 2022/23 comes next; open it first."),
        ("/2035-36-q1/opening/", "No plan covers Q1 2035/36"),
    ],
)
def test_another_quarter_than_the_next_says_which_comes_next(client, victims, administrator, path, message):
    make_update(victims)
    page = text(get(client, administrator, path))
    assert message in page
    assert "Q2 2022/23 is the next to open" in page
    assert "Make the new plan" not in page


def test_a_closed_quarter_is_not_opened_on_this_page(client, victims, administrator):
    close(make_update(victims).quarter)
    assert "Q1 2022/23 is closed already" in text(get(client, administrator, "/2022-23-q1/opening/"))


def test_a_first_quarter_says_that_nothing_is_carried_and_which_it_skips(client, victims, administrator):
    page = text(get(client, administrator))
    assert "It is the first quarter of its plan: nothing is carried forward." in page
    assert "Q1 2022/23 comes before it, and can’t be opened once Q2 2022/23 is." in page
    assert "There is no quarter before it." in page


def test_a_plan_without_priorities_has_no_button(client, administrator):
    make_plan("Empty plan", 2022, 2025)
    page = get(client, administrator, "/2022-23-q1/opening/")
    assert "“Empty plan” has no priorities yet." in text(page)
    assert 'name="open"' not in page.content.decode()


# A new financial year


@pytest.fixture
def year_end(victims):
    update = make_update(victims, make_quarter(Q4))
    make_reading(update)
    with door(update):
        FinancialPosition(update=update, period=4, budget=1).save()
    for number in (1, 2, 3):
        make_forecast(update, make_goal(victims, number), confidence="CG" if number == 2 else "A")
    return update


def test_a_new_year_offers_the_unfinished_goals_with_number_and_origin(client, year_end, administrator):
    page = get(client, administrator, NEW_YEAR)
    told = text(page)
    assert "No target and no budget is assumed" in told
    assert "Victims are better supported 1 1 0 0 2 0" in told
    assert "1 Goal 1 from goal 1 of 2022/23, amber, expected Q3 2022/23" in told
    assert "2 Goal 3 from goal 3 of 2022/23, amber" in told
    assert "Goal, Victims are better supported: 2 Goal 2 (complete in Q4 2022/23)" in told
    assert len(filled_in(page)["goals"]) == len(filled_in(page)["offered"]) == 2


def test_a_goal_that_is_unticked_is_left_and_the_numbers_close_up(client, year_end, administrator):
    client.force_login(administrator)
    left, kept = Goal.objects.get(number=1), Goal.objects.get(number=3)
    again = press(client, NEW_YEAR, goals=[str(kept.pk)], again="1")
    assert "Left: Goal 1 from goal 1 of 2022/23" in text(again)
    assert "1 Goal 3 from goal 3 of 2022/23" in text(again)
    assert (2023, 1) not in statuses()
    assert client.post(NEW_YEAR, filled_in(again)).status_code == 302
    (new,) = Goal.objects.filter(financial_year=2023)
    assert (new.number, new.carried_from) == (1, kept)
    assert not left.carried_to.exists()


def test_what_was_unticked_stays_so_when_the_page_is_shown_again(client, year_end, administrator):
    client.force_login(administrator)
    kept = str(Goal.objects.get(number=3).pk)
    answer = press(client, NEW_YEAR, goals=[kept], due_on="soon")
    assert filled_in(answer)["goals"] == [kept]
    assert press(client, NEW_YEAR, goals=["x", "9" * 30], offered=["y", "²", "9" * 30]).status_code == 302


# What it costs


@pytest.mark.once
@pytest.mark.parametrize("period", [Q2, Period(2023, 1)])
def test_the_page_takes_as_many_queries_for_thirty_rows_as_for_three(client, victims, administrator, period):
    last = make_quarter(period.previous)
    make_full_update(victims, last, rows=3)
    client.force_login(administrator)
    path = f"/{period.slug}/opening/"
    few = queries(client, path)
    make_full_update(make_priority("Trust and confidence increases"), last, rows=30)
    assert queries(client, path) == few <= 12


@pytest.mark.once
def test_the_page_takes_as_many_queries_after_forty_quarters_as_after_one(client, administrator):
    plan = make_plan("Long plan", 2022, 2035)
    priority = make_priority(plan=plan)
    make_full_update(priority, make_quarter(Q1), rows=3)
    client.force_login(administrator)
    few = queries(client, PAGE)
    for n in range(1, 41):
        make_full_update(priority, make_quarter(Q1.plus(n)), rows=3)
    assert queries(client, f"/{Q1.plus(41).slug}/opening/") == few <= 12


def test_other_answers_of_the_page_cost_little_too(client, victims, administrator):
    make_update(victims)
    client.force_login(administrator)
    assert queries(client, "/2022-23-q1/opening/") <= 12
    make_quarter(Period(2025, 4))
    assert queries(client, "/2026-27-q1/opening/") <= 12
