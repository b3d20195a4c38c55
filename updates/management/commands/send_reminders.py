import sys
from typing import Any

from django.core.checks import run_checks
from django.core.management.base import BaseCommand, CommandParser

from priorities.models import Person
from updates.models import NoticeKind
from updates.notices import Mailed, people_waiting, send_waiting
from updates.reminding import Outstanding, Reminded, due_today, send_reminders, sorted_out


class Command(BaseCommand):
    """The daily run, for a timer of the server. A run that was missed is not made up for.

    Reminders go out three days before an update or an overview is due, on the day, on the day after and every week
    from then on; nobody gets two on a day. All notices that wait for somebody go out in one mail. Run again, it finds
    nothing to do; after a failure, only what failed. With `--verbosity 0` it names nobody, for a log.
    """

    help = "Remind everybody who has something outstanding around its due date, and mail the notices that wait."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="tell who would be written to, and write to nobody")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        asked = due_today()
        if dry_run:
            self.rehearse(asked)
            return
        reminded = send_reminders(asked, by=None)
        mailed = send_waiting(NoticeKind.values)
        failed = {**dict.fromkeys(reminded.failed, reminded.failure), **mailed.failed}
        if options["verbosity"]:
            self.name(asked, reminded, mailed, failed)
        else:
            counts = f"{len(reminded.sent)} reminded, {len(mailed.told)} mailed, {len(failed)} not mailed"
            self.stdout.write(f"{counts}, {len(reminded.unreachable)} without an address.")
        if reminded.sent or mailed.told:
            for problem in run_checks(tags=["mail"], include_deployment_checks=True):
                self.stderr.write(f"Look at the links in these mails: {problem.msg} {problem.hint}")
        if failed:
            sys.exit(1)

    def name(self, asked: Outstanding, reminded: Reminded, mailed: Mailed, failed: dict[Person, str]) -> None:
        for person in reminded.sent:
            self.stdout.write(f"Reminded {person}: {things(len(asked[person]))} outstanding.")
        for person in reminded.unreachable:
            self.stdout.write(f"Not reminded: {person}; no e-mail address is known.")
        for person, count in mailed.told.items():
            self.stdout.write(f"Mailed {person}: {notices(count)}.")
        for person, failure in failed.items():
            self.stderr.write(f"Not mailed: {person}; {failure}. Run this again.")

    def rehearse(self, asked: Outstanding) -> None:
        _, unreachable, to_write_to = sorted_out(asked)
        for person in to_write_to:
            self.stdout.write(f"Would remind {person}: {things(len(asked[person]))} outstanding.")
        for person in unreachable:
            self.stdout.write(f"Would not remind {person}: no e-mail address is known.")
        for person in people_waiting():
            self.stdout.write(f"Would mail {person}: {notices(person.waiting)}.")


def things(count: int) -> str:
    return f"{count} thing{'s' * (count != 1)}"


def notices(count: int) -> str:
    return f"{count} notice{'s' * (count != 1)}"
