"""Opening a quarter: an update for every priority of the plan, with what the last one knew carried forward."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from itertools import groupby
from typing import Any

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone

from finance.models import FinancialPosition
from goals.models import Goal, GoalForecast
from indicators.models import Indicator, Reading
from priorities.cells import GoalConfidence, shorten, show_measure, show_money
from priorities.door import Refused
from priorities.history import Source
from priorities.models import (
    Assignment,
    AssignmentRole,
    Person,
    Plan,
    Priority,
    Quarter,
    QuarterlyUpdate,
    QuarterRow,
    QuarterStatus,
    listed,
)
from priorities.periods import Period, year_label
from priorities.writing import writing
from risks.models import Assessment, RiskKind

from .models import NoticeKind
from .notices import notify

OPENED = "open"  # the act of the change set that opens a quarter
DAYS_TO_FILL_IN = 28  # after the quarter's end, unless another due date is given
TO_FILL_IN = dt.timedelta(days=DAYS_TO_FILL_IN)
YEAR = dt.timedelta(days=366)
CATCH_UP = dt.timedelta(days=90)  # from today at most, where a quarter is opened long after its end


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that the last quarter had and this one will not, and why."""

    priority: Priority
    kind: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Part:
    """What one priority's update starts with."""

    priority: Priority
    readings: list[Reading]
    risks: list[Assessment]
    issues: list[Assessment]
    forecasts: list[GoalForecast]
    positions: list[FinancialPosition]

    @property
    def without_target(self) -> int:
        return sum(row.target is None for row in self.readings)

    @property
    def targets(self) -> list[tuple[Reading, str]]:
        """Each indicator's row, and its target in words."""
        return [(row, target_text(row)) for row in self.readings]

    @property
    def budgets(self) -> list[str]:
        """Each period of the year in words: "Q2: budget £32.7m, profile £12.6m"."""
        return [
            f"Q{row.period}: budget {money_text(row.budget)}, profile {money_text(row.ytd_profile)}"
            for row in self.positions
        ]


def target_text(row: Reading) -> str:
    """ "target 25%", or "no target" with the reason given."""
    if row.target is not None:
        return f"target {show_measure(row.target, row.indicator.unit, row.indicator.decimals)}"
    return f"no target: {shorten(row.target_note, 100)}" if row.target_note else "no target"


def money_text(pounds: Decimal | None) -> str:
    return "none" if pounds is None else show_money(pounds)


@dataclass
class Opening:
    """What opening a quarter would make, unsaved: the updates, their rows, and the goals of a new year.

    `offered` are the last forecasts of unfinished goals of an earlier year; `goals` continue them, but for those that
    are `leaving`. `skipped` are earlier quarters of a plan that begins with this one: they can't be opened afterwards.
    """

    quarter: Quarter
    source: Quarter | None
    leaving: frozenset[int] = frozenset()
    updates: list[QuarterlyUpdate] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    rows: dict[type[Any], list[Any]] = field(default_factory=dict)
    offered: list[GoalForecast] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    skipped: list[Quarter] = field(default_factory=list)
    still_open: str = ""

    def count(self, model: type[Any]) -> int:
        return len(self.rows.get(model, ()))

    @property
    def is_new_year(self) -> bool:
        return self.source is not None and self.source.financial_year != self.quarter.financial_year

    @property
    def parts(self) -> list[Part]:
        """By priority, in the order of the report."""
        return [self.part(update) for update in self.updates]

    def part(self, update: QuarterlyUpdate) -> Part:
        def own(model: type[Any]) -> list[Any]:
            return [row for row in self.rows.get(model, ()) if row.update is update]

        kinds = {kind: [row for row in own(Assessment) if row.risk.kind == kind] for kind in RiskKind.values}
        return Part(
            update.priority,
            own(Reading),
            kinds[RiskKind.RISK],
            kinds[RiskKind.ISSUE],
            own(GoalForecast),
            own(FinancialPosition),
        )

    @property
    def choices(self) -> list[tuple[Priority, list[tuple[GoalForecast, str, Goal | None]]]]:
        """The goals that can go on, by priority: each as it last stood, its year, and as it goes on unless left."""
        new = {goal.carried_from_id: goal for goal in self.goals}
        return [
            (update.priority, [(row, year_label(row.goal.financial_year), new.get(row.goal_id)) for row in rows])
            for update in self.updates
            if (rows := [row for row in self.offered if row.goal.priority_id == update.priority_id])
        ]

    @property
    def fingerprint(self) -> str:
        """Another one for every other plan; the due date and the goals left, which its reader chooses, apart."""
        made = {id(goal) for goal in self.goals}
        kept = (row for rows in self.rows.values() for row in rows if id(getattr(row, "goal", None)) not in made)
        seen = [
            (self.quarter.pk, self.quarter.version, self.source and self.source.pk),
            [(update.priority_id, str(update.priority)) for update in self.updates],
            [(row.update.priority_id, *content(row)) for row in kept],
            [(row.goal.priority_id, row.goal.baseline, *content(row)) for row in self.offered],
            [(each.priority.pk, each.what, each.why) for each in self.left_out],
        ]
        return sha256(repr(seen).encode()).hexdigest()[:32]


