"""Settings of the sign-in that don't go together, told by `manage.py check`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from .factors import MODES

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
LONGEST = 200  # of what a link of an account is kept under


def sign_in_is_whole(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    found = [*(provider_problems() if settings.OIDC_SERVER_URL else without_provider()), *factor_problems()]
    return [
        kind(said, hint=hint, id=f"accounts.{'E' if kind is Error else 'W'}{number:03}")
        for kind, number, said, hint in found
    ]


Problem = tuple[type[Error] | type[Warning], int, str, str]


def without_provider() -> Iterator[Problem]:
    given = [name for name in ("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_GROUPS_CLAIM") if getattr(settings, name)]
    if given:
        hint = f"Set OIDC_SERVER_URL to the provider's issuer, or leave out {', '.join(given)}."
        yield Warning, 1, "Single sign-on is off although a part of it is set: OIDC_SERVER_URL is missing.", hint
    if not settings.LOCAL_PASSWORDS:
        hint = "Set OIDC_SERVER_URL and what goes with it, or leave out LOCAL_PASSWORDS."
        yield Error, 1, "LOCAL_PASSWORDS is off and so is single sign-on: nobody could sign in.", hint


def provider_problems() -> Iterator[Problem]:
    yield from address_problems()
    for name in ("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"):
        if not getattr(settings, name):
            hint = f"Register the tracker at the provider, and set {name} to what it gave."
            yield Error, 4, f"Single sign-on is on, but {name} is missing.", hint
    if "openid" not in settings.OIDC_SCOPES:
        yield Error, 5, "OIDC_SCOPES lacks openid.", "Begin it with openid, or leave it out."
    groups = [name for name in ("OIDC_ADMINISTRATORS", "OIDC_MANAGERS", "OIDC_READERS") if getattr(settings, name)]
    if groups and not settings.OIDC_GROUPS_CLAIM:
        hint = f"Set OIDC_GROUPS_CLAIM to the claim that lists them, like groups, or leave out {', '.join(groups)}."
        yield Error, 6, "Groups of the provider are given roles, but no claim says who is in them.", hint
    if settings.OIDC_GROUPS_CLAIM and not groups:
        hint = "Set OIDC_ADMINISTRATORS, OIDC_MANAGERS or OIDC_READERS to groups of the provider."
        yield Error, 7, "OIDC_GROUPS_CLAIM is set, but no group gives a role: nobody would be let in.", hint
    if settings.OIDC_CREATE and not settings.OIDC_GROUPS_CLAIM:
        hint = "Set OIDC_GROUPS_CLAIM and the groups, or leave out OIDC_CREATE."
        yield Error, 8, "OIDC_CREATE makes accounts for those in a group, but no claim says who is in one.", hint
    if settings.OIDC_GROUPS_CLAIM and groups and not settings.OIDC_ADMINISTRATORS:
        hint = "Name a group in OIDC_ADMINISTRATORS, or keep an administrator with a password who is not linked."
        yield Warning, 2, "The provider gives roles, but makes nobody an administrator.", hint


def address_problems() -> Iterator[Problem]:
    address = urlsplit(settings.OIDC_SERVER_URL)
    if not address.hostname or not (
        address.scheme == "https" or (address.scheme == "http" and address.hostname in LOOPBACK)
    ):
        hint = (
            "Set it to the issuer that the provider's discovery states, like https://login.example.org/realms/office."
        )
        yield Error, 2, "OIDC_SERVER_URL is no https address.", hint
    if len(settings.OIDC_SERVER_URL) > LONGEST:
        yield Error, 3, f"OIDC_SERVER_URL is longer than {LONGEST} characters.", "Use the provider's issuer."
    if set(address.path.split("/")) & {"common", "organizations", "consumers"}:
        hint = "Put the tenant's id there, so that only people of your organisation can sign in."
        yield Error, 9, "OIDC_SERVER_URL is of all tenants of Entra ID.", hint


def factor_problems() -> Iterator[Problem]:
    if settings.MFA not in MODES:
        hint = "Use 1 (offered), required (of administrators and managers) or all, or leave it out."
        yield Error, 10, f"MFA is “{settings.MFA}”, which says nothing.", hint
