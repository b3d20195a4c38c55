"""Pages kept as they were rendered, until anything that they could show has changed.

A kept page belongs to one person, and to one state of the data, which comes with the person of each request (see
priorities/sign_in.py): nothing has to be thrown away when something is saved, in whatever process.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.messages import get_messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.dateformat import format as date_format

from priorities.people import signed_in

TOKEN = re.compile(rb'(?<=name="csrfmiddlewaretoken" value=")[^"]*')  # another one in each answer
MADE = re.compile(rb'(?<=<span class="made">)[^<]*')  # the time of the answer
ENDS = re.compile(rb'<p class="session-ends".*?</p>', re.DOTALL)  # when the reader's session ends
MADE_AT = "j F Y, H:i"
View = Callable[..., HttpResponse]


def kept(view: View) -> View:
    """Answer with the page as it was rendered for this person before, if nothing has changed since.

    For pages whose address alone says what they show. Not kept: answers other than a page, and pages with a message.
    """

    @wraps(view)
    def keeping(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "GET" or request.GET or len(get_messages(request)) or not signed_in(request).as_of:
            return view(request, *args, **kwargs)
        key = page_key(request)
        if (content := cache.get(key)) is not None:
            return HttpResponse(filled_in(content, request))
        response = view(request, *args, **kwargs)
        if response.status_code == 200 and not response.streaming:
            cache.set(key, TOKEN.sub(b"", response.content))
        return response

    return keeping


def filled_in(content: bytes, request: HttpRequest) -> bytes:
    """The page with what is another in each answer; what it shows else is as it was rendered."""
    if TOKEN.search(content):
        content = TOKEN.sub(get_token(request).encode(), content)
    content = ENDS.sub(render_to_string("includes/session.html", {"request": request}).strip().encode(), content)
    return MADE.sub(date_format(timezone.localtime(), MADE_AT).encode(), content)


def page_key(request: HttpRequest) -> str:
    person = signed_in(request)
    who = (person.pk, str(person), sorted(person.roles), person.is_superuser)
    parts = (request.path, *who, timezone.localdate(), *person.as_of)
    return f"page-{hashlib.sha256(repr(parts).encode()).hexdigest()}"
