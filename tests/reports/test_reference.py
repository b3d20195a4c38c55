"""The demo against an independent transcription of the published report, cell by cell."""

import pytest

from indicators.confidence import suggested_confidence
from reports.frozen import read
from reports.json_format import as_json
from reports.report import quarterly_report
from tests import reference_figures as reference
from tests.closed import close_for_real

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["live", "frozen"])
def report(request, demo):
    if request.param == "live":
        return as_json(quarterly_report(demo, None))
    return as_json(read(close_for_real(demo)))


@pytest.fixture
def priorities(report):
    return {priority["title"]: priority for priority in report["priorities"]}


def test_the_overview_and_the_priorities_are_those_of_the_report(report, priorities):
    assert report["overview"] == reference.OVERVIEW
    assert list(priorities) == list(reference.RATINGS)
    assert {title: p["narrative"] for title, p in priorities.items()} == reference.NARRATIVES
    assert {title: p["finance"]["note"] for title, p in priorities.items()} == reference.FINANCE_NOTES


def test_the_ratings_are_those_of_the_report(priorities):
    assert {title: p["ratings"] for title, p in priorities.items()} == reference.RATINGS


def test_the_computed_counts_are_those_printed_in_the_overview(priorities):
    counts = {
        title: {kind: {k: v for k, v in p["counts"][kind].items() if k != "none"} for kind in ("indicators", "goals")}
        for title, p in priorities.items()
    }
    assert counts == reference.COUNTS


@pytest.mark.parametrize("title", reference.INDICATORS)
def test_the_indicators_are_those_of_the_report(priorities, title):
    keys = ("reference", "title", "unit", "target", "value", "confidence")
    assert [tuple(row[k] for k in keys) for row in priorities[title]["indicators"]] == reference.INDICATORS[title]


@pytest.mark.parametrize("title", reference.RISKS)
def test_the_risks_and_issues_are_those_of_the_report(priorities, title):
    keys = ("number", "description", "level", "trend", "explanation")
    for kind, expected in (("risks", reference.RISKS), ("issues", reference.ISSUES)):
        assert [tuple(row[k] for k in keys) for row in priorities[title][kind]] == expected[title]


@pytest.mark.parametrize("title", reference.GOALS)
def test_the_goals_are_those_of_the_report_and_their_blank_forecasts_are_as_baselined(priorities, title):
    goals = priorities[title]["goals"]
    assert [(g["number"], g["title"], g["baseline"], g["confidence"]) for g in goals] == reference.GOALS[title]
    assert all(g["forecast"] == g["baseline"] and g["forecast_stated"] is None for g in goals)


def test_the_finance_figures_are_those_of_the_report(priorities):
    keys = ("period", "budget", "forecast", "ytd_profile", "ytd_actual")
    found = {t: [{k: row[k] for k in keys} for row in p["finance"]["rows"]] for t, p in priorities.items()}
    assert {title: rows for title, rows in found.items() if rows} == reference.FINANCE


def test_variances_are_computed_from_the_figures(priorities):
    row = priorities["Victims are better supported"]["finance"]["rows"][0]
    assert (row["forecast_variance"], row["forecast_variance_percent"]) == (-800_000, -2.4)
    assert (row["ytd_variance"], row["ytd_variance_percent"]) == (-100_000, -3.3)


def test_every_figure_that_the_report_lacks_has_a_code_and_a_note(priorities):
    for priority in priorities.values():
        for row in priority["indicators"]:
            assert row["target"] is not None or (row["target_missing"] and row["target_note"])
            assert row["value"] is not None or (row["missing"] and row["note"])


def test_the_suggestion_agrees_with_the_judgement_but_for_the_two_gaps_that_are_met(priorities):
    rows = [row for p in priorities.values() for row in p["indicators"] if row["confidence"]]
    differing = {
        row["title"]: (row["confidence"], row["suggested"]) for row in rows if row["suggested"] != row["confidence"]
    }
    assert len(rows) == 28
    assert differing == {
        "The MPS is an organisation that I can trust reduce gap from baseline (Black)": ("A", "G"),
        "The MPS treat everyone fairly - reduce gap from baseline (Black)": ("A", "G"),
    }


def test_a_count_is_judged_against_the_part_of_the_year_that_has_gone():
    def suggest(value, quarter):
        return suggested_confidence(
            value=value,
            target=2000,
            unit="number",
            polarity="higher",
            basis="year_to_date",
            target_basis="",
            quarter=quarter,
        )

    assert [suggest(500, q) for q in (1, 2, 3, 4)] == ["G", "R", "R", "R"]
    assert suggest(322, 1) == "A"
