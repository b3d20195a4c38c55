"""The Quarter and Priorities sheets, and what else of this app the administration imports and exports."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable
from itertools import chain, count
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from .book import Texts, priority_key, update_key
from .cells import CellError, GoalConfidence, parse_count, parse_date, parse_rating, parse_title, parse_year, shorten
from .columns import NEVER, UNLIKE, Column, Key, cell, fold, likeness, name_in, nearest, wrong
from .models import (
    PLAN_YEARS,
    Assignment,
    AssignmentRole,
    Definition,
    DefinitionKind,
    Person,
    Plan,
    Priority,
    Quarter,
    QuarterlyUpdate,
    QuarterStatus,
    Section,
    UpdateStatus,
    is_open_to,
    why_not_open,
)
from .periods import Period
from .rows import Row, SheetResource, made_for_another

OVERVIEWS = "The overview is written by its author, managers and administrators; ask one."
CALENDAR_YEARS = 20  # how far from today a new quarter may lie


class PlanResource(SheetResource):
    """The Quarter sheet's plan: the one that covers the quarter, else a new one for four years."""

    setup = administrators_only = named_each_quarter = True
    quarter = Key(None, "Quarter")
    title = Column("title", "Plan")
    first_year = Column("first_year", "First year", parse=parse_year, empty=NEVER)
    last_year = Column("last_year", "Last year", parse=parse_year, empty=NEVER)

    class Meta:
        model = Plan

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        return ((plan.first_year, plan) for plan in self.book.plans)

    def identify(self, row: Texts) -> tuple[Hashable, Callable[[], Any]]:
        title = parse_title(cell(row, "Plan"))
        if not cell(row, "Quarter") and cell(row, "First year"):
            try:
                first = parse_year(cell(row, "First year"))
            except CellError as error:
                raise wrong("First year", str(error)) from error
            return first, lambda: Plan(first_year=first, last_year=first + PLAN_YEARS - 1)
        period = self.book.period(row)
        known = self.book.quarters.get(period)
        plan = known.plan if known else self.covering(period)
        if plan is None:
            return period.year, lambda: self.make(title, period)
        if title and fold(title) != fold(plan.title):
            raise wrong(
                "Plan",
                f"{period} belongs to the plan “{plan.title}”; write that title, or leave the cell empty.",
            )
        return plan.first_year, lambda: plan

    def covering(self, period: Period) -> Plan | None:
        return next((p for p in self.book.plans if p.first_year <= period.year <= p.last_year), None)

    def make(self, title: str, period: Period) -> Plan:
        later = [p.first_year for p in self.book.plans if p.first_year > period.year]
        last_year = min([period.year + PLAN_YEARS - 1, *(year - 1 for year in later)])
        plan = Plan(title=title or f"Plan from {period.label[3:]}", first_year=period.year, last_year=last_year)
        self.book.plans.append(plan)
        return plan

    def apply(self) -> None:
        super().apply()
        planned = {period for period, quarter in self.book.quarters.items() if quarter.pk is None}
        quarters = [q for plan in self.with_years() for q in plan.missing_quarters() if q.period not in planned]
        if quarters:
            Quarter.objects.bulk_create(quarters)

    def with_years(self) -> list[Plan]:
        """The plans that are new, or get other years: their quarters come with them."""
        years = {"first_year", "last_year"}
        return [plan for plan, is_new, changes in self.plan if is_new or years & changes.keys()]

    @property
    def opening(self) -> bool:
        return bool(self.with_years())


