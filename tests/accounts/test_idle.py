"""A session ends when nothing is sent for a while, and after a day; the server decides, and says so in words."""

import datetime as dt

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.test import Client
from django.utils import timezone

from accounts.idle import BEGAN, SEEN
from mopac_tracker.checks import the_warning_comes_before_the_end
from priorities.audit import Act, AuditEvent
from tests.make import make_full_update, make_quarter

pytestmark = pytest.mark.django_db
PAGE = "/people/roles/"


@pytest.fixture
def signed_in(client, manager):
    client.post("/sign-in/", {"username": "manager", "password": "quarterly-demo"})
    return client


@pytest.fixture
def after(monkeypatch):
    """Moves the clock by so many minutes."""
    start, ahead = timezone.now(), []
    monkeypatch.setattr(timezone, "now", lambda: start + dt.timedelta(minutes=sum(ahead)))
    return ahead.append


def is_in(client):
    return client.get(PAGE).status_code == 200


def test_after_the_minutes_without_anything_sent_it_is_over_and_that_is_said(signed_in, after):
    after(32)
    response = signed_in.get(PAGE)
    assert response.url == f"/sign-in/?next={PAGE}"
    page = signed_in.get(response.url).content.decode()
    assert "You were signed out, because nothing was sent for 30 minutes. Sign in again." in page
    assert AuditEvent.objects.filter(act=Act.SESSION_ENDED, name="manager").exists()


def test_whoever_goes_on_stays(signed_in, after):
    for _ in range(5):
        after(29)
        assert is_in(signed_in)


def test_after_a_day_it_is_over_whatever_was_sent(signed_in, after):
    for _ in range(49):
        after(29)
        assert is_in(signed_in)
    after(28)
    page = signed_in.get(PAGE, follow=True).content.decode()
    assert "You were signed out, as after 24 hours everybody is. Sign in again." in page


def test_a_page_that_only_asks_keeps_no_session_alive(signed_in, after):
    for _ in range(3):
        after(10)
        signed_in.get("/session/")
    after(2)
    assert not is_in(signed_in)


def test_staying_is_one_post_and_says_until_when(signed_in, after):
    before = signed_in.get("/session/").json()["ends"]
    after(27)
    assert signed_in.post("/session/stay/").json()["ends"] == before + 27 * 60
    after(27)
    assert is_in(signed_in)


def test_the_page_says_without_a_script_when_it_ends(signed_in):
    at = timezone.localtime() + dt.timedelta(minutes=31)  # the server's own minute is counted in
    told = [f"If nothing is sent until {t:%H:%M}" for t in (at, at - dt.timedelta(minutes=1))]
    assert any(words in signed_in.get(PAGE).content.decode() for words in told)


def test_a_kept_page_says_when_the_session_of_its_reader_ends(signed_in, after, settings, victims):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    make_full_update(victims, make_quarter())
    first = signed_in.get("/2022-23-q1/").content.decode()
    after(10)
    second = signed_in.get("/2022-23-q1/").content.decode()

    def until(page):
        return int(page.split('data-ends="')[1].split('"')[0])

    assert until(second) == until(first) + 600


def test_it_is_written_once_a_minute_at_most(signed_in, after, django_assert_num_queries):
    with django_assert_num_queries(2):
        signed_in.get(PAGE)  # the session and the person: nothing is written
    after(2)
    with django_assert_num_queries(3):
        signed_in.get(PAGE)  # one more
    with django_assert_num_queries(2):
        signed_in.get(PAGE)


def test_a_session_that_was_ended_meanwhile_is_not_written_again(signed_in):
    here, elsewhere = signed_in.session, signed_in.session
    here[SEEN] = elsewhere[SEEN] + 60
    elsewhere.flush()
    with pytest.raises(UpdateError):
        here.save()
    assert not here.exists(here.session_key)


def test_what_was_typed_outlives_an_idle_session(client, administrator, after):
    client.post("/sign-in/", {"username": "administrator", "password": "quarterly-demo"})
    after(45)
    response = client.post("/people/invite/", {"first_name": "Ann"})
    page = client.get(response.url).content.decode()
    assert "nothing was sent for 30 minutes. Sign in again: what you typed is kept." in page
    client.post(response.url, {"username": "administrator", "password": "quarterly-demo"})
    assert "<dd>Ann</dd>" in client.get("/typed/").content.decode()


def test_what_is_kept_outlasts_a_weekend(client, administrator, after):
    client.post("/sign-in/", {"username": "administrator", "password": "quarterly-demo"})
    after(3 * 24 * 60)
    client.post("/people/invite/", {"first_name": "Ann"})
    assert client.session.get_expiry_age() == 14 * 86_400


def test_signing_in_gives_another_session_and_signing_out_ends_it(client, manager):
    client.get("/sign-in/")
    client.post("/people/roles/", {"x": "y"})
    credentials = {"username": "manager", "password": "quarterly-demo"}
    client.post("/sign-in/", credentials)
    first = client.session.session_key
    client.post("/sign-out/")
    stolen = Client()
    stolen.cookies["sessionid"] = first
    assert not is_in(stolen)
    client.post("/sign-in/", credentials)
    assert client.session.session_key != first


def test_who_is_deactivated_is_signed_out_at_once(signed_in, manager):
    assert is_in(signed_in)
    manager.is_active = False
    manager.save()
    assert not is_in(signed_in)


def test_a_session_from_before_there_were_limits_begins_now(client, manager, after):
    client.force_login(manager)
    session = client.session
    for key in (BEGAN, SEEN):
        del session[key]
    session.save()
    assert is_in(client)
    assert client.session[BEGAN] == client.session[SEEN] == int(timezone.now().timestamp())


def test_a_page_that_says_the_same_to_everybody_asks_nothing_of_the_session(signed_in, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = signed_in.get("/healthz")
    assert "Cookie" not in response.get("Vary", "")


def test_the_warning_must_come_before_the_end(settings):
    settings.IDLE_MINUTES = settings.IDLE_WARNING_MINUTES = 5
    (error,) = the_warning_comes_before_the_end(None)
    assert (error.id, "below IDLE_MINUTES" in error.hint) == ("mopac_tracker.E010", True)


def test_a_page_is_told_the_second_at_which_the_server_ends_the_session(signed_in, after):
    """A page that came to the sign-in before that would renew the session of somebody who is gone."""
    ends = signed_in.get("/session/").json()["ends"]
    after((ends - int(timezone.now().timestamp()) + 1) / 60)
    assert signed_in.get("/sign-in/").status_code == 200
