"""Looking after people: inviting, changing, assigning, handing over, deactivating. Each is one act on record."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import Group
from django.contrib.auth.tokens import default_token_generator
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.text import slugify

from priorities.audit import Act, record, record_roles
from priorities.door import Refused
from priorities.history import Source, recording
from priorities.models import (
    Assignment,
    AssignmentRole,
    Person,
    Priority,
    Quarter,
    Role,
    listed,
)
from priorities.people import signs_in_elsewhere
from priorities.writing import writing

from .handing import SUBJECTS, assign, part_of, pass_rows, tell
from .holdings import drafts_of, held_by, role_of
from .mailing import PATIENCE, Post, compose
from .models import NoticeKind
from .notices import notify

logger = logging.getLogger(__name__)


def administrators() -> QuerySet[Person]:
    """Those who are administrators and may sign in."""
    them = Q(is_superuser=True) | Q(groups__name=Role.ADMINISTRATOR)
    return Person.objects.filter(pk__in=Person.objects.filter(them, is_active=True).values("pk"))


def without_password() -> Q:
    return Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)


@contextmanager
def staffing(person: Person, note: str, *, by: Person) -> Iterator[None]:
    """One change set of an administrator about a person, one at a time, so that the last administrator stays one.

    Raises Refused for everybody who is no administrator by now.
    """
    with recording(by=by, source=Source.FORM, note=f"{person.username}: {note}"):
        Group.objects.select_for_update().get(name=Role.ADMINISTRATOR)
        if not administrators().filter(pk=by.pk).exists():
            raise Refused("People are looked after by administrators only; ask one of them.")
        yield


def keep_an_administrator(person: Person) -> None:
    """Raises Refused where nobody else could look after people any more."""
    locked_out = without_password()
    if settings.OIDC_SERVER_URL:  # who is linked there needs no password here
        locked_out &= Q(socialaccount=None)
    others = administrators().exclude(pk=person.pk).exclude(locked_out)
    if administrators().filter(pk=person.pk).exists() and not others.exists():
        raise Refused(f"{person} is the only administrator who can sign in; make somebody else one first.")


def why_taken(email: str, but: Person | None = None) -> str:
    """Whose address it is already, as a sentence; "" where it is nobody's."""
    others = Person.objects.filter(email__iexact=email)
    other = (others.exclude(pk=but.pk) if but else others).first()
    if other is None or not email:
        return ""
    how = "" if other.is_active else ", who is deactivated: reactivate that account instead"
    return f"{email} is the address of {other} ({other.username}) already{how}."


def why_name_taken(username: str) -> str:
    other = Person.objects.filter(username__iexact=username).first()
    return f"The user name {username} is {other}’s already; choose another." if other else ""


def suggested_username(first_name: str, last_name: str, email: str) -> str:
    """A user name that is free, made from the name: "ann-lee", "ann-lee-2"."""
    start = slugify(f"{first_name} {last_name}")[:140] or slugify(email.partition("@")[0])[:140] or "person"
    taken = {
        name.lower() for name in Person.objects.filter(username__istartswith=start).values_list("username", flat=True)
    }
    return next(name for n in range(1, len(taken) + 2) if (name := start if n == 1 else f"{start}-{n}") not in taken)


@dataclass(frozen=True, slots=True)
class Part:
    """What somebody is given of a priority."""

    priority: Priority
    role: str
    section: str = ""
    starts_on: dt.date | None = None
    ends_on: dt.date | None = None


def invite(
    *,
    first_name: str,
    last_name: str,
    email: str,
    by: Person,
    username: str = "",
    role: str = "",
    part: Part | None = None,
) -> Person:
    """Make an account without a password; send_invitation() mails the link to set one.

    Raises Refused if the address or the user name is somebody's already.
    """
    made = Person(first_name=first_name, last_name=last_name, email=email, username=username)
    made.username = username or suggested_username(first_name, last_name, email)
    made.set_unusable_password()
    with staffing(made, f"invited{f' as {Role(role).label.lower()}' if role else ''}", by=by):
        if reasons := [why for why in (why_taken(email), why_name_taken(made.username)) if why]:
            raise Refused(*reasons)
        made.save()
        record(Act.INVITED, by=by, about=made.username)
        if role:
            made.groups.add(Group.objects.get(name=role))
            record_roles(made, frozenset(), {role}, by=by)
        if part:
            give(made, part)
    return made


