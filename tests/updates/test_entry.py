"""Entry pages: what is typed is read, merged, saved, refused or kept."""

import datetime as dt
import json
import uuid

import pytest
from django.core import signing
from django.urls import reverse

from goals.models import GoalForecast
from indicators.models import Reading
from priorities.models import AssignmentRole, ChangeSet, QuarterlyUpdate, Section, UpdateStatus
from priorities.periods import Period
from risks.models import Assessment, Risk
from tests.answers import queries
from tests.make import (
    close,
    door,
    make_assessment,
    make_assignment,
    make_forecast,
    make_full_update,
    make_indicator,
    make_person,
    make_position,
    make_quarter,
    make_reading,
    make_update,
    set_status,
)
from updates.entry import Entry
from updates.models import Draft
from updates.typed import SALT

pytestmark = pytest.mark.django_db
Q1, Q2 = Period(2022, 1), Period(2022, 2)
NEXT_YEAR = "Q1 2023/24"


@pytest.fixture
def update(victims, victims_lead, client):
    """An update in Q2 of the lead who is signed in, with one of Q1 before it."""
    make_update(victims, make_quarter(Q1), narrative="What was said in Q1.")
    client.force_login(victims_lead)
    return make_update(victims, make_quarter(Q2))


def address(update, section):
    return reverse("updates:section", args=[update.quarter.period, update.priority.slug, section])


def save(client, update, section, cells, **kwargs):
    """Send an entry page with these cells of these rows: {row: {cell: text}}."""
    data = {}
    for row, typed in cells.items():
        prefix = prefix_of(row, section)
        data |= {f"{prefix}-base": row.version, **{f"{prefix}-{name}": text for name, text in typed.items()}}
    return client.post(address(update, section), {**data, **kwargs})


def prefix_of(row, section):
    kind = {Reading: "reading", Assessment: "risk", GoalForecast: "goal", QuarterlyUpdate: "update"}.get(type(row))
    return f"{'finance' if section == 'finance' and kind else kind or 'position'}-{row.pk}"


def fresh(row):
    return type(row).objects.get(pk=row.pk)


# Reading what is typed


@pytest.mark.parametrize(
    ("unit", "typed", "value", "missing"),
    [
        ("percent", "27%", 27, ""),
        ("percent", "27", 27, ""),
        ("number", "4,127", 4127, ""),
        ("percentage_points", "-18pp", -18, ""),
        ("number", "[x]", None, "x"),
        ("number", "not applicable", None, "z"),
    ],
)
def test_a_value_is_read_in_its_unit_or_as_the_reason_there_is_none(client, update, unit, typed, value, missing):
    reading = make_reading(update, make_indicator(update.priority, unit=unit), value=None, confidence="", target=None)
    assert save(client, update, "indicators", {reading: {"value": typed}}).status_code == 302
    stored = fresh(reading)
    assert (stored.value, stored.missing, stored.confirmed) == (value, missing, True)


def test_a_basis_written_with_the_figure_is_its_basis(client, update):
    indicator = make_indicator(update.priority, unit="percentage_points")
    reading = make_reading(update, indicator, value=None, basis="year_to_date", target=None)
    save(client, update, "indicators", {reading: {"value": "-18pp (R12)", "basis": "YTD"}})
    assert (fresh(reading).value, fresh(reading).basis) == (-18, "rolling_12_months")


@pytest.mark.parametrize(
    ("typed", "pounds"), [("32.7", 32_700_000), ("£32.7m", 32_700_000), ("£32,712,345", 32_712_345), ("", None)]
)
def test_money_is_read_in_millions_or_pounds(client, update, typed, pounds):
    position = make_position(update, 2)
    save(client, update, "finance", {position: {"forecast": typed}})
    assert fresh(position).forecast == pounds


def test_money_that_is_shown_rounded_is_not_changed_by_saving_it_again(client, update):
    position = make_position(update, 2, forecast="31912345.67")
    page = client.get(address(update, "finance")).content.decode()
    assert 'value="31.91234567"' in page
    save(client, update, "finance", {position: {"forecast": "31.91234567", "ytd_actual": "3.0"}})
    assert str(fresh(position).forecast) == "31912345.67"


@pytest.mark.parametrize(
    ("typed", "forecast"), [("Q4", Period(2022, 4)), ("q1 23/24", Period(2023, 1)), (NEXT_YEAR, Period(2023, 1))]
)
def test_a_goal_is_forecast_for_a_quarter_of_this_year_or_the_next(client, update, typed, forecast):
    row = make_forecast(update)
    save(client, update, "goals", {row: {"forecast": typed}})
    assert fresh(row).forecast == forecast


