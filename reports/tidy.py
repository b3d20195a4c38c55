"""The report as tidy data: one .csv file a table, one row an observation, and a description of every column.

Figures in plain digits, money in whole pounds and pence, days as 2022-06-30, quarters as 2022-23-q1, UTF-8 with its
mark. What each file and column holds is said once, here: in `columns.csv`, in `csv-metadata.json` (CSV on the Web, a
recommendation of the W3C) and on the page about the data.
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from priorities.cells import plain, rounded
from priorities.periods import Period
from workbooks.guarding import guarded

from .report import FinanceRow, IndicatorRow, Point, PriorityReport, Report, RiskRow

STRING, NUMBER, INTEGER, DATE, BOOLEAN = "string", "decimal", "integer", "date", "boolean"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, its datatype by the name of CSV on the Web, and what it holds."""

    name: str
    datatype: str
    about: str
    is_internal: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One file: what a row of it is, its columns, and its rows of a report, by column."""

    name: str
    about: str
    columns: tuple[Column, ...]
    rows: Callable[[Report], Iterator[Row]]

    def shown(self, report: Report) -> tuple[Column, ...]:
        return self.public if report.is_public else self.columns

    @property
    def public(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if not column.is_internal)


def internal(name: str, datatype: str, about: str) -> Column:
    return Column(name, datatype, about, is_internal=True)


# Rows


def quarter(period: Period) -> Row:
    return {"quarter": period.slug, "quarter_starts": period.starts_on, "quarter_ends": period.ends_on}


def of_part(report: Report, part: PriorityReport) -> Row:
    return {**quarter(report.quarter), "priority": part.title}


def revision(report: Report, key: str, field: str) -> Row:
    found = report.revision_of(key, field)
    return {"mark": "r", "earlier": found.was} if found else {}


def indicators(report: Report) -> Iterator[Row]:
    for part in report.priorities:
        for row in part.indicators:
            about = {
                "priority": part.title,
                "key": row.key,
                "reference": row.reference,
                "indicator": row.title,
                "unit": row.unit,
                "polarity": row.polarity,
                "definition": row.definition,
            }
            for each in (*earlier(report, row), *measured(report, row)):
                yield about | each


def earlier(report: Report, row: IndicatorRow) -> Iterator[Row]:
    """The figures of the quarters before, as they are known now."""
    for point in row.series:
        if point.quarter == report.quarter or point.origin == "elsewhere":
            continue
        about = quarter(point.quarter) | {"basis": point.basis, "source": point.source, "mark": mark_of(point)}
        if point.target is not None:
            yield about | {"measure": "target", "figure": point.target}
        if point.value is not None or point.missing:
            yield about | {"measure": "value", "figure": point.value, "missing": point.missing}


def mark_of(point: Point) -> str:
    return "r" if point.is_revised else "p" if point.is_provisional else ""


def measured(report: Report, row: IndicatorRow) -> Iterator[Row]:
    """The report's own quarter: every indicator has a target and a value, or the reason that there is none."""
    about = quarter(report.quarter)
    yield about | {
        "measure": "target",
        "basis": row.target_basis or row.basis,
        "figure": row.target,
        "missing": row.target_missing,
        "why": row.target_why if row.target is None else "",
        "note": row.target_note,
        **revision(report, row.key, "target"),
    }
    if row.expected_text:
        yield about | {"measure": "target_to_date", "basis": row.basis, "figure": row.expected}
    provisional = any(point.quarter == report.quarter and point.is_provisional for point in row.series)
    yield about | {
        "measure": "value",
        "basis": row.basis,
        "figure": row.value,
        "missing": row.missing,
        "why": row.value_why if row.value is None else "",
        "note": row.note,
        "as_at": row.as_at,
        "source": row.source,
        "mark": "p" if provisional else "",
        **revision(report, row.key, "value"),
    }
    yield about | {
        "measure": "confidence",
        "letter": row.confidence,
        "suggested": row.suggested,
        "reason": row.reason,
        **revision(report, row.key, "confidence"),
    }


