"""What the font of the PDF can print, what stands for what it can't, and that statuses can be told apart in greys."""

import io
import re
from dataclasses import replace
from itertools import combinations

import pytest
import typst
from PIL import Image

from priorities.cells import GoalConfidence, Level, Missing, Rating, Trend
from reports.charts import ACCENT, FILLS, INK, MUTED
from reports.pdf import HERE, as_pdf, fonts
from reports.pdf.letters import FONTS, Letters, in_the_font
from reports.report import quarterly_report
from tests.make import make_full_update, make_quarter
from tests.pdfs import text_of, tree

WELSH = "âêîôûŵŷÂÊÎÔÛŴŶáéíóúẃýÁÉÍÓÚẂÝàèìòùẁỳÀÈÌÒÙẀỲäëïöüẅÿÄËÏÖÜẄŸ"
OTHERS = {
    "Polish": "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ",
    "Romanian": "ăâîșțĂÂÎȘȚ",
    "Turkish": "çğıöşüÇĞİÖŞÜ",
    "Vietnamese": "ăđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ",
    "Yoruba": "ẹọṣẸỌṢ",
    "Lithuanian and Latvian": "ąčęėįšųūžāēģīķļņ",
    "Greek": "αβγδεζηθικλμνξοπρστυφχψωάέήίόύώ",
    "Cyrillic": "абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґ",
    "signs": "£€$%–—‘’“”…•·−≥≤±×÷²³½¼¾°§¶†‡™©®№↑→↓✓\u00a0",
}
STATUSES = ["R", "A", "G", "CG", "H", "M", "L", "–"]


def set_in_typst(body, **kwargs):
    """A few lines of typst with the parts of the report, on a page as large as they are."""
    page = '#import "/parts.typ": *\n#set page(width: auto, height: auto, margin: 2pt)\n#set document(title: "Parts")\n'
    page += "#set text(font: font, fallback: false)\n"
    source = f"{page}{body}".encode()
    return typst.compile(source, root=str(HERE), font_paths=fonts(), ignore_system_fonts=True, **kwargs)


# Letters


@pytest.mark.parametrize("letters", [WELSH, *OTHERS.values()], ids=["Welsh", *OTHERS])
def test_the_font_has_the_letters_of(letters):
    assert set(letters) <= in_the_font()


def test_it_has_every_mark_of_the_report():
    marks = [choice.arrow for choice in Trend] + [choice.shorthand for choice in Missing] + ["[r]", "–", "−"]
    assert set("".join(marks)) <= in_the_font()


def test_every_letter_that_it_claims_is_printed_in_both_weights():
    """PDF/UA-1 refuses a letter that the font lacks, so what is set is printed."""
    letters = "".join(sorted(letter for letter in in_the_font() if letter.isprintable() and not letter.isspace()))
    body = "#let t = sys.inputs.t\n#set page(width: 200mm)\n#t\n#strong(t)"
    data = set_in_typst(body, format="pdf", pdf_standards=["ua-1"], sys_inputs={"t": letters})
    assert data.startswith(b"%PDF")
    assert len(letters) > 1500


def test_what_the_font_lacks_is_refused_by_the_standard():
    with pytest.raises(typst.TypstError, match="could not be displayed"):
        set_in_typst("中", format="pdf", pdf_standards=["ua-1"])


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("Mae’r tŵr yn wyn", "Mae’r tŵr yn wyn"),
        ("y\u0302 w\u0302 e\u0301", "ŷ ŵ é"),
        ("𝗕𝗼𝗹𝗱 ㎡ １２", "Bold m2 12"),
        ("中文", "[U+4E2D U+6587]"),
        ("good 😀!", "good [U+1F600]!"),
        ("👩\u200d👧\ufe0f", "[U+1F469 U+1F467]"),
        ("a\u0000b\u0007c\ufeffd\u202ee", "abcde"),
        ("a\tb\r\nc\u2028d", "a b\nc\nd"),
        ("soft\u00adhyphen", "soft\u00adhyphen"),
        ("\ud800\ue000\uffff", "[U+D800 U+E000 U+FFFF]"),
        ("typed so: [U+4E2D][U+6587] 中", "typed so: [U+4E2D][U+6587] [U+4E2D]"),
    ],
)
def test_each_letter_is_one_that_the_font_has(typed, printed):
    assert Letters().text(typed) == printed


@pytest.mark.django_db
@pytest.mark.once
def test_letters_that_the_font_lacks_are_spelt_and_told_of(victims):
    report = quarterly_report(make_full_update(victims, make_quarter(overview="Diolch 谢谢 😀")).quarter, None)
    printed = text_of(as_pdf(report))
    assert "Diolch [U+8C22 U+8C22] [U+1F600]" in printed
    assert "Letters that could not be printed" in printed
    assert "U+1F600 Grinning face" in printed
    assert "U+8C22 Cjk unified ideograph-8c22" in printed


