"""Single sign-on and second factors. None of django-allauth's own addresses is mounted: it is used as a library."""

from django.urls import path

from . import factor_views, provider_views

urlpatterns = [
    path("sign-in/provider/", provider_views.leave, name="provider"),
    path("sign-in/provider/back/", provider_views.back, name="provider_back"),
    path("sign-in/code/", factor_views.code, name="sign_in_code"),
    path("sign-in/once/<uidb64>/<token>/", provider_views.once, name="sign_in_once"),
    path("signed-out/", provider_views.signed_out, name="signed_out"),
    path("second-factor/", factor_views.state, name="second_factor"),
    path("second-factor/add/", factor_views.add, name="second_factor_add"),
    path("second-factor/codes/", factor_views.codes, name="second_factor_codes"),
    path("second-factor/codes/file/", factor_views.codes_file, name="second_factor_file"),
    path("second-factor/remove/", factor_views.remove, name="second_factor_remove"),
    path("people/<int:pk>/sign-in/", factor_views.of_person, name="person_sign_in"),
]
