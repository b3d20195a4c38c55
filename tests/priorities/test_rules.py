"""A rule worked out in Python agrees with the same condition in the database, NULLs and all."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db.models import Q, Value
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indicators.models import Indicator, Reading
from priorities.models import Assignment, Plan
from priorities.rules import Rule, check_row, holds
from tests.make import make_indicator, make_update

pytestmark = pytest.mark.django_db

maybe = st.none() | st.integers(-2, 6).map(Decimal)
rows = {
    Reading: st.builds(
        Reading,
        value=maybe,
        target=maybe,
        missing=st.sampled_from(["", "x", "q"]),
        target_missing=st.sampled_from(["", "z", "?"]),
        basis=st.sampled_from(["", "quarter", "month"]),
        target_basis=st.sampled_from(["", "quarter", "month"]),
        confidence=st.sampled_from(["", "R", "CG"]),
    ),
    Indicator: st.builds(
        Indicator,
        unit=st.sampled_from(["", "percent", "miles"]),
        polarity=st.sampled_from(["none", "up"]),
        decimals=st.integers(0, 6),
        tolerance=maybe,
    ),
    Plan: st.builds(Plan, first_year=st.integers(2020, 2025), last_year=st.integers(2020, 2025)),
    Assignment: st.builds(
        Assignment,
        role=st.sampled_from(["lead", "contributor", "boss"]),
        section=st.sampled_from(["", "goals", "lunch"]),
        starts_on=st.none() | st.dates(),
        ends_on=st.none() | st.dates(),
    ),
}


@pytest.mark.parametrize("model", rows, ids=lambda model: model.__name__)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_python_and_the_database_agree_on_every_rule(model, data):
    row = data.draw(rows[model])
    fields = [f for f in model._meta.concrete_fields if not f.is_relation and f.name != "id"]
    against = {f.name: Value(getattr(row, f.attname), output_field=f) for f in fields}
    for rule in model._meta.constraints:
        if isinstance(rule, Rule):
            in_database = Q(rule.condition).check(against)
            assert (holds(rule.condition, row) is not False) == in_database, rule.name


def test_unknown_is_not_false():
    assert holds(Q(value__gt=1), Reading(value=None)) is None
    assert holds(~Q(value__gt=1), Reading(value=None)) is None
    assert holds(Q(value__gt=1) | Q(missing="x"), Reading(value=None, missing="x")) is True
    assert holds(Q(value__gt=1) & Q(missing="x"), Reading(value=None, missing="")) is False


def test_a_row_is_checked_without_a_query(victims, django_assert_num_queries):
    update = make_update(victims)
    reading = Reading(update=update, indicator=make_indicator(victims), value=Decimal(1), missing="x", confidence="Q")
    with django_assert_num_queries(0), pytest.raises(ValidationError) as error:
        check_row(reading)
    assert error.value.message_dict["value"] == ["Give a value or the reason that there is none, not both."]
    assert "confidence" in error.value.message_dict


@pytest.mark.parametrize(
    ("unit", "value", "message"),
    [
        ("percent", -1, "A percentage can't be negative"),
        ("number", -1, "A count can't be negative"),
        ("number", "1.5", "counts whole things"),
    ],
)
def test_a_value_that_its_unit_forbids_is_told(victims, unit, value, message):
    reading = Reading(update=make_update(victims), indicator=make_indicator(victims, unit=unit), value=Decimal(value))
    with pytest.raises(ValidationError, match=message):
        check_row(reading)


def test_full_clean_says_a_rules_own_words_also_where_a_form_lacks_the_field(victims):
    reading = Reading(update=make_update(victims), indicator=make_indicator(victims), value=Decimal(1), missing="x")
    with pytest.raises(ValidationError, match="not both"):
        reading.validate_constraints(exclude={"value"})


def test_migrations_hold_ordinary_check_constraints():
    rule = Reading._meta.constraints[-1]
    assert rule.deconstruct()[0] == "django.db.models.CheckConstraint"
    assert rule == rule.clone()
