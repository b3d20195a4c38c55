"""Three people that every test knows, named for what they may do, and the reference quarter."""

import datetime as dt
import gc
import io

import pytest
from _pytest import runner
from django.core.management import call_command
from django.db import connection
from django.template import Template
from django.test import TransactionTestCase
from django.test.utils import instrumented_test_render
from django.utils import timezone
from hypothesis import HealthCheck, settings

from mopac_tracker.frames import with_room
from priorities.models import Person, Quarter, Role
from tests import snapshot
from tests.closed import approve_all, close_for_real, fresh
from tests.make import the_lead, the_one_with, the_priority
from tests.published import publish_for_real

settings.register_profile("tracker", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tracker")  # a busy machine is no failure
gc.set_threshold(100_000, 20, 50)  # the collector finds little to do in tests, and took a twentieth of their time


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    """As pytest does, and as requests are answered: a sixth of the suite's time went to blocks for frames."""
    return with_room(runner.pytest_runtest_protocol, item, nextitem)


def pytest_collection_modifyitems(config, items):
    """Every test runs on both databases, but what is marked for one, and what says nothing of them: on SQLite only."""
    elsewhere = [item for item in items if not runs_on(connection.vendor, item)]
    config.hook.pytest_deselected(items=elsewhere)
    items[:] = [item for item in items if runs_on(connection.vendor, item)]


def runs_on(vendor, item):
    for only in ("sqlite", "postgresql"):
        if item.get_closest_marker(only):
            return vendor == only
    if item.get_closest_marker("once"):
        return vendor == "sqlite"
    asks = {"db", "transactional_db", "live_server", "django_db_setup"} & {*item.fixturenames}
    return vendor == "sqlite" or bool(asks or item.get_closest_marker("django_db"))


drawn = Template._render  # before the test environment has every template tell what it was given


@pytest.fixture(scope="session", autouse=True)
def templates_tell_nothing(django_test_environment):
    """Keeping what each template was given, as the test client does, took a thirtieth of the suite's time."""
    Template._render = drawn


@pytest.fixture
def contexts(monkeypatch):
    """Answers have `context`: what their templates were given."""
    monkeypatch.setattr(Template, "_render", instrumented_test_render)


TransactionTestCase._fixture_teardown = lambda self: snapshot.empty()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        snapshot.migrated.update(snapshot.all_rows())
    gc.freeze()  # what was loaded so far stays


@pytest.fixture
def autumn(monkeypatch):
    """Today is 3 October 2022, after the end of Q2 2022/23 and before its updates are due."""
    monkeypatch.setattr(timezone, "localdate", lambda *args: dt.date(2022, 10, 3))


@pytest.fixture
def victims(db):
    return the_priority("Victims are better supported")


@pytest.fixture
def trust(db):
    return the_priority("Trust and confidence increases")


@pytest.fixture
def victims_lead(victims):
    return the_lead("victims-lead", victims)


@pytest.fixture
def trust_lead(trust):
    return the_lead("trust-lead", trust)


@pytest.fixture
def manager(db):
    return the_one_with("manager", Role.MANAGER)


@pytest.fixture
def administrator(db):
    return the_one_with("administrator", Role.ADMINISTRATOR)


@pytest.fixture
def reader(db):
    return the_one_with("reader", Role.READER)


def reference_quarter():
    return Quarter.objects.exclude(status="planned").get()


def load_demo():
    if not Quarter.objects.exists():
        call_command("load_demo", password="quarterly-demo", stdout=io.StringIO())


@pytest.fixture
def demo(db):
    """The reference quarter and the demo people; returns the quarter."""
    snapshot.once(load_demo)
    return fresh(reference_quarter())


def close_demo():
    load_demo()
    close_for_real(approve_all(reference_quarter()))


@pytest.fixture
def closed_demo(db):
    """The reference quarter, approved and closed."""
    snapshot.once(close_demo)
    return fresh(reference_quarter())


def publish_demo():
    close_demo()
    publish_for_real(reference_quarter(), Person.objects.get(username="manager"))


@pytest.fixture
def published_demo(db):
    snapshot.once(publish_demo)
    return fresh(reference_quarter())


@pytest.fixture
def demo_person(demo):
    return lambda username: Person.objects.get(username=username)
