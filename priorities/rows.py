"""Rows of a spreadsheet into rows of the database: the base of every app's import-export resources.

A resource reads one model from one sheet. Importing only plans: every row ends as an instance in memory, new, changed,
the same or refused, with nothing written and no query per row. `apply` then writes the plan in bulk, inside writing().
The admin's import runs the same resources with the same messages.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.utils import timezone
from django.utils.html import format_html
from import_export import resources
from import_export.results import RowResult
from tablib import Dataset

from .cells import CellError, parse_period, parse_text, parse_title, shorten, tidy
from .columns import (
    Column,
    Key,
    Problem,
    cell,
    fold,
    heading_key,
    likeness,
    name_in,
    nearest,
    wrong,
)
from .door import Refused
from .history import Source
from .merging import merge
from .models import (
    Person,
    Plan,
    Priority,
    Quarter,
    QuarterlyUpdate,
    QuarterRow,
    QuarterStatus,
    UpdateStatus,
    is_open_to,
    why_not_open,
)
from .periods import Period
from .rules import check_row
from .writing import writing

AGAIN = " (again)"
MISSING = {
    "Quarter": "The quarter is missing; write the report's quarter, like Q1 2022/23.",
    "Priority": "The priority is missing; write its title.",
}
Texts = Mapping[str, str]  # the cells of a row by heading


@dataclass
class Book:
    """What the rows of one import refer to and make, loaded once and shared by its resources."""

    by: Person | None = None
    tables: dict[str, Any] = field(default_factory=dict)
    tick: Callable[[], object] = bool  # called twice for each row of a resource; bool() does nothing
    _loaded: bool = False
    _periods: dict[str, Period] = field(default_factory=dict)
    _readable: dict[int, frozenset[str]] = field(default_factory=dict)

    def load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        self.plans: list[Plan] = list(Plan.objects.all())
        plans = {plan.pk: plan for plan in self.plans}
        self.quarters: dict[Period, Quarter] = {}
        for quarter in Quarter.objects.in_order():
            quarter.plan = plans[quarter.plan_id]
            self.quarters[quarter.period] = quarter
        self.priorities: dict[tuple[int, str], Priority] = {}
        for priority in Priority.objects.all():
            priority.plan = plans[priority.plan_id]
            self.priorities[priority_key(priority)] = priority
        self.updates: dict[tuple[Period, str], QuarterlyUpdate] = {}

    def load_updates(self, periods: Iterable[Period]) -> None:
        wanted = {q.pk: q for p in periods if (q := self.quarters.get(p)) and q.pk}
        seen = {update.quarter_id for update in self.updates.values()}
        by_pk = {priority.pk: priority for priority in self.priorities.values() if priority.pk}
        for update in QuarterlyUpdate.objects.filter(quarter__in=wanted.keys() - seen):
            update.quarter, update.priority = wanted[update.quarter_id], by_pk[update.priority_id]
            self.updates[update_key(update)] = update

    # What a row names; each raises ValidationError under the column's heading

    def period(self, row: Texts) -> Period:
        text = cell(row, "Quarter")
        if not text:
            raise wrong("Quarter", MISSING["Quarter"])
        if text not in self._periods:
            try:
                self._periods[text] = parse_period(text)
            except CellError as error:
                raise wrong("Quarter", str(error)) from error
        return self._periods[text]

    def quarter(self, row: Texts) -> Quarter:
        period = self.period(row)
        if period not in self.quarters:
            raise wrong(
                "Quarter",
                f"{period} is not known yet; name it on a Quarter sheet, or correct it to a known quarter.",
            )
        return self.quarters[period]

    def plan_of(self, row: Texts) -> Plan:
        """The plan that a row means: its quarter's, the one it names, or the newest."""
        return self.quarter(row).plan if cell(row, "Quarter") else self.plan_named(row)

    def plan_named(self, row: Texts) -> Plan:
        title = cell(row, "Plan")
        plans = [p for p in self.plans if not title or fold(p.title) == fold(title)]
        if not plans:
            raise wrong("Plan", f"“{shorten(title)}” is not a known plan; correct the title, or set it up first.")
        return max(plans, key=lambda plan: plan.first_year)

    def priority_keyed(self, row: Texts, plan: Plan) -> Priority | None:
        """The priority of the plan that the row's key names."""
        key = cell(row, "Key")
        return next((p for p in self.priorities.values() if key and p.slug == key and p.plan == plan), None)

    def priority(self, row: Texts, plan: Plan) -> Priority:
        title = parse_title(name_in(row, "Priority"))
        if not title:
            raise wrong("Priority", MISSING["Priority"])
        if found := self.priorities.get((plan.first_year, fold(title))):
            return found
        known = [p.title for (year, _), p in self.priorities.items() if year == plan.first_year]
        if near := nearest(title, known):
            raise wrong("Priority", f"“{shorten(title)}” is not a known priority; did you mean “{near}”?")
        raise wrong(
            "Priority",
            f"“{shorten(title)}” is not a known priority; add it to the Priorities sheet, or correct the title.",
        )

    def update(self, row: Texts) -> QuarterlyUpdate:
        quarter = self.quarter(row)
        priority = self.priority(row, quarter.plan)
        update = self.updates.get((quarter.period, fold(priority.title)))
        if update is None and quarter.status == QuarterStatus.PLANNED:
            raise wrong(
                "Quarter", f"{quarter} is not open yet; correct the quarter, or ask an administrator to open it first."
            )
        if update is None:
            raise wrong(
                "Priority",
                f"“{priority.title}” has no update for {quarter}; add it to the Priorities sheet for that quarter.",
            )
        return update

    def why_locked(
        self, update: QuarterlyUpdate, sections: frozenset[str] = frozenset(), holder_id: int | None = None
    ) -> str:
        """Why these sections of an update, or a row that somebody holds, can't be written now; "" if they can."""
        status = UpdateStatus(update.status)
        if status not in UpdateStatus.editable():
            return f"{update} is {status.label.lower()} and can't be edited; {status.way_back}."
        if self.by is not None and not is_open_to(update, self.by):
            return why_not_open(update)
        if not sections or self.by is None or self.by.is_administrator:
            return ""
        if self.by.may_write(update.priority_id, sections, holder_id):
            return ""
        return not_yours(update)

    # What somebody may read: nothing of the rest is told, not even whether the file has it right

    def readable(self, update: QuarterlyUpdate) -> frozenset[str]:
        """The sections of an update that the person may read."""
        key = id(update)
        if key not in self._readable:
            self._readable[key] = update.readable_sections(self.by)
        return self._readable[key]

    def unread(self, row: Texts) -> QuarterlyUpdate | None:
        """The update that a row of a quarter's sheet is of, if nothing of it may be read."""
        if self.by is None or self.by.sees_all or not (cell(row, "Quarter") and cell(row, "Priority")):
            return None
        quarter = self.quarters.get(self.period(row))
        title = parse_title(cell(row, "Priority"))
        update = quarter and self.updates.get((quarter.period, fold(title)))
        if update and not self.readable(update) and not self.by.has_rows_of(update.priority_id):
            return update
        return None


