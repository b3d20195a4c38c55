"""The pages of imports: upload, the preview cell by cell, confirm or cancel; who may, and every message."""

import datetime as dt
import io
import re
import shutil
import zipfile
from html import unescape

import openpyxl
import pytest
import xlsxwriter
from django.core.management import call_command
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone

from indicators.models import Indicator, Reading
from priorities.history import ChangeSet, Source
from priorities.models import AssignmentRole, Quarter, UpdateStatus
from priorities.periods import Period
from tests.answers import queries
from tests.make import (
    door,
    make_assignment,
    make_import,
    make_indicator,
    make_person,
    make_quarter,
    make_reading,
    make_update,
    set_status,
)
from tests.workbooks.uploaded import (
    DEMO,
    TRUST,
    VICTIMS,
    Q,
    act,
    as_csv,
    demo_book,
    imported,
    indicators,
    previewed,
    send,
    stored,
    value,
    zipped,
)
from workbooks import forms, records, uploads
from workbooks.importing import CellPlan, Told
from workbooks.models import ImportFile, ImportRecord, ImportState
from workbooks.preview import Difference, Disputed, Preview, ShownRow

pytestmark = pytest.mark.django_db


@pytest.fixture
def update(victims, victims_lead):
    """With two confirmed readings: 1a of 27%, 1b of 40%."""
    update = make_update(victims, make_quarter())
    for reference, figure in (("1a", 27), ("1b", 40)):
        make_reading(update, make_indicator(victims, reference), value=figure, confirmed=True)
    return update


@pytest.fixture
def lead(client, victims_lead):
    client.force_login(victims_lead)
    return client


@pytest.fixture
def admin(administrator):
    client = Client()
    client.force_login(administrator)
    return client


def text(response):
    """What a page says, without its marks."""
    page = re.sub(r"(?s)<(head|nav|header class=\"top\")\b.*?</\1>", " ", response.content.decode())
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def set_value(reference, figure):
    reading = Reading.objects.get(indicator__reference=reference)
    with door(reading.update):
        reading.value = figure
        reading.save()


def value_of(reference):
    return Reading.objects.get(indicator__reference=reference).value


# Who


@pytest.mark.parametrize("role", [AssignmentRole.LEAD, AssignmentRole.DEPUTY, AssignmentRole.CONTRIBUTOR])
def test_those_who_fill_in_upload_and_find_it_on_my_updates(client, update, role):
    client.force_login(make_assignment(update.priority, make_person("new"), role).person)
    assert client.get("/imports/").status_code == 200
    assert "Upload one that is filled in" in text(client.get("/my-updates/?all=1"))


@pytest.mark.parametrize("who", ["author", "manager"])
def test_those_who_write_the_overview_get_and_upload_its_sheet_and_no_other(request, client, update, trust_lead, who):
    person = request.getfixturevalue("manager") if who == "manager" else make_person("author")
    if who == "author":
        QuerySet.update(Quarter.objects.filter(pk=update.quarter_id), overview_author=person)
    client.force_login(person)
    page = client.get("/2022-23-q1/overview/").content.decode()
    assert "/2022-23-q1/mine.xlsx" in page
    assert 'href="/imports/"' in page
    book = openpyxl.load_workbook(io.BytesIO(client.get("/2022-23-q1/mine.xlsx").content))
    assert [page.title for page in book.worksheets] == ["Cover", "Notes", "Quarter"]
    sheet = book["Quarter"]
    sheet.cell(2, [cell.value for cell in sheet[1]].index("Overview") + 1).value = "All is well."
    packed = io.BytesIO()
    book.save(packed)
    assert imported(client, ("mine.xlsx", packed.getvalue())).in_words() == "1 changed"
    assert Quarter.objects.get(pk=update.quarter_id).overview == "All is well."
    other = previewed(client, indicators(value("1a", "28%")))  # read by managers, and left out for the author
    assert (other.problems > 0, other.changes) == (who == "manager", 0)
    client.force_login(trust_lead)
    assert client.get("/2022-23-q1/mine.xlsx").status_code == 403


def test_without_an_overview_to_write_now_there_is_nothing_to_get(client, update, manager):
    QuerySet.update(Quarter.objects.filter(pk=update.quarter_id), overview_status=UpdateStatus.APPROVED)
    client.force_login(manager)
    assert client.get("/2022-23-q1/mine.xlsx").status_code == 403


@pytest.mark.parametrize("who", ["reader", "nobody", "signatory"])
def test_others_are_told_who_imports(request, client, update, who):
    if who in ("nobody", "signatory"):
        person = make_person(who)
        if who == "signatory":
            make_assignment(update.priority, person, AssignmentRole.SIGNATORY)
    else:
        person = request.getfixturevalue(who)
    client.force_login(person)
    record = make_import(person)
    for answer in (
        client.get("/imports/"),
        client.get(f"/imports/{record.pk}/"),
        client.get(f"/imports/{record.pk}/file/"),
        send(client, indicators(value("1a", "28%"))),
    ):
        assert answer.status_code == 403
        assert "imported by administrators, by those who fill in an update and by those who write the" in text(answer)
    assert ImportRecord.objects.count() == 1


