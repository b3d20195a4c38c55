"""Risks and issues, and their assessment in each quarter."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import OuterRef, Q, Subquery

from priorities.cells import Level, Trend
from priorities.fields import PeriodField, holder
from priorities.history import RecordedQuerySet, history
from priorities.models import Gaps, Person, Priority, QuarterRow, Section, new_key
from priorities.periods import Period
from priorities.rules import Rule, has, only


def score() -> models.PositiveSmallIntegerField:
    """1 to 5, where the body scores its risks so."""
    return models.PositiveSmallIntegerField(null=True, blank=True)


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

    def is_live(self, period: Period) -> bool:
        """Whether it is still reported in this quarter; one closed in a quarter is told there for the last time."""
        return self.closed_from is None or self.closed_from > period


class Assessment(QuarterRow):
    """A risk or issue in one quarter, as it was worded and judged then."""

    section = Section.RISKS

    risk = models.ForeignKey(Risk, models.PROTECT, related_name="assessments")
    position = models.PositiveSmallIntegerField(default=1, help_text="Its rank; the printed number.")
    description = models.TextField()
    likelihood = score()
    impact = score()
    level = models.CharField(max_length=1, choices=Level.choices, blank=True)
    trend = models.CharField(max_length=5, choices=Trend.choices, blank=True)
    explanation = models.TextField(blank=True)
    is_top = models.BooleanField("top", default=False, help_text="In the public report.")
    is_internal = models.BooleanField("internal", default=False, help_text="Never in the public report, top or not.")

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
            Rule(
                condition=Q(likelihood__isnull=True) | Q(likelihood__gte=1, likelihood__lte=5),
                name="assessment_likelihood_1_to_5",
                message="Likelihood is 1 to 5.",
                field="likelihood",
            ),
            Rule(
                condition=Q(impact__isnull=True) | Q(impact__gte=1, impact__lte=5),
                name="assessment_impact_1_to_5",
                message="Impact is 1 to 5.",
                field="impact",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.risk.get_kind_display()} {self.position}, {self.update}"

    @property
    def holder_id(self) -> int | None:  # type: ignore[override]
        return self.risk.holder_id

    @property
    def holder(self) -> Person | None:  # type: ignore[override]
        return self.risk.holder

    def clean(self) -> None:
        if not has(self, "risk", "update"):
            return  # the field's own message says so
        if self.update.priority_id != self.risk.priority_id:
            raise ValidationError({"risk": "This risk or issue belongs to another priority."})

    def lacks(self) -> Gaps:
        if self.risk.closed_reason:
            return []  # told of for the last time; only its closing counts
        missing: Gaps = []
        if not self.level:
            missing.append(("level", "There is no level; write H, M or L."))
        if self.confirmed and not self.trend:  # confirming takes the trend that the levels show
            missing.append(("trend", "There is no trend; write ↑, → or ↓ (or up, level, down)."))
        if not self.explanation:
            missing.append(("explanation", "The trend has no explanation; write one."))
        return missing


HIGH_FROM, MEDIUM_FROM = 15, 6  # of 25: the bands of a five by five matrix


def level_of(likelihood: int | None, impact: int | None) -> Level | None:
    """The level that a score of likelihood × impact, 1 to 5 each, comes to; None until both are there."""
    if likelihood is None or impact is None:
        return None
    score = likelihood * impact
    return Level.HIGH if score >= HIGH_FROM else Level.MEDIUM if score >= MEDIUM_FROM else Level.LOW


def suggested_trend(level: str, last_level: str) -> Trend | None:
    """The trend that two levels show, last quarter's and this one's; None where either is absent."""
    if not level or not last_level:
        return None
    order = [Level.LOW, Level.MEDIUM, Level.HIGH]
    change = order.index(Level(level)) - order.index(Level(last_level))
    return Trend.UP if change > 0 else Trend.DOWN if change < 0 else Trend.LEVEL
