"""An upload from its preview to the import, and what is kept of it."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path, PurePath
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from priorities.columns import cell, heading_key
from priorities.door import Refused
from priorities.history import ChangeSet, Source
from priorities.models import Person
from priorities.rows import Row, SheetResource

from .importing import KINDS, SHEETS, CellPlan, Import, Told, apply_import, plan_import
from .models import NAME_LENGTH, ImportFile, ImportRecord, ImportState
from .preview import Disputed, Preview, ShownRow, differences, disputed_in
from .reading import read_upload

DAYS_KEPT = 14  # how long a preview waits for its confirmation
MOST_WAITING = 20  # previews of one person
FILE, STORED = "file", "stored"
CHANGED = (
    "Nothing was imported: something has changed since this preview was made. "
    "Look at what is different now, then confirm again."
)
CANCELLED = "This import was cancelled, here or on another page; nothing of it is left."
Choices = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Look:
    """A file against what is stored now."""

    planned: Import
    disputed: list[Disputed] = field(default_factory=list)
    choices: Choices = field(default_factory=dict)

    @cached_property
    def told(self) -> list[Told]:
        """What has to be mended in the file, whole sheets first; what has to be chosen is told with the choice."""
        found = [*untold(self.planned), *(told for told in self.planned.told if not told.conflict)]
        return [replace(told, message=told.message[:1].upper() + told.message[1:]) for told in found]

    @property
    def problems(self) -> int:
        return len(self.told) + len(self.disputed) - len(self.choices)

    def preview(self, before: Iterable[ShownRow] | None = None) -> Preview:
        """What is shown of it, asked for before it is applied; with the rows shown before, what is different since."""
        rows = list(map(ShownRow.of, self.planned.rows))
        return Preview(rows, self.told, self.disputed, [] if before is None else differences(before, rows))


def look(name: str, data: bytes, *, by: Person | None, choices: Mapping[str, Mapping[str, str]]) -> Look:
    """Plan a file with the choices that were made. Raises Unreadable where there is nothing to read.

    A choice holds as long as what it was made over does: where others have stored yet another value, it is asked again.
    """
    sheets, unreadable = read_upload(name, data)
    planned = plan_import(sheets, by=by)
    disputed = disputed_in(planned)
    standing = {each.name: dict(choices[each.name]) for each in disputed if over(each) == chosen(choices, each.name)}
    if standing:
        wins: dict[str, list[str]] = {FILE: [], STORED: []}
        for place, choice in standing.items():
            wins[choice["wins"]].append(place)
        planned = plan_import(sheets, by=by, mine=wins[FILE], theirs=wins[STORED])
    planned.problems[:0] = map(str, unreadable)
    return Look(planned, disputed, standing)


def over(each: Disputed) -> str:
    """What a choice is made over: the values and who stored theirs."""
    return "\n".join((each.cell.old, each.cell.new, each.cell.conflict))


def chosen(choices: Mapping[str, Mapping[str, str]], name: str) -> str | None:
    return choices[name]["over"] if name in choices else None


def untold(planned: Import) -> list[Told]:
    """Problems of whole sheets and files, which have no cell."""
    known = {told.line for told in planned.told}
    lines = [line for line in planned.problems if re.sub(r" \(The same in \d+ more\.\)$", "", line) not in known]
    parts = [line.partition(": ") for line in lines]
    return [Told(place if told else "", 0, 0, "", "", told or place) for place, _, told in parts]


# Files


def short(name: str) -> str:
    """A file's name as it is kept: what can be printed, and no more than there is room for."""
    clean = "".join(letter for letter in name if letter.isprintable()).strip() or "file"
    path = PurePath(clean)
    ending = path.suffix[:10]
    room = NAME_LENGTH - len(ending) - 1
    return clean if len(clean) <= NAME_LENGTH else f"{clean[:room]}…{ending}"


def gathered(files: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """The files, with the sheets of a folder of .csv, chosen all at once, as the one workbook that they are."""
    files = list(files)
    known = {heading_key(name) for name in SHEETS}
    sheets = {heading_key(path.stem): (name, data) for name, data in files if is_csv(path := PurePath(name))}
    count = sum(is_csv(PurePath(name)) for name, _ in files)
    if count < 2 or len(sheets) < count or not sheets.keys() <= known:
        return files
    others = [(name, data) for name, data in files if not is_csv(PurePath(name))]
    return [(f"{count} sheets.zip", zipped(sheets.values())), *others]


def zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A .zip of these files, the same bytes for the same files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in sorted(files):
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)  # which has no date
    return packed.getvalue()


def is_csv(path: PurePath) -> bool:
    return path.suffix.lower() == ".csv"


def file_at(path: Path) -> tuple[str, bytes]:
    """The name and the bytes of a file, or of a folder's .csv files as one .zip."""
    if not path.is_dir():
        return path.name, path.read_bytes()
    return f"{path.name}.zip", zipped((each.name, each.read_bytes()) for each in path.iterdir() if is_csv(each))


# The way of an import


def upload(name: str, data: bytes, *, by: Person) -> ImportRecord:
    """Keep a file with its preview; the same file again is the same preview, made anew. Raises Unreadable."""
    digest = sha256(data).hexdigest()
    waiting = ImportRecord.objects.filter(person=by, sha256=digest, state=ImportState.PREVIEWED)
    found = look(name, data, by=by, choices={})
    with transaction.atomic():
        record = waiting.select_for_update().first()
        if record is None:
            record = ImportRecord(person=by, sha256=digest, size=len(data))
        record.name, record.choices = short(name), {}
        store(record, found, data, found.preview())
        drop_the_oldest(by)
        return record


