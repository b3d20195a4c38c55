"""A form that was sent when its session had ended: looked at, and sent again or thrown away."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from priorities.cells import shorten
from updates.typed import UNSENT, only_acts

MARKS = re.compile(r"(^|[-_])(seen|fingerprint|version|shown|[A-Z]+_(NUM_)?FORMS)$")
WRITTEN = 200  # characters shown of one answer; all of it is sent


@only_acts
def unsent(request: HttpRequest) -> HttpResponse:
    waiting = request.session.get(UNSENT)
    if request.method == "POST":
        request.session.pop(UNSENT, None)
        return redirect(waiting["path"] if waiting else "reports:home")
    lists: dict[str, list[str]] = waiting["lists"] if waiting else {}
    context: dict[str, Any] = {
        "title": "Send it again",
        "path": waiting["path"] if waiting else "",
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
