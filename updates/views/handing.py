from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from priorities.cells import is_key
from priorities.door import Refused
from priorities.models import Assignment, QuarterlyUpdate
from priorities.people import signed_in
from priorities.periods import Period
from updates.handing import take_back
from updates.people import DeputyForm, HandOverForm, RowsForm, SectionForm, people_of

from .update import page, take


def people(request: HttpRequest, period: Period, slug: str) -> HttpResponse:
    """Who holds what of an update; a form each for a section, for rows and for a deputy."""
    update = take(request, period, slug)
    person = signed_in(request)
    if not person.leads(update.priority_id):
        raise PermissionDenied(f"Parts of {update.priority} are handed over by its lead, a deputy or an administrator.")
    if "take-back" in request.POST:
        taken_back(request, update)
        return redirect("updates:people", period, slug)
    forms = {
        kind.name: kind(update=update, data=request.POST if f"{kind.name}-to" in request.POST else None)
        for kind in (SectionForm, RowsForm, DeputyForm)
    }
    sent = next((form for form in forms.values() if form.is_bound), None)
    if sent is not None and handed_over(request, update, sent):
        return redirect("updates:people", period, slug)
    around = page(update, person) | {"here": "people", "title": "Who holds what"}
    context = {"forms": forms, "people": people_of(update), "form": sent, "failed": sent is not None}
    return render(request, "updates/people.html", around | context)


def handed_over(request: HttpRequest, update: QuarterlyUpdate, form: HandOverForm) -> bool:
    """Do what the form asks; False, with its errors, where that can't be done."""
    if not form.is_valid():
        return False
    try:
        messages.success(request, form.hand_over(update.priority, by=signed_in(request)))
    except Refused as refused:
        form.add_error(None, list(refused.reasons))
    return form.is_valid()


def taken_back(request: HttpRequest, update: QuarterlyUpdate) -> None:
    key = request.POST["take-back"]
    own = Assignment.objects.select_related("priority", "person").filter(priority=update.priority_id)
    found = own.filter(pk=key).first() if is_key(key) else None
    try:
        if found is None:
            raise Refused("That was taken back already.")
        take_back(found, by=signed_in(request))
        messages.success(request, f"Taken back: {found}.")
    except Refused as refused:
        messages.error(request, str(refused))
