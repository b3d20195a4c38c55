"""The PDF: what it says, how it is tagged, and that texts are only ever texts in it."""

import datetime as dt
import re
import sys
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest
from django.core.management import CommandError, call_command
from django.db.models import QuerySet
from django.utils import timezone

from priorities.models import Quarter, QuarterStatus
from reports.charts import counts_text
from reports.models import ClosedReport
from reports.pack import approvals_of
from reports.pdf import as_pdf
from reports.pdf.content import drawing
from reports.report import Change, Closing, Point, Revision, RiskRow, quarterly_report
from tests.answers import queries
from tests.closed import close_for_real
from tests.make import Q1, make_full_update, make_plan, make_priority, make_quarter, make_update
from tests.pdfs import bookmarks, opened, text_of, text_of_pages, tree

pytestmark = [pytest.mark.django_db, pytest.mark.once]
PDF = "/2022-23-q1/report.pdf"
CLOSED_AT = dt.datetime(2022, 11, 3, 14, 5, tzinfo=dt.UTC)


@pytest.fixture
def report(demo):
    return quarterly_report(demo, None)


def closed(report, **kwargs):
    return replace(report, status=QuarterStatus.CLOSED, closing=Closing(1, CLOSED_AT, "Ann Archer"), **kwargs)


def with_first(report, **kwargs):
    return replace(report, priorities=(replace(report.priorities[0], **kwargs), *report.priorities[1:]))


def figures_of(report):
    """Every figure and letter that the report has, as it is printed."""
    for part in report.priorities:
        for row in part.finance:
            yield from row.texts
        for row in part.indicators:
            yield from (row.target_text, row.value_text, row.expected_text)
        for row in part.goals:
            yield from (row.baseline_text, row.forecast_text, row.slip_text)
        for row in (*part.risks, *part.issues):
            yield row.trend_word


def texts_of(report):
    yield report.overview
    for part in report.priorities:
        yield from (part.title, part.narrative, part.finance_note)
        yield from (text for row in part.indicators for text in (row.title, row.note, row.target_note))
        yield from (text for row in (*part.risks, *part.issues) for text in (row.description, row.explanation))
        yield from (row.title for row in part.goals)


# What it says


def test_it_has_every_figure_and_every_text_of_the_report(report):
    printed = text_of(as_pdf(report))
    squeezed = re.sub(r"[\s\xad-]", "", printed)
    for figure in figures_of(report):
        assert figure in printed
    for text in texts_of(report):
        assert re.sub(r"[\s\xad-]", "", text) in squeezed


def test_a_page_begins_with_its_running_head_and_ends_with_its_number(report):
    pages = text_of_pages(as_pdf(closed(report)))
    assert "Page 1 of" in pages[0]
    for number, page in enumerate(pages[1:], 2):
        assert page.startswith(f"{report.plan} · {report.label} ")
        assert page.endswith(f"Page {number} of {len(pages)}")
    heads = [page.removeprefix(f"{report.plan} · {report.label} ") for page in pages]
    assert heads[2].startswith("Victims are better supported")


def test_the_front_of_a_closed_report_says_how_it_was_closed(report):
    page = text_of_pages(as_pdf(closed(report)))[0]
    assert "Version 1, closed on 3 November 2022, 14:05 by Ann Archer." in page
    assert "DRAFT" not in page
    assert "Quarterly performance report, April to June 2022" in page


def test_what_was_not_approved_is_told_on_the_front_in_its_part_and_at_the_back(report):
    unapproved = with_first(closed(report), was="submitted")
    closing = Closing(2, CLOSED_AT, "Ann Archer", "The board meets.", "A wrong figure.", "in_progress")
    pages = text_of_pages(as_pdf(replace(unapproved, closing=closing)))
    assert "Closed without the approval of “Victims are better supported” and the overview." in pages[0]
    assert "It corrects version 1: A wrong figure." in pages[0]
    assert "This update was not approved when the quarter was closed: it was submitted." in pages[2]
    assert "The board meets. Priority State when it was closed Approved Victims" in " ".join(pages)
    assert "Victims are better supported Submitted –" in " ".join(pages)


