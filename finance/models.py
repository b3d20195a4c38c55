"""The financial position of a priority, by period of the year, and its variances."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from typing import Any

from django.db import models
from django.db.models import Q

from priorities.cells import rounded, show_money, show_percent
from priorities.history import history
from priorities.models import Gaps, QuarterRow, Section
from priorities.rules import Rule


def pounds(**kwargs: Any) -> models.DecimalField:
    return models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True, **kwargs)


class FinancialPosition(QuarterRow):
    """One period of the year as known in one quarter, in pounds; profile and actual are cumulative to its end."""

    section = Section.FINANCE

    period = models.PositiveSmallIntegerField(choices=[(n, f"Q{n}") for n in range(1, 5)])
    budget = pounds(help_text="For the whole year, in pounds.")
    forecast = pounds(help_text="For the whole year, in pounds.")
    ytd_profile = pounds(verbose_name="year-to-date profile", help_text="Planned to be spent by its end, in pounds.")
    ytd_actual = pounds(verbose_name="year-to-date actual", help_text="Spent by its end, in pounds.")

    history = history()

    class Meta(QuarterRow.Meta):
        abstract = False
        ordering = ["update", "period"]
        constraints = [
            models.UniqueConstraint(
                fields=["update", "period"],
                name="position_once_a_period",
                violation_error_message="This period is there already for this quarter.",
            ),
            Rule(
                condition=Q(period__gte=1, period__lte=4),
                name="position_period_1_to_4",
                message="A year has periods Q1 to Q4.",
                field="period",
            ),
        ]

    def __str__(self) -> str:
        return f"Q{self.period} finance, {self.update}"

    def in_words(self) -> str:
        """One line of the table: "budget £32.7m, forecast £31.9m, −2.4% (−£0.8m); …"."""

        def money(pounds: Decimal | None) -> str:
            return "none" if pounds is None else show_money(pounds)

        to_date = variance_text(variance(self.ytd_profile, self.ytd_actual)) or "no variance"
        return (
            f"budget {money(self.budget)}, forecast {money(self.forecast)}, "
            f"{variance_text(variance(self.budget, self.forecast)) or 'no variance'}; "
            f"profile to date {money(self.ytd_profile)}, actual {money(self.ytd_actual)}, {to_date}"
        )

    def lacks(self) -> Gaps:
        """Only the quarter's own period has to be complete, unless the finance note says what is missing."""
        if self.period != self.update.quarter.number or self.update.finance_note:
            return []
        names = {"budget": "budget", "forecast": "forecast", "ytd_profile": "profile", "ytd_actual": "actual"}
        return [
            (field, f"There is no {name}; give one, or say in the finance note why there is none.")
            for field, name in names.items()
            if getattr(self, field) is None
        ]


@dataclass(frozen=True, slots=True)
class Variance:
    """A difference in pounds and in per cent of what it is measured against, to 0.1; negative is an underspend."""

    amount: Decimal
    percent: Decimal | None


def variance(against: Decimal | None, figure: Decimal | None) -> Variance | None:
    """Figure − against, and that ÷ against × 100; None where either is absent, no per cent against zero."""
    if against is None or figure is None:
        return None
    difference = figure - against
    return Variance(difference, rounded(difference / against * 100, 1) if against else None)


def variance_text(found: Variance | None) -> str:
    """As the report prints it: "−2.4% (−£0.8m)"; "" where there is none."""
    if found is None:
        return ""
    amount = show_money(rounded(found.amount, 2))
    return f"{show_percent(found.percent)} ({amount})" if found.percent is not None else f"({amount})"


def half_unit(number: Decimal) -> Decimal:
    """Half of the last digit written: how far the true figure may lie from a rounded one."""
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return Decimal(5).scaleb(exponent - 1)


def rounding_explains(
    against: Decimal, figure: Decimal, *, amount: Decimal | None = None, percent: Decimal | None = None
) -> bool:
    """Whether a stated variance can be true of figures that round to the two printed ones.

    All of it at once: a budget and a forecast within half of their last printed digit, whose difference rounds to the
    stated amount and, in per cent of the budget, to the stated per cent. Each bound on the difference is a line over
    the budget, so the widest gap between the upper and the lower ones lies at an end or where two of them cross.
    `against` must be positive for a per cent to be checked.
    """
    reach, slack = half_unit(against), half_unit(figure)
    low, high = against - reach, against + reach
    # (slope, intercept) of each lower and upper bound on the difference
    lower, upper = [(Decimal(-1), figure - slack)], [(Decimal(-1), figure + slack)]
    for stated, slope in ((amount, Decimal(0)), (percent, Decimal(1))):
        if stated is None or (slope and low <= 0):
            continue
        margin = half_unit(stated)
        for bounds, bound in ((lower, stated - margin), (upper, stated + margin)):
            bounds.append((bound / 100, Decimal(0)) if slope else (Decimal(0), bound))
    crossings = [(d - b) / (a - c) for (a, b), (c, d) in combinations(lower + upper, 2) if a != c]
    return any(
        max(a * at + b for a, b in lower) <= min(a * at + b for a, b in upper)
        for at in (low, high, *crossings)
        if low <= at <= high
    )
