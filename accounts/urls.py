"""Named as Django names them: no namespace."""

from django.conf import settings
from django.contrib.auth import views as auth
from django.urls import path

from . import audit_views, staying
from .forms import PasswordChangeForm, PasswordResetForm, SetPasswordForm
from .signing_in import SignInView, SignOutView

urlpatterns = [
    path("sign-in/", SignInView.as_view(), name="login"),
    path("sign-out/", SignOutView.as_view(), name="logout"),
    path("people/audit/", audit_views.audit, name="audit"),
    path("people/audit/download/", audit_views.download, name="audit_download"),
    path("session/", staying.ends, name="session_ends"),
    path("session/stay/", staying.stay, name="session_stay"),
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
]
