"""Late data: who proposes what, what managers answer, how it reaches the report, and who is told."""

import re
from decimal import Decimal

import pytest
from django.db.models import QuerySet

from indicators.models import Indicator, Reading
from priorities.door import Refused
from priorities.models import AssignmentRole, Plan, Quarter
from reports.frozen import newest, read
from reports.models import ProposalState, ProposedRevision
from reports.proposals import answer, enter, propose
from reports.publication_views import choices_of, closed_part
from reports.publishing import reread
from risks.models import Assessment
from tests import snapshot
from tests.closed import close_for_real, fresh, reopen_for
from tests.make import (
    make_assessment,
    make_assignment,
    make_full_update,
    make_person,
    make_quarter,
    two_priorities,
)
from tests.priorities.test_races import at_once
from tests.published import publish_for_real
from tests.reports.test_pages import get, text
from tests.reports.test_publishing import said
from updates.models import Draft, Notice

pytestmark = pytest.mark.django_db
HERE = "/2022-23-q1/victims-are-better-supported/revisions/"
ANSWERS = "/2022-23-q1/publishing/answers/"


def close_two():
    victims, trust = two_priorities()
    quarter = make_quarter(overview="Well.")
    update = make_full_update(victims, quarter)
    make_assessment(update, kind="issue", description="A strike")
    make_full_update(trust, quarter)
    close_for_real(quarter)


@pytest.fixture
def quarter(db):
    """Closed, with two priorities and their leads."""
    snapshot.once(close_two)
    return fresh(Quarter.objects.get(status="closed"))


@pytest.fixture
def update(quarter, victims):
    return quarter.updates.select_related("priority", "quarter__plan").get(priority=victims)


@pytest.fixture
def indicator(quarter, victims):
    return Indicator.objects.get(priority=victims, reference="1")


def value_of(indicator):
    return f"indicators:{indicator.key}:value"


def offer(update, person, mark, value="26%", reason="It came late.", source="The return of 12 October"):
    return propose(update, closed_part(update), by=person, mark=mark, value=value, reason=reason, source=source)


def post(client, person, path=HERE, act="propose", **typed):
    client.force_login(person)
    return client.post(path, {"act": act, **typed}, follow=True)


def propose_typed(indicator, **more):
    typed = {"figure": value_of(indicator), "value": "26%", "reason": "It came late.", "source": "The return", **more}
    return {f"propose-{name}": value for name, value in typed.items()}


def answered(client, person, *proposals, act="take_up", reason=""):
    typed = {"answer-proposals": [each.pk for each in proposals], "answer-reason": reason}
    return post(client, person, ANSWERS, act, **typed)


# Proposing


def test_a_lead_proposes_another_figure_from_the_prioritys_page(client, quarter, indicator, victims_lead, manager):
    page = text(get(client, victims_lead, "/2022-23-q1/victims-are-better-supported/"))
    assert f'href="{HERE}"' in page
    response = post(client, victims_lead, **propose_typed(indicator))
    assert "Proposed: 1 % of victims supported, 1, value, 26%. The managers are told." in said(response)
    made = ProposedRevision.objects.get()
    assert (made.was, made.value, made.source, made.proposed_by) == ("27%", "26%", "The return", victims_lead)
    notice = Notice.objects.filter(person=manager).latest("pk")
    assert "victims-lead proposes another figure for Victims are better supported, Q1 2022/23" in notice.text
    assert notice.path == "/2022-23-q1/publishing/"


@pytest.mark.parametrize("role", ["trust_lead", "reader"])
def test_others_neither_read_nor_propose(request, client, quarter, indicator, role):
    person = request.getfixturevalue(role)
    assert "are proposed by those who fill it in; ask its lead." in said(get(client, person, HERE))
    assert post(client, person, **propose_typed(indicator)).status_code == 403
    assert "Propose a late" not in text(get(client, person, "/2022-23-q1/victims-are-better-supported/"))