def test_a_person_sees_their_own_imports_and_administrators_see_all(lead, admin, victims_lead, trust_lead):
    make_import(victims_lead, name="ours.xlsx")
    theirs = make_import(trust_lead, name="theirs.xlsx")
    assert "theirs.xlsx" not in text(lead.get("/imports/"))
    assert "ours.xlsx" in text(lead.get("/imports/"))
    assert "theirs.xlsx" in text(admin.get("/imports/"))
    answer = lead.get(f"/imports/{theirs.pk}/")
    assert answer.status_code == 403
    assert "This import is somebody else’s, or is gone." in text(answer)
    assert "This import is somebody else’s, or is gone." in text(lead.get(f"/imports/{theirs.pk + 1}/"))


@pytest.mark.parametrize("verb", ["confirm", "cancel", "again", "choose"])
def test_nobody_confirms_or_cancels_the_preview_of_somebody_else(lead, admin, update, verb):
    record = previewed(lead, indicators(value("1a", "28%")))
    page = admin.get(f"/imports/{record.pk}/")
    assert "Confirm" not in text(page)
    answer = act(admin, record, verb)
    assert answer.status_code == 403
    assert "Only who uploaded a workbook confirms or cancels it." in text(answer)
    assert value_of("1a") == 27


def test_an_act_that_there_is_not_is_refused(lead, victims_lead):
    record = make_import(victims_lead)
    assert act(lead, record, "explode").status_code == 403
    assert lead.post(f"/imports/{record.pk}/").status_code == 403


def test_an_import_that_there_is_not_is_not_found(admin):
    for page in ("/imports/7/", "/imports/7/file/", "/imports/7/marked/"):
        assert admin.get(page).status_code == 404


def test_somebody_signed_out_is_sent_to_the_sign_in_and_nothing_is_kept(client, update):
    answer = send(client, indicators(value("1a", "28%")))
    assert answer.status_code == 302
    assert answer.url == "/sign-in/?next=/imports/"
    assert not ImportRecord.objects.exists()


def test_without_the_forms_own_token_nothing_is_taken(update, victims_lead):
    client = Client(enforce_csrf_checks=True)
    client.force_login(victims_lead)
    record = make_import(victims_lead)
    assert send(client, indicators(value("1a", "28%"))).status_code == 403
    assert act(client, record, "cancel").status_code == 403
    assert ImportRecord.objects.get() == record


def test_importing_is_linked_for_administrators(admin, lead):
    assert 'href="/imports/"' in admin.get("/imports/").content.decode().split("</header>")[0]
    assert 'href="/imports/"' not in lead.get("/imports/").content.decode().split("</header>")[0]


# Upload


def test_an_upload_shows_what_would_change_and_stores_none_of_it(lead, update):
    before, acts = stored(without=()), ChangeSet.objects.count()
    record = previewed(lead, ("Victims Q1.zip", indicators(value("1a", "28%"), value("1b", "40%"))))
    assert (record.name, record.state, record.who) == ("Victims Q1.zip", "previewed", "victims-lead")
    assert (len(record.sha256), record.size) == (64, len(record.file.bytes))
    page = text(lead.get(f"/imports/{record.pk}/"))
    assert "Nothing is stored yet. Confirm writes exactly what this page shows, all at once." in page
    assert "Confirm 1 row" in page
    assert (stored(without=()), ChangeSet.objects.count()) == (before, acts)


def shown_rows(page):
    """Each row of the table of rows as the page has it: what it is about, and what would happen."""
    table = page.content.decode().split('id="page"')[1]
    rows = re.findall(r'(?s)<th scope="row" role="rowheader" class="long">(.*?)</th>\s*<td[^>]*>(.*?)</td>', table)
    return [tuple(" ".join(unescape(re.sub(r"<[^>]+>", " ", cell)).split()) for cell in row) for row in rows]


def test_the_preview_is_exact_cell_by_cell(admin, update):
    rows = [value("1a", "28%", "A", "Two sites"), value("1b", "40%"), ["2", "Calls answered", "number", "", "1,200"]]
    page = admin.get(f"/imports/{previewed(admin, indicators(*rows)).pk}/?kind=all")
    changed, same, new = shown_rows(page)
    assert changed[0].endswith("Indicators, row 2")
    assert changed[1] == "Changed Value G2 : 27% → 28% Confidence H2 : G → A Note I2 : (empty) → Two sites"
    assert same[1] == "Unchanged"
    assert new[1].startswith("New ")
    assert "Value G4 : 1,200" in new[1]
    summary = re.findall(r'data-label="(\w+)">(?:<a[^>]*>)?(\d+)', page.content.decode())
    assert summary == [("New", "1"), ("Changed", "1"), ("Unchanged", "1"), ("Ignored", "0"), ("Refused", "0")]


