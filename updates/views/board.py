from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from priorities.cells import is_key
from priorities.door import Refused
from priorities.models import Person, Quarter, QuarterlyUpdate, QuarterStatus
from priorities.moves import EXTEND
from priorities.people import signed_in
from priorities.periods import Period
from updates.board import BoardLine, board_of, updates_of
from updates.forms import ExtendForm
from updates.notices import waiting_mail
from updates.reminding import remind
from updates.submitting import extend
from updates.typed import posted_to


def chaser(request: HttpRequest) -> Person:
    """The person of a request, if they see all of a quarter; 403 for others."""
    person = signed_in(request)
    if not person.sees_all:
        raise PermissionDenied(
            "How far everybody is, is for managers and administrators to see. What is yours is under “My updates”."
        )
    return person


def newest(request: HttpRequest) -> HttpResponse:
    """To the board of the newest open quarter, or of the newest that there is."""
    chaser(request)
    begun = Quarter.objects.exclude(status=QuarterStatus.PLANNED)
    quarter = begun.filter(status=QuarterStatus.OPEN).first() or begun.first()
    if quarter is None:
        messages.info(request, "No quarter has been opened yet, so there is no progress to show.")
        return redirect("reports:home")
    return redirect("updates:progress", quarter.period)


def progress(request: HttpRequest, period: Period) -> HttpResponse:
    return show_board(request, period, chaser(request))


def show_board(request: HttpRequest, period: Period, person: Person, **context: Any) -> HttpResponse:
    """The board; `form` is one for more time that was sent and is wrong, `asked` the update that it is about."""
    updates = list(updates_of(period))
    quarter = updates[0].quarter if updates else planned(period)
    board = board_of(quarter, updates)
    asked: Any = context.get("asked")
    lines = [
        (line, more_time(line, person, context["form"] if asked and asked.pk == line.update.pk else None))
        for line in board.lines
    ]
    around = {"title": f"Progress, {quarter}", "quarter": quarter, "board": board, "lines": lines}
    if updates:
        around["earlier"] = period.previous if updates[0].has_earlier else None
        around["later"] = period.next if updates[0].has_later else None
    around["waiting_mail"] = waiting_mail() if any(update.mail_waits for update in updates) else ""
    return render(request, "updates/board.html", around | context)


def planned(period: Period) -> Quarter:
    return get_object_or_404(Quarter.objects.select_related("plan", "overview_author").at(period))


def more_time(line: BoardLine, person: Person, sent: ExtendForm | None) -> ExtendForm | None:
    """The form that gives a line more time, where it can be given; its fields have ids of their own."""
    if not EXTEND.open_to(person, line.update):
        return None
    form = sent or ExtendForm()
    form.auto_id = ids(line.update)
    return form


def ids(update: QuarterlyUpdate) -> str:
    return f"id_{update.pk}_%s"


@posted_to("updates:progress", "period")
def remind_some(request: HttpRequest, period: Period) -> HttpResponse:
    """Remind those with something outstanding in one update, or in all of the quarter; and say what came of it."""
    person = chaser(request)
    updates = [asked_for(request, period)] if "update" in request.POST else list(updates_of(period))
    for sentence in remind(updates, by=person).told:
        messages.info(request, sentence)
    return redirect("updates:progress", period)


def asked_for(request: HttpRequest, period: Period) -> QuarterlyUpdate:
    key = request.POST.get("update", "")
    found = updates_of(period).filter(pk=key).first() if is_key(key) else None
    if found is None:
        raise Http404("There is no such update.")
    return found


@posted_to("updates:progress", "period", typed=True)
def give_time(request: HttpRequest, period: Period) -> HttpResponse:
    """Give one update more time, on the board."""
    person, update = chaser(request), asked_for(request, period)
    if not EXTEND.open_to(person, update):
        messages.error(request, EXTEND.refusal(person, update))
        return redirect("updates:progress", period)
    form = ExtendForm(request.POST)
    form.auto_id = ids(update)
    if form.is_valid():
        try:
            extend(update, by=person, **form.cleaned_data)
        except Refused as refused:
            form.add_error("due_on", list(refused.reasons))
    if form.errors:
        return show_board(request, period, person, form=form, asked=update, failed=True)
    messages.success(request, f"{update} is due on {form.cleaned_data['due_on']:%-d %B %Y} now.")
    return redirect(f"{reverse('updates:progress', args=[period])}#update-{update.pk}")
