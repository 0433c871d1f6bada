"""Numbers as each language writes them: ``1.234,5`` in Vietnamese, ``1,234.5`` in English. Everything that a person reads takes them from here."""

from __future__ import annotations

import re
from math import isfinite

from geo.errors import Bilingual

__all__ = ["number_text", "plain_number_text", "share_number_text", "short_number_text", "vietnamese", "vietnamese_figure"]

_MARKS = str.maketrans(",.", ".,")
#: A text that is a figure and nothing else, as English writes it: 3,321 or 76.3% or < 0.05 km or 1.5 – 2.5 dB.
_NUMBER = r"[-−+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_FIGURE = re.compile(rf"(?P<numbers>[<>≤≥~]?\s*{_NUMBER}(?:\s*(?:–|…|-|to)\s*{_NUMBER})?)(?P<gap>\s*)(?P<unit>%|°|[^\W\d]{{1,4}}[²³]?(?:/[^\W\d]{{1,3}}[²³]?)?)?")
_GROUPED_FROM, _SMALLEST = 10_000, 12


def number_text(value: float, decimals: int = 0) -> Bilingual:
    """Return a number rounded: ``1.234,5`` and ``1,234.5``; never ``-0``."""
    english = f"{value:,.{decimals}f}"
    if not english.strip("-0.,"):
        english = english.lstrip("-")
    return Bilingual(english.translate(_MARKS), english)


def short_number_text(value: float, decimals: int = 1) -> Bilingual:
    """Return :func:`number_text` without zeros at the end: ``1.842,5`` and ``900``."""
    text = number_text(value, decimals)
    if decimals == 0:
        return text
    english = text.en.rstrip("0").rstrip(".")
    return Bilingual(text.vi[: len(english)], english)


def plain_number_text(value: float, digits: int = 6) -> Bilingual:
    """Return a number as it was given, ``105,25`` and ``105.25``, with ``digits`` figures that count; whole thousands are marked from 10,000 on."""
    english = f"{value:.{digits}g}"
    if not isfinite(value):
        return Bilingual(english, english)
    if abs(value) >= _GROUPED_FROM and (value == int(value) or "e" in english):
        return number_text(value)
    if "e" in english:
        english = f"{value:.{_SMALLEST}f}".rstrip("0").rstrip(".")
    return Bilingual(english.replace(".", ","), english)


def share_number_text(share: float, decimals: int = 0) -> Bilingual:
    """Return a share as per cent: ``76,3 %`` and ``76.3%``."""
    text = number_text(100.0 * share, decimals)
    return Bilingual(f"{text.vi} %", f"{text.en}%")


def vietnamese(value: float, form: str = "") -> str:
    """Return a number for a Vietnamese sentence: as it was given, or in a ``form`` of Python's such as ``".1f"``; never with English marks."""
    if not form:
        return plain_number_text(value).vi
    if form.endswith("%"):
        return vietnamese(100.0 * value, f"{form[:-1]}f") + " %"
    text = format(value, form)
    return vietnamese(float(text)) if "e" in text else text.translate(_MARKS)


def vietnamese_figure(text: str) -> str:
    """Return a text that is one figure, ``3,321`` or ``76.3%``, as Vietnamese writes it; any other text as it is.

    Only per cent is set apart from its figure: ``2G`` is a name and no number of grams.
    """
    found = _FIGURE.fullmatch(text)
    if found is None:
        return text
    unit = found["unit"] or ""
    return found["numbers"].translate(_MARKS) + (" " if unit == "%" else found["gap"]) + unit
