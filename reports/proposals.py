"""Late data: whoever fills in a priority proposes another figure for a closed quarter; managers answer.

A proposal changes nothing by itself. It is taken up by reopening the quarter, and entered through the same door, with
the same checks, as if it had been typed on the entry page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from finance.models import FinancialPosition
from goals.models import Goal, GoalForecast
from indicators.models import Indicator, Reading, forbidden
from priorities.cells import (
    CellError,
    parse_goal_confidence,
    parse_level,
    parse_measure,
    parse_money,
    parse_period,
    parse_rating,
    parse_trend,
)
from priorities.door import Refused
from priorities.models import (
    RATINGS,
    Person,
    Priority,
    Quarter,
    QuarterlyUpdate,
    QuarterStatus,
    RiskScale,
    Role,
    Section,
    listed,
)
from risks.models import Assessment, Risk
from updates.entry import ROWS, drafts_of, save_entry
from updates.forms import YES, RatingsForm, RowForm
from updates.models import NoticeKind
from updates.notices import notify

from .models import ProposalState, ProposedRevision
from .report import PriorityReport
from .revisions import FIGURES, Figure, name_of
from .waiting import managers

GROUPS = {  # the rows of a closed report by the section that fills them in
    "ratings": Section.RATINGS,
    "finance": Section.FINANCE,
    "indicators": Section.INDICATORS,
    "risks": Section.RISKS,
    "issues": Section.RISKS,
    "goals": Section.GOALS,
}
SET_UP = {("goals", "baseline")}  # administrators change these, no entry page does


@dataclass(frozen=True, slots=True)
class Choice:
    """A figure of a closed quarter for which another may be proposed."""

    group: str
    section: str
    key: str
    field: str
    of: str
    was: str
    now: Any  # its value, to be compared with what is proposed
    row: Any

    @property
    def mark(self) -> str:
        return f"{self.section}:{self.key}:{self.field}"

    @property
    def label(self) -> str:
        return f"{self.of}: now {self.was or 'nothing'}"


# What may be proposed


def choices(part: PriorityReport, person: Person, *, matrix: bool) -> list[Choice]:
    """The figures of a priority that this person fills in, as the closed report has them; three queries for holders."""
    sections, held = person.sections_of(part.pk), rows_held(part.pk, person)
    return [
        choice
        for choice in all_choices(part)
        if (choice.section in sections or choice.key in held)
        and not (matrix and choice.section == Section.RISKS and choice.field == "level")  # it follows from the score
    ]


def rows_held(priority: int, person: Person) -> set[str]:
    if not person.has_rows_of(priority):
        return set()
    held = [model.objects.filter(priority=priority, holder=person) for model in (Indicator, Risk, Goal)]  # type: ignore[attr-defined]
    return {str(key) for rows in held for key in rows.values_list("key", flat=True)}


def all_choices(part: PriorityReport) -> Iterator[Choice]:
    for group, section in GROUPS.items():
        for row in getattr(part, group):
            for figure in FIGURES[group]:
                if (group, figure.field) not in SET_UP:
                    yield choice_of(group, section.value, row, figure)


def choice_of(group: str, section: str, row: Any, figure: Figure) -> Choice:
    key = {"ratings": "", "finance": getattr(row, "period", "").lower()}.get(group, getattr(row, "key", ""))
    field = row.name if group == "ratings" else figure.field
    of = f"{name_of(row, group)}, {figure.what}"
    return Choice(group, section, key, field, of[:400], figure.text(row), figure.value(row), row)


def read_value(choice: Choice, typed: str) -> Any:
    """What was typed, as the entry page reads it, comparable with the closed value. Raises CellError."""
    if choice.group == "indicators" and choice.field in ("target", "value"):
        found = parse_measure(typed, choice.row.unit)
        if message := forbidden(found.value, choice.row.unit, choice.row.decimals):
            raise CellError(message)
        return found.value, str(found.missing or "")
    if choice.group == "goals" and choice.field == "forecast":
        return parse_period(typed, choice.row.financial_year).label_within(choice.row.financial_year)
    if choice.group == "finance":
        return parse_money(typed)
    return str(letter_parser(choice)(typed))


def letter_parser(choice: Choice) -> Callable[[str], Any]:
    known: dict[str, Callable[[str], Any]] = {"level": parse_level, "trend": parse_trend}
    if choice.group == "goals":
        return parse_goal_confidence
    return known.get(choice.field, parse_rating)


# Proposing


def propose(
    update: QuarterlyUpdate, part: PriorityReport, *, by: Person, mark: str, value: str, reason: str, source: str
) -> ProposedRevision:
    """Offer another value for a figure of a closed quarter, with why and from where; managers are told.

    Raises Refused: the quarter isn't closed, the figure isn't theirs, the value can't be read, or is the same.
    """
    if update.quarter.status != QuarterStatus.CLOSED:
        raise Refused(f"{update.quarter} is not closed: what is late is entered on the pages of its update.")
    choice = chosen(update, part, by, mark)
    if problems := problems_with(choice, value, reason, source):
        raise Refused(*problems)
    with transaction.atomic():
        made = ProposedRevision.objects.create(
            update=update,
            section=choice.section,
            key=choice.key,
            field=choice.field,
            of=choice.of,
            was=choice.was[:200],
            value=value.strip(),
            reason=reason.strip(),
            source=source.strip(),
            proposed_by=by,
        )
        text = f"{by} proposes another figure for {update}: {made.of}, {made.value}. {made.reason}"
        path = reverse("reports:publishing", args=[update.quarter.period])
        notify(managers(), NoticeKind.CLOSED, text, path, but=by)
    return made


def chosen(update: QuarterlyUpdate, part: PriorityReport, by: Person, mark: str) -> Choice:
    """The figure of this mark. Raises Refused where it isn't theirs."""
    matrix = update.quarter.plan.risk_scale == RiskScale.MATRIX
    for choice in choices(part, by, matrix=matrix):
        if choice.mark == mark:
            return choice
    raise Refused("Choose a figure that you fill in.")