def test_rows_are_chosen_by_sheet_and_kind(lead, update):
    record = previewed(lead, indicators(value("1a", "28%"), value("1b", "40%")))
    here = f"/imports/{record.pk}/"
    assert [row[1].split()[0] for row in shown_rows(lead.get(here))] == ["Changed"]
    assert len(shown_rows(lead.get(f"{here}?kind=all"))) == 2
    assert [row[1] for row in shown_rows(lead.get(f"{here}?kind=unchanged&sheet=Indicators"))] == ["Unchanged"]
    assert "No row is like that." in text(lead.get(f"{here}?kind=new"))
    assert "No row is like that." in text(lead.get(f"{here}?sheet=Goals"))
    for odd in ("kind=x&sheet=y", "page=x", "page=99", "kind=%00", "since=-1&problem=a&choice=1e9"):
        assert lead.get(f"{here}?{odd}").status_code == 200


def test_problems_are_told_all_at_once_and_nothing_can_be_confirmed(lead, update):
    record = previewed(lead, indicators(value("1a", "lots"), value("9z", "1%"), value("1b", "41%", "X")))
    page = lead.get(f"/imports/{record.pk}/")
    cells = re.findall(r'data-label="Cell">(\w+)<', page.content.decode())
    assert {"G2", "H4"} <= set(cells)
    told = text(page)
    assert "“lots” is not a figure; write it like 27% or 27, or say why there is none: [x]." in told
    assert "“X” is not a rating; write R, A or G." in told
    assert f"{record.problems} problems have to be mended in the workbook first; then upload it again." in told
    assert "Confirm " not in told
    answer = act(lead, record, "confirm")
    assert "Nothing was imported: what is listed below has to be mended first." in text(answer)
    assert "Error: " in answer.content.decode().split("</title>")[0]
    assert value_of("1a") == 27


def test_the_rows_of_another_priority_are_left_out_with_a_note(lead, update, trust):
    make_reading(make_update(trust, update.quarter), make_indicator(trust, "1a", title="Other"), value=5)
    record = previewed(lead, indicators(["1a", "Other", "", "", "6%"], priority=TRUST))
    page = text(lead.get(f"/imports/{record.pk}/"))
    assert f"1 row of “{TRUST}” was left out: that priority is not yours to fill in." in page
    assert "Confirm " not in page


@pytest.mark.parametrize("status", [UpdateStatus.SUBMITTED, UpdateStatus.APPROVED, UpdateStatus.CLOSED])
def test_a_locked_update_is_refused_in_the_preview(lead, update, status):
    set_status(update, status)
    record = previewed(lead, indicators(value("1a", "28%")))
    assert f"can't be edited; {status.way_back}." in text(lead.get(f"/imports/{record.pk}/"))
    assert record.problems


def test_a_file_that_says_what_is_stored_has_nothing_to_confirm(lead, update):
    record = previewed(lead, indicators(value("1a", "27%")))
    page = text(lead.get(f"/imports/{record.pk}/"))
    assert "There is nothing to import: all of it is stored already." in page
    assert "Confirm " not in page
    answer = act(lead, record, "confirm")
    assert "It was not done There is nothing to import: all of it is stored already." in text(answer)


def test_the_same_file_again_is_the_same_preview_made_anew(lead, admin, update):
    book = indicators(value("1a", "28%"))
    first = previewed(lead, book)
    set_value("1a", 30)
    again = previewed(lead, ("renamed.zip", book))
    assert (again.pk, again.name) == (first.pk, "renamed.zip")
    assert again.planned_at > first.planned_at
    assert previewed(admin, book).pk != first.pk


def test_a_file_that_was_imported_already_says_so(lead, update):
    book = indicators(value("1a", "28%"))
    first = imported(lead, book)
    again = previewed(lead, book)
    assert again.pk != first.pk
    page = lead.get(f"/imports/{again.pk}/")
    assert "This very file was imported already, by victims-lead" in text(page)
    assert f'href="/imports/{first.pk}/"' in page.content.decode()


def test_several_returns_become_a_preview_each(admin, update):
    answer = send(admin, ("one.zip", indicators(value("1a", "28%"))), ("two.zip", indicators(value("1b", "41%"))))
    assert (answer.status_code, answer.url) == (302, "/imports/")
    assert set(ImportRecord.objects.values_list("name", flat=True)) == {"one.zip", "two.zip"}


def test_the_csv_files_of_a_folder_chosen_together_are_one_workbook(admin, update):
    sheets = {"Priorities.csv": [["Quarter", "Priority", "Time"], [Q, VICTIMS, "A"]]}
    sheets["Indicators.csv"] = [
        ["Quarter", "Priority", "Ref", "Indicator", "Value"],
        [Q, VICTIMS, *value("1a", "1%")[:2]],
    ]
    files = [(name, as_csv(rows).encode()) for name, rows in sheets.items()]
    record = previewed(admin, *files)
    assert record.name == "2 sheets.zip"
    assert set(record.counts) == {"Priorities", "Indicators"}
    assert previewed(admin, *reversed(files)).pk == record.pk


