import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from priorities.models import QuarterStatus
from updates.models import Draft, Notice, OverviewDraft

DAYS_KEPT = 90


class Command(BaseCommand):
    """What was typed and not saved is of use until its quarter is closed, and for a while after: it may be reopened."""

    help = f"Delete drafts of closed quarters, and mailed notices, that are older than {DAYS_KEPT} days. Run it daily."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=DAYS_KEPT, help=f"how old ({DAYS_KEPT})")

    def handle(self, *args: Any, days: int, **options: Any) -> None:
        before = timezone.now() - dt.timedelta(days=days)
        pages = Draft.objects.filter(update__quarter__status=QuarterStatus.CLOSED, saved_at__lt=before)
        overviews = OverviewDraft.objects.filter(quarter__status=QuarterStatus.CLOSED, saved_at__lt=before)
        drafts = pages.delete()[0] + overviews.delete()[0]
        notices = Notice.objects.filter(mailed_at__lt=before).delete()[0]
        self.stdout.write(f"{drafts} drafts and {notices} mailed notices forgotten.")
