"""The report of a quarter as one frozen object, from which every page and every format is rendered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from django.db.models import F, FilteredRelation, Q, QuerySet

from finance.models import FinancialPosition, Variance, variance, variance_text
from goals.models import GoalForecast, slip, slip_text
from indicators.confidence import expected_by_now
from indicators.models import Reading, figure_text
from priorities.cells import (
    Basis,
    GoalConfidence,
    Level,
    Missing,
    Rating,
    Trend,
    rounded,
    show_measure,
    show_money,
    show_percent,
)
from priorities.models import (
    RATINGS,
    Assignment,
    AssignmentRole,
    Definition,
    DefinitionKind,
    Person,
    Quarter,
    QuarterlyUpdate,
    QuarterStatus,
    Section,
    UpdateStatus,
    is_open_to,
    listed,
)
from priorities.people import in_force
from priorities.periods import Period
from risks.models import Assessment, RiskKind

Counts = dict[str, int]
NOT_ANSWERED = "Not answered yet"
THE_OVERVIEW = "the overview"
BACKGROUND, ELSEWHERE = "background", "elsewhere"  # origins of points


class Shown:
    """What templates show: they try each name as an item first, which costs an exception where that isn't known."""

    __slots__ = ()

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


@dataclass(frozen=True, slots=True)
class Meaning(Shown):
    """What a letter means; `supplied` are the words that came with the software."""

    kind: str
    letter: str
    word: str
    text: str
    supplied: bool


@dataclass(frozen=True, slots=True)
class RatingCell(Shown):
    name: str
    letter: str
    meaning: str

    @property
    def label(self) -> str:
        return self.name.capitalize()

    @property
    def word(self) -> str:
        return Rating(self.letter).label if self.letter else NOT_ANSWERED


@dataclass(frozen=True, slots=True)
class Point:
    """An indicator in one quarter of its series: what was known of it at the time, or why nothing was.

    `origin` is "" for the plan's own figures, "background" for those from before it, and "elsewhere" for a figure of
    this quarter that the reader of the report may not see.
    """

    quarter: Period
    value: Decimal | None
    missing: str
    target: Decimal | None
    basis: str
    origin: str = ""
    source: str = ""
    is_provisional: bool = False
    is_revised: bool = False


@dataclass(frozen=True, slots=True)
class IndicatorRow(Shown):
    key: str
    reference: str
    title: str
    unit: str
    decimals: int
    basis: str
    target: Decimal | None
    target_missing: str
    target_note: str
    target_basis: str
    expected: Decimal | None
    value: Decimal | None
    missing: str
    note: str
    as_at: dt.date | None
    confidence: str
    suggested: str | None
    reason: str
    polarity: str = ""
    definition: str = ""
    source: str = ""
    series: tuple[Point, ...] = ()  # the quarters up to this one, oldest first, this one last
    replaces: str = ""  # the key of the indicator whose place it took

    @property
    def has_new_basis(self) -> bool:
        """Whether its value can't be compared with the figure before it in the series, being on another basis."""
        figures = [point for point in self.series if point.value is not None]
        return self.value is not None and len(figures) > 1 and figures[-2].basis != self.basis

    @property
    def differs(self) -> bool:
        """Whether the judgement is another than the figures suggest."""
        return bool(self.confidence and self.suggested and self.confidence != self.suggested)

    @property
    def target_text(self) -> str:
        return figure_text(self.target, self.target_missing, self.unit, self.decimals)

    @property
    def value_text(self) -> str:
        return figure_text(self.value, self.missing, self.unit, self.decimals)

    @property
    def expected_text(self) -> str:
        """What the target comes to by the end of the quarter, where that is a part of it."""
        if self.expected is None or self.expected == self.target:
            return ""
        return show_measure(rounded(self.expected, self.decimals), self.unit, self.decimals)

    @property
    def target_why(self) -> str:
        return Missing(self.target_missing).label if self.target_missing else NOT_ANSWERED

    @property
    def value_why(self) -> str:
        return Missing(self.missing).label if self.missing else NOT_ANSWERED

    @property
    def basis_short(self) -> str:
        return Basis(self.basis).short if self.basis else ""

    @property
    def basis_label(self) -> str:
        return Basis(self.basis).label if self.basis else ""

    @property
    def confidence_word(self) -> str:
        return Rating(self.confidence).label if self.confidence else "Not judged"

    @property
    def suggested_word(self) -> str:
        return Rating(self.suggested).label if self.suggested else ""


