"""Reminders: what every person has to do, worked out for all of them at once, and one mail each, once a day."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone

from priorities.models import (
    Assignment,
    AssignmentRole,
    Person,
    Quarter,
    QuarterlyUpdate,
    QuarterStatus,
    Role,
    Section,
    UpdateStatus,
    is_open_to,
    listed,
)

from .mailing import PATIENCE, Post, compose
from .models import Comment, Reminder, SignOff
from .notices import page_of, review_of
from .progress import due_text, rows_by_section, todo_of

WHOLE = (AssignmentRole.LEAD, AssignmentRole.DEPUTY)
NOT_TAKEN = "the mail server did not take the mail"
IN_REVIEW = (UpdateStatus.SUBMITTED, UpdateStatus.IN_REVIEW)


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing that one person has to do; `due` is None where the due date is not theirs to meet."""

    person: Person
    quarter: str
    about: str
    due: dt.date | None
    text: str
    path: str
    todo: int = 0  # how much of a section is to be filled in, as its page counts it

    @property
    def when(self) -> str:
        return due_text(self.due)


Outstanding = Mapping[Person, list[Thing]]


def outstanding(updates: Iterable[QuarterlyUpdate], overviews: Iterable[Quarter] = ()) -> Outstanding:
    """What these updates, and the overviews of these quarters, ask of whom: only people who can sign in.

    Leads and deputies: every section that is not complete, and to submit it. Contributors: their sections and rows.
    Signatories and managers: what waits for their sign-off or review. Leads also: comments that nobody answered. Of
    what is reopened for one person, all is theirs alone. Nine queries at most, for any number of people.
    """
    asked = Asked(updates)
    things = [thing for update in asked.updates for thing in asked.of(update)]
    things += [thing for quarter in overviews for thing in overview_of(quarter, asked.managers)]
    found: dict[Person, list[Thing]] = defaultdict(list)
    for thing in things:
        if thing.person.is_active:
            found[thing.person].append(thing)
    return dict(found)


class Asked:
    """Several updates with all that says what they ask of whom."""

    def __init__(self, updates: Iterable[QuarterlyUpdate]) -> None:
        chosen = QuarterlyUpdate.objects.filter(pk__in=[update.pk for update in updates])
        in_order = ("quarter__financial_year", "quarter__number", "priority__position", "pk")
        self.updates = list(chosen.select_related("priority", "quarter__plan", "reopened_for").order_by(*in_order))
        self.rows = rows_by_section([update for update in self.updates if update.is_editable])
        current = Assignment.objects.current().filter(priority__in={u.priority_id for u in self.updates})
        self.assigned: dict[int, list[Assignment]] = defaultdict(list)
        for assignment in current.select_related("person").order_by("pk"):
            self.assigned[assignment.priority_id].append(assignment)
        signed = SignOff.objects.filter(update__in=self.updates)
        self.signed = set(signed.values_list("update_id", "signed_section"))
        self.managers = list(Person.objects.filter(groups__name=Role.MANAGER).order_by("pk"))
        self.comments = unanswered(self.updates)

    def of(self, update: QuarterlyUpdate) -> Iterator[Thing]:
        if update.is_editable:
            yield from self.to_fill_in(update)
        elif update.status in IN_REVIEW:
            yield from self.to_sign_off(update)
            yield from self.to_review(update)
        if update.status not in UpdateStatus.released() and (count := self.comments.get(update.pk)):
            told = f"{count} comment{'s' * (count != 1)} to answer"
            for person in self.leads(update):
                yield thing(update, person, told, review_of(update))

    def leads(self, update: QuarterlyUpdate) -> list[Person]:
        """Those who answer for the whole of it: of a reopened one the person whom it is reopened for."""
        if update.reopened_until is not None:
            over = update.reopened_for is None or update.reopened_until < timezone.localdate()
            return [] if over else [update.reopened_for]
        return distinct(a.person for a in self.assigned[update.priority_id] if a.role in WHOLE)

    def to_fill_in(self, update: QuarterlyUpdate) -> Iterator[Thing]:
        leads = self.leads(update)
        for person in leads:
            todo = list(self.sections(update, person, frozenset(Section.values)))
            yield from todo
            submit = "Then check and submit it" if todo else "Everything is filled in: check and submit it"
            yield thing(update, person, submit, page_of(update, "check"))
        if update.reopened_until is not None:
            return
        parts = [a for a in self.assigned[update.priority_id] if a.role == AssignmentRole.CONTRIBUTOR]
        for person in distinct(a.person for a in parts if a.person not in leads):
            own = frozenset(a.section for a in parts if a.person == person and a.section)
            yield from self.sections(update, person, own)

    def sections(self, update: QuarterlyUpdate, person: Person, own: frozenset[str]) -> Iterator[Thing]:
        """The sections that are not complete, as far as they are theirs or hold rows of theirs."""
        for section in Section:
            every: list[Any] = self.rows.get(section, {}).get(update.pk, [])
            theirs = [row for row in every if section in own or row.holder_id == person.pk]
            if todo := todo_of(update, section, theirs, whole=section in own):
                others = [str(a.person) for a in self.assigned[update.priority_id] if a.section == section]
                held = [name for name in others if name != str(person)] if len(own) == len(Section) else []
                told = f"{section.label}: {todo} to do{f', held by {listed(held)}' if held else ''}"
                yield thing(update, person, told, page_of(update, "section", section), todo)

    def to_sign_off(self, update: QuarterlyUpdate) -> Iterator[Thing]:
        for a in self.assigned[update.priority_id]:
            if a.role == AssignmentRole.SIGNATORY and (update.pk, a.section) not in self.signed:
                what = f" of {a.get_section_display().lower()}" if a.section else ""
                yield thing(update, a.person, f"Waiting for your sign-off{what}", review_of(update))

    def to_review(self, update: QuarterlyUpdate) -> Iterator[Thing]:
        for person in self.managers:
            if person.pk != update.submitted_by_id:
                yield thing(update, person, "Waiting for your review", review_of(update))


