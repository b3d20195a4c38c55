"""What is said around the figures of an update: drafts, answers to warnings, comments, sign-offs; what is mailed."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone

from goals.models import Goal
from indicators.models import Indicator
from priorities.cells import unstopped
from priorities.history import RecordedQuerySet, history
from priorities.models import Quarter, QuarterlyUpdate, QuarterRow, Section
from priorities.periods import Period
from priorities.rules import Rule, only
from risks.models import Risk


class Page(models.TextChoices):
    """The pages that keep drafts: one for each section, the answers to the checks, and the review."""

    RATINGS = Section.RATINGS.value, Section.RATINGS.label
    FINANCE = Section.FINANCE.value, Section.FINANCE.label
    INDICATORS = Section.INDICATORS.value, Section.INDICATORS.label
    RISKS = Section.RISKS.value, Section.RISKS.label
    GOALS = Section.GOALS.value, Section.GOALS.label
    CHECKS = "checks", "Check and submit"
    REVIEW = "review", "Review"


class Draft(models.Model):
    """One page of an update as one person has typed it, valid or not; only Save writes rows."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="drafts")
    update = models.ForeignKey(QuarterlyUpdate, models.CASCADE, related_name="drafts")
    section = models.CharField(max_length=12, choices=Page.choices)
    data = models.JSONField(default=dict)
    saved_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-saved_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "update", "section"],
                name="draft_once",
                violation_error_message="This person has a draft of this section already.",
            ),
            only("section", Page, blank=False),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.get_section_display()}, {self.update}"


