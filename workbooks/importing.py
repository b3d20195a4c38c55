"""A workbook into the database: plan all of it, tell every problem at once, then write all or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

from django.db import IntegrityError

from finance.resources import FinancialPositionResource
from goals.resources import GoalForecastResource, GoalResource
from indicators.resources import BackgroundResource, IndicatorResource, ReadingResource
from priorities.audit import Act, record
from priorities.book import MISSING, Book
from priorities.cells import CellError, parse_period, shorten
from priorities.columns import Problem, fold, heading_key, likeness, slip_of, yes_no
from priorities.door import Refused
from priorities.history import ChangeSet, Source
from priorities.models import Person
from priorities.periods import Period
from priorities.resources import PlanResource, PriorityResource, QuarterlyUpdateResource, QuarterResource
from priorities.rows import HIDDEN, Row, SheetResource
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
# What each row of a sheet is about; a row without it, and without an answer, is an empty one of a template.
SUBJECTS: dict[str, tuple[str, ...]] = {
    "Quarter": ("Quarter",),
    "Priorities": ("Priority",),
    "Finance": ("Period",),
    "Indicators": ("Ref", "Indicator"),
    "Risks": ("Risk",),
    "Issues": ("Issue",),
    "Goals": ("Goal",),
    "Background": ("Ref", "Indicator"),
}
# Sheets that our own workbooks begin with, which are not read, by the last words of their first cell.
COVER, NOTES = "Cover", "Notes"
OURS = {COVER: "quarterly performance report", NOTES: "Noted on", "Problems": "Where"}
TITLE_ROWS = 20  # how far down the headings are looked for
SAME_ROW = "Nothing was imported: somebody has stored the same row meanwhile. Look at the import again."
FOUND = 200  # letters of a cell that are quoted beside its problem
MOST_TOLD = 1000  # problems that are listed one by one
KINDS = ("new", "changed", "unchanged", "ignored", "refused")


@dataclass(frozen=True, slots=True)
class Told:
    """Something wrong in one cell: where, under which heading, the text found, and what to do.

    Row and column count from 1; a row of 0 is the sheet as a whole, and without a sheet the whole file. `conflict`: a
    choice to be made, not an error.
    """

    sheet: str
    row: int
    column: int
    heading: str
    found: str
    message: str
    conflict: bool = False

    @property
    def cell(self) -> str:
        return cell_name(self.row, self.column) if self.row else ""

    @property
    def line(self) -> str:
        place = f"{self.sheet}!{self.cell}" if self.row else self.sheet
        return f"{place}: {self.message}" if place else self.message


@dataclass(frozen=True, slots=True)
class CellPlan:
    """One cell before and after, as people read it; `conflict` says who stored what since the file was made.

    `cell` is empty for what follows from other cells. In a conflict `old` is what is stored and `new` what the file
    says; where what is stored was chosen, the cell is `kept` and `new` says so in words.
    """

    heading: str
    cell: str
    old: str
    new: str
    conflict: str = ""
    kept: bool = False


@dataclass(frozen=True)
class RowPlan:
    """What an import makes of one row: "new", "changed", "unchanged", "ignored" or "refused".

    Its texts are made when they are asked for, since a page shows a few of thousands of rows.
    """

    sheet: str
    row: int
    kind: str
    plan: SheetPlan = field(repr=False, compare=False)

    @cached_property
    def subject(self) -> str:
        """What the row is about, in its own words: the indicator, the priority, the quarter."""
        return self.plan.subject(self.row)

    @cached_property
    def cells(self) -> tuple[CellPlan, ...]:
        """The cells that change, and those in which somebody else's value is kept; none of a row that is refused."""
        changes = self.kind in ("new", "changed")
        return self.plan.cells(self.row) if changes or self.plan.keeps(self.row) else ()


