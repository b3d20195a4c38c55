"""What is read in the administration; what django-allauth brings into it is taken out again: secrets are not to be
looked at there, and its providers come from the settings only."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin

from priorities.admin import ReadOnly

from .models import Standing, Try

for model in (EmailAddress, Authenticator, SocialAccount, SocialApp, SocialToken):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(Try)
class TryAdmin(ReadOnly):
    """How many tries count at the moment; of whom can't be read from it."""

    list_display = ["at", "door"]
    list_filter = ["door"]
    search_fields = ["door"]


@admin.register(Standing)
class StandingAdmin(ReadOnly):
    """Who is signed in through the provider, and when it was last asked about them; never what it is asked with."""

    list_display = ["person", "checked_at", "due_at"]
    search_fields = ["person__username"]
    list_filter = ["checked_at"]
    exclude = ["tokens"]
    not_exported = ("tokens",)
