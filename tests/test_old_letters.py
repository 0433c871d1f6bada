"""Old encodings: every syllable there and back, what is recognised from how many cells, and what is never touched."""

from __future__ import annotations

import random
import re
import subprocess
import unicodedata

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.io.old_text import letter_settings
from geo.old_letters import OldEncoding, decode
from geo.recognition import ColumnReading, LetterSettings, likely_text, recognise
from geo.syllables import ONSETS, RIMES, is_syllable, is_vietnamese_word, tone_places
from tests.old_text import to_cp1258, to_mojibake, to_tcvn3, to_vni

SETTINGS = LetterSettings(proofs=2, proof_share=0.5)
TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
ENCODERS = {
    OldEncoding.TCVN3: to_tcvn3, OldEncoding.VNI: to_vni, OldEncoding.CP1258: to_cp1258, OldEncoding.UTF8: to_mojibake,
}  # fmt: skip


def every_syllable() -> list[str]:
    """Onsets × rimes × tones, in the places where the tone may stand, that the spelling allows."""
    found = []
    for onset in ONSETS:
        for rime in RIMES:
            for tone in TONES:
                for place in tone_places(rime) if tone else (0,):
                    toned = rime[: place + 1] + tone + rime[place + 1 :] if tone else rime
                    found.append(unicodedata.normalize("NFC", onset + toned))
    return sorted({s for s in found if is_syllable(s)})


SYLLABLES = every_syllable()
NAMES = (
    "Xã Hoà Bình", "Phường Trần Hưng Đạo", "Thị trấn Mường Khến", "Xã Bản Lầu", "Đắk Lắk", "Bắc Giang", "Xã Nghĩa Thuận",
    "Huyện Văn Yên", "Trạm chợ Đồng Văn", "Xã Thượng Tiến", "Yên Bái", "Cốc Lếu", "Pờ Ly Ngài", "Quyết Thắng", "Xã Tả Phìn",
    "Thôn Nậm Đét", "Tổ dân phố Số 3", "Xã Lũng Cú", "Phố Ràng", "Xã Ẳng Nưa".lower(), "Khuôn Hà", "Xã Trung Lý", "Bình Ca",
)  # fmt: skip


def read(*texts: str, **options) -> ColumnReading:
    return recognise({0: texts}, SETTINGS, **options).get(0, ColumnReading())


def test_the_settings_are_those_that_ship():
    assert letter_settings() == SETTINGS


def test_the_inventory_is_of_the_known_size():
    # Counts of possible syllables in the literature run from 17,000 to 19,000; both habits of placing the tone add some.
    assert 15_000 < len(SYLLABLES) < 22_000


@pytest.mark.parametrize("case", [str.lower, str.upper, str.title])
def test_every_syllable_comes_back_from_vni_and_the_pages(case):
    for encoding in (OldEncoding.VNI, OldEncoding.CP1258, OldEncoding.UTF8):
        bad = [s for s in map(case, SYLLABLES) if decode(ENCODERS[encoding](s), encoding) != s]
        assert not bad, (encoding, len(bad), bad[:5])


def test_every_syllable_comes_back_from_tcvn3():
    bad = [s for s in SYLLABLES if decode(to_tcvn3(s), OldEncoding.TCVN3) != s]
    assert not bad, (len(bad), bad[:5])
    # Capitals have the small letters' codes: shown in a font of capitals, they come back as what the codes say.
    for came, became in (("NéI", "NỘI"), ("Hµ NéI", "HÀ NỘI"), ("Hµ Néi", "Hà Nội"), ("§¦êNG", "ĐƯỜNG"), ("X· Èn", "Xã ẩn")):
        assert decode(came, OldEncoding.TCVN3) == became
    assert decode("Aµ EÐ", OldEncoding.TCVN3) == "À É"  # a capital and its toned letter, as some converters write it


def test_tcvn3_is_what_iconv_says(external_tool):
    program = external_tool("iconv")
    marked = sorted({c for s in SYLLABLES for c in s if not c.isascii()} | set("ĂÂÊÔƠƯĐ"))
    done = subprocess.run(
        [program, "-f", "UTF-8", "-t", "TCVN5712-1"], input="\n".join(marked).encode(), capture_output=True, check=True
    )
    assert len(marked) == 74
    assert decode(done.stdout.decode("latin-1"), OldEncoding.TCVN3).split("\n") == marked


@pytest.mark.parametrize("encoding", list(ENCODERS))
def test_a_list_is_recognised_and_converted(encoding):
    encode = ENCODERS[encoding]
    reading = read(*map(encode, NAMES))
    for name in NAMES:
        came = encode(name)
        became = reading.changed.get(came, (came, encoding))
        assert became == (name, encoding)
    assert not reading.unclear
    assert not reading.suspect


