"""Pages that read quarters together: what each shows, to whom, and what it costs."""

from dataclasses import replace
from decimal import Decimal

import pytest

from goals.models import Goal
from priorities.models import QuarterStatus, Role
from priorities.periods import Period
from reports.across import compared_report, everybodys_comparison, for_the_command_line
from reports.audience import public
from reports.changes import with_changes
from reports.comparing import differences
from reports.frozen import newest, read, thaw
from reports.models import ClosedReport
from reports.report import quarterly_report
from reports.timeline import MOST, Bar, goal_timeline, span
from risks.models import Assessment, Risk
from tests.answers import queries
from tests.closed import approve, close_for_real, fresh, printed, reopen_for
from tests.make import (
    Q1,
    close,
    door,
    make_assessment,
    make_forecast,
    make_full_update,
    make_goal,
    make_plan,
    make_position,
    make_quarter,
    make_reading,
    make_update,
    set_status,
    with_role,
)

pytestmark = pytest.mark.django_db

Q2 = Q1.next
PAGES = ["changes", "exceptions", "year", "risks", "goals"]


def get(client, person, path):
    client.force_login(person)
    return client.get(path)


def text(response):
    return " ".join(response.content.decode().split())


def again(update, row, **kwargs):
    """The same indicator, risk or goal in another quarter's update."""
    name = {"Reading": "indicator", "Assessment": "risk", "GoalForecast": "goal"}[type(row).__name__]
    fields = {f.attname for f in row._meta.concrete_fields} - {"id", "update_id", "version"}
    made = type(row)(update=update, **{**{each: getattr(row, each) for each in fields}, **kwargs})
    assert getattr(made, f"{name}_id")
    with door(update):
        made.save()
    return made


@pytest.fixture
def two(victims):
    """A closed quarter and an open one, in which each kind of row has moved."""
    first = make_update(victims, make_quarter(), objectives="G", time="A", spend="G", capability="G", risk="G")
    rows = {
        "reading": make_reading(first),
        "risk": make_assessment(first, level="M", trend="level", description="Demand may rise"),
        "goal": make_forecast(first),
    }
    make_position(first)
    close_for_real(first.quarter)
    second = make_update(victims, make_quarter(Q2), objectives="R", time="A", spend="G", capability="G", risk="G")
    again(second, rows["reading"], value=Decimal(20), confidence="A", note="Fewer came.")
    again(second, rows["risk"], level="H", trend="up")
    again(second, rows["goal"], forecast=Period(2023, 1), confidence="A")
    make_position(second, period=2, forecast=33_000_000)
    return fresh(first.quarter), fresh(second.quarter)


TOLD = [
    "Victims are better supported, objectives: the rating is red; it was green in Q1.",
    "does not meet its target any more, 20% against 25%; in Q1 it was 27% against 25%.",
    "Risk “Demand may rise”: up, from medium to high.",
    "Goal 1, Goal 1: slipped, 2 quarters later: from Q3 to Q1 2023/24.",
    "the forecast of the year rose by 3.4%, from £31.9m to £33.0m since Q1.",
]


# What changed


@pytest.mark.parametrize("name", ["", "changes/", "print/"])
def test_what_changed_is_told_on_the_overview_in_the_print_and_on_its_own(client, two, manager, name):
    shown = text(get(client, manager, f"/2022-23-q2/{name}"))
    assert "What changed since Q1 2022/23" in shown
    for told in TOLD:
        assert told in shown
    assert "unreadable" not in shown


def test_each_change_leads_to_its_row(client, two, victims, manager):
    page = text(get(client, manager, "/2022-23-q2/changes/"))
    key = victims.indicators.get().key
    assert f'href="/2022-23-q2/{victims.slug}/#{key}"' in page
    assert f'href="/2022-23-q2/{victims.slug}/#finance"' in page
    pack = text(get(client, manager, "/2022-23-q2/print/"))
    assert f'href="#{key}"' in pack
    assert f'id="{key}"' in pack
    assert f'href="#{victims.slug}-finance"' in pack
    assert f'id="{victims.slug}-finance"' in pack


