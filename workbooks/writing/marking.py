"""The copy of an uploaded workbook in which every wrong cell is marked, to hand back to whoever filled it in."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

from openpyxl import Workbook as Copy
from openpyxl import load_workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet.hyperlink import Hyperlink

from priorities.rows import heading_key

from ..importing import Told
from ..reading import Sheet, read_upload, weight_of

LIST, SIGNATURE = "Problems", "Import"
HEADINGS = ("Where", "Found", "What is wrong, and what to do")
WIDTHS = (34, 30, 90)
FILL = PatternFill("lightUp", fgColor="9C5700", bgColor="FFEB9C")  # striped: seen without colour too
EDGE = Side("medium", color="9C0006")
FRAME = Border(EDGE, EDGE, EDGE, EDGE)
WRAPPED = Alignment(wrap_text=True, vertical="top")
MOST_COPIED = 400_000  # elements and merged cells; each takes about 10 μs and half a kilobyte, whatever it says
ONLY_VALUES = (
    "this workbook can't be copied as it is, with merged cells and formats: it has too many of them, or something odd. "
    "So the values as they were read were put into a new one; mend those, or the cells named below in your own."
)
LINE, WIDE = 42, 320  # characters in a line of a comment, and its width in pixels


def marked_copy(name: str, data: bytes, told: Iterable[Told]) -> tuple[str, bytes]:
    """Name and bytes of an .xlsx: the workbook as it was uploaded, each wrong cell striped, framed and commented.

    A list of all problems stands in front. An .xlsx keeps what it has, formulas among it; of an .ods, .csv or .zip, and
    of an .xlsx with more than is copied, the sheets as they were read are put into a new one. Raises Unreadable for
    what can't be read or exceeds the caps.
    """
    sheets, _ = read_upload(name, data)
    problems = list(told)
    if PurePath(name).suffix.lower() != ".xlsx":
        marked = copied(sheets)
    elif (marked := opened(name, data)) is None:
        marked = copied(sheets)
        problems.insert(0, Told("", 0, 0, "", "", ONLY_VALUES))
    mark(marked, problems)
    list_problems(marked, problems)
    buffer = io.BytesIO()
    marked.save(buffer)
    return f"{PurePath(name).stem}-marked.xlsx", buffer.getvalue()


def opened(name: str, data: bytes) -> Any:
    """The workbook to be marked; None for one that is read, but can't be written again, or not in reasonable time."""
    if weight_of(name, data) > MOST_COPIED:
        return None
    try:
        return load_workbook(io.BytesIO(data), rich_text=True)
    except Exception:  # whatever an odd file may raise: the sheets as read serve instead
        return None


def copied(sheets: Iterable[Sheet]) -> Any:
    book = Copy()
    book.remove(book.active)
    for sheet in sheets:
        page = book.create_sheet(sheet.name[:31])
        for number, row in enumerate(sheet.rows, 1):
            for column, text in enumerate(row, 1):
                if text:
                    write(page.cell(number, column), text)
    return book


def write(cell: Any, text: str) -> None:
    """Text as text, whatever it begins with."""
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", text)
    cell.data_type, cell.number_format = "s", "@"
    cell.alignment = WRAPPED


# Marks


def mark(book: Any, problems: Iterable[Told]) -> None:
    messages: dict[tuple[str, int, int], list[str]] = {}
    for problem in problems:
        if problem.row and problem.column:
            messages.setdefault((heading_key(problem.sheet), problem.row, problem.column), []).append(problem.message)
    pages = {heading_key(page.title): page for page in book.worksheets}
    for (sheet, row, column), wrong in messages.items():
        if sheet in pages:
            mark_cell(topmost(pages[sheet], row, column), wrong)


def topmost(page: Any, row: int, column: int) -> Any:
    """The cell, or of merged ones the first, which alone can be written on."""
    cell = page.cell(row, column)
    for merged in page.merged_cells.ranges:
        if cell.coordinate in merged:
            return page.cell(merged.min_row, merged.min_col)
    return cell


def mark_cell(cell: Any, messages: list[str]) -> None:
    cell.fill, cell.border = FILL, FRAME
    said = [cell.comment.text] if cell.comment and cell.comment.author != SIGNATURE else []
    text = "\n\n".join([*messages, *said])
    lines = sum(1 + len(line) // LINE for line in text.split("\n"))
    cell.comment = Comment(text, SIGNATURE, height=24 + 16 * lines, width=WIDE)


def list_problems(book: Any, problems: Iterable[Told]) -> None:
    """A sheet in front with a row for each problem, which leads to its cell; an earlier one is replaced."""
    if LIST in book.sheetnames:
        book.remove(book[LIST])
    page = book.create_sheet(LIST, 0)
    titles = {heading_key(each.title): each.title for each in book.worksheets}
    for column, (text, width) in enumerate(zip(HEADINGS, WIDTHS, strict=True), 1):
        write(page.cell(1, column), text)
        page.cell(1, column).font = Font(bold=True)
        page.column_dimensions[page.cell(1, column).column_letter].width = width
    for number, problem in enumerate(problems, 2):
        found = f"“{problem.found}”" if problem.found else ""
        for column, text in enumerate((place(problem), found, problem.message), 1):
            write(page.cell(number, column), text)
        title = titles.get(heading_key(problem.sheet))
        if title and problem.cell:
            quoted = title.replace("'", "''")
            link = page.cell(number, 1)
            link.hyperlink = Hyperlink(ref=link.coordinate, location=f"'{quoted}'!{problem.cell}")
            link.style = "Hyperlink"
    page.freeze_panes = "A2"
    for each in book.worksheets:
        each.sheet_view.tabSelected = each is page
    book.active = 0


def place(problem: Told) -> str:
    """ "Indicators!K7, Value": never a heading alone, which would make this sheet look like one to be imported."""
    where = f"{problem.sheet}!{problem.cell}" if problem.cell else f"{problem.sheet or 'The workbook'}, all of it"
    return f"{where}, {problem.heading}" if problem.heading else where
