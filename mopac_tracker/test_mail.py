"""A test mail from the administration: whether the tracker can send mail, and if not, what the mail server says."""

from __future__ import annotations

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from priorities.people import signed_in
from updates.mailing import Post, answer_of, compose
from updates.notices import waiting_mail


class AddressForm(forms.Form):
    address = forms.EmailField(
        label="Send it to",
        error_messages={
            "required": "No e-mail address is known for you; enter one.",
            "invalid": "This is not an e-mail address; write it like name@example.org.",
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.attrs = {"novalidate": ""}
        self.helper.add_input(Submit("", "Send a test mail"))


def test_mail(request: HttpRequest) -> HttpResponse:
    """The form, and what became of the mail; with nothing typed it goes to the administrator's own address."""
    person = signed_in(request)
    form = AddressForm(initial={"address": person.email})
    failed: dict[str, str] = {}
    if request.method == "POST":
        form = AddressForm({"address": request.POST.get("address", "").strip() or person.email})
        if form.is_valid():
            failed = send(request, form.cleaned_data["address"])
            if not failed:
                return redirect("admin:test_mail")
    context = {
        **admin.site.each_context(request),
        "title": "Send a test mail",
        "form": form,
        "failed": failed,
        "waiting": waiting_mail(),
        "server": server(),
        "settings": settings,
    }
    return render(request, "admin/test_mail.html", context)


def send(request: HttpRequest, address: str) -> dict[str, str]:
    """Send it, and say so; else why it was not sent, and the answer that the mail server gave."""
    person = signed_in(request)
    context = {"person": person, "by": person, "now": timezone.localtime()}
    mail = compose([address], "Test mail of the quarterly performance tracker", "updates/mail/test.txt", **context)
    with Post() as post:
        failure = post.send(mail)
    if failure:
        return {"why": failure, "answer": answer_of(post.error) if post.error else ""}
    if goes_to_console():
        messages.success(request, "The mail was written to the console of this server, not sent: DEBUG is on.")
    else:
        told = f"The mail server has taken the mail to {address}. If it doesn't arrive, look among the spam."
        messages.success(request, told)
    return {}


def goes_to_console() -> bool:
    return "console" in settings.EMAIL_BACKEND


def server() -> str:
    if goes_to_console():
        return "The console of this server, because DEBUG is on; nothing is sent"
    secure = "with TLS" if settings.EMAIL_USE_TLS else "without TLS"
    return f"{settings.EMAIL_HOST}, port {settings.EMAIL_PORT}, {secure}"
