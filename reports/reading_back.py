"""Each format of a release read back, knowing nothing of how it was written: the figures that stand in it.

Every reader gives the text of each figure by the key of its row and the figure's name, as `figures()` names those of
the report; `says()` tells whether such a text is that figure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from html.parser import HTMLParser
from threading import Lock
from typing import Any

import pypdfium2

from finance.models import variance_text
from priorities.cells import rounded
from priorities.models import RATINGS
from priorities.periods import Period
from workbooks.reading import Sheet, read_upload

from .charts import counts_text
from .report import Counts, FinanceRow, IndicatorRow, PriorityReport, Report, money_text, tally

Id = tuple[str, str]  # the key of the row, or of the priority, and the name of the figure
Found = dict[Id, str]
TOTAL = "total"
MONEY = ("budget", "forecast", "forecast_variance", "ytd_profile", "ytd_actual", "ytd_variance")
COMPUTED = ("indicators", "goals", "forecast_variance", "ytd_variance", "slip")  # what is counted, and no row's own


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the report: where it stands, its value, and its text as the pages and the PDF print it."""

    id: Id
    where: str
    value: Any
    printed: str

    @property
    def name(self) -> str:
        return self.id[1]


# What the report says


def figures(report: Report) -> list[Figure]:
    """Every figure of a report, in its order."""
    found = [figure for part in report.priorities for figure in figures_of(part)]
    return found + counted(TOTAL, "Total", report.indicator_counts, report.goal_counts)


def figures_of(part: PriorityReport) -> Iterator[Figure]:
    def each(key: str, where: str, **named: tuple[Any, str]) -> Iterator[Figure]:
        for name, (value, printed) in named.items():
            yield Figure((key, name), f"{part.title}, {where}", value, printed)

    yield from counted(part.key, part.title, part.indicator_counts, part.goal_counts)
    for rating in part.ratings:
        yield from each(part.key, "ratings", **{rating.name: (rating.letter, rating.letter or "–")})
    for row in part.finance:
        yield from each(row.key, f"finance {row.period}", **money_of(row))
    for indicator in part.indicators:
        yield from each(indicator.key, f"{indicator.reference} {indicator.title}".strip(), **measures_of(indicator))
    for kind, rows in (("risk", part.risks), ("issue", part.issues)):
        for risk in rows:
            told = {"level": (risk.level, risk.level or "–"), "trend": (risk.trend, risk.arrow or "–")}
            yield from each(risk.key, f"{kind} {risk.number}", **told)
    for goal in part.goals:
        yield from each(
            goal.key,
            f"goal {goal.number}",
            baseline=(goal.baseline_text, goal.baseline_text or "–"),
            forecast=(goal.forecast_text, goal.forecast_text or "–"),
            slip=(goal.slip, goal.slip_text or "–"),
            confidence=(goal.confidence, goal.confidence or "–"),
        )


def money_of(row: FinanceRow) -> dict[str, tuple[Any, str]]:
    """From left to right, as every table has them."""
    told: dict[str, tuple[Any, str]] = {}
    for name in MONEY:
        found = getattr(row, name)
        if name.endswith("variance"):
            told[name] = (found.amount if found else None, variance_text(found))
        else:
            told[name] = (found, money_text(found))
    return told


def measures_of(row: IndicatorRow) -> dict[str, tuple[Any, str]]:
    def told(value: Decimal | None, missing: str, text: str) -> tuple[Any, str]:
        return (value if value is not None else f"[{missing}]" if missing else ""), text or "–"

    return {
        "target": told(row.target, row.target_missing, row.target_text),
        "value": told(row.value, row.missing, row.value_text),
        "confidence": (row.confidence, row.confidence or "–"),
    }


def counted(key: str, where: str, indicators: Counts, goals: Counts) -> list[Figure]:
    named = {"indicators": indicators, "goals": goals}
    return [
        Figure((key, name), f"{where}, count of {name}", counts, counts_text(counts)) for name, counts in named.items()
    ]


# Whether a text is that figure


