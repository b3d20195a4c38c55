"""The administration: the same door, the same rules, the same messages."""

import csv
import hashlib
from io import BytesIO

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from indicators.models import Indicator, Reading
from priorities.admin import ReadOnly
from priorities.history import ChangeSet, Source
from priorities.models import Assignment, Definition, Person, Plan, Quarter, QuarterlyUpdate, UpdateStatus
from tests.make import (
    close,
    door,
    make_import,
    make_indicator,
    make_plan,
    make_quarter,
    make_reading,
    make_update,
    set_status,
)
from tests.test_urls import READ_ONLY
from updates.models import Comment
from workbooks.models import ImportFile, ImportRecord

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("contexts")]


@pytest.fixture
def client(client, administrator):
    client.force_login(administrator)
    return client


@pytest.fixture
def reading(victims):
    return make_reading(make_update(victims))


def text(response):
    return response.content.decode()


def form_of(reading, **changes):
    return {
        "target": "25",
        "value": "27",
        "basis": "year_to_date",
        "confidence": "G",
        "base_version": reading.version,
        **changes,
    }


def change(client, reading, **changes):
    return client.post(reverse("admin:indicators_reading_change", args=[reading.pk]), form_of(reading, **changes))


def test_a_change_goes_through_the_door_and_into_history(client, reading, administrator):
    response = change(client, reading, value="28")
    assert response.status_code == 302
    reading.refresh_from_db()
    newest = reading.history.first()
    assert (reading.value, reading.version) == (28, 1)
    assert (newest.history_user, newest.change_set.source) == (administrator, Source.ADMIN)


def test_a_locked_row_is_shown_but_not_edited(client, reading):
    set_status(reading.update, UpdateStatus.SUBMITTED)
    page = text(client.get(reverse("admin:indicators_reading_change", args=[reading.pk])))
    assert 'name="value"' not in page


def test_a_row_locked_while_it_was_edited_keeps_what_was_typed_and_says_why(client, reading):
    set_status(reading.update, UpdateStatus.SUBMITTED)
    page = text(change(client, reading, value="28"))
    assert "is submitted and can&#x27;t be edited; its lead can withdraw it, or a manager send it back." in page
    assert 'value="28"' in page
    reading.refresh_from_db()
    assert reading.value == 27


def test_a_newer_version_is_not_overwritten(client, reading):
    with door(reading.update):
        reading.value = 30
        reading.save()
    page = text(change(client, reading, value="28", base_version=0))
    assert "This was changed since you opened it (Command line by nobody signed in" in page
    reading.refresh_from_db()
    assert reading.value == 30


def test_the_rules_speak_in_plain_words(client, reading):
    page = text(change(client, reading, missing="x"))
    assert "Give a value or the reason that there is none, not both." in page
    assert "A percentage can&#x27;t be negative" in text(change(client, reading, value="-1"))


def test_a_second_reading_of_an_indicator_is_refused_in_words(client, reading):
    form = form_of(reading, update=reading.update_id, indicator=reading.indicator_id, base_version="")
    page = text(client.post(reverse("admin:indicators_reading_add"), form))
    assert "This indicator has a reading for this quarter already." in page


def test_a_row_is_added_and_deleted_through_the_door(client, victims):
    update, indicator = make_update(victims), make_indicator(victims)
    form = {"update": update.pk, "indicator": indicator.pk, "value": "5"}
    assert client.post(reverse("admin:indicators_reading_add"), form).status_code == 302
    reading = Reading.objects.get()
    response = client.post(reverse("admin:indicators_reading_delete", args=[reading.pk]), {"post": "yes"})
    assert response.status_code == 302
    assert [h.history_type for h in Reading.history.order_by("pk")] == ["+", "-"]


def test_rows_are_not_deleted_by_the_handful(client, reading):
    url = reverse("admin:indicators_reading_changelist")
    client.post(url, {"action": "delete_selected", "_selected_action": [reading.pk], "post": "yes"})
    assert Reading.objects.exists()


def test_a_locked_row_cannot_be_deleted(client, reading):
    set_status(reading.update, UpdateStatus.APPROVED)
    url = reverse("admin:indicators_reading_delete", args=[reading.pk])
    assert client.post(url, {"post": "yes"}).status_code == 403
    assert Reading.objects.exists()