@pytest.mark.parametrize("encoding", list(ENCODERS))
def test_cells_of_both_kinds_are_told_apart_one_by_one(encoding):
    encode = ENCODERS[encoding]
    came = [encode(n) if i % 2 else n for i, n in enumerate(NAMES)]
    reading = read(*came)
    for name, text in zip(NAMES, came, strict=True):
        got = reading.changed.get(text, (text, None))[0]
        assert got == name or text in reading.unclear, (text, got)
    assert len(reading.unclear) <= 1


def test_what_fits_both_readings_beside_both_kinds_is_left_and_named():
    # "Lèn" is a Vietnamese word as it stands, and "Lốn" in TCVN3.
    reading = read("Hải Phòng", "Thái Bình", to_tcvn3("Nghệ An"), to_tcvn3("Hà Tĩnh"), "Lèn")
    assert set(reading.changed) == {to_tcvn3("Nghệ An"), to_tcvn3("Hà Tĩnh")}
    assert reading.unclear == {"Lèn": OldEncoding.TCVN3}
    # In a column of one kind it is no question.
    assert read(to_tcvn3("Nghệ An"), to_tcvn3("Hà Tĩnh"), "Lèn").changed["Lèn"][0] == "Lốn"
    assert not read("Hải Phòng", "Thái Bình", "Lèn").changed


def test_a_cell_joined_from_both_kinds_is_put_right_word_by_word():
    # "Đông": a page of Windows has its letters too, so that it could be bytes.
    for first in ("Trạm", "Đông", "Hướng"):
        came = f"{first} " + to_tcvn3("Nghĩa Đàn")
        assert read(came, to_tcvn3("Mù Cang Chải")).changed[came] == (f"{first} Nghĩa Đàn", OldEncoding.TCVN3)


def test_two_old_encodings_in_one_column_are_told_apart():
    half = len(NAMES) // 2
    came = [*map(to_tcvn3, NAMES[:half]), *map(to_vni, NAMES[half:])]
    reading = read(*came)
    wrong = [(c, n) for c, n in zip(came, NAMES, strict=True) if reading.changed.get(c, (c,))[0] != n and c not in reading.unclear]
    assert not wrong


@pytest.mark.parametrize(
    "texts",
    [
        ("TQ0012", "HÀ-3G", "TB1", "0x1F4A", "a.nguyen@vnpt.vn", "-97,5", "105°51'15\"Đ"),
        ("5 µm", "12 µs", "m²", "±3 dB", "½", "© 2026", "Viettel®", "«BTS»", "N° 12", "1ª", "·"),
        ("Café", "Zürich", "São Paulo", "Malmö", "Crédit", "Señor", "Århus", "naïve", "Łódź", "Reykjavík", "Straße"),
        ("Thanh Hoá", "Hoá Chất", "Khoá", "Loá", "Bà Rịa", "Cà Mau", "Hoà", "Thuỷ", "Lý", "Tô Hiệu"),
        ("Ea H'leo", "Krông Pắc", "Đắk Lắk", "Kon Plông", "Ia Grai", "Chư Păh", "Mađaguôi"),
        ("Ðồng Mẫu", "Ðang phát sóng", "Xã Ðông"),  # the look-alike of Đ
        ("the quick brown fox", "Site name", "LTE 1800", "Nokia", "RSRP (dBm)", "deadbeef", "C0FFEE"),
    ],
)
def test_what_is_no_old_text_is_never_touched(texts):
    assert recognise({0: texts}, SETTINGS) == {}


@given(st.lists(st.text(st.characters(max_codepoint=127)), max_size=5))
def test_ascii_is_never_touched(texts):
    assert recognise({0: [*texts, *map(to_tcvn3, NAMES[:4])]}, SETTINGS)[0].changed.keys().isdisjoint(texts)


@given(st.lists(st.sampled_from(SYLLABLES), min_size=1, max_size=40))
def test_vietnamese_in_unicode_is_never_touched(words):
    texts = [" ".join(words[i : i + 3]) for i in range(0, len(words), 3)]
    assert not read(*texts).changed
    assert not read(*[t.title() for t in texts]).changed


def test_one_old_list_among_a_thousand_unicode_texts_is_found():
    many = [f"Thôn Bản Lầu {i}" for i in range(1_500)]
    old = [to_tcvn3("Nghĩa Đàn"), to_tcvn3("Mù Cang Chải")]
    assert set(recognise({0: many, 1: old}, SETTINGS)[1].changed) == set(old)
    for encoding, encode in ENCODERS.items():  # none of the encodings does without what is looked for
        got = recognise({0: [f"{encode(n)} {i}" for n in NAMES for i in range(60)]}, SETTINGS)[0]
        assert {e for _, e in got.changed.values()} == {encoding}
    assert recognise({0: many}, SETTINGS) == {}


