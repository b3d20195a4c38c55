"""The sign-in and sign-out pages with single sign-on and second factors; and passwords switched off."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import LoginView, LogoutView
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from priorities.audit import Act, record
from priorities.models import Person

from . import oidc, standing
from .forms import SignInForm
from .second_step import let_in
from .signing_in import refused
from .throttle import TooMany

View = Callable[..., Any]


class SignInView(LoginView):
    """By name and password, then perhaps a code; and the link to the provider.

    Who is locked out is told until when and nothing else, before anything is looked at.
    """

    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        provider = settings.OIDC_NAME if oidc.is_on() else ""
        context = {"is_public": settings.PUBLIC_REPORTS, "provider": provider, "local": settings.LOCAL_PASSWORDS}
        return super().get_context_data(**context, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        refuse_passwords()
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        form.counted.forgive()
        return let_in(self.request, form.get_user(), how="password", to=self.get_success_url())

    def form_invalid(self, form: Any) -> HttpResponse:
        if form.too_many:
            answer = self.render_to_response(self.get_context_data(form=form), status=429)
            answer["Retry-After"] = seconds_until(form.too_many)
            return answer
        if form.counted:
            refused(self.request, form.cleaned_data["username"], form.counted, "sign-in")
        return super().form_invalid(form)


def seconds_until(too_many: TooMany) -> int:
    return max(1, round((too_many.until - timezone.now()).total_seconds()))


class SignOutView(LogoutView):
    """Django's own, on record; whom the provider had signed in, learns that it still knows them."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        by_provider = standing.forget(request)
        if isinstance(request.user, Person):
            record(Act.SIGNED_OUT, by=request.user, request=request)
        answer = super().post(request, *args, **kwargs)
        return redirect("signed_out") if by_provider and oidc.is_on() else answer


def refuse_passwords() -> None:
    if not settings.LOCAL_PASSWORDS:
        raise PermissionDenied(f"Passwords are not used here. Sign in with {settings.OIDC_NAME}.")


def with_passwords(view: View) -> View:
    """A page of passwords, open only where they are used, and to those who have one."""

    @wraps(view)
    def only(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        refuse_passwords()
        if isinstance(request.user, Person) and oidc.is_on() and not request.user.has_usable_password():
            raise PermissionDenied(f"You sign in with {settings.OIDC_NAME}, and have no password here.")
        return view(request, *args, **kwargs)

    return only
