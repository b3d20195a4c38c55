"""A corpus of odd and bad workbooks: what is read from each, and the exact words for what is not."""

import io
import tracemalloc
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from workbooks import reading
from workbooks.reading import Sheet, Unreadable, read_upload, read_workbook, sheets

from . import corpus

UNCALCULATED, ELSEWHERE, HIDDEN_SHEET = sheets.UNCALCULATED, sheets.ELSEWHERE, sheets.HIDDEN_SHEET
MERGED = "{} is merged over several rows; the value is that of the first row alone, the others are blank."
DAMAGED = "the file is damaged or cut short; open it in Excel or LibreOffice, save it again and import that."
SAVE = "save the workbook as .xlsx or .ods."
MACROS = "save it as an Excel workbook without macros (.xlsx)."
TOO_LARGE = (
    "it unpacks to far more than its size, or to more than 100 MB; "
    "remove what is not needed of sheets, pictures and formatting, or split it."
)
PASSWORD = "it is protected by a password; take the password off, save it and import that."
ONLY = "only .xlsx, .ods, .csv or a .zip of .csv files can be imported; save the workbook as .xlsx or .ods."
NOT_CSV = "this is not a CSV file, whatever its name says; save the sheet as CSV (UTF-8)."


def error(text):
    return f"“{text}” is an error; mend the formula, or write the value itself."


def indicators(*rows, notes=(), broken=()):
    return Sheet("Indicators", [list(row) for row in rows], list(notes), dict(broken))


