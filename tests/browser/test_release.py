"""The page of a release as it is served: from stored bytes, under the strict policy and the hash of its own styles."""

from dataclasses import replace

import pytest
from django.conf import settings

from reports.audience import public
from reports.release import RELEASE, style_sources
from reports.report import Revision, quarterly_report
from tests.browser.looks import fits

ADDRESS = "https://tracker.example.org/published/2022-23-q1/"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def revised(demo):
    """The reference quarter for the public, with one figure of every table revised."""
    report = quarterly_report(demo, None)
    part = report.priorities[0]
    rows = [
        (part.key, "spend", "G"),
        (part.finance[0].key, "forecast", "£30.7m"),
        (part.indicators[0].key, "value", "26.5%"),
        (part.risks[0].key, "trend", "Level"),
        (part.goals[0].key, "forecast", "Q4 2023/24"),
    ]
    found = (Revision(key, field, part.title, "What it is of", field, was, "now") for key, field, was in rows)
    return public(replace(report, status="closed", revisions=tuple(found)))


@pytest.fixture
def shown(page, revised):
    """The stored page, answered with the policy that it is served with; what the browser complained of."""
    data = RELEASE["html"].write(revised)
    own = {"style-src": style_sources(data).split(), "font-src": ["data:"]}
    directives = {**settings.CONTENT_SECURITY_POLICY["DIRECTIVES"], **own}
    policy = "; ".join(f"{name} {' '.join(map(str, sources))}" for name, sources in directives.items())
    headers = {"content-type": "text/html; charset=utf-8", "content-security-policy": policy}
    page.route(f"{ADDRESS}**", lambda route: route.fulfill(body=data, headers=headers))
    told = []
    page.on("console", lambda message: told.append(message.text))

    def show(width):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(ADDRESS)
        return told

    return show


def test_its_styles_and_its_font_are_let_in_and_nothing_is_refused(page, shown):
    assert shown(1440) == []
    assert page.evaluate("document.fonts.ready.then(() => document.fonts.check('16px \"Source Sans 3\"'))")
    assert page.evaluate("getComputedStyle(document.querySelector('.rag-g')).backgroundColor") == "rgb(31, 122, 74)"


def test_its_links_lead_to_the_files_beside_it(page, shown):
    shown(1440)
    links = page.get_by_role("navigation", name="Downloads").get_by_role("link")
    found = [link.evaluate("link => link.href") for link in links.all()]
    assert found == [f"{ADDRESS}report.{r.suffix}" for r in RELEASE.values() if r.suffix != "html"]


@pytest.mark.parametrize("width", [1440, 320])
def test_axe_finds_nothing_on_it_and_nothing_runs_off_the_side(page, shown, axe, width):
    shown(width)
    assert fits(page)
    page.get_by_text("[r] earlier 26.5%").first.wait_for()
    axe()
