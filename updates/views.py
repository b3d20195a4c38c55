from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from priorities.door import Refused
from priorities.models import RATINGS, Assignment, Definition, Person, Quarter, QuarterlyUpdate, Section
from priorities.moves import MOVES, SUBMIT
from priorities.people import signed_in
from priorities.periods import Period

from .changes import changes_of, form_of, forms_of, restore
from .checks import checks_of
from .entry import Entry, drafts_of, forget_drafts, keep_draft, save_entry
from .forms import ExtendForm, SendBackForm
from .handing import give_rows, give_section, name_deputy, take_back
from .people import DeputyForm, RowsForm, SectionForm, people_of
from .progress import due_text, progress_of, updates_for
from .submitting import (
    NotReady,
    answer_warnings,
    begin_review,
    extend,
    send_back,
    send_copy,
    submit,
    withdraw,
)
from .typed import Typed, cells, forget, keeps_typed, kept, whose


def mine(request: HttpRequest) -> HttpResponse:
    """What somebody has to fill in; those with one update land on it, those with none on the report."""
    person = signed_in(request)
    updates = list(updates_for(person))
    if not updates and not person.current_assignments:
        return redirect("reports:home")
    if len(updates) == 1:
        return redirect("updates:update", updates[0].quarter.period, updates[0].priority.slug)
    shared = [u.quarter for u in updates if Section.FINANCE in person.sections_of(u.priority_id)]
    several = {quarter.pk: quarter for quarter in shared if shared.count(quarter) > 1}
    context = {"progress": progress_of(updates, person), "finance_quarters": list(several.values())}
    return render(request, "updates/mine.html", context)


# One update


def find(period: Period, slug: str) -> QuarterlyUpdate:
    found = QuarterlyUpdate.objects.select_related("quarter__plan", "priority").filter(priority__slug=slug)
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
    around = page(update, person) | {"here": "update", "title": str(update.priority)}
    around |= {
        "progress": progress_of([update], person)[0],
        "may_fill": person.fills_in(update.priority_id),
        "locked": locked([update], person) if person.fills_in(update.priority_id) else [],
    }
    return render(request, "updates/update.html", around | moves_for(person, update) | context)


def page(update: QuarterlyUpdate, person: Person, section: str = "") -> dict[str, Any]:
    """What every page of an update shows around its own content."""
    return {
        "update": update,
        "quarter": update.quarter,
        "section": section,
        "sections": sections_for(person, update),
        "due_text": due_text(update.due),
        "leads_it": person.leads(update.priority_id),
    }


def sections_for(person: Person, update: QuarterlyUpdate) -> list[Section]:
    """The sections with something of theirs; a contributor with single rows may have some in any but the texts."""
    own = set(person.sections_of(update.priority_id))
    if person.has_rows_of(update.priority_id):
        own |= {Section.INDICATORS, Section.RISKS, Section.GOALS}
    return [section for section in Section if section in own]


# Entry pages


@keeps_typed
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


@keeps_typed
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
    typed = kept(request)
    drafts = [] if typed else drafts_of(updates, section, person)
    for draft in drafts:
        typed = {**typed, **draft.data}
    entry = Entry(updates, section, person, typed)
    typed = entry.differences() if typed else {}
    saved_at = max((draft.saved_at for draft in drafts), default=None)
    around |= {"unsaved": typed, "saved_at": saved_at, "locked": locked(updates, person)}
    return show_entry(request, entry, around, next_url)


def entry_sent(
    request: HttpRequest, updates: list[QuarterlyUpdate], section: str, around: dict[str, Any], next_url: str
) -> HttpResponse:
    person, typed = signed_in(request), cells(request)
    if "discard" in typed:
        forget(request)
        forget_drafts(updates, section, person)
        messages.info(request, "What was typed and not saved is thrown away; this is what is stored.")
        return HttpResponseRedirect(request.path)
    if name := typed.get("start", ""):
        return start_from_last(request, updates, section, typed, name)
    try:
        entry = save_entry(updates, section, person, typed, unchanged="unchanged" in typed)
    except Refused as refused:
        entry = Entry(updates, section, person, typed, submitted=True)
        keep_draft(entry)
        return show_entry(request, entry, around, next_url, refused=refused.reasons, locked=refused.reasons)
    forget(request)
    if entry.problems:
        keep_draft(entry)
        return show_entry(request, entry, around, next_url, failed=True)
    messages.success(request, saved_message(updates, section, person, written=bool(entry.changed)))
    return HttpResponseRedirect(request.path if typed.get("then") == "stay" else next_url)


def saved_message(updates: list[QuarterlyUpdate], section: str, person: Person, *, written: bool) -> str:
    label = Section(section).label
    if not written:
        return f"{label}: nothing had changed."
    return f"{label} saved at {timezone.localtime():%H:%M}."