def problems_with(choice: Choice, value: str, reason: str, source: str) -> list[str]:
    """Why this can't be proposed for a figure; nothing where it can."""
    try:
        if read_value(choice, value) == choice.now:
            return [f"{choice.of} says {choice.was} already."]
    except CellError as error:
        return [str(error)]
    return [told for text, told in ((reason, SAY_WHY), (source, SAY_FROM)) if not text.strip()]


SAY_WHY = "Say why the figure is another one."
SAY_FROM = "Say where the value comes from."


# Answering

SAY_WHY_NOT = "Say why it is declined; who proposed it is told that."


def answer(
    quarter: Quarter, proposals: Iterable[int], *, by: Person, take_up: bool, reason: str = ""
) -> list[ProposedRevision]:
    """Take proposals up, which asks administrators to reopen the quarter, or decline them with a reason.

    Who proposed is told. Raises Refused: not for this person, nothing chosen, no reason, answered by somebody else.
    """
    if not by.sees_all:
        raise Refused("Proposed revisions are answered by managers and administrators; ask one of them.")
    if not take_up and not reason.strip():
        raise Refused(SAY_WHY_NOT)
    state = ProposalState.TAKEN_UP if take_up else ProposalState.DECLINED
    with transaction.atomic():
        found = list(ProposedRevision.objects.of_quarter(quarter).offered().filter(pk__in=proposals))
        if not found or len(found) < len(set(proposals)):
            raise Refused("Choose at least one that nobody has answered yet; somebody may have done so meanwhile.")
        mine = ProposedRevision.objects.offered().filter(pk__in=[each.pk for each in found])
        now = timezone.now()
        if mine.update(state=state, answered_by=by, answered_at=now, answer=reason.strip()) != len(found):
            raise Refused("Somebody else answered meanwhile; load the page again.")
        tell_of_answer(quarter, found, by, take_up=take_up, reason=reason.strip())
    return found


def tell_of_answer(quarter: Quarter, found: list[ProposedRevision], by: Person, *, take_up: bool, reason: str) -> None:
    for each in found:
        told = "is taken up; it is entered once the quarter is reopened." if take_up else f"is declined: {reason}"
        text = f"What you proposed for {each.update}, {each.of}: {each.value}, {told}"
        notify([each.proposed_by], NoticeKind.CLOSED, text, page_of(each.update), but=by)
    if take_up and not by.is_administrator:
        administrators = list(Person.objects.filter(groups__name=Role.ADMINISTRATOR))
        text = f"{by} asks to reopen {quarter}. {reason_to_reopen(found)}"
        notify(administrators, NoticeKind.CLOSED, text, reverse("reports:closing", args=[quarter.period]), but=by)


