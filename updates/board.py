"""The progress board: how far each priority of a quarter is, section by section, and whom it waits for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Exists, Max, QuerySet, TextField, Value
from django.db.models.functions import MD5, Concat

from priorities.models import (
    RATINGS,
    Assignment,
    AssignmentRole,
    Person,
    Quarter,
    QuarterlyUpdate,
    QuarterStatus,
    Section,
    UpdateStatus,
)
from priorities.periods import Period

from .entry import ROWS
from .models import Comment, Draft, Notice, OverviewDraft, SignOff
from .opening import OPENED
from .progress import due_text, is_late, rows_by_section, text_gaps

OVERVIEW = "overview"
NOBODY = "the command line"


@dataclass(frozen=True, slots=True)
class Touch:
    """Who did something last, and when."""

    who: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class BoardCell:
    """One section of one update, as a manager sees it."""

    section: Section
    todo: int
    is_editable: bool
    holders: tuple[str, ...]
    row_holders: tuple[str, ...]
    drafts: tuple[str, ...]
    last: Touch | None

    @property
    def state(self) -> str:
        if self.todo:
            return f"{self.todo} to do" if self.is_editable else f"{self.todo} left open"
        return "Complete"


@dataclass(frozen=True, slots=True)
class BoardLine:
    """One update: its cells, who answers for it, and what it waits for."""

    update: QuarterlyUpdate
    cells: tuple[BoardCell, ...]
    leads: tuple[str, ...]
    deputies: tuple[str, ...]
    unsigned: tuple[str, ...]
    comments: int

    @property
    def todo(self) -> int:
        return sum(cell.todo for cell in self.cells) if self.update.is_editable else 0

    @property
    def due_text(self) -> str:
        return due_text(self.update.reopened_until or self.update.due)

    @property
    def is_late(self) -> bool:
        return is_late(self.update)


@dataclass(frozen=True, slots=True)
class OverviewLine:
    """The overview narrative of the quarter."""

    quarter: Quarter
    drafts: tuple[str, ...]
    last: Touch | None

    @property
    def state(self) -> str:
        return "Written" if self.quarter.overview else "Nothing written yet"


@dataclass(frozen=True, slots=True)
class Board:
    quarter: Quarter
    overview: OverviewLine
    lines: tuple[BoardLine, ...]

    @property
    def told(self) -> str:
        """ "2 of 4 submitted, 1 late, 37 things to do"."""
        submitted = sum(not line.update.is_editable for line in self.lines)
        approved = sum(line.update.status in UpdateStatus.released() for line in self.lines)
        late = sum(line.is_late for line in self.lines)
        todo = sum(line.todo for line in self.lines)
        counts = f"{submitted} of {len(self.lines)} submitted"
        counts += f" ({approved} approved)" if approved else ""
        return f"{counts}, {late} late, {todo:,} thing{'s' * (todo != 1)} to do"

    @property
    def outstanding(self) -> list[QuarterlyUpdate]:
        return [line.update for line in self.lines if line.update.is_editable]


def updates_of(period: Period) -> QuerySet[Any]:
    """Those of a quarter, in the order of the report."""
    related = ("quarter__plan", "quarter__overview_author", "priority", "submitted_by", "reopened_for")
    found = QuarterlyUpdate.objects.filter(quarter__financial_year=period.year, quarter__number=period.number)
    begun = Quarter.objects.exclude(status=QuarterStatus.PLANNED)
    beside = {
        name: Exists(begun.filter(financial_year=other.year, number=other.number))
        for name, other in (("has_earlier", period.previous), ("has_later", period.next))
    }
    failed = Notice.objects.waiting().filter(failed_at__isnull=False)
    return (
        found.select_related(*related)
        .annotate(mail_waits=Exists(failed), **beside)
        .order_by("priority__position", "priority_id")
    )


def board_of(quarter: Quarter, updates: Sequence[QuarterlyUpdate]) -> Board:
    """The board of a quarter with these updates. Seven queries, whatever the rows, the people and the quarters."""
    rows = rows_by_section(updates)
    around = seen_around(quarter, updates)
    touched = {(key, section): Touch(who, at) for kind, key, section, who, at in around if kind == "row"}
    for key, touch in texts_touched(quarter, updates).items():
        if key not in touched or touched[key].at < touch.at:
            touched[key] = touch
    priorities = [update.priority_id for update in updates]
    assigned = list(
        Assignment.objects.filter(priority__in=priorities).not_over().select_related("person").order_by("pk")
    )
    lines = []
    for update in updates:
        own = [a for a in assigned if a.priority_id == update.priority_id]
        lines.append(line_of(update, {s: rows.get(s, {}).get(update.pk, []) for s in Section}, own, around, touched))
    drafts = tuple(who for kind, _, _, who, _ in around if kind == "overview draft")
    overview = OverviewLine(quarter, drafts, touched.get((quarter.pk, OVERVIEW)))
    return Board(quarter, overview, tuple(lines))


def line_of(
    update: QuarterlyUpdate,
    rows: dict[Section, list[Any]],
    assigned: list[Assignment],
    around: list[Seen],
    touched: dict[tuple[int, str], Touch],
) -> BoardLine:
    now = [a for a in assigned if a.is_current]
    leads = tuple(named(a.person) for a in now if a.role == AssignmentRole.LEAD)
    own = [(kind, section, who) for kind, key, section, who, _ in around if key == update.pk]
    cells = []
    for section in Section:
        lacking = {name for name, _ in text_gaps(update, section, rows[section])}
        given = tuple(named(a.person) for a in now if a.role == AssignmentRole.CONTRIBUTOR and a.section == section)
        cells.append(
            BoardCell(
                section=section,
                todo=sum(bool(row.gaps()) for row in rows[section]) + len(lacking),
                is_editable=update.is_editable,
                holders=given or leads,
                row_holders=tuple(sorted({named(row.holder) for row in rows[section] if row.holder})),
                drafts=tuple(who for kind, of, who in own if kind == "draft" and of == section),
                last=touched.get((update.pk, section)),
            )
        )
    return BoardLine(
        update,
        tuple(cells),
        leads,
        tuple(in_turn(a) for a in assigned if a.role == AssignmentRole.DEPUTY),
        unsigned(update, now, {section for kind, section, _ in own if kind == "sign-off"}),
        sum(kind == "comment" for kind, _, _ in own),
    )


def named(person: Person) -> str:
    return str(person) if person.is_active else f"{person} (can’t sign in)"


def in_turn(deputy: Assignment) -> str:
    """A deputy with the dates: "Ann Lee, from 1 May 2025 until 9 May 2025"."""
    from_ = f"from {deputy.starts_on:%-d %B %Y}" if deputy.starts_on and not deputy.is_current else ""
    until = f"until {deputy.ends_on:%-d %B %Y}" if deputy.ends_on else ""
    dates = " ".join(part for part in (from_, until) if part)
    return f"{named(deputy.person)}{', ' if dates else ''}{dates}"


def unsigned(update: QuarterlyUpdate, now: list[Assignment], signed: set[str]) -> tuple[str, ...]:
    """The sign-offs that are still to come, each with who can give it."""
    if update.status in UpdateStatus.released():
        return ()
    waiting: dict[str, list[str]] = {}
    for a in now:
        if a.role == AssignmentRole.SIGNATORY and a.section not in signed:
            what = a.get_section_display().lower() if a.section else "the whole"
            waiting.setdefault(what, []).append(named(a.person))
    return tuple(f"{what}, by {' or '.join(people)}" for what, people in waiting.items())


# What is seen around the figures: in two queries, because a manager opens this page often

Seen = tuple[str, int, str, str, dt.datetime]  # its kind, the update's or quarter's key, the section, who, when


def seen_around(quarter: Quarter, updates: Iterable[QuarterlyUpdate]) -> list[Seen]:
    """Drafts, open comments, sign-offs, and the last change of the rows of each section. One query."""
    keys = [update.pk for update in updates]
    around: Any = columns(Draft.objects.filter(update__in=keys), "draft", "update_id", "section", "saved_at", "person")
    others = [
        columns(
            Comment.objects.asked().filter(update__in=keys),
            *("comment", "update_id", "section", "made_at", "author"),
        ),
        columns(SignOff.objects.filter(update__in=keys), "sign-off", "update_id", "signed_section", "at", "by"),
        columns(
            OverviewDraft.objects.filter(quarter=quarter),
            *("overview draft", "quarter_id", words(OVERVIEW), "saved_at", "person"),
        ),
    ]
    for section, (model, _, _) in ROWS.items():
        then = model.history.filter(update__in=keys).exclude(change_set__act=OPENED)  # type: ignore[attr-defined]
        newest = then.order_by().values("update_id").annotate(newest=Max("history_id")).values("newest")
        last = model.history.filter(history_id__in=newest)  # type: ignore[attr-defined]
        others.append(columns(last, "row", "update_id", words(str(section)), "change_set__at", "change_set__person"))
    found = around.union(*others, all=True)
    return [(kind, key, section, name_of(*name), at) for kind, key, section, at, *name in found if at]


def columns(rows: Any, kind: str, key: str, section: Any, at: str, person: str) -> Any:
    return rows.order_by().values_list(words(kind), key, section, at, *names(person))


def words(text: str) -> Value:
    return Value(text, output_field=CharField())


def names(person: str) -> list[str]:
    return [f"{person}__{name}" for name in ("first_name", "last_name", "username")]


def name_of(first: str | None, last: str | None, username: str | None) -> str:
    return f"{first or ''} {last or ''}".strip() or username or NOBODY


def texts_touched(quarter: Quarter, updates: Iterable[QuarterlyUpdate]) -> dict[tuple[int, str], Touch]:
    """The last change of the ratings and texts, of the finance notes and of the overview. One query.

    Told apart by what differs from the change before; a move changes the update too, but none of these.
    """
    who: list[Any] = ["change_set__at", "change_set__act", *names("change_set__person")]
    texts = MD5(Concat(*joined(*RATINGS, "ratings_note", "narrative"), output_field=TextField()))
    past = QuarterlyUpdate.history.filter(id__in=[update.pk for update in updates]).order_by()
    found = past.values_list(words("update"), "id", "history_id", texts, MD5("finance_note"), *who)
    overviews = Quarter.history.filter(id=quarter.pk).order_by()
    found = found.union(
        overviews.values_list(words(OVERVIEW), "id", "history_id", MD5("overview"), words(""), *who), all=True
    )
    touched: dict[tuple[int, str], Touch] = {}
    before: dict[tuple[int, str], str] = {}
    for kind, key, _, main, note, at, act, *name in sorted(found, key=lambda row: row[:3]):
        digests = {OVERVIEW: main} if kind == OVERVIEW else {Section.RATINGS: main, Section.FINANCE: note}
        for section, digest in digests.items():
            known = before.get((key, section))
            if at and known != digest and (known or act != OPENED):
                touched[key, section] = Touch(name_of(*name), at)
            before[key, section] = digest
    return touched


def joined(*fields: str) -> list[Any]:
    """The fields with a bar between each, so that no two sets of texts read the same."""
    return [part for name in fields for part in (name, words("|"))]
