"""An indicator's own page and its sparkline, as their readers get them, and what they cost."""

import re
from decimal import Decimal

import pytest
from django.utils.html import escape

from indicators.models import Background, Indicator
from priorities.models import QuarterStatus
from priorities.periods import Period
from reports.charts import series_chart, sparkline, ticks
from reports.report import Point
from tests.answers import queries
from tests.closed import close_for_real
from tests.make import Q1, close, make_full_update, make_indicator, make_plan, make_quarter, make_reading, make_update
from tests.reports.test_pages import get, text
from tests.reports.test_series import Q2, add_background, close_period, correct, give, row_of

pytestmark = pytest.mark.django_db
TRUST = "/2022-23-q1/trust-and-confidence-increases/"


def address(indicator):
    return f"/indicators/{indicator.key}/"


@pytest.fixture
def fair(demo):
    return Background.objects.first().indicator


@pytest.fixture
def calls(victims):
    return make_indicator(victims, "5", title="Calls answered", unit="number")


# The page


def test_the_page_points_out_that_the_basis_is_another_than_before(client, demo_person, fair):
    page = text(get(client, demo_person("manager"), address(fair)))
    assert escape("Q1 2022/23’s 64% is for the year to date; the figures before it, up to 62% in Q4 2021/22") in page
    assert page.count("not comparable with the row below") == 1
    source = "MOPAC survey series of public perceptions, 2014 to 2025 (Open Government Licence)"
    assert f"Background, Q3 2014/15 to Q4 2021/22: {source}." in page
    assert page.count('scope="row"') == 31


def test_the_page_of_an_open_quarter_is_marked_draft(client, demo, demo_person, fair):
    manager = demo_person("manager")
    page = text(get(client, manager, address(fair)))
    assert '<strong class="draft">DRAFT</strong>' in page
    assert "64% <abbr" in page
    close_for_real(demo)
    page = text(get(client, manager, address(fair)))
    assert "DRAFT" not in page
    assert "[p]" not in page


def test_the_page_says_what_it_measures_and_where_that_is_not_said(client, manager, victims):
    told = make_indicator(victims, "1a", definition="Calls within a minute.", source="The telephone system")
    bare = make_indicator(victims, "1b", polarity="none")
    for indicator in (told, bare):
        give(indicator, Q1, 27)
    page = text(get(client, manager, address(told)))
    for expected in (
        "Calls within a minute.",
        "The telephone system",
        "Percentage",
        "Year to date",
        "Higher is better",
    ):
        assert expected in page
    page = text(get(client, manager, address(bare)))
    assert page.count("None given.") == 2
    assert "No direction" in page


def test_each_quarter_has_its_notes_its_target_and_why_something_is_missing(client, manager, calls):
    give(calls, Q1, 322, target=Decimal(2000), note="Fewer in June.", target_note="As agreed.")
    give(calls, Q2, None, missing="x", target=None, target_missing="z", note="From Q3 on.", target_note="From Q3 on.")
    page = text(get(client, manager, address(calls)))
    for expected in ("Fewer in June.", "Target: As agreed.", "500 by Q1", "Not available", "Not applicable"):
        assert expected in page
    assert page.count("From Q3 on.") == 1


def test_a_figure_that_is_not_answered_yet_says_so(client, manager, calls):
    give(calls, Q1, None)
    page = text(get(client, manager, address(calls)))
    assert "Not answered yet" in page
    assert "There is no figure to draw yet." in page


def test_a_corrected_figure_shows_both(client, manager, calls, victims_lead):
    give(calls, Q1, 27)
    close_period(Q1)
    correct(calls, Q1, 28, victims_lead)
    close_period(Q1)
    page = text(get(client, manager, address(calls)))
    assert '28 <abbr title="Revised">[r]</abbr><small>before: 27</small>' in page
    assert "[r]: revised after it was closed." in page


def test_a_count_has_a_chart_and_a_column_of_single_quarters(client, manager, calls):
    give(calls, Q1, 322)
    page = text(get(client, manager, address(calls)))
    assert "In the quarter" not in page
    give(calls, Q2, 800)
    page = text(get(client, manager, address(calls)))
    assert "<h3>In the quarter</h3>" in page
    assert '<td role="cell" class="num" data-label="In the quarter">478 [p]</td>' in page
    assert "Dashed: the target, in the part of the year gone." in page


