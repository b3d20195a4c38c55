"""Whether somebody signed in through the provider may still be: asked again every OIDC_CHECK_MINUTES.

Of several requests at once one asks, the others go on meanwhile: refresh tokens may work only once. A provider that
doesn't answer signs nobody out for OIDC_GRACE_MINUTES; it is asked again once a minute, for one of the sessions.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import auth, messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.text import capfirst

from priorities.audit import Act, record
from priorities.models import Person

from . import oidc
from .linking import person_of
from .models import Standing
from .oidc import Claims, Held, TurnedAway
from .sealing import Unsealable, seal, unseal

KEY = "provider"  # of the session: which standing, and when it is to be checked
PURPOSE = "provider tokens"
PATIENCE = dt.timedelta(minutes=1)  # between two tries to reach the provider
OLD = dt.timedelta(days=7)


def begin(request: HttpRequest, person: Person, claims: Claims, held: Held) -> None:
    """Remember what the provider is asked again with; the session has just begun."""
    Standing.objects.filter(checked_at__lt=timezone.now() - OLD).delete()
    standing = Standing(person=person, subject=claims.subject)
    vouched_for(standing, claims, held)
    remember(request, standing)


def vouched_for(standing: Standing, claims: Claims, held: Held) -> None:
    now = timezone.now()
    standing.groups_in = claims.groups_in
    standing.checked_at, standing.due_at = now, now + dt.timedelta(minutes=settings.OIDC_CHECK_MINUTES)
    standing.access_until = now + dt.timedelta(seconds=held.lasts or 300)
    standing.tokens = seal(json.dumps([held.access, held.refresh]), PURPOSE)
    standing.save()


def remember(request: HttpRequest, standing: Standing) -> None:
    request.session[KEY] = {"standing": standing.pk, "due": standing.due_at.timestamp()}


def forget(request: HttpRequest) -> bool:
    """Before a sign-out: drop the tokens. Whether the provider had signed them in."""
    known = request.session.get(KEY)
    if known:
        Standing.objects.filter(pk=known["standing"]).delete()
    return bool(known)


def asks_who(view: Any) -> bool:
    """Whether a page is for people signed in only; a page for all depends on no cookie."""
    is_published = getattr(view, "public_by_setting", False)
    return getattr(view, "login_required", True) or (is_published and not settings.PUBLIC_REPORTS)


class StandingMiddleware:
    """Before the sign-in is looked at: ends sessions that the provider no longer vouches for. Else no query."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        if not asks_who(view):
            return
        known = request.session.get(KEY)
        if known and time.time() >= known["due"] and isinstance(request.user, Person):
            look_again(request, request.user, known["standing"])


def look_again(request: HttpRequest, person: Person, pk: int) -> None:
    now = timezone.now()
    is_ours = Standing.objects.filter(pk=pk, due_at__lte=now).update(due_at=now + PATIENCE)
    standing = Standing.objects.filter(pk=pk, person=person).first()
    if standing is None or not oidc.is_on():
        end(request, person, f"Sign in with {settings.OIDC_NAME} once more.", "signed out elsewhere")
    elif not is_ours:  # another request is asking, or the provider did not answer a minute ago
        remember(request, standing)
    elif why := refusal(request, standing):
        standing.delete()
        end(request, person, *why)
    else:
        remember(request, standing)


def refusal(request: HttpRequest, standing: Standing) -> tuple[str, str] | None:
    """Ask the provider: None if they may stay, else why not, to be told to them and to be written down."""
    try:
        access, refresh = json.loads(unseal(standing.tokens, PURPOSE))
    except Unsealable:
        access = refresh = ""
    if not refresh and (not access or standing.access_until < timezone.now()):
        return f"{settings.OIDC_NAME} has to vouch for you again: sign in once more.", "nothing to ask with"
    try:
        claims, held = oidc.renew(Held(access, refresh), standing.subject, standing.groups_in)
        still_here(request, standing, claims)
    except oidc.Unanswered as trouble:
        nobody_asks()
        if timezone.now() < limit(standing):
            return None
        return trouble.told, f"unanswered for {settings.OIDC_GRACE_MINUTES} minutes"
    except oidc.Trouble as trouble:
        return trouble.told, trouble.why
    vouched_for(standing, claims, held)
    return None


def limit(standing: Standing) -> dt.datetime:
    """Until when they may stay without an answer."""
    return standing.checked_at + grace()


def grace() -> dt.timedelta:
    return dt.timedelta(minutes=settings.OIDC_CHECK_MINUTES + settings.OIDC_GRACE_MINUTES)


def nobody_asks() -> None:
    """For a minute, for no session that may stay meanwhile: else all would wait for a provider that hangs, and take all
    processes with them. Whose grace is over asks once more, and ends."""
    soon = timezone.now() + PATIENCE
    in_grace = Standing.objects.filter(checked_at__gt=timezone.now() - grace())
    in_grace.filter(due_at__lt=soon).update(due_at=soon)


def still_here(request: HttpRequest, standing: Standing, claims: Claims) -> None:
    """Their roles are made those of now. Raises TurnedAway for somebody else, or somebody who may not come in."""
    if claims.groups is None and standing.groups_in:
        return  # who is vouched for without a word of groups, keeps those of before
    if person_of(claims, request).pk != standing.person_id:
        raise TurnedAway(f"Sign in with {settings.OIDC_NAME} once more.", "the account is linked otherwise now")


def end(request: HttpRequest, person: Person, told: str, why: str) -> None:
    """Sign them out and tell them; a form that outlives its session is kept by what looks at the sign-in next."""
    auth.logout(request)
    record(Act.SESSION_ENDED, by=person, request=request, detail=f"{settings.OIDC_NAME}: {why}")
    messages.warning(request, capfirst(told))