@pytest.mark.django_db
@pytest.mark.once
def test_nothing_is_told_where_the_font_has_every_letter(victims):
    report = quarterly_report(make_full_update(victims, make_quarter(overview="Llŷr a'r tŵr")).quarter, None)
    printed = text_of(as_pdf(report))
    assert "Llŷr a'r tŵr" in printed
    assert "could not be printed" not in printed


@pytest.mark.django_db
@pytest.mark.once
@pytest.mark.parametrize("letter", [*map(chr, range(0x20)), "\x7f", "\x85", "\ufeff", "\ufffe", "\u2028", "\U000e0041"])
def test_no_letter_stops_it(victims, letter):
    quarter = make_full_update(victims, make_quarter(overview=""), rows=1).quarter
    report = quarterly_report(quarter, None)
    part = report.priorities[0]
    odd = replace(report, overview=f"a{letter}b", priorities=(replace(part, title=f"a{letter}b", leads=letter),))
    assert as_pdf(odd).startswith(b"%PDF")


def test_the_font_is_bundled_with_its_licence():
    assert "SIL Open Font License" in (FONTS / "source-sans-3-LICENSE.txt").read_text()
    assert {(font.family, font.weight) for font in fonts().fonts()} == {("Source Sans 3", 400), ("Source Sans 3", 600)}


# Greys


def greys(colour):
    """How light a colour is in grey, 0 to 1: as a printer without colours gives it (ITU-R BT.601)."""
    digits = colour.lstrip("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    red, green, blue = (int(digits[n : n + 2], 16) for n in (0, 2, 4))
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255


def contrast(one, other):
    """The contrast of two greys as WCAG 2.2 counts it."""

    def luminance(grey):
        return grey / 12.92 if grey <= 0.04045 else ((grey + 0.055) / 1.055) ** 2.4

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def chip(letter):
    """The status as it is printed without colours: its grey picture, 20 dots to a point."""
    data = set_in_typst(f'#chip("{letter}")', format="png", ppi=1440)
    return Image.open(io.BytesIO(data)).convert("L")


def inside(picture):
    """The greys of the middle of a status: of its letter and of what it stands on."""
    width, height = picture.size
    middle = picture.crop((width // 4, height // 4, 3 * width // 4, 3 * height // 4))
    lowest, highest = middle.getextrema()
    return lowest / 255, highest / 255


@pytest.mark.parametrize("letter", STATUSES)
def test_the_letter_of_every_status_stands_out_without_colours(letter):
    darkest, lightest = inside(chip(letter))
    assert contrast(darkest, lightest) >= 4.5


@pytest.mark.parametrize("letter", STATUSES)
def test_the_shape_of_every_status_stands_out_from_the_paper_without_colours(letter):
    lowest, highest = chip(letter).getextrema()
    assert contrast(lowest / 255, highest / 255) >= 3


@pytest.mark.parametrize(("one", "other"), [*combinations("RAG–", 2), *combinations("HML", 2)])
def test_every_two_statuses_differ_in_shape_or_shade_and_not_by_the_letter_alone(one, other):
    """Of the frame alone, without the letter: a twentieth of it is at least a quarter lighter or darker."""
    frames = []
    for letter in (one, other):
        picture = chip(letter)
        width, height = picture.size
        picture.paste(255, (width * 3 // 10, height // 5, width * 7 // 10, height * 4 // 5))
        frames.append(picture.resize((300, 220)).tobytes())
    differing = sum(abs(a - b) > 64 for a, b in zip(*frames, strict=True))
    assert differing / len(frames[0]) >= 0.05


def test_complete_counts_as_green_and_is_wider():
    assert chip("CG").size > chip("G").size


def test_every_status_there_is_has_a_shape():
    letters = {*Rating.values, *GoalConfidence.values, *Level.values}
    shapes = set(re.findall(r"^  (\w+): \(fill", (HERE / "parts.typ").read_text(), re.MULTILINE))
    assert letters == shapes


@pytest.mark.django_db
@pytest.mark.once
def test_every_status_says_its_word_to_a_screen_reader(demo):
    told = {figure.alt for figure in tree(as_pdf(quarterly_report(demo, None))).all("Figure")}
    assert {"Red", "Amber", "Green", "Complete", "High", "Medium", "Not judged"} <= told


@pytest.mark.parametrize("letter", FILLS)
def test_the_bars_of_the_charts_can_be_read_without_colours(letter):
    fill, ink = FILLS[letter]
    assert contrast(greys(fill), greys(ink)) >= 4.5


def test_the_lines_of_the_charts_can_be_seen_without_colours():
    for colour in (INK, ACCENT, MUTED):
        assert contrast(greys(colour), 1) >= 4.5
