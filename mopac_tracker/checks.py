"""What is wrong with the settings, and what to do: `manage.py check` tells, `check --deploy` also what a server needs.

None says what a setting holds where that may be a secret.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http.request import validate_host

ID = "mopac_tracker"
SHORTEST_KEY = 32  # characters
LONG_ENOUGH = 20  # hours of a session
MAKE_A_KEY = "python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"
HINTS = {
    "DATABASE_URL": "Write postgresql://user:password@host:port/name, signs like @ or / in the password as %40 or %2F; "
    "or sqlite:////path/to/file.",
}
HERE = ("localhost", "127.0.0.1", "::1", "")


def settings_can_be_read(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """What the environment says and the settings could not use; they hold the default meanwhile."""
    return [
        Error(problem, hint=HINTS.get(name) or f"Correct {name}, or leave it out for the default.", id=f"{ID}.E001")
        for name, problem in settings.BAD_SETTINGS
    ]


def settings_agree(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """What can't be meant, whatever the tracker runs for."""
    return [*email_contradictions(), *hosts(), *keys()]


def email_contradictions() -> Iterator[CheckMessage]:
    if settings.EMAIL_USE_TLS and settings.EMAIL_USE_SSL:
        hint = "Keep EMAIL_USE_TLS (usual on port 587) or EMAIL_USE_SSL (usual on port 465)."
        yield Error("EMAIL_USE_TLS and EMAIL_USE_SSL are both on.", hint=hint, id=f"{ID}.E002")
    if bool(settings.EMAIL_HOST_USER) != bool(settings.EMAIL_HOST_PASSWORD):
        hint = "Set both, or neither for a mail server that asks for none."
        yield Error("Only one of EMAIL_HOST_USER and EMAIL_HOST_PASSWORD is set.", hint=hint, id=f"{ID}.E003")


def hosts() -> Iterator[CheckMessage]:
    for host in () if settings.DEBUG else settings.ALLOWED_HOSTS:
        if host == "*":
            hint = "Name the hosts that people use, like tracker.example.org: links and cookies rely on it."
            yield Error("ALLOWED_HOSTS lets any host in.", hint=hint, id=f"{ID}.E004")
        elif "/" in host or (":" in host and not host.startswith("[")):
            hint = "Write names only, without https:// and without a port, separated by commas."
            yield Error(f"ALLOWED_HOSTS has “{host}”, which is no host name.", hint=hint, id=f"{ID}.E005")


def keys() -> Iterator[CheckMessage]:
    for name, key in [
        ("SECRET_KEY", settings.SECRET_KEY),
        *(("SECRET_KEY_FALLBACKS", k) for k in settings.SECRET_KEY_FALLBACKS),
    ]:
        if not settings.DEBUG and len(key) < SHORTEST_KEY:
            told = f"{name} has {len(key)} characters; {SHORTEST_KEY} are needed."
            yield Error(told, hint=f"Make one: {MAKE_A_KEY}", id=f"{ID}.E006")


