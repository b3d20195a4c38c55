from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finance.models import Variance, rounding_explains, variance
from finance.resources import parse_variance, scale_of
from priorities.cells import CellError, parse_money

D = Decimal


def test_a_variance_is_the_difference_and_its_share_of_what_it_is_measured_against():
    assert variance(D(32_700_000), D(31_900_000)) == Variance(D(-800_000), D("-2.4"))


def test_without_both_figures_there_is_no_variance():
    assert variance(None, D(1)) is None
    assert variance(D(1), None) is None


def test_against_nothing_there_is_no_per_cent():
    assert variance(D(0), D(5)) == Variance(D(5), None)


@pytest.mark.parametrize(
    ("against", "figure", "amount", "percent", "explained"),
    [
        ("32.7", "31.9", "-0.9", "-2.5", False),  # each alone could be rounding, both at once not
        ("32.7", "31.9", "-0.9", None, True),
        ("32.7", "31.9", None, "-2.5", True),
        ("32.7", "31.9", "-0.8", "-2.4", True),
        ("3.0", "2.9", "-0.1", "-3.4", True),
        ("12.3", "12.0", "-0.3", "-2.5", True),
        ("12.3", "12.0", "0.0", None, False),
        ("12.3", "12.0", None, "0.0", False),
        ("1.1", "1.1", "0.0", None, True),
    ],
)
def test_whether_rounding_explains_a_stated_variance(against, figure, amount, percent, explained):
    found = rounding_explains(
        parse_money(against),
        parse_money(figure),
        amount=parse_money(amount) if amount else None,
        percent=D(percent) if percent else None,
    )
    assert found is explained


pence = st.integers(1, 10**10).map(lambda n: D(n) / 100)


@given(pence, pence)
def test_a_variance_truly_computed_from_the_unrounded_figures_is_always_explained(against, figure):
    def printed(pounds):
        return (pounds / 10**6).quantize(D("0.1")).scaleb(6)

    true = variance(against, figure)
    assert rounding_explains(printed(against), printed(figure), amount=printed(true.amount), percent=true.percent)


@pytest.mark.parametrize(
    ("text", "amount", "percent", "either"),
    [
        ("-2.5% (-0.9)", -900_000, "-2.5", False),
        ("−2.5% (−£0.9m)", -900_000, "-2.5", False),
        ("-2.5%", None, "-2.5", False),
        ("(0.9)", -900_000, None, False),
        ("0.0", 0, "0.0", True),
    ],
)
def test_stated_variances_are_read(text, amount, percent, either):
    found = parse_variance(text)
    assert found == (None if amount is None else D(amount), None if percent is None else D(percent), either)


def test_what_is_no_variance_is_told():
    with pytest.raises(CellError):
        parse_variance("small")


@pytest.mark.parametrize(
    ("heading", "scale"),
    [("Budget", 6), ("Budget (£m)", 6), ("Budget (£k)", 3), ("Budget (£000s)", 3), ("Forecast (£)", 0)],
)
def test_a_heading_may_say_its_scale(heading, scale):
    assert scale_of(heading) == scale
