"""The plan, its priorities, its quarters, and the update that each priority makes each quarter."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from .audit import AuditEvent
from .cells import GoalConfidence, Rating
from .door import Guarded, GuardedQuerySet, Refused, current_door
from .history import ChangeSet, RecordedQuerySet, history
from .people import Assignment, AssignmentRole, Person, Role, Section
from .periods import FIRST_YEAR, LAST_YEAR, Period
from .rules import Rule, only

__all__ = [
    "Assignment",
    "AssignmentRole",
    "AuditEvent",
    "ChangeSet",
    "Definition",
    "DefinitionKind",
    "Person",
    "Plan",
    "Priority",
    "Quarter",
    "QuarterRow",
    "QuarterStatus",
    "QuarterlyUpdate",
    "RiskScale",
    "Role",
    "Section",
    "UpdateStatus",
]

PLAN_YEARS = 4  # a Mayor's term, which a Police and Crime Plan follows
RESERVED_SLUGS = frozenset(
    {"changes", "closing", "decisions", "exceptions", "goals", "opening", "overview", "pack", "print", "progress"}
    | {"publishing", "review", "risks", "update", "year"}
)
RATINGS = ("objectives", "time", "spend", "capability", "risk")


def year_field(**kwargs: Any) -> models.PositiveSmallIntegerField:
    """A financial year by the calendar year it begins in: 2022 is 2022/23."""
    return models.PositiveSmallIntegerField(
        validators=[
            MinValueValidator(FIRST_YEAR, f"The year must be {FIRST_YEAR} or later."),
            MaxValueValidator(LAST_YEAR, f"The year must be {LAST_YEAR} or earlier."),
        ],
        **kwargs,
    )


def person_or_none(**kwargs: Any) -> models.ForeignKey[Any, Any]:
    known: dict[str, Any] = {"null": True, "blank": True, "related_name": "+", **kwargs}
    return models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, **known)


class RiskScale(models.TextChoices):
    """How a body scores its risks."""

    LEVEL = "level", "High, medium or low"
    MATRIX = "matrix", "Likelihood × impact, 1 to 5 each"


class Plan(models.Model):
    title = models.CharField(max_length=200)
    first_year = year_field(help_text="The year the first financial year begins in: 2022 for 2022/23.", unique=True)
    last_year = year_field(help_text="The year the last financial year begins in: 2024 for 2024/25.")
    risk_scale = models.CharField(
        "risks are scored by", max_length=6, choices=RiskScale.choices, default=RiskScale.LEVEL
    )

    objects = RecordedQuerySet.as_manager()
    history = history()

    class Meta:
        ordering = ["first_year"]
        constraints = [
            Rule(
                condition=Q(last_year__gte=F("first_year")),
                name="plan_ends_after_it_begins",
                message="The last year is before the first; correct one of them.",
                field="last_year",
            ),
            only("risk_scale", RiskScale, blank=False),
        ]

    def __str__(self) -> str:
        return self.title

    def periods(self) -> list[Period]:
        return [Period(year, n) for year in range(self.first_year, self.last_year + 1) for n in range(1, 5)]

    def missing_quarters(self) -> list[Quarter]:
        """The quarters of its years that don't exist yet, unsaved, as planned."""
        have = set(
            Quarter.objects.filter(financial_year__gte=self.first_year, financial_year__lte=self.last_year).values_list(
                "financial_year", "number"
            )
        )
        return [
            Quarter(plan=self, financial_year=p.year, number=p.number)
            for p in self.periods()
            if (p.year, p.number) not in have
        ]


