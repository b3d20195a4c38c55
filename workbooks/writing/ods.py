"""Workbooks as .ods, written by hand: the same sheets as in .xlsx, in the few parts that the format asks for."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from priorities.cells import plain

from ..importing import COVER, NOTES
from ..reading import cell_name
from . import guidance
from .sheets import Heading, Kind, Percent, Sheet, Value, Workbook, in_thousands, is_too_long
from .xlsx import COVER_WIDTH, LANGUAGE, NOTES_WIDTHS, SPARE_ROWS, width

MEDIA_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
NAMESPACES = " ".join(
    f'xmlns:{name}="{address}"'
    for name, address in {
        **{
            name: f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"
            for name in ("office", "table", "text", "style", "meta", "config")
        },
        "number": "urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0",
        "fo": "urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0",
        "dc": "http://purl.org/dc/elements/1.1/",
        "xlink": "http://www.w3.org/1999/xlink",
        "of": "urn:oasis:names:tc:opendocument:xmlns:of:1.2",
    }.items()
)
MANIFEST = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
EM = 0.085  # inches of a character in a column's width

DAY_FIRST = "<number:text>/</number:text>".join(
    f'<number:{part} number:style="long"/>' for part in ("day", "month", "year")
)
STYLE_OF = {Kind.HIDDEN: "hidden", Kind.MONEY: "money", Kind.COUNT: "count", Kind.DATE: "date", Kind.FIGURE: "general"}


def as_ods(book: Workbook) -> bytes:
    buffer = io.BytesIO()
    parts = {
        "content.xml": content(book),
        "styles.xml": styles(),
        "meta.xml": meta(book),
        "settings.xml": settings(book),
        "META-INF/manifest.xml": manifest(),
    }
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as out:
        add(out, book, "mimetype", MEDIA_TYPE, zipfile.ZIP_STORED)  # first, and as it is: by it the format is known
        for name, text in parts.items():
            add(out, book, name, XML + text)
    return buffer.getvalue()


def add(out: zipfile.ZipFile, book: Workbook, name: str, text: str, compression: int = zipfile.ZIP_DEFLATED) -> None:
    """Add a part, dated as the workbook is: the same workbook is always the same bytes."""
    info = zipfile.ZipInfo(name, book.about.made_at.timetuple()[:6])
    info.compress_type = compression
    out.writestr(info, text)


def manifest() -> str:
    files = {"/": MEDIA_TYPE, **dict.fromkeys(("content.xml", "styles.xml", "meta.xml", "settings.xml"), "text/xml")}
    entries = "".join(
        f'<manifest:file-entry manifest:full-path="{path}" manifest:media-type="{kind}"/>'
        for path, kind in files.items()
    )
    return f'<manifest:manifest xmlns:manifest="{MANIFEST}" manifest:version="1.3">{entries}</manifest:manifest>'


def meta(book: Workbook) -> str:
    about = book.about
    made_at = f"{about.made_at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
    return (
        f'<office:document-meta {NAMESPACES} office:version="1.3"><office:meta>'
        f"<dc:title>{escape(about.title)}</dc:title><dc:subject>{escape(about.plan)}</dc:subject>"
        f"<meta:initial-creator>{escape(about.made_by)}</meta:initial-creator><dc:creator>{escape(about.made_by)}</dc:creator>"
        f"<meta:creation-date>{made_at}</meta:creation-date><dc:language>{LANGUAGE}</dc:language>"
        f"</office:meta></office:document-meta>"
    )


def styles() -> str:
    language, country = LANGUAGE.split("-")
    return (
        f'<office:document-styles {NAMESPACES} office:version="1.3"><office:styles>'
        '<style:default-style style:family="table-cell"><style:text-properties style:font-name="Arial" '
        f'fo:font-family="Arial" fo:font-size="11pt" fo:language="{language}" fo:country="{country}"/>'
        '</style:default-style><style:style style:name="Default" style:family="table-cell"/></office:styles>'
        '<office:automatic-styles><style:page-layout style:name="A4"><style:page-layout-properties '
        'fo:page-width="29.7cm" fo:page-height="21cm" style:print-orientation="landscape" '
        'style:scale-to-X="1" style:scale-to-Y="0"/></style:page-layout></office:automatic-styles>'
        '<office:master-styles><style:master-page style:name="Default" style:page-layout-name="A4"/>'
        "</office:master-styles></office:document-styles>"
    )


def settings(book: Workbook) -> str:
    """The row of headings of each table stays in sight."""
    frozen = (
        ("HorizontalSplitMode", "short", 0),
        ("VerticalSplitMode", "short", 2),
        ("VerticalSplitPosition", "int", 1),
        ("PositionBottom", "int", 1),
        ("ActiveSplitRange", "short", 2),
    )
    items = "".join(
        f'<config:config-item config:name="{name}" config:type="{kind}">{value}</config:config-item>'
        for name, kind, value in frozen
    )
    names = [NOTES, *(sheet.name for sheet in book.sheets)]
    views = "".join(
        f"<config:config-item-map-entry config:name={quoteattr(name)}>{items}</config:config-item-map-entry>"
        for name in names
    )
    return (
        f'<office:document-settings {NAMESPACES} office:version="1.3"><office:settings>'
        '<config:config-item-set config:name="ooo:view-settings"><config:config-item-map-indexed config:name="Views">'
        '<config:config-item-map-entry><config:config-item config:name="ViewId" config:type="string">view1'
        '</config:config-item><config:config-item-map-named config:name="Tables">'
        f"{views}</config:config-item-map-named></config:config-item-map-entry></config:config-item-map-indexed>"
        "</config:config-item-set></office:settings></office:document-settings>"
    )


# Content


def data_styles() -> str:
    """How figures are shown; none of them says more digits than a cell has."""

    def number(name: str, tag: str = "number", after: str = "", **properties: Any) -> str:
        given = {"min_integer_digits": 1, **properties}
        written = " ".join(f'number:{key.replace("_", "-")}="{value}"' for key, value in given.items())
        return f'<number:{tag}-style style:name="N-{name}"><number:number {written}/>{after}</number:{tag}-style>'

    return "".join(
        (
            '<number:text-style style:name="N-text"><number:text-content/></number:text-style>',
            number("general"),
            number("count", decimal_places=0),
            number("thousands", decimal_places=0, grouping="true"),
            number("money", decimal_places=1, min_decimal_places=1, grouping="true"),
            number("fraction", "percentage", "<number:text>%</number:text>", decimal_places=4, min_decimal_places=1),
            f'<number:date-style style:name="N-date">{DAY_FIRST}</number:date-style>',
        )
    )


def content(book: Workbook) -> str:
    rules = Rules()
    tables = [cover(book), notes(book), *(table(sheet, rules) for sheet in book.sheets)]
    ranges = [(NOTES, 2, len(guidance.notes(book)))]
    ranges += [(sheet.name, len(sheet.headings), len(sheet.rows)) for sheet in book.sheets]
    return (
        f'<office:document-content {NAMESPACES} office:version="1.3">'
        f"<office:automatic-styles>{data_styles()}{''.join(cell_styles())}{''.join(column_styles(book))}"
        f"</office:automatic-styles><office:body><office:spreadsheet>{rules.written()}{''.join(tables)}"
        f"<table:database-ranges>{''.join(map(database_range, ranges))}</table:database-ranges>"
        f"</office:spreadsheet></office:body></office:document-content>"
    )


def database_range(found: tuple[str, int, int]) -> str:
    name, columns, rows = found
    address = f"{name}.A1:{name}.{cell_name(rows + 1, columns)}"
    return (
        f'<table:database-range table:name="{name}" table:target-range-address="{address}" '
        'table:contains-header="true"/>'
    )


def cell_styles() -> Iterator[str]:
    wrapped = '<style:table-cell-properties fo:wrap-option="wrap" style:vertical-align="top"/>'
    for name in ("text", "general", "thousands", "money", "fraction", "date"):
        yield cell_style(name, f"N-{name}", wrapped)
    yield cell_style("count", "N-count", f'{wrapped}<style:paragraph-properties fo:text-align="start"/>')
    yield cell_style("hidden", "N-text", "")
    for name, size in (("title", 16), ("part", 13)):
        yield cell_style(
            name, "N-text", f'{wrapped}<style:text-properties fo:font-weight="bold" fo:font-size="{size}pt"/>'
        )
    shaded = (
        '<style:table-cell-properties fo:wrap-option="wrap" style:vertical-align="top" '
        'fo:background-color="#e9f0f6" fo:border-bottom="1.5pt solid #000000"/>'
    )
    yield cell_style("heading", "N-text", f'{shaded}<style:text-properties fo:font-weight="bold"/>')


def cell_style(name: str, data_style: str, properties: str) -> str:
    return (
        f'<style:style style:name="{name}" style:family="table-cell" style:parent-style-name="Default" '
        f'style:data-style-name="{data_style}">{properties}</style:style>'
    )


def column_styles(book: Workbook) -> Iterator[str]:
    widths = {width(heading) for sheet in book.sheets for heading in sheet.headings}
    for characters in sorted(widths | {COVER_WIDTH, *NOTES_WIDTHS}):
        yield (
            f'<style:style style:name="w{characters}" style:family="table-column"><style:table-column-properties '
            f'style:column-width="{characters * EM:.3f}in"/></style:style>'
        )
    yield (
        '<style:style style:name="row" style:family="table-row"><style:table-row-properties '
        'style:use-optimal-row-height="true"/></style:style>'
    )


class Rules:
    """The dropdowns of a workbook, each list once."""

    def __init__(self) -> None:
        self.names: dict[tuple[tuple[str, ...], str], str] = {}

    def name(self, choices: tuple[str, ...], base: str) -> str:
        return self.names.setdefault((choices, base), f"list{len(self.names) + 1}")

    def written(self) -> str:
        if not self.names:
            return ""
        rules = "".join(rule(name, choices, base) for (choices, base), name in self.names.items())
        return f"<table:content-validations>{rules}</table:content-validations>"


def rule(name: str, choices: tuple[str, ...], base: str) -> str:
    listed = ";".join(f'"{choice}"' for choice in choices)
    condition = f"of:cell-content-is-in-list({listed})"
    return (
        f'<table:content-validation table:name="{name}" table:condition={quoteattr(condition)} '
        f'table:allow-empty-cell="true" table:display-list="unsorted" table:base-cell-address="{base}">'
        '<table:error-message table:display="false"/></table:content-validation>'
    )


def cover(book: Workbook) -> str:
    lines = [f"<table:table-row>{text_cell(book.about.title, 'title')}</table:table-row>"]
    for line in guidance.cover(book):
        style = "part" if line.is_heading else "text"
        cell = link_cell(line.text, line.sheet) if line.sheet else text_cell(line.text, style)
        lines.append(f'<table:table-row table:style-name="row">{cell}</table:table-row>')
    columns = f'<table:table-column table:style-name="w{COVER_WIDTH}"/>'
    return f'<table:table table:name="{COVER}">{columns}{"".join(lines)}</table:table>'


def notes(book: Workbook) -> str:
    columns = "".join(f'<table:table-column table:style-name="w{characters}"/>' for characters in NOTES_WIDTHS)
    rows = (row(text_cell(text, "text") for text in note) for note in guidance.notes(book))
    headings = headed(["Noted on", "Note"])
    return f'<table:table table:name="{NOTES}">{columns}{headings}{"".join(rows)}</table:table>'


def table(sheet: Sheet, rules: Rules) -> str:
    names = [
        f' table:content-validation-name="{rules.name(h.choices, f"{sheet.name}.A2")}"' if h.choices else ""
        for h in sheet.headings
    ]
    kinds = [heading.kind for heading in sheet.headings]
    columns = "".join(column(heading) for heading in sheet.headings)
    rows = [
        row(cell(value, kind, name) for value, kind, name in zip(values, kinds, names, strict=True))
        for values in sheet.rows
    ]
    spare = row(cell("", kind, name) for kind, name in zip(kinds, names, strict=True))
    spare = spare.replace("<table:table-row", f'<table:table-row table:number-rows-repeated="{SPARE_ROWS}"', 1)
    headings = headed(heading.text for heading in sheet.headings)
    return f'<table:table table:name="{sheet.name}">{columns}{headings}{"".join(rows)}{spare}</table:table>'


def column(heading: Heading) -> str:
    hidden = ' table:visibility="collapse"' if heading.kind == Kind.HIDDEN else ""
    style = STYLE_OF.get(heading.kind, "text")
    return f'<table:table-column table:style-name="w{width(heading)}" table:default-cell-style-name="{style}"{hidden}/>'


def headed(texts: Iterable[str]) -> str:
    cells = row(text_cell(text, "heading") for text in texts)
    return f"<table:table-header-rows>{cells}</table:table-header-rows>"


def row(cells: Iterable[str]) -> str:
    return f'<table:table-row table:style-name="row">{"".join(cells)}</table:table-row>'


def cell(value: Value, kind: Kind, rule: str) -> str:
    """A cell with its dropdown: text as text whatever it begins with, figures as figures."""
    if isinstance(value, str):
        style = "text" if value and kind == Kind.FIGURE else STYLE_OF.get(kind, "text")
        return text_cell("" if is_too_long(value) else value, style, rule)
    if isinstance(value, Percent):
        return number_cell(plain(value.value / 100), "fraction", rule, "percentage")
    if isinstance(value, dt.date):
        return f'<table:table-cell table:style-name="date"{rule} office:value-type="date" office:date-value="{value}"/>'
    style = "thousands" if kind == Kind.FIGURE and in_thousands(value) else STYLE_OF.get(kind, "general")
    return number_cell(plain(Decimal(value)), style, rule)


def number_cell(value: Decimal, style: str, rule: str, kind: str = "float") -> str:
    return f'<table:table-cell table:style-name="{style}"{rule} office:value-type="{kind}" office:value="{value:f}"/>'


def text_cell(text: str, style: str, rule: str = "") -> str:
    if not text:
        return f'<table:table-cell table:style-name="{style}"{rule}/>'
    lines = "".join(f"<text:p>{spaced(line)}</text:p>" for line in text.split("\n"))
    return f'<table:table-cell table:style-name="{style}"{rule} office:value-type="string">{lines}</table:table-cell>'


def link_cell(text: str, sheet: str) -> str:
    link = f'<text:a xlink:type="simple" xlink:href="#{sheet}.A1">{escape(text)}</text:a>'
    string = 'table:style-name="text" office:value-type="string"'
    return f"<table:table-cell {string}><text:p>{link}</text:p></table:table-cell>"


def spaced(line: str) -> str:
    """A line with its tabs, and with the spaces that XML would fold into one or drop."""
    found = re.sub("^ +| {2,}| +$", lambda spaces: f'<text:s text:c="{len(spaces[0])}"/>', escape(line))
    return found.replace("\t", "<text:tab/>")
