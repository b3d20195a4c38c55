from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts import factors
from priorities.audit import Act, record
from priorities.models import Person


class Command(BaseCommand):
    help = "Takes away somebody's second factor: for the last administrator who has lost phone and recovery codes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    @transaction.atomic
    def handle(self, *args: Any, username: str, **options: Any) -> None:
        person = Person.objects.filter(username=username).first()
        if person is None or not factors.remove(person):
            raise CommandError(f"{username} has no second factor.")
        record(Act.SECOND_FACTOR_REMOVED, by=None, about=username, detail="was reset at the command line")
        self.stdout.write(f"{username} signs in without a second factor now, and can set up a new one.")
