"""WSGI entry point for the application server."""

import os
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from mopac_tracker.frames import with_room

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mopac_tracker.settings")

if not settings.DEBUG and not os.environ.get("SECRET_KEY", "").strip():
    raise ImproperlyConfigured("Set SECRET_KEY: without it, every worker would make a key of its own.")
if settings.BAD_SETTINGS:
    raise ImproperlyConfigured(" ".join(problem for _, problem in settings.BAD_SETTINGS))

handler = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    return with_room(handler, environ, start_response)
