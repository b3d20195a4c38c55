"""An indicator over the quarters: which figures its series has, whose they are, and who may read them."""

from decimal import Decimal

import pytest
from django.core.management import call_command

from indicators.models import Background, Reading
from priorities.models import AssignmentRole, Quarter, QuarterStatus, UpdateStatus
from priorities.periods import Period
from reports.closing import close_quarter
from reports.frozen import newest, read, report_of
from reports.json_format import as_json
from reports.models import ClosedReport
from reports.report import quarterly_report
from reports.series import series_of, with_series
from tests.closed import approve, close_for_real, fresh, reopen_for
from tests.make import (
    Q1,
    close,
    door,
    make_assignment,
    make_indicator,
    make_person,
    make_priority,
    make_quarter,
    make_reading,
    make_update,
    set_status,
)

pytestmark = pytest.mark.django_db
Q2, Q3, LAST_YEAR = Q1.next, Q1.next.next, Q1.previous


@pytest.fixture
def calls(victims):
    return make_indicator(victims, "5", title="Calls answered", unit="number")


def give(indicator, period, value, basis="year_to_date", **kwargs):
    """A reading in a quarter, which is opened for it."""
    update = indicator.priority.updates.filter(quarter__in=Quarter.objects.at(period)).first()
    update = update or make_update(indicator.priority, make_quarter(period))
    value = None if value is None else Decimal(value)
    return make_reading(update, indicator, value=value, basis=basis, **kwargs)


def add_background(indicator, period, value, basis="rolling_12_months", source="A survey"):
    return Background.objects.create(
        indicator=indicator, quarter=period, value=Decimal(value), basis=basis, source=source
    )


def correct(indicator, period, value, person, **kwargs):
    """Reopen a closed quarter for somebody, who gives another value; it stays reopened."""
    reopen_for(person, Quarter.objects.at(period).get(), indicator.priority)
    rewrite(indicator, period, value=Decimal(value), **kwargs)


def rewrite(indicator, period, **kwargs):
    reading = Reading.objects.select_related("update").get(
        indicator=indicator, update__quarter__in=Quarter.objects.at(period)
    )
    with door(reading.update):
        for name, value in kwargs.items():
            setattr(reading, name, value)
        reading.save()


def close_period(period):
    return close_for_real(Quarter.objects.at(period).get())


def row_of(indicator, period, reader=None):
    """The row of an indicator in the report of a quarter as somebody reads it."""
    quarter = Quarter.objects.select_related("plan").get(financial_year=period.year, number=period.number)
    report = with_series(report_of(quarter, reader), quarter, reader)
    return next(row for part in report.priorities for row in part.indicators if row.key == str(indicator.key))


def told(points):
    return [(p.quarter.label, p.value if p.value is None else int(p.value), p.origin) for p in points]


# Which figures


def test_a_series_is_the_last_eight_quarters_oldest_first_and_this_one_last(calls):
    for n in range(10):
        give(calls, Q1.plus(n), n + 1)
    series = row_of(calls, Q1.plus(8)).series
    assert told(series) == [(Q1.plus(n).label, n + 1, "") for n in range(1, 9)]


def test_a_quarter_that_never_reported_it_is_no_point_and_one_that_could_not_says_why(calls):
    give(calls, Q1, None, missing="x")
    give(calls, Q3, 7)
    series = row_of(calls, Q3).series
    assert [(point.quarter, point.value, point.missing) for point in series] == [(Q1, None, "x"), (Q3, 7, "")]


def test_what_was_before_the_plan_comes_from_the_background_with_its_source(calls):
    add_background(calls, LAST_YEAR, 62)
    give(calls, Q1, 64)
    point = row_of(calls, Q1).series[0]
    assert (point.quarter, point.value, point.basis) == (LAST_YEAR, 62, "rolling_12_months")
    assert (point.origin, point.source, point.target) == ("background", "A survey", None)


def test_of_several_backgrounds_the_one_on_the_figures_own_basis_is_taken(calls):
    add_background(calls, LAST_YEAR, 62)
    add_background(calls, LAST_YEAR, 63, basis="year_to_date")
    give(calls, Q1, 64)
    assert told(row_of(calls, Q1).series)[0] == ("Q4 2021/22", 63, "background")
    assert told(row_of(calls, Q1).series)[1:] == [("Q1 2022/23", 64, "")]


def test_the_plans_own_figure_stands_before_anothers_of_the_same_quarter(calls):
    give(calls, Q1, 64)
    add_background(calls, Q1, 61)
    give(calls, Q2, 65)
    assert told(row_of(calls, Q2).series) == [("Q1 2022/23", 64, ""), ("Q2 2022/23", 65, "")]


