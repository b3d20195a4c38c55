"""Narratives hold paragraphs, lists, emphasis and links, and nothing else; what was written before reads as before."""

import csv
import re
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.utils.encoding import iri_to_uri
from django.utils.html import linebreaks
from hypothesis import example, given, settings
from hypothesis import strategies as st

from priorities.prose import Span, as_html, parse
from reports.pdf.content import content_of
from reports.report import quarterly_report
from tests.make import door, make_full_update, make_quarter

ALLOWED = {"p": set(), "br": set(), "ul": set(), "li": set(), "em": set(), "a": {"href", "rel", "class"}}
PIECES = ["_", "*", "- ", "\n", "\n\n", "[", "](", ")", "https://", "http://a.example", "mailto:a@b.example", "x", " "]
PIECES += [
    "javascript:alert(1)",
    "<script>",
    '"',
    "'",
    "&",
    "&lt;",
    "\\",
    "data:text/html,",
    "//evil",
    "é",
    "\r\n",
    "\t",
]
TEXTS = st.one_of(st.text(max_size=300), st.lists(st.sampled_from(PIECES), max_size=60).map("".join))


class Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.found, self.text, self.open = [], "", []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("One\nline\n\nTwo", "<p>One<br>line</p>\n<p>Two</p>"),
        ("It is _very_ late.", "<p>It is <em>very</em> late.</p>"),
        ("Next:\n- a\n- b\nDone", "<p>Next:</p>\n<ul><li>a</li><li>b</li></ul>\n<p>Done</p>"),
        ("* Target under review, ** from Q2", "<p>* Target under review, ** from Q2</p>"),
        ("*New* and **old**", "<p>*New* and **old**</p>"),
        ("- 27%", "<ul><li>27%</li></ul>"),
        ("-18pp. (R12)\n–\n-", "<p>-18pp. (R12)<br>–<br>-</p>"),
        ("file_name_here and __init__", "<p>file_name_here and __init__</p>"),
        ("[x] not available", "<p>[x] not available</p>"),
        ("A & B <b>c</b>", "<p>A &amp; B &lt;b&gt;c&lt;/b&gt;</p>"),
    ],
)
def test_what_is_typed_and_what_is_shown(text, html):
    assert as_html(text) == html


def test_links_lead_to_the_web_or_to_a_mail_and_tell_nobody_where_from():
    html = as_html("See [the plan](https://example.org/a_b?c=1&d=2) or [us](mailto:us@example.org).")
    assert '<a href="https://example.org/a_b?c=1&amp;d=2" rel="noopener noreferrer">the plan</a> or' in html
    assert '<a href="mailto:us@example.org" rel="noopener noreferrer">us</a>.' in html


def test_an_address_alone_is_a_link_without_the_full_stop_behind_it():
    (block,) = parse("At https://example.org/x_y_z. (https://example.org/)")
    assert [span.href for span in block.items[0] if span.href] == ["https://example.org/x_y_z", "https://example.org/"]


@pytest.mark.parametrize(
    "text",
    [
        "[a](javascript:alert(1))",
        "[a](//evil.example)",
        "[a](data:text/html,x)",
        "[a](https://user:secret@example.org)",
        "[https://bank.example](https://evil.example)",
        "[www.bank.example](https://evil.example)",
        "[a](mailto:a@b.example?bcc=c@d.example)",
        "[a](https://[)",
        "[a](https://x:port/)",
        "[ ](https://example.org)",
    ],
)
def test_what_is_no_honest_link_stays_text(text):
    assert all(not span.href for block in parse(text) for item in block.items for span in item if span.text != text)
    assert "<a " not in as_html(text)


@settings(max_examples=500, deadline=None)
@given(TEXTS)
@example("[a](https://e\u202egro.example)")
@example("_[a](https://example.org)_")
@example("https://example.org/\"onmouseover='alert(1)")
def test_whatever_is_typed_no_other_tag_or_attribute_comes_out(text):
    found = Tags(as_html(text))
    assert found.open == []
    for tag, attributes in found.found:
        assert set(attributes) <= ALLOWED[tag]
        if tag == "a":
            assert re.match(r"(https?://|mailto:)[^\s<>\"']+\Z", attributes["href"])
            assert attributes["rel"] == "noopener noreferrer"


@settings(max_examples=500, deadline=None)
@given(TEXTS)
def test_whatever_is_typed_every_letter_of_it_is_kept_in_its_order(text):
    """Only the marks themselves, space and the addresses behind linked words are not among what is shown."""
    rest = "".join(text.split())
    for block in parse(text):
        for item in block.items:
            for span in item:
                for wanted in filter(None, ["".join(span.text.split()), span.href if span.href != span.text else ""]):
                    left, found, rest = rest.partition(wanted)
                    assert found
                    assert not left.strip("_-[]()")
    assert not rest.strip("_-[]()")


@settings(max_examples=300, deadline=None)
@given(
    st.text(alphabet=st.characters(exclude_characters="_-[]:"), max_size=300).map(lambda text: text.replace("\r", ""))
)
def test_a_text_without_marks_reads_as_it_did_before_there_were_any(text):
    tidy = "\n".join(line.strip() for line in text.splitlines()).strip()
    before = linebreaks(re.sub(r"\n{2,}", "\n\n", tidy), autoescape=True) if tidy else ""
    assert as_html(tidy) == before.replace("</p>\n\n<p>", "</p>\n<p>")


@pytest.mark.parametrize("piece", ["_a", "[", "[a](", "https://", ")", "_ ", "[a](https://x", "- \n", "https://a.b/)"])
def test_long_and_hostile_texts_take_no_longer_than_their_length(piece):
    began = time.monotonic()
    as_html(piece * (200_000 // len(piece)))
    assert time.monotonic() - began < 5


def test_the_reference_quarter_reads_as_before():
    columns = ("Narrative", "Ratings note", "Finance note", "Overview")
    for name in ("Priorities", "Quarter"):
        with Path(f"demo/q1-2022-23/{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            texts = [row.get(column) or "" for row in csv.DictReader(file) for column in columns]
        for text in filter(None, texts):
            assert as_html(text) == linebreaks(text, autoescape=True).replace("\n\n", "\n")


@pytest.mark.django_db
def test_page_file_and_data_show_the_same_narrative_each_in_its_way(client, victims, manager):
    quarter = make_quarter()
    update = make_full_update(victims, quarter)
    source = "It is _late_:\n- [why](https://example.org/é)"
    with door(update):
        update.narrative = source
        update.save()
    client.force_login(manager)
    page = client.get(f"/2022-23-q1/{victims.slug}/").text
    assert '<p>It is <em>late</em>:</p>\n<ul><li><a href="https://example.org/%C3%A9"' in page
    report = quarterly_report(quarter, manager)
    told = content_of(report, None)["priorities"][0]["narrative"]
    assert [block["list"] for block in told] == [False, True]
    assert told[1]["points"][0][0]["to"] == iri_to_uri("https://example.org/é")
    assert report.priorities[0].narrative == source  # as the workbook, CSV and JSON give it


def test_a_span_is_what_it_says():
    assert Span("a").uri == ""
