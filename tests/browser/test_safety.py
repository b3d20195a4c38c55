"""Browsers keep no private page, and lose nothing that was typed for it."""

import pytest

pytestmark = pytest.mark.django_db(transaction=True)


def back(page):
    """As the button does: a page that the browser has still in memory comes without loading."""
    page.evaluate("setTimeout(() => history.back(), 0)")


def test_what_was_typed_is_there_again_on_the_way_back(page, live_server, sign_in, administrator):
    sign_in("administrator")
    page.goto(f"{live_server.url}/people/invite/")
    field = page.locator("main form input[type=text], main form input[type=email]").first
    field.fill("typed-and-not-sent")
    page.goto(f"{live_server.url}/people/")
    back(page)
    page.wait_for_url("**/people/invite/")
    assert field.input_value() == "typed-and-not-sent"


def test_after_signing_out_the_way_back_shows_nothing_private(page, live_server, sign_in, administrator):
    sign_in("administrator")
    page.goto(f"{live_server.url}/people/")
    with page.expect_navigation():
        page.get_by_role("button", name="Sign out").click()
    back(page)
    page.wait_for_url("**/sign-in/?next=/people/")
    assert page.get_by_label("User name").is_visible()
