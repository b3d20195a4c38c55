from typing import Any

from django.core.management.base import BaseCommand

from accounts.factors import reseal


class Command(BaseCommand):
    help = "Seals the secrets of second factors with SECRET_KEY anew, so that an earlier key is needed no more."

    def handle(self, *args: Any, **options: Any) -> None:
        done, lost = reseal()
        self.stdout.write(f"{done} secrets are sealed with the SECRET_KEY of now.")
        if lost:
            self.stdout.write(f"{lost} can't be opened by it nor by SECRET_KEY_FALLBACKS: reset them (reset_factor).")
