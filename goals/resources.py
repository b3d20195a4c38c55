"""The Goals sheet."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

from priorities.cells import (
    CellError,
    parse_goal_confidence,
    parse_number,
    parse_period,
    parse_title,
    parse_year,
    shorten,
)
from priorities.models import Priority
from priorities.periods import Period
from priorities.rows import UNLIKE, Book, Column, Key, SheetResource, cell, fold, likeness, name_in, wrong

from .models import Goal, GoalForecast


def register_of(book: Book) -> dict[tuple[int, str, int, int], Goal]:
    """Every goal by priority, financial year and number."""
    register = book.tables.get("goals register")
    if register is None:
        register = book.tables["goals register"] = {}
        priorities = {p.pk: p for p in book.priorities.values() if p.pk}
        for goal in Goal.objects.filter(priority__in=priorities):
            goal.priority = priorities[goal.priority_id]
            register[goal_key(goal.priority, goal.financial_year, goal.number)] = goal
    return register


def goal_key(priority: Priority, financial_year: int, number: int) -> tuple[int, str, int, int]:
    return priority.plan.first_year, fold(priority.title), financial_year, number


def numbered(row: dict[str, Any]) -> int:
    text = name_in(row, "No.")
    if not text:
        raise wrong("No.", "The goal's number is missing; write 1, 2, 3 …")
    try:
        return parse_number(text)
    except CellError as error:
        raise wrong("No.", str(error)) from error


def year_of(book: Book, row: dict[str, Any]) -> int:
    """The goals of a quarter's report are those of its financial year."""
    if cell(row, "Quarter"):
        return book.period(row).year
    try:
        return parse_year(cell(row, "Year"))
    except CellError as error:
        raise wrong("Year", str(error)) from error


class YearsQuarter(Column):
    """A quarter in short, "Q3": of the financial year of the goal."""

    def read(self, text: str, instance: Any) -> Any:
        goal = instance if isinstance(instance, Goal) else instance.goal
        return parse_period(text, goal.financial_year)


class GoalResource(SheetResource):
    setup = administrators_only = named_each_quarter = True
    required = ("Priority", "No.", "Goal")
    plan_title = Key("priority__plan__title", "Plan")
    quarter = Key(None, "Quarter")
    year = Key("financial_year", "Year", aliases=("Financial year",))
    priority = Key("priority__title", "Priority")
    number = Key("number", "No.", aliases=("No", "Number"))
    title = Key("title", "Goal", aliases=("Title",))
    baseline = YearsQuarter("baseline", "Baseline", aliases=("Base",), empty=None)

    class Meta:
        model = Goal

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        return register_of(self.book).items()

    def identify(self, row: dict[str, Any]) -> tuple[Hashable, Callable[[], Any]]:
        priority = self.book.priority(row, self.book.plan_of(row))
        year, number, title = year_of(self.book, row), numbered(row), parse_title(name_in(row, "Goal"))
        key = goal_key(priority, year, number)
        register = register_of(self.book)
        found = register.get(key)
        others = {fold(goal.title): goal for k, goal in register.items() if k[:3] == key[:3]}
        if title and (other := others.get(fold(title))) and other is not found:
            raise wrong("No.", f"“{shorten(title)}” is goal {other.number}; correct {number} to it, or the title.")
        if found is None:
            if not title:
                raise wrong("Goal", "The goal is missing; write its title.")
            found = Goal(priority=priority, financial_year=year, number=number, title=title)
            register[key] = found
        elif title and likeness(title, found.title) < UNLIKE:
            raise wrong(
                "Goal",
                f"Goal {number} is known as “{shorten(found.title)}”, which is unlike “{shorten(title)}”; correct the "
                "number or the title, or rename the goal in the administration first.",
            )
        return key, lambda: found


class GoalForecastResource(SheetResource):
    required = ("Quarter", "Priority", "No.")
    quarter = Key("update__quarter__period", "Quarter")
    priority = Key("update__priority__title", "Priority")
    number = Key("goal__number", "No.", aliases=("No", "Number"))
    title = Key("goal__title", "Goal", aliases=("Title",))
    forecast = YearsQuarter("forecast", "Forecast", aliases=("F'Cast",), empty=None)
    confidence = Column("confidence", "Confidence", parse=parse_goal_confidence, aliases=("Conf.",))
    comment = Column("comment", "Comment")

    class Meta:
        model = GoalForecast

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        updates = {u.pk: u for u in self.book.updates.values() if u.pk}
        goals = {goal.pk: goal for goal in register_of(self.book).values() if goal.pk}
        for forecast in GoalForecast.objects.filter(update__in=updates):
            forecast.update, forecast.goal = updates[forecast.update_id], goals[forecast.goal_id]
            yield (forecast.update.quarter.period, forecast.goal.key), forecast

    def identify(self, row: dict[str, Any]) -> tuple[Hashable, Callable[[], Any]]:
        update = self.book.update(row)
        number = numbered(row)
        goal = register_of(self.book).get(goal_key(update.priority, update.quarter.financial_year, number))
        if goal is None:
            raise wrong("No.", f"There is no goal {number} in this year; correct the number.")
        return (update.quarter.period, goal.key), lambda: GoalForecast(update=update, goal=goal)
