"""Nothing that was typed is lost when the session has ended before it is sent, on whatever page."""

import re
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import resolve

from priorities.models import Person
from tests.make import make_full_update, make_quarter
from tests.test_urls import pages  # noqa: F401 - a fixture
from updates.typed import KEY, PAGES, UNSENT

pytestmark = pytest.mark.django_db
TEXT = "Typed with much thought."


def sign_in(client, name="administrator"):
    return client.post("/sign-in/", {"username": name, "password": "quarterly-demo"})


@pytest.fixture
def was_signed_in(client, administrator):
    """A browser in which an administrator was signed in, and is no more."""
    sign_in(client)
    client.post("/sign-out/")
    return client


def sent_again(page):
    """The fields of the form that sends it again."""
    form = page.split('<form method="post" action="/typed/">')[0]
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form))
    return {name: value for name, value in fields.items() if name != "csrfmiddlewaretoken"}


def test_every_form_is_kept_or_has_nothing_but_a_button(was_signed_in, pages):  # noqa: F811
    client, kept, buttons = was_signed_in, [], []
    for page in pages:
        view = resolve(page).func
        if not getattr(view, "login_required", True):
            continue
        response = client.post(page, {"text": TEXT})
        assert response.status_code == 302, page
        assert response.url.startswith(("/sign-in/", "/admin/login/")), page
        if getattr(view, "only_acts", False):
            buttons.append(page)
            assert KEY not in client.session, page
            continue
        assert set(client.session[KEY]) == {page}
        assert TEXT in repr(client.session[KEY]), page
        kept.append(page)
        session = client.session
        del session[KEY]
        session.save()
    assert len(kept) > 100
    assert all(re.search(BUTTONS, page) for page in buttons), buttons


BUTTONS = r"/draft/$|/progress/remind/$|/people/\d+/(end|invite|reactivate|sign-in)/$"
BUTTONS += r"|^/(sign-out|typed|session/stay|second-factor/codes/file)/$"


def test_a_form_without_a_draft_is_offered_to_be_sent_again(was_signed_in):
    client = was_signed_in
    typed = {"first_name": "Ann", "last_name": "Lee", "email": "ann@example.org", "role": ""}
    to_sign_in = client.post("/people/invite/", typed)
    assert "what you typed is kept" in client.get(to_sign_in.url).content.decode()
    assert sign_in_at(client, to_sign_in.url).url == "/people/invite/"
    page = client.get("/people/invite/", follow=True).content.decode()
    assert "<dd>ann@example.org</dd>" in page
    assert sent_again(page) == typed
    client.post("/people/invite/", sent_again(page))
    assert Person.objects.get(email="ann@example.org").first_name == "Ann"
    assert UNSENT not in client.session


def sign_in_at(client, url, name="administrator"):
    return client.post(url, {"username": name, "password": "quarterly-demo"})


@pytest.mark.parametrize(
    ("path", "typed"),
    [
        ("/people/{lead}/", {"first_name": TEXT}),
        ("/people/{lead}/part/", {"starts_on": TEXT}),
        ("/people/{lead}/deactivate/", {"to": TEXT}),
        ("/people/{lead}/hand-over/", {"to": TEXT}),
        ("/2022-23-q1/closing/", {"act": "close", "reason": TEXT}),
        ("/2022-23-q1/overview/move/send-back/", {"reason": TEXT}),
        ("/2022-23-q1/overview/author/", {"to": TEXT}),
        ("/2022-23-q1/progress/extend/", {"reason": TEXT}),
        ("/2022-23-q1/{slug}/update/move/send-back/", {"reason": TEXT}),
        ("/2022-23-q1/{slug}/update/people/", {"section-to": TEXT}),
        ("/2022-23-q1/publishing/answers/", {"reason": TEXT}),
        ("/2022-23-q2/opening/", {"due_on": TEXT}),
        ("/admin/priorities/plan/add/?_popup=1", {"title": TEXT, "first_year": "2022"}),
    ],
)
def test_what_was_typed_is_there_after_signing_in(was_signed_in, victims, victims_lead, path, typed):
    client = was_signed_in
    make_full_update(victims, make_quarter())
    path = path.format(lead=victims_lead.pk, slug=victims.slug)
    page = client.get(sign_in_at(client, client.post(path, typed).url).url, follow=True)
    assert TEXT in page.content.decode()
    assert f'action="{path}"' in page.content.decode()
    assert sent_again(page.content.decode()) == typed


def test_it_can_be_thrown_away(was_signed_in):
    client = was_signed_in
    to_sign_in = client.post("/people/invite/", {"first_name": TEXT})
    sign_in_at(client, to_sign_in.url)
    assert client.post("/typed/", {"page": "/people/invite/"}).url == "/people/invite/"
    assert TEXT not in client.get("/people/invite/").content.decode()
    assert "Nothing waits to be sent." in client.get("/typed/").content.decode()