def test_a_quarter_in_which_everything_was_approved_says_so(report):
    parts = tuple(replace(p, was="approved", approved_by="Ann", approved_at=CLOSED_AT) for p in report.priorities)
    printed = text_of(as_pdf(closed(report, priorities=parts)))
    assert "Everything in it was approved." in printed
    assert "Approved Ann, 3 November 2022" in printed


def test_what_was_closed_before_reports_were_kept_says_so(report):
    assert "It was closed before reports were frozen" in text_of(as_pdf(replace(report, status="closed")))


def test_revised_figures_are_marked_with_the_earlier_one_and_listed_at_the_front(report):
    part = report.priorities[0]
    found = [
        (part.indicators[0].key, "value", "25%"),
        (part.indicators[0].key, "confidence", "A"),
        (part.finance[0].key, "forecast", "£31.8m"),
        (part.goals[0].key, "forecast", "Q2"),
        (part.risks[0].key, "level", "L"),
        (part.risks[0].key, "trend", "Down"),
        (part.key, "spend", "G"),
    ]
    revisions = tuple(Revision(key, field, part.title, "Of it", field, was, "now") for key, field, was in found)
    pages = text_of_pages(as_pdf(closed(report, revisions=revisions)))
    assert "The version before gave another figure for each of these." in pages[1]
    assert "Counts and totals follow from these figures and are not marked themselves." in pages[1]
    rest = " ".join(pages[3:])
    for _, field, was in found:
        assert re.search(rf"\[r\] earlier {re.escape(was)}", rest), field
    assert "27% [r] earlier 25%" in rest
    assert rest.count("[r]") == len(found) + 1  # and what it means
    assert "[r]" not in text_of(as_pdf(closed(report)))


def test_what_a_figure_was_has_room_in_narrow_columns(report):
    part, was = report.priorities[0], "not reported"
    keys = {part.risks[0].key: "level", part.issues[0].key: "level", part.indicators[0].key: "confidence"}
    found = {**keys, part.goals[0].key: "confidence"}
    revisions = tuple(Revision(key, field, part.title, "Of it", field, was, "now") for key, field in found.items())
    lines = "\n".join(page.extract_text() for page in opened(as_pdf(closed(report, revisions=revisions))).pages)
    assert len(re.findall(r"^\[r\]\nearlier not\s+reported$", lines, re.MULTILINE)) == len(found)


def test_what_changed_is_listed_by_weight(report):
    changes = (
        Change(9, "risk new", "Trust", "trust", "risks", "A new risk."),
        Change(1, "x", "Trust", "trust", "x", "Less."),
    )
    printed = text_of(as_pdf(replace(report, changes=changes, compared_with=Q1.previous)))
    assert "What changed since Q4 2021/22 By weight, the heaviest first Priority What changed Trust A new" in printed
    assert "Nothing changed since Q4 2021/22." in text_of(as_pdf(replace(report, compared_with=Q1.previous)))
    assert "What changed" not in text_of(as_pdf(report))


def test_one_sentence_on_changes_has_no_page_of_its_own(report):
    told = "There is no quarter before Q1 2022/23 to compare it with."
    for one in (replace(report, not_compared=told), replace(report, compared_with=Q1.previous)):
        data = as_pdf(one)
        pages = text_of_pages(data)
        assert "What changed" in pages[1]
        assert re.sub("^DRAFT ", "", pages[1]).startswith(f"{report.plan} · {report.label} Overview ")
        assert "Victims are better supported" in pages[2][:120]
        assert any(title.startswith("What changed") for _, title in bookmarks(data))


def series_of(row, *values, **kwargs):
    quarters = [row.quarter if hasattr(row, "quarter") else Q1.plus(n + 1 - len(values)) for n in range(len(values))]
    return tuple(Point(q, Decimal(v), "", None, row.basis, **kwargs) for q, v in zip(quarters, values, strict=True))


