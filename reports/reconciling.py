"""What is looked at before a quarter is published: whether all that is released agrees, and what is left open."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from finance.models import FinancialPosition
from goals.models import GoalForecast
from indicators.models import Reading
from priorities.cells import Unit, show_measure
from priorities.models import Quarter, listed
from risks.models import Assessment

from .reading_back import COMPUTED, PRINTED, READERS, TOTAL, Figure, Found, figures, number, says
from .report import Counts, IndicatorRow, PriorityReport, Report, added, tally

SMALL = range(1, 5)  # counts from which somebody might be recognised
MOST_TOLD = 3  # differences of one kind and format that are told one by one


class File(Protocol):
    """A made format, as far as it is read here."""

    @property
    def audience(self) -> str: ...
    @property
    def format(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def data(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not agree, or is left open: to be mended, or explained before it is published."""

    kind: str
    told: str

    @property
    def mark(self) -> str:
        return short_mark(self.told)


@dataclass(frozen=True, slots=True)
class SmallCount:
    """A count that the public would read, small enough for somebody to be recognised by it."""

    told: str

    @property
    def mark(self) -> str:
        return short_mark(self.told)


def short_mark(told: str) -> str:
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def reconcile(report: Report, for_the_public: Report, files: Iterable[File]) -> list[Finding]:
    """Everything in the report and its formats that does not agree, or lacks a reason. No query."""
    found = [Finding("Not approved", told) for told in unapproved(report)]
    found += [Finding("Counts and totals", told) for told in miscounted(report)]
    found += [Finding("Missing without a reason", told) for told in unexplained(report)]
    for file in files:
        of = for_the_public if file.audience == "public" else report
        found += [Finding("Formats that differ", told) for told in differing(of, file)]
    return found


def unapproved(report: Report) -> Iterator[str]:
    if report.unapproved:
        yield f"Closed without the approval of {report.unapproved_text}."


# Counts and totals


def miscounted(report: Report) -> Iterator[str]:
    """Counts against the rows they count, totals against their parts, variances against their figures."""
    for part in report.priorities:
        for name, counts, rows in (
            ("indicators", part.indicator_counts, len(part.indicators)),
            ("goals", part.goal_counts, len(part.goals)),
        ):
            if sum(counts.values()) != rows:
                yield f"{part.title}: the count of {name} says {sum(counts.values())}, and {rows} are listed."
        yield from miscounted_money(part)
    for name, total, parts in totals(report):
        if total != parts:
            yield f"The total of {name} says {told_counts(total)}; its priorities come to {told_counts(parts)}."


def totals(report: Report) -> list[tuple[str, Counts, Counts]]:
    letters = [row.confidence for part in report.priorities for row in part.indicators]
    goals = ["G" if row.confidence == "CG" else row.confidence for part in report.priorities for row in part.goals]
    return [
        ("indicators", report.indicator_counts, tally(letters)),
        ("goals", report.goal_counts, tally(goals)),
        ("indicators by priority", report.indicator_counts, added(p.indicator_counts for p in report.priorities)),
    ]


def told_counts(counts: Counts) -> str:
    return ", ".join(f"{number} {letter}" for letter, number in counts.items())


def miscounted_money(part: PriorityReport) -> Iterator[str]:
    """Budgets that differ between the periods of one year: every period repeats the year's."""
    known = {row.budget for row in part.finance if row.budget is not None}
    if len(known) > 1:
        told = listed([f"{row.period} {row.texts[0]}" for row in part.finance if row.budget is not None])
        yield f"{part.title}: the year’s budget is not the same in every period ({told})."


# What is missing


def unexplained(report: Report) -> Iterator[str]:
    """Figures that are not there, and nobody said why."""
    for part in report.priorities:
        for what in missing_of(part):
            yield f"{part.title}: {what}."


def missing_of(part: PriorityReport) -> Iterator[str]:
    yield from (f"{rating.label} has no rating" for rating in part.ratings if not rating.letter)
    if not part.finance and not part.finance_note:
        yield "there are neither figures of finance nor a note that says why"
    for position in part.finance:
        if gaps := position.lacks(part.period):
            yield f"finance {position.period} has no {listed(gaps)}"
    for row in part.indicators:
        if gaps := indicator_missing(row):
            yield f"{row.reference} {row.title} has no {listed(gaps)}, and no reason for it".strip()
    for risk in (*part.risks, *part.issues):
        if not risk.level:
            yield f"“{risk.description}” has no level"
    for goal in part.goals:
        lacks = {"baseline": goal.baseline, "confidence": goal.confidence}
        if gaps := [name for name, value in lacks.items() if not value]:
            yield f"goal {goal.number} has no {listed(gaps)}"


