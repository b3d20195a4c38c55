"""Closing and reopening for real, where a test is about what comes after."""

import datetime as dt

from django.core.management import call_command
from django.utils import timezone

from priorities.history import Source
from priorities.models import Quarter, QuarterlyUpdate, UpdateStatus
from priorities.writing import writing
from reports.closing import close_quarter, reopen
from tests.make import set_status


def fresh(quarter):
    return Quarter.objects.select_related("plan").get(pk=quarter.pk)


def approve(update, by=None):
    """Approved, past the review: its moves are tested elsewhere."""
    with writing([update], by=None, source=Source.COMMAND):
        stored = QuarterlyUpdate.objects.get(pk=update.pk)
        stored.approved_by, stored.approved_at = by, timezone.now()
        stored.save()
    return set_status(QuarterlyUpdate.objects.select_related("priority", "quarter").get(pk=update.pk), "approved")


def approve_all(quarter, by=None):
    for update in quarter.updates.filter(status__in=UpdateStatus.editable()):
        approve(update, by)
    if quarter.overview_status in UpdateStatus.editable():
        with writing(overview_of=[quarter], by=None, source=Source.COMMAND):
            stored = fresh(quarter)
            stored.overview_status = UpdateStatus.APPROVED
            stored.overview_approved_by, stored.overview_approved_at = by, timezone.now()
            stored.save()
    return fresh(quarter)


def close_for_real(quarter, by=None, reason="The board meets on Monday."):
    return close_quarter(fresh(quarter), by=by, reason=reason)


def reopen_for(person, quarter, *priorities, by=None, days=7, reason="The wrong figure was given.", **kwargs):
    until = timezone.localdate() + dt.timedelta(days=days)
    reopen(fresh(quarter), by=by, for_=person, until=until, reason=reason, priorities=priorities, **kwargs)
    return fresh(quarter)


def printed(capsys, *args):
    capsys.readouterr()
    call_command("report", *args)
    return capsys.readouterr().out
