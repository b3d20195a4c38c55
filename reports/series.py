"""An indicator over the quarters: what each said of it, as far as somebody may read it.

A quarter that is closed says what it was closed with. While it is corrected, only those who correct it and those who
see all read what it says meanwhile; the others read what it was closed with last. A report that is being closed takes
from other quarters only what is closed, so that it shows its readers nothing that they could not read elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from indicators.confidence import expected_by_now
from indicators.models import Indicator, figure_text
from priorities.cells import Basis, Unit
from priorities.models import Person, Quarter, UpdateStatus
from priorities.periods import FIRST_YEAR, LAST_YEAR, Period

from .past import Known, Past, Rule, as_closed, as_it_may_be_read, as_read_by, differing, past_of
from .report import BACKGROUND, ELSEWHERE, IndicatorRow, Point, PriorityReport, Report

QUARTERS = 8  # that the series of a report goes back, its own among them
PROVISIONAL = "[p]"  # in a note: the figure is not final, whatever becomes of the quarter


def with_series(report: Report, quarter: Quarter, reader: Person | None, *, closing: bool = False) -> Report:
    """The report with the last eight quarters of each indicator, as this reader may read them; None reads everything.

    One query. A closed report keeps the series that it was closed with. `closing` takes what all readers of a closed
    report may read, and holds the report's own figures against those of its earlier versions.
    """
    keys = [row.key for part in report.priorities for row in part.indicators]
    if report.closing is not None or not keys:
        return report
    own = quarter.period
    past = past_of(keys, own.plus(1 - QUARTERS), own)
    may_read = as_closed if closing else as_read_by(reader)

    def series(part: PriorityReport, row: IndicatorRow) -> tuple[Point, ...]:
        known = past.get(row.key, {})
        before = one_a_quarter({q: found for q, found in known.items() if q < own}, may_read, row.basis)
        versions = known[own].closed_figures if own in known else []
        versions += [(row.value, row.missing, row.basis)] if closing else []
        this_one = Point(
            own,
            row.value,
            row.missing,
            row.target,
            row.basis,
            is_provisional=PROVISIONAL in row.note or not (closing or part.status == UpdateStatus.CLOSED),
            is_revised=differing(versions),
        )
        return (*before, this_one)

    parts = (
        replace(part, indicators=tuple(replace(row, series=series(part, row)) for row in part.indicators))
        for part in report.priorities
    )
    return replace(report, priorities=tuple(parts))


# Points


def one_a_quarter(past: dict[Period, Past], may_read: Rule, basis: str) -> list[Point]:
    """One point for each quarter, oldest first: the plan's own figure, else the background's, of this basis first."""
    found = []
    for each in in_order(past):
        if each.reading is not None:
            found.append(point_of(each, may_read))
        elif each.background:
            found.append(background_point(min(each.background, key=lambda b: (b.basis != basis, b.basis))))
    return found


def in_order(past: dict[Period, Past]) -> list[Past]:
    return [past[quarter] for quarter in sorted(past)]


def point_of(past: Past, may_read: Rule) -> Point:
    assert past.reading is not None
    known = as_it_may_be_read(past, may_read)
    if known is None:
        return Point(past.reading.quarter, None, "", None, "", origin=ELSEWHERE)
    return Point(
        known.quarter,
        known.value,
        known.missing,
        known.target,
        known.basis,
        is_provisional=known.status != UpdateStatus.CLOSED or PROVISIONAL in known.note,
        is_revised=past.is_revised,
    )


def background_point(known: Known) -> Point:
    return Point(known.quarter, known.value, "", None, known.basis, origin=BACKGROUND, source=known.source)


# The whole series of one indicator


@dataclass(frozen=True, slots=True)
class Entry:
    """A figure of the series and what was said of it; `known` is None where its reader may not read it yet."""

    point: Point
    known: Known | None
    unit: str
    was: str = ""  # what a closed version said before

    @property
    def is_draft(self) -> bool:
        return self.known is not None and self.point.origin == "" and self.known.status != UpdateStatus.CLOSED

    @property
    def expected(self) -> Decimal | None:
        """What the target comes to by the end of the quarter, on the value's own basis."""
        return self.expected_on(self.point.basis)

    def expected_on(self, basis: str) -> Decimal | None:
        if self.known is None or self.point.target is None:
            return None
        stated = self.known.target_basis or self.point.basis
        number = self.point.quarter.number
        return expected_by_now(self.point.target, self.unit, basis, stated, quarter=number)


