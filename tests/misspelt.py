"""Names as people misspell them."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable

_SHORT = {"Xã ": ("X. ", "x.", "", "xa "), "Phường ": ("P. ", "P.", "F. ", "phuong "), "Thị trấn ": ("TT ", "TT. ", "T.T ", "thi tran ")}
_OLD_TONES = {
    "òa": "oà", "óa": "oá", "ỏa": "oả", "õa": "oã", "ọa": "oạ", "ủy": "uỷ", "úy": "uý", "ùy": "uỳ", "ũy": "uỹ", "ụy": "uỵ",
    "òe": "oè", "óe": "oé", "ỏe": "oẻ",
}  # fmt: skip


def without_accents(name: str, _: random.Random) -> str:
    parts = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D"))
    return "".join(c for c in parts if not unicodedata.combining(c))


def short_type(name: str, rng: random.Random) -> str:
    kind = next((k for k in _SHORT if name.startswith(k)), "")
    return rng.choice(_SHORT[kind]) + name[len(kind) :] if kind else name


def swapped(name: str, rng: random.Random) -> str:
    places = [i for i in range(len(name) - 1) if i > name.find(" ") and name[i].isalpha() and name[i + 1].isalpha() and name[i] != name[i + 1]]
    if not places:
        return name
    i = rng.choice(places)
    return name[:i] + name[i + 1] + name[i] + name[i + 2 :]


def one_letter_less(name: str, rng: random.Random) -> str:
    places = [i for i, c in enumerate(name) if i > name.find(" ") + 1 and c.isalpha()]
    i = rng.choice(places) if places else -1
    return name[:i] + name[i + 1 :] if i >= 0 else name


def one_accent_wrong(name: str, rng: random.Random) -> str:
    places = [i for i, c in enumerate(name) if i > name.find(" ") and len(unicodedata.normalize("NFD", c)) > 1]
    if not places:
        return name
    i = rng.choice(places)
    return unicodedata.normalize("NFC", name[:i] + unicodedata.normalize("NFD", name[i])[0] + name[i + 1 :])


def other_tone_place(name: str, _: random.Random) -> str:
    for one, other in _OLD_TONES.items():
        name = name.replace(one, "\0").replace(other, one).replace("\0", other)
    return name


def i_for_y(name: str, _: random.Random) -> str:
    for one, other in zip("yỳýỷỹỵ", "iìíỉĩị", strict=True):
        if name.endswith(one) and len(name) > 1 and name[-2] in "hklmstHKLMST":
            name = name[:-1] + other
    return name


def decomposed(name: str, _: random.Random) -> str:
    return unicodedata.normalize("NFD", name)


def capitals(name: str, _: random.Random) -> str:
    return name.upper()


WAYS: dict[str, Callable[[str, random.Random], str]] = {
    "no accents": without_accents, "short type": short_type, "two letters exchanged": swapped, "one letter less": one_letter_less,
    "one accent lost": one_accent_wrong, "the other place of the tone": other_tone_place, "i for y": i_for_y,
    "decomposed": decomposed, "capitals": capitals,
    "short type, no accents": lambda n, r: without_accents(short_type(n, r), r),
}  # fmt: skip
