"""Workbooks out: one description of the sheets, three ways to write it, and the copy of an upload with marks in it.

The columns and what their cells say come from the resources that read them (`Column.export`), so that reading and
writing cannot disagree. Which rows are on the sheets is the caller's choice: those of an open quarter, of a closed
report, of a quarter that is not open yet.
"""

from collections.abc import Callable
from dataclasses import dataclass

from .csvs import as_zip
from .marking import marked_copy
from .ods import as_ods
from .sheets import About, Rows, Workbook, workbook
from .xlsx import as_xlsx

__all__ = ["FORMATS", "About", "Format", "Rows", "Workbook", "marked_copy", "workbook"]


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file: its name for people, the end of its name, its media type, and what writes it."""

    label: str
    suffix: str
    media_type: str
    write: Callable[[Workbook], bytes]


FORMATS = {
    "xlsx": Format("Excel", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", as_xlsx),
    "ods": Format("OpenDocument", "ods", "application/vnd.oasis.opendocument.spreadsheet", as_ods),
    "csv": Format("CSV", "zip", "application/zip", as_zip),
}