# What can't be taken


def refused(response):
    """The errors that the form tells."""
    assert response.status_code == 200
    assert "<title>Error: " in response.content.decode()
    box = response.content.decode().split('class="errors"')[1].split("</ul>")[0]
    return [unescape(re.sub(r"<[^>]+>", "", line)).strip() for line in re.findall(r"(?s)<li>(.*?)</li>", box)]


def test_no_file_chosen_is_told(lead):
    assert refused(lead.post("/imports/", {})) == ["No file is chosen; choose the workbook, or several at once."]


def test_every_bad_file_is_told_at_once_and_the_good_ones_are_kept(lead, update, monkeypatch):
    answer = send(lead, ("damaged.zip", b"PK\x03\x04 no"), ("good.zip", indicators(value("1a", "28%"))))
    [told] = refused(answer)
    assert told.startswith("damaged.zip: ")
    assert [record.name for record in ImportRecord.objects.all()] == ["good.zip"]
    assert "Uploaded: good.zip. Nothing is stored yet; look at each below, and confirm it." in text(answer)


def test_empty_and_large_files_are_told_by_name_and_nothing_is_kept(lead, monkeypatch):
    monkeypatch.setattr(forms, "MAX_BYTES", 2**20)
    answer = send(lead, ("empty.xlsx", b""), ("large.xlsx", b"x" * (2**20 + 1)), ("good.zip", zipped(Goals=[["No."]])))
    assert refused(answer) == [
        "empty.xlsx: the file is empty; save it again, and choose that.",
        "large.xlsx: the file is larger than 1 MB; split it.",
    ]
    assert not ImportRecord.objects.exists()


def test_more_files_than_are_taken_at_once_are_told(lead):
    answer = send(lead, *((f"{n}.zip", b"PK") for n in range(21)))
    assert refused(answer) == ["These are 21 files; send at most 20 at once."]


def test_more_parts_than_a_request_may_have_are_refused_in_words(lead):
    answer = send(lead, *((f"{n}.zip", b"PK") for n in range(101)))
    assert answer.status_code == 400
    assert "What was sent is damaged, or holds too much at once. Nothing was saved." in text(answer)


def test_more_than_is_read_at_once_is_refused_before_it_is_read(lead, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_SENT", 1000)
    answer = send(lead, ("large.xlsx", b"x" * 2000))
    assert answer.status_code == 413
    assert "More than 0 MB were sent. Nothing of it was read." in text(answer)
    assert not ImportRecord.objects.exists()


def test_a_length_that_is_none_does_no_harm(lead):
    assert lead.get("/imports/", CONTENT_LENGTH="x").status_code == 200


ODD = {
    "a program": b"MZ\x90\x00" + bytes(200),
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "half a zip": zipped(Goals=[["No."]])[:60],
    "no zip": b"PK\x03\x04" + bytes(range(256)),
    "an old .xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "zeros": bytes(5000),
    "a page": b"<html><script>alert(1)</script></html>",
    "nothing but a mark": "\ufeff".encode(),
}


@pytest.mark.parametrize("name", ["book.xlsx", "book.ods", "book.csv", "book.zip", "book", "b.exe", "b.xlsm"])
@pytest.mark.parametrize("kind", ODD)
def test_no_upload_is_an_error_of_ours(admin, kind, name):
    answer = send(admin, (name, ODD[kind]))
    if answer.status_code == 302:
        assert admin.get(answer.url).status_code == 200
    else:
        assert refused(answer)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("<script>alert(1)</script>.zip", None),
        ("a\x00b\u202ezip.zip", None),
        ("l" * 200 + ".zip", "l" * 115 + "….zip"),
        ("Ünïcode “q1”.zip", "Ünïcode “q1”.zip"),
        ("C:\\fakepath\\return.zip", "return.zip"),
        ("../../etc/return.zip", "return.zip"),
    ],
)
def test_a_name_is_shown_as_text_and_shortened(lead, update, name, kept):
    record = previewed(lead, (name, indicators(value("1a", "28%"))))
    if kept:
        assert record.name == kept
    assert record.name.isprintable()
    for page in ("/imports/", f"/imports/{record.pk}/"):
        assert "<script>alert" not in lead.get(page).content.decode()
    file = lead.get(f"/imports/{record.pk}/file/")
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert file.headers["Content-Type"] == "application/octet-stream"


def test_what_cells_say_is_shown_as_text(lead, update):
    evil = "<img src=x onerror=alert(1)>"
    record = previewed(lead, indicators(value("1a", "28%", "A", evil), value("1b", evil)))
    page = lead.get(f"/imports/{record.pk}/").content.decode()
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


# Confirm


