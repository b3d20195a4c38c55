"""Rules that hold in the database and are checked in Python without asking it.

Django validates each CheckConstraint with a query and a savepoint, and skips those that touch a field a form lacks.
`Rule` is the same constraint in the database; in Python its condition is worked out on the row itself.
"""

from __future__ import annotations

import operator
from collections.abc import Collection, Iterator
from functools import cache
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.db.models import F, Q

_COMPARE = {
    "exact": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "in": lambda value, options: value in options,
}


def holds(condition: Q, row: models.Model) -> bool | None:
    """The condition on one row, in SQL's three-valued logic: None is unknown, as any comparison with NULL is.

    Knows =, <, <=, >, >=, in and isnull between a column and a value or another column; raises KeyError for the rest.
    """
    known: list[bool | None] = []
    child: Any
    for child in condition.children:
        if isinstance(child, Q):
            known.append(holds(child, row))
            continue
        name, _, lookup = child[0].partition("__")
        value, other = getattr(row, name), child[1]
        if lookup == "isnull":
            known.append((value is None) == other)
            continue
        if isinstance(other, F):
            other = getattr(row, other.name)  # type: ignore[attr-defined]
        known.append(_compared(_COMPARE[lookup or "exact"], value, other))
    decisive = condition.connector == Q.OR  # one True settles an OR, one False an AND
    if decisive in known:
        result: bool | None = decisive
    else:
        result = None if None in known else not decisive
    return not result if condition.negated and result is not None else result


def _compared(compare: Any, value: Any, other: Any) -> bool | None:
    """None for NULL, and for a value that failed its own field's check already and is of another type still."""
    if value is None or other is None:
        return None
    try:
        return compare(value, other)
    except TypeError:
        return None


class Rule(models.CheckConstraint):
    """A check constraint whose validation costs no query; `field` names the field that its message belongs to."""

    condition: Q

    def __init__(self, *, condition: Q, name: str, message: str, field: str = NON_FIELD_ERRORS) -> None:
        super().__init__(condition=condition, name=name, violation_error_message=message)
        self.message, self.field = message, field

    def validate(self, model: Any, instance: Any, exclude: Any = None, using: Any = None) -> None:
        if self.field in (exclude or ()) and getattr(instance, self.field) in ("", None):
            return  # the field itself was refused: it says so
        if holds(self.condition, instance) is False:
            field = NON_FIELD_ERRORS if self.field in (exclude or ()) else self.field  # a form may lack the field
            raise ValidationError({field: ValidationError(self.message, code="rule")})

    def deconstruct(self) -> Any:
        """For migrations it is an ordinary check constraint, without its words."""
        return "django.db.models.CheckConstraint", (), {"name": self.name, "condition": self.condition}

    def clone(self) -> Rule:
        return Rule(condition=self.condition, name=self.name, message=self.message, field=self.field)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, models.CheckConstraint):
            return self.name == other.name and self.condition == other.condition
        return NotImplemented

    __hash__ = models.CheckConstraint.__hash__  # type: ignore[assignment]


def only(field: str, choices: type[models.TextChoices], *, blank: bool = True) -> Rule:
    """The rule that a column holds one of its choices, which `choices=` alone doesn't make the database keep."""
    values = [*choices.values, *([""] if blank else [])]
    labels = ", ".join(f"{choice.value} ({choice.label})" for choice in choices)
    return Rule(
        condition=Q(**{f"{field}__in": values}),
        name=f"%(app_label)s_%(class)s_{field}_known",
        message=f"Choose one of {labels}.",
        field=field,
    )


def has(row: models.Model, *names: str) -> bool:
    """Whether these foreign keys are set, so that clean() may follow them."""
    fields = [row._meta.get_field(name) for name in names]
    return all(getattr(row, f.attname) is not None or f.is_cached(row) for f in fields)  # type: ignore[union-attr]


@cache
def rules_of(model: type[models.Model]) -> tuple[tuple[Rule, frozenset[str]], ...]:
    """A model's rules, each with the fields that it looks at."""
    found = (rule for rule in model._meta.constraints if isinstance(rule, Rule))
    return tuple((rule, frozenset(fields_in(rule.condition))) for rule in found)


def fields_in(condition: Q) -> Iterator[str]:
    child: Any
    for child in condition.children:
        if isinstance(child, Q):
            yield from fields_in(child)
        else:
            yield child[0].partition("__")[0]
            if isinstance(child[1], F):
                yield child[1].name  # type: ignore[attr-defined]


def check_row(row: models.Model, exclude: Collection[str] = (), changed: Collection[str] | None = None) -> None:
    """All that a row must satisfy by itself: its fields, its rules and its own clean(); no query.

    For rows that come by the hundred. Foreign keys and uniqueness are the caller's, checked once per set of rows.
    `changed` are the fields that differ from what is stored, where that is known: the others are valid already.
    Raises ValidationError by field.
    """
    errors: dict[str, Any] = {}
    rules = [
        rule
        for rule, looked_at in rules_of(type(row))
        if rule.field not in exclude and (changed is None or not looked_at.isdisjoint(changed))
    ]
    for check in (
        lambda: clean_columns(row, exclude, changed),
        row.clean,
        *(lambda rule=rule: rule.validate(type(row), row) for rule in rules),
    ):
        try:
            check()
        except ValidationError as error:
            for name, messages in error.update_error_dict({}).items():
                errors.setdefault(name, messages)
    if errors:
        raise ValidationError(errors)


@cache
def columns_of(model: type[models.Model]) -> dict[str, Any]:
    """The columns that a row can be checked for by itself."""
    return {f.name: f for f in model._meta.concrete_fields if not f.is_relation and not f.primary_key}


def clean_columns(row: models.Model, exclude: Collection[str], changed: Collection[str] | None) -> None:
    """As clean_fields(), of those that changed; raises ValidationError by field."""
    columns, errors = columns_of(type(row)), {}
    for name in columns if changed is None else changed:
        if name in exclude or name not in columns:
            continue
        column, raw = columns[name], getattr(row, columns[name].attname)
        if column.blank and raw in column.empty_values:
            continue
        try:
            setattr(row, column.attname, column.clean(raw, row))
        except ValidationError as error:
            errors[name] = error.error_list
    if errors:
        raise ValidationError(errors)
