"""Quarters of the financial year, April to March: pure arithmetic, labels, slugs and the URL converter."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

FIRST_YEAR, LAST_YEAR = 2000, 2099  # a quarter outside this calendar is a typing error


def year_label(financial_year: int) -> str:
    """2022 as "2022/23"."""
    return f"{financial_year}/{(financial_year + 1) % 100:02d}"


@dataclass(frozen=True, order=True, slots=True)
class Period:
    """One quarter: `year` is the calendar year in which its financial year begins, `number` is 1 to 4."""

    year: int
    number: int

    @classmethod
    def from_slug(cls, slug: str) -> Period:
        """Read "2022-23-q1"; raises ValueError for anything else."""
        match = re.fullmatch(r"(\d{4})-(\d{2})-q([1-4])", slug)
        if not match or int(match[2]) != (int(match[1]) + 1) % 100:
            raise ValueError(f"“{slug}” is not a quarter; write it like 2022-23-q1.")
        period = cls(int(match[1]), int(match[3]))
        if not FIRST_YEAR <= period.year <= LAST_YEAR:
            raise ValueError(f"“{slug}” is outside {FIRST_YEAR} to {LAST_YEAR}.")
        return period

    @classmethod
    def from_code(cls, code: int) -> Period:
        """Of one number, as queries compare quarters: 20221 is Q1 2022/23."""
        return cls(*divmod(code, 10))

    @classmethod
    def containing(cls, day: dt.date) -> Period:
        year = day.year if day.month >= 4 else day.year - 1
        return cls(year, (day.month - 4) % 12 // 3 + 1)

    @property
    def slug(self) -> str:
        return f"{self.year}-{(self.year + 1) % 100:02d}-q{self.number}"

    @property
    def label(self) -> str:
        return f"Q{self.number} {year_label(self.year)}"

    @property
    def short(self) -> str:
        return f"Q{self.number}"

    @property
    def starts_on(self) -> dt.date:
        return dt.date(self.year + (self.number == 4), (self.number * 3) % 12 + 1, 1)

    @property
    def ends_on(self) -> dt.date:
        return self.next.starts_on - dt.timedelta(days=1)

    @property
    def next(self) -> Period:
        return self.plus(1)

    @property
    def previous(self) -> Period:
        return self.plus(-1)

    def plus(self, quarters: int) -> Period:
        ordinal = self.year * 4 + self.number - 1 + quarters
        return Period(ordinal // 4, ordinal % 4 + 1)

    def quarters_after(self, other: Period) -> int:
        """How many quarters this one lies after `other`; negative when it lies before."""
        return (self.year - other.year) * 4 + self.number - other.number

    def label_within(self, financial_year: int) -> str:
        """The short label "Q3" inside its own financial year, else "Q1 2023/24"."""
        return f"Q{self.number}" if self.year == financial_year else self.label

    def __str__(self) -> str:
        return self.label


class PeriodConverter:
    """URL path converter: `<period:period>` matches 2022-23-q1 and gives a Period."""

    regex = r"\d{4}-\d{2}-q[1-4]"

    def to_python(self, value: str) -> Period:
        return Period.from_slug(value)

    def to_url(self, value: Period) -> str:
        return value.slug
