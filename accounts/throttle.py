"""How often something may be tried, by name and by address: counted in the database, which all processes share.

Each try is written down before it is looked at, and only then counted: of several at the same moment, the last to be
written sees all the others, so no more than the limit pass. Who is turned away is not counted: the wait is never longer
than what was said. Not to be called inside a transaction.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import unicodedata
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from priorities.audit import address_of

from .models import Door, Try

SALT = "accounts.throttle"


@dataclass
class TooMany(Exception):
    """Turned away until then, whoever it is and whatever they typed."""

    until: dt.datetime


@dataclass(frozen=True, slots=True)
class Counted:
    """A try that may go on: it counts as one that failed until forgive() says that it succeeded."""

    by_name: str
    rows: tuple[int, ...]
    is_last: bool  # another of the same name, or from the same address, is turned away

    def forgive(self) -> None:
        """It succeeded: the name starts from none, and this one does not count for the address."""
        forget(Try.objects.filter(key=self.by_name) | Try.objects.filter(pk__in=self.rows))


def begin(door: Door, request: HttpRequest, *, name: str) -> Counted:
    """Count a try of this name from this client. Raises TooMany."""
    limits = {key_of(door, "name", plain(name)): of_a_name(door)}
    if source := source_of(request):
        limits[key_of(door, "address", source)] = settings.ADDRESS_TRIES_AT_MOST
    now = timezone.now()
    rows = tuple(row.pk for row in Try.objects.bulk_create(Try(door=door, key=key, at=now) for key in limits))
    since = now - dt.timedelta(minutes=settings.TRIES_MINUTES)
    forget_old(since)
    others = {key: earlier(key, since, rows, at_most) for key, at_most in limits.items()}
    full = [times[at_most - 1] for key, at_most in limits.items() if len(times := others[key]) >= at_most]
    if full:
        forget(Try.objects.filter(pk__in=rows))
        raise TooMany(max(full) + dt.timedelta(minutes=settings.TRIES_MINUTES))
    by_name = next(iter(limits))
    is_last = any(len(others[key]) + 1 >= at_most for key, at_most in limits.items())
    return Counted(by_name, rows, is_last)


def earlier(key: str, since: dt.datetime, but: tuple[int, ...], at_most: int) -> list[dt.datetime]:
    """When the last tries were, the newest first, as many as matter."""
    found = Try.objects.filter(key=key, at__gte=since).exclude(pk__in=but).order_by("-at", "-pk")
    return list(found.values_list("at", flat=True)[:at_most])


def clear(door: Door, name: str) -> None:
    """Who has set a new password by mail need not wait."""
    forget(Try.objects.filter(key=key_of(door, "name", plain(name))))


def forget_old(before: dt.datetime) -> None:
    """What counts no longer; what another process is deleting at this moment is left to it."""
    with transaction.atomic():
        old = Try.objects.select_for_update(skip_locked=True).filter(at__lt=before)
        if keys := list(old.values_list("pk", flat=True)[:500]):
            forget(Try.objects.filter(pk__in=keys))


def forget(tries: object) -> None:
    tries._raw_delete(Try.objects.db)  # type: ignore[attr-defined]


def of_a_name(door: Door) -> int:
    return settings.RESETS_AT_MOST if door == Door.RESET else settings.TRIES_AT_MOST


def key_of(door: Door, kind: str, what: str) -> str:
    return salted_hmac(SALT, f"{door}:{kind}:{what}", algorithm="sha256").hexdigest()


def plain(name: str) -> str:
    """One name however it is written, so that capital letters give no further tries."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def source_of(request: HttpRequest) -> str:
    """The network that tries come from; "" where it isn't known, as then all people would share one count.

    Whoever has an IPv6 address has 2^64 of them: they count as one. An address of this machine itself is a proxy's that
    TRUSTED_PROXIES doesn't tell of.
    """
    said = address_of(request)
    if not said:
        return ""
    address = ipaddress.ip_address(said)
    if address.is_loopback:
        return ""
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)
