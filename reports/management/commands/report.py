import base64
import json
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.loader import render_to_string
from django.utils import timezone

from priorities.cells import CellError, parse_period
from priorities.door import Refused
from priorities.models import Quarter
from priorities.periods import Period
from reports.frozen import Unreadable, read, report_of
from reports.json_format import as_json
from reports.models import ClosedReport
from reports.pack import approvals_of
from reports.report import Report
from reports.workbook import quarters_workbook, report_workbook, template
from updates.opening import plan_opening
from workbooks.writing import FORMATS, Workbook
from workbooks.writing.csvs import to_folder


def to_json(report: Report) -> str:
    return json.dumps(as_json(report), ensure_ascii=False, indent=2) + "\n"


def to_html(report: Report) -> str:
    """One page that needs nothing beside it."""
    static = settings.BASE_DIR / "static"
    font = base64.b64encode((static / "fonts" / "source-sans-3.woff2").read_bytes()).decode()
    styles = (static / "tracker.css").read_text().replace("fonts/source-sans-3.woff2", f"data:font/woff2;base64,{font}")
    marks = {"now": timezone.localtime(), "approvals": approvals_of(report)}
    return render_to_string("reports/print.html", {"report": report, "styles": styles} | marks)


TEXTS = {"json": to_json, "html": to_html}


class Command(BaseCommand):
    help = "Write the report of a quarter."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("quarter", help="like 2022-23-q1")
        parser.add_argument("--format", choices=[*TEXTS, *FORMATS], default="json")
        parser.add_argument(
            "--closed-version", type=int, metavar="N", help="of a closed quarter; without it, the newest"
        )
        parser.add_argument(
            "--template", action="store_true", help="of a quarter that is not open yet: the workbook to fill in"
        )
        parser.add_argument(
            "--output",
            type=Path,
            help="a file, or for csv a folder too; without it, the report is printed",
        )

    def handle(self, *args: Any, quarter: str, output: Path | None, **options: Any) -> None:
        try:
            period = parse_period(quarter)
        except CellError as error:
            raise CommandError(str(error)) from error
        kind, version = options["format"], options["closed_version"]
        refuse_another_ending(output, kind)
        written: Report | Workbook
        if options["template"]:
            written = self.template(period, kind)
        else:
            found = self.quarter(period)
            written = self.workbook(found, version) if kind in FORMATS else self.report(found, version)
        try:
            write(written, kind, output)
        except OSError as error:
            raise CommandError(f"{output} can't be written: {error.strerror}.") from error

    def quarter(self, period: Period) -> Quarter:
        found = Quarter.objects.at(period).select_related("plan").first()
        if found is None:
            known = ", ".join(q.period.slug for q in Quarter.objects.exclude(status="planned").in_order())
            raise CommandError(f"There is no quarter {period}. There are: {known or 'none'}.")
        return found

    def template(self, period: Period, kind: str) -> Workbook:
        if kind not in FORMATS:
            raise CommandError(f"A template is a workbook; give --format {', '.join(FORMATS)}.")
        try:
            return template(plan_opening(period), None)
        except Refused as error:
            raise CommandError(str(error)) from error

    def workbook(self, quarter: Quarter, version: int | None) -> Workbook:
        if version is not None:
            return report_workbook(self.report(quarter, version), None)
        try:
            return quarters_workbook(quarter, None)
        except Unreadable as error:
            raise CommandError(str(error)) from error

    def report(self, quarter: Quarter, version: int | None) -> Report:
        """Of a closed quarter as it was closed, of an open or reopened one as it stands now."""
        try:
            if version is None:
                return report_of(quarter, None)
            versions = {closed.version: closed for closed in ClosedReport.objects.filter(quarter=quarter)}
            if version not in versions:
                known = ", ".join(map(str, sorted(versions))) or "none"
                raise CommandError(f"{quarter} has no closed version {version}. There are: {known}.")
            return read(versions[version])
        except Unreadable as error:
            raise CommandError(str(error)) from error


def refuse_another_ending(output: Path | None, kind: str) -> None:
    """A file that is not what its name says can't be opened by a double click."""
    endings = {f".{suffix}" for suffix in (*TEXTS, *(found.suffix for found in FORMATS.values()))}
    wanted = f".{FORMATS[kind].suffix if kind in FORMATS else kind}"
    if output is not None and output.suffix.lower() in endings - {wanted}:
        raise CommandError(f"{output} would be a {wanted} file; end its name in {wanted}, or give another --format.")


def write(written: Report | Workbook, kind: str, output: Path | None) -> None:
    """To a file, a folder or the standard output; raises CommandError for a workbook on a terminal, and OSError."""
    if isinstance(written, Workbook) and kind == "csv" and output is not None and output.suffix.lower() != ".zip":
        to_folder(written, output)
        return
    data = FORMATS[kind].write(written) if isinstance(written, Workbook) else TEXTS[kind](written).encode()
    if output is not None:
        output.write_bytes(data)
    elif isinstance(written, Workbook):
        if sys.stdout.isatty():
            name = f"{written.about.name}.{FORMATS[kind].suffix}"
            raise CommandError(f"A workbook can't be shown on a terminal; write it to a file: --output {name}")
        sys.stdout.buffer.write(data)
    else:
        sys.stdout.write(data.decode())