def test_a_new_plan_gets_its_quarters(client):
    client.post(
        reverse("admin:priorities_plan_add"),
        {
            "title": "Plan",
            "first_year": 2022,
            "last_year": 2023,
            "risk_scale": "level",
            "quarters-TOTAL_FORMS": 0,
            "quarters-INITIAL_FORMS": 0,
        },
    )
    assert Plan.objects.get().quarters.count() == 8


def test_a_plan_that_ends_before_it_begins_is_told(client):
    response = client.post(
        reverse("admin:priorities_plan_add"), {"title": "Plan", "first_year": 2025, "last_year": 2022}
    )
    assert "The last year is before the first; correct one of them." in text(response)


def test_an_overview_is_written_until_the_quarter_is_closed(client, victims):
    quarter = make_quarter()
    url = reverse("admin:priorities_quarter_change", args=[quarter.pk])
    form = {"plan": quarter.plan_id, "overview": "All well", "base_version": quarter.version}
    assert client.post(url, form).status_code == 302
    close(quarter)
    page = text(client.post(url, {**form, "overview": "Rewritten", "base_version": quarter.version + 1}))
    assert "is closed and can&#x27;t be edited" in page
    assert Quarter.objects.get(pk=quarter.pk).overview == "All well"


def test_an_update_is_edited_in_the_administration(client, victims):
    update = make_update(victims)
    url = reverse("admin:priorities_quarterlyupdate_change", args=[update.pk])
    assert client.post(url, {"objectives": "G", "base_version": 0}).status_code == 302
    assert QuarterlyUpdate.objects.get().objectives == "G"


def test_an_edited_definition_is_no_default_any_more(client):
    definition = Definition.objects.get(kind="spend", letter="A")
    url = reverse("admin:priorities_definition_change", args=[definition.pk])
    client.post(url, {"kind": "spend", "letter": "A", "text": "Within 5% of the budget."})
    definition.refresh_from_db()
    assert (definition.is_default, definition.history.count()) == (False, 2)


@pytest.mark.parametrize("model", sorted(admin.site._registry, key=str), ids=lambda model: model.__name__)
def test_every_model_is_listed_searched_and_filtered(client, demo_rows, model):
    options = admin.site._registry[model]
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    assert options.search_fields
    assert options.list_filter or model is Plan
    assert client.get(url).status_code == 200
    assert client.get(url, {"q": "a"}).status_code == 200


@pytest.fixture
def demo_rows(administrator):
    from django.conf import settings

    from workbooks.importing import apply_import, plan_import
    from workbooks.reading import read_workbook

    sheets, _ = read_workbook(settings.BASE_DIR / "demo" / "q1-2022-23")
    apply_import(plan_import(sheets, by=None), source=Source.COMMAND)


def upload(client, model, rows, **more):
    file = BytesIO("\n".join(rows).encode())
    file.name = "rows.csv"
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_import")
    return client.post(url, {"format": "0", "import_file": file, **more})


READINGS = ["Quarter,Priority,Ref,Value", "Q1 2022/23,Victims are better supported,1a,28%"]


def confirm(client, model, preview):
    hidden = preview.context["confirm_form"].initial
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_process_import")
    return client.post(url, hidden, follow=True)


def test_an_import_is_previewed_and_then_confirmed(client, reading, administrator):
    preview = upload(client, Reading, READINGS)
    assert "<del>27%</del> <ins>28%</ins>" in text(preview)
    reading.refresh_from_db()
    assert reading.value == 27
    done = confirm(client, Reading, preview)
    assert "1 updated" in text(done)
    reading.refresh_from_db()
    newest = reading.history.first()
    assert (reading.value, newest.history_user, newest.change_set.source) == (28, administrator, Source.ADMIN)


def test_an_import_has_the_workbooks_own_messages(client, reading):
    page = text(upload(client, Reading, [READINGS[0], READINGS[1].replace("28%", "lots")]))
    assert "“lots” is not a figure; write it like 27% or 27, or say why there is none: [x]." in page
    page = text(upload(client, Reading, [READINGS[0], READINGS[1].replace("supported", "suported")]))
    assert "did you mean “Victims are better supported”?" in page


