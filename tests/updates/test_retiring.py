"""Indicators retired from a quarter on, or replaced by another: no reading is touched, and no series lost."""

import pytest
from django.core.exceptions import ValidationError

from indicators.models import Indicator, Reading
from priorities.door import Refused
from priorities.models import Priority
from priorities.periods import Period
from tests.answers import queries
from tests.make import (
    Q1,
    close,
    make_assignment,
    make_indicator,
    make_person,
    make_plan,
    make_quarter,
    make_reading,
    make_update,
)
from tests.priorities.test_races import at_once
from tests.updates.test_opening import Q2, Q3, Q4, opened, report, rows
from tests.updates.test_opening_page import text
from updates.opening import open_quarter, plan_opening
from updates.retiring import keep, replace, retire

pytestmark = pytest.mark.django_db


@pytest.fixture
def old(victims):
    """One with a reading in Q1, the quarter that is open."""
    indicator = make_indicator(victims, "1a", title="Calls answered", position=7)
    make_reading(make_update(victims), indicator)
    return indicator


@pytest.fixture
def signed_in(client, administrator):
    client.force_login(administrator)
    return client


def address(indicator):
    return f"/indicators/{indicator.key}/retiring/"


def new_one(**kwargs):
    return Indicator(**{"reference": "1b", "title": "Contacts answered", "unit": "number", **kwargs})


def typed(**more):
    cells = {"period": "2022-23-q2", "reference": "1b", "title": "Contacts answered", "unit": "number"}
    cells |= {"polarity": "higher", "decimals": "0", **more}
    return {f"replace-{name}": value for name, value in cells.items()} | {"replace": "Replace it"}


def references(period):
    return [row.indicator.reference for row in rows(Reading, period)]


# Retiring


def test_a_retired_indicator_is_told_for_the_last_time_before_that_quarter(old, administrator):
    retire(old, period=Q3, by=administrator)
    opened(Q2)
    opened(Q3)
    assert (references(Q1), references(Q2), references(Q3)) == (["1a"], ["1a"], [])


def test_an_open_quarter_keeps_what_it_asks_for_and_says_what_to_do(old, administrator):
    with pytest.raises(Refused) as refused:
        retire(old, period=Q1, by=administrator)
    assert str(refused.value) == (
        "Q1 2022/23 is open and asks for it already. Where it has no value there, its lead says why with [z], "
        "not applicable; retire it from Q2 2022/23 on."
    )
    assert Reading.objects.count() == 1


def test_a_closed_quarter_keeps_it_too(old, administrator):
    close(make_quarter())
    with pytest.raises(Refused, match="Q1 2022/23 is not to come any more, and its report stays as it is; retire it"):
        retire(old, period=Q1, by=administrator)


def test_a_quarter_of_no_plan_is_told(old, administrator):
    with pytest.raises(Refused, match="Q1 2035/36 is no quarter of “Police and Crime Plan”; retire it from Q2 2022/23"):
        retire(old, period=Period(2035, 1), by=administrator)


def test_at_the_end_of_its_plan_there_is_no_quarter_to_retire_it_from(old, administrator, signed_in):
    make_quarter(Period(2025, 4))
    with pytest.raises(Refused, match="its plan has no later quarter to retire it from"):
        retire(old, period=Period(2025, 4), by=administrator)
    assert "Every quarter of “Police and Crime Plan” is opened" in text(signed_in.get(address(old)))


def test_a_retirement_still_to_come_can_be_moved_or_taken_back(old, administrator):
    retire(old, period=Q2, by=administrator)
    retire(old, period=Q4, by=administrator)
    keep(old, by=administrator)
    old.refresh_from_db()
    assert old.retired_from is None
    assert [entry.change_set.note for entry in old.history.all()[:3]] == [
        "Not retired after all: 1a Calls answered",
        "Retired from Q4 2022/23: 1a Calls answered",
        "Retired from Q2 2022/23: 1a Calls answered",
    ]


def test_a_retirement_that_has_come_stays(old, administrator):
    retire(old, period=Q2, by=administrator)
    opened(Q2)
    for act in (lambda: keep(old, by=administrator), lambda: retire(old, period=Q4, by=administrator)):
        with pytest.raises(Refused, match="was retired from Q2 2022/23, which is opened; it stays so"):
            act()


@pytest.mark.parametrize("role", ["manager", "victims_lead", "reader"])
def test_only_administrators_retire_and_replace(request, client, old, role):
    person = request.getfixturevalue(role)
    with pytest.raises(Refused, match="Indicators are retired and replaced by administrators; ask one."):
        retire(old, period=Q2, by=person)
    client.force_login(person)
    for answer in (client.get(address(old)), client.post(address(old), {"retire-period": "2022-23-q2", "retire": "1"})):
        assert answer.status_code == 403
        assert "Indicators are retired and replaced by administrators; ask one." in text(answer)
    assert not Indicator.objects.exclude(retired_from=None).exists()


