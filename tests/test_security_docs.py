"""What docs/security.md says is complete and true: roles by the rules, files that exist, every requirement once."""

import re
from collections import Counter
from io import StringIO
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from updates.management.commands.roles import BEGIN, END
from updates.roles import as_markdown

ROOT = settings.BASE_DIR
DOCUMENT = ROOT / "docs" / "security.md"
PRIVACY = ROOT / "docs" / "privacy.md"

# OWASP ASVS 5.0.0: the level of each requirement of a section, in their order ("1.5": 1.5.1 is of level 1, 1.5.2 of 2).
LEVELS = {
    "1.1": "22",
    "1.2": "1111122223",
    "1.3": "112222222223",
    "1.4": "222",
    "1.5": "123",
    "2.1": "122",
    "2.2": "112",
    "2.3": "12223",
    "2.4": "23",
    "3.1": "3",
    "3.2": "113",
    "3.3": "12223",
    "3.4": "11222233",
    "3.5": "11122333",
    "3.6": "3",
    "3.7": "22333",
    "4.1": "12233",
    "4.2": "23333",
    "4.3": "22",
    "4.4": "1222",
    "5.1": "2",
    "5.2": "112333",
    "5.3": "113",
    "5.4": "222",
    "6.1": "122",
    "6.2": "111111112222",
    "6.3": "11223333",
    "6.4": "112233",
    "6.5": "22222333",
    "6.6": "2223",
    "6.7": "33",
    "6.8": "2222",
    "7.1": "222",
    "7.2": "1111",
    "7.3": "22",
    "7.4": "11222",
    "7.5": "223",
    "7.6": "22",
    "8.1": "1233",
    "8.2": "1123",
    "8.3": "133",
    "8.4": "23",
    "9.1": "111",
    "9.2": "1222",
    "10.1": "22",
    "10.2": "223",
    "10.3": "22223",
    "10.4": "1111122222233333",
    "10.5": "22222",
    "10.6": "22",
    "10.7": "222",
    "11.1": "2233",
    "11.2": "22233",
    "11.3": "11233",
    "11.4": "1222",
    "11.5": "23",
    "11.6": "23",
    "11.7": "33",
    "12.1": "12233",
    "12.2": "11",
    "12.3": "22223",
    "13.1": "2333",
    "13.2": "222223",
    "13.3": "2233",
    "13.4": "1222233",
    "14.1": "22",
    "14.2": "12223333",
    "14.3": "122",
    "15.1": "12233",
    "15.2": "12233",
    "15.3": "1222222",
    "15.4": "3333",
    "16.1": "2",
    "16.2": "22222",
    "16.3": "2222",
    "16.4": "222",
    "16.5": "2223",
    "17.1": "23",
    "17.2": "22223333",
    "17.3": "22",
}
ANSWERS = {"met", "part", "not met", "deployment", "n/a"}
ROW = re.compile(r"^\| ([\d., ]+) \| ([^|]*) \| ([^|]*) \| ([^|]*)\|$", re.MULTILINE)


def wanted():
    return {
        f"{section}.{number}"
        for section, levels in LEVELS.items()
        for number, level in enumerate(levels, 1)
        if level in "12"
    }


def rows():
    return [tuple(map(str.strip, found)) for found in ROW.findall(DOCUMENT.read_text())]


def test_the_standard_has_seventy_requirements_of_level_1_and_183_of_level_2():
    assert Counter("".join(LEVELS.values())) == {"1": 70, "2": 183, "3": 92}


def test_every_requirement_of_levels_1_and_2_is_answered_once():
    answered = Counter(number for numbers, *_ in rows() for number in numbers.split(", "))
    assert {number for number, times in answered.items() if times > 1} == set()
    assert set(answered) == wanted()


def test_each_answer_is_one_of_those_explained_and_says_why_or_where():
    for numbers, answer, why, where in rows():
        assert answer in ANSWERS, numbers
        assert why, numbers
        assert where or answer in ("n/a", "not met"), numbers


def test_every_file_that_the_documents_name_is_there():
    kinds = "py|md|html|txt|conf|service|timer|env|js|css|lock|toml|typ"
    told = re.compile(rf"`([\w./@-]+\.(?:{kinds}))`|\]\(([\w.-]+\.md)\)")
    for document in (DOCUMENT, PRIVACY):
        for code, link in told.findall(document.read_text()):
            path = ROOT / code if code else document.parent / link
            is_ours = "/" in code.lstrip("/") and not code.startswith("/")
            if is_ours or link or Path(code).suffix in (".lock", ".toml"):
                assert path.exists(), (document.name, code or link)


def test_the_table_of_roles_is_what_the_rules_say():
    text = DOCUMENT.read_text()
    inside = text.partition(BEGIN)[2].partition(END)[0]
    assert inside.strip() == as_markdown().strip(), "run: manage.py roles --write docs/security.md"


def test_the_command_writes_between_the_marks_and_leaves_the_rest(tmp_path):
    file = tmp_path / "a.md"
    file.write_text(f"before\n{BEGIN}old\n{END}\nafter\n")
    call_command("roles", write=file)
    text = file.read_text()
    assert text.startswith(f"before\n{BEGIN}")
    assert text.endswith(f"{END}\nafter\n")
    assert as_markdown() in text
    out = StringIO()
    call_command("roles", stdout=out)
    assert out.getvalue().strip() == as_markdown().strip()
