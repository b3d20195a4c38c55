"""Every kind of page at 320 and at 1,440 pixels: reflow, text spacing, size of targets, focus that can be seen.

What axe can't tell: WCAG 2.2's 1.4.10, 1.4.12, 2.4.7, 2.4.11 and 2.5.8. docs/accessibility.md has what was done
by hand.
"""

from pathlib import Path

import pytest

from indicators.models import Indicator
from priorities.models import Person

pytestmark = pytest.mark.django_db(transaction=True)
MEASURES = (Path(__file__).parent / "measures.js").read_text()
SPACING = (
    "* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }"
    "p { margin-bottom: 2em !important }"
)
QUARTER = "/2022-23-q1/"
UPDATE = f"{QUARTER}victims-are-better-supported/update/"
OPEN_TO_ALL = ["/sign-in/", "/password/reset/", "/accessibility/", "/no-such-page/"]
OF_A_LEAD = ["/my-updates/?all=1", "/password/", f"{UPDATE}history/ratings/"]
OF_A_LEAD += [UPDATE + part for part in ("", "ratings/", "finance/", "indicators/", "risks/", "goals/", "check/")]
OF_A_MANAGER = [QUARTER + part for part in ("", "changes/", "exceptions/", "year/", "risks/", "goals/", "decisions/")]
OF_A_MANAGER += [QUARTER + part for part in ("progress/", "overview/", "publishing/", "pack/")]
OF_A_MANAGER += [f"{QUARTER}victims-are-better-supported/", f"{UPDATE}review/", "/published/", "/data/"]
OF_AN_ADMINISTRATOR = [f"{QUARTER}closing/", "/2022-23-q2/opening/", "/imports/", "/people/", "/people/roles/"]
OF_AN_ADMINISTRATOR += ["/people/invite/", f"{UPDATE}people/"]


@pytest.fixture
def measured(page, live_server):
    """Opens a page at a width, or takes the one that is open, and returns what fails on it."""

    def measured(path, width):
        page.set_viewport_size({"width": width, "height": 800})
        if path:
            page.goto(live_server.url + path)
        page.evaluate("document.adoptedStyleSheets[0].replaceSync('')")
        page.evaluate(MEASURES)
        found = {"small": page.evaluate("measures.small()"), "hidden": page.evaluate("measures.hidden()")}
        page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
        found["wide"] = page.evaluate("measures.wide()")
        page.evaluate("text => document.adoptedStyleSheets[0].replaceSync(text)", SPACING)
        found |= {"wide when spaced": page.evaluate("measures.wide()"), "cut": page.evaluate("measures.cut()")}
        return {name: told for name, told in found.items() if told}

    return measured


@pytest.fixture
def spaced(page):
    """Styles of the reader's own, which a content policy doesn't stop, as an extension's are not."""
    page.add_init_script("document.adoptedStyleSheets = [new CSSStyleSheet()]")


def pages_of(username):
    own = {"": OPEN_TO_ALL, "victims-lead": OF_A_LEAD, "manager": OF_A_MANAGER, "administrator": OF_AN_ADMINISTRATOR}
    if username != "administrator":
        return own[username]
    key, person = Indicator.objects.first().key, Person.objects.first().pk
    return [*own[username], f"/indicators/{key}/", f"/indicators/{key}/retiring/", f"/people/{person}/"]


@pytest.mark.parametrize("username", ["", "victims-lead", "manager", "administrator"])
def test_every_kind_of_page_reflows_bears_wider_text_and_shows_where_the_focus_is(
    demo, spaced, measured, sign_in, username
):
    if username:
        sign_in(username)
    failed = {}
    for path in pages_of(username):
        for width in (320, 1440):
            if found := measured(path, width):
                failed[f"{path} at {width}"] = found
    assert not failed


@pytest.fixture
def palette(demo, sign_in, page, live_server):
    """The letters beside a cell that has the focus."""
    sign_in("victims-lead")
    page.goto(f"{live_server.url}{UPDATE}goals/")
    page.locator("input[name$=confidence]").first.focus()
    return page.locator(".palette")


def test_the_letters_beside_a_cell_can_be_put_away_without_leaving_it(palette, page):
    assert palette.is_visible()
    page.keyboard.press("Escape")
    assert palette.count() == 0
    assert page.evaluate("document.activeElement.name").endswith("confidence")


def test_a_letter_counts_once_the_pointer_is_let_go_on_it_and_not_elsewhere(palette, page):
    cell, letter = page.locator("input[name$=confidence]").first, palette.get_by_text("R Red", exact=False)
    letter.hover()
    page.mouse.down()
    page.mouse.move(5, 5)
    page.mouse.up()
    assert cell.input_value() == "G"
    letter.click()
    assert cell.input_value() == "R"
