"""The Indicators and Background sheets."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from priorities.book import Book, Texts, priority_key
from priorities.cells import (
    CLEAR,
    Basis,
    CellError,
    Measure,
    Polarity,
    Unit,
    parse_basis,
    parse_count,
    parse_date,
    parse_measure,
    parse_polarity,
    parse_rating,
    parse_reference,
    parse_title,
    parse_unit,
    plain,
    shorten,
    show_date,
)
from priorities.columns import (
    NEVER,
    REMEMBERED,
    UNLIKE,
    Column,
    Key,
    Names,
    cell,
    confirmed_column,
    fold,
    key_of_another,
    label_of,
    likeness,
    name_in,
    refuse_unlike,
    wrong,
)
from priorities.models import Priority, Section
from priorities.periods import Period
from priorities.rows import Row, SheetResource

from .models import Background, Indicator, Reading, figure_text

REFERENCES = ("Ref no", "Indicator ref", "Indicator reference")
TITLES = ("Indicator title", "KPI", "Measure")
YEARS_TARGET = re.compile(r"^\s*([0-9]{4}|[0-9]{2})/[0-9]{2}\s+(?=target\b)", re.IGNORECASE)


class Register:
    """The indicators of an import by reference and by title, those that it makes among them; `all` in order.

    Titles serve to find one: two can look the same to those who write them.
    """

    def __init__(self) -> None:
        self.by_reference: dict[tuple[Hashable, str], Indicator] = {}
        self.by_title: dict[tuple[Hashable, str], list[Indicator]] = {}
        self.by_key: dict[uuid.UUID, Indicator] = {}
        self.last: dict[Hashable, int] = {}  # the highest position
        self.slips: dict[Hashable, Names] = {}

    @classmethod
    def of(cls, book: Book) -> Register:
        register: Any = book.tables.get("indicators register")
        if register is None:
            register = book.tables["indicators register"] = cls()
            priorities = {p.pk: p for p in book.priorities.values() if p.pk}
            for indicator in Indicator.objects.filter(priority__in=priorities).order_by("pk"):
                indicator.priority = priorities[indicator.priority_id]
                register.add(indicator)
        return register

    def add(self, indicator: Indicator) -> None:
        home = priority_key(indicator.priority)
        if indicator.reference:
            self.by_reference[home, indicator.reference.casefold()] = indicator
        self.by_title.setdefault((home, fold(indicator.title)), []).append(indicator)
        self.by_key[indicator.key] = indicator
        self.last[home] = max(self.last.get(home, 0), indicator.position)

    def stored_titles(self, home: Hashable) -> Names:
        if home not in self.slips:
            stored = (each for each in self.all if each.pk and priority_key(each.priority) == home)
            self.slips[home] = Names(each.title for each in stored)
        return self.slips[home]

    @property
    def all(self) -> Collection[Indicator]:
        return self.by_key.values()

    def titled(self, priority: Priority, title: str) -> list[Indicator]:
        """Those of a title: of that very one, else of those that look the same."""
        found = self.by_title.get((priority_key(priority), fold(title)), []) if title else []
        return [each for each in found if each.title == title] or found

    def keyed(self, key: uuid.UUID | None, priority: Priority, title: str) -> Indicator | None:
        """The indicator of a key; None where it is not known. Raises ValidationError for another's."""
        found = self.by_key.get(key) if key else None
        if found is None:
            return None
        if found.priority is not priority:
            raise key_of_another(f"“{shorten(found.title)}” of another priority, “{found.priority}”", "the priority")
        refuse_unlike("Indicator", title, found.title, "indicator")
        return found

    def find(self, priority: Priority, reference: str, title: str) -> Indicator | None:
        """By reference, then by title.

        Raises ValidationError where the two don't fit together, or where a title nearly fits.
        """
        home = priority_key(priority)
        titled = self.titled(priority, title)
        if found := self.by_reference.get((home, reference.casefold())):
            if titled and found not in titled:
                raise wrong(
                    "Ref",
                    f"{reference} is “{shorten(found.title)}”, but “{shorten(title)}” is known as "
                    f"{titled[0].reference or 'another indicator'}; correct the one or the other.",
                )
            if title and likeness(title, found.title) < UNLIKE:
                raise wrong(
                    "Indicator",
                    f"{reference} is known as “{shorten(found.title)}”, which is unlike “{shorten(title)}”; correct "
                    "the reference or the title, or rename the indicator in the administration first.",
                )
            return found
        if len(titled) > 1:
            raise wrong("Indicator", f"There are {len(titled)} indicators “{shorten(title)}”; write the reference too.")
        if titled:
            (found,) = titled
            if reference and found.reference:
                raise wrong(
                    "Ref",
                    f"“{shorten(title)}” has the reference {found.reference}; correct {reference} to it.",
                )
            return found
        if not reference and title and (near := self.stored_titles(home).slip_of(title)):
            raise wrong("Indicator", f"“{shorten(title)}” is not a known indicator; did you mean “{shorten(near)}”?")
        return None


