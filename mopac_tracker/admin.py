"""The admin site: open to administrators, in the product's words."""

from django.contrib.admin import AdminSite
from django.http import HttpRequest


class TrackerAdminSite(AdminSite):
    site_header = "Quarterly performance tracker: administration"
    site_title = "Tracker administration"
    index_title = "Set up and correct"

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and getattr(request.user, "is_administrator", False)
