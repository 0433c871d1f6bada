"""Vietnamese as an official writes it, project-wide: numbers with Vietnamese marks, and one spelling of each word."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from geo.io.resources import issue_catalogue
from geo.numbers import (
    number_text,
    plain_number_text,
    share_number_text,
    short_number_text,
    vietnamese,
    vietnamese_figure,
)
from geo.validation import IssueLog, Source

ROOT = Path(__file__).parents[1]
RESOURCES = ROOT / "geo" / "resources"
_VIETNAMESE = re.compile(r"[ăâđêôơưàáạảãằắặẳẵầấậẩẫèéẹẻẽềếệểễìíịỉĩòóọỏõồốộổỗờớợởỡùúụủũừứựửữỳýỵỷỹ]", re.IGNORECASE)
#: A form of Python's that writes English marks; whole numbers (d) and days (%d) have none.
_ENGLISH_FORM = re.compile(r",|\.\d+[feg]|%$|[gfe]$")
#: Tone on the second vowel of an open syllable (toà), where this project writes it on the first (tòa); other spellings of ăng-ten.
_OTHER_SPELLING = re.compile(r"\w*(?:o[àáạảãèéẹẻẽ]|(?<![qQ])u[ỳýỵỷỹ])(?!\w)|\banten\b|\băng ten\b|\bangten\b", re.IGNORECASE)
#: What a reader has to understand is spelt as people spell it, not as this project does.
_AS_PEOPLE_WRITE = {"aliases", "words", "choices", "headers", "names", "spellings", "forms"}
#: Made-up lists are spelt as operators spell theirs; these modules tell spellings apart.
_ABOUT_SPELLING = ("geo/sample/", "geo/text.py", "geo/syllables.py", "geo/former_areas.py")


def texts(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Return every text of a parsed file with the keys that lead to it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(inner, (*path, str(key)))
    elif isinstance(value, list):
        for k, inner in enumerate(value):
            yield from texts(inner, (*path, str(k)))
    elif isinstance(value, str):
        yield path, unicodedata.normalize("NFC", value)


@lru_cache(maxsize=1)
def shown() -> list[tuple[str, str]]:
    """Return the Vietnamese sentences of the resource files, each with its place."""
    found = []
    for file in sorted(RESOURCES.rglob("*.toml")):
        for path, text in texts(tomllib.loads(file.read_text(encoding="utf-8"))):
            first_name = len(path) > 1 and path[-2:] == ("aliases", "0")  # what messages call the column
            if first_name or (not _AS_PEOPLE_WRITE & set(path) and _VIETNAMESE.search(text)):
                found.append((f"{file.relative_to(ROOT).as_posix()} {'.'.join(path)}", text))
    return found


@lru_cache(maxsize=1)
def sources() -> list[tuple[str, list[str]]]:
    """Return the lines of every module; text by text, since to parse them all takes longer than the rest of this file."""
    files = sorted([*(ROOT / "geo").rglob("*.py"), *(ROOT / "scripts").rglob("*.py")])
    return [(file.relative_to(ROOT).as_posix(), unicodedata.normalize("NFC", file.read_text(encoding="utf-8")).splitlines()) for file in files]


#: A literal of one line whose parts are filled in, and a part of it with a form.
_FILLED = re.compile(r"""f"(?:[^"\\]|\\.)*"|f'(?:[^'\\]|\\.)*'""")
_FORM = re.compile(r"(?<!\{)\{[^{}'\"]+:([^{}'\"=]*)\}")


def test_no_vietnamese_sentence_writes_a_number_itself() -> None:
    """"3,321 xã", "76.2749 km²", "100.0%": numbers go through geo.numbers, which knows the marks."""
    wrong = []
    for file, lines in sources():
        for number, line in enumerate(lines, start=1):
            if "{" in line and _VIETNAMESE.search(line):
                forms = [form for literal in _FILLED.findall(line) if _VIETNAMESE.search(literal) for form in _FORM.findall(literal)]
                wrong += [f"{file}:{number} {form}" for form in forms if _ENGLISH_FORM.search(form) and not re.search("%[dmYH]", form)]
    assert wrong == []


