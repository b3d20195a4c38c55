"""Submitting an update, and the other moves that this app's pages offer; each is one act with its reason on record."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils import timezone

from priorities.door import Refused
from priorities.history import Source
from priorities.models import Assignment, AssignmentRole, Person, QuarterlyUpdate, Role
from priorities.moves import BEGIN_REVIEW, EXTEND, SEND_BACK, SUBMIT, WITHDRAW
from priorities.writing import moving, writing

from .checks import Checks, checks_of
from .comparison import cells_of
from .mailing import PATIENCE, Post, compose
from .models import Draft, Explanation, NoticeKind, SentBack, SignOff
from .notices import notify, page_of, review_of
from .opening import YEAR
from .progress import rows_by_section

logger = logging.getLogger(__name__)
SENT_BACK = "Sent back: "  # begins the note of the change set that sends an update back


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to one warning: whether it was confirmed, the words, and the warning as it was read."""

    confirmed: bool
    text: str
    told: str


def answer_warnings(update: QuarterlyUpdate, answers: Mapping[str, Answer], *, by: Person) -> None:
    """Keep what was answered to the warnings, by the name of each; one that is told otherwise by now is asked again.

    Raises Refused if the update can't be edited by this person now.
    """
    if not any(changed_answers(update, answers)):
        return
    with writing([update], by=by, source=Source.FORM, note="Answered the warnings"):
        new, changed = changed_answers(update, answers)  # as they are now that nobody else can write them
        Explanation.objects.bulk_create(new)
        Explanation.objects.bulk_update(changed, ["confirmed", "text", "told"])


def changed_answers(
    update: QuarterlyUpdate, answers: Mapping[str, Answer]
) -> tuple[list[Explanation], list[Explanation]]:
    """The answers that differ from what is stored: new ones, and changed ones."""
    checks = checks_of(update)
    new: list[Explanation] = []
    changed: list[Explanation] = []
    for finding in checks.warnings:
        answer = answers.get(finding.warning)
        if answer is None or answer.told != finding.told:
            continue
        row = checks.answers.get(finding.warning) or Explanation(update=update, warning=finding.warning)
        same = (row.confirmed, row.text, row.told) == (answer.confirmed, answer.text, answer.told)
        if same or not (row.pk or answer.confirmed or answer.text):
            continue
        row.confirmed, row.text, row.told = answer.confirmed, answer.text, answer.told
        (changed if row.pk else new).append(row)
    return new, changed


class NotReady(Refused):
    """The checks found something; they say what."""

    def __init__(self, checks: Checks) -> None:
        super().__init__("The checks found something that has to be answered first.")
        self.checks = checks


def submit(update: QuarterlyUpdate, *, by: Person) -> QuarterlyUpdate:
    """Hand the update to the managers. Raises NotReady, or Refused if it isn't this person's to submit now."""
    with moving(update, SUBMIT, by=by, source=Source.FORM, note="Submitted") as moved:
        checks = checks_of(moved, Draft.objects.filter(update=moved, person=by))
        if not checks.passed:
            raise NotReady(checks)
        moved.submitted_at, moved.submitted_by = timezone.now(), by
        moved.leads = ", ".join(str(lead) for lead in leads_of(moved))[:200]
        tell_of_submission(moved, by)
    return moved


def tell_of_submission(update: QuarterlyUpdate, by: Person) -> None:
    """Managers are told that it waits for their review, those who sign off that it waits for them too."""
    path, signatories = review_of(update), people_of(update, AssignmentRole.SIGNATORY)
    told = f"{update}, was submitted by {by}"
    notify(signatories, NoticeKind.SUBMITTED, f"{told} and waits for your sign-off.", path, but=by)
    managers = set(Person.objects.filter(groups__name=Role.MANAGER)) - set(signatories)
    notify(managers, NoticeKind.SUBMITTED, f"{told} and waits for your review.", path, but=by)


def people_of(update: QuarterlyUpdate, *roles: AssignmentRole) -> list[Person]:
    current = Assignment.objects.current().filter(priority=update.priority_id, role__in=roles)
    return [assignment.person for assignment in current.select_related("person").order_by("pk")]


def leads_of(update: QuarterlyUpdate) -> list[Person]:
    return people_of(update, AssignmentRole.LEAD)


