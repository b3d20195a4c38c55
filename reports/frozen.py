"""Closed reports: the report object as text and back, and which of the two, frozen or live, somebody reads.

The text follows the dataclasses of report.py. When they change, closed reports stay readable: a key that is not known
any more is passed over, one that is missing has the field's default. A field without a default, or one whose meaning
changes, raises SCHEMA, and UPGRADES turns a stored body of each older schema into the next.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from decimal import Decimal
from functools import cache, lru_cache
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from django.db.models import Exists, OuterRef

from priorities.models import Person, Quarter, QuarterlyUpdate, QuarterStatus, UpdateStatus
from priorities.periods import Period

from .models import ClosedReport
from .report import Report, quarterly_report, quarterly_reports

AT_HAND = 10  # reports, in each process: a page of risks or goals reads eight
SCHEMA = 1
UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}  # from this schema to the next
FROM_TEXT: dict[type, Callable[[Any], Any]] = {
    Decimal: Decimal,
    Period: cache(Period.from_slug),
    dt.date: dt.date.fromisoformat,
    dt.datetime: dt.datetime.fromisoformat,
}


class Unreadable(Exception):
    """A closed report that can't be shown as what the quarter said; the sentence is for whoever wanted to read it."""


# To text


def freeze(report: Report) -> str:
    """The report as canonical JSON: the same report is always the same text."""
    packed = {"schema": SCHEMA, "report": pack(report)}
    return json.dumps(packed, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def pack(value: Any) -> Any:
    if isinstance(value, Period):
        return value.slug
    if is_dataclass(value):
        return {field.name: pack(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [pack(each) for each in value]
    return value


def checksum(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


# From text


@lru_cache(maxsize=AT_HAND)
def thaw(body: str) -> Report:
    """The report that was frozen. Raises Unreadable, or ValueError where the text is none.

    The last few are kept at hand, each for its text: a text that differs in anything is read for itself.
    """
    found = json.loads(body)
    schema, packed = found["schema"], found["report"]
    if schema > SCHEMA:
        raise Unreadable(f"It was written by a newer version of the software (schema {schema}); update the software.")
    for older in range(schema, SCHEMA):
        packed = UPGRADES[older](packed)
    return unpacker(Report)(packed)


@cache
def unpacker(hint: Any) -> Callable[[Any], Any]:
    """What makes a value of this type from its packed form, made once for each type."""
    if hint in FROM_TEXT:
        return FROM_TEXT[hint]
    if is_dataclass(hint):
        return of_dataclass(hint)
    origin, inner = get_origin(hint), [unpacker(each) for each in get_args(hint) if each not in (..., NoneType)]
    if origin is UnionType:
        return lambda value: None if value is None else inner[0](value)
    if origin is tuple:
        return lambda values: tuple(map(inner[0], values))
    return origin or as_it_is


def as_it_is(value: Any) -> Any:
    return value


def of_dataclass(kind: Any) -> Callable[[dict[str, Any]], Any]:
    hints = get_type_hints(kind)
    parts = [(field, unpacker(hints[field.name])) for field in fields(kind)]

    def unpack(packed: dict[str, Any]) -> Any:
        given = {field.name: read(packed[field.name]) for field, read in parts if field.name in packed}
        for field, _ in parts:
            if field.name not in given and not has_default(field):
                raise Unreadable(f"It lacks “{field.name}” of {kind.__name__}.")
        return kind(**given)

    return unpack


def has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


# Reading


def is_whole(closed: ClosedReport) -> bool:
    return checksum(closed.body) == closed.checksum


def read(closed: ClosedReport) -> Report:
    """What the quarter said in this version. Raises Unreadable, naming it, where that can't be vouched for."""
    if not is_whole(closed):
        raise Unreadable(
            f"The closed report of {closed} does not match its checksum: it was changed after the quarter was closed, "
            "and is not shown. Restore it from a backup of the database."
        )
    try:
        report = thaw(closed.body)
    except (Unreadable, ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"The closed report of {closed} can't be read. {error}") from error
    if report.closing is None or (report.quarter, report.closing.version) != (closed.quarter.period, closed.version):
        raise Unreadable(f"The closed report of {closed} is another one's, and is not shown. Restore it from a backup.")
    return report


def newest(quarter: Quarter) -> ClosedReport | None:
    found = ClosedReport.objects.filter(quarter=quarter).order_by("-version").first()
    if found is not None:
        found.quarter = quarter
    return found


def report_of(quarter: Quarter, reader: Person | None, *, only: str | None = None) -> Report:
    """The report of a quarter as this reader reads it: frozen once it is closed, live before. Raises Unreadable."""
    return closed_report_of(quarter, reader) or quarterly_report(quarter, reader, only=only)


def reports_of(quarters: list[Quarter], reader: Person | None, *, only: str | None = None) -> list[Report]:
    """As report_of() for several quarters, in the queries of one closed and one live report. Raises Unreadable."""
    shut = {quarter.pk: quarter for quarter in quarters if reads_closed_version(quarter, reader)}
    later = ClosedReport.objects.filter(quarter=OuterRef("quarter"), version__gt=OuterRef("version"))
    newest_of = {c.quarter_id: c for c in ClosedReport.objects.filter(~Exists(later), quarter__in=shut)} if shut else {}
    for pk, closed in newest_of.items():
        closed.quarter = shut[pk]
    live = [quarter for quarter in quarters if quarter.pk not in newest_of]
    found = dict(zip(live, quarterly_reports(live, reader, only=only) if live else (), strict=True))
    return [found[quarter] if quarter in found else read(newest_of[quarter.pk]) for quarter in quarters]


def closed_report_of(quarter: Quarter, reader: Person | None) -> Report | None:
    """The closed report that this reader reads, or None where they read the quarter as it stands. Raises Unreadable.

    What was closed before reports were frozen is read live.
    """
    closed = newest(quarter) if reads_closed_version(quarter, reader) else None
    return None if closed is None else read(closed)


def reads_closed_version(quarter: Quarter, reader: Person | None) -> bool:
    """While a quarter is reopened, those inside read the live report, and everybody else the last version."""
    return quarter.status == QuarterStatus.CLOSED or (quarter.is_reopened and not is_inside(quarter, reader))


def is_inside(quarter: Quarter, reader: Person | None) -> bool:
    """Whether somebody reads a reopened quarter as it is being corrected: it is theirs to, or they see all."""
    if reader is None or reader.sees_all or reader.pk == quarter.reopened_for_id:
        return True
    if reader.pk == quarter.overview_author_id and quarter.overview_status != UpdateStatus.CLOSED:
        return True
    if hasattr(quarter, "own_reopened"):
        return bool(quarter.own_reopened)
    own = {assignment.priority_id for assignment in reader.current_assignments}
    reopened = QuarterlyUpdate.objects.filter(quarter=quarter, reopened_until__isnull=False)
    return bool(own) and reopened.filter(priority__in=own).exists()
