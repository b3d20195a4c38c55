"""The whole life of Q2 2022/23 in a real browser, with everybody who has a part in it; and the pages of the review."""

import datetime as dt
import re

import pytest
from django.utils import timezone

from priorities.models import AssignmentRole, Person, Priority, Quarter, QuarterlyUpdate, Role
from reports.models import ClosedReport
from tests.browser.looks import fits, found_by_axe
from tests.browser.test_entry import ANSWERS, BUTTONS, NEXT, label
from tests.make import make_assignment, make_person, with_role

pytestmark = pytest.mark.django_db(transaction=True)
QUARTER = "/2022-23-q2/"
UPDATE = f"{QUARTER}victims-are-better-supported/update/"
REVIEW = f"{UPDATE}review/"
OTHERS = {"ratings": "Ratings and narrative", "indicators": "Indicators", "risks": "Risks and issues", "goals": "Goals"}


@pytest.fixture
def cast(demo):
    """Besides the demo's people: who does the finance, who signs off, who may only read what is closed."""
    victims = Priority.objects.get(title="Victims are better supported")
    with_role("reader", Role.READER)
    make_person("finance-officer")
    make_assignment(victims, make_person("director"), AssignmentRole.SIGNATORY)
    return victims


@pytest.fixture
def go(browser, browser_context_args, live_server, cast):
    """The page of somebody, signed in, in a browser of their own."""
    pages = {}

    def go(username, path=""):
        if username not in pages:
            page = browser.new_context(**browser_context_args).new_page()
            page.goto(f"{live_server.url}/sign-in/")
            page.get_by_label("User name").fill(username)
            page.get_by_label("Password").fill("quarterly-demo")
            press(page, "Sign in")
            pages[username] = page
        if path:
            pages[username].goto(live_server.url + path)
        return pages[username]

    yield go
    for page in pages.values():
        page.context.close()


def press(page, name, **kwargs):
    with page.expect_navigation():
        page.get_by_role("button", name=name, **kwargs).click()


def said(page, text):
    assert page.get_by_text(text).first.is_visible(), page.get_by_role("main").inner_text()


def the_quarter():
    return Quarter.objects.get(financial_year=2022, number=2)


def the_update():
    return QuarterlyUpdate.objects.get(quarter=the_quarter(), priority__title="Victims are better supported")


def test_a_quarter_is_opened_filled_in_handed_over_sent_back_answered_approved_closed_reopened_and_closed(go):
    open_it(go)
    fill_it_in(go)
    send_it_back(go)
    answer_and_submit_again(go)
    sign_off_and_approve(go)
    write_the_overview(go)
    close_it(go)
    version_1 = ClosedReport.objects.get(quarter=the_quarter())
    reopen_correct_and_close_again(go)
    assert ClosedReport.objects.get(pk=version_1.pk).body == version_1.body
    assert ClosedReport.objects.filter(quarter=the_quarter()).count() == 2


def open_it(go):
    admin = go("administrator", "/progress/")
    with admin.expect_navigation():
        admin.get_by_role("link", name="Open the next quarter").click()
    press(admin, "Open Q2 2022/23")
    assert the_quarter().status == "open"
    assert go("reader", QUARTER).title().startswith("You can't open this page")


def fill_it_in(go):
    lead = go("victims-lead", f"{UPDATE}people/")
    form = lead.locator("form.hand-over").first
    form.get_by_label("Person").select_option(label="finance-officer")
    form.get_by_label("Section").select_option(label="Finance")
    with lead.expect_navigation():
        form.get_by_role("button").click()
    officer = go("finance-officer", f"{UPDATE}finance/")
    for name, text in ANSWERS["Finance"].items():
        officer.get_by_label(label(name)).fill(text)
    press(officer, BUTTONS["Finance"], exact=True)
    assert (
        go("finance-officer", f"{UPDATE}goals/").title().startswith("You can't open this page")
    )  # theirs is the finance only
    for slug, section in OTHERS.items():
        lead = go("victims-lead", f"{UPDATE}{slug}/")
        for name, text in ANSWERS[section].items():
            lead.get_by_label(label(name)).fill(text)
        press(lead, BUTTONS.get(section, NEXT), exact=True)
    go("victims-lead", f"{UPDATE}check/")
    for box in lead.get_by_label("It is right").all():
        box.check()
    press(lead, "Submit")
    said(lead, "The managers review it next.")


def send_it_back(go):
    manager = go("manager", REVIEW)
    press(manager, "Begin the review")
    manager.get_by_text("Comment on Ratings and narrative").first.click()
    manager.get_by_label("Comment on Ratings and narrative").fill("Which findings?")
    manager.get_by_label("What has to be done before it is submitted again").fill("Name the findings.")
    press(manager, "Send it back")
    said(manager, "1 comment is saved.")
    assert the_update().status == "sent_back"


def answer_and_submit_again(go):
    lead = go("victims-lead", UPDATE)
    said(lead, "Sent back: Name the findings.")
    with lead.expect_navigation():
        lead.get_by_role("link", name=re.compile("^Answer")).click()
    lead.get_by_text("Answer manager on Ratings and narrative").first.click()
    lead.get_by_label("Answer to manager on Ratings and narrative").fill("Three; they are named now.")
    press(lead, "Save the comments", exact=True)
    lead = go("victims-lead", f"{UPDATE}ratings/")
    lead.get_by_label(label("Narrative")).fill(
        "The joint review of witness care reported three findings: time, staff, words."
    )
    press(lead, NEXT, exact=True)
    go("victims-lead", f"{UPDATE}check/")
    press(lead, "Submit")
    assert the_update().status == "submitted"