def test_the_page_leads_to_the_priority_and_to_each_quarter(client, manager, calls):
    give(calls, Q1, 27)
    give(calls, Q2, 30)
    page = text(get(client, manager, address(calls)))
    for period in (Q1, Q2):
        assert f'href="/{period.slug}/victims-are-better-supported/#{calls.key}"' in page
    assert f'href="{address(calls)}"' in text(get(client, manager, "/2022-23-q1/victims-are-better-supported/"))


def test_the_page_leads_to_what_came_before_and_after(client, manager, administrator, calls, victims):
    give(calls, Q1, 27)
    calls.retired_from = Q2
    calls.save()
    assert "It is not reported from Q2 2022/23 on." in text(get(client, manager, address(calls)))
    new = make_indicator(victims, "6", title="Contacts answered", replaces=calls)
    page = text(get(client, manager, address(calls)))
    assert f'<a href="{address(new)}">6 Contacts answered</a> takes its place, with a series of its own' in page
    page = text(get(client, administrator, address(new)))
    assert f'It replaces <a href="{address(calls)}">5 Calls answered</a> from Q2 2022/23 on' in page
    assert "No quarter has reported it yet." in page
    assert f'href="{address(new)}retiring/"' in page


def test_only_administrators_are_led_to_retiring_it(client, manager, calls):
    give(calls, Q1, 27)
    assert "retiring" not in text(get(client, manager, address(calls)))


# Who reads it


def test_an_indicator_of_which_nothing_is_open_to_somebody_is_refused_in_plain_words(
    client, calls, trust_lead, reader, victims_lead
):
    quarter = give(calls, Q1, 4711).update.quarter
    for person in (trust_lead, reader):
        response = get(client, person, address(calls))
        assert response.status_code == 403
        assert "Nothing of this indicator is open to you yet. You can read it once a quarter is closed." in text(
            response
        )
        assert "4711" not in text(response)
        assert get(client, person, f"{address(calls)}series.csv").status_code == 403
    assert get(client, victims_lead, address(calls)).status_code == 200
    close(quarter)
    for person in (trust_lead, reader):
        assert "4,711" in text(get(client, person, address(calls)))


