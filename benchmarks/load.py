"""50 leads who save and 200 readers at once, on gunicorn, by Locust; then every acknowledged save is looked for.

    .venv/bin/python -m benchmarks.load --database sqlite --seconds 120

On a database of its own with the scale data set, on this machine alone. Prints a table, and exits 1 for any error or
any acknowledged save that is not in the database, the row and its history. A conflict that is shown to be settled is an
answer, not an error. Locust comes from .venv-bench (make bench-tools), as its gevent shall not be near the application.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .servers import KEY, ROOT, Gunicorn, PostgreSQL, Sqlite, database, manage, stops_cleanly, wait_for

ANSWERS = ("saved", "conflict")
CELLS = {"reading": "indicators.Reading", "risk": "risks.Assessment", "goal": "goals.GoalForecast"}
CELLS |= {"finance": "priorities.QuarterlyUpdate", "update": "priorities.QuarterlyUpdate"}


@dataclass(slots=True)
class Crowd:
    leads: int = 50
    readers: int = 200
    seconds: int = 120
    think: tuple[float, float] = (5, 15)  # seconds between a person's pages
    typing: tuple[float, float] = (1, 4)  # seconds from an entry page to its saving


@dataclass(slots=True)
class Found:
    """What one run was like."""

    requests: list[dict[str, Any]]
    journal: list[dict[str, Any]]
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """From the first answer to the last."""
        moments = [each["at"] for each in self.requests]
        return max(moments) - min(moments) or 1

    def count(self, *kinds: str) -> int:
        return sum(each["what"] in kinds for each in self.journal)

    @property
    def errors(self) -> Counter[str]:
        """Answers that are no page, by status; "no answer" where the connection was dropped."""
        bad = (each for each in self.requests if each["status"] not in (200, 302))
        return Counter(str(each["status"] or f"no answer ({each['error']})") for each in bad)

    @property
    def pages(self) -> Counter[tuple[int, str]]:
        return Counter((each["status"], each["text"]) for each in self.journal if each["what"] == "page")


# Before


def prepare(url: str, quarters: int, crowd: Crowd, folder: Path) -> dict[str, Any]:
    """The data set, and who does what on which pages, in a process of its own."""
    said = [sys.executable, "-m", "benchmarks.load", "--prepare", str(folder / "plan.json")]
    said += ["--quarters", str(quarters), "--leads", str(crowd.leads), "--readers", str(crowd.readers)]
    environment = {**os.environ, "DATABASE_URL": url, "SECRET_KEY": KEY}
    subprocess.run(said, cwd=ROOT, env=environment, check=True)  # noqa: S603 - ourselves
    return json.loads((folder / "plan.json").read_text())


def write_plan(path: Path, quarters: int, leads: int, readers: int) -> None:
    """Makes the data set in DATABASE_URL and signs its people in."""
    import django
    from django.core.management import call_command

    django.setup()
    from priorities.models import Quarter

    from .scale import Size, make, signed_in_as

    call_command("migrate", verbosity=0)
    made = make(Size(quarters=quarters, published=0))
    lots = random.Random(7)  # noqa: S311 - figures, not secrets

    def person(who: Any) -> dict[str, Any]:
        return {"name": who.username, "cookie": cookie(signed_in_as(who), f"{lots.getrandbits(128):032x}")}

    newest, last = Quarter.objects.exclude(status="planned")[:2] if quarters > 1 else [Quarter.objects.get()] * 2
    shown = [(f"/{newest.period.slug}/", "overview, open")] * 3
    shown += [(f"/{newest.period.slug}/{p.slug}/", "priority, open") for p in made.priorities[:10]]
    shown += [(f"/{last.period.slug}/", "overview, closed"), (f"/{last.period.slug}/{made.priorities[0].slug}/", "…")]
    plan: dict[str, Any] = {"leads": [], "readers": []}
    sections = {"lead": ("indicators", "risks", "goals", "ratings"), "deputy": ("indicators", "risks", "goals")}
    for number, who in enumerate(made.people["lead"][:leads]):
        part = who.assignments.select_related("priority").get()
        own = sections.get(part.role, (part.section,))
        start = f"/{newest.period.slug}/{part.priority.slug}/update/"
        pages = [(f"{start}{section}/", section) for section in own]
        plan["leads"].append(person(who) | {"pages": pages, "place": number // len(made.priorities)})
    for who in (*made.people["manager"], *made.people["reader"])[:readers]:
        mine = shown if who in made.people["manager"] else [each for each in shown if "open" not in each[1]]
        plan["readers"].append(person(who) | {"pages": mine})
    path.write_text(json.dumps(plan))


def cookie(session: str, token: str) -> str:
    """What a browser sends, under the names that the application has where it is deployed."""
    from mopac_tracker import settings

    names = {"SESSION_COOKIE_NAME": "sessionid", "CSRF_COOKIE_NAME": "csrftoken"}
    own = [getattr(settings, name, usual) for name, usual in names.items()]
    return f"{own[0]}={session}; {own[1]}={token}"


# The run


def run(
    base: Sqlite | PostgreSQL,
    plan: dict[str, Any],
    crowd: Crowd,
    folder: Path,
    meanwhile: Callable[[Gunicorn], None] | None = None,
    **environment: str,
) -> Found:
    """The crowd against gunicorn for so many seconds, or while something is done; then the saves are looked for."""
    name = f"{time.time_ns():x}"[-8:]
    files = {kind: folder / f"{kind}-{name}.jsonl" for kind in ("log", "journal")}
    for path in files.values():
        path.touch()
    with Gunicorn(base.url, folder, **environment) as server:
        told = {"host": server.at, "run": name, "think": crowd.think, "typing": crowd.typing}
        told |= {kind: str(path) for kind, path in files.items()}
        whole = {**plan, **told, "leads": plan["leads"][: crowd.leads], "readers": plan["readers"][: crowd.readers]}
        (folder / "run.json").write_text(json.dumps(whole))
        command = [*locust(), "--headless", "-f", str(ROOT / "benchmarks" / "people.py"), "--only-summary"]
        command += ["--users", str(crowd.leads + crowd.readers), "--spawn-rate", "50"]
        command += ["--run-time", f"{crowd.seconds + 300}s", "--stop-timeout", "40"]
        crowd_at_work = subprocess.Popen(  # noqa: S603 - Locust
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "LOAD_PLAN": str(folder / "run.json")},
            stdout=(folder / "locust.log").open("ab"),
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(lambda: files["journal"].stat().st_size, seconds=120)  # until the first save is sent
            if meanwhile:
                meanwhile(server)
            else:
                time.sleep(crowd.seconds)
            crowd_at_work.terminate()
            crowd_at_work.wait(120)
        finally:
            crowd_at_work.kill()
    found = Found(*(read(files[kind]) for kind in ("log", "journal")))
    if not found.requests:
        raise SystemExit((folder / "locust.log").read_text()[-2000:])
    look_for_saves(base.url, files["journal"], found)
    return found


def locust() -> list[str]:
    own = ROOT / ".venv-bench" / "bin" / "locust"
    path = str(own) if own.exists() else shutil.which("locust")
    if not path:
        raise SystemExit("Locust is needed: run make bench-tools.")
    return [path]


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


# Afterwards


def look_for_saves(url: str, journal: Path, found: Found) -> None:
    """In a process of its own, with nothing left of the run but the database and the journal."""
    said = [sys.executable, "-m", "benchmarks.load", "--verify", str(journal)]
    environment = {**os.environ, "DATABASE_URL": url, "SECRET_KEY": KEY}
    told = subprocess.run(said, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)  # noqa: S603
    found.lost, found.doubled = json.loads(told.stdout.splitlines()[-1])


def missing_saves(journal: Iterable[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """What was acknowledged and is not there, and what is there twice, of what the leads sent.

    Each save wrote a text of its own into one cell. It must be in the history of its row, and where it was the last
    that anybody sent for the cell, in the row itself. A row of its own is written once for it, though sent twice.
    """
    sent: dict[str, list[str]] = defaultdict(list)
    acknowledged: dict[str, list[str]] = defaultdict(list)
    for each in journal:
        if each["what"] == "sent":
            sent[each["cell"]].append(each["value"])
        elif each["what"] == "saved":
            acknowledged[each["cell"]].append(each["value"])
    lost, doubled = [], []
    for cell, values in acknowledged.items():
        past, now = stored(cell)
        times = Counter(past)
        lost += [f"{cell}: “{value}” is in no history" for value in values if value not in times]
        if now != values[-1] and now not in sent[cell][sent[cell].index(values[-1]) :]:
            lost.append(f"{cell}: “{values[-1]}” was overwritten by “{now}”")
        if not cell.startswith(("update", "finance")):  # whose rows are written for other cells too
            doubled += [f"{cell}: “{value}” {times[value]} times" for value in values if times[value] > 1]
    return lost, doubled


def stored(cell: str) -> tuple[list[str], str]:
    """The texts that a cell had, in order, and the one that it has."""
    from django.apps import apps

    kind, pk, name = cell.split("-")
    model: Any = apps.get_model(CELLS[kind])
    past = model.history.filter(id=pk).order_by("history_id").values_list(name, flat=True)
    return list(past), model.objects.values_list(name, flat=True).get(pk=pk)


# Telling


def table(found: Found) -> list[str]:
    lines = ["| request | answers | a second | median ms | 99th percentile ms |", "| --- | ---: | ---: | ---: | ---: |"]
    by_name: dict[str, list[float]] = defaultdict(list)
    for each in found.requests:
        by_name[each["name"].replace("…", "priority, closed")].append(each["ms"])
    for name, taken in [*sorted(by_name.items()), ("all", [each["ms"] for each in found.requests])]:
        last = statistics.quantiles(taken, n=100)[98] if len(taken) > 1 else taken[0]
        rate = len(taken) / found.seconds
        lines.append(f"| {name} | {len(taken)} | {rate:.1f} | {statistics.median(taken):.0f} | {last:.0f} |")
    return lines


def summary(found: Found) -> str:
    bad = ", ".join(f"{count} × {kind}" for kind, count in found.errors.items()) or "none"
    other = {each["what"] for each in found.journal} - {"sent", "page", *ANSWERS}
    beside = "".join(f"{found.count(kind)} {kind}, " for kind in sorted(other))
    return (
        f"Errors: {bad}. Saves: {found.count('saved')} acknowledged, {found.count('conflict')} shown as conflicts, "
        f"{beside}{len(found.lost)} lost, {len(found.doubled)} written twice."
    )


def tell(title: str, found: Found) -> bool:
    """Prints the table; whether the bar is met."""
    print(f"\n### {title}\n")
    print("\n".join(table(found)))
    print(f"\n{summary(found)}")
    for line in (*found.lost, *found.doubled):
        print(f"- {line}")
    for (status, text), count in found.pages.most_common(5):
        print(f"- {count} × {status}: {text}")
    return not (found.errors or found.lost or found.doubled) and found.count("saved") > 0


def arguments() -> argparse.Namespace:
    said = argparse.ArgumentParser(description="Load on gunicorn, and the saves looked for afterwards.")
    said.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    for name, default in (("seconds", 120), ("leads", 50), ("readers", 200), ("quarters", 40)):
        said.add_argument(f"--{name}", type=int, default=default)
    said.add_argument("--prepare", type=Path, help=argparse.SUPPRESS)
    said.add_argument("--verify", type=Path, help=argparse.SUPPRESS)
    return said.parse_args()


def main() -> int:
    said = arguments()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    if said.prepare:
        write_plan(said.prepare, said.quarters, said.leads, said.readers)
        return 0
    if said.verify:
        import django

        django.setup()
        print(json.dumps(missing_saves(read(said.verify))))
        return 0
    locust()
    stops_cleanly()
    crowd = Crowd(said.leads, said.readers, said.seconds)
    with tempfile.TemporaryDirectory(prefix="load-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        base = database(said.database, folder)
        try:
            plan = prepare(base.url, said.quarters, crowd, folder)
            manage(base.url, "collectstatic", "--noinput")
            found = run(base, plan, crowd, folder)
        finally:
            base.stop()
    title = (
        f"{said.database}: {said.leads} leads and {said.readers} readers, {said.seconds} s, {said.quarters} quarters"
    )
    return 0 if tell(title, found) else 1


if __name__ == "__main__":
    sys.exit(main())
