"""What a browser would send of an entry page, read without one: for the load, which has no Django beside it."""

import html
import re

FORM = re.compile(r'<form method="post" class="entry".*?</form>', re.S)
FIELD = re.compile(r"<(input|textarea)\b([^>]*)>(?:([^<]*)</textarea>)?")
ATTRIBUTE = re.compile(r'([a-z]+)(?:="([^"]*)")?')
WRITABLE = re.compile(r"(?:reading|risk|goal|finance|update)-\d+-(?:note|explanation|comment|finance_note|narrative)")


def form_of(page: str) -> dict[str, str]:
    """The cells of the entry form as it was loaded, by name; boxes only where they are ticked; no buttons."""
    found, fields = FORM.search(page), {}
    for kind, attributes, text in FIELD.findall(found[0] if found else ""):
        said = dict(ATTRIBUTE.findall(attributes))
        is_box = said.get("type") == "checkbox"
        if "name" not in said or (is_box and "checked" not in said):
            continue
        value = text.removeprefix("\n") if kind == "textarea" else said.get("value", "on" if is_box else "")
        fields[said["name"]] = html.unescape(value)
    return fields


def texts_in(form: dict[str, str]) -> list[str]:
    """The names of the cells that a lead writes into."""
    return sorted(filter(WRITABLE.fullmatch, form))
