"""The forms by which a lead hands over parts of an update, and who holds what of it now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django import forms
from django.utils import timezone

from goals.models import Goal
from indicators.models import Indicator
from priorities.cells import parse_date, shorten
from priorities.fields import CellField
from priorities.models import Assignment, AssignmentRole, Person, Priority, QuarterlyUpdate, Section
from risks.models import Risk

from .handing import give_rows, give_section, name_deputy
from .progress import rows_by_section


@dataclass(frozen=True, slots=True)
class Holdings:
    """Who has to do with an update: its leads, deputies and contributors, now or soon."""

    leads: list[Assignment]
    deputies: list[Assignment]
    contributors: list[Assignment]
    signatories: list[Assignment]

    @property
    def all(self) -> list[Assignment]:
        return [*self.leads, *self.deputies, *self.contributors, *self.signatories]


def people_of(update: QuarterlyUpdate) -> Holdings:
    found = list(Assignment.objects.filter(priority=update.priority_id).not_over().select_related("person", "priority"))
    return Holdings(*([a for a in found if a.role == role] for role in AssignmentRole))


class HandOverForm(forms.Form):
    """Each of the page's forms chooses a person."""

    name: ClassVar[str]
    button: ClassVar[str]
    to = forms.ModelChoiceField(
        Person.objects.filter(is_active=True).order_by("first_name", "last_name", "username"),
        label="Person",
        empty_label="Choose a person",
        error_messages={"required": "Choose a person.", "invalid_choice": "That person can't sign in; choose another."},
    )

    def __init__(self, *, update: QuarterlyUpdate, data: Any = None) -> None:
        super().__init__(data, prefix=self.name)
        self.prepare(update)
        self.helper = FormHelper()
        self.helper.attrs = {"novalidate": "", "class": "hand-over"}
        self.helper.add_input(Submit("", self.button, css_class="btn-quiet"))

    def prepare(self, update: QuarterlyUpdate) -> None:
        """Fit the fields to the update."""

    def hand_over(self, priority: Priority, *, by: Person) -> str:
        """Do it, and say what was done. Raises Refused."""
        raise NotImplementedError


class SectionForm(HandOverForm):
    name, button = "section", "Give this section"
    section = forms.ChoiceField(
        choices=[("", "Choose a section"), *Section.choices], error_messages={"required": "Choose a section."}
    )

    def hand_over(self, priority: Priority, *, by: Person) -> str:
        to, section = self.cleaned_data["to"], Section(self.cleaned_data["section"])
        give_section(priority=priority, section=section, to=to, by=by)
        return f"{to} now fills in {section.label.lower()}."


class DeputyForm(HandOverForm):
    name, button = "deputy", "Name as deputy"
    starts_on = CellField(parse=parse_date, label="From", required=False, help_text="Like 30/09/2022; empty: now.")
    ends_on = CellField(parse=parse_date, label="Until", required=False, help_text="Empty: until you take it back.")

    def hand_over(self, priority: Priority, *, by: Person) -> str:
        to, dates = self.cleaned_data["to"], {name: self.cleaned_data[name] for name in ("starts_on", "ends_on")}
        name_deputy(priority=priority, to=to, by=by, **dates)
        if dates["starts_on"] and dates["starts_on"] > timezone.localdate():
            return f"{to} is a deputy from {dates['starts_on']:%-d %B %Y} on."
        return f"{to} is a deputy now, with all that you may do here."


class RowsForm(HandOverForm):
    name, button = "rows", "Give these rows"
    rows = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple, error_messages={"required": "Tick the rows to give."}
    )

    def prepare(self, update: QuarterlyUpdate) -> None:
        to: Any = self.fields["to"]
        to.required, to.empty_label = False, "Nobody in particular"
        self.subjects: dict[str, Any] = {}
        rows = rows_by_section([update])
        for section, name in ((Section.INDICATORS, "indicator"), (Section.RISKS, "risk"), (Section.GOALS, "goal")):
            for row in rows[section][update.pk]:
                self.subjects[f"{name}-{getattr(row, name).pk}"] = row
        choices: Any = self.fields["rows"]
        choices.choices = [(key, told(row)) for key, row in self.subjects.items()]

    def hand_over(self, priority: Priority, *, by: Person) -> str:
        to = self.cleaned_data["to"]
        count = give_rows(priority=priority, rows=self.cleaned_data["rows"], to=to, by=by)
        return f"{count} row{'s are' if count != 1 else ' is'} now held by {to or 'nobody in particular'}."

    def clean_rows(self) -> list[Indicator | Risk | Goal]:
        return [getattr(self.subjects[key], key.partition("-")[0]) for key in self.cleaned_data["rows"]]


def told(row: Any) -> str:
    """A row in one line, with who holds it."""
    if hasattr(row, "risk"):
        name = f"{row.risk.get_kind_display()} {row.position}: {shorten(row.description, 80)}"
    else:
        name = shorten(getattr(row, "indicator", None) or f"Goal {row.goal}", 90)
    return f"{name} (held by {row.holder})" if row.holder_id else name
