"""The report as a tagged PDF (PDF/UA-1), typeset by typst. Texts reach it as data, so nothing in them is markup."""

from __future__ import annotations

import ctypes
import datetime as dt
import json
from functools import cache
from pathlib import Path

import typst

from ..pack import Approvals
from ..report import Report
from .content import Draft, content_of
from .letters import FONTS

HERE = Path(__file__).parent
MEDIA_TYPE = "application/pdf"
KEPT_FOR = 10  # compilations


def as_pdf(report: Report, *, made: dt.datetime | None = None, approvals: Approvals | None = None) -> bytes:
    """The whole quarter. The same report gives the same bytes, with the same version of typst.

    The draft pack of an open quarter says on every page when it was `made`, and how far its approval is.
    """
    draft = Draft(made, approvals) if made and report.is_draft else None
    content = json.dumps(content_of(report, draft), ensure_ascii=False)
    try:
        return compiled(content)
    finally:
        forget()


def compiled(content: str) -> bytes:
    return typst.compile(
        str(HERE / "report.typ"),
        root=str(HERE),
        font_paths=fonts(),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"content": content},
        pdf_standards=["ua-1"],
        timestamp=0,  # the document has a date of its own; nothing in it may come from the clock
    )


@cache
def fonts() -> typst.Fonts:
    """The bundled font alone, so that a page looks the same on every machine."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)])


def forget() -> None:
    """Hands back what typst keeps of a document: 40 MB of each, for the next ten compilations, so ten empty ones."""
    for _ in range(KEPT_FOR):
        typst.compile(b"", format="svg", font_paths=fonts(), ignore_system_fonts=True)
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):  # of the GNU library
        trim(0)
