"""Publishing, for managers; what is published, for all who may read it, byte for byte; proposed revisions."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from priorities.door import Refused
from priorities.models import Person, Quarter, QuarterlyUpdate, RiskScale
from priorities.moves import PUBLISH
from priorities.people import signed_in
from priorities.periods import Period
from updates.typed import posted_to, shows_again, typed_again, whose

from .frozen import closed_report_of
from .models import (
    CLOSED_VERSION,
    NEWEST,
    VERSION,
    Audience,
    ProposalState,
    ProposedRevision,
    Publication,
    PublishedFile,
    stored_file,
)
from .pack import moment
from .proposals import answer, choices, enter, propose
from .publication_forms import AnswerForm, CancelForm, ProposeForm, PublishForm
from .publishing import cancel, prepare, publish, style_hashes
from .report import PriorityReport, may_fill_in
from .views import says_what_is_unreadable, take
from .workbook import file_name

View = Callable[..., HttpResponse]
SHOWN = ("html", "pdf", "json")  # by the browser itself; the others are kept as files


# The page of publishing


@shows_again
@says_what_is_unreadable
def publishing(request: HttpRequest, period: Period) -> HttpResponse:
    """Managers publish and cancel here; administrators read."""
    person = signed_in(request)
    if not person.sees_all:
        raise PermissionDenied("Publishing is for managers; administrators may read this page, others not.")
    quarter = take(request, period).current
    if request.method == "POST":
        if not PUBLISH.allowed_to(person, quarter):
            raise PermissionDenied("Quarters are published by managers; ask one.")
        act = cancel_it if request.POST.get("act") == "cancel" else publish_it
        return act(request, quarter, person)
    return show_publishing(request, quarter)


def show_publishing(request: HttpRequest, quarter: Quarter, **context: Any) -> HttpResponse:
    publications = list(
        Publication.objects.filter(quarter=quarter)
        .select_related("made_by", "cancelled_by", "closed", "quarter")
        .defer("body", "public_body", "closed__body")
    )
    form: PublishForm | None = context.pop("publish_form", None)
    again: Any = typed_again(request) or {}
    if form is None:
        try:
            form = PublishForm(prepare(quarter), again if again.get("act") == "publish" else None)
            form.show_again()
        except Refused as refused:
            context["why_not"] = str(refused)
    waiting = next((each for each in publications if each.is_waiting), None)
    files = PublishedFile.objects.filter(publication__quarter=quarter).defer("data")
    around = {
        "quarter": quarter,
        "publications": [(each, [f for f in files if f.publication_id == each.pk]) for each in publications],
        "waiting": waiting,
        "publish_form": form,
        "prepared": form.prepared if form else None,
        "cancel_form": CancelForm(waiting.pk, again if again.get("act") == "cancel" else None) if waiting else None,
        "who": whose(signed_in(request)),
        "may_act": PUBLISH.allowed_to(signed_in(request), quarter),
        **proposals_of(quarter),
    }
    return render(request, "reports/publishing.html", around | context)


def proposals_of(quarter: Quarter) -> dict[str, Any]:
    """What the pages of closing and of publishing show of late data. One query."""
    found = list(ProposedRevision.objects.of_quarter(quarter))
    offered = [each for each in found if each.state == ProposalState.OFFERED]
    groups = {
        "To be answered": offered,
        "Taken up, to be entered": [each for each in found if each.state == ProposalState.TAKEN_UP],
        "Entered or declined": [each for each in found if each.state not in ProposalState.pending()],
    }
    return {"proposals": groups if found else {}, "offered": offered, "answer_form": AnswerForm(offered)}


def publish_it(request: HttpRequest, quarter: Quarter, person: Person) -> HttpResponse:
    """What was shown is what is published; where that has changed, it is shown again, with all that was typed."""
    try:
        form = PublishForm(prepare(quarter), request.POST)
        if form.is_valid():
            made = publish(quarter, by=person, **form.asked())
            when = f"will be published on {moment(made.publish_at)}" if made.is_waiting else "is published"
            messages.success(request, f"{quarter} {when}, as version {made.version}.")
            return redirect("reports:publishing", quarter.period)
    except Refused as refused:
        return shown_again(request, quarter, refused)
    if form.cleaned_data.get("seen") != form.prepared.seen:
        form.show_again()
    return show_publishing(request, quarter, publish_form=form, form=form, failed=True)


def shown_again(request: HttpRequest, quarter: Quarter, refused: Refused) -> HttpResponse:
    try:
        form = PublishForm(prepare(quarter), request.POST)
    except Refused as refused_now:  # somebody else has published it, or reopened the quarter
        messages.error(request, str(refused_now))
        return redirect("reports:publishing", quarter.period)
    form.show_again()
    return show_publishing(request, quarter, publish_form=form, refused=refused.reasons)


def cancel_it(request: HttpRequest, quarter: Quarter, person: Person) -> HttpResponse:
    form = CancelForm(None, request.POST)
    if not form.is_valid():
        return show_publishing(request, quarter, cancel_form=form, form=form, failed=True)
    found = Publication.objects.filter(quarter=quarter, pk=form.cleaned_data["publication"]).first()
    if found is None:
        raise Http404("There is no such publication.")
    found.quarter = quarter
    try:
        cancel(found, by=person, reason=form.cleaned_data["reason"])
        messages.success(request, f"The publication of {quarter} is cancelled.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("reports:publishing", quarter.period)


@require_safe
@says_what_is_unreadable
def preview(request: HttpRequest, period: Period, audience: str, suffix: str) -> HttpResponse:
    """What would be published, byte for byte, before it is."""
    if not signed_in(request).sees_all:
        raise PermissionDenied("What is to be published is looked at by managers and administrators.")
    quarter = take(request, period).current
    try:
        prepared = prepare(quarter)
    except Refused as refused:
        raise Http404(str(refused)) from refused
    made = next((f for f in prepared.files if (f.audience, f.suffix) == (audience, suffix)), None)
    if made is None:
        raise Http404(f"There is no file that ends in .{suffix} here.")
    name = f"{file_name(period, 'preview', audience)}.{suffix}"
    response = as_file(HttpResponse(made.data, content_type=made.media_type), name, suffix)
    response["Cache-Control"] = "private, no-store"
    return with_styles(response, style_hashes(made))


# What is published


def open_to_the_public(view: View) -> View:
    """Without sign-in where PUBLIC_REPORTS says so; else for all who may read closed quarters."""

    @login_not_required
    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.PUBLIC_REPORTS:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            refuse_those_without_a_role(signed_in(request))
        return view(request, *args, **kwargs)

    opened.public_by_setting = True  # type: ignore[attr-defined]
    return opened


def refuse_those_without_a_role(person: Person) -> None:
    if not person.reads_closed:
        raise PermissionDenied("What is published is not open to you. An administrator gives you a role first.")


@open_to_the_public
def published_list(request: HttpRequest) -> HttpResponse:
    """Every quarter that is published, the newest first, with its versions. Two queries."""
    publications = list(
        Publication.objects.out()
        .select_related("quarter")
        .defer("body", "public_body")
        .order_by("-quarter__financial_year", "-quarter__number", "-version")
    )
    keys = [publication.pk for publication in publications]
    files = list(PublishedFile.objects.filter(publication__in=keys, audience=Audience.PUBLIC).defer("data"))
    by_quarter: dict[Quarter, list[Any]] = {}
    for publication in publications:
        own = [file for file in files if file.publication_id == publication.pk]
        by_quarter.setdefault(publication.quarter, []).append((publication, own))
    return render(request, "reports/published.html", {"quarters": list(by_quarter.items())})


@require_safe
@open_to_the_public
def published(request: HttpRequest, period: Period, suffix: str = "html", number: int | None = None) -> HttpResponse:
    """The public form of the newest version, or of one, as it was made."""
    which, wanted = (NEWEST, timezone.now()) if number is None else (VERSION, number)
    return stored(request, Audience.PUBLIC, period, suffix, which, wanted)


@require_safe
def version_file(request: HttpRequest, period: Period, number: int, suffix: str) -> HttpResponse:
    """The internal pack that was published with a closed version."""
    refuse_those_without_a_role(signed_in(request))
    return stored(request, Audience.INTERNAL, period, suffix, CLOSED_VERSION, number)


def stored(request: HttpRequest, audience: str, period: Period, suffix: str, which: str, wanted: Any) -> HttpResponse:
    """The bytes as they are stored, in one query or two; to a conditional request 304, without them.

    What waits for its time is there for those who see all, at the address of its version.
    """
    found: Any = stored_file(audience, period, suffix, which, wanted)
    is_out = found is not None and found.publish_at <= timezone.now()
    if found is None or not (is_out or sees_all(request)):
        raise Http404(f"{period} is not published{'' if which == NEWEST else f' as version {wanted}'} in this form.")
    name = f"{file_name(period)}-v{found.version}.{suffix}"
    response = as_file(HttpResponse(content_type=found.media_type), name, suffix)
    at, for_all = int(found.publish_at.timestamp()), settings.PUBLIC_REPORTS and audience == Audience.PUBLIC
    response["Cache-Control"] = f"{'public' if for_all and is_out else 'private'}, no-cache"
    response["ETag"], response["Last-Modified"] = f'"{found.etag}"', http_date(at)
    answer: Any = get_conditional_response(request, response["ETag"], at, response)
    if answer is response:
        response.content = data_of(found.file, found.etag)
    return with_styles(answer, found.style_hashes)


@lru_cache(maxsize=24)
def data_of(file: int, checksum: str) -> bytes:
    """The bytes of a file. They never change, and to fetch them costs more than all the rest: they are kept."""
    return bytes(PublishedFile.objects.values_list("data", flat=True).get(pk=file, checksum=checksum))


def sees_all(request: HttpRequest) -> bool:
    return isinstance(request.user, Person) and request.user.sees_all


def as_file(response: HttpResponse, name: str, suffix: str) -> HttpResponse:
    response["Content-Disposition"] = f'{"inline" if suffix in SHOWN else "attachment"}; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def with_styles(response: HttpResponse, hashes: str) -> HttpResponse:
    """The content policy lets the page's own styles in, by what they say; a 304 renews the policy, so it has it too."""
    if hashes:
        response._csp_update = {"style-src": hashes.split(), "font-src": ["data:"]}  # type: ignore[attr-defined]
    return response


