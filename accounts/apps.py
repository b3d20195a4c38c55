from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.core import checks


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from .checks import sign_in_is_whole
        from .idle import begin

        checks.register(sign_in_is_whole)
        user_logged_in.connect(begin)  # a signal, as every way of signing in sends it, now and later