def awaits_password(person: Person) -> bool:
    """Whether an invitation, with its link to set a password, is for them."""
    return person.is_active and not person.has_usable_password() and not signs_in_elsewhere(person)


def send_invitation(person: Person, *, by: Person) -> str:
    """Mail the link to set a password; the sentence that says what became of it.

    A mail server that is down stops nothing: the account is there already. Raises Refused for people who need none.
    """
    if not person.is_active:
        raise Refused(f"{person} is deactivated; nothing was sent.")
    if signs_in_elsewhere(person):
        raise Refused(f"{person} signs in with {settings.OIDC_NAME} already; nothing was sent.")
    if person.has_usable_password():
        raise Refused(f"{person} has a password already; nothing was sent.")
    if not person.email:
        return f"No invitation was mailed: {person} has no e-mail address. Add one, then send the invitation."
    key = urlsafe_base64_encode(force_bytes(person.pk))
    path = reverse("password_reset_confirm", args=[key, default_token_generator.make_token(person)])
    context = {
        "person": person,
        "by": by,
        "path": path,
        "days": settings.PASSWORD_RESET_TIMEOUT // 86_400,
        "parts": held_by([person])[person.pk].parts,
        "role": role_of(person),
        "provider": "" if settings.LOCAL_PASSWORDS else settings.OIDC_NAME,
    }
    subject = f"{by} invites you to the quarterly performance tracker"
    with Post(PATIENCE) as post:
        why = post.send(compose([person.email], subject, "updates/invitation.txt", **context))
    if why:
        return (
            f"The account of {person} is there, but the invitation could not be mailed, because {why}. "
            "Send it again from this page."
        )
    return f"An invitation was mailed to {person.email}."


def change(person: Person, *, first_name: str, last_name: str, email: str, role: str, by: Person) -> None:
    """Change names, address and role. Raises Refused for a taken address, and to keep an administrator."""
    new = {"first_name": first_name, "last_name": last_name, "email": email}
    said = [name.replace("_", " ") for name, value in new.items() if getattr(person, name) != value]
    was = role_of(person)
    if role != was:
        said.append(f"role from {was or 'none'} to {role or 'none'}")
    if not said:
        return
    with staffing(person, f"changed {listed(said)}", by=by):
        if email != person.email and (why := why_taken(email, but=person)):
            raise Refused(why)
        if was == Role.ADMINISTRATOR != role:
            keep_an_administrator(person)
            person.is_superuser = False
        for name, value in new.items():
            setattr(person, name, value)
        person.save(update_fields=[*new, "is_superuser"])
        if role != was:
            held = set(person.groups.values_list("name", flat=True))
            person.groups.set(Group.objects.filter(name=role))
            record_roles(person, held | ({was} if was else set()), {role} if role else set(), by=by)


def assign_part(person: Person, part: Part, *, by: Person) -> Assignment:
    """Give somebody a part of a priority, or other dates for one that they have. Raises Refused in the rule's words."""
    with staffing(person, f"{part.role} of {part.priority}", by=by):
        refuse_absent(person)
        given = give(person, part)
        tell(person, part_of(given), part.priority, by=by, role=part.role)
    return given


def refuse_absent(person: Person) -> None:
    if not Person.objects.filter(pk=person.pk, is_active=True).exists():
        raise Refused(f"{person} is deactivated and can't be given anything; reactivate the account first.")


def give(person: Person, part: Part) -> Assignment:
    if part.ends_on is not None and part.ends_on < timezone.localdate():
        raise Refused("The last day is over already; give one that is still to come, or none.")
    key = {"priority": part.priority, "role": part.role, "section": part.section}
    given = Assignment.objects.filter(person=person, **key).first() or Assignment(person=person, **key)
    given.starts_on, given.ends_on = part.starts_on, part.ends_on
    assign(given)
    return given


def end(assignment: Assignment, *, by: Person) -> None:
    """Take a part away; single rows that came with it are then nobody's in particular."""
    person = assignment.person
    with staffing(person, f"ended: {part_of(assignment)}", by=by):
        if assignment.role == AssignmentRole.CONTRIBUTOR and not assignment.section:
            pass_rows(assignment.priority, rows_of(person, assignment.priority_id), None)
        for left in Assignment.objects.filter(pk=assignment.pk):
            left.delete()