@dataclass(frozen=True, slots=True)
class RiskRow(Shown):
    key: str
    number: int
    description: str
    level: str
    trend: str
    explanation: str
    owner: str
    closed_reason: str  # why it was closed in this quarter, which tells of it for the last time
    kind: str = ""  # risk or issue; "" in reports that were closed before it was kept
    is_top: bool = False  # chosen for the public report
    is_internal: bool = False  # never in it
    raised_from: str = ""  # the key of the risk that this issue came of

    @property
    def level_word(self) -> str:
        return Level(self.level).label if self.level else NOT_ANSWERED

    @property
    def trend_word(self) -> str:
        return Trend(self.trend).label if self.trend else NOT_ANSWERED

    @property
    def arrow(self) -> str:
        return Trend(self.trend).arrow if self.trend else ""


@dataclass(frozen=True, slots=True)
class GoalRow(Shown):
    key: str
    number: int
    title: str
    financial_year: int
    baseline: Period | None
    stated: Period | None
    confidence: str
    comment: str
    carried_from: str = ""  # the key of the goal of an earlier year that it continues

    @property
    def forecast(self) -> Period | None:
        """When it is expected: as stated, else as baselined."""
        return self.stated or self.baseline

    @property
    def baseline_text(self) -> str:
        return self.baseline.label_within(self.financial_year) if self.baseline else ""

    @property
    def forecast_text(self) -> str:
        return self.forecast.label_within(self.financial_year) if self.forecast else ""

    @property
    def slip(self) -> int | None:
        return slip(self.baseline, self.forecast)

    @property
    def slip_text(self) -> str:
        return slip_text(self.slip)

    @property
    def confidence_word(self) -> str:
        return GoalConfidence(self.confidence).label if self.confidence else "Not judged"


@dataclass(frozen=True, slots=True)
class FinanceRow(Shown):
    key: str
    period: str
    budget: Decimal | None
    forecast: Decimal | None
    ytd_profile: Decimal | None
    ytd_actual: Decimal | None

    @property
    def forecast_variance(self) -> Variance | None:
        return variance(self.budget, self.forecast)

    @property
    def ytd_variance(self) -> Variance | None:
        return variance(self.ytd_profile, self.ytd_actual)

    @property
    def outcome(self) -> str:
        """The forecast against the budget in words: "£0.8m under"."""
        found = self.forecast_variance
        if found is None:
            return ""
        if not rounded(found.amount, 0):
            return "On budget"
        return f"{show_money(abs(found.amount))} {'under' if found.amount < 0 else 'over'}"

    @property
    def outcome_percent(self) -> str:
        found = self.forecast_variance
        return show_percent(found.percent) if found and found.percent is not None else ""

    def lacks(self, period: str) -> list[str]:
        """The figures that are not there; an actual is due up to the report's own quarter, the rest always."""
        due = {"budget": self.budget, "forecast": self.forecast, "profile to date": self.ytd_profile}
        due |= {"actual to date": self.ytd_actual} if self.period <= period else {}
        return [name for name, pounds in due.items() if pounds is None]

    @property
    def texts(self) -> list[str]:
        """The table's cells from left to right: budget, forecast, its variance, profile, actual, its variance."""
        return [
            money_text(self.budget),
            money_text(self.forecast),
            variance_text(self.forecast_variance),
            money_text(self.ytd_profile),
            money_text(self.ytd_actual),
            variance_text(self.ytd_variance),
        ]


