"""What a closed report says against what the data say now, in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal
from typing import Any

from priorities.cells import plain
from priorities.periods import Period

from .report import FinanceRow, GoalRow, IndicatorRow, Meaning, PriorityReport, RatingCell, Report, RiskRow

# What can change after a closing without anybody having touched the quarter: names, wordings, set-up.
SET_UP: dict[type, frozenset[str]] = {
    Report: frozenset({"plan"}),
    PriorityReport: frozenset({"title", "slug", "leads", "approved_by"}),
    IndicatorRow: frozenset(
        {"reference", "title", "unit", "decimals", "expected", "suggested", "polarity", "definition", "source"}
    ),
    RiskRow: frozenset({"owner", "closed_reason"}),
    GoalRow: frozenset({"number", "title", "financial_year", "baseline"}),
    Meaning: frozenset({"word", "text", "supplied"}),
}
# What is computed from something that is compared already, or is of the closing itself.
LINKS = frozenset({"replaces", "raised_from", "carried_from"})
# What it said of other quarters, and of its own earlier versions.
ACROSS = frozenset({"compared_with", "changes", "not_compared", "series", "revisions"})
LEFT_OUT = (
    LINKS
    | ACROSS
    | frozenset({"key", "pk", "closing", "was", "fillable", "address_now", "meaning", "status", "period", "kind"})
)
IDENTITY: dict[type, tuple[str, ...]] = {
    PriorityReport: ("pk",),
    Meaning: ("kind", "letter"),
    RatingCell: ("name",),
    FinanceRow: ("period",),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is said differently; `expected` where renaming or changed set-up explains it."""

    path: str
    frozen: str
    live: str
    expected: bool

    def __str__(self) -> str:
        return f"{self.path}: frozen {quoted(self.frozen)}, now {quoted(self.live)}"


def differences(frozen: Report, live: Report) -> list[Difference]:
    """Every difference, in the order of the report. The state and the closing itself are not compared."""
    return list(compare(frozen, live, frozen.label))


def compare(frozen: Any, live: Any, path: str) -> Iterator[Difference]:
    kind = type(frozen)
    for name in (field.name for field in fields(kind) if field.name not in LEFT_OUT):
        then, now = getattr(frozen, name), getattr(live, name)
        if any(map(is_dataclass, rows_of(then) + rows_of(now))):
            yield from compare_rows(then, now, path, name)
        elif then != now:
            words = f"{path}{' ' if kind is not Report and kind is not PriorityReport else ', '}{name}"
            yield Difference(words.replace("_", " "), told(then), told(now), name in SET_UP.get(kind, ()))


def rows_of(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else ()


def compare_rows(then: tuple[Any, ...], now: tuple[Any, ...], path: str, group: str) -> Iterator[Difference]:
    """Rows by what they are, wherever they stand."""
    before, after = ({identity(row): row for row in rows} for rows in (then, now))
    for key, row in before.items():
        place = f"{path}, {name_of(row, group)}"
        if key in after:
            yield from compare(row, after[key], place)
        else:
            yield Difference(place, "there", "", expected=False)
    for key, row in after.items():
        if key not in before:
            yield Difference(f"{path}, {name_of(row, group)}", "", "there", expected=False)
    orders = [[key for key in rows if key in before and key in after] for rows in (before, after)]
    if orders[0] != orders[1]:
        was, is_now = (", ".join(name_of(before[key], group) for key in order) for order in orders)
        yield Difference(f"{path}, order of {group}", was, is_now, expected=True)


def identity(row: Any) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in IDENTITY.get(type(row), ("key",)))


def name_of(row: Any, group: str) -> str:
    """A row as the report calls it."""
    if isinstance(row, PriorityReport):
        return row.title
    if isinstance(row, Meaning):
        return f"meaning of {row.letter} for {row.kind}"
    if isinstance(row, RatingCell):
        return f"Rating of {row.name}"
    if isinstance(row, FinanceRow):
        return f"Finance {row.period}"
    if isinstance(row, IndicatorRow):
        return f"Indicator {row.reference or row.title}"
    return f"{'Closed' if group == 'closed' else group[:-1].capitalize()} {row.number}"


def told(value: Any) -> str:
    """A value in words, "" for none."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{plain(value)}"
    if isinstance(value, dt.datetime):
        return f"{value:%-d %B %Y %H:%M}"
    if isinstance(value, dt.date):
        return f"{value:%-d %B %Y}"
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    return value.label if isinstance(value, Period) else str(value)


def quoted(text: str) -> str:
    return f"“{text}”" if text else "nothing"