# What is odd, and read: name: (file name, its bytes, the sheets)
ODD = {
    "cells as people leave them": (
        "book.xlsx",
        corpus.as_people_leave_them,
        [
            indicators(
                [
                    *("27%", "27.34%", "0%", "0.27", "10", "10", "00123", "1a", "0", "0.3", "4127", "-18.5", "4,127"),
                    *("(18)", "−18pp. (R12)", "↑", "TRUE", "27%"),
                ]
            )
        ],
    ),
    "number formats that say something": (
        "book.xlsx",
        corpus.formatted,
        [
            indicators(
                [
                    *("£32.7m", "£32.7m", "£450k", "£32.7", "-0.9", "-18pp", "27%", "-5%", "0", "5", "4127", "1234.5"),
                    *("5", "0.9", "-450.5", "1500"),
                ]
            )
        ],
    ),
    "dates that Excel made of 1-2, and times": (
        "book.xlsx",
        corpus.dates,
        [indicators(["2022-02-01", "2022-02-01 09:30", "09:30", "36:00", "2022-02-01", "1900-02-28", "1000000000"])],
    ),
    "dates counted from 1904": ("book.xlsx", corpus.since_1904, [indicators(["2022-02-01"])]),
    "formats that are built in": (
        "book.xlsx",
        corpus.built_in_formats,
        [indicators(["0.5", "50%", "50%", "2022-02-01", "2022-02-01 12:00"])],
    ),
    "formulas": (
        "book.xlsx",
        corpus.formulas,
        [
            indicators(
                ["2", "ab", "", "#DIV/0!", "=SUM(A1:A9)", "=", "7"],
                broken={(1, 4): error("#DIV/0!"), (1, 5): UNCALCULATED, (1, 6): UNCALCULATED},
            )
        ],
    ),
    "a formula that was never calculated": (
        "book.xlsx",
        corpus.never_calculated,
        [indicators(["=SUM(B1:B9)", "0"], broken={(1, 1): UNCALCULATED})],
    ),
    "errors pasted as text": (
        "book.xlsx",
        corpus.errors_as_text,
        [
            indicators(
                ["#N/A", "#REF!", "########", "#", "#1 of 3", "E", "Err:502"],
                broken={
                    (1, 1): error("#N/A"),
                    (1, 2): error("#REF!"),
                    (1, 3): "“########” is what a spreadsheet shows where a column is too narrow; "
                    "widen it and save again.",
                    (1, 7): error("Err:502"),
                },
            )
        ],
    ),
    "merged cells": (
        "book.xlsx",
        corpus.merged,
        [
            indicators(
                ["Indicators"], ["Priority", "Ref"], ["Victims", "1a"], ["", "1b"], notes=[MERGED.format("A3:A4")]
            )
        ],
    ),
    "a value under a merged range, which nobody sees": (
        "book.xlsx",
        corpus.hidden_under_a_merge,
        [indicators(["1"])],
    ),
    "hidden rows, columns and sheets": (
        "book.xlsx",
        corpus.hidden,
        [
            indicators(
                ["Quarter", "Key", "Ref", "Version", "Note"],
                *([str(n)] * 5 for n in range(2, 7)),
                notes=[
                    "rows 2, 4–5 are hidden; they were read all the same.",
                    "columns C, E are hidden; they were read all the same.",
                ],
            ),
            Sheet("Risks", [["x"]], [HIDDEN_SHEET]),
            Sheet("Goals", [["y"]], [HIDDEN_SHEET]),
        ],
    ),
    "rich text, inline text and escapes": (
        "book.xlsx",
        corpus.rich_and_inline,
        [indicators(["bold and not", "東", "a\nbA😀", "2022-02-01", "FALSE"])],
    ),
    "shared strings with line breaks": ("book.xlsx", corpus.shared_strings, [indicators(["one\ntwo", "東"])]),
    "cells and rows without their place": (
        "book.xlsx",
        corpus.places_left_out,
        [indicators(["1", "", "", "4", "5"], [], ["6"])],
    ),
    "elements with a prefix": ("book.xlsx", corpus.prefixed, [indicators([], ["", "7"])]),
    "formats down to the last row": ("book.xlsx", corpus.formatted_to_the_last_row, [indicators(["1"])]),
    "a value from another workbook": ("book.xlsx", corpus.external_link, [indicators(["42"], notes=[ELSEWHERE])]),
    "a sheet that is a chart": ("book.xlsx", corpus.chart_sheet, [indicators(["x"]), Sheet("Chart", [])]),
    "a text as long as Excel allows": (
        "book.xlsx",
        lambda: corpus.long_text(32_767),
        [indicators(["1", "x" * 32_767])],
    ),
    "a text that is longer": (
        "book.xlsx",
        lambda: corpus.long_text(32_768),
        [
            indicators(
                ["1", "x" * 32_768],
                broken={(1, 2): "this text has 32,768 characters, and a cell of Excel holds 32,767; shorten it."},
            )
        ],
    ),
    "a name in capitals, with a path": ("C:\\Users\\x\\BOOK.XLSX", lambda: corpus.one("x"), [indicators(["x"])]),
    "an .ods": (
        "book.ods",
        corpus.ods_values,
        [
            indicators(
                [
                    *("27%", "27.34%", "10", "4127", "1a", "2022-02-01", "2022-02-01 09:30", "09:30"),
                    *("TRUE", "£32.7", "0", "shown"),
                ]
            )
        ],
    ),
    "an .ods with number formats": (
        "book.ods",
        corpus.ods_formatted,
        [indicators(["-18pp", "£32.7m", "-£0.9", "3pp", "4pp"])],
    ),
    "an .ods with formulas": (
        "book.ods",
        corpus.ods_formulas,
        [
            indicators(
                ["2", "#DIV/0!", "Err:502", "=SUM([.A1])", "42"],
                notes=[ELSEWHERE],
                broken={(1, 2): error("#DIV/0!"), (1, 3): error("Err:502"), (1, 4): UNCALCULATED},
            )
        ],
    ),
    "an .ods with repeated cells and rows": (
        "book.ods",
        corpus.ods_repeats,
        [indicators(["7"] * 3, ["7"] * 3, [], [], [], ["", "", "x"])],
    ),
    "an .ods with breaks, spaces, a comment and a picture": (
        "book.ods",
        corpus.ods_text,
        [indicators(["one   two\nthree\nab c"])],
    ),
    "an .ods with hidden parts": (
        "book.ods",
        corpus.ods_hidden,
        [
            indicators(
                ["a", "b"],
                ["c"],
                notes=[
                    "row 2 is hidden; it was read all the same.",
                    "column B is hidden; it was read all the same.",
                ],
            ),
            Sheet("Risks", [["x"]], [HIDDEN_SHEET]),
        ],
    ),
    "an .ods with merged cells": (
        "book.ods",
        corpus.ods_merged,
        [indicators(["Victims", "1a"], ["", "1b"], notes=[MERGED.format("A1:A2")])],
    ),
    "an .ods with recorded changes and another file's sheet": (
        "book.ods",
        corpus.ods_with_other_tables,
        [indicators(["ours"], notes=[ELSEWHERE])],
    ),
    "a .csv": (
        "Indicators.csv",
        lambda: '\ufeffRef,Note\r\n1a,"two\nlines, ""quoted"""\r\n10,\u00a0é \r\n,,\r\n'.encode(),
        [indicators(["Ref", "Note"], ["1a", 'two\nlines, "quoted"'], ["10", "é"])],
    ),
    "a .csv with semicolons, as it says": (
        "Indicators.csv",
        lambda: b"sep=;\nRef;Value, all\n1a;#DIV/0!\n",
        [indicators([], ["Ref", "Value, all"], ["1a", "#DIV/0!"], broken={(3, 2): error("#DIV/0!")})],
    ),
    "a .zip of .csv, with what a Mac adds": (
        "book.zip",
        lambda: corpus.zipped(
            {
                "q1/Indicators.csv": "x",
                "q1/Risks.CSV": "y",
                "__MACOSX/q1/._Risks.csv": b"\0\5",
                "q1/.DS_Store": b"\0",
                "q1/": b"",
                "q1/read me.txt": "z",
            }
        ),
        [indicators(["x"]), Sheet("Risks", [["y"]])],
    ),
}