def test_managers_read_and_do_not_propose(client, quarter, indicator, manager):
    assert "Propose another figure" not in said(get(client, manager, HERE))
    assert post(client, manager, **propose_typed(indicator)).status_code == 403


def test_a_contributor_proposes_for_their_section_and_rows_alone(update, indicator, victims):
    finance = make_assignment(victims, make_person("f"), AssignmentRole.CONTRIBUTOR, section="finance").person
    holder = make_assignment(victims, make_person("h"), AssignmentRole.CONTRIBUTOR).person
    Indicator.objects.filter(pk=indicator.pk).update(holder=holder)
    assert offer(update, finance, "finance:q1:ytd_actual", "£3.1m").of == "Finance Q1, actual to date"
    assert offer(update, holder, value_of(indicator)).field == "value"
    for person, mark in ((finance, value_of(indicator)), (holder, "finance:q1:budget")):
        with pytest.raises(Refused, match="Choose a figure that you fill in."):
            offer(update, person, mark, "3")


@pytest.mark.parametrize(
    ("mark", "value", "told"),
    [
        ("value", "lots", "“lots” is not a figure"),
        ("value", "-3", "A percentage can't be negative"),
        ("value", "27", "says 27% already."),
        ("confidence", "purple", "“purple” is not a rating; write R, A or G."),
        ("confidence", "green", "says G already."),
    ],
)
def test_a_value_that_cannot_be_read_or_is_the_same_is_told(client, update, indicator, victims_lead, mark, value, told):
    figure = f"indicators:{indicator.key}:{mark}"
    response = post(client, victims_lead, **propose_typed(indicator, figure=figure, value=value))
    assert told in said(response)
    assert not ProposedRevision.objects.exists()


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"figure": ""}, "Choose the figure."),
        ({"figure": "indicators:x:value"}, "Choose a figure that you fill in."),
        ({"value": ""}, "Give the figure."),
        ({"reason": " "}, "Say why the figure is another one."),
        ({"source": " "}, "Say where the value comes from."),
    ],
)
def test_what_a_proposal_lacks_is_told(client, update, indicator, victims_lead, typed, told):
    assert told in said(post(client, victims_lead, **propose_typed(indicator, **typed)))


def test_a_reason_and_a_source_are_needed_everywhere(update, indicator, victims_lead):
    with pytest.raises(Refused, match=r"Say why the figure is another one\. Say where the value comes from\."):
        offer(update, victims_lead, value_of(indicator), reason=" ", source="")


def test_every_kind_of_figure_can_be_proposed(update, victims_lead, victims):
    part = closed_part(update)
    values = {"value": "26", "target": "[x]", "confidence": "A", "level": "L", "trend": "down", "forecast": "Q4"}
    for choice in choices_of(update, part, victims_lead):
        value = (
            ("A" if choice.was != "A" else "R")
            if choice.group == "ratings"
            else "£1.5m"
            if choice.group == "finance"
            else values[choice.field]
        )
        assert offer(update, victims_lead, choice.mark, value).field == choice.field
    assert {made.section for made in ProposedRevision.objects.all()} == {
        "ratings",
        "finance",
        "indicators",
        "risks",
        "goals",
    }


def test_where_risks_are_scored_the_level_follows_from_the_score(update, victims_lead):
    Plan.objects.update(risk_scale="matrix")
    update.quarter.plan.refresh_from_db()
    fields = {c.field for c in choices_of(update, closed_part(update), victims_lead) if c.section == "risks"}
    assert fields == {"trend"}


def test_in_an_open_quarter_it_is_entered_not_proposed(client, victims, victims_lead):
    quarter = make_quarter()
    make_full_update(victims, quarter)
    page = said(get(client, victims_lead, HERE))
    assert "figures are entered on the pages of its update" in page
    indicator = Indicator.objects.get(priority=victims, reference="1")
    told = "is not closed: what is late is entered on the pages of its update."
    assert told in said(post(client, victims_lead, **propose_typed(indicator)))
    with pytest.raises(Refused, match=told):
        propose(quarter.updates.get(), None, by=victims_lead, mark="", value="1", reason="x", source="y")
    assert get(client, victims_lead, "/2022-23-q1/no-such-priority/revisions/").status_code == 404