def test_an_import_into_a_locked_update_is_refused_at_the_preview_and_at_the_confirmation(client, reading):
    preview = upload(client, Reading, READINGS)
    set_status(reading.update, UpdateStatus.SUBMITTED)
    assert "or a manager send it back" in text(upload(client, Reading, READINGS))
    assert "something has changed since the preview" in text(confirm(client, Reading, preview))
    reading.refresh_from_db()
    assert reading.value == 27


THE_DEMO_HAS = {Plan, Quarter, QuarterlyUpdate, Indicator, Reading, Definition}
EXPORTABLE = [m for m, options in admin.site._registry.items() if hasattr(options, "resource")]


@pytest.mark.parametrize("model", sorted(EXPORTABLE, key=str), ids=lambda model: model.__name__)
def test_what_is_exported_imports_again_as_no_change(client, demo_rows, model, administrator):
    options = admin.site._registry[model]
    for resource_class in options.resources or (options.resource,):
        data = resource_class().export(queryset=model._base_manager.order_by("pk"))
        assert len(data) or model not in THE_DEMO_HAS
        result = resource_class().import_data(data, dry_run=True, user=administrator)
        assert not result.has_errors(), result.row_errors()
        assert not result.has_validation_errors(), [str(r.error) for r in result.invalid_rows]
        assert result.totals["new"] == result.totals["update"] == 0


def test_a_manager_does_not_get_into_the_administration(client, manager):
    client.force_login(manager)
    response = client.get("/admin/")
    assert response.status_code == 403
    assert "The administration is for administrators." in text(response)


def test_new_people_may_be_imported_and_have_no_password(client):
    from priorities.models import Person

    preview = upload(client, Person, ["User name,E-mail", "new-lead,lead@example.com"])
    confirm(client, Person, preview)
    person = Person.objects.get(username="new-lead")
    assert (person.email, person.has_usable_password()) == ("lead@example.com", False)


def test_only_administrators_import_set_up_rows(manager, victims):
    from indicators.resources import IndicatorResource

    data = IndicatorResource().export(queryset=Indicator.objects.none())
    data.append(["", "", "Victims are better supported", "9", "New", "number", "", "", "", ""])
    result = IndicatorResource().import_data(data, user=manager)
    assert "are set up by administrators" in str(result.invalid_rows[0].error)
    assert make_plan().priorities.get().indicators.count() == 0


@pytest.mark.parametrize("model", sorted(admin.site._registry, key=str), ids=lambda model: model.__name__)
def test_an_empty_form_is_told_what_it_lacks(client, model):
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
    response = client.post(url, {"quarters-TOTAL_FORMS": 0, "quarters-INITIAL_FORMS": 0})
    if model._meta.model_name in READ_ONLY:
        assert response.status_code == 403
    else:
        assert response.status_code == 200
        assert "This field is required." in text(response)


@pytest.mark.parametrize(
    ("typed", "value", "missing", "basis"),
    [
        ("27.5%", "27.5", "", "year_to_date"),
        ("[x]", None, "x", "year_to_date"),
        ("64% (R12)", "64", "", "rolling_12_months"),
    ],
)
def test_a_figure_is_read_as_people_write_it(client, reading, typed, value, missing, basis):
    assert change(client, reading, value=typed).status_code == 302
    reading.refresh_from_db()
    assert (reading.value and str(reading.value.normalize()), reading.missing, reading.basis) == (value, missing, basis)


def test_what_is_no_figure_is_told_in_the_parsers_words(client, reading):
    assert "“lots” is not a figure; write it like 27% or 27" in text(change(client, reading, value="lots"))


def test_money_is_read_as_people_write_it(client, victims):
    from tests.make import make_position

    position = make_position(make_update(victims))
    url = reverse("admin:finance_financialposition_change", args=[position.pk])
    form = {"budget": "£12.3m", "forecast": "12,000,000", "base_version": 0}
    assert client.post(url, form).status_code == 302
    position.refresh_from_db()
    assert (position.budget, position.forecast) == (12_300_000, 12_000_000)


