"""The checks before submitting: errors stop it, warnings are confirmed or explained; each names its cell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from finance.models import FinancialPosition, Variance, half_unit, variance
from indicators.confidence import expected_by_now
from indicators.models import Reading
from priorities.cells import (
    Basis,
    CellError,
    Rating,
    Unit,
    parse_money,
    rounded,
    shorten,
    show_measure,
    show_money,
    tidy,
)
from priorities.models import QuarterlyUpdate, Section
from priorities.periods import Period

from .entry import ROWS, TEXTS
from .models import Draft, Explanation
from .progress import RowsBySection, rows_by_section, text_gaps

Told = tuple[str, str, str]  # the rule, the cell, and the sentence


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a check found; `warning` names the rule and the row of a warning, "" for an error."""

    section: str
    anchor: str
    subject: str
    message: str
    warning: str = ""

    @property
    def told(self) -> str:
        """The whole sentence, as it is read and answered."""
        return f"{self.subject}: {self.message}" if self.subject else self.message

    @property
    def section_label(self) -> str:
        return Section(self.section).label


@dataclass(slots=True)
class Checks:
    """All that was found in an update, and what was answered to its warnings."""

    errors: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    answers: dict[str, Explanation] = field(default_factory=dict)

    def answer(self, finding: Finding) -> Explanation | None:
        """What was answered to this very warning; an answer to another figure doesn't hold for it."""
        found = self.answers.get(finding.warning)
        return found if found and found.told == finding.told and (found.confirmed or found.text) else None

    @property
    def unanswered(self) -> list[Finding]:
        return [finding for finding in self.warnings if not self.answer(finding)]

    @property
    def passed(self) -> bool:
        return not self.errors and not self.unanswered


def checks_of(update: QuarterlyUpdate, drafts: Iterable[Draft] = ()) -> Checks:
    """Check an update against the rules and against last quarter. Six queries.

    `drafts` are those of who is about to submit: what is typed and not saved would be left out without a word.
    """
    last = QuarterlyUpdate.objects.filter(priority=update.priority_id).before(update.quarter.period).first()
    return checks_of_rows(update, last, rows_by_section([update, last] if last else [update]), drafts)


def checks_of_rows(
    update: QuarterlyUpdate, last: QuarterlyUpdate | None, both: RowsBySection, drafts: Iterable[Draft] = ()
) -> Checks:
    """The same, where the rows of the update and of last quarter's are loaded already. One query."""
    found = Checks(answers={e.warning: e for e in Explanation.objects.filter(update=update)})
    rows = {section: by_update[update.pk] for section, by_update in both.items()}
    last_readings = {row.indicator_id: row for row in both[Section.INDICATORS][last.pk]} if last else {}
    unsaved = {draft.section for draft in drafts}
    for section in Section:
        if section in unsaved:
            told = "Something is typed here and not saved; save it, or throw it away."
            found.errors.append(Finding(section, "main", "", told))
        prefix = TEXTS[section].kind if section in TEXTS else ""
        for name, message in text_gaps(update, section, rows.get(section, [])):
            found.errors.append(Finding(section, f"id_{prefix}-{update.pk}-{name}", "", message))
        for row in rows.get(section, []):
            subject, anchor = name_of(row), f"id_{ROWS[section][1].kind}-{row.pk}"
            found.errors += [Finding(section, f"{anchor}-{name}", subject, told) for name, told in row.gaps()]
            if isinstance(row, Reading):
                for rule, name, told in reading_warnings(row, last_readings.get(row.indicator_id)):
                    warning = f"{rule}:reading-{row.pk}"
                    found.warnings.append(Finding(section, f"{anchor}-{name}", subject, told, warning))
    for section, rule, name, told in text_warnings(update, last, rows[Section.FINANCE]):
        anchor = f"id_{TEXTS[section].kind}-{update.pk}-{name}"
        found.warnings.append(Finding(section, anchor, "", told, f"{rule}:{name}"))
    return found


def name_of(row: Any) -> str:
    """What a row is about, as a list of findings names it."""
    match row:
        case Reading():
            return str(row.indicator)
        case FinancialPosition():
            return f"Q{row.period}"
    subject = getattr(row, "goal", None)
    if subject is not None:
        return f"Goal {subject.number}: {shorten(subject.title, 50)}"
    return f"{row.risk.get_kind_display()} {row.position}: {shorten(row.description, 50)}"


# Indicators


