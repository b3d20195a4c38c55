"""Who a request comes from."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db.models import Exists, OuterRef, QuerySet, Subquery, Sum, Value

from .history import ChangeSet
from .models import Assignment, Person, Quarter, QuarterlyUpdate, Role

STATE = ("sum_of_updates", "sum_of_quarters", "sum_of_changes")
NEWEST = 100  # change sets looked at: more than are made while one of them waits for its commit


class WithRoles(ModelBackend):
    """Sign-in by name and password, as Django's.

    Each request loads in one query the person, their roles, whether they were ever assigned to anything, and `as_of`:
    the state of the data, which is another as soon as anything that a report shows has changed. It is the sums of the
    versions of all updates and quarters, which every write of figures raises in its own transaction, and of the newest
    change sets, which every other change makes.
    """

    def get_user(self, user_id: int) -> Person | None:
        person = people().filter(pk=user_id).first()
        if person is None or not self.user_can_authenticate(person):
            return None
        person.roles = frozenset(role.value for role in Role if getattr(person, f"in_{role.name}"))
        if not person.was_assigned:
            person.current_assignments = ()
        person.as_of = tuple(getattr(person, name) for name in STATE)
        return person


@cache
def people() -> Any:
    """Put together once: that takes three times as long as the query."""
    groups = Person.groups.through.objects.filter(person=OuterRef("pk"))
    in_role = {f"in_{role.name}": Exists(groups.filter(group__name=role.value)) for role in Role}
    was_assigned = Exists(Assignment.objects.filter(person=OuterRef("pk")))
    newest = ChangeSet.objects.filter(pk__in=ChangeSet.objects.order_by("-pk").values("pk")[:NEWEST])
    totals = (
        total(QuarterlyUpdate.objects.all(), "version"),
        total(Quarter.objects.all(), "version"),
        total(newest, "pk"),
    )
    return Person.objects.annotate(**in_role, was_assigned=was_assigned, **dict(zip(STATE, totals, strict=True)))


def total(rows: QuerySet[Any], column: str) -> Subquery:
    return Subquery(rows.order_by().values(one=Value(1)).annotate(total=Sum(column)).values("total"))
