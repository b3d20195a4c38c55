"""Closing a quarter, which freezes its report; reopening it for somebody; and closing it again."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import astuple, dataclass, replace
from typing import Any

from django.urls import reverse
from django.utils import timezone

from priorities.audit import Act, record
from priorities.door import Refused
from priorities.history import Source
from priorities.models import (
    Assignment,
    AssignmentRole,
    Person,
    Priority,
    Quarter,
    QuarterlyUpdate,
    QuarterStatus,
    Section,
    UpdateStatus,
)
from priorities.moves import CLOSE, PROLONG, REOPEN
from priorities.writing import moving
from updates.models import Comment, Draft, NoticeKind, OverviewDraft, SignOff
from updates.notices import notify
from updates.submitting import keep_what_it_says, take_back_signatures

from .across import everybodys_comparison
from .frozen import SCHEMA, Unreadable, checksum, freeze, read
from .models import ClosedReport
from .proposals import tell_who_enters
from .report import THE_OVERVIEW, Closing, Report, listed_parts, names_of_leads, quarterly_report
from .series import with_series
from .waiting import cancel_waiting, managers

MOST_DAYS = 90  # for which a quarter is reopened at once
OVERVIEW = 0  # stands for the overview where the others are updates
KEPT_LATE = "It was closed before reports were frozen; this is how it stood when it was reopened."


# What stands in the way


@dataclass(frozen=True, slots=True)
class Standing:
    """How one priority's update, or the overview, stands before the closing."""

    pk: int  # of the update
    title: str
    slug: str
    state: UpdateStatus  # in a reopened quarter, for what stays closed: the one in which it was closed
    approved_by: str
    approved_at: dt.datetime | None
    comments: int = 0
    drafts: tuple[str, ...] = ()
    unsigned: tuple[str, ...] = ()

    @property
    def is_approved(self) -> bool:
        """Closed without anybody knowing what it was before counts, too."""
        return self.state in UpdateStatus.released()

    @property
    def mark(self) -> str:
        """A short word that is another one as soon as anything of this is."""
        return f"{self.pk}-{hashlib.sha256(repr(astuple(self)).encode()).hexdigest()[:12]}"


@dataclass(frozen=True, slots=True)
class ClosingPlan:
    """What a closing would close, as it stands; nothing is written."""

    quarter: Quarter
    updates: list[QuarterlyUpdate]
    parts: tuple[Standing, ...]
    versions: list[ClosedReport]

    @property
    def unapproved(self) -> list[str]:
        return [part.title for part in self.parts if not part.is_approved]

    @property
    def unapproved_text(self) -> str:
        return listed_parts(self.unapproved)

    @property
    def loose_ends(self) -> bool:
        """Whether there is something besides that somebody may want to settle first."""
        return any(part.comments or part.drafts or part.unsigned for part in self.parts)

    @property
    def seen(self) -> str:
        """What a page that shows this plan sends along, so that what was shown is what is closed."""
        return " ".join(part.mark for part in self.parts)

    def changed_since(self, seen: str) -> list[str]:
        """The titles of what stands otherwise than it was shown."""
        shown = dict(mark.split("-", 1) for mark in seen.split() if "-" in mark)
        changed = [p.title for p in self.parts if shown.pop(str(p.pk), "") != p.mark.partition("-")[2]]
        return [*changed, *(["A priority that is gone"] if shown else [])]


def plan_closing(quarter: Quarter) -> ClosingPlan:
    """How every priority and the overview stand, in seven queries; what is not approved needs a reason."""
    versions = list(ClosedReport.objects.filter(quarter=quarter).select_related("closed_by", "quarter"))
    updates = list(
        QuarterlyUpdate.objects.filter(quarter=quarter)
        .select_related("priority", "approved_by")
        .order_by("priority__position", "priority_id")
    )
    before, overview_before = states_before(versions)
    comments = [*Comment.objects.asked().filter(update__in=updates).values_list("update_id")]
    drafts = list(Draft.objects.filter(update__in=updates).select_related("person"))
    unsigned = signatures_missing(updates)
    overview_drafts = OverviewDraft.objects.filter(quarter=quarter).select_related("person")

    def state(status: str, was: str | None) -> UpdateStatus:
        return UpdateStatus(was or status) if status == UpdateStatus.CLOSED else UpdateStatus(status)

    def standing(update: QuarterlyUpdate) -> Standing:
        return Standing(
            update.pk,
            update.priority.title,
            update.priority.slug,
            state(update.status, before.get(update.priority_id)),
            str(update.approved_by or ""),
            update.approved_at,
            comments=comments.count((update.pk,)),
            drafts=tuple(f"{d.person}: {d.get_section_display()}" for d in drafts if d.update_id == update.pk),
            unsigned=unsigned[update.pk],
        )

    overview = Standing(
        OVERVIEW,
        THE_OVERVIEW,
        "",
        state(quarter.overview_status, overview_before),
        str(quarter.overview_approved_by or ""),
        quarter.overview_approved_at,
        drafts=tuple(str(draft.person) for draft in overview_drafts),
    )
    return ClosingPlan(quarter, updates, (*map(standing, updates), overview), versions)


