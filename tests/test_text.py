"""Vietnamese text: one form for storing, one for matching."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.text import clean, fold, fold_key, fold_unit_name, same_unit_name, without_unit

VIETNAMESE = "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ"
LETTERS = VIETNAMESE + VIETNAMESE.upper()
BARE = str.maketrans(
    dict(zip(VIETNAMESE, "aaaaaaaaaaaaaaaaaabcddeeeeeeeeeeeeghiiiiiiklmnoooooooooooooooooopqrstuuuuuuuuuuuuvxyyyyyy", strict=True))
)
INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad\u202a\u202c\u2066\u2069\ufe0f\x00\x07\x7f"
SPACES = " \t\n\r\u00a0\u2003\u202f\u3000"


@pytest.mark.parametrize(
    ("came", "kept"),
    [
        (None, ""), (float("nan"), ""), (np.nan, ""), ("", ""), ("   ", ""), (12, "12"), (0, "0"), (1.5, "1.5"),
        ("  Xã\u00a0 Hoà \n Bình ", "Xã Hoà Bình"), ("Tha\u0301i", "Thái"), ("Thái\u200b Nguyên\ufeff", "Thái Nguyên"),
        ("a\u200b\u0301", "á"),  # an accent parted from its letter
        ("Bản\x00 Hai\x07", "Bản Hai"), ("\u202bXã\u202c", "Xã"), ("Điện Biên", "Điện Biên"),
    ],
)  # fmt: skip
def test_clean_by_hand(came: object, kept: str) -> None:
    assert clean(came) == kept


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hoá", "Hóa"), ("thuỷ", "thủy"), ("Hòa Bình", "HOÀ BÌNH"), ("Đắk Lắk", "dak lak"), ("Ðắk Lắk", "Đắk Lắk"), ("Tọa độ X", "toa do x"),
        ("Xã/phường", "xa phuong"), ("Diện tích (km²)", "dien tich km2"), ("ﬁle", "FILE"), ("Ｘã", "Xã"), ("Số hộ", "SỐ HỘ"), ("X×Y", "xxy"),
        ("Quảng\u00a0Trị", "quang tri"), ("Bà Rịa - Vũng Tàu", "ba ria vung tau"), ("Krông Nô", "krong no"), ("IaLy", "ialy"),
    ],
)  # fmt: skip
def test_these_fold_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("Hoa", "Ho a"), ("Xã 1", "Xã 11"), ("Long Hòa", "Long Hà"), ("d", "b"), ("", "x")])
def test_these_do_not(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text(alphabet=LETTERS + " ", max_size=30))
@settings(deadline=None, max_examples=200)
def test_folding_vietnamese_is_taking_accents_off(text: str) -> None:
    assert fold(text) == " ".join(text.lower().translate(BARE).split())


@given(st.text(max_size=40))
@settings(deadline=None, max_examples=300)
def test_cleaning_and_folding_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert unicodedata.is_normalized("NFC", clean(text))
    assert clean(text) == clean(text).strip()
    assert fold(fold(text)) == fold(text)
    assert set(fold(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789 ")
    assert fold_key(text) == fold(text).replace(" ", "")


@given(st.text(alphabet=LETTERS + "0123456789 ()-/", max_size=30))
@settings(deadline=None, max_examples=200)
def test_both_unicode_forms_are_one(text: str) -> None:
    composed, decomposed = unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)
    assert clean(composed) == clean(decomposed)
    assert fold(composed) == fold(decomposed)
    assert fold_unit_name(composed) == fold_unit_name(decomposed)


@given(st.lists(st.sampled_from([*LETTERS, "7"]), min_size=1, max_size=12), st.data())
@settings(deadline=None, max_examples=200)
def test_what_cannot_be_seen_changes_nothing(letters: list[str], data: st.DataObject) -> None:
    hidden = "".join(c + data.draw(st.sampled_from(["", *INVISIBLE])) for c in letters)
    assert clean(hidden) == clean("".join(letters))
    spaced = data.draw(st.sampled_from(SPACES)) + " ".join(letters) + data.draw(st.sampled_from(SPACES))
    assert clean(spaced) == " ".join(letters)


@pytest.mark.parametrize(
    ("header", "name"),
    [("Độ cao trạm (m)", "Độ cao trạm"), ("Công suất [W] (EIRP)", "Công suất"), ("(m)", ""), ("Kinh độ", "Kinh độ"), ("Tốc độ (Mb/s) xuống", "Tốc độ xuống"), ("Hở (", "Hở (")],
)  # fmt: skip
def test_headers_without_their_unit(header: str, name: str) -> None:
    assert without_unit(header) == name


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("Xã Hoà Bình", "hoa binh"), ("X. Hòa Bình", "hoa binh"), ("hoa binh", "hoa binh"), ("Phường 1", "1"), ("P.1", "1"), ("P 12", "12"),
        ("Thị trấn Ba Chẽ", "ba che"), ("TT. Ba Chẽ", "ba che"), ("Đặc khu Vân Đồn", "van don"), ("Thành phố Hà Nội", "ha noi"),
        ("TP Hà Nội", "ha noi"), ("TP.Hà Nội", "ha noi"), ("Tỉnh Cao Bằng", "cao bang"), ("Quận 1", "1"), ("Xã", "xa"), ("", ""),
        ("Xuân Hòa", "xuan hoa"), ("Tân Phú", "tan phu"), ("Phú Xã", "phu xa"), ("Xã Quảng Phú", "quang phu"),
    ],
)  # fmt: skip
def test_unit_names_without_their_type(name: str, bare: str) -> None:
    assert fold_unit_name(name) == bare


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Xã Quan Sơn", "Quan Sơn", True), ("Tinh Nhuệ", "xã Tinh Nhuệ", True), ("Phường Ba Đình", "Ba Đình", True), ("Hoà Bình", "xã hòa bình", True),
        ("Xã Sơn", "Quan Sơn", True),  # "quan" may be a type: told apart by code only
        ("Xã Một", "Xã Hai", False), ("Xã Long Hòa", "Xã Long Hà", False), ("Phường 1", "Phường 11", False),
    ],
)  # fmt: skip
def test_names_that_may_mean_one_unit(one: str, other: str, same: bool) -> None:
    assert same_unit_name(one, other) is same
    assert same_unit_name(other, one) is same
