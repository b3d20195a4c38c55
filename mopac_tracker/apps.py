from django.contrib.admin.apps import AdminConfig


class TrackerAdminConfig(AdminConfig):
    default_site = "mopac_tracker.admin.TrackerAdminSite"
