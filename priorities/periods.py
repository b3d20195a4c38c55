"""Quarters of the financial year, April to March: arithmetic, labels, slugs, the model field and the URL converter."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models

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


class PeriodFormField(forms.CharField):
    def prepare_value(self, value: Any) -> Any:
        return value.label if isinstance(value, Period) else value

    def to_python(self, value: Any) -> Any:
        from .cells import CellError, parse_period

        if isinstance(value, Period) or not (value or "").strip():
            return value or None
        try:
            return parse_period(value)
        except CellError as error:
            raise ValidationError(str(error), code="invalid") from error


class PeriodField(models.CharField):
    """A Period, stored as its slug: readable in the database and sorting in time."""

    _pyi_private_set_type: Any  # for the type checker: not text
    _pyi_private_get_type: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_length"] = 10
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_length"]
        return name, path, args, kwargs

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Period | None:
        return Period.from_slug(value) if value else None

    def to_python(self, value: Any) -> Period | None:
        if isinstance(value, Period) or not value:
            return value or None
        try:
            return Period.from_slug(value)
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from error

    def get_prep_value(self, value: Any) -> str | None:
        value = self.to_python(value)
        return value.slug if value else None

    def value_to_string(self, obj: models.Model) -> str:
        return self.get_prep_value(self.value_from_object(obj)) or ""

    def run_validators(self, value: Any) -> None:
        """A Period is valid by construction; CharField's length validator has nothing to measure."""

    def formfield(self, **kwargs: Any) -> Any:
        kwargs.update(form_class=PeriodFormField)
        kwargs.pop("max_length", None)
        return models.Field.formfield(self, **kwargs)
