import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from finance.models import FinancialPosition
from goals.models import GoalForecast
from indicators.models import Reading
from priorities.cells import CellError, parse_date, parse_period
from priorities.door import Refused
from priorities.history import Source
from risks.models import Assessment
from updates.opening import Opening, open_quarter, plan_opening

NAMES = {
    Reading: "indicators",
    Assessment: "risks and issues",
    GoalForecast: "goals",
    FinancialPosition: "periods of finance",
}


class Command(BaseCommand):
    help = "Open the next quarter: an update for every priority, with what the last quarter knew carried forward."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("quarter", help="as 2022-23-q2")
        parser.add_argument("--due-on", default="", help="the day updates are due, as 28/10/2022")
        parser.add_argument("--dry-run", action="store_true", help="tell what would be made, and save nothing")

    def handle(self, *args: Any, quarter: str, due_on: str, dry_run: bool, **options: Any) -> None:
        try:
            opening = plan_opening(parse_period(quarter), due_on=parse_date(due_on) if due_on else None)
            if not dry_run:
                open_quarter(opening, by=None, source=Source.COMMAND)
        except (CellError, Refused) as error:
            self.stderr.write(str(error))
            sys.exit(1)
        self.tell(opening)
        self.stdout.write("Nothing was saved: this was a dry run." if dry_run else f"{opening.quarter} is open.")

    def tell(self, opening: Opening) -> None:
        self.stdout.write(f"{len(opening.updates)} updates, due on {opening.quarter.due_on:%-d %B %Y}.")
        if opening.source is None:
            self.stdout.write("There is no earlier quarter to carry anything forward from.")
            return
        carried = ", ".join(f"{opening.count(model)} {name}" for model, name in NAMES.items())
        self.stdout.write(f"Carried forward from {opening.source}: {carried}.")
        if opening.goals:
            self.stdout.write(f"{len(opening.goals)} goals of the last year go on in this one.")