# Late data


@shows_again
@says_what_is_unreadable
def revisions(request: HttpRequest, period: Period, slug: str) -> HttpResponse:
    """Proposed revisions of one priority in one quarter: to propose, and once it is reopened to enter them."""
    person, update = signed_in(request), update_of(request, period, slug)
    fills_in = person.fills_in(update.priority_id)
    if not (fills_in or person.sees_all):
        raise PermissionDenied(f"Revisions of {update} are proposed by those who fill it in; ask its lead.")
    part = closed_part(update)
    if request.method == "POST":
        if not fills_in:
            raise PermissionDenied(f"Revisions of {update} are proposed by those who fill it in; ask its lead.")
        act = enter_it if request.POST.get("act") == "enter" else propose_it
        return act(request, update, part, person)
    return show_revisions(request, update, part)


def update_of(request: HttpRequest, period: Period, slug: str) -> QuarterlyUpdate:
    take(request, period)  # 404 and 403 as every page of the quarter
    found = QuarterlyUpdate.objects.select_related("priority", "quarter__plan", "reopened_for")
    at = {"quarter__financial_year": period.year, "quarter__number": period.number}
    update = found.filter(**at, priority__slug=slug).first()
    if update is None:
        raise Http404(f"{period} has no priority at this address.")
    return update