WRONG = [
    ("indicators", "value", "£3", "“£3” is not a figure; write it like 27% or 27, or say why there is none: [x]."),
    ("indicators", "value", "-3", "A percentage can’t be negative".replace("’", "'")),
    ("indicators", "confidence", "purple", "“purple” is not a rating; write R, A or G."),
    ("indicators", "as_at", "31/31/2022", "“31/31/2022” is not a date; write it like 30/06/2022."),
    ("goals", "forecast", "Q5", "there is no Q5"),
    ("goals", "confidence", "B", "is not a goal's confidence; write R, A, G or CG (complete)."),
    ("risks", "level", "X", "is not a level; write H, M or L."),
    ("risks", "trend", "sideways", "is not a trend; write ↑, → or ↓ (or up, level, down)."),
    ("finance", "forecast", "a lot", "is not an amount of money; write it like £32.7m or £32,700,000."),
    ("ratings", "objectives", "B", "is not a rating; write R, A or G."),
]


@pytest.mark.parametrize(("section", "cell", "typed", "message"), WRONG)
def test_what_cannot_be_read_is_pointed_out_and_kept(client, update, section, cell, typed, message):
    makers = {
        "indicators": make_reading,
        "goals": make_forecast,
        "risks": make_assessment,
        "finance": make_position,
        "ratings": lambda update: update,
    }
    row = makers[section](update)
    before = fresh(row)
    response = save(client, update, section, {row: {cell: typed}})
    page = response.content.decode().replace("&#x27;", "'")
    assert "<title>Error: " in page
    assert message in page
    assert f'href="#id_{prefix_of(row, section)}-{cell}"' in page
    assert f'value="{typed}"' in page
    assert fresh(row).version == before.version
    assert Draft.objects.get().data[f"{prefix_of(row, section)}-{cell}"] == typed


def test_one_wrong_cell_leaves_the_whole_page_unsaved_and_typed(client, update):
    good, bad = make_reading(update, value=None), make_reading(update, make_indicator(update.priority, "1b"))
    save(client, update, "indicators", {good: {"value": "31%"}, bad: {"value": "many"}})
    assert fresh(good).value is None
    page = client.get(address(update, "indicators")).content.decode()
    assert 'value="31%"' in page
    assert 'value="many"' in page
    assert "is not saved in the report yet" in page


def test_a_half_filled_page_is_saved(client, update):
    reading = make_reading(update, value=None, confidence="")
    save(client, update, "indicators", {reading: {"confidence": "g"}})
    assert fresh(reading).confidence == "G"


# Confirming


def test_what_is_answered_is_confirmed_and_the_rest_on_request(client, update):
    changed, untouched = make_assessment(update), make_assessment(update, trend="")
    cells = {changed: {"explanation": "Prices rise."}, untouched: {"description": "Demand may rise"}}
    save(client, update, "risks", cells)
    assert (fresh(changed).confirmed, fresh(untouched).confirmed) == (True, False)
    changed, untouched = fresh(changed), fresh(untouched)
    save(client, update, "risks", {changed: {"confirmed": "on"}, untouched: {}}, unchanged="1")
    assert fresh(untouched).confirmed


def test_the_rest_is_unchanged_speaks_for_last_quarters_confidence_in_goals(client, update):
    before = QuarterlyUpdate.objects.get(quarter__number=1)
    then = make_forecast(before, confidence="A", comment="Late.")
    now = make_forecast(update, then.goal, confidence="", comment="Late.")
    save(client, update, "goals", {now: {}}, unchanged="1")
    assert (fresh(now).confidence, fresh(now).confirmed) == ("A", True)


def test_an_indicator_without_a_value_is_not_confirmed_by_the_rest_is_unchanged(client, update):
    reading = make_reading(update, value=None)
    save(client, update, "indicators", {reading: {}}, unchanged="1")
    assert not fresh(reading).confirmed


def test_a_tick_can_be_taken_back(client, update):
    row = make_forecast(update, confirmed=True)
    save(client, update, "goals", {row: {"comment": ""}})
    assert not fresh(row).confirmed


