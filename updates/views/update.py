from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from priorities.door import Refused
from priorities.models import Person, QuarterlyUpdate, Section, UpdateStatus, is_open_to
from priorities.moves import BEGIN_REVIEW, EXTEND, MOVES, SEND_BACK, WITHDRAW, Move
from priorities.people import signed_in
from priorities.periods import Period
from updates.comparison import sections_in_hand
from updates.forms import ExtendForm, MoveForm, SendBackForm
from updates.models import Comment
from updates.overview import overviews_for
from updates.progress import expected_text, progress_of, signings_of, updates_for
from updates.submitting import (
    begin_review,
    extend,
    send_back,
    withdraw,
)
from updates.typed import posted_to


def mine(request: HttpRequest) -> HttpResponse:
    """What somebody has to fill in. After signing in, those with one priority land on its newest update, those with
    an overview to write on it, those who only sign off on the one that waits for them, those with nothing on the
    report; with `?all` the list is shown to everybody.
    """
    person, is_list = signed_in(request), "all" in request.GET
    updates, overviews = list(updates_for(person)), overviews_for(person)
    waiting = [task for task in overviews if is_list or task.is_open]
    if not updates and not waiting and not person.current_assignments:
        return redirect("reports:home")
    own = [update for update in updates if person.fills_in(update.priority_id)]
    signings = signings_of([update for update in updates if update not in own], person)
    to_sign = [each.update for each in signings if each.waits]
    if not is_list and not own and not to_sign and len(waiting) == 1:
        return redirect("updates:overview", waiting[0].quarter.period)
    if not is_list and not waiting and not to_sign and len({update.priority_id for update in own}) == 1:
        return redirect("updates:update", own[0].quarter.period, own[0].priority.slug)
    if not is_list and not waiting and not own and len(to_sign) == 1:
        return redirect("updates:review", to_sign[0].quarter.period, to_sign[0].priority.slug)
    shared = [u.quarter for u in own if Section.FINANCE in person.sections_of(u.priority_id)]
    several = {quarter.pk: quarter for quarter in shared if shared.count(quarter) > 1}
    to_fill = {update.quarter_id: update.quarter for update in own if not locked([update], person)}
    context = {
        "progress": progress_of(own, person),
        "finance_quarters": list(several.values()),
        "to_fill": list(to_fill.values()),
    }
    return render(request, "updates/mine.html", context | {"overviews": overviews, "signings": signings})


def find(period: Period, slug: str) -> QuarterlyUpdate:
    """The update of an address, with how many comments of its review nobody has answered, as `unanswered`."""
    asked = Comment.objects.unanswered().filter(update=OuterRef("pk")).order_by().values("update")
    count = Subquery(asked.annotate(count=Count("pk")).values("count"))
    found = QuarterlyUpdate.objects.select_related("quarter__plan", "priority", "sent_back__by").filter(
        priority__slug=slug
    )
    found = found.annotate(unanswered=count)
    update = found.filter(quarter__financial_year=period.year, quarter__number=period.number).first()
    if update is None:
        raise Http404(f"{period} has no update at this address.")
    return update


def take(request: HttpRequest, period: Period, slug: str) -> QuarterlyUpdate:
    """The update of an address, for those who fill it in and those who see all; 404 without one, 403 for others."""
    person, update = signed_in(request), find(period, slug)
    if not person.sees_all and not person.fills_in(update.priority_id):
        raise PermissionDenied(f"{update} is not yours to fill in. Its lead or an administrator can give you a part.")
    return update


def task_list(request: HttpRequest, period: Period, slug: str) -> HttpResponse:
    return show_update(request, take(request, period, slug))


def show_update(request: HttpRequest, update: QuarterlyUpdate, **context: Any) -> HttpResponse:
    person = signed_in(request)
    may_fill = person.fills_in(update.priority_id)
    around = page(update, person) | {"here": "update", "title": "Update"}
    around |= {
        "progress": progress_of([update], person)[0],
        "may_fill": may_fill,
        "locked": locked([update], person) if may_fill else [],
        "comments": asked_of([update], sections_in_hand(update, person)),
        "sent_back": getattr(update, "sent_back", None) if update.status == UpdateStatus.SENT_BACK else None,
    }
    return render(request, "updates/update.html", around | moves_for(person, update) | context)


