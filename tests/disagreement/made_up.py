"""A small made-up grid with states, claims and samples; nobody's operators."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.calibration.blocks import Correlation
from geo.coverage import Coverage
from geo.crs import from_wgs84, to_wgs84
from geo.disagreement import (
    Claim,
    ClaimLayer,
    ComparedLayer,
    DisagreementSettings,
    claim_layer,
    compare_layer,
    disagreement_settings,
)
from geo.grid import Grid
from geo.measured import count_observations, measured_cells, measured_settings

EPSG = 9210
X, Y = (float(np.round(v[0], -3)) for v in from_wgs84([105.5], [22.5], EPSG))
GRID = Grid(EPSG, X, Y, 100.0, 3, 3)
INSIDE = np.ones(GRID.shape, dtype=bool)
PLANNING = {"4G": -110.0, "3G": -100.0}
ALONE = Correlation(1.0, 0.0, 50.0, 0)  # cells do not hang together
SETTINGS = disagreement_settings(least_samples=2, least_spots=1, zone_km2=0.025, zone_people=50, measured_zone_km2=0.005)


def of_shape(rows: int, columns: int) -> Grid:
    return Grid(EPSG, X, Y, 100.0, rows, columns)


def polygon(cells: Iterable[tuple[int, int]], grid: Grid = GRID) -> shapely.Geometry:
    """The cells as one shape in EPSG:4326, drawn a little inside their edges."""
    size = grid.cell_size
    boxes = [
        shapely.box(X + c * size + 5, Y - (r + 1) * size + 5, X + (c + 1) * size - 5, Y - r * size - 5) for r, c in cells
    ]
    return shapely.transform(shapely.union_all(boxes), lambda xy: np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], EPSG)))


def claims(*rows: dict[str, Any], grid: Grid = GRID) -> gpd.GeoDataFrame:
    """Claims of ``cells``; what is not named is an undated claim of A's 4G."""
    plain = {"operator": "A", "technology": "4G", "use": "", "quality": "", "level_dbm": np.nan, "claimed": True, "claim_date": pd.NaT,
             "file": "claims.gpkg", "sheet": "", "row": 1}  # fmt: skip
    records = [{**plain, **{k: v for k, v in row.items() if k != "cells"}} for row in rows]
    frame = pd.DataFrame(records, columns=list(plain)).astype({"claim_date": "datetime64[ns]", "level_dbm": float, "claimed": bool})
    return gpd.GeoDataFrame(frame, geometry=[polygon(row["cells"], grid) for row in rows], crs=4326)


def samples(*rows: tuple[int, int, float] | dict[str, Any], grid: Grid = GRID) -> pd.DataFrame:
    """Measured cells of A's 4G: (row, column, level) is two samples in the middle of a cell, or a dict of more."""
    plain = {"operator": "A", "technology": "4G", "time": pd.Timestamp("2026-06-01"), "kind": "level", "samples": 2, "route": 0}
    records = []
    for row in rows:
        given = {"row": row[0], "column": row[1], "level_dbm": row[2]} if isinstance(row, tuple) else row
        records.append({**plain, **given})
    frame = pd.DataFrame(records, columns=[*plain, "row", "column", "level_dbm"])
    size = grid.cell_size
    lon, lat = to_wgs84(X + (frame["column"].to_numpy(float) + 0.5) * size, Y - (frame["row"].to_numpy(float) + 0.5) * size, EPSG)
    frame = frame.assign(lon=lon, lat=lat, time=frame["time"].astype("datetime64[ns]"))
    return measured_cells(count_observations(frame, EPSG, planning_dbm=PLANNING, settings=measured_settings()), grid)


def covered(layers: dict[tuple[str, str], Any], grid: Grid = GRID) -> Coverage:
    """Coverage from state codes: one number for all cells, or an array."""
    names = tuple(sorted(layers))
    state = np.stack([np.broadcast_to(np.asarray(layers[n], np.uint8), grid.shape) for n in names]).copy()
    blank = np.full(state.shape, np.nan, dtype=np.float32)
    return Coverage(grid, names, blank, blank, blank, state, np.zeros_like(state))


def claim_of(*rows: dict[str, Any], grid: Grid = GRID) -> ClaimLayer:
    return claim_layer(claims(*rows, grid=grid), "A", "4G", grid)


def claim_from(claimed: Any) -> ClaimLayer:
    """A claim straight from the cells claimed (an undated one of A's 4G); none: nothing is given."""
    cells = np.asarray(claimed, dtype=bool)
    codes = np.where(cells, Claim.CLAIMED, Claim.NOT_CLAIMED if cells.any() else Claim.NOT_GIVEN).astype(np.uint8)
    level = np.full(cells.shape, np.nan, dtype=np.float32)
    return ClaimLayer("A", "4G", codes, level, np.datetime64("NaT", "ns"), False, 0)


def compared(
    state: Any, claim: ClaimLayer, cells: pd.DataFrame | None = None, *, grid: Grid = GRID, inside: Any = None,
    settings: DisagreementSettings = SETTINGS, **options: Any,
) -> ComparedLayer:  # fmt: skip
    codes = np.broadcast_to(np.asarray(state, np.uint8), grid.shape)
    within = np.ones(grid.shape, dtype=bool) if inside is None else inside
    return compare_layer(claim, codes, within, samples(grid=grid) if cells is None else cells, settings, **options)


def units(grid: Grid = GRID, split: int = 1) -> gpd.GeoDataFrame:
    """Two communes of one province, west and east of a column."""
    size = grid.cell_size

    def box(first: int, last: int) -> shapely.Geometry:
        shape = shapely.box(X + first * size, Y - grid.rows * size, X + last * size, Y)
        return shapely.transform(shape, lambda xy: np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], EPSG)))

    return gpd.GeoDataFrame(
        {"commune_code": ["99001", "99002"], "commune_name": ["Xã Mẫu Tây", "Xã Mẫu Đông"], "province_code": ["99", "99"],
         "province_name": ["Tỉnh Mẫu (giả định)"] * 2, "area_km2": [0.0, 0.0]},
        geometry=[box(0, split), box(split, grid.columns)], crs=4326,
    )  # fmt: skip
