"""Between the password and the session: the code of who has a second factor, and the demand to set one up."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect

from priorities.models import Person
from updates.typed import keep, may_be_kept

from . import factors
from .signing_in import sign_in
from .standing import asks_who

KEY, DEMAND = "second step", "second_factor_demanded"
MINUTES = 10
OPEN_MEANWHILE = {"second_factor", "second_factor_add", "second_factor_file", "logout", "login"}
OPEN_MEANWHILE |= {"session_ends", "session_stay"}


def let_in(request: HttpRequest, person: Person, *, how: str, to: str) -> HttpResponse:
    """Who has shown the first factor: on to `to`, or to the code, or to setting a second factor up."""
    if factors.factor_of(person):
        request.session[KEY] = {
            "person": person.pk,
            "hash": person.get_session_auth_hash(),  # a new password meanwhile ends it
            "how": how,
            "to": to,
            "until": time.time() + MINUTES * 60,
        }
        return redirect("sign_in_code")
    sign_in(request, person, how=how)
    return demanding(request, person, to) or HttpResponseRedirect(to)


def demanding(request: HttpRequest, person: Person, to: str) -> HttpResponse | None:
    """Send those who must have a second factor, and have none, to set one up; nothing else is open to them before."""
    if not factors.is_demanded(person):
        return None
    request.session[DEMAND] = to
    messages.warning(request, "Your account needs a second factor. Set it up now; it takes two minutes.")
    return redirect("second_factor_add")


def waiting(request: HttpRequest) -> tuple[Person, dict[str, Any]] | None:
    """Who has shown the password and owes the code, and what was noted then; None if that is too long ago."""
    noted = request.session.get(KEY)
    if not noted or noted["until"] < time.time():
        return None
    person = Person.objects.filter(pk=noted["person"], is_active=True).first()
    return (person, noted) if person and person.get_session_auth_hash() == noted["hash"] else None


def done(request: HttpRequest, person: Person, noted: dict[str, Any], showed: str) -> HttpResponse:
    del request.session[KEY]
    sign_in(request, person, how=f"{noted['how']} and {showed}")
    if showed == "recovery code":
        left = factors.codes_left(person)
        messages.warning(request, f"You used a recovery code; {left} {'is' if left == 1 else 'are'} left.")
    return HttpResponseRedirect(noted["to"])


class FactorMiddleware:
    """After the sign-in: nothing is open before a demanded factor is set up. No query: the session knows."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if not asks_who(view) or DEMAND not in request.session:
            return None
        match = request.resolver_match
        if not factors.is_on() or (match and match.url_name in OPEN_MEANWHILE):
            return None
        if request.method == "POST" and may_be_kept(view) and keep(request, view):
            messages.info(request, "What you typed is kept until you have set up your second factor.")
        return redirect("second_factor_add")


def freed(request: HttpRequest) -> str:
    """The demand is met; where they wanted to go, "" if nothing was demanded."""
    return request.session.pop(DEMAND, "")
