"""Excel workbooks in one pass over their XML.

The fast readers say nothing of errors, formats, formulas and hidden rows, so that each cell would be read twice; and
they make room for every cell between the first and the last, so that a sheet of two cells can end the process.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from math import isfinite
from pyexpat import XMLParserType

from .archive import MAX_DEPTH, Archive, damaged
from .formats import BUILT_IN, Show, iso, number, show_as
from .sheets import (
    ELSEWHERE,
    HIDDEN_SHEET,
    MAX_CELLS,
    MAX_COLUMNS,
    MAX_LENGTH,
    MAX_ROWS,
    MAX_SHEETS,
    QUESTIONED,
    UNCALCULATED,
    Budget,
    Grid,
    Sheet,
    Unreadable,
    cleaned,
    error_in,
    range_name,
)

Attributes = dict[str, str]
MAX_PART = 20 * 2**20  # of parts without cells, once unpacked
YES = ("1", "true", "on")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_PLACE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")
_ELSEWHERE = re.compile(r"\[[0-9]+\]")  # in a formula: a sheet of another workbook


def local(name: str) -> str:
    return name.rpartition(":")[2]


def each(archive: Archive, member: str, visit: Callable[[str, Attributes, tuple[str, ...]], None]) -> None:
    """Call `visit` for each element of a small part with its local name, its attributes and what it stands in."""
    path: list[str] = []

    def start(name: str, attributes: Attributes) -> None:
        visit(local(name), {local(key): value for key, value in attributes.items()}, tuple(path[-2:]))
        path.append(local(name))
        archive.check_depth(len(path))

    def end(name: str) -> None:
        path.pop()

    def handle(parser: XMLParserType) -> None:
        parser.StartElementHandler, parser.EndElementHandler = start, end

    archive.parse(member, handle, most=MAX_PART)


class Book:
    """What the sheets of a workbook share: their order, strings, formats and the day that dates are counted from."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.sheets: list[tuple[str, str, bool]] = []  # name, id of the part, hidden
        self.since_1904 = self.uncalculated = False
        self.path = self.target("", "officeDocument") or "xl/workbook.xml"
        each(archive, self.path, self.visit)
        self.parts = self.relations(self.path)
        self.shows = self.formats()
        self.strings = self.shared_strings()

    def visit(self, name: str, attributes: Attributes, path: tuple[str, ...]) -> None:
        if name == "sheet" and path[-1:] == ("sheets",):
            hidden = attributes.get("state", "visible") != "visible"
            self.sheets.append((attributes.get("name", ""), attributes.get("id", ""), hidden))
        elif name == "workbookPr":
            self.since_1904 = attributes.get("date1904") in YES
        elif name == "calcPr":
            self.uncalculated = attributes.get("fullCalcOnLoad") in YES

    def relations(self, part: str) -> dict[str, tuple[str, str]]:
        """The parts that a part refers to: kind and path by id. What is outside the file is left out."""
        folder, file = posixpath.split(part)
        member = posixpath.join(folder, "_rels", f"{file}.rels")
        found: dict[str, tuple[str, str]] = {}

        def visit(name: str, attributes: Attributes, path: tuple[str, ...]) -> None:
            if name == "Relationship" and attributes.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", ""))).lstrip("/")
                found[attributes.get("Id", "")] = (attributes.get("Type", "").rpartition("/")[2], target)

        if member in self.archive:
            each(self.archive, member, visit)
        return found

    def target(self, part: str, kind: str) -> str | None:
        return next((path for found, path in self.relations(part).values() if found == kind), None)

    def part(self, kind: str) -> str | None:
        return next((path for found, path in self.parts.values() if found == kind and path in self.archive), None)

    def formats(self) -> list[Show]:
        """How numbers are shown, by the index that cells give."""
        codes: dict[int, str] = dict(BUILT_IN)
        used: list[int] = []

        def visit(name: str, attributes: Attributes, path: tuple[str, ...]) -> None:
            if name == "numFmt" and path[-1:] == ("numFmts",):
                codes[int(attributes["numFmtId"])] = attributes.get("formatCode", "")[:255]
            elif name == "xf" and path[-1:] == ("cellXfs",):
                used.append(int(attributes.get("numFmtId", 0)))

        if styles := self.part("styles"):
            each(self.archive, styles, visit)
        made = {key: show_as(codes.get(key, "General"), since_1904=self.since_1904) for key in set(used)}
        return [made[key] for key in used]

    def shared_strings(self) -> list[str]:
        strings: list[str] = []
        pieces: list[str] = []
        phonetic = taking = False
        depth = 0

        def start(name: str, attributes: Attributes) -> None:
            nonlocal phonetic, taking, depth
            depth += 1
            self.archive.check_depth(depth)
            match local(name):
                case "si":
                    pieces.clear()
                case "t":
                    taking = not phonetic
                case "rPh":
                    phonetic = True

        def end(name: str) -> None:
            nonlocal phonetic, taking, depth
            depth -= 1
            match local(name):
                case "si":
                    strings.append(unescaped("".join(pieces)))
                    if len(strings) > MAX_CELLS:
                        raise self.archive.too_large()
                case "t":
                    taking = False
                case "rPh":
                    phonetic = False

        def text(data: str) -> None:
            if taking:
                pieces.append(data)

        def handle(parser: XMLParserType) -> None:
            parser.StartElementHandler, parser.EndElementHandler = start, end
            parser.CharacterDataHandler = text

        if member := self.part("sharedStrings"):
            self.archive.parse(member, handle)
        return strings


