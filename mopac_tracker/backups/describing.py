"""What a full export has, and what its columns mean: Data Package descriptions made of the models."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import models

from priorities.fields import PeriodField
from priorities.held import SECRET

APPS = {"auth", "contenttypes", "priorities", "finance", "goals", "indicators", "risks"}
APPS |= {"updates", "workbooks", "reports"}
MODELS = {"admin.LogEntry"}
LEFT_OUT = {
    "sessions": "who is signed in now: worth nothing elsewhere, and a way in",
    "accounts": "tries to sign in and what is kept for signing in",
    "account": "how people sign in",
    "mfa": "second factors, which are secret",
    "socialaccount": "how people sign in with the organisation's accounts, and secrets of that",
    "migrations": "which steps of the software this database has taken",
}
POUNDS = "pounds sterling"
OF_INDICATOR = "the unit of its indicator (indicators_indicator.unit)"
UNITS = {
    "FinancialPosition": dict.fromkeys(["budget", "forecast", "ytd_profile", "ytd_actual"], POUNDS),
    "Reading": dict.fromkeys(["value", "target"], OF_INDICATOR),
    "Background": {"value": OF_INDICATOR},
    "Indicator": {"tolerance": "percentage points where the unit is a percentage or gap, else per cent of the target"},
    "ImportRecord": {"size": "bytes"},
    "PublishedFile": {"size": "bytes"},
}
TYPES: list[tuple[type[models.Field], str]] = [
    (models.BooleanField, "boolean"),
    (models.IntegerField, "integer"),
    (models.DecimalField, "number"),
    (models.DateTimeField, "datetime"),
    (models.DateField, "date"),
    (models.JSONField, "any"),
    (models.BinaryField, "object"),
]
NOTES: list[tuple[type[models.Field], str]] = [
    (PeriodField, "A quarter of a financial year, like 2022-23-q1."),
    (models.DecimalField, "A decimal number, written as text so that no digit is lost."),
    (models.DateTimeField, "In UTC."),
    (models.BinaryField, "A file of this export: its path, size in bytes and SHA-256."),
]


def exported() -> list[type[models.Model]]:
    found = apps.get_models(include_auto_created=True)
    return [m for m in found if m._meta.app_label in APPS or m._meta.label in MODELS]


def columns(model: type[models.Model]) -> list[models.Field]:
    return [field for field in model._meta.concrete_fields if not SECRET.search(field.name)]


def left_out() -> list[dict[str, str]]:
    """Tables and columns that are not exported, and why."""
    here = exported()
    tables = [m for m in apps.get_models(include_auto_created=True) if m not in here]
    told: list[dict[str, str]] = [
        {"table": m._meta.db_table, "why": LEFT_OUT.get(m._meta.app_label, "no record of the tracker's")}
        for m in tables
    ]
    secret = [(m, field) for m in here for field in m._meta.concrete_fields if SECRET.search(field.name)]
    told += [{"table": m._meta.db_table, "column": str(field.column), "why": "secret"} for m, field in secret]
    return [*told, {"table": "django_migrations", "why": LEFT_OUT["migrations"]}]


def schema(model: type[models.Model]) -> dict[str, Any]:
    fields = columns(model)
    described: dict[str, Any] = {
        "fields": [column(model, field) for field in fields],
        "primaryKey": [model._meta.pk.column],
        "foreignKeys": [key for field in fields if (key := foreign_key(field))],
    }
    if unique := unique_keys(model):
        described["uniqueKeys"] = unique
    return described


def column(model: type[models.Model], field: models.Field) -> dict[str, Any]:
    target = getattr(field, "target_field", field)
    notes = [str(field.help_text), *(note for kind, note in NOTES if isinstance(field, kind)), loose(field)]
    described: dict[str, Any] = {
        "name": field.column,
        "title": str(field.verbose_name),
        "type": next((name for kind, name in TYPES if isinstance(target, kind)), "string"),
        "description": " ".join(note for note in notes if note),
        "unit": UNITS.get(model.__name__.removeprefix("Historical"), {}).get(field.name, ""),
        "constraints": constraints(field),
    }
    if field.choices:
        described["categories"] = [{"value": value, "label": str(label)} for value, label in field.flatchoices]
    return {name: value for name, value in described.items() if value}


def constraints(field: models.Field) -> dict[str, Any]:
    found: dict[str, Any] = {"required": not field.null}
    if field.unique:
        found["unique"] = True
    if field.max_length and isinstance(field, models.CharField):
        found["maxLength"] = field.max_length
    return found


def loose(field: models.Field) -> str:
    """Of a reference that the database does not hold to: history outlives what it is of."""
    if field.is_relation and not getattr(field, "db_constraint", True):
        return f"The number of a row of {field.related_model._meta.db_table}, which may be gone."  # type: ignore[union-attr]
    return ""


def foreign_key(field: models.Field) -> dict[str, Any] | None:
    if not field.is_relation or loose(field):
        return None
    to: Any = field.related_model
    return {
        "fields": [field.column],
        "reference": {"resource": to._meta.db_table, "fields": [field.target_field.column]},  # type: ignore[attr-defined]
    }


def unique_keys(model: type[models.Model]) -> list[list[str]]:
    named = [list(names) for names in model._meta.unique_together]
    plain = [c for c in model._meta.constraints if isinstance(c, models.UniqueConstraint) and c.condition is None]
    named += [list(c.fields) for c in plain if c.fields]
    return [[str(model._meta.get_field(name).column) for name in names] for names in named]  # type: ignore[union-attr]