MONEY = ("budget", "forecast", "forecast_variance", "ytd_profile", "ytd_actual", "ytd_variance")


def finance(report: Report) -> Iterator[Row]:
    for part in report.priorities:
        for row in part.finance:
            about = of_part(report, part) | {"key": row.key, "period": row.period}
            yield from (about | amount(row, name) | revision(report, row.key, name) for name in MONEY)


def amount(row: FinanceRow, name: str) -> Row:
    found = getattr(row, name)
    if name.endswith("variance") and found is not None:
        return {"measure": name, "pounds": rounded(found.amount, 2), "percent": found.percent}
    return {"measure": name, "pounds": found}


def ratings(report: Report) -> Iterator[Row]:
    for part in report.priorities:
        for rating in part.ratings:
            told = {"key": part.key, "rating": rating.name, "letter": rating.letter, "word": rating.word}
            yield of_part(report, part) | told | revision(report, part.key, rating.name)


def counts(report: Report) -> Iterator[Row]:
    for part in report.priorities:
        for of, found in (("indicators", part.indicator_counts), ("goals", part.goal_counts)):
            for letter, number in found.items():
                told = {"key": part.key, "of": of, "letter": letter if letter != "none" else "", "count": number}
                yield of_part(report, part) | told


def risks(report: Report) -> Iterator[Row]:
    for part in report.priorities:
        known = (("risk", part.risks, False), ("issue", part.issues, False), ("", part.closed, True))
        for kind, rows, closed in known:
            for row in rows:
                yield of_part(report, part) | assessed(report, row, row.kind or kind) | {"closed": closed}


def assessed(report: Report, row: RiskRow, kind: str) -> Row:
    names = ("key", "number", "description", "level", "trend", "explanation", "owner", "closed_reason")
    told = {name: getattr(row, name) for name in names}
    marks = {"kind": kind, "revised": report.revised(row.key), "top": row.is_top, "internal": row.is_internal}
    return told | marks


def goals(report: Report) -> Iterator[Row]:
    for part in report.priorities:
        for row in part.goals:
            yield of_part(report, part) | {
                "key": row.key,
                "number": row.number,
                "goal": row.title,
                "financial_year": f"{row.financial_year}-{(row.financial_year + 1) % 100:02d}",
                "baseline": row.baseline,
                "forecast": row.forecast,
                "slip": row.slip,
                "confidence": row.confidence,
                "revised": report.revised(row.key),
                "comment": row.comment,
            }


def missing(report: Report) -> Iterator[Row]:
    for part in report.readable:
        for found in part.absences:
            told = {"of": found.of, "missing": found.what, "why": found.why, "note": found.note}
            yield of_part(report, part) | told


def texts(report: Report) -> Iterator[Row]:
    if report.overview:
        yield quarter(report.quarter) | {"priority": "", "of": "overview", "text": report.overview}
    for part in report.priorities:
        for name in ("ratings_note", "narrative", "finance_note"):
            if getattr(part, name):
                yield of_part(report, part) | {"of": name, "text": getattr(part, name)}


def definitions(report: Report) -> Iterator[Row]:
    return ({"of": m.kind, "letter": m.letter, "word": m.word, "text": m.text} for m in report.definitions)


def revisions(report: Report) -> Iterator[Row]:
    for found in report.revisions:
        names = ("key", "field", "priority", "of", "what", "now")
        yield quarter(report.quarter) | {name: getattr(found, name) for name in names} | {"earlier": found.was}


# Columns

OF_QUARTER = (
    Column("quarter", STRING, "The financial quarter: 2022-23-q1 is April to June 2022."),
    Column("quarter_starts", DATE, "Its first day."),
    Column("quarter_ends", DATE, "Its last day."),
)
PRIORITY = Column("priority", STRING, "The priority, as it was called in this report.")
KEY = Column("key", STRING, "What the row is about, the same in every quarter and every format.")
MARK = Column("mark", STRING, "r where the figure was revised since the version before, p where it is provisional.")
EARLIER = Column("earlier", STRING, "Of a revised figure: what the version before said, as it was printed.")
REVISED = Column("revised", STRING, "What of the row was revised since the version before, and what it said then.")
LETTER = Column("letter", STRING, "R red, A amber, G green; blank where it was not judged.")

