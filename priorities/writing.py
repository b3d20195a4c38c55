"""writing(): the only way to change report rows, for forms, spreadsheets, commands and the administration alike.

One transaction that begins with one conditional UPDATE of the quarterly updates concerned, refuses with the reason if
any of them can't be edited by this person now, and gives history its person, source and change set.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import models
from django.db.models import F

from .door import Door, OutsideTheDoor, Refused, current_door, through
from .history import ChangeSet, Source, recording
from .models import Plan, Quarter, QuarterlyUpdate
from .moves import Move
from .people import Person


@contextmanager
def writing(
    updates: Iterable[QuarterlyUpdate] = (),
    *,
    by: Person | None,
    source: Source,
    overview_of: Iterable[Quarter] = (),
    opening: bool = False,
    note: str = "",
    act: str = "",
) -> Iterator[ChangeSet]:
    """Open the door for the rows of these updates, and for the overview of these quarters.

    `by` is the person, None for somebody at the command line, who may do what an administrator may.
    `opening` lets new updates and quarters be made too, and is for administrators.
    Raises Refused, with nothing written, if any of them isn't editable by this person now. Doors don't nest.
    """
    refuse_a_second_door()
    wanted, quarters = {u.pk: u for u in updates}, {q.pk: q for q in overview_of}
    with recording(by=by, source=source, note=note, act=act) as change_set:
        if opening and by is not None and not by.is_administrator:
            raise Refused("Only an administrator opens quarters; ask one to.")
        raised = F("version") + 1
        hold(wanted)
        editable = QuarterlyUpdate.objects.filter(pk__in=wanted).editable_by(by)
        if wanted and models.QuerySet.update(editable, version=raised) != len(wanted):
            raise Refused(*QuarterlyUpdate.objects.filter(pk__in=wanted).why_not_editable(by))
        open_quarters = Quarter.objects.filter(pk__in=quarters).editable_by(by)
        if quarters and models.QuerySet.update(open_quarters, version=raised) != len(quarters):
            raise Refused(*Quarter.objects.filter(pk__in=quarters).why_not_editable(by))
        row: Any
        for row in (*wanted.values(), *quarters.values()):
            row.version += 1
        door = Door(change_set, by, opening, updates=set(wanted), quarters=set(quarters))
        door.priority_of = {pk: update.priority_id for pk, update in wanted.items()}
        with through(door):
            yield change_set


Moved = TypeVar("Moved", QuarterlyUpdate, Quarter)


@contextmanager
def moving(
    subject: Moved,
    move: Move,
    *,
    by: Person | None,
    source: Source,
    note: str = "",
    with_updates: Iterable[QuarterlyUpdate] = (),
) -> Iterator[Moved]:
    """One move of an update or a quarter: the row as it is stored now, in its new state, saved when the block ends.

    What the block sets on it, and rows of the same update that it writes, belong to the same transaction and change
    set, whose act is the move's verb. `with_updates` are those that a quarter takes along, held against every other
    writer and read again by the block. Raises Refused, with nothing written, if the move isn't this person's or the
    row isn't in a state for it; of two people at once, one is refused.
    """
    refuse_a_second_door()
    with recording(by=by, source=source, note=note, act=move.verb) as change_set:
        rows: Any = type(subject).objects.filter(pk=subject.pk, **{f"{move.field}__in": move.sources})
        raised = F("version") + 1
        updates = {update.pk for update in with_updates}
        if updates and move.allowed_to(by, subject):  # updates before quarters, as writing() has it: no deadlock
            hold(updates)
            models.QuerySet.update(QuarterlyUpdate.objects.filter(pk__in=updates), version=raised)
        if not move.allowed_to(by, subject) or not models.QuerySet.update(rows, version=raised):
            raise Refused(move.refusal(by, stored(subject)))
        moved = stored(subject)
        if move.waits_for_another(by, moved):
            raise Refused(move.refusal(by, moved))
        is_update = isinstance(moved, QuarterlyUpdate)
        door = Door(change_set, by, opening=False, moving=True)
        door.updates = updates | ({moved.pk} if is_update else set())
        door.quarters = set() if is_update else {moved.pk}
        with through(door):
            setattr(moved, move.field, move.to or getattr(moved, move.field))
            yield moved
            moved.save()


def stored(subject: Moved) -> Moved:
    related = ("priority", "quarter__plan") if isinstance(subject, QuarterlyUpdate) else ("plan",)
    return type(subject).objects.select_related(*related).get(pk=subject.pk)


def hold(updates: Collection[int]) -> None:
    """Lock several updates in the order of their keys, so that no two writers ever wait for each other."""
    if len(updates) > 1:
        list(QuarterlyUpdate.objects.filter(pk__in=updates).order_by("pk").select_for_update().values_list("pk"))


def refuse_a_second_door() -> None:
    if current_door() is not None:
        raise OutsideTheDoor("The door is open already: a second one would hide what the first one holds.")


def create_plan(*, title: str, first_year: int, last_year: int, by: Person | None, source: Source) -> Plan:
    """A plan and its quarters, planned. Raises Refused for people who aren't administrators."""
    with writing(by=by, source=source, opening=True):
        plan = Plan(title=title, first_year=first_year, last_year=last_year)
        plan.full_clean()
        plan.save()
        Quarter.objects.bulk_create(plan.missing_quarters())
    return plan
