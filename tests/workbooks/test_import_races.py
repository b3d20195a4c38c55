"""Two people, or one twice, on the same import at once: on a real database, a connection each."""

from contextlib import contextmanager

import pytest
from django.db import connection
from django.test import Client

from indicators.models import Indicator, Reading
from priorities.history import ChangeSet
from priorities.resources import AssignmentResource
from tests.make import (
    door,
    make_assessment,
    make_assignment,
    make_forecast,
    make_goal,
    make_indicator,
    make_priority,
    make_quarter,
    make_reading,
    make_update,
)
from tests.priorities.test_races import at_once
from tests.workbooks.uploaded import VICTIMS, Q, act, imported, indicators, previewed, send, value, zipped
from workbooks.models import ImportRecord, ImportState

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def update(victims, victims_lead):
    update = make_update(victims, make_quarter())
    make_reading(update, make_indicator(victims, "1a"), value=27, confirmed=True)
    return update


def signed_in(person):
    client = Client()
    client.force_login(person)
    return client


def sender(person, record, verb):
    client = signed_in(person)
    data = {"act": verb, "fingerprint": record.fingerprint}
    return lambda: client.post(f"/imports/{record.pk}/", data)


def test_of_confirmations_at_once_one_imports(update, victims_lead):
    record = previewed(signed_in(victims_lead), indicators(value("1a", "28%")))
    acts = ChangeSet.objects.count()
    answers = at_once(*(sender(victims_lead, record, "confirm") for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 302]
    assert sum(b"It was imported already." in answer.content for answer in answers) == 3
    assert ChangeSet.objects.count() == acts + 1
    assert Reading.history.count() == 2


def test_two_imports_of_one_row_at_once_never_overwrite_each_other_unseen(update, victims_lead, administrator):
    one = previewed(signed_in(victims_lead), indicators(value("1a", "28%")))
    two = previewed(signed_in(administrator), indicators(value("1a", "29%")))
    answers = at_once(sender(victims_lead, one, "confirm"), sender(administrator, two, "confirm"))
    assert sorted(answer.status_code for answer in answers) == [200, 302]
    assert Reading.objects.get().value in (28, 29)
    assert Reading.history.count() == 2
    assert set(ImportRecord.objects.values_list("state", flat=True)) == {"applied", "previewed"}


def test_two_imports_that_make_the_same_indicator_at_once_make_it_once(update, administrator):
    books = [indicators(["2", "Calls answered", "number", "", figure]) for figure in ("1200", "1300")]
    records = [previewed(signed_in(administrator), book) for book in books]
    answers = at_once(*(sender(administrator, record, "confirm") for record in records))
    assert sorted(answer.status_code for answer in answers) == [200, 302]
    assert Indicator.objects.filter(reference="2").count() == 1
    assert Reading.objects.filter(indicator__reference="2").count() == 1


@contextmanager
def before_reading(table, act):
    """Act once, as somebody else would, just before a query reads from the table."""
    waiting = [act]

    def between(execute, sql, *args):
        if waiting and sql.startswith("SELECT") and f'FROM "{table}"' in sql:
            waiting.pop()()
        return execute(sql, *args)

    with connection.execute_wrapper(between):
        yield
    assert not waiting, f"Nothing read from {table}."


@pytest.mark.parametrize(
    ("table", "act", "sheet", "headings"),
    [
        (
            "indicators_reading",
            lambda u: make_reading(u, make_indicator(u.priority, "9")),
            "Indicators",
            ["Ref", "Value"],
        ),
        ("goals_goalforecast", lambda u: make_forecast(u, make_goal(u.priority, 9)), "Goals", ["No.", "Confidence"]),
        ("risks_assessment", make_assessment, "Risks", ["Risk", "Score"]),
    ],
)
def test_a_row_made_while_a_file_is_planned_is_as_if_made_after(update, administrator, table, act, sheet, headings):
    make_goal(update.priority)
    book = zipped(**{sheet: [["Quarter", "Priority", *headings], [Q, VICTIMS, "1"]]})
    with before_reading(table, lambda: act(update)):
        assert previewed(signed_in(administrator), book).state == ImportState.PREVIEWED


def test_a_priority_made_while_assignments_are_planned_is_as_if_made_after(victims_lead):
    resource = AssignmentResource()
    with before_reading("priorities_assignment", lambda: make_assignment(make_priority("Another"), victims_lead)):
        resource.plan_rows(["Priority", "Person", "Role"], [[VICTIMS, victims_lead.username, "lead"]])
    assert [row.kind for row in resource.outcome] == ["unchanged"]


def test_a_cancellation_that_races_the_confirmation_is_whole_or_too_late(update, victims_lead):
    record = previewed(signed_in(victims_lead), indicators(value("1a", "28%")))
    at_once(sender(victims_lead, record, "confirm"), sender(victims_lead, record, "cancel"))
    kept = ImportRecord.objects.filter(pk=record.pk).first()
    assert (kept is None, Reading.objects.get().value) in [(True, 27), (False, 28)]
    if kept:
        assert kept.state == ImportState.APPLIED


def test_of_undoings_at_once_one_undoes(update, victims_lead, administrator):
    record = imported(signed_in(victims_lead), indicators(value("1a", "28%")))
    answers = at_once(sender(victims_lead, record, "undo"), sender(administrator, record, "undo"))
    assert sorted(answer.status_code for answer in answers) == [200, 302]
    assert [entry.value for entry in Reading.history.order_by("history_id")] == [27, 28, 27]


def test_a_save_that_races_the_undoing_is_never_lost(update, victims_lead):
    record = imported(signed_in(victims_lead), indicators(value("1a", "28%")))

    def save():
        with door(update):
            reading = Reading.objects.get()
            reading.note = "Checked."
            reading.save()

    answer, saved = at_once(sender(victims_lead, record, "undo"), save)
    assert saved is None
    reading = Reading.objects.get()
    assert reading.note == "Checked."
    assert (answer.status_code, reading.value) in [(200, 28), (302, 27)]


def test_the_same_file_uploaded_twice_at_once_keeps_nothing_half(update, victims_lead):
    book = indicators(value("1a", "28%"))
    clients = [signed_in(victims_lead) for _ in range(3)]
    answers = at_once(*(lambda client=client: send(client, book).status_code for client in clients))
    assert answers == [302] * 3
    assert all(record.file.bytes == book for record in ImportRecord.objects.all())


def test_a_preview_that_is_confirmed_while_it_is_looked_at_again_is_imported_once(update, victims_lead):
    record = previewed(signed_in(victims_lead), indicators(value("1a", "28%")))
    at_once(sender(victims_lead, record, "confirm"), sender(victims_lead, record, "again"))
    assert Reading.objects.get().value == 28
    assert ImportRecord.objects.get().state == ImportState.APPLIED
    assert act(signed_in(victims_lead), record, "undo").status_code == 302
