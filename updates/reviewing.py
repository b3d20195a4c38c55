"""The acts of a review: comments and answers, wording mended, sign-offs, approval. Each is one act on record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.http import Http404
from django.utils import timezone

from priorities.cells import shorten
from priorities.door import Refused
from priorities.history import Source, recording
from priorities.models import (
    Assignment,
    AssignmentRole,
    Person,
    QuarterlyUpdate,
    Section,
    UpdateStatus,
    listed,
)
from priorities.moves import APPROVE, MEND, SIGN_OFF
from priorities.writing import moving

from .changes import form_of
from .comparison import Comparison, signatures_of, subject_of, wrote_in
from .forms import AssessmentForm, RowForm
from .models import Comment, NoticeKind, SignOff
from .notices import notify, review_of
from .submitting import take_back_signatures
from .widgets import Long

LOOK_AGAIN = "It has changed since you opened this page; read what is new, then decide."


def people_answering(update: QuarterlyUpdate, section: str = "") -> list[Person]:
    """Those who answer for an update: its leads and deputies, and the contributors of a section. One query."""
    own = Assignment.objects.current().filter(priority=update.priority_id).select_related("person").order_by("pk")
    whole = (AssignmentRole.LEAD, AssignmentRole.DEPUTY)
    return [
        a.person
        for a in own
        if a.role in whole or (a.role == AssignmentRole.CONTRIBUTOR and a.section and a.section == section)
    ]


# Approving


def approve(update: QuarterlyUpdate, *, by: Person, seen: int) -> None:
    """Accept an update for the report; `seen` is its version as it was read.

    Raises Refused if it isn't this person's to approve, was changed since, waits for somebody's sign-off or an answer
    to a comment, or if they wrote any of it: nobody approves what they wrote.
    """
    with moving(update, APPROVE, by=by, source=Source.FORM, note="Approved") as moved:
        if moved.version - 1 != seen:  # opening the door has raised it
            raise Refused(LOOK_AGAIN)
        if found := obstacles(moved, by, wrote=wrote_in(moved, "", by)):
            raise Refused(*found)
        moved.approved_at, moved.approved_by = timezone.now(), by
        told = [*people_answering(moved), *([moved.submitted_by] if moved.submitted_by else [])]
        notify(told, NoticeKind.APPROVED, f"{moved} is approved by {by}.", moved.get_absolute_url(), but=by)


def obstacles(update: QuarterlyUpdate, by: Person, *, wrote: bool, comparison: Comparison | None = None) -> list[str]:
    """Why this person can't approve a submitted update now, each with what helps; nothing where they can."""
    found = []
    if update.submitted_by_id == by.pk:
        found.append("You submitted it, and nobody approves what they wrote: ask another manager to approve it.")
    elif wrote:
        found.append(
            "You filled in part of it, and nobody approves what they wrote: ask another manager to approve it."
        )
    for signature in comparison.signatures if comparison else signatures_of(update):
        if signature.at is None:
            names = listed(signature.people)
            found.append(f"{signature.label} still needs the sign-off of {names}.")
    if count := comparison.open_threads if comparison else open_comments(update):
        told = "1 comment is" if count == 1 else f"{count} comments are"
        found.append(f"{told} not resolved yet: resolve {'it' if count == 1 else 'them'}, or send it back.")
    return found


def open_comments(update: QuarterlyUpdate) -> int:
    return Comment.objects.asked().filter(update=update).count()


# Comments


def save_comments(comparison: Comparison, typed: Mapping[str, str], *, by: Person) -> int:
    """Keep the comments and answers that were typed on the page of a review, by the name of each; how many.

    Raises Refused where a line or a comment isn't there for this person, or the update is closed.
    """
    words = {name: text.strip() for name, text in typed.items() if name.startswith(("comment|", "answer|"))}
    words = {name: text for name, text in words.items() if text}
    if not words:
        return 0
    update = comparison.update
    if update.status == UpdateStatus.CLOSED:
        raise Refused(f"{update} is closed and can't be commented on.")
    made = [comment_typed(comparison, name, text, by) for name, text in words.items()]
    note = f"{len(made)} comment{'s' * (len(made) != 1)} on {update}"
    with recording(by=by, source=Source.FORM, note=note, act="comment"):
        QuarterlyUpdate.objects.select_for_update().get(pk=update.pk)  # who approves at this moment sees them, or waits
        Comment.objects.bulk_create(made)
        tell_of_comments(update, made, by)
    return len(made)


def comment_typed(comparison: Comparison, name: str, text: str, by: Person) -> Comment:
    kind, _, about = name.partition("|")
    for line in comparison.lines:
        if kind == "comment" and line.field_name == name and may_comment(comparison.update, line.section, by):
            subject = shorten(line.subject, 200)
            own: dict[str, Any] = {"section": line.section, "key": line.key, "subject": subject}
            return Comment(update=comparison.update, author=by, text=text, **own)
    for thread in comparison.threads:
        asked = thread.comment
        if kind == "answer" and str(asked.pk) == about:
            own = {"section": asked.section, "key": asked.key, "subject": asked.subject, "answers": asked}
            return Comment(update=comparison.update, author=by, text=text, **own)
    raise Refused("A line that you wrote about is not there any more, or not open to you; nothing was kept of it.")


def may_comment(update: QuarterlyUpdate, section: str, person: Person) -> bool:
    """Reviewers comment on every line, signatories on theirs; who fills them in answers."""
    return person.sees_all or bool({"", section} & person.signs(update.priority_id))


