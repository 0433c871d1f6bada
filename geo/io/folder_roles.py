"""What a table or raster of a folder is: by headers that the readers know, by values, by shape; names of files only decide between equals."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

import pandas as pd

from geo.errors import Bilingual
from geo.io.folder_look import RasterLook, TableLook, folder_rules
from geo.io.resources import load_toml
from geo.schemas import FieldType, HeaderMatch, Schema
from geo.text import fold, fold_key
from geo.values import is_blank

__all__ = ["Guess", "almost_table", "guess_raster", "guess_table", "schema_of", "terrain_kind"]

_CELL_FIELDS = ("cell_id", "cell_name", "azimuth_deg", "pci", "earfcn", "nrarfcn", "band")
_WORD = re.compile(r"[^0-9a-z]+")


@dataclass(frozen=True, slots=True)
class Guess:
    """One kind of input that a table may be.

    Attributes
    ----------
    kind : str
    score : float
    why : Bilingual
    headers : tuple of str
        Headers by which it was recognised, the most telling first.
    """

    kind: str
    score: float
    why: Bilingual
    headers: tuple[str, ...] = ()


@lru_cache(maxsize=64)
def schema_of(kind: str) -> Schema:
    """Return the schema by which an input of the project file is read."""
    name = str(folder_rules()["kinds"][kind].get("schema", kind))
    return Schema.from_toml(name, load_toml(f"tables/{name}.toml"))


@lru_cache(maxsize=1)
def _known_by() -> Mapping[str, int]:
    """Return in how many kinds of tables a folded header means something."""
    count: Counter[str] = Counter()
    for kind, entry in folder_rules()["kinds"].items():
        if not entry.get("raster") and kind != "cells":  # cells and sites know the same headers
            count.update({a for f in schema_of(kind).fields.values() for a in f.aliases})
    return count


def guess_table(look: TableLook, file: str) -> list[Guess]:
    """Return the kinds that a table can be, best first; empty if it is none."""
    found = [g for kind in folder_rules()["kinds"] if (g := _fits(kind, look, file)) is not None]
    least = float(folder_rules()["rules"]["least_score"]["value"])
    if _holds_tests(look):  # a logger's data tests carry levels too
        found = [g for g in found if g.kind != "measurements"]
    found = sorted((g for g in found if g.score >= least), key=lambda g: -g.score)
    return _sites_or_cells(found, look)


def almost_table(look: TableLook) -> tuple[str, Sequence[str]] | None:
    """Return the kind that a table would be if a column were not missing, and what is missing; None if it resembles none."""
    best: tuple[float, str, Sequence[str]] | None = None
    for kind, entry in folder_rules()["kinds"].items():
        if entry.get("raster") or look.shape not in entry["shapes"]:
            continue
        schema = schema_of(kind)
        match = schema.match(look.raw.headers)
        lacking = schema.missing(dict(match.columns) | ({"geometry": -1} if look.shape != "table" else {}))
        by_sign = any(s in match.columns for s in entry["signs"])
        sign_lacks = any(s in lacking for s in entry["signs"]) and len(match.columns) > 1
        # All that a reader must have, and most headers known, but nothing that tells this kind from others.
        if not lacking and not by_sign and entry["signs"] and len(match.columns) >= max(3, sum(bool(h) for h in look.raw.headers) / 2):
            lacking, sign_lacks = [" | ".join(entry["signs"])], True
        if not lacking or not (by_sign or sign_lacks):
            continue
        score, _ = _weighed(schema, match, look.raw.headers, look.raw.cells)
        if best is None or score > best[0]:
            best = (score, kind, lacking)
    least = float(folder_rules()["rules"]["least_score"]["value"])
    return (best[1], best[2]) if best is not None and best[0] >= least else None


def _holds_tests(look: TableLook) -> bool:
    """Tell whether a table has the headers of a logger's speed tests, and not only of the bit rates that it logs all the time."""
    forms = load_toml("speed_tests.toml")["forms"].values()
    tests = {fold_key(h) for f in forms if f.get("source_kind") == "drive_test" for h in f["headers"]}
    return any(fold_key(h) in tests for h in look.raw.headers)


def _fits(kind: str, look: TableLook, file: str) -> Guess | None:
    entry = folder_rules()["kinds"][kind]
    if entry.get("raster") or look.shape not in entry["shapes"]:
        return None
    schema = schema_of(kind)
    match = schema.match(look.raw.headers)
    present = dict(match.columns) | ({"geometry": -1} if look.shape != "table" else {})
    if schema.missing(present):
        return None
    signs = [s for s in entry["signs"] if s in match.columns and _says_something(schema, s, look.raw.cells[match.columns[s]])]
    if entry["signs"] and not signs:
        return None
    score, telling = _weighed(schema, match, look.raw.headers, look.raw.cells)
    words = f" {_WORD.sub(' ', fold(file))} {fold(look.sheet)} "
    hinted = any(f" {w} " in words for w in entry["words"])
    shown = tuple(telling[:4]) or tuple(look.raw.headers[match.columns[s]] for s in signs)
    listed = ", ".join(f"'{h}'" for h in shown)
    drawn = _DRAWN[look.shape]
    return Guess(
        kind, score + 0.25 * hinted,
        Bilingual(
            f"cột {listed}{drawn.vi}" if shown else f"hình vẽ{drawn.vi}", f"columns {listed}{drawn.en}" if shown else f"shapes{drawn.en}"
        ),
        shown,
    )  # fmt: skip