def test_the_first_quarter_says_that_there_is_none_before_it(client, victims, manager):
    make_update(victims)
    assert "There is no quarter before Q1 2022/23 to compare it with." in text(
        get(client, manager, "/2022-23-q1/changes/")
    )


def test_a_quarter_in_which_nothing_moved_says_so(client, victims, manager):
    make_update(victims)
    make_update(victims, make_quarter(Q2))
    page = text(get(client, manager, "/2022-23-q2/changes/"))
    assert "Nothing that is compared has changed" in page
    assert "Nothing that is compared has changed." in text(get(client, manager, "/2022-23-q2/"))


def test_it_is_compared_with_the_newest_quarter_that_was_begun(client, two, victims, manager):
    make_update(victims, make_quarter(Q1.plus(3)))
    assert "What changed since Q2 2022/23" in text(get(client, manager, "/2022-23-q4/changes/"))


def test_a_quarter_before_that_its_reader_may_not_read_is_not_compared_and_not_shown(client, victims, manager, reader):
    first = make_update(victims, make_quarter())
    make_reading(first, value=Decimal(99))
    second = make_update(victims, make_quarter(Q2))
    again(second, first.readings.get(), value=Decimal(1))
    close(second.quarter)
    page = text(get(client, reader, "/2022-23-q2/changes/"))
    assert "Q1 2022/23 is not open to you yet, so nothing is compared with it." in page
    assert "99%" not in page
    assert "99%" in text(get(client, manager, "/2022-23-q2/changes/"))


def test_a_priority_that_was_not_approved_before_is_not_compared_for_others(client, victims, trust, trust_lead):
    for period in (Q1, Q2):
        make_update(trust, make_quarter(period))
    first = make_update(victims, make_quarter())
    make_reading(first, value=Decimal(99))
    second = make_update(victims, make_quarter(Q2))
    again(second, first.readings.get(), value=Decimal(1))
    set_status(second, "approved")
    page = text(get(client, trust_lead, "/2022-23-q2/changes/"))
    assert "“Victims are better supported” is not compared: Q1 2022/23 of it is not open to you yet." in page
    assert "99%" not in page


def test_while_the_quarter_before_is_reopened_its_closed_version_is_compared(client, two, victims, victims_lead, trust):
    first, _ = two
    trusted = make_update(trust, make_quarter(Q2))
    with door(trusted):
        trusted.narrative = "Going well."
        trusted.save()
    reopen_for(victims_lead, first, victims)
    update = victims.updates.get(quarter=first)
    reading = update.readings.get()
    with door(update, by=victims_lead):
        reading.value = Decimal(98)
        reading.save()
    reader = with_role("late-reader", Role.READER)
    close(make_quarter(Q2))
    assert "98%" not in text(get(client, reader, "/2022-23-q2/changes/"))
    assert "27% against 25%" in text(get(client, reader, "/2022-23-q2/changes/"))


# Kept with the closing


def test_closing_keeps_what_changed_and_it_stays_as_it_was(client, two, victims, manager):
    first, second = two
    approve(victims.updates.get(quarter=second))
    kept = read(close_for_real(second))
    assert kept.compared_with == Q1
    assert [change.text for change in kept.changes if "objectives" in change.text] == [TOLD[0]]
    indicator = victims.indicators.get()
    indicator.title = "Renamed since"
    indicator.save()
    reopen_for(manager, first, overview=True)
    assert "Renamed since" not in text(get(client, manager, "/2022-23-q2/changes/"))
    assert TOLD[1] in text(get(client, manager, "/2022-23-q2/changes/"))


