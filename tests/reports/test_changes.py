"""What changed since the quarter before, as a comparison of two reports that nobody stored."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from priorities.models import Section
from priorities.periods import Period
from reports.changes import KINDS, way_of, with_changes
from reports.report import FinanceRow, GoalRow, IndicatorRow, PriorityReport, RatingCell, Report, RiskRow
from tests.make import Q1

ALL = frozenset(Section.values)
Q2, Q3, Q4 = Q1.next, Q1.plus(2), Q1.plus(3)
NEXT_YEAR = Q1.plus(4)


def indicator(key="i", **kwargs):
    defaults = {
        "reference": "1a",
        "title": "% of victims supported",
        "unit": "percent",
        "decimals": 0,
        "basis": "year_to_date",
        "target": Decimal(25),
        "target_missing": "",
        "target_note": "",
        "target_basis": "",
        "value": Decimal(27),
        "missing": "",
        "note": "",
        "as_at": None,
        "confidence": "G",
        "suggested": None,
        "reason": "",
        "polarity": "higher",
    }
    found = {**defaults, **kwargs}
    return IndicatorRow(key=key, **{"expected": found["target"], **found})


def risk(key="r", number=1, description="Demand may rise", level="M", trend="level", **kwargs):
    defaults = {"explanation": "", "owner": "", "closed_reason": ""}
    return RiskRow(key, number, description, level, trend, **{**defaults, **kwargs})


def goal(key="g", number=1, title="Open the hub", year=2022, baseline=Q3, stated=None, confidence="G", **kwargs):
    return GoalRow(key, number, title, year, baseline, stated, confidence, "", **kwargs)


def money(budget="32.7", forecast="31.9", profile="3.0", actual="2.9", period="Q1"):
    figures = [None if each is None else Decimal(each) * 1_000_000 for each in (budget, forecast, profile, actual)]
    return FinanceRow(f"victims-{period.lower()}", period, *figures)


def ratings(**letters):
    return tuple(RatingCell(name, letter, "") for name, letter in letters.items())


def part(title="Victims", pk=1, status="closed", sections=ALL, **kwargs):
    defaults = {
        "key": title.lower(),
        "slug": title.lower(),
        "fillable": False,
        "leads": "",
        "ratings": (),
        "ratings_note": "",
        "narrative": "",
        "finance_note": "",
        "period": "Q1",
        "finance": (),
        "indicators": (),
        "risks": (),
        "issues": (),
        "closed": (),
        "goals": (),
    }
    return PriorityReport(title=title, pk=pk, status=status, sections=sections, **{**defaults, **kwargs})


def report(quarter, *parts, status="closed"):
    return Report(quarter, status, "Plan", "", True, None, parts, ())


def compared(before, now, first=Q1, second=Q2, status="closed"):
    """The changes between a priority as it was and as it is, each given by its rows."""
    then = report(first, part(**before, period=first.short))
    state = {"status": "in_progress"} if status == "open" else {}
    return with_changes(report(second, part(**now, **state, period=second.short), status=status), then)


def told(before, now, **kwargs):
    return [(change.kind, change.text) for change in compared(before, now, **kwargs).changes]


def of_indicator(before, now, **kwargs):
    return told({"indicators": (before,)}, {"indicators": (now,)}, **kwargs)


NAME = "1a % of victims supported"


# Whether there is anything to compare


def test_without_a_quarter_before_nothing_is_compared_and_it_says_so():
    found = with_changes(report(Q1, part(indicators=(indicator(),))), None)
    assert (found.changes, found.compared_with, found.is_compared) == ((), None, True)
    assert found.not_compared == "There is no quarter before Q1 2022/23 to compare it with."


def test_why_nothing_is_compared_is_what_was_given():
    found = with_changes(report(Q2, part()), None, why="Q1 2022/23 is not open to you yet.")
    assert found.not_compared == "Q1 2022/23 is not open to you yet."


def test_a_part_of_the_quarter_before_that_is_not_open_is_not_compared_and_it_says_so():
    rows = {"indicators": (indicator(confidence="R"),), "goals": (goal(),), "risks": (risk(),)}
    then = report(Q1, part(sections=frozenset(), status="in_progress"))
    found = with_changes(report(Q2, part(**rows)), then)
    assert found.changes == ()
    assert found.not_compared == "“Victims” is not compared: Q1 2022/23 of it is not open to you yet."


def test_one_section_that_was_not_open_is_named():
    then = report(Q1, part(sections=ALL - {"finance"}, goals=(goal(confidence="A"),)))
    found = with_changes(report(Q2, part(finance=(money(period="Q2"),), period="Q2", goals=(goal(),))), then)
    assert [change.kind for change in found.changes] == ["confidence better", "goal due"]
    assert found.not_compared == "Of “Victims”, finance is not compared: Q1 2022/23 of it is not open to you yet."


def test_who_holds_single_rows_is_not_told_that_the_others_are_new_or_gone():
    own, other = indicator("mine"), indicator("other", reference="1b")
    then = report(Q1, part(indicators=(own, other), goals=(goal(),), risks=(risk(),)))
    found = with_changes(report(Q2, part(sections=frozenset(), indicators=(replace(own, confidence="A"),))), then)
    assert [change.kind for change in found.changes] == ["confidence worse"]
    found = with_changes(
        report(Q2, part(indicators=(own, other))), report(Q1, part(sections=frozenset(), indicators=(own,)))
    )
    assert found.changes == ()


def test_the_first_quarter_of_a_new_plan_has_nothing_to_compare():
    found = with_changes(report(NEXT_YEAR, part("New", pk=9)), report(Q4, part()))
    assert found.changes == ()
    assert found.not_compared == (
        "A new plan has begun: no priority of Q4 2022/23 is in Q1 2023/24, so nothing is compared."
    )


def test_a_quarter_without_updates_says_so():
    found = with_changes(report(Q2), report(Q1, part()))
    assert (found.changes, found.not_compared) == ((), "No priority has an update in Q2 2022/23 yet.")


def test_priorities_new_gone_and_renamed_are_told():
    then = report(Q1, part(), part("Trust", pk=2))
    found = with_changes(report(Q2, part("Victims first"), part("Crime", pk=3)), then)
    assert [(change.text, change.slug) for change in found.changes] == [
        ("“Crime” is new in Q2 2022/23.", "crime"),
        ("“Trust” is not reported any more.", ""),
        ("“Victims first” was called “Victims” in Q1.", "victims first"),
    ]


def test_the_same_again_is_no_change():
    rows = {
        "indicators": (indicator(),),
        "risks": (risk(),),
        "goals": (goal(baseline=Q4),),
        "ratings": ratings(time="G"),
    }
    found = compared(rows, rows)
    assert (found.changes, found.not_compared, found.compared_with) == ((), "", Q1)


# Ratings and confidence


@pytest.mark.parametrize(
    ("was", "now", "kind", "text"),
    [
        ("G", "R", "rating red", "the rating is red; it was green in Q1."),
        ("", "R", "rating red", "the rating is red; it was not given in Q1."),
        ("G", "A", "rating worse", "the rating is amber; it was green in Q1."),
        ("R", "A", "rating better", "the rating is amber; it was red in Q1."),
        ("", "G", "supplied", "the rating is green, where Q1 had none."),
        ("A", "", "missing", "no rating, where Q1 had amber."),
    ],
)
def test_a_rating_that_moved(was, now, kind, text):
    found = told({"ratings": ratings(time=was)}, {"ratings": ratings(time=now)})
    assert found == [(kind, f"Victims, time: {text}")]


@pytest.mark.parametrize(
    ("was", "now", "kind"),
    [
        ("A", "R", "confidence red"),
        ("G", "A", "confidence worse"),
        ("R", "G", "confidence better"),
        ("", "A", "supplied"),
    ],
)
def test_confidence_that_moved(was, now, kind):
    assert [k for k, _ in of_indicator(indicator(confidence=was), indicator(confidence=now))] == [kind]


# Indicators


def test_an_indicator_that_was_renamed_is_the_same_one():
    """Two references that changed places: told by key, so no value is held against another's."""
    then = (
        indicator("a", reference="1a", title="Calls"),
        indicator("b", reference="1b", title="Visits", value=Decimal(9)),
    )
    now = (
        indicator("b", reference="1a", title="Visits", value=Decimal(9)),
        indicator("a", reference="1b", title="Calls"),
    )
    assert told({"indicators": then}, {"indicators": now}) == [
        ("renamed", "1a Visits: was called 1b Visits in Q1."),
        ("renamed", "1b Calls: was called 1a Calls in Q1."),
    ]


