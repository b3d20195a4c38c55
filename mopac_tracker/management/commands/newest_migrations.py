from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.loader import MigrationLoader


class Command(BaseCommand):
    """Kept before an upgrade, so that its migrations can be undone: `migrate APP NAME` for each line."""

    help = "Print each app and its newest applied migration, one a line, as `manage.py migrate` takes them."

    def handle(self, *args: Any, **options: Any) -> None:
        loader = MigrationLoader(connection)
        applied = set(loader.applied_migrations)
        for app, name in sorted(applied & set(loader.graph.nodes)):
            children = loader.graph.node_map[app, name].children
            if not any(child.key[0] == app and child.key in applied for child in children):
                self.stdout.write(f"{app} {name}")
