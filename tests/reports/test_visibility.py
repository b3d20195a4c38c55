"""What an unapproved update shows to whom: the one rule, as a table."""

import pytest

from priorities.models import AssignmentRole, Quarter, QuarterStatus, Section, UpdateStatus
from reports.report import quarterly_report
from tests.make import (
    close,
    make_assignment,
    make_forecast,
    make_indicator,
    make_person,
    make_quarter,
    make_reading,
    make_update,
    set_status,
)

pytestmark = pytest.mark.django_db

ALL, NONE = frozenset(Section.values), frozenset()


@pytest.fixture
def people(victims, trust, victims_lead, trust_lead, manager, administrator, reader):
    return {
        "lead": victims_lead,
        "deputy": make_assignment(victims, make_person("deputy"), AssignmentRole.DEPUTY).person,
        "finance contributor": make_assignment(
            victims, make_person("finance"), AssignmentRole.CONTRIBUTOR, section=Section.FINANCE
        ).person,
        "row contributor": make_assignment(victims, make_person("analyst"), AssignmentRole.CONTRIBUTOR).person,
        "lead of another": trust_lead,
        "manager": manager,
        "administrator": administrator,
        "reader": reader,
        "nobody": make_person("nobody"),
        "command line": None,
    }


UNAPPROVED = {
    "lead": ALL,
    "deputy": ALL,
    "finance contributor": frozenset({"finance"}),
    "row contributor": NONE,
    "lead of another": NONE,
    "manager": ALL,
    "administrator": ALL,
    "reader": NONE,
    "nobody": NONE,
    "command line": ALL,
}
APPROVED = {**dict.fromkeys(UNAPPROVED, ALL), "reader": NONE, "nobody": NONE}
CLOSED = {**dict.fromkeys(UNAPPROVED, ALL), "nobody": NONE}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (UpdateStatus.IN_PROGRESS, UNAPPROVED),
        (UpdateStatus.SENT_BACK, UNAPPROVED),
        (UpdateStatus.SUBMITTED, UNAPPROVED),
        (UpdateStatus.APPROVED, APPROVED),
        (UpdateStatus.CLOSED, CLOSED),
    ],
)
def test_who_reads_which_sections_in_which_state(people, victims, status, expected):
    update = make_update(victims)
    if status == UpdateStatus.CLOSED:
        close(update.quarter)
    set_status(update, status)
    assert {name: update.readable_sections(person) for name, person in people.items()} == expected


def test_what_may_not_be_read_is_not_in_the_report(people, victims):
    update = make_update(victims, narrative="Secret so far", finance_note="All spent")
    make_reading(update)
    part = quarterly_report(update.quarter, people["lead of another"]).priorities[0]
    assert (part.visible, part.narrative, part.finance_note, part.indicators) == ("none", "", "", ())


def test_a_contributor_reads_their_section(people, victims):
    update = make_update(victims, narrative="Secret so far", finance_note="All spent")
    part = quarterly_report(update.quarter, people["finance contributor"]).priorities[0]
    assert (part.visible, part.narrative, part.finance_note) == ("part", "", "All spent")


def test_a_holder_of_a_row_reads_that_row(people, victims):
    update = make_update(victims)
    make_reading(update, make_indicator(victims, "1a", holder=people["row contributor"]))
    make_reading(update, make_indicator(victims, "1b"))
    make_forecast(update)
    part = quarterly_report(update.quarter, people["row contributor"]).priorities[0]
    assert ([row.reference for row in part.indicators], part.goals) == (["1a"], ())


def test_the_overview_is_the_managers_until_the_quarter_is_closed(people, victims):
    quarter = make_quarter(overview="A first go at it")
    make_update(victims, quarter)

    def read(name):
        return quarterly_report(quarter, people[name]).overview

    assert [bool(read(name)) for name in ("manager", "lead", "reader")] == [True, False, False]
    close(quarter)
    assert [bool(read(name)) for name in ("manager", "lead", "reader")] == [True, True, True]


def test_the_quarters_that_somebody_may_read(people, victims):
    old = make_quarter()
    make_update(victims, old)
    close(old)
    new = make_quarter(old.period.next)
    make_update(victims, new)

    def labels(name):
        return [str(quarter) for quarter in Quarter.objects.readable_by(people[name])]

    both = ["Q2 2022/23", "Q1 2022/23"]
    assert {name: labels(name) for name, person in people.items() if person} == {
        "lead": both,
        "deputy": both,
        "finance contributor": both,
        "row contributor": both,
        "lead of another": ["Q1 2022/23"],
        "manager": both,
        "administrator": both,
        "reader": ["Q1 2022/23"],
        "nobody": [],
    }


def test_planned_quarters_are_read_by_nobody(administrator, victims):
    assert not Quarter.objects.readable_by(administrator).exists()
    assert Quarter.objects.filter(status=QuarterStatus.PLANNED).exists()
