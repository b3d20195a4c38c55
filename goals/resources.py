"""The Goals sheet."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Hashable, Iterable
from typing import Any

from priorities.book import Book, Texts, priority_key
from priorities.cells import (
    CellError,
    parse_goal_confidence,
    parse_number,
    parse_period,
    parse_title,
    parse_year,
    shorten,
)
from priorities.columns import (
    UNLIKE,
    Column,
    Key,
    cell,
    confirmed_column,
    fold,
    key_of_another,
    likeness,
    name_in,
    refuse_unlike,
    wrong,
)
from priorities.models import Priority, Section
from priorities.periods import Period
from priorities.rows import Row, SheetResource

from .models import Goal, GoalForecast

NUMBERS = ("#", "Goal no", "Goal number")
TITLES = ("Goal title", "Deliverable", "Milestone")


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
    return *priority_key(priority), financial_year, number


def numbered(row: Texts) -> int:
    text = name_in(row, "No.")
    if not text:
        raise wrong("No.", "The goal's number is missing; write 1, 2, 3 …")
    try:
        return parse_number(text)
    except CellError as error:
        raise wrong("No.", str(error)) from error


def year_of(book: Book, row: Texts) -> int:
    """The goals of a quarter's report are those of its financial year."""
    if cell(row, "Quarter"):
        return book.period(row).year
    try:
        return parse_year(cell(row, "Year"))
    except CellError as error:
        raise wrong("Year", str(error)) from error


def goal_of(resource: SheetResource, row: Texts, priority: Priority, year: int) -> Goal | None:
    """The goal that a row is about: by its key, else by its number in the year; None where there is none."""
    key, title = resource.key_in(row), parse_title(name_in(row, "Goal"))
    found = goals_by_key(resource.book).get(key) if key else None
    if found is None:
        found = register_of(resource.book).get(goal_key(priority, year, numbered(row)))
        if found and key and found.key != key:
            resource.unknown_key("number")
        return found
    if found.priority is not priority or found.financial_year != year:
        whose = f"“{shorten(found.title)}” of {found.priority}, {year_label(found.financial_year)}"
        raise key_of_another(whose, "the priority and the quarter")
    refuse_unlike("Goal", title, found.title, "goal")
    return found


def goals_by_key(book: Book) -> dict[uuid.UUID, Goal]:
    """Every goal by key; those that the import makes are not named by one."""
    known = book.tables.get("goals by key")
    if known is None:
        known = book.tables["goals by key"] = {goal.key: goal for goal in register_of(book).values()}
    return known


def year_label(year: int) -> str:
    return Period(year, 1).label[3:]


class YearsQuarter(Column):
    """A quarter in short, "Q3": of the financial year of the goal."""

    def depends_on(self, instance: Any) -> Any:
        return (instance if isinstance(instance, Goal) else instance.goal).financial_year

    def read(self, text: str, instance: Any) -> Any:
        return parse_period(text, self.depends_on(instance))


class GoalResource(SheetResource):
    setup = administrators_only = named_each_quarter = True
    section = Section.GOALS
    required = ("Priority", "No.", "Goal")
    plan_title = Key("priority__plan__title", "Plan")
    quarter = Key(None, "Quarter")
    year = Key("financial_year", "Year", aliases=("Financial year",))
    priority = Key("priority__title", "Priority")
    number = Key("number", "No.", aliases=("No", "Number"), likely=NUMBERS)
    title = Key("title", "Goal", aliases=("Title",), likely=TITLES)
    baseline = YearsQuarter("baseline", "Baseline", aliases=("Base",), empty=None)

    class Meta:
        model = Goal

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        return register_of(self.book).items()

    def identify(self, row: Texts) -> tuple[Hashable, Callable[[], Any]]:
        priority = self.book.priority(row, self.book.plan_of(row))
        year, title = year_of(self.book, row), parse_title(name_in(row, "Goal"))
        found = goal_of(self, row, priority, year)
        number = found.number if found else numbered(row)
        titles = self.titles(priority, year)
        others = titles.get(fold(title), []) if title else []
        if others and found not in others:
            raise wrong("No.", f"“{shorten(title)}” is goal {others[0].number}; correct {number} to it, or the title.")
        if found is None:
            if not title:
                raise wrong("Goal", "The goal is missing; write its title.")
            named = {"key": key} if (key := self.key_in(row)) else {}
            found = Goal(priority=priority, financial_year=year, number=number, title=title, **named)
            register_of(self.book)[goal_key(priority, year, number)] = found
            titles.setdefault(fold(title), []).append(found)
        elif title and likeness(title, found.title) < UNLIKE:
            raise wrong(
                "Goal",
                f"Goal {number} is known as “{shorten(found.title)}”, which is unlike “{shorten(title)}”; correct the "
                "number or the title, or rename the goal in the administration first.",
            )
        return goal_key(priority, year, number), lambda: found

    def titles(self, priority: Priority, year: int) -> dict[str, list[Goal]]:
        """The goals of a priority and year by title."""
        home = goal_key(priority, year, 0)[:3]
        by_home = self.book.tables.setdefault("goals by title", {})
        if home not in by_home:
            by_home[home] = {}
            for key, goal in register_of(self.book).items():
                if key[:3] == home:
                    by_home[home].setdefault(fold(goal.title), []).append(goal)
        return by_home[home]

    def remark(self, row: Row) -> None:
        title, number = parse_title(cell(row.cells, "Goal")), cell(row.cells, "No.")
        if title and fold(title) != fold(row.instance.title):
            known = f"this is known as “{shorten(row.instance.title)}”; that title was kept"
            self.warn("Goal", f"{known}. Rename it in the administration.")
        if number and parse_number(number) != row.instance.number:
            self.warn("No.", f"this is goal {row.instance.number}; that number was kept.")


class GoalForecastResource(SheetResource):
    answers = ("confidence",)
    required = ("Quarter", "Priority", "No.")
    quarter = Key("update__quarter__period", "Quarter")
    priority = Key("update__priority__title", "Priority")
    number = Key("goal__number", "No.", aliases=("No", "Number"), likely=NUMBERS)
    title = Key("goal__title", "Goal", aliases=("Title",), likely=TITLES)
    forecast = YearsQuarter("forecast", "Forecast", aliases=("F'Cast",), empty=None)
    confidence = Column("confidence", "Confidence", parse=parse_goal_confidence, aliases=("Conf.",))
    comment = Column("comment", "Comment", likely=("Comments", "Note", "Notes"))
    confirmed = confirmed_column()
    key = Key("goal__key", "Key")
    version = Key("version", "Version")

    class Meta:
        model = GoalForecast

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        updates = {u.pk: u for u in self.book.updates.values() if u.pk}
        goals = {goal.pk: goal for goal in register_of(self.book).values() if goal.pk}
        for forecast in GoalForecast.objects.filter(update__in=updates, goal__in=goals):
            forecast.update, forecast.goal = updates[forecast.update_id], goals[forecast.goal_id]
            yield (forecast.update.quarter.period, forecast.goal.key), forecast

    def identify(self, row: Texts) -> tuple[Hashable, Callable[[], Any]]:
        update = self.book.update(row)
        goal = goal_of(self, row, update.priority, update.quarter.financial_year)
        if goal is None:
            raise wrong("No.", f"There is no goal {numbered(row)} in this year; correct the number.")
        return (update.quarter.period, goal.key), lambda: GoalForecast(update=update, goal=goal)
