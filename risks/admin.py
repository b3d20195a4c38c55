from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from priorities.admin import FixedOnceUsed, RowAdmin, TrackedAdmin

from .models import Assessment, Risk
from .resources import AssessmentResource, IssueAssessmentResource, IssueResource, RiskResource


@admin.register(Risk)
class RiskAdmin(FixedOnceUsed, TrackedAdmin):
    fixed = ("priority", "kind")
    resource = RiskResource
    resources = (RiskResource, IssueResource)
    list_display = ["text", "priority", "kind", "owner", "closed_from"]
    list_filter = ["kind", "priority"]
    search_fields = ["assessments__description", "owner"]
    list_select_related = ["priority__plan"]
    autocomplete_fields = ["priority", "raised_from", "holder"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Risk]:
        return super().get_queryset(request).with_text()

    @admin.display(description="newest wording")
    def text(self, risk: Risk) -> str:
        return risk.latest_description or str(risk)  # type: ignore[attr-defined]


@admin.register(Assessment)
class AssessmentAdmin(RowAdmin):
    resource = AssessmentResource
    resources = (AssessmentResource, IssueAssessmentResource)
    fields = [
        "update",
        "risk",
        "position",
        "description",
        ("level", "trend"),
        "explanation",
        ("is_top", "is_internal"),
        "confirmed",
        "base_version",
    ]
    list_display = ["description", "quarter", "priority", "kind", "position", "level", "trend"]
    list_filter = [*RowAdmin.list_filter, "risk__kind", "level"]
    search_fields = ["description", "explanation"]
    list_select_related = ["risk__priority", "update__quarter", "update__priority"]
    autocomplete_fields = ["update", "risk"]
    row_is_fixed_by = ("update", "risk")

    @admin.display(ordering="risk__kind")
    def kind(self, row: Assessment) -> str:
        return row.risk.get_kind_display()
