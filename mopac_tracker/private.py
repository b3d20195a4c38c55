"""What every answer says to browsers and to whatever lies between: keep nothing, embed nothing, ask for no device."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage
from django.http import HttpRequest
from django.http.response import HttpResponseBase

NOT_KEPT = "private, no-store"
DEVICES = ["accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media", "fullscreen"]
DEVICES += ["geolocation", "gyroscope", "hid", "idle-detection", "magnetometer", "microphone", "midi", "payment"]
DEVICES += ["picture-in-picture", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking"]
HEADERS = {
    "Cache-Control": NOT_KEPT,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{device}=()" for device in DEVICES),
    # Django's own too: a request refused for its host name never comes to its middleware.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class PrivateAnswers:
    """Stands outside all others, so that errors of theirs are not kept either.

    Private is the rule. What is published says itself how long it may be kept, and is believed only if no session was
    looked at to answer. Typed work is safe: browsers fill in a form again on the way back though its page was not kept.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if "public" in response.headers["Cache-Control"] and depends_on_a_person(request):
            response.headers["Cache-Control"] = NOT_KEPT
        if signs_out(request):
            response.headers["Clear-Site-Data"] = '"cache"'
        return response


def depends_on_a_person(request: HttpRequest) -> bool:
    session = getattr(request, "session", None)
    return session is not None and session.accessed


def signs_out(request: HttpRequest) -> bool:
    return request.method == "POST" and getattr(request.resolver_match, "view_name", "") == "logout"


class MessageCookie(CookieStorage):
    cookie_name = "__Host-messages"


class Messages(FallbackStorage):
    """Django's own, in a cookie that belongs to this host alone; browsers take it over HTTPS only."""

    storage_classes = (MessageCookie, SessionStorage)
