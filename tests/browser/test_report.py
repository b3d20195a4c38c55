"""The pages in a real browser: the reader's way through them, axe on each kind, narrow, keyboard, no JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from indicators.models import Background
from priorities.periods import Period
from tests.browser.looks import fits
from tests.closed import close_for_real
from tests.make import (
    door,
    make_decision,
    make_full_update,
    make_indicator,
    make_priority,
    make_quarter,
    make_reading,
    make_update,
    with_role,
)

VICTIMS = "/2022-23-q1/victims-are-better-supported/"
TRUST = "/2022-23-q1/trust-and-confidence-increases/"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site(live_server, demo):
    return live_server.url


@pytest.fixture
def series(demo):
    """The address of the indicator that has a background."""
    return f"/indicators/{Background.objects.first().indicator.key}/"


def test_a_manager_signs_in_reads_the_quarter_and_drills_down(page, site, sign_in):
    sign_in("manager")
    assert page.url == f"{site}/2022-23-q1/"
    assert "DRAFT" in page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("table", name="Priorities at a glance").get_by_role("link", name="Victims are better").click()
    row = page.get_by_role("row", name=re.compile("vulnerable victims"))
    assert row.get_by_role("cell").all_inner_texts()[1:4] == ["25%", "27%", "YTD"]
    page.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="Q1 2022/23").click()
    assert page.url == f"{site}/2022-23-q1/"
    page.get_by_role("button", name="Sign out").click()
    assert page.get_by_role("heading", name="Sign in").is_visible()


def test_the_counts_lead_to_their_rows(page, site, sign_in):
    sign_in("manager")
    page.get_by_role("img", name="Goals: 8 green, 2 amber").first.click()
    assert page.url == f"{site}{VICTIMS}#goals"


KINDS_OF_PAGE = [
    "/2022-23-q1/",
    VICTIMS,
    TRUST,
    "/2022-23-q1/print/",
    *(f"/2022-23-q1/{name}/" for name in ("changes", "exceptions", "decisions", "year", "risks", "goals")),
    f"{VICTIMS}update/decisions/",
    "/data/",
    "/password/",
    "/password/done/",
    "/2035-36-q1/",
]


@pytest.mark.parametrize("width", [1440, 375])
def test_axe_finds_nothing(page, site, sign_in, axe, width, series):
    page.set_viewport_size({"width": width, "height": 900})
    sign_in("administrator")
    for path in (*KINDS_OF_PAGE, series):
        page.goto(site + path)
        page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
        axe()


def test_axe_finds_nothing_before_signing_in(page, live_server, axe):
    for path in ("/sign-in/", "/password/reset/", "/password/reset/sent/", "/password/reset/x/y/"):
        page.goto(live_server.url + path)
        axe()


def test_axe_finds_nothing_where_there_are_errors_and_the_summary_leads_to_the_field(page, site, axe):
    page.goto(f"{site}/sign-in/")
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_title(re.compile("Error: Sign in"))
    axe()
    page.get_by_role("link", name="Enter your user name.").click()
    assert page.evaluate("document.activeElement.id") == "id_username"


def test_axe_finds_nothing_where_a_page_is_refused_or_empty(page, site, sign_in, axe):
    sign_in("trust-lead")
    page.goto(site + VICTIMS)
    axe()
    page.goto(f"{site}/admin/")
    assert "The administration is for administrators" in page.inner_text("main")
    axe()


def test_somebody_with_nothing_to_read_is_told_why(page, live_server, sign_in, axe):
    with_role("reader", "Readers")
    sign_in("reader")
    assert page.get_by_role("heading", name="Nothing to read yet").is_visible()
    axe()


def test_nothing_runs_off_the_side(page, site, sign_in, series):
    sign_in("manager")
    for path in [*KINDS_OF_PAGE[:-1], series]:
        page.goto(site + path)
        for width in (320, 375, 768, 1366, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            assert fits(page), (path, width)


def test_at_least_25_indicators_fit_on_a_common_screen(page, live_server, sign_in):
    with_role("manager", "Managers")
    priority = make_priority("Many figures")
    update = make_update(priority, make_quarter())
    for n in range(1, 41):
        make_reading(
            update,
            make_indicator(priority, f"{n}", title=f"% of people who took part in programme number {n}"),
        )
    page.set_viewport_size({"width": 1366, "height": 900})
    sign_in("manager")
    page.goto(f"{live_server.url}/2022-23-q1/many-figures/#indicators")
    whole = page.evaluate(
        """() => [...document.querySelectorAll('.indicators tbody tr')].filter(row => {
             const box = row.getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight }).length"""
    )
    assert whole >= 25


def test_everything_works_without_javascript(browser, site, browser_context_args):
    context = browser.new_context(**{**browser_context_args, "java_script_enabled": False})
    page = context.new_page()
    page.goto(f"{site}/sign-in/")
    page.get_by_label("User name").fill("manager")
    page.get_by_label("Password").fill("quarterly-demo")
    with page.expect_navigation():
        page.get_by_role("button", name="Sign in").click()
    page.get_by_text("What the letters mean").click()
    assert page.get_by_text("Forecast spend is close to the budget.").is_visible()
    page.get_by_role("link", name="Print the whole quarter").click()
    assert page.get_by_role("heading", name="Violence is prevented and reduced").is_visible()
    page.goto(f"{site}/password/")
    page.get_by_label("Old password").fill("quarterly-demo")
    page.get_by_role("button", name="Change password").click()
    expect(page).to_have_title(re.compile("Error:"))
    context.close()


def test_by_keyboard_the_first_stop_skips_to_the_content_and_focus_is_seen(page, site, sign_in):
    sign_in("manager")
    page.goto(site + VICTIMS)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_one_moves_between_quarters(page, live_server, sign_in, axe):
    with_role("manager", "Managers")
    priority = make_priority()
    first = make_quarter()
    for quarter in (first, make_quarter(first.period.next)):
        make_full_update(priority, quarter)
    sign_in("manager")
    assert page.url.endswith("/2022-23-q2/")
    page.get_by_role("link", name="Earlier quarter, Q1 2022/23").click()
    assert page.url.endswith("/2022-23-q1/")
    page.locator("summary", has_text="choose a quarter").click()
    axe()
    page.get_by_role("link", name="Q2 2022/23 draft").click()
    assert page.url.endswith("/2022-23-q2/")


def test_what_the_quarters_say_together(page, live_server, sign_in, axe):
    with_role("manager", "Managers")
    priority = make_priority()
    first, second = make_quarter(), make_quarter(Period(2022, 2))
    make_full_update(priority, first)
    close_for_real(first)
    update = make_full_update(priority, second)
    with door(update):
        update.objectives = "R"
        update.save()
    make_decision(update, "Bring a recovery plan.")
    sign_in("manager")
    page.get_by_role("link", name="What changed").first.click()
    axe()
    page.get_by_role("link", name=re.compile("objectives: the rating is red")).click()
    assert page.url.endswith(f"/{priority.slug}/#ratings")
    assert page.get_by_text("Bring a recovery plan.").is_visible()
    for name in ("Exceptions", "The year", "Risks and issues", "Goals"):
        page.get_by_role("navigation", name="Report").get_by_role("link", name=name).click()
        for width in (320, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            assert fits(page), (name, width)
            axe()
    assert page.get_by_role("img", name="Timeline of goals").is_visible()
    page.goto(f"{live_server.url}/2022-23-q2/exceptions/?status=R")
    page.get_by_label("Amber").check()
    page.get_by_role("button", name="Show").click()
    assert page.url.endswith("?status=R&status=A")
    assert page.get_by_label("Amber").is_checked()
    axe()


def test_the_printed_quarter_says_draft_on_every_page_and_breaks_between_priorities(page, site, sign_in):
    sign_in("manager")
    page.goto(f"{site}/2022-23-q1/print/")
    page.emulate_media(media="print")
    assert page.locator("body").evaluate("e => getComputedStyle(e).page") == "draft"
    assert page.locator(".screen-only").is_hidden()
    assert page.locator(".pack-part").first.evaluate("e => getComputedStyle(e).breakBefore") == "page"


def test_statuses_survive_forced_colours(page, site, sign_in):
    sign_in("manager")
    page.emulate_media(forced_colors="active")
    page.goto(site + VICTIMS)
    chip = page.locator(".rag-g").first
    assert chip.evaluate("e => getComputedStyle(e).borderTopStyle") == "solid"
    assert chip.inner_text().strip().startswith("G")


def test_a_phone_gets_a_chart_of_its_own_size(page, site, sign_in, series):
    sign_in("manager")
    page.goto(site + series)
    assert page.locator(".chart:visible").get_attribute("width") == "720"
    page.set_viewport_size({"width": 320, "height": 900})
    assert page.locator(".chart:visible").get_attribute("width") == "300"
    drawn = page.locator(".chart:visible text").first
    assert drawn.evaluate("e => parseFloat(getComputedStyle(e).fontSize) * e.getScreenCTM().a") > 11


def test_charts_survive_forced_colours(page, site, sign_in, series):
    sign_in("manager")
    page.emulate_media(forced_colors="active", color_scheme="dark")
    for path, drawn in ((series, ".chart:visible"), (TRUST, ".spark"), (VICTIMS, ".chart")):
        page.goto(site + path)
        paper, line = (
            page.locator(of).first.evaluate(f"e => getComputedStyle(e).{what}")
            for of, what in (("body", "backgroundColor"), (f"{drawn} polyline", "stroke"))
        )
        assert (paper, line) == ("rgb(0, 0, 0)", "rgb(255, 255, 255)"), path
        hollow = page.locator(f"{drawn} circle").first
        assert hollow.evaluate("e => [getComputedStyle(e).fill, getComputedStyle(e).stroke]") == [paper, line], path
    assert page.locator(".bar rect").first.evaluate("e => getComputedStyle(e).fill") == paper
    assert page.locator(".bar text").first.evaluate("e => getComputedStyle(e).fill") == line


def test_the_letters_of_the_goals_stand_off_their_shapes_in_forced_colours(page, site, sign_in):
    sign_in("manager")
    page.emulate_media(forced_colors="active", color_scheme="dark")
    page.goto(f"{site}/2022-23-q1/goals/")
    chart = page.locator(".timelines .chart").first
    fills = (
        "e => [...e.querySelectorAll('rect, circle, text')].map(each => [each.tagName, getComputedStyle(each).fill])"
    )
    drawn = chart.evaluate(fills)
    band, letters = drawn[0][1], {fill for name, fill in drawn if name == "text"}
    assert band == "rgb(233, 240, 246)"
    assert letters == {"rgb(26, 33, 41)", "rgb(85, 96, 107)", "rgb(255, 255, 255)"}
    assert "rgb(244, 183, 64)" in {fill for name, fill in drawn if name == "rect"}
    assert chart.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(255, 255, 255)"


def test_a_chart_is_known_by_its_title_and_described_by_its_figures(page, site, sign_in, series):
    sign_in("manager")
    page.goto(site + series)
    chart = page.get_by_role("img", name=re.compile("The MPS treat everyone fairly .*: as reported"))
    assert chart.count() == 1  # the other one is hidden from everybody
    page.goto(site + TRUST)
    assert page.get_by_role("img", name="The last eight quarters").is_visible()
    page.get_by_role("link", name="The MPS treat everyone fairly regardless of who they are").click()
    assert page.url == site + series


def test_no_page_logs_an_error_in_the_browser(page, site, sign_in):
    told = []
    page.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: told.append(str(error)))
    sign_in("administrator")
    for path in (
        "/2022-23-q1/",
        VICTIMS,
        "/2022-23-q1/print/",
        "/data/",
        "/admin/",
        "/admin/indicators/reading/import/",
    ):
        page.goto(site + path)
    assert told == []
