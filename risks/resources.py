"""The Risks and Issues sheets: the same columns, but for the name of the text's and the level's."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Hashable, Iterable
from typing import Any

from django.db.models import QuerySet

from priorities.cells import Trend, parse_level, parse_number, parse_score, parse_text, parse_trend, shorten
from priorities.columns import (
    NEVER,
    UNLIKE,
    Column,
    Key,
    cell,
    confirmed_column,
    fold,
    label_of,
    likeness,
    name_in,
    slip_of,
    wrong,
)
from priorities.models import Priority, RiskScale, Section
from priorities.periods import Period
from priorities.rows import Book, Row, SheetResource, Texts

from .models import Assessment, Risk, RiskKind, level_of

NUMBERS = ("#", "Risk no", "Risk number", "Issue no", "Issue number")
RISKS = ("Risk description", "Description of risk")
ISSUES = ("Issue description", "Description of issue")


def register_of(book: Book) -> dict[tuple[int, str, str, str], Risk]:
    """Every risk and issue by priority, kind and text, the newest wording of a text last."""
    register = book.tables.get("risks register")
    if register is None:
        register = book.tables["risks register"] = {}
        priorities = {p.pk: p for p in book.priorities.values() if p.pk}
        for assessment in (
            Assessment.objects.filter(risk__priority__in=priorities)
            .select_related("risk")
            .order_by("update__quarter__financial_year", "update__quarter__number", "pk")
        ):
            risk = assessment.risk
            risk.priority = priorities[risk.priority_id]
            register[text_key(risk.priority, risk.kind, assessment.description)] = risk
            risks_by_key(book)[risk.key] = (risk, assessment.description)
    return register


def risks_by_key(book: Book) -> dict[uuid.UUID, tuple[Risk, str]]:
    """Every stored risk and issue by key, with its newest wording; filled by register_of()."""
    return book.tables.setdefault("risks by key", {})


def text_key(priority: Priority, kind: str, text: str) -> tuple[int, str, str, str]:
    return priority.plan.first_year, fold(priority.title), kind, fold(text)


def live(risk: Risk | None, row: Texts, book: Book) -> Risk | None:
    """The risk, unless it was closed before the row's quarter: then the same words are a new one."""
    if risk and risk.closed_from and cell(row, "Quarter") and risk.closed_from <= book.period(row):
        return None
    return risk


def risk_of(resource: RiskResource | AssessmentResource, row: Texts, priority: Priority) -> Risk | None:
    """The risk or issue that a row is about: by its key, else by its text; None where there is none."""
    book, kind = resource.book, resource.kind
    register, key = register_of(book), resource.key_in(row)
    text = parse_text(name_in(row, kind.label))
    named = register.get(text_key(priority, kind, text)) if text else None
    if key is None or key not in risks_by_key(book):
        found = live(named, row, book)
        if found and key and found.key != key:
            resource.unknown_key("text")
        return found
    found, wording = risks_by_key(book)[key]
    if found.priority is not priority or found.kind != kind:
        raise wrong(
            "Key",
            f"The key is that of the {found.get_kind_display().lower()} “{shorten(wording)}” of {found.priority}; "
            "correct the priority, or empty the cell Key.",
        )
    if live(found, row, book) is None:
        raise wrong(kind.label, f"“{shorten(wording)}” was closed before this quarter; leave the row out.")
    known = not text or named is found or fold(text) == fold(wording)
    if not known and (named or likeness(text, wording) < UNLIKE):
        raise wrong(
            kind.label,
            f"The key is that of “{shorten(wording)}”, which is unlike “{shorten(text)}”; empty the cell Key if the "
            f"row is about another {kind.label.lower()}, or reword it on its page first.",
        )
    return found


