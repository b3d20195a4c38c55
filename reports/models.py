"""Closed reports: what a quarter said when it was closed, kept as it was."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models

from priorities.models import Quarter


class NeverChanged(RuntimeError):
    """A programming error: a closed report was to be changed or deleted."""


class ClosedReportQuerySet(models.QuerySet):
    def update(self, **kwargs: Any) -> int:
        raise NeverChanged("A closed report is never changed; closing again makes the next version.")

    def delete(self) -> Any:
        raise NeverChanged("A closed report is never deleted.")

    bulk_update = update  # type: ignore[assignment]
    update.alters_data = delete.alters_data = True  # type: ignore[attr-defined]


class ClosedReport(models.Model):
    """The report object of a quarter at its closing, as text, with the number of its schema and its checksum."""

    quarter = models.ForeignKey(Quarter, models.PROTECT, related_name="closed_reports")
    version = models.PositiveSmallIntegerField()
    schema = models.PositiveSmallIntegerField()
    body = models.TextField()
    checksum = models.CharField(max_length=64, help_text="SHA-256 of the body, in hexadecimal.")
    closed_at = models.DateTimeField()
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.TextField(blank=True, help_text="Why it was closed although something was not approved.")

    objects = ClosedReportQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        ordering = ["quarter", "-version"]
        constraints = [models.UniqueConstraint(fields=["quarter", "version"], name="closed_report_once_a_version")]

    def __str__(self) -> str:
        return f"{self.quarter}, version {self.version}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise NeverChanged("A closed report is never changed; closing again makes the next version.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise NeverChanged("A closed report is never deleted.")

    save.alters_data = delete.alters_data = True  # type: ignore[attr-defined]
