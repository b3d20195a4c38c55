"""Risks and issues chosen for the public report, and those that are never in it: on pages, in files, next quarter."""

import csv
import io
import zipfile

import pytest
from django.urls import reverse

from priorities.history import Source
from priorities.models import AssignmentRole
from priorities.periods import Period
from reports.report import quarterly_report
from risks.models import Assessment
from tests.make import Q1, close, door, make_assessment, make_assignment, make_person, make_quarter, make_update
from tests.updates.test_entry import Q2, address, fresh, save, update  # noqa: F401
from tests.workbooks.books import VICTIMS, load, plan, sheet
from updates.comparison import compare
from updates.holdings import typed_in
from updates.models import Draft
from updates.opening import open_quarter, plan_opening

pytestmark = pytest.mark.django_db
HEAD = ("Quarter", "Priority", "Risk", "Score", "Trend", "Explanation", "Top", "Internal")


def flags(row):
    row = fresh(row)
    return row.is_top, row.is_internal


def risk_sheet(*cells):
    return sheet("Risks", [*HEAD], ["Q1 2022/23", VICTIMS, "Demand may rise", "H", "up", "Because.", *cells])


@pytest.mark.parametrize("kind", ["risk", "issue"])
def test_a_lead_chooses_what_is_top_and_what_is_internal(client, update, kind):  # noqa: F811
    row = make_assessment(update, kind)
    page = client.get(address(update, "risks")).content.decode()
    assert "Top: in the public report" in page
    assert "Internal: never in the public report" in page
    save(client, update, "risks", {row: {"is_top": "on", "is_internal": "on"}})
    assert flags(row) == (True, True)
    save(client, update, "risks", {fresh(row): {"is_top": "on"}})
    assert flags(row) == (True, False)


def test_choosing_a_top_risk_says_nothing_of_the_quarter_and_confirms_nothing(client, update):  # noqa: F811
    row = make_assessment(update)
    save(client, update, "risks", {row: {"is_top": "on"}})
    assert flags(row) == (True, False)
    assert not fresh(row).confirmed


def test_what_is_chosen_is_told_beside_the_row_without_opening_it(client, update):  # noqa: F811
    for flag in ({"is_top": True}, {"is_internal": True}, {}):
        make_assessment(update, **flag)
    page = client.get(address(update, "risks")).content.decode()
    for told in ("Top", "Internal", "Owner, public, close"):
        assert f"<summary>{told}<span" in page


@pytest.mark.usefixtures("contexts")
def test_a_new_risk_is_chosen_at_once_and_an_issue_keeps_what_its_risk_was(client, update):  # noqa: F811
    page = client.get(address(update, "risks"))
    blank = next(form for form in page.context["entry"].forms if form.is_new and form.row.risk.kind == "risk")
    typed = {"base": "0", "description": "Costs may rise", "level": "H", "trend": "up", "is_top": "on"}
    client.post(address(update, "risks"), {f"{blank.prefix}-{name}": text for name, text in typed.items()})
    row = Assessment.objects.get()
    assert flags(row) == (True, False)
    save(client, update, "risks", {row: {"is_top": "on", "became_issue": "on", "explanation": "Because."}})
    assert flags(Assessment.objects.get(risk__kind="issue")) == (True, False)


@pytest.mark.usefixtures("contexts")
def test_a_box_alone_is_no_new_risk(client, update):  # noqa: F811
    page = client.get(address(update, "risks"))
    blank = next(form for form in page.context["entry"].forms if form.is_new)
    again = client.post(address(update, "risks"), {f"{blank.prefix}-base": "0", f"{blank.prefix}-is_top": "on"})
    assert "Describe the new" in again.content.decode()
    assert not Assessment.objects.exists()


def test_a_box_that_somebody_else_ticked_meanwhile_stays_ticked(client, update):  # noqa: F811
    row = make_assessment(update, explanation="Because.")
    with door(update):
        stored = fresh(row)
        stored.is_internal = True
        stored.save()
    save(client, update, "risks", {row: {"explanation": "More calls."}})
    assert flags(row) == (False, True)
    assert fresh(row).explanation == "More calls."