def states_before(versions: list[ClosedReport]) -> tuple[dict[int, str], str]:
    """In which state each priority, and the overview, was closed last; "" where nobody knows."""
    try:
        last = read(versions[0]) if versions else None
    except Unreadable:  # the list of versions says so
        last = None
    if last is None or last.closing is None:
        return {}, ""
    return {part.pk: part.was for part in last.priorities}, last.closing.overview_was


def signatures_missing(updates: list[QuarterlyUpdate]) -> dict[int, tuple[str, ...]]:
    """By update, the sections that somebody is named to sign off and nobody has. Two queries."""
    named = Assignment.objects.current().filter(
        role=AssignmentRole.SIGNATORY, priority__in=[update.priority_id for update in updates]
    )
    needed = {(a.priority_id, a.section) for a in named}
    signed = {(s.update_id, s.signed_section) for s in SignOff.objects.filter(update__in=updates)}
    labels = {"": "The whole", **dict(Section.choices)}
    return {
        update.pk: tuple(
            label
            for section, label in labels.items()
            if (update.priority_id, section) in needed and (update.pk, section) not in signed
        )
        for update in updates
    }


# Closing


class ChangedMeanwhile(Refused):
    """What is to be closed is not what was shown."""


def close_quarter(
    quarter: Quarter, *, by: Person | None, reason: str = "", seen: str | None = None, source: Source = Source.FORM
) -> ClosedReport:
    """Close a quarter and freeze its report as the next version, all of it or nothing.

    `reason` is needed, kept and printed where something is not approved; `seen` is the plan's, as it was shown.
    Raises Refused: not this person's to close, not open, no reason; ChangedMeanwhile, if it stands otherwise by now.
    """
    reason, held = reason.strip(), list(QuarterlyUpdate.objects.filter(quarter=quarter))
    note = f"Closed: {reason}" if reason else "Closed"
    with moving(quarter, CLOSE, by=by, source=source, note=note[:200], with_updates=held) as moved:
        plan = plan_closing(moved)
        changed = plan.changed_since(seen) if seen is not None else []
        if changed or {update.pk for update in held} != {update.pk for update in plan.updates}:
            what = listed_parts(changed) or "the priorities of the quarter"
            raise ChangedMeanwhile(
                f"Nothing was closed: {what} changed since this page was shown. Look at it again, then close it."
            )
        if plan.unapproved and not reason:
            raise Refused(f"Say why {quarter} is closed without the approval of {plan.unapproved_text}.")
        corrects, report = moved.reopened_reason, everybodys_comparison(as_it_stands(moved, plan), moved)
        shut(moved, plan.updates)
        closed = keep(
            report,
            moved,
            plan,
            by=by,
            reason=reason if plan.unapproved else "",
            corrects=corrects,
        )
        record(Act.CLOSED, by=by, about=quarter, detail=f"Version {closed.version}")
        tell_of_closing(closed, plan.updates)
    return closed


def as_it_stands(quarter: Quarter, plan: ClosingPlan) -> Report:
    """The live report; of a reopened quarter only what was reopened, and the rest as it was closed last."""
    live = with_series(quarterly_report(quarter, None), quarter, None, closing=True)
    try:
        last = read(plan.versions[0]) if plan.versions and quarter.reopened_until else None
    except Unreadable:
        last = None
    if last is None:
        return live
    reopened = {update.priority_id for update in plan.updates if update.reopened_until is not None}
    before = {part.pk: part for part in last.priorities}
    parts = tuple(part if part.pk in reopened else before.get(part.pk, part) for part in live.priorities)
    overview = last.overview if quarter.overview_status == UpdateStatus.CLOSED else live.overview
    return replace(last, priorities=parts, overview=overview, due_on=live.due_on)