def named(row: Texts) -> tuple[str, str]:
    try:
        reference, title = parse_reference(name_in(row, "Ref")), parse_title(name_in(row, "Indicator"))
    except CellError as error:
        raise wrong("Ref", str(error)) from error
    if not reference and not title:
        raise wrong("Indicator", "The indicator is missing; write its reference, its title or both.")
    return reference, title


def indicator_of(resource: SheetResource, row: Texts, priority: Priority) -> Indicator | None:
    """The indicator that a row is about: by its key, else by reference and title; None where it is a new one."""
    key, register = resource.key_in(row), Register.of(resource.book)
    title = parse_title(name_in(row, "Indicator"))
    if found := register.keyed(key, priority, title):
        return found
    found = register.find(priority, *named(row))
    if found and key:
        resource.unknown_key("reference and title")
    return found


class MeasureColumn(Column):
    """A figure, or the code that says why there is none; a basis written beside it goes to its own column."""

    def __init__(self, attribute: str, heading: str, *, missing: str, basis: str, **kwargs: Any) -> None:
        super().__init__(attribute, heading, empty=None, **kwargs)
        self.missing, self.basis = missing, basis

    @property
    def attributes(self) -> tuple[str, ...]:
        return str(self.attribute), self.missing

    def depends_on(self, instance: Any) -> Any:
        return instance.indicator.unit, getattr(instance, str(self.attribute))

    def read(self, text: str, instance: Any) -> Any:
        measure = parse_measure(text, instance.indicator.unit)
        ask_about_fraction(text, measure.value, instance.indicator.unit, getattr(instance, str(self.attribute)))
        return measure

    def stored_as(self, value: Measure | None) -> dict[str, Any]:
        if value is None:
            return {str(self.attribute): None, self.missing: ""}
        basis = {self.basis: value.basis} if value.basis else {}
        return {str(self.attribute): value.value, self.missing: value.missing or "", **basis}

    def words(self, values: Mapping[str, Any], instance: Any) -> str:
        unit, decimals = instance.indicator.unit, instance.indicator.decimals
        return figure_text(values.get(str(self.attribute)), values.get(self.missing) or "", unit, decimals)

    def export(self, instance: Any, **kwargs: Any) -> Any:
        value, missing = getattr(instance, str(self.attribute)), getattr(instance, self.missing)
        if value is None:
            return f"[{missing}]" if missing else ""
        return f"{plain(value):f}{'%' if instance.indicator.unit == Unit.PERCENT else ''}"


def ask_about_fraction(text: str, value: Decimal | None, unit: str, stored: Decimal | None) -> None:
    """Raises CellError for a bare 0.27 among percentages: a spreadsheet's 27%, or 0.27% indeed."""
    if unit != Unit.PERCENT or value is None or not 0 < abs(value) < 1 or value == stored:
        return
    if re.search(r"%|per\s?cent", text, re.IGNORECASE):
        return
    meant = f"{plain(value * 100):f}"
    raise CellError(
        f"“{shorten(text)}” in a percentage: write {meant}% or {meant} if that is meant, {plain(value):f}% if so."
    )


