from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.confidence import suggested_confidence


def suggest(
    value,
    target,
    unit="percent",
    polarity="higher",
    basis="year_to_date",
    target_basis="",
    quarter=1,
    tolerance=None,
):
    return suggested_confidence(
        value=None if value is None else Decimal(value),
        target=None if target is None else Decimal(target),
        unit=unit,
        polarity=polarity,
        basis=basis,
        target_basis=target_basis,
        quarter=quarter,
        tolerance=tolerance,
    )


@pytest.mark.parametrize(("value", "letter"), [(70, "G"), (71, "G"), (69, "A"), (65, "A"), (64, "R"), (0, "R")])
def test_a_percentage_may_miss_by_five_points_and_be_amber(value, letter):
    assert suggest(value, 70) == letter


@pytest.mark.parametrize(("value", "letter"), [(30, "G"), (29, "G"), (31, "A"), (36, "R")])
def test_where_lower_is_better_more_is_worse(value, letter):
    assert suggest(value, 30, polarity="lower") == letter


@pytest.mark.parametrize(("value", "letter"), [(-18, "G"), (18, "G"), (0, "G"), (-20, "G"), (-24, "A"), (-26, "R")])
def test_a_gap_is_better_closer_to_zero(value, letter):
    assert suggest(value, -20, unit="percentage_points", polarity="closer_to_zero") == letter


@pytest.mark.parametrize(("quarter", "letter"), [(1, "G"), (2, "A"), (3, "R"), (4, "R")])
def test_the_same_count_is_judged_more_sternly_as_the_year_goes_on(quarter, letter):
    assert suggest(110, 400, unit="number", quarter=quarter, tolerance=Decimal(25)) == letter


@pytest.mark.parametrize(
    ("basis", "target_basis", "expected"),
    [
        ("year_to_date", "", 200),
        ("year_to_date", "year_to_date", 200),
        ("year_to_date", "quarter", 800),
        ("quarter", "year_to_date", 100),
        ("quarter", "", 400),
        ("rolling_12_months", "year_to_date", 400),
        ("rolling_12_months", "quarter", 1600),
        ("point_in_time", "", 400),
    ],
)
def test_both_bases_decide_what_a_count_is_held_against(basis, target_basis, expected):
    def at(value):
        return suggest(
            value, 400, unit="number", basis=basis, target_basis=target_basis, quarter=2, tolerance=Decimal(0)
        )

    assert (at(expected), at(expected - 1)) == ("G", "R")


def test_a_rate_does_not_add_up_over_the_year():
    assert suggest(69, 70, quarter=1) == suggest(69, 70, quarter=4) == "A"


@pytest.mark.parametrize(
    "without",
    [
        {"value": None, "target": 70},
        {"value": 70, "target": None},
        {"value": 70, "target": 70, "polarity": "none"},
        {"value": 70, "target": 70, "basis": ""},
        {"value": 70, "target": 70, "unit": "number", "basis": "point_in_time", "target_basis": "quarter"},
    ],
)
def test_with_nothing_to_compare_nothing_is_suggested(without):
    assert suggest(**without) is None


@given(st.integers(0, 1000), st.integers(0, 1000), st.sampled_from(["higher", "lower"]), st.integers(1, 4))
def test_a_better_value_never_gets_a_worse_suggestion(one, other, polarity, quarter):
    better, worse = (max, min) if polarity == "higher" else (min, max)
    rank = "GAR".index

    def at(value):
        return rank(suggest(value, 500, unit="number", polarity=polarity, quarter=quarter))

    assert at(better(one, other)) <= at(worse(one, other))
