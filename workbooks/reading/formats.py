"""Numbers as a person sees them: what a cell's number format adds to its value, and nothing that it takes away.

A format only rounds what is shown, so the value keeps all its digits: 0.2734 shown as 27% is "27.34%". What changes the
meaning is kept: per cent, a day, a pound sign, a unit written by the format, and the thousands that it divides by.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import partial
from itertools import takewhile

Show = Callable[[float], str]

BUILT_IN = {9: "0%", 10: "0.00%"}  # the numbers that .xlsx gives formats without writing them down
BUILT_IN |= dict.fromkeys((14, 15, 16, 17, *range(27, 32), 34, 35, 36, *range(50, 59)), "yyyy-mm-dd")
BUILT_IN |= dict.fromkeys((18, 19, 20, 21, 32, 33), "hh:mm") | {22: "yyyy-mm-dd hh:mm"}
BUILT_IN |= {45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss"}
UNITS = {"m", "mn", "million", "k", "thousand", "bn", "pp", "ppt", "ppts", "%"}  # of a format; others are decoration
SCALED = {3: "k", 6: "m", 9: "bn"}

PLACES = ("0", "#", "?")
_TOKEN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]|.', re.DOTALL)
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_CONDITION = re.compile(r"\[[<>=]")


def number(value: float) -> str:
    """A number as Excel's formula bar has it, to 15 digits and without an exponent: "10", "0.3", "-18.5"."""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    text = f"{value:.15g}"
    return f"{Decimal(text):f}" if "e" in text and abs(Decimal(text).adjusted()) < 40 else text


def scaled(value: float, places: int) -> str:
    exact = Decimal(f"{value:.15g}").scaleb(places)
    whole = exact.to_integral_value()
    return f"{whole if exact == whole else exact.normalize():f}"


def percent(value: float) -> str:
    """A cell formatted as a percentage: 0.27 is "27%"."""
    return f"{scaled(value, 2)}%"


def affixed(prefix: str, suffix: str, thousands: int) -> Show:
    """A number that its format shows with a pound sign or a unit, or in thousands or millions, of pounds or bare."""
    pound = "£" if "£" in prefix else ""
    unit = suffix.strip().casefold().rstrip(".")
    unit = unit if unit in UNITS else ""
    if not pound and not unit and not thousands:
        return number
    if pound and thousands and not unit:
        unit = SCALED.get(3 * thousands, "")

    def show(value: float) -> str:
        text = scaled(abs(value), -3 * thousands)
        return f"{'-' if value < 0 else ''}{pound}{text}{unit}"

    return show


def moment(value: float, *, since_1904: bool = False) -> str:
    """A day as a spreadsheet counts it, in ISO: "2022-02-01", with its time if it has one; a time alone is "09:30"."""
    if not -1 < value < 2_958_466:
        return number(value)
    seconds = round(value * 86_400)
    days, rest = divmod(seconds, 86_400)
    if not days and rest and not since_1904:
        return clock(rest)
    base = dt.datetime(1904, 1, 1) if since_1904 else dt.datetime(1899, 12, 30 if days > 60 else 31)  # noqa: DTZ001
    try:
        day = base + dt.timedelta(days=days)
    except OverflowError:
        return number(value)
    return f"{day:%Y-%m-%d} {clock(rest)}" if rest else f"{day:%Y-%m-%d}"


def clock(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours:02}:{minutes:02}" + (f":{left:02}" if left else "")


def iso(text: str) -> str:
    """A day as files write it, "2022-02-01T00:00:00", as moment() does."""
    day, _, time = text.strip().partition("T")
    time = time.split(".")[0].rstrip("Z").removesuffix(":00")
    return day if time in ("", "00:00") else f"{day} {time}"


def elapsed(value: float) -> str:
    return f"{'-' if value < 0 else ''}{clock(round(abs(value) * 86_400))}"


def show_as(code: str, *, since_1904: bool = False) -> Show:
    """How the values of cells with this number format are written as text."""
    if _CONDITION.search(code):
        return number
    if _ELAPSED.search(code):
        return elapsed
    written = list(takewhile(lambda one: one != ";", _TOKEN.findall(code)))  # the part for positive numbers
    bare = "".join(one for one in written if len(one) == 1)
    if "%" in bare:
        return percent
    digits = any(one in PLACES for one in written)
    if bare.casefold() in ("general", "standard"):
        return number
    if re.search(r"[hs]" if digits else r"[dmyhs]", bare, re.IGNORECASE):  # with digits, "mm:ss.0"
        return partial(moment, since_1904=since_1904)
    return affixed(*parts(written)) if digits else number


def parts(written: list[str]) -> tuple[str, str, int]:
    """What a format writes before and after the digits, and by how many thousands it divides them."""
    places = [index for index, one in enumerate(written) if one in PLACES]
    first, last = places[0], places[-1]
    behind = commas(written[last + 1 :])
    before_point = commas(reversed(written[first : written.index(".")])) if "." in written[first:last] else 0
    return literal(written[:first]), literal(written[last + 1 + behind :]), behind + before_point


def commas(written: Iterable[str]) -> int:
    """How many commas a part begins with."""
    return len(list(takewhile(lambda one: one == ",", written)))


def literal(written: list[str]) -> str:
    """The text that a reader sees of this part of a format."""
    return "".join(map(shown, written))


def shown(one: str) -> str:
    match one[0]:
        case '"':
            return one.strip('"')
        case "\\":
            return one[1:]
        case "[":  # a colour, or a currency as in [$£-809]
            return one[2:-1].split("-")[0] if one.startswith("[$") else ""
        case "_" | "*":  # room, or filling
            return ""
    return one
