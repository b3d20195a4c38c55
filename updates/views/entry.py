from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import conditional_escape
from django.views.decorators.http import require_POST

from priorities.door import Refused
from priorities.models import RATINGS, Definition, Person, Quarter, QuarterlyUpdate, Section
from priorities.people import signed_in
from priorities.periods import Period
from updates.deciding import Noted, beside, decisions_in
from updates.entry import Entry, drafts_of, forget_drafts, keep_draft, save_entry
from updates.models import Comment
from updates.typed import Typed, cells, keeps_typed, only_acts, whose

from .update import asked_of, locked, page, sections_for, take


def adopt_section(request: HttpRequest, typed: Typed, period: Period, slug: str, section: str) -> Entry:
    """Keep what was typed on an entry page as a draft. Raises PermissionDenied and Http404 as the page does."""
    update = take(request, period, slug)
    person = signed_in(request)
    if not person.fills_in(update.priority_id) or section not in sections_for(person, update):
        raise PermissionDenied("This is not yours to fill in.")
    return adopted(request, [update], section, typed)


def adopt_finance(request: HttpRequest, typed: Typed, period: Period) -> Entry:
    return adopted(request, finance_updates(signed_in(request), period), Section.FINANCE, typed)


def adopted(request: HttpRequest, updates: list[QuarterlyUpdate], section: str, typed: Typed) -> Entry:
    entry = Entry(updates, section, signed_in(request), typed, submitted=True)
    entry.recall()
    keep_draft(entry)
    return entry


@keeps_typed(adopt_section)
def section(request: HttpRequest, period: Period, slug: str, section: str) -> HttpResponse:
    update = take(request, period, slug)
    person = signed_in(request)
    if section not in Section.values:
        raise Http404("There is no section at this address.")
    if not person.fills_in(update.priority_id):
        raise PermissionDenied(f"{update} is filled in by its lead, deputies and contributors; you can read it.")
    if section not in sections_for(person, update):
        raise PermissionDenied(f"{Section(section).label} of {update} is not yours to fill in; ask its lead.")
    around = page(update, person, section) | {"title": Section(section).label}
    return entry_page(request, [update], section, around, following(update, section, person))


@keeps_typed(adopt_finance)
def finance(request: HttpRequest, period: Period) -> HttpResponse:
    """The finance of all priorities that somebody fills in, on one page."""
    person = signed_in(request)
    updates = finance_updates(person, period)
    around = {"quarter": updates[0].quarter, "section": "finance", "title": "Finance of all priorities"}
    return entry_page(request, updates, Section.FINANCE, around, reverse("updates:mine"))


def finance_updates(person: Person, period: Period) -> list[QuarterlyUpdate]:
    found = QuarterlyUpdate.objects.select_related("quarter__plan", "priority").order_by("priority__position")
    updates = [
        update
        for update in found.filter(quarter__financial_year=period.year, quarter__number=period.number)
        if Section.FINANCE in person.sections_of(update.priority_id)
    ]
    if not updates:
        if not Quarter.objects.at(period).exists():
            raise Http404(f"There is no quarter {period} here.")
        raise PermissionDenied(f"You have no finance of {period} to fill in. A priority's lead can give it to you.")
    return updates


def following(update: QuarterlyUpdate, section: str, person: Person) -> str:
    """Where "save and continue" leads: the next section, then the checks for those who submit."""
    own = sections_for(person, update)
    after = own[own.index(Section(section)) + 1 :]
    where = [update.quarter.period, update.priority.slug]
    if after:
        return reverse("updates:section", args=[*where, after[0].value])
    return reverse("updates:check" if person.leads(update.priority_id) else "updates:update", args=where)


def entry_page(
    request: HttpRequest, updates: list[QuarterlyUpdate], section: str, around: dict[str, Any], next_url: str
) -> HttpResponse:
    person = signed_in(request)
    if request.method == "POST":
        return entry_sent(request, updates, section, around, next_url)
    drafts = drafts_of(updates, section, person)
    typed = {name: text for draft in drafts for name, text in draft.data.items()}
    entry = Entry(updates, section, person, typed)
    typed = entry.differences() if typed else {}
    saved_at = max((draft.saved_at for draft in drafts), default=None)
    around |= {"unsaved": typed, "saved_at": saved_at, "locked": locked(updates, person)}
    return show_entry(request, entry, around)


