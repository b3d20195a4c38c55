"""One connection for several mails: what each answer of a mail server leads to, and the words for it."""

import base64
import smtplib
import ssl

import pytest
from django.core.mail import EmailMessage

from tests.updates.smtp import nobody_there, silence, smtp
from updates.mailing import SLOW, Post, answer_of, compose, failure_of

NO_ANSWER = "the mail server did not answer"


def mail(to="ann@example.org"):
    return EmailMessage("A subject", "A text", to=[to])


def test_several_mails_go_out_on_one_connection(settings):
    with smtp(settings) as server, Post() as post:
        assert [post.send(mail("ann@example.org")), post.send(mail("bob@example.org"))] == ["", ""]
    assert [to for to, _ in server.taken] == ["ann@example.org", "bob@example.org"]
    assert server.calls == 1


def test_a_refused_address_keeps_nobody_else_from_being_mailed(settings):
    with smtp(settings, refused={"ann@example.org"}) as server, Post() as post:
        assert post.send(mail()) == "the mail server refused the address ann@example.org"
        assert answer_of(post.error) == "550 5.1.1 no such person"
        assert post.send(mail("bob@example.org")) == ""
    assert [to for to, _ in server.taken] == ["bob@example.org"]


def test_a_refused_mail_keeps_nobody_else_from_being_mailed(settings):
    with smtp(settings, mails_refused={"ann@example.org"}), Post() as post:
        assert post.send(mail()) == "the mail server refused the mail"
        assert answer_of(post.error) == "554 5.7.1 this looks like spam"
        assert post.send(mail("bob@example.org")) == ""


@pytest.mark.parametrize("address", ["ann@example.org\nBcc: all@example.org", "@", "ann@exa..mple.örg", "("])
def test_an_address_that_is_none_keeps_nobody_else_from_being_mailed(settings, address):
    with smtp(settings) as server, Post() as post:
        assert post.send(mail(address)) == "the address can't be written to"
        assert post.send(mail("bob@example.org")) == ""
    assert [to for to, _ in server.taken] == ["bob@example.org"]


def test_a_server_that_is_not_there_is_asked_once(settings):
    nobody_there(settings)
    with Post() as post:
        assert post.down == NO_ANSWER
        assert post.send(mail()) == NO_ANSWER
    assert "Connection refused" in answer_of(post.error)


def test_a_server_that_says_nothing_is_given_up_after_the_time_set(settings):
    with silence(settings), Post() as post:
        assert post.down == NO_ANSWER


def test_a_server_that_goes_away_is_not_asked_again(settings, monkeypatch):
    def fail(self, fail_silently=False):
        raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")

    with Post() as post:
        monkeypatch.setattr(EmailMessage, "send", fail)
        assert post.send(mail()) == NO_ANSWER
        monkeypatch.undo()
        assert post.send(mail()) == NO_ANSWER


def test_nobody_waits_longer_than_they_said(mailoutbox):
    with Post(seconds=-1) as post:
        assert post.send(mail()) == ""
        assert post.send(mail()) == SLOW
    assert len(mailoutbox) == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (smtplib.SMTPAuthenticationError(535, b"no"), "the mail server refused the tracker's user name and password"),
        (smtplib.SMTPNotSupportedError("STARTTLS"), "the mail server refused the mail"),
        (smtplib.SMTPSenderRefused(550, b"no", "x"), "the mail server refused the mail"),
        (ssl.SSLCertVerificationError("self-signed"), "no secure connection to the mail server could be made"),
        (TimeoutError(), NO_ANSWER),
        (OSError(), NO_ANSWER),
    ],
)
def test_each_failure_has_its_words(error, told):
    assert failure_of(error) == told


def test_no_answer_gives_the_password_away(settings):
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "tracker", "very secret"
    encoded = [base64.b64encode(text).decode() for text in (b"very secret", b"\0tracker\0very secret")]
    answer = answer_of(smtplib.SMTPAuthenticationError(535, f"not very secret, {' '.join(encoded)}".encode()))
    assert answer == "535 not …, … …"


def test_mails_say_that_a_machine_wrote_them_in_one_line_of_subject():
    made = compose(
        ["ann@example.org"], "A title\nBcc: all@example.org", "updates/mail/notices.txt", person="Ann", pages={}
    )
    assert made.subject == "A title Bcc: all@example.org"
    assert made.message()["Auto-Submitted"] == "auto-generated"
    assert made.message().get_content_type() == "text/plain"
