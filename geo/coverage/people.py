"""People known per commune alone, put where houses or villages stand, never spread over bare area; and people of a grid brought to
the communes' own figures."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.crs import from_wgs84
from geo.grid import Grid

__all__ = ["SpreadPeople", "as_communes_count", "spread_people"]

_F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SpreadPeople:
    """People of communes on the grid.

    Attributes
    ----------
    people : (rows, columns) float64 array
        People per cell; NaN in communes whose people could not be placed.
    basis : (units,) array of str
        ``buildings``, ``villages``, ``none`` (people known, nothing to place them by) or "" (people unknown).
    """

    people: _F64
    basis: npt.NDArray[np.object_]


def spread_people(
    units: gpd.GeoDataFrame,
    index: npt.NDArray[np.int32],
    grid: Grid,
    people: pd.Series,
    *,
    buildings: pd.DataFrame | None,
    settlements: pd.DataFrame | None,
    persons_per_household: float,
) -> SpreadPeople:
    """Spread each commune's people evenly over its buildings, else over its villages by their people.

    Villages are used where every village of the commune has a place and people, or households times
    ``persons_per_household``; a village's people stand at its point. A commune with neither stays unknown.

    Parameters
    ----------
    units : GeoDataFrame
        With ``commune_code``.
    index : (rows, columns) int32 array
        See :func:`geo.coverage.unit_index`.
    grid : Grid
    people : Series
        People by ``commune_code``; NaN unknown.
    buildings : DataFrame, optional
        ``lon``, ``lat``, EPSG:4326.
    settlements : DataFrame, optional
        The canonical table.
    persons_per_household : float
    """
    n = len(units)
    codes = units["commune_code"].to_numpy(dtype=object)
    known = pd.Series(codes).map(people).to_numpy(dtype=np.float64, na_value=np.nan)
    inside = index >= 0
    basis = np.where(np.isfinite(known), "none", "").astype(object)
    out = np.full(grid.shape, np.nan)
    weights = (("buildings", _houses(buildings, grid)), ("villages", _villages(settlements, codes, index, grid, persons_per_household)))
    for name, weight in weights:
        if weight is None:
            continue
        total = np.bincount(index[inside], weight[inside], minlength=n)
        chosen = (basis == "none") & (total > 0)
        basis[chosen] = name
        mine = inside & chosen[index]
        out[mine] = (weight * (known / np.where(total > 0, total, 1.0))[index])[mine]
    return SpreadPeople(out, basis)


def as_communes_count(people: _F64, index: npt.NDArray[np.int32], stated: _F64) -> _F64:
    """Return people per cell that add up to what ``communes.csv`` states of each commune, every cell keeping its part of the commune.

    A share of ``communes.csv`` is of the grid's people, and stands beside the table's: whoever multiplies them counts a cell's people times
    table over grid. The two differ by commune (by up to two fifths in the sample), so that a gain counted on the grid is another figure.

    Parameters
    ----------
    people : (rows, columns) float64 array
        Of the grid; NaN not known.
    index : (rows, columns) int32 array
        See :func:`geo.coverage.unit_index`.
    stated : (units,) float64 array
        People of each commune as ``communes.csv`` has them; NaN not known, then the grid's stay. So they do where the grid has nobody.
    """
    inside = index >= 0
    on_grid = np.bincount(index[inside], np.nan_to_num(people[inside]), minlength=len(stated))
    factor = np.where(np.isfinite(stated) & (on_grid > 0), stated / np.where(on_grid > 0, on_grid, 1.0), 1.0)
    out = people.copy()
    out[inside] *= factor[index[inside]]
    return out


def _counts(lon: _F64, lat: _F64, weight: _F64, grid: Grid) -> _F64:
    row, column = grid.locate(*from_wgs84(lon, lat, grid.epsg))
    hit = row >= 0
    flat = np.bincount(row[hit] * grid.columns + column[hit], weight[hit], minlength=grid.rows * grid.columns)
    return flat.astype(np.float64).reshape(grid.shape)


def _houses(buildings: pd.DataFrame | None, grid: Grid) -> _F64 | None:
    if buildings is None:
        return None
    return _counts(buildings["lon"].to_numpy(float), buildings["lat"].to_numpy(float), np.ones(len(buildings)), grid)


def _villages(
    settlements: pd.DataFrame | None,
    codes: npt.NDArray[np.object_],
    index: npt.NDArray[np.int32],
    grid: Grid,
    persons_per_household: float,
) -> _F64 | None:
    """Return people of the villages per cell, NaN in communes where a village has no place or no figure."""
    if settlements is None:
        return None
    lon, lat = settlements["lon"].to_numpy(float), settlements["lat"].to_numpy(float)
    given = settlements["population"].to_numpy(dtype=np.float64, na_value=np.nan)
    households = settlements["households"].to_numpy(dtype=np.float64, na_value=np.nan)
    weight = np.where(np.isfinite(given), given, households * persons_per_household)
    row, column = grid.locate(*from_wgs84(lon, lat, grid.epsg))
    unit = np.where(row >= 0, index[row, column], -1)
    position = {code: i for i, code in enumerate(codes)}
    named = np.array([position.get(code, -1) for code in settlements["commune_code"]], dtype=np.int64)
    lacking = ~np.isfinite(weight) | (unit < 0)
    open_ = np.zeros(len(codes) + 1, dtype=bool)  # the last one takes the places outside (-1)
    open_[np.concatenate([unit[lacking], named[lacking]])] = True
    open_[-1] = False
    counted = _counts(lon, lat, np.nan_to_num(weight), grid)
    counted[open_[index]] = np.nan
    return counted
