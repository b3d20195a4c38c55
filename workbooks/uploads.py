"""How much may be sent at once: refused before any of it is read."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

MAX_SENT = 60 * 2**20  # of one request, all its files together
MAX_DRAINED = 4 * MAX_SENT  # a browser shows the answer only once it has sent all; beyond this it is cut off
CHUNK = 2**16


class SentAtOnce:
    """Middleware: a page that says so, instead of taking in a request that is too large."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) <= MAX_SENT:
            return self.get_response(request)
        drained = 0
        while drained < MAX_DRAINED and (chunk := request.read(CHUNK)):
            drained += len(chunk)
        return render(request, "413.html", {"megabytes": MAX_SENT // 2**20}, status=413)
