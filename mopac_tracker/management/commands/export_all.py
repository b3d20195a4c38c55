from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from mopac_tracker.backups.exporting import export
from mopac_tracker.backups.problems import Problem, tidy_end, told
from priorities.audit import Act, record


class Command(BaseCommand):
    help = (
        "Write everything for another system to read: tables as lines of JSON, kept files, and a description of both."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", metavar="FOLDER|FILE.zip", type=Path, help="a name that is not there yet")

    def handle(self, *args: Any, path: Path, **options: Any) -> None:
        try:
            with tidy_end():
                package = export(path)
        except Problem as problem:
            raise CommandError(f"Nothing was exported. {problem}") from problem
        except (OSError, DatabaseError) as error:
            raise CommandError(f"Nothing was exported: {told(error)}.") from error
        rows = sum(table["rows"] for table in package["resources"])
        self.note(f"{rows} rows and {len(package['files'])} files")
        self.stdout.write(
            f"{path}: {rows:,} rows of {len(package['resources'])} tables, {len(package['files'])} kept files. "
            "Passwords, sessions and second factors are not in it; names and unpublished figures are."
        )

    def note(self, what: str) -> None:
        try:
            record(Act.EXPORTED, by=None, about="everything", detail=what)
        except DatabaseError as error:
            self.stderr.write(f"Everything was exported, but the audit log could not be written: {told(error)}.")
