"""How long a session lasts: IDLE_MINUTES after the last thing that was sent, SESSION_HOURS in all.

The session itself holds when it began and when something was last asked of it, so the server alone decides; the latter
is written once a minute at most, and the minute is given on top. What a page asks by itself does not count.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from priorities.audit import Act, record
from priorities.models import Person
from updates.typed import remember

BEGAN, SEEN = "began", "seen"  # seconds since 1970
WRITTEN_EVERY = 60  # seconds


@dataclass(frozen=True, slots=True)
class Ends:
    """When a session ends if nothing is sent, and whether sending something moves that."""

    at: dt.datetime
    warned_at: dt.datetime
    can_stay: bool

    @property
    def timestamp(self) -> int:
        return int(self.at.timestamp())

    @property
    def warned(self) -> int:
        return int(self.warned_at.timestamp())

    @property
    def asked_at(self) -> int:
        return int(timezone.now().timestamp())


def begin(sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """Whoever signs somebody in, the session begins now."""
    request.signed_in_now = user  # type: ignore[attr-defined]
    request.session[BEGAN] = request.session[SEEN] = seconds()


def seconds() -> int:
    return int(timezone.now().timestamp())


def touch(session: SessionBase, *, at_once: bool = False) -> None:
    """Something was asked; of sessions from before there were limits, this is the beginning."""
    now = seconds()
    if BEGAN not in session:
        session[BEGAN] = now
    if at_once or now - session.get(SEEN, 0) >= WRITTEN_EVERY:
        session[SEEN] = now


def idle_until(session: SessionBase) -> int:
    """Pages are told the very second that the server keeps to: one that came before it would renew the session."""
    return session.get(SEEN, seconds()) + int(settings.IDLE_MINUTES * 60) + WRITTEN_EVERY


def ends(session: SessionBase) -> Ends:
    now, idle = seconds(), idle_until(session)
    longest = session.get(BEGAN, now) + settings.SESSION_HOURS * 3600
    at = min(idle, longest)
    return Ends(moment(at), moment(at - settings.IDLE_WARNING_MINUTES * 60), idle < longest)


def moment(at: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(at, tz=dt.UTC)


def why_over(session: SessionBase) -> str:
    """Why the session is over, as the beginning of what its reader is told; "" while it lasts."""
    now = seconds()
    if now >= session.get(BEGAN, now) + settings.SESSION_HOURS * 3600:
        return f"You were signed out, as after {told(settings.SESSION_HOURS, 'hour')} everybody is."
    if now >= idle_until(session):
        return f"You were signed out, because nothing was sent for {told(settings.IDLE_MINUTES, 'minute')}."
    return ""


def told(number: int, unit: str) -> str:
    return f"{number} {unit}{'s' * (number != 1)}"


def present(request: HttpRequest) -> Any:
    """Who sends a request: nobody any more where their session is over, which is then ended, on record."""
    person = auth.get_user(request)
    if isinstance(person, Person) and (why := why_over(request.session)):
        record(Act.SESSION_ENDED, by=person, request=request)
        request.session.flush()
        request.signed_out_because = why  # type: ignore[attr-defined]
        return AnonymousUser()
    if isinstance(person, Person):
        if not getattr(getattr(request.resolver_match, "func", None), "only_asks", False):
            touch(request.session)
        request.session_ends = ends(request.session)  # type: ignore[attr-defined]
    return person


class IdleMiddleware:
    """Ends sessions that are over. Pages open to all ask nothing of the session, and so neither does this."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.user = SimpleLazyObject(lambda: present(request))  # type: ignore[assignment]
        response = self.get_response(request)
        if isinstance(person := getattr(request, "signed_in_now", None), Person):
            remember(response, person)
        return response
