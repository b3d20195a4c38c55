import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from priorities.cells import CellError, parse_period
from priorities.door import Refused
from priorities.models import Quarter
from priorities.periods import Period
from reports.across import for_the_command_line
from reports.audience import public
from reports.frozen import Unreadable, read, report_of
from reports.models import ClosedReport
from reports.pack import approvals_of
from reports.pdf import as_pdf
from reports.release import RELEASE, page, to_json
from reports.report import Report
from reports.series import with_series
from reports.tidy import as_files as as_tidy_files
from reports.workbook import file_name, quarters_workbook, report_workbook, template
from updates.opening import plan_opening
from workbooks.writing import FORMATS, Workbook
from workbooks.writing.csvs import as_files, to_folder


def to_html(report: Report) -> bytes:
    """One page that needs nothing beside it; of an open quarter with its time and approvals."""
    return page(report, now=timezone.localtime(), approvals=approvals_of(report, quarter_of(report)))


def to_pdf(report: Report) -> bytes:
    return as_pdf(report, made=timezone.now(), approvals=approvals_of(report, quarter_of(report)))


def quarter_of(report: Report) -> Quarter:
    return Quarter.objects.at(report.quarter).select_related("overview_submitted_by", "overview_approved_by").get()


TEXTS = {"json": to_json, "html": to_html}
Written = Report | Workbook


class Command(BaseCommand):
    help = "Write the report of a quarter."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("quarter", help="like 2022-23-q1")
        parser.add_argument("--format", choices=[*TEXTS, "pdf", *FORMATS], default="json")
        parser.add_argument(
            "--closed-version", type=int, metavar="N", help="of a closed quarter; without it, the newest"
        )
        parser.add_argument(
            "--template", action="store_true", help="of a quarter that is not open yet: the workbook to fill in"
        )
        parser.add_argument(
            "--public", action="store_true", help="only what is public; csv as tidy data with its description"
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
        written: Written
        if options["template"]:
            written = self.template(period, kind, for_the_public=options["public"])
        elif options["public"]:
            written = self.public(self.quarter(period), version)
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

    def template(self, period: Period, kind: str, *, for_the_public: bool) -> Workbook:
        if for_the_public:
            raise CommandError(
                "A template is to be filled in, and has no public form; leave out --public or --template."
            )
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

    def public(self, quarter: Quarter, version: int | None) -> Report:
        return for_the_command_line(quarter, public(self.report(quarter, version)))

    def report(self, quarter: Quarter, version: int | None) -> Report:
        """Of a closed quarter as it was closed, of an open or reopened one as it stands now."""
        try:
            if version is None:
                report = with_series(report_of(quarter, None), quarter, None)
                return for_the_command_line(quarter, report)
            versions = {closed.version: closed for closed in ClosedReport.objects.filter(quarter=quarter)}
            if version not in versions:
                known = ", ".join(map(str, sorted(versions))) or "none"
                raise CommandError(f"{quarter} has no closed version {version}. There are: {known}.")
            return read(versions[version])
        except Unreadable as error:
            raise CommandError(str(error)) from error


def refuse_another_ending(output: Path | None, kind: str) -> None:
    """A file that is not what its name says can't be opened by a double click."""
    endings = {f".{suffix}" for suffix in (*TEXTS, "pdf", *(found.suffix for found in FORMATS.values()))}
    wanted = f".{FORMATS[kind].suffix if kind in FORMATS else kind}"
    if output is not None and output.suffix.lower() in endings - {wanted}:
        raise CommandError(f"{output} would be a {wanted} file; end its name in {wanted}, or give another --format.")


def write(written: Written, kind: str, output: Path | None) -> None:
    """To a file, a folder or the standard output; raises CommandError for a file on a terminal, and OSError."""
    if kind == "csv" and output is not None and output.suffix.lower() != ".zip":
        to_folder(as_files(written) if isinstance(written, Workbook) else as_tidy_files(written), output)
        return
    data = to_bytes(written, kind)
    if output is not None:
        output.write_bytes(data)
    elif kind in TEXTS:
        sys.stdout.write(data.decode())
    elif sys.stdout.isatty():
        what = "A PDF" if kind == "pdf" else "A workbook"
        raise CommandError(
            f"{what} can't be shown on a terminal; write it to a file: --output {name_of(written, kind)}"
        )
    else:
        sys.stdout.buffer.write(data)


def to_bytes(written: Written, kind: str) -> bytes:
    if isinstance(written, Workbook):
        return FORMATS[kind].write(written)
    if kind == "pdf":
        return to_pdf(written)
    return TEXTS[kind](written) if kind in TEXTS else RELEASE[kind].write(written)


def name_of(written: Written, kind: str) -> str:
    name = written.about.name if isinstance(written, Workbook) else file_name(written.quarter)
    public = "-public" if isinstance(written, Report) and written.is_public else ""
    return f"{name}{public}.{FORMATS[kind].suffix if kind in FORMATS else kind}"
