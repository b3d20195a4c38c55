"""A sheet as every kind of file gives it, and how much of one is read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

MAX_BYTES = 20 * 2**20  # of a file as it comes
MAX_INFLATED = 100 * 2**20  # of all that a compressed file holds
MAX_RATIO = 200  # how many times its size a file of more than a megabyte may inflate to; honest ones stay below 50
MAX_MEMBERS = 2_000  # files within a compressed file
MAX_SHEETS = 50
MAX_ROWS = 50_000
MAX_COLUMNS = 200
MAX_CELLS = 1_000_000  # of the whole workbook, blanks before a filled cell among them
MAX_LENGTH = 32_767  # characters in a cell, as in Excel

AGAIN = "open it in Excel or LibreOffice, save it again and import that"
UNCALCULATED = (
    "this formula has no stored result; open the workbook in Excel or LibreOffice, save it there and import it again, "
    "or write the value itself."
)
HIDDEN_SHEET = "this sheet is hidden; it was read all the same."
ELSEWHERE = "it has values from other workbooks; they were not fetched, but read as they were last saved."
QUESTIONED = "#E"  # how errors begin
ERROR = re.compile(r"#(?:DIV/0!|N/A|NAME\?|NULL!|NUM!|REF!|VALUE!|SPILL!|CALC!|GETTING_DATA|FIELD!|BUSY!)|Err:\d{3}")
_HASHES = re.compile(r"#{2,}")


def error_in(text: str) -> str:
    return f"“{text}” is an error; mend the formula, or write the value itself."


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as found: every row from the first, without the blanks at its end, every cell as text.

    `notes` are sentences about the whole sheet (hidden rows, say). `broken` says, by row and column from 1, what is
    wrong with a cell that has no value to take; its text is then what stands there: the error, or the formula.
    """

    name: str
    rows: list[list[str]]
    notes: list[str] = field(default_factory=list)
    broken: dict[tuple[int, int], str] = field(default_factory=dict)


