"""Sheets for the tests of imports: plain lists of rows, and one from what is stored, with keys and versions."""

from priorities.history import Source
from workbooks.importing import apply_import, plan_import
from workbooks.reading import Sheet

Q = "Q1 2022/23"
VICTIMS = "Victims are better supported"


def sheet(name, headings, *rows, **kwargs):
    return Sheet(name, [list(headings), *map(list, rows)], **kwargs)


def indicators(*rows, headings=("Ref", "Indicator", "Unit", "Target", "Value")):
    """An Indicators sheet; each row begins with the first of these headings."""
    return sheet("Indicators", ("Quarter", "Priority", *headings), *([Q, VICTIMS, *row] for row in rows))


def plan(*sheets, by=None, **choices):
    return plan_import(sheets, by=by, **choices)


def load(*sheets, by=None, **choices):
    """Plan and apply; what stands in the way is an error of the test."""
    planned = plan(*sheets, by=by, **choices)
    assert not planned.problems, planned.problems
    apply_import(planned, source=Source.SPREADSHEET)
    return planned


def kinds(planned):
    return [row.kind for row in planned.rows]


def cells(planned):
    """Every cell that would change: its place, what it says now, and what it would say."""
    return [(cell.cell or cell.heading, cell.old, cell.new) for row in planned.rows for cell in row.cells]
