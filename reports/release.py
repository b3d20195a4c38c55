"""The formats in which a quarter is released, each written from the report alone: the same report, the same bytes."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from workbooks.writing import FORMATS
from workbooks.writing.csvs import zipped

from . import pdf, tidy
from .json_format import as_json
from .report import Report
from .workbook import moment_of, release_workbook

STYLE = re.compile(rb"<style>(.*?)</style>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Release:
    """A kind of file: its name for people, the end of its name, its media type, and what writes it."""

    label: str
    suffix: str
    media_type: str
    write: Callable[[Report], bytes]

    @property
    def name(self) -> str:
        """The file's name, beside the others of the same version."""
        return f"report.{self.suffix}"


def as_page(report: Report) -> bytes:
    """One page that needs nothing beside it, and leads to the other formats, which lie beside it where it is served."""
    files = [release for release in RELEASE.values() if release.suffix != "html"]
    links = {"all_published": "reports:published_list", "statement": "accessibility"}
    return page(report, files=files, **{name: settings.SITE_URL + reverse(view) for name, view in links.items()})


def page(report: Report, **context: Any) -> bytes:
    """The whole quarter on one page, with its styles and its font inside."""
    return render_to_string("reports/print.html", {"report": report, "styles": styles(), **context}).encode()


def styles() -> str:
    static = settings.BASE_DIR / "static"
    font = base64.b64encode((static / "fonts" / "source-sans-3.woff2").read_bytes()).decode()
    return (static / "tracker.css").read_text().replace("fonts/source-sans-3.woff2", f"data:font/woff2;base64,{font}")


def style_sources(page: bytes) -> str:
    """What the content policy has to let in for a page that stands alone: the hashes of the very styles that are in it.

    Worked out from the page itself, since it may be of an earlier version of the software.
    """
    hashes = [base64.b64encode(hashlib.sha256(found).digest()).decode() for found in STYLE.findall(page)]
    return " ".join(f"'sha256-{found}'" for found in hashes)


def to_json(report: Report) -> bytes:
    return (json.dumps(as_json(report), ensure_ascii=False, indent=2) + "\n").encode()


def to_csv(report: Report) -> bytes:
    return zipped(tidy.as_files(report), moment_of(report))


def in_workbook(name: str) -> Release:
    """A format of the workbooks."""
    found = FORMATS[name]
    return Release(found.label, found.suffix, found.media_type, lambda report: found.write(release_workbook(report)))


RELEASE: dict[str, Release] = {
    "pdf": Release("PDF", "pdf", pdf.MEDIA_TYPE, pdf.as_pdf),
    "html": Release("Page", "html", "text/html; charset=utf-8", as_page),
    "xlsx": in_workbook("xlsx"),
    "ods": in_workbook("ods"),
    "csv": Release("CSV", "zip", "application/zip", to_csv),
    "json": Release("JSON", "json", "application/json", to_json),
}
