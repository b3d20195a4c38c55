"""OpenDocument spreadsheets in one pass over their XML."""

from __future__ import annotations

import re
from math import isfinite
from pyexpat import XMLParserType

from .archive import Archive, damaged
from .formats import affixed, clock, iso, number, percent
from .ods_styles import Attributes, StyleReader, Styles
from .sheets import (
    ELSEWHERE,
    ERROR,
    HIDDEN_SHEET,
    MAX_COLUMNS,
    MAX_ROWS,
    MAX_SHEETS,
    UNCALCULATED,
    Budget,
    Grid,
    Sheet,
    Unreadable,
    cleaned,
    error_in,
    range_name,
)

NAMESPACES = {"office": "office", "table": "table", "text": "text", "style": "style", "number": "datastyle"}
CELLS = ("table:table-cell", "table:covered-table-cell")
PIECES = {"text:s": " ", "text:tab": "\t", "text:line-break": "\n"}
MAX_SPACES = 10 * 2**20  # that a file may have written as a number
APART = {  # what holds text or tables that are no part of the cells; besides drawings
    "office:annotation",
    "office:forms",
    "office:scripts",
    "table:content-validations",
    "table:dde-links",
    "table:scenario",
    "table:shapes",
    "table:tracked-changes",
}
_SPACES = re.compile(r" *[\t\r\n][ \t\r\n]*")  # of the layout: one; LibreOffice leaves a text’s runs as they are


