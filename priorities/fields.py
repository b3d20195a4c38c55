"""Form and model fields that read what people type with the parsers of cells.py."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models

from .cells import CellError, parse_period, plain
from .periods import Period


class CellField(forms.CharField):
    """A form field that reads its text with one of the parsers of cells.py; blank is None.

    `show` makes the text of a value, for those that are read from the text they are shown as.
    """

    def __init__(self, *, parse: Callable[[str], Any], show: Callable[[Any], str] = str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.parse, self.show = parse, show

    def prepare_value(self, value: Any) -> Any:
        return plain(value) if isinstance(value, Decimal) else value

    def to_python(self, value: Any) -> Any:
        if value is None or not str(value).strip():
            return None
        try:
            return self.parse(str(value))
        except CellError as error:
            raise ValidationError(str(error), code="invalid") from error


class PlainDecimalField(forms.DecimalField):
    """Shows 27.0000 as 27."""

    def prepare_value(self, value: Any) -> Any:
        return plain(value) if isinstance(value, Decimal) else value


class PeriodFormField(CellField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(parse=parse_period, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return value.label if isinstance(value, Period) else value


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


def holder() -> models.ForeignKey[Any, Any]:
    """The contributor who fills in a single row."""
    return models.ForeignKey(
        "priorities.Person",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The contributor who fills in this row.",
    )