def test_a_row_changed_and_unticked_is_not_confirmed(client, update):
    row = make_forecast(update, confirmed=True)
    save(client, update, "goals", {row: {"comment": "To be asked again."}})
    assert (fresh(row).comment, fresh(row).confirmed) == ("To be asked again.", False)


# Risks and issues


@pytest.mark.parametrize(("last", "now", "trend"), [("M", "H", "up"), ("H", "H", "level"), ("H", "L", "down")])
def test_a_trend_left_empty_follows_the_levels(client, update, last, now, trend):
    then = make_assessment(QuarterlyUpdate.objects.get(quarter__number=1), level=last)
    row = Assessment(update=update, risk=then.risk, description="Demand", level=last, explanation="As before.")
    with door(update):
        row.save()
    save(client, update, "risks", {row: {"level": now, "confirmed": "on"}})
    assert fresh(row).trend == trend


def new_risk(kind="risk", **cells):
    key = uuid.uuid4()
    return key, {f"new-{kind}-{key}-base": "0", **{f"new-{kind}-{key}-{name}": text for name, text in cells.items()}}


def test_a_new_risk_sent_twice_is_made_once(client, update):
    key, data = new_risk(description="A supplier may fail", level="h", trend="up", explanation="Its accounts are late.")
    for _ in range(2):
        assert client.post(address(update, "risks"), data).status_code == 302
    row = Assessment.objects.get()
    assert (row.risk.key, row.description, row.level, row.confirmed, row.position) == (
        key,
        "A supplier may fail",
        "H",
        True,
        1,
    )


def test_a_new_risk_without_words_is_asked_for_them(client, update):
    _, data = new_risk(level="H")
    page = client.post(address(update, "risks"), data).content.decode()
    assert "Describe the new risk." in page
    assert not Risk.objects.exists()


def test_a_new_risk_of_another_priority_is_not_reached_by_its_key(client, update, trust):
    other = make_assessment(make_update(trust, update.quarter))
    data = {
        f"new-risk-{other.risk.key}-{name}": text for name, text in {"base": "0", "description": "Mine now"}.items()
    }
    client.post(address(update, "risks"), data)
    assert fresh(other).description == "Demand may rise"
    assert Risk.objects.count() == 1


def test_a_risk_is_closed_with_a_reason_and_told_of_for_the_last_time(client, update, manager):
    row = make_assessment(update, explanation="Because.")
    save(client, update, "risks", {row: {"closed_reason": "The contract is signed."}})
    assert fresh(row).risk.closed_from == Q2.next
    page = client.get(update.get_absolute_url()).content.decode()
    assert "Closed this quarter" in page
    assert "The contract is signed." in page
    save(client, update, "risks", {fresh(row): {"closed_reason": ""}})
    assert fresh(row).risk.closed_from is None


def test_a_risk_becomes_an_issue_in_its_own_words(client, update):
    row = make_assessment(update, explanation="Because.")
    row.risk.owner = "Head of commissioning"
    row.risk.save()
    save(client, update, "risks", {row: {"became_issue": "on"}})
    issue = Assessment.objects.get(risk__kind="issue")
    assert (issue.description, issue.risk.raised_from, issue.risk.owner) == (
        row.description,
        row.risk,
        "Head of commissioning",
    )
    assert fresh(row).risk.closed_reason == "It has happened, and is reported as an issue."


def test_a_risk_becomes_one_issue_however_often_it_is_sent(client, update):
    row = make_assessment(update, explanation="Because.")
    for _ in range(2):
        save(client, update, "risks", {row: {"became_issue": "on"}})
    assert Risk.objects.filter(kind="issue").count() == 1


def test_a_rank_that_is_typed_goes_before_the_row_that_had_it(client, update):
    rows = [make_assessment(update, description=f"Risk {n}", position=n) for n in (1, 2, 3)]
    save(client, update, "risks", {rows[2]: {"position": "1"}, rows[0]: {}, rows[1]: {}})
    ranked = Assessment.objects.order_by("position")
    assert [(row.description, row.position) for row in ranked] == [("Risk 3", 1), ("Risk 1", 2), ("Risk 2", 3)]
    assert not fresh(rows[0]).confirmed  # moved by another's rank, not answered


def test_a_rank_further_down_goes_after_the_row_that_had_it(client, update):
    rows = [make_assessment(update, description=f"Risk {n}", position=n) for n in (1, 2, 3)]
    save(client, update, "risks", {rows[0]: {"position": "3"}, rows[1]: {}, rows[2]: {}})
    assert [row.description for row in Assessment.objects.order_by("position")] == ["Risk 2", "Risk 3", "Risk 1"]


