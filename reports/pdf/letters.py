"""Which letters the font of the PDF has, and what stands for those that it lacks, so that no box is ever printed."""

from __future__ import annotations

import re
import struct
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby
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
        letters = [plainer(letter) for letter in composed if is_printed(letter)]
        runs = groupby(letters, key=has)
        return "".join("".join(run) if printable else self.spelt(run) for printable, run in runs)

    def spelt(self, letters: Iterable[str]) -> str:
        """The code points of letters that the font lacks: "[U+4E2D U+6587]"."""
        found = list(letters)
        self.lacking.update(found)
        return f"[{' '.join(map(code_point, found))}]"

    def told(self) -> list[tuple[str, str]]:
        """Code point and name of each letter that was spelt."""
        return [
            (code_point(letter), unicodedata.name(letter, "without a name").capitalize())
            for letter in sorted(self.lacking)
        ]


def has(letters: str) -> bool:
    return all(letter == "\n" or letter in in_the_font() for letter in letters)


def plainer(letter: str) -> str:
    """The letter, or where the font lacks it a plainer form of it that the font has: "①" as "1"."""
    plain = letter if has(letter) else unicodedata.normalize("NFKC", letter)
    return plain if has(plain) else letter


def code_point(letter: str) -> str:
    return f"U+{ord(letter):04X}"


def is_printed(letter: str) -> bool:
    """Whether it is a letter to be seen: control and format characters are not, and some are forbidden in a PDF."""
    if letter in ("\n", SOFT_HYPHEN):
        return True
    return unicodedata.category(letter) not in ("Cc", "Cf") and not is_selector(letter)


def is_selector(letter: str) -> bool:
    """Variation selectors only say how the letter before them is drawn."""
    return "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"
