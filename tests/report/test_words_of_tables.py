"""What people read of tables has words, not the codes of programs: titles, notes, headers and meanings of every table, in both languages."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from geo.io.resources import load_toml

ROOT = Path(__file__).parents[2] / "geo" / "resources"
TABLES = ("columns", "dead_zones", "disagreement", "standards", "ipv6", "planning", "proposals", "undergrounding", "annexes")
#: Sections of a file of tables that describe none.
OTHERS = {"words", "codes", "said", "why", "lacks", "no_ground", "criteria", "remarks", "each", "more"}
#: The provincial system calls its planned twins so.
PROPER = {"QH_"}
MACHINE = re.compile(r"[A-Za-z0-9]*_[A-Za-z0-9_]*")
WORD = re.compile(r"(?<![\w.-])[a-z][a-z0-9_]+(?![\w-])")


def described(content: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield (place, language, text) of all that describes tables."""
    for name, table in content.items():
        if name in OTHERS and name not in {"each", "more"}:
            continue
        places = [(f"{name}.{key}", table[key]) for key in ("title", "about") if key in table]
        for column, entry in table.get("columns", {}).items():
            places += [(f"{name}.{column}", entry), *([(f"{name}.{column} caption", entry["caption"])] if "caption" in entry else [])]
        for place, entry in places:
            yield from ((place, language, entry[language]) for language in ("vi", "en"))


def codes() -> set[str]:
    """Return every code that has words of its own: none of them stands for these in a Vietnamese text."""
    found: set[str] = set()
    for name in TABLES:
        for section in load_toml(f"results/{name}.toml").get("codes", {}).values():
            found |= {str(code) for code, words in section.items() if str(words["vi"]).casefold() != str(code).casefold()}
    words = load_toml("strings/map.toml")
    for section in ("class_names", "cluster_basis", "values", "reasons", "states"):
        found |= set(words[section])
    return {code for code in found if code.isascii() and code.islower() and len(code) > 2}


@pytest.mark.parametrize("name", TABLES)
def test_what_describes_a_table_has_no_machine_words(name: str) -> None:
    known = codes()
    content = tomllib.loads((ROOT / "results" / f"{name}.toml").read_text(encoding="utf-8"))
    found = []
    for place, language, text in described(content):
        found += [(place, language, word) for word in MACHINE.findall(text) if word not in PROPER and not word.startswith(tuple(PROPER))]
        if language == "vi":
            found += [(place, language, word) for word in WORD.findall(text) if word in known]
    assert found == []


def test_the_test_would_notice() -> None:
    entry = {"title": {"vi": "Bảng", "en": "Table"}, "columns": {"a": {"vi": "xem rule_result; white là trắng sóng", "en": "see rule_result"}}}
    texts = list(described({"t": entry}))
    assert [word for _, _, text in texts for word in MACHINE.findall(text)] == ["rule_result", "rule_result"]
    assert {"white", "no_4g", "build", "drive_test"} <= codes()
    assert [word for word in WORD.findall("xem; white là trắng sóng") if word in codes()] == ["white"]
