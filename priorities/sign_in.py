"""Who a request comes from."""

from __future__ import annotations

from django.contrib.auth.backends import ModelBackend
from django.db.models import Exists, OuterRef

from .models import Person, Role


class WithRoles(ModelBackend):
    """Sign-in by name and password, as Django's; each request loads the person and their roles in one query."""

    def get_user(self, user_id: int) -> Person | None:
        groups = Person.groups.through.objects.filter(person=OuterRef("pk"))
        in_role = {f"in_{role.name}": Exists(groups.filter(group__name=role.value)) for role in Role}
        person = Person.objects.filter(pk=user_id).annotate(**in_role).first()
        if person is None or not self.user_can_authenticate(person):
            return None
        person.roles = frozenset(role.value for role in Role if getattr(person, f"in_{role.name}"))
        return person
