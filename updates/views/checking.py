from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from priorities.door import Refused
from priorities.models import QuarterlyUpdate
from priorities.moves import SUBMIT
from priorities.people import signed_in
from priorities.periods import Period
from updates.checks import Checks, Finding, checks_of
from updates.entry import forget_drafts
from updates.models import Draft, Page
from updates.submitting import Answer, NotReady, answer_warnings, send_copy, submit
from updates.typed import Typed, cells, keeps_typed, only_acts, whose

from .update import moves_for, page, take


@dataclass(frozen=True, slots=True)
class Asked:
    """A warning on the page, with its answer as typed or as stored."""

    finding: Finding
    confirmed: bool
    text: str


def taken(request: HttpRequest, period: Period, slug: str) -> QuarterlyUpdate:
    update = take(request, period, slug)
    if not SUBMIT.allowed_to(signed_in(request), update):
        raise PermissionDenied(f"{update} is submitted by its lead, a deputy or an administrator.")
    return update


def adopt(request: HttpRequest, typed: Typed, period: Period, slug: str) -> None:
    """Keep the answers to the warnings as they are typed."""
    update = taken(request, period, slug)
    own: dict[str, Any] = {"person": signed_in(request), "update": update, "section": Page.CHECKS}
    Draft.objects.update_or_create(**own, defaults={"data": answers_in(typed)})


@keeps_typed(adopt)
def check(request: HttpRequest, period: Period, slug: str) -> HttpResponse:
    """What stops an update from being submitted, what looks odd, and the button."""
    update = taken(request, period, slug)
    if request.method == "POST":
        return sent(request, update)
    if not update.is_editable:
        return redirect("updates:submitted", period, slug)
    return show(request, update)


@only_acts
@require_POST
def draft(request: HttpRequest, period: Period, slug: str) -> HttpResponse:
    adopt(request, cells(request), period, slug)
    return JsonResponse({"saved": f"{timezone.localtime():%H:%M}", "outputs": {}})


def answers_in(typed: Typed) -> Typed:
    return {name: text for name, text in typed.items() if name.endswith(("|text", "|confirmed", "|told"))}


def show(request: HttpRequest, update: QuarterlyUpdate, typed: Typed | None = None, **context: Any) -> HttpResponse:
    person = signed_in(request)
    drafts = Draft.objects.filter(update=update, person=person)
    typed = typed or next((draft.data for draft in drafts if draft.section == Page.CHECKS), {})
    checks = checks_of(update, drafts)
    asked = [ask(finding, checks, typed) for finding in checks.warnings]
    around = page(update, person) | {"here": "check", "title": "Check and submit", "who": whose(person)}
    return render(request, "updates/check.html", around | {"checks": checks, "asked": asked} | context)


def ask(finding: Finding, checks: Checks, typed: Typed) -> Asked:
    name = finding.warning
    if typed.get(f"{name}|told") == finding.told:
        return Asked(finding, bool(typed.get(f"{name}|confirmed")), typed.get(f"{name}|text", ""))
    answer = checks.answer(finding)
    return Asked(finding, bool(answer and answer.confirmed), answer.text if answer else "")


def sent(request: HttpRequest, update: QuarterlyUpdate) -> HttpResponse:
    """Keep the answers to the warnings, then submit if nothing is left; sent twice, it is submitted once."""
    person, typed = signed_in(request), answers_in(cells(request))
    answers = {
        name: Answer(bool(typed.get(f"{name}|confirmed")), typed.get(f"{name}|text", "").strip(), told)
        for name, _, told in ((*key.rpartition("|")[:2], text) for key, text in typed.items() if key.endswith("|told"))
    }
    where = [update.quarter.period, update.priority.slug]
    try:
        if update.is_editable:
            answer_warnings(update, answers, by=person)
            forget_drafts([update], Page.CHECKS, person)
        done = submit(update, by=person)
    except NotReady:
        return show(request, update, typed, failed=True)
    except Refused as refused:
        update.refresh_from_db()
        if update.submitted_at is None:
            return show(request, update, typed, refused=refused.reasons)
        messages.info(request, f"It was submitted already, at {timezone.localtime(update.submitted_at):%H:%M}.")
        return redirect("updates:submitted", *where)
    messages.success(request, send_copy(done, to=person))
    return redirect("updates:submitted", *where)


def submitted(request: HttpRequest, period: Period, slug: str) -> HttpResponse:
    """The receipt."""
    update = take(request, period, slug)
    person = signed_in(request)
    if update.submitted_at is None:
        return redirect("updates:update", period, slug)
    around = page(update, person) | {"here": "check", "title": "Submitted"}
    answers = update.explanations.all()
    return render(request, "updates/submitted.html", around | {"answers": answers} | moves_for(person, update))
