from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import dj_database_url
import psycopg
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.db.utils import ConnectionHandler

from mopac_tracker.backups import engines, restoring
from mopac_tracker.backups.engines import PostgreSQL, SQLite
from mopac_tracker.backups.manifest import ANOTHER_KEY, ENGINES, Manifest, key_of, migrations_since
from mopac_tracker.backups.problems import Problem, tidy_end, told
from priorities.audit import Act, record


class Command(BaseCommand):
    help = "Restore a backup into an empty database, and compare every row with what was backed up."
    requires_system_checks: list[str] = []  # some of them ask the database, which is empty

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--check", action="store_true", help="into a temporary place, without touching the database")
        where.add_argument("--into", metavar="URL", help="into this empty database instead of DATABASE_URL's")
        parser.add_argument("--another-key", action="store_true", help="although it was made with another SECRET_KEY")

    def handle(self, *args: Any, file: Path, check: bool, into: str, another_key: bool, **options: Any) -> None:
        try:
            with tidy_end():
                manifest = restoring.examine(file, another_key=another_key)
                if key_of(manifest) is None:
                    self.stderr.write(f"{ANOTHER_KEY} if you can.")
                self.put(file, manifest, check=check, into=into)
        except Problem as problem:
            raise CommandError(str(problem)) from problem
        except (OSError, sqlite3.Error, psycopg.Error, DatabaseError) as error:
            raise CommandError(f"The backup was not restored: {told(error)}.") from error

    def put(self, file: Path, manifest: Manifest, *, check: bool, into: str) -> None:
        target = named(into) if into else engines.live()
        if not check:
            restoring.restore(file, manifest, target)
            self.say(manifest, f"restored into {target}")
            self.what_now(manifest, file, live=not into)
            return
        with place_for(manifest, target) as place:
            restoring.restore(file, manifest, place)
        self.say(manifest, "can be restored: it was, into a temporary place that is gone again")

    def say(self, manifest: Manifest, what: str) -> None:
        rows = sum(table["rows"] for table in manifest["tables"].values())
        self.stdout.write(
            f"The backup of {manifest['made_at']} {what}; all {rows:,} rows of {len(manifest['tables'])} tables are "
            "the same."
        )

    def what_now(self, manifest: Manifest, file: Path, *, live: bool) -> None:
        """An audit log of older software may have another shape: it is migrated first."""
        if missing := migrations_since(manifest):
            self.stdout.write(
                f"It was made by older software ({manifest['software']}), {len(missing)} migrations ago: run "
                "`manage.py migrate` before the service is started."
            )
        elif live:
            self.note(file, manifest)
        self.stdout.write("What was entered since, and roles given or taken since, are not in it.")

    def note(self, file: Path, manifest: Manifest) -> None:
        try:
            record(Act.RESTORED, by=None, about=file.name, detail=f"as of {manifest['made_at']}")
        except DatabaseError as error:
            self.stderr.write(f"It is restored, but the audit log could not be written: {told(error)}.")


def named(url: str) -> SQLite | PostgreSQL:
    try:
        settings = dj_database_url.parse(url)
    except ValueError as error:
        raise Problem("--into is no address of a database, like postgresql://user@host/name.") from error
    return engines.engine_of(ConnectionHandler({"default": settings})["default"])


def place_for(manifest: Manifest, target: SQLite | PostgreSQL) -> Any:
    if manifest["engine"] == "sqlite":
        return SQLite.temporary(target)  # type: ignore[arg-type]
    if isinstance(target, PostgreSQL):
        return target.temporary()
    raise Problem(f"The backup is of {ENGINES['postgresql']}, which is not here: name an empty one with --into.")
