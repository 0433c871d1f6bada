"""Words for areas: headers and meanings of their columns, and the words of their codes.

What the tables of results say of a column, the map says too; short headers of dead zones stand in ``strings/map.toml``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from geo.errors import Bilingual
from geo.io.resources import load_toml
from geo.mapping.content import AreaKind
from geo.mapping.escape import vn_safe
from geo.mapping.labels import Label, column_entries, label_of, phrase, section

__all__ = ["area_entries", "area_names", "class_words", "code_words", "described_columns"]

#: File and table of results that describe a kind's columns.
_TABLES: dict[AreaKind, tuple[str, str]] = {
    "zone": ("results/dead_zones.toml", "dead_zones"),
    "claim": ("results/disagreement.toml", "disagreement"),
    "change": ("results/columns.toml", "register"),
}
_KINDS = {"integer": "count", "number": "number", "share": "share", "code": "code", "flag": "flag", "date": "date"}
#: Kinds of values that are codes, by column, where the table of results does not name the words.
_CODED: dict[AreaKind, dict[str, str]] = {
    "zone": {},
    "claim": {"class": "claim_class", "reason": "claim_reason", "evidence": "evidence"},
    "change": {},
}


@lru_cache(maxsize=len(_TABLES))
def area_entries(kind: AreaKind) -> Mapping[str, Any]:
    """Return what is known of the columns of a kind of areas, in the form of the map's ``columns``."""
    file, table = _TABLES[kind]
    entries = described_columns(file, table, _CODED[kind])
    for name in entries:
        if name in column_entries() and name in {"lon", "lat"}:
            entries[name] = column_entries()[name]
    return MappingProxyType({**entries, **(section("zone_columns") if kind == "zone" else {})})


def described_columns(file: str, table: str, coded: Mapping[str, str] = MappingProxyType({})) -> dict[str, Mapping[str, Any]]:
    """Return what a file of results says of a table's columns, in the form of the map's ``columns``.

    Parameters
    ----------
    file, table : str
    coded : mapping
        Kinds of values that are codes, by column, where the file does not name the words.
    """
    return {name: _entry(coded, name, entry) for name, entry in load_toml(file)[table]["columns"].items()}


def code_words(files: Sequence[str]) -> dict[str, dict[str, Label]]:
    """Return the words of every code of some files of results: section to code to words."""
    return {
        name: {str(vn_safe(code)): label_of(Bilingual(words["vi"], words["en"])) for code, words in entries.items()}
        for file in files
        for name, entries in load_toml(file).get("codes", {}).items()
    }


def _entry(coded: Mapping[str, str], name: str, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    short = {language: re.split(r"[;:(]", entry[language], maxsplit=1)[0].strip() for language in ("vi", "en")}
    caption = entry.get("caption", short)
    shown = str(entry.get("codes", "")) or coded.get(name) or _KINDS.get(entry["kind"], "text")
    return {"kind": shown, "vi": caption["vi"], "en": caption["en"], "about_vi": entry["vi"], "about_en": entry["en"]}


def area_names() -> dict[str, dict[str, Label]]:
    """Return the words of every code that areas carry: section to code to words."""
    codes = load_toml("results/columns.toml")["codes"]
    claims = load_toml("results/disagreement.toml")
    found = {name: entries for name, entries in codes.items() if name.startswith("register_")}
    found |= {"claim_class": claims["classes"], "claim_reason": claims["reasons"]}
    found |= {name: section(name) for name in ("zone_class", "zone_reason", "ridge_kind", "priority_terms", "road_class")}
    return {
        name: {code: label_of(Bilingual(words["vi"], words["en"])) for code, words in entries.items()} for name, entries in found.items()
    }


def class_words(kind: AreaKind, key: str) -> Bilingual:
    """Return the words of a class of areas, as a legend has them."""
    if kind == "zone":
        return phrase(f"zone_class.{key}")
    if kind == "claim":
        claimed = load_toml("results/disagreement.toml")["classes"].get(key)
        return phrase("areas.other") if claimed is None else Bilingual(claimed["vi"], claimed["en"])
    words = load_toml("results/columns.toml")["codes"]["register_states"][key]
    return Bilingual(words["vi"][:1].upper() + words["vi"][1:], words["en"][:1].upper() + words["en"][1:])
