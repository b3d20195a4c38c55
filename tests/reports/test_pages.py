"""The pages, as their readers get them, and what they cost."""

import re
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from priorities.models import AssignmentRole, Definition, QuarterStatus, UpdateStatus
from tests.answers import queries
from tests.make import (
    Q1,
    close,
    door,
    make_assignment,
    make_full_update,
    make_indicator,
    make_person,
    make_plan,
    make_priority,
    make_quarter,
    make_reading,
    make_update,
)

pytestmark = pytest.mark.django_db

VICTIMS = "/2022-23-q1/victims-are-better-supported/"


def get(client, person, path, **kwargs):
    client.force_login(person)
    return client.get(path, **kwargs)


def text(response):
    return response.content.decode()


def test_home_leads_to_the_newest_quarter_with_something_to_read(client, manager, reader, victims):
    old = make_quarter()
    make_update(victims, old)
    close(old)
    make_update(victims, make_quarter(Q1.next))
    assert get(client, manager, "/").url == "/2022-23-q2/"
    assert get(client, reader, "/").url == "/2022-23-q1/"


def test_home_without_a_quarter_says_what_to_do_next(client, administrator, manager, reader):
    assert "manage.py import_workbook" in text(get(client, administrator, "/"))
    assert "An administrator sets the first one up" in text(get(client, manager, "/"))
    make_quarter()
    assert "You can read a quarter once it is closed" in text(get(client, reader, "/"))


def test_the_overview_shows_counts_ratings_and_what_is_missing(client, demo, demo_person):
    page = text(get(client, demo_person("manager"), "/2022-23-q1/"))
    assert "Indicators: 5 green, 1 amber, 1 red, 5 not judged" in page
    assert "Goals: 8 green, 2 amber" in page
    assert "Targets for 22/23 are being reviewed and will be included from Q2." in page
    assert "The Mayor&#x27;s refreshed VAWG Strategy" in page


def test_an_open_quarter_is_marked_draft_and_a_closed_one_is_not(client, demo, demo_person):
    manager = demo_person("manager")
    for path in ("/2022-23-q1/", VICTIMS, "/2022-23-q1/print/"):
        assert "DRAFT" in text(get(client, manager, path))
    close(demo)
    for path in ("/2022-23-q1/", VICTIMS, "/2022-23-q1/print/"):
        assert "DRAFT" not in text(get(client, manager, path))


def test_a_priority_shows_figures_variances_notes_and_slips(client, demo, demo_person):
    page = text(get(client, demo_person("manager"), VICTIMS))
    for expected in (
        "4,127",
        "£32.7m",
        "−2.4% (−£0.8m)",
        "[x]",
        "Data will be available from Q2.",
        "On baseline",
    ):
        assert expected in page
    assert "Spend against profile" in page
    assert "*" not in page.split("</head>")[1].replace("/*", "")


def test_the_suggestion_shows_only_where_it_differs(client, demo, demo_person):
    manager = demo_person("manager")
    row = "figures suggest"
    assert text(get(client, manager, VICTIMS)).lower().count('<span class="muted">green</span>') == 0, row
    page = text(get(client, manager, "/2022-23-q1/trust-and-confidence-increases/"))
    assert page.count('G <span class="muted">green</span>') == 2


def test_a_status_has_its_letter_and_its_word(client, demo, demo_person):
    page = text(get(client, demo_person("manager"), VICTIMS))
    assert '<span class="rag rag-g">G<span class="sr"> Green</span></span>' in page
    assert "Not judged" in page


def test_supplied_definitions_say_so_until_they_are_edited(client, demo, demo_person):
    manager = demo_person("manager")
    assert "supplied default" in text(get(client, manager, "/2022-23-q1/"))
    for definition in Definition.objects.all():
        definition.text = f"Agreed: {definition.text}"
        definition.save()
    page = text(get(client, manager, VICTIMS))
    assert "supplied default" not in page
    assert "Agreed: Forecast spend differs" in page


def test_what_is_not_open_to_a_reader_yet_says_so(client, demo, demo_person):
    page = text(get(client, demo_person("trust-lead"), VICTIMS))
    assert "This update is in progress. It is open to you once it is approved." in page
    assert "£16.5m" not in page
    overview = text(get(client, demo_person("trust-lead"), "/2022-23-q1/"))
    assert "Open to you once it is approved." in overview
    assert "Total of those shown" in overview


def test_a_quarter_that_is_not_open_to_somebody_is_refused_in_plain_words(client, reader, victims):
    make_update(victims)
    response = get(client, reader, "/2022-23-q1/")
    assert response.status_code == 403
    assert "Q1 2022/23 is not open to you yet. You can read a quarter once it is closed." in text(response)


def test_a_planned_quarter_says_that_it_has_not_been_opened(client, manager, victims):
    response = get(client, manager, "/2022-23-q2/")
    assert response.status_code == 403
    assert "Q2 2022/23 has not been opened yet." in text(response)


@pytest.mark.parametrize(
    "path", ["/2030-31-q1/", "/2022-23-q5/", "/2022-24-q1/", "/2022-23-q1/no-such-priority/", "/nonsense/"]
)
def test_what_is_not_there_is_a_404_with_a_way_on(client, demo, demo_person, path):
    response = get(client, demo_person("manager"), path)
    assert response.status_code == 404
    assert "Go to the newest report" in text(response)


