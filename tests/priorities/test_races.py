"""Two people at once: one conditional UPDATE settles it, on a real database with a connection each."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from indicators.models import Reading
from priorities.door import Refused
from priorities.models import QuarterlyUpdate, UpdateStatus
from tests.make import door, make_reading, make_update, set_status

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 6


def at_once(*acts):
    """Run every act in a thread and a connection of its own, all begun together; their results or exceptions."""
    begin = Barrier(len(acts))

    def run(act):
        try:
            begin.wait()
            return act()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_every_save_of_several_at_once_is_kept_and_counted(victims):
    update = make_update(victims)
    reading = make_reading(update, value=0)

    def save(value):
        def act():
            with door(QuarterlyUpdate.objects.get(pk=update.pk)):
                mine = Reading.objects.get(pk=reading.pk)
                mine.value = value
                mine.save()

        return act

    before = QuarterlyUpdate.objects.get().version
    assert at_once(*(save(n) for n in range(1, PEOPLE + 1))) == [None] * PEOPLE
    assert QuarterlyUpdate.objects.get().version == before + PEOPLE
    assert sorted(h.version for h in Reading.history.all()) == list(range(PEOPLE + 1))


def test_a_save_that_races_the_submission_is_whole_or_refused(victims):
    update = make_update(victims)

    def save():
        with door(QuarterlyUpdate.objects.get(pk=update.pk)):
            fresh = QuarterlyUpdate.objects.get(pk=update.pk)
            fresh.narrative = fresh.finance_note = "Both or neither"
            fresh.save()

    def submit():
        set_status(QuarterlyUpdate.objects.get(pk=update.pk), UpdateStatus.SUBMITTED)

    outcome, submitted = at_once(save, submit)
    stored = QuarterlyUpdate.objects.get()
    assert submitted is None
    assert stored.narrative == stored.finance_note
    if isinstance(outcome, Refused):
        assert "is submitted and can't be edited" in str(outcome)
        assert stored.narrative == ""
    else:
        assert outcome is None
        assert stored.narrative == "Both or neither"
