"""The tables of the pages as rows of text and figures: what each shows, with its headings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from finance.models import Variance
from priorities.cells import Unit, rounded
from priorities.models import RATINGS

from .report import Counts, FinanceRow, GoalRow, IndicatorRow, PriorityReport, Report, RiskRow

Table = tuple[list[str], list[list[Any]]]
INTERNAL = {"Leads", "State", "Figures suggest", "Reason", "Owner", "Comment"}  # columns that are not for the public
COLOURS = {"G": "green", "A": "amber", "R": "red", "none": "not judged"}


def counts(found: Counts) -> list[int]:
    return [found[letter] for letter in COLOURS]


def figure(value: Decimal | None) -> Decimal | str:
    return "" if value is None else value


def table(report: Report, headings: list[str], rows: list[tuple[str, list[Any]]]) -> Table:
    """Rows by their key: revised ones say so in a column behind, and the public form has no internal columns."""
    cells = [row for _, row in rows]
    if any(revised := [report.revised(key) for key, _ in rows]):
        headings, cells = [*headings, "Revised"], [[*row, text] for row, text in zip(cells, revised, strict=True)]
    if not report.is_public:
        return headings, cells
    kept = [n for n, heading in enumerate(headings) if heading not in INTERNAL]
    return [headings[n] for n in kept], [[row[n] for n in kept] for row in cells]


def ratings(report: Report, parts: Iterable[PriorityReport]) -> Table:
    """The grid of priorities; one that is not open to its reader yet has its name and state only."""
    headings = ["Priority", "Leads", "State", *(name.capitalize() for name in RATINGS)]
    headings += ["Forecast against budget, pounds", "Forecast against budget, per cent"]
    headings += [f"{what} {colour}" for what in ("Indicators", "Goals") for colour in COLOURS.values()]
    return table(report, headings, [(part.key, rated(part)) for part in parts])


def rated(part: PriorityReport) -> list[Any]:
    row = [part.title, part.leads, part.status_word]
    if part.visible != "all":
        return row + [""] * (len(RATINGS) + 2 + 2 * len(COLOURS))
    variance = variances(part.position.forecast_variance if part.position else None)
    letters = [rating.letter for rating in part.ratings]
    return row + letters + variance + counts(part.indicator_counts) + counts(part.goal_counts)


def variances(found: Variance | None) -> list[Decimal | str]:
    return ["", ""] if found is None else [rounded(found.amount, 2), figure(found.percent)]


def missing(report: Report, parts: Iterable[PriorityReport]) -> Table:
    rows = [[part.title, a.of, a.what, a.why, a.note] for part in parts if part.visible == "all" for a in part.absences]
    return ["Priority", "Figure", "Missing", "Why", "Note"], rows


def finance(report: Report, parts: Iterable[PriorityReport]) -> Table:
    headings = ["Priority", "Period", "Year budget", "Forecast", "Forecast variance", "Forecast variance, per cent"]
    headings += ["Profile to date", "Actual to date", "Variance to date", "Variance to date, per cent"]
    money = headings[:2] + [h if "per cent" in h else f"{h}, pounds" for h in headings[2:]]
    return table(report, money, [(row.key, [part.title, *financed(row)]) for part in parts for row in part.finance])


def financed(row: FinanceRow) -> list[Any]:
    to_date = variances(row.ytd_variance)
    return [
        row.period,
        figure(row.budget),
        figure(row.forecast),
        *variances(row.forecast_variance),
        figure(row.ytd_profile),
        figure(row.ytd_actual),
        *to_date,
    ]


def indicators(report: Report, parts: Iterable[PriorityReport]) -> Table:
    headings = ["Priority", "Ref", "Indicator", "Unit", "Target", f"Target by {report.quarter.short}", "Target note"]
    headings += ["Value", "Basis", "Note", "Confidence", "Figures suggest", "Reason"]
    return table(
        report, headings, [(row.key, [part.title, *measured(row)]) for part in parts for row in part.indicators]
    )


def measured(row: IndicatorRow) -> list[Any]:
    return [
        row.reference,
        row.title,
        Unit(row.unit).label,
        row.target_text if row.target is None else row.target,
        figure(row.expected) if row.expected_text else "",
        row.target_note,
        row.value_text if row.value is None else row.value,
        row.basis_label if row.value is not None else "",
        row.note,
        row.confidence,
        (row.suggested or "") if row.differs else "",
        row.reason,
    ]


def risks(report: Report, parts: Iterable[PriorityReport]) -> Table:
    headings = ["Priority", "No.", "Risk", "Owner", "Score", "Trend", "Explanation for trend"]
    return table(report, headings, [(row.key, [part.title, *assessed(row)]) for part in parts for row in part.risks])


def issues(report: Report, parts: Iterable[PriorityReport]) -> Table:
    headings = ["Priority", "No.", "Issue", "Owner", "Rating", "Trend", "Explanation for trend"]
    return table(report, headings, [(row.key, [part.title, *assessed(row)]) for part in parts for row in part.issues])


def assessed(row: RiskRow) -> list[Any]:
    trend = row.trend_word if row.trend else ""
    return [row.number, row.description, row.owner, row.level, trend, row.explanation]


def goals(report: Report, parts: Iterable[PriorityReport]) -> Table:
    headings = ["Priority", "No.", "Goal", "Baseline", "Forecast", "Slip", "Confidence", "Comment"]
    return table(report, headings, [(row.key, [part.title, *planned(row)]) for part in parts for row in part.goals])


def planned(row: GoalRow) -> list[Any]:
    when = [row.baseline_text, row.forecast_text, row.slip_text]
    return [row.number, row.title, *when, row.confidence, row.comment]


OF_A_PRIORITY: dict[str, Callable[[Report, Iterable[PriorityReport]], Table]] = {
    "finance": finance,
    "indicators": indicators,
    "risks": risks,
    "issues": issues,
    "goals": goals,
    "missing": missing,
}
OF_THE_QUARTER = {"ratings": ratings, **OF_A_PRIORITY}
