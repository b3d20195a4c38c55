"""What people are told by mail: each act leaves a notice, and all that wait for somebody go out as one mail.

A notice is part of its act's transaction; mailing begins after it, and its failure never touches the act. Whoever
mails a notice claims it first, so that no other process mails it too; a claim that led to nothing ends after a while,
so a notice may, after a crash, be mailed twice, but is never lost.
"""

from __future__ import annotations

import datetime as dt
import math
import textwrap
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone

from priorities.models import Person, QuarterlyUpdate

from .mailing import PATIENCE, Post, compose
from .models import Notice, NoticeKind, NoticeQuerySet

LONGEST = 75  # characters of a subject, before what it says of others


def notify(people: Iterable[Person], kind: NoticeKind, text: str, path: str, *, but: Person | None = None) -> None:
    """Leave one notice for each of these people, once each, in the transaction of the act that it tells of.

    `text` is one plain sentence, `path` the page that it is about; `but` is who made the act and knows it already.
    It is mailed once the transaction is committed; a comment waits for the next notice of another kind, or for the
    daily run.
    """
    to = {person.pk: person for person in people if person.is_active and person != but}
    Notice.objects.bulk_create(Notice(person=person, kind=kind, text=text, path=path) for person in to.values())
    if to and kind in NoticeKind.prompt():
        send = partial(send_waiting, NoticeKind.prompt(), since=timezone.now(), seconds=PATIENCE)
        transaction.on_commit(send, robust=True)


@dataclass(slots=True)
class Mailed:
    """What became of the notices that waited: how many each person was told of, and who could not be, and why."""

    told: dict[Person, int] = field(default_factory=dict)
    failed: dict[Person, str] = field(default_factory=dict)


def send_waiting(kinds: Collection[str], *, since: dt.datetime | None = None, seconds: float = math.inf) -> Mailed:
    """Mail all that waits for those for whom something of these kinds does: one mail each.

    What failed after `since` is not tried again: an act with several notices waits for a dead mail server only once.
    Stops after that many seconds; what is left waits. Not to be called inside a transaction.
    """
    mailed, people = Mailed(), people_waiting(kinds, since)
    if not people:
        return mailed
    with Post(seconds) as post:
        for person in people:
            if post.down:
                fail(Notice.objects.free().filter(person=person), post.down)
                mailed.failed[person] = post.down
            elif notices := claim(person):
                settle(person, notices, post, mailed)
    return mailed


def people_waiting(kinds: Collection[str] = NoticeKind.values, since: dt.datetime | None = None) -> list[Any]:
    """Those for whom something of these kinds waits that nobody is mailing; each with the count, as `waiting`."""
    due = Notice.objects.waiting().free().filter(kind__in=kinds)
    if since is not None:
        due = due.exclude(failed_at__gte=since)
    counted = dict(due.order_by().values_list("person").annotate(Count("pk")))
    people: Any = Person.objects.filter(pk__in=counted).order_by("pk")
    for person in people:
        person.waiting = counted[person.pk]
    return list(people)


def claim(person: Person) -> list[Notice]:
    """Take all that waits for somebody, so that nobody else mails it.

    Whoever locks the person first gets all of it: locks on the notices themselves would be shared out between two.
    """
    with transaction.atomic(durable=True):
        Person.objects.select_for_update(no_key=True).get(pk=person.pk)
        notices = list(Notice.objects.free().filter(person=person))
        Notice.objects.filter(pk__in=[n.pk for n in notices]).update(claimed_at=timezone.now())
    return notices


def settle(person: Person, notices: list[Notice], post: Post, mailed: Mailed) -> None:
    """Mail what was claimed, and keep what became of it."""
    claimed = Notice.objects.filter(pk__in=[notice.pk for notice in notices])
    if failure := post.send(digest(person, notices)):
        fail(claimed, failure)
        mailed.failed[person] = failure
    else:
        claimed.update(mailed_at=timezone.now(), failed_at=None, failure="")
        mailed.told[person] = len(notices)


def fail(notices: NoticeQuerySet, failure: str) -> None:
    notices.update(claimed_at=None, failed_at=timezone.now(), failure=failure[:200])


def digest(person: Person, notices: list[Notice]) -> EmailMessage:
    """One mail of all these notices, by page; what is said of a page several times over is said once."""
    pages: dict[str, dict[str, None]] = {}
    for notice in notices:
        pages.setdefault(notice.path, {})[notice.text] = None
    count = sum(map(len, pages.values()))
    first = next((notice for notice in notices if notice.kind in NoticeKind.prompt()), notices[0])
    subject = headline(first)
    subject += f", and {count - 1} more" if count > 1 else ""
    return compose([person.email], subject, "updates/mail/notices.txt", person=person, pages=pages)


FIRST = {
    NoticeKind.SUBMITTED: "Submitted",
    NoticeKind.SENT_BACK: "Sent back",
    NoticeKind.APPROVED: "Approved",
    NoticeKind.EXTENDED: "More time",
}


def headline(notice: Notice) -> str:
    """Its sentence, cut after a word where it is long; what was done then stands first, where the cut can't reach."""
    if len(notice.text) <= LONGEST:
        return notice.text.rstrip(".")
    first = FIRST.get(NoticeKind(notice.kind))
    return textwrap.shorten(f"{first}: {notice.text}" if first else notice.text, LONGEST, placeholder="…")


def waiting_mail() -> str:
    """What administrators are to know of mails that could not be sent yet, and why; "" without any. One query."""
    failed = Notice.objects.waiting().filter(failed_at__isnull=False).order_by("failed_at")
    people: dict[str, set[int]] = {}
    last = {}
    for person, failure, at in failed.values_list("person", "failure", "failed_at"):
        people.setdefault(failure, set()).add(person)
        last[failure] = timezone.localtime(at)
    return " ".join(
        f"{len(those)} mail{'s' * (len(those) != 1)} could not be sent yet; {failure} {moment(last[failure])}."
        for failure, those in people.items()
    )


def moment(at: dt.datetime) -> str:
    """ "at 14:32", with the day unless it is today."""
    return f"at {at:%H:%M}" if at.date() == timezone.localdate() else f"on {at:%-d %B} at {at:%H:%M}"


def page_of(update: QuarterlyUpdate, name: str = "update", *more: str) -> str:
    """The address of a page of an update."""
    return reverse(f"updates:{name}", args=[update.quarter.period, update.priority.slug, *more])


def review_of(update: QuarterlyUpdate) -> str:
    return page_of(update, "review")