@pytest.mark.django_db(transaction=True)
def test_a_retirement_that_races_the_opening_comes_before_it_or_is_refused(old, administrator):
    opening = plan_opening(Q2)
    outcomes = at_once(
        lambda: open_quarter(opening, by=None, source="command"), lambda: retire(old, period=Q2, by=administrator)
    )
    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 1
    old.refresh_from_db()
    assert (old.retired_from, references(Q2)) in [(Q2, []), (None, ["1a"])]


# Replacing


def test_the_new_one_takes_its_place_and_holder_and_the_old_ones_readings_stay(old, administrator, victims, tmp_path):
    old.holder = make_person("holder")
    old.save()
    before = report("2022-23-q1", tmp_path / "before")
    stored = list(Reading.objects.values())
    new = replace(old, new_one(), period=Q2, by=administrator)
    assert (new.priority, new.position, new.holder, new.replaces) == (victims, 7, old.holder, old)
    opened(Q2)
    assert (references(Q1), references(Q2)) == (["1a"], ["1b"])
    assert list(Reading.objects.filter(update__quarter__number=1).values()) == stored
    assert report("2022-23-q1", tmp_path / "after") == before


def test_until_the_old_one_ends_the_new_one_has_not_begun(old, administrator):
    replace(old, new_one(), period=Q3, by=administrator)
    opened(Q2)
    opened(Q3)
    assert (references(Q2), references(Q3)) == (["1a"], ["1b"])


def test_a_replacement_can_be_replaced_in_its_turn(old, administrator):
    new = replace(old, new_one(), period=Q2, by=administrator)
    replace(new, new_one(reference="1c", title="Contacts met"), period=Q3, by=administrator)
    opened(Q2)
    opened(Q3)
    assert (references(Q2), references(Q3)) == (["1b"], ["1c"])


def test_what_is_replaced_is_not_replaced_twice_nor_kept(old, administrator):
    replace(old, new_one(), period=Q2, by=administrator)
    with pytest.raises(Refused, match="1a Calls answered is replaced by 1b Contacts answered already"):
        replace(old, new_one(reference="1c", title="Mail"), period=Q2, by=administrator)
    with pytest.raises(Refused, match="1b Contacts answered takes its place; delete that one in the administration"):
        keep(old, by=administrator)


def test_a_new_one_that_cannot_be_leaves_the_old_one_alone(old, administrator):
    with pytest.raises(ValidationError, match="The priority has an indicator with this reference already"):
        replace(old, new_one(reference="1a"), period=Q2, by=administrator)
    old.refresh_from_db()
    assert (old.retired_from, Indicator.objects.count()) == (None, 1)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_replace_it_at_once_one_is_refused(old, administrator):
    acts = [lambda n=n: replace(old, new_one(reference=n, title=n), period=Q2, by=administrator) for n in ("1b", "1c")]
    outcomes = at_once(*acts)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Indicator", "Refused"]
    assert Indicator.objects.count() == 2


# The page


def test_the_opening_leads_to_the_page_of_each_indicator(old, signed_in):
    page = signed_in.get("/2022-23-q2/opening/")
    assert f'href="{address(old)}">Retire or replace<span class="sr"> 1a Calls answered' in page.content.decode()


def test_the_page_shows_the_series_and_offers_the_quarters_to_come(old, signed_in):
    page = text(signed_in.get(address(old)))
    assert "Q1 2022/23 27% against 25%, green." in page
    assert "Opening Q2 2022/23" in page
    assert "From * Q2 2022/23 Q3 2022/23" in page
    assert "Q1 2022/23 Q2 2022/23" not in page


def test_one_without_figures_says_so(victims, signed_in):
    assert "Nothing yet." in text(signed_in.get(address(make_indicator(victims))))


def test_it_is_retired_on_the_page_and_taken_back(old, signed_in):
    answer = signed_in.post(address(old), {"retire-period": "2022-23-q3", "retire": "Retire it"}, follow=True)
    told = "1a Calls answered is not reported from Q3 2022/23 on. Earlier quarters stay as they are."
    assert told in text(answer)
    assert "It is not reported from Q3 2022/23 on." in text(answer)
    answer = signed_in.post(address(old), {"keep": "1"}, follow=True)
    assert "1a Calls answered goes on being reported." in text(answer)
    old.refresh_from_db()
    assert old.retired_from is None


