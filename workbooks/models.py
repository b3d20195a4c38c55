"""What was uploaded, who did, what it would change or has changed, and whether it was undone."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from priorities.history import ChangeSet
from priorities.models import Person, Quarter
from priorities.people import AssignmentRole
from priorities.rules import Rule, only

NAME_LENGTH = 120


class ImportState(models.TextChoices):
    PREVIEWED = "previewed", "Preview"
    APPLIED = "applied", "Imported"
    UNDONE = "undone", "Undone"


def may_import(person: Person) -> bool:
    """Whether they upload workbooks at all: all who fill in something, be it only the overview, as managers do. What
    each may write is settled row by row, as in forms.
    """
    fills_in = (a.role != AssignmentRole.SIGNATORY for a in person.current_assignments)
    return person.sees_all or any(fills_in) or Quarter.objects.filter(overview_author=person).exists()


class ImportQuerySet(models.QuerySet):
    def readable_by(self, person: Person) -> ImportQuerySet:
        return self if person.is_administrator else self.filter(person=person)


class ImportRecord(models.Model):
    """One workbook on its way in. A preview that is cancelled or forgotten is deleted with its file."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="imports",
        help_text="Nobody: somebody at the command line.",
    )
    name = models.CharField("file", max_length=NAME_LENGTH)
    size = models.PositiveIntegerField(help_text="In bytes.")
    sha256 = models.CharField("SHA-256 of the file", max_length=64, db_index=True)
    state = models.CharField(max_length=9, choices=ImportState.choices, default=ImportState.PREVIEWED)
    made_at = models.DateTimeField("uploaded at", auto_now_add=True)
    planned_at = models.DateTimeField("compared with what is stored at", default=timezone.now)
    fingerprint = models.CharField(max_length=64, help_text="Of what the preview would write, and over what.")
    counts = models.JSONField(default=dict, help_text="Rows by sheet and by what would happen to them.")
    problems = models.PositiveIntegerField(default=0)
    warnings = models.JSONField(default=list)
    choices = models.JSONField(
        default=dict, help_text="Cells that somebody else changed too: who wins, and over what it was chosen."
    )
    change_set = models.OneToOneField(
        ChangeSet, models.PROTECT, null=True, blank=True, related_name="import_record", help_text="What it wrote."
    )
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    undone_at = models.DateTimeField(null=True, blank=True)
    undo_change_set = models.OneToOneField(
        ChangeSet, models.PROTECT, null=True, blank=True, related_name="undone_import"
    )

    objects = ImportQuerySet.as_manager()

    class Meta:
        verbose_name = "import"
        ordering = ["-made_at", "-pk"]
        constraints = [
            only("state", ImportState, blank=False),
            Rule(
                condition=Q(state="previewed", change_set__isnull=True)
                | Q(state__in=["applied", "undone"], change_set__isnull=False),
                name="import_applied_with_its_change_set",
                message="An import that was applied names what it wrote; a preview has written nothing.",
            ),
            Rule(
                condition=Q(state="undone", undone_at__isnull=False, undo_change_set__isnull=False)
                | (~Q(state="undone") & Q(undone_at__isnull=True, undo_change_set__isnull=True)),
                name="import_undone_with_its_change_set",
                message="An import that was undone says when and by what; another has neither.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("workbooks:import", args=[self.pk])

    @property
    def who(self) -> str:
        return str(self.person) if self.person else "Somebody at the command line"

    @property
    def when(self) -> dt.datetime:
        """When it was imported, or while it is a preview, uploaded; needs `change_set`."""
        return self.change_set.at if self.change_set else self.made_at

    @property
    def is_preview(self) -> bool:
        return self.state == ImportState.PREVIEWED

    @property
    def totals(self) -> dict[str, int]:
        """Rows of all sheets, by what would happen to them."""
        found: dict[str, int] = {}
        for kinds in self.counts.values():
            for kind, number in kinds.items():
                found[kind] = found.get(kind, 0) + number
        return found

    @property
    def changes(self) -> int:
        return self.totals.get("new", 0) + self.totals.get("changed", 0)

    def in_words(self) -> str:
        """ "12 new, 3 changed, 40 unchanged"; problems first."""
        told = [f"{self.problems} problem{'s' * (self.problems != 1)}"] if self.problems and self.is_preview else []
        told += [f"{number} {kind}" for kind, number in self.totals.items() if number]
        return ", ".join(told) or "no rows"


class ImportFile(models.Model):
    """The file as it came, and the preview of it: apart from the record, so that lists don't load them."""

    record = models.OneToOneField(ImportRecord, models.CASCADE, related_name="file")
    data = models.BinaryField()
    preview = models.BinaryField(help_text="The rows and cells that are shown, compressed.")

    class Meta:
        verbose_name = "imported file"

    def __str__(self) -> str:
        return str(self.record)

    @property
    def bytes(self) -> bytes:
        data: Any = self.data
        return bytes(data)
