"""What monitors ask: does the process answer, and is all that it needs there?

Both are answered before everything else, so that a probe by address, over plain HTTP and with any Host is no trouble,
and a database that is away can't take the answer down with it.
"""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse


class Probes:
    """Middleware: /healthz and /readyz, without session, Host check or redirect to HTTPS."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        view = {"/healthz": healthz, "/readyz": readyz}.get(request.path_info)
        return view(request) if view else self.get_response(request)


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    return plain("ok")


@login_not_required
def readyz(request: HttpRequest) -> HttpResponse:
    reason = why_not_ready()
    return plain(reason or "ready", status=503 if reason else 200)


def plain(text: str, status: int = 200) -> HttpResponse:
    return HttpResponse(text, content_type="text/plain", status=status, headers={"Cache-Control": "no-store"})


def why_not_ready() -> str:
    """Why the tracker can't work yet, in words that give nothing away; empty when it can.

    Takes no longer than the database's time-outs: settings.DATABASES.
    """
    try:
        missing = missing_migrations()
    except (DatabaseError, InterfaceError):
        return "The database does not answer. Look whether it runs, and at DATABASE_URL."
    if missing:
        return f"{missing} migration{'s are' if missing > 1 else ' is'} missing. Run: manage.py migrate"
    return ""


def missing_migrations() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
