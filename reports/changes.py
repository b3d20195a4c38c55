"""What a quarter says otherwise than the one before: a pure comparison of two reports, in words, by weight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from finance.models import variance
from goals.models import slip_text
from priorities.cells import (
    Basis,
    GoalConfidence,
    Level,
    Missing,
    Polarity,
    Unit,
    shorten,
    show_money,
    show_percent,
    unstopped,
)
from priorities.models import Section, UpdateStatus, listed
from priorities.periods import Period, year_label

from .report import Change, FinanceRow, GoalRow, IndicatorRow, PriorityReport, RatingCell, Report, RiskRow

WORSE, BETTER, OTHER = "worse", "better", "other"

# How much each kind of change weighs, the heaviest first, and which way it goes. This is the one table of weights.
KINDS: dict[str, tuple[int, str]] = {
    "rating red": (100, WORSE),
    "confidence red": (96, WORSE),
    "target lost": (92, WORSE),  # met last quarter, and not any more
    "became issue": (90, WORSE),
    "goal overdue": (88, WORSE),  # the quarter it was forecast for is over
    "goal slipped": (86, WORSE),
    "rating worse": (84, WORSE),
    "confidence worse": (82, WORSE),
    "risk up": (80, WORSE),  # its level
    "issue new": (78, WORSE),
    "risk new": (76, WORSE),
    "goal dropped": (74, OTHER),
    "goal reopened": (73, WORSE),
    "forecast moved": (72, OTHER),
    "priority": (70, OTHER),
    "budget moved": (68, OTHER),
    "baseline moved": (66, OTHER),
    "target changed": (64, OTHER),
    "risk rising": (62, WORSE),  # its trend, at the same level
    "missing": (60, WORSE),
    "target met": (58, BETTER),
    "target set": (56, OTHER),
    "goal complete": (54, BETTER),
    "rating better": (50, BETTER),
    "confidence better": (48, BETTER),
    "goal earlier": (46, BETTER),
    "risk down": (44, BETTER),
    "risk closed": (42, BETTER),
    "risk gone": (41, OTHER),
    "supplied": (40, BETTER),
    "risk falling": (38, BETTER),
    "indicator new": (36, OTHER),
    "indicator replaced": (35, OTHER),
    "indicator gone": (34, OTHER),
    "goal new": (32, OTHER),
    "goal carried": (30, OTHER),
    "goal due": (28, OTHER),  # next quarter
    "not compared": (24, OTHER),
    "renamed": (20, OTHER),
    "unanswered": (10, OTHER),  # in a draft, while its leads still fill it in
}

MOVED_BY = Decimal(1)  # per cent of the forecast before: less is not told of
FIGURES = {
    "budget": "budget",
    "forecast": "forecast",
    "ytd_profile": "profile to date",
    "ytd_actual": "actual to date",
}
LETTERS = ["R", "A", "G", "CG"]
LEVELS = ["L", "M", "H"]


def way_of(kind: str) -> str:
    """Whether a change of this kind is for the worse, for the better, or neither."""
    return KINDS.get(kind, (0, OTHER))[1]


def with_changes(report: Report, before: Report | None, *, why: str = "") -> Report:
    """The report with what changed since the one before, the heaviest first; nothing is read or written.

    Compared are the sections that are open in both. Without a report before nothing is, and `not_compared` says `why`.
    """
    if before is None:
        told = why or f"There is no quarter before {report.label} to compare it with."
        return replace(report, compared_with=None, changes=(), not_compared=told)
    then = {identity(part): part for part in before.priorities}
    pairs = [Pair(report, before, part, then.pop(identity(part), None)) for part in report.priorities]
    if not report.priorities:
        told = f"No priority has an update in {report.label} yet."
        return replace(report, compared_with=None, changes=(), not_compared=told)
    if not any(pair.then for pair in pairs):
        told = f"A new plan has begun: no priority of {before.label} is in {report.label}, so nothing is compared."
        return replace(report, compared_with=None, changes=(), not_compared=told)
    found = [change for pair in pairs for change in pair.changes()]
    found += [of_priority(part, f"“{part.title}” is not reported any more.", gone=True) for part in then.values()]
    return replace(
        report,
        compared_with=before.quarter,
        changes=tuple(sorted(found, key=lambda change: -change.weight)),
        not_compared=" ".join([*(told for pair in pairs if (told := pair.shut)), *year_begun(pairs)]),
    )


def identity(part: PriorityReport) -> int | str:
    return part.pk or part.key


def of_priority(part: PriorityReport, text: str, *, gone: bool = False) -> Change:
    return Change(KINDS["priority"][0], "priority", part.title, "" if gone else part.slug, "", text)


def year_begun(pairs: list[Pair]) -> list[str]:
    """Said once of all that begins again with the financial year."""
    apart = [pair for pair in pairs if pair.new_year and pair.then]
    if not apart:
        return []
    now, then = year_label(apart[0].report.quarter.year), apart[0].before.label
    return [f"Money and years to date begin again with {now}: they are not compared with {then}."]


@dataclass(frozen=True, slots=True)
class Pair:
    """One priority in a quarter and in the one before; `then` is None where it is new."""

    report: Report
    before: Report
    now: PriorityReport
    then: PriorityReport | None

    @property
    def new_year(self) -> bool:
        return self.report.quarter.year != self.before.quarter.year

    @property
    def last(self) -> str:
        """The quarter before, as a sentence of this one names it: "Q1", or "Q4 2021/22"."""
        return self.before.quarter.label_within(self.report.quarter.year)

    @property
    def is_filled_in(self) -> bool:
        """Whether its leads still fill it in, so that an answer that isn't there may yet come."""
        return self.report.is_draft and self.now.status in UpdateStatus.editable()

    @property
    def shut(self) -> str:
        """Which of its sections were not compared, since the reader may not read them in the quarter before."""
        closed = [str(s.label).lower() for s in Section if self.then and s in self.now.sections - self.then.sections]
        if not closed or self.then is None:
            return ""
        what = listed(closed)
        whole = len(closed) == len(Section)
        subject = f"“{self.now.title}” is" if whole else f"Of “{self.now.title}”, {what} {are(closed)}"
        return f"{subject} not compared: {self.before.label} of it is not open to you yet."

    def both_open(self, section: Section) -> bool:
        return self.then is not None and section in self.now.sections and section in self.then.sections

    def change(self, kind: str, anchor: str, text: str) -> Change:
        return Change(KINDS[kind][0], kind, self.now.title, self.now.slug, anchor, text)

    def changes(self) -> list[Change]:
        if self.then is None:
            return [of_priority(self.now, f"“{self.now.title}” is new in {self.report.label}.")]
        found = [*ratings(self), *finances(self), *indicators(self), *risks(self), *goals(self)]
        if self.now.title != self.then.title:
            told = f"“{self.now.title}” was called “{self.then.title}” in {self.last}."
            found.append(self.change("renamed", "", told))
        return [*(each for each in found if each.kind != "unanswered"), *self.unanswered(found)]

    def unanswered(self, found: list[Change]) -> list[Change]:
        """All that isn't answered yet in one sentence, where each would be one of a draft that is hardly begun."""
        counts = Counter(each.text for each in found if each.kind == "unanswered")
        if not counts:
            return []
        what = listed(f"{n} {name}{'s' * (n > 1 and not name.endswith('s'))}" for name, n in counts.items())
        told = f"{unstopped(self.now.title)}: given in {self.last} and not answered yet: {what}."
        return [self.change("unanswered", "", told)]

    def gone(self, name: str, what: str, anchor: str, was: str, missing: str = "") -> Change:
        """A figure that was there and is not: missing for a reason, or in a draft not answered yet."""
        if not missing and self.is_filled_in:
            return self.change("unanswered", anchor, what)
        why = f" ({Missing(missing).label.lower()})" if missing else ""
        return self.change("missing", anchor, f"{name}: no {what}{why}, where {self.last} had {was}.")

    def come(self, name: str, what: str, anchor: str, now: str, missing: str = "") -> Change:
        """A figure that is there and was not."""
        why = f" ({Missing(missing).label.lower()})" if missing else ""
        return self.change("supplied", anchor, f"{name}: the {what} is {now}, where {self.last} had none{why}.")


