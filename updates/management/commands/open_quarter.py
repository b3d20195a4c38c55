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
from updates.opening import Opening, Part, open_quarter, plan_opening

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
        parser.add_argument(
            "--leave-goal",
            action="append",
            default=[],
            metavar="GOAL",
            help="a goal of the last year that doesn't go on in a new one, as “Title of its priority/3” or by its key; "
            "may be repeated",
        )
        parser.add_argument("--dry-run", action="store_true", help="tell what would be made, and save nothing")

    def handle(
        self, *args: Any, quarter: str, due_on: str, leave_goal: list[str], dry_run: bool, **options: Any
    ) -> None:
        try:
            period, day = parse_period(quarter), parse_date(due_on) if due_on else None
            opening = plan_opening(period, due_on=day)
            if leave_goal:
                leaving = [goal_named(name, opening) for name in leave_goal]
                opening = plan_opening(period, due_on=day, leaving_goals=leaving)
            self.tell(opening)
            if not dry_run:
                open_quarter(opening, by=None, source=Source.COMMAND)
        except (CellError, Refused) as error:
            self.stderr.write(str(error))
            sys.exit(1)
        self.stdout.write("Nothing was saved: this was a dry run." if dry_run else f"{opening.quarter} is open.")

    def tell(self, opening: Opening) -> None:
        self.stdout.write(f"{len(opening.updates)} updates, due on {opening.quarter.due_on:%-d %B %Y}.")
        if opening.source is None:
            self.stdout.write("There is no earlier quarter to carry anything forward from.")
        else:
            carried = ", ".join(f"{opening.count(model)} {name}" for model, name in NAMES.items())
            self.stdout.write(f"Carried forward from {opening.source}: {carried}.")
        for part in opening.parts:
            self.stdout.write(f"  {part.priority}: {told(part)}.")
        if opening.goals:
            self.stdout.write(f"{len(opening.goals)} goals of the last year go on in this one.")
        for each in opening.left_out:
            self.stdout.write(f"Left: {each.kind.lower()}, {each.what} ({each.why}).")
        for row in (row for row in opening.offered if row.goal_id in opening.leaving):
            self.stdout.write(f"Left: goal, {row.goal} (as you asked).")


def told(part: Part) -> str:
    """The counts of one priority in a line."""
    return (
        f"{len(part.readings)} indicators ({part.without_target} without a target), {len(part.risks)} risks, "
        f"{len(part.issues)} issues, {len(part.forecasts)} goals, {len(part.positions)} periods of finance"
    )


def goal_named(name: str, opening: Opening) -> int:
    """The goal that is meant among those that could go on. Raises Refused for any other."""
    titles = {update.priority_id: str(update.priority).casefold() for update in opening.updates}
    title, _, number = name.rpartition("/")
    for goal in (row.goal for row in opening.offered):
        by_number = titles[goal.priority_id] == title.strip().casefold() and str(goal.number) == number.strip()
        if by_number or str(goal.key) == name.strip().lower():
            return goal.pk
    raise Refused(
        f"“{name}” is none of the goals that could go on; write it like “Victims are better supported/3”, or its key."
        if opening.offered
        else f"No goals of an earlier year go on in {opening.quarter}, so none can be left; drop --leave-goal."
    )
