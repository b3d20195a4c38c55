"""Several quarters of the report together: which of them somebody reads, and the rows of each beside one another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from priorities.models import Person, Quarter, QuarterStatus
from priorities.periods import Period

from .audience import public
from .changes import with_changes
from .frozen import Unreadable, closed_report_of, newest, read, report_of, reports_of
from .models import ClosedReport
from .report import GoalRow, PriorityReport, Report, quarterly_report

MOST = 8  # quarters beside one another: two years

NOT_OPEN = "{} is not open to you yet, so nothing is compared with it."
NOT_READ = "Nothing is compared. {}"
NOT_KEPT = "The closed report of {} can’t be read, so nothing is compared with it."
NOT_CLOSED = "{} was not closed when this quarter was, so nothing is compared with it."


# What changed


def before_of(quarter: Quarter) -> Period | None:
    """The newest quarter that was begun before this one. One query, none for one that was loaded with it."""
    code = getattr(quarter, "before_code", None)
    if not hasattr(quarter, "before_code"):
        code = Quarter.objects.filter(pk=quarter.pk).with_before().values_list("before_code", flat=True).first()
    return Period.from_code(code) if code else None


def compared_report(quarter: Quarter, readable: Iterable[Quarter], reader: Person | None) -> Report:
    """The report of a quarter as this reader reads it, with what changed since the newest one before.

    A closed report says what it said when it was closed; for one that was closed before changes were kept, they are
    worked out now. In the queries of one closed and one live report. Raises Unreadable.
    """
    closed = closed_report_of(quarter, reader) if quarter.status == QuarterStatus.CLOSED else None
    if closed is not None and closed.is_compared:
        return closed
    period = before_of(quarter)
    last = next((each for each in readable if each.period == period), None)
    why = NOT_OPEN.format(period) if period and last is None else ""
    wanted = [each for each in (last, quarter if closed is None else None) if each is not None]
    try:
        found = reports_of(wanted, reader)
    except Unreadable as error:
        report, last, why = closed or report_of(quarter, reader), None, NOT_READ.format(error)
    else:
        report = closed or found[-1]
    if report.is_compared:  # of a reopened quarter, the version that stands
        return report
    return with_changes(report, found[0] if last else None, why=why)


def everybodys_comparison(report: Report, quarter: Quarter) -> Report:
    """A report that is about to be closed, compared with what all of its readers may read of the one before."""
    period = before_of(quarter)
    last = Quarter.objects.at(period).select_related("plan").first() if period else None
    if last is None:
        return with_changes(report, None)
    closed = newest(last)
    if closed is not None and (last.status == QuarterStatus.CLOSED or last.is_reopened):
        return compared_with_closed(report, closed)
    if last.status == QuarterStatus.CLOSED:  # before reports were frozen
        return with_changes(report, quarterly_report(last, None))
    return with_changes(report, None, why=NOT_CLOSED.format(last))


def compared_with_closed(report: Report, closed: ClosedReport) -> Report:
    try:
        return with_changes(report, read(closed))
    except Unreadable:
        return with_changes(report, None, why=NOT_KEPT.format(closed.quarter))


def for_the_command_line(quarter: Quarter, report: Report) -> Report:
    """The report of report_of() or of a closed version, compared if it isn't yet; there everything is open.

    The public form is compared with the public form of the quarter before.
    """
    if report.is_compared:
        return report
    period = before_of(quarter)
    last = Quarter.objects.at(period).select_related("plan").first() if period else None
    try:
        then = report_of(last, None) if last else None
        return with_changes(report, public(then) if then and report.is_public else then)
    except Unreadable as error:
        return with_changes(report, None, why=NOT_READ.format(error))


# Beside one another


def up_to(quarters: Iterable[Quarter], period: Period, most: int = MOST) -> list[Quarter]:
    """The last quarters up to this one, oldest first, of those given newest first."""
    return [quarter for quarter in quarters if quarter.period <= period][:most][::-1]


def of_year(quarters: Iterable[Quarter], year: int) -> list[Quarter]:
    return sorted((q for q in quarters if q.financial_year == year), key=lambda quarter: quarter.number)


@dataclass(slots=True)
class Course:
    """One row over the quarters: what each of them said of it; `part` is its priority where it was said last."""

    part: PriorityReport
    row: Any  # as it was said last
    last: Period
    said: dict[Period, Any]

    @property
    def slug(self) -> str:
        return self.part.slug


Pick = Callable[[PriorityReport], Iterable[Any]]


def courses(reports: Sequence[Report], pick: Pick) -> list[Course]:
    """The rows of several reports, oldest first, each beside itself by its key, in the order of the newest report.

    A goal that goes on in a new year is one course with the one that it continues. A row that was reported earlier
    and not in the newest comes last within its priority.
    """
    found: dict[str, Course] = {}
    now_called: dict[str, str] = {}  # the key that an earlier key goes by
    for report in reversed(reports):
        for part in report.priorities:
            for row in pick(part):
                key = now_called.get(row.key, row.key)
                course = found.setdefault(key, Course(part, row, report.quarter, {}))
                course.said.setdefault(report.quarter, row)
                if isinstance(row, GoalRow) and row.carried_from:
                    now_called[row.carried_from] = key
    places = {part.pk or part.key: place for place, part in enumerate(parts_of(reports))}
    return sorted(found.values(), key=lambda course: places[course.part.pk or course.part.key])


def parts_of(reports: Sequence[Report]) -> list[PriorityReport]:
    """Every priority once, as the newest report has it; those that it has not any more come last."""
    found: dict[int | str, PriorityReport] = {}
    for report in reversed(reports):
        for part in report.priorities:
            found.setdefault(part.pk or part.key, part)
    return list(found.values())
