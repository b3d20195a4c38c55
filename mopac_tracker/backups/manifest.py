"""What a backup says of itself, sealed with a key made of SECRET_KEY."""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from functools import cache
from hmac import compare_digest
from typing import Any, TypedDict

from django.conf import settings
from django.db.migrations.loader import MigrationLoader
from django.utils.crypto import salted_hmac

from .problems import Problem
from .rows import Table, Tables

WHAT = "Backup of the quarterly performance tracker"
FORMAT = 1
ENGINES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
ANOTHER_KEY = (
    "The backup was made with another SECRET_KEY: second factors and links that are under way will "
    "not work, and whether somebody changed the backup cannot be told. Set the SECRET_KEY it was made with"
)


class Dump(TypedDict):
    name: str
    size: int
    sha256: str


class Manifest(TypedDict):
    what: str
    format: int
    made_at: str
    software: str
    engine: str
    server: str
    migrations: list[str]
    tables: Tables
    dump: Dump
    key: str
    seal: str


TYPES: dict[str, type] = dict.fromkeys(("made_at", "software", "engine", "server", "key", "seal"), str)
TYPES |= {"migrations": list, "tables": dict, "dump": dict}


@cache
def software() -> str:
    with open(settings.BASE_DIR / "pyproject.toml", "rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def keyed(value: str, secret: str) -> str:
    return salted_hmac("mopac_tracker.backups", value, secret=secret, algorithm="sha256").hexdigest()


def seal_of(manifest: Manifest, secret: str) -> str:
    return keyed(json.dumps({**manifest, "seal": ""}, sort_keys=True), secret)


def made(*, at: dt.datetime, engine: str, server: str, migrations: list[str], tables: Tables, dump: Dump) -> Manifest:
    manifest: Manifest = {
        "what": WHAT,
        "format": FORMAT,
        "made_at": at.isoformat(timespec="seconds"),
        "software": software(),
        "engine": engine,
        "server": server,
        "migrations": migrations,
        "tables": tables,
        "dump": dump,
        "key": keyed("which key", settings.SECRET_KEY),
        "seal": "",
    }
    return {**manifest, "seal": seal_of(manifest, settings.SECRET_KEY)}


def read(text: bytes) -> Manifest:
    """The manifest, if it has the shape of one and, where the key is ours, was not changed."""
    try:
        manifest = json.loads(text)
    except ValueError as error:
        raise Problem("The backup's manifest cannot be read: it is damaged, or no backup of the tracker.") from error
    if not isinstance(manifest, dict) or manifest.get("what") != WHAT:
        raise Problem("This is no backup of the tracker.")
    if manifest.get("format") != FORMAT:
        raise Problem("The backup was made by newer software than this: restore it with that version.")
    if not (all(isinstance(manifest.get(name), kind) for name, kind in TYPES.items()) and well_formed(manifest)):
        raise Problem("The backup's manifest is damaged: take another backup.")
    checked: Manifest = manifest  # type: ignore[assignment]
    if (key := key_of(checked)) and not compare_digest(checked["seal"], seal_of(checked, key)):
        raise Problem("The backup was changed after it was made: its seal is broken. Take another backup.")
    return checked


def well_formed(manifest: dict[str, Any]) -> bool:
    dump = manifest["dump"]
    shape = {key: type(value) for key, value in dump.items()} == {"name": str, "size": int, "sha256": str}
    tables = all(isinstance(t, dict) and t.keys() == Table.__annotations__.keys() for t in manifest["tables"].values())
    migrations = all(isinstance(name, str) for name in manifest["migrations"])
    return shape and tables and migrations and manifest["engine"] in ENGINES


def key_of(manifest: Manifest) -> str | None:
    """Of the keys that this deployment has, the one the backup was made with."""
    keys = [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return next((key for key in keys if compare_digest(manifest["key"], keyed("which key", key))), None)


def migrations_since(manifest: Manifest) -> list[str]:
    """Migrations that this software has and the backup lacks; raises Problem if the backup has some that this lacks."""
    known = {f"{app}.{name}" for app, name in MigrationLoader(None, ignore_no_migrations=True).disk_migrations or {}}
    apps = {name.partition(".")[0] for name in known}
    newer = [name for name in manifest["migrations"] if name not in known and name.partition(".")[0] in apps]
    if newer:
        raise Problem(
            f"The backup was made by newer software ({manifest['software']}): this one lacks {newer[-1]}. "
            "Install that version and restore with it."
        )
    return sorted(known - set(manifest["migrations"]))
