"""What differs between two texts, word by word, and the marks that show it."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

LONGEST = 3000  # words; beyond, a comparison takes too long for an answer while somebody types


def marked(old: str, new: str) -> SafeString:
    """The new text with what was added and what was removed marked; "" where nothing differs or nothing is alike."""
    if not old or not new or old == new:
        return mark_safe("")
    before, after = (re.findall(r"\s*\S+", text) for text in (old, new))
    if max(len(before), len(after)) > LONGEST:
        return mark_safe("")
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    if matcher.ratio() < 0.2:
        return mark_safe("")
    parts: list[tuple[SafeString]] = []
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind == "equal":
            parts.append((format_html("{}", "".join(after[j1:j2])),))
            continue
        if i2 > i1:
            removed = '<del><span class="sr">removed: </span>{}</del> '
            parts.append((format_html(removed, "".join(before[i1:i2]).strip()),))
        if j2 > j1:
            parts.append((format_html(' <ins><span class="sr">added: </span>{}</ins>', "".join(after[j1:j2]).strip()),))
    return format_html_join("", "{}", parts)
