"""Charts as inline SVG: presentation attributes only, so they print, need no script and pass the content policy."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from priorities.cells import show_money

from .report import Counts, FinanceRow

INK, MUTED, RULE, ACCENT = "#1a2129", "#55606b", "#c9d0d7", "#1d4f7c"
FILLS = {"G": ("#1f7a4a", "#fff"), "A": ("#f4b740", INK), "R": ("#b3261e", "#fff"), "none": ("#e7eaee", INK)}
WORDS = {"G": "green", "A": "amber", "R": "red", "none": "not judged"}
BAR_WIDTH, BAR_HEIGHT, LEAST = 156, 22, 26


def counts_text(counts: Counts) -> str:
    """ "5 green, 1 amber, 1 red, 5 not judged"; colours without any are left out."""
    return ", ".join(f"{n} {WORDS[letter]}" for letter, n in counts.items() if n) or "none"


def counts_bar(counts: Counts, what: str, length: int = BAR_WIDTH) -> SafeString:
    """One stacked bar with a number, and its letter, in every segment."""
    parts = [(letter, n) for letter, n in counts.items() if n]
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
        counts_text(counts),
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
        '<svg class="chart" role="img" aria-label="{}. {}" width="{}" height="{}" viewBox="0 0 {} {}">'
        '<line x1="12" x2="{}" y1="{}" y2="{}" stroke="{}"/>{}'
        '<polyline points="{}" fill="none" stroke="{}" stroke-width="1.6" stroke-dasharray="5 3"/>{}{}'
        '<rect x="12" y="167" width="12" height="9" fill="{}"/>'
        '<text x="29" y="175.5" font-size="12" fill="{}">Actual</text>'
        '<line x1="82" x2="104" y1="171.5" y2="171.5" stroke="{}" stroke-width="1.6" stroke-dasharray="5 3"/>'
        '<text x="110" y="175.5" font-size="12" fill="{}">Profile, cumulative £m</text></svg>',
        title,
        described,
        width,
        height,
        width,
        height,
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