@dataclass(frozen=True, slots=True)
class View:
    """A count by another stretch of time than it is reported by: single quarters, or the year to date."""

    basis: Basis
    points: tuple[Point, ...]
    targets: dict[Period, Decimal]


@dataclass(frozen=True, slots=True)
class Series:
    """All that somebody may read of an indicator, oldest first; a quarter may have figures on several bases."""

    unit: str
    decimals: int
    entries: tuple[Entry, ...]
    main: tuple[Point, ...]  # one a quarter

    @property
    def points(self) -> tuple[Point, ...]:
        return tuple(entry.point for entry in self.entries)

    @property
    def own(self) -> list[Entry]:
        """Those that the plan's reports gave, as far as they may be read."""
        return [entry for entry in self.entries if entry.point.origin == "" and entry.known is not None]

    @property
    def is_draft(self) -> bool:
        """Whether any of it is of a quarter that is still open."""
        return any(entry.is_draft for entry in self.own)

    @property
    def targets(self) -> dict[Period, Decimal]:
        return {entry.point.quarter: entry.expected for entry in self.own if entry.expected is not None}

    @property
    def breaks(self) -> list[str]:
        return breaks(self.main, self.unit, self.decimals)

    @property
    def falls(self) -> list[str]:
        """A sentence for each count that went down within its year, for which there is no single quarter."""
        if self.unit != Unit.NUMBER:
            return []
        told = []
        for quarter, pair in fallen(figures_on(self.points, Basis.YEAR_TO_DATE)).items():
            was, now = (figure_text(point.value, "", self.unit, self.decimals) for point in pair)
            told.append(
                f"The year to date fell from {was} in {quarter.previous} to {now} in {quarter}: what was counted in "
                f"{quarter} alone can’t be worked out, and is not drawn."
            )
        return told[::-1]

    @property
    def views(self) -> list[View]:
        """Those that the bases allow: only counts add up over the year."""
        if self.unit != Unit.NUMBER:
            return []
        figures = {basis: figures_on(self.points, basis) for basis in (Basis.YEAR_TO_DATE, Basis.QUARTER)}
        made = {
            Basis.QUARTER: single_quarters(figures[Basis.YEAR_TO_DATE]),
            Basis.YEAR_TO_DATE: years_to_date(figures[Basis.QUARTER]),
        }
        return [self.view(b, made[b] | figures[b]) for b in made if any(q.number > 1 for q in made[b])]

    def view(self, basis: Basis, figures: dict[Period, Point]) -> View:
        expected = {entry.point.quarter: entry.expected_on(basis) for entry in self.own}
        targets = {quarter: target for quarter, target in expected.items() if target is not None}
        return View(basis, tuple(figures[quarter] for quarter in sorted(figures)), targets)


def series_of(indicator: Indicator, reader: Person | None) -> Series:
    """The whole series of an indicator, as this reader may read it. One query."""
    past = past_of([indicator.key], Period(FIRST_YEAR, 1), Period(LAST_YEAR, 4)).get(str(indicator.key), {})
    may_read, bases = as_read_by(reader), [each.reading.basis for each in in_order(past) if each.reading is not None]
    entries = [entry for each in in_order(past) for entry in entries_of(each, indicator, may_read)]
    main = one_a_quarter(past, may_read, bases[-1] if bases else "")
    return Series(indicator.unit, indicator.decimals, tuple(entries), tuple(main))


