import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from priorities.cells import CellError, parse_period
from priorities.models import Quarter, QuarterStatus
from reports.comparing import differences
from reports.frozen import Unreadable, read
from reports.models import ClosedReport
from reports.report import Report, quarterly_report


class Command(BaseCommand):
    """Checks every version of every closed report, and compares the newest with what the data say now.

    Exit code 0: every checksum holds, and whatever differs is a name or other set-up, which may change after a closing.
    Exit code 1: a closed report was changed or can't be read. Exit code 2: they are whole, but a figure or a text of a
    closed quarter itself was changed past the door. A quarter that is not there is 1, too.
    """

    help = "Check that closed reports are as they were closed, and tell where the data say something else by now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("quarter", nargs="?", default="", help="like 2022-23-q1; without it, all closed quarters")

    def handle(self, *args: Any, quarter: str, **options: Any) -> None:
        codes = {self.code_of(each) for each in self.quarters(quarter)}
        if code := 1 if 1 in codes else max(codes, default=0):
            sys.exit(code)

    def quarters(self, named: str) -> list[Quarter]:
        known = Quarter.objects.filter(status=QuarterStatus.CLOSED) | Quarter.objects.filter(
            reopened_until__isnull=False
        )
        known = known.select_related("plan").in_order()
        if not named:
            return list(known)
        try:
            period = parse_period(named)
        except CellError as error:
            raise CommandError(str(error)) from error
        found = list(known.at(period))
        if not found:
            raise CommandError(f"{period} is not a closed quarter here.")
        return found

    def code_of(self, quarter: Quarter) -> int:
        versions = list(ClosedReport.objects.filter(quarter=quarter).select_related("quarter"))
        if not versions:
            self.stdout.write(f"{quarter} was closed before reports were frozen: there is nothing to check.")
            return 0
        reports = {closed: self.read(closed) for closed in versions}
        code = 1 if None in reports.values() else 0
        last = reports[versions[0]]
        if last is None:
            return code
        if quarter.status != QuarterStatus.CLOSED:
            self.stdout.write(f"{quarter} is reopened; version {versions[0].version} stands.")
            return code
        return code or self.compare(quarter, last)

    def read(self, closed: ClosedReport) -> Report | None:
        try:
            return read(closed)
        except Unreadable as error:
            self.stderr.write(str(error))
            return None

    def compare(self, quarter: Quarter, frozen: Report) -> int:
        found = differences(frozen, quarterly_report(quarter, None))
        for difference in found:
            told = "" if difference.expected else "  (not a name or set-up: changed past the door)"
            self.stdout.write(f"{difference}{told}")
        version = frozen.closing.version if frozen.closing else 0
        count = (
            f"{len(found)} difference{'s' * (len(found) != 1)} to what the data say now" if found else "nothing differs"
        )
        self.stdout.write(f"{quarter}, version {version}: its checksum holds; {count}.")
        return 0 if all(difference.expected for difference in found) else 2