def test_closed_while_the_quarter_before_was_open_nothing_of_that_is_kept(two, victims, manager):
    third = make_update(victims, make_quarter(Q1.plus(2)))
    closed = read(close_for_real(third.quarter))
    assert closed.changes == ()
    assert closed.not_compared == "Q2 2022/23 was not closed when this quarter was, so nothing is compared with it."


def test_a_report_closed_before_changes_were_kept_is_compared_when_it_is_read(client, two, victims, manager):
    _, second = two
    approve(victims.updates.get(quarter=second))
    close_for_real(second)
    body = newest(second).body
    old = thaw(body.replace('"compared_with":"2022-23-q1"', '"compared_with":null').replace('"changes":[', '"was":['))
    assert not old.is_compared
    report = compared_report(second, [second, fresh(two[0])], None)
    assert TOLD[0] in [change.text for change in report.changes]


def test_a_quarter_closed_before_reports_were_frozen_is_compared_as_it_stands(victims):
    first = make_update(victims, make_quarter(), time="G")
    close(first.quarter)
    second = make_update(victims, make_quarter(Q2), time="R")
    found = everybodys_comparison(quarterly_report(second.quarter, None), second.quarter)
    assert [change.kind for change in found.changes] == ["rating red"]


def test_a_closed_report_that_was_tampered_with_is_not_compared_and_the_quarter_after_stays_readable(
    client, two, manager
):
    first, second = two
    ClosedReport.objects.filter(quarter=first)._update([(ClosedReport._meta.get_field("body"), None, "{}")])
    page = get(client, manager, "/2022-23-q2/changes/")
    assert page.status_code == 200
    assert "Nothing is compared. The closed report of Q1 2022/23, version 1 does not match its checksum" in text(page)
    found = everybodys_comparison(quarterly_report(second, None), second)
    assert found.not_compared == "The closed report of Q1 2022/23 can’t be read, so nothing is compared with it."


def test_comparing_frozen_with_live_passes_over_what_it_said_of_the_quarter_before(two, victims):
    _, second = two
    approve(victims.updates.get(quarter=second))
    kept = read(close_for_real(second))
    assert kept.changes
    assert [str(each) for each in differences(kept, quarterly_report(fresh(second), None))] == []


def test_the_public_form_is_compared_with_the_public_form_of_the_quarter_before(two):
    """What a risk was while it was internal, and whatever else was withheld, is not told by what changed since."""
    mine = Assessment.objects.get(update__quarter=two[1])
    with door(mine.update):
        mine.is_top = True
        mine.save()
    report = quarterly_report(two[1], None)
    assert any("from medium to high" in each.text for each in everybodys_comparison(report, two[1]).changes)
    told = [each.text for each in for_the_command_line(two[1], public(report)).changes]
    assert "Risk “Demand may rise”: new in this report, high." in told
    assert not any("medium" in each for each in told)


def test_a_risk_that_is_not_public_any_more_is_not_told_of_again(two):
    before, report = (public(quarterly_report(quarter, None)) for quarter in two)
    gone = quarterly_report(two[0], None).priorities[0].risks[0]
    before = replace(before, priorities=(replace(before.priorities[0], risks=(gone,)),))
    assert not any("Demand may rise" in each.text for each in with_changes(report, before).changes)


def test_the_json_tells_the_same(two, capsys):
    shown = printed(capsys, "2022-23-q2")
    assert '"compared_with": "2022-23-q1"' in shown
    assert TOLD[0] in shown
    assert '"not_compared": "There is no quarter before Q1 2022/23' in printed(capsys, "2022-23-q1")


# Exceptions


def test_exceptions_are_all_that_is_red_amber_or_missing(client, two, manager):
    page = text(get(client, manager, "/2022-23-q2/exceptions/"))
    for told in ("Objectives rating", "Time rating", "20% YTD against 25%", "Fewer came.", "Forecast Q1 2023/24"):
        assert told in page
    assert "Spend rating" not in page
    assert "1 red" in page
    assert "1 high" in page
    assert "Demand may rise" not in page