class QuarterResource(SheetResource):
    setup = True
    required = ("Quarter",)
    quarter = Key("period", "Quarter")
    plan_title = Key("plan__title", "Plan")
    status = Key("status", "Status")
    overview = Column("overview", "Overview")
    version = Key("version", "Version")

    class Meta:
        model = Quarter

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        return self.book.quarters.items()

    def identify(self, row: Texts) -> tuple[Hashable, Callable[[], Any]]:
        period = self.book.period(row)
        self.refuse_another_key(cell(row, "Key"), period)
        if period not in self.book.quarters:
            this_year = Period.containing(timezone.localdate()).year
            if abs(period.year - this_year) > CALENDAR_YEARS:
                raise wrong("Quarter", f"{period} is more than {CALENDAR_YEARS} years away; correct the year.")
            plans = (p for p in self.book.plans if p.first_year <= period.year <= p.last_year)
            plan = next(plans, None)
            if plan is None:
                raise wrong("Quarter", f"No plan covers {period}; an administrator sets one up first.")
            return period, lambda: self.make(plan, period)
        return period, lambda: self.book.quarters[period]

    def refuse_another_key(self, key: str, period: Period) -> None:
        """Last quarter's workbook with another quarter written into it has last quarter's versions."""
        try:
            made_for = Period.from_slug(key)
        except ValueError:
            return
        if made_for != period:
            raise wrong("Key", made_for_another(made_for, period))

    def make(self, plan: Plan, period: Period) -> Quarter:
        quarter = Quarter(plan=plan, financial_year=period.year, number=period.number, status=QuarterStatus.OPEN)
        self.book.quarters[period] = quarter
        return quarter

    def with_status(self, row: Row, said: dict[str, Any]) -> dict[str, Any]:
        status = cell(row.cells, "Status").casefold()
        if row.instance.status != QuarterStatus.PLANNED or status == QuarterStatus.PLANNED:
            return said
        if any(q.status != QuarterStatus.PLANNED for q in self.book.quarters.values() if q.pk):
            raise wrong("Quarter", f"{row.instance} is not open yet; an administrator opens it first.")
        return {**said, "status": QuarterStatus.OPEN}  # the first of all: nothing to carry forward

    def typed(self, row: Row) -> dict[str, Any]:
        self.refuse_unread(row)
        return self.with_status(row, super().typed(row))

    def refuse_unread(self, row: Row) -> None:
        """An overview speaks of every priority: until it is closed, it is read by its author and managers."""
        quarter, by = row.instance, self.book.by
        if by is None or by.sees_all or not self.says_something(row) or quarter.overview_author_id == by.pk:
            return
        if quarter.pk and QuarterStatus.CLOSED not in (quarter.status, quarter.overview_status):
            raise wrong("Overview", OVERVIEWS)

    def refuse(self, row: Row) -> None:
        """Quarters are set up by administrators; their overview is its author's and the managers' too."""
        quarter, by = row.instance, self.book.by
        if row.before and quarter.status == QuarterStatus.CLOSED:
            raise wrong("Quarter", f"{quarter} is closed and can't be edited. Ask an administrator to reopen it first.")
        if by is not None and not by.is_administrator and set(row.changes) != {"overview"}:
            raise ValidationError(f"{self.get_display_name()} are set up by administrators; ask one.")
        if not quarter.overview_is_editable:
            status = UpdateStatus(quarter.overview_status)
            told = f"The overview of {quarter} is {status.label.lower()} and can't be edited"
            raise wrong("Overview", f"{told}; {status.overview_way_back}.")
        if by is None:
            return
        if not by.sees_all and quarter.overview_author_id != by.pk:
            raise wrong("Overview", OVERVIEWS)
        if not is_open_to(quarter, by):
            raise wrong("Overview", why_not_open(quarter))

    def quarters(self) -> list[Quarter]:
        return [quarter for quarter, is_new, _ in self.plan if not is_new]

    @property
    def opening(self) -> bool:
        return any(is_new for _, is_new, _ in self.plan)


