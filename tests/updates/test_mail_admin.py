"""A test mail from the administration: it says plainly what happened, and what the mail server answered."""

import re
from html import unescape

import pytest

from tests.updates.smtp import nobody_there, smtp
from updates.models import Notice, NoticeKind
from updates.notices import notify, send_waiting

pytestmark = pytest.mark.django_db

HERE = "/admin/test-mail/"


def text(response):
    return re.sub(r"\s+", " ", unescape(response.content.decode()))


@pytest.fixture
def admin(client, administrator):
    administrator.email = "admin@example.org"
    administrator.save()
    client.force_login(administrator)
    return client


def test_the_administration_links_to_it(admin):
    assert f'<a href="{HERE}">Send a test mail</a>' in text(admin.get("/admin/"))


def test_reading_the_page_sends_nothing_and_shows_the_settings(admin, mailoutbox, settings):
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_HOST_PASSWORD = "mail.example.org", 587, "very secret"
    page = text(admin.get(HERE))
    assert mailoutbox == []
    assert 'value="admin@example.org"' in page
    for told in ("mail.example.org, port 587, without TLS", "tracker@localhost", "http://localhost:8000"):
        assert told in page
    assert "very secret" not in page


@pytest.mark.parametrize("typed", ["", "  ", "admin@example.org"])
def test_it_goes_to_the_administrators_own_address(admin, mailoutbox, typed):
    page = text(admin.post(HERE, {"address": typed}, follow=True))
    assert "The mail server has taken the mail to admin@example.org. If it doesn't arrive, look among the spam." in page
    (mail,) = mailoutbox
    assert (mail.to, mail.subject) == (["admin@example.org"], "Test mail of the quarterly performance tracker")
    assert "It came through: the tracker can send mail." in mail.body


def test_it_goes_to_another_address(admin, mailoutbox):
    admin.post(HERE, {"address": "other@example.org"})
    assert mailoutbox[0].to == ["other@example.org"]


def test_without_an_address_one_is_asked_for(client, administrator, mailoutbox):
    client.force_login(administrator)
    page = text(client.post(HERE, {"address": ""}))
    assert '<a href="#id_address">No e-mail address is known for you; enter one.</a>' in page
    assert "<title>Error: " in page
    assert mailoutbox == []


def test_what_is_no_address_is_asked_for_again(admin, mailoutbox):
    page = text(admin.post(HERE, {"address": "admin at example"}))
    assert "This is not an e-mail address; write it like name@example.org." in page
    assert 'value="admin at example"' in page
    assert mailoutbox == []


def test_a_server_that_is_not_there_is_told_with_its_answer(admin, settings):
    nobody_there(settings)
    page = text(admin.post(HERE, {"address": "admin@example.org"}))
    assert "The mail was not sent: the mail server did not answer." in page
    assert "What came back: [Errno 111] Connection refused" in page
    assert "<title>Error: " in page


def test_a_refusal_is_told_with_the_servers_answer(admin, settings):
    with smtp(settings, refused={"admin@example.org"}):
        page = text(admin.post(HERE, {"address": ""}))
    assert "The mail was not sent: the mail server refused the address admin@example.org." in page
    assert "What came back: 550 5.1.1 no such person" in page


def test_with_the_console_for_a_mail_server_nothing_is_said_to_be_sent(admin, settings, capsys):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    page = text(admin.post(HERE, {"address": ""}, follow=True))
    assert "The mail was written to the console of this server, not sent: DEBUG is on." in page
    assert "To: admin@example.org" in capsys.readouterr().out


def test_mails_that_could_not_be_sent_are_told_here_too(admin, administrator, settings):
    notify([administrator], NoticeKind.COMMENTED, "A comment.", "/")
    nobody_there(settings)
    send_waiting(NoticeKind.values)
    assert "1 mail could not be sent yet; the mail server did not answer at" in text(admin.get(HERE))
    assert Notice.objects.get().mailed_at is None
