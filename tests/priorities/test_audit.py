"""The record of who did what: written with the act, never changed, and no better informed than our own proxies."""

import datetime as dt

import pytest
from django.db import transaction
from django.test import RequestFactory
from django.utils import timezone

from priorities.audit import Act, AppendOnly, AuditEvent, address_of, record
from tests.make import make_person

pytestmark = pytest.mark.django_db


def test_an_entry_says_who_what_and_from_where(rf):
    event = record(
        Act.EXPORTED, by=make_person("ann"), request=rf.get("/x/?secret=1"), about="Q1 2022/23", detail="PDF"
    )
    assert (event.name, event.about, event.detail, event.address, event.route) == (
        "ann",
        "Q1 2022/23",
        "PDF",
        "127.0.0.1",
        "",
    )


def test_an_entry_is_never_changed_nor_deleted():
    event = record(Act.EXPORTED, by=None)
    for attempt in (
        event.save,
        event.delete,
        AuditEvent.objects.all().delete,
        lambda: AuditEvent.objects.update(name="x"),
        lambda: AuditEvent.objects.bulk_update([event], ["name"]),
    ):
        with pytest.raises(AppendOnly):
            attempt()
    assert AuditEvent.objects.get() == event


def test_an_act_that_is_undone_leaves_no_entry():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record(Act.PUBLISHED, by=None)
        1 / 0  # noqa: B018
    assert not AuditEvent.objects.exists()


def test_the_name_stays_when_the_account_is_deleted():
    person = make_person("ann")
    record(Act.SIGNED_IN, by=person)
    person.delete()
    event = AuditEvent.objects.get()
    assert (event.by, event.name) == (None, "ann")


def test_old_entries_are_forgotten_and_the_others_kept():
    old, new = record(Act.SIGNED_IN, by=None), record(Act.SIGNED_IN, by=None)
    AuditEvent._base_manager.filter(pk=old.pk).update(at=timezone.now() - dt.timedelta(days=401))
    assert AuditEvent.objects.forget(timezone.now() - dt.timedelta(days=400)) == 1
    assert AuditEvent.objects.get() == new


@pytest.mark.parametrize(
    ("hops", "near", "passed", "expected"),
    [
        (0, "192.0.2.1", "203.0.113.9", "192.0.2.1"),  # nobody of ours speaks for the header
        (1, "", "198.51.100.7, 203.0.113.9", "203.0.113.9"),  # a unix socket; what the client sent is passed over
        (2, "", "198.51.100.7, 203.0.113.9", "198.51.100.7"),
        (3, "", "203.0.113.9", "203.0.113.9"),
        (1, "192.0.2.1", "", "192.0.2.1"),
        (0, "", "", ""),
        (1, "", "<script>", ""),
        (1, "", "203.0.113.9:4711", "203.0.113.9"),
        (1, "", "[2001:db8::1]:4711", "2001:db8::1"),
        (1, "", "2001:db8:0::1", "2001:db8::1"),
        (0, "::ffff:203.0.113.9", "", "203.0.113.9"),
    ],
)
def test_an_address_is_believed_from_our_own_proxies_only(settings, hops, near, passed, expected):
    settings.TRUSTED_PROXIES = hops
    request = RequestFactory().get("/", headers={"x-forwarded-for": passed}, REMOTE_ADDR=near)
    assert address_of(request) == expected
