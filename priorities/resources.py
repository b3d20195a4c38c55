"""Rows of a spreadsheet into rows of the database: the base of every app's import-export resources.

A resource reads one model from one sheet. Importing only plans: every row ends as an instance in memory, new, changed,
the same or refused, with nothing written and no query per row. `apply` then writes the plan in bulk, inside writing().
The admin's import runs the same resources with the same messages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass, field
from difflib import SequenceMatcher, get_close_matches
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.utils import timezone
from django.utils.html import format_html
from import_export import fields, resources
from import_export.instance_loaders import BaseInstanceLoader
from tablib import Dataset

from .cells import (
    CLEAR,
    CellError,
    GoalConfidence,
    parse_date,
    parse_number,
    parse_period,
    parse_rating,
    parse_text,
    parse_title,
    shorten,
    tidy,
)
from .history import Source
from .models import (
    PLAN_YEARS,
    Assignment,
    AssignmentRole,
    Definition,
    DefinitionKind,
    Person,
    Plan,
    Priority,
    Quarter,
    QuarterlyUpdate,
    QuarterStatus,
    Section,
    UpdateStatus,
)
from .periods import Period
from .rules import check_row
from .writing import writing

ALIKE = 0.85  # from this likeness on, a new name is questioned as a slip of the pen
UNLIKE = 0.5  # below this likeness, two titles under one reference are taken for different things
CALENDAR_YEARS = 20  # how far from today a new quarter may lie


def fold(text: object) -> str:
    """A name as it is compared: case, spaces, "&" and the kind of apostrophe don't matter."""
    return tidy(text).casefold().replace("&", "and").replace("’", "'").rstrip("*. ")


def likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, fold(one), fold(other)).ratio()


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that this one is most like, if it is nearly the same."""
    by_fold = {fold(k): k for k in known}
    found = get_close_matches(fold(name), by_fold, n=1, cutoff=ALIKE)
    return by_fold[found[0]] if found else None


def slip_of(name: str, known: Iterable[str]) -> str | None:
    """The known name that this one is a letter or two from: for titles that rightly resemble one another."""
    near = nearest(name, known)
    if near is None:
        return None
    edits = SequenceMatcher(None, fold(name), fold(near), autojunk=False).get_opcodes()
    letters = sum(max(a2 - a1, b2 - b1) for kind, a1, a2, b1, b2 in edits if kind != "equal")
    return near if letters <= 2 else None


def wrong(column: str, message: str) -> ValidationError:
    return ValidationError({column: ValidationError(message, code="invalid")})


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in one row; `column` is a heading, or "" for the row as a whole."""

    row: int  # 1 is the first row below the headings
    column: str
    message: str


class Column(fields.Field):
    """One column: its heading, the aliases that serve too, and how its cells are read and written.

    A blank cell leaves what is stored alone; `[clear]` empties it. `after` names the column that must stand to its left
    where several columns share an alias.
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
        after: str = "",
    ) -> None:
        super().__init__(attribute=attribute, column_name=heading)
        self.parse, self.show, self.aliases, self.empty, self.after = parse, show, aliases, empty, after

    def save(self, instance: Any, row: dict[str, Any], is_m2m: bool = False, **kwargs: Any) -> None:
        text = cell(row, self.column_name)
        if text.casefold() == CLEAR:
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


def heading_key(heading: object) -> str:
    """A heading as it is compared: without case, punctuation and a unit in brackets."""
    text = re.sub(r"\((?:£|in )[^)]*\)$", "", tidy(heading).casefold().replace("’", "'")).strip()
    return text.rstrip(".:* ")


@dataclass
class Book:
    """What the rows of one import refer to and make, loaded once and shared by its resources."""

    by: Person | None = None
    tables: dict[str, Any] = field(default_factory=dict)
    locked: dict[int, str] = field(default_factory=dict)
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
        title = parse_title(cell(row, "Priority"))
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

    def why_locked(self, update: QuarterlyUpdate, section: str | None) -> str:
        """Why this update, or this section of it, can't be written by the importing person now; "" if it can."""
        status = UpdateStatus(update.status)
        if status not in UpdateStatus.editable():
            return f"{update} is {status.label.lower()} and can't be changed: send it back first."
        if self.by is not None and update.pk and not self.by.is_administrator:
            theirs = self.by.sections_of(update.priority_id)
            if not theirs or (section and section not in theirs):
                return f"{update} is not yours to fill in; ask its lead or an administrator."
        return ""


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
    required: tuple[str, ...] = ()

    class Meta:
        instance_loader_class = BaseInstanceLoader  # identify() finds the row
        skip_diff = skip_html_diff = True  # skip_row() compares, after_import_row() shows
        store_instance = True

    checked: tuple[str, ...] = ()  # headings that are compared, never stored
    rows: list[int] | None = None  # the number of each row as the spreadsheet counts; None: in order from 2

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
            candidates = [c for c in known.get(heading_key(raw), ()) if c.column_name not in found]
            candidates = [c for c in candidates if not c.after or c.after in found] or candidates
            found.append(candidates[-1].column_name if candidates else tidy(raw))
        return found

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
        if lacking := [name for name in self.required if name not in dataset.headers]:
            raise ValueError(f"The headings lack {' and '.join(lacking)}; add the column, or mend its heading.")

    def get_import_id_fields(self) -> list[str]:
        return []

    # One row, in the order in which import-export calls these

    def before_import_row(self, row: dict[str, Any], **kwargs: Any) -> None:
        self.row_number = kwargs["row_number"]

    def get_or_init_instance(self, instance_loader: Any, row: dict[str, Any]) -> tuple[Any, bool]:
        key, make = self.identify(row)
        first = self.seen.setdefault(key, self.row_number)
        named_each_quarter = self.setup and cell(row, "Quarter")
        if first != self.row_number and not named_each_quarter:
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
        update = self.update_of(instance)
        if update is not None and (reason := self.book.why_locked(update, getattr(instance, "section", None))):
            errors.setdefault("Priority", []).append(ValidationError(reason, code="locked"))
        if errors:
            raise ValidationError(errors)

    def save_instance(self, instance: Any, is_create: bool, row: dict[str, Any], **kwargs: Any) -> None:
        *_, earlier = self.planned.get(id(instance), (None, None, {}))
        self.planned[id(instance)] = (instance, is_create, {**earlier, **self.changes})

    def after_import_row(self, row: dict[str, Any], row_result: Any, **kwargs: Any) -> None:
        row_result.changes = self.changes
        row_result.diff = [self.difference(column) for column in self.get_user_visible_fields()]

    def difference(self, column: Column) -> str:
        old, new = self.changes.get(column.attribute or "", (None, None))
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
        return super().import_data(dataset, dry_run=False, use_transactions=False, **kwargs)

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
            self._meta.model.objects.bulk_update([i for i, _ in changed], names, batch_size=500)  # type: ignore[attr-defined]


