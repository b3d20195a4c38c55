"""What a preview shows, as it is kept: every row and cell of the plan, without planning again for each page."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import astuple, dataclass, field
from typing import Any

from .importing import CellPlan, Import, RowPlan, Told


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

    before: RowPlan | None
    now: RowPlan | None

    @property
    def row(self) -> RowPlan:
        row = self.now or self.before
        assert row is not None
        return row


@dataclass(frozen=True)
class Preview:
    rows: list[RowPlan] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    disputed: list[Disputed] = field(default_factory=list)
    since: list[Difference] = field(default_factory=list)

    @classmethod
    def of(cls, planned: Import, disputed: list[Disputed]) -> Preview:
        """`planned` is the plan with the choices made, `disputed` what there was to choose.

        A cell that still has to be chosen is a problem of the plan, and told with the choice, not twice.
        """
        return cls(planned.rows, [told for told in planned.told if not told.conflict], disputed)

    def wrong(self) -> dict[tuple[str, int], list[Told]]:
        """What is told of each row, by its sheet and number."""
        found: dict[tuple[str, int], list[Told]] = {}
        for told in self.told:
            found.setdefault((told.sheet, told.row), []).append(told)
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


def row_of(values: list[Any]) -> RowPlan:
    sheet, row, kind, subject, cells = values
    return RowPlan(sheet, row, kind, subject, tuple(CellPlan(*cell) for cell in cells))


def disputed_in(rows: Iterable[RowPlan]) -> list[Disputed]:
    return [Disputed(row.sheet, row.subject, cell) for row in rows for cell in row.cells if cell.conflict]


def differences(before: Iterable[RowPlan], now: Iterable[RowPlan]) -> list[Difference]:
    """The rows that differ between two previews, in the order of the newer one."""
    old = {(row.sheet, row.row): row for row in before}
    new = {(row.sheet, row.row): row for row in now}
    places = [*new, *(place for place in old if place not in new)]
    return [Difference(old.get(place), new.get(place)) for place in places if old.get(place) != new.get(place)]