def test_likelihood_times_impact_where_the_body_scores_so(client, update):
    plan = update.quarter.plan
    plan.risk_scale = "matrix"
    plan.save()
    row = make_assessment(update, level="")
    save(client, update, "risks", {row: {"likelihood": "5", "impact": "3", "level": "L"}})
    assert (fresh(row).likelihood, fresh(row).impact, fresh(row).level) == (5, 3, "H")
    assert (
        "is more than 5; write 1 to 5" in save(client, update, "risks", {fresh(row): {"impact": "6"}}).content.decode()
    )


# Finance


def test_later_periods_repeat_the_forecast_until_they_have_their_own(client, update):
    rows = [make_position(update, n, forecast=None, ytd_actual=None) for n in (1, 2, 3, 4)]
    save(client, update, "finance", {row: {"forecast": {2: "31.8", 4: "30"}.get(row.period, "")} for row in rows})
    assert [fresh(row).forecast for row in rows] == [None, 31_800_000, 31_800_000, 30_000_000]
    save(client, update, "finance", {fresh(row): {"forecast": "31.5"} if row.period == 2 else {} for row in rows})
    assert [fresh(row).forecast for row in rows] == [None, 31_500_000, 31_500_000, 30_000_000]


def test_finance_staff_have_all_their_priorities_on_one_page(client, update, trust):
    finance = make_person("finance")
    other = make_update(trust, update.quarter)
    rows = [make_position(each, 2, forecast=None) for each in (update, other)]
    for priority in (update.priority, trust):
        make_assignment(priority, finance, AssignmentRole.CONTRIBUTOR, section=Section.FINANCE)
    client.force_login(finance)
    page = reverse("updates:finance", args=[Q2])
    assert page in client.get("/my-updates/").content.decode()
    assert client.get("/my-updates/?all=1").status_code == 200
    data = {}
    for row in rows:
        data |= {f"position-{row.pk}-base": 0, f"position-{row.pk}-forecast": f"{row.pk}.5"}
    client.post(page, data)
    assert [fresh(row).forecast for row in rows] == [row.pk * 1_000_000 + 500_000 for row in rows]
    assert ChangeSet.objects.filter(person=finance).count() == 1


def test_on_the_page_of_all_priorities_one_that_is_submitted_stops_the_save(client, update, trust, administrator):
    other = make_update(trust, update.quarter)
    rows = [make_position(each, 2, forecast=None) for each in (update, other)]
    client.force_login(administrator)
    set_status(other, UpdateStatus.SUBMITTED)
    data = {}
    for row in rows:
        data |= {f"position-{row.pk}-base": 0, f"position-{row.pk}-forecast": "1.5"}
    page = client.post(reverse("updates:finance", args=[Q2]), data).content.decode()
    assert "Trust and confidence increases, Q2 2022/23 is submitted" in page
    assert [fresh(row).forecast for row in rows] == [None, None]
    assert Draft.objects.count() == 2


# Two people


def test_what_only_one_of_them_changed_is_kept(client, update):
    reading = make_reading(update, value=None)
    with door(update):
        theirs = fresh(reading)
        theirs.note = "From somebody else."
        theirs.save()
    save(client, update, "indicators", {reading: {"value": "31%", "note": ""}})
    stored = fresh(reading)
    assert (stored.value, stored.note) == (31, "From somebody else.")


def collide(update):
    reading = make_reading(update, value=None, note="")
    with door(update):
        theirs = fresh(reading)
        theirs.value = 40
        theirs.save()
    return reading


def test_what_both_changed_is_shown_twice_and_nothing_is_saved(client, update):
    reading = collide(update)
    page = save(client, update, "indicators", {reading: {"value": "31%", "note": "Mine"}}).content.decode()
    assert "<title>Error: " in page
    assert "Yours: 31%" in page
    assert "Stored by the command line" in page
    assert ": 40%" in page
    assert (fresh(reading).value, fresh(reading).note) == (40, "")


@pytest.mark.parametrize(("choice", "value"), [("mine", 31), ("theirs", 40)])
def test_they_choose_between_both_versions(client, update, choice, value):
    reading = collide(update)
    prefix = f"reading-{reading.pk}-value"
    asked = {f"{prefix}-asked": fresh(reading).version, f"{prefix}-choice": choice}
    save(client, update, "indicators", {reading: {"value": "31%", "note": "Mine"}}, **asked)
    assert (fresh(reading).value, fresh(reading).note) == (value, "Mine")