# What is bad, and refused whole: name: (file name, its bytes, the message)
BAD = {
    "nothing": ("book.xlsx", lambda: b"", "the file is empty; save it again."),
    "spaces": ("book.ods", lambda: b" \n ", "the file is empty; save it again."),
    "a PDF": ("book.xlsx", lambda: b"%PDF-1.7 ...", f"this is a PDF, whatever its name says; {SAVE}"),
    "a picture": ("book.ods", lambda: b"\x89PNG\r\n\x1a\n", f"this is a picture, whatever its name says; {SAVE}"),
    "a web page": (
        "book.xlsx",
        lambda: b"\n<HTML><table><tr><td>1</td></tr></table>",
        f"this is a web page, whatever its name says; {SAVE}",
    ),
    "an XML file": (
        "book.xlsx",
        lambda: b"<?xml version='1.0'?><x/>",
        f"this is an XML file, whatever its name says; {SAVE}",
    ),
    "text": ("book.xlsx", lambda: b"Ref,Value\n1a,5\n", f"this is a text file, whatever its name says; {SAVE}"),
    "noise": ("book.zip", lambda: b"\1\2\0\3", f"this is no workbook, whatever its name says; {SAVE}"),
    "an .ods called .xlsx": (
        "book.xlsx",
        corpus.ods_values,
        "this is an OpenDocument spreadsheet, whatever its name says; rename it to end in .ods.",
    ),
    "an .xlsx called .zip": (
        "book.zip",
        lambda: corpus.one("x"),
        "this is an Excel workbook, whatever its name says; rename it to end in .xlsx.",
    ),
    "a .zip called .xlsx": (
        "book.xlsx",
        lambda: corpus.zipped({"Risks.csv": "x"}),
        f"this is a zip of other files, whatever its name says; {SAVE}",
    ),
    "a Word document": (
        "book.xlsx",
        lambda: corpus.zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": ""}),
        f"this is a Word document, whatever its name says; {SAVE}",
    ),
    "an OpenDocument text": (
        "book.ods",
        lambda: corpus.zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": ""}),
        f"this is another document, whatever its name says; {SAVE}",
    ),
    "a binary workbook": ("book.xlsb", lambda: b"PK\3\4", f"binary Excel workbooks are not read; {SAVE}"),
    "a binary workbook, renamed": (
        "book.xlsx",
        lambda: corpus.zipped({"[Content_Types].xml": "<Types/>", "xl/workbook.bin": b"\0"}),
        f"this is a binary Excel workbook (.xlsb), whatever its name says; {SAVE}",
    ),
    "an .xls": ("book.xls", corpus.ole, f"this is the format of Excel 97 to 2003; {SAVE}"),
    "an .xls, renamed": (
        "book.xlsx",
        corpus.ole,
        f"this is an old Excel workbook (.xls), whatever its name says; {SAVE}",
    ),
    "a password": ("book.xlsx", lambda: corpus.ole("EncryptionInfo", "EncryptedPackage"), PASSWORD),
    "a password on an .ods": ("book.ods", corpus.ods_encrypted, PASSWORD),
    "macros": ("book.xlsx", corpus.with_macros, f"it has macros and is not read; {MACROS}"),
    "macros by name": ("book.xlsm", corpus.with_macros, f"this workbook may run macros and is not read; {MACROS}"),
    "macros by type": (
        "book.xlsx",
        lambda: corpus.edited(corpus.one("x"), "[Content_Types].xml", (r"sheet\.main", "sheet.macroEnabled.main")),
        f"it has macros and is not read; {MACROS}",
    ),
    "another kind": ("book.numbers", lambda: b"PK\3\4", ONLY),
    "no ending": ("book", lambda: b"x", ONLY),
    "the first half of a workbook": ("book.xlsx", lambda: corpus.one("x")[:2000], DAMAGED),
    "a workbook with a hole": ("book.xlsx", lambda: corpus.one("x").replace(b"xl/workbook.xml", b"", 1), DAMAGED),
    "a sheet that is not XML": (
        "book.xlsx",
        lambda: corpus.with_member(corpus.one("x"), "xl/worksheets/sheet1.xml", b"<worksheet><sheetData>"),
        DAMAGED,
    ),
    "a sheet that isn't there": (
        "book.xlsx",
        lambda: corpus.edited(corpus.one("x"), "xl/_rels/workbook.xml.rels", ("sheet1.xml", "sheet9.xml")),
        DAMAGED,
    ),
    "an .ods without its content": ("book.ods", lambda: corpus.zipped({"mimetype": corpus.MIME}), DAMAGED),
    "a member twice": (  # which of them counts is anybody's guess
        "book.zip",
        lambda: corpus.zipped([("Risks.csv", "a"), ("Risks.csv", "b")]),
        DAMAGED,
    ),
    "a compression that no spreadsheet uses": (
        "book.zip",
        lambda: corpus.zipped({"Risks.csv": "a"}, zipfile.ZIP_LZMA),
        DAMAGED,
    ),
    "a member that says it is smaller": ("book.xlsx", corpus.lying_size, DAMAGED),
    "elements a hundred deep": ("book.xlsx", corpus.deep, DAMAGED),
    "entities": (
        "book.xlsx",
        corpus.entities,
        "it declares an XML document type, which no spreadsheet program writes; "
        "open it in Excel or LibreOffice, save it again and import that.",
    ),
    "an entity from a file": (
        "book.xlsx",
        lambda: corpus.entities('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'),
        "it declares an XML document type, which no spreadsheet program writes; "
        "open it in Excel or LibreOffice, save it again and import that.",
    ),
    "a bomb": ("book.xlsx", corpus.bomb, TOO_LARGE),
    "a small bomb": ("book.xlsx", corpus.small_bomb, TOO_LARGE),
    "a bomb of spaces": ("book.ods", corpus.ods_spaces, TOO_LARGE),
    "too many files within": (
        "book.zip",
        lambda: corpus.zipped({f"{n}.csv": "x" for n in range(2001)}),
        "it holds more than 2,000 files; that is no workbook of ours.",
    ),
    "too large": ("book.xlsx", lambda: b"x" * (20 * 2**20 + 1), "the file is larger than 20 MB; split it."),
    "too many sheets": (
        "book.xlsx",
        corpus.too_many_sheets,
        "it has more than 50 sheets; remove those that are not needed.",
    ),
    "too many sheets in an .ods": (
        "book.ods",
        lambda: corpus.ods("".join(corpus.table("", f"S{n}") for n in range(51))),
        "it has more than 50 sheets; remove those that are not needed.",
    ),
    "too many cells": ("book.xlsx", corpus.too_many_cells, "it has more than 1,000,000 cells; split it."),
    "no sheet": (
        "book.ods",
        lambda: corpus.ods(""),
        "it has no sheet with cells; add one of the sheets of the template.",
    ),
    "a zip that reaches outside": (
        "book.zip",
        lambda: corpus.zipped({"../Risks.csv": "x"}),
        "a file in it would land outside its folder when unpacked; make the zip anew, of .csv files.",
    ),
    "a zip with an absolute path": (
        "book.zip",
        lambda: corpus.zipped({"C:/Risks.csv": "x"}),
        "a file in it would land outside its folder when unpacked; make the zip anew, of .csv files.",
    ),
    "a zip within a zip": (
        "book.zip",
        lambda: corpus.zipped({"Risks.csv": "x", "more.zip": corpus.zipped({"Goals.csv": "y"})}),
        "there is a zip within the zip; put the .csv files straight into one.",
    ),
    "a workbook within a zip": (
        "book.zip",
        lambda: corpus.zipped({"book.xlsx": corpus.one("x")}),
        "there is a workbook (.xlsx) within the zip; import it by itself, without the zip.",
    ),
    "a zip without a .csv": (
        "book.zip",
        lambda: corpus.zipped({"read me.txt": "x"}),
        "the zip holds no .csv file; save each sheet as CSV into it.",
    ),
    "too many .csv in a zip": (
        "book.zip",
        lambda: corpus.zipped({f"{n}.csv": "x" for n in range(51)}),
        "the zip holds more than 50 .csv files; remove some.",
    ),
}