def says(figure: Figure, text: str, *, printed: bool) -> bool:
    """Whether what stands in a format is the figure; `printed` where it is as a page has it, with marks behind it."""
    if printed:
        return re.match(rf"{re.escape(figure.printed)}(?:$|(?<!\S)(?=\[r\])| (?!\d{{4}}/))", text) is not None
    if isinstance(figure.value, Decimal):
        given = number(text)
        return given is not None and given in (figure.value, rounded(figure.value, 0))
    if isinstance(figure.value, dict):
        return text == counts_text(figure.value)
    return text.casefold() == ("" if figure.value is None else str(figure.value)).casefold()


PASSED_OVER = r"[\s\u00ad-]"  # where words are looked for: spaces, and hyphens, which may be of a broken line


def squeezed(text: str) -> str:
    return re.sub(rf"{PASSED_OVER}+", "", text)


def number(text: str) -> Decimal | None:
    """The number of a cell or of JSON: "27", "−18pp", "4,127"."""
    try:
        return Decimal(re.sub(r"(%|pp)$", "", text.replace("−", "-").replace(",", "")))
    except InvalidOperation:
        return None


# JSON


def of_json(data: bytes, report: Report) -> Found:
    read = json.loads(data)
    found: Found = {}
    for part in read["priorities"]:
        found |= {(part["key"], name): text_of(part["ratings"][name]) for name in RATINGS}
        found |= json_counts(part["key"], part["counts"])
        for row in part["finance"]["rows"]:
            found |= {(row["key"], name): text_of(row[name]) for name in MONEY}
        for row in part["indicators"]:
            for name, missing in (("target", "target_missing"), ("value", "missing")):
                found[row["key"], name] = text_of(row[name]) or (f"[{row[missing]}]" if row[missing] else "")
            found[row["key"], "confidence"] = text_of(row["confidence"])
        for row in (*part["risks"], *part["issues"]):
            found |= {(row["key"], name): text_of(row[name]) for name in ("level", "trend")}
        for row in part["goals"]:
            found |= {(row["key"], name): text_of(row[name]) for name in ("baseline", "forecast", "slip", "confidence")}
    return found | json_counts(TOTAL, read["counts"])


def json_counts(key: str, counts: dict[str, Any]) -> Found:
    return {(key, name): counts_text(counts[name]) for name in ("indicators", "goals")}


def text_of(value: Any) -> str:
    return "" if value is None else str(value)


# Workbooks


SHEETS: dict[str, dict[str, str]] = {  # the sheets of a workbook: the names of their figures, by heading
    "Priorities": {name.capitalize(): name for name in RATINGS},
    "Finance": {
        "Budget": "budget",
        "Forecast": "forecast",
        "YTD profile": "ytd_profile",
        "YTD actual": "ytd_actual",
    },
    "Indicators": {"Target": "target", "Value": "value", "Confidence": "confidence"},
    "Risks": {"Score": "level", "Trend": "trend"},
    "Issues": {"Rating": "level", "Trend": "trend"},
    "Goals": {"Baseline": "baseline", "Forecast": "forecast", "Confidence": "confidence"},
}


def of_workbook(suffix: str) -> Callable[[bytes, Report], Found]:
    def read(data: bytes, report: Report) -> Found:
        sheets, unreadable = read_upload(f"report.{suffix}", data)
        if unreadable:
            raise ValueError("; ".join(map(str, unreadable)))
        found: Found = {}
        for sheet in sheets:
            if sheet.name in SHEETS:
                found |= of_sheet(sheet, report)
        return found

    return read


def of_sheet(sheet: Sheet, report: Report) -> Found:
    found: Found = {}
    for row in rows_of(sheet):
        for heading, name in SHEETS[sheet.name].items():
            if heading in row:
                found[row["Key"], name] = cell_text(sheet.name, name, row, report)
    return found


def rows_of(sheet: Sheet) -> Iterator[dict[str, str]]:
    """The rows by heading; blanks at the end of a row aren't read, and count as blank."""
    headings, *rows = sheet.rows
    for row in rows:
        yield dict(zip(headings, [*row, *[""] * (len(headings) - len(row))], strict=True))


def cell_text(sheet: str, name: str, row: dict[str, str], report: Report) -> str:
    text = row[next(heading for heading, each in SHEETS[sheet].items() if each == name)]
    if sheet == "Finance" and (millions := number(text)) is not None:
        return f"{millions.scaleb(6):f}"
    if sheet == "Goals" and name in ("baseline", "forecast"):
        return (text or row["Baseline"]).removesuffix(f" {report.label[3:]}")  # a blank forecast is as baselined
    return text


