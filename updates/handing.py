"""Handing over: a lead gives sections and rows to contributors, and names deputies. Each is kept in history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from goals.models import Goal
from indicators.models import Indicator
from priorities.door import Refused
from priorities.history import Source, recording
from priorities.models import (
    Assignment,
    AssignmentRole,
    Person,
    Priority,
    QuarterlyUpdate,
    QuarterStatus,
    Section,
)
from risks.models import Risk

from .models import NoticeKind
from .notices import notify

SUBJECTS: tuple[type[Any], ...] = (Indicator, Risk, Goal)


@contextmanager
def handing(priority: Priority, by: Person, note: str) -> Any:
    """One change set; raises Refused for people who don't answer for the whole of the priority."""
    if not by.leads(priority.pk):
        raise Refused(f"Only the lead of {priority}, a deputy or an administrator hands over parts of it.")
    with recording(by=by, source=Source.FORM, note=note[:200]) as change_set:
        yield change_set


def assign(assignment: Assignment) -> None:
    """Save an assignment; raises Refused with its rule's words."""
    try:
        assignment.full_clean()
    except ValidationError as error:
        raise Refused(*error.messages) from error
    assignment.save()


def tell(to: Person, what: str, priority: Priority, *, by: Person, role: str = AssignmentRole.CONTRIBUTOR) -> None:
    """Leave a notice with who has something of a priority now."""
    notify([to], NoticeKind.HANDED_OVER, f"{by} handed over to you: {what}.", page_of(priority, role), but=by)


def page_of(priority: Priority, role: str) -> str:
    """Where who was handed something finds it: the newest open update, or the list of their own."""
    newest = QuarterlyUpdate.objects.filter(priority=priority, quarter__status=QuarterStatus.OPEN)
    update = (
        newest.select_related("quarter", "priority").order_by("-quarter__financial_year", "-quarter__number").first()
    )
    if update is None:
        return f"{reverse('updates:mine')}?all=1"
    if role == AssignmentRole.SIGNATORY:  # who signs off reads it, and fills in nothing
        return update.get_absolute_url()
    return reverse("updates:update", args=[update.quarter.period, priority.slug])


def part_of(assignment: Assignment) -> str:
    """What it gives, in words that follow "handed over": "finance of Victims are better supported"."""
    section = assignment.get_section_display().lower()
    what = {
        AssignmentRole.CONTRIBUTOR: section or "single rows",
        AssignmentRole.SIGNATORY: f"sign-off of {section}" if section else "sign-off",
    }.get(AssignmentRole(assignment.role), assignment.get_role_display().lower())
    dates = [f"from {assignment.starts_on:%-d %B %Y}"] if assignment.starts_on and not assignment.is_current else []
    dates += [f"until {assignment.ends_on:%-d %B %Y}"] if assignment.ends_on else []
    return " ".join([f"{what} of {assignment.priority}", *dates])


def give_section(*, priority: Priority, section: Section, to: Person, by: Person) -> None:
    with handing(priority, by, f"{section.label} of {priority} given to {to}"):
        given = Assignment(priority=priority, person=to, role=AssignmentRole.CONTRIBUTOR, section=section)
        assign(given)
        tell(to, part_of(given), priority, by=by)


def give_rows(*, priority: Priority, rows: Iterable[Any], to: Person | None, by: Person) -> int:
    """Give these indicators, risks or goals to a contributor, or to nobody in particular; how many changed hands."""
    rows = [row for row in rows if row.priority_id == priority.pk and row.holder_id != (to.pk if to else None)]
    with handing(priority, by, f"{len(rows)} rows of {priority} given to {to or 'nobody in particular'}"):
        pass_rows(priority, rows, to)
        if to is not None and rows:
            tell(to, f"{len(rows)} row{'s' * (len(rows) != 1)} of {priority}", priority, by=by)
    return len(rows)


def pass_rows(priority: Priority, rows: list[Any], to: Person | None) -> None:
    """Change the holder of these rows; who holds any has a part in the priority, who holds none has it no more."""
    before = {row.holder_id for row in rows}
    for row in rows:
        row.holder = to
    for model in SUBJECTS:
        model.objects.bulk_update([row for row in rows if isinstance(row, model)], ["holder"])
    own = Assignment.objects.filter(priority=priority)
    rows_already = own.filter(person=to, section="", role=AssignmentRole.CONTRIBUTOR)
    leads_it = own.current().filter(person=to, role=AssignmentRole.LEAD)
    if to is not None and not rows_already.exists() and not leads_it.exists():
        assign(Assignment(priority=priority, person=to, role=AssignmentRole.CONTRIBUTOR))
    for person in before - {None}:
        if not any(model.objects.filter(priority=priority, holder=person).exists() for model in SUBJECTS):
            for left in own.filter(person=person, role=AssignmentRole.CONTRIBUTOR, section=""):
                left.delete()


def name_deputy(
    *, priority: Priority, to: Person, starts_on: dt.date | None, ends_on: dt.date | None, by: Person
) -> None:
    if ends_on is not None and ends_on < timezone.localdate():
        raise Refused("The last day is over already; give one that is still to come, or none.")
    if Assignment.objects.current().filter(priority=priority, person=to, role=AssignmentRole.LEAD).exists():
        raise Refused(f"{to} leads {priority}, and needs no deputy's rights; choose somebody else.")
    with handing(priority, by, f"{to} named deputy of {priority}"):
        existing = Assignment.objects.filter(priority=priority, person=to, role=AssignmentRole.DEPUTY).first()
        deputy = existing or Assignment(priority=priority, person=to, role=AssignmentRole.DEPUTY)
        deputy.starts_on, deputy.ends_on = starts_on, ends_on
        assign(deputy)
        tell(to, part_of(deputy), priority, by=by)


def take_back(assignment: Assignment, *, by: Person) -> None:
    """End a contributor's section or a deputy's turn; leads are the administrator's to change."""
    if assignment.role in (AssignmentRole.LEAD, AssignmentRole.SIGNATORY):
        what = "leads" if assignment.role == AssignmentRole.LEAD else "signs off"
        raise Refused(f"Who {what} a priority is changed by an administrator.")
    if assignment.role == AssignmentRole.CONTRIBUTOR and not assignment.section:
        raise Refused("Single rows are taken back by giving them to nobody in particular.")
    with handing(assignment.priority, by, f"Taken back: {assignment}"):
        assignment.delete()