def send_copy(update: QuarterlyUpdate, *, to: Person) -> str:
    """Mail a copy of a submitted update to who submitted it and its leads; the sentence that says what became of it.

    A mail server that is down stops nothing: the update is submitted already.
    """
    people = {person.email: person for person in (to, *leads_of(update)) if person.email}
    if not people:
        return "No copy was mailed, because no e-mail address is known for you."
    rows = {section: by_update[update.pk] for section, by_update in rows_by_section([update]).items()}
    message = compose(people, f"Submitted: {update}", "updates/copy.txt", update=update, rows=rows)
    with Post(PATIENCE) as post:
        if why := post.send(message):
            return f"The copy could not be mailed, because {why}. Print this page instead."
    return f"A copy was mailed to {', '.join(people)}."


def withdraw(update: QuarterlyUpdate, *, by: Person) -> None:
    """Take a submitted update back to work on it, until its review begins."""
    with moving(update, WITHDRAW, by=by, source=Source.FORM, note="Withdrawn") as moved:
        take_back_signatures(moved)
        moved.submitted_at = moved.submitted_by = None
        moved.leads = ""


def begin_review(update: QuarterlyUpdate, *, by: Person) -> None:
    """From here on it can't be withdrawn, only sent back."""
    with moving(update, BEGIN_REVIEW, by=by, source=Source.FORM, note="Review begun"):
        pass


def send_back(update: QuarterlyUpdate, *, by: Person, reason: str) -> None:
    """With what has to be done; what it says now is kept, so that its next review shows what changed since."""
    with moving(update, SEND_BACK, by=by, source=Source.FORM, note=f"{SENT_BACK}{reason}"[:200]) as moved:
        keep_what_it_says(moved, by=by, reason=reason)
        take_back_signatures(moved)
        whose = [*people_of(moved, AssignmentRole.LEAD, AssignmentRole.DEPUTY), moved.submitted_by]
        told = f"{moved}, was sent back by {by}: {reason}"
        notify(filter(None, whose), NoticeKind.SENT_BACK, told, page_of(moved), but=by)
        moved.submitted_at = moved.submitted_by = moved.approved_at = moved.approved_by = None
        moved.leads = ""


def keep_what_it_says(update: QuarterlyUpdate, *, by: Person | None, reason: str) -> None:
    then = {"by": by, "at": timezone.now(), "reason": reason, "cells": cells_of(update)}
    SentBack.objects.update_or_create(update=update, defaults=then)


def extend(update: QuarterlyUpdate, *, by: Person, due_on: dt.date, reason: str) -> None:
    """Give a priority more time; the due date locks nothing, so this only says by when it is expected.

    Raises Refused if the day is not later than the present one, over already, or more than a year away.
    """
    if wrong := wrong_extension(update, due_on):
        raise Refused(wrong)
    with moving(update, EXTEND, by=by, source=Source.FORM, note=f"Extended: {reason}"[:200]) as moved:
        moved.due_on, moved.due_reason = due_on, reason
        told = f"{moved}, is due on {due_on:%-d %B %Y} now: {reason}"
        notify(
            people_of(moved, AssignmentRole.LEAD, AssignmentRole.DEPUTY),
            NoticeKind.EXTENDED,
            told,
            page_of(moved),
            but=by,
        )


def wrong_extension(update: QuarterlyUpdate, day: dt.date) -> str:
    """Why an update can't be given time until that day; "" if it can."""
    today = timezone.localdate()
    last = max(today, update.quarter.period.ends_on) + YEAR
    if update.due and day <= update.due:
        return f"It is due on {update.due:%-d %B %Y} already; give a later day."
    if day < today:
        return f"{day:%-d %B %Y} is over already; give today or a later day."
    if day > last:
        return f"{day:%-d %B %Y} is more than a year away; give {last:%-d %B %Y} or an earlier day."
    return ""


def take_back_signatures(update: QuarterlyUpdate, section: str | None = None) -> None:
    """Sign-offs hold for what was signed: sending back, withdrawing and mending take them back. Inside the door."""
    for given in SignOff.objects.filter(update=update):
        if section is None or given.signed_section in ("", section):
            given.delete()
