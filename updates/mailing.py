"""Writing to people: mails in plain text, and one connection to the mail server for several of them."""

from __future__ import annotations

import base64
import logging
import math
import smtplib
import ssl
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.template.loader import render_to_string

logger = logging.getLogger(__name__)
SLOW = "the mail server took too long"
PATIENCE = 15.0  # seconds that somebody's page may wait for mails to others


def compose(to: Iterable[str], subject: str, template: str, **context: Any) -> EmailMessage:
    """A mail from a text template, which gets `site`, what its links begin with; the subject is one line."""
    body = render_to_string(template, {"site": settings.SITE_URL, **context})
    headers = {"Auto-Submitted": "auto-generated"}
    return EmailMessage(" ".join(subject.split()), body, to=list(to), headers=headers)


class Post:
    """One connection to the mail server, for several mails.

    Once the server doesn't answer, or `seconds` are over, it isn't asked again, and `down` says why. Never to be used
    inside a transaction: the database would be locked for as long as the mail server takes.
    """

    def __init__(self, seconds: float = math.inf) -> None:
        self.connection = get_connection()
        self.until = time.monotonic() + seconds
        self.down = ""
        self.error: Exception | None = None

    def __enter__(self) -> Post:
        try:
            self.connection.open()
        except (OSError, ValueError) as error:  # every error of smtplib is an OSError
            self.down = self.note(error)
        return self

    def __exit__(self, *args: object) -> None:
        with suppress(OSError):
            self.connection.close()

    def send(self, mail: EmailMessage) -> str:
        """Send one mail: "" once the server has taken it, else why it hasn't, as a part of a sentence."""
        if self.down:
            return self.down
        mail.connection = self.connection
        try:
            mail.send()
        except (OSError, ValueError) as error:
            failure = self.note(error)
            if not isinstance(error, smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused | ValueError):
                self.down = failure
            return failure
        if time.monotonic() > self.until:
            self.down = SLOW
        return ""

    def note(self, error: Exception) -> str:
        logger.warning("A mail could not be sent: %s", type(error).__name__)  # its message may name who it was for
        self.error = error
        return failure_of(error)


def failure_of(error: Exception) -> str:
    """Why a mail was not sent, as a part of a sentence for an administrator."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"the mail server refused the address {', '.join(error.recipients)}"
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "the mail server refused the tracker's user name and password"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "the mail server did not answer"
    if isinstance(error, smtplib.SMTPException):
        return "the mail server refused the mail"
    if isinstance(error, ssl.SSLError):
        return "no secure connection to the mail server could be made"
    if isinstance(error, OSError):
        return "the mail server did not answer"
    return "the address can't be written to"


def answer_of(error: Exception) -> str:
    """What the mail server, or the attempt to reach it, answered in its own words, without the password."""
    told: Any = error
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        told = next(iter(error.recipients.values()), error)
    elif isinstance(error, smtplib.SMTPResponseException):
        told = (error.smtp_code, error.smtp_error)
    if isinstance(told, tuple):
        code, words = told
        told = f"{code} {words.decode(errors='replace') if isinstance(words, bytes) else words}"
    return without_secrets(" ".join(str(told).split()))


def without_secrets(text: str) -> str:
    """The text without the password of the mail server, plain or as it is sent."""
    user, password = settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD
    if password:
        sent = [base64.b64encode(s.encode()).decode() for s in (f"\0{user}\0{password}", password)]
        for secret in (*sent, password):
            text = text.replace(secret, "…")
    return text