class Unreadable(Exception):
    """A file or sheet that can't be read; says where, what is wrong and what to do."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"{place}: {message}")
        self.place, self.message = place, message


def too_wide(place: str) -> Unreadable:
    return Unreadable(place, f"the sheet has more than {MAX_COLUMNS} columns; remove those that are not needed.")


def cell_name(row: int, column: int) -> str:
    """Row and column, both from 1, as a spreadsheet writes them: (3, 28) is AB3."""
    return f"{column_name(column)}{row}"


def range_name(top: int, left: int, bottom: int, right: int) -> str:
    return f"{cell_name(top, left)}:{cell_name(bottom, right)}"


def column_name(column: int) -> str:
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


class Budget:
    """The cells that a workbook may still hold."""

    def __init__(self, place: str) -> None:
        self.place, self.left = place, MAX_CELLS

    def spend(self, cells: int) -> None:
        self.left -= cells
        if self.left < 0:
            raise Unreadable(self.place, f"it has more than {MAX_CELLS:,} cells; split it.")


class Grid:
    """The rows of one sheet while they are read: cells come in any order, and only those that say something."""

    def __init__(self, name: str, budget: Budget) -> None:
        self.name, self.budget = name, budget
        self.rows: list[list[str]] = []
        self.merged = 0  # cells that merged ranges have been looked for in
        self.notes: list[str] = []
        self.broken: dict[tuple[int, int], str] = {}

    def put(self, row: int, column: int, text: str) -> list[str]:
        """Set a cell and return its row; raises Unreadable where it lies beyond the rows and columns that are read."""
        rows = self.rows
        if row > len(rows):
            if row > MAX_ROWS:
                raise Unreadable(self.name, f"the sheet has more than {MAX_ROWS:,} rows; split it, or remove it.")
            self.budget.spend(len(rows[-1]) if rows else 0)
            rows.extend([] for _ in range(row - len(rows)))
        if column > MAX_COLUMNS:
            raise too_wide(self.name)
        cells = rows[row - 1]
        if column > len(cells):
            cells.extend([""] * (column - 1 - len(cells)))
            cells.append(text)
        else:
            cells[column - 1] = text
        if len(text) > MAX_LENGTH or text[0] in QUESTIONED:
            self.question(row, column, text)
        return cells

    def question(self, row: int, column: int, text: str) -> None:
        """Note a text that is no value: an error, or more than a cell holds."""
        if len(text) > MAX_LENGTH:
            self.broken[row, column] = (
                f"this text has {len(text):,} characters, and a cell of Excel holds {MAX_LENGTH:,}; shorten it."
            )
        elif ERROR.fullmatch(text) and (row, column) not in self.broken:
            self.broken[row, column] = error_in(text)
        elif _HASHES.fullmatch(text):
            self.broken[row, column] = (
                f"“{text}” is what a spreadsheet shows where a column is too narrow; widen it and save again."
            )

    def blank(self, top: int, left: int, bottom: int, right: int) -> None:
        """Empty a merged range but for its first cell: what lies under it nobody sees."""
        for row in range(top, min(bottom, len(self.rows)) + 1):
            cells = self.rows[row - 1]
            self.merged += 1 + len(cells)
            if self.merged > 2 * MAX_CELLS:
                raise Unreadable(self.name, f"its merged cells lie over one another; {AGAIN}.")
            for column in range(left, min(right, len(cells)) + 1):
                if (row, column) != (top, left):
                    cells[column - 1] = ""
                    self.broken.pop((row, column), None)

    def tell_hidden(self, rows: Iterable[int], columns: Iterable[int]) -> None:
        """Note what was hidden and says something; the hidden key and version of our own workbooks don't count."""
        filled = [row for row in sorted(rows) if row <= len(self.rows) and any(self.rows[row - 1])]
        if filled:
            self.notes.append(hidden("row", [(row, str(row)) for row in filled]))
        ours = {
            column
            for cells in self.rows[:20]
            for column, text in enumerate(cells, 1)
            if text.casefold() in ("key", "version")
        }
        width = max(map(len, self.rows), default=0)
        told = [column for column in sorted(columns) if column <= width and column not in ours]
        told = [column for column in told if any(column <= len(row) and row[column - 1] for row in self.rows)]
        if told:
            self.notes.append(hidden("column", [(column, column_name(column)) for column in told]))

    def spoil(self, row: int, column: int, text: str, message: str) -> None:
        """Set a cell that has no value, with the reason."""
        self.put(row, column, text)
        self.broken[row, column] = message

    def tell_merged(self, tall: list[str]) -> None:
        """Note the ranges that are merged over several rows, by their names."""
        if tall:
            more = f" and {len(tall) - 10} more" if len(tall) > 10 else ""
            cells = f"{', '.join(tall[:10])}{more} {'is' if len(tall) == 1 else 'are'}"
            self.notes.append(
                f"{cells} merged over several rows; the value is that of the first row alone, the others are blank."
            )

    def sheet(self) -> Sheet:
        rows = self.rows
        for cells in rows:
            while cells and not cells[-1]:
                cells.pop()
        while rows and not rows[-1]:
            rows.pop()
        return Sheet(self.name, rows, self.notes, self.broken)


def hidden(what: str, found: list[tuple[int, str]]) -> str:
    """The sentence that names hidden rows or columns, as in "rows 5, 7–9"."""
    spans: list[list[tuple[int, str]]] = []
    for number, name in found:
        if spans and spans[-1][-1][0] == number - 1:
            spans[-1].append((number, name))
        else:
            spans.append([(number, name)])
    names = ", ".join(span[0][1] if len(span) == 1 else f"{span[0][1]}–{span[-1][1]}" for span in spans[:10])
    more = " and more" if len(spans) > 10 else ""
    return (
        f"{what} {names} is hidden; it was read all the same."
        if len(found) == 1
        else f"{what}s {names}{more} are hidden; they were read all the same."
    )


_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def cleaned(text: str) -> str:
    """A cell's text without the space around it, with line ends as \\n and without control characters."""
    text = text.strip()
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.isprintable() else _CONTROLS.sub("", text).strip()
