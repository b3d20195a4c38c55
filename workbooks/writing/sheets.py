"""What a workbook holds: its sheets, their columns and the value of every cell, whatever the file."""

from __future__ import annotations

import copy
import datetime as dt
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils import timezone

from finance.models import FinancialPosition
from finance.resources import MoneyColumn
from goals.models import GoalForecast
from indicators.models import Background, Reading
from priorities.cells import Missing, Unit, plain
from priorities.columns import Column
from priorities.models import RATINGS, Quarter, QuarterlyUpdate, QuarterRow, RiskScale, Section
from priorities.rows import HIDDEN, SheetResource, stamp
from risks.models import Assessment, RiskKind

from ..importing import SHEETS
from ..reading.sheets import MAX_LENGTH

REVISED = "Revised"
ORDER = {
    "Quarter": "Quarter, Plan, Overview",
    "Priorities": "Quarter, Priority, Objectives, Time, Spend, Capability, Risk, Ratings note, Narrative, Finance note",
    "Finance": "Quarter, Priority, Period, Budget, Forecast, YTD profile, YTD actual",
    "Indicators": "Quarter, Priority, Ref, Indicator, Unit, Polarity, Basis, Target, Target basis, Target note, Value, "
    "Confidence, Reason, Note",
    "Risks": "Quarter, Priority, No., Risk, Score, Trend, Explanation, Owner",
    "Issues": "Quarter, Priority, No., Issue, Rating, Trend, Explanation, Owner",
    "Goals": "Quarter, Priority, No., Goal, Baseline, Forecast, Confidence, Comment",
    "Background": "Indicator, Priority, Quarter, Value, Basis, Source",
}
# What a quarter's sheet doesn't ask: it follows from the quarter, or is set up once, in the administration.
LEFT_OUT = {"Plan", "Year", "First year", "Last year", "Status", "Position"}
LINE_BREAKS = str.maketrans(dict.fromkeys("\r\x0b\x0c", "\n"))
UNWRITABLE = re.compile("[\x00-\x08\x0e-\x1f\ufffe\uffff]")
MATRIX = ("Likelihood", "Impact")


class Kind(Enum):
    """What a column's cells are, by which they are written, shown and offered."""

    TEXT = "text"
    LONG = "long text"
    TITLE = "a line of text"
    CODE = "code"
    FIGURE = "figure"
    MONEY = "money"
    COUNT = "count"
    DATE = "date"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class Percent:
    """A percentage so small that its bare number would read as a fraction: written as one, in a percent format."""

    value: Decimal

    def __str__(self) -> str:
        return f"{plain(self.value):f}%"


Value = str | int | Decimal | Percent | dt.date


@dataclass(frozen=True, slots=True)
class Heading:
    """A column: its heading, what its cells are, and the texts that its dropdown offers."""

    text: str
    kind: Kind
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    name: str
    headings: tuple[Heading, ...]
    rows: tuple[tuple[Value, ...], ...]

    def too_long(self) -> Iterator[tuple[int, int]]:
        """Row and column, from 1, of each text that no cell of a spreadsheet program can hold."""
        for number, row in enumerate(self.rows, 2):
            for column, value in enumerate(row, 1):
                if isinstance(value, str) and is_too_long(value):
                    yield number, column


def is_too_long(text: str) -> bool:
    return len(text) > MAX_LENGTH // 2 and len(text.encode("utf-16-le")) // 2 > MAX_LENGTH


def in_thousands(number: Decimal | int) -> bool:
    """Whether a figure is easier to read with separators, and would lose nothing by a format without decimals."""
    return abs(Decimal(number)) >= 1000 and number == int(number)


@dataclass(frozen=True, slots=True)
class About:
    """What the cover says: the quarter's label, the plan's title, how the quarter stands, what of it this is, by whom
    and when the file was made, and whether they may upload it filled in. `name` is the file's, without its ending."""

    name: str
    label: str
    plan: str
    state: str
    scope: str
    made_by: str
    made_at: dt.datetime
    to_fill_in: bool = True
    is_release: bool = False  # nothing of it depends on when it was made
    revisions: tuple[str, ...] = ()  # what was revised since the version before, each in a sentence

    @property
    def title(self) -> str:
        return f"{self.label}: quarterly performance report"


@dataclass(frozen=True, slots=True)
class Workbook:
    about: About
    sheets: tuple[Sheet, ...]