def test_a_series_is_drawn_beside_its_figures_and_its_source_told(report):
    first = report.priorities[0].indicators[0]
    series = series_of(first, 20, 24, 27, origin="background", source="A survey of everybody")
    drawn = with_first(report, indicators=(replace(first, series=series, definition="Those who took it up."),))
    data = as_pdf(drawn)
    assert any("Q4 2021/22 24%, Q1 2022/23 27%" in tag.alt for tag in tree(data).all("Figure"))
    printed = text_of(data)
    assert "Eight quarters" in printed
    assert "Where earlier figures come from" in printed
    assert "A survey of everybody" in printed
    assert "Those who took it up." in printed
    assert "Eight quarters" not in text_of(as_pdf(report))


def test_what_was_closed_and_what_the_figures_suggest_is_told(report):
    part = report.priorities[0]
    row = replace(part.indicators[0], confidence="R", suggested="G", reason="The service ends in May.")
    gone = RiskRow("gone", 1, "Demand may outgrow it.", "H", "up", "", "Ann", "It was funded.")
    printed = text_of(as_pdf(with_first(report, indicators=(row,), closed=(gone,))))
    assert "The figures suggest G, green. The service ends in May." in printed
    assert "Closed this quarter • Demand may outgrow it. It was funded." in printed


def test_what_is_not_given_yet_says_so(victims):
    update = make_update(victims, make_quarter())
    printed = text_of(as_pdf(quarterly_report(update.quarter, None)))
    for told in (
        "No overview has been written for Q1 2022/23 yet.",
        "No narrative has been written yet.",
        "Financial review No figures and no note have been given yet.",
        "Performance indicators No indicators have been set up for this quarter.",
        "Top risks No risks are reported this quarter.",
        "Top issues No issues are reported this quarter.",
        "Goals No goals have been set up for this year.",
        "Not answered yet",
        "No indicators",
    ):
        assert told in printed


def test_a_quarter_without_updates_has_a_pdf_too():
    data = as_pdf(quarterly_report(make_quarter(), None))
    assert "No priority has an update in Q1 2022/23 yet." in text_of(data)


def test_a_quarter_that_lacks_nothing_says_so(victims):
    report = quarterly_report(make_full_update(victims, make_quarter()).quarter, None)
    ratings = tuple(replace(rating, letter="G") for rating in report.priorities[0].ratings)
    whole = with_first(report, ratings=ratings)
    assert whole.absence_count == 0
    assert "What is missing, and why Nothing: every figure is there." in text_of(as_pdf(whole))


# The draft pack


def test_every_page_of_an_open_quarter_is_marked_with_its_time_and_its_approvals(demo, report):
    approvals = approvals_of(report, Quarter.objects.at(report.quarter).get())
    data = as_pdf(report, made=CLOSED_AT, approvals=approvals)
    mark = f"DRAFT · made 3 November 2022, 14:05 · {approvals.summary}"
    pages = text_of_pages(data)
    assert len(pages) > 10
    assert all(page.startswith(mark) for page in pages)
    assert "State of approval Part State Victims are better supported In progress" in pages[1]
    assert str(opened(data).metadata.title).endswith("(draft)")


def test_without_a_time_it_is_a_draft_all_the_same(report):
    assert all(page.startswith("DRAFT ") for page in text_of_pages(as_pdf(report)))


def test_a_closed_quarter_has_no_mark(report):
    assert "DRAFT" not in text_of(as_pdf(closed(report), made=CLOSED_AT))


# The tags


@pytest.fixture
def reference(report):
    return as_pdf(report, made=CLOSED_AT, approvals=approvals_of(report, Quarter.objects.at(report.quarter).get()))


def test_it_says_that_it_is_accessible_its_language_and_its_title(reference):
    file = opened(reference)
    root = file.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en-GB"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert file.metadata.title == "Police and Crime Plan, Q1 2022/23 (draft)"
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()
    assert all(page["/Tabs"] == "/S" for page in file.pages if "/Annots" in page)