def tell_of_comments(update: QuarterlyUpdate, made: Iterable[Comment], by: Person) -> None:
    asked = [comment for comment in made if comment.answers is None]
    path = review_of(update)
    sections = {comment.section for comment in asked}
    for section in sections:
        own = [comment for comment in asked if comment.section == section]
        lines = listed([f"“{shorten(comment.subject, 60)}”" for comment in own])
        text = f"{by} commented on {lines} of {update}."
        notify(people_answering(update, section), NoticeKind.COMMENTED, text, path, but=by)
    for comment in made:
        if comment.answers is not None:
            text = f"{by} answered your comment on “{shorten(comment.subject, 60)}” of {update}."
            notify([comment.answers.author], NoticeKind.COMMENTED, text, path, but=by)


def resolve(comment: Comment, *, by: Person) -> None:
    """Close a comment: for whoever made it, and for managers and administrators. Raises Refused for others."""
    if not by.sees_all and comment.author_id != by.pk:
        raise Refused("A comment is resolved by who made it, or by a manager.")
    if comment.update.status == UpdateStatus.CLOSED:
        raise Refused(f"{comment.update} is closed; its comments stay as they were.")
    if comment.resolved_at is not None:
        return
    with recording(by=by, source=Source.FORM, note=f"Resolved: {comment.subject}", act="resolve"):
        comment.resolved_at, comment.resolved_by = timezone.now(), by
        comment.save()


# Mending


class NotMended(Refused):
    """The form says why: a text that can't be read, or that somebody else has mended too."""

    def __init__(self, form: RowForm, *reasons: str) -> None:
        super().__init__(*reasons)
        self.form = form


def mending_form(update: QuarterlyUpdate, section: str, key: str, typed: Mapping[str, str] | None = None) -> RowForm:
    """The texts of one line, to mend. Raises Http404 where there is no such line, or no text in it. Four queries."""
    form = next((form for form in form_of(update, section, key, None) if str(form.history_key) == key), None)
    fields = form.fields.items() if form else ()
    worded = {name for name, field in fields if isinstance(field.widget, Long)} - set(AssessmentForm.of_risk)
    if form is None or not worded:
        raise Http404("There is no wording at this address.")
    without = [name for name in form.fields if name not in worded | {"base"}]
    return type(form)(form.row, typed=typed or {}, submitted=typed is not None, without=without)


def mend(update: QuarterlyUpdate, section: str, key: str, typed: Mapping[str, str], *, by: Person) -> list[str]:
    """Mend the wording of one line, for all to see: what it said before stands in a comment. The cells that changed.

    Takes back the sign-offs of what was mended. Raises NotMended, or Refused if it can't be mended now.
    """
    with moving(update, MEND, by=by, source=Source.FORM, note="Wording mended") as moved:
        form = mending_form(moved, section, key, typed)
        if form.is_stale:
            raise NotMended(form, "Somebody changed this line since you opened it; compare, and save again what holds.")
        form.merge(form.stored)
        form.apply()
        lacking = [told for name, told in form.gaps() if name in form.merged.changes]
        if form.errors or lacking:
            raise NotMended(form, *lacking)
        changed = list(form.merged.changes)
        if form.row != moved and changed:
            form.row.save()
        for name in changed:
            tell_of_mending(moved, form, name, by)
        if changed:
            take_back_signatures(moved, section)
    return changed


def tell_of_mending(update: QuarterlyUpdate, form: RowForm, name: str, by: Person) -> None:
    subject, label = subject_of(form), str(form.fields[name].label).lower()
    before, after = form.text_of(name, form.stored[name]), form.text_of(name, form.merged.changes[name])
    Comment.objects.create(
        update=update,
        section=form.section,
        key=form.history_key,
        subject=shorten(subject, 200),
        author=by,
        text=f"Mended the wording ({label}). It said: {before or 'nothing'}\nIt says: {after or 'nothing'}",
        resolved_by=by,
        resolved_at=timezone.now(),
    )
    text = f"{by} mended the wording of “{shorten(subject, 60)}” of {update}."
    notify(people_answering(update, form.section), NoticeKind.COMMENTED, text, review_of(update), but=by)


# Sign-offs


def sign_off(update: QuarterlyUpdate, section: str, *, by: Person, seen: int) -> None:
    """Sign off a section of an update, or with "" the whole of it; `seen` is its version as it was read.

    Raises Refused if it isn't this person's to sign, was changed since, is signed already, or if they wrote any of it.
    """
    name = Section(section).label if section in Section.values else "The whole"
    with moving(update, SIGN_OFF, by=by, source=Source.FORM, note=f"Signed off: {name.lower()}") as moved:
        asked = next((each for each in signatures_of(moved, by) if each.section == section), None)
        if asked is None or not asked.mine:
            whose = f"; {listed(asked.people)} can" if asked else ""
            raise Refused(f"{name} of {moved} is not yours to sign off{whose}.")
        if asked.at is not None:
            raise Refused(f"{name} of {moved} is signed off already, by {asked.by}.")
        if moved.version - 1 != seen:
            raise Refused(LOOK_AGAIN)
        if moved.submitted_by_id == by.pk or wrote_in(moved, section, by):
            raise Refused(f"You filled in part of {name.lower()}, and nobody signs off what they wrote; ask another.")
        SignOff(update=moved, signed_section=section, by=by, at=timezone.now(), confirmed=True).save()
