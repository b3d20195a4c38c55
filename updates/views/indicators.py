from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from indicators.models import Indicator
from priorities.door import Refused
from priorities.models import Quarter
from priorities.people import signed_in
from updates.opening import next_to_open
from updates.retiring import ReplaceForm, RetireForm, keep, replace, retire, still_to_come


def indicator(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """What was reported of an indicator, where an administrator retires or replaces it."""
    if not signed_in(request).is_administrator:
        raise PermissionDenied("Indicators are retired and replaced by administrators; ask one.")
    found = Indicator.objects.select_related("priority__plan", "replaces", "holder")
    subject = get_object_or_404(found, key=key)
    quarters = still_to_come(subject)
    forms = {
        "retire": RetireForm(quarters, request.POST if "retire" in request.POST else None),
        "replace": ReplaceForm(subject, quarters, request.POST if "replace" in request.POST else None),
    }
    asked = "keep" in request.POST or any(form.is_bound for form in forms.values())
    if asked and acted(request, subject, forms):
        return redirect("updates:indicator", key)
    return show(request, subject, quarters, forms)


def acted(request: HttpRequest, subject: Indicator, forms: dict[str, Any]) -> bool:
    """Do what was asked; False, with the errors on its form, where that can't be done."""
    sent = next((form for form in forms.values() if form.is_bound), None)
    if sent is not None and not sent.is_valid():
        return False
    try:
        messages.success(request, done(request, subject, sent))
    except (Refused, ValidationError) as error:
        reasons = list(error.reasons) if isinstance(error, Refused) else error.messages
        if sent is not None:
            sent.add_error(None, reasons)
            return False
        messages.error(request, " ".join(reasons))
    return True


def done(request: HttpRequest, subject: Indicator, sent: Any) -> str:
    """The act, and the sentence that says what was done. Raises Refused and ValidationError."""
    person = signed_in(request)
    if sent is None:
        keep(subject, by=person)
        return f"{subject} goes on being reported."
    period = sent.cleaned_data["period"]
    if isinstance(sent, ReplaceForm):
        new = replace(subject, sent.instance, period=period, by=person)
        return f"{new} takes the place of {subject} from {period} on. Earlier quarters stay as they are."
    retire(subject, period=period, by=person)
    return f"{subject} is not reported from {period} on. Earlier quarters stay as they are."


def show(request: HttpRequest, subject: Indicator, quarters: list[Quarter], forms: dict[str, Any]) -> HttpResponse:
    readings = subject.readings.select_related("update__quarter", "update__priority")
    sent = next((form for form in forms.values() if form.is_bound), None)
    to_come = [quarter.period for quarter in quarters]
    context = {
        "indicator": subject,
        "readings": readings.order_by("-update__quarter__financial_year", "-update__quarter__number"),
        "new": subject.replaced_by.first(),
        "may_end": bool(quarters) and (subject.retired_from is None or subject.retired_from in to_come),
        "forms": forms,
        "form": sent,
        "failed": sent is not None,
        "following": next_to_open(),
    }
    return render(request, "updates/indicator.html", context)