class Part:
    """A member of the file as its XML goes by."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.depth = 0
        self.pieces: list[str] = []  # of text, since it was last taken

    def handle(self, parser: XMLParserType) -> None:
        parser.StartElementHandler, parser.EndElementHandler = self.first, self.end
        parser.CharacterDataHandler = self.pieces.append
        self.parser = parser

    def first(self, tag: str, attributes: Attributes) -> None:
        """The outermost element: names are read with the prefixes that every program gives them."""
        for prefix, name in NAMESPACES.items():
            if attributes.get(f"xmlns:{prefix}") != f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0":
                raise damaged(self.archive.name)
        self.parser.StartElementHandler = self.start

    def start(self, tag: str, attributes: Attributes) -> None:
        raise NotImplementedError

    def end(self, tag: str) -> None:
        raise NotImplementedError

    def taken(self) -> str:
        text = "".join(self.pieces)
        self.pieces.clear()
        return text


class StylesPart(Part):
    def __init__(self, archive: Archive, styles: Styles) -> None:
        super().__init__(archive)
        self.reader = StyleReader(styles)

    def start(self, tag: str, attributes: Attributes) -> None:
        self.depth += 1
        self.archive.check_depth(self.depth)
        self.pieces.clear()
        self.reader.start(tag, attributes)

    def end(self, tag: str) -> None:
        self.depth -= 1
        self.reader.end(tag, self.taken())


class Content(Part):
    """The tables of content.xml, each put into a grid."""

    def __init__(self, archive: Archive, styles: Styles) -> None:
        super().__init__(archive)
        self.styles, self.style_reader = styles, StyleReader(styles)
        self.budget = Budget(archive.name)
        self.sheets: list[Sheet] = []
        self.unreadable: list[Unreadable] = []
        self.grid: Grid | None = None  # of the table that is open
        self.apart = self.tables = 0  # how many elements are open that are apart, and tables
        self.spaces = 0
        self.outside = False  # whether anything came from another workbook
        self.paragraph, self.paragraphs = "", list[str]()
        self.cell: Attributes = {}

    def start(self, tag: str, attributes: Attributes) -> None:
        self.depth += 1
        self.archive.check_depth(self.depth)
        if self.apart or tag in APART or tag.startswith("draw:"):
            if not self.apart:
                self.paragraph += self.flowing()
            self.apart += 1
        elif tag == "table:table":
            self.tables += 1
            if self.tables == 1:
                self.start_table(attributes)
        elif self.grid is None:
            self.pieces.clear()
            self.style_reader.start(tag, attributes)
        elif self.tables == 1:
            self.start_in_table(tag, attributes)

    def end(self, tag: str) -> None:
        self.depth -= 1
        if self.apart:
            self.apart -= 1
            self.pieces.clear()
        elif tag == "table:table":
            self.tables -= 1
            if not self.tables:
                self.end_table()
        elif self.grid is None:
            self.style_reader.end(tag, self.taken())
        elif self.tables == 1:
            self.end_in_table(tag)

    def start_in_table(self, tag: str, attributes: Attributes) -> None:
        if tag in CELLS:
            self.cell, self.paragraphs = attributes, []
        elif tag == "text:p":
            self.pieces.clear()
            self.paragraph = ""
        elif tag in PIECES:
            self.paragraph += self.flowing() + self.spaced(PIECES[tag], int(attributes.get("text:c", 1)))
        elif tag == "table:table-row":
            self.start_row(attributes)
        elif tag == "table:table-column":
            self.start_column(attributes)
        elif tag == "table:table-source":
            self.elsewhere = True

    def end_in_table(self, tag: str) -> None:
        if tag == "text:p":
            self.paragraphs.append(self.paragraph + self.flowing())
        elif tag in CELLS:
            self.end_cell(tag)
        elif tag == "table:table-row":
            self.row += self.row_times

    def flowing(self) -> str:
        text = self.taken()
        return _SPACES.sub(" ", text) if "\n" in text or "\t" in text else text

    def spaced(self, character: str, times: int) -> str:
        self.spaces += max(times, 0)
        if self.spaces > MAX_SPACES:
            raise self.archive.too_large()
        return character * times

    # Tables

    def start_table(self, attributes: Attributes) -> None:
        name = attributes.get("table:name", "")
        if len(self.sheets) + len(self.unreadable) >= MAX_SHEETS:
            raise Unreadable(
                self.archive.name, f"it has more than {MAX_SHEETS} sheets; remove those that are not needed."
            )
        self.grid = Grid(name, self.budget)
        self.failed: Unreadable | None = None
        self.row = self.row_times = self.column = 1
        self.row_style = ""
        self.column_styles: list[str] = []
        self.hidden_rows: set[int] = set()
        self.hidden_columns: set[int] = set()
        self.tall: list[str] = []  # the ranges that are merged over several rows
        self.elsewhere = False
        self.is_copy = name.startswith("'file:") or "'#" in name  # of a sheet of another workbook, kept with its links
        if attributes.get("table:style-name") in self.styles.hidden:
            self.grid.notes.append(HIDDEN_SHEET)

    def end_table(self) -> None:
        grid, self.grid = self.grid, None
        assert grid is not None
        self.outside = self.outside or self.elsewhere or self.is_copy
        if self.failed:
            self.unreadable.append(self.failed)
        elif not self.is_copy:
            grid.tell_hidden(self.hidden_rows, self.hidden_columns)
            grid.tell_merged(self.tall)
            if self.elsewhere:
                grid.notes.append(ELSEWHERE)
            self.sheets.append(grid.sheet())

    def start_row(self, attributes: Attributes) -> None:
        self.row_times, self.column = repeated(attributes, "rows"), 1
        self.row_style = attributes.get("table:default-cell-style-name", "")
        if attributes.get("table:visibility", "visible") != "visible":
            self.hidden_rows.update(range(self.row, min(self.row + self.row_times, MAX_ROWS + 1)))

    def start_column(self, attributes: Attributes) -> None:
        first = len(self.column_styles) + 1
        kept = min(repeated(attributes, "columns"), MAX_COLUMNS + 1 - first)
        self.column_styles += [attributes.get("table:default-cell-style-name", "")] * kept
        if attributes.get("table:visibility", "visible") != "visible":
            self.hidden_columns.update(range(first, first + kept))

    # Cells

    def end_cell(self, tag: str) -> None:
        times = repeated(self.cell, "columns")
        if tag == CELLS[0] and not self.failed and not self.is_copy:
            written = cleaned("\n".join(self.paragraphs))
            if (tall := int(self.cell.get("table:number-rows-spanned", 1))) > 1:
                wide = int(self.cell.get("table:number-columns-spanned", 1))
                last = self.row + tall - 1, self.column + wide - 1
                self.tall.append(range_name(self.row, self.column, *last))
            text, wrong = self.read_cell(self.cell, written)
            if text:
                self.put(text, wrong, times)
        self.column += times

    def read_cell(self, cell: Attributes, written: str) -> tuple[str, str]:
        """The text of a cell, and what is wrong with it."""
        formula = cell.get("table:formula")
        if formula is not None:
            self.elsewhere = self.elsewhere or "'file:" in formula
            if not written and "office:value-type" not in cell:
                return "=" + cleaned(formula.partition(":")[2] or formula).lstrip("="), UNCALCULATED
        error = cell.get("calcext:value-type") == "error" or (formula is not None and ERROR.fullmatch(written))
        if error and written:
            return written, error_in(written)
        return self.value(cell, written), ""

    def value(self, cell: Attributes, written: str) -> str:
        """The value, for what is written is rounded; raises ValueError."""
        kind = cell.get("office:value-type")
        if kind == "string" or kind is None:
            return written or cleaned(cell.get("office:string-value", ""))
        if kind == "date":
            return cleaned(iso(cell["office:date-value"])) if "office:date-value" in cell else written
        if kind == "time":
            return duration(cell.get("office:time-value", "")) or written
        if kind == "boolean":
            return "TRUE" if cell.get("office:boolean-value") == "true" else "FALSE"
        return self.figure(cell, kind, written)

    def figure(self, cell: Attributes, kind: str, written: str) -> str:
        value = float(cell.get("office:value", "nan"))
        if not isfinite(value) or (value in (0, 1) and written in ("TRUE", "FALSE")):
            return written
        if kind == "percentage":
            return percent(value)
        style = cell.get("table:style-name") or self.row_style
        if not style and self.column <= len(self.column_styles):
            style = self.column_styles[self.column - 1]
        show = self.styles.show(style)
        if kind == "currency" and show is number and cell.get("office:currency") == "GBP":
            show = affixed("£", "", 0)
        return show(value)

    def put(self, text: str, wrong: str, times: int) -> None:
        grid = self.grid
        assert grid is not None
        try:
            for row in range(self.row, self.row + self.row_times):
                for column in range(self.column, self.column + times):
                    grid.put(row, column, text)
                    if wrong:
                        grid.broken[row, column] = wrong
        except Unreadable as error:
            if error.place != grid.name:
                raise
            self.failed = error


def repeated(attributes: Attributes, what: str) -> int:
    """How often a row, column or cell stands there; raises ValueError."""
    if (times := int(attributes.get(f"table:number-{what}-repeated", 1))) < 1:
        raise ValueError(what)
    return times


def duration(text: str) -> str:
    """ "PT09H30M00S" as "09:30"; "" for what is none."""
    try:
        hours, rest = text.removeprefix("PT").split("H")
        minutes, seconds = rest.removesuffix("S").split("M")
        return clock(3600 * int(hours) + 60 * int(minutes) + int(float(seconds)))
    except (ValueError, OverflowError):
        return ""


def read_ods(archive: Archive) -> tuple[list[Sheet], list[Unreadable]]:
    """The sheets of an OpenDocument spreadsheet, and which are too large; raises Unreadable and DAMAGE."""
    styles = Styles()
    if "styles.xml" in archive:
        archive.parse("styles.xml", StylesPart(archive, styles).handle)
    content = Content(archive, styles)
    archive.parse("content.xml", content.handle)
    if content.outside and content.sheets and not any(ELSEWHERE in sheet.notes for sheet in content.sheets):
        content.sheets[0].notes.append(ELSEWHERE)
    return content.sheets, content.unreadable
