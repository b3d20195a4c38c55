import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from priorities.held import held_of
from priorities.models import Person


class Command(BaseCommand):
    help = "Write all that is held of one person as JSON: the account, what names it, and texts that mention the name."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        person = Person.objects.filter(username=username).first()
        if person is None:
            raise CommandError(
                f"Nobody has the user name “{username}”; look at People or /admin/ for how it is written."
            )
        self.stdout.write(json.dumps(held_of(person), cls=DjangoJSONEncoder, ensure_ascii=False, indent=2))
