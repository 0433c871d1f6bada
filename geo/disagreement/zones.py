"""Where claim and finding differ: zones of cells that touch, corners included, the small ones counted but not drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from rasterio.features import shapes as outlines
from scipy.ndimage import label

from geo.crs import WGS84_EPSG, to_wgs84
from geo.disagreement.classes import CONTRADICTIONS, Disagreement
from geo.disagreement.comparing import Amounts, ComparedLayer, amounts
from geo.disagreement.reasons import REASONS, LayerFacts, cell_reasons
from geo.disagreement.settings import DisagreementSettings
from geo.grid import Grid
from geo.polygons import shapes_to_wgs84

__all__ = ["SIEVED_COLUMNS", "ZONE_COLUMNS", "find_zones"]

_F64 = npt.NDArray[np.float64]
_I32 = npt.NDArray[np.int32]

ZONE_COLUMNS = (
    "disagreement_id", "operator", "technology", "class", "commune_codes", "area_km2", "cells", "population",
    "population_unknown_km2", "evidence", "tests", "share_served", "last_measured", "claim_date", "reason", "reason_share", "lon",
    "lat",
)  # fmt: skip
SIEVED_COLUMNS = ("operator", "technology", "class", "zones", "cells", "area_km2", "population", "population_unknown_km2")
_EIGHT = np.ones((3, 3), dtype=int)
_MEASURED = (Disagreement.CLAIMED_MEASURED_UNSERVED, Disagreement.SERVED_NOT_CLAIMED_MEASURED)
_DIGITS = 10
_SEGMENT_M = 500.0  # a straight line of the grid is none in degrees


def find_zones(
    layer: ComparedLayer,
    grid: Grid,
    area_km2: _F64,
    people: _F64 | None,
    communes: npt.NDArray[np.integer],
    commune_codes: Sequence[str],
    facts: LayerFacts,
    settings: DisagreementSettings,
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return the zones of a layer in which claim and finding differ, and what is too small to be drawn.

    Parameters
    ----------
    layer : ComparedLayer
    grid : Grid
        In metres.
    area_km2 : (rows, columns) float64 array
    people : (rows, columns) float64 array or None
        NaN unknown.
    communes : (rows, columns) int array
        Position in ``commune_codes``, -1 for none.
    commune_codes : sequence of str
    facts : LayerFacts
    settings : DisagreementSettings

    Returns
    -------
    zones : GeoDataFrame
        EPSG:4326, columns :data:`ZONE_COLUMNS` and ``geometry``: polygons of whole cells. ``population`` is NaN where it is not
        known in any cell. ``evidence`` is measured or predicted; ``tests``, ``share_served`` (successes / tests) and
        ``last_measured`` are of all samples in the zone. Those of most people first, then of most area.
    sieved : DataFrame
        :data:`SIEVED_COLUMNS`, one row per class: what was left out. Zones and sieved add up to the class.
    """
    codes = np.asarray(commune_codes, dtype=object)
    parts, left = [], []
    for kind in CONTRADICTIONS:
        labels, count = label(layer.disagreement == kind, structure=_EIGHT, output=np.int32)
        inside = labels > 0
        zone = labels[inside] - 1
        found = amounts(zone, count, area_km2[inside], None if people is None else people[inside])
        least = settings.measured_zone_km2 if kind in _MEASURED else settings.zone_km2
        with np.errstate(invalid="ignore"):
            kept = (found.area_km2 >= least) | (found.population >= settings.zone_people)
        left.append(_sieved(layer, kind, found, ~kept))
        if kept.any():
            parts.append(_zones_of(layer, kind, labels, kept, found, grid, communes, codes, facts, settings))
    sieved = pd.DataFrame(left, columns=list(SIEVED_COLUMNS))
    if not parts:
        return _no_zones(), sieved
    frame = pd.concat(parts, ignore_index=True)
    order = np.lexsort(
        (frame["disagreement_id"], -frame["area_km2"], -frame["population"].fillna(-1.0), frame["class"].map(_rank))
    )
    return gpd.GeoDataFrame(frame.iloc[order].reset_index(drop=True), geometry="geometry", crs=WGS84_EPSG), sieved


def _rank(code: str) -> int:
    return [kind.code for kind in CONTRADICTIONS].index(code)


def _no_zones() -> gpd.GeoDataFrame:
    texts = {"disagreement_id", "operator", "technology", "class", "commune_codes", "evidence", "reason"}
    times = {"last_measured", "claim_date"}
    kinds = {n: "str" if n in texts else "datetime64[ns]" if n in times else "float64" for n in ZONE_COLUMNS}
    columns = {n: pd.Series(dtype=kind) for n, kind in {**kinds, "cells": "int64"}.items()}
    return gpd.GeoDataFrame(pd.DataFrame(columns), geometry=gpd.GeoSeries([], crs=WGS84_EPSG), crs=WGS84_EPSG)


def _sieved(layer: ComparedLayer, kind: Disagreement, found: Amounts, gone: npt.NDArray[np.bool_]) -> tuple[object, ...]:
    people = found.population[gone]
    known = np.isfinite(people)
    return (
        layer.operator, layer.technology, kind.code, int(gone.sum()), int(found.cells[gone].sum()),
        float(found.area_km2[gone].sum()), float(people[known].sum()) if known.any() or not gone.any() else np.nan,
        float(found.population_unknown_km2[gone].sum()),
    )  # fmt: skip


