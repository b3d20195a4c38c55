from __future__ import annotations

from django.db import models
from django.utils import timezone

from priorities.models import Person
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


class Standing(models.Model):
    """What a session of somebody whom the provider signed in holds, to ask it again whether they may stay."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    subject = models.CharField(max_length=255)
    tokens = models.TextField(help_text="Sealed; see sealing.py.")
    access_until = models.DateTimeField()
    groups_in = models.CharField(max_length=8, blank=True, help_text="What told of their groups when they signed in.")
    checked_at = models.DateTimeField(db_index=True)
    due_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.person}, asked {self.checked_at:%-d %B %Y %H:%M}"