# Answering


def test_managers_see_them_on_the_pages_of_publishing_and_closing(client, update, indicator, victims_lead, manager):
    offer(update, victims_lead, value_of(indicator))
    for page in ("/2022-23-q1/publishing/", "/2022-23-q1/closing/"):
        told = said(get(client, manager, page))
        assert "Proposed revisions" in told
        assert "The return of 12 October" in told
        assert "Take up what is ticked" in told


def test_a_manager_takes_it_up_and_administrators_are_asked_to_reopen(
    client, update, indicator, victims_lead, manager, administrator
):
    made = offer(update, victims_lead, value_of(indicator))
    response = answered(client, manager, made)
    assert "administrators are asked to reopen the quarter" in said(response)
    made.refresh_from_db()
    assert (made.state, made.answered_by) == (ProposalState.TAKEN_UP, manager)
    assert "manager asks to reopen Q1 2022/23." in Notice.objects.filter(person=administrator).latest("pk").text
    assert "is taken up; it is entered once the quarter is reopened." in told_last(victims_lead)


def told_last(person):
    return Notice.objects.filter(person=person).latest("pk").text


@pytest.mark.usefixtures("contexts")
def test_reopening_is_prefilled_with_the_priorities_and_the_reason(
    client, update, indicator, victims, victims_lead, administrator
):
    made = offer(update, victims_lead, value_of(indicator))
    response = answered(client, administrator, made)
    assert response.redirect_chain[-1][0] == "/2022-23-q1/closing/"
    form = response.context["reopen_form"]
    assert form["what"].value() == [str(victims.pk)]
    assert form["for_"].value() == victims_lead.pk
    assert form["reason"].value() == "1 % of victims supported, 1, value: 26% instead of 27%. It came late."
    page = text(response)
    assert re.search(rf'<option value="{victims_lead.pk}" selected', page)


def test_it_is_declined_with_a_reason_and_who_proposed_is_told(client, update, indicator, victims_lead, manager):
    made = offer(update, victims_lead, value_of(indicator))
    shown = answered(client, manager, made, act="decline")
    assert said(shown).count("Say why it is declined") == 2  # above, and at the field
    assert f'value="{made.pk}" checked' in text(shown)
    assert 'href="#id_answer-reason"' in text(shown)
    assert "Declined; who proposed is told." in said(
        answered(client, manager, made, act="decline", reason="Too small.")
    )
    made.refresh_from_db()
    assert (made.state, made.answer) == (ProposalState.DECLINED, "Too small.")
    assert "is declined: Too small." in told_last(victims_lead)
    assert "Too small." in said(get(client, victims_lead, HERE))


def test_an_answer_needs_something_ticked_that_nobody_has_answered(client, update, indicator, victims_lead, manager):
    assert "Tick at least one." in said(answered(client, manager))
    made = offer(update, victims_lead, value_of(indicator))
    answer(update.quarter, [made.pk], by=manager, take_up=False, reason="No.")
    assert "Somebody has answered one meanwhile." in said(answered(client, manager, made))
    with pytest.raises(Refused, match="somebody may have done so meanwhile"):
        answer(update.quarter, [made.pk], by=manager, take_up=True)


def test_what_is_answered_stands_apart_and_has_no_boxes(client, update, indicator, victims_lead, manager):
    made = [offer(update, victims_lead, value_of(indicator), value) for value in ("26%", "25.5%", "24%")]
    answered(client, manager, made[0])
    answered(client, manager, made[1], act="decline", reason="Too small.")
    for page in ("/2022-23-q1/publishing/", "/2022-23-q1/closing/"):
        shown = get(client, manager, page)
        told = said(shown)
        places = [told.index(each) for each in ("To be answered", "24%", "Taken up, to be entered", "Entered or decl")]
        assert places == sorted(places)
        assert re.findall(r'type="checkbox" name="answer-proposals" value="(\d+)"', text(shown)) == [str(made[2].pk)]
    answered(client, manager, made[2])
    shown = get(client, manager, "/2022-23-q1/publishing/")
    assert "what is ticked" not in said(shown)
    assert "To be answered" not in said(shown)


