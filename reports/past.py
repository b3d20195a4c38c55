"""What is known of indicators in each quarter, in one query, and who may read which of it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

from django.db import models
from django.db.models import Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Substr

from indicators.models import Background, Reading
from priorities.models import Person, QuarterlyUpdate, Section, UpdateStatus
from priorities.periods import Period

from .models import ClosedReport


class Known(NamedTuple):
    """A row of the query: a reading, a figure of the background, or what was once saved, once for each closing."""

    kind: str
    key: uuid.UUID
    year: int
    number: int
    value: Decimal | None
    missing: str
    target: Decimal | None
    target_missing: str
    target_note: str
    target_basis: str
    basis: str
    note: str
    confidence: str
    source: str
    status: str  # of the update
    is_reopened: bool  # whether its quarter is
    reopened_for: int | None
    holder: int | None
    priority: int
    at: dt.datetime
    closed_at: dt.datetime | None

    @property
    def quarter(self) -> Period:
        return Period(self.year, self.number)

    @property
    def figure(self) -> Figure:
        return self.value, self.missing, self.basis


Figure = tuple[Decimal | None, str, str]


@dataclass(slots=True)
class Past:
    """An indicator in one quarter: its reading now and as each closing found it, and figures of its background."""

    reading: Known | None = None
    background: list[Known] = field(default_factory=list)
    closed: list[Known] = field(default_factory=list)

    @property
    def closed_figures(self) -> list[Figure]:
        return [known.figure for known in self.closed]

    @property
    def is_revised(self) -> bool:
        """Whether a later closed version says otherwise than an earlier one did."""
        return differing(self.closed_figures)

    @property
    def said_before(self) -> Known | None:
        """What the last of its closed versions that said otherwise had said."""
        now = self.closed[-1].figure if self.closed else None
        return next((known for known in reversed(self.closed) if known.figure != now), None)


def differing(figures: list[Figure]) -> bool:
    return any(earlier != later for earlier, later in pairwise(figures))


def null(field: models.Field[Any, Any]) -> Cast:
    return Cast(Value(None), field)


ABSENT = {
    "key": null(models.UUIDField()),
    "value": null(models.DecimalField(max_digits=16, decimal_places=4)),
    "target": null(models.DecimalField(max_digits=16, decimal_places=4)),
    "is_reopened": Value(False, models.BooleanField()),
    "reopened_for": null(models.IntegerField()),
    "holder": null(models.IntegerField()),
    "priority": Value(0, models.IntegerField()),
    "at": null(models.DateTimeField()),
    "closed_at": null(models.DateTimeField()),
}


def columns(rows: QuerySet[Any], kind: str, **found: Any) -> QuerySet[Any]:
    """The rows in the columns of Known; those that this kind of row doesn't have are empty."""
    given = {"kind": Value(kind), **found}
    wanted = {f"known_{name}": given.get(name, ABSENT.get(name, Value(""))) for name in Known._fields}
    return rows.order_by().annotate(**wanted).values_list(*wanted)


def past_of(keys: Iterable[str | uuid.UUID], first: Period, last: Period) -> dict[str, dict[Period, Past]]:
    """All that is known of indicators from one quarter to another, by key and quarter. One query."""
    found: dict[str, dict[Period, Past]] = defaultdict(lambda: defaultdict(Past))
    saved: dict[tuple[str, Period], list[Known]] = defaultdict(list)
    for known in map(Known._make, all_of(keys, first, last)):
        period, key = known.quarter, str(known.key)
        if not first <= period <= last:
            continue
        match known.kind:
            case "reading":
                found[key][period].reading = known
            case "background":
                found[key][period].background.append(known)
            case _:
                saved[key, period].append(known)
    for (key, period), rows in saved.items():
        found[key][period].closed = as_closings_found_it(rows)
    return found