def shut(quarter: Quarter, updates: list[QuarterlyUpdate]) -> None:
    """Every update closed, with the names of its leads as they are now; nothing reopened any more."""
    leads = names_of_leads([update for update in updates if not update.leads])
    for update in updates:
        update.status = UpdateStatus.CLOSED
        update.leads = update.leads or ", ".join(leads.get(update.priority_id, ()))[:200]
        update.reopened_for = update.reopened_until = None
    QuarterlyUpdate.objects.bulk_update(updates, ["status", "leads", "reopened_for", "reopened_until"])
    quarter.overview_status = UpdateStatus.CLOSED
    quarter.reopened_for, quarter.reopened_until, quarter.reopened_reason = None, None, ""


def keep(
    report: Report, quarter: Quarter, plan: ClosingPlan, *, by: Person | None, reason: str, corrects: str = ""
) -> ClosedReport:
    """The report as the next version, saying of every part in which state it was closed."""
    version = max((closed.version for closed in plan.versions), default=0) + 1
    states = {standing.pk: standing.state.value for standing in plan.parts}
    was = {update.priority_id: states[update.pk] for update in plan.updates}
    at = timezone.now()
    frozen = replace(
        report,
        status=QuarterStatus.CLOSED.value,
        priorities=tuple(replace(p, status=UpdateStatus.CLOSED.value, was=was[p.pk]) for p in report.priorities),
        closing=Closing(version, at, str(by or ""), reason, corrects, states[OVERVIEW]),
    )
    body = freeze(frozen)
    return ClosedReport.objects.create(
        quarter=quarter,
        version=version,
        schema=SCHEMA,
        body=body,
        checksum=checksum(body),
        closed_at=at,
        closed_by=by,
        reason=reason,
    )


# Reopening


def reopen(
    quarter: Quarter,
    *,
    by: Person | None,
    for_: Person,
    until: dt.date,
    reason: str,
    priorities: Iterable[Priority] = (),
    overview: bool = False,
    source: Source = Source.FORM,
) -> None:
    """Open a closed quarter again, for one person, until a day, with a reason; what is not named stays closed.

    The version that was closed last stands, and is what others read, until the quarter is closed again. Sign-offs of
    what is reopened lapse, and a publication that waits for its time is cancelled. Raises Refused, with every reason.
    """
    chosen = {priority.pk: priority for priority in priorities}
    updates = list(QuarterlyUpdate.objects.filter(quarter=quarter, priority__in=chosen).select_related("priority"))
    problems = why_not_reopened(quarter, for_, until, reason.strip(), chosen, updates, overview)
    if problems:
        raise Refused(*problems)
    note = f"Reopened for {for_} until {until:%-d %B %Y}: {reason.strip()}"[:200]
    with moving(quarter, REOPEN, by=by, source=source, note=note, with_updates=updates) as moved:
        plan = plan_closing(moved)
        if not plan.versions:
            stood = with_series(quarterly_report(moved, None), moved, None, closing=True)
            keep(everybodys_comparison(stood, moved), moved, plan, by=by, reason=KEPT_LATE)
        held = [update for update in plan.updates if update.priority_id in chosen]
        for update in held:  # the next review shows what changed since
            keep_what_it_says(update, by=by, reason=f"Reopened: {reason.strip()}")
        free(held, for_, until)
        moved.reopened_for, moved.reopened_until, moved.reopened_reason = for_, until, reason.strip()
        moved.overview_status = UpdateStatus.CLOSED
        if overview:
            moved.overview_status = UpdateStatus.IN_PROGRESS
            moved.overview_submitted_at = moved.overview_submitted_by = None
            moved.overview_approved_at = moved.overview_approved_by = None
        cancel_waiting(moved, by=by, reason=reason.strip())
        record(Act.REOPENED, by=by, about=quarter, detail=f"For {for_} until {until:%-d %B %Y}")
        tell_of_reopening(moved, [update.priority for update in held], by)
        tell_who_enters(moved, [update.priority for update in held], for_, by)


def why_not_reopened(
    quarter: Quarter,
    for_: Person,
    until: dt.date,
    reason: str,
    chosen: dict[int, Priority],
    updates: list[QuarterlyUpdate],
    overview: bool,
) -> list[str]:
    problems = why_not_until(until)
    if not reason:
        problems.append("Say why it is reopened; the next version prints it.")
    if not for_.is_active:
        problems.append(f"{for_} can't sign in any more; choose somebody else.")
    if not chosen and not overview:
        problems.append("Choose at least one priority, or the overview.")
    there = {update.priority_id for update in updates}
    problems += [f"{p} has no update in {quarter}; choose others." for pk, p in chosen.items() if pk not in there]
    problems += [
        f"{for_} fills in nothing of {p}; make them its lead, deputy or contributor first, or choose somebody who is."
        for p in chosen.values()
        if not for_.fills_in(p.pk)
    ]
    if overview and not (for_.sees_all or quarter.overview_author_id == for_.pk):
        problems.append(f"{for_} doesn't write overviews; make them the author of this one first, or choose a manager.")
    return problems


