"""The files of the administration's own import and export: one sheet, read and capped as every other workbook is."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from django.db import models
from import_export.formats import base_formats
from tablib import Dataset

NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]+)?")
NUMERIC = models.DecimalField | models.FloatField | models.IntegerField | models.AutoField


def numeric_columns(dataset: Dataset) -> set[int]:
    """The columns of an export whose model fields hold figures; `dataset.resource` is what it was made by."""
    from .writing.sheets import field_of

    resource = getattr(dataset, "resource", None)
    if resource is None:
        return set()
    paths = {field.column_name: field.attribute for field in resource.fields.values() if field.attribute}
    return {
        index
        for index, heading in enumerate(dataset.headers or ())
        if heading in paths and isinstance(field_of(resource._meta.model, paths[heading]), NUMERIC)
    }


class OneSheet:
    """Mixin: the rows of the one sheet of an upload; raises ValueError in plain words."""

    def create_dataset(self, in_stream: bytes, **kwargs: Any) -> Dataset:
        from .reading import Unreadable, read_upload  # not while the settings are read

        try:
            sheets, unreadable = read_upload(f"file.{self.get_extension()}", in_stream)  # type: ignore[attr-defined]
        except Unreadable as error:
            why = str(error).partition(": ")[2]
            raise ValueError(f"{why} Here a file is .csv or .xlsx; any workbook goes in on the page Import.") from error
        filled = [sheet for sheet in sheets if any(map(any, sheet.rows))]
        if unreadable or len(filled) != 1:
            raise ValueError(
                "there is not one sheet with rows, but several or none; keep the one that is meant, or import the "
                "whole workbook on the page Import."
            )
        (sheet,) = filled
        if sheet.broken:
            (row, column), message = min(sheet.broken.items())
            raise ValueError(f"row {row}, column {column}: {message}")
        rows = [row for row in sheet.rows if any(row)]
        width = max(map(len, rows))
        headings, *body = ([*row, *[""] * (width - len(row))] for row in rows)
        return Dataset(*body, headers=headings)

    def is_binary(self) -> bool:
        return True

    def get_read_mode(self) -> str:
        return "rb"


class CSV(OneSheet, base_formats.CSV):
    def export_data(self, dataset: Dataset, **kwargs: Any) -> str:
        """Text that looks like a formula is guarded, as in every .csv file of ours."""
        from .guarding import guarded

        text = io.StringIO()
        rows = [dataset.headers, *dataset]
        csv.writer(text).writerows([v if NUMBER.fullmatch(v) else guarded(v) for v in map(str, row)] for row in rows)
        return text.getvalue()


class XLSX(OneSheet, base_formats.XLSX):
    def export_data(self, dataset: Dataset, **kwargs: Any) -> bytes:
        """The figures of columns of figures as numbers, and all else as text, whatever it looks like."""
        import xlsxwriter

        numeric = numeric_columns(dataset)
        data = io.BytesIO()
        with xlsxwriter.Workbook(data, {"in_memory": True}) as book:
            page = book.add_worksheet("Rows")
            for number, row in enumerate([dataset.headers, *dataset]):
                for column, value in enumerate(map(str, row)):
                    if number and column in numeric and NUMBER.fullmatch(value):
                        page.write_number(number, column, float(value))
                    elif page.write_string(number, column, value):
                        raise ValueError(f"A text in row {number + 1} is longer than a cell can hold; export as CSV.")
        return data.getvalue()
