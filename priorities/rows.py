"""Rows of a spreadsheet into rows of the database: the base of every app's import-export resources.

A resource reads one model from one sheet. Importing only plans: every row ends as an instance in memory, new, changed,
the same or refused, with nothing written and no query per row. `apply` then writes the plan in bulk, inside writing().
The admin's import runs the same resources with the same messages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import SequenceMatcher, get_close_matches
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.utils.html import format_html
from import_export import fields, resources
from import_export.instance_loaders import BaseInstanceLoader
from tablib import Dataset

from .cells import (
    CLEAR,
    CellError,
    parse_period,
    parse_text,
    parse_title,
    plain,
    shorten,
    tidy,
)
from .door import Guarded, Refused
from .history import Source
from .models import (
    Person,
    Plan,
    Priority,
    Quarter,
    QuarterlyUpdate,
    QuarterRow,
    UpdateStatus,
    is_open_to,
    why_not_open,
)
from .periods import Period
from .rules import check_row
from .writing import writing

ALIKE = 0.85  # from this likeness on, a new name is questioned as a slip of the pen
AGAIN = " (again)"
UNLIKE = 0.5  # below this likeness, two titles under one reference are taken for different things


def fold(text: object) -> str:
    """A name as it is compared: case, spaces, "&" and the kind of apostrophe don't matter."""
    return tidy(text).casefold().replace("&", "and").replace("’", "'").rstrip("*. ")


def likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, fold(one), fold(other)).ratio()


def nearest(name: str, known: Iterable[str], cutoff: float = ALIKE) -> str | None:
    """The known name that this one is most like, if it is nearly the same."""
    by_fold = {fold(k): k for k in known}
    found = get_close_matches(fold(name), by_fold, n=1, cutoff=cutoff)
    return by_fold[found[0]] if found else None


def slip_of(name: str, known: Iterable[str]) -> str | None:
    """The known name that this one is a letter or two from: for titles that rightly resemble one another."""
    near = nearest(name, known, cutoff=0.75)
    if near is None or len(name) < 5:
        return None
    edits = SequenceMatcher(None, fold(name), fold(near), autojunk=False).get_opcodes()
    differing = [(fold(name)[a1:a2], fold(near)[b1:b2]) for kind, a1, a2, b1, b2 in edits if kind != "equal"]
    if all(one.strip().isdigit() and other.strip().isdigit() for one, other in differing):
        return None  # "Stage 1" and "Stage 2" are two things
    return near if sum(max(map(len, pair)) for pair in differing) <= 2 else None


def wrong(column: str, message: str) -> ValidationError:
    return ValidationError({column: ValidationError(message, code="invalid")})


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in one row; `column` is a heading, or "" for the row as a whole."""

    row: int  # 1 is the first row below the headings
    column: str
    message: str


class NEVER:
    """What a column is emptied to that can't be; a class, because import-export copies columns."""


class Column(fields.Field):
    """One column: its heading, the aliases that serve too, and how its cells are read and written.

    A blank cell leaves what is stored alone; `[clear]` empties it, to the value of `empty`.
    """

    def __init__(
        self,
        attribute: str | None,
        heading: str,
        *,
        parse: Callable[..., Any] = parse_text,
        show: Callable[[Any], Any] = str,
        aliases: tuple[str, ...] = (),
        empty: Any = "",
    ) -> None:
        super().__init__(attribute=attribute, column_name=heading)
        self.parse, self.show, self.aliases, self.empty = parse, show, aliases, empty

    def save(self, instance: Any, row: dict[str, Any], is_m2m: bool = False, **kwargs: Any) -> None:
        text = cell(row, self.column_name)
        if text.casefold() == CLEAR:
            if self.empty is NEVER:
                raise CellError("This can't be empty; write what it should be, or leave the cell blank.")
            self.assign(instance, self.empty)
        elif text:
            self.assign(instance, self.read(text, instance))

    def read(self, text: str, instance: Any) -> Any:
        return self.parse(text)

    def assign(self, instance: Any, value: Any) -> None:
        setattr(instance, self.attribute, value)

    def export(self, instance: Any, **kwargs: Any) -> Any:
        value = self.get_value(instance)
        return "" if value is None or value == "" else self.show(value)


class Key(Column):
    """A column that says which row is meant; identify() reads it, and importing doesn't write it."""

    def save(self, instance: Any, row: dict[str, Any], is_m2m: bool = False, **kwargs: Any) -> None:
        return


def cell(row: dict[str, Any], column: str) -> str:
    value = row.get(column)
    return "" if value is None else str(value).strip()


