"""Which figures of a report say something else than what was published before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from priorities.cells import plain

from .report import NOT_ANSWERED, PriorityReport, Report, Revision, money_text

NOT_GIVEN = NOT_ANSWERED.lower()  # the row is there, the figure is not
NOT_THERE = "not reported"


@dataclass(frozen=True, slots=True)
class Figure:
    """One kind of figure that a row has: what it is compared by, and how it is printed."""

    field: str
    what: str
    value: Callable[[Any], Any]
    text: Callable[[Any], str]


def named(field: str, what: str, text: str) -> Figure:
    """A figure whose printed text says all that it is."""
    return Figure(field, what, lambda row: getattr(row, text), lambda row: getattr(row, text))


def measured(field: str, missing: str, text: str) -> Figure:
    value = lambda row: (getattr(row, field), getattr(row, missing))  # noqa: E731
    return Figure(field, field, value, lambda row: getattr(row, text))


def money(field: str, what: str) -> Figure:
    return Figure(field, what, lambda row: getattr(row, field), lambda row: money_text(getattr(row, field)))


TREND = Figure("trend", "trend", lambda row: row.trend, lambda row: row.trend_word if row.trend else "")
FIGURES: dict[str, tuple[Figure, ...]] = {
    "ratings": (Figure("letter", "rating", lambda row: row.letter, lambda row: row.letter),),
    "finance": (
        money("budget", "budget"),
        money("forecast", "forecast"),
        money("ytd_profile", "profile to date"),
        money("ytd_actual", "actual to date"),
    ),
    "indicators": (
        measured("target", "target_missing", "target_text"),
        measured("value", "missing", "value_text"),
        named("confidence", "confidence", "confidence"),
    ),
    "risks": (named("level", "score", "level"), TREND),
    "issues": (named("level", "rating", "level"), TREND),
    "goals": (
        named("baseline", "baseline", "baseline_text"),
        named("forecast", "forecast", "forecast_text"),
        named("confidence", "confidence", "confidence"),
    ),
}


def with_revisions(report: Report, before: Report) -> Report:
    """The report with every figure that says something else than in the version that was published `before`.

    A risk that the public form has not any more may have been withdrawn: that it was there is told, and no word of it.
    """
    return replace(report, revisions=tuple(revisions(report, before)))


def revisions(report: Report, before: Report) -> Iterator[Revision]:
    """In the order of the report; what is not in it any more follows the rows of its priority."""
    earlier = {part.pk: part for part in before.priorities}
    for part in report.priorities:
        yield from of_priority(part, earlier.pop(part.pk, None), quietly=report.is_public)
    for gone in earlier.values():
        yield from of_priority(None, gone, quietly=report.is_public)


def of_priority(now: PriorityReport | None, then: PriorityReport | None, *, quietly: bool) -> Iterator[Revision]:
    part = now or then
    assert part is not None
    ended = {row.key for row in now.closed} if now else set()
    for group in FIGURES:
        after, earlier = rows_of(now, group), rows_of(then, group)
        for name in {**after, **earlier}:
            if quietly and group in ("risks", "issues") and name not in after and name not in ended:
                yield withdrawn(part, group, earlier[name])
            else:
                yield from of_row(part, group, after.get(name), earlier.get(name))


def withdrawn(part: PriorityReport, group: str, row: Any) -> Revision:
    number = f"{group[:-1].capitalize()} {row.number}"
    return Revision("", "", part.title, number, "entry", "reported", "withdrawn")


def rows_of(part: PriorityReport | None, group: str) -> dict[str, Any]:
    """The rows by what they are, whatever the priority is called."""
    name = {"ratings": "name", "finance": "period"}.get(group, "key")
    return {getattr(row, name): row for row in getattr(part, group, ())}


def of_row(part: PriorityReport, group: str, now: Any, then: Any) -> Iterator[Revision]:
    row = now or then
    for figure in FIGURES[group]:
        values = [figure.value(each) if each else None for each in (then, now)]
        if values[0] == values[1] or not any(map(says_something, values)):
            continue
        was, is_now = texts(figure, then, now)
        yield Revision(
            key=part.key if group == "ratings" else row.key,
            field=row.name if group == "ratings" else figure.field,
            priority=part.title,
            of=name_of(row, group),
            what=figure.what,
            was=was,
            now=is_now,
        )


def says_something(value: Any) -> bool:
    """Whether there is a figure at all; one that is a value or the reason that there is none counts with either."""
    return any(says_something(each) for each in value) if isinstance(value, tuple) else value not in (None, "")


def texts(figure: Figure, then: Any, now: Any) -> tuple[str, str]:
    """Both as printed; amounts that print alike, and differ by less, in whole pounds or with all their digits."""
    printed = [figure.text(row) or NOT_GIVEN if row else NOT_THERE for row in (then, now)]
    if printed[0] == printed[1] and then and now:
        printed = [exact(figure.value(row)) for row in (then, now)]
    return printed[0], printed[1]


def exact(value: Any) -> str:
    if isinstance(value, tuple):
        return exact(next((each for each in value if each not in (None, "")), ""))
    return f"£{plain(value):,}" if isinstance(value, Decimal) else str(value)


def name_of(row: Any, group: str) -> str:
    """A row as the report calls it: "1a Title", "Q1", "Risk 2: …"."""
    if group == "ratings":
        return row.label
    if group == "finance":
        return f"Finance {row.period}"
    if group == "indicators":
        return f"{row.reference} {row.title}".strip()
    if group == "goals":
        return f"Goal {row.number}: {row.title}"
    return f"{group[:-1].capitalize()} {row.number}: {row.description}"