def are(things: list[str]) -> str:
    return "is" if len(things) == 1 and " and " not in things[0] and not things[0].endswith("s") else "are"


# Ratings and confidence


def word(letter: str) -> str:
    return GoalConfidence(letter).label.lower()


def letters(pair: Pair, was: str, now: str, name: str, what: str, anchor: str) -> Iterator[Change]:
    """A letter that moved; `what` is "rating" or "confidence", and `name` says of what."""
    if was == now:
        return
    if not now:
        yield pair.gone(name, what, anchor, word(was))
    elif now == "R":
        then = f"was {word(was)} in {pair.last}" if was else f"was not given in {pair.last}"
        yield pair.change(f"{what} red", anchor, f"{name}: the {what} is red; it {then}.")
    elif not was:
        yield pair.come(name, what, anchor, word(now))
    else:
        way = WORSE if LETTERS.index(now) < LETTERS.index(was) else BETTER
        yield pair.change(
            f"{what} {way}", anchor, f"{name}: the {what} is {word(now)}; it was {word(was)} in {pair.last}."
        )


def ratings(pair: Pair) -> Iterator[Change]:
    if pair.then is None or not pair.both_open(Section.RATINGS):
        return
    was: dict[str, RatingCell] = {rating.name: rating for rating in pair.then.ratings}
    for now in pair.now.ratings:
        letter = was[now.name].letter if now.name in was else ""
        yield from letters(pair, letter, now.letter, f"{unstopped(pair.now.title)}, {now.name}", "rating", "ratings")