class Priority(models.Model):
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="priorities")
    title = models.CharField(max_length=200)
    slug = models.SlugField(max_length=200, help_text="The last part of its page's address.")
    position = models.PositiveSmallIntegerField(default=0, help_text="Its place in the report, from the top.")

    objects = RecordedQuerySet.as_manager()
    history = history()

    class Meta:
        ordering = ["position", "pk"]
        verbose_name_plural = "priorities"
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "title"],
                name="priority_title_once_a_plan",
                violation_error_message="The plan has a priority of this title already.",
            ),
            models.UniqueConstraint(
                fields=["plan", "slug"],
                name="priority_slug_once_a_plan",
                violation_error_message="The plan has a priority at this address already; choose another slug.",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        if self.slug in RESERVED_SLUGS:
            raise ValidationError({"slug": f"“{self.slug}” is the address of another page; choose another slug."})

    @staticmethod
    def slug_for(title: str) -> str:
        slug = slugify(title)[:190].strip("-") or "priority"
        return f"{slug}-priority" if slug in RESERVED_SLUGS else slug


class QuarterQuerySet(GuardedQuerySet):
    fixed = ("financial_year", "number")

    def at(self, period: Period) -> QuarterQuerySet:
        return self.filter(financial_year=period.year, number=period.number)

    def editable_by(self, person: Person | None) -> QuarterQuerySet:
        """Those whose overview this person may write now: its author, managers and administrators."""
        quarters = self.exclude(status=QuarterStatus.CLOSED).filter(overview_status__in=UpdateStatus.editable())
        if person is None:
            return quarters
        if not person.sees_all:
            quarters = quarters.filter(overview_author=person)
        return quarters.filter(open_to(person))

    def why_not_editable(self, person: Person | None) -> list[str]:
        """One sentence for each of these whose overview this person can't write now."""
        writable = set(self.editable_by(person).values_list("pk", flat=True))
        reasons = []
        quarter: Any
        for quarter in self.exclude(pk__in=writable):
            status = UpdateStatus(quarter.overview_status)
            if person is not None and not person.sees_all and quarter.overview_author_id != person.pk:
                reasons.append("The overview is written by its author, managers and administrators; ask one of them.")
            elif quarter.status == QuarterStatus.CLOSED:
                reasons.append(f"{quarter} is closed and can't be edited. Ask an administrator to reopen it first.")
            elif status not in UpdateStatus.editable():
                told = f"The overview of {quarter} is {status.label.lower()} and can't be edited"
                reasons.append(f"{told}; {status.overview_way_back}.")
            else:
                reasons.append(why_not_open(quarter))
        return reasons or [CHANGED_MEANWHILE]

    def readable_by(self, person: Person) -> QuarterQuerySet:
        """Those in which this person may read anything; see readable_sections() for what."""
        begun = self.exclude(status=QuarterStatus.PLANNED)
        if person.sees_all:
            return begun
        if not person.reads_closed:
            return self.none()
        readable = Q(status=QuarterStatus.CLOSED) | Q(reopened_until__isnull=False) | Q(overview_author=person)
        if person.current_assignments:
            updates = QuarterlyUpdate.objects.filter(
                Q(priority__in={a.priority_id for a in person.current_assignments})
                | Q(status__in=UpdateStatus.released())
            )
            readable |= Q(pk__in=updates.values("quarter"))
        return begun.filter(readable)

    def with_before(self) -> QuarterQuerySet:
        """Each with `before_code`, ten times the year and the number of the newest quarter begun before it, or None."""
        year, number = models.OuterRef("financial_year"), models.OuterRef("number")
        earlier = Quarter.objects.filter(Q(financial_year__lt=year) | Q(financial_year=year, number__lt=number))
        begun = earlier.exclude(status=QuarterStatus.PLANNED).order_by("-financial_year", "-number")
        code = F("financial_year") * 10 + F("number")
        return self.annotate(before_code=models.Subquery(begun.annotate(code=code).values("code")[:1]))

    def with_own_reopened(self, person: Person) -> QuarterQuerySet:
        """Each with `own_reopened`, whether an update of this person's priorities is reopened in it."""
        own = {assignment.priority_id for assignment in person.current_assignments}
        reopened = QuarterlyUpdate.objects.filter(quarter=models.OuterRef("pk"), reopened_until__isnull=False)
        return self.annotate(own_reopened=models.Exists(reopened.filter(priority__in=own)))

    def in_order(self) -> QuarterQuerySet:
        return self.order_by("financial_year", "number")


def open_to(person: Person) -> Q:
    """Not reopened, or reopened for this very person and not over: a condition on the row's own columns.

    Its own, because after waiting for a lock PostgreSQL looks again at the row itself, and not at those joined to it.
    """
    return Q(reopened_until__isnull=True) | Q(reopened_for=person, reopened_until__gte=timezone.localdate())


def is_open_to(row: Quarter | QuarterlyUpdate, person: Person) -> bool:
    """open_to() of a row in hand."""
    if row.reopened_until is None:
        return True
    return row.reopened_for_id == person.pk and row.reopened_until >= timezone.localdate()


def why_not_open(row: Quarter | QuarterlyUpdate) -> str:
    """Why a reopened row is not this person's to edit."""
    if row.reopened_until is None:
        return CHANGED_MEANWHILE
    until = f"{row.reopened_until:%-d %B %Y}"
    if row.reopened_until < timezone.localdate():
        return f"{row} was reopened until {until}, which is over; ask an administrator to give more time."
    return f"{row} is reopened for {row.reopened_for} alone, until {until}; ask them, or an administrator."


CHANGED_MEANWHILE = "Somebody changed this at the same moment; load the page again and repeat your change."


class QuarterStatus(models.TextChoices):
    PLANNED = "planned", "Planned"
    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"


class UpdateStatus(models.TextChoices):
    IN_PROGRESS = "in_progress", "In progress"
    SUBMITTED = "submitted", "Submitted"
    IN_REVIEW = "in_review", "In review"
    SENT_BACK = "sent_back", "Sent back"
    APPROVED = "approved", "Approved"
    CLOSED = "closed", "Closed"

    @classmethod
    def editable(cls) -> tuple[UpdateStatus, ...]:
        return cls.IN_PROGRESS, cls.SENT_BACK

    @classmethod
    def released(cls) -> tuple[UpdateStatus, ...]:
        """Those in which people beyond the priority and the managers may read it."""
        return cls.APPROVED, cls.CLOSED

    @property
    def way_back(self) -> str:
        return {
            "submitted": "its lead can withdraw it, or a manager send it back",
            "in_review": "a manager has to send it back first",
            "approved": "a manager has to send it back first",
            "closed": "an administrator has to reopen the quarter first",
        }.get(self.value, "")

    @property
    def overview_way_back(self) -> str:
        """The same for the overview, which has an author where an update has leads."""
        return self.way_back.replace("its lead", "its author")


class Quarter(Guarded, models.Model):
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="quarters")
    financial_year = year_field(help_text="The year the financial year begins in: 2022 for 2022/23.")
    number = models.PositiveSmallIntegerField(choices=[(n, f"Q{n}") for n in range(1, 5)])
    status = models.CharField(max_length=7, choices=QuarterStatus.choices, default=QuarterStatus.PLANNED)
    due_on = models.DateField("updates due on", null=True, blank=True)
    overview = models.TextField(blank=True)
    overview_author = person_or_none(
        verbose_name="writes the overview", help_text="Besides managers and administrators."
    )
    overview_status = models.CharField(
        "state of the overview", max_length=11, choices=UpdateStatus.choices, default=UpdateStatus.IN_PROGRESS
    )
    overview_submitted_at = models.DateTimeField(null=True, blank=True)
    overview_submitted_by = person_or_none()
    overview_approved_at = models.DateTimeField(null=True, blank=True)
    overview_approved_by = person_or_none()
    reopened_for = person_or_none()
    reopened_until = models.DateField(null=True, blank=True)
    reopened_reason = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=0, editable=False)

    objects = QuarterQuerySet.as_manager()
    history = history()

    class Meta:
        base_manager_name = "objects"
        ordering = ["-financial_year", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["financial_year", "number"],
                name="quarter_once",
                violation_error_message="This quarter exists already.",
            ),
            only("status", QuarterStatus, blank=False),
            only("overview_status", UpdateStatus, blank=False),
            Rule(
                condition=Q(number__gte=1, number__lte=4),
                name="quarter_number_1_to_4",
                message="A year has quarters 1 to 4.",
                field="number",
            ),
            Rule(
                condition=Q(financial_year__gte=FIRST_YEAR, financial_year__lte=LAST_YEAR),
                name="quarter_in_the_calendar",
                message=f"The year must lie between {FIRST_YEAR} and {LAST_YEAR}.",
                field="financial_year",
            ),
        ]

    def __str__(self) -> str:
        return self.period.label

    def get_absolute_url(self) -> str:
        return reverse("reports:overview", args=[self.period])

    @property
    def period(self) -> Period:
        return Period(self.financial_year, self.number)

    @property
    def overview_is_editable(self) -> bool:
        return self.overview_status in UpdateStatus.editable() and self.status != QuarterStatus.CLOSED

    @property
    def is_reopened(self) -> bool:
        return self.status == QuarterStatus.OPEN and self.reopened_until is not None

    def door_key(self) -> tuple[str, int | None]:
        return "quarter", None if self._state.adding else self.pk

    def lock(self) -> QuarterQuerySet:
        return Quarter.objects.filter(pk=self.pk)

    def admit(self) -> None:
        if door := current_door():
            door.quarters.add(self.pk)