@pytest.mark.parametrize(
    ("query", "there", "not_there"),
    [
        ("?status=R", "Objectives rating", "Time rating"),
        ("?status=H", "Demand may rise", "Objectives rating"),
        ("?what=goals", "Goal 1: Goal 1", "Objectives rating"),
        ("?status=A&what=ratings", "Time rating", "20% YTD"),
        ("?priority=victims-are-better-supported", "Time rating", "Demand may rise"),
    ],
)
def test_the_address_says_which_exceptions_are_shown(client, two, manager, query, there, not_there):
    page = text(get(client, manager, f"/2022-23-q2/exceptions/{query}")).split("<table")[-1]
    assert there in page
    assert not_there not in page


def test_a_filter_that_leaves_nothing_says_so(client, two, manager):
    page = text(get(client, manager, "/2022-23-q2/exceptions/?status=R&what=goals"))
    assert "There is nothing of this kind." in page


def test_a_filter_that_leaves_nothing_of_what_is_open_says_that_there_may_be_more(client, two, trust, trust_lead):
    make_update(trust, make_quarter(Q2))
    page = text(get(client, trust_lead, "/2022-23-q2/exceptions/?status=H"))
    assert "There is nothing of this kind in what is open to you." in page


@pytest.mark.parametrize(("words", "why"), [("", "Not answered yet"), ("Late.", "Told in its note")])
def test_figures_of_money_that_are_not_there_are_missing(client, victims, manager, words, why):
    update = make_update(victims, finance_note=words)
    make_position(update, budget=None, ytd_actual=None)
    make_position(update, period=2, ytd_actual=None)
    page = text(get(client, manager, "/2022-23-q1/exceptions/?what=finance&status=missing"))
    table = page.split("<table")[1]
    assert "1 shown" in table
    assert "No budget and no actual to date" in table
    assert why in table
    assert quarterly_report(update.quarter, None).priorities[0].absences[-1].of == "Finance, Q1"


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (
            "?status=purple",
            "“purple” is no status here; there are Red (R), High (H), Amber (A) and Missing (missing). The usual is",
        ),
        ("?what=money", "“money” is no section here; there are Ratings and narrative (ratings), Finance (finance)"),
        (
            "?priority=gone",
            "“gone” is no priority here; there are Victims are better supported (victims-are-better-supported). All",
        ),
    ],
)
def test_an_address_that_names_what_is_not_there_says_what_is(client, two, manager, query, told):
    page = text(get(client, manager, f"/2022-23-q2/exceptions/{query}"))
    assert told in page
    assert "Objectives rating" in page


@pytest.mark.parametrize("query", ["?status=", "?what=%00", "?status=&what=&priority="])
def test_an_address_that_asks_for_nothing_shows_the_usual(client, two, manager, query):
    page = text(get(client, manager, f"/2022-23-q2/exceptions/{query}"))
    assert "<title>Exceptions" in page
    assert "Objectives rating" in page
    assert "Demand may rise" not in page


def test_the_usual_says_that_high_risks_are_not_among_it(client, two, manager):
    told = "High risks and issues are not among those shown"
    page = text(get(client, manager, "/2022-23-q2/exceptions/"))
    assert told in page
    link = "?status=R&amp;status=H&amp;status=A&amp;status=missing"
    assert f'<a href="{link}">show them too</a>' in page
    both = text(get(client, manager, f"/2022-23-q2/exceptions/{link.replace('amp;', '')}"))
    assert "Demand may rise" in both
    assert told not in both


def test_what_is_not_answered_is_missing(client, victims, manager):
    update = make_update(victims)
    make_assessment(update, level="", trend="")
    make_forecast(update, confidence="")
    make_reading(update, value=None, missing="x", note="Comes in Q2.")
    page = text(get(client, manager, "/2022-23-q1/exceptions/?status=missing"))
    for told in ("No level", "No confidence", "No value", "Not available. Comes in Q2.", "No table of figures"):
        assert told in page


