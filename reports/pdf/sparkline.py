"""Stands in for the sparkline of charts.py until that is there; the same signature."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString

from indicators.models import figure_text

from ..charts import ACCENT, INK
from ..report import IndicatorRow

QUARTERS, WIDTH, HEIGHT = 8, 92, 18


def sparkline(row: IndicatorRow) -> SafeString:
    """The last eight quarters of an indicator on the basis of this one; "" where there is no earlier figure."""
    known = [point for point in row.series[-QUARTERS:] if point.value is not None and point.basis == row.basis]
    if len(known) < 2:
        return SafeString("")
    values = [float(point.value or 0) for point in known]
    spread = max(values) - min(values) or 1.0
    spots = [
        (
            f"{WIDTH - 4 - (WIDTH - 8) / (QUARTERS - 1) * known[-1].quarter.quarters_after(point.quarter):.1f}",
            f"{HEIGHT - 4 - (value - min(values)) / spread * (HEIGHT - 8):.1f}",
        )
        for point, value in zip(known, values, strict=True)
    ]
    told = ", ".join(f"{p.quarter} {figure_text(p.value, '', row.unit, row.decimals)}" for p in known)
    return format_html(
        '<svg class="spark" role="img" width="{}" height="{}" viewBox="0 0 {} {}">'
        "<title>The last eight quarters</title><desc>{}</desc>"
        '<polyline points="{}" fill="none" stroke="{}" stroke-width="1.4"/>'
        '<circle cx="{}" cy="{}" r="2.2" fill="{}"/></svg>',
        *(WIDTH, HEIGHT, WIDTH, HEIGHT, told),
        " ".join(",".join(spot) for spot in spots),
        INK,
        *spots[-1],
        ACCENT,
    )
