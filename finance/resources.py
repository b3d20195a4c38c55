"""The Finance sheet. Variances stated in it are checked against the computed ones, never stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from priorities.cells import (
    CellError,
    parse_money,
    parse_period_number,
    rounded,
    show_money,
    show_percent,
    show_pounds,
    tidy,
)
from priorities.columns import Column, Key, cell, confirmed_column, fold, wrong
from priorities.periods import Period
from priorities.rows import Row, SheetResource, Texts

from .models import FinancialPosition, rounding_explains, variance

TIMES, LARGE = 500, Decimal(10**10)  # from where on a figure is questioned: times what is stored, and pounds
MEANT = "numbers here are in £m unless the heading or the cell says otherwise, like £12,300k."
SCALES = {"£m": 6, "£000s": 3, "£000": 3, "£k": 3, "£": 0, "pounds": 0}


def scale_of(heading: str) -> int:
    """The power of ten that a column's bare numbers are in: "Budget (£k)" is 3, "Budget" 6."""
    match = re.search(r"\((?:in )?(£m|£000s?|£k|£|pounds)\)\s*$", tidy(heading).casefold())
    return SCALES[match[1]] if match else 6


def parse_variance(text: str, scale: int = 6) -> tuple[Decimal | None, Decimal | None, bool]:
    """A stated variance: "-2.5% (-0.9)", "-2.5%", "(0.9)" or "0.0".

    Returns the amount in pounds, the per cent, and whether the number may be either. Raises CellError for the rest.
    """
    cleaned = tidy(text)
    for form, share, money in (
        (r"([-+]?[0-9.,]+)\s*%\s*\((.+)\)", 1, 2),
        (r"(.+?)\s*\(\s*([-+]?[0-9.,]+)\s*%\s*\)", 2, 1),
    ):
        if both := re.fullmatch(form, cleaned):
            return parse_money(both[money], scale), percent(both[share], text), False
    if alone := re.fullmatch(r"([-+]?[0-9.,]+)\s*%", cleaned):
        return None, percent(alone[1], text), False
    amount = parse_money(cleaned, scale)
    bare = re.fullmatch(r"[-+]?[0-9.]+", cleaned)
    return amount, percent(cleaned, text) if bare else None, bool(bare)


def percent(digits: str, text: str) -> Decimal:
    try:
        return Decimal(digits.replace(",", ""))
    except ArithmeticError as error:
        raise CellError(f"“{text}” is not a variance; write it like -2.5% (-0.9), or leave it empty.") from error


class MoneyColumn(Column):
    """Pounds, in £m unless the heading says otherwise."""

    def __init__(self, attribute: str, heading: str, **kwargs: Any) -> None:
        super().__init__(attribute, heading, empty=None, show=show_pounds, **kwargs)
        self.scale = 6

    def read(self, text: str, instance: Any) -> Any:
        return parse_money(text, self.scale)

    def words(self, values: Mapping[str, Any], instance: Any) -> str:
        text = super().words(values, instance)
        return f"{'−' * text.startswith('-')}£{text.removeprefix('-')}m" if text else ""


