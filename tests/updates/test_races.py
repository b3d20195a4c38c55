"""Two people at once, a quarter that closes meanwhile, a worker that dies: on a real database, a connection each."""

import datetime as dt
import os
import subprocess
import sys
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from indicators.models import Reading
from priorities.models import AssignmentRole, Person, Quarter, QuarterlyUpdate, Role
from tests.make import (
    close,
    make_assignment,
    make_full_update,
    make_person,
    make_quarter,
    make_reading,
    make_update,
    with_role,
)
from tests.priorities.test_races import at_once
from tests.updates.test_entry import address
from updates.models import Draft

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def update(victims, victims_lead):
    return make_update(victims, make_quarter())


def sender(person, url, data):
    client = Client()
    client.force_login(person)
    return lambda: client.post(url, data).status_code


def cells(row, **typed):
    return {f"reading-{row.pk}-base": row.version, **{f"reading-{row.pk}-{name}": text for name, text in typed.items()}}


def test_two_saves_of_different_cells_are_both_kept(update, victims_lead):
    reading = make_reading(update, value=None, note="")
    deputy = make_assignment(update.priority, make_person("deputy"), AssignmentRole.DEPUTY).person
    url = address(update, "indicators")
    outcomes = at_once(
        sender(victims_lead, url, cells(reading, value="31%", note="")),
        sender(deputy, url, cells(reading, value="", note="From the provider.")),
    )
    assert outcomes == [302, 302]
    stored = Reading.objects.get()
    assert (stored.value, stored.note, stored.version) == (31, "From the provider.", 2)


def test_two_saves_of_the_same_cell_keep_one_and_show_the_other_both(update, victims_lead):
    reading = make_reading(update, value=None)
    deputy = make_assignment(update.priority, make_person("deputy"), AssignmentRole.DEPUTY).person
    url = address(update, "indicators")
    outcomes = at_once(
        sender(victims_lead, url, cells(reading, value="31%")), sender(deputy, url, cells(reading, value="32%"))
    )
    assert sorted(outcomes) == [200, 302]  # saved, and a page with both versions
    assert Reading.objects.get().version == 1
    assert Draft.objects.get().data[f"reading-{reading.pk}-value"] in ("31%", "32%")


def test_a_double_click_on_save_saves_once(update, victims_lead):
    reading = make_reading(update, value=None)
    send = [sender(victims_lead, address(update, "indicators"), cells(reading, value="31%")) for _ in range(4)]
    assert at_once(*send) == [302] * 4
    assert Reading.objects.get().version == 1
    assert Reading.history.count() == 2


def test_a_save_that_races_the_closing_is_whole_or_refused_and_kept(update, victims_lead):
    readings = [make_reading(update, value=None)]
    save = sender(victims_lead, address(update, "indicators"), cells(readings[0], value="31%", note="Both."))
    outcome, _ = at_once(save, lambda: close(Quarter.objects.get()))
    stored = Reading.objects.get()
    if outcome == 302:
        assert (stored.value, stored.note) == (31, "Both.")
    else:
        assert (stored.value, stored.note) == (None, "")
        assert Draft.objects.get().data[f"reading-{stored.pk}-value"] == "31%"


DIES = """
import os, django
django.setup()
from priorities.history import Source
from priorities.models import QuarterlyUpdate
from priorities.writing import writing
update = QuarterlyUpdate.objects.get()
with writing([update], by=None, source=Source.COMMAND):
    for reading in update.readings.all():
        reading.value = 99
        reading.save()
    update.refresh_from_db()
    update.narrative = "Half a save"
    update.save()
    print("written, not committed", flush=True)
    os._exit(9)
"""


def test_a_worker_killed_in_mid_save_leaves_nothing_half_written_and_the_next_save_works(victims, victims_lead):
    update = make_full_update(victims, make_quarter(), rows=3)
    before = state(update)
    died = subprocess.run(
        [sys.executable, "-c", DIES], cwd=settings.BASE_DIR, env=same_database(), capture_output=True, text=True
    )
    assert (died.returncode, died.stdout.strip()) == (9, "written, not committed"), died.stderr
    assert state(update) == before
    reading = update.readings.first()
    assert sender(victims_lead, address(update, "indicators"), cells(reading, value="31%"))() == 302
    assert Reading.objects.get(pk=reading.pk).value == 31


def state(update):
    stored = QuarterlyUpdate.objects.get(pk=update.pk)
    return stored.version, stored.narrative, list(update.readings.values()), Reading.history.count()


def same_database():
    """The environment of a process of its own on the database of this test."""
    now = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{now['NAME']}"
    else:
        at = f"{now['USER']}:{now['PASSWORD']}@" if now["PASSWORD"] else f"{now['USER']}@"
        port = f":{now['PORT']}" if now["PORT"] else ""
        url = f"postgresql://{at}{quote(now['HOST'], safe='')}{port}/{now['NAME']}"
    return {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"}


def test_of_two_administrators_who_deactivate_each_other_one_stays(administrator):
    other = with_role("other", Role.ADMINISTRATOR)
    outcomes = at_once(
        *(sender(a, f"/people/{b.pk}/deactivate/", {}) for a, b in ((administrator, other), (other, administrator)))
    )
    assert outcomes.count(302) >= 1
    assert Person.objects.filter(is_active=True).count() == 1


def test_two_invitations_to_one_address_make_one_account(administrator):
    invitation = {"first_name": "Ann", "last_name": "Lee", "email": "ann@example.org"}
    outcomes = at_once(*[sender(administrator, "/people/invite/", invitation)] * 2)
    assert sorted(outcomes) == [200, 302]
    assert Person.objects.filter(email="ann@example.org").count() == 1


def test_two_who_give_more_time_at_once_are_each_whole(update, manager, administrator):
    def given(days):
        day = timezone.localdate() + dt.timedelta(days=days)
        return {"update": update.pk, "extend_form-due_on": f"{day:%d/%m/%Y}", "extend_form-reason": f"{day:%d/%m/%Y}"}

    url = "/2022-23-q1/progress/extend/"
    outcomes = at_once(sender(manager, url, given(10)), sender(administrator, url, given(11)))
    assert set(outcomes) <= {200, 302}
    stored = QuarterlyUpdate.objects.get()
    assert stored.due_reason == f"{stored.due_on:%d/%m/%Y}"
