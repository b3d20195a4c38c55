"""What a deployment needs set; `manage.py check --deploy` tells."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ValidationError
from django.core.validators import validate_email


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


def settings_can_be_read(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """What the environment says and the settings could not use; they hold the default meanwhile."""
    return [
        Error(problem, hint=f"Correct {name}, or leave it out for the default.", id="mopac_tracker.E001")
        for name, problem in settings.BAD_SETTINGS
    ]
