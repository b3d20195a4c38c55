"""How pages, saves, imports, exports and the PDF grow with the quarters and the rows, on the scale data set.

    .venv/bin/python -m benchmarks.growth [--database sqlite] [--quarters 1 8 40] [--rows 1 10]

A database for each size, on this machine, measured in a process of its own: the median milliseconds, the queries, the
most memory of the process while it was done, and the ratio to a floor taken in turn with it: a signed-in page of fixed
bytes of the same size; for a save and an import one plain bulk update of the same rows. Exits 1 if a page takes more
than 12 queries, or if the overview or a priority of the open quarter costs at 40 quarters more than 1.2 times of 8.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mopac_tracker.frames import with_room

from .servers import ROOT, PostgreSQL, stops_cleanly

SECONDS = 2.0  # for each measurement, beyond the first run
RUNS = 30
MOST_QUERIES, MOST_GROWTH = 12, 1.2
BARS = ("overview, open", "priority, open")
ROUNDS = 5  # of the two sizes in turn, for the bars
REAL_CLOSINGS = {1: 40}  # with more rows only the last few: the others are closed in bulk
Figures = dict[str, dict[str, float]]


# In a process of its own: one size


def measure(rows: int, only: tuple[str, ...]) -> Figures:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from django.conf import settings

    settings.ROOT_URLCONF = "benchmarks.pages"
    settings.DEBUG = False
    found: Figures = {}
    for name, (act, floor, is_page) in parts().items():
        if (name in only or not only) and (rows == 1 or "pdf" not in name or is_smallest()):
            found[name] = figures(act, floor) | ({"most": MOST_QUERIES} if is_page else {})
    return found


def is_smallest() -> bool:
    """The PDF with ten times the rows takes minutes, and is the same with any number of quarters: made once."""
    from priorities.models import Quarter

    return Quarter.objects.exclude(status="planned").count() == 1


def figures(act: Callable[[int], int], floor: Callable[[int], Any]) -> dict[str, float]:
    """Of an act that is told the number of the run and returns its bytes, and of its floor, taken in turn."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        size = act(0)
        count = len(queries)
    forget_peak()
    taken, plain = [], []
    until = time.perf_counter() + SECONDS
    for run in range(1, RUNS + 1):
        begun = time.perf_counter()
        act(run)
        between = time.perf_counter()
        floor(size)
        taken.append(between - begun)
        plain.append(time.perf_counter() - between)
        if time.perf_counter() > until:
            break
    ms, floor_ms = 1000 * statistics.median(taken), 1000 * statistics.median(plain)
    return {"ms": ms, "ratio": ms / floor_ms, "queries": count, "kb": size / 1024, "mb": peak()}


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def peak() -> float:
    """Of this process since it was forgotten, resident, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def parts() -> dict[str, tuple[Callable[[int], int], Callable[[int], Any], bool]]:
    """What is measured: the act, its floor, and whether it is a page with a bar on its queries."""
    from priorities.models import Priority, Quarter

    newest = Quarter.objects.exclude(status="planned").first()
    closed = Quarter.objects.filter(status="closed").first()
    assert newest is not None
    priority = Priority.objects.first()
    assert priority is not None
    indicator = priority.indicators.all()[1]  # type: ignore[attr-defined]
    at, of = f"/{newest.period.slug}/", f"/{newest.period.slug}/{priority.slug}/"
    pages = {"overview, open": at, "priority, open": of}
    if closed:
        then = f"/{closed.period.slug}/"
        pages |= {"overview, closed": then, "priority, closed": f"{then}{priority.slug}/"}
    pages |= {f"{name} of the quarter": f"{at}{name}/" for name in ("changes", "exceptions", "year", "risks", "goals")}
    pages |= {"progress board": f"{at}progress/", "review": f"{of}update/review/"}
    pages |= {"an indicator": f"/indicators/{indicator.key}/"}
    entries = {"task list": f"{of}update/"}
    sections = ("indicators", "risks", "goals", "finance", "ratings")
    entries |= {f"entry of {section}": f"{of}update/{section}/" for section in sections}
    entries["check and submit"] = f"{of}update/check/"
    found: dict[str, Any] = {}
    for name, path in pages.items():
        found[name] = (*got("manager-0", path), True)
    for name, path in entries.items():
        found[name] = (*got("lead-0", path), True)
    found["saving 25 indicators × rows"] = (*saved(newest, priority, f"{of}update/indicators/"), False)
    found["importing 500 indicators × rows"] = (*imported(newest), False)
    for kind in ("xlsx", "csv", "json", "pdf"):
        found[f"export, {kind}, open"] = (*exported(newest, kind), False)
    if closed:
        found["export, xlsx, closed"] = (*exported(closed, "xlsx"), False)
    return found


def client_of(username: str) -> Any:
    from django.test import Client

    from priorities.models import Person

    client = Client()
    client.force_login(Person.objects.get(username=username))
    return client


def got(username: str, path: str) -> tuple[Any, Any]:
    client = client_of(username)

    def act(run: int) -> int:
        response = client.get(path)
        assert response.status_code == 200, (path, response.status_code)
        return len(response.content)

    return act, lambda size: client.get(f"/floor/{size}/")


def saved(quarter: Any, priority: Any, path: str) -> tuple[Any, Any]:
    """A new note in every row of an entry page, against the same rows in one bulk update."""
    from priorities.models import Person, QuarterlyUpdate, Section
    from updates.entry import Entry

    lead, client = Person.objects.get(username="lead-0"), client_of("lead-0")
    update = QuarterlyUpdate.objects.select_related("quarter__plan", "priority").get(quarter=quarter, priority=priority)

    def form(run: int) -> dict[str, str]:
        entry = Entry([update], Section.INDICATORS, lead)
        data = {form.add_prefix("base"): str(form.row.version) for form in entry.forms}
        return data | {form.add_prefix("note"): f"Note {run} {time.time_ns()}" for form in entry.forms}

    forms = [form(0)]  # made before it is sent, outside the measurement but for the versions, which history merges

    def act(run: int) -> int:
        data = {n: (f"Note {run} {time.time_ns()}" if n.endswith("note") else v) for n, v in forms[0].items()}
        data |= {n: str(int(v) + run) for n, v in forms[0].items() if n.endswith("base")}
        response = client.post(path, data)
        assert response.status_code == 302, response.status_code
        return 0

    return act, lambda size: client.post(f"/floor-save/{update.pk}/", forms[0])


def imported(quarter: Any) -> tuple[Any, Any]:
    """Every value and note of the quarter changed by a workbook, against reading it fast and one bulk write."""
    from django.db import models

    from indicators.models import Reading

    from . import imports

    folder = Path(tempfile.mkdtemp(prefix="growth-"))
    rows = Reading.objects.filter(update__quarter=quarter).order_by("pk")
    paths: list[Path] = []

    def act(run: int) -> int:
        paths.append(imports.write_file(folder / "rows.xlsx", run, rows))
        imports.apply(imports.planned(paths[-1], rows.count()))
        return paths[-1].stat().st_size

    return act, lambda size: imports.write_plainly(paths[-1], models.QuerySet(Reading).filter(update__quarter=quarter))


def exported(quarter: Any, kind: str) -> tuple[Any, Any]:
    from django.core.management import call_command

    path = Path(tempfile.mkdtemp(prefix="growth-")) / f"report.{'zip' if kind == 'csv' else kind}"
    client = client_of("manager-0")

    def act(run: int) -> int:
        call_command("report", quarter.period.slug, format=kind, output=path, stdout=open(os.devnull, "w"))  # noqa: SIM115
        return path.stat().st_size

    return act, lambda size: client.get(f"/floor/{size}/")


# All sizes


def main() -> int:
    said = argparse.ArgumentParser(description="How everything grows with the quarters and the rows.")
    said.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    said.add_argument("--quarters", type=int, nargs="+", default=[1, 8, 40])
    said.add_argument("--rows", type=int, nargs="+", default=[1, 10])
    said.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    said.add_argument("--only", nargs="*", default=[], help=argparse.SUPPRESS)
    told = said.parse_args()
    if told.measure:
        print(json.dumps(with_room(measure, told.rows[0], tuple(told.only))))
        return 0
    stops_cleanly()
    with tempfile.TemporaryDirectory(prefix="growth-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        server = PostgreSQL(folder) if told.database == "postgresql" else None
        try:
            return run(server, folder, told.quarters, told.rows)
        finally:
            if server:
                server.stop()


def run(server: PostgreSQL | None, folder: Path, quarters: list[int], rows: list[int]) -> int:
    urls, sizes = {}, [(q, r) for r in rows for q in quarters]
    for q, r in sizes:
        urls[q, r] = empty(server, folder, f"scale_{q}_{r}")
        frozen = str(REAL_CLOSINGS.get(r, 3))
        alone("benchmarks.scale", urls[q, r], f"--quarters={q}", f"--rows={r}", "--published=0", f"--frozen={frozen}")
        say(f"made: {q} quarters, rows × {r}")
    found = {}
    for q, r in sizes:
        found[q, r] = one(urls[q, r], r)
        say(f"measured: {q} quarters, rows × {r}")
    for r in rows:
        print(f"\n### {'PostgreSQL' if server else 'SQLite'}, rows × {r}\n")
        print(
            "\n".join(table({q: found[q, r] for q in quarters}, found.get((quarters[-1], rows[0])) if r > 1 else None))
        )
    failures = too_many_queries(found)
    if {8, 40} <= set(quarters):
        failures += too_much_growth(urls[8, rows[0]], urls[40, rows[0]])
    print("\n" + ("\n".join(f"MISSED: {each}" for each in failures) or "Every bar is met."))
    return 1 if failures else 0


def say(step: str) -> None:
    """To whoever waits; the tables are the output."""
    print(f"{time.strftime('%H:%M:%S')} {step}", file=sys.stderr, flush=True)


def empty(server: PostgreSQL | None, folder: Path, name: str) -> str:
    if server is None:
        return f"sqlite:///{folder}/{name}.sqlite3"
    server.server.psql(f"CREATE DATABASE {name}")
    return server.url.removesuffix("postgres") + name


def one(url: str, rows: int, *only: str) -> Figures:
    return json.loads(
        alone("benchmarks.growth", url, "--measure", "--rows", str(rows), "--only", *only).splitlines()[-1]
    )


def alone(module: str, url: str, *said: str) -> str:
    command = [sys.executable, "-m", module, *said]
    done = subprocess.run(  # noqa: S603 - ourselves
        command, cwd=ROOT, env={**os.environ, "DATABASE_URL": url}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return done.stdout


def table(by_quarters: dict[int, Figures], fewer_rows: Figures | None) -> list[str]:
    """A line for each part; growth is of the milliseconds, from the second largest number of quarters to the largest.

    Not of the ratio: the floor asks who reads it, as every page does, and could grow too.
    """
    quarters = list(by_quarters)
    head = ["", "queries", "KB", *(f"{q}: ms | ratio | MB" for q in quarters), "growth"]
    head += ["ms over rows × 1"] if fewer_rows else []
    titles = " | ".join(head).split("|")
    lines = [f"|{'|'.join(titles)}|", f"| --- |{' ---: |' * (len(titles) - 1)}"]
    names = dict.fromkeys(name for q in reversed(quarters) for name in by_quarters[q])
    for name in names:
        last = next(by_quarters[q][name] for q in reversed(quarters) if name in by_quarters[q])
        cells = [name, f"{last['queries']:.0f}", f"{last['kb']:.0f}"]
        for q in quarters:
            of = by_quarters[q].get(name)
            cells += [f"{of['ms']:.1f}", f"{of['ratio']:.1f}", f"{of['mb']:.0f}"] if of else ["", "", ""]
        before = by_quarters[quarters[-2]].get(name) if len(quarters) > 1 else None
        cells.append(f"{last['ms'] / before['ms']:.2f}" if before else "")
        if fewer_rows:
            cells.append(f"{last['ms'] / fewer_rows[name]['ms']:.1f}" if name in fewer_rows else "")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def too_many_queries(found: dict[tuple[int, int], Figures]) -> list[str]:
    return [
        f"{name} takes {of['queries']:.0f} queries with {q} quarters and rows × {r}."
        for (q, r), by_name in found.items()
        for name, of in by_name.items()
        if of["queries"] > of.get("most", of["queries"])
    ]


def too_much_growth(fewer: str, more: str) -> list[str]:
    """The bars, with both sizes measured in turn so that a slow moment hits both."""
    growth: dict[str, list[float]] = {name: [] for name in BARS}
    for _ in range(ROUNDS):
        before, after = one(fewer, 1, *BARS), one(more, 1, *BARS)
        for name in BARS:
            growth[name].append(after[name]["ms"] / before[name]["ms"])
    told = {name: statistics.median(taken) for name, taken in growth.items()}
    for name, times in told.items():
        taken = ", ".join(f"{each:.2f}" for each in growth[name])
        print(f"\n{name}: 40 quarters cost {times:.2f} times of 8 (bar {MOST_GROWTH}; rounds {taken})")
    return [
        f"{name} grew {times:.2f} times from 8 to 40 quarters." for name, times in told.items() if times > MOST_GROWTH
    ]


if __name__ == "__main__":
    sys.exit(main())
