"""An entry page: the rows of one section that somebody may fill in, loaded, typed on, merged and saved."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models
from django.utils import timezone

from finance.models import FinancialPosition
from goals.models import GoalForecast
from indicators.models import Reading
from priorities.door import Refused
from priorities.history import ChangeSet, Source
from priorities.models import Assignment, AssignmentRole, Person, QuarterlyUpdate, QuarterRow, Section, listed
from priorities.writing import writing
from risks.models import Assessment, Risk, RiskKind

from .forms import (
    NEW,
    AssessmentForm,
    FinanceNoteForm,
    ForecastForm,
    PositionForm,
    RatingsForm,
    ReadingForm,
    RowForm,
    blank_risk,
)
from .models import Draft

# The rows of each section: the model, its form, and what names a row from quarter to quarter.
ROWS: dict[str, tuple[type[QuarterRow], type[RowForm], str]] = {
    Section.INDICATORS: (Reading, ReadingForm, "indicator_id"),
    Section.RISKS: (Assessment, AssessmentForm, "risk_id"),
    Section.GOALS: (GoalForecast, ForecastForm, "goal_id"),
    Section.FINANCE: (FinancialPosition, PositionForm, "period"),
}
ORDER = {
    Section.INDICATORS: ("indicator__position", "indicator_id"),
    Section.RISKS: ("-risk__kind", "position", "pk"),
    Section.GOALS: ("goal__number",),
    Section.FINANCE: ("period",),
}
TEXTS: dict[str, type[RowForm]] = {Section.RATINGS: RatingsForm, Section.FINANCE: FinanceNoteForm}


class Entry:
    """What one person may fill in of one section, of one update or of several of the same quarter.

    `typed` is what somebody typed on top of what is stored: a draft, or with `submitted` a form that was sent.
    Three queries, four with rows that others have changed since.
    """

    def __init__(
        self,
        updates: Iterable[QuarterlyUpdate],
        section: str,
        person: Person,
        typed: Mapping[str, str] | None = None,
        *,
        submitted: bool = False,
    ) -> None:
        self.updates, self.section, self.person = list(updates), section, person
        self.typed, self.submitted = typed or {}, submitted
        self.recalled = False
        self.forms = self.load()
        if not submitted or section in (Section.RISKS, Section.GOALS):  # where answers follow from the last ones
            self.recall()
        for form in self.forms:
            if not submitted:
                form.quiet()

    # Loading

    def load(self) -> list[RowForm]:
        self.name_stored()
        forms: list[RowForm] = self.row_forms() if self.section in ROWS else []
        if text_form := TEXTS.get(self.section):
            forms += [text_form(update, **self.how) for update in self.updates if self.has_all_of(update)]
        if self.section == Section.RISKS:
            forms += self.new_risks()
        return forms

    @property
    def how(self) -> dict[str, Any]:
        return {"typed": self.typed, "submitted": self.submitted}

    def row_forms(self) -> list[RowForm]:
        model, form, _ = ROWS[self.section]
        mine: Any = model.objects.filter(update__in=self.updates).order_by(*ORDER[Section(self.section)])
        if form.subject:
            mine = mine.select_related(form.subject, f"{form.subject}__holder", *form.related)
        update_of = {update.pk: update for update in self.updates}
        rows = []
        for row in mine:
            row.update = update_of[row.update_id]
            if self.is_mine(row):
                ranks = self.has_all_of(row.update)
                rows.append(form(row, **self.how, without=() if ranks else ("position",)))
        return sorted(rows, key=lambda form: list(update_of).index(form.update.pk))

    def recall(self) -> None:
        """Put last quarter's answers beside the rows: for showing them, and for what follows from them. Two queries."""
        if self.recalled:
            return
        self.recalled = True
        priorities = [update.priority_id for update in self.updates]
        last = list(QuarterlyUpdate.objects.filter(priority__in=priorities).before(self.updates[0].quarter.period))
        rows: dict[Any, Any] = {update.priority_id: update for update in last}
        if self.section in ROWS and last:
            model, form, subject = ROWS[self.section]
            then: Any = model.objects.filter(update__in=last)
            update_of = {update.pk: update for update in last}
            for row in then.select_related(form.subject) if form.subject else then:
                row.update = update_of[row.update_id]
                rows[row.update.priority_id, getattr(row, subject)] = row
        for each in self.forms:
            priority = each.update.priority_id
            is_text = each.row == each.update
            each.last = rows.get(priority if is_text else (priority, getattr(each.row, ROWS[self.section][2])))
            if isinstance(each, ReadingForm) and each.row.indicator.replaces_id:
                each.replaced = rows.get((priority, each.row.indicator.replaces_id))

    def has_all_of(self, update: QuarterlyUpdate) -> bool:
        """Whether the whole section is this person's, not only single rows: only they rank rows and add some."""
        return self.section in self.person.sections_of(update.priority_id)

    def is_mine(self, row: Any) -> bool:
        return self.person.may_write(row.update.priority_id, frozenset([row.section]), row.holder_id)

    def new_risks(self) -> list[RowForm]:
        """A form for each new risk or issue that was typed, and an empty one of each kind, for those who have all."""
        update = self.updates[0]
        if not self.has_all_of(update):
            return []
        forms: list[RowForm] = [
            AssessmentForm(blank_risk(update, kind, uuid.UUID(key)), **self.how)
            for key, kind in self.new_keys().items()
        ]
        typed_kinds = {form.row.risk.kind for form in forms if not form.differences()}
        forms += [
            AssessmentForm(blank_risk(update, kind), **self.how) for kind in RiskKind.values if kind not in typed_kinds
        ]
        return forms

    def new_keys(self) -> dict[str, str]:
        """The kind of each new risk or issue that was typed, by its key."""
        found = (re.match(rf"{NEW}-(risk|issue)-([0-9a-f-]{{36}})-", name) for name in self.typed)
        return {match[2]: match[1] for match in found if match}

    def name_stored(self) -> None:
        """New rows that were stored since their page was loaded, as when it is sent twice, under their stored name."""
        keys = self.new_keys() if self.section == Section.RISKS else {}
        if not any(value for name, value in self.typed.items() if name.startswith(NEW) and not name.endswith("-base")):
            return
        stored = Assessment.objects.filter(update__in=self.updates, risk__key__in=keys).values_list("risk__key", "pk")
        prefixes = {f"{NEW}-{keys[str(key)]}-{key}-": f"{AssessmentForm.kind}-{pk}-" for key, pk in stored}
        known = {str(key) for key in Risk.objects.filter(key__in=keys).values_list("key", flat=True)}
        elsewhere = tuple(f"{NEW}-{keys[key]}-{key}-" for key in known - {str(key) for key, _ in stored})
        renamed = {f"{prefix}confirmed": "on" for prefix in prefixes.values()}
        for name, value in self.typed.items():
            old = next((prefix for prefix in prefixes if name.startswith(prefix)), "")
            if not (elsewhere and name.startswith(elsewhere)):
                renamed[prefixes[old] + name.removeprefix(old) if old else name] = value
        self.typed = renamed

    # Saving

    def merge(self) -> None:
        """Work out what each form changes, against what its writer first saw."""
        self.all_forms = self.forms  # those of rows that came after the page was loaded, too
        self.forms = [form for form in self.forms if form.is_posted]
        first_seen = self.first_seen()
        for form in self.forms:
            unknown = dict.fromkeys(form.stored) if form.is_stale else form.stored
            form.merge(first_seen.get(form.prefix, unknown))

    @property
    def strangers(self) -> list[str]:
        """Rows that were sent and are not this person's to fill in, or not there any more."""
        known = {form.prefix for form in self.forms}
        sent = (name.removesuffix("-base") for name in self.typed if name.endswith("-base"))
        return [prefix for prefix in sent if prefix not in known]

    @property
    def strange_cells(self) -> list[tuple[str, str]]:
        """What was typed in such rows, to be copied from the page: the cell's name and the text."""
        starts = tuple(f"{prefix}-" for prefix in self.strangers)
        typed = [(name, text) for name, text in self.typed.items() if starts and name.startswith(starts)]
        return [
            (name.rpartition("-")[2], text) for name, text in typed if text and not name.endswith(("-base", "-was"))
        ]

    def first_seen(self) -> dict[str | None, dict[str, Any]]:
        """For rows changed since their form was loaded: their cells as they were then, from history. One query."""
        stale = [form for form in self.forms if form.is_stale]
        found = {}
        for model in {type(form.row) for form in stale}:
            of_row = {form.row.pk: form for form in stale if type(form.row) is model}
            past = model.history.filter(id__in=of_row).select_related("change_set__person").order_by("history_id")
            for then in past:
                form = of_row[then.id]
                if then.version <= form.first_version:
                    found[form.prefix] = form.read_history(then)
                elif then.change_set:
                    form.now_stored_by = f"{then.change_set.person or 'the command line'}, {clock(then.change_set.at)}"
        return found

    @property
    def problems(self) -> bool:
        return any(form.errors or form.conflicts for form in self.forms)

    @property
    def changed(self) -> list[RowForm]:
        return [form for form in self.forms if form.merged.changes or form.touched]

    def write(self, *, unchanged: bool) -> None:
        """Apply what was merged, and confirm the rest where that was asked for; a form with errors stops it all.

        Rows that somebody else has saved since are not confirmed with the rest: their answers were not in sight.
        """
        for form in self.forms:
            if form.merged.changes:
                form.apply()
            elif unchanged and form.row.pk and not form.is_stale and form.confirm_unchanged():
                form.touched = True
        if self.problems:
            return
        self.make_issues()
        if self.section == Section.FINANCE:
            self.repeat_forecast()
        if self.section == Section.RISKS and self.has_all_of(self.updates[0]):
            self.rank()
        self.write_risks()
        self.write_rows()

    def make_issues(self) -> None:
        """An issue for each risk that has happened, once."""
        happened = [form for form in self.forms if isinstance(form, AssessmentForm) and form.becomes_issue]
        if not happened:
            return
        done = set(
            Risk.objects.filter(raised_from__in=[f.row.risk_id for f in happened]).values_list("raised_from", flat=True)
        )
        last = Assessment.objects.filter(update__in=self.updates, risk__kind=RiskKind.ISSUE).count()
        for number, form in enumerate((f for f in happened if f.row.risk_id not in done), last + 1):
            self.forms.append(form.as_issue(number))

    def write_risks(self) -> None:
        """What the changed assessments say of the risks themselves."""
        forms = [form for form in self.changed if isinstance(form, AssessmentForm)]
        Risk.objects.bulk_create([form.row.risk for form in forms if form.is_new])
        stored = [form.row.risk for form in forms if not form.is_new and form.changes_risk]
        if stored:
            Risk.objects.bulk_update(stored, ["owner", "closed_reason", "closed_from"])

    def write_rows(self) -> None:
        rows = [form.row for form in self.changed]
        for row in rows:
            if isinstance(row, QuarterlyUpdate):
                row.save()
        for model in {type(row) for row in rows} - {QuarterlyUpdate}:
            stored = [row for row in rows if type(row) is model and row.pk]
            new = [row for row in rows if type(row) is model and not row.pk]
            if stored:
                model.objects.bulk_update(stored, own_columns(model))
            if new:
                model.objects.bulk_create(new)

    def repeat_forecast(self) -> None:
        """Later periods repeat the quarter's forecast until they have one of their own."""
        for update in self.updates:
            forms = {f.row.period: f for f in self.forms if isinstance(f, PositionForm) and f.update.pk == update.pk}
            current = forms.get(update.quarter.number)
            if current is None:
                continue
            was = current.stored["forecast"]
            for period, form in forms.items():
                follows = "forecast" not in form.merged.changes and form.row.forecast in (None, was)
                if period > update.quarter.number and follows and form.row.forecast != current.row.forecast:
                    form.row.forecast = current.row.forecast
                    form.touched = True

    def rank(self) -> None:
        """Number the rows of each kind from 1: a rank that was typed goes before the one that had it."""
        for kind in RiskKind.values:
            every = {form.prefix: form for form in (*self.all_forms, *self.forms)}.values()
            forms = [f for f in every if isinstance(f, AssessmentForm) and f.row.risk.kind == kind]
            forms = [f for f in forms if f.row.pk or f.merged.changes or f.touched]
            forms.sort(
                key=lambda f: (
                    bool(f.row.risk.closed_reason),
                    f.row.position,
                    f.moved,
                )
            )
            for number, form in enumerate(forms, 1):
                if form.row.position != number:
                    form.row.position, form.touched = number, True
                    if form not in self.forms:
                        self.forms.append(form)

    def entered_for(self) -> str:
        """Whose rows these are, where the person who saves them is none of those who hold them. One query."""
        priorities = {form.update.priority_id for form in self.changed}
        assigned = Assignment.objects.current().filter(priority__in=priorities).select_related("person")
        names: dict[str, None] = {}
        for form in self.changed:
            own = [a for a in assigned if a.priority_id == form.update.priority_id]
            holders = [a.person for a in own if a.section == self.section]
            if form.row.pk and (holder := form.holder):
                holders = [holder]
            holders = holders or [a.person for a in own if a.role != AssignmentRole.CONTRIBUTOR]
            if holders and self.person not in holders:
                names |= {str(person): None for person in holders}
        return listed(names) if names else ""

    # Drafts

    def differences(self) -> dict[str, str]:
        """What was typed and is not stored, by the name of its cell."""
        first_seen = self.first_seen()
        found: dict[str, str] = {}
        for form in self.forms:
            found |= form.differences(first_seen.get(form.prefix))
        return found

    # Showing

    @property
    def problem_list(self) -> list[tuple[str, str]]:
        """What has to be mended before it can be saved: the id of the cell, or "", and what is wrong with it."""
        found = []
        for form in self.forms:
            for name, errors in form.errors.items():
                where = f"id_{form.add_prefix(name)}" if name in form.fields else ""
                place = f"{form.label}, {str(form.fields[name].label).lower()}" if where else form.label
                found += [(where, f"{place}: {error}") for error in errors]
            for name in form.conflicts:
                told = f"{form.label}: “{form.fields[name].label}” was changed since you opened it; choose which holds."
                found.append((f"id_{form.add_prefix(name)}", told))
        return found

    @property
    def by_update(self) -> list[tuple[QuarterlyUpdate, list[RowForm], list[RowForm]]]:
        """The updates with their rows and their texts, for pages that show several."""
        return [
            (
                update,
                [f for f in self.forms if f.update.pk == update.pk and isinstance(f.row, QuarterRow)],
                [f for f in self.forms if f.row == update],
            )
            for update in self.updates
        ]

    @property
    def has_table(self) -> bool:
        return any(isinstance(form, PositionForm) for form in self.forms)

    @property
    def risk_tables(self) -> list[tuple[str, list[RowForm]]]:
        """The captions of the two tables, and their rows."""
        return [(f"Top {kind.label.lower()}s", self.of_kind(kind)) for kind in RiskKind]

    def of_kind(self, kind: str) -> list[RowForm]:
        return [form for form in self.forms if isinstance(form, AssessmentForm) and form.row.risk.kind == kind]

    @property
    def template(self) -> str:
        return f"updates/sections/{self.section}.html"

    @property
    def unconfirmed(self) -> int:
        """Rows that "the rest is unchanged" would speak for."""
        return sum(not form.row.confirmed for form in self.forms if form.row.pk and "confirmed" in form.fields)