def name_in(row: dict[str, Any], column: str) -> str:
    """A cell that names the row: "" where it is blank; it can't be cleared. Raises ValidationError."""
    text = cell(row, column)
    if text.casefold() == CLEAR:
        raise wrong(column, "This names the row and can't be emptied; leave the row out, or delete what it is about.")
    return text


def heading_key(heading: object) -> str:
    """A heading as it is compared: without case, punctuation and a unit in brackets."""
    text = re.sub(r"\((?:£|in )[^)]*\)$", "", tidy(heading).casefold().replace("’", "'")).strip()
    return text.rstrip(".:* ")


@dataclass
class Book:
    """What the rows of one import refer to and make, loaded once and shared by its resources."""

    by: Person | None = None
    tables: dict[str, Any] = field(default_factory=dict)
    _loaded: bool = False

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

    def period(self, row: dict[str, Any]) -> Period:
        text = cell(row, "Quarter")
        if not text:
            raise wrong("Quarter", "The quarter is missing; write the report's quarter, like Q1 2022/23.")
        try:
            return parse_period(text)
        except CellError as error:
            raise wrong("Quarter", str(error)) from error

    def quarter(self, row: dict[str, Any]) -> Quarter:
        period = self.period(row)
        if period not in self.quarters:
            raise wrong(
                "Quarter",
                f"{period} is not known yet; name it on a Quarter sheet, or correct it to a known quarter.",
            )
        return self.quarters[period]

    def plan_of(self, row: dict[str, Any]) -> Plan:
        """The plan that a row means: its quarter's, the one it names, or the newest."""
        return self.quarter(row).plan if cell(row, "Quarter") else self.plan_named(row)

    def plan_named(self, row: dict[str, Any]) -> Plan:
        title = cell(row, "Plan")
        plans = [p for p in self.plans if not title or fold(p.title) == fold(title)]
        if not plans:
            raise wrong("Plan", f"“{shorten(title)}” is not a known plan; correct the title, or set it up first.")
        return max(plans, key=lambda plan: plan.first_year)

    def priority(self, row: dict[str, Any], plan: Plan) -> Priority:
        title = parse_title(name_in(row, "Priority"))
        if not title:
            raise wrong("Priority", "The priority is missing; write its title.")
        if found := self.priorities.get((plan.first_year, fold(title))):
            return found
        known = [p.title for (year, _), p in self.priorities.items() if year == plan.first_year]
        if near := nearest(title, known):
            raise wrong("Priority", f"“{shorten(title)}” is not a known priority; did you mean “{near}”?")
        raise wrong(
            "Priority",
            f"“{shorten(title)}” is not a known priority; add it to the Priorities sheet, or correct the title.",
        )

    def update(self, row: dict[str, Any]) -> QuarterlyUpdate:
        quarter = self.quarter(row)
        priority = self.priority(row, quarter.plan)
        update = self.updates.get((quarter.period, fold(priority.title)))
        if update is None:
            raise wrong(
                "Priority",
                f"“{priority.title}” has no update for {quarter}; add it to the Priorities sheet for that quarter.",
            )
        return update

    def why_locked(self, update: QuarterlyUpdate, row: Guarded | None = None) -> str:
        """Why this update, or this row of it, can't be written by the importing person now; "" if it can."""
        status = UpdateStatus(update.status)
        if status not in UpdateStatus.editable():
            return f"{update} is {status.label.lower()} and can't be changed: send it back first."
        if self.by is not None and not is_open_to(update, self.by):
            return why_not_open(update)
        if row is None or self.by is None or self.by.is_administrator or update.pk is None:
            return ""
        if self.by.may_write(update.priority_id, row.sections_written(), row.holder_id):
            return ""
        return f"{update} is not yours to fill in; ask its lead or an administrator."


def priority_key(priority: Priority) -> tuple[int, str]:
    return priority.plan.first_year, fold(priority.title)


def update_key(update: QuarterlyUpdate) -> tuple[Period, str]:
    return update.quarter.period, fold(update.priority.title)


