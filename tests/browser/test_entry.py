"""The reference's largest priority, filled in and submitted for Q2 2022/23 in a real browser.

In few page loads, without JavaScript, by keyboard alone, on the narrowest phone; and what the script adds.
"""

import re

import pytest
from django.core.management import call_command
from playwright.sync_api import expect

from priorities.models import Quarter, QuarterlyUpdate
from tests.browser.looks import fits
from tests.make import close
from updates.models import Draft

UPDATE = "/2022-23-q2/victims-are-better-supported/update/"
pytestmark = pytest.mark.django_db(transaction=True)

NEXT, UNCHANGED = "Save and continue", "The rest is unchanged: save and continue"
# What is new in the quarter, by the beginning of each cell's label; and the button that saves it.
ANSWERS = {
    "Ratings and narrative": {
        "Objectives": "g",
        "Time": "G",
        "Spend": "amber",
        "Capability": "G",
        "Risk": "A",
        "Why a rating is amber or red": "Pay awards and the cost of living press on providers.",
        "Narrative": "The joint review of witness care reported its first findings.",
    },
    "Finance": {
        "Forecast, Q2": "£31.8m",
        "Actual to date, Q2": "£12,100,000",
        "Finance note": "The forecast position is a £0.9m underspend.",
    },
    "Indicators": {
        "Value, 1a ": "28%",
        "Confidence, 1a ": "g",
        "Value, 1b ": "75",
        "Confidence, 1b ": "G",
        "Value, 1c ": "71%",
        "Confidence, 1c ": "G",
        "Value, 2a ": "36",
        "Confidence, 2a ": "G",
        "Value, 2b ": "90%",
        "Confidence, 2b ": "G",
        "Value, 3 ": "35%",
        "Confidence, 3 ": "R",
        "Note, 3 ": "Two examiners left; their posts are filled from October.",
        "Value, 4a ": "2,903",
        "Value, 4b ": "1,120",
        "Value, 4c ": "8,410",
        "Value, 5 ": "640",
        "Confidence, 5 ": "a",
        "Note, 5 ": "Calls rise since the new number.",
        "Value, 6a ": "[x]",
        "Value, 6b ": "Not available",
    },
    "Risks and issues": {},
    "Goals": {
        "Confidence, 3 ": "a",
        "Comment, 3 ": "The consultation runs two weeks longer.",
        "Forecast, 4 ": "q1 23/24",
        "Confidence, 4 ": "r",
        "Comment, 4 ": "The ministry decides in spring.",
    },
}
BUTTONS = {"Finance": UNCHANGED, "Risks and issues": UNCHANGED, "Goals": UNCHANGED}


@pytest.fixture
def site(live_server, demo):
    call_command("open_quarter", "2022-23-q2", due_on="28/10/2022", stdout=open("/dev/null", "w"))  # noqa: SIM115
    return live_server.url


@pytest.fixture
def loads(page):
    """The pages that the browser loaded, redirects not counted."""
    seen = []
    page.on("load", lambda: seen.append(page.url))
    return seen


def sign_in_to(page, site, username="victims-lead"):
    page.goto(f"{site}/sign-in/")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill("quarterly-demo")
    with page.expect_navigation():
        page.get_by_role("button", name="Sign in").click()


def press(page, button):
    """Press a button that loads a page, and wait for it."""
    with page.expect_navigation():
        button.click()


def save(page):
    press(page, page.get_by_role("button", name=NEXT, exact=True))


def assert_error(page):
    page.get_by_role("alert").wait_for()
    expect(page).to_have_title(re.compile("Error: "))


def label(text):
    return re.compile(f"^{re.escape(text)}")


def go_to_the_update(page):
    page.get_by_role("main").get_by_role("link", name="Ratings and narrative").click()


def fill_in_everything(page):
    go_to_the_update(page)
    for section, answers in ANSWERS.items():
        assert page.get_by_role("heading", level=1).inner_text() == section
        for name, text in answers.items():
            page.get_by_label(label(name)).fill(text)
        page.get_by_role("button", name=BUTTONS.get(section, NEXT), exact=True).click()
    for box in page.get_by_label("It is right").all():
        box.check()
    page.get_by_role("button", name="Submit").click()