def test_indicators_new_retired_and_replaced():
    then = indicator("old"), indicator("gone", reference="2")
    now = indicator("next", reference="3", title="Better measured", replaces="old"), indicator("new", reference="4")
    assert told({"indicators": then}, {"indicators": now}) == [
        ("indicator new", "4 % of victims supported: a new indicator."),
        (
            "indicator replaced",
            f"3 Better measured: takes the place of {NAME}; the two are different series and are not compared.",
        ),
        ("indicator gone", "2 % of victims supported: retired, and last reported in Q1."),
    ]


def test_one_that_took_the_place_of_another_long_ago_is_compared_with_itself():
    row = indicator("next", replaces="old")
    assert [k for k, _ in of_indicator(row, replace(row, confidence="A"))] == ["confidence worse"]


@pytest.mark.parametrize(
    ("was", "now", "why"),
    [
        ({"unit": "number"}, {}, "measured as “percentage” now and “number” in Q1"),
        ({"polarity": "lower"}, {}, "judged as “higher is better” now and “lower is better” in Q1"),
        ({"basis": "quarter"}, {}, "on the basis “year to date” now and “quarter” in Q1"),
    ],
)
def test_what_is_measured_otherwise_is_not_compared_and_says_so(was, now, why):
    found = of_indicator(indicator(value=Decimal(27), **was), indicator(value=Decimal(20), **now))
    assert found == [("not compared", f"{NAME}: {why}, so its values are not compared.")]


