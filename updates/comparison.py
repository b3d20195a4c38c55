"""An update as its reviewer reads it: each line against last quarter and against what was sent back, what is odd or
was asked of it, and what stands in the way of approving it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, JSONField, OuterRef, Q, QuerySet, Subquery
from django.utils.safestring import SafeString

from finance.models import FinancialPosition
from priorities.cells import Missing, shorten
from priorities.models import (
    RATINGS,
    Assignment,
    AssignmentRole,
    ChangeSet,
    Person,
    QuarterlyUpdate,
    QuarterStatus,
    Section,
)
from priorities.periods import Period
from risks.models import Assessment

from .checks import Checks, Finding, checks_of_rows
from .entry import ROWS, TEXTS
from .forms import NOT_TICKED, RowForm
from .models import Comment, Draft, Explanation, Page, SentBack, SignOff
from .progress import RowsBySection, rows_by_section
from .wording import marked

NOT_COMPARED = ("base", "confirmed", "position", "became_issue")
READ_TOGETHER = ("value", "target", "confidence", "forecast", "level", "trend")
STATUSES = ("objectives", "time", "spend", "capability", "risk", "confidence", "level", "trend")


@dataclass(frozen=True, slots=True)
class Compared:
    """One cell: now, last quarter, and where it was sent back since, what it said then."""

    name: str
    label: str
    now: str
    last: str
    before: str | None
    is_text: bool

    @property
    def differs(self) -> bool:
        return self.now != self.last

    @property
    def changed_since(self) -> bool:
        return self.before is not None and self.before != self.now

    @property
    def marks(self) -> SafeString:
        """A text with what differs from last quarter's marked; "" where it is new altogether."""
        return marked(self.last, self.now) if self.is_text and self.differs else SafeString("")

    @property
    def marks_since(self) -> SafeString:
        return marked(self.before or "", self.now) if self.is_text and self.changed_since else SafeString("")


@dataclass(frozen=True, slots=True)
class Thread:
    """A comment and what was answered to it."""

    comment: Comment
    answers: tuple[Comment, ...]

    @property
    def answer_name(self) -> str:
        """What an answer to it is typed into."""
        return f"answer|{self.comment.pk}"

    @property
    def is_open(self) -> bool:
        return self.comment.resolved_at is None


@dataclass(slots=True)
class Line:
    """One row of an update, or the texts of a section."""

    form: RowForm
    cells: list[Compared]
    is_new: bool
    added_since: bool
    findings: list[tuple[Finding, Explanation | None]] = field(default_factory=list)
    threads: list[Thread] = field(default_factory=list)
    decisions: Any = ()  # of the board, and not done yet

    @property
    def section(self) -> str:
        return str(self.form.section)

    @property
    def key(self) -> str:
        return str(self.form.history_key)

    @property
    def subject(self) -> str:
        """The line as a comment on it is headed."""
        return subject_of(self.form)

    @property
    def field_name(self) -> str:
        """What a comment on it is typed into."""
        return f"comment|{self.section}|{self.key}"

    @property
    def anchor(self) -> str:
        return f"{self.section}-{self.key or 'texts'}"

    @property
    def shown(self) -> list[Compared]:
        """What differs, and the figures and judgements that are read together."""
        return [cell for cell in self.cells if cell.differs or (cell.name in READ_TOGETHER and not self.is_quiet)]

    @property
    def folded(self) -> list[Compared]:
        shown = self.shown
        return [cell for cell in self.cells if cell not in shown]

    @property
    def since(self) -> list[Compared]:
        return [cell for cell in self.cells if cell.changed_since]

    @property
    def computed(self) -> list[str]:
        """What follows from the figures: the suggested confidence, the slip, the variances."""
        outputs = self.form.shown_outputs
        variances = isinstance(self.form.row, FinancialPosition)
        named = {"forecast": "Forecast variance ", "actual": "Variance to date "} if variances else {}
        return [
            f"{named.get(n, '')}{outputs[n]}" for n in ("suggested", "slip", "forecast", "actual") if outputs.get(n)
        ]

    @property
    def weight(self) -> int:
        """Its place in the reading: what is asked, what changed since it was sent back, what moved, the rest."""
        if any(thread.is_open for thread in self.threads):
            return 0
        if self.since or self.added_since:
            return 1
        differing = {cell.name for cell in self.cells if cell.differs}
        if self.findings or self.is_new or differing & set(STATUSES):
            return 2
        return 3 if differing else 4

    @property
    def is_quiet(self) -> bool:
        """Whether nothing of it has changed, and nobody has said anything of it."""
        return self.weight == 4 and not self.threads

    @property
    def is_worded(self) -> bool:
        """Whether there are words to mend."""
        return any(cell.is_text and cell.now for cell in self.cells)


