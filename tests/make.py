"""Plain helpers that make rows; each takes what the test is about and invents the rest."""

from collections import Counter
from contextlib import contextmanager
from decimal import Decimal

from django.contrib.auth.models import Group
from django.db.models import QuerySet

from finance.models import FinancialPosition
from goals.models import Goal, GoalForecast
from indicators.models import Indicator, Reading
from priorities.history import Source
from priorities.models import (
    Assignment,
    AssignmentRole,
    Person,
    Plan,
    Priority,
    Quarter,
    QuarterlyUpdate,
    QuarterStatus,
    UpdateStatus,
)
from priorities.periods import Period
from priorities.writing import create_plan, writing
from risks.models import Assessment, Risk
from updates.models import Decision
from workbooks.models import ImportFile, ImportRecord
from workbooks.preview import Preview

Q1 = Period(2022, 1)


@contextmanager
def door(*updates, by=None, **kwargs):
    with writing(updates, by=by, source=Source.COMMAND, **kwargs) as change_set:
        yield change_set


def make_plan(title="Police and Crime Plan", first_year=2022, last_year=2025):
    return Plan.objects.filter(first_year=first_year).first() or create_plan(
        title=title, first_year=first_year, last_year=last_year, by=None, source=Source.COMMAND
    )


def make_priority(title="Victims are better supported", plan=None, **kwargs):
    plan = plan or make_plan()
    position = plan.priorities.count() + 1
    return Priority.objects.create(
        plan=plan, title=title, slug=Priority.slug_for(title), **{"position": position, **kwargs}
    )


def make_quarter(period=Q1, status=QuarterStatus.OPEN, plan=None, **kwargs):
    plan = plan or make_plan()
    quarter = Quarter.objects.at(period).first()
    if quarter is None:
        quarter = Quarter(plan=plan, financial_year=period.year, number=period.number)
    for name, value in {"status": status, **kwargs}.items():
        setattr(quarter, name, value)
    existing = [quarter] if quarter.pk else []
    with door(overview_of=existing, opening=True):
        quarter.save()
    return quarter


def make_update(priority, quarter=None, status=UpdateStatus.IN_PROGRESS, **kwargs):
    update = QuarterlyUpdate(priority=priority, quarter=quarter or make_quarter(), status=status, **kwargs)
    with door(opening=True):
        update.save()
    return update


def set_status(update, status):
    """Put an update into a state, past the door: the moves themselves are tested elsewhere."""
    QuerySet.update(QuarterlyUpdate.objects.filter(pk=update.pk), status=status)
    update.status = status
    return update


def close(quarter):
    QuerySet.update(Quarter.objects.filter(pk=quarter.pk), status=QuarterStatus.CLOSED)
    QuerySet.update(QuarterlyUpdate.objects.filter(quarter=quarter), status=UpdateStatus.CLOSED)
    quarter.status = QuarterStatus.CLOSED
    return quarter


def make_person(username="somebody", **kwargs):
    return Person.objects.create_user(username, password="quarterly-demo", **kwargs)


def make_assignment(priority, person, role=AssignmentRole.LEAD, **kwargs):
    return Assignment.objects.create(priority=priority, person=person, role=role, **kwargs)


def make_indicator(priority, reference="1a", **kwargs):
    defaults = {"title": f"% of victims supported, {reference}", "unit": "percent", "polarity": "higher"}
    return Indicator.objects.create(priority=priority, reference=reference, **{**defaults, **kwargs})


READING = {"target": Decimal(25), "value": Decimal(27), "basis": "year_to_date", "confidence": "G"}


def make_reading(update, indicator=None, **kwargs):
    indicator = indicator or make_indicator(update.priority)
    reading = Reading(update=update, indicator=indicator, **{**READING, **kwargs})
    with door(update):
        reading.save()
    return reading