def test_the_polarity_that_an_old_report_did_not_keep_is_todays():
    found = of_indicator(indicator(polarity=""), indicator(value=Decimal(20)))
    assert [kind for kind, _ in found] == ["target lost"]


@pytest.mark.parametrize(
    ("polarity", "was", "now", "target", "kind"),
    [
        ("higher", 27, 22, 25, "target lost"),
        ("higher", 22, 25, 25, "target met"),
        ("lower", 22, 27, 25, "target lost"),
        ("lower", 27, 22, 25, "target met"),
        ("closer_to_zero", -18, -22, -20, "target lost"),
        ("closer_to_zero", -18, 22, -20, "target lost"),  # on the other side of zero, and farther from it
        ("closer_to_zero", -22, 4, -20, "target met"),
        ("closer_to_zero", -22, -20, -20, "target met"),
    ],
)
def test_a_value_crosses_its_target_either_way(polarity, was, now, target, kind):
    rows = [
        indicator(unit="percentage_points", polarity=polarity, value=Decimal(value), target=Decimal(target))
        for value in (was, now)
    ]
    assert [found for found, _ in of_indicator(*rows)] == [kind]


@pytest.mark.parametrize(("polarity", "was", "now"), [("none", 27, 22), ("higher", 27, 26), ("higher", 20, 24)])
def test_a_value_that_does_not_cross_is_no_change(polarity, was, now):
    rows = [indicator(polarity=polarity, value=Decimal(value)) for value in (was, now)]
    assert of_indicator(*rows) == []


def test_a_crossing_says_both_values_and_both_targets():
    ((_, text),) = of_indicator(indicator(), indicator(value=Decimal(22)))
    assert text == f"{NAME}: does not meet its target any more, 22% against 25%; in Q1 it was 27% against 25%."