class IndicatorResource(SheetResource):
    setup = administrators_only = named_each_quarter = True
    section = Section.INDICATORS
    required = ("Priority",)
    plan_title = Key("priority__plan__title", "Plan")
    quarter = Key(None, "Quarter")
    priority = Key("priority__title", "Priority")
    reference = Column("reference", "Ref", parse=parse_reference, aliases=("Reference",), likely=REFERENCES)
    title = Key("title", "Indicator", aliases=("Title", "Performance indicator"), likely=TITLES)
    unit = Column("unit", "Unit", parse=parse_unit, show=label_of(Unit), empty=NEVER)
    polarity = Column("polarity", "Polarity", parse=parse_polarity, show=label_of(Polarity), empty=Polarity.NONE)
    decimals = Column("decimals", "Decimals", parse=parse_count, empty=0)
    definition = Column("definition", "Definition")
    source = Column("source", "Source")

    class Meta:
        model = Indicator

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        return ((indicator.key, indicator) for indicator in Register.of(self.book).all)

    def identify(self, row: Texts) -> tuple[Hashable, Callable[[], Any]]:
        priority = self.book.priority(row, self.book.plan_of(row))
        found = indicator_of(self, row, priority) or self.make(priority, *named(row), row)
        return found.key, lambda: found

    def refuse(self, row: Row) -> None:
        indicator = row.instance
        if not row.is_new and "unit" in row.changes:
            unit = Unit(row.changes["unit"][0])
            raise wrong("Unit", f"This indicator is {unit.in_words}; a new unit needs a new indicator.")
        if indicator.reference and "reference" in row.changes:
            self.take_reference(indicator)

    def remark(self, row: Row) -> None:
        title = parse_title(cell(row.cells, "Indicator"))
        if title and fold(title) != fold(row.instance.title):
            known = f"this is known as “{shorten(row.instance.title)}”; that title was kept"
            self.warn("Indicator", f"{known}. Rename it in the administration.")

    def take_reference(self, indicator: Indicator) -> None:
        """A reference that another indicator of the import or the database has is refused."""
        key = (priority_key(indicator.priority), indicator.reference.casefold())
        other = Register.of(self.book).by_reference.setdefault(key, indicator)
        if indicator.reference and other is not indicator:
            raise wrong("Ref", f"{indicator.reference} is the reference of “{shorten(other.title)}”; choose another.")

    def make(self, priority: Priority, reference: str, title: str, row: Texts) -> Indicator:
        if not title:
            raise wrong(
                "Ref",
                f"{reference} is not a known reference; correct it, or write the new indicator's title.",
            )
        register = Register.of(self.book)
        indicator = Indicator(
            priority=priority,
            reference=reference,
            title=title,
            unit=guessed_unit(title, cell(row, "Target") + cell(row, "Value")),
            position=register.last.get(priority_key(priority), 0) + 1,
            **({"key": key} if (key := self.key_in(row)) else {}),
        )
        register.add(indicator)
        return indicator


def guessed_unit(title: str, figures: str) -> Unit:
    """The unit of a new indicator whose row states none, from how its title begins and its figures are written."""
    if "pp" in figures:
        return Unit.POINTS
    return Unit.PERCENT if title.startswith("%") or "%" in figures else Unit.NUMBER