@dataclass
class Import:
    """A planned import: what it would write, and what stands in its way."""

    by: Person | None
    resources: list[SheetResource] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    untold: int = 0
    rows: list[RowPlan] = field(default_factory=list)

    @property
    def changes(self) -> int:
        return sum(n for kinds in self.counts.values() for kind, n in kinds.items() if kind != "unchanged")

    @property
    def by_sheet(self) -> dict[str, dict[str, int]]:
        """How many rows of each sheet are of each kind."""
        found: dict[str, dict[str, int]] = {}
        for row in self.rows:
            found.setdefault(row.sheet, dict.fromkeys(KINDS, 0))[row.kind] += 1
        return found

    @cached_property
    def fingerprint(self) -> str:
        """What would be written, over which versions of which rows: another plan has another. Ask before applying."""
        parts = [*(resource.fingerprint for resource in self.resources), *self.problems]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @property
    def problems(self) -> list[str]:
        """What is wrong as lines, sheet by sheet."""
        by_sheet: dict[str, list[Told]] = {}
        for each in self.told:
            by_sheet.setdefault(each.sheet, []).append(each)
        return [line for told in by_sheet.values() for line in lines(told)]

    def tell(self, told: Iterable[Told]) -> None:
        """Keep what is wrong cell by cell; of very many, the number of the rest."""
        told = list(dict.fromkeys(told))
        room = MOST_TOLD - sum(not each.conflict for each in self.told)
        errors = [each for each in told if not each.conflict]
        left = set(errors[max(room, 0) :])
        self.untold += len(left)
        self.told += [each for each in told if each not in left]


def plan_import(
    sheets: Iterable[Sheet],
    *,
    by: Person | None,
    mine: Collection[str] = (),
    theirs: Collection[str] = (),
    tick: Callable[[], object] = bool,
) -> Import:
    """Read every sheet against the database without writing; `by` None is somebody at the command line.

    `mine` and `theirs` are the choices in conflicts, by `Sheet!Cell`: the file's cell holds, or the stored one does.
    `tick` is called once for each of steps_of(sheets).
    Problems and warnings are sentences that begin with their place, `Sheet!Cell: `.
    """
    planned = Import(by=by)
    book = Book(by=by, tick=tick)
    found: dict[str, Sheet] = {}
    for sheet in sheets:
        name = known_sheet(sheet, planned)
        if name in found:
            planned.tell([Told(sheet.name, 0, 0, "", "", "there are two sheets of this name; keep one.")])
        elif name:
            found[name] = sheet
            planned.warnings += [f"{sheet.name}: {note}" for note in sheet.notes]
    choices = {**dict.fromkeys(theirs, "theirs"), **dict.fromkeys(mine, "mine")}
    plans = [
        SheetPlan(name, found[name], [resource(book) for resource in classes], choices)
        for name, classes in SHEETS.items()
        if name in found
    ]
    only = {heading: the_only(heading, plans) for heading in MISSING}
    for each in plans:
        each.only = only
        each.add_to(planned)
    planned.warnings += left_out(plans)
    if planned.untold:
        more = f"{planned.untold:,} more problems are not listed; mend those that are listed first."
        planned.told.append(Told("", 0, 0, "", "", more))
    if not found and not planned.told:
        none = f"There is no sheet to read; the sheets are {', '.join(SHEETS)}."
        planned.told.append(Told("", 0, 0, "", "", none))
    return planned


def left_out(plans: Iterable[SheetPlan]) -> list[str]:
    """One note for each priority of which somebody may read nothing: its rows were neither read nor compared."""
    counts: dict[str, int] = {}
    for plan in plans:
        for rows in plan.outcomes.values():
            if title := next((str(row.left_out.priority) for _, row in rows if row.left_out), ""):
                counts[title] = counts.get(title, 0) + 1
    said = {title: "1 row of “{}” was" if n == 1 else f"{n} rows of “{{}}” were" for title, n in counts.items()}
    return [f"{told.format(title)} left out: that priority is not yours to fill in." for title, told in said.items()]


def the_only(heading: str, plans: Iterable[SheetPlan]) -> str:
    """What the whole file speaks of under this heading, where that is one thing: its quarter, or its priority."""
    texts = {text for plan in plans if plan.speaks_of(heading) for text in plan.texts(heading)}
    found = {quarter_said(text) if heading == "Quarter" else fold(text): text for text in texts}
    return found.popitem()[1] if len(found) == 1 else ""


def quarter_said(text: str) -> Period | str:
    """A quarter however it is written; as it is, where it is none."""
    try:
        return parse_period(text)
    except CellError:
        return text


def steps_of(sheets: Iterable[Sheet]) -> int:
    """About how many steps planning these sheets takes, for showing how far it is."""
    classes = {heading_key(name): len(found) for name, found in SHEETS.items()}
    return sum(2 * len(sheet.rows) * classes.get(heading_key(sheet.name), 0) for sheet in sheets)


