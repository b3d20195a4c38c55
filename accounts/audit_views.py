"""The audit log, for administrators to read and to take away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from priorities.audit import Act, AuditEvent
from priorities.cells import parse_date
from priorities.fields import CellField
from priorities.people import signed_in
from workbooks.sending import sent
from workbooks.writing.csvs import table

A_PAGE = 100
DAY = "like 30/06/2022"
HEADINGS = ("When", "Act", "By", "About", "Detail", "From address", "Route")


class AuditForm(forms.Form):
    """Which entries a list shows. What is no date is told, and leaves none out."""

    who = forms.CharField(label="User name, of who did it or whom it is about", max_length=150, required=False)
    act = forms.ChoiceField(label="Act", choices=[("", "All"), *Act.choices], required=False)
    since = CellField(parse=parse_date, label=f"From, {DAY}", required=False)
    until = CellField(parse=parse_date, label=f"Until, {DAY}", required=False)

    def found(self) -> QuerySet[AuditEvent]:
        self.is_valid()
        chosen, wanted = self.cleaned_data, Q()
        if who := chosen.get("who"):
            wanted &= Q(name__icontains=who) | Q(about__icontains=who)
        if act := chosen.get("act"):
            wanted &= Q(act=act)
        if since := chosen.get("since"):
            wanted &= Q(at__gte=beginning(since))
        if until := chosen.get("until"):
            wanted &= Q(at__date__lte=until)
        return AuditEvent.objects.filter(wanted)


def beginning(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))


def administrators_only(request: HttpRequest) -> None:
    if not signed_in(request).is_administrator:
        raise PermissionDenied("The audit log is read by administrators; ask one of them.")


@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    administrators_only(request)
    form = AuditForm(request.GET)
    shown = Paginator(form.found(), A_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context: dict[str, Any] = {
        "title": "Audit log",
        "form": form,
        "failed": bool(form.errors),
        "shown": shown,
        "query": query.urlencode(),
    }
    return render(request, "accounts/audit.html", context)


@require_safe
def download(request: HttpRequest) -> HttpResponse:
    """The same entries, all of them, as .csv; that it was taken is an entry too."""
    administrators_only(request)
    found = AuditForm(request.GET).found()
    return sent(table(HEADINGS, rows(found)), f"audit-{timezone.localdate()}.csv", "text/csv; charset=utf-8")


def rows(events: QuerySet[AuditEvent]) -> Iterator[tuple[str, ...]]:
    for event in events.iterator(2000):
        at = f"{timezone.localtime(event.at):%Y-%m-%d %H:%M:%S%z}"
        address = event.address or ""
        yield at, event.get_act_display(), event.name, event.about, event.detail, address, event.route
