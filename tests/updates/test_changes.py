"""Who changed what: the history of each row and of the whole update, who reads it, and the way back to a value."""

import re
from decimal import Decimal
from html import unescape

import pytest
from django.utils import timezone

from finance.models import FinancialPosition
from goals.models import GoalForecast
from indicators.models import Indicator, Reading
from priorities.history import ChangeSet, Source
from priorities.models import AssignmentRole, Plan, QuarterlyUpdate, UpdateStatus
from priorities.writing import writing
from risks.models import Assessment
from tests.answers import queries
from tests.make import (
    close,
    make_assessment,
    make_assignment,
    make_full_update,
    make_indicator,
    make_person,
    make_quarter,
    make_reading,
    set_status,
)

pytestmark = pytest.mark.django_db

REPORT = "/2022-23-q1/victims-are-better-supported/"
HERE = f"{REPORT}update/"
TIMELINE = f"{HERE}history/"
KINDS = ["indicators", "risks", "goals", "finance", "ratings"]


@pytest.fixture
def update(victims, victims_lead):
    """With three rows of each kind, led by the victims' lead."""
    return make_full_update(victims, make_quarter())


@pytest.fixture
def analyst(db):
    return make_person("analyst")


def row_of(update, section):
    """The first row of a section."""
    if section == "ratings":
        return QuarterlyUpdate.objects.get(pk=update.pk)
    models = {"indicators": Reading, "risks": Assessment, "goals": GoalForecast, "finance": FinancialPosition}
    return models[section].objects.filter(update=update).order_by("pk").first()


def past(row):
    """The address of a row's history."""
    match row:
        case Reading():
            return f"{TIMELINE}indicators/{row.indicator.key}/"
        case Assessment():
            return f"{TIMELINE}risks/{row.risk.key}/"
        case GoalForecast():
            return f"{TIMELINE}goals/{row.goal.key}/"
        case FinancialPosition():
            return f"{TIMELINE}finance/q{row.period}/"
    return f"{TIMELINE}ratings/"


def text(response):
    return re.sub(r"\s+", " ", unescape(response.content.decode()))


def main(response):
    return text(response).split("<main")[1].split("</main>")[0]


def get(client, person, path):
    client.force_login(person)
    return client.get(path)


def post(client, person, path, follow=False, **typed):
    client.force_login(person)
    return client.post(path, typed, follow=follow)


def change(row, by, source=Source.FORM, said="", **cells):
    """Change cells of a row through the door."""
    update = row if isinstance(row, QuarterlyUpdate) else row.update
    with writing([update], by=by, source=source, note=said):
        fresh = update if row is update else type(row).objects.get(pk=row.pk)
        for name, value in cells.items():
            setattr(fresh, name, value)
        fresh.save()
    return fresh.history.first()


def ranked(update, by):
    for position, row in enumerate(Assessment.objects.order_by("pk"), 1):
        change(row, by, position=position)


def restore(client, person, row, name, then, follow=True):
    return post(client, person, past(row), follow, restore=f"{name}:{then.history_id}")


# The history of a row


@pytest.mark.parametrize(
    ("section", "cells", "label", "before", "after"),
    [
        ("indicators", {"value": Decimal("28.5")}, "Value", "27%", "28.5%"),
        ("indicators", {"value": None, "missing": "x"}, "Value", "27%", "[x]"),
        ("indicators", {"note": "Of R12"}, "Note", "(empty)", "Of R12"),
        ("risks", {"level": "M"}, "Level", "H", "M"),
        ("risks", {"trend": "down"}, "Trend", "Up", "Down"),
        ("goals", {"confidence": "CG"}, "Confidence", "G", "CG"),
        ("finance", {"forecast": Decimal("30123456.78")}, "Forecast", "31.9", "30.12345678"),
        ("ratings", {"time": "G"}, "Time", "A", "G"),
        ("ratings", {"narrative": ""}, "Narrative", "Going well.", "(empty)"),
    ],
)
def test_a_history_says_who_when_how_before_and_after(client, update, manager, section, cells, label, before, after):
    lead, row = update.priority.assignments.get().person, row_of(update, section)
    then = change(row, lead, **cells)
    page = main(get(client, manager, past(row)))
    newest = page.split('class="change"')[1]
    assert "<strong>victims-lead</strong>, <time datetime=" in newest
    assert f"{timezone.localtime(then.change_set.at):%-d %B %Y, %H:%M}</time> · Form" in newest
    row_html = f'{label}</th> <td role="cell" data-label="Before">{before}</td>'
    assert f'{row_html} <td role="cell" data-label="After">{after}</td>' in newest
    assert newest.count('data-label="Before"') == 1


