"""Which rows a workbook holds: those of an open quarter as they stand, those of a closed one as it was closed.

Whatever they come from, they are rows of the models, so that one set of columns writes them. A closed report gives
unsaved ones: what it doesn't know, such as versions, stays blank.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from itertools import chain
from typing import Any

from django.utils import timezone

from finance.models import FinancialPosition
from goals.models import Goal, GoalForecast
from indicators.models import Background, Indicator, Reading
from priorities.models import (
    Person,
    Plan,
    Priority,
    Quarter,
    QuarterlyUpdate,
    QuarterStatus,
    Section,
)
from priorities.periods import Period
from priorities.rows import VERSION
from risks.models import Assessment, Risk, RiskKind
from updates.opening import Opening
from workbooks.models import may_import
from workbooks.writing import About, Rows, Workbook, workbook
from workbooks.writing.sheets import Heading, Kind, Sheet

from . import tables
from .frozen import closed_report_of
from .report import PriorityReport, Report, RiskRow, overview_is_readable, rows_of

EVERYTHING = frozenset(Section.values)
# The columns of the sheets that are not for the public.
INTERNAL_COLUMNS = frozenset({"Reason", "Owner", "Top", "Internal", "Closed reason", "Comment", "Confirmed"})
SHORT_TEXT, LONG_TEXT = 20, 60  # characters up to which a column is narrow, or of titles


def quarters_workbook(quarter: Quarter, reader: Person | None, *, only: str | None = None) -> Workbook:
    """All that a reader may see of a quarter, or with the slug of a priority, of that one. Raises Unreadable."""
    closed = closed_report_of(quarter, reader)
    if closed is not None:
        return report_workbook(closed, reader, only=only)
    as_of = timezone.now()
    found = live_rows(quarter, reader, only=only)
    found.as_of = as_of
    state = "Draft: the quarter is open, and figures may still change."
    if quarter.status == QuarterStatus.CLOSED:
        state = "Closed. What is closed can’t be changed by an upload."
    scope = f"Only {found.updates[0].priority}." if only and found.updates else ""
    if hidden := 0 if only else sum(not told for told in found.sections):
        scope = f"{hidden} of {len(found.sections)} priorities are not open to you yet, and not in it."
    return workbook(about(quarter.period, quarter.plan.title, state, scope, reader, part=only), found)


def report_workbook(report: Report, reader: Person | None, *, only: str | None = None) -> Workbook:
    """The same of a closed report, as it was closed."""
    found = frozen_rows(report, only)
    closing = report.closing
    state = "Closed. What is closed can’t be changed by an upload."
    if closing is not None:
        when = f"{timezone.localtime(closing.at):%-d %B %Y}"
        state = f"Closed on {when}, version {closing.version}. What is closed can’t be changed by an upload."
    scope = f"Only {found.updates[0].priority}." if only and found.updates else ""
    return workbook(about(report.quarter, report.plan, state, scope, reader, part=only), found)


def release_workbook(report: Report) -> Workbook:
    """The report to be read: its overview in front, what was counted and computed, and what is missing, behind it.

    The same report is always the same workbook. The public form lacks the columns that are not for the public.
    """
    found = frozen_rows(report)
    found.left_out = frozenset({VERSION, *(INTERNAL_COLUMNS if report.is_public else ())})
    found.revised = {key: report.revised(key) for key in {revision.key for revision in report.revisions}}
    told = About(
        name=file_name(report.quarter),
        label=report.label,
        plan=report.plan,
        state=state_of(report),
        scope="",
        made_by="",
        made_at=moment_of(report),
        to_fill_in=False,
        is_release=True,
        revisions=(report.about_revisions, *(each.text for each in report.revisions)) if report.revisions else (),
    )
    made = workbook(told, found)
    return replace(made, sheets=(overview_sheet(report), *made.sheets, *computed_sheets(report)))


def state_of(report: Report) -> str:
    """Which report it is, for its cover."""
    form = (
        "For the public: without what is internal." if report.is_public else "Internal: everything that was reported."
    )
    if report.closing is None:
        state = "Draft: figures may still change." if report.is_draft else "Closed."
    else:
        state = f"Version {report.closing.version}, closed on {timezone.localtime(report.closing.at):%-d %B %Y}."
    return f"{state} {form}"


def moment_of(report: Report) -> dt.datetime:
    """What the files of a report are dated by: its closing; an open quarter's end, so that they are the same again."""
    if report.closing is not None:
        return report.closing.at.astimezone(dt.UTC)
    return dt.datetime.combine(report.quarter.ends_on, dt.time(), dt.UTC)


