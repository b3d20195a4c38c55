"""What is published, as it is served: to whom, with which headers, at what cost; and that its bytes never change."""

import base64
import hashlib
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.http import http_date

from indicators.models import Indicator
from priorities.models import Definition, Person, Plan, Priority, Quarter, QuarterlyUpdate, Role
from priorities.periods import Period
from reports import publishing
from reports.models import Publication, PublishedFile
from reports.publication_views import data_of
from tests import snapshot
from tests.closed import close_for_real, fresh
from tests.make import door, make_full_update, make_person, make_quarter, the_lead, the_one_with, the_priority
from tests.published import correct, publish_for_real
from tests.reports.test_pages import get, text

pytestmark = pytest.mark.django_db
PAGE = "/published/2022-23-q1/"
PACK = "/2022-23-q1/versions/1/report.json"


def publish_one():
    victims = the_priority("Victims are better supported")
    the_lead("victims-lead", victims)
    quarter = make_quarter(overview="What the quarter was like.")
    make_full_update(victims, quarter)
    close_for_real(quarter)
    publish_for_real(quarter, the_one_with("manager", Role.MANAGER))


@pytest.fixture
def quarter(db):
    """Published, with one priority and its lead."""
    snapshot.once(publish_one)
    return fresh(Quarter.objects.get(status="closed"))


@pytest.fixture
def open_to_all(settings):
    settings.PUBLIC_REPORTS = True


def addresses(version=1):
    """Every address of the public form of what is published: of the newest and of a version, in every format."""
    suffixes = PublishedFile.objects.filter(audience="public").values_list("suffix", flat=True).distinct()
    names = ["", *(f"report.{suffix}" for suffix in suffixes)]
    return [f"{PAGE}{part}{name}" for part in ("", f"v{version}/") for name in names]


# Who


def test_without_the_setting_it_is_for_those_who_sign_in_and_have_a_role(client, quarter, reader, victims_lead):
    for address in [*addresses(), "/published/", PACK]:
        anonymous = client.get(address)
        assert anonymous.status_code == 302
        assert anonymous.url.startswith(f"/sign-in/?next={address}")
        assert get(Client(), make_person(f"n{abs(hash(address))}"), address).status_code == 403
        for person in (reader, victims_lead):
            assert get(Client(), person, address).status_code == 200


def test_those_without_a_role_are_told_why(client, quarter):
    assert "An administrator gives you a role first." in text(get(client, make_person("nobody"), "/published/"))


def test_with_the_setting_the_public_form_and_only_it_is_open(client, quarter, open_to_all):
    for address in [*addresses(), "/published/"]:
        assert client.get(address).status_code == 200
    for address in ("/2022-23-q1/", "/2022-23-q1/print/", "/2022-23-q1/versions/1/", PACK, "/2022-23-q1/publishing/"):
        assert client.get(address).url.startswith("/sign-in/")
    assert client.get("/2022-23-q1/publishing/public/report.html").url.startswith("/sign-in/")


def test_with_the_setting_what_waits_or_is_cancelled_is_not_open(client, quarter, victims_lead, manager, open_to_all):
    correct(quarter, victims_lead)
    made = publish_for_real(quarter, manager, at=timezone.now() + timedelta(days=1))
    first = PublishedFile.objects.get(publication__version=1, audience="public", suffix="html")
    assert client.get(f"{PAGE}v2/").status_code == 404
    assert client.get(PAGE).content == bytes(first.data)
    assert "Version 2" not in text(client.get("/published/"))
    publishing.cancel(made, by=manager, reason="Later")
    assert get(client, manager, f"{PAGE}v2/").status_code == 404


def test_the_list_says_that_nothing_is_published(client, reader):
    assert "No quarter has been published yet." in text(get(client, reader, "/published/"))


@pytest.mark.parametrize(
    "address", [f"{PAGE}report.exe", f"{PAGE}v9/", "/published/2022-23-q4/", "/2022-23-q1/versions/9/report.json"]
)
def test_what_is_not_published_is_not_there(client, quarter, reader, address):
    assert get(client, reader, address).status_code == 404


# How