def thing(update: QuarterlyUpdate, person: Person, text: str, path: str, todo: int = 0) -> Thing:
    due = (update.reopened_until or update.due) if update.is_editable else None
    return Thing(person, str(update.quarter), str(update), due, text, path, todo)


def overview_of(quarter: Quarter, managers: Iterable[Person]) -> Iterator[Thing]:
    """The overview is asked of its author until it is submitted, then of the managers."""
    path = reverse("updates:overview", args=[quarter.period])
    about, state = f"Overview of {quarter}", quarter.overview_status
    due = quarter.reopened_until or quarter.due_on
    author = quarter.reopened_for if quarter.is_reopened else quarter.overview_author
    if author is not None and not is_open_to(quarter, author):
        author = None  # its day is over
    if quarter.status == QuarterStatus.OPEN and quarter.overview_is_editable and author is not None:
        told = "Submit the overview" if quarter.overview else "Write the overview and submit it"
        yield Thing(author, str(quarter), about, due, told, path)
    for person in managers if state in IN_REVIEW else ():
        if person.pk != quarter.overview_submitted_by_id:
            yield Thing(person, str(quarter), about, None, "Waiting for your approval", path)


def unanswered(updates: Iterable[QuarterlyUpdate]) -> dict[int, int]:
    """How many comments of each update are neither resolved nor answered by anybody but their author."""
    asked = Comment.objects.unanswered().filter(update__in=list(updates))
    return dict(asked.order_by().values_list("update").annotate(Count("pk")))


def distinct(people: Iterable[Person]) -> list[Person]:
    return list(dict.fromkeys(people))


# Sending


@dataclass(frozen=True, slots=True)
class Reminded:
    """What became of reminding: who was written to, who had been today, who can't be, and whose mail failed."""

    sent: tuple[Person, ...] = ()
    already: tuple[Person, ...] = ()
    unreachable: tuple[Person, ...] = ()
    failed: tuple[Person, ...] = ()
    failure: str = ""

    @property
    def told(self) -> list[str]:
        """Plain sentences for whoever asked."""
        sentences = [
            (self.sent, "Reminded", ""),
            (self.already, "Not reminded again today:", ""),
            (self.unreachable, "Not reminded, because no e-mail address is known:", ""),
            (self.failed, f"Not reminded, because {self.failure or NOT_TAKEN}:", " Remind them again later."),
        ]
        told = [f"{begin} {listed(map(str, people))}.{end}" for people, begin, end in sentences if people]
        return told or ["Nobody has anything outstanding."]


def remind(updates: Iterable[QuarterlyUpdate], *, by: Person | None) -> Reminded:
    """Write to everybody with something outstanding for these updates, of what is theirs, except to `by`.

    The overview of a quarter is part of it where no update of that quarter is left out but approved ones. Nobody is
    written to twice a day, whoever asks. Not to be called inside a transaction.
    """
    updates = list(updates)
    return send_reminders(outstanding(updates, whole_quarters(updates)), by=by)


