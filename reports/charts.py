"""Charts as inline SVG: presentation attributes only, so they print, need no script and pass the content policy.

Each has a title and, in words, what it shows; the table behind it is on the page. Forced colours repaint what has a
fill or a stroke (tracker.css), so nothing is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString

from indicators.models import figure_text
from priorities.cells import Basis, Unit, show_measure, show_money
from priorities.periods import Period, year_label

from .report import BACKGROUND, Counts, FinanceRow, IndicatorRow, Point

INK, MUTED, RULE, ACCENT = "#1a2129", "#55606b", "#c9d0d7", "#1d4f7c"
FILLS = {"G": ("#1f7a4a", "#fff"), "A": ("#f4b740", INK), "R": ("#b3261e", "#fff"), "none": ("#e7eaee", INK)}
WORDS = {"G": "green", "A": "amber", "R": "red", "none": "not judged"}
BAR_WIDTH, BAR_HEIGHT, LEAST = 156, 22, 26


def counts_text(counts: Counts) -> str:
    """ "5 green, 1 amber, 1 red, 5 not judged"; colours without any are left out."""
    return ", ".join(f"{n} {WORDS[letter]}" for letter, n in counts.items() if n) or "none"


def counts_bar(counts: Counts, what: str, length: int = BAR_WIDTH) -> SafeString:
    """One stacked bar with a number, and its letter, in every segment."""
    return bar_of(tuple((letter, n) for letter, n in counts.items() if n), what, length)


@lru_cache
def bar_of(parts: tuple[tuple[str, int], ...], what: str, length: int) -> SafeString:
    if not parts:
        return format_html('<span class="muted">No {}</span>', what)
    spare = length - LEAST * len(parts)
    total = sum(n for _, n in parts)
    segments, left = [], 0.0
    for letter, n in parts:
        width = LEAST + spare * n / total
        fill, ink = FILLS[letter]
        text = f"{n} {letter}" if letter != "none" else f"{n} –"
        segments.append(
            (f"{left:.1f}", f"{width - 1:.1f}", BAR_HEIGHT, fill, f"{left + width / 2 - 0.5:.1f}", ink, text)
        )
        left += width
    return format_html(
        '<svg class="bar" role="img" aria-label="{}: {}" width="{}" height="{}" viewBox="0 0 {} {}">{}</svg>',
        what.capitalize(),
        counts_text(dict(parts)),
        length,
        BAR_HEIGHT,
        length,
        BAR_HEIGHT,
        format_html_join(
            "",
            '<rect x="{}" y="0" width="{}" height="{}" fill="{}"/>'
            '<text x="{}" y="15.5" fill="{}" font-size="13" font-weight="600" text-anchor="middle">{}</text>',
            segments,
        ),
    )


def finance_chart(rows: Sequence[FinanceRow], title: str) -> SafeString:
    """Cumulative profile as a line and actual spend as bars, by period, in £m; "" where there is nothing to draw."""
    drawn = [row for row in rows if row.ytd_profile is not None or row.ytd_actual is not None]
    top = max((v for r in drawn for v in (r.ytd_profile, r.ytd_actual) if v is not None), default=Decimal(0))
    if len(drawn) < 2 or top <= 0:
        return SafeString("")
    width, height, base, ceiling = 340, 178, 142, 26
    step = (width - 24) / len(drawn)

    def y(pounds: Decimal) -> float:
        return base - float(pounds / top) * (base - ceiling)

    def x(index: int) -> float:
        return 12 + step * (index + 0.5)

    bars = [
        (f"{x(i) - 15:.1f}", f"{y(r.ytd_actual):.1f}", f"{max(base - y(r.ytd_actual), 0):.1f}", ACCENT)
        for i, r in enumerate(drawn)
        if r.ytd_actual is not None
    ]
    points = [(x(i), y(r.ytd_profile), r.ytd_profile) for i, r in enumerate(drawn) if r.ytd_profile is not None]
    described = "; ".join(
        f"{r.period}: profile {show_money(r.ytd_profile) if r.ytd_profile is not None else 'none'}, "
        f"actual {show_money(r.ytd_actual) if r.ytd_actual is not None else 'not yet'}"
        for r in drawn
    )
    return format_html(
        '<svg class="chart" role="img" width="{}" height="{}" viewBox="0 0 {} {}"><title>{}</title><desc>{}</desc>'
        '<line x1="12" x2="{}" y1="{}" y2="{}" stroke="{}"/>{}'
        '<polyline points="{}" fill="none" stroke="{}" stroke-width="1.6" stroke-dasharray="5 3"/>{}{}'
        '<rect x="12" y="167" width="12" height="9" fill="{}"/>'
        '<text x="29" y="175.5" font-size="12" fill="{}">Actual</text>'
        '<line x1="82" x2="104" y1="171.5" y2="171.5" stroke="{}" stroke-width="1.6" stroke-dasharray="5 3"/>'
        '<text x="110" y="175.5" font-size="12" fill="{}">Profile, cumulative £m</text></svg>',
        width,
        height,
        width,
        height,
        title,
        described,
        width - 12,
        base,
        base,
        RULE,
        format_html_join("", '<rect x="{}" y="{}" width="30" height="{}" fill="{}"/>', bars),
        " ".join(f"{px:.1f},{py:.1f}" for px, py, _ in points),
        INK,
        format_html_join(
            "",
            '<circle cx="{}" cy="{}" r="3" fill="#fff" stroke="{}" stroke-width="1.6"/>'
            '<text x="{}" y="{}" font-size="12" fill="{}" text-anchor="middle" paint-order="stroke" stroke="#fff" '
            'stroke-width="4">{}</text>',
            [(f"{a:.1f}", f"{b:.1f}", INK, f"{a:.1f}", f"{b - 9:.1f}", INK, show_money(v)) for a, b, v in points],
        ),
        format_html_join(
            "",
            '<text x="{}" y="157" font-size="12" fill="{}" text-anchor="middle">{}</text>',
            [(f"{x(i):.1f}", MUTED, r.period) for i, r in enumerate(drawn)],
        ),
        ACCENT,
        INK,
        INK,
        INK,
    )


# Series


def drawing(kind: str, title: str, description: str, width: int, height: int, body: Iterable[str]) -> SafeString:
    """An SVG of parts that are escaped already, with its title and what it shows in words."""
    return SafeString(
        f'<svg class="{kind}" role="img" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>{''.join(body)}</svg>"
    )


Line = list[tuple[Point, Decimal]]  # the figures of one basis, oldest first


def lines_of(points: Iterable[Point]) -> dict[str, Line]:
    """The figures of a series by basis, as they begin: one for each quarter, the plan's own where there is one."""
    found: dict[str, dict[Period, tuple[Point, Decimal]]] = {}
    for point in points:
        if point.value is not None:
            line = found.setdefault(point.basis, {})
            if point.quarter not in line or not point.origin:
                line[point.quarter] = point, point.value
    return {basis: list(line.values()) for basis, line in found.items()}