def drop_the_oldest(person: Person) -> None:
    """Of more previews than may wait for one person, only the newest stay."""
    waiting = ImportRecord.objects.filter(person=person, state=ImportState.PREVIEWED).select_for_update()
    newest = [record.pk for record in waiting.order_by("-planned_at", "-pk").only("pk")]
    ImportRecord.objects.filter(pk__in=newest[MOST_WAITING:]).delete()


def store(record: ImportRecord, found: Look, data: bytes, preview: Preview) -> ImportRecord:
    record.planned_at = timezone.now()
    record.fingerprint = found.planned.fingerprint
    record.counts, record.problems = found.planned.by_sheet, found.problems
    record.warnings, record.choices = found.planned.warnings, found.choices
    record.save()
    ImportFile.objects.update_or_create(record=record, defaults={"data": data, "preview": preview.pack()})
    return record


def held(record: ImportRecord) -> ImportRecord:
    """The record as it is now, held against everybody else; raises Refused where it is no preview any more."""
    now = ImportRecord.objects.select_for_update().filter(pk=record.pk).first()
    if now is None:
        raise Refused(CANCELLED)
    if now.state != ImportState.PREVIEWED:
        raise Refused(f"It was {now.get_state_display().lower()} already.")
    now.person = record.person
    return now


def look_again(record: ImportRecord) -> None:
    """Make the preview anew, with what has changed since it was made."""
    with transaction.atomic():
        now = held(record)
        renew(now, look(now.name, now.file.bytes, by=now.person, choices=now.choices))


def renew(record: ImportRecord, found: Look) -> None:
    """Keep a newer preview, and how it differs from the one that somebody saw."""
    store(record, found, record.file.bytes, found.preview(Preview.unpack(record.file.preview).rows))


def choose(record: ImportRecord, wins: Mapping[str, str]) -> None:
    """Say for cells in dispute whether the file's value or the stored one holds, and make the preview anew."""
    with transaction.atomic():
        now = held(record)
        disputed = Preview.unpack(now.file.preview).disputed
        made = {each.name: {"wins": wins[each.name], "over": over(each)} for each in disputed if each.name in wins}
        found = look(now.name, now.file.bytes, by=now.person, choices={**now.choices, **made})
        store(now, found, now.file.bytes, found.preview())


def confirm(record: ImportRecord, *, seen: str) -> ChangeSet | None:
    """Write what the preview shows, all of it or nothing; None, with the preview made anew, if it would be otherwise.

    `seen` is the fingerprint of the preview that somebody looked at. Raises Refused, with nothing written, where the
    import was cancelled or confirmed meanwhile, or has problems.
    """
    with transaction.atomic():
        now = held(record)
        found = look(now.name, now.file.bytes, by=now.person, choices=now.choices)
        if not found.planned.fingerprint == now.fingerprint == seen:
            renew(now, found)
            return None
        if found.problems:
            raise Refused("Nothing was imported: what is listed below has to be mended first.")
        try:
            change_set = apply_import(found.planned, source=Source.SPREADSHEET, note=now.name)
        except IntegrityError:
            raise Refused(CHANGED) from None  # somebody made the same row between the plan and the door
        if change_set is None:
            raise Refused("There is nothing to import: all of it is stored already.")
        now.state, now.change_set = ImportState.APPLIED, change_set
        now.save(update_fields=["state", "change_set"])
        return change_set


def cancel(record: ImportRecord) -> None:
    """Leave nothing of a preview: neither its file nor its record."""
    with transaction.atomic():
        held(record).delete()


def forget(*, before: dt.datetime) -> int:
    """Delete the previews that nobody has looked at since; the number of them."""
    stale = ImportRecord.objects.filter(state=ImportState.PREVIEWED, planned_at__lt=before)
    return stale.delete()[1].get(ImportRecord._meta.label, 0)


def apply_at_once(path: Path, planned: Import, *, tick: Callable[[], object] = bool) -> ChangeSet | None:
    """Write a plan without a preview, from the command line, and keep its file; as apply_import() otherwise."""
    name, data = file_at(path)
    record = ImportRecord(name=short(name), size=len(data), sha256=sha256(data).hexdigest(), state=ImportState.APPLIED)
    found = Look(planned)
    record.fingerprint, preview = planned.fingerprint, found.preview()  # of the plan before it is applied
    with transaction.atomic():
        record.change_set = apply_import(planned, source=Source.COMMAND, note=path.name, tick=tick)
        if record.change_set is not None:
            store(record, found, data, preview)
    return record.change_set


def keep(*, name: str, data: bytes, resource: SheetResource, result: Any, change_set: ChangeSet) -> None:
    """Keep what the administration has imported with its file, as of every other import."""
    sheet = resource.get_display_name()
    rows = [
        ShownRow(
            sheet, row.number + 1, row.kind, str(row.instance), shown_cells(resource, row), cell(row.cells, "Quarter")
        )
        for row in resource.outcome
    ]
    found = Counter(row.kind for row in rows)
    record = ImportRecord.objects.create(
        person=change_set.person,
        name=short(name),
        size=len(data),
        sha256=sha256(data).hexdigest(),
        state=ImportState.APPLIED,
        change_set=change_set,
        fingerprint=result.fingerprint,
        counts={sheet: {kind: found[kind] for kind in KINDS}},
        warnings=result.warnings,
    )
    ImportFile.objects.create(record=record, data=data, preview=Preview(rows).pack())


def shown_cells(resource: SheetResource, row: Row) -> tuple[CellPlan, ...]:
    return tuple(CellPlan(heading, "", old, new) for heading, old, new in resource.shown(row))