def test_its_history_says_ticked_and_not_ticked_and_an_earlier_choice_comes_back(client, update):  # noqa: F811
    row = make_assessment(update)
    save(client, update, "risks", {row: {"is_top": "on"}})
    where = reverse("updates:history", args=[update.quarter.period, update.priority.slug, "risks", row.risk.key])
    page = client.get(where).content.decode()
    assert "Top: in the public report" in page
    assert ">ticked<" in page
    assert "Put back not ticked" in page
    entry = Assessment.history.filter(id=row.pk).order_by("history_id").first().history_id
    client.post(where, {"restore": f"is_top:{entry}"})
    assert flags(row) == (False, False)


def test_the_review_shows_what_was_chosen_against_last_quarter(victims, manager):
    before = make_update(victims, make_quarter(Q1))
    then = make_assessment(before, is_top=True)
    now = make_update(victims, make_quarter(Q2))
    row = Assessment(update=now, risk=then.risk, description=then.description, level="H", is_internal=True)
    with door(now):
        row.save()
    make_assessment(now, description="Another")
    found = compare(now, before, manager)
    lines = {line.subject: {cell.name: cell for cell in line.cells} for line in found.lines if line.section == "risks"}
    told = next(cells for subject, cells in lines.items() if "Demand" in subject)
    assert (told["is_top"].now, told["is_top"].last) == ("not ticked", "ticked")
    assert (told["is_internal"].now, told["is_internal"].last) == ("ticked", "not ticked")
    assert "is_top" not in next(cells for subject, cells in lines.items() if "Another" in subject)


def test_what_was_chosen_is_carried_into_the_next_quarter(autumn, victims):
    quarter = make_quarter(Q1)
    kept = {"one": (True, False), "two": (False, True), "three": (False, False)}
    last = make_update(victims, quarter)
    for text, (top, internal) in kept.items():
        make_assessment(last, description=text, is_top=top, is_internal=internal)
    close(quarter)
    open_quarter(plan_opening(Period(2022, 2)), by=None, source=Source.COMMAND)
    carried = Assessment.objects.filter(update__quarter__number=2)
    assert {row.description: (row.is_top, row.is_internal) for row in carried} == kept


def test_a_workbook_writes_and_reads_what_was_chosen(victims):
    update = make_update(victims, make_quarter())  # noqa: F811
    row = make_assessment(update, explanation="Because.")
    load(risk_sheet("yes", "no"))
    assert flags(row) == (True, False)
    load(risk_sheet("", "yes"))
    assert flags(row) == (True, True)
    load(risk_sheet("[clear]", ""))
    assert flags(row) == (False, True)


def test_a_cell_that_is_neither_yes_nor_no_is_told(victims):
    make_assessment(make_update(victims, make_quarter()), explanation="Because.")
    planned = plan(risk_sheet("perhaps", ""))
    assert any("Risks!G2" in problem and "yes or no" in problem for problem in planned.problems)


def test_the_report_knows_and_its_closed_workbook_says_what_was_chosen(client, demo, demo_person):
    report = quarterly_report(demo, None)
    assert all(row.is_top and not row.is_internal for part in report.priorities for row in (*part.risks, *part.issues))
    client.force_login(demo_person("manager"))
    data = client.get("/2022-23-q1/workbook.zip").content
    text = zipfile.ZipFile(io.BytesIO(data)).read("Risks.csv").decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {(row["Top"], row["Internal"]) for row in rows} == {("yes", "no")}


def test_a_draft_box_is_told_in_words_to_whoever_goes_on_with_it(victims, victims_lead, update):  # noqa: F811
    row = make_assessment(update)
    other = make_assignment(victims, make_person("left"), AssignmentRole.CONTRIBUTOR, section="risks").person
    data = {f"risk-{row.pk}-base": "1", f"risk-{row.pk}-is_top": "on"}
    found = typed_in(Draft.objects.create(person=other, update=update, section="risks", data=data), victims_lead)
    assert [(each.stored, each.text) for each in found] == [("not ticked", "ticked")]
