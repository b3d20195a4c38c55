"""The columns of a sheet: their headings, how their cells are read and shown, and how names in them are compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from import_export import fields

from .cells import CLEAR, CellError, one_of, parse_text, tidy

ALIKE = 0.85  # from this likeness on, a new name is questioned as a slip of the pen
UNLIKE = 0.5  # below this likeness, two titles under one reference are taken for different things
REMEMBERED = 40  # texts up to this length are read once and remembered: letters, quarters, figures


@lru_cache(maxsize=20_000)
def fold(text: str) -> str:
    """A name as it is compared: case, spaces, "&" and the kind of apostrophe don't matter."""
    return tidy(text).casefold().replace("&", "and").replace("’", "'").rstrip("*. ")


@lru_cache(maxsize=20_000)
def likeness(one: str, other: str) -> float:
    one, other = fold(one), fold(other)
    return 1.0 if one == other else SequenceMatcher(None, one, other).ratio()


def nearest(name: str, known: Iterable[str], cutoff: float = ALIKE) -> str | None:
    """The known name that this one is most like, if it is nearly the same."""
    by_fold = {fold(k): k for k in known}
    found = get_close_matches(fold(name), by_fold, n=1, cutoff=cutoff)
    return by_fold[found[0]] if found else None


def slip_of(name: str, known: Iterable[str]) -> str | None:
    """The known name that this one is a letter or two from: for titles that rightly resemble one another."""
    if len(name) < 5:
        return None
    near = nearest(name, (k for k in known if abs(len(fold(k)) - len(fold(name))) <= 2), cutoff=0.75)
    if near is None:
        return None
    edits = SequenceMatcher(None, fold(name), fold(near), autojunk=False).get_opcodes()
    differing = [(fold(name)[a1:a2], fold(near)[b1:b2]) for kind, a1, a2, b1, b2 in edits if kind != "equal"]
    if all(one.strip().isdigit() and other.strip().isdigit() for one, other in differing):
        return None  # "Stage 1" and "Stage 2" are two things
    return near if sum(max(map(len, pair)) for pair in differing) <= 2 else None


def wrong(column: str, message: str) -> ValidationError:
    return ValidationError({column: ValidationError(message, code="invalid")})


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in one row; `column` is a heading, or "" for the row as a whole."""

    row: int  # 1 is the first row below the headings, 0 the headings
    column: str
    message: str
    conflict: bool = False  # somebody stored something else since the file was made: a choice, not an error


class NEVER:
    """What a column is emptied to that can't be; a class, because import-export copies columns."""


class Column(fields.Field):
    """One column: its heading, the aliases that serve too, and how its cells are read, written and shown.

    `likely` are words for it that may mean something else beside it, and serve only where no other column is it.
    A blank cell leaves what is stored alone; `[clear]` empties it, to the value of `empty`. `show` writes a value so
    that people and `parse` can both read it.
    """

    def __init__(
        self,
        attribute: str | None,
        heading: str,
        *,
        parse: Callable[..., Any] = parse_text,
        show: Callable[[Any], Any] = str,
        aliases: tuple[str, ...] = (),
        likely: tuple[str, ...] = (),
        empty: Any = "",
    ) -> None:
        super().__init__(attribute=attribute, column_name=heading)
        self.parse, self.show, self.aliases, self.likely, self.empty = parse, show, aliases, likely, empty
        self.remembered: dict[tuple[str, Any], Any] = {}

    @property
    def attributes(self) -> tuple[str, ...]:
        """The fields that the column's cells are stored in."""
        return (self.attribute,) if self.attribute else ()

    def typed(self, text: str, instance: Any) -> dict[str, Any]:
        """What a cell says, by field; nothing where it is blank. Raises CellError."""
        if not text:
            return {}
        if text.casefold() == CLEAR:
            if self.empty is NEVER:
                raise CellError("This can't be empty; write what it should be, or leave the cell blank.")
            return self.stored_as(self.empty)
        if len(text) > REMEMBERED:
            return self.stored_as(self.read(text, instance))
        key = text, self.depends_on(instance)
        if key not in self.remembered:
            self.remembered[key] = self.read(text, instance)
        return self.stored_as(self.remembered[key])

    def depends_on(self, instance: Any) -> Any:
        """What of the row, besides the text, decides how a cell is read: a unit, a year."""
        return None

    def read(self, text: str, instance: Any) -> Any:
        return self.parse(text)

    def stored_as(self, value: Any) -> dict[str, Any]:
        return {str(self.attribute): value}

    def words(self, values: Mapping[str, Any], instance: Any) -> str:
        """The cell as people read it, of these values of the row's fields."""
        value = values.get(str(self.attribute))
        return "" if value is None or value == "" else str(self.show(value))

    def export(self, instance: Any, **kwargs: Any) -> Any:
        value = self.get_value(instance)
        return "" if value is None or value == "" else self.show(value)


class Key(Column):
    """A column that says which row is meant; identify() reads it, and importing doesn't write it."""

    def typed(self, text: str, instance: Any) -> dict[str, Any]:
        return {}


def cell(row: Mapping[str, Any], column: str) -> str:
    value = row.get(column)
    return "" if value is None else str(value).strip()


def name_in(row: Mapping[str, Any], column: str) -> str:
    """A cell that names the row: "" where it is blank; it can't be cleared. Raises ValidationError."""
    text = cell(row, column)
    if text.casefold() == CLEAR:
        raise wrong(column, "This names the row and can't be emptied; leave the row out, or delete what it is about.")
    return text


def heading_key(heading: object) -> str:
    """A heading as it is compared: without case, punctuation and a unit in brackets."""
    text = re.sub(r"\((?:£|in )[^)]*\)$", "", tidy(heading).casefold().replace("’", "'")).strip()
    return text.rstrip(".:* ")


parse_yes_no = one_of(
    {"yes": True, "y": True, "true": True, "1": True, "✓": True, "no": False, "n": False, "false": False, "0": False},
    "yes or no",
    "yes or no",
)


def yes_no(value: bool) -> str:
    return "yes" if value else "no"


def label_of(choices: type[models.TextChoices]) -> Callable[[Any], str]:
    """Shows a choice by its label, which its parser reads too."""
    return lambda value: str(choices(value).label)


def confirmed_column() -> Column:
    """Whether somebody said that the row is right for its quarter, not just carried forward."""
    return Column("confirmed", "Confirmed", parse=parse_yes_no, show=yes_no, empty=False)
