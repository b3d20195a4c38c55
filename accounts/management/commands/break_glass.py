from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.provider_views import OnceTokens, once_tokens
from priorities.audit import Act, record
from priorities.models import Person


class Command(BaseCommand):
    help = (
        "Makes a link that signs an administrator in once, within fifteen minutes: for when the sign-in provider is "
        "down or set up wrongly. Their second factor is still asked for."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        person = Person.objects.filter(username=username).first()
        if person is None or not person.is_active or not person.is_administrator:
            raise CommandError(f"{username} is no active administrator; nobody else is let in this way.")
        key = urlsafe_base64_encode(force_bytes(person.pk))
        path = reverse("sign_in_once", args=[key, once_tokens.make_token(person)])
        record(Act.RESET_ASKED, by=None, about=username, detail="a link to sign in once, made at the command line")
        self.stderr.write(f"Good once, for {OnceTokens.MINUTES} minutes; whoever has it is {username}:")
        self.stdout.write(settings.SITE_URL + path)