def test_one_word_is_not_enough():
    assert read("Hµ").suspect == {"Hµ": OldEncoding.TCVN3}
    assert read("Hµ", "Hµ", "BTS").suspect == {"Hµ": OldEncoding.TCVN3}
    assert read("Hµ Néi").changed["Hµ Néi"][0] == "Hà Nội"
    assert likely_text("Tr¹m.csv") == "Trạm.csv"
    assert likely_text("café.csv") == "café.csv"


def test_what_the_project_file_says_needs_no_statistics():
    assert read("Hµ", given=OldEncoding.TCVN3).changed == {"Hµ": ("Hà", OldEncoding.TCVN3)}
    assert read("Lèn", "Hải Phòng", given=OldEncoding.TCVN3).changed == {"Lèn": ("Lốn", OldEncoding.TCVN3)}


def test_columns_of_one_table_help_each_other_and_do_not_infect_each_other():
    old = [to_tcvn3(n) for n in NAMES]
    reading = recognise({0: old, 1: ["Hµ"], 2: ["Lèn", "Bà", "Hải Phòng"]}, SETTINGS)
    assert reading[1].changed["Hµ"][0] == "Hà"
    assert 2 not in reading or not reading[2].changed


def test_proofs_by_chance_in_a_list_of_foreign_places_are_not_enough():
    # "Deán", "Boû", "Aïn" and "Naït" read as "Dến", "Bỏ", "Ạn" and "Nạt" in VNI; the rest reads as nothing.
    chance = ["Deán", "Boû", "Aïn Defla", "Naït"]
    others = "Zürich Malmö Orléans Besançon Córdoba Málaga Århus Tromsø Düsseldorf Nîmes Señorita Cuiabá Béziers Großenhain".split()  # noqa: SIM905
    reading = read(*chance, *others)
    assert not reading.changed
    assert set(reading.suspect) == set(chance)  # said, as what it is: a doubt


def test_short_words_of_foreign_lists_are_not_taken_for_old_text():
    # All words of 1-2 syllables' look: French and German words of four letters or fewer with accents.
    foreign = "où dû sûr mûr âge île ère été clé pré thé blé né zéro für übe Öl Bär Tür hör öde größ àla çà là déjà".split()  # noqa: SIM905
    assert not read(*foreign).changed


@pytest.mark.slow
@pytest.mark.parametrize("encoding", list(ENCODERS))
def test_error_rates_by_number_of_cells(shared_dir, encoding, capsys):
    """Real names: how many cells come out right, are left, or wrong, from 1, 3, 10 and 100 cells."""
    frame = pd.read_csv(shared_dir / "data" / "vietnam" / "legacy_commune_points.csv", dtype=str)
    names = [unicodedata.normalize("NFC", n) for n in frame["ward"].dropna().unique()]
    short = sorted({re.sub(r"^(Xã|Phường|Thị trấn) ", "", n) for n in names})
    encode, rng = ENCODERS[encoding], random.Random(20261101)
    for kind, texts in (("with their type", names), ("without", short)):
        for cells in (1, 3, 10, 100):
            right = wrong = left = 0
            for _ in range(2000 // cells + 20):
                chosen = [n for n in rng.sample(texts, cells) if not n.isascii()]
                reading = read(*map(encode, chosen))
                for name in chosen:
                    got = reading.changed.get(encode(name), (encode(name),))[0]
                    right += got.lower() == name.lower()
                    wrong += got.lower() != name.lower() and got != encode(name)
                    left += got == encode(name) != name
            total = right + wrong + left
            with capsys.disabled():
                print(f"\n{encoding.value}, {kind}, {cells} cells: right {right / total:.2%}, left {left / total:.2%}, wrong {wrong / total:.2%}")
            assert wrong <= 0.002 * total
            assert right >= (0.98 if cells >= 10 else 0.3) * total


def test_real_names_are_vietnamese(shared_dir):
    frame = pd.read_csv(shared_dir / "data" / "vietnam" / "legacy_commune_points.csv", dtype=str)
    texts = pd.concat([frame["province"], frame["district"], frame["ward"]]).dropna().unique()
    words = {w for t in texts for w in re.findall(r"[^\W\d_]+", unicodedata.normalize("NFC", t)) if not w.isascii()}
    assert len(words) > 1500
    assert sum(map(is_syllable, words)) > 0.9 * len(words)  # the rest are names of the minorities
    assert sum(map(is_vietnamese_word, words)) > 0.97 * len(words)
    assert not read(*texts).changed
