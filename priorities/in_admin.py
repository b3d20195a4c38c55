"""The administration's way into the rows of a sheet: the same plan and messages on import-export's pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError
from django.utils.html import format_html
from import_export import resources
from import_export.results import RowResult
from tablib import Dataset

from .audit import Act, record
from .columns import Key, cell
from .door import Refused
from .history import Source
from .models import Person
from .writing import writing

CHANGED_SINCE = "Nothing was imported: something has changed since the preview. Preview the file again."
RESULTS = {
    "new": RowResult.IMPORT_TYPE_NEW,
    "changed": RowResult.IMPORT_TYPE_UPDATE,
    "unchanged": RowResult.IMPORT_TYPE_SKIP,
    "ignored": RowResult.IMPORT_TYPE_SKIP,
    "refused": RowResult.IMPORT_TYPE_INVALID,
}


class InAdmin(resources.Resource):
    """What SheetResource plans and writes, previewed and confirmed in the administration."""

    book: Any
    outcome: list[Any]
    problem: str
    warnings: list[Any]
    plan: Any
    fingerprint: Any
    plan_rows: Any
    shown: Any
    updates: Any
    quarters: Any
    opening: Any
    apply: Any

    def import_data(self, dataset: Dataset, dry_run: bool = False, **kwargs: Any) -> Any:
        """Plan the rows; unless it is a dry run or any row is refused, write them too.

        `fingerprint` is that of the preview: raises Refused where the plan is another by now.
        """
        by = self.book.by = kwargs.get("user")
        self.plan_rows(dataset.headers or (), [["" if v is None else str(v).strip() for v in row] for row in dataset])
        result = self.as_result()
        if dry_run:
            return result
        if kwargs.get("fingerprint", self.fingerprint) != self.fingerprint:
            raise Refused(CHANGED_SINCE)
        if not result.has_errors() and not result.has_validation_errors() and self.plan:
            self.write(by)
        return result

    def write(self, by: Person | None) -> None:
        try:
            with writing(self.updates(), by=by, source=Source.ADMIN, overview_of=self.quarters(), opening=self.opening):
                self.apply()
                record(Act.IMPORTED, by=by, about=self.get_display_name(), detail=Source.ADMIN.label)
        except IntegrityError:
            raise Refused(CHANGED_SINCE) from None  # somebody made the same row between the plan and the door

    def as_result(self) -> Any:
        """The plan as import-export's pages show it."""
        result = self.get_result_class()()
        result.diff_headers, result.total_rows = self.get_diff_headers(), len(self.outcome)
        if self.problem:
            result.append_base_error(self.get_error_result_class()(ValueError(self.problem)))
        for row in self.outcome:
            shown = self.get_row_result_class()()
            shown.import_type, shown.instance = RESULTS[row.kind], row.instance
            shown.diff = self.as_html(row)
            undecided = {name: [clash.problem] for name, clash in row.clashes.items() if not clash.choice}
            if row.errors or undecided:
                shown.import_type = RowResult.IMPORT_TYPE_INVALID
                errors = {name or NON_FIELD_ERRORS: texts for name, texts in {**undecided, **row.errors}.items()}
                result.append_invalid_row(row.number, row.cells, ValidationError(errors))
            else:
                shown.add_instance_info(row.instance)
            result.increment_row_result_total(shown)
            result.append_row_result(shown)
        result.fingerprint = self.fingerprint
        result.warnings = [
            f"Row {warning.row + 1}, {warning.column}: {warning.message}"
            if warning.row
            else f"Headings: {warning.message}"
            for warning in self.warnings
        ]
        return result

    def as_html(self, row: Any) -> Sequence[str]:
        changed = {heading: (old, new) for heading, old, new in self.shown(row)}
        found = []
        for column in self.get_user_visible_fields():
            old, new = changed.get(column.column_name, ("", ""))
            if isinstance(column, Key):
                new = cell(row.cells, column.column_name)
            found.append(format_html("<del>{}</del> <ins>{}</ins>", old, new) if old else format_html("{}", new))
        return found