def start_from_last(
    request: HttpRequest, updates: list[QuarterlyUpdate], section: str, typed: Typed, name: str
) -> HttpResponse:
    """Put last quarter's text into one cell of the draft; what else was typed stays in it."""
    entry = Entry(updates, section, signed_in(request), typed, submitted=True)
    for form in entry.forms:
        cell = name.removeprefix(f"{form.prefix}-")
        if cell != name and cell in form.fields:
            form.typed[name] = form.last_text(cell)
    keep_draft(entry)
    forget(request)
    return HttpResponseRedirect(f"{request.path}#id_{name}")


def locked(updates: Iterable[QuarterlyUpdate], person: Person) -> list[str]:
    """Why nothing can be saved now; nothing while it can."""
    shut = [update.pk for update in updates if not update.is_editable]
    return QuarterlyUpdate.objects.filter(pk__in=shut).why_not_editable(person) if shut else []


def show_entry(
    request: HttpRequest, entry: Entry, around: dict[str, Any], next_url: str, *, failed: bool = False, **context: Any
) -> HttpResponse:
    of_section: dict[str, tuple[str, ...]] = {"ratings": RATINGS, "indicators": ("indicator",), "goals": ("goal",)}
    kinds = of_section.get(entry.section)
    letters = Definition.objects.filter(kind__in=kinds) if kinds else []
    return render(
        request,
        "updates/entry.html",
        around
        | context
        | {
            "entry": entry,
            "failed": failed,
            "next_url": next_url,
            "who": whose(entry.person),
            "draft_url": f"{request.path}draft/",
            "definitions": letters,
            "many": len(entry.updates) > 1,
        },
    )


@require_POST
def draft(request: HttpRequest, period: Period, slug: str, section: str) -> HttpResponse:
    """Autosave: keep what is typed, valid or not, and answer with what is computed from it."""
    update = take(request, period, slug)
    person = signed_in(request)
    if not person.fills_in(update.priority_id) or section not in sections_for(person, update):
        raise PermissionDenied("This is not yours to fill in.")
    return kept_draft(request, [update], section)


@require_POST
def finance_draft(request: HttpRequest, period: Period) -> HttpResponse:
    return kept_draft(request, finance_updates(signed_in(request), period), Section.FINANCE)


def kept_draft(request: HttpRequest, updates: list[QuarterlyUpdate], section: str) -> HttpResponse:
    entry = Entry(updates, section, signed_in(request), cells(request), submitted=True)
    keep_draft(entry)
    outputs = {f"{form.prefix}-{end}": text for form in entry.forms for end, text in form.shown_outputs.items()}
    return JsonResponse({"saved": f"{timezone.localtime():%H:%M}", "outputs": outputs})


# Checking and submitting


def check(request: HttpRequest, period: Period, slug: str) -> HttpResponse:
    update = take(request, period, slug)
    person = signed_in(request)
    if not SUBMIT.allowed_to(person, update.priority_id):
        raise PermissionDenied(f"{update} is submitted by its lead, a deputy or an administrator.")
    if request.method == "POST":
        return check_sent(request, update)
    if update.status not in SUBMIT.sources:
        return redirect("updates:submitted", period, slug)
    return show_checks(request, update)


def show_checks(request: HttpRequest, update: QuarterlyUpdate, **context: Any) -> HttpResponse:
    person = signed_in(request)
    checks = checks_of(update)
    findings = [(finding, checks.answers.get(finding.warning), checks.answer(finding)) for finding in checks.warnings]
    around = page(update, person) | {"here": "check", "title": "Check and submit"}
    return render(request, "updates/check.html", around | {"checks": checks, "findings": findings} | context)


def check_sent(request: HttpRequest, update: QuarterlyUpdate) -> HttpResponse:
    """Keep the answers to the warnings, then submit if nothing is left; sent twice, it is submitted once."""
    person = signed_in(request)
    typed = cells(request)
    where = [update.quarter.period, update.priority.slug]
    names = {name.rpartition("|")[0] for name in typed if "|" in name}
    answers = {name: (bool(typed.get(f"{name}|confirmed")), typed.get(f"{name}|text", "").strip()) for name in names}
    try:
        if update.is_editable:
            answer_warnings(update, answers, by=person)
        submitted = submit(update, by=person)
    except NotReady:
        return show_checks(request, update, failed=True)
    except Refused as refused:
        update.refresh_from_db()
        if update.submitted_at is None:
            return show_checks(request, update, refused=refused.reasons)
        messages.info(request, f"It was submitted already, at {timezone.localtime(update.submitted_at):%H:%M}.")
        return redirect("updates:submitted", *where)
    messages.success(request, send_copy(submitted, to=person))
    return redirect("updates:submitted", *where)