@dataclass(frozen=True, slots=True)
class Absence:
    """Something the report lacks, and why; `what` is "target", "value" or both, or what else one row lacks."""

    of: str
    what: str
    anchor: str
    why: str
    note: str


@dataclass(frozen=True, slots=True)
class PriorityReport(Shown):
    key: str
    title: str
    slug: str
    status: str
    fillable: bool  # whether this reader has a part of it to fill in now
    leads: str
    sections: frozenset[str]
    ratings: tuple[RatingCell, ...]
    ratings_note: str
    narrative: str
    finance_note: str
    period: str
    finance: tuple[FinanceRow, ...]
    indicators: tuple[IndicatorRow, ...]
    risks: tuple[RiskRow, ...]
    issues: tuple[RiskRow, ...]
    closed: tuple[RiskRow, ...]
    goals: tuple[GoalRow, ...]
    pk: int = 0  # of the priority: what a closed report and the present know it by, whatever it is called
    was: str = ""  # the state in which its quarter was closed, "" before
    approved_by: str = ""
    approved_at: dt.datetime | None = None
    submitted_by: str = ""
    submitted_at: dt.datetime | None = None
    address_now: str = ""  # its slug of today, where a closed report has another

    @property
    def address(self) -> str:
        """The slug by which the pages of its update are found today."""
        return self.address_now or self.slug

    @property
    def is_unapproved(self) -> bool:
        """Whether its quarter was closed without its approval."""
        return self.was not in ("", *UpdateStatus.released())

    @property
    def was_word(self) -> str:
        return UpdateStatus(self.was).label if self.was else ""

    @property
    def visible(self) -> Literal["all", "part", "none"]:
        """How much of it this reader may see yet."""
        if len(self.sections) == len(Section):
            return "all"
        rows = self.indicators or self.risks or self.issues or self.goals or self.finance
        return "part" if self.sections or rows else "none"

    @property
    def status_word(self) -> str:
        return UpdateStatus(self.status).label

    @property
    def differing(self) -> bool:
        """Whether any judgement is another than its figures suggest."""
        return any(row.differs for row in self.indicators)

    @property
    def position(self) -> FinanceRow | None:
        """The finance row of the quarter itself; later periods repeat its budget and forecast."""
        return next((row for row in self.finance if row.period == self.period), None)

    @property
    def has_series(self) -> bool:
        """Whether any indicator has figures of earlier quarters to be drawn."""
        return any(sum(point.value is not None for point in row.series) > 1 for row in self.indicators)

    @property
    def has_references(self) -> bool:
        return any(row.reference for row in self.indicators)

    @property
    def indicator_counts(self) -> Counts:
        return tally(row.confidence for row in self.indicators)

    @property
    def goal_counts(self) -> Counts:
        """Goals by colour; complete ones are counted as green."""
        return tally(GoalConfidence(row.confidence).counted_as if row.confidence else "" for row in self.goals)

    @property
    def absences(self) -> list[Absence]:
        """Every figure that this part of the report lacks, with the reason given."""
        found = [Absence(r.label, "rating", "ratings", r.word, "") for r in self.ratings if not r.letter]
        if not self.finance and Section.FINANCE in self.sections:
            why = "Told in its note" if self.finance_note else NOT_ANSWERED
            found.append(Absence("Financial review", "table of figures", "finance", why, self.finance_note))
        if self.position and (gaps := self.position.lacks(self.period)):
            why = "Told in its note" if self.finance_note else NOT_ANSWERED
            found.append(Absence(f"Finance, {self.period}", ", ".join(gaps), "finance", why, self.finance_note))
        for row in self.indicators:
            name = f"{row.reference} {row.title}".strip()
            lacks = {
                "target": (row.target_why, row.target_note) if row.target is None else None,
                "value": (row.value_why, row.note) if row.value is None else None,
            }
            if lacks["target"] == lacks["value"] and lacks["value"]:
                lacks = {"target, value": lacks["value"]}
            found += [Absence(name, what, row.key, *why) for what, why in lacks.items() if why]
            if not row.confidence and row.target is not None and row.value is not None:
                found.append(Absence(name, "confidence", row.key, row.confidence_word, ""))
        return found


