"""Indicators, and their reading in each quarter."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from priorities.cells import Basis, Missing, Polarity, Rating, Unit, show_measure
from priorities.fields import PeriodField, holder
from priorities.history import RecordedQuerySet, history
from priorities.models import Gaps, Person, Priority, QuarterRow, Section, new_key
from priorities.periods import Period
from priorities.rules import Rule, has, only

from .confidence import suggested_confidence


def figure(**kwargs: Any) -> models.DecimalField:
    """A value in its indicator's unit: 27 for 27%."""
    return models.DecimalField(max_digits=16, decimal_places=4, null=True, blank=True, **kwargs)


def forbidden(value: Decimal | None, unit: str, decimals: int) -> str:
    """What is wrong with a figure in this unit, or "": no negative counts or percentages, no fraction of a call."""
    if value is None:
        return ""
    if value < 0 and unit != Unit.POINTS:
        kind = "percentage" if unit == Unit.PERCENT else "count"
        return f"A {kind} can't be negative; write it without the minus, or measure the indicator in percentage points."
    if unit == Unit.NUMBER and not decimals and value != value.to_integral_value():
        return "This indicator counts whole things; write a whole number, or give the indicator decimals."
    return ""


def figure_text(value: Decimal | None, missing: str, unit: str, decimals: int) -> str:
    """A figure as the report prints it: "27%", or "[x]" where there is none for a reason, or ""."""
    if value is not None:
        return show_measure(value, unit, decimals)
    return f"[{missing}]" if missing else ""


class Indicator(models.Model):
    """What is measured. It stays the same series over the quarters; what was known of it then is in its readings."""

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    priority = models.ForeignKey(Priority, models.PROTECT, related_name="indicators")
    reference = models.CharField(max_length=10, blank=True, help_text="As printed: 1a, 2b; may be empty.")
    title = models.CharField(max_length=300)
    unit = models.CharField(max_length=17, choices=Unit.choices, default=Unit.NUMBER)
    polarity = models.CharField(max_length=14, choices=Polarity.choices, default=Polarity.NONE)
    decimals = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(4, "At most 4 decimals.")], help_text="At least how many to show."
    )
    tolerance = models.DecimalField(
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0), "A tolerance can't be negative.")],
        help_text="How far short is still amber: points for percentages, per cent of the year's target for numbers. "
        "Empty: 5 points, 10 per cent.",
    )
    definition = models.TextField(blank=True)
    source = models.CharField(max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    retired_from = PeriodField(null=True, blank=True, help_text="The first quarter that no longer reports it.")
    replaces = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="replaced_by",
        help_text="The retired indicator whose place in the report this one takes; each keeps its own series.",
    )
    holder = holder()

    objects = RecordedQuerySet.as_manager()
    history = history()

    class Meta:
        ordering = ["priority", "position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["priority", "reference"],
                condition=~Q(reference=""),
                name="indicator_reference_once",
                violation_error_message="The priority has an indicator with this reference already.",
            ),
            models.UniqueConstraint(
                fields=["priority", "title"],
                name="indicator_title_once",
                violation_error_message="The priority has an indicator of this title already.",
            ),
            only("unit", Unit, blank=False),
            only("polarity", Polarity, blank=False),
            Rule(
                condition=Q(decimals__lte=4),
                name="indicator_decimals_0_to_4",
                message="At most 4 decimals.",
                field="decimals",
            ),
            Rule(
                condition=Q(tolerance__gte=0),
                name="indicator_tolerance_not_negative",
                message="A tolerance can't be negative.",
                field="tolerance",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}".strip()

    def is_live(self, period: Period) -> bool:
        """Whether it is reported in this quarter; one that replaces another begins where that one ends."""
        if self.begins is not None and self.begins > period:
            return False
        return self.retired_from is None or self.retired_from > period

    @property
    def begins(self) -> Period | None:
        """The first quarter that reports it in another's place; None for those that replace none."""
        return self.replaces.retired_from if self.replaces is not None else None


