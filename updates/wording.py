"""What differs between two texts, word by word, and the marks that show it."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

LONGEST = 3000  # words; beyond, a comparison takes too long for an answer while somebody types
ALIKE = 0.2  # of the words; below, the texts have nothing to do with one another


def marked(old: str, new: str) -> SafeString:
    """The new text with what was added and what was removed marked; "" where nothing differs or nothing is alike."""
    before, after = old.split(), new.split()
    if not before or not after or before == after or max(len(before), len(after)) > LONGEST:
        return SafeString("")
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    if matcher.ratio() < ALIKE:
        return SafeString("")
    spaced = re.findall(r"\s*\S+", new.strip())  # the new words, each with the space before it
    parts: list[SafeString] = []
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        words = "".join(spaced[j1:j2])
        if kind == "equal":
            parts.append(format_html("{}", words))
            continue
        if i2 > i1:
            parts.append(format_html(' <del><span class="sr">removed: </span>{}</del>', " ".join(before[i1:i2])))
        if j2 > j1:
            space = words[: len(words) - len(words.lstrip())] or " "
            parts.append(format_html('{}<ins><span class="sr">added: </span>{}</ins>', space, words.lstrip()))
    return SafeString(format_html_join("", "{}", ((part,) for part in parts)).strip())
