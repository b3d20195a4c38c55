"""Opening a quarter: an update for every priority of the plan, with what the last one knew carried forward."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from finance.models import FinancialPosition
from goals.models import Goal, GoalForecast
from indicators.models import Indicator, Reading
from priorities.cells import GoalConfidence
from priorities.door import Refused
from priorities.history import Source
from priorities.models import Person, Plan, Quarter, QuarterlyUpdate, QuarterStatus
from priorities.periods import Period
from priorities.writing import writing
from risks.models import Assessment

OPENED = "open"  # the act of the change set that opens a quarter
DAYS_TO_FILL_IN = 28  # after the quarter's end, unless another due date is given


@dataclass
class Opening:
    """What opening a quarter would make, unsaved: the updates, their rows, and the goals of a new year."""

    quarter: Quarter
    source: Quarter | None
    updates: list[QuarterlyUpdate] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    rows: dict[type[Any], list[Any]] = field(default_factory=dict)

    def count(self, model: type[Any]) -> int:
        return len(self.rows.get(model, ()))


def plan_opening(period: Period, *, due_on: dt.date | None = None, leaving_goals: Collection[int] = ()) -> Opening:
    """What would be carried forward into a planned quarter, with nothing written, in a fixed number of queries.

    Carried from the last quarter of the plan that was opened, all of it unconfirmed: indicators with their targets,
    live risks and issues, unfinished goals, budgets and profiles. Values, this quarter's actuals, confidence, trends,
    ratings and narratives start empty. A new financial year assumes no targets and no budgets; its goals are numbered
    from 1 and linked to the unfinished ones that they continue, `leaving_goals` (their primary keys) excepted.
    Raises Refused if the quarter isn't there to be opened.
    """
    quarter = to_be_opened(period)
    quarter.due_on = due_on or quarter.due_on or period.ends_on + dt.timedelta(days=DAYS_TO_FILL_IN)
    earlier = quarter.plan.quarters.exclude(status=QuarterStatus.PLANNED).in_order()
    source = next((q for q in reversed(earlier) if q.period < period), None)
    if source is None and earlier:
        raise Refused(
            f"{earlier[0]} was opened before {period}, which can't be opened any more; the one after it comes next."
        )
    if source is not None and source.period.next != period:
        raise Refused(f"{source.period.next} comes next; open it first.")
    opening = Opening(quarter, source)
    last = {u.priority_id: u for u in source.updates.all()} if source else {}
    same_year = source is not None and source.financial_year == period.year
    for priority in quarter.plan.priorities.all():
        opening.updates.append(QuarterlyUpdate(quarter=quarter, priority=priority))
    made = {update.priority_id: update for update in opening.updates}
    opening.rows = {
        Reading: carried_readings(quarter.plan, period, made, last, same_year),
        Assessment: carried_assessments(period, made, last),
        GoalForecast: carried_goals(opening, made, last, leaving_goals),
        FinancialPosition: carried_finance(period, made, last) if same_year else [],
    }
    return opening


def to_be_opened(period: Period) -> Quarter:
    quarter = Quarter.objects.at(period).select_related("plan").first()
    if quarter is None:
        covering = Plan.objects.filter(first_year__lte=period.year, last_year__gte=period.year).exists()
        raise Refused(
            f"There is no quarter {period}; save its plan in the administration, which makes its quarters."
            if covering
            else f"No plan covers {period}; make one in the administration, or import its first workbook."
        )
    if quarter.status != QuarterStatus.PLANNED:
        raise Refused(f"{period} is {quarter.get_status_display().lower()} already.")
    return quarter


def of(model: type[Any], last: dict[int, QuarterlyUpdate], subject: str) -> dict[int, Any]:
    """The last quarter's rows by their subject: indicator, risk or goal."""
    rows = model.objects.filter(update__in=list(last.values())).select_related(subject)
    return {getattr(row, f"{subject}_id"): row for row in rows}


