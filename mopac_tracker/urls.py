from django.conf import settings
from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path, register_converter

from priorities.periods import PeriodConverter
from updates.typed import SignInView

from . import health
from .forms import PasswordChangeForm, PasswordResetForm, SetPasswordForm, SignInForm

register_converter(PeriodConverter, "period")


handler500 = "mopac_tracker.unavailable.server_error"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path(
        "sign-in/",
        SignInView.as_view(authentication_form=SignInForm, redirect_authenticated_user=True),
        name="login",
    ),
    path("sign-out/", auth.LogoutView.as_view(), name="logout"),
    path("password/", auth.PasswordChangeView.as_view(form_class=PasswordChangeForm), name="password_change"),
    path("password/done/", auth.PasswordChangeDoneView.as_view(), name="password_change_done"),
    path(
        "password/reset/",
        auth.PasswordResetView.as_view(form_class=PasswordResetForm, extra_email_context={"site": settings.SITE_URL}),
        name="password_reset",
    ),
    path("password/reset/sent/", auth.PasswordResetDoneView.as_view(), name="password_reset_done"),
    path(
        "password/reset/<uidb64>/<token>/",
        auth.PasswordResetConfirmView.as_view(form_class=SetPasswordForm),
        name="password_reset_confirm",
    ),
    path("password/reset/done/", auth.PasswordResetCompleteView.as_view(), name="password_reset_complete"),
    path("admin/", admin.site.urls),
    path("", include("updates.urls")),
    path("", include("workbooks.urls")),
    path("", include("reports.urls")),
]
