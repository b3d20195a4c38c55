"""History: every change of a tracked row is kept with its change set, which says who, when and from where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connections, models, transaction
from django.utils import timezone
from simple_history.manager import HistoryManager
from simple_history.models import HistoricalRecords

from .rules import only

_current: ContextVar[ChangeSet | None] = ContextVar("change_set", default=None)


class Source(models.TextChoices):
    FORM = "form", "Form"
    ADMIN = "admin", "Administration"
    SPREADSHEET = "spreadsheet", "Spreadsheet"
    COMMAND = "command", "Command line"


class ChangeSet(models.Model):
    """One act of one person: all that a save, an import or a command changed carries it."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="change_sets"
    )
    source = models.CharField(max_length=11, choices=Source.choices)
    at = models.DateTimeField(auto_now_add=True)
    note = models.CharField(max_length=200, blank=True)
    act = models.CharField(
        max_length=20, blank=True, help_text="The move that it was, by its verb; empty where figures were entered."
    )

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [only("source", Source, blank=False)]

    def __str__(self) -> str:
        who = self.person or "nobody signed in"
        return f"{self.get_source_display()} by {who}, {self.at:%-d %B %Y %H:%M}"


@contextmanager
def recording(*, by: Any, source: Source, note: str = "", act: str = "") -> Iterator[ChangeSet]:
    """One transaction whose changes to tracked rows carry one new change set; inside another, that one's."""
    if (outer := _current.get()) is not None:
        yield outer
        return
    with transaction.atomic():
        change_set = ChangeSet.objects.create(person=by, source=source, note=note[:200], act=act)
        token = _current.set(change_set)
        try:
            yield change_set
        finally:
            _current.reset(token)


def current_change_set() -> int | None:
    change_set = _current.get()
    return change_set.pk if change_set else None


def current_person(instance: models.Model, request: Any = None, **kwargs: Any) -> Any:
    """The person of the change set, else the one signed in."""
    change_set = _current.get()
    if change_set:
        return change_set.person
    user = getattr(request, "user", None)
    return user if user is not None and user.is_authenticated else None


class HistoryEntry(models.Model):
    """What every history row has besides the row's own columns."""

    change_set = models.ForeignKey(
        ChangeSet, models.PROTECT, null=True, default=current_change_set, related_name="+", db_index=True
    )

    class Meta:
        abstract = True


class EntryManager(HistoryManager):
    """Its class is made once, not with every access to a history, which is several times at each save."""

    @classmethod
    @cache
    def from_queryset(cls, queryset_class: Any, class_name: str | None = None) -> Any:
        return super().from_queryset(queryset_class, class_name)


def history() -> HistoricalRecords:
    return HistoricalRecords(bases=[HistoryEntry], history_manager=EntryManager, get_user=current_person)


def batched(rows: list[Any], size: int = 500) -> Iterator[list[Any]]:
    """The rows by the hundred, so that no statement has more parameters than a database takes."""
    return (rows[start : start + size] for start in range(0, len(rows), size))


class RecordedQuerySet(models.QuerySet):
    """Bulk writes that history records as it does single ones."""

    model: Any

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        with transaction.atomic(savepoint=False):
            made = list(super().bulk_create(objs, *args, **kwargs))
            self.keep_history(made, "+")
        return made

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], batch_size: int | None = None) -> int:
        rows = list(objs)
        with transaction.atomic(savepoint=False):
            count = self.update_in_bulk(rows, fields, batch_size)
            self.keep_history(rows, "~")
        return count

    def keep_history(self, rows: list[Any], kind: str) -> None:
        """A history entry of each of these rows as it is stored, copied within the database."""
        if not rows:
            return
        entry, person = self.model.history.model, current_person(rows[0])
        known = {
            "history_date": timezone.now(),
            "history_type": kind,
            "history_user_id": person.pk if person else None,
            "history_change_reason": "",
            "change_set_id": current_change_set(),
        }
        copied = [field.attname for field in entry.tracked_fields]
        values = {f"now_{name}": models.Value(value, entry._meta.get_field(name)) for name, value in known.items()}
        stored = models.QuerySet(self.model).order_by("pk").annotate(**values).values_list(*copied, *values)
        connection = connections[self.db]
        table, *columns = map(
            connection.ops.quote_name,
            [entry._meta.db_table, *(entry._meta.get_field(name).column for name in (*copied, *known))],
        )
        with connection.cursor() as cursor:
            for batch in batched(rows):
                query = stored.filter(pk__in=[row.pk for row in batch]).query
                selected, params = query.get_compiler(connection=connection).as_sql()
                cursor.execute(f"INSERT INTO {table} ({', '.join(columns)}) {selected}", params)

    def update_in_bulk(self, rows: list[Any], fields: Iterable[str], batch_size: int | None) -> int:
        return super().bulk_update(rows, fields, batch_size=batch_size)

    bulk_create.alters_data = bulk_update.alters_data = update_in_bulk.alters_data = True  # type: ignore[attr-defined]
