"""What people type in a cell, and how values are shown again: one parser and one formatter per kind.

Forms, spreadsheets and the admin all read through these functions, so "27%", "£32.7m" or "↑" mean the
same wherever they are typed. Each parser takes text, returns a value, and raises CellError with a message
that says what is wrong and what to write instead.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Any, TypeVar

from django.db import models

from .periods import FIRST_YEAR, LAST_YEAR, Period

T = TypeVar("T")
CLEAR = "[clear]"


class CellError(ValueError):
    """A cell that can't be read; the message is for the person who typed it."""


class Unit(models.TextChoices):
    PERCENT = "percent", "Percentage"
    NUMBER = "number", "Number"
    POINTS = "percentage_points", "Percentage points"

    @property
    def in_words(self) -> str:
        return {"percent": "a percentage", "number": "a plain number", "percentage_points": "in percentage points"}[
            self
        ]

    @property
    def suffix(self) -> str:
        return {"percent": "%", "number": "", "percentage_points": "pp"}[self]


class Basis(models.TextChoices):
    """The stretch of time that a figure covers."""

    QUARTER = "quarter", "Quarter"
    YEAR_TO_DATE = "year_to_date", "Year to date"
    ROLLING_YEAR = "rolling_12_months", "Rolling 12 months"
    POINT_IN_TIME = "point_in_time", "Point in time"

    @property
    def short(self) -> str:
        return {"quarter": "Qtr", "year_to_date": "YTD", "rolling_12_months": "R12", "point_in_time": "PIT"}[self]


class Polarity(models.TextChoices):
    """Which way is better."""

    HIGHER = "higher", "Higher is better"
    LOWER = "lower", "Lower is better"
    CLOSER_TO_ZERO = "closer_to_zero", "Closer to zero is better"
    NONE = "none", "No direction"

    def shortfall(self, value: Decimal, expected: Decimal) -> Decimal | None:
        """How far `value` falls short of `expected`, in their unit: zero or less is met, None is without direction."""
        match self:
            case Polarity.HIGHER:
                return expected - value
            case Polarity.LOWER:
                return value - expected
            case Polarity.CLOSER_TO_ZERO:
                return abs(value) - abs(expected)
        return None


class Missing(models.TextChoices):
    """Why a figure is absent: shorthand of the Government Statistical Service, without its brackets."""

    NOT_AVAILABLE = "x", "Not available"
    NOT_APPLICABLE = "z", "Not applicable"
    CONFIDENTIAL = "c", "Confidential"
    LOW_RELIABILITY = "u", "Too unreliable to give"
    NOT_RECORDED = "w", "None recorded"

    @property
    def shorthand(self) -> str:
        return f"[{self.value}]"


class Rating(models.TextChoices):
    RED = "R", "Red"
    AMBER = "A", "Amber"
    GREEN = "G", "Green"


class GoalConfidence(models.TextChoices):
    RED = "R", "Red"
    AMBER = "A", "Amber"
    GREEN = "G", "Green"
    COMPLETE = "CG", "Complete"

    @property
    def counted_as(self) -> str:
        """The colour a goal is counted under: complete counts as green."""
        return "G" if self is GoalConfidence.COMPLETE else self.value


class Level(models.TextChoices):
    HIGH = "H", "High"
    MEDIUM = "M", "Medium"
    LOW = "L", "Low"


class Trend(models.TextChoices):
    UP = "up", "Up"
    LEVEL = "level", "Level"
    DOWN = "down", "Down"

    @property
    def arrow(self) -> str:
        return {"up": "↑", "level": "→", "down": "↓"}[self]


# Reading


AS_EMOJI = "\ufe0e\ufe0f"  # may follow an arrow, and only says how it is drawn


def is_key(said: str) -> bool:
    """Whether it can be the key of a row: a number that the databases hold."""
    return said.isdecimal() and len(said) < 19


def is_secret(name: str) -> bool:
    """Whether what is typed in a field of this name is kept and shown nowhere."""
    return "password" in name.lower() or name in ("code", "secret")


def tidy(text: object) -> str:
    """The text with every kind of space folded and a Unicode minus made plain."""
    cleaned = re.sub(r"[\s\u00a0\u2007\u2009\u202f]+", " ", str(text)).strip()
    return re.sub(r"[\u2010-\u2014\u2212\ufe63\uff0d](?=\s*[£0-9.(])", "-", cleaned)


