"""What the pages cost, against a signed-in page of fixed bytes of the same size through the same middleware; and what
saving an entry page costs, against writing the same rows in one plain bulk update behind the same middleware.

    .venv/bin/python -m benchmarks.pages

In process, on a database of its own: SQLite, or the PostgreSQL that DATABASE_URL names. Prints medians and ratios
with 1, 8 and 40 quarters of the reference's rows behind the page: of the first view, and of the next ones while nothing
has changed (`again`), which differ where pages are kept. And of what is published, and its answer 304.
"""

import os
import statistics
import sys
import tempfile
import time

from mopac_tracker.frames import with_room

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
RUNS = 40


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3")
        import django

        django.setup()
        from django.conf import settings
        from django.core.management import call_command
        from django.db import connection

        settings.ROOT_URLCONF = "benchmarks.pages"
        settings.DEBUG = False
        call_command("migrate", verbosity=0)
        call_command("load_demo", password="quarterly-demo", stdout=open(os.devnull, "w"))  # noqa: S106, SIM115
        print(f"{connection.vendor}, Python {sys.version.split()[0]}, Django {django.__version__}; {RUNS} runs each")
        measure()


def measure() -> None:
    from django.test import Client, override_settings

    from priorities.models import Person, Priority
    from priorities.periods import Period
    from tests.make import make_full_update, make_plan, make_quarter

    make_plan(title="Later", first_year=2026, last_year=2032)
    administrator = Client()
    administrator.force_login(Person.objects.get(username="administrator"))
    client = Client()
    client.force_login(Person.objects.get(username="manager"))
    entries = [f"/2022-23-q1/victims-are-better-supported/update/{s}" for s in ("", "indicators/", "goals/", "check/")]
    pages = ["/2022-23-q1/", "/2022-23-q1/victims-are-better-supported/", "/2022-23-q1/print/"]
    pages += [f"/2022-23-q1/{name}/" for name in ("changes", "exceptions", "year", "risks", "goals")]
    pages += ["/2022-23-q1/progress/", "/2022-23-q1/victims-are-better-supported/update/review/"]
    entries += ["/2022-23-q1/overview/", "/2022-23-q1/closing/", "/people/"]
    period, quarters = Period(2022, 1), 1
    print(f"{'page':48}{'quarters':>9}{'KB':>7}{'ms':>8}{'floor ms':>10}{'ratio':>7}{'again':>8}{'ratio':>7}")
    for wanted in (1, 8, 40):
        while quarters < wanted:
            period, quarters = period.next, quarters + 1
            for priority in Priority.objects.all():
                make_full_update(priority, make_quarter(period), rows=10)
        for page in (*pages, *entries):
            reader = administrator if page in entries else client
            size = len(reader.get(page).content)
            floor, cost = timed(reader, f"/floor/{size}/", page)
            line = f"{page[-47:]:48}{wanted:>9}{size / 1024:>7.0f}{cost:>8.1f}{floor:>10.2f}{cost / floor:>7.1f}"
            with override_settings(CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}):
                floor, again = timed(reader, f"/floor/{size}/", page)
            print(line + f"{again:>8.1f}{again / floor:>7.1f}" * (page in pages))

    measure_published(client)
    print(f"{'save':48}{'rows':>9}{'':>7}{'ms':>8}{'floor ms':>10}{'ratio':>7}")
    for rows in (12, 100):
        measure_save(rows)