def test_confirming_writes_what_was_shown_and_names_the_import_in_history(lead, update, victims_lead):
    record = previewed(lead, ("Victims.zip", indicators(value("1a", "28%"), value("1b", "40%"))))
    answer = act(lead, record, "confirm")
    assert (answer.status_code, answer.url) == (302, f"/imports/{record.pk}/")
    record.refresh_from_db()
    change_set = record.change_set
    assert (change_set.source, change_set.note, change_set.person) == (
        Source.SPREADSHEET,
        "Victims.zip",
        victims_lead,
    )
    assert value_of("1a") == 28
    newest = Reading.objects.get(indicator__reference="1a").history.first()
    assert newest.change_set == change_set
    page = text(lead.get(answer.url))
    assert "Imported: 1 changed, 1 unchanged." in page
    assert "Imported. Imported by victims-lead on" in page
    assert "Changed Value G2 : 27% → 28%" in page
    assert "Confirm " not in page
    key = Indicator.objects.get(reference="1a").key
    for history in ("", f"indicators/{key}/"):
        page = lead.get(f"/2022-23-q1/{update.priority.slug}/update/history/{history}")
        assert f'Spreadsheet · <a href="/imports/{record.pk}/">Victims.zip</a>' in page.content.decode()


def test_those_who_may_not_read_an_import_see_its_name_without_a_link(admin, lead, update):
    record = imported(admin, ("All.zip", indicators(value("1a", "28%"))))
    page = lead.get(f"/2022-23-q1/{update.priority.slug}/update/history/").content.decode()
    assert "Spreadsheet · All.zip" in page
    assert f"/imports/{record.pk}/" not in page


def test_nothing_is_overwritten_that_changed_since_the_preview(lead, update):
    record = previewed(lead, indicators(value("1a", "28%"), value("1b", "41%")))
    set_value("1a", 31)
    assert "Somebody has saved something since this preview was made" in text(lead.get(f"/imports/{record.pk}/"))
    answer = act(lead, record, "confirm")
    page = text(answer)
    assert "It was not done Nothing was imported: something has changed since this preview was made." in page
    assert "1 row would do something else than this preview showed before" in page
    assert "Changed Value G2 : 27% → 28% Changed Value G2 : 31% → 28%" in page
    assert (value_of("1a"), value_of("1b")) == (31, 40)
    assert act(lead, record, "confirm").status_code == 302
    assert (value_of("1a"), value_of("1b")) == (28, 41)


def test_a_preview_seen_on_another_page_before_it_was_made_anew_is_not_confirmed(lead, update):
    record = previewed(lead, indicators(value("1a", "28%")))
    seen = record.fingerprint
    set_value("1a", 31)
    act(lead, record, "again")
    answer = lead.post(f"/imports/{record.pk}/", {"act": "confirm", "fingerprint": seen})
    assert "something has changed since this preview was made" in text(answer)
    assert value_of("1a") == 31


def test_what_was_submitted_since_the_preview_is_refused(lead, update):
    record = previewed(lead, indicators(value("1a", "28%")))
    set_status(update, UpdateStatus.SUBMITTED)
    page = text(act(lead, record, "confirm"))
    assert "something has changed since" in page
    assert "is submitted and can't be edited; its lead can withdraw it, or a manager send it back." in page
    assert value_of("1a") == 27
    assert "Confirm " not in page


def test_looking_again_tells_what_is_different(lead, update):
    record = previewed(lead, indicators(value("1a", "28%")))
    set_value("1a", 28)
    answer = act(lead, record, "again")
    page = text(lead.get(answer.url))
    assert "This is what would change now." in page
    assert "Changed Value G2 : 27% → 28% Unchanged" in page
    assert "There is nothing to import: all of it is stored already." in page


def test_an_import_is_confirmed_once(lead, update):
    record = imported(lead, indicators(value("1a", "28%")))
    acts = ChangeSet.objects.count()
    for verb in ("confirm", "cancel", "again"):
        assert "It was imported already." in text(act(lead, record, verb))
    assert ChangeSet.objects.count() == acts


def test_the_second_of_two_returns_for_one_row_shows_what_the_first_has_stored(lead, update):
    send(lead, ("one.zip", indicators(value("1a", "28%"))), ("two.zip", indicators(value("1a", "29%"))))
    one, two = ImportRecord.objects.order_by("pk")
    assert act(lead, one, "confirm").status_code == 302
    page = text(act(lead, two, "confirm"))
    assert "Changed Value G2 : 28% → 29%" in page
    assert value_of("1a") == 28


# Conflicts: the file says which version it was made from


@pytest.fixture
def disputed(lead, update):
    """A preview of two cells of a file made before somebody else stored others."""
    versions = {r.indicator.reference: r.version for r in Reading.objects.select_related("indicator")}
    headings = ["Quarter", "Priority", "Ref", "Indicator", "Value", "Version"]
    rows = [[r, f"% of victims supported, {r}", f, versions[r]] for r, f in (("1a", "28%"), ("1b", "41%"))]
    set_value("1a", 31)
    set_value("1b", 45)
    return previewed(lead, indicators(*rows, headings=headings))


