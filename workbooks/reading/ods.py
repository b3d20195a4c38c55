"""OpenDocument spreadsheets in one pass over their XML."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from math import isfinite
from pyexpat import XMLParserType

from .archive import Archive
from .formats import Show, affixed, clock, iso, number, percent
from .sheets import (
    ELSEWHERE,
    ERROR,
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
)

Attributes = dict[str, str]
# What holds text or tables that are no part of the cells
APART = {
    "annotation",
    "calculation-settings",
    "consolidation",
    "content-validations",
    "data-pilot-tables",
    "database-ranges",
    "dde-links",
    "forms",
    "label-ranges",
    "named-expressions",
    "scenario",
    "scripts",
    "shapes",
    "tracked-changes",
}
_SPACES = re.compile(r"[ \t\r\n]+")  # count as one; more are written as elements
MAX_SPACES = 10 * 2**20  # that a file may have written as a number
PIECES = {"s": " ", "tab": "\t", "line-break": "\n"}


@lru_cache(maxsize=4096)
def local(name: str) -> str:
    """The name without its namespace, but for what is named alike in two and for drawings."""
    space, _, own = name.rpartition("}")
    return f"calc:{own}" if space.endswith(":calcext:1.0") else f"draw:{own}" if ":drawing:" in space else own


@dataclass(slots=True)
class NumberStyle:
    """What a number format of the file writes beside the digits."""

    before: str = ""
    after: str = ""
    thousands: int = 0
    digits: bool = False

    def show(self) -> Show:
        return affixed(self.before, self.after, self.thousands)


@dataclass(slots=True)
class Styles:
    """The styles of the file by name, as far as they change what a cell says."""

    numbers: dict[str, NumberStyle] = field(default_factory=dict)
    number_of: dict[str, str] = field(default_factory=dict)  # cell style: its number format
    parent_of: dict[str, str] = field(default_factory=dict)
    instead: dict[str, str] = field(default_factory=dict)  # number format: the one that it uses for positive numbers
    hidden: set[str] = field(default_factory=set)  # styles of tables that are not displayed
    shows: dict[str, Show] = field(default_factory=dict)

    def show(self, style: str) -> Show:
        """How a number in a cell of this style is written."""
        if style not in self.shows:
            name, seen = style, set()
            while name and name not in self.number_of and name not in seen:
                seen.add(name)
                name = self.parent_of.get(name, "")
            format_ = self.number_of.get(name, "")
            found = self.numbers.get(self.instead.get(format_, format_))
            self.shows[style] = found.show() if found else number
        return self.shows[style]


class StyleReader:
    """Reads styles from styles.xml and from the beginning of content.xml."""

    def __init__(self, styles: Styles) -> None:
        self.styles = styles
        self.number: NumberStyle | None = None
        self.style = self.format = ""
        self.taking = False

    def start(self, tag: str, attributes: Attributes) -> None:
        match tag:
            case "style":
                self.style = attributes.get("name", "")
                if "data-style-name" in attributes:
                    self.styles.number_of[self.style] = attributes["data-style-name"]
                self.styles.parent_of[self.style] = attributes.get("parent-style-name", "")
            case "table-properties" if attributes.get("display") == "false":
                self.styles.hidden.add(self.style)
            case "number-style" | "currency-style" | "text-style":
                self.format = attributes.get("name", "")
                self.number = self.styles.numbers[self.format] = NumberStyle()
            case "map" if self.number and attributes.get("condition", "").startswith("value()>"):
                self.styles.instead.setdefault(self.format, attributes.get("apply-style-name", ""))
                if (
                    attributes["condition"].removeprefix("value()>").lstrip("=") != "0"
                ):  # a format for large numbers: left alone
                    self.styles.instead[self.format] = ""
            case "number" if self.number:
                self.number.digits = True
                factor = attributes.get("display-factor", "1").rstrip("0")
                zeros = len(attributes.get("display-factor", "1")) - 1
                self.number.thousands = zeros // 3 if factor == "1" else 0
            case "text" | "currency-symbol":
                self.taking = self.number is not None

    def text(self, data: str) -> None:
        if self.taking and self.number:
            if self.number.digits:
                self.number.after += data
            else:
                self.number.before += data

    def end(self, tag: str) -> None:
        if tag in ("number-style", "currency-style", "text-style"):
            self.number = None
        elif tag in ("text", "currency-symbol"):
            self.taking = False


def repeated(attributes: Attributes, what: str) -> int:
    """How often a row, column or cell stands there; raises ValueError."""
    if (times := int(attributes.get(f"number-{what}-repeated", 1))) < 1:
        raise ValueError(what)
    return times


class Content:
    """The tables of content.xml, each put into a grid as its XML goes by."""

    def __init__(self, archive: Archive, styles: Styles) -> None:
        self.archive, self.styles = archive, styles
        self.style_reader = StyleReader(styles)
        self.budget = Budget(archive.name)
        self.sheets: list[Sheet] = []
        self.unreadable: list[Unreadable] = []
        self.grid: Grid | None = None
        self.failed: Unreadable | None = None
        self.apart = 0  # of elements that are apart
        self.spaces = 0
        self.tables = 0  # that are open, one in the other
        self.elsewhere = self.outside = False
        self.paragraphs: list[list[str]] = []
        self.taking = False
        self.cell: Attributes | None = None

    def handle(self, parser: XMLParserType) -> None:
        depth = 0

        def start(name: str, attributes: Attributes) -> None:
            nonlocal depth
            depth += 1
            self.archive.check_depth(depth)
            tag = local(name)
            if self.apart or tag in APART or tag.startswith("draw:"):
                self.apart += 1
            else:
                self.start(tag, {local(key): value for key, value in attributes.items()})

        def end(name: str) -> None:
            nonlocal depth
            depth -= 1
            if self.apart:
                self.apart -= 1
            else:
                self.end(local(name))

        parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.CharacterDataHandler = self.text

    def start(self, tag: str, attributes: Attributes) -> None:
        if tag == "table":
            self.tables += 1
            if self.tables == 1:
                self.start_table(attributes)
        elif self.grid is None:
            self.style_reader.start(tag, attributes)
        elif self.tables > 1:
            return
        elif tag in ("table-cell", "covered-table-cell"):
            self.start_cell(tag, attributes)
        elif tag == "p":
            self.paragraphs.append([])
            self.taking = self.cell is not None
        elif tag in PIECES and self.paragraphs:
            self.space(PIECES[tag], int(attributes.get("c", 1)))
        elif tag == "table-row":
            self.times = repeated(attributes, "rows")
            self.column = 1
            self.row_style = attributes.get("default-cell-style-name", "")
            if attributes.get("visibility", "visible") != "visible":
                self.hidden_rows.update(range(self.row, min(self.row + self.times, MAX_ROWS + 1)))
        elif tag == "table-column":
            self.start_column(attributes)
        elif tag == "table-source":
            self.elsewhere = True

    def space(self, character: str, times: int) -> None:
        self.spaces += max(times, 0)
        if self.spaces > MAX_SPACES:
            raise self.archive.too_large()
        self.paragraphs[-1].append(character * times)

    def start_table(self, attributes: Attributes) -> None:
        name = attributes.get("name", "")
        if len(self.sheets) + len(self.unreadable) >= MAX_SHEETS:
            raise Unreadable(
                self.archive.name, f"it has more than {MAX_SHEETS} sheets; remove those that are not needed."
            )
        self.grid, self.failed, self.elsewhere = Grid(name, self.budget), None, False
        self.row, self.times, self.column, self.row_style = 1, 1, 1, ""
        self.hidden_rows: set[int] = set()
        self.hidden_columns: set[int] = set()
        self.column_styles: list[str] = []
        self.columns = self.tall = 0
        self.cached = name.startswith("'file:") or "'#" in name  # a copy of a sheet of another workbook
        if attributes.get("style-name") in self.styles.hidden:
            self.grid.notes.append("this sheet is hidden; it was read all the same.")

    def start_column(self, attributes: Attributes) -> None:
        times = repeated(attributes, "columns")
        kept = max(0, min(times, MAX_COLUMNS - self.columns))
        self.column_styles += [attributes.get("default-cell-style-name", "")] * kept
        if attributes.get("visibility", "visible") != "visible":
            self.hidden_columns.update(range(self.columns + 1, self.columns + kept + 1))
        self.columns += kept

    def start_cell(self, tag: str, attributes: Attributes) -> None:
        self.cell = attributes if tag == "table-cell" else {**attributes, "covered": ""}
        self.paragraphs = []
        self.tall += int(attributes.get("number-rows-spanned", 1)) > 1

    def text(self, data: str) -> None:
        if self.grid is None:
            self.style_reader.text(data)
        elif self.taking and not self.apart:
            self.paragraphs[-1].append(_SPACES.sub(" ", data))

    def end(self, tag: str) -> None:
        if tag == "table":
            self.tables -= 1
            if not self.tables:
                self.end_table()
        elif self.grid is None:
            self.style_reader.end(tag)
        elif self.tables > 1:
            return
        elif tag in ("table-cell", "covered-table-cell"):
            self.end_cell()
        elif tag == "p":
            self.taking = False
        elif tag == "table-row":
            self.row += self.times

    def end_cell(self) -> None:
        cell, self.cell = self.cell or {}, None
        times = repeated(cell, "columns")
        formula = cell.get("formula")
        if self.failed is None and "covered" not in cell:
            written = cleaned("\n".join("".join(pieces) for pieces in self.paragraphs))
            text = self.value(cell, written)
            message = ""
            if formula is not None:
                self.elsewhere = self.elsewhere or "'file:" in formula
                if not text and "value-type" not in cell:
                    text, message = "=" + cleaned(formula.partition(":")[2] or formula).lstrip("="), UNCALCULATED
            if written and self.is_error(cell, written):
                text, message = written, error_in(written)
            if text:
                self.put(text, message, times)
        self.column += times

    def is_error(self, cell: Attributes, written: str) -> bool:
        return cell.get("calc:value-type") == "error" or ("formula" in cell and bool(ERROR.fullmatch(written)))

    def value(self, cell: Attributes, written: str) -> str:
        """The text of a cell: of its value where it has one, for what is written is rounded."""
        match cell.get("value-type"):
            case "float" | "percentage" | "currency" as kind:
                return self.figure(cell, kind, written)
            case "date":
                return cleaned(iso(cell["date-value"])) if "date-value" in cell else written
            case "time":
                return duration(cell.get("time-value", "")) or written
            case "boolean":
                return "TRUE" if cell.get("boolean-value") == "true" else "FALSE"
        return cleaned(cell["string-value"]) if "string-value" in cell and not written else written

    def figure(self, cell: Attributes, kind: str, written: str) -> str:
        value = float(cell.get("value", "nan"))
        if not isfinite(value) or (value in (0, 1) and written in ("TRUE", "FALSE")):
            return written
        if kind == "percentage":
            return percent(value)
        style = cell.get("style-name") or self.row_style
        if not style and self.column <= len(self.column_styles):
            style = self.column_styles[self.column - 1]
        show = self.styles.show(style)
        if kind == "currency" and show is number and cell.get("currency") == "GBP":
            show = affixed("£", "", 0)
        return show(value)

    def put(self, text: str, message: str, times: int) -> None:
        grid = self.grid
        assert grid is not None
        if self.cached:
            return
        try:
            for row in range(self.row, self.row + self.times):
                for column in range(self.column, self.column + times):
                    if message:
                        grid.spoil(row, column, text, message)
                    else:
                        grid.put(row, column, text)
        except Unreadable as error:
            if error.place != grid.name:
                raise
            self.failed = error

    def end_table(self) -> None:
        grid, self.grid = self.grid, None
        if grid is None:
            return
        self.outside = self.outside or self.elsewhere or self.cached
        if self.failed:
            self.unreadable.append(self.failed)
        elif not self.cached:
            grid.tell_hidden(self.hidden_rows, self.hidden_columns)
            grid.tell_merged(self.tall)
            if self.elsewhere:
                grid.notes.append(ELSEWHERE)
            self.sheets.append(grid.sheet())


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
        reader = StyleReader(styles)
        depth = 0

        def start(name: str, attributes: Attributes) -> None:
            nonlocal depth
            depth += 1
            archive.check_depth(depth)
            reader.start(local(name), {local(key): value for key, value in attributes.items()})

        def end(name: str) -> None:
            nonlocal depth
            depth -= 1
            reader.end(local(name))

        def handle(parser: XMLParserType) -> None:
            parser.StartElementHandler, parser.EndElementHandler = start, end
            parser.CharacterDataHandler = reader.text

        archive.parse("styles.xml", handle, spaces=True)
    content = Content(archive, styles)
    archive.parse("content.xml", content.handle, spaces=True)
    if content.outside and content.sheets and not any(ELSEWHERE in sheet.notes for sheet in content.sheets):
        content.sheets[0].notes.append(ELSEWHERE)
    return content.sheets, content.unreadable
