"""The letters of old Vietnamese encodings: TCVN3 (ABC), VNI (VNI Windows), Windows-1258, and UTF-8 taken for Windows-1252.

Texts in the old encodings reach a table as other letters, because whatever read their bytes took them
for a Western page: "H¶i Phßng" (TCVN3), "Haûi Phoøng" (VNI), "HÃ\u00a0 Ná»™i" (UTF-8). Here stands what each byte
means; whether a text is in one of them is :mod:`geo.recognition`'s to say.

TCVN3 is TCVN 5712:1993, VN3: lower case, and capitals only of the seven letters Ă Â Ê Ô Ơ Ư Đ. Capitals
with tones are the *same codes* in a font of capitals (.VnTimeH), so that a text's codes do not say how it
was shown. What can be known is put right: capitals around it make a letter a capital ("NéI" → "NỘI").
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache

__all__ = ["OldEncoding", "as_bytes", "decode", "encoding_named", "means_something"]


class OldEncoding(StrEnum):
    """How a text that is not Unicode is encoded, by the name that people know."""

    TCVN3 = "TCVN3 (ABC)"
    VNI = "VNI"
    CP1258 = "Windows-1258"
    UTF8 = "UTF-8 → Windows-1252"
    CP1252 = "Windows-1252"  # the Western page, taken where nothing tells what bytes are


#: The names under which a project file may give them.
_NAMES = {
    "tcvn3": OldEncoding.TCVN3, "abc": OldEncoding.TCVN3, "tcvn3abc": OldEncoding.TCVN3, "tcvn57123": OldEncoding.TCVN3,
    "vni": OldEncoding.VNI, "vniwin": OldEncoding.VNI, "vniwindows": OldEncoding.VNI,
}  # fmt: skip

# -- from letters to the bytes that they were ---------------------------------------------------------

_WESTERN = "cp1252"
_SOUTH = "cp1258"


def _byte_table() -> dict[str, int]:
    """Return each character that a byte may have been taken for, by Latin-1, Windows-1252 or Windows-1258."""
    table: dict[str, int] = {}
    for page in ("latin-1", _WESTERN, _SOUTH):
        for byte in range(0x80, 0x100):
            text = bytes([byte]).decode(page, errors="ignore")
            if text:
                table.setdefault(text, byte)
    return table


_AS_BYTE = _byte_table()
_AS_LATIN = {ord(letter): byte for letter, byte in _AS_BYTE.items()}


def _is_byte_like(text: str) -> bool:
    """Tell whether every character of a text may have been one byte."""
    return all(c in _AS_BYTE or c < "\x80" for c in text)


def as_bytes(text: str) -> str:
    """Return a text with every character as the byte that it was (a Latin-1 character); others stay."""
    return text.translate(_AS_LATIN)


# -- TCVN3 --------------------------------------------------------------------------------------------

#: First byte of a run, and the letters that follow each other from there on.
_TCVN3_RUNS = {
    0xA1: "ĂÂÊÔƠƯĐăâêôơưđ", 0xB5: "àảãáạ", 0xBB: "ằẳẵắ", 0xC6: "ặầẩẫấậè", 0xCE: "ẻẽéẹềểễếệìỉ", 0xDC: "ĩíịò",
    0xE1: "ỏõóọồổỗốộờởỡớợù", 0xF1: "ủũúụừửữứựỳỷỹýỵ",
}  # fmt: skip
_TCVN3 = {start + i: letter for start, run in _TCVN3_RUNS.items() for i, letter in enumerate(run)}
#: Some converters write a capital with tone as the capital letter and the lower-case code ("Aµ" for "À").
_CAPITAL_TWICE = re.compile("[AĂÂEÊIOÔƠUƯY][àảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ]")


def _one_capital(found: re.Match[str]) -> str:
    capital, toned = found[0][0], found[0][1]
    bare = unicodedata.normalize("NFD", toned)
    letter = unicodedata.normalize("NFC", "".join(c for c in bare if c not in "\u0300\u0301\u0303\u0309\u0323"))
    return toned.upper() if letter.upper() == capital else found[0]


def _from_tcvn3(text: str) -> str:
    letters = text.translate(_TCVN3)
    return _with_capitals(_CAPITAL_TWICE.sub(_one_capital, letters))


_WORD = re.compile(r"[^\W\d_]+")


def _with_capitals(text: str) -> str:
    """Return a text in which the words of capitals are capitals throughout, where some word shows that it holds such.

    A word of two capitals or more with a lower-case letter with accent inside ("NéI") can only come from a font
    of capitals; then a word whose plain letters are all capitals ("Hµ") is one too.
    """

    def plain(word: str) -> list[str]:
        return [c for c in word if c.isascii()]

    words = _WORD.findall(text)
    shows = any(len(p) > 1 and "".join(p).isupper() and not w.isupper() for w in words if (p := plain(w)))
    if not shows:
        return text
    return _WORD.sub(lambda w: w[0].upper() if "".join(plain(w[0])).isupper() or not plain(w[0]) else w[0], text)


# -- VNI ----------------------------------------------------------------------------------------------

_SAC, _HUYEN, _HOI, _NGA, _NANG = "\u0301", "\u0300", "\u0309", "\u0303", "\u0323"
_HAT, _BREVE = "\u0302", "\u0306"
#: A byte that stands behind a vowel and marks it: tones, the hat with each tone, the breve with each tone.
_VNI_MARKS = {
    0xF9: _SAC, 0xF8: _HUYEN, 0xFB: _HOI, 0xF5: _NGA, 0xEF: _NANG,
    0xE2: _HAT, 0xE1: _HAT + _SAC, 0xE0: _HAT + _HUYEN, 0xE5: _HAT + _HOI, 0xE3: _HAT + _NGA, 0xE4: _HAT + _NANG,
    0xEA: _BREVE, 0xE9: _BREVE + _SAC, 0xE8: _BREVE + _HUYEN, 0xFA: _BREVE + _HOI, 0xFC: _BREVE + _NGA, 0xEB: _BREVE + _NANG,
}  # fmt: skip
_VNI_ALONE = {0xF4: "ơ", 0xF6: "ư", 0xF1: "đ", 0xED: "í", 0xEC: "ì", 0xE6: "ỉ", 0xF3: "ĩ", 0xF2: "ị", 0xEE: "ỵ"}
_LOWER = 0x20  # between a capital of the Western page and its small letter
_VNI_ALONE |= {byte - _LOWER: letter.upper() for byte, letter in _VNI_ALONE.items()}
_VNI_MARKS |= {byte - _LOWER: mark for byte, mark in _VNI_MARKS.items()}


def _bears(letter: str, mark: str) -> bool:
    """Tell whether a vowel can be marked so in VNI."""
    if mark[0] == _BREVE:
        return letter in "aA"
    return letter in "aeoAEO" if mark[0] == _HAT else letter in "aeouyơưAEOUYƠƯ"


def _vni_letters(text: str) -> tuple[list[str], bool]:
    """Return a text's letters with their marks, and whether every byte of it means something."""
    out: list[str] = []
    whole = True
    for character in text:
        byte = ord(character)
        mark = _VNI_MARKS.get(byte)
        if mark and out and len(out[-1]) == 1 and _bears(out[-1], mark):
            out[-1] += mark
        else:
            whole = whole and (character.isascii() or byte in _VNI_ALONE)
            out.append(_VNI_ALONE.get(byte, character))
    return out, whole