class FinancialPositionResource(SheetResource):
    required = ("Quarter", "Priority", "Period")
    answers = ("budget", "forecast", "ytd_profile", "ytd_actual")
    expected = ("Budget", "Forecast")
    quarter = Key("update__quarter__period", "Quarter")
    priority = Key("update__priority__title", "Priority")
    period = Key("period", "Period", aliases=("£m Rev",), show=lambda number: f"Q{number}")
    budget = MoneyColumn("budget", "Budget", aliases=("Yr Budget",))
    forecast = MoneyColumn("forecast", "Forecast")
    ytd_profile = MoneyColumn("ytd_profile", "YTD profile", likely=("Profile",))
    ytd_actual = MoneyColumn("ytd_actual", "YTD actual", likely=("Actual", "YTD actuals"))
    confirmed = confirmed_column()
    version = Key("version", "Version")

    STATED = (
        ("Forecast variance", "Forecast", "budget", "forecast"),
        ("YTD variance", "YTD actual", "ytd_profile", "ytd_actual"),
    )

    checked = tuple(heading for heading, *_ in STATED)

    class Meta:
        model = FinancialPosition

    def canonical(self, headings: Iterable[object]) -> list[str]:
        """A "% (Variance)" is of the forecast or of the actual, whichever column stands nearest to its left."""
        found = super().canonical(headings)
        for index, heading in enumerate(found):
            if "varian" in heading.casefold() and heading not in ("Forecast variance", "YTD variance"):
                left = [name for name in found[:index] if name in ("Forecast", "YTD actual")]
                name = "YTD variance" if left and left[-1] == "YTD actual" else "Forecast variance"
                found[index] = name if name not in found else heading
        return found

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        updates = {u.pk: u for u in self.book.updates.values() if u.pk}
        for position in FinancialPosition.objects.filter(update__in=updates):
            update = position.update = updates[position.update_id]
            yield (update.quarter.period, fold(update.priority.title), position.period), position

    def identify(self, row: Texts) -> tuple[Hashable, Callable[[], Any]]:
        update = self.book.update(row)
        text = cell(row, "Period")
        try:
            number = parse_period_number(text)
        except CellError as error:
            raise wrong("Period", str(error)) from error
        self.check_key(cell(row, "Key"), f"{update.priority.slug}-q{number}")
        key = (update.quarter.period, fold(update.priority.title), number)
        return key, lambda: FinancialPosition(update=update, period=number)

    def check_key(self, said: str, known: str) -> None:
        """A key that was sorted away from its row is refused: the row's version would be another's."""
        if not said or said == known:
            return
        if said.rpartition("-q")[0] in {priority.slug for priority in self.book.priorities.values()}:
            raise wrong("Key", f"The key is that of {said}, but the row is about {known}; empty the cell Key.")
        self.unknown_key("priority and period")

    def read_headings(self, raw: Sequence[object]) -> list[str]:
        found = super().read_headings(raw)
        for column in self.columns:
            if isinstance(column, MoneyColumn):
                column.scale = self.scale(column.column_name)
        return found

    def remark(self, row: Row) -> None:
        self.doubt_size(row)
        for heading, _, against, figure in self.STATED:
            if text := cell(row.cells, heading):
                message = self.doubt(text, row.instance, against, figure, self.scale(heading))
                if message:
                    self.warn(heading, message)

    def doubt_size(self, row: Row) -> None:
        """Thousands or pounds that were typed for £m."""
        for column in self.columns:
            if not isinstance(column, MoneyColumn) or column.attribute not in row.changes:
                continue
            old, new = row.changes[column.attribute]
            if not new:
                continue
            if old and abs(new) >= TIMES * abs(old):
                told = f"{show_money(new)}, {int(abs(new / old)):,} times the {show_money(old)} that is stored"
            elif abs(new) > LARGE:
                told = f"{show_money(new)}, more than {show_money(LARGE)}"
            else:
                continue
            text = tidy(cell(row.cells, column.column_name))
            self.warn(column.column_name, f"“{text}” was read as {told}; {MEANT}")

    def scale(self, heading: str) -> int:
        return scale_of(self.raw_headings.get(heading, ""))

    def doubt(self, text: str, position: Any, against: str, figure: str, scale: int) -> str:
        """What to say of a stated variance that no rounding of the figures beside it explains; "" if one does."""
        base, other = getattr(position, against), getattr(position, figure)
        computed = variance(base, other)
        try:
            amount, per_cent, either = parse_variance(text, scale)
        except CellError as error:
            return f"{error} It was left unchecked."
        if computed is None:
            return f"“{text}” is stated, but there are no two figures to compute it from; it was not stored."
        if either:
            explained = rounding_explains(base, other, amount=amount) or rounding_explains(
                base, other, percent=per_cent
            )
        else:
            explained = rounding_explains(base, other, amount=amount, percent=per_cent)
        if explained:
            return ""
        said = show_percent(computed.percent) if computed.percent is not None else "no per cent"
        return (
            f"“{text}” is stated, but {show_money(base)} and {show_money(other)} make {said} "
            f"({show_money(rounded(computed.amount, 0))}), and no rounding explains it; the computed one is used."
        )
