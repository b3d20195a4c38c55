"""Everything of a report that is red, amber, high or missing, as one list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from priorities.models import Section

from .report import NOT_ANSWERED, GoalRow, IndicatorRow, PriorityReport, Report, RiskRow

# The statuses in the order in which they are read, each with the word for it. "H" is the level of a risk or an issue.
STATUSES = {"R": "Red", "H": "High", "A": "Amber", "missing": "Missing"}
USUAL = ("R", "A", "missing")  # shown where nothing is chosen


@dataclass(frozen=True, slots=True)
class Exceptional:
    """One rating, indicator, risk, issue, goal or figure that somebody has to look at."""

    status: str
    section: str
    part: PriorityReport
    key: str  # its anchor on the page of its priority, and for rows their key
    of: str
    told: str
    note: str = ""

    @property
    def letter(self) -> str:
        return "" if self.status == "missing" else self.status

    @property
    def word(self) -> str:
        return STATUSES[self.status]


def exceptions_of(report: Report) -> list[Exceptional]:
    """As far as this report shows it, the gravest first, and within a status in the order of the report."""
    places = list(STATUSES)
    found = [each for part in report.priorities for each in of_part(part)]
    return sorted(found, key=lambda each: places.index(each.status))


def of_part(part: PriorityReport) -> Iterator[Exceptional]:
    for rating in part.ratings:
        if rating.letter in ("R", "A"):
            told = rating.meaning or rating.word
            yield Exceptional(rating.letter, Section.RATINGS, part, "ratings", f"{rating.label} rating", told)
    for row in part.indicators:
        if row.confidence in ("R", "A"):
            name = f"{row.reference} {row.title}".strip()
            yield Exceptional(row.confidence, Section.INDICATORS, part, row.key, name, measured(row), row.note)
    for kind, risks in (("Risk", part.risks), ("Issue", part.issues)):
        yield from (of_risk(part, kind, row) for row in risks if row.level in ("H", ""))
    yield from (of_goal(part, row) for row in part.goals if row.confidence in ("R", "A", ""))
    yield from missing(part)


def measured(row: IndicatorRow) -> str:
    by = f" ({row.expected_text} by now)" if row.expected_text else ""
    value, target = row.value_text or "no value", row.target_text or "no target"
    return f"{value} {row.basis_short if row.value is not None else ''} against {target}{by}".replace("  ", " ")


def of_risk(part: PriorityReport, kind: str, row: RiskRow) -> Exceptional:
    name = f"{kind} {row.number}: {row.description}"
    if not row.level:
        return Exceptional("missing", Section.RISKS, part, row.key, name, "No level", NOT_ANSWERED)
    trend = f", {row.trend_word.lower()} {row.arrow}" if row.trend else ""
    return Exceptional("H", Section.RISKS, part, row.key, name, f"High{trend}", row.explanation)


def of_goal(part: PriorityReport, row: GoalRow) -> Exceptional:
    name = f"Goal {row.number}: {row.title}"
    if not row.confidence:
        return Exceptional("missing", Section.GOALS, part, row.key, name, "No confidence", row.confidence_word)
    when = f"Forecast {row.forecast_text}" if row.forecast else "No forecast"
    slip = f", {row.slip_text.lower()}" if row.slip is not None else ""
    return Exceptional(row.confidence, Section.GOALS, part, row.key, name, f"{when}{slip}", row.comment)


def missing(part: PriorityReport) -> Iterator[Exceptional]:
    sections = {"ratings": Section.RATINGS, "finance": Section.FINANCE}
    for lack in part.absences:
        note = f"{lack.why}. {lack.note}" if lack.note else lack.why
        section = sections.get(lack.anchor, Section.INDICATORS)
        yield Exceptional(
            "missing", section, part, lack.anchor, lack.of, f"No {lack.what.replace(', ', ' and no ')}", note
        )


def chosen(
    found: Iterable[Exceptional], statuses: Iterable[str], sections: Iterable[str], slugs: Iterable[str]
) -> list[Exceptional]:
    """Those of these statuses, or the usual ones, of these sections and priorities, or of all."""
    wanted, within, of = set(statuses) or set(USUAL), set(sections), set(slugs)
    return [
        each
        for each in found
        if each.status in wanted and (not within or each.section in within) and (not of or each.part.slug in of)
    ]


def counted(found: Iterable[Exceptional]) -> list[tuple[str, str, int]]:
    """Each status with its word and how many there are."""
    counts = Counter(each.status for each in found)
    return [(status, word, counts[status]) for status, word in STATUSES.items()]
