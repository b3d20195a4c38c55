"""What the PDF says, in the order in which it says it: texts and drawings for report.typ, which only sets them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from django.utils import timezone
from django.utils.safestring import SafeString

from priorities.cells import Polarity, shorten
from priorities.models import Section
from priorities.prose import Span, parse

from ..charts import BAR_WIDTH, counts_bar, finance_chart, sparkline
from ..pack import Approvals, moment
from ..report import (
    Absence,
    Change,
    Counts,
    FinanceRow,
    GoalRow,
    IndicatorRow,
    PriorityReport,
    RatingCell,
    Report,
    Revision,
    RiskRow,
)
from .letters import Letters

Data = dict[str, Any]
NARROW_BAR = 140  # pixels: two bars and five ratings fit beside one another on A4
LONG = 900  # characters: a row with a longer text may run over to the next page
OTHER_MARKS = [
    ("H, M, L", "a risk or an issue is high, medium or low"),
    ("↑ → ↓", "it is going up, level or down"),
    ("–", "not judged, or not answered yet"),
    ("[x]", "not available"),
    ("[z]", "not applicable"),
    ("[c]", "confidential"),
    ("[u]", "too unreliable to give"),
    ("[w]", "none recorded"),
    ("YTD, Qtr", "year to date; the single quarter"),
    ("R12, PIT", "rolling 12 months; at a point in time"),
]
REVISED = ("[r]", "revised since the version before, which said what stands below it")


@dataclass(frozen=True, slots=True)
class Draft:
    """What every page of an open quarter's pack says: when it was made and how far the approval is."""

    made: dt.datetime
    approvals: Approvals | None

    @property
    def mark(self) -> str:
        found = ["DRAFT", f"made {moment(self.made)}"]
        return " · ".join(found + ([self.approvals.summary] if self.approvals else []))


def content_of(report: Report, draft: Draft | None) -> Data:
    """Everything that is printed, with letters that the font has, and a note of those that it lacks."""
    letters = Letters()
    found: Data = letters.printable(whole(report, draft))
    return found | {"lacking": letters.told()}


def whole(report: Report, draft: Draft | None) -> Data:
    made = draft.made if draft else report.closing.at if report.closing else None
    return {
        "title": f"{report.plan}, {report.label}{' (draft)' if report.is_draft else ''}",
        "plan": report.plan,
        "label": report.label,
        "running": f"{shorten(report.plan, 60)} · {report.label}",
        "months": f"{report.quarter.starts_on:%B} to {report.quarter.ends_on:%B %Y}",
        "date": day_of(timezone.localtime(made).date() if made else report.quarter.ends_on),
        "mark": draft.mark if draft else "DRAFT" if report.is_draft else "",
        "public": report.is_public,
        "state": state(report),
        "approvals": [] if report.is_public else approvals(draft),
        "overview": overview(report),
        "compared": report.compared_with.label if report.compared_with else "",
        "changes": [change(each) for each in report.changes],
        "not_compared": report.not_compared,
        "about_revisions": report.about_revisions,
        "revisions": [revision(each) for each in report.revisions],
        "priorities": [priority(report, part) for part in report.priorities],
        "missing": [missing(part) for part in report.readable if part.absences],
        "readable": len(report.readable),
        "all_readable": len(report.readable) == len(report.priorities),
        "sources": sources(report),
        "glossary": glossary(report),
        "marks": [*OTHER_MARKS, *([REVISED] if report.revisions else [])],
        "defaults": report.has_defaults,
        "indicators_defined": [each for part in report.readable for each in defined(part)],
        "closing": closing(report),
    }


# Texts


def day_of(day: dt.date) -> list[int]:
    return [day.year, day.month, day.day]


def written(text: str) -> list[Data]:
    """The paragraphs and lists of a narrative or a note; a single new line inside a paragraph stays a new line."""
    return [{"list": each.is_list, "points": [list(map(span, item)) for item in each.items]} for each in parse(text)]


def span(found: Span) -> Data:
    return {"text": found.text, "stressed": found.stressed, "to": found.uri, "is_address": found.text == found.href}


def drawing(svg: SafeString | str) -> Data | None:
    """A chart of the pages, with its own words as the alternative text; None where there is nothing to draw.

    Raises ValueError for a chart without words.
    """
    if not svg.startswith("<svg"):
        return None
    plain = "".join(letter for letter in svg if letter.isprintable() or letter == "\n")
    found = ElementTree.fromstring(plain)  # noqa: S314 - our own
    told = [found.get("aria-label"), found.findtext("title"), found.findtext("desc")]
    words = ". ".join(each.rstrip(".") for each in told if each)
    if not words:
        raise ValueError("A chart says nothing: give it a title and a description.")
    named = plain.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" font-family="Source Sans 3" ', 1)
    return {"svg": named, "alt": f"{words}.", "width": float(found.get("width", 0)) * 0.75}


