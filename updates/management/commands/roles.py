from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from updates.roles import as_markdown

BEGIN, END = "<!-- roles: written by manage.py roles -->\n", "<!-- end of roles -->"


class Command(BaseCommand):
    help = "Say who may do what, as a table that the rules themselves answer."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--write", type=Path, metavar="FILE", help="put it between the marks of this file")

    def handle(self, *args: Any, write: Path | None, **options: Any) -> None:
        if write is None:
            self.stdout.write(as_markdown())
            return
        text = write.read_text()
        before, begin, rest = text.partition(BEGIN)
        _, end, after = rest.partition(END)
        if not (begin and end):
            raise CommandError(f"{write} has no line “{BEGIN.strip()}” with “{END}” after it; add them.")
        write.write_text(f"{before}{BEGIN}\n{as_markdown()}\n{END}{after}")
