"""The report as JSON, schema 1: keys may be added, not changed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from finance.models import Variance
from priorities.cells import plain, rounded
from priorities.models import RATINGS

from .report import Change, FinanceRow, GoalRow, IndicatorRow, Point, PriorityReport, Report, Revision, RiskRow

SCHEMA = 1
# Keys that the public form doesn't have, wherever they stand.
INTERNAL = frozenset(
    {"suggested", "reason", "owner", "top", "internal", "closed_reason", "comment", "visible"}
    | {"status_at_closing", "approved_by", "approved_at", "closed_by", "not_approved"}
)


def as_json(report: Report) -> dict[str, Any]:
    """Money in whole pounds, percentages as 27 for 27%, absent as None."""
    found = everything(report)
    return without_internal(found) if report.is_public else found


def without_internal(found: Any) -> Any:
    if isinstance(found, dict):
        return {key: without_internal(value) for key, value in found.items() if key not in INTERNAL}
    return [without_internal(each) for each in found] if isinstance(found, list) else found


def everything(report: Report) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "quarter": report.quarter.slug,
        "label": report.label,
        "starts_on": report.quarter.starts_on.isoformat(),
        "ends_on": report.quarter.ends_on.isoformat(),
        "status": report.status,
        "public": report.is_public,
        "plan": report.plan,
        "overview": report.overview,
        "closing": closing(report),
        "revisions": [revision(found) for found in report.revisions],
        "definitions": [{"of": m.kind, "letter": m.letter, "word": m.word, "text": m.text} for m in report.definitions],
        "counts": {"indicators": report.indicator_counts, "goals": report.goal_counts},
        "compared_with": report.compared_with.slug if report.compared_with else None,
        "not_compared": report.not_compared,
        "changes": [change(each) for each in report.changes],
        "priorities": [priority(part) for part in report.priorities],
    }


def closing(report: Report) -> dict[str, Any] | None:
    """None while the quarter is open, and where it was closed before reports were kept."""
    found = report.closing
    if found is None:
        return None
    return {
        "version": found.version,
        "closed_at": found.at.isoformat(),
        "closed_by": found.by or None,
        "reason": found.reason,
        "corrects": found.corrects,
        "not_approved": report.unapproved,
    }


def change(found: Change) -> dict[str, Any]:
    return {
        "weight": found.weight,
        "kind": found.kind,
        "priority": found.priority,
        "slug": found.slug or None,
        "key": found.anchor or None,
        "text": found.text,
    }


def revision(found: Revision) -> dict[str, Any]:
    """`key` and `field` say which figure of which row; `was` and `now` are as printed."""
    told = {name: getattr(found, name) for name in ("key", "field", "priority", "of", "what", "was", "now")}
    return {"mark": "r", **told}


def priority(part: PriorityReport) -> dict[str, Any]:
    return {
        "key": part.key,
        "title": part.title,
        "slug": part.slug,
        "status": part.status,
        "visible": part.visible,
        "status_at_closing": part.was or None,
        "approved_by": part.approved_by or None,
        "approved_at": part.approved_at.isoformat() if part.approved_at else None,
        "ratings": dict.fromkeys(RATINGS) | {rating.name: rating.letter or None for rating in part.ratings},
        "counts": {"indicators": part.indicator_counts, "goals": part.goal_counts},
        "ratings_note": part.ratings_note,
        "narrative": part.narrative,
        "finance": {"note": part.finance_note, "rows": [finance(row) for row in part.finance]},
        "indicators": [indicator(row) for row in part.indicators],
        "risks": [risk(row) for row in part.risks],
        "issues": [risk(row) for row in part.issues],
        "closed": [risk(row) | {"closed_reason": row.closed_reason} for row in part.closed],
        "goals": [goal(row) for row in part.goals],
    }


def finance(row: FinanceRow) -> dict[str, Any]:
    return {
        "key": row.key,
        "period": row.period,
        "budget": pounds(row.budget),
        "forecast": pounds(row.forecast),
        "forecast_variance": amount(row.forecast_variance),
        "forecast_variance_percent": percent(row.forecast_variance),
        "ytd_profile": pounds(row.ytd_profile),
        "ytd_actual": pounds(row.ytd_actual),
        "ytd_variance": amount(row.ytd_variance),
        "ytd_variance_percent": percent(row.ytd_variance),
    }


def indicator(row: IndicatorRow) -> dict[str, Any]:
    return {
        "key": row.key,
        "reference": row.reference,
        "title": row.title,
        "unit": row.unit,
        "polarity": row.polarity or None,
        "definition": row.definition,
        "source": row.source,
        "basis": row.basis or None,
        "target": number(row.target),
        "target_missing": row.target_missing or None,
        "target_note": row.target_note,
        "target_basis": row.target_basis or None,
        "expected": number(row.expected),
        "value": number(row.value),
        "missing": row.missing or None,
        "note": row.note,
        "as_at": row.as_at.isoformat() if row.as_at else None,
        "confidence": row.confidence or None,
        "suggested": row.suggested,
        "reason": row.reason,
        "series": [point(each) for each in row.series],
    }


def point(found: Point) -> dict[str, Any]:
    """A quarter of an indicator's series; `origin` is None for the plan's own figures."""
    return {
        "quarter": found.quarter.slug,
        "value": number(found.value),
        "missing": found.missing or None,
        "target": number(found.target),
        "basis": found.basis or None,
        "origin": found.origin or None,
        "source": found.source,
        "provisional": found.is_provisional,
        "revised": found.is_revised,
    }


def risk(row: RiskRow) -> dict[str, Any]:
    return {
        "key": row.key,
        "number": row.number,
        "description": row.description,
        "level": row.level or None,
        "trend": row.trend or None,
        "explanation": row.explanation,
        "owner": row.owner,
        "top": row.is_top,
        "internal": row.is_internal,
    }


def goal(row: GoalRow) -> dict[str, Any]:
    return {
        "key": row.key,
        "number": row.number,
        "title": row.title,
        "baseline": row.baseline_text or None,
        "forecast": row.forecast_text or None,
        "forecast_stated": row.stated.label_within(row.financial_year) if row.stated else None,
        "slip": row.slip,
        "confidence": row.confidence or None,
        "comment": row.comment,
    }


def number(value: Decimal | None) -> int | float | None:
    if value is None:
        return None
    short = plain(value)
    return int(short) if short == short.to_integral_value() else float(short)


def pounds(value: Decimal | None) -> int | None:
    return None if value is None else int(rounded(value, 0))


def amount(found: Variance | None) -> int | None:
    return pounds(found.amount) if found else None


def percent(found: Variance | None) -> float | None:
    return float(found.percent) if found and found.percent is not None else None
