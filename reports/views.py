from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from priorities.models import Person, Quarter, QuarterStatus
from priorities.people import signed_in
from priorities.periods import Period

from .report import quarterly_report


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
    return list(Quarter.objects.readable_by(person).select_related("plan"))


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
        raise PermissionDenied(f"{period} is not open to you yet. You can read a quarter once it is closed.")
    return Shelf(quarters, current)


def home(request: HttpRequest) -> HttpResponse:
    quarters = readable(signed_in(request))
    if quarters:
        return redirect("reports:overview", quarters[0].period)
    return render(request, "reports/empty.html", {"any_quarter": Quarter.objects.exists()})


def overview(request: HttpRequest, period: Period) -> HttpResponse:
    shelf = take(request, period)
    report = quarterly_report(shelf.current, signed_in(request))
    return render(request, "reports/overview.html", {"report": report, "shelf": shelf})


def priority(request: HttpRequest, period: Period, slug: str) -> HttpResponse:
    shelf = take(request, period)
    report = quarterly_report(shelf.current, signed_in(request), only=slug)
    part = next((part for part in report.priorities if part.slug == slug), None)
    if part is None:
        raise Http404(f"{period} has no priority at this address.")
    return render(request, "reports/priority.html", {"report": report, "shelf": shelf, "part": part})


def printable(request: HttpRequest, period: Period) -> HttpResponse:
    """The whole quarter on one page, to print."""
    shelf = take(request, period)
    report = quarterly_report(shelf.current, signed_in(request))
    return render(request, "reports/print.html", {"report": report, "shelf": shelf, "now": timezone.localtime()})
