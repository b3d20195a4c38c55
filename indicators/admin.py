from django.contrib import admin

from priorities.admin import RowAdmin, TrackedAdmin

from .models import Background, Indicator, Reading
from .resources import BackgroundResource, IndicatorResource, ReadingResource


@admin.register(Indicator)
class IndicatorAdmin(TrackedAdmin):
    resource = IndicatorResource
    list_display = ["reference", "title", "priority", "unit", "polarity", "retired_from"]
    list_display_links = ["reference", "title"]
    list_filter = ["priority", "unit", "polarity"]
    search_fields = ["reference", "title"]
    list_select_related = ["priority"]
    autocomplete_fields = ["priority", "holder"]


@admin.register(Reading)
class ReadingAdmin(RowAdmin):
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