def unescaped(text: str) -> str:
    """Text as Excel shows it: _x000D_ and the like are characters."""
    if "_x" in text and _ESCAPE.search(text):
        text = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return cleaned(text)


def position(place: str) -> tuple[int, int]:
    """Row and column of "B7"; raises ValueError."""
    match = _PLACE.fullmatch(place)
    if not match or not int(match[2]):
        raise ValueError(place)
    column = 0
    for letter in match[1]:
        column = 26 * column + ord(letter) - 64
    return int(match[2]), column


def counted(text: str) -> int:
    """A row's number; raises ValueError."""
    if (row := int(text)) < 1:
        raise ValueError(text)
    return row


class SheetReader:
    """The cells of one sheet, put into a grid as its XML goes by."""

    def __init__(self, book: Book, grid: Grid) -> None:
        self.book, self.grid = book, grid
        self.hidden_rows: set[int] = set()
        self.hidden_spans: set[tuple[int, int]] = set()  # of columns
        self.merged: list[tuple[int, int, int, int]] = []
        self.elsewhere = False

    def read(self, member: str) -> None:
        self.book.archive.parse(member, self.handle)
        for top, left, bottom, right in self.merged:
            self.grid.blank(top, left, bottom, right)
        columns = {column for first, last in self.hidden_spans for column in range(max(first, 1), last + 1)}
        self.grid.tell_hidden(self.hidden_rows, columns)
        self.grid.tell_merged([range_name(*span) for span in sorted(self.merged) if span[2] > span[0]])
        if self.elsewhere:
            self.grid.notes.append(ELSEWHERE)

    def handle(self, parser: XMLParserType) -> None:
        """Set the handlers; their state is in local names, which is what makes a pass over all cells quick."""
        grid, archive, strings, shows = self.grid, self.book.archive, self.book.strings, self.book.shows
        columns: dict[str, int] = {}
        pieces: list[str] = []
        cells: list[str] | None = None  # of the row, once it says something
        row = column = digits = depth = 0
        kind = style = value = formula = None
        phonetic = False
        c = v = f = t = ""

        def begin(name: str, attributes: Attributes) -> None:
            nonlocal c, v, f, t, depth
            depth += 1
            prefix = name[: -len(local(name))]
            c, v, f, t = (prefix + tag for tag in "cvft")
            parser.StartElementHandler = start

        def start(name: str, attributes: Attributes) -> None:
            nonlocal cells, row, column, digits, depth, kind, style, value, formula, phonetic
            depth += 1
            if depth > MAX_DEPTH:
                raise damaged(archive.name)
            if name == c:
                kind, style, value, formula = attributes.get("t"), attributes.get("s"), None, None
                place = attributes.get("r")
                if place is None:
                    column += 1
                elif (known := columns.get(place[:-digits])) is not None:
                    column = known
                else:
                    number, column = position(place)
                    columns[place.rstrip("0123456789")] = column
                    if number != row:
                        row, digits, cells = number, len(str(number)), None
            elif name == v or name == f or name == t:  # noqa: SIM109 - quicker than a tuple
                pieces.clear()
            elif (tag := local(name)) == "row":
                row = counted(attributes["r"]) if "r" in attributes else row + 1
                column, digits, cells = 0, len(str(row)), None
                if attributes.get("hidden") in YES and row <= MAX_ROWS:
                    self.hidden_rows.add(row)
            elif tag == "rPh":
                phonetic = True
            else:
                self.other(tag, attributes)

        def end(name: str) -> None:
            nonlocal cells, depth, value, formula, phonetic
            depth -= 1
            if name == v:
                value = "".join(pieces)
            elif name == c:
                if formula is not None:
                    value = self.checked(row, column, kind, value or "", formula)
                if not value:
                    return
                if kind == "s":
                    value = strings[int(value)]
                elif kind is None or kind == "n":
                    value = self.figure(value, style, shows)
                else:
                    value = self.worded(row, column, kind, value)
                if not value:
                    return
                plain = value[0] not in QUESTIONED and len(value) <= MAX_LENGTH
                if plain and cells is not None and len(cells) == column - 1 < MAX_COLUMNS:
                    cells.append(value)
                else:
                    cells = grid.put(row, column, value)
            elif name == t:
                value = (value or "") + ("" if phonetic else "".join(pieces))
            elif name == f:
                formula = "".join(pieces)
            elif phonetic and local(name) == "rPh":
                phonetic = False

        parser.StartElementHandler, parser.EndElementHandler = begin, end
        parser.CharacterDataHandler = pieces.append

    def other(self, tag: str, attributes: Attributes) -> None:
        if tag == "mergeCell":
            first, _, last = attributes.get("ref", "").partition(":")
            (top, left), (bottom, right) = position(first), position(last or first)
            self.merged.append((top, left, bottom, right))
            if len(self.merged) > MAX_CELLS // 10:
                raise self.book.archive.too_large()
        elif tag == "col" and attributes.get("hidden") in YES:
            self.hidden_spans.add((int(attributes["min"]), min(int(attributes["max"]), MAX_COLUMNS)))

    def figure(self, text: str, style: str | None, shows: list[Show]) -> str:
        show = shows[int(style)] if style is not None and shows else number
        if show is number and len(text) < 16 and text.isdecimal() and text.isascii() and text[0] != "0":
            return text
        try:
            value = float(text)
        except ValueError:
            return cleaned(text)
        return show(value) if isfinite(value) else cleaned(text)

    def worded(self, row: int, column: int, kind: str, text: str) -> str:
        if kind == "b":
            return "TRUE" if text.strip() in YES else "FALSE"
        if kind == "d":
            return cleaned(iso(text))
        if kind == "e":
            self.grid.broken[row, column] = error_in(cleaned(text))
        return unescaped(text)

    def checked(self, row: int, column: int, kind: str | None, text: str, formula: str) -> str:
        """The stored result of a formula; "" where there is none, and the cell is broken."""
        if _ELSEWHERE.search(formula):
            self.elsewhere = True
        never = self.book.uncalculated and kind in (None, "n") and text.strip() in ("0", "")
        if kind != "str" and (never or not text.strip()):
            self.grid.spoil(row, column, f"={cleaned(formula)}", UNCALCULATED)
            return ""
        return text


