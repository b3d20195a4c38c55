"""Forms as typed, before they are saved; and what was answered to the warnings of the checks."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from priorities.history import history
from priorities.models import QuarterlyUpdate, QuarterRow, Section
from priorities.rules import only


class Page(models.TextChoices):
    """The pages that keep drafts: one for each section, and the answers to the checks."""

    RATINGS = Section.RATINGS.value, Section.RATINGS.label
    FINANCE = Section.FINANCE.value, Section.FINANCE.label
    INDICATORS = Section.INDICATORS.value, Section.INDICATORS.label
    RISKS = Section.RISKS.value, Section.RISKS.label
    GOALS = Section.GOALS.value, Section.GOALS.label
    CHECKS = "checks", "Check and submit"


class Draft(models.Model):
    """One page of an update as one person has typed it, valid or not; only Save writes rows."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="drafts")
    update = models.ForeignKey(QuarterlyUpdate, models.CASCADE, related_name="drafts")
    section = models.CharField(max_length=12, choices=Page.choices)
    data = models.JSONField(default=dict)
    saved_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-saved_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "update", "section"],
                name="draft_once",
                violation_error_message="This person has a draft of this section already.",
            ),
            only("section", Page, blank=False),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.get_section_display()}, {self.update}"


class Explanation(QuarterRow):
    """What a lead answered to one warning of the checks: confirmed as right, with or without a word why.

    It holds for the warning as it was told: another figure is another warning.
    """

    warning = models.CharField(max_length=100, help_text="The rule and the row that it was told of.")
    told = models.TextField(help_text="The warning, as it was read.")
    text = models.TextField(blank=True)

    history = history()

    class Meta(QuarterRow.Meta):
        abstract = False
        ordering = ["update", "warning"]
        constraints = [
            models.UniqueConstraint(
                fields=["update", "warning"],
                name="explanation_once",
                violation_error_message="This warning has an answer already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.told} {self.text}"

    def sections_written(self) -> frozenset[str]:
        return frozenset(Section.values)  # whoever answers for the whole
