"""What breaks under load: what people saw, whether the site came back by itself, and that nothing was lost.

    .venv/bin/python -m benchmarks.faults --database sqlite [--only killed full …] [--seconds 20]

Each fault on the same database of its own, on this machine alone; see docs/reliability.md for what each is. Prints a
table and exits 1 if an acknowledged save was lost, was written twice, or somebody saw a page that is none of ours.
A full disk needs a small file system, which only root can mount; the clock needs Debian's libfaketime: told if not.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from .load import Crowd, Found, locust, prepare, run
from .servers import (
    KEY,
    ROOT,
    Gunicorn,
    PostgreSQL,
    Sqlite,
    database,
    environment_of,
    fetch,
    kill,
    mail_server,
    manage,
    stops_cleanly,
)

QUARTERS, SMALL = 2, "400m"  # of the data set; of the file system that is filled
CLOCKS = ("2026-12-31 23:50:00", "2027-01-01 00:05:00", "2027-03-31 12:00:00", "2027-04-01 00:00:05")
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
WAITED = 32.0  # seconds that the SQLite file is held: longer than the 20 that a writer waits
KILLS = 6  # of one migration
AFTERWARDS = 8.0  # seconds that the crowd goes on when it is over


@dataclass(slots=True)
class Told:
    """A line of the table."""

    fault: str
    seen: str
    lost: str = "nothing"
    after: str = ""
    missed: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Place:
    base: Sqlite | PostgreSQL
    folder: Path
    plan: dict[str, Any]
    crowd: Crowd


# Under load


def under_load(place: Place, fault: str, meanwhile: Callable[[Gunicorn], str]) -> Told:
    """The crowd while something happens; what it saw, and how the site was afterwards."""
    notes: dict[str, Any] = {}

    def happen(server: Gunicorn) -> None:
        notes["said"] = meanwhile(server)
        notes["until"] = time.time()
        notes["ready"] = back_after(server)
        time.sleep(AFTERWARDS)

    found = run(place.base, place.plan, place.crowd, place.folder, happen)
    return told_of(fault, found, notes)


def back_after(server: Gunicorn) -> str:
    begun = time.monotonic()
    while time.monotonic() - begun < 60:
        with suppress(OSError):
            if fetch(f"{server.at}/readyz")[0] == 200:
                return f"ready after {time.monotonic() - begun:.0f} s"
        time.sleep(0.5)
    return "NOT READY"


def told_of(fault: str, found: Found, notes: dict[str, Any]) -> Told:
    bad = ", ".join(f"{count} × {kind}" for kind, count in found.errors.most_common())
    pages = "; ".join(f"{status}: “{text[:160]}”" for (status, text), _ in found.pages.most_common(2) if status >= 400)
    seen = f"{len(found.requests)} answers, {bad or 'all pages'}{'; ' + pages if pages else ''}"
    lost = f"{len(found.lost)} of {found.count('saved')} acknowledged lost, {len(found.doubled)} written twice"
    told = Told(fault, seen, lost, f"{notes['ready']}{'; ' + notes['said'] if notes['said'] else ''}")
    told.missed = [*found.lost, *found.doubled]
    told.missed += [f"{kind}: {count} answers" for kind, count in found.errors.items() if kind in ("500", "400", "403")]
    late = [e for e in found.requests if e["status"] not in (200, 302) and e["at"] > notes["until"] + 40]
    told.missed += [f"{len(late)} bad answers long after it was over"] if late else []
    told.missed += ["the site did not come back"] if notes["ready"] == "NOT READY" else []
    told.missed += [] if found.count("saved") else ["no save was acknowledged at all"]
    return told


def killed(place: Place) -> Told:
    """A worker at random is killed every second or two, in the middle of whatever it does."""
    count = 0

    def meanwhile(server: Gunicorn) -> str:
        nonlocal count
        lots, until = random.Random(3), time.monotonic() + place.crowd.seconds  # noqa: S311
        while time.monotonic() < until:
            if server.workers:
                kill(lots.choice(server.workers))
                count += 1
            time.sleep(lots.uniform(1, 2.5))
        return f"{count} killed"

    return under_load(place, "workers killed at random", meanwhile)


def away(place: Place) -> Told:
    """The database is gone for a while: PostgreSQL stopped as by a crash, the SQLite file held by another program."""
    seconds = 8.0 if place.base.kind == "postgresql" else WAITED
    name = "PostgreSQL stopped and started" if place.base.kind == "postgresql" else "the file locked by a long writer"

    def meanwhile(server: Gunicorn) -> str:
        place.base.away(seconds)
        return f"away for {seconds:.0f} s"

    return under_load(place, name, meanwhile)


def full(place: Place) -> Told:
    """The disk of the database is filled to the last byte, and freed again."""
    name = "disk full"
    if not os.path.ismount(place.folder / "small"):
        return Told(name, "not tried: a small file system needs root to mount it", "", "")

    def meanwhile(server: Gunicorn) -> str:
        filler, stopped = place.folder / "small" / "filler", ""
        fill(filler)
        until = time.monotonic() + 10
        while time.monotonic() < until:  # what is freed meanwhile is filled again
            fill(filler)
            time.sleep(0.5)
        filler.unlink()
        if isinstance(place.base, PostgreSQL) and not place.base.is_running:
            stopped = "; PostgreSQL had stopped itself and was started by hand"
            place.base.start()
        return f"full for 10 s{stopped}"

    return under_load(place, name, meanwhile)


def fill(path: Path) -> None:
    with suppress(OSError), path.open("ab", buffering=0) as file:
        while True:
            file.write(b"x" * 65536)
    with suppress(OSError), path.open("ab", buffering=0) as file:
        while True:
            file.write(b"x" * 512)


# Mail


def mail(place: Place) -> Told:
    """A manager gives a lead more time, of which the lead is told by mail, while the mail server is of no use."""
    seen, missed, manager = [], [], place.plan["readers"][0]
    at = place.plan["leads"][0]["pages"][0][0].rpartition("update/")[0] + "update/"
    for number, manner in enumerate(("down", "refusing", "hanging"), 1):
        with (
            mail_server(manner) as port,
            Gunicorn(place.base.url, place.folder, EMAIL_PORT=str(port), EMAIL_HOST="127.0.0.1") as server,
        ):
            due = dt.date(2027, 5, number)
            begun = time.monotonic()
            status = posted(server, manager, at, f"{at}move/extend/", **more_time(due))
            seen.append(f"{manner}: {status} after {time.monotonic() - begun:.1f} s")
            missed += [] if status == 302 else [f"{manner}: the act was answered {status}"]
            missed += [] if waiting(place.base.url, due) else [f"{manner}: the act or its notice is not there"]
    sent = mailed_later(place.base.url, place.folder)
    missed += [] if sent else ["no mail was sent once the server took mail again"]
    return Told("mail server down, refusing, hanging", "; ".join(seen), "nothing", f"{sent} mailed later", missed)


def more_time(due: dt.date) -> dict[str, str]:
    return {"extend_form-due_on": f"{due:%-d/%-m/%Y}", "extend_form-reason": "More time."}


def posted(server: Gunicorn, person: dict[str, Any], page: str, path: str, **data: str) -> int:
    """The status of a form that this person sends."""
    cookie = person["cookie"]
    text = fetch(f"{server.at}{page}", Cookie=cookie)[1]
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]*)"', text)
    version = re.search(r'name="version" value="([^"]*)"', text)
    sent = {**data, "csrfmiddlewaretoken": token[1] if token else "", "version": version[1] if version else ""}
    headers = {"Cookie": cookie, "X-Forwarded-Proto": "https", "Host": "localhost", "Referer": "https://localhost/"}
    asked = urllib.request.Request(f"{server.at}{path}", urllib.parse.urlencode(sent).encode(), headers)  # noqa: S310

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *told: Any) -> None:
            """The redirect itself is the answer."""

    try:
        with urllib.request.build_opener(Stay).open(asked, timeout=90) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


WAITING = """
import datetime as dt
from priorities.models import QuarterlyUpdate
from updates.models import Notice
due = dt.date.fromisoformat({due!r})
print(QuarterlyUpdate.objects.filter(due_on=due).count() and Notice.objects.filter(mailed_at=None).count())
"""


def waiting(url: str, due: dt.date) -> bool:
    """Whether the act is stored, and its notice waits."""
    return int(manage(url, "shell", "--command", WAITING.format(due=due.isoformat())).stdout.split()[-1]) > 0


def mailed_later(url: str, folder: Path) -> int:
    """How many mails the daily run sends to a server that takes them."""
    from tests.updates.smtp import smtp

    settings = SimpleNamespace()
    with smtp(settings) as server:
        manage(url, "send_reminders", EMAIL_HOST=settings.EMAIL_HOST, EMAIL_PORT=str(settings.EMAIL_PORT))
        return len(server.taken)


# The clock


def clock(place: Place) -> Told:
    """Pages, a save, the opening of the next quarter and the daily run around the turns of the year."""
    name = "clock at 31 December, 1 January, 31 March, 1 April"
    if not FAKETIME.exists():
        return Told(name, "not tried: Debian's libfaketime is not installed", "", "")
    seen, missed = [], []
    for moment in CLOCKS:
        faked = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": f"@{moment}", "TZ": "Europe/London"}
        faked |= {"DATABASE_URL": place.base.url, "SECRET_KEY": KEY, "DJANGO_SETTINGS_MODULE": "tests.settings"}
        command = [sys.executable, "-m", "benchmarks.faults", "--around-the-clock"]
        done = subprocess.run(  # noqa: S603 - ourselves
            command, cwd=ROOT, env={**os.environ, **faked}, capture_output=True, text=True, check=False
        )
        told = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {"missed": [done.stderr[-400:]]}
        seen.append(f"{told.get('today', moment)}: {told.get('pages', 0)} pages, a save, the daily run")
        missed += [f"{moment}: {each}" for each in told["missed"]]
    return Told(name, "; ".join(seen), "nothing" if not missed else "see below", "", missed)


def around_the_clock() -> dict[str, Any]:
    """In a process whose clock says something else: what does not hold."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.test import Client
    from django.utils import timezone

    from indicators.models import Reading
    from priorities.models import Person, Priority, Quarter, Section
    from updates.entry import Entry

    quarter, priority = Quarter.objects.filter(status="open").get(), Priority.objects.all()[0]
    at, of, missed = f"/{quarter.period.slug}/", f"/{quarter.period.slug}/{priority.slug}/", []
    pages = ["/", at, of, f"{at}progress/", f"{at}changes/", f"{at}year/", f"{of}update/", f"{of}update/indicators/"]
    pages += [f"/{quarter.period.next.slug}/opening/", "/my-updates/?all", f"{at}closing/"]
    person = Person.objects.get(username="administrator-0")
    client = Client()
    client.force_login(person)
    for page in pages:
        status = client.get(page, follow=True).status_code
        missed += [] if status == 200 else [f"{page} answered {status}"]
    lead = Person.objects.get(username="lead-0")
    update = quarter.updates.select_related("quarter__plan", "priority").get(priority=priority)
    form = Entry([update], Section.INDICATORS, lead).forms[0]
    note = f"Saved at {timezone.now()}"
    client.force_login(lead)
    data = {form.add_prefix("base"): str(form.row.version), form.add_prefix("note"): note}
    client.post(f"{of}update/indicators/", data)
    missed += [] if Reading.objects.get(pk=form.row.pk).note == note else ["the save is not there"]
    call_command("send_reminders", dry_run=True, stdout=open(os.devnull, "w"))  # noqa: SIM115
    return {"today": f"{timezone.localdate():%-d %B %Y}", "pages": len(pages), "missed": missed}


