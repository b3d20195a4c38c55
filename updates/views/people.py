from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from priorities.cells import is_key
from priorities.door import Refused
from priorities.models import Assignment, AssignmentRole, Person, Role
from priorities.people import signed_in
from updates.accounts import AccountForm, DeactivateForm, FindForm, HandAllForm, InviteForm, PartForm, PersonForm
from updates.handing import part_of
from updates.holdings import (
    acts_on,
    draft_told,
    drafts_of,
    held_by,
    may_read_draft,
    role_of,
    state_of,
    typed_in,
)
from updates.models import Draft
from updates.roles import PEOPLE, table
from updates.staffing import (
    assign_part,
    awaits_password,
    change,
    deactivate,
    end,
    hand_over,
    invite,
    reactivate,
    send_invitation,
)
from updates.typed import posted_to

A_PAGE = 100


def administrator(request: HttpRequest) -> Person:
    """The person of a request, if they look after people; 403 for others."""
    person = signed_in(request)
    if not person.is_administrator:
        raise PermissionDenied(
            "People are looked after by administrators. Parts of a priority are handed over by its lead, on the "
            "update’s page “Who holds what”."
        )
    return person


def find(pk: int) -> Person:
    return get_object_or_404(Person, pk=pk)


def people_list(request: HttpRequest) -> HttpResponse:
    """Everybody, or those that were looked for, with what they hold."""
    administrator(request)
    form = FindForm(request.GET)
    shown = Paginator(form.found().prefetch_related("groups"), A_PAGE).get_page(request.GET.get("page"))
    held = held_by(shown)
    for person in shown:
        person.roles = frozenset(group.name for group in person.groups.all())  # what the page has loaded already
    rows = [(person, state_of(person), words_for(person), held[person.pk].parts) for person in shown]
    query = request.GET.copy()
    query.pop("page", None)
    context = {"title": "People", "find": form, "rows": rows, "shown": shown, "query": query.urlencode()}
    return render(request, "updates/people_list.html", context)


def words_for(person: Person) -> str:
    """Their roles in words."""
    return ", ".join(role.label for role in Role if role in {*person.roles, role_of(person)})


def roles(request: HttpRequest) -> HttpResponse:
    """Who may do what, for everybody to read."""
    context = {"title": "Who may do what", "roles": list(PEOPLE), "groups": table()}
    return render(request, "updates/people_roles.html", context)


def invite_person(request: HttpRequest) -> HttpResponse:
    by = administrator(request)
    form = InviteForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        names = ("first_name", "last_name", "email", "username", "role")
        try:
            made = invite(by=by, part=form.given, **{name: form.cleaned_data[name] for name in names})
        except Refused as refused:
            form.add_error(None, list(refused.reasons))
        else:
            messages.info(request, send_invitation(made, by=by))
            if not (form.cleaned_data["role"] or form.given):
                messages.info(request, f"{made} has neither a role nor a part yet, and can read nothing.")
            return redirect("updates:person", made.pk)
    context = {"title": "Invite somebody", "form": form, "failed": bool(form.errors)}
    return render(request, "updates/people_invite.html", context)


def person(request: HttpRequest, pk: int) -> HttpResponse:
    """Names, address, role, parts, drafts and past of one person; sent, it changes the first three."""
    by, subject = administrator(request), find(pk)
    if request.method != "POST":
        return show_person(request, subject)
    form = PersonForm(request.POST, person=subject, initial=stored(subject))
    if not form.is_valid():
        return show_person(request, subject, form)
    invited_at = subject.email
    try:
        change(subject, by=by, **form.cleaned_data)
    except Refused as refused:
        form.add_error(None, list(refused.reasons))
        return show_person(request, subject, form)
    messages.success(request, f"{subject} is saved.")
    if subject.email != invited_at and awaits_password(subject):
        messages.info(request, "The link that was mailed to the old address no longer works; send a new invitation.")
    return redirect("updates:person", pk)


def stored(subject: Person) -> dict[str, Any]:
    return {name: getattr(subject, name) for name in ("first_name", "last_name", "email")} | {"role": role_of(subject)}


def show_person(request: HttpRequest, subject: Person, sent: AccountForm | None = None) -> HttpResponse:
    """The page of one person; `sent` is the form on it that was sent and is wrong."""
    subject = find(subject.pk) if sent is not None else subject
    held = held_by([subject])[subject.pk]
    forms = {
        "details": PersonForm(person=subject, initial=stored(subject)),
        "part": PartForm(),
    } | ({"part" if isinstance(sent, PartForm) else "details": sent} if sent is not None else {})
    context = {
        "title": str(subject),
        "person": subject,
        "state": state_of(subject),
        "can_be_invited": awaits_password(subject),
        "held": held,
        "assignments": [(assignment, part_of(assignment)) for assignment in held.assignments],
        "drafts": drafts_of(subject),
        "acts": acts_on(subject),
        "forms": forms,
        "form": sent,
        "failed": sent is not None,
    }
    return render(request, "updates/people_person.html", context)