@pytest.mark.parametrize("section", KINDS)
def test_a_row_that_nobody_changed_has_its_making_only(client, update, manager, section):
    page = main(get(client, manager, past(row_of(update, section))))
    assert page.count('class="change"') == 1
    assert "Somebody at the command line" in page


def test_a_history_is_newest_first_with_each_source_and_note(client, update, victims_lead, administrator, manager):
    row = row_of(update, "indicators")
    change(row, victims_lead, value=28)
    change(row, administrator, source=Source.SPREADSHEET, said="q1.xlsx", value=29)
    change(row, administrator, source=Source.ADMIN, value=30)
    page = main(get(client, manager, past(row)))
    afters = re.findall(r'Value</th> <td[^>]*>([^<]*)</td> <td role="cell" data-label="After">([^<]*)<', page)
    assert afters == [("29%", "30%"), ("28%", "29%"), ("27%", "28%"), ("(empty)", "27%")]
    assert page.index("Administration") < page.index("Spreadsheet · q1.xlsx") < page.index("· Form")


def test_a_risks_owner_is_in_its_history_too(client, update, victims_lead):
    row = row_of(update, "risks")
    client.force_login(victims_lead)
    client.post(f"{HERE}risks/", {f"risk-{row.pk}-base": row.version, f"risk-{row.pk}-owner": "Jo Lee"})
    assert 'Owner</th> <td role="cell" data-label="Before">(empty)</td>' in main(client.get(past(row)))


@pytest.mark.parametrize("section", KINDS)
def test_a_history_is_of_its_own_row_only(client, update, victims_lead, section):
    row = row_of(update, section)
    for each in (*Reading.objects.all(), *Assessment.objects.all(), *GoalForecast.objects.all()):
        if each != row:
            change(each, victims_lead, confirmed=True)
    assert main(get(client, victims_lead, past(row))).count('class="change"') == 1


@pytest.mark.parametrize(
    "path",
    [
        "indicators/00000000-0000-4000-8000-000000000000/",
        "finance/q2/",
        "finance/q9/",
        "ratings/x/",
        "nothing/",
        "indicators/nothing/",
    ],
)
def test_what_has_no_history_is_a_404(client, update, manager, path):
    assert get(client, manager, f"{TIMELINE}{path}").status_code == 404


def test_an_indicator_of_another_priority_has_no_history_here(client, update, trust, manager):
    other = make_full_update(trust, update.quarter)
    assert get(client, manager, f"{TIMELINE}indicators/{row_of(other, 'indicators').indicator.key}/").status_code == 404


# Who reads it


@pytest.mark.parametrize("section", KINDS)
def test_who_reads_the_figure_reads_its_history(client, update, section, request, trust_lead, reader, victims):
    path = past(row_of(update, section))
    make_assignment(victims, make_person("of-it"), AssignmentRole.CONTRIBUTOR, section=section)
    make_assignment(victims, make_person("other"), AssignmentRole.CONTRIBUTOR, section=KINDS[KINDS.index(section) - 1])
    people = {name: request.getfixturevalue(name) for name in ("victims_lead", "manager", "administrator")}
    people |= {each.person.username: each.person for each in victims.assignments.exclude(role="lead")}
    people |= {"trust_lead": trust_lead, "reader": reader, "nobody": make_person("nobody")}
    expected = {name: {200} for name in ("victims_lead", "manager", "administrator", "of-it")}
    expected |= {"other": {403, 404}, "trust_lead": {403}, "reader": {403}, "nobody": {403}}
    for name, person in people.items():
        assert get(client, person, path).status_code in expected[name], name