# Sheets that are refused by themselves, or .csv files: name: (file name, its bytes, the sheets read, the problems)
BAD_SHEETS = {
    "one sheet is too long": (
        "book.xlsx",
        corpus.two_sheets_one_too_long,
        [Sheet("Risks", [["y"]])],
        ["Indicators: the sheet has more than 50,000 rows; split it, or remove it."],
    ),
    "an .ods sheet is too long": (
        "book.ods",
        corpus.ods_too_long,
        [Sheet("Risks", [["y"]])],
        ["Indicators: the sheet has more than 50,000 rows; split it, or remove it."],
    ),
    "two cells a million rows apart": (
        "book.xlsx",
        corpus.two_far_corners,
        [],
        ["Indicators: the sheet has more than 50,000 rows; split it, or remove it."],
    ),
    "too wide": (
        "book.xlsx",
        corpus.too_wide,
        [],
        ["Indicators: the sheet has more than 200 columns; remove those that are not needed."],
    ),
    "merged cells over one another": (
        "book.xlsx",
        corpus.overlapping_merges,
        [],
        [
            "Indicators: its merged cells lie over one another; "
            "open it in Excel or LibreOffice, save it again and import that."
        ],
    ),
    "one .csv of a zip is empty": (
        "book.zip",
        lambda: corpus.zipped({"Goals.csv": "", "Risks.csv": "y"}),
        [Sheet("Risks", [["y"]])],
        ["Goals: the file is empty; save the sheet into it again, or remove it."],
    ),
}