def test_no_vietnamese_sentence_of_a_resource_holds_an_english_number() -> None:
    """A figure that reads the same in both languages' sentences of one entry has English marks in the Vietnamese one."""
    number = re.compile(r"(?<![\w.,/-])(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+)(?![\w/]|[.,]\d)")
    #: Clauses of documents, versions and formats are no figures; what is typed as it stands is quoted.
    no_figure = re.compile(r"(?:\bT[RS] |\bP\.|QCVN |ETSI |TCVN |phiên bản |Python |điều |mục |, hoặc |\d hoặc )[^.;]*$|['\"«“(][^'\"»”)]*$", re.IGNORECASE)
    wrong = []
    for file in sorted(RESOURCES.rglob("*.toml")):
        both: dict[tuple[str, ...], dict[str, str]] = {}
        for path, text in texts(tomllib.loads(file.read_text(encoding="utf-8"))):
            if path[-1] in {"vi", "en"} and "source" not in path:
                both.setdefault(path[:-1], {})[path[-1]] = text
        for path, said in both.items():
            if len(said) == 2:
                same = {m[0] for m in number.finditer(said["en"])}
                wrong += [f"{file.name} {'.'.join(path)}: {m[0]}" for m in number.finditer(said["vi"]) if m[0] in same and not no_figure.search(said["vi"][: m.start()])]
    assert wrong == []


def test_one_spelling() -> None:
    wrong = [(place, found[0]) for place, text in shown() if (found := _OTHER_SPELLING.search(text))]
    for file, lines in sources():
        if not file.startswith(_ABOUT_SPELLING):
            wrong += [(f"{file}:{number}", found[0]) for number, line in enumerate(lines, start=1) if not line.isascii() and (found := _OTHER_SPELLING.search(line))]
    readme = unicodedata.normalize("NFC", (ROOT / "README.md").read_text(encoding="utf-8"))
    wrong += [("README.md", found) for found in _OTHER_SPELLING.findall(readme)]
    assert wrong == []


@pytest.mark.parametrize(
    ("given", "vi", "en"),
    [
        (number_text(3321), "3.321", "3,321"), (number_text(-0.04, 1), "0,0", "0.0"), (short_number_text(1842.5), "1.842,5", "1,842.5"), (short_number_text(900.0), "900", "900"),
        (plain_number_text(105.25), "105,25", "105.25"), (plain_number_text(6000), "6000", "6000"), (plain_number_text(1e12), "1.000.000.000.000", "1,000,000,000,000"),
        (plain_number_text(1e-7), "0,0000001", "0.0000001"), (plain_number_text(float("nan")), "nan", "nan"), (share_number_text(0.7627, 1), "76,3 %", "76.3%"),
    ],
)  # fmt: skip
def test_numbers_in_both_languages(given: Any, vi: str, en: str) -> None:
    assert (given.vi, given.en) == (vi, en)


def test_numbers_of_vietnamese_sentences() -> None:
    assert [vietnamese(76.2749), vietnamese(0.059, "+.1%"), vietnamese(2e9, ".2g"), vietnamese(12.34, ".1f")] == ["76,2749", "+5,9 %", "2.000.000.000", "12,3"]
    figures = {"3,321": "3.321", "100.0%": "100,0 %", "12.5 %": "12,5 %", "< 0.05 km": "< 0,05 km", "1.5 – 2.5 dB": "1,5 – 2,5 dB", "95%": "95 %", "-0.5°": "-0,5°", "2G": "2G"}
    assert {text: vietnamese_figure(text) for text in figures} == figures
    for text in ("Xã 3,321", "v1.2", "1.2.3", "a.xlsx", "Bảng 1.2", "2026-11-01", "10.0.0.1", "", "105.2 21.9"):
        assert vietnamese_figure(text) == text


def test_no_finding_of_any_kind_shows_an_english_figure_in_vietnamese() -> None:
    catalogue = issue_catalogue()
    for code, kind in catalogue.kinds.items():
        names = {name for said in (kind.title, kind.allowed, kind.action) for name in re.findall(r"\{(\w+)\}", said.vi)}
        names = {name for name in names if not name.endswith("_vi")}  # written for the one language
        log = IssueLog(catalogue)
        log.add(code, Source("x.csv"), fields=dict.fromkeys(names, "1,234.5"))
        (finding,) = log.findings
        shown_vi = " ".join(said.vi for said in (finding.title, finding.allowed, finding.action))
        assert "1,234.5" not in shown_vi, code
        assert ("1.234,5" in shown_vi) == bool(names), code


def test_figures_of_findings_are_written_in_each_language() -> None:
    log = IssueLog(issue_catalogue())
    log.add("terrain_void", Source("dem.tif"), fields={"count": 3, "share": "12.5 %"})
    (finding,) = log.findings
    assert "12,5 %" in finding.title.vi
    assert "12.5 %" not in finding.title.vi
    assert "12.5 %" in finding.title.en
    log.add("azimuth_unknown", Source("cells.csv"), fields={"loss_vi": "0,250", "loss_en": "0.250"})
    texts_of = [said for kind in (log.findings[1].title, log.findings[1].allowed, log.findings[1].action) for said in (kind.vi,)]
    assert any("0,250" in said for said in texts_of)  # written for the one language: left as it is
