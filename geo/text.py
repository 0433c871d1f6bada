"""Vietnamese text: one normal form for storing, one folded form for matching.

Stored text is NFC. Matching folds accents, tone position (``Hoá`` = ``Hóa``), case,
``đ`` and punctuation. Codes join, names never do: folded text is for headers, for finding
candidates and for evidence, not for keys.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["clean", "encodable", "fold", "fold_key", "fold_unit_name", "same_unit_name", "without_unit", "writable"]

_SPACES = re.compile(r"\s+")
_NOT_WORD = re.compile(r"[^0-9a-z]+")
_BRACKETS = re.compile(r"[(\[][^)\]]*[)\]]")
# Zero-width characters, marks of writing direction, variation selectors, and control characters but white space.
_INVISIBLE = dict.fromkeys(
    [
        *map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff\u00ad\u034f\u180e"),
        *range(0x202A, 0x202F), *range(0x2066, 0x2070), *range(0xFE00, 0xFE10),
        *(c for c in range(0x20) if not chr(c).isspace()), *(c for c in range(0x7F, 0xA0) if not chr(c).isspace()),
    ]
)  # fmt: skip
_SURROGATE = re.compile("[\ud800-\udfff]")
# Control characters but tab and line ends, what XML 1.0 (2.2) cannot hold, non-characters, and what turns the direction of writing.
_NOT_WRITABLE = re.compile(
    "[^\t\n\r\u0020-\u007e\u00a0-\u061b\u061d-\u200d\u2010-\u2029\u202f-\u2065\u206a-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010fffd]"
)
# The Vietnamese letters that do not decompose, and the look-alikes that old exports carry for them.
_STROKE = str.maketrans({"đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ɖ": "d", "Ɖ": "D", "×": "x"})
_UNIT_PREFIX = re.compile(
    r"^(?:xa|phuong|thi tran|dac khu|tt|p|x|dk|quan|huyen|thi xa|thanh pho|tp|tx|tinh|h|q|t)\s+(?=\S)"
)


def clean(text: object) -> str:
    """Return ``text`` as NFC without invisible characters, runs of white space made one space.

    ``None`` and NaN become the empty string.
    """
    if text is None or text != text:  # NaN is the only value unequal to itself
        return ""
    plain = _SPACES.sub(" ", str(text).translate(_INVISIBLE))
    return unicodedata.normalize("NFC", plain).strip()


def encodable(text: str) -> str:
    """Return ``text`` with lone surrogates, which UTF-8 cannot hold, as U+FFFD; nothing else is changed."""
    return _SURROGATE.sub("\ufffd", text)


def writable(text: str) -> str:
    """Return ``text`` with every character as U+FFFD that XML cannot hold, that is a control, or that turns the direction of writing.

    Tabs and line ends stay, and so does the length: an office file shows where something stood.
    """
    return _NOT_WRITABLE.sub("\ufffd", text)


def fold(text: object) -> str:
    """Return the matching form: lower case, no accents, words separated by single spaces."""
    decomposed = unicodedata.normalize("NFKD", clean(text).translate(_STROKE)).casefold()
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return _NOT_WORD.sub(" ", bare).strip()


def fold_key(text: object) -> str:
    """Return :func:`fold` without spaces: ``"Tọa độ X"`` and ``"ToaDoX"`` give ``"toadox"``."""
    return _fold_key(text) if isinstance(text, str) else fold(text).replace(" ", "")


@lru_cache(maxsize=1 << 14)
def _fold_key(text: str) -> str:
    return fold(text).replace(" ", "")


def without_unit(header: object) -> str:
    """Return a header without what stands in brackets: ``"Độ cao trạm (m)"`` gives ``"Độ cao trạm"``."""
    return clean(_BRACKETS.sub(" ", clean(header)))


def fold_unit_name(name: object) -> str:
    """Return the matching form of an administrative unit's name without its type.

    ``"Xã Hoà Bình"``, ``"X. Hòa Bình"`` and ``"hoa binh"`` all give ``"hoa binh"``. A name that
    is nothing but a number keeps it (``"Phường 1"`` gives ``"1"``).
    """
    folded = fold(name)
    stripped = _UNIT_PREFIX.sub("", folded, count=1)
    return stripped or folded


def same_unit_name(one: object, other: object) -> bool:
    """Tell whether two texts may name the same administrative unit, with or without its type.

    ``"Xã Quán Trữ"`` and ``"Quan Tru"`` may, although the second begins with a folded word for a type.
    """
    return bool({fold(one), fold_unit_name(one)} & {fold(other), fold_unit_name(other)})