def overview_sheet(report: Report) -> Sheet:
    headings, rows = tables.ratings(report, report.priorities)
    counted = [*tables.counts(report.indicator_counts), *tables.counts(report.goal_counts)]
    start = next(n for n, heading in enumerate(headings) if heading.startswith("Indicators "))
    total = ["Total", *[""] * (start - 1), *counted]
    return table_sheet("Overview", headings, [*rows, [*total, *[""] * (len(headings) - len(total))]])


def computed_sheets(report: Report) -> list[Sheet]:
    """What the other sheets have no columns for; a sheet without a row is left out."""
    found = {
        "Variances": columns_with(tables.finance(report, report.priorities), ("Priority", "Period", "ariance")),
        "Slips": columns_with(tables.goals(report, report.priorities), ("Priority", "No.", "Goal", "Forecast", "Slip")),
        "Missing": tables.missing(report, report.priorities),
    }
    return [table_sheet(name, *table) for name, table in found.items() if table[1]]


def columns_with(table: tables.Table, words: Iterable[str]) -> tables.Table:
    """The columns whose headings have one of these words in them."""
    headings, rows = table
    kept = [n for n, heading in enumerate(headings) if any(word in heading for word in words)]
    return [headings[n] for n in kept], [[row[n] for n in kept] for row in rows]


def table_sheet(name: str, headings: list[str], rows: list[list[Any]]) -> Sheet:
    """A table of the pages as a sheet: columns of figures, and columns of text."""
    columns = list(zip(*rows, strict=True)) if rows else [() for _ in headings]
    kinds = [column_kind(column) for column in columns]
    shown = (Heading(text, kind) for text, kind in zip(headings, kinds, strict=True))
    return Sheet(name, tuple(shown), tuple(map(tuple, rows)))


def column_kind(cells: Iterable[Any]) -> Kind:
    if any(isinstance(cell, Decimal | int) for cell in cells):
        return Kind.FIGURE
    longest = max((len(str(cell)) for cell in cells), default=0)
    return Kind.LONG if longest > LONG_TEXT else Kind.TITLE if longest > SHORT_TEXT else Kind.TEXT


def own_workbook(quarter: Quarter, person: Person) -> Workbook | None:
    """What somebody may fill in now, sections and rows of any priority and the overview; None where it is nothing."""
    as_of = timezone.now()
    found = flat(quarter, rows_of([quarter], person, to_fill_in=True))
    found.as_of, found.sets_up = as_of, person.is_administrator
    if not Quarter.objects.filter(pk=quarter.pk).editable_by(person).exists():
        found.quarter = None  # the overview is not theirs to write now
    add_empty_positions(found)
    state = "Draft: the quarter is open, and figures may still change."
    scope = f"Only what {person} fills in."
    made = workbook(about(quarter.period, quarter.plan.title, state, scope, person, part="mine"), found)
    return made if made.sheets else None


def template(opening: Opening, person: Person | None) -> Workbook:
    """What opening a quarter would make, to be filled in before it is open and uploaded after.

    Its rows have the version of what was just made, so that what is entered between the two is not overwritten.
    """
    quarter, rows = opening.quarter, opening.rows
    for goal in opening.goals:
        goal.key = None  # type: ignore[assignment]  # it gets another one when it is made
    found = Rows(
        quarter=quarter,
        updates=opening.updates,
        sections=[EVERYTHING for _ in opening.updates],
        positions=rows.get(FinancialPosition, []),
        readings=rows.get(Reading, []),
        assessments=rows.get(Assessment, []),
        forecasts=rows.get(GoalForecast, []),
        sets_up=True,
    )
    add_empty_positions(found)
    state = "Template: the quarter is not open yet. It can be filled in now, and uploaded once the quarter is open."
    return workbook(about(quarter.period, quarter.plan.title, state, "", person, part="template"), found)


def about(period: Period, plan: str, state: str, scope: str, person: Person | None, *, part: str | None) -> About:
    name = file_name(period, part or "")
    may_upload = person is None or may_import(person)
    return About(name, period.label, plan, state, scope, str(person or ""), timezone.now(), may_upload)


def file_name(period: Period, *parts: str) -> str:
    """ "q2-2022-23-goals": as files of a quarter are called, without the ending."""
    year, number = period.slug.rsplit("-", 1)
    return "-".join((number, year, *filter(None, parts)))


# Rows of the database


def live_rows(quarter: Quarter, reader: Person | None, *, only: str | None = None) -> Rows:
    found = flat(quarter, rows_of([quarter], reader, only=only))
    found.sets_up = reader is None or reader.is_administrator
    if only is not None:
        kept = [n for n, update in enumerate(found.updates) if update.priority.slug == only]
        found.updates, found.sections = [found.updates[n] for n in kept], [found.sections[n] for n in kept]
    if only is not None or not overview_is_readable(quarter, reader):
        found.quarter = None
    if reader is None or reader.sees_all:
        found.background = background_of(found.updates)
    return found