def test_a_count_is_held_against_the_part_of_its_target_that_is_due():
    counts = {"unit": "number", "target": Decimal(320)}
    then = indicator(value=Decimal(132), expected=Decimal(80), **counts)
    now = indicator(value=Decimal(140), expected=Decimal(160), **counts)
    ((kind, text),) = of_indicator(then, now)
    assert kind == "target lost"
    assert text.endswith("140 against 160 (320 for the year); in Q1 it was 132 against 80.")


def test_a_target_that_moved_past_the_value_is_both():
    found = of_indicator(indicator(), indicator(target=Decimal(30)))
    assert [kind for kind, _ in found] == ["target lost", "target changed"]
    assert found[1][1] == f"{NAME}: the target is 30%; it was 25% in Q1."


def test_a_target_newly_set_says_why_there_was_none():
    found = of_indicator(indicator(target=None, target_missing="x"), indicator())
    assert found == [("target set", f"{NAME}: a target is set, 25%; Q1 had none (not available).")]


def test_a_target_on_another_basis_is_another_target():
    found = of_indicator(indicator(target_basis="quarter"), indicator(target_basis="year_to_date"))
    assert found == [("target changed", f"{NAME}: the target is 25% (year to date); it was 25% (quarter) in Q1.")]


def test_a_target_stays_where_only_the_basis_of_the_value_changed_or_was_written_out():
    found = of_indicator(indicator(basis="quarter"), indicator())
    assert [kind for kind, _ in found] == ["not compared"]
    assert of_indicator(indicator(), indicator(target_basis="year_to_date")) == []


def test_a_target_of_another_year_is_newly_set_and_years_to_date_begin_again():
    then, now = indicator(), indicator(target=Decimal(30), value=Decimal(5))
    found = compared({"indicators": (then,)}, {"indicators": (now,)}, first=Q4, second=NEXT_YEAR)
    assert [(c.kind, c.text) for c in found.changes] == [
        ("target set", f"{NAME}: the target for 2023/24 is 30%; that for 2022/23 was 25%.")
    ]
    assert found.not_compared == (
        "Money and years to date begin again with 2023/24: they are not compared with Q4 2022/23."
    )


def test_a_rolling_year_goes_on_over_the_turn_of_the_year():
    rows = [indicator(basis="rolling_12_months", value=Decimal(value)) for value in (27, 20)]
    found = of_indicator(*rows, first=Q4, second=NEXT_YEAR)
    assert [kind for kind, _ in found] == ["target lost", "target set"]
    assert "in Q4 2022/23 it was" in found[0][1]


def test_figures_newly_missing_and_supplied_say_why():
    then = indicator(value=None, missing="x", confidence="")
    assert of_indicator(then, indicator(confidence="")) == [
        ("supplied", f"{NAME}: the value is 27%, where Q1 had none (not available).")
    ]
    now = indicator(value=None, missing="c", target=None, target_missing="z", confidence="")
    assert of_indicator(indicator(confidence=""), now) == [
        ("missing", f"{NAME}: no value (confidential), where Q1 had 27%."),
        ("missing", f"{NAME}: no target (not applicable), where Q1 had 25%."),
    ]


def test_a_target_in_another_unit_is_supplied_not_compared():
    found = of_indicator(indicator(unit="number", target=None, target_missing="x"), indicator())
    assert [kind for kind, _ in found] == ["supplied", "not compared"]


def test_what_a_draft_does_not_answer_yet_is_one_sentence():
    then = {"indicators": (indicator(), indicator("j", reference="1b")), "ratings": ratings(time="G")}
    empty = {"value": None, "confidence": ""}
    now = {"indicators": (indicator(**empty), indicator("j", reference="1b", **empty)), "ratings": ratings(time="")}
    found = compared(then, now, status="open")
    assert [(c.kind, c.text) for c in found.changes] == [
        ("unanswered", "Victims: given in Q1 and not answered yet: 1 rating and 2 values.")
    ]


