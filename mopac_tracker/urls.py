from django.contrib import admin
from django.urls import include, path, register_converter

from priorities.periods import PeriodConverter

from . import health
from .accessibility import statement
from .security_txt import security_txt

register_converter(PeriodConverter, "period")


handler400 = "mopac_tracker.unavailable.bad_request"
handler500 = "mopac_tracker.unavailable.server_error"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("", include("accounts.urls")),
    path("", include("accounts.provider_urls")),
    path("accessibility/", statement, name="accessibility"),
    path(".well-known/security.txt", security_txt, name="security_txt"),
    path("admin/", admin.site.urls),
    path("", include("updates.urls")),
    path("", include("workbooks.urls")),
    path("", include("reports.urls")),
]
