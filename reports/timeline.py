"""The timeline of goals as inline SVG: baselines, forecasts and slips, a row per goal, a column per quarter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from goals.models import slip, slip_text
from priorities.cells import GoalConfidence
from priorities.periods import Period, year_label

from .charts import ACCENT, FILLS, INK, MUTED, RULE

MOST = 9  # quarters in a row; what lies beyond is drawn at the edge, with an arrow
LEFT, STEP, TOP, ROW = 34, 40, 40, 28
SHAPES = {  # a shape for each confidence, so that it reads without colour
    "G": '<circle cx="{x}" cy="{y}" r="9.5" fill="{fill}" stroke="{ink}"/>',
    "A": '<rect x="{left}" y="{top}" width="19" height="19" rx="4" fill="{fill}" stroke="{ink}"/>',
    "R": '<rect x="{left}" y="{top}" width="19" height="19" fill="{fill}" stroke="{ink}"/>',
    "none": '<circle cx="{x}" cy="{y}" r="9.5" fill="#fff" stroke="{ink}" stroke-dasharray="3 2"/>',
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One goal: when it was planned for, when it is expected, and what was expected in earlier quarters."""

    number: int
    title: str
    baseline: Period | None
    forecast: Period | None
    confidence: str
    earlier: tuple[Period, ...] = ()
    completed: Period | None = None  # the quarter that called it complete first

    @property
    def stands_at(self) -> Period | None:
        """Where it is drawn: when it was completed, else when it is expected."""
        return self.completed or self.forecast

    @property
    def periods(self) -> list[Period]:
        return [each for each in (self.baseline, self.stands_at, *self.earlier) if each is not None]

    def told(self, year: int) -> str:
        """In words: "2: baseline Q3, forecast Q4, 1 quarter later, amber"."""
        when = [f"{name} {p.label_within(year)}" if p else f"no {name}" for name, p in self.dates]
        late = slip_text(slip(self.baseline, self.forecast)) if self.forecast and not self.completed else ""
        state = GoalConfidence(self.confidence).label if self.confidence else "Not judged"
        return f"{self.number}: {', '.join([*when, *([late.lower()] if late else []), state.lower()])}"

    @property
    def dates(self) -> tuple[tuple[str, Period | None], ...]:
        now = ("completed in", self.completed) if self.completed else ("forecast", self.forecast)
        return ("baseline", self.baseline), now


def span(bars: Iterable[Bar], now: Period) -> list[Period]:
    """The quarters drawn: all that are named, but of many those around now, three before it at the least."""
    named = sorted({now, *(period for bar in bars for period in bar.periods)})
    first, last = named[0], named[-1]
    if last.quarters_after(first) >= MOST:
        first = max(first, min(now.plus(-3), last.plus(1 - MOST)))
        last = min(last, first.plus(MOST - 1))
    return [first.plus(n) for n in range(last.quarters_after(first) + 1)]


def goal_timeline(bars: Sequence[Bar], now: Period, title: str) -> SafeString:
    """ "" where no goal has a date."""
    if not any(bar.periods for bar in bars):
        return SafeString("")
    quarters = span(bars, now)
    width, bottom = LEFT + STEP * len(quarters) + 6, TOP + ROW * len(bars)
    told = "; ".join(bar.told(now.year) for bar in bars)
    return format_html(
        '<svg class="chart lettered" role="img" width="{w}" height="{h}" viewBox="0 0 {w} {h}">'
        "<title>{title}</title><desc>{told}</desc>{heads}{rows}{key}</svg>",
        w=max(width, 380),
        h=bottom + 88,
        title=title,
        told=told,
        heads=heads(quarters, now, bottom),
        rows=format_html_join("", "{}", ((drawn(bar, place, quarters),) for place, bar in enumerate(bars))),
        key=key(bottom + 18),
    )


def x_of(period: Period, quarters: list[Period]) -> float:
    place = min(max(period.quarters_after(quarters[0]), 0), len(quarters) - 1)
    return LEFT + STEP * (place + 0.5)


