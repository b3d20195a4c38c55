"""Signing in and out, and passwords."""

import re

import pytest
from django.core import mail
from django.urls import reverse

from tests.make import make_person

pytestmark = pytest.mark.django_db


def text(response):
    return response.content.decode()


def test_signing_in_leads_to_the_page_asked_for(client, manager):
    response = client.post("/sign-in/?next=/password/", {"username": "manager", "password": "quarterly-demo"})
    assert response.url == "/password/"


def test_a_wrong_password_is_told_in_the_summary_and_the_title(client, manager):
    page = text(client.post("/sign-in/", {"username": "manager", "password": "wrong"}))
    assert "<title>Error: Sign in" in page
    assert "The user name or the password is not right." in page


def test_an_unknown_name_gets_the_same_words_as_a_wrong_password(client, manager):
    def words(username):
        page = text(client.post("/sign-in/", {"username": username, "password": "wrong"}))
        return re.sub(r'value="[^"]*"', "", page)

    assert words("manager") == words("no-such-person")


def test_a_missing_field_is_told_with_a_link_to_it(client):
    page = text(client.post("/sign-in/", {"username": "", "password": ""}))
    assert 'href="#id_username">Enter your user name.' in page


def test_somebody_else_sites_are_not_led_to(client, manager):
    response = client.post("/sign-in/?next=https://example.com/", {"username": "manager", "password": "quarterly-demo"})
    assert response.url == "/my-updates/"


def test_an_inactive_person_cannot_sign_in(client):
    make_person("gone", is_active=False)
    assert not client.login(username="gone", password="quarterly-demo")


def test_signing_out_is_a_button_not_a_link(client, manager):
    client.force_login(manager)
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/").url == "/sign-in/"
    assert client.get("/").url.startswith("/sign-in/")


def test_the_password_is_changed(client, manager):
    client.force_login(manager)
    new = {
        "old_password": "quarterly-demo",
        "new_password1": "three odd words",
        "new_password2": "three odd words",
    }
    assert client.post("/password/", new).url == "/password/done/"
    assert client.get("/password/done/").status_code == 200
    client.logout()
    assert client.login(username="manager", password="three odd words")


def test_passwords_that_are_not_right_are_told_in_plain_words(client, manager):
    client.force_login(manager)
    wrong = {"old_password": "no", "new_password1": "three odd words", "new_password2": "three odd word"}
    page = text(client.post("/password/", wrong))
    assert "The old password is not right." in page
    assert "The new password and its confirmation are not the same" in page


def test_a_short_password_is_refused_in_words(client, manager):
    client.force_login(manager)
    short = {"old_password": "quarterly-demo", "new_password1": "short", "new_password2": "short"}
    assert "at least 12 characters" in text(client.post("/password/", short))


def test_a_forgotten_password_is_reset_by_mail(client):
    make_person("lead", email="lead@example.com")
    assert client.post("/password/reset/", {"email": "lead@example.com"}).url == "/password/reset/sent/"
    (message,) = mail.outbox
    assert message.subject == "Reset your password for the quarterly performance tracker"
    link = re.search(r"http://[^/]+(/password/reset/\S+)", message.body)[1]
    form = client.get(link, follow=True)
    assert "Set your password" in text(form)
    done = client.post(
        form.redirect_chain[-1][0], {"new_password1": "three odd words", "new_password2": "three odd words"}
    )
    assert done.url == reverse("password_reset_complete")
    assert client.login(username="lead", password="three odd words")
    assert "This link no longer works" in text(client.get(link, follow=True))


def test_an_unknown_address_gets_the_same_answer_and_no_mail(client):
    assert client.post("/password/reset/", {"email": "nobody@example.com"}).url == "/password/reset/sent/"
    assert mail.outbox == []


def test_a_form_that_lost_its_token_is_told_in_words(manager):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    response = strict.post("/sign-in/", {"username": "manager", "password": "quarterly-demo"})
    assert response.status_code == 403
    assert "Please send it again" in text(response)


def test_the_link_to_reset_a_password_leads_to_the_site_whatever_the_host_header_says(client):
    make_person("lead", email="lead@example.com")
    client.post("/password/reset/", {"email": "lead@example.com"}, headers={"host": "127.0.0.1"})
    assert "\nhttp://localhost:8000/password/reset/" in mail.outbox[0].body
