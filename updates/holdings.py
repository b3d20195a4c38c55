"""What somebody holds of the report, and what they typed and did not save: for the pages of people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import CharField, Count, Q, Value
from django.utils import timezone

from priorities.history import ChangeSet
from priorities.models import Assignment, Person, Quarter, QuarterStatus, Role
from priorities.periods import Period

from .entry import Entry
from .handing import SUBJECTS, part_of
from .models import Draft, OverviewDraft, Page


def role_of(person: Person) -> str:
    """The one role that says most of what they may do; "" for none."""
    if person.is_administrator:
        return Role.ADMINISTRATOR
    return next((role for role in Role if role in person.roles), "")


def state_of(person: Person) -> str:
    """Whether somebody is here, in words."""
    if not person.is_active:
        return "Deactivated"
    if person.last_login:
        return f"Last signed in {timezone.localtime(person.last_login):%-d %B %Y}"
    if person.has_usable_password():
        return "Has not signed in yet"
    return f"Invited {timezone.localtime(person.date_joined):%-d %B %Y}, has not signed in yet"


@dataclass
class Held:
    """What somebody has to do with the report, and would have to be handed over."""

    assignments: list[Assignment] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)  # how many, of what, of which priority
    overviews: list[Quarter] = field(default_factory=list)

    @property
    def parts(self) -> list[str]:
        """Each in a few words: "lead of …", "3 indicators of …"."""
        return (
            [part_of(assignment) for assignment in self.assignments]
            + self.rows
            + [f"the overview of {quarter}" for quarter in self.overviews]
        )


def held_by(people: Iterable[Person]) -> dict[int, Held]:
    """What each of these people holds now or soon. Three queries."""
    keys = [person.pk for person in people]
    found = {key: Held() for key in keys}
    for assignment in Assignment.objects.filter(person__in=keys).not_over().select_related("priority"):
        found[assignment.person_id].assignments.append(assignment)
    counts: list[Any] = [
        model.objects.filter(holder__in=keys)
        .order_by()
        .values_list("holder_id", "priority__position", "priority__title", Value(kind))
        .annotate(number=Count("pk"))
        for kind, model in enumerate(SUBJECTS)
    ]
    for holder, _, priority, kind, number in sorted(counts[0].union(*counts[1:], all=True)):
        names = SUBJECTS[kind]._meta
        what = names.verbose_name if number == 1 else names.verbose_name_plural
        found[holder].rows.append(f"{number} {what} of {priority}")
    for quarter in Quarter.objects.filter(overview_author__in=keys).exclude(status=QuarterStatus.CLOSED).in_order():
        found[quarter.overview_author_id or 0].overviews.append(quarter)
    return found


@dataclass(frozen=True, slots=True)
class Left:
    """A draft as it is listed: `key` names it, and is 0 for one of an overview, which no page shows."""

    key: int
    told: str
    saved_at: dt.datetime


def drafts_of(person: Person) -> list[Left]:
    """What somebody has filled in and not saved, of quarters that are not closed; not their own review. One query."""
    drafts: Any = Draft.objects.filter(person=person).exclude(update__quarter__status=QuarterStatus.CLOSED)
    drafts = drafts.exclude(section=Page.REVIEW)
    drafts = drafts.order_by().values_list("pk", "section", "update__priority__title", *when("update__quarter"))
    overviews: Any = OverviewDraft.objects.filter(person=person).exclude(quarter__status=QuarterStatus.CLOSED)
    nothing = Value("", output_field=CharField())
    overviews = overviews.order_by().values_list(Value(0), nothing, nothing, *when("quarter"))
    return [
        Left(key, draft_told(section, priority, Period(year, number)), saved_at)
        for key, section, priority, year, number, saved_at in drafts.union(overviews, all=True)
    ]


def when(quarter: str) -> tuple[str, str, str]:
    return f"{quarter}__financial_year", f"{quarter}__number", "saved_at"


def draft_told(section: str, priority: str, period: Period) -> str:
    """What a draft is of: "indicators of Victims are better supported, Q2 2022/23"."""
    return f"{Page(section).label.lower()} of {priority}, {period}" if section else f"the overview of {period}"


def acts_on(person: Person) -> list[ChangeSet]:
    """The newest twenty acts on this account and its assignments. One query."""
    assigned = Assignment.history.filter(person=person).values("change_set")
    acts = ChangeSet.objects.filter(Q(note__startswith=f"{person.username}: ") | Q(pk__in=assigned))
    return list(acts.select_related("person")[:20])


# What somebody typed and did not save, for those who go on with it


@dataclass(frozen=True, slots=True)
class Typed:
    """One cell of a draft: the row, the cell, what is stored, and what was typed."""

    row: str
    cell: str
    stored: str
    text: str


def may_read_draft(person: Person, draft: Draft) -> bool:
    """Administrators always; those who fill in the section, once its writer is gone or has it no more."""
    if person.is_administrator:
        return True
    writer = draft.person
    still = has_section(writer, draft) or writer.has_rows_of(draft.update.priority_id)
    return has_section(person, draft) and not (writer.is_active and still)


def has_section(person: Person, draft: Draft) -> bool:
    priority = draft.update.priority_id
    return person.leads(priority) if draft.section == Page.CHECKS else draft.section in person.sections_of(priority)


def typed_in(draft: Draft, person: Person) -> list[Typed]:
    """The cells of a draft, as the reader, who has all of its section, would see them on the page."""
    if draft.section == Page.CHECKS:
        answers = {name.removesuffix("|told"): text for name, text in draft.data.items() if name.endswith("|told")}
        return [Typed(told, "Answer", "", draft.data.get(f"{name}|text", "")) for name, told in answers.items()]
    entry = Entry([draft.update], draft.section, person, draft.data)
    found = []
    for form in entry.forms:
        for name, field_ in form.fields.items():
            text = form.typed.get(form.add_prefix(name), "")
            stored = form.texts.get(form.add_prefix(name), "")
            if name not in ("base", "was") and form.add_prefix(name) in draft.data and text != stored:
                words = (form.in_words(name, each) for each in (stored, text))
                found.append(Typed(form.label, str(field_.label), *words))
    return found
