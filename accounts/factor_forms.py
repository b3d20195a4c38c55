"""The forms of second factors."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest

from priorities.models import Person

from . import factors
from .forms import helper, password_again, wait
from .models import Door
from .sealing import Unsealable, seal, unseal
from .throttle import Counted, TooMany, begin

HIDDEN = "second factor form"


class CodeField(forms.CharField):
    """A code as apps and managers of passwords fill it in, or pasted with spaces."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=40, **kwargs)
        attrs = {"inputmode": "numeric", "autocomplete": "one-time-code", "autocapitalize": "characters"}
        self.widget.attrs |= attrs | {"spellcheck": "false"}


class CodeForm(forms.Form):
    """The code after the password; `showed` says which kind it was, `counted` is the try, if it was one that failed."""

    code = CodeField(label="Code", help_text="The six figures that your app shows now.")
    showed = ""
    counted: Counted | None = None

    def __init__(self, data: Any = None, *, request: HttpRequest, person: Person) -> None:
        super().__init__(data)
        self.request, self.person = request, person
        if "recovery" in request.GET:
            field = self.fields["code"]
            field.label, field.help_text = "Recovery code", "Twelve letters and figures; each code works once."
            field.widget.attrs |= {"inputmode": "text", "autocomplete": "off"}
        self.fields["code"].widget.attrs["autofocus"] = True
        self.helper = helper(self, "Go on")

    def clean_code(self) -> str:
        try:
            self.counted = begin(Door.CODE, self.request, name=self.person.username)
            self.showed = factors.check(self.person, self.cleaned_data["code"])
        except TooMany as error:
            raise forms.ValidationError(wait(error), code="too_many") from None
        except factors.WrongCode as error:
            raise forms.ValidationError(str(error), code="wrong") from None
        self.counted.forgive()
        return self.cleaned_data["code"]


class PasswordAgainForm(forms.Form):
    """The password again, before something about the second factor is changed; as throttled as a sign-in."""

    password = forms.CharField(
        label="Password", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    def __init__(self, data: Any = None, *, request: HttpRequest, person: Person, button: str = "") -> None:
        super().__init__(data)
        self.request, self.person = request, person
        self.helper = helper(self, button)

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        password_again(
            self.request, self.person, password, "The password is not right. Passwords mind capital letters."
        )
        return password


class AddForm(PasswordAgainForm):
    """A new secret, shown and sealed in the form, with the first code that the app makes of it."""

    code = CodeField(label="Code", help_text="The six figures that the app shows now.")
    sealed = forms.CharField(widget=forms.HiddenInput, required=False)
    field_order = ["code", "password", "sealed"]

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, button="Switch it on", **kwargs)
        self.secret = self.shown_before() or factors.new_secret()
        sealed = seal(f"{self.person.pk} {self.secret}", HIDDEN)
        self.initial["sealed"] = sealed
        if self.is_bound:
            self.data = {**{name: self.data.get(name) for name in self.data}, "sealed": sealed}

    def shown_before(self) -> str:
        """The secret that the page showed, if this is its form, sent back."""
        try:
            whose, _, secret = unseal(str(self.data.get("sealed", "")), HIDDEN).partition(" ")
        except Unsealable:
            return ""
        return secret if whose == str(self.person.pk) else ""

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if {"code", "password"} <= said.keys():
            try:
                factors.counter_of(self.secret, factors.plain(said["code"]))
            except factors.WrongCode:
                why = "This code is not of this secret, or is over. Type the one that the app shows now; is the clock "
                self.add_error("code", f"{why}of your phone right?")
        return said