def test_the_bytes_are_those_that_are_stored_with_their_checksum_as_etag(client, quarter, reader):
    for file in PublishedFile.objects.filter(audience="public"):
        response = get(client, reader, f"{PAGE}v1/report.{file.suffix}")
        assert response.content == bytes(file.data)
        assert response["ETag"] == f'"{hashlib.sha256(response.content).hexdigest()}"' == f'"{file.checksum}"'
        assert response["Content-Type"] == file.media_type
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Cache-Control"] == "private, no-cache"
        assert response["Last-Modified"] == http_date(Publication.objects.get().publish_at.timestamp())
        kept = "inline" if file.suffix in ("html", "pdf", "json") else "attachment"
        assert response["Content-Disposition"] == f'{kept}; filename="q1-2022-23-v1.{file.suffix}"'


def test_with_the_setting_others_may_keep_it_as_long_as_they_ask_again(client, quarter, open_to_all):
    assert client.get(PAGE)["Cache-Control"] == "public, no-cache"
    assert "Cookie" not in client.get(PAGE).get("Vary", "")


def test_the_pages_own_styles_are_let_in_by_what_they_say_and_no_others(client, quarter, reader):
    response = get(client, reader, PAGE)
    (style,) = re.findall(rb"<style[^>]*>(.*?)</style>", response.content, re.DOTALL)
    mark = base64.b64encode(hashlib.sha256(style).digest()).decode()
    policy = response["Content-Security-Policy"]
    assert f"style-src 'self' 'sha256-{mark}';" in f"{policy};"
    assert "unsafe-inline" not in policy
    again = client.get(PAGE, headers={"If-None-Match": response["ETag"]})
    assert again["Content-Security-Policy"] == policy  # browsers take the policy of a 304 for the page that they kept
    assert "sha256" not in get(client, reader, "/published/")["Content-Security-Policy"]


def test_a_conditional_request_is_answered_304_without_the_bytes(client, quarter, reader):
    for address in [*addresses(), PACK]:
        response = get(client, reader, address)
        for asked in ({"If-None-Match": response["ETag"]}, {"If-Modified-Since": response["Last-Modified"]}):
            with CaptureQueriesContext(connection) as queries:
                again = client.get(address, headers=asked)
            assert (again.status_code, again.content) == (304, b"")
            assert again["ETag"] == response["ETag"]
            assert not any(re.search(r"\bdata\b", query["sql"]) for query in queries.captured_queries)
        assert client.get(address, headers={"If-None-Match": '"another"'}).content == response.content


def test_a_newer_version_is_sent_to_who_has_the_older_one(client, quarter, victims_lead, manager, reader):
    old = get(client, reader, PAGE)["ETag"]
    correct(quarter, victims_lead)
    publish_for_real(quarter, manager)
    assert get(client, reader, PAGE).status_code == 200
    assert client.get(PAGE, headers={"If-None-Match": old}).status_code == 200


def test_it_costs_one_query_beyond_the_person_with_many_versions_too(client, quarter, victims_lead, manager, reader):
    def costs(address, **headers):
        with CaptureQueriesContext(connection) as queries:
            response = client.get(address, headers=headers)
        assert response.status_code in (200, 304)
        return len(queries)

    client.force_login(reader)
    data_of.cache_clear()
    assert {costs(address) for address in addresses()[:1]} == {4}  # the session, the person, the file, and its bytes
    for address in [*addresses(), PACK]:
        client.get(address)
        is_file = not address.endswith(("/", ".html"))
        assert costs(address) == 3 + is_file  # its bytes are kept; who took a file is recorded
    etag = client.get(PAGE)["ETag"]
    data_of.cache_clear()
    assert costs(PAGE, **{"If-None-Match": etag}) == 3
    assert costs(PAGE, **{"If-None-Match": '"another"'}) == 4
    few = costs("/published/")
    correct(quarter, victims_lead)
    publish_for_real(quarter, manager)
    assert (costs(PAGE), costs(PAGE), costs("/published/")) == (4, 3, few)


def test_without_sign_in_it_costs_that_query_alone(client, quarter, open_to_all):
    client.get(PAGE)
    with CaptureQueriesContext(connection) as queries:
        client.get(PAGE)
    assert len(queries) == 1


