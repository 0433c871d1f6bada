"""What ships with the package: catalogues, defaults and strings, read once and handed out frozen."""

from __future__ import annotations

import copy
import io
import tomllib
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import pandas as pd

from geo.errors import Bilingual, ResourceError
from geo.former_areas import FormerAreas
from geo.validation import Effect, IssueCatalogue, IssueKind, Severity

__all__ = ["former_areas", "issue_catalogue", "load_table", "load_toml", "resource_names"]


def load_toml(name: str) -> dict[str, Any]:
    """Return the parsed TOML file ``geo/resources/<name>``, the caller's own copy.

    Raises
    ------
    ResourceError
        If the file is missing or is not TOML.
    """
    return copy.deepcopy(_parsed(name))  # parsed once, and nobody's change reaches another


@cache
def _parsed(name: str) -> dict[str, Any]:
    entry = files("geo").joinpath("resources", *name.split("/"))
    try:
        return tomllib.loads(entry.read_text(encoding="utf-8"))
    except (FileNotFoundError, tomllib.TOMLDecodeError) as error:
        raise ResourceError(
            f"Thiếu hoặc hỏng tệp đi kèm '{name}': {error}.", f"Package file '{name}' is missing or broken: {error}."
        ) from error


def load_table(name: str) -> pd.DataFrame:
    """Return the CSV file ``geo/resources/<name>``, every cell a text.

    Raises
    ------
    ResourceError
        If the file is missing or cannot be read.
    """
    entry = files("geo").joinpath("resources", *name.split("/"))
    try:
        return pd.read_csv(io.StringIO(entry.read_text(encoding="utf-8")), dtype="str", keep_default_na=False)
    except (FileNotFoundError, UnicodeDecodeError, pd.errors.ParserError) as error:
        raise ResourceError(
            f"Thiếu hoặc hỏng tệp đi kèm '{name}': {error}.", f"Package file '{name}' is missing or broken: {error}."
        ) from error


@lru_cache(maxsize=1)
def former_areas() -> FormerAreas:
    """Return the communes before 01/07/2025 and what became of them."""
    provinces = {str(p["code"]): str(p["name"]["vi"]) for p in load_toml("provinces.toml")["province"]}
    return FormerAreas(load_table("areas/former_communes.csv"), load_table("areas/communes.csv"), provinces)


def resource_names(folder: str) -> list[str]:
    """Return the names of the TOML files under ``geo/resources/<folder>``, sorted."""
    entries = files("geo").joinpath("resources", folder).iterdir()
    return sorted(f"{folder}/{e.name}" for e in entries if e.name.endswith(".toml"))


def _bilingual(code: str, entry: dict[str, Any], key: str) -> Bilingual:
    try:
        return Bilingual(entry[key]["vi"], entry[key]["en"])
    except KeyError as error:
        raise ResourceError(
            f"Mục '{code}' thiếu '{key}' bằng tiếng Việt hoặc tiếng Anh.",
            f"Entry '{code}' lacks '{key}' in Vietnamese or English.",
        ) from error


@lru_cache(maxsize=1)
def issue_catalogue() -> IssueCatalogue:
    """Return the catalogue of findings from all files of ``geo/resources/issues/``.

    Raises
    ------
    ResourceError
        If a code stands in two files or an entry lacks a language.
    """
    kinds: dict[str, IssueKind] = {}
    for name in resource_names("issues"):
        for code, entry in load_toml(name).items():
            if code in kinds:
                raise ResourceError(f"Mã lỗi '{code}' bị khai báo hai lần.", f"Issue code '{code}' is declared twice.")
            kinds[code] = IssueKind(
                code=code,
                severity=Severity(entry["severity"]),
                effect=Effect(entry["effect"]),
                title=_bilingual(code, entry, "title"),
                allowed=_bilingual(code, entry, "allowed"),
                action=_bilingual(code, entry, "action"),
            )
    return IssueCatalogue(kinds)
