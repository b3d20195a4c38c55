"""Compressed files, opened without trusting what they say about themselves."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from pyexpat import ExpatError, ParserCreate, XMLParserType

from .sheets import AGAIN, MAX_INFLATED, MAX_MEMBERS, MAX_RATIO, Unreadable

CHUNK = 2**20
MAX_DEPTH = 60
DAMAGE = (  # what broken files raise in the libraries that read them
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ExpatError,
    EOFError,
    OSError,
    LookupError,
    ValueError,
    ArithmeticError,
    NotImplementedError,
    RuntimeError,
)


def damaged(place: str) -> Unreadable:
    return Unreadable(place, f"the file is damaged or cut short; {AGAIN}.")


class Archive:
    """The members of a zip, each inflated only when asked for and only within the caps; raises Unreadable."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name, self.inflated = name, 0
        if data.count(b"PK\x01\x02") > MAX_MEMBERS:
            raise Unreadable(name, f"it holds more than {MAX_MEMBERS:,} files; that is no workbook of ours.")
        try:
            self.zip = zipfile.ZipFile(io.BytesIO(data))
        except DAMAGE:
            raise damaged(name) from None
        self.members = {info.filename: info for info in self.zip.infolist()}
        if len(self.members) < len(self.zip.infolist()):
            raise damaged(name)  # two members of one name: which of them counts is anybody's guess
        self.check(len(data))

    def check(self, size: int) -> None:
        infos = self.members.values()
        if any(info.flag_bits & 1 for info in infos):
            raise Unreadable(self.name, "it is protected by a password; save it without one.")
        if any(info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for info in infos):
            raise damaged(self.name)
        total = sum(info.file_size for info in infos)
        if total > MAX_INFLATED or total > max(MAX_RATIO * size, 2**20):
            raise self.too_large()

    def too_large(self) -> Unreadable:
        return Unreadable(
            self.name,
            f"it unpacks to far more than its size, or to more than {MAX_INFLATED // 2**20} MB; "
            "remove what is not needed of sheets, pictures and formatting, or split it.",
        )

    def __contains__(self, member: str) -> bool:
        return member in self.members

    def chunks(self, member: str, most: int = MAX_INFLATED) -> Iterator[bytes]:
        if self.members[member].file_size > most:
            raise self.too_large()
        with self.zip.open(self.members[member]) as file:
            while chunk := file.read(CHUNK):
                self.inflated += len(chunk)
                if self.inflated > MAX_INFLATED:
                    raise self.too_large()
                yield chunk

    def read(self, member: str) -> bytes:
        return b"".join(self.chunks(member))

    def parse(self, member: str, handle: Callable[[XMLParserType], None], *, most: int = MAX_INFLATED) -> None:
        """Read a member as XML by the handlers that `handle` sets; a document type is refused, and so every entity.

        The handlers see to it that elements nest no deeper than MAX_DEPTH: each open one takes memory.
        """
        parser = ParserCreate()
        parser.buffer_text = True
        parser.buffer_size = 2**16
        parser.StartDoctypeDeclHandler = self.refuse_doctype
        handle(parser)
        for chunk in self.chunks(member, most):
            parser.Parse(chunk, False)
        parser.Parse(b"", True)

    def check_depth(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise damaged(self.name)

    def refuse_doctype(self, *args: object) -> None:
        raise Unreadable(self.name, f"it declares an XML document type, which no spreadsheet program writes; {AGAIN}.")

    def strays(self) -> bool:
        """Whether a member would land outside the folder that the zip is unpacked to."""
        return any(
            name.startswith(("/", "\\")) or ":" in name or ".." in PurePosixPath(name.replace("\\", "/")).parts
            for name in self.members
        )