def entries_of(past: Past, indicator: Indicator, may_read: Rule) -> Iterator[Entry]:
    """The background's figures of a quarter, then the plan's own."""
    for known in sorted(past.background, key=lambda known: known.basis):
        yield Entry(background_point(known), known, indicator.unit)
    if past.reading is not None:
        before = past.said_before if past.is_revised else None
        was = figure_text(before.value, before.missing, indicator.unit, indicator.decimals) if before else ""
        yield Entry(point_of(past, may_read), as_it_may_be_read(past, may_read), indicator.unit, was)


BASIS_WORDS = {
    "": "on no stated basis",
    Basis.QUARTER: "for a single quarter",
    Basis.YEAR_TO_DATE: "for the year to date",
    Basis.ROLLING_YEAR: "for rolling 12 months",
    Basis.POINT_IN_TIME: "of a point in time",
}


def changes_of_basis(points: Iterable[Point]) -> list[tuple[Point, Point]]:
    """The neighbours, in a series of one point a quarter, whose figures are on two bases."""
    return [pair for pair in pairwise(p for p in points if p.value is not None) if pair[0].basis != pair[1].basis]


def breaks(points: Iterable[Point], unit: str, decimals: int) -> list[str]:
    """A sentence for each change of basis, the newest first."""
    told = []
    for before, after in changes_of_basis(points):
        was, now = (figure_text(point.value, "", unit, decimals) for point in (before, after))
        told.append(
            f"{after.quarter}’s {now} is {BASIS_WORDS[after.basis]}; the figures before it, up to {was} in "
            f"{before.quarter}, are {BASIS_WORDS[before.basis]}. They can’t be compared, and are drawn apart."
        )
    return told[::-1]


def figures_on(points: Iterable[Point], basis: str) -> dict[Period, Point]:
    """The figures on a basis by quarter, the plan's own before others'."""
    found = [point for point in points if point.basis == basis and point.value is not None]
    return {point.quarter: point for point in sorted(found, key=lambda point: point.origin, reverse=True)}


def single_quarters(to_date: dict[Period, Point]) -> dict[Period, Point]:
    """Single quarters of figures for the year to date: what each adds to the one before; none for one that fell."""
    found, fell = {}, fallen(to_date)
    for quarter, point in to_date.items():
        before = to_date.get(quarter.previous) if quarter.number > 1 else None
        if quarter not in fell and (before is not None or quarter.number == 1):
            found[quarter] = computed(Basis.QUARTER, point, [(point, 1), *([(before, -1)] if before else [])])
    return found


def fallen(to_date: dict[Period, Point]) -> dict[Period, tuple[Point, Point]]:
    """The quarters whose year to date is less than that of the one before, with both: earlier figures were mended."""
    pairs = {quarter: (to_date.get(quarter.previous), now) for quarter, now in to_date.items() if quarter.number > 1}
    return {q: (then, now) for q, (then, now) in pairs.items() if then and less(now, then)}


def less(now: Point, then: Point) -> bool:
    return now.value is not None and then.value is not None and now.value < then.value


def years_to_date(single: dict[Period, Point]) -> dict[Period, Point]:
    """The year to date of figures for single quarters, as far as none of the year is missing."""
    found = {}
    for quarter, point in single.items():
        parts = [single.get(Period(quarter.year, number)) for number in range(1, quarter.number + 1)]
        if all(parts):
            found[quarter] = computed(Basis.YEAR_TO_DATE, point, [(part, 1) for part in parts if part])
    return found


def computed(basis: Basis, point: Point, parts: list[tuple[Point, int]]) -> Point:
    """A figure made of others, as final as they are."""
    return replace(
        point,
        value=sum((sign * part.value for part, sign in parts if part.value is not None), Decimal(0)),
        basis=basis,
        is_provisional=any(part.is_provisional for part, _ in parts),
        is_revised=any(part.is_revised for part, _ in parts),
    )
