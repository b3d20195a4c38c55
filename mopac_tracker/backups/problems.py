from __future__ import annotations

import errno
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Problem(Exception):
    """A backup, a restore or an export that was not done; the message says why, and what to do, in one line."""


@contextmanager
def tidy_end() -> Iterator[None]:
    """Being stopped (SIGTERM, as systemd does) runs the clean-up of what is half written, as Ctrl+C does."""

    def leave(number: int, frame: Any) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def told(error: Exception) -> str:
    """The first line of what a driver or the operating system says."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"the disk is full{f' ({error.filename})' if error.filename else ''}"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}{f' ({error.filename})' if error.filename else ''}"
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
