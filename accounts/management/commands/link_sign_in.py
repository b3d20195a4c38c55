from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.linking import connect, link_of, links_of
from priorities.audit import Act, record
from priorities.models import Person


class Command(BaseCommand):
    help = (
        "Links an account with a person at the sign-in provider, by the provider's lasting subject (the claim “sub”): "
        "for accounts of administrators, which are not linked by their address. Their password here is removed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("subject")

    @transaction.atomic
    def handle(self, *args: Any, username: str, subject: str, **options: Any) -> None:
        if not settings.OIDC_SERVER_URL:
            raise CommandError("Single sign-on is off: set OIDC_SERVER_URL first.")
        person = Person.objects.filter(username=username).first()
        if person is None:
            raise CommandError(f"There is no account {username}.")
        if (link := link_of(subject)) or links_of(person):
            raise CommandError(f"{link.user.username if link else username} is linked already; unlink it first.")
        connect(person, subject)
        record(Act.PASSWORD_CHANGED, by=None, about=username, detail="linked with the provider at the command line")
        self.stdout.write(f"{username} signs in with {settings.OIDC_NAME} from now on.")
