"""What a new password must be: long, and neither common, nor one's own name, nor made of the words of this place."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError

LONGEST = 1024  # characters: no machine is kept busy by what is sent as a password
TOO_LONG = f"A password has at most {LONGEST:,} characters; choose a shorter one."
WORDS = [
    "mopac",
    "london",
    "police",
    "crime",
    "plan",
    "mayor",
    "metropolitan",
    "quarterly",
    "quarter",
    "performance",
    "tracker",
    "report",
    "password",
    "passphrase",
    "welcome",
    "letmein",
    "victims",
    "trust",
    "office",
]
LEFT = 6  # characters that have to be left without these words, digits and signs


class NotTooLong:
    def validate(self, password: str, user: Any = None) -> None:
        if len(password) > LONGEST:
            raise ValidationError(TOO_LONG, code="password_too_long")

    def get_help_text(self) -> str:
        return f"It may have up to {LONGEST:,} characters of any kind, spaces too. You can paste it."


class NotOurWords:
    """Guessed first by who knows where they are: "MOPAC-Tracker-2026!"."""

    def validate(self, password: str, user: Any = None) -> None:
        left = password.casefold()
        for word in WORDS:
            left = left.replace(word, "")
        if left != password.casefold() and len(re.sub(r"[\W\d_]", "", left)) < LEFT:
            raise ValidationError(
                "This password is made of words that everybody here would try first; add some that nobody would.",
                code="password_of_our_words",
            )

    def get_help_text(self) -> str:
        return "It can’t be made only of words of this place, as “MOPAC tracker” with a year."