def test_the_demo_points_out_by_itself_that_the_basis_is_another_than_before(demo):
    report = with_series(quarterly_report(demo, None), demo, None)
    rows = [row for part in report.priorities for row in part.indicators]
    (fair,) = [row for row in rows if len(row.series) > 1]
    assert told(fair.series)[-2:] == [("Q4 2021/22", 62, "background"), ("Q1 2022/23", 64, "")]
    assert len(fair.series) == 8
    assert [row for row in rows if row.has_new_basis] == [fair]


def test_a_figure_on_the_basis_of_the_one_before_has_no_new_basis(calls):
    give(calls, Q1, 1)
    give(calls, Q2, None, missing="x", basis="quarter")
    give(calls, Q3, 3)
    assert not row_of(calls, Q3).has_new_basis
    assert not row_of(calls, Q2).has_new_basis  # it has no figure


# Provisional and revised


def test_a_figure_is_provisional_while_its_quarter_is_open(calls):
    give(calls, Q1, 1)
    give(calls, Q2, 2)
    close_period(Q1)
    assert [point.is_provisional for point in row_of(calls, Q2).series] == [False, True]
    close_period(Q2)
    assert [point.is_provisional for point in row_of(calls, Q2).series] == [False, False]


def test_a_figure_that_its_note_marks_stays_provisional_when_its_quarter_is_closed(calls):
    give(calls, Q1, 1, note="Figures of June are to come. [p]")
    close_period(Q1)
    give(calls, Q2, 2)
    assert [point.is_provisional for point in row_of(calls, Q1).series] == [True]
    assert row_of(calls, Q2).series[0].is_provisional


def test_a_figure_is_revised_once_a_later_version_says_otherwise(calls, victims_lead):
    give(calls, Q1, 27)
    close_period(Q1)
    correct(calls, Q1, 28, victims_lead)
    give(calls, Q2, 30)
    assert not row_of(calls, Q2).series[0].is_revised  # it is not closed again yet
    close_period(Q1)
    assert [(p.value, p.is_revised) for p in row_of(calls, Q2).series] == [(28, True), (30, False)]
    assert row_of(calls, Q1).series[-1].is_revised
    assert not read(ClosedReport.objects.get(version=1)).priorities[0].indicators[0].series[-1].is_revised


def test_closing_again_without_another_figure_revises_nothing(calls, victims_lead):
    give(calls, Q1, 27)
    close_period(Q1)
    correct(calls, Q1, 27, victims_lead, note="Explained better.")
    close_period(Q1)
    assert not row_of(calls, Q1).series[-1].is_revised


def test_a_corrected_figure_says_what_it_was_before(calls, victims_lead):
    give(calls, Q1, 27)
    close_period(Q1)
    for value in (28, 29):
        correct(calls, Q1, value, victims_lead)
        close_period(Q1)
    (entry,) = series_of(calls, None).entries
    assert (entry.point.value, entry.point.is_revised, entry.was) == (29, True, "28")


# Who may read what


def test_what_is_not_approved_elsewhere_does_not_leak(calls, victims, trust_lead):
    finance = make_assignment(victims, make_person("f"), AssignmentRole.CONTRIBUTOR, section="finance").person
    give(calls, Q1, 4711, note="Secret so far", target=Decimal(4712))
    set_status(give(calls, Q2, 30).update, UpdateStatus.APPROVED)
    for person in (trust_lead, finance):
        row = row_of(calls, Q2, person)
        assert told(row.series) == [("Q1 2022/23", None, "elsewhere"), ("Q2 2022/23", 30, "")]
        assert "471" not in repr(row.series)
        assert "471" not in repr(series_of(calls, person))


def test_what_is_being_corrected_is_read_as_it_was_closed_by_all_but_those_who_correct_it(
    calls, victims_lead, trust_lead, manager, reader
):
    give(calls, Q1, 27)
    close_period(Q1)
    correct(calls, Q1, 99, victims_lead)
    give(calls, Q2, 30)

    def first(person):
        entry = series_of(calls, person).entries[0]
        return int(entry.point.value), entry.point.is_provisional, entry.is_draft

    assert [first(person) for person in (victims_lead, manager, None)] == [(99, True, True)] * 3
    assert [first(person) for person in (trust_lead, reader)] == [(27, False, False)] * 2
    approve(calls.priority.updates.get(quarter__number=1))
    assert first(trust_lead) == (27, False, False)  # it stands until the quarter is closed again
    close_period(Q1)
    assert first(trust_lead) == (99, False, False)


