"""What a PDF says and how it is tagged, as a reader or a screen reader finds it."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field

import pypdfium2
from pypdf import PdfReader


@dataclass
class Tag:
    name: str
    alt: str = ""
    title: str = ""
    scopes: list[str] = field(default_factory=list)
    inner: list[Tag] = field(default_factory=list)

    def all(self, *names):
        """This tag and those inside, in reading order; of these names, where any are given."""
        found = [self] if not names or self.name in names else []
        return found + [tag for each in self.inner for tag in each.all(*names)]


def opened(data):
    return PdfReader(io.BytesIO(data))


def raw_pages(data):
    with pypdfium2.PdfDocument(data) as file:
        return [page.get_textpage().get_text_range().replace("\ufffe", "-") for page in file]


def text_of_pages(data):
    """What is printed on each page, with every kind of space as one blank."""
    return [re.sub(r"\s+", " ", text) for text in raw_pages(data)]


def text_of(data):
    return " ".join(text_of_pages(data))


def metadata(data):
    return str(opened(data).metadata)


def tree(data):
    root = opened(data).trailer["/Root"]["/StructTreeRoot"]
    return Tag("Root", inner=list(tags_of(root.get("/K"))))


def tags_of(node):
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        for each in node:
            yield from tags_of(each)
    elif hasattr(node, "get"):
        inner = list(tags_of(node.get("/K"))) if "/K" in node else []
        if "/S" in node:
            attributes = node.get("/A", [])
            scopes = [str(a["/Scope"]) for a in map(resolved, as_list(attributes)) if "/Scope" in a]
            yield Tag(str(node["/S"])[1:], str(node.get("/Alt", "")), str(node.get("/T", "")), scopes, inner)
        else:
            yield from inner


def resolved(node):
    return node.get_object()


def as_list(node):
    node = node.get_object() if hasattr(node, "get_object") else node
    return node if isinstance(node, list) else [node]


def bookmarks(data):
    """Depth and title of each bookmark, in order."""

    def walk(items, depth):
        for item in items:
            if isinstance(item, list):
                yield from walk(item, depth + 1)
            else:
                yield depth, item.title

    return list(walk(opened(data).outline, 1))