def the_update():
    return QuarterlyUpdate.objects.get(quarter__number=2, priority__title="Victims are better supported")


def assert_submitted(page):
    assert page.get_by_role("heading", level=1).inner_text() == "Submitted"
    update = the_update()
    assert (update.status, update.submitted_by.username) == ("submitted", "victims-lead")
    for rows in (update.readings, update.assessments, update.goalforecasts, update.financialpositions):
        assert all(row.confirmed for row in rows.all())
    assert update.readings.get(indicator__reference="5").value == 640
    assert update.readings.get(indicator__reference="6b").missing == "x"
    assert not update.assessments.exclude(trend="level").exists()
    assert update.goalforecasts.get(goal__number=4).forecast.label == "Q1 2023/24"
    assert [p.forecast for p in update.financialpositions.all()] == [31_900_000, *[31_800_000] * 3]


def test_a_lead_fills_in_and_submits_the_largest_priority_in_ten_page_loads(page, site, loads, axe):
    sign_in_to(page, site)
    fill_in_everything(page)
    assert_submitted(page)
    assert len(loads) <= 10, loads
    axe()


@pytest.mark.parametrize("width", [1440, 320])
def test_the_same_without_javascript(new_context, site, width):
    page = new_context(java_script_enabled=False).new_page()
    page.set_viewport_size({"width": width, "height": 800})
    sign_in_to(page, site)
    fill_in_everything(page)
    assert_submitted(page)


def test_the_same_at_320_pixels_and_nothing_needs_scrolling_sideways(page, site):
    page.set_viewport_size({"width": 320, "height": 640})
    wide = []
    page.on("load", lambda: wide.append(page.evaluate("[location.pathname, document.documentElement.scrollWidth]")))
    sign_in_to(page, site)
    fill_in_everything(page)
    assert_submitted(page)
    assert all(width <= 320 for _, width in wide), wide


# The keyboard alone

FOCUSED = """() => {
  const at = document.activeElement;
  if (at.matches("a")) return "";
  const name = at.labels && at.labels.length ? at.labels[0].textContent : at.textContent || at.value;
  return name.replace(/\\s+/g, " ").trim();
}"""


def tab_through(page, answers, end):
    """Press Tab from the top of the page, type each answer where its cell has the focus, stop on what `end` begins."""
    left = dict(answers)
    for _ in range(500):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED).replace(" ,", ",")
        for name in [name for name in left if focused.startswith(name)]:
            page.keyboard.type(left.pop(name))
            page.keyboard.press("ArrowLeft")
        if focused.startswith(end) and not left:
            return
    raise AssertionError(f"never came to {left or end}")


def test_the_same_by_keyboard_alone(page, site):
    page.goto(f"{site}/sign-in/")
    tab_through(page, {"User name": "victims-lead", "Password": "quarterly-demo"}, "Sign in")
    page.keyboard.press("Enter")
    page.get_by_role("table").wait_for()
    link = page.get_by_role("main").get_by_role("link", name="Ratings and narrative")
    for _ in range(60):
        page.keyboard.press("Tab")
        if link.evaluate("link => link === document.activeElement"):
            break
    page.keyboard.press("Enter")
    for section, answers in ANSWERS.items():
        page.get_by_role("heading", level=1, name=section).wait_for()
        tab_through(page, answers, BUTTONS.get(section, NEXT))
        page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="Check and submit").wait_for()
    for _ in range(page.get_by_label("It is right").count()):
        tab_to_unchecked(page)
        page.keyboard.press("Space")
    tab_through(page, {}, "Submit")
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="Submitted").wait_for()
    assert_submitted(page)


def tab_to_unchecked(page):
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.type === 'checkbox' && !document.activeElement.checked"):
            return
    raise AssertionError("no box to tick")


