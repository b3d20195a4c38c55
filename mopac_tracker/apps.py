from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.core import checks


class TrackerConfig(AppConfig):
    """The project itself, for its commands and checks."""

    name = "mopac_tracker"

    def ready(self) -> None:
        from . import checks as ours

        checks.register(ours.settings_can_be_read)
        checks.register(ours.settings_agree)
        checks.register(ours.the_warning_comes_before_the_end)
        checks.register(ours.site_url_is_secure, "mail", deploy=True)
        checks.register(ours.there_is_whom_to_write_to, "accessibility", deploy=True)
        checks.register(ours.weaknesses_can_be_reported, "security", deploy=True)
        checks.register(ours.settings_are_for_a_deployment, deploy=True)


class TrackerAdminConfig(AdminConfig):
    default_site = "mopac_tracker.admin.TrackerAdminSite"
