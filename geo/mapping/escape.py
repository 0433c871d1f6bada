"""The one way by which text from a file reaches a map.

Escaping for HTML alone is not enough: folium writes popups and tooltips into JavaScript template
literals, where ``${...}``, a backtick or a backslash breaks out of text that is harmless as HTML.
:func:`vn_safe` writes everything that is not a letter, a digit or one of space ``.,-_`` as a
numeric character reference, so that what is left has no meaning in HTML text, in an attribute, in
JSON, in a script, in a style or in a template literal. A page shows it as HTML, or a script decodes
the references and hands the result to ``textContent``.
"""

from __future__ import annotations

import re
import unicodedata

from geo.text import clean

__all__ = ["SafeText", "is_safe", "vn_safe"]

_REFERENCE = re.compile(r"&#[0-9]+;")
_PLAIN = frozenset(" .,-_0123456789")
# What a reference cannot carry: HTML turns &#0; and the C1 block into other characters, lone
# surrogates cannot be encoded, and the bidirectional controls reorder the text that follows them.
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
_REPLACEMENT = 0xFFFD


class SafeText(str):
    """Text that has been through :func:`vn_safe`; nothing else may make one."""

    __slots__ = ()


def vn_safe(text: object) -> SafeText:
    """Return ``text`` with every character but letters, digits and `` .,-_`` as ``&#N;``.

    Text is cleaned first (:func:`geo.text.clean`): NFC, so that Vietnamese letters stay letters, and
    no invisible characters. ``None`` and NaN become the empty text. What a reference cannot carry
    (control characters, lone surrogates, non-characters) or what reverses the reading direction
    becomes U+FFFD (``&#65533;``) where cleaning left it.

    Examples
    --------
    >>> vn_safe("Thôn Nà Phặc")
    'Thôn Nà Phặc'
    >>> vn_safe("${alert(1)}")
    '&#36;&#123;alert&#40;1&#41;&#125;'
    """
    if isinstance(text, SafeText):
        return text
    return SafeText("".join(map(_safe_character, clean(text))))


def is_safe(text: str) -> bool:
    """Tell whether ``text`` holds nothing but what :func:`vn_safe` writes."""
    return all(map(_is_plain, _REFERENCE.sub("", text)))


def _is_plain(character: str) -> bool:
    return character in _PLAIN or character.isalpha()


def _safe_character(character: str) -> str:
    if _is_plain(character):
        return character
    point = ord(character)
    if (
        character in _BIDI_CONTROLS
        or unicodedata.category(character) in {"Cc", "Cs"}
        or point & 0xFFFE == 0xFFFE
        or 0xFDD0 <= point <= 0xFDEF
    ):
        point = _REPLACEMENT
    return f"&#{point};"