def subject_of(form: RowForm) -> str:
    if isinstance(form.row, QuarterlyUpdate):
        return Section(form.section).label if form.section == Section.RATINGS else "Finance note"
    if isinstance(form.row, Assessment):
        return f"{form.label}: {shorten(form.row.description, 80)}"
    return f"Q{form.row.period}" if isinstance(form.row, FinancialPosition) else form.label


@dataclass(frozen=True, slots=True)
class Part:
    """One section: its lines by weight, and those of last quarter that are not there any more."""

    section: Section
    lines: tuple[Line, ...]
    gone: tuple[str, ...]

    @property
    def telling(self) -> list[Line]:
        return [line for line in self.lines if not line.is_quiet]

    @property
    def quiet(self) -> list[Line]:
        return [line for line in self.lines if line.is_quiet]


@dataclass(frozen=True, slots=True)
class Signature:
    """A sign-off that the priority asks for, with who may give it, and who gave it."""

    section: str
    people: tuple[str, ...]
    mine: bool
    at: dt.datetime | None
    by: str

    @property
    def label(self) -> str:
        return Section(self.section).label if self.section else "The whole"


@dataclass(frozen=True, slots=True)
class Comparison:
    update: QuarterlyUpdate
    last: QuarterlyUpdate | None
    parts: tuple[Part, ...]
    checks: Checks
    signatures: tuple[Signature, ...]
    loose: tuple[Thread, ...]  # about lines that are gone
    sent_back: SentBack | None

    @property
    def lines(self) -> Iterator[Line]:
        return (line for part in self.parts for line in part.lines)

    @property
    def threads(self) -> list[Thread]:
        return [*(thread for line in self.lines for thread in line.threads), *self.loose]

    @property
    def open_threads(self) -> int:
        return sum(thread.is_open for thread in self.threads)

    @property
    def changed_since(self) -> list[Line]:
        """The lines that say something else than when the update was sent back."""
        return [line for line in self.lines if line.since or line.added_since]

    @property
    def unsigned(self) -> list[Signature]:
        return [signature for signature in self.signatures if signature.at is None]


def updates_at(period: Period, slug: str, reviewer: Person) -> list[QuarterlyUpdate]:
    """The update of an address and the one before it, newest first, each with what its review needs. One query.

    `wrote` says whether the reviewer filled in any of it, `typed` is what they have typed and not saved.
    """
    until = Q(quarter__financial_year__lt=period.year) | Q(
        quarter__financial_year=period.year, quarter__number__lte=period.number
    )
    wrote = entered_in(OuterRef(OuterRef("pk"))).filter(person=reviewer)
    typed = Draft.objects.filter(update=OuterRef("pk"), person=reviewer, section=Page.REVIEW).values("data")[:1]
    found: Any = (
        QuarterlyUpdate.objects.filter(until, priority__slug=slug)
        .exclude(quarter__status=QuarterStatus.PLANNED)
        .select_related("quarter__plan", "priority", "sent_back__by", "submitted_by", "approved_by")
        .annotate(typed=Subquery(typed, output_field=JSONField()), wrote=Exists(wrote))
        .order_by("-quarter__financial_year", "-quarter__number", "-priority__plan__first_year")[:2]
    )
    return list(found)


