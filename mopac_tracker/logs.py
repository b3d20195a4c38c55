"""What the tracker logs: one JSON object a line, each with the id of its request, and nothing of whom it was about.

A line says what happened and where, never what was typed: no names, addresses, query strings or values. So a request
is told by its route's pattern (links carry tokens, addresses carry keys of people), an exception by its type and place
(its message may quote a row), and a message of a library by its template (what fills it in may be an address).
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from traceback import extract_tb
from types import TracebackType
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse

OURS = {"mopac_tracker", "accounts", "reports", "updates", "workbooks", "indicators", "goals", "risks", "finance"}
OURS |= {"priorities"}
WELL_FORMED = re.compile(r"[A-Za-z0-9-]{8,64}")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
NO_REQUEST = "-"
FIELDS = ("method", "path", "status", "ms", "queries")
FRAMES = 30  # of a traceback, the innermost
PROBES = ("/healthz", "/readyz")

current: ContextVar[str] = ContextVar("request id", default=NO_REQUEST)
logger = logging.getLogger(__name__)


class RequestLog:
    """Middleware, the first: gives each request its id, sends it back, and logs one line about the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token, count, began = current.set(id_of(request)), Count(), time.perf_counter()
        request.request_id = current.get()  # type: ignore[attr-defined]  # for what is logged after the answer
        try:
            with connection.execute_wrapper(count):
                response = self.get_response(request)
            response["X-Request-ID"] = current.get()
            self.log(request, response, round((time.perf_counter() - began) * 1000), count.queries)
            return response
        finally:
            current.reset(token)

    def log(self, request: HttpRequest, response: HttpResponse, ms: int, queries: int) -> None:
        level = logging.INFO if response.status_code < 500 else logging.WARNING
        if request.path_info in PROBES and response.status_code == 200:
            level = logging.DEBUG  # every few seconds, all day
        said = (request.method, pattern_of(request), response.status_code, ms, queries)
        text = "%s %s: %s in %s ms, %s queries"
        logger.log(level, text, *said, extra=dict(zip(FIELDS, said, strict=True)))


class Count:
    """Counts the queries that pass by."""

    queries = 0

    def __call__(self, execute: Callable[..., Any], *query: Any) -> Any:
        self.queries += 1
        return execute(*query)


def id_of(request: HttpRequest) -> str:
    """The id that the server in front gave, if it is one, else a new one."""
    said = request.headers.get("X-Request-ID", "")
    return said if WELL_FORMED.fullmatch(said) else secrets.token_hex(8)


def pattern_of(request: HttpRequest) -> str:
    match = request.resolver_match
    if match is not None:
        return f"/{match.route}"
    return request.path_info if request.path_info in PROBES else NO_REQUEST


class JsonFormatter(logging.Formatter):
    """One line of JSON: time in UTC, level, logger, message, request_id; of requests and exceptions what they add."""

    def format(self, record: logging.LogRecord) -> str:
        at = dt.datetime.fromtimestamp(record.created, dt.UTC)
        line: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": message_of(record),
            "request_id": getattr(getattr(record, "request", None), "request_id", current.get()),
        }
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info and record.exc_info[1] is not None:
            line |= exception_of(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=type_of)


def message_of(record: logging.LogRecord) -> str:
    """The message; of a library only its template, unless nothing but numbers fills it in."""
    arguments = record.args if isinstance(record.args, tuple) else (record.args,)
    starts_or_stops = record.name == "gunicorn.error" and record.levelno == logging.INFO
    of_numbers = all(isinstance(argument, int | float) for argument in arguments)
    if record.name.partition(".")[0] in OURS or starts_or_stops or (record.args and of_numbers):
        return record.getMessage()
    if record.name == "django.request":
        return f"{getattr(record, 'status_code', '')} answered"
    if record.name.startswith("django.security"):  # which puts what was sent into the template
        return "Refused"
    return str(record.msg).partition(" from ip=")[0]  # gunicorn writes the address into the template


def exception_of(error: BaseException) -> dict[str, Any]:
    """Type and place of an exception, and the types of those that led to it."""
    frames = extract_tb(error.__traceback__)[-FRAMES:]
    led = [type_of(cause) for cause in causes(error)][1:]
    places = [f"{short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]
    return {"exception": type_of(error), "caused_by": led, "trace": places}


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and those that led to it, the nearest first."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def type_of(value: Any) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def short(path: str) -> str:
    return "/".join(path.split("/")[-3:])


def log_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """For sys.excepthook: a command run by a timer leaves its crash in the log as a request does."""
    if issubclass(kind, KeyboardInterrupt) or sys.stderr.isatty():
        sys.__excepthook__(kind, error, trace)
    else:
        logger.critical("A command ended with an exception", exc_info=(kind, error, trace))


def logging_config(level: str, *, for_people: bool) -> dict[str, Any]:
    """For LOGGING: all to stderr, where systemd's journal takes it; no mails, which would quote whole requests."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"()": "mopac_tracker.logs.JsonFormatter"},
            "people": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
        },
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "people" if for_people else "json"},
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": "INFO", "propagate": True},  # without Django's mails to ADMINS
            "django.request": {"level": "ERROR"},  # the line about the request tells the others
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},  # as above
            "django.db.backends": {"level": "INFO"},  # never the values of queries
        },
    }
