"""The map's texts in two languages, and numbers as each language writes them.

A label comes out already escaped: what a file gave can be filled into a sentence, and the sentence
as a whole then goes through :func:`geo.mapping.escape.vn_safe`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from geo.errors import Bilingual, ResourceError
from geo.io.resources import load_toml
from geo.mapping.escape import SafeText, vn_safe

__all__ = [
    "Label",
    "column_entries",
    "count_text",
    "date_text",
    "label",
    "label_of",
    "number_text",
    "pattern",
    "phrase",
    "section",
    "share_text",
]

_STRINGS = "strings/map.toml"


@dataclass(frozen=True, slots=True)
class Label:
    """Escaped text in both languages."""

    vi: SafeText
    en: SafeText


@lru_cache(maxsize=1)
def _strings() -> Mapping[str, Any]:
    return MappingProxyType(load_toml(_STRINGS))


def section(name: str) -> Mapping[str, Any]:
    """Return one section of the map's strings.

    Raises
    ------
    ResourceError
        If there is no such section.
    """
    try:
        return MappingProxyType(_strings()[name])
    except KeyError as error:
        raise ResourceError(f"Thiếu mục '{name}' trong {_STRINGS}.", f"Section '{name}' is missing in {_STRINGS}.") from error


def column_entries() -> Mapping[str, Any]:
    """Return what is known of the columns of the tables: kind, label and meaning by column."""
    return section("columns")


def phrase(key: str, **fields: Bilingual | str | int) -> Bilingual:
    """Return the text ``"section.key"`` with its ``{name}`` fields filled, not yet escaped.

    Raises
    ------
    ResourceError
        If the key or a field is missing.
    """
    name, _, entry_name = key.partition(".")
    try:
        entry = section(name)[entry_name]
        return Bilingual(
            entry["vi"].format_map({k: _in(v, "vi") for k, v in fields.items()}),
            entry["en"].format_map({k: _in(v, "en") for k, v in fields.items()}),
        )
    except KeyError as error:
        raise ResourceError(f"Thiếu {error} cho '{key}' trong {_STRINGS}.", f"{error} is missing for '{key}' in {_STRINGS}.") from error


def _in(value: Bilingual | str | int, language: str) -> str:
    return value.text(language) if isinstance(value, Bilingual) else str(value)


def label(key: str, **fields: Bilingual | str | int) -> Label:
    """Return :func:`phrase` escaped."""
    return label_of(phrase(key, **fields))


def pattern(key: str) -> Label:
    """Return the text ``"section.key"`` escaped, its ``{name}`` fields left for the page's script to fill."""
    name, _, entry_name = key.partition(".")
    entry = section(name).get(entry_name)
    if entry is None:
        raise ResourceError(f"Thiếu '{key}' trong {_STRINGS}.", f"'{key}' is missing in {_STRINGS}.")
    return Label(vn_safe(entry["vi"]), vn_safe(entry["en"]))


def label_of(text: Bilingual | str) -> Label:
    """Return a text escaped, the same in both languages if it has only one."""
    if isinstance(text, Bilingual):
        return Label(vn_safe(text.vi), vn_safe(text.en))
    safe = vn_safe(text)
    return Label(safe, safe)


def count_text(value: float) -> Bilingual:
    """Return a whole number with thousands separated: ``1.234`` and ``1,234``."""
    english = f"{round(value):,}"
    return Bilingual(english.replace(",", "."), english)


def number_text(value: float, decimals: int) -> Bilingual:
    """Return a number rounded: ``1.234,5`` and ``1,234.5``."""
    english = f"{value:,.{decimals}f}"
    return Bilingual(english.translate(str.maketrans(",.", ".,")), english)


def share_text(value: float) -> Bilingual:
    """Return a share 0..1 as percent with one decimal; what is neither 0 nor 1 never reads as such."""
    if 0 < value < 0.0005:
        return Bilingual("< 0,1 %", "< 0.1%")
    if 0.9995 <= value < 1:
        return Bilingual("> 99,9 %", "> 99.9%")
    english = f"{value * 100:.1f}"
    return Bilingual(f"{english.replace('.', ',')} %", f"{english}%")


def date_text(iso: str) -> Bilingual:
    """Return an ISO date (year, year-month or full) as ``01/11/2026`` in Vietnamese."""
    parts = iso.split("-")
    if len(parts) in {2, 3} and all(part.isdigit() for part in parts):
        return Bilingual("/".join(reversed(parts)), iso)
    return Bilingual(iso, iso)