def carried_readings(
    plan: Plan, period: Period, made: dict[int, QuarterlyUpdate], last: dict[int, QuarterlyUpdate], same_year: bool
) -> list[Reading]:
    known = of(Reading, last, "indicator")
    rows = []
    for indicator in Indicator.objects.filter(priority__plan=plan):
        if not indicator.is_live(period):
            continue
        row = Reading(update=made[indicator.priority_id], indicator=indicator)
        if before := known.get(indicator.pk):
            row.basis = before.basis
            kept = ("target", "target_missing", "target_note", "target_basis") if same_year else ("target_basis",)
            for name in kept:
                setattr(row, name, getattr(before, name))
        rows.append(row)
    return rows


def carried_assessments(
    period: Period, made: dict[int, QuarterlyUpdate], last: dict[int, QuarterlyUpdate]
) -> list[Assessment]:
    kept = ("position", "description", "likelihood", "impact", "level", "explanation")
    return [
        Assessment(update=made[before.risk.priority_id], risk=before.risk, **{n: getattr(before, n) for n in kept})
        for before in of(Assessment, last, "risk").values()
        if before.risk.is_live(period)
    ]


def carried_goals(
    opening: Opening,
    made: dict[int, QuarterlyUpdate],
    last: dict[int, QuarterlyUpdate],
    leaving: Collection[int],
) -> list[GoalForecast]:
    """The year's goals that were never complete, and, in a new year, those of the last one that are still open."""
    known = of(GoalForecast, last, "goal")
    year = opening.quarter.financial_year
    goals = list(
        Goal.objects.filter(priority__plan=opening.quarter.plan, financial_year=year).exclude(
            forecasts__confidence=GoalConfidence.COMPLETE
        )
    )
    carried = {goal.carried_from_id for goal in goals}
    next_number = dict.fromkeys(made, 1)
    for goal in Goal.objects.filter(priority__in=made, financial_year=year):
        next_number[goal.priority_id] = max(next_number[goal.priority_id], goal.number + 1)
    for before in sorted(known.values(), key=lambda row: row.goal.number):
        old = before.goal
        unfinished = before.confidence != GoalConfidence.COMPLETE and old.financial_year < year
        if unfinished and old.pk not in carried and old.pk not in leaving:
            goal = Goal(
                priority_id=old.priority_id,
                financial_year=year,
                number=next_number[old.priority_id],
                title=old.title,
                baseline=old.baseline,
                holder_id=old.holder_id,
                carried_from=old,
            )
            next_number[old.priority_id] += 1
            opening.goals.append(goal)
    rows = []
    for goal in (*goals, *opening.goals):
        row = GoalForecast(update=made[goal.priority_id], goal=goal)
        if before := known.get(goal.pk or 0) or known.get(goal.carried_from_id or 0):
            row.forecast, row.comment = before.forecast, before.comment
        rows.append(row)
    return rows


def carried_finance(
    period: Period, made: dict[int, QuarterlyUpdate], last: dict[int, QuarterlyUpdate]
) -> list[FinancialPosition]:
    """Periods that are over whole, as they were last known; this one and later ones with budget and profile only."""
    priority_of = {update.pk: update.priority_id for update in last.values()}
    rows = []
    for before in FinancialPosition.objects.filter(update__in=list(last.values())):
        row = FinancialPosition(
            update=made[priority_of[before.update_id]],
            period=before.period,
            budget=before.budget,
            ytd_profile=before.ytd_profile,
        )
        if before.period < period.number:
            row.forecast, row.ytd_actual = before.forecast, before.ytd_actual
        rows.append(row)
    return rows


def open_quarter(opening: Opening, *, by: Person | None, source: Source) -> Quarter:
    """Write what was planned: all of it or, raising Refused, nothing. Administrators and the command line only."""
    quarter = opening.quarter
    with writing(by=by, source=source, overview_of=[quarter], opening=True, note=f"Opened {quarter}", act=OPENED):
        if to_be_opened(quarter.period).version != quarter.version:
            raise Refused(f"{quarter} was changed at the same moment; look at what would be carried forward again.")
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
    return quarter
