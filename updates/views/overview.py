from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from priorities.door import Refused
from priorities.models import Person, Quarter, QuarterStatus, UpdateStatus
from priorities.moves import (
    APPROVE_OVERVIEW,
    OVERVIEW_MOVES,
    SEND_BACK_OVERVIEW,
    SUBMIT_OVERVIEW,
    WITHDRAW_OVERVIEW,
)
from priorities.people import signed_in
from priorities.periods import Period
from updates.changes import past
from updates.forms import SendBackForm
from updates.models import OverviewDraft
from updates.overview import (
    AuthorForm,
    OverviewEntry,
    OverviewForm,
    approve_overview,
    changes_of_overview,
    forget_draft,
    has_part,
    keep_draft,
    last_return,
    may_write,
    name_author,
    quarters,
    refusal,
    save_overview,
    send_back_overview,
    submit_overview,
    who_approves,
    why_not,
    withdraw_overview,
    wrote,
)
from updates.progress import overview_text
from updates.typed import Typed, cells, keeps_typed, only_acts, posted_to, version_in, whose

from .changes import restored
from .entry import computed
from .update import Act

HERE = "updates:overview"


def take(request: HttpRequest, period: Period) -> Quarter:
    """The quarter of an address, for those whose its overview is; 404 without one, 403 for others."""
    quarter, person = quarters().filter(financial_year=period.year, number=period.number).first(), signed_in(request)
    if quarter is None:
        raise Http404(f"There is no quarter {period} here.")
    if not has_part(quarter, person):
        raise PermissionDenied(
            f"The overview of {quarter} is written by its author, managers and administrators; ask one of them."
        )
    if quarter.status == QuarterStatus.PLANNED:
        raise PermissionDenied(f"{quarter} has not been opened yet. An administrator opens it when its turn comes.")
    return quarter


def adopt(request: HttpRequest, typed: Typed, period: Period) -> OverviewEntry:
    """Keep what was typed as a draft. Raises PermissionDenied and Http404 as the page does."""
    entry = OverviewEntry(take(request, period), signed_in(request), typed, submitted=True)
    entry.recall()
    keep_draft(entry)
    return entry


@keeps_typed(adopt)
def overview(request: HttpRequest, period: Period) -> HttpResponse:
    quarter = take(request, period)
    return sent(request, quarter) if request.method == "POST" else show_stored(request, quarter)


@only_acts
@require_POST
def draft(request: HttpRequest, period: Period) -> HttpResponse:
    """Autosave: keep what is typed, and answer with what is computed from it."""
    return computed(adopt(request, cells(request), period))


def show_stored(request: HttpRequest, quarter: Quarter, **context: Any) -> HttpResponse:
    """The page with what is stored, and on top of it what this person typed and has not saved."""
    person = signed_in(request)
    kept = OverviewDraft.objects.filter(quarter=quarter, person=person).first()
    entry = OverviewEntry(quarter, person, kept.data if kept else {})
    if kept:
        context |= {"unsaved": entry.differences(), "saved_at": kept.saved_at}
    return show(request, entry, **context)


def show(request: HttpRequest, entry: OverviewEntry, **context: Any) -> HttpResponse:
    quarter, person = entry.quarter, entry.person
    around = page(quarter, person) | moves_for(quarter, person)
    around |= {"entry": entry, "doubts": entry.doubts(), "who": whose(person)}
    return render(request, "updates/overview.html", around | context)


def page(quarter: Quarter, person: Person) -> dict[str, Any]:
    """What both pages of an overview show around their own content."""
    return {
        "quarter": quarter,
        "overview_of": quarter,
        "here": "overview",
        "title": "Overview",
        "due_text": overview_text(quarter),
        "draft_url": reverse("updates:overview_draft", args=[quarter.period]),
        "locked": why_not(quarter, person),
    }


def moves_for(quarter: Quarter, person: Person) -> dict[str, Any]:
    """Which moves this person can make now, who can approve it, and why it was sent back."""
    history = list(past(Quarter, [quarter.pk]))
    own = wrote(quarter, history)
    may = {move.verb.replace(" ", "_"): not refusal(quarter, move, person) for move in OVERVIEW_MOVES}
    waits = quarter.status == QuarterStatus.OPEN and quarter.overview_status in APPROVE_OVERVIEW.sources
    was_sent_back = quarter.overview_status == UpdateStatus.SENT_BACK
    theirs = person.pk in (quarter.overview_submitted_by_id, quarter.overview_author_id)
    return {
        "may": may | {"approve": may["approve"] and person.pk not in own, "withdraw": may["withdraw"] and theirs},
        "waits": who_approves(own) if waits else "",
        "is_own": person.pk in own,
        "sent_back": last_return(history) if was_sent_back else None,
        "send_back_form": SendBackForm(),
        "author_form": author_form(quarter) if person.is_administrator and may_write(quarter, person) else None,
    }


