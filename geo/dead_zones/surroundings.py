"""What lies in and around zones: communes, villages, facilities, the nearest site and whose it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from geo.crs import from_wgs84
from geo.dead_zones.zones import Zones
from geo.errors import GridMismatchError
from geo.grid import Grid

__all__ = ["Places", "commune_shares", "joined_codes", "nearest_sites", "touched_communes", "zone_of_places", "zone_villages"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_I32 = npt.NDArray[np.int32]

_SILENT = ("off_air", "planned")


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """What is known of the land and its people; whatever is None is not known.

    Attributes
    ----------
    unit_index : (rows, columns) int32 array or None
        Commune of each cell (:func:`geo.coverage.unit_index`), -1 none.
    commune_codes : tuple of str
        Code of each position in ``unit_index``.
    population : (rows, columns) float64 array or None
        People per cell; NaN unknown.
    villages : DataFrame or None
        Result of :func:`geo.villages.classify_villages`.
    cells_of_villages : (rows, columns) int32 array or None
        Village of each cell by position in ``villages`` (:func:`geo.villages.village_cells`); with ``households``
        it tells weak zones from white ones.
    households : (rows, columns) float64 array or None
        Households per cell (:func:`geo.dead_zones.weak.households_on_grid`).
    facilities : DataFrame or None
        ``facility_id``, ``kind``, ``lon``, ``lat`` (EPSG:4326).
    sites : DataFrame or None
        The canonical table: ``operator``, ``site_id``, ``status``, ``lon``, ``lat`` (EPSG:4326).
    radio_cells : DataFrame or None
        What is on air: ``operator``, ``technology`` (empty unknown), ``site_id``, ``lon``, ``lat``
        (:data:`geo.propagation.radio_table.RADIO_COLUMNS`).
    """

    unit_index: _I32 | None = None
    commune_codes: tuple[str, ...] = ()
    population: _F64 | None = None
    villages: pd.DataFrame | None = None
    cells_of_villages: _I32 | None = None
    households: _F64 | None = None
    facilities: pd.DataFrame | None = None
    sites: pd.DataFrame | None = None
    radio_cells: pd.DataFrame | None = None

    def require(self, grid: Grid) -> None:
        """Raise unless all arrays lie on the grid.

        Raises
        ------
        GridMismatchError
        """
        for given in (self.unit_index, self.population, self.cells_of_villages, self.households):
            if given is not None and given.shape != grid.shape:
                raise GridMismatchError("Các lớp không cùng lưới.", "The layers do not share one grid.")


def joined_codes(owner: _I64, codes: Sequence[str], n: int) -> list[str]:
    """Return the codes of each of ``n`` owners, sorted and joined by "; "; an owner of -1 is left out."""
    found: list[list[str]] = [[] for _ in range(n)]
    for i, code in zip(owner.tolist(), codes, strict=True):
        if i >= 0:
            found[i].append(str(code))
    return ["; ".join(sorted(each)) for each in found]


def touched_communes(zones: Zones, places: Places, area_km2: _F64) -> pd.DataFrame:
    """Return the communes that zones lie in, the one with the largest share first.

    Shares are of the zone's people where anybody is known to live in it, else of its area.

    Parameters
    ----------
    zones : Zones
    places : Places
    area_km2 : (rows, columns) float64 array

    Returns
    -------
    DataFrame
        One row per zone: ``commune_code`` (the first, empty where none is known), ``commune_codes`` and
        ``commune_shares``, both joined by "; " in the same order.
    """
    n = len(zones)
    unit = np.full(len(zones.row), -1) if places.unit_index is None else zones.of(places.unit_index).astype(np.int64)
    area = zones.of(area_km2)
    people = np.zeros(len(unit)) if places.population is None else np.nan_to_num(zones.of(places.population).astype(np.float64))
    by_people = zones.sums(people) > 0
    weight = np.where(by_people[zones.zone], people, area)
    return commune_shares(zones.zone, unit, weight, n, places.commune_codes)


def commune_shares(owner: _I64, unit: _I64, weight: _F64, n: int, codes: Sequence[str]) -> pd.DataFrame:
    """Return the communes of each of ``n`` owners by the share of their weight, the largest first.

    Parameters
    ----------
    owner : (m,) int64 array
        Whose part each is.
    unit : (m,) int64 array
        In which commune it lies, by position in ``codes``; -1 none.
    weight : (m,) float64 array
    n : int
    codes : sequence of str

    Returns
    -------
    DataFrame
        Columns of :func:`touched_communes`.
    """
    whole = np.bincount(owner, weight, minlength=n)
    inside = unit >= 0
    pairs, place = np.unique(owner[inside] * max(1, len(codes)) + unit[inside], return_inverse=True)
    held = np.bincount(place, weight[inside], minlength=len(pairs))
    parts: list[list[tuple[float, str]]] = [[] for _ in range(n)]
    for pair, part in zip(pairs.tolist(), held.tolist(), strict=True):
        i, of_unit = divmod(pair, max(1, len(codes)))
        # Rounded: which of two equal shares comes first must not hang on the last bit.
        parts[i].append((-round(part / float(whole[i]), 9), str(codes[of_unit])))
    ordered = [sorted(each) for each in parts]
    return pd.DataFrame(
        {
            "commune_code": [each[0][1] if each else "" for each in ordered],
            "commune_codes": ["; ".join(code for _, code in each) for each in ordered],
            "commune_shares": ["; ".join(f"{-share:.4f}" for share, _ in each) for each in ordered],
        },
        dtype="str",
    )


def zone_of_places(zones: Zones, grid: Grid, places: pd.DataFrame) -> _I64:
    """Return the zone whose cell holds each place (``lon``, ``lat``, EPSG:4326), -1 none."""
    row, column = grid.locate(*from_wgs84(places["lon"].to_numpy(float), places["lat"].to_numpy(float), grid.epsg))
    return np.where(row >= 0, zones.label[row, column], -1).astype(np.int64)


def zone_villages(zones: Zones, grid: Grid, places: Places, weak: tuple[_I64, _I64]) -> pd.DataFrame:
    """Return the villages of zones: those whose point lies in them, and weak ones whose cluster does.

    Parameters
    ----------
    zones : Zones
    grid : Grid
    places : Places
    weak : (zone, village) int64 arrays
        Zones that hold a weak village's cluster, and that village (see :mod:`geo.dead_zones.weak`).

    Returns
    -------
    DataFrame
        ``villages``, ``village_ids``, ``villages_weak``, ``weak_village_ids``; of both together
        ``villages_difficult`` (NA where villages are there and of none it is known) and ``deadline``, the
        earliest. Without a list all are NA or empty; with one, a zone without villages has 0.
    """
    n = len(zones)
    table = places.villages
    if table is None:
        missing = pd.array([pd.NA] * n, dtype="Int64")
        blank = pd.Series([""] * n, dtype="str")
        return pd.DataFrame({"villages": missing, "village_ids": blank, "villages_weak": missing, "weak_village_ids": blank,
                             "villages_difficult": missing, "deadline": pd.array([pd.NaT] * n, dtype="datetime64[ns]")})  # fmt: skip
    ids = table["village_id"].to_numpy(dtype=object)
    at = zone_of_places(zones, grid, table)
    inside = np.flatnonzero(at >= 0)
    pairs = np.concatenate([np.column_stack([at[inside], inside]), np.column_stack(weak)])
    zone, village = np.unique(pairs, axis=0).T
    difficult = table["difficult_area"].astype("boolean")
    known, yes = difficult.notna().to_numpy(dtype=bool)[village], difficult.fillna(False).to_numpy(dtype=bool)[village]
    counted = pd.array(np.bincount(zone[yes], minlength=n), dtype="Int64")
    counted[(np.bincount(zone, minlength=n) > 0) & (np.bincount(zone[known], minlength=n) == 0)] = pd.NA
    given = table["deadline"].mask(table["deadline"].eq(""))
    deadline = pd.Series(pd.to_datetime(given, format="ISO8601", errors="coerce").to_numpy(dtype="datetime64[ns]")[village])
    return pd.DataFrame(
        {
            "villages": pd.array(np.bincount(at[inside], minlength=n), dtype="Int64"),
            "village_ids": pd.Series(joined_codes(at, ids.tolist(), n), dtype="str"),
            "villages_weak": pd.array(np.bincount(weak[0], minlength=n), dtype="Int64"),
            "weak_village_ids": pd.Series(joined_codes(weak[0], ids[weak[1]].tolist(), n), dtype="str"),
            "villages_difficult": counted,
            "deadline": deadline.groupby(zone).min().reindex(np.arange(n)).to_numpy(dtype="datetime64[ns]"),
        }
    )


def nearest_sites(x_m: _F64, y_m: _F64, sites: pd.DataFrame | None, grid: Grid) -> pd.DataFrame:
    """Return operator, id and distance of the site nearest to each point; off-air and planned ones do not count.

    Parameters
    ----------
    x_m, y_m : (n,) float64 arrays
        In the grid's CRS.
    sites : DataFrame or None
    grid : Grid
        Distances are taken in its CRS.

    Returns
    -------
    DataFrame
        ``nearest_site_operator``, ``nearest_site_id`` (empty where none is known), ``nearest_site_km`` (NaN).
    """
    n = len(x_m)
    operator, code, km = np.full(n, "", dtype=object), np.full(n, "", dtype=object), np.full(n, np.nan)
    if sites is not None and n:
        air = sites[~sites["status"].isin(list(_SILENT))].sort_values(["operator", "site_id", "lon", "lat"], kind="stable")
        x, y = from_wgs84(air["lon"].to_numpy(float), air["lat"].to_numpy(float), grid.epsg)
        placed = np.isfinite(x) & np.isfinite(y)
        if placed.any():
            distance, position = cKDTree(np.column_stack([x[placed], y[placed]])).query(np.column_stack([x_m, y_m]))
            operator, code = (air[name].to_numpy(dtype=object)[placed][position] for name in ("operator", "site_id"))
            km = distance / 1000.0
    return pd.DataFrame(
        {
            "nearest_site_operator": pd.Series(operator, dtype="str"),
            "nearest_site_id": pd.Series(code, dtype="str"),
            "nearest_site_km": km,
        }
    )