def bar(counts: Counts, what: str, length: int = BAR_WIDTH) -> Data:
    return {"drawn": drawing(counts_bar(counts, what, length)), "none": f"No {what}"}


def glance(indicators: Counts, goals: Counts) -> list[Data]:
    return [bar(indicators, "indicators", NARROW_BAR), bar(goals, "goals", NARROW_BAR)]


class Figures:
    """The figures of a row: each with what was published before, where that was another."""

    def __init__(self, report: Report, key: str) -> None:
        self.report, self.key = report, key

    def __call__(self, field: str, text: str, **more: Any) -> Data:
        found = self.report.revision_of(self.key, field)
        revised = {"was": found.was} if found else {}
        return {"text": text or "–", **revised, **more}


def is_long(*texts: str) -> bool:
    return sum(map(len, texts)) > LONG


# The front


def state(report: Report) -> Data:
    """How far the report is, in the words of its cover."""
    found: list[str] = []
    closing = report.closing
    if closing is not None:
        by = f" by {closing.by}" if closing.by and not report.is_public else ""
        found.append(f"Version {closing.version}, closed on {moment(closing.at)}{by}.")
        if closing.corrects:
            found.append(f"It corrects version {closing.version - 1}: {closing.corrects}")
    elif report.is_draft:
        due = f"; updates are due on {report.due_on:%-d %B %Y}" if report.due_on else ""
        found.append(f"The quarter is open: figures may still change{due}.")
    notice = f"Closed without the approval of {report.unapproved_text}." if told_inside(report) else ""
    return {"told": found, "notice": notice}


def told_inside(report: Report) -> bool:
    """Whether something in it was not approved when it was closed, which the public report does not tell of."""
    return bool(report.unapproved) and not report.is_public


def approvals(draft: Draft | None) -> list[list[str]]:
    states = draft.approvals.states if draft and draft.approvals else ()
    return [[state.title, state.told] for state in states]


def overview(report: Report) -> Data:
    if report.overview_is_open:
        empty = f"No overview has been written for {report.label} yet."
    else:
        empty = "The overview is open to you once the quarter is closed."
    total = glance(report.indicator_counts, report.goal_counts)
    return {"text": written(report.overview), "empty": empty, "total": total}


def change(found: Change) -> Data:
    return {"priority": found.priority, "text": found.text, "long": is_long(found.text)}


def revision(found: Revision) -> Data:
    return {
        "priority": found.priority,
        "of": found.of,
        "what": found.what.capitalize(),
        "was": found.was,
        "now": found.now,
        "long": is_long(found.of),
    }


# A priority


def priority(report: Report, part: PriorityReport) -> Data:
    public, sections = report.is_public, part.sections
    has = {
        "ratings": bool(part.ratings),
        "finance": bool(part.finance or part.finance_note) or Section.FINANCE in sections,
        "indicators": Section.INDICATORS in sections or bool(part.indicators),
        "risks": Section.RISKS in sections or bool(part.risks),
        "issues": Section.RISKS in sections or bool(part.issues),
        "goals": Section.GOALS in sections or bool(part.goals),
    }
    return {
        "title": part.title,
        "small": under_its_name(report, part),
        "notices": notices(report, part),
        "visible": part.visible,
        "has": has,
        "ratings": [rating(report, part, each) for each in part.ratings],
        "ratings_note": written(part.ratings_note),
        "narrative": written(part.narrative),
        "forecast": [part.position.outcome, part.position.outcome_percent] if part.position else [],
        "finance": [finance(report, row) for row in part.finance],
        "finance_chart": drawing(finance_chart(part.finance, part.title)),
        "finance_note": written(part.finance_note),
        "indicators": [indicator(report, row) for row in part.indicators],
        "referenced": part.has_references,
        "agreeing": bool(part.indicators) and not part.differing and not public,
        "indicator_bar": bar(part.indicator_counts, "indicators"),
        "risks": [risk(report, row) for row in part.risks],
        "issues": [risk(report, row) for row in part.issues],
        "closed": [[row.description, "" if public else row.closed_reason] for row in part.closed],
        "goals": [goal(report, row) for row in part.goals],
        "goal_bar": bar(part.goal_counts, "goals"),
        "glance": glance(part.indicator_counts, part.goal_counts),
    }


def under_its_name(report: Report, part: PriorityReport) -> str:
    """Its leads and how far it is, for those inside."""
    leads = part.leads if not report.is_public else ""
    return " · ".join(filter(None, [leads, part.status_word if report.is_draft else ""]))


def notices(report: Report, part: PriorityReport) -> list[str]:
    if part.visible == "none":
        return [f"This update is {part.status_word.lower()}; it is shown once it is approved."]
    if part.visible == "part":
        return ["You see what is yours to fill in. The rest is open to you once it is approved."]
    if part.is_unapproved and not report.is_public:
        return [f"This update was not approved when the quarter was closed: it was {part.was_word.lower()}."]
    return []


