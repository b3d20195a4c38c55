"""What the script of every page asks: when the session ends, and to stay signed in."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from updates.typed import only_acts

from .idle import ends as session_ends
from .idle import touch


@never_cache
@require_safe
def ends(request: HttpRequest) -> JsonResponse:
    """Asked by a page itself, so it keeps no session alive."""
    return answer(request)


ends.only_asks = True  # type: ignore[attr-defined]


@only_acts
@never_cache
@require_POST
def stay(request: HttpRequest) -> JsonResponse:
    """Somebody pressed the button."""
    touch(request.session, at_once=True)
    return answer(request)


def answer(request: HttpRequest) -> JsonResponse:
    found = session_ends(request.session)
    return JsonResponse(
        {"ends": found.timestamp, "warned": found.warned, "now": found.asked_at, "stays": found.can_stay}
    )
