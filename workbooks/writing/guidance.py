"""What the cover and the notes of a workbook say: what it is, how it is filled in, what the codes mean."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models
from django.utils import timezone

from priorities.cells import Basis, GoalConfidence, Level, Missing, Polarity, Rating, Trend, Unit

from ..importing import NOTES
from ..reading import cell_name
from ..reading.sheets import MAX_LENGTH
from .sheets import Workbook

HOW = (
    "Write in the cells of the tables on the sheets after the notes. Leave the headings as they are; new rows go "
    "straight below a table.",
    "A blank cell leaves what is stored as it is. [clear] empties it.",
    "Where there is no figure, write the code that says why, [x] for one that is not available, and say more in the "
    "note beside it. All codes are on the sheet Notes.",
    "A percentage is 27 or 27%, not 0.27. A change in percentage points is -18. Money is in £m: 32.7 is £32.7m. "
    "A day is written like 30/06/2022.",
    "Money is shown to £0.1m and held in full.",
    "What is copied from the quarter before is not confirmed: write yes under Confirmed where it still holds. A cell "
    "that you change confirms its row.",
    "A row that is removed here stays as it is stored. A risk or an issue ends by a text under Closed reason.",
    "The hidden columns Key and Version, the last two of each sheet, say which row is meant and from which version of "
    "it this workbook was made. Leave them as they are; in a new row, leave them empty.",
    "When it is uploaded, every change is shown first, and nothing is stored before it is confirmed. Figures that "
    "somebody else has changed since are shown, not overwritten.",
)


@dataclass(frozen=True, slots=True)
class CoverLine:
    """A line of the cover; `is_heading` begins a part, `sheet` is the one that the line leads to."""

    text: str
    is_heading: bool = False
    sheet: str = ""


def cover(book: Workbook) -> list[CoverLine]:
    """The lines below the title."""
    about = book.about
    made_at = timezone.localtime(about.made_at)
    made = f"Made on {made_at:%-d %B %Y, %H:%M}{f' by {about.made_by}' if about.made_by else ''}."
    lines = [CoverLine(text) for text in (about.plan, about.state, about.scope) if text]
    if about.revisions:
        lines += [CoverLine("Revised since the version before", is_heading=True), *map(CoverLine, about.revisions)]
    if not about.is_release:
        lines.append(CoverLine(made))
    lines += [CoverLine("Sheets", is_heading=True), CoverLine("Notes: what the codes mean", sheet=NOTES)]
    lines += [CoverLine(f"{s.name}: {counted(len(s.rows))}", sheet=s.name) for s in book.sheets]
    if not about.to_fill_in:
        return lines
    return [*lines, CoverLine("How to fill it in", is_heading=True), *map(CoverLine, HOW)]


def counted(rows: int) -> str:
    return f"{rows} row{'' if rows == 1 else 's'}"


def notes(book: Workbook) -> list[tuple[str, str]]:
    """The rows of the notes: what is noted on, and the note."""
    found = [
        ("Ratings and confidence", choices(Rating)),
        ("Confidence in a goal", f"{choices(GoalConfidence)}; complete counts as green"),
        ("Score of a risk, rating of an issue", choices(Level)),
        ("Trend", ", ".join(f"{trend.label} or {trend.arrow}" for trend in Trend)),
        ("No figure, because", ", ".join(f"{m.shorthand} {m.label.lower()}" for m in Missing)),
        ("Unit", labels(Unit)),
        ("Polarity, which way is better", labels(Polarity)),
        ("Basis, the stretch of time that a figure covers", labels(Basis)),
        (
            "Quarters",
            "Q1 is April to June, Q4 January to March. A goal’s Q3 is of its own year; of another, Q3 2023/24",
        ),
        ("Finance", "Revenue in £m. Budget and forecast are of the whole year; profile and actual are cumulative"),
    ]
    if book.about.revisions:
        found.append(("[r]", "Revised: the column Revised says what the figure was in the version before"))
    return found + too_long(book)


def too_long(book: Workbook) -> list[tuple[str, str]]:
    return [
        (
            f"{sheet.name}, {cell_name(row, column)}",
            f"This text has more than the {MAX_LENGTH:,} characters that a cell holds, so its cell is blank, which "
            "leaves it as it is. Read and change it on its page",
        )
        for sheet in book.sheets
        for row, column in sheet.too_long()
    ]


def choices(kind: type[models.TextChoices]) -> str:
    return ", ".join(f"{choice.value} {str(choice.label).lower()}" for choice in kind)


def labels(kind: Iterable[models.TextChoices]) -> str:
    return ", ".join(str(choice.label) for choice in kind)
