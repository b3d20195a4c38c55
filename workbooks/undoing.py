"""An import undone in one act, while nothing that it wrote has changed since; else, row by row, what is in the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import models, transaction
from django.db.models import Count, Max, OuterRef, ProtectedError, Subquery
from django.urls import reverse
from django.utils import timezone

from finance.models import FinancialPosition
from goals.models import Goal, GoalForecast
from indicators.models import Indicator, Reading
from priorities import audit
from priorities.door import Guarded, Refused
from priorities.history import ChangeSet, Source
from priorities.models import (
    Assignment,
    Definition,
    Person,
    Priority,
    Quarter,
    QuarterlyUpdate,
    QuarterRow,
    QuarterStatus,
    Section,
)
from priorities.periods import Period
from priorities.writing import writing
from risks.models import Assessment, Risk

from .importing import SHEETS
from .models import ImportRecord, ImportState
from .preview import Preview

WHAT_TO_DO = ". Undo that first, if it was an import; else put the value back by hand."
# What an import may write; what a row refers to comes before it.
MODELS: tuple[Any, ...] = tuple(dict.fromkeys(r._meta.model for resources in SHEETS.values() for r in resources))  # type: ignore[attr-defined]
# And what the administration imports besides; people have no history to put back.
UNDONE = (*MODELS, Assignment, Definition)
# Set-up rows that stand on a quarter's sheet, and by which rows they stand in its updates.
STANDS_BY: dict[Any, tuple[Any, str]] = {
    Priority: (QuarterlyUpdate, "priority"),
    Indicator: (Reading, "indicator"),
    Risk: (Assessment, "risk"),
    Goal: (GoalForecast, "goal"),
}


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why one row can't be put back; `url` is where to see it, "" where this person has no page of it."""

    subject: str
    why: str
    url: str = ""


class Blocked(Exception):
    """Nothing was undone."""

    def __init__(self, obstacles: Iterable[Obstacle]) -> None:
        super().__init__("Something stands in the way of undoing the import.")
        self.obstacles = tuple(obstacles)


@dataclass(frozen=True)
class Written:
    """What an import wrote to one model, as history has it."""

    model: Any
    change_set: ChangeSet

    @property
    def entries(self) -> models.QuerySet[Any]:
        return self.model.history.filter(change_set=self.change_set)

    @property
    def made(self) -> models.QuerySet[Any]:
        """The keys of the rows that it made, as a subquery: there may be more than a query takes as values."""
        return self.entries.filter(history_type="+").values("id")

    def rows(self) -> models.QuerySet[Any]:
        """Those that are still there, with what their names are made of."""
        return named(self.model).filter(pk__in=self.entries.values("id"))

    def later(self) -> list[Any]:
        """The newest entry of each row that somebody has written since."""
        own, newest = (
            dict(entries.order_by().values_list("id").annotate(Max("history_id")))
            for entries in (self.entries, self.model.history.filter(id__in=self.entries.values("id")))
        )
        since = [newest[key] for key in own if newest[key] > own[key]]
        found = self.model.history.select_related("change_set__person").in_bulk(since)
        return [found[key] for key in sorted(found)]

    def before(self) -> dict[int, tuple[Any, Any]]:
        """Of each row that it changed: the entry before the import, and the import's own."""
        earlier = self.model.history.filter(id=OuterRef("id"), history_id__lt=OuterRef("history_id"))
        earlier = earlier.order_by("-history_id").values("history_id")[:1]
        changed = self.entries.exclude(id__in=self.made).annotate(before=Subquery(earlier))
        own = {entry.before: entry for entry in changed}
        then = self.model.history.filter(history_id__in=changed.values("before"))
        return {entry.id: (entry, own[entry.history_id]) for entry in then}


def named(model: Any) -> models.QuerySet[Any]:
    """The rows of a model, with all that their names, pages and holders are made of in one query."""
    paths = [f.name for f in model._meta.concrete_fields if f.is_relation and not f.null]
    if issubclass(model, QuarterRow):
        paths += ["update__quarter", "update__priority"]
    return model._base_manager.select_related(*paths)