def measure_published(client) -> None:
    """What is published, against fixed bytes of the same size; `304` is its answer to a conditional request."""
    from priorities.models import Person, Quarter
    from priorities.periods import Period
    from tests.closed import close_for_real
    from tests.published import confirm_all, publish_for_real

    quarter = Quarter.objects.at(Period(2022, 1)).get()
    confirm_all(quarter)
    close_for_real(quarter)
    publish_for_real(Quarter.objects.at(Period(2022, 1)).get(), by=Person.objects.get(username="manager"))
    print(f"{'published':57}{'KB':>7}{'ms':>8}{'floor ms':>10}{'ratio':>7}{'304':>8}{'ratio':>7}")
    for page in ("", "report.html", "report.json", "report.pdf", "report.xlsx", "report.zip"):
        path = f"/published/2022-23-q1/{page}"
        first = client.get(path)
        size, known = len(first.content), {"HTTP_IF_NONE_MATCH": first["ETag"]}
        plain, cost = timed(client, f"/floor/{size}/", path)
        nothing, short = timed(client, "/floor/0/", path, **known)
        line = f"{path:57}{size / 1024:>7.0f}{cost:>8.1f}{plain:>10.2f}{cost / plain:>7.2f}"
        print(line + f"{short:>8.1f}{short / nothing:>7.2f}")


def measure_save(rows: int) -> None:
    """Save an entry page with a new note in each of its rows, again and again."""
    from django.test import Client
    from django.urls import reverse

    from priorities.models import Person, Section
    from priorities.periods import Period
    from tests.make import make_assignment, make_full_update, make_priority, make_quarter
    from updates.entry import Entry

    lead = Person.objects.get(username="victims-lead")
    priority = make_priority(title=f"Priority with {rows} rows")
    make_assignment(priority, lead)
    update = make_full_update(priority, make_quarter(Period(2032, 1)), rows=rows)
    client = Client()
    client.force_login(lead)
    url = reverse("updates:section", args=[update.quarter.period, priority.slug, "indicators"])
    taken: dict[str, list[float]] = {"save": [], "floor": []}
    for run in range(RUNS + 3):
        entry = Entry([update], Section.INDICATORS, lead)
        data = {form.add_prefix("base"): str(form.row.version) for form in entry.forms}
        data |= {form.add_prefix("note"): f"Note {run}" for form in entry.forms}
        for name, path in (("save", url), ("floor", f"/floor-save/{update.pk}/")):
            begun = time.perf_counter()
            response = client.post(path, data)
            if run >= 3:
                taken[name].append((time.perf_counter() - begun) * 1000)
            assert response.status_code == 302, path
    save, plain = (statistics.median(taken[name]) for name in ("save", "floor"))
    print(f"{'an entry page, every row changed':48}{rows:>9}{'':>7}{save:>8.1f}{plain:>10.2f}{save / plain:>7.1f}")


def timed(client, *paths: str, **headers: str) -> list[float]:
    """Median milliseconds of each path, the paths taken in turn so that a slow moment hits all of them."""
    taken: dict[str, list[float]] = {path: [] for path in paths}
    for run in range(RUNS + 3):
        for path in paths:
            begun = time.perf_counter()
            response = client.get(path, **headers)
            if run >= 3:
                taken[path].append((time.perf_counter() - begun) * 1000)
            assert response.status_code == (304 if headers and "floor" not in path else 200), path
    return [statistics.median(taken[path]) for path in paths]


def floor(request, size: int):
    from django.http import HttpResponse

    assert request.user.is_authenticated
    return HttpResponse(b"x" * size)


def floor_save(request, update: int):
    """The same rows with the same texts, without rules, history, or a door."""
    from django.db import models, transaction
    from django.http import HttpResponseRedirect

    from indicators.models import Reading

    with transaction.atomic():
        rows = list(models.QuerySet(Reading).filter(update_id=update))
        for row in rows:
            row.note = request.POST[f"reading-{row.pk}-note"]
        models.QuerySet(Reading).bulk_update(rows, ["note"])
    return HttpResponseRedirect("/")


def __getattr__(name: str):
    """As a URL configuration: the project's addresses and the floor."""
    if name != "urlpatterns":
        raise AttributeError(name)
    from django.urls import path

    from mopac_tracker.urls import urlpatterns

    return [path("floor/<int:size>/", floor), path("floor-save/<int:update>/", floor_save), *urlpatterns]


if __name__ == "__main__":
    with_room(main)
