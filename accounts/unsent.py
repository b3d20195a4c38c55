"""A form that was sent when its session had ended: looked at, and sent again or thrown away."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from priorities.cells import shorten
from updates.typed import UNSENT, handed_out, only_acts

MARKS = re.compile(r"(^|[-_])(seen|fingerprint|version|shown|[A-Z]+_(NUM_)?FORMS)$")
WRITTEN = 200  # characters shown of one answer; all of it is sent


@only_acts
def unsent(request: HttpRequest) -> HttpResponse:
    """Of the page that is asked for, else of the one sent last; POST throws it away."""
    pages: dict[str, dict[str, list[str]]] = request.session.get(UNSENT, {})
    asked = (request.POST if request.method == "POST" else request.GET).get("page", "")
    path = asked if asked in pages else next(reversed(pages), "")
    if request.method == "POST":
        thrown = handed_out(request.session, UNSENT, asked) is not None
        return redirect(asked if thrown else "reports:home")
    lists = pages.get(path, {})
    context: dict[str, Any] = {
        "title": "Send it again",
        "path": path,
        "others": [other for other in pages if other != path],
        "fields": [(name, value) for name, values in lists.items() for value in values],
        "shown": [(label(name), told(values)) for name, values in lists.items() if is_shown(name, values)],
    }
    return render(request, "accounts/unsent.html", context)


def is_shown(name: str, values: list[str]) -> bool:
    """What the form itself carried, as which version it showed, is sent but says nothing to its reader."""
    return any(value.strip() for value in values) and not MARKS.search(name) and not name.startswith("initial-")


def told(values: list[str]) -> str:
    return shorten("; ".join(value for value in values if value.strip()), WRITTEN)


def label(name: str) -> str:
    return " ".join(re.split(r"[-_]+", name)).strip().capitalize() or name
