"""Which figures count as revised, and in which words."""

from dataclasses import replace
from decimal import Decimal

import pytest

from priorities.periods import Period
from reports.report import quarterly_report
from reports.revisions import revisions, with_revisions
from tests.make import (
    make_assessment,
    make_forecast,
    make_full_update,
    make_indicator,
    make_position,
    make_quarter,
    make_reading,
    make_update,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def report(victims):
    quarter = make_quarter()
    update = make_update(victims, quarter, objectives="G", time="A", narrative="Well.")
    make_reading(update)
    make_assessment(update)
    make_assessment(update, kind="issue", description="A strike")
    make_forecast(update)
    make_position(update)
    return quarterly_report(quarter, None)


def change(report, group, **fields):
    """The report with something changed in the first row of a group of its first priority."""
    part = report.priorities[0]
    first, *others = getattr(part, group)
    return replace(report, priorities=(replace(part, **{group: (replace(first, **fields), *others)}),))


def told(report, before):
    return [(r.of, r.what, r.was, r.now) for r in revisions(report, before)]


@pytest.mark.parametrize(
    ("group", "fields", "field", "expected"),
    [
        ("ratings", {"letter": "R"}, "objectives", ("Objectives", "rating", "G", "R")),
        ("ratings", {"letter": ""}, "objectives", ("Objectives", "rating", "G", "not answered yet")),
        ("indicators", {"value": Decimal(26)}, "value", ("1a % of victims supported, 1a", "value", "27%", "26%")),
        (
            "indicators",
            {"value": None, "missing": "x"},
            "value",
            ("1a % of victims supported, 1a", "value", "27%", "[x]"),
        ),
        ("indicators", {"target": Decimal(30)}, "target", ("1a % of victims supported, 1a", "target", "25%", "30%")),
        ("indicators", {"confidence": "A"}, "confidence", ("1a % of victims supported, 1a", "confidence", "G", "A")),
        ("risks", {"level": "M"}, "level", ("Risk 1: Demand may rise", "score", "H", "M")),
        ("risks", {"level": ""}, "level", ("Risk 1: Demand may rise", "score", "H", "not answered yet")),
        ("risks", {"trend": ""}, "trend", ("Risk 1: Demand may rise", "trend", "Up", "not answered yet")),
        ("risks", {"trend": "down"}, "trend", ("Risk 1: Demand may rise", "trend", "Up", "Down")),
        ("issues", {"level": "L"}, "level", ("Issue 1: A strike", "rating", "H", "L")),
        ("goals", {"stated": Period(2022, 4)}, "forecast", ("Goal 1: Goal 1", "forecast", "Q3", "Q4")),
        ("goals", {"confidence": "CG"}, "confidence", ("Goal 1: Goal 1", "confidence", "G", "CG")),
        ("finance", {"budget": Decimal(33_000_000)}, "budget", ("Finance Q1", "budget", "£32.7m", "£33.0m")),
        ("finance", {"ytd_actual": None}, "ytd_actual", ("Finance Q1", "actual to date", "£2.9m", "not answered yet")),
        (
            "finance",
            {"forecast": Decimal("31900400.5")},
            "forecast",
            ("Finance Q1", "forecast", "£31,900,000", "£31,900,400.5"),
        ),
    ],
)
def test_a_figure_that_says_something_else_is_a_revision(report, group, fields, field, expected):
    changed = with_revisions(change(report, group, **fields), report)
    assert [(r.of, r.what, r.was, r.now) for r in changed.revisions] == [expected]
    row = getattr(changed.priorities[0], group)[0]
    key = changed.priorities[0].key if group == "ratings" else row.key
    assert changed.revision_of(key, field) == changed.revisions[0]


def test_the_baseline_and_the_forecast_that_follows_it_are_both_revised(report):
    found = told(change(report, "goals", baseline=Period(2023, 1)), report)
    assert found == [
        ("Goal 1: Goal 1", "baseline", "Q3", "Q1 2023/24"),
        ("Goal 1: Goal 1", "forecast", "Q3", "Q1 2023/24"),
    ]


@pytest.mark.parametrize(
    ("group", "fields"),
    [
        ("indicators", {"note": "Counted anew.", "title": "Reworded", "reference": "9"}),
        ("indicators", {"value": Decimal("27.0000")}),
        ("risks", {"description": "Reworded", "explanation": "Why", "number": 3}),
        ("goals", {"title": "Reworded", "comment": "On track"}),
        ("ratings", {"meaning": "Another one"}),
    ],
)
def test_texts_names_and_ranks_are_no_figures(report, group, fields):
    assert told(change(report, group, **fields), report) == []


def test_a_renamed_priority_is_the_same(report):
    renamed = replace(report, priorities=(replace(report.priorities[0], title="Renamed", slug="renamed"),))
    assert told(renamed, report) == []


def test_a_row_that_is_new_or_gone_is_told(victims, report):
    part = report.priorities[0]
    without = replace(report, priorities=(replace(part, risks=(), finance=()),))
    assert told(without, report) == [
        ("Finance Q1", "budget", "£32.7m", "not reported"),
        ("Finance Q1", "forecast", "£31.9m", "not reported"),
        ("Finance Q1", "profile to date", "£3.0m", "not reported"),
        ("Finance Q1", "actual to date", "£2.9m", "not reported"),
        ("Risk 1: Demand may rise", "score", "H", "not reported"),
        ("Risk 1: Demand may rise", "trend", "Up", "not reported"),
    ]
    assert told(report, without)[-1] == ("Risk 1: Demand may rise", "trend", "not reported", "Up")
    assert len(told(replace(report, priorities=()), report)) == len(told(report, replace(report, priorities=())))


def test_what_was_never_answered_is_no_revision_of_a_new_row(victims, report):
    update = make_update(victims, make_quarter(Period(2022, 2)))
    make_reading(update, make_indicator(victims, "9"), value=None, target=None, confidence="")
    empty = quarterly_report(make_quarter(Period(2022, 2)), None)
    assert told(empty, replace(empty, priorities=())) == []


def test_only_the_version_before_is_compared(report):
    second = with_revisions(change(report, "indicators", value=Decimal(26)), report)
    third = with_revisions(change(second, "risks", level="L"), second)
    assert [(r.what, r.was, r.now) for r in third.revisions] == [("score", "H", "L")]


def test_the_same_report_has_no_revisions(victims):
    quarter = make_quarter()
    make_full_update(victims, quarter)
    report = quarterly_report(quarter, None)
    assert with_revisions(report, report) == report