def closed_part(update: QuarterlyUpdate) -> PriorityReport | None:
    """The priority as the quarter was closed; None while it is open. Raises Unreadable."""
    report = closed_report_of(update.quarter, None)
    return next((p for p in report.priorities if p.pk == update.priority_id), None) if report else None


def choices_of(update: QuarterlyUpdate, part: PriorityReport | None, person: Person) -> list[Any]:
    if part is None:
        return []
    return choices(part, person, matrix=update.quarter.plan.risk_scale == RiskScale.MATRIX)


def show_revisions(
    request: HttpRequest, update: QuarterlyUpdate, part: PriorityReport | None, **context: Any
) -> HttpResponse:
    person = signed_in(request)
    proposals = list(ProposedRevision.objects.of_quarter(update.quarter).filter(update=update))
    may_enter = may_fill_in(update, person) and update.quarter.is_reopened
    offered, again = choices_of(update, part, person), typed_again(request)
    around = {
        "update": update,
        "who": whose(person),
        "quarter": update.quarter,
        "proposals": [(each, may_enter and each.state in ProposalState.pending()) for each in proposals],
        "may_enter": may_enter,
        "waits": may_enter and any(each.state in ProposalState.pending() for each in proposals),
        "propose_form": ProposeForm(offered, again) if offered else None,
    }
    return render(request, "reports/revisions.html", around | context)


