"""Indicators that are not reported any more: retired from a quarter on, or replaced by another one. None is deleted.

Both are for quarters that have not been opened yet: what an open or a closed quarter reports is never taken out of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django import forms
from django.core.exceptions import ValidationError

from indicators.models import Indicator
from priorities.door import Refused
from priorities.fields import PlainDecimalField
from priorities.history import Source, recording
from priorities.models import Person, Quarter, QuarterStatus
from priorities.periods import Period

from .opening import newest_opened


def still_to_come(indicator: Indicator) -> list[Quarter]:
    """The quarters of its plan that have not been opened, in which it could end. One query."""
    own = list(indicator.priority.plan.quarters.in_order())
    newest = newest_opened(own)
    return [q for q in own if newest is None or q.period > newest.period]


@contextmanager
def changing(indicator: Indicator, period: Period | None, *, by: Person, note: str) -> Iterator[Indicator]:
    """The indicator as it is stored, held against an opening of this quarter and against others who change it."""
    if not by.is_administrator:
        raise Refused("Indicators are retired and replaced by administrators; ask one.")
    with recording(by=by, source=Source.FORM, note=note[:200]):
        if period is not None:
            list(Quarter.objects.at(period).select_for_update())  # before the indicator, as an opening does
        stored = Indicator.objects.select_for_update(of=("self",), no_key=True).select_related("priority__plan")
        found = stored.get(pk=indicator.pk)
        if period is not None:
            refuse_opened(found, period)
        if found.retired_from is not None and found.retired_from not in periods(still_to_come(found)):
            raise Refused(f"{found} was retired from {found.retired_from}, which is opened; it stays so.")
        yield found


def periods(quarters: list[Quarter]) -> list[Period]:
    return [quarter.period for quarter in quarters]


def refuse_opened(indicator: Indicator, period: Period) -> None:
    """Raises Refused unless the indicator can end with the quarter before this one."""
    to_come = periods(still_to_come(indicator))
    if period in to_come:
        return
    quarter = indicator.priority.plan.quarters.at(period).first()
    instead = f"retire it from {to_come[0]} on" if to_come else "its plan has no later quarter to retire it from"
    if quarter is None:
        raise Refused(f"{period} is no quarter of “{indicator.priority.plan}”; {instead}.")
    if quarter.status == QuarterStatus.OPEN:
        raise Refused(
            f"{period} is open and asks for it already. Where it has no value there, its lead says why with [z], "
            f"not applicable; {instead}."
        )
    raise Refused(f"{period} is not to come any more, and its report stays as it is; {instead}.")


def retire(indicator: Indicator, *, period: Period, by: Person) -> None:
    """Report it for the last time in the quarter before this one. Raises Refused for a quarter that was opened."""
    with changing(indicator, period, by=by, note=f"Retired from {period}: {indicator}") as stored:
        stored.retired_from = period
        stored.save()


def keep(indicator: Indicator, *, by: Person) -> None:
    """Take back a retirement that has not come yet. Raises Refused where another indicator takes its place then."""
    with changing(indicator, None, by=by, note=f"Not retired after all: {indicator}") as stored:
        if (new := stored.replaced_by.first()) is not None:
            raise Refused(f"{new} takes its place; delete that one in the administration first.")
        stored.retired_from = None
        stored.save()


def replace(indicator: Indicator, new: Indicator, *, period: Period, by: Person) -> Indicator:
    """Retire it from this quarter on and begin the new one there, in its place and with its holder.

    Each keeps its own series. Raises Refused as retire() does and where it is replaced already, ValidationError for
    what is wrong with the new one.
    """
    with changing(indicator, period, by=by, note=f"{indicator} replaced by {new}") as stored:
        if (other := stored.replaced_by.first()) is not None:
            raise Refused(f"{stored} is replaced by {other} already.")
        stored.retired_from = period
        stored.save()
        new.priority, new.position, new.holder_id = stored.priority, stored.position, stored.holder_id
        new.replaces = stored
        new.full_clean()
        new.save()
    return new


DECIMALS = "Decimals: write a whole number from 0 to 4."
TOLERANCE = "Tolerance: write a plain number like 2.5, or leave it empty."


class FromForm(forms.Form):
    """Chooses the first quarter that no longer reports the indicator."""

    period = forms.ChoiceField(
        label="From",
        help_text="The first quarter that no longer reports it.",
        error_messages={
            "required": "Choose the quarter.",
            "invalid_choice": "That quarter is not still to come; choose one that has not been opened.",
        },
    )

    def offer(self, quarters: list[Quarter], button: str) -> None:
        choices: Any = self.fields["period"]
        choices.choices = [(quarter.period.slug, str(quarter)) for quarter in quarters]
        self.helper = FormHelper()
        self.helper.attrs = {"novalidate": "", "class": "hand-over"}
        self.helper.add_input(Submit(str(self.prefix), button, css_class="btn-quiet"))

    def clean_period(self) -> Period:
        return Period.from_slug(self.cleaned_data["period"])


class RetireForm(FromForm):
    def __init__(self, quarters: list[Quarter], data: Any = None) -> None:
        super().__init__(data, prefix="retire")
        self.offer(quarters, "Retire it")


class ReplaceForm(FromForm, forms.ModelForm):
    class Meta:
        model = Indicator
        fields = ("reference", "title", "unit", "polarity", "decimals", "tolerance", "definition", "source")
        widgets = {"definition": forms.Textarea(attrs={"rows": 3})}
        field_classes = {"tolerance": PlainDecimalField}
        error_messages = {
            "title": {"required": "Give the new indicator its title."},
            "unit": {"required": "Choose the unit.", "invalid_choice": "Choose one of the units that are listed."},
            "polarity": {"required": "Choose which way is better.", "invalid_choice": "Choose which way is better."},
            "decimals": dict.fromkeys(("required", "invalid", "min_value"), DECIMALS),
            "tolerance": dict.fromkeys(("invalid", "max_digits", "max_decimal_places", "max_whole_digits"), TOLERANCE),
        }

    field_order = ("period",)

    def __init__(self, old: Indicator, quarters: list[Quarter], data: Any = None) -> None:
        self.old = old
        alike = {name: getattr(old, name) for name in ("unit", "polarity", "decimals", "tolerance", "source")}
        super().__init__(data, prefix="replace", initial=alike)
        self.fields["reference"].help_text = "As printed; another than the old one’s, since each names one series."
        self.offer(quarters, "Replace it")

    def clean_reference(self) -> str:
        reference = self.cleaned_data["reference"]
        self.refuse_taken("reference", reference, "reference")
        return reference

    def clean_title(self) -> str:
        title = self.cleaned_data["title"]
        self.refuse_taken("title", title, "title")
        return title

    def refuse_taken(self, name: str, value: str, word: str) -> None:
        taken = Indicator.objects.filter(priority=self.old.priority_id, **{name: value}).first() if value else None
        if taken is not None:
            raise ValidationError(f"{taken} has this {word} already, and keeps it for its series; give another.")
