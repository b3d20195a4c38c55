"""Files of ours as answers to a request."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.http import content_disposition_header


def sent(data: bytes, name: str, media_type: str = "application/octet-stream") -> HttpResponse:
    """A file to be kept by who asked for it: never shown in place of a page, never stored on the way."""
    headers = {
        "Content-Disposition": content_disposition_header(True, name) or "attachment",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return HttpResponse(data, content_type=media_type, headers=headers)