class QuarterlyUpdateQuerySet(GuardedQuerySet):
    fixed = ("quarter_id", "priority_id")

    def refuse_strays(self, rows: Iterable[Any]) -> None:
        rows = list(rows)
        super().refuse_strays(rows)
        new = {row.quarter_id for row in rows if row._state.adding}
        shut = Quarter.objects.filter(pk__in=new).exclude(status=QuarterStatus.OPEN) if new else ()
        for quarter in shut:
            raise Refused(
                f"{quarter} is {quarter.get_status_display().lower()}; updates are made in open quarters only."
            )

    def before(self, period: Period) -> QuarterlyUpdateQuerySet:
        """Those of the newest opened quarter before this one: last quarter's answers."""
        earlier = Q(financial_year__lt=period.year) | Q(financial_year=period.year, number__lt=period.number)
        newest = (
            Quarter.objects.filter(earlier).exclude(status=QuarterStatus.PLANNED).order_by("-financial_year", "-number")
        )
        return self.filter(quarter=models.Subquery(newest.values("pk")[:1])).select_related("quarter")

    def editable_by(self, person: Person | None) -> QuarterlyUpdateQuerySet:
        """Those that this person may fill in now: in progress, and theirs, or any for an administrator."""
        updates = self.filter(status__in=UpdateStatus.editable())
        if person is None:
            return updates
        updates = updates.filter(open_to(person))
        if person.is_administrator:
            return updates
        own = person.assignments.current().exclude(role=AssignmentRole.SIGNATORY)
        return updates.filter(priority__in=own.values("priority"))

    def why_not_editable(self, person: Person | None) -> list[str]:
        """One sentence for each of these that this person can't edit now."""
        editable = set(self.editable_by(person).values_list("pk", flat=True))
        reasons = []
        update: Any
        for update in self.exclude(pk__in=editable).select_related("priority", "quarter", "reopened_for"):
            status = UpdateStatus(update.status)
            if status not in UpdateStatus.editable():
                reasons.append(f"{update} is {status.label.lower()} and can't be edited; {status.way_back}.")
            elif person is not None and not person.fills_in(update.priority_id):
                reasons.append(f"{update} is not yours to edit; ask its lead or an administrator.")
            else:
                reasons.append(why_not_open(update))
        return reasons or [CHANGED_MEANWHILE]


