"""Each check before submitting: a case that it is told of, and a near one that it lets pass."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from priorities.door import Refused
from priorities.models import QuarterlyUpdate
from priorities.periods import Period
from tests.make import (
    Q1,
    door,
    make_assessment,
    make_forecast,
    make_full_update,
    make_goal,
    make_indicator,
    make_position,
    make_quarter,
    make_reading,
    make_update,
)
from updates.checks import checks_of
from updates.models import Explanation
from updates.submitting import Answer, NotReady, answer_warnings, submit

pytestmark = pytest.mark.django_db
Q2 = Period(2022, 2)
NEXT_YEAR = Period(2023, 1)
GREEN = dict.fromkeys(("objectives", "time", "spend", "capability", "risk"), "G")


def ready(priority, period=Q1, **kwargs):
    """An update with nothing for the checks to find."""
    texts = {"narrative": f"What went on in {priority}.", "finance_note": "No table this time."}
    return make_update(priority, make_quarter(period), **{**GREEN, **texts, **kwargs})


def reading(update, **kwargs):
    return make_reading(update, kwargs.pop("indicator", None), confirmed=True, **kwargs)


def forecast(update, goal=None, **kwargs):
    return make_forecast(update, goal, confirmed=True, **kwargs)


def position(update, period=None, **kwargs):
    return make_position(update, period or update.quarter.number, confirmed=True, **kwargs)


def stored(update):
    return QuarterlyUpdate.objects.select_related("quarter", "priority").get(pk=update.pk)


def errors(update):
    return [finding.message for finding in checks_of(stored(update)).errors]


def warnings(update):
    return [finding.message for finding in checks_of(stored(update)).warnings]


def rules(update):
    return [finding.warning.partition(":")[0] for finding in checks_of(stored(update)).warnings]


def write(row, **values):
    with door(row if isinstance(row, QuarterlyUpdate) else row.update):
        for name, value in values.items():
            setattr(row, name, value)
        row.save()


def number(priority, **kwargs):
    return make_indicator(priority, title="No. of calls", unit="number", **kwargs)


@pytest.fixture
def update(victims):
    return ready(victims)


def test_an_update_with_nothing_wrong_passes(update):
    reading(update)
    forecast(update)
    make_assessment(update, explanation="Demand is up", confirmed=True)
    position(update)
    checks = checks_of(update)
    assert (checks.errors, checks.warnings, checks.passed) == ([], [], True)


# Errors: rows


@pytest.mark.parametrize("name", ["value", "target"])
def test_a_figure_is_there_or_the_reason_that_it_is_not(victims, update, name):
    row = reading(update, **{name: None})
    assert errors(update) == [f"There is no {name}; give one, or say why there is none: [x]."]
    reason = {"value": "missing", "target": "target_missing"}[name]
    write(row, **{reason: "x"})
    assert errors(update) == []


def test_a_value_of_nought_is_a_value(victims, update):
    reading(update, indicator=number(victims), value=0, target=0)
    assert errors(update) == warnings(update) == []


def test_a_finding_names_its_section_its_row_and_its_cell(victims, update):
    row = reading(update, indicator=make_indicator(victims, "4b", title="% supported"), value=None)
    (finding,) = checks_of(update).errors
    assert (finding.section, finding.subject, finding.warning) == ("indicators", "4b % supported", "")
    assert finding.anchor == f"id_reading-{row.pk}-value"


@pytest.mark.parametrize("make", [make_reading, make_forecast, make_position, make_assessment])
def test_every_row_is_confirmed_for_this_quarter(update, make):
    row = make(update, **({"explanation": "Demand is up"} if make is make_assessment else {}))
    assert errors(update) == ["It is not confirmed for this quarter; tick it, or change what is no longer right."]
    write(row, confirmed=True)
    assert errors(update) == []


def test_a_value_with_a_target_is_judged(update):
    row = reading(update, confidence="")
    assert errors(update) == ["The confidence is not judged; write R, A or G."]
    write(row, value=None, missing="x")
    assert errors(update) == []


@pytest.mark.parametrize("confidence", ["A", "R"])
def test_an_amber_or_red_indicator_says_why(update, confidence):
    row = reading(update, confidence=confidence, value=Decimal(22 if confidence == "A" else 10))
    assert errors(update) == ["The confidence is amber or red; say why in the note."]
    write(row, note="Staff have left.")
    assert errors(update) == []
    write(row, note="", reason="Staff have left.")
    assert errors(update) == []


def test_a_green_indicator_needs_no_words(update):
    reading(update, confidence="G")
    assert errors(update) == []


@pytest.mark.parametrize("lacking", ["level", "trend", "explanation"])
def test_a_risk_has_a_level_a_trend_and_an_explanation(update, lacking):
    whole = {"level": "H", "trend": "up", "explanation": "Demand is up"}
    row = make_assessment(update, confirmed=True, **{**whole, lacking: ""})
    assert len(errors(update)) == 1
    assert lacking in errors(update)[0]
    write(row, **whole)
    assert errors(update) == []


@pytest.mark.parametrize(
    ("baseline", "forecast_for", "confidence", "told"),
    [
        (Period(2022, 3), Q1, "G", True),
        (Period(2022, 3), Q2, "G", False),
        (Period(2022, 3), None, "G", False),
        (Q1, None, "G", True),
        (Q1, Period(2022, 3), "G", False),
        (Q2, None, "G", False),
        (None, None, "G", False),
        (Q1, None, "CG", False),
        (Q1, Q1, "CG", False),
    ],
)
def test_an_unfinished_goal_is_not_expected_in_a_quarter_that_is_over(
    victims, baseline, forecast_for, confidence, told
):
    update = ready(victims, Q2)
    forecast(update, make_goal(victims, baseline=baseline), forecast=forecast_for, confidence=confidence)
    over = "Q1 2022/23 is over and the goal is not complete; give the quarter now expected, or write CG."
    assert errors(update) == ([over] if told else [])


def test_a_goal_has_a_confidence(update):
    row = forecast(update, confidence="")
    assert errors(update) == ["The goal has no confidence; write R, A, G or CG (complete)."]
    write(row, confidence="CG")
    assert errors(update) == []


@pytest.mark.parametrize(("confidence", "told"), [("A", True), ("R", True), ("G", False), ("CG", False)])
def test_an_amber_or_red_goal_says_why(update, confidence, told):
    row = forecast(update, confidence=confidence)
    assert errors(update) == (["The goal is amber or red; say why."] if told else [])
    write(row, comment="The bill is late.")
    assert errors(update) == []


# Errors: texts and finance


def test_there_is_a_narrative(update):
    write(update, narrative="")
    assert errors(update) == ["There is no narrative; write what happened this quarter."]
    (finding,) = checks_of(update).errors
    assert (finding.section, finding.anchor) == ("ratings", f"id_update-{update.pk}-narrative")


def test_every_rating_is_given(update):
    write(update, spend="")
    assert errors(update) == ["Spend has no rating; write R, A or G."]


@pytest.mark.parametrize(
    ("ratings", "told"),
    [
        ({"risk": "A"}, "Risk is amber or red; say why."),
        ({"objectives": "R", "time": "A", "risk": "A"}, "Objectives, time and risk are amber or red; say why."),
    ],
)
def test_an_amber_or_red_rating_is_explained_in_the_note(update, ratings, told):
    write(update, **ratings)
    assert errors(update) == [told]
    write(update, ratings_note="Costs rise.")
    assert errors(update) == []


def test_without_a_table_there_is_a_finance_note(update):
    write(update, finance_note="")
    assert errors(update) == ["There are no figures and no finance note; write a note."]
    position(update)
    assert errors(update) == []


@pytest.mark.parametrize("name", ["budget", "forecast", "ytd_profile", "ytd_actual"])
def test_the_quarters_own_period_is_complete_unless_the_note_speaks_of_it(update, name):
    write(update, finance_note="")
    position(update, **{name: None})
    assert len(errors(update)) == 1
    assert "say in the finance note why there is none" in errors(update)[0]
    write(update, finance_note="Figures follow.")
    assert errors(update) == []


def test_other_periods_may_be_incomplete(update):
    write(update, finance_note="")
    position(update)
    position(update, 2, forecast=None, ytd_actual=None)
    assert errors(update) == []


# Warnings: figures


@pytest.mark.parametrize(
    ("value", "target", "told"),
    [
        (2001, 200, True),
        (2000, 200, False),
        (5, 0, False),
        (0, 5, False),
    ],
)
def test_a_value_over_ten_times_its_target_is_questioned(victims, update, value, target, told):
    reading(update, indicator=number(victims, polarity="none"), value=value, target=target)
    assert warnings(update) == (["2,001 is more than ten times the target of 200."] if told else [])


def test_a_gap_over_ten_times_its_target_is_questioned_too(victims, update):
    gap = make_indicator(victims, unit="percentage_points", polarity="closer_to_zero")
    row = reading(update, indicator=gap, value=-21, target=-2, confidence="R", note="It widened.")
    assert warnings(update) == ["−21pp is more than ten times the target of −2pp."]
    write(row, value=-20)
    assert warnings(update) == []


@pytest.mark.parametrize(
    ("figures", "told"),
    [
        ({"value": Decimal("100.5")}, ["The value, 100.5%, is over 100%."]),
        ({"value": 100}, []),
        ({"target": 120, "value": None, "missing": "x"}, ["The target, 120%, is over 100%."]),
    ],
)
def test_a_percentage_over_100_is_questioned(update, figures, told):
    reading(update, **figures)
    assert warnings(update) == told


def test_a_count_over_100_is_not_a_percentage(victims, update):
    reading(update, indicator=number(victims), value=120, target=110)
    assert warnings(update) == []


@pytest.mark.parametrize(
    ("figures", "told"),
    [
        ({"value": Decimal("0.27"), "target": None, "target_missing": "x"}, ["The value is 0.27%; is 27% meant?"]),
        ({"value": 27, "target": Decimal("0.25")}, ["The target is 0.25%; is 25% meant?"]),
        ({"value": 0, "target": 0}, []),
        ({"value": 1, "target": 1}, []),
    ],
)
def test_a_fraction_for_a_percentage_is_questioned(update, figures, told):
    reading(update, **figures)
    assert [message for message in warnings(update) if "meant" in message] == told


def test_a_fraction_of_a_point_is_not_questioned(victims, update):
    gap = make_indicator(victims, unit="percentage_points", decimals=2)
    reading(update, indicator=gap, value=Decimal("0.27"), target=Decimal("0.25"))
    assert warnings(update) == []


def two_quarters(priority, before, after, indicator=None, periods=(Q1, Q2)):
    """A figure in each of two quarters; the later update."""
    indicator = indicator or number(priority, polarity="none")
    for period, figures in zip(periods, (before, after), strict=True):
        update = ready(
            priority, period, narrative=f"What happened until {period.ends_on}.", finance_note=str(period.ends_on)
        )
        reading(update, indicator=indicator, **{"target": None, "target_missing": "x", "confidence": "", **figures})
    return update


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"value": 300}, {"value": 299}, True),
        ({"value": 300}, {"value": 300}, False),
        ({"value": 300}, {"value": None, "missing": "x"}, False),
        ({"value": None, "missing": "x"}, {"value": 1}, False),
        ({"value": 300, "basis": "quarter"}, {"value": 299, "basis": "quarter"}, False),
        ({"value": 300, "basis": "quarter"}, {"value": 299}, False),
        ({"value": 300}, {"value": 299, "basis": "rolling_12_months"}, False),
    ],
)
def test_a_count_of_the_year_does_not_fall(victims, before, after, told):
    update = two_quarters(victims, before, after)
    assert warnings(update) == (["The year to date, 299, is below last quarter’s 300."] if told else [])


def test_a_percentage_may_fall(victims):
    percentage = make_indicator(victims, polarity="none")
    assert warnings(two_quarters(victims, {"value": 30}, {"value": 29}, percentage)) == []


def test_a_count_begins_anew_with_the_year(victims):
    periods = (Period(2022, 4), NEXT_YEAR)
    assert warnings(two_quarters(victims, {"value": 300}, {"value": 20}, periods=periods)) == []


@pytest.mark.parametrize(
    ("basis", "target_basis", "told"),
    [
        ("quarter", "year_to_date", "quarter"),
        ("", "year_to_date", "no basis"),
        ("year_to_date", "year_to_date", ""),
        ("rolling_12_months", "", ""),
    ],
)
def test_value_and_target_on_different_bases_are_questioned(victims, update, basis, target_basis, told):
    indicator = make_indicator(victims, polarity="none")
    row = reading(update, indicator=indicator, basis=basis, target_basis=target_basis)
    expected = f"The value is on another basis ({told}) than its target (year to date)."
    assert warnings(update) == ([expected] if told else [])
    write(row, value=None, missing="x")
    assert warnings(update) == []


@pytest.mark.parametrize(
    ("note", "promised"),
    [
        ("Data will be available from Q2.", "Q2"),
        ("Data will be available from quarter two.", "Q2"),
        ("Data available from Quarter 2", "Q2"),
        ("Data available from the second quarter.", "Q2"),
        ("Figures from Q1 onwards", "Q1"),
        ("Data will be available from Q4.", ""),
        ("Data will be available from Q2 2023/24.", ""),
        ("As in Q2.", ""),
        ("Nothing is known.", ""),
    ],
)
@pytest.mark.parametrize(("field", "what"), [("note", "note"), ("target_note", "target’s note")])
def test_a_note_that_promised_figures_by_now_is_questioned(victims, note, promised, field, what):
    update = ready(victims, Q2)
    reading(update, **{field: note})
    told = f"The {what} promises figures from {promised}, and this is Q2 2022/23."
    assert warnings(update) == ([told] if promised else [])


def test_a_promise_of_the_last_year_is_kept_by_now(victims):
    update = ready(victims, NEXT_YEAR)
    reading(update, note="Data will be available from Q4 2022/23.")
    assert rules(update) == ["promise_note"]


@pytest.mark.parametrize(
    ("value", "confidence", "told"),
    [
        (24, "G", ("green", "amber")),
        (27, "A", ("amber", "green")),
        (10, "G", ("green", "red")),
        (27, "G", ()),
        (24, "A", ()),
    ],
)
def test_a_judgement_against_the_figures_has_its_reason(update, value, confidence, told):
    row = reading(update, value=value, confidence=confidence, note="A note is not the reason.")
    assert rules(update) == ["judged"] * bool(told)
    assert all(colour in warnings(update)[0].lower() for colour in told)
    write(row, reason="The contract is signed.")
    assert warnings(update) == []


def test_without_a_direction_no_judgement_is_against_the_figures(victims, update):
    reading(update, indicator=make_indicator(victims, polarity="none"), value=1, confidence="G")
    assert warnings(update) == []


# Warnings: texts


@pytest.mark.parametrize(
    ("field", "what"),
    [("narrative", "narrative"), ("ratings_note", "note on the ratings"), ("finance_note", "finance note")],
)
@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("We went on.", "We went on.", True),
        ("We went on.", " We  went\n\non. ", True),
        ("We went on.", "We went on again.", False),
        ("", "", False),
    ],
)
def test_a_text_that_is_last_quarters_is_questioned(victims, field, what, before, after, told):
    other = {"narrative": "In spring.", "finance_note": "Spring."}
    ready(victims, Q1, **{**other, field: before})
    update = ready(victims, Q2, **{"narrative": "In summer.", "finance_note": "Summer.", field: after})
    assert warnings(update) == ([f"The {what} is the same as in Q1 2022/23."] if told else [])


def test_another_prioritys_text_may_be_the_same(victims, trust):
    ready(trust, Q1, narrative="We went on.")
    assert warnings(ready(victims, Q2, narrative="We went on.")) == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("As at Quarter One we are well.", "Quarter One"),
        ("As in Q1 2022/23, we are well.", "Q1 2022/23"),
        ("In the first quarter we met twice.", "the first quarter"),
        ("It was launched in Q1.", "Q1"),
        ("Due in quarter 4.", "quarter 4"),
        ("As in Q2 2021/22.", "Q2 2021/22"),
        ("As in Q2 2021-22.", "Q2 2021-22"),
        ("In Q1 and in q1, then Q3.", "Q1, q1, Q3"),
        ("As at Quarter Two we are well.", ""),
        ("As in Q2 2022/23, we are well.", ""),
        ("In the second quarter we met.", ""),
        ("The headquarters moved; three quarters of staff came. Question 1 is open.", ""),
    ],
)
@pytest.mark.parametrize("field", ["narrative", "finance_note"])
def test_a_text_that_names_another_quarter_is_questioned(victims, text, named, field):
    update = ready(victims, Q2, **{field: text})
    what = {"narrative": "narrative", "finance_note": "finance note"}[field]
    told = f"The {what} names another quarter ({named}), and this is Q2 2022/23."
    assert warnings(update) == ([told] if named else [])


@pytest.mark.parametrize("year", ["2021–22", "21–22", "21/22", "21-22"])
def test_a_year_in_any_of_the_ways_the_report_writes_it_makes_it_another_quarter(victims, year):
    update = ready(victims, Q2, narrative=f"Down from Q2 {year}.")
    assert rules(update) == ["quarter"]


# Warnings: the finance note against the table; the default table has −0.8 for the year and −0.1 to date


@pytest.mark.parametrize(
    ("note", "strange"),
    [
        ("The forecast position is a £0.9m underspend.", "“£0.9m”"),
        ("We spent £3.5m of £32.7m, and £4m is held.", "“£3.5m”, “£4m”"),
        ("We spent £900k.", "“£900k”"),
        ("We spent £2,950,000.", "“£2,950,000”"),
        ("We spent £2,950,000, as planned.", "“£2,950,000”"),
        ("We spent £4 more.", "“£4”"),
        ("The forecast position is a £0.8m underspend.", ""),
        ("The forecast position is an £800k underspend.", ""),
        ("The forecast position is an £800,000 underspend.", ""),
        ("The forecast position is an £0.8 million underspend.", ""),
        ("The forecast position is an £800 thousand underspend.", ""),
        ("We spent £2.9m of £3m to date, a £0.1m underspend, against £32.7m.", ""),
        ("Spend to budget.", ""),
    ],
)
def test_amounts_of_the_finance_note_are_in_the_table(update, note, strange):
    write(update, finance_note=note)
    position(update)
    told = f"The finance note says {strange}, which is none of the table’s figures; "
    table = "forecast variance −£0.8m, to-date variance −£0.1m."
    assert warnings(update) == ([told + table] if strange else [])


def test_an_amount_that_a_figure_rounds_to_is_in_the_table(update):
    write(update, finance_note="We spent £2.9m.")
    row = position(update, ytd_actual=2_949_999)
    assert warnings(update) == []
    write(row, ytd_actual=2_950_001, ytd_profile=2_950_001)
    assert rules(update) == ["amounts"]


def test_an_amount_of_another_period_is_in_the_table_too(update):
    write(update, finance_note="The profile is £12.6m by autumn.")
    position(update)
    assert rules(update) == ["amounts"]
    position(update, 2, ytd_profile=12_600_000, ytd_actual=None)
    assert rules(update) == []


def test_without_a_table_a_finance_note_may_say_any_amount(update):
    write(update, finance_note="The forecast position is a £0.9m overspend.")
    assert warnings(update) == []


@pytest.mark.parametrize(
    ("note", "contradicted"),
    [
        ("The forecast position is an overspend.", "overspend"),
        ("The year end will be overspent.", "overspent"),
        ("The YTD position is an over-spend.", "over-spend"),
        ("The YTD position is an underspend. The forecast is an overspend.", "overspend"),
        ("There is an overspend.", "overspend"),
        ("The forecast position is an underspend.", ""),
        ("The YTD position is a small underspend of £0.1m.", ""),
        ("There is an underspend.", ""),
    ],
)
def test_an_under_or_overspend_that_the_table_contradicts_is_questioned(update, note, contradicted):
    write(update, finance_note=note)
    position(update)
    told = f"The finance note says “{contradicted}”, but the table doesn’t: "
    table = "forecast variance −£0.8m, to-date variance −£0.1m."
    assert warnings(update) == ([told + table] if contradicted else [])


@pytest.mark.parametrize(
    ("figures", "note", "told"),
    [
        ({"forecast": 33_000_000}, "The forecast is an underspend.", True),
        ({"forecast": 33_000_000}, "The forecast is an overspend.", False),
        ({"forecast": 33_000_000}, "The YTD position is an underspend.", False),
        ({"forecast": 32_700_000}, "The forecast is an underspend.", True),
        ({"forecast": 32_660_000}, "The forecast is a £40k underspend.", False),
        ({"forecast": None}, "The forecast is an overspend.", False),
        ({"ytd_actual": 3_200_000}, "The position to date is underspent.", True),
    ],
)
def test_the_variance_that_a_sentence_speaks_of_is_the_one_compared(update, figures, note, told):
    write(update, finance_note=note)
    position(update, **figures)
    assert rules(update) == (["spend"] if told else [])


def test_the_note_of_the_reference_report_is_questioned_for_its_underspend_only(demo):
    update = QuarterlyUpdate.objects.get(priority__title__startswith="Victims")
    assert [(f.message, f.section) for f in checks_of(stored(update)).warnings if f.section == "finance"] == [
        (
            "The finance note says “£0.9m”, which is none of the table’s figures; "
            "forecast variance −£0.8m, to-date variance −£0.1m.",
            "finance",
        )
    ]


# Answers


def answered(update, by, words="Checked with the provider.", confirmed=False):
    checks = checks_of(stored(update))
    answer_warnings(stored(update), {f.warning: Answer(confirmed, words, f.told) for f in checks.warnings}, by=by)
    return checks_of(stored(update))


@pytest.fixture
def questioned(victims, update):
    """A reading with one warning: over ten times its target."""
    return reading(update, indicator=number(victims, polarity="none"), value=300, target=20)


@pytest.mark.parametrize("other", [{"value": 301}, {"target": 19}])
def test_an_answer_holds_for_the_very_figure_only(victims_lead, questioned, other):
    update, figures = questioned.update, {"value": 300, "target": 20}
    assert not checks_of(stored(update)).passed
    assert answered(update, victims_lead).passed
    write(questioned, **other)
    assert [f.subject for f in checks_of(stored(update)).unanswered] == [str(questioned.indicator)]
    write(questioned, **figures)
    assert checks_of(stored(update)).passed


def test_an_answered_judgement_is_asked_again_of_another_figure(victims_lead, update):
    row = reading(update, value=10, confidence="G")
    assert answered(update, victims_lead).passed
    write(row, value=1)
    assert not checks_of(stored(update)).passed


@pytest.mark.parametrize(
    ("confirmed", "words", "holds"), [(True, "", True), (False, "Right.", True), (False, "", False)]
)
def test_a_warning_is_confirmed_or_explained(victims_lead, questioned, confirmed, words, holds):
    checks = answered(questioned.update, victims_lead, words, confirmed)
    assert checks.passed == holds
    assert Explanation.objects.count() == holds


def test_an_answer_is_kept_with_the_warning_as_it_was_read(victims_lead, questioned):
    checks = answered(questioned.update, victims_lead)
    row = Explanation.objects.get()
    assert (row.warning, row.told) == (f"ten_times:reading-{questioned.pk}", checks.warnings[0].told)
    assert (row.text, row.history.get().history_user) == ("Checked with the provider.", victims_lead)


def test_an_answer_can_be_changed_and_taken_back(victims_lead, questioned):
    update = questioned.update
    answered(update, victims_lead, "First words.")
    assert answered(update, victims_lead, "Better words.").passed
    assert Explanation.objects.get().text == "Better words."
    assert not answered(update, victims_lead, "").passed


def test_the_same_answer_again_writes_nothing(victims_lead, questioned):
    update = questioned.update
    answered(update, victims_lead)
    before = stored(update).version
    answered(update, victims_lead)
    assert stored(update).version == before
    assert Explanation.objects.get().history.count() == 1


def test_an_answer_to_one_warning_leaves_the_others_open(victims_lead, victims, questioned):
    update = questioned.update
    other = make_indicator(victims, "2b", title="No. of hours", unit="number", polarity="none")
    reading(update, indicator=other, value=500, target=20)
    first = f"ten_times:reading-{questioned.pk}"
    told = next(f.told for f in checks_of(stored(update)).warnings if f.warning == first)
    answers = {first: Answer(True, "", told), "ten_times:reading-999": Answer(True, "", "Another.")}
    answer_warnings(stored(update), answers, by=victims_lead)
    assert [f.subject for f in checks_of(stored(update)).unanswered] == ["2b No. of hours"]
    assert Explanation.objects.count() == 1


def test_answers_are_not_taken_from_others_than_who_may_edit(trust_lead, questioned):
    with pytest.raises(Refused, match="not yours to edit"):
        answered(questioned.update, trust_lead)
    assert not Explanation.objects.exists()


def test_an_update_is_submitted_once_its_warnings_are_answered(victims_lead, questioned):
    update = questioned.update
    with pytest.raises(NotReady) as refused:
        submit(stored(update), by=victims_lead)
    assert [f.warning for f in refused.value.checks.warnings] == [f"ten_times:reading-{questioned.pk}"]
    assert stored(update).status == "in_progress"
    answered(update, victims_lead)
    assert submit(stored(update), by=victims_lead).status == "submitted"


def test_an_answer_does_not_help_against_an_error(victims_lead, questioned):
    write(questioned, confirmed=False)
    assert not answered(questioned.update, victims_lead).passed


# What it costs


def test_checking_takes_seven_queries_for_thirty_rows_as_for_three(victims, trust):
    def queries(priority, rows):
        make_full_update(priority, make_quarter(), rows=rows)
        update = make_full_update(priority, make_quarter(Q2), rows=rows)
        update = stored(update)
        with CaptureQueriesContext(connection) as found:
            checks = checks_of(update)
        assert len(checks.errors) > rows
        return len(found)

    few = queries(victims, 3)
    assert few <= 7
    assert queries(trust, 30) == few


@pytest.mark.parametrize(
    ("figures", "told"),
    [
        ({"forecast": 31_900_000_000}, "Q2: the forecast, £31,900.0m, is far from the budget, £32.7m."),
        ({"ytd_actual": 12_300}, "Q2: the actual to date, £0.0m, is far from the profile, £3.0m."),
        ({"forecast": 31_900_000, "ytd_actual": 2_900_000}, ""),
    ],
)
def test_money_that_is_a_slip_of_units_is_questioned(victims, figures, told):
    update = make_update(victims, make_quarter(Period(2022, 2)))
    make_position(update, 2, **figures)
    found = [f.message for f in checks_of(stored(update)).warnings]
    assert found == ([told] if told else [])


def test_an_actual_of_a_period_that_has_not_come_is_questioned(victims):
    update = make_update(victims, make_quarter(Period(2022, 2)))
    make_position(update, 3, ytd_actual=2_900_000)
    assert [f.message for f in checks_of(stored(update)).warnings] == [
        "Q3 has an actual to date, and this is Q2 2022/23."
    ]