def indicator_missing(row: IndicatorRow) -> list[str]:
    gaps = []
    if row.target is None and not row.target_missing:
        gaps.append("target")
    if row.value is None and not row.missing:
        gaps.append("value")
    if row.target is not None and row.value is not None and not row.confidence:
        gaps.append("confidence")
    return gaps


UNCONFIRMED: tuple[tuple[Any, str, str], ...] = (
    (Reading, "indicator", "indicators"),
    (Assessment, "risk or issue", "risks and issues"),
    (GoalForecast, "goal", "goals"),
    (FinancialPosition, "period of finance", "periods of finance"),
)


def unconfirmed(quarter: Quarter) -> list[Finding]:
    """Rows that were carried forward, and nobody said that they hold for this quarter. Four queries."""
    found = []
    for model, one, many in UNCONFIRMED:
        titles = model.objects.filter(update__quarter=quarter, confirmed=False).order_by("update__priority__position")
        count: dict[str, int] = {}
        for title in titles.values_list("update__priority__title", flat=True):
            count[title] = count.get(title, 0) + 1
        for title, n in count.items():
            told = f"{title}: {n} {one if n == 1 else many} {'is' if n == 1 else 'are'} not confirmed for this quarter."
            found.append(Finding("Not confirmed", told))
    return found


# The formats


LACKS: dict[str, frozenset[str]] = {  # what a format has no place for: workbooks hold what is entered
    **dict.fromkeys(("xlsx", "ods"), frozenset(COMPUTED)),
    "pdf": frozenset({"slip"}),
}


def differing(report: Report, file: File) -> list[str]:
    """What a format says otherwise than the report, after reading it back."""
    name = f"{file.label}, {'public' if file.audience == 'public' else 'internal'}"
    try:
        found = READERS[file.format](file.data, report)
    except Exception as error:  # whatever is wrong with it, it is told and not published unseen
        return [f"{name}: it can’t be read back ({type(error).__name__}: {error})."]
    return told_briefly(name, compare(report, file.format, found))


def compare(report: Report, kind: str, found: Found) -> list[str]:
    wanted = {figure.id: figure for figure in figures(report) if figure.name not in LACKS.get(kind, ())}
    told = [sentence for figure in wanted.values() if (sentence := difference(figure, found, kind))]
    known = {row.key for part in report.priorities for row in part.closed} | {TOTAL}
    keys = {key for key, _ in wanted}
    strange = {key for key, _ in found if key not in keys and key not in known}
    return told + [f"it has a row that the report hasn’t ({key})" for key in sorted(strange)]


def difference(figure: Figure, found: Found, kind: str) -> str:
    place = f"{figure.where}, {figure.name.replace('_', ' ')}"
    if figure.id not in found:
        return f"{place}: it isn’t there; the report says {figure.printed or 'nothing'}"
    if says(figure, found[figure.id], printed=kind in PRINTED):
        return ""
    return f"{place}: it says {found[figure.id] or 'nothing'}, the report {figure.printed or 'nothing'}"


def told_briefly(name: str, differences: list[str]) -> list[str]:
    """One by one, while they are few; many have one cause, and one answer."""
    if len(differences) <= MOST_TOLD:
        return [f"{name}: {each}." for each in differences]
    return [f"{name}: {len(differences)} figures differ: {'; '.join(differences[:MOST_TOLD])}; and more."]


# Small counts


def small_counts(for_the_public: Report) -> Iterator[SmallCount]:
    """Counts from 1 to 4 among what is public: in the quarter, in the series beside it, and in what was revised."""
    for part in for_the_public.priorities:
        for row in part.indicators:
            if row.unit == Unit.NUMBER:
                for when, value in small_values(for_the_public, row):
                    shown = show_measure(value, row.unit, row.decimals)
                    yield SmallCount(f"{shown} in {when} for {row.reference} {row.title}".replace("  ", " "))


def small_values(report: Report, row: IndicatorRow) -> Iterator[tuple[str, Decimal]]:
    if is_small(row.value):
        yield report.label, row.value  # type: ignore[misc]
    for point in row.series:
        if point.quarter != report.quarter and is_small(point.value):
            yield point.quarter.label, point.value  # type: ignore[misc]
    revised = report.revision_of(row.key, "value")
    earlier = number(revised.was) if revised else None
    if is_small(earlier):
        yield f"{report.label}, as it was before,", earlier  # type: ignore[misc]


def is_small(value: Decimal | None) -> bool:
    return value is not None and SMALL[0] <= value <= SMALL[-1]
