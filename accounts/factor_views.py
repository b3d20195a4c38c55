"""Pages of the second factor: at the sign-in, one's own, and an administrator's for somebody else."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from priorities.audit import Act, record
from priorities.models import Person
from priorities.people import signed_in
from updates.mailing import PATIENCE, Post, compose
from updates.typed import hand_back, only_acts

from . import factors, oidc
from .factor_forms import AddForm, CodeForm, PasswordAgainForm
from .linking import links_of
from .models import Standing
from .sealing import Unsealable, seal, unseal
from .second_step import DEMAND, done, freed, waiting
from .signing_in import refused

View = Callable[..., HttpResponse]
FILE = "recovery codes file"


def with_factors(view: View) -> View:
    """Second factors are for those with a password here; the provider asks for its own."""

    @wraps(view)
    def only(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if not factors.is_on():
            raise Http404
        if not signed_in(request).has_usable_password():
            raise PermissionDenied(
                f"You sign in with {settings.OIDC_NAME}: a second factor is set up there, not in the tracker."
            )
        return view(request, **kwargs)

    return sensitive_post_parameters()(never_cache(only))


@login_not_required
@never_cache
def code(request: HttpRequest) -> HttpResponse:
    """The page between the password and the session."""
    found = waiting(request)
    if found is None:
        if request.method == "POST":
            messages.info(request, "The sign-in took longer than ten minutes. Type your password once more.")
        return redirect("login")
    person, noted = found
    form = CodeForm(request.POST if request.method == "POST" else None, request=request, person=person)
    if form.is_valid():
        return done(request, person, noted, form.showed)
    if form.counted:
        refused(request, person.username, form.counted, "second factor")
    return render(request, "accounts/code.html", {"form": form})


@with_factors
def state(request: HttpRequest) -> HttpResponse:
    person = signed_in(request)
    factor = factors.factor_of(person)
    context = {"factor": factor, "is_demanded": factors.is_demanded(person)}
    if factor:
        context |= {"left": factors.codes_left(person), "of": factors.RECOVERY_CODES}
    return render(request, "accounts/second_factor.html", context)


@with_factors
def add(request: HttpRequest) -> HttpResponse:
    person = signed_in(request)
    form = AddForm(request.POST if request.method == "POST" else None, request=request, person=person)
    if form.is_valid():
        codes = factors.add(person, form.secret, form.cleaned_data["code"])
        told(request, person, Act.SECOND_FACTOR_ADDED, "was switched on")
        to = freed(request)
        hand_back(request)
        return shown_once(request, person, codes, to)
    shape, side = factors.qr_code(factors.address_of(person, form.secret))
    context = {"form": form, "shape": shape, "side": side, "secret": factors.in_fours(form.secret)}
    context |= {"is_demanded": DEMAND in request.session, "had": factors.factor_of(person)}
    return render(request, "accounts/second_factor_add.html", context)


def shown_once(request: HttpRequest, person: Person, codes: list[str], to: str = "") -> HttpResponse:
    sealed = seal(f"{person.pk} {' '.join(codes)}", FILE)
    return render(request, "accounts/recovery_codes.html", {"codes": codes, "sealed": sealed, "to": to})


@with_factors
def codes(request: HttpRequest) -> HttpResponse:
    """New recovery codes in place of the old."""
    person = signed_in(request)
    if not factors.factor_of(person):
        return redirect("second_factor")
    form = password_form(request, "Make new recovery codes")
    if form.is_valid():
        made = factors.new_codes(person)
        told(request, person, Act.SECOND_FACTOR_ADDED, "got new recovery codes")
        return shown_once(request, person, made)
    return render(request, "accounts/recovery_codes_new.html", {"form": form})


@only_acts
@with_factors
@require_POST
def codes_file(request: HttpRequest) -> HttpResponse:
    """The codes that the page before showed, as a file; they come from that page, sealed: here they are only hashes."""
    try:
        whose, *shown = unseal(request.POST.get("sealed", ""), FILE, at_most=factors.SHOWN_FOR).split(" ")
    except Unsealable:
        whose, shown = "", []
    if whose != str(signed_in(request).pk):
        messages.warning(request, "These recovery codes are not to be had any more. Make new ones.")
        return redirect("second_factor")
    text = "Recovery codes of the quarterly performance tracker. Each works once.\n\n" + "\n".join(shown) + "\n"
    headers = {"Content-Disposition": 'attachment; filename="recovery-codes.txt"'}
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers=headers)


@with_factors
def remove(request: HttpRequest) -> HttpResponse:
    person = signed_in(request)
    if not factors.factor_of(person) or factors.is_demanded(person):
        return redirect("second_factor")
    form = password_form(request, "Switch it off")
    if form.is_valid():
        factors.remove(person)
        told(request, person, Act.SECOND_FACTOR_REMOVED, "was switched off")
        messages.success(request, "Your second factor is switched off: the password alone signs you in.")
        return redirect("second_factor")
    return render(request, "accounts/second_factor_remove.html", {"form": form})


def password_form(request: HttpRequest, button: str) -> PasswordAgainForm:
    data = request.POST if request.method == "POST" else None
    return PasswordAgainForm(data, request=request, person=signed_in(request), button=button)


def told(request: HttpRequest, person: Person, act: Act, what: str, by: Person | None = None) -> None:
    """Written down, and told to them by mail: it may not have been them."""
    record(act, by=by or person, request=request, about=person.username, detail=what)
    if person.email:
        mail = compose([person.email], f"Your second factor {what}", "accounts/mail/factor.txt", what=what, by=by)
        with Post(PATIENCE) as post:
            post.send(mail)


def for_administrators(view: View) -> View:
    @wraps(view)
    def only(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if not signed_in(request).is_administrator:
            raise PermissionDenied("How people sign in is looked after by administrators. Ask one of them.")
        return view(request, **kwargs)

    return only


@only_acts
@for_administrators
def of_person(request: HttpRequest, *, pk: int) -> HttpResponse:
    """How somebody signs in, with what an administrator does for who has lost a phone or changed to another account."""
    person = get_object_or_404(Person, pk=pk)
    if request.method == "POST":
        act = {"factor": reset, "link": unlink}.get(request.POST.get("reset", ""))
        messages.info(request, act(request, person) if act else "Nothing was changed.")
        return redirect("person_sign_in", pk=pk)
    links = [
        {"here": link.provider == settings.OIDC_SERVER_URL, "since": link.date_joined} for link in links_of(person)
    ]
    context = {
        "person": person,
        "links": links,
        "factor": factors.factor_of(person),
        "left": factors.codes_left(person),
    }
    context |= {"is_demanded": factors.is_demanded(person), "factors_on": factors.is_on()}
    context |= {"provider_on": oidc.is_on(), "provider": settings.OIDC_NAME}
    return render(request, "accounts/person_sign_in.html", context)


def reset(request: HttpRequest, person: Person) -> str:
    """Take away somebody's factor, so that they sign in by password. What became of it, in words."""
    by = signed_in(request)
    if by == person:
        return "You can't reset your own second factor; ask another administrator, or switch it off with your password."
    if not factors.remove(person):
        return f"{person} has no second factor; nothing was changed."
    told(request, person, Act.SECOND_FACTOR_REMOVED, "was reset", by=by)
    return f"The second factor of {person} is reset. They sign in by password now, and were told by mail."


def unlink(request: HttpRequest, person: Person) -> str:
    by = signed_in(request)
    if by == person:
        return "You can't unlink your own account; ask another administrator."
    count, _ = links_of(person).delete()
    if not count:
        return f"{person} is not linked; nothing was changed."
    Standing.objects.filter(person=person).delete()  # sessions end when they are checked next
    record(Act.PASSWORD_CHANGED, by=by, request=request, about=person.username, detail="unlinked from the provider")
    return f"{person} is no longer linked; the next sign-in with their verified address links them anew."
