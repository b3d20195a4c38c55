from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from indicators.models import Indicator, Reading
from priorities.door import Refused
from priorities.models import QuarterlyUpdate, Section
from priorities.people import signed_in
from priorities.periods import Period
from updates.changes import changes_of, form_of, forms_of, moves_of, restore

from .update import find, page


def timeline(request: HttpRequest, period: Period, slug: str) -> HttpResponse:
    update = readable(request, period, slug)
    person = signed_in(request)
    changes = changes_of(forms_of(update, update.readable_sections(person), person)) + moves_of(update)
    changes.sort(key=lambda change: change.at, reverse=True)
    shown = Paginator(changes, 100).get_page(request.GET.get("page"))
    around = page(update, person) | {"here": "timeline", "title": "Who changed what"}
    return render(request, "updates/timeline.html", around | {"changes": shown})


def history(request: HttpRequest, period: Period, slug: str, section: str, key: str = "") -> HttpResponse:
    """What happened to one row, and the way back to an earlier value of a cell."""
    update = readable(request, period, slug)
    person = signed_in(request)
    forms = form_of(update, section, key, person)
    form = forms[0]
    if request.method == "POST":
        return restored(request, forms)
    may_restore = (
        len(forms) == 1
        and update.is_editable
        and person.may_write(update.priority_id, frozenset([section]), form.row.holder_id)
    )
    around = page(update, person, section) | {
        "title": f"History of {form.label if len(forms) == 1 else Section(section).label.lower()}"
    }
    context = {"changes": changes_of(forms), "may_restore": may_restore, "form": form}
    if len(forms) == 1 and isinstance(form.row, Reading):
        context["replaced"] = last_reading_replaced(form.row.indicator)
    return render(request, "updates/history.html", around | context)


def last_reading_replaced(indicator: Indicator) -> Reading | None:
    """The last that the indicator said whose place this one takes; its own history goes on from there."""
    if indicator.replaces_id is None:
        return None
    said = Reading.objects.filter(indicator=indicator.replaces_id)
    said = said.select_related("indicator", "update__quarter", "update__priority")
    return said.order_by("-update__quarter__financial_year", "-update__quarter__number").first()


def restored(request: HttpRequest, forms: list[Any]) -> HttpResponse:
    name, _, entry = request.POST.get("restore", "").partition(":")
    form = forms[0]
    if len(forms) > 1 or name not in form.stored or not entry.isdecimal() or len(entry) > 18:
        raise Http404("There is no such value.")
    try:
        restore(form, name, int(entry), by=signed_in(request))
        messages.success(request, f"{form.fields[name].label}: the earlier value is back.")
    except Refused as refused:
        messages.error(request, str(refused))
    return HttpResponseRedirect(request.path)


def readable(request: HttpRequest, period: Period, slug: str) -> QuarterlyUpdate:
    """The update of an address, for whoever may read any of it in the report."""
    person, update = signed_in(request), find(period, slug)
    if not update.readable_sections(person) and not person.has_rows_of(update.priority_id):
        raise PermissionDenied(f"{update} is not open to you yet.")
    return update