def reason_to_reopen(found: Iterable[ProposedRevision]) -> str:
    """What the reopening would say of these, with their reasons: the next version prints it."""
    return " ".join(f"{each.of}: {each.value} instead of {each.was or 'nothing'}. {each.reason}" for each in found)


def prefilled(proposals: Iterable[ProposedRevision]) -> dict[str, Any]:
    """What a reopening for the proposals that were taken up would say."""
    taken = [each for each in proposals if each.state == ProposalState.TAKEN_UP]
    if not taken:
        return {}
    return {
        "for_": taken[0].proposed_by,
        "what": list(dict.fromkeys(str(each.update.priority_id) for each in taken)),
        "reason": reason_to_reopen(taken)[:1000],
    }


def page_of(update: QuarterlyUpdate) -> str:
    return reverse("reports:revisions", args=[update.quarter.period, update.priority.slug])


def tell_who_enters(quarter: Quarter, priorities: Iterable[Priority], for_: Person, by: Person | None) -> None:
    """Whom a quarter is reopened for, of the proposals that wait to be entered."""
    waiting = list(ProposedRevision.objects.of_quarter(quarter).pending().filter(update__priority__in=priorities))
    for update in {each.update_id: each.update for each in waiting}.values():
        own = [each.of for each in waiting if each.update_id == update.pk]
        text = f"Proposed for {update}, to be entered: {listed(own)}."
        notify([for_], NoticeKind.CLOSED, text, page_of(update), but=by)


# Entering


def enter(proposal: ProposedRevision, *, by: Person) -> None:
    """Enter the proposed value as if it had been typed on the entry page, and tell who proposed it.

    Raises Refused: the quarter isn't reopened for this person, the row is gone, the value doesn't fit any more, or
    they have typed something in the same section and not saved it.
    """
    update = QuarterlyUpdate.objects.select_related("priority", "quarter__plan").get(pk=proposal.update_id)
    section = Section(proposal.section)
    if drafts_of([update], section, by):
        raise Refused(f"You have typed something in {section.label} and not saved it; save it or throw it away first.")
    form = form_of(proposal, update)
    typed = {**form.texts, **{form.add_prefix(name): text for name, text in cells_of(proposal).items()}}
    with transaction.atomic():
        mine = ProposedRevision.objects.pending().filter(pk=proposal.pk)
        entered: dict[str, Any] = {"answered_by": by, "answered_at": timezone.now(), "answer": ""}
        if not mine.update(state=ProposalState.APPLIED, **entered):
            raise Refused("This was entered or declined meanwhile; load the page again.")
        entry = save_entry([update], section, by, typed)
        if entry.problems:
            raise Refused(*(told for _, told in entry.problem_list))
        text = f"What you proposed for {update}, {proposal.of}: {proposal.value}, is entered."
        notify([proposal.proposed_by], NoticeKind.CLOSED, text, page_of(update), but=by)


def cells_of(proposal: ProposedRevision) -> dict[str, str]:
    """What is typed into the row; all else of it stays as it is stored."""
    return {"confirmed": YES, proposal.field: proposal.value}


def form_of(proposal: ProposedRevision, update: QuarterlyUpdate) -> RowForm:
    """The row that the proposal is about, with its cells as they are stored. Raises Refused."""
    if proposal.section == Section.RATINGS:
        assert proposal.field in RATINGS
        return RatingsForm(update)
    model, form, _ = ROWS[proposal.section]
    wanted: dict[type, dict[str, Any]] = {
        Reading: {"indicator__key": proposal.key},
        Assessment: {"risk__key": proposal.key},
        GoalForecast: {"goal__key": proposal.key},
        FinancialPosition: {"period": proposal.key.removeprefix("q")},
    }
    row = model.objects.filter(update=update, **wanted[model]).first()
    if row is None:
        raise Refused(f"{proposal.of} is not in {update} any more.")
    return form(row)