class RiskResource(SheetResource):
    setup = named_each_quarter = True
    section = Section.RISKS
    kind = RiskKind.RISK
    required = ("Priority", "Risk")
    plan_title = Key("priority__plan__title", "Plan")
    quarter = Key(None, "Quarter")
    priority = Key("priority__title", "Priority")
    description = Key("latest_description", "Risk", aliases=("Description", "There is a risk..."), likely=RISKS)
    owner = Column("owner", "Owner", likely=("Risk owner", "Issue owner"))
    closed_reason = Column("closed_reason", "Closed reason", aliases=("Closed because", "Close it, because"))
    naming = ("No.",)

    class Meta:
        model = Risk

    def filter_export(self, queryset: QuerySet[Risk], **kwargs: Any) -> QuerySet[Risk]:
        return Risk.objects.with_text().filter(kind=self.kind, pk__in=queryset.values("pk"))

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        return ((risk.key, risk) for risk in register_of(self.book).values())

    def identify(self, row: Texts) -> tuple[Hashable, Callable[[], Any]]:
        priority = self.book.priority(row, self.book.plan_of(row))
        risk = risk_of(self, row, priority) or self.make(row, priority)
        return risk.key, lambda: risk

    def make(self, row: Texts, priority: Priority) -> Risk:
        text, register = described(row, self.kind.label), register_of(self.book)
        home = text_key(priority, self.kind, text)
        known = [text for *where, text in register if where == list(home[:-1])]
        if home not in register and (near := slip_of(text, known)):
            raise wrong(
                self.kind.label,
                f"“{shorten(text)}” is a letter or two from “{shorten(near)}”; write it as it was, or reword it in "
                "the administration first.",
            )
        named = {"key": key} if (key := self.key_in(row)) else {}
        made = register[home] = Risk(priority=priority, kind=self.kind, **named)
        return made

    def complete(self, row: Row) -> None:
        """A risk that is closed on a quarter's sheet is reported in that quarter for the last time."""
        if row.instance.closed_reason == row.before.get("closed_reason", ""):
            return
        if not row.instance.closed_reason:
            row.instance.closed_from = None
        elif not cell(row.cells, "Quarter"):
            raise wrong("Closed reason", "A risk is closed in a quarter; close it on that quarter's sheet.")
        else:
            row.instance.closed_from = self.book.period(row.cells).next

    def why_locked(self, row: Row) -> str:
        """A risk is its priority's, or its holder's; with a quarter named, that quarter's lock holds too."""
        update = self.book.update(row.cells) if cell(row.cells, "Quarter") else None
        if update is not None:
            return self.book.why_locked(update, frozenset([Section.RISKS]), row.instance.holder_id)
        by, risk = self.book.by, row.instance
        if by is None or by.may_write(risk.priority_id, frozenset([Section.RISKS]), risk.holder_id):
            return ""
        return f"{risk} is not yours to change; ask the lead of {risk.priority}."


class IssueResource(RiskResource):
    kind = RiskKind.ISSUE
    required = ("Priority", "Issue")
    description = Key("latest_description", "Issue", aliases=("Description",), likely=ISSUES)

    class Meta:
        model = Risk


def described(row: Texts, column: str) -> str:
    text = parse_text(name_in(row, column))
    if not text:
        raise wrong(column, f"The {column.lower()} is missing; describe it in a sentence.")
    return text


