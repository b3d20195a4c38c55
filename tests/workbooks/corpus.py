"""Odd and bad workbooks, made by script: each function returns the bytes of a file as somebody might send it."""

import datetime as dt
import io
import re
import zipfile

import openpyxl
import xlsxwriter

DAY = dt.date(2022, 2, 1)
MIME = "application/vnd.oasis.opendocument.spreadsheet"
SPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in {
        "office": "office",
        "table": "table",
        "text": "text",
        "style": "style",
        "number": "datastyle",
        "draw": "drawing",
    }.items()
)
CALC = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'


# Excel


def xlsx(*sheets, edit=lambda book: None):
    """A workbook as openpyxl writes it; a sheet is (name, rows), a cell a value or (value, number format)."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for number, row in enumerate(rows, 1):
            for column, cell in enumerate(row, 1):
                value, number_format = cell if isinstance(cell, tuple) else (cell, "General")
                sheet.cell(number, column, value).number_format = number_format
    edit(book)
    return saved(book)


def saved(book):
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def xlsxwritten(fill):
    """A workbook as XlsxWriter writes it; `fill` gets the workbook and its first sheet."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        fill(book, book.add_worksheet("Indicators"))
    return buffer.getvalue()


def one(*cells, edit=lambda sheet: None):
    """One sheet with one row."""
    return xlsx(("Indicators", [cells]), edit=lambda book: edit(book["Indicators"]))


