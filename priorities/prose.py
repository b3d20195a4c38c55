"""The few marks that narratives and notes may hold: paragraphs, lists, emphasis and links. Everything else is text.

An empty line begins a paragraph, "- " at the beginning of a line a point of a list, _words_ are emphasised,
[words](https://…) and a bare https:// address are links. Asterisks are no marks: reports use * and ** for footnotes.
The source text is what is stored, frozen and exported; it is parsed here alone, for pages, print and the PDF.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.encoding import iri_to_uri
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

HINT = "An empty line begins a paragraph, “- ” a point of a list; _emphasis_; [words](https://…) is a link."
POINT = "- "
# Each attempt ends at the next mark of its own kind or after a fixed length, so time grows with the text alone.
MARK = re.compile(
    r"\[(?P<words>[^\[\]\n]{1,300})\]\((?P<to>(?:https?://|mailto:)[^\s()<>\"'\\`]{1,2000})\)"
    r"|(?<!\w)(?P<bare>https?://[^\s<>\"'\\`]{1,2000})"
    r"|(?<![\w_])_(?=[^\s_])(?P<stressed>[^_\n]{1,1000})(?<=\S)_(?![\w_])"
)
AFTER_AN_ADDRESS = ".,;:!?'’”»…"
WORDS_LIKE_AN_ADDRESS = re.compile(r"\s*(?:https?:|www\.)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line; `href` is as typed, and "" for what is no link."""

    text: str
    stressed: bool = False
    href: str = ""

    @property
    def uri(self) -> str:
        """Where it leads, in the letters that an address may have."""
        return iri_to_uri(self.href) or ""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, which is one item whose text may hold new lines, or the points of a list."""

    items: tuple[tuple[Span, ...], ...]
    is_list: bool = False


def parse(text: str) -> tuple[Block, ...]:
    return tuple(blocks(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")))


def blocks(lines: list[str]) -> Iterator[Block]:
    """Lines that follow each other and are of one kind, points or others, make one block."""
    run: list[str] = []
    is_list = False
    for line in [*lines, ""]:
        point = is_point(line)
        if run and (not line.strip() or point != is_list):
            yield block(run, is_list)
            run = []
        if line.strip():
            run.append(line)
            is_list = point


def is_point(line: str) -> bool:
    return line.strip().startswith(POINT)


def block(lines: list[str], is_list: bool) -> Block:
    if is_list:
        return Block(tuple(tuple(spans(line.strip().removeprefix(POINT).strip())) for line in lines), is_list=True)
    return Block((tuple(spans("\n".join(lines).strip())),))


def spans(text: str, stressed: bool = False) -> Iterator[Span]:
    done = 0
    for found in MARK.finditer(text):
        made, end = marked(found, stressed)
        if made:
            if done < found.start():
                yield Span(text[done : found.start()], stressed)
            yield from made
            done = end
    if done < len(text):
        yield Span(text[done:], stressed)


def marked(found: re.Match[str], stressed: bool) -> tuple[list[Span], int]:
    """What a mark makes, and where it ends; nothing where it is no mark after all."""
    if found["stressed"]:
        return ([] if stressed else list(spans(found["stressed"], stressed=True))), found.end()
    if found["bare"]:
        href = without_what_follows(found["bare"])
        return ([Span(href, stressed, href)] if leads_somewhere(href) else []), found.start() + len(href)
    hides = WORDS_LIKE_AN_ADDRESS.match(found["words"]) and found["words"] != found["to"]
    honest = leads_somewhere(found["to"]) and found["words"].strip() and not hides
    return ([Span(found["words"], stressed, found["to"])] if honest else []), found.end()


def without_what_follows(address: str) -> str:
    """Without the full stop, or the bracket around it, that ends a sentence and not the address."""
    while address.endswith((*AFTER_AN_ADDRESS, "_", ")", "]")):
        if address[-1] == ")" and address.count("(") >= address.count(")"):
            break
        address = address[:-1]
    return address


def leads_somewhere(href: str) -> bool:
    """Whether it names a host and nobody's password, or is an address to write to."""
    try:
        parts = urlsplit(href)
        host = parts.hostname or ""
        _ = parts.port  # raises for one that is no number
    except ValueError:
        return False
    if not href.isprintable():
        return False
    if parts.scheme == "mailto":
        return bool(re.fullmatch(r"[^@/?&]+@[^@/?&]+", parts.path)) and not parts.query
    return parts.scheme in ("http", "https") and "@" not in parts.netloc and bool(re.search(r"\w", host))


def as_html(text: str) -> SafeString:
    return mark_safe("\n".join(html_of(each) for each in parse(text)))  # noqa: S308 - each is escaped by format_html


def html_of(found: Block) -> SafeString:
    if found.is_list:
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((line(item),) for item in found.items)))
    return format_html("<p>{}</p>", line(found.items[0]))


def line(item: tuple[Span, ...]) -> SafeString:
    return format_html_join("", "{}", ((span(each),) for each in item))


def span(found: Span) -> SafeString:
    html = format_html_join(mark_safe("<br>"), "{}", ((each,) for each in found.text.split("\n")))
    if found.href:
        told = SafeString(' class="address"') if found.text == found.href else ""
        html = format_html('<a href="{}" rel="noopener noreferrer"{}>{}</a>', found.uri, told, html)
    return format_html("<em>{}</em>", html) if found.stressed else html
