"""Changing a password, and setting a new one by mail."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import views as auth
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from priorities.audit import Act, record
from priorities.models import Person
from priorities.people import signs_in_elsewhere
from updates.mailing import PATIENCE, Post, compose

from . import factors, throttle
from .forms import PasswordChangeForm, PasswordResetForm, SetPasswordForm, too_many_resets
from .models import Door

SUBJECT = "Reset your password for the quarterly performance tracker"


class PasswordChange(auth.PasswordChangeView):
    """Django's own, which ends every other session of the person; on record."""

    form_class = PasswordChangeForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(factors_on=factors.is_on(), **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"request": self.request}

    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            answer = super().form_valid(form)
            record(Act.PASSWORD_CHANGED, by=form.user, request=self.request, about=form.user.username)
        return answer


class AnswerThenMail(HttpResponseRedirect):
    """The answer first: how long it takes says nothing of whether there is anybody to write to."""

    def __init__(self, to: str, people: list[Person]) -> None:
        super().__init__(to)
        self.people = people

    def close(self) -> None:
        """Called by the server once the answer is sent."""
        people, self.people = self.people, []
        if people:
            send_links(people)
        super().close()


class PasswordReset(auth.PasswordResetView):
    """The same answer, after the same work, for addresses that are known and for those that are not."""

    form_class = PasswordResetForm

    def form_valid(self, form: Any) -> HttpResponse:
        address = form.cleaned_data["email"]
        try:
            throttle.begin(Door.RESET, self.request, name=address)
        except throttle.TooMany as error:
            form.add_error(None, too_many_resets(error))
            return self.render_to_response(self.get_context_data(form=form), status=429)
        people = list(form.get_users(address))
        about = ", ".join(person.username for person in people) or "unknown address"
        record(Act.RESET_ASKED, by=None, request=self.request, about=about)
        return AnswerThenMail(reverse("password_reset_done"), people)


def send_links(people: list[Person]) -> None:
    """A mail server that is down is told in the log; whoever waits asks again."""
    with Post(PATIENCE) as post:
        for person in people:
            context = {
                "user": person,
                "uid": urlsafe_base64_encode(force_bytes(person.pk)),
                "token": default_token_generator.make_token(person),
            }
            post.send(compose([person.email], SUBJECT, "registration/password_reset_email.html", **context))


class PasswordSet(auth.PasswordResetConfirmView):
    """By the link of a mail: on record, and whoever was locked out need not wait."""

    form_class = SetPasswordForm

    def get_user(self, uidb64: str) -> Person | None:
        """The link of somebody who was linked with the provider since is as good as none."""
        person = super().get_user(uidb64)
        return None if isinstance(person, Person) and signs_in_elsewhere(person) else person

    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            answer = super().form_valid(form)
            record(Act.PASSWORD_CHANGED, by=form.user, request=self.request, about=form.user.username, detail="by mail")
        throttle.clear(Door.SIGN_IN, form.user.username)
        return answer
