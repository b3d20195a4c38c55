"""A provider of the organisation's sign-in, as a process, and a browser without scripts that goes there and back."""

import html
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import requests

from tests.accounts.provider import CLIENT, SECRET


class Control:
    """Tells the provider what to be like."""

    def __init__(self, issuer):
        self.issuer = issuer

    def __call__(self, **what):
        requests.post(f"{self.issuer}/control", json=what, timeout=5).raise_for_status()

    def person(self, username="ada", **claims):
        """Somebody who signs in there with the secret “there”, in no group unless it is said."""
        told = {"sub": f"id-{username}", "preferred_username": username, "password": "there"}
        told |= {"given_name": username.capitalize(), "family_name": "Office"}
        told |= {"email": f"{username}@example.org", "email_verified": True}
        self(people={username: told | claims})

    def seen(self):
        return requests.get(f"{self.issuer}/seen", timeout=5).json()


@pytest.fixture(scope="session")
def provider_process():
    command = [sys.executable, str(Path(__file__).parent / "provider.py")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    yield process.stdout.readline().strip()
    process.terminate()
    process.wait(timeout=5)


@pytest.fixture
def provider(provider_process, live_server, settings):
    """Single sign-on is on, with this provider; roles by its groups."""
    settings.OIDC_SERVER_URL, settings.SITE_URL = provider_process, live_server.url
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT, SECRET
    settings.OIDC_NAME = "City Hall"
    settings.OIDC_GROUPS_CLAIM = "groups"
    settings.OIDC_ADMINISTRATORS, settings.OIDC_MANAGERS, settings.OIDC_READERS = ["chiefs"], ["heads"], ["staff"]
    control = Control(provider_process)
    control(reset=True)
    return control


class Visitor(requests.Session):
    """Follows redirects and sends forms, as a browser without scripts does."""

    def __init__(self, site):
        super().__init__()
        self.site = site
        self.page = None

    def open(self, path, **kwargs):
        self.page = self.get(urljoin(self.site, path), timeout=30, **kwargs)
        return self.page

    def submit(self, address=None, **fields):
        """Send the first form of the page with its hidden fields, or post to an address with the token of the page."""
        main = self.page.text[max(0, self.page.text.find("<main")) :]
        form = re.search(r"<form[^>]*method=\"post\".*?</form>", main, re.S)
        hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form[0] if form else ""))
        data = {name: html.unescape(value) for name, value in hidden.items()} | fields
        action = address or (re.search(r'<form[^>]*action="([^"]+)"', form[0]) or ["", ""])[1]
        to = urljoin(self.page.url, html.unescape(action)) if action else self.page.url
        self.page = self.post(to, data=data, headers={"Referer": self.page.url}, timeout=30)
        return self.page

    def sign_in_there(self, name="ada", secret="there", to=""):  # noqa: S107
        """From our page to the provider's, and back with what it says."""
        self.open(f"/sign-in/provider/{to}")
        if urlsplit(self.page.url).path == "/authorize":
            self.submit(name=name, secret=secret)
        return self.page

    @property
    def path(self):
        return urlsplit(self.page.url).path

    @property
    def is_in(self):
        return "Sign out" in self.text

    @property
    def text(self):
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", self.page.text)).split())


@pytest.fixture
def visitor_of(live_server):
    return lambda: Visitor(live_server.url)


@pytest.fixture
def visitor(visitor_of):
    return visitor_of()