def test_what_a_draft_says_is_not_there_is_missing():
    now = {"indicators": (indicator(value=None, missing="x"),)}
    assert [c.kind for c in compared({"indicators": (indicator(),)}, now, status="open").changes] == ["missing"]


# Risks and issues


def test_risks_and_issues_new_closed_up_and_down():
    then = {
        "risks": (risk("up"), risk("down", 2), risk("shut", 3, "Ends")),
        "issues": (risk("rising", 1, "Already"),),
    }
    now = {
        "risks": (risk("up", level="H", trend="up"), risk("down", 2, level="L"), risk("new", 3, "Fresh", "L")),
        "issues": (risk("rising", 1, "Already", trend="up"), risk("hit", 2, "Strike", "H")),
        "closed": (risk("shut", 1, "Ends", closed_reason="Over.", kind="risk"),),
    }
    assert told(then, now) == [
        ("risk up", "Risk “Demand may rise”: up, from medium to high."),
        ("issue new", "Issue “Strike”: new, high."),
        ("risk new", "Risk “Fresh”: new, low."),
        ("risk rising", "Issue “Already”: rising (↑), its level still medium."),
        ("risk down", "Risk “Demand may rise”: down, from medium to low."),
        ("risk closed", "Risk “Ends”: closed."),
    ]


def test_a_falling_trend_at_the_same_level_is_for_the_better():
    found = told({"risks": (risk(),)}, {"risks": (risk(trend="down"),)})
    assert found == [("risk falling", "Risk “Demand may rise”: falling (↓), its level still medium.")]


def test_a_closing_is_told_once():
    shut = risk("shut", closed_reason="Over.", kind="risk")
    assert told({"closed": (shut,)}, {}) == []
    assert told({"closed": (shut,)}, {"closed": (shut,)}) == []


def test_a_risk_that_has_happened_is_told_as_one_thing():
    now = {
        "issues": (risk("i", level="H", raised_from="r"),),
        "closed": (risk("r", closed_reason="It has happened.", kind="risk"),),
    }
    assert told({"risks": (risk("r"),)}, now) == [
        ("became issue", "Issue “Demand may rise”: a risk in Q1, which has happened, high.")
    ]


def test_a_risk_that_is_not_reported_any_more_without_having_been_closed_is_told():
    assert told({"issues": (risk(),)}, {}) == [
        ("risk gone", "Issue “Demand may rise”: reported in Q1 and not any more, without having been closed.")
    ]


def test_a_level_newly_missing_and_supplied():
    assert [k for k, _ in told({"risks": (risk(),)}, {"risks": (risk(level=""),)})] == ["missing"]
    assert [k for k, _ in told({"risks": (risk(level=""),)}, {"risks": (risk(),)})] == ["supplied"]


# Goals


def of_goal(before, now, **kwargs):
    return told({"goals": (before,)}, {"goals": (now,)}, **kwargs)


def test_goals_slipped_earlier_complete_and_open_again():
    name = "Goal 1, Open the hub"
    assert of_goal(goal(), goal(stated=Period(2023, 1))) == [
        ("goal slipped", f"{name}: slipped, 2 quarters later: from Q3 to Q1 2023/24.")
    ]
    assert of_goal(goal(baseline=Period(2023, 2)), goal(baseline=Period(2023, 2), stated=Q4)) == [
        ("goal earlier", f"{name}: is expected sooner, 2 quarters earlier: from Q2 2023/24 to Q4.")
    ]
    assert of_goal(goal(), goal(confidence="CG")) == [("goal complete", f"{name}: complete.")]
    assert of_goal(goal(baseline=Q4, confidence="CG"), goal(baseline=Q4, confidence="A")) == [
        ("goal reopened", f"{name}: amber; it was complete in Q1.")
    ]
    assert of_goal(goal(baseline=Q4, confidence="CG"), goal(baseline=Q4, confidence="")) == [
        ("missing", f"{name}: no confidence, where Q1 had complete.")
    ]