@pytest.mark.parametrize(
    ("who", "status", "expected"),
    [
        ("trust_lead", "approved", 200),
        ("trust_lead", "submitted", 403),
        ("reader", "approved", 403),
        ("nobody", "approved", 403),
    ],
)
def test_what_is_approved_has_a_history_for_those_with_a_priority(client, update, request, who, status, expected):
    person = make_person("nobody") if who == "nobody" else request.getfixturevalue(who)
    set_status(update, status)
    for path in (TIMELINE, past(row_of(update, "indicators"))):
        assert get(client, person, path).status_code == expected


@pytest.mark.parametrize("section", KINDS)
def test_after_closing_readers_read_it_and_restore_nothing(client, update, reader, section):
    path = past(row_of(update, section))
    for address in (TIMELINE, path):
        assert get(client, reader, address).status_code == 403
    close(update.quarter)
    for address in (TIMELINE, path):
        response = get(client, reader, address)
        assert response.status_code == 200
        assert 'name="restore"' not in text(response)
    assert get(client, make_person("nobody"), path).status_code == 403


def test_the_pages_that_a_reader_gets_lead_to_none_that_refuses_them(client, update, reader):
    close(update.quarter)
    page = text(get(client, reader, TIMELINE))
    for path in sorted(set(re.findall(r'href="(/2022-23-q1/[^"#?]*)"', page))):
        assert client.get(path).status_code == 200, path


def test_who_holds_a_row_reads_its_history_and_no_others(client, update, victims, analyst):
    mine, other, _ = Reading.objects.order_by("pk")
    make_assignment(victims, analyst, AssignmentRole.CONTRIBUTOR)
    Indicator.objects.filter(pk=mine.indicator_id).update(holder=analyst)
    assert get(client, analyst, past(mine)).status_code == 200
    for row in (other, row_of(update, "goals"), row_of(update, "finance"), row_of(update, "ratings")):
        assert get(client, analyst, past(row)).status_code in (403, 404)
    page = main(get(client, analyst, TIMELINE))
    assert set(re.findall(rf'href="({TIMELINE}[^"]+)"', page)) == {past(mine)}


def test_a_contributor_reads_their_section_in_the_timeline_only(client, update, victims, analyst):
    make_assignment(victims, analyst, AssignmentRole.CONTRIBUTOR, section="goals")
    page = main(get(client, analyst, TIMELINE))
    assert {path.split("/")[5] for path in re.findall(rf'href="({TIMELINE}[^"]+)"', page)} == {"goals"}


# Restoring


@pytest.mark.parametrize(
    ("section", "name", "first", "second"),
    [
        ("indicators", "value", 27, 28),
        ("risks", "explanation", "", "More calls"),
        ("goals", "confidence", "G", "A"),
        ("finance", "forecast", 31_900_000, 30_000_000),
        ("ratings", "narrative", "Going well.", "Gone."),
    ],
)
def test_an_earlier_value_is_restored_through_the_door(client, update, victims_lead, section, name, first, second):
    row = row_of(update, section)
    then = row.history.first()
    change(row, victims_lead, **{name: second})
    page = text(restore(client, victims_lead, row, name, then))
    stored = type(row).objects.get(pk=row.pk)
    newest = stored.history.first()
    assert getattr(stored, name) == first
    assert stored.version > row.version
    assert (newest.change_set.person, newest.change_set.source) == (victims_lead, "form")
    assert "the earlier value is back." in page
    assert "victims-lead</strong>" in page
    assert "An earlier value restored" in page


def test_restoring_leaves_the_other_cells_as_they_are(client, update, victims_lead):
    row = row_of(update, "indicators")
    then = row.history.first()
    change(row, victims_lead, value=28, note="As of June", confidence="A")
    restore(client, victims_lead, row, "value", then)
    stored = Reading.objects.get(pk=row.pk)
    assert (stored.value, stored.note, stored.confidence) == (27, "As of June", "A")


