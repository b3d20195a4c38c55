"""Workbooks as .xlsx: a cover, notes, and a table on each sheet from its first cell."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import accumulate
from typing import Any

import xlsxwriter

from ..importing import COVER, NOTES
from . import guidance
from .sheets import ORDER, Heading, Kind, Percent, Sheet, Value, Workbook, in_thousands, is_too_long

LANGUAGE = "en-GB"
CORE_END = b"</cp:coreProperties>"
LINE_HEIGHT, MAX_HEIGHT = 14.5, 409.0  # in points
SPARE_ROWS = 200  # below a table, that offer the dropdowns too
DIGITS = 15  # what a floating-point number holds for sure; a longer figure is written as text
TITLE_SIZE, HEADING_SIZE, SIZE = 16, 13, 11
A4 = 9
COVER_WIDTH, NOTES_WIDTHS = 84, (36, 70)  # in characters
WIDTHS = {
    Kind.TEXT: 12,
    Kind.LONG: 60,
    Kind.TITLE: 28,
    Kind.CODE: 13,
    Kind.FIGURE: 12,
    Kind.MONEY: 12,
    Kind.COUNT: 7,
    Kind.DATE: 12,
    Kind.HIDDEN: 12,
}
WRAPPED = {Kind.LONG, Kind.TITLE}
NUMBER_FORMATS = {Kind.MONEY: "#,##0.0", Kind.COUNT: "0", Kind.DATE: "dd/mm/yyyy", Kind.FIGURE: "General"}
FROZEN_WIDTH = 84  # characters
THOUSANDS, FRACTION, AS_TEXT = "#,##0", "0.0###%", "@"


def as_xlsx(book: Workbook) -> bytes:
    buffer = io.BytesIO()
    options = {"in_memory": True, "default_format_properties": {"font_name": "Arial", "font_size": SIZE}}
    with xlsxwriter.Workbook(buffer, options) as out:
        properties = {"title": book.about.title, "subject": book.about.plan, "author": book.about.made_by}
        out.set_properties({**properties, "created": book.about.made_at.astimezone(dt.UTC)})
        formats = Formats(out)
        write_cover(out.add_worksheet(COVER), book, formats)
        write_notes(out.add_worksheet(NOTES), book, formats)
        for sheet in book.sheets:
            write_sheet(out.add_worksheet(sheet.name), sheet, formats)
    return finished(buffer)


class Formats:
    """The formats of a workbook, each made once."""

    def __init__(self, out: Any) -> None:
        self.out = out
        self.made: dict[tuple[tuple[str, Any], ...], Any] = {}

    def __call__(self, **properties: Any) -> Any:
        key = tuple(properties.items())
        if key not in self.made:
            self.made[key] = self.out.add_format(properties)
        return self.made[key]

    def cell(self, kind: Kind, number_format: str = "") -> Any:
        wanted = number_format or NUMBER_FORMATS.get(kind, AS_TEXT)
        aligned = {"align": "left"} if kind == Kind.COUNT else {}
        return self(num_format=wanted, text_wrap=kind != Kind.HIDDEN, valign="top", **aligned)

    @property
    def heading(self) -> Any:
        return self(bold=True, text_wrap=True, valign="top", bg_color="#E9F0F6", bottom=2, num_format=AS_TEXT)


def write_cover(out: Any, book: Workbook, formats: Formats) -> None:
    out.set_column(0, 0, COVER_WIDTH, formats(text_wrap=True, valign="top"))
    out.write_string(0, 0, book.about.title, formats(bold=True, font_size=TITLE_SIZE, text_wrap=True))
    for number, line in enumerate(guidance.cover(book), 1):
        out.set_row(number, height([(line.text, COVER_WIDTH)]))
        if line.sheet:
            out.write_url(number, 0, f"internal:'{line.sheet}'!A1", string=line.text)
        else:
            style = {"bold": True, "font_size": HEADING_SIZE} if line.is_heading else {"valign": "top"}
            out.write_string(number, 0, line.text, formats(text_wrap=True, **style))
    printed(out)


def write_notes(out: Any, book: Workbook, formats: Formats) -> None:
    rows = guidance.notes(book)
    out.set_column(0, 0, NOTES_WIDTHS[0], formats.cell(Kind.LONG))
    out.set_column(1, 1, NOTES_WIDTHS[1], formats.cell(Kind.LONG))
    for number, row in enumerate(rows, 1):
        out.set_row(number, height(zip(row, NOTES_WIDTHS, strict=True)))
        for column, text in enumerate(row):
            out.write_string(number, column, text, formats.cell(Kind.LONG))
    add_table(out, NOTES, ["Noted on", "Note"], len(rows), formats)
    printed(out)


def write_sheet(out: Any, sheet: Sheet, formats: Formats) -> None:
    for column, heading in enumerate(sheet.headings):
        hidden = {"hidden": True} if heading.kind == Kind.HIDDEN else {}
        out.set_column(column, column, width(heading), formats.cell(heading.kind), hidden)
        offer(out, heading, column, len(sheet.rows) + SPARE_ROWS)
    writers = [writer_of(out, heading.kind, formats) for heading in sheet.headings]
    widths = [width(heading) if heading.kind in WRAPPED else 0 for heading in sheet.headings]
    for number, row in enumerate(sheet.rows, 1):
        out.set_row(number, height((value, wide) for value, wide in zip(row, widths, strict=True) if wide))
        for column, value in enumerate(row):
            writers[column](number, column, value)
    add_table(out, sheet.name, [heading.text for heading in sheet.headings], len(sheet.rows), formats)
    out.freeze_panes(1, named_columns(sheet))
    printed(out)
    asked = len(ORDER[sheet.name].split(", "))
    out.print_area(0, 0, max(len(sheet.rows), 1), min(asked, len(sheet.headings)) - 1)  # without what is set up once
    out.set_landscape()


def named_columns(sheet: Sheet) -> int:
    """How many columns stay in sight when it is scrolled: those that name a row, as far as a small screen has room."""
    widths = list(accumulate(width(heading) for heading in sheet.headings[:4]))
    return sum(total <= FROZEN_WIDTH for total in widths)


def width(heading: Heading) -> int:
    widest = max((len(text) for text in heading.choices), default=0) if heading.kind == Kind.CODE else 0
    return max(WIDTHS[heading.kind], min(widest + 3, 26))


def add_table(out: Any, name: str, headings: list[str], rows: int, formats: Formats) -> None:
    columns = [{"header": text, "header_format": formats.heading} for text in headings]
    options = {"name": name, "columns": columns, "style": "Table Style Light 1", "banded_rows": False}
    out.add_table(0, 0, max(rows, 1), len(headings) - 1, options)
    out.freeze_panes(1, 0)
    out.repeat_rows(0)


def printed(out: Any) -> None:
    out.set_paper(A4)
    out.fit_to_pages(1, 0)
    out.set_footer("&L&A&RPage &P of &N")


def offer(out: Any, heading: Heading, column: int, last: int) -> None:
    """A dropdown that offers the codes and forbids nothing: figures and [clear] are typed into the same cells."""
    if heading.choices:
        rule = {"validate": "list", "source": list(heading.choices), "show_error": False}
        out.data_validation(1, column, last, column, rule)


Writer = Callable[[int, int, Value], None]


def writer_of(out: Any, kind: Kind, formats: Formats) -> Writer:
    """What writes the cells of a column: text as text whatever it begins with, figures as figures."""
    plain, thousands = formats.cell(kind), formats.cell(kind, THOUSANDS)
    fraction, text = formats.cell(kind, FRACTION), formats.cell(kind, AS_TEXT)

    def write(row: int, column: int, value: Value) -> None:
        if isinstance(value, str):
            if value and not is_too_long(value):
                out.write_string(row, column, value, text if kind == Kind.FIGURE else plain)
            else:
                out.write_blank(row, column, None, plain)
        elif isinstance(value, Percent):
            out.write_number(row, column, value.value / 100, fraction)
        elif isinstance(value, dt.date):
            out.write_datetime(row, column, value, plain)
        elif isinstance(value, Decimal) and len(value.normalize().as_tuple().digits) > DIGITS:
            out.write_string(row, column, f"{value:f}", text)
        else:
            shown = thousands if kind == Kind.FIGURE and in_thousands(value) else plain
            out.write_number(row, column, value, shown)

    return write


def height(texts: Iterable[tuple[Value, int]]) -> float | None:
    """The height of a row in points, for texts and the widths of their columns; None where a line is enough."""
    lines = max(
        (sum(1 + len(line) // wide for line in text.split("\n")) for text, wide in texts if isinstance(text, str)),
        default=1,
    )
    return min(lines * LINE_HEIGHT, MAX_HEIGHT) if lines > 1 else None


def finished(buffer: io.BytesIO) -> bytes:
    """The file with what XlsxWriter has no word for: its language, and rows that grow with the text typed into them."""
    told = io.BytesIO()
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(told, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            data = old.read(info)
            if info.filename == "docProps/core.xml":
                data = data.replace(CORE_END, f"<dc:language>{LANGUAGE}</dc:language>".encode() + CORE_END)
            elif info.filename.startswith("xl/worksheets/sheet"):
                data = data.replace(b' customHeight="1"', b"")
            new.writestr(info, data)
    return told.getvalue()
