from __future__ import annotations

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django import forms
from django.core.exceptions import ValidationError

from .importing import KINDS, SHEETS
from .reading import MAX_BYTES
from .records import short

MOST_FILES = 20
ENDINGS = ".xlsx,.ods,.csv,.zip"


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One file or several; each is checked, and all that is wrong is told at once."""

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = [data] if data is None or not isinstance(data, list) else data
        if len(files) > MOST_FILES:
            raise ValidationError(f"These are {len(files)} files; send at most {MOST_FILES} at once.")
        cleaned, wrong = [], []
        for file in files or [None]:
            try:
                cleaned.append(super().clean(file, initial))
            except ValidationError as error:
                wrong += error.messages
        if wrong:
            raise ValidationError(wrong)
        return cleaned

    def to_python(self, data: Any) -> Any:
        if data is not None and data.name and data.size == 0:
            raise ValidationError(f"{short(data.name)}: the file is empty; save it again, and choose that.")
        if data is not None and data.size > MAX_BYTES:
            megabytes = MAX_BYTES // 2**20
            raise ValidationError(f"{short(data.name)}: the file is larger than {megabytes} MB; split it.")
        return super().to_python(data)


class UploadForm(forms.Form):
    workbooks = FilesField(
        label="Workbooks",
        widget=ManyFiles(attrs={"accept": ENDINGS}),
        max_length=1000,
        error_messages={
            "required": "No file is chosen; choose the workbook, or several at once.",
            "max_length": "The name of the file is too long; shorten it.",
        },
        help_text=f".xlsx, .ods, or .csv with one sheet each (all of them together, or in a .zip), "
        f"{MAX_BYTES // 2**20} MB at most. Several people’s returns may be chosen at once; each is seen and "
        " confirmed by itself.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.attrs = {"novalidate": ""}
        self.helper.add_input(Submit("upload", "Show what would change", css_class="btn"))


MOST = "most"  # all but what stays as it is


class RowsForm(forms.Form):
    """Which rows of a preview are shown. An answer that is none shows those that do something."""

    sheet = forms.ChoiceField(
        label="Sheet", choices=[("", "All sheets"), *((name, name) for name in SHEETS)], required=False
    )
    kind = forms.ChoiceField(
        label="Rows",
        required=False,
        choices=[
            (MOST, "All but unchanged"),
            ("all", "All"),
            *((kind, kind.capitalize()) for kind in KINDS),
        ],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag, self.helper.disable_csrf = False, True

    @property
    def chosen(self) -> tuple[str, str]:
        """The sheet, "" for all, and the kind."""
        self.is_valid()
        return self.cleaned_data.get("sheet", ""), self.cleaned_data.get("kind") or MOST
