"""The rows of the entry pages: what each asks, how it is laid out, and what is computed beside the answers.

A row's form is always bound: to what is stored, shown as text, with what somebody has typed on top. So a page, a draft,
an autosave and a save read the same cells with the same parsers.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout, Submit
from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import cached_property
from django.utils.safestring import SafeString

from finance.models import variance, variance_text
from goals.models import slip, slip_text
from priorities.cells import (
    Basis,
    GoalConfidence,
    Level,
    Measure,
    Missing,
    Rating,
    Trend,
    parse_basis,
    parse_date,
    parse_goal_confidence,
    parse_level,
    parse_measure,
    parse_money,
    parse_number,
    parse_period,
    parse_rating,
    parse_score,
    parse_text,
    parse_trend,
    show_date,
    show_measure,
    show_pounds,
)
from priorities.door import current_door
from priorities.fields import CellField
from priorities.merging import Conflict, Merged, merge
from priorities.models import RATINGS, Gaps, QuarterlyUpdate, RiskScale, Section, listed
from priorities.prose import HINT as MARKS
from priorities.rules import check_row
from risks.models import Assessment, Risk, RiskKind, level_of, suggested_trend

from .layout import Block, Cell, Head, Line, More
from .widgets import Long, Short
from .wording import marked

NEW = "new"  # the prefix of rows that are not stored yet
YES = "on"  # a ticked box, as browsers send it
TICKED, NOT_TICKED = "ticked", "not ticked"
NOT_ANSWERS = {"confirmed", "position", "is_top", "is_internal"}  # cells that say nothing of the quarter itself
LAST = 999  # a rank after all others, until the rows are ranked


# Cells


def cell(label: str, parse: Any, *, show: Any = str, size: int = 6, choices: Any = None, hint: str = "") -> CellField:
    """A short cell to type in; `choices` are offered to a pointer by the script, and never changed by arrow keys."""
    attrs = {"size": size, "autocomplete": "off", "class": "form-control"}
    if choices:
        attrs["data-choices"] = "|".join(f"{choice.value}:{choice.label}" for choice in choices)
    widget = Short(attrs=attrs)
    return CellField(parse=parse, show=show, label=label, required=False, help_text=hint, widget=widget)


def text(label: str, rows: int = 2, hint: str = "") -> CellField:
    widget = Long(attrs={"rows": rows, "class": "form-control"})
    return CellField(parse=parse_text, label=label, required=False, help_text=hint, widget=widget)


def letter(choice: Any) -> str:
    return str(choice.value if hasattr(choice, "value") else choice)


def money(label: str) -> CellField:
    field = cell(label, parse_money, show=show_pounds, size=7)
    field.widget.attrs["class"] += " num"
    return field


# Rows


class RowForm(forms.Form):
    """One row of an entry page. `last` is last quarter's row, `typed` what somebody typed and has not saved yet."""

    kind: ClassVar[str]
    layout: ClassVar[Layout]
    subject: ClassVar[str] = ""  # the foreign key that names what the row is about
    related: ClassVar[tuple[str, ...]] = ()  # more that is shown of it
    not_restored: ClassVar[tuple[str, ...]] = ("base", "confirmed")  # cells whose past is shown, not brought back

    history_key: Any = ""  # names the row in the address of its history

    base = forms.IntegerField(required=False, widget=forms.HiddenInput)
    confirmed = forms.BooleanField(required=False, label="Right for this quarter")

    last: Any = None
    decisions: Any = ()  # of the board on this row

    def __init__(
        self,
        row: Any,
        *,
        typed: Mapping[str, str] | None = None,
        submitted: bool = False,
        without: Iterable[str] = (),
    ) -> None:
        super().__init__(prefix=self.prefix_of(row), use_required_attribute=False)
        self.row = row
        for name in without:
            self.fields.pop(name, None)
        self.prepare()
        self.stored = self.read(row)
        self.texts = {self.add_prefix(name): self.text_of(name, value) for name, value in self.stored.items()}
        self.texts[self.add_prefix("base")] = str(row.version)
        start = f"{self.prefix}-"
        self.typed = {name: tidy_text(value) for name, value in (typed or {}).items() if name.startswith(start)}
        for name in self.ticked if submitted and self.is_posted else ():
            self.typed.setdefault(self.add_prefix(name), "")  # browsers don't send an empty box
        self.data: dict[str, Any] = {**self.texts, **self.typed}
        self.is_bound = True
        self.merged = Merged({}, {})
        self.touched = False  # changed by something else than its own cells: a rank, a confirmation
        self.now_stored_by = ""

    @classmethod
    def prefix_of(cls, row: Any) -> str:
        return f"{cls.kind}-{row.pk}"

    def prepare(self) -> None:
        """Fit the fields to the row: the unit of its cells, the year of its quarters."""

    @property
    def helper(self) -> FormHelper:
        made = FormHelper()
        made.form_tag = made.form_show_errors = False
        made.disable_csrf = True
        made.layout = self.layout
        return made

    @property
    def is_posted(self) -> bool:
        return self.add_prefix("base") in self.typed

    @property
    def update(self) -> QuarterlyUpdate:
        return self.row.update

    @property
    def section(self) -> str:
        return self.row.section

    first_seen_cells: Any = ()  # hidden cells beside the version

    @property
    def label(self) -> str:
        """What the row is about, to tell its cells apart by ear."""
        return str(getattr(self.row, self.subject))

    # Values of the cells

    def read(self, row: Any) -> dict[str, Any]:
        """The value of each cell of a row; None where it is empty."""
        return {name: blank_to_none(getattr(row, name)) for name in self.fields if name != "base"}

    def write(self, row: Any, name: str, value: Any) -> None:
        if value is None:
            value = row._meta.get_field(name).get_default()
        setattr(row, name, value)

    @property
    def ticked(self) -> list[str]:
        """The cells that are boxes to tick."""
        return [name for name, field in self.fields.items() if isinstance(field, forms.BooleanField)]

    def text_of(self, name: str, value: Any) -> str:
        if name in self.ticked:
            return YES if value else ""
        field = self.fields[name]
        return "" if value is None else field.show(value) if isinstance(field, CellField) else str(value)

    def in_words(self, name: str, text: str) -> str:
        """The text of a cell as people read it: a box is ticked or not."""
        return (TICKED if text else NOT_TICKED) if name in self.ticked else text

    def last_text(self, name: str) -> str:
        """Last quarter's answer to the same cell."""
        if self.last is None or name in ("base", "confirmed"):
            return ""
        return self.text_of(name, self.read(self.last).get(name))

    def type(self, cell: str, text: str) -> None:
        """Put a text into a cell, as if somebody had typed it."""
        name = self.add_prefix(cell)
        self.typed[name] = self.data[name] = tidy_text(text)
        self.full_clean()

    def differences(self, base: Mapping[str, Any] | None = None) -> dict[str, str]:
        """What was typed that says something else than what is stored, and than what its writer first saw."""
        first = {self.add_prefix(n): tidy_text(self.text_of(n, v)) for n, v in (base or self.stored).items()}
        self.is_valid()
        found = {}
        for cell in self.stored:
            name = self.add_prefix(cell)
            known = self.typed.get(name, "") in (first[name], tidy_text(self.texts[name]))
            means_the_same = cell in self.cleaned_data and self.cleaned_data[cell] == self.stored[cell]
            if name in self.typed and not known and not means_the_same:
                found[name] = self.typed[name]
        seen = {name: value for name, value in self.typed.items() if name.endswith(("-base", "-was"))}
        return found | seen if found else {}

    # Saving

    @property
    def first_version(self) -> int:
        """The version that its writer first saw; the stored one if they say nothing, or something impossible."""
        said = self.typed.get(self.add_prefix("base"), "")
        return min(int(said), self.row.version) if said.isdecimal() and len(said) < 10 else self.row.version

    @property
    def is_stale(self) -> bool:
        """Whether somebody else has saved the row since its writer first saw it."""
        return bool(self.row.pk) and self.first_version < self.row.version

    def merge(self, base: Mapping[str, Any]) -> None:
        """Hold what was typed against what its writer first saw and what is stored by now."""
        mine = {}
        for name in self.stored:
            html_name = self.add_prefix(name)
            choice = self.choice(name)
            if html_name not in self.typed or name in self.errors or choice == "theirs":
                continue
            first_text = tidy_text(self.text_of(name, base[name]))
            if self.typed[html_name] == first_text:  # as it was shown, whatever was rounded in showing
                self.data[html_name] = self.texts[html_name]
            else:
                mine[name] = self.cleaned_data[name]
        self.merged = merge(base, mine, self.stored)
        for name in [name for name in self.merged.conflicts if self.choice(name) == "mine"]:
            self.merged.changes[name] = self.merged.conflicts.pop(name).mine

    def choice(self, name: str) -> str:
        """What was chosen in a conflict, if it was about the version that is stored now."""
        html_name = self.add_prefix(name)
        asked = self.typed.get(f"{html_name}-asked")
        return self.typed.get(f"{html_name}-choice", "") if asked == str(self.row.version) else ""

    def read_history(self, then: Any, past_risks: Iterable[Any] = ()) -> dict[str, Any]:
        """The values of the cells in an earlier version of the row."""
        return self.read(then)

    @property
    def holder(self) -> Any:
        """The contributor who has this very row."""
        return self.row.holder

    @property
    def conflicts(self) -> dict[str, Conflict]:
        return self.merged.conflicts

    def apply(self) -> None:
        """Put the merged values on the row, check it, and confirm what somebody has answered."""
        for name, value in self.merged.changes.items():
            self.write(self.row, name, value)
        answered = set(self.merged.changes) - NOT_ANSWERS and "confirmed" in self.fields
        if answered and self.merged.changes.get("confirmed") is not False:
            self.row.confirmed = True
        self.complete()
        self.check()

    def complete(self) -> None:
        """What follows from the answers."""

    def confirm_unchanged(self) -> bool:
        """Confirm a row that was carried forward and not touched; True if that changed it."""
        if "confirmed" not in self.fields or self.row.confirmed or not self.can_stay():
            return False
        self.row.confirmed = True
        self.complete()
        self.check()
        return True

    def can_stay(self) -> bool:
        """Whether "unchanged" is an answer to this row."""
        return True

    def check(self) -> None:
        try:
            check_row(self.row)
        except ValidationError as error:
            for name, messages in error.message_dict.items():
                field = name.replace("target_missing", "target").replace("missing", "value")
                self.add_error(field if field in self.fields else None, messages)

    # Showing

    def gaps(self) -> Gaps:
        """What the stored row lacks, by cell."""
        return self.row.gaps()

    @cached_property
    def todo(self) -> Gaps:
        return self.gaps()

    @property
    def needs(self) -> str:
        """The cells that lack an answer, in few words; to confirm the row where that is all."""
        names = [str(self.fields[name].label).lower() for name, _ in self.todo if name != "confirmed"]
        return f"Needs {listed(names)}" if names else "Needs confirming" if self.todo else ""

    @cached_property
    def shown_outputs(self) -> dict[str, SafeString | str]:
        return self.outputs()

    def preview(self) -> Any:
        """The row as it would be with what is typed, as far as it can be read."""
        row = self.copied()
        self.is_valid()  # cleans, once
        for name in self.stored:
            if self.add_prefix(name) in self.typed and name in self.cleaned_data:
                self.write(row, name, self.cleaned_data[name])
        return row

    def copied(self) -> Any:
        return copy.copy(self.row)

    @property
    def more_summary(self) -> str:
        """What is folded away."""
        return "More"

    def outputs(self) -> dict[str, SafeString | str]:
        """What is computed from what is typed, by the end of the id that shows it."""
        return {
            f"{name}-marks": marked(self.last_text(name), str(self.data.get(self.add_prefix(name), "")))
            for name, field in self.fields.items()
            if self.last is not None and isinstance(field.widget, forms.Textarea)
        }

    def quiet(self) -> None:
        """Forget what can't be read: it is pointed out when it is saved, not while it is typed."""
        self.full_clean()
        self._errors = forms.utils.ErrorDict()

    def beside(self, name: str) -> dict[str, Any]:
        """What is shown with a cell: last quarter's answer, what differs from it, and a conflict."""
        last = self.last_text(name)
        is_text = isinstance(self.fields[name].widget, forms.Textarea)
        same = is_text and tidy_text(last) == tidy_text(self.data.get(self.add_prefix(name), ""))
        return {
            "last": "" if same or not last else self.in_words(name, last),
            "is_text": is_text,
            "marks": self.shown_outputs.get(f"{name}-marks", ""),
            "conflict": self.conflict_of(name),
        }

    @property
    def last_label(self) -> str:
        """The quarter that the last answers are of."""
        return self.last.update.quarter.period.label_within(self.update.quarter.financial_year)

    def conflict_of(self, name: str) -> dict[str, str] | None:
        """Both versions of a cell that somebody else changed too."""
        if name not in self.conflicts:
            return None
        found = self.conflicts[name]
        return {
            "theirs": self.in_words(name, self.text_of(name, found.theirs)) or "(empty)",
            "mine": self.in_words(name, str(self.data.get(self.add_prefix(name), ""))) or "(empty)",
            "by": self.now_stored_by,
        }


