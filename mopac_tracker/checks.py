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