def test_what_somebody_else_stored_since_has_to_be_chosen(lead, disputed):
    page = text(lead.get(f"/imports/{disputed.pk}/"))
    assert "2 cells were changed in the file and, since it was made, here too. Say for each which value holds." in page
    assert "Keep what is stored: 31%" in page
    assert "Take the file’s: 28%" in page
    assert "2 cells were changed here too since the file was made: choose below which value holds." in page
    assert "To be mended" not in page
    assert disputed.problems == 2
    assert "has to be mended first" in text(act(lead, disputed, "confirm"))
    assert value_of("1a") == 31


@pytest.mark.parametrize(("wins", "stays"), [("file", 28), ("stored", 31)])
def test_either_may_win(lead, disputed, wins, stays):
    other = "stored" if wins == "file" else "file"
    answer = act(lead, disputed, "choose", **{"wins:Indicators!E2": wins, "wins:Indicators!E3": other})
    page = lead.get(answer.url)
    assert "Your choices are kept." in text(page)
    assert len(re.findall(r"checked", page.content.decode())) == 2
    disputed.refresh_from_db()
    assert disputed.problems == 0
    assert act(lead, disputed, "confirm").status_code == 302
    assert value_of("1a") == stays
    assert value_of("1b") == (45 if other == "stored" else 41)


@pytest.mark.parametrize(("wins", "stays"), [("file", (28, 41)), ("stored", (31, 45))])
def test_one_button_chooses_for_all(lead, disputed, wins, stays):
    act(lead, disputed, "choose", all=wins)
    disputed.refresh_from_db()
    assert disputed.problems == 0
    act(lead, disputed, "confirm")
    assert (value_of("1a"), value_of("1b")) == stays


def test_choosing_nothing_is_told(lead, disputed):
    page = text(act(lead, disputed, "choose"))
    assert "Nothing was chosen: say for each cell whether what is stored or the file’s value holds." in page
    assert "Your choices are kept" not in page


def test_a_choice_does_not_outlive_what_it_was_made_over(lead, disputed):
    act(lead, disputed, "choose", all="file")
    set_value("1a", 33)
    page = text(act(lead, disputed, "confirm"))
    assert "Keep what is stored: 33%" in page
    disputed.refresh_from_db()
    assert disputed.problems == 1
    assert value_of("1a") == 33


def test_choices_for_other_cells_and_other_words_are_left_alone(lead, disputed):
    act(lead, disputed, "choose", **{"wins:Indicators!Z9": "file", "wins:Indicators!E2": "both", "wins:": "file"})
    disputed.refresh_from_db()
    assert (disputed.choices, disputed.problems) == ({}, 2)


# Cancel, forget


def test_cancelling_leaves_nothing(lead, update):
    before = stored(without=())
    record = previewed(lead, ("Victims.zip", indicators(value("1a", "28%"))))
    answer = act(lead, record, "cancel")
    assert (answer.status_code, answer.url) == (302, "/imports/")
    assert "Victims.zip was cancelled. Nothing of it is left." in text(lead.get("/imports/"))
    assert not ImportRecord.objects.exists()
    assert not ImportFile.objects.exists()
    assert stored(without=()) == before


def test_what_is_cancelled_between_the_page_and_the_button_says_so(lead, update, monkeypatch):
    record = previewed(lead, indicators(value("1a", "28%")))
    from workbooks import records, views

    def late(record, **kwargs):
        ImportRecord.objects.all().delete()
        return confirm(record, **kwargs)

    confirm = records.confirm
    monkeypatch.setattr(views.records, "confirm", late)
    answer = lead.post(f"/imports/{record.pk}/", {"act": "confirm", "fingerprint": record.fingerprint}, follow=True)
    assert "This import was cancelled, here or on another page; nothing of it is left." in text(answer)


def test_previews_that_wait_too_long_are_forgotten(lead, update, capsys):
    old = previewed(lead, indicators(value("1a", "28%")))
    kept = previewed(lead, indicators(value("1a", "29%")))
    done = imported(lead, indicators(value("1b", "41%")))
    long_ago = timezone.now() - dt.timedelta(days=14, minutes=1)
    ImportRecord.objects.filter(pk__in=[old.pk, done.pk]).update(planned_at=long_ago)
    call_command("forget_imports")
    assert capsys.readouterr().out == "1 preview forgotten.\n"
    assert set(ImportRecord.objects.all()) == {kept, done}
    assert ImportFile.objects.count() == 2
    call_command("forget_imports")
    assert capsys.readouterr().out == "0 previews forgotten.\n"


# Files


def test_of_many_previews_that_wait_the_newest_stay(lead, admin, update, monkeypatch):
    monkeypatch.setattr(records, "MOST_WAITING", 3)
    done = imported(lead, indicators(value("1a", "29%")))
    others = previewed(admin, indicators(value("1a", "20%")))
    made = [previewed(lead, indicators(value("1a", f"{n}%"))) for n in range(30, 33)]
    look_again = act(lead, made[0], "again")
    assert look_again.status_code == 302
    made.append(previewed(lead, indicators(value("1a", "33%"))))
    kept = set(ImportRecord.objects.values_list("pk", flat=True))
    assert kept == {done.pk, others.pk, made[0].pk, made[2].pk, made[3].pk}
    assert ImportFile.objects.count() == len(kept)


