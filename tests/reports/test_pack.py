"""The pack: the quarter on one page, and while it is open how far its approval is."""

import re
from html import unescape

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db.models import QuerySet
from django.utils import timezone

from priorities.models import Quarter, QuarterlyUpdate, UpdateStatus
from reports.pack import approvals_of
from reports.report import quarterly_report
from tests.answers import queries
from tests.make import (
    Q1,
    close,
    make_full_update,
    make_person,
    make_plan,
    make_priority,
    make_quarter,
    make_update,
    set_status,
)

pytestmark = pytest.mark.django_db
PACK, PRINT = "/2022-23-q1/pack/", "/2022-23-q1/print/"


def read(client, person, path=PACK):
    client.force_login(person)
    return re.sub(r"\s+", " ", unescape(client.get(path).content.decode()))


def put(row, **columns):
    QuerySet.update(type(row).objects.filter(pk=row.pk), **columns)


@pytest.fixture
def both(victims, trust):
    """Two priorities in progress."""
    quarter = make_quarter(overview="Going well.")
    return make_update(victims, quarter), make_update(trust, quarter)


def test_the_mark_says_draft_when_it_was_made_and_how_far_the_approval_is(client, manager, both):
    set_status(both[0], "approved")
    page = read(client, manager)
    mark = re.sub(r"<[^>]*>", "", re.search(r'<p class="pack-mark">(.*?)</p>', page)[1])
    now = timezone.localtime()
    assert re.fullmatch(
        rf"DRAFT · made {now:%-d %B %Y}, \d\d:\d\d · 1 of 2 priorities approved; overview in progress", mark
    )


@pytest.mark.parametrize("person", ["nobody in particular", "Ann Archer"])
@pytest.mark.parametrize("status", UpdateStatus.values)
def test_each_priority_has_its_state_at_its_head_and_in_the_list(client, manager, both, status, person):
    ann = make_person("ann", first_name="Ann", last_name="Archer") if person == "Ann Archer" else None
    at = timezone.now()
    moment = f"on {timezone.localtime(at):%-d %B %Y, %H:%M}"
    by = f"by Ann Archer {moment}" if ann else moment
    expected = {
        "in_progress": "In progress",
        "submitted": f"Submitted {by}",
        "in_review": f"In review, submitted {by}",
        "sent_back": "Sent back",
        "approved": f"Approved {by}",
        "closed": "Closed",
    }[status]
    put(both[0], status=status, submitted_by=ann, submitted_at=at, approved_by=ann, approved_at=at)
    page = read(client, manager)
    front, head = page.split('<article class="pack-part" id="victims-are-better-supported">')
    row = front.split('<a href="#victims-are-better-supported">', 1)[1].split("</tr>")[0]
    assert f'data-label="State">{expected}</td>' in row
    assert f'<p class="muted">{expected}</p>' in head.split("</article>")[0]


@pytest.mark.parametrize("status", UpdateStatus.values)
def test_the_overview_has_its_state_in_the_list_and_the_mark(client, manager, administrator, both, status):
    at = timezone.now()
    put(
        both[0].quarter,
        overview_status=status,
        overview_submitted_by=manager,
        overview_submitted_at=at,
        overview_approved_by=administrator,
        overview_approved_at=at,
    )
    page = read(client, manager)
    assert f"; overview {UpdateStatus(status).label.lower()}</p>" in page
    row = page.split('<a href="#narrative">Overview</a>')[1].split("</tr>")[0]
    moment = f"on {timezone.localtime(at):%-d %B %Y, %H:%M}"
    if status == "approved":
        assert f"Approved by administrator {moment}" in row
    elif status == "submitted":
        assert f"Submitted by manager {moment}" in row