def rating(report: Report, part: PriorityReport, cell: RatingCell) -> Data:
    figure = Figures(report, part.key)(cell.name, cell.letter, word=cell.word)
    return figure | {"label": cell.label, "meaning": cell.meaning}


def finance(report: Report, row: FinanceRow) -> list[Data]:
    figure, texts = Figures(report, row.key), row.texts
    fields = ["budget", "forecast", "forecast_variance", "ytd_profile", "ytd_actual", "ytd_variance"]
    told = [figure(field, text) | {"text": text} for field, text in zip(fields, texts, strict=True)]
    return [{"text": row.period}, *told]


def indicator(report: Report, row: IndicatorRow) -> Data:
    figure, small = Figures(report, row.key), notes(row)
    if row.differs and not report.is_public:
        reason = f" {row.reason}" if row.reason else ""
        small.append(f"The figures suggest {row.suggested}, {row.suggested_word.lower()}.{reason}")
    expected = f"{row.expected_text} by {report.quarter.short}" if row.expected_text else ""
    return {
        "reference": row.reference,
        "title": row.title,
        "small": small,
        "target": figure("target", row.target_text, below=expected if row.target is not None else ""),
        "value": figure("value", row.value_text),
        "basis": row.basis_short if row.value is not None else "",
        "series": drawing(sparkline(row)),
        "confidence": figure("confidence", row.confidence, word=row.confidence_word),
        "long": is_long(row.title, *small),
    }


def notes(row: IndicatorRow) -> list[str]:
    if row.target_note and row.target_note == row.note:
        return [f"Target and value: {row.note}"]
    told = [("Target", row.target_note), ("Value", row.note)]
    return [f"{what}: {note}" for what, note in told if note]


def risk(report: Report, row: RiskRow) -> Data:
    figure = Figures(report, row.key)
    return {
        "number": row.number,
        "text": row.description,
        "owner": f"Owner: {row.owner}" if row.owner and not report.is_public else "",
        "level": figure("level", row.level, word=row.level_word),
        "trend": figure("trend", f"{row.arrow} {row.trend_word}" if row.trend else ""),
        "explanation": row.explanation,
        "long": is_long(row.description, row.explanation),
    }


def goal(report: Report, row: GoalRow) -> Data:
    figure = Figures(report, row.key)
    return {
        "number": row.number,
        "title": row.title,
        "comment": "" if report.is_public else row.comment,
        "baseline": figure("baseline", row.baseline_text),
        "forecast": figure("forecast", row.forecast_text),
        "slip": row.slip_text or "–",
        "confidence": figure("confidence", row.confidence, word=row.confidence_word),
        "long": is_long(row.title, row.comment),
    }


# The back


def missing(part: PriorityReport) -> Data:
    return {"title": part.title, "rows": [absence(each) for each in part.absences]}


def absence(found: Absence) -> Data:
    return {
        "cells": [found.of, found.what.capitalize(), found.why, found.note],
        "long": is_long(found.of, found.note),
    }


def sources(report: Report) -> list[list[str]]:
    """Whose figures from before the plan are drawn beside an indicator."""
    rows = [row for part in report.readable for row in part.indicators]
    named = [(f"{row.reference} {row.title}".strip(), point.source) for row in rows for point in row.series]
    return [list(each) for each in dict.fromkeys(named) if each[1]]


def glossary(report: Report) -> list[Data]:
    return [
        {"label": label, "meanings": [[m.letter, m.word, m.text, "default" if m.supplied else ""] for m in meanings]}
        for _, label, meanings in report.glossary
        if meanings
    ]


def defined(part: PriorityReport) -> Iterable[Data]:
    """What an indicator counts, where it comes from and which way is better, as far as it is said."""
    for row in part.indicators:
        if row.definition or row.source:
            name = f"{row.reference} {row.title}".strip()
            better = Polarity(row.polarity).label if row.polarity else ""
            yield {
                "cells": [name, row.definition, row.source, better],
                "long": is_long(name, row.definition, row.source),
            }


def closing(report: Report) -> Data:
    """How it was closed, part by part, and what was not approved; the public report tells which version it is."""
    found = report.closing
    if found is None:
        told = "" if report.is_draft else "It was closed before reports were frozen: it shows what the data say now."
        return {"told": [told] if told else [], "parts": []}
    told = state(report)["told"]
    if report.is_public:
        return {"told": told, "parts": []}
    approved = state(report)["notice"] or "Everything in it was approved."
    return {
        "told": [*told, *filter(None, [approved, found.reason])],
        "parts": [closed(part) for part in report.priorities],
    }


def closed(part: PriorityReport) -> list[str]:
    on = f"{timezone.localtime(part.approved_at):%-d %B %Y}" if part.approved_at else ""
    return [part.title, part.was_word or "Closed", ", ".join(filter(None, [part.approved_by, on])) or "–"]
