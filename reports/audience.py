"""What of a report is for the public: the fields listed here, of the rows that are for it, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from functools import cache
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from priorities.periods import Period

from .report import (
    Closing,
    FinanceRow,
    GoalRow,
    IndicatorRow,
    Meaning,
    Point,
    PriorityReport,
    RatingCell,
    Report,
    Revision,
    RiskRow,
)

# The one list of what is public, by class. A field that comes to a class later is internal until it is listed here.
PUBLIC: dict[type, frozenset[str]] = {
    Report: frozenset(
        {"quarter", "status", "plan", "overview", "overview_is_open", "priorities", "definitions", "closing"}
        | {"revisions"}
    ),
    Closing: frozenset({"version", "at"}),
    Meaning: frozenset({"kind", "letter", "word", "text"}),
    PriorityReport: frozenset(
        {"key", "pk", "title", "slug", "status", "sections", "period", "ratings", "ratings_note", "narrative"}
        | {"finance", "finance_note", "indicators", "risks", "issues", "closed", "goals"}
    ),
    RatingCell: frozenset({"name", "letter", "meaning"}),
    FinanceRow: frozenset({"key", "period", "budget", "forecast", "ytd_profile", "ytd_actual"}),
    IndicatorRow: frozenset(
        {"key", "reference", "title", "unit", "decimals", "polarity", "definition", "source", "basis", "as_at"}
        | {"target", "target_missing", "target_note", "target_basis", "expected", "value", "missing", "note"}
        | {"confidence", "series", "replaces"}
    ),
    Point: frozenset(
        {"quarter", "value", "missing", "target", "basis", "origin", "source", "is_provisional", "is_revised"}
    ),
    RiskRow: frozenset({"key", "kind", "number", "description", "level", "trend", "explanation"}),
    GoalRow: frozenset(
        {"key", "number", "title", "financial_year", "baseline", "stated", "confidence", "carried_from"}
    ),
    Revision: frozenset({"key", "field", "priority", "of", "what", "was", "now"}),
}
NAMES = {"forecast": "stated"}  # what a revised figure is called, where the field has another name


def public(report: Report) -> Report:
    """The report as the public reads it: rows that are not for it left out, all fields that aren't public emptied.

    What changed is left out, since it was found in what is internal, too: the public form of the quarter before is
    what this one is compared with. So is why it was corrected, which was told to those inside. Revisions are kept where
    they tell of what is shown.
    """
    if report.is_public:
        return report
    parts = tuple(map(public_rows, report.priorities))
    shown = {key: kind for part in parts for key, kind in kinds_of(part)}
    released = replace(
        report,
        priorities=parts,
        revisions=tuple(found for found in report.revisions if is_public(found, shown)),
    )
    return replace(emptied(released), is_public=True)


def public_rows(part: PriorityReport) -> PriorityReport:
    return replace(
        part,
        indicators=tuple(replace(row, series=tuple(filter(is_open, row.series))) for row in part.indicators),
        risks=top(part.risks),
        issues=top(part.issues),
        closed=top(part.closed),
    )


def is_open(point: Point) -> bool:
    """Whether a figure of a series is one of a quarter that is open to whoever the report is for."""
    return point.origin != "elsewhere"


def top(rows: Iterable[RiskRow]) -> tuple[RiskRow, ...]:
    """Those chosen as top and not marked internal, numbered anew: a gap would tell that there are others."""
    chosen = (row for row in rows if row.is_top and not row.is_internal)
    return tuple(replace(row, number=number) for number, row in enumerate(chosen, 1))


def kinds_of(part: PriorityReport) -> list[tuple[str, type]]:
    """What each key of a priority's report belongs to; ratings go by the key of the priority itself."""
    rows: tuple[Any, ...] = (*part.finance, *part.indicators, *part.risks, *part.issues, *part.closed, *part.goals)
    return [(part.key, RatingCell), *((row.key, type(row)) for row in rows)]


def is_public(found: Revision, shown: dict[str, type]) -> bool:
    """Whether the revised figure is one that is shown."""
    kind = shown.get(found.key)
    if kind is None or kind is RatingCell:
        return kind is not None
    return NAMES.get(found.field, found.field) in PUBLIC[kind] or found.field in PUBLIC[kind]


# Emptying


def emptied(value: Any) -> Any:
    """The value without what is not public, all the way down. Raises KeyError for a class that isn't listed."""
    if isinstance(value, tuple):
        return tuple(emptied(each) for each in value)
    if not is_dataclass(value) or isinstance(value, Period):
        return value
    kind: Any = type(value)
    return kind(**{name: emptied(getattr(value, name)) for name in PUBLIC[kind]}, **blanks(kind))


@cache
def blanks(kind: Any) -> dict[str, Any]:
    """What the fields of a class that are not public are emptied to."""
    hints = get_type_hints(kind)
    return {field.name: blank(field, hints[field.name]) for field in fields(kind) if field.name not in PUBLIC[kind]}


def blank(field: Field[Any], hint: Any) -> Any:
    """A field's own default; without one None where the type knows it, else the empty value of the type."""
    if field.default is not MISSING:
        return field.default
    return None if NoneType in get_args(hint) else (get_origin(hint) or hint)()