def weight(archive: Archive) -> int:
    """What a library that makes every cell would have to make: elements of the sheets, and cells of merged ranges and
    of those that lead somewhere. Raises Unreadable and DAMAGE.
    """
    found = 0

    def start(name: str, attributes: Attributes) -> None:
        nonlocal found
        found += 1
        if local(name) in ("mergeCell", "hyperlink") and ":" in (ref := attributes.get("ref", "")):
            first, _, last = ref.partition(":")
            (top, left), (bottom, right) = position(first), position(last)
            found += (bottom - top + 1) * (right - left + 1)

    def handle(parser: XMLParserType) -> None:
        parser.StartElementHandler = start

    for member in {path for kind, path in Book(archive).parts.values() if kind == "worksheet"}:
        archive.parse(member, handle)
    return found


def read_xlsx(archive: Archive) -> tuple[list[Sheet], list[Unreadable]]:
    """The sheets of an Excel workbook, and which of them are too large; raises Unreadable and DAMAGE."""
    book = Book(archive)
    if len(book.sheets) > MAX_SHEETS:
        raise Unreadable(archive.name, f"it has more than {MAX_SHEETS} sheets; remove those that are not needed.")
    budget, sheets, unreadable = Budget(archive.name), [], []
    for name, key, hidden in book.sheets:
        kind, member = book.parts[key]
        grid = Grid(name, budget)
        if hidden:
            grid.notes.append(HIDDEN_SHEET)
        try:
            if kind == "worksheet":
                SheetReader(book, grid).read(member)
            sheets.append(grid.sheet())
        except Unreadable as error:
            if error.place != name:
                raise
            unreadable.append(error)
    outside = any(kind == "externalLink" for kind, _ in book.parts.values())
    if outside and sheets and not any(ELSEWHERE in sheet.notes for sheet in sheets):
        sheets[0].notes.append(ELSEWHERE)
    return sheets, unreadable
