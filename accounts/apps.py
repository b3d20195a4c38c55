from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from .idle import begin

        user_logged_in.connect(begin)  # a signal, as every way of signing in sends it, now and later
