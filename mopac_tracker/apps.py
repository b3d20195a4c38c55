from django.contrib.admin.apps import AdminConfig
from django.core import checks


class TrackerAdminConfig(AdminConfig):
    default_site = "mopac_tracker.admin.TrackerAdminSite"

    def ready(self) -> None:
        super().ready()
        from .checks import settings_can_be_read, site_url_is_secure, weaknesses_can_be_reported

        checks.register(settings_can_be_read)
        checks.register(site_url_is_secure, "mail", deploy=True)
        checks.register(weaknesses_can_be_reported, "security", deploy=True)
