"""The downloads in a real browser: the links are found by their names and give files."""

from pathlib import Path

import pytest

from workbooks.reading import read_workbook

VICTIMS = "/2022-23-q1/victims-are-better-supported/"
pytestmark = pytest.mark.django_db(transaction=True)


def download(page, tmp_path, **link):
    with page.expect_download() as waiting:
        page.get_by_role("link", **link).first.click()
    file = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(file)
    return file


def test_a_lead_downloads_what_they_fill_in_the_priority_and_a_table(page, live_server, demo, sign_in, axe, tmp_path):
    sign_in("victims-lead")
    page.goto(f"{live_server.url}/2022-23-q1/")
    mine = download(page, tmp_path, name="Excel, only what you fill in")
    assert mine.name == "q1-2022-23-mine.xlsx"
    assert "Indicators" in {sheet.name for sheet in read_workbook(mine)[0]}
    page.goto(live_server.url + VICTIMS)
    axe()
    book = download(page, tmp_path, name="OpenDocument")
    assert book.name == "q1-2022-23-victims-are-better-supported.ods"
    table = download(page, tmp_path, name="CSV of the goals")
    assert "Victim Care Hub" in Path(table).read_text("utf-8-sig")
    assert page.url == live_server.url + VICTIMS