def test_the_row_of_a_holder_is_theirs_to_read_in_every_quarter(victims):
    holder = make_assignment(victims, make_person("analyst"), AssignmentRole.CONTRIBUTOR).person
    held, other = make_indicator(victims, "1a", holder=holder), make_indicator(victims, "1b")
    for indicator in (held, other):
        give(indicator, Q1, 27)
    assert [len(series_of(indicator, holder).own) for indicator in (held, other)] == [1, 0]


def test_a_closed_report_takes_nothing_from_a_quarter_that_is_still_open(calls, reader):
    give(calls, Q1, 4711)
    give(calls, Q2, 30)
    close_period(Q2)
    assert told(row_of(calls, Q2, reader).series) == [("Q1 2022/23", None, "elsewhere"), ("Q2 2022/23", 30, "")]
    assert "4711" not in newest(Quarter.objects.at(Q2).get()).body


def test_a_closed_report_takes_from_a_quarter_being_corrected_what_it_was_closed_with(calls, victims_lead):
    give(calls, Q1, 27)
    close_period(Q1)
    correct(calls, Q1, 4711, victims_lead)
    give(calls, Q2, 30)
    close_period(Q2)
    assert told(row_of(calls, Q2).series) == [("Q1 2022/23", 27, ""), ("Q2 2022/23", 30, "")]


def test_a_closed_report_keeps_its_series_whatever_is_corrected_later(calls, victims_lead):
    give(calls, Q1, 27)
    close_period(Q1)
    give(calls, Q2, 30)
    close_period(Q2)
    before = row_of(calls, Q2).series
    correct(calls, Q1, 28, victims_lead)
    close_period(Q1)
    assert row_of(calls, Q2).series == before
    assert told(series_of(calls, None).points)[0] == ("Q1 2022/23", 28, "")


def test_what_stays_closed_in_a_reopened_quarter_keeps_its_series_too(calls, trust, victims_lead, trust_lead):
    other = make_indicator(trust, "1a")
    for indicator in (calls, other):
        give(indicator, Q1, 27)
        give(indicator, Q2, 30)
    close_period(Q1)
    close_period(Q2)
    correct(other, Q1, 28, trust_lead)
    close_period(Q1)
    correct(calls, Q2, 31, victims_lead)
    close_period(Q2)
    assert [point.value for point in row_of(calls, Q2).series] == [27, 31]
    assert [point.value for point in row_of(other, Q2).series] == [27, 30]


def test_what_was_closed_before_reports_were_kept_is_read_as_it_stands(calls, reader):
    reading = give(calls, Q1, 27)
    close(reading.update.quarter)
    assert told(row_of(calls, Q1, reader).series) == [("Q1 2022/23", 27, "")]
    reopen_for(make_assignment(calls.priority, make_person("x")).person, reading.update.quarter, calls.priority)
    kept = read(newest(fresh(reading.update.quarter)))
    assert told(kept.priorities[0].indicators[0].series) == [("Q1 2022/23", 27, "")]


# What it costs, and where it is written


def test_the_series_of_a_report_take_one_query(victims, victims_lead, django_assert_num_queries):
    for n in range(3):
        indicator = make_indicator(victims, f"{n}")
        for period in (Q1, Q2, Q3):
            give(indicator, period, 27)
        add_background(indicator, LAST_YEAR, 62)
    quarter = Quarter.objects.select_related("plan").get(number=3, status=QuarterStatus.OPEN)
    report = report_of(quarter, victims_lead)
    with django_assert_num_queries(1):
        with_series(report, quarter, victims_lead)
    with django_assert_num_queries(1):
        series_of(indicator, victims_lead)


def test_a_report_without_indicators_takes_none(victims, django_assert_num_queries):
    quarter = make_update(victims).quarter
    report = quarterly_report(quarter, None)
    with django_assert_num_queries(0):
        assert with_series(report, quarter, None) is report


def test_the_comparison_of_a_closed_report_with_now_leaves_series_and_set_up_be(calls, victims_lead, capsys):
    give(calls, Q1, 27)
    close_period(Q1)
    give(calls, Q2, 30)
    close_period(Q2)
    correct(calls, Q1, 28, victims_lead)
    close_period(Q1)
    calls.definition = "Calls answered within a minute."
    calls.save()
    call_command("check_closed", "2022-23-q2")  # which would end with an error
    assert "series" not in capsys.readouterr().out


