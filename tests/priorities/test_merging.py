"""Three-way merge: what only I changed is written, what both changed differently waits for a choice."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from priorities.merging import Conflict, merge

FIELDS = ("value", "note", "confidence")
VALUES = st.sampled_from([None, "", "x", 0, 1, Decimal("27.5"), Decimal("27.50"), "27.5"])
ROWS = st.fixed_dictionaries(dict.fromkeys(FIELDS, VALUES))


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "changes", "conflict"),
    [
        ("a", "a", "a", {}, None),
        ("a", "b", "a", {"note": "b"}, None),
        ("a", "a", "b", {}, None),
        ("a", "b", "b", {}, None),
        ("a", "b", "c", {}, Conflict("a", "b", "c")),
        ("a", "", "a", {"note": ""}, None),
        ("a", "", "c", {}, Conflict("a", "", "c")),
        (None, 1, None, {"note": 1}, None),
        (None, None, 1, {}, None),
        (1, None, 2, {}, Conflict(1, None, 2)),
        (None, "", None, {"note": ""}, None),
        (Decimal("27.5000"), Decimal("27.5"), Decimal(28), {}, None),
        (Decimal(27), Decimal("28.0"), Decimal(28), {}, None),
    ],
)
def test_a_field_is_left_written_or_in_conflict(base, mine, theirs, changes, conflict):
    merged = merge({"note": base}, {"note": mine}, {"note": theirs})
    assert merged.changes == changes
    assert merged.conflicts == ({"note": conflict} if conflict else {})


def test_fields_are_merged_one_by_one():
    base = {"value": 1, "note": "a", "confidence": "G"}
    merged = merge(base, {"value": 2, "note": "b", "confidence": "G"}, {"value": 3, "note": "a", "confidence": "A"})
    assert merged.changes == {"note": "b"}
    assert merged.conflicts == {"value": Conflict(1, 2, 3)}


def test_fields_that_i_was_not_shown_are_left_alone():
    merged = merge({"value": 1, "note": "a"}, {"note": "b"}, {"value": 2, "note": "a"})
    assert (merged.changes, merged.conflicts) == ({"note": "b"}, {})


def test_merging_changes_nothing_that_it_was_given():
    base, mine, theirs = {"note": "a"}, {"note": "b"}, {"note": "c"}
    merge(base, mine, theirs)
    assert (base, mine, theirs) == ({"note": "a"}, {"note": "b"}, {"note": "c"})


@given(ROWS, ROWS)
def test_where_nobody_else_wrote_mine_holds_everywhere(base, mine):
    merged = merge(base, mine, base)
    assert merged.conflicts == {}
    assert {**base, **merged.changes} == mine


@given(ROWS, ROWS)
def test_where_i_changed_nothing_nothing_is_written(base, theirs):
    merged = merge(base, base, theirs)
    assert (merged.changes, merged.conflicts) == ({}, {})


@given(ROWS, ROWS, ROWS)
def test_no_field_is_both_written_and_in_conflict(base, mine, theirs):
    merged = merge(base, mine, theirs)
    assert not merged.changes.keys() & merged.conflicts.keys()
    assert all(value != theirs[name] for name, value in merged.changes.items())


@given(ROWS, ROWS, ROWS)
def test_what_two_people_dispute_is_the_same_whoever_comes_first(base, mine, theirs):
    here, there = merge(base, mine, theirs).conflicts, merge(base, theirs, mine).conflicts
    assert here == {name: Conflict(c.base, c.theirs, c.mine) for name, c in there.items()}


@given(ROWS, ROWS, ROWS)
def test_what_is_not_disputed_is_the_same_whoever_comes_first(base, mine, theirs):
    here, there = merge(base, mine, theirs), merge(base, theirs, mine)
    after_mine, after_theirs = {**theirs, **here.changes}, {**mine, **there.changes}
    assert all(after_mine[name] == after_theirs[name] for name in FIELDS if name not in here.conflicts)


@given(ROWS, ROWS, ROWS)
def test_merging_again_what_was_merged_changes_nothing_more(base, mine, theirs):
    merged = merge(base, mine, theirs)
    again = merge(base, mine, {**theirs, **merged.changes})
    assert (again.changes, again.conflicts) == ({}, merged.conflicts)
