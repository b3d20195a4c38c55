from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from mopac_tracker.backups import engines, taking
from mopac_tracker.backups.manifest import ENGINES
from mopac_tracker.backups.problems import Problem, tidy_end, told
from priorities.audit import Act, record


class Command(BaseCommand):
    help = "Write everything, kept files and publications too, to one file that `restore` reads, while people work."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", metavar="FOLDER", default=settings.BACKUP_FOLDER, help="default: BACKUP_FOLDER")
        parser.add_argument("--keep", metavar="N", type=int, default=settings.BACKUP_KEEP, help="backups that stay")

    def handle(self, *args: Any, to: str, keep: int, **options: Any) -> None:
        if not to:
            raise CommandError("Say where the backup goes: set BACKUP_FOLDER, or use --to FOLDER.")
        if keep < 1:
            raise CommandError("--keep is 1 or more: the backup that is taken now stays.")
        try:
            with tidy_end():
                path, manifest, gone = taking.take(engines.live(), Path(to), keep=keep)
        except Problem as problem:
            raise CommandError(f"No backup was taken. {problem}") from problem
        except (OSError, sqlite3.Error, psycopg.Error) as error:
            raise CommandError(f"No backup was taken: {told(error)}.") from error
        rows = sum(table["rows"] for table in manifest["tables"].values())
        self.stdout.write(
            f"{path}: {path.stat().st_size / 1_000_000:.1f} MB, {rows:,} rows in {len(manifest['tables'])} tables of "
            f"{ENGINES[manifest['engine']]}, read back and whole."
        )
        self.note(path, rows)
        if gone:
            self.stdout.write(f"{gone} older backup{'s' * (gone != 1)} removed; {keep} stay.")

    def note(self, path: Path, rows: int) -> None:
        try:
            record(Act.BACKED_UP, by=None, about=path.name, detail=f"{rows} rows")
        except DatabaseError as error:
            self.stderr.write(f"The backup is good, but the audit log could not be written: {told(error)}.")
