"""Administrative units on the grid, what the states mean for each of them, and their sums by province."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from rasterio.features import rasterize

from geo.coverage.states import Coverage, State
from geo.errors import AccountingError, GridMismatchError
from geo.grid import Grid
from geo.io.polygons import projected
from geo.propagation.entry import USES

__all__ = ["SPLITS", "province_summary", "split_of", "unit_index", "unit_summary"]

_SERVED = (State.MEASURED_SERVED, State.PREDICTED_SERVED)
_UNSERVED = (State.PREDICTED_UNSERVED, State.MEASURED_UNSERVED)
_PARTS = {"served": _SERVED, "unserved": _UNSERVED, "uncertain": (State.UNCERTAIN,), "unknown": (State.UNKNOWN,)}
_Shares = dict[str, npt.NDArray[np.float64]]

#: How the ministry counts villages: with or without grid power, in or out of areas of special difficulty; and
#: those of which one of the two is not known.
SPLITS = ("power_difficult", "power_other", "no_power_difficult", "no_power_other", "split_unknown")
_SPLIT_CLASSES = ("white", "weak")
_SUMMED = ("villages", "villages_white", "villages_weak", "villages_undecided")
#: How far shares that must add up to 1 may be off by rounding.
_SHARE_SLACK = 1e-6


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
        With ``commune_code``, ``class`` and ``weak`` (see :mod:`geo.villages`), ``grid_power`` and
        ``difficult_area`` where they are known; without it the village columns are NaN.

    Returns
    -------
    DataFrame
        One row per unit, in the order of ``units``. Shares are of the unit's population on the grid
        (``population``) or of its cells; served, unserved, uncertain and unknown add up to 1. Where all
        is unknown, ``unknown`` is 1 and the other three are NaN: nothing is known is not "0 % served".
        The eight shares of all operators stand once more per layer, named
        ``<operator>_<technology>_<share>``. White and weak villages are also counted by the ministry's split
        (:data:`SPLITS`), whose five parts add up to each. Last the shares of people served indoors and in vehicles
        by any operator, nobody of whom is unserved outdoors; NaN where the coverage has no such states.
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
    every = coverage.all_state(technologies)
    by_people, by_area = figures(every)
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
            # measurements change what is said outdoors; no use is ever better than that
            capped = _never_better(coverage.all_by_use[USES.index(use)], every)
            served = shares(capped, people, total)["served"]
        out[f"population_served_{use}_share"] = served
    return out


def _never_better(state: npt.NDArray[np.uint8], outdoors: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return a use's states with those of cells that it serves and the outdoors does not as it is outdoors."""
    return np.where(np.isin(state, _SERVED) & ~np.isin(outdoors, _SERVED), outdoors, state).astype(np.uint8)


