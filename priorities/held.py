"""What is held of one person, for who asks to see it: the account, and every row that names it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models import Q
from django.utils import timezone

from .models import Person

SECRET = re.compile("password|secret|token|sealed|session", re.IGNORECASE)  # in names of columns: never handed out
SECRET_OF = {("mfa.authenticator", "data")}
Row = dict[str, Any]


def held_of(person: Person) -> dict[str, Any]:
    """Secrets are left out: they are of no use to who asks, and of use to others."""
    return {
        "account": row_of(person) | {"groups": list(person.groups.values_list("name", flat=True))},
        "sessions": [{"ends": session.expire_date} for session in sessions_of(person)],
        "rows": {label: rows for label, rows in rows_of(person) if rows},
        "mentions": list(mentions_of(person)),
    }


def row_of(row: models.Model) -> Row:
    shown = [field for field in row._meta.concrete_fields if is_shown(field)]
    return {field.attname: getattr(row, field.attname) for field in shown}


def is_shown(field: models.Field[Any, Any]) -> bool:
    if isinstance(field, models.BinaryField) or SECRET.search(field.name):
        return False
    return (field.model._meta.label_lower, field.name) not in SECRET_OF


def rows_of(person: Person) -> Iterator[tuple[str, list[Row]]]:
    """By model and the field that names the person: what they wrote, hold, were sent, decided."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if field.is_relation and field.related_model is Person and field.auto_created is False:
                found = model._base_manager.filter(**{field.name: person}).order_by("pk")
                yield f"{model._meta.label}.{field.name}", [row_of(row) for row in found.iterator()]


def sessions_of(person: Person) -> Iterator[Session]:
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if session.get_decoded().get("_auth_user_id") == str(person.pk):
            yield session


def mentions_of(person: Person) -> Iterator[Row]:
    """Where a text names them: by full name or user name, as leads stand in reports of the past."""
    names = {name for name in (person.get_full_name(), person.username, person.email) if len(name) > 3}
    for model in apps.get_models():
        texts = [f.name for f in model._meta.concrete_fields if isinstance(f, models.CharField | models.TextField)]
        texts = [name for name in texts if not SECRET.search(name)]
        if model is Person or not texts or not names or model._meta.app_label in ("sessions", "admin"):
            continue
        asked = Q()
        for text in texts:
            for name in names:
                asked |= Q(**{f"{text}__icontains": name})
        for row in model._base_manager.filter(asked).order_by("pk").only("pk", *texts).iterator():
            said = [t for t in texts if any(name.casefold() in str(getattr(row, t)).casefold() for name in names)]
            yield {"in": model._meta.label, "pk": row.pk, "fields": said}
