"""Publishing a closed quarter: every format made once, looked through, stored with its checksum, and shown as it is.

A set time needs nothing to run at that moment: the bytes are stored at once, and are shown from then on.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from django.urls import reverse
from django.utils import timezone

from priorities.audit import Act, record
from priorities.door import Refused
from priorities.history import Source
from priorities.models import Assignment, AssignmentRole, Person, Quarter, QuarterStatus
from priorities.moves import HOLD_BACK, PUBLISH
from priorities.periods import Period
from priorities.writing import moving
from updates.models import NoticeKind
from updates.notices import notify

from .across import before_of
from .audience import public
from .changes import with_changes
from .frozen import Unreadable, checksum, freeze, newest, read, thaw
from .models import Audience, ClosedReport, Publication, PublishedFile
from .pack import moment
from .reconciling import Finding, SmallCount, reconcile, small_counts, unconfirmed
from .release import RELEASE, style_sources
from .report import BACKGROUND, IndicatorRow, Point, PriorityReport, Report
from .revisions import with_revisions
from .series import QUARTERS
from .waiting import managers, tell_of_cancelling

MOST_DAYS = 366  # for which a publication may wait


# What would be published


@dataclass(frozen=True, slots=True)
class Made:
    """One format of a release, not stored yet."""

    audience: str
    format: str
    label: str
    suffix: str
    media_type: str
    data: bytes

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Prepared:
    """The newest closed version, ready to be published, with all that has to be looked at first."""

    quarter: Quarter
    closed: ClosedReport
    version: int
    report: Report  # internal: with its revisions since the version before
    public: Report  # with the revisions of what the public could read before
    files: tuple[Made, ...]
    findings: tuple[Finding, ...]
    small: tuple[SmallCount, ...]
    content: str  # the checksum of both forms, without the reason that is given on publishing
    reasons: str  # why the quarter was reopened since the version before: for those inside

    @property
    def seen(self) -> str:
        """What a page that shows this sends along, so that what was shown is what is published."""
        marks = [self.content, *(f.mark for f in self.findings), *(s.mark for s in self.small)]
        return hashlib.sha256(" ".join(marks).encode()).hexdigest()[:16]


def prepare(quarter: Quarter, corrects: str = "") -> Prepared:
    """All formats of the newest closed version, and what was found in them. Nothing is written; eight queries.

    `corrects` is what the public reads of why there is another version. Raises Refused, if it isn't closed, was never
    frozen, or is published already; Unreadable.
    """
    if quarter.status != QuarterStatus.CLOSED:
        raise Refused(why_not_closed(quarter))
    closed = newest(quarter)
    if closed is None:
        raise Refused(
            f"{quarter} was closed before reports were frozen. An administrator reopens it and closes it again first."
        )
    standing = standing_up_to(quarter.period)
    before = next((each for each in standing if each.quarter_id == quarter.pk), None)
    if before is not None and before.closed_id == closed.pk:
        raise Refused(why_not_again(before))
    report, shown = with_what_was_before(read(closed), before)
    shown = beside_what_is_out(shown, before_of(quarter), standing)
    content, shown = checksum(freeze(report) + freeze(shown)), with_reason(shown, corrects)
    files, found, small = looked_through(freeze(report), freeze(shown))
    findings = (*unconfirmed(quarter), *found)
    version, reasons = number_after(before), reasons_since(before) if before else ""
    return Prepared(quarter, closed, version, report, shown, files, findings, small, content, reasons)


def with_what_was_before(report: Report, before: Publication | None) -> tuple[Report, Report]:
    """The internal and the public form, each with its revisions since the version before.

    Each is compared with its own: what was withheld from the public before is not told as an earlier value. The public
    form counts what was published, since the public never saw the other closings. Raises Unreadable.
    """
    assert report.closing is not None
    shown = public(replace(report, closing=replace(report.closing, version=number_after(before))))
    if before is not None:
        then, then_public = reread(before)
        report, shown = with_revisions(report, then), with_revisions(shown, then_public)
    return report, shown


def with_reason(shown: Report, corrects: str) -> Report:
    assert shown.closing is not None
    return replace(shown, closing=replace(shown.closing, corrects=corrects))


def standing_up_to(period: Period) -> list[Publication]:
    """What stands of this quarter and of those in its series, the newest version of each first. One query."""
    years = {"quarter__financial_year__range": (period.plus(1 - QUARTERS).year, period.year)}
    found = Publication.objects.standing().filter(**years).select_related("made_by", "quarter").order_by("-version")
    return [each for each in found if period.plus(1 - QUARTERS) <= each.quarter.period <= period]


def beside_what_is_out(shown: Report, last: Period | None, standing: list[Publication]) -> Report:
    """The public form with its series, and what changed since the last quarter, as far as the public could read those.

    Of each that is the version that is out, not what was closed since: what the forms say of it is then the same, and
    nothing of a quarter is published by another one. Raises Unreadable.
    """
    known: dict[Period, Report] = {}
    for each in standing:
        if each.is_out and each.quarter.period < shown.quarter and each.quarter.period not in known:
            known[each.quarter.period] = reread(each)[1]

    def with_series(part: PriorityReport) -> PriorityReport:
        rows = (replace(row, series=public_series(row, shown, known)) for row in part.indicators)
        return replace(part, indicators=tuple(rows))

    why = f"{last} is not published, so nothing is compared with it." if last and last not in known else ""
    shown = replace(shown, priorities=tuple(map(with_series, shown.priorities)))
    return with_changes(shown, known.get(last) if last else None, why=why)


def public_series(row: IndicatorRow, shown: Report, known: dict[Period, Report]) -> tuple[Point, ...]:
    """The points of an indicator: each as the report of its quarter was published."""
    points = []
    for point in row.series:
        if point.quarter == shown.quarter:
            points.append(replace(point, is_revised=shown.revision_of(row.key, "value") is not None))
        elif point.origin == BACKGROUND:
            points.append(point)
        elif point.quarter in known:
            rows = (each for part in known[point.quarter].priorities for each in part.indicators)
            points += [each.series[-1] for each in rows if each.key == row.key and each.series]
    return tuple(points)


def number_after(before: Publication | None) -> int:
    return before.version + 1 if before else 1


def newest_publication(quarter: Quarter) -> Publication | None:
    """The one that stands last, waiting for its time or not."""
    return (
        Publication.objects.standing()
        .filter(quarter=quarter)
        .select_related("made_by", "quarter")
        .order_by("-version")
        .first()
    )


def reread(publication: Publication) -> tuple[Report, Report]:
    """The report that was published, internal and public. Raises Unreadable where that can't be vouched for."""
    if checksum(publication.body + publication.public_body) != publication.checksum:
        raise Unreadable(
            f"The report of {publication} does not match its checksum: it was changed after it was published. "
            "Restore it from a backup of the database."
        )
    return thaw(publication.body), thaw(publication.public_body)


