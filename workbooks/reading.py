"""Files into sheets of text; what the rows mean is importing.py's business."""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass, field
from pathlib import Path

MAX_BYTES = 20 * 1024 * 1024
SPREADSHEETS = {".xlsx", ".xlsm", ".xls", ".ods", ".tsv"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as found: every row from the first, every cell as text."""

    name: str
    rows: list[list[str]]
    notes: list[str] = field(default_factory=list)
    broken: dict[tuple[int, int], str] = field(default_factory=dict)


class Unreadable(Exception):
    """A file or sheet that can't be read; says where, what is wrong and what to do."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"{place}: {message}")


def cell_name(row: int, column: int) -> str:
    """Row and column, both from 1, as a spreadsheet writes them: (3, 28) is AB3."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row}"


def read_workbook(path: Path) -> tuple[list[Sheet], list[Unreadable]]:
    """The sheets of a folder of .csv files, and what of it can't be read.

    Raises Unreadable where there is nothing to read at all.
    """
    if not path.exists():
        raise Unreadable(str(path), "there is no such file or folder; check the path.")
    if not path.is_dir():
        raise Unreadable(
            path.name, "only a folder of .csv files can be imported; save each sheet as CSV into one folder."
        )
    files = sorted(file for file in path.iterdir() if not file.name.startswith("."))
    if not any(file.suffix.lower() == ".csv" for file in files):
        raise Unreadable(path.name, "the folder holds no .csv file; save each sheet as CSV into it.")
    sheets, unreadable = [], []
    for file in files:
        try:
            if file.suffix.lower() == ".csv":
                sheets.append(Sheet(file.stem, read_csv(file)))
            elif file.suffix.lower() in SPREADSHEETS:
                raise Unreadable(
                    file.name, "of a folder only .csv files are read; save its sheets as CSV, or remove it."
                )
        except Unreadable as error:
            unreadable.append(error)
    return sheets, unreadable


def read_csv(file: Path) -> list[list[str]]:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise Unreadable(file.stem, f"the file is larger than {MAX_BYTES // 2**20} MB; split it.")
        data = file.read_bytes()
    except OSError as error:
        raise Unreadable(file.stem, f"the file can't be opened ({error.strerror}); save the sheet again.") from None
    if not data.removeprefix(codecs.BOM_UTF8).strip():
        raise Unreadable(file.stem, "the file is empty; save the sheet into it again, or remove it.")
    if b"\0" in data or data.startswith((b"PK\x03\x04", b"%PDF", b"\xd0\xcf\x11\xe0")):
        raise Unreadable(file.stem, "this is not a CSV file, whatever its name says; save the sheet as CSV (UTF-8).")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable(file.stem, "this is not text in UTF-8; save the sheet as “CSV UTF-8”.") from None
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        return [
            [cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
        ]
    except csv.Error as error:
        raise Unreadable(file.stem, f"the CSV is damaged ({error}); save the sheet again.") from None
