from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.core import checks


class TrackerAdminConfig(AdminConfig):
    default_site = "mopac_tracker.admin.TrackerAdminSite"

    def ready(self) -> None:
        super().ready()
        from .checks import settings_can_be_read, site_url_is_secure

        checks.register(settings_can_be_read)
        checks.register(site_url_is_secure, "mail", deploy=True)


class TrackerConfig(AppConfig):
    """What runs the deployment: its commands. No models."""

    name = "mopac_tracker"
