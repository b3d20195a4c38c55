from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, register_converter

from priorities.periods import PeriodConverter

register_converter(PeriodConverter, "period")


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("", include("accounts.urls")),
    path("", include("accounts.provider_urls")),
    path("admin/", admin.site.urls),
    path("", include("updates.urls")),
    path("", include("workbooks.urls")),
    path("", include("reports.urls")),
]
