"""Made-up requests to every address: no error of the program, no change by reading, nothing told to the wrong people.

The addresses come from the URLconf, so a new one is tried without being named here. FUZZ_EXAMPLES is the number of
requests for each address, FUZZ_EVERY leaves addresses out: make soak tries all, make test each third. The requests are
the same in every run.
"""

import io
import os
import zipfile
from contextlib import contextmanager
from copy import deepcopy
from urllib.parse import urljoin

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.models import Reading

from .fuzzing import (
    FILES,
    HEADERS,
    NAMES,
    RAW,
    ROLES,
    address_of,
    bodies,
    forms_of,
    kept,
    make_world,
    places,
    plain_address,
    queries,
    sent,
    told_in,
    unpacked,
)

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "1"))
EVERY = int(os.environ.get("FUZZ_EVERY", "1"))
made_up = settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)
METHODS = ["get", "get", "head", "options"]
WRITTEN_BY_READING = {
    "django_session": "what a browser is told once is taken off its session",
    "priorities_auditevent": "who took data out is recorded",
}


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_world()
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def clients(world):
    found = {role: Client() for role in ROLES}
    for role, person in world.people.items():
        if person:
            found[role].force_login(person)
    return found


@pytest.fixture(autouse=True)
def open_to_all(settings):
    settings.PUBLIC_REPORTS = True


def refuses_writes(execute, sql, params, many, context):
    verb, *words = sql.replace('"', "").split()
    if verb in ("INSERT", "UPDATE", "DELETE") and not WRITTEN_BY_READING.keys() & set(words[:3]):
        raise AssertionError(f"Reading writes: {sql[:200]}")
    return execute(sql, params, many, context)


def tells_no_secret(world, role, response, about):
    told = told_in(response)
    read = {word for word in world.secrets if word in told}
    world.read |= {(role, word) for word in read}
    found = [word for word in read if role not in world.secrets[word]]
    assert not found, f"{role} reads {found} at {about}"


def ask(world, clients, role, address, method="get", **headers):
    about = f"{method} {address} as {role}"
    with connection.execute_wrapper(refuses_writes):
        response = getattr(clients[role], method)(address, **headers)
        assert response.status_code < 500, about
        tells_no_secret(world, role, response, about)
    return response


def test_reading_breaks_nothing_changes_nothing_and_tells_nobody_what_is_not_theirs(world, clients):
    for place in places()[::EVERY]:
        for role in place.roles:
            ask(world, clients, role, plain_address(place, world))
            if place.has_quarter and role in ("anonymous", "director"):
                ask(world, clients, role, plain_address(place, world, closed=True))

        @made_up
        @given(address_of(place, world), queries(), st.sampled_from(METHODS), st.permutations(place.roles), st.data())
        def asked(address, query, method, roles, data):
            for role in roles[:2]:
                ask(world, clients, role, address + query, method, **data.draw(st.sampled_from(HEADERS)))

        asked()
    unread = world.secrets.keys() - {word for _, word in world.read}
    assert not unread or EVERY > 1, f"planted, but nobody came to read {unread}: a leak of it would not be noticed"


# What is sent


@contextmanager
def undone(client):
    """Whatever the request does, the world and the client's session are as before."""
    cookies = deepcopy(client.cookies)
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    client.cookies = cookies


def send(world, clients, role, address, body, kind):
    about = f"POST {address} as {role}: {body[:300]!r}"
    writes = []

    def noted(execute, sql, params, many, context):
        writes.append(sql.startswith(("INSERT", "UPDATE", "DELETE")))
        return execute(sql, params, many, context)

    with undone(clients[role]):
        with connection.execute_wrapper(noted):
            response = clients[role].generic("POST", address, body, content_type=kind)
            assert response.status_code < 500, about
            tells_no_secret(world, role, response, about)
        if any(writes):
            assert kept(world, role) == world.kept[role], about


def forms_at(world, clients, address):
    """The forms that this address shows, each with whom it is shown to: to whoever may do most, as others see fewer."""
    found = {}
    for role in ("administrator", "other_lead", "manager", "anonymous"):
        if found:
            break
        with undone(clients[role]):
            response = clients[role].get(address)
        if response.status_code == 200 and response["Content-Type"].startswith("text/html") and not response.streaming:
            for form in forms_of(response.content.decode()):
                action = urljoin(address, form.action)
                named = (action, *sorted({name for name, _, _ in form.fields}))
                found.setdefault(named, (action, form, role))
    return list(found.values())


def test_sending_anything_breaks_nothing_and_changes_nothing_of_others(world, clients):
    world.kept = {role: kept(world, role) for role in ROLES}
    last = []
    for place in places()[::EVERY]:
        address = plain_address(place, world)
        last = forms_at(world, clients, address) or [(address, form, role) for _, form, role in last[:1]]
        for action, form, role in last:

            @made_up
            @given(bodies(form), st.sampled_from(FILES), st.sampled_from(NAMES), st.sampled_from(ROLES))
            def sends(pairs, file, name, another):
                body, kind = sent(form, pairs, file, name)  # noqa: B023 - called at once
                for who in {role, another}:  # noqa: B023
                    send(world, clients, who, action, body, kind)  # noqa: B023

            sends()


def test_no_body_of_any_kind_breaks_an_address(world, clients):
    world.kept = {role: kept(world, role) for role in ROLES}
    for place in places()[::EVERY]:

        @made_up
        @given(address_of(place, world), st.sampled_from(RAW), st.sampled_from(ROLES))
        def sends(address, raw, role):
            for who in {role, "administrator"}:
                send(world, clients, who, address, *raw)

        sends()


# Would it be noticed?


def test_a_write_while_reading_is_noticed(world):
    with connection.execute_wrapper(refuses_writes), pytest.raises(AssertionError, match="Reading writes: UPDATE"):
        type(world.people["lead"]).objects.update(first_name="Somebody")


def test_a_word_is_found_in_a_file_within_a_file():
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sheet.xml", "<c>KeptWordInside</c>" * 9)
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xlsx", inner.getvalue())
    assert "KeptWordInside" in unpacked(outer.getvalue())


@pytest.mark.parametrize("role", [role for role in ROLES if role not in ("manager", "administrator")])
def test_a_changed_row_of_another_priority_is_noticed(world, role):
    before = kept(world, role)
    with transaction.atomic():
        whose = world.priorities[0 if role in ("other_lead", "director") else 1]
        QuerySet(Reading).filter(update__priority=whose).update(value=1)
        assert kept(world, role) != before
        transaction.set_rollback(True)
