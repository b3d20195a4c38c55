"""What people type, kind by kind: what is read, and the words for what is not."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from priorities import cells
from priorities.cells import Basis, CellError, Measure, Missing, Unit
from priorities.fields import CellField
from priorities.periods import Period

D = Decimal


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("27%", "percent", Measure(D(27))),
        ("27", "percent", Measure(D(27))),
        ("27.5 %", "percent", Measure(D("27.5"))),
        ("27 per cent", "percent", Measure(D(27))),
        ("4,127", "number", Measure(D(4127))),
        ("1417", "number", Measure(D(1417))),
        ("0", "number", Measure(D(0))),
        ("0%", "percent", Measure(D(0))),
        ("-18pp. (R12)", "percentage_points", Measure(D(-18), basis=Basis.ROLLING_YEAR)),
        ("−18pp", "percentage_points", Measure(D(-18))),
        ("–18 pp", "percentage_points", Measure(D(-18))),
        ("(18)", "percentage_points", Measure(D(-18))),
        ("+3pp", "percentage_points", Measure(D(3))),
        ("-18", "percentage_points", Measure(D(-18))),
        ("4\u00a0127", "number", Measure(D(4127))),
        ("1\u202f234\u2009567", "number", Measure(D(1234567))),
        ("4 127", "number", None),
        ("4\u00a012", "number", None),
        ("(4,127)", "number", Measure(D(-4127))),
        ("(18pp)", "percentage_points", Measure(D(-18))),
        ("\u201118pp", "percentage_points", Measure(D(-18))),
        ("−18pp. (R12)", "percentage_points", Measure(D(-18), basis=Basis.ROLLING_YEAR)),
        ("-0", "number", Measure(D(0))),
        ("−", "number", Measure(missing=Missing.NOT_AVAILABLE)),
        ("\u00a027%\u202f", "percent", Measure(D(27))),
        (".5", "percent", Measure(D("0.5"))),
        ("72% (YTD)", "percent", Measure(D(72), basis=Basis.YEAR_TO_DATE)),
        ("[x]", "number", Measure(missing=Missing.NOT_AVAILABLE)),
        ("*", "number", Measure(missing=Missing.NOT_AVAILABLE)),
        ("**", "percent", Measure(missing=Missing.NOT_AVAILABLE)),
        ("-", "number", Measure(missing=Missing.NOT_AVAILABLE)),
        ("TBC", "number", Measure(missing=Missing.NOT_AVAILABLE)),
        ("n/a", "number", Measure(missing=Missing.NOT_APPLICABLE)),
        ("[C]", "number", Measure(missing=Missing.CONFIDENTIAL)),
    ],
)
def test_measures(text, unit, expected):
    if expected is None:
        with pytest.raises(CellError):
            cells.parse_measure(text, unit)
    else:
        assert cells.parse_measure(text, unit) == expected


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        (
            "27%",
            "number",
            "“27%” is a percentage, but this indicator is a plain number; write it like 4,127.",
        ),
        ("27pp", "percent", "“27pp” is in percentage points, but this indicator is a percentage"),
        ("lots", "number", "“lots” is not a figure; write it like 4,127, or say why there is none: [x]."),
        ("1,2,3", "number", "not a figure"),
        ("12,34", "number", "not a figure"),
        ("--5", "number", "not a figure"),
        ("(5", "number", "not a figure"),
        ("(-5)", "percentage_points", "not a figure"),
        ("£5", "number", "not a figure"),
        ("1e5", "number", "not a figure"),
        ("٣", "number", "not a figure"),
        ("NaN", "number", "not a figure"),
        ("inf", "number", "not a figure"),
        (
            "2022-02-01",
            "number",
            "“01/02/2022” is a date, which the spreadsheet may have made of something else; "
            "format the cell as text and write it again, like 4,127.",
        ),
    ],
)
def test_what_is_no_measure_is_told(text, unit, message):
    with pytest.raises(CellError) as error:
        cells.parse_measure(text, unit)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("text", "pounds"),
    [
        ("£32.7m", 32_700_000),
        ("32.7", 32_700_000),
        ("£32,700,000", 32_700_000),
        ("£32.7 million", 32_700_000),
        ("(0.9)", -900_000),
        ("-£0.9m", -900_000),
        ("£-0.9m", -900_000),
        ("−0.9", -900_000),
        ("450k", 450_000),
        ("£1.2bn", 1_200_000_000),
        ("£5", 5_000_000),
        ("0", 0),
    ],
)
def test_money(text, pounds):
    assert cells.parse_money(text) == pounds


def test_bare_money_is_in_the_scale_of_its_column():
    assert cells.parse_money("32,700", scale=3) == cells.parse_money("32700000", scale=0) == 32_700_000


def test_money_keeps_the_digits_typed():
    assert cells.parse_money("32.7").as_tuple().exponent == 5


@pytest.mark.parametrize("text", ["ten", "32.7%", "£", "(5", "1,00", "5 apples"])
def test_what_is_no_money_is_told(text):
    with pytest.raises(CellError, match="is not an amount of money; write it like £32.7m or £32,700,000"):
        cells.parse_money(text)


def test_more_money_than_fits_is_told():
    with pytest.raises(CellError, match="more than this field can hold"):
        cells.parse_money("£32,700,000m")


@pytest.mark.parametrize(
    ("text", "letter"), [("g", "G"), ("Green", "G"), (" AMBER ", "A"), ("yellow", "A"), ("R", "R")]
)
def test_ratings(text, letter):
    assert cells.parse_rating(text) == letter


def test_a_rating_cannot_be_complete():
    with pytest.raises(CellError, match="“CG” is not a rating; write R, A or G."):
        cells.parse_rating("CG")


@pytest.mark.parametrize(("text", "letter"), [("CG", "CG"), ("Complete", "CG"), ("completed", "CG"), ("green", "G")])
def test_a_goals_confidence(text, letter):
    assert cells.parse_goal_confidence(text) == letter


@pytest.mark.parametrize(
    ("text", "trend"),
    [
        ("↑", "up"),
        ("→", "level"),
        ("↓", "down"),
        ("Up", "up"),
        ("level", "level"),
        ("no change", "level"),
        ("DOWN", "down"),
        ("⬆\ufe0f", "up"),
        ("➡\ufe0f", "level"),
        (" ⬇\ufe0e ", "down"),
        ("▶", "level"),
    ],
)
def test_trends(text, trend):
    assert cells.parse_trend(text) == trend


def test_another_trend_is_told():
    with pytest.raises(CellError, match="“sideways” is not a trend; write ↑, → or ↓"):
        cells.parse_trend("sideways")


@pytest.mark.parametrize(("text", "level"), [("H", "H"), ("high", "H"), ("Med", "M"), ("low", "L")])
def test_levels(text, level):
    assert cells.parse_level(text) == level


@pytest.mark.parametrize(
    ("text", "unit"),
    [("%", Unit.PERCENT), ("Number", Unit.NUMBER), ("pp", Unit.POINTS), ("No.", Unit.NUMBER)],
)
def test_units(text, unit):
    assert cells.parse_unit(text) == unit


@pytest.mark.parametrize(
    ("text", "basis"),
    [("R12", "rolling_12_months"), ("year to date", "year_to_date"), ("Quarter", "quarter")],
)
def test_bases(text, basis):
    assert cells.parse_basis(text) == basis


@pytest.mark.parametrize(
    "text",
    [
        "Q1 2022/23",
        "q1 22/23",
        "2022/23 Q1",
        "2022-23-q1",
        "Q1 2022-23",
        "Q1 2022/2023",
        " Q1\u00a02022/23 ",
        "22/23 Q1",
        "G1 2022/23",
    ],
)
def test_quarters(text):
    assert cells.parse_period(text) == Period(2022, 1)


def test_a_quarter_alone_is_of_the_year_given():
    assert cells.parse_period("Q3", 2022) == cells.parse_period("G3", 2022) == Period(2022, 3)
    assert cells.parse_period("Q1 2023/24", 2022) == Period(2023, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Q5 2022/23", "“Q5 2022/23”: there is no Q5, a year has quarters 1 to 4; write it like Q1 2022/23."),
        ("Q1 2022/24", "a financial year ends in the year after it begins"),
        ("Q1 1922/23", "outside 2000 to 2099"),
        ("Q3", "is not a quarter"),
        ("spring", "“spring” is not a quarter; write it like Q1 2022/23."),
    ],
)
def test_what_is_no_quarter_is_told(text, message):
    with pytest.raises(CellError) as error:
        cells.parse_period(text)
    assert message in str(error.value)


@pytest.mark.parametrize(("text", "number"), [("Q3", 3), ("3", 3), ("q4", 4), ("G3", 3), ("3.0", 3)])
def test_periods_of_the_year(text, number):
    assert cells.parse_period_number(text) == number


@pytest.mark.parametrize(
    ("text", "reference"), [("1a", "1a"), ("10", "10"), ("10.0", "10"), ("2b.", "2b"), ("1.1", "1.1")]
)
def test_references(text, reference):
    assert cells.parse_reference(text) == reference


@pytest.mark.parametrize("parse", [cells.parse_reference, cells.parse_number, cells.parse_money])
@pytest.mark.parametrize("text", ["2022-02-01", "2022-02-01 09:30"])
def test_a_date_that_a_spreadsheet_made_is_told(parse, text):
    with pytest.raises(
        CellError, match="“01/02/2022” is a date, which the spreadsheet may have made of something else"
    ):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        *("30/06/2022", "2022-06-30", "30 June 2022", "30 Jun 2022", "30.06.2022", "2022-06-30 00:00:00"),
        *("30-06-2022", "30-Jun-22", "30-jun-2022", "30 Jun 22", "30/06/22", "2022-06-30T09:30", "30/06/2022 09:30"),
    ],
)
def test_dates_have_the_day_first(text):
    assert cells.parse_date(text).isoformat() == "2022-06-30"


def test_september_has_four_letters_too():
    assert cells.parse_date("1 Sept 2022").isoformat() == "2022-09-01"


def test_a_day_that_is_not_is_told():
    with pytest.raises(CellError, match="“31/06/2022” is not a date; write it like 30/06/2022."):
        cells.parse_date("31/06/2022")


def test_a_titles_footnote_asterisks_are_not_part_of_it():
    assert cells.parse_title(" No. of\u00a0calls to  the hub** ") == "No. of calls to the hub"


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        ("27.0000", "percent", 0, "27%"),
        ("4127", "number", 0, "4,127"),
        ("-18", "percentage_points", 0, "−18pp"),
        ("0.25", "percent", 1, "0.25%"),
        ("64.5", "percent", 0, "64.5%"),
        ("2.5", "percent", 2, "2.50%"),
    ],
)
def test_measures_are_shown_in_their_unit(value, unit, decimals, text):
    assert cells.show_measure(D(value), unit, decimals) == text


@pytest.mark.parametrize(
    ("pounds", "text"),
    [
        (32_700_000, "£32.7m"),
        (-800_000, "−£0.8m"),
        (0, "£0.0m"),
        (-40_000, "£0.0m"),
        (50_000, "£0.1m"),
        (1_234_500_000, "£1,234.5m"),
    ],
)
def test_money_is_shown_in_millions(pounds, text):
    assert cells.show_money(D(pounds)) == text


def test_a_form_field_speaks_with_the_parsers_words():
    field = CellField(parse=cells.parse_money, required=False)
    assert field.clean("£32.7m") == 32_700_000
    assert field.clean("  ") is None
    with pytest.raises(Exception, match="is not an amount of money"):
        field.clean("ten")


PARSERS = [
    *(cells.parse_text, cells.parse_title, cells.parse_reference),
    *(cells.parse_rating, cells.parse_goal_confidence, cells.parse_trend, cells.parse_level),
    *(cells.parse_unit, cells.parse_basis, cells.parse_polarity, cells.parse_missing),
    *(cells.parse_period, lambda text: cells.parse_period(text, 2022), cells.parse_period_number, cells.parse_year),
    *(cells.parse_number, cells.parse_count, cells.parse_score, cells.parse_date),
    *(cells.parse_money, lambda text: cells.parse_money(text, 0)),
    *(lambda text, unit=unit: cells.parse_measure(text, unit) for unit in Unit),
]
NEARLY = st.text("0123456789.,-−–()£%pmkbnQq/ :TJunR\u00a0\u202f\ufe0f↑→↓٣[x]*", max_size=24)


@settings(max_examples=500)
@given(st.one_of(st.text(max_size=40), NEARLY), st.sampled_from(PARSERS))
def test_any_text_is_read_or_told_never_a_crash(text, parse):
    try:
        parse(text)
    except CellError as error:
        assert str(error).endswith(".")
        assert "Decimal" not in str(error)


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("text", ["9" * 32_767, "." + "9" * 32_767, "(" * 32_767, " " * 32_767, "-" * 32_767])
def test_a_very_long_text_is_read_or_told_at_once(text, parse):
    try:
        parse(text)
    except CellError as error:
        assert len(str(error)) < 300


@pytest.mark.parametrize("number", [-18, 0, 27, 4127, 1234567])
@pytest.mark.parametrize("written", ["{}", "{:,}", " {} ", "\u00a0{:,}\u202f", "{}.0", "{:,}.00"])
def test_a_number_is_the_same_however_it_is_written(number, written):
    assert cells.parse_measure(written.format(number), "number").value == number
    assert cells.parse_measure(written.format(number).replace("-", "−"), "number").value == number


def test_every_choice_is_read_by_its_value_and_its_label():
    read = {
        cells.Rating: cells.parse_rating,
        cells.GoalConfidence: cells.parse_goal_confidence,
        cells.Level: cells.parse_level,
        cells.Trend: cells.parse_trend,
        cells.Unit: cells.parse_unit,
        cells.Basis: cells.parse_basis,
        cells.Polarity: cells.parse_polarity,
    }
    for choices, parse in read.items():
        for choice in choices:
            assert parse(choice.value) == parse(choice.label) == parse(choice.label.upper()) == choice
    assert all(cells.parse_trend(trend.arrow) == trend for trend in cells.Trend)
    assert all(cells.parse_basis(basis.short) == basis for basis in cells.Basis)
    assert all(cells.parse_missing(missing.shorthand) == missing for missing in cells.Missing)


@given(st.dates())
def test_a_day_shown_can_be_typed_again(day):
    if day.year >= 1000:
        assert cells.parse_date(cells.show_date(day)) == day
    assert cells.parse_date(day.isoformat()) == day


@given(st.integers(2000, 2098), st.integers(1, 4))
def test_a_quarter_shown_can_be_typed_again(year, number):
    period = Period(year, number)
    assert cells.parse_period(period.label) == cells.parse_period(period.slug) == period


@given(st.decimals(-(10**9), 10**9, places=2))
def test_pounds_shown_in_full_can_be_typed_again(pounds):
    assert cells.parse_money(cells.show_pounds(pounds)) == pounds


@given(st.decimals(-(10**9), 10**9, places=2), st.sampled_from(list(Unit)))
def test_what_is_shown_can_be_typed_again(value, unit):
    assert cells.parse_measure(cells.show_measure(value, unit, 2), unit).value == value


@given(st.integers(-(10**6), 10**6))
def test_money_shown_can_be_typed_again(tenths):
    pounds = D(tenths) * 100_000
    assert cells.parse_money(cells.show_money(pounds)) == pounds
