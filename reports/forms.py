"""The forms by which administrators close a quarter, reopen it, and give more time."""

from __future__ import annotations

from typing import Any

from django import forms

from priorities.cells import parse_date
from priorities.fields import CellField
from priorities.models import Person, QuarterlyUpdate
from updates.forms import MoveForm

from .closing import ClosingPlan


def last_day() -> CellField:
    return CellField(
        parse=parse_date,
        label="Until, that day included",
        help_text="Like 30/11/2022",
        error_messages={"required": "Give the last day on which it can be corrected."},
    )


class CloseForm(MoveForm):
    """Where all is approved, a button; else a reason, too."""

    name, button = "close", "Close the quarter"
    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    reason = forms.CharField(
        label="Why it is closed without that",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The report prints this, with the names of what was not approved.",
        max_length=1000,
    )

    def __init__(self, plan: ClosingPlan, data: Any = None) -> None:
        super().__init__(data)
        self.fields["seen"].initial = plan.seen
        if plan.unapproved:
            told = f"Say why {plan.quarter} is closed without the approval of {plan.unapproved_text}."
            self.fields["reason"].error_messages["required"] = told
        else:
            del self.fields["reason"]

    def show_again(self, plan: ClosingPlan) -> None:
        """After something has changed: what was typed stays, what was seen is what is seen now."""
        self.data = {**self.data.dict(), f"{self.name}-seen": plan.seen}  # type: ignore[attr-defined]


class PersonChoice(forms.ModelChoiceField):
    def __init__(self) -> None:
        super().__init__(
            Person.objects.filter(is_active=True).order_by("first_name", "last_name", "username"),
            label="For whom",
            empty_label="Choose a person",
            help_text="Nobody else, its lead neither, can edit what is reopened.",
            error_messages={
                "required": "Choose the person who corrects it.",
                "invalid_choice": "Choose somebody else.",
            },
        )


class ReopenForm(MoveForm):
    name, button = "reopen", "Reopen the quarter"
    for_ = PersonChoice()
    what = forms.MultipleChoiceField(
        label="What they may correct",
        widget=forms.CheckboxSelectMultiple,
        help_text="All that you don’t tick stays closed.",
        error_messages={"required": "Choose at least one priority, or the overview."},
    )
    until = last_day()
    reason = forms.CharField(
        label="Why it is reopened",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The next version prints this.",
        max_length=1000,
        error_messages={"required": "Say why it is reopened; the next version prints it."},
    )

    def __init__(self, updates: list[QuarterlyUpdate], data: Any = None) -> None:
        super().__init__(data)
        self.priorities = {str(update.priority_id): update.priority for update in updates}
        what: Any = self.fields["what"]
        what.choices = [*((key, p.title) for key, p in self.priorities.items()), ("overview", "The overview")]

    def asked(self) -> dict[str, Any]:
        """What reopen() is to do."""
        cleaned = self.cleaned_data
        return {
            "for_": cleaned["for_"],
            "until": cleaned["until"],
            "reason": cleaned["reason"],
            "priorities": [self.priorities[key] for key in cleaned["what"] if key in self.priorities],
            "overview": "overview" in cleaned["what"],
        }


class MoreTimeForm(MoveForm):
    name, button = "prolong", "Give more time"
    until = last_day()