def test_a_choice_about_an_older_version_is_asked_again(client, update):
    reading = collide(update)
    asked = fresh(reading).version
    with door(update):
        third = fresh(reading)
        third.value = 50
        third.save()
    prefix = f"reading-{reading.pk}-value"
    page = save(
        client,
        update,
        "indicators",
        {reading: {"value": "31%"}},
        **{f"{prefix}-asked": asked, f"{prefix}-choice": "mine"},
    )
    assert ": 50%" in page.content.decode()
    assert fresh(reading).value == 50


def test_saving_the_same_twice_leaves_one_change(client, update):
    reading = make_reading(update, value=None)
    for _ in range(2):
        save(client, update, "indicators", {reading: {"value": "31%", "confirmed": "on"}})
    assert Reading.history.filter(id=reading.pk).count() == 2  # made, and changed once


def test_a_conflict_in_what_is_the_risks_own(client, update):
    row = make_assessment(update, explanation="Because.")
    first = fresh(row)
    save(client, update, "risks", {row: {"owner": "Our team", "owner-was": ""}})
    page = save(client, update, "risks", {first: {"owner": "Another team", "owner-was": ""}}).content.decode()
    assert "Yours: Another team" in page
    assert fresh(row).risk.owner == "Our team"


def test_what_the_administration_changed_of_a_risk_is_not_taken_back_by_an_older_page(client, update):
    row = make_assessment(update, explanation="Because.")
    page = client.get(address(update, "risks")).content.decode()
    assert f'name="risk-{row.pk}-owner-was" value=""' in page
    Risk.objects.filter(pk=row.risk_id).update(owner="Named in the administration")
    save(client, update, "risks", {row: {"explanation": "Prices rise.", "owner": "", "owner-was": ""}})
    stored = fresh(row)
    assert (stored.explanation, stored.risk.owner) == ("Prices rise.", "Named in the administration")


def test_closing_stays_in_its_quarter_when_an_older_one_is_edited(client, update):
    then = make_assessment(QuarterlyUpdate.objects.get(quarter__number=1), explanation="Because.")
    row = Assessment(update=update, risk=then.risk, description="Demand", level="H", explanation="As before.")
    with door(update):
        row.save()
    save(client, update, "risks", {row: {"closed_reason": "Signed.", "closed_reason-was": ""}})
    save(client, then.update, "risks", {then: {"owner": "Our team", "owner-was": ""}})
    assert Risk.objects.get().closed_from == Q2.next


def test_a_new_risk_changed_after_going_back_is_changed_not_lost(client, update):
    key, data = new_risk(description="A supplier may fail", level="h", trend="up", explanation="Late accounts.")
    client.post(address(update, "risks"), data)
    client.post(address(update, "risks"), {**data, f"new-risk-{key}-description": "Two suppliers may fail"})
    assert [row.description for row in Assessment.objects.all()] == ["Two suppliers may fail"]


def test_a_page_with_an_error_does_not_make_the_issue_yet_nor_twice(client, update):
    row, other = make_assessment(update, explanation="Because."), make_assessment(update, explanation="Because.")
    page = save(client, update, "risks", {row: {"became_issue": "on"}, other: {"owner": "x" * 101}}).content.decode()
    assert "<title>Error: " in page
    assert not Risk.objects.filter(kind="issue").exists()
    save(client, update, "risks", {row: {"became_issue": "on"}, other: {"owner": "x"}})
    assert Risk.objects.filter(kind="issue").count() == 1


def test_the_rest_is_unchanged_does_not_speak_for_what_changed_since_it_was_seen(client, update):
    reading = make_reading(update, value=5)
    with door(update):
        theirs = fresh(reading)
        theirs.value = 99
        theirs.save()
    save(client, update, "indicators", {reading: {}}, unchanged="1")
    assert not fresh(reading).confirmed


# Nothing typed is lost


def autosave(client, update, section, data):
    return client.post(f"{address(update, section)}draft/", data)