def tables_of(report):
    for part in report.priorities:
        yield from (
            rows for rows in ("ratings", "finance", "indicators", "risks", "issues", "goals") if getattr(part, rows)
        )
        yield from ("missing" for _ in part.absences[:1])


def test_there_is_one_table_for_each_table_each_with_its_headings(report, reference):
    tables = tree(reference).all("Table")
    assert len(tables) == len(list(tables_of(report))) + 4  # at a glance, approvals, letters, other marks
    for table in tables:
        assert [each.name for each in table.inner if each.name != "Caption"] == ["THead", "TBody"]
        assert all(each.scopes == ["/Column"] for each in table.all("TH"))
        widths = {len(row.all("TD")) for row in table.inner[-1].inner}
        assert max(widths) <= len(table.all("TH"))


def test_a_table_over_many_pages_is_one_table_and_repeats_its_head(report):
    part = report.priorities[0]
    many = tuple(replace(row, key=f"{n}{row.key}") for n in range(5) for row in part.indicators)
    data = as_pdf(with_first(report, indicators=many))
    longest = max(tree(data).all("Table"), key=lambda table: len(table.all("TR")))
    assert len(longest.all("TR")) == len(many) + 1
    pages = [page for page in text_of_pages(data) if "Ref Indicator Target Value" in page]
    assert len(pages) >= 4


def test_headings_are_in_order_and_are_the_bookmarks(report, reference):
    headings = tree(reference).all("H1", "H2", "H3")
    levels = [int(heading.name[1]) for heading in headings]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert [(int(h.name[1]), h.title) for h in headings] == bookmarks(reference)
    assert {part.title for part in report.priorities} <= {h.title for h in headings if h.name == "H1"}


def test_every_chart_and_every_status_says_in_words_what_it_shows(report, reference):
    figures = tree(reference).all("Figure")
    told = [figure.alt for figure in figures]
    assert all(told)
    for part in report.priorities:
        assert told.count(f"Indicators: {counts_text(part.indicator_counts)}.") >= 2
        assert told.count(f"Goals: {counts_text(part.goal_counts)}.") >= 2
        assert any(alt.startswith(f"{part.title}. Q1: profile") for alt in told) == bool(part.finance)
    assert {"Green", "Amber", "Red", "High", "Medium", "Not judged"} <= set(told)


def test_a_chart_without_words_is_refused():
    with pytest.raises(ValueError, match="A chart says nothing: give it a title and a description"):
        drawing('<svg role="img" width="9" height="9"></svg>')


def test_links_lead_to_each_priority(report, reference):
    glance = next(table for table in tree(reference).all("Table"))
    assert len(glance.all("Link")) == len(report.priorities)


# Texts are data


@pytest.mark.parametrize(
    "text",
    [
        "#set page(fill: red)",
        "#panic(1) #include",
        "*not bold* _nor this_ `raw` $x^2$",
        "<label> @reference &amp; <b>b</b>",
        "// no comment /* nor this */",
        "~ -- --- ... 'single' \"double\" \\ \\u{41}",
        "[content] {code} #[x] #(1+1)",
        "https://example.org/a?b=c&d=%20",
        "%% \\begin{x}",
    ],
)
def test_no_text_is_markup(victims, text):
    report = quarterly_report(make_full_update(victims, make_quarter(), rows=1).quarter, None)
    part = report.priorities[0]
    indicators = (replace(part.indicators[0], title=text, note=text),)
    whole = replace(with_first(report, title=text, narrative=text, indicators=indicators), overview=text, plan=text)
    assert text_of(as_pdf(whole)).count(re.sub(r"\s+", " ", text)) >= 7