@dataclass(frozen=True, slots=True)
class Closing:
    """How a quarter was closed: the version that this made of its report, when, by whom, and why."""

    version: int
    at: dt.datetime
    by: str
    reason: str = ""  # why, although something was not approved
    corrects: str = ""  # why the version before was reopened
    overview_was: str = ""  # the state of the overview


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is otherwise than last quarter, in a sentence that is whole by itself.

    `weight` orders them, the heaviest first; `slug` and `anchor` are where it stands on the pages.
    """

    weight: int
    kind: str
    priority: str
    slug: str
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Revision:
    """A figure that says something else than in the version that was published before; both as printed."""

    key: str  # of its row, or of the priority for a rating
    field: str
    priority: str
    of: str
    what: str
    was: str
    now: str

    @property
    def figure(self) -> str:
        """What was revised, where its row is known: "value", "rating of objectives"."""
        return f"{self.what} of {self.of.lower()}" if self.field in RATINGS else self.what

    @property
    def text(self) -> str:
        """The whole of it in a sentence."""
        return f"{self.priority}, {self.of}: {self.what} {self.now} [r], earlier {self.was}."


@dataclass(frozen=True, slots=True)
class Report(Shown):
    quarter: Period
    status: str
    plan: str
    overview: str
    overview_is_open: bool
    due_on: dt.date | None
    priorities: tuple[PriorityReport, ...]
    definitions: tuple[Meaning, ...]
    closing: Closing | None = None
    is_public: bool = False  # whether all that is not for the public was taken out
    compared_with: Period | None = None  # the quarter before, if what changed since is known
    changes: tuple[Change, ...] = ()
    not_compared: str = ""  # what was not compared with the quarter before, and why
    revisions: tuple[Revision, ...] = ()

    def revision_of(self, key: str, field: str) -> Revision | None:
        return next((r for r in self.revisions if (r.key, r.field) == (key, field)), None)

    def revised(self, key: str) -> str:
        """What of a row was revised, in a cell beside it: "value [r], earlier 26%"; "" for nothing."""
        found = (r for r in self.revisions if r.key == key)
        return "; ".join(f"{r.figure} [r], earlier {r.was}" for r in found)

    @property
    def about_revisions(self) -> str:
        """What stands in front of their list, in every format."""
        return (
            "The version before gave another figure for each of these. Where it is still in the report, it is marked "
            "[r]. Counts and totals follow from these figures and are not marked themselves."
        )

    @property
    def label(self) -> str:
        return self.quarter.label

    @property
    def is_compared(self) -> bool:
        """Whether somebody looked what changed; reports that were closed before it was kept don't know."""
        return self.compared_with is not None or bool(self.not_compared)

    @property
    def is_draft(self) -> bool:
        return self.status != QuarterStatus.CLOSED

    @property
    def is_fillable(self) -> bool:
        """Whether this reader has a part of it to fill in now."""
        return any(part.fillable for part in self.priorities)

    @property
    def unapproved(self) -> list[str]:
        """What the quarter was closed without the approval of."""
        if self.closing is None:
            return []
        overview = [THE_OVERVIEW] if self.closing.overview_was not in ("", *UpdateStatus.released()) else []
        return [part.title for part in self.priorities if part.is_unapproved] + overview

    @property
    def unapproved_text(self) -> str:
        return listed_parts(self.unapproved)

    @property
    def earlier_versions(self) -> range:
        return range(1, self.closing.version if self.closing else 1)

    @property
    def readable(self) -> list[PriorityReport]:
        return [p for p in self.priorities if p.visible == "all"]

    @property
    def indicator_counts(self) -> Counts:
        return added(p.indicator_counts for p in self.readable)

    @property
    def goal_counts(self) -> Counts:
        return added(p.goal_counts for p in self.readable)

    @property
    def absence_count(self) -> int:
        return sum(len(part.absences) for part in self.readable)

    @property
    def glossary(self) -> list[tuple[str, str, list[Meaning]]]:
        """Each kind of status with its label and the meanings of its letters."""
        return [
            (kind.value, kind.label, [m for m in self.definitions if m.kind == kind.value]) for kind in DefinitionKind
        ]

    @property
    def has_defaults(self) -> bool:
        return any(meaning.supplied for meaning in self.definitions)


