"""The progress board and the pages of people in a real browser: on a screen, on a phone, and without JavaScript."""

import datetime as dt
import re

import pytest
from django.core import mail
from django.core.management import call_command
from django.utils import timezone

from priorities.models import Assignment, AssignmentRole, Person, Priority
from tests.browser.looks import fits
from tests.make import make_assignment
from updates.models import Draft

pytestmark = pytest.mark.django_db(transaction=True)

BOARD = "/2022-23-q2/progress/"


@pytest.fixture
def site(live_server, demo):
    call_command("open_quarter", "2022-23-q2", due_on="28/10/2022", stdout=open("/dev/null", "w"))  # noqa: SIM115
    lead = Person.objects.get(username="victims-lead")
    victims = Priority.objects.get(slug="victims-are-better-supported")
    Draft.objects.create(
        person=lead, update=victims.updates.get(quarter__number=2), section="ratings", data={"update-1-narrative": "x"}
    )
    address = "somebody.with.a.long.name@an-office-with-a-long-name.example.org"
    invited = Person.objects.create_user("invited", first_name="Ann", last_name="Lee", email=address)
    make_assignment(victims, invited, AssignmentRole.DEPUTY)
    return live_server.url


def pages():
    lead, invited = (Person.objects.get(username=name) for name in ("victims-lead", "invited"))
    mine = [f"/people/{lead.pk}/{path}" for path in ("", "hand-over/", "deactivate/")]
    others = ["/people/", "/people/?q=nobody-like-that", "/people/invite/", "/people/roles/", f"/people/{invited.pk}/"]
    return [BOARD, "/2022-23-q1/progress/", *others, *mine, f"/people/drafts/{Draft.objects.get().pk}/"]


def press(page, button):
    with page.expect_navigation():
        button.click()


@pytest.mark.parametrize("width", [1440, 320])
def test_axe_finds_nothing_on_the_board_and_the_pages_of_people(page, site, sign_in, axe, width):
    page.set_viewport_size({"width": width, "height": 900})
    sign_in("administrator")
    page.get_by_role("link", name="Progress", exact=True).wait_for()
    for path in pages():
        page.goto(f"{site}{path}")
        for summary in page.locator("details:not([open]) > summary").all()[:2]:
            summary.click()
        axe()
        assert fits(page), path


@pytest.mark.parametrize("width", [1440, 320])
def test_axe_finds_nothing_where_errors_are_shown(page, site, sign_in, axe, width):
    page.set_viewport_size({"width": width, "height": 900})
    sign_in("administrator")
    lead = Person.objects.get(username="victims-lead")
    for path, button in [
        ("/people/invite/", "Invite"),
        (f"/people/{lead.pk}/", "Give this part"),
        (f"/people/{lead.pk}/deactivate/", "Deactivate"),
        (f"/people/{lead.pk}/hand-over/", "Hand it all over"),
    ]:
        page.goto(f"{site}{path}")
        press(page, page.get_by_role("button", name=button, exact=True))
        page.get_by_role("alert").wait_for()
        axe()
    page.goto(f"{site}{BOARD}")
    page.locator("summary").first.click()
    press(page, page.get_by_role("button", name="Give it more time").first)
    page.get_by_role("alert").get_by_role("link", name="Enter the new due date.").click()
    assert page.get_by_label("New due date").first.evaluate("cell => cell === document.activeElement")
    axe()


@pytest.fixture
def plain(browser, site):
    """A page without JavaScript, signed in as administrator."""
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(f"{site}/sign-in/")
    page.get_by_label("User name").fill("administrator")
    page.get_by_label("Password").fill("quarterly-demo")
    with page.expect_navigation():
        page.get_by_role("button", name="Sign in").click()
    yield page
    context.close()


def test_an_invitation_leads_to_a_signed_in_person_without_javascript(plain, site, browser):
    plain.get_by_role("link", name="People", exact=True).click()
    plain.get_by_role("link", name="Invite somebody").click()
    plain.get_by_label("First name").fill("Kim")
    plain.get_by_label("Last name").fill("Doe")
    plain.get_by_label("E-mail address").fill("kim@example.org")
    plain.get_by_label("Priority").select_option(label="Trust and confidence increases")
    plain.get_by_label("Part").select_option(label="Finance", value="contributor:finance")
    plain.get_by_role("button", name="Invite").click()
    plain.get_by_text("An invitation was mailed to kim@example.org.").wait_for()
    theirs = browser.new_context(java_script_enabled=False).new_page()
    link = re.search(r"http://localhost:8000(/password/reset/\S+/\S+)", mail.outbox[-1].body)[1]  # SITE_URL
    theirs.goto(site + link)
    theirs.locator("#id_new_password1").fill("three odd words")
    theirs.locator("#id_new_password2").fill("three odd words")
    theirs.get_by_role("button", name="Set password").click()
    theirs.get_by_role("link", name="Sign in with it").click()
    theirs.get_by_label("User name").fill("kim-doe")
    theirs.get_by_label("Password").fill("three odd words")
    theirs.get_by_role("button", name="Sign in").click()
    theirs.get_by_role("heading", level=1, name="Trust and confidence increases").wait_for()
    theirs.context.close()


def test_somebody_leaves_and_somebody_takes_over_without_javascript(plain, site):
    plain.goto(f"{site}/people/?q=victims")
    plain.get_by_role("main").get_by_role("link", name="victims-lead").click()
    plain.get_by_role("link", name="Deactivate").click()
    plain.get_by_label("Hand over what they hold to").select_option(label="trust-lead")
    plain.get_by_role("button", name="Deactivate").click()
    plain.get_by_text("victims-lead is deactivated and signed out; trust-lead has now").wait_for()
    leads = Assignment.objects.filter(priority__slug="victims-are-better-supported", role=AssignmentRole.LEAD)
    assert [lead.person.username for lead in leads] == ["trust-lead"]


def test_a_manager_chases_without_javascript(plain, site):
    plain.goto(f"{site}/progress/")
    assert plain.url == f"{site}{BOARD}"
    plain.get_by_role("button", name="Remind those of Victims are better supported").click()
    plain.locator(".notice").first.wait_for()
    row = plain.locator("tr", has_text="Victims are better supported")
    row.locator("summary").click()
    later = timezone.localdate() + dt.timedelta(days=30)
    row.get_by_label("New due date").fill(f"{later:%d/%m/%Y}")
    row.get_by_label("Why").fill("Staff left")
    row.get_by_role("button", name="Give it more time").click()
    plain.get_by_text(f"Victims are better supported, Q2 2022/23 is due on {later:%-d %B %Y} now.").wait_for()
    plain.get_by_text("Extended: Staff left").wait_for()
