"""The overview of a quarter in a real browser: written, kept as it is typed, submitted and approved; and the pack."""

import re

import pytest
from django.core.management import call_command
from django.db.models import QuerySet
from playwright.sync_api import expect

from priorities.models import Person, Quarter
from tests.browser.looks import fits
from tests.make import door, make_person
from updates.models import OverviewDraft
from updates.overview import name_author, quarters

HERE, PACK = "/2022-23-q2/overview/", "/2022-23-q2/pack/"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site(live_server, demo):
    """Q2 of the reference, open, with an author who has nothing else to do."""
    call_command("open_quarter", "2022-23-q2", stdout=open("/dev/null", "w"))  # noqa: SIM115
    author, administrator = make_person("author"), Person.objects.get(username="administrator")
    name_author(the_quarter(), to=author, by=administrator)
    return live_server.url


def the_quarter():
    return quarters().get(financial_year=2022, number=2)


def text_box(page):
    return page.get_by_role("textbox", name=re.compile("^Overview"))


def sign_out(page):
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("User name").wait_for()


def write_submit_and_approve(page, sign_in, typed):
    sign_in("author")  # lands on the page
    page.get_by_role("heading", level=1, name="Overview").wait_for()
    text_box(page).fill(typed)
    page.get_by_role("button", name="Save and submit", exact=True).click()
    page.get_by_text("is submitted; a manager approves it next.").wait_for()
    sign_out(page)
    sign_in("manager")
    page.get_by_role("link", name="State of the overview").click()
    page.get_by_role("button", name="Approve it").click()
    page.get_by_text("The overview of Q2 2022/23 is approved.").wait_for()
    stored = the_quarter()
    assert (stored.overview, stored.overview_status, stored.overview_approved_by.username) == (
        typed,
        "approved",
        "manager",
    )


def test_an_overview_is_written_submitted_and_approved(page, site, sign_in):
    write_submit_and_approve(page, sign_in, "Calls rise, and waits fall.")


@pytest.mark.parametrize("browser_context_args", [{"java_script_enabled": False}])
def test_it_needs_no_script(page, site, sign_in):
    write_submit_and_approve(page, sign_in, "Calls rise, and waits fall.")


def test_what_is_typed_is_kept_without_saving_and_marked_against_last_quarter(page, site, sign_in):
    sign_in("author")
    page.get_by_role("button", name=re.compile("^Start from Q1’s text")).click()
    text_box(page).press_sequentially("One word more. ")
    page.get_by_text(re.compile(r"Saved \d\d:\d\d as a draft")).wait_for()
    assert page.locator("output.marks ins").all_inner_texts()
    assert OverviewDraft.objects.get().data[f"overview-{the_quarter().pk}-overview"].startswith("One word more. ")
    page.reload()
    assert text_box(page).input_value().startswith("One word more. ")
    page.get_by_text("is not saved in the report yet").wait_for()
    assert the_quarter().overview == ""


def test_leaving_at_once_after_typing_loses_nothing(page, site, sign_in):
    sign_in("author")
    text_box(page).press_sequentially("Typed in haste.")
    sign_out(page)
    assert OverviewDraft.objects.get().data[f"overview-{the_quarter().pk}-overview"] == "Typed in haste."


def test_a_session_that_ended_is_said_and_what_was_typed_outlives_it(page, context, site, sign_in):
    sign_in("author")
    context.clear_cookies(name="sessionid")
    text_box(page).press_sequentially("Typed late.")
    page.get_by_text("You are signed out. Press Save").wait_for()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_label("User name").fill("author")
    page.get_by_label("Password").fill("quarterly-demo")
    with page.expect_navigation():
        page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{HERE}")
    assert text_box(page).input_value() == "Typed late."


def test_of_two_versions_one_is_chosen(page, site, sign_in):
    sign_in("author")
    text_box(page).fill("The author's.")
    with door(overview_of=[the_quarter()], by=Person.objects.get(username="manager")):
        theirs = the_quarter()
        theirs.overview = "The manager's."
        theirs.save()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("alert").wait_for()
    expect(page).to_have_title(re.compile("Error: "))
    page.get_by_label("Yours: The author").check()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text(re.compile(r"^Overview saved at")).wait_for()
    assert the_quarter().overview == "The author's."


def put(status):
    QuerySet.update(Quarter.objects.filter(pk=the_quarter().pk), overview="Calls rise.", overview_status=status)


@pytest.mark.parametrize("width", [1440, 320])
def test_the_pages_are_accessible_and_nothing_runs_off_the_side(page, site, sign_in, axe, width):
    page.set_viewport_size({"width": width, "height": 900})

    def check():
        assert fits(page), page.url
        axe()

    sign_in("administrator")
    for status in ("in_progress", "submitted", "sent_back", "approved"):
        put(status)
        page.goto(site + HERE)
        page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
        check()
    page.get_by_role("button", name="Send it back").click()
    page.get_by_role("alert").wait_for()
    expect(page).to_have_title(re.compile("Error: "))
    check()
    for path in (f"{HERE}history/", "/2022-23-q2/", PACK, "/my-updates/?all=1"):
        page.goto(site + path)
        check()
    sign_out(page)
    put("in_progress")
    sign_in("author")
    page.goto(f"{site}/my-updates/?all=1")
    check()
    page.goto(site + HERE)
    text_box(page).fill("The author's.")
    page.get_by_text(re.compile(r"Saved \d\d:\d\d as a draft")).wait_for()
    put("submitted")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("alert").wait_for()
    check()


def test_every_printed_page_of_the_pack_has_its_mark(page, site, sign_in):
    sign_in("manager")
    page.goto(site + PACK)
    page.emulate_media(media="print")
    mark = page.locator(".pack-mark")
    assert re.fullmatch(r"DRAFT · made .+ · 0 of 4 priorities approved; overview in progress", mark.inner_text())
    assert mark.evaluate("e => getComputedStyle(e).position") == "fixed"  # which the browser prints on every page
    main = page.locator("main")
    assert main.evaluate("e => getComputedStyle(e).boxDecorationBreak") == "clone"  # its room, on every page
    room = main.evaluate("e => parseFloat(getComputedStyle(e).paddingTop)")
    assert mark.evaluate("e => e.getBoundingClientRect().height") <= room
    assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") > 4
