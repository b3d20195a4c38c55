"""What differs between two texts is marked word by word."""

import re
from html import unescape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from updates.wording import LONGEST, marked

DEL = r'<del><span class="sr">removed: </span>(.*?)</del>'
INS = r'<ins><span class="sr">added: </span>(.*?)</ins>'
TEXTS = st.lists(st.sampled_from(["calls", "rose", "fell", "<b>", "&", "£1m.", "\n\nCalls"]), max_size=12).map(" ".join)


def removed(text):
    return [unescape(words) for words in re.findall(DEL, text, re.DOTALL)]


def added(text):
    return [unescape(words) for words in re.findall(INS, text, re.DOTALL)]


def without(pattern, text):
    """The words that are left when one kind of mark goes with its words and the other is lifted."""
    lifted = re.sub(pattern, " ", text, flags=re.DOTALL)
    return unescape(re.sub(f"{DEL}|{INS}", lambda m: f" {m[1] or m[2]} ", lifted, flags=re.DOTALL)).split()


@pytest.mark.parametrize(
    ("old", "new", "gone", "come"),
    [
        ("Calls rose in May.", "Calls fell in May.", ["rose"], ["fell"]),
        ("Calls rose in May.", "Calls rose again in May.", [], ["again"]),
        ("Calls rose again in May.", "Calls rose in May.", ["again"], []),
        ("Calls rose.", "Calls rose. Staff left.", [], ["Staff left."]),
        ("Calls rose in all of May.", "Calls fell in all of June.", ["rose", "May."], ["fell", "June."]),
    ],
)
def test_words_that_came_and_went_are_marked(old, new, gone, come):
    text = marked(old, new)
    assert (removed(text), added(text)) == (gone, come)


@pytest.mark.parametrize(
    ("old", "new", "gone", "come"),
    [
        ("Calls rose in May.", "Then Calls rose in May.", [], ["Then"]),
        ("Then Calls rose in May.", "Calls rose in May.", ["Then"], []),
        ("Calls rose in May.", "Calls  rose in May.", [], []),
    ],
)
def test_a_word_that_stayed_is_not_marked_for_the_space_before_it(old, new, gone, come):
    text = marked(old, new)
    assert (removed(text), added(text)) == (gone, come)


def test_the_marks_are_named_for_those_who_do_not_see_them():
    text = marked("Calls rose in May.", "Calls fell in May.")
    assert '<del><span class="sr">removed: </span>rose</del>' in text
    assert '<ins><span class="sr">added: </span>fell</ins>' in text


def test_a_mark_does_not_touch_the_words_beside_it():
    text = marked("Calls rose in May, as they did.", "Calls fell in May, as they did before.")
    assert re.search(r"Calls\s+<del>", text)
    assert re.search(r"</del>\s+<ins>", text)
    assert re.search(r"</ins>\s+in May", text)
    assert re.search(r"did\.</del>\s+<ins>", text)
    assert re.search(r"they\s+<del>", text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("", "Calls rose."),
        ("Calls rose.", ""),
        ("Calls rose.", "Calls rose."),
        ("Calls rose.", "Something else entirely happened."),
        ("Calls rose.", "Calls rose. "),
        ("Calls rose.\n", "Calls rose."),
    ],
)
def test_nothing_is_told_where_nothing_differs_or_nothing_is_alike(old, new):
    assert marked(old, new) == ""


def test_paragraphs_that_were_added_stay_paragraphs():
    text = marked("Calls rose in May.", "Calls rose in May.\n\nStaff left.")
    assert re.search(r"May\.\s*\n\n\s*<ins>|<ins>(<span.*?</span>)?\n\n", text)


def test_paragraphs_that_stayed_are_kept_apart():
    assert "May.\n\nStaff" in marked("Calls rose in May.\n\nStaff left.", "Calls fell in May.\n\nStaff left.")


def test_what_people_write_is_text_and_never_markup():
    text = marked("Calls <b>rose</b> in May & June.", "Calls <script>alert(1)</script> in May & June.")
    assert removed(text) == ["<b>rose</b>"]
    assert added(text) == ["<script>alert(1)</script>"]
    assert "<script>" not in text
    assert "<b>" not in text
    assert "&amp; June." in text
    assert hasattr(text, "__html__")


@pytest.mark.parametrize(("words", "told"), [(LONGEST, True), (LONGEST + 1, False)])
def test_very_long_texts_are_not_compared(words, told):
    text = " ".join(f"word{n}" for n in range(words))
    assert bool(marked(text, text.replace("word7 ", "words ", 1))) == told


@given(TEXTS, TEXTS)
@example("calls rose", "fell calls rose")
def test_without_the_one_kind_of_mark_it_is_the_one_text_and_without_the_other_the_other(old, new):
    text = marked(old, new)
    if text:
        assert without(DEL, text) == new.split()
        assert without(INS, text) == old.split()
