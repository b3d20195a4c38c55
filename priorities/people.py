"""Who may do what: people, their roles, and what they hold of each priority.

Administrators, managers and readers are groups. Leads, deputies and contributors are assignments to a priority.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property

from .history import RecordedQuerySet, history
from .rules import Rule, only


class Role(models.TextChoices):
    """Groups by name; created after every migrate (see apps.py), so they are always there."""

    ADMINISTRATOR = "Administrators", "Administrator"
    MANAGER = "Managers", "Manager"
    READER = "Readers", "Reader"


class Section(models.TextChoices):
    """The parts of a quarterly update that can be handed over."""

    RATINGS = "ratings", "Ratings and narrative"
    FINANCE = "finance", "Finance"
    INDICATORS = "indicators", "Indicators"
    RISKS = "risks", "Risks and issues"
    GOALS = "goals", "Goals"


class Person(AbstractUser):
    """Somebody who signs in."""

    as_of: tuple[Any, ...] = ()  # the state of the data when a request loaded them; see sign_in.py

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"
        ordering = ["username"]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    @cached_property
    def roles(self) -> frozenset[str]:
        return frozenset(self.groups.values_list("name", flat=True))

    @property
    def is_administrator(self) -> bool:
        return self.is_superuser or Role.ADMINISTRATOR in self.roles

    @property
    def is_manager(self) -> bool:
        return Role.MANAGER in self.roles

    @property
    def sees_all(self) -> bool:
        return self.is_administrator or self.is_manager

    @property
    def reads_closed(self) -> bool:
        """Whether closed quarters are open to this person: to all who have any role."""
        return self.sees_all or Role.READER in self.roles or bool(self.current_assignments)

    @cached_property
    def current_assignments(self) -> tuple[Assignment, ...]:
        return tuple(self.assignments.current())

    def may_write(self, priority_id: int, sections: frozenset[str], holder_id: int | None) -> bool:
        """Whether they may write a row of these sections of a priority's update, or hold that very row."""
        return holder_id == self.pk or sections <= self.sections_of(priority_id)

    def leads(self, priority_id: int) -> bool:
        """Whether they answer for the whole of a priority: its leads and deputies, and administrators."""
        whole = (AssignmentRole.LEAD, AssignmentRole.DEPUTY)
        return self.is_administrator or any(
            a.priority_id == priority_id and a.role in whole for a in self.current_assignments
        )

    def fills_in(self, priority_id: int) -> bool:
        """Whether any part of a priority's updates is theirs to fill in."""
        return self.is_administrator or any(
            a.priority_id == priority_id and a.role != AssignmentRole.SIGNATORY for a in self.current_assignments
        )

    def has_rows_of(self, priority_id: int) -> bool:
        """Whether single rows of a priority may be theirs: contributors without a section hold rows."""
        return any(
            a.priority_id == priority_id and a.role != AssignmentRole.SIGNATORY and not a.section
            for a in self.current_assignments
        )

    def sections_of(self, priority_id: int) -> frozenset[str]:
        """The sections of a priority that this person fills in: all for its leads and deputies."""
        if self.leads(priority_id):
            return frozenset(Section.values)
        return frozenset(
            a.section
            for a in self.current_assignments
            if a.priority_id == priority_id and a.role == AssignmentRole.CONTRIBUTOR and a.section
        )

    def signs(self, priority_id: int) -> frozenset[str]:
        """The sections of a priority that need this person's sign-off; "" is the update as a whole."""
        return frozenset(
            a.section
            for a in self.current_assignments
            if a.priority_id == priority_id and a.role == AssignmentRole.SIGNATORY
        )


def signed_in(request: HttpRequest) -> Person:
    """The person of a request that has passed the sign-in."""
    assert isinstance(request.user, Person)
    return request.user


def signs_in_elsewhere(person: Person) -> bool:
    """Whether somebody is linked with the provider of single sign-on, and so gets no password here."""
    return bool(settings.OIDC_SERVER_URL) and person.socialaccount_set.exists()  # type: ignore[attr-defined]


def in_force(of: str = "") -> Q:
    """The condition that an assignment, by this path to it, is in force today."""
    today = timezone.localdate()
    begun = Q(**{f"{of}starts_on__isnull": True}) | Q(**{f"{of}starts_on__lte": today})
    return begun & (Q(**{f"{of}ends_on__isnull": True}) | Q(**{f"{of}ends_on__gte": today}))


class AssignmentQuerySet(RecordedQuerySet):
    def current(self) -> AssignmentQuerySet:
        """Those in force today; a deputy may be named for dates."""
        return self.filter(in_force())

    def not_over(self) -> AssignmentQuerySet:
        """Those in force today or later."""
        return self.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=timezone.localdate()))


class AssignmentRole(models.TextChoices):
    LEAD = "lead", "Lead"
    DEPUTY = "deputy", "Deputy"
    CONTRIBUTOR = "contributor", "Contributor"
    SIGNATORY = "signatory", "Signs off"


class Assignment(models.Model):
    """What a person has to do with a priority.

    Leads and deputies have all of it. A contributor has the section named; one with no section has single rows,
    those whose holder they are. Who signs off fills in nothing: an update is approved once the section named, or with
    none the whole, has been signed off by one of those who do.
    """

    priority = models.ForeignKey("priorities.Priority", models.PROTECT, related_name="assignments")
    person = models.ForeignKey(Person, models.PROTECT, related_name="assignments")
    role = models.CharField(max_length=12, choices=AssignmentRole.choices)
    section = models.CharField(
        max_length=12,
        choices=Section.choices,
        blank=True,
        help_text="For a contributor: the section that is theirs; leave empty for those who hold single rows. "
        "For somebody who signs off: the section, or empty for the whole.",
    )
    starts_on = models.DateField("from", null=True, blank=True)
    ends_on = models.DateField("until", null=True, blank=True)

    objects = AssignmentQuerySet.as_manager()
    history = history()

    class Meta:
        ordering = ["priority__position", "role", "person__username"]
        constraints = [
            models.UniqueConstraint(
                fields=["priority", "person", "role", "section"],
                name="assignment_once",
                violation_error_message="This person has this role for this priority already.",
            ),
            only("role", AssignmentRole, blank=False),
            only("section", Section),
            Rule(
                condition=Q(section="") | Q(role__in=["contributor", "signatory"]),
                name="assignment_section_not_a_leads",
                message="Leads and deputies have the whole priority; leave the section empty, or choose contributor.",
                field="section",
            ),
            Rule(
                condition=Q(ends_on__gte=F("starts_on")),
                name="assignment_ends_after_it_starts",
                message="The last day is before the first; correct one of them.",
                field="ends_on",
            ),
        ]

    def __str__(self) -> str:
        what = f" of {self.get_section_display().lower()}" if self.section else ""
        return f"{self.person}: {self.get_role_display().lower()}{what}, {self.priority}"

    @property
    def is_current(self) -> bool:
        today = timezone.localdate()
        return (self.starts_on is None or self.starts_on <= today) and (self.ends_on is None or today <= self.ends_on)
