from __future__ import annotations

import re
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from priorities.door import Refused
from priorities.models import Person, QuarterlyUpdate, Section
from priorities.moves import APPROVE, BEGIN_REVIEW, MEND, SEND_BACK, SIGN_OFF
from priorities.people import signed_in
from priorities.periods import Period
from updates.comparison import Comparison, compare, subject_of, updates_at
from updates.deciding import beside, decisions_in
from updates.models import Decision, Draft, Page
from updates.reviewing import (
    NotMended,
    approve,
    may_comment,
    mending_form,
    obstacles,
    resolve,
    save_comments,
    sign_off,
)
from updates.reviewing import mend as mend_wording
from updates.submitting import begin_review, send_back
from updates.typed import Typed, cells, keeps_typed, only_acts, version_in, whose

from .update import find, page, take

TYPED = re.compile(r"(comment|answer)\|.+|reason")
MENDED = re.compile(r"[a-z]+-[0-9]+-[a-z_]+")
ASK_WHY = "Say what has to be done before it is submitted again; nothing was sent back."


def taken(request: HttpRequest, period: Period, slug: str) -> Any:
    """The update of an address and last quarter's, for those who fill it in, sign it off or see all."""
    person = signed_in(request)
    update, *last = [*updates_at(period, slug, person), None]
    if update is None or update.quarter.period != period:
        raise Http404(f"{period} has no update at this address.")
    if not (person.sees_all or person.fills_in(update.priority_id) or person.signs(update.priority_id)):
        raise PermissionDenied(f"The review of {update} is open to its lead, its contributors and its reviewers.")
    before = last[0]
    return update, before if before is not None and before.priority_id == update.priority_id else None


# What is typed and not sent yet


def adopt(request: HttpRequest, typed: Typed, period: Period, slug: str) -> None:
    update, _ = taken(request, period, slug)
    person = signed_in(request)
    kept = (TYPED, MENDED) if MEND.allowed_to(person, update) else (TYPED,)
    own = {name: text for name, text in typed.items() if any(each.fullmatch(name) for each in kept)}
    keep_typed(update, person, own)


def keep_typed(update: QuarterlyUpdate, person: Person, typed: Typed) -> None:
    """Keep comments as they are typed; an emptied one is forgotten."""
    own: dict[str, Any] = {"person": person, "update": update, "section": Page.REVIEW}
    known = Draft.objects.filter(**own).values_list("data", flat=True).first() or {}
    data = {name: text for name, text in {**known, **typed}.items() if text.strip()}
    if data:
        Draft.objects.update_or_create(**own, defaults={"data": data})
    elif known:
        Draft.objects.filter(**own).delete()


@only_acts
@require_POST
def draft(request: HttpRequest, period: Period, slug: str) -> HttpResponse:
    adopt(request, cells(request), period, slug)
    return JsonResponse({"saved": f"{timezone.localtime():%H:%M}", "outputs": {}})


# The page


@keeps_typed(adopt)
def review(request: HttpRequest, period: Period, slug: str) -> HttpResponse:
    """This quarter against last; one form for all comments, and the buttons that decide."""
    update, last = taken(request, period, slug)
    person = signed_in(request)
    comparison = compare(update, last, person)
    if request.method == "POST":
        return sent(request, comparison)
    return show(request, comparison, update.typed or {})


def decided_on(comparison: Comparison, person: Person) -> list[Decision]:
    """What the board decided and is not done yet, each beside its line; those about sections and lost rows."""
    update, lines = comparison.update, {line.key: line for line in comparison.lines if line.key}
    open_ones = decisions_in(update.quarter.period, [update.priority_id]).filter(done_in=None)
    decided = beside(open_ones, lines, update.readable_sections(person))
    for key, found in decided.by_row.items():
        lines[key].decisions = found
    return [*(each for found in decided.by_section.values() for each in found), *decided.loose]


def show(request: HttpRequest, comparison: Comparison, typed: Typed, **context: Any) -> HttpResponse:
    update, person = comparison.update, signed_in(request)
    may = {
        "comment": any(may_comment(update, section, person) for section in Section.values),
        "begin": BEGIN_REVIEW.open_to(person, update),
        "approve": APPROVE.open_to(person, update),
        "send_back": SEND_BACK.open_to(person, update),
        "sign": SIGN_OFF.open_to(person, update),
        "mend": MEND.open_to(person, update),
        "resolve": person.sees_all,
    }
    wrote = bool(getattr(update, "wrote", False))
    around = page(update, person) | {"here": "review", "title": "Review", "who": whose(person)}
    around["decisions"] = decided_on(comparison, person)
    around |= {"comparison": comparison, "typed": typed, "may": may, "person": person}
    around["obstacles"] = obstacles(update, person, wrote=wrote, comparison=comparison) if may["approve"] else []
    return render(request, "updates/review.html", around | context)


