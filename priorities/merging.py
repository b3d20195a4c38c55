"""Three-way merge of one row: what was there, what I want, what somebody else has stored meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that two people changed, each to something else."""

    base: Any
    mine: Any
    theirs: Any


@dataclass(frozen=True, slots=True)
class Merged:
    """`changes` are the values to write, only those that differ from what is stored; `conflicts` wait for a choice."""

    changes: dict[str, Any]
    conflicts: dict[str, Conflict]


def merge(base: Mapping[str, Any], mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> Merged:
    """Field by field over `mine`: what I left as it was stays as stored; what only I changed is written.

    `base` is the row as I first saw it and `theirs` as it is stored now; both have every field of `mine`. The rule of
    forms and imports alike.
    """
    changes, conflicts = {}, {}
    for name, value in mine.items():
        if value in (base[name], theirs[name]):
            continue
        if theirs[name] == base[name]:
            changes[name] = value
        else:
            conflicts[name] = Conflict(base[name], value, theirs[name])
    return Merged(changes, conflicts)