def heads(quarters: list[Period], now: Period, bottom: int) -> SafeString:
    """The quarters above, with their year where it begins; this quarter on a band of its own."""
    band = format_html(
        '<rect x="{}" y="18" width="{}" height="{}" fill="#e9f0f6"/>', x_of(now, quarters) - STEP / 2, STEP, bottom - 18
    )
    years = [p for n, p in enumerate(quarters) if n == 0 or p.number == 1]
    room = [p for p in years if p == years[-1] or years[years.index(p) + 1].quarters_after(p) > 1]
    return (
        band
        + format_html_join(
            "",
            '<text x="{}" y="13" font-size="12" fill="{}">{}</text>',
            ((x_of(p, quarters) - STEP / 2 + 4, MUTED, year_label(p.year)) for p in room),
        )
        + format_html_join(
            "",
            '<line x1="{0}" x2="{0}" y1="18" y2="{1}" stroke="{2}"/>'
            '<text x="{3}" y="32" font-size="12" font-weight="{4}" fill="{5}" text-anchor="middle">{6}</text>',
            (
                (x_of(p, quarters) - STEP / 2, bottom, RULE, x_of(p, quarters), 700 if p == now else 400, INK, p.short)
                for p in quarters
            ),
        )
    )


def drawn(bar: Bar, place: int, quarters: list[Period]) -> SafeString:
    y = TOP + ROW * place + ROW / 2
    parts = [
        format_html('<text x="4" y="{}" font-size="13" font-weight="600" fill="{}">{}</text>', y + 4.5, INK, bar.number)
    ]
    if bar.baseline and bar.stands_at and bar.baseline != bar.stands_at:
        ends = x_of(bar.baseline, quarters), x_of(bar.stands_at, quarters)
        parts.append(
            format_html('<line x1="{}" x2="{}" y1="{y}" y2="{y}" stroke="{}" stroke-width="3"/>', *ends, INK, y=y)
        )
    if bar.baseline:
        parts.append(diamond(x_of(bar.baseline, quarters), y) + beyond(bar.baseline, y, quarters))
    for period in sorted({*bar.earlier} - {bar.stands_at, bar.baseline}):
        parts.append(format_html('<circle cx="{}" cy="{}" r="4" fill="{}"/>', x_of(period, quarters), y, ACCENT))
    if bar.stands_at:
        parts.append(mark(bar.confidence, x_of(bar.stands_at, quarters), y) + beyond(bar.stands_at, y, quarters))
    return SafeString("".join(parts))


def diamond(x: float, y: float, size: float = 13) -> SafeString:
    points = f"{x},{y - size} {x + size},{y} {x},{y + size} {x - size},{y}"
    return format_html('<polygon points="{}" fill="#fff" stroke="{}" stroke-width="1.5"/>', points, INK)


def mark(confidence: str, x: float, y: float) -> SafeString:
    """The letter of a confidence in its shape; complete goals count as green, and say CG."""
    counted = GoalConfidence(confidence).counted_as if confidence else "none"
    fill, ink = FILLS[counted]
    shape = SHAPES[counted].format(x=x, y=y, left=x - 9.5, top=y - 9.5, fill=fill, ink=INK)
    size = 10 if len(confidence) > 1 else 12
    return SafeString(shape) + format_html(
        '<text x="{}" y="{}" font-size="{}" font-weight="700" fill="{}" text-anchor="middle">{}</text>',
        x,
        y + 4.2,
        size,
        ink,
        confidence or "–",
    )


def beyond(period: Period, y: float, quarters: list[Period]) -> SafeString:
    """An arrow beside what lies before or after the quarters drawn."""
    if quarters[0] <= period <= quarters[-1]:
        return SafeString("")
    before = period < quarters[0]
    x = x_of(period, quarters) + (-19 if before else 19)
    return format_html(
        '<text x="{}" y="{}" font-size="12" fill="{}" text-anchor="middle">{}</text>',
        x,
        y + 4,
        INK,
        "‹" if before else "›",
    )


def key(y: float) -> SafeString:
    return (
        diamond(12, y - 4, 7)
        + format_html('<text x="24" y="{}" font-size="12" fill="{}">Baseline</text>', y, INK)
        + format_html('<circle cx="96" cy="{}" r="4" fill="{}"/>', y - 4, ACCENT)
        + format_html('<text x="105" y="{}" font-size="12" fill="{}">Forecast before</text>', y, INK)
        + format_html(
            '<text x="4" y="{}" font-size="12" fill="{}">Forecast now, by confidence, or complete:</text>', y + 24, INK
        )
        + SafeString("".join(mark_with_word(*each, y + 46) for each in MARKS))
    )


MARKS = (("G", "Green", 14), ("A", "Amber", 82), ("R", "Red", 154), ("CG", "Complete", 210), ("", "Not judged", 294))


def mark_with_word(confidence: str, word: str, x: float, y: float) -> SafeString:
    text = format_html('<text x="{}" y="{}" font-size="12" fill="{}">{}</text>', x + 14, y + 4.2, INK, word)
    return mark(confidence, x, y) + text
