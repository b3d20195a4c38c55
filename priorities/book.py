"""What the rows of one import refer to and make: plans, quarters, priorities, updates; who may write what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .cells import CellError, parse_period, parse_title, shorten
from .columns import cell, fold, name_in, nearest, wrong
from .models import (
    Person,
    Plan,
    Priority,
    Quarter,
    QuarterlyUpdate,
    QuarterStatus,
    UpdateStatus,
    is_open_to,
    why_not_open,
)
from .periods import Period

MISSING = {
    "Quarter": "The quarter is missing; write the report's quarter, like Q1 2022/23.",
    "Priority": "The priority is missing; write its title.",
}
Texts = Mapping[str, str]  # the cells of a row by heading


@dataclass
class Book:
    """What the rows of one import refer to and make, loaded once and shared by its resources."""

    by: Person | None = None
    tables: dict[str, Any] = field(default_factory=dict)
    tick: Callable[[], object] = bool  # called twice for each row of a resource; bool() does nothing
    _loaded: bool = False
    _periods: dict[str, Period] = field(default_factory=dict)
    _readable: dict[int, frozenset[str]] = field(default_factory=dict)

    def load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        self.plans: list[Plan] = list(Plan.objects.all())
        plans = {plan.pk: plan for plan in self.plans}
        self.quarters: dict[Period, Quarter] = {}
        for quarter in Quarter.objects.in_order():
            quarter.plan = plans[quarter.plan_id]
            self.quarters[quarter.period] = quarter
        self.priorities: dict[tuple[int, str], Priority] = {}
        self.titled: dict[tuple[int, str], list[Priority]] = {}
        for priority in Priority.objects.all():
            priority.plan = plans[priority.plan_id]
            self.add(priority)
        self.updates: dict[tuple[Period, str], QuarterlyUpdate] = {}

    def add(self, priority: Priority) -> None:
        self.priorities[priority_key(priority)] = priority
        self.titled.setdefault((priority.plan.first_year, fold(priority.title)), []).append(priority)

    def load_updates(self, periods: Iterable[Period]) -> None:
        wanted = {q.pk: q for p in periods if (q := self.quarters.get(p)) and q.pk}
        seen = {update.quarter_id for update in self.updates.values()}
        by_pk = {priority.pk: priority for priority in self.priorities.values() if priority.pk}
        for update in QuarterlyUpdate.objects.filter(quarter__in=wanted.keys() - seen):
            update.quarter, update.priority = wanted[update.quarter_id], by_pk[update.priority_id]
            self.updates[update_key(update)] = update

    # What a row names; each raises ValidationError under the column's heading

    def period(self, row: Texts) -> Period:
        text = cell(row, "Quarter")
        if not text:
            raise wrong("Quarter", MISSING["Quarter"])
        if text not in self._periods:
            try:
                self._periods[text] = parse_period(text)
            except CellError as error:
                raise wrong("Quarter", str(error)) from error
        return self._periods[text]

    def quarter(self, row: Texts) -> Quarter:
        period = self.period(row)
        if period not in self.quarters:
            raise wrong(
                "Quarter",
                f"{period} is not known yet; name it on a Quarter sheet, or correct it to a known quarter.",
            )
        return self.quarters[period]

    def plan_of(self, row: Texts) -> Plan:
        """The plan that a row means: its quarter's, the one it names, or the newest."""
        return self.quarter(row).plan if cell(row, "Quarter") else self.plan_named(row)

    def plan_named(self, row: Texts) -> Plan:
        title = cell(row, "Plan")
        plans = [p for p in self.plans if not title or fold(p.title) == fold(title)]
        if not plans:
            raise wrong("Plan", f"“{shorten(title)}” is not a known plan; correct the title, or set it up first.")
        return max(plans, key=lambda plan: plan.first_year)

    def priority_keyed(self, row: Texts, plan: Plan) -> Priority | None:
        """The priority of the plan that the row's key names."""
        key = cell(row, "Key")
        return next((p for p in self.priorities.values() if key and p.slug == key and p.plan == plan), None)

    def priority(self, row: Texts, plan: Plan) -> Priority:
        title = parse_title(name_in(row, "Priority"))
        if not title:
            raise wrong("Priority", MISSING["Priority"])
        if found := self.priority_titled(title, plan):
            return found
        known = [p.title for (year, _), p in self.priorities.items() if year == plan.first_year]
        if near := nearest(title, known):
            raise wrong("Priority", f"“{shorten(title)}” is not a known priority; did you mean “{near}”?")
        raise wrong(
            "Priority",
            f"“{shorten(title)}” is not a known priority; add it to the Priorities sheet, or correct the title.",
        )

    def priority_titled(self, title: str, plan: Plan) -> Priority | None:
        """The priority of a title; raises ValidationError where the plan has several that are told apart by a sign."""
        found = self.titled.get((plan.first_year, fold(title)), [])
        exact = [priority for priority in found if priority.title == title] or found
        if len(exact) > 1:
            raise wrong("Priority", f"“{shorten(title)}” may be one of several; write “{exact[0]}” or “{exact[1]}”.")
        return exact[0] if exact else None

    def update(self, row: Texts) -> QuarterlyUpdate:
        quarter = self.quarter(row)
        priority = self.priority(row, quarter.plan)
        update = self.updates.get((quarter.period, priority.slug))
        if update is None and quarter.status == QuarterStatus.PLANNED:
            raise wrong(
                "Quarter", f"{quarter} is not open yet; correct the quarter, or ask an administrator to open it first."
            )
        if update is None:
            raise wrong(
                "Priority",
                f"“{priority.title}” has no update for {quarter}; add it to the Priorities sheet for that quarter.",
            )
        return update

    def why_locked(
        self, update: QuarterlyUpdate, sections: frozenset[str] = frozenset(), holder_id: int | None = None
    ) -> str:
        """Why these sections of an update, or a row that somebody holds, can't be written now; "" if they can."""
        status = UpdateStatus(update.status)
        if status not in UpdateStatus.editable():
            return f"{update} is {status.label.lower()} and can't be edited; {status.way_back}."
        if self.by is not None and not is_open_to(update, self.by):
            return why_not_open(update)
        if not sections or self.by is None or self.by.is_administrator:
            return ""
        if self.by.may_write(update.priority_id, sections, holder_id):
            return ""
        return not_yours(update)

    # What somebody may read: nothing of the rest is told, not even whether the file has it right

    def readable(self, update: QuarterlyUpdate) -> frozenset[str]:
        """The sections of an update that the person may read."""
        key = id(update)
        if key not in self._readable:
            self._readable[key] = update.readable_sections(self.by)
        return self._readable[key]

    def update_named(self, row: Texts) -> QuarterlyUpdate | None:
        """The update that a row of a quarter's sheet is of, if there is one."""
        if not (cell(row, "Quarter") and cell(row, "Priority")):
            return None
        quarter = self.quarters.get(self.period(row))
        priority = quarter and self.priority_titled(parse_title(cell(row, "Priority")), quarter.plan)
        return self.updates.get((quarter.period, priority.slug)) if quarter and priority else None

    def unread(self, row: Texts) -> QuarterlyUpdate | None:
        """The update that a row of a quarter's sheet is of, if nothing of it may be read."""
        if self.by is None or self.by.sees_all:
            return None
        update = self.update_named(row)
        if update and not self.readable(update) and not self.by.has_rows_of(update.priority_id):
            return update
        return None


def not_yours(update: QuarterlyUpdate) -> str:
    return f"{update} is not yours to fill in; ask its lead or an administrator."


def priority_key(priority: Priority) -> tuple[int, str]:
    """What tells a priority from every other; two titles can look the same to those who write them."""
    return priority.plan.first_year, priority.slug


def update_key(update: QuarterlyUpdate) -> tuple[Period, str]:
    return update.quarter.period, update.priority.slug
