"""Administrative units on the grid, and what the states mean for each of them."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from rasterio.features import rasterize

from geo.coverage.states import Coverage, State
from geo.errors import GridMismatchError
from geo.grid import Grid
from geo.io.polygons import projected
from geo.propagation.entry import USES

__all__ = ["unit_index", "unit_summary"]

_SERVED = (State.MEASURED_SERVED, State.PREDICTED_SERVED)
_UNSERVED = (State.PREDICTED_UNSERVED, State.MEASURED_UNSERVED)
_PARTS = {"served": _SERVED, "unserved": _UNSERVED, "uncertain": (State.UNCERTAIN,), "unknown": (State.UNKNOWN,)}
_Shares = dict[str, npt.NDArray[np.float64]]


def unit_index(units: gpd.GeoDataFrame, grid: Grid) -> npt.NDArray[np.int32]:
    """Return for each cell the position in ``units`` of the unit that holds its centre, -1 for none.

    Where units overlap, the one with the lower ``commune_code`` has the cell.

    Parameters
    ----------
    units : GeoDataFrame
        Polygons, EPSG:4326, with ``commune_code``.
    grid : Grid

    Returns
    -------
    (rows, columns) int32 array
        ``unit_index(...) >= 0`` is the area to predict.
    """
    shapes = projected(units, grid.epsg)
    order = np.argsort(units["commune_code"].to_numpy(dtype=str), kind="stable")[::-1]
    pairs = [(shapes[i], int(i)) for i in order if shapes[i] is not None and not shapes[i].is_empty]
    if not pairs:
        return np.full(grid.shape, -1, dtype=np.int32)
    burnt = rasterize(pairs, out_shape=grid.shape, transform=grid.transform, fill=-1, dtype="int32")
    return np.asarray(burnt, dtype=np.int32)


def unit_summary(
    units: gpd.GeoDataFrame,
    index: npt.NDArray[np.int32],
    coverage: Coverage,
    technologies: tuple[str, ...],
    population: npt.NDArray[np.float64] | None = None,
    village_classes: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the figures of ``communes.csv``: all operators together, then per operator and technology.

    Parameters
    ----------
    units : GeoDataFrame
        With ``commune_code``, ``commune_name``, ``province_code``, ``area_km2``.
    index : (rows, columns) int32 array
        See :func:`unit_index`.
    coverage : Coverage
    technologies : tuple of str
        Those that count as service.
    population : (rows, columns) float64 array, optional
        People per cell (NaN where the population raster knows nothing). Without it the population
        columns are NaN.
    village_classes : DataFrame, optional
        With ``commune_code``, ``class`` and ``weak`` (see :mod:`geo.villages`); without it the village
        columns are NaN.

    Returns
    -------
    DataFrame
        One row per unit, in the order of ``units``. Shares are of the unit's population on the grid
        (``population``) or of its cells; served, unserved, uncertain and unknown add up to 1. Where all
        is unknown, ``unknown`` is 1 and the other three are NaN: nothing is known is not "0 % served".
        The eight shares of all operators stand once more per layer, named
        ``<operator>_<technology>_<share>``. Last the shares of people served indoors and in vehicles by any
        operator; NaN where the coverage has no such states.
    """
    if index.shape != coverage.grid.shape or (population is not None and population.shape != index.shape):
        raise GridMismatchError("Các lớp không cùng lưới.", "The layers do not share one grid.")
    n = len(units)
    inside = index >= 0
    place = index[inside].astype(np.int64)
    people = None if population is None else np.nan_to_num(population[inside], nan=0.0)
    known = None if population is None else np.bincount(place, np.isfinite(population[inside]), minlength=n) > 0
    area = np.bincount(place, minlength=n).astype(np.float64)
    total = None if people is None or known is None else np.where(known, np.bincount(place, people, minlength=n), np.nan)

    def shares(state: npt.NDArray[np.uint8], weight: npt.NDArray[np.float64], whole: npt.NDArray[np.float64]) -> _Shares:
        hit = {name: np.bincount(place, weight * np.isin(state[inside], codes), minlength=n) for name, codes in _PARTS.items()}
        with np.errstate(divide="ignore", invalid="ignore"):
            part = {name: np.where(whole > 0, value / whole, np.nan) for name, value in hit.items()}
        nothing = sum(value for name, value in hit.items() if name != "unknown") == 0
        return {name: value if name == "unknown" else np.where(nothing, np.nan, value) for name, value in part.items()}

    def figures(state: npt.NDArray[np.uint8]) -> tuple[_Shares, _Shares]:
        by_area = shares(state, np.ones(len(place)), area)
        if people is None or total is None:
            return dict.fromkeys(_PARTS, np.full(n, np.nan)), by_area
        return shares(state, people, total), by_area

    out = pd.DataFrame(
        {name: units[name].to_numpy() for name in ("commune_code", "commune_name", "province_code", "area_km2")}
    )
    out["population"] = np.full(n, np.nan) if total is None else total
    by_people, by_area = figures(coverage.all_state(technologies))
    for basis, parts in (("population", by_people), ("area", by_area)):
        for name, value in parts.items():
            out[f"{basis}_{name}_share"] = value
    counted = _village_counts(units, village_classes)
    for name in counted.columns:
        out[name] = counted[name].to_numpy()
    for i, (operator, technology) in enumerate(coverage.layers):
        by_people, by_area = figures(coverage.state[i])
        for basis, parts in (("population", by_people), ("area", by_area)):
            for name, value in parts.items():
                out[f"{operator}_{technology}_{basis}_{name}_share"] = value
    for use in ("indoor", "vehicle"):
        served = np.full(n, np.nan)
        if coverage.all_by_use is not None and people is not None and total is not None:
            served = shares(coverage.all_by_use[USES.index(use)], people, total)["served"]
        out[f"population_served_{use}_share"] = served
    return out


def _village_counts(units: gpd.GeoDataFrame, villages: pd.DataFrame | None) -> pd.DataFrame:
    names = ("villages", "villages_white", "villages_weak", "villages_undecided")
    codes = units["commune_code"].to_numpy()
    if villages is None:
        return pd.DataFrame({name: np.full(len(codes), np.nan) for name in names})
    chosen = {
        "villages": np.ones(len(villages), dtype=bool),
        "villages_white": villages["class"].eq("white").to_numpy(),
        "villages_weak": villages["weak"].eq(True).fillna(False).to_numpy(dtype=bool),
        "villages_undecided": villages["class"].eq("undecided").to_numpy(),
    }
    return pd.DataFrame(
        {
            name: villages.loc[mask].groupby("commune_code").size().reindex(codes, fill_value=0).to_numpy(np.int64)
            for name, mask in chosen.items()
        }
    )
