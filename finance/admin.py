from django.contrib import admin

from priorities.admin import RowAdmin

from .models import FinancialPosition
from .resources import FinancialPositionResource


@admin.register(FinancialPosition)
class FinancialPositionAdmin(RowAdmin):
    resource = FinancialPositionResource
    fields = [
        "update",
        "period",
        ("budget", "forecast"),
        ("ytd_profile", "ytd_actual"),
        "confirmed",
        "base_version",
    ]
    list_display = ["priority", "quarter", "period", "budget", "forecast", "ytd_profile", "ytd_actual"]
    search_fields = ["update__priority__title"]
    row_is_fixed_by = ("update", "period")