def test_the_json_has_the_series(calls):
    add_background(calls, LAST_YEAR, 62)
    give(calls, Q1, 64, target=Decimal(62))
    quarter = make_quarter()
    (priority,) = as_json(with_series(quarterly_report(quarter, None), quarter, None))["priorities"]
    assert priority["indicators"][0]["series"] == [
        {
            "quarter": "2021-22-q4",
            "value": 62,
            "missing": None,
            "target": None,
            "basis": "rolling_12_months",
            "origin": "background",
            "source": "A survey",
            "provisional": False,
            "revised": False,
        },
        {
            "quarter": "2022-23-q1",
            "value": 64,
            "missing": None,
            "target": 62,
            "basis": "year_to_date",
            "origin": None,
            "source": "",
            "provisional": True,
            "revised": False,
        },
    ]


# By another stretch of time


def views(indicator):
    return {
        view.basis.value: [(p.quarter.label, p.value) for p in view.points] for view in series_of(indicator, None).views
    }


def test_counts_for_the_year_to_date_are_shown_by_single_quarters_too(calls):
    for period, value in ((Q1, 10), (Q2, 25), (Period(2023, 1), 12), (Period(2023, 2), 20)):
        give(calls, period, value)
    expected = [("Q1 2022/23", 10), ("Q2 2022/23", 15), ("Q1 2023/24", 12), ("Q2 2023/24", 8)]
    assert views(calls) == {"quarter": expected}


def test_a_single_quarter_is_not_made_up_where_the_one_before_is_missing(calls):
    for period, value in ((Q1, 10), (Q2, None), (Q3, 40), (Q3.next, 60)):
        give(calls, period, value, missing="" if value else "x")
    assert views(calls) == {"quarter": [("Q1 2022/23", 10), ("Q4 2022/23", 20)]}


def test_counts_of_single_quarters_are_added_up_as_long_as_none_is_missing(calls):
    for period, value in ((Q1, 10), (Q2, 15), (Q3.next, 9), (Period(2023, 2), 20)):
        give(calls, period, value, basis="quarter")
    assert views(calls) == {"year_to_date": [("Q1 2022/23", 10), ("Q2 2022/23", 25)]}


@pytest.mark.parametrize(("unit", "basis"), [("percent", "year_to_date"), ("number", "rolling_12_months")])
def test_what_does_not_add_up_over_the_year_has_no_other_view(victims, unit, basis):
    indicator = make_indicator(victims, unit=unit)
    for period in (Q1, Q2):
        give(indicator, period, 27, basis=basis)
    assert views(indicator) == {}


def test_one_quarter_alone_has_no_other_view(calls):
    give(calls, Q1, 27)
    assert views(calls) == {}


def test_a_made_figure_is_as_final_as_those_it_is_made_of(calls):
    give(calls, Q1, 10)
    close_period(Q1)
    give(calls, Q2, 25)
    (view,) = series_of(calls, None).views
    assert [point.is_provisional for point in view.points] == [False, True]


def test_the_target_of_each_view_is_its_part_of_the_years(calls):
    for period, value in ((Q1, 10), (Q2, 25)):
        give(calls, period, value, target=Decimal(100))
    series = series_of(calls, None)
    assert series.targets == {Q1: 25, Q2: 50}
    assert series.views[0].targets == {Q1: 25, Q2: 25}


def test_a_change_of_basis_is_told_with_its_figures(demo):
    fair = Background.objects.first().indicator
    assert series_of(fair, None).breaks == [
        "Q1 2022/23’s 64% is for the year to date; the figures before it, up to 62% in Q4 2021/22, are for rolling 12 "
        "months. They can’t be compared, and are drawn apart."
    ]


@pytest.mark.parametrize(
    ("basis", "expected"),
    [
        ("", "is on no stated basis"),
        ("quarter", "is for a single quarter"),
        ("point_in_time", "is of a point in time"),
    ],
)
def test_every_basis_has_its_words(calls, basis, expected):
    add_background(calls, LAST_YEAR, 62)
    give(calls, Q1, 64, basis=basis)
    assert expected in series_of(calls, None).breaks[0]


def test_indicators_of_other_priorities_stay_out(calls):
    other = make_indicator(make_priority("Another"), "5")
    give(calls, Q1, 1)
    give(other, Q1, 2)
    give(calls, Q2, 3)
    assert told(row_of(calls, Q2).series) == [("Q1 2022/23", 1, ""), ("Q2 2022/23", 3, "")]


def test_a_quarter_is_closed_with_the_series_it_has_then(calls):
    add_background(calls, LAST_YEAR, 62)
    give(calls, Q1, 64)
    report = read(close_quarter(fresh(make_quarter()), by=None, reason="The board meets."))
    assert told(report.priorities[0].indicators[0].series) == [
        ("Q4 2021/22", 62, "background"),
        ("Q1 2022/23", 64, ""),
    ]