def _from_vni(text: str) -> str:
    return unicodedata.normalize("NFC", "".join(_vni_letters(text)[0]))


# -- pages of Windows ---------------------------------------------------------------------------------


def _from_cp1258(text: str) -> str:
    """Return what the bytes mean in Windows-1258: letters, and behind them their tone."""
    letters = (bytes([ord(c)]).decode(_SOUTH, errors="replace") if "\x80" <= c <= "\xff" else c for c in text)
    return unicodedata.normalize("NFC", "".join(letters))


def _from_cp1252(text: str) -> str:
    return "".join(bytes([ord(c)]).decode(_WESTERN, errors="ignore") or c if "\x80" <= c <= "\xff" else c for c in text)


#: The first byte of "à" whose second one, a hard space, a program made a plain space.
_LOST_SPACE = re.compile("\u00c3 ")


def _from_utf8(text: str) -> str:
    """Return what the bytes mean in UTF-8, the text itself where they are none."""
    for bytes_ in (text, _LOST_SPACE.sub("\u00c3\u00a0", text)):
        try:
            return unicodedata.normalize("NFC", bytes_.encode("latin-1").decode("utf-8"))
        except UnicodeError:
            continue
    return text


_FROM = {
    OldEncoding.TCVN3: _from_tcvn3, OldEncoding.VNI: _from_vni, OldEncoding.CP1258: _from_cp1258, OldEncoding.UTF8: _from_utf8,
    OldEncoding.CP1252: _from_cp1252,
}  # fmt: skip


@lru_cache(maxsize=1 << 15)
def decode(text: str, encoding: OldEncoding) -> str:
    """Return a text in Unicode (NFC), its characters taken for the bytes that they may have been.

    Characters that no byte was, and bytes that mean nothing in ``encoding``, stay as they are.
    """
    return _FROM[encoding](as_bytes(text))


def means_something(text: str, encoding: OldEncoding) -> bool:
    """Tell whether a text can have been written in an encoding at all: whether all its bytes mean something there."""
    bytes_ = as_bytes(text)
    if encoding is OldEncoding.TCVN3:
        return all(c.isascii() or ord(c) in _TCVN3 for c in bytes_)
    if encoding is OldEncoding.VNI:
        return _vni_letters(bytes_)[1]
    return _is_byte_like(text)


def encoding_named(name: str) -> OldEncoding | None:
    """Return the encoding that a project file names (``tcvn3``, ``abc``, ``vni``), None if it is another codec's name."""
    return _NAMES.get(re.sub("[^a-z0-9]", "", name.lower()))
