from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from priorities.cells import shorten, unstopped
from priorities.door import Refused
from priorities.models import QuarterlyUpdate
from priorities.people import signed_in
from priorities.periods import Period
from updates.deciding import decisions_in, may_note, may_settle, note_decision, settle, subjects_of
from updates.forms import MoveForm
from updates.models import Decision
from updates.typed import shows_again, typed_again, whose

from .update import page, take


class NoteForm(MoveForm):
    name, button = "decision", "Note the decision"
    about = forms.ChoiceField(
        label="What it is about",
        error_messages={"required": "Choose what it is about.", "invalid_choice": "That row is not there; choose one."},
    )
    text = forms.CharField(
        label="What the board decided",
        help_text="It stands beside the row from here on, until it is marked done. It is never in a public report.",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say what the board decided."},
    )

    def __init__(self, update: QuarterlyUpdate, about: str = "", data: Any = None) -> None:
        super().__init__(data)
        field: Any = self.fields["about"]
        field.choices = by_section(update)
        field.initial = about


def by_section(update: QuarterlyUpdate) -> list[tuple[str, list[tuple[str, str]]]]:
    groups: dict[str, list[tuple[str, str]]] = {}
    for word, (section, _, name) in subjects_of(update).items():
        groups.setdefault(section.label, []).append((word, name))
    return list(groups.items())


class DoneForm(MoveForm):
    button = "Mark it done"
    outcome = forms.CharField(label="What was done", max_length=1000, error_messages={"required": "Say what was done."})

    def __init__(self, decision: Decision, data: Any = None) -> None:
        self.name = f"done-{decision.pk}"  # type: ignore[misc]
        super().__init__(data)
        self.helper.inputs[0].name = "settle"
        self.helper.inputs[0].value = f"Mark it done: {shorten(decision.subject, 80)}"


@shows_again
def decisions(request: HttpRequest, period: Period, slug: str) -> HttpResponse:
    """What the board decided of a priority and is not done yet, or was done in this quarter; to note and to mark."""
    update, person = take(request, period, slug), signed_in(request)
    standing = decisions_in(period, [update.priority_id]).select_related("noted_by", "done_by")
    found = [each for each in standing if each.section in update.readable_sections(person)]
    sent = request.POST if request.method == "POST" else typed_again(request)
    settles = may_settle(person, update)
    done = {
        each: DoneForm(each, sent_for(sent, f"done-{each.pk}")) for each in found if settles and not each.done_in_id
    }
    note = NoteForm(update, request.GET.get("about", ""), sent_for(sent, "decision")) if may_note(person) else None
    bound = next((form for form in (note, *done.values()) if form is not None and form.is_bound), None)
    if bound is not None and request.method == "POST" and acted(request, update, bound, done):
        return redirect("updates:decisions", period, slug)
    if request.method == "POST" and bound is None:
        messages.error(request, "Nothing was changed: the decision may be marked done already, or is not yours to.")
        return redirect("updates:decisions", period, slug)
    around = page(update, person) | {"here": "decisions", "title": "Decisions of the board", "who": whose(person)}
    context = {"decisions": [(each, done.get(each)) for each in found], "note": note, "form": bound, "settles": settles}
    failed = bound is not None and bool(bound.errors)
    return render(request, "updates/decisions.html", around | context | {"failed": failed})


def sent_for(sent: Any, name: str) -> Any:
    """What was sent, if it was sent by the form of this name."""
    return sent if sent is not None and any(key.startswith(f"{name}-") for key in sent) else None


def acted(request: HttpRequest, update: QuarterlyUpdate, form: Any, done: dict[Decision, DoneForm]) -> bool:
    """Do what the form asks; False, with its errors, where that can't be done."""
    if not form.is_valid():
        return False
    given, person = form.cleaned_data, signed_in(request)
    try:
        if isinstance(form, NoteForm):
            made = note_decision(update, given["about"], given["text"], by=person)
            messages.success(
                request, f"Noted: {unstopped(made.subject)}. It goes on to the next quarters until it is marked done."
            )
        else:
            decision = next(each for each, own in done.items() if own is form)
            settle(decision, update, given["outcome"], by=person)
            messages.success(request, f"Marked done: {unstopped(decision.subject)}.")
    except Refused as refused:
        form.add_error(None, list(refused.reasons))
    return form.is_valid()