class ReadingResource(SheetResource):
    required = ("Quarter", "Priority")
    answers = ("value", "missing")
    expected = ("Target", "Value")
    quarter = Key("update__quarter__period", "Quarter")
    priority = Key("update__priority__title", "Priority")
    reference = Key("indicator__reference", "Ref", aliases=("Reference",), likely=REFERENCES)
    title = Key("indicator__title", "Indicator", aliases=("Title", "Performance indicator"), likely=TITLES)
    basis = Column("basis", "Basis", parse=parse_basis, show=label_of(Basis))
    target = MeasureColumn("target", "Target", missing="target_missing", basis="target_basis")
    target_basis = Column("target_basis", "Target basis", parse=parse_basis, show=label_of(Basis))
    target_note = Column("target_note", "Target note")
    value = MeasureColumn(
        "value", "Value", missing="missing", basis="basis", aliases=("YTD",), likely=("Actual", "Actual value")
    )
    confidence = Column("confidence", "Confidence", parse=parse_rating, aliases=("Conf.",))
    reason = Column("reason", "Reason")
    note = Column("note", "Note", likely=("Notes", "Comment", "Comments"))
    as_at = Column("as_at", "Data as at", parse=parse_date, show=show_date, aliases=("As at",), empty=None)
    confirmed = confirmed_column()
    key = Key("indicator__key", "Key")
    version = Key("version", "Version")

    class Meta:
        model = Reading

    def canonical(self, headings: Iterable[object]) -> list[str]:
        """A target's heading may name its year: "22/23 Target"; typed() holds it against the row's."""
        return super().canonical(YEARS_TARGET.sub("", str(heading)) for heading in headings)

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        updates = {u.pk: u for u in self.book.updates.values() if u.pk}
        indicators = {i.pk: i for i in Register.of(self.book).all if i.pk}
        for reading in Reading.objects.filter(update__in=updates, indicator__in=indicators):
            reading.update, reading.indicator = updates[reading.update_id], indicators[reading.indicator_id]
            yield (reading.update.quarter.period, reading.indicator.key), reading

    def identify(self, row: Texts) -> tuple[Hashable, Callable[[], Any]]:
        update = self.book.update(row)
        indicator = indicator_of(self, row, update.priority)
        if indicator is None:
            raise wrong("Indicator", f"“{shorten(' '.join(named(row)))}” is not a known indicator; correct it.")
        return (update.quarter.period, indicator.key), lambda: Reading(update=update, indicator=indicator)

    def read_headings(self, raw: Sequence[object]) -> list[str]:
        found = super().read_headings(raw)
        year = YEARS_TARGET.match(self.raw_headings.get("Target", ""))
        self.targets_year = int(year[1]) % 100 if year else None
        self.is_year_to_date = self.raw_headings.get("Value", "").casefold() == "ytd"
        return found

    def typed(self, row: Row) -> dict[str, Any]:
        quarter = row.instance.update.quarter
        if self.targets_year not in (None, quarter.financial_year % 100) and cell(row.cells, "Target"):
            row.refuse("Target", f"The heading is of another year than {quarter}; correct it.")
        said = super().typed(row)
        self.refuse_two_bases(row)
        if self.is_year_to_date and not row.instance.basis:
            said.setdefault("basis", Basis.YEAR_TO_DATE)  # the heading says so
        return said

    def refuse_two_bases(self, row: Row) -> None:
        """A basis beside the figure, as in "30% (R12)", and another in its own column."""
        for figure, column in ((self.fields["value"], "Basis"), (self.fields["target"], "Target basis")):
            text, stated = cell(row.cells, figure.column_name), cell(row.cells, column)
            if not text or not stated or {figure.column_name, column} & row.errors.keys() or len(text) > REMEMBERED:
                continue
            beside = figure.typed(text, row.instance).get(figure.basis)
            if beside and stated.casefold() != CLEAR and parse_basis(stated) != beside:
                told = f"“{shorten(text)}” says {Basis(beside).label}, and the column {column} “{shorten(stated)}”"
                row.refuse(figure.column_name, f"{told}; write one of them.")


class BackgroundValue(Column):
    def depends_on(self, instance: Any) -> Any:
        return instance.indicator.unit, instance.value

    def read(self, text: str, instance: Any) -> Any:
        measure = parse_measure(text, instance.indicator.unit)
        if measure.value is None:
            raise CellError("A background row without a figure says nothing; write the figure, or leave the row out.")
        ask_about_fraction(text, measure.value, instance.indicator.unit, instance.value)
        return measure.value

    def words(self, values: Mapping[str, Any], instance: Any) -> str:
        return figure_text(values.get("value"), "", instance.indicator.unit, instance.indicator.decimals)

    def export(self, instance: Any, **kwargs: Any) -> Any:
        return f"{plain(instance.value):f}{'%' if instance.indicator.unit == Unit.PERCENT else ''}"


class BackgroundResource(SheetResource):
    setup = administrators_only = True
    required = ("Indicator", "Priority", "Quarter", "Value", "Basis")
    title = Key("indicator__title", "Indicator", likely=TITLES)
    reference = Key("indicator__reference", "Ref", aliases=("Reference",), likely=REFERENCES)
    priority = Key("indicator__priority__title", "Priority")
    plan_title = Key("indicator__priority__plan__title", "Plan")
    quarter = Key("quarter", "Quarter")
    value = BackgroundValue("value", "Value", empty=None)
    basis = Key("basis", "Basis")
    source = Column("source", "Source", empty=NEVER)

    class Meta:
        model = Background

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        indicators = {i.pk: i for i in Register.of(self.book).all if i.pk}
        for figure in Background.objects.filter(indicator__in=indicators):
            figure.indicator = indicators[figure.indicator_id]
            yield (figure.indicator.key, figure.quarter, figure.basis), figure

    def identify(self, row: Texts) -> tuple[Hashable, Callable[[], Any]]:
        period = self.book.period(row)
        priority = self.book.priority(row, self.book.plan_named(row))
        reference, title = named(row)
        indicator = Register.of(self.book).find(priority, reference, title)
        if indicator is None:
            raise wrong("Indicator", f"“{shorten(title or reference)}” is not a known indicator; correct it.")
        try:
            basis = parse_basis(cell(row, "Basis"))
        except CellError as error:
            raise wrong("Basis", str(error)) from error
        key = (indicator.key, period, basis)
        return key, lambda: Background(indicator=indicator, quarter=period, basis=basis)
