"""Pages of signing in, of what failed and of who did what, measured as test_access.py measures, driven with Tab, and
with the names that a screen reader gets."""

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import SuspiciousOperation
from django.core.management import call_command
from django.db import OperationalError

from accounts import factors
from mopac_tracker.settings import BASE_DIR
from priorities.audit import Act, record
from priorities.models import Role
from tests.accounts.conftest import provider, provider_process  # noqa: F401
from tests.browser.test_access import measured, spaced  # noqa: F401
from tests.browser.test_single_sign_on import code_of, sign_in_there
from tests.make import make_person, with_role
from updates.typed import UNSENT

pytestmark = pytest.mark.django_db(transaction=True)
NAMED = {"alertdialog", "button", "combobox", "dialog", "image", "img", "link", "navigation", "table", "textbox"}
PASSWORD = "quarterly-demo"


@pytest.fixture
def check(page, spaced, measured, axe_finds):  # noqa: F811
    """Looks at the page as it stands, under a name; `check.failed` has all that was found."""

    def check(name):
        for width in (320, 1440):
            found = measured("", width) | {"axe": axe_finds(), "unnamed": unnamed(page), "unreached": unreached(page)}
            found["untold"] = page.evaluate("measures.untold()")
            if found := {what: told for what, told in found.items() if told}:
                check.failed[f"{name} at {width}"] = found

    check.failed = {}
    return check