def reasons_since(before: Publication) -> str:
    """Why the quarter was reopened since what was published last, however often."""
    found = []
    for closed in ClosedReport.objects.filter(quarter=before.quarter_id, pk__gt=before.closed_id).order_by("version"):
        closed.quarter = before.quarter
        closing = read(closed).closing
        found.append(closing.corrects if closing else "")
    return " ".join(dict.fromkeys(filter(None, found)))


def why_not_closed(quarter: Quarter) -> str:
    if quarter.is_reopened:
        return (
            f"{quarter} is reopened for {quarter.reopened_for}, to correct it. "
            "It can be published once it is closed again; what was published stays as it is."
        )
    return f"{quarter} is {quarter.get_status_display().lower()}. It can be published once it is closed."


def why_not_again(before: Publication) -> str:
    if before.is_waiting:
        when = moment(before.publish_at)
        return f"{before.quarter} is made ready already, by {before.made_by}, and will be shown from {when} on."
    return (
        f"{before.quarter} is published already, as version {before.version}. "
        "A correction reopens it, with a reason; once it is closed again, the next version can be published."
    )


@lru_cache(maxsize=2)
def looked_through(body: str, public_body: str) -> tuple[tuple[Made, ...], tuple[Finding, ...], tuple[SmallCount, ...]]:
    """Every format of a frozen report for both audiences, and what was found in them.

    Kept in memory for as long as a manager looks at it: the same report is always the same bytes.
    """
    report, shown = thaw(body), thaw(public_body)
    made = (*written(shown, Audience.PUBLIC), *written(report, Audience.INTERNAL))
    return made, tuple(reconcile(report, shown, made)), tuple(small_counts(shown))


def written(report: Report, audience: str) -> Iterable[Made]:
    for name, form in RELEASE.items():
        yield Made(str(audience), name, form.label, form.suffix, form.media_type, form.write(report))


def style_hashes(made: Made) -> str:
    """The hashes by which the content policy lets the styles within a stored page in, and no others."""
    return style_sources(made.data) if made.media_type.startswith("text/html") else ""


# Publishing


def publish(
    quarter: Quarter,
    *,
    by: Person,
    at: dt.datetime | None = None,
    explanations: dict[str, str] | None = None,
    agreed: Iterable[str] = (),
    seen: str | None = None,
    corrects: str = "",
    source: Source = Source.FORM,
) -> Publication:
    """Publish the newest closed version, now or from a set time on, all of it or nothing.

    `explanations` are by the marks of the differences found, `agreed` the marks of the small counts that are ticked;
    every difference and every small count needs one. `seen` is the mark of what was shown, `corrects` what the public
    reads of why there is another version.
    Raises Refused: not this person's to publish, not closed, published already, something not looked at, a time that
    is over; Unreadable.
    """
    if not PUBLISH.allowed_to(by, quarter):
        raise Refused(PUBLISH.refusal(by, quarter))
    now = timezone.now()
    prepared = prepare(quarter, corrects.strip())  # before anything is locked: making every format takes a second
    problems = why_not_published(prepared, explanations or {}, set(agreed), seen) + why_not_at(at, now)
    if problems:
        raise Refused(*problems)
    note = f"Published, version {prepared.version}" + (f", from {moment(at)} on" if at else "")
    with moving(quarter, PUBLISH, by=by, source=source, note=note) as moved:
        refuse_if_changed(moved, prepared)
        publication = keep(prepared, by=by, at=at or now, explanations=explanations or {}, now=now)
        record(Act.PUBLISHED, by=by, about=quarter, detail=note if prepared.version == 1 else f"{note}, a correction")
        tell_of_publishing(publication, waits=at is not None)
    return publication