def joined(line: Line) -> Iterator[Line]:
    """The stretches of a line that may be drawn through: without a gap, and a year to date only within its year."""
    stretch: Line = []
    for point, value in line:
        if stretch:
            last = stretch[-1][0]
            over = point.basis == Basis.YEAR_TO_DATE and point.quarter.year != last.quarter.year
            if over or point.quarter.quarters_after(last.quarter) != 1:
                yield stretch
                stretch = []
        stretch.append((point, value))
    if stretch:
        yield stretch


def marks(point: Point) -> str:
    """The letters of the statistical service for what is not final, or was another figure before."""
    return f"{' [p]' if point.is_provisional else ''}{' [r]' if point.is_revised else ''}"


def in_words(points: Iterable[Point], unit: str, decimals: int) -> str:
    """What a chart of a series shows: every figure of a short one, of a long one its course."""
    told = []
    for basis, line in lines_of(points).items():
        name = Basis(basis).label if basis else "On no stated basis"
        said = [f"{p.quarter} {figure_text(v, '', unit, decimals)}{marks(p)}" for p, v in line]
        if len(line) > LABELLED:
            low, high = (said[line.index(pick(line, key=lambda each: each[1]))] for pick in (min, max))
            said = [f"{len(line)} figures from {said[0]} to {said[-1]}", f"lowest {low}", f"highest {high}"]
        told.append(f"{name}: {', '.join(said)}.")
    return " ".join(told)


LABELLED = 8  # figures that are written into a chart; of more, the first and the last
SLOTS, SPARK_WIDTH, SPARK_HEIGHT = 8, 92, 18