# The tidy tables of the CSV


def of_tidy(data: bytes, report: Report) -> Found:
    """Those of the report's own quarter; the total of counts is the sum of what is there."""
    sheets, unreadable = read_upload("report.zip", data)
    if told := [str(each) for each in unreadable if ".csv" in each.place]:
        raise ValueError("; ".join(told))
    found: Found = {}
    counts: dict[Id, Counts] = {}
    for sheet in sheets:
        if sheet.name == "counts":
            counts = tidy_counts(sheet)
        elif sheet.name in TIDY:
            rows = (row for row in rows_of(sheet) if row["quarter"] == report.quarter.slug)
            found |= {id_: text for row in rows for id_, text in TIDY[sheet.name](row)}
    return found | {id_: counts_text(each) for id_, each in counts.items()}


def tidy_counts(sheet: Sheet) -> dict[Id, Counts]:
    found: dict[Id, Counts] = {}
    for row in rows_of(sheet):
        for key in (row["key"], TOTAL):
            counts = found.setdefault((key, row["of"]), tally(()))
            counts[row["letter"] or "none"] += int(row["count"])
    return found


Cells = dict[str, str]


def tidy_measure(row: Cells) -> Iterator[tuple[Id, str]]:
    if row["measure"] == "confidence":
        yield (row["key"], "confidence"), row["letter"]
    elif row["measure"] in ("target", "value"):
        yield (row["key"], row["measure"]), row["figure"] or (f"[{row['missing']}]" if row["missing"] else "")


def tidy_money(row: Cells) -> Iterator[tuple[Id, str]]:
    yield (row["key"], row["measure"]), row["pounds"]


def tidy_rating(row: Cells) -> Iterator[tuple[Id, str]]:
    yield (row["key"], row["rating"]), row["letter"]


def tidy_risk(row: Cells) -> Iterator[tuple[Id, str]]:
    if row["closed"] != "true":
        yield from (((row["key"], name), row[name]) for name in ("level", "trend"))


def tidy_goal(row: Cells) -> Iterator[tuple[Id, str]]:
    year = int(row["financial_year"][:4])
    for name in ("baseline", "forecast"):
        yield (row["key"], name), Period.from_slug(row[name]).label_within(year) if row[name] else ""
    yield from (((row["key"], name), row[name]) for name in ("slip", "confidence"))


TIDY: dict[str, Callable[[Cells], Iterator[tuple[Id, str]]]] = {
    "indicators": tidy_measure,
    "finance": tidy_money,
    "ratings": tidy_rating,
    "risks": tidy_risk,
    "goals": tidy_goal,
}


# The page