def test_the_reason_that_there_was_none_is_restored_with_the_figure(client, update, victims_lead):
    row = row_of(update, "indicators")
    without = change(row, victims_lead, value=None, missing="x")
    change(row, victims_lead, value=28, missing="")
    restore(client, victims_lead, row, "value", without)
    stored = Reading.objects.get(pk=row.pk)
    assert (stored.value, stored.missing) == (None, "x")


def test_what_was_restored_is_restored_by_the_buttons_of_the_page(client, update, victims_lead):
    row = row_of(update, "indicators")
    change(row, victims_lead, value=28)
    page = main(get(client, victims_lead, past(row)))
    button = re.findall(r'name="restore" value="(value:\d+)"', page)[-1]
    post(client, victims_lead, past(row), restore=button)
    assert Reading.objects.get(pk=row.pk).value == 27


@pytest.mark.parametrize("status", ["submitted", "in_review", "approved", "closed"])
def test_nothing_is_restored_in_what_is_locked(client, update, victims_lead, status):
    row = row_of(update, "indicators")
    then = row.history.first()
    change(row, victims_lead, value=28)
    set_status(update, status)
    assert 'name="restore"' not in text(get(client, victims_lead, past(row)))
    page = text(restore(client, victims_lead, row, "value", then))
    assert f"is {UpdateStatus(status).label.lower()} and can't be edited" in page
    assert Reading.objects.get(pk=row.pk).value == 28


def test_a_manager_reads_a_history_and_restores_nothing(client, update, victims_lead, manager):
    row = row_of(update, "indicators")
    then = row.history.first()
    change(row, victims_lead, value=28)
    assert 'name="restore"' not in text(get(client, manager, past(row)))
    assert "is not yours to edit" in text(restore(client, manager, row, "value", then))
    assert Reading.objects.get(pk=row.pk).value == 28


def test_a_contributor_restores_in_their_section_only(client, update, victims, victims_lead, analyst):
    make_assignment(victims, analyst, AssignmentRole.CONTRIBUTOR, section="goals")
    for section, name, value, expected in (("goals", "comment", "x", ""), ("indicators", "note", "x", "x")):
        row = row_of(update, section)
        then = row.history.first()
        change(row, victims_lead, **{name: value})
        restore(client, analyst, row, name, then)
        assert getattr(type(row).objects.get(pk=row.pk), name) == expected


@pytest.mark.parametrize(
    "asked", ["value:{other}", "value:0", "value:x", "value:", "value", "", "nothing:{own}", "base:{own}", "id:{own}"]
)
def test_a_value_that_is_not_of_this_cells_history_is_a_404(client, update, victims_lead, asked):
    row, other, _ = Reading.objects.order_by("pk")
    change(row, victims_lead, value=28)
    numbers = {"own": row.history.last().history_id, "other": other.history.first().history_id}
    before = ChangeSet.objects.count()
    assert post(client, victims_lead, past(row), restore=asked.format(**numbers)).status_code == 404
    assert (Reading.objects.get(pk=row.pk).value, ChangeSet.objects.count()) == (28, before)


@pytest.mark.parametrize("name", ["status", "version", "update", "confirmed", "owner", "became_issue"])
def test_a_cell_whose_past_is_not_brought_back_is_a_404(client, update, victims_lead, name):
    row = row_of(update, "risks")
    assert restore(client, victims_lead, row, name, row.history.first()).status_code == 404


def test_a_value_that_breaks_a_rule_by_now_is_refused_in_words(client, update, victims_lead):
    row = row_of(update, "indicators")
    then = change(row, victims_lead, value=Decimal("28.5"))
    change(row, victims_lead, value=28)
    Indicator.objects.filter(pk=row.indicator_id).update(unit="number")
    page = text(restore(client, victims_lead, row, "value", then))
    assert "This indicator counts whole things" in page
    assert Reading.objects.get(pk=row.pk).value == 28


def test_a_restored_score_brings_its_level_back(client, victims, update, victims_lead):
    Plan.objects.update(risk_scale="matrix")
    row = make_assessment(update, likelihood=5, impact=5, level="H")
    path, name = f"{HERE}risks/", f"risk-{row.pk}"
    post(client, victims_lead, path, **{f"{name}-base": row.version, f"{name}-likelihood": "1"})
    assert Assessment.objects.get(pk=row.pk).level == "L"
    restore(client, victims_lead, row, "likelihood", row.history.last())
    stored = Assessment.objects.get(pk=row.pk)
    assert (stored.likelihood, stored.level) == (5, "H")


