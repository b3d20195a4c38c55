"""What every page has in common for the audit log: files that were handed out, and what was refused."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from priorities.audit import Act, record
from priorities.models import Person


class RecordedMiddleware:
    """A file handed out to somebody is on record before it leaves, whatever page it comes from; so is a refusal.

    Only of people signed in: what is open to all is nobody's, and a log that strangers could fill would be lost.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_file = is_handed_out(response) and request.method != "HEAD"
        if (response.status_code == 403 or (response.status_code == 200 and is_file)) and (person := known(request)):
            act, detail = (Act.EXPORTED, name_of(response)) if is_file else (Act.REFUSED, request.method)
            record(act, by=person, request=request, about=request.path, detail=detail)
        return response


def is_handed_out(response: HttpResponse) -> bool:
    """A file; a published page is one too, but is read like any other page."""
    disposition = response.get("Content-Disposition", "")
    is_page = disposition.startswith("inline") and response.get("Content-Type", "").startswith("text/html")
    return bool(disposition) and not is_page


def known(request: HttpRequest) -> Person | None:
    """Who is signed in, where the page asked that; a page open to all is not asked about."""
    return request.user if hasattr(request, "session_ends") and isinstance(request.user, Person) else None


def name_of(response: HttpResponse) -> str:
    return response["Content-Disposition"].partition("filename")[2].lstrip("*=").strip('"')