def test_a_goal_due_next_quarter_is_told_and_one_that_is_complete_is_not():
    assert of_goal(goal(), goal()) == [("goal due", "Victims: goal 1 is due next quarter, Q3.")]
    assert of_goal(goal(confidence="CG"), goal(confidence="CG")) == []


def test_a_goal_past_its_quarter_is_told_once():
    late = goal(baseline=Q1, confidence="A")
    assert of_goal(late, late) == [("goal overdue", "Goal 1, Open the hub: was due in Q1 and is not complete.")]
    assert of_goal(late, late, first=Q2, second=Q3) == []


def test_a_baseline_that_moved_does_not_hide_a_slip():
    found = of_goal(goal(baseline=Q3), goal(baseline=Q4))
    assert [kind for kind, _ in found] == ["goal slipped", "baseline moved"]
    assert found[1][1] == "Goal 1, Open the hub: its baseline is Q4; it was Q3 in Q1."


def test_a_forecast_newly_missing_and_supplied():
    assert [k for k, _ in of_goal(goal(baseline=None, stated=Q4), goal(baseline=None))] == ["missing"]
    assert [k for k, _ in of_goal(goal(baseline=None), goal(baseline=None, stated=Q4))] == ["supplied"]


def test_goals_new_and_dropped():
    then = goal("old", 1, "Stop", confidence="A"), goal("done", 2, confidence="CG")
    assert told({"goals": then}, {"goals": (goal("new", 3, "Begin", baseline=Q4),)}) == [
        ("goal dropped", "Goal 1, Stop: not complete (amber in Q1), and not reported any more."),
        ("goal new", "Goal 3, Begin: a new goal, due in Q4."),
    ]


def test_a_goal_carried_into_a_new_year_is_compared_with_the_one_it_continues():
    then = goal("old", 7, baseline=Q4, confidence="G"), goal("left", 8, "Leave it", baseline=Q4, confidence="")
    now = goal("new", 1, year=2023, baseline=Q4, stated=Period(2023, 3), confidence="A", carried_from="old")
    assert told({"goals": then}, {"goals": (now,)}, first=Q4, second=NEXT_YEAR) == [
        ("goal slipped", "Goal 1, Open the hub: slipped, 3 quarters later: from Q4 2022/23 to Q3."),
        ("confidence worse", "Goal 1, Open the hub: the confidence is amber; it was green in Q4 2022/23."),
        (
            "goal dropped",
            "Goal 8, Leave it: not complete (not judged in Q4 2022/23), and not carried into 2023/24.",
        ),
        ("goal carried", "Goal 1, Open the hub: goes on in 2023/24; it was goal 7 of 2022/23."),
    ]


# Money


def of_money(before, now, **kwargs):
    return told({"finance": (before,)}, {"finance": (now,)}, **kwargs)


@pytest.mark.parametrize(
    ("forecast", "moved"), [("32.219", False), ("32.220", True), ("31.581", False), ("31.580", True)]
)
def test_a_forecast_is_told_of_from_more_than_one_per_cent(forecast, moved):
    found = of_money(money(), money(forecast=forecast, period="Q2"))
    assert [kind for kind, _ in found] == (["forecast moved"] if moved else [])


def test_a_forecast_that_moved_says_by_how_much():
    assert of_money(money(), money(forecast="32.9", period="Q2")) == [
        ("forecast moved", "Victims: the forecast of the year rose by 3.1%, from £31.9m to £32.9m since Q1.")
    ]


def test_a_budget_is_measured_against_the_forecast_before():
    then = money(budget="30", forecast="10")
    assert of_money(then, money(budget="30.1", forecast="10", period="Q2")) == []
    found = of_money(then, money(budget="30.2", forecast="10", period="Q2"))
    assert found == [("budget moved", "Victims: the budget of the year rose by 0.7%, from £30.0m to £30.2m since Q1.")]


def test_small_sums_are_said_in_pounds_where_the_printed_millions_are_the_same():
    found = of_money(money(forecast="0.31"), money(forecast="0.32", period="Q2"))
    assert found[0][1].endswith("rose by 3.2%, from £310,000 to £320,000 since Q1.")


