from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from priorities.models import Person, Priority, Quarter, QuarterStatus
from priorities.people import signed_in
from priorities.periods import Period
from updates.deciding import Noted, beside, decisions_in
from updates.overview import has_part, may_write

from .across import compared_report
from .frozen import Unreadable, report_of
from .keeping import kept
from .models import ClosedReport
from .pack import approvals_of
from .report import PriorityReport, Report
from .series import with_series


@dataclass(frozen=True, slots=True)
class Shelf:
    """The quarters that somebody may read, newest first, and the one on the table."""

    quarters: list[Quarter]
    current: Quarter

    @property
    def earlier(self) -> Quarter | None:
        return next((q for q in self.quarters if q.period < self.current.period), None)

    @property
    def later(self) -> Quarter | None:
        return next((q for q in reversed(self.quarters) if q.period > self.current.period), None)


def readable(person: Person) -> list[Quarter]:
    quarters = Quarter.objects.readable_by(person).with_before()
    if not person.sees_all:
        quarters = quarters.with_own_reopened(person)
    versions = ClosedReport.objects.filter(quarter=OuterRef("pk")).order_by("-version")
    standing = {name: Subquery(versions.values(name)[:1]) for name in ("version", "closed_at")}
    quarters = quarters.annotate(standing_version=standing["version"], standing_since=standing["closed_at"])
    return list(quarters.select_related("plan", "reopened_for", "overview_submitted_by", "overview_approved_by"))


def take(request: HttpRequest, period: Period) -> Shelf:
    """The quarter of an address, among those that this person may read; 404 without one, 403 if it isn't for them."""
    quarters = readable(signed_in(request))
    current = next((quarter for quarter in quarters if quarter.period == period), None)
    if current is None:
        found = Quarter.objects.at(period).first()
        if found is None:
            raise Http404(f"There is no quarter {period} here.")
        if found.status == QuarterStatus.PLANNED:
            raise PermissionDenied(f"{period} has not been opened yet. An administrator opens it when its turn comes.")
        if not signed_in(request).reads_closed:
            raise PermissionDenied(
                f"{period} is not open to you. An administrator gives you a role or a part of it first."
            )
        raise PermissionDenied(f"{period} is not open to you yet. You can read a quarter once it is closed.")
    return Shelf(quarters, current)


def home(request: HttpRequest) -> HttpResponse:
    quarters = readable(signed_in(request))
    if quarters:
        return redirect("reports:overview", quarters[0].period)
    if Quarter.objects.filter(overview_author=signed_in(request), status=QuarterStatus.OPEN).exists():
        return redirect("updates:mine")  # they write an overview, and have no role to read with
    return render(request, "reports/empty.html", {"any_quarter": Quarter.objects.exists()})


View = Callable[..., HttpResponse]


def says_what_is_unreadable(view: View) -> View:
    """A closed report that can't be vouched for is never shown: a page names it instead."""

    @wraps(view)
    def safely(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Unreadable as error:
            return render(request, "reports/unreadable.html", {"told": str(error)}, status=500)

    return safely


def taken(
    request: HttpRequest, period: Period, *, only: str | None = None, compared: bool = False, to_read: bool = False
) -> tuple[Report, dict[str, Any]]:
    """The report as its reader reads it, and what every page shows around it; `compared` tells what changed, too.

    `to_read` leaves out what there is to fill in, which saves those who see all the query for their assignments.
    """
    shelf, person = take(request, period), signed_in(request)
    reader = None if to_read and person.sees_all else person
    if compared:
        report = compared_report(shelf.current, shelf.quarters, reader)
    else:
        report = report_of(shelf.current, reader, only=only)
    return report, {"report": report, "shelf": shelf}


@kept
@says_what_is_unreadable
def overview(request: HttpRequest, period: Period) -> HttpResponse:
    report, context = taken(request, period, compared=True)
    own = overview_links(context["shelf"].current, signed_in(request)) if report.is_draft else {}
    return render(request, "reports/overview.html", context | own)


def overview_links(quarter: Quarter, person: Person) -> dict[str, Any]:
    """What its author and those who see all find beside the overview of an open quarter: its state, and the way in."""
    if quarter.status != QuarterStatus.OPEN or not has_part(quarter, person):
        return {}
    return {"overview_state": quarter.get_overview_status_display(), "writes_overview": may_write(quarter, person)}


@kept
@says_what_is_unreadable
def priority(request: HttpRequest, period: Period, slug: str) -> HttpResponse:
    """One priority. In a closed report it is found by the slug that it had then; the one it has now leads there."""
    report, context = taken(request, period, only=slug)
    report = context["report"] = with_series(report, context["shelf"].current, signed_in(request))
    part = next((part for part in report.priorities if part.slug == slug), None)
    if report.closing is not None:
        slugs = slugs_now(report)
        if part is None and (moved := renamed(report, slugs, slug)):
            return redirect("reports:priority", period, moved.slug)
        part = part and replace(part, address_now=slugs.get(part.pk, ""))
    if part is None:
        raise Http404(f"{period} has no priority at this address.")
    context["may_propose"] = not report.is_draft and signed_in(request).fills_in(part.pk)
    return render(
        request, "reports/priority.html", context | {"part": part, "noted": noted_on([part], period)[part.pk]}
    )


def slugs_now(report: Report) -> dict[int, str]:
    """The addresses of the priorities today, by their keys. One query."""
    return dict(Priority.objects.filter(pk__in=[part.pk for part in report.priorities]).values_list("pk", "slug"))


def noted_on(parts: Sequence[PriorityReport], period: Period) -> dict[int, Noted]:
    """What the board decided on each priority, as far as its rows and sections are shown. One query."""
    standing: dict[int, list[Any]] = {part.pk: [] for part in parts}
    for decision in decisions_in(period, list(standing)):
        standing[decision.priority_id].append(decision)

    def noted(part: PriorityReport) -> Noted:
        rows: tuple[Any, ...] = (*part.indicators, *part.risks, *part.issues, *part.closed, *part.goals)
        return beside(standing[part.pk], (row.key for row in rows), part.sections)

    return {part.pk: noted(part) for part in parts}


def renamed(report: Report, slugs: dict[int, str], slug: str) -> PriorityReport | None:
    return next((part for part in report.priorities if slugs.get(part.pk) == slug), None)


@kept
@says_what_is_unreadable
def printable(request: HttpRequest, period: Period) -> HttpResponse:
    """The whole quarter on one page, to print; while it is open, the draft pack.

    For those who see all with what the board decided: they print what the board is given.
    """
    report, context = taken(request, period, compared=True, to_read=True)
    report = context["report"] = with_series(report, context["shelf"].current, signed_in(request))
    marks = {"now": timezone.localtime(), "approvals": approvals_of(report, context["shelf"].current)}
    noted = noted_on(report.priorities, period) if signed_in(request).sees_all else {}
    return render(request, "reports/print.html", context | marks | {"decisions": noted})