@dataclass
class Rows:
    """The rows to be written: of the database or unsaved, each knowing its update, priority and subject.

    `sections` are what is to be told of each update's own texts and ratings, by its place in `updates`. `as_of` is a
    moment before anything was read.
    """

    as_of: dt.datetime = field(default_factory=timezone.now)

    quarter: Quarter | None = None
    updates: list[QuarterlyUpdate] = field(default_factory=list)
    sections: list[frozenset[str]] = field(default_factory=list)
    positions: list[FinancialPosition] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    assessments: list[Assessment] = field(default_factory=list)
    forecasts: list[GoalForecast] = field(default_factory=list)
    background: list[Background] = field(default_factory=list)
    sets_up: bool = False  # whether it is for an administrator
    left_out: frozenset[str] = frozenset()  # headings of columns that its readers don't get
    revised: dict[str, str] = field(default_factory=dict)  # what of a row was revised, by its key

    @property
    def not_asked(self) -> Collection[str]:
        """The columns of a scale of risks that the plan doesn't have, and those that its readers don't get."""
        scales = {update.quarter.plan.risk_scale for update in self.updates}
        return self.left_out.union(() if RiskScale.MATRIX in scales else MATRIX)

    def may_gain(self, sheet: str) -> bool:
        """Whether somebody who fills this in may add rows to a sheet."""
        if sheet in SET_UP and not self.sets_up:
            return False
        return any(ADDED_TO.get(sheet) in sections for sections in self.sections)

    def of(self, sheet: str) -> list[Line]:
        """What each line of a sheet is made of, in the order of the report."""
        match sheet:
            case "Quarter":
                return [Line(q, q.plan, q.period.slug, self.version(q, q)) for q in [self.quarter] if q is not None]
            case "Priorities":
                parts = zip(self.updates, self.sections, strict=True)
                return [
                    Line(masked(u, s), u.priority, u.priority.slug, self.version(u, u.quarter))
                    for u, s in parts
                    if s & OWN
                ]
            case "Finance":
                return [self.line(p, p, f"{p.update.priority.slug}-q{p.period}") for p in self.positions]
            case "Indicators":
                return [self.line(r, r.indicator, r.indicator.key) for r in self.readings]
            case "Risks" | "Issues":
                kind = RiskKind.RISK if sheet == "Risks" else RiskKind.ISSUE
                return [self.line(a, a.risk, a.risk.key) for a in self.assessments if a.risk.kind == kind]
            case "Goals":
                return [self.line(f, f.goal, f.goal.key) for f in self.forecasts]
        return [Line(b, b.indicator, b.indicator.key) for b in self.background]

    def line(self, row: QuarterRow, subject: Any, key: Any) -> Line:
        return Line(row, subject, key, self.version(row, row.update.quarter))

    def version(self, row: Any, quarter: Quarter) -> str:
        """What was closed has no version; a row of a template has the one that it will have when it is made."""
        return "" if row.version is None else stamp(quarter.period, row.version, self.as_of)


ADDED_TO = {"Risks": Section.RISKS, "Issues": Section.RISKS, "Goals": Section.GOALS}  # by a row at the end
SET_UP = {"Goals"}  # to which only administrators add
OWN = {Section.RATINGS, Section.FINANCE}  # the sections that have columns on the Priorities sheet


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a sheet: the row, what it is about, and the key and the version by which an import knows it again."""

    row: Any
    subject: Any
    key: Any
    version: str = ""

    @property
    def hidden(self) -> tuple[str, str]:
        """Key and version; what gets its key when it is stored has none."""
        return str(self.key or ""), self.version


def masked(update: QuarterlyUpdate, sections: frozenset[str]) -> QuarterlyUpdate:
    """The update without the texts and ratings of other sections."""
    shown = copy.copy(update)
    hidden: tuple[str, ...] = ("finance_note",) if Section.FINANCE not in sections else ()
    if Section.RATINGS not in sections:
        hidden += (*RATINGS, "ratings_note", "narrative")
    for name in hidden:
        setattr(shown, name, "")
    return shown


def workbook(about: About, rows: Rows) -> Workbook:
    """The workbook of these rows; a sheet without any is left out, unless the first one may be added to it."""
    sheets = (sheet(name, rows.of(name), rows.not_asked, rows.revised) for name in SHEETS)
    return Workbook(about, tuple(found for found in sheets if found.rows or rows.may_gain(found.name)))


def sheet(
    name: str, lines: list[Line], not_asked: Collection[str] = (), revised: Mapping[str, str] | None = None
) -> Sheet:
    columns = [column for column in columns_of(name) if column.heading.text not in not_asked]
    for line in lines:
        complete(line)
    told = [(revised or {}).get(str(line.key), "") for line in lines]
    marks = (Heading(REVISED, Kind.LONG),) if any(told) else ()
    hidden = tuple(Heading(text, Kind.HIDDEN) for text in HIDDEN if text not in not_asked)
    rows = tuple(
        (*(column.value(line) for column in columns), *[text][: len(marks)], *line.hidden[: len(hidden)])
        for line, text in zip(lines, told, strict=True)
    )
    return Sheet(name, (*(column.heading for column in columns), *marks, *hidden), rows)


def complete(line: Line) -> None:
    """Give a row's subject the priority in hand: none is fetched for a cell."""
    if isinstance(line.row, QuarterRow) and line.subject is not line.row:
        line.subject.priority = line.row.update.priority