def test_what_two_tabs_sent_is_kept_of_both(was_signed_in, victims_lead):
    client, other = was_signed_in, f"/people/{victims_lead.pk}/"
    client.post(other, {"first_name": "Of one tab"})
    to_sign_in = client.post("/people/invite/", {"first_name": "Of the other"})
    sign_in_at(client, to_sign_in.url)
    page = client.get("/people/invite/", follow=True).content.decode()
    assert "<dd>Of the other</dd>" in page
    assert f'<a href="/typed/?page={quote(other, safe="")}">{other}</a>' in page
    client.post("/typed/", {"page": "/people/invite/"})
    page = client.get(other, follow=True).content.decode()
    assert "<dd>Of one tab</dd>" in page
    assert "Of the other" not in page


def test_of_many_pages_the_newest_are_kept(was_signed_in):
    for number in range(PAGES + 1):
        was_signed_in.post(f"/people/invite/?{number}", {"first_name": TEXT})
    assert list(was_signed_in.session[KEY]) == [f"/people/invite/?{number}" for number in range(1, PAGES + 1)]


def test_somebody_else_who_signs_in_does_not_get_it(was_signed_in, manager):
    client = was_signed_in
    to_sign_in = client.post("/people/invite/", {"first_name": TEXT})
    sign_in_at(client, to_sign_in.url, "manager")
    assert UNSENT not in client.session
    assert KEY not in client.session


def test_what_strangers_send_is_not_kept(client):
    client.post("/people/invite/", {"first_name": TEXT})
    assert KEY not in client.session


def test_a_password_is_not_kept(was_signed_in):
    was_signed_in.post("/password/", {"old_password": "quarterly-demo", "new_password1": "x", "new_password2": "x"})
    assert KEY not in was_signed_in.session


def test_a_file_has_to_be_chosen_again_and_that_is_said(was_signed_in):
    response = was_signed_in.post("/imports/", {"workbooks": SimpleUploadedFile("return.xlsx", b"PK")})
    page = was_signed_in.get(response.url).content.decode()
    assert "choose the file once more: nothing was uploaded." in page
    assert KEY not in was_signed_in.session


def test_choices_of_several_are_all_kept(was_signed_in):
    response = was_signed_in.post("/admin/priorities/person/add/", {"username": "ann", "groups": ["1", "2"]})
    sign_in_at(was_signed_in, response.url)
    page = was_signed_in.get("/typed/").content.decode()
    assert re.findall(r'name="groups" value="(\d)"', page) == ["1", "2"]


def test_a_form_from_before_signing_in_again_on_another_tab_is_kept(administrator):
    client = Client(enforce_csrf_checks=True)

    def token(page):
        return re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get(page).content.decode())[1]

    def enter():
        credentials = {"username": "administrator", "password": "quarterly-demo"}
        client.post("/sign-in/", credentials | {"csrfmiddlewaretoken": token("/sign-in/")})

    enter()
    stale = token("/people/invite/")
    client.post("/sign-out/", {"csrfmiddlewaretoken": stale})
    enter()
    response = client.post("/people/invite/", {"first_name": TEXT, "csrfmiddlewaretoken": stale})
    assert response.url == "/typed/?page=%2Fpeople%2Finvite%2F"
    assert TEXT in client.get("/typed/").content.decode()
    for token_of_nobody in ("x" * 64, "!" * 64, "é" * 64, ""):
        forged = client.post("/people/invite/", {"first_name": "Forged", "csrfmiddlewaretoken": token_of_nobody})
        assert forged.status_code == 403


def test_a_form_of_somebody_else_from_before_is_not_taken_over(administrator, manager):
    client = Client(enforce_csrf_checks=True)

    def token(page):
        return re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get(page).content.decode())[1]

    def enter(name):
        credentials = {"username": name, "password": "quarterly-demo"}
        client.post("/sign-in/", credentials | {"csrfmiddlewaretoken": token("/sign-in/")})

    enter("administrator")
    stale = token("/people/invite/")
    client.post("/sign-out/", {"csrfmiddlewaretoken": stale})
    enter("manager")
    response = client.post("/people/invite/", {"first_name": TEXT, "csrfmiddlewaretoken": stale})
    assert response.status_code == 403
    assert UNSENT not in client.session


def test_a_draft_that_a_page_sends_by_itself_too_late_says_nothing(was_signed_in, victims):
    make_full_update(victims, make_quarter())
    for _ in range(2):
        response = was_signed_in.post(f"/2022-23-q1/{victims.slug}/update/ratings/draft/", {"narrative": TEXT})
    page = was_signed_in.get(response.url).content.decode()
    assert "signed out" not in page


def test_a_button_that_was_pressed_too_late_is_told_to_be_pressed_again(was_signed_in, victims):
    make_full_update(victims, make_quarter())
    response = was_signed_in.post(f"/2022-23-q1/{victims.slug}/update/move/withdraw/")
    page = was_signed_in.get(response.url).content.decode()
    assert "You were signed out before it was sent; nothing was changed." in page
    assert KEY not in was_signed_in.session