def unnamed(page):
    """Roles of the accessibility tree that need a name and have none."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    shown = [node for node in nodes if not node["ignored"] and node["role"]["value"] in NAMED]
    return [node["role"]["value"] for node in shown if not node.get("name", {}).get("value", "").strip()]


def unreached(page):
    """Controls that Tab does not come to, once round."""
    for _ in range(page.evaluate("measures.stops().length") + 3):
        page.keyboard.press("Tab")
        page.evaluate("measures.stopped()")
    return page.evaluate("measures.unreached()")


@pytest.fixture
def go(page, live_server):
    return lambda path: page.goto(live_server.url + path)


@pytest.fixture
def press(page):
    def press(button, **typed):
        for name, text in typed.items():
            page.locator(f"main [name={name}]").fill(text)
        with page.expect_navigation():
            page.get_by_role("button", name=button, exact=True).click()

    return press


def test_setting_up_using_and_switching_off_a_second_factor(page, settings, sign_in, go, press, check):
    settings.MFA = "1"
    make_person("ada")
    sign_in("ada")
    go("/second-factor/")
    check("off")
    go("/second-factor/add/")
    check("to set up")
    press("Switch it on", code="123456", password="not this one")
    check("set up wrongly")
    secret = page.locator("code.secret").inner_text()
    press("Switch it on", code=code_of(secret), password=PASSWORD)
    check("recovery codes")
    for path in ("/second-factor/", "/second-factor/codes/", "/second-factor/add/", "/second-factor/remove/"):
        go(path)
        check(path)
    press("Switch it off")
    check("switched off without a password")
    press("Sign out")
    sign_in("ada")
    check("code")
    press("Go on", code="123 456")
    check("wrong code")
    page.get_by_role("link", name="Use a recovery code").click()
    check("recovery code")
    assert not check.failed


def test_a_second_factor_that_is_demanded(settings, sign_in, go, check):
    settings.MFA = "required"
    with_role("manager", Role.MANAGER)
    sign_in("manager")
    check("demanded")
    assert not check.failed


def test_what_administrators_see_of_signing_in(page, settings, sign_in, go, press, check):
    settings.MFA = "1"
    with_role("administrator", Role.ADMINISTRATOR)
    ada = make_person("ada")
    factors.add(ada, secret := factors.new_secret(), code_of(secret))
    for number in range(120):
        record(Act.EXPORTED, by=ada, request=None, detail=f"{'a-long-name-of-a-file' * 4}-{number}.xlsx")
    sign_in("administrator")
    for path in (f"/people/{ada.pk}/sign-in/", "/people/audit/", "/people/audit/?page=2", "/people/audit/?who=nobody"):
        go(path)
        check(path)
    go("/people/audit/?since=soon&until=later")
    check("wrong dates")
    tops = page.locator(".find label").evaluate_all("labels => labels.map((each) => each.getBoundingClientRect().top)")
    assert max(tops) - min(tops) < 1
    go(f"/people/{ada.pk}/sign-in/")
    press("Reset the second factor")
    check("reset")
    assert not check.failed


def test_what_was_typed_when_a_session_ended(page, context, sign_in, go, press, check):
    with_role("administrator", Role.ADMINISTRATOR)
    sign_in("administrator")
    go("/typed/")
    check("nothing waits")
    go("/people/invite/")
    context.clear_cookies(name="sessionid")
    press("Invite", first_name="Ann", email=f"{'ann' * 40}@example.org")
    check("signed out")
    press("Sign in", username="administrator", password=PASSWORD)
    (key,) = [cookie["value"] for cookie in context.cookies() if cookie["name"] == "sessionid"]
    session = SessionStore(key)
    session[UNSENT] = {f"/people/{'9' * 50}/": {"end": ["1"]}, **session[UNSENT]}
    session.save()
    page.reload()
    check("send it again")
    assert page.get_by_role("link", name="/people/999").count() == 1
    assert not check.failed


def test_signing_in_elsewhere(page, live_server, provider, sign_in, go, check, capsys):  # noqa: F811
    chief = with_role("chief", Role.ADMINISTRATOR)
    go("/sign-in/")
    check("sign-in")
    provider.person(groups=["others"])
    sign_in_there(page, live_server)
    check("refused")
    go("/sign-in/provider/back/?error=access_denied")
    check("sent back")
    go("/signed-out/")
    check("signed out")
    provider(discovery={"end_session_endpoint": None})
    call_command("break_glass", chief.username)
    page.goto(capsys.readouterr().out.strip())
    check("once")
    go("/sign-in/once/x/y/")
    check("once, used")
    assert not check.failed


@pytest.fixture
def fails(monkeypatch):
    def fails(error):
        def fail(*args, **kwargs):
            raise error

        monkeypatch.setattr("updates.views.people.invite", fail)
        monkeypatch.setattr("accounts.audit_views.administrators_only", fail)

    return fails


def test_pages_of_what_failed(page, settings, sign_in, go, press, check, fails):
    settings.ACCESSIBILITY_CONTACT = "access@tracker.example"
    with_role("administrator", Role.ADMINISTRATOR)
    go("/no-such-page/")
    check("404 for all")
    sign_in("administrator")
    for status, error in ((503, OperationalError("away")), (500, KeyError("x")), (400, SuspiciousOperation("x"))):
        fails(error)
        assert go("/people/audit/").status == status
        check(status)
        assert page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") != "none"
        assert page.get_by_role("link", name="Accessibility").count() == 1
        assert page.get_by_role("link", name="access@tracker.example").count() == 1
        go("/people/invite/")
        press("Invite", first_name="Ann", last_name="Lee", email="ann@example.org")
        check(f"{status} for a form")
    assert not check.failed


def test_pages_of_what_is_not_open(page, sign_in, go, press, check):
    make_person("reader")
    sign_in("reader")
    go("/no-such-page/")
    check("404")
    go("/people/audit/")
    check("403")
    go("/password/")
    page.evaluate("document.querySelector('main [name=csrfmiddlewaretoken]').value = 'x'")
    page.get_by_role("main").get_by_role("button").first.click()
    check("403 for a form that is too old")
    assert not check.failed


@pytest.mark.parametrize("name", ["413", "unavailable"])
def test_pages_of_the_web_server(page, live_server, check, name):
    text = (BASE_DIR / "deploy" / "nginx" / f"{name}.html").read_text()
    page.route("**/nginx-says/", lambda route: route.fulfill(body=text, content_type="text/html"))
    page.goto(f"{live_server.url}/nginx-says/")
    check(name)
    assert page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") != "none"
    assert not check.failed