class QuarterlyUpdate(Guarded, models.Model):
    """One priority in one quarter: what the report says of it, and how far the work on it is."""

    quarter = models.ForeignKey(Quarter, models.PROTECT, related_name="updates")
    priority = models.ForeignKey(Priority, models.PROTECT, related_name="updates")
    objectives = models.CharField(max_length=1, choices=Rating.choices, blank=True)
    time = models.CharField(max_length=1, choices=Rating.choices, blank=True)
    spend = models.CharField(max_length=1, choices=Rating.choices, blank=True)
    capability = models.CharField(max_length=1, choices=Rating.choices, blank=True)
    risk = models.CharField(max_length=1, choices=Rating.choices, blank=True)
    ratings_note = models.TextField(blank=True, help_text="Why a rating is amber or red.")
    narrative = models.TextField(blank=True)
    finance_note = models.TextField(blank=True)
    status = models.CharField(max_length=11, choices=UpdateStatus.choices, default=UpdateStatus.IN_PROGRESS)
    due_on = models.DateField("extended to", null=True, blank=True, help_text="Empty: the quarter's own date.")
    due_reason = models.CharField("why it was extended", max_length=200, blank=True)
    leads = models.CharField(max_length=200, blank=True, help_text="The names of its leads, as they were then.")
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = person_or_none()
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = person_or_none()
    reopened_for = person_or_none()
    reopened_until = models.DateField(null=True, blank=True)
    version = models.PositiveIntegerField(default=0, editable=False)

    objects = QuarterlyUpdateQuerySet.as_manager()
    history = history()

    class Meta:
        base_manager_name = "objects"
        ordering = ["-quarter__financial_year", "-quarter__number", "priority__position", "pk"]
        # Every request sums them (sign_in.py): from the index, not from rows with all their texts.
        indexes = [models.Index(fields=["version"], name="update_version")]
        constraints = [
            models.UniqueConstraint(
                fields=["quarter", "priority"],
                name="update_once_a_quarter",
                violation_error_message="This priority has an update for this quarter already.",
            ),
            only("status", UpdateStatus, blank=False),
            *(only(name, Rating) for name in RATINGS),
        ]

    def __str__(self) -> str:
        return f"{self.priority}, {self.quarter}"

    def get_absolute_url(self) -> str:
        return reverse("reports:priority", args=[self.quarter.period, self.priority.slug])

    @property
    def is_editable(self) -> bool:
        return self.status in UpdateStatus.editable()

    @property
    def due(self) -> dt.date | None:
        """The day it is due: its own, where it was extended, else the quarter's. It never locks anything."""
        return self.due_on or self.quarter.due_on

    def gaps(self, section: str) -> Gaps:
        """What the texts and ratings of a section lack before it can be submitted."""
        if section != Section.RATINGS:
            return []
        unrated = [name for name in RATINGS if not getattr(self, name)]
        missing: Gaps = [(name, f"{name.capitalize()} has no rating; write R, A or G.") for name in unrated]
        troubled = [name for name in RATINGS if getattr(self, name) in (Rating.AMBER, Rating.RED)]
        if troubled and not self.ratings_note:
            told = f"{listed(troubled).capitalize()} {'is' if len(troubled) == 1 else 'are'} amber or red; say why."
            missing.append(("ratings_note", told))
        if not self.narrative:
            missing.append(("narrative", "There is no narrative; write what happened this quarter."))
        return missing

    def readable_sections(self, person: Person | None) -> frozenset[str]:
        """The sections of this update that a person may read in the report; None, at the command line, reads all.

        The one rule: administrators and managers read everything at any time; leads and deputies their own priorities,
        and contributors their own sections. Once approved, it is read by everybody with a priority of their own, and
        once closed by readers too.
        """
        everything = frozenset(Section.values)
        if person is None or person.sees_all:
            return everything
        if self.status == UpdateStatus.CLOSED and person.reads_closed:
            return everything
        if self.status in UpdateStatus.released() and person.current_assignments:
            return everything
        signed = person.signs(self.priority_id)
        return everything if "" in signed else person.sections_of(self.priority_id) | signed

    def door_key(self) -> tuple[str, int | None]:
        return "update", None if self._state.adding else self.pk

    def lock(self) -> QuarterlyUpdateQuerySet:
        return QuarterlyUpdate.objects.filter(pk=self.pk)

    def clean(self) -> None:
        if self.quarter_id is None or self.priority_id is None:
            return  # the field's own message says so
        if self.priority.plan_id != self.quarter.plan_id:
            raise ValidationError({"priority": f"{self.priority} is of another plan than {self.quarter}."})
        if self._state.adding and self.quarter.status != QuarterStatus.OPEN:
            state = self.quarter.get_status_display().lower()
            raise ValidationError({"quarter": f"{self.quarter} is {state}; an administrator has to open it first."})

    def sections_written(self) -> frozenset[str]:
        """Those of what differs from what is stored; "all" for what belongs to no section, such as the status."""
        door = current_door()
        stored: Any = door.stored.get(self.pk) if door else None
        if stored is None:
            stored = QuarterlyUpdate.objects.filter(pk=self.pk).values().get()
            if door:
                door.stored[self.pk] = stored
        fields = {f.attname for f in self._meta.concrete_fields if stored[f.attname] != getattr(self, f.attname)}
        section_of = {"finance_note": Section.FINANCE} | dict.fromkeys(
            (*RATINGS, "ratings_note", "narrative"), Section.RATINGS
        )
        return frozenset(section_of.get(name, "all") for name in fields - {"version"})

    def admit(self) -> None:
        if door := current_door():
            door.updates.add(self.pk)
            door.priority_of[self.pk] = self.priority_id


