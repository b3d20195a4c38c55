"""The reference quarter in every format that is published: each figure of the report is in each, and is the same.

Held against an independent transcription of the published report, not against the program's own object.
"""

import pytest

from priorities.cells import show_money
from reports.charts import counts_text
from reports.frozen import newest, read
from reports.models import PublishedFile
from reports.reading_back import PRINTED, READERS, TOTAL
from reports.reconciling import LACKS
from tests import reference_figures as reference

pytestmark = pytest.mark.django_db
FORMATS = ["html", "xlsx", "ods", "csv", "json", "pdf"]
ARROWS = {"up": "↑", "level": "→", "down": "↓"}


def transcribed(report, *, printed):
    """Every figure of the transcription by the key of its row; the keys alone are taken from the report."""
    found = {}
    for part in report.priorities:
        found |= {(part.key, name): letter for name, letter in reference.RATINGS[part.title].items()}
        for row, told in zip(part.finance, reference.FINANCE.get(part.title, ()), strict=True):
            found |= finance(row.key, told, printed)
        for row, told in zip(part.indicators, reference.INDICATORS[part.title], strict=True):
            _, _, unit, target, value, confidence = told
            found[row.key, "target"] = measure(target, unit, row.target_missing, printed)
            found[row.key, "value"] = measure(value, unit, row.missing, printed)
            found[row.key, "confidence"] = confidence or ""
        for rows, all_told in ((part.risks, reference.RISKS), (part.issues, reference.ISSUES)):
            for row, (_, _, level, trend, _) in zip(rows, all_told[part.title], strict=True):
                found |= {(row.key, "level"): level, (row.key, "trend"): ARROWS[trend] if printed else trend}
        for row, (_, _, baseline, confidence) in zip(part.goals, reference.GOALS[part.title], strict=True):
            found |= {(row.key, "baseline"): baseline, (row.key, "forecast"): baseline}
            found |= {(row.key, "confidence"): confidence}
    return found


def finance(key, told, printed):
    found = {}
    for name in ("budget", "forecast", "ytd_profile", "ytd_actual"):
        pounds = told[name]
        found[key, name] = ("" if pounds is None else show_money(pounds)) if printed else pounds
    return found


def measure(value, unit, missing, printed):
    if value is None:
        return f"[{missing}]"
    suffix = {"percent": "%", "number": "", "percentage_points": "pp"}[unit]
    return f"{value:,}{suffix}".replace("-", "−") if printed else value


@pytest.mark.parametrize("audience", ["public", "internal"])
@pytest.mark.parametrize("kind", FORMATS)
def test_every_figure_of_the_reference_quarter_is_in_every_format_and_the_same(published_demo, kind, audience):
    report = read(newest(published_demo))
    files = {file.format: bytes(file.data) for file in PublishedFile.objects.filter(audience=audience)}
    found = READERS[kind](files[kind], report)
    expected = transcribed(report, printed=kind in PRINTED)
    hidden = {row.key for part in report.priorities for row in (*part.risks, *part.issues)}
    if audience == "public":  # none of the reference's risks is chosen as top
        expected = {(key, name): value for (key, name), value in expected.items() if key not in hidden}
    assert len(expected) > 290
    wrong = {id_: (value, found.get(id_)) for id_, value in expected.items() if not same(value, found.get(id_), kind)}
    assert wrong == {}
    if "indicators" not in LACKS.get(kind, ()):
        check_counts(report, found)


def same(value, text, kind):
    if text is None:
        return False
    if kind in PRINTED:  # with a mark behind it, or the part of a target that has gone
        return text.split()[:1] in ([str(value)] if value else [], [str(value) or "–"])
    if isinstance(value, int | float):
        return float(text.replace(",", "")) == float(value)
    return text.casefold() == ("" if value is None else str(value)).casefold()


def check_counts(report, found):
    for part in report.priorities:
        for name, told in reference.COUNTS[part.title].items():
            text = found[part.key, name]
            for letter, count in told.items():
                word = {"G": "green", "A": "amber", "R": "red"}[letter]
                assert (f"{count} {word}" in text) == bool(count), (part.title, name)
    for name in ("indicators", "goals"):
        total = {letter: sum(c[name][letter] for c in reference.COUNTS.values()) for letter in "GAR"}
        total["none"] = sum(map(len, {"indicators": reference.INDICATORS, "goals": reference.GOALS}[name].values()))
        total["none"] -= sum(total[letter] for letter in "GAR")
        assert found[TOTAL, name] == counts_text(total)