def listed_parts(titles: Iterable[str]) -> str:
    """Titles of priorities, which hold commas and ands of their own, and the overview, as a sentence lists them."""
    quoted = [title if title == THE_OVERVIEW else f"“{title}”" for title in titles]
    return listed(quoted) if quoted else ""


def tally(letters: Iterable[str]) -> Counts:
    counts = {"G": 0, "A": 0, "R": 0, "none": 0}
    for letter in letters:
        counts[letter or "none"] += 1
    return counts


def added(parts: Iterable[Counts]) -> Counts:
    total = tally(())
    for part in parts:
        for letter, number in part.items():
            total[letter] += number
    return total


def money_text(pounds: Decimal | None) -> str:
    return "" if pounds is None else show_money(pounds)


@dataclass(frozen=True, slots=True)
class Rows:
    """The updates of a quarter and their rows, as far as somebody may see them; sections and rows by update."""

    updates: list[QuarterlyUpdate]
    sections: dict[int, frozenset[str]]
    readings: dict[int, list[Reading]]
    assessments: dict[int, list[Assessment]]
    forecasts: dict[int, list[GoalForecast]]
    positions: dict[int, list[FinancialPosition]]
    leads: dict[int, list[str]]  # the names of today's by update


def rows_of(
    quarters: Iterable[Quarter], reader: Person | None, *, only: str | None = None, to_fill_in: bool = False
) -> Rows:
    """What a reader may see of quarters; None sees everything. Five queries, however many quarters.

    `only` loads the rows of the priority with that slug alone. `to_fill_in` keeps what the reader may write now: their
    sections and rows, of updates that are theirs.
    """
    by_pk = {quarter.pk: quarter for quarter in quarters}
    updates, leads = with_leads(
        QuarterlyUpdate.objects.filter(quarter__in=by_pk)
        .select_related("priority", "approved_by", "submitted_by")
        .order_by("priority__position", "priority_id")
    )
    if to_fill_in and reader is not None:
        updates = [update for update in updates if may_fill_in(update, reader)]
        sections = {update.pk: reader.sections_of(update.priority_id) for update in updates}
    else:
        sections = {update.pk: update.readable_sections(reader) for update in updates}
    wanted = {update.pk: update for update in updates if only in (None, update.priority.slug)}
    for update in updates:
        update.quarter = by_pk[update.quarter_id]

    def rows(queryset: Any, section: Section) -> Any:
        """A section's rows by update: all of them where the reader has the section, else those they hold."""
        found: dict[int, list[Any]] = {pk: [] for pk in sections}
        for row in queryset.filter(update__in=wanted):
            row.update = wanted[row.update_id]
            held = reader is not None and row.holder_id == reader.pk
            if section in sections[row.update_id] or held:
                found[row.update_id].append(row)
        return found

    return Rows(
        updates=updates,
        sections=sections,
        readings=rows(
            Reading.objects.select_related("indicator")
            .annotate(replaces=F("indicator__replaces__key"))
            .order_by("indicator__position", "indicator_id"),
            Section.INDICATORS,
        ),
        assessments=rows(
            Assessment.objects.select_related("risk")
            .annotate(raised_from=F("risk__raised_from__key"))
            .order_by("position", "pk"),
            Section.RISKS,
        ),
        forecasts=rows(
            GoalForecast.objects.select_related("goal")
            .annotate(carried_from=F("goal__carried_from__key"))
            .order_by("goal__number"),
            Section.GOALS,
        ),
        positions=rows(FinancialPosition.objects.order_by("period"), Section.FINANCE),
        leads=leads,
    )