def undo(record: ImportRecord, *, by: Person) -> ChangeSet:
    """Put back every value as it was before the import, and delete what it made, all of it or nothing.

    It asks for the rights that the import asked for. Raises Blocked with every row that has changed since, is used by
    others, is locked or is not this person's to change, and Refused where the import was undone already.
    """
    with transaction.atomic():
        now = ImportRecord.objects.select_for_update().get(pk=record.pk)
        if now.state != ImportState.APPLIED or now.change_set is None:
            raise Refused("There is nothing to undo: this import was undone already, or never applied.")
        written = [Written(model, now.change_set) for model in UNDONE]
        if not any(each.entries.exists() for each in written):
            raise Refused("What this import wrote has no history, as people have none; put it back by hand.")
        updates, quarters = concerned(written, Preview.unpack(now.file.preview).periods)
        if found := [*locked(updates, quarters, by), *not_theirs(written, by), *in_the_way(written, by)]:
            raise Blocked(found)
        with writing(updates, by=by, source=Source.FORM, overview_of=quarters, note=f"Undone: {now.name}") as act:
            if found := list(in_the_way(written, by)):  # once more, behind the door
                raise Blocked(found)
            put_back(written)
        audit.record(audit.Act.IMPORTED, by=by, about=now.name, detail="Undone")
        now.state, now.undone_by, now.undone_at, now.undo_change_set = ImportState.UNDONE, by, timezone.now(), act
        now.save(update_fields=["state", "undone_by", "undone_at", "undo_change_set"])
        return act


def put_back(written: list[Written]) -> None:
    try:
        for each in reversed(written):
            if each.made.exists():
                each.model.objects.filter(pk__in=each.made).delete()
    except ProtectedError as error:
        rows = sorted(map(str, error.protected_objects))[:1]
        raise Refused(f"Something refers to what the import made: {', '.join(rows)}.") from error
    for each in written:
        restore(each)


def restore(written: Written) -> None:
    """The values before the import of each row that it changed, in bulk and with history."""
    before = written.before()
    fields = [f for f in written.model._meta.concrete_fields if not f.primary_key and f.name != "version"]
    rows, names = [], set()
    for row in written.rows():
        if row.pk not in before:
            continue
        then, own = before[row.pk]
        for field in fields:
            if getattr(then, field.attname) != getattr(own, field.attname):
                setattr(row, field.attname, getattr(then, field.attname))
                names.add(field.name)
        rows.append(row)
    if names:
        written.model.objects.bulk_update(rows, sorted(names), batch_size=500)


def concerned(written: list[Written], periods: set[Period]) -> tuple[list[QuarterlyUpdate], list[Quarter]]:
    """The updates and the quarters that hold what was written, or by which it was changed: what an owner or a baseline
    says in a report that was submitted stays as it was submitted. `periods` are the quarters that the import named.
    """
    own = models.Q()
    for each in written:
        if issubclass(each.model, QuarterRow):
            own |= models.Q(pk__in=each.model.objects.filter(pk__in=each.entries.values("id")).values("update"))
        elif each.model is QuarterlyUpdate:
            own |= models.Q(pk__in=each.entries.values("id"))
        elif each.model in STANDS_BY:
            own |= models.Q(pk__in=stood_on(each, periods))
    quarters = next(each for each in written if each.model is Quarter)
    return list(QuarterlyUpdate.objects.filter(own) if own else []), list(quarters.rows())


def stood_on(written: Written, periods: set[Period]) -> set[int]:
    """The updates in whose rows the set-up rows that it changed stand: of the quarters that the import named, else the
    newest of an open quarter.
    """
    model, name = STANDS_BY[written.model]
    path = "" if model is QuarterlyUpdate else "update__"
    year, number, status = (f"{path}quarter__{field}" for field in ("financial_year", "number", "status"))
    changed = written.entries.filter(history_type="~").values("id")
    rows = model.objects.filter(**{f"{name}__in": changed}).order_by(year, number)
    named_in, newest = set(), {}
    for about, update, state, *period in rows.values_list(name, f"{path}pk", status, year, number):
        if Period(*period) in periods:
            named_in.add((about, update))
        elif state == QuarterStatus.OPEN:
            newest[about] = update
    known = {about for about, _ in named_in}
    return {update for _, update in named_in} | {update for about, update in newest.items() if about not in known}


# What stands in the way


