"""The overview of a quarter: written as a section is, then submitted, and approved or sent back by somebody else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from crispy_forms.layout import Layout
from django import forms
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone

from priorities.cells import tidy
from priorities.door import Refused
from priorities.history import ChangeSet, Source
from priorities.models import Gaps, Person, Quarter, QuarterStatus, Role, UpdateStatus, is_open_to
from priorities.moves import (
    APPROVE_OVERVIEW,
    SEND_BACK_OVERVIEW,
    SUBMIT_OVERVIEW,
    WITHDRAW_OVERVIEW,
    Move,
)
from priorities.prose import HINT as MARKS
from priorities.writing import moving, writing

from .changes import Change, changes_of, past, steps
from .checks import other_quarters
from .entry import Entry, NothingWritten, write_typed
from .forms import MoveForm, RowForm, UpdateForm, text
from .layout import Block
from .models import NoticeKind, OverviewDraft
from .notices import notify
from .progress import overview_text
from .submitting import SENT_BACK

NAMED = "name author"  # the act of the change set that names who writes it
NOT_WRITTEN = "There is no overview; write what happened this quarter, then submit it."
NOT_SAVED = "Something is typed here and not saved; save it, or throw it away, then submit it."
MOST_NAMES = 4  # beyond, a sentence names the role instead of the people


def quarters() -> QuerySet[Quarter]:
    people = ("overview_author", "overview_submitted_by", "overview_approved_by", "reopened_for")
    return Quarter.objects.select_related("plan", *people)


def has_part(quarter: Quarter, person: Person) -> bool:
    """Whether the overview is theirs to look after: its author, managers and administrators."""
    return person.sees_all or quarter.overview_author_id == person.pk


def may_write(quarter: Quarter, person: Person) -> bool:
    """Whether this person may write the overview now, as the door would say; no query beyond the person's roles."""
    if quarter.status != QuarterStatus.OPEN or not quarter.overview_is_editable or not has_part(quarter, person):
        return False
    return is_open_to(quarter, person)


def why_not(quarter: Quarter, person: Person) -> list[str]:
    """Why nothing can be saved now, and what helps; nothing while it can."""
    return [] if may_write(quarter, person) else Quarter.objects.filter(pk=quarter.pk).why_not_editable(person)


# Writing


class OverviewForm(UpdateForm):
    kind = section = "overview"
    overview = text("Overview", 16, MARKS)
    layout = Layout(Block("overview"))

    @property
    def label(self) -> str:
        return str(self.row)

    @property
    def last_label(self) -> str:
        return self.last.period.label_within(self.row.financial_year)

    def gaps(self) -> Gaps:
        return []

    def beside(self, name: str) -> dict[str, Any]:
        """Last quarter's text stands in full next to this one: the field need not repeat it."""
        return super().beside(name) | {"in_full": True}


class OverviewEntry(Entry):
    """The overview as one person fills it in; two queries, one more where others have changed it since."""

    def __init__(
        self, quarter: Quarter, person: Person, typed: Mapping[str, str] | None = None, *, submitted: bool = False
    ) -> None:
        self.quarter = quarter
        rows: Any = [quarter]
        super().__init__(rows, OverviewForm.section, person, typed, submitted=submitted)

    def load(self) -> list[RowForm]:
        return [OverviewForm(self.quarter, **self.how)]

    @property
    def form(self) -> RowForm:
        return self.forms[0]

    def recall(self) -> None:
        """Put the newest opened quarter before this one beside it. One query."""
        if not self.recalled:
            self.recalled = True
            year, number = self.quarter.financial_year, self.quarter.number
            earlier = Quarter.objects.filter(
                Q(financial_year__lt=year) | Q(financial_year=year, number__lt=number),
            )
            self.form.last = earlier.exclude(status=QuarterStatus.PLANNED).in_order().last()

    def write(self, *, unchanged: bool = False) -> None:
        for form in self.changed:
            form.apply()
            if not form.errors:
                form.row.save()

    def entered_for(self) -> str:
        author = self.quarter.overview_author
        return str(author) if author is not None and author != self.person else ""

    def doubts(self) -> list[str]:
        """What looks odd in the stored text and may be right; it stops nothing."""
        now, last = self.quarter, self.form.last
        found = []
        if last and now.overview and tidy(now.overview) == tidy(last.overview):
            found.append(f"The overview is the same as in {last}.")
        if others := other_quarters(now.overview, now.period):
            found.append(f"The overview names another quarter ({', '.join(others)}), and this is {now}.")
        return found


def save_overview(quarter: Quarter, person: Person, typed: Mapping[str, str]) -> OverviewEntry:
    """Save what was sent, or with `problems` in the entry that comes back, nothing: save_entry() for the overview.

    Raises Refused if it can't be written by this person now.
    """
    try:
        with writing(overview_of=[quarter], by=person, source=Source.FORM) as change_set:
            entry = OverviewEntry(quarters().get(pk=quarter.pk), person, typed, submitted=True)
            write_typed(entry, change_set)
            forget_draft(quarter, person)
    except NothingWritten as stopped:
        entry = stopped.entry  # type: ignore[assignment]
        if entry.problems:
            entry.recall()
        else:
            forget_draft(quarter, person)
    return entry


