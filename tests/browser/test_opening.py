"""Q2 2022/23 opened on its page, wide and on the narrowest phone; the page has no script. And a new year's goals."""

import re

import pytest
from django.core.management import call_command
from playwright.sync_api import expect

from priorities.models import Quarter
from priorities.periods import Period
from tests.browser.looks import fits
from tests.make import make_quarter

PAGE = "/2022-23-q2/opening/"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("width", [1440, 320])
def test_the_next_quarter_is_seen_and_then_opened(page, live_server, demo, sign_in, axe, width):
    page.set_viewport_size({"width": width, "height": 900})
    sign_in("administrator")
    page.goto(f"{live_server.url}{PAGE}")
    for summary in page.locator("summary").all():
        summary.click()
    page.get_by_text("Establish pan-London ASB Forum").wait_for()
    assert page.locator("script:not([src*='/session.'])").count() == 0
    axe()
    assert fits(page)
    page.get_by_label("Updates are due on").fill("soon")
    page.get_by_role("button", name="Open Q2 2022/23").click()
    page.get_by_role("alert").wait_for()
    expect(page).to_have_title(re.compile("Error: "))
    axe()
    assert fits(page)
    page.get_by_label("Updates are due on").fill("4 November 2022")
    page.get_by_role("button", name="Open Q2 2022/23").click()
    page.get_by_text("Q2 2022/23 is open: 4 updates, due on 4 November 2022.").wait_for()
    assert Quarter.objects.at(Period(2022, 2)).get().status == "open"
    page.goto(f"{live_server.url}{PAGE}")
    page.get_by_text("administrator opened it on").wait_for()
    axe()
    assert fits(page)


@pytest.mark.parametrize("width", [1440, 320])
def test_a_goal_is_left_when_a_new_year_opens(page, live_server, demo, sign_in, axe, width):
    for number in (2, 3, 4):
        call_command("open_quarter", f"2022-23-q{number}", stdout=open("/dev/null", "w"))  # noqa: SIM115
    page.set_viewport_size({"width": width, "height": 900})
    sign_in("administrator")
    page.goto(f"{live_server.url}/2023-24-q1/opening/")
    axe()
    assert fits(page)
    box = page.locator("input[name=goals]").first
    box.uncheck()
    page.get_by_role("button", name="Show the numbers again").click()
    page.get_by_text("Left:").wait_for()
    page.get_by_role("button", name="Open Q1 2023/24").click()

    page.get_by_text("Q1 2023/24 is open: 4 updates").wait_for()
    assert Quarter.objects.at(Period(2023, 1)).get().updates.first().goalforecasts.count() == 9


def test_an_indicator_is_retired_on_a_phone(page, live_server, demo, sign_in, axe):
    page.set_viewport_size({"width": 320, "height": 900})
    sign_in("administrator")
    page.goto(f"{live_server.url}{PAGE}")
    page.locator("summary").first.click()
    page.get_by_role("link", name="Retire or replace 1a").click()
    page.get_by_role("button", name="Replace it").wait_for()
    axe()
    assert fits(page)
    page.get_by_role("button", name="Retire it").click()
    page.get_by_text("is not reported from Q2 2022/23 on.").first.wait_for()
    axe()


@pytest.mark.parametrize("width", [1440, 320])
def test_a_new_plan_is_made_where_none_covers_the_next_quarter(page, live_server, demo, sign_in, axe, width):
    make_quarter(Period(2025, 4))
    page.set_viewport_size({"width": width, "height": 900})
    sign_in("administrator")
    page.goto(f"{live_server.url}/2026-27-q1/opening/")
    axe()
    assert fits(page)
    page.get_by_label("Title").fill("Safer London Plan")
    page.get_by_label("Trust and confidence increases").uncheck()
    page.get_by_role("button", name="Make the plan").click()
    page.get_by_text("“Safer London Plan” is made, with its quarters.").wait_for()
    axe()
    assert fits(page)
    page.get_by_role("button", name="Open Q1 2026/27").click()
    page.get_by_text("Q1 2026/27 is open: 3 updates").wait_for()
