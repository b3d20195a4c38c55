"""What an import of 10,000 rows costs: 250 indicators over 40 open quarters in an .xlsx, read, validated, previewed and
applied with history, against the bare floor of reading the file with the fastest reader and one bulk write of its rows,
without rules, history or a door; and against import-export's default, which validates each instance.

    .venv/bin/python -m benchmarks.imports

On a database of its own: SQLite, or the PostgreSQL that DATABASE_URL names. Each part runs in a process of its own on
the same database, with figures of its own, and tells its seconds and its peak of memory. `once` is the command line,
which plans once; `confirmed` is the page, which reads and plans for the preview and again for its confirmation.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

from mopac_tracker.frames import with_room

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
PRIORITIES, INDICATORS, YEARS = 10, 25, 10
HEADINGS = ("Quarter", "Priority", "Ref", "Indicator", "Target", "Value", "Confidence", "Note", "Key", "Version")
PARTS = ("floor", "once", "confirmed", "default")
RUNS = 3


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3")
        prepare()
        best: dict[str, tuple[float, float]] = {}
        for run in range(RUNS):
            for number, part in enumerate(PARTS):
                if part == "default" and run:
                    continue  # a minute or more each
                path = write_file(Path(folder) / "rows.xlsx", 1 + run * len(PARTS) + number)
                seconds, megabytes = measured(part, path)
                best[part] = min(best.get(part, (seconds, megabytes)), (seconds, megabytes))
        tell(best)


def measured(part: str, path: Path) -> tuple[float, float]:
    """Seconds and megabytes of one part, in a process of its own."""
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-m", "benchmarks.imports", part, str(path)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    seconds, megabytes = json.loads(done.stdout.splitlines()[-1])
    return seconds, megabytes


def tell(best: dict[str, tuple[float, float]]) -> None:
    import django
    from django.db import connection

    floor = best["floor"][0]
    print(f"{connection.vendor}, Python {sys.version.split()[0]}, Django {django.__version__}; best of {RUNS} runs")
    print(f"{'10,000 rows':12}{'s':>8}{'MB':>7}{'ratio':>8}")
    for part, (seconds, megabytes) in best.items():
        print(f"{part:12}{seconds:>8.2f}{megabytes:>7.0f}{seconds / floor:>8.1f}")


# The database and the file


def prepare() -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import models

    from indicators.models import Indicator, Reading
    from priorities.history import Source
    from priorities.models import Quarter, QuarterlyUpdate, QuarterStatus
    from priorities.writing import writing
    from tests.make import make_plan, make_priority

    call_command("migrate", verbosity=0)
    plan = make_plan(first_year=2022, last_year=2022 + YEARS - 1)
    models.QuerySet.update(Quarter.objects.all(), status=QuarterStatus.OPEN)
    quarters = list(Quarter.objects.in_order())
    priorities = [make_priority(title=f"Priority {n} of the plan", plan=plan) for n in range(PRIORITIES)]
    with writing(by=None, source=Source.COMMAND, opening=True):
        updates = QuarterlyUpdate.objects.bulk_create(
            QuarterlyUpdate(quarter=quarter, priority=priority) for quarter in quarters for priority in priorities
        )
    indicators = Indicator.objects.bulk_create(
        Indicator(priority=priority, reference=f"{n}a", title=f"Calls answered in time, kind {n}", position=n)
        for priority in priorities
        for n in range(INDICATORS)
    )
    with writing(updates, by=None, source=Source.COMMAND):
        Reading.objects.bulk_create(
            Reading(update=update, indicator=indicator, target=Decimal(100), value=Decimal(50), basis="quarter")
            for update in updates
            for indicator in indicators
            if indicator.priority_id == update.priority_id
        )


def write_file(path: Path, run: int, readings=None) -> Path:
    """Every reading, or these, with another value, and a note."""
    import xlsxwriter

    from indicators.models import Reading

    readings = (Reading.objects.order_by("pk") if readings is None else readings).select_related(
        "indicator", "update__quarter", "update__priority"
    )
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Indicators")
        sheet.write_row(0, 0, HEADINGS)
        for number, reading in enumerate(readings.iterator(), 1):
            cells = (
                reading.update.quarter.period.label,
                reading.update.priority.title,
                reading.indicator.reference,
                reading.indicator.title,
                int(reading.target),
                1000 * run + number,
                "AG"[run % 2],
                f"Note {run} on the figure of this quarter, as the provider gave it.",
                str(reading.indicator.key),
                reading.version,
            )
            sheet.write_row(number, 0, cells)
    return path


# What is measured


def floor(path: Path) -> None:
    """The fastest reader, and one bulk write of what it read."""
    from django.db import models

    from indicators.models import Reading

    write_plainly(path, models.QuerySet(Reading))


def write_plainly(path: Path, readings) -> None:
    from django.db import models, transaction

    from indicators.models import Reading

    rows = fast_rows(path)
    stored = list(readings.order_by("pk"))  # in the order of the file, so that nothing is looked up
    for reading, row in zip(stored, rows[1:], strict=True):
        reading.value, reading.confidence, reading.note = Decimal(int(row[5])), row[6], row[7]
    with transaction.atomic():
        models.QuerySet(Reading).bulk_create(
            stored, update_conflicts=True, update_fields=["value", "confidence", "note"], unique_fields=["pk"]
        )


def fast_rows(path: Path) -> list[list]:
    from python_calamine import CalamineWorkbook

    return CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()


def once(path: Path) -> None:
    apply(planned(path))


def apply(plan) -> None:
    from priorities.history import Source
    from workbooks.importing import apply_import

    apply_import(plan, source=Source.COMMAND)


def confirmed(path: Path) -> None:
    from priorities.history import Source
    from workbooks.importing import apply_import

    previewed = planned(path)
    fingerprint, shown = previewed.fingerprint, previewed.rows[:100]
    assert shown
    del previewed  # the preview is a request of its own
    again = planned(path)
    assert again.fingerprint == fingerprint
    apply_import(again, source=Source.SPREADSHEET)


def planned(path: Path, rows: int = PRIORITIES * INDICATORS * YEARS * 4):
    from workbooks.importing import plan_import

    found = plan_import(sheets_of(path), by=None)
    assert found.by_sheet["Indicators"]["changed"] == rows, found.problems[:5]
    return found


def sheets_of(path: Path):
    from workbooks.reading import read_workbook

    return read_workbook(path)[0]


def default(path: Path) -> None:
    """django-import-export as its documentation begins, with clean_model_instances: a preview, then the import."""
    from import_export import fields, resources, widgets
    from tablib import Dataset

    from indicators.models import Reading
    from priorities.history import Source
    from priorities.models import QuarterlyUpdate
    from priorities.writing import writing

    class ReadingResource(resources.ModelResource):
        id = fields.Field("pk", "id", widget=widgets.IntegerWidget())

        class Meta:
            model = Reading
            clean_model_instances = True
            fields = ("id", "value", "confidence", "note")

    rows = fast_rows(path)
    pks = Reading.objects.order_by("pk").values_list("pk", flat=True)
    data = Dataset(headers=["id", "value", "confidence", "note"])
    for pk, row in zip(pks, rows[1:], strict=True):
        data.append([pk, int(row[5]), row[6], row[7]])
    with writing(QuarterlyUpdate.objects.all(), by=None, source=Source.COMMAND):
        preview = ReadingResource().import_data(data, dry_run=True, raise_errors=True)
        assert preview.totals["update"] == len(data)
        ReadingResource().import_data(data, raise_errors=True)


def part(name: str, path: Path) -> None:
    import django

    django.setup()
    begun = time.perf_counter()
    globals()[name](path)
    seconds = time.perf_counter() - begun
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        with_room(part, sys.argv[1], Path(sys.argv[2]))
    else:
        main()