# Indicators


def indicators(pair: Pair) -> Iterator[Change]:
    """By key, whatever they are called now; new and gone only where the whole section is open in both quarters."""
    if pair.then is None:
        return
    then = {row.key: row for row in pair.then.indicators}
    replaced = {row.replaces for row in pair.now.indicators if row.replaces and row.key not in then}
    whole = pair.both_open(Section.INDICATORS)
    for row in pair.now.indicators:
        if old := then.pop(row.key, None):
            yield from measured(pair, row, old)
        elif whole:
            yield begun(pair, row, then.get(row.replaces))
    for key, old in then.items():
        if whole and key not in replaced:
            yield pair.change(
                "indicator gone", "indicators", f"{name_of(old)}: retired, and last reported in {pair.last}."
            )


def name_of(row: IndicatorRow) -> str:
    return unstopped(f"{row.reference} {row.title}".strip())


def begun(pair: Pair, row: IndicatorRow, old: IndicatorRow | None) -> Change:
    if old is None:
        return pair.change("indicator new", row.key, f"{name_of(row)}: a new indicator.")
    told = f"{name_of(row)}: takes the place of {name_of(old)}; the two are different series and are not compared."
    return pair.change("indicator replaced", row.key, told)


def measured(pair: Pair, row: IndicatorRow, old: IndicatorRow) -> Iterator[Change]:
    """One indicator: what it is called, how it is measured, its target, its value, and the confidence in it."""
    if name_of(row) != name_of(old):
        yield pair.change("renamed", row.key, f"{name_of(row)}: was called {name_of(old)} in {pair.last}.")
    unlike, rebased = other_measure(pair, row, old), other_basis(pair, row, old)
    if why := unlike or rebased:
        yield pair.change("not compared", row.key, f"{name_of(row)}: {why}, so its values are not compared.")
    if not unlike:
        yield from targets(pair, row, old)
    if not why:
        yield from crossed(pair, row, old)
    yield from there_or_not(pair, row, old, targets_told=not unlike)
    if not (is_unasked(row) or (is_unasked(old) and row.confidence != "R")):
        yield from letters(pair, old.confidence, row.confidence, name_of(row), "confidence", row.key)