def compare(update: QuarterlyUpdate, last: QuarterlyUpdate | None, reader: Person) -> Comparison:
    """This quarter's lines against last quarter's, as far as this reader may see them. Seven queries."""
    rows = rows_by_section([update, last] if last else [update])
    checks = checks_of_rows(update, last, rows)
    threads = threads_of(update)
    sent_back = getattr(update, "sent_back", None)
    then = sent_back.cells if sent_back and not update.is_editable else {}
    readable, asked_of = update.readable_sections(reader), sections_in_hand(update, reader)
    parts = []
    for section in Section:
        lines, gone = [], []
        for form, before in paired(update, last, rows, section):
            if form is None:
                gone += [subject_of(before)] if section in readable else []
                continue
            own = threads.pop((str(section), str(form.history_key)), [])
            held = form.row.holder_id == reader.pk
            if section in readable or held:
                lines.append(line_of(form, before, then, own if section in asked_of or held else [], checks))
        if section in readable or lines:
            parts.append(Part(section, tuple(sorted(lines, key=lambda line: line.weight)), tuple(gone)))
    loose = tuple(t for (section, _), found in threads.items() if section in asked_of for t in found)
    return Comparison(update, last, tuple(parts), checks, tuple(signatures_of(update, reader)), loose, sent_back)


def sections_in_hand(update: QuarterlyUpdate, person: Person) -> frozenset[str]:
    """The sections whose comments somebody may read: a review stays with those who have to do with it."""
    signed = person.signs(update.priority_id)
    if person.sees_all or "" in signed:
        return frozenset(Section.values)
    return person.sections_of(update.priority_id) | signed


def paired(
    update: QuarterlyUpdate, last: QuarterlyUpdate | None, rows: RowsBySection, section: Section
) -> Iterator[tuple[Any, Any]]:
    """Each form of a section with last quarter's of the same, None on either side where there is none."""
    if section in TEXTS:
        yield TEXTS[section](update), TEXTS[section](last) if last else None
    if section not in ROWS:
        return
    _, form, subject = ROWS[section]
    before = {getattr(row, subject): form(row) for row in rows[section][last.pk]} if last else {}
    for row in rows[section][update.pk]:
        yield form(row), before.pop(getattr(row, subject), None)
    yield from ((None, gone) for gone in before.values())


def line_of(form: RowForm, before: RowForm | None, then: Any, threads: Any, checks: Checks) -> Line:
    form.last = before.row if before else None
    known = then.get(form.prefix)
    cells = [
        Compared(
            name,
            str(form.fields[name].label),
            worded(form, name, form.texts[form.add_prefix(name)]),
            worded(form, name, form.last_text(name)),
            worded(form, name, known[name]) if known and name in known else None,
            "data-choices" not in form.fields[name].widget.attrs and "rows" in form.fields[name].widget.attrs,
        )
        for name in form.stored
        if name not in NOT_COMPARED
    ]
    shown = [cell for cell in cells if {cell.now, cell.last, cell.before} - {"", None, NOT_TICKED}]
    line = Line(form, shown, before is None, bool(then) and known is None)
    anchor = f"id_{form.prefix}-"
    line.findings = [(found, checks.answer(found)) for found in checks.warnings if found.anchor.startswith(anchor)]
    line.threads = threads
    return line


def worded(form: RowForm, name: str, text: str) -> str:
    """A letter with its word, "A (amber)", a missing-data code with its; a box is ticked or not; else as it is."""
    if name in form.ticked:
        return form.in_words(name, text)
    if text.startswith("[") and text[1:-1] in Missing.values:
        return f"{text} ({Missing(text[1:-1]).label.lower()})"
    choices = form.fields[name].widget.attrs.get("data-choices", "")
    words = dict(choice.split(":", 1) for choice in choices.split("|") if ":" in choice)
    return f"{text} ({words[text].lower()})" if text in words and text.isalpha() and len(text) < 3 else text


