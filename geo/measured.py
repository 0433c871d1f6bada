"""What was measured at a place: samples, independent spots, share at or above the planning level, median, last date.

An observation is a level, or a bound: ``below`` (nothing above its limit was there: "no service") or ``above``. It has
a verdict at the planning level unless its bound leaves that open; a technology without a planning level has none.

- *Spots.* Samples of one square of ``spot_m`` are one position, however many. A spot's share is that of its samples, a
  place's share the mean of its spots': a parked car does not outvote the road.
- *Median.* Of the spots' samples, each spot weighing the same. Bounds are intervals; the median of intervals is one
  itself (the medians of the lower and of the upper ends): ``median_kind`` says whether the figure is the level, or
  the most (``below``) or the least (``above``) that it can be.
- *Age.* What is older than the last change of a site of its operator within reach does not count; an observation
  without a time is as old as can be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.calibration.outliers import Reason, SiteChanges, older_than_change
from geo.crs import from_wgs84
from geo.errors import InputError
from geo.fusion.settings import fusion_settings
from geo.grid import Grid
from geo.io.resources import load_toml

__all__ = [
    "KINDS",
    "OBSERVATION_COLUMNS",
    "CountedObservations",
    "MeasuredSettings",
    "count_observations",
    "measured_at_places",
    "measured_cells",
    "measured_settings",
    "place_evidence",
]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_Bool = npt.NDArray[np.bool_]

OBSERVATION_COLUMNS = ("operator", "technology", "lon", "lat", "time", "kind", "level_dbm", "samples", "route")
KINDS = ("level", "below", "above")
_NEVER = np.iinfo(np.int64).min  # what NaT is in whole nanoseconds: before everything
_FACTS = ("samples", "spots", "tested_spots", "share", "median_dbm", "median_kind", "last_measured")
_TIE = 1e-6  # of a group's weight: nearer to half than this is half


@dataclass(frozen=True, slots=True)
class MeasuredSettings:
    """What counts as measured.

    Attributes
    ----------
    spot_m : float
        Side of the squares that are one position.
    near_m : float
        Radius of "near".
    least_samples, least_spots : float
        Fewer in the place's own cell are no evidence.
    """

    spot_m: float
    near_m: float
    least_samples: float
    least_spots: float


def measured_settings(**replaced: float) -> MeasuredSettings:
    """Return the default settings; keywords replace single fields."""
    values = {name: float(entry["value"]) for name, entry in load_toml("measured.toml").items()}
    fusion = fusion_settings()
    values |= {"least_samples": fusion.evidence_samples, "least_spots": fusion.evidence_spots}
    return MeasuredSettings(**{**values, **replaced})


@dataclass(frozen=True, slots=True, eq=False)
class CountedObservations:
    """Observations that count, ready to be asked for places; made by :func:`count_observations`.

    Attributes
    ----------
    layers : tuple of (operator, technology)
    epsg : int
        Of the coordinates.
    row : (n,) int64 array
        Position in the frame given.
    x_m, y_m : (n,) float64 array
    layer : (n,) int64 array
        Position in ``layers``.
    low_dbm, high_dbm : (n,) float64 array
        What the level lies between; equal for a level.
    verdict : (n,) int8 array
        1 at or above the planning level, 0 below, -1 open.
    samples, spots : (n,) float64 array
        Behind each observation.
    spot : (n,) int64 array
        Number of its layer and square.
    time : (n,) int64 array
        Nanoseconds since 1970; the lowest number: not known.
    route : (n,) int64 array
    left_out : mapping of str to int
        Code of ``resources/issues/calibration.toml`` to number of observations.
    """

    layers: tuple[tuple[str, str], ...]
    epsg: int
    row: _I64
    x_m: _F64
    y_m: _F64
    layer: _I64
    low_dbm: _F64
    high_dbm: _F64
    verdict: npt.NDArray[np.int8]
    samples: _F64
    spots: _F64
    spot: _I64
    time: _I64
    route: _I64
    left_out: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.x_m)


def count_observations(
    observations: pd.DataFrame,
    epsg: int,
    *,
    planning_dbm: Mapping[str, float],
    settings: MeasuredSettings,
    layers: Sequence[tuple[str, str]] = (),
    changes: SiteChanges | None = None,
    change_operators: Sequence[str] = (),
    reach_m: float = 0.0,
) -> CountedObservations:
    """Return the observations that count, each held against its technology's planning level.

    Parameters
    ----------
    observations : DataFrame
        :data:`OBSERVATION_COLUMNS`: ``lon``, ``lat`` in EPSG:4326; ``time`` datetime64, NaT not known; ``kind`` of
        :data:`KINDS`; ``level_dbm`` outdoor-equivalent level or limit; ``samples`` behind it; ``route`` of any kind.
        A column ``spots`` says how many independent positions are behind an aggregated row (else 1).
    epsg : int
        System in metres to count in: the run's grid's.
    planning_dbm : mapping of str to float
        By technology.
    settings : MeasuredSettings
    layers : sequence of (operator, technology)
        Asked for whether anything was measured of them or not.
    changes : SiteChanges, optional
        In ``epsg``; None: no age is judged.
    change_operators : sequence of str
        Name of each operator number of ``changes``.
    reach_m : float
        How far a site's change matters.

    Raises
    ------
    InputError
        If a column is missing, a kind is not known, or samples or spots are not at least 1.
    """
    _require(observations)
    x, y = from_wgs84(observations["lon"].to_numpy(np.float64), observations["lat"].to_numpy(np.float64), epsg)
    level = observations["level_dbm"].to_numpy(dtype=np.float64, na_value=np.nan)
    time = observations["time"].to_numpy(dtype="datetime64[ns]")
    operator = observations["operator"].astype(str)
    technology = observations["technology"].astype(str)
    reason = np.zeros(len(x), dtype=np.int8)
    reason[~(np.isfinite(x) & np.isfinite(y))] = Reason.NO_POSITION
    reason[~np.isfinite(level) & (reason == 0)] = Reason.NOT_A_LEVEL
    if changes is not None:
        number = {name: i for i, name in enumerate(change_operators)}
        codes = operator.map({name: number.get(name, -1) for name in operator.unique()}).to_numpy(dtype=np.int64)
        undated = np.isnat(time)
        oldest = np.datetime64(_NEVER + 1, "ns")
        older = (reason == 0) & older_than_change(x, y, np.where(undated, oldest, time), codes, changes, reach_m)
        reason[older] = np.where(undated[older], Reason.UNDATED, Reason.SITE_CHANGED)
    rows = np.flatnonzero(reason == 0)
    pairs = list(zip(operator.iloc[rows], technology.iloc[rows], strict=True))
    names = tuple(sorted({*pairs, *((str(o), str(t)) for o, t in layers)}))
    place = {name: i for i, name in enumerate(names)}
    layer = np.array([place[p] for p in pairs], dtype=np.int64)
    kind, level = observations["kind"].to_numpy(dtype=object)[rows].astype(str), level[rows]
    x, y = x[rows], y[rows]
    below, above = kind == "below", kind == "above"
    threshold = np.array([float(planning_dbm.get(t, np.nan)) for _, t in names], dtype=np.float64)[layer]
    with np.errstate(invalid="ignore"):
        served = (level >= threshold) & ~below
        unserved = np.where(below, level <= threshold, level < threshold) & ~above
    spots = observations["spots"].to_numpy(np.float64)[rows] if "spots" in observations else np.ones(len(rows))
    return CountedObservations(
        names, epsg, rows, x, y, layer, np.where(below, -np.inf, level), np.where(above, np.inf, level),
        np.where(served, 1, np.where(unserved, 0, -1)).astype(np.int8),
        observations["samples"].to_numpy(np.float64)[rows], spots, _spot_numbers(x, y, layer, settings.spot_m),
        time.view(np.int64)[rows].copy(), pd.factorize(observations["route"].to_numpy()[rows])[0].astype(np.int64),
        {r.code: n for r in Reason if r and (n := int(np.sum(reason == r)))},
    )  # fmt: skip


def _require(observations: pd.DataFrame) -> None:
    lacking = [name for name in OBSERVATION_COLUMNS if name not in observations]
    if lacking:
        raise InputError(
            f"Bảng số đo thiếu cột: {', '.join(lacking)}.", f"The frame of observations lacks columns: {', '.join(lacking)}."
        )
    odd = sorted(set(observations["kind"].dropna().astype(str).unique()) - set(KINDS))
    if odd or observations["kind"].isna().any():
        raise InputError(
            f"Cột kind chỉ nhận {', '.join(KINDS)}; gặp: {', '.join(odd) or 'ô trống'}.",
            f"Column kind takes {', '.join(KINDS)} only; found: {', '.join(odd) or 'an empty cell'}.",
        )
    for name in ("samples", "spots"):
        if name in observations and not (observations[name].to_numpy(dtype=np.float64, na_value=np.nan) >= 1).all():
            raise InputError(
                f"Cột {name}: mỗi số đo có ít nhất 1.", f"Column {name}: every observation has at least 1."
            )


def _spot_numbers(x: _F64, y: _F64, layer: _I64, side_m: float) -> _I64:
    """Number the squares of each layer that hold an observation, from 0."""
    if not len(x):
        return np.zeros(0, dtype=np.int64)
    column, row = np.floor(x / side_m).astype(np.int64), np.floor(y / side_m).astype(np.int64)
    column -= column.min()
    row -= row.min()
    key = (layer * (int(row.max()) + 1) + row) * (int(column.max()) + 1) + column
    numbers: _I64 = np.unique(key, return_inverse=True)[1].astype(np.int64)
    return numbers


def measured_cells(given: CountedObservations, grid: Grid) -> pd.DataFrame:
    """Return what was measured in each cell of a grid, one row per layer and cell with any observation.

    Parameters
    ----------
    given : CountedObservations
    grid : Grid
        In the observations' system.

    Returns
    -------
    DataFrame
        ``operator``, ``technology``, ``row``, ``column``, ``x_m``, ``y_m`` (mean position), ``samples``, ``spots``,
        ``tested_spots`` (with a verdict), ``share`` (of them at or above the planning level; NaN without),
        ``median_dbm``, ``median_kind``, ``last_measured``, ``tests``, ``successes`` (samples with a verdict, and at or above
        the level), ``routes`` (different ones); ordered by layer, row and column.

    Raises
    ------
    InputError
        If grid and observations are in different systems.
    """
    _require_system(given, grid)
    row, column = grid.locate(given.x_m, given.y_m)
    inside = np.flatnonzero(row >= 0)
    key = (given.layer[inside] * grid.rows + row[inside]) * grid.columns + column[inside]
    cells, group = np.unique(key, return_inverse=True)
    n = len(cells)
    rest, at_column = np.divmod(cells, grid.columns)
    layer, at_row = np.divmod(rest, grid.rows)
    facts = _facts(given, group, inside, n)
    routes = np.unique(group * (int(given.route.max(initial=0)) + 1) + given.route[inside]) // (int(given.route.max(initial=0)) + 1)
    count = np.bincount(group, minlength=n)
    tested = given.verdict[inside] >= 0
    weight = given.samples[inside]
    names = _names(given)
    return pd.DataFrame(
        {
            "operator": names[layer, 0], "technology": names[layer, 1], "row": at_row, "column": at_column,
            "x_m": np.bincount(group, given.x_m[inside], minlength=n) / count,
            "y_m": np.bincount(group, given.y_m[inside], minlength=n) / count,
            **facts,
            "tests": np.bincount(group, weight * tested, minlength=n),
            "successes": np.bincount(group, weight * (given.verdict[inside] == 1), minlength=n),
            "routes": np.bincount(routes, minlength=n),
        }
    )  # fmt: skip


def measured_at_places(
    given: CountedObservations, lon: npt.ArrayLike, lat: npt.ArrayLike, grid: Grid, settings: MeasuredSettings
) -> pd.DataFrame:
    """Return what was measured of every layer in the own cell of each place and near it.

    Parameters
    ----------
    given : CountedObservations
    lon, lat : (n,) array of float
        Places, EPSG:4326; NaN: no position, nothing measured.
    grid : Grid
        In the observations' system.
    settings : MeasuredSettings
        ``near_m`` is the radius.

    Returns
    -------
    DataFrame
        ``place`` (position in ``lon``), ``operator``, ``technology``, then ``cell_…`` of the place's cell and ``near_…``
        within the radius: ``samples``, ``spots``, ``tested_spots``, ``share``, ``median_dbm``, ``median_kind``,
        ``last_measured`` as in :func:`measured_cells`. One row per place and layer, also where nothing was measured
        (0 samples, NaN share).

    Raises
    ------
    InputError
        If grid and observations are in different systems.
    """
    _require_system(given, grid)
    x, y = from_wgs84(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64), grid.epsg)
    layers = len(given.layers)
    n = len(x) * layers
    names = _names(given)
    out = pd.DataFrame(
        {
            "place": np.repeat(np.arange(len(x)), layers),
            "operator": np.tile(names[:, 0], len(x)),
            "technology": np.tile(names[:, 1], len(x)),
        }
    )
    for prefix, (place, row) in (
        ("cell", _in_own_cell(given, x, y, grid)),
        ("near", _within(given, x, y, settings.near_m)),
    ):
        for name, values in _facts(given, place * layers + given.layer[row], row, n).items():
            out[f"{prefix}_{name}"] = values
    return out


def place_evidence(
    facts: pd.DataFrame, predicted: _Bool, technologies: Sequence[str], settings: MeasuredSettings
) -> pd.DataFrame:
    """Return ``evidence`` and ``last_measured`` of each place, as ``villages.csv`` has them.

    Measured is a place in whose own cell some layer of a technology that counts has enough samples at enough spots.

    Parameters
    ----------
    facts : DataFrame
        From :func:`measured_at_places`.
    predicted : (n,) bool array
        Whether anything is predicted at the place.
    technologies : sequence of str
        Those that count.
    settings : MeasuredSettings

    Returns
    -------
    DataFrame
        ``evidence`` (measured, predicted, both, none), ``last_measured`` (datetime64[ns], of those layers, NaT).
    """
    n = len(predicted)
    chosen = facts[facts["technology"].isin(list(technologies))]
    place = chosen["place"].to_numpy(dtype=np.int64)
    enough = (chosen["cell_samples"] >= settings.least_samples) & (chosen["cell_tested_spots"] >= settings.least_spots)
    measured = np.bincount(place, enough.to_numpy(dtype=bool), minlength=n) > 0
    last = np.full(n, _NEVER)
    np.maximum.at(last, place, chosen["cell_last_measured"].to_numpy(dtype="datetime64[ns]").view(np.int64))
    words = np.array(["none", "predicted", "measured", "both"], dtype=object)
    word = words[2 * measured.astype(np.int64) + np.asarray(predicted, dtype=bool)]
    return pd.DataFrame({"evidence": pd.Series(word, dtype="str"), "last_measured": last.view("datetime64[ns]")})


def _require_system(given: CountedObservations, grid: Grid) -> None:
    if given.epsg != grid.epsg:
        raise InputError(
            f"Số đo ở hệ EPSG:{given.epsg}, lưới ở EPSG:{grid.epsg}.",
            f"The observations are in EPSG:{given.epsg}, the grid in EPSG:{grid.epsg}.",
        )


def _names(given: CountedObservations) -> npt.NDArray[np.object_]:
    return np.array(given.layers, dtype=object).reshape(-1, 2)


def _ranges(first: _I64, last: _I64) -> tuple[_I64, _I64]:
    """Return for each pair of bounds its number, once for each whole number from ``first`` up to before ``last``."""
    size = last - first
    owner = np.repeat(np.arange(len(size)), size)
    within = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
    return owner, first[owner] + within


def _in_own_cell(given: CountedObservations, x: _F64, y: _F64, grid: Grid) -> tuple[_I64, _I64]:
    """Return pairs of place and observation that share a cell of the grid."""
    row, column = grid.locate(given.x_m, given.y_m)
    key = np.where(row >= 0, row * grid.columns + column, -1)
    order = np.argsort(key, kind="stable")
    at_row, at_column = grid.locate(x, y)
    wanted = np.where(at_row >= 0, at_row * grid.columns + at_column, -2)
    ordered = key[order]
    place, at = _ranges(np.searchsorted(ordered, wanted, "left"), np.searchsorted(ordered, wanted, "right"))
    return place, order[at]


def _within(given: CountedObservations, x: _F64, y: _F64, radius_m: float) -> tuple[_I64, _I64]:
    """Return pairs of place and observation no further apart than the radius: only squares around are looked at."""
    asked = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if not len(given) or not len(asked):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    left, bottom = given.x_m.min(), given.y_m.min()
    column = np.floor((given.x_m - left) / radius_m).astype(np.int64)
    row = np.floor((given.y_m - bottom) / radius_m).astype(np.int64)
    width = int(column.max()) + 3  # an empty column on either side keeps neighbours apart
    key = row * width + column
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    over = np.clip(np.floor((x[asked] - left) / radius_m), -2, width).astype(np.int64)
    up = np.clip(np.floor((y[asked] - bottom) / radius_m), -2, int(row.max()) + 2).astype(np.int64)
    places, rows = [], []
    for down in (-1, 0, 1):
        # Three squares side by side are one stretch of the order.
        first = (up + down) * width + np.maximum(over - 1, 0)
        last = (up + down) * width + np.minimum(over + 1, width - 2)
        begin, end = np.searchsorted(ordered, first, "left"), np.searchsorted(ordered, last, "right")
        place, at = _ranges(begin, np.maximum(begin, end))
        place, at = asked[place], order[at]
        near = (given.x_m[at] - x[place]) ** 2 + (given.y_m[at] - y[place]) ** 2 <= radius_m**2
        places.append(place[near])
        rows.append(at[near])
    return np.concatenate(places), np.concatenate(rows)


def _facts(given: CountedObservations, group: _I64, row: _I64, n: int) -> dict[str, npt.NDArray[np.generic]]:
    """Return the facts of ``n`` groups from pairs of group and observation, each pair once."""
    many = int(given.spot.max(initial=0)) + 1
    keys, of_pair = np.unique(group * many + given.spot[row], return_inverse=True)
    owner = keys // many
    samples, verdict = given.samples[row], given.verdict[row]
    there = np.bincount(of_pair, samples, minlength=len(keys))
    tested = np.bincount(of_pair, samples * (verdict >= 0), minlength=len(keys))
    served = np.bincount(of_pair, samples * (verdict == 1), minlength=len(keys))
    spots = np.zeros(len(keys))
    np.maximum.at(spots, of_pair, given.spots[row])
    part = np.divide(served, tested, out=np.zeros(len(keys)), where=tested > 0)
    tested_spots = np.bincount(owner, spots * (tested > 0), minlength=n)
    share = np.divide(
        np.bincount(owner, spots * part, minlength=n), tested_spots, out=np.full(n, np.nan), where=tested_spots > 0
    )
    last = np.full(n, _NEVER)
    np.maximum.at(last, group, given.time[row])
    weight = samples / there[of_pair] * spots[of_pair]
    low, high = (_weighted_median(group, v[row], weight, n) for v in (given.low_dbm, given.high_dbm))
    kind = np.select([low == high, np.isfinite(high), np.isfinite(low)], ["level", "below", "above"], "").astype(object)
    median = np.select([np.isfinite(high), np.isfinite(low)], [high, low], np.nan)
    values = (
        np.bincount(group, samples, minlength=n), np.bincount(owner, spots, minlength=n), tested_spots,
        np.minimum(share, 1.0), median, kind, last.view("datetime64[ns]"),
    )  # fmt: skip
    return dict(zip(_FACTS, values, strict=True))


def _weighted_median(group: _I64, value: _F64, weight: _F64, n: int) -> _F64:
    """Return the weighted median of each group, the mean of two values that half divides; NaN without any."""
    out = np.full(n, np.nan)
    if not len(group):
        return out
    order = np.lexsort((value, group))
    g, v, w = group[order], value[order], weight[order]
    first = np.flatnonzero(np.concatenate([[True], g[1:] != g[:-1]]))
    running = np.cumsum(w)
    before = np.concatenate([[0.0], running])[first]
    size = np.diff(np.concatenate([first, [len(g)]]))
    total = np.add.reduceat(w, first)
    cumulative = running - np.repeat(before, size)
    half = np.repeat(total / 2, size)
    slack = np.repeat(total * _TIE, size)
    places = np.arange(len(g))
    at = np.minimum.reduceat(np.where(cumulative >= half - slack, places, len(g) - 1), first)
    tie = np.abs(cumulative[at] - half[at]) <= slack[at]
    after = np.minimum(at + 1, first + size - 1)
    out[g[first]] = np.where(tie & (v[after] != v[at]), (v[at] + v[after]) / 2, v[at])
    return out