def test_an_autosave_keeps_what_is_typed_valid_or_not_and_answers_with_what_is_computed(client, update):
    position = make_position(update, 2, forecast=None)
    data = {f"position-{position.pk}-base": 0, f"position-{position.pk}-forecast": "31.9"}
    answer = json.loads(autosave(client, update, "finance", data).content)
    assert answer["outputs"][f"position-{position.pk}-forecast"] == "−2.4% (−£0.8m)"
    assert dt.time.fromisoformat(answer["saved"])
    assert Draft.objects.get().data == {**data, f"position-{position.pk}-base": "0"}
    assert fresh(position).forecast is None


def test_what_is_answered_to_an_autosave_is_never_markup(client, update):
    name = f"update-{update.pk}-narrative"
    data = {f"update-{update.pk}-base": update.version, name: "What was said in <script>alert(1)</script> Q1."}
    answer = json.loads(autosave(client, update, "ratings", data).content)
    assert "<script>" not in answer["outputs"][f"{name}-marks"]
    assert "&lt;script&gt;" in answer["outputs"][f"{name}-marks"]


def test_a_draft_that_says_nothing_new_is_none(client, update):
    reading = make_reading(update, value=31)
    data = {f"reading-{reading.pk}-base": 0, f"reading-{reading.pk}-value": "31%", f"reading-{reading.pk}-note": ""}
    autosave(client, update, "indicators", data)
    assert not Draft.objects.exists()


def test_a_late_autosave_after_the_save_leaves_no_ghost(client, update):
    reading = make_reading(update, value=None)
    data = {
        f"reading-{reading.pk}-base": 0,
        f"reading-{reading.pk}-value": "31%",
        f"reading-{reading.pk}-confirmed": "on",
    }
    client.post(address(update, "indicators"), data)
    autosave(client, update, "indicators", data)
    assert not Draft.objects.exists()


def test_saving_forgets_the_draft(client, update):
    reading = make_reading(update, value=None)
    data = {f"reading-{reading.pk}-base": 0, f"reading-{reading.pk}-value": "31%"}
    autosave(client, update, "indicators", data)
    assert Draft.objects.exists()
    client.post(address(update, "indicators"), data)
    assert not Draft.objects.exists()


def test_a_draft_is_shown_to_its_writer_only(client, update):
    reading = make_reading(update, value=None)
    autosave(client, update, "indicators", {f"reading-{reading.pk}-base": 0, f"reading-{reading.pk}-value": "31.5%"})
    assert "31.5%" in client.get(address(update, "indicators")).content.decode()
    other = make_assignment(update.priority, make_person("deputy"), AssignmentRole.DEPUTY).person
    client.force_login(other)
    assert "31.5%" not in client.get(address(update, "indicators")).content.decode()


def test_what_others_saved_shows_through_a_draft(client, update):
    reading = make_reading(update, value=None, note="")
    autosave(client, update, "indicators", {f"reading-{reading.pk}-base": 0, f"reading-{reading.pk}-value": "31.5%"})
    with door(update):
        theirs = fresh(reading)
        theirs.note = "From somebody else."
        theirs.save()
    page = client.get(address(update, "indicators")).content.decode()
    assert "31.5%" in page
    assert "From somebody else." in page


@pytest.mark.parametrize("state", ["submitted", "approved", "closed"])
def test_a_locked_update_says_why_and_keeps_what_was_typed(client, update, state):
    reading = make_reading(update, value=None)
    close(update.quarter) if state == "closed" else set_status(update, state)
    page = save(client, update, "indicators", {reading: {"value": "31.5%"}}).content.decode()
    assert f"Q2 2022/23 is {state}" in page
    assert "What you typed is still here" in page
    assert 'value="31.5%"' in page
    assert fresh(reading).value is None
    assert "31.5%" in client.get(address(update, "indicators")).content.decode()


def test_a_form_sent_without_a_session_is_kept_through_signing_in(client, update, victims_lead):
    url = address(update, "ratings")
    who = signing.dumps(victims_lead.pk, salt=SALT)
    client.logout()
    data = {"who": who, f"update-{update.pk}-base": update.version, f"update-{update.pk}-narrative": "Typed late."}
    response = client.post(url, data)
    assert response.url == f"/sign-in/?next={url}"
    assert "what you typed is kept" in client.get(response.url).content.decode()
    response = client.post(response.url, {"username": "victims-lead", "password": "quarterly-demo"}, follow=True)
    assert "Typed late." in response.content.decode()
    assert fresh(update).narrative == ""
    assert Draft.objects.get().data[f"update-{update.pk}-narrative"] == "Typed late."  # on other devices too


