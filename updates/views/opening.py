from __future__ import annotations

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone

from priorities.cells import is_key, parse_date
from priorities.door import Refused
from priorities.fields import CellField
from priorities.history import Source
from priorities.models import ChangeSet, Person, Plan, Quarter, QuarterStatus
from priorities.people import signed_in
from priorities.periods import Period
from updates.opening import (
    DAYS_TO_FILL_IN,
    OPENED,
    TO_FILL_IN,
    Opening,
    all_quarters,
    default_due_date,
    newest_opened,
    next_to_open,
    open_quarter,
    plan_opening,
    wrong_due_date,
)
from updates.plans import NewPlanForm

CHANGED = "Something that it carries was changed after this page was loaded. Look at it again, then press once more."


class OpeningForm(forms.Form):
    """When the updates are due, and the plan that was shown."""

    due_on = CellField(parse=parse_date, label="Updates are due on", required=False)
    shown = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, period: Period, data: Any = None) -> None:
        super().__init__(data)
        self.period = period
        self.helper = FormHelper()
        self.helper.form_tag, self.helper.disable_csrf = False, True
        self.helper.layout = Layout("due_on")  # the plan shown is the page's own
        self.fields["due_on"].help_text = (
            f"Like 28/10/2022. Empty: {default_due_date(period):%-d %B %Y}, {DAYS_TO_FILL_IN} days after "
            f"{'today' if period.ends_on + TO_FILL_IN < timezone.localdate() else 'the quarter’s end'}. "
            "It can be extended for single priorities later."
        )

    def clean_due_on(self) -> Any:
        day = self.cleaned_data["due_on"]
        if day and (wrong := wrong_due_date(self.period, day)):
            raise forms.ValidationError(wrong)
        return day


def next_one(request: HttpRequest) -> HttpResponse:
    """To the page that opens whichever quarter comes next, or makes the plan that it needs."""
    administrator(request)
    quarters = all_quarters()
    newest, following = newest_opened(quarters), next_to_open(quarters)
    if following is not None:
        return redirect("updates:opening", following.period)
    if newest is not None:
        return redirect("updates:opening", newest.period.next)
    told = "Nothing is set up yet: import the first workbook, or make a plan in the administration."
    messages.info(request, told)
    return redirect("reports:home")


def opening(request: HttpRequest, period: Period) -> HttpResponse:
    """What opening this quarter would make, and the button that makes exactly that."""
    person = administrator(request)
    if "make-plan" in request.POST:
        return new_plan(request, period)
    form = OpeningForm(period, request.POST or None)
    if request.method == "POST" and form.is_valid() and "again" not in request.POST:
        try:
            return opened(request, period, form, person)
        except Refused as refused:
            return show(request, period, form, refused.reasons)
    return show(request, period, form)


def show(request: HttpRequest, period: Period, form: OpeningForm, refused: tuple[str, ...] = ()) -> HttpResponse:
    try:
        planned = plan_opening(period, leaving_goals=left(request))
    except Refused as shut:
        return not_to_be_opened(request, period, shut)
    return preview(request, planned, form, refused)


def administrator(request: HttpRequest) -> Person:
    person = signed_in(request)
    if not person.is_administrator:
        raise PermissionDenied("Quarters are opened by administrators; ask one.")
    return person


def left(request: HttpRequest) -> set[int]:
    """The goals that were offered and are not ticked."""
    unticked = set(request.POST.getlist("offered")) - set(request.POST.getlist("goals"))
    return {int(key) for key in unticked if is_key(key)}


def opened(request: HttpRequest, period: Period, form: OpeningForm, person: Person) -> HttpResponse:
    """Open what was shown. Raises Refused, with nothing opened, if that is something else by now."""
    day = form.cleaned_data["due_on"] or default_due_date(period)
    planned = plan_opening(period, due_on=day, leaving_goals=left(request))
    if planned.fingerprint != form.cleaned_data["shown"]:
        raise Refused(CHANGED)
    quarter = open_quarter(planned, by=person, source=Source.FORM)
    count = len(planned.updates)
    messages.success(
        request, f"{quarter} is open: {count} update{'s' * (count != 1)}, due on {quarter.due_on:%-d %B %Y}."
    )
    return redirect("reports:overview", quarter.period)


def preview(request: HttpRequest, planned: Opening, form: OpeningForm, refused: tuple[str, ...]) -> HttpResponse:
    due_on = planned.quarter.due_on
    form.initial["due_on"] = f"{due_on:%d/%m/%Y}"
    context = {
        "title": f"Open {planned.quarter}",
        "quarter": planned.quarter,
        "opening": planned,
        "parts": planned.parts,
        "form": form,
        "failed": bool(form.errors),
        "refused": refused,
        "is_over": due_on is not None and due_on < timezone.localdate(),
    }
    return render(request, "updates/opening.html", context)


def not_to_be_opened(request: HttpRequest, period: Period, why: Refused, form: NewPlanForm | None = None) -> Any:
    """Why this quarter can't be opened, and what can be done instead: another one, or a new plan."""
    quarters = all_quarters()
    found = next((quarter for quarter in quarters if quarter.period == period), None)
    following = next_to_open(quarters)
    old = old_plan(quarters, period)
    if form is None and following is None and found is None and needs_a_plan(quarters, period):
        form = NewPlanForm(period, old)
    title = f"Open {period}"
    if found is not None and found.status != QuarterStatus.PLANNED:
        title = f"{period} is {found.get_status_display().lower()} already"
    context = {
        "title": title,
        "quarter": period,
        "why": why.reasons,
        "found": found,
        "act": opened_by(found) if found else None,
        "following": following,
        "old": old,
        "form": form,
        "failed": form is not None and form.is_bound,
    }
    return render(request, "updates/opening_shut.html", context)


def needs_a_plan(quarters: list[Quarter], period: Period) -> bool:
    """Whether this is the quarter after the newest one, or nothing was ever opened, and no plan covers it."""
    newest = newest_opened(quarters)
    covered = Plan.objects.filter(first_year__lte=period.year, last_year__gte=period.year).exists()
    return not covered and (newest is None or newest.period.next == period)


def old_plan(quarters: list[Quarter], period: Period) -> Plan | None:
    newest = newest_opened(quarter for quarter in quarters if quarter.period < period)
    return newest.plan if newest else None


def opened_by(quarter: Quarter) -> ChangeSet | None:
    """The act that opened a quarter."""
    entry = Quarter.history.filter(id=quarter.pk, change_set__act=OPENED).select_related("change_set__person").first()
    return entry.change_set if entry else None


def new_plan(request: HttpRequest, period: Period) -> HttpResponse:
    """Make the plan that the next quarter needs, then show what opening that quarter would make."""
    quarters = all_quarters()
    form = NewPlanForm(period, old_plan(quarters, period), request.POST)
    why = Refused(f"No plan covers {period}.")
    if not needs_a_plan(quarters, period):
        messages.error(request, f"{period} needs no new plan; nothing was made.")
        return HttpResponseRedirect(request.path)
    if not form.is_valid():
        return not_to_be_opened(request, period, why, form)
    try:
        plan = form.make(by=signed_in(request))
    except Refused as refused:
        form.add_error(None, list(refused.reasons))
        return not_to_be_opened(request, period, why, form)
    messages.success(request, f"“{plan}” is made, with its quarters. This is what opening its first one makes.")
    return HttpResponseRedirect(request.path)
