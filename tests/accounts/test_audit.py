"""What is on record, who reads it and how it is taken away and forgotten."""

import datetime as dt

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.utils import timezone

from priorities.audit import Act, AuditEvent, record
from priorities.models import Role
from tests.make import close, make_full_update, make_person, make_quarter

pytestmark = pytest.mark.django_db
PASSWORD = "quarterly-demo"


def entries(*acts):
    found = AuditEvent.objects.order_by("pk")
    return [(e.act, e.name, e.about, e.detail) for e in (found.filter(act__in=acts) if acts else found)]


def test_signing_in_and_out_is_on_record_with_the_address_and_the_route(client, manager):
    client.post("/sign-in/", {"username": "manager", "password": PASSWORD})
    client.post("/sign-out/")
    assert entries() == [
        (Act.SIGNED_IN, "manager", "", "password"),
        (Act.SIGNED_OUT, "manager", "", ""),
    ]
    first = AuditEvent.objects.earliest("pk")
    assert (first.address, first.route) == ("127.0.0.1", "sign-in/")


def test_what_somebody_is_refused_is_on_record_without_the_query_string(client, reader):
    client.force_login(reader)
    client.get("/people/?q=secret")
    assert entries() == [(Act.REFUSED, "reader", "/people/", "GET")]


def test_what_strangers_are_refused_fills_no_log(client):
    client.get("/people/")
    client.get("/admin/")
    assert entries() == []


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/2022-23-q1/workbook.xlsx", ".xlsx"),
        ("/2022-23-q1/tables/risks.csv", "risks.csv"),
        ("/people/audit/download/", "audit-"),
        ("/2022-23-q2/template.xlsx", ".xlsx"),
    ],
)
def test_a_file_that_is_taken_is_on_record(client, administrator, victims, path, name):
    make_full_update(victims, make_quarter())
    client.force_login(administrator)
    assert client.get(path).status_code == 200
    ((act, by, about, detail),) = entries()
    assert (act, by, about) == (Act.EXPORTED, "administrator", path)
    assert name in detail


def test_an_export_of_the_administration_is_on_record(client, administrator):
    client.force_login(administrator)
    client.post("/admin/priorities/person/export/", {"format": "0", "resource": ""})
    assert [entry[:3] for entry in entries()] == [(Act.EXPORTED, "administrator", "/admin/priorities/person/export/")]


def test_reading_pages_is_not_on_record(client, administrator, victims):
    make_full_update(victims, make_quarter())
    client.force_login(administrator)
    for page in ("/2022-23-q1/", "/people/", "/people/audit/", "/admin/"):
        assert client.get(page).status_code == 200
    assert entries() == []


def test_roles_given_and_taken_on_the_page_of_people_are_on_record(client, administrator, reader):
    client.force_login(administrator)
    details = {"first_name": "", "last_name": "", "email": "", "role": Role.MANAGER, "role_shown": Role.READER}
    client.post(f"/people/{reader.pk}/", details)
    assert entries() == [
        (Act.ROLE_GIVEN, "administrator", "reader", "Manager"),
        (Act.ROLE_TAKEN, "administrator", "reader", "Reader"),
    ]


def in_admin(person, **changed):
    stored = {"username": person.username, "first_name": "", "last_name": "", "email": "", "is_active": "on"}
    return {name: value for name, value in (stored | changed).items() if value is not None}


def test_roles_and_deactivation_in_the_administration_are_on_record(client, administrator, reader):
    client.force_login(administrator)
    managers = Group.objects.get(name=Role.MANAGER)
    page = f"/admin/priorities/person/{reader.pk}/change/"
    assert client.post(page, in_admin(reader, groups=[managers.pk], is_active=None)).status_code == 302
    assert entries() == [
        (Act.PERSON_DEACTIVATED, "administrator", "reader", ""),
        (Act.ROLE_GIVEN, "administrator", "reader", "Manager"),
        (Act.ROLE_TAKEN, "administrator", "reader", "Reader"),
    ]


def test_inviting_deactivating_and_reactivating_are_on_record(client, administrator):
    client.force_login(administrator)
    names = {"first_name": "Ann", "last_name": "Lee", "email": "ann@example.org", "role": Role.READER}
    client.post("/people/invite/", names)
    ann = AuditEvent.objects.get(act=Act.INVITED).about
    pk = int(client.get(f"/people/?q={ann}").content.decode().split('href="/people/')[-1].split("/")[0])
    client.post(f"/people/{pk}/deactivate/", {})
    client.post(f"/people/{pk}/reactivate/", {})
    assert [(act, about) for act, _, about, _ in entries()] == [
        (Act.INVITED, "ann-lee"),
        (Act.ROLE_GIVEN, "ann-lee"),
        (Act.PERSON_DEACTIVATED, "ann-lee"),
        (Act.PERSON_ACTIVATED, "ann-lee"),
    ]


