"""What people are told by mail: each act leaves a notice, and what waits for somebody goes out as one mail."""

from __future__ import annotations

from collections.abc import Iterable

from priorities.models import Person

from .models import Notice, NoticeKind


def notify(people: Iterable[Person], kind: NoticeKind, text: str, path: str, *, but: Person | None = None) -> None:
    """Leave one notice for each of these people, once each, in the transaction of the act that it tells of.

    `text` is one plain sentence, `path` the page that it is about; `but` is who made the act and knows it already.
    """
    to = {person.pk: person for person in people if person.is_active and person != but}
    Notice.objects.bulk_create(Notice(person=person, kind=kind, text=text, path=path) for person in to.values())