def content(row: QuarterRow) -> tuple[str, ...]:
    """All that a row says, but for its own key and its update's."""
    skipped = ("id", "update_id", "version")
    values = (getattr(row, f.attname) for f in row._meta.concrete_fields if f.attname not in skipped)
    subject = getattr(row, "indicator", None) or getattr(row, "goal", "")  # a risk's words are the row's own
    return type(row).__name__, str(subject), *map(str, values)


def plan_opening(period: Period, *, due_on: dt.date | None = None, leaving_goals: Collection[int] = ()) -> Opening:
    """What would be carried forward into a planned quarter, with nothing written, in eight queries.

    Carried from the last quarter of the plan that was opened, all of it unconfirmed: indicators with their targets,
    live risks and issues, unfinished goals, budgets and profiles. Values, this quarter's actuals, confidence, trends,
    ratings and narratives start empty. A new financial year assumes no targets and no budgets; its goals are numbered
    from 1 and linked to the unfinished ones that they continue, `leaving_goals` (their primary keys) excepted.
    Raises Refused if the quarter isn't there to be opened, or for a due date that can't be meant.
    """
    quarters = all_quarters()
    quarter = to_be_opened(period, quarters)
    if due_on and (wrong := wrong_due_date(period, due_on)):
        raise Refused(wrong)
    quarter.due_on = due_on or quarter.due_on or default_due_date(period)
    own = [q for q in quarters if q.plan_id == quarter.plan_id]
    source = last_opened(own, period)
    opening = Opening(quarter, source, frozenset(leaving_goals), still_open=earlier_open(quarter, quarters))
    if source is None:
        opening.skipped = [q for q in own if q.period < period]
    for priority in quarter.plan.priorities.all():
        opening.updates.append(QuarterlyUpdate(quarter=quarter, priority=priority))
    made = {update.priority_id: update for update in opening.updates}
    opening.rows = {
        Reading: carried_readings(opening, made),
        Assessment: carried_assessments(opening, made),
        GoalForecast: carried_goals(opening, made),
        FinancialPosition: carried_finance(opening, made),
    }
    if source is None:
        opening.left_out += priorities_left(quarters, quarter)
    return opening


def all_quarters() -> list[Quarter]:
    """Every quarter there is, with its plan, the oldest first. One query."""
    return list(Quarter.objects.select_related("plan").in_order())


def next_to_open(quarters: Iterable[Quarter] | None = None) -> Quarter | None:
    """The quarter that comes next: the first planned one after the newest that was opened. One query.

    None where there is none: no plan covers it yet, or nothing is set up at all.
    """
    known = list(quarters) if quarters is not None else all_quarters()
    newest = newest_opened(known)
    planned = (q for q in known if q.status == QuarterStatus.PLANNED)
    return next((q for q in planned if newest is None or q.period > newest.period), None)


def earlier_open(quarter: Quarter, known: Iterable[Quarter] | None = None) -> str:
    """Which quarters before this one are still open, as a sentence; "" where none is. One query, if none are known."""
    quarters = known if known is not None else Quarter.objects.filter(status=QuarterStatus.OPEN).in_order()
    earlier = [str(q) for q in quarters if q.status == QuarterStatus.OPEN and q.period < quarter.period]
    return f"{listed(earlier)} {'is' if len(earlier) == 1 else 'are'} still open." if earlier else ""


def newest_opened(quarters: Iterable[Quarter]) -> Quarter | None:
    """The newest quarter that was ever opened, among these in order."""
    return next((q for q in reversed(list(quarters)) if q.status != QuarterStatus.PLANNED), None)


def last_opened(own: list[Quarter], period: Period) -> Quarter | None:
    """The quarter before this one in its plan; None where it is the plan's first. Raises Refused out of order."""
    earlier = [q for q in own if q.status != QuarterStatus.PLANNED]
    source = next((q for q in reversed(earlier) if q.period < period), None)
    if source is None and earlier:
        raise Refused(
            f"{earlier[0]} was opened before {period}, which can't be opened any more; the one after it comes next."
        )
    if source is not None and source.period.next != period:
        raise Refused(f"{source.period.next} comes next; open it first.")
    return source