def known_sheet(sheet: Sheet, planned: Import) -> str | None:
    """The contract's name of a sheet; one that is not in it is ignored, unless it seems to be meant."""
    by_key = {heading_key(name): name for name in SHEETS}
    if name := by_key.get(heading_key(sheet.name)):
        return name
    if sheet.name in OURS and any(sheet.rows) and sheet.rows[0][0].endswith(OURS[sheet.name]):
        return None
    near = max(SHEETS, key=lambda name: likeness(name, sheet.name))
    headings = {heading_key(cell) for row in sheet.rows[:TITLE_ROWS] for cell in row}
    names = ", ".join(SHEETS)
    if likeness(near, sheet.name) >= 0.7:
        message = f"there is no sheet of this name; did you mean “{near}”? Rename it."
    elif {"priority", "quarter"} & headings and (meant := sheet_of(sheet)):
        message = f"there is no sheet of this name, but its headings are those of “{meant}”; rename it to that."
    elif {"priority", "quarter"} & headings:
        message = f"there is no sheet of this name, but its headings are those of one; rename it to one of {names}."
    else:
        planned.warnings.append(f"{sheet.name}: this sheet was ignored; the sheets are {names}.")
        return None
    planned.tell([Told(sheet.name, 0, 0, "", "", message)])
    return None


def sheet_of(sheet: Sheet) -> str:
    """The one sheet of the contract that has these headings: with all that are required, and most of the others."""
    counts: dict[str, int] = {}
    for name, classes in SHEETS.items():
        resources = [each() for each in classes]
        row = sheet.rows[heading_row(sheet.rows, resources)]
        if all({*each.required} <= {*each.canonical(row)} for each in resources):
            read = {n for each in resources for n, found in enumerate(each.canonical(row)) if each.knows(found)}
            counts[name] = len(read)
    best = [name for name, count in counts.items() if count == max(counts.values())]
    return best[0] if len(best) == 1 else ""


def heading_row(rows: list[list[str]], resources: list[SheetResource]) -> int:
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


