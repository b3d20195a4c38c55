"""The forms by which a lead hands over parts of an update, and who holds what of it now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django import forms

from goals.models import Goal
from indicators.models import Indicator
from priorities.cells import parse_date, shorten
from priorities.fields import CellField
from priorities.models import Assignment, AssignmentRole, Person, QuarterlyUpdate, Section
from risks.models import Risk

from .progress import rows_by_section


@dataclass(frozen=True, slots=True)
class Holdings:
    """Who has to do with an update: its leads, deputies and contributors, now or soon."""

    leads: list[Assignment]
    deputies: list[Assignment]
    contributors: list[Assignment]

    @property
    def all(self) -> list[Assignment]:
        return [*self.leads, *self.deputies, *self.contributors]


def people_of(update: QuarterlyUpdate) -> Holdings:
    found = list(Assignment.objects.filter(priority=update.priority_id).not_over().select_related("person", "priority"))
    return Holdings(*([a for a in found if a.role == role] for role in AssignmentRole))


class HandOverForm(forms.Form):
    """Each of the page's forms chooses a person."""

    button = ""
    to = forms.ModelChoiceField(
        Person.objects.filter(is_active=True).order_by("first_name", "last_name", "username"),
        label="Person",
        empty_label="Choose a person",
        error_messages={"required": "Choose a person.", "invalid_choice": "That person can't sign in; choose another."},
    )

    def __init__(self, *, update: QuarterlyUpdate, data: Any = None) -> None:
        super().__init__(data, prefix=type(self).__name__.removesuffix("Form").lower())
        self.prepare(update)
        self.helper = FormHelper()
        self.helper.attrs = {"novalidate": "", "class": "hand-over"}
        self.helper.add_input(Submit("", self.button, css_class="btn-quiet"))

    def prepare(self, update: QuarterlyUpdate) -> None:
        pass


class SectionForm(HandOverForm):
    button = "Give this section"
    section = forms.ChoiceField(
        choices=[("", "Choose a section"), *Section.choices], error_messages={"required": "Choose a section."}
    )


class DeputyForm(HandOverForm):
    button = "Name as deputy"
    starts_on = CellField(parse=parse_date, label="From", required=False, help_text="Like 30/09/2022; empty: now.")
    ends_on = CellField(parse=parse_date, label="Until", required=False, help_text="Empty: until you take it back.")


class RowsForm(HandOverForm):
    button = "Give these rows"
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

    def clean_rows(self) -> list[Indicator | Risk | Goal]:
        return [getattr(self.subjects[key], key.partition("-")[0]) for key in self.cleaned_data["rows"]]


def told(row: Any) -> str:
    """A row in one line, with who holds it."""
    if hasattr(row, "risk"):
        name = f"{row.risk.get_kind_display()} {row.position}: {shorten(row.description, 80)}"
    else:
        name = shorten(getattr(row, "indicator", None) or f"Goal {row.goal}", 90)
    return f"{name} (held by {row.holder})" if row.holder_id else name
