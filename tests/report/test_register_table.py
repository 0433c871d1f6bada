"""The register as people read it: words for every code, a sentence for every state, in both languages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from geo.io.resources import load_toml
from geo.register import STATES, states
from geo.register.changes import KINDS
from geo.report.phrases import phrases
from geo.report.tables import arrange, csv_bytes, in_words, result_table

CODES: dict[str, Any] = load_toml("results/columns.toml")["codes"]
PHRASES = phrases("results/register.toml")
COLUMNS = {column.name: column for column in result_table("register").columns}


def test_every_column_has_a_caption_and_its_codes_have_words() -> None:
    for column in COLUMNS.values():
        assert "_" not in column.caption.vi + column.caption.en, column.name
        assert column.caption.vi != column.caption.en, column.name
        if column.words.startswith("register_"):
            assert CODES[column.words], column.name


def test_every_state_flag_and_cause_has_words() -> None:
    assert set(CODES["register_states"]) == set(STATES)
    assert set(CODES["register_causes"]) == set(KINDS)
    source = Path(states.__file__).read_text(encoding="utf-8")
    flags = set(re.findall(r'flags\.add\("(\w+)"\)', source)) | set(re.findall(r'flags \|= \{"(\w+)", "(\w+)"\}', source)[0])
    comparison = Path(states.__file__).with_name("comparison.py").read_text(encoding="utf-8")
    flags |= {"new", "reopened", "claimed", *re.findall(r'^ {12}\("(\w+)", ', comparison, flags=re.MULTILINE), "split", "merge"}
    assert set(CODES["register_flags"]) == flags


def test_every_state_has_a_sentence() -> None:
    assert {state for state in STATES if not PHRASES.has("state", state)} == {"resolved"}
    for basis in ("measured", "acceptance", "register"):
        assert PHRASES.has("state", f"resolved_{basis}")
    for effect in set(CODES["register_rule_effects"]) - {"none", "no_change"}:
        assert PHRASES.has("rule", effect)


@pytest.mark.parametrize("section", ["register_states", "register_flags", "register_classes", "register_causes", "register_verdicts"])
def test_words_are_vietnamese_and_english(section: str) -> None:
    for code, words in CODES[section].items():
        assert words["vi"].strip(), code
        assert words["en"].strip(), code
        assert "_" not in words["vi"] + words["en"], code


def test_a_cell_may_list_several_codes() -> None:
    assert in_words("site; rule", COLUMNS["causes"], "vi") == "trạm; quy tắc"
    assert in_words("by_area; split", COLUMNS["flags"], "en") == "matched by ground; split"
    assert in_words("unheard_of", COLUMNS["state"], "en") == "unheard_of"
    assert in_words("", COLUMNS["state"], "vi") == ""


def test_the_codes_of_the_csv_stay() -> None:
    row: dict[str, object] = dict.fromkeys(COLUMNS)
    row |= {"register_id": "99-20261101-001", "state": "resolved_predicted", "flags": "by_area; split", "accepted": False}
    text = csv_bytes(arrange(pd.DataFrame([row]), result_table("register"))).decode("utf-8-sig")
    assert "99-20261101-001,,resolved_predicted,by_area; split," in text
    assert ",FALSE," in text
