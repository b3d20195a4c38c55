"""A quarter closed and published for real, and a correction of it, where a test is about what comes after."""

from decimal import Decimal

from django.db.models import QuerySet

from indicators.models import Reading
from priorities.models import QuarterlyUpdate
from reports.publishing import prepare, publish
from tests.closed import close_for_real, fresh, reopen_for
from tests.make import door


def confirm_all(quarter):
    for update in quarter.updates.all():
        for rows in (update.readings, update.assessments, update.goalforecasts, update.financialpositions):
            QuerySet.update(rows.all(), confirmed=True)


def publish_for_real(quarter, by, at=None, why="It is known.", corrects="A figure was wrong.", **kwargs):
    """Published, with every difference explained and every small count ticked."""
    prepared = prepare(fresh(quarter))
    explanations = {found.mark: why for found in prepared.findings}
    agreed = [small.mark for small in prepared.small]
    kwargs |= {"corrects": corrects if prepared.version > 1 else ""}
    return publish(fresh(quarter), by=by, at=at, explanations=explanations, agreed=agreed, **kwargs)


def correct(quarter, person, reference="1", value=Decimal(26), reason="The wrong figure was given."):
    """Reopened for somebody, one indicator's value put right, and closed again."""
    reading = Reading.objects.select_related("update__priority").filter(update__quarter=quarter)
    reading = reading.get(indicator__reference=reference, update__priority__in=person.assignments.values("priority"))
    reopen_for(person, quarter, reading.update.priority, reason=reason)
    with door(QuarterlyUpdate.objects.get(pk=reading.update_id), by=person):
        stored = Reading.objects.get(pk=reading.pk)
        stored.value = value
        stored.save()
    return close_for_real(quarter)
