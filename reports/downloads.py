"""Downloads of a quarter: workbooks, and any table of its pages as .csv."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from priorities.door import Refused
from priorities.models import Quarter
from priorities.people import signed_in
from priorities.periods import Period
from updates.opening import plan_opening
from workbooks.sending import sent
from workbooks.writing import FORMATS, Format, Workbook
from workbooks.writing.csvs import table as as_csv

from .pack import approvals_of
from .pdf import MEDIA_TYPE, as_pdf
from .report import PriorityReport
from .series import with_series
from .tables import OF_A_PRIORITY, OF_THE_QUARTER
from .views import says_what_is_unreadable, take, taken
from .workbook import file_name, own_workbook, quarters_workbook, template

SUFFIXES = {found.suffix: found for found in FORMATS.values()}


def format_of(suffix: str) -> Format:
    if suffix not in SUFFIXES:
        raise Http404(f"There is no download that ends in .{suffix}; there are .{', .'.join(SUFFIXES)}.")
    return SUFFIXES[suffix]


def sent_workbook(book: Workbook, found: Format) -> HttpResponse:
    return sent(found.write(book), f"{book.about.name}.{found.suffix}", found.media_type)


@says_what_is_unreadable
def workbook(request: HttpRequest, period: Period, suffix: str, slug: str | None = None) -> HttpResponse:
    """The quarter, or one priority of it, as this person may read it."""
    found, quarter = format_of(suffix), take(request, period).current
    book = quarters_workbook(quarter, signed_in(request), only=slug)
    if not book.sheets:
        if slug is not None and not quarter.plan.priorities.filter(slug=slug).exists():
            raise Http404(f"{period} has no priority at this address.")
        raise PermissionDenied(f"Nothing of this is open to you yet in {period}.")
    return sent_workbook(book, found)


def mine(request: HttpRequest, period: Period, suffix: str) -> HttpResponse:
    """What this person may fill in now, and upload again."""
    found, person = format_of(suffix), signed_in(request)
    writes_its_overview = Quarter.objects.at(period).editable_by(person).select_related("plan").first()
    book = own_workbook(writes_its_overview or take(request, period).current, person)
    if book is None:
        raise PermissionDenied(f"Nothing of {period} is yours to fill in now: it may be submitted, or another’s.")
    return sent_workbook(book, found)


def empty(request: HttpRequest, period: Period, suffix: str) -> HttpResponse:
    """The template of a quarter that is not open yet, for administrators."""
    found, person = format_of(suffix), signed_in(request)
    if not person.is_administrator:
        raise PermissionDenied("Templates of quarters to come are for administrators; ask one.")
    try:
        return sent_workbook(template(plan_opening(period), person), found)
    except Refused as refused:
        raise Http404(str(refused)) from refused


@says_what_is_unreadable
def table(request: HttpRequest, period: Period, name: str, slug: str | None = None) -> HttpResponse:
    """One table of a page, with the rows that this person reads there."""
    tables = OF_THE_QUARTER if slug is None else OF_A_PRIORITY
    if name not in tables:
        raise Http404(f"There is no table of this name; there are {', '.join(tables)}.")
    report, _ = taken(request, period, only=slug)
    parts: list[PriorityReport] = [part for part in report.priorities if slug in (None, part.slug)]
    if not parts:
        raise Http404(f"{period} has no priority at this address.")
    headings, rows = tables[name](report, parts)
    return sent(as_csv(headings, rows), f"{file_name(period, slug or '', name)}.csv", "text/csv; charset=utf-8")


@says_what_is_unreadable
def pdf(request: HttpRequest, period: Period) -> HttpResponse:
    """The whole quarter to print or to send; while it is open, the draft pack."""
    report, context = taken(request, period, compared=True)
    report = with_series(report, context["shelf"].current, signed_in(request))
    data = as_pdf(report, made=timezone.now(), approvals=approvals_of(report, context["shelf"].current))
    return sent(data, f"{file_name(period, 'draft' if report.is_draft else '')}.pdf", MEDIA_TYPE)
