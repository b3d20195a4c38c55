"""Cells that every table repeats. Tags, not includes: a page has hundreds of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from priorities.periods import Period
from reports.changes import way_of
from reports.charts import counts_bar, counts_text, finance_chart, sparkline
from reports.pack import Approvals
from reports.report import Change, Counts, FinanceRow, IndicatorRow, PriorityReport, Report
from reports.timeline import Bar, goal_timeline
from updates.deciding import Noted
from updates.models import Decision

register = template.Library()
register.filter("counts_text", counts_text)


@register.simple_tag
@cache
def rag(letter: str | None, word: str) -> SafeString:
    """A status: its letter for the eye, its word for screen readers, its colour and shape on top."""
    if not letter:
        return format_html(
            '<span class="rag rag-none"><span aria-hidden="true">–</span><span class="sr">{}</span></span>',
            word,
        )
    return format_html('<span class="rag rag-{}">{}<span class="sr"> {}</span></span>', letter.lower(), letter, word)


@register.simple_tag
@cache
def trend(arrow: str, word: str) -> SafeString:
    return format_html('<span aria-hidden="true">{}</span><span class="sr">{}</span>', arrow or "–", word)


@register.simple_tag(takes_context=True)
def figure(context: Context, shown: str, key: str = "", field: str = "") -> SafeString | str:
    """A figure that leads to its history, who gave it, when and how, and behind it what the version before said.

    Leads nowhere without an address in `past`, as in a file.
    """
    found, past = revised(context, key, field), context.get("past")
    if past and shown:
        return format_html('<a class="figure" href="{}" title="History">{}</a>{}', past, shown, found)
    return format_html("{}{}", shown, found) if found else shown


@register.simple_tag(takes_context=True)
def status(context: Context, letter: str, word: str, key: str = "", field: str = "") -> SafeString | str:
    """A status as a figure."""
    return figure(context, rag(letter, word), key, field)


@register.simple_tag(takes_context=True)
def measured(context: Context, row: IndicatorRow, field: str) -> SafeString | str:
    """A target or a value as a figure; where there is none the sign for why, with its words."""
    is_target = field == "target"
    shown = figure(context, (row.target_text if is_target else row.value_text) or "–")
    if (row.target if is_target else row.value) is not None:
        return shown
    why = row.target_why if is_target else row.value_why
    return format_html('<abbr title="{}">{}</abbr><span class="sr"> {}</span>', why, shown, why)


@register.simple_tag(takes_context=True)
def revised(context: Context, key: str, field: str) -> SafeString | str:
    """The mark behind a figure that says something else than the version before, with what that said."""
    report: Report = context["report"]
    found = report.revision_of(key, field) if key and report.revisions else None
    if found is None:
        return ""
    return format_html(' <small class="revised">[r] earlier {}</small>', found.was)


@register.simple_tag
def bar(counts: Counts, what: str) -> SafeString:
    return counts_bar(counts, what)


@register.simple_tag
def spark(row: IndicatorRow) -> SafeString:
    return sparkline(row)


@register.simple_tag
def profile_chart(rows: tuple[FinanceRow, ...], title: str) -> SafeString:
    return finance_chart(rows, f"Spend against profile, {title}")


@register.simple_tag
def timeline(bars: Sequence[Bar], now: Period, title: str) -> SafeString:
    return goal_timeline(bars, now, title)


@register.simple_tag
def change_url(change: Change, report: Report, *, pack: bool | str = False) -> str:
    """Where a change stands on the pages, or in one that holds the whole quarter; "" for what isn't there any more."""
    if not change.slug:
        return ""
    if pack:
        return f"#{change.anchor if '-' in change.anchor else f'{change.slug}-{change.anchor}'.rstrip('-')}"
    page = reverse("reports:priority", args=[report.quarter, change.slug])
    return f"{page}#{change.anchor}" if change.anchor else page


@register.simple_tag
def state_of(approvals: Approvals | None, slug: str) -> str:
    """How far the approval of a priority is; nothing in a closed quarter."""
    return approvals.of(slug) if approvals else ""


WAYS = {"worse": ("▼", "Worse"), "better": ("▲", "Better"), "other": ("•", "Other")}


@register.simple_tag
def way(change: Change) -> SafeString:
    """Which way a change goes: a shape for the eye and a word."""
    shape, told = WAYS[way_of(change.kind)]
    return format_html(
        '<span class="way way-{}"><span aria-hidden="true">{}</span> {}</span>', told.lower(), shape, told
    )


@register.simple_tag
def noted_on(decisions: Mapping[int, Noted] | str, part: PriorityReport) -> Noted | None:
    """What the board decided on one of the priorities; None where decisions are not shown, as in a file."""
    return decisions.get(part.pk) if isinstance(decisions, Mapping) else None


@register.simple_tag(takes_context=True)
def decided(context: Context, key: str) -> SafeString | str:
    """What the board decided on a row, or with the name of a section on that; nothing where it is not shown."""
    noted: Noted | None = context.get("noted")
    if not noted:
        return ""
    found, period = (noted.by_row | noted.by_section).get(key, ()), context["report"].quarter
    return format_html_join("", "{}", ((told(each, period),) for each in found))


def told(decision: Decision, period: Period) -> SafeString:
    """A decision, and in the quarter in which it was done what was: a later one's may not be open to the reader."""
    is_done = decision.settled_in == period
    done = format_html(" Done in {}: {}", period, decision.outcome) if is_done else ""
    return format_html(
        '<small class="decision"><strong>Decision of the board, {}:</strong> {}{}</small>',
        decision.noted_in,
        decision.text,
        done,
    )
