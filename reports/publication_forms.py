"""The forms by which managers publish, cancel and answer, and others propose a revision."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from crispy_forms.layout import Fieldset, Layout
from django import forms
from django.utils import timezone

from priorities.cells import CellError, parse_date, shorten, tidy
from priorities.fields import CellField
from updates.forms import MoveForm

from .models import ProposedRevision
from .proposals import SAY_WHY_NOT, Choice
from .publishing import Prepared, why_not_at


def parse_time(text: str) -> dt.time:
    """A time of the day: "09:30", "9.30", "9:30". Raises CellError."""
    match = re.fullmatch(r"([01]?[0-9]|2[0-3])[:.]([0-5][0-9])", tidy(text))
    if not match:
        raise CellError(f"“{shorten(text)}” is not a time; write it like 09:30.")
    return dt.time(int(match[1]), int(match[2]))


class PublishForm(MoveForm):
    """A text for every difference, a tick for every small count, and when it is published."""

    name, button = "publish", "Publish"
    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    when = forms.ChoiceField(
        label="When",
        choices=[("now", "Now"), ("later", "From a set time on")],
        widget=forms.RadioSelect,
        initial="now",
        error_messages={"required": "Choose when it is published.", "invalid_choice": "Choose now, or a set time."},
    )
    day = CellField(parse=parse_date, label="Day, for a set time", required=False, help_text="Like 30/11/2022")
    time = CellField(parse=parse_time, label="Time, in London", required=False, help_text="Like 09:30")

    def __init__(self, prepared: Prepared, data: Any = None) -> None:
        super().__init__(data)
        self.prepared = prepared
        self.fields["seen"].initial = prepared.seen
        self.explained = {f"why-{found.mark}": found for found in prepared.findings}
        self.ticked = {f"agreed-{small.mark}": small for small in prepared.small}
        for name, found in self.explained.items():
            self.fields[name] = explanation(found.told)
        for name, small in self.ticked.items():
            told = f"Tick that {small.told} may be published, or reopen the quarter and withhold it: [c]."
            label = f"{small.told} may be published: nobody can be recognised by it"
            self.fields[name] = forms.BooleanField(label=label, error_messages={"required": told})
        corrects = ["corrects"] if prepared.version > 1 else []
        if corrects:
            self.fields["corrects"] = why_corrected(prepared.reasons)
        self.helper.layout = Layout("seen", *self.groups(), Fieldset("Publish", *corrects, "when", "day", "time"))
        self.helper.inputs[0].field_classes = "btn"

    def groups(self) -> list[Fieldset]:
        """The differences by their kind, then the small counts."""
        kinds: dict[str, list[str]] = {}
        for name, found in self.explained.items():
            kinds.setdefault(found.kind, []).append(name)
        if self.ticked:
            kinds["Small counts, from 1 to 4, that the public would read"] = list(self.ticked)
        return [Fieldset(kind, *names) for kind, names in kinds.items()]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        day, time, fine = cleaned.get("day"), cleaned.get("time"), not {"day", "time"} & set(self.errors)
        if cleaned.get("when") == "later":
            for name, told in (("day", "Give the day."), ("time", "Give the time.")):
                if name not in self.errors and cleaned.get(name) is None:
                    self.add_error(name, told)
            if day and time:
                self.set_time(day, time)
        elif cleaned.get("when") == "now" and fine and (day or time):
            self.add_error("when", "A day or a time is given: choose the set time, or empty them to publish now.")
        return cleaned

    def set_time(self, day: dt.date, time: dt.time) -> None:
        """What that is in London; an error where clocks never show it, or where it is too early or too late."""
        told = dt.datetime.combine(day, time)
        at = timezone.make_aware(told)
        there = at.astimezone(dt.UTC).astimezone(at.tzinfo).replace(tzinfo=None) == told
        problems = why_not_at(at, timezone.now()) if there else ["The clocks go forward then; give an hour later."]
        if problems:
            self.add_error("time", problems)
        self.at = at

    def asked(self) -> dict[str, Any]:
        """What publish() is to do."""
        cleaned = self.cleaned_data
        return {
            "at": self.at if cleaned["when"] == "later" else None,
            "seen": cleaned["seen"],
            "corrects": cleaned.get("corrects", ""),
            "explanations": {found.mark: cleaned[name] for name, found in self.explained.items()},
            "agreed": [small.mark for name, small in self.ticked.items() if cleaned[name]],
        }

    def show_again(self) -> None:
        """After something has changed: what was typed stays, what was seen is what is seen now."""
        if self.is_bound:
            self.data = {**self.data.dict(), f"{self.name}-seen": self.prepared.seen}  # type: ignore[attr-defined]


def why_corrected(reasons: str) -> forms.CharField:
    return forms.CharField(
        label="Why it is corrected, for all to read",
        help_text=f"The public version says this. Inside it says: {reasons}",
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=500,
        error_messages={"required": "Say why it is corrected, in words that everybody may read."},
    )


def explanation(told: str) -> forms.CharField:
    return forms.CharField(
        label=told,
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=1000,
        error_messages={"required": f"Explain this, or mend it: {told}"},
    )


class CancelForm(MoveForm):
    name, button = "cancel", "Cancel the publication"
    publication = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label="Why it is cancelled",
        max_length=500,
        error_messages={"required": "Say why it is cancelled; those who were told of it are told that, too."},
    )

    def __init__(self, publication: int | None, data: Any = None) -> None:
        super().__init__(data)
        self.fields["publication"].initial = publication


class ProposeForm(MoveForm):
    name, button = "propose", "Propose it"
    figure = forms.ChoiceField(
        label="Figure",
        error_messages={"required": "Choose the figure.", "invalid_choice": "Choose a figure that you fill in."},
    )
    value = forms.CharField(
        label="What it should be",
        max_length=200,
        help_text="As on the entry page: 27%, 4,127, £32.7m, G, up, Q3, or [x] where there is none",
        error_messages={"required": "Give the figure."},
    )
    reason = forms.CharField(
        label="Why",
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=500,
        error_messages={"required": "Say why the figure is another one."},
    )
    source = forms.CharField(
        label="Where the value comes from",
        max_length=300,
        help_text="Like: the supplier’s return of 12 October",
        error_messages={"required": "Say where the value comes from."},
    )

    def __init__(self, choices: list[Choice], data: Any = None) -> None:
        super().__init__(data)
        groups: dict[str, list[tuple[str, str]]] = {}
        for choice in choices:
            groups.setdefault(choice.group.capitalize(), []).append((choice.mark, choice.label))
        figure: Any = self.fields["figure"]
        figure.choices = [("", "Choose a figure"), *groups.items()]


class AnswerForm(MoveForm):
    """The proposals that are ticked are taken up, or declined with a reason."""

    name, button = "answer", "Take up what is ticked"
    proposals = forms.MultipleChoiceField(
        label="Proposed revisions",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Tick at least one.", "invalid_choice": "Somebody has answered one meanwhile."},
    )
    reason = forms.CharField(label="To decline: why", max_length=500, error_messages={"required": SAY_WHY_NOT})

    def __init__(self, offered: list[ProposedRevision], data: Any = None, *, declines: bool = False) -> None:
        super().__init__(data)
        self.fields["reason"].required = declines
        proposals: Any = self.fields["proposals"]
        proposals.choices = [(str(each.pk), f"{each.update.priority}: {each.of}, {each.value}") for each in offered]

    @property
    def ticked(self) -> list[str]:
        return self["proposals"].value() or []
