"""Before a session ends, a page says so, and one button keeps it; what was typed stays."""

import re

import pytest

from accounts import idle
from priorities.models import Role
from tests.browser.test_access import SPACING, spaced  # noqa: F401
from tests.make import make_person, with_role

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def soon(request, settings, monkeypatch):
    """A session of some seconds: the warning after the first of them."""
    seconds = getattr(request, "param", 20)
    settings.IDLE_MINUTES, settings.IDLE_WARNING_MINUTES = seconds / 60, (seconds - 2) / 60
    monkeypatch.setattr(idle, "WRITTEN_EVERY", 0)


@pytest.fixture
def warned(page, live_server, sign_in, soon):
    with_role("administrator", Role.ADMINISTRATOR)
    sign_in("administrator")
    page.goto(f"{live_server.url}/people/invite/")
    page.get_by_label("First name").fill("Ann")
    dialog = page.get_by_role("alertdialog")
    dialog.wait_for()
    return dialog


def test_the_warning_is_announced_and_one_button_keeps_the_session(page, warned, axe):
    assert re.search(r"You are signed out at \d\d:\d\d unless you go on\.", warned.inner_text())
    assert warned.get_attribute("aria-describedby") == "session-text"
    stay = warned.get_by_role("button", name="Stay signed in")
    assert stay.evaluate("button => button === document.activeElement")
    axe()
    with page.expect_response(lambda answer: answer.url.endswith("/session/stay/")) as told:
        page.keyboard.press("Enter")
    assert told.value.status == 200
    warned.wait_for(state="detached")
    assert page.get_by_label("First name").input_value() == "Ann"
    assert page.get_by_label("First name").evaluate("field => field === document.activeElement")


def test_the_warning_fits_a_phone_with_wider_text_and_keeps_the_focus(page, spaced, warned, axe):  # noqa: F811
    page.set_viewport_size({"width": 320, "height": 480})
    page.evaluate("text => document.adoptedStyleSheets[0].replaceSync(text)", SPACING)
    axe()
    box = warned.bounding_box()
    assert 0 <= box["x"] <= 320 - box["width"]
    assert 0 <= box["y"] <= 480 - box["height"]
    assert warned.evaluate("dialog => dialog.scrollWidth <= dialog.clientWidth + 1")
    assert warned.get_by_role("button").bounding_box()["height"] >= 24
    for _ in range(2):
        page.keyboard.press("Tab")
        assert page.evaluate("!document.activeElement.closest('main, header, footer')")
    with page.expect_response(lambda answer: answer.url.endswith("/session/stay/")):
        page.keyboard.press("Escape")
    warned.wait_for(state="detached")


def test_another_page_of_the_same_browser_keeps_it_too(page, context, live_server, warned):
    other = context.new_page()
    other.goto(f"{live_server.url}/people/roles/")
    warned.wait_for(state="detached")


@pytest.mark.parametrize("soon", [8], indirect=True)
def test_after_the_end_what_was_typed_is_sent_and_comes_back_after_signing_in(page, warned):
    page.get_by_text("What you typed is still on this page.").wait_for(timeout=40_000)
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Invite").click()
    page.get_by_text("Sign in again: what you typed is kept.").wait_for()
    page.get_by_label("User name").fill("administrator")
    page.get_by_label("Password").fill("quarterly-demo")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Send it again").wait_for()
    assert page.get_by_text("Ann", exact=True).is_visible()


@pytest.mark.parametrize("soon", [8], indirect=True)
def test_a_page_that_nobody_typed_on_leads_to_the_sign_in_and_says_why(page, live_server, sign_in, soon):
    make_person("reader")
    sign_in("reader")
    page.goto(f"{live_server.url}/people/roles/")
    page.get_by_role("heading", name="Sign in").wait_for(timeout=40_000)
    assert page.get_by_text("You were signed out, because nothing was sent").is_visible()
    assert page.url.endswith("next=%2Fpeople%2Froles%2F")