BAD_CSV = {
    "a workbook called .csv": (lambda: corpus.one("x"), NOT_CSV),
    "a web page called .csv": (lambda: b"<!DOCTYPE html><table>", NOT_CSV),
    "a picture called .csv": (lambda: b"\x89PNG\r\n", NOT_CSV),
    "Latin-1": (lambda: "£".encode("cp1252"), "this is not text in UTF-8; save the sheet as “CSV UTF-8”."),
    "UTF-16": (lambda: "Ref".encode("utf-16"), "this is not text in UTF-8; save the sheet as “CSV UTF-8”."),
    "a quotation mark not closed": (
        lambda: b'Ref\n"1a\n',
        "the CSV is damaged (unexpected end of data); save the sheet again.",
    ),
    "far too long a cell": (
        lambda: b"Ref\n" + b"x" * 140_000,
        "a cell that reaches line 2 is too long to be read; see whether a quotation mark before it is not closed.",
    ),
    "too many columns": (
        lambda: b"," * 200 + b"x",
        "the sheet has more than 200 columns; remove those that are not needed.",
    ),
    "too many rows": (
        lambda: b"x\n" * 50_001,
        "the sheet has more than 50,000 rows; split it, or remove it.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_read_as_people_mean_it(name):
    file, made, expected = ODD[name]
    assert read_upload(file, made()) == (expected, [])


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", BAD)
def test_what_is_bad_is_refused_in_plain_words(name):
    file, made, message = BAD[name]
    with pytest.raises(Unreadable) as refusal:
        read_upload(file, made())
    assert str(refusal.value) == f"{file}: {message}"


@pytest.mark.parametrize("name", BAD_SHEETS)
def test_a_bad_sheet_is_told_and_the_others_read(name):
    file, made, expected, problems = BAD_SHEETS[name]
    found, unreadable = read_upload(file, made())
    assert (found, list(map(str, unreadable))) == (expected, problems)


@pytest.mark.parametrize("name", BAD_CSV)
def test_what_is_no_csv_is_told(name):
    made, message = BAD_CSV[name]
    with pytest.raises(Unreadable) as refusal:
        read_upload("Risks.csv", made())
    assert str(refusal.value) == f"Risks.csv: {message}"


def test_the_corpus_is_large_enough():
    assert len(ODD) + len(BAD) + len(BAD_SHEETS) + len(BAD_CSV) >= 40


def test_a_path_gives_what_an_upload_gives(tmp_path):
    for file, made, expected in ODD.values():
        if "\\" not in file:
            (tmp_path / file).write_bytes(made())
            assert read_workbook(tmp_path / file) == (expected, [])


def test_every_kind_of_file_gives_the_same_sheets(tmp_path):
    rows = [["Ref", "Value", "Note"], ["1a", "27%", "two\nlines"], [], ["10", "", "é"]]
    (tmp_path / "Indicators.csv").write_text('Ref,Value,Note\n1a,27%,"two\nlines"\n\n10,,é\n')
    as_csv = (tmp_path / "Indicators.csv").read_bytes()
    cells = [
        corpus.row(*(corpus.cell("string", text.replace("\n", "<text:line-break/>")) for text in row)) for row in rows
    ]
    found = [
        read_workbook(tmp_path),
        read_upload("Indicators.csv", as_csv),
        read_upload("book.zip", corpus.zipped({"Indicators.csv": as_csv})),
        read_upload("book.xlsx", corpus.xlsx(("Indicators", rows))),
        read_upload("book.ods", corpus.ods(corpus.table("".join(cells)))),
    ]
    assert found == [([Sheet("Indicators", rows)], [])] * 5


TOO_WIDE = "Risks: the sheet has more than 200 columns; remove those that are not needed."


@pytest.mark.parametrize(
    "data",
    [b"a" + b"," * 5_000_000, b'"x\n"' + b',,,"x\n"' * 50_000, b"x" * 7_000_000],
    ids=["one line", "one row of many lines", "one long cell"],
)
def test_a_row_of_far_too_many_cells_is_not_split_into_them(data):
    tracemalloc.start()
    try:
        with pytest.raises(Unreadable) as refusal:
            read_upload("Risks.csv", data)
        assert tracemalloc.get_traced_memory()[1] < 3 * len(data) + 2**20
    finally:
        tracemalloc.stop()
    assert str(refusal.value) == TOO_WIDE


def test_commas_within_quotation_marks_make_no_cells_and_blanks_at_the_end_are_left_out():
    text = "1, " * 9_000
    found, _ = read_upload("Risks.csv", f'Ref,Note\n"1a","{text}\n{text}"\n2{"," * 500}\n'.encode())
    assert found == [Sheet("Risks", [["Ref", "Note"], ["1a", f"{text}\n{text}".strip()], ["2"]], [], found[0].broken)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_ends_a_row_of_a_csv(end):
    found, _ = read_upload("Risks.csv", end.join(["Ref,Note", "1a,x", "", "2,y"]).encode())
    assert found == [Sheet("Risks", [["Ref", "Note"], ["1a", "x"], [], ["2", "y"]])]


def test_a_file_that_is_too_large_is_not_even_opened(tmp_path, monkeypatch):
    (tmp_path / "book.xlsx").touch()
    with (tmp_path / "book.xlsx").open("r+b") as file:
        file.truncate(21 * 2**20)
    monkeypatch.setattr("pathlib.Path.read_bytes", lambda path: pytest.fail("opened"))
    with pytest.raises(Unreadable, match="book.xlsx: the file is larger than 20 MB; split it."):
        read_workbook(tmp_path / "book.xlsx")


def test_what_a_member_says_of_its_size_is_not_believed(monkeypatch):
    archive = reading.archive.Archive("book.xlsx", corpus.one("x" * 5_000))
    monkeypatch.setattr(reading.archive, "MAX_INFLATED", 1_000)
    with pytest.raises(Unreadable, match="it unpacks to far more than its size"):
        archive.read("xl/worksheets/sheet1.xml")


# Whatever comes: nothing but Unreadable

SEEDS = [
    ("book.xlsx", corpus.xlsx(("Indicators", [["Ref", (0.27, "0%"), "=1+1"]] * 3))),
    ("book.xlsx", corpus.hidden()),
    ("book.xlsx", corpus.shared_strings()),
    ("book.xlsx", corpus.xlsxwritten(lambda book, sheet: sheet.write_row(0, 0, ["a", 1, 2.5, True]))),
    ("book.ods", corpus.ods_formatted()),
    ("book.ods", corpus.ods_repeats()),
    ("book.ods", corpus.ods_text()),
    ("book.zip", corpus.zipped({"Risks.csv": 'Ref,Note\n1a,"x"\n'})),
    ("Risks.csv", b'Ref,Note\n1a,"x"\n'),
]
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NUMBERS = [b"-1", b"0", b"99999999999999999999", b"1e400", b"nan", b"x", b""]


def read_or_refuse(name, data):
    try:
        found, unreadable = read_upload(name, data)
    except Unreadable as error:
        assert str(error).endswith(".")
        return
    assert all(cell == cell.strip() and "\0" not in cell for sheet in found for row in sheet.rows for cell in row)
    assert all(str(error).endswith(".") for error in unreadable)


@FUZZ
@given(
    st.sampled_from(["a.xlsx", "a.ods", "a.zip", "a.csv", "a.xls", "a", "", "/", "..", "\0.xlsx", "a.xlsx "]),
    st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)),
    st.sampled_from([b"", b"PK\3\4", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xef\xbb\xbf"]),
)
def test_noise_is_read_or_refused(name, data, head):
    read_or_refuse(name, head + data)


def flipped(data, flips, cut):
    changed = bytearray(data)
    for place, value in flips:
        if changed:
            changed[place % len(changed)] = value
    return bytes(changed[: len(changed) - cut])


FLIPS = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=8)


@FUZZ
@given(st.sampled_from(SEEDS), FLIPS, st.one_of(st.just(0), st.integers(0, 3000)))
def test_flipped_and_cut_workbooks_are_read_or_refused(seed, flips, cut):
    name, data = seed
    read_or_refuse(name, flipped(data, flips, cut))


@FUZZ
@given(st.sampled_from(SEEDS[:8]), st.data())
def test_workbooks_with_changed_members_are_read_or_refused(seed, draw):
    name, data = seed
    files = corpus.members(data)
    one, other = (draw.draw(st.sampled_from(sorted(files))) for _ in range(2))
    match draw.draw(st.sampled_from(["flip", "swap", "remove", "number"])):
        case "flip":
            files[one] = flipped(files[one], draw.draw(FLIPS), draw.draw(st.sampled_from([0, 0, 7])))
        case "swap":
            files[one], files[other] = files[other], files[one]
        case "remove":
            del files[one]
        case "number":
            digits = [place for place, byte in enumerate(files[one]) if chr(byte).isdigit()]
            if digits:
                place = draw.draw(st.sampled_from(digits))
                files[one] = files[one][:place] + draw.draw(st.sampled_from(NUMBERS)) + files[one][place + 1 :]
    read_or_refuse(name, corpus.zipped(files))


# The fast reader as a second opinion

CELLS = st.one_of(
    st.none(),
    st.integers(-(10**12), 10**12),
    st.floats(-1e9, 1e9).map(lambda value: round(value, 6)),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20),
    st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(CELLS, max_size=6), max_size=8))
def test_calamine_reads_the_same_values(rows):
    def fill(book, sheet):
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(number, column, value)
                elif value is not None:
                    sheet.write(number, column, value)

    data = corpus.xlsxwritten(fill)
    (ours,), _ = read_upload("book.xlsx", data)
    theirs = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    for number, row in enumerate(theirs):
        for column, value in enumerate(row):
            mine = ours.rows[number][column] if number < len(ours.rows) and column < len(ours.rows[number]) else ""
            if isinstance(value, bool):
                assert mine == str(value).upper()
            elif isinstance(value, float):
                assert float(mine) == pytest.approx(value, rel=1e-14)
            elif not mine.startswith(("#", "Err:")):
                assert mine == value.strip()
