"""A real Chromium, the one that CHROMIUM names, or of Debian's packages: without its windows, which take a third of the
processor's time, or the whole. Without one, the tests fail."""

import os
import shutil
from pathlib import Path

import pytest

from tests.browser.looks import fits, found_by_axe

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # playwright's loop runs in the tests' own thread


def pytest_collection_modifyitems(items):
    for item in items:
        if "browser" in Path(item.path).parts:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    path = os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if not path:
        pytest.fail("No Chromium: install Debian's chromium package (make browser does), or name one in CHROMIUM.")
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    return {**browser_type_launch_args, "executable_path": path, "args": quiet}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {**browser_context_args, "locale": "en-GB", "viewport": {"width": 1440, "height": 900}}


@pytest.fixture
def sign_in(page, live_server):
    def sign_in(username):
        page.goto(f"{live_server.url}/sign-in/")
        page.get_by_label("User name").fill(username)
        page.get_by_label("Password").fill("quarterly-demo")
        with page.expect_navigation():
            page.get_by_role("button", name="Sign in").click()

    return sign_in


@pytest.fixture
def axe_finds(page):
    return lambda: found_by_axe(page)


@pytest.fixture
def axe(axe_finds):
    """Asserts that axe finds nothing on the page as it is."""

    def check():
        told = axe_finds()
        assert not told, told

    return check


@pytest.fixture
def check(page, axe):
    """Nothing for axe to find, and nothing to scroll sideways for."""

    def check():
        axe()
        assert fits(page)

    return check
