"""The two controls that entry pages have by the hundred, written without a template each."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html
from django.utils.safestring import SafeString


class Short(forms.TextInput):
    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        given = {"type": "text", "name": name, **self.build_attrs(self.attrs, attrs)}
        if value not in (None, ""):
            given["value"] = str(value)
        return format_html("<input{}>", flatatt(given))


class Long(forms.Textarea):
    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        given = {"name": name, **self.build_attrs(self.attrs, attrs)}
        return format_html("<textarea{}>\n{}</textarea>", flatatt(given), "" if value is None else value)
