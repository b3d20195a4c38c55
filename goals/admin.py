from django.contrib import admin

from priorities.admin import FixedOnceUsed, RowAdmin, TrackedAdmin

from .models import Goal, GoalForecast
from .resources import GoalForecastResource, GoalResource


@admin.register(Goal)
class GoalAdmin(FixedOnceUsed, TrackedAdmin):
    fixed = ("priority", "financial_year")
    resource = GoalResource
    list_display = ["number", "title", "priority", "financial_year", "baseline"]
    list_display_links = ["number", "title"]
    list_filter = ["financial_year", "priority"]
    search_fields = ["title"]
    list_select_related = ["priority__plan"]
    autocomplete_fields = ["priority", "carried_from", "holder"]


@admin.register(GoalForecast)
class GoalForecastAdmin(RowAdmin):
    resource = GoalForecastResource
    fields = ["update", "goal", ("forecast", "confidence"), "comment", "confirmed", "base_version"]
    list_display = ["goal", "quarter", "priority", "forecast", "confidence"]
    search_fields = ["goal__title", "comment"]
    list_select_related = ["goal", "update__quarter", "update__priority"]
    autocomplete_fields = ["update", "goal"]
    row_is_fixed_by = ("update", "goal")