@pytest.mark.parametrize("term", ["Q1 2022/23", "2022-23-q1", "22/23 Q1"])
def test_quarters_and_updates_are_found_by_the_name_they_go_by(client, reading, term):
    for model, field, expected in (
        ("quarterlyupdate", "quarter", "Q1 2022/23"),
        ("assessment", "update", "Victims are better supported, Q1 2022/23"),
    ):
        app = "priorities" if model == "quarterlyupdate" else "risks"
        query = {"term": term, "app_label": app, "model_name": model, "field_name": field}
        found = client.get("/admin/autocomplete/", query).json()["results"]
        assert [row["text"] for row in found] == [expected]


def test_somebody_who_saved_between_the_check_and_the_lock_is_not_overwritten(client, reading, monkeypatch):
    from priorities.admin import DoorForm

    with door(reading.update):
        other = Reading.objects.get()
        other.value = 55
        other.save()
    check, times = DoorForm.clean, []

    def too_early(form):
        times.append(1)
        return check(form) if len(times) > 1 else form.cleaned_data

    monkeypatch.setattr(DoorForm, "clean", too_early)
    page = text(change(client, reading, value="28"))
    assert "This was changed since you opened it" in page
    assert 'value="28"' in page
    assert Reading.objects.get().value == 55


def test_what_figures_depend_on_does_not_change_under_them(client, reading):
    indicator = reading.indicator
    url = reverse("admin:indicators_indicator_change", args=[indicator.pk])
    form = {
        "title": indicator.title,
        "polarity": "lower",
        "decimals": 0,
        "unit": "number",
        "reference": "1a",
        "position": 1,
    }
    assert client.post(url, form).status_code == 302
    indicator.refresh_from_db()
    assert (indicator.polarity, indicator.unit) == ("lower", "percent")


def test_an_import_that_lacks_a_heading_is_told_without_a_traceback(client, reading):
    page = text(upload(client, Reading, ["Priority,Value", "Victims are better supported,5"]))
    assert "The headings lack Quarter" in page
    assert "Traceback" not in page


def test_rows_of_an_import_are_numbered_as_the_spreadsheet_does(client, reading):
    rows = [READINGS[0], READINGS[1], READINGS[1].replace("28%", "lots").replace("1a", "1b")]
    page = text(upload(client, Reading, rows))
    assert "Row 3, " in page


def test_the_history_says_from_where(client, reading, administrator):
    change(client, reading, value="28")
    page = text(client.get(reverse("admin:indicators_reading_history", args=[reading.pk])))
    assert "Administration by administrator" in page


def export(client, model, index="0"):
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_export")
    resource = admin.site._registry[model].get_resource_classes(None)[0]
    fields = {f"{resource.__name__.lower()}_{name}": "on" for name in resource.fields}
    response = client.post(url, {"format": index, "resource": "0", **fields})
    assert response.status_code == 200, text(response)
    return response.content


@pytest.mark.parametrize("index", ["0", "1"], ids=["csv", "xlsx"])
def test_what_is_downloaded_can_be_uploaded_again_as_no_change(client, reading, index):
    with door(reading.update):
        reading.note, reading.value, reading.confirmed = "=1+1", "0.3", True
        reading.save()
    file = BytesIO(export(client, Reading, index))
    file.name = "rows.csv" if index == "0" else "rows.xlsx"
    url = reverse("admin:indicators_reading_import")
    page = client.post(url, {"format": index, "import_file": file})
    assert "0 new, 0 changed, 1 unchanged" in text(page)


def test_text_that_looks_like_a_formula_is_written_as_text(client, reading):
    from io import BytesIO

    import openpyxl

    with door(reading.update):
        reading.note, reading.target_note = "=1+1", "-2 or so"
        reading.save()
    assert b"'=1+1" in export(client, Reading)
    cells = [cell for cell in openpyxl.load_workbook(BytesIO(export(client, Reading, "1"))).active[2] if cell.value]
    assert [cell.data_type for cell in cells if cell.value in ("=1+1", "-2 or so")] == ["s", "s"]
    assert reading.version in [cell.value for cell in cells]