def forget_draft(quarter: Quarter, person: Person) -> None:
    OverviewDraft.objects.filter(quarter=quarter, person=person).delete()


def keep_draft(entry: OverviewEntry) -> None:
    """Keep what was typed and not saved; nothing to keep leaves no draft."""
    if data := entry.differences():
        OverviewDraft.objects.update_or_create(quarter=entry.quarter, person=entry.person, defaults={"data": data})
    else:
        forget_draft(entry.quarter, entry.person)


# Moves


@contextmanager
def moving_overview(quarter: Quarter, move: Move, *, by: Person | None, note: str) -> Iterator[Quarter]:
    """moving() for an overview, which moves only while its quarter is open."""
    with moving(quarter, move, by=by, source=Source.FORM, note=note[:200]) as moved:
        if moved.status != QuarterStatus.OPEN:
            raise Refused(not_open(moved, move))
        yield moved


def not_open(quarter: Quarter, move: Move) -> str:
    help_ = "reopen" if quarter.status == QuarterStatus.CLOSED else "open"
    told = f"{quarter} is {quarter.get_status_display().lower()} and its overview can't be {move.done} now"
    return f"{told}; an administrator has to {help_} the quarter first."


def refusal(quarter: Quarter, move: Move, person: Person) -> str:
    """Why this move can't be made by this person now; "" where it can, but for who wrote the text."""
    if not move.open_to(person, quarter):
        return move.refusal(person, quarter)
    return "" if quarter.status == QuarterStatus.OPEN else not_open(quarter, move)


LOOK_AGAIN = "It has changed since you opened this page; read what is new, then decide."


def submit_overview(quarter: Quarter, *, by: Person) -> None:
    """Hand it to the managers. Raises Refused if there is no text, or one of theirs is typed and not saved."""
    with moving_overview(quarter, SUBMIT_OVERVIEW, by=by, note="Submitted") as moved:
        if not moved.overview.strip():
            raise Refused(NOT_WRITTEN)
        if OverviewDraft.objects.filter(quarter=moved, person=by).exists():
            raise Refused(NOT_SAVED)
        moved.overview_submitted_at, moved.overview_submitted_by = timezone.now(), by
        managers = Person.objects.filter(groups__name=Role.MANAGER)
        tell(managers, NoticeKind.SUBMITTED, f"{by} submitted the overview of {moved}.", moved, by)


def withdraw_overview(quarter: Quarter, *, by: Person) -> None:
    with moving_overview(quarter, WITHDRAW_OVERVIEW, by=by, note="Withdrawn") as moved:
        moved.overview_submitted_at = moved.overview_submitted_by = None


def approve_overview(quarter: Quarter, *, by: Person, seen: int) -> None:
    """Accept the overview; `seen` is the quarter's version as its page showed it.

    Raises Refused where it was changed since, and, naming who can, for those who wrote or submitted the text that
    stands.
    """
    with moving_overview(quarter, APPROVE_OVERVIEW, by=by, note="Approved") as moved:
        if moved.version - 1 != seen:
            raise Refused(LOOK_AGAIN)
        if told := own_text(moved, by, past(Quarter, [moved.pk])):
            raise Refused(told)
        moved.overview_approved_at, moved.overview_approved_by = timezone.now(), by
        tell(writers(moved), NoticeKind.APPROVED, f"{by} approved the overview of {moved}.", moved, by)


def send_back_overview(quarter: Quarter, *, by: Person, reason: str) -> None:
    with moving_overview(quarter, SEND_BACK_OVERVIEW, by=by, note=f"{SENT_BACK}{reason}") as moved:
        told = f"{by} sent back the overview of {moved}: {reason}"
        tell(writers(moved), NoticeKind.SENT_BACK, told, moved, by)
        moved.overview_submitted_at = moved.overview_submitted_by = None
        moved.overview_approved_at = moved.overview_approved_by = None


def name_author(quarter: Quarter, *, to: Person | None, by: Person) -> None:
    """Say who writes it besides managers and administrators; None is nobody in particular. Administrators only."""
    if not by.is_administrator:
        raise Refused("Only an administrator names who writes the overview; ask one to.")
    note = f"Overview given to {to or 'nobody in particular'}"
    with writing(overview_of=[quarter], by=by, source=Source.FORM, note=note[:200], act=NAMED):
        row = quarters().get(pk=quarter.pk)
        before, row.overview_author = row.overview_author, to
        if before == to:
            return
        row.save()
        if to is not None:
            tell([to], NoticeKind.HANDED_OVER, f"You write the overview of {row}.", row, by)
        if before is not None:
            told = f"{to or 'Nobody in particular'} writes the overview of {row} now, in your place."
            tell([before], NoticeKind.HANDED_OVER, told, row, by)


