"""Who signed in, who was refused, who took what out: the record of what the history of rows does not see.

Names, routes and counts only: never what was typed, a query string or a file's contents.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from simple_history.models import HistoricalRecords

from .people import Person, Role
from .rules import only

UNKNOWN_NAME = "unknown name"  # people type their password where the name goes, so no other name is written down
LONGEST = {"name": 150, "about": 200, "detail": 500, "route": 200}


class Act(models.TextChoices):
    SIGNED_IN = "signed_in", "Signed in"
    REFUSED = "refused", "Refused"
    SIGNED_OUT = "signed_out", "Signed out"
    SESSION_ENDED = "session_ended", "Session ran out"
    LOCKED_OUT = "locked_out", "Locked out"
    PASSWORD_CHANGED = "password_changed", "Password changed"
    RESET_ASKED = "reset_asked", "Password reset asked for"
    SECOND_FACTOR_ADDED = "second_factor_added", "Second factor added"
    SECOND_FACTOR_REMOVED = "second_factor_removed", "Second factor removed"
    INVITED = "invited", "Person added"
    ROLE_GIVEN = "role_given", "Role given"
    ROLE_TAKEN = "role_taken", "Role taken away"
    PERSON_ACTIVATED = "person_activated", "Person activated"
    PERSON_DEACTIVATED = "person_deactivated", "Person deactivated"
    EXPORTED = "exported", "Exported or downloaded"
    IMPORTED = "imported", "Imported"
    PUBLISHED = "published", "Published"
    PUBLICATION_CANCELLED = "publication_cancelled", "Publication cancelled"
    CLOSED = "closed", "Quarter closed"
    REOPENED = "reopened", "Quarter reopened"
    BACKED_UP = "backed_up", "Backed up"
    RESTORED = "restored", "Restored"
    AUDIT_FORGOTTEN = "audit_forgotten", "Old entries of this record deleted"


class AppendOnly(Exception):
    """Somebody tried to change or delete what is on record."""


class AuditQuerySet(models.QuerySet):
    def update(self, **kwargs: Any) -> int:
        raise AppendOnly("Entries of the audit log are never changed.")

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        raise AppendOnly("Entries of the audit log are never changed.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise AppendOnly("Entries of the audit log are deleted by the command forget_audit only, once they are old.")

    update.alters_data = bulk_update.alters_data = delete.alters_data = True  # type: ignore[attr-defined]

    def forget(self, before: Any) -> int:
        """Delete what is older than that; for the command forget_audit."""
        return self.filter(at__lt=before)._raw_delete(self.db)  # type: ignore[attr-defined]


class AuditEvent(models.Model):
    """One line of the record. The name stays when the account is deleted one day."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    act = models.CharField(max_length=24, choices=Act.choices)
    by = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    name = models.CharField("by, as named then", max_length=LONGEST["name"], blank=True)
    about = models.CharField(max_length=LONGEST["about"], blank=True)
    detail = models.CharField(max_length=LONGEST["detail"], blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    route = models.CharField(max_length=LONGEST["route"], blank=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        verbose_name = "entry of the audit log"
        verbose_name_plural = "audit log"
        ordering = ["-at", "-pk"]
        constraints = [only("act", Act, blank=False)]

    def __str__(self) -> str:
        return f"{self.get_act_display()}, {self.name or 'nobody signed in'}, {self.at:%-d %B %Y %H:%M}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise AppendOnly("Entries of the audit log are never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnly("Entries of the audit log are deleted by the command forget_audit only, once they are old.")


def record(
    act: Act, *, by: Any, request: HttpRequest | None = None, about: object = "", detail: object = ""
) -> AuditEvent:
    """Write down an act, in the transaction of the act where it has one. `by` is a person, or None for nobody.

    The request is found by itself where a middleware has let it in; a command has none.
    """
    request = request or getattr(HistoricalRecords.context, "request", None)
    person = by if isinstance(by, Person) or (by is not None and by.is_authenticated) else None
    match = getattr(request, "resolver_match", None)
    said = {
        "name": person.get_username() if person else "",
        "about": str(about),
        "detail": str(detail),
        "route": match.route if match else "",
    }
    cut = {name: " ".join(value.replace("\0", "").split())[: LONGEST[name]] for name, value in said.items()}
    return AuditEvent.objects.create(
        act=act, by_id=person.pk if person else None, address=(address_of(request) or None) if request else None, **cut
    )


def record_roles(person: Person, before: Collection[str], after: Collection[str], *, by: Any, of: str = "") -> None:
    """What roles somebody was given and lost, by the names of their groups; one entry each. `of` names a provider whose
    doing it is."""
    for act, roles in ((Act.ROLE_GIVEN, set(after) - set(before)), (Act.ROLE_TAKEN, set(before) - set(after))):
        for role in sorted(roles):
            label = Role(role).label if role in Role.values else role
            record(act, by=by, about=person.username, detail=f"{label}, by {of}" if of else label)


def address_of(request: HttpRequest) -> str:
    """The client's address, as far as our own proxies vouch for it; "" where nothing does.

    Each of TRUSTED_PROXIES proxies appends whom it heard from to X-Forwarded-For, so the client is that many from the
    end; what stands before was sent by the client and may be made up. Behind a unix socket REMOTE_ADDR is empty.
    """
    hops, near = settings.TRUSTED_PROXIES, request.META.get("REMOTE_ADDR", "")
    passed = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    return parsed(passed[-min(hops, len(passed))] if hops and passed else near)


def parsed(said: str) -> str:
    """An address in its one way of writing, without the port that some proxies add; "" for what is none."""
    for candidate in (said, said.rpartition(":")[0].strip("[]"), said.strip("[]")):
        try:
            address = ipaddress.ip_address(candidate.partition("%")[0])
        except ValueError:
            continue
        return str(getattr(address, "ipv4_mapped", None) or address)
    return ""