@pytest.mark.parametrize(
    ("name", "index", "data", "message"),
    [
        ("rows.csv", "0", b"", "The submitted file is empty."),
        ("rows.csv", "0", b"  \n", "This can&#x27;t be read: the file is empty; save it again."),
        ("rows.csv", "0", b"PK\x03\x04\0", "This can&#x27;t be read: this is not a CSV file, whatever its name says;"),
        (
            "rows.xlsx",
            "1",
            b"Quarter,Priority",
            "This can&#x27;t be read: this is a text file, whatever",
        ),
        ("rows.xlsx", "1", b"PK\x03\x04\0", "This can&#x27;t be read: "),
        (
            "rows.csv",
            "0",
            b"Quarter,Value\nQ1 2022/23,#DIV/0!",
            "This can&#x27;t be read: row 2, column 2: “#DIV",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_told_in_words(client, name, index, data, message):
    file = BytesIO(data)
    file.name = name
    page = client.post(reverse("admin:indicators_reading_import"), {"format": index, "import_file": file})
    assert message in text(page)
    assert "Traceback" not in text(page)


def test_text_that_looks_like_a_number_stays_text_and_figures_are_numbers(client, victims):
    import openpyxl

    indicator = make_indicator(victims, "1.10", unit="number")
    make_indicator(victims, "1.1", title="Another")
    make_reading(make_update(victims), indicator, value=5, note="1.50", basis="quarter")
    values = [cell.value for cell in openpyxl.load_workbook(BytesIO(export(client, Reading, "1"))).active[2]]
    assert {"1.10", "1.50", 5} <= set(values)
    assert 1.5 not in values

    file = BytesIO(export(client, Indicator, "1"))
    file.name = "rows.xlsx"
    page = client.post(reverse("admin:indicators_indicator_import"), {"format": "1", "import_file": file})
    assert "0 new, 0 changed, 2 unchanged" in text(page)


READ_ONLY_MODELS = [m for m, options in admin.site._registry.items() if isinstance(options, ReadOnly)]


@pytest.mark.parametrize("model", sorted(READ_ONLY_MODELS, key=str), ids=lambda model: model.__name__)
@pytest.mark.parametrize("index", ["0", "1"], ids=["csv", "xlsx"])
def test_what_is_read_only_is_exported_in_plain_columns_for_administrators_alone(client, manager, model, index):
    assert model._meta.model_name in READ_ONLY
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_export")
    answer = client.post(url, {"format": index, "resource": "0"})
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    listed = client.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
    assert url in text(listed)
    client.force_login(manager)
    assert client.post(url, {"format": index, "resource": "0"}).status_code == 403


def exported_rows(client, model):
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_export")
    lines = client.post(url, {"format": "0", "resource": "0"}).content.decode().splitlines()
    return list(csv.DictReader(lines))


def test_an_export_of_what_is_read_only_names_what_it_refers_to_and_has_no_bytes_of_files(client, administrator):
    make_import(administrator, name="May.xlsx")
    [row] = exported_rows(client, ImportRecord)
    assert (row["File"], row["Person"], row["State"]) == ("May.xlsx", "administrator", "previewed")
    [row] = exported_rows(client, ImportFile)
    assert row == {"ID": row["ID"], "Record": "May.xlsx"}


def test_an_export_takes_no_query_for_each_row(client, victims, manager):
    update = make_update(victims)

    def exported(count):
        for n in range(count):
            Comment.objects.create(update=update, section="goals", subject=f"{n}", author=manager, text="Why?")
        with CaptureQueriesContext(connection) as found:
            assert exported_rows(client, Comment)[0]["Update"] == str(update)
        return len(found)

    assert exported(2) == exported(20)


def test_an_import_is_kept_and_can_be_undone(client, reading, administrator):
    confirm(client, Reading, upload(client, Reading, READINGS))
    record = ImportRecord.objects.get()
    data = "\n".join(READINGS).encode()
    assert (record.name, record.person, record.state) == ("rows.csv", administrator, "applied")
    assert (record.size, record.sha256, record.file.bytes) == (len(data), hashlib.sha256(data).hexdigest(), data)
    assert (record.in_words(), record.change_set.note) == ("1 changed", "rows.csv")
    assert (record.change_set.source, record.change_set) == (Source.ADMIN, reading.history.first().change_set)
    page = text(client.get(f"/imports/{record.pk}/"))
    assert "28%" in page
    assert client.post(f"/imports/{record.pk}/", {"act": "undo"}).status_code == 302
    reading.refresh_from_db()
    assert reading.value == 27


def test_of_an_import_that_changes_nothing_nothing_is_kept(client, reading):
    acts = ChangeSet.objects.count()
    same = [READINGS[0], READINGS[1].replace("28%", "27%")]
    preview = upload(client, Reading, [f"{same[0]},Confirmed", f"{same[1]},no"])
    assert "0 new, 0 updated" in text(confirm(client, Reading, preview))
    assert (ImportRecord.objects.count(), ChangeSet.objects.count()) == (0, acts)


def test_an_import_of_assignments_is_undone_too_and_one_of_people_says_why_not(client, victims, manager):
    rows = ["Priority,Person,Role", "Victims are better supported,manager,lead"]
    confirm(client, Assignment, upload(client, Assignment, rows))
    assert Assignment.objects.count() == 1
    client.post(f"/imports/{ImportRecord.objects.get().pk}/", {"act": "undo"})
    assert not Assignment.objects.exists()
    confirm(client, Person, upload(client, Person, ["User name", "newcomer"]))
    newest = ImportRecord.objects.first()
    page = text(client.post(f"/imports/{newest.pk}/", {"act": "undo"}))
    assert "has no history, as people have none; put it back by hand." in page
    assert ImportRecord.objects.first().state == "applied"


def test_a_workbook_of_several_sheets_is_sent_to_the_page_for_them(client, reading):
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["Quarter"])
    book.create_sheet("Goals").append(["Quarter"])
    file = BytesIO()
    book.save(file)
    file.seek(0)
    file.name = "rows.xlsx"
    page = client.post(reverse("admin:indicators_reading_import"), {"format": "1", "import_file": file})
    assert "import the whole workbook on the page Import." in text(page)


def test_a_confirmation_is_for_what_was_previewed_and_nothing_else(client, reading):
    preview = upload(client, Reading, READINGS)
    with door(reading.update):
        reading.note = "Meanwhile"
        reading.save()
    assert "something has changed since the preview. Preview the file again." in text(confirm(client, Reading, preview))
    reading.refresh_from_db()
    assert reading.value == 27
    confirm(client, Reading, upload(client, Reading, READINGS))
    reading.refresh_from_db()
    assert (reading.value, reading.note) == (28, "Meanwhile")


def test_a_preview_is_confirmed_once(client, reading):
    preview = upload(client, Reading, READINGS)
    confirm(client, Reading, preview)
    assert "This was imported already, or its preview is too old." in text(confirm(client, Reading, preview))


def test_a_newer_version_is_a_choice_in_the_administration_too(client, reading):
    with door(reading.update):
        reading.value = 31
        reading.save()
    rows = [f"{READINGS[0]},Version", f"{READINGS[1]},0"]
    page = text(upload(client, Reading, rows))
    assert "stored “31%” after the file was made, which says “28%”" in page
    assert "Confirm import" not in page


@pytest.mark.parametrize("address", ["x/history/", "x/history/1/", "1/history/x/", "²/history/", "_00/history/"])
def test_the_history_of_what_can_be_no_row_is_not_found(client, administrator, address):
    client.force_login(administrator)
    assert client.get(f"/admin/priorities/plan/{address}").status_code in (302, 404)


@pytest.mark.parametrize("chosen", ["", "x", "\0", "²", "9" * 40])
def test_an_action_on_what_can_be_no_row_is_refused(client, administrator, chosen):
    client.force_login(administrator)
    sent = {"action": "delete_selected", "_selected_action": chosen, "index": "0"}
    assert client.post("/admin/priorities/person/", sent).status_code == 400


@pytest.mark.parametrize("chosen", [" ", "x", "\0", "²", "9" * 40])
def test_a_form_with_what_can_be_no_row_is_shown_again(client, administrator, victims, chosen):
    client.force_login(administrator)
    page = client.post(f"/admin/priorities/priority/{victims.pk}/change/", {"plan": chosen, "title": "Renamed"})
    assert page.status_code == 200
    assert "errorlist" in page.content.decode()