def sparkline(row: IndicatorRow) -> SafeString:
    """The last eight quarters of an indicator beside its figures; "" where there is no earlier figure.

    Only figures on one basis and without a gap are joined; what is not final is a ring.
    """
    lines = lines_of(row.series[-SLOTS:])
    values = [value for line in lines.values() for _, value in line]
    if len(values) < 2:
        return SafeString("")
    low, high, last = min(values), max(values), row.series[-1].quarter
    spread, step = float(high - low) or 1.0, (SPARK_WIDTH - 8) / (SLOTS - 1)

    def at(point: Point, value: Decimal) -> tuple[float, float]:
        x = SPARK_WIDTH - 4 - step * last.quarters_after(point.quarter)
        share = float(value - low) / spread if high != low else 0.5
        return round(x, 1), round(SPARK_HEIGHT - 4 - share * (SPARK_HEIGHT - 8), 1)

    body = []
    for line in lines.values():
        for stretch in joined(line):
            spots = [at(*each) for each in stretch]
            if len(spots) > 1:
                path = " ".join(f"{x},{y}" for x, y in spots)
                body.append(f'<polyline points="{path}" fill="none" stroke="{INK}" stroke-width="1.4"/>')
            body += [spot(p, *xy, 2.2) for (p, _), xy in zip(stretch, spots, strict=True) if is_spot(p, last, stretch)]
    told = in_words(row.series[-SLOTS:], row.unit, row.decimals)
    return drawing("spark", "The last eight quarters", told, SPARK_WIDTH, SPARK_HEIGHT, body)


def is_spot(point: Point, last: Period, stretch: Line) -> bool:
    """Whether a sparkline marks a figure: the newest, those that no line goes through, those that are not final."""
    return point.quarter == last or len(stretch) == 1 or point.is_provisional or point.is_revised


