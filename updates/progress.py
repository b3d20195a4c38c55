"""How far updates are: what each section lacks, and who holds it. For My updates, the task list and the checks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone

from priorities.models import (
    Assignment,
    AssignmentRole,
    Gaps,
    Person,
    Quarter,
    QuarterlyUpdate,
    QuarterlyUpdateQuerySet,
    QuarterStatus,
    Section,
    UpdateStatus,
)
from priorities.moves import SIGN_OFF

from .entry import ORDER, ROWS, TEXTS
from .models import Draft, SignOff


@dataclass(frozen=True, slots=True)
class Task:
    """One section of one update: its rows, those that need somebody, and who holds it."""

    section: Section
    rows: tuple[Any, ...]
    todo: int
    holders: tuple[str, ...]
    row_holders: tuple[str, ...]
    draft: Draft | None

    @property
    def state(self) -> str:
        if self.todo:
            return f"{self.todo} to do"
        return "Complete"


@dataclass(frozen=True, slots=True)
class Progress:
    """One update, as far as it is somebody's: its tasks, and the days left until it is due."""

    update: QuarterlyUpdate
    tasks: tuple[Task, ...]
    leads: tuple[str, ...]

    @property
    def todo(self) -> int:
        return sum(task.todo for task in self.tasks)

    @property
    def due_text(self) -> str:
        return expected_text(self.update)

    @property
    def is_late(self) -> bool:
        return is_late(self.update)


def is_late(update: QuarterlyUpdate) -> bool:
    """Whether its day is over and it is still to be submitted."""
    due = update.reopened_until or update.due
    return due is not None and due < timezone.localdate() and update.is_editable


def due_text(due: date | None) -> str:
    """ "Due 28 October 2022, 3 days left"; "" without a date."""
    if due is None:
        return ""
    days = (due - timezone.localdate()).days
    left = "today" if days == 0 else f"{abs(days):,} day{'s' * (abs(days) != 1)} {'left' if days > 0 else 'late'}"
    return f"Due {due:%-d %B %Y}, {left}"


def expected_text(update: QuarterlyUpdate) -> str:
    """By when it is to be submitted; "" once it is. Of a reopened one the day until which it is, and why."""
    if not update.is_editable:
        return ""
    if update.reopened_until is not None:
        return reopened_text(update.quarter, update.reopened_until)
    return due_text(update.due)


def reopened_text(quarter: Quarter, until: date) -> str:
    return f"Reopened until {until:%-d %B %Y}: {quarter.reopened_reason}"


def overview_text(quarter: Quarter) -> str:
    """expected_text() of the overview of a quarter."""
    if not quarter.overview_is_editable:
        return ""
    if quarter.reopened_until is not None:
        return reopened_text(quarter, quarter.reopened_until)
    return due_text(quarter.due_on)


@dataclass(frozen=True, slots=True)
class Signing:
    """One update that somebody signs off and has no other part in."""

    update: QuarterlyUpdate
    waits: bool

    @property
    def needs(self) -> str:
        if self.waits:
            return "Waiting for your sign-off"
        return "Nothing to sign off yet" if self.update.is_editable else "Nothing now"


def signings_of(updates: Iterable[QuarterlyUpdate], person: Person) -> list[Signing]:
    """These updates, each with whether a sign-off of this person's is asked for now. One query, none without any."""
    updates = list(updates)
    given = SignOff.objects.filter(update__in=updates).values_list("update_id", "signed_section") if updates else ()
    signed = set(given)
    return [
        Signing(
            update,
            update.status in SIGN_OFF.sources
            and any((update.pk, section) not in signed for section in person.signs(update.priority_id)),
        )
        for update in updates
    ]


def updates_for(person: Person) -> QuarterlyUpdateQuerySet:
    """The updates of open quarters that somebody has a part in, the oldest quarter first.

    Those of a reopened quarter that stay closed are not among them.
    """
    return (
        QuarterlyUpdate.objects.filter(
            quarter__status=QuarterStatus.OPEN,
            priority__in={a.priority_id for a in person.current_assignments},
        )
        .exclude(status=UpdateStatus.CLOSED)
        .select_related("quarter__plan", "priority")
        .order_by("-quarter__financial_year", "-quarter__number", "priority__position")
    )


RowsBySection = dict[str, dict[int, list[Any]]]


def rows_by_section(updates: Sequence[QuarterlyUpdate]) -> RowsBySection:
    """The rows of each section by update, each with its update, in their order. Four queries."""
    update_of = {update.pk: update for update in updates}
    found: RowsBySection = {}
    for section, (model, form, _) in ROWS.items():
        rows: Any = model.objects.filter(update__in=update_of).order_by(*ORDER[Section(section)])
        if form.subject:
            rows = rows.select_related(form.subject, f"{form.subject}__holder")
        found[section] = {pk: [] for pk in update_of}
        for row in rows:
            row.update = update_of[row.update_id]
            found[section][row.update_id].append(row)
    return found


def text_gaps(update: QuarterlyUpdate, section: str, rows: Sequence[Any]) -> Gaps:
    """What the texts of a section lack: the finance note is needed only where there is no table."""
    if section == Section.FINANCE and not rows and not update.finance_note:
        return [("finance_note", "There are no figures and no finance note; write a note.")]
    return update.gaps(section)


def todo_of(update: QuarterlyUpdate, section: str, rows: Sequence[Any], *, whole: bool) -> int:
    """How much of a section needs somebody: of these rows, and of its texts where the whole is asked for."""
    texts = text_gaps(update, section, rows) if whole and section in TEXTS else []
    return sum(bool(row.gaps()) for row in rows) + len({name for name, _ in texts})


def progress_of(updates: Iterable[QuarterlyUpdate], person: Person) -> list[Progress]:
    """How far these updates are with what is this person's, or with all for those who see all. Six queries."""
    updates = list(updates)
    rows = rows_by_section(updates)
    drafts = {(d.update_id, d.section): d for d in Draft.objects.filter(update__in=updates, person=person)}
    priorities = {update.priority_id for update in updates}
    assigned = list(
        Assignment.objects.filter(priority__in=priorities).not_over().select_related("person").order_by("pk")
    )
    found = []
    for update in updates:
        own = Section.values if person.sees_all else person.sections_of(update.priority_id)
        people = [a for a in assigned if a.priority_id == update.priority_id]
        tasks = []
        for section in Section:
            theirs = [
                row for row in rows.get(section, {}).get(update.pk, ()) if section in own or row.holder_id == person.pk
            ]
            if section not in own and not theirs:
                continue
            todo = todo_of(update, section, theirs, whole=section in own)
            holders = tuple(str(a.person) for a in people if a.section == section and a.is_current)
            others = {str(r.holder) for r in theirs if r.holder_id}
            tasks.append(
                Task(section, tuple(theirs), todo, holders, tuple(sorted(others)), drafts.get((update.pk, section)))
            )
        leads = tuple(str(a.person) for a in people if a.role == AssignmentRole.LEAD)
        found.append(Progress(update, tuple(tasks), leads))
    return found
