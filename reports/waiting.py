"""Publications that wait for their time are cancelled when their quarter is reopened; who is told of it."""

from __future__ import annotations

from django.urls import reverse

from priorities.models import Person, Quarter, Role
from updates.models import NoticeKind
from updates.notices import notify

from .models import Publication
from .pack import moment


def managers() -> list[Person]:
    return list(Person.objects.filter(groups__name=Role.MANAGER))


def cancel_waiting(quarter: Quarter, *, by: Person | None, reason: str) -> None:
    """Inside the move that reopens the quarter: what waits would be published with the mistake in it."""
    for publication in list(Publication.objects.waiting().filter(quarter=quarter).select_related("made_by")):
        told = f"The quarter was reopened: {reason}"
        if Publication.objects.filter(pk=publication.pk).cancel(by=by, reason=told):
            publication.quarter = quarter
            tell_of_cancelling(publication, by, told)


def tell_of_cancelling(publication: Publication, by: Person | None, reason: str) -> None:
    """Who made it, and the managers."""
    quarter, made_by = publication.quarter, publication.made_by
    text = f"The publication of {quarter} on {moment(publication.publish_at)} is cancelled. {reason}"
    path = reverse("reports:publishing", args=[quarter.period])
    notify([*([made_by] if made_by else []), *managers()], NoticeKind.CLOSED, text, path, but=by)
