"""An indicator's own page: its series over all quarters as charts and as a table, and what it measures."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.safestring import SafeString

from indicators.models import Indicator, figure_text
from priorities.cells import Basis, Missing, Rating, rounded, show_measure
from priorities.models import Person
from priorities.people import signed_in
from priorities.periods import Period
from workbooks.sending import sent
from workbooks.writing.csvs import table as as_csv

from .charts import marks, series_chart
from .keeping import kept
from .report import BACKGROUND, ELSEWHERE, NOT_ANSWERED, Point
from .series import Entry, Series, View, changes_of_basis, series_of
from .tables import figure

NARROW = 300  # pixels: what a chart has on a phone
NAMES = {Basis.QUARTER: "In the quarter", Basis.YEAR_TO_DATE: "Year to date"}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart for a page and for a phone."""

    heading: str
    wide: SafeString
    narrow: SafeString


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table, as a page or a file shows it."""

    entry: Entry
    unit: str
    decimals: int
    others: tuple[Point | None, ...]  # by the other stretches of time
    has_new_basis: bool

    @property
    def point(self) -> Point:
        return self.entry.point

    @property
    def is_background(self) -> bool:
        return self.point.origin == BACKGROUND

    @property
    def is_hidden(self) -> bool:
        return self.point.origin == ELSEWHERE

    @property
    def value_text(self) -> str:
        return figure_text(self.point.value, self.point.missing, self.unit, self.decimals)

    @property
    def value_why(self) -> str:
        if self.is_hidden:
            return "Not open to you yet"
        return Missing(self.point.missing).label if self.point.missing else NOT_ANSWERED

    @property
    def other_texts(self) -> list[str]:
        return [
            figure_text(point.value, "", self.unit, self.decimals) + marks(point) if point else ""
            for point in self.others
        ]

    @property
    def basis_label(self) -> str:
        return Basis(self.point.basis).label if self.point.basis and self.point.value is not None else ""

    @property
    def target_text(self) -> str:
        known = self.entry.known
        return figure_text(self.point.target, known.target_missing if known else "", self.unit, self.decimals)

    @property
    def target_why(self) -> str:
        known = self.entry.known
        return Missing(known.target_missing).label if known and known.target_missing else ""

    @property
    def expected_text(self) -> str:
        """What the target comes to by the quarter, where that is a part of it."""
        expected = self.entry.expected
        if expected is None or expected == self.point.target:
            return ""
        return show_measure(rounded(expected, self.decimals), self.unit, self.decimals)

    @property
    def confidence(self) -> str:
        return self.entry.known.confidence if self.entry.known else ""

    @property
    def confidence_word(self) -> str:
        return Rating(self.confidence).label if self.confidence else "Not judged"

    @property
    def notes(self) -> list[str]:
        known = self.entry.known
        if known is None:
            return [f"{self.value_why}."]
        target = f"Target: {known.target_note}" if known.target_note and known.target_note != known.note else ""
        return [text for text in (known.note, target) if text]

    @property
    def cells(self) -> list[Any]:
        point, known = self.point, self.entry.known
        return [
            point.quarter.label,
            point.quarter.ends_on,
            self.value_text if point.value is None else point.value,
            self.basis_label,
            *(figure(point.value if point else None) for point in self.others),
            self.target_text if point.target is None else point.target,
            figure(self.entry.expected) if self.expected_text else "",
            known.target_note if known else "",
            self.confidence,
            *("yes" if mark else "" for mark in (point.is_provisional, point.is_revised)),
            self.entry.was,
            known.note if known else "",
            "from before the plan, or another publisher" if self.is_background else "",
            point.source,
        ]


@kept
def indicator(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """The series of an indicator, to those who read any quarter of it."""
    subject, series = found(request, key)
    lines, views, newest = lines_of(series), series.views, series.own[-1] if series.own else None
    context = {
        "indicator": subject,
        "report": series,  # for the frame, which marks a draft
        "newest": newest,
        "basis": Basis(newest.point.basis).label if newest and newest.point.basis else "",
        "drawn": charts_of(subject, series, views),
        "lines": lines[::-1],
        "columns": [NAMES[view.basis] for view in views],
        "new": subject.replaced_by.first(),
        "sources": sources(series),
        "has_notes": any(line.notes for line in lines),
        "has_targets": bool(series.targets),
        "has_parts": any(line.expected_text for line in lines),
        "has_background": any(line.is_background for line in lines),
        "has_provisional": any(line.point.is_provisional for line in lines),
        "has_revised": any(line.point.is_revised for line in lines),
    }
    return render(request, "reports/indicator.html", context)


def indicator_table(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """The same table as .csv."""
    _, series = found(request, key)
    headings = ["Quarter", "Ends on", "Value", "Basis", *(NAMES[view.basis] for view in series.views), "Target"]
    headings += ["Target by the quarter", "Target note", "Confidence", "Provisional", "Revised", "Before its revision"]
    headings += ["Note", "Origin", "Source"]
    rows = [line.cells for line in lines_of(series)]
    return sent(as_csv(headings, rows), f"indicator-{key}.csv", "text/csv; charset=utf-8")


def found(request: HttpRequest, key: uuid.UUID) -> tuple[Indicator, Series]:
    """The indicator of an address with its series; 403 for those to whom nothing of it is open."""
    subject = get_object_or_404(Indicator.objects.select_related("priority__plan", "replaces"), key=key)
    person = signed_in(request)
    series = series_of(subject, person)
    if not series.own and not works_on(person, subject):
        raise PermissionDenied(
            "Nothing of this indicator is open to you yet. You can read it once a quarter is closed."
        )
    return subject, series


def works_on(person: Person, subject: Indicator) -> bool:
    return person.sees_all or any(a.priority_id == subject.priority_id for a in person.current_assignments)


def lines_of(series: Series) -> list[Line]:
    """The table, oldest first."""
    by_view: list[dict[Period, Point]] = [{point.quarter: point for point in view.points} for view in series.views]
    changed = {after for _, after in changes_of_basis(series.main)}

    def others(entry: Entry) -> tuple[Point | None, ...]:
        own = entry.point.value is not None
        return tuple(view.get(entry.point.quarter) if own else None for view in by_view)

    return [
        Line(entry, series.unit, series.decimals, others(entry), entry.point in changed) for entry in series.entries
    ]


def sources(series: Series) -> list[str]:
    """Where the figures from before the plan are from, with their quarters."""
    found: dict[str, list[Period]] = {}
    for point in series.points:
        if point.origin == BACKGROUND:
            found.setdefault(point.source, []).append(point.quarter)
    return [
        f"Background, {quarters[0]}{f' to {quarters[-1]}' if len(quarters) > 1 else ''}: {source}."
        for source, quarters in found.items()
    ]


def charts_of(subject: Indicator, series: Series, views: list[View]) -> list[Drawn]:
    """As it was reported, then by the other stretches of time that its bases allow."""
    wanted = [("As reported", series.points, series.targets)]
    wanted += [(NAMES[view.basis], view.points, view.targets) for view in views]
    drawn = []
    for heading, points, targets in wanted:
        wide, narrow = (
            series_chart(
                points,
                f"{subject}: {heading.lower()}",
                unit=subject.unit,
                decimals=subject.decimals,
                targets=targets,
                width=width,
            )
            for width in (720, NARROW)
        )
        drawn.append(Drawn(heading, wide, narrow))
    return [each for each in drawn if each.wide]
