"""What a password may be, how one gets another by mail, and that nobody learns by it who has an account."""

import re

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Try
from accounts.passwords_views import AnswerThenMail
from priorities.audit import Act, AuditEvent
from tests.make import make_person

pytestmark = pytest.mark.django_db
OLD, NEW = "quarterly-demo", "three odd words"


@pytest.mark.parametrize("good", [NEW, "749301856274", "        - -         ", "ünïcödé ☂ umbrella", "x" * 900 + "yz"])
def test_any_characters_make_a_password(good):
    validate_password(good, make_person("ann"))


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("short", "at least 12 characters"),
        ("q1w2e3r4t5y6", "too common"),
        ("MOPAC-Tracker-2026!", "everybody here would try first"),
        ("annabel-longname", "too similar"),
        ("x" * 1025, "at most 1,024 characters"),
    ],
)
def test_a_password_that_would_be_guessed_is_refused_in_words(bad, why):
    with pytest.raises(ValidationError, match=why):
        validate_password(bad, make_person("annabel-longname"))


def test_a_very_long_password_is_not_even_tried(client, manager):
    page = client.post("/sign-in/", {"username": "manager", "password": "x" * 2000}).content.decode()
    assert "A password has at most 1,024 characters" in page
    assert not Try.objects.exists()


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("/sign-in/", {"username", "current-password"}),
        ("/password/", {"current-password", "new-password"}),
    ],
)
def test_password_managers_know_the_fields_and_nothing_is_cut_or_kept_from_pasting(client, manager, page, expected):
    if page != "/sign-in/":
        client.force_login(manager)
    text = client.get(page).content.decode()
    assert set(re.findall(r'autocomplete="([\w-]+)"', text)) == expected
    assert "onpaste" not in text
    assert not re.search(r'type="password"[^>]*maxlength', text)


def change(client):
    return client.post("/password/", {"old_password": OLD, "new_password1": NEW, "new_password2": NEW})


def test_changing_the_password_ends_the_other_sessions_and_is_on_record(client, manager):
    elsewhere = Client()
    for each in (client, elsewhere):
        each.force_login(manager)
    assert change(client).status_code == 302
    assert client.get("/password/").status_code == 200
    assert elsewhere.get("/password/").url.startswith("/sign-in/")
    event = AuditEvent.objects.get()
    assert (event.act, event.name) == (Act.PASSWORD_CHANGED, "manager")


def ask(client, address):
    return client.post("/password/reset/", {"email": address})


def test_known_and_unknown_addresses_get_the_same_answer_from_the_same_queries(client, monkeypatch):
    make_person("lead", email="lead@example.org")
    monkeypatch.setattr(AnswerThenMail, "close", lambda self: None)
    answers = []
    for address in ("lead@example.org", "nobody@example.org"):
        with CaptureQueriesContext(connection) as asked:
            answer = ask(client, address)
        answers.append((answer.status_code, answer.url, answer.content, sorted(answer.headers), len(asked)))
    assert answers[0] == answers[1]
    assert mail.outbox == []  # not before the answer is sent


def test_the_mail_goes_out_once_the_answer_is_sent(client):
    make_person("lead", email="lead@example.org")
    ask(client, "LEAD@example.org")
    (message,) = mail.outbox
    assert message.to == ["lead@example.org"]
    assert [(e.act, e.about) for e in AuditEvent.objects.all()] == [(Act.RESET_ASKED, "lead")]


def test_a_mail_server_that_is_down_changes_nothing_of_the_answer(client, settings):
    settings.EMAIL_BACKEND, settings.EMAIL_PORT = "django.core.mail.backends.smtp.EmailBackend", 9
    make_person("lead", email="lead@example.org")
    assert ask(client, "lead@example.org").url == "/password/reset/sent/"


def test_mails_of_one_address_have_a_limit_that_is_the_same_for_unknown_ones(client, settings):
    settings.RESETS_AT_MOST = 2
    make_person("lead", email="lead@example.org")
    for address in ("lead@example.org", "nobody@example.org"):
        assert [ask(client, address).status_code for _ in range(3)] == [302, 302, 429]
    assert len(mail.outbox) == 2


def link(message):
    return re.search(r"http://[^/]+(/password/reset/\S+)", message.body)[1]


def test_a_link_works_once_and_only_for_its_time(client, settings, monkeypatch):
    make_person("lead", email="lead@example.org")
    ask(client, "lead@example.org")
    path = link(mail.outbox[0])
    form = client.get(path, follow=True).redirect_chain[-1][0]
    assert "/set-password/" in form  # the token is in no address that the page could pass on
    later = timezone.now().timestamp() + settings.PASSWORD_RESET_TIMEOUT + 60
    monkeypatch.setattr(
        "django.contrib.auth.tokens.PasswordResetTokenGenerator._now",
        lambda self: timezone.datetime.fromtimestamp(later),
    )
    assert "This link no longer works" in Client().get(path, follow=True).content.decode()


def test_a_new_password_by_mail_lets_in_who_was_locked_out(client, settings):
    settings.TRIES_AT_MOST = 2
    make_person("lead", email="lead@example.org")
    for _ in range(3):
        client.post("/sign-in/", {"username": "lead", "password": "wrong"})
    ask(client, "lead@example.org")
    form = client.get(link(mail.outbox[0]), follow=True).redirect_chain[-1][0]
    client.post(form, {"new_password1": NEW, "new_password2": NEW})
    assert client.post("/sign-in/", {"username": "lead", "password": NEW}).status_code == 302
    assert AuditEvent.objects.filter(act=Act.PASSWORD_CHANGED, name="lead", detail="by mail").exists()


def test_who_signs_in_elsewhere_only_gets_no_password_by_mail(client, settings):
    settings.LOCAL_PASSWORDS = False
    person = make_person("lead", email="lead@example.org")
    person.set_unusable_password()
    person.save()
    assert ask(client, "lead@example.org").status_code == 403
    assert mail.outbox == []


def test_an_inactive_person_gets_no_mail(client):
    make_person("gone", email="gone@example.org", is_active=False)
    ask(client, "gone@example.org")
    assert mail.outbox == []


def test_the_old_password_is_not_guessed_in_an_open_session(client, manager, settings):
    settings.TRIES_AT_MOST = 2
    client.force_login(manager)
    wrong = {"old_password": "wrong", "new_password1": NEW, "new_password2": NEW}
    for _ in range(2):
        assert "The old password is not right." in client.post("/password/", wrong).content.decode()
    assert "There were too many tries" in change(client).content.decode()
