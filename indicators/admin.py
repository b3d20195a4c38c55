from typing import Any

from django import forms
from django.contrib import admin

from priorities.admin import DoorForm, FixedOnceUsed, RowAdmin, TrackedAdmin
from priorities.cells import CellError, parse_measure, plain

from .models import Background, Indicator, Reading
from .resources import BackgroundResource, IndicatorResource, ReadingResource


@admin.register(Indicator)
class IndicatorAdmin(FixedOnceUsed, TrackedAdmin):
    fixed = ("priority", "unit")
    resource = IndicatorResource
    list_display = ["reference", "title", "priority", "unit", "polarity", "retired_from"]
    list_display_links = ["reference", "title"]
    list_filter = ["priority", "unit", "polarity"]
    search_fields = ["reference", "title"]
    list_select_related = ["priority__plan"]
    autocomplete_fields = ["priority", "holder"]


class ReadingForm(DoorForm):
    """Figures as people write them, "27%" or "[x]", read by the parser of the spreadsheets."""

    target = forms.CharField(required=False)
    value = forms.CharField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("target", "value"):
            stored = getattr(self.instance, name)
            self.initial[name] = "" if stored is None else str(plain(stored))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        indicator = self.instance.indicator if self.instance.pk else cleaned.get("indicator")
        for name, missing, basis in (("target", "target_missing", "target_basis"), ("value", "missing", "basis")):
            text, cleaned[name] = cleaned.get(name), None
            if not text or indicator is None:
                continue
            try:
                measure = parse_measure(text, indicator.unit)
            except CellError as error:
                self.add_error(name, str(error))
                continue
            cleaned[name] = measure.value
            cleaned[missing] = measure.missing or cleaned.get(missing)
            cleaned[basis] = measure.basis or cleaned.get(basis)
        return cleaned


@admin.register(Reading)
class ReadingAdmin(RowAdmin):
    form = ReadingForm
    resource = ReadingResource
    fields = [
        "update",
        "indicator",
        ("value", "missing", "basis", "as_at"),
        "note",
        ("target", "target_missing", "target_basis"),
        "target_note",
        "confidence",
        "reason",
        "confirmed",
        "base_version",
    ]
    list_display = ["indicator", "quarter", "priority", "target", "value", "basis", "confidence"]
    search_fields = ["indicator__title", "indicator__reference"]
    list_select_related = ["indicator", "update__quarter", "update__priority"]
    autocomplete_fields = ["update", "indicator"]
    row_is_fixed_by = ("update", "indicator")


@admin.register(Background)
class BackgroundAdmin(TrackedAdmin):
    resource = BackgroundResource
    list_display = ["indicator", "quarter", "value", "basis", "source"]
    list_filter = ["basis", "indicator__priority"]
    search_fields = ["indicator__title", "source"]
    list_select_related = ["indicator"]
    autocomplete_fields = ["indicator"]
