"""The suggested confidence of an indicator: computed from its figures, never stored, shown beside the judged one."""

from __future__ import annotations

from decimal import Decimal

from priorities.cells import Basis, Polarity, Unit

DEFAULT_TOLERANCE = {Unit.PERCENT: Decimal(5), Unit.POINTS: Decimal(5), Unit.NUMBER: Decimal(10)}


def expected_by_now(
    target: Decimal | None, unit: str, basis: str, target_basis: str, *, quarter: int
) -> Decimal | None:
    """What the target comes to for a value on this basis at the end of this quarter (1 to 4), None if not comparable.

    Only counts add up over the year. A target without a basis is for the whole year where the value is a year to date,
    and on the value's own basis elsewhere.
    """
    if target is None or not basis or unit != Unit.NUMBER:
        return target if basis else None
    part_of_year = {
        (Basis.YEAR_TO_DATE, Basis.YEAR_TO_DATE): Decimal(quarter) / 4,
        (Basis.YEAR_TO_DATE, Basis.ROLLING_YEAR): Decimal(quarter) / 4,
        (Basis.YEAR_TO_DATE, Basis.QUARTER): Decimal(quarter),
        (Basis.QUARTER, Basis.YEAR_TO_DATE): Decimal("0.25"),
        (Basis.QUARTER, Basis.ROLLING_YEAR): Decimal("0.25"),
        (Basis.ROLLING_YEAR, Basis.YEAR_TO_DATE): Decimal(1),
        (Basis.ROLLING_YEAR, Basis.QUARTER): Decimal(4),
    }
    measured, own = Basis(basis), Basis(target_basis or basis)
    part = part_of_year.get((measured, own), Decimal(1) if own == measured else None)
    return None if part is None else target * part


def suggested_confidence(
    *,
    value: Decimal | None,
    target: Decimal | None,
    unit: str,
    polarity: str,
    basis: str,
    target_basis: str,
    quarter: int,
    tolerance: Decimal | None = None,
) -> str | None:
    """G, A or R; None where there is nothing to compare: no value, no target, no direction, bases that don't meet.

    G: the target, in the part of the year gone, is met. A: missed by no more than the tolerance. R: by more.
    The tolerance is in points for percentages and percentage points (5 unless given), and in per cent of the whole
    year's target for counts (10 unless given): a count's shortfall that is small against the year can still be made up,
    so the same pace is judged more sternly as the year goes on. `quarter` is 1 to 4.
    """
    expected = expected_by_now(target, unit, basis, target_basis, quarter=quarter)
    if value is None or target is None or expected is None:
        return None
    short = Polarity(polarity).shortfall(value, expected)
    if short is None:
        return None
    if short <= 0:
        return "G"
    allowed = DEFAULT_TOLERANCE[Unit(unit)] if tolerance is None else tolerance
    if unit == Unit.NUMBER:
        allowed = abs(target) * allowed / 100
    return "A" if short <= allowed else "R"
