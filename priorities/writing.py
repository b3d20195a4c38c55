"""writing(): the only way to change report rows, for forms, spreadsheets, commands and the administration alike.

One transaction that begins with one conditional UPDATE of the quarterly updates concerned, refuses with the reason if
any of them can't be edited by this person now, and gives history its person, source and change set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

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
) -> Iterator[ChangeSet]:
    """Open the door for the rows of these updates, and for the overview of these quarters.

    `by` is the person, None for somebody at the command line, who may do what an administrator may.
    `opening` lets new updates and quarters be made too, and is for administrators.
    Raises Refused, with nothing written, if any of them isn't editable by this person now. Doors don't nest.
    """
    refuse_a_second_door()
    wanted, quarters = {u.pk: u for u in updates}, {q.pk: q for q in overview_of}
    with recording(by=by, source=source, note=note) as change_set:
        if opening and by is not None and not by.is_administrator:
            raise Refused("Only an administrator opens quarters; ask one to.")
        raised = F("version") + 1
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


@contextmanager
def moving(
    update: QuarterlyUpdate, move: Move, *, by: Person | None, source: Source, note: str = ""
) -> Iterator[QuarterlyUpdate]:
    """One move of an update: the update as it is stored now, in its new state, saved when the block ends.

    What the block sets on it, and rows of the same update that it writes, belong to the same transaction and change
    set. Raises Refused, with nothing written, if the move isn't this person's or the update isn't in a state for it;
    of two people at once, one is refused.
    """
    refuse_a_second_door()
    with recording(by=by, source=source, note=note) as change_set:
        ready = QuarterlyUpdate.objects.filter(pk=update.pk, status__in=move.sources)
        allowed = move.allowed_to(by, update.priority_id)
        if not allowed or not models.QuerySet.update(ready, version=F("version") + 1):
            raise Refused(move.refusal(by, stored(update)))
        moved = stored(update)
        door = Door(change_set, by, opening=False, moving=True, updates={moved.pk})
        with through(door):
            moved.status = move.to or moved.status
            yield moved
            moved.save()


def stored(update: QuarterlyUpdate) -> QuarterlyUpdate:
    return QuarterlyUpdate.objects.select_related("priority", "quarter").get(pk=update.pk)


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