class SheetResource(resources.Resource):
    """Base: identifies each row's instance without a query, leaves blanks alone, checks rules, and plans.

    A subclass has `identify`, which gives the row's natural key and how to make a new instance, and `stored`, which
    gives the instances there are. `setup` says that the model isn't a report row: no update is locked for it.
    """

    setup = False
    administrators_only = False
    named_each_quarter = False  # set-up rows that stand on a quarter's sheet, and so again in every quarter
    required: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()  # missing, these are warned of where there are new rows
    checked: tuple[str, ...] = ()  # headings that are compared, never stored
    rows: list[int] | None = None  # the number of each row as the spreadsheet counts; None: in order from 2

    class Meta:
        instance_loader_class = BaseInstanceLoader  # identify() finds the row
        skip_diff = skip_html_diff = True  # skip_row() compares, after_import_row() shows
        store_instance = True

    def __init__(self, book: Book | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.book = book or Book()
        self.warnings: list[Problem] = []
        self.planned: dict[int, tuple[Any, bool, dict[str, tuple[Any, Any]]]] = {}

    @property
    def plan(self) -> Collection[tuple[Any, bool, dict[str, tuple[Any, Any]]]]:
        """Each row to be written: the instance, whether it is new, and its changes as field: (old, new)."""
        return self.planned.values()

    @classmethod
    def get_display_name(cls) -> str:
        return str(cls._meta.model._meta.verbose_name_plural).capitalize()

    # For subclasses

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        raise NotImplementedError

    def identify(self, row: dict[str, Any]) -> tuple[Hashable, Callable[[], Any]]:
        raise NotImplementedError

    def update_of(self, instance: Any) -> QuarterlyUpdate | None:
        return None if self.setup else instance.update

    # Headings

    def canonical(self, headings: Iterable[object]) -> list[str]:
        """The contract's heading for each heading found; unknown ones stay as they are."""
        known: dict[str, list[Column]] = {}
        for column in self.fields.values():
            for name in (column.column_name, *column.aliases):
                known.setdefault(heading_key(name), []).append(column)
        found: list[str] = []
        for raw in headings:
            name = next((c.column_name for c in known.get(heading_key(raw), ())), tidy(raw))
            found.append(f"{name}{AGAIN}" if name in found and name in self.headings() else name)
        return found

    def headings(self) -> list[str]:
        return [*(column.column_name for column in self.fields.values()), *self.checked]

    def names_by(self, heading: str) -> bool:
        """Whether a column says which row is meant, here or in another resource of the sheet."""
        keys = (column.column_name for column in self.fields.values() if isinstance(column, Key))
        return heading in (*self.required, *keys)

    def knows(self, heading: str) -> bool:
        return heading.removesuffix(AGAIN) in self.headings()

    def before_import(self, dataset: Dataset, **kwargs: Any) -> None:
        if self.book.by is None:
            self.book.by = kwargs.get("user")
        raw = list(dataset.headers or ())
        dataset.headers = self.canonical(raw)
        self.raw_headings = dict(zip(dataset.headers, map(str, raw), strict=True))
        self.book.load()
        periods: set[Period] = set()
        if "Quarter" in dataset.headers:
            for text in set(dataset["Quarter"]):
                try:
                    periods.add(parse_period(str(text)))
                except CellError:
                    continue
        self.book.load_updates(periods)
        table = self.book.tables.setdefault(type(self).__name__, {})
        if not table:
            table.update(self.stored(periods))
        self.table = table
        self.seen: dict[Hashable, int] = {}
        if repeated := [name for name in dataset.headers if name.endswith(AGAIN)]:
            name = repeated[0].removesuffix(AGAIN)
            raise ValueError(f"Two columns are headed {name}, or a word for it; keep one of them.")
        if lacking := [name for name in self.required if name not in dataset.headers]:
            raise ValueError(f"The headings lack {' and '.join(lacking)}; add the column, or mend its heading.")

    def get_import_id_fields(self) -> list[str]:
        return []

    # One row, in the order in which import-export calls these

    def before_import_row(self, row: dict[str, Any], **kwargs: Any) -> None:
        self.row, self.row_number = row, kwargs["row_number"]

    def get_or_init_instance(self, instance_loader: Any, row: dict[str, Any]) -> tuple[Any, bool]:
        key, make = self.identify(row)
        first = self.seen.setdefault(key, self.row_number)
        if first != self.row_number and not (self.named_each_quarter and cell(row, "Quarter")):
            number = self.rows[first - 1] if self.rows else first + 1
            raise ValidationError(f"This row is about the same as row {number}; keep one of them.")
        if key in self.table:
            return self.table[key], not self.table[key].pk
        self.table[key] = made = make()
        return made, True

    def after_init_instance(self, instance: Any, new: bool, row: dict[str, Any], **kwargs: Any) -> None:
        self.before = {} if new else values_of(instance)

    def skip_row(self, instance: Any, original: Any, row: dict[str, Any], import_validation_errors: Any = None) -> bool:
        now = values_of(instance)
        self.changes = {name: (self.before.get(name), value) for name, value in now.items()}
        if self.before:
            self.changes = {name: pair for name, pair in self.changes.items() if pair[0] != pair[1]}
        return not import_validation_errors and bool(self.before) and not self.changes

    def validate_instance(
        self, instance: Any, import_validation_errors: Any = None, validate_unique: bool = True
    ) -> None:
        errors = dict(import_validation_errors or {})
        try:
            check_row(instance, exclude=set(errors))
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        by = self.book.by
        if self.administrators_only and by is not None and not by.is_administrator:
            errors.setdefault(NON_FIELD_ERRORS, []).append(
                ValidationError(f"{self.get_display_name()} are set up by administrators; ask one.", code="locked")
            )
        if reason := self.why_locked(instance):
            errors.setdefault("Priority", []).append(ValidationError(reason, code="locked"))
        if errors:
            raise ValidationError(errors)

    def why_locked(self, instance: Any) -> str:
        """Why the row can't be written now; a set-up row named on a quarter's sheet has that quarter's lock."""
        if not self.setup:
            update = self.update_of(instance)
            return self.book.why_locked(update, instance) if update is not None else ""
        if not (self.named_each_quarter and instance.pk and cell(self.row, "Quarter") and cell(self.row, "Priority")):
            return ""
        return self.book.why_locked(self.book.update(self.row))

    def save_instance(self, instance: Any, is_create: bool, row: dict[str, Any], **kwargs: Any) -> None:
        *_, earlier = self.planned.get(id(instance), (None, None, {}))
        self.planned[id(instance)] = (instance, is_create, {**earlier, **self.changes})

    def after_import_row(self, row: dict[str, Any], row_result: Any, **kwargs: Any) -> None:
        row_result.diff = [self.difference(column) for column in self.get_user_visible_fields()]

    def difference(self, column: Column) -> str:
        if isinstance(column, Key):
            return format_html("{}", cell(self.row, column.column_name))
        old, new = (
            plain(value) if isinstance(value, Decimal) else value
            for value in self.changes.get(column.attribute or "", (None, None))
        )
        if old in (None, "") or old == new:
            return format_html("{}", "" if new is None else new)
        return format_html("<del>{}</del> <ins>{}</ins>", old, "" if new is None else new)

    # The outcome

    def problems(self, result: Any) -> list[Problem]:
        """Every problem of every row, in plain words."""
        found = [Problem(0, "", str(error.error)) for error in result.base_errors]
        if found:
            return found
        found = [Problem(number, "", str(e.error)) for number, errors in result.row_errors() for e in errors]
        headings = {c.attribute: c.column_name for c in self.fields.values() if c.attribute}
        for invalid in result.invalid_rows:
            for name, errors in invalid.error.update_error_dict({}).items():
                column = "" if name == NON_FIELD_ERRORS else headings.get(name, name)
                found += [Problem(invalid.number, column, " ".join(error.messages)) for error in errors]
        return found

    def import_data(self, dataset: Dataset, dry_run: bool = False, **kwargs: Any) -> Any:
        """Plan the rows; unless it is a dry run or any row is refused, write them too. The admin's way in."""
        result = self.plan_rows(dataset, **kwargs)
        result.warnings = [
            f"Row {warning.row + 1}, {warning.column}: {warning.message}"
            if warning.row
            else f"Headings: {warning.message}"
            for warning in self.warnings
        ]
        if not dry_run and not result.has_errors() and not result.has_validation_errors():
            with writing(
                self.updates(),
                by=kwargs.get("user"),
                source=Source.ADMIN,
                overview_of=self.quarters(),
                opening=self.opening,
            ):
                self.apply()
        return result

    def plan_rows(self, dataset: Dataset, **kwargs: Any) -> Any:
        """import-export's own loop over the rows, which ends in plan instead of in the database."""
        kwargs = {k: v for k, v in kwargs.items() if k in ("user", "file_name", "raise_errors")}
        result = super().import_data(dataset, dry_run=False, use_transactions=False, **kwargs)
        new = sum(is_new for _, is_new, _ in self.plan)
        self.warnings += [
            Problem(0, "", f"there is no column {name}; it stays empty in the {new} new rows.")
            for name in self.expected
            if new and name not in self.raw_headings
        ]
        return result

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


def values_of(instance: models.Model) -> dict[str, Any]:
    """The columns of a row that an import may change, by field name."""
    return {
        f.name: getattr(instance, f.attname)
        for f in instance._meta.concrete_fields
        if not f.primary_key and (f.editable and not f.is_relation)
    }
