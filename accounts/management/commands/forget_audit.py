import datetime as dt
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.utils import timezone

from accounts.models import Try
from priorities.audit import Act, AuditEvent, record


class Command(BaseCommand):
    help = "Delete entries of the audit log that are older than AUDIT_DAYS, and tries to sign in that no longer count."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="tell how many would be deleted, and delete none")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        now = timezone.now()
        before = now - dt.timedelta(days=settings.AUDIT_DAYS)
        if dry_run:
            count = AuditEvent.objects.filter(at__lt=before).count()
            self.stdout.write(f"Would delete entries of the audit log from before {before:%-d %B %Y}: {count}.")
            return
        with transaction.atomic():
            count = AuditEvent.objects.forget(before)
            if count:
                record(Act.AUDIT_FORGOTTEN, by=None, detail=f"{count} from before {before:%-d %B %Y}")
        Try.objects.filter(at__lt=now - dt.timedelta(minutes=settings.TRIES_MINUTES)).delete()
        self.stdout.write(f"Deleted entries of the audit log from before {before:%-d %B %Y}: {count}.")