def with_leads(updates: QuerySet[QuarterlyUpdate]) -> tuple[list[QuarterlyUpdate], dict[int, list[str]]]:
    """Updates and the names of their priorities' leads of today, in one query that has a row for each lead."""
    of = "priority__assignments__"
    is_lead = Q(**{f"{of}role": AssignmentRole.LEAD}) & in_force(of)
    rows = updates.alias(lead=FilteredRelation("priority__assignments", condition=is_lead)).annotate(
        **{f"lead_{name}": F(f"lead__person__{name}") for name in ("username", "first_name", "last_name")}
    )
    found: dict[int, QuarterlyUpdate] = {}
    names: dict[int, list[str]] = {}
    row: Any
    for row in rows.order_by(*updates.query.order_by, "lead__person__username"):
        found.setdefault(row.pk, row)
        if row.lead_username:
            lead = Person(username=row.lead_username, first_name=row.lead_first_name, last_name=row.lead_last_name)
            names.setdefault(row.pk, []).append(str(lead))
    return list(found.values()), names


def quarterly_report(quarter: Quarter, reader: Person | None, *, only: str | None = None) -> Report:
    """The report of a quarter, live, as this reader may see it; as quarterly_reports()."""
    return quarterly_reports([quarter], reader, only=only)[0]


def quarterly_reports(quarters: list[Quarter], reader: Person | None, *, only: str | None = None) -> list[Report]:
    """The reports of quarters, live, as this reader may see them; None reads everything, as the command line does.

    Six queries, whatever the number of rows and quarters. Parts of it that the reader may not see yet are there,
    empty, and say so in `visible`. `only` loads the rows of the priority with that slug alone; the others stay empty.
    """
    found = rows_of(quarters, reader, only=only)
    meanings = tuple(
        Meaning(d.kind, d.letter, d.get_letter_display(), d.text, d.is_default) for d in Definition.objects.all()
    )
    text_of = {(meaning.kind, meaning.letter): meaning.text for meaning in meanings}

    def part(update: QuarterlyUpdate) -> PriorityReport:
        mine, quarter = found.sections[update.pk], update.quarter
        is_open = update.status != UpdateStatus.CLOSED
        ratings, finance = Section.RATINGS in mine, Section.FINANCE in mine
        risks = found.assessments[update.pk]
        live = [row for row in risks if row.risk.is_live(quarter.period.next)]
        return PriorityReport(
            key=update.priority.slug,
            title=update.priority.title,
            slug=update.priority.slug,
            status=update.status,
            fillable=may_fill_in(update, reader),
            leads=update.leads or (", ".join(found.leads.get(update.pk, ())) if is_open else ""),
            sections=mine,
            ratings=tuple(rating_cell(update, name, text_of) for name in RATINGS) if ratings else (),
            ratings_note=update.ratings_note if ratings else "",
            narrative=update.narrative if ratings else "",
            finance_note=update.finance_note if finance else "",
            period=f"Q{quarter.number}",
            finance=tuple(finance_row(row, update) for row in found.positions[update.pk]),
            indicators=tuple(indicator_row(row, quarter.number) for row in found.readings[update.pk]),
            risks=ranked(row for row in live if row.risk.kind == RiskKind.RISK),
            issues=ranked(row for row in live if row.risk.kind == RiskKind.ISSUE),
            closed=ranked(row for row in risks if row not in live),
            goals=tuple(goal_row(row) for row in found.forecasts[update.pk]),
            pk=update.priority_id,
            approved_by=str(update.approved_by or ""),
            approved_at=update.approved_at,
            submitted_by=str(update.submitted_by or ""),
            submitted_at=update.submitted_at,
        )

    return [
        Report(
            quarter=quarter.period,
            status=quarter.status,
            plan=quarter.plan.title,
            overview=quarter.overview if overview_is_readable(quarter, reader) else "",
            overview_is_open=overview_is_readable(quarter, reader),
            due_on=quarter.due_on,
            priorities=tuple(part(update) for update in found.updates if update.quarter_id == quarter.pk),
            definitions=meanings,
        )
        for quarter in quarters
    ]