@pytest.mark.parametrize(
    ("statuses", "summary"),
    [
        (["in_progress"], "0 of 1 priority approved; overview in progress"),
        (["approved"], "1 of 1 priority approved; overview in progress"),
        (["approved", "submitted", "approved"], "2 of 3 priorities approved; overview in progress"),
        (["approved", "closed", "sent_back"], "1 of 3 priorities approved, 1 closed; overview in progress"),
    ],
)
def test_the_summary_counts_what_is_approved(statuses, summary):
    quarter = make_quarter()
    for n, status in enumerate(statuses):
        make_update(make_priority(f"Priority {n}"), quarter, status=status)
    assert approvals_of(quarterly_report(quarter, None), quarter).summary == summary


def test_a_state_without_person_and_moment_is_a_word(client, manager, both):
    set_status(both[0], "in_review")
    assert '<p class="muted">In review</p>' in read(client, manager)


def test_a_pack_is_the_same_page_as_the_print(client, manager, both):
    same = [re.sub(r"\d\d:\d\d", "", read(client, manager, path)) for path in (PACK, PRINT)]
    assert same[0] == same[1]


def test_the_print_of_a_closed_quarter_has_no_draft_and_no_states(client, manager, both):
    close(both[0].quarter)
    for path in (PACK, PRINT):
        page = read(client, manager, path)
        assert "DRAFT" not in page
        assert "State of approval" not in page
        assert "pack-mark" not in page


def test_a_quarter_without_updates_has_a_pack_too(client, manager):
    make_quarter()
    page = read(client, manager)
    assert "DRAFT · made " in page
    assert "State of approval" not in page


def test_a_pack_has_only_what_its_reader_may_read(client, victims_lead, both):
    put(both[1], narrative="Not open yet.")
    put(both[0], narrative="Our own.")
    page = read(client, victims_lead)
    assert "Our own." in page
    assert "Not open yet." not in page
    assert "Going well." not in page
    assert "This update is in progress; it is shown once it is approved." in page
    assert "0 of 2 priorities approved" in page


def test_who_may_not_read_the_quarter_may_not_read_its_pack(client, reader, both):
    client.force_login(reader)
    assert client.get(PACK).status_code == 403
    close(both[0].quarter)
    assert client.get(PACK).status_code == 200


def test_the_report_leads_to_it(client, manager, both):
    assert f'<a href="{PACK}">Print the whole quarter, as a draft</a>' in read(client, manager, "/2022-23-q1/")
    close(both[0].quarter)
    assert f'<a href="{PACK}">Print the whole quarter</a>' in read(client, manager, "/2022-23-q1/")


def test_the_page_that_the_command_writes_is_marked_too(capsys, both):
    call_command("report", "2022-23-q1", format="html")
    page = capsys.readouterr().out
    assert "0 of 2 priorities approved; overview in progress" in page
    assert "State of approval" in page


def test_a_priority_does_not_take_its_address(victims):
    assert make_priority("Pack").slug == "pack-priority"
    victims.slug = "pack"
    with pytest.raises(ValidationError, match="is the address of another page"):
        victims.full_clean()


@pytest.mark.once
@pytest.mark.parametrize("role", ["manager", "victims_lead"])
def test_it_takes_as_many_queries_for_forty_quarters_as_for_one(request, client, victims, role):
    client.force_login(request.getfixturevalue(role))
    plan = make_plan(first_year=2022, last_year=2031)
    update = make_full_update(victims, make_quarter(), rows=3)
    make_update(make_priority("Another", plan=plan), update.quarter)
    approver = make_person("approver")
    put(update, status="approved", approved_by=approver, submitted_by=approver)

    few = queries(client, PACK)
    period = Q1
    for _ in range(39):
        period = period.next
        make_update(victims, make_quarter(period))
    for n in range(8):
        make_full_update(make_priority(f"Priority {n}", plan=plan), Quarter.objects.at(Q1).get(), rows=4)
    assert QuarterlyUpdate.objects.count() == 49
    assert queries(client, PACK) == few
    assert few <= 13