def test_arrow_keys_never_change_an_answer(page, site, sign_in):
    sign_in("victims-lead")
    for section in ("ratings", "indicators", "risks", "goals", "finance"):
        page.goto(f"{site}{UPDATE}{section}/")
        cells = page.locator("form.entry :is(input:not([type=hidden]), textarea, select):visible")
        values = "cells => cells.map(cell => cell.type === 'checkbox' ? cell.checked : cell.value)"
        before = cells.evaluate_all(values)
        for cell in cells.all():
            cell.focus()
            for key in ("ArrowDown", "ArrowUp", "ArrowRight", "ArrowLeft"):
                page.keyboard.press(key)
        assert cells.evaluate_all(values) == before


def test_tab_follows_the_order_of_the_rows(page, site, sign_in):
    sign_in("victims-lead")
    page.goto(f"{site}{UPDATE}indicators/")
    page.get_by_label(label("Value, 1a ")).focus()
    places = []
    for _ in range(12):
        places.append(page.evaluate("document.activeElement.closest('tr').getBoundingClientRect().top + scrollY"))
        page.keyboard.press("Tab")
    assert places == sorted(places)


# What the script adds


def open_section(page, site, section):
    page.goto(f"{site}{UPDATE}{section}/")


def saved_as_draft(page):
    page.get_by_text(re.compile(r"^Saved \d\d:\d\d as a draft$")).wait_for()


def test_what_is_typed_is_kept_as_a_draft_and_floods_no_history(page, site, sign_in):
    sign_in("victims-lead")
    before = the_update().readings.model.history.count()
    open_section(page, site, "indicators")
    page.get_by_label(label("Value, 1a ")).fill("twenty-eight")  # can't be read, and is kept all the same
    saved_as_draft(page)
    assert page.get_by_role("status").last.get_attribute("aria-live") == "polite"
    assert the_update().readings.model.history.count() == before
    page.goto(f"{site}/my-updates/")
    open_section(page, site, "indicators")
    assert page.get_by_label(label("Value, 1a ")).input_value() == "twenty-eight"
    assert page.get_by_text("is not saved in the report yet").is_visible()
    page.get_by_role("button", name="Throw it away").click()
    assert page.get_by_label(label("Value, 1a ")).input_value() == ""
    assert not Draft.objects.exists()


def test_figures_are_worked_out_while_they_are_typed(page, site, sign_in):
    sign_in("victims-lead")
    open_section(page, site, "finance")
    page.get_by_label(label("Forecast, Q2")).fill("31.9")
    page.get_by_role("row", name=re.compile("^Q2")).get_by_text("−2.4% (−£0.8m)").wait_for()
    open_section(page, site, "indicators")
    page.get_by_label(label("Value, 3 ")).fill("31")
    page.get_by_label(label("Confidence, 3 ")).fill("G")
    page.get_by_text("Figures suggest R (red); give the reason you judge otherwise.").wait_for()
    open_section(page, site, "goals")
    page.get_by_label(label("Forecast, 2 ")).fill("Q2 2023/24")
    page.get_by_text("2 quarters later").wait_for()
    assert the_update().goalforecasts.get(goal__number=2).forecast is None