def test_exceptions_show_nothing_that_is_not_open(client, two, victims, trust, trust_lead):
    make_update(trust, make_quarter(Q2))
    page = text(get(client, trust_lead, "/2022-23-q2/exceptions/"))
    assert "Fewer came." not in page
    assert "20% YTD" not in page


# The year


def test_the_year_shows_what_each_quarter_said(client, two, victims, manager):
    indicator = victims.indicators.get()
    indicator.title = "Renamed since"
    indicator.save()
    page = text(get(client, manager, "/2022-23-q2/year/"))
    row = page.split("1a Renamed since")[1].split("</tr>")[0]
    assert "27% YTD" in row
    assert "20% YTD" in row
    assert "version 1" in page
    assert "q2: draft; q3: not opened yet" in page.lower()
    assert page.count("Not opened yet") == 8 // 4


def test_the_year_says_when_a_quarter_was_closed(client, two, manager):
    closed = newest(two[0]).closed_at
    assert f"Q1: closed on {closed:%-d %B %Y}, version 1" in text(get(client, manager, "/2022-23-q2/year/"))


def test_the_year_tells_readers_what_is_not_open_to_them_from_what_was_not_opened(client, two, reader):
    page = text(get(client, reader, "/2022-23-q1/year/"))
    assert "Q2: not open to you yet; Q3: not opened yet; Q4: not opened yet." in page


def test_the_goals_of_the_year_are_in_the_order_of_their_numbers(client, victims, manager):
    make_forecast(make_update(victims, make_quarter()), make_goal(victims, 1, title="Done early"), confidence="CG")
    make_forecast(make_update(victims, make_quarter(Q2)), make_goal(victims, 2, title="Still going"))
    page = text(get(client, manager, "/2022-23-q2/year/"))
    assert page.index("1 Done early") < page.index("2 Still going")


def test_the_year_names_another_basis_in_its_cell(client, victims, manager):
    first = make_update(victims, make_quarter())
    make_reading(first)
    second = make_update(victims, make_quarter(Q2))
    again(second, first.readings.get(), basis="rolling_12_months")
    page = text(get(client, manager, "/2022-23-q2/year/"))
    assert "27% YTD" in page
    assert "27% R12" in page


def test_the_year_says_what_a_priority_was_called(client, two, victims, manager):
    victims.title = "Victims first"
    victims.save()
    page = text(get(client, manager, "/2022-23-q2/year/"))
    assert "It was called “Victims are better supported” in Q1." in page


def test_the_year_keeps_what_is_not_open_shut(client, two, victims, trust, trust_lead):
    make_update(trust, make_quarter(Q2))
    page = text(get(client, trust_lead, "/2022-23-q2/year/"))
    assert "27% YTD" in page
    assert "20% YTD" not in page
    assert "Not opened yet" in page


# Risks


def test_the_register_shows_owners_and_courses(client, two, manager):
    risk = Risk.objects.get()
    risk.owner = "Head of Commissioning"
    risk.save()
    page = text(get(client, manager, "/2022-23-q2/risks/"))
    assert "Head of Commissioning" in page
    row = page.split("Risk 1: Demand may rise")[1].split("</tr>")[0]
    assert row.index(">M<") < row.index("→") < row.index(">H<") < row.index("↑")


def test_a_closed_risk_is_listed_apart_with_its_reason(client, two, victims, manager):
    risk = Risk.objects.get()
    risk.closed_from, risk.closed_reason = Q1.plus(2), "Demand did not rise."
    risk.save()
    page = text(get(client, manager, "/2022-23-q2/risks/"))
    assert "No risks and no issues that are open to you are reported in Q2 2022/23." in page
    assert "Closed in Q2 2022/23: Demand did not rise." in page


