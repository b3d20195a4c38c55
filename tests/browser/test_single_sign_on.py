"""Single sign-on and second factors in a real browser, under the real content security policy."""

import pytest
from allauth.mfa.totp.internal import auth as totp
from playwright.sync_api import expect

from tests.accounts.conftest import provider, provider_process  # noqa: F401
from tests.browser.looks import fits
from tests.make import make_person

pytestmark = pytest.mark.django_db(transaction=True)


def sign_in_there(page, live_server):
    page.goto(f"{live_server.url}/sign-in/?next=/people/roles/")
    page.get_by_role("link", name="Sign in with City Hall").click()
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Secret").fill("there")
    page.get_by_role("button", name="Continue").click()


def test_there_and_back_and_out_again(page, live_server, provider, axe):  # noqa: F811
    provider.person(groups=["heads"])
    make_person("ada", email="ada@example.org")
    page.goto(f"{live_server.url}/sign-in/")
    axe()
    sign_in_there(page, live_server)
    expect(page).to_have_url(f"{live_server.url}/people/roles/")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out of the tracker")
    axe()
    page.get_by_role("link", name="sign out of City Hall as well").click()
    expect(page).to_have_url(f"{live_server.url}/sign-in/")


def test_who_is_refused_reads_why_and_may_use_another_account(page, live_server, provider, axe):  # noqa: F811
    provider.person(groups=["others"])
    sign_in_there(page, live_server)
    expect(page.get_by_role("alert")).to_contain_text("you are in none of the groups that may use the tracker")
    axe()
    page.get_by_role("link", name="Sign in with City Hall again").click()
    expect(page.get_by_label("Name")).to_be_visible()


def code_of(secret, ahead=0):
    import time

    return totp.format_hotp_value(totp.hotp_value(secret.replace(" ", ""), int(time.time()) // 30 + ahead))


def test_a_second_factor_is_set_up_and_asked_for(page, live_server, settings, sign_in, axe):
    settings.MFA = "1"
    make_person("ada", email="ada@example.org")
    sign_in("ada")
    page.goto(f"{live_server.url}/second-factor/")
    axe()
    page.get_by_role("link", name="Set it up").click()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    axe()
    page.set_viewport_size({"width": 320, "height": 800})
    assert fits(page)
    secret = page.locator("code.secret").inner_text()
    page.get_by_role("textbox", name="Code").fill(code_of(secret))
    page.get_by_label("Password", exact=False).fill("quarterly-demo")
    page.get_by_role("button", name="Switch it on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    axe()
    with page.expect_download() as file:
        page.get_by_role("button", name="Download them").click()
    assert file.value.suggested_filename == "recovery-codes.txt"
    page.get_by_role("button", name="Sign out").click()
    sign_in("ada")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your code")
    axe()
    page.get_by_role("textbox", name="Code").fill(code_of(secret, ahead=1))
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
