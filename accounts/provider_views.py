"""Signing in through the provider and back, and out again; and the way in for when it is down."""

from __future__ import annotations

import logging

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import base36_to_int, url_has_allowed_host_and_scheme, urlsafe_base64_decode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from priorities.audit import Act, record
from priorities.models import Person

from . import oidc, standing
from .linking import link_of, person_of
from .second_step import let_in
from .signing_in import sign_in

logger = logging.getLogger(__name__)


@login_not_required
@never_cache
@require_GET
def leave(request: HttpRequest) -> HttpResponse:
    """To the provider. A link, not a form: form-action 'self' forbids a form to be led on to another site."""
    if not oidc.is_on():
        raise Http404
    to = safe(request, request.GET.get("next", ""))
    if request.user.is_authenticated:
        return HttpResponseRedirect(to)
    try:
        return oidc.send_there(request, next_url=to, afresh="again" in request.GET)
    except oidc.Trouble as trouble:
        return told(request, trouble, to)


@login_not_required
@never_cache
@require_GET
def back(request: HttpRequest) -> HttpResponse:
    """Back from the provider, with a code or an error."""
    if not oidc.is_on():
        raise Http404
    to = ""
    try:
        state = oidc.state_of(request)
        to = safe(request, state.get("next") or "")
        refuse_errors(request)
        claims, held = oidc.redeem(request.GET.get("code", ""), state)
    except oidc.Trouble as trouble:
        return told(request, trouble, to)  # not on record, which strangers could fill; the log has it
    try:
        person = person_of(claims, request)
    except oidc.Trouble as trouble:
        link = link_of(claims.subject)
        about = link.user.username if link else ""
        record(Act.REFUSED, by=None, request=request, about=about, detail=f"{settings.OIDC_NAME}: {trouble.why}")
        return told(request, trouble, to)
    sign_in(request, person, how=settings.OIDC_NAME)
    standing.begin(request, person, claims, held)
    return HttpResponseRedirect(to)


def refuse_errors(request: HttpRequest) -> None:
    """Raises Trouble for an error that the provider sent back, in words of ours: its own could be anybody's."""
    issuer = request.GET.get("iss", settings.OIDC_SERVER_URL)
    if issuer.rstrip("/") != settings.OIDC_SERVER_URL:
        oidc.reject("the answer names another issuer")
    if "error" not in request.GET:
        return
    error = oidc.code_of(request.GET)
    logger.warning("The sign-in provider sent somebody back with an error: %s", error)
    if error == "access_denied":
        raise oidc.TurnedAway(
            f"{settings.OIDC_NAME} did not let you through: you cancelled, or may not use the tracker. "
            "Sign in again, or ask who looks after your organisation’s accounts.",
            error,
        )
    if error in ("server_error", "temporarily_unavailable"):
        oidc.unreachable(error)
    raise oidc.Rejected(f"{settings.OIDC_NAME} could not sign you in. {oidc.TRY_AGAIN}", error)


def told(request: HttpRequest, trouble: oidc.Trouble, to: str) -> HttpResponse:
    context = {"told": trouble.told, "next": to, "provider": settings.OIDC_NAME, "local": settings.LOCAL_PASSWORDS}
    return render(request, "accounts/provider_trouble.html", context, status=trouble.status)


def safe(request: HttpRequest, url: str) -> str:
    """A page of ours, whatever the address said."""
    if url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure()):
        return url
    return resolve_url(settings.LOGIN_REDIRECT_URL)


@login_not_required
@never_cache
@require_GET
def signed_out(request: HttpRequest) -> HttpResponse:
    """Signed out here; the provider's own session is ended by a link, where it offers that."""
    if not oidc.is_on() or request.user.is_authenticated:
        return redirect("login")
    context = {"provider": settings.OIDC_NAME, "way_out": oidc.way_out()}
    return render(request, "accounts/signed_out.html", context)


class OnceTokens(PasswordResetTokenGenerator):
    """A link that signs an administrator in once, made at the command line; used up by the sign-in itself."""

    key_salt = "accounts.provider_views.OnceTokens"
    MINUTES = 15

    def works(self, person: Person, token: str) -> bool:
        if not self.check_token(person, token):
            return False
        made = base36_to_int(token.partition("-")[0])
        return self._num_seconds(self._now()) - made <= self.MINUTES * 60  # type: ignore[attr-defined]


once_tokens = OnceTokens()


@login_not_required
@never_cache
def once(request: HttpRequest, *, uidb64: str, token: str) -> HttpResponse:
    """For an administrator while the provider is down: a button, so that following the link alone changes nothing."""
    try:
        person = Person.objects.filter(pk=int(urlsafe_base64_decode(uidb64))).first()
    except ValueError:
        person = None
    if not person or not person.is_active or not person.is_administrator or not once_tokens.works(person, token):
        return render(request, "accounts/once.html", {"person": None}, status=403)
    if request.method != "POST":
        return render(request, "accounts/once.html", {"person": person})
    return let_in(request, person, how="link of the command line", to=resolve_url(settings.LOGIN_REDIRECT_URL))
