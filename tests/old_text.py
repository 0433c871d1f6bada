"""Texts in the old encodings, as a program shows their bytes that takes them for Windows-1252.

TCVN3 comes from ``iconv`` where the test wants an oracle; here it and VNI are spelt out letter by letter,
apart from the product's own tables.
"""

from __future__ import annotations

import unicodedata

# TCVN3 (ABC, TCVN 5712:1993): lower case and seven capitals; a capital with tone has its small letter's code.
_TCVN3 = dict(zip(
    "àảãáạăằẳẵắặâầẩẫấậđèẻẽéẹêềểễếệìỉĩíịòỏõóọôồổỗốộơờởỡớợùủũúụưừửữứựỳỷỹýỵĂÂÊÔƠƯĐ",
    "µ¶·¸¹¨»¼½¾Æ©ÇÈÉÊË®ÌÎÏÐÑªÒÓÔÕÖ×ØÜÝÞßáâãä«åæçèé¬êëìíîïñòóô\xadõö÷øùúûüýþ¡¢£¤¥¦§",
    strict=True,
))  # fmt: skip
# VNI: a vowel, then what marks it; six letters and the y with a dot below are one byte.
_TONES = {"": "", "\u0300": "ø", "\u0301": "ù", "\u0309": "û", "\u0303": "õ", "\u0323": "ï"}
_HAT = {"": "â", "\u0300": "à", "\u0301": "á", "\u0309": "å", "\u0303": "ã", "\u0323": "ä"}
_BREVE = {"": "ê", "\u0300": "è", "\u0301": "é", "\u0309": "ú", "\u0303": "ü", "\u0323": "ë"}
_I = {"": "i", "\u0300": "ì", "\u0301": "í", "\u0309": "æ", "\u0303": "ó", "\u0323": "ò"}


def to_tcvn3(text: str) -> str:
    return "".join(_TCVN3.get(c) or _TCVN3.get(c.lower(), c) for c in unicodedata.normalize("NFC", text))


def _vni_letter(letter: str) -> str:
    parts = unicodedata.normalize("NFD", letter.lower())
    tone = next((m for m in parts[1:] if m in _TONES), "")
    base = unicodedata.normalize("NFC", parts.replace(tone, "") if tone else parts)
    match base:
        case "â" | "ê" | "ô":
            out = {"â": "a", "ê": "e", "ô": "o"}[base] + _HAT[tone]
        case "ă":
            out = "a" + _BREVE[tone]
        case "ơ" | "ư":
            out = {"ơ": "ô", "ư": "ö"}[base] + _TONES[tone]
        case "đ":
            out = "ñ"
        case "i":
            out = _I[tone]
        case "y" if tone == "\u0323":
            out = "î"
        case "a" | "e" | "o" | "u" | "y":
            out = base + _TONES[tone]
        case _:
            return letter
    return out.upper() if letter != letter.lower() else out


def to_vni(text: str) -> str:
    return "".join(_vni_letter(c) for c in unicodedata.normalize("NFC", text))


def cp1258_bytes(text: str) -> bytes:
    """Return what Windows' own Vietnamese page holds: letters and, apart, their tone marks."""
    out = []
    for c in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", c)
        mark = next((m for m in parts[1:] if m in "\u0300\u0301\u0303\u0309\u0323"), "")
        out.append(unicodedata.normalize("NFC", parts.replace(mark, "", 1)) + mark if mark else c)
    return "".join(out).encode("cp1258")


def to_cp1258(text: str) -> str:
    return cp1258_bytes(text).decode("cp1252", "replace")


def to_mojibake(text: str) -> str:
    """Return UTF-8 that was taken for Windows-1252 (bytes that the page lacks as Latin-1, as Excel does)."""
    return "".join(
        bytes([b]).decode("cp1252", errors="ignore") or chr(b) for b in unicodedata.normalize("NFC", text).encode()
    )
