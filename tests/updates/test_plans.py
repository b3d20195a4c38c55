"""A new plan, made where the next quarter is covered by none: its years, and the priorities that continue."""

import pytest
from django.db import IntegrityError

from indicators.models import Indicator, Reading
from priorities.door import Refused
from priorities.history import ChangeSet, Source
from priorities.models import Assignment, AssignmentRole, Plan, Priority, Quarter, QuarterlyUpdate, RiskScale
from priorities.periods import Period
from tests.make import (
    Q1,
    make_assignment,
    make_full_update,
    make_person,
    make_plan,
    make_priority,
    make_quarter,
    make_update,
)
from tests.priorities.test_races import at_once
from tests.updates.test_opening import opened, report
from tests.updates.test_opening_page import filled_in, get, text
from updates.models import Notice
from updates.plans import begin_plan
from workbooks.importing import apply_import, plan_import
from workbooks.reading import read_workbook

pytestmark = pytest.mark.django_db
NEXT = Period(2026, 1)
PAGE = "/2026-27-q1/opening/"


@pytest.fixture
def last(victims, trust, victims_lead):
    """The last quarter of the plan, with two priorities."""
    quarter = make_quarter(Period(2025, 4))
    make_full_update(victims, quarter)
    make_full_update(trust, quarter)
    return quarter


def typed(*continuing, **more):
    years = {"title": "Safer London Plan", "first_year": "2026/27", "last_year": "2029/30", "make-plan": "1"}
    return {**years, "continuing": [priority.pk for priority in continuing], **more}


def begin(by=None, first_year=2026, last_year=2029, **kwargs):
    years = {"first_year": first_year, "last_year": last_year}
    return begin_plan(title="Safer London Plan", by=by, source=Source.FORM, **years, **kwargs)


# The page


def test_the_page_says_that_no_plan_covers_the_quarter_and_offers_to_make_one(client, last, administrator):
    page = get(client, administrator, PAGE)
    told = text(page)
    assert "No plan covers Q1 2026/27; make the plan first, or import its first workbook." in told
    assert "“Police and Crime Plan” ends before Q1 2026/27." in told
    assert "Their indicators, risks, issues, goals and budgets are not carried over" in told
    for value in ("2026/27", "2029/30"):
        assert f'value="{value}"' in page.content.decode()
    assert page.content.decode().count('name="continuing"') == 2
    assert page.content.decode().count("checked") == 3  # both priorities, and their people


def test_a_new_plan_ends_before_the_one_that_is_there_already(client, last, administrator):
    make_plan("Later plan", 2028, 2031)
    page = get(client, administrator, PAGE).content.decode()
    assert "Make the new plan" not in page  # a planned quarter comes next, after a gap
    assert "Q1 2028/29 is the next to open" in text(get(client, administrator, PAGE))


def test_the_first_plan_of_all_is_made_here_too(client, administrator):
    told = text(get(client, administrator, "/2022-23-q1/opening/"))
    assert "Make the new plan" in told
    assert "continue" not in told
    answer = client.post("/2022-23-q1/opening/", typed(first_year="2022/23", last_year="2024/25"))
    assert answer.status_code == 302
    assert Quarter.objects.count() == 12


def test_the_plan_is_made_and_its_first_quarter_shown(client, last, administrator, victims):
    client.force_login(administrator)
    answer = client.post(PAGE, typed(victims, with_people="on"), follow=True)
    told = text(answer)
    assert "“Safer London Plan” is made, with its quarters." in told
    assert "It is the first quarter of its plan: nothing is carried forward." in told
    assert "An update for each of 1 priority" in told
    assert "Priority: Trust and confidence increases (of Police and Crime Plan, and stays in its quarters)" in told
    plan = Plan.objects.get(first_year=2026)
    assert (plan.title, plan.last_year, plan.quarters.count()) == ("Safer London Plan", 2029, 16)
    (new,) = plan.priorities.all()
    assert (new.title, new.slug, new.pk != victims.pk) == (victims.title, victims.slug, True)
    assert [a.person.username for a in new.assignments.all()] == ["victims-lead"]
    assert client.post(PAGE, filled_in(answer)).status_code == 302
    assert [u.priority for u in QuarterlyUpdate.objects.filter(quarter__financial_year=2026)] == [new]
    path = "/2026-27-q1/victims-are-better-supported/update/"
    assert Notice.objects.get(person__username="victims-lead").path == path


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"title": ""}, "Give the plan its title."),
        ({"first_year": ""}, "Give the first financial year."),
        ({"last_year": ""}, "Give the last financial year."),
        ({"first_year": "soon"}, "“soon” is not a financial year; write it like 2022/23."),
        ({"first_year": "2027/28"}, "These years don’t cover Q1 2026/27; it is the next quarter to open."),
        ({"last_year": "2025/26"}, "The last year is before the first; correct one of them."),
        ({"first_year": "2025/26"}, "“Police and Crime Plan” has the years 2022/23 to 2025/26; choose others"),
        ({"last_year": "2150/51"}, "The year must be 2099 or earlier."),
        ({"continuing": ["999"]}, "That priority is not of the last plan; load the page again."),
    ],
)
def test_a_plan_that_cannot_be_is_told_and_not_made(client, last, administrator, wrong, message):
    client.force_login(administrator)
    answer = client.post(PAGE, typed(**wrong))
    assert answer.status_code == 200
    assert message in text(answer)
    assert "There is a problem" in text(answer)
    assert Plan.objects.count() == 1


def test_a_plan_that_nobody_needs_is_not_made(client, last, administrator):
    client.force_login(administrator)
    answer = client.post("/2025-26-q4/opening/", typed(), follow=True)
    assert "Q4 2025/26 needs no new plan; nothing was made." in text(answer)
    assert Plan.objects.count() == 1


