"""What a preview shows, as it is kept: every row and cell of the plan, without planning again for each page."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import astuple, dataclass, field
from typing import Any

from priorities.cells import CellError, parse_period
from priorities.periods import Period

from .importing import CellPlan, Import, RowPlan, Told


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row of the plan in its texts, which outlive the plan."""

    sheet: str
    row: int
    kind: str
    subject: str
    cells: tuple[CellPlan, ...]
    quarter: str = ""  # as the row names it

    @classmethod
    def of(cls, row: RowPlan) -> ShownRow:
        return cls(row.sheet, row.row, row.kind, row.subject, row.cells, row.plan.text(row.row, "Quarter"))


@dataclass(frozen=True, slots=True)
class Disputed:
    """A cell that the file and somebody else changed, each to something else."""

    sheet: str
    subject: str
    cell: CellPlan

    @property
    def name(self) -> str:
        return f"{self.sheet}!{self.cell.cell}"


@dataclass(frozen=True, slots=True)
class Difference:
    """A row of the preview that is not as it was when somebody looked."""

    before: ShownRow | None
    now: ShownRow | None

    @property
    def row(self) -> ShownRow:
        row = self.now or self.before
        assert row is not None
        return row


@dataclass(frozen=True)
class Preview:
    rows: list[ShownRow] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    disputed: list[Disputed] = field(default_factory=list)
    since: list[Difference] = field(default_factory=list)

    def wrong(self) -> dict[tuple[str, int], list[Told]]:
        """What is told of each row, by its sheet and number."""
        found: dict[tuple[str, int], list[Told]] = {}
        for told in self.told:
            found.setdefault((told.sheet, told.row), []).append(told)
        return found

    @property
    def periods(self) -> set[Period]:
        """The quarters that its rows name."""
        found = set()
        for text in {row.quarter for row in self.rows}:
            with suppress(CellError):
                found.add(parse_period(text))
        return found

    def pack(self) -> bytes:
        text = json.dumps([list(map(astuple, part)) for part in (self.rows, self.told, self.disputed, self.since)])
        return zlib.compress(text.encode())

    @classmethod
    def unpack(cls, packed: Any) -> Preview:
        rows, told, disputed, since = json.loads(zlib.decompress(bytes(packed)))
        return cls(
            list(map(row_of, rows)),
            [Told(*each) for each in told],
            [Disputed(sheet, subject, CellPlan(*cell)) for sheet, subject, cell in disputed],
            [Difference(*(row_of(row) if row else None for row in pair)) for pair in since],
        )


def row_of(values: list[Any]) -> ShownRow:
    sheet, row, kind, subject, cells, *quarter = values
    return ShownRow(sheet, row, kind, subject, tuple(CellPlan(*cell) for cell in cells), *quarter)


def disputed_in(planned: Import) -> list[Disputed]:
    """The cells of a plan without choices in which somebody has to choose."""
    rows = {(told.sheet, told.row) for told in planned.told if told.conflict}
    found = (row for row in planned.rows if (row.sheet, row.row) in rows)
    return [Disputed(row.sheet, row.subject, cell) for row in found for cell in row.cells if cell.conflict]


def differences(before: Iterable[ShownRow], now: Iterable[ShownRow]) -> list[Difference]:
    """The rows that differ between two previews, in the order of the newer one."""
    old = {(row.sheet, row.row): row for row in before}
    new = {(row.sheet, row.row): row for row in now}
    places = [*new, *(place for place in old if place not in new)]
    return [Difference(old.get(place), new.get(place)) for place in places if old.get(place) != new.get(place)]
