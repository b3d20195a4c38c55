"""What was typed and never saved, and mails that were sent, have their time."""

import datetime as dt

import pytest
from django.core.management import call_command
from django.db.models import QuerySet
from django.utils import timezone

from priorities.models import Quarter, QuarterStatus
from tests.make import make_update
from updates.models import Draft, Notice, OverviewDraft

LONG_AGO = dt.timedelta(days=90, minutes=1)


@pytest.fixture
def update(victims):
    return make_update(victims)


def age(row, **fields):
    type(row).objects.filter(pk=row.pk).update(**fields)


def close(update):
    QuerySet.update(Quarter.objects.filter(pk=update.quarter_id), status=QuarterStatus.CLOSED)


def drafts(update, person):
    page = Draft.objects.create(person=person, update=update, section="goals", data={"x": "typed"})
    overview = OverviewDraft.objects.create(person=person, quarter=update.quarter, data={"x": "typed"})
    return page, overview


def test_drafts_of_a_closed_quarter_go_after_ninety_days(update, victims_lead, capsys):
    for draft in drafts(update, victims_lead):
        age(draft, saved_at=timezone.now() - LONG_AGO)
    close(update)
    call_command("forget_drafts")
    assert capsys.readouterr().out == "2 drafts and 0 mailed notices forgotten.\n"
    assert not Draft.objects.exists()
    assert not OverviewDraft.objects.exists()


def test_younger_drafts_stay(update, victims_lead):
    drafts(update, victims_lead)
    close(update)
    call_command("forget_drafts")
    assert (Draft.objects.count(), OverviewDraft.objects.count()) == (1, 1)


def test_drafts_of_an_open_quarter_stay_however_old(update, victims_lead):
    for draft in drafts(update, victims_lead):
        age(draft, saved_at=timezone.now() - 4 * LONG_AGO)
    call_command("forget_drafts")
    assert (Draft.objects.count(), OverviewDraft.objects.count()) == (1, 1)


def test_mailed_notices_go_and_those_that_wait_stay(victims_lead):
    old, waiting = (
        Notice.objects.create(person=victims_lead, kind="submitted", text="Said.", path="/") for _ in range(2)
    )
    age(old, made_at=timezone.now() - LONG_AGO, mailed_at=timezone.now() - LONG_AGO)
    age(waiting, made_at=timezone.now() - LONG_AGO)
    call_command("forget_drafts")
    assert list(Notice.objects.all()) == [waiting]