def test_a_second_press_makes_no_second_plan(client, last, administrator):
    client.force_login(administrator)
    client.post(PAGE, typed())
    assert "Q1 2026/27 needs no new plan; nothing was made." in text(client.post(PAGE, typed(), follow=True))
    assert Plan.objects.count() == 2


# The act


def test_those_who_are_not_over_go_along_with_their_roles(victims):
    people = [make_person(f"person-{n}") for n in range(5)]
    make_assignment(victims, people[0], AssignmentRole.DEPUTY, ends_on="2099-01-01")
    make_assignment(victims, people[1], AssignmentRole.CONTRIBUTOR, section="finance")
    make_assignment(victims, people[2], AssignmentRole.CONTRIBUTOR)  # of single rows, which stay
    make_assignment(victims, people[3], AssignmentRole.SIGNATORY)
    make_assignment(victims, people[4], ends_on="2022-01-01")
    begin(continuing=[victims])
    new = Priority.objects.get(plan__first_year=2026)
    found = {(a.person.username, a.role, a.section, str(a.ends_on)) for a in new.assignments.all()}
    assert found == {
        ("person-0", "deputy", "", "2099-01-01"),
        ("person-1", "contributor", "finance", "None"),
        ("person-3", "signatory", "", "None"),
    }
    assert victims.assignments.count() == 5


def test_people_can_stay_behind(victims, victims_lead):
    begin(continuing=[victims], with_people=False)
    assert not Assignment.objects.filter(priority__plan__first_year=2026).exists()


def test_risks_go_on_being_scored_as_before(victims):
    victims.plan.risk_scale = RiskScale.MATRIX
    victims.plan.save()
    assert begin(continuing=[victims]).risk_scale == RiskScale.MATRIX


def test_priorities_keep_their_order_without_gaps(victims, trust):
    third = make_priority("Violence is prevented and reduced")
    begin(continuing=[victims, third])
    new = Priority.objects.filter(plan__first_year=2026)
    assert [(priority.title, priority.position) for priority in new] == [(victims.title, 1), (third.title, 2)]


def test_all_of_it_is_one_act_in_history(victims, victims_lead, administrator):
    plan = begin(administrator, continuing=[victims])
    acts = {plan.history.first().change_set, plan.priorities.get().history.get().change_set}
    acts |= {Assignment.objects.latest("pk").history.get().change_set, plan.quarters.first().history.get().change_set}
    assert acts == {ChangeSet.objects.get(note="New plan: Safer London Plan", person=administrator)}


@pytest.mark.parametrize("role", ["manager", "victims_lead"])
def test_only_administrators_make_plans(request, victims, role):
    with pytest.raises(Refused, match="Only an administrator opens quarters"):
        begin(request.getfixturevalue(role), continuing=[victims])
    assert (Plan.objects.count(), Priority.objects.count()) == (1, 1)


def test_a_plan_made_at_the_same_moment_is_told(monkeypatch, victims):
    def clash(**kwargs):
        raise IntegrityError

    monkeypatch.setattr("updates.plans.create_plan", clash)
    with pytest.raises(Refused, match="Somebody made a plan of these years at the same moment"):
        begin()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_make_the_plan_at_once_one_is_refused(victims):
    outcomes = at_once(lambda: begin(continuing=[victims]), lambda: begin(continuing=[victims]))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Plan", "Refused"]
    assert Priority.objects.filter(plan__first_year=2026).count() == 1
    assert Quarter.objects.filter(financial_year__gte=2026).count() == 16


# Old quarters, and what comes into the new ones


def test_old_quarters_stay_as_they_are(last, victims, tmp_path):
    before = report("2025-26-q4", tmp_path / "before")
    begin(continuing=[victims])
    opened(NEXT)
    assert report("2025-26-q4", tmp_path / "after") == before
    titles = {u.priority.title for u in QuarterlyUpdate.objects.filter(quarter=last)}
    assert titles == {"Victims are better supported", "Trust and confidence increases"}


def test_nothing_of_the_old_priorities_is_carried_into_the_new_ones(last, victims):
    begin(continuing=[victims])
    opened(NEXT)
    assert not Reading.objects.filter(update__quarter__financial_year=2026).exists()
    assert Indicator.objects.count() == 6


def test_a_workbook_brings_in_the_new_plans_indicators(last, victims, tmp_path):
    begin(continuing=[victims])
    opened(NEXT)
    (tmp_path / "Indicators.csv").write_text(
        "Quarter,Priority,Ref,Indicator,Unit,Polarity,Value\n"
        "Q1 2026/27,Victims are better supported,1,Victims reached,number,higher,12\n"
    )
    sheets, problems = read_workbook(tmp_path)
    assert problems == []
    apply_import(plan_import(sheets, by=None), source=Source.COMMAND)
    reading = Reading.objects.get(update__quarter__financial_year=2026)
    assert (str(reading.indicator), reading.value) == ("1 Victims reached", 12)


def test_an_old_quarter_still_open_is_filled_in_beside_the_new_one(client, last, victims, victims_lead):
    begin(continuing=[victims])
    opened(NEXT)
    page = text(get(client, victims_lead, "/my-updates/"))
    assert "Q4 2025/26" in page
    assert "Q1 2026/27" in page


def test_another_plan_in_a_gap_is_no_reason_to_open_out_of_order(victims):
    make_update(victims, make_quarter(Q1))
    begin()
    with pytest.raises(Refused, match="Q2 2022/23 comes next; open it first"):
        opened(Q1.next.next)