class Explanation(QuarterRow):
    """What a lead answered to one warning of the checks: confirmed as right, with or without a word why.

    It holds for the warning as it was told: another figure is another warning.
    """

    warning = models.CharField(max_length=100, help_text="The rule and the row that it was told of.")
    told = models.TextField(help_text="The warning, as it was read.")
    text = models.TextField(blank=True)

    history = history()

    class Meta(QuarterRow.Meta):
        abstract = False
        ordering = ["update", "warning"]
        constraints = [
            models.UniqueConstraint(
                fields=["update", "warning"],
                name="explanation_once",
                violation_error_message="This warning has an answer already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.told} {self.text}"

    def sections_written(self) -> frozenset[str]:
        return frozenset(Section.values)  # whoever answers for the whole


class OverviewDraft(models.Model):
    """The overview of a quarter as one person has typed it and not saved yet."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="overview_drafts")
    quarter = models.ForeignKey(Quarter, models.CASCADE, related_name="overview_drafts")
    data = models.JSONField(default=dict)
    saved_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-saved_at"]
        constraints = [models.UniqueConstraint(fields=["person", "quarter"], name="overview_draft_once")]

    def __str__(self) -> str:
        return f"{self.person}: overview of {self.quarter}"


class CommentQuerySet(RecordedQuerySet):
    def asked(self) -> CommentQuerySet:
        """Those that are no answers, and not resolved."""
        return self.filter(answers=None, resolved_at=None)

    def unanswered(self) -> CommentQuerySet:
        """Those of them that nobody but their author has answered."""
        answers = Comment.objects.filter(answers=models.OuterRef("pk")).exclude(author=models.OuterRef("author"))
        return self.asked().filter(~models.Exists(answers))


class Comment(models.Model):
    """What a reviewer asks of one line of an update, or what somebody answers to it."""

    update = models.ForeignKey(QuarterlyUpdate, models.PROTECT, related_name="comments")
    section = models.CharField(max_length=12, choices=Section.choices)
    key = models.CharField(max_length=40, blank=True, help_text="The line's key; empty for the section's texts.")
    subject = models.CharField(max_length=200, help_text="The line, as it was called then.")
    answers = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="replies")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    text = models.TextField()
    made_at = models.DateTimeField(auto_now_add=True)
    resolved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    resolved_at = models.DateTimeField(null=True, blank=True)

    objects = CommentQuerySet.as_manager()
    history = history()

    class Meta:
        ordering = ["made_at", "pk"]
        constraints = [only("section", Section, blank=False)]

    def __str__(self) -> str:
        return f"{self.author}: {self.text}"


class SentBack(models.Model):
    """What an update said when it was last sent back, and why it was: its next review shows what changed since."""

    update = models.OneToOneField(QuarterlyUpdate, models.PROTECT, related_name="sent_back")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    reason = models.TextField()
    cells = models.JSONField(default=dict, help_text="The text of each cell, by row and by the cell's name.")

    class Meta:
        ordering = ["-at"]
        verbose_name = verbose_name_plural = "sent back"

    def __str__(self) -> str:
        return f"{self.update}: {self.reason}"


class SignOff(QuarterRow):
    """Somebody named for it has signed off a section of an update, or with no section the whole of it."""

    signed_section = models.CharField(max_length=12, choices=Section.choices, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    history = history()

    class Meta(QuarterRow.Meta):
        abstract = False
        ordering = ["update", "signed_section"]
        constraints = [
            models.UniqueConstraint(
                fields=["update", "signed_section"],
                name="sign_off_once",
                violation_error_message="This is signed off already.",
            ),
            only("signed_section", Section),
        ]

    def __str__(self) -> str:
        return f"{self.get_signed_section_display() or 'The whole'} of {self.update}, by {self.by}"

    def sections_written(self) -> frozenset[str]:
        return frozenset(Section.values)


class DecisionQuerySet(RecordedQuerySet):
    def standing_in(self, period: Period) -> DecisionQuerySet:
        """Those of this quarter, and of earlier ones that were not done before it, each with `row_keys` to be asked,
        the quarters that it was noted and settled in, and its `priority_id`.

        `goes_on_as` is the row that took the place of the one decided on: the goal carried into a new year, the
        indicator that replaced it, the issue that a risk has become.
        """
        noted, done = in_order("update__quarter"), in_order("done_in__quarter")
        code = period.year * 10 + period.number
        then = models.OuterRef("key")
        goes_on_as = Coalesce(
            models.Subquery(Goal.objects.filter(carried_from__key=then).values("key")[:1]),
            models.Subquery(Indicator.objects.filter(replaces__key=then).values("key")[:1]),
            models.Subquery(Risk.objects.filter(raised_from__key=then).values("key")[:1]),
        )
        found = self.annotate(noted=noted, done=done, goes_on_as=goes_on_as, priority_id=models.F("update__priority"))
        return found.filter(models.Q(done__isnull=True) | models.Q(done__gte=code), noted__lte=code)


def in_order(quarter: str) -> models.expressions.CombinedExpression:
    """A quarter as one number, later ones greater."""
    return models.F(f"{quarter}__financial_year") * 10 + models.F(f"{quarter}__number")


class Decision(models.Model):
    """What the board decided on one row of a quarter's report, or with no row on a section of it.

    It is of no report: it may be noted long after the quarter is closed, and stands beside the row, in this quarter and
    the next ones, until it is done.
    """

    update = models.ForeignKey(QuarterlyUpdate, models.PROTECT, related_name="decisions")
    section = models.CharField(max_length=12, choices=Section.choices)
    key = models.UUIDField(null=True, blank=True, help_text="The row's key; empty for the section as a whole.")
    subject = models.CharField(max_length=200, help_text="The row, as it was called then.")
    text = models.TextField()
    noted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    noted_at = models.DateTimeField(auto_now_add=True)
    done_in = models.ForeignKey(
        QuarterlyUpdate,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The update in which it was marked done; later ones don't show it.",
    )
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    done_at = models.DateTimeField(null=True, blank=True)
    outcome = models.TextField(blank=True, help_text="What was done.")

    objects = DecisionQuerySet.as_manager()
    history = history()

    class Meta:
        ordering = ["noted_at", "pk"]
        constraints = [
            only("section", Section, blank=False),
            Rule(
                condition=models.Q(done_in__isnull=True) | ~models.Q(outcome=""),
                name="decision_done_with_a_word",
                message="Say what was done.",
                field="outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject}: {self.text}"

    @property
    def about(self) -> str:
        """What it is about, for a sentence that goes on after it."""
        return unstopped(self.subject)

    @property
    def noted_in(self) -> Period:
        return Period.from_code(self.noted)  # type: ignore[attr-defined]

    @property
    def settled_in(self) -> Period | None:
        return Period.from_code(self.done) if self.done else None  # type: ignore[attr-defined]

    @property
    def row_keys(self) -> set[str]:
        """The rows that it stands beside."""
        return {str(key) for key in (self.key, getattr(self, "goes_on_as", None)) if key}


class NoticeKind(models.TextChoices):
    """What people are told of by mail; an invitation and a reset of a password are mailed by themselves."""

    OPENED = "opened", "A quarter was opened"
    HANDED_OVER = "handed_over", "Something was handed over"
    SUBMITTED = "submitted", "An update was submitted"
    SENT_BACK = "sent_back", "An update was sent back"
    COMMENTED = "commented", "A comment or an answer"
    APPROVED = "approved", "An update was approved"
    EXTENDED = "extended", "A due date was moved"
    CLOSED = "closed", "A quarter was closed or reopened"
    DECIDED = "decided", "A decision of the board"

    @classmethod
    def prompt(cls) -> list[NoticeKind]:
        """Those that are mailed at once; the others wait for one of these, or for the daily run."""
        return [kind for kind in cls if kind != cls.COMMENTED]


class NoticeQuerySet(models.QuerySet):
    def waiting(self) -> NoticeQuerySet:
        """Those to be mailed to somebody who can be written to."""
        return self.filter(mailed_at__isnull=True, person__is_active=True).exclude(person__email="")

    def free(self) -> NoticeQuerySet:
        """Those not mailed that nobody is mailing now; who claimed one too long ago died before it was mailed."""
        claimable = models.Q(claimed_at__isnull=True) | models.Q(claimed_at__lt=timezone.now() - CLAIM_HOLDS)
        return self.filter(claimable, mailed_at__isnull=True)


CLAIM_HOLDS = dt.timedelta(minutes=5)  # longer than a mail server may take for one mail


class Notice(models.Model):
    """One thing to tell one person by mail. All that wait for somebody go out together, in one mail."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=11, choices=NoticeKind.choices)
    text = models.TextField()
    path = models.CharField(max_length=300, help_text="The page that it is about.")
    made_at = models.DateTimeField(auto_now_add=True)
    claimed_at = models.DateTimeField(null=True, blank=True, help_text="When somebody began to mail it.")
    mailed_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True, help_text="When it was last tried in vain.")
    failure = models.CharField(max_length=200, blank=True, help_text="Why it could not be mailed then.")

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["made_at", "pk"]
        constraints = [only("kind", NoticeKind, blank=False)]

    def __str__(self) -> str:
        return f"{self.person}: {self.text}"


class Reminder(models.Model):
    """A reminder mailed to somebody, at most one a day; the row is the claim, made before the mail is sent."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="reminders")
    day = models.DateField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who asked for it; nobody where it was the daily run.",
    )
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-day", "-pk"]
        constraints = [models.UniqueConstraint(fields=["person", "day"], name="reminder_once_a_day")]

    def __str__(self) -> str:
        return f"{self.person}, {self.day:%-d %B %Y}"