def is_unasked(row: IndicatorRow) -> bool:
    """Whether it has no confidence since it lacks a figure to be confident in, which is told of itself."""
    return not row.confidence and (row.value is None or row.target is None)


def other_measure(pair: Pair, row: IndicatorRow, old: IndicatorRow) -> str:
    """Why neither values nor targets of the two quarters can be held side by side; "" where they can."""
    if row.unit != old.unit:
        return differing("measured as", Unit(row.unit).label, Unit(old.unit).label, pair)
    if row.polarity and old.polarity and row.polarity != old.polarity:
        return differing("judged as", Polarity(row.polarity).label, Polarity(old.polarity).label, pair)
    return ""


def other_basis(pair: Pair, row: IndicatorRow, old: IndicatorRow) -> str:
    """Why their values can't; targets say their own basis."""
    if row.basis and old.basis and row.basis != old.basis:
        return differing("on the basis", Basis(row.basis).label, Basis(old.basis).label, pair)
    return ""


def differing(how: str, now: str, was: str, pair: Pair) -> str:
    return f"{how} “{now.lower()}” now and “{was.lower()}” in {pair.last}"


def targets(pair: Pair, row: IndicatorRow, old: IndicatorRow) -> Iterator[Change]:
    """A target newly set or changed; one of another financial year is another target."""
    if row.target is None:
        return
    now, was = row.target_text, old.target_text
    if pair.new_year:
        year, last = year_label(pair.report.quarter.year), year_label(pair.before.quarter.year)
        then = f"that for {last} was {was}" if old.target is not None else f"there was none for {last}"
        yield pair.change("target set", row.key, f"{name_of(row)}: the target for {year} is {now}; {then}.")
    elif old.target is None:
        why = f" ({old.target_why.lower()})" if old.target_missing else ""
        told = f"{name_of(row)}: a target is set, {now}; {pair.last} had none{why}."
        yield pair.change("target set", row.key, told)
    elif not same_target(row, old):
        yield pair.change("target changed", row.key, f"{name_of(row)}: {retargeted(pair, row, old)}.")


def basis_of_target(row: IndicatorRow) -> str:
    return row.target_basis or row.basis


def same_target(row: IndicatorRow, old: IndicatorRow) -> bool:
    """A target without a basis of its own stays the same where only that of the value changed."""
    bases = row.target_basis == old.target_basis or basis_of_target(row) == basis_of_target(old)
    return bases and row.target == old.target


def retargeted(pair: Pair, row: IndicatorRow, old: IndicatorRow) -> str:
    bases = [Basis(b).label.lower() if b else "no basis" for b in map(basis_of_target, (row, old))]
    if bases[0] == bases[1]:
        return f"the target is {row.target_text}; it was {old.target_text} in {pair.last}"
    return f"the target is {row.target_text} ({bases[0]}); it was {old.target_text} ({bases[1]}) in {pair.last}"


def crossed(pair: Pair, row: IndicatorRow, old: IndicatorRow) -> Iterator[Change]:
    """A value that met its target and doesn't now, or the other way; each against its own, in the part of the year."""
    if pair.new_year and Basis.YEAR_TO_DATE in (row.basis, old.basis):
        return
    polarity = row.polarity or old.polarity
    now, was = met(row, polarity), met(old, polarity or old.polarity)
    if now is None or was is None or now == was:
        return
    kind, verb = ("target met", "meets its target now") if now else ("target lost", "does not meet its target any more")
    year = f" ({row.target_text} for the year)" if row.expected_text else ""
    told = f"{name_of(row)}: {verb}, {against(row)}{year}; in {pair.last} it was {against(old)}."
    yield pair.change(kind, row.key, told)


