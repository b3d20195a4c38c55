"""One sheet from the text of a .csv file."""

from __future__ import annotations

import codecs
import csv
import io
import re

from ..guarding import unguarded
from .sheets import Budget, Grid, Sheet, Unreadable, cleaned

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
OTHERS = (b"PK\x03\x04", b"%PDF", b"\xd0\xcf\x11\xe0", b"\x89PNG", b"\xff\xd8\xff")


def read_csv(name: str, data: bytes, budget: Budget) -> Sheet:
    """The sheet of this name in the bytes of a .csv file; raises Unreadable."""
    text = decoded(name, data)
    grid = Grid(name, budget)
    delimiter = delimiter_of(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
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