def reading_warnings(row: Reading, last: Reading | None) -> Iterator[Told]:
    indicator, now = row.indicator, row.update.quarter.period

    def show(value: Decimal) -> str:
        return show_measure(value, indicator.unit, indicator.decimals)

    value, target = row.value, row.target
    if value is not None and target and abs(value) > 10 * abs(target):
        yield "ten_times", "value", f"{show(value)} is more than ten times the target of {show(target)}."
    for name, figure in (("value", value), ("target", target)):
        if figure is None or indicator.unit != Unit.PERCENT:
            continue
        if figure > 100:
            yield f"over_100_{name}", name, f"The {name}, {show(figure)}, is over 100%."
        if 0 < figure < 1:
            yield f"fraction_{name}", name, f"The {name} is {show(figure)}; is {show(figure * 100)} meant?"
    if value is not None and last is not None and last.value is not None and value < last.value:
        adds_up = indicator.unit == Unit.NUMBER and row.basis == last.basis == Basis.YEAR_TO_DATE
        if adds_up and last.update.quarter.financial_year == now.year:
            told = f"The year to date, {show(value)}, is below last quarter’s {show(last.value)}."
            yield "below_last", "value", told
    if value is not None and target is not None and row.target_basis and row.basis != row.target_basis:
        own, other = Basis(row.target_basis).label.lower(), Basis(row.basis).label.lower() if row.basis else "no basis"
        yield "bases", "basis", f"The value is on another basis ({other}) than its target ({own})."
    for name, what in (("note", "note"), ("target_note", "target’s note")):
        for promised in promises(getattr(row, name), now):
            yield f"promise_{name}", name, f"The {what} promises figures from {promised.short}, and this is {now}."
    suggested = row.suggested(now.number)
    if row.confidence and suggested and row.confidence != suggested and not row.reason:
        judged, figures = Rating(row.confidence).label.lower(), Rating(suggested).label.lower()
        expected = expected_by_now(target, indicator.unit, row.basis, row.target_basis, quarter=now.number)
        by_now = f" ({show(rounded(expected, indicator.decimals))} by now)" if expected not in (None, target) else ""
        compared = f"{show(value)} against {show(target)}{by_now}" if value is not None and target is not None else ""
        yield "judged", "reason", f"Judged {judged} where {compared} suggests {figures}; give the reason."


_NUMBERS = {"1": 1, "2": 2, "3": 3, "4": 4, "one": 1, "two": 2, "three": 3, "four": 4}
_NUMBERS |= {"first": 1, "second": 2, "third": 3, "fourth": 4}
_QUARTER = re.compile(
    r"\b(?P<from>from\s+)?(?:the\s+)?"
    r"(?:(?:Q|quarter\s+)(?P<a>[1-4]|one|two|three|four)|(?P<b>first|second|third|fourth)\s+quarter)\b"
    r"(?:\s+(?:of\s+)?(?:20)?(?P<year>[0-9]{2})\s*[/–-]\s*(?:20)?[0-9]{2}\b)?",
    re.IGNORECASE,
)


def quarters_named(text: str, now: Period) -> Iterator[tuple[str, Period, bool]]:
    """Each quarter a text names: its words, the quarter (of this year unless it says), and whether "from" it."""
    for match in _QUARTER.finditer(text):
        number = _NUMBERS[(match["a"] or match["b"]).lower()]
        year = 2000 + int(match["year"]) if match["year"] else now.year
        yield match[0].strip(), Period(year, number), bool(match["from"])


def promises(text: str, now: Period) -> list[Period]:
    """The quarters from which a text promises figures, and which have come."""
    return [period for _, period, is_from in quarters_named(text, now) if is_from and period <= now][:1]


# Texts


def text_warnings(
    update: QuarterlyUpdate, last: QuarterlyUpdate | None, positions: list[FinancialPosition]
) -> Iterator[tuple[Section, str, str, str]]:
    """Section, rule, field and sentence of each doubt about the update's texts."""
    now = update.quarter.period
    texts = {"narrative": "narrative", "ratings_note": "note on the ratings", "finance_note": "finance note"}
    for name, what in texts.items():
        section = Section.FINANCE if name == "finance_note" else Section.RATINGS
        text = getattr(update, name)
        if last and text and tidy(text) == tidy(getattr(last, name)):
            yield section, "same", name, f"The {what} is the same as in {last.quarter}."
        if others := other_quarters(text, now):
            yield (
                section,
                "quarter",
                name,
                f"The {what} names another quarter ({', '.join(others)}), and this is {now}.",
            )
    yield from ((Section.FINANCE, *told) for told in unlikely_money(positions, now))
    current = next((row for row in positions if row.period == now.number), None)
    for rule, told in note_against_table(update.finance_note, current, positions) if current else ():
        yield Section.FINANCE, rule, "finance_note", told