def members(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(files, compression=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in files.items() if isinstance(files, dict) else files:
            archive.writestr(name, content)
    return buffer.getvalue()


def with_member(data, name, content):
    """The workbook with a member added or replaced."""
    return zipped({**members(data), name: content})


def edited(data, member, *changes):
    """The workbook with a text in a member replaced."""
    files = members(data)
    text = files[member].decode()
    for old, new in changes:
        assert re.search(old, text), f"{old} is not in {text[:2000]}"
        text = re.sub(old, lambda _, new=new: new, text)
    return zipped({**files, member: text})


def sheet_xml(cells, *, before="", after=""):
    """A workbook whose one sheet has these cells as raw XML."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    xml = f'<worksheet xmlns="{main}">{before}<sheetData>{cells}</sheetData>{after}</worksheet>'
    return with_member(one("x"), "xl/worksheets/sheet1.xml", xml)


def as_people_leave_them():
    return one(
        (0.27, "0%"),
        (0.2734, "0.0%"),
        (0, "0%"),
        0.27,
        10,
        "10",
        "00123",
        "1a",
        0,
        0.1 + 0.2,
        4127,
        -18.5,
        "4,127",
        "(18)",
        "−18pp. (R12)",
        "↑",
        True,
        "\u00a027%\u202f",
    )


def formatted():
    return one(
        (32_700_000, '[$£-809]#,##0.0,,"m"'),
        (32.7, '"£"#,##0.0"m"'),
        (450_000, '£#,##0,"k"'),
        (32.7, "£#,##0.0"),
        (-0.9, "#,##0.0;(#,##0.0)"),
        (-18, '0"pp"'),
        (27, '0"%"'),
        (-0.05, "0%;[Red]-0%"),
        (0, '0;-0;"-"'),
        (5, ";;;"),
        (4127, '#,##0" calls"'),
        (1234.5, "0.00E+00"),
        (5, '[>=1000]#,##0.0,"k";0'),
        (900_000, "#,##0.0,,"),
        (-450_500, "#,##0,"),
        (1_500_000, "0,.0"),
    )


def dates():
    return one(
        (DAY, "d-mmm"),
        (dt.datetime(2022, 2, 1, 9, 30), "dd/mm/yyyy hh:mm"),  # noqa: DTZ001
        (dt.time(9, 30), "hh:mm"),
        (1.5, "[h]:mm"),
        (44593, "[$-809]dd mmmm yyyy;@"),
        (59, "dd/mm/yyyy"),
        (1e9, "dd/mm/yyyy"),
    )


def since_1904():
    def edit(book):
        book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904

    return xlsx(("Indicators", [[(DAY, "d-mmm")]]), edit=edit)


def built_in_formats():
    """Numbers 9, 10, 14 and 22, which no file writes down."""
    codes = "".join(f'<xf numFmtId="{number}"/>' for number in (0, 9, 10, 14, 22))
    cells = "".join(f'<c r="{"ABCDE"[n]}1" s="{n}"><v>0.5</v></c>' for n in range(3))
    cells += '<c r="D1" s="3"><v>44593</v></c><c r="E1" s="4"><v>44593.5</v></c>'
    book = edited(sheet_xml(f'<row r="1">{cells}</row>'), "xl/styles.xml", ("<cellXfs.*</cellXfs>", "<cellXfs/>"))
    return edited(book, "xl/styles.xml", ("<cellXfs/>", f"<cellXfs>{codes}</cellXfs>"))


def formulas():
    """As Excel stores them: a number, a text, an empty text, an error; and two that were never worked out."""
    cells = (
        '<c r="A1"><f>1+1</f><v>2</v></c><c r="B1" t="str"><f>"a"&amp;"b"</f><v>ab</v></c>'
        '<c r="C1" t="str"><f>IF(1,"")</f><v></v></c><c r="D1" t="e"><f>1/0</f><v>#DIV/0!</v></c>'
        '<c r="E1"><f>SUM(A1:A9)</f></c><c r="F1"><f t="shared" si="0"/><v/></c><c r="G1"><v>7</v></c>'
    )
    return sheet_xml(f'<row r="1">{cells}</row>')


def never_calculated():
    """XlsxWriter gives every formula the result 0, and asks for it to be worked out on opening."""
    return xlsxwritten(lambda book, sheet: [sheet.write_formula(0, 0, "=SUM(B1:B9)"), sheet.write_number(0, 1, 0)])


def errors_as_text():
    return one("#N/A", "#REF!", "########", "#", "#1 of 3", "E", "Err:502")


def merged():
    rows = [["Indicators"], ["Priority", "Ref"], ["Victims", "1a"], [None, "1b"]]
    return xlsx(
        ("Indicators", rows),
        edit=lambda book: [book["Indicators"].merge_cells(area) for area in ("A1:B1", "A3:A4")],
    )


def hidden_under_a_merge():
    return sheet_xml(
        '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><v>2</v></c></row>',
        after='<mergeCells><mergeCell ref="A1:B1"/></mergeCells>',
    )


def hidden():
    def edit(book):
        book["Risks"].sheet_state = "hidden"
        book["Goals"].sheet_state = "veryHidden"
        sheet = book["Indicators"]
        for number in (2, 4, 5, 9):
            sheet.row_dimensions[number].hidden = True
        for letter in "BCEH":
            sheet.column_dimensions[letter].hidden = True

    rows = [["Quarter", "Key", "Ref", "Version", "Note"], *[[n, n, n, n, n] for n in range(2, 7)]]
    return xlsx(("Indicators", rows), ("Risks", [["x"]]), ("Goals", [["y"]]), edit=edit)


def rich_and_inline():
    cells = (
        '<c r="A1" t="inlineStr"><is><r><t>bold</t></r><r><t xml:space="preserve"> and not</t></r></is></c>'
        '<c r="B1" t="inlineStr"><is><t>東</t><rPh sb="0" eb="1"><t>ひがし</t></rPh></is></c>'
        '<c r="C1" t="str"><v>a_x000D_\nb_x0041__xD83D__xDE00__x0000_</v></c>'
        '<c r="D1" t="d"><v>2022-02-01T00:00:00</v></c><c r="E1" t="b"><v>0</v></c>'
        '<c r="F1" t="inlineStr"><is><t> \n </t></is></c>'
    )
    return sheet_xml(f'<row r="1">{cells}</row>')


def shared_strings():
    """Rich text, a reading aid for Japanese, and a line break, as Excel keeps them."""
    book = xlsxwritten(lambda book, sheet: sheet.write_row(0, 0, ["x", "y"]))
    items = "<si><r><t>one</t></r><r><t>\ntwo</t></r></si><si><t>東</t><rPh><t>ひがし</t></rPh></si>"
    return edited(book, "xl/sharedStrings.xml", ("(?s)<si>.*</si>", items))


def places_left_out():
    """Cells and rows without their place follow one another; some writers leave it out."""
    return sheet_xml('<row><c><v>1</v></c><c r="D1"><v>4</v></c><c><v>5</v></c></row><row/><row><c><v>6</v></c></row>')


def prefixed():
    """As the Open XML SDK writes: every element has a prefix."""
    book = members(sheet_xml('<row r="2"><c r="B2"><v>7</v></c></row>'))
    xml = re.sub(r"<(/?)([a-zA-Z])", r"<\1x:\2", book["xl/worksheets/sheet1.xml"].decode()).replace(
        "xmlns=", "xmlns:x="
    )
    return zipped({**book, "xl/worksheets/sheet1.xml": xml})


def formatted_to_the_last_row():
    return sheet_xml(
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576" s="0"/></row>',
        before='<dimension ref="A1:XFD1048576"/>',
    )


def two_far_corners():
    return sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>')


def too_wide():
    return sheet_xml('<row r="1"><c r="GS1"><v>1</v></c></row>')


def too_many_cells():
    return sheet_xml("".join(f'<row r="{n}"><c r="GR{n}"><v>1</v></c></row>' for n in range(1, 5_003)))


def two_sheets_one_too_long():
    book = xlsx(("Indicators", [["x"]]), ("Risks", [["y"]]))
    return with_member(book, "xl/worksheets/sheet1.xml", members(two_far_corners())["xl/worksheets/sheet1.xml"])


def too_many_sheets():
    return xlsx(*((f"Sheet {n}", [["x"]]) for n in range(51)))


def long_text(length):
    cell = f't="inlineStr"><is><t>{"x" * length}</t></is></c>'
    return sheet_xml(f'<row r="1"><c r="A1"><v>1</v></c><c r="B1" {cell}</row>')


def external_link():
    """A value that came from another workbook, with the address that it came from."""
    book = sheet_xml('<row r="1"><c r="A1"><f>[1]Sheet1!A1</f><v>42</v></c></row>')
    link = '<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'
    relation = (
        '<Relationship Id="rIdX" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLink"'
        ' Target="externalLinks/externalLink1.xml"/></Relationships>'
    )
    book = edited(book, "xl/_rels/workbook.xml.rels", ("</Relationships>", relation))
    return with_member(book, "xl/externalLinks/externalLink1.xml", link)


def chart_sheet():
    return xlsx(("Indicators", [["x"]]), edit=lambda book: book.create_chartsheet("Chart"))


def entities(xml='<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'):
    book = members(one("x"))
    sheet = book["xl/worksheets/sheet1.xml"].decode()
    return zipped({**book, "xl/worksheets/sheet1.xml": xml + re.sub(r"<\?xml.*?\?>", "", sheet)})


def with_macros():
    return with_member(one("x"), "xl/vbaProject.bin", b"\xd0\xcf\x11\xe0")


def bomb():
    return with_member(one("x"), "xl/theme/big.xml", b"\0" * (101 * 2**20))


def small_bomb():
    return with_member(one("x"), "xl/theme/big.xml", b"\0" * (8 * 2**20))


def lying_size():
    """A member that says it holds less than it does."""
    data = bytearray(one("x" * 5_000))
    place = data.index(b"PK\x01\x02" + data[data.rindex(b"PK\x01\x02") + 4 : data.rindex(b"PK\x01\x02") + 6])
    while b"sheet1.xml" not in data[place + 46 : place + 80]:
        place = data.index(b"PK\x01\x02", place + 4)
    data[place + 24 : place + 28] = (100).to_bytes(4, "little")
    return bytes(data)


def deep():
    return sheet_xml("<row><c>" + "<a>" * 100 + "</a>" * 100 + "</c></row>")


def overlapping_merges():
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(1, 10_001))
    ranges = '<mergeCell ref="A1:A10000"/>' * 200
    return sheet_xml(rows, after=f"<mergeCells>{ranges}</mergeCells>")


def ole(*streams):
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504 + b"".join(s.encode("utf-16-le") for s in streams)


# OpenDocument


def ods(content, *, styles="", settings="", **more):
    """A spreadsheet with these tables as raw XML."""
    body = (
        f"<office:document-content {SPACES} {CALC}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:spreadsheet>{settings}{content}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    return zipped({"mimetype": MIME, "content.xml": body, **more})


def table(rows, name="Indicators", **attributes):
    more = "".join(f' table:{key.replace("_", "-")}="{value}"' for key, value in attributes.items())
    return f'<table:table table:name="{name}"{more}>{rows}</table:table>'


def cell(kind="string", text="", **attributes):
    more = "".join(f' {key.replace("__", ":").replace("_", "-")}="{value}"' for key, value in attributes.items())
    return f'<table:table-cell office:value-type="{kind}"{more}><text:p>{text}</text:p></table:table-cell>'


def row(*cells, **attributes):
    more = "".join(f' table:{key.replace("_", "-")}="{value}"' for key, value in attributes.items())
    return f"<table:table-row{more}>{''.join(cells)}</table:table-row>"


def ods_values():
    return ods(
        table(
            row(
                cell("percentage", "27%", office__value="0.27"),
                cell("percentage", "27%", office__value="0.2734"),
                cell("float", "10", office__value="10"),
                cell("float", "4,127", office__value="4127"),
                cell("string", "1a"),
                cell("date", "01/02/22", office__date_value="2022-02-01"),
                cell("date", "01/02/22 09:30", office__date_value="2022-02-01T09:30:00"),
                cell("time", "09:30", office__time_value="PT09H30M00S"),
                cell("boolean", "TRUE", office__boolean_value="true"),
                cell("currency", "£32.70", office__value="32.7", office__currency="GBP"),
                cell("float", "0", office__value="0"),
                cell("string", "shown", office__string_value="stored"),
            )
        )
    )


def ods_formulas():
    return ods(
        table(
            row(
                cell("float", "2", table__formula="of:=1+1", office__value="2"),
                cell("string", "#DIV/0!", table__formula="of:=1/0", calcext__value_type="error"),
                cell("float", "Err:502", table__formula="of:=X()", office__value="0"),
                '<table:table-cell table:formula="of:=SUM([.A1])"/>',
                cell("float", "42", table__formula="of:='file:///a.ods'#$S.A1", office__value="42"),
            )
        )
    )


def ods_repeats():
    blank = '<table:table-cell table:number-columns-repeated="16380"/>'
    return ods(
        table(
            '<table:table-column table:number-columns-repeated="16384"/>'
            + row(
                cell("float", "7", office__value="7", table__number_columns_repeated="3"),
                blank,
                number_rows_repeated="2",
            )
            + row(blank, number_rows_repeated="3")
            + row('<table:table-cell table:number-columns-repeated="2"/>', cell("string", "x"), blank)
            + row(blank, number_rows_repeated="1048570")
        )
    )


def ods_too_long():
    return ods(
        table(row(cell("string", "x"), number_rows_repeated="1048576")) + table(row(cell("string", "y")), "Risks")
    )


def ods_text():
    long = (
        "<text:p>one<text:s text:c='3'/>two<text:line-break/>three</text:p>"
        "<text:p>a<text:span>b</text:span>\n  c</text:p>"
    )
    note = "<office:annotation><text:p>a comment</text:p></office:annotation>"
    picture = "<draw:frame><draw:text-box><text:p>a caption</text:p></draw:text-box></draw:frame>"
    return ods(table(row(f'<table:table-cell office:value-type="string">{note}{picture}{long}</table:table-cell>')))


def ods_hidden():
    styles = '<style:style style:name="ta2"><style:table-properties table:display="false"/></style:style>'
    columns = '<table:table-column/><table:table-column table:visibility="collapse"/>'
    rows = row(cell("string", "a"), cell("string", "b")) + row(cell("string", "c"), visibility="filter")
    return ods(table(columns + rows) + table(row(cell("string", "x")), "Risks", style_name="ta2"), styles=styles)


def ods_merged():
    first = cell("string", "Victims", table__number_rows_spanned="2")
    covered = '<table:covered-table-cell office:value-type="string"><text:p>unseen</text:p></table:covered-table-cell>'
    return ods(table(row(first, cell("string", "1a")) + row(covered, cell("string", "1b"))))


def ods_formatted():
    def style(number, written):
        return (
            f'<number:number-style style:name="N{number}">{written}</number:number-style>'
            f'<style:style style:name="c{number}" style:family="table-cell" style:data-style-name="N{number}"/>'
        )

    millions = '<number:number number:display-factor="1000000"/>'
    positive = '<style:map style:condition="value()&gt;=0" style:apply-style-name="N4"/>'
    styles = (
        style(1, "<number:number/><number:text>pp</number:text>")
        + style(2, f"<number:text>£</number:text>{millions}<number:text>m</number:text>")
        + style(3, f"<number:text>-</number:text><number:number/>{positive}")
        + style(4, "<number:text>£</number:text><number:number/>")
        + '<style:style style:name="child" style:family="table-cell" style:parent-style-name="c1"/>'
    )
    cells = [
        cell("float", "-18pp", office__value="-18", table__style_name="c1"),
        cell("float", "£32.7m", office__value="32700000", table__style_name="c2"),
        cell("float", "-£0.9", office__value="-0.9", table__style_name="c3"),
        cell("float", "3pp", office__value="3", table__style_name="child"),
        cell("float", "4pp", office__value="4"),
    ]
    columns = '<table:table-column table:number-columns-repeated="5" table:default-cell-style-name="c1"/>'
    return ods(table(columns + row(*cells)), styles=styles)


def ods_with_other_tables():
    """Recorded changes and a copy of another file's sheet hold cells that are not the workbook's."""
    changes = f"<table:tracked-changes>{row(cell('string', 'old'))}</table:tracked-changes>"
    copy = table(row(cell("string", "theirs")), "&apos;file:///a.ods&apos;#$Sheet1")
    return ods(table(row(cell("string", "ours"))) + copy, settings=changes)


def ods_encrypted():
    manifest = "<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>"
    return zipped({"mimetype": MIME, "content.xml": b"\x8f\x01", "META-INF/manifest.xml": manifest})


def ods_spaces():
    return ods(table(row(cell("string", "<text:s text:c='99999999'/>"))))
