"""Upload, preview, confirm or cancel; the list of imports; undo."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from priorities.door import Refused
from priorities.history import ChangeSet
from priorities.models import Person
from priorities.people import signed_in

from . import records
from .forms import MOST, RowsForm, UploadForm
from .importing import KINDS
from .models import ImportRecord, ImportState, may_import
from .preview import Preview
from .reading import Unreadable
from .records import FILE, STORED
from .sending import sent
from .undoing import Blocked, undo
from .writing import marked_copy

A_PAGE = 100
A_LIST = 25


def importer(request: HttpRequest) -> Person:
    """The person of a request, if they upload workbooks; 403 for others."""
    person = signed_in(request)
    if not may_import(person):
        raise PermissionDenied(
            "Spreadsheets are imported by administrators, by those who fill in an update and by those who write the "
            "overview. To be given a part, ask the lead of a priority or an administrator."
        )
    return person


# The list


def imports(request: HttpRequest) -> HttpResponse:
    """Upload workbooks; the imports that there were."""
    person = importer(request)
    form = UploadForm(None, None)
    if request.method == "POST":
        form = UploadForm(request.POST, request.FILES)
        if form.is_valid():
            made = uploaded(form, person)
            if len(made) > 1 or (made and form.errors):
                names = ", ".join(map(str, made))
                told = f"Uploaded: {names}. Nothing is stored yet; look at each below, and confirm it."
                messages.success(request, told)
            if not form.errors:
                return redirect(made[0] if len(made) == 1 else "workbooks:imports")
    found = ImportRecord.objects.readable_by(person).select_related("person", "change_set")
    shown = Paginator(found, A_LIST).get_page(request.GET.get("page"))
    context = {"title": "Import", "form": form, "failed": bool(form.errors), "shown": shown}
    return render(request, "workbooks/imports.html", context)


def uploaded(form: UploadForm, person: Person) -> list[ImportRecord]:
    """A preview of each file; what can't be read becomes an error of the form."""
    made = []
    for name, data in records.gathered((file.name, file.read()) for file in form.cleaned_data["workbooks"]):
        try:
            made.append(records.upload(name, data, by=person))
        except Unreadable as error:
            form.add_error("workbooks", str(error))
    return made


# One import


def one(request: HttpRequest, pk: int) -> HttpResponse:
    """The preview of one import, and what can be done with it; afterwards, what it did."""
    person = importer(request)
    record = find(person, pk)
    if request.method != "POST":
        return show(request, record)
    act = ACTS.get(request.POST.get("act", ""))
    if act is None or not may_act(person, record, act):
        raise PermissionDenied("Only who uploaded a workbook confirms or cancels it. Upload it yourself.")
    try:
        return act(request, record, person)
    except Refused as refused:
        if not ImportRecord.objects.filter(pk=pk).exists():
            messages.warning(request, " ".join(refused.reasons))
            return redirect("workbooks:imports")
        return show(request, find(person, pk), refused=refused.reasons)
    except Blocked as blocked:
        return show(request, record, obstacles=blocked.obstacles)


def find(person: Person, pk: int) -> ImportRecord:
    related = ("person", "change_set", "undone_by", "file")
    readable = ImportRecord.objects.readable_by(person).select_related(*related)
    if person.is_administrator:
        return get_object_or_404(readable, pk=pk)
    record = readable.filter(pk=pk).first()
    if record is None:  # which of both is nobody's to find out by trying numbers
        raise PermissionDenied(
            "This import is somebody else’s, or is gone. Who made it, or an administrator, can tell you of it."
        )
    return record


def may_act(person: Person, record: ImportRecord, act: Any) -> bool:
    """Administrators undo what others imported; a preview is its uploader's."""
    return record.person_id == person.pk or (act is undone and person.is_administrator)


def show(request: HttpRequest, record: ImportRecord, **told: Any) -> HttpResponse:
    person, preview = signed_in(request), Preview.unpack(record.file.preview)
    form = RowsForm(request.GET)
    rows, wrong = page_of(request, chosen_rows(preview, form), "page"), preview.wrong()
    is_own = record.person_id == person.pk
    context = {
        "title": f"Import of {record}",
        "record": record,
        "summary": [(sheet, [(kind, kinds.get(kind, 0)) for kind in KINDS]) for sheet, kinds in record.counts.items()],
        "kinds": KINDS,
        "may_decide": is_own and record.is_preview,
        "may_undo": record.state == ImportState.APPLIED and (is_own or person.is_administrator),
        "is_old": record.is_preview and ChangeSet.objects.filter(at__gt=record.planned_at).exists(),
        "earlier": earlier(record, person) if record.is_preview else None,
        "since": page_of(request, preview.since, "since"),
        "disputed": page_of(request, choices_of(preview, record), "choice"),
        "told": page_of(request, preview.told, "problem"),
        "rows": rows,
        "shown_rows": [(row, wrong.get((row.sheet, row.row), [])) for row in rows],
        "form": form,
        "kept": kept(request),
        **told,
    }
    return render(request, "workbooks/import.html", context | {"failed": bool(told)})