def test_lines_that_look_like_marks_of_the_typesetter_stay_lines(victims):
    report = quarterly_report(make_full_update(victims, make_quarter(), rows=1).quarter, None)
    data = as_pdf(with_first(report, narrative="= Not a heading\n* one\n+ two\n\n/ term: none"))
    assert "= Not a heading * one + two / term: none" in text_of(data)
    assert "Not a heading" not in str(bookmarks(data))
    assert not tree(data).all("L")


def test_a_narrative_has_its_lists_its_emphasis_and_links_that_say_where_they_lead(victims):
    report = quarterly_report(make_full_update(victims, make_quarter(), rows=1).quarter, None)
    data = as_pdf(
        with_first(report, narrative="It is _late_:\n- [why](https://example.org/why)\n- https://example.org/é")
    )
    assert "It is late: • why (https://example.org/why) • https://example.org/é" in text_of(data)
    assert b"https://example.org/%C3%A9" in data


def test_very_long_words_break_and_lose_no_letter(victims):
    report = quarterly_report(make_full_update(victims, make_quarter(), rows=1).quarter, None)
    part, word = report.priorities[0], "".join(chr(97 + n % 26) for n in range(700))
    rows = tuple(replace(row, description=word, explanation=word) for row in part.risks)
    long = replace(with_first(report, title=word, narrative=word, risks=rows, leads=word), overview=word)
    data = as_pdf(long)
    assert re.sub(r"\s", "", text_of(data)).count(word) >= 5
    for page in opened(data).pages:
        right = []
        page.extract_text(visitor_text=lambda text, cm, tm, font, size, right=right: right.append(tm[4]))
        assert max(right) < float(page.mediabox.width)


def test_the_same_report_is_the_same_file(report, monkeypatch):
    first = as_pdf(closed(report))
    monkeypatch.setattr(timezone, "now", lambda: dt.datetime(2031, 1, 1, tzinfo=dt.UTC))
    assert as_pdf(closed(report)) == first
    assert "20221103" in str(opened(first).metadata["/CreationDate"])
    assert as_pdf(report, made=CLOSED_AT) == as_pdf(report, made=CLOSED_AT)


# For the public

INTERNAL = "NOT FOR THE PUBLIC"


def test_the_public_report_has_nothing_internal(report):
    row = replace(report.priorities[0].indicators[0], confidence="R", suggested="G", reason=INTERNAL)
    gone = RiskRow("gone", 1, "Demand may outgrow it.", "H", "up", "", INTERNAL, INTERNAL)
    goal = replace(report.priorities[0].goals[0], comment=INTERNAL)
    risks = tuple(replace(each, owner=INTERNAL) for each in report.priorities[0].risks)
    told = {"leads": INTERNAL, "was": "submitted", "approved_by": INTERNAL, "approved_at": CLOSED_AT}
    inside = with_first(report, indicators=(row,), closed=(gone,), goals=(goal,), risks=risks, issues=risks, **told)
    closing = Closing(2, CLOSED_AT, INTERNAL, INTERNAL, "A wrong figure.", "in_progress")
    whole = replace(inside, status=QuarterStatus.CLOSED, closing=closing)
    assert text_of(as_pdf(whole)).count(INTERNAL) >= 9
    data = as_pdf(replace(whole, is_public=True))
    public = text_of(data)
    assert INTERNAL not in public
    assert INTERNAL.encode() not in data
    for inner in ("suggest", "Owner", "not approved", "without the approval", "victims-lead", "trust-lead"):
        assert inner not in public
    assert "Version 2, closed on 3 November 2022, 14:05." in public
    assert "It corrects version 1: A wrong figure." in public


# The page and the command


def test_it_is_downloaded_as_a_file_of_the_quarter(client, demo, demo_person):
    client.force_login(demo_person("manager"))
    answer = client.get(PDF)
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="q1-2022-23-draft.pdf"'
    assert "no-store" in answer["Cache-Control"]
    assert "0 of 4 priorities approved; overview in progress" in text_of(answer.content)
    close_for_real(demo, by=demo_person("administrator"))
    answer = client.get(PDF)
    assert answer["Content-Disposition"] == 'attachment; filename="q1-2022-23.pdf"'
    assert "DRAFT" not in text_of(answer.content)
    assert client.get(PDF).content == answer.content


