"""The pages that read quarters together: what changed, exceptions, the year, the risks and the goals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from goals.models import slip, slip_text
from priorities.cells import GoalConfidence, shorten, unstopped
from priorities.models import Quarter, QuarterStatus, Section, listed
from priorities.people import signed_in
from priorities.periods import Period, year_label
from updates.deciding import beside, decisions_in

from .across import Course, courses, of_year, parts_of, up_to
from .changes import by_way
from .exceptions import STATUSES, USUAL, chosen, counted, exceptions_of
from .frozen import reports_of
from .keeping import kept
from .report import PriorityReport, Report
from .timeline import Bar
from .views import Shelf, says_what_is_unreadable, slugs_now, take, taken
from .year import columns_of, parts_of_year

FORECASTS = 4  # quarters whose forecasts stand beside one another


# What changed


@kept
@says_what_is_unreadable
def changes(request: HttpRequest, period: Period) -> HttpResponse:
    report, context = taken(request, period, compared=True)
    context |= {"here": "changes", "ways": by_way(report.changes)}
    return render(request, "reports/changes.html", context)


# Exceptions


class ExceptionsForm(forms.Form):
    """What is shown, by the address alone; nothing chosen of a kind shows all of it."""

    status = forms.MultipleChoiceField(label="Status", choices=list(STATUSES.items()))
    what = forms.MultipleChoiceField(label="Section", choices=Section.choices)
    priority = forms.MultipleChoiceField(label="Priority")

    def __init__(self, data: Any, report: Report) -> None:
        super().__init__(data)
        fields: dict[str, Any] = self.fields
        fields["priority"].choices = [(part.slug, part.title) for part in report.priorities]
        for name, field in fields.items():
            instead = "The usual is" if name == "status" else "All are"
            field.required, field.widget = False, forms.CheckboxSelectMultiple(choices=field.choices)
            known = listed([f"{label} ({value})" for value, label in field.choices])
            told = f"“%(value)s” is no {str(field.label).lower()} here; there are {known}. {instead} shown instead."
            field.error_messages["invalid_choice"] = told
        self.helper = FormHelper()
        self.helper.form_method, self.helper.disable_csrf, self.helper.form_tag = "get", True, False
        self.helper.add_input(Submit("", "Show", css_class="btn-quiet"))

    def chosen(self, name: str) -> list[str]:
        """What was chosen of one kind, all of it where that was wrong."""
        return list(self.cleaned_data.get(name, ()))


@kept
@says_what_is_unreadable
def exceptions(request: HttpRequest, period: Period) -> HttpResponse:
    """Everything red, amber or missing; `status`, `what` and `priority` of the address, each more than once, choose."""
    report, context = taken(request, period)
    asked = asked_for(request)
    form = ExceptionsForm(asked or {"status": USUAL}, report)
    form.is_valid()
    usual = form.chosen("status") in ([], [*USUAL])
    found = exceptions_of(report)
    within = chosen(found, STATUSES, form.chosen("what"), form.chosen("priority"))
    shown = chosen(within, form.chosen("status"), (), ())
    standing = decisions_in(period, [part.pk for part in report.priorities])
    noted = beside(standing, (each.key for each in found), ())
    context |= {
        "here": "exceptions",
        "form": form,
        "failed": bool(form.errors),
        "filtered": bool(asked),
        "noted": noted,
    }
    counts = counted(within)
    context |= {"shown": shown, "counts": [(*count, with_status(asked, count[0])) for count in counts]}
    context |= {"high": next(n for status, _, n in counts if status == "H") if usual else 0}
    context |= {"with_high": with_status(asked, *STATUSES)}
    return render(request, "reports/exceptions.html", context)


def asked_for(request: HttpRequest) -> QueryDict:
    """What the address asks for; what it leaves empty, it doesn't ask for."""
    asked = request.GET.copy()
    for name in list(asked):
        given = [value.replace("\0", "") for value in asked.getlist(name)]
        asked.setlist(name, [value for value in given if value])
    return asked if any(values for _, values in asked.lists()) else QueryDict()


def with_status(asked: QueryDict, *statuses: str) -> str:
    """The address of this page with these statuses alone."""
    asked = asked.copy()
    asked.setlist("status", statuses)
    return f"?{asked.urlencode()}"


# Decisions


@kept
@says_what_is_unreadable
def decisions(request: HttpRequest, period: Period) -> HttpResponse:
    """What the board decided and still stands in this quarter, by priority, for those who see all of it."""
    if not signed_in(request).sees_all:
        raise PermissionDenied("The list of all decisions is for managers and administrators; ask one of them.")
    report, context = taken(request, period)
    slugs = slugs_now(report)
    found = decisions_in(period, list(slugs)).select_related("noted_by")
    listed = [(part, slugs[part.pk], [d for d in found if d.priority_id == part.pk]) for part in report.priorities]
    return render(request, "reports/decisions.html", context | {"here": "decisions", "listed": listed})


# The year


@kept
@says_what_is_unreadable
def year(request: HttpRequest, period: Period) -> HttpResponse:
    """The four quarters of a financial year, each as it was closed, or as it stands."""
    shelf, person = take(request, period), signed_in(request)
    quarters = of_year(shelf.quarters, period.year)
    reports = dict(zip(quarters, reports_of(quarters, person), strict=True))
    columns = columns_of(period.year, reports, () if person.sees_all else begun_in(period.year))
    context = around(shelf, reports[shelf.current]) | {"here": "year", "year": year_label(period.year)}
    context |= {"columns": columns, "parts": parts_of_year(columns)}
    return render(request, "reports/year.html", context)