def test_the_file_is_kept_as_it_came(lead, update):
    book = indicators(value("1a", "28%"))
    record = imported(lead, ("Victims.zip", book))
    answer = lead.get(f"/imports/{record.pk}/file/")
    assert answer.content == book
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert 'filename="Victims.zip"' in answer.headers["Content-Disposition"]


def test_the_workbook_is_handed_back_with_its_cells_marked(lead, update):
    record = previewed(lead, ("Victims.zip", indicators(value("1a", "lots"))))
    assert f'href="/imports/{record.pk}/marked/"' in lead.get(f"/imports/{record.pk}/").content.decode()
    answer = lead.get(f"/imports/{record.pk}/marked/")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.content


def test_a_workbook_without_problems_has_nothing_to_mark(lead, update):
    record = previewed(lead, indicators(value("1a", "28%")))
    answer = lead.get(f"/imports/{record.pk}/marked/", follow=True)
    assert "Nothing has to be mended in this workbook, so there is nothing to mark." in text(answer)


# The list, pages and queries


def test_the_list_says_what_each_import_is(admin, lead, update):
    assert "Nothing has been uploaded yet." in text(lead.get("/imports/"))
    imported(lead, ("done.zip", indicators(value("1a", "28%"))))
    previewed(lead, ("waiting.zip", indicators(value("1b", "lots"))))
    page = text(lead.get("/imports/"))
    assert re.search(r"waiting\.zip To be mended 1 problem, 1 refused victims-lead \d", page)
    assert re.search(r"done\.zip Imported 1 changed victims-lead \d", page)
    assert "Your imports" in page
    assert "All imports" in text(admin.get("/imports/"))


def test_an_import_from_the_command_line_is_in_the_list(admin):
    make_import(None)
    assert "Somebody at the command line" in text(admin.get("/imports/"))


def big(rows, told=0, disputed=0, since=0):
    """A preview of so many rows, problems, choices and differences."""
    row = [
        ShownRow("Indicators", n + 2, "changed", f"Row {n}", (CellPlan("Value", f"G{n + 2}", "1", "2"),))
        for n in range(rows)
    ]
    return Preview(
        row,
        [Told("Goals", n + 2, 3, "Goal", "x", f"Problem {n}.") for n in range(told)],
        [Disputed("Risks", f"Risk {n}", CellPlan("Owner", f"D{n + 2}", "a", "b", "c")) for n in range(disputed)],
        [Difference(each, None) for each in row[:since]],
    )


def test_thousands_of_rows_problems_and_choices_come_in_pages(lead, victims_lead):
    record = make_import(victims_lead, big(3000, told=250, disputed=250, since=250))
    page = lead.get(f"/imports/{record.pk}/")
    assert len(shown_rows(page)) == 100
    assert page.content.decode().count("Page 1 of 30") == 1
    assert page.content.decode().count("Page 1 of 3<") == 3
    last = lead.get(f"/imports/{record.pk}/?kind=changed&page=30&problem=3&choice=2&since=3")
    assert shown_rows(last)[-1][0] == "Row 2999 Indicators, row 3001"
    assert "Problem 249." in text(last)
    assert "Risk 199" in text(last)
    assert "?kind=changed&amp;page=29#page" in last.content.decode()
    assert len(last.content) < 300_000