def not_yours(update: QuarterlyUpdate) -> str:
    return f"{update} is not yours to fill in; ask its lead or an administrator."


def priority_key(priority: Priority) -> tuple[int, str]:
    return priority.plan.first_year, fold(priority.title)


def update_key(update: QuarterlyUpdate) -> tuple[Period, str]:
    return update.quarter.period, fold(update.priority.title)


@dataclass(frozen=True, slots=True)
class Clash:
    """A cell that the file and somebody else have changed, each to something else since the file was made."""

    theirs: str
    mine: str
    by: str  # who stored theirs, and when
    chosen: str  # "mine", "theirs" or ""

    @property
    def told(self) -> str:
        return f"{self.by}, since the file was made: {shorten(self.theirs) or '(empty)'}"

    @property
    def kept(self) -> str:
        return f"{self.theirs or '(empty)'} is kept (file: {self.mine or '(empty)'})"

    @property
    def problem(self) -> str:
        theirs, mine = shorten(self.theirs) or "(empty)", shorten(self.mine) or "(empty)"
        return (
            f"{self.by} stored “{theirs}” after the file was made, which says “{mine}”. Choose which holds: write "
            f"“{theirs}” to keep it, or download the workbook again and enter “{mine}” there."
        )


@dataclass(slots=True)
class Row:
    """One row on its way through a plan."""

    number: int  # 1 is the first below the headings
    cells: dict[str, str]
    is_blank: bool = False  # only what names it is filled in
    kind: str = ""  # new, changed, unchanged, ignored or refused
    instance: Any = None
    is_new: bool = False
    version: int | None = None  # of the stored row when the file was made, where it says so
    typed: dict[str, Any] = field(default_factory=dict)  # what the file says, by field
    before: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    clashes: dict[str, Clash] = field(default_factory=dict)  # by heading
    errors: dict[str, list[str]] = field(default_factory=dict)  # by heading, "" for the row as a whole

    def refuse(self, column: str, *messages: str) -> None:
        self.errors.setdefault(column, []).extend(messages)