def spot(point: Point, x: float, y: float, size: float, *, square: bool = False) -> str:
    """A figure's mark: filled, or hollow where it is not final."""
    fill, edge = ("#fff" if point.is_provisional else ACCENT), f'stroke="{ACCENT}" stroke-width="1.4"'
    if square:
        return (
            f'<rect x="{x - size:.1f}" y="{y - size:.1f}" width="{2 * size}" height="{2 * size}" fill="{fill}" {edge}/>'
        )
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size}" fill="{fill}" {edge}/>'


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round figures that cover a range, at most so many steps apart."""
    rough = (high - low or abs(high) or 1.0) / most
    power = 10.0
    while power > rough:
        power /= 10
    while power * 10 <= rough:
        power *= 10
    step = next(power * n for n in (1, 2, 2.5, 5, 10) if power * n >= rough)
    first, last = int(low // step), -int(-high // step)
    return [step * n for n in range(first, max(last, first + 1) + 1)]


@dataclass(slots=True)
class Plot:
    """The room of a chart of a series: where quarters and figures lie, and what is taken by texts and marks."""

    first: Period
    slots: int
    width: int
    height: int
    scale: list[float]
    top: int = 44
    left: int = 48
    right: int = 14
    texts: list[Box] = field(default_factory=list)
    spots: list[Box] = field(default_factory=list)
    breaks: list[float] = field(default_factory=list)  # where the figures begin to be on another basis

    @property
    def slot(self) -> float:
        return (self.width - self.left - self.right) / self.slots

    @property
    def base(self) -> int:
        return self.height - 24

    def x(self, quarter: Period) -> float:
        return self.left + self.slot * (quarter.quarters_after(self.first) + 0.5)

    def y(self, value: float | Decimal) -> float:
        share = (float(value) - self.scale[0]) / (self.scale[-1] - self.scale[0])
        return self.base - share * (self.base - self.top)

    def write(self, x: float, y: float, text: str, *, below: bool = False, far: bool = False) -> str:
        """A text beside a place, inside the chart, off other texts, off marks too if it can be; else nothing.

        It stays on its own side of a break, where it has the room.

        `far` lets it be a line further below, rather than on a mark.
        """
        half = len(text) * 3.3
        around = [(x, y + 17), (x, y - 8)] if below else [(x, y - 8), (x, y + 17)]
        beside = [(x - half - 9, y + 4), (x + half + 9, y + 4)]
        further = [(x, y + 32)] if far else []
        places = [(at, True) for at in (*around, *beside, *further)] + [(at, False) for at in around]
        for (across, down), off_marks in places:
            at = self.within(across, half, x)
            box = at - half, down - 11, at + half, down + 3
            if down <= self.base + 2 and is_free(box, self.texts + (self.spots if off_marks else [])):
                self.texts.append(box)
                return label(at, down, text)
        return ""

    def within(self, across: float, half: float, x: float) -> float:
        """The middle of a text moved so that it lies in the chart, and where it fits between the breaks around `x`."""
        left = max((each for each in self.breaks if each <= x), default=0.0)
        right = min((each for each in self.breaks if each > x), default=float(self.width))
        if right - left < 2 * half + 4:
            left, right = 0.0, float(self.width)
        return min(max(across, left + half + 2), right - half - 2)


Box = tuple[float, float, float, float]  # left, top, right, bottom


def is_free(box: Box, taken: list[Box]) -> bool:
    left, top, right, bottom = box
    return all(right < a or left > c or bottom < b or top > d for a, b, c, d in taken)


def rule(
    start: tuple[float, float], end: tuple[float, float], colour: str, *, dashes: str = "", width: float = 1
) -> str:
    (x1, y1), (x2, y2) = start, end
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    kind = "" if dashes else ' class="faint"'
    return (
        f'<line{kind} x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="{width}"{dashed}/>'
    )


def label(x: float, y: float, text: str, colour: str = INK, anchor: str = "middle") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="12" fill="{colour}" text-anchor="{anchor}" paint-order="stroke" '
        f'stroke="#fff" stroke-width="4">{escape(text)}</text>'
    )


def series_chart(
    points: Sequence[Point],
    title: str,
    *,
    unit: str,
    decimals: int = 0,
    targets: Mapping[Period, Decimal] | None = None,
    width: int = 720,
) -> SafeString:
    """An indicator over all its quarters, a line for each basis; "" where there is no figure to draw.

    `targets` is what each quarter's value is held against. Where the basis of the figures changes, a line across says
    so. `width` is in pixels: 720 for a page, about 300 for a phone.
    """
    lines, targets = lines_of(points), targets or {}
    values = [value for line in lines.values() for _, value in line]
    if not values:
        return SafeString("")
    drawn = [*values, *targets.values()]
    low, high = float(min(drawn)), float(max(drawn))
    if unit != Unit.PERCENT:
        low, high = min(low, 0.0), max(high, 0.0)
    scale = ticks(low, high)
    if scale[0] > 0 and low - scale[0] < 0.15 * (scale[-1] - scale[0]):
        scale.insert(0, scale[0] - (scale[1] - scale[0]))  # room for what is written below
    quarters = sorted({point.quarter for point in points})
    slots = quarters[-1].quarters_after(quarters[0]) + 1
    plot = Plot(quarters[0], slots, width, 260 if width > 500 else 220, scale)
    make_room(plot, lines)
    own = next((p.basis for p in reversed(points) if p.value is not None and not p.origin), list(lines)[-1])
    newest_first = sorted(lines.items(), key=lambda each: each[0] != own)
    body = [
        *grid(plot, unit, decimals),
        *bases(plot, lines),
        *target_lines(plot, targets),
        *(part for basis, line in newest_first for part in drawn_line(plot, line, is_main=basis == own)),
        *(part for _, line in newest_first for part in figures(plot, line, unit, decimals)),
        *target_label(plot, targets, unit, decimals),
        *absences(plot, points),
    ]
    return drawing("chart", title, in_words(points, unit, decimals), width, plot.height, body)


def grid(plot: Plot, unit: str, decimals: int) -> Iterator[str]:
    """The scale on the left, and the years or the quarters below."""
    for tick in plot.scale:
        y = plot.y(tick)
        yield rule((plot.left, y), (plot.width - plot.right, y), RULE)
        yield label(plot.left - 6, y + 4, show_measure(Decimal(f"{tick:.10g}"), unit), MUTED, "end")
    every = max(1, round(64 / (plot.slot * 4) + 0.49))
    room = float(plot.left)
    for n in range(plot.slots):
        quarter = plot.first.plus(n)
        x = plot.x(quarter)
        if plot.slot >= 62:
            yield label(x, plot.height - 6, quarter.label, MUTED)
        elif (quarter.number == 1 or plot.slots < 4) and (quarter.year % every == 0 or plot.slots < 9) and x >= room:
            at = x - plot.slot / 2
            room = x + 64
            yield rule((at, plot.base), (at, plot.base + 5), MUTED)
            if at + 48 < plot.width:
                yield label(at + 2, plot.height - 6, year_label(quarter.year), MUTED, "start")


def name_of_basis(basis: str) -> str:
    return {"": "Basis not stated", Basis.QUARTER: "Single quarters"}.get(basis) or str(Basis(basis).label)


LETTER = 6.4  # pixels that a letter of a basis's name takes


def make_room(plot: Plot, lines: dict[str, Line]) -> None:
    """On the right of the last break, for the name of the basis and what is written beside its figures."""
    begun = {basis: line[0][0].quarter for basis, line in list(lines.items())[1:]}
    if begun:
        last = max(begun, key=lambda basis: begun[basis])
        share = (plot.slots - begun[last].quarters_after(plot.first)) / plot.slots
        wanted = max(len(name_of_basis(last)) * LETTER + 8, 84)
        if share < 1:
            plot.right = max(plot.right, round((wanted - share * (plot.width - plot.left)) / (1 - share)))
    plot.breaks = [plot.x(quarter) - plot.slot / 2 for quarter in begun.values()]


def bases(plot: Plot, lines: dict[str, Line]) -> Iterator[str]:
    """The name of each basis where its figures begin, and a line across where it is another than before."""
    ends = [0.0, 0.0]
    for number, (basis, line) in enumerate(lines.items()):
        start = plot.x(line[0][0].quarter) - plot.slot / 2
        name = name_of_basis(basis)
        if number:
            yield rule((start, 6), (start, plot.base), INK, dashes="1 3")
        wide = len(name) * LETTER
        at = min(start + 4, plot.width - wide - 2)
        row = 0 if at >= ends[0] else 1
        ends[row] = at + wide + 8
        yield label(at, 14 + 15 * row, name, INK, "start")


def target_lines(plot: Plot, targets: Mapping[Period, Decimal]) -> Iterator[str]:
    """A dashed line as wide as its quarter for each target; the same target goes on in one."""
    begun = None
    for quarter in sorted(targets):
        begun = begun or quarter
        if targets.get(quarter.next) != targets[quarter]:
            half, y = plot.slot / 2, plot.y(targets[quarter])
            yield rule((plot.x(begun) - half, y), (plot.x(quarter) + half, y), INK, dashes="5 3", width=1.6)
            begun = None


def target_label(plot: Plot, targets: Mapping[Period, Decimal], unit: str, decimals: int) -> Iterator[str]:
    if targets:
        last = max(targets)
        text = f"Target {show_measure(targets[last], unit, decimals)}"
        yield plot.write(plot.x(last), plot.y(targets[last]), text, below=True, far=True)


def drawn_line(plot: Plot, line: Line, *, is_main: bool) -> Iterator[str]:
    colour, width = (ACCENT, 2) if is_main else (MUTED, 1.6)
    for stretch in joined(line):
        if len(stretch) > 1:
            path = " ".join(f"{plot.x(point.quarter):.1f},{plot.y(value):.1f}" for point, value in stretch)
            yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
    size = 3.5 if plot.slot > 12 else 2.0
    for point, value in line:
        square, x, y = point.origin == BACKGROUND, plot.x(point.quarter), plot.y(value)
        plot.spots.append((x - size, y - size, x + size, y + size))
        yield spot(point, x, y, size * 0.7 if square else size, square=square)


def figures(plot: Plot, line: Line, unit: str, decimals: int) -> Iterator[str]:
    """Figures and marks written beside the line, the newest first: all of a short one."""
    most = LABELLED if plot.width > 500 else 4
    for number, (point, value) in reversed(list(enumerate(line))):
        written = len(line) <= most or number in (0, len(line) - 1)
        text = figure_text(value, "", unit, decimals) if written else ""
        falls = number > 0 and line[number - 1][1] > value
        if text or marks(point):
            yield plot.write(plot.x(point.quarter), plot.y(value), f"{text}{marks(point)}".strip(), below=falls)


def absences(plot: Plot, points: Iterable[Point]) -> Iterator[str]:
    """Why there is no figure, where a report says so and there is room."""
    if plot.slot >= 18:
        for point in points:
            if point.missing:
                yield plot.write(plot.x(point.quarter), plot.base + 2, f"[{point.missing}]")
