"""Which kind of file it is, judged by what it holds and not by its name alone, and who reads it."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath, PureWindowsPath

from .archive import DAMAGE, Archive, damaged
from .csvs import read_csv
from .ods import read_ods
from .sheets import MAX_BYTES, MAX_SHEETS, Budget, Sheet, Unreadable
from .xlsx import read_xlsx, weight

Read = tuple[list[Sheet], list[Unreadable]]

KINDS = ".xlsx, .ods, .csv or a .zip of .csv files"
SAVE = "save the workbook as .xlsx or .ods"
OLD = {
    ".xls": f"this is the format of Excel 97 to 2003; {SAVE}.",
    ".xlsb": f"binary Excel workbooks are not read; {SAVE}.",
    ".xlsm": "this workbook may run macros and is not read; save it as an Excel workbook without macros (.xlsx).",
    ".xltm": "this template may run macros and is not read; save it as an Excel workbook without macros (.xlsx).",
}
MACROS = "it has macros and is not read; save it as an Excel workbook without macros (.xlsx)."
PASSWORD = "it is protected by a password; take the password off, save it and import that."  # noqa: S105 - a sentence
ZIP, OLE = (b"PK\x03\x04", b"PK\x05\x06"), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ODS_TYPE = b"application/vnd.oasis.opendocument.spreadsheet"
IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*")
SPREADSHEETS = {".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".tsv"}


def read_workbook(path: Path) -> Read:
    """The sheets of a file or of a folder of .csv files, and what of it can't be read.

    Raises Unreadable where there is nothing to read at all.
    """
    if not path.exists():
        raise Unreadable(str(path), "there is no such file or folder; check the path.")
    if path.is_dir():
        return read_folder(path)
    return read_upload(path.name, contents(path, path.name))


def contents(path: Path, place: str) -> bytes:
    try:
        check_size(place, path.stat().st_size)
        return path.read_bytes()
    except OSError as error:
        raise Unreadable(place, f"the file can't be opened ({error.strerror}); save it again.") from None


def check_size(place: str, size: int) -> None:
    if size > MAX_BYTES:
        raise Unreadable(place, f"the file is larger than {MAX_BYTES // 2**20} MB; split it.")


def read_folder(path: Path) -> Read:
    files = sorted(file for file in path.iterdir() if not file.name.startswith("."))
    if not any(file.suffix.lower() == ".csv" for file in files):
        raise Unreadable(path.name, "the folder holds no .csv file; save each sheet as CSV into it.")
    budget, sheets, unreadable = Budget(path.name), [], []
    for file in files:
        try:
            if file.suffix.lower() == ".csv":
                sheets.append(read_csv(file.stem, contents(file, file.stem), budget))
            elif file.suffix.lower() in SPREADSHEETS:
                raise Unreadable(
                    file.name, "of a folder only .csv files are read; save its sheets as CSV, or remove it."
                )
            if len(sheets) > MAX_SHEETS:
                raise Unreadable(path.name, f"the folder holds more than {MAX_SHEETS} .csv files; remove some.")
        except Unreadable as error:
            if error.place == path.name:
                raise
            unreadable.append(error)
    return sheets, unreadable


def read_upload(name: str, data: bytes) -> Read:
    """The sheets of a file by its name and bytes, and what of it can't be read.

    Raises Unreadable where there is nothing to read at all, or nothing that may be read.
    """
    name = PureWindowsPath(PurePosixPath(name or "file").name).name or "file"
    check_size(name, len(data))
    suffix = Path(name).suffix.lower()
    if not data.strip():
        raise Unreadable(name, "the file is empty; save it again.")
    if suffix == ".csv":
        try:
            return [read_csv(Path(name).stem, data, Budget(name))], []
        except Unreadable as error:
            raise Unreadable(name, error.message) from None
    check_kind(name, suffix, data)
    try:
        return read_archive(name, suffix, Archive(name, data))
    except DAMAGE:
        raise damaged(name) from None


def weight_of(name: str, data: bytes) -> int:
    """How much an .xlsx would be to a library that makes every cell of it; raises Unreadable."""
    try:
        return weight(Archive(name, data))
    except DAMAGE:
        raise damaged(name) from None


def check_kind(name: str, suffix: str, data: bytes) -> None:
    """Refuse what is no .xlsx, .ods or .zip, by name or by content."""
    if data.startswith(OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise Unreadable(name, PASSWORD)
        if suffix in (".xlsx", ".ods", ".zip"):
            raise Unreadable(name, f"this is an old Excel workbook (.xls), whatever its name says; {SAVE}.")
    if suffix in OLD:
        raise Unreadable(name, OLD[suffix])
    if suffix not in (".xlsx", ".ods", ".zip"):
        raise Unreadable(name, f"only {KINDS} can be imported; {SAVE}.")
    if not data.startswith(ZIP):
        raise Unreadable(name, f"this is {kind_of(data)}, whatever its name says; {SAVE}.")


def kind_of(data: bytes) -> str:
    """What a file that is no workbook seems to be."""
    head = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(b"%pdf"):
        return "a PDF"
    if data.startswith(IMAGES):
        return "a picture"
    if head.startswith((b"<!doctype html", b"<html", b"<table", b"<head", b"<meta")):
        return "a web page"
    if head.startswith(b"<?xml"):
        return "an XML file"
    if b"\0" in data[:4096]:
        return "no workbook"
    return "a text file"


def read_archive(name: str, suffix: str, archive: Archive) -> Read:
    """A compressed file by what it holds; raises Unreadable where that is not what its name says."""
    found = kind_within(archive)
    if found == ".xlsm":
        raise Unreadable(name, MACROS)
    if found in (".xlsb", "a Word document", "a presentation", "another document"):
        what = "a binary Excel workbook (.xlsb)" if found == ".xlsb" else found
        raise Unreadable(name, f"this is {what}, whatever its name says; {SAVE}.")
    if found != suffix:
        told = {".xlsx": "an Excel workbook", ".ods": "an OpenDocument spreadsheet", ".zip": "a zip of other files"}
        do = "save the workbook as .xlsx or .ods" if found == ".zip" else f"rename it to end in {found}"
        raise Unreadable(name, f"this is {told[found]}, whatever its name says; {do}.")
    if found == ".xlsx":
        sheets, unreadable = read_xlsx(archive)
    elif found == ".ods":
        if is_encrypted(archive):
            raise Unreadable(name, PASSWORD)
        sheets, unreadable = read_ods(archive)
    else:
        sheets, unreadable = read_zip(archive)
    if not sheets and not unreadable:
        raise Unreadable(name, "it has no sheet with cells; add one of the sheets of the template.")
    return sheets, unreadable


def kind_within(archive: Archive) -> str:
    members = set(archive.members)
    if "[Content_Types].xml" in members:
        if any(re.search(r"(^|/)(vbaProject\.bin$|macrosheets/)", member, re.IGNORECASE) for member in members):
            return ".xlsm"
        if b"macroEnabled" in archive.read("[Content_Types].xml"):
            return ".xlsm"
        if any(member.startswith("xl/workbook.bin") for member in members):
            return ".xlsb"
        kinds = {"word/": "a Word document", "ppt/": "a presentation"}
        return next((kind for top, kind in kinds.items() if any(m.startswith(top) for m in members)), ".xlsx")
    if "mimetype" in members and archive.members["mimetype"].file_size < 200:
        return ".ods" if archive.read("mimetype").strip().startswith(ODS_TYPE) else "another document"
    return ".ods" if "content.xml" in members else ".zip"


def is_encrypted(archive: Archive) -> bool:
    if "encrypted-package" in archive:
        return True
    manifest = "META-INF/manifest.xml"
    return manifest in archive and b"encryption-data" in archive.read(manifest)


def read_zip(archive: Archive) -> Read:
    """A zip of .csv files; what systems add to one on their own is passed over."""
    if archive.strays():
        raise Unreadable(
            archive.name, "a file in it would land outside its folder when unpacked; make the zip anew, of .csv files."
        )
    members = [m for m in sorted(archive.members) if not m.endswith("/") and not is_clutter(m)]
    within = {PurePosixPath(member).suffix.lower() for member in members}
    if ".zip" in within:
        raise Unreadable(archive.name, "there is a zip within the zip; put the .csv files straight into one.")
    if workbooks := sorted(within & SPREADSHEETS):
        raise Unreadable(
            archive.name, f"there is a workbook ({workbooks[0]}) within the zip; import it by itself, without the zip."
        )
    files = [member for member in members if member.lower().endswith(".csv")]
    if not files:
        raise Unreadable(archive.name, "the zip holds no .csv file; save each sheet as CSV into it.")
    if len(files) > MAX_SHEETS:
        raise Unreadable(archive.name, f"the zip holds more than {MAX_SHEETS} .csv files; remove some.")
    budget, sheets, unreadable = Budget(archive.name), [], []
    for member in files:
        place = PurePosixPath(member).stem
        try:
            check_size(place, archive.members[member].file_size)
            sheets.append(read_csv(place, archive.read(member), budget))
        except Unreadable as error:
            if error.place == archive.name:
                raise
            unreadable.append(error)
    return sheets, unreadable


def is_clutter(member: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in PurePosixPath(member).parts)