def unlikely_money(positions: list[FinancialPosition], now: Period) -> Iterator[Told]:
    """Amounts that look like a slip of units, and an actual of a period that has not come."""
    for row in positions:
        pairs = {
            "forecast": ("budget", row.forecast, row.budget),
            "ytd_actual": ("profile", row.ytd_actual, row.ytd_profile),
        }
        for name, (other, figure, measure) in pairs.items():
            what = "forecast" if name == "forecast" else "actual to date"
            if figure is not None and measure and (abs(figure) > 10 * abs(measure) or abs(figure) * 100 < abs(measure)):
                told = (
                    f"Q{row.period}: the {what}, {show_money(figure)}, is far from the {other}, {show_money(measure)}."
                )
                yield f"far_{name}_{row.period}", "finance_note", told
        if row.ytd_actual is not None and row.period > now.number:
            yield f"early_{row.period}", "finance_note", f"Q{row.period} has an actual to date, and this is {now}."


def other_quarters(text: str, now: Period) -> list[str]:
    return list(dict.fromkeys(words for words, period, _ in quarters_named(text, now) if period != now))


_MONEY = re.compile(r"£\s?[0-9][0-9,]*(?:\.[0-9]+)?(?:\s?(?:million|thousand|bn|mn|m|k)\b|\b)", re.IGNORECASE)
_SPEND = re.compile(r"\b(under|over)\s?-?spen(?:d|t|ding)\b", re.IGNORECASE)


def note_against_table(
    note: str, current: FinancialPosition, rows: Iterable[FinancialPosition]
) -> Iterator[tuple[str, str]]:
    """Amounts of a finance note that the table doesn't have, and an under- or overspend that it contradicts."""
    figures = [
        abs(figure)
        for row in rows
        for figure in (row.budget, row.forecast, row.ytd_profile, row.ytd_actual, *amounts(row))
        if figure is not None
    ]
    strange = [words for words, pounds in money_in(note) if not any(is_near(pounds, figure) for figure in figures)]
    if strange and figures:
        told = ", ".join(f"“{words}”" for words in dict.fromkeys(strange))
        yield "amounts", f"The finance note says {told}, which is none of the table’s figures; {in_words(current)}."
    for match, measured in contradictions(note, current):
        yield "spend", f"The finance note says “{match}”, but the table doesn’t: {measured}."
        return


def amounts(row: FinancialPosition) -> list[Decimal | None]:
    found = (variance(row.budget, row.forecast), variance(row.ytd_profile, row.ytd_actual))
    return [v.amount if v else None for v in found]


def money_in(note: str) -> Iterator[tuple[str, Decimal]]:
    for match in _MONEY.finditer(note):
        try:
            yield match[0], parse_money(match[0])
        except CellError:
            continue


def is_near(written: Decimal, figure: Decimal) -> bool:
    """Whether a figure rounds to the amount as it is written."""
    return abs(abs(written) - figure) <= half_unit(written)


def contradictions(note: str, current: FinancialPosition) -> Iterator[tuple[str, str]]:
    """Sentences with an under- or overspend whose variance, the forecast's or the one to date, is of another sign."""
    forecast, to_date = amounts(current)
    for sentence in re.split(r"(?<=[.;])\s+|\n", note):
        speaks_of_forecast = bool(re.search(r"\bforecast|year.end|outturn", sentence, re.IGNORECASE))
        speaks_of_now = bool(re.search(r"\bYTD\b|to date", sentence, re.IGNORECASE))
        meant = [to_date] if speaks_of_now and not speaks_of_forecast else [forecast]
        if speaks_of_now == speaks_of_forecast:
            meant = [forecast, to_date]
        known = [amount for amount in meant if amount is not None]
        for match in _SPEND.finditer(sentence):
            wanted = -1 if match[1].lower() == "under" else 1
            if known and not any(amount * wanted > 0 for amount in known):
                yield match[0], in_words(current)
                return


def in_words(row: FinancialPosition) -> str:
    """The two variances in a sentence."""

    def one(name: str, found: Variance | None) -> str:
        if found is None:
            return f"no {name} variance"
        return f"{name} variance {show_money(found.amount)}"

    both = (variance(row.budget, row.forecast), variance(row.ytd_profile, row.ytd_actual))
    return f"{one('forecast', both[0])}, {one('to-date', both[1])}"
