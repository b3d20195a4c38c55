from functools import partial

from django.contrib import admin

from priorities.admin import DoorForm, RowAdmin
from priorities.cells import parse_money
from priorities.fields import CellField

from .models import FinancialPosition
from .resources import FinancialPositionResource


class FinancialPositionForm(DoorForm):
    """Money as people write it: "£32.7m", "32,700,000" in pounds."""

    budget, forecast, ytd_profile, ytd_actual = (
        CellField(parse=partial(parse_money, scale=0), required=False, label=label, help_text="In pounds, or £32.7m.")
        for label in ("Year budget", "Forecast", "Profile to date", "Actual to date")
    )


@admin.register(FinancialPosition)
class FinancialPositionAdmin(RowAdmin):
    resource = FinancialPositionResource
    form = FinancialPositionForm
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
