from django.contrib import admin

from priorities.admin import ReadOnly

from .models import Try


@admin.register(Try)
class TryAdmin(ReadOnly):
    """How many tries count at the moment; of whom can't be read from it."""

    list_display = ["at", "door"]
    list_filter = ["door"]
    search_fields = ["door"]
