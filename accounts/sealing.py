"""Secrets at rest: sealed with keys made from SECRET_KEY, opened with those of SECRET_KEY_FALLBACKS too."""

from __future__ import annotations

import base64
from datetime import timedelta
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unsealable(Exception):
    """It was sealed with another SECRET_KEY, was tampered with, or is too old."""


@lru_cache(maxsize=8)
def key_of(secret: str, purpose: str) -> bytes:
    derived = HKDF(hashes.SHA256(), length=32, salt=None, info=f"mopac_tracker {purpose}".encode())
    return base64.urlsafe_b64encode(derived.derive(secret.encode()))


def seals(purpose: str) -> MultiFernet:
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return MultiFernet([Fernet(key_of(secret, purpose)) for secret in secrets])


def seal(text: str, purpose: str) -> str:
    return seals(purpose).encrypt(text.encode()).decode()


def unseal(sealed: str, purpose: str, *, at_most: timedelta | None = None) -> str:
    """What was sealed for this purpose. Raises Unsealable."""
    try:
        return seals(purpose).decrypt(sealed.encode(), ttl=int(at_most.total_seconds()) if at_most else None).decode()
    except (InvalidToken, UnicodeEncodeError) as error:
        raise Unsealable from error