@dataclass(slots=True)
class Past:
    """A row as it was when the file was made, and who has changed which of its fields since."""

    base: dict[str, Any]
    changed_by: dict[str, Any] = field(default_factory=dict)


Planned = tuple[Any, bool, dict[str, tuple[Any, Any]]]  # the instance, whether it is new, field: (old, new)


class SheetResource(resources.Resource):
    """Base: identifies each row's instance without a query, leaves blanks alone, merges, checks rules, and plans.

    A subclass has `identify`, which gives the row's natural key and how to make a new instance, and `stored`, which
    gives the instances there are. `setup` says that the model isn't a report row: no update is locked for it.
    """

    setup = False
    administrators_only = False
    section = ""  # of an update, that set-up rows belong to
    named_each_quarter = False  # set-up rows that stand on a quarter's sheet, and so again in every quarter
    required: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()  # missing, these are warned of where there are new rows
    checked: tuple[str, ...] = ()  # headings that are compared, never stored
    naming: tuple[str, ...] = ()  # headings, besides the keys, that say nothing by themselves
    answers: tuple[str, ...] = ()  # fields that, stated by a person, confirm a row of a quarter
    rows: Sequence[int] = ()  # the number of each row as the spreadsheet counts; empty: in order from 2
    blank: Collection[int] = ()  # the numbers, from 1, of rows in which only what names them is filled in
    elsewhere: Collection[str] = ()  # the headings of the whole sheet, which other resources read too
    chosen: Mapping[tuple[int, str], str] = {}  # in conflicts, by number and heading: "mine" or "theirs"

    def __init__(self, book: Book | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.book = book or Book()
        self.problem = ""  # with the headings: no row can be read
        self.warnings: list[Problem] = []
        self.outcome: list[Row] = []
        self.said: list[tuple[str, Column]] = []  # the columns that there are, besides the keys
        self.planned: dict[int, Planned] = {}
        self.heading_of = {name: c.column_name for c in self.fields.values() for name in c.attributes}

    @property
    def plan(self) -> Collection[Planned]:
        """Each row to be written."""
        return self.planned.values()

    @classmethod
    def get_display_name(cls) -> str:
        return str(cls._meta.model._meta.verbose_name_plural).capitalize()

    # For subclasses

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        raise NotImplementedError

    def identify(self, row: Texts) -> tuple[Hashable, Callable[[], Any]]:
        raise NotImplementedError

    def update_of(self, instance: Any) -> QuarterlyUpdate | None:
        return None if self.setup else instance.update

    def complete(self, row: Row) -> None:
        """What follows from the answers."""

    def refuse(self, row: Row) -> None:
        """Rules of its own that a new or changed row must satisfy; raises ValidationError."""

    def compare(self) -> None:
        """What holds between the rows, once each is settled; give_up() refuses one."""

    def give_up(self, row: Row, column: str, message: str) -> None:
        row.refuse(column, message)
        row.kind = "refused"
        self.planned.pop(id(row.instance), None)

    def remark(self, row: Row) -> None:
        """Warnings about a row that was read."""

    # Headings

    @property
    def columns(self) -> Collection[Column]:
        return self.fields.values()

    def canonical(self, headings: Iterable[object]) -> list[str]:
        """The contract's heading for each heading found; unknown ones stay as they are."""
        known: dict[str, str] = {}
        for column in self.columns:
            for name in (column.column_name, *column.aliases):
                known.setdefault(heading_key(name), column.column_name)
        known |= {heading_key(name): name for name in HIDDEN if heading_key(name) not in known}
        raws, found = list(headings), list[str]()
        there = {known.get(heading_key(raw)) for raw in raws}
        for column in self.columns:
            if column.column_name not in there:
                known |= {key: column.column_name for word in column.likely if (key := heading_key(word)) not in known}
        for raw in raws:
            name = known.get(heading_key(raw), tidy(raw))
            found.append(f"{name}{AGAIN}" if name in found and name in self.headings() else name)
        return found

    def headings(self) -> list[str]:
        return [*(column.column_name for column in self.columns), *self.checked, *HIDDEN]

    def names_by(self, heading: str) -> bool:
        """Whether a column says which row is meant, here or in another resource of the sheet."""
        return heading in self.named

    @property
    def named(self) -> frozenset[str]:
        keys = (column.column_name for column in self.columns if isinstance(column, Key))
        return frozenset((*self.required, *keys, *HIDDEN))

    def knows(self, heading: str) -> bool:
        return heading.removesuffix(AGAIN) in self.headings()

    def read_headings(self, raw: Sequence[object]) -> list[str]:
        """The headings of the contract; `problem` says what is wrong with them."""
        found = self.canonical(raw)
        self.raw_headings = dict(zip(found, map(str, raw), strict=True))
        self.problem = ""
        if repeated := [name for name in found if name.endswith(AGAIN)]:
            name = repeated[0].removesuffix(AGAIN)
            self.problem = f"Two columns are headed {name}, or a word for it; keep one of them."
        elif lacking := [name for name in self.required if name not in found]:
            meant = [f"“{near}” may be meant for {name}" for name in lacking if (near := self.likeliest(name))]
            told = f" ({'; '.join(meant)})" if meant else ""
            self.problem = f"The headings lack {' and '.join(lacking)}{told}; add the column, or mend its heading."
        return found

    def likeliest(self, name: str) -> str:
        """The heading, of those that mean nothing here, that is most like one that is lacking."""
        known = self.elsewhere or self.headings()
        unknown = [raw for found, raw in self.raw_headings.items() if found.removesuffix(AGAIN) not in known and raw]
        likely = [raw for raw in unknown if likeness(raw, name) >= 0.5 or fold(name) in fold(raw)]
        return max(likely, key=lambda raw: likeness(raw, name), default="")

    # Planning

    def plan_rows(self, raw_headings: Sequence[object], rows: Sequence[Sequence[str]]) -> None:
        """Work out what each row would write: `outcome`, `plan` and `warnings`, or the `problem` with the headings."""
        headings = self.read_headings(raw_headings)
        self.book.load()
        if self.problem:
            return
        self.outcome = [
            Row(number, dict(zip(headings, cells, strict=False)), is_blank=number in self.blank)
            for number, cells in enumerate(rows, 1)
        ]
        self.load()
        self.said = [(c.column_name, c) for c in self.columns if not isinstance(c, Key) and c.column_name in headings]
        self.is_ours = bool({*HIDDEN, "Confirmed"} & set(headings))
        for row in self.outcome:
            self.book.tick()
            self.attempt(self.begin, row)
        self.recall()
        for row in self.outcome:
            self.book.tick()
            if row.kind:
                continue
            self.attempt(self.settle, row)
        self.compare()
        new = sum(is_new for _, is_new, _ in self.plan)
        self.warnings += [
            Problem(0, "", f"there is no column {name}; it stays empty in the {new} new rows.")
            for name in self.expected
            if new and name not in self.raw_headings
        ]

    def load(self) -> None:
        """What is stored of the quarters that the rows name."""
        periods: set[Period] = set()
        for text in {cell(row.cells, "Quarter") for row in self.outcome}:
            try:
                periods.add(parse_period(text))
            except CellError:
                continue
        self.book.load_updates(periods)
        table = self.book.tables.setdefault(type(self).__name__, {})
        if not table:
            table.update(self.stored(periods))
        self.table = table
        self.seen: dict[Hashable, int] = {}

    def attempt(self, step: Callable[[Row], None], row: Row) -> None:
        """One step of one row; what is wrong is kept with the row."""
        self.row = row
        try:
            step(row)
        except (ValidationError, CellError) as error:
            self.blame(row, error if isinstance(error, ValidationError) else ValidationError(str(error)))
            row.kind = "refused"

    def blame(self, row: Row, error: ValidationError) -> None:
        for name, messages in error.update_error_dict({}).items():
            column = "" if name == NON_FIELD_ERRORS else self.heading_of.get(name, name)
            row.refuse(column, *(text for message in messages for text in message.messages))

    def begin(self, row: Row) -> None:
        """Find the row's instance, and read what its cells say."""
        row.version = self.version_in(row.cells)
        if update := self.book.unread(row.cells):
            if row.is_blank:
                row.kind = "ignored"
                return
            raise wrong("Priority", not_yours(update))
        key, make = self.identify(row.cells)
        first = self.seen.setdefault(key, row.number)
        if first != row.number and not (self.named_each_quarter and cell(row.cells, "Quarter")):
            number = self.rows[first - 1] if self.rows else first + 1
            raise ValidationError(f"This row is about the same as row {number}; keep one of them.")
        row.instance = self.table.get(key)
        if row.instance is None:
            row.instance = make()
            if row.is_blank and self.says_nothing(row.instance):
                row.kind = "ignored"
                return
            self.table[key] = row.instance
        row.is_new = not row.instance.pk
        row.typed = self.typed(row)
        self.refuse_unread(row)

    def refuse_unread(self, row: Row) -> None:
        """Raises ValidationError for answers of a section that the person may not read, right or wrong."""
        by = self.book.by
        if by is None or by.sees_all or not row.typed:
            return
        if self.administrators_only and not self.named_each_quarter:
            raise ValidationError(self.set_up)
        if self.setup and not (self.section and cell(row.cells, "Quarter") and cell(row.cells, "Priority")):
            return
        update = self.book.update(row.cells) if self.setup else self.update_of(row.instance)
        if update is None or not update.pk or getattr(row.instance, "holder_id", None) == by.pk:
            return
        if not self.sections_said(row) <= self.book.readable(update):
            row.errors.clear()  # which may tell what is stored
            raise wrong("Priority", not_yours(update))

    def sections_said(self, row: Row) -> frozenset[str]:
        """The sections of the update that the row's answers are of."""
        return frozenset([self.section]) if self.setup else frozenset([row.instance.section])

    @property
    def set_up(self) -> str:
        return f"{self.get_display_name()} are set up by administrators; ask one."

    def says_nothing(self, made: Any) -> bool:
        """Whether a blank row would only make a row without answers, about something known."""
        if not isinstance(made, QuarterRow):
            return False
        relations: Any = [f for f in made._meta.concrete_fields if f.is_relation]
        return all(getattr(made, f.name).pk for f in relations if f.is_cached(made))

    def version_in(self, row: Texts) -> int | None:
        text = cell(row, "Version")
        if not text:
            return None
        if not text.removesuffix(".0").isdecimal() or len(text) > 9:
            raise wrong("Version", f"“{shorten(text)}” is no version; leave the column as it was written, or empty it.")
        return int(text.removesuffix(".0"))

    def key_in(self, row: Texts) -> uuid.UUID | None:
        text = cell(row, "Key")
        try:
            return uuid.UUID(text) if text else None
        except ValueError:
            raise wrong(
                "Key", f"“{shorten(text)}” is no key; empty the cell, and the row is found by its words."
            ) from None

    def unknown_key(self, found_by: str) -> None:
        """Say that a key is not known here; its version then means nothing either."""
        self.row.version = None
        self.warn("Key", f"this key is not known here; the row was found by its {found_by}.")

    def warn(self, column: str, message: str) -> None:
        self.warnings.append(Problem(self.row.number, column, message))

    def typed(self, row: Row) -> dict[str, Any]:
        """What the row's cells say, by field; cells that can't be read are refused."""
        found: dict[str, Any] = {}
        for heading, column in self.said:
            if text := row.cells.get(heading, "").strip():
                try:
                    found.update(column.typed(text, row.instance))
                except CellError as error:
                    row.refuse(heading, str(error))
        return found

    def recall(self) -> None:
        """The base of rows that others have changed since the file was made, from history. One query."""
        self.past: dict[int, Past] = {}
        stale = {row.instance.pk: row for row in self.outcome if self.is_stale(row)}
        if not stale:
            return
        names = [name for name, _ in importable(self._meta.model)]
        last: dict[int, dict[str, Any]] = {}
        history = self._meta.model.history.filter(id__in=stale).select_related("change_set__person")
        for then in history.order_by("history_id"):
            values = {name: getattr(then, name) for name in names}
            past = self.past.setdefault(then.id, Past(dict.fromkeys(names)))
            if then.version <= (stale[then.id].version or 0):
                past.base = values
            else:
                before = last.get(then.id, past.base)
                past.changed_by |= {name: then for name in names if values[name] != before[name]}
            last[then.id] = values

    def is_stale(self, row: Row) -> bool:
        if row.version is None or row.kind or row.is_new:
            return False
        return row.version < getattr(row.instance, "version", 0)

    # One row

    def settle(self, row: Row) -> None:
        """Put what the file says on the instance, check it, and plan to write it."""
        if self.says_the_same(row):
            self.remark(row)
            row.kind = "ignored" if row.is_blank else "unchanged"
            return
        row.before = {} if row.is_new else values_of(row.instance)
        for name, value in self.merged(row).items():
            setattr(row.instance, name, value)
        self.complete(row)
        self.confirm(row)
        now = values_of(row.instance)
        row.changes = {
            name: (row.before.get(name), value)
            for name, value in now.items()
            if row.is_new or not same(row.before[name], value)
        }
        if row.is_new or row.changes:
            self.check(row)
        if row.errors:
            row.kind = "refused"
            return
        self.remark(row)
        undecided = any(not clash.chosen for clash in row.clashes.values())
        row.kind = "new" if row.is_new else "changed" if row.changes or undecided else "unchanged"
        if row.kind == "unchanged" and row.is_blank:
            row.kind = "ignored"
        if row.is_new or row.changes:
            self.keep(row)

    def says_the_same(self, row: Row) -> bool:
        """Whether there is nothing to work out: every cell says what is stored, and none of it is somebody's word."""
        if row.is_new or row.errors or (self.answers and not self.is_ours):
            return False
        return all(same(getattr(row.instance, name), value) for name, value in row.typed.items())

    def merged(self, row: Row) -> dict[str, Any]:
        """What of the row's cells is written; where others changed the row since, those that only the file changed."""
        past = None if row.is_new else self.past.get(row.instance.pk)
        if past is None:
            return {n: v for n, v in row.typed.items() if row.is_new or not same(row.before.get(n), v)}
        groups: dict[str, list[str]] = {}
        for name in row.typed:
            groups.setdefault(self.heading_of.get(name, name), []).append(name)
        base, mine, theirs = (
            {heading: tuple(plain_value(values.get(name)) for name in names) for heading, names in groups.items()}
            for values in (past.base, row.typed, row.before)
        )
        found = merge(base, mine, theirs)
        for heading in found.conflicts:
            clash = self.clash(row, heading, past, groups[heading])
            row.clashes[heading] = clash
            if clash.chosen == "mine":
                found.changes[heading] = mine[heading]
        return {name: row.typed[name] for heading in found.changes for name in groups[heading]}

    def clash(self, row: Row, heading: str, past: Past, names: list[str]) -> Clash:
        column = next(c for c in self.columns if c.column_name == heading)
        then = next((past.changed_by[name] for name in names if name in past.changed_by), None)
        return Clash(
            theirs=column.words(row.before, row.instance),
            mine=column.words({**row.before, **{name: row.typed[name] for name in names}}, row.instance),
            by=who_and_when(then),
            chosen=self.chosen.get((row.number, heading), ""),
        )

    def confirm(self, row: Row) -> None:
        """A row is confirmed by an answer in it: one that differs, or one that a person wrote into a file of their own.

        In a workbook of ours the answers known are filled in, so that only those that differ, and the column Confirmed,
        are somebody's word.
        """
        if not self.answers or (row.is_new and "confirmed" in row.typed):
            return
        taken_back = row.typed.get("confirmed") is False and row.before.get("confirmed")
        stated = (row.is_new or not self.is_ours) and any(
            row.typed.get(name) not in (None, "") for name in self.answers
        )
        differs = any(
            name not in NO_ANSWER and not same(value, getattr(row.instance, name)) for name, value in row.before.items()
        )
        if (differs or (stated and (row.is_new or not self.is_ours))) and not taken_back:
            row.instance.confirmed = True

    def check(self, row: Row) -> None:
        """All that the row must satisfy by itself, and whether the person may write it now."""
        unread = {name for heading in row.errors for name, known in self.heading_of.items() if known == heading}
        for step in (
            lambda: check_row(row.instance, exclude=unread, changed=None if row.is_new else set(row.changes)),
            lambda: self.refuse(row),
        ):
            try:
                step()
            except ValidationError as error:
                self.blame(row, error)
        by = self.book.by
        if self.administrators_only and by is not None and not by.is_administrator:
            self.refuse_changes(row, "", self.set_up)
        if reason := self.why_locked(row):
            self.refuse_changes(row, "Priority", reason)

    def refuse_changes(self, row: Row, column: str, reason: str) -> None:
        """Refuse what may not be written, at each cell that was changed; at `column` where there is none."""
        changed = [] if row.is_new else [each for each in self.shown(row) if row.cells.get(each[0], "").strip()]
        for heading, old, _ in changed:
            back = f"write back what was there, “{shorten(old)}”" if old else "empty it again"
            row.refuse(heading, f"This was changed; {back}, or leave the row out: {reason}")
        if not changed:
            row.refuse(column, reason)

    def why_locked(self, row: Row) -> str:
        """Why the row can't be written now; a set-up row named on a quarter's sheet has that quarter's lock."""
        if not self.setup:
            update = self.update_of(row.instance)
            return self.book.why_locked(update, self.sections(row), row.instance.holder_id) if update else ""
        if self.named_each_quarter and row.instance.pk and cell(row.cells, "Quarter") and cell(row.cells, "Priority"):
            return self.book.why_locked(self.book.update(row.cells))
        return ""

    def sections(self, row: Row) -> frozenset[str]:
        """The sections of the update that writing the row changes."""
        return row.instance.sections_written()

    def keep(self, row: Row) -> None:
        *_, earlier = self.planned.get(id(row.instance), (None, None, {}))
        changes = {name: (earlier.get(name, pair)[0], pair[1]) for name, pair in row.changes.items()}
        self.planned[id(row.instance)] = (row.instance, row.is_new, {**earlier, **changes})

    # The outcome

    def problems(self) -> list[Problem]:
        """Every problem of every row, in plain words."""
        if self.problem:
            return [Problem(0, "", self.problem)]
        found = []
        for row in self.outcome:
            found += [Problem(row.number, column, " ".join(texts)) for column, texts in row.errors.items()]
            found += [
                Problem(row.number, column, clash.problem, conflict=True)
                for column, clash in row.clashes.items()
                if not clash.chosen
            ]
        return found

    def shown(self, row: Row) -> list[tuple[str, str, str]]:
        """The heading of each cell of a row that would change, what it says now, and what it would say."""
        found = []
        for column in self.columns:
            names_it = row.is_new and cell(row.cells, column.column_name)  # then its key is new too
            if isinstance(column, Key) and not names_it:
                continue
            if not any(name in row.changes for name in column.attributes):
                continue
            old = {name: pair[0] for name, pair in row.changes.items()}
            new = {name: pair[1] for name, pair in row.changes.items()}
            texts = [column.words({**row.before, **values}, row.instance) for values in (old, new)]
            if row.is_new:
                texts[0] = ""
            if texts[0] != texts[1]:
                found.append((column.column_name, *texts))
        return found

    @property
    def fingerprint(self) -> str:
        """What would be written, over which versions of which rows: another plan has another."""
        said = hashlib.sha256(type(self).__name__.encode())
        for row in self.outcome:
            if row.instance is not None and id(row.instance) in self.planned and row.changes:
                version = row.instance.version if isinstance(row.instance, QuarterRow) else 0
                names = row.typed if row.is_new else row.changes  # not what is drawn by lot, as a key
                changes = [(name, *map(plain_value, row.changes.get(name, ()))) for name in sorted(names)]
                said.update(repr((row.number, row.instance.pk, version, changes)).encode())
        said.update(repr([(p.row, p.column, p.message) for p in self.problems()]).encode())
        return said.hexdigest()

    # The administration's way in

    def import_data(self, dataset: Dataset, dry_run: bool = False, **kwargs: Any) -> Any:
        """Plan the rows; unless it is a dry run or any row is refused, write them too.

        `fingerprint` is that of the preview: raises Refused where the plan is another by now.
        """
        by = self.book.by = kwargs.get("user")
        self.plan_rows(dataset.headers or (), [["" if v is None else str(v).strip() for v in row] for row in dataset])
        result = self.as_result()
        if dry_run:
            return result
        if kwargs.get("fingerprint", self.fingerprint) != self.fingerprint:
            raise Refused(CHANGED_SINCE)
        if not result.has_errors() and not result.has_validation_errors() and self.plan:
            with writing(self.updates(), by=by, source=Source.ADMIN, overview_of=self.quarters(), opening=self.opening):
                self.apply()
        return result

    def as_result(self) -> Any:
        """The plan as import-export's pages show it."""
        result = self.get_result_class()()
        result.diff_headers, result.total_rows = self.get_diff_headers(), len(self.outcome)
        if self.problem:
            result.append_base_error(self.get_error_result_class()(ValueError(self.problem)))
        for row in self.outcome:
            shown = self.get_row_result_class()()
            shown.import_type, shown.instance = RESULTS[row.kind], row.instance
            shown.diff = self.as_html(row)
            undecided = {name: [clash.problem] for name, clash in row.clashes.items() if not clash.chosen}
            if row.errors or undecided:
                shown.import_type = RowResult.IMPORT_TYPE_INVALID
                errors = {name or NON_FIELD_ERRORS: texts for name, texts in {**undecided, **row.errors}.items()}
                result.append_invalid_row(row.number, row.cells, ValidationError(errors))
            else:
                shown.add_instance_info(row.instance)
            result.increment_row_result_total(shown)
            result.append_row_result(shown)
        result.fingerprint = self.fingerprint
        result.warnings = [
            f"Row {warning.row + 1}, {warning.column}: {warning.message}"
            if warning.row
            else f"Headings: {warning.message}"
            for warning in self.warnings
        ]
        return result

    def as_html(self, row: Row) -> Sequence[str]:
        changed = {heading: (old, new) for heading, old, new in self.shown(row)}
        found = []
        for column in self.get_user_visible_fields():
            old, new = changed.get(column.column_name, ("", ""))
            if isinstance(column, Key):
                new = cell(row.cells, column.column_name)
            found.append(format_html("<del>{}</del> <ins>{}</ins>", old, new) if old else format_html("{}", new))
        return found

    # Writing

    def updates(self) -> list[QuarterlyUpdate]:
        """The existing quarterly updates that the plan writes to."""
        found = {u.pk: u for row, *_ in self.plan if (u := self.update_of(row)) is not None and u.pk}
        return list(found.values())

    def quarters(self) -> list[Quarter]:
        """The existing quarters whose own row the plan writes."""
        return []

    @property
    def opening(self) -> bool:
        """Whether the plan makes quarters or quarterly updates."""
        return False

    def apply(self) -> None:
        """Write the plan, inside writing(): the new rows, then the changed ones, each in bulk and with history."""
        new = [instance for instance, is_new, _ in self.plan if is_new]
        for instance in new:  # what was unsaved when it was planned has its primary key by now
            for f in instance._meta.concrete_fields:
                if f.is_relation and f.is_cached(instance):
                    setattr(instance, f.name, f.get_cached_value(instance))
        changed = [(instance, changes) for instance, is_new, changes in self.plan if not is_new]
        if new:
            self._meta.model.objects.bulk_create(new, batch_size=500)  # type: ignore[attr-defined]
        if changed:
            names = sorted({name for _, changes in changed for name in changes})
            self.take_over(changed, names)
            self._meta.model.objects.bulk_update([i for i, _ in changed], names, batch_size=500)  # type: ignore[attr-defined]

    def take_over(self, changed: list[tuple[Any, dict[str, tuple[Any, Any]]]], names: list[str]) -> None:
        """Keep what others have saved since the plan was made; raises Refused where they changed the same figure."""
        if issubclass(self._meta.model, QuarterRow):
            names = [*names, "version"]
        rows = self._meta.model._base_manager.filter(pk__in=[instance.pk for instance, _ in changed])
        stored = {values["pk"]: values for values in rows.values("pk", *names)}
        for instance, changes in changed:
            if instance.pk not in stored:
                raise Refused(f"{instance}: somebody has deleted this since; import again.")
            for name in names:
                now = stored[instance.pk][name]
                if name not in changes:
                    setattr(instance, name, now)
                elif now != changes[name][0]:
                    raise Refused(f"{instance}: somebody has changed the {name.replace('_', ' ')} since; import again.")


HIDDEN = ("Key", "Version")  # the hidden columns of a workbook of ours
NO_ANSWER = {"confirmed", "position"}  # fields that say nothing of the quarter
CHANGED_SINCE = "Nothing was imported: something has changed since the preview. Preview the file again."
RESULTS = {
    "new": RowResult.IMPORT_TYPE_NEW,
    "changed": RowResult.IMPORT_TYPE_UPDATE,
    "unchanged": RowResult.IMPORT_TYPE_SKIP,
    "ignored": RowResult.IMPORT_TYPE_SKIP,
    "refused": RowResult.IMPORT_TYPE_INVALID,
}


@cache
def importable(model: type[models.Model]) -> tuple[tuple[str, str], ...]:
    """The fields of a model that an import may change: their names, and those of their columns."""
    return tuple(
        (f.name, f.attname)
        for f in model._meta.concrete_fields
        if not f.primary_key and f.editable and not f.is_relation
    )


def values_of(instance: models.Model) -> dict[str, Any]:
    """The values of a row that an import may change, by field name."""
    return {name: getattr(instance, attname) for name, attname in importable(type(instance))}


def same(stored: Any, said: Any) -> bool:
    """Whether a cell says what is stored; how its lines end, and the space around it, say nothing."""
    return stored == said or (isinstance(stored, str) and isinstance(said, str) and parse_text(stored) == said)


def plain_value(value: Any) -> Any:
    """A value so that equal ones look equal: 27 and 27.0000, a choice and its text."""
    if isinstance(value, models.Choices):
        return value.value
    if isinstance(value, str):
        return parse_text(value)
    return value.normalize() if isinstance(value, Decimal) else value


def who_and_when(then: Any) -> str:
    """Who wrote an entry of history, and when."""
    change_set = then.change_set if then is not None else None
    if change_set is None:
        return "Somebody"
    at: dt.datetime = timezone.localtime(change_set.at)
    return f"{change_set.person or 'Somebody at the command line'} ({at:%-d %B %Y, %H:%M})"