def test_it_has_only_what_its_reader_may_read(client, victims, trust, victims_lead):
    quarter = make_quarter(overview="Of all of them.")
    make_update(victims, quarter, narrative="Our own.")
    make_update(trust, quarter, narrative="Not open yet.")
    client.force_login(victims_lead)
    printed = text_of(client.get(PDF).content)
    assert "Our own." in printed
    assert "Not open yet." not in printed
    assert "Of all of them." not in printed
    assert "The overview is open to you once the quarter is closed." in printed
    assert "Open to you once it is approved." in printed
    assert "This update is in progress; it is shown once it is approved." in printed
    assert "Total of those shown" in printed


def test_who_may_not_read_the_quarter_may_not_have_it(client, victims, reader):
    make_update(victims, make_quarter())
    client.force_login(reader)
    assert client.get(PDF).status_code == 403
    assert client.get("/2035-36-q1/report.pdf").status_code == 404


def test_a_closed_report_that_was_changed_is_not_set(client, demo, demo_person):
    close_for_real(demo, by=demo_person("administrator"))
    QuerySet.update(ClosedReport.objects.all(), checksum="0" * 64)
    client.force_login(demo_person("manager"))
    answer = client.get(PDF)
    assert answer.status_code == 500
    assert "does not match its checksum" in answer.content.decode()


def test_the_overview_leads_to_it(client, victims, manager):
    make_update(victims, make_quarter())
    client.force_login(manager)
    assert f'<a href="{PDF}">PDF' in client.get("/2022-23-q1/").content.decode()


@pytest.mark.parametrize("role", ["manager", "victims_lead"])
def test_it_takes_as_many_queries_for_forty_quarters_as_for_one(request, client, victims, role):
    client.force_login(request.getfixturevalue(role))
    plan = make_plan(first_year=2022, last_year=2031)
    make_full_update(victims, make_quarter())

    few, period = queries(client, PDF), Q1
    for _ in range(39):
        period = period.next
        make_update(victims, make_quarter(period))
    for n in range(4):
        make_full_update(make_priority(f"Priority {n}", plan=plan), Quarter.objects.at(Q1).get(), rows=4)
    assert queries(client, PDF) == few
    assert few <= 12


def test_the_command_writes_it_to_a_file_or_pipes_it(demo, tmp_path, capsysbinary):
    file = tmp_path / "q1.pdf"
    call_command("report", "2022-23-q1", "--format", "pdf", "--output", str(file))
    assert "DRAFT · made" in text_of(file.read_bytes())
    call_command("report", "2022-23-q1", "--format", "pdf")
    assert capsysbinary.readouterr().out.startswith(b"%PDF-1.7")


def test_the_command_does_not_print_it_on_a_terminal(demo, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    with pytest.raises(
        CommandError, match="A PDF can't be shown on a terminal; write it to a file: --output q1-2022-23"
    ):
        call_command("report", "2022-23-q1", "--format", "pdf")


def test_an_earlier_version_of_a_closed_quarter_is_set_too(demo, demo_person, tmp_path):
    close_for_real(demo, by=demo_person("administrator"))
    file = tmp_path / "q1.pdf"
    call_command("report", "2022-23-q1", "--format", "pdf", "--closed-version", "1", "--output", str(file))
    assert "Version 1, closed on" in text_of(file.read_bytes())


def test_a_file_of_another_ending_is_refused(demo, tmp_path):
    with pytest.raises(CommandError, match=r"would be a \.pdf file; end its name in \.pdf"):
        call_command("report", "2022-23-q1", "--format", "pdf", "--output", str(tmp_path / "q1.xlsx"))
    with pytest.raises(CommandError, match=r"would be a \.json file"):
        call_command("report", "2022-23-q1", "--output", str(tmp_path / "q1.pdf"))