def entry_sent(
    request: HttpRequest, updates: list[QuarterlyUpdate], section: str, around: dict[str, Any], next_url: str
) -> HttpResponse:
    person, typed = signed_in(request), cells(request)
    if "discard" in typed:
        forget_drafts(updates, section, person)
        messages.info(request, "What was typed and not saved is thrown away; this is what is stored.")
        return HttpResponseRedirect(request.path)
    if (name := typed.get("start", "")) and not locked(updates, person):
        return start_from_last(request, updates, section, typed, name)
    try:
        entry = save_entry(updates, section, person, typed, unchanged="unchanged" in typed)
    except Refused as refused:
        entry = adopted(request, updates, section, typed)
        around |= {"refused": refused.reasons, "locked": locked(updates, person), "strange": entry.strange_cells}
        return show_entry(request, entry, around)
    if entry.problems:
        keep_draft(entry)
        return show_entry(request, entry, around, failed=True)
    messages.success(request, saved_message(section, written=bool(entry.changed)))
    return HttpResponseRedirect(request.path if typed.get("then") == "stay" else next_url)


def saved_message(section: str, *, written: bool) -> str:
    label = Section(section).label
    if not written:
        return f"{label}: nothing had changed."
    return f"{label} saved at {timezone.localtime():%H:%M}."


def start_from_last(
    request: HttpRequest, updates: list[QuarterlyUpdate], section: str, typed: Typed, name: str
) -> HttpResponse:
    """Put last quarter's text into one cell of the draft; what else was typed stays in it."""
    entry = Entry(updates, section, signed_in(request), typed, submitted=True)
    entry.recall()
    for form in entry.forms:
        cell = name.removeprefix(f"{form.prefix}-")
        if cell != name and cell in form.fields:
            form.type(cell, form.last_text(cell))
    keep_draft(entry)
    return HttpResponseRedirect(f"{request.path}#id_{name}")


def show_entry(request: HttpRequest, entry: Entry, around: dict[str, Any], *, failed: bool = False) -> HttpResponse:
    of_section: dict[str, tuple[str, ...]] = {"ratings": RATINGS, "indicators": ("indicator",), "goals": ("goal",)}
    kinds = of_section.get(entry.section)
    letters = Definition.objects.filter(kind__in=kinds) if kinds else []
    decided = decided_on(entry)
    return render(
        request,
        "updates/entry.html",
        around
        | {
            "entry": entry,
            "failed": failed,
            "who": whose(entry.person),
            "draft_url": f"{request.path}draft/",
            "definitions": letters,
            "many": len(entry.updates) > 1,
            "comments": comments_on(entry),
            "decisions": [*decided.by_section.get(entry.section, ()), *decided.loose],
        },
    )


def comments_on(entry: Entry) -> list[Comment]:
    """What the review asks of this section: of all of it, or of the rows that somebody holds."""
    keys = {str(form.history_key) for form in entry.forms}
    own = {update.pk for update in entry.updates if entry.has_all_of(update)}
    return [c for c in asked_of(entry.updates, [entry.section]) if c.update_id in own or c.key in keys]


def decided_on(entry: Entry) -> Noted:
    """What the board decided here and is not done yet, each beside its row."""
    standing = decisions_in(entry.updates[0].quarter.period, [update.priority_id for update in entry.updates])
    open_ones = standing.filter(done_in=None, section=entry.section)
    own = [entry.section] if any(entry.has_all_of(update) for update in entry.updates) else []
    decided = beside(open_ones, (str(form.history_key) for form in entry.forms), own)
    for form in entry.forms:
        form.decisions = decided.by_row.get(str(form.history_key), ())
    return decided


@only_acts
@require_POST
def draft(request: HttpRequest, period: Period, slug: str, section: str) -> HttpResponse:
    """Autosave: keep what is typed, valid or not, and answer with what is computed from it."""
    return computed(adopt_section(request, cells(request), period, slug, section))


@only_acts
@require_POST
def finance_draft(request: HttpRequest, period: Period) -> HttpResponse:
    return computed(adopt_finance(request, cells(request), period))


def computed(entry: Entry) -> HttpResponse:
    outputs = {
        f"{form.prefix}-{end}": conditional_escape(text)
        for form in entry.forms
        for end, text in form.shown_outputs.items()
    }
    return JsonResponse({"saved": f"{timezone.localtime():%H:%M}", "outputs": outputs})