def to_be_opened(period: Period, quarters: Iterable[Quarter]) -> Quarter:
    quarter = next((q for q in quarters if q.period == period), None)
    if quarter is None:
        covering = Plan.objects.filter(first_year__lte=period.year, last_year__gte=period.year).exists()
        raise Refused(
            f"There is no quarter {period}; save its plan in the administration, which makes its quarters."
            if covering
            else f"No plan covers {period}; make the plan first, or import its first workbook."
        )
    if quarter.status != QuarterStatus.PLANNED:
        raise Refused(f"{period} is {quarter.get_status_display().lower()} already.")
    return quarter


def default_due_date(period: Period) -> dt.date:
    """28 days after the quarter's end; from today, where that is over already."""
    usual, today = period.ends_on + TO_FILL_IN, timezone.localdate()
    return usual if usual >= today else today + TO_FILL_IN


def wrong_due_date(period: Period, day: dt.date) -> str:
    """Why updates of this quarter can't be due on that day; "" if they can. A day that is over already is no reason."""
    if day < period.starts_on:
        return f"{day:%-d %B %Y} is before {period} begins, on {period.starts_on:%-d %B %Y}; give a later day."
    last = max(period.ends_on + YEAR, timezone.localdate() + CATCH_UP)
    if day > last:
        told = f"{day:%-d %B %Y} is more than a year after the end of {period}"
        return f"{told}; give {last:%-d %B %Y} or an earlier day."
    return ""


def known_by(model: type[Any], opening: Opening, subject: str) -> dict[int, Any]:
    """The last quarter's rows by their subject: indicator, risk or goal."""
    if opening.source is None:
        return {}
    rows = model.objects.filter(update__quarter=opening.source).select_related(subject).order_by("pk")
    return {getattr(row, f"{subject}_id"): row for row in rows}


def carried_readings(opening: Opening, made: dict[int, QuarterlyUpdate]) -> list[Reading]:
    period, known = opening.quarter.period, known_by(Reading, opening, "indicator")
    kept = ("target_basis",) if opening.is_new_year else ("target", "target_missing", "target_note", "target_basis")
    indicators = list(Indicator.objects.filter(priority__plan=opening.quarter.plan).select_related("replaces"))
    rows = []
    for indicator in indicators:
        update = made[indicator.priority_id]
        before = known.get(indicator.pk)
        if not indicator.is_live(period):
            opening.left_out += retired(indicator, indicators, update, was_there=before is not None)
            continue
        row = Reading(update=update, indicator=indicator)
        if before:
            row.basis = before.basis
            for name in kept:
                setattr(row, name, getattr(before, name))
        rows.append(row)
    return rows


def retired(
    indicator: Indicator, others: list[Indicator], update: QuarterlyUpdate, *, was_there: bool
) -> list[LeftOut]:
    """Why an indicator is not reported; nothing where the last quarter didn't report it either."""
    period = update.quarter.period
    if indicator.begins is not None and indicator.begins > period:
        why = f"begins in {indicator.begins}, in place of {indicator.replaces}"
    elif was_there:
        new = [str(other) for other in others if other.replaces_id == indicator.pk]
        why = f"retired from {indicator.retired_from}" + (f", replaced by {new[0]}" if new else "")
    else:
        return []
    return [LeftOut(update.priority, "Indicator", str(indicator), why)]


def carried_assessments(opening: Opening, made: dict[int, QuarterlyUpdate]) -> list[Assessment]:
    kept = ("position", "description", "likelihood", "impact", "level", "explanation", "is_top", "is_internal")
    rows = []
    for before in known_by(Assessment, opening, "risk").values():
        risk, update = before.risk, made[before.risk.priority_id]
        if risk.is_live(opening.quarter.period):
            rows.append(Assessment(update=update, risk=risk, **{name: getattr(before, name) for name in kept}))
        else:
            why = f"closed: {risk.closed_reason}"
            opening.left_out.append(LeftOut(update.priority, risk.get_kind_display(), before.description, why))
    return rows


def carried_goals(opening: Opening, made: dict[int, QuarterlyUpdate]) -> list[GoalForecast]:
    """The year's goals that were never complete, and, in a new year, those of the last one that are still open."""
    known = known_by(GoalForecast, opening, "goal")
    year = opening.quarter.financial_year
    complete = GoalForecast.objects.filter(goal=OuterRef("pk"), confidence=GoalConfidence.COMPLETE)
    of_year = list(
        Goal.objects.filter(priority__plan=opening.quarter.plan, financial_year=year).annotate(done=Exists(complete))
    )
    in_order = sorted(known.values(), key=lambda row: row.goal.number)
    carried = {goal.carried_from_id for goal in of_year}
    for before in in_order:
        if before.confidence == GoalConfidence.COMPLETE:
            priority = made[before.goal.priority_id].priority
            opening.left_out.append(LeftOut(priority, "Goal", str(before.goal), f"complete in {opening.source}"))
        elif before.goal.financial_year < year and before.goal_id not in carried:
            opening.offered.append(before)
    opening.goals = continued(opening, of_year)
    rows = []
    for goal in (*(goal for goal in of_year if not goal.done), *opening.goals):
        row = GoalForecast(update=made[goal.priority_id], goal=goal)
        if before := known.get(goal.pk or 0) or known.get(goal.carried_from_id or 0):
            row.forecast, row.comment = before.forecast, before.comment
        rows.append(row)
    return rows


