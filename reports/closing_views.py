"""The page of closing: what stands in the way; once closed, its versions, frozen against live, and reopening."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from priorities.door import Refused
from priorities.models import Quarter, QuarterlyUpdate, QuarterStatus
from priorities.moves import CLOSE
from priorities.people import Person, signed_in
from priorities.periods import Period
from updates.opening import earlier_open

from .closing import ChangedMeanwhile, close_quarter, give_more_time, plan_closing, reopen
from .comparing import differences
from .forms import CloseForm, MoreTimeForm, ReopenForm
from .frozen import Unreadable, is_whole, read
from .models import ClosedReport, ProposedRevision, Publication
from .proposals import prefilled
from .publication_views import proposals_of
from .report import quarterly_report
from .views import says_what_is_unreadable, take


def closing(request: HttpRequest, period: Period) -> HttpResponse:
    """Administrators close and reopen here; managers read."""
    person = signed_in(request)
    if not person.sees_all:
        raise PermissionDenied("Closing and reopening is for administrators; managers may read this page, others not.")
    shelf = take(request, period)
    quarter = shelf.current
    show = show_closed if quarter.status == QuarterStatus.CLOSED else show_open
    if request.method == "POST":
        if not person.is_administrator:
            raise PermissionDenied("Quarters are closed and reopened by administrators; ask one.")
        return ACTS.get(request.POST.get("act", ""), changed_meanwhile)(request, quarter, person)
    return show(request, quarter, quarters=shelf.quarters[::-1])


def changed_meanwhile(request: HttpRequest, quarter: Quarter, person: Person) -> HttpResponse:
    messages.error(request, f"{quarter} is {quarter.get_status_display().lower()} by now; look at this page again.")
    return redirect("reports:closing", quarter.period)


def page(request: HttpRequest, quarter: Quarter, versions: list[ClosedReport], **context: Any) -> HttpResponse:
    around = proposals_of(quarter) | {
        "quarter": quarter,
        "versions": [(version, is_whole(version), corrected_by(version)) for version in versions],
        "may_act": CLOSE.allowed_to(signed_in(request), quarter),
    }
    return render(request, "reports/closing.html", around | context)


def corrected_by(version: ClosedReport) -> str:
    """Why the quarter was reopened before this version; "" for its first, and where it can't be read."""
    try:
        closing = read(version).closing
    except Unreadable:
        return ""
    return closing.corrects if closing else ""


def show_open(request: HttpRequest, quarter: Quarter, **context: Any) -> HttpResponse:
    plan, quarters = plan_closing(quarter), context.pop("quarters", None)
    if "compare" in request.GET and plan.versions:
        return page(request, quarter, plan.versions, compared=True, **compare(quarter, plan.versions))
    forms: dict[str, Any] = {
        "close_form": CloseForm(plan),
        "more_time_form": MoreTimeForm() if quarter.is_reopened else None,
    }
    return page(
        request, quarter, plan.versions, plan=plan, still_open=earlier_open(quarter, quarters), **(forms | context)
    )


def show_closed(request: HttpRequest, quarter: Quarter, **context: Any) -> HttpResponse:
    versions = list(ClosedReport.objects.filter(quarter=quarter).select_related("closed_by", "quarter"))
    if "compare" in request.GET:
        return page(request, quarter, versions, compared=True, **compare(quarter, versions))
    updates = list(QuarterlyUpdate.objects.filter(quarter=quarter).select_related("priority").order_by("priority"))
    reopen_form = ReopenForm(updates)
    reopen_form.initial = prefilled(ProposedRevision.objects.of_quarter(quarter).pending())
    around: dict[str, Any] = {
        "reopen_form": reopen_form,
        "waiting": Publication.objects.waiting().filter(quarter=quarter).defer("body", "public_body").first(),
    }
    return page(request, quarter, versions, **(around | context))


def compare(quarter: Quarter, versions: list[ClosedReport]) -> dict[str, Any]:
    """The differences of the newest version to what the data say now, or why that can't be told."""
    if not versions:
        return {}
    try:
        return {"differences": differences(read(versions[0]), quarterly_report(quarter, None))}
    except Unreadable as error:
        return {"unreadable": str(error)}


def close_it(request: HttpRequest, quarter: Quarter, person: Person) -> HttpResponse:
    """What was shown is what is closed; where that has changed, it is shown again, with the reason as it was typed."""
    if quarter.status != QuarterStatus.OPEN:
        return changed_meanwhile(request, quarter, person)
    plan = plan_closing(quarter)
    form = CloseForm(plan, request.POST)
    if not form.is_valid():
        form.show_again(plan)
        return show_open(request, quarter, close_form=form, form=form, failed=True)
    try:
        given = form.cleaned_data
        closed = close_quarter(quarter, by=person, reason=given.get("reason", ""), seen=given["seen"])
    except ChangedMeanwhile as refused:
        plan = plan_closing(quarter)
        form = CloseForm(plan, request.POST)
        form.show_again(plan)
        return show_open(request, quarter, close_form=form, refused=refused.reasons)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("reports:closing", quarter.period)
    messages.success(request, f"{quarter} is closed; its report is version {closed.version}.")
    return redirect("reports:closing", quarter.period)


def reopen_it(request: HttpRequest, quarter: Quarter, person: Person) -> HttpResponse:
    if quarter.status != QuarterStatus.CLOSED:
        return changed_meanwhile(request, quarter, person)
    updates = list(QuarterlyUpdate.objects.filter(quarter=quarter).select_related("priority").order_by("priority"))
    form = ReopenForm(updates, request.POST)
    if form.is_valid():
        try:
            reopen(quarter, by=person, **form.asked())
        except Refused as refused:
            form.add_error(None, list(refused.reasons))
    if not form.is_valid():
        return show_closed(request, quarter, reopen_form=form, form=form, failed=True)
    until = f"{form.cleaned_data['until']:%-d %B %Y}"
    messages.success(request, f"{quarter} is reopened for {form.cleaned_data['for_']} until {until}.")
    return redirect("reports:closing", quarter.period)


def give_it_more_time(request: HttpRequest, quarter: Quarter, person: Person) -> HttpResponse:
    if not quarter.is_reopened:
        return changed_meanwhile(request, quarter, person)
    form = MoreTimeForm(request.POST)
    if form.is_valid():
        try:
            give_more_time(quarter, by=person, until=form.cleaned_data["until"])
        except Refused as refused:
            form.add_error(None, list(refused.reasons))
    if not form.is_valid():
        return show_open(request, quarter, more_time_form=form, form=form, failed=True)
    messages.success(request, f"{quarter} is reopened until {form.cleaned_data['until']:%-d %B %Y}.")
    return redirect("reports:closing", quarter.period)


ACTS = {"close": close_it, "reopen": reopen_it, "prolong": give_it_more_time}


@says_what_is_unreadable
def version(request: HttpRequest, period: Period, number: int) -> HttpResponse:
    """The whole quarter as it was closed then, on one page."""
    shelf = take(request, period)
    versions = list(ClosedReport.objects.filter(quarter=shelf.current).order_by("version").defer("body"))
    found = next((closed for closed in versions if closed.version == number), None)
    if found is None:
        raise Http404(f"{period} has no version {number}.")
    found.quarter = shelf.current
    context = {"report": read(found), "shelf": shelf, "newest": versions[-1]}
    return render(request, "reports/print.html", context)
