"""Typed work outlives the session: a form sent after signing out becomes a draft once its writer signs in again, or on
pages that have no drafts is shown once more, or else is offered to be sent again, on a page of its own.

Whose it is, the form says by `who`, a signed word, or else a signed cookie: who signed in last in this browser. A form
from before that does not pass the check of its token. Until then the work is kept in the browser's session.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.sessions.backends.base import SessionBase
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.middleware import csrf as tokens
from django.shortcuts import redirect
from django.urls import resolve, reverse
from django.views import csrf

from priorities.cells import is_secret
from priorities.people import Person

SALT = "updates.typed"
KEY, AGAIN, UNSENT = "typed on pages", "typed again on pages", "unsent of pages"  # in the session, each by path
PAGES = 5  # of each; more would be somebody filling the session
NO_FILE = "Sign in again, then choose the file once more: nothing was uploaded."
DAYS, TOKEN_BEFORE = 14, "token before"
CARRIED = ("csrfmiddlewaretoken", "who")
matches = tokens._does_token_match  # type: ignore[attr-defined]  # the only way to read a masked token
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
    found = None if request.method == "POST" else handed_out(request.session, AGAIN, request.path_info)
    if found is None:
        return None
    typed = QueryDict(mutable=True)
    typed.update(found)
    return typed


def put_by(session: SessionBase, what: str, path: str, found: Any) -> None:
    """Keep this of a page, in place of what was kept of it before; of the newest PAGES pages."""
    others = {page: kept for page, kept in session.get(what, {}).items() if page != path}
    session[what] = dict([*others.items(), (path, found)][-PAGES:])


def handed_out(session: SessionBase, what: str, path: str) -> Any:
    """What was kept of a page, and from now on no more; None if nothing was."""
    if path not in session.get(what, {}):
        return None
    kept = session.pop(what)
    found = kept.pop(path)
    if kept:
        session[what] = kept
    return found


def offer(path: str) -> str:
    """The page that offers to send again what was kept of this one."""
    return f"{reverse('unsent')}?{urlencode({'page': path})}"


def outlives(view: Any) -> bool:
    return hasattr(view, "adopt") or hasattr(view, "shows_again")


def only_acts(view: View) -> View:
    """Marks a view that is sent no typing, or by a page itself, as its drafts are: sent too late, nothing is said."""
    view.only_acts = view.says_nothing = True  # type: ignore[attr-defined]
    return view


def posted_to(page: str, *address: str, typed: bool = False) -> Callable[[View], View]:
    """Marks a view that only acts: read, as after signing in again, it leads to the page that its form stands on.

    `address` names the parts of the view's address that the page's has too, in the page's order. `typed` says that
    its form has something to type or to choose, which is kept; without, it is a button to be pressed again.
    """

    def mark(view: View) -> View:
        @wraps(view)
        def acts(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            if request.method == "POST":
                return view(request, **kwargs)
            return redirect(page, *(kwargs[name] for name in address))

        acts.only_acts = not typed  # type: ignore[attr-defined]
        return acts

    return mark


def lists(request: HttpRequest) -> dict[str, list[str]]:
    """What was sent, to be sent again: as cells(), with all of what was chosen several times over."""
    return {
        name: [str(value).replace("\0", "") for value in values]
        for name, values in request.POST.lists()
        if name not in CARRIED
    }


def whose(person: Person) -> str:
    return signing.dumps(person.pk, salt=SALT)


def cells(request: HttpRequest) -> Typed:
    """What was typed, without what the form itself carries."""
    typed = request.POST.dict().items()
    return {name: value.replace("\0", "") for name, value in typed if name not in CARRIED}


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


def last_here(request: HttpRequest) -> int | None:
    """Who signed in last in this browser, within DAYS."""
    said = request.get_signed_cookie(settings.READER_COOKIE_NAME, default="", salt=SALT, max_age=DAYS * 86_400)
    return int(said) if said and said.isdecimal() else None


def remember(response: HttpResponse, person: Person) -> None:
    response.set_signed_cookie(
        settings.READER_COOKIE_NAME,
        str(person.pk),
        salt=SALT,
        max_age=DAYS * 86_400,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def keep(request: HttpRequest, view: Any) -> bool:
    """Keep a form in the session until somebody signs in, if it is known whose it is; anybody's else is not kept."""
    person = sender(request) or last_here(request)
    if person is None or has_secret(request):
        return False
    if not outlives(view) and not any(value.strip() for values in lists(request).values() for value in values):
        return False  # a button, to be pressed again
    found = {"cells": cells(request)} if outlives(view) else {"lists": lists(request)}
    path = request.path_info if outlives(view) else request.get_full_path()
    put_by(request.session, KEY, path, {"person": person, **found})
    request.session.set_expiry(DAYS * 86_400)  # a session of nobody, that outlasts a weekend
    return True


