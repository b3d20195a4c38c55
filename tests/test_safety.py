"""What holds on every address: headers, cookies, caches, redirects, and that a form changes no more than it shows."""

import io
import re
import zipfile
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.test import Client, override_settings
from django.urls import reverse
from openpyxl import load_workbook

from goals.models import GoalForecast
from indicators.models import Indicator
from mopac_tracker import settings as deployed
from mopac_tracker.private import NOT_KEPT
from priorities.models import Person
from reports.tables import OF_A_PRIORITY, OF_THE_QUARTER
from tests.answers import check_answer, check_headers
from tests.closed import close_for_real
from tests.forms import forms_of, without_moment
from tests.make import door, make_full_update, make_person, make_quarter, with_role
from tests.published import publish_for_real
from tests.test_urls import nobody, pages  # noqa: F401 - fixtures

pytestmark = [pytest.mark.django_db, pytest.mark.once]
OURS = ["mopac_tracker", "accounts", "reports", "updates", "workbooks", "indicators", "goals", "risks", "finance"]
OURS += ["priorities"]
EVIL = ["https://evil.example/", "//evil.example/", "/\\evil.example/", "https:evil.example", "javascript:alert(1)"]
EVIL += ["///evil.example", "\thttps://evil.example", "https://testserver@evil.example/"]


# Headers


def test_answers_of_no_page_are_as_guarded(client, administrator):
    for _ in range(2):
        for page in ["/nothing/", "/2022-23-q9/", "/.git/config", "//evil.example/"]:
            check_answer(page, client.get(page))
        client.force_login(administrator)


def test_answers_to_what_is_sent_and_errors_are_as_guarded(client, administrator, monkeypatch):
    strict = Client(enforce_csrf_checks=True)
    answers = [strict.post("/sign-in/", {}), client.get("/", headers={"host": "evil.example"}), client.put("/data/")]
    client.force_login(administrator)
    client.raise_request_exception = False
    monkeypatch.setattr("reports.views.readable", lambda person: 1 / 0)
    answers.append(client.get("/"))
    assert [answer.status_code for answer in answers[:2]] == [403, 400]
    assert answers[3].status_code == 500
    for number, answer in enumerate(answers):
        check_headers(number, answer)
        assert "no-store" in answer.headers["Cache-Control"]


