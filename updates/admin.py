from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from priorities.admin import AdministratorsOnly

from .models import Draft, Explanation


class ReadOnly(AdministratorsOnly, admin.ModelAdmin):
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


@admin.register(Draft)
class DraftAdmin(ReadOnly):
    """What people have typed and not saved yet: to see that it is there, not to change it."""

    list_display = ["person", "update", "section", "saved_at"]
    list_filter = ["section", "update__quarter"]
    search_fields = ["person__username", "update__priority__title"]
    list_select_related = ["person", "update__quarter", "update__priority"]


@admin.register(Explanation)
class ExplanationAdmin(ReadOnly):
    """How leads answered the warnings of the checks; they belong to what was submitted."""

    list_display = ["update", "told", "text", "confirmed"]
    list_filter = ["update__quarter"]
    search_fields = ["told", "text", "update__priority__title"]
    list_select_related = ["update__quarter", "update__priority"]
