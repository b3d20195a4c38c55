"""What the tracker logs: enough to find a fault, and nothing of whom it was about."""

import io
import json
import logging
import re

import pytest
from django.contrib.auth import views
from django.core import mail
from django.db import connection
from django.test import Client, override_settings

from mopac_tracker.logs import JsonFormatter, logging_config
from tests.make import make_person

MARKS = ("jo.bloggs", "zanzibar", "203.0.113.77", "4f0rg0tt3n", "quarterly-demo")


@pytest.fixture
def lines():
    """All that is logged, as it would stand in the journal."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel("DEBUG")
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def jo(db):
    return make_person("jo.bloggs", email="jo.bloggs@zanzibar.example", first_name="Jo", last_name="Zanzibar")


@pytest.fixture
def browser():
    return Client(raise_request_exception=False, REMOTE_ADDR="203.0.113.77", HTTP_X_FORWARDED_FOR="203.0.113.77")


def request_line(lines):
    (line,) = [line for line in lines() if "status" in line]
    return line


@pytest.mark.django_db
def test_a_request_is_one_line_with_its_route_status_time_and_queries(client, lines):
    client.get("/password/reset/MQ/4f0rg0tt3n/?next=zanzibar")
    line = request_line(lines)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line["time"])
    assert (line["level"], line["method"], line["status"]) == ("INFO", "GET", 200)
    assert line["path"] == "/password/reset/<uidb64>/<token>/"
    assert line["queries"] == 1
    assert line["ms"] >= 0


@pytest.mark.parametrize("said", ["abcDEF-123", "0123456789abcdef0123456789abcdef"])
@pytest.mark.django_db
def test_an_id_from_the_server_in_front_is_kept_and_sent_back(client, lines, said):
    response = client.get("/sign-in/", headers={"x-request-id": said})
    assert response["X-Request-ID"] == request_line(lines)["request_id"] == said


@pytest.mark.parametrize("said", ["", "short", "x" * 65, "jo@example.org", "two words-", 'a"b\\c12345', "абвгдежзи"])
@pytest.mark.django_db
def test_an_id_that_is_none_is_replaced(client, said):
    made = client.get("/sign-in/", headers={"x-request-id": said})["X-Request-ID"]
    assert re.fullmatch("[0-9a-f]{16}", made)


def use_it(browser, jo, monkeypatch):
    """What somebody does whose every word is a mark: signs in and in vain, asks, types, and meets faults."""
    browser.get("/zanzibar/?name=jo.bloggs")
    browser.post("/sign-in/?next=/zanzibar", {"username": "jo.bloggs", "password": "zanzibar"})
    browser.post("/sign-in/", {"username": "jo.bloggs", "password": "quarterly-demo"})
    browser.post("/password/reset/", {"email": jo.email})
    browser.get(f"/people/{jo.pk}/?q=zanzibar")
    browser.get("/sign-in/", headers={"host": "zanzibar.example"})
    Client(enforce_csrf_checks=True).post(
        "/sign-in/", {"username": "jo.bloggs"}, headers={"referer": "https://a/?zanzibar"}
    )

    def broken(view, request, *args, **kwargs):
        typed = request.POST["username"]
        raise ValueError(f"no such thing as {typed}") from KeyError(request.META["REMOTE_ADDR"])

    monkeypatch.setattr(views.PasswordResetView, "dispatch", broken)
    browser.post("/password/reset/", {"username": "jo.bloggs"})


@override_settings(ADMINS=[("Ops", "ops@example.org")])
def test_nothing_in_the_log_says_who(browser, jo, lines, monkeypatch):
    mail.outbox.clear()
    use_it(browser, jo, monkeypatch)
    text = "\n".join(json.dumps(line) for line in lines()).lower()
    assert len(lines()) > 10
    assert [mark for mark in MARKS if mark in text] == []
    assert [sent.to for sent in mail.outbox] == [[jo.email]]  # Django mails no administrators about faults


def test_a_fault_is_logged_with_its_type_and_place_and_the_id_on_the_page(browser, jo, lines, monkeypatch):
    use_it(browser, jo, monkeypatch)
    fault = next(line for line in lines() if "exception" in line and line["exception"] == "ValueError")
    assert fault["level"] == "ERROR"
    assert fault["caused_by"] == ["KeyError"]
    assert re.search(r"tests/test_logs.py:\d+ broken", fault["trace"][-1])
    assert fault["request_id"] == next(line for line in lines() if line.get("status") == 500)["request_id"]


def said(name, level, message, *arguments):
    record = logging.LogRecord(name, level, "", 0, message, arguments, None)
    return json.loads(JsonFormatter().format(record))["message"]


def test_a_message_of_ours_is_filled_in_and_one_of_a_library_is_not():
    assert said("updates.mailing", logging.WARNING, "A mail: %s", "SMTPDataError") == "A mail: SMTPDataError"
    assert said("django.security.csrf", logging.WARNING, "Forbidden (%s): %s", "x", "/y") == "Refused"
    assert said("py.library", logging.WARNING, "No %s here", "zanzibar") == "No %s here"
    assert said("gunicorn.error", logging.INFO, "Listening at: %s", "unix:/x") == "Listening at: unix:/x"
    assert said("gunicorn.error", logging.CRITICAL, "WORKER TIMEOUT (pid:%s)", 7) == "WORKER TIMEOUT (pid:7)"
    assert said("gunicorn.error", logging.WARNING, "Invalid request from ip=203.0.113.77: GET /jo") == "Invalid request"


def test_probes_are_told_only_when_they_fail(client, lines):
    client.get("/healthz")
    assert request_line(lines)["level"] == "DEBUG"


@pytest.mark.django_db
def test_queries_that_come_with_values_are_never_logged(lines):
    logger = logging.getLogger("django.db.backends")
    logger.setLevel(logging_config("DEBUG", for_people=False)["loggers"]["django.db.backends"]["level"])
    connection.force_debug_cursor = True
    try:
        list(make_person("jo.bloggs").groups.all())
    finally:
        connection.force_debug_cursor = False
    assert "jo.bloggs" not in json.dumps(lines())


def test_a_host_that_is_not_ours_is_a_warning_without_its_name(browser, db, lines):
    browser.get("/sign-in/", headers={"host": "zanzibar.example"})
    assert request_line(lines)["status"] == 400
    assert "zanzibar" not in json.dumps(lines())
