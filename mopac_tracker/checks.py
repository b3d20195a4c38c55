"""What a deployment needs set; `manage.py check --deploy` tells."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning


def site_url_is_secure(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Links in mails begin with SITE_URL: without it they would lead people to their own machine."""
    address = urlsplit(settings.SITE_URL)
    if settings.DEBUG or (address.scheme == "https" and address.hostname):
        return []
    return [
        Warning(
            f"SITE_URL is {settings.SITE_URL or 'empty'}, which is no https address.",
            hint="Set SITE_URL to where people reach the tracker, like https://tracker.example.org.",
            id="mopac_tracker.W001",
        )
    ]


def settings_can_be_read(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """What the environment says and the settings could not use; they hold the default meanwhile."""
    return [
        Error(problem, hint=f"Correct {name}, or leave it out for the default.", id="mopac_tracker.E001")
        for name, problem in settings.BAD_SETTINGS
    ]


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
