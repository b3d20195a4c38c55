"""The review: this quarter against last, comments, wording mended, sign-offs, approving and sending back."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from indicators.models import Indicator
from priorities.door import Refused
from priorities.history import ChangeSet
from priorities.models import AssignmentRole, Person, QuarterlyUpdate, Section, UpdateStatus
from priorities.periods import Period
from tests.make import (
    door,
    make_assessment,
    make_assignment,
    make_forecast,
    make_full_update,
    make_goal,
    make_indicator,
    make_person,
    make_position,
    make_quarter,
    make_reading,
    make_update,
    set_status,
)
from tests.priorities.test_races import at_once
from updates.checks import checks_of
from updates.comparison import compare, worded
from updates.models import Comment, Draft, Notice, SentBack, SignOff
from updates.reviewing import approve, mend, resolve, sign_off
from updates.submitting import Answer, answer_warnings, send_back, submit, withdraw

pytestmark = pytest.mark.django_db

HERE = "/2022-23-q2/victims-are-better-supported/update/"
REVIEW = f"{HERE}review/"
NAME = "Victims are better supported, Q2 2022/23"
GREEN = dict.fromkeys(("objectives", "time", "spend", "capability", "risk"), "G")
LOCKED = {"submitted", "in_review", "approved", "closed"}


@pytest.fixture
def last(victims):
    """Q1, closed for good, with a row of every kind."""
    quarter = make_quarter(Period(2022, 1))
    update = make_update(victims, quarter, narrative="Going well.", finance_note="As planned.", **GREEN)
    make_reading(update, make_indicator(victims, "1a"), value=27, confirmed=True)
    make_reading(update, make_indicator(victims, "1b"), value=30, confidence="G", confirmed=True)
    make_position(update, confirmed=True)
    make_forecast(update, make_goal(victims), confirmed=True, comment="On its way")
    return update


@pytest.fixture
def update(victims, last):
    """Q2 as its lead would leave it: one value and the narrative are new, one confidence has moved."""
    update = make_update(victims, make_quarter(Period(2022, 2)), narrative="Going very well.", **GREEN)
    with door(update):
        update.finance_note = "As planned."
        update.save()
    first, second = Indicator.objects.order_by("reference")
    make_reading(update, first, value=31, note="More people asked.", confirmed=True)
    make_reading(update, second, value=30, confidence="A", note="Fewer staff.", confirmed=True)
    make_position(update, confirmed=True)
    make_forecast(update, last.goalforecasts.get().goal, confirmed=True, comment="On its way")
    make_assessment(update, trend="up", explanation="More calls", confirmed=True)
    return update


@pytest.fixture
def submitted(update):
    return put(update, "submitted")


def put(update, status):
    set_status(update, status)
    moment = timezone.now() if status in LOCKED else None
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE priorities_quarterlyupdate SET submitted_at = %s, approved_at = %s WHERE id = %s",
            [moment, moment if status == "approved" else None, update.pk],
        )
    return stored(update)


def stored(update):
    return QuarterlyUpdate.objects.select_related("priority", "quarter__plan").get(pk=update.pk)


def text(response):
    return re.sub(r"\s+", " ", unescape(response.content.decode()))


def words(response):
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", unescape(response.content.decode())))
    return re.sub(r" ([.,])", r"\1", plain)


def post(client, person, do="comments", follow=True, **typed):
    client.force_login(person)
    version = typed.pop("version", QuarterlyUpdate.objects.get(quarter__number=2).version)
    return client.post(REVIEW, {"do": do, "version": version, **typed}, follow=follow)


def line(update, person, section, number=0):
    last = QuarterlyUpdate.objects.filter(priority=update.priority).before(update.quarter.period).first()
    found = compare(stored(update), last, person)
    return next(part for part in found.parts if part.section == section).lines[number]


def reading(update, reference="1a"):
    return update.readings.select_related("indicator").get(indicator__reference=reference)


def comment_name(update, reference="1a"):
    return f"comment|indicators|{reading(update, reference).indicator.key}"


# What the page says


def test_changes_come_first_and_each_line_says_what_it_said_last_quarter(client, submitted, manager):
    client.force_login(manager)
    page = words(client.get(REVIEW))
    assert "A (amber) was G (green)" in page  # the judgement that moved
    assert "31% was 27%" in page
    lines = [line(submitted, manager, Section.INDICATORS, n).form.row.indicator.reference for n in (0, 1)]
    assert lines == ["1b", "1a"]
    assert "1 line as last quarter" in page  # the goal, folded away
    assert "New this quarter" in page  # the risk


def test_a_text_is_shown_with_what_differs_marked(client, submitted, manager):
    client.force_login(manager)
    page = text(client.get(REVIEW))
    assert '<ins><span class="sr">added: </span>very</ins>' in page


def test_what_was_there_last_quarter_and_is_not_any_more_is_named(client, submitted, manager, last):
    make_assessment(last, description="An old risk")
    client.force_login(manager)
    page = words(client.get(REVIEW))
    assert "In Q1 2022/23 and not any more: Risk 1: An old risk." in page


def test_a_warning_and_its_answer_stand_in_place(client, submitted, manager, victims_lead):
    put(submitted, "in_progress")
    finding = next(f for f in checks_of(submitted).warnings if f.warning.startswith("judged"))
    answer_warnings(submitted, {finding.warning: Answer(False, "Staff leave.", finding.told)}, by=victims_lead)
    put(submitted, "submitted")
    client.force_login(manager)
    page = words(client.get(REVIEW))
    assert f"Looks odd: {finding.message}" in page
    assert "Staff leave." in page
    assert line(submitted, manager, Section.INDICATORS).findings[0][1].text == "Staff leave."


def test_an_unanswered_warning_says_so(client, submitted, manager):
    client.force_login(manager)
    assert "Not answered." in words(client.get(REVIEW))


def test_the_first_quarter_of_all_is_reviewed_without_another_beside_it(client, last, manager):
    put(last, "submitted")
    client.force_login(manager)
    page = words(client.get(REVIEW.replace("q2", "q1")))
    assert "beside" not in page
    assert " was " not in page.replace("it was", "")


@pytest.mark.parametrize(
    ("who", "status"), [("trust_lead", 403), ("reader", 403), ("victims_lead", 200), ("manager", 200)]
)
def test_the_review_is_open_to_those_it_concerns(request, client, submitted, who, status):
    client.force_login(request.getfixturevalue(who))
    response = client.get(REVIEW)
    assert response.status_code == status
    if status == 403:
        assert f"The review of {NAME} is open to its lead, its contributors and its reviewers." in text(response)


def test_a_contributor_sees_the_lines_that_are_theirs_only(client, submitted, victims):
    finance = make_assignment(victims, make_person("finance"), AssignmentRole.CONTRIBUTOR, section="finance").person
    client.force_login(finance)
    page = words(client.get(REVIEW))
    assert "Finance note" in page
    assert "Going very well." not in page


def test_a_review_of_a_priority_that_is_not_there_is_a_404(client, submitted, manager):
    client.force_login(manager)
    assert client.get(REVIEW.replace("victims", "witnesses")).status_code == 404
    assert client.get(REVIEW.replace("q2", "q3")).status_code == 404


# Comments


def test_a_comment_is_kept_told_answered_and_resolved(client, submitted, manager, victims_lead):
    page = post(client, manager, **{comment_name(submitted): "Where is this from?"})
    assert "1 comment is saved." in text(page)
    comment = Comment.objects.get()
    assert (comment.author, comment.section, comment.text) == (manager, "indicators", "Where is this from?")
    assert comment.subject.startswith("1a ")
    told = Notice.objects.get(person=victims_lead)
    assert told.text == f"manager commented on “{comment.subject}” of {NAME}."
    assert told.path == REVIEW

    page = post(client, victims_lead, **{f"answer|{comment.pk}": "From the provider."})
    assert "From the provider." in text(page)
    assert Notice.objects.get(person=manager).text == (
        f"victims-lead answered your comment on “{comment.subject}” of {NAME}."
    )

    page = post(client, manager, do=f"resolve|{comment.pk}")
    assert f"The comment on {comment.subject} is resolved." in text(page)
    comment.refresh_from_db()
    assert (comment.resolved_by, comment.resolved_at is not None) == (manager, True)
    assert "Resolved by manager" in words(page)


def test_several_comments_are_saved_with_one_button_and_told_in_one_notice(client, submitted, manager, victims_lead):
    typed = {comment_name(submitted, "1a"): "Why?", comment_name(submitted, "1b"): "How?"}
    page = post(client, manager, **typed, **{"comment|ratings|": "Shorter, please."})
    assert "3 comments are saved." in text(page)
    assert Notice.objects.filter(person=victims_lead).count() == 2  # one for each section
    assert ChangeSet.objects.latest("pk").note == f"3 comments on {NAME}"


def test_a_comment_stands_on_the_entry_page_and_the_task_list_until_it_is_answered(
    client, submitted, manager, victims_lead
):
    post(client, manager, **{comment_name(submitted): "Where is this from?"})
    put(submitted, "sent_back")
    client.force_login(victims_lead)
    for page in (HERE, f"{HERE}indicators/"):
        assert "Where is this from?" in text(client.get(page)), page
    assert "Where is this from?" not in text(client.get(f"{HERE}goals/"))
    post(client, victims_lead, **{f"answer|{Comment.objects.get().pk}": "From the provider."})
    assert "Where is this from?" not in text(client.get(HERE))


def test_who_fills_in_does_not_comment_and_cannot_resolve(client, submitted, manager, victims_lead):
    page = post(client, victims_lead, **{comment_name(submitted): "I say so."})
    assert "A line that you wrote about is not there any more, or not open to you" in text(page)
    assert "I say so." not in [comment.text for comment in Comment.objects.all()]
    post(client, manager, **{comment_name(submitted): "Where is this from?"})
    with pytest.raises(Refused, match="A comment is resolved by who made it, or by a manager."):
        resolve(Comment.objects.get(), by=victims_lead)
    page = post(client, victims_lead, do=f"resolve|{Comment.objects.get().pk}")
    assert "A comment is resolved by who made it, or by a manager." in text(page)


@pytest.mark.parametrize("name", ["comment|indicators|nothing", "comment|nothing|", "answer|0", "answer|x"])
def test_a_comment_on_what_is_not_there_is_told_and_kept(client, submitted, manager, name):
    page = post(client, manager, **{name: "Lost?"})
    assert "is not there any more, or not open to you; nothing was kept of it." in text(page)
    assert Comment.objects.count() == 0
    assert Draft.objects.get(person=manager).data == {name: "Lost?"}


def test_a_comment_on_a_line_that_is_gone_is_shown_and_resolved(client, submitted, manager):
    post(client, manager, **{comment_name(submitted): "Where is this from?"})
    put(submitted, "in_progress")
    row = reading(submitted)
    with door(stored(submitted)):
        row.update = stored(submitted)
        row.delete()
    put(submitted, "submitted")
    page = words(client.get(REVIEW))
    assert "Comments on lines that are gone" in page
    assert "1 comment is not resolved yet" in page
    post(client, manager, do=f"resolve|{Comment.objects.get().pk}")
    assert "not resolved yet" not in words(client.get(REVIEW))


def test_comments_stay_with_those_who_have_to_do_with_the_section_once_it_is_approved(
    client, submitted, victims, manager
):
    finance = make_assignment(victims, make_person("finance"), AssignmentRole.CONTRIBUTOR, section="finance").person
    post(client, manager, **{comment_name(submitted): "A remark on an indicator."})
    put(submitted, "approved")
    client.force_login(finance)
    for page in (REVIEW, HERE):
        assert "A remark on an indicator." not in text(client.get(page)), page


def test_a_contributor_with_a_single_row_is_not_told_what_is_gone_of_the_others(client, submitted, victims, last):
    make_assessment(last, description="An old risk")
    helper = make_assignment(victims, make_person("helper"), AssignmentRole.CONTRIBUTOR).person
    risk = submitted.assessments.get().risk
    risk.holder = helper
    risk.save()
    client.force_login(helper)
    page = text(client.get(REVIEW))
    assert "Demand may rise" in page
    assert "An old risk" not in page


def test_comments_of_a_closed_update_stay_as_they_were(client, submitted, manager):
    post(client, manager, **{comment_name(submitted): "Where is this from?"})
    put(submitted, "closed")
    page = text(post(client, manager, do=f"resolve|{Comment.objects.get().pk}"))
    assert f"{NAME} is closed; its comments stay as they were." in page
    assert "resolve|" not in client.get(REVIEW).content.decode()


def test_what_no_database_can_store_is_left_out_of_a_comment(client, submitted, manager):
    post(client, manager, **{comment_name(submitted): "Odd\0 paste"})
    assert Comment.objects.get().text == "Odd paste"


def test_resolving_what_is_not_there_is_told(client, submitted, manager):
    assert "That comment is not there any more." in text(post(client, manager, do="resolve|0"))


def test_a_closed_update_is_not_commented_on(client, submitted, manager):
    put(submitted, "closed")
    page = post(client, manager, **{comment_name(submitted): "Late."})
    assert f"{NAME} is closed and can't be commented on." in text(page)


def test_pressing_the_button_with_nothing_typed_changes_nothing(client, submitted, manager):
    assert "Nothing was typed; nothing has changed." in text(post(client, manager))
    assert Comment.objects.count() == 0


def test_what_is_typed_is_kept_as_a_draft_and_shown_again(client, submitted, manager):
    client.force_login(manager)
    name = comment_name(submitted)
    kept = client.post(f"{REVIEW}draft/", {name: "Half a sent", "reason": "Mend", "csrfmiddlewaretoken": "x"})
    assert kept.status_code == 200
    assert Draft.objects.get().data == {name: "Half a sent", "reason": "Mend"}
    page = client.get(REVIEW).content.decode()
    assert ">Half a sent</textarea>" in page
    assert ">Mend</textarea>" in page
    client.post(f"{REVIEW}draft/", {name: "", "reason": ""})
    assert Draft.objects.count() == 0


def test_comments_sent_after_the_session_is_over_are_there_after_signing_in(client, submitted, manager):
    client.force_login(manager)
    who = re.search(r'name="who" value="([^"]+)"', client.get(REVIEW).content.decode())[1]
    client.logout()
    client.post(REVIEW, {"who": who, "do": "comments", comment_name(submitted): "Not lost"})
    client.post("/sign-in/", {"username": "manager", "password": "quarterly-demo"})
    assert Draft.objects.get(person=manager).data == {comment_name(submitted): "Not lost"}


# Approving


def test_a_manager_approves_and_its_lead_is_told(client, submitted, manager, victims_lead):
    page = post(client, manager, do="approve")
    assert f"{NAME} is approved." in text(page)
    now = stored(submitted)
    assert (now.status, now.approved_by, now.approved_at is not None) == ("approved", manager, True)
    assert Notice.objects.get(person=victims_lead).text == f"{NAME} is approved by manager."
    assert ChangeSet.objects.latest("pk").act == "approve"


def test_nobody_approves_what_they_submitted(client, update, administrator, manager):
    lead = make_assignment(update.priority, make_person("other-lead")).person
    warnings = checks_of(update).warnings
    answer_warnings(update, {w.warning: Answer(True, "", w.told) for w in warnings}, by=lead)
    submit(stored(update), by=administrator)
    told = "You submitted it, and nobody approves what they wrote: ask another manager to approve it."
    client.force_login(administrator)
    assert told in text(client.get(REVIEW))
    assert told in text(post(client, administrator, do="approve"))
    assert stored(update).status == "submitted"
    post(client, manager, do="approve")
    assert stored(update).status == "approved"


def test_nobody_approves_what_they_filled_in(client, update, administrator):
    with door(update, by=administrator):
        row = reading(update)
        row.update = update
        row.save()
    put(update, "submitted")
    told = "You filled in part of it, and nobody approves what they wrote: ask another manager to approve it."
    client.force_login(administrator)
    assert told in text(client.get(REVIEW))
    with pytest.raises(Refused, match="You filled in part of it"):
        approve(stored(update), by=administrator, seen=stored(update).version)
    assert stored(update).status == "submitted"


def test_an_open_comment_has_to_be_resolved_before_approving(client, submitted, manager):
    page = post(client, manager, do="approve", **{comment_name(submitted): "Where is this from?"})
    assert "1 comment is saved." in text(page)
    assert "1 comment is not resolved yet: resolve it, or send it back." in text(page)
    assert stored(submitted).status == "submitted"
    post(client, manager, **{comment_name(submitted, "1b"): "And this?"})
    client.force_login(manager)
    assert "2 comments are not resolved yet: resolve them, or send it back." in text(client.get(REVIEW))


def test_what_has_changed_since_it_was_read_is_not_approved(client, submitted, manager, administrator):
    seen = submitted.version
    mend(submitted, "ratings", "", {f"update-{submitted.pk}-base": str(seen), **narrative(submitted)}, by=administrator)
    page = post(client, manager, do="approve", version=seen)
    assert "It has changed since you opened this page; read what is new, then decide." in text(page)
    assert stored(submitted).status == "submitted"


@pytest.mark.parametrize("version", ["", "x", "-1", "99999999999999999999"])
def test_an_impossible_version_approves_nothing(client, submitted, manager, version):
    page = post(client, manager, do="approve", version=version)
    assert "It has changed since you opened this page" in text(page)
    assert stored(submitted).status == "submitted"


# Sending back, and the second review


def test_sending_back_needs_a_reason_and_takes_the_comments_along(client, submitted, manager, victims_lead):
    page = post(client, manager, do="send-back", **{comment_name(submitted): "Where is this from?"})
    assert "Say what has to be done before it is submitted again; nothing was sent back." in text(page)
    assert stored(submitted).status == "submitted"
    assert Comment.objects.count() == 1  # kept all the same
    page = post(client, manager, do="send-back", reason="Name the source.")
    assert f"{NAME} is sent back." in text(page)
    assert stored(submitted).status == "sent_back"
    client.force_login(victims_lead)
    assert "Sent back: Name the source." in words(client.get(HERE))


def test_a_refused_move_keeps_the_reason_that_was_typed(client, submitted, manager):
    put(submitted, "in_progress")
    page = post(client, manager, do="send-back", reason="Name the source.")
    assert f"{NAME} is in progress and can't be sent back now." in text(page)
    assert Draft.objects.get().data == {"reason": "Name the source."}


def test_the_second_review_shows_what_changed_since(client, submitted, manager, victims_lead):
    send_back(submitted, by=manager, reason="Name the source.")
    assert SentBack.objects.get().cells[f"update-{submitted.pk}"]["narrative"] == "Going very well."
    update = stored(submitted)
    with door(update, by=victims_lead):
        update.narrative = "Going very well, says the provider."
        update.save()
        row = reading(update)
        row.update = update
        row.value = 33
        row.save()
    make_assessment(update, kind="issue", description="Late data", confirmed=True)
    put(update, "submitted")
    client.force_login(manager)
    page = words(client.get(REVIEW))
    assert "3 lines changed since: Ratings and narrative, 1a % of victims supported, 1a, Issue 1: Late data." in page
    assert "Since it was sent back, value: 31% 33%" in page
    assert "Added since it was sent back" in page
    assert line(update, manager, Section.INDICATORS).form.row.indicator.reference == "1a"


def test_a_second_review_of_what_has_not_changed_says_so(client, submitted, manager):
    send_back(submitted, by=manager, reason="Name the source.")
    put(submitted, "submitted")
    client.force_login(manager)
    assert "Nothing has changed since." in text(client.get(REVIEW))


# Mending


def narrative(update, text="Going quite well."):
    return {f"update-{update.pk}-narrative": text, f"update-{update.pk}-ratings_note": update.ratings_note}


MEND = f"{REVIEW}mend/ratings/"


def test_wording_is_mended_for_all_to_see(client, submitted, manager, victims_lead):
    client.force_login(manager)
    page = client.get(MEND)
    assert "Going very well.</textarea>" in page.content.decode()
    base = {f"update-{submitted.pk}-base": submitted.version}
    page = client.post(MEND, {**base, **narrative(submitted)}, follow=True)
    assert "The wording is mended." in text(page)
    now = stored(submitted)
    assert (now.narrative, now.status) == ("Going quite well.", "submitted")
    comment = Comment.objects.get()
    assert comment.resolved_by == manager
    assert comment.text == "Mended the wording (narrative). It said: Going very well.\nIt says: Going quite well."
    assert "It said: Going very well." in words(page)
    told = Notice.objects.get(person=victims_lead).text
    assert told == f"manager mended the wording of “Ratings and narrative” of {NAME}."
    assert ChangeSet.objects.latest("pk").act == "mend"
    approve(stored(submitted), by=manager, seen=stored(submitted).version)  # mending is no writing


def test_the_words_of_a_row_are_mended_and_its_figures_are_not_there_to_change(client, submitted, manager):
    row = reading(submitted)
    client.force_login(manager)
    path = f"{REVIEW}mend/indicators/{row.indicator.key}/"
    page = client.get(path).content.decode()
    assert f'name="reading-{row.pk}-note"' in page
    assert f'name="reading-{row.pk}-value"' not in page
    typed = {"note": "More people asked for help.", "value": "99", "confidence": "R", "base": row.version}
    client.post(path, {f"reading-{row.pk}-{name}": value for name, value in typed.items()})
    row.refresh_from_db()
    assert (row.note, row.value, row.confidence) == ("More people asked for help.", 31, "G")


def test_mending_nothing_says_so(client, submitted, manager):
    client.force_login(manager)
    base = {f"update-{submitted.pk}-base": submitted.version}
    page = client.post(MEND, {**base, **narrative(submitted, "Going very well.")}, follow=True)
    assert "Nothing had changed." in text(page)
    assert Comment.objects.count() == 0


def test_a_text_that_the_report_needs_is_not_mended_away(client, submitted, manager):
    client.force_login(manager)
    base = {f"update-{submitted.pk}-base": submitted.version}
    page = text(client.post(MEND, {**base, **narrative(submitted, "")}))
    assert "There is no narrative; write what happened this quarter." in page
    assert stored(submitted).narrative == "Going very well."


def test_two_who_mend_one_text_see_it(client, submitted, manager, administrator):
    base = {f"update-{submitted.pk}-base": str(submitted.version)}
    mend(submitted, "ratings", "", {**base, **narrative(submitted, "Theirs.")}, by=administrator)
    client.force_login(manager)
    page = client.post(MEND, {**base, **narrative(submitted, "Mine.")})
    assert "Somebody changed this line since you opened it; compare, and save again what holds." in text(page)
    assert "It says now: Theirs." in text(page)
    assert "Mine.</textarea>" in page.content.decode()
    again = re.search(rf'name="update-{submitted.pk}-base" value="(\d+)"', page.content.decode())[1]
    client.post(MEND, {f"update-{submitted.pk}-base": again, **narrative(submitted, "Mine.")})
    assert stored(submitted).narrative == "Mine."
    assert Draft.objects.count() == 0


def test_mending_what_is_sent_back_meanwhile_keeps_what_was_typed(client, submitted, manager):
    client.force_login(manager)
    base = {f"update-{submitted.pk}-base": submitted.version}
    put(submitted, "sent_back")
    page = text(client.post(MEND, {**base, **narrative(submitted)}))
    assert f"{NAME} is sent back and can't be mended in its wording now." in page
    assert "Going quite well.</textarea>" in page
    assert Draft.objects.get().data[f"update-{submitted.pk}-narrative"] == "Going quite well."


def test_a_mended_text_is_autosaved_and_there_again(client, submitted, manager):
    client.force_login(manager)
    base = {f"update-{submitted.pk}-base": submitted.version}
    client.post(f"{REVIEW}draft/", {**base, **narrative(submitted, "Half a sent")})
    assert "Half a sent</textarea>" in client.get(MEND).content.decode()


@pytest.mark.parametrize("path", ["indicators/nothing/", "nothing/", "finance/", "goals/"])
def test_mending_a_line_that_is_not_there_is_a_404(client, submitted, manager, path):
    client.force_login(manager)
    assert client.get(f"{REVIEW}mend/{path}").status_code == 404


# Sign-offs


@pytest.fixture
def director(victims):
    return make_assignment(victims, make_person("director"), AssignmentRole.SIGNATORY).person


@pytest.fixture
def treasurer(victims):
    return make_assignment(victims, make_person("treasurer"), AssignmentRole.SIGNATORY, section="finance").person


def test_an_update_waits_for_the_sign_offs_that_its_priority_asks_for(client, submitted, manager, director, treasurer):
    page = text(post(client, manager, do="approve"))
    assert "The whole still needs the sign-off of director." in page
    assert "Finance still needs the sign-off of treasurer." in page
    page = post(client, treasurer, do="sign-off|finance")
    assert f"Finance of {NAME} is signed off." in text(page)
    assert f"The whole of {NAME} is signed off." in text(post(client, director, do="sign-off|"))
    assert "signed off by treasurer" in words(client.get(REVIEW))
    post(client, manager, do="approve")
    assert stored(submitted).status == "approved"


@pytest.mark.parametrize(
    ("who", "section", "told"),
    [
        ("treasurer", "", f"The whole of {NAME} is not yours to sign off; director can."),
        ("director", "finance", f"Finance of {NAME} is not yours to sign off; treasurer can."),
        ("director", "goals", f"Goals of {NAME} is not yours to sign off."),
        ("manager", "finance", f"{NAME} can be signed off by those named to sign it off only; ask one of them."),
        ("administrator", "", f"{NAME} can be signed off by those named to sign it off only; ask one of them."),
    ],
)
def test_nobody_signs_in_anothers_place(request, client, submitted, director, treasurer, who, section, told):
    assert told in text(post(client, request.getfixturevalue(who), do=f"sign-off|{section}"))
    assert SignOff.objects.count() == 0


def test_a_section_is_signed_once(submitted, treasurer):
    sign_off(submitted, "finance", by=treasurer, seen=submitted.version)
    with pytest.raises(Refused, match=f"Finance of {NAME} is signed off already, by treasurer."):
        sign_off(stored(submitted), "finance", by=treasurer, seen=stored(submitted).version)


def test_nobody_signs_off_what_they_wrote(update, victims, treasurer):
    make_assignment(victims, treasurer, AssignmentRole.CONTRIBUTOR, section="finance")
    with door(update, by=Person.objects.get(pk=treasurer.pk)):
        row = update.financialpositions.get()
        row.update = update
        row.save()
    put(update, "submitted")
    with pytest.raises(Refused, match="You filled in part of finance, and nobody signs off what they wrote"):
        sign_off(stored(update), "finance", by=treasurer, seen=stored(update).version)


def test_who_wrote_the_finance_note_signs_off_ratings_and_not_finance(update, victims, treasurer, director):
    make_assignment(victims, treasurer, AssignmentRole.CONTRIBUTOR, section="finance")
    make_assignment(victims, treasurer, AssignmentRole.SIGNATORY, section="ratings")
    writer = Person.objects.get(pk=treasurer.pk)
    with door(update, by=writer):
        row = stored(update)
        row.finance_note = "Under by £1m."
        row.save()
    put(update, "submitted")
    sign_off(stored(update), "ratings", by=writer, seen=stored(update).version)
    with pytest.raises(Refused, match="You filled in part of finance"):
        sign_off(stored(update), "finance", by=writer, seen=stored(update).version)


def test_what_was_mended_since_it_was_read_is_not_signed_off(submitted, manager, director):
    seen = submitted.version
    mend(submitted, "ratings", "", {f"update-{submitted.pk}-base": str(seen), **narrative(submitted)}, by=manager)
    with pytest.raises(Refused, match="It has changed since you opened this page"):
        sign_off(stored(submitted), "", by=director, seen=seen)


@pytest.mark.parametrize("way", ["mended", "sent back", "withdrawn"])
def test_a_sign_off_holds_for_what_was_signed_only(submitted, manager, victims_lead, director, treasurer, way):
    sign_off(submitted, "finance", by=treasurer, seen=submitted.version)
    sign_off(stored(submitted), "", by=director, seen=stored(submitted).version)
    if way == "mended":
        base = {f"update-{submitted.pk}-base": str(stored(submitted).version)}
        mend(submitted, "ratings", "", {**base, **narrative(submitted)}, by=manager)
        assert [given.signed_section for given in SignOff.objects.all()] == ["finance"]
        return
    if way == "sent back":
        send_back(submitted, by=manager, reason="Mend it")
    else:
        withdraw(submitted, by=victims_lead)
    assert SignOff.objects.count() == 0


def test_a_signatory_reads_and_comments_on_what_they_sign_and_fills_in_nothing(client, submitted, treasurer):
    page = post(client, treasurer, **{"comment|finance|note": "Which forecast?"})
    assert "Which forecast?" in text(page)
    assert "Going very well." not in text(page)
    assert client.get(f"{HERE}finance/").status_code == 403
    page = post(client, treasurer, **{comment_name(submitted): "And this?"})
    assert "not open to you" in text(page)


# The table: every state, move and person, by the act and by its button

OF_MANAGERS = {"manager", "administrator"}
TABLE = {
    "approve": (OF_MANAGERS, {"submitted", "in_review"}, "approved", "approved", "managers and administrators"),
    "mend": (OF_MANAGERS, {"submitted", "in_review"}, None, "mended in its wording", "managers and administrators"),
    "sign off": ({"director"}, {"submitted", "in_review"}, None, "signed off", "those named to sign it off"),
}


@pytest.fixture
def people(victims, victims_lead, trust_lead, manager, administrator, reader, director):
    contributor = make_assignment(victims, make_person("contributor"), AssignmentRole.CONTRIBUTOR, section="finance")
    return {
        "lead": victims_lead,
        "deputy": make_assignment(victims, make_person("deputy"), AssignmentRole.DEPUTY).person,
        "contributor": contributor.person,
        "lead of another": trust_lead,
        "director": director,
        "manager": manager,
        "administrator": administrator,
        "reader": reader,
        "nobody": make_person("nobody"),
    }


def act(verb, update, person):
    if verb == "approve":
        return approve(update, by=person, seen=update.version)
    if verb == "sign off":
        return sign_off(update, "", by=person, seen=update.version)
    typed = {f"update-{update.pk}-base": str(update.version), **narrative(update, f"Mended by {person}.")}
    return mend(update, "ratings", "", typed, by=person)


@pytest.mark.parametrize("status", UpdateStatus.values)
@pytest.mark.parametrize("verb", TABLE)
def test_a_move_is_made_by_those_who_may_from_where_it_may_and_refused_in_words(update, people, verb, status):
    allowed, sources, to, done, helpers = TABLE[verb]
    for who, person in people.items():
        for given in SignOff.objects.all():
            with door(put(update, "in_progress")):
                given.update = update
                given.delete()
        now = put(update, status)
        if verb == "approve" and status in sources and who in allowed:
            sign_off(now, "", by=people["director"], seen=now.version)
            now = stored(update)
        if who in allowed and status in sources:
            act(verb, now, person)
            assert stored(update).status == (to or status), who
            continue
        told = f"{NAME} is {status.replace('_', ' ')} and can't be {done} now."
        if who not in allowed:
            told = f"{NAME} can be {done} by {helpers} only; ask one of them."
        before = ChangeSet.objects.count()
        with pytest.raises(Refused) as refused:
            act(verb, now, person)
        assert str(refused.value) == told, who
        assert (stored(update).status, ChangeSet.objects.count()) == (status, before), who


@pytest.mark.parametrize(
    ("who", "status", "buttons"),
    [
        ("lead", "submitted", {"comments"}),
        ("manager", "in_progress", {"comments"}),
        ("manager", "submitted", {"comments", "begin", "approve", "send-back"}),
        ("manager", "in_review", {"comments", "approve", "send-back"}),
        ("manager", "approved", {"comments", "send-back"}),
        ("manager", "closed", {"comments"}),
        ("director", "submitted", {"comments", "sign-off|"}),
    ],
)
def test_the_page_offers_what_is_theirs_now(client, update, people, who, status, buttons):
    now = put(update, status)
    if who == "manager" and status in ("submitted", "in_review"):
        sign_off(now, "", by=people["director"], seen=now.version)
    client.force_login(people[who])
    page = client.get(REVIEW).content.decode()
    assert set(re.findall(r'name="do" value="([^"]*)"', page)) == buttons


# Races and cost


@pytest.mark.django_db(transaction=True)
def test_of_two_managers_deciding_at_once_one_is_told(submitted, manager, administrator):
    ways = [
        lambda: approve(stored(submitted), by=manager, seen=submitted.version),
        lambda: send_back(stored(submitted), by=administrator, reason="Name the source."),
    ]
    results = at_once(*ways)
    refused = [result for result in results if isinstance(result, Refused)]
    # sending back is allowed from approved, too: then both happen, one after the other, and it is sent back
    status = stored(submitted).status
    assert (len(refused), status) in {(1, "sent_back"), (0, "sent_back")}
    assert ChangeSet.objects.filter(act="approve").count() == 1 - len(refused)


@pytest.mark.django_db(transaction=True)
def test_of_two_managers_approving_at_once_one_is_told(submitted, manager, administrator):
    results = at_once(
        *(lambda by=by: approve(stored(submitted), by=by, seen=submitted.version) for by in (manager, administrator))
    )
    refused = [str(result) for result in results if isinstance(result, Refused)]
    assert len(refused) == 1
    assert refused[0] == f"{NAME} is approved and can't be approved now."
    assert stored(submitted).approved_by in (manager, administrator)


@pytest.mark.once
def test_the_page_costs_the_same_queries_whatever_the_rows_and_the_history(client, victims, manager):
    director = make_assignment(victims, make_person("director"), AssignmentRole.SIGNATORY).person
    counts = []
    for period, rows in ((Period(2022, 1), 3), (Period(2022, 2), 3), (Period(2022, 3), 30)):
        quarter = make_quarter(period)
        update = make_full_update(victims, quarter, rows)
        put(update, "submitted")
        path = f"/{period.slug}/victims-are-better-supported/update/review/"
        client.force_login(manager)
        client.post(path, {"do": "comments", "comment|ratings|": "Why?"})
        client.force_login(Person.objects.get(pk=director.pk))
        client.post(path, {"do": "sign-off|"})
        client.force_login(manager)
        client.get(path)
        with CaptureQueriesContext(connection) as found:
            assert client.get(path).status_code == 200
        counts.append(len(found))
    assert counts[0] <= counts[1] == counts[2] <= 12


# Around it


@pytest.fixture
def finance_director(victims):
    person = make_person("director")
    make_assignment(victims, person, AssignmentRole.SIGNATORY, section=Section.FINANCE)
    return person


def test_who_only_signs_off_lands_on_the_review_that_waits_for_them(client, update, finance_director, trust):
    set_status(update.quarter.updates.get(), "in_progress")
    client.force_login(finance_director)
    assert "Nothing to sign off yet" in words(client.get("/my-updates/"))
    put(update, "submitted")
    assert client.get("/my-updates/").url == REVIEW
    assert client.get(REVIEW).status_code == 200
    page = text(client.get("/my-updates/?all=1"))
    assert f'<a href="{REVIEW}">' in page
    assert "Waiting for your sign-off" in page
    sign_off(stored(update), Section.FINANCE, by=finance_director, seen=stored(update).version)
    assert "Nothing now" in words(client.get("/my-updates/"))


def test_comments_that_nobody_answered_are_told_before_submitting_again(client, update, victims_lead, manager):
    put(update, "sent_back")
    own = {"update": update, "section": "goals", "subject": "Goal 1", "author": manager}
    asked = Comment.objects.create(text="Why?", **own)
    client.force_login(victims_lead)
    assert f'<a href="{REVIEW}">1 comment of the review is not answered yet</a>' in text(client.get(f"{HERE}check/"))
    Comment.objects.create(text="Snow.", answers=asked, **{**own, "author": victims_lead})
    assert "not answered yet" not in text(client.get(f"{HERE}check/"))


def test_the_title_of_an_update_names_its_priority_once(client, update, manager):
    client.force_login(manager)
    assert f"<title>Update, {NAME} ·" in text(client.get(HERE))


def test_a_forecast_quarter_is_not_explained_as_a_letter_is(client, submitted, manager):
    form = next(line.form for line in compare(submitted, None, manager).lines if line.section == Section.GOALS)
    assert worded(form, "confidence", "G") == "G (green)"
    name = next(name for name in form.fields if "Q4" in form.fields[name].widget.attrs.get("data-choices", ""))
    assert worded(form, name, "Q4") == "Q4"
