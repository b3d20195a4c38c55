"""Opening a quarter carries forward what still holds, and nothing that has to be said anew."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from finance.models import FinancialPosition
from goals.models import Goal, GoalForecast
from indicators.models import Reading
from priorities.door import Refused
from priorities.history import ChangeSet, Source
from priorities.models import RATINGS, AssignmentRole, Person, Priority, Quarter, QuarterlyUpdate, QuarterStatus
from priorities.periods import Period
from risks.models import Assessment
from tests.make import (
    Q1,
    close,
    door,
    make_assessment,
    make_assignment,
    make_forecast,
    make_full_update,
    make_goal,
    make_indicator,
    make_person,
    make_plan,
    make_position,
    make_priority,
    make_quarter,
    make_reading,
    make_update,
)
from tests.priorities.test_races import at_once
from updates.models import Notice
from updates.opening import next_to_open, open_quarter, plan_opening

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("autumn")]
Q2, Q3, Q4 = Period(2022, 2), Period(2022, 3), Period(2022, 4)
NEXT_YEAR = Period(2023, 1)
ROWS = (Reading, Assessment, GoalForecast, FinancialPosition)


def opened(period, **kwargs):
    return open_quarter(plan_opening(period, **kwargs), by=None, source=Source.COMMAND)


def rows(model, period):
    quarter = {"update__quarter__financial_year": period.year, "update__quarter__number": period.number}
    return list(model.objects.filter(**quarter).select_related("update__priority"))


def pairs(model, subject, before, after):
    """Each row of one quarter with the row that carries it in another, None where nothing does."""
    later = {getattr(row, subject): row for row in rows(model, after)}
    return [(row, later.get(getattr(row, subject))) for row in rows(model, before)]


def counts():
    return {model: model.objects.count() for model in (Quarter, QuarterlyUpdate, Goal, ChangeSet, *ROWS)}


def statuses():
    return set(Quarter.objects.exclude(status=QuarterStatus.PLANNED).values_list("financial_year", "number"))


# What the reference quarter hands on


def test_every_priority_has_an_update_in_progress_without_texts_or_ratings(demo):
    quarter = opened(Q2)
    updates = list(quarter.updates.all())
    assert {u.priority_id for u in updates} == set(Priority.objects.values_list("pk", flat=True))
    assert len(updates) == 4
    for update in updates:
        assert {getattr(update, name) for name in (*RATINGS, "ratings_note", "narrative", "finance_note")} == {""}
        assert (update.status, update.due_on, update.submitted_at) == ("in_progress", None, None)
    assert (quarter.status, quarter.overview) == ("open", "")


def test_indicators_are_carried_with_their_targets(demo):
    opened(Q2)
    found = pairs(Reading, "indicator_id", Q1, Q2)
    assert len(found) == 37
    for before, after in found:
        for name in ("target", "target_note", "target_missing", "target_basis", "basis"):
            assert getattr(after, name) == getattr(before, name)
        assert after.update.priority_id == before.update.priority_id


def test_a_target_of_each_kind_is_among_those_carried(demo):
    opened(Q2)
    of = {row.indicator.reference: row for row in rows(Reading, Q2) if row.update.priority.title.startswith("Victims")}
    assert (of["1a"].target, of["1a"].target_missing, of["1a"].basis) == (25, "", "year_to_date")
    assert (of["4a"].target, of["4a"].target_missing) == (None, "x")
    assert of["4a"].target_note == "Targets for 22/23 are being reviewed and will be included from Q2."


def test_the_basis_of_a_target_is_carried(victims):
    reading = make_reading(make_update(victims), target_basis="quarter", basis="rolling_12_months")
    opened(Q2)
    (after,) = rows(Reading, Q2)
    assert (after.target_basis, after.basis) == (reading.target_basis, reading.basis)


def test_values_start_empty_and_unconfirmed(demo):
    opened(Q2)
    for row in rows(Reading, Q2):
        assert (row.value, row.as_at, row.confirmed) == (None, None, False)
        assert {row.missing, row.confidence, row.note, row.reason} == {""}


def test_what_was_confirmed_of_a_value_is_not_confirmed_of_the_next(victims):
    make_reading(make_update(victims), confirmed=True, as_at="2022-06-30", note="Late", reason="Known", confidence="A")
    opened(Q2)
    (row,) = rows(Reading, Q2)
    assert (row.confirmed, row.as_at, row.note, row.reason, row.confidence) == (False, None, "", "", "")


def test_risks_and_issues_are_carried_without_their_trend(demo):
    opened(Q2)
    found = pairs(Assessment, "risk_id", Q1, Q2)
    assert len(found) == 24
    for before, after in found:
        for name in ("description", "level", "position", "explanation", "likelihood", "impact"):
            assert getattr(after, name) == getattr(before, name)
        assert (after.trend, after.confirmed) == ("", False)


def test_scores_of_a_risk_are_carried(victims):
    make_assessment(make_update(victims), likelihood=4, impact=5, confirmed=True)
    opened(Q2)
    (row,) = rows(Assessment, Q2)
    assert (row.likelihood, row.impact, row.confirmed) == (4, 5, False)


def test_goals_are_carried_unless_they_are_complete(demo):
    opened(Q2)
    found = pairs(GoalForecast, "goal_id", Q1, Q2)
    left = [before for before, after in found if after is None]
    assert [(row.update.priority.title, row.goal.number, row.confidence) for row in left] == [
        ("Trust and confidence increases", 8, "CG")
    ]
    assert len(rows(GoalForecast, Q2)) == 42
    assert {(row.confidence, row.confirmed) for row in rows(GoalForecast, Q2)} == {("", False)}


def test_a_goals_forecast_and_comment_are_carried(victims):
    make_forecast(make_update(victims), forecast=Q4, comment="Waiting for the bill", confidence="A", confirmed=True)
    opened(Q2)
    (row,) = rows(GoalForecast, Q2)
    assert (row.forecast, row.comment, row.confidence, row.confirmed) == (Q4, "Waiting for the bill", "", False)


def test_a_goal_that_was_complete_two_quarters_ago_does_not_come_back(victims):
    make_forecast(make_update(victims), confidence="CG")
    opened(Q2)
    opened(Q3)
    assert rows(GoalForecast, Q2) == rows(GoalForecast, Q3) == []


def money(row):
    return tuple(getattr(row, name) for name in ("budget", "forecast", "ytd_profile", "ytd_actual"))


def test_past_periods_are_carried_whole_and_the_others_with_budget_and_profile_only(demo):
    opened(Q2)
    found = pairs(FinancialPosition, "pk", Q1, Q1)
    after = {(row.update.priority_id, row.period): row for row in rows(FinancialPosition, Q2)}
    assert len(found) == len(after) == 8
    for before, _ in found:
        carried = after[before.update.priority_id, before.period]
        whole = (before.forecast, before.ytd_actual) if before.period == 1 else (None, None)
        assert money(carried) == (before.budget, whole[0], before.ytd_profile, whole[1])
        assert not carried.confirmed


def test_two_periods_are_past_in_q3(victims):
    update = make_update(victims)
    for period in (1, 2, 3, 4):
        make_position(update, period)
    opened(Q2)
    with door(*QuarterlyUpdate.objects.filter(quarter__number=2)):
        second = FinancialPosition.objects.get(update__quarter__number=2, period=2)
        second.forecast, second.ytd_actual = Decimal(30_000_000), Decimal(9_000_000)
        second.save()
    opened(Q3)
    known = {row.period: (row.forecast, row.ytd_actual) for row in rows(FinancialPosition, Q3)}
    assert known == {
        1: (31_900_000, 2_900_000),
        2: (30_000_000, 9_000_000),
        3: (None, None),
        4: (None, None),
    }


@pytest.mark.parametrize(
    ("given", "due"), [(None, dt.date(2022, 10, 28)), (dt.date(2022, 11, 4), dt.date(2022, 11, 4))]
)
def test_updates_are_due_four_weeks_after_the_quarter_unless_a_day_is_given(demo, given, due):
    opened(Q2, due_on=given)
    assert Quarter.objects.at(Q2).get().due_on == due
    assert {update.due for update in QuarterlyUpdate.objects.filter(quarter__number=2)} == {due}


def test_a_due_date_that_the_planned_quarter_has_already_is_kept(victims):
    make_update(victims)
    make_quarter(Q2, QuarterStatus.PLANNED, due_on=dt.date(2022, 11, 1))
    assert opened(Q2).due_on == dt.date(2022, 11, 1)


def report(quarter, path):
    call_command("report", quarter, format="json", output=path)
    return path.read_bytes()


def test_the_last_quarters_report_is_the_same_byte_for_byte(demo, tmp_path):
    before = report("2022-23-q1", tmp_path / "report.json")
    opened(Q2)
    assert report("2022-23-q1", tmp_path / "report.json") == before


def test_the_reports_of_a_year_stay_the_same_when_the_next_one_begins(demo, tmp_path):
    for period in (Q2, Q3, Q4):
        opened(period)
    slugs = [period.slug for period in (Q1, Q2, Q3, Q4)]
    before = [report(slug, tmp_path / slug) for slug in slugs]
    opened(NEXT_YEAR)
    assert [report(slug, tmp_path / slug) for slug in slugs] == before


def test_rows_of_the_last_quarter_keep_their_versions(demo):
    before = {model: list(model.objects.order_by("pk").values()) for model in (QuarterlyUpdate, *ROWS)}
    opened(Q2)
    for model, values in before.items():
        assert list(model.objects.filter(pk__in=[v["id"] for v in values]).order_by("pk").values()) == values


def test_a_closed_quarter_is_carried_forward_too(demo):
    close(demo)
    opened(Q2)
    assert len(rows(Reading, Q2)) == 37


@pytest.mark.parametrize(("period", "is_there"), [(Q1, False), (Q2, False), (Q3, True)])
def test_an_indicator_is_left_out_from_the_quarter_it_is_retired_from(victims, period, is_there):
    update = make_update(victims)
    make_reading(update, make_indicator(victims, "1a", retired_from=period))
    make_reading(update, make_indicator(victims, "1b"))
    opened(Q2)
    assert [row.indicator.reference for row in rows(Reading, Q2)] == (["1a"] if is_there else []) + ["1b"]


@pytest.mark.parametrize(("period", "is_there"), [(Q1, False), (Q2, False), (Q3, True)])
def test_a_risk_is_left_out_from_the_quarter_it_is_closed_from(victims, period, is_there):
    update = make_update(victims)
    gone = make_assessment(update, description="Over").risk
    make_assessment(update, description="Still there")
    gone.closed_from, gone.closed_reason = period, "It passed"
    gone.save()
    opened(Q2)
    assert [row.description for row in rows(Assessment, Q2)] == (["Over"] if is_there else []) + ["Still there"]


def test_a_new_indicator_gets_an_empty_row(demo):
    new = make_indicator(Priority.objects.first(), "9z")
    opened(Q2)
    row = Reading.objects.get(indicator=new)
    assert (row.target, row.target_missing, row.basis, row.value) == (None, "", "", None)


def test_a_priority_that_is_new_has_an_update_of_its_own(demo):
    new = make_priority("Hate crime is reduced", plan=demo.plan)
    opened(Q2)
    assert QuarterlyUpdate.objects.filter(priority=new).get().quarter.period == Q2


def test_the_first_quarter_of_a_plan_has_nothing_to_carry(victims):
    make_indicator(victims)
    opening = plan_opening(Q1)
    assert opening.source is None
    open_quarter(opening, by=None, source=Source.COMMAND)
    assert (len(rows(Reading, Q1)), len(rows(Assessment, Q1)), len(rows(FinancialPosition, Q1))) == (1, 0, 0)


def test_another_plans_rows_are_not_carried(demo):
    later = make_plan("Next plan", 2026, 2029)
    make_priority("Safer streets", plan=later)
    opened(Period(2026, 1))
    assert QuarterlyUpdate.objects.filter(quarter__financial_year=2026).count() == 1
    assert rows(Reading, Period(2026, 1)) == rows(GoalForecast, Period(2026, 1)) == []


def test_all_that_was_made_is_in_history_as_one_act_of_the_administrator(demo, demo_person):
    administrator = demo_person("administrator")
    open_quarter(plan_opening(Q2), by=administrator, source=Source.FORM)
    made = [row.history.get() for model in ROWS for row in rows(model, Q2)]
    assert len({entry.change_set_id for entry in made}) == 1
    assert (made[0].change_set.person, made[0].change_set.note) == (administrator, "Opened Q2 2022/23")


# A new financial year


@pytest.fixture
def year_end(demo):
    for period in (Q2, Q3, Q4):
        opened(period)
    return demo


def test_a_new_year_assumes_no_targets_and_no_budgets(year_end):
    opened(NEXT_YEAR)
    found = pairs(Reading, "indicator_id", Q4, NEXT_YEAR)
    assert len(found) == 37
    for before, after in found:
        assert (after.target, after.target_missing, after.target_note) == (None, "", "")
        assert (after.basis, after.value) == (before.basis, None)
    assert rows(FinancialPosition, NEXT_YEAR) == []


def test_unfinished_goals_go_on_in_a_new_year_as_goals_of_their_own(year_end):
    opened(NEXT_YEAR)
    new = list(Goal.objects.filter(financial_year=2023).select_related("carried_from"))
    assert len(new) == len(rows(GoalForecast, NEXT_YEAR)) == 42
    for goal in new:
        old = goal.carried_from
        assert (goal.title, goal.priority_id, goal.baseline) == (old.title, old.priority_id, old.baseline)
        assert (old.financial_year, goal.pk != old.pk, goal.key != old.key) == (2022, True, True)
    assert Goal.objects.filter(financial_year=2022).count() == 43


def test_goals_of_a_new_year_are_numbered_from_1(year_end):
    opened(NEXT_YEAR)
    for priority in Priority.objects.all():
        goals = list(Goal.objects.filter(priority=priority, financial_year=2023).order_by("number"))
        assert [goal.number for goal in goals] == list(range(1, len(goals) + 1))
        old = [goal.carried_from.number for goal in goals]
        assert old == sorted(old)
    trust = Goal.objects.filter(priority__title__startswith="Trust", financial_year=2023).order_by("number")
    assert [goal.carried_from.number for goal in trust] == [1, 2, 3, 4, 5, 6, 7, 9, 10, 11]


def test_goals_named_as_left_are_not_carried_into_a_new_year(victims):
    left, kept = make_goal(victims, 1), make_goal(victims, 2)
    update = make_update(victims, make_quarter(Q4))
    make_forecast(update, left)
    make_forecast(update, kept, comment="Nearly there", forecast=NEXT_YEAR)
    opened(NEXT_YEAR, leaving_goals=[left.pk])
    goal = Goal.objects.get(financial_year=2023)
    assert (goal.carried_from, goal.number) == (kept, 1)
    assert (goal.forecasts.get().comment, goal.forecasts.get().forecast) == ("Nearly there", NEXT_YEAR)


def test_a_goal_that_the_new_year_has_already_is_not_made_twice(victims):
    old, other = make_goal(victims, 1), make_goal(victims, 2)
    update = make_update(victims, make_quarter(Q4))
    make_forecast(update, old)
    make_forecast(update, other)
    new = make_goal(victims, 1, financial_year=2023, carried_from=old)
    opened(NEXT_YEAR)
    goals = Goal.objects.filter(financial_year=2023).order_by("number")
    assert [(goal.number, goal.carried_from) for goal in goals] == [(1, old), (2, other)]
    assert new.forecasts.count() == 1


def test_a_goal_made_beforehand_as_the_next_of_an_unfinished_one_has_its_forecast_and_comment(victims):
    old = make_goal(victims, 1)
    make_forecast(make_update(victims, make_quarter(Q4)), old, comment="Nearly there", forecast=NEXT_YEAR)
    new = make_goal(victims, 1, financial_year=2023, carried_from=old)
    opened(NEXT_YEAR)
    row = new.forecasts.get()
    assert (row.comment, row.forecast) == ("Nearly there", NEXT_YEAR)


def test_goals_of_the_last_year_stay_there_in_the_second_quarter_of_the_next(year_end):
    opened(NEXT_YEAR)
    opened(NEXT_YEAR.next)
    assert {row.goal.financial_year for row in rows(GoalForecast, NEXT_YEAR.next)} == {2023}
    assert Goal.objects.filter(financial_year=2023).count() == 42


# Refused


@pytest.mark.parametrize(
    ("period", "message"),
    [
        (Q1, "Q1 2022/23 is open already"),
        (Q3, "Q2 2022/23 comes next; open it first"),
        (NEXT_YEAR, "Q2 2022/23 comes next; open it first"),
        (Period(2035, 1), "No plan covers Q1 2035/36"),
        (Period(2021, 4), "No plan covers Q4 2021/22"),
    ],
)
def test_only_the_next_quarter_of_a_plan_can_be_opened(demo, period, message):
    before = counts()
    with pytest.raises(Refused, match=message):
        plan_opening(period)
    assert counts() == before


def test_a_closed_quarter_is_not_opened_anew(demo):
    close(demo)
    with pytest.raises(Refused, match="Q1 2022/23 is closed already"):
        plan_opening(Q1)


def test_a_quarter_before_the_first_one_opened_is_not_the_next(victims):
    make_update(victims, make_quarter(Q3))
    with pytest.raises(Refused, match="comes next"):
        plan_opening(Q2)


def test_a_quarter_that_its_plan_never_made_is_told(demo):
    demo.plan.last_year = 2030
    demo.plan.save()
    with pytest.raises(Refused, match="There is no quarter Q1 2030/31; save its plan"):
        plan_opening(Period(2030, 1))


@pytest.mark.parametrize("role", ["manager", "victims-lead"])
def test_only_an_administrator_opens_a_quarter(demo, demo_person, role):
    before = counts()
    with pytest.raises(Refused, match="Only an administrator opens quarters"):
        open_quarter(plan_opening(Q2), by=demo_person(role), source=Source.FORM)
    assert (counts(), statuses()) == (before, {(2022, 1)})


def test_one_opening_planned_twice_is_written_once(demo):
    first, second = plan_opening(Q2), plan_opening(Q2)
    open_quarter(first, by=None, source=Source.COMMAND)
    before = counts()
    with pytest.raises(Refused, match="Q2 2022/23 is open already"):
        open_quarter(second, by=None, source=Source.COMMAND)
    assert counts() == before


def test_an_opening_planned_before_its_quarter_was_changed_is_refused(demo):
    opening = plan_opening(Q2)
    make_quarter(Q2, QuarterStatus.PLANNED, due_on=dt.date(2022, 12, 1))
    with pytest.raises(Refused, match="changed at the same moment"):
        open_quarter(opening, by=None, source=Source.COMMAND)
    assert statuses() == {(2022, 1)}


@pytest.mark.django_db(transaction=True)
def test_of_two_openings_at_once_one_is_refused_and_nothing_is_there_twice(demo):
    def act():
        return open_quarter(plan_opening(Q2), by=None, source=Source.COMMAND)

    outcomes = at_once(act, act)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Quarter", "Refused"]
    assert [len(rows(model, Q2)) for model in ROWS] == [37, 24, 42, 8]
    assert QuarterlyUpdate.objects.filter(quarter__number=2).count() == 4
    assert Quarter.objects.at(Q2).get().history.filter(status="open").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_openings_of_a_new_year_at_once_one_makes_the_goals(victims):
    make_forecast(make_update(victims, make_quarter(Q4)))
    plans = [plan_opening(NEXT_YEAR), plan_opening(NEXT_YEAR)]
    outcomes = at_once(*(lambda p=p: open_quarter(p, by=None, source=Source.COMMAND) for p in plans))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Quarter", "Refused"]
    assert Goal.objects.filter(financial_year=2023).count() == 1


# The command


def test_the_command_opens_the_quarter_and_tells_what_it_carried(demo, capsys):
    call_command("open_quarter", "2022-23-q2")
    told = capsys.readouterr().out.splitlines()
    assert told == [
        "4 updates, due on 28 October 2022.",
        "Carried forward from Q1 2022/23: 37 indicators, 24 risks and issues, 42 goals, 8 periods of finance.",
        "  Victims are better supported: 12 indicators (5 without a target), 3 risks, 3 issues, 10 goals, "
        "4 periods of finance.",
        "  Trust and confidence increases: 10 indicators (0 without a target), 3 risks, 3 issues, 10 goals, "
        "4 periods of finance.",
        "  Violence is prevented and reduced: 12 indicators (2 without a target), 3 risks, 3 issues, 12 goals, "
        "0 periods of finance.",
        "  People are protected from criminal exploitation and harm: 3 indicators (1 without a target), 3 risks, "
        "3 issues, 10 goals, 0 periods of finance.",
        "Left: goal, 8 Establish pan-London ASB Forum (complete in Q1 2022/23).",
        "Q2 2022/23 is open.",
    ]
    assert statuses() == {(2022, 1), (2022, 2)}


def test_a_dry_run_tells_the_same_and_writes_nothing(demo, capsys):
    before = counts()
    call_command("open_quarter", "2022-23-q2", dry_run=True)
    told = capsys.readouterr().out.splitlines()
    assert told[1].startswith("Carried forward from Q1 2022/23: 37 indicators")
    assert told[-1] == "Nothing was saved: this was a dry run."
    assert (counts(), statuses()) == (before, {(2022, 1)})
    assert Quarter.objects.at(Q2).get().due_on is None


def test_the_command_takes_a_due_date(demo, capsys):
    call_command("open_quarter", "2022-23-q2", due_on="4/11/2022")
    assert "due on 4 November 2022" in capsys.readouterr().out
    assert Quarter.objects.at(Q2).get().due_on == dt.date(2022, 11, 4)


def test_the_command_tells_of_a_new_years_goals(year_end, capsys):
    call_command("open_quarter", "2023-24-q1")
    assert "42 goals of the last year go on in this one." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["2022-23-q1"], "Q1 2022/23 is open already."),
        (["2022-23-q3"], "Q2 2022/23 comes next; open it first."),
        (["2035-36-q1"], "No plan covers Q1 2035/36"),
        (["2022-23-q5"], "there is no Q5"),
        (["2022-23-q2", "--due-on", "soon"], "“soon” is not a date"),
        (["2022-23-q2", "--due-on", "30/6/2022"], "30 June 2022 is before Q2 2022/23 begins, on 1 July 2022"),
        (["2022-23-q2", "--due-on", "28/10/2032"], "28 October 2032 is more than a year after the end of Q2 2022/23"),
        (["2022-23-q2", "--leave-goal", "x/1"], "No goals of an earlier year go on in Q2 2022/23"),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_the_command_says_why_it_opens_nothing_and_fails(demo, capsys, arguments, message, dry_run):
    before = counts()
    with pytest.raises(SystemExit, match="1"):
        call_command("open_quarter", *arguments, dry_run=dry_run)
    assert message in capsys.readouterr().err
    assert counts() == before


@pytest.mark.parametrize("name", ["Victims are better supported/3", "victims are better supported / 3", "the key"])
def test_the_command_leaves_the_goals_that_are_named(year_end, capsys, name):
    old = Goal.objects.get(priority__title="Victims are better supported", number=3, financial_year=2022)
    trust = Goal.objects.get(priority__title__startswith="Trust", number=1, financial_year=2022)
    named = str(old.key) if name == "the key" else name
    call_command("open_quarter", "2023-24-q1", leave_goal=[named, "Trust and confidence increases/1"])
    told = capsys.readouterr().out
    assert "40 goals of the last year go on in this one." in told
    assert f"Left: goal, {old} (as you asked)." in told
    assert not Goal.objects.filter(carried_from__in=[old, trust]).exists()
    new = Goal.objects.filter(priority=old.priority_id, financial_year=2023).order_by("number")
    assert [goal.number for goal in new] == list(range(1, 10))


def test_the_command_says_which_goal_it_does_not_know_and_opens_nothing(year_end, capsys):
    with pytest.raises(SystemExit, match="1"):
        call_command("open_quarter", "2023-24-q1", leave_goal=["Victims are better supported/99"])
    assert "“Victims are better supported/99” is none of the goals that could go on" in capsys.readouterr().err
    assert (2023, 1) not in statuses()


def test_the_command_tells_of_a_first_quarter_that_nothing_is_carried(victims, capsys):
    call_command("open_quarter", "2022-23-q1", dry_run=True)
    assert "There is no earlier quarter to carry anything forward from." in capsys.readouterr().out


# Which comes next


def test_the_next_to_open_is_the_first_planned_one_after_the_newest(victims):
    assert next_to_open().period == Q1
    make_quarter()
    assert next_to_open().period == Q2
    close(make_quarter(Q2))
    assert next_to_open().period == Q3


def test_without_a_plan_that_goes_on_there_is_no_next_one(victims):
    make_quarter(Period(2025, 4))
    assert next_to_open() is None
    make_plan("Next plan", 2027, 2030)
    assert next_to_open().period == Period(2027, 1)


def test_without_anything_there_is_no_next_one(db):
    assert next_to_open() is None


# What is left, and what changes a plan


def test_a_plan_says_what_does_not_go_along_and_why(victims):
    update = make_update(victims)
    make_reading(update, make_indicator(victims, "1a", title="Calls", retired_from=Q2))
    new = make_indicator(victims, "1b", title="Contacts", replaces=make_indicator(victims, "1c", retired_from=Q4))
    make_reading(update, make_indicator(victims, "1d", title="Mail", retired_from=Q1))
    over = make_assessment(update, "issue", description="Backlog").risk
    over.closed_from, over.closed_reason = Q2, "It is gone"
    over.save()
    make_forecast(update, confidence="CG")
    told = [(each.kind, each.what, each.why) for each in plan_opening(Q2).left_out]
    assert told == [
        ("Indicator", "1a Calls", "retired from Q2 2022/23"),
        ("Indicator", "1b Contacts", f"begins in Q4 2022/23, in place of {new.replaces}"),
        ("Indicator", "1d Mail", "retired from Q1 2022/23"),
        ("Issue", "Backlog", "closed: It is gone"),
        ("Goal", "1 Goal 1", "complete in Q1 2022/23"),
    ]


def test_a_plan_has_the_same_fingerprint_until_something_it_carries_changes(demo):
    first = plan_opening(Q2).fingerprint
    assert plan_opening(Q2, due_on=dt.date(2022, 11, 4)).fingerprint == first
    reading = Reading.objects.filter(target__isnull=False).first()
    with door(reading.update):
        reading.value = 99
        reading.save()
    assert plan_opening(Q2).fingerprint == first  # a value is not carried
    with door(reading.update):
        reading.target = 99
        reading.save()
    assert plan_opening(Q2).fingerprint != first


def test_which_goals_are_left_is_the_readers_choice_and_no_change_of_the_plan(year_end):
    whole = plan_opening(NEXT_YEAR)
    first = whole.fingerprint
    assert plan_opening(NEXT_YEAR, leaving_goals=[whole.offered[0].goal_id]).fingerprint == first
    old = whole.offered[0].goal
    old.title = "Reworded"
    old.save()
    assert plan_opening(NEXT_YEAR).fingerprint != first


def test_an_opening_whose_targets_were_changed_since_is_refused(demo):
    opening = plan_opening(Q2)
    reading = Reading.objects.filter(target__isnull=False).first()
    with door(reading.update):
        reading.target = 99
        reading.save()
    with pytest.raises(Refused, match="What Q2 2022/23 would carry forward was changed at the same moment"):
        open_quarter(opening, by=None, source=Source.COMMAND)
    assert statuses() == {(2022, 1)}


def test_a_plan_without_priorities_opens_nothing(db):
    make_plan("Empty plan", 2022, 2025)
    with pytest.raises(Refused, match="Empty plan has no priorities yet; add them in the administration"):
        open_quarter(plan_opening(Q1), by=None, source=Source.COMMAND)


@pytest.mark.django_db(transaction=True)
def test_a_target_saved_while_the_quarter_opens_is_carried_or_the_opening_refused(victims):
    reading = make_reading(make_update(victims), target=25)
    opening = plan_opening(Q2)

    def save():
        with door(QuarterlyUpdate.objects.get(pk=reading.update_id)):
            fresh = Reading.objects.get(pk=reading.pk)
            fresh.target = 30
            fresh.save()

    outcome, saved = at_once(lambda: open_quarter(opening, by=None, source=Source.COMMAND), save)
    assert saved is None
    if isinstance(outcome, Refused):
        assert rows(Reading, Q2) == []
    else:
        assert [row.target for row in rows(Reading, Q2)] == [25]  # as was shown; the save came after


# Numbers


def test_a_goal_renumbered_in_the_administration_keeps_its_origin_and_its_rows(year_end, demo_person, client):
    opened(NEXT_YEAR)
    goal = Goal.objects.filter(financial_year=2023).first()
    origin, row = goal.carried_from, goal.forecasts.get()
    client.force_login(demo_person("administrator"))
    typed = {"number": "99", "title": goal.title, "baseline": "Q3 2022/23", "carried_from": origin.pk}
    assert client.post(f"/admin/goals/goal/{goal.pk}/change/", typed).status_code == 302
    goal.refresh_from_db()
    assert (goal.number, goal.carried_from, goal.forecasts.get()) == (99, origin, row)
    opened(NEXT_YEAR.next)
    assert goal.forecasts.count() == 2
    assert plan_opening(NEXT_YEAR.next.next).goals == []


def test_new_numbers_follow_those_that_the_year_has_already(victims):
    make_forecast(make_update(victims, make_quarter(Q4)), make_goal(victims, 1))
    make_goal(victims, 2, financial_year=2023, title="Made beforehand")
    opened(NEXT_YEAR)
    numbers = Goal.objects.filter(financial_year=2023).order_by("number").values_list("number", "title")
    assert list(numbers) == [(2, "Made beforehand"), (3, "Goal 1")]


# Who is told


def notices():
    return sorted(Notice.objects.values_list("person__username", "kind", "text", "path"))


def test_everybody_who_fills_in_is_told_once_with_the_day_and_the_place(victims, trust, victims_lead, trust_lead):
    make_update(victims)
    make_assignment(trust, victims_lead, AssignmentRole.DEPUTY)
    make_assignment(trust, make_person("finance"), AssignmentRole.CONTRIBUTOR, section="finance")
    make_assignment(victims, make_person("rows"), AssignmentRole.CONTRIBUTOR)
    make_assignment(victims, Person.objects.get(username="rows"), AssignmentRole.CONTRIBUTOR, section="goals")
    make_assignment(victims, make_person("director"), AssignmentRole.SIGNATORY)
    make_assignment(victims, make_person("former"), ends_on=dt.date(2022, 1, 1))
    make_assignment(victims, make_person("left", is_active=False))
    opened(Q2)
    one = "Q2 2022/23 is open: the update of {} is due on 28 October 2022."
    of_trust = ("opened", one.format(trust), "/2022-23-q2/trust-and-confidence-increases/update/")
    assert notices() == [
        ("finance", *of_trust),
        ("rows", "opened", one.format(victims), "/2022-23-q2/victims-are-better-supported/update/"),
        ("trust-lead", *of_trust),
        (
            "victims-lead",
            "opened",
            "Q2 2022/23 is open: your updates are due on 28 October 2022.",
            "/my-updates/",
        ),
    ]


def test_who_opens_it_is_not_told(victims, administrator, victims_lead):
    make_update(victims)
    make_assignment(victims, administrator, AssignmentRole.DEPUTY)
    open_quarter(plan_opening(Q2), by=administrator, source=Source.FORM)
    assert [username for username, *_ in notices()] == ["victims-lead"]


def test_nobody_is_told_of_an_opening_that_is_refused(demo):
    opening = plan_opening(Q2)
    opened(Q2)
    before = notices()
    with pytest.raises(Refused):
        open_quarter(opening, by=None, source=Source.COMMAND)
    assert notices() == before


# What it costs


@pytest.mark.parametrize("period", [Q2, NEXT_YEAR])
def test_planning_takes_as_many_queries_for_thirty_rows_as_for_three(victims, trust, period):
    def queries():
        with CaptureQueriesContext(connection) as found:
            opening = plan_opening(period)
        return len(found), opening.count(Reading), opening.count(GoalForecast)

    last = make_quarter(period.previous)
    make_full_update(victims, last, rows=3)
    few, *made = queries()
    assert made == [3, 3]
    make_full_update(trust, last, rows=30)
    assert queries() == (few, 33, 33)


def test_writing_takes_as_many_queries_for_thirty_rows_as_for_three(victims, trust):
    def queries(period):
        opening = plan_opening(period)
        with CaptureQueriesContext(connection) as found:
            open_quarter(opening, by=None, source=Source.COMMAND)
        return len(found)

    make_full_update(victims, make_quarter(), rows=3)
    few = queries(Q2)
    make_full_update(trust, make_quarter(Q3), rows=30)
    assert queries(Q4) == few
