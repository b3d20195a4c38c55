"""Restoring a backup: into an empty place only, and compared row by row before anybody relies on it."""

from __future__ import annotations

from pathlib import Path

from .archive import opened, verify
from .engines import PostgreSQL, SQLite
from .manifest import ANOTHER_KEY, ENGINES, Manifest, key_of, migrations_since
from .problems import Problem
from .rows import differences


def examine(path: Path, *, another_key: bool) -> Manifest:
    """The manifest of a backup that can be restored here; all of the file was read and compared with its checksums."""
    if not path.is_file():
        raise Problem(f"There is no file {path}.")
    manifest = verify(path)
    if key_of(manifest) is None and not another_key:
        raise Problem(f"{ANOTHER_KEY}, or restore it knowing that with --another-key.")
    migrations_since(manifest)
    return manifest


def restore(path: Path, manifest: Manifest, target: SQLite | PostgreSQL) -> None:
    if manifest["engine"] != target.name:
        there, here = ENGINES[manifest["engine"]], ENGINES[target.name]
        raise Problem(
            f"The backup is of {there}, and {target} is {here}'s: restore it into {there}. "
            "What another system can read is written by `export_all`."
        )
    target.refuse_unless_empty()
    try:
        with opened(path) as (_, parts):
            target.restore(parts)
        if found := differences(manifest["tables"], target.tables()):
            raise Problem(f"What was restored is not what was backed up: {'; '.join(found)}. Do not use {target}.")
        target.settle()
    finally:
        target.clear()
