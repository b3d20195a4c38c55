"""The report as text and back; the pages and files of a closed quarter, whatever happens afterwards."""

import datetime as dt
import json
from dataclasses import fields, replace
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from indicators.models import Indicator
from priorities.history import Source
from priorities.models import Definition, Person, Priority, Quarter
from priorities.periods import Period
from reports import frozen
from reports.comparing import differences
from reports.frozen import Unreadable, checksum, freeze, newest, read, report_of, thaw
from reports.models import ClosedReport, NeverChanged
from reports.report import (
    Change,
    Closing,
    FinanceRow,
    GoalRow,
    IndicatorRow,
    Meaning,
    Point,
    PriorityReport,
    RatingCell,
    Report,
    Revision,
    RiskRow,
    quarterly_report,
)
from reports.views import readable
from risks.models import Risk
from tests.answers import queries
from tests.closed import close_for_real, printed, reopen_for
from tests.make import (
    Q1,
    close,
    door,
    make_full_update,
    make_plan,
    make_priority,
    make_quarter,
    make_update,
)
from tests.reports.test_pages import get, text
from updates.opening import open_quarter, plan_opening

pytestmark = pytest.mark.django_db
OVERVIEW, VICTIMS, PRINT = "/2022-23-q1/", "/2022-23-q1/victims-are-better-supported/", "/2022-23-q1/print/"


@pytest.fixture
def closed(closed_demo):
    return closed_demo


# Text and back

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
decimals = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9)
periods = st.builds(Period, st.integers(2000, 2099), st.integers(1, 4))
moments = st.datetimes(timezones=st.just(dt.UTC))
MADE = {
    "str": texts,
    "bool": st.booleans(),
    "int": st.integers(0, 10**6),
    "Decimal | None": st.none() | decimals,
    "Period": periods,
    "Period | None": st.none() | periods,
    "str | None": st.none() | texts,
    "dt.date | None": st.none() | st.dates(),
    "dt.datetime": moments,
    "dt.datetime | None": st.none() | moments,
    "frozenset[str]": st.frozensets(texts, max_size=3),
}


def made(kind):
    """Any object of this dataclass, each field by its type."""
    return st.builds(kind, **{field.name: MADE[field.type] for field in fields(kind)})


for kind in (Point, RatingCell, FinanceRow, IndicatorRow, RiskRow, GoalRow, Meaning, Closing, Change, Revision):
    MADE[kind.__name__] = made(kind)
    MADE[f"{kind.__name__} | None"] = st.none() | MADE[kind.__name__]
    MADE[f"tuple[{kind.__name__}, ...]"] = st.lists(MADE[kind.__name__], max_size=2).map(tuple)
MADE["tuple[PriorityReport, ...]"] = st.lists(made(PriorityReport), max_size=2).map(tuple)


@given(made(Report))
def test_what_is_frozen_thaws_to_the_very_same(report):
    body = freeze(report)
    again = thaw(body)
    assert again == report
    assert freeze(again) == body
    for before, after in zip(report.priorities, again.priorities, strict=True):
        assert [str(row.value) for row in before.indicators] == [str(row.value) for row in after.indicators]


def test_the_demo_thaws_to_the_very_same(demo):
    live = quarterly_report(demo, None)
    assert thaw(freeze(live)) == live
    assert differences(thaw(freeze(live)), live) == []