def has_secret(request: HttpRequest) -> bool:
    """A form with a password or a code is kept nowhere."""
    return any(is_secret(name) for name in request.POST)


def adopt(request: HttpRequest, path: str, typed: Typed) -> bool:
    """Keep what was typed at this address for the person who is signed in; False if it isn't theirs to."""
    match = resolve(path)
    if hasattr(match.func, "shows_again"):
        put_by(request.session, AGAIN, path, typed)
        return True
    try:
        match.func.adopt(request, typed, **match.kwargs)  # type: ignore[attr-defined]
    except (PermissionDenied, Http404):
        return False
    return True


def hand_back(request: HttpRequest) -> None:
    """Once somebody has signed in: what the same person had typed when the session ended is theirs again."""
    pages = request.session.pop(KEY, {})
    request.session.set_expiry(None)
    for path, found in pages.items():
        if found["person"] != request.user.pk:
            continue
        if "lists" in found:
            put_by(request.session, UNSENT, path, found["lists"])
        else:
            adopt(request, path, found["cells"])


class SignInMiddleware(LoginRequiredMiddleware):
    """Django's own, that first keeps what was typed; pages open to all don't even ask who reads them."""

    def process_view(self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any) -> Any:
        if not getattr(view_func, "login_required", True):
            return None  # so a page for all depends on no cookie, and anybody may keep it
        path = request.get_full_path()
        if request.user.is_authenticated and path in request.session.get(UNSENT, {}):
            if request.method == "GET":
                return redirect(offer(path))
            handed_out(request.session, UNSENT, path)  # sent again
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> Any:
        why = getattr(request, "signed_out_because", "")
        if request.method == "POST" and request.FILES:
            messages.info(request, f"{why or 'You were signed out.'} {NO_FILE}")
        elif request.method == "POST" and may_be_kept(view_func) and keep(request, view_func):
            messages.info(request, f"{why or 'You were signed out.'} Sign in again: what you typed is kept.")
        elif request.method == "POST" and not hasattr(view_func, "says_nothing"):
            messages.info(request, f"{why} You were signed out before it was sent; nothing was changed.".strip())
        elif why:
            messages.info(request, f"{why} Sign in again.")
        return super().handle_no_permission(request, view_func)


def may_be_kept(view: Any) -> bool:
    """Whether a form of this view has anything typed that could be sent again."""
    return not getattr(view, "only_acts", False)


def is_from_before(request: HttpRequest) -> bool:
    """Whether a form was made for the same person as now, before they signed in again."""
    token = request.session.get(TOKEN_BEFORE)
    sent = request.POST.get("csrfmiddlewaretoken", "")
    is_one = len(sent) == tokens.CSRF_TOKEN_LENGTH and sent.isalnum() and sent.isascii()
    return bool(token) and is_one and matches(sent, token)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form opened before signing in again, as on another tab, is shown once more with all that was typed."""
    if not request.user.is_authenticated:
        return csrf.csrf_failure(request, reason)
    view = resolve(request.path_info).func
    if (
        is_from_before(request)
        and not outlives(view)
        and may_be_kept(view)
        and not (request.FILES or has_secret(request))
    ):
        path = request.get_full_path()
        put_by(request.session, UNSENT, path, lists(request))
        return redirect(offer(path))
    if sender(request) == request.user.pk and outlives(view):
        if adopt(request, request.path_info, cells(request)):
            messages.info(
                request, "You signed in again on another tab. What you typed is kept here: save it once more."
            )
        return HttpResponseRedirect(request.path)
    return csrf.csrf_failure(request, reason)
