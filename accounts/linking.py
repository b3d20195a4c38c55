"""Whose account a person of the provider has here, and which roles.

An account is found by the provider and its lasting subject. The first time it is found by a verified address, if that
is the address of one account, active and not linked yet. An administrator's account is only linked so if the provider
makes them one anyway: otherwise who can set addresses over there could take an administrator's account here.
Once linked, the local password is gone: it would outlive the person's time at the organisation.
"""

from __future__ import annotations

import re

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest

from priorities.audit import Act, record, record_roles
from priorities.history import Source, recording
from priorities.models import Person, Role
from updates.staffing import suggested_username

from .oidc import Claims, TurnedAway


def roles_of(claims: Claims) -> frozenset[str] | None:
    """The roles that the provider's groups give; None if it has no say in them."""
    if claims.groups is None:
        return None
    given = {
        Role.ADMINISTRATOR: settings.OIDC_ADMINISTRATORS,
        Role.MANAGER: settings.OIDC_MANAGERS,
        Role.READER: settings.OIDC_READERS,
    }
    return frozenset(role.value for role, groups in given.items() if claims.groups & set(groups))


def link_of(subject: str) -> SocialAccount | None:
    links = SocialAccount.objects.filter(provider=settings.OIDC_SERVER_URL, uid=subject)
    return links.select_related("user").first()


def links_of(person: Person) -> QuerySet[SocialAccount]:
    return SocialAccount.objects.filter(user=person)


def person_of(claims: Claims, request: HttpRequest) -> Person:
    """Who signs in, with the roles of now; linked or made, if need be. Raises TurnedAway, in words for the person."""
    roles = roles_of(claims)
    if roles is None and settings.OIDC_GROUPS_CLAIM:
        roles = frozenset()
    link = link_of(claims.subject)
    if roles is not None and not roles:
        if link:
            give_roles(link.user, roles)
        raise TurnedAway(
            f"{settings.OIDC_NAME} knows you, but you are in none of the groups that may use the tracker. "
            "Ask an administrator of the tracker which group is yours.",
            "in no group",
        )
    person = link.user if link else newly_linked(claims, roles, request)
    if not person.is_active:
        raise TurnedAway("Your account in the tracker is deactivated. Ask an administrator of the tracker.", "inactive")
    if roles is not None:
        give_roles(person, roles)
    return person


def newly_linked(claims: Claims, roles: frozenset[str] | None, request: HttpRequest) -> Person:
    note = f"linked with {settings.OIDC_NAME}"
    with recording(by=None, source=Source.FORM, note=note):
        list(Group.objects.select_for_update())  # one at a time: two first sign-ins at once make one account
        if link := link_of(claims.subject):
            return link.user
        person = known_by_mail(claims, roles) or made(claims, roles, request)
        connect(person, claims.subject)
        said = f"linked with {settings.OIDC_NAME}: no password here any more"
        record(Act.PASSWORD_CHANGED, by=None, request=request, about=person.username, detail=said)
    return person


def connect(person: Person, subject: str) -> None:
    """From now on they sign in at the provider only."""
    SocialAccount.objects.create(user=person, provider=settings.OIDC_SERVER_URL, uid=subject)
    person.set_unusable_password()
    person.save(update_fields=["password"])


def known_by_mail(claims: Claims, roles: frozenset[str] | None) -> Person | None:
    """The one account of this verified address; None if nobody has it. Raises TurnedAway where it may not be linked."""
    people = list(Person.objects.filter(email__iexact=claims.email)[:2]) if claims.email else []
    if not people:
        return None
    person = people[0]
    why = ""
    if len(people) > 1:
        why = "more than one account has your e-mail address"
    elif not person.is_active:
        why = "the account with your e-mail address is deactivated"
    elif links_of(person):
        why = "the account with your e-mail address belongs to another sign-in already"
    elif person.is_administrator and Role.ADMINISTRATOR not in (roles or ()):
        why = "accounts of administrators are not linked by their address"
    if why:
        raise TurnedAway(
            f"You were not signed in, because {why}. Ask an administrator of the tracker to put that right.", why
        )
    return person


def made(claims: Claims, roles: frozenset[str] | None, request: HttpRequest) -> Person:
    """A new account. Raises TurnedAway unless OIDC_CREATE says so and a group lets them in."""
    if not settings.OIDC_CREATE or not roles:
        address = (
            "" if claims.email else f" {settings.OIDC_NAME} tells the tracker no verified e-mail address of yours."
        )
        raise TurnedAway(
            f"{settings.OIDC_NAME} knows you, but you have no account in the tracker.{address} "
            "Ask an administrator of the tracker to invite you.",
            "unknown here",
        )
    person = Person(first_name=claims.first_name, last_name=claims.last_name, email=claims.email)
    person.username = free_username(claims)
    person.set_unusable_password()
    person.save()
    record(Act.INVITED, by=None, request=request, about=person.username, detail=f"by {settings.OIDC_NAME}")
    return person


def free_username(claims: Claims) -> str:
    """As the provider names them, if that is free and may be a user name; else made from the name."""
    wanted = re.sub(r"[^\w.@+-]", "", claims.username)
    if wanted and not Person.objects.filter(username__iexact=wanted).exists():
        return wanted
    return suggested_username(claims.first_name, claims.last_name, claims.email)


def give_roles(person: Person, roles: frozenset[str]) -> None:
    """Make their roles these, on record as the provider's doing; with the administrator's goes being a superuser."""
    had = frozenset(person.groups.values_list("name", flat=True)) & frozenset(Role.values)
    demoted = person.is_superuser and Role.ADMINISTRATOR not in roles
    if had == roles and not demoted:
        return
    name = settings.OIDC_NAME
    with recording(by=None, source=Source.FORM, note=f"{person.username}: roles by {name}"):
        person.groups.remove(*Group.objects.filter(name__in=had - roles))
        person.groups.add(*Group.objects.filter(name__in=roles - had))
        if demoted:
            person.is_superuser = False
            person.save(update_fields=["is_superuser"])
        record_roles(person, had | ({Role.ADMINISTRATOR.value} if demoted else set()), roles, by=None, of=name)
    person.__dict__.pop("roles", None)