def test_one_moves_between_quarters_and_priorities(client, manager, victims):
    for period in (Q1, Q1.next, Q1.next.next):
        make_update(victims, make_quarter(period))
    page = text(get(client, manager, "/2022-23-q2/"))
    assert 'href="/2022-23-q1/" rel="prev"' in page
    assert 'href="/2022-23-q3/" rel="next"' in page
    assert f'href="/2022-23-q2/{victims.slug}/"' in page


def test_text_is_never_markup(client, manager, victims):
    update = make_update(victims, narrative="<script>alert(1)</script>\n\nSecond & last")
    make_reading(update, make_indicator(victims, title="<b>bold</b>"))
    page = text(get(client, manager, f"/2022-23-q1/{victims.slug}/"))
    assert "<script>alert" not in page
    assert "<b>bold" not in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page


def test_an_empty_update_says_what_there_is_not(client, manager, victims):
    make_update(victims)
    page = text(get(client, manager, f"/2022-23-q1/{victims.slug}/"))
    for expected in (
        "No narrative has been written yet",
        "No figures and no note",
        "No indicators have been set up",
    ):
        assert expected in page


def test_an_open_quarter_without_updates_says_what_to_do_next(client, administrator, manager):
    make_quarter()
    assert "Import a workbook" in text(get(client, administrator, "/2022-23-q1/"))
    assert "An administrator adds them" in text(get(client, manager, "/2022-23-q1/"))


def test_pages_carry_a_content_security_policy_without_exceptions(client, demo, demo_person):
    response = get(client, demo_person("manager"), "/2022-23-q1/")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "style=" not in text(response)
    assert not re.search(r"<script(?! src=)|<script[^>]*>[^<]", text(response))  # files of ours only


def test_a_contributor_is_not_told_that_what_they_may_not_see_is_not_there(client, victims):
    finance = make_assignment(victims, make_person("finance"), AssignmentRole.CONTRIBUTOR, section="finance").person
    make_full_update(victims, make_quarter())
    page = text(get(client, finance, f"/2022-23-q1/{victims.slug}/"))
    assert "£32.7m" in page
    for untrue in ("No indicators", "No goals", "No risks", "No issues", 'href="#indicators"'):
        assert untrue not in page


def test_a_count_shows_what_its_target_comes_to_by_now(client, demo, demo_person):
    page = text(get(client, demo_person("manager"), VICTIMS))
    assert "500 by Q1" in page
    assert page.count(" by Q1") == 1


def test_stored_decimals_are_never_hidden(client, manager, victims):
    make_reading(make_update(victims), value=Decimal("64.5"), target=Decimal(65))
    page = text(get(client, manager, f"/2022-23-q1/{victims.slug}/"))
    assert "64.5%" in page
    assert ">65%<" in page


def test_a_figure_that_nobody_judged_is_missing_its_confidence(client, manager, victims):
    make_reading(make_update(victims), confidence="")
    page = text(get(client, manager, "/2022-23-q1/"))
    assert "Confidence</td>" in page
    assert "Not judged" in page


def test_nothing_missing_is_said_of_what_is_open_only(client, victims, trust, trust_lead):
    make_full_update(trust, make_quarter())
    make_update(victims, make_quarter())
    page = text(get(client, trust_lead, "/2022-23-q1/"))
    assert "Capability" in page.split('id="missing"')[1]
    update = trust.updates.get()
    with door(update):
        update.spend = update.capability = "G"
        update.save()
    page = text(get(client, trust_lead, "/2022-23-q1/"))
    assert "Nothing in the priorities that are open to you: every figure is there." in page


def test_the_forecast_against_the_budget_is_said_in_words(client, demo, demo_person):
    assert "£0.8m under" in text(get(client, demo_person("manager"), "/2022-23-q1/"))


def test_a_priority_does_not_take_the_address_of_another_page(client, manager):
    priority = make_priority("Print")
    make_update(priority)
    assert priority.slug == "print-priority"
    assert get(client, manager, "/2022-23-q1/print-priority/").status_code == 200
    priority.slug = "print"
    with pytest.raises(ValidationError, match="is the address of another page"):
        priority.full_clean()


SESSION_USER_AND_ROLES = 4  # session, person, groups, assignments


@pytest.mark.once
@pytest.mark.parametrize("role", ["manager", "victims_lead"])
def test_pages_take_at_most_ten_queries_whatever_the_rows_and_the_history(request, client, victims, role):
    client.force_login(request.getfixturevalue(role))
    plan = make_plan(first_year=2022, last_year=2031)
    make_full_update(victims, make_quarter(), rows=3)
    paths = ["/2022-23-q1/", f"/2022-23-q1/{victims.slug}/", "/2022-23-q1/print/"]
    few = {path: queries(client, path) for path in paths}
    period = Q1
    for _ in range(39):
        period = period.next
        make_full_update(victims, make_quarter(period, QuarterStatus.OPEN), rows=2)
    other = make_priority("Another priority", plan=plan)
    make_full_update(other, make_quarter(), rows=30)
    assert {path: queries(client, path) for path in paths} == few
    assert max(few.values()) <= 10 + SESSION_USER_AND_ROLES


def test_no_page_needs_a_query_more_for_approved_parts(
    client, victims, trust, trust_lead, django_assert_max_num_queries
):
    make_full_update(victims, make_quarter(), rows=3)
    make_update(trust, make_quarter(), status=UpdateStatus.APPROVED)
    client.force_login(trust_lead)
    with django_assert_max_num_queries(10 + SESSION_USER_AND_ROLES):
        client.get(reverse("reports:overview", args=[Q1]))