def tidy_text(value: Any) -> str:
    return str(value).replace("\r\n", "\n").strip()


def blank_to_none(value: Any) -> Any:
    return None if value == "" else value


class MeasureField(CellField):
    """A figure in its indicator's unit, or the reason that there is none."""

    def __init__(self, label: str) -> None:
        widget = Short(attrs={"size": 8, "autocomplete": "off", "class": "form-control num"})
        super().__init__(parse=self.read, show=self.write, label=label, required=False, widget=widget)
        self.unit, self.decimals = "number", 0

    def read(self, typed: str) -> Measure:
        return parse_measure(typed, self.unit)

    def write(self, measure: Measure) -> str:
        if measure.value is not None:
            return show_measure(measure.value, self.unit, self.decimals)
        return f"[{measure.missing}]" if measure.missing else ""


class ReadingForm(RowForm):
    kind, subject, related = "reading", "indicator", ("indicator__replaces",)
    value = MeasureField("Value")
    basis = cell("Basis", parse_basis, show=lambda b: Basis(b).short, choices=Basis, size=4)
    confidence = cell("Confidence", parse_rating, show=letter, choices=Rating, size=2)
    note = text("Note")
    reason = text("Reason, if you judge otherwise than the figures")
    as_at = cell("Data as at", parse_date, show=show_date, size=10, hint="Like 30/09/2022")
    target = MeasureField("Target")
    target_basis = cell("Target’s basis", parse_basis, show=lambda b: Basis(b).short, choices=Basis, size=4)
    target_note = text("Note on the target")

    layout = Layout(
        Line(
            Head("updates/heads/reading.html"),
            Cell("value", label="Value"),
            Cell("confidence", label="Confidence", output="suggested"),
            Cell("note", "reason", label="Note"),
            More("target", "basis", "target_basis", "target_note", "as_at", label="Target and basis"),
            Cell("confirmed", label="Confirm"),
        )
    )

    def prepare(self) -> None:
        for name in {"value", "target"} & set(self.fields):
            field: Any = self.fields[name]
            field.unit, field.decimals = self.row.indicator.unit, self.row.indicator.decimals
            field.parse, field.show = field.read, field.write  # of this copy of the field, not of the class's

    def read(self, row: Any) -> dict[str, Any]:
        measures = {
            "value": measure(row.value, row.missing),
            "target": measure(row.target, row.target_missing),
        }
        return super().read(row) | {name: found for name, found in measures.items() if name in self.fields}

    def write(self, row: Any, name: str, value: Any) -> None:
        if name not in ("value", "target"):
            return super().write(row, name, value)
        missing = "missing" if name == "value" else "target_missing"
        setattr(row, name, value.value if value else None)
        setattr(row, missing, (value.missing or "") if value else "")
        return None

    def clean(self) -> dict[str, Any]:
        """A basis written with the figure, "-18pp (R12)", is that cell's basis."""
        cleaned = self.cleaned_data
        for name, basis in (("value", "basis"), ("target", "target_basis")):
            found = cleaned.get(name)
            if found is None or found.basis is None:
                continue
            cleaned[name] = Measure(found.value, found.missing)
            cleaned[basis] = found.basis
            self.typed[self.add_prefix(basis)] = found.basis.short
        return cleaned

    @property
    def more_summary(self) -> str:
        shown = (self.texts[self.add_prefix(name)] for name in ("target", "basis"))
        return ", ".join(filter(None, shown)) or "None given"

    replaced: Any = None  # last quarter's row of the indicator that this one replaces

    @property
    def replaces_text(self) -> str:
        """What a new indicator takes the place of, and in its first quarter what that one said last."""
        old = self.row.indicator.replaces
        if old is None:
            return ""
        if self.replaced is None:
            return f"Replaces {old}."
        return f"Replaces {old}, {self.replaced.update.quarter}: {self.replaced.in_words()}"

    def can_stay(self) -> bool:
        return self.row.value is not None or bool(self.row.missing)

    @property
    def history_key(self) -> str:
        return str(self.row.indicator.key)

    def outputs(self) -> dict[str, SafeString | str]:
        row = self.preview()
        suggested = row.suggested(self.update.quarter.number)
        if not suggested:
            return {**super().outputs(), "suggested": ""}
        word = Rating(suggested).label.lower()
        ask = row.confidence and row.confidence != suggested and not row.reason
        told = f"Figures suggest {suggested} ({word})" + ("; give the reason you judge otherwise." if ask else ".")
        return {**super().outputs(), "suggested": told}