class SheetPlan:
    """One sheet of an import: its rows go through its resources in turn."""

    def __init__(self, name: str, sheet: Sheet, resources: list[SheetResource], choices: dict[str, str]) -> None:
        self.name, self.resources, self.choices = name, resources, choices
        self.head = heading_row(sheet.rows, resources)
        self.raw = sheet.rows[self.head] if sheet.rows else []
        below = enumerate(sheet.rows[self.head + 1 :], self.head + 2)
        self.body = {number: row + [""] * (len(self.raw) - len(row)) for number, row in below if any(row)}
        self.told: list[Told] = []
        self.warned: list[Told] = []
        self.columns: dict[str, int] = {}  # the column of each heading of the contract, from 1
        self.outcomes: dict[int, list[tuple[SheetResource, Row]]] = {}
        self.broken = sheet.broken
        self.broken_texts: dict[tuple[int, int], str] = {}
        self.only: dict[str, str] = {}  # what the whole file speaks of, by heading
        self.find_columns()

    def add_to(self, planned: Import) -> None:
        """Plan the sheet's rows, and add what comes of them to the import."""
        if not self.body:
            self.tell_no_rows(planned)
            return
        self.tell_unheaded()
        self.tell_unanswerable()
        lost = self.take_out_broken()
        empty, blank = self.unanswered()
        lost |= self.fill_in(lost | empty)
        rows = {number: row for number, row in self.body.items() if number not in lost | empty}
        refused = set(lost)  # rows whose subject was not found: told once, not again by the next resource
        for resource in self.resources:
            self.plan(resource, rows, blank, refused)
            count(planned, resource)
            planned.resources.append(resource)
        self.tell_ignored()
        wrong = {told.row for told in self.told if not told.conflict}
        found = [RowPlan(self.name, number, self.kind(number, wrong, empty), self) for number in self.body]
        planned.rows += found
        planned.warnings += lines(told for told in self.warned if told.heading in HIDDEN)
        planned.warnings += [told.line for told in self.warned if told.heading not in HIDDEN]
        if ignored := sum(row.kind == "ignored" and not self.is_left_out(row.row) for row in found):
            told = "1 row says nothing and was" if ignored == 1 else f"{ignored} rows say nothing and were"
            planned.warnings.append(f"{self.name}: {told} skipped.")
        planned.tell(sorted(self.told, key=lambda told: (told.row, told.column, told.message)))

    def tell_no_rows(self, planned: Import) -> None:
        """Headings alone are a table that nobody had anything to add to; without them the sheet is a mistake."""
        if any(heading in self.columns for heading in SUBJECTS[self.name]):
            planned.warnings.append(f"{self.name}: there is no row below the headings, so nothing was read from it.")
            return
        self.tell(self.head + 2, 1, "there is no row below the headings; add one, or remove the sheet.")
        planned.tell(self.told)

    def tell(self, row: int, column: int, message: str, *, conflict: bool = False) -> None:
        self.told.append(self.told_at(row, column, message, conflict))

    def told_at(self, row: int, column: int, message: str, conflict: bool = False) -> Told:
        heading = self.raw[column - 1] if column <= len(self.raw) else ""
        cells = self.raw if row == self.head + 1 else self.body.get(row, [])
        text = self.broken_texts.get((row, column)) or (cells[column - 1] if column <= len(cells) else "")
        found = shorten(text, FOUND)
        return Told(self.name, row, column, heading, found, message, conflict)

    # Headings

    def find_columns(self) -> None:
        for resource in self.resources:
            for index, heading in enumerate(resource.canonical(self.raw), 1):
                if resource.knows(heading):
                    self.columns.setdefault(heading, index)

    def tell_unheaded(self) -> None:
        """Cells that stand under no heading, and would be lost: the first of each column, and how many more."""
        first: dict[int, int] = {}
        counts: dict[int, int] = {}
        for number, row in self.body.items():
            for index, text in enumerate(row, 1):
                if text and not (index <= len(self.raw) and self.raw[index - 1]):
                    first.setdefault(index, number)
                    counts[index] = counts.get(index, 0) + 1
        for index, number in first.items():
            more = f", with {counts[index] - 1} more below it" if counts[index] > 1 else ""
            text = shorten(self.body[number][index - 1])
            self.tell(number, index, f"“{text}” stands under no heading{more}; head its column, or remove it.")

    def tell_unanswerable(self) -> None:
        """Columns that mean nothing, where they must be meant for the answers, of which there are none."""
        naming = {name for resource in self.resources for name in (*resource.named, *resource.naming)}
        unknown = [n for n, raw in enumerate(self.raw, 1) if raw and n not in self.columns.values()]
        known = [heading for resource in self.resources for heading in resource.headings()]
        lacking = any(name not in self.columns for resource in self.resources for name in resource.required)
        if not unknown or lacking or any(slip_of(self.raw[index - 1], known) for index in unknown):
            return  # what is lacking, or a slip of the pen, is told as such
        if self.name == "Indicators" and not {"Value", "Target"} & self.columns.keys():
            told = "there is no column Value and no column Target; head the one that has the figures so."
        elif not self.columns.keys() - naming and self.columns:
            answers = dict.fromkeys(heading for heading in known if heading not in naming)
            told = f"no column is known but those that name the rows; head the others with {', '.join(answers)}."
        else:
            return
        self.tell(self.head + 1, unknown[0], f"“{self.raw[unknown[0] - 1]}” is not a known heading, and {told}")

    def tell_ignored(self) -> None:
        known = [heading for resource in self.resources for heading in resource.headings()]
        for index, raw in enumerate(self.raw, 1):
            if not raw or index in self.columns.values():
                continue
            if near := slip_of(raw, known):
                self.tell(
                    self.head + 1, index, f"“{raw}” is nearly the heading “{near}”; mend it, or rename the column."
                )
            else:
                self.warned.append(self.told_at(self.head + 1, index, f"the column “{raw}” was ignored."))

    # Rows

    def take_out_broken(self) -> set[int]:
        """Empty the cells that can't be read, and tell them; the rows that they leave without a name are lost."""
        naming = {self.columns[name] for r in self.resources for name in r.named if name in self.columns}
        lost = set()
        for (row, column), message in sorted(self.broken.items()):
            headed = column <= len(self.raw) and self.raw[column - 1]
            if row not in self.body or (headed and column not in self.columns.values()):
                continue
            self.tell(row, column, message)
            if column <= len(self.body[row]):
                self.broken_texts[row, column], self.body[row][column - 1] = self.body[row][column - 1], ""
            if column in naming:
                lost.add(row)
        return lost

    def speaks_of(self, heading: str) -> bool:
        """Whether the cells under a heading say where a row belongs: a Background figure has a quarter of its own."""
        return heading in self.columns and not (heading == "Quarter" and self.name == "Background")

    def texts(self, heading: str) -> Iterable[str]:
        index = self.columns[heading] - 1
        return (row[index] for row in self.body.values() if row[index])

    def fill_in(self, without: Collection[int]) -> set[int]:
        """Where the quarter or the priority is blank, the only one of the file is meant; else the row is lost.

        All that it lacks is told at once.
        """
        lost = set()
        wanted = [name for name in MISSING if self.speaks_of(name) and name not in SUBJECTS[self.name]]
        for number, row in self.body.items():
            for name in wanted if number not in without else ():
                index = self.columns[name] - 1
                if row[index]:
                    continue
                row[index] = self.only[name]
                if not row[index]:
                    self.tell(number, index + 1, MISSING[name])
                    lost.add(number)
        return lost

    def unanswered(self) -> tuple[set[int], set[int]]:
        """Rows in which only what names them is filled in: those that name nothing, and the others."""
        naming = {self.columns[n] for r in self.resources for n in (*r.named, *r.naming) if n in self.columns}
        answers = [index - 1 for index in set(self.columns.values()) - naming]
        subject = [self.columns[name] - 1 for name in SUBJECTS[self.name] if name in self.columns]
        broken = {row for row, _ in self.broken}
        blank = {n for n, row in self.body.items() if n not in broken and not any(row[index] for index in answers)}
        empty = {n for n in blank if subject and not any(self.body[n][index] for index in subject)}
        return empty, blank - empty

    def plan(self, resource: SheetResource, rows: dict[int, list[str]], blank: set[int], refused: set[int]) -> None:
        numbers = list(rows)
        headings = resource.canonical(self.raw)
        resource.rows = numbers
        resource.elsewhere = [heading for each in self.resources for heading in each.headings()]
        resource.blank = {index for index, number in enumerate(numbers, 1) if number in blank}
        resource.choices = self.choices_of(numbers, headings)
        resource.plan_rows(self.raw, list(rows.values()))
        columns = {heading: index for index, heading in reversed(list(enumerate(headings, 1)))}
        for problem in resource.problems():
            number = numbers[problem.row - 1] if problem.row else 0
            if number not in refused or not resource.names_by(problem.column):
                self.tell(*self.place(problem, numbers, columns), problem.message, conflict=problem.conflict)
        refused |= {numbers[p.row - 1] for p in resource.problems() if p.row and resource.names_by(p.column)}
        self.warned += [self.told_at(*self.place(w, numbers, columns), w.message) for w in resource.warnings]
        for number, row in zip(numbers, resource.outcome, strict=False):
            self.outcomes.setdefault(number, []).append((resource, row))

    def place(self, problem: Problem, numbers: list[int], columns: dict[str, int]) -> tuple[int, int]:
        row = numbers[problem.row - 1] if problem.row else self.head + 1
        return row, columns.get(problem.column, 1)

    def choices_of(self, numbers: list[int], headings: list[str]) -> dict[tuple[int, str], str]:
        """The choices in conflicts, by the row's number among the resource's rows and by heading."""
        if not self.choices:
            return {}
        cells = {
            f"{self.name}!{cell_name(number, column)}": (index, heading)
            for index, number in enumerate(numbers, 1)
            for column, heading in enumerate(headings, 1)
        }
        return {cells[name]: choice for name, choice in self.choices.items() if name in cells}

    # The outcome

    def is_left_out(self, number: int) -> bool:
        return any(row.left_out for _, row in self.outcomes.get(number, ()))

    def kind(self, number: int, wrong: set[int], empty: set[int]) -> str:
        if number in wrong:
            return "refused"
        if number in empty:
            return "ignored"
        kinds = {row.kind for _, row in self.outcomes[number]} if number in self.outcomes else set()
        return next((kind for kind in ("refused", "new", "changed", "ignored") if kind in kinds), "unchanged")

    def cells(self, number: int) -> tuple[CellPlan, ...]:
        """Every cell that changes. That an answer confirms its row goes without saying, where anything else changes."""
        found: dict[str, CellPlan] = {}
        for resource, row in self.outcomes[number]:
            for heading, old, new in resource.shown(row):
                found.setdefault(heading, CellPlan(heading, self.cell(number, heading), old, new))
            for heading, clash in row.clashes.items():
                kept = clash.choice == "theirs"
                texts = clash.theirs, clash.kept if kept else clash.mine
                found[heading] = CellPlan(heading, self.cell(number, heading), *texts, clash.told, kept)
        follows = "Confirmed" in found and found["Confirmed"].new == yes_no(True) and not self.says_confirmed(number)
        if len(found) > 1 and follows:
            del found["Confirmed"]
        return tuple(found.values())

    def keeps(self, number: int) -> bool:
        """Whether a row that is unchanged is so because somebody chose what is stored."""
        return any(row.kind == "unchanged" and row.clashes for _, row in self.outcomes.get(number, ()))

    def says_confirmed(self, number: int) -> bool:
        return any("confirmed" in row.typed and row.typed["confirmed"] for _, row in self.outcomes[number])

    def cell(self, number: int, heading: str) -> str:
        return cell_name(number, self.columns[heading]) if heading in self.columns else ""

    def subject(self, number: int) -> str:
        """What a row is about, in its own words: the indicator, the priority, the quarter."""
        texts = [self.text(number, name) for name in SUBJECTS[self.name]]
        context = [self.text(number, name) for name in ("Priority", "Quarter") if name not in SUBJECTS[self.name]]
        return ", ".join(text for text in (shorten(" ".join(filter(None, texts)), 120), *context) if text)

    def text(self, number: int, heading: str) -> str:
        row, index = self.body[number], self.columns.get(heading, 0)
        return row[index - 1] if index else ""