class Reading(QuarterRow):
    """An indicator in one quarter: its target and its value as they were known then."""

    section = Section.INDICATORS

    indicator = models.ForeignKey(Indicator, models.PROTECT, related_name="readings")
    target = figure()
    target_missing = models.CharField(max_length=1, choices=Missing.choices, blank=True)
    target_note = models.TextField(blank=True)
    target_basis = models.CharField(
        max_length=17,
        choices=Basis.choices,
        blank=True,
        help_text="Empty: a target for the whole year, on the value's own basis.",
    )
    value = figure()
    missing = models.CharField(max_length=1, choices=Missing.choices, blank=True)
    note = models.TextField(blank=True)
    basis = models.CharField(max_length=17, choices=Basis.choices, blank=True)
    as_at = models.DateField("data as at", null=True, blank=True)
    confidence = models.CharField(
        max_length=1, choices=Rating.choices, blank=True, help_text="Judged confidence in the year end."
    )
    reason = models.TextField(blank=True, help_text="Why the judgement differs from the suggested confidence.")

    history = history()

    class Meta(QuarterRow.Meta):
        abstract = False
        ordering = ["update", "indicator__position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["update", "indicator"],
                name="reading_once_a_quarter",
                violation_error_message="This indicator has a reading for this quarter already.",
            ),
            only("target_missing", Missing),
            only("target_basis", Basis),
            only("missing", Missing),
            only("basis", Basis),
            only("confidence", Rating),
            Rule(
                condition=Q(value__isnull=True) | Q(missing=""),
                name="reading_value_or_missing",
                message="Give a value or the reason that there is none, not both.",
                field="value",
            ),
            Rule(
                condition=Q(target__isnull=True) | Q(target_missing=""),
                name="reading_target_or_missing",
                message="Give a target or the reason that there is none, not both.",
                field="target",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.indicator}, {self.update}"

    @property
    def holder_id(self) -> int | None:  # type: ignore[override]
        return self.indicator.holder_id

    @property
    def holder(self) -> Person | None:  # type: ignore[override]
        return self.indicator.holder

    def clean(self) -> None:
        if not has(self, "indicator", "update"):
            return  # the field's own message says so
        wrong = {
            name: message
            for name in ("target", "value")
            if (message := forbidden(getattr(self, name), self.indicator.unit, self.indicator.decimals))
        }
        if self.update.priority_id != self.indicator.priority_id:
            wrong["indicator"] = "This indicator belongs to another priority."
        if wrong:
            raise ValidationError(wrong)

    def suggested(self, quarter: int) -> str | None:
        """The confidence that the figures suggest at the end of this quarter, 1 to 4; see confidence.py."""
        return suggested_confidence(
            value=self.value,
            target=self.target,
            unit=self.indicator.unit,
            polarity=self.indicator.polarity,
            basis=self.basis,
            target_basis=self.target_basis,
            quarter=quarter,
            tolerance=self.indicator.tolerance,
        )

    def in_words(self) -> str:
        """Value, target and confidence in a line: "27% against 25%, green."."""
        unit, decimals = self.indicator.unit, self.indicator.decimals
        value = figure_text(self.value, self.missing, unit, decimals) or "no value"
        target = figure_text(self.target, self.target_missing, unit, decimals) or "no target"
        confidence = Rating(self.confidence).label if self.confidence else "Not judged"
        return f"{value} against {target}, {confidence.lower()}. {self.note} {self.reason}".strip()

    def lacks(self) -> Gaps:
        missing: Gaps = []
        if self.value is None and not self.missing:
            missing.append(("value", "There is no value; give one, or say why there is none: [x]."))
        if self.target is None and not self.target_missing:
            missing.append(("target", "There is no target; give one, or say why there is none: [x]."))
        if self.value is not None and self.target is not None and not self.confidence:
            missing.append(("confidence", "The confidence is not judged; write R, A or G."))
        if self.confidence in (Rating.AMBER, Rating.RED) and not (self.note or self.reason):
            missing.append(("note", "The confidence is amber or red; say why in the note."))
        return missing


class Background(models.Model):
    """A figure of an indicator's series from before the plan, or from another publisher."""

    indicator = models.ForeignKey(Indicator, models.PROTECT, related_name="background")
    quarter = PeriodField()
    value = models.DecimalField(max_digits=16, decimal_places=4)
    basis = models.CharField(max_length=17, choices=Basis.choices)
    source = models.CharField(max_length=200)

    objects = RecordedQuerySet.as_manager()
    history = history()

    class Meta:
        ordering = ["indicator", "quarter"]
        verbose_name_plural = "background"
        constraints = [
            models.UniqueConstraint(
                fields=["indicator", "quarter", "basis"],
                name="background_once",
                violation_error_message="This indicator has a background figure for this quarter and basis already.",
            ),
            only("basis", Basis, blank=False),
        ]

    def __str__(self) -> str:
        return f"{self.indicator}, {self.quarter}"

    def clean(self) -> None:
        if not has(self, "indicator"):
            return  # the field's own message says so
        if message := forbidden(self.value, self.indicator.unit, self.indicator.decimals):
            raise ValidationError({"value": message})