def propose_it(
    request: HttpRequest, update: QuarterlyUpdate, part: PriorityReport | None, person: Person
) -> HttpResponse:
    if part is None:
        messages.error(request, f"{update.quarter} is not closed: what is late is entered on the pages of its update.")
        return redirect("reports:revisions", update.quarter.period, update.priority.slug)
    form = ProposeForm(choices_of(update, part, person), request.POST)
    if form.is_valid():
        given = form.cleaned_data
        told = {name: given[name] for name in ("value", "reason", "source")}
        try:
            made = propose(update, part, by=person, mark=given["figure"], **told)
            messages.success(request, f"Proposed: {made.of}, {made.value}. The managers are told.")
            return redirect("reports:revisions", update.quarter.period, update.priority.slug)
        except Refused as refused:
            form.add_error("value", list(refused.reasons))
    return show_revisions(request, update, part, propose_form=form, form=form, failed=True)


def enter_it(
    request: HttpRequest, update: QuarterlyUpdate, part: PriorityReport | None, person: Person
) -> HttpResponse:
    pk = request.POST.get("proposal", "")
    own = ProposedRevision.objects.filter(update=update)
    proposal = own.filter(pk=pk).first() if pk.isdecimal() and len(pk) < 10 else None
    if proposal is None:
        raise Http404("There is no such proposal.")
    try:
        enter(proposal, by=person)
        messages.success(request, f"Entered: {proposal.of}, {proposal.value}.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("reports:revisions", update.quarter.period, update.priority.slug)


@posted_to("reports:publishing", "period", typed=True)
@says_what_is_unreadable
def answers(request: HttpRequest, period: Period) -> HttpResponse:
    """Managers and administrators take up what is proposed, or decline it."""
    person, quarter = signed_in(request), take(request, period).current
    if not person.sees_all:
        raise PermissionDenied("Proposed revisions are answered by managers and administrators; ask one of them.")
    take_up = request.POST.get("act") != "decline"
    form = AnswerForm(proposals_of(quarter)["offered"], request.POST, declines=not take_up)
    if form.is_valid():
        chosen, reason = map(int, form.cleaned_data["proposals"]), form.cleaned_data["reason"]
        try:
            answer(quarter, list(chosen), by=person, take_up=take_up, reason=reason)
        except Refused as refused:
            form.add_error("proposals", list(refused.reasons))
    if not form.is_valid():
        return show_publishing(request, quarter, answer_form=form, form=form, failed=True)
    if take_up and person.is_administrator:
        messages.success(request, "Taken up: the form below reopens the quarter for it.")
        return redirect("reports:closing", period)
    told = "Taken up; administrators are asked to reopen the quarter." if take_up else "Declined; who proposed is told."
    messages.success(request, told)
    return redirect("reports:publishing", period)
