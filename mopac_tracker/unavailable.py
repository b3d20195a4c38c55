"""The pages for when nothing else works: rendered without database, session or context processors.

They name their stylesheet, which comes without those too, and can be read without it.

A form that was sent comes back with the page, to be sent again with one press: a browser may not show once more what
was typed on a page that it must not store.
"""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException
from django.template import loader
from django.templatetags.static import static

from priorities.cells import is_secret

from . import logs

RETRY_AFTER = 30  # seconds
Cells = list[tuple[str, str]]


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: 503 if the database can't be reached, whether a view, a template or a middleware asked for it."""
    is_away = any(database_is_away(error) for error in logs.causes(sys.exception()))
    name, status = ("503.html", 503) if is_away else ("500.html", 500)
    context = {"request_id": logs.current.get(), "was_sent": request.method == "POST", "cells": sent(request)}
    response = plain(name, status, {**context, "path": request.path})
    response["Cache-Control"] = "no-store"
    if is_away:
        response["Retry-After"] = str(RETRY_AFTER)
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400: a session that can't be written since the disk is full is no damaged form, though Django says so."""
    if any(database_is_away(error) for error in logs.causes(exception)):
        return server_error(request)
    return plain("400.html", 400, {})


def plain(name: str, status: int, context: dict[str, Any]) -> HttpResponse:
    said = {"style": style(), "contact": settings.ACCESSIBILITY_CONTACT} | context
    return HttpResponse(loader.get_template(name).render(said), status=status)


def style() -> str:
    """The address of the stylesheet; "" where the static files were not collected, which must not hide what failed."""
    try:
        return static("tracker.css")
    except ValueError:
        return ""


def database_is_away(error: BaseException) -> bool:
    """Away, shut, full or busy; not merely without a table or column, which waiting doesn't mend."""
    return isinstance(error, OperationalError | InterfaceError) and not str(error).startswith("no such")


def sent(request: HttpRequest) -> Cells:
    """The cells of the form that was sent; none if it held a password or a file, which no page may repeat."""
    if request.method != "POST":
        return []
    try:
        cells = [(name, value) for name, values in request.POST.lists() for value in values]
    except (OSError, RawPostDataException, BadRequest, SuspiciousOperation):
        return []
    return [] if request.FILES or any(is_secret(name) for name, value in cells) else cells
