"""Rows of a spreadsheet into rows of the database: the base of every app's import-export resources.

A resource reads one model from one sheet. Importing only plans: every row ends as an instance in memory, new, changed,
the same or refused, with nothing written and no query per row. `apply` then writes the plan in bulk, inside writing().
book.py has what rows refer to, in_admin.py the administration's way in, with the same messages.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import uuid
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.utils import timezone

from .book import Book, Texts, not_yours
from .cells import CellError, parse_period, parse_text, shorten, tidy
from .columns import (
    Column,
    Key,
    Problem,
    cell,
    fold,
    heading_key,
    likeness,
    wrong,
)
from .door import Refused
from .in_admin import InAdmin
from .merging import merge
from .models import (
    Quarter,
    QuarterlyUpdate,
    QuarterRow,
)
from .periods import Period
from .rules import check_row, columns_of

AGAIN = " (again)"


@dataclass(frozen=True, slots=True)
class Clash:
    """A cell that the file and somebody else have changed, each to something else since the file was made."""

    theirs: str
    mine: str
    by: str  # who stored theirs, and when
    choice: str  # "mine", "theirs" or ""

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
    made: dt.datetime | None = None  # when the file was made, where it says so: what is set up has no version
    typed: dict[str, Any] = field(default_factory=dict)  # what the file says, by field
    left_out: QuarterlyUpdate | None = None  # the update of which the person may read nothing
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


class SheetResource(InAdmin):
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
    choices: Mapping[tuple[int, str], str] = {}  # in conflicts, by number and heading: "mine" or "theirs"

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
        if self.named_each_quarter:
            self.hold_together()
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
        row.left_out = self.book.unread(row.cells)
        if row.left_out:
            row.kind = "ignored"
            return
        hidden = self.hidden(row)
        self.read_version(row)
        try:
            key, make = self.identify(row.cells)
        except (ValidationError, CellError):
            if hidden:
                raise wrong("Priority", not_yours(hidden)) from None  # which may tell what is stored
            raise
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
        if not self.setup:
            hidden = self.hidden_of(row, self.update_of(row.instance))
        if hidden and not (self.book.by and getattr(row.instance, "holder_id", None) == self.book.by.pk):
            row.kind = "ignored" if row.is_blank else ""
            if not row.is_blank:
                raise wrong("Priority", not_yours(hidden))
            return
        self.refuse_newer(row)
        row.typed = self.typed(row)

    def hidden(self, row: Row) -> QuarterlyUpdate | None:
        """The update of the row, if the person may not read the sections that the row speaks of, right or wrong.

        Asked before anything is looked up by the row's words, compared or remarked. Raises ValidationError for what
        only administrators may read and write.
        """
        by = self.book.by
        if by is None or by.sees_all:
            return None
        if self.administrators_only and not self.named_each_quarter and self.says_something(row):
            raise ValidationError(self.set_up)
        if self.setup and not self.section:
            return None
        if self.setup and not cell(row.cells, "Quarter"):
            priority = self.book.priority(row.cells, self.book.plan_of(row.cells))
            if not by.sections_of(priority.pk) >= self.sections_said(row):
                raise wrong("Priority", f"“{priority}” is not yours to fill in; ask its lead or an administrator.")
            return None
        return self.hidden_of(row, self.book.update_named(row.cells))

    def hidden_of(self, row: Row, update: QuarterlyUpdate | None) -> QuarterlyUpdate | None:
        by = self.book.by
        if by is None or by.sees_all or update is None or not update.pk:
            return None
        return None if self.sections_said(row) <= self.book.readable(update) else update

    def says_something(self, row: Row) -> bool:
        return any(cell(row.cells, heading) for heading, _ in self.said)

    def sections_said(self, row: Row) -> frozenset[str]:
        """The sections of the update that the row's cells are of."""
        return frozenset([self.section or self._meta.model.section])  # type: ignore[attr-defined]

    @property
    def set_up(self) -> str:
        return f"{self.get_display_name()} are set up by administrators; ask one."

    def says_nothing(self, made: Any) -> bool:
        """Whether a blank row would only make a row without answers, about something known."""
        if not isinstance(made, QuarterRow):
            return False
        relations: Any = [f for f in made._meta.concrete_fields if f.is_relation]
        return all(getattr(made, f.name).pk for f in relations if f.is_cached(made))

    def read_version(self, row: Row) -> None:
        """The version of the row and the time at which the file was made; see stamp().

        Raises ValidationError for what is no version, and for that of another quarter's row.
        """
        text = cell(row.cells, "Version")
        if not text:
            return
        found = STAMP.fullmatch(text)
        if found is None:
            raise wrong("Version", f"“{shorten(text)}” is no version; leave the column as it was written, or empty it.")
        if found["quarter"] and cell(row.cells, "Quarter"):
            made_for, period = Period.from_slug(found["quarter"]), self.book.period(row.cells)
            if made_for != period:
                raise wrong("Version", made_for_another(made_for, period))
        row.version = int(found["version"])
        try:
            row.made = dt.datetime.strptime(found["made"], MADE).replace(tzinfo=dt.UTC) if found["made"] else None
        except ValueError:
            row.made = None  # it was written otherwise, and says nothing

    def refuse_newer(self, row: Row) -> None:
        """A version that is still to come is that of another row, or of another database."""
        stored = getattr(row.instance, "version", None)
        if row.version is not None and stored is not None and not row.is_new and row.version > stored:
            raise wrong(
                "Version",
                f"Version {row.version} is newer than what is stored, {stored}; download the workbook again, or empty "
                "the cell.",
            )

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
        self.row.version = self.row.made = None
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
            if self.was_there(then, stale[then.id]):
                past.base = values
            else:
                before = last.get(then.id, past.base)
                past.changed_by |= {name: then for name in names if values[name] != before[name]}
            last[then.id] = values

    def was_there(self, then: Any, row: Row) -> bool:
        """Whether an entry of history is from before the file was made."""
        if self.named_each_quarter:
            return row.made is not None and then.history_date <= row.made
        return then.version <= (row.version or 0)

    def is_stale(self, row: Row) -> bool:
        if row.kind or row.is_new:
            return False
        if self.named_each_quarter:
            return row.made is not None and not self.says_the_same(row)
        return row.version is not None and row.version < getattr(row.instance, "version", 0)

    def hold_together(self) -> None:
        """What is set up is told on the sheet of every quarter: no two rows of a file may say two things of it."""
        rows: dict[int, list[Row]] = {}
        for row in self.outcome:
            if not row.kind and row.instance is not None:
                rows.setdefault(id(row.instance), []).append(row)
        for same_thing in rows.values():
            said: dict[str, tuple[Any, int]] = {}
            for row in same_thing if len(same_thing) > 1 else ():
                self.hold_to(row, said)

    def hold_to(self, row: Row, said: dict[str, tuple[Any, int]]) -> None:
        """Refuse what differs from an earlier row of the same thing; `said` has its values and its number."""
        past = self.past.get(row.instance.pk)
        for heading, column in self.said:
            names = [name for name in column.attributes if name in row.typed]
            value = [plain_value(row.typed[name]) for name in names]
            if not names or (past and value == [plain_value(past.base.get(name)) for name in names]):
                continue
            first, number = said.setdefault(heading, (value, row.number))
            if first != value:
                place = self.rows[number - 1] if self.rows else number + 1
                row.refuse(heading, f"Row {place} says something else of the same; write the same, or leave one blank.")

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
        undecided = any(not clash.choice for clash in row.clashes.values())
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
        names = [name for heading in found.conflicts for name in groups[heading]]
        if names and (reason := self.why_locked(row, names)):
            for heading in found.conflicts:
                row.refuse(heading, f"This was changed, here and by somebody else; leave the row out: {reason}")
            return {}
        for name in names:
            self.check_typed(row, name)
        for heading in found.conflicts if not row.errors else ():
            clash = self.clash(row, heading, past, groups[heading])
            row.clashes[heading] = clash
            if clash.choice == "mine":
                found.changes[heading] = mine[heading]
        return {name: row.typed[name] for heading in found.changes for name in groups[heading]}

    def check_typed(self, row: Row, name: str) -> None:
        """Refuse what no column can hold, before it is shown as a choice."""
        value, column = row.typed[name], columns_of(self._meta.model)[name]
        try:
            column.run_validators(value)
        except ValidationError as error:
            self.blame(row, ValidationError({name: error}))

    def clash(self, row: Row, heading: str, past: Past, names: list[str]) -> Clash:
        column = next(c for c in self.columns if c.column_name == heading)
        then = next((past.changed_by[name] for name in names if name in past.changed_by), None)
        return Clash(
            theirs=column.words(row.before, row.instance),
            mine=column.words({**row.before, **{name: row.typed[name] for name in names}}, row.instance),
            by=who_and_when(then),
            choice=self.choices.get((row.number, heading), ""),
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
        if reason := self.why_locked(row, row.changes):
            self.refuse_changes(row, "Priority", reason)

    def refuse_changes(self, row: Row, column: str, reason: str) -> None:
        """Refuse what may not be written, at each cell that was changed; at `column` where there is none."""
        changed = [] if row.is_new else [each for each in self.shown(row) if row.cells.get(each[0], "").strip()]
        for heading, old, _ in changed:
            back = f"write back what was there, “{shorten(old)}”" if old else "empty it again"
            row.refuse(heading, f"This was changed; {back}, or leave the row out: {reason}")
        if not changed:
            row.refuse(column, reason)

    def why_locked(self, row: Row, names: Collection[str]) -> str:
        """Why these fields can't be written now; a set-up row named on a quarter's sheet has that quarter's lock."""
        if not self.setup:
            update = self.update_of(row.instance)
            return self.book.why_locked(update, self.sections(row, names), row.instance.holder_id) if update else ""
        if self.named_each_quarter and row.instance.pk and cell(row.cells, "Quarter") and cell(row.cells, "Priority"):
            return self.book.why_locked(self.book.update(row.cells))
        return ""

    def sections(self, row: Row, names: Collection[str]) -> frozenset[str]:
        """The sections of the update that writing these fields changes."""
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
                if not clash.choice
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

    # Writing

    def updates(self) -> list[QuarterlyUpdate]:
        """The existing quarterly updates that the plan writes to, or was checked against."""
        if self.setup:
            changed = [row for row in self.outcome if row.kind in ("new", "changed") and row.changes]
            named = [self.book.update_named(row.cells) for row in changed] if self.named_each_quarter else []
        else:
            named = [self.update_of(instance) for instance, *_ in self.plan]
        return list({update.pk: update for update in named if update is not None and update.pk}.values())

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


MADE = "%Y%m%dT%H%M%S.%fZ"
STAMP = re.compile(
    r"(?:(?P<quarter>[0-9]{4}-[0-9]{2}-q[1-4]):)?(?P<version>[0-9]{1,9})(?:\.0)?(?::(?P<made>[0-9T.]{22}Z))?"
)
HIDDEN = KEY, VERSION = ("Key", "Version")  # the hidden columns of a workbook of ours
NO_ANSWER = {"confirmed", "position"}  # fields that say nothing of the quarter


def stamp(period: Period, version: int, made: dt.datetime) -> str:
    """The text of the hidden column Version: the quarter and version of the row, and when the file was made (UTC).

    A plain number is read too.
    """
    return f"{period.slug}:{version}:{made.astimezone(dt.UTC):{MADE}}"


def made_for_another(made_for: Period, period: Period) -> str:
    return (
        f"The workbook was made for {made_for}, and so were its hidden keys and versions; download that of {period}, "
        "or delete the columns Key and Version."
    )


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