def begun_in(year: int) -> list[Period]:
    """The quarters of a year that were opened. One query."""
    begun = Quarter.objects.filter(financial_year=year).exclude(status=QuarterStatus.PLANNED)
    return [Period(year, number) for number in begun.values_list("number", flat=True)]


def around(shelf: Shelf, report: Report) -> dict[str, Any]:
    return {"shelf": shelf, "report": report}


# Risks


@kept
@says_what_is_unreadable
def risks(request: HttpRequest, period: Period) -> HttpResponse:
    """Risks and issues of the quarter with their owners, and how they went over the last ones."""
    shelf, reports = read_up_to(request, period)
    found = courses(reports, lambda part: (*part.risks, *part.issues, *part.closed))
    issues = {row.key for report in reports for part in report.priorities for row in part.issues}
    now = {row.key for part in reports[-1].priorities for row in (*part.risks, *part.issues)}
    quarters = [report.quarter for report in reports]
    closed = {(report.quarter, row.key) for report in reports for part in report.priorities for row in part.closed}
    lines = [RiskLine(course, "Issue" if course.row.key in issues else "Risk", quarters, closed) for course in found]
    link_issues(lines)
    context = around(shelf, reports[-1]) | {"here": "risks", "quarters": quarters}
    context |= {"live": [line for line in lines if line.row.key in now]}
    context |= {"ended": [line for line in lines if line.row.key not in now]}
    return render(request, "reports/register.html", context)


def read_up_to(request: HttpRequest, period: Period) -> tuple[Shelf, list[Report]]:
    shelf = take(request, period)
    return shelf, reports_of(up_to(shelf.quarters, period), signed_in(request))


@dataclass(slots=True)
class RiskLine:
    """A risk or an issue over the quarters."""

    course: Course
    kind: str
    quarters: list[Period]
    closed: set[tuple[Period, str]]  # the quarters that told of rows for the last time
    came_of: RiskLine | None = None
    became: RiskLine | None = None

    @property
    def row(self) -> Any:
        return self.course.row

    @property
    def said(self) -> list[tuple[Period, Any, bool]]:
        """For each quarter what it said, and whether that it was closed."""
        said = self.course.said
        return [(quarter, said.get(quarter), (quarter, self.row.key) in self.closed) for quarter in self.quarters]

    @property
    def name(self) -> str:
        return f"{self.kind.lower()} “{unstopped(shorten(self.row.description, 80))}”"

    @property
    def told(self) -> str:
        """How it ended, in a sentence."""
        if self.row.closed_reason:
            return f"Closed in {self.course.last}: {self.row.closed_reason}"
        return f"Last reported in {self.course.last}"


def link_issues(lines: Iterable[RiskLine]) -> None:
    """Each issue and the risk that it came of, as far as both are open to the reader."""
    by_key = {line.row.key: line for line in lines}
    for line in by_key.values():
        if found := by_key.get(line.row.raised_from):
            line.came_of, found.became = found, line


# Goals


@kept
@says_what_is_unreadable
def goals(request: HttpRequest, period: Period) -> HttpResponse:
    """The goals of the year: baselines, forecasts and slips, as a chart with its table."""
    shelf, reports = read_up_to(request, period)
    found = [
        course
        for course in courses(reports, lambda part: part.goals)
        if course.last == period or course.row.financial_year == period.year
    ]
    quarters = [report.quarter for report in reports][-FORECASTS:]
    parts = [part for part in parts_of(reports) if any(course.part.slug == part.slug for course in found)]
    timelines = [timeline_of(part, found, quarters) for part in parts]
    context = around(shelf, reports[-1]) | {"here": "goals", "quarters": quarters, "timelines": timelines}
    return render(request, "reports/goals.html", context)


@dataclass(frozen=True, slots=True)
class GoalLine:
    """One goal over the quarters."""

    course: Course
    quarters: list[Period]

    @property
    def row(self) -> Any:
        return self.course.row

    @property
    def said(self) -> list[tuple[Period, str, str]]:
        """For each quarter the forecast, and by how much it had moved since the one before."""
        found: list[tuple[Period, str, str]] = []
        last: Period | None = None
        for quarter in self.quarters:
            row = self.course.said.get(quarter)
            when = row.forecast if row else None
            moved = slip(last, when) if last and when else 0
            found.append((quarter, row.forecast_text if row else "", slip_text(moved) if moved else ""))
            last = when or last
        return found

    @property
    def bar(self) -> Bar:
        earlier = tuple(row.forecast for quarter, row in self.course.said.items() if quarter != self.course.last)
        row = self.row
        before = tuple(each for each in earlier if each)
        return Bar(row.number, row.title, row.baseline, row.forecast, row.confidence, before, self.completed_in)

    @property
    def completed_in(self) -> Period | None:
        """The first of the last quarters that all called it complete."""
        found = None
        for quarter, row in sorted(self.course.said.items(), reverse=True):
            if row.confidence != GoalConfidence.COMPLETE:
                break
            found = quarter
        return found


@dataclass(frozen=True, slots=True)
class Timeline:
    part: PriorityReport
    lines: list[GoalLine]

    @property
    def bars(self) -> list[Bar]:
        return [line.bar for line in self.lines]


def timeline_of(part: PriorityReport, found: Iterable[Course], quarters: list[Period]) -> Timeline:
    own = [course for course in found if (course.part.pk or course.part.key) == (part.pk or part.key)]
    return Timeline(part, [GoalLine(course, quarters) for course in sorted(own, key=lambda c: c.row.number)])
