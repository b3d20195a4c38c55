from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from priorities.admin import ReadOnly

from .models import ClosedReport, ProposedRevision, Publication, PublishedFile


@admin.register(ClosedReport)
class ClosedReportAdmin(ReadOnly):
    """What each quarter said whenever it was closed; never changed, never deleted."""

    not_exported = ("body",)  # written by the command report, as JSON
    list_display = ["quarter", "version", "closed_at", "closed_by", "reason"]
    list_filter = ["quarter"]
    search_fields = ["quarter__financial_year", "reason"]
    list_select_related = ["quarter", "closed_by"]


@admin.register(Publication)
class PublicationAdmin(ReadOnly):
    list_display = ["quarter", "version", "publish_at", "made_by", "cancelled_at"]
    list_filter = ["quarter"]
    list_select_related = ["quarter", "made_by"]
    search_fields = ["quarter__financial_year", "made_by__username"]


@admin.register(PublishedFile)
class PublishedFileAdmin(ReadOnly):
    """Without the bytes, which nobody reads here."""

    list_display = ["publication", "audience", "label", "size", "checksum"]
    list_filter = ["audience", "suffix"]
    search_fields = ["publication__quarter__financial_year", "checksum"]
    list_select_related = ["publication__quarter"]
    exclude = ["data"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("data")


@admin.register(ProposedRevision)
class ProposedRevisionAdmin(ReadOnly):
    list_display = ["update", "of", "value", "state", "proposed_by", "proposed_at"]
    list_filter = ["state", "update__quarter"]
    search_fields = ["update__priority__title", "proposed_by__username"]
    list_select_related = ["update__priority", "update__quarter", "proposed_by"]