Gaps = list[tuple[str, str]]  # a field, and the sentence that says what it lacks before submission


def listed(words: Iterable[str]) -> str:
    """The words as a sentence lists them: "a, b and c"."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


class QuarterRowQuerySet(GuardedQuerySet):
    @property
    def fixed(self) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(f.attname for f in self.model._meta.concrete_fields if f.is_relation)

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], batch_size: int | None = None) -> int:
        rows = list(objs)
        for row in rows:
            row.version += 1
        return super().bulk_update(rows, [*fields, "version"], batch_size=batch_size)


class QuarterRow(Guarded, models.Model):
    """A row of one quarterly update: what was known then. The one abstract model of the project."""

    update = models.ForeignKey(QuarterlyUpdate, models.PROTECT, related_name="%(class)ss")
    version = models.PositiveIntegerField(default=0, editable=False)
    confirmed = models.BooleanField(
        default=False,
        help_text="Whether somebody said that this is right for this quarter, not just carried forward.",
    )

    objects = QuarterRowQuerySet.as_manager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            self.version += 1
        super().save(*args, **kwargs)

    def lacks(self) -> Gaps:
        """What the row's own answers lack before its update can be submitted; no query."""
        return []

    def gaps(self) -> Gaps:
        """What the row lacks, or where that is nothing, somebody's word that it holds for this quarter."""
        missing = self.lacks()
        if missing or self.confirmed:
            return missing
        return [("confirmed", "It is not confirmed for this quarter; tick it, or change what is no longer right.")]

    def door_key(self) -> tuple[str, int | None]:
        return "update", self.update_id or 0

    def lock(self) -> QuarterlyUpdateQuerySet:
        return QuarterlyUpdate.objects.filter(pk=self.update_id)