@dataclass(frozen=True, slots=True)
class Written:
    """A column of a resource on a sheet; `of_subject` where it tells of what the row is about, as a title does.

    `words` has the text that is written for each text of a code that the column exports.
    """

    column: Column
    kind: Kind
    words: dict[str, str]
    of_subject: bool

    @property
    def heading(self) -> Heading:
        codes = tuple(choice.shorthand for choice in Missing) if hasattr(self.column, "missing") else ()
        return Heading(self.column.column_name, self.kind, codes or tuple(dict.fromkeys(self.words.values())))

    def value(self, line: Line) -> Value:
        text = tidied(str(self.column.export(line.subject if self.of_subject else line.row)))
        if not text:
            return ""
        match self.kind:
            case Kind.FIGURE:
                return figure(text, getattr(line.subject, "unit", ""))
            case Kind.MONEY:
                return Decimal(text)
            case Kind.COUNT:
                return int(text)
            case Kind.DATE:
                return self.column.parse(text)
        return self.words.get(text, text)


def figure(text: str, unit: str) -> Value:
    """A number, or as it is the code that says why there is none."""
    try:
        number = Decimal(text.removesuffix("%"))
    except InvalidOperation:
        return text
    return Percent(number) if unit == Unit.PERCENT and 0 < abs(number) < 1 else number


def tidied(text: str) -> str:
    """Without the control characters that no workbook can hold; those that break lines become line breaks."""
    if text.isprintable():
        return text
    return UNWRITABLE.sub("", text.replace("\r\n", "\n").translate(LINE_BREAKS))


# Columns, from the resources that read them


@cache
def columns_of(name: str) -> tuple[Written, ...]:
    """The columns of a sheet in the order of the contract, those that came later at the end."""
    resources = SHEETS[name]
    found: dict[str, Written] = {}
    for resource in reversed(resources):  # the row's own resource before that of its subject
        of_subject = resource is not resources[-1]
        for column in resource.fields.values():
            if column.attribute and column.column_name not in found:
                found[column.column_name] = written(resource, column, of_subject=of_subject)
    order = ORDER[name].split(", ")
    later = [text for text in found if text not in order and text not in LEFT_OUT and text not in HIDDEN]
    return tuple(found[text] for text in (*order, *later) if text in found)


def written(resource: type[SheetResource], column: Column, *, of_subject: bool) -> Written:
    model_field = field_of(resource._meta.model, column.attribute)
    choices = [(True, ""), (False, "")] if isinstance(model_field, models.BooleanField) else []
    choices = choices or list(getattr(model_field, "choices", None) or ())
    words = {str(column.show(code)): in_words(column, code, str(label)) for code, label in choices}
    return Written(column, kind_of(column, model_field, bool(words)), words, of_subject)


def in_words(column: Column, code: Any, label: str) -> str:
    """How a choice is written: a letter as it is, a word as people say it."""
    text = str(column.show(code))
    return label if text == code and not text.isupper() else text


def field_of(model: Any, path: str) -> Any:
    """The model field that a column tells of, through relations; None where it is computed."""
    found = None
    for name in path.split("__"):
        try:
            found = model._meta.get_field(name)
        except FieldDoesNotExist:
            return None
        model = found.related_model
    return found


def kind_of(column: Column, model_field: Any, is_code: bool) -> Kind:
    if isinstance(column, MoneyColumn):
        return Kind.MONEY
    if is_code:
        return Kind.CODE
    if kind := next((kind for of, kind in KINDS.items() if isinstance(model_field, of)), None):
        return kind
    return Kind.TITLE if (getattr(model_field, "max_length", None) or 0) >= 100 else Kind.TEXT


KINDS: dict[type[models.Field], Kind] = {
    models.DecimalField: Kind.FIGURE,
    models.DateField: Kind.DATE,
    models.IntegerField: Kind.COUNT,
    models.TextField: Kind.LONG,
}
