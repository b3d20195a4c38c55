"""The layout objects of crispy-forms that entry tables are made of: a line, its cells, and what is folded away."""

from __future__ import annotations

from typing import Any

from crispy_forms.layout import LayoutObject
from crispy_forms.utils import render_field
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

FIELD = "updates/field.html"


class Answers(LayoutObject):
    """Fields of a row, with what last quarter said and what is computed beside them."""

    def __init__(self, *fields: Any, label: str = "", output: str = "", css: str = "", head: str = "") -> None:
        self.fields = list(fields)
        self.label, self.output, self.css, self.head = label, output, css, head

    def rendered(self, form: Any, context: Any) -> SafeString:
        return format_html_join(
            "",
            "{}",
            (
                (render_field(name, form, context, template=FIELD, extra_context=form.beside(name)),)
                for name in self.fields
                if name in form.fields
            ),
        )

    def computed(self, form: Any) -> SafeString:
        if not self.output:
            return SafeString("")
        text = form.shown_outputs.get(self.output, "")
        return format_html('<output id="{}-{}" class="computed">{}</output>', form.prefix, self.output, text)


class Cell(Answers):
    def render(self, form: Any, context: Any, template_pack: Any = None, **kwargs: Any) -> SafeString:
        inner = self.rendered(form, context)
        head = render_to_string(self.head, {"form": form}) if self.head else ""
        return format_html(
            '<td role="cell" class="{}" data-label="{}"><div class="answers">{}{}{}</div></td>',
            self.css,
            self.label,
            inner,
            self.computed(form),
            head,
        )


class Head(LayoutObject):
    """The first cell: what the row is about, and what last quarter said of it."""

    def __init__(self, template: str) -> None:
        self.fields: list[Any] = []
        self.template = template

    def render(self, form: Any, context: Any, template_pack: Any = None, **kwargs: Any) -> str:
        return render_to_string(self.template, {"form": form})


class More(Answers):
    """Cells that seldom change, folded away; open where one of them is wrong or in dispute."""

    def render(self, form: Any, context: Any, template_pack: Any = None, **kwargs: Any) -> SafeString:
        trouble = any(name in form.errors or name in form.conflicts for name in self.fields)
        return format_html(
            '<td role="cell" class="more" data-label="{}"><details{}><summary>{}<span class="sr">, {}</span></summary>'
            '<div class="answers">{}</div></details></td>',
            self.label,
            SafeString(" open") if trouble else "",
            form.more_summary,
            form.label,
            self.rendered(form, context),
        )


class Line(LayoutObject):
    def __init__(self, *fields: Any) -> None:
        self.fields = list(fields)

    def render(self, form: Any, context: Any, template_pack: Any = None, **kwargs: Any) -> SafeString:
        return format_html(
            '<tr role="row" id="{}" class="{}">{}</tr>',
            form.prefix,
            "todo" if form.todo else "done",
            self.get_rendered_fields(form, context, template_pack),
        )


class Block(Answers):
    """Fields one below the other, in no table."""

    def __init__(self, *fields: Any, template: str = "") -> None:
        super().__init__(*fields)
        self.template = template

    def render(self, form: Any, context: Any, template_pack: Any = None, **kwargs: Any) -> SafeString:
        if self.template:
            return SafeString(render_to_string(self.template, {**context.flatten(), "form": form}))
        return format_html('<div class="block">{}</div>', self.rendered(form, context))