def met(row: IndicatorRow, polarity: str) -> bool | None:
    """Whether the value is as good as its target by now; None where that can't be said."""
    if row.value is None or row.expected is None or not polarity:
        return None
    short = Polarity(polarity).shortfall(row.value, row.expected)
    return None if short is None else short <= 0


def against(row: IndicatorRow) -> str:
    """The value and what it is held against: of a target for the year, the part of it that is due by now."""
    return f"{row.value_text} against {row.expected_text or row.target_text}"


def there_or_not(pair: Pair, row: IndicatorRow, old: IndicatorRow, *, targets_told: bool) -> Iterator[Change]:
    """Value and target, newly missing or supplied; a target that was told of as set is not told of again."""
    name = name_of(row)
    if old.value is not None and row.value is None:
        yield pair.gone(name, "value", row.key, old.value_text, row.missing)
    elif old.value is None and row.value is not None:
        yield pair.come(name, "value", row.key, row.value_text, old.missing)
    if old.target is not None and row.target is None:
        yield pair.gone(name, "target", row.key, old.target_text, row.target_missing)
    elif old.target is None and row.target is not None and not targets_told:
        yield pair.come(name, "target", row.key, row.target_text, old.target_missing)


# Risks and issues


def risks(pair: Pair) -> Iterator[Change]:
    if pair.then is None:
        return
    then = {row.key: row for row in (*pair.then.risks, *pair.then.issues)}
    whole = pair.both_open(Section.RISKS)
    happened = {row.raised_from for row in pair.now.issues} - {""}
    for kind, rows in (("risk", pair.now.risks), ("issue", pair.now.issues)):
        for row in rows:
            if old := then.pop(row.key, None):
                yield from assessed(pair, row, old, kind)
            elif whole:
                yield raised(pair, row, kind)
    told_of = {row.key for row in pair.then.closed} | happened
    for row in pair.now.closed:
        then.pop(row.key, None)
        if row.key not in told_of:
            yield pair.change("risk closed", "issues", f"{risk_name(row, row.kind or 'risk')}: closed.")
    for key, old in then.items():
        if whole and key not in happened and not pair.report.is_public:  # it may have been withdrawn
            name = risk_name(old, "issue" if old in pair.then.issues else "risk")
            told = f"{name}: reported in {pair.last} and not any more, without having been closed."
            yield pair.change("risk gone", "risks", told)


def risk_name(row: RiskRow, kind: str) -> str:
    return f"{kind.capitalize()} “{unstopped(shorten(row.description, 100))}”"


def raised(pair: Pair, row: RiskRow, kind: str) -> Change:
    level = f", {row.level_word.lower()}" if row.level else ""
    if row.raised_from and pair.then and row.raised_from in {each.key for each in pair.then.risks}:
        told = f"{risk_name(row, kind)}: a risk in {pair.last}, which has happened{level}."
        return pair.change("became issue", row.key, told)
    new = "new in this report" if pair.report.is_public else "new"  # it may only have been chosen newly
    return pair.change(f"{kind} new", row.key, f"{risk_name(row, kind)}: {new}{level}.")


def assessed(pair: Pair, row: RiskRow, old: RiskRow, kind: str) -> Iterator[Change]:
    name = risk_name(row, kind)
    if row.level and old.level and row.level != old.level:
        way = "up" if LEVELS.index(row.level) > LEVELS.index(old.level) else "down"
        told = f"{name}: {way}, from {Level(old.level).label.lower()} to {Level(row.level).label.lower()}."
        yield pair.change(f"risk {way}", row.key, told)
    elif row.level and row.level == old.level and row.trend in ("up", "down"):
        way = "rising" if row.trend == "up" else "falling"
        yield pair.change(
            f"risk {way}", row.key, f"{name}: {way} ({row.arrow}), its level still {row.level_word.lower()}."
        )
    if old.level and not row.level:
        yield pair.gone(name, "level", row.key, old.level_word.lower())
    elif row.level and not old.level:
        yield pair.come(name, "level", row.key, row.level_word.lower())


