"""Pages kept as they were rendered, until anything that they could show has changed.

A kept page belongs to one person, and to one state of the database: the versions of all updates and quarters, which
every write of figures raises in its own transaction, and the newest change sets, which every other change makes. The
state is asked for in one query, so that nothing has to be thrown away when something is saved, in whatever process.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.messages import get_messages
from django.core.cache import cache
from django.db.models import Subquery, Sum, Value
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.utils import timezone

from priorities.history import ChangeSet
from priorities.models import Quarter, QuarterlyUpdate
from priorities.people import signed_in

NEWEST = 100  # change sets looked at: more than are made while one of them waits for its commit
TOKEN = re.compile(rb'(?<=name="csrfmiddlewaretoken" value=")[^"]*')  # another one in each answer
View = Callable[..., HttpResponse]


def kept(view: View) -> View:
    """Answer with the page as it was rendered for this person before, if nothing has changed since.

    For pages whose address alone says what they show. Not kept: answers other than a page, and pages with a message.
    """

    @wraps(view)
    def keeping(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "GET" or request.GET or len(get_messages(request)):
            return view(request, *args, **kwargs)
        key = page_key(request)
        if (content := cache.get(key)) is not None:
            return HttpResponse(TOKEN.sub(get_token(request).encode(), content))
        response = view(request, *args, **kwargs)
        if response.status_code == 200 and not response.streaming:
            cache.set(key, TOKEN.sub(b"", response.content))
        return response

    return keeping


def page_key(request: HttpRequest) -> str:
    person = signed_in(request)
    parts = (request.path, person.pk, str(person), sorted(person.roles), timezone.localdate(), *state())
    return f"page-{hashlib.sha256(repr(parts).encode()).hexdigest()}"


def state() -> tuple[Any, ...]:
    """What is another as soon as anything that a report shows is. One query."""
    versions = [
        Subquery(model.objects.order_by().values(one=Value(1)).annotate(sum=Sum("version")).values("sum"))
        for model in (QuarterlyUpdate, Quarter)
    ]
    return tuple(ChangeSet.objects.order_by("-pk").values_list("pk", *versions)[:NEWEST])
