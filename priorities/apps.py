from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PrioritiesConfig(AppConfig):
    name = "priorities"

    def ready(self) -> None:
        post_migrate.connect(supply_roles_and_definitions, sender=self)


def supply_roles_and_definitions(sender: AppConfig, using: str, apps: Any = None, **kwargs: Any) -> None:
    """After every migrate and flush: the groups of people.Role and the supplied definitions, where they are missing."""
    if apps and "definition" not in apps.all_models["priorities"]:  # migrated back to before there was any
        return
    from django.contrib.auth.models import Group

    from .models import Definition, Role

    for role in Role:
        Group.objects.using(using).get_or_create(name=role.value)
    Definition.objects.using(using).supply_defaults()