def new_key() -> uuid.UUID:
    """A key that names a row in every copy of the data: in JSON, workbooks and other databases."""
    return uuid.uuid4()


# What each colour means

DEFAULT_DEFINITIONS: dict[tuple[str, str], str] = {
    ("objectives", "G"): "The objectives of the priority are being met, or will be.",
    ("objectives", "A"): "One or more objectives are at risk; there is a plan to bring them back.",
    ("objectives", "R"): "One or more objectives will not be met without a decision or help from outside.",
    ("time", "G"): "Work is on schedule, or the delay has no effect on a milestone.",
    ("time", "A"): "A milestone is at risk of slipping; there is a plan to recover it.",
    ("time", "R"): "A milestone has slipped, or will, and there is no agreed plan to recover it.",
    ("spend", "G"): "Forecast spend is close to the budget.",
    ("spend", "A"): "Forecast spend differs from the budget by enough to need watching or re-profiling.",
    ("spend", "R"): "Forecast spend differs from the budget by enough to need a decision.",
    ("capability", "G"): "The people, skills and suppliers that the work needs are in place.",
    ("capability", "A"): "There are gaps in people, skills or suppliers; they are being filled.",
    ("capability", "R"): "Gaps in people, skills or suppliers stop the work.",
    ("risk", "G"): "Risks are low, or well controlled.",
    ("risk", "A"): "There are significant risks; they are being managed.",
    ("risk", "R"): "There are severe risks that are not under control.",
    ("indicator", "G"): "Confident that the year-end target will be met.",
    ("indicator", "A"): "It is in doubt whether the year-end target will be met.",
    ("indicator", "R"): "The year-end target will not be met without a change.",
    ("goal", "G"): "Confident that the goal will be reached by its forecast quarter.",
    ("goal", "A"): "It is in doubt whether the goal will be reached by its forecast quarter.",
    ("goal", "R"): "The goal will not be reached by its forecast quarter.",
    ("goal", "CG"): "The goal is complete; it counts as green.",
}


class DefinitionQuerySet(RecordedQuerySet):
    def supply_defaults(self) -> None:
        """Make the rows that are not there yet, with the supplied words; repeatable."""
        known = set(self.values_list("kind", "letter"))
        self.bulk_create(
            Definition(kind=kind, letter=letter, text=text)
            for (kind, letter), text in DEFAULT_DEFINITIONS.items()
            if (kind, letter) not in known
        )


class DefinitionKind(models.TextChoices):
    OBJECTIVES = "objectives", "Objectives"
    TIME = "time", "Time"
    SPEND = "spend", "Spend"
    CAPABILITY = "capability", "Capability"
    RISK = "risk", "Risk"
    INDICATOR = "indicator", "Confidence in an indicator"
    GOAL = "goal", "Confidence in a goal"


class Definition(models.Model):
    """What a letter means for one rating, or for the confidence in an indicator or a goal."""

    kind = models.CharField(max_length=10, choices=DefinitionKind.choices)
    letter = models.CharField(max_length=2, choices=GoalConfidence.choices)
    text = models.CharField(max_length=300)

    objects = DefinitionQuerySet.as_manager()
    history = history()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "letter"],
                name="definition_once",
                violation_error_message="This letter is defined for this already.",
            ),
            only("kind", DefinitionKind, blank=False),
            only("letter", GoalConfidence, blank=False),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_letter_display()}"

    @property
    def is_default(self) -> bool:
        """Whether it is still in the words supplied with the software, which nobody here has agreed."""
        return self.text == DEFAULT_DEFINITIONS.get((self.kind, self.letter))