def writers(quarter: Quarter) -> list[Person]:
    """Those who are told what became of it: who submitted it, and its author."""
    return [person for person in (quarter.overview_submitted_by, quarter.overview_author) if person is not None]


def tell(people: Iterable[Person], kind: NoticeKind, told: str, quarter: Quarter, by: Person) -> None:
    notify(people, kind, told, reverse("updates:overview", args=[quarter.period]), but=by)


# Who approves


def wrote(quarter: Quarter, history: Iterable[Any]) -> set[int]:
    """The keys of those who saved the text that stands, or submitted it; an emptied text is begun anew."""
    found: set[int] = set()
    before = ""
    for then in history:
        if then.overview != before and then.change_set and then.change_set.person_id:
            found.add(then.change_set.person_id)
        if not then.overview:
            found.clear()
        before = then.overview
    return found | ({quarter.overview_submitted_by_id} if quarter.overview_submitted_by_id else set())


def approvers(but: Iterable[int]) -> list[Person]:
    """The managers and administrators who can sign in, without these. One query."""
    roles = Q(groups__name__in=[Role.MANAGER, Role.ADMINISTRATOR]) | Q(is_superuser=True)
    return list(Person.objects.filter(roles, is_active=True).exclude(pk__in=but).distinct())


def own_text(quarter: Quarter, person: Person, history: Iterable[Any]) -> str:
    """Why this person can't approve it, and who can; "" where they wrote and submitted none of it."""
    own = wrote(quarter, history)
    if person.pk not in own:
        return ""
    told = f"You wrote or submitted the overview of {quarter}, and nobody approves their own text."
    return f"{told} {who_approves(own)}"


def who_approves(own: Iterable[int]) -> str:
    """Who can approve what these have written, in a sentence. One query."""
    people = approvers(own)
    if not people:
        return "Nobody else can approve it yet; an administrator can make somebody a manager."
    if len(people) > MOST_NAMES:
        return "Any other manager or administrator can approve it."
    *most, last = map(str, people)
    return f"{', '.join(most)} or {last} can approve it." if most else f"{last} can approve it."


# Showing


def last_return(history: Iterable[Any]) -> ChangeSet | None:
    """The change set that sent it back last, with its reason."""
    moved = [then.change_set for then in history if then.change_set]
    return next((made for made in reversed(moved) if made.note.startswith(SENT_BACK)), None)


def changes_of_overview(quarter: Quarter) -> list[Change]:
    """Who changed its text, state and author, newest first. Two queries."""
    texts = [replace(change, subject="Overview") for change in changes_of([OverviewForm(quarter)]) if change.cells]
    moves = steps(
        past(Quarter, [quarter.pk]).select_related("change_set__person", "overview_author"),
        "Overview",
        {
            "overview_status": ("State", lambda row: row.get_overview_status_display()),
            "overview_author_id": ("Author", lambda row: str(row.overview_author or "")),
        },
    )
    return sorted(texts + moves, key=lambda change: change.at, reverse=True)


class AuthorForm(MoveForm):
    name, button = "author_form", "Name as author"
    to = forms.ModelChoiceField(
        Person.objects.filter(is_active=True).order_by("first_name", "last_name", "username"),
        label="Who writes it, besides managers and administrators",
        required=False,
        empty_label="Nobody in particular",
        error_messages={"invalid_choice": "That person can't sign in; choose another."},
    )


@dataclass(frozen=True, slots=True)
class OverviewTask:
    """The overview of an open quarter, as one thing that its author has to do."""

    quarter: Any  # with `typed_at`
    person: Person

    @property
    def is_open(self) -> bool:
        return may_write(self.quarter, self.person)

    @property
    def needs(self) -> str:
        if not self.is_open:
            return "Nothing now"
        if self.quarter.overview_status == UpdateStatus.SENT_BACK:
            return "It was sent back; see what has to be done"
        return "Nothing: it can be submitted" if self.quarter.overview else "It is to be written"

    @property
    def due_text(self) -> str:
        return overview_text(self.quarter)

    @property
    def is_late(self) -> bool:
        due = self.quarter.reopened_until or self.quarter.due_on
        return due is not None and due < timezone.localdate() and self.quarter.overview_is_editable


def overviews_for(person: Person) -> list[OverviewTask]:
    """The overviews of open quarters that this person is named to write, with when they typed what isn't saved."""
    drafts = OverviewDraft.objects.filter(person=person, quarter=OuterRef("pk"))
    open_ones = Quarter.objects.filter(overview_author=person, status=QuarterStatus.OPEN)
    found = open_ones.annotate(typed_at=Subquery(drafts.values("saved_at")[:1]))
    return [OverviewTask(quarter, person) for quarter in found]