def own_columns(model: type[models.Model]) -> list[str]:
    """What a save may change of a row: all but its key, its version, and what it is about."""
    fields = model._meta.concrete_fields
    return [f.name for f in fields if not f.is_relation and not f.primary_key and f.name != "version"]


def clock(moment: dt.datetime) -> str:
    return f"{timezone.localtime(moment):%H:%M}"


NOT_YOURS = (
    "Some of the rows that you filled in are not yours any more, or are gone. They are not shown below; "
    "ask the lead of the priority, then save what is left."
)


class NothingWritten(Exception):
    """Leaves the transaction, with the entry whose problems are to be shown; or with nothing to write."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry


def save_entry(
    updates: Iterable[QuarterlyUpdate],
    section: str,
    person: Person,
    typed: Mapping[str, str],
    *,
    unchanged: bool = False,
) -> Entry:
    """Save what was sent of an entry page: all of it or, where something can't be read or is in dispute, nothing.

    The entry that comes back has `problems` if nothing was written; its forms then have errors, or conflicts with what
    somebody else saved since. `unchanged` confirms the rows that were carried forward and not touched. What is saved
    leaves the person's draft. Raises Refused if an update can't be edited by this person now.
    """
    updates = list(updates)
    try:
        with writing(updates, by=person, source=Source.FORM) as change_set:
            if section in TEXTS:  # as they are stored now that nobody else can write them
                stored = QuarterlyUpdate.objects.select_related("quarter__plan", "priority")
                updates = list(stored.filter(pk__in=[update.pk for update in updates]))
            entry = Entry(updates, section, person, typed, submitted=True)
            write_typed(entry, change_set, unchanged=unchanged)
            forget_drafts(updates, section, person)
    except NothingWritten as stopped:
        entry = stopped.entry
        if entry.problems:
            entry.recall()
        else:
            forget_drafts(updates, section, person)
    return entry


def write_typed(entry: Entry, change_set: ChangeSet, *, unchanged: bool = False) -> None:
    """Merge and write what was sent, inside the door that its caller holds open.

    Raises NothingWritten with the entry where something is wrong or nothing changed, Refused for rows of others.
    """
    if entry.strangers:
        raise Refused(NOT_YOURS)
    entry.merge()
    if entry.problems:
        raise NothingWritten(entry)
    entry.write(unchanged=unchanged)
    if entry.problems or not entry.changed:
        raise NothingWritten(entry)
    if owner := entry.entered_for():
        change_set.note = f"Entered for {owner}"[:200]
        change_set.save(update_fields=["note"])


def drafts_of(updates: Iterable[QuarterlyUpdate], section: str, person: Person) -> list[Draft]:
    return list(Draft.objects.filter(update__in=updates, section=section, person=person))


def forget_drafts(updates: Iterable[QuarterlyUpdate], section: str, person: Person) -> None:
    Draft.objects.filter(update__in=updates, section=section, person=person).delete()


def keep_draft(entry: Entry) -> None:
    """Keep what was typed and not saved, valid or not, one draft for each update; nothing to keep leaves none."""
    differences = entry.differences()
    for update in entry.updates:
        own = tuple(f"{form.prefix}-" for form in entry.forms if form.update.pk == update.pk)
        data = {name: value for name, value in differences.items() if name.startswith(own)}
        of_this: dict[str, Any] = {"update": update, "section": entry.section, "person": entry.person}
        if data:
            Draft.objects.update_or_create(**of_this, defaults={"data": data})
        else:
            Draft.objects.filter(**of_this).delete()
