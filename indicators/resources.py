"""The Indicators and Background sheets."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable
from typing import Any

from priorities.cells import (
    Basis,
    CellError,
    Polarity,
    Unit,
    parse_basis,
    parse_count,
    parse_measure,
    parse_polarity,
    parse_rating,
    parse_reference,
    parse_title,
    parse_unit,
    plain,
    shorten,
)
from priorities.models import Priority
from priorities.periods import Period
from priorities.rows import (
    NEVER,
    UNLIKE,
    Book,
    Column,
    Key,
    Problem,
    SheetResource,
    cell,
    fold,
    likeness,
    name_in,
    priority_key,
    slip_of,
    wrong,
)

from .models import Background, Indicator, Reading

YEARS_TARGET = re.compile(r"^\s*([0-9]{4}|[0-9]{2})/[0-9]{2}\s+(?=target\b)", re.IGNORECASE)


class Register:
    """The indicators of an import by reference and by title, those that it makes among them."""

    def __init__(self) -> None:
        self.by_reference: dict[tuple[Hashable, str], Indicator] = {}
        self.by_title: dict[tuple[Hashable, str], Indicator] = {}

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
        self.by_title[home, fold(indicator.title)] = indicator

    def find(self, priority: Priority, reference: str, title: str) -> Indicator | None:
        """By reference, then by title.

        Raises ValidationError where the two don't fit together, or where a title nearly fits.
        """
        home = priority_key(priority)
        titled = self.by_title.get((home, fold(title))) if title else None
        if found := self.by_reference.get((home, reference.casefold())):
            if titled and titled is not found:
                raise wrong(
                    "Ref",
                    f"{reference} is “{shorten(found.title)}”, but “{shorten(title)}” is known as "
                    f"{titled.reference or 'another indicator'}; correct the one or the other.",
                )
            if title and likeness(title, found.title) < UNLIKE:
                raise wrong(
                    "Indicator",
                    f"{reference} is known as “{shorten(found.title)}”, which is unlike “{shorten(title)}”; correct "
                    "the reference or the title, or rename the indicator in the administration first.",
                )
            return found
        if found := self.by_title.get((home, fold(title))):
            if reference and found.reference:
                raise wrong(
                    "Ref",
                    f"“{shorten(title)}” has the reference {found.reference}; correct {reference} to it.",
                )
            return found
        known = [i.title for (where, _), i in self.by_title.items() if where == home]
        if not reference and title and (near := slip_of(title, known)):
            raise wrong("Indicator", f"“{shorten(title)}” is not a known indicator; did you mean “{shorten(near)}”?")
        return None


def named(row: dict[str, Any]) -> tuple[str, str]:
    reference, title = parse_reference(name_in(row, "Ref")), parse_title(name_in(row, "Indicator"))
    if not reference and not title:
        raise wrong("Indicator", "The indicator is missing; write its reference, its title or both.")
    return reference, title


class MeasureColumn(Column):
    """A figure, or the code that says why there is none; a basis written beside it goes to its own column."""

    def __init__(self, attribute: str, heading: str, *, missing: str, basis: str, **kwargs: Any) -> None:
        super().__init__(attribute, heading, empty=None, **kwargs)
        self.missing, self.basis = missing, basis

    def read(self, text: str, instance: Any) -> Any:
        return parse_measure(text, instance.indicator.unit)

    def assign(self, instance: Any, value: Any) -> None:
        setattr(instance, self.attribute, value.value if value else None)
        setattr(instance, self.missing, (value.missing or "") if value else "")
        if value and value.basis:
            setattr(instance, self.basis, value.basis)

    def export(self, instance: Any, **kwargs: Any) -> Any:
        value, missing = getattr(instance, self.attribute), getattr(instance, self.missing)
        return str(plain(value)) if value is not None else f"[{missing}]" if missing else ""


class IndicatorResource(SheetResource):
    setup = administrators_only = named_each_quarter = True
    required = ("Priority",)
    plan_title = Key("priority__plan__title", "Plan")
    quarter = Key(None, "Quarter")
    priority = Key("priority__title", "Priority")
    reference = Column("reference", "Ref", parse=parse_reference, aliases=("Reference",))
    title = Key("title", "Indicator", aliases=("Title", "Performance indicator"))
    unit = Column("unit", "Unit", parse=parse_unit, empty=NEVER)
    polarity = Column("polarity", "Polarity", parse=parse_polarity, empty=Polarity.NONE)
    decimals = Column("decimals", "Decimals", parse=parse_count, empty=0)
    definition = Column("definition", "Definition")
    source = Column("source", "Source")

    class Meta:
        model = Indicator

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        return ((indicator.key, indicator) for indicator in Register.of(self.book).by_title.values())

    def identify(self, row: dict[str, Any]) -> tuple[Hashable, Callable[[], Any]]:
        priority = self.book.priority(row, self.book.plan_of(row))
        reference, title = named(row)
        found = Register.of(self.book).find(priority, reference, title) or self.make(priority, reference, title, row)
        return found.key, lambda: found

    def import_instance(self, instance: Any, row: dict[str, Any], **kwargs: Any) -> None:
        unit, reference = instance.unit, instance.reference
        super().import_instance(instance, row, **kwargs)
        if instance.pk and instance.unit != unit:
            raise wrong("Unit", f"Its figures are in {Unit(unit).label.lower()}; a new unit needs a new indicator.")
        if instance.reference != reference:
            self.take_reference(instance)
        title = parse_title(cell(row, "Indicator"))
        if title and fold(title) != fold(instance.title):
            known = f"this is known as “{shorten(instance.title)}”; that title was kept"
            self.warnings.append(Problem(self.row_number, "Indicator", f"{known}. Rename it in the administration."))

    def take_reference(self, indicator: Indicator) -> None:
        """A reference that another indicator of the import or the database has is refused."""
        key = (priority_key(indicator.priority), indicator.reference.casefold())
        other = Register.of(self.book).by_reference.setdefault(key, indicator)
        if indicator.reference and other is not indicator:
            raise wrong("Ref", f"{indicator.reference} is the reference of “{shorten(other.title)}”; choose another.")

    def make(self, priority: Priority, reference: str, title: str, row: dict[str, Any]) -> Indicator:
        if not title:
            raise wrong(
                "Ref",
                f"{reference} is not a known reference; correct it, or write the new indicator's title.",
            )
        register = Register.of(self.book)
        siblings = [i for (home, _), i in register.by_title.items() if home == priority_key(priority)]
        indicator = Indicator(
            priority=priority,
            reference=reference,
            title=title,
            unit=guessed_unit(title, cell(row, "Target") + cell(row, "Value")),
            position=max((i.position for i in siblings), default=0) + 1,
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
    expected = ("Target", "Value")
    quarter = Key("update__quarter__period", "Quarter")
    priority = Key("update__priority__title", "Priority")
    reference = Key("indicator__reference", "Ref", aliases=("Reference",))
    title = Key("indicator__title", "Indicator", aliases=("Title", "Performance indicator"))
    basis = Column("basis", "Basis", parse=parse_basis)
    target = MeasureColumn("target", "Target", missing="target_missing", basis="target_basis")
    target_basis = Column("target_basis", "Target basis", parse=parse_basis)
    target_note = Column("target_note", "Target note")
    value = MeasureColumn("value", "Value", missing="missing", basis="basis", aliases=("YTD",))
    confidence = Column("confidence", "Confidence", parse=parse_rating, aliases=("Conf.",))
    reason = Column("reason", "Reason")
    note = Column("note", "Note")

    class Meta:
        model = Reading

    def canonical(self, headings: Iterable[object]) -> list[str]:
        """A target's heading may name its year: "22/23 Target"; import_instance() holds it against the row's."""
        return super().canonical(YEARS_TARGET.sub("", str(heading)) for heading in headings)

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        updates = {u.pk: u for u in self.book.updates.values() if u.pk}
        indicators = {i.pk: i for i in Register.of(self.book).by_title.values() if i.pk}
        for reading in Reading.objects.filter(update__in=updates):
            reading.update, reading.indicator = updates[reading.update_id], indicators[reading.indicator_id]
            yield (reading.update.quarter.period, reading.indicator.key), reading

    def identify(self, row: dict[str, Any]) -> tuple[Hashable, Callable[[], Any]]:
        update = self.book.update(row)
        reference, title = named(row)
        indicator = Register.of(self.book).find(update.priority, reference, title)
        if indicator is None:
            raise wrong("Indicator", f"“{shorten(title or reference)}” is not a known indicator; correct it.")
        return (update.quarter.period, indicator.key), lambda: Reading(update=update, indicator=indicator)

    def import_instance(self, instance: Any, row: dict[str, Any], **kwargs: Any) -> None:
        if self.raw_headings.get("Value", "").casefold() == "ytd" and not instance.basis:
            instance.basis = Basis.YEAR_TO_DATE  # the heading says so
        year = YEARS_TARGET.match(self.raw_headings.get("Target", ""))
        if year and int(year[1]) % 100 != instance.update.quarter.financial_year % 100 and cell(row, "Target"):
            raise wrong("Target", f"The heading is of another year than {instance.update.quarter}; correct it.")
        super().import_instance(instance, row, **kwargs)


class BackgroundValue(Column):
    def read(self, text: str, instance: Any) -> Any:
        measure = parse_measure(text, instance.indicator.unit)
        if measure.value is None:
            raise CellError("A background row without a figure says nothing; write the figure, or leave the row out.")
        return measure.value


class BackgroundResource(SheetResource):
    setup = administrators_only = True
    required = ("Indicator", "Priority", "Quarter", "Value", "Basis")
    title = Key("indicator__title", "Indicator")
    reference = Key("indicator__reference", "Ref", aliases=("Reference",))
    priority = Key("indicator__priority__title", "Priority")
    plan_title = Key("indicator__priority__plan__title", "Plan")
    quarter = Key("quarter", "Quarter")
    value = BackgroundValue("value", "Value", empty=None)
    basis = Key("basis", "Basis")
    source = Column("source", "Source", empty=NEVER)

    class Meta:
        model = Background

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        indicators = {i.pk: i for i in Register.of(self.book).by_title.values() if i.pk}
        for figure in Background.objects.filter(indicator__in=indicators):
            figure.indicator = indicators[figure.indicator_id]
            yield (figure.indicator.key, figure.quarter, figure.basis), figure

    def identify(self, row: dict[str, Any]) -> tuple[Hashable, Callable[[], Any]]:
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
