from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from priorities.admin import AdministratorsOnly

from .models import Draft


@admin.register(Draft)
class DraftAdmin(AdministratorsOnly, admin.ModelAdmin):
    """What people have typed and not saved yet: to see that it is there, not to change it."""

    list_display = ["person", "update", "section", "saved_at"]
    list_filter = ["section", "update__quarter"]
    search_fields = ["person__username", "update__priority__title"]
    list_select_related = ["person", "update__quarter", "update__priority"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission
