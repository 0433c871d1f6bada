import html
import json

import pytest
from hostile import WAYS, mixtures
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.mapping.escape import SafeText, is_safe, vn_safe


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Xã Hoà Bình", "Xã Hoà Bình"),
        ("Đắk R'Lấp", "Đắk R&#39;Lấp"),
        ("<b>", "&#60;b&#62;"),
        ("${x}", "&#36;&#123;x&#125;"),
        ("a`b\\c", "a&#96;b&#92;c"),
        ("&#60;", "&#38;&#35;60&#59;"),
        ("Kế hoạch 2026-2027, đợt 1.2_b", "Kế hoạch 2026-2027, đợt 1.2_b"),
        ("10 %", "10 &#37;"),
        ("a\x00b", "ab"),
        ("\ud800", "&#65533;"),
        ("a\u202eb", "ab"),
        ("a\u061cb", "a&#65533;b"),
        ("\uffff", "&#65533;"),
        (None, ""),
        (float("nan"), ""),
        (12, "12"),
        ("²½", "&#178;&#189;"),
    ],
)
def test_by_hand(text, expected):
    assert vn_safe(text) == expected
    assert type(vn_safe(text)) is SafeText


def test_decomposed_vietnamese_becomes_letters():
    assert vn_safe("Hoa\u0300 Bi\u0300nh") == "Hoà Bình"


def test_escaping_twice_changes_nothing_only_for_what_is_known_to_be_safe():
    once = vn_safe("<b>")
    assert vn_safe(once) is once
    assert vn_safe(str(once)) != once  # a file that holds "&#60;" means these five characters


def test_joining_loses_the_mark():
    assert type(vn_safe("a") + vn_safe("b")) is str
    assert type(f"{vn_safe('a')}") is str


@pytest.mark.parametrize("text", WAYS.values(), ids=WAYS)
def test_each_way_leaves_only_harmless_characters(text):
    safe = vn_safe(text)
    assert is_safe(safe)
    assert not set(safe) & set("<>\"'`${}\\\n\r\t=()[]/%\u2028\u2029\x00")
    safe.encode("utf-8")


@pytest.mark.parametrize("text", ["<", "&", "&#", "&#;", "&#x3c;", "&lt;", "&#60", "a`", "&#６０;"])
def test_what_is_not_safe_is_seen(text):
    assert not is_safe(text)


@settings(deadline=None, max_examples=300)
@given(st.text())
def test_a_page_shows_the_text_again(text):
    safe = vn_safe(text)
    assert is_safe(safe)
    assert json.loads(json.dumps(safe)) == safe
    shown = html.unescape(safe)
    assert vn_safe(shown) == safe


def test_mixtures():
    for text in mixtures(2000, seed=1):
        assert is_safe(vn_safe(text))