_DRAWN = {
    "table": Bilingual("", ""), "point": Bilingual(" (lớp điểm)", " (points)"), "line": Bilingual(" (lớp đường)", " (lines)"),
    "polygon": Bilingual(" (lớp vùng)", " (polygons)"),
}  # fmt: skip


def _weighed(schema: Schema, match: HeaderMatch, headers: Sequence[str], cells: pd.DataFrame) -> tuple[float, list[str]]:
    """Return how much of a table a kind explains, and its headers from the most telling on.

    A header counts by how few kinds know it; a column of choices whose values are none of the kind's counts against it. What
    share of the headers is understood comes on top.
    """
    weights: list[tuple[float, str]] = []
    for name, place in match.columns.items():
        header = headers[place]
        known = _known_by().get(fold_key(header)) or _known_by().get(fold_key(re.sub(r"[(\[][^)\]]*[)\]]", " ", header)), 1) or 1
        weight = (0.5 if is_blank(cells[place]).all() else 1.0) / known  # a column that nobody filled in says less
        if schema.fields[name].type is FieldType.CHOICE:
            share = _choice_share(schema, name, cells[place])
            least = float(folder_rules()["rules"]["choice_share"]["value"])
            weight = weight if share is None else weight + 0.5 if share >= least else -0.5
        weights.append((weight, header))
    named = sum(bool(h) for h in headers)
    score = sum(w for w, _ in weights) + (len(weights) / named if named else 0.0)
    return score, [h for w, h in sorted(weights, key=lambda e: -e[0]) if w > 0]


def _choice_share(schema: Schema, name: str, cells: pd.Series) -> float | None:
    """Return which share of a column's values are choices of the field, None for an empty column."""
    choices = schema.fields[name].choices or {}
    values = [v for v, blank in zip(cells, is_blank(cells), strict=True) if not blank]
    return sum(fold_key(str(v)) in choices for v in values) / len(values) if values else None


def _says_something(schema: Schema, name: str, cells: pd.Series) -> bool:
    if is_blank(cells).all():
        return False
    if schema.fields[name].type is not FieldType.CHOICE:
        return True
    share = _choice_share(schema, name, cells)
    return share is not None and share >= float(folder_rules()["rules"]["choice_share"]["value"])


def _sites_or_cells(found: list[Guess], look: TableLook) -> list[Guess]:
    """Tell a table of cells from a list of sites: cells without a position stand beside a list of sites; with one they are one."""
    kinds = {g.kind for g in found}
    if not {"sites", "cells"} <= kinds:
        return found
    match = schema_of("sites").match(look.raw.headers).columns
    placed = look.shape != "table" or any({*pair} <= set(match) for pair in (("lon", "lat"), ("x", "y"), ("position",)))
    return [g for g in found if g.kind != ("cells" if placed else "sites")]


def guess_raster(look: RasterLook, file: str) -> Guess | None:
    """Return what a raster is by its values, None if it is none that is known."""
    rules = {name: float(entry["value"]) for name, entry in folder_rules()["rasters"].items()}
    classes = {float(c) for c in load_toml("land_cover.toml")["classes"]}
    if 2 <= len(look.distinct) <= rules["classes_most"] and look.whole and _share_in(look.distinct, classes) >= rules["class_share"]:
        codes = ", ".join(f"{v:g}" for v in look.distinct[:8])
        return Guess("land_cover", 2.0, Bilingual(f"mã lớp phủ {codes}", f"land-cover classes {codes}"))
    span = f"{look.low:g} … {look.high:g}"
    if rules["level_low_dbm"] <= look.low and look.high <= rules["level_high_dbm"]:
        return Guess("coverage_claims", 1.5, Bilingual(f"giá trị {span} như mức thu dBm", f"values {span}, as levels in dBm"))
    correlated = f"{look.smooth:.2f}"
    if look.smooth >= rules["smooth"] and rules["height_low_m"] <= look.low and look.high <= rules["height_high_m"] and look.high > look.low:
        return Guess(
            "terrain", 2.0,
            Bilingual(f"giá trị {span} liền mạch như độ cao (tương quan ô kề {correlated.replace('.', ',')})", f"values {span}, smooth as heights are (correlation of neighbours {correlated})"),
        )  # fmt: skip
    if look.low >= 0 and look.zero_share >= rules["zero_share"] and look.smooth < rules["smooth"]:
        empty = f"{100 * look.zero_share:.0f}"
        return Guess(
            "population", 1.5,
            Bilingual(f"giá trị {span}, {empty}% ô bằng 0 hoặc bỏ trống như số dân theo ô", f"values {span}, {empty}% of the cells 0 or empty, as people per cell"),
        )  # fmt: skip
    return None


def _share_in(values: Sequence[float], classes: set[float]) -> float:
    return sum(v in classes for v in values if v != 0) / max(1, sum(v != 0 for v in values))


def terrain_kind(file: str) -> tuple[str, bool]:
    """Return whether a terrain file is bare earth or a surface, and whether its name says so."""
    words = f" {_WORD.sub(' ', fold(file))} "
    said: Mapping[str, Any] = folder_rules()["terrain"]
    for kind in ("ground", "surface"):
        if any(f" {w} " in words for w in said[kind]):
            return kind, True
    return "surface", PurePosixPath(file).suffix.lower() == ".hgt"