def without_keys(page):
    """Keys are drawn by lot, and may have any figures in them."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "", page)


def test_a_quarter_that_is_not_open_to_somebody_yet_has_a_line_that_says_so(client, calls, reader):
    give(calls, Q1, 27, note="Closed already.")
    close_period(Q1)
    give(calls, Q2, 4711, note="Secret so far", target=Decimal(4712))
    page = text(get(client, reader, address(calls)))
    assert "Not open to you yet" in page
    for secret in ("4,71", "471", "Secret"):
        assert secret not in without_keys(page)
    data = get(client, reader, f"{address(calls)}series.csv").content.decode()
    assert "471" not in data
    assert "Secret" not in data


def test_an_indicator_that_is_not_there_is_a_404(client, manager):
    assert get(client, manager, "/indicators/00000000-0000-4000-8000-000000000000/").status_code == 404


# The file


def test_the_series_is_a_table_to_download(client, demo_person, fair):
    response = get(client, demo_person("manager"), f"{address(fair)}series.csv")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "no-store" in response.headers["Cache-Control"]
    heads, *lines = response.content.decode("utf-8-sig").splitlines()
    assert heads.startswith("Quarter,Ends on,Value,Basis,Target,")
    assert len(lines) == 31
    assert lines[0].startswith("Q3 2014/15,31/12/2014,74,Rolling 12 months,,,,,,,,,")
    assert "Open Government Licence" in lines[0]
    assert lines[-1] == "Q1 2022/23,30/06/2022,64,Year to date,62,,,G,yes,,,,,"


# Sparklines


def test_the_table_of_a_priority_has_a_sparkline_with_every_figure_in_words(client, demo, demo_person):
    page = text(get(client, demo_person("manager"), TRUST))
    assert page.count('<svg class="spark" role="img"') == 1
    assert "Rolling 12 months: Q2 2020/21 74%, Q3 2020/21 72%" in page
    assert "Year to date: Q1 2022/23 64% [p]." in page
    assert page.count("<small>new basis</small>") == 1


def test_a_priority_without_earlier_figures_has_no_column_for_them(client, demo, demo_person):
    assert "Eight quarters" not in text(
        get(client, demo_person("manager"), "/2022-23-q1/victims-are-better-supported/")
    )


def test_the_sparkline_is_in_print_and_in_the_closed_report_too(client, demo, demo_person):
    manager = demo_person("manager")
    for _ in range(2):
        for path in (TRUST, "/2022-23-q1/print/"):
            assert text(get(client, manager, path)).count('class="spark"') == 1
        if demo.status == QuarterStatus.OPEN:
            demo = close_for_real(demo).quarter
    assert "Year to date: Q1 2022/23 64%." in text(get(client, manager, TRUST))


def test_a_sparkline_joins_only_figures_of_one_basis_and_marks_what_is_not_final(calls):
    for period in (Q1.plus(-3), Q1.plus(-2), Q1.plus(-1)):
        add_background(calls, period, 60)
    give(calls, Q1, 64)
    give(calls, Q2, 65)
    drawn = sparkline(row_of(calls, Q2))
    assert drawn.count("<polyline") == 2
    assert drawn.count('fill="#fff"') == 2  # both of open quarters


def test_without_an_earlier_figure_there_is_no_sparkline(calls):
    give(calls, Q1, None, missing="x")
    give(calls, Q2, 65)
    assert sparkline(row_of(calls, Q2)) == ""


# Charts


def point(period, value, basis="rolling_12_months", **kwargs):
    return Point(period, None if value is None else Decimal(value), "", None, basis, **kwargs)


def chart(points, unit="percent", **kwargs):
    return series_chart(points, "Calls & texts", unit=unit, **kwargs)


def test_a_chart_has_a_title_and_says_in_words_what_it_shows():
    drawn = chart([point(Q1, 62), point(Q2, 64)])
    assert "<title>Calls &amp; texts</title>" in drawn
    assert "<desc>Rolling 12 months: Q1 2022/23 62%, Q2 2022/23 64%.</desc>" in drawn
    assert 'role="img"' in drawn
    assert "style" not in drawn


@pytest.mark.parametrize("width", [300, 720])
@pytest.mark.parametrize("provisional", [True, False])
def test_what_is_written_stays_on_its_own_side_of_a_break(width, provisional):
    before = [point(Q1.plus(n - 31), 93 - n, origin="background") for n in range(31)]
    now = point(Q1, 64, "year_to_date", is_provisional=provisional)
    drawn = chart([*before, now], width=width, targets={Q1: Decimal(62)})
    edge = float(re.search(r'x1="([\d.]+)" y1="6.0"', drawn)[1])
    written = {t: (float(x), anchor) for x, anchor, t in re.findall(TEXT, drawn)}
    mark = "64% [p]" if provisional else "64%"
    for told, is_right in ((mark, True), ("Year to date", True), ("Target 62%", True), ("63%", False)):
        x, anchor = written[told]
        half = len(told) * 3.3 if anchor == "middle" else 0
        assert x - half >= edge if is_right else x + half <= edge, told
        assert x + half * 2 <= width or anchor == "middle"


TEXT = r'<text x="([\d.]+)"[^>]* text-anchor="(\w+)"[^>]*>([^<]+)<'


def test_a_count_that_fell_within_its_year_has_no_single_quarter_and_says_why(client, manager, calls):
    give(calls, Q1, 10)
    give(calls, Q2, 25)
    give(calls, Q2.next, 20)
    page = text(get(client, manager, address(calls)))
    assert "The year to date fell from 25 in Q2 2022/23 to 20 in Q3 2022/23: what was counted in Q3 2022/23" in page
    assert 'data-label="In the quarter">15 [p]</td>' in page
    assert "−5" not in page
    assert "-5" not in without_keys(page.split("<table")[1].split("</table>")[0])


def test_a_quarter_that_is_not_open_yet_says_so_once_in_its_row(client, calls, trust, trust_lead):
    make_update(trust)
    give(calls, Q1, 10)
    give(calls, Q2, 99)
    close_period(Q1)
    page = text(get(client, trust_lead, address(calls)))
    assert page.count("Not open to you yet") == 1


def test_of_a_long_series_the_words_give_the_course():
    drawn = chart([point(Q1.plus(n), 60 + n % 7) for n in range(12)])
    expected = "12 figures from Q1 2022/23 60% to Q4 2024/25 64%, lowest Q1 2022/23 60%, highest Q3 2023/24 66%."
    assert expected in drawn


def test_a_line_is_not_drawn_over_a_gap_another_basis_or_the_turn_of_the_year_to_date():
    one = [point(Q1, 1), point(Q2, 2)]
    assert chart(one).count("<polyline") == 1
    assert chart([point(Q1, 1), point(Q2.next, 2)]).count("<polyline") == 0
    assert chart([point(Q1, 1), point(Q2, 2, "quarter")]).count("<polyline") == 0
    turn = [point(Period(2022, 4), 1, "year_to_date"), point(Period(2023, 1), 2, "year_to_date")]
    assert chart(turn).count("<polyline") == 0


def test_a_change_of_basis_is_a_line_across_with_the_names_of_both():
    drawn = chart([point(Q1, 62), point(Q2, 64, "year_to_date")])
    assert drawn.count('stroke-dasharray="1 3"') == 1
    for name in (">Rolling 12 months<", ">Year to date<"):
        assert name in drawn


@pytest.mark.parametrize(("basis", "name"), [("", "Basis not stated"), ("quarter", "Single quarters")])
def test_the_names_of_bases_are_plain(basis, name):
    assert f">{name}<" in chart([point(Q1, 62, basis)])


def test_targets_are_dashed_and_the_same_one_goes_on_in_one_line():
    drawn = chart([point(Q1, 62), point(Q2, 64)], targets={Q1: Decimal(70), Q2: Decimal(70)})
    assert drawn.count('stroke-dasharray="5 3"') == 1
    assert "Target 70%" in drawn
    drawn = chart([point(Q1, 62), point(Q2, 64)], targets={Q1: Decimal(70), Q2: Decimal(75)})
    assert drawn.count('stroke-dasharray="5 3"') == 2
    assert "Target 75%" in drawn


def test_what_is_provisional_revised_or_missing_has_its_letter():
    points = [point(Q1, 62, is_revised=True), Point(Q2, None, "x", None, ""), point(Q2.next, 64, is_provisional=True)]
    drawn = chart(points)
    for mark in ("62% [r]", "[x]", "64% [p]"):
        assert mark in drawn


def test_a_count_and_a_gap_are_drawn_from_nought():
    for unit, value, nought in (("number", 4000, ">0<"), ("percentage_points", -18, ">0pp<")):
        assert nought in chart([point(Q1, value), point(Q2, value)], unit=unit)
    assert ">0%<" not in chart([point(Q1, 62), point(Q2, 64)])


def test_without_figures_there_is_no_chart():
    assert chart([Point(Q1, None, "x", None, "")]) == ""


@pytest.mark.parametrize("values", [[0], [0, 0], [64, 64], [-3, 5], [Decimal("0.01"), Decimal("0.02")], [10**9]])
@pytest.mark.parametrize("width", [300, 720])
def test_whatever_the_figures_all_marks_lie_inside(values, width):
    points = [point(Q1.plus(n), value) for n, value in enumerate(values)]
    for unit in ("number", "percent"):
        drawn = chart(points, unit=unit, width=width)
        for y in re.findall(r' c?y[12]?="([-0-9.]+)"', drawn):
            assert 0 <= float(y) <= 260
        for x in re.findall(r' c?x[12]?="([-0-9.]+)"', drawn):
            assert 0 <= float(x) <= width


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (62, 79, [60, 65, 70, 75, 80]),
        (0, 2000, [0, 500, 1000, 1500, 2000]),
        (-20, 0, [-20, -15, -10, -5, 0]),
        (5, 5, [5, 6]),
    ],
)
def test_scales_have_round_figures(low, high, expected):
    assert ticks(low, high) == expected


# What it costs


@pytest.mark.once
@pytest.mark.parametrize("role", ["manager", "victims_lead"])
def test_the_page_takes_the_same_few_queries_with_8_and_with_40_quarters(request, client, victims, role):
    make_plan(first_year=2022, last_year=2031)
    client.force_login(request.getfixturevalue(role))
    found = []
    for wanted in (8, 40):
        for n in range(victims.updates.count(), wanted):
            make_full_update(victims, make_quarter(Q1.plus(n)), rows=1)
        found.append(queries(client, address(Indicator.objects.get())))
    assert found[0] == found[1] <= 12


@pytest.mark.once
def test_the_priority_page_with_series_takes_at_most_12_queries(client, victims, victims_lead):
    make_plan(first_year=2022, last_year=2031)
    client.force_login(victims_lead)
    found = []
    for wanted in (8, 40):
        for n in range(victims.updates.count(), wanted):
            make_full_update(victims, make_quarter(Q1.plus(n)), rows=3)
        found.append(queries(client, f"/{Q1.plus(7).slug}/{victims.slug}/"))
    assert found[0] == found[1] <= 12


def test_a_title_is_never_markup(client, manager, victims):
    indicator = make_indicator(victims, title="<b>bold</b> & more")
    make_reading(make_update(victims), indicator)
    page = text(get(client, manager, address(indicator)))
    assert "<b>bold" not in page
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; more" in page