def values_of(instance: models.Model) -> dict[str, Any]:
    """The columns of a row that an import may change, by field name."""
    return {
        f.name: getattr(instance, f.attname)
        for f in instance._meta.concrete_fields
        if not f.primary_key and (f.editable and not f.is_relation)
    }


# The resources of this app's models


class PlanResource(SheetResource):
    """The Quarter sheet's plan: the one that covers the quarter, else a new one for four years."""

    setup = administrators_only = True
    quarter = Key(None, "Quarter")
    title = Column("title", "Plan")
    first_year = Column("first_year", "First year", parse=lambda text: parse_year(text))
    last_year = Column("last_year", "Last year", parse=lambda text: parse_year(text))

    class Meta:
        model = Plan

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        return ((plan.first_year, plan) for plan in self.book.plans)

    def identify(self, row: dict[str, Any]) -> tuple[Hashable, Callable[[], Any]]:
        title = parse_title(cell(row, "Plan"))
        if not cell(row, "Quarter") and cell(row, "First year"):
            first = parse_year(cell(row, "First year"))
            return first, lambda: Plan(first_year=first, last_year=first + PLAN_YEARS - 1)
        period = self.book.period(row)
        known = self.book.quarters.get(period)
        plan = known.plan if known else self.covering(period)
        if plan is None:
            return period.year, lambda: self.make(title, period)
        if title and fold(title) != fold(plan.title):
            raise wrong(
                "Plan",
                f"{period} belongs to the plan “{plan.title}”; write that title, or leave the cell empty.",
            )
        return plan.first_year, lambda: plan

    def covering(self, period: Period) -> Plan | None:
        return next((p for p in self.book.plans if p.first_year <= period.year <= p.last_year), None)

    def make(self, title: str, period: Period) -> Plan:
        later = [p.first_year for p in self.book.plans if p.first_year > period.year]
        last_year = min([period.year + PLAN_YEARS - 1, *(year - 1 for year in later)])
        plan = Plan(title=title or f"Plan from {period.label[3:]}", first_year=period.year, last_year=last_year)
        self.book.plans.append(plan)
        return plan

    def apply(self) -> None:
        super().apply()
        made = [plan for plan, is_new, _ in self.plan if is_new]
        planned = {period for period, quarter in self.book.quarters.items() if quarter.pk is None}
        quarters = [q for plan in made for q in plan.missing_quarters() if q.period not in planned]
        if quarters:
            Quarter.objects.bulk_create(quarters)

    @property
    def opening(self) -> bool:
        return any(is_new for _, is_new, _ in self.plan)