# Goals


def goals(pair: Pair) -> Iterator[Change]:
    """By key; one that goes on in a new year is compared with the one it continues."""
    if pair.then is None:
        return
    then = {row.key: row for row in pair.then.goals}
    known = {*then, *(row.key for row in pair.now.goals if row.carried_from in then)}
    whole = pair.both_open(Section.GOALS)
    for row in pair.now.goals:
        carried = row.key not in then and row.carried_from in then
        old = then.pop(row.carried_from if carried else row.key, None)
        if carried and old:
            yield pair.change("goal carried", row.key, goes_on(row, old))
        elif old is None and whole:
            told = f"{goal_name(row)}: a new goal{f', due in {row.forecast_text}' if row.forecast else ''}."
            yield pair.change("goal new", row.key, told)
        if old is not None or whole:
            yield from planned(pair, row, old)
    if due := [row.number for row in pair.now.goals if (whole or row.key in known) and is_due_next(row, pair)]:
        yield pair.change("goal due", "goals", due_next(due, pair))
    for old in then.values():
        if whole and old.confidence != GoalConfidence.COMPLETE:
            yield pair.change("goal dropped", "goals", f"{goal_name(old)}: {ended(pair, old)}.")


def goal_name(row: GoalRow) -> str:
    return unstopped(f"Goal {row.number}, {row.title}")


def goes_on(row: GoalRow, old: GoalRow) -> str:
    now, then = year_label(row.financial_year), year_label(old.financial_year)
    return f"{goal_name(row)}: goes on in {now}; it was goal {old.number} of {then}."


def ended(pair: Pair, old: GoalRow) -> str:
    state = f"{word(old.confidence)} in {pair.last}" if old.confidence else f"not judged in {pair.last}"
    if pair.new_year:
        return f"not complete ({state}), and not carried into {year_label(pair.report.quarter.year)}"
    return f"not complete ({state}), and not reported any more"


def planned(pair: Pair, row: GoalRow, old: GoalRow | None) -> Iterator[Change]:
    if old is not None:
        yield from dated(pair, row, old)
        if GoalConfidence.COMPLETE in (row.confidence, old.confidence):
            yield from completed(pair, row, old)
        else:
            yield from letters(pair, old.confidence, row.confidence, goal_name(row), "confidence", row.key)
    if row.confidence == GoalConfidence.COMPLETE or row.forecast is None:
        return
    quarter = pair.report.quarter
    if is_overdue(row, quarter) and not (old and is_overdue(old, pair.before.quarter)):
        told = f"{goal_name(row)}: was due in {when(row.forecast, pair)} and is not complete."
        yield pair.change("goal overdue", row.key, told)


def is_due_next(row: GoalRow, pair: Pair) -> bool:
    return row.forecast == pair.report.quarter.next and row.confidence != GoalConfidence.COMPLETE


def due_next(numbers: list[int], pair: Pair) -> str:
    """The goals of a priority that are due next quarter, in one sentence."""
    subject = f"goal{'s' * (len(numbers) > 1)} {listed([str(number) for number in numbers])}"
    verb = "are" if len(numbers) > 1 else "is"
    return f"{unstopped(pair.now.title)}: {subject} {verb} due next quarter, {when(pair.report.quarter.next, pair)}."


def is_overdue(row: GoalRow, quarter: Period) -> bool:
    """Whether the quarter it was forecast for is over; a goal of this quarter still has time."""
    return row.forecast is not None and row.forecast < quarter and row.confidence != GoalConfidence.COMPLETE


def when(period: Period, pair: Pair) -> str:
    return period.label_within(pair.report.quarter.year)