def measure(value: Decimal | None, missing: str) -> Measure | None:
    if value is None and not missing:
        return None
    return Measure(value, Missing(missing) if missing else None)


class ForecastForm(RowForm):
    kind, subject = "goal", "goal"
    forecast = cell("Forecast", parse_period, size=10)
    confidence = cell("Confidence", parse_goal_confidence, show=letter, choices=GoalConfidence, size=3)
    comment = text("Comment")

    layout = Layout(
        Line(
            Head("updates/heads/goal.html"),
            Cell("forecast", label="Forecast", output="slip"),
            Cell("confidence", label="Confidence"),
            Cell("comment", label="Comment"),
            Cell("confirmed", label="Confirm"),
        )
    )

    def prepare(self) -> None:
        field: Any = self.fields["forecast"]
        year = self.row.goal.financial_year
        field.parse = lambda typed: parse_period(typed, year)
        field.show = lambda period: period.label_within(year)
        now = self.update.quarter.period
        offered = [now.plus(n) for n in range(9 - now.number)]  # to the end of next year
        field.widget.attrs["data-choices"] = "|".join(f"{p.label_within(year)}:{p.label}" for p in offered)
        field.widget.attrs["placeholder"] = self.row.goal.baseline.label_within(year) if self.row.goal.baseline else ""

    def confirm_unchanged(self) -> bool:
        """Unchanged since last quarter means the confidence too."""
        if not self.row.confirmed and not self.row.confidence and self.last is not None:
            self.row.confidence = self.last.confidence
        return super().confirm_unchanged()

    def can_stay(self) -> bool:
        return bool(self.row.confidence)

    @property
    def baseline_text(self) -> str:
        goal = self.row.goal
        return goal.baseline.label_within(goal.financial_year) if goal.baseline else "none"

    @property
    def history_key(self) -> str:
        return str(self.row.goal.key)

    def outputs(self) -> dict[str, SafeString | str]:
        row = self.preview()
        return {**super().outputs(), "slip": slip_text(slip(row.goal.baseline, row.forecast))}