@posted_to("updates:person", "pk", typed=True)
def assign(request: HttpRequest, pk: int) -> HttpResponse:
    by, subject = administrator(request), find(pk)
    form = PartForm(request.POST)
    if form.is_valid() and form.given is not None:
        try:
            given = assign_part(subject, form.given, by=by)
        except Refused as refused:
            form.add_error(None, list(refused.reasons))
        else:
            messages.success(request, f"{subject} has now: {part_of(given)}.")
            return redirect("updates:person", pk)
    return show_person(request, subject, form)


@posted_to("updates:person", "pk")
def end_part(request: HttpRequest, pk: int) -> HttpResponse:
    by, subject = administrator(request), find(pk)
    key = request.POST.get("part", "")
    own = Assignment.objects.select_related("priority", "person").filter(person=subject)
    found = own.filter(pk=key).first() if is_key(key) else None
    if found is None:
        messages.info(request, "That was ended already.")
        return redirect("updates:person", pk)
    told, priority, role = part_of(found), found.priority, found.role
    try:
        end(found, by=by)
        messages.success(request, f"{subject} has no longer: {told}.")
        leads = Assignment.objects.current().filter(priority=priority, role=AssignmentRole.LEAD)
        if role == AssignmentRole.LEAD and not leads.exists():
            messages.info(request, f"{priority} has no lead now; name one.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("updates:person", pk)


@posted_to("updates:person", "pk")
def invite_again(request: HttpRequest, pk: int) -> HttpResponse:
    by, subject = administrator(request), find(pk)
    try:
        messages.info(request, send_invitation(subject, by=by))
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("updates:person", pk)


def hand_all_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything that one person holds, to another."""
    by, subject = administrator(request), find(pk)
    form = HandAllForm(request.POST if request.method == "POST" else None, person=subject)
    if form.is_valid():
        to = form.cleaned_data["to"]
        if done(request, form, lambda: hand_over(subject, to=to, by=by), f"{to} has now what {subject} held."):
            return redirect("updates:person", pk)
    context = {"title": f"Hand over what {subject} holds", "parts": held_by([subject])[subject.pk].parts}
    return show_leaving(request, subject, form, **context)


def deactivate_person(request: HttpRequest, pk: int) -> HttpResponse:
    """What somebody holds, who takes it over, and the end of their access."""
    by, subject = administrator(request), find(pk)
    parts = held_by([subject])[subject.pk].parts
    form = DeactivateForm(request.POST if request.method == "POST" else None, person=subject, holds=bool(parts))
    if form.is_valid():
        to = form.cleaned_data.get("to")
        told = f"{subject} is deactivated and signed out{f'; {to} has now what they held' if to else ''}."
        if done(request, form, lambda: deactivate(subject, by=by, to=to), told):
            return redirect("updates:person", pk)
    context = {"title": f"Deactivate {subject}", "parts": parts, "deactivating": True}
    return show_leaving(request, subject, form, **context)


def done(request: HttpRequest, form: AccountForm, act: Any, told: str) -> bool:
    """Do it and say so, with what had to stay; False, with the reasons on the form, where it was refused."""
    try:
        left = act()
    except Refused as refused:
        form.add_error(None, list(refused.reasons))
        return False
    messages.success(request, told)
    for sentence in left:
        messages.info(request, sentence)
    return True


def show_leaving(request: HttpRequest, subject: Person, form: AccountForm, **context: Any) -> HttpResponse:
    context |= {"person": subject, "drafts": drafts_of(subject), "form": form, "failed": bool(form.errors)}
    return render(request, "updates/people_leaving.html", context)


@posted_to("updates:person", "pk")
def reactivate_person(request: HttpRequest, pk: int) -> HttpResponse:
    by, subject = administrator(request), find(pk)
    try:
        reactivate(subject, by=by)
        messages.success(request, f"{subject} can sign in again.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("updates:person", pk)


def left_draft(request: HttpRequest, pk: int) -> HttpResponse:
    """What somebody typed and did not save, for those who go on with it."""
    drafts = Draft.objects.select_related("person", "update__quarter__plan", "update__priority")
    draft = get_object_or_404(drafts, pk=pk)
    reader = signed_in(request)
    if not may_read_draft(reader, draft):
        raise PermissionDenied(f"What {draft.person} has typed is still theirs; ask them, or an administrator.")
    told = draft_told(draft.section, str(draft.update.priority), draft.update.quarter.period)
    context = {"title": f"Typed and not saved: {told}", "draft": draft, "told": told, "cells": typed_in(draft, reader)}
    return render(request, "updates/people_draft.html", context)
