"""Workbooks as .csv: a file for each sheet, UTF-8 with its mark, in a zip or a folder. Cover and notes are left out."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
import zipfile
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path

from priorities.cells import plain

from ..guarding import guarded
from .sheets import Value, Workbook


def as_zip(book: Workbook) -> bytes:
    return zipped(as_files(book), book.about.made_at)


def zipped(files: Mapping[str, bytes], made_at: dt.datetime) -> bytes:
    """The same files, made at the same time, are always the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, made_at.timetuple()[:6])
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(info, data)
    return buffer.getvalue()


def to_folder(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files into a folder, which is made where it isn't there. Raises OSError."""
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)


def as_files(book: Workbook) -> dict[str, bytes]:
    return {f"{sheet.name}.csv": table((h.text for h in sheet.headings), sheet.rows) for sheet in book.sheets}


def table(headings: Iterable[str], rows: Iterable[Iterable[Value]]) -> bytes:
    """A .csv file: figures in plain digits, text that looks like a formula guarded."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([guarded(heading) for heading in headings])
    writer.writerows([shown(value) for value in row] for row in rows)
    return codecs.BOM_UTF8 + text.getvalue().encode()


def shown(value: Value) -> str:
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, Decimal):
        return f"{plain(value):f}"
    return f"{value:%d/%m/%Y}" if isinstance(value, dt.date) else str(value)
