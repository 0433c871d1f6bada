"""Checks of communes as a coverage: overlaps, gaps, official areas, places, and how many there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.io.places import state_rows
from geo.io.placing import MapFrame
from geo.io.resources import load_toml
from geo.numbers import vietnamese
from geo.polygons import Patches, gaps_between, overlaps_between, shapes_to_plane
from geo.text import fold
from geo.validation import IssueLog, Source

__all__ = ["BoundaryChecks", "check_units"]

Shapes = npt.NDArray[np.object_]
BoolArray = npt.NDArray[np.bool_]

_LARGEST = 5


@dataclass(frozen=True, slots=True)
class BoundaryChecks:
    """What is worth stating about boundaries; values, units and sources in ``resources/input_checks.toml``."""

    area_difference_share: float
    no_area_km2: float
    overlap_km2: float
    gap_km2: float
    sliver_width_m: float
    spike_angle_deg: float
    spike_length_m: float
    neighbour_m: float
    island_m: float
    frame: MapFrame

    @classmethod
    def load(cls) -> BoundaryChecks:
        """Return the values that ship with the package."""
        content = load_toml("input_checks.toml")["boundaries"]
        values = {name: float(entry["value"]) for name, entry in content.items() if name != "frame"}
        box = {name.removesuffix("_deg"): float(entry["value"]) for name, entry in content["frame"].items()}
        return cls(**values, frame=MapFrame(**box))


def check_units(
    units: pd.DataFrame,
    others: Shapes,
    counts: pd.Series,
    expected: Mapping[str, int],
    *,
    checks: BoundaryChecks,
    log: IssueLog,
) -> None:
    """State what is wrong with the communes together; nothing is changed.

    Parameters
    ----------
    units : DataFrame
        Valid polygons (EPSG:4326) with code, name, province, areas and provenance; one row a commune.
    others : (m,) array of shapes
        Communes of other provinces that the file holds and the project does not use.
    counts : Series
        Communes per province code in the file.
    expected : mapping
        Communes that each checked province must have.
    checks : BoundaryChecks
    log : IssueLog
    """
    source = Source(str(units["file"].iloc[0]), str(units["sheet"].iloc[0]))
    differences = [f"{c}: {int(counts.get(c, 0))} ≠ {n}" for c, n in expected.items() if counts.get(c, 0) != n]
    if differences:
        log.add("boundary_commune_count", source, came="; ".join(differences),
                fields={"differences": "; ".join(differences), "total": f"{sum(_all_expected().values()):,}"})
    _check_areas(units, checks, log)
    plane = shapes_to_plane(units["geometry"].to_numpy(dtype=object))
    _check_places(units, plane, others, checks, log)
    overlaps = overlaps_between(plane, least_km2=checks.overlap_km2)
    _state_patches("boundary_overlaps", units, overlaps, np.ones(len(overlaps.area_km2), dtype=bool), log)
    gaps = gaps_between(plane, least_km2=checks.gap_km2)
    narrow = gaps.width_m < checks.sliver_width_m
    _state_patches("boundary_gaps", units, gaps, narrow, log)
    _state_patches("boundary_holes", units, gaps, ~narrow, log)


def _all_expected() -> dict[str, int]:
    return {entry["code"]: int(entry["communes"]) for entry in load_toml("provinces.toml")["province"]}


def _check_areas(units: pd.DataFrame, checks: BoundaryChecks, log: IssueLog) -> None:
    polygon, official = units["area_km2"].to_numpy(dtype=float), units["official_area_km2"].to_numpy(dtype=float)
    with np.errstate(invalid="ignore"):
        share = np.abs(polygon - official) / official
        differs = share > checks.area_difference_share
    texts = [f"{n} ({c}): {vietnamese(o)} → {vietnamese(p)} km² ({vietnamese((p - o) / o, '+.1%')})" if d else "" for n, c, o, p, d in
             zip(units["commune_name"], units["commune_code"], official, polygon, differs, strict=True)]
    state_rows("boundary_area_differs", units, differs, log, column="geometry", came=np.array(texts, dtype=object),
               fields={"share": f"{checks.area_difference_share:.0%}"})


def _check_places(units: pd.DataFrame, plane: Shapes, others: Shapes, checks: BoundaryChecks, log: IssueLog) -> None:
    """State communes that lie beside other provinces only, or far from all of their own."""
    province = units["province_code"].to_numpy(dtype=object)
    first, second = shapely.STRtree(plane).query(plane, predicate="dwithin", distance=checks.neighbour_m)
    own = np.zeros(len(units), dtype=bool)
    own[first[(first != second) & (province[first] == province[second])]] = True
    islands = np.array([fold(n).startswith("dac khu") for n in units["commune_name"]], dtype=bool)
    alone = np.flatnonzero(~own & ~islands & (units.groupby("province_code")["row"].transform("size") > 1).to_numpy())
    if not len(alone):
        return
    misplaced = np.zeros(len(units), dtype=bool)
    foreign = shapely.STRtree(shapes_to_plane(others))
    for i in alone:
        beside = second[(first == i) & (province[second] != province[i])]
        near = foreign.query(plane[i], predicate="dwithin", distance=checks.neighbour_m)
        fellows = (province == province[i]) & (np.arange(len(units)) != i)
        far = shapely.distance(plane[i], plane[fellows]).min() > checks.island_m
        misplaced[i] = len(beside) > 0 or len(near) > 0 or far
    texts = (units["commune_name"] + " (" + units["commune_code"] + ")").to_numpy(dtype=object)
    state_rows("boundary_outside_province", units, misplaced, log, column="geometry", came=texts)


def _state_patches(code: str, units: pd.DataFrame, patches: Patches, mask: BoolArray, log: IssueLog) -> None:
    """State places, each at the row of the first commune concerned, the largest in the sentence."""
    chosen = np.flatnonzero(mask)
    if not len(chosen):
        return
    label = (units["commune_name"] + " (" + units["commune_code"] + ")").to_numpy(dtype=object)
    texts = []
    for k in chosen:
        width = "" if np.isnan(patches.width_m[k]) else f"; {vietnamese(patches.width_m[k], '.3g')} m"
        names = " × ".join(label[u] for u in patches.units[k][:4])
        texts.append(f"{vietnamese(patches.area_km2[k], '.3g')} km²{width}; {patches.lon[k]:.5f} {patches.lat[k]:.5f}: {names}")
    fields = {"count": len(chosen), "area": f"{patches.area_km2[chosen].sum():.4g}",
              "largest": "; ".join(texts[:_LARGEST])}
    at = np.array([patches.units[k][0] if patches.units[k] else 0 for k in chosen], dtype=np.int64)
    concerned = units.iloc[at]
    state_rows(code, concerned, np.ones(len(at), dtype=bool), log, column="geometry",
               came=np.array(texts, dtype=object), fields=fields)
