import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from priorities.door import Refused
from priorities.history import Source
from workbooks.importing import apply_import, plan_import
from workbooks.reading import Unreadable, read_workbook


class Command(BaseCommand):
    help = "Import a workbook: a folder of .csv files, one per sheet. All of it, or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="the folder")
        parser.add_argument("--dry-run", action="store_true", help="tell what would be imported, and save nothing")

    def handle(self, *args: Any, path: Path, dry_run: bool, **options: Any) -> None:
        try:
            sheets, unreadable = read_workbook(path)
            planned = plan_import(sheets, by=None)
            planned.problems[:0] = map(str, unreadable)
            for warning in planned.warnings:
                self.stdout.write(f"Warning: {warning}")
            if planned.problems:
                raise Refused(*planned.problems)
            if not dry_run:
                apply_import(planned, source=Source.COMMAND, note=path.name)
        except (Unreadable, Refused) as error:
            for problem in getattr(error, "reasons", [str(error)]):
                self.stderr.write(problem)
            sys.exit(1)
        for name, kinds in planned.counts.items():
            self.stdout.write(f"{name}: " + ", ".join(f"{n} {kind}" for kind, n in kinds.items()))
        self.stdout.write("Nothing was saved: this was a dry run." if dry_run else "Imported.")