def completed(pair: Pair, row: GoalRow, old: GoalRow) -> Iterator[Change]:
    if row.confidence == old.confidence:
        return
    if row.confidence == GoalConfidence.COMPLETE:
        yield pair.change("goal complete", row.key, f"{goal_name(row)}: complete.")
    elif row.confidence:
        told = f"{goal_name(row)}: {word(row.confidence)}; it was complete in {pair.last}."
        yield pair.change("goal reopened", row.key, told)
    else:
        yield pair.gone(goal_name(row), "confidence", row.key, "complete")


def dated(pair: Pair, row: GoalRow, old: GoalRow) -> Iterator[Change]:
    """Its forecast, and the baseline that slips are counted from."""
    name = goal_name(row)
    if row.forecast and old.forecast and (moved := row.forecast.quarters_after(old.forecast)):
        kind, verb = ("goal slipped", "slipped") if moved > 0 else ("goal earlier", "is expected sooner")
        told = f"{name}: {verb}, {slip_text(moved)}: from {when(old.forecast, pair)} to {when(row.forecast, pair)}."
        yield pair.change(kind, row.key, told)
    elif old.forecast and not row.forecast:
        yield pair.gone(name, "forecast", row.key, when(old.forecast, pair))
    elif row.forecast and not old.forecast:
        yield pair.come(name, "forecast", row.key, when(row.forecast, pair))
    if row.baseline != old.baseline:
        now, was = (when(each, pair) if each else "none" for each in (row.baseline, old.baseline))
        yield pair.change("baseline moved", row.key, f"{name}: its baseline is {now}; it was {was} in {pair.last}.")


# Money


NO_FIGURES = FinanceRow("", "", None, None, None, None)


def finances(pair: Pair) -> Iterator[Change]:
    """The position of each quarter itself: budget and forecast of the year, and what was spent to date."""
    if pair.then is None or pair.new_year or not pair.both_open(Section.FINANCE):
        return
    now, was = pair.now.position or NO_FIGURES, pair.then.position or NO_FIGURES
    for name, label in FIGURES.items():
        figure, before = getattr(now, name), getattr(was, name)
        subject = f"{unstopped(pair.now.title)}, finance"
        if before is not None and figure is None:
            yield pair.gone(subject, label, "finance", show_money(before))
        elif figure is not None and before is None:
            yield pair.come(subject, label, "finance", show_money(figure))
        elif name in ("budget", "forecast") and is_moved(figure, before, was.forecast):
            told = (
                f"{unstopped(pair.now.title)}: the {label} of the year {moved_text(before, figure)} since {pair.last}."
            )
            yield pair.change(f"{label} moved", "finance", told)


def is_moved(figure: Decimal | None, before: Decimal | None, measure: Decimal | None) -> bool:
    """Whether it moved by more than 1% of the forecast before, or where there was none, of itself."""
    if figure is None or before is None:
        return False
    return abs(figure - before) * 100 > MOVED_BY * abs(before if measure is None else measure)


def moved_text(before: Decimal, figure: Decimal) -> str:
    """ "rose by 3.1%, from £31.9m to £32.9m"; in pounds where that would say the same twice."""
    found: Any = variance(before, figure)
    verb = "rose" if figure > before else "fell"
    by = f" by {show_percent(abs(found.percent)).lstrip('+')}" if found.percent else ""
    texts = [show_money(before), show_money(figure)]
    if texts[0] == texts[1]:
        texts = [f"£{each:,.0f}".replace("£-", "−£") for each in (before, figure)]
    return f"{verb}{by}, from {texts[0]} to {texts[1]}"


# Reading them


def by_way(changes: Iterable[Change]) -> dict[str, int]:
    """How many are for the worse, for the better, and neither."""
    counts = Counter(way_of(change.kind) for change in changes)
    return {way: counts[way] for way in (WORSE, BETTER, OTHER)}
