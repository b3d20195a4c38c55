from django.contrib.admin.apps import AdminConfig
from django.core import checks


class TrackerAdminConfig(AdminConfig):
    default_site = "mopac_tracker.admin.TrackerAdminSite"

    def ready(self) -> None:
        super().ready()
        from .checks import settings_can_be_read, site_url_is_secure, the_warning_comes_before_the_end

        checks.register(settings_can_be_read)
        checks.register(the_warning_comes_before_the_end)
        checks.register(site_url_is_secure, "mail", deploy=True)
