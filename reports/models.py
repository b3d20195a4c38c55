"""What is kept as it was: a quarter as it was closed, and what of it was published; and revisions that are proposed."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from priorities.models import Quarter, QuarterlyUpdate, Section, person_or_none
from priorities.periods import Period
from priorities.rules import Rule, only


class NeverChanged(RuntimeError):
    """A programming error: something that is kept as it was, was to be changed or deleted."""


class ClosedReportQuerySet(models.QuerySet):
    def update(self, **kwargs: Any) -> int:
        raise NeverChanged("A closed report is never changed; closing again makes the next version.")

    def delete(self) -> Any:
        raise NeverChanged("A closed report is never deleted.")

    bulk_update = update  # type: ignore[assignment]
    update.alters_data = delete.alters_data = True  # type: ignore[attr-defined]


class ClosedReport(models.Model):
    """The report object of a quarter at its closing, as text, with the number of its schema and its checksum."""

    quarter = models.ForeignKey(Quarter, models.PROTECT, related_name="closed_reports")
    version = models.PositiveSmallIntegerField()
    schema = models.PositiveSmallIntegerField()
    body = models.TextField()
    checksum = models.CharField(max_length=64, help_text="SHA-256 of the body, in hexadecimal.")
    closed_at = models.DateTimeField()
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.TextField(blank=True, help_text="Why it was closed although something was not approved.")

    objects = ClosedReportQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        ordering = ["quarter", "-version"]
        constraints = [models.UniqueConstraint(fields=["quarter", "version"], name="closed_report_once_a_version")]
        # when each was closed, without a walk over its body, which lies before it in SQLite's file
        indexes = [models.Index(fields=["quarter", "version", "closed_at"], name="closed_report_when")]

    def __str__(self) -> str:
        return f"{self.quarter}, version {self.version}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise NeverChanged("A closed report is never changed; closing again makes the next version.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise NeverChanged("A closed report is never deleted.")

    save.alters_data = delete.alters_data = True  # type: ignore[attr-defined]


# Published


class Audience(models.TextChoices):
    """Whom a published file is for."""

    PUBLIC = "public", "The public"
    INTERNAL = "internal", "Those who may read closed quarters"


class PublishedQuerySet(models.QuerySet):
    def update(self, **kwargs: Any) -> int:
        raise NeverChanged("What was published is never changed; a correction is the next version.")

    def delete(self) -> Any:
        raise NeverChanged("What was published is never deleted.")

    bulk_update = update  # type: ignore[assignment]
    update.alters_data = delete.alters_data = True  # type: ignore[attr-defined]


class PublicationQuerySet(PublishedQuerySet):
    def standing(self) -> PublicationQuerySet:
        """Those that nobody cancelled, waiting for their time or not."""
        return self.filter(cancelled_at__isnull=True)

    def out(self) -> PublicationQuerySet:
        """Those whose time has come: nothing has to run at that moment."""
        return self.standing().filter(publish_at__lte=timezone.now())

    def waiting(self) -> PublicationQuerySet:
        return self.standing().filter(publish_at__gt=timezone.now())

    def cancel(self, *, by: Any, reason: str) -> int:
        """Cancel those of them that still wait; the one change that a publication knows."""
        told = {"cancelled_at": timezone.now(), "cancelled_by": by, "cancelled_because": reason}
        return models.QuerySet.update(self.waiting(), **told)

    cancel.alters_data = True  # type: ignore[attr-defined]


class Publication(models.Model):
    """A closed quarter released: which closed version, who, when, and what was looked at before."""

    quarter = models.ForeignKey(Quarter, models.PROTECT, related_name="publications")
    version = models.PositiveSmallIntegerField(help_text="Counts what was published, where closings count closings.")
    closed = models.ForeignKey(ClosedReport, models.PROTECT, related_name="publications")
    body = models.TextField(help_text="The report as closed, with its revisions since the version before.")
    public_body = models.TextField(help_text="The same, as the public reads it.")
    checksum = models.CharField(max_length=64, help_text="SHA-256 of both bodies, in hexadecimal.")
    made_at = models.DateTimeField()
    made_by = person_or_none()
    publish_at = models.DateTimeField(help_text="From then on it is shown.")
    explanations = models.JSONField(default=list, help_text="Each difference that was found before, and its answer.")
    disclosure = models.JSONField(default=list, help_text="Each small count, and who agreed to publish it, when.")
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = person_or_none()
    cancelled_because = models.TextField(blank=True)

    objects = PublicationQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        ordering = ["quarter", "-version", "-made_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["quarter", "version"],
                condition=Q(cancelled_at__isnull=True),
                name="publication_once_a_version",
            ),
            models.UniqueConstraint(
                fields=["closed"], condition=Q(cancelled_at__isnull=True), name="publication_once_a_closing"
            ),
            Rule(
                condition=Q(cancelled_at__isnull=True) | Q(cancelled_at__lt=models.F("publish_at")),
                name="publication_cancelled_before_its_time",
                message="What is published can't be cancelled any more; a correction is the next version.",
                field="cancelled_at",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quarter}, published version {self.version}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise NeverChanged("What was published is never changed; a correction is the next version.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise NeverChanged("What was published is never deleted.")

    save.alters_data = delete.alters_data = True  # type: ignore[attr-defined]

    @property
    def is_waiting(self) -> bool:
        return self.cancelled_at is None and self.publish_at > timezone.now()

    @property
    def is_out(self) -> bool:
        return self.cancelled_at is None and self.publish_at <= timezone.now()


class PublishedFile(models.Model):
    """One format of what was published, byte for byte as it was made."""

    publication = models.ForeignKey(Publication, models.PROTECT, related_name="files")
    audience = models.CharField(max_length=8, choices=Audience.choices)
    format = models.CharField(max_length=10, help_text="As the command line calls it: csv comes as .zip.")
    label = models.CharField(max_length=40)
    suffix = models.CharField(max_length=10)
    media_type = models.CharField(max_length=100)
    data = models.BinaryField()
    size = models.PositiveIntegerField()
    checksum = models.CharField(max_length=64, help_text="SHA-256 of the bytes, in hexadecimal.")
    style_hashes = models.CharField(
        max_length=500, blank=True, help_text="Of a page: the hashes by which the content policy lets its styles in."
    )

    objects = PublishedQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        ordering = ["publication", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["publication", "audience", "suffix"], name="published_file_once"),
            only("audience", Audience, blank=False),
        ]

    def __str__(self) -> str:
        return f"{self.publication}, {self.label}, {self.get_audience_display().lower()}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise NeverChanged("A published file is never changed; a correction is the next version.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise NeverChanged("A published file is never deleted.")

    save.alters_data = delete.alters_data = True  # type: ignore[attr-defined]


NEWEST, VERSION, CLOSED_VERSION = (  # which of a quarter's publications
    "p.publish_at <= %s",
    "p.version = %s",
    "p.closed_id = (SELECT c.id FROM reports_closedreport c WHERE c.quarter_id = q.id AND c.version = %s)",
)


def stored_file(audience: str, period: Period, suffix: str, which: str, value: Any) -> Publication | None:
    """The publication that an address means, with its file of that form: `file`, `etag`, `media_type`, `style_hashes`.

    One query in plain SQL: to put it together anew for each request would cost more than to answer it.
    """
    wanted = "f.id AS file, f.checksum AS etag, f.media_type, f.style_hashes"
    sql = (
        f"SELECT p.id, p.version, p.publish_at, {wanted} "  # noqa: S608 - our own names
        f"FROM {PublishedFile._meta.db_table} f JOIN {Publication._meta.db_table} p ON p.id = f.publication_id "
        f"JOIN {Quarter._meta.db_table} q ON q.id = p.quarter_id "
        "WHERE q.financial_year = %s AND q.number = %s AND f.audience = %s AND f.suffix = %s "
        f"AND p.cancelled_at IS NULL AND {which} ORDER BY p.version DESC LIMIT 1"
    )
    params = [period.year, period.number, str(audience), suffix, value]
    return next(iter(Publication.objects.raw(sql, params)), None)


# Late data


class ProposalState(models.TextChoices):
    OFFERED = "offered", "Offered"
    TAKEN_UP = "taken_up", "Taken up"
    APPLIED = "applied", "Entered"
    DECLINED = "declined", "Declined"

    @classmethod
    def pending(cls) -> tuple[ProposalState, ...]:
        return cls.OFFERED, cls.TAKEN_UP


class ProposedRevisionQuerySet(models.QuerySet):
    def of_quarter(self, quarter: Quarter) -> ProposedRevisionQuerySet:
        related = ("update__priority", "update__quarter", "proposed_by", "answered_by")
        return self.filter(update__quarter=quarter).select_related(*related)

    def offered(self) -> ProposedRevisionQuerySet:
        """Those that nobody has answered yet."""
        return self.filter(state=ProposalState.OFFERED)

    def pending(self) -> ProposedRevisionQuerySet:
        """Those that nobody has entered or declined yet."""
        return self.filter(state__in=ProposalState.pending())


class ProposedRevision(models.Model):
    """Another figure for a closed quarter, from somebody who fills in its priority: late data, or a mistake found."""

    update = models.ForeignKey(QuarterlyUpdate, models.PROTECT, related_name="proposed_revisions")
    section = models.CharField(max_length=12, choices=Section.choices)
    key = models.CharField(max_length=40, blank=True, help_text="The row's key, or the period; empty for ratings.")
    field = models.CharField(max_length=20)
    of = models.CharField(max_length=400, help_text="The row and the figure, as the closed report called them.")
    was = models.CharField(max_length=200, blank=True, help_text="What the closed report says.")
    value = models.CharField(max_length=200, help_text="As it was typed, read as the entry page reads it.")
    reason = models.TextField()
    source = models.CharField(max_length=300, help_text="Where the value comes from.")
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=8, choices=ProposalState.choices, default=ProposalState.OFFERED)
    answered_by = person_or_none()
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(blank=True, help_text="Why it was declined.")

    objects = ProposedRevisionQuerySet.as_manager()

    class Meta:
        ordering = ["proposed_at", "pk"]
        constraints = [
            only("section", Section, blank=False),
            only("state", ProposalState, blank=False),
            Rule(
                condition=~Q(state="declined") | ~Q(answer=""),
                name="proposed_revision_declined_with_a_reason",
                message="Say why it is declined.",
                field="answer",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.update}: {self.of}, {self.value}"
