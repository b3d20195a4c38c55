"""Whatever stands in the cells, planning an import ends in rows and problems, and never in an error of the program."""

from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from priorities.history import Source
from priorities.models import Person
from tests.make import make_assignment, make_full_update, make_person, make_position, make_priority, make_quarter
from workbooks.importing import KINDS, SHEETS, apply_import, plan_import
from workbooks.reading import Sheet
from workbooks.reading.sheets import cleaned

from .books import VICTIMS, Q

pytestmark = [pytest.mark.django_db, pytest.mark.once]

HEADINGS = sorted({heading for classes in SHEETS.values() for resource in classes for heading in resource().headings()})
GOOD = {
    "Quarter": [Q, "Q2 2022/23", "2022/23 Q1"],
    "Priority": [VICTIMS, "Trust and confidence", "Victims are better suported"],
    "Ref": ["1", "2", "9z"],
    "Indicator": ["% of victims supported, 1", "Something new"],
    "Period": ["Q1", "2"],
    "No.": ["1", "7"],
    "Risk": [f"Risk 1 of {Q}", "Something new"],
    "Issue": ["Something new"],
    "Goal": ["Goal 1", "Something new"],
    "Basis": ["R12", "YTD"],
    "Value": ["27%", "[x]", "0.27", "-18pp. (R12)", "1e400"],
    "Version": ["0", "1", "99999999999", "²"],
}
ODD = ["", "", "[clear]", "[x]", "*", "G", "up", "yes", "0", "-1", "1e9", "9" * 40, "£" + "9" * 30, "Q5 2022/23", "🙂"]
CELLS = st.one_of(st.sampled_from(ODD), st.text(max_size=12).map(cleaned))  # as the reader hands them over


@st.composite
def sheets(draw):
    found = []
    for name in draw(st.lists(st.sampled_from([*SHEETS, "Cover", "Goal"]), min_size=1, max_size=3, unique=True)):
        own = [h for resource in SHEETS.get(name, ()) for h in resource.required]
        more = draw(st.lists(st.sampled_from(HEADINGS), max_size=8))
        headings = draw(st.permutations([*dict.fromkeys(own), *more]))
        good = [st.sampled_from(GOOD.get(heading, ["", "G"])) for heading in headings]
        cells = [st.one_of(cell, cell, cell, cell, CELLS) for cell in good]
        rows = draw(st.lists(st.tuples(*cells).map(list), max_size=4))
        broken = draw(
            st.dictionaries(st.tuples(st.integers(1, 5), st.integers(1, 9)), st.just("is an error."), max_size=2)
        )
        found.append(Sheet(name, [list(headings), *rows], broken=broken))
    return found


@pytest.fixture
def stored(db):
    make_full_update(make_priority(), make_quarter(), rows=2)
    update = make_full_update(make_priority(title="Trust and confidence"), make_quarter(), rows=1)
    make_assignment(update.priority, make_person("lead"))
    make_position(update, period=2)


@given(sheets(), st.booleans())
@example([Sheet("Goals", [])], False)
@example([Sheet("Goals", [[], [""], []])], False)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_made_up_sheets_end_in_rows_and_problems(stored, made, as_lead):
    planned = plan_import(made, by=Person.objects.get() if as_lead else None)
    assert all(told.line for told in planned.told)
    assert {row.kind for row in planned.rows} <= set(KINDS)
    assert all(row.subject is not None and row.cells is not None for row in planned.rows)
    assert planned.fingerprint
    if planned.problems:
        return
    with transaction.atomic():
        apply_import(planned, source=Source.SPREADSHEET)
        transaction.set_rollback(True)


def test_the_demo_with_any_one_column_in_ruins_is_told(stored):
    from django.conf import settings as project

    from workbooks.reading import read_workbook

    for index in range(14):
        found, _ = read_workbook(Path(project.BASE_DIR) / "demo" / "q1-2022-23")
        for sheet in found:
            for row in sheet.rows[1:]:
                if index < len(row):
                    row[index] = f"ruin {row[index]}"
        assert all(line for line in plan_import(found, by=None).problems)