def test_reopening_a_quarter_is_on_record(client, administrator, victims, victims_lead, autumn):
    from reports.closing import reopen

    quarter = make_quarter()
    make_full_update(victims, quarter)
    close(quarter)
    reopen(
        quarter,
        by=administrator,
        for_=victims_lead,
        until=dt.date(2022, 10, 20),
        reason="Late figures",
        priorities=[victims],
    )
    assert (Act.REOPENED, "administrator", "Q1 2022/23", "For victims-lead until 20 October 2022") in entries()


@pytest.mark.usefixtures("contexts")
def test_entries_are_found_by_person_act_and_dates(client, administrator):
    client.force_login(administrator)
    record(Act.EXPORTED, by=make_person("ann"), about="/x/")
    record(Act.ROLE_GIVEN, by=administrator, about="ann", detail="Reader")
    old = record(Act.EXPORTED, by=make_person("bob"), about="/old/")
    AuditEvent._base_manager.filter(pk=old.pk).update(at=timezone.now() - dt.timedelta(days=9))

    def found(query):
        return client.get(f"/people/audit/?{query}").context["shown"].paginator.count

    week_ago = timezone.localdate() - dt.timedelta(days=7)
    assert [found(q) for q in ("", "who=ann", "act=exported", f"since={week_ago}", f"until={week_ago}")] == [
        3,
        2,
        2,
        2,
        1,
    ]


@pytest.mark.usefixtures("contexts")
def test_until_is_the_whole_of_its_day_and_may_be_the_last_there_is(client, administrator):
    client.force_login(administrator)
    late = record(Act.EXPORTED, by=None, about="/late/")
    evening = dt.datetime(2022, 7, 14, 22, 59, tzinfo=dt.UTC)  # 23:59 in London
    AuditEvent._base_manager.filter(pk=late.pk).update(at=evening)

    def found(until):
        return [event.about for event in client.get(f"/people/audit/?act=exported&until={until}").context["shown"]]

    assert [found(day) for day in ("2022-07-13", "2022-07-14", "9999-12-31")] == [[], ["/late/"], ["/late/"]]


def test_a_date_that_is_none_is_told(client, administrator):
    client.force_login(administrator)
    page = client.get("/people/audit/?since=soon").content.decode()
    assert "<title>Error: Audit log" in page
    assert "“soon” is not a date" in page


def test_before_a_date_is_wrong_the_form_says_how_one_is_written(client, administrator):
    client.force_login(administrator)
    assert client.get("/people/audit/").content.decode().count(", like 30/06/2022") == 2


@pytest.mark.parametrize("page", ["/people/audit/", "/people/audit/download/"])
@pytest.mark.parametrize("role", ["manager", "reader", "victims_lead"])
def test_only_administrators_read_it(request, client, role, page):
    client.force_login(request.getfixturevalue(role))
    assert client.get(page).status_code == 403


def test_what_is_downloaded_starts_no_formula(client, administrator):
    client.force_login(administrator)
    record(Act.INVITED, by=None, about="=HYPERLINK(1)", detail="@x")
    text = client.get("/people/audit/download/").content.decode()
    assert "=HYPERLINK" in text
    assert ",=HYPERLINK" not in text
    assert ",@x" not in text


@pytest.mark.parametrize("count", [3, 130])
def test_the_page_costs_the_same_for_few_entries_and_for_many(
    client, administrator, count, django_assert_max_num_queries
):
    client.force_login(administrator)
    for _ in range(count):
        record(Act.EXPORTED, by=administrator)
    with django_assert_max_num_queries(6):
        client.get("/people/audit/")


def test_what_is_older_than_the_setting_is_forgotten_and_that_is_on_record(settings, capsys):
    settings.AUDIT_DAYS = 10
    old = record(Act.SIGNED_IN, by=None)
    AuditEvent._base_manager.filter(pk=old.pk).update(at=timezone.now() - dt.timedelta(days=11))
    call_command("forget_audit", dry_run=True)
    assert len(entries()) == 1
    call_command("forget_audit")
    ((act, *_, detail),) = entries()
    assert act == Act.AUDIT_FORGOTTEN
    assert detail.startswith("1 from before")
