"""Typed work outlives the session: a form sent after signing out is kept through signing in again.

Each entry form carries `who`, a signed word of whose form it is. Somebody's work is kept in their browser's session,
and shown again only to the same person.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import resolve
from django.views import csrf

from priorities.people import Person

SALT, KEY = "updates.typed", "typed"
DAYS = 14
Typed = dict[str, str]


def keeps_typed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Marks the views whose forms are kept when they are sent without a session."""
    view.keeps_typed = True  # type: ignore[attr-defined]
    return view


def whose(person: Person) -> str:
    return signing.dumps(person.pk, salt=SALT)


def cells(request: HttpRequest) -> Typed:
    """What was typed, without what the form itself carries."""
    return {name: value for name, value in request.POST.dict().items() if name not in ("csrfmiddlewaretoken", "who")}


def sender(request: HttpRequest) -> int | None:
    """Whose the form says it is, by its signed word."""
    try:
        return signing.loads(request.POST.get("who", ""), salt=SALT, max_age=DAYS * 86_400)
    except signing.BadSignature:
        return None


def keep(request: HttpRequest) -> bool:
    """Keep the form in the session, if it says whose it is; anybody's else is not kept."""
    person = sender(request)
    if person is None:
        return False
    request.session[KEY] = {"person": person, "path": request.path, "cells": cells(request)}
    return True


def kept(request: HttpRequest, path: str = "") -> Typed:
    """What this person sent to this page, or to that of another address, without a session."""
    found = request.session.get(KEY)
    if not found or found["person"] != request.user.pk or found["path"] != (path or request.path):
        return {}
    return found["cells"]


def forget(request: HttpRequest, path: str = "") -> None:
    if kept(request, path):
        del request.session[KEY]


class SignInMiddleware(LoginRequiredMiddleware):
    """Django's own, that first keeps what was typed."""

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> Any:
        if request.method == "POST" and getattr(view_func, "keeps_typed", False) and keep(request):
            messages.info(request, "You were signed out. Sign in again: what you typed is kept.")
        return super().handle_no_permission(request, view_func)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form opened before signing in again, as on another tab, is shown once more with all that was typed."""
    view = resolve(request.path_info).func
    is_theirs = request.user.is_authenticated and sender(request) == request.user.pk
    if getattr(view, "keeps_typed", False) and is_theirs and keep(request):
        messages.info(request, "You signed in again on another tab. What you typed is kept here: save it once more.")
        return HttpResponseRedirect(request.path)
    return csrf.csrf_failure(request, reason)
