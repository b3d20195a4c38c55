"""Decisions of the board: noted beside a row, carried from quarter to quarter, marked done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils import timezone

from priorities.cells import shorten
from priorities.door import Refused
from priorities.history import Source, recording
from priorities.models import Person, QuarterlyUpdate, Section
from priorities.periods import Period

from .entry import ROWS
from .models import Decision, DecisionQuerySet, NoticeKind
from .notices import notify, page_of
from .progress import rows_by_section
from .reviewing import people_answering

WHOLE = {Section.RATINGS: "The priority as a whole", Section.FINANCE: "Finance"}
ALREADY = "It is marked done already, by {}: {}"


# What stands


@dataclass(slots=True)
class Noted:
    """Decisions beside what they are about: rows by key, sections, and rows that are not reported any more."""

    by_row: dict[str, list[Decision]] = field(default_factory=dict)
    by_section: dict[str, list[Decision]] = field(default_factory=dict)
    loose: list[Decision] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.by_row or self.by_section or self.loose)


def decisions_in(period: Period, priorities: Iterable[int]) -> DecisionQuerySet:
    """The decisions that stand in a quarter on these priorities, by their keys. One query."""
    return Decision.objects.standing_in(period).filter(update__priority__in=priorities)


def beside(decisions: Iterable[Decision], rows: Iterable[str], sections: Iterable[str]) -> Noted:
    """Each decision beside its row; of those without one here, the ones on these sections."""
    noted, there, own = Noted(), set(rows), set(sections)
    for decision in decisions:
        keys = decision.row_keys & there
        for key in keys:
            noted.by_row.setdefault(key, []).append(decision)
        if keys or decision.section not in own:
            continue
        if decision.key is None:
            noted.by_section.setdefault(decision.section, []).append(decision)
        else:
            noted.loose.append(decision)
    return noted


# Noting


def may_note(person: Person) -> bool:
    return person.sees_all


def may_settle(person: Person, update: QuarterlyUpdate) -> bool:
    """Managers and administrators, and whoever answers for the priority."""
    return person.sees_all or person.leads(update.priority_id)


def subjects_of(update: QuarterlyUpdate) -> dict[str, tuple[Section, str, str]]:
    """What can be decided on: section, key and name, each under the word that an address or a form has for it."""
    found = {str(section): (section, "", name) for section, name in WHOLE.items()}
    rows = rows_by_section([update])
    for section in (Section.INDICATORS, Section.RISKS, Section.GOALS):
        _, form, _ = ROWS[section]
        for row in rows[section][update.pk]:
            subject = getattr(row, form.subject)
            name = getattr(row, "description", "") or str(subject)
            found[str(subject.key)] = (section, str(subject.key), shorten(name, 200))
    return found


def note_decision(update: QuarterlyUpdate, about: str, text: str, *, by: Person) -> Decision:
    """Note what the board decided on a row, and tell those who answer for it. Raises Refused."""
    if not may_note(by):
        raise Refused("Decisions of the board are noted by managers and administrators; ask one of them.")
    subject = subjects_of(update).get(about)
    if subject is None:
        raise Refused("That row is not there any more; choose another.")
    section, key, name = subject
    with recording(by=by, source=Source.FORM, note=f"Decision on {name}, {update}", act="note a decision"):
        made = Decision.objects.create(
            update=update, section=section, key=key or None, subject=name, text=text, noted_by=by
        )
        told = f"The board decided on “{shorten(name, 60)}” of {update}: {shorten(text, 200)}"
        notify(people_answering(update, section), NoticeKind.DECIDED, told, page_of(update, "decisions"), but=by)
    return made


def settle(decision: Decision, update: QuarterlyUpdate, outcome: str, *, by: Person) -> None:
    """Mark it done in this quarter's update, with a word on what was done. Raises Refused."""
    if not may_settle(by, update):
        raise Refused("It is marked done by the lead of the priority, a deputy, a manager or an administrator.")
    if not outcome.strip():
        raise Refused("Say what was done.")
    with recording(by=by, source=Source.FORM, note=f"Done: {decision.subject}", act="settle a decision"):
        stored = Decision.objects.select_for_update(of=("self",)).select_related("done_by").get(pk=decision.pk)
        if stored.done_in_id is not None:
            raise Refused(ALREADY.format(stored.done_by, stored.outcome))
        stored.done_in, stored.done_by, stored.done_at, stored.outcome = update, by, timezone.now(), outcome.strip()
        stored.save()
        told = f"What the board decided on “{shorten(stored.subject, 60)}” is done: {shorten(stored.outcome, 200)}"
        people = [stored.noted_by] if stored.noted_by else []
        notify(people, NoticeKind.DECIDED, told, page_of(update, "decisions"), but=by)
