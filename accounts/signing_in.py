"""Signing in: all that happens once somebody is who they say, and what is written down of those who are not."""

from __future__ import annotations

from django.conf import settings
from django.contrib import auth
from django.db import transaction
from django.http import HttpRequest

from priorities.audit import UNKNOWN_NAME, Act, record
from priorities.models import Person
from updates.typed import TOKEN_BEFORE, hand_back, last_here

from .throttle import Counted

BACKEND = "priorities.sign_in.WithRoles"


def sign_in(request: HttpRequest, person: Person, *, how: str) -> None:
    """Begin their session, a new one, on record; what the same person typed before it ended is theirs again.

    `how` says in words what they showed: "password", "password and code", "single sign-on".
    """
    token = request.META.get("CSRF_COOKIE") if last_here(request) == person.pk else None
    with transaction.atomic():
        auth.login(request, person, backend=BACKEND)
        request.session[TOKEN_BEFORE] = token
        record(Act.SIGNED_IN, by=person, request=request, detail=how)
    hand_back(request)


def refused(request: HttpRequest, name: str, counted: Counted, what: str) -> None:
    """What somebody showed is not this person's, on record; the name only if it is one.

    `what` they showed it for: "sign-in", "second factor", "password asked for again".
    """
    person = Person.objects.filter(username=name).first()
    about = person.username if person else UNKNOWN_NAME
    record(Act.REFUSED, by=None, request=request, about=about, detail=what)
    if counted.is_last:
        record(Act.LOCKED_OUT, by=None, request=request, about=about, detail=f"{settings.TRIES_MINUTES} minutes")
