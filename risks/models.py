"""Risks and issues, and their assessment in each quarter."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import OuterRef, Q, Subquery

from priorities.cells import Level, Trend
from priorities.fields import PeriodField, holder
from priorities.history import RecordedQuerySet, history
from priorities.models import Priority, QuarterRow, Section, new_key
from priorities.rules import Rule, has, only


class RiskKind(models.TextChoices):
    RISK = "risk", "Risk"
    ISSUE = "issue", "Issue"


class RiskQuerySet(RecordedQuerySet):
    def with_text(self) -> RiskQuerySet:
        """Each with `latest_description`, the newest wording, which lives in its assessments."""
        newest = Assessment.objects.filter(risk=OuterRef("pk")).order_by(
            "-update__quarter__financial_year", "-update__quarter__number"
        )
        return self.annotate(latest_description=Subquery(newest.values("description")[:1]))


class Risk(models.Model):
    """A risk, which may happen, or an issue, which has. Its words are in its assessments, one a quarter."""

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    priority = models.ForeignKey(Priority, models.PROTECT, related_name="risks")
    kind = models.CharField(max_length=5, choices=RiskKind.choices)
    owner = models.CharField(max_length=100, blank=True)
    raised_from = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="became",
        help_text="The risk that this issue came of.",
    )
    closed_from = PeriodField(null=True, blank=True, help_text="The first quarter that no longer reports it.")
    closed_reason = models.TextField(blank=True)
    holder = holder()

    objects = RiskQuerySet.as_manager()
    history = history()

    class Meta:
        ordering = ["priority", "-kind", "pk"]
        verbose_name = "risk or issue"
        verbose_name_plural = "risks and issues"
        constraints = [
            only("kind", RiskKind, blank=False),
            Rule(
                condition=Q(closed_from__isnull=True) | ~Q(closed_reason=""),
                name="risk_closed_with_a_reason",
                message="Say why it is closed.",
                field="closed_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk} of {self.priority}"


class Assessment(QuarterRow):
    """A risk or issue in one quarter, as it was worded and judged then."""

    section = Section.RISKS

    risk = models.ForeignKey(Risk, models.PROTECT, related_name="assessments")
    position = models.PositiveSmallIntegerField(default=1, help_text="Its rank; the printed number.")
    description = models.TextField()
    level = models.CharField(max_length=1, choices=Level.choices, blank=True)
    trend = models.CharField(max_length=5, choices=Trend.choices, blank=True)
    explanation = models.TextField(blank=True)

    history = history()

    class Meta(QuarterRow.Meta):
        abstract = False
        ordering = ["update", "-risk__kind", "position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["update", "risk"],
                name="assessment_once_a_quarter",
                violation_error_message="This risk or issue has an assessment for this quarter already.",
            ),
            only("level", Level),
            only("trend", Trend),
        ]

    def __str__(self) -> str:
        return f"{self.risk.get_kind_display()} {self.position}, {self.update}"

    @property
    def holder_id(self) -> int | None:  # type: ignore[override]
        return self.risk.holder_id

    def clean(self) -> None:
        if not has(self, "risk", "update"):
            return  # the field's own message says so
        if self.update.priority_id != self.risk.priority_id:
            raise ValidationError({"risk": "This risk or issue belongs to another priority."})