def why_not_published(
    prepared: Prepared, explanations: dict[str, str], agreed: set[str], seen: str | None
) -> list[str]:
    if seen is not None and seen != prepared.seen:
        return ["Nothing was published: what was found is not what was shown. Look at it again, then publish it."]
    problems = [
        f"Explain this, or mend it: {found.told}"
        for found in prepared.findings
        if not explanations.get(found.mark, "").strip()
    ]
    return problems + [
        f"Tick that {small.told} may be published." for small in prepared.small if small.mark not in agreed
    ]


def why_not_at(at: dt.datetime | None, now: dt.datetime) -> list[str]:
    if at is None:
        return []
    if at <= now:
        return ["That time is over already; give a later one, or publish it now."]
    if at > now + dt.timedelta(days=MOST_DAYS):
        return [f"A publication waits for {MOST_DAYS} days at most; give an earlier time."]
    return []


def refuse_if_changed(quarter: Quarter, prepared: Prepared) -> None:
    """Of two people who publish at once, the second finds it published."""
    before = newest_publication(quarter)
    if before is not None and (before.closed_id == prepared.closed.pk or before.version >= prepared.version):
        raise Refused(why_not_again(before))
    last = ClosedReport.objects.filter(quarter=quarter).order_by("-version").values_list("pk", flat=True).first()
    if last != prepared.closed.pk or (before.version if before else 0) != prepared.version - 1:
        raise Refused("Nothing was published: the quarter was closed again meanwhile. Look at it again first.")


def keep(
    prepared: Prepared, *, by: Person, at: dt.datetime, explanations: dict[str, str], now: dt.datetime
) -> Publication:
    who = {"by": str(by), "person": by.pk, "at": now.isoformat()}
    body, public_body = freeze(prepared.report), freeze(prepared.public)
    publication = Publication.objects.create(
        quarter=prepared.quarter,
        version=prepared.version,
        closed=prepared.closed,
        body=body,
        public_body=public_body,
        checksum=checksum(body + public_body),
        made_at=now,
        made_by=by,
        publish_at=at,
        explanations=[
            {"kind": f.kind, "told": f.told, "explanation": explanations[f.mark].strip(), **who}
            for f in prepared.findings
        ],
        disclosure=[{"told": small.told, **who} for small in prepared.small],
    )
    PublishedFile.objects.bulk_create(
        PublishedFile(
            publication=publication,
            audience=made.audience,
            format=made.format,
            label=made.label,
            suffix=made.suffix,
            media_type=made.media_type,
            data=made.data,
            size=len(made.data),
            checksum=made.checksum,
            style_hashes=style_hashes(made),
        )
        for made in prepared.files
    )
    return publication


# Cancelling


def cancel(publication: Publication, *, by: Person, reason: str, source: Source = Source.FORM) -> None:
    """Cancel a publication that still waits for its time. Raises Refused: out already, not this person's, no reason."""
    quarter = publication.quarter
    if HOLD_BACK.allowed_to(by, quarter) and not reason.strip():
        raise Refused("Say why it is cancelled; those who were told of it are told that, too.")
    with moving(quarter, HOLD_BACK, by=by, source=source, note=f"Publication cancelled: {reason.strip()}"):
        mine = Publication.objects.filter(pk=publication.pk)
        if not mine.cancel(by=by, reason=reason.strip()):
            raise Refused(why_not_cancelled(mine.get()))
        record(Act.PUBLICATION_CANCELLED, by=by, about=quarter, detail=f"Version {publication.version}")
        tell_of_cancelling(publication, by, reason.strip())


def why_not_cancelled(publication: Publication) -> str:
    if publication.cancelled_at is not None:
        return f"It is cancelled already, by {publication.cancelled_by}."
    return f"{publication.quarter} is published by now; what is published stays, and a correction is the next version."


# Telling


def concerned(quarter: Quarter) -> list[Person]:
    """Those who filled it in, and the managers."""
    assigned = (
        Assignment.objects.current()
        .filter(priority__updates__quarter=quarter)
        .exclude(role=AssignmentRole.SIGNATORY)
        .select_related("person")
    )
    return [*(assignment.person for assignment in assigned), *managers()]


def tell_of_publishing(publication: Publication, *, waits: bool) -> None:
    quarter, when = publication.quarter, moment(publication.publish_at)
    text = f"{quarter} is published, as version {publication.version}."
    if waits:
        text = f"{quarter} will be published on {when}, as version {publication.version}."
    path: Any = reverse("reports:published_version", args=[quarter.period, publication.version])
    people = managers() if waits else concerned(quarter)
    path = reverse("reports:publishing", args=[quarter.period]) if waits else path
    notify(people, NoticeKind.CLOSED, text, path, but=publication.made_by)
