import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from priorities.periods import Period

periods = st.builds(Period, st.integers(2000, 2099), st.integers(1, 4))


def test_a_quarter_has_a_label_a_slug_and_dates():
    period = Period(2022, 1)
    assert (period.label, period.slug) == ("Q1 2022/23", "2022-23-q1")
    assert (period.starts_on, period.ends_on) == (dt.date(2022, 4, 1), dt.date(2022, 6, 30))


def test_the_last_quarter_lies_in_the_next_calendar_year():
    assert (Period(2022, 4).starts_on, Period(2022, 4).ends_on) == (dt.date(2023, 1, 1), dt.date(2023, 3, 31))


def test_the_turn_of_a_century_keeps_two_digits():
    assert Period(2099, 1).label == "Q1 2099/00"
    assert Period.from_slug("2099-00-q1") == Period(2099, 1)


@pytest.mark.parametrize("day", ["2023-03-31", "2023-01-01"])
def test_march_and_january_belong_to_the_fourth_quarter(day):
    assert Period.containing(dt.date.fromisoformat(day)) == Period(2022, 4)


def test_april_begins_the_first_quarter():
    assert Period.containing(dt.date(2023, 4, 1)) == Period(2023, 1)


@pytest.mark.parametrize("slug", ["2022-23-q5", "2022-24-q1", "2022-q1", "1999-00-q1", "2022-23-Q1", ""])
def test_other_slugs_are_refused(slug):
    with pytest.raises(ValueError, match="quarter|outside"):
        Period.from_slug(slug)


@given(periods)
def test_slug_and_dates_lead_back_to_the_quarter(period):
    assert Period.from_slug(period.slug) == period
    assert Period.containing(period.starts_on) == Period.containing(period.ends_on) == period


@given(periods, st.integers(-400, 400))
def test_steps_add_up(period, steps):
    assert period.plus(steps).quarters_after(period) == steps
    assert period.next.previous == period


@given(periods, periods)
def test_order_is_that_of_time_and_of_slugs(one, other):
    assert (one < other) == (one.starts_on < other.starts_on) == (one.slug < other.slug)


def test_a_label_is_short_inside_its_own_year():
    assert Period(2022, 3).label_within(2022) == "Q3"
    assert Period(2023, 1).label_within(2022) == "Q1 2023/24"