def submitted(request: HttpRequest, period: Period, slug: str) -> HttpResponse:
    """The receipt."""
    update = take(request, period, slug)
    person = signed_in(request)
    if update.submitted_at is None:
        return redirect("updates:update", period, slug)
    around = page(update, person) | {"here": "check", "title": "Submitted"}
    return render(request, "updates/submitted.html", around | moves_for(person, update))


def moves_for(person: Person, update: QuarterlyUpdate) -> dict[str, Any]:
    """Which moves this person can make now, for the buttons of a page."""
    return {
        "may": {move.verb.replace(" ", "_"): move.open_to(person, update) for move in MOVES},
        "send_back_form": SendBackForm(),
        "extend_form": ExtendForm(),
    }


@require_POST
def move(request: HttpRequest, period: Period, slug: str, verb: str) -> HttpResponse:
    """Withdraw, begin review, send back or extend; the last two with a reason."""
    update = take(request, period, slug)
    person = signed_in(request)
    forms = {"send-back": SendBackForm, "extend": ExtendForm}
    form = forms[verb](request.POST) if verb in forms else None
    if form is not None and not form.is_valid():
        return show_update(request, update, form=form, failed=True, **{form.name: form})
    given = form.cleaned_data if form else {}
    try:
        match verb:
            case "withdraw":
                withdraw(update, by=person)
                messages.success(request, f"{update} is withdrawn; you can go on with it.")
            case "review":
                begin_review(update, by=person)
                messages.success(request, f"The review of {update} has begun; its lead can't withdraw it any more.")
            case "send-back":
                send_back(update, by=person, **given)
                messages.success(request, f"{update} is sent back.")
            case "extend":
                extend(update, by=person, **given)
                messages.success(request, f"{update} is due on {given['due_on']:%-d %B %Y} now.")
            case _:
                raise Http404("There is no such move.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("updates:update", period, slug)


# Handing over


def people(request: HttpRequest, period: Period, slug: str) -> HttpResponse:
    update = take(request, period, slug)
    person = signed_in(request)
    if not person.leads(update.priority_id):
        raise PermissionDenied(f"Parts of {update.priority} are handed over by its lead, a deputy or an administrator.")
    forms = {
        "section": SectionForm(update=update, data=request.POST if "section-to" in request.POST else None),
        "rows": RowsForm(update=update, data=request.POST if "rows-to" in request.POST else None),
        "deputy": DeputyForm(update=update, data=request.POST if "deputy-to" in request.POST else None),
    }
    if request.method == "POST" and handed_over(request, update, forms):
        return redirect("updates:people", period, slug)
    around = page(update, person) | {"here": "people", "title": "Who holds what"}
    wrong = next((form for form in forms.values() if form.is_bound and form.errors), None)
    return render(
        request,
        "updates/people.html",
        around | {"forms": forms, "people": people_of(update), "form": wrong, "failed": wrong is not None},
    )


def handed_over(request: HttpRequest, update: QuarterlyUpdate, forms: dict[str, Any]) -> bool:
    """Do what one of the page's forms asks; False if it has errors to show."""
    person, priority = signed_in(request), update.priority
    form = next((form for form in forms.values() if form.is_bound), None)
    try:
        if form is None:
            taken = Assignment.objects.select_related("priority", "person").filter(priority=priority)
            found = taken.filter(pk=request.POST.get("take-back") or 0).first()
            if found is None:
                raise Refused("That was taken back already.")
            take_back(found, by=person)
            messages.success(request, f"Taken back: {found}.")
            return True
        if not form.is_valid():
            return False
        to = form.cleaned_data["to"]
        match form:
            case SectionForm():
                give_section(priority=priority, section=Section(form.cleaned_data["section"]), to=to, by=person)
                messages.success(request, f"{to} now fills in {Section(form.cleaned_data['section']).label.lower()}.")
            case RowsForm():
                count = give_rows(priority=priority, rows=form.cleaned_data["rows"], to=to, by=person)
                messages.success(request, f"{count} rows are now held by {to or 'nobody in particular'}.")
            case DeputyForm():
                dates = {name: form.cleaned_data[name] for name in ("starts_on", "ends_on")}
                name_deputy(priority=priority, to=to, by=person, **dates)
                messages.success(request, f"{to} is a deputy now, with all that you may do here.")
    except Refused as refused:
        if form is not None:
            form.add_error(None, list(refused.reasons))
            return False
        messages.error(request, str(refused))
    return True


# Who changed what


def timeline(request: HttpRequest, period: Period, slug: str) -> HttpResponse:
    update = readable(request, period, slug)
    person = signed_in(request)
    changes = changes_of(forms_of(update, update.readable_sections(person), person))
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
    return render(request, "updates/history.html", around | context)


def restored(request: HttpRequest, forms: list[Any]) -> HttpResponse:
    name, _, entry = request.POST.get("restore", "").partition(":")
    form = forms[0]
    if len(forms) > 1 or name not in form.stored or not entry.isdecimal():
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
