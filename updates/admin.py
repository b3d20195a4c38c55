from django.contrib import admin

from priorities.admin import ReadOnly

from .models import Comment, Decision, Draft, Explanation, Notice, OverviewDraft, Reminder, SentBack, SignOff


@admin.register(Draft)
class DraftAdmin(ReadOnly):
    """What people have typed and not saved yet: to see that it is there, not to change it."""

    list_display = ["person", "update", "section", "saved_at"]
    list_filter = ["section", "update__quarter"]
    search_fields = ["person__username", "update__priority__title"]
    list_select_related = ["person", "update__quarter", "update__priority"]


@admin.register(Explanation)
class ExplanationAdmin(ReadOnly):
    """How leads answered the warnings of the checks; they belong to what was submitted."""

    list_display = ["update", "told", "text", "confirmed"]
    list_filter = ["update__quarter"]
    search_fields = ["told", "text", "update__priority__title"]
    list_select_related = ["update__quarter", "update__priority"]


@admin.register(OverviewDraft)
class OverviewDraftAdmin(ReadOnly):
    list_display = ["person", "quarter", "saved_at"]
    list_filter = ["quarter"]
    search_fields = ["person__username"]
    list_select_related = ["person", "quarter"]


@admin.register(Comment)
class CommentAdmin(ReadOnly):
    """What reviewers asked and what was answered; written on the pages of the review."""

    list_display = ["update", "subject", "author", "text", "made_at", "resolved_at"]
    list_filter = ["update__quarter", "section"]
    search_fields = ["text", "subject", "update__priority__title", "author__username"]
    list_select_related = ["update__quarter", "update__priority", "author"]


@admin.register(Decision)
class DecisionAdmin(ReadOnly):
    """What the board decided; noted and marked done on the pages of the updates."""

    list_display = ["update", "subject", "text", "noted_by", "noted_at", "done_at", "outcome"]
    list_filter = ["update__quarter", "section"]
    search_fields = ["text", "subject", "outcome", "update__priority__title"]
    list_select_related = ["update__quarter", "update__priority", "noted_by"]


@admin.register(SentBack)
class SentBackAdmin(ReadOnly):
    list_display = ["update", "by", "at", "reason"]
    list_filter = ["update__quarter"]
    search_fields = ["update__priority__title", "reason"]
    list_select_related = ["update__quarter", "update__priority", "by"]


@admin.register(SignOff)
class SignOffAdmin(ReadOnly):
    list_display = ["update", "signed_section", "by", "at"]
    list_filter = ["update__quarter"]
    search_fields = ["update__priority__title", "by__username"]
    list_select_related = ["update__quarter", "update__priority", "by"]


@admin.register(Notice)
class NoticeAdmin(ReadOnly):
    """What people are told by mail, and whether it has gone out."""

    list_display = ["person", "kind", "text", "made_at", "mailed_at", "failed_at", "failure"]
    list_filter = ["kind", "mailed_at"]
    search_fields = ["person__username", "text"]
    list_select_related = ["person"]


@admin.register(Reminder)
class ReminderAdmin(ReadOnly):
    list_display = ["person", "day", "by", "made_at"]
    list_filter = ["day"]
    search_fields = ["person__username"]
    list_select_related = ["person", "by"]
