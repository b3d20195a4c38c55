"""Workbooks made by script, and what is stored, for the tests of imports."""

import csv
import io
import zipfile

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from workbooks.models import ImportRecord
from workbooks.preview import Preview
from workbooks.undoing import MODELS

DEMO = settings.BASE_DIR / "demo" / "q1-2022-23"
Q = "Q1 2022/23"
VICTIMS = "Victims are better supported"
TRUST = "Trust and confidence increases"
HEADINGS = ["Quarter", "Priority", "Ref", "Indicator", "Unit", "Target", "Value", "Confidence", "Note"]


def zipped(**sheets):
    """A .zip of one .csv for each sheet, rows by name."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, rows in sheets.items():
            archive.writestr(f"{name}.csv", as_csv(rows))
    return packed.getvalue()


def as_csv(rows):
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def demo_book():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted(DEMO.glob("*.csv")):
            archive.writestr(file.name, file.read_bytes())
    return packed.getvalue()


def indicators(*rows, priority=VICTIMS, headings=HEADINGS):
    """A book with an Indicators sheet; each row is what follows the priority, from the reference on."""
    body = [[*row, *[""] * (len(headings) - 2 - len(row))] for row in rows]
    return zipped(Indicators=[headings, *([Q, priority, *row] for row in body)])


def value(reference, figure, *more):
    """The row of an indicator as make_indicator() titles it."""
    return [reference, f"% of victims supported, {reference}", "", "", figure, *more]


def send(client, *files, **extra):
    """Upload files, each a name with bytes, or bytes alone."""
    named = [file if isinstance(file, tuple) else ("return.zip", file) for file in files]
    uploads = [SimpleUploadedFile(name, data, "application/octet-stream") for name, data in named]
    return client.post("/imports/", {"workbooks": uploads}, **extra)


def previewed(client, *files):
    """The import that an upload made; what it answered is asserted."""
    response = send(client, *files)
    assert response.status_code == 302, response.content.decode()
    return ImportRecord.objects.order_by("-pk").first()


def act(client, record, act, **data):
    record.refresh_from_db()
    return client.post(f"/imports/{record.pk}/", {"act": act, "fingerprint": record.fingerprint, **data})


def imported(client, *files):
    record = previewed(client, *files)
    response = act(client, record, "confirm")
    assert response.status_code == 302, [told.line for told in Preview.unpack(record.file.preview).told]
    record.refresh_from_db()
    return record


def stored(without=("version",)):
    """Everything that an import may write, but what counts the writes."""
    return {
        model.__name__: [
            {name: value for name, value in row.items() if name not in without}
            for row in model.objects.order_by("pk").values()
        ]
        for model in MODELS
    }
