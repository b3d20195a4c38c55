"""A quarter of everything that a spreadsheet might spoil."""

import datetime as dt
from decimal import Decimal

from priorities.periods import Period
from risks.models import Risk
from tests.make import (
    Q1,
    door,
    make_assessment,
    make_forecast,
    make_goal,
    make_indicator,
    make_position,
    make_priority,
    make_quarter,
    make_reading,
    make_update,
)

TEXTS = (
    "=1+1",
    "+44 20 7946 0000",
    "-18pp. (R12)",
    "@everyone",
    "'quoted'",
    "'=not a formula",
    'He said "no"; then, yes',
    "First\n\nThird line\twith a tab  and  spaces",
    "Café – ‘naïve’ 😀 £5m <b>&amp;</b> ]]>",
    "_x0041_ and %20 and \\n",
    "0027",
    "TRUE",
    "1-2",
    "1e5",
)
FIGURES = (
    ("percent", 0, {"value": Decimal("0"), "target": Decimal("0.3")}),
    ("percent", 1, {"value": Decimal("64.1234"), "target": Decimal("100")}),
    ("percent", 0, {"value": Decimal("0.0001"), "target": None, "target_missing": "z", "target_note": "A pilot."}),
    ("number", 0, {"value": Decimal("999999999999"), "target": Decimal("1234567")}),
    ("number", 4, {"value": Decimal("99999999999.9999"), "target": Decimal("0.1")}),
    ("percentage_points", 0, {"value": Decimal("-18"), "target": Decimal("-0.5"), "basis": "rolling_12_months"}),
    ("percentage_points", 0, {"value": None, "missing": "x", "note": "Not yet.", "confidence": ""}),
    ("number", 0, {"value": None, "target": None, "confidence": "", "basis": ""}),
)
REFERENCES = ("1a", "10", "007", "1.10", "2-1", "1e5", "", "TRUE")


def make_odd_quarter(tab="\t"):
    """The quarter, open, with all of it. LibreOffice loses every tab of an .ods, so its test has another."""
    words_of = [words.replace("\t", tab) for words in TEXTS]
    quarter = make_quarter(overview="=SUM(A1:A9)\nSecond line")
    first = make_priority("Victims & witnesses, “better” supported")
    update = make_update(
        first, quarter, narrative=words_of[7], ratings_note=words_of[0], finance_note=words_of[2], spend="R"
    )
    update.quarter = quarter
    for number, (unit, decimals, figures) in enumerate(FIGURES):
        reference, title = REFERENCES[number], f"Indicator {number}: {words_of[8]}"
        indicator = make_indicator(first, reference, unit=unit, decimals=decimals, title=title, position=number)
        as_at = dt.date(2022, 6, 30) if number % 2 else None
        make_reading(
            update, indicator, **{"reason": words_of[number], "as_at": as_at, "confirmed": bool(as_at), **figures}
        )
    for number, words in enumerate(words_of):
        make_assessment(update, kind="issue" if number % 2 else "risk", description=words, position=2 * number + 1)
        goal = make_goal(first, number + 1, title=f"Goal {words.splitlines()[0]}", baseline=(None, Q1)[number % 2])
        make_forecast(update, goal, comment=words, forecast=Period(2023, 2) if number % 3 else None)
    closed = Risk.objects.filter(kind="risk").first()
    closed.closed_from, closed.closed_reason, closed.owner = Q1.next, "=It is over", "-Ann"
    closed.save()
    make_position(update, 1, budget=Decimal("32712345.67"), forecast=Decimal("0.01"), ytd_profile=0, ytd_actual=None)
    make_position(update, 2, budget=Decimal("999999999999.99"), forecast=Decimal("-5000000"), confirmed=True)
    with door(make_update(make_priority("An empty one"), quarter)):
        pass
    return quarter