class PriorityResource(SheetResource):
    setup = administrators_only = named_each_quarter = True
    required = ("Priority",)
    plan_title = Key("plan__title", "Plan")
    quarter = Key(None, "Quarter")
    title = Column("title", "Priority", parse=parse_title)
    position = Column("position", "Position", parse=parse_count, empty=NEVER)

    class Meta:
        model = Priority

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        return self.book.priorities.items()

    def identify(self, row: Texts) -> tuple[Hashable, Callable[[], Any]]:
        plan = self.book.plan_of(row)
        title = parse_title(name_in(row, "Priority"))
        if found := self.keyed(row, plan, title):
            return priority_key(found), lambda: found
        if not title:
            raise wrong("Priority", "The priority is missing; write its title.")
        if found := self.book.priority_titled(title, plan):
            return priority_key(found), lambda: found
        known = [p.title for (year, _), p in self.book.priorities.items() if year == plan.first_year]
        if near := nearest(title, known):
            raise wrong("Priority", f"“{shorten(title)}” is not a known priority; did you mean “{near}”?")
        made = self.make(plan, title)
        return priority_key(made), lambda: made

    def keyed(self, row: Texts, plan: Plan, title: str) -> Priority | None:
        """The priority that the row's key names; a title beside it that has changed since is kept as stored."""
        if not cell(row, "Key"):
            return None
        found = self.book.priority_keyed(row, plan)
        if found is None:
            self.unknown_key("title")
        elif title and likeness(title, found.title) < UNLIKE:
            raise wrong("Priority", f"The key is that of “{found.title}”; correct the title, or empty the cell Key.")
        elif title and fold(title) != fold(found.title):
            self.warn("Priority", f"this is known as “{shorten(found.title)}”; that title was kept.")
        return found

    def make(self, plan: Plan, title: str) -> Priority:
        others = [p for p in self.book.priorities.values() if p.plan.first_year == plan.first_year]
        slug, taken = Priority.slug_for(title), {p.slug for p in others}
        slug = next(s for s in chain([slug], (f"{slug}-{n}" for n in count(2))) if s not in taken)
        position = max((p.position for p in others), default=0) + 1
        priority = Priority(plan=plan, title=title, slug=slug, position=position)
        self.book.add(priority)
        return priority

    def typed(self, row: Row) -> dict[str, Any]:
        """A title is changed in the administration, not by a quarter's sheet."""
        return super().typed(row) if row.instance.pk is None or not cell(row.cells, "Quarter") else {}


class QuarterlyUpdateResource(SheetResource):
    required = ("Quarter", "Priority")
    quarter = Key("quarter__period", "Quarter")
    priority = Key("priority__title", "Priority")
    objectives = Column("objectives", "Objectives", parse=parse_rating)
    time = Column("time", "Time", parse=parse_rating)
    spend = Column("spend", "Spend", parse=parse_rating)
    capability = Column("capability", "Capability", parse=parse_rating)
    risk = Column("risk", "Risk", parse=parse_rating)
    ratings_note = Column("ratings_note", "Ratings note")
    narrative = Column("narrative", "Narrative")
    finance_note = Column("finance_note", "Finance note")
    version = Key("version", "Version")

    class Meta:
        model = QuarterlyUpdate

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        return self.book.updates.items()

    def identify(self, row: Texts) -> tuple[Hashable, Callable[[], Any]]:
        quarter = self.book.quarter(row)
        priority = self.book.priority_keyed(row, quarter.plan) or self.book.priority(row, quarter.plan)
        return (quarter.period, priority.slug), lambda: self.make(quarter, priority)

    def make(self, quarter: Quarter, priority: Priority) -> QuarterlyUpdate:
        update = QuarterlyUpdate(quarter=quarter, priority=priority)
        self.book.updates[update_key(update)] = update
        return update

    def refuse(self, row: Row) -> None:
        update, by = row.instance, self.book.by
        if update.pk is None and update.quarter.status != QuarterStatus.OPEN:
            state = update.quarter.get_status_display().lower()
            raise wrong("Quarter", f"{update.quarter} is {state}; an administrator has to open it first.")
        if update.pk is None and by is not None and not by.is_administrator:
            raise wrong("Priority", f"“{update.priority}” has no update for {update.quarter}; ask an administrator.")

    def sections(self, row: Row, names: Collection[str]) -> frozenset[str]:
        if row.is_new:
            return frozenset()
        return frozenset(Section.FINANCE if name == "finance_note" else Section.RATINGS for name in names)

    def sections_said(self, row: Row) -> frozenset[str]:
        names = [column.attribute for heading, column in self.said if cell(row.cells, heading)]
        return frozenset(Section.FINANCE if name == "finance_note" else Section.RATINGS for name in names)

    def update_of(self, instance: Any) -> QuarterlyUpdate | None:
        return instance

    @property
    def opening(self) -> bool:
        return any(is_new for _, is_new, _ in self.plan)


