from django.contrib import admin

from priorities.admin import ReadOnly, SheetAdmin

from .models import ImportFile, ImportRecord
from .records import keep

SheetAdmin.keep = staticmethod(keep)


@admin.register(ImportRecord)
class ImportRecordAdmin(ReadOnly):
    """What was uploaded and imported, by whom; done and undone on the pages of imports."""

    list_display = ["name", "person", "state", "in_words", "made_at", "undone_at"]
    list_filter = ["state", "made_at"]
    search_fields = ["name", "person__username", "sha256"]
    list_select_related = ["person"]


@admin.register(ImportFile)
class ImportFileAdmin(ReadOnly):
    list_display = ["record"]
    list_filter = ["record__state"]
    search_fields = ["record__name"]
    list_select_related = ["record"]

    def get_queryset(self, request):  # type: ignore[no-untyped-def]
        return super().get_queryset(request).defer("data", "preview")
