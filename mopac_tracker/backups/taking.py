"""Taking a backup: into a folder that nobody else looks at, and under its name once it is whole."""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from json import dumps
from pathlib import Path

from . import manifest as manifests
from .archive import MANIFEST, settle, settle_folder, store, verify
from .engines import PostgreSQL, SQLite
from .manifest import Manifest
from .problems import Problem

NAME = re.compile(r"tracker-\d{8}T\d{6}Z\.zip")
WORK = ".tracker-backup-"


def take(source: SQLite | PostgreSQL, folder: Path, *, keep: int) -> tuple[Path, Manifest, int]:
    """Where the backup is, what it says, and how many older ones were removed, which happens after a good one only."""
    with held(folder), work_in(folder) as work:
        made = work / "backup.zip"
        write(source, work, made)
        manifest = verify(made)  # read back from the disk
        path = free_name(folder, manifest)
        os.rename(made, path)
        settle_folder(folder)
        return path, manifest, prune(folder, keep)


def write(source: SQLite | PostgreSQL, work: Path, made: Path) -> None:
    with (
        source.snapshot(work) as snapshot,
        open(os.open(made, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file,
    ):
        at = dt.datetime.now(dt.UTC)
        with zipfile.ZipFile(file, "w", compresslevel=6) as archive:
            manifest = manifests.made(
                at=at,
                engine=source.name,
                server=snapshot.server,
                dump=store(archive, source.name, snapshot.dump()),
                migrations=snapshot.migrations(),
                tables=snapshot.tables(),
            )
            archive.writestr(MANIFEST, dumps(manifest, indent=1), zipfile.ZIP_DEFLATED)
        settle(file)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """One backup at a time in a folder."""
    if not folder.is_dir():
        raise Problem(f"There is no folder {folder}: make it, for the tracker's user only (mode 0700).")
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise Problem(f"Another backup is being written to {folder}. Wait for it to end.") from error
    finally:
        os.close(handle)


@contextmanager
def work_in(folder: Path) -> Iterator[Path]:
    """A folder of our own beside the backups; what a killed run left is cleared away."""
    for left in folder.glob(f"{WORK}*"):
        shutil.rmtree(left, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix=WORK, dir=folder))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def free_name(folder: Path, manifest: Manifest) -> Path:
    """After every other's: by their names the older ones are known, and a clock may go back."""
    at = dt.datetime.fromisoformat(manifest["made_at"])
    newest = max((path.name for path in ours(folder)), default="")
    while (name := f"tracker-{at:%Y%m%dT%H%M%SZ}.zip") <= newest:
        at = max(at, dt.datetime.strptime(newest, "tracker-%Y%m%dT%H%M%SZ.zip").replace(tzinfo=dt.UTC))
        at += dt.timedelta(seconds=1)
    return folder / name


def ours(folder: Path) -> list[Path]:
    """The backups in a folder, oldest first."""
    return sorted(path for path in folder.iterdir() if NAME.fullmatch(path.name))


def prune(folder: Path, keep: int) -> int:
    gone = ours(folder)[:-keep]
    for path in gone:
        path.unlink()
    return len(gone)
