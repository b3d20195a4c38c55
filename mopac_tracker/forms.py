"""The account forms, laid out by crispy-forms."""

from __future__ import annotations

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django.contrib.auth import forms as auth


def helper(button: str) -> FormHelper:
    """The one layout of a form with a single button; errors are listed on top by the page."""
    made = FormHelper()
    made.attrs = {"novalidate": ""}
    made.form_show_errors = True
    made.add_input(Submit("", button))
    return made


class SignInForm(auth.AuthenticationForm):
    error_messages = {
        "invalid_login": "The user name or the password is not right. Both mind capital letters.",
        "inactive": "This account is not active. Ask an administrator.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = helper("Sign in")
        self.fields["username"].label = "User name"


class PasswordChangeForm(auth.PasswordChangeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = helper("Change password")


class PasswordResetForm(auth.PasswordResetForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = helper("Send me a link")


class SetPasswordForm(auth.SetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = helper("Set password")
