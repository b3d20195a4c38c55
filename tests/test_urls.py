"""One sweep over every address: anonymous people go to the sign-in, the wrong role is refused."""

import re

import pytest
from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from indicators.models import Indicator, Reading
from priorities.models import Assignment, Definition, Plan, Priority, Quarter, QuarterlyUpdate
from tests.answers import check_answer
from tests.make import make_full_update, make_import, make_person, make_quarter
from updates.models import Draft

pytestmark = pytest.mark.django_db

PUBLIC = {
    "/healthz",
    "/readyz",
    "/accessibility/",
    "/sign-in/",
    "/password/reset/",
    "/password/reset/sent/",
    "/password/reset/done/",
    "/password/reset/x/y/",
    "/admin/login/",
    "/sign-in/code/",
    "/sign-in/provider/",
    "/sign-in/provider/back/",
    "/sign-in/once/x/y/",
    "/signed-out/",
    "/.well-known/security.txt",
}
WITHOUT_SETTING = re.compile(r"/sign-in/provider/|/second-factor/|/[.]well-known/security")  # not there while it is off
READ_ONLY = ["changeset", "draft", "explanation", "overviewdraft", "comment", "signoff", "notice", "reminder"]
READ_ONLY += ["decision", "sentback", "closedreport", "importrecord", "importfile"]
READ_ONLY += ["auditevent", "try", "standing"]
READ_ONLY += ["publication", "publishedfile", "proposedrevision"]
FOR_ALL = {"/", "/session/", "/typed/", "/data/", "/password/", "/password/done/", "/my-updates/", "/people/roles/"}
OTHERS = [pytest.param(role, marks=pytest.mark.once) for role in ("manager", "trust_lead", "reader", "nobody")]
ROLES = ["administrator", "victims_lead", *OTHERS]


@pytest.fixture
def nobody(db):
    return make_person("nobody")


@pytest.fixture
def pages(victims):
    """Every address of the project, with an object's key where it takes one."""
    quarter = make_quarter()
    update = make_full_update(victims, quarter)
    somebody = make_person("left", is_active=False)
    Draft.objects.create(pk=somebody.pk, person=somebody, update=update, section="goals", data={})
    make_import(somebody, pk=somebody.pk)
    arguments = {
        "period": quarter.period.slug,
        "slug": victims.slug,
        "uidb64": "x",
        "token": "y",
        "section": "indicators",
        "key": str(Indicator.objects.filter(priority=victims).first().key),
        "verb": "withdraw",
        "number": "1",
        "suffix": "xlsx",
        "name": "risks",
        "audience": "public",
        "url": "nothing",
        "app_label": "priorities",
        "content_type_id": "1",
        "id": "1",
        "pk": str(somebody.pk),
    }
    return sorted(set(walk(get_resolver().url_patterns, "/", arguments)))


def walk(patterns, prefix, arguments):
    for pattern in patterns:
        route = str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            model = re.fullmatch(r"(\w+)/(\w+)/", route)
            inner = dict(arguments)
            if model and prefix == "/admin/":
                from django.apps import apps

                row = apps.get_model(model[1], model[2])._base_manager.first()
                inner |= {"object_id": str(row.pk if row else 1), "version_id": "1"}
            yield from walk(pattern.url_patterns, prefix + route, inner)
        elif isinstance(pattern, URLPattern):
            if route.startswith(("^", "(")) or "(?P" in route:
                if "app_label" in route:
                    yield "/admin/priorities/"
                continue  # the catch-all that adds a slash
            yield re.sub(r"<(?:\w+:)?(\w+)>", lambda m: arguments.get(m[1]) or arguments["id"], prefix + route)


def test_anonymous_people_are_sent_to_the_sign_in(client, pages):
    for page in pages:
        response = client.get(page)
        check_answer(page, response)
        if page in PUBLIC:
            allowed = {404} if WITHOUT_SETTING.match(page) else {200, 302, 403}
            assert response.status_code in allowed, page
            continue
        if page == "/sign-out/":
            assert response.status_code in (302, 405)
            continue
        assert response.status_code == 302, page
        assert response.url.startswith(("/sign-in/?next=", "/admin/login/?next=")), page


PERSON_ACTS = r"people/\d+/(part|end|invite|reactivate)"
ONLY_ACTS = re.compile(rf"/(publishing/answers|move/\w+|progress/(remind|extend)|overview/author|{PERSON_ACTS})/$")


