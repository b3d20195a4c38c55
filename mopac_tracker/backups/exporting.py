"""The full export: rows as lines of JSON, kept files as files, and a description that another system can read.

JSON lines rather than CSV: they tell an empty text from no value and a number from a text, and no spreadsheet takes a
text for a formula, so texts are exact.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Protocol

from django.db import connection, models, transaction

from . import describing
from .archive import settle, settle_folder
from .manifest import ENGINES, software
from .problems import Problem

ROWS_AT_ONCE = 500
README = """Full export of the quarterly performance tracker.

datapackage.json   what is here: each table with its columns, types, units, choices and keys, how many rows, the size
                   and SHA-256 of each file, and what was left out and why (https://datapackage.org/)
data/*.jsonl       one table each: UTF-8, one JSON object a line, in the order of the primary key
files/             files that were imported and files that were published, as they are, named by table, row and column

It is all of one moment. It has names, addresses and unpublished figures: keep it as you keep the tracker itself.
"""


class Sink(Protocol):
    def file(self, name: str) -> Any: ...


class Counted:
    """A file that is being written, its size and its checksum."""

    def __init__(self, out: IO[bytes]) -> None:
        self.out, self.bytes, self.hash = out, 0, sha256()

    def write(self, part: bytes) -> None:
        self.out.write(part)
        self.hash.update(part)
        self.bytes += len(part)

    def told(self, path: str) -> dict[str, Any]:
        return {"path": path, "bytes": self.bytes, "hash": f"sha256:{self.hash.hexdigest()}"}


class Folder:
    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def file(self, name: str) -> Iterator[Counted]:
        path = self.path / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            yield Counted(out)
            settle(out)


class Zip:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive

    @contextmanager
    def file(self, name: str) -> Iterator[Counted]:
        entry = zipfile.ZipInfo(name, dt.datetime.now().timetuple()[:6])  # noqa: DTZ005 - zips have local time
        entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
        with self.archive.open(entry, "w", force_zip64=True) as out:
            yield Counted(out)


def export(path: Path) -> dict[str, Any]:
    """Write it beside its name and give it the name once it is whole; returns its description."""
    if path.exists():
        raise Problem(f"{path} is there already: name a new folder or .zip.")
    if not path.parent.is_dir():
        raise Problem(f"There is no folder {path.parent} to put it in.")
    work = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        made = work / "export"
        package = write_zip(made) if path.suffix.lower() == ".zip" else write_folder(made)
        os.rename(made, path)
        settle_folder(path.parent)
        return package
    finally:
        shutil.rmtree(work, ignore_errors=True)


def write_folder(made: Path) -> dict[str, Any]:
    made.mkdir(mode=0o700)
    return write(Folder(made))


def write_zip(made: Path) -> dict[str, Any]:
    with open(os.open(made, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
        with zipfile.ZipFile(file, "w") as archive:
            package = write(Zip(archive))
        settle(file)
    return package


def write(sink: Sink) -> dict[str, Any]:
    with one_moment():
        at = dt.datetime.now(dt.UTC)
        shown = describing.exported()
        kept = {(model, field): dict(files(sink, model, field)) for model in shown for field in binaries(model)}
        tables = [table(sink, model, kept) for model in shown]
    package = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "quarterly-performance-tracker",
        "created": at.isoformat(timespec="seconds"),
        "version": software(),
        "engine": ENGINES[connection.vendor],
        "resources": tables,
        "files": [told for of_column in kept.values() for told in of_column.values()],
        "leftOut": describing.left_out(),
    }
    with sink.file("datapackage.json") as out:
        out.write(json.dumps(package, indent=1, ensure_ascii=False).encode())
    with sink.file("README.txt") as out:
        out.write(README.encode())
    return package


@contextmanager
def one_moment() -> Iterator[None]:
    """Everything is read as it was at one moment, while others write on."""
    if connection.vendor == "postgresql":
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")  # atomic() would begin as a writer, and keep all others waiting
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def binaries(model: type[models.Model]) -> list[models.Field]:
    return [field for field in describing.columns(model) if isinstance(field, models.BinaryField)]


def table(sink: Sink, model: type[models.Model], kept: dict[Any, dict[Any, Any]]) -> dict[str, Any]:
    name, rows = model._meta.db_table, 0
    path = f"data/{name}.jsonl"
    with sink.file(path) as out:
        for row in rows_of(model, kept):
            out.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
            rows += 1
    return {
        "name": name,
        "title": str(model._meta.verbose_name_plural),
        **out.told(path),
        "rows": rows,
        "format": "jsonl",
        "mediatype": "application/jsonl",
        "encoding": "utf-8",
        "schema": describing.schema(model),
    }


def rows_of(model: type[models.Model], kept: dict[Any, dict[Any, Any]]) -> Iterator[dict[str, Any]]:
    fields = describing.columns(model)
    inside = [field for field in fields if not isinstance(field, models.BinaryField)]
    found = model._base_manager.order_by("pk").values_list("pk", *(field.attname for field in inside))
    for pk, *values in found.iterator(chunk_size=ROWS_AT_ONCE):
        row = {str(field.column): plain(field, value) for field, value in zip(inside, values, strict=True)}
        yield row | {str(field.column): kept[model, field].get(pk) for field in fields if field not in inside}


def plain(field: models.Field, value: Any) -> Any:
    """A value as JSON has it; what JSON has no type for is text."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if value is None or isinstance(value, bool | int | str) or isinstance(field, models.JSONField):
        return value
    return value.isoformat() if isinstance(value, dt.date) else str(field.get_prep_value(value))


def files(sink: Sink, model: type[models.Model], field: models.Field) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The files that a column keeps, one at a time, by the primary key of their row."""
    keys = model._base_manager.order_by("pk").values_list("pk", flat=True)
    for pk in keys.iterator(chunk_size=ROWS_AT_ONCE):
        row = model._base_manager.get(pk=pk)
        if (data := getattr(row, field.attname)) is None:
            continue
        path = f"files/{model._meta.db_table}/{pk}-{field.column}{suffix(row, field)}"
        with sink.file(path) as out:
            out.write(bytes(data))
        yield pk, out.told(path)


def suffix(row: Any, field: models.Field) -> str:
    """Of a published file its own, of an imported one that of its name: all of a path that a person typed."""
    if field.name == "preview":
        return ".json.zlib"
    named = getattr(row, "suffix", None) or getattr(getattr(row, "record", None), "name", "").rpartition(".")[2]
    return f".{named.lower()}" if re.fullmatch("[A-Za-z0-9]{1,5}", named) else ".bin"