def _zones_of(
    layer: ComparedLayer,
    kind: Disagreement,
    labels: _I32,
    kept: npt.NDArray[np.bool_],
    found: Amounts,
    grid: Grid,
    communes: npt.NDArray[np.integer],
    codes: npt.NDArray[np.object_],
    facts: LayerFacts,
    settings: DisagreementSettings,
) -> pd.DataFrame:
    number = np.concatenate([[-1], np.where(kept, np.cumsum(kept) - 1, -1)]).astype(np.int32)
    place = number[labels]
    row, column = np.nonzero(place >= 0)
    zone = place[row, column]
    n = int(kept.sum())
    last, tests, successes = _samples(layer, place, n)
    reason, share = _reasons(kind, row, column, zone, last, layer, facts, grid, settings)
    polygons = _polygons(place, n, grid)
    points = shapely.point_on_surface(polygons)
    lon, lat = to_wgs84(shapely.get_x(points), shapely.get_y(points), grid.epsg)
    first = np.unique(zone, return_index=True)[1]
    tested = tests > 0
    return pd.DataFrame(
        {
            "disagreement_id": [_identity(layer, kind, grid, row[i], column[i]) for i in first],
            "operator": layer.operator,
            "technology": layer.technology,
            "class": kind.code,
            "commune_codes": _communes_of(zone, communes[row, column], codes, n),
            "area_km2": found.area_km2[kept],
            "cells": found.cells[kept],
            "population": found.population[kept],
            "population_unknown_km2": found.population_unknown_km2[kept],
            "evidence": "measured" if kind in _MEASURED else "predicted",
            "tests": tests,
            "share_served": np.divide(successes, tests, out=np.full(n, np.nan), where=tested),
            "last_measured": last,
            "claim_date": np.full(n, layer.claim.claim_date),
            "reason": reason,
            "reason_share": share,
            "lon": lon,
            "lat": lat,
            "geometry": shapes_to_wgs84(shapely.segmentize(polygons, _SEGMENT_M), grid.epsg),
        }
    )


def _identity(layer: ComparedLayer, kind: Disagreement, grid: Grid, row: int, column: int) -> str:
    """Return an id that depends on layer, class and the zone's first cell only."""
    x, y = grid.x_min + column * grid.cell_size, grid.y_max - row * grid.cell_size
    text = "|".join((layer.operator, layer.technology, kind.code, f"{grid.epsg}", f"{x:.3f}", f"{y:.3f}"))
    return "D" + hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def _samples(layer: ComparedLayer, place: _I32, n: int) -> tuple[npt.NDArray[np.datetime64], _F64, _F64]:
    """Return date of the last sample, tests and successes of each zone."""
    cells = layer.cells
    zone = place[cells["row"].to_numpy(dtype=np.int64), cells["column"].to_numpy(dtype=np.int64)]
    here = zone >= 0
    last = np.full(n, np.iinfo(np.int64).min)
    times = cells["last_measured"].to_numpy(dtype="datetime64[ns]").view(np.int64)
    np.maximum.at(last, zone[here], times[here])

    def total(name: str) -> _F64:
        return np.bincount(zone[here], cells[name].to_numpy(dtype=np.float64)[here], minlength=n).astype(np.float64)

    return last.view("datetime64[ns]"), total("tests"), total("successes")


def _reasons(
    kind: Disagreement,
    row: npt.NDArray[np.integer],
    column: npt.NDArray[np.integer],
    zone: _I32,
    last: npt.NDArray[np.datetime64],
    layer: ComparedLayer,
    facts: LayerFacts,
    grid: Grid,
    settings: DisagreementSettings,
) -> tuple[npt.NDArray[np.object_], _F64]:
    """Return the first reason that holds for enough of each zone's cells, and for which share of them."""
    n = len(last)
    size = np.bincount(zone, minlength=n)
    reason, share = np.full(n, REASONS[-1], dtype=object), np.full(n, np.nan)
    told = np.zeros(n, dtype=bool)
    for name, holds in cell_reasons(kind, row, column, zone, last, layer, facts, grid, settings).items():
        part = np.bincount(zone, holds, minlength=n) / size
        new = ~told & (part >= settings.reason_share)
        reason[new], share[new] = name, part[new]
        told |= new
    return reason, share


def _communes_of(
    zone: _I32, commune: npt.NDArray[np.integer], codes: npt.NDArray[np.object_], n: int
) -> list[str]:
    known = commune >= 0
    pairs = np.unique(np.column_stack([zone[known], commune[known]]).astype(np.int64), axis=0)
    members: list[list[str]] = [[] for _ in range(n)]
    for z, c in pairs:
        members[int(z)].append(str(codes[int(c)]))
    return ["; ".join(sorted(m)) for m in members]


def _polygons(place: _I32, n: int, grid: Grid) -> npt.NDArray[np.object_]:
    """Return each zone as polygons of whole cells: parts that touch at a corner only stay parts."""
    members: list[list[shapely.Geometry]] = [[] for _ in range(n)]
    for shape, value in outlines(place, mask=place >= 0, connectivity=4, transform=grid.transform):
        members[int(value)].append(shapely.geometry.shape(shape))
    out = np.empty(n, dtype=object)
    for i, parts in enumerate(members):
        out[i] = parts[0] if len(parts) == 1 else shapely.multipolygons(np.array(parts, dtype=object))
    return out
