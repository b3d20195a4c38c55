"""The one file of a backup: a zip of the manifest and the dump, and nothing else."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO

from . import manifest as manifests
from .manifest import Dump, Manifest
from .problems import Problem

MANIFEST = "manifest.json"
DUMPS = {"sqlite": "database.sqlite3", "postgresql": "database.pgdump"}
CHUNK = 1 << 20
LARGEST_MANIFEST = 16 << 20


def chunks(file: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: file.read(CHUNK), b"")


def store(archive: zipfile.ZipFile, engine: str, parts: Iterable[bytes]) -> Dump:
    """Put the dump into the archive as it comes. PostgreSQL's is compressed already."""
    entry = zipfile.ZipInfo(DUMPS[engine])
    entry.compress_type = zipfile.ZIP_STORED if engine == "postgresql" else zipfile.ZIP_DEFLATED
    size, hashed = 0, sha256()
    with archive.open(entry, "w", force_zip64=True) as out:
        for part in parts:
            out.write(part)
            hashed.update(part)
            size += len(part)
    return {"name": entry.filename, "size": size, "sha256": hashed.hexdigest()}


@contextmanager
def opened(path: Path) -> Iterator[tuple[Manifest, Iterator[bytes]]]:
    """The manifest and the dump in parts, once; raises Problem where the file is not what a backup is.

    Nothing in the archive names a place on the disk, and no more is read than its sealed manifest says.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [entry.filename for entry in archive.infolist()]
            if names.count(MANIFEST) != 1 or archive.getinfo(MANIFEST).file_size > LARGEST_MANIFEST:
                raise Problem("This is no backup of the tracker: it has no manifest.")
            manifest = manifests.read(archive.read(MANIFEST))
            wanted = DUMPS[manifest["engine"]]
            if sorted(names) != sorted([MANIFEST, wanted]) or manifest["dump"]["name"] != wanted:
                raise Problem("The backup holds other files than a backup does: it was changed. Take another backup.")
            with archive.open(wanted) as file:
                yield manifest, parts_of(file, manifest["dump"])
    except (zipfile.BadZipFile, EOFError, NotImplementedError, zipfile.zlib.error) as error:  # type: ignore[attr-defined]
        raise Problem(f"{path} is damaged or cut short, or no backup of the tracker. Take another backup.") from error


def parts_of(file: IO[bytes], dump: Dump) -> Iterator[bytes]:
    size, hashed = 0, sha256()
    for part in chunks(file):
        size += len(part)
        hashed.update(part)
        if size > dump["size"]:
            break
        yield part
    if size != dump["size"] or hashed.hexdigest() != dump["sha256"]:
        raise Problem("The dump is not the one that the manifest speaks of: the backup is damaged. Take another.")


def verify(path: Path) -> Manifest:
    """Read all of it and compare every checksum."""
    with opened(path) as (manifest, parts):
        for _ in parts:
            pass
    return manifest


def settle(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def settle_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