class AssessmentForm(RowForm):
    kind, subject = "risk", "risk"
    position = cell("Rank", parse_number, size=2)
    description = text("Description", 3)
    level = cell("Level", parse_level, show=letter, choices=Level, size=2)
    likelihood = cell("Likelihood, 1 to 5", parse_score, size=2)
    impact = cell("Impact, 1 to 5", parse_score, size=2)
    trend = cell("Trend", parse_trend, show=lambda t: Trend(t).label, choices=Trend, size=5)
    explanation = text("Explanation for the trend", 3)
    owner = cell("Owner", parse_text, size=20)
    closed_reason = text("Close it, because")
    became_issue = forms.BooleanField(required=False, label="It has happened: make it an issue")
    is_top = forms.BooleanField(required=False, label="Top: in the public report")
    is_internal = forms.BooleanField(required=False, label="Internal: never in the public report")

    of_risk = ("owner", "closed_reason")  # cells that are the risk's own, whatever the quarter
    not_restored = ("base", "confirmed", "position", "became_issue", *of_risk)

    layout = Layout(
        Line(
            Cell("position", label="Rank"),
            Cell("description", label="Description", head="updates/heads/risk.html"),
            Cell("level", "likelihood", "impact", label="Level", output="level"),
            Cell("trend", label="Trend", output="trend"),
            Cell("explanation", label="Explanation for the trend"),
            More("owner", "is_top", "is_internal", "became_issue", "closed_reason", label="Owner, public, close"),
            Cell("confirmed", label="Confirm"),
        )
    )

    @classmethod
    def prefix_of(cls, row: Any) -> str:
        return f"{NEW}-{row.risk.kind}-{row.risk.key}" if row.pk is None else f"{cls.kind}-{row.pk}"

    def prepare(self) -> None:
        matrix = self.update.quarter.plan.risk_scale == RiskScale.MATRIX
        for name in ("level",) if matrix else ("likelihood", "impact"):
            del self.fields[name]
        if self.row.risk.kind == RiskKind.ISSUE:
            del self.fields["became_issue"]
        if self.is_new:
            for name in ("position", "confirmed", "closed_reason", "became_issue"):
                self.fields.pop(name, None)

    def gaps(self) -> Gaps:
        return [] if self.is_new else super().gaps()

    @property
    def is_new(self) -> bool:
        return self.row.pk is None

    @property
    def label(self) -> str:
        kind = self.row.risk.get_kind_display()
        return f"new {kind.lower()}" if self.is_new else f"{kind} {self.row.position}"

    def read(self, row: Any) -> dict[str, Any]:
        risk = row.risk
        found: dict[str, Any] = {"became_issue": None} if "became_issue" in self.fields else {}
        for name in self.fields:
            if name not in ("base", "became_issue"):
                found[name] = blank_to_none(getattr(risk if name in self.of_risk else row, name))
        return found

    def write(self, row: Any, name: str, value: Any) -> None:
        if name == "became_issue":
            return
        if name in self.of_risk:
            setattr(row.risk, name, value or "")
        else:
            super().write(row, name, value)

    def clean(self) -> dict[str, Any]:
        if self.is_new and self.differences() and not self.cleaned_data.get("description"):
            self.add_error("description", f"Describe the {self.label}.")
        return self.cleaned_data

    def copied(self) -> Any:
        row = super().copied()
        row.risk = copy.copy(self.row.risk)
        return row

    @property
    def more_summary(self) -> str:
        if self.is_new:
            return "Owner, public"
        if self.row.risk.closed_reason:
            return "Closed"
        return "Internal" if self.row.is_internal else "Top" if self.row.is_top else "Owner, public, close"

    @property
    def moved(self) -> int:
        """Where its rank was typed: before the row that had the rank if it moved up, after it if it moved down."""
        if "position" not in self.merged.changes:
            return 0
        return -1 if self.row.position < self.stored["position"] else 1

    @property
    def becomes_issue(self) -> bool:
        return bool(self.merged.changes.get("became_issue"))

    @property
    def first_seen_cells(self) -> list[tuple[str, str]]:
        """What the form says its writer first saw of the risk's own cells, as it was loaded or as it was sent."""
        names = [f"{name}-was" for name in self.of_risk if name in self.fields and not self.is_new]
        stored = {f"{name}-was": self.texts[self.add_prefix(name)] for name in self.of_risk if name in self.stored}
        return [(self.add_prefix(name), self.typed.get(self.add_prefix(name), stored[name])) for name in names]

    @property
    def changes_risk(self) -> bool:
        return bool({*self.of_risk, "became_issue"} & set(self.merged.changes))

    def merge(self, base: Mapping[str, Any]) -> None:
        """The risk's own cells have no version: what their writer first saw comes with the form."""
        said = {name: self.typed.get(self.add_prefix(f"{name}-was")) for name in self.of_risk if name in self.stored}
        super().merge({**base, **{name: was or None for name, was in said.items() if was is not None}})

    def complete(self) -> None:
        row = self.row
        if self.is_new:
            row.confirmed = True
        if "likelihood" in self.fields:
            row.level = level_of(row.likelihood, row.impact) or row.level
        if row.confirmed and not row.trend:
            row.trend = suggested_trend(row.level, self.last.level if self.last else "") or ""
        if self.becomes_issue:
            row.risk.closed_reason = "It has happened, and is reported as an issue."
        if {"closed_reason", "became_issue"} & set(self.merged.changes):
            row.risk.closed_from = self.update.quarter.period.next if row.risk.closed_reason else None

    def check(self) -> None:
        super().check()
        try:
            check_row(self.row.risk)
        except ValidationError as error:
            for name, messages in error.message_dict.items():
                self.add_error(name if name in self.fields else None, messages)

    def as_issue(self, position: int) -> AssessmentForm:
        """The issue that a risk has become, in the risk's words."""
        row = blank_risk(self.update, RiskKind.ISSUE)
        row.position = position
        row.risk.owner, row.risk.holder, row.risk.raised_from = self.row.risk.owner, self.holder, self.row.risk
        for name in ("description", "likelihood", "impact", "level", "explanation", "is_top", "is_internal"):
            setattr(row, name, getattr(self.row, name))
        row.confirmed = True
        form = AssessmentForm(row)
        form.touched = True
        return form

    def read_history(self, then: Any, past_risks: Iterable[Any] = ()) -> dict[str, Any]:
        row = self.copied()
        for field in row._meta.concrete_fields:
            if not field.is_relation:
                setattr(row, field.name, getattr(then, field.name))
        for risk in past_risks:
            if risk.id == row.risk_id and risk.history_date <= then.history_date:
                row.risk.owner, row.risk.closed_reason = risk.owner, risk.closed_reason
        return self.read(row)

    @property
    def history_key(self) -> str:
        return str(self.row.risk.key)

    def outputs(self) -> dict[str, SafeString | str]:
        row, found = self.preview(), super().outputs()
        level = row.level
        if "likelihood" in self.fields:
            level = level_of(row.likelihood, row.impact) or row.level
            found["level"] = f"Level {level}" if level else ""
        suggested = suggested_trend(level, self.last.level) if self.last else None
        found["trend"] = f"If left empty: {suggested.label.lower()}" if suggested and not row.trend else ""
        return found


