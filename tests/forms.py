"""The forms of a page as a browser would send them, for tests that go through every page."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

UNSENT = {"submit", "button", "reset", "image", "file"}
OF_THE_MOMENT = r'csrfmiddlewaretoken" value="[^"]*"|<p class="session-ends".*?</p>'


def without_moment(response):
    """The page less what differs each time that it is asked for: the token, and when the session ends."""
    return re.sub(OF_THE_MOMENT, "", response.content.decode())


@dataclass
class Form:
    action: str
    method: str
    sent: list = field(default_factory=list)  # name and value
    buttons: list = field(default_factory=list)

    def data(self, **extra):
        found = {}
        for name, value in self.sent:
            found.setdefault(name, []).append(value)
        return {**found, **extra}


class Forms(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.forms, self.now, self.area, self.choice = [], None, None, None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        name = found.get("name")
        if tag == "form":
            self.now = Form(found.get("action") or "", (found.get("method") or "get").lower())
            self.forms.append(self.now)
        elif self.now is None:
            return
        elif tag == "input" and name:
            self.handle_input(name, found)
        elif tag == "button" and name:
            self.now.buttons.append((name, found.get("value") or ""))
        elif tag == "textarea" and name:
            self.area = [name, ""]
        elif tag == "select" and name:
            self.choice = [name, None]
        elif tag == "option" and self.choice and ("selected" in found or self.choice[1] is None):
            self.choice[1] = found.get("value", "")

    def handle_input(self, name, found):
        kind = found.get("type", "text")
        if kind == "submit":
            self.now.buttons.append((name, found.get("value") or ""))
        elif kind not in UNSENT and (kind not in ("checkbox", "radio") or "checked" in found):
            self.now.sent.append((name, found.get("value") or ("on" if kind in ("checkbox", "radio") else "")))

    def handle_data(self, data):
        if self.area:
            self.area[1] += data

    def handle_endtag(self, tag):
        if tag == "textarea" and self.area and self.now:
            self.now.sent.append((self.area[0], self.area[1].removeprefix("\n")))
            self.area = None
        elif tag == "select" and self.choice and self.now:
            self.now.sent.append((self.choice[0], self.choice[1] or ""))
            self.choice = None
        elif tag == "form":
            self.now = None


def forms_of(response):
    """What posts, and doesn't end the session."""
    found = Forms(response.content.decode()).forms
    return [form for form in found if form.method == "post" and form.action != "/sign-out/"]
