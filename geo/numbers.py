"""Numbers as each language writes them: ``1.234,5`` in Vietnamese, ``1,234.5`` in English. Everything that a person reads takes them from here."""

from __future__ import annotations

import re

from geo.errors import Bilingual

__all__ = ["number_text", "plain_number_text", "share_number_text", "short_number_text", "vietnamese_numbers"]

_MARKS = str.maketrans(",.", ".,")
#: A number as English writes it, with its marks: 3,321 or 76.2749 or 1,234.5; no date, version, address or clause ("2.1.1").
_ENGLISH = re.compile(r"(?<![\w.,/:-])([-−+]?)(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+)(?![\w/:]|[.,]\d)")
_GROUPED_FROM = 10_000


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
    if "e" in english or (abs(value) >= _GROUPED_FROM and value == int(value)):
        return number_text(value)
    return Bilingual(english.replace(".", ","), english)


def share_number_text(share: float, decimals: int = 0) -> Bilingual:
    """Return a share as per cent: ``76,3 %`` and ``76.3%``."""
    text = number_text(100.0 * share, decimals)
    return Bilingual(f"{text.vi} %", f"{text.en}%")


def vietnamese_numbers(text: str) -> str:
    """Return a text of our own with its English numbers in Vietnamese form: for figures that come written, not for what a file holds."""
    return _ENGLISH.sub(lambda found: found[1] + found[2].translate(_MARKS), text)