def asked_of(updates: Iterable[QuarterlyUpdate], sections: Iterable[str]) -> Any:
    """The comments of the review on these sections that nobody has answered yet. One query, when it is read."""
    asked = Comment.objects.unanswered().filter(update__in=list(updates), section__in=list(sections))
    return asked.select_related("author")


def page(update: QuarterlyUpdate, person: Person, section: str = "") -> dict[str, Any]:
    """What every page of an update shows around its own content."""
    return {
        "update": update,
        "quarter": update.quarter,
        "section": section,
        "sections": sections_for(person, update),
        "due_text": expected_text(update),
        "leads_it": person.leads(update.priority_id),
        "has_part": person.sees_all or person.fills_in(update.priority_id),
        "reviews_it": person.sees_all or bool(person.signs(update.priority_id)),
    }


def sections_for(person: Person, update: QuarterlyUpdate) -> list[Section]:
    """The sections with something of theirs; a contributor with single rows may have some in any but the texts."""
    own = set(person.sections_of(update.priority_id))
    if person.has_rows_of(update.priority_id):
        own |= {Section.INDICATORS, Section.RISKS, Section.GOALS}
    return [section for section in Section if section in own]


def locked(updates: Iterable[QuarterlyUpdate], person: Person) -> list[str]:
    """Why nothing can be saved now; nothing while it can."""
    shut = [update.pk for update in updates if not update.is_editable or not is_open_to(update, person)]
    return QuarterlyUpdate.objects.filter(pk__in=shut).why_not_editable(person) if shut else []


def moves_for(person: Person, update: QuarterlyUpdate) -> dict[str, Any]:
    """Which moves this person can make now, for the buttons of a page."""
    return {
        "may": {move.verb.replace(" ", "_"): move.open_to(person, update) for move in MOVES},
        "send_back_form": SendBackForm(),
        "extend_form": ExtendForm(),
    }


@dataclass(frozen=True, slots=True)
class Act:
    """A move as the page offers it: what makes it, what is said once it is made, and the form where it needs one."""

    move: Move
    make: Callable[..., None]
    done: str
    form: type[MoveForm] | None = None


BY_ADDRESS = {
    "withdraw": Act(WITHDRAW, withdraw, "{update} is withdrawn; you can go on with it."),
    "review": Act(BEGIN_REVIEW, begin_review, "The review of {update} has begun; its lead can't withdraw it any more."),
    "send-back": Act(SEND_BACK, send_back, "{update} is sent back.", SendBackForm),
    "extend": Act(EXTEND, extend, "{update} is due on {due_on:%-d %B %Y} now.", ExtendForm),
}


@posted_to("updates:update", "period", "slug", typed=True)
def move(request: HttpRequest, period: Period, slug: str, verb: str) -> HttpResponse:
    """Withdraw, begin review, send back or extend; the last two with a reason."""
    update = take(request, period, slug)
    person = signed_in(request)
    act = BY_ADDRESS.get(verb)
    if act is None:
        raise Http404("There is no such move.")
    if not act.move.open_to(person, update):
        messages.error(request, act.move.refusal(person, update))
        return redirect("updates:update", period, slug)
    form = act.form(request.POST) if act.form else None
    if form is not None and not form.is_valid():
        return show_update(request, update, form=form, failed=True, **{form.name: form})
    given = form.cleaned_data if form else {}
    try:
        act.make(update, by=person, **given)
        messages.success(request, act.done.format(update=update, **given))
    except Refused as refused:
        if isinstance(form, ExtendForm):
            form.add_error("due_on", list(refused.reasons))
            return show_update(request, update, form=form, failed=True, **{form.name: form})
        messages.error(request, str(refused))
    return redirect("updates:update", period, slug)