def test_it_is_replaced_on_the_page(old, signed_in):
    answer = signed_in.post(address(old), typed(tolerance="2.5", definition="Any contact."), follow=True)
    new = Indicator.objects.get(reference="1b")
    assert "1b Contacts answered takes the place of 1a Calls answered from Q2 2022/23 on." in text(answer)
    assert (new.replaces, new.unit, new.polarity, new.tolerance) == (old, "number", "higher", 2.5)
    assert "Replace it" not in text(answer)
    page = text(signed_in.get(address(new)))
    assert "It replaces 1a Calls answered from Q2 2022/23 on, which keeps its own series." in page
    opening = text(signed_in.get("/2022-23-q2/opening/"))
    assert "1a Calls answered (retired from Q2 2022/23, replaced by 1b Contacts answered)" in opening


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"period": "2022-23-q1"}, "That quarter is not still to come; choose one that has not been opened."),
        ({"period": ""}, "Choose the quarter."),
        ({"title": ""}, "Give the new indicator its title."),
        ({"title": "Calls answered"}, "1a Calls answered has this title already, and keeps it for its series"),
        ({"reference": "1a"}, "1a Calls answered has this reference already, and keeps it for its series"),
        ({"decimals": "9"}, "At most 4 decimals."),
        ({"decimals": "-1"}, "Decimals: write a whole number from 0 to 4."),
        ({"tolerance": "some"}, "Tolerance: write a plain number like 2.5, or leave it empty."),
        ({"tolerance": "-1"}, "A tolerance can't be negative."),
    ],
)
def test_what_cannot_be_is_told_at_its_cell(old, signed_in, wrong, message):
    answer = signed_in.post(address(old), typed(**wrong))
    assert answer.status_code == 200
    assert message in text(answer)
    assert "<title>Error: " in answer.content.decode()
    assert Indicator.objects.count() == 1


def test_what_was_opened_meanwhile_is_told_on_the_page(monkeypatch, old, signed_in):
    def opened_meanwhile(*args, **kwargs):
        raise Refused("Q2 2022/23 is open and asks for it already.")

    monkeypatch.setattr("updates.views.indicators.retire", opened_meanwhile)
    answer = signed_in.post(address(old), {"retire-period": "2022-23-q2", "retire": "Retire it"})
    assert "There is a problem Q2 2022/23 is open and asks for it already." in text(answer)


def test_a_replaced_one_is_not_kept_on_the_page_either(old, signed_in):
    signed_in.post(address(old), typed())
    answer = signed_in.post(address(old), {"keep": "1"}, follow=True)
    assert "1b Contacts answered takes its place; delete that one in the administration first." in text(answer)


def test_a_form_that_asks_nothing_changes_nothing(old, signed_in):
    retired = make_indicator(old.priority, "2", title="Mail", retired_from=Q4)
    assert signed_in.post(address(retired), {}).status_code == 200
    retired.refresh_from_db()
    assert retired.retired_from == Q4


def test_an_unknown_indicator_is_not_found(signed_in):
    assert signed_in.get("/indicators/00000000-0000-4000-8000-000000000000/retiring/").status_code == 404


def test_the_page_takes_as_many_queries_after_forty_quarters_as_after_one(signed_in):
    priority = Priority.objects.create(plan=make_plan("Long plan", 2022, 2035), title="Trust", slug="trust")
    indicator = make_indicator(priority)
    make_reading(make_update(priority, make_quarter()), indicator)
    few = queries(signed_in, address(indicator))
    for n in range(1, 40):
        make_reading(make_update(priority, make_quarter(Q1.plus(n))), indicator)
    assert queries(signed_in, address(indicator)) == few <= 12


# Where the new one is filled in


@pytest.fixture
def replaced(old, administrator, victims, client):
    make_assignment(victims, administrator)
    new = replace(old, new_one(), period=Q2, by=administrator)
    opened(Q2)
    client.force_login(administrator)
    return new


def test_the_entry_page_says_what_it_replaced_and_what_that_said_last(replaced, client):
    page = text(client.get("/2022-23-q2/victims-are-better-supported/update/indicators/"))
    assert "Replaces 1a Calls answered, Q1 2022/23: 27% against 25%, green." in page
    opened(Q3)
    page = text(client.get("/2022-23-q3/victims-are-better-supported/update/indicators/"))
    assert "Replaces 1a Calls answered." in page


def test_its_history_leads_to_that_of_the_one_it_replaced(replaced, client, old):
    page = client.get(f"/2022-23-q2/victims-are-better-supported/update/history/indicators/{replaced.key}/")
    assert "It replaces 1a Calls answered , which said in Q1 2022/23: 27% against 25%, green." in text(page)
    link = f"/2022-23-q1/victims-are-better-supported/update/history/indicators/{old.key}/"
    assert f'href="{link}"' in page.content.decode()
    assert client.get(link).status_code == 200


def test_the_entry_page_takes_as_many_queries_for_thirty_replacements_as_for_one(client, administrator, victims, trust):
    make_quarter()
    for priority, count in ((victims, 1), (trust, 30)):
        for n in range(count):
            old = make_indicator(priority, f"o{n}", title=f"Old {n}")
            replace(old, new_one(reference=f"n{n}", title=f"New {n}"), period=Q2, by=administrator)
    opened(Q2)
    client.force_login(administrator)
    few, many = (queries(client, f"/2022-23-q2/{each.slug}/update/indicators/") for each in (victims, trust))
    assert few == many
