"""Areas as the map takes them: dead zones, claims that differ from what is known, changes of the register."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pandas as pd

from geo.errors import Bilingual
from geo.io.files import digest
from geo.io.reviews import REGISTER, read_register
from geo.mapping import AreaLayer
from geo.mapping.content import AreaKind
from geo.pipeline.engine import Workspace
from geo.pipeline.reading import load_frame
from geo.pipeline.results import arranged_frame
from geo.pipeline.zones import SCOPED
from geo.report.tables import arrange, result_table

__all__ = ["area_layers", "register_digest", "register_layer"]


def area_layers(work: Workspace) -> Iterator[AreaLayer]:
    """Yield the areas of a run in the order of their weight: zones of all operators, claims, zones by operator, by layer.

    Parameters
    ----------
    work : Workspace
        Of a stage that comes after ``dead_zones`` and ``claims``.
    """
    zones = work.upstream["dead_zones"]
    everyone = load_frame(zones, "dead_zones")
    if everyone is not None:
        yield AreaLayer("zone", _as_written(everyone, "dead_zones"))
    claimed = load_frame(work.upstream["claims"], "disagreement")
    if claimed is not None:
        yield from _by("claim", claimed, "disagreement", ["operator", "technology"])
    for name, columns in zip(SCOPED, (["operator"], ["operator", "technology"]), strict=True):
        frame = load_frame(zones, name)
        if frame is not None:
            yield from _by("zone", frame, "dead_zones", columns)


def _by(kind: AreaKind, frame: gpd.GeoDataFrame, table: str, columns: list[str]) -> Iterator[AreaLayer]:
    written = _as_written(frame, table)
    for key, part in written.groupby(columns, sort=True):
        operator, technology = (*map(str, key), "")[:2]
        yield AreaLayer(kind, part.reset_index(drop=True), operator, technology)


def _as_written(frame: gpd.GeoDataFrame, table: str) -> gpd.GeoDataFrame:
    """Return areas with the values that their table has in CSV."""
    return gpd.GeoDataFrame(arranged_frame(arrange(frame, result_table(table))), geometry=frame.geometry.to_numpy(), crs=frame.crs)


def register_digest(folder: Path) -> str | None:
    """Return what stands for the register of a run folder in a stage's key; None where there is none."""
    files = [folder / "tables" / f"{REGISTER}.csv", folder / f"{REGISTER}.json", folder / f"{REGISTER}.gpkg"]
    return " ".join(digest(file) for file in files) if all(file.is_file() for file in files) else None


def register_layer(folder: Path, zones: Path) -> tuple[AreaLayer | None, Bilingual | None]:
    """Return the register that a run folder holds, or why it is not shown; both None where there is none.

    Parameters
    ----------
    folder : Path
        The run folder.
    zones : Path
        The ``dead_zones.csv`` that the map belongs to.
    """
    if register_digest(folder) is None:
        return None, None
    found = read_register(folder)
    if found is None:
        return None, None
    frame, facts = found
    if facts.get("new", {}).get("dead_zones_sha256") != digest(zones):
        return None, Bilingual(
            "Sổ theo dõi trong thư mục kết quả thuộc một lần chạy trước: hãy chạy lại compare_reviews.py rồi analyze.py.",
            "The register in the run folder belongs to an earlier run: run compare_reviews.py again, then analyze.py.",
        )
    return AreaLayer("change", _typed(frame)), None


def _typed(register: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a register that was read as texts with numbers as numbers, flags as flags, and what is empty as not known."""
    out = register.copy()
    for column in result_table(REGISTER).columns:
        if column.name not in out:
            continue
        texts = out[column.name]
        if column.kind in {"integer", "number", "share"}:
            out[column.name] = pd.to_numeric(texts, errors="coerce")
        elif column.kind == "flag":
            out[column.name] = texts.map({"TRUE": True, "FALSE": False}).astype(object)
        else:
            out[column.name] = texts.astype(object).where(texts != "", None)
    return out