def test_the_quarter_in_which_a_risk_was_closed_says_so_in_its_cell(client, two, victims, manager):
    risk = Risk.objects.get()
    risk.closed_from, risk.closed_reason = Q1.plus(2), "Demand did not rise."
    risk.save()
    row = text(get(client, manager, "/2022-23-q2/risks/")).split(f'id="{risk.key}"')[1].split("</tr>")[0]
    cell = row.split('data-label="Q2 2022/23">')[1].split("</td>")[0]
    assert cell == "Closed"
    assert ">M<" in row.split('data-label="Q1 2022/23">')[1]


def test_an_issue_and_the_risk_that_it_came_of_lead_to_one_another(client, two, victims, manager):
    risk = Risk.objects.get()
    issue = make_assessment(victims.updates.get(quarter=two[1]), kind="issue", description="Demand rose").risk
    issue.raised_from = risk
    issue.save()
    page = text(get(client, manager, "/2022-23-q2/risks/"))
    assert f'Became the <a href="#{issue.key}">issue “Demand rose”</a>' in page
    assert f'Came of the <a href="#{risk.key}">risk “Demand may rise”</a>' in page


def test_a_risk_that_is_gone_says_when_it_was_reported_last(client, two, victims, manager):
    make_update(victims, make_quarter(Q1.plus(2)))
    assert "Last reported in Q2 2022/23" in text(get(client, manager, "/2022-23-q3/risks/"))


# Goals


def test_the_timeline_is_a_chart_with_its_table(client, two, manager):
    page = text(get(client, manager, "/2022-23-q2/goals/"))
    chart = page.split("<svg")[1].split("</svg>")[0]
    assert "<title>Timeline of goals, Victims are better supported</title>" in chart
    assert "1: baseline Q3, forecast Q1 2023/24, 2 quarters later, amber" in chart
    assert "style=" not in chart
    table = page.split("<svg")[0].split("<table")[1]
    for told in ("Forecast in Q1 2022/23", "Forecast in Q2 2022/23", "Q1 2023/24<small>2 quarters later</small>"):
        assert told in table


def test_a_goal_that_was_completed_earlier_in_the_year_stays_on_its_timeline(client, victims, manager):
    first = make_update(victims, make_quarter())
    make_forecast(first, confidence="CG")
    make_forecast(make_update(victims, make_quarter(Q2)), make_goal(victims, 2))
    page = text(get(client, manager, "/2022-23-q2/goals/"))
    assert "Goal 1 <small>Last reported in Q1 2022/23</small>" in page


def test_a_complete_goal_is_drawn_in_the_quarter_that_it_was_completed_in(client, victims, manager):
    goal = make_forecast(make_update(victims, make_quarter()), confidence="CG").goal
    make_forecast(make_update(victims, make_quarter(Q2)), make_goal(victims, 2))
    chart = text(get(client, manager, "/2022-23-q2/goals/")).split("<desc>")[1].split("</desc>")[0]
    assert goal.baseline == Q1.plus(2)
    assert "1: baseline Q3, completed in Q1, complete" in chart


def test_the_legend_of_the_timeline_shows_each_shape_with_its_word():
    chart = goal_timeline([Bar(1, "A goal", Q1, Q2, "G")], Q1, "Goals")
    for word in ("Baseline", "Forecast before", "Green", "Amber", "Red", "Complete", "Not judged"):
        assert f">{word}</text>" in chart


def test_a_goal_carried_into_a_new_year_is_one_line(client, victims, manager):
    first = make_update(victims, make_quarter(Q1.plus(3)))
    old = make_forecast(first, make_goal(victims, 5, title="Open the hub", baseline=Q1.plus(3))).goal
    new = Goal.objects.create(
        priority=victims, financial_year=2023, number=1, title="Open the hub", baseline=old.baseline, carried_from=old
    )
    make_forecast(make_update(victims, make_quarter(Q1.plus(4))), new, forecast=Period(2023, 2))
    page = text(get(client, manager, "/2023-24-q1/goals/"))
    assert page.count("Open the hub") == 1
    assert "Q2<small>2 quarters later</small>" in page


