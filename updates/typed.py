"""Typed work outlives the session: a form sent after signing out becomes a draft once its writer signs in again, or on
pages that have no drafts is shown once more.

Each such form carries `who`, a signed word of whose form it is. Until then the work is kept in the browser's session.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect
from django.urls import resolve
from django.views import csrf

from priorities.people import Person

SALT, KEY, AGAIN = "updates.typed", "typed", "typed again"
DAYS = 14
Typed = dict[str, str]
View = Callable[..., HttpResponse]


def keeps_typed(adopt: Callable[..., object]) -> Callable[[View], View]:
    """Marks a view whose form outlives the session; `adopt(request, typed, **address)` keeps it as a draft."""

    def mark(view: View) -> View:
        view.adopt = adopt  # type: ignore[attr-defined]
        return view

    return mark


def shows_again(view: View) -> View:
    """Marks a view that has no drafts: its page shows once more what was typed, as typed_again() hands it out."""
    view.shows_again = True  # type: ignore[attr-defined]
    return view


def typed_again(request: HttpRequest) -> QueryDict | None:
    """What was typed on this page when the session ended, handed out once, to be looked at and sent again."""
    found = request.session.get(AGAIN)
    if request.method == "POST" or not found or found["path"] != request.path_info:
        return None
    del request.session[AGAIN]
    typed = QueryDict(mutable=True)
    typed.update(found["cells"])
    return typed


def outlives(view: Any) -> bool:
    return hasattr(view, "adopt") or hasattr(view, "shows_again")


def posted_to(page: str, *address: str) -> Callable[[View], View]:
    """Marks a view that only acts: read, as after signing in again, it leads to the page that its form stands on.

    `address` names the parts of the view's address that the page's has too, in the page's order.
    """

    def mark(view: View) -> View:
        @wraps(view)
        def acts(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            if request.method == "POST":
                return view(request, **kwargs)
            return redirect(page, *(kwargs[name] for name in address))

        acts.only_acts = True  # type: ignore[attr-defined]
        return acts

    return mark


def whose(person: Person) -> str:
    return signing.dumps(person.pk, salt=SALT)


def cells(request: HttpRequest) -> Typed:
    """What was typed, without what the form itself carries."""
    typed = request.POST.dict().items()
    return {name: value.replace("\0", "") for name, value in typed if name not in ("csrfmiddlewaretoken", "who")}


def version_in(typed: Typed) -> int:
    """The version that the page showed; -1, which is none, where the form says something impossible."""
    said = typed.get("version", "")
    return int(said) if said.isdecimal() and len(said) < 10 else -1


def sender(request: HttpRequest) -> int | None:
    """Whose the form says it is, by its signed word."""
    try:
        return signing.loads(request.POST.get("who", ""), salt=SALT, max_age=DAYS * 86_400)
    except signing.BadSignature:
        return None


def keep(request: HttpRequest) -> bool:
    """Keep a form in the session until somebody signs in, if it says whose it is; anybody's else is not kept."""
    person = sender(request)
    if person is None:
        return False
    request.session[KEY] = {"person": person, "path": request.path_info, "cells": cells(request)}
    request.session.set_expiry(DAYS * 86_400)  # a session of nobody, that outlasts a weekend
    return True


def adopt(request: HttpRequest, path: str, typed: Typed) -> bool:
    """Keep what was typed at this address for the person who is signed in; False if it isn't theirs to."""
    match = resolve(path)
    if hasattr(match.func, "shows_again"):
        request.session[AGAIN] = {"path": path, "cells": typed}
        return True
    try:
        match.func.adopt(request, typed, **match.kwargs)  # type: ignore[attr-defined]
    except (PermissionDenied, Http404):
        return False
    return True


def hand_back(request: HttpRequest) -> None:
    """Once somebody has signed in: what the same person had typed when the session ended is theirs again."""
    found = request.session.pop(KEY, None)
    request.session.set_expiry(None)
    if found and found["person"] == request.user.pk:
        adopt(request, found["path"], found["cells"])


class SignInMiddleware(LoginRequiredMiddleware):
    """Django's own, that first keeps what was typed; pages open to all don't even ask who reads them."""

    def process_view(self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any) -> Any:
        if not getattr(view_func, "login_required", True):
            return None  # so a page for all depends on no cookie, and anybody may keep it
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> Any:
        why = getattr(request, "signed_out_because", "")
        if request.method == "POST" and outlives(view_func) and keep(request):
            messages.info(request, f"{why or 'You were signed out.'} Sign in again: what you typed is kept.")
        elif request.method == "POST" and hasattr(view_func, "only_acts"):
            messages.info(request, f"{why} You were signed out before it was sent; nothing was changed.".strip())
        elif why:
            messages.info(request, f"{why} Sign in again.")
        return super().handle_no_permission(request, view_func)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form opened before signing in again, as on another tab, is shown once more with all that was typed."""
    is_theirs = request.user.is_authenticated and sender(request) == request.user.pk
    if is_theirs and outlives(resolve(request.path_info).func):
        if adopt(request, request.path_info, cells(request)):
            messages.info(
                request, "You signed in again on another tab. What you typed is kept here: save it once more."
            )
        return HttpResponseRedirect(request.path)
    return csrf.csrf_failure(request, reason)
