import socket
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

TEXT = """{unit} has failed on {host}, {at}.

What it said:    journalctl -u {unit} -n 50
How it stands:   systemctl status {unit}
Run it again:    systemctl reset-failed {unit}; systemctl start {unit}
If it is tracker.service, its socket too: systemctl reset-failed tracker.socket; systemctl start tracker.socket

Nothing else is sent until it fails again.
"""


class Command(BaseCommand):
    """Needs no database, which may be what has failed."""

    help = "Mail those in ALERTS_TO that a unit has failed. The units call it by OnFailure=, once for each failure."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("unit", help="its name, like tracker-backup.service")

    def handle(self, *args: Any, unit: str, **options: Any) -> None:
        if not settings.ALERTS_TO:
            raise CommandError(f"{unit} has failed, and nobody is told: set ALERTS_TO to mail addresses.")
        host, at = socket.gethostname(), f"{timezone.localtime():%-d %B %Y, %H:%M}"
        subject = f"Tracker: {unit} has failed on {host}"
        mail = EmailMessage(subject, TEXT.format(unit=unit, host=host, at=at), to=settings.ALERTS_TO)
        try:
            mail.send()
        except OSError as error:  # smtplib's are OSErrors too; their messages hold addresses
            why = f"{unit} has failed, and the mail about it could not be sent: {type(error).__name__}"
            raise CommandError(why) from None
        self.stdout.write(f"Mailed {len(settings.ALERTS_TO)}.")
