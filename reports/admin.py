from django.contrib import admin

from priorities.admin import ReadOnly

from .models import ClosedReport


@admin.register(ClosedReport)
class ClosedReportAdmin(ReadOnly):
    """What each quarter said whenever it was closed; never changed, never deleted."""

    not_exported = ("body",)  # written by the command report, as JSON
    list_display = ["quarter", "version", "closed_at", "closed_by", "reason"]
    list_filter = ["quarter"]
    search_fields = ["quarter__financial_year", "reason"]
    list_select_related = ["quarter", "closed_by"]