def rows_of(person: Person, priority: int | None = None) -> list[Any]:
    """The indicators, risks and goals that somebody holds. Three queries."""
    own = {"holder": person} | ({"priority": priority} if priority else {})
    return [row for model in SUBJECTS for row in model.objects.filter(**own).select_related("priority")]


def hand_over(person: Person, *, to: Person, by: Person) -> list[str]:
    """Give somebody else all that a person holds; what had to stay, in sentences. Raises Refused."""
    with staffing(person, f"everything handed over to {to}", by=by):
        return pass_on(person, to, by)


def deactivate(person: Person, *, by: Person, to: Person | None = None) -> list[str]:
    """From now on they can't sign in and are signed out; with `to`, all that they hold is handed over in the same act.

    What had to stay, in sentences. Raises Refused for oneself and for the last administrator.
    """
    if person == by:
        raise Refused("You can't deactivate your own account; ask another administrator to.")
    with staffing(person, f"deactivated{f', everything handed over to {to}' if to else ''}", by=by):
        keep_an_administrator(person)
        left = pass_on(person, to, by) if to else []
        record(Act.PERSON_DEACTIVATED, by=by, about=person.username)
        person.is_active = False
        person.save(update_fields=["is_active"])
    return left


def reactivate(person: Person, *, by: Person) -> None:
    with staffing(person, "reactivated", by=by):
        record(Act.PERSON_ACTIVATED, by=by, about=person.username)
        person.is_active = True
        person.save(update_fields=["is_active"])


def pass_on(person: Person, to: Person, by: Person) -> list[str]:
    """All of it: assignments, single rows, the authorship of overviews; drafts stay where they are, and are told of."""
    if person == to:
        raise Refused(f"{person} has it already; choose somebody else.")
    refuse_absent(to)
    held = held_by([person])[person.pk]
    for assignment in held.assignments:
        pass_assignment(assignment, to)
    rows = rows_of(person)
    for priority in {row.priority for row in rows}:
        pass_rows(priority, [row for row in rows if row.priority_id == priority.pk], to)
    stuck = pass_overviews(held.overviews, to, by)
    if held.parts:
        said = f"{by} handed over to you what {person} held: {listed(held.parts)}."
        notify([to], NoticeKind.HANDED_OVER, said, f"{reverse('updates:mine')}?all=1", but=by)
    for draft in drafts_of(person):
        if draft.key:
            said = f"{person} left something typed and not saved: {draft.told}."
            notify([to], NoticeKind.HANDED_OVER, said, reverse("updates:left_draft", args=[draft.key]), but=by)
    return [f"{person} stays named as author of the overview of {q}, which can't be changed now." for q in stuck]


def pass_assignment(given: Assignment, to: Person) -> None:
    """The same for somebody else, unless they have as much already; the dates of both where they have the same."""
    own = Assignment.objects.filter(priority=given.priority_id, person=to)
    lesser = (AssignmentRole.DEPUTY, AssignmentRole.CONTRIBUTOR)
    given.delete()
    if given.role in lesser and own.current().filter(role=AssignmentRole.LEAD).exists():
        return
    if given.role == AssignmentRole.LEAD:
        for needless in own.filter(role=AssignmentRole.DEPUTY):
            needless.delete()
    key: dict[str, Any] = {"priority": given.priority, "role": given.role, "section": given.section}
    same = own.not_over().filter(role=given.role, section=given.section).first()
    new = own.filter(role=given.role, section=given.section).first() or Assignment(person=to, **key)
    new.starts_on = earliest(given.starts_on, same.starts_on) if same else given.starts_on
    new.ends_on = latest(given.ends_on, same.ends_on) if same else given.ends_on
    assign(new)


def earliest(one: dt.date | None, other: dt.date | None) -> dt.date | None:
    return min(one, other) if one and other else None


def latest(one: dt.date | None, other: dt.date | None) -> dt.date | None:
    return max(one, other) if one and other else None


def pass_overviews(quarters: list[Quarter], to: Person, by: Person) -> list[Quarter]:
    """Make somebody else their author; those that can't be written now come back as they are."""
    open_ones = list(Quarter.objects.filter(pk__in=[quarter.pk for quarter in quarters]).editable_by(by))
    if open_ones:
        with writing(by=by, source=Source.FORM, overview_of=open_ones):
            for quarter in open_ones:
                quarter.overview_author = to
                quarter.save()
    return [quarter for quarter in quarters if quarter not in open_ones]