def locked(updates: list[QuarterlyUpdate], quarters: list[Quarter], by: Person) -> Iterator[Obstacle]:
    for model, rows in ((QuarterlyUpdate, updates), (Quarter, quarters)):
        pks = {row.pk for row in rows}
        every: Any = model.objects.filter(pk__in=pks)
        shut = pks - set(every.editable_by(by).values_list("pk", flat=True))
        for row in named(model).filter(pk__in=shut):
            [why] = model.objects.filter(pk=row.pk).why_not_editable(by)
            yield Obstacle(str(row), why, url_of(row, by))


def not_theirs(written: list[Written], by: Person) -> Iterator[Obstacle]:
    """What only others may write: a risk of another's, and for all but administrators, what they set up."""
    if by.is_administrator:
        return
    for each in written:
        for row in each.rows():
            if each.model is Risk:
                if not by.may_write(row.priority_id, frozenset([Section.RISKS]), row.holder_id):
                    yield Obstacle(str(row), f"Not yours to change; ask the lead of {row.priority}.")
            elif not issubclass(each.model, Guarded):
                what = each.model._meta.verbose_name_plural.capitalize()
                yield Obstacle(str(row), f"{what} are set up by administrators; ask one.")


def in_the_way(written: list[Written], by: Person) -> Iterator[Obstacle]:
    for each in written:
        yield from changed(each, by)
    for each in written:
        if each.made.exists():
            yield from used(each, written, by)


def changed(written: Written, by: Person) -> Iterator[Obstacle]:
    """The rows that somebody has saved or deleted since."""
    later = written.later()
    if not later:
        return
    there = named(written.model).in_bulk([entry.id for entry in later])
    for entry in later:
        act = "deleted" if entry.history_type == "-" else "changed"
        why = f"{act.capitalize()} since, {entry.change_set or 'by somebody unknown'}{WHAT_TO_DO}"
        row = there.get(entry.id)
        yield Obstacle(str(row) if row else name_of(entry), why, url_of(row, by) if row else "")


def name_of(entry: Any) -> str:
    """The name of a row that is gone."""
    try:
        return str(entry.instance)
    except ObjectDoesNotExist:
        return f"{entry.instance_type._meta.verbose_name.capitalize()} {entry.id}"


def used(written: Written, all_written: list[Written], by: Person) -> Iterator[Obstacle]:
    """The rows that it made and that something refers to which it did not make."""
    made_by_it = {each.model: each.made for each in all_written}
    found: dict[int, list[str]] = {}
    for relation in written.model._meta.get_fields(include_hidden=True):
        if not relation.auto_created or relation.concrete or not relation.field.db_constraint:
            continue  # history refers to rows without the database minding
        model, name = relation.related_model, relation.field.name
        others = model._base_manager.filter(**{f"{name}__in": written.made})
        if model in made_by_it:
            others = others.exclude(pk__in=made_by_it[model])
        for pk, count in others.order_by().values_list(name).annotate(Count("pk")):
            meta = model._meta
            found.setdefault(pk, []).append(f"{count} {meta.verbose_name if count == 1 else meta.verbose_name_plural}")
    for row in named(written.model).filter(pk__in=found):
        told = " and ".join(found[row.pk])
        yield Obstacle(str(row), f"In use since: {told} that this import did not make.", url_of(row, by))


def url_of(row: Any, by: Person) -> str:
    """The page where a person sees what happened to a row; set-up rows are seen by administrators."""
    if isinstance(row, QuarterRow):
        quarter, priority = row.update.quarter, row.update.priority
        return reverse("updates:history", args=[quarter.period, priority.slug, row.section, key_of(row)])
    if isinstance(row, QuarterlyUpdate):
        return reverse("updates:timeline", args=[row.quarter.period, row.priority.slug])
    if not by.is_administrator:
        return ""
    if isinstance(row, Indicator):
        return reverse("updates:indicator", args=[row.key])
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_history", args=[row.pk])


def key_of(row: Any) -> str:
    """The name of a row in the address of its history."""
    if isinstance(row, FinancialPosition):
        return f"q{row.period}"
    about = next(f for f in row._meta.concrete_fields if f.is_relation and f.name != "update")
    return str(getattr(row, about.name).key)