def test_a_block_copied_from_a_spreadsheet_fills_the_cells(page, site, sign_in):
    sign_in("victims-lead")
    open_section(page, site, "indicators")
    page.get_by_label(label("Value, 1a ")).focus()
    page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.setData("text/plain", "28%\\tG\\r\\n75%\\tA\\r\\n71\\tR\\r\\n");
          const paste = {clipboardData: data, bubbles: true, cancelable: true};
          document.activeElement.dispatchEvent(new ClipboardEvent("paste", paste));
        }"""
    )
    assert page.get_by_label(label("Value, 1b ")).input_value() == "75%"
    assert page.get_by_label(label("Confidence, 1c ")).input_value() == "R"
    saved_as_draft(page)


def test_down_goes_to_the_next_row_of_the_same_column(page, site, sign_in):
    sign_in("victims-lead")
    open_section(page, site, "goals")
    page.get_by_label(label("Confidence, 1 ")).focus()
    page.keyboard.press("ArrowDown")
    assert page.get_by_label(label("Confidence, 2 ")).evaluate("cell => cell === document.activeElement")


def test_a_letter_can_be_chosen_with_one_click(page, site, sign_in):
    sign_in("victims-lead")
    open_section(page, site, "goals")
    page.get_by_label(label("Confidence, 1 ")).click()
    page.locator(".palette button", has_text="CG Complete").click()
    assert page.get_by_label(label("Confidence, 1 ")).input_value() == "CG"
    saved_as_draft(page)


def test_last_quarters_text_is_a_start_and_what_differs_is_marked(page, site, sign_in):
    sign_in("victims-lead")
    open_section(page, site, "ratings")
    page.get_by_label(label("Objectives")).fill("G")
    press(page, page.get_by_role("button", name=re.compile("^Start from Q1’s text.*Narrative")))
    narrative = page.get_by_label(label("Narrative"))
    assert narrative.input_value().startswith("MOPAC was successful in securing £16.5m")
    assert page.get_by_label(label("Objectives")).input_value() == "G"  # nothing typed is lost by it
    narrative.fill(narrative.input_value().replace("£16.5m", "£18m"))
    page.locator("output ins", has_text="£18m").wait_for()
    assert page.locator("output del", has_text="£16.5m").is_visible()


def test_typed_work_outlives_the_session(page, context, site, sign_in):
    sign_in("victims-lead")
    open_section(page, site, "ratings")
    page.get_by_label(label("Narrative")).fill("Typed while the session ran out.")
    saved_as_draft(page)
    Draft.objects.all().delete()
    context.clear_cookies(name="sessionid")
    save(page)
    assert page.get_by_text("what you typed is kept").is_visible()
    page.get_by_label("User name").fill("victims-lead")
    page.get_by_label("Password").fill("quarterly-demo")
    with page.expect_navigation():
        page.get_by_role("button", name="Sign in").click()
    assert page.url == f"{site}{UPDATE}ratings/"
    assert page.get_by_label(label("Narrative")).input_value() == "Typed while the session ran out."
    save(page)
    assert the_update().narrative == "Typed while the session ran out."


def test_back_after_a_save_loses_nothing(page, site, sign_in):
    sign_in("victims-lead")
    open_section(page, site, "ratings")
    page.get_by_label(label("Narrative")).fill("Saved once.")
    save(page)
    page.go_back()
    save(page)
    assert the_update().narrative == "Saved once."


def test_two_people_choose_between_their_versions(page, site, sign_in):
    sign_in("victims-lead")
    open_section(page, site, "ratings")
    page.get_by_label(label("Narrative")).fill("Mine.")
    page.get_by_label(label("Objectives")).fill("G")
    call_save("administrator", {"narrative": "Theirs.", "time": "A"})
    save(page)
    assert_error(page)
    assert page.get_by_text(re.compile("Stored by administrator")).is_visible()
    assert page.get_by_label(label("Time")).input_value() == "A"
    page.get_by_label("Yours: Mine.").check()
    save(page)
    update = the_update()
    assert (update.narrative, update.objectives, update.time) == ("Mine.", "G", "A")


def call_save(username, changes):
    from priorities.history import Source
    from priorities.models import Person
    from priorities.writing import writing

    with writing([the_update()], by=Person.objects.get(username=username), source=Source.FORM):
        update = the_update()
        for name, value in changes.items():
            setattr(update, name, value)
        update.save()


def test_a_save_after_the_quarter_closed_keeps_what_was_typed_and_says_so(page, site, sign_in):
    sign_in("victims-lead")
    open_section(page, site, "ratings")
    page.get_by_label(label("Narrative")).fill("A minute too late.")
    close(Quarter.objects.get(number=2, financial_year=2022))
    save(page)
    assert_error(page)
    assert "is closed and can't be edited; an administrator has to reopen the quarter first" in page.inner_text("main")
    assert page.get_by_label(label("Narrative")).input_value() == "A minute too late."
    assert the_update().narrative == ""
    assert Draft.objects.get().data[f"update-{the_update().pk}-narrative"] == "A minute too late."


SECTIONS = ["ratings/", "finance/", "indicators/", "risks/", "goals/"]
PAGES = ["", *SECTIONS, "check/", "people/", "history/", "history/ratings/"]


@pytest.mark.parametrize("width", [1440, 320])
def test_axe_finds_nothing_on_the_pages_of_the_journey(page, site, sign_in, axe, width):
    page.set_viewport_size({"width": width, "height": 900})
    sign_in("victims-lead")
    axe()
    for path in ["/my-updates/?all=1", *(f"{UPDATE}{path}" for path in PAGES)]:
        page.goto(f"{site}{path}")
        for summary in page.locator("details:not([open]) > summary").all()[:3]:
            summary.click()
        axe()
        assert fits(page), path


@pytest.mark.parametrize("width", [1440, 320])
def test_axe_finds_nothing_where_errors_are_shown(page, site, sign_in, axe, width):
    page.set_viewport_size({"width": width, "height": 900})
    sign_in("victims-lead")
    open_section(page, site, "indicators")
    page.get_by_label(label("Value, 1a ")).fill("£3")
    page.get_by_label(label("Confidence, 1b ")).fill("purple")
    save(page)
    assert_error(page)
    axe()
    page.get_by_role("alert").get_by_role("link", name=re.compile("purple")).click()
    assert page.get_by_label(label("Confidence, 1b ")).evaluate("cell => cell === document.activeElement")
    page.goto(f"{site}{UPDATE}check/")
    page.get_by_role("button", name="Save the answers").click()
    assert_error(page)
    axe()
    page.goto(f"{site}{UPDATE}people/")
    page.get_by_role("button", name="Give this section").click()
    assert_error(page)
    axe()


def test_signing_out_at_once_after_typing_loses_nothing(page, site, sign_in):
    sign_in("victims-lead")
    open_section(page, site, "ratings")
    page.get_by_label(label("Narrative")).press_sequentially("Typed in haste.")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("User name").wait_for()
    assert Draft.objects.get().data[f"update-{the_update().pk}-narrative"] == "Typed in haste."


def test_leaving_a_page_whose_work_is_not_kept_is_asked_about(page, context, site, sign_in):
    sign_in("victims-lead")
    open_section(page, site, "ratings")
    context.clear_cookies(name="sessionid")
    page.get_by_label(label("Narrative")).press_sequentially("Typed after signing out elsewhere.")
    page.get_by_text("You are signed out. Press Save").wait_for()
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.get_by_role("navigation", name="Update").get_by_role("link", name="Finance").click()
    assert asked == ["beforeunload"]
    assert page.get_by_label(label("Narrative")).input_value() == "Typed after signing out elsewhere."


PASTE = """([plain, html]) => {
  const data = new DataTransfer();
  data.setData("text/plain", plain);
  if (html) data.setData("text/html", html);
  const paste = new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
  return document.activeElement.dispatchEvent(paste);  // false: the script has taken it
}"""


def test_a_text_with_tabs_is_pasted_as_text_and_a_cell_with_lines_as_one_cell(page, site, sign_in):
    sign_in("victims-lead")
    open_section(page, site, "goals")
    page.get_by_label(label("Comment, 1 ")).focus()
    assert page.evaluate(PASTE, ["•\tFirst point\n•\tSecond point", ""])  # left to the browser
    page.get_by_label(label("Confidence, 1 ")).focus()
    assert not page.evaluate(PASTE, ['A\t"Two\nlines, ""so"""\r\nG\tFine\r\n', "<table></table>"])
    assert page.get_by_label(label("Comment, 1 ")).input_value() == 'Two\nlines, "so"'
    assert page.get_by_label(label("Confidence, 2 ")).input_value() == "G"
    assert page.get_by_label(label("Comment, 2 ")).input_value() == "Fine"


def test_an_earlier_value_is_put_back_from_its_history(page, site, sign_in):
    sign_in("victims-lead")
    for value in ("28%", "29%"):
        open_section(page, site, "indicators")
        page.get_by_label(label("Value, 1a ")).fill(value)
        save(page)
    open_section(page, site, "indicators")
    page.get_by_role("link", name=re.compile("^History.*of 1a")).click()
    press(page, page.get_by_role("button", name=re.compile("^Put back 28%")))
    assert the_update().readings.get(indicator__reference="1a").value == 28
