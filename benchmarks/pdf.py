"""What the PDF of the reference quarter costs: seconds on the clock and of the processor, and memory of the process.

    .venv/bin/python -m benchmarks.pdf

In process, on a SQLite database of its own. Every run sets other texts, as every other quarter would, so that nothing
can be left over from the run before.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from mopac_tracker.frames import with_room

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
RUNS = 30


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DATABASE_URL"] = f"sqlite:///{folder}/bench.sqlite3"
        for command in (["migrate", "--verbosity", "0"], ["load_demo", "--password", "quarterly-demo"]):
            # In a process of their own: this one shall hold no more than a worker that answers requests.
            run = [sys.executable, "manage.py", *command, "--skip-checks"]
            subprocess.run(run, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
        import django

        django.setup()
        measure()


def measure() -> None:
    from django.utils import timezone

    from priorities.models import Quarter
    from reports.pack import approvals_of
    from reports.pdf import as_pdf
    from reports.report import quarterly_report

    quarter = Quarter.objects.select_related("plan").get(status="open")
    report, before = quarterly_report(quarter, None), memory()
    approvals, clock, cpu, resting = approvals_of(report, quarter), [], [], []
    for run in range(RUNS):
        parts = tuple(replace(part, narrative=f"{part.narrative} {run}") for part in report.priorities)
        started, busy = time.perf_counter(), time.process_time()
        data = as_pdf(replace(report, priorities=parts), made=timezone.now(), approvals=approvals)
        clock.append(time.perf_counter() - started)
        cpu.append(time.process_time() - busy)
        resting.append(memory())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(data) / 1024:.0f} KB; {RUNS} runs, the first {clock[0]:.2f} s")
    print(f"median {statistics.median(clock[1:]):.2f} s, processor {statistics.median(cpu[1:]):.2f} s")
    print(f"memory before {before:.0f} MB, after a run {statistics.median(resting):.0f} MB, at the most {peak:.0f} MB")


def memory() -> float:
    """Of this process, resident, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


if __name__ == "__main__":
    with_room(main)