def flat(quarter: Quarter, rows: Any) -> Rows:
    """The rows of all updates one after the other, in the order of the report."""

    def listed(by_update: dict[int, list[Any]]) -> list[Any]:
        return list(chain.from_iterable(by_update[update.pk] for update in rows.updates))

    return Rows(
        quarter=quarter,
        updates=rows.updates,
        sections=[rows.sections[update.pk] for update in rows.updates],
        positions=listed(rows.positions),
        readings=listed(rows.readings),
        assessments=listed(rows.assessments),
        forecasts=listed(rows.forecasts),
    )


def add_empty_positions(found: Rows) -> None:
    """The four periods of each priority whose finance was never filled in, to be filled in."""
    known = {position.update_id for position in found.positions}
    for update, sections in zip(found.updates, found.sections, strict=True):
        if Section.FINANCE in sections and update.pk not in known and update.is_editable:
            made = [FinancialPosition(update=update, period=number) for number in range(1, 5)]
            say_nothing_of_confirming(made)
            found.positions += made


def background_of(updates: Iterable[QuarterlyUpdate]) -> list[Background]:
    """The figures from before the plan, set up by administrators. One query."""
    priorities = {update.priority_id: update.priority for update in updates}
    found = Background.objects.filter(indicator__priority__in=priorities).select_related("indicator")
    rows = list(found.order_by("indicator__priority__position", "indicator__position", "indicator_id", "quarter", "pk"))
    for row in rows:
        row.indicator.priority = priorities[row.indicator.priority_id]
    return rows


# Unsaved rows of a closed report


def frozen_rows(report: Report, only: str | None = None) -> Rows:
    plan = Plan(title=report.plan)
    quarter = Quarter(
        plan=plan,
        financial_year=report.quarter.year,
        number=report.quarter.number,
        status=report.status,
        overview=report.overview,
        version=None,  # type: ignore[misc]  # the report doesn't say
    )
    found = Rows(quarter=quarter if only is None else None)
    for part in report.priorities:
        if only in (None, part.slug):
            add_part(found, part, quarter)
    return found


def add_part(found: Rows, part: PriorityReport, quarter: Quarter) -> None:
    update = QuarterlyUpdate(
        quarter=quarter,
        priority=Priority(plan=quarter.plan, title=part.title, slug=part.slug),
        ratings_note=part.ratings_note,
        narrative=part.narrative,
        finance_note=part.finance_note,
        version=None,  # type: ignore[misc]
        **{rating.name: rating.letter for rating in part.ratings},
    )
    found.updates.append(update)
    found.sections.append(part.sections)
    for row in part.finance:
        figures = {name: getattr(row, name) for name in ("budget", "forecast", "ytd_profile", "ytd_actual")}
        found.positions.append(FinancialPosition(update=update, period=int(row.period[1:]), **figures))
    found.readings += [reading(row, update) for row in part.indicators]
    found.assessments += [assessment(row, update, RiskKind.RISK) for row in part.risks]
    found.assessments += [assessment(row, update, RiskKind.ISSUE) for row in part.issues]
    found.assessments += [assessment(row, update, row.kind or RiskKind.RISK) for row in part.closed]
    found.forecasts += [forecast(row, update) for row in part.goals]
    rows = (*found.positions, *found.readings, *found.assessments, *found.forecasts)
    say_nothing_of_confirming(rows)
    for made in rows:
        made.version = None  # type: ignore[assignment]  # the report doesn't say


def say_nothing_of_confirming(rows: Iterable[Any]) -> None:
    for row in rows:
        row.confirmed = None


def reading(row: Any, update: QuarterlyUpdate) -> Reading:
    about_it = {name: getattr(row, name) for name in ("key", "reference", "title", "unit", "decimals", "polarity")}
    told = ("target", "target_missing", "target_note", "target_basis", "value", "missing", "note")
    figures = {name: getattr(row, name) for name in (*told, "basis", "as_at", "confidence", "reason")}
    return Reading(update=update, indicator=Indicator(priority=update.priority, **about_it), **figures)


def assessment(row: RiskRow, update: QuarterlyUpdate, kind: str) -> Assessment:
    known = Risk(key=row.key, priority=update.priority, kind=kind, owner=row.owner, closed_reason=row.closed_reason)
    told = {
        name: getattr(row, name) for name in ("description", "level", "trend", "explanation", "is_top", "is_internal")
    }
    return Assessment(update=update, risk=known, position=row.number, **told)


def forecast(row: Any, update: QuarterlyUpdate) -> GoalForecast:
    about_it = {name: getattr(row, name) for name in ("key", "financial_year", "number", "title", "baseline")}
    goal = Goal(priority=update.priority, **about_it)
    return GoalForecast(update=update, goal=goal, forecast=row.stated, confidence=row.confidence, comment=row.comment)
