"""What a workbook holds, file by file: sheets, tables, dropdowns, formats, hidden keys, properties."""

import datetime as dt
import io
import re
import zipfile
from dataclasses import replace
from decimal import Decimal
from xml.etree import ElementTree

import openpyxl
import pytest
from django.conf import settings

from priorities.columns import Key
from priorities.models import AssignmentRole, Priority, Quarter, RiskScale
from priorities.rows import STAMP
from reports.workbook import quarters_workbook
from tests.closed import close_for_real
from tests.make import (
    door,
    make_assessment,
    make_assignment,
    make_person,
    make_priority,
    make_quarter,
    make_reading,
    make_update,
)
from tests.workbooks.odd import TEXTS, make_odd_quarter
from workbooks.importing import SHEETS
from workbooks.reading import read_upload
from workbooks.writing import FORMATS
from workbooks.writing.sheets import ORDER, Kind, Workbook, columns_of

pytestmark = [pytest.mark.django_db, pytest.mark.once]
TABLES = ["Quarter", "Priorities", "Finance", "Indicators", "Risks", "Issues", "Goals"]


def book_of(quarter, reader=None, **kwargs) -> Workbook:
    return quarters_workbook(Quarter.objects.select_related("plan").get(pk=quarter.pk), reader, **kwargs)


def xlsx(quarter, **kwargs):
    return openpyxl.load_workbook(io.BytesIO(FORMATS["xlsx"].write(book_of(quarter, **kwargs))))


def ods_parts(quarter):
    archive = zipfile.ZipFile(io.BytesIO(FORMATS["ods"].write(book_of(quarter))))
    return archive, {name: archive.read(name).decode() for name in archive.namelist()}


def column(sheet, heading):
    letters = {cell.value: cell.column_letter for cell in sheet[1]}
    return list(sheet[letters[heading]][1:])


def test_every_sheet_is_one_table_from_its_first_cell_named_as_the_sheet(demo):
    book = xlsx(demo)
    assert book.sheetnames == ["Cover", "Notes", *TABLES, "Background"]
    for name in ["Notes", *TABLES]:
        sheet = book[name]
        (table,) = sheet.tables.values()
        assert (table.name, table.ref) == (name, f"A1:{sheet.cell(sheet.max_row, sheet.max_column).coordinate}")
        assert sheet.freeze_panes.endswith("2")
        assert not sheet.merged_cells.ranges


def test_the_headings_are_those_of_the_contract_then_those_that_came_later(demo):
    headings = [cell.value for cell in xlsx(demo)["Indicators"][1]]
    assert ", ".join(headings[:14]) == ORDER["Indicators"]
    assert headings[14:] == ["Data as at", "Confirmed", "Decimals", "Definition", "Source", "Key", "Version"]


def test_key_and_version_are_there_and_hidden(demo):
    for sheet in xlsx(demo).worksheets[2:]:
        key, version = column(sheet, "Key"), column(sheet, "Version")
        assert all(cell.value for cell in key)
        stamped = sheet.title != "Background"
        assert all(bool(STAMP.fullmatch(cell.value or "")) == stamped for cell in version)
        for cell in (key[0], version[0]):
            dimension = sheet.column_dimensions
            hidden = [d for d in dimension.values() if d.hidden and d.min <= cell.column <= d.max]
            assert hidden, (sheet.title, cell.coordinate)


def test_figures_are_numbers_and_a_percentage_is_27_without_a_percent_format(demo):
    value = column(xlsx(demo)["Indicators"], "Value")[0]
    assert (value.value, value.data_type, value.number_format) == (27, "n", "General")
    budget = column(xlsx(demo)["Finance"], "Budget")[0]
    assert (budget.value, budget.number_format) == (32.7, "#,##0.0")


def test_no_number_format_shows_another_figure_than_the_cell_holds(db):
    sheet = xlsx(make_odd_quarter())["Indicators"]
    formats = {cell.value: cell.number_format for name in ("Value", "Target") for cell in column(sheet, name)}
    assert formats[64.1234] == "General"
    assert formats[999999999999] == "#,##0"
    assert formats[0.003] == "0.0###%"  # 0.3%, which bare would read as 30%
    assert formats[-18] == "General"
    assert formats["[x]"] == "@"


