"""The account forms, laid out by crispy-forms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django import forms
from django.conf import settings
from django.contrib.auth import forms as auth
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest
from django.utils import timezone

from priorities.models import Person
from priorities.people import signs_in_elsewhere

from . import oidc
from .models import Door
from .passwords import LONGEST, TOO_LONG
from .signing_in import refused
from .throttle import Counted, TooMany, begin


def helper(form: forms.BaseForm, button: str) -> FormHelper:
    """The one layout of a form with a single button; the page lists its errors on top, so each names its field."""
    for field in form.fields.values():
        field.error_messages["required"] = f"Enter your {str(field.label).lower()}."
    made = FormHelper()
    made.attrs = {"novalidate": ""}
    made.add_input(Submit("", button))
    capped(form)
    return made


MISMATCH = "The new password and its confirmation are not the same; type the same password in both fields."


def wait(error: TooMany) -> str:
    return f"There were too many tries that did not succeed. Try again at {moment(error.until)}."


def too_many(error: TooMany) -> str:
    """For the page of the sign-in, which has that link."""
    return (
        f"{wait(error)} If you have forgotten the password, set a new one: the link is below, and with the new one you "
        "need not wait."
    )


def too_many_resets(error: TooMany) -> str:
    return (
        f"A link was asked for several times already. Look in your mail, among the spam too; another can be sent at "
        f"{moment(error.until)}."
    )


def moment(at: dt.datetime) -> str:
    """The minute by which it is over; with the day unless it is today."""
    local = timezone.localtime(at + dt.timedelta(seconds=59))
    return f"{local:%H:%M}" if local.date() == timezone.localdate() else f"{local:%H:%M on %-d %B}"


def password_again(request: HttpRequest, person: Person, password: str, wrong: str) -> None:
    """A password asked for in a session: counted, and on record, as a sign-in is, for whoever sits at somebody's open
    session shall not guess at it. Raises ValidationError, with the words of `wrong` or those of wait().
    """
    try:
        counted = begin(Door.SIGN_IN, request, name=person.username)
    except TooMany as error:
        raise forms.ValidationError(wait(error), code="too_many") from None
    if not person.check_password(password):
        refused(request, person.username, counted, "password asked for again")
        raise forms.ValidationError(wrong, code="password_incorrect")
    counted.forgive()


def capped(form: forms.BaseForm) -> None:
    """No password is longer than LONGEST; said, not cut, as what was pasted would then be another."""
    for field in form.fields.values():
        if isinstance(field.widget, forms.PasswordInput):
            field.validators.append(MaxLengthValidator(LONGEST, TOO_LONG))


class SignInForm(auth.AuthenticationForm):
    """Name and password. `counted` is the try, once it was one; `too_many` says that there were too many before."""

    counted: Counted | None = None
    too_many: TooMany | None = None
    error_messages = {
        "invalid_login": "The user name or the password is not right. Both mind capital letters.",
        "inactive": "This account is not active. Ask an administrator.",
        "linked": "This account signs in with the organisation’s own sign-in, not with a password.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "User name"
        if oidc.is_on():  # whose button comes first
            del self.fields["username"].widget.attrs["autofocus"]
        self.helper = helper(self, "Sign in")

    def confirm_login_allowed(self, user: Any) -> None:
        """A password that somebody linked with the provider came by later would outlive their time there."""
        super().confirm_login_allowed(user)
        if signs_in_elsewhere(user):
            raise forms.ValidationError(self.error_messages["linked"], code="linked")

    def clean(self) -> dict[str, Any]:
        """Counted first: while there were too many, the right password is as wrong as any, and nobody learns which."""
        if self.request is not None and {"username", "password"} <= self.cleaned_data.keys():
            try:
                self.counted = begin(Door.SIGN_IN, self.request, name=self.cleaned_data["username"])
            except TooMany as error:
                self.too_many = error
                raise forms.ValidationError(too_many(error), code="too_many") from None
        return super().clean()


class PasswordChangeForm(auth.PasswordChangeForm):
    error_messages = {
        "password_mismatch": MISMATCH,
        "password_incorrect": "The old password is not right. Passwords mind capital letters.",
    }

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.helper = helper(self, "Change password")

    def clean_old_password(self) -> str:
        old = self.cleaned_data["old_password"]
        password_again(self.request, self.user, old, str(self.error_messages["password_incorrect"]))
        return old

    def clean_new_password1(self) -> str:
        new = self.cleaned_data["new_password1"]
        if new and new == self.cleaned_data.get("old_password"):
            raise forms.ValidationError("This is your password already; choose another.")
        return new


class PasswordResetForm(auth.PasswordResetForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "E-mail address"
        self.helper = helper(self, "Send me a link")

    def get_users(self, email: str) -> Iterable[Person]:
        """Those of this address, who get the mail at the address stored; those too whose invitation ran out, but none
        who signs in elsewhere."""
        found = Person.objects.filter(email__iexact=email, is_active=True)
        return found.filter(socialaccount=None) if settings.OIDC_SERVER_URL else found


class SetPasswordForm(auth.SetPasswordForm):
    error_messages = {"password_mismatch": MISMATCH}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = helper(self, "Set password")
