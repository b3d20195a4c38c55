"""Who may do what: the table agrees with the rules, asked of people who are stored."""

import re

import pytest

from priorities.models import AssignmentRole, Person, QuarterlyUpdate, Role, Section, UpdateStatus
from priorities.moves import MOVES, OVERVIEW_MOVES, QUARTER_MOVES
from tests.make import (
    close,
    make_assignment,
    make_person,
    make_priority,
    make_quarter,
    make_update,
    set_status,
    with_role,
)
from updates.roles import PEOPLE, table, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def update(victims):
    return make_update(victims, make_quarter(overview_author=make_person("author")))


@pytest.fixture
def people(update, victims):
    assigned = {
        "Contributor": {"role": AssignmentRole.CONTRIBUTOR, "section": "finance"},
        "Signs off": {"role": AssignmentRole.SIGNATORY},
        "Lead": {"role": AssignmentRole.LEAD},
        "Deputy": {"role": AssignmentRole.DEPUTY},
    }
    found = {
        who: make_assignment(victims, make_person(f"p{n}"), **a).person for n, (who, a) in enumerate(assigned.items())
    }
    found |= {role.label: with_role(role.label, role) for role in Role}
    found["Author of the overview"] = update.quarter.overview_author
    return {who: Person.objects.get(pk=found[who].pk) for who in PEOPLE}


def row(what):
    return next(dict(row.cells) for group in table() for row in group.rows if row.what == what)


@pytest.mark.parametrize("move", [*MOVES, *OVERVIEW_MOVES, *QUARTER_MOVES], ids=told)
def test_the_table_agrees_with_the_moves(update, people, move):
    subject = update if move.of == "update" else update.quarter
    assert row(told(move)) == {who: move.allowed_to(person, subject) for who, person in people.items()}


def test_no_two_moves_have_the_same_words():
    words = [told(move) for move in (*MOVES, *OVERVIEW_MOVES, *QUARTER_MOVES)]
    assert len(set(words)) == len(words)


def test_the_table_agrees_with_what_is_read(update, people):
    other = make_update(make_priority("Another"), update.quarter)
    every = frozenset(Section.values)

    def read(subject):
        return {who: subject.readable_sections(person) for who, person in people.items()}

    own = read(update)
    assert row("Read what is theirs of an update at any time") == {who: bool(some) for who, some in own.items()}
    assert row("Read all of their own priority’s update at any time") == {who: s == every for who, s in own.items()}
    assert row("Read every update at any time") == {who: s == every for who, s in read(other).items()}
    approved = read(set_status(other, UpdateStatus.APPROVED))
    assert row("Read an approved update of any priority") == {who: s == every for who, s in approved.items()}
    close(update.quarter)
    closed = read(QuarterlyUpdate.objects.get(pk=other.pk))
    assert row("Read a closed quarter") == {who: s == every for who, s in closed.items()}


def test_the_table_agrees_with_the_pages(client, update, people):
    here = "/2022-23-q1/victims-are-better-supported/update/"
    pages = {
        "Fill in a section that is theirs": f"{here}finance/",
        "Fill in every section of their priority": f"{here}ratings/",
        "Hand over sections and rows, and name deputies": f"{here}people/",
        "See the progress board and remind people": "/2022-23-q1/progress/",
        "Import spreadsheets of any priority, and set up plans": "/admin/priorities/plan/import/",
        "Invite people, assign parts, hand over for others, deactivate": "/people/invite/",
    }
    for what, path in pages.items():
        opened = {}
        for who, person in people.items():
            client.force_login(person)
            opened[who] = client.get(path).status_code == 200
        assert row(what) == opened, what


def test_the_page_is_everybodys_to_read_in_words(client, reader):
    client.force_login(reader)
    page = client.get("/people/roles/").content.decode()
    assert len(re.findall(">(yes|no)</td>", page)) == len(PEOPLE) * sum(len(group.rows) for group in table())
    for who in PEOPLE:
        assert f'<th scope="col" role="columnheader">{who}</th>' in page


def test_the_table_takes_no_query(django_assert_num_queries):
    with django_assert_num_queries(0):
        table()


def test_who_is_refused_a_page_is_led_to_it(client, reader):
    client.force_login(reader)
    assert 'href="/people/roles/"' in client.get("/people/").content.decode()
