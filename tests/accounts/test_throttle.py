"""Guessing passwords comes to an end, by name and by address, and nobody learns from it which names there are."""

import datetime as dt
import re
import threading

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import throttle
from accounts.models import Door, Try
from priorities.audit import Act, AuditEvent
from tests.make import make_person

pytestmark = pytest.mark.django_db
RIGHT = "quarterly-demo"


@pytest.fixture(autouse=True)
def limits(settings):
    settings.TRIES_AT_MOST, settings.ADDRESS_TRIES_AT_MOST = 3, 5
    settings.TRUSTED_PROXIES = 1


def attempt(client, name="manager", password="wrong", address="203.0.113.9"):  # noqa: S107
    return client.post("/sign-in/", {"username": name, "password": password}, headers={"x-forwarded-for": address})


def words(response):
    return re.sub(r'value="[^"]*"', "", response.content.decode())


def later(minutes):
    Try.objects.update(at=timezone.now() - dt.timedelta(minutes=minutes))


def test_after_too_many_wrong_passwords_the_right_one_is_not_let_in_either(client, manager):
    for _ in range(3):
        assert attempt(client).status_code == 200
    answer = attempt(client, password=RIGHT)
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 15 * 60
    assert "There were too many tries that did not succeed. Try again at" in words(answer)
    assert "_auth_user_id" not in client.session


def test_right_and_wrong_passwords_and_unknown_names_get_the_same_words_while_locked_out(client, manager):
    pages = set()
    for name, password in (("manager", "wrong"), ("manager", RIGHT), ("nobody-of-this-name", "wrong")):
        for address in ("203.0.113.1", "203.0.113.2", "203.0.113.3"):
            attempt(client, name, address=address)
        later(1)
        pages.add(words(attempt(client, name, password)))
    assert len(pages) == 1


def test_after_the_minutes_said_one_may_try_again(client, manager):
    for _ in range(4):
        attempt(client)
    later(16)
    assert attempt(client, password=RIGHT).url == "/my-updates/"


def test_who_is_turned_away_does_not_wait_longer_for_it(client, manager):
    for _ in range(9):
        attempt(client)
    assert Try.objects.count() == 6  # three of the name, three of the address


def test_signing_in_starts_the_name_from_none(client, manager):
    attempt(client)
    attempt(client)
    attempt(client, password=RIGHT)
    client.logout()
    assert [attempt(client).status_code for _ in range(4)] == [200, 200, 200, 429]


def test_other_ways_of_writing_a_name_are_no_further_tries(client, manager):
    for name in ("manager", "MANAGER", " Manager "):
        attempt(client, name)
    assert attempt(client, "ｍanager").status_code == 429


def test_many_names_from_one_address_are_too_many_and_other_addresses_go_on(client, manager):
    for n in range(5):
        attempt(client, f"name-{n}")
    assert attempt(client, password=RIGHT).status_code == 429
    assert attempt(client, password=RIGHT, address="203.0.113.10").status_code == 302


def test_what_the_client_itself_says_of_its_address_counts_for_nothing(client):
    answers = [attempt(client, f"name-{n}", address=f"192.0.2.{n}, 203.0.113.9").status_code for n in range(6)]
    assert answers == [200] * 5 + [429]


def test_the_addresses_of_one_network_of_ipv6_count_as_one(client):
    answers = [attempt(client, f"name-{n}", address=f"2001:db8::{n}").status_code for n in range(6)]
    assert answers == [200] * 5 + [429]


@pytest.mark.parametrize("near", ["", "127.0.0.1", "::1"])
def test_where_no_address_is_known_people_do_not_share_a_count(client, settings, manager, near):
    settings.TRUSTED_PROXIES = 0
    for n in range(6):
        client.post("/sign-in/", {"username": f"name-{n}", "password": "wrong"}, REMOTE_ADDR=near)
    answer = client.post("/sign-in/", {"username": "manager", "password": RIGHT}, REMOTE_ADDR=near)
    assert answer.status_code == 302


def test_the_administrations_own_door_leads_to_this_one(client, manager):
    assert client.get("/admin/login/").url.startswith("/sign-in/?next=/admin/")
    answer = client.post("/admin/login/", {"username": "manager", "password": RIGHT})
    assert answer.url.startswith("/sign-in/?next=/admin/")
    assert "_auth_user_id" not in client.session


def test_lock_outs_and_wrong_passwords_are_on_record_and_what_may_be_a_password_is_not(client, manager):
    for _ in range(5):
        attempt(client)
    attempt(client, "my secret pass phrase")
    found = AuditEvent.objects.order_by("pk").values_list("act", "about", "address")
    failed = (Act.REFUSED, "manager", "203.0.113.9")
    unknown = (Act.REFUSED, "unknown name", "203.0.113.9")
    assert list(found) == [failed] * 3 + [(Act.LOCKED_OUT, *failed[1:]), unknown]
    assert "secret" not in repr(list(AuditEvent.objects.values()) + list(Try.objects.values()))


def test_old_tries_are_deleted(client):
    attempt(client)
    later(60)
    attempt(client, "another")
    assert Try.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_tries_at_the_same_moment_do_not_slip_past():
    make_person("manager")
    start, answers = threading.Barrier(8), []

    def guess():
        start.wait()
        answers.append(attempt(Client(), address="").status_code)
        connection.close()

    threads = [threading.Thread(target=guess) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(200) <= 3
    assert answers.count(200) + answers.count(429) == 8


def test_codes_and_passwords_are_counted_apart(rf):
    for _ in range(3):
        throttle.begin(Door.CODE, rf.get("/"), name="manager")
    throttle.begin(Door.SIGN_IN, rf.get("/"), name="manager")
    with pytest.raises(throttle.TooMany):
        throttle.begin(Door.CODE, rf.get("/"), name="manager")