def parse_year(text: str) -> int:
    """The year a financial year begins in: "2022/23" or "2022"."""
    match = re.fullmatch(r"([0-9]{4})(?:\s*[/-]\s*(?:[0-9]{4}|[0-9]{2}))?(?:\.0)?", tidy(text))
    if not match:
        raise CellError(f"“{shorten(text)}” is not a financial year; write it like 2022/23.")
    return int(match[1])


class QuarterResource(SheetResource):
    setup = administrators_only = True
    required = ("Quarter",)
    quarter = Key("period", "Quarter")
    plan_title = Key("plan__title", "Plan")
    status = Key("status", "Status")
    overview = Column("overview", "Overview")

    class Meta:
        model = Quarter

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        return self.book.quarters.items()

    def identify(self, row: dict[str, Any]) -> tuple[Hashable, Callable[[], Any]]:
        period = self.book.period(row)
        if period not in self.book.quarters:
            this_year = Period.containing(timezone.localdate()).year
            if abs(period.year - this_year) > CALENDAR_YEARS:
                raise wrong("Quarter", f"{period} is more than {CALENDAR_YEARS} years away; correct the year.")
            plans = (p for p in self.book.plans if p.first_year <= period.year <= p.last_year)
            plan = next(plans, None)
            if plan is None:
                raise wrong("Quarter", f"No plan covers {period}; an administrator sets one up first.")
            return period, lambda: self.make(plan, period)
        return period, lambda: self.book.quarters[period]

    def make(self, plan: Plan, period: Period) -> Quarter:
        quarter = Quarter(plan=plan, financial_year=period.year, number=period.number, status=QuarterStatus.OPEN)
        self.book.quarters[period] = quarter
        return quarter

    def import_instance(self, instance: Any, row: dict[str, Any], **kwargs: Any) -> None:
        if instance.status == QuarterStatus.PLANNED and cell(row, "Status").casefold() != QuarterStatus.PLANNED:
            if any(q.status != QuarterStatus.PLANNED for q in self.book.quarters.values() if q.pk):
                raise wrong("Quarter", f"{instance} is not open yet; an administrator opens it first.")
            instance.status = QuarterStatus.OPEN  # the first of all: there is nothing to carry forward
        super().import_instance(instance, row, **kwargs)

    def validate_instance(self, instance: Any, *args: Any, **kwargs: Any) -> None:
        if self.before and instance.status == QuarterStatus.CLOSED:
            raise wrong("Quarter", f"{instance} is closed and can't be changed: reopen it first.")
        super().validate_instance(instance, *args, **kwargs)

    def quarters(self) -> list[Quarter]:
        return [quarter for quarter, is_new, _ in self.plan if not is_new]

    @property
    def opening(self) -> bool:
        return any(is_new for _, is_new, _ in self.plan)


class PriorityResource(SheetResource):
    setup = administrators_only = True
    required = ("Priority",)
    plan_title = Key("plan__title", "Plan")
    quarter = Key(None, "Quarter")
    title = Column("title", "Priority", parse=parse_title)
    position = Column("position", "Position", parse=parse_number)

    class Meta:
        model = Priority

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        return self.book.priorities.items()

    def identify(self, row: dict[str, Any]) -> tuple[Hashable, Callable[[], Any]]:
        plan = self.book.plan_of(row)
        title = parse_title(cell(row, "Priority"))
        if not title:
            raise wrong("Priority", "The priority is missing; write its title.")
        key = (plan.first_year, fold(title))
        known = [p.title for (year, _), p in self.book.priorities.items() if year == plan.first_year]
        if key not in self.book.priorities and (near := nearest(title, known)):
            raise wrong("Priority", f"“{shorten(title)}” is not a known priority; did you mean “{near}”?")
        return key, lambda: self.make(plan, title)

    def make(self, plan: Plan, title: str) -> Priority:
        others = [p for p in self.book.priorities.values() if p.plan.first_year == plan.first_year]
        slug, taken = Priority.slug_for(title), {p.slug for p in others}
        slug = next(s for s in (slug, *(f"{slug}-{n}" for n in range(2, 99))) if s not in taken)
        position = max((p.position for p in others), default=0) + 1
        priority = Priority(plan=plan, title=title, slug=slug, position=position)
        self.book.priorities[priority_key(priority)] = priority
        return priority

    def import_instance(self, instance: Any, row: dict[str, Any], **kwargs: Any) -> None:
        if instance.pk is None or not cell(
            row, "Quarter"
        ):  # a title is changed in the administration, not by a quarter's sheet
            super().import_instance(instance, row, **kwargs)