def test_without_goals_the_page_says_so(client, victims, manager):
    make_update(victims)
    page = text(get(client, manager, "/2022-23-q1/goals/"))
    assert "No goals that are open to you are reported in Q1 2022/23." in page


def test_a_timeline_without_dates_draws_nothing():
    assert goal_timeline([Bar(1, "Some day", None, None, "")], Q1, "Goals") == ""


def test_far_off_quarters_are_drawn_at_the_edge_with_an_arrow():
    bars = [Bar(1, "Old", Q1.plus(-12), Q1.plus(20), "R", (Q1.plus(1),)), Bar(2, "New", Q1, Q1, "CG")]
    quarters = span(bars, Q1)
    assert len(quarters) == MOST
    assert Q1 in quarters
    chart = goal_timeline(bars, Q1, "Goals")
    assert "‹" in chart
    assert "›" in chart
    assert ">CG<" in chart


@pytest.mark.parametrize("confidence", ["G", "A", "R", "CG", ""])
def test_a_confidence_has_its_letter_and_a_shape_of_its_own(confidence):
    chart = goal_timeline([Bar(1, "A goal", Q1, Q2, confidence)], Q1, "Goals")
    assert f">{confidence or '–'}</text>" in chart
    chart = chart.split("Baseline</text>")[0]  # before the legend
    shapes = {"G": 'r="9.5"', "CG": 'r="9.5"', "A": 'rx="4"', "R": 'height="19" fill', "": "stroke-dasharray"}
    assert shapes[confidence] in chart


# What they cost


@pytest.mark.once
@pytest.mark.parametrize("role", ["manager", "victims_lead"])
def test_pages_take_at_most_twelve_queries_with_eight_quarters_and_with_forty(request, client, victims, role):
    client.force_login(request.getfixturevalue(role))
    make_plan(first_year=2022, last_year=2032)
    period = Q1
    for _ in range(8):
        quarter = make_quarter(period)
        make_full_update(victims, quarter, rows=2)
        if period < Q1.plus(6):
            close_for_real(quarter)
        period = period.next
    names = ["", "print/", *(f"{name}/" for name in PAGES)] + ["decisions/"] * (role == "manager")
    few = {name: queries(client, f"/{Q1.plus(6).slug}/{name}") for name in names}
    for _ in range(32):
        make_full_update(victims, make_quarter(period, QuarterStatus.OPEN), rows=1)
        period = period.next
    for name in names:
        assert queries(client, f"/{Q1.plus(6).slug}/{name}") <= few[name] <= 12, name
        assert queries(client, f"/{Q1.plus(38).slug}/{name}") <= 12, name


@pytest.mark.parametrize("name", ["", *PAGES])
def test_a_page_takes_at_most_twelve_queries_while_the_quarter_before_is_reopened_for_others(
    client, victims, trust, victims_lead, trust_lead, name
):
    first, second = make_quarter(), make_quarter(Q2)
    for quarter in (first, second):
        make_full_update(victims, quarter)
        make_full_update(trust, quarter)
    close_for_real(first)
    reopen_for(victims_lead, first, victims)
    client.force_login(trust_lead)
    assert queries(client, f"/2022-23-q2/{name}/" if name else "/2022-23-q2/") <= 12


def test_a_closed_quarter_with_its_changes_takes_fewer(client, two, victims, manager):
    approve(victims.updates.get(quarter=two[1]))
    close_for_real(two[1])
    client.force_login(manager)
    assert queries(client, "/2022-23-q2/changes/") <= 7


def test_only_what_may_be_read_leads_to_these_pages(client, two, reader):
    for page in PAGES:
        response = get(client, reader, f"/2022-23-q2/{page}/")
        assert response.status_code == 403
        assert "You can read a quarter once it is closed." in text(response)
        assert get(client, reader, f"/2022-23-q1/{page}/").status_code == 200
        assert get(client, reader, f"/2035-36-q1/{page}/").status_code == 404