class AssessmentResource(SheetResource):
    kind = RiskKind.RISK
    required = ("Quarter", "Priority", "Risk")
    expected = ("Score", "Trend")
    answers = ("level", "likelihood", "impact", "explanation")
    naming = ("No.",)
    quarter = Key("update__quarter__period", "Quarter")
    priority = Key("update__priority__title", "Priority")
    position = Column("position", "No.", parse=parse_number, aliases=("No", "Number"), likely=NUMBERS, empty=NEVER)
    description = Column("description", "Risk", aliases=("Description", "There is a risk..."), likely=RISKS)
    level = Column(
        "level", "Score", parse=parse_level, aliases=("Rating", "Level"), likely=("Risk score", "Risk rating")
    )
    likelihood = Column("likelihood", "Likelihood", parse=parse_score, empty=None)
    impact = Column("impact", "Impact", parse=parse_score, empty=None)
    trend = Column("trend", "Trend", parse=parse_trend, show=label_of(Trend))
    explanation = Column(
        "explanation", "Explanation", aliases=("Explanation for trend",), likely=("Comment", "Comments")
    )
    confirmed = confirmed_column()
    key = Key("risk__key", "Key")
    version = Key("version", "Version")

    class Meta:
        model = Assessment

    def filter_export(self, queryset: QuerySet[Assessment], **kwargs: Any) -> QuerySet[Assessment]:
        return queryset.filter(risk__kind=self.kind)

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        updates = {u.pk: u for u in self.book.updates.values() if u.pk}
        risks = {risk.pk: risk for risk in register_of(self.book).values() if risk.pk}
        for assessment in Assessment.objects.filter(update__in=updates, risk__in=risks):
            assessment.update, assessment.risk = updates[assessment.update_id], risks[assessment.risk_id]
            yield (assessment.update.quarter.period, assessment.risk.key), assessment

    def identify(self, row: Texts) -> tuple[Hashable, Callable[[], Any]]:
        update = self.book.update(row)
        risk = risk_of(self, row, update.priority)
        if risk is None:
            text, kind = described(row, self.kind.label), self.kind.label.lower()
            raise wrong(self.kind.label, f"“{shorten(text)}” is not a known {kind}; import the {kind}s first.")
        text = parse_text(cell(row, self.kind.label)) or risks_by_key(self.book)[risk.key][1]
        return (update.quarter.period, risk.key), lambda: Assessment(update=update, risk=risk, description=text)

    def recall(self) -> None:
        super().recall()
        self.put_last()

    def put_last(self) -> None:
        """A new row without a number goes to the end, after all that the file numbers."""
        last: dict[int, int] = {}
        for assessment in self.of_kind():
            home = id(assessment.update)
            last[home] = max(last.get(home, 0), assessment.position if assessment.pk else 0)
        unread = [row for row in self.outcome if not row.kind]
        for row in unread:
            home = id(row.instance.update)
            last[home] = max(last.get(home, 0), row.typed.get("position", 0))
        for row in unread:
            if row.is_new and "position" not in row.typed and "No." not in row.errors:
                home = id(row.instance.update)
                last[home] = row.typed["position"] = last[home] + 1

    def of_kind(self) -> list[Assessment]:
        return [assessment for assessment in self.table.values() if assessment.risk.kind == self.kind]

    def compare(self) -> None:
        """No number is that of two risks, or of two issues, of an update; those that two have already may stay."""
        numbered = [row for row in self.outcome if row.kind in ("new", "changed") and "position" in row.changes]
        moved = {id(row.instance) for row in numbered}
        taken: dict[tuple[int, int], Assessment] = {}
        for assessment in self.of_kind():
            if assessment.pk and id(assessment) not in moved:
                taken.setdefault((id(assessment.update), assessment.position), assessment)
        for row in numbered:
            number = row.instance.position
            other = taken.setdefault((id(row.instance.update), number), row.instance)
            if other is not row.instance:
                self.give_up(
                    row,
                    "No.",
                    f"{number} is the number of “{shorten(other.description)}” too; give each its own. A new row "
                    "without a number goes to the end.",
                )

    def complete(self, row: Row) -> None:
        """Where the plan scores risks by likelihood × impact, the level follows."""
        assessment = row.instance
        if assessment.update.quarter.plan.risk_scale == RiskScale.MATRIX:
            assessment.level = level_of(assessment.likelihood, assessment.impact) or assessment.level


class IssueAssessmentResource(AssessmentResource):
    kind = RiskKind.ISSUE
    required = ("Quarter", "Priority", "Issue")
    expected = ("Rating", "Trend")
    description = Column("description", "Issue", aliases=("Description",), likely=ISSUES)
    level = Column("level", "Rating", parse=parse_level, aliases=("Score", "Level"), likely=("Issue rating",))

    class Meta:
        model = Assessment
