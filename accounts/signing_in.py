"""Signing in: what comes before a password is looked at, and all that happens once somebody is who they say."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.views import LoginView, LogoutView
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from priorities.audit import UNKNOWN_NAME, Act, record
from priorities.models import Person
from updates.typed import TOKEN_BEFORE, hand_back, last_here

from .forms import SignInForm
from .throttle import Counted, TooMany

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


class SignInView(LoginView):
    """By name and password. Who is locked out is told until when and nothing else, before anything is looked at."""

    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(is_public=settings.PUBLIC_REPORTS, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        form.counted.forgive()
        sign_in(self.request, form.get_user(), how="password")
        return HttpResponseRedirect(self.get_success_url())

    def form_invalid(self, form: Any) -> HttpResponse:
        if form.too_many:
            answer = self.render_to_response(self.get_context_data(form=form), status=429)
            answer["Retry-After"] = seconds_until(form.too_many)
            return answer
        if form.counted:
            refused(self.request, form.cleaned_data["username"], form.counted)
        return super().form_invalid(form)


def refused(request: HttpRequest, name: str, counted: Counted) -> None:
    """A name and a password that don't belong together, on record; the name only if it is one."""
    person = Person.objects.filter(username=name).first()
    about = person.username if person else UNKNOWN_NAME
    record(Act.REFUSED, by=None, request=request, about=about, detail="sign-in")
    if counted.is_last:
        record(Act.LOCKED_OUT, by=None, request=request, about=about, detail=f"{settings.TRIES_MINUTES} minutes")


def seconds_until(too_many: TooMany) -> int:
    return max(1, round((too_many.until - timezone.now()).total_seconds()))


class SignOutView(LogoutView):
    """Django's own, on record."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if isinstance(request.user, Person):
            record(Act.SIGNED_OUT, by=request.user, request=request)
        return super().post(request, *args, **kwargs)