def continued(opening: Opening, of_year: Iterable[Goal]) -> list[Goal]:
    """A new goal for each that goes on, numbered within its priority after those that the year has already."""
    last_number: dict[int, int] = {}
    for goal in of_year:
        last_number[goal.priority_id] = max(last_number.get(goal.priority_id, 0), goal.number)
    goals = []
    for old in (row.goal for row in opening.offered if row.goal_id not in opening.leaving):
        number = last_number[old.priority_id] = last_number.get(old.priority_id, 0) + 1
        goals.append(
            Goal(
                priority_id=old.priority_id,
                financial_year=opening.quarter.financial_year,
                number=number,
                title=old.title,
                baseline=old.baseline,
                holder_id=old.holder_id,
                carried_from=old,
            )
        )
    return goals


def carried_finance(opening: Opening, made: dict[int, QuarterlyUpdate]) -> list[FinancialPosition]:
    """Periods that are over whole, as they were last known; this one and later ones with budget and profile only."""
    if opening.source is None or opening.is_new_year:
        return []
    rows = []
    before: Any
    last = FinancialPosition.objects.filter(update__quarter=opening.source).select_related("update")
    for before in last.order_by("update__priority__position", "period"):
        row = FinancialPosition(
            update=made[before.update.priority_id],
            period=before.period,
            budget=before.budget,
            ytd_profile=before.ytd_profile,
        )
        if before.period < opening.quarter.number:
            row.forecast, row.ytd_actual = before.forecast, before.ytd_actual
        rows.append(row)
    return rows


def priorities_left(quarters: list[Quarter], quarter: Quarter) -> list[LeftOut]:
    """The priorities of the plan before, which a new plan's first quarter no longer reports."""
    before = newest_opened(q for q in quarters if q.period < quarter.period and q.plan_id != quarter.plan_id)
    if before is None:
        return []
    why = f"of {before.plan}, and stays in its quarters"
    return [LeftOut(old, "Priority", str(old), why) for old in before.plan.priorities.all()]


def open_quarter(opening: Opening, *, by: Person | None, source: Source) -> Quarter:
    """Write what was planned, and tell those who fill it in: all of it or, raising Refused, nothing.

    What is written is what was planned: it is refused where anything that it carries was changed since.
    Administrators and the command line only.
    """
    quarter = opening.quarter
    if not opening.updates:
        raise Refused(f"{quarter.plan} has no priorities yet; add them in the administration first.")
    with writing(by=by, source=source, overview_of=[quarter], opening=True, note=f"Opened {quarter}", act=OPENED):
        now = plan_opening(quarter.period, leaving_goals=opening.leaving)
        if now.fingerprint != opening.fingerprint:
            raise Refused(f"What {quarter} would carry forward was changed at the same moment; look at it again.")
        quarter.status = QuarterStatus.OPEN
        quarter.save()
        QuarterlyUpdate.objects.bulk_create(opening.updates)
        Goal.objects.bulk_create(opening.goals)
        for model, rows in opening.rows.items():
            for row in rows:
                row.update = row.update  # takes the key that the update has got by now
                if model is GoalForecast:
                    row.goal = row.goal
            model.objects.bulk_create(rows)
        tell(opening, by)
    return quarter


def tell(opening: Opening, by: Person | None) -> None:
    """One notice for each person who fills in any of it: of their update where they have one, else of all theirs."""
    quarter, update_of = opening.quarter, {update.priority_id: update for update in opening.updates}
    filling = Assignment.objects.current().filter(priority__in=update_of).exclude(role=AssignmentRole.SIGNATORY)
    due = f"{quarter.due_on:%-d %B %Y}"
    people: dict[tuple[int, ...], list[Person]] = {}
    for person, own in groupby(filling.select_related("person").order_by("person"), key=lambda a: a.person):
        people.setdefault(tuple(sorted({a.priority_id for a in own})), []).append(person)
    several = [person for priorities, group in people.items() if len(priorities) > 1 for person in group]
    text = f"{quarter} is open: your updates are due on {due}."
    notify(several, NoticeKind.OPENED, text, reverse("updates:mine"), but=by)
    for priority, *others in people:
        if not others:
            update = update_of[priority]
            text = f"{quarter} is open: the update of {update.priority} is due on {due}."
            path = reverse("updates:update", args=[quarter.period, update.priority.slug])
            notify(people[priority,], NoticeKind.OPENED, text, path, but=by)
