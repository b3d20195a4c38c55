"""Who changed what: the history of an update and of each of its rows, cell by cell, and the way back to a value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404

from priorities.door import Refused
from priorities.history import ChangeSet, Source
from priorities.models import Person, Quarter, QuarterlyUpdate, Section
from priorities.rules import check_row
from priorities.writing import writing
from risks.models import Assessment, Risk, level_of

from .entry import ROWS, TEXTS
from .forms import RowForm
from .progress import rows_by_section

Seen = tuple[int, dict[str, Any]]  # the key of a history row, and the values of the cells in it


@dataclass(frozen=True, slots=True)
class CellChange:
    """One cell, before and after."""

    name: str
    label: str
    before: str
    after: str
    before_entry: int  # the history row that has the value before; 0 where it can't be put back


@dataclass(frozen=True, slots=True)
class Change:
    """One save of one row: who, when, how, and the cells that it changed."""

    change_set: ChangeSet | None
    at: Any
    section: str
    subject: str
    history_key: str
    is_first: bool
    cells: tuple[CellChange, ...]

    @property
    def who(self) -> str:
        if self.change_set is None or self.change_set.person is None:
            return "Somebody at the command line"
        return str(self.change_set.person)

    @property
    def how(self) -> str:
        return self.change_set.get_source_display() if self.change_set else ""

    @property
    def imported(self) -> Any:
        """The import that made it, or that it undid; None for other changes. past() has both at hand."""
        return getattr(self.change_set, "import_record", None) or getattr(self.change_set, "undone_import", None)

    @property
    def note(self) -> str:
        return self.change_set.note if self.change_set else ""


def forms_of(update: QuarterlyUpdate, sections: Iterable[str], person: Person | None = None) -> list[RowForm]:
    """Every row of these sections, and the rows of the others that this person holds. Four queries."""
    sections = set(sections)
    found: list[RowForm] = [form(update) for section, form in TEXTS.items() if section in sections]
    for section, by_update in rows_by_section([update]).items():
        for row in by_update[update.pk]:
            if section in sections or (person and row.holder_id == person.pk):
                found.append(ROWS[section][1](row))
    return found


def changes_of(forms: list[RowForm]) -> list[Change]:
    """What happened to these rows, newest first: a query for each kind of row, one more for risks."""
    found = []
    for model in {type(form.row): None for form in forms}:
        of_row: dict[int, list[RowForm]] = {}
        for form in forms:
            if type(form.row) is model:
                of_row.setdefault(form.row.pk, []).append(form)
        past_risks: list[Any] = []
        if model is Assessment:
            risks = [form.row.risk_id for own in of_row.values() for form in own]
            past_risks = list(Risk.history.filter(id__in=risks).order_by("history_id"))
        before: dict[str, Seen] = {}
        for then in past(model, of_row):
            for form in of_row[then.id]:
                found += change(form, then, before, past_risks)
    return sorted(found, key=lambda change: change.at, reverse=True)


def past(model: Any, keys: Iterable[int]) -> Any:
    made_by = ("change_set__person", "change_set__import_record", "change_set__undone_import")
    return model.history.filter(id__in=keys).select_related(*made_by).order_by("history_id")


def moves_of(update: QuarterlyUpdate) -> list[Change]:
    """When the update was submitted, sent back, extended: its changes of state and due date. One query."""
    return steps(
        past(QuarterlyUpdate, [update.pk]),
        "The update",
        {
            "status": ("State", lambda row: row.get_status_display()),
            "due_on": ("Due date", lambda row: f"{row.due_on:%-d %B %Y}" if row.due_on else ""),
        },
    )


def steps(rows: Iterable[Any], subject: str, shown: Mapping[str, tuple[str, Callable[[Any], str]]]) -> list[Change]:
    """The changes of these columns from history row to history row; each has its label and how it is shown."""
    found, last = [], None
    for then in rows:
        cells = tuple(
            CellChange(name, label, show(last), show(then), 0)
            for name, (label, show) in shown.items()
            if last is not None and getattr(last, name) != getattr(then, name)
        )
        if cells:
            found.append(Change(then.change_set, then.history_date, "", subject, "", False, cells))
        last = then
    return found


def change(
    form: RowForm, then: Any, before: dict[str, tuple[int, dict[str, Any]]], past_risks: list[Any]
) -> list[Change]:
    """What one history row changed of one form's cells; nothing where it changed none of them."""
    prefix = str(form.prefix)
    values = form.read_history(then, past_risks)
    last_entry, last = before.get(prefix, (0, None))
    before[prefix] = then.history_id, values
    cells = tuple(
        CellChange(
            name=name,
            label=str(form.fields[name].label),
            before=form.in_words(name, form.text_of(name, (last or {}).get(name))),
            after=form.in_words(name, form.text_of(name, value)),
            before_entry=last_entry if name not in form.not_restored else 0,
        )
        for name, value in values.items()
        if value != (last or {}).get(name) and form.text_of(name, value) != form.text_of(name, (last or {}).get(name))
    )
    if last is not None and not cells:
        return []
    label = form.label if form.subject or (form.section == Section.FINANCE and form.kind == "position") else "Texts"
    return [Change(then.change_set, then.history_date, form.section, label, str(form.history_key), last is None, cells)]


def form_of(update: QuarterlyUpdate, section: str, key: str, person: Person | None) -> list[RowForm]:
    """The form of one row, by its key, or without a key those of a whole section. 404 where there is none."""
    readable = update.readable_sections(person)
    found = [
        form
        for form in forms_of(update, readable, person)
        if form.section == section and key in ("", str(form.history_key))
    ]
    if not found:
        raise Http404("There is nothing at this address whose history you may read.")
    return found


def restore(form: RowForm, name: str, entry: int, *, by: Person) -> None:
    """Put an earlier value back into one cell, as a change of its own. Raises Refused, or Http404 for no such value."""
    model = type(form.row)
    own: dict[str, Any] = {"overview_of": [form.row]} if model is Quarter else {"updates": [form.update]}
    with writing(**own, by=by, source=Source.FORM, note="An earlier value restored"):
        row: Any = model.objects.get(pk=form.row.pk)
        then = model.history.filter(id=row.pk, history_id=entry).first()
        if then is None or name not in form.stored or name in form.not_restored:
            raise Http404("There is no such value.")
        form.write(row, name, form.read_history(then)[name])
        if isinstance(row, Assessment) and "likelihood" in form.fields:
            row.level = level_of(row.likelihood, row.impact) or row.level
        if row != form.update:
            row.update = form.update
        try:
            check_row(row)
        except ValidationError as error:
            raise Refused(*error.messages) from error
        row.save()
