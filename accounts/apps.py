from django.apps import AppConfig
from django.core import checks


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from .checks import sign_in_is_whole

        checks.register(sign_in_is_whole)