class Page(HTMLParser):
    """The rows of a page's tables: the row's key, the part it stands in, its heading and its cells by their label."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, str]] = []
        self.part = self.table = ""
        self.into: str | None = None
        self.in_chart = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attrs}
        if tag == "article":
            self.part = at.get("id", "")
        elif tag == "table":
            self.table = at.get("class", "")
        elif tag == "tr":
            self.rows.append({"id": at.get("id", ""), "part": self.part, "table": self.table, "heading": ""})
        elif tag == "th" and self.rows:
            self.into = "heading"
        elif tag == "td":
            self.into = at.get("data-label", "")
            self.rows[-1][self.into] = ""
        elif tag == "svg":
            self.in_chart = True
            self.say(at.get("aria-label", "").partition(": ")[2])
        elif tag == "a" and self.into == "heading" and at.get("href", "").startswith("#"):
            self.rows[-1]["link"] = at["href"][1:]
        self.say(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "svg":
            self.in_chart = False
        elif tag in ("th", "td"):
            self.into = None

    def handle_data(self, data: str) -> None:
        if not self.in_chart:
            self.say(data)

    def say(self, text: str) -> None:
        if self.into is not None:
            self.rows[-1][self.into] += text


CELLS: dict[str, str] = {  # the names of figures by the label of their cell
    "Target": "target",
    "Value": "value",
    "Confidence": "confidence",
    "Score": "level",
    "Rating": "level",
    "Trend": "trend",
    "Baseline": "baseline",
    "Forecast": "forecast",
    "Slip": "slip",
    "Year budget": "budget",
    "Forecast variance": "forecast_variance",
    "Profile to date": "ytd_profile",
    "Actual to date": "ytd_actual",
    "Variance to date": "ytd_variance",
}


def of_page(data: bytes, report: Report) -> Found:
    page = Page()
    page.feed(data.decode())
    found: Found = {}
    for row in page.rows:
        texts = {label: " ".join(text.split()) for label, text in row.items()}
        classes = row["table"].split()
        if "grid" in classes:
            found |= of_grid(texts)
        elif row["id"]:
            found |= {(row["id"], name): texts[label] for label, name in CELLS.items() if label in texts}
        elif "figures" in classes and row["part"] and "Year budget" in texts:
            key = f"{row['part']}-{texts['heading'].lower()}"
            found |= {(key, name): texts[label] for label, name in CELLS.items() if label in texts}
    return found


def of_grid(row: dict[str, str]) -> Found:
    key = row.get("link") or (TOTAL if row["heading"].startswith("Total") else "")
    named = {name.capitalize(): name for name in (*RATINGS, "indicators", "goals")}
    found = {(key, name): row[label] for label, name in named.items() if key and label in row}
    return {id_: "none" if text == f"No {id_[1]}" else text for id_, text in found.items()}


# The PDF


def of_pdf(data: bytes, report: Report) -> Found:
    """Of the text in reading order: a row begins with its words, and its figures stand before those of the next row.

    A figure that isn't found there is left out.
    """
    with READS_PDF, pypdfium2.PdfDocument(data) as file:
        pages = [without_earlier(text_on(page)) for page in file]
        chapters = chapters_of(file, pages)
    whole = "\n".join(pages)
    found = grid_in_pdf(whole, report)
    for part in report.priorities:
        found |= part_in_pdf(Text(chapters.get(squeezed(part.title), whole)), part)
    return found


READS_PDF = Lock()  # PDFium takes one thread at a time


def text_on(page: pypdfium2.PdfPage) -> str:
    """PDFium joins a word that is broken at the end of a line with U+FFFE, whether its hyphen was soft or not."""
    return page.get_textpage().get_text_range().replace("\ufffe", "-\n")


def chapters_of(file: pypdfium2.PdfDocument, pages: list[str]) -> dict[str, str]:
    """The text from each bookmark of the first level up to the next, by its title.

    What stands in front of a priority, that which was revised or changed, names its rows, too.
    """
    marks = [(mark.get_title(), mark.get_dest().get_index()) for mark in file.get_toc() if mark.level == 0]
    ends = [*(start for _, start in marks[1:]), len(pages)]
    return {squeezed(title): "\n".join(pages[start:end]) for (title, start), end in zip(marks, ends, strict=True)}


def without_earlier(text: str) -> str:
    """Of a revised figure only what it is now: without what it was, which stands behind its mark."""
    return re.sub(r"(\[r\](?:(?!\[r\])[\s\S]){0,60}?\searlier\s+)\S+", r"\1", text)


def grid_in_pdf(text: str, report: Report) -> Found:
    """The ratings and counts of each priority, in its row of the overview, and the totals."""
    found: Found = {}
    for part in report.priorities:
        ratings = [rating.letter or "–" for rating in part.ratings]
        counts = {"indicators": part.indicator_counts, "goals": part.goal_counts}
        if re.search(in_a_row(spaced(part.title), [*ratings, *map(bar_text, counts.values())]), text):
            found |= {(part.key, rating.name): rating.letter or "–" for rating in part.ratings}
            found |= {(part.key, name): counts_text(each) for name, each in counts.items()}
    totals = {"indicators": report.indicator_counts, "goals": report.goal_counts}
    if re.search(in_a_row("Total", list(map(bar_text, totals.values()))), text):
        found |= {(TOTAL, name): counts_text(each) for name, each in totals.items()}
    return found


def bar_text(counts: Counts) -> str:
    """As a bar prints it: "5 G 1 A 1 R 5 –"; "" where there is nothing to count."""
    return " ".join(f"{n} {letter if letter != 'none' else '–'}" for letter, n in counts.items() if n)


class Text:
    """A text in which words are found wherever its lines are broken."""

    def __init__(self, raw: str) -> None:
        self.raw = raw
        kept = [(n, letter) for n, letter in enumerate(raw) if not re.match(PASSED_OVER, letter)]
        self.at = [n for n, _ in kept] + [len(raw)]
        self.squeezed = "".join(letter for _, letter in kept)

    def find(self, words: str, after: int) -> tuple[int, int] | None:
        wanted = squeezed(words)
        start = self.squeezed.find(wanted, after) if wanted else -1
        return None if start < 0 else (start, start + len(wanted))

    def between(self, start: int, end: int) -> str:
        return self.raw[self.at[start] : self.at[end]]


def part_in_pdf(text: Text, part: PriorityReport) -> Found:
    of_key: dict[str, list[Figure]] = {}
    for figure in figures_of(part):
        of_key.setdefault(figure.id[0], []).append(figure)
    found: Found = {}
    named = [(row.key, row.title) for row in part.indicators]
    tables = [named, [(r.key, r.description) for r in part.risks], [(r.key, r.description) for r in part.issues]]
    for rows in (*tables, [(row.key, row.title) for row in part.goals]):
        windows = windows_of(text, rows)
        found |= {f.id: f.printed for key, window in windows.items() for f in standing_in(window, of_key[key])}
    for row in part.finance:
        if re.search(in_a_row(rf"\b{row.period}\b", [figure.printed for figure in of_key[row.key]]), text.raw):
            found |= {f.id: f.printed for f in of_key[row.key]}
    return found


def windows_of(text: Text, rows: list[tuple[str, str]]) -> dict[str, str]:
    """What stands between the words of each row and those of the next, by key."""
    places, after = [], 0
    for key, words in rows:
        if place := text.find(words, after):
            places.append((key, place))
            after = place[1]
    if not places:
        return {}
    ends = [start for _, (start, _) in places[1:]] + [min(after + LAST_ROW, len(text.squeezed))]
    return {key: text.between(place[1], end) for (key, place), end in zip(places, ends, strict=True)}


LAST_ROW = 600  # characters behind the words of a table's last row in which its figures are looked for


def standing_in(window: str, wanted: list[Figure]) -> list[Figure]:
    """The most figures that stand there one behind the other, in their order; one alone proves nothing."""
    shown = [figure for figure in wanted if figure.name != "slip"]
    found: list[Figure] = []
    for first in range(len(shown) - 1):
        if first and shown[first].printed == shown[first - 1].printed:
            continue  # what is found may be the one before, and this one something else
        for match in re.finditer(pattern(shown[first].printed), window):
            run = [shown[first], *following(window, match.end(), shown[first + 1 :])]
            found = max(found, run, key=len)
    return found if len(found) > 1 else []


def following(window: str, at: int, wanted: list[Figure]) -> Iterator[Figure]:
    for figure in wanted:
        match = re.compile(BETWEEN + pattern(figure.printed)).match(window, at)
        if match is None:
            return
        yield figure
        at = match.end()


BETWEEN = r"(?:(?!(?<!\w)(?:[RAGHML]|CG)(?!\w))[\s\S]){0,80}?"  # marks, a basis, a slip; no letter that is a status


def spaced(printed: str) -> str:
    """A pattern of the text, wherever its line is broken."""
    return r"\s+".join(map(re.escape, printed.split()))


def pattern(printed: str) -> str:
    """The text alone, not as a part of a longer number or word."""
    return rf"(?<![\w.,£−]){spaced(printed)}(?![\w%])"


def in_a_row(begins: str, printed: list[str]) -> str:
    """A row that begins so, with texts one behind the other, and room for marks between them, but for no other row."""
    return rf"(?:(?!\s{PERIOD}\s)[\s\S]){{0,80}}?".join([begins, *(pattern(each) for each in printed if each)])


READERS: dict[str, Callable[[bytes, Report], Found]] = {
    "json": of_json,
    "html": of_page,
    "pdf": of_pdf,
    "xlsx": of_workbook("xlsx"),
    "ods": of_workbook("ods"),
    "csv": of_tidy,
}
PERIOD = "Q[1-4]"  # how each row of a finance table begins
PRINTED = frozenset({"html", "pdf"})