@pytest.mark.parametrize("role", ["victims_lead", "reader"])
def test_others_do_not_answer(request, client, update, indicator, victims_lead, role):
    made = offer(update, victims_lead, value_of(indicator))
    person = request.getfixturevalue(role)
    assert answered(client, person, made).status_code == 403
    with pytest.raises(Refused, match="are answered by managers and administrators"):
        answer(update.quarter, [made.pk], by=person, take_up=True)


@pytest.mark.django_db(transaction=True)
def test_of_two_answers_at_once_one_counts(update, indicator, victims_lead, manager, administrator):
    made = offer(update, victims_lead, value_of(indicator))
    done = at_once(
        lambda: answer(update.quarter, [made.pk], by=manager, take_up=True),
        lambda: answer(update.quarter, [made.pk], by=administrator, take_up=False, reason="No."),
    )
    made.refresh_from_db()
    later_take_up = made.state == ProposalState.DECLINED and not any(isinstance(each, Refused) for each in done)
    assert later_take_up or sum(isinstance(each, Refused) for each in done) == 1


# Entering


@pytest.fixture
def taken(update, indicator, victims, victims_lead, manager):
    """Proposed, taken up, and the quarter reopened for its lead."""
    made = offer(update, victims_lead, value_of(indicator))
    answer(update.quarter, [made.pk], by=manager, take_up=True)
    reopen_for(victims_lead, update.quarter, victims)
    return made


def test_whom_it_is_reopened_for_is_told_of_what_waits(taken, victims_lead):
    notice = Notice.objects.filter(person=victims_lead).latest("pk")
    assert "to be entered: 1 % of victims supported, 1, value." in notice.text
    assert notice.path == HERE


def test_the_page_of_a_reopened_quarter_says_who_may_enter_what(client, taken, victims_lead, manager):
    page = said(get(client, victims_lead, HERE))
    assert "Q1 2022/23 is reopened for you until" in page
    assert "“Enter it” enters what is proposed as it stands; anything else is corrected on the pages" in page
    assert "Q1 2022/23 is open" not in page
    assert "is reopened for victims-lead, until" in said(get(client, manager, HERE))
    there = "/2022-23-q1/trust-and-confidence-increases/revisions/"
    assert "is reopened, without this priority. Another figure can be proposed" in said(get(client, manager, there))
    post(client, victims_lead, act="enter", proposal=taken.pk)
    page = said(get(client, victims_lead, HERE))
    assert "“Enter it”" not in page
    assert "figures are corrected on the pages of its update" in page


def test_the_proposed_value_is_entered_through_the_door(client, taken, indicator, victims_lead, manager, quarter):
    assert "Enter it" in said(get(client, victims_lead, HERE))
    response = post(client, victims_lead, act="enter", proposal=taken.pk)
    assert "Entered: 1 % of victims supported, 1, value, 26%." in said(response)
    reading = Reading.objects.get(indicator=indicator)
    assert (reading.value, reading.target, reading.confirmed) == (Decimal(26), Decimal(25), True)
    assert reading.history.latest().change_set.person == victims_lead
    taken.refresh_from_db()
    assert taken.state == ProposalState.APPLIED
    close_for_real(quarter)
    report = read(newest(fresh(quarter)))
    assert report.priorities[0].indicators[0].value == Decimal(26)


def test_what_was_proposed_reaches_the_next_version_marked(update, indicator, victims, victims_lead, manager):
    publish_for_real(update.quarter, manager)
    made = offer(update, victims_lead, value_of(indicator))
    answer(update.quarter, [made.pk], by=manager, take_up=True)
    reopen_for(victims_lead, update.quarter, victims)
    enter(made, by=victims_lead)
    close_for_real(update.quarter)
    second = publish_for_real(update.quarter, manager)
    found = reread(second)[1].revision_of(str(indicator.key), "value")
    assert (found.was, found.now) == ("27%", "26%")