# A migration interrupted


def migration(place: Place) -> Told:
    """An empty database is migrated and killed in the middle, again and again; then migrated, and compared."""
    url, other = beside(place, "interrupted"), beside(place, "whole")
    seen: list[str] = []
    begun_at, lots = time.monotonic(), random.Random(5)  # noqa: S311 - moments, not secrets
    manage(other, "migrate", "--verbosity", "0")
    whole = time.monotonic() - begun_at
    with Gunicorn(url, place.folder) as server:
        for _ in range(KILLS):
            begun = subprocess.Popen(
                [sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, env=environment_of(url)
            )
            time.sleep(whole * lots.uniform(0.3, 0.7))
            begun.kill()
            begun.wait()
            status, text = fetch(f"{server.at}/readyz")
            seen.append(f"{status} “{text.strip()}”")
        missed = [f"/readyz said {each} halfway" for each in seen if each.startswith("500")]
        done = manage(url, "migrate", "--verbosity", "0")
        missed += [done.stderr[-300:]] if done.returncode else []
        after = fetch(f"{server.at}/readyz")
    missed += [] if after[0] == 200 else [f"/readyz said {after} at the end"]
    missed += [] if schema(url) == schema(other) else ["its tables are not those of one that was migrated at once"]
    halfway = list(dict.fromkeys(seen))
    return Told(f"migration killed {len(seen)} times", "/readyz: " + ", ".join(halfway), "nothing", after[1], missed)


def beside(place: Place, name: str) -> str:
    if isinstance(place.base, Sqlite):
        return f"sqlite:///{place.folder}/{name}.sqlite3"
    place.base.server.psql(f"CREATE DATABASE {name}")
    return place.base.url.removesuffix("postgres") + name


SCHEMA = """
import json
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
found = {"migrations": sorted(f"{m.app}.{m.name}" for m in MigrationRecorder.Migration.objects.all())}
with connection.cursor() as cursor:
    for table in sorted(connection.introspection.table_names(cursor)):
        columns = connection.introspection.get_table_description(cursor, table)
        rules = connection.introspection.get_constraints(cursor, table)
        found[table] = [[c.name, str(c.type_code), c.null_ok] for c in columns], sorted(rules)
for model in ("auth.Permission", "auth.Group", "contenttypes.ContentType"):
    from django.apps import apps
    found[model] = apps.get_model(model).objects.count()
print(json.dumps(found, sort_keys=True))
"""


def schema(url: str) -> str:
    return manage(url, "shell", "--command", SCHEMA).stdout.splitlines()[-1]


# All of them


FAULTS: dict[str, Callable[[Place], Told]] = {
    each.__name__: each for each in (killed, away, full, mail, clock, migration)
}


@contextmanager
def small_disk(path: Path) -> Iterator[None]:
    """A file system of its own that is soon full, where one can be mounted; else a plain folder."""
    path.mkdir()
    mounted = os.geteuid() == 0 and shutil.which("mount")
    if mounted:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", path], check=False)  # noqa: S603, S607
        mounted = done.returncode == 0
    try:
        yield
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", path], check=False)  # noqa: S603, S607


def main() -> int:
    said = argparse.ArgumentParser(description="What breaks under load, and what became of it.")
    said.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    said.add_argument("--only", nargs="+", choices=FAULTS, default=list(FAULTS))
    for name, default in (("seconds", 20), ("leads", 20), ("readers", 30)):
        said.add_argument(f"--{name}", type=int, default=default)
    said.add_argument("--around-the-clock", action="store_true", help=argparse.SUPPRESS)
    told = said.parse_args()
    if told.around_the_clock:
        print(json.dumps(around_the_clock()))
        return 0
    locust()
    stops_cleanly()
    crowd = Crowd(told.leads, told.readers, told.seconds, think=(1, 4), typing=(0.5, 1.5))
    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)  # PostgreSQL runs as somebody else
        with small_disk(Path(name) / "small"):
            return all_of(told.only, told.database, Path(name), crowd)


def all_of(names: list[str], kind: str, folder: Path, crowd: Crowd) -> int:
    base = database(kind, folder / "small")
    try:
        place = Place(base, folder, prepare(base.url, QUARTERS, crowd, folder), crowd)
        manage(base.url, "collectstatic", "--noinput")
        lines = []
        for name in names:
            lines.append(FAULTS[name](place))
            print(f"{name}: {lines[-1]}", file=sys.stderr, flush=True)
    finally:
        base.stop()
    print(f"\n### Faults, {kind}\n\n| fault | what people saw | lost | afterwards |\n| --- | --- | --- | --- |")
    for each in lines:
        print(f"| {each.fault} | {each.seen.replace('|', '/')} | {each.lost} | {each.after} |")
    missed = [f"{each.fault}: {reason}" for each in lines for reason in each.missed]
    print("\n" + ("\n".join(f"MISSED: {each}" for each in missed) or "Every bar is met."))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
