"""Named as Django names them: no namespace."""

from django.contrib.auth import views as auth
from django.urls import path

from updates.typed import only_acts

from . import audit_views, staying, unsent
from .doors import SignInView, SignOutView, with_passwords
from .passwords_views import PasswordChange, PasswordReset, PasswordSet

urlpatterns = [
    path("sign-in/", SignInView.as_view(), name="login"),
    path("sign-out/", only_acts(SignOutView.as_view()), name="logout"),
    path("people/audit/", audit_views.audit, name="audit"),
    path("people/audit/download/", audit_views.download, name="audit_download"),
    path("typed/", unsent.unsent, name="unsent"),
    path("session/", staying.ends, name="session_ends"),
    path("session/stay/", staying.stay, name="session_stay"),
    path("password/", with_passwords(PasswordChange.as_view()), name="password_change"),
    path("password/done/", auth.PasswordChangeDoneView.as_view(), name="password_change_done"),
    path(
        "password/reset/",
        with_passwords(PasswordReset.as_view()),
        name="password_reset",
    ),
    path("password/reset/sent/", auth.PasswordResetDoneView.as_view(), name="password_reset_done"),
    path(
        "password/reset/<uidb64>/<token>/",
        with_passwords(PasswordSet.as_view()),
        name="password_reset_confirm",
    ),
    path("password/reset/done/", auth.PasswordResetCompleteView.as_view(), name="password_reset_complete"),
]
