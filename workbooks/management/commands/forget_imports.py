import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from workbooks.records import DAYS_KEPT, forget


class Command(BaseCommand):
    help = f"Delete previews of imports that nobody has confirmed for {DAYS_KEPT} days, with their files. Run it daily."

    def handle(self, *args: Any, **options: Any) -> None:
        count = forget(before=timezone.now() - dt.timedelta(days=DAYS_KEPT))
        self.stdout.write(f"{count} preview{'s' * (count != 1)} forgotten.")
