"""The marked copy: what was uploaded, with every wrong cell marked, commented and listed."""

import io
import os

import openpyxl
import pytest
from openpyxl.comments import Comment

from priorities.models import Quarter
from reports.workbook import quarters_workbook
from workbooks.importing import Told, plan_import
from workbooks.reading import Unreadable, read_upload
from workbooks.writing import FORMATS, marked_copy

from . import corpus

pytestmark = [pytest.mark.django_db, pytest.mark.once]
WRONG = Told("Indicators", 2, 11, "Value", "lots", "“lots” is not a figure; write it like 27% or 27.")


def workbook(**edits):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Indicators"
    sheet["A1"], sheet["K1"], sheet["K2"] = "Quarter", "Value", "lots"
    sheet["L1"], sheet["L2"] = "Sum", "=1+1"
    for place, value in edits.items():
        sheet[place] = value
    return book


def saved(book):
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def marked(data, told=(WRONG,), name="q.xlsx"):
    found, copy = marked_copy(name, data, told)
    return found, openpyxl.load_workbook(io.BytesIO(copy))


def test_the_wrong_cell_is_striped_framed_and_commented():
    name, book = marked(saved(workbook()))
    assert name == "q-marked.xlsx"
    cell = book["Indicators"]["K2"]
    assert (cell.value, cell.comment.text) == ("lots", WRONG.message)
    assert cell.fill.patternType == "lightUp"  # a pattern and a frame: not colour alone
    assert cell.border.top.style == "medium"
    assert book["Indicators"]["K1"].comment is None


def test_a_list_of_all_problems_stands_in_front_and_leads_to_each_cell():
    of_the_sheet = Told("Risks", 0, 0, "", "", "there are two sheets of this name; keep one.")
    _, book = marked(saved(workbook()), [WRONG, of_the_sheet])
    page = book.worksheets[0]
    assert (page.title, book.active.title) == ("Problems", "Problems")
    rows = [[cell.value for cell in row] for row in page.iter_rows(min_row=2)]
    assert rows == [
        ["Indicators!K2, Value", "“lots”", WRONG.message],
        ["Risks, all of it", None, "there are two sheets of this name; keep one."],
    ]
    assert page["A2"].hyperlink.location == "'Indicators'!K2"


def test_formulas_stay_formulas_and_what_a_person_noted_stays_too():
    book = workbook()
    book["Indicators"]["K2"].comment = Comment("From the return of May", "Ann")
    book["Indicators"].column_dimensions["L"].hidden = True
    book.create_sheet("Mine")["A1"] = "Keep me"
    _, copy = marked(saved(book))
    assert copy["Indicators"]["L2"].value == "=1+1"
    assert copy["Indicators"]["K2"].comment.text == f"{WRONG.message}\n\nFrom the return of May"
    assert copy["Indicators"].column_dimensions["L"].hidden
    assert copy["Mine"]["A1"].value == "Keep me"


def test_marking_again_replaces_the_marks_and_the_list():
    _, once = marked(saved(workbook()))
    other = Told("Indicators", 2, 11, "Value", "lots", "Another message.")
    _, twice = marked(saved(once), [other])
    assert twice["Indicators"]["K2"].comment.text == "Another message."
    assert twice.sheetnames == ["Problems", "Indicators"]


def test_several_problems_of_one_cell_are_one_comment_and_merged_cells_take_theirs():
    book = workbook()
    book["Indicators"].merge_cells("J2:K3")
    other = Told("Indicators", 3, 11, "Value", "", "Another message.")
    _, copy = marked(saved(book), [WRONG, Told(*WRONG.__getstate__()[:5], "And more."), other])
    assert copy["Indicators"]["J2"].comment is not None


def test_the_name_of_the_sheet_is_found_as_it_is_read():
    book = workbook()
    book["Indicators"].title = "INDICATORS "
    _, copy = marked(saved(book))
    assert copy["INDICATORS "]["K2"].comment.text == WRONG.message


