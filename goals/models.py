"""Goals of a financial year, and their forecast in each quarter."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from priorities.cells import GoalConfidence
from priorities.fields import PeriodField, holder
from priorities.history import RecordedQuerySet, history
from priorities.models import Gaps, Person, Priority, QuarterRow, Section, new_key, year_field
from priorities.periods import Period
from priorities.rules import Rule, has, only


class Goal(models.Model):
    key = models.UUIDField(default=new_key, unique=True, editable=False)
    priority = models.ForeignKey(Priority, models.PROTECT, related_name="goals")
    financial_year = year_field(help_text="The year the financial year begins in: 2022 for 2022/23.")
    number = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=300)
    baseline = PeriodField(null=True, blank=True, help_text="The quarter that it was first planned for.")
    carried_from = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="carried_to",
        help_text="The unfinished goal of an earlier year that this one continues.",
    )
    holder = holder()

    objects = RecordedQuerySet.as_manager()
    history = history()

    class Meta:
        ordering = ["priority", "financial_year", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["priority", "financial_year", "number"],
                name="goal_number_once_a_year",
                violation_error_message="The priority has a goal of this number this year already.",
            ),
            Rule(
                condition=Q(number__gte=1),
                name="goal_number_from_1",
                message="Goals are numbered from 1.",
                field="number",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class GoalForecast(QuarterRow):
    """A goal in one quarter: when it is now expected, and how confident its lead is."""

    section = Section.GOALS

    goal = models.ForeignKey(Goal, models.PROTECT, related_name="forecasts")
    forecast = PeriodField(null=True, blank=True, help_text="Empty: as baselined.")
    confidence = models.CharField(max_length=2, choices=GoalConfidence.choices, blank=True)
    comment = models.TextField(blank=True)

    history = history()

    class Meta(QuarterRow.Meta):
        abstract = False
        ordering = ["update", "goal__number"]
        constraints = [
            models.UniqueConstraint(
                fields=["update", "goal"],
                name="forecast_once_a_quarter",
                violation_error_message="This goal has a forecast for this quarter already.",
            ),
            only("confidence", GoalConfidence),
        ]

    def __str__(self) -> str:
        return f"{self.goal}, {self.update}"

    @property
    def holder_id(self) -> int | None:  # type: ignore[override]
        return self.goal.holder_id

    @property
    def holder(self) -> Person | None:  # type: ignore[override]
        return self.goal.holder

    def clean(self) -> None:
        if not has(self, "goal", "update"):
            return  # the field's own message says so
        if self.update.priority_id != self.goal.priority_id:
            raise ValidationError({"goal": "This goal belongs to another priority."})

    @property
    def expected(self) -> Period | None:
        """When the goal is expected: as forecast, else as baselined."""
        return self.forecast or self.goal.baseline

    def in_words(self) -> str:
        when = self.expected.label_within(self.goal.financial_year) if self.expected else "no date"
        confidence = GoalConfidence(self.confidence).label if self.confidence else "Not judged"
        return f"{when}, {confidence.lower()}. {self.comment}".strip()

    def lacks(self) -> Gaps:
        missing: Gaps = []
        now, expected = self.update.quarter.period, self.expected
        if not self.confidence:
            missing.append(("confidence", "The goal has no confidence; write R, A, G or CG (complete)."))
        elif self.confidence != GoalConfidence.COMPLETE:
            if expected and expected < now:
                told = f"{expected} is over and the goal is not complete; give the quarter now expected, or write CG."
                missing.append(("forecast", told))
            if self.confidence != GoalConfidence.GREEN and not self.comment:
                missing.append(("comment", "The goal is amber or red; say why."))
        return missing


def slip(baseline: Period | None, forecast: Period | None) -> int | None:
    """Quarters by which a goal is later than baselined; negative is early, None without a baseline."""
    if baseline is None:
        return None
    return (forecast or baseline).quarters_after(baseline)


def slip_text(quarters: int | None) -> str:
    """A slip in words: "2 quarters later"; "" where there is nothing to compare."""
    if not quarters:
        return "" if quarters is None else "On baseline"
    return f"{abs(quarters)} quarter{'s' * (abs(quarters) > 1)} {'later' if quarters > 0 else 'earlier'}"
