from __future__ import annotations

from django.db import models
from django.utils import timezone

from priorities.rules import only


class Door(models.TextChoices):
    """What is tried, each counted for itself."""

    SIGN_IN = "sign_in", "Sign in"
    RESET = "reset", "Ask for a new password"
    CODE = "code", "Second factor"


class Try(models.Model):
    """One try that did not succeed, for as long as it counts. By whom and from where are keyed hashes, never the words:
    people type passwords where the name goes."""

    door = models.CharField(max_length=8, choices=Door.choices)
    key = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name_plural = "tries"
        indexes = [models.Index(fields=["key", "at"], name="accounts_try_by_key")]
        constraints = [only("door", Door, blank=False)]

    def __str__(self) -> str:
        return f"{self.get_door_display()}, {self.at:%-d %B %Y %H:%M}"
