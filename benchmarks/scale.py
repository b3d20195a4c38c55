"""The scale data set: ten years of a large plan in an empty database.

    DATABASE_URL=sqlite:////tmp/scale.sqlite3 .venv/bin/python -m benchmarks.scale [--quarters 40] [--rows 1]

20 priorities, and in each quarter 500 indicators, 400 goals, 400 risks and issues and 80 lines of finance, times
`--rows`; 70 people who fill in, 200 who read. The newest quarter is open, the others are closed through the real door,
so that each has its frozen report, and the last `--published` of them are published. Rows are written as imports write
them, with history, and a third of the readings changed once more. The same numbers make the same rows, keys included.
"""

from __future__ import annotations

import argparse
import os
import random
import time
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
SEED = 1829
NEWEST = (2026, 4)  # the quarter that is open; those before it are closed
WORDS = [
    *("calls", "answered", "victims", "supported", "neighbourhood", "officers", "trained", "response", "provider"),
    *("figures", "recorded", "survey", "quarter", "reduction", "compared", "outcome", "programme", "delivered"),
    *("partners", "boroughs", "funding", "recruitment", "offences", "satisfaction", "review"),
]


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything; the defaults are the full set."""

    quarters: int = 40
    rows: int = 1
    priorities: int = 20
    indicators: int = 25  # of each priority and for each of `rows`, as the next two
    goals: int = 20
    risks: int = 20
    filling_in: int = 70
    reading: int = 200
    published: int = 1
    frozen: int = 40  # how many of the closed quarters, the latest first, are closed through the real door


@dataclass(slots=True)
class Making:
    """What is there so far, and where the numbers come from."""

    size: Size
    lots: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311 - figures, not secrets
    people: dict[str, list[Any]] = field(default_factory=dict)
    priorities: list[Any] = field(default_factory=list)
    indicators: list[Any] = field(default_factory=list)
    risks: list[Any] = field(default_factory=list)
    goals: dict[int, list[Any]] = field(default_factory=dict)  # by financial year

    def key(self) -> uuid.UUID:
        return uuid.UUID(int=self.lots.getrandbits(128), version=4)

    def words(self, count: int) -> str:
        return " ".join(self.lots.choices(WORDS, k=count)).capitalize() + "."


def make(size: Size) -> Making:
    """The data set, in the database of the settings, which is migrated and empty."""
    from priorities.models import Quarter
    from priorities.periods import Period
    from tests.make import make_plan

    assert not Quarter.objects.exists(), "The database is not empty."
    made, newest = Making(size), Period(*NEWEST)
    first = newest.plus(1 - size.quarters)
    plan = make_plan(title="Police and Crime Plan", first_year=first.year, last_year=newest.year)
    make_priorities(made, plan)
    make_people(made)
    make_tracked(made)
    for back in range(size.quarters - 1, -1, -1):
        quarter = fill(made, newest.plus(-back))
        if back:
            shut(made, quarter, back)
    return made


def make_priorities(made: Making, plan: Any) -> None:
    from priorities.models import Priority

    titles = [f"Priority {n} is better {made.lots.choice(WORDS)}" for n in range(1, made.size.priorities + 1)]
    made.priorities = [
        Priority.objects.create(plan=plan, title=title, slug=Priority.slug_for(title), position=position)
        for position, title in enumerate(titles, 1)
    ]


def make_people(made: Making) -> None:
    """Of those who fill in: each priority a lead, then a deputy, then a contributor for its indicators, and so on."""
    from django.contrib.auth.models import Group

    from priorities.models import Assignment, AssignmentRole, Person, Role, Section

    size, lead = made.size, AssignmentRole
    wanted = {
        "lead": size.filling_in,
        "manager": max(1, size.reading // 20),
        "reader": size.reading,
        "administrator": 1,
    }
    for kind, count in wanted.items():
        people = [Person(username=f"{kind}-{n}", email=f"{kind}-{n}@example.org") for n in range(count)]
        for person in people:
            person.set_unusable_password()
        made.people[kind] = Person.objects.bulk_create(people)
    for kind, role in (("manager", Role.MANAGER), ("reader", Role.READER), ("administrator", Role.ADMINISTRATOR)):
        Group.objects.get(name=role).user_set.add(*made.people[kind])
    parts = [(lead.LEAD, ""), (lead.DEPUTY, "")]
    parts += [(lead.CONTRIBUTOR, section) for section in (Section.INDICATORS, Section.GOALS, Section.RISKS)]
    Assignment.objects.bulk_create(
        Assignment(
            person=person,
            priority=made.priorities[number % size.priorities],
            role=parts[number // size.priorities % len(parts)][0],
            section=parts[number // size.priorities % len(parts)][1],
        )
        for number, person in enumerate(made.people["lead"])
    )


def make_tracked(made: Making) -> None:
    """Indicators and risks, which go on over all quarters."""
    from indicators.models import Indicator
    from risks.models import Risk

    size = made.size
    made.indicators = Indicator.objects.bulk_create(
        [
            Indicator(
                key=made.key(),
                priority=priority,
                reference=f"{n}a",
                title=f"Indicator {n}: {made.words(6)}",
                unit=("percent", "number")[n % 2],
                polarity=("higher", "lower")[n % 3 == 0],
                position=n,
            )
            for priority in made.priorities
            for n in range(1, size.indicators * size.rows + 1)
        ],
        batch_size=500,
    )
    made.risks = Risk.objects.bulk_create(
        [
            Risk(key=made.key(), priority=priority, kind=("issue", "risk")[n % 4 > 0], owner="Head of the programme")
            for priority in made.priorities
            for n in range(size.risks * size.rows)
        ],
        batch_size=500,
    )


def goals_of(made: Making, year: int) -> list[Any]:
    """The goals of a year, carried from those of the year before."""
    from goals.models import Goal
    from priorities.periods import Period

    if year not in made.goals:
        before = made.goals.get(year - 1, [])
        made.goals[year] = Goal.objects.bulk_create(
            [
                Goal(
                    key=made.key(),
                    priority=priority,
                    financial_year=year,
                    number=n + 1,
                    title=f"Goal {n + 1}: {made.words(8)}",
                    baseline=Period(year, 1 + n % 4),
                    carried_from=before[place * made.size.goals * made.size.rows + n] if before else None,
                )
                for place, priority in enumerate(made.priorities)
                for n in range(made.size.goals * made.size.rows)
            ],
            batch_size=500,
        )
    return made.goals[year]


# One quarter


def fill(made: Making, period: Any) -> Any:
    """The quarter, opened and filled in, with history as imports leave it."""
    import datetime as dt

    from priorities.models import QuarterlyUpdate, QuarterStatus
    from tests.make import door, make_quarter

    due = period.ends_on + dt.timedelta(days=28)
    quarter = make_quarter(
        period, QuarterStatus.OPEN, plan=made.priorities[0].plan, due_on=due, overview=made.words(120)
    )
    goals = goals_of(made, period.year)
    letters = made.lots.choices("RAG", k=5 * len(made.priorities))
    with door(opening=True):
        updates = QuarterlyUpdate.objects.bulk_create(
            QuarterlyUpdate(
                quarter=quarter,
                priority=priority,
                narrative=made.words(150),
                ratings_note=made.words(30),
                finance_note=made.words(20),
                **dict(zip(("objectives", "time", "spend", "capability", "risk"), letters[place::20], strict=False)),
            )
            for place, priority in enumerate(made.priorities)
        )
    with door(*updates):
        write_rows(made, {update.priority_id: update for update in updates}, goals, period)
    return quarter


def write_rows(made: Making, updates: dict[int, Any], goals: list[Any], period: Any) -> None:
    from finance.models import FinancialPosition
    from goals.models import GoalForecast
    from indicators.models import Reading
    from risks.models import Assessment

    lots = made.lots
    readings = Reading.objects.bulk_create(
        (
            Reading(
                update=updates[each.priority_id],
                indicator=each,
                target=Decimal(50),
                value=Decimal(lots.randint(20, 90)),
                basis="year_to_date",
                confidence=lots.choice("RAG"),
                note=made.words(12),
                confirmed=True,
            )
            for each in made.indicators
        ),
        batch_size=500,
    )
    Assessment.objects.bulk_create(
        (
            Assessment(
                update=updates[each.priority_id],
                risk=each,
                position=1 + n % (made.size.risks * made.size.rows),
                description=made.words(14),
                level=lots.choice("HML"),
                trend=lots.choice(("up", "level", "down")),
                explanation=made.words(14),
                confirmed=True,
            )
            for n, each in enumerate(made.risks)
        ),
        batch_size=500,
    )
    GoalForecast.objects.bulk_create(
        (
            GoalForecast(
                update=updates[each.priority_id],
                goal=each,
                forecast=period if period > each.baseline else None,
                confidence=lots.choice(("R", "A", "G", "CG")),
                comment=made.words(10),
                confirmed=True,
            )
            for each in goals
        ),
        batch_size=500,
    )
    FinancialPosition.objects.bulk_create(
        FinancialPosition(
            update=update,
            period=n,
            budget=32_700_000,
            forecast=lots.randint(30_000_000, 34_000_000),
            ytd_profile=8_000_000 * n,
            ytd_actual=lots.randint(7_000_000, 9_000_000) * n if n <= period.number else None,
            confirmed=True,
        )
        for update in updates.values()
        for n in range(1, 5)
    )
    changed = readings[::3]
    for reading in changed:
        reading.value += 1
        reading.note = made.words(12)
    Reading.objects.bulk_update(changed, ["value", "note"])


def shut(made: Making, quarter: Any, back: int) -> None:
    """Approved, closed, and the last of them published, as `back` quarters before the open one."""
    from django.db.models import QuerySet

    from priorities.models import QuarterlyUpdate, UpdateStatus
    from tests.closed import close_for_real
    from tests.make import close
    from tests.published import publish_for_real

    if back > made.size.frozen:
        close(quarter)
        return
    QuerySet.update(QuarterlyUpdate.objects.filter(quarter=quarter), status=UpdateStatus.APPROVED)
    QuerySet.update(type(quarter).objects.filter(pk=quarter.pk), overview_status=UpdateStatus.APPROVED)
    close_for_real(quarter, by=made.people["administrator"][0])
    if back <= made.size.published:
        publish_for_real(quarter, by=made.people["manager"][0])


# What was made


def counts() -> dict[str, int]:
    """How many rows there are of everything."""
    from goals.models import Goal, GoalForecast
    from indicators.models import Indicator, Reading
    from priorities.models import Assignment, Person, Priority, Quarter, QuarterlyUpdate
    from reports.models import ClosedReport, Publication
    from risks.models import Assessment, Risk

    models = (Priority, Quarter, QuarterlyUpdate, Indicator, Reading, Goal, GoalForecast, Risk, Assessment)
    found = {str(m._meta.verbose_name_plural): m.objects.count() for m in (*models, Person, Assignment)}
    found["readings in history"] = Reading.history.count()
    return found | {"closed reports": ClosedReport.objects.count(), "publications": Publication.objects.count()}


def signed_in_as(person: Any) -> str:
    """The cookie of a new session, as after signing in: hashing 270 passwords would take minutes."""
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(person)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def arguments() -> Size:
    said = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    for name in ("quarters", "rows", "published", "frozen"):
        said.add_argument(f"--{name}", type=int, default=getattr(Size(), name))
    return Size(**vars(said.parse_args()))


def main() -> None:
    import django
    from django.core.management import call_command

    size = arguments()
    assert os.environ.get("DATABASE_URL"), "Name an empty database in DATABASE_URL."
    django.setup()
    call_command("migrate", verbosity=0)
    begun = time.perf_counter()
    make(size)
    for what, count in counts().items():
        print(f"{count:>9,} {what}")
    print(f"made in {time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
