"""A quarter closed with a reason, read, reopened for its lead and closed again, without JavaScript, wide and narrow."""

import datetime as dt
import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from reports.models import ClosedReport

pytestmark = pytest.mark.django_db(transaction=True)
QUARTER, CLOSING = "/2022-23-q1/", "/2022-23-q1/closing/"
VICTIMS = "/2022-23-q1/victims-are-better-supported/"
WHY = "The board meets on Monday."


@pytest.fixture(params=[1440, 320])
def browser_context_args(browser_context_args, request):
    return {**browser_context_args, "viewport": {"width": request.param, "height": 900}}


@pytest.fixture
def go(browser, browser_context_args, live_server, demo):
    """Pages as somebody sees them who has no JavaScript."""
    contexts = []

    def go(username):
        context = browser.new_context(**browser_context_args, java_script_enabled=False)
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{live_server.url}/sign-in/")
        page.get_by_label("User name").fill(username)
        page.get_by_label("Password").fill("quarterly-demo")
        with page.expect_navigation():
            page.get_by_role("button", name="Sign in").click()
        return page

    yield go
    for context in contexts:
        context.close()


def press(page, name):
    with page.expect_navigation():
        page.get_by_role("button", name=name).click()


def reopen(page):
    page.get_by_label("For whom").select_option("victims-lead")
    page.get_by_label("Victims are better supported").check()
    page.get_by_label("Until, that day included").fill(f"{timezone.localdate() + dt.timedelta(days=7):%d/%m/%Y}")
    page.get_by_label("Why it is reopened").fill("The wrong figure was given.")
    press(page, "Reopen the quarter")


def test_close_with_a_reason_read_reopen_and_close_again(go, live_server):
    page, lead = go("administrator"), go("victims-lead")
    page.goto(live_server.url + QUARTER)
    page.get_by_role("main").get_by_role("link", name="Closing").click()
    press(page, "Close the quarter")
    expect(page).to_have_title(re.compile("Error: "))
    page.get_by_label("Why it is closed without that").fill(WHY)
    press(page, "Close the quarter")
    page.get_by_text("Q1 2022/23 is closed; its report is version 1.").wait_for()

    lead.goto(live_server.url + VICTIMS)
    assert lead.get_by_role("link", name="Fill it in").count() == 0
    lead.goto(live_server.url + QUARTER)
    lead.get_by_text(WHY).wait_for()

    reopen(page)
    lead.goto(f"{live_server.url}{VICTIMS}update/ratings/")
    lead.get_by_label("Narrative", exact=False).last.fill("Corrected by its lead.")
    press(lead, "Save and continue")
    page.goto(live_server.url + VICTIMS)
    page.get_by_text("Corrected by its lead.").wait_for()
    page.get_by_text("stands until the quarter is closed again").wait_for()

    page.goto(live_server.url + CLOSING)
    page.get_by_label("Why it is closed without that").fill(WHY)
    press(page, "Close the quarter")
    page.get_by_text("its report is version 2").wait_for()
    lead.goto(live_server.url + QUARTER)
    lead.get_by_role("link", name="version 1", exact=True).click()
    lead.get_by_text("This version was replaced").wait_for()
    assert lead.get_by_text("Corrected by its lead.").count() == 0
    assert [closed.reason for closed in ClosedReport.objects.all()] == [WHY, WHY]


def test_every_state_of_the_page_is_accessible_and_fits(page, live_server, demo, sign_in, check):
    sign_in("administrator")
    page.goto(live_server.url + CLOSING)
    check()
    press(page, "Close the quarter")
    check()
    page.get_by_label("Why it is closed without that").fill(WHY)
    press(page, "Close the quarter")
    check()
    press(page, "Reopen the quarter")
    check()
    reopen(page)
    check()
    for path in (QUARTER, VICTIMS):
        page.goto(live_server.url + path)
        check()
    demo.plan.title = "Another plan"
    demo.plan.save()
    page.goto(live_server.url + CLOSING)
    press(page, "Close the quarter")
    for path in (f"{CLOSING}?compare", QUARTER, "/2022-23-q1/versions/1/"):
        page.goto(live_server.url + path)
        check()