def test_a_restored_rank_leaves_no_two_rows_of_one_rank(client, update, victims_lead):
    ranked(update, victims_lead)
    rows = list(Assessment.objects.order_by("position"))
    then, sent = rows[2].history.first(), {f"risk-{row.pk}-base": row.version for row in rows}
    post(client, victims_lead, f"{HERE}risks/", **sent, **{f"risk-{rows[2].pk}-position": "1"})
    assert list(Assessment.objects.order_by("position")) == [rows[2], rows[0], rows[1]]
    restore(client, victims_lead, rows[2], "position", then)
    assert list(Assessment.objects.order_by("position").values_list("position", flat=True)) == [1, 2, 3]


def test_a_finance_note_is_restored_where_there_is_a_table_too(client, update, victims_lead):
    change(update, victims_lead, finance_note="First")
    change(update, victims_lead, finance_note="Second")
    page = main(get(client, victims_lead, TIMELINE))
    paths = set(re.findall(rf'href="({TIMELINE}finance/[^"]*)"', page))
    offered = "".join(main(client.get(path)) for path in paths)
    assert re.search(r'name="restore" value="finance_note:\d+"', offered)


# The timeline


def test_the_timeline_has_changes_newest_first_with_their_persons(client, update, victims_lead, administrator, manager):
    change(row_of(update, "indicators"), victims_lead, value=28)
    change(row_of(update, "goals"), administrator, source=Source.SPREADSHEET, said="q1.xlsx", comment="On its way")
    change(row_of(update, "ratings"), victims_lead, narrative="Gone.")
    page = main(get(client, manager, TIMELINE))
    heads = re.findall(r"<strong>([^<]*)</strong>, <time[^>]*>[^<]*</time> · ([^<]*?) ?</p>", page)
    assert heads[:3] == [
        ("victims-lead", "Form"),
        ("administrator", "Spreadsheet · q1.xlsx"),
        ("victims-lead", "Form"),
    ]
    assert {who for who, _ in heads[3:]} == {"Somebody at the command line"}
    told = [
        "<del>Going well.</del> <ins>Gone.</ins>",
        "<ins>On its way</ins>",
        "<del>27%</del> <ins>28%</ins>",
        ": made",
    ]
    places = [page.index(words) for words in told]
    assert places == sorted(places)


def test_one_save_of_several_rows_is_one_entry(client, update, victims_lead):
    sent = {}
    for row in Reading.objects.all():
        sent |= {f"reading-{row.pk}-base": row.version, f"reading-{row.pk}-note": "As of June"}
    post(client, victims_lead, f"{HERE}indicators/", **sent)
    page = main(get(client, victims_lead, TIMELINE))
    assert page.count("<strong>victims-lead</strong>") == 1
    assert page.count("<ins>As of June</ins>") == 3


@pytest.mark.parametrize("section", KINDS)
@pytest.mark.usefixtures("contexts")
def test_a_save_that_changes_nothing_leaves_nothing_in_it(client, update, victims_lead, section):
    ranked(update, victims_lead)
    path = f"{HERE}{section}/"
    page = get(client, victims_lead, path)
    before = main(client.get(TIMELINE)), ChangeSet.objects.count(), QuarterlyUpdate.objects.values().get()
    sent = {
        form.add_prefix(name): form[name].value() or "" for form in page.context["entry"].forms for name in form.fields
    }
    sent = {name: value for name, value in sent.items() if not name.endswith("-confirmed")}
    response = client.post(path, sent | {"then": "stay"}, follow=True)
    assert "nothing had changed." in text(response)
    assert (main(client.get(TIMELINE)), ChangeSet.objects.count(), QuarterlyUpdate.objects.values().get()) == before