def as_closings_found_it(saved: list[Known]) -> list[Known]:
    """What was saved last before each closing, in their order."""
    found: dict[dt.datetime, Known] = {}
    for known in sorted(saved, key=lambda known: known.at):
        if known.closed_at is not None and known.at <= known.closed_at:
            found[known.closed_at] = known
    return [found[at] for at in sorted(found)]


def all_of(keys: Iterable[str | uuid.UUID], first: Period, last: Period) -> QuerySet[Any]:
    of_these = Q(indicator__key__in=list(keys))
    in_years = Q(update__quarter__financial_year__range=(first.year, last.year))
    others = background().filter(of_these, quarter__gte=first, quarter__lte=last)
    return readings().filter(of_these & in_years).union(others, corrected().filter(of_these & in_years), all=True)


OF_A_READING = {
    **{name: F(name) for name in ("value", "missing", "target", "target_missing", "target_note", "target_basis")},
    **{name: F(name) for name in ("basis", "note", "confidence")},
    "key": F("indicator__key"),
    "holder": F("indicator__holder"),
    "year": F("update__quarter__financial_year"),
    "number": F("update__quarter__number"),
    "status": F("update__status"),
    "is_reopened": ExpressionWrapper(Q(update__quarter__reopened_until__isnull=False), models.BooleanField()),
    "reopened_for": F("update__reopened_for"),
    "priority": F("update__priority"),
}


# The parts of the query, each made once and then filtered: making them takes longer than running them.


@cache
def readings() -> QuerySet[Any]:
    return columns(Reading.objects.all(), "reading", **OF_A_READING)


@cache
def background() -> QuerySet[Any]:
    def digits(position: int, length: int) -> Cast:
        return Cast(Substr("quarter", position, length), models.IntegerField())

    about = {"key": F("indicator__key"), "year": digits(1, 4), "number": digits(10, 1)}
    return columns(
        Background.objects.all(), "background", **about, value=F("value"), basis=F("basis"), source=F("source")
    )


@cache
def corrected() -> QuerySet[Any]:
    """What was saved when of the readings of quarters that are or were corrected, once for each of their closings."""
    again = ClosedReport.objects.filter(quarter=OuterRef("update__quarter"), version__gt=1)
    saved = Reading.history.model.objects.exclude(history_type="-").filter(
        Q(update__quarter__reopened_until__isnull=False) | Exists(again)
    )
    when = {"at": F("history_date"), "closed_at": F("update__quarter__closed_reports__closed_at")}
    return columns(saved, "saved", **OF_A_READING, **when)


# Who may read what of it

Rule = Callable[[Known], bool]


def as_closed(known: Known) -> bool:
    """What is closed, and not being corrected: what all readers of closed reports read."""
    return known.status == UpdateStatus.CLOSED


def as_read_by(reader: Person | None) -> Rule:
    """Whether somebody may read a reading as it stands now: the rules of readable_sections() and frozen.is_inside()."""
    told: dict[tuple[str, int], bool] = {}

    def may_read(known: Known) -> bool:
        if reader is None or reader.sees_all:
            return True
        if known.is_reopened and not as_closed(known) and not corrects(reader, known):
            return False
        state = known.status, known.priority
        if state not in told:
            update = QuarterlyUpdate(status=known.status, priority_id=known.priority)
            told[state] = Section.INDICATORS in update.readable_sections(reader)
        return told[state] or known.holder == reader.pk

    return may_read


def corrects(reader: Person, known: Known) -> bool:
    own = {assignment.priority_id for assignment in reader.current_assignments}
    return known.reopened_for == reader.pk or known.priority in own


def as_it_may_be_read(past: Past, may_read: Rule) -> Known | None:
    """The reading of a quarter: as it stands, else as it was closed last, else None."""
    if past.reading is None or may_read(past.reading):
        return past.reading
    return past.closed[-1]._replace(status=UpdateStatus.CLOSED) if past.reading.is_reopened and past.closed else None
