"""The quarters of a financial year beside one another, each as it was closed or as it stands."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from priorities.models import Quarter
from priorities.periods import Period

from .across import courses, parts_of
from .report import FinanceRow, GoalRow, IndicatorRow, PriorityReport, RatingCell, Report


@dataclass(frozen=True, slots=True)
class Column:
    """One quarter: its report, or None with the `state` that says why there is none."""

    period: Period
    report: Report | None
    state: str

    @property
    def state_within(self) -> str:
        """As a sentence goes on with it."""
        return self.state[0].lower() + self.state[1:]

    def part(self, of: PriorityReport) -> PriorityReport | None:
        parts = self.report.priorities if self.report else ()
        return next((part for part in parts if (part.pk or part.key) == (of.pk or of.key)), None)


@dataclass(frozen=True, slots=True)
class YearCell:
    """What one quarter said: a letter with its word, a figure, and in small what belongs to it."""

    quarter: Period
    letter: str = ""
    word: str = ""
    text: str = ""
    small: str = ""
    has_letter: bool = False


@dataclass(frozen=True, slots=True)
class YearRow:
    name: str
    cells: list[YearCell]
    indicator: str = ""  # its key, where the row is one: it has a page of its own


@dataclass(frozen=True, slots=True)
class YearPart:
    """One priority over the year, its rows in groups, and the quarters whose part of it is not open."""

    part: PriorityReport
    groups: list[tuple[str, list[YearRow]]]
    names: str


def columns_of(year: int, reports: Mapping[Quarter, Report], begun: Container[Period]) -> list[Column]:
    """A column for each quarter; `begun` are those that were opened, whether or not their reports are given."""
    by_period = {report.quarter: report for report in reports.values()}

    def state(period: Period) -> str:
        if period in by_period:
            return state_of(by_period[period])
        return "Not open to you yet" if period in begun else "Not opened yet"

    periods = [Period(year, number) for number in range(1, 5)]
    return [Column(period, by_period.get(period), state(period)) for period in periods]


def state_of(report: Report) -> str:
    if report.closing is not None:
        return f"Closed on {timezone.localtime(report.closing.at):%-d %B %Y}, version {report.closing.version}"
    return "Draft" if report.is_draft else "Closed"


def parts_of_year(columns: list[Column]) -> list[YearPart]:
    reports = [column.report for column in columns if column.report is not None]
    return [YearPart(part, groups_of(part, columns, reports), names_of(part, columns)) for part in parts_of(reports)]


def names_of(part: PriorityReport, columns: list[Column]) -> str:
    """What it was called in other quarters, where that is another name."""
    then = ((column.period, column.part(part)) for column in columns)
    named = [f"“{old.title}” in {period.short}" for period, old in then if old and old.title != part.title]
    return f"It was called {' and '.join(named)}." if named else ""


def groups_of(part: PriorityReport, columns: list[Column], reports: list[Report]) -> list[tuple[str, list[YearRow]]]:
    groups = [
        ("Ratings", ratings(part, columns)),
        ("Finance, £m", money(part, columns)),
        (
            "Indicators: value against target, confidence",
            rows(part, columns, reports, lambda p: p.indicators, measured),
        ),
        ("Goals: forecast, confidence", rows(part, columns, reports, lambda p: p.goals, planned)),
        ("Risks and issues", risks(part, columns)),
    ]
    return [(name, found) for name, found in groups if found]


def across(columns: list[Column], part: PriorityReport, cell: Callable[[Period, PriorityReport], YearCell]) -> Any:
    """A cell for each quarter; empty where the priority is not in it, or not open."""
    found = ((column.period, column.part(part)) for column in columns)
    return [cell(period, then) if then else YearCell(period) for period, then in found]


def ratings(part: PriorityReport, columns: list[Column]) -> list[YearRow]:
    names: dict[str, RatingCell] = {}
    for column in columns:
        if then := column.part(part):
            names |= {rating.name: rating for rating in then.ratings}

    def cell(name: str) -> Callable[[Period, PriorityReport], YearCell]:
        def of(period: Period, then: PriorityReport) -> YearCell:
            rating = next((each for each in then.ratings if each.name == name), None)
            if rating is None:
                return YearCell(period)
            return YearCell(period, rating.letter, rating.word, has_letter=True)

        return of

    return [YearRow(rating.label, across(columns, part, cell(name))) for name, rating in names.items()]


MONEY = {"Forecast for the year": 1, "Forecast variance": 2, "Profile to date": 3, "Actual to date": 4}


def money(part: PriorityReport, columns: list[Column]) -> list[YearRow]:
    """The position of each quarter itself."""

    def cell(place: int) -> Callable[[Period, PriorityReport], YearCell]:
        def of(period: Period, then: PriorityReport) -> YearCell:
            row: FinanceRow | None = then.position
            return YearCell(period, text=row.texts[place] if row else "")

        return of

    found = [YearRow(name, across(columns, part, cell(place))) for name, place in MONEY.items()]
    return found if any(each.text for row in found for each in row.cells) else []


def rows(
    part: PriorityReport,
    columns: list[Column],
    reports: list[Report],
    pick: Callable[[PriorityReport], Iterable[Any]],
    cell: Callable[[Period, Any], YearCell],
) -> list[YearRow]:
    """Rows by their key, named as the newest quarter that has them names them."""
    own = [c for c in courses(reports, pick) if (c.part.pk or c.part.key) == (part.pk or part.key)]
    own.sort(key=lambda c: c.row.number if isinstance(c.row, GoalRow) else 0)
    return [
        YearRow(
            name_of(course.row),
            [cell(c.period, course.said[c.period]) if c.period in course.said else YearCell(c.period) for c in columns],
            course.row.key if isinstance(course.row, IndicatorRow) else "",
        )
        for course in own
    ]


def name_of(row: Any) -> str:
    return f"{row.reference if isinstance(row, IndicatorRow) else row.number} {row.title}".strip()


def measured(period: Period, row: IndicatorRow) -> YearCell:
    value, target = row.value_text or "–", row.target_text or "no target"
    small = f"against {target}"
    if row.value is not None and row.basis:
        value = f"{value} {row.basis_short}"
    return YearCell(period, row.confidence, row.confidence_word, value, small, has_letter=True)


def planned(period: Period, row: GoalRow) -> YearCell:
    late = row.slip_text if row.slip else ""
    return YearCell(period, row.confidence, row.confidence_word, row.forecast_text or "–", late, has_letter=True)


def risks(part: PriorityReport, columns: list[Column]) -> list[YearRow]:
    """How many there are, and how many of them are high."""

    def cell(period: Period, then: PriorityReport) -> YearCell:
        found = (*then.risks, *then.issues)
        high = sum(row.level == "H" for row in found)
        return YearCell(period, text=f"{len(found)}", small=f"{high} high") if found else YearCell(period)

    line = YearRow("Number, and how many are high", across(columns, part, cell))
    return [line] if any(each.text for each in line.cells) else []
