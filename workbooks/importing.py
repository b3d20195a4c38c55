"""A workbook into the database: plan all of it, tell every problem at once, then write all or nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from tablib import Dataset

from finance.resources import FinancialPositionResource
from goals.resources import GoalForecastResource, GoalResource
from indicators.resources import BackgroundResource, IndicatorResource, ReadingResource
from priorities.cells import shorten
from priorities.door import Refused
from priorities.history import ChangeSet, Source
from priorities.models import Person
from priorities.resources import PlanResource, PriorityResource, QuarterlyUpdateResource, QuarterResource
from priorities.rows import Book, Problem, SheetResource, heading_key, likeness, slip_of
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
Place = tuple[int, int, str]  # row and column as the spreadsheet counts, and what is wrong there


@dataclass(frozen=True, slots=True)
class Told:
    """Something wrong in one cell: where, under which heading, the text found, and what to do."""

    sheet: str
    row: int
    column: int
    heading: str
    found: str
    message: str

    @property
    def cell(self) -> str:
        return cell_name(self.row, self.column) if self.row else ""

    @property
    def line(self) -> str:
        return f"{self.sheet}{'!' if self.cell else ''}{self.cell}: {self.message}"


@dataclass(frozen=True, slots=True)
class CellPlan:
    """One cell before and after, as people read it; `conflict` says who stored what since the file was made."""

    heading: str
    cell: str
    old: str
    new: str
    conflict: str = ""


@dataclass(frozen=True, slots=True)
class RowPlan:
    """What an import makes of one row: "new", "changed", "unchanged", "ignored" or "refused"."""

    sheet: str
    row: int
    kind: str
    subject: str
    cells: tuple[CellPlan, ...]


@dataclass
class Import:
    """A planned import: what it would write, and what stands in its way."""

    by: Person | None
    resources: list[SheetResource] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    rows: list[RowPlan] = field(default_factory=list)

    @property
    def fingerprint(self) -> str:
        return sha256(repr(self.rows).encode()).hexdigest()

    @property
    def changes(self) -> int:
        return sum(n for kinds in self.counts.values() for kind, n in kinds.items() if kind != "unchanged")


def plan_import(
    sheets: Iterable[Sheet], *, by: Person | None, mine: Collection[str] = (), theirs: Collection[str] = ()
) -> Import:
    """Read every sheet against the database without writing; `by` None is somebody at the command line.

    `mine` and `theirs` are the choices in conflicts, by `Sheet!Cell`: the file's cell holds, or the stored one does.

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
    body = {head + 2 + n: row for n, row in enumerate(sheet.rows[head + 1 :]) if any(row)}
    if not body:
        place = cell_name(head + 2, 1)
        planned.problems.append(f"{name}!{place}: there is no row below the headings; add one, or remove the sheet.")
        return
    told = unheaded(headings, body)
    known: set[int] = set()
    found_rows: dict[int, list[Any]] = {number: [] for number in body}
    lost: set[int] = set()  # rows whose subject was not found: told once, not again by the next resource
    for resource in resources:
        resource.rows = list(body)
        data = Dataset(*(padded(row, len(headings)) for row in body.values()), headers=list(headings))
        result = resource.plan_rows(data, user=planned.by)
        columns = {heading: index for index, heading in reversed(list(enumerate(data.headers, 1)))}
        known |= {index for index, heading in enumerate(data.headers, 1) if resource.knows(heading)}

        def placed(problem: Problem, columns: dict[str, int] = columns) -> Place:
            row = list(body)[problem.row - 1] if problem.row else head + 1
            return row, columns.get(problem.column, 1), problem.message

        problems = [p for p in resource.problems(result) if p.row not in lost or not resource.names_by(p.column)]
        lost |= {problem.row for problem in problems if resource.names_by(problem.column)}
        told += map(placed, problems)
        planned.warnings += [line for warning in resource.warnings for line in tell(name, [placed(warning)])]
        count(planned, resource, result)
        for number, row_result in zip(body, result.rows, strict=False):
            instance = getattr(row_result, "instance", None)
            kept = resource.planned.get(id(instance))
            if kept:
                names = {c.attribute: c.column_name for c in resource.fields.values() if c.attribute}
                for attr, (old, new) in kept[2].items():
                    if attr in names and not (kept[1] and new in ("", None)):
                        heading = names[attr]
                        cell = cell_name(number, columns.get(heading, 1))
                        found_rows[number].append(
                            (kept[1], CellPlan(heading, cell, "" if kept[1] or old is None else str(old), str(new)))
                        )
        planned.resources.append(resource)
    ignored = {index: raw for index, raw in enumerate(headings, 1) if raw and index not in known}
    for index, raw in ignored.items():
        if near := slip_of(raw, (known for resource in resources for known in resource.headings())):
            told.append((head + 1, index, f"“{raw}” is nearly the heading “{near}”; mend it, or rename the column."))
        else:
            planned.warnings += tell(name, [(head + 1, index, f"the column “{raw}” was ignored.")])
    planned.problems += tell(name, told)
    planned.told += [
        Told(name, row, column, headings[column - 1] if column <= len(headings) else "", "", message)
        for row, column, message in told
    ]
    wrong = {row for row, *_ in told}
    for number, found in found_rows.items():
        kind = "refused" if number in wrong else "unchanged"
        if found and number not in wrong:
            kind = "new" if any(new for new, _ in found) else "changed"
        subject = " · ".join(text for text in body[number][1:4] if text)
        planned.rows.append(RowPlan(name, number, kind, subject, tuple(cell for _, cell in found)))


def padded(row: list[str], width: int) -> list[str]:
    return (row + [""] * width)[:width]


def unheaded(headings: list[str], body: dict[int, list[str]]) -> list[Place]:
    """Cells that stand under no heading, and would be lost."""
    return [
        (number, index, f"“{shorten(text)}” stands under no heading; head its column, or remove it.")
        for number, row in body.items()
        for index, text in enumerate(row, 1)
        if text and not (index <= len(headings) and headings[index - 1])
    ]


def tell(sheet: str, told: Iterable[Place]) -> list[str]:
    """A line each, in the order of the cells; what is the same in one column is told once, with the number of rows."""
    rows: dict[tuple[int, str], set[int]] = {}
    for row, column, message in told:
        rows.setdefault((column, message), set()).add(row)
    return [
        f"{sheet}!{cell_name(min(found), column)}: {message}"
        + (f" (The same in {len(found) - 1} more.)" if len(found) > 1 else "")
        for (column, message), found in sorted(rows.items(), key=lambda item: (min(item[1]), item[0]))
    ]


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