def test_from_nothing_any_move_is_told_without_a_per_cent():
    ((_, text),) = of_money(money(forecast="0"), money(forecast="0.5", period="Q2"))
    assert text == "Victims: the forecast of the year rose, from £0.0m to £0.5m since Q1."


def test_money_newly_missing_and_supplied():
    then, now = money(actual=None), money(forecast=None, period="Q2")
    assert of_money(then, now) == [
        ("missing", "Victims, finance: no forecast, where Q1 had £31.9m."),
        ("supplied", "Victims, finance: the actual to date is £2.9m, where Q1 had none."),
    ]


def test_money_of_another_year_is_not_compared():
    found = compared(
        {"finance": (money(period="Q4"),)}, {"finance": (money(forecast="50"),)}, first=Q4, second=NEXT_YEAR
    )
    assert found.changes == ()
    assert found.not_compared.startswith("Money and years to date begin again with 2023/24")


# Weights


def test_every_kind_that_is_told_has_its_weight_and_the_heaviest_come_first():
    weights = [weight for weight, _ in KINDS.values()]
    assert weights == sorted(weights, reverse=True)
    assert len(set(weights)) == len(weights)
    then = {"ratings": ratings(time="G", spend="R"), "indicators": (indicator(),), "risks": (risk(),)}
    now = {"ratings": ratings(time="R", spend="G"), "indicators": (indicator(value=Decimal(2)),), "risks": ()}
    found = compared(then, now)
    assert [change.kind for change in found.changes] == ["rating red", "target lost", "rating better", "risk gone"]
    assert [change.weight for change in found.changes] == [KINDS[change.kind][0] for change in found.changes]


def test_a_kind_that_is_not_known_any_more_goes_neither_way():
    assert (way_of("risk up"), way_of("risk down"), way_of("of an older version")) == ("worse", "better", "other")


def test_goals_that_are_due_next_quarter_are_one_sentence_for_each_priority():
    then = tuple(goal(f"g{number}", number, confidence="CG" if number == 5 else "G") for number in (3, 5, 7, 9))
    found = told({"goals": then}, {"goals": then})
    assert found == [("goal due", "Victims: goals 3, 7 and 9 are due next quarter, Q3.")]


def test_an_indicator_without_a_value_is_told_once():
    """Nobody is asked for a confidence without one."""
    gone = indicator(value=None, missing="x", confidence="")
    assert of_indicator(indicator(), gone) == [
        ("missing", f"{NAME}: no value (not available), where Q1 had 27%."),
    ]
    assert of_indicator(gone, indicator()) == [
        ("supplied", f"{NAME}: the value is 27%, where Q1 had none (not available)."),
    ]
    kinds = {kind for kind, _ in of_indicator(gone, indicator(confidence="R"))}
    assert kinds == {"supplied", "confidence red"}  # that it is red is news of its own


def test_a_title_that_ends_in_a_full_stop_has_none_before_a_colon():
    found = of_indicator(indicator(title="Fewer."), indicator(title="Fewer.", confidence="A"))
    assert found == [("confidence worse", "1a Fewer: the confidence is amber; it was green in Q1.")]
    assert ".:" not in str(told({"goals": (goal(title="Open it."),)}, {"goals": (goal(title="Open it.", stated=Q4),)}))


def test_every_sentence_is_whole_and_leads_somewhere():
    then = {"ratings": ratings(time="G"), "indicators": (indicator(),), "goals": (goal(),), "finance": (money(),)}
    now = {
        "ratings": ratings(time="R"),
        "indicators": (indicator(value=Decimal(2)),),
        "goals": (goal(),),
        "finance": (money(forecast="40", period="Q2"),),
    }
    found = compared(then, now).changes
    assert [change.anchor for change in found] == ["ratings", "i", "finance", "goals"]
    assert all(re.fullmatch(r"[A-Z0-9“].*\.", change.text) for change in found)
    assert {(change.priority, change.slug) for change in found} == {("Victims", "victims")}