TABLES = (
    Table(
        "indicators",
        "One row for each indicator, quarter and measure. The report’s own quarter has every measure; earlier quarters "
        "have what is known of them, each on its own basis.",
        (
            *OF_QUARTER,
            PRIORITY,
            KEY,
            Column("reference", STRING, "The reference as printed, such as 1a; may be blank."),
            Column("indicator", STRING, "Its title."),
            Column("unit", STRING, "percent (27 is 27%), number, or percentage_points."),
            Column("polarity", STRING, "Which way is better: higher, lower, closer_to_zero or none."),
            Column("definition", STRING, "What is counted, and how."),
            Column("measure", STRING, "target, target_to_date (its part by the quarter’s end), value or confidence."),
            Column("basis", STRING, "What the figure covers: quarter, year_to_date, rolling_12_months, point_in_time."),
            Column("figure", NUMBER, "The figure, in the unit; blank where there is none."),
            Column(
                "missing",
                STRING,
                "Why there is no figure: x not available, z not applicable, c confidential, "
                "u too unreliable to give, w none recorded.",
            ),
            Column("why", STRING, "The same in words."),
            Column("letter", STRING, "Of the measure confidence: R, A or G, the judged confidence in the year end."),
            Column("note", STRING, "What was noted on the figure."),
            Column("as_at", DATE, "The day that the data are of."),
            Column("source", STRING, "Where the figure is from."),
            MARK,
            EARLIER,
            internal("suggested", STRING, "Of the measure confidence: what the figures alone suggest."),
            internal("reason", STRING, "Of the measure confidence: why it was judged otherwise."),
        ),
        indicators,
    ),
    Table(
        "finance",
        "One row for each priority, period and measure. Profile and actual are cumulative.",
        (
            *OF_QUARTER,
            PRIORITY,
            KEY,
            Column("period", STRING, "The quarter of the year that the row is of, Q1 to Q4."),
            Column(
                "measure",
                STRING,
                "budget and forecast of the year, ytd_profile and ytd_actual to the period’s end, "
                "forecast_variance (forecast less budget) and ytd_variance (actual less profile).",
            ),
            Column("pounds", NUMBER, "The amount in pounds; a negative variance is an underspend."),
            Column("percent", NUMBER, "Of a variance: in per cent of the budget or the profile."),
            MARK,
            EARLIER,
        ),
        finance,
    ),
    Table(
        "ratings",
        "One row for each priority and rating.",
        (
            *OF_QUARTER,
            PRIORITY,
            KEY,
            Column("rating", STRING, "objectives, time, spend, capability or risk."),
            LETTER,
            Column("word", STRING, "The same in a word."),
            MARK,
            EARLIER,
        ),
        ratings,
    ),
    Table(
        "counts",
        "One row for each priority, kind and letter: how many indicators and goals have it. Complete goals are green.",
        (
            *OF_QUARTER,
            PRIORITY,
            KEY,
            Column("of", STRING, "indicators or goals."),
            LETTER,
            Column("count", INTEGER, "How many."),
        ),
        counts,
    ),
    Table(
        "risks",
        "One row for each risk and issue.",
        (
            *OF_QUARTER,
            PRIORITY,
            KEY,
            Column("kind", STRING, "risk, which may happen, or issue, which has."),
            Column("number", INTEGER, "Its rank."),
            Column("description", STRING, "What it is."),
            Column("level", STRING, "H high, M medium, L low: the score of a risk, the rating of an issue."),
            Column("trend", STRING, "up, level or down."),
            Column("explanation", STRING, "Why the trend is so."),
            Column("closed", BOOLEAN, "Whether it was closed in this quarter, and is told of for the last time."),
            REVISED,
            internal("owner", STRING, "Who owns it."),
            internal("top", BOOLEAN, "Whether it is in the public report."),
            internal("internal", BOOLEAN, "Whether it is never in the public report."),
            internal("closed_reason", STRING, "Why it was closed."),
        ),
        risks,
    ),
    Table(
        "goals",
        "One row for each goal.",
        (
            *OF_QUARTER,
            PRIORITY,
            KEY,
            Column("number", INTEGER, "Its number."),
            Column("goal", STRING, "Its title."),
            Column("financial_year", STRING, "The year that it is a goal of: 2022-23."),
            Column("baseline", STRING, "The quarter by which it was to be done."),
            Column("forecast", STRING, "The quarter by which it is expected now."),
            Column("slip", INTEGER, "Quarters by which that is later; negative is earlier."),
            Column("confidence", STRING, "R red, A amber, G green, CG complete."),
            REVISED,
            internal("comment", STRING, "What was noted on it."),
        ),
        goals,
    ),
    Table(
        "missing",
        "One row for everything that the report lacks, with the reason.",
        (
            *OF_QUARTER,
            PRIORITY,
            Column("of", STRING, "Of what it is."),
            Column("missing", STRING, "What is missing."),
            Column("why", STRING, "Why."),
            Column("note", STRING, "What was noted on it."),
        ),
        missing,
    ),
    Table(
        "texts",
        "One row for each text.",
        (
            *OF_QUARTER,
            PRIORITY,
            Column("of", STRING, "overview (of no priority), ratings_note, narrative or finance_note."),
            Column("text", STRING, "The text."),
        ),
        texts,
    ),
    Table(
        "definitions",
        "What each letter means.",
        (
            Column("of", STRING, "The rating that it is a letter of; indicator and goal for the confidence in one."),
            Column("letter", STRING, "The letter."),
            Column("word", STRING, "The letter in a word."),
            Column("text", STRING, "What it means."),
        ),
        definitions,
    ),
    Table(
        "revisions",
        "One row for each figure that says something else than the version before.",
        (
            *OF_QUARTER,
            KEY,
            Column("field", STRING, "Which figure of the row."),
            PRIORITY,
            Column("of", STRING, "What the row is about, in words."),
            Column("what", STRING, "Which figure, in words."),
            Column("now", STRING, "What it says now, as it is printed."),
            EARLIER,
        ),
        revisions,
    ),
)