def test_it_is_not_shown_to_somebody_else_who_signs_in_there(client, update, administrator, victims_lead):
    url = address(update, "ratings")
    client.logout()
    data = {"who": signing.dumps(victims_lead.pk, salt=SALT), f"update-{update.pk}-narrative": "Typed late."}
    client.post(url, data)
    response = client.post(
        f"/sign-in/?next={url}", {"username": "administrator", "password": "quarterly-demo"}, follow=True
    )
    assert response.status_code == 200
    assert "Typed late." not in response.content.decode()


@pytest.mark.parametrize("who", ["", "forged", "1"])
def test_an_anonymous_form_that_is_nobodys_is_not_kept(client, update, who):
    client.logout()
    client.post(address(update, "ratings"), {"who": who, "x": "y"})
    assert "typed" not in client.session


def test_a_form_of_before_the_last_sign_in_is_shown_again_with_all_that_was_typed(update, victims_lead):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(victims_lead)
    url = address(update, "ratings")
    who = signing.dumps(victims_lead.pk, salt=SALT)
    data = {"who": who, "csrfmiddlewaretoken": "old", f"update-{update.pk}-narrative": "Typed on the first tab."}
    page = strict.post(url, data, follow=True).content.decode()
    assert "Typed on the first tab." in page
    assert "save it once more" in page
    assert fresh(update).narrative == ""


def test_last_quarters_text_goes_into_the_draft_with_all_else_that_was_typed(client, update):
    name = f"update-{update.pk}-narrative"
    data = {f"update-{update.pk}-base": update.version, f"update-{update.pk}-time": "A", name: "", "start": name}
    response = client.post(address(update, "ratings"), data)
    assert response.url.endswith(f"#id_{name}")
    page = client.get(address(update, "ratings")).content.decode()
    assert "What was said in Q1.</textarea>" in page
    assert 'value="A"' in page
    assert fresh(update).narrative == ""


# Who enters for whom


def test_entering_a_row_that_somebody_else_holds_is_recorded(client, update):
    holder = make_person("analyst")
    reading = make_reading(update, make_indicator(update.priority, holder=holder), value=None)
    save(client, update, "indicators", {reading: {"value": "31%"}})
    assert ChangeSet.objects.latest("pk").note == "Entered for analyst"


def test_a_contributor_changes_only_what_is_theirs(client, update):
    analyst = make_person("analyst")
    make_assignment(update.priority, analyst, AssignmentRole.CONTRIBUTOR)
    theirs = make_reading(update, make_indicator(update.priority, "1a", holder=analyst), value=None)
    other = make_reading(update, make_indicator(update.priority, "1b"), value=None)
    client.force_login(analyst)
    page = client.get(address(update, "indicators")).content.decode()
    assert f"reading-{theirs.pk}-value" in page
    assert f"reading-{other.pk}-value" not in page
    page = save(client, update, "indicators", {theirs: {"value": "31%"}, other: {"value": "99.5%"}}).content.decode()
    assert "not yours any more" in page
    assert "99.5%" in page  # to be copied: it is lost otherwise
    assert (fresh(theirs).value, fresh(other).value) == (None, None)
    save(client, update, "indicators", {theirs: {"value": "31%"}})
    assert fresh(theirs).value == 31
    for section in ("ratings", "finance"):
        assert client.get(address(update, section)).status_code == 403
        assert autosave(client, update, section, {}).status_code == 403


def test_somebody_with_one_priority_lands_on_its_newest_update(client, update, trust, victims_lead):
    assert client.get("/my-updates/").url == reverse("updates:update", args=[Q2, update.priority.slug])
    assert client.get("/my-updates/?all=1").content.decode().count("Nothing") == 0
    make_update(trust, update.quarter)
    make_assignment(trust, victims_lead)
    page = client.get("/my-updates/").content.decode()
    assert "Trust and confidence increases" in page
    assert "need you" in page


def test_the_timeline_tells_of_moves_and_more_time(autumn, client, update, manager):
    from updates.submitting import extend

    extend(update, by=manager, due_on=dt.date(2022, 11, 30), reason="The provider reports late.")
    page = client.get(reverse("updates:timeline", args=[Q2, update.priority.slug])).content.decode()
    assert "due date <ins>30 November 2022</ins>" in " ".join(page.split())
    assert "The provider reports late." in page


