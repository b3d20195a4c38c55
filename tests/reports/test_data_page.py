"""The page that documents the addresses of published data."""

import pytest

from priorities.models import QuarterStatus
from priorities.periods import Period
from reports.release import RELEASE
from reports.tidy import TABLES
from tests.answers import queries
from tests.closed import close_for_real
from tests.make import Q1, close, make_full_update, make_plan, make_quarter
from tests.published import publish_for_real

pytestmark = pytest.mark.django_db


def page(client, person):
    client.force_login(person)
    response = client.get("/data/")
    assert response.status_code == 200
    return response.content.decode()


def test_it_has_the_address_of_every_format_and_the_columns_of_every_table(client, manager, settings):
    settings.SITE_URL = "https://tracker.example.org"
    close(make_quarter(Q1))
    make_quarter(Q1.next)
    found = page(client, manager)
    for release in RELEASE.values():
        assert f"https://tracker.example.org/published/2022-23-q1/report.{release.suffix}" in found
    assert "https://tracker.example.org/published/2022-23-q1/v1/report.json" in found
    for table in TABLES:
        assert f"{table.name}.csv" in found
        assert all(f"<code>{column.name}</code>" in found for column in table.public)
    assert "suggested" not in found


@pytest.mark.parametrize(
    ("is_open", "told"),
    [(False, "They ask for a sign-in, which Excel and Power BI can’t give."), (True, "Nobody has to sign in")],
)
def test_it_says_whether_a_sign_in_is_needed(client, manager, settings, is_open, told):
    settings.PUBLIC_REPORTS = is_open
    assert told in page(client, manager)


def test_it_is_there_before_the_first_quarter(client, reader):
    assert "/published/2022-23-q1/report.json" in page(client, reader)


def test_every_page_of_a_quarter_leads_to_it(client, manager):
    make_quarter()
    client.force_login(manager)
    assert 'href="/data/"' in client.get("/2022-23-q1/").content.decode()


def test_it_costs_the_same_with_8_and_with_40_quarters(client, manager):
    plan = make_plan(first_year=2022, last_year=2031)
    client.force_login(manager)

    def quarters(first, last):
        for number in range(first, last):
            make_quarter(Period(2022 + number // 4, number % 4 + 1), status=QuarterStatus.CLOSED, plan=plan)

    quarters(0, 8)
    queries(client, "/data/")
    few = queries(client, "/data/")
    quarters(8, 40)
    assert queries(client, "/data/") == few <= 12


def test_its_addresses_are_of_the_newest_quarter_that_is_published(client, victims, manager):
    quarter = make_full_update(victims, make_quarter(Q1)).quarter
    close_for_real(quarter)
    told = "No quarter is published yet: these addresses answer once Q1 2022/23 is."
    assert told in page(client, manager)
    publish_for_real(quarter, manager)
    close(make_quarter(Q1.next))
    found = page(client, manager)
    assert told not in found
    assert "What is below is for Q1 2022/23" in found
    assert client.get("/published/2022-23-q1/v1/report.json").status_code == 200
