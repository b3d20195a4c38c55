"""A new plan, where the next quarter is covered by none: its years, and the priorities that continue under it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django import forms
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from priorities.cells import parse_year
from priorities.door import Refused
from priorities.fields import CellField
from priorities.history import Source, recording
from priorities.models import PLAN_YEARS, Assignment, Person, Plan, Priority
from priorities.periods import Period, year_label
from priorities.writing import create_plan


def begin_plan(
    *,
    title: str,
    first_year: int,
    last_year: int,
    by: Person | None,
    source: Source,
    continuing: Iterable[Priority] = (),
    with_people: bool = True,
) -> Plan:
    """A plan with its quarters, and a new priority in it for each of those that continue; all of it or nothing.

    The new priorities have the old titles and addresses and, `with_people`, the old assignments that are not over;
    those of contributors to single rows stay, as the rows do. Nothing of an old quarter is touched.
    Raises Refused for years of another plan, and for people who aren't administrators.
    """
    continuing = list(continuing)
    refuse_overlap(first_year, last_year)
    try:
        with recording(by=by, source=source, note=f"New plan: {title}"[:200]):
            plan = create_plan(title=title, first_year=first_year, last_year=last_year, by=by, source=source)
            if continuing:
                plan.risk_scale = continuing[0].plan.risk_scale
                plan.save()
            new = {old.pk: Priority(plan=plan, title=old.title, slug=old.slug) for old in continuing}
            for position, priority in enumerate(new.values(), 1):
                priority.position = position
            Priority.objects.bulk_create(new.values())
            if with_people:
                Assignment.objects.bulk_create(people_for(new))
    except ValidationError as error:
        raise Refused(*error.messages) from error
    except IntegrityError as error:
        raise Refused("Somebody made a plan of these years at the same moment; load the page again.") from error
    return plan


def refuse_overlap(first_year: int, last_year: int) -> None:
    other = Plan.objects.filter(first_year__lte=last_year, last_year__gte=first_year).first()
    if other is not None:
        theirs = f"{year_label(other.first_year)} to {year_label(other.last_year)}"
        raise Refused(f"“{other}” has the years {theirs}; choose others, or change its years in the administration.")


def people_for(new: dict[int, Priority]) -> list[Assignment]:
    """The assignments of the old priorities, by their keys, for the new ones."""
    going_on = Assignment.objects.filter(priority__in=new).not_over().exclude(role="contributor", section="")
    names = ("person_id", "role", "section", "starts_on", "ends_on")
    return [
        Assignment(priority=new[old.priority_id], **{name: getattr(old, name) for name in names})
        for old in going_on.order_by("pk")
    ]


class NewPlanForm(forms.Form):
    title = forms.CharField(max_length=200, error_messages={"required": "Give the plan its title."})
    first_year = CellField(
        parse=parse_year,
        label="First financial year",
        help_text="Like 2026/27",
        error_messages={"required": "Give the first financial year."},
    )
    last_year = CellField(
        parse=parse_year,
        label="Last financial year",
        help_text="Like 2029/30",
        error_messages={"required": "Give the last financial year."},
    )
    continuing = forms.ModelMultipleChoiceField(
        Priority.objects.none(),
        label="Priorities that continue",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "That priority is not of the last plan; load the page again."},
    )
    with_people = forms.BooleanField(
        label="Their leads, deputies, contributors of sections and those who sign off go along", required=False
    )

    def __init__(self, period: Period, old: Plan | None, data: Any = None) -> None:
        priorities = old.priorities.select_related("plan") if old else Priority.objects.none()
        known = list(priorities)
        last = min([year - 1 for year in self.later_years(period)] + [period.year + PLAN_YEARS - 1])
        initial = {
            "first_year": year_label(period.year),
            "last_year": year_label(last),
            "continuing": [priority.pk for priority in known],
            "with_people": True,
        }
        super().__init__(data, initial=initial)
        self.period = period
        choices: Any = self.fields["continuing"]
        choices.queryset, choices.choices = priorities, [(priority.pk, str(priority)) for priority in known]
        if old is None:
            del self.fields["continuing"], self.fields["with_people"]
        self.helper = FormHelper()
        self.helper.attrs = {"novalidate": "", "class": "hand-over"}
        self.helper.add_input(Submit("make-plan", "Make the plan"))

    @staticmethod
    def later_years(period: Period) -> list[int]:
        return list(Plan.objects.filter(first_year__gt=period.year).values_list("first_year", flat=True)[:1])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("first_year"), cleaned.get("last_year")
        if first and last and first <= last and not first <= self.period.year <= last:
            self.add_error("first_year", f"These years don’t cover {self.period}; it is the next quarter to open.")
        return cleaned

    def make(self, *, by: Person) -> Plan:
        """Raises Refused."""
        given = self.cleaned_data
        return begin_plan(
            title=given["title"],
            first_year=given["first_year"],
            last_year=given["last_year"],
            continuing=given.get("continuing", ()),
            with_people=given.get("with_people", False),
            by=by,
            source=Source.FORM,
        )