class QuarterlyUpdateResource(SheetResource):
    required = ("Quarter", "Priority")
    quarter = Key("quarter__period", "Quarter")
    priority = Key("priority__title", "Priority")
    objectives = Column("objectives", "Objectives", parse=parse_rating)
    time = Column("time", "Time", parse=parse_rating)
    spend = Column("spend", "Spend", parse=parse_rating)
    capability = Column("capability", "Capability", parse=parse_rating)
    risk = Column("risk", "Risk", parse=parse_rating)
    ratings_note = Column("ratings_note", "Ratings note")
    narrative = Column("narrative", "Narrative")
    finance_note = Column("finance_note", "Finance note")

    class Meta:
        model = QuarterlyUpdate

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        return self.book.updates.items()

    def identify(self, row: dict[str, Any]) -> tuple[Hashable, Callable[[], Any]]:
        quarter = self.book.quarter(row)
        priority = self.book.priority(row, quarter.plan)
        return (quarter.period, fold(priority.title)), lambda: self.make(quarter, priority)

    def make(self, quarter: Quarter, priority: Priority) -> QuarterlyUpdate:
        update = QuarterlyUpdate(quarter=quarter, priority=priority)
        self.book.updates[update_key(update)] = update
        return update

    def validate_instance(self, instance: Any, *args: Any, **kwargs: Any) -> None:
        if instance.pk is None and instance.quarter.status != QuarterStatus.OPEN:
            state = instance.quarter.get_status_display().lower()
            raise wrong("Quarter", f"{instance.quarter} is {state}; an administrator has to open it first.")
        super().validate_instance(instance, *args, **kwargs)

    def update_of(self, instance: Any) -> QuarterlyUpdate | None:
        return instance

    @property
    def opening(self) -> bool:
        return any(is_new for _, is_new, _ in self.plan)


class PersonResource(SheetResource):
    """People by user name; a new one has no password until they set it by mail."""

    setup = administrators_only = True
    required = ("User name",)
    username = Key("username", "User name", aliases=("Username",))
    first_name = Column("first_name", "First name")
    last_name = Column("last_name", "Last name")
    email = Column("email", "E-mail", aliases=("Email",))

    class Meta:
        model = Person

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        return ((person.username, person) for person in Person.objects.all())

    def identify(self, row: dict[str, Any]) -> tuple[Hashable, Callable[[], Any]]:
        username = cell(row, "User name")
        if not username:
            raise wrong("User name", "The user name is missing; write it.")
        return username, lambda: self.make(username)

    def make(self, username: str) -> Person:
        person = Person(username=username)
        person.set_unusable_password()
        return person


class AssignmentResource(SheetResource):
    setup = administrators_only = True
    required = ("Priority", "Person", "Role")
    plan_title = Key("priority__plan__title", "Plan")
    priority = Key("priority__title", "Priority")
    person = Key("person__username", "Person")
    role = Key("role", "Role")
    section = Key("section", "Section")
    starts_on = Column("starts_on", "From", parse=parse_date, empty=None)
    ends_on = Column("ends_on", "Until", parse=parse_date, empty=None)

    class Meta:
        model = Assignment

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        self.people = {person.username: person for person in Person.objects.all()}
        by_pk = {priority.pk: priority for priority in self.book.priorities.values()}
        for a in Assignment.objects.select_related("person"):
            a.priority = by_pk[a.priority_id]
            yield (*priority_key(a.priority), a.person.username, a.role, a.section), a

    def identify(self, row: dict[str, Any]) -> tuple[Hashable, Callable[[], Any]]:
        priority = self.book.priority(row, self.book.plan_of(row))
        username, role, section = cell(row, "Person"), cell(row, "Role"), cell(row, "Section")
        if username not in self.people:
            raise wrong(
                "Person",
                f"“{shorten(username)}” is not a known user name; correct it, or add the person first.",
            )
        made = Assignment(
            priority=priority,
            person=self.people[username],
            role=choice(AssignmentRole, role, "Role"),
            section=choice(Section, section, "Section") if section else "",
        )
        return (*priority_key(priority), username, made.role, made.section), lambda: made


class DefinitionResource(SheetResource):
    setup = administrators_only = True
    required = ("Kind", "Letter", "Text")
    kind = Key("kind", "Kind")
    letter = Key("letter", "Letter")
    text = Column("text", "Text")

    class Meta:
        model = Definition

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        return (((d.kind, d.letter), d) for d in Definition.objects.all())

    def identify(self, row: dict[str, Any]) -> tuple[Hashable, Callable[[], Any]]:
        kind = choice(DefinitionKind, cell(row, "Kind"), "Kind")
        letter = choice(GoalConfidence, cell(row, "Letter"), "Letter")
        return (kind, letter), lambda: Definition(kind=kind, letter=letter)


def choice(choices: type[models.TextChoices], text: str, column: str) -> str:
    """A choice by its value or its label; raises ValidationError that lists them."""
    for option in choices:
        if text.casefold() in (option.value.casefold(), str(option.label).casefold()):
            return option.value
    raise wrong(column, f"“{shorten(text)}” is not known; write one of {', '.join(choices.values)}.")