def test_pages_take_as_many_queries_for_ten_rows_as_for_three_thousand(admin, administrator, victims):
    few, many = make_import(administrator, big(10)), make_import(administrator, big(3000, 3000, 300, 300))
    of_few = queries(admin, f"/imports/{few.pk}/")
    assert of_few == queries(admin, f"/imports/{many.pk}/") <= 12
    of_list = queries(admin, "/imports/")
    for number in range(60):
        make_import(make_person(f"person-{number}"), name=f"{number}.zip")
    assert queries(admin, "/imports/") == of_list <= 12
    assert "Page 1 of 3" in text(admin.get("/imports/")) or "Page 1 of 3" in admin.get("/imports/").content.decode()
    for number in range(40):
        make_update(victims, make_quarter(Period(2022 + number // 4, number % 4 + 1)))
    assert queries(admin, f"/imports/{few.pk}/") == of_few


def test_the_history_of_a_row_takes_no_query_for_each_import(lead, update):
    url = f"/2022-23-q1/{update.priority.slug}/update/history/"
    imported(lead, indicators(value("1a", "28%")))
    few = queries(lead, url)
    for figure in range(30, 36):
        imported(lead, indicators(value("1a", f"{figure}%")))
    assert queries(lead, url) == few


def test_a_preview_of_all_that_there_can_be_comes_back_as_it_was():
    preview = big(3, 2, 2, 1)
    assert Preview.unpack(preview.pack()) == preview


def test_the_state_of_a_record_and_its_change_sets_agree_in_the_database(victims_lead):
    from django.db import IntegrityError, transaction

    record = make_import(victims_lead)
    for wrong in ({"state": ImportState.APPLIED}, {"state": "lost"}, {"undone_at": timezone.now()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ImportRecord.objects.filter(pk=record.pk).update(**wrong)


def test_the_reference_quarter_is_imported_on_the_page_into_an_empty_database(admin):
    record = imported(admin, ("q1.zip", demo_book()))
    assert Reading.objects.count() == 37
    assert record.totals["new"] > 100
    assert record.problems == 0


def test_an_import_from_the_command_line_is_kept_and_undone_too(admin, tmp_path, capsys):
    folder = tmp_path / "q1"
    shutil.copytree(DEMO, folder)
    call_command("import_workbook", str(folder))
    record = ImportRecord.objects.get()
    assert (record.name, record.state, record.change_set.source) == ("q1.zip", "applied", Source.COMMAND)
    page = text(admin.get(f"/imports/{record.pk}/"))
    assert "Imported by Somebody at the command line" in page
    assert record.totals["new"] > 100
    call_command("import_workbook", str(folder))
    assert ImportRecord.objects.count() == 1  # nothing was new
    assert act(admin, record, "undo").status_code == 302
    assert not Reading.objects.exists()
    (tmp_path / "q1.zip").write_bytes(record.file.bytes)
    call_command("import_workbook", str(tmp_path / "q1.zip"))
    assert ImportRecord.objects.order_by("pk").last().sha256 == record.sha256


def patched(book, old, new):
    """An .xlsx with one text of its XML put in another's place."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as was, zipfile.ZipFile(packed, "w") as archive:
        for each in was.infolist():
            archive.writestr(each, was.read(each).replace(old, new))
    return packed.getvalue()


def xlsx(headings, *rows):
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Indicators")
        for number, row in enumerate([headings, *rows]):
            sheet.write_row(number, 0, row)
    return packed.getvalue()


@pytest.mark.parametrize(
    "odd", [b"_xD800_", b"_x0000_", b"&#xFFFF;", "\u202e".encode(), b"_x000D_", "\U0001f600".encode()]
)
def test_odd_letters_in_a_workbook_are_no_error_of_ours_when_it_is_confirmed(lead, update, odd):
    row = [Q, VICTIMS, "1a", "% of victims supported, 1a", 0.28, "PLACEHOLDER"]
    book = patched(xlsx(["Quarter", "Priority", "Ref", "Indicator", "Value", "Note"], row), b"PLACEHOLDER", odd)
    answer = send(lead, ("odd.xlsx", book))
    if answer.status_code == 200:
        assert refused(answer)
        return
    record = ImportRecord.objects.get()
    assert lead.get(answer.url).status_code == 200
    assert act(lead, record, "confirm").status_code in (200, 302)


def test_the_workbook_of_a_priority_comes_back_without_a_change_and_with_one(lead, update):
    book = lead.get(f"/2022-23-q1/{update.priority.slug}/workbook.xlsx").content
    record = previewed(lead, ("Victims.xlsx", book))
    assert (record.problems, record.changes) == (0, 0)
    assert "There is nothing to import: all of it is stored already." in text(lead.get(f"/imports/{record.pk}/"))
    set_value("1a", 31)
    record = previewed(lead, ("Victims again.xlsx", book))
    assert (record.problems, record.changes) == (0, 0)  # the file says nothing new: theirs stays


def test_where_only_what_is_stored_was_kept_there_is_nothing_to_confirm(lead, update):
    indicator = Indicator.objects.get(reference="1a")
    head = ["Quarter", "Priority", "Ref", "Indicator", "Value", "Key", "Version"]
    book = indicators(["1a", indicator.title, "28%", str(indicator.key), "0"], headings=head)
    set_value("1a", 72)
    record = previewed(lead, book)
    act(lead, record, "choose", **{"wins:Indicators!E2": "stored"})
    record.refresh_from_db()
    page = lead.get(f"/imports/{record.pk}/?kind=all")
    assert "There is nothing to import" in text(page)
    assert "72% is kept (file: 28%)" in text(page)
    assert "Confirm " not in text(page)
    assert record.in_words() == "1 unchanged"


def test_a_problem_that_stands_alone_begins_with_a_capital(lead, update):
    record = previewed(lead, zipped(Goals=[["What we want"]], Indicaters=[["Quarter", "Priority"]]))
    messages = [told.message for told in Preview.unpack(record.file.preview).told]
    assert len(messages) == 2
    assert all(message[0].isupper() for message in messages)


def test_a_csv_that_cannot_be_read_is_told_by_its_whole_name(lead):
    [told] = refused(send(lead, ("utf16.csv", "Ref".encode("utf-16"))))
    assert told.startswith("utf16.csv: this is not text in UTF-8")