def whole_quarters(updates: Iterable[QuarterlyUpdate]) -> list[Quarter]:
    """The quarters of which no update is left out but those that are approved already."""
    keys = [update.pk for update in updates]
    others = QuarterlyUpdate.objects.exclude(pk__in=keys).exclude(status__in=UpdateStatus.released())
    quarters = Quarter.objects.filter(updates__in=keys).distinct().in_order()
    return list(quarters.exclude(pk__in=others.values("quarter")).select_related("overview_author", "reopened_for"))


def due_today() -> Outstanding:
    """What the daily run reminds of: all that falls_today() among the updates and overviews of open quarters."""
    updates = QuarterlyUpdate.objects.filter(quarter__status=QuarterStatus.OPEN).select_related("quarter")
    quarters = Quarter.objects.filter(status=QuarterStatus.OPEN).in_order()
    return outstanding(
        [update for update in updates if falls_today(update.reopened_until or update.due)],
        [
            quarter
            for quarter in quarters.select_related("overview_author", "reopened_for")
            if falls_today(quarter.reopened_until or quarter.due_on)
        ],
    )


def falls_today(due: dt.date | None) -> bool:
    """Whether it is a day to remind of this: 3 days before, the day itself, the day after, and each week from then."""
    late = (timezone.localdate() - due).days if due else -1
    return late in (-3, 0) or (late > 0 and late % 7 == 1)


def send_reminders(asked: Outstanding, *, by: Person | None) -> Reminded:
    """One mail to each of these people but `by`, about what is theirs; see remind()."""
    already, unreachable, to_write_to = sorted_out(person for person in asked if person != by)
    became = {"sent": [], "already": already, "failed": []}
    failures: dict[str, None] = {}
    if to_write_to:
        with Post(math.inf if by is None else PATIENCE) as post:
            for person in to_write_to:
                outcome, failure = send_one(post, person, asked[person], by)
                became[outcome].append(person)
                failures |= {failure: None} if failure else {}
    done = {name: tuple(people) for name, people in became.items()}
    return Reminded(**done, unreachable=tuple(unreachable), failure=", or ".join(failures))


def sorted_out(people: Iterable[Person]) -> tuple[list[Person], list[Person], list[Person]]:
    """Those reminded today, those without an address, and those to be written to."""
    people = list(people)
    today = Reminder.objects.filter(day=timezone.localdate(), person__in=people)
    had = set(today.values_list("person_id", flat=True))
    left = [person for person in people if person.pk not in had]
    reachable = [person for person in left if person.email]
    return [p for p in people if p.pk in had], [p for p in left if not p.email], reachable


def send_one(post: Post, person: Person, things: list[Thing], by: Person | None) -> tuple[str, str]:
    """What became of one reminder, as a field of Reminded, and why it failed where it did."""
    if post.down:
        return "failed", post.down
    claim = claim_today(person, by)
    if claim is None:
        return "already", ""
    if failure := post.send(reminder(person, things, by)):
        claim.delete()
        return "failed", failure
    return "sent", ""


def claim_today(person: Person, by: Person | None) -> Reminder | None:
    """This person's reminder of today; None if somebody else was faster."""
    try:
        with transaction.atomic(durable=True):
            return Reminder.objects.create(person=person, day=timezone.localdate(), by=by)
    except IntegrityError:
        return None


def reminder(person: Person, things: list[Thing], by: Person | None) -> EmailMessage:
    return compose([person.email], subject(things), "updates/mail/reminder.txt", person=person, things=things, by=by)


def subject(things: list[Thing]) -> str:
    """ "Q2 2022/23: 38 things to do, due 28 October", counting what the pages count; where nothing is to be filled in,
    "Q2 2022/23: 1 thing of yours is outstanding".
    """
    quarters, count = {thing.quarter for thing in things}, len(things)
    todo = sum(thing.todo for thing in things)
    of = f"{quarters.pop()}: " if len(quarters) == 1 else ""
    told = f"{of}{count} thing{'s' * (count != 1)} of yours {'is' if count == 1 else 'are'} outstanding"
    if todo:
        told = f"{of}{todo} thing{'s' * (todo != 1)} to do"
    dues = sorted({thing.due for thing in things if thing.due})
    if not dues:
        return told
    late = (timezone.localdate() - dues[0]).days
    when = f"{late:,} day{'s' * (late != 1)} late" if late > 0 else "due today" if not late else f"due {dues[0]:%-d %B}"
    return f"{told}, {'the first ' * (len(dues) > 1)}{when}"
