"""Which letters the font of the PDF has, and what stands for those that it lacks, so that no box is ever printed."""

from __future__ import annotations

import re
import struct
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

FONTS = Path(__file__).parent / "fonts"
FONT = FONTS / "source-sans-3-regular.otf"
NEW_LINES = re.compile(r"\r\n?|[\u000b\u000c\u0085\u2028\u2029]")
SOFT_HYPHEN = "\u00ad"


@cache
def in_the_font() -> frozenset[str]:
    """Every letter that the font can print, from its character map (OpenType, table cmap, formats 4 and 12)."""
    data = FONT.read_bytes()
    cmap = offset_of(data, b"cmap")
    (count,) = struct.unpack_from(">H", data, cmap + 2)
    tables = {cmap + struct.unpack_from(">L", data, cmap + 4 + 8 * n + 4)[0] for n in range(count)}
    codes = {code for table in tables for first, last in ranges(data, table) for code in range(first, last + 1)}
    return frozenset(map(chr, codes - {0xFFFF}))


def offset_of(data: bytes, name: bytes) -> int:
    (count,) = struct.unpack_from(">H", data, 4)
    found = (struct.unpack_from(">4sLLL", data, 12 + 16 * n) for n in range(count))
    return next(offset for tag, _, offset, _ in found if tag == name)


def ranges(data: bytes, table: int) -> Iterator[tuple[int, int]]:
    """First and last letter of each segment; a segment of these formats has a glyph for every letter in our font."""
    (form,) = struct.unpack_from(">H", data, table)
    if form == 4:
        (twice,) = struct.unpack_from(">H", data, table + 6)
        lasts = struct.unpack_from(f">{twice // 2}H", data, table + 14)
        firsts = struct.unpack_from(f">{twice // 2}H", data, table + 16 + twice)
        yield from zip(firsts, lasts, strict=True)
    elif form == 12:
        (groups,) = struct.unpack_from(">L", data, table + 12)
        for n in range(groups):
            first, last, _ = struct.unpack_from(">LLL", data, table + 16 + 12 * n)
            yield first, last


class Letters:
    """Makes texts printable, and remembers the letters that it had to spell as code points."""

    def __init__(self) -> None:
        self.lacking: set[str] = set()

    def printable(self, value: Any) -> Any:
        """The same texts, lists and dictionaries with every letter one that the font has."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list | tuple):
            return [self.printable(each) for each in value]
        if isinstance(value, dict):
            return {key: each if key == "svg" else self.printable(each) for key, each in value.items()}
        return value

    def text(self, text: str) -> str:
        if text.isascii() and text.isprintable():
            return text
        composed = unicodedata.normalize("NFC", NEW_LINES.sub("\n", text).replace("\t", " "))
        kept = (letter for letter in composed if is_printed(letter))
        spelt = "".join(letter if self.has(letter) else self.instead_of(letter) for letter in kept)
        return spelt.replace("][U+", " U+")

    def has(self, letter: str) -> bool:
        return letter == "\n" or letter in in_the_font()

    def instead_of(self, letter: str) -> str:
        """A plainer form of the letter that the font has ("①" as "1"), else its code point: "[U+4E2D]"."""
        plain = unicodedata.normalize("NFKC", letter)
        if plain != letter and all(map(self.has, plain)):
            return plain
        self.lacking.add(letter)
        return f"[U+{ord(letter):04X}]"

    def told(self) -> list[tuple[str, str]]:
        """Code point and name of each letter that was spelt."""
        return [
            (f"U+{ord(letter):04X}", unicodedata.name(letter, "without a name").capitalize())
            for letter in sorted(self.lacking)
        ]


def is_printed(letter: str) -> bool:
    """Whether it is a letter to be seen: control and format characters are not, and some are forbidden in a PDF."""
    return letter in ("\n", SOFT_HYPHEN) or unicodedata.category(letter) not in ("Cc", "Cf") and not is_selector(letter)


def is_selector(letter: str) -> bool:
    """Variation selectors only say how the letter before them is drawn."""
    return "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"