def why_not_until(until: dt.date) -> list[str]:
    today = timezone.localdate()
    last = today + dt.timedelta(days=MOST_DAYS)
    if until < today:
        return ["The last day is over already; give today or a later day."]
    if until > last:
        return [f"A quarter is reopened for {MOST_DAYS} days at most; give {last:%-d %B %Y} or an earlier day."]
    return []


def free(updates: list[QuarterlyUpdate], for_: Person, until: dt.date) -> None:
    for update in updates:
        update.status = UpdateStatus.IN_PROGRESS
        update.submitted_at = update.submitted_by = update.approved_at = update.approved_by = None
        update.leads = ""
        update.reopened_for, update.reopened_until = for_, until
    fields = ["status", "submitted_at", "submitted_by", "approved_at", "approved_by", "leads"]
    QuarterlyUpdate.objects.bulk_update(updates, [*fields, "reopened_for", "reopened_until"])
    for update in updates:
        take_back_signatures(update)


def give_more_time(quarter: Quarter, *, by: Person | None, until: dt.date, source: Source = Source.FORM) -> None:
    """Move the last day of a reopened quarter. Raises Refused."""
    problems = why_not_until(until) if quarter.is_reopened else [f"{quarter} is not reopened."]
    if problems:
        raise Refused(*problems)
    reopened = list(QuarterlyUpdate.objects.filter(quarter=quarter, reopened_until__isnull=False))
    note = f"Reopened until {until:%-d %B %Y}"
    with moving(quarter, PROLONG, by=by, source=source, note=note, with_updates=reopened) as moved:
        keys = [update.pk for update in reopened]
        held = list(QuarterlyUpdate.objects.filter(pk__in=keys).select_related("priority"))
        for update in held:
            update.reopened_until = until
        QuarterlyUpdate.objects.bulk_update(held, ["reopened_until"])
        moved.reopened_until = until
        record(Act.REOPENED, by=by, about=quarter, detail=note)
        if moved.reopened_for:
            told = f"{quarter} is reopened for you until {until:%-d %B %Y} now."
            own = [update.priority for update in held]
            notify([moved.reopened_for], NoticeKind.CLOSED, told, work_of(quarter, own))


# Telling


def tell_of_closing(closed: ClosedReport, updates: list[QuarterlyUpdate]) -> None:
    """Those who filled it in, and the managers."""
    assigned = (
        Assignment.objects.current()
        .filter(priority__in=[update.priority_id for update in updates])
        .exclude(role=AssignmentRole.SIGNATORY)
        .select_related("person")
    )
    people = [*(assignment.person for assignment in assigned), *managers()]
    again = f" again, as version {closed.version}" if closed.version > 1 else ""
    text = f"{closed.quarter} is closed{again}; its report stays as it is now."
    path = reverse("reports:overview", args=[closed.quarter.period])
    notify(people, NoticeKind.CLOSED, text, path, but=closed.closed_by)


def work_of(quarter: Quarter, priorities: list[Priority]) -> str:
    """Where what is reopened is filled in."""
    if priorities:
        return reverse("updates:update", args=[quarter.period, priorities[0].slug])
    return reverse("updates:overview", args=[quarter.period])


def tell_of_reopening(quarter: Quarter, priorities: list[Priority], by: Person | None) -> None:
    """The person it is reopened for, with the way to their work, and the managers."""
    overview = [THE_OVERVIEW] if quarter.overview_status == UpdateStatus.IN_PROGRESS else []
    what = listed_parts([*(priority.title for priority in priorities), *overview])
    until = f"until {quarter.reopened_until:%-d %B %Y}, to correct {what}: {quarter.reopened_reason}"
    for_: Any = quarter.reopened_for
    report = reverse("reports:overview", args=[quarter.period])
    notify([for_], NoticeKind.CLOSED, f"{quarter} is reopened for you {until}", work_of(quarter, priorities), but=by)
    others = [manager for manager in managers() if manager != for_]
    notify(others, NoticeKind.CLOSED, f"{quarter} is reopened for {for_} {until}", report, but=by)