def test_what_is_typed_and_not_saved_stops_the_submission(client, update, victims_lead):
    name = f"update-{update.pk}-narrative"
    autosave(client, update, "ratings", {f"update-{update.pk}-base": update.version, name: "Not saved."})
    page = client.get(reverse("updates:check", args=[Q2, update.priority.slug])).content.decode()
    assert "Something is typed here and not saved; save it, or throw it away." in page
    client.post(address(update, "ratings"), {"discard": "1"})
    page = client.get(reverse("updates:check", args=[Q2, update.priority.slug])).content.decode()
    assert "Something is typed here" not in page


def test_a_locked_page_takes_nothing_and_starts_nothing_from_last_quarter(client, update):
    set_status(update, UpdateStatus.SUBMITTED)
    page = client.get(address(update, "ratings")).content.decode()
    assert '<fieldset class="shut" disabled>' in page
    name = f"update-{update.pk}-narrative"
    client.post(address(update, "ratings"), {f"update-{update.pk}-base": update.version, name: "", "start": name})
    assert not Draft.objects.exists()


def test_a_warning_answered_on_the_page_is_not_confirmed_for_a_figure_that_was_not_on_it(client, update):
    reading = make_reading(update, make_indicator(update.priority, unit="number"), value=500, target=20)
    url = reverse("updates:check", args=[Q2, update.priority.slug])
    name = f"ten_times:reading-{reading.pk}"
    told = f"{reading.indicator}: 500 is more than ten times the target of 20."
    assert told in client.get(url).content.decode()
    with door(update):
        theirs = fresh(reading)
        theirs.value = 5000
        theirs.save()
    page = client.post(url, {f"{name}|confirmed": "1", f"{name}|told": told, f"{name}|text": ""}).content.decode()
    assert "5,000 is more than ten times the target of 20." in page
    assert not update.explanations.exists()


def test_the_answers_to_the_checks_are_on_the_receipt_for_who_reviews(client, update, manager):
    from updates.models import Explanation

    with door(update):
        Explanation(update=update, warning="x", told="An odd figure.", text="Checked twice.", confirmed=True).save()
    with door(update):
        stored = fresh(update)
        stored.submitted_at = dt.datetime(2022, 10, 20, 9, tzinfo=dt.UTC)
        stored.save()
    client.force_login(manager)
    page = client.get(reverse("updates:submitted", args=[Q2, update.priority.slug])).content.decode()
    assert "An odd figure." in page
    assert "Checked twice." in page


# What it costs


@pytest.mark.once
@pytest.mark.parametrize("section", Section.values)
def test_an_entry_page_takes_at_most_12_queries_to_show_and_20_to_save(
    client, victims, victims_lead, section, django_assert_max_num_queries
):
    client.force_login(victims_lead)
    seen = set()
    period = Q1
    for rows in (3, 30):
        for _ in range(4):
            period = period.next
            update = make_full_update(victims, make_quarter(period), rows=rows)
        url = address(update, section)
        shown = queries(client, url)
        assert shown <= 12
        data = typed_everywhere(client, update, section)
        with django_assert_max_num_queries(20) as saved:
            assert client.post(url, data).status_code == 302
        assert ChangeSet.objects.latest("pk").person == victims_lead
        seen.add((shown, len(saved)))
    assert len(seen) == 1, seen


def typed_everywhere(client, update, section):
    """A form with something new in every row."""
    new = {"indicators": ("note", "New"), "risks": ("explanation", "New"), "goals": ("comment", "New")}
    name, text = new.get(section, ("narrative", "New"))
    if section == "finance":
        name, text = "forecast", "1.5"
    entry = Entry([update], section, client_person(client))
    data = {}
    for form in entry.forms:
        if form.row.pk and (name in form.fields or section == "finance"):
            cell = name if name in form.fields else "finance_note"
            data |= {form.add_prefix("base"): str(form.row.version), form.add_prefix(cell): text}
    return data


def client_person(client):
    from priorities.models import Person

    return Person.objects.get(pk=client.session["_auth_user_id"])


def test_my_updates_and_the_task_list_take_a_fixed_number_of_queries(client, victims, trust, victims_lead):
    make_assignment(trust, victims_lead)
    client.force_login(victims_lead)
    for rows in (3, 30):
        quarter = make_quarter(Q1.plus(rows))
        for priority in (victims, trust):
            update = make_full_update(priority, quarter, rows=rows)
        assert queries(client, "/my-updates/") <= 12
        for name in ("update", "check"):
            assert queries(client, reverse(f"updates:{name}", args=[quarter.period, update.priority.slug])) <= 12