class PositionForm(RowForm):
    kind = "position"
    budget = money("Year budget")
    forecast = money("Forecast")
    ytd_profile = money("Profile to date")
    ytd_actual = money("Actual to date")

    layout = Layout(
        Line(
            Head("updates/heads/position.html"),
            Cell("budget", label="Year budget", css="num"),
            Cell("forecast", label="Forecast", output="forecast", css="num"),
            Cell("ytd_profile", label="Profile to date", css="num"),
            Cell("ytd_actual", label="Actual to date", output="actual", css="num"),
            Cell("confirmed", label="Confirm"),
        )
    )

    @property
    def label(self) -> str:
        return f"Q{self.row.period}, {self.update.priority}"

    @property
    def history_key(self) -> str:
        return f"q{self.row.period}"

    def outputs(self) -> dict[str, SafeString | str]:
        row = self.preview()
        return {
            "forecast": variance_text(variance(row.budget, row.forecast)),
            "actual": variance_text(variance(row.ytd_profile, row.ytd_actual)),
        }


class UpdateForm(RowForm):
    """The texts and ratings of an update itself, which nobody carried forward and nobody has to confirm."""

    section: ClassVar[str]

    def prepare(self) -> None:
        del self.fields["confirmed"]

    @property
    def is_stale(self) -> bool:
        """Opening the door for this very save has raised the version by one."""
        return self.first_version < self.row.version - (current_door() is not None)

    @property
    def update(self) -> QuarterlyUpdate:
        return self.row

    @property
    def label(self) -> str:
        return str(self.row.priority)

    @property
    def last_label(self) -> str:
        return self.last.quarter.period.label_within(self.row.quarter.financial_year)

    def gaps(self) -> Gaps:
        return self.row.gaps(self.section)

    def check(self) -> None:
        try:
            check_row(self.row)
        except ValidationError as error:
            self.add_error(None, error.messages)


