"""The full export, read back with nothing but the standard library and compared with the database."""

import datetime as dt
import hashlib
import json
import re
import zipfile

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, models

from mopac_tracker.backups import describing
from mopac_tracker.management.commands import export_all
from priorities.audit import Act, AuditEvent
from priorities.history import ChangeSet, Source
from priorities.models import Person
from tests.make import make_import
from tests.test_backup import filled, folder, halves, somebody_writing  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)


class Export:
    def __init__(self, path):
        with zipfile.ZipFile(path) as archive:
            self.files = {name: archive.read(name) for name in archive.namelist()}
        self.package = json.loads(self.files["datapackage.json"])
        self.tables = {table["name"]: table for table in self.package["resources"]}

    def rows(self, table):
        return [json.loads(line) for line in self.files[self.tables[table]["path"]].splitlines()]


@pytest.fixture
def export(filled, client, demo_person, folder):  # noqa: F811
    client.force_login(demo_person("administrator"))
    call_command("export_all", folder / "all.zip")
    return Export(folder / "all.zip")


def same(export, field, told, stored):
    if isinstance(field, models.BinaryField):
        return export.files[told["path"]] == bytes(stored) and told["bytes"] == len(stored)
    if isinstance(field, models.DateTimeField):
        return (dt.datetime.fromisoformat(told) if told else None) == stored
    return field.to_python(told) == stored


def test_every_row_and_column_of_every_table_is_in_the_export(export):
    AuditEvent.objects.filter(act=Act.EXPORTED)._raw_delete("default")  # written after it
    for model in describing.exported():
        told = export.rows(model._meta.db_table)
        stored = list(model._base_manager.order_by("pk"))
        assert len(told) == len(stored) == export.tables[model._meta.db_table]["rows"], model
        for line, row in zip(told, stored, strict=True):
            for field in describing.columns(model):
                assert same(export, field, line[field.column], getattr(row, field.attname)), (model, field, line)
    assert len(export.rows("indicators_historicalreading")) > 20


def test_every_table_of_the_database_is_exported_or_told_as_left_out(export):
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
    told = {left["table"]: left["why"] for left in export.package["leftOut"] if "column" not in left}
    assert tables == export.tables.keys() | told.keys()
    assert not export.tables.keys() & told.keys()
    assert "django_session" in told
    assert all(told.values())


def test_every_file_has_the_checksum_that_the_description_gives_and_every_reference_a_row(export):
    described = [*export.package["resources"], *export.package["files"]]
    for told in described:
        data = export.files[told["path"]]
        assert told["bytes"] == len(data)
        assert told["hash"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert export.files.keys() == {told["path"] for told in described} | {"datapackage.json", "README.txt"}
    assert len(export.package["files"]) > 5
    for name, table in export.tables.items():
        for key in table["schema"]["foreignKeys"]:
            (column,), to = key["fields"], key["reference"]
            found = {row[to["fields"][0]] for row in export.rows(to["resource"])}
            assert {row[column] for row in export.rows(name)} - {None} <= found, (name, column)


def test_no_password_session_or_token_is_in_the_export(export):
    whole = b"\n".join(export.files.values())
    for person in Person.objects.all():
        assert person.password.encode() not in whole
    assert Session.objects.get().session_key.encode() not in whole
    assert {"table": "priorities_person", "column": "password", "why": "secret"} in export.package["leftOut"]


def test_the_description_says_types_units_choices_and_keys_and_texts_are_exact(demo, folder):  # noqa: F811
    awkward = '"x",\n\ttab \\N \\ NULL 😀 =1+1'
    ChangeSet.objects.create(source=Source.COMMAND, note=awkward)
    call_command("export_all", folder / "all.zip")
    export = Export(folder / "all.zip")
    schema = export.tables["finance_financialposition"]["schema"]
    fields = {field["name"]: field for field in schema["fields"]}
    assert (fields["budget"]["type"], fields["budget"]["unit"]) == ("number", "pounds sterling")
    assert fields["period"]["categories"][0] == {"value": 1, "label": "Q1"}
    assert (schema["primaryKey"], schema["uniqueKeys"]) == (["id"], [["update_id", "period"]])
    assert fields.keys() == export.rows("finance_financialposition")[0].keys()
    assert export.tables["priorities_historicalpriority"]["schema"]["primaryKey"] == ["history_id"]
    assert awkward in [row["note"] for row in export.rows("priorities_changeset")]
    reading = export.rows("indicators_reading")[0]
    assert (reading["target_note"], reading["as_at"], reading["value"]) == ("", None, "27.0000")


def test_an_export_of_a_folder_has_the_same_files_for_its_owner_only(demo, folder):  # noqa: F811
    call_command("export_all", folder / "all.zip")
    AuditEvent.objects.filter(act=Act.EXPORTED)._raw_delete("default")
    call_command("export_all", folder / "all")
    zipped = Export(folder / "all.zip")
    found = {str(p.relative_to(folder / "all")): p for p in (folder / "all").rglob("*") if p.is_file()}
    assert found.keys() == zipped.files.keys()
    data = [name for name in found if name.startswith(("data/", "files/")) and "auditevent" not in name]
    assert all(found[name].read_bytes() == zipped.files[name] for name in data)
    assert {path.stat().st_mode & 0o777 for path in found.values()} == {0o600}


def test_an_export_is_of_one_moment_while_somebody_writes(victims, folder):  # noqa: F811
    with somebody_writing() as pairs:
        at_first = pairs[0]
        call_command("export_all", folder / "all.zip")
    notes = [row["note"] for row in Export(folder / "all.zip").rows("priorities_changeset")]
    first, second = (sum(note.startswith(half) for note in notes) for half in ("first of", "second of"))
    assert at_first <= first == second <= halves(connection)[0]


def test_an_export_is_on_record_and_never_written_over(victims, folder, capsys):  # noqa: F811
    call_command("export_all", folder / "all.zip")
    assert "Passwords, sessions and second factors are not in it" in capsys.readouterr().out
    event = AuditEvent.objects.get(act=Act.EXPORTED)
    assert event.about == "everything"
    assert re.fullmatch(r"\d+ rows and 0 files", event.detail)
    with pytest.raises(CommandError, match="is there already"):
        call_command("export_all", folder / "all.zip")
    with pytest.raises(CommandError, match="no folder"):
        call_command("export_all", folder / "none" / "all.zip")
    assert [path.name for path in folder.iterdir()] == ["all.zip"]


def test_an_export_is_not_said_to_have_failed_where_only_the_record_of_it_did(victims, folder, monkeypatch, capsys):  # noqa: F811
    def full(*args, **kwargs):
        raise OperationalError("database or disk is full")

    monkeypatch.setattr(export_all, "record", full)
    call_command("export_all", folder / "all.zip")
    said = capsys.readouterr()
    assert "kept files" in said.out
    assert "Everything was exported, but the audit log could not be written" in said.err


def test_a_name_that_somebody_gave_a_file_is_no_path(victims_lead, folder):  # noqa: F811
    make_import(victims_lead, name="../../../etc/x.py;rm", data=b"x")
    call_command("export_all", folder / "all")
    names = sorted(path.name for path in (folder / "all/files/workbooks_importfile").iterdir())
    assert [re.sub(r"\d+", "1", name) for name in names] == ["1-data.bin", "1-preview.json.zlib"]
