"""A workbook uploaded, looked at, mended, confirmed and undone in a real browser, wide and on the narrowest phone."""

import re

import pytest
from playwright.sync_api import expect

from indicators.models import Reading
from tests.make import door, make_indicator, make_quarter, make_reading, make_update
from tests.workbooks.uploaded import indicators, value
from workbooks.models import ImportRecord

pytestmark = pytest.mark.django_db(transaction=True)
HEADINGS = ["Quarter", "Priority", "Ref", "Indicator", "Value", "Note", "Version"]


@pytest.fixture(params=[1440, 320])
def wide(request, page):
    page.set_viewport_size({"width": request.param, "height": 900})
    return request.param


@pytest.fixture
def update(victims, victims_lead):
    update = make_update(victims, make_quarter())
    for reference in ("1a", "1b", "1c"):
        make_reading(update, make_indicator(victims, reference), value=27, confirmed=True)
    return update


@pytest.fixture
def choose(page, live_server):
    def choose(*files):
        page.goto(f"{live_server.url}/imports/")
        made = [{"name": name, "mimeType": "application/zip", "buffer": data} for name, data in files]
        page.get_by_label("Workbooks").set_input_files(made)
        page.get_by_role("button", name="Show what would change").click()

    return choose


@pytest.fixture
def sound(page, check):
    """Asserts that a page has no script but the session's, fits its width, and that axe finds nothing."""

    def sound():
        assert page.locator("script:not([src*='/session.'])").count() == 0
        check()

    return sound


def test_a_return_is_uploaded_confirmed_and_undone(page, update, sign_in, choose, sound, wide):
    sign_in("victims-lead")
    page.goto(page.url.split("/2022")[0] + "/my-updates/?all=1")
    page.get_by_role("link", name="Upload one that is filled in").click()
    page.get_by_text("Nothing has been uploaded yet.").wait_for()
    sound()
    page.get_by_role("button", name="Show what would change").click()
    page.get_by_role("link", name="No file is chosen").click()
    assert page.evaluate("document.activeElement.name") == "workbooks"
    sound()
    long = "a_very_long_name_without_any_space_that_somebody_gave_to_the_return_of_the_first_quarter.zip"
    choose((long, indicators(value("1a", "28%", "A", "Two sites. " * 40), value("1b", "27%"))))
    page.get_by_text("Nothing is stored yet.").wait_for()
    sound()
    page.get_by_label("Rows").select_option("all")
    page.get_by_role("button", name="Show").click()
    page.get_by_text("Unchanged", exact=True).last.wait_for()
    sound()
    page.get_by_role("button", name="Confirm 1 row").click()
    page.get_by_text("Imported: 1 changed, 1 unchanged.").wait_for()
    sound()
    assert Reading.objects.get(indicator__reference="1a").value == 28
    page.get_by_role("button", name="Undo this import").click()
    page.get_by_text("is undone: every value is as it was before").wait_for()
    sound()
    assert Reading.objects.get(indicator__reference="1a").value == 27
    page.get_by_role("link", name="Import", exact=True).last.click()
    page.get_by_role("cell", name="Undone").wait_for()
    sound()


def test_problems_are_listed_and_the_marked_workbook_comes_back(page, update, sign_in, choose, sound, wide):
    sign_in("victims-lead")
    choose(("return.zip", indicators(value("1a", "plenty"), value("9", "1%"), value("1b", "27%", "X"))))
    page.get_by_role("heading", name="To be mended").wait_for()
    sound()
    assert page.get_by_role("button", name="Confirm").count() == 0
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the workbook with these cells marked").click()
    assert download.value.suggested_filename
    page.get_by_role("button", name="Cancel this import").click()
    page.get_by_text("return.zip was cancelled. Nothing of it is left.").wait_for()
    sound()
    assert not ImportRecord.objects.exists()


def test_what_somebody_else_changed_is_chosen_cell_by_cell(page, update, sign_in, choose, sound, wide):
    book = indicators(
        *([r, f"% of victims supported, {r}", f"{n}%", "", 0] for r, n in (("1a", 28), ("1b", 29), ("1c", 30))),
        headings=HEADINGS,
    )
    with door(update):
        for reading in Reading.objects.exclude(indicator__reference="1c"):
            reading.value = 50
            reading.save()
    sign_in("victims-lead")
    choose(("return.zip", book))
    page.get_by_text("2 cells were changed in the file and, since it was made, here too.").wait_for()
    sound()
    page.get_by_label("Take the file’s: 28%").check()
    page.get_by_role("button", name="Keep these choices").click()
    page.get_by_text("Your choices are kept.").wait_for()
    page.get_by_label("Keep what is stored: 50%").nth(1).check()
    page.get_by_role("button", name="Keep these choices").click()
    page.get_by_role("button", name="Confirm").click()
    page.get_by_text("Imported:").first.wait_for()
    sound()
    assert [r.value for r in Reading.objects.order_by("indicator__reference")] == [28, 50, 30]


def test_what_changed_since_the_preview_is_shown_and_what_bars_the_undoing_linked(
    page, update, sign_in, choose, sound, wide
):
    sign_in("victims-lead")
    choose(("return.zip", indicators(value("1a", "28%"), value("1b", "29%"))))
    change("1a", 31)
    page.get_by_role("button", name="Confirm 2 rows").click()
    page.get_by_role("heading", name="Changed since you looked").wait_for()
    expect(page).to_have_title(re.compile("Error: "))
    sound()
    page.get_by_role("button", name="Confirm 2 rows").click()
    page.get_by_text("Imported: 2 changed.").wait_for()
    change("1b", 40)
    page.get_by_role("button", name="Undo this import").click()
    page.get_by_text("1 thing stands in the way. Nothing was changed.").wait_for()
    sound()
    page.get_by_role("alert").get_by_role("link").click()
    page.get_by_role("heading", name="History of").wait_for()
    page.get_by_role("link", name="return.zip").click()
    page.get_by_role("button", name="Undo this import").wait_for()


def change(reference, figure):
    reading = Reading.objects.get(indicator__reference=reference)
    with door(reading.update):
        reading.value = figure
        reading.save()