class PersonResource(SheetResource):
    """People by user name; a new one has no password until they set it by mail."""

    setup = administrators_only = True
    required = ("User name",)
    username = Key("username", "User name", aliases=("Username",))
    first_name = Column("first_name", "First name")
    last_name = Column("last_name", "Last name")
    email = Column("email", "E-mail", aliases=("Email",))

    class Meta:
        model = Person

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        return ((person.username, person) for person in Person.objects.all())

    def identify(self, row: Texts) -> tuple[Hashable, Callable[[], Any]]:
        username = cell(row, "User name")
        if not username:
            raise wrong("User name", "The user name is missing; write it.")
        return username, lambda: self.make(username)

    def make(self, username: str) -> Person:
        person = Person(username=username)
        person.set_unusable_password()
        return person


class AssignmentResource(SheetResource):
    setup = administrators_only = True
    required = ("Priority", "Person", "Role")
    plan_title = Key("priority__plan__title", "Plan")
    priority = Key("priority__title", "Priority")
    person = Key("person__username", "Person")
    role = Key("role", "Role")
    section = Key("section", "Section")
    starts_on = Column("starts_on", "From", parse=parse_date, empty=None)
    ends_on = Column("ends_on", "Until", parse=parse_date, empty=None)

    class Meta:
        model = Assignment

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        self.people = {person.username: person for person in Person.objects.all()}
        by_pk = {priority.pk: priority for priority in self.book.priorities.values()}
        for a in Assignment.objects.filter(priority__in=by_pk).select_related("person"):
            a.priority = by_pk[a.priority_id]
            yield (*priority_key(a.priority), a.person.username, a.role, a.section), a

    def identify(self, row: Texts) -> tuple[Hashable, Callable[[], Any]]:
        priority = self.book.priority(row, self.book.plan_of(row))
        username, role, section = cell(row, "Person"), cell(row, "Role"), cell(row, "Section")
        if username not in self.people:
            raise wrong(
                "Person",
                f"“{shorten(username)}” is not a known user name; correct it, or add the person first.",
            )
        made = Assignment(
            priority=priority,
            person=self.people[username],
            role=choice(AssignmentRole, role, "Role"),
            section=choice(Section, section, "Section") if section else "",
        )
        return (*priority_key(priority), username, made.role, made.section), lambda: made


class DefinitionResource(SheetResource):
    setup = administrators_only = True
    required = ("Kind", "Letter", "Text")
    kind = Key("kind", "Kind")
    letter = Key("letter", "Letter")
    text = Column("text", "Text")

    class Meta:
        model = Definition

    def stored(self, periods: set[Period]) -> Iterable[tuple[Hashable, Any]]:
        return (((d.kind, d.letter), d) for d in Definition.objects.all())

    def identify(self, row: Texts) -> tuple[Hashable, Callable[[], Any]]:
        kind = choice(DefinitionKind, cell(row, "Kind"), "Kind")
        letter = choice(GoalConfidence, cell(row, "Letter"), "Letter")
        return (kind, letter), lambda: Definition(kind=kind, letter=letter)


def choice(choices: type[models.TextChoices], text: str, column: str) -> str:
    """A choice by its value or its label; raises ValidationError that lists them."""
    for option in choices:
        if text.casefold() in (option.value.casefold(), str(option.label).casefold()):
            return option.value
    raise wrong(column, f"“{shorten(text)}” is not known; write one of {', '.join(choices.values)}.")