def test_a_refused_host_name_is_told_as_private_even_before_any_other_rule(client):
    with override_settings(SECURE_SSL_REDIRECT=True):
        answer = Client().get("/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert answer.headers["Cache-Control"] == NOT_KEPT
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_what_is_published_may_be_kept_as_long_as_browsers_ask_again(client, demo, settings):
    close_for_real(demo)
    publish_for_real(demo, with_role("another-manager", "Managers"))
    settings.PUBLIC_REPORTS = True
    answer = client.get("/published/2022-23-q1/")
    assert answer.headers["Cache-Control"] == "public, no-cache"
    check_headers("published", answer)
    again = client.get("/published/2022-23-q1/", headers={"if-none-match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert client.get("/published/2022-23-q4/").headers["Cache-Control"] == NOT_KEPT
    client.force_login(make_person("somebody-else"))
    assert client.get("/data/").headers["Cache-Control"] == NOT_KEPT


def test_signing_out_empties_what_the_browser_kept(client, manager):
    client.force_login(manager)
    assert "Clear-Site-Data" not in client.get("/data/").headers
    assert client.post("/sign-out/").headers["Clear-Site-Data"] == '"cache"'


# HTTPS and cookies, as deployed


def test_deployed_cookies_belong_to_this_host_over_https_and_to_no_script(db):
    names = [f"{cookie}_COOKIE_{what}" for cookie in ("SESSION", "CSRF") for what in ("NAME", "SECURE")]
    names += ["READER_COOKIE_NAME", "MESSAGE_STORAGE"]
    with override_settings(**{name: getattr(deployed, name) for name in names}):
        client = Client()
        person = make_person("somebody-else")
        client.get("/sign-in/", secure=True)
        client.post("/sign-in/", {"username": person.username, "password": "quarterly-demo"}, secure=True)
        cookies = dict(client.cookies)
    assert {"__Host-sessionid", "__Host-csrftoken"} <= set(cookies)
    for name, cookie in cookies.items():
        assert name.startswith("__Host-")
        assert cookie["secure"]
        assert cookie["httponly"]
        assert (cookie["path"], cookie["domain"], cookie["samesite"]) == ("/", "", "Lax"), name


def test_deployed_answers_ask_for_https_for_a_year_and_lead_there(db):
    names = ("SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS")
    assert deployed.SECURE_HSTS_SECONDS >= 31_536_000
    with override_settings(**{name: getattr(deployed, name) for name in names}):
        client = Client()
        assert client.get("/sign-in/").headers["Location"] == "https://testserver/sign-in/"
        assert "max-age=31536000" in client.get("/sign-in/", secure=True).headers["Strict-Transport-Security"]
        assert "max-age=31536000" in client.get("/nothing/", secure=True).headers["Strict-Transport-Security"]


# Redirects and host names


def leaves(response):
    return response.status_code in (301, 302, 303, 307, 308) and not re.match(
        r"/(?![/\\])", response.headers["Location"]
    )


@pytest.mark.parametrize("role", ["anonymous", "administrator"])
def test_no_address_leads_to_another_site_whatever_it_is_asked(request, client, pages, role):  # noqa: F811
    if role != "anonymous":
        client.force_login(request.getfixturevalue(role))
    for page in pages:
        response = client.get(page, dict.fromkeys(("next", "url", "return_to", "redirect", "continue"), EVIL[1]))
        assert not leaves(response), page
        if response.headers.get("Content-Type", "").startswith("text/html"):
            assert f'href="{EVIL[1]}"' not in response.content.decode(), page


@pytest.mark.parametrize("evil", EVIL)
def test_signing_in_and_out_leads_nowhere_else(client, manager, evil):
    given = {"username": "manager", "password": "quarterly-demo", "next": evil}
    assert not leaves(client.post("/sign-in/", given))
    assert not leaves(client.get("/sign-in/", {"next": evil}))
    assert not leaves(client.post("/sign-out/", {"next": evil}))
    assert not leaves(client.get("/admin/login/", {"next": evil}))


def test_no_code_of_ours_asks_the_request_for_the_name_of_this_site():
    """Mails and files name SITE_URL: a made-up Host header would lead their readers elsewhere."""
    asking = re.compile(r"build_absolute_uri|(?<!scheme\(url, \{request\.)get_host\(|get_current_site|HTTP_X?_?\w*HOST")
    places = [path for app in OURS for path in Path(app).rglob("*.py")] + list(Path("templates").rglob("*.*"))
    assert [str(path) for path in places if asking.search(path.read_text())] == []
    assert not settings.USE_X_FORWARDED_HOST


def test_another_host_name_is_refused(client):
    assert client.get("/sign-in/", headers={"host": "evil.example"}).status_code == 400
    assert client.get("/sign-in/", headers={"x-forwarded-host": "evil.example"}).status_code == 200


# Extra fields


EXTRA = {
    "status": "closed",
    "version": "99",
    "is_superuser": "on",
    "is_staff": "on",
    "is_active": "",
    "groups": "1",
    "user_permissions": "1",
    "password": "pbkdf2_sha256$1$x$y",
    "username": "somebody",
    "roles": "Administrators",
    "leads": "Somebody else",
    "priority": "2",
    "priority_id": "2",
    "quarter": "1",
    "update": "1",
    "update_id": "1",
    "person": "1",
    "pk": "1",
    "id": "1",
    "key": "00000000-0000-0000-0000-000000000000",
    "approved_by": "1",
    "submitted_by": "1",
    "source": "admin",
    "change_set": "1",
    "confirmed": "on",
    "retired_from": "2022-23-q1",
    "overview_author": "1",
    "due_on": "01/01/2030",
    "position": "9",
}
VOLATILE = models.DateTimeField | models.UUIDField | models.AutoField | models.BinaryField


def state():
    """All rows of ours, without what is another each time: moments, keys, and passwords' salts.

    Drafts are left out: they hold what was typed, whatever that was, for who typed it alone.
    """
    found = {}
    for model in apps.get_models():
        if (
            model._meta.app_label in OURS
            and not model.__name__.startswith("AuditEvent")
            and not model.__name__.endswith("Draft")
        ):
            fields = [f for f in model._meta.concrete_fields if not isinstance(f, VOLATILE | models.ForeignKey)]
            names = [f.attname for f in fields if f.name not in ("password", "history_id", "data", "body")]
            found[model.__name__] = sorted(map(repr, model._base_manager.values_list(*names)))
    found["people"] = list(Person.objects.order_by("pk").values_list("is_superuser", "is_staff", "is_active", "groups"))
    return found


class Undo(Exception):
    pass


def outcome(client, address, data):
    """What the database says after a post, which is then undone."""
    try:
        with transaction.atomic():
            client.post(address, data)
            made = state()
            raise Undo
    except Undo:
        return made


def asked_for(form, page):
    """The names that are not in the form, plain and with the prefixes of its rows."""
    names = {name for name, _ in form.sent}
    prefixes = {"", *(name.rpartition("-")[0] + "-" for name in names if "-" in name)}
    return {prefix + name: value for prefix in sorted(prefixes)[:12] for name, value in EXTRA.items()}


@pytest.mark.parametrize("role", ["victims_lead", "manager", "administrator"])
def test_a_form_changes_what_it_shows_and_no_more(request, client, pages, role):  # noqa: F811
    client.force_login(request.getfixturevalue(role))
    tried = 0
    for page in pages:
        if page.startswith("/admin/") or page.endswith("/draft/"):
            continue
        response = client.get(page)
        if response.status_code != 200 or not response.headers["Content-Type"].startswith("text/html"):
            continue
        for form in forms_of(response):
            data = form.data(**dict(form.buttons[:1]))
            extra = {name: value for name, value in asked_for(form, page).items() if name not in data}
            shown = set(re.findall(r'name="([^"]+)"', response.content.decode()))
            extra = {name: value for name, value in extra.items() if name not in shown}
            address = form.action or page
            assert outcome(client, address, data) == outcome(client, address, {**data, **extra}), (page, address)
            tried += 1
    assert tried > 5


@pytest.mark.parametrize("address", ["/admin/priorities/person/{pk}/change/", "/admin/priorities/person/add/"])
def test_the_administration_makes_nobody_a_superuser_or_puts_a_password(client, administrator, address):
    somebody = make_person("somebody-else")
    client.force_login(administrator)
    page = address.format(pk=somebody.pk)
    (form, *_) = [form for form in forms_of(client.get(page)) if "/i18n/" not in form.action]
    client.post(page, form.data(username="another", is_superuser="on", is_staff="on", password="x", version="9"))
    assert not Person.objects.filter(is_superuser=True).exists()
    assert Person.objects.get(pk=somebody.pk).check_password("quarterly-demo")


# What is told of others


def told(answer):
    return answer.status_code, without_moment(answer)


@pytest.mark.parametrize("role", ["victims_lead", "manager", "reader", "nobody"])
def test_nobody_learns_by_trying_numbers_who_or_what_there_is(request, client, pages, role):  # noqa: F811
    """A number that is somebody's and one that is nobody's are answered alike."""
    client.force_login(request.getfixturevalue(role))
    theirs = Person.objects.get(username="left").pk
    acts = ["", "deactivate/", "hand-over/"]
    for address in [*(f"/people/{{}}/{act}" for act in acts), "/imports/{}/", "/imports/{}/file/"]:
        there, gone = client.get(address.format(theirs)), client.get(address.format(999_999))
        assert told(there) == told(gone), address
    for address in ("/admin/priorities/person/{}/change/", "/admin/priorities/person/{}/history/"):
        there, gone = client.get(address.format(theirs)), client.get(address.format(999_999))
        assert there.status_code == gone.status_code == 403


def test_anonymous_people_learn_nothing_of_what_is_stored(client, pages):  # noqa: F811
    theirs = str(Indicator.objects.first().key)
    for there, gone in [
        ("/people/1/", "/people/999/"),
        (f"/indicators/{theirs}/", "/indicators/00000000-0000-0000-0000-000000000000/"),
        ("/2022-23-q1/victims-are-better-supported/", "/2022-23-q1/nothing/"),
        ("/2022-23-q1/", "/2031-32-q1/"),
    ]:
        assert client.get(there).status_code == client.get(gone).status_code == 302


# Files that a spreadsheet program opens

STARTS = ["=1+1", "+1", "-x", "@SUM(A1)", "\t=1", "\r=1", "＝1", "=cmd|' /C calc'!A0"]


@pytest.fixture
def hostile(victims):
    """Text that a spreadsheet program would run, in every text of a quarter."""
    victims.title = STARTS[0]
    victims.save()
    quarter = make_quarter(overview=STARTS[3])
    update = make_full_update(victims, quarter, rows=len(STARTS))
    with door(update):
        update.narrative, update.ratings_note, update.finance_note = STARTS[:3]
        update.save()
        rows = (update.readings.all(), update.assessments.all(), GoalForecast.objects.filter(update=update))
        for found, name in zip(rows, ("note", "explanation", "comment"), strict=True):
            for row, text in zip(found, STARTS, strict=False):
                setattr(row, name, text)
                row.save()
    for indicator, text in zip(Indicator.objects.all(), STARTS, strict=False):
        indicator.definition = indicator.source = indicator.title = text
        indicator.save()
    return quarter


def cells_of(name, data):
    """Every cell of a .csv, alone or in a zip."""
    import csv

    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(data)) as files:
            return [cell for inner in files.namelist() for cell in cells_of(inner, files.read(inner))]
    return [cell for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")) for cell in row]


def runs(cell):
    return cell[:1] in tuple("=+-@\t\r＝＋－＠") and not re.fullmatch(r"-?\d+(\.\d+)?", cell) and cell != "-"


def test_no_file_to_download_holds_a_cell_that_a_spreadsheet_program_would_run(client, hostile, administrator):
    client.force_login(administrator)
    quarter, slug = "/2022-23-q1", hostile.updates.first().priority.slug
    found = [f"{quarter}{of}/workbook.{suffix}" for of in ("", f"/{slug}") for suffix in ("xlsx", "ods", "zip")]
    found += [f"{quarter}/tables/{name}.csv" for name in OF_THE_QUARTER]
    found += [f"{quarter}/{slug}/tables/{name}.csv" for name in OF_A_PRIORITY]
    found += [f"/indicators/{Indicator.objects.first().key}/series.csv", f"{quarter}/mine.zip"]
    for page in found:
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert answer.headers["Content-Disposition"].startswith("attachment"), page
        check_file(page, answer.content)


def check_file(page, data):
    if page.endswith(".xlsx"):
        book = load_workbook(io.BytesIO(data))
        assert all(cell.data_type != "f" for sheet in book for row in sheet.iter_rows() for cell in row), page
    elif page.endswith(".ods"):
        with zipfile.ZipFile(io.BytesIO(data)) as files:
            assert b"table:formula" not in files.read("content.xml"), page
    else:
        assert [cell for cell in cells_of(page, data) if runs(cell)] == [], page


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_no_export_of_the_administration_holds_one_either(client, hostile, administrator, kind):
    from django.contrib import admin

    client.force_login(administrator)
    tried = 0
    for model in admin.site._registry:
        address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/export/"
        page = client.get(address)
        if page.status_code != 200:
            continue
        (form, *_) = [form for form in forms_of(page) if any(name == "format" for name, _ in form.sent)]
        number = {"csv": "0", "xlsx": "1"}[kind]
        answer = client.post(address, form.data(format=number))
        if answer.headers["Content-Type"].startswith("text/html"):
            continue
        check_file(f"x.{kind}", answer.content)
        tried += 1
    assert tried > 3


# Whom to tell


def test_security_txt_names_whom_to_tell_and_for_how_long(client, settings):
    settings.SECURITY_CONTACT, settings.SITE_URL = (
        "security@tracker.example, https://tracker.example/s",
        "https://t.example",
    )
    answer = client.get("/.well-known/security.txt")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    lines = answer.content.decode().splitlines()
    assert lines[:2] == ["Contact: mailto:security@tracker.example", "Contact: https://tracker.example/s"]
    assert re.fullmatch(r"Expires: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", lines[2])
    assert lines[-1] == f"Canonical: https://t.example{reverse('security_txt')}"


def test_without_a_contact_there_is_no_security_txt(client, settings):
    settings.SECURITY_CONTACT = ""
    assert client.get("/.well-known/security.txt").status_code == 404
