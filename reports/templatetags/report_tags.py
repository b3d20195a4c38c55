"""Cells that every table repeats. Tags, not includes: a page has hundreds of them."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from reports.charts import counts_bar, counts_text, finance_chart
from reports.pack import Approvals
from reports.report import Counts, FinanceRow, Report

register = template.Library()
register.filter("counts_text", counts_text)


@register.simple_tag
def rag(letter: str | None, word: str) -> SafeString:
    """A status: its letter for the eye, its word for screen readers, its colour and shape on top."""
    if not letter:
        return format_html(
            '<span class="rag rag-none"><span aria-hidden="true">–</span><span class="sr">{}</span></span>',
            word,
        )
    return format_html('<span class="rag rag-{}">{}<span class="sr"> {}</span></span>', letter.lower(), letter, word)


@register.simple_tag
def trend(arrow: str, word: str) -> SafeString:
    return format_html('<span aria-hidden="true">{}</span><span class="sr">{}</span>', arrow or "–", word)


@register.simple_tag
def past_link(shown: str, url: str) -> SafeString | str:
    """A figure that leads to its history: who gave it, when and how. Without an address, as in a file, the figure."""
    if not url or not shown:
        return shown
    return format_html('<a class="figure" href="{}" title="History">{}</a>', url, shown)


@register.simple_tag
def revised(report: Report, key: str, field: str) -> SafeString | str:
    """The mark behind a figure that says something else than the version before, with what that said."""
    found = report.revision_of(key, field) if report.revisions else None
    if found is None:
        return ""
    return format_html(' <small class="revised">[r] earlier {}</small>', found.was or "none")


@register.simple_tag
def bar(counts: Counts, what: str) -> SafeString:
    return counts_bar(counts, what)


@register.simple_tag
def profile_chart(rows: tuple[FinanceRow, ...], title: str) -> SafeString:
    return finance_chart(rows, f"Spend against profile, {title}")


@register.simple_tag
def state_of(approvals: Approvals | None, slug: str) -> str:
    """How far the approval of a priority is; nothing in a closed quarter."""
    return approvals.of(slug) if approvals else ""