MERGED = b'</sheetData><mergeCells count="1"><mergeCell ref="A3:CV40000"/></mergeCells>'
LINKED = b'</sheetData><hyperlinks><hyperlink ref="A3:CV40000" location="A1"/></hyperlinks>'
STYLED = b"<row>" + b"<c/>" * 190 + b"</row>"


@pytest.mark.parametrize(
    "end", [MERGED, LINKED, STYLED * 3_000 + b"</sheetData>"], ids=["merged", "linked", "empty cells"]
)
def test_of_a_workbook_with_more_cells_than_are_copied_the_sheets_as_read_are_marked(end, monkeypatch):
    files = corpus.members(saved(workbook()))
    sheet = files["xl/worksheets/sheet1.xml"]
    files["xl/worksheets/sheet1.xml"] = sheet.replace(b"</sheetData>", end)
    data = corpus.zipped(files | {"xl/media/image1.png": os.urandom(200_000)})  # the ratio is not the cap
    monkeypatch.setattr("workbooks.writing.marking.load_workbook", lambda *args, **kwargs: pytest.fail("copied"))
    _, book = marked(data)
    assert book["Indicators"]["K2"].comment.text == WRONG.message
    assert [cell.value for cell in book["Problems"]["A"]][1:] == ["The workbook, all of it", "Indicators!K2, Value"]
    assert "this workbook can't be copied as it is" in book["Problems"]["C2"].value


@pytest.mark.parametrize("kind", ["ods", "csv"])
def test_of_other_files_the_sheets_as_read_are_put_into_a_workbook(demo, kind):
    found = FORMATS[kind]
    data = found.write(quarters_workbook(Quarter.objects.select_related("plan").get(pk=demo.pk), None))
    name, book = marked(data, name=f"returns.{found.suffix}")
    assert name == "returns-marked.xlsx"
    assert book["Indicators"]["K2"].comment.text == WRONG.message
    assert [cell.value for cell in book["Indicators"][1]][:2] == ["Quarter", "Priority"]


def test_text_is_never_written_as_a_formula(tmp_path):
    _, copy = marked_copy("Goals.csv", b"Quarter,Goal\n'=1+1,x\n=2+2,y\n", [Told("Goals", 2, 1, "", "=1", "=3+3")])
    book = openpyxl.load_workbook(io.BytesIO(copy))
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    assert book["Goals"]["A2"].value == "=1+1"


def test_the_marked_copy_can_be_mended_and_uploaded_again(demo):
    demo = Quarter.objects.select_related("plan").get(pk=demo.pk)
    data = FORMATS["xlsx"].write(quarters_workbook(demo, None))
    book = openpyxl.load_workbook(io.BytesIO(data))
    book["Indicators"]["K2"] = "lots"
    broken = saved(book)
    sheets, _ = read_upload("q.xlsx", broken)
    plan = plan_import(sheets, by=None)
    assert [told.cell for told in plan.told] == ["K2"]
    _, copy = marked(broken, plan.told)
    copy["Indicators"]["K2"] = 28
    sheets, _ = read_upload("q-marked.xlsx", saved(copy))
    mended = plan_import(sheets, by=None)
    assert (mended.problems, mended.changes) == ([], 1)
    assert not [warning for warning in mended.warnings if "ignored" in warning]


def test_what_may_not_be_read_is_not_marked_either():
    with pytest.raises(Unreadable, match="macros"):
        marked_copy("q.xlsm", b"PK\x03\x04", [WRONG])
    with pytest.raises(Unreadable):
        marked_copy("q.xlsx", b"PK\x03\x04 cut short", [WRONG])


def test_many_marks_are_made_in_a_moment():
    told = [Told("Indicators", n, 11, "Value", "lots", WRONG.message) for n in range(2, 2002)]
    _, copy = marked(saved(workbook(K2001="lots")), told)
    assert copy["Indicators"]["K2001"].comment.text == WRONG.message
