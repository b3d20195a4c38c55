"""The door for report rows: unless writing() holds it open, they refuse to be saved, deleted or written in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connections

from .history import ChangeSet, RecordedQuerySet

if TYPE_CHECKING:
    from .people import Person


class Refused(Exception):
    """The door stayed shut; `reasons` are sentences for the person who knocked."""

    def __init__(self, *reasons: str) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


class OutsideTheDoor(RuntimeError):
    """A programming error: a report row was to be written without writing()."""


@dataclass(slots=True)
class Door:
    change_set: ChangeSet
    by: Person | None
    opening: bool
    moving: bool = False  # the move's own rule has let this person in
    updates: set[int] = field(default_factory=set)
    quarters: set[int] = field(default_factory=set)
    priority_of: dict[int, int] = field(default_factory=dict)
    stored: dict[int, dict[str, Any]] = field(default_factory=dict)  # updates as they are stored, once read

    def admits(self, row: Guarded) -> bool:
        """Whether this row may be written now: its update is held, and its section or itself is this person's."""
        kind, key = row.door_key()
        if key is None:  # a new update or quarter
            return self.opening
        if key not in (self.updates if kind == "update" else self.quarters):
            return False
        if kind == "quarter" or self.moving or self.by is None or self.by.is_administrator:
            return True
        return self.by.may_write(self.priority_of[key], row.sections_written(), row.holder_id)


_door: ContextVar[Door | None] = ContextVar("door", default=None)


@contextmanager
def through(door: Door) -> Iterator[None]:
    """Hold this door open; writing() is the one that calls it."""
    token = _door.set(door)
    try:
        yield
    finally:
        _door.reset(token)


class Guarded:
    """Mixin of report rows: they are written through the door or not at all."""

    section: str | None = None  # the section of the update that the row belongs to
    holder_id: int | None = None  # the person who holds this very row
    holder: Person | None = None

    def door_key(self) -> tuple[str, int | None]:
        raise NotImplementedError

    def lock(self) -> Any:
        """The set of one, a quarterly update or a quarter, whose state decides whether the row can be written."""
        raise NotImplementedError

    def sections_written(self) -> frozenset[str]:
        """The sections of the update that saving this row changes."""
        return frozenset([self.section] if self.section else [])

    def ask_the_door(self) -> None:
        """Raises OutsideTheDoor without a door, Refused where it is open for others than this row."""
        door = _door.get()
        if door is None:
            raise OutsideTheDoor(f"{type(self).__name__} rows are written inside priorities.writing() only.")
        if not door.admits(self):
            raise Refused(f"{self} is not yours to change; ask the lead of the priority.")

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.ask_the_door()  # before the transaction is touched
        super().save(*args, **kwargs)  # type: ignore[misc]

    def _save_table(
        self, raw: bool = False, cls: Any = None, force_insert: bool = False, *args: Any, **kwargs: Any
    ) -> bool:
        """Where every way of saving ends, a deserialiser's too; a new row never overwrites one of the same key."""
        self.ask_the_door()
        made = self._state.adding  # type: ignore[attr-defined]
        type(self)._base_manager.get_queryset().refuse_strays([self])  # type: ignore[attr-defined]
        updated = super()._save_table(raw, cls, force_insert or made, *args, **kwargs)  # type: ignore[misc]
        if made:
            self.admit()
        if (door := _door.get()) and door.stored:
            door.stored.pop(self.pk, None)  # type: ignore[attr-defined]
        return updated

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        self.ask_the_door()
        type(self)._base_manager.get_queryset().refuse_strays([self])  # type: ignore[attr-defined]
        return super().delete(*args, **kwargs)  # type: ignore[misc]

    def admit(self) -> None:
        """A new update or quarter is inside the door that made it."""

    save.alters_data = delete.alters_data = True  # type: ignore[attr-defined]


def current_door() -> Door | None:
    return _door.get()


class GuardedQuerySet(RecordedQuerySet):
    """Bulk writes through the door, with history; writes that history can't follow are refused."""

    fixed: tuple[str, ...] = ()  # what a row is about, which never changes

    def refuse_strays(self, rows: Iterable[Any]) -> None:
        """Refuse rows that the database has for something else than they now name, as another indicator, or no more."""
        named = {row.pk: row for row in rows if row.pk}
        if not named or not self.fixed:
            return
        for pk, *stored in self.model._base_manager.filter(pk__in=named).values_list("pk", *self.fixed):
            row = named.pop(pk)
            if stored != [getattr(row, name) for name in self.fixed]:
                raise OutsideTheDoor("A row stays with what it was made for.")
        for row in named.values():
            if not row._state.adding:
                raise Refused(f"{row}: somebody has deleted this since; load it again.")

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        if kwargs.get("update_conflicts") or kwargs.get("ignore_conflicts"):
            raise OutsideTheDoor("History can't follow conflicts that the database settles; read first, then write.")
        rows = list(objs)
        for row in rows:
            row.ask_the_door()
        self.refuse_strays(rows)
        made = super().bulk_create(rows, *args, **kwargs)
        for row in made:
            row.admit()
        return made

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], batch_size: int | None = None) -> int:
        rows = list(objs)
        for row in rows:
            row.ask_the_door()
        self.refuse_strays(rows)
        return super().bulk_update(rows, fields, batch_size=batch_size)

    def update(self, **kwargs: Any) -> int:
        raise OutsideTheDoor("update() leaves no history; change the rows and bulk_update() them.")

    def delete(self) -> Any:
        row: Any
        for row in self:
            row.ask_the_door()
        return super().delete()

    def _raw_delete(self, using: Any) -> int:
        raise OutsideTheDoor("Rows are deleted through the door, one history entry each.")

    def update_in_bulk(self, rows: list[Any], fields: Iterable[str], batch_size: int | None) -> int:
        """One statement, a row at a time: many times faster than Django's CASE for each field and row."""
        connection, meta = connections[self.db], self.model._meta  # type: ignore[attr-defined]
        columns = [meta.get_field(name) for name in dict.fromkeys(fields)]
        name = connection.ops.quote_name
        values = ", ".join(f"{name(column.column)} = %s" for column in columns)
        sql = f"UPDATE {name(meta.db_table)} SET {values} WHERE {name(meta.pk.column)} = %s"  # noqa: S608 - our names
        with connection.cursor() as cursor:
            cursor.executemany(
                sql,
                [
                    [c.get_db_prep_save(getattr(row, c.attname), connection) for c in (*columns, meta.pk)]
                    for row in rows
                ],
            )
        return len(rows)

    bulk_create.alters_data = bulk_update.alters_data = update.alters_data = delete.alters_data = True  # type: ignore[attr-defined]