def expected(role, page):
    if page == "/admin/autocomplete/":
        return {403}  # without saying of which field
    if ONLY_ACTS.search(page):
        return {302}  # only read, they lead to the page of the form
    if page.startswith("/2022-23-q1/progress/"):
        return expected_of_running(role, page)
    if page.startswith("/2022-23-q1/") and "/update/" in page:
        return expected_of_updates(role, page)
    if page.startswith("/2022-23-q1/overview/"):
        if page.endswith("/draft/"):
            return {405}
        return {200} if role in ("administrator", "manager") else {403}
    if any(f"/{name}/" in page for name in READ_ONLY):
        return {200, 302, 403} if role == "administrator" else {403}  # to read only
    if page.startswith("/admin/") and page not in PUBLIC:
        return {200, 302, 405, 404} if role == "administrator" else {403}
    if page in ("/2022-23-q1/closing/", "/2022-23-q1/decisions/"):
        return {200} if role in ("administrator", "manager") else {403}
    if page == "/2022-23-q1/versions/1/":
        return {404} if role in ("administrator", "manager", "victims_lead") else {403}  # it was never closed
    if page.startswith("/published/") or page == "/2022-23-q1/versions/1/report.xlsx":
        found = 200 if page == "/published/" else 404  # nothing is published
        return {403} if role == "nobody" else {found}
    if page.startswith("/2022-23-q1/publishing/"):
        found = 200 if page.endswith("/publishing/") else 404  # it isn't closed
        return {found} if role in ("administrator", "manager") else {403}
    if page == "/opening/":
        return {302} if role == "administrator" else {403}
    if page == "/2022-23-q1/template.xlsx":
        return {404} if role == "administrator" else {403}  # it is open already
    if page == "/2022-23-q1/mine.xlsx":
        return {200} if role in ("administrator", "manager", "victims_lead") else {403}
    if page.endswith(("/opening/", "/retiring/")):
        return {200} if role == "administrator" else {403}
    if page.startswith(("/2022-23-q1/", "/indicators/")):
        return {200} if role in ("administrator", "manager", "victims_lead") else {403}
    if WITHOUT_SETTING.match(page):
        return {404}
    if page == "/sign-in/once/x/y/":
        return {403}  # a link that is none
    if page in ("/sign-out/", "/session/stay/"):
        return {405}
    if page.startswith("/imports/"):
        return expected_of_imports(role, page)
    if page == "/progress/" or (page.startswith("/people/") and page not in FOR_ALL):
        return expected_of_running(role, page)
    assert page in PUBLIC | FOR_ALL, f"say in this test who may read {page}"
    return {200, 302}


def expected_of_running(role, page):
    """The board is for those who see all, the pages of people for administrators, drafts for who goes on with them."""
    if page.startswith("/people/drafts/"):
        return {200} if role in ("administrator", "victims_lead") else {403}
    if page.startswith("/people/"):
        return {200} if role == "administrator" else {403}
    return {200, 302} if role in ("administrator", "manager") else {403}


def expected_of_imports(role, page):
    """The list is for all who upload; one import is read by who made it, here somebody else, and by administrators."""
    if page == "/imports/":
        return {200} if role in ("administrator", "manager", "victims_lead", "trust_lead") else {403}
    return {200, 302} if role == "administrator" else {403}


def expected_of_updates(role, page):
    if page.endswith("/draft/"):
        return {405}  # to post to only
    fills_it_in = role in ("administrator", "victims_lead")
    if "/review/mend/" in page:
        return {302} if role in ("administrator", "manager") else {403}  # nothing is submitted
    if "/history/" in page or page.endswith(("/update/", "/review/", "/decisions/")):
        return {200} if fills_it_in or role == "manager" else {403}
    if page.endswith("/submitted/"):
        return {302} if fills_it_in or role == "manager" else {403}  # nothing is submitted
    return {200} if fills_it_in else {403}


@pytest.mark.parametrize("role", ROLES)
def test_every_role_gets_its_pages_is_refused_the_others_and_changes_nothing_by_reading(request, client, pages, role):
    client.force_login(request.getfixturevalue(role))
    models = (Plan, Quarter, Priority, QuarterlyUpdate, Indicator, Reading, Assignment, Definition)

    def state():
        return [list(model.objects.order_by("pk").values()) for model in models]

    before = state()
    for page in pages:
        response = client.get(page)
        assert response.status_code in expected(role, page), page
        check_answer(page, response)
    assert state() == before


@pytest.mark.once
@pytest.mark.parametrize("role", ["manager", "victims_lead", "reader", "nobody"])
def test_nobody_but_administrators_posts_to_the_administration(request, client, pages, role):
    client.force_login(request.getfixturevalue(role))
    for page in pages:
        if page.startswith("/admin/") and page not in PUBLIC:
            assert client.post(page, {}).status_code == 403, page


def test_the_sweep_reaches_the_pages_there_are(pages):
    assert len(pages) > 100
    across = {f"/2022-23-q1/{name}/" for name in ("changes", "exceptions", "decisions", "year", "risks", "goals")}
    assert across <= set(pages)
    assert {"/", "/healthz", "/2022-23-q1/", "/2022-23-q1/print/", "/admin/priorities/plan/import/"} <= set(pages)


def test_every_model_of_the_project_is_in_the_administration():
    from django.apps import apps

    apps_of_ours = {"priorities", "indicators", "risks", "goals", "finance", "updates", "reports"}
    apps_of_ours |= {"workbooks", "accounts"}
    ours = {
        m for m in apps.get_models() if m._meta.app_label in apps_of_ours and not m.__name__.startswith("Historical")
    }
    assert ours <= set(admin.site._registry)


def test_health_is_open_and_says_nothing_else(client):
    response = client.get(reverse("healthz"))
    assert (response.status_code, response.content) == (200, b"ok")