def test_the_text_of_a_report_is_canonical(demo):
    body = freeze(quarterly_report(demo, None))
    packed = json.loads(body)
    assert packed["schema"] == frozen.SCHEMA
    assert body == json.dumps(packed, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def small(**kwargs):
    return Report(Period(2022, 1), "closed", "The plan", "", True, None, (), (), **kwargs)


def test_a_body_with_keys_unknown_by_now_and_without_newer_ones_is_read():
    packed = json.loads(freeze(small()))
    packed["report"]["mascot"] = "an owl"
    del packed["report"]["closing"]
    assert thaw(json.dumps(packed)) == small()


def test_a_body_that_lacks_what_has_no_default_says_what():
    packed = json.loads(freeze(small()))
    del packed["report"]["plan"]
    with pytest.raises(Unreadable, match="It lacks “plan” of Report"):
        thaw(json.dumps(packed))


def test_a_body_of_an_older_schema_is_brought_up_step_by_step(monkeypatch):
    packed = json.loads(freeze(small()))
    packed["report"]["scheme"] = packed["report"].pop("plan")
    monkeypatch.setattr(frozen, "SCHEMA", 3)
    monkeypatch.setattr(
        frozen,
        "UPGRADES",
        {1: lambda old: old | {"plan": old["scheme"]}, 2: lambda old: old | {"plan": old["plan"] + "!"}},
    )
    assert thaw(json.dumps(packed)).plan == "The plan!"


def test_a_body_of_a_newer_schema_is_not_guessed_at():
    packed = json.loads(freeze(small())) | {"schema": 99}
    with pytest.raises(Unreadable, match="newer version of the software"):
        thaw(json.dumps(packed))


# Whatever happens afterwards


def everything_is_changed(demo):
    """Names, wordings, set-up, people, the plan, and two more quarters."""
    for number, priority in enumerate(Priority.objects.order_by("-position")):
        priority.title, priority.slug, priority.position = f"Renamed {number}", f"renamed-{number}", number
        priority.save()
    for number, indicator in enumerate(Indicator.objects.all()):
        indicator.title, indicator.reference, indicator.decimals = f"Renamed indicator {number}", f"{number}x", 3
        indicator.tolerance = Decimal(40)
        indicator.save()
    for definition in Definition.objects.all():
        definition.text = f"Agreed: {definition.text}"
        definition.save()
    demo.plan.title = "Another plan"
    demo.plan.save()
    for risk in Risk.objects.all():
        risk.owner = "Somebody else"
        risk.save()
    for person in Person.objects.filter(username__endswith="-lead"):
        person.first_name, person.is_active = "Renamed", False
        person.save()
        person.assignments.all().delete()
    for period in (Period(2022, 2), Period(2022, 3)):
        opened = open_quarter(plan_opening(period), by=None, source=Source.COMMAND)
        for update in opened.updates.all():
            with door(update):
                for row in update.assessments.all():
                    row.description, row.level = f"Reworded: {row.description}", "L"
                    row.save()


def test_the_json_of_a_closed_quarter_is_byte_for_byte_the_same_whatever_is_changed_later(closed, capsys):
    before = {name: printed(capsys, "2022-23-q1", "--format", name) for name in ("json", "html")}
    everything_is_changed(closed)
    assert {name: printed(capsys, "2022-23-q1", "--format", name) for name in ("json", "html")} == before


def test_the_pages_of_a_closed_quarter_say_what_they_said(client, closed, demo_person):
    manager = demo_person("manager")

    def main(path):
        page = text(get(client, manager, path)).split("<main", 1)[1].split("</main>")[0]
        return page.replace(' href="/2022-23-q1/renamed-', ' href="/2022-23-q1/')

    pages = (OVERVIEW, PRINT)
    before = [main(page) for page in pages]
    everything_is_changed(closed)
    assert [main(page) for page in pages] == before
    page = text(get(client, manager, VICTIMS))
    assert "<h1>Victims are better supported" in page
    assert "Renamed" not in page.split("<main", 1)[1]


def test_a_priority_is_found_by_the_slug_it_had_and_by_the_one_it_has(client, closed, demo_person):
    manager = demo_person("manager")
    everything_is_changed(closed)
    now = Priority.objects.get(title="Renamed 3")
    assert get(client, manager, VICTIMS).status_code == 200
    assert get(client, manager, f"{OVERVIEW}{now.slug}/").url == VICTIMS
    assert get(client, manager, f"{OVERVIEW}no-such-priority/").status_code == 404
    page = text(get(client, manager, VICTIMS))
    assert f'href="{OVERVIEW}{now.slug}/update/history/ratings/"' in page
    assert get(client, manager, f"{OVERVIEW}{now.slug}/update/history/ratings/").status_code == 200


def test_everybody_who_reads_closed_quarters_reads_all_of_it_and_fills_in_nothing(client, closed, demo_person, reader):
    for person in (reader, demo_person("trust-lead"), demo_person("administrator")):
        page = text(get(client, person, VICTIMS))
        assert "£32.7m" in page
        assert "Fill it in" not in page
        assert "DRAFT" not in page


def test_what_was_closed_before_reports_were_frozen_is_read_live(client, demo, demo_person, capsys):
    close(demo)
    page = text(get(client, demo_person("manager"), OVERVIEW))
    assert "£0.8m under" in page
    assert json.loads(printed(capsys, "2022-23-q1"))["closing"] is None
    told = text(get(client, demo_person("manager"), "/2022-23-q1/closing/"))
    assert "It was closed before reports were frozen: its pages show what the data say now." in told


def test_the_closing_is_in_the_json_as_keys_of_its_own(closed, capsys):
    report = json.loads(printed(capsys, "2022-23-q1"))
    closed_at = newest(closed).closed_at
    assert report["status"] == "closed"
    assert report["closing"] == {
        "version": 1,
        "closed_at": closed_at.isoformat(),
        "closed_by": None,
        "reason": "",
        "corrects": "",
        "not_approved": [],
    }
    assert {part["status_at_closing"] for part in report["priorities"]} == {"approved"}


def test_a_version_is_printed_by_its_number(closed, demo_person, capsys):
    victims = Priority.objects.get(slug="victims-are-better-supported")
    first = printed(capsys, "2022-23-q1")
    reopen_for(demo_person("victims-lead"), closed, victims)
    assert json.loads(printed(capsys, "2022-23-q1"))["status"] == "open"
    close_for_real(closed)
    assert json.loads(printed(capsys, "2022-23-q1"))["closing"]["version"] == 2
    assert printed(capsys, "2022-23-q1", "--closed-version", "1") == first
    with pytest.raises(CommandError, match="Q1 2022/23 has no closed version 3. There are: 1, 2."):
        call_command("report", "2022-23-q1", closed_version=3)


# Tampering


def tamper(**columns):
    """Past the model, as somebody with the database in hand would."""
    sets = ", ".join(f"{name} = %s" for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE reports_closedreport SET {sets}", list(columns.values()))  # noqa: S608


CHANGED = "The closed report of Q1 2022/23, version 1 does not match its checksum"


def test_a_body_that_was_changed_is_never_shown_and_every_page_names_it(client, closed, demo_person, capsys):
    tamper(body=newest(closed).body.replace("32700000", "99900000"))
    manager = demo_person("manager")
    for path in (OVERVIEW, VICTIMS, PRINT, "/2022-23-q1/versions/1/"):
        response = get(client, manager, path)
        assert response.status_code == 500
        assert CHANGED in text(response)
        assert "99.9" not in text(response)
    with pytest.raises(CommandError, match=CHANGED):
        call_command("report", "2022-23-q1")
    with pytest.raises(SystemExit) as stopped:
        call_command("check_closed")
    assert stopped.value.code == 1
    assert CHANGED in capsys.readouterr().err
    assert "No: its checksum does not hold" in text(get(client, manager, "/2022-23-q1/closing/"))
    assert CHANGED in text(get(client, manager, "/2022-23-q1/closing/?compare"))


def test_a_report_that_was_read_is_kept_at_hand_and_never_stands_in_for_one_that_was_changed_since(closed):
    assert read(newest(closed)) is read(newest(closed))
    tamper(body=newest(closed).body.replace("32700000", "99900000"))
    with pytest.raises(Unreadable, match=CHANGED):
        read(newest(closed))


@pytest.mark.sqlite
def test_when_each_was_closed_is_read_without_a_walk_over_its_body(closed, demo_person):
    with CaptureQueriesContext(connection) as found:
        readable(demo_person("manager"))
    shelf = next(each["sql"] for each in found if '"standing_since"' in each["sql"])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {shelf}")
        steps = [detail for *_, detail in cursor.fetchall() if "closed_report_when" in detail]
    assert steps
    assert all("COVERING INDEX" in step for step in steps), steps


def test_a_body_of_another_report_with_its_own_checksum_is_not_taken_for_it(closed):
    other = replace(read(newest(closed)), quarter=Period(2021, 1))
    tamper(body=freeze(other), checksum=checksum(freeze(other)))
    with pytest.raises(Unreadable, match="is another one's"):
        report_of(closed, None)


@pytest.mark.parametrize("body", ["", "{}", '{"schema":1,"report":{}}', "[]"])
def test_a_body_that_is_none_is_told_in_words(closed, body):
    tamper(body=body, checksum=checksum(body))
    with pytest.raises(Unreadable, match="The closed report of Q1 2022/23, version 1 can't be read"):
        report_of(closed, None)


def test_a_closed_report_is_never_changed_nor_deleted(closed):
    version = newest(closed)
    for act in (version.save, version.delete, ClosedReport.objects.all().delete):
        with pytest.raises(NeverChanged):
            act()


# Frozen against live


def check_closed(capsys, *args):
    capsys.readouterr()
    try:
        call_command("check_closed", *args)
    except SystemExit as stopped:
        return stopped.code, capsys.readouterr().out
    return 0, capsys.readouterr().out


def test_the_check_finds_nothing_in_a_quarter_that_was_just_closed(closed, capsys):
    told = "Q1 2022/23, version 1: its checksum holds; nothing differs.\n"
    assert check_closed(capsys) == check_closed(capsys, "2022-23-q1") == (0, told)


def test_the_check_tells_each_renaming_and_stays_content(closed, capsys):
    first = Indicator.objects.order_by("priority__position", "position", "pk").first()
    old, first.title = first.title, "Something else"
    first.save()
    code, told = check_closed(capsys)
    where = f"Q1 2022/23, {first.priority.title}, Indicator {first.reference} title"
    assert code == 0
    assert f"{where}: frozen “{old}”, now “Something else”" in told
    assert "its checksum holds; 1 difference to what the data say now." in told


def test_the_check_tells_everything_that_is_called_otherwise_and_calls_none_of_it_tampering(closed, capsys):
    everything_is_changed(closed)
    code, told = check_closed(capsys)
    assert code == 0
    for expected in (
        "Q1 2022/23, plan: frozen",
        "Victims are better supported, slug: frozen “victims-are-better-supported”, now “renamed-3”",
        "Q1 2022/23, meaning of G for time text: frozen",
        "Q1 2022/23, order of priorities: frozen",
        "Risk 1 owner: frozen nothing, now “Somebody else”",
    ):
        assert expected in told
    assert "past the door" not in told


def test_a_figure_changed_past_the_door_is_marked_and_has_an_exit_code_of_its_own(closed, capsys, client, demo_person):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE priorities_quarterlyupdate SET narrative = 'All is well.'")
        cursor.execute("DELETE FROM finance_financialposition")
    code, told = check_closed(capsys)
    assert code == 2
    assert "narrative: frozen “" in told
    assert "now “All is well.”  (not a name or set-up: changed past the door)" in told
    assert "Victims are better supported, Finance Q1: frozen “there”, now nothing" in told
    page = text(get(client, demo_person("manager"), "/2022-23-q1/closing/?compare"))
    assert "Nothing: ask who changed it" in page
    assert "All is well." in page


def test_the_check_speaks_of_quarters_that_it_can_not_compare(victims, victims_lead, capsys):
    old = make_quarter()
    make_update(victims, old)
    close(old)
    assert check_closed(capsys) == (
        0,
        "Q1 2022/23 was closed before reports were frozen: there is nothing to check.\n",
    )
    reopen_for(victims_lead, old, victims)
    assert check_closed(capsys) == (0, "Q1 2022/23 is reopened; version 1 stands.\n")
    with pytest.raises(CommandError, match="Q2 2022/23 is not a closed quarter here"):
        call_command("check_closed", "2022-23-q2")
    with pytest.raises(CommandError, match="is not a quarter"):
        call_command("check_closed", "spring")


def test_the_page_says_where_nothing_differs(client, closed, demo_person):
    page = text(get(client, demo_person("manager"), "/2022-23-q1/closing/?compare"))
    assert "The data still say what the closed report says, word for word." in page


# Cost

SESSION_USER_AND_ROLES = 4


def thirty_nine_more_quarters(victims):
    period = Q1
    for _ in range(39):
        period = period.next
        make_full_update(victims, make_quarter(period), rows=2)
        close_for_real(make_quarter(period))


@pytest.mark.once
def test_pages_of_a_closed_quarter_cost_four_queries_at_most_whatever_the_rows_and_the_history(
    client, victims, manager
):
    client.force_login(manager)
    make_plan(first_year=2022, last_year=2031)
    make_full_update(victims, make_quarter(), rows=3)
    close_for_real(Quarter.objects.get(status="open"))
    pages = [OVERVIEW, VICTIMS, PRINT, "/2022-23-q1/versions/1/"]
    few = [queries(client, page) for page in pages]
    thirty_nine_more_quarters(victims)
    make_priority("Another priority")
    assert [queries(client, page) for page in pages] == few
    assert max(few) <= 4 + SESSION_USER_AND_ROLES


@pytest.mark.once
@pytest.mark.parametrize("state", ["open", "closed", "reopened"])
def test_the_page_of_closing_costs_at_most_twelve_at_one_and_forty_quarters(client, victims, administrator, state):
    client.force_login(administrator)
    make_plan(first_year=2022, last_year=2031)
    pages = ["/2022-23-q1/closing/"]
    make_full_update(victims, make_quarter(), rows=3)
    if state != "open":
        close_for_real(Quarter.objects.get(status="open"))
    if state == "closed":
        pages.append("/2022-23-q1/closing/?compare")
    if state == "reopened":
        reopen_for(administrator, Quarter.objects.get(status="closed"), victims)
    few = [queries(client, page) for page in pages]
    thirty_nine_more_quarters(victims)
    if state != "closed":
        for number in range(10):
            make_full_update(make_priority(f"Priority {number}"), Quarter.objects.at(Q1).get(), rows=5)
    assert [queries(client, page) for page in pages] == few
    assert max(few) <= 12
