"""A workbook into the database: plan all of it, tell every problem at once, then write all or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tablib import Dataset

from finance.resources import FinancialPositionResource
from goals.resources import GoalForecastResource, GoalResource
from indicators.resources import BackgroundResource, IndicatorResource, ReadingResource
from priorities.door import Refused
from priorities.history import ChangeSet, Source
from priorities.models import Person
from priorities.resources import (
    Book,
    PlanResource,
    PriorityResource,
    Problem,
    QuarterlyUpdateResource,
    QuarterResource,
    SheetResource,
    heading_key,
    likeness,
)
from priorities.writing import writing
from risks.resources import AssessmentResource, IssueAssessmentResource, IssueResource, RiskResource

from .reading import Sheet, cell_name

# The sheets of the contract in the order they are read: what a row refers to stands in an earlier one.
SHEETS: dict[str, tuple[type[SheetResource], ...]] = {
    "Quarter": (PlanResource, QuarterResource),
    "Priorities": (PriorityResource, QuarterlyUpdateResource),
    "Finance": (FinancialPositionResource,),
    "Indicators": (IndicatorResource, ReadingResource),
    "Risks": (RiskResource, AssessmentResource),
    "Issues": (IssueResource, IssueAssessmentResource),
    "Goals": (GoalResource, GoalForecastResource),
    "Background": (BackgroundResource,),
}
TITLE_ROWS = 20  # how far down the headings are looked for


@dataclass
class Import:
    """A planned import: what it would write, and what stands in its way."""

    by: Person | None
    resources: list[SheetResource] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def changes(self) -> int:
        return sum(n for kinds in self.counts.values() for kind, n in kinds.items() if kind != "unchanged")


def plan_import(sheets: Iterable[Sheet], *, by: Person | None) -> Import:
    """Read every sheet against the database without writing; `by` None is somebody at the command line.

    Problems and warnings are sentences that begin with their place, `Sheet!Cell: `.
    """
    planned = Import(by=by)
    book = Book(by=by)
    found = {}
    for sheet in sheets:
        name = known_sheet(sheet, planned)
        if name in found:
            planned.problems.append(f"{sheet.name}: there are two sheets of this name; keep one.")
        elif name:
            found[name] = sheet
    for name, resource_classes in SHEETS.items():
        if name in found:
            plan_sheet(name, found[name], resource_classes, book, planned)
    if not found and not planned.problems:
        planned.problems.append(f"There is no sheet to read; the sheets are {', '.join(SHEETS)}.")
    return planned


def known_sheet(sheet: Sheet, planned: Import) -> str | None:
    """The contract's name of a sheet; one that is not in it is ignored, unless it seems to be meant."""
    by_key = {heading_key(name): name for name in SHEETS}
    if name := by_key.get(heading_key(sheet.name)):
        return name
    near = max(SHEETS, key=lambda name: likeness(name, sheet.name))
    headings = {heading_key(cell) for row in sheet.rows[:TITLE_ROWS] for cell in row}
    if likeness(near, sheet.name) >= 0.7:
        planned.problems.append(f"{sheet.name}: there is no sheet of this name; did you mean “{near}”? Rename it.")
    elif {"priority", "quarter"} & headings:
        planned.problems.append(
            f"{sheet.name}: there is no sheet of this name, but its headings are those of one; rename it to one of "
            f"{', '.join(SHEETS)}."
        )
    else:
        planned.warnings.append(f"{sheet.name}: this sheet was ignored; the sheets are {', '.join(SHEETS)}.")
    return None


def heading_row(rows: list[list[str]], resources: Iterable[SheetResource]) -> int:
    """The index of the row that holds the headings: the first with all that are required, else the likeliest."""
    wanted = {name for resource in resources for name in resource.required}
    best, most = 0, 0
    for index, row in enumerate(rows[:TITLE_ROWS]):
        names = {name for resource in resources for name in resource.canonical(row)}
        if wanted <= names:
            return index
        if len(wanted & names) > most:
            best, most = index, len(wanted & names)
    return best


def plan_sheet(name: str, sheet: Sheet, classes: tuple[type[SheetResource], ...], book: Book, planned: Import) -> None:
    resources = [resource(book) for resource in classes]
    head = heading_row(sheet.rows, resources)
    headings = sheet.rows[head]
    width = len(headings)
    body = [(head + 2 + n, row) for n, row in enumerate(sheet.rows[head + 1 :]) if any(row)]
    if not body:
        planned.problems.append(
            f"{name}!{cell_name(head + 2, 1)}: there is no row below the headings; add one, or remove the sheet."
        )
        return
    for number, row in body:
        if len(row) > width and any(row[width:]):
            place = cell_name(number, width + 1)
            planned.problems.append(
                f"{name}!{place}: “{row[width]}” stands beyond the last heading; move or remove it."
            )
    places: list[int] = [number for number, _ in body]
    told: list[str] = []
    for resource in resources:
        data = Dataset(*[(row + [""] * width)[:width] for _, row in body], headers=list(headings))
        resource.rows = places
        result = resource.plan_rows(data, user=planned.by)
        columns = {heading: index + 1 for index, heading in reversed(list(enumerate(data.headers)))}

        def placed(problem: Problem, columns: dict[str, int] = columns) -> str:
            number = places[problem.row - 1] if problem.row else head + 1
            return f"{name}!{cell_name(number, columns.get(problem.column, 1))}: {problem.message}"

        told += [place for problem in resource.problems(result) if (place := placed(problem)) not in told]
        planned.warnings += [placed(problem) for problem in resource.warnings]
        count(planned, resource, result)
        planned.resources.append(resource)
    known = {c.column_name for resource in resources for c in resource.fields.values()}
    known |= {heading for resource in resources for heading in resource.checked}
    planned.warnings += [
        f"{name}!{cell_name(head + 1, n)}: the column “{raw}” was ignored."
        for n, (raw, heading) in enumerate(zip(headings, data.headers, strict=True), 1)
        if raw and heading not in known
    ]
    planned.problems += told


def count(planned: Import, resource: SheetResource, result: Any) -> None:
    new = sum(is_new for _, is_new, _ in resource.plan)
    changed = len(resource.plan) - new
    kinds = {"new": new, "changed": changed, "unchanged": result.totals["skip"]}
    mine = planned.counts.setdefault(resource.get_display_name(), dict.fromkeys(kinds, 0))
    for kind, number in kinds.items():
        mine[kind] += number


def apply_import(planned: Import, *, source: Source, note: str = "") -> ChangeSet | None:
    """Write a plan without problems, all of it or nothing, under one change set; None if there is nothing to write.

    Raises Refused, with nothing written, if the plan has problems or an update was locked since.
    """
    if planned.problems:
        raise Refused(*planned.problems)
    if not planned.changes:
        return None
    updates = {update.pk: update for resource in planned.resources for update in resource.updates()}
    quarters = {quarter.pk: quarter for resource in planned.resources for quarter in resource.quarters()}
    with writing(
        updates.values(),
        by=planned.by,
        source=source,
        overview_of=quarters.values(),
        opening=any(resource.opening for resource in planned.resources),
        note=note,
    ) as change_set:
        for resource in planned.resources:
            resource.apply()
    return change_set