def author_form(quarter: Quarter) -> AuthorForm:
    form = AuthorForm()
    form.initial = {"to": quarter.overview_author_id}
    return form


def sent(request: HttpRequest, quarter: Quarter) -> HttpResponse:
    person, typed = signed_in(request), cells(request)
    if "discard" in typed:
        forget_draft(quarter, person)
        messages.info(request, "What was typed and not saved is thrown away; this is what is stored.")
        return redirect(HERE, quarter.period)
    if "start" in typed and may_write(quarter, person):
        return start_from_last(request, quarter, typed)
    try:
        entry = save_overview(quarter, person, typed)
    except Refused as refused:
        return not_saved(request, quarter.period, typed, refused)
    if entry.problems:
        keep_draft(entry)
        return show(request, entry, failed=True)
    if typed.get("then") == "submit":
        return moved(request, quarter, ACTS["submit"])
    told = f"Overview saved at {timezone.localtime():%H:%M}." if entry.changed else "Overview: nothing had changed."
    messages.success(request, told)
    return redirect(HERE, quarter.period)


def start_from_last(request: HttpRequest, quarter: Quarter, typed: Typed) -> HttpResponse:
    """Put last quarter's text into the draft."""
    entry = OverviewEntry(quarter, signed_in(request), typed, submitted=True)
    entry.recall()
    entry.form.type("overview", entry.form.last_text("overview"))
    keep_draft(entry)
    return redirect(f"{reverse(HERE, args=[quarter.period])}#id_{entry.form.add_prefix('overview')}")


def not_saved(request: HttpRequest, period: Period, typed: Typed, refused: Refused) -> HttpResponse:
    """What was typed stays on the page and as a draft; sent twice with "submit", it is submitted already."""
    entry = adopt(request, typed, period)
    submitted_at = entry.quarter.overview_submitted_at
    if typed.get("then") == "submit" and submitted_at and not entry.differences():
        messages.info(request, f"It was submitted already, at {timezone.localtime(submitted_at):%H:%M}.")
        return redirect(HERE, period)
    return show(request, entry, refused=refused.reasons)


# Moves

ACTS = {
    "submit": Act(
        SUBMIT_OVERVIEW, submit_overview, "The overview of {quarter} is submitted; a manager approves it next."
    ),
    "withdraw": Act(
        WITHDRAW_OVERVIEW, withdraw_overview, "The overview of {quarter} is withdrawn; you can go on with it."
    ),
    "approve": Act(APPROVE_OVERVIEW, approve_overview, "The overview of {quarter} is approved."),
    "send-back": Act(SEND_BACK_OVERVIEW, send_back_overview, "The overview of {quarter} is sent back.", SendBackForm),
}


@posted_to(HERE, "period", typed=True)
def move(request: HttpRequest, period: Period, verb: str) -> HttpResponse:
    """Submit, withdraw, approve or send back."""
    quarter = take(request, period)
    act = ACTS.get(verb)
    if act is None:
        raise Http404("There is no such move.")
    if told := refusal(quarter, act.move, signed_in(request)):
        messages.error(request, told)
        return redirect(HERE, period)
    form = act.form(request.POST) if act.form else None
    if form is not None and not form.is_valid():
        return show_stored(request, quarter, form=form, **{form.name: form})
    given = {"seen": version_in(cells(request))} if act.move is APPROVE_OVERVIEW else {}
    return moved(request, quarter, act, **given, **(form.cleaned_data if form else {}))


def moved(request: HttpRequest, quarter: Quarter, act: Act, **given: Any) -> HttpResponse:
    try:
        act.make(quarter, by=signed_in(request), **given)
        messages.success(request, act.done.format(quarter=quarter))
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect(HERE, quarter.period)


@posted_to(HERE, "period", typed=True)
def author(request: HttpRequest, period: Period) -> HttpResponse:
    """Name who writes it: administrators only."""
    quarter = take(request, period)
    if not signed_in(request).is_administrator:
        messages.error(request, "Only an administrator names who writes the overview; ask one to.")
        return redirect(HERE, period)
    form = AuthorForm(request.POST)
    if not form.is_valid():
        return show_stored(request, quarter, form=form, author_form=form)
    to = form.cleaned_data["to"]
    try:
        name_author(quarter, to=to, by=signed_in(request))
        messages.success(request, f"{to or 'Nobody in particular'} writes the overview of {quarter} now.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect(HERE, period)


def history(request: HttpRequest, period: Period) -> HttpResponse:
    """Who changed what of it, and the way back to an earlier text."""
    quarter, person = take(request, period), signed_in(request)
    if request.method == "POST":
        return restored(request, [OverviewForm(quarter)])
    around = page(quarter, person) | {"here": "timeline", "title": "History of the overview"}
    around |= {"changes": changes_of_overview(quarter), "may_restore": may_write(quarter, person)}
    return render(request, "updates/history.html", around)
