"""The page that documents the addresses of published data, for Power BI, Excel and everything else that reads them."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from priorities.models import Quarter, QuarterStatus
from priorities.people import signed_in
from priorities.periods import Period

from .models import Publication
from .release import RELEASE, Release
from .tidy import TABLES
from .views import readable

GOOD_FOR = {
    "html": "reading and printing",
    "pdf": "reading and printing; tagged for screen readers",
    "xlsx": "Excel and Power BI: one table on each sheet",
    "ods": "LibreOffice, and archives",
    "zip": "R, Python and statistical packages: tidy tables, and a description of their columns",
    "json": "Power BI, and programs of your own",
}


@dataclass(frozen=True, slots=True)
class Address:
    """One format of a published quarter, and where its newest version is."""

    release: Release
    newest: str

    @property
    def good_for(self) -> str:
        return GOOD_FOR.get(self.release.suffix, "")


def data(request: HttpRequest) -> HttpResponse:
    published = newest_out()
    example = published or example_of(readable(signed_in(request)))
    newest = {name: address(release.suffix, example) for name, release in RELEASE.items()}
    context = {
        "example": example,
        "is_published": published is not None,
        "addresses": [Address(release, newest[name]) for name, release in RELEASE.items()],
        "newest": newest["json"],
        "first": address("json", example, 1),
        "workbook": newest["xlsx"],
        "is_open": settings.PUBLIC_REPORTS,
        "tables": TABLES,
    }
    return render(request, "reports/data.html", context)


def address(suffix: str, period: Period, version: int | None = None) -> str:
    """Where a published format is, of one version or of the newest."""
    args: list[object] = [period, suffix] if version is None else [period, version, suffix]
    return settings.SITE_URL + reverse(f"reports:published_{'file' if version is None else 'version_file'}", args=args)


def newest_out() -> Period | None:
    """The newest quarter that is published."""
    found = Publication.objects.out().select_related("quarter").only("quarter__financial_year", "quarter__number")
    newest = found.order_by("-quarter__financial_year", "-quarter__number").first()
    return newest.quarter.period if newest else None


def example_of(quarters: list[Quarter]) -> Period:
    """The newest quarter that may be published, of those that the reader knows."""
    closed = (quarter.period for quarter in quarters if quarter.status == QuarterStatus.CLOSED)
    return next(closed, quarters[0].period if quarters else Period.from_slug("2022-23-q1"))