# Files


def as_files(report: Report) -> dict[str, bytes]:
    """Every table by the name of its file, and what describes them."""
    files = {f"{table.name}.csv": as_csv(table, report) for table in TABLES}
    return {"columns.csv": described(report), **files, "csv-metadata.json": metadata(report)}


def as_csv(table: Table, report: Report) -> bytes:
    names = [column.name for column in table.shown(report)]
    return written(names, ([row.get(name) for name in names] for row in table.rows(report)))


def written(headings: Iterable[str], rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(headings)
    writer.writerows([shown(value) for value in row] for row in rows)
    return codecs.BOM_UTF8 + text.getvalue().encode()


def shown(value: Any) -> str:
    """A value as data has it; text that a spreadsheet program would take for a formula is guarded."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{plain(value):f}"
        case dt.date():
            return value.isoformat()
        case Period():
            return value.slug
    return guarded(value) if isinstance(value, str) else str(value)


def described(report: Report) -> bytes:
    rows = ([f"{t.name}.csv", t.about, c.name, c.datatype, c.about] for t in TABLES for c in t.shown(report))
    return written(["file", "row", "column", "type", "meaning"], rows)


def metadata(report: Report) -> bytes:
    """The description of the files in the vocabulary of CSV on the Web."""
    tables = [
        {
            "url": f"{table.name}.csv",
            "dc:description": table.about,
            "tableSchema": {
                "columns": [
                    {"name": c.name, "titles": c.name, "datatype": c.datatype, "dc:description": c.about}
                    for c in table.shown(report)
                ]
            },
        }
        for table in TABLES
    ]
    told = {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "dc:title": f"{report.plan}, {report.label}",
        "tables": tables,
    }
    return (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode()