def test_every_kind_of_figure_can_be_entered(update, victims, victims_lead):
    wanted = {
        "ratings": ("", "objectives", "R"),
        "finance": ("q1", "ytd_actual", "£3.1m"),
        "goals": (None, "confidence", "A"),
        "risks": (None, "level", "L"),
    }
    part = closed_part(update)
    keys = {"goals": part.goals[0].key, "risks": part.issues[0].key}
    made = [
        offer(update, victims_lead, f"{section}:{keys.get(section, key)}:{field}", value)
        for section, (key, field, value) in wanted.items()
    ]
    reopen_for(victims_lead, update.quarter, victims)
    for each in made:
        enter(each, by=victims_lead)
    close_for_real(update.quarter)
    part = read(newest(fresh(update.quarter))).priorities[0]
    assert (part.ratings[0].letter, part.goals[0].confidence, part.issues[0].level) == ("R", "A", "L")
    assert part.finance[0].ytd_actual == Decimal(3_100_000)


def test_others_cannot_enter_it(client, taken, manager, trust_lead):
    for person in (manager, trust_lead):
        assert post(client, person, act="enter", proposal=taken.pk).status_code == 403
    with pytest.raises(Refused):
        enter(taken, by=trust_lead)
    taken.refresh_from_db()
    assert taken.state == ProposalState.TAKEN_UP


def test_it_is_not_entered_in_a_closed_quarter(client, update, indicator, victims_lead):
    made = offer(update, victims_lead, value_of(indicator))
    assert "Enter it" not in said(get(client, victims_lead, HERE))
    response = post(client, victims_lead, act="enter", proposal=made.pk)
    assert "is closed and can't be edited" in said(response)


def test_what_is_typed_and_not_saved_is_not_lost_by_it(client, taken, update, victims_lead):
    draft = Draft.objects.create(person=victims_lead, update=update, section="indicators", data={"x-note": "Half"})
    response = post(client, victims_lead, act="enter", proposal=taken.pk)
    assert "You have typed something in Indicators and not saved it" in said(response)
    assert Draft.objects.filter(pk=draft.pk).exists()


def test_it_is_entered_once_and_only_what_is_there(client, taken, victims_lead):
    enter(taken, by=victims_lead)
    with pytest.raises(Refused, match="This was entered or declined meanwhile"):
        enter(taken, by=victims_lead)
    assert post(client, victims_lead, act="enter", proposal="0").status_code == 404
    assert post(client, victims_lead, act="enter", proposal="x").status_code == 404


def test_a_row_that_is_gone_or_a_value_that_does_not_fit_any_more_is_told(taken, indicator, victims_lead):
    Indicator.objects.filter(pk=indicator.pk).update(unit="number")
    with pytest.raises(Refused, match="is a percentage, but this indicator is a plain number"):
        enter(taken, by=victims_lead)
    taken.key = "00000000-0000-0000-0000-000000000000"
    with pytest.raises(Refused, match="is not in Victims are better supported, Q1 2022/23 any more"):
        enter(taken, by=victims_lead)


def test_entering_one_figure_leaves_everything_else_of_its_row_alone(update, victims, victims_lead, manager):
    risk = Assessment.objects.select_related("risk").get(update=update, risk__kind="issue")
    QuerySet.update(update.assessments.all(), is_top=True, is_internal=True)
    proposal = offer(update, victims_lead, f"risks:{risk.risk.key}:level", "L")
    answer(update.quarter, [proposal.pk], by=manager, take_up=True)
    reopen_for(victims_lead, update.quarter, victims)
    before = Assessment.objects.filter(pk=risk.pk).values().get()
    enter(proposal, by=victims_lead)
    after = Assessment.objects.filter(pk=risk.pk).values().get()
    assert {name for name in after if after[name] != before[name]} <= {"level", "version", "confirmed"}
    assert (after["level"], after["is_top"], after["is_internal"]) == ("L", True, True)
