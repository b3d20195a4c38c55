"""Second factors of local accounts: codes of an app by time (TOTP, RFC 6238), and recovery codes for a lost phone.

Kept in django-allauth's rows, with its arithmetic; what is checked here is what several processes must agree on: each
code works once, by a row of the database, where allauth would ask a cache that each process has for itself.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import unicodedata
from datetime import timedelta

import qrcode
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from priorities.models import Person

from .sealing import Unsealable, seal, unseal

PURPOSE = "second factor"
MODES = {"": "off", "0": "off", "1": "offered", "required": "administrators and managers", "all": "everybody"}
RECOVERY_CODES = 10
SHOWN_FOR = timedelta(minutes=30)  # how long the page with new recovery codes can make a file of them
LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # none that looks like another
Type = Authenticator.Type


class Adapter(DefaultMFAAdapter):
    """What allauth keeps of a factor is sealed; the app shows the user name, which is what people type here."""

    def encrypt(self, text: str) -> str:
        return seal(text, PURPOSE)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text, PURPOSE)

    def get_totp_label(self, user: object) -> str:
        return str(getattr(user, "username", user))


class WrongCode(Exception):
    """Why a code is not right, in words for the person."""


NOT_RIGHT = "This code is not right. Type the six figures that the app shows now, or one of your recovery codes."
USED = "This code was used already. Wait until the app shows the next one, at most 30 seconds."
LOST = "Your second factor can't be read any more. Ask an administrator to reset it."


def is_on() -> bool:
    return MODES.get(settings.MFA, "off") != "off"


def is_demanded(person: Person) -> bool:
    """Only of who has a password here: who comes through the provider shows there what it asks for."""
    if not person.has_usable_password():
        return False
    return settings.MFA == "all" or (settings.MFA == "required" and person.sees_all)


def factor_of(person: Person) -> Authenticator | None:
    return Authenticator.objects.filter(user=person, type=Type.TOTP).first() if is_on() else None


def plain(said: str) -> str:
    """A code without the spaces and hyphens that it is shown or pasted with."""
    return "".join(c for c in unicodedata.normalize("NFKC", said).upper() if c.isascii() and c.isalnum())


def new_secret() -> str:
    return totp.generate_totp_secret()


def in_fours(secret: str) -> str:
    return " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))


def address_of(person: Person, secret: str) -> str:
    return Adapter().build_totp_url(person, secret)


def counter_of(secret: str, code: str, after: int = -1) -> int:
    """Which half minute's code it is. Raises WrongCode; also if it is not later than the last that was used."""
    used = False
    for counter in totp.yield_hotp_counters_from_time():
        if hmac.compare_digest(totp.format_hotp_value(totp.hotp_value(secret, counter)), code):
            if counter > after:
                return counter
            used = True
    raise WrongCode(USED if used else NOT_RIGHT)


def check(person: Person, said: str) -> str:
    """Use a code up: "code" or "recovery code", which it was. Raises WrongCode."""
    code = plain(said)
    with transaction.atomic():
        rows = {row.type: row for row in Authenticator.objects.select_for_update().filter(user=person)}
        if len(code) == 6 and code.isdecimal() and Type.TOTP in rows:
            use_up(rows[Type.TOTP], code)
            return "code"
        if Type.RECOVERY_CODES in rows:
            spend(rows[Type.RECOVERY_CODES], code)
            return "recovery code"
    raise WrongCode(NOT_RIGHT)


def use_up(row: Authenticator, code: str) -> None:
    row.data["last"] = counter_of(opened(row), code, row.data.get("last", -1))
    used(row)


def spend(row: Authenticator, code: str) -> None:
    left = json.loads(opened(row))
    if hashed(code) not in left:
        raise WrongCode(NOT_RIGHT)
    left.remove(hashed(code))
    row.data["secret"] = seal(json.dumps(left), PURPOSE)
    used(row)


def used(row: Authenticator) -> None:
    row.last_used_at = timezone.now()
    row.save(update_fields=["data", "last_used_at"])


def opened(row: Authenticator) -> str:
    try:
        return unseal(row.data["secret"], PURPOSE)
    except (Unsealable, KeyError) as error:
        raise WrongCode(LOST) from error


def reseal() -> tuple[int, int]:
    """Seal every secret with SECRET_KEY anew: how many were, and how many neither it nor a fallback opens."""
    done = lost = 0
    for pk in list(Authenticator.objects.values_list("pk", flat=True)):
        with transaction.atomic():
            row = Authenticator.objects.select_for_update().filter(pk=pk).first()
            try:
                secret = opened(row) if row else None
            except WrongCode:
                lost += 1
                continue
            if row and secret is not None:
                row.data["secret"] = seal(secret, PURPOSE)
                row.save(update_fields=["data"])
                done += 1
    return done, lost


def hashed(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def codes_left(person: Person) -> int:
    row = Authenticator.objects.filter(user=person, type=Type.RECOVERY_CODES).first()
    try:
        return len(json.loads(opened(row))) if row else 0
    except WrongCode:
        return 0


def add(person: Person, secret: str, code: str) -> list[str]:
    """Switch it on with its first code; the recovery codes, never to be seen again. Raises WrongCode."""
    counter = counter_of(secret, plain(code))
    with transaction.atomic():
        Person.objects.select_for_update().get(pk=person.pk)
        Authenticator.objects.filter(user=person).delete()
        data = {"secret": seal(secret, PURPOSE), "last": counter}
        Authenticator.objects.create(user=person, type=Type.TOTP, data=data, last_used_at=timezone.now())
        return new_codes(person)


def new_codes(person: Person) -> list[str]:
    """New recovery codes in place of those there were."""
    codes = ["".join(secrets.choice(LETTERS) for _ in range(12)) for _ in range(RECOVERY_CODES)]
    data = {"secret": seal(json.dumps([hashed(code) for code in codes]), PURPOSE)}
    with transaction.atomic():
        Authenticator.objects.filter(user=person, type=Type.RECOVERY_CODES).delete()
        Authenticator.objects.create(user=person, type=Type.RECOVERY_CODES, data=data)
    return [f"{code[:4]}-{code[4:8]}-{code[8:]}" for code in codes]


def remove(person: Person) -> bool:
    """Whether there was one."""
    return bool(Authenticator.objects.filter(user=person).delete()[0])


def qr_code(text: str) -> tuple[str, int]:
    """A QR code as a path of SVG on a grid, and how many units its side has with the quiet zone."""
    made = qrcode.QRCode(border=4)
    made.add_data(text)
    rows = made.get_matrix()
    dark = [f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark]
    return "".join(dark), len(rows)