def split_of(villages: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Return the part of :data:`SPLITS` that each village belongs to.

    Parameters
    ----------
    villages : DataFrame
        ``grid_power``, ``difficult_area`` (nullable); a missing column is not known of any.
    """
    n = len(villages)
    known = {
        name: villages[name].astype("boolean") if name in villages else pd.Series([pd.NA] * n, dtype="boolean")
        for name in ("grid_power", "difficult_area")
    }
    power, difficult = known["grid_power"], known["difficult_area"]
    unknown = (power.isna().to_numpy() | difficult.isna().to_numpy()).astype(bool)
    with_power, is_difficult = (v.fillna(False).to_numpy(dtype=bool) for v in (power, difficult))
    position = np.where(unknown, 4, np.where(with_power, 0, 2) + np.where(is_difficult, 0, 1))
    return np.asarray(SPLITS, dtype=object)[position]


def _village_counts(units: gpd.GeoDataFrame, villages: pd.DataFrame | None) -> pd.DataFrame:
    codes = units["commune_code"].to_numpy()
    if villages is None:
        names = [*_SUMMED, *(f"villages_{name}_{part}" for name in _SPLIT_CLASSES for part in SPLITS)]
        return pd.DataFrame({name: np.full(len(codes), np.nan) for name in names})
    chosen = _chosen(villages)
    return pd.DataFrame(
        {
            name: villages.loc[mask].groupby("commune_code").size().reindex(codes, fill_value=0).to_numpy(np.int64)
            for name, mask in chosen.items()
        }
    )


def _chosen(villages: pd.DataFrame) -> dict[str, npt.NDArray[np.bool_]]:
    """Return which villages each count is of."""
    white = villages["class"].eq("white").to_numpy()
    weak = villages["weak"].eq(True).fillna(False).to_numpy(dtype=bool)
    split = split_of(villages)
    return {
        "villages": np.ones(len(villages), dtype=bool),
        "villages_white": white,
        "villages_weak": weak,
        "villages_undecided": villages["class"].eq("undecided").to_numpy(),
        **{f"villages_white_{part}": white & (split == part) for part in SPLITS},
        **{f"villages_weak_{part}": weak & (split == part) for part in SPLITS},
    }


def province_summary(
    communes: pd.DataFrame, province_names: Mapping[str, str], village_classes: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return ``provinces.csv``: the communes summed by province, and a total.

    Parameters
    ----------
    communes : DataFrame
        Of :func:`unit_summary`; the people may have been replaced by official figures since.
    province_names : mapping
        Code to name.
    village_classes : DataFrame, optional
        The villages that the communes count; those in none of the communes get a row of their own.

    Returns
    -------
    DataFrame
        A row per province by code (``area_level`` ``province``), one of villages in no commune of the list
        (``unplaced``) if there are any, and the ``total``. People and area are sums over the communes that know
        them (``communes_with_population`` says how many do). Shares of people are of ``population_of_shares``:
        the people of the communes whose shares are known, each commune weighted by its people; of a commune of
        which nothing is known all people count as unknown. Shares of area are weighted by ``area_km2``. The
        four shares add up to 1, or are not known. Counts are sums.

    Raises
    ------
    AccountingError
        If shares do not add up to 1 or counts do not add up to the total: a defect of a stage, never of the user.
    """
    groups = {str(code): part for code, part in communes.groupby("province_code", sort=True)}
    rows = [
        {"area_level": "province", "province_code": code, "province_name": province_names.get(code, ""), **_summed(part)}
        for code, part in groups.items()
    ]
    total = {"area_level": "total", "province_code": "", "province_name": "", **_summed(communes)}
    counted = [name for name in communes.columns if name == "villages" or name.startswith("villages_")]
    if village_classes is not None:
        lost = village_classes[~village_classes["commune_code"].isin(communes["commune_code"])]
        if len(lost):
            counts = {name: int(mask.sum()) for name, mask in _chosen(lost).items() if name in counted}
            rows.append({"area_level": "unplaced", "province_code": "", "province_name": "", "communes": 0, **counts})
        whole = {name: int(mask.sum()) for name, mask in _chosen(village_classes).items() if name in counted}
        total |= whole
    out = pd.DataFrame([*rows, total])
    _require_sums(out, counted)
    return out


def _summed(communes: pd.DataFrame) -> dict[str, object]:
    """Return the figures of several communes together."""
    people = communes["population"].to_numpy(dtype=np.float64, na_value=np.nan)
    area = communes["area_km2"].to_numpy(dtype=np.float64, na_value=np.nan)
    placed = np.isfinite(people) & communes["population_unknown_share"].notna().to_numpy()
    out: dict[str, object] = {
        "communes": len(communes),
        "area_km2": _total(area),
        "population": _total(people),
        "communes_with_population": int(np.isfinite(people).sum()),
        "population_of_shares": _total(people[placed]),
    }
    for name in communes.columns:
        basis = next((b for b in ("population", "area") if f"{b}_" in name and name.endswith("_share")), "")
        if basis:
            weight = np.where(placed, people, np.nan) if basis == "population" else area
            out[name] = _weighted(communes[name].to_numpy(dtype=np.float64, na_value=np.nan), weight, name)
        elif name == "villages" or name.startswith("villages_"):
            counts = communes[name].to_numpy(dtype=np.float64, na_value=np.nan)
            out[name] = np.nan if np.isnan(counts).any() else int(counts.sum())
    return out


def _total(values: npt.NDArray[np.float64]) -> float:
    return float(np.nansum(values)) if np.isfinite(values).any() else np.nan


def _weighted(share: npt.NDArray[np.float64], weight: npt.NDArray[np.float64], name: str) -> float:
    """Return a share of several communes; where all communes have none, none is known of them together."""
    counts = np.isfinite(weight) & (weight > 0)
    known = counts & np.isfinite(share)
    if not known.any():
        return np.nan
    return float((share[known] * weight[known]).sum() / weight[counts].sum())


def _require_sums(provinces: pd.DataFrame, counted: list[str]) -> None:
    """See that shares add up to 1 and counts to the total."""
    wrong = []
    ending = "_unknown_share"
    for last in [name for name in provinces.columns if name.endswith(ending)]:
        parts = provinces[[f"{last.removesuffix(ending)}_{part}_share" for part in _PARTS]].astype(float)
        known = parts[f"{last}"].notna()
        off = (parts.sum(axis=1)[known] - 1.0).abs()
        wrong += [last.removesuffix(ending)] if (off > _SHARE_SLACK).any() else []
    is_total = provinces["area_level"].eq("total")
    for name in counted:
        values = provinces[name].astype(float)
        if values.notna().all() and values[~is_total].sum() != values[is_total].sum():
            wrong.append(name)
    if wrong:
        raise AccountingError(
            f"Số liệu cấp tỉnh không khớp tổng: {', '.join(wrong)}.", f"Figures of the provinces do not add up: {', '.join(wrong)}."
        )