def sign_off_and_approve(go):
    manager = go("manager", REVIEW)
    said(manager, "1 line changed since: Ratings and narrative.")
    said(manager, "Three; they are named now.")
    said(manager, "The whole still needs the sign-off of director.")
    press(manager, re.compile("^Resolve"))
    director = go("director", REVIEW)
    press(director, "Sign off the whole")
    manager = go("manager", REVIEW)
    press(manager, "Approve", exact=True)
    said(manager, "Victims are better supported, Q2 2022/23 is approved.")
    assert the_update().status == "approved"


def write_the_overview(go):
    manager = go("manager", f"{QUARTER}overview/")
    manager.get_by_label(label("Overview")).fill("A steady quarter.")
    press(manager, "Save and submit")
    admin = go("administrator", f"{QUARTER}overview/")
    press(admin, "Approve")
    assert the_quarter().overview_status == "approved"


def close_it(go):
    admin = go("administrator", f"{QUARTER}closing/")
    press(admin, "Close the quarter")
    said(admin, re.compile("^Say why"))
    admin.get_by_label("Why it is closed without that").fill("The board meets on Monday.")
    press(admin, "Close the quarter")
    said(admin, "Q2 2022/23 is closed; its report is version 1.")
    reader = go("reader", QUARTER)
    said(reader, "The board meets on Monday.")
    said(reader, "A steady quarter.")
    assert go("victims-lead", f"{UPDATE}ratings/").get_by_role("button", name=NEXT, exact=True).count() == 0


def reopen_correct_and_close_again(go):
    admin = go("administrator", f"{QUARTER}closing/")
    admin.get_by_label("For whom").select_option("victims-lead")
    admin.get_by_label("Victims are better supported").check()
    admin.get_by_label("Until, that day included").fill(f"{timezone.localdate() + dt.timedelta(days=7):%d/%m/%Y}")
    admin.get_by_label("Why it is reopened").fill("A figure was wrong.")
    press(admin, "Reopen the quarter")
    lead = go("victims-lead", f"{UPDATE}indicators/")
    lead.get_by_label(label("Value, 1a ")).fill("29%")
    press(lead, NEXT, exact=True)
    assert "28%" in go("reader", f"{QUARTER}victims-are-better-supported/").get_by_role("main").inner_text()
    go("victims-lead", f"{UPDATE}check/")
    press(lead, "Submit")
    press(go("director", REVIEW), "Sign off the whole")
    manager = go("manager", REVIEW)
    said(manager, "Reopened: A figure was wrong.")
    said(manager, "1 line changed since: 1a")
    press(manager, "Approve", exact=True)
    admin = go("administrator", f"{QUARTER}closing/")
    admin.get_by_label("Why it is closed without that").fill("The board meets on Monday.")
    press(admin, "Close the quarter")
    said(admin, "Q2 2022/23 is closed; its report is version 2.")
    assert "29%" in go("reader", f"{QUARTER}victims-are-better-supported/").get_by_role("main").inner_text()


@pytest.mark.parametrize("width", [1440, 320])
def test_the_review_has_nothing_for_axe_and_nothing_to_scroll_sideways_for(go, page, live_server, width):
    put_in_review()
    manager = go("manager", REVIEW.replace("q2", "q1"))
    manager.set_viewport_size({"width": width, "height": 900})
    manager.get_by_text("Comment on Ratings and narrative").first.click()
    manager.get_by_label("Comment on Ratings and narrative").fill("Which findings?")
    press(manager, "Save the comments", exact=True)
    for path in (REVIEW, f"{REVIEW}mend/ratings/"):
        manager.goto(live_server.url + path.replace("q2", "q1"))
        for details in manager.locator("details").all():
            details.evaluate("each => each.open = true")
        assert not found_by_axe(manager)
        assert fits(manager), path


def put_in_review():
    from tests.make import set_status

    set_status(QuarterlyUpdate.objects.get(quarter__number=1, priority__slug__startswith="victims"), "submitted")


def test_a_comment_is_kept_while_it_is_typed(go):
    put_in_review()
    manager = go("manager", REVIEW.replace("q2", "q1"))
    manager.get_by_text("Comment on Ratings and narrative").first.click()
    manager.get_by_label("Comment on Ratings and narrative").press_sequentially("Half a sent")
    manager.get_by_text(re.compile("^Saved .* as a draft")).wait_for()
    again = go("manager", REVIEW.replace("q2", "q1"))
    assert again.get_by_label("Comment on Ratings and narrative").input_value() == "Half a sent"


def test_a_quarter_is_reviewed_without_javascript(browser, live_server, cast):
    put_in_review()
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{live_server.url}/sign-in/?next={REVIEW.replace('q2', 'q1')}")
    page.get_by_label("User name").fill("manager")
    page.get_by_label("Password").fill("quarterly-demo")
    press(page, "Sign in")
    page.locator("summary", has_text="Comment on Ratings and narrative").click()
    page.get_by_label("Comment on Ratings and narrative").fill("Which findings?")
    page.get_by_label("What has to be done before it is submitted again").fill("Name them.")
    press(page, "Send it back")
    said(page, "1 comment is saved.")
    said(page, "Which findings?")
    assert Person.objects.get(username="manager")
    page.context.close()