def test_each_entry_of_the_timeline_leads_to_a_history(client, update, victims_lead, manager):
    change(update, victims_lead, finance_note="No figures", narrative="Gone.")
    paths = set(re.findall(rf'href="({TIMELINE}[^"]+)"', main(get(client, manager, TIMELINE))))
    assert len(paths) == 3 + 3 + 3 + 1 + 2
    assert {client.get(path).status_code for path in paths} == {200}


def test_what_somebody_typed_in_is_shown_as_text(client, update, victims_lead):
    row = row_of(update, "indicators")
    change(row, victims_lead, note="<script>alert(1)</script>")
    for path in (TIMELINE, past(row)):
        page = get(client, victims_lead, path).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_a_long_timeline_has_pages(client, update, victims_lead):
    row = row_of(update, "indicators")
    for n in range(105):
        change(row, victims_lead, note=f"Note {n}.")
    first, second = (main(get(client, victims_lead, f"{TIMELINE}?page={n}")) for n in (1, 2))
    assert "<ins>Note 104.</ins>" in first
    assert "Page 1 of 2" in first
    assert "<ins>Note 0.</ins>" in second


# From the report


def figures(page):
    """The cells with figures, letters and arrows of a report page's tables and ratings, that say anything."""
    found = re.findall(
        r'<td role="cell" class="(?:num|mid|num value|mid trend)" data-label="([^"]+)"\s*>(.*?)</td>', page
    )
    found += [
        ("Rating", each) for each in re.findall(r"<dd>(.*?)</dd>", page.split('class="ratings"')[1].split("</dl>")[0])
    ]
    return [(label, html) for label, html in found if re.sub(r"<[^>]+>|–|\s", "", html)]


def test_every_figure_of_the_report_leads_to_its_history(client, update, manager):
    make_reading(update, make_indicator(update.priority, "9"), value=None, missing="x", target=None, target_missing="x")
    page = text(get(client, manager, REPORT))
    found = figures(page)
    assert {"Target", "Value", "Confidence", "Forecast", "Trend", "Rating"} <= {label for label, _ in found}
    without = [(label, html) for label, html in found if 'class="figure" href="' not in html]
    assert without == []


def test_every_link_to_a_history_works(client, update, manager):
    paths = set(re.findall(r'class="figure" href="([^"]+)"', text(get(client, manager, REPORT))))
    assert paths == {past(row) for model in (Reading, Assessment, GoalForecast) for row in model.objects.all()} | {
        f"{TIMELINE}finance/q1/",
        f"{TIMELINE}ratings/",
    }
    assert {client.get(path).status_code for path in paths} == {200}


def test_every_link_to_a_history_works_in_the_reference_quarter(client, demo, demo_person):
    client.force_login(demo_person("manager"))
    for slug in demo.updates.values_list("priority__slug", flat=True):
        paths = set(re.findall(r'class="figure" href="([^"]+)"', text(client.get(f"/2022-23-q1/{slug}/"))))
        assert len(paths) > 5
        assert {client.get(path).status_code for path in paths} == {200}, slug


def test_who_sees_a_figure_in_the_report_gets_its_history(client, update, reader, trust_lead):
    close(update.quarter)
    for person in (reader, trust_lead):
        paths = set(re.findall(r'class="figure" href="([^"]+)"', text(get(client, person, REPORT))))
        assert paths
        assert {client.get(path).status_code for path in paths} == {200}


# What it costs


def test_the_timeline_and_a_history_cost_the_same_with_3_and_30_rows(client, victims, trust, manager):
    client.force_login(manager)
    quarter, counts = make_quarter(), {}
    for priority, rows in ((victims, 3), (trust, 30)):
        update = make_full_update(priority, quarter, rows=rows)
        key = update.readings.first().indicator.key
        for row in (*update.readings.all(), *update.assessments.all()):
            change(row, None, confirmed=True)
        for each in ("", f"indicators/{key}/", "finance/", "indicators/", "risks/"):
            path = f"/2022-23-q1/{priority.slug}/update/history/{each}"
            kind = "row" if str(key) in each else each or "timeline"
            counts.setdefault(kind, []).append(queries(client, path))
    assert all(few == many for few, many in counts.values()), counts
    assert max(max(each) for each in counts.values()) <= 20, counts
