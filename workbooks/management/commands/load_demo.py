from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from priorities.history import Source
from priorities.models import Assignment, AssignmentRole, Person, Plan, Priority, Quarter, Role
from workbooks.importing import apply_import, plan_import
from workbooks.reading import read_workbook

FOLDER = settings.BASE_DIR / "demo" / "q1-2022-23"
DEBUG_PASSWORD = "quarterly-demo"  # noqa: S105 - printed on the screen, and refused without DEBUG
LEADS = {
    "victims-lead": "Victims are better supported",
    "trust-lead": "Trust and confidence increases",
    "violence-lead": "Violence is prevented and reduced",
    "exploitation-lead": "People are protected from criminal exploitation and harm",
}
OTHERS = {"manager": Role.MANAGER, "administrator": Role.ADMINISTRATOR}


class Command(BaseCommand):
    help = "Load the reference quarter, Q1 2022/23, and the demo people into an empty database."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--password", default="", help="for all demo people; needed where DEBUG is off")
        parser.add_argument("--if-empty", action="store_true", help="do nothing where there is data already")

    def handle(self, *args: Any, password: str, if_empty: bool, **options: Any) -> None:
        if any(model.objects.exists() for model in (Plan, Quarter, Priority, Person)):
            if if_empty:
                self.stdout.write("The database has data already; it was left as it is.")
                if Person.objects.filter(username__in=LEADS).exists():
                    self.stdout.write(f"Sign in as {', '.join([*LEADS, *OTHERS])}, with the passwords given before.")
                return
            raise CommandError("Refused: the database has data already. The demo goes into an empty one only.")
        if not password and not settings.DEBUG:
            raise CommandError("Refused: without DEBUG, give the demo people a password with --password.")
        password = password or DEBUG_PASSWORD
        with transaction.atomic():
            sheets, _ = read_workbook(FOLDER)
            apply_import(plan_import(sheets, by=None), source=Source.COMMAND, note="the reference quarter")
            for username, title in LEADS.items():
                lead = Person.objects.create_user(username, password=password)
                priority = Priority.objects.get(title=title)
                Assignment.objects.create(priority=priority, person=lead, role=AssignmentRole.LEAD)
            for username, role in OTHERS.items():
                person = Person.objects.create_user(username, password=password)
                person.groups.add(Group.objects.get(name=role))
        self.stdout.write("The reference quarter, Q1 2022/23, is loaded.")
        self.stdout.write(f"Sign in as {', '.join([*LEADS, *OTHERS])}; password: {password}")