def cells_of(update: QuarterlyUpdate) -> dict[str, dict[str, str]]:
    """The text of every cell by row, as it is kept when an update is sent back. Four queries."""
    rows = rows_by_section([update])
    forms = [form for section in Section for form, _ in paired(update, None, rows, section)]
    return {
        str(form.prefix): {n: form.texts[form.add_prefix(n)] for n in form.stored if n not in NOT_COMPARED}
        for form in forms
    }


def threads_of(update: QuarterlyUpdate) -> dict[tuple[str, str], list[Thread]]:
    """The comments on each line, by its section and key, each with its answers. One query."""
    comments = list(Comment.objects.filter(update=update).select_related("author", "resolved_by"))
    found: dict[tuple[str, str], list[Thread]] = {}
    for comment in comments:
        if comment.answers_id is None:
            answers = tuple(each for each in comments if each.answers_id == comment.pk)
            found.setdefault((comment.section, comment.key), []).append(Thread(comment, answers))
    return found


def signatures_of(update: QuarterlyUpdate, reader: Person | None = None) -> list[Signature]:
    """The sign-offs that the priority asks for, each given or not. One query."""
    given = SignOff.objects.filter(update=update, signed_section=OuterRef("section"))
    name = {n: Subquery(given.values(f"by__{n}")[:1]) for n in ("first_name", "last_name", "username")}
    asked: Any = (
        Assignment.objects.current()
        .filter(priority=update.priority_id, role=AssignmentRole.SIGNATORY)
        .annotate(signed_at=Subquery(given.values("at")[:1]), **{f"by_{n}": found for n, found in name.items()})
    )
    by_section: dict[str, list[Any]] = {}
    for assignment in asked.select_related("person").order_by("section", "pk"):
        by_section.setdefault(assignment.section, []).append(assignment)
    return [
        Signature(
            section=section,
            people=tuple(str(each.person) for each in own),
            mine=reader in [each.person for each in own],
            at=own[0].signed_at,
            by=f"{own[0].by_first_name or ''} {own[0].by_last_name or ''}".strip() or own[0].by_username or "",
        )
        for section, own in by_section.items()
    ]


TEXTS_OF = {Section.RATINGS: (*RATINGS, "ratings_note", "narrative"), Section.FINANCE: ("finance_note",)}


def wrote_in(update: QuarterlyUpdate, section: str, person: Person) -> bool:
    """Whether somebody filled in any of a section, its texts included; "" is the whole. Two queries."""
    if entered_in(update.pk, section).filter(person=person).exists():
        return True
    last = None
    past = QuarterlyUpdate.history.filter(id=update.pk).select_related("change_set").order_by("history_id")
    for then in past if section in TEXTS_OF else ():
        texts = [getattr(then, name) for name in TEXTS_OF[Section(section)]]
        entered = then.change_set is not None and not then.change_set.act and then.change_set.person_id == person.pk
        if entered and last is not None and texts != last:
            return True
        last = texts
    return False


def entered_in(update: Any, section: str = "") -> QuerySet[ChangeSet]:
    """The change sets in which somebody filled in any of an update, or rows of one section: figures, texts, answers.

    Opening the quarter and the moves of the review, mending the wording among them, have an act and don't count.
    """
    rows: dict[str, Any] = {name: model for name, (model, _, _) in ROWS.items()}
    models = [rows[section]] if section in rows else [] if section else [*rows.values(), Explanation]
    touched = Q(pk__in=[])
    for model in models:
        touched |= Q(pk__in=model.history.filter(update=update).values("change_set"))
    if not section:
        touched |= Q(pk__in=QuarterlyUpdate.history.filter(id=update).values("change_set"))
    return ChangeSet.objects.filter(touched, act="")