def test_pounds_are_written_in_full(db):
    sheet = xlsx(make_odd_quarter())["Finance"]
    assert [cell.value for cell in column(sheet, "Budget")] == [32.71234567, 999999.99999999]
    assert column(sheet, "Forecast")[0].value == 1e-08


def test_text_that_looks_like_a_formula_is_text(db):
    book = xlsx(make_odd_quarter())
    cells = [cell for name in TABLES for row in book[name].iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
    found = {cell.value for cell in cells}
    assert set(TEXTS) - {"_x0041_ and %20 and \\n"} <= found  # which openpyxl reads otherwise
    assert "=SUM(A1:A9)\nSecond line" in found


def test_codes_are_offered_and_nothing_is_forbidden(demo):
    rules = xlsx(demo)["Indicators"].data_validations.dataValidation
    offered = {str(rule.sqref).split(":")[0]: rule.formula1 for rule in rules}
    letters = {cell.value: cell.column_letter for cell in xlsx(demo)["Indicators"][1]}
    assert offered[f"{letters['Confidence']}2"] == '"R,A,G"'
    assert offered[f"{letters['Unit']}2"] == '"Percentage,Number,Percentage points"'
    assert offered[f"{letters['Value']}2"] == '"[x],[z],[c],[u],[w]"'
    assert offered[f"{letters['Confirmed']}2"] == '"yes,no"'
    assert {rule.showErrorMessage for rule in rules} == {False}
    assert all(len(rule.formula1) <= 255 for rule in rules)


@pytest.mark.parametrize("sheet", SHEETS)
def test_every_text_that_is_offered_is_read_as_what_it_stands_for(sheet):
    for written in columns_of(sheet):
        if written.kind == Kind.CODE and not isinstance(written.column, Key):
            for exported, offered in written.words.items():
                assert str(written.column.show(written.column.parse(offered))) == exported, written.heading


def test_the_cover_says_what_this_is_and_how_it_is_filled_in(demo, demo_person):
    person = demo_person("administrator")
    book = openpyxl.load_workbook(io.BytesIO(FORMATS["xlsx"].write(book_of(demo, person))))
    lines = [row[0].value for row in book["Cover"].iter_rows()]
    assert lines[0] == "Q1 2022/23: quarterly performance report"
    text = "\n".join(lines)
    for expected in (
        "Draft",
        "by administrator",
        "[clear] empties it",
        "Key and Version",
        "Indicators: 37 rows",
        "27 or 27%",
    ):
        assert expected in text


def test_who_uploads_nothing_is_not_told_how_it_is_filled_in(demo):
    signs = make_assignment(Priority.objects.first(), make_person("signs"), AssignmentRole.SIGNATORY).person
    book = openpyxl.load_workbook(io.BytesIO(FORMATS["xlsx"].write(book_of(demo, signs))))
    assert "[clear]" not in "\n".join(row[0].value for row in book["Cover"].iter_rows())


def test_a_lead_is_told_how_much_of_the_quarter_is_not_in_it(demo, demo_person):
    book = book_of(demo, demo_person("victims-lead"))
    assert book.about.scope == "3 of 4 priorities are not open to you yet, and not in it."


def test_what_names_a_row_stays_in_sight_and_what_is_set_up_once_is_not_printed(demo):
    book = xlsx(demo)
    found = {sheet.title: (sheet.freeze_panes, sheet.print_area) for sheet in book.worksheets[2:]}
    assert found["Indicators"] == ("E2", "'Indicators'!$A$1:$N$38")
    assert found["Risks"][0] == "D2"
    assert book["Cover"].max_column == 1
    links = {cell.hyperlink.location for (cell,) in book["Cover"].iter_rows() if cell.hyperlink}
    assert links == {f"'{name}'!A1" for name in ["Notes", *TABLES, "Background"]}


def test_the_document_has_a_title_a_language_and_an_author(demo, demo_person):
    book = book_of(demo, demo_person("manager"))
    properties = openpyxl.load_workbook(io.BytesIO(FORMATS["xlsx"].write(book))).properties
    assert (properties.title, properties.language, properties.creator) == (book.about.title, "en-GB", "manager")
    meta = zipfile.ZipFile(io.BytesIO(FORMATS["ods"].write(book))).read("meta.xml").decode()
    assert f"<dc:title>{book.about.title}</dc:title>" in meta
    assert "<dc:language>en-GB</dc:language>" in meta


def test_an_ods_is_well_formed_and_has_the_same_dropdowns_and_hidden_columns(db):
    archive, parts = ods_parts(make_odd_quarter())
    first = archive.infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
    for name, text in parts.items():
        if name.endswith(".xml"):
            ElementTree.fromstring(text)  # noqa: S314 - our own
    content = parts["content.xml"]
    assert content.count('table:visibility="collapse"') == 2 * len(TABLES)
    assert 'of:cell-content-is-in-list("R";"A";"G")' in content
    assert content.count("<table:table-header-rows>") == len(TABLES) + 1
    named = set(re.findall(r'table:content-validation-name="(\w+)"', content))
    assert named == set(re.findall(r'<table:content-validation table:name="(\w+)"', content))
    assert "table:formula" not in content


def test_both_kinds_of_workbook_say_the_same(db):
    book = book_of(make_odd_quarter())
    found = []
    for kind in ("xlsx", "ods"):
        sheets, _ = read_upload(f"q.{kind}", FORMATS[kind].write(book))
        found.append({sheet.name: sheet.rows for sheet in sheets})
    assert found[0] == found[1]


def test_csv_files_are_utf_8_with_a_mark_and_guard_what_looks_like_a_formula(db):
    archive = zipfile.ZipFile(io.BytesIO(FORMATS["csv"].write(book_of(make_odd_quarter()))))
    assert archive.namelist() == [f"{name}.csv" for name in TABLES]
    risks = archive.read("Risks.csv")
    assert risks.startswith(b"\xef\xbb\xbfQuarter,Priority,")
    text = risks.decode("utf-8-sig")
    assert ",'=1+1," in text
    assert ",''=not a formula," not in text  # that one is an issue
    assert ",-18," in archive.read("Indicators.csv").decode()
    assert not re.search(r"(^|,)\"?[=+@]", text, re.MULTILINE)


def test_control_characters_that_no_workbook_can_hold_are_left_out(victims):
    make_update(victims, narrative="One\x0btwo\x07three")
    for kind in FORMATS:
        name = f"q.{FORMATS[kind].suffix}"
        sheets, _ = read_upload(name, FORMATS[kind].write(book_of(victims.updates.get().quarter)))
        rows = next(sheet.rows for sheet in sheets if sheet.name == "Priorities")
        assert rows[1][rows[0].index("Narrative")] == "One\ntwothree"


def test_a_text_that_no_cell_can_hold_is_not_cut_but_left_out_and_noted(victims):
    make_update(victims, narrative="long " * 7000, finance_note="x" * 32_767)
    quarter = victims.updates.get().quarter
    book = xlsx(quarter)
    assert column(book["Priorities"], "Narrative")[0].value is None
    assert len(column(book["Priorities"], "Finance note")[0].value) == 32_767
    notes = {row[0].value: row[1].value for row in book["Notes"].iter_rows()}
    assert "its cell is blank, which leaves it as it is" in notes["Priorities, I2"]
    assert "long long" not in ods_parts(quarter)[1]["content.xml"]
    csv = zipfile.ZipFile(io.BytesIO(FORMATS["csv"].write(book_of(quarter)))).read("Priorities.csv").decode()
    assert ("long " * 6999) in csv


def test_likelihood_and_impact_are_asked_where_the_plan_scores_by_them(victims):
    make_assessment(make_update(victims), likelihood=3, impact=5)
    quarter = victims.updates.get().quarter
    assert "Impact" not in [cell.value for cell in xlsx(quarter)["Risks"][1]]
    victims.plan.risk_scale = RiskScale.MATRIX
    victims.plan.save()
    assert column(xlsx(quarter)["Risks"], "Impact")[0].value == 5


def test_a_day_is_a_date_in_the_sheet(victims):
    make_reading(make_update(victims), as_at=dt.date(2022, 6, 30))
    cell = column(xlsx(victims.updates.get().quarter)["Indicators"], "Data as at")[0]
    assert (cell.value, cell.number_format) == (dt.datetime(2022, 6, 30), "dd/mm/yyyy")  # noqa: DTZ001


def test_one_priority_has_only_its_own_rows_and_no_overview(demo):
    book = xlsx(demo, only="victims-are-better-supported")
    assert "Quarter" not in book.sheetnames
    for name in book.sheetnames[2:]:
        assert {cell.value for cell in column(book[name], "Priority")} == {"Victims are better supported"}
    assert "Only Victims are better supported." in [row[0].value for row in book["Cover"].iter_rows()]


# Closed quarters


def cells(book, without=("Key", "Version")):
    hidden = {"Polarity", "Confirmed", "Definition", "Source", *without}
    return {
        sheet.name: [
            {h.text: value for h, value in zip(sheet.headings, row, strict=True) if h.text not in hidden}
            for row in sheet.rows
        ]
        for sheet in book.sheets
    }


def test_a_closed_quarter_says_what_it_said_before_and_goes_on_saying_it(demo, demo_person):
    open_one = book_of(demo)
    before = replace(open_one, sheets=tuple(s for s in open_one.sheets if s.name != "Background"))  # of no quarter
    close_for_real(demo, by=demo_person("administrator"))
    priority = Priority.objects.first()
    priority.title = "Another title"
    priority.save()
    for reader in (None, demo_person("trust-lead")):
        after = book_of(demo, reader)
        assert cells(after) == cells(before)
        assert "Closed on" in after.about.state
        assert {row[-1] for sheet in after.sheets for row in sheet.rows} == {""}  # no versions: nothing to change
        keys = [[row[-2] for row in sheet.rows] for sheet in after.sheets[2:]]
        assert keys == [[row[-2] for row in sheet.rows] for sheet in before.sheets[2:]]


def test_a_closed_odd_quarter_says_the_same_figures_too(administrator):
    quarter = make_odd_quarter()
    before = cells(book_of(quarter))
    close_for_real(quarter, by=administrator)
    after = cells(book_of(quarter))
    before["Risks"] = sorted((row | {"No.": 0} for row in before["Risks"]), key=str)  # numbered by rank, once closed
    after["Risks"] = sorted((row | {"No.": 0} for row in after["Risks"]), key=str)
    before["Issues"] = [row | {"No.": 0} for row in before["Issues"]]
    after["Issues"] = [row | {"No.": 0} for row in after["Issues"]]
    assert after == before


def test_the_key_of_a_row_is_the_one_that_the_json_has(demo):
    from reports.json_format import as_json
    from reports.report import quarterly_report

    told = as_json(quarterly_report(demo, None))
    keys = {sheet.name: {row[-2] for row in sheet.rows} for sheet in book_of(demo).sheets}
    for name, of in (("Indicators", "indicators"), ("Risks", "risks"), ("Issues", "issues"), ("Goals", "goals")):
        assert keys[name] == {row["key"] for part in told["priorities"] for row in part[of]}
    assert keys["Finance"] == {row["key"] for part in told["priorities"] for row in part["finance"]["rows"]}
    assert keys["Priorities"] == {part["key"] for part in told["priorities"]}


def test_the_reference_quarter_is_the_demo_data(demo):
    rows = {sheet.name: len(sheet.rows) for sheet in book_of(demo).sheets}
    for file in (settings.BASE_DIR / "demo" / "q1-2022-23").glob("*.csv"):
        assert rows[file.stem] > 0
    assert rows["Indicators"] == 37


def test_a_figure_of_more_digits_than_a_float_holds_is_written_as_text():
    from workbooks.writing.sheets import About, Heading, Sheet

    at = dt.datetime(2022, 7, 1, tzinfo=dt.UTC)
    number = Decimal("1234567890123.4567")
    sheet = Sheet("Indicators", (Heading("Value", Kind.FIGURE),), ((number,),))
    book = Workbook(About("q", "Q1", "Plan", "", "", "", at), (sheet,))
    cell = openpyxl.load_workbook(io.BytesIO(FORMATS["xlsx"].write(book)))["Indicators"]["A2"]
    assert cell.value == "1234567890123.4567"


def test_text_of_other_sections_is_not_on_the_sheet(victims, victims_lead):
    from priorities.models import AssignmentRole
    from tests.make import make_assignment, make_person

    update = make_update(victims, make_quarter(), narrative="Secret so far", finance_note="All spent")
    finance = make_assignment(victims, make_person("finance"), AssignmentRole.CONTRIBUTOR, section="finance").person
    with door(update):
        update.spend = "R"
        update.save()
    make_update(make_priority("Another"), make_quarter(), narrative="Also secret")
    text = repr(book_of(update.quarter, finance))
    assert "All spent" in text
    assert "Secret so far" not in text
    assert "Also secret" not in text
