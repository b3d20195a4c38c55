"""The Risks and Issues sheets: the same columns, but for the name of the text's and the level's."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

from django.db.models import QuerySet

from priorities.cells import parse_level, parse_number, parse_text, parse_trend, shorten
from priorities.models import Priority
from priorities.periods import Period
from priorities.rows import NEVER, Book, Column, Key, SheetResource, cell, fold, name_in, slip_of, wrong

from .models import Assessment, Risk, RiskKind


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
    return register


def text_key(priority: Priority, kind: str, text: str) -> tuple[int, str, str, str]:
    return priority.plan.first_year, fold(priority.title), kind, fold(text)


def live(risk: Risk | None, row: dict[str, Any], book: Book) -> Risk | None:
    """The risk, unless it was closed before the row's quarter: then the same words are a new one."""
    if risk and risk.closed_from and cell(row, "Quarter") and risk.closed_from <= book.period(row):
        return None
    return risk


class RiskResource(SheetResource):
    setup = named_each_quarter = True
    kind = RiskKind.RISK
    required = ("Priority", "Risk")
    plan_title = Key("priority__plan__title", "Plan")
    quarter = Key(None, "Quarter")
    priority = Key("priority__title", "Priority")
    description = Key("latest_description", "Risk", aliases=("Description", "There is a risk..."))
    owner = Column("owner", "Owner")

    class Meta:
        model = Risk

    def filter_export(self, queryset: QuerySet[Risk], **kwargs: Any) -> QuerySet[Risk]:
        return Risk.objects.with_text().filter(kind=self.kind, pk__in=queryset.values("pk"))

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        return ((risk.key, risk) for risk in register_of(self.book).values())

    def identify(self, row: dict[str, Any]) -> tuple[Hashable, Callable[[], Any]]:
        priority = self.book.priority(row, self.book.plan_of(row))
        text = described(row, self.kind.label)
        key, register = text_key(priority, self.kind, text), register_of(self.book)
        risk = live(register.get(key), row, self.book)
        if risk is None:
            known = [text for *home, text in register if home == list(key[:-1])]
            if near := slip_of(text, known):
                raise wrong(
                    self.kind.label,
                    f"“{shorten(text)}” is a letter or two from “{shorten(near)}”; write it as it was, or reword it in "
                    "the administration first.",
                )
            risk = register[key] = Risk(priority=priority, kind=self.kind)
        return risk.key, lambda: risk


class IssueResource(RiskResource):
    kind = RiskKind.ISSUE
    required = ("Priority", "Issue")
    description = Key("latest_description", "Issue", aliases=("Description",))

    class Meta:
        model = Risk


def described(row: dict[str, Any], column: str) -> str:
    text = parse_text(name_in(row, column))
    if not text:
        raise wrong(column, f"The {column.lower()} is missing; describe it in a sentence.")
    return text


class AssessmentResource(SheetResource):
    kind = RiskKind.RISK
    required = ("Quarter", "Priority", "Risk")
    expected = ("Score", "Trend")
    quarter = Key("update__quarter__period", "Quarter")
    priority = Key("update__priority__title", "Priority")
    position = Column("position", "No.", parse=parse_number, aliases=("No", "Number"), empty=NEVER)
    description = Column("description", "Risk", aliases=("Description", "There is a risk..."))
    level = Column("level", "Score", parse=parse_level, aliases=("Rating", "Level"))
    trend = Column("trend", "Trend", parse=parse_trend)
    explanation = Column("explanation", "Explanation", aliases=("Explanation for trend",))

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

    def identify(self, row: dict[str, Any]) -> tuple[Hashable, Callable[[], Any]]:
        update = self.book.update(row)
        text = described(row, self.kind.label)
        risk = live(register_of(self.book).get(text_key(update.priority, self.kind, text)), row, self.book)
        if risk is None:
            kind = self.kind.label.lower()
            raise wrong(self.kind.label, f"“{shorten(text)}” is not a known {kind}; import the {kind}s first.")
        return (update.quarter.period, risk.key), lambda: Assessment(update=update, risk=risk, description=text)


class IssueAssessmentResource(AssessmentResource):
    kind = RiskKind.ISSUE
    required = ("Quarter", "Priority", "Issue")
    expected = ("Rating", "Trend")
    description = Column("description", "Issue", aliases=("Description",))
    level = Column("level", "Rating", parse=parse_level, aliases=("Score", "Level"))

    class Meta:
        model = Assessment