def earlier(record: ImportRecord, person: Person) -> ImportRecord | None:
    """The newest import of the very same file."""
    same = ImportRecord.objects.readable_by(person).filter(sha256=record.sha256, state=ImportState.APPLIED)
    return same.select_related("person", "change_set").first()


def choices_of(preview: Preview, record: ImportRecord) -> list[Any]:
    """Each cell in dispute, with who wins, "" where that is not said."""
    return [(each, record.choices.get(each.name, {}).get("wins", "")) for each in preview.disputed]


def chosen_rows(preview: Preview, form: RowsForm) -> list[Any]:
    sheet, kind = form.chosen
    wanted = set(KINDS) - {"unchanged"} if kind == MOST else set(KINDS) if kind == "all" else {kind}
    return [row for row in preview.rows if row.kind in wanted and sheet in ("", row.sheet)]


def page_of(request: HttpRequest, rows: list[Any], name: str) -> Page[Any]:
    return Paginator(rows, A_PAGE).get_page(request.GET.get(name))


def kept(request: HttpRequest) -> str:
    """The chosen rows, for the links from page to page."""
    query = request.GET.copy()
    for name in ("since", "choice", "problem", "page"):
        query.pop(name, None)
    return query.urlencode()


# Acts


def confirmed(request: HttpRequest, record: ImportRecord, person: Person) -> HttpResponse:
    if records.confirm(record, seen=request.POST.get("fingerprint", "")) is None:
        raise Refused(records.CHANGED)
    messages.success(request, f"Imported: {record.in_words()}.")
    return redirect(record)


def cancelled(request: HttpRequest, record: ImportRecord, person: Person) -> HttpResponse:
    records.cancel(record)
    messages.success(request, f"{record} was cancelled. Nothing of it is left.")
    return redirect("workbooks:imports")


def looked_again(request: HttpRequest, record: ImportRecord, person: Person) -> HttpResponse:
    records.look_again(record)
    messages.success(request, "This is what would change now.")
    return redirect(record)


def chosen(request: HttpRequest, record: ImportRecord, person: Person) -> HttpResponse:
    """Who wins in each cell of the page; with a button for all, in every cell."""
    wins: dict[str, Any] = {
        name.removeprefix("wins:"): who for name, who in request.POST.items() if name.startswith("wins:")
    }
    if (everywhere := request.POST.get("all")) in (FILE, STORED):
        wins = {each.name: everywhere for each in Preview.unpack(record.file.preview).disputed}
    valid = {name: str(who) for name, who in wins.items() if who in (FILE, STORED)}
    if not valid:
        raise Refused("Nothing was chosen: say for each cell whether what is stored or the file’s value holds.")
    records.choose(record, valid)
    messages.success(request, "Your choices are kept. This is what would change with them.")
    return redirect(record)


def undone(request: HttpRequest, record: ImportRecord, person: Person) -> HttpResponse:
    undo(record, by=person)
    messages.success(request, f"{record} is undone: every value is as it was before, and what it made is deleted.")
    return redirect(record)


ACTS = {"confirm": confirmed, "cancel": cancelled, "again": looked_again, "choose": chosen, "undo": undone}


# Files


@require_safe
def file(request: HttpRequest, pk: int) -> HttpResponse:
    """The file as it came."""
    record = find(importer(request), pk)
    return sent(record.file.bytes, record.name)


@require_safe
def marked(request: HttpRequest, pk: int) -> HttpResponse:
    """The file with the cells marked that have to be mended, to hand back."""
    record = find(importer(request), pk)
    told = Preview.unpack(record.file.preview).told
    if not told:
        messages.info(request, "Nothing has to be mended in this workbook, so there is nothing to mark.")
        return redirect(record)
    try:
        name, data = marked_copy(record.name, record.file.bytes, told)
        return sent(data, name)
    except Unreadable as error:
        messages.error(request, str(error))
        return redirect(record)
