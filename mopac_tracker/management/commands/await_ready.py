import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from mopac_tracker.health import why_not_ready

PAUSE = 1.0  # seconds between two looks


class Command(BaseCommand):
    """For units: what is started after it finds a database that answers and has all migrations."""

    help = "Wait until the database answers and all migrations are applied; exit 1 and why, if that takes too long."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seconds", type=float, default=60, help="how long to wait (60)")

    def handle(self, *args: Any, seconds: float, **options: Any) -> None:
        until = time.monotonic() + seconds
        while reason := why_not_ready():
            connection.close()
            if time.monotonic() + PAUSE > until:
                raise CommandError(reason)
            time.sleep(PAUSE)
        self.stdout.write("ready")
