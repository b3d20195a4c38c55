"""What monitors ask, and what a person sees while the database is away."""

from contextlib import contextmanager

import pytest
from django.core.files.base import ContentFile
from django.db import InterfaceError, OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client, override_settings

from mopac_tracker import health, unavailable


@contextmanager
def away(error=OperationalError):
    """Every query fails as it does when the server is gone; its message holds what no page and no log may show."""

    def fail(*query):
        raise error("connection to server at db.secret.example failed: password for user jo")

    with connection.execute_wrapper(fail):
        yield


def test_the_process_answers_without_any_database(client, django_assert_num_queries):
    response = client.get("/healthz")  # the database is forbidden to this test
    assert (response.status_code, response.content, response["Cache-Control"]) == (200, b"ok", "no-store")


@override_settings(SECURE_SSL_REDIRECT=True, ALLOWED_HOSTS=["tracker.example"])
@pytest.mark.django_db
def test_a_probe_by_address_over_plain_http_is_no_trouble():
    for path in ("/healthz", "/readyz"):
        response = Client(headers={"host": "10.0.0.7:8000"}).get(path)
        assert response.status_code == 200
        assert not response.cookies


@pytest.mark.django_db
def test_it_is_ready_with_a_database_that_has_all_migrations(client):
    response = client.get("/readyz")
    assert (response.status_code, response.content) == (200, b"ready")


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_it_is_not_ready_while_the_database_is_away_and_tells_no_secrets(client, error):
    with away(error):
        response = client.get("/readyz")
    assert response.status_code == 503
    assert response.content.decode() == "The database does not answer. Look whether it runs, and at DATABASE_URL."


@pytest.mark.django_db
def test_it_is_not_ready_while_a_migration_is_missing(client):
    recorder = MigrationRecorder(connection)
    newest = max(name for app, name in recorder.applied_migrations() if app == "reports")
    recorder.record_unapplied("reports", newest)
    response = client.get("/readyz")
    assert (response.status_code, response.content) == (503, b"1 migration is missing. Run: manage.py migrate")


@pytest.mark.django_db
def test_asking_is_cheap(django_assert_max_num_queries):
    with django_assert_max_num_queries(3):
        assert health.why_not_ready() == ""


@pytest.fixture
def quiet(client):
    """Answers with the page that a person would see, instead of raising."""
    client.raise_request_exception = False
    return client


@pytest.mark.django_db
def test_a_page_whose_view_finds_no_database_says_so_and_when_to_come_back(quiet):
    with away():
        response = quiet.get("/password/reset/MQ/y/")
    assert (response.status_code, response["Retry-After"]) == (503, "30")
    assert "The tracker is not available just now" in response.content.decode()
    assert "secret" not in response.content.decode()


@pytest.mark.django_db
def test_so_does_one_whose_middleware_finds_none(quiet, victims_lead):
    quiet.force_login(victims_lead)
    with away():
        response = quiet.get("/my-updates/")  # the session asks first
    assert response.status_code == 503
    assert response["X-Request-ID"] in response.content.decode()


@pytest.mark.django_db
def test_what_was_typed_comes_back_to_be_sent_again(quiet, victims_lead):
    quiet.force_login(victims_lead)
    with away():
        response = quiet.post("/my-updates/", {"narrative": 'Down <b>"a lot"</b>', "risks-0-level": "H"})
    page = response.content.decode()
    assert "It may not have been saved; sending it again is safe." in page
    assert '<form action="/my-updates/" method="post">' in page
    assert '<input type="hidden" name="narrative" value="Down &lt;b&gt;&quot;a lot&quot;&lt;/b&gt;">' in page
    assert '<input type="hidden" name="risks-0-level" value="H">' in page
    assert response["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_a_file_does_not_come_back(quiet, administrator):
    quiet.force_login(administrator)
    with away():
        page = quiet.post("/imports/", {"file": ContentFile(b"x", "q1.csv"), "note": "mine"}).content.decode()
    assert "mine" not in page
    assert "a file or a password may have to be given anew" in page


@pytest.mark.django_db
def test_a_password_never_comes_back(quiet):
    with away():
        response = quiet.post("/sign-in/", {"username": "jo", "password": "quarterly-demo"})
    assert response.status_code == 503
    assert "quarterly-demo" not in response.content.decode()
    assert "go back in your browser" in response.content.decode()


@pytest.mark.django_db
def test_another_fault_is_a_500_with_a_number_to_quote(quiet, monkeypatch):
    from django.contrib.auth import views

    def broken(*args, **kwargs):
        raise ZeroDivisionError("jo@example.org")

    monkeypatch.setattr(views.PasswordResetView, "dispatch", broken)
    response = quiet.get("/password/reset/", headers={"x-request-id": "quote-me-1"})
    assert response.status_code == 500
    assert "<strong>quote-me-1</strong>" in response.content.decode()
    assert "jo@example.org" not in response.content.decode()


@pytest.mark.django_db
def test_a_page_of_a_fault_is_styled_says_whom_to_write_to_and_is_there_without_either(quiet, monkeypatch, settings):
    def broken(*args, **kwargs):
        raise ValueError("no such file in the manifest")

    monkeypatch.setattr("django.contrib.auth.views.PasswordResetView.dispatch", broken)
    settings.ACCESSIBILITY_CONTACT = "access@tracker.example"
    page = quiet.get("/password/reset/").content.decode()
    assert '<link rel="stylesheet" href="/static/tracker.css">' in page
    assert 'href="mailto:access@tracker.example"' in page
    settings.ACCESSIBILITY_CONTACT = ""
    monkeypatch.setattr(unavailable, "static", broken)
    response = quiet.get("/password/reset/")
    assert response.status_code == 500
    assert "Something went wrong on our side" in response.content.decode()
    assert "stylesheet" not in response.content.decode()
    assert "mailto" not in response.content.decode()