def site_url_is_secure(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Links in mails begin with SITE_URL: without it they would lead people to their own machine."""
    address = urlsplit(settings.SITE_URL)
    if settings.DEBUG or (address.scheme == "https" and address.hostname):
        return []
    return [
        Warning(
            f"SITE_URL is {settings.SITE_URL or 'empty'}, which is no https address.",
            hint="Set SITE_URL to where people reach the tracker, like https://tracker.example.org.",
            id=f"{ID}.W001",
        )
    ]


def the_warning_comes_before_the_end(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whoever is warned as soon as a page is there is warned of nothing."""
    if settings.IDLE_WARNING_MINUTES < settings.IDLE_MINUTES <= settings.SESSION_HOURS * 60:
        return []
    return [
        Error(
            f"IDLE_WARNING_MINUTES is {settings.IDLE_WARNING_MINUTES}, IDLE_MINUTES {settings.IDLE_MINUTES} and "
            f"SESSION_HOURS {settings.SESSION_HOURS}, which don't follow one another.",
            hint="Set IDLE_WARNING_MINUTES below IDLE_MINUTES, and SESSION_HOURS no shorter than that.",
            id="mopac_tracker.E010",
        )
    ]


def settings_are_for_a_deployment(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """What works on one machine for one person, and not for a department."""
    return (
        []
        if settings.DEBUG
        else [*site_is_allowed(), *mail_is_ours(), *mail_is_sealed(), *somebody_is_told(), *days_are_long()]
    )


def site_is_allowed() -> Iterator[CheckMessage]:
    host = urlsplit(settings.SITE_URL).hostname or ""
    if host and not validate_host(host, settings.ALLOWED_HOSTS):
        hint = f"Add {host} to ALLOWED_HOSTS: links in mails lead there, and would be answered with an error."
        yield Warning("SITE_URL names a host that ALLOWED_HOSTS lacks.", hint=hint, id=f"{ID}.W002")


def mail_is_ours() -> Iterator[CheckMessage]:
    if settings.DEFAULT_FROM_EMAIL.endswith("@localhost"):
        hint = "Set DEFAULT_FROM_EMAIL to an address of your organisation; mail servers refuse others."
        yield Warning(f"Mails come from {settings.DEFAULT_FROM_EMAIL}.", hint=hint, id=f"{ID}.W003")


def somebody_is_told() -> Iterator[CheckMessage]:
    if not settings.ALERTS_TO:
        hint = "Set it to addresses of mail, separated by commas, of those who run the server."
        yield Warning("ALERTS_TO is empty: nobody is told when a unit fails.", hint=hint, id=f"{ID}.W005")


def days_are_long() -> Iterator[CheckMessage]:
    """WCAG 2.2.1: an end that can't be put off needs 20 hours, or a way to put it off."""
    if settings.SESSION_HOURS < LONG_ENOUGH:
        hint = f"Set SESSION_HOURS to {LONG_ENOUGH} or more, or say so in the accessibility statement (WCAG 2.2.1)."
        told = f"SESSION_HOURS is {settings.SESSION_HOURS}: people at work are signed out and can't put it off."
        yield Warning(told, hint=hint, id=f"{ID}.W006")


def mail_is_sealed() -> Iterator[CheckMessage]:
    is_plain = not (settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL)
    if settings.EMAIL_HOST_PASSWORD and is_plain and settings.EMAIL_HOST not in HERE:
        hint = "Set EMAIL_USE_TLS=1 (usual on port 587) or EMAIL_USE_SSL=1 (usual on port 465)."
        yield Warning("The password of the mail server is sent without TLS.", hint=hint, id=f"{ID}.W004")


def there_is_whom_to_write_to(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The accessibility statement has to name somebody: the regulations ask for it."""
    contact = settings.ACCESSIBILITY_CONTACT
    if settings.DEBUG or is_address(contact):
        return []
    return [
        Warning(
            f"ACCESSIBILITY_CONTACT is {contact or 'empty'}, which is no address of mail.",
            hint="Set it to whom people write about accessibility; the accessibility statement shows it.",
            id="mopac_tracker.W020",
        )
    ]


def is_address(said: str) -> bool:
    try:
        validate_email(said)
    except ValidationError:
        return False
    return True


def weaknesses_can_be_reported(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Who finds a weakness looks for an address at /.well-known/security.txt."""
    said = [each.strip() for each in settings.SECURITY_CONTACT.split(",") if each.strip()]
    if settings.DEBUG or (said and all(each.startswith("https://") or "@" in each for each in said)):
        return []
    return [
        Warning(
            f"SECURITY_CONTACT is {settings.SECURITY_CONTACT or 'empty'}, which nobody can report a weakness to.",
            hint="Set it to an address of mail or an https address; /.well-known/security.txt tells it.",
            id="mopac_tracker.W030",
        )
    ]
