"""The sentences of the issue catalogue: both languages say the same, whole, and each code is stated somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from geo.io.resources import issue_catalogue

KINDS = issue_catalogue().kinds
_FIELD = re.compile(r"(?<!\{)\{(\w+)\}(?!\})")
_VIETNAMESE = re.compile("[ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ]", re.IGNORECASE)
#: Fields that come in pairs, one per language.
_PAIRS = re.compile(r"_(?:vi|en)$")


@pytest.mark.parametrize("code", sorted(KINDS))
def test_sentences_of_a_code(code):
    kind = KINDS[code]
    for name in ("title", "allowed", "action"):
        sentence = getattr(kind, name)
        for text in (sentence.vi, sentence.en):
            assert text == text.strip()
            assert text
            assert "  " not in text
            assert not text.endswith((",", ";", ":"))
        fields = [{_PAIRS.sub("", f) for f in _FIELD.findall(t)} for t in (sentence.vi, sentence.en)]
        assert fields[0] == fields[1], (name, fields)
    if "{message_vi}" not in kind.title.vi:
        assert _VIETNAMESE.search(kind.title.vi)
        assert _VIETNAMESE.search(kind.action.vi)
    assert not kind.title.vi.endswith(".")
    assert not kind.title.en.endswith(".")
    assert len(kind.action.vi) < 260, "what to do is one sentence; places belong to what came"


def test_every_code_is_stated_somewhere_in_the_package(project_root: Path):
    text = "\n".join(p.read_text(encoding="utf-8") for p in (project_root / "geo").rglob("*.py"))
    unused = sorted(code for code in KINDS if f'"{code}"' not in text)
    assert unused == []
