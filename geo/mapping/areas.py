"""Areas on the map: dead zones, claims that differ from what is known, changes of the register.

Each layer of areas is one set that the page shows at a time. All sets of a kind share one table, so that a row
number says which area it is. Outlines travel as whole numbers, each vertex as its step from the one before: a fifth
of what GeoJSON takes, which is what lets the zones of every layer go into one file. The page builds GeoJSON of them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.errors import Bilingual
from geo.mapping.backdrop import simplified_areas, simplified_lines, steps
from geo.mapping.content import AREA_KINDS, AreaKind, AreaLayer
from geo.mapping.labels import count_text, phrase
from geo.mapping.palette import Drawing, Palette

__all__ = ["AREA_COLUMNS", "AreaSet", "PreparedAreas", "prepare_areas"]

#: Columns that the page shows of each kind, in this order; all others stay in the tables.
AREA_COLUMNS: dict[AreaKind, tuple[str, ...]] = {
    "zone": (
        "dead_zone_id", "class", "operator", "technology", "population", "population_low", "population_high", "area_km2", "length_km",
        "villages", "village_ids", "villages_weak", "weak_village_ids", "villages_difficult", "operators_missing", "operators_serving",
        "reason", "reason_points", "evidence", "priority", "priority_people", "priority_villages", "priority_facilities",
        "priority_deadline", "priority_cost", "priority_unknown", "nearest_site_operator", "nearest_site_id", "nearest_site_km",
        "server_operator", "server_technology", "server_site_id", "server_km", "shortfall_db", "diffraction_db", "ridge_kind", "ridge_km",
        "ridge_height_m", "facilities", "facility_ids", "deadline", "commune_codes", "commune_shares", "population_in_cells",
        "population_unknown_km2", "draws", "road_name", "road_class", "lon", "lat",
    ),
    "claim": (
        "disagreement_id", "class", "operator", "technology", "population", "area_km2", "evidence", "tests", "share_served",
        "last_measured", "claim_date", "reason", "reason_share", "commune_codes", "population_unknown_km2", "lon", "lat",
    ),
    "change": (
        "register_id", "state", "flags", "dead_zone_id", "class_old", "class_new", "operator", "technology", "operators_missing",
        "first_listed", "opened", "last_seen", "resolved_on", "deadline", "population_old", "population_new", "shared_share", "basis",
        "causes", "cause_single", "rule_effect", "last_measured", "served_share", "unserved_share", "uncertain_share", "unknown_share",
        "accepted", "accepted_on", "split_from", "merged_from", "merged_into", "commune_codes", "remark_vi", "remark_en", "lon", "lat",
    ),
}  # fmt: skip
#: How far all areas are simplified, in ``simplify_m``, until they fit.
_COARSER = (0.0, 1.0, 2.0, 4.0, 8.0)
#: What a row of a table takes, column by column (measured on zones with every column filled).
_ROW_BYTES = 200


@dataclass(frozen=True, slots=True)
class AreaSet:
    """One layer of areas, ready to be drawn.

    Attributes
    ----------
    layer : AreaLayer
    first : int
        Row of its first area in the table of its kind.
    classes : list of int
        Number of each area's class among the palette's styles of the kind.
    shapes : list
        Of each area its outline (:func:`geo.mapping.backdrop.steps`), None where it has none.
    """

    layer: AreaLayer
    first: int
    classes: list[int]
    shapes: list[list[Any] | None]


@dataclass(frozen=True, slots=True)
class PreparedAreas:
    """All sets of areas, the table of each kind, and what the map cannot carry."""

    sets: tuple[AreaSet, ...]
    tables: dict[AreaKind, pd.DataFrame]
    left_out: tuple[Bilingual, ...]


def prepare_areas(layers: Sequence[AreaLayer], colours: Palette, *, room_bytes: int) -> PreparedAreas:
    """Return the layers ready to be drawn, no larger than the room that the rest of the page leaves.

    Outlines are simplified a step at a time until all layers fit; where they do not, layers are left out from the end
    (they stand in the order of their weight), and that is said.

    Parameters
    ----------
    layers : sequence of AreaLayer
    colours : Palette
    room_bytes : int
        The first layer is drawn even where it takes more.
    """
    drawing, kept = colours.drawing, list(layers)
    for times in _COARSER:
        shapes = [[steps(shape, drawing.coordinate_decimals) for shape in _shapes_of(one.frame.geometry, drawing, times)] for one in kept]
        sizes = [_size(one, drawn) for one, drawn in zip(kept, shapes, strict=True)]
        if sum(sizes) <= room_bytes:
            break
    out: list[AreaLayer] = []
    while len(kept) > 1 and sum(sizes[: len(kept)]) > room_bytes:
        out.insert(0, kept.pop())
    sets, rows = [], dict.fromkeys(AREA_KINDS, 0)
    for layer, drawn in zip(kept, shapes, strict=False):
        first = rows[layer.kind]
        rows[layer.kind] += len(layer.frame)
        sets.append(AreaSet(layer, first, _class_numbers(layer, [style.key for style in colours.areas[layer.kind]]), drawn))
    return PreparedAreas(tuple(sets), _tables(kept), tuple(_left_out(layer) for layer in out))


def _size(layer: AreaLayer, shapes: Sequence[Any]) -> int:
    """Return about how many bytes a layer takes on the page."""
    return len(json.dumps(shapes, separators=(",", ":"))) + _ROW_BYTES * len(layer.frame)


def _left_out(layer: AreaLayer) -> Bilingual:
    what = phrase(f"areas.{layer.kind}s")
    whose = f"{layer.operator} {layer.technology}".strip()
    return phrase("about.areas_left_out", what=what, whose=whose, n=count_text(len(layer.frame)))


def _tables(layers: Sequence[AreaLayer]) -> dict[AreaKind, pd.DataFrame]:
    tables: dict[AreaKind, pd.DataFrame] = {}
    for kind in AREA_KINDS:
        frames = [layer.frame for layer in layers if layer.kind == kind]
        if frames:
            columns = [name for name in AREA_COLUMNS[kind] if any(name in frame.columns for frame in frames)]
            parts = [pd.DataFrame(frame.reindex(columns=columns)).astype(object) for frame in frames]
            tables[kind] = pd.concat(parts, ignore_index=True)
    return tables


def _class_numbers(layer: AreaLayer, keys: Sequence[str]) -> list[int]:
    """Return the number of each area's class; what has none, or one that nobody named, is the last."""
    numbers = {key: i for i, key in enumerate(keys)}
    return [numbers.get(str(value), len(keys) - 1) for value in layer.frame[layer.class_column]]


def _shapes_of(shapes: gpd.GeoSeries, drawing: Drawing, times: float) -> npt.NDArray[np.object_]:
    """Return areas simplified together, lines one by one, rounded; None where there is nothing."""
    lines = shapes.geom_type.isin(["LineString", "MultiLineString"]).to_numpy(dtype=bool)
    out = np.full(len(shapes), None, dtype=object)
    if times:
        out[~lines] = simplified_areas(shapes[~lines], drawing, times=times)
        out[lines] = simplified_lines(shapes[lines], drawing, times=times)
        return out
    given = [None if shape is None or shape.is_empty else shape for shape in shapes]
    out[:] = shapely.transform(np.array(given, dtype=object), lambda c: np.round(c, drawing.coordinate_decimals))
    return out
