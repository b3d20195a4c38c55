"""Text that a spreadsheet program would take for a formula, made harmless in .csv files, and back.

In .xlsx and .ods a cell says itself that it is text; in .csv nothing does. So text that begins with one of the
characters below gets an apostrophe in front, which the reader takes off again: every text comes back as it was.
"""

import re

STARTS = "=+\\-@\t\r＝＋－＠"  # the wide ones too: some programs take them for the others
FORMULA = re.compile(f"'*[{STARTS}]")
GUARDED = re.compile(f"'+[{STARTS}]")


def guarded(text: str) -> str:
    return f"'{text}" if FORMULA.match(text) else text


def unguarded(text: str) -> str:
    return text[1:] if GUARDED.match(text) else text