_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?: [0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?")


def day_said(text: str) -> str:
    """A day as a spreadsheet gives it, 2022-12-31, as people write it: 31/12/2022. Other texts stay as they are."""
    if not _DATE.fullmatch(text):
        return text
    year, month, day = text[:10].split("-")
    return f"{day}/{month}/{year}"


def check_no_date(text: str, example: str) -> None:
    """Raises CellError for a day, as a spreadsheet makes of "1-2" or "3/4" where something else was meant."""
    if _DATE.fullmatch(tidy(text)):
        raise CellError(
            f"“{shorten(text)}” is a date, which the spreadsheet may have made of something else; "
            f"format the cell as text and write it again, like {example}."
        )


def one_of(choices: Mapping[str, T], what: str, example: str) -> Callable[[str], T]:
    """A parser that knows a fixed set of words, in any case."""

    def parse(text: str) -> T:
        key = tidy(text).casefold().rstrip(".").rstrip(AS_EMOJI)
        if key not in choices:
            raise CellError(f"“{shorten(text)}” is not {what}; write {example}.")
        return choices[key]

    return parse


def words(choices: type[models.TextChoices], extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Each choice under its value, its label, and the extra words given."""
    found: dict[str, Any] = {}
    for choice in choices:
        found[choice.value.casefold()] = choice
        found[str(choice.label).casefold()] = choice
    return {**found, **{word.casefold(): choice for word, choice in (extra or {}).items()}}


parse_rating = one_of(words(Rating, {"yellow": Rating.AMBER}), "a rating", "R, A or G")
parse_goal_confidence = one_of(
    words(
        GoalConfidence,
        {
            "yellow": GoalConfidence.AMBER,
            "completed": GoalConfidence.COMPLETE,
            "complete green": GoalConfidence.COMPLETE,
            "complete (green)": GoalConfidence.COMPLETE,
        },
    ),
    "a goal's confidence",
    "R, A, G or CG (complete)",
)
parse_level = one_of(words(Level, {"med": Level.MEDIUM}), "a level", "H, M or L")
parse_trend = one_of(
    words(
        Trend,
        {
            "↑": Trend.UP,
            "▲": Trend.UP,
            "⬆": Trend.UP,
            "⇧": Trend.UP,
            "rising": Trend.UP,
            "increasing": Trend.UP,
            "worsening": Trend.UP,
            "→": Trend.LEVEL,
            "↔": Trend.LEVEL,
            "⬌": Trend.LEVEL,
            "➡": Trend.LEVEL,
            "▶": Trend.LEVEL,
            "►": Trend.LEVEL,
            "⇨": Trend.LEVEL,
            "stable": Trend.LEVEL,
            "same": Trend.LEVEL,
            "no change": Trend.LEVEL,
            "unchanged": Trend.LEVEL,
            "↓": Trend.DOWN,
            "▼": Trend.DOWN,
            "⬇": Trend.DOWN,
            "⇩": Trend.DOWN,
            "falling": Trend.DOWN,
            "decreasing": Trend.DOWN,
            "improving": Trend.DOWN,
        },
    ),
    "a trend",
    "↑, → or ↓ (or up, level, down)",
)
parse_unit = one_of(
    words(
        Unit,
        {
            "%": Unit.PERCENT,
            "percentages": Unit.PERCENT,
            "per cent": Unit.PERCENT,
            "no.": Unit.NUMBER,
            "no": Unit.NUMBER,
            "count": Unit.NUMBER,
            "pp": Unit.POINTS,
            "points": Unit.POINTS,
            "percentage points": Unit.POINTS,
        },
    ),
    "a unit",
    "percent, number or percentage points",
)
parse_basis = one_of(
    words(
        Basis,
        {
            "qtr": Basis.QUARTER,
            "single quarter": Basis.QUARTER,
            "ytd": Basis.YEAR_TO_DATE,
            "year": Basis.YEAR_TO_DATE,
            "r12": Basis.ROLLING_YEAR,
            "rolling 12": Basis.ROLLING_YEAR,
            "rolling year": Basis.ROLLING_YEAR,
            "snapshot": Basis.POINT_IN_TIME,
            "pit": Basis.POINT_IN_TIME,
        },
    ),
    "a basis",
    "quarter, year to date, rolling 12 months or point in time",
)
parse_polarity = one_of(
    words(Polarity, {"closer to zero": Polarity.CLOSER_TO_ZERO}),
    "a polarity",
    "higher, lower, closer to zero or none",
)
parse_missing = one_of(
    {
        **{choice.shorthand: choice for choice in Missing},
        **{str(choice.label).casefold(): choice for choice in Missing},
        "*": Missing.NOT_AVAILABLE,
        "**": Missing.NOT_AVAILABLE,
        "***": Missing.NOT_AVAILABLE,
        "-": Missing.NOT_AVAILABLE,
        "–": Missing.NOT_AVAILABLE,
        "—": Missing.NOT_AVAILABLE,
        "−": Missing.NOT_AVAILABLE,
        "tbc": Missing.NOT_AVAILABLE,
        "tba": Missing.NOT_AVAILABLE,
        "n/k": Missing.NOT_AVAILABLE,
        "n/a": Missing.NOT_APPLICABLE,
        "na": Missing.NOT_APPLICABLE,
    },
    "a reason that a figure is missing",
    "[x] not available, [z] not applicable, [c] confidential, [u] too unreliable or [w] none recorded",
)


def parse_text(text: str) -> str:
    """Text as written, without the space around it."""
    return str(text).replace("\r\n", "\n").strip()


@lru_cache(maxsize=20_000)
def parse_reference(text: str) -> str:
    """An indicator's reference: "1a", "10", or "10.0" as a spreadsheet may have made of it.

    Raises CellError for a date, which a spreadsheet makes of a reference like "1-2".
    """
    check_no_date(text, "1a")
    reference = tidy(text).rstrip(".")
    return reference[:-2] if re.fullmatch(r"[0-9]+\.0", reference) else reference


@lru_cache(maxsize=20_000)
def parse_title(text: str) -> str:
    """A title in one line; the asterisks that pointed to a footnote are not part of it."""
    return tidy(text).rstrip("*").rstrip()


def parse_number(text: str) -> int:
    """A whole number of 1 or more, as in a "No." column."""
    check_no_date(text, "3")
    match = re.fullmatch(r"([0-9]{1,4})(?:\.0*)?\.?", tidy(text))
    if not match or not int(match[1]):
        raise CellError(f"“{shorten(text)}” is not a whole number; write it like 3.")
    return int(match[1])


_DATE_FORMS = [
    *("%Y-%m-%d", "%d/%m/%Y", "%d/%m/%y", "%d.%m.%Y", "%d-%m-%Y"),
    *("%d %B %Y", "%d %b %Y", "%d %b %y", "%d-%b-%Y", "%d-%b-%y"),
]


def parse_date(text: str) -> dt.date:
    """A day: "30/06/2022", "30 June 2022", "30-Jun-22", "2022-06-30"; the day comes before the month.

    A time of the day after it is left out.
    """
    cleaned = re.sub(r"[ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?$", "", tidy(text))
    cleaned = re.sub(r"\bSept\b", "Sep", cleaned, flags=re.IGNORECASE)
    for form in _DATE_FORMS:
        try:
            return dt.datetime.strptime(cleaned, form).date()  # noqa: DTZ007 - a day has no time zone
        except ValueError:
            continue
    raise CellError(f"“{shorten(text)}” is not a date; write it like 30/06/2022.")


def parse_count(text: str) -> int:
    """A whole number of 0 or more, as for decimals or a position."""
    return 0 if tidy(text) in ("0", "0.0") else parse_number(text)


def parse_year(text: str) -> int:
    """The year a financial year begins in: "2022/23" or "2022"."""
    match = re.fullmatch(r"([0-9]{4})(?:\s*[/-]\s*(?:[0-9]{4}|[0-9]{2}))?(?:\.0)?", tidy(text))
    if not match:
        raise CellError(f"“{shorten(text)}” is not a financial year; write it like 2022/23.")
    return int(match[1])


_PERIOD_FORMS = (
    r"[qg]\s*(?P<q>[0-9])(?:\s+|,\s*)(?P<y>[0-9]{4}|[0-9]{2})\s*[/\-–]\s*(?P<e>[0-9]{4}|[0-9]{2})",
    r"(?P<y>[0-9]{4}|[0-9]{2})\s*[/\-–]\s*(?P<e>[0-9]{4}|[0-9]{2})[\s\-]+[qg]\s*(?P<q>[0-9])",
)


def parse_period(text: str, financial_year: int | None = None) -> Period:
    """A quarter: "Q1 2022/23", "Q1 22/23", "2022/23 Q1", "2022-23-q1"; with a financial year, "Q3" alone too.

    "G3" is read as "Q3", as the reference report has it. Raises CellError for Q5, for years that do not follow
    one another, and for years outside 2000 to 2099.
    """
    cleaned = tidy(text).casefold()
    example = "write it like Q1 2022/23"
    short = re.fullmatch(r"[qg]\s*([0-9])", cleaned)
    if short and financial_year is not None:
        number, year = int(short[1]), financial_year
    else:
        match = next(filter(None, (re.fullmatch(form, cleaned) for form in _PERIOD_FORMS)), None)
        if not match:
            raise CellError(f"“{shorten(text)}” is not a quarter; {example}.")
        number, year, end = int(match["q"]), int(match["y"]), int(match["e"])
        year += 2000 if year < 100 else 0
        if (year + 1) % 100 != end % 100 or (end >= 100 and end != year + 1):
            raise CellError(f"“{shorten(text)}”: a financial year ends in the year after it begins; {example}.")
    if not 1 <= number <= 4:
        raise CellError(f"“{shorten(text)}”: there is no Q{number}, a year has quarters 1 to 4; {example}.")
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise CellError(f"“{shorten(text)}” is outside {FIRST_YEAR} to {LAST_YEAR}; {example}.")
    return Period(year, number)


def parse_period_number(text: str) -> int:
    """One period of the year, "Q3" or "3", as in the finance table."""
    match = re.fullmatch(r"(?:[qg]\s*)?([1-4])(?:\.0)?", tidy(text).casefold())
    if not match:
        raise CellError(f"“{shorten(text)}” is not a period of the year; write Q1, Q2, Q3 or Q4.")
    return int(match[1])


def shorten(text: object, length: int = 60) -> str:
    """A text to be quoted in a sentence, cut at a word; a day as a spreadsheet gives it is told as people write it."""
    cleaned = day_said(tidy(text))
    if len(cleaned) <= length:
        return cleaned
    head, _, cut = cleaned[:length].rpartition(" ")  # at a word, unless that is longer than the half
    return (head if len(cut) < length / 2 else cleaned[: length - 1]).rstrip(",;: ") + "…"


def unstopped(name: object) -> str:
    """A name without the full stop that it ends in, for a sentence that goes on, or ends, after it."""
    return str(name).rstrip(" .")


_AMOUNT = re.compile(
    r"(?P<open>\()?\s*(?P<sign>[-+])?\s*(?P<pound>£)?\s*(?P<sign2>[-+])?\s*"
    r"(?P<digits>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)?(?P<fraction>\.[0-9]+)?\s*(?P<tail>[^0-9()]*?)\s*(?P<close>\))?"
)


_GROUPED = re.compile(r"(?<=[0-9])[\u00a0\u2007\u2009\u202f](?=[0-9]{3}(?![0-9]))")


def grouped(text: object) -> str:
    """Thousands that are set apart by a space that doesn't break, as with commas."""
    return _GROUPED.sub(",", str(text))


def _amount(text: str) -> tuple[Decimal, str, bool] | None:
    """The signed number in the text, what follows it, and whether a pound sign stood before it."""
    match = _AMOUNT.fullmatch(tidy(grouped(text)))
    if not match or not (match["digits"] or match["fraction"]) or bool(match["open"]) != bool(match["close"]):
        return None
    if (match["sign"] and match["sign2"]) or (match["open"] and (match["sign"] or match["sign2"])):
        return None
    number = Decimal((match["digits"] or "0").replace(",", "") + (match["fraction"] or ""))
    negative = "-" in (match["sign"] or "", match["sign2"] or "") or bool(match["open"])
    return (-number if negative else number), match["tail"].casefold().rstrip(". "), bool(match["pound"])


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure as typed: a value, or the reason that there is none; and the basis, where the cell states one."""

    value: Decimal | None = None
    missing: Missing | None = None
    basis: Basis | None = None


_UNIT_OF_TAIL = {"": None, "%": Unit.PERCENT, "percent": Unit.PERCENT, "per cent": Unit.PERCENT}
_UNIT_OF_TAIL |= dict.fromkeys(("pp", "ppt", "ppts", "pps", "points", "percentage points"), Unit.POINTS)


def parse_measure(text: str, unit: Unit | str) -> Measure:
    """An indicator's figure in its own unit: "27%" and "27", "4,127", "-18pp. (R12)", "(18)", "[x]", "*", "n/a".

    The value of a percentage is 27 for 27%. Raises CellError for what can't be read, and for another unit
    than the indicator's.
    """
    unit = Unit(unit)
    examples = {"percent": "27% or 27", "number": "4,127", "percentage_points": "-18pp or -18"}
    check_no_date(text, examples[unit])
    cleaned = tidy(grouped(text))
    basis = None
    if stated := re.search(r"\s*\((R12|YTD|Qtr|Quarter)\)$", cleaned, re.IGNORECASE):
        basis, cleaned = parse_basis(stated[1]), cleaned[: stated.start()]
    try:
        return Measure(missing=parse_missing(cleaned), basis=basis)
    except CellError:
        pass
    found = _amount(cleaned)
    if found is None or found[1] not in _UNIT_OF_TAIL or found[2]:
        raise CellError(
            f"“{shorten(text)}” is not a figure; write it like {examples[unit]}, or say why there is none: [x]."
        )
    stated_unit = _UNIT_OF_TAIL[found[1]]
    if stated_unit and stated_unit != unit:
        raise CellError(
            f"“{shorten(text)}” is {stated_unit.in_words}, but this indicator is {unit.in_words}; write it like "
            f"{examples[unit]}."
        )
    return Measure(value=found[0], basis=basis)


_SCALE = {"": None, "m": 6, "mn": 6, "million": 6, "k": 3, "thousand": 3, "bn": 9, "pounds": 0}
IN_WORDS = {6: "£m", 3: "£k", 0: "pounds"}
MONEY_EXAMPLE = "write it like £32.7m or £32,700,000"


def parse_money(text: str, scale: int = 6) -> Decimal:
    """Pounds: "£32.7m", "32.7" (in £m unless `scale` says otherwise), "£32,700,000", "(0.9)", "450k".

    `scale` is the power of ten that a bare number is in: 6 for £m, 3 for £k, 0 for pounds. A number with a pound sign
    and no letter is in pounds from £1,000 up. Raises CellError. Keeps the digits typed, so that how far the figure was
    rounded can still be read from its exponent.
    """
    check_no_date(text, "£32.7m or £32,700,000")
    found = _amount(text)
    if found is None or found[1] not in _SCALE:
        raise CellError(f"“{shorten(text)}” is not an amount of money; {MONEY_EXAMPLE}.")
    number, tail, pound = found
    stated = _SCALE[tail]
    if stated is None:
        stated = 0 if pound and abs(number) >= 1000 else scale
    pounds = number.scaleb(stated)
    if abs(pounds) >= 10**12:
        meant = f" Numbers here are in {IN_WORDS[scale]} unless a sign says otherwise;" if stated == scale else ""
        raise CellError(f"“{shorten(text)}” is more than this field can hold.{meant} {MONEY_EXAMPLE}.")
    return pounds


# Showing


def plain(number: Decimal) -> Decimal:
    """The number without trailing zeros or an exponent: 27.0000 as 27."""
    whole = number.to_integral_value()
    return whole if number == whole else number.normalize()


def rounded(number: Decimal, places: int) -> Decimal:
    """Rounded half away from zero, as a reader expects of a printed table; never minus zero."""
    room = Context(prec=max(28, number.adjusted() + places + 2))  # for what nobody should have typed, too
    found = number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, room)
    return found if found else abs(found)


def signed(text: str) -> str:
    return text.replace("-", "−")


def show_measure(value: Decimal, unit: Unit | str, decimals: int = 0) -> str:
    """A figure in its unit, with at least these decimals and never fewer than it has: "27%", "64.5%", "−18pp"."""
    exponent = plain(value).as_tuple().exponent
    places = max(decimals, -exponent) if isinstance(exponent, int) else decimals
    return signed(f"{rounded(value, places):,}{Unit(unit).suffix}")


def show_date(day: dt.date) -> str:
    return f"{day:%d/%m/%Y}"


def show_pounds(pounds: Decimal) -> str:
    """£m with every digit that is stored: 32.712345."""
    millions = plain(Decimal(pounds).scaleb(-6))
    return f"{millions:f}" if millions != millions.to_integral_value() else f"{millions}.0"


def parse_score(typed: str) -> int:
    """Likelihood or impact, 1 to 5."""
    number = parse_number(typed)
    if number > 5:
        raise CellError(f"“{shorten(typed)}” is more than 5; write 1 to 5.")
    return number


def show_money(pounds: Decimal) -> str:
    """£m to 0.1, as the report prints it: "£32.7m"."""
    millions = rounded(Decimal(pounds).scaleb(-6), 1)
    return f"{'−' if millions < 0 else ''}£{abs(millions):,}m"


def show_percent(percent: Decimal) -> str:
    """A variance in per cent to 0.1, with its sign: "−2.4%"."""
    return signed(f"{percent:+}%") if percent else "0.0%"
