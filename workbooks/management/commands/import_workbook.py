import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm

from priorities.door import Refused
from workbooks.importing import Import, plan_import, steps_of
from workbooks.reading import Unreadable, read_workbook
from workbooks.records import apply_at_once


class Command(BaseCommand):
    help = "Import a workbook: .xlsx, .ods, .csv, or a .zip or folder of .csv files. All of it, or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="the file or folder")
        parser.add_argument("--dry-run", action="store_true", help="tell what would be imported, and save nothing")

    def handle(self, *args: Any, path: Path, dry_run: bool, **options: Any) -> None:
        try:
            planned = self.plan(path)
            if not dry_run:
                with self.bar("Saving", len(planned.resources)) as bar:
                    apply_at_once(path, planned, tick=bar.update)
        except (Unreadable, Refused) as error:
            for problem in getattr(error, "reasons", [str(error)]):
                self.stderr.write(problem)
            sys.exit(1)
        for name, kinds in planned.counts.items():
            self.stdout.write(f"{name}: " + ", ".join(f"{n} {kind}" for kind, n in kinds.items()))
        self.stdout.write("Nothing was saved: this was a dry run." if dry_run else "Imported.")

    def plan(self, path: Path) -> Import:
        """The planned import, its warnings told; raises Unreadable, and Refused with every problem."""
        sheets, unreadable = read_workbook(path)
        if not sheets:
            raise Refused(*map(str, unreadable))
        with self.bar("Checking", steps_of(sheets)) as bar:
            planned = plan_import(sheets, by=None, tick=bar.update)
        for warning in planned.warnings:
            self.stdout.write(f"Warning: {warning}")
        if problems := [*map(str, unreadable), *planned.problems]:
            raise Refused(*problems)
        return planned

    def bar(self, what: str, steps: int) -> Any:
        """How far it is, shown on a terminal once it has taken a second, and nowhere else."""
        return tqdm(
            desc=what,
            total=steps,
            delay=1,
            leave=False,
            file=sys.stderr,
            disable=not self.stderr.isatty(),
            bar_format="{desc} {percentage:3.0f}% |{bar}| {remaining} left",
        )
