"""A quarter published by a manager, read by the public, corrected from a proposal, published again; wide and narrow."""

import datetime as dt
import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from priorities.models import Person
from tests.closed import close_for_real, fresh, reopen_for
from tests.published import publish_for_real

pytestmark = pytest.mark.django_db(transaction=True)
PUBLISHING, VICTIMS = "/2022-23-q1/publishing/", "/2022-23-q1/victims-are-better-supported/"


@pytest.fixture(params=[1440, 320])
def browser_context_args(browser_context_args, request):
    return {**browser_context_args, "viewport": {"width": request.param, "height": 900}}


def press(page, name):
    with page.expect_navigation():
        page.get_by_role("button", name=name).first.click()


def explain_all(page):
    for box in page.locator("textarea[name^='publish-why-']").all():
        box.fill("Agreed with the board.")


def test_every_state_of_the_pages_is_accessible_and_fits(page, live_server, demo, demo_person, sign_in, check):
    close_for_real(demo)
    sign_in("victims-lead")
    page.goto(f"{live_server.url}{VICTIMS}revisions/")
    check()
    press(page, "Propose it")
    expect(page).to_have_title(re.compile("Error: "))
    check()
    page.locator("[name=propose-figure]").select_option(index=12)
    page.locator("[name=propose-value]").fill("1")
    page.locator("[name=propose-reason]").fill("It came late.")
    page.locator("[name=propose-source]").fill("The supplier’s return")
    press(page, "Propose it")
    check()
    press(page, "Sign out")
    sign_in("manager")
    for path in (PUBLISHING, "/2022-23-q1/closing/", "/published/"):
        page.goto(live_server.url + path)
        check()
    page.goto(live_server.url + PUBLISHING)
    page.get_by_label("From a set time on").check()
    press(page, "Publish")
    expect(page).to_have_title(re.compile("Error: "))
    check()
    explain_all(page)
    page.get_by_label("Day, for a set time").fill(f"{timezone.localdate() + dt.timedelta(days=30):%d/%m/%Y}")
    page.get_by_label("Time, in London").fill("09:30")
    press(page, "Publish")
    page.get_by_text("will be published on").first.wait_for()
    check()
    page.get_by_label("Why it is cancelled").fill("The board meets later.")
    press(page, "Cancel the publication")
    page.get_by_text("is cancelled.").first.wait_for()
    explain_all(page)
    press(page, "Publish")
    page.get_by_text("is published, as version 1.").wait_for()
    check()
    for path in ("/published/", "/published/2022-23-q1/"):
        page.goto(live_server.url + path)
        check()


def test_a_published_page_stands_alone_and_has_its_styles_after_a_304_too(
    browser, live_server, demo, settings, demo_person
):
    settings.PUBLIC_REPORTS = True
    close_for_real(demo)
    publish_for_real(demo, demo_person("manager"))
    context = browser.new_context()
    page = context.new_page()
    refused = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    for _ in range(2):
        page.goto(f"{live_server.url}/published/2022-23-q1/")
        family = page.evaluate("getComputedStyle(document.body).fontFamily")
        assert "Source Sans" in family
    assert refused == []
    page.get_by_role("link", name="JSON").click()
    page.wait_for_url("**/published/2022-23-q1/report.json")
    context.close()


def test_a_proposal_is_entered_on_its_page(page, live_server, demo, demo_person, sign_in, check):
    lead = demo_person("victims-lead")
    close_for_real(demo)
    sign_in("victims-lead")
    page.goto(f"{live_server.url}{VICTIMS}revisions/")
    page.locator("[name=propose-figure]").select_option(label="Spend, rating: now A")
    page.locator("[name=propose-value]").fill("Green")
    page.locator("[name=propose-reason]").fill("It came late.")
    page.locator("[name=propose-source]").fill("The ledger")
    press(page, "Propose it")
    reopen_for(Person.objects.get(pk=lead.pk), fresh(demo), *demo.plan.priorities.filter(slug__startswith="victims"))
    page.goto(f"{live_server.url}{VICTIMS}revisions/")
    check()
    press(page, "Enter it")
    page.get_by_text("Entered: Spend, rating, Green.").wait_for()
    page.goto(live_server.url + VICTIMS)
    assert page.locator("dl.ratings div", has_text="Spend").locator(".rag").inner_text().startswith("G")