def lines(told: Iterable[Told]) -> list[str]:
    """A line each, in the order of the cells; what is the same in one column is told once, with the number of rows."""
    first: dict[tuple[str, int, str], Told] = {}
    rows: dict[tuple[str, int, str], set[int]] = {}
    for each in told:
        key = each.sheet, each.column, each.message
        rows.setdefault(key, set()).add(each.row)
        if key not in first or each.row < first[key].row:
            first[key] = each
    return [
        first[key].line + (f" (The same in {len(rows[key]) - 1} more.)" if len(rows[key]) > 1 else "")
        for key in sorted(first, key=lambda key: (min(rows[key]), key[1:]))
    ]


def count(planned: Import, resource: SheetResource) -> None:
    new = sum(is_new for _, is_new, _ in resource.plan)
    changed = len(resource.plan) - new
    unchanged = sum(row.kind in ("unchanged", "ignored") for row in resource.outcome)
    mine = planned.counts.setdefault(resource.get_display_name(), dict.fromkeys(("new", "changed", "unchanged"), 0))
    for kind, number in {"new": new, "changed": changed, "unchanged": unchanged}.items():
        mine[kind] += number


def apply_import(
    planned: Import, *, source: Source, note: str = "", tick: Callable[[], object] = bool
) -> ChangeSet | None:
    """Write a plan without problems, all of it or nothing, under one change set; None if there is nothing to write.

    `tick` is called once for each resource.
    Raises Refused, with nothing written, if the plan has problems or an update was locked since.
    """
    if planned.problems:
        raise Refused(*planned.problems)
    if not planned.changes:
        return None
    updates = {update.pk: update for resource in planned.resources for update in resource.updates()}
    quarters = {quarter.pk: quarter for resource in planned.resources for quarter in resource.quarters()}
    with (
        same_row_refused(),
        writing(
            updates.values(),
            by=planned.by,
            source=source,
            overview_of=quarters.values(),
            opening=any(resource.opening for resource in planned.resources),
            note=note,
        ) as change_set,
    ):
        for resource in planned.resources:
            resource.apply()
            tick()
        record(Act.IMPORTED, by=planned.by, about=note, detail=Source(source).label)
    return change_set


@contextmanager
def same_row_refused() -> Iterator[None]:
    """Two people who make the same row at once: to the second it is refused."""
    try:
        yield
    except IntegrityError:
        raise Refused(SAME_ROW) from None