def test_only_reading_is_answered(client, quarter, reader):
    client.force_login(reader)
    for address in [*addresses(), PACK]:
        assert client.post(address).status_code == 405
        assert client.head(address).status_code == 200


# Never another one


def everything(client, version=1):
    answers = {address: client.get(address) for address in [*addresses(version)[len(addresses()) // 2 :], PACK]}
    assert all(answer.status_code == 200 for answer in answers.values())
    return {address: (answer.content, answer["ETag"], answer["Last-Modified"]) for address, answer in answers.items()}


def edit_everything(quarter, victims, victims_lead, manager):
    """Renames, set-up, definitions, a correction that is published, and a new quarter that is published too."""
    Plan.objects.update(title="Another plan")
    Priority.objects.update(title="Renamed", slug="renamed")
    for n, indicator in enumerate(Indicator.objects.all()):
        Indicator.objects.filter(pk=indicator.pk).update(title=f"Reworded {n}", unit="number", decimals=2, source="It")
    Definition.objects.update(text="It means something else now.")
    Person.objects.update(first_name="Another", last_name="Name")
    lead, by = Person.objects.get(pk=victims_lead.pk), Person.objects.get(pk=manager.pk)
    correct(quarter, lead)
    publish_for_real(quarter, by)
    second = make_quarter(Period(2022, 2), overview="Another quarter.")
    make_full_update(Priority.objects.get(pk=victims.pk), second)
    close_for_real(second)
    publish_for_real(second, by)
    update = make_full_update(Priority.objects.get(pk=victims.pk), make_quarter(Period(2022, 3)))
    with door(update):
        stored = QuarterlyUpdate.objects.get(pk=update.pk)
        stored.narrative = "Something new."
        stored.save()


def upgraded(monkeypatch, settings, tmp_path):
    """Another version of the software: other templates, styles, formats, and a report with other words."""
    from django.template import engines

    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "print.html").write_text("Another page")
    templates = [{**settings.TEMPLATES[0], "DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]
    settings.TEMPLATES = templates
    engines.__dict__.pop("templates", None)
    monkeypatch.setattr(publishing, "RELEASE", {})
    monkeypatch.setattr(publishing, "public", lambda report: report)
    publishing.looked_through.cache_clear()


def test_a_published_versions_bytes_are_the_same_on_every_request(client, quarter, reader):
    client.force_login(reader)
    assert everything(client) == everything(client) == everything(client)


def test_they_stay_the_same_after_edits_renames_corrections_new_quarters_and_an_upgrade(
    client, quarter, victims, victims_lead, manager, reader, monkeypatch, settings, tmp_path
):
    client.force_login(reader)
    before = everything(client)
    edit_everything(quarter, victims, victims_lead, manager)
    assert everything(client) == before
    newest = client.get(PAGE)
    assert newest.content == client.get(f"{PAGE}v2/").content != before[f"{PAGE}v1/"][0]
    upgraded(monkeypatch, settings, tmp_path)
    assert everything(client) == before
    assert client.get(PAGE).content == newest.content


def test_the_same_report_is_made_into_the_same_bytes(quarter, victims_lead):
    correct(quarter, victims_lead)
    once = publishing.prepare(quarter).files
    publishing.looked_through.cache_clear()
    assert publishing.prepare(fresh(quarter)).files == once


# The way there


def test_those_without_an_account_find_what_is_published(client, quarter, settings):
    settings.PUBLIC_REPORTS = True
    assert 'href="/published/"' in client.get("/sign-in/").content.decode()
    page = client.get("/published/").content.decode()
    assert '<a class="top-name" href="/published/">' in page
    assert 'href="/sign-in/"' in page
    assert f'href="{settings.SITE_URL}/published/"' in client.get("/published/2022-23-q1/v1/").content.decode()


def test_where_nothing_is_public_the_sign_in_leads_to_nothing_else(client):
    assert 'href="/published/"' not in client.get("/sign-in/").content.decode()


def test_those_who_read_closed_quarters_find_it_on_every_page(client, reader, quarter):
    client.force_login(reader)
    assert 'href="/published/"' in client.get("/2022-23-q1/").content.decode()