def make_assessment(update, kind="risk", description="Demand may rise", **kwargs):
    risk = Risk.objects.create(priority=update.priority, kind=kind)
    assessment = Assessment(
        update=update, risk=risk, description=description, **{"level": "H", "trend": "up", **kwargs}
    )
    with door(update):
        assessment.save()
    return assessment


def make_goal(priority, number=1, **kwargs):
    defaults = {"title": f"Goal {number}", "baseline": Period(2022, 3), "financial_year": 2022}
    return Goal.objects.create(priority=priority, number=number, **{**defaults, **kwargs})


def make_forecast(update, goal=None, **kwargs):
    forecast = GoalForecast(update=update, goal=goal or make_goal(update.priority), **{"confidence": "G", **kwargs})
    with door(update):
        forecast.save()
    return forecast


def make_position(update, period=1, **kwargs):
    defaults = {
        "budget": 32_700_000,
        "forecast": 31_900_000,
        "ytd_profile": 3_000_000,
        "ytd_actual": 2_900_000,
    }
    position = FinancialPosition(update=update, period=period, **{**defaults, **kwargs})
    with door(update):
        position.save()
    return position


def make_decision(update, text="Bring a recovery plan.", key=None, section="ratings", **kwargs):
    return Decision.objects.create(update=update, text=text, key=key, section=section, subject="A row", **kwargs)


def make_full_update(priority, quarter, rows=3):
    """An update with this many rows of every kind, for pages and query counts; each kind stored at once."""
    update = make_update(priority, quarter, narrative="Going well.", objectives="G", time="A", risk="R")
    numbers, year = range(1, rows + 1), quarter.financial_year
    indicators = {each.reference: each for each in Indicator.objects.filter(priority=priority)}
    goals = {each.number: each for each in Goal.objects.filter(priority=priority, financial_year=year)}
    for n in numbers:
        if f"{n}" not in indicators:
            indicators[f"{n}"] = make_indicator(priority, f"{n}")
        if n not in goals:
            goals[n] = make_goal(priority, n, financial_year=year)
    risks = Risk.objects.bulk_create([Risk(priority=priority, kind="risk") for _ in numbers])
    told = [f"Risk {n} of {quarter}" for n in numbers]
    with door(update):
        Reading.objects.bulk_create([Reading(update=update, indicator=indicators[f"{n}"], **READING) for n in numbers])
        Assessment.objects.bulk_create(
            [
                Assessment(update=update, risk=risk, description=words, level="H", trend="up")
                for risk, words in zip(risks, told, strict=True)
            ]
        )
        GoalForecast.objects.bulk_create([GoalForecast(update=update, goal=goals[n], confidence="G") for n in numbers])
    make_position(update)
    return update


def with_role(username, role):
    person = make_person(username)
    person.groups.add(Group.objects.get(name=role))
    return person


def the_priority(title):
    """The priority of this title, made where there is none yet."""
    return Priority.objects.filter(title=title).first() or make_priority(title=title)


def the_lead(username, priority):
    return Person.objects.filter(username=username).first() or make_assignment(priority, make_person(username)).person


def two_priorities():
    """Those of the fixtures, with their leads."""
    victims, trust = the_priority("Victims are better supported"), the_priority("Trust and confidence increases")
    the_lead("victims-lead", victims)
    the_lead("trust-lead", trust)
    return victims, trust


def the_one_with(username, role):
    return Person.objects.filter(username=username).first() or with_role(username, role)


def make_import(person, preview=None, data=b"PK", **kwargs):
    """A preview as an upload leaves it, of a file that nothing reads again."""
    preview = preview or Preview()
    defaults = {"name": "return.zip", "size": len(data), "sha256": "0" * 64, "fingerprint": "0" * 64}
    counts = {"Indicators": Counter(row.kind for row in preview.rows)} if preview.rows else {}
    record = ImportRecord.objects.create(person=person, counts=counts, **{**defaults, **kwargs})
    ImportFile.objects.create(record=record, data=data, preview=preview.pack())
    return record