class RatingsForm(UpdateForm):
    kind, section = "update", Section.RATINGS
    objectives, time, spend, capability, risk = (
        cell(name.capitalize(), parse_rating, show=letter, choices=Rating, size=2) for name in RATINGS
    )
    ratings_note = text("Why a rating is amber or red", 3, MARKS)
    narrative = text("Narrative", 12, MARKS)

    layout = Layout(Block(*RATINGS, template="updates/ratings.html"), Block("ratings_note", "narrative"))

    def ratings(self) -> list[dict[str, Any]]:
        return [
            {"field": self[name], "name": name, "last": self.last_text(name), "conflict": self.conflict_of(name)}
            for name in RATINGS
        ]


class FinanceNoteForm(UpdateForm):
    kind, section = "finance", Section.FINANCE
    history_key = "note"
    finance_note = text("Finance note", 5, MARKS)
    layout = Layout(Block("finance_note"))


def blank_risk(update: QuarterlyUpdate, kind: str, key: uuid.UUID | None = None) -> Assessment:
    risk = Risk(priority_id=update.priority_id, kind=kind, **({"key": key} if key else {}))
    return Assessment(update=update, risk=risk, position=LAST)


# Moves that need a reason


class MoveForm(forms.Form):
    name: ClassVar[str]
    button: ClassVar[str]

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, prefix=self.name)
        self.helper = FormHelper()
        self.helper.attrs = {"novalidate": ""}
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.add_input(Submit("", self.button, css_class="btn-quiet"))


class SendBackForm(MoveForm):
    name, button = "send_back_form", "Send it back"
    reason = forms.CharField(
        label="What has to be done before it is submitted again",
        max_length=180,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say what has to be done before it is submitted again."},
    )


class ExtendForm(MoveForm):
    name, button = "extend_form", "Give it more time"
    due_on = CellField(
        parse=parse_date,
        label="New due date",
        help_text="Like 30/11/2022",
        error_messages={"required": "Enter the new due date."},
    )
    reason = forms.CharField(label="Why", max_length=180, error_messages={"required": "Say why the due date is moved."})
