"""The draft pack: how far the approval of an open quarter is, for the head of each of its printed pages and parts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from priorities.models import Person, Quarter, UpdateStatus

from .report import Report


@dataclass(frozen=True, slots=True)
class State:
    """How far one part of the report is: a priority, or with no slug the overview."""

    title: str
    slug: str
    status: UpdateStatus
    told: str


@dataclass(frozen=True, slots=True)
class Approvals:
    states: tuple[State, ...]

    @property
    def summary(self) -> str:
        """ "2 of 4 priorities approved; overview in progress"."""
        of_priorities = [state.status for state in self.states if state.slug]
        approved, closed = (of_priorities.count(status) for status in UpdateStatus.released())
        noun = "priority" if len(of_priorities) == 1 else "priorities"
        found = [f"{approved} of {len(of_priorities)} {noun} approved{f', {closed} closed' if closed else ''}"]
        return "; ".join(found + [f"overview {s.status.label.lower()}" for s in self.states if not s.slug])

    def of(self, slug: str) -> str:
        """The state of one priority, in words."""
        return next((state.told for state in self.states if state.slug == slug), "")


def approvals_of(report: Report, quarter: Quarter) -> Approvals | None:
    """Who has submitted and approved what of an open quarter's report; None once it is closed.

    No query, where the quarter comes with who submitted and approved its overview.
    """
    if not report.is_draft:
        return None
    states = [state(part, part.title, part.slug) for part in report.priorities]
    overview = [state(quarter, "Overview", "", "overview_")] if states else []
    return Approvals((*states, *overview))


def state(row: Any, title: str, slug: str, prefix: str = "") -> State:
    """The state of an update, or with the prefix of its columns of the overview of a quarter."""
    submitted, approved = (
        told_by(getattr(row, f"{prefix}{done}_by"), getattr(row, f"{prefix}{done}_at"))
        for done in ("submitted", "approved")
    )
    status = UpdateStatus(getattr(row, f"{prefix}status"))
    told = {
        UpdateStatus.SUBMITTED: f"Submitted{submitted}",
        UpdateStatus.IN_REVIEW: f"In review{f', submitted{submitted}' if submitted else ''}",
        UpdateStatus.APPROVED: f"Approved{approved}",
    }.get(status, str(status.label))
    return State(title, slug, status, told)


def told_by(person: Person | str | None, at: dt.datetime | None) -> str:
    """ " by Ann on 3 November 2022, 14:05", as far as it is known."""
    on = f" on {moment(at)}" if at else ""
    return f" by {person}{on}" if person else on


def moment(at: dt.datetime) -> str:
    """A moment of the files and the messages, in London: "3 November 2022, 14:05"."""
    return f"{timezone.localtime(at):%-d %B %Y, %H:%M}"
