"""One sheet from the text of a .csv file."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator

from ..guarding import unguarded
from .sheets import MAX_COLUMNS, MAX_LENGTH, Budget, Grid, Sheet, Unreadable, cleaned, too_wide

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
MOST_BLANKS = 10 * MAX_COLUMNS  # cells of a row, those at its end that say nothing among them
LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n|\Z)")
OTHERS = (b"PK\x03\x04", b"%PDF", b"\xd0\xcf\x11\xe0", b"\x89PNG", b"\xff\xd8\xff")


def read_csv(name: str, data: bytes, budget: Budget) -> Sheet:
    """The sheet of this name in the bytes of a .csv file; raises Unreadable."""
    text = decoded(name, data)
    grid = Grid(name, budget)
    delimiter = delimiter_of(text)
    reader = csv.reader(lines(name, text, delimiter), delimiter=delimiter, strict=True)
    try:
        for number, row in enumerate(reader, 1):
            if number == 1 and len(row) <= 2 and row[:1] and row[0].casefold() in ("sep=", f"sep={delimiter}"):
                continue  # for Excel, which shows no row for it either
            for column, cell in enumerate(row, 1):
                if found := cleaned(unguarded(cell)):
                    grid.put(number, column, found)
    except csv.Error as error:
        raise Unreadable(name, complaint(str(error), reader.line_num)) from None
    return grid.sheet()


def lines(name: str, text: str, delimiter: str) -> Iterator[str]:
    """The lines one by one; raises Unreadable for a row that would split into far more cells than are read."""
    cells, quoted = 0, False  # of the row so far, which goes on where a quotation is open at the end of a line
    for match in LINE.finditer(text):
        line = match[0]
        if len(line) > MAX_COLUMNS * MAX_LENGTH:
            raise too_wide(name)
        if cells + line.count(delimiter) > MOST_BLANKS:  # rarely: count again without those in quotation marks
            cells += sum(part.count(delimiter) for part in line.split('"')[quoted::2])
        else:
            cells += line.count(delimiter)
        if cells > MOST_BLANKS:
            raise too_wide(name)
        quoted ^= line.count('"') % 2 == 1
        cells = cells if quoted else 0
        yield line


def complaint(error: str, line: int) -> str:
    if "field larger than" in error:
        return (
            f"a cell that reaches line {line} is too long to be read; "
            "see whether a quotation mark before it is not closed."
        )
    return f"the CSV is damaged ({error}); save the sheet again."


def decoded(name: str, data: bytes) -> str:
    if not data.removeprefix(codecs.BOM_UTF8).strip():
        raise Unreadable(name, "the file is empty; save the sheet into it again, or remove it.")
    if not data.startswith(UTF_16) and (b"\0" in data or data.startswith(OTHERS)):
        raise Unreadable(name, "this is not a CSV file, whatever its name says; save the sheet as CSV (UTF-8).")
    if re.match(rb"\s*<(!doctype html|html|\?xml)", data.removeprefix(codecs.BOM_UTF8)[:200], re.IGNORECASE):
        raise Unreadable(name, "this is not a CSV file, whatever its name says; save the sheet as CSV (UTF-8).")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable(name, "this is not text in UTF-8; save the sheet as “CSV UTF-8”.") from None


def delimiter_of(text: str) -> str:
    first = text.lstrip().split("\n", 1)[0]
    if stated := re.match(r"sep=(.)\s*$", first, re.IGNORECASE):
        return stated[1]
    return max(",;\t", key=first.count)
