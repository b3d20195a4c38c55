"""The admin site: open to administrators, signed in to like the rest of the product."""

from functools import update_wrapper
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path


class TrackerAdminSite(AdminSite):
    site_header = "Quarterly performance tracker: administration"
    site_title = "Tracker administration"
    index_title = "Set up and correct"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and getattr(request.user, "is_administrator", False)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        return redirect_to_login(request.GET.get("next", "/admin/"))

    def get_urls(self) -> list[Any]:
        from .test_mail import test_mail  # which needs the site

        return [path("test-mail/", self.admin_view(test_mail), name="test_mail"), *super().get_urls()]

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        inner = super().admin_view(view, cacheable)

        def refusing(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.is_authenticated and not self.has_permission(request):
                raise PermissionDenied(
                    "The administration is for administrators. Ask one if you need something changed."
                )
            if not all(key.isdecimal() and len(key) < 19 for key in request.POST.getlist("_selected_action")):
                raise BadRequest("Rows are chosen by their numbers.")  # Django's own actions end in an error instead
            try:
                return inner(request, *args, **kwargs)
            except IncorrectLookupParameters:  # an address made up, which Django's lists answer so, and exports not
                return redirect(request.path)

        return update_wrapper(refusing, inner)