def sent(request: HttpRequest, comparison: Comparison) -> HttpResponse:
    """Keep the comments that were typed, then do what the button says: no comment is lost to a refused move."""
    person, typed, update = signed_in(request), cells(request), comparison.update
    written = {name: text for name, text in typed.items() if TYPED.fullmatch(name)}
    try:
        count = save_comments(comparison, typed, by=person)
    except Refused as refused:
        keep_typed(update, person, written)
        return show(request, comparison, written, refused=refused.reasons)
    keep_typed(update, person, {name: typed["reason"] if name == "reason" else "" for name in written})
    if count:
        messages.success(request, f"{count} comment{'s are' if count != 1 else ' is'} saved.")
    try:
        told = done(comparison, typed, person)
    except Refused as refused:
        for reason in refused.reasons:
            messages.error(request, reason)
        if ASK_WHY in refused.reasons:
            return HttpResponseRedirect(f"{request.path}#id_reason")
    else:
        keep_typed(update, person, {"reason": ""})
        if told:
            messages.success(request, told)
        elif not count:
            messages.info(request, "Nothing was typed; nothing has changed.")
    return HttpResponseRedirect(request.path)


def done(comparison: Comparison, typed: Typed, person: Person) -> str:
    """Do what the button says; the sentence that tells of it, "" for the comments alone."""
    update = comparison.update
    verb, _, about = typed.get("do", "").partition("|")
    match verb:
        case "resolve":
            for thread in comparison.threads:
                if str(thread.comment.pk) == about:
                    resolve(thread.comment, by=person)
                    return f"The comment on {thread.comment.subject} is resolved."
            raise Refused("That comment is not there any more.")
        case "begin":
            begin_review(update, by=person)
            return f"The review of {update} has begun; its lead can't withdraw it any more."
        case "approve":
            approve(update, by=person, seen=version_in(typed))
            return f"{update} is approved."
        case "sign-off":
            sign_off(update, about, by=person, seen=version_in(typed))
            return f"{Section(about).label if about else 'The whole'} of {update} is signed off."
        case "send-back":
            if not (reason := typed.get("reason", "").strip()):
                raise Refused(ASK_WHY)
            send_back(update, by=person, reason=reason)
            return f"{update} is sent back."
    return ""


# Mending


def adopt_mending(request: HttpRequest, typed: Typed, period: Period, slug: str, section: str, key: str = "") -> None:
    adopt(request, typed, period, slug)


@keeps_typed(adopt_mending)
def mend(request: HttpRequest, period: Period, slug: str, section: str, key: str = "") -> HttpResponse:
    """Mend the wording of one line, for all to see."""
    update = take(request, period, slug)
    person = signed_in(request)
    if not MEND.allowed_to(person, update):
        raise PermissionDenied(f"The wording of {update} is mended by managers and administrators.")
    if request.method == "POST":
        return mended(request, update, section, key)
    if not MEND.open_to(person, update):
        messages.error(request, MEND.refusal(person, update))
        return redirect("updates:review", period, slug)
    drafts = Draft.objects.filter(update=update, person=person, section=Page.REVIEW)
    kept: Typed = next((found.data for found in drafts), {})
    form = mending_form(update, section, key)
    typed = {name: text for name, text in kept.items() if name.startswith(f"{form.prefix}-")}
    return show_mending(request, update, mending_form(update, section, key, typed) if typed else form)


def mended(request: HttpRequest, update: QuarterlyUpdate, section: str, key: str) -> HttpResponse:
    person, typed = signed_in(request), cells(request)
    try:
        changed = mend_wording(update, section, key, typed, by=person)
    except NotMended as stopped:
        adopt(request, typed, update.quarter.period, update.priority.slug)
        return show_mending(request, update, stopped.form, reasons=stopped.reasons, failed=True)
    except Refused as refused:
        adopt(request, typed, update.quarter.period, update.priority.slug)
        form = mending_form(update, section, key, typed)
        return show_mending(request, update, form, reasons=refused.reasons, failed=True)
    keep_typed(update, person, dict.fromkeys(typed, ""))
    messages.success(request, "The wording is mended." if changed else "Nothing had changed.")
    return redirect("updates:review", update.quarter.period, update.priority.slug)


def show_mending(request: HttpRequest, update: QuarterlyUpdate, form: Any, **context: Any) -> HttpResponse:
    person = signed_in(request)
    now = mending_form(find(update.quarter.period, update.priority.slug), form.section, str(form.history_key))
    fields = [(form[name], now.text_of(name, now.stored[name])) for name in now.stored]
    around = page(update, person) | {"here": "review", "title": "Mend the wording", "who": whose(person)}
    context |= {"form": form, "fields": fields, "subject": subject_of(form), "version": now.row.version}
    return render(request, "updates/mend.html", around | context)
