"""The Risks and Issues sheets: the same columns, but for the name of the text's and the level's."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Hashable, Iterable
from typing import Any

from django.db.models import QuerySet

from priorities.book import Book, Texts, priority_key
from priorities.cells import Trend, parse_level, parse_number, parse_score, parse_text, parse_trend, shorten
from priorities.columns import (
    NEVER,
    Column,
    Key,
    Names,
    cell,
    confirmed_column,
    fold,
    key_of_another,
    key_unlike,
    label_of,
    name_in,
    parse_yes_no,
    refuse_unlike,
    wrong,
    yes_no,
)
from priorities.models import Priority, RiskScale, Section
from priorities.periods import Period
from priorities.rows import Row, SheetResource

from .models import Assessment, Risk, RiskKind, level_of

NUMBERS = ("#", "Risk no", "Risk number", "Issue no", "Issue number")
RISKS = ("Risk description", "Description of risk")
ISSUES = ("Issue description", "Description of issue")


def register_of(book: Book) -> dict[tuple[Hashable, ...], list[Risk]]:
    """Every risk and issue by priority, kind and text, each under every wording that it had."""
    register = book.tables.get("risks register")
    if register is None:
        register = book.tables["risks register"] = {}
        priorities = {p.pk: p for p in book.priorities.values() if p.pk}
        for assessment in (
            Assessment.objects.filter(risk__priority__in=priorities)
            .select_related("risk")
            .order_by("update__quarter__financial_year", "update__quarter__number", "pk")
        ):
            risk, _ = risks_by_key(book).get(assessment.risk.key, (assessment.risk, ""))
            risk.priority = priorities[risk.priority_id]
            risks_by_key(book)[risk.key] = (risk, assessment.description)
            worded = register.setdefault(text_key(risk.priority, risk.kind, assessment.description), [])
            if risk not in worded:
                worded.append(risk)
    return register


def risks_by_key(book: Book) -> dict[uuid.UUID, tuple[Risk, str]]:
    """Every stored risk and issue by key, with its newest wording; filled by register_of()."""
    return book.tables.setdefault("risks by key", {})


def text_key(priority: Priority, kind: str, text: str) -> tuple[Hashable, ...]:
    return *priority_key(priority), kind, fold(text)


def is_over(risk: Risk, row: Texts, book: Book) -> bool:
    """Whether a risk was closed before the row's quarter: then the same words are a new one."""
    return bool(risk.closed_from and cell(row, "Quarter") and risk.closed_from <= book.period(row))


def risk_of(resource: RiskResource | AssessmentResource, row: Texts, priority: Priority) -> Risk | None:
    """The risk or issue that a row is about: by its key, else by its text; None where there is none."""
    book, kind = resource.book, resource.kind
    register, key = register_of(book), resource.key_in(row)
    text = parse_text(name_in(row, kind.label))
    named = register.get(text_key(priority, kind, text), []) if text else []
    if key is None or key not in risks_by_key(book):
        return worded_so(resource, row, named, key)
    found, wording = risks_by_key(book)[key]
    if found.priority is not priority or found.kind != kind:
        whose = f"the {found.get_kind_display().lower()} “{shorten(wording)}” of {found.priority}"
        raise key_of_another(whose, "the priority")
    if is_over(found, row, book):
        raise wrong(kind.label, f"“{shorten(wording)}” was closed before this quarter; leave the row out.")
    if text and found not in named and fold(text) != fold(wording):
        if named:
            raise key_unlike(kind.label, text, wording, kind.label.lower())
        refuse_unlike(kind.label, text, wording, kind.label.lower())
    return found


def worded_so(
    resource: RiskResource | AssessmentResource, row: Texts, named: list[Risk], key: uuid.UUID | None
) -> Risk | None:
    """The one risk of these that the row can mean; raises ValidationError where it may be several."""
    there = [risk for risk in named if not is_over(risk, row, resource.book)]
    found = [risk for risk in there if risk.key == key] or [risk for risk in there if key is None or risk.pk]
    if len(found) > 1:
        kind = resource.kind.label.lower()
        raise wrong(
            resource.kind.label,
            f"There are {len(found)} {kind}s of these words; import the downloaded workbook, whose hidden keys tell "
            "them apart, or reword one on its page first.",
        )
    if not found:
        return None
    if key and found[0].key != key:
        resource.unknown_key("text")
    return found[0]


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
        register_of(self.book)
        return ((key, risk) for key, (risk, _) in risks_by_key(self.book).items())

    def identify(self, row: Texts) -> tuple[Hashable, Callable[[], Any]]:
        priority = self.book.priority(row, self.book.plan_of(row))
        risk = risk_of(self, row, priority) or self.make(row, priority)
        return risk.key, lambda: risk

    def make(self, row: Texts, priority: Priority) -> Risk:
        text, register = described(row, self.kind.label), register_of(self.book)
        home = text_key(priority, self.kind, text)
        if home not in register and (near := self.stored_texts(home).slip_of(text)):
            raise wrong(
                self.kind.label,
                f"“{shorten(text)}” is a letter or two from “{shorten(near)}”; write it as it was, or reword it in "
                "the administration first.",
            )
        named = {"key": key} if (key := self.key_in(row)) else {}
        made = Risk(priority=priority, kind=self.kind, **named)
        register.setdefault(home, []).append(made)
        return made

    def stored_texts(self, home: tuple[Hashable, ...]) -> Names:
        """The texts of the risks, or the issues, that a priority has already."""
        known = self.book.tables.setdefault("risks texts", {})
        if home[:-1] not in known:
            texts = register_of(self.book).items()
            stored = (str(key[-1]) for key, risks in texts if key[:-1] == home[:-1] and any(r.pk for r in risks))
            known[home[:-1]] = Names(stored)
        return known[home[:-1]]

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

    def why_locked(self, row: Row, names: Collection[str]) -> str:
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
    is_top = Column("is_top", "Top", parse=parse_yes_no, show=yes_no, aliases=("Public",), empty=False)
    is_internal = Column("is_internal", "Internal", parse=parse_yes_no, show=yes_no, empty=False)
    confirmed = confirmed_column()
    key = Key("risk__key", "Key")
    version = Key("version", "Version")

    class Meta:
        model = Assessment

    def filter_export(self, queryset: QuerySet[Assessment], **kwargs: Any) -> QuerySet[Assessment]:
        return queryset.filter(risk__kind=self.kind)

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        updates = {u.pk: u for u in self.book.updates.values() if u.pk}
        register_of(self.book)
        risks = {risk.pk: risk for risk, _ in risks_by_key(self.book).values()}
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