def overview_is_readable(quarter: Quarter, reader: Person | None) -> bool:
    """The overview speaks of every priority: for its author and managers, until it is closed with the quarter."""
    closed = quarter.status == QuarterStatus.CLOSED or quarter.overview_status == UpdateStatus.CLOSED
    return reader is None or reader.sees_all or closed or quarter.overview_author_id == reader.pk


def may_fill_in(update: QuarterlyUpdate, reader: Person | None) -> bool:
    if reader is None or not update.is_editable or not is_open_to(update, reader):
        return False
    return reader.fills_in(update.priority_id)


def names_of_leads(updates: list[QuarterlyUpdate]) -> dict[int, list[str]]:
    """The leads of today by priority: one query, or none where none are asked for."""
    names: dict[int, list[str]] = {}
    if not updates:
        return names
    for assignment in (
        Assignment.objects.current()
        .filter(role=AssignmentRole.LEAD, priority__in=[update.priority_id for update in updates])
        .select_related("person")
    ):
        names.setdefault(assignment.priority_id, []).append(str(assignment.person))
    return names


def rating_cell(update: QuarterlyUpdate, name: str, text_of: dict[tuple[str, str], str]) -> RatingCell:
    letter = getattr(update, name)
    return RatingCell(name, letter, text_of.get((name, letter), ""))


def indicator_row(reading: Any, quarter: int) -> IndicatorRow:
    indicator = reading.indicator
    return IndicatorRow(
        key=str(indicator.key),
        reference=indicator.reference,
        title=indicator.title,
        unit=indicator.unit,
        decimals=indicator.decimals,
        basis=reading.basis,
        target=reading.target,
        target_missing=reading.target_missing,
        target_note=reading.target_note,
        target_basis=reading.target_basis,
        expected=expected_by_now(reading.target, indicator.unit, reading.basis, reading.target_basis, quarter=quarter),
        value=reading.value,
        missing=reading.missing,
        note=reading.note,
        as_at=reading.as_at,
        confidence=reading.confidence,
        suggested=reading.suggested(quarter),
        reason=reading.reason,
        polarity=indicator.polarity,
        definition=indicator.definition,
        source=indicator.source,
        replaces=str(reading.replaces or ""),
    )


def ranked(assessments: Iterable[Any]) -> tuple[RiskRow, ...]:
    """Numbered by rank: the printed number is the place in the order, not a stored one."""
    return tuple(
        RiskRow(
            key=str(row.risk.key),
            number=number,
            description=row.description,
            level=row.level,
            trend=row.trend,
            explanation=row.explanation,
            owner=row.risk.owner,
            closed_reason=row.risk.closed_reason,
            kind=row.risk.kind,
            raised_from=str(row.raised_from or ""),
            is_top=row.is_top,
            is_internal=row.is_internal,
        )
        for number, row in enumerate(assessments, 1)
    )


def goal_row(forecast: Any) -> GoalRow:
    goal = forecast.goal
    return GoalRow(
        key=str(goal.key),
        number=goal.number,
        title=goal.title,
        financial_year=goal.financial_year,
        baseline=goal.baseline,
        stated=forecast.forecast,
        confidence=forecast.confidence,
        comment=forecast.comment,
        carried_from=str(forecast.carried_from or ""),
    )


def finance_row(position: FinancialPosition, update: QuarterlyUpdate) -> FinanceRow:
    return FinanceRow(
        key=f"{update.priority.slug}-q{position.period}",
        period=f"Q{position.period}",
        budget=position.budget,
        forecast=position.forecast,
        ytd_profile=position.ytd_profile,
        ytd_actual=position.ytd_actual,
    )
