"""Pages kept as they were rendered: who gets them, and what makes them be rendered anew."""

import datetime as dt
import re

import pytest
from django.core.cache import caches
from django.test import Client
from django.utils import timezone

from indicators.models import Indicator, Reading
from priorities.history import Source, recording
from priorities.models import Definition, Person
from priorities.writing import writing
from tests.answers import queries
from tests.closed import approve_all, close_for_real
from tests.forms import without_moment
from updates.deciding import note_decision

pytestmark = pytest.mark.django_db
OVERVIEW, TRUST = "/2022-23-q1/", "/2022-23-q1/trust-and-confidence-increases/"


@pytest.fixture(autouse=True)
def cache(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "kept"}}
    yield caches["default"]
    caches["default"].clear()


def test_the_same_page_again_takes_two_queries_and_says_the_same(client, demo):
    client.force_login(Person.objects.get(username="manager"))
    for path in (OVERVIEW, TRUST):
        first = client.get(path)
        assert queries(client, path) == 2  # the session, and the person with what has changed
        assert without_moment(client.get(path)) == without_moment(first)


def test_a_kept_page_has_a_token_that_is_taken(demo, client):
    checked = Client(enforce_csrf_checks=True)
    checked.force_login(Person.objects.get(username="manager"))
    for _ in range(2):
        page = checked.get(OVERVIEW).content.decode()
        token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    assert checked.post("/sign-out/", {"csrfmiddlewaretoken": token}).status_code == 302


def test_a_kept_draft_pack_says_when_it_was_asked_for(client, demo, monkeypatch):
    client.force_login(Person.objects.get(username="manager"))
    for hour in (9, 14):
        monkeypatch.setattr(timezone, "now", lambda hour=hour: dt.datetime(2022, 7, 20, hour, 30, tzinfo=dt.UTC))
        shown = client.get("/2022-23-q1/print/").content.decode()
        assert f'made <span class="made">20 July 2022, {hour + 1}:30</span>' in shown
    assert queries(client, "/2022-23-q1/print/") == 2


def test_a_decision_of_the_board_is_shown_at_once(client, demo):
    manager = Person.objects.get(username="manager")
    client.force_login(manager)
    client.get(TRUST)
    update = demo.updates.get(priority__slug="trust-and-confidence-increases")
    note_decision(update, "finance", "Ask for a forecast by month.", by=manager)
    assert "Ask for a forecast by month." in client.get(TRUST).content.decode()


def test_a_page_is_never_anothers(client, demo):
    client.force_login(Person.objects.get(username="manager"))
    assert "Trust and confidence" in client.get(OVERVIEW).content.decode()
    lead = Person.objects.get(username="victims-lead")
    client.force_login(lead)
    page = client.get(OVERVIEW).content.decode()
    assert f'<span class="top-user">{lead}</span>' in page


def save_a_figure(demo):
    reading = Reading.objects.select_related("update").filter(update__quarter=demo, value__isnull=False).first()
    with writing([reading.update], by=None, source=Source.COMMAND):
        reading.note = "Said otherwise now"
        reading.save()


def rename_an_indicator(demo):
    with recording(by=None, source=Source.ADMIN):
        indicator = Indicator.objects.first()
        indicator.title = "Said otherwise now"
        indicator.save()


def reword_a_definition(demo):
    with recording(by=None, source=Source.ADMIN):
        definition = Definition.objects.first()
        definition.text = "Said otherwise now"
        definition.save()


def close_it(demo):
    close_for_real(approve_all(demo))


@pytest.mark.parametrize("change", [save_a_figure, rename_an_indicator, reword_a_definition, close_it])
def test_whatever_changes_the_page_is_rendered_anew(client, demo, change):
    client.force_login(Person.objects.get(username="manager"))
    pages = (OVERVIEW, TRUST, "/2022-23-q1/victims-are-better-supported/")
    before = [without_moment(client.get(path)) for path in pages]
    change(demo)
    assert [without_moment(client.get(path)) for path in pages] != before


@pytest.mark.usefixtures("contexts")
def test_a_renamed_person_is_shown_by_the_new_name(client, demo):
    client.force_login(Person.objects.get(username="administrator"))
    lead = Person.objects.get(username="victims-lead")
    assert "Renamed Person" not in client.get(OVERVIEW).content.decode()
    form = client.get(f"/admin/priorities/person/{lead.pk}/change/").context["adminform"].form
    data = {name: value for name, value in form.initial.items() if value is not None and name != "password"}
    data |= {"first_name": "Renamed", "last_name": "Person", "groups": []}
    data |= {"last_login_0": "", "last_login_1": "", "is_active": "on"}
    assert client.post(f"/admin/priorities/person/{lead.pk}/change/", data).status_code == 302
    client.get("/admin/")  # which shows the message that it was saved
    assert queries(client, OVERVIEW) > 2
    assert "Renamed Person" in client.get(OVERVIEW).content.decode()


def test_a_message_is_shown_once_and_not_kept(client, demo):
    client.force_login(Person.objects.get(username="administrator"))
    client.get(OVERVIEW)
    definition = Definition.objects.first()
    data = {"kind": definition.kind, "letter": definition.letter, "text": "Said otherwise now"}
    client.post(f"/admin/priorities/definition/{definition.pk}/change/", data)
    assert "was changed successfully" in client.get(OVERVIEW).content.decode()
    assert "was changed successfully" not in client.get(OVERVIEW).content.decode()


def test_what_is_refused_is_not_kept(client, demo):
    client.force_login(Person.objects.create_user("nobody"))
    assert client.get(OVERVIEW).status_code == 403
    assert client.get(OVERVIEW).status_code == 403
