"""The hidden truth at the places where runs are scored: random points of cells, villages, houses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from geo.crs import from_wgs84, to_wgs84
from geo.grid import Grid
from geo.sample import SampleProvince
from geo.sample.frame import to_metres
from geo.sample.names import OPERATORS, commune_code
from geo.sample.truth import TECHNOLOGIES, Levels
from geo.text import fold
from tests.truth.strata import cover_class, terrain_class

__all__ = ["LAYERS", "HiddenTruth", "hidden_truth", "layer_name", "located", "served_by_operator", "village_truth"]

_F64 = npt.NDArray[np.float64]
_Bool = npt.NDArray[np.bool_]


def layer_name(operator: str, technology: str) -> str:
    """Return the name of a layer as the run's rasters have it, e.g. ``mang_a_4g``."""
    return f"{fold(operator)} {technology.lower()}".replace(" ", "_")


#: (operator, technology) by name.
LAYERS = {layer_name(o, t): (o, t) for o in OPERATORS for t in TECHNOLOGIES}


@dataclass(frozen=True, slots=True)
class HiddenTruth:
    """Truth as tables, each with one column of true levels (dBm, -inf beyond all reach) per layer.

    Attributes
    ----------
    points : DataFrame
        lon, lat, row, column (of the run's grid), terrain, cover: several random points in each of a random
        choice of cells.
    villages : DataFrame
        village_id, commune_code, lon, lat, population, households, terrain, cover.
    houses : DataFrame
        lon, lat, village (row of ``villages``), hamlet (running number), seen_from (row of the nearest village point of
        the commune), people.
    people : DataFrame
        lon, lat, row, column, commune_code, people: parts of the pixels of the population raster as it was given;
        no truth.
    """

    points: pd.DataFrame
    villages: pd.DataFrame
    houses: pd.DataFrame
    people: pd.DataFrame


def _levels(levels: Levels) -> dict[str, npt.NDArray[np.float32]]:
    return {name: levels.level_dbm[key] for name, key in LAYERS.items()}


def hidden_truth(
    sample: SampleProvince, grid: Grid, inside: _Bool, *, cells: int, points: int, rng: np.random.Generator
) -> HiddenTruth:
    """Return the truth of a province at the places where it is asked for.

    Parameters
    ----------
    sample : SampleProvince
    grid : Grid
        Of the run.
    inside : (rows, columns) bool array
        Cells of the province.
    cells, points : int
        How many cells are drawn (without replacement; all, if there are fewer), and points in each.
    rng : numpy.random.Generator
    """
    return HiddenTruth(
        _points(sample, grid, inside, cells, points, rng), _villages(sample), _houses(sample), _people(sample, grid)
    )


def _points(
    sample: SampleProvince, grid: Grid, inside: _Bool, cells: int, points: int, rng: np.random.Generator
) -> pd.DataFrame:
    every = np.flatnonzero(inside)
    chosen = np.repeat(np.sort(rng.choice(every, min(cells, len(every)), replace=False)), points)
    row, column = np.divmod(chosen, grid.columns)
    x = grid.x_min + (column + rng.random(len(chosen))) * grid.cell_size
    y = grid.y_max - (row + rng.random(len(chosen))) * grid.cell_size
    lon, lat = to_wgs84(x, y, grid.epsg)
    frame = pd.DataFrame({"lon": lon, "lat": lat, "row": row, "column": column})
    frame["terrain"] = terrain_class(sample.radio.terrain, lon, lat)
    frame["cover"] = cover_class(sample.land_cover, sample.radio.terrain, lon, lat)
    return frame.assign(**_levels(sample.radio.levels(lon, lat)))


def _villages(sample: SampleProvince) -> pd.DataFrame:
    given = sample.settlements.villages
    lon, lat = given["lon"].to_numpy(), given["lat"].to_numpy()
    frame = given[["village_id", "lon", "lat", "population", "households"]].reset_index(drop=True)
    frame.insert(1, "commune_code", [commune_code(int(k)) for k in given["commune"]])
    frame["terrain"] = terrain_class(sample.radio.terrain, lon, lat)
    frame["cover"] = cover_class(sample.land_cover, sample.radio.terrain, lon, lat)
    return frame.assign(**_levels(sample.radio.levels(lon, lat)))


def _houses(sample: SampleProvince) -> pd.DataFrame:
    villages, hamlets, houses = (getattr(sample.settlements, n) for n in ("villages", "hamlets", "buildings"))
    hamlet = houses["hamlet"].to_numpy()
    village = hamlets["village"].to_numpy()[hamlet]
    lon, lat = houses["lon"].to_numpy(), houses["lat"].to_numpy()
    frame = pd.DataFrame({"lon": lon, "lat": lat, "village": village, "hamlet": hamlet})
    frame["seen_from"] = _nearest_village(villages, lon, lat, village)
    frame["people"] = (villages["population"] / villages["households"]).to_numpy()[village]
    return frame.assign(**_levels(sample.radio.levels(lon, lat)))


def _nearest_village(
    villages: pd.DataFrame, lon: _F64, lat: _F64, village: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    commune = villages["commune"].to_numpy()
    at = np.column_stack(to_metres(villages["lon"].to_numpy(), villages["lat"].to_numpy()))
    houses = np.column_stack(to_metres(lon, lat))
    out = np.empty(len(lon), dtype=np.int64)
    for k in np.unique(commune):
        members, mine = np.flatnonzero(commune == k), commune[village] == k
        out[mine] = members[cKDTree(at[members]).query(houses[mine])[1]]
    return out


def _people(sample: SampleProvince, grid: Grid) -> pd.DataFrame:
    """Return a ninth of each populated pixel at each of nine places in it."""
    lattice, label = sample.population_lattice, sample.units.label
    row, column = np.nonzero((sample.population > 0) & (label >= 0))
    steps = (np.arange(3) - 1) / 3
    di, dj = (a.ravel() for a in np.meshgrid(steps, steps, indexing="ij"))
    lon = lattice.west_deg + (column[:, None] + 0.5 + dj) * lattice.step_deg
    lat = lattice.north_deg - (row[:, None] + 0.5 + di) * lattice.step_deg
    frame = pd.DataFrame({"lon": lon.ravel(), "lat": lat.ravel()})
    frame["row"], frame["column"] = located(grid, frame["lon"].to_numpy(), frame["lat"].to_numpy())
    codes = np.asarray([commune_code(int(k)) for k in label[row, column]], dtype=object)
    frame["commune_code"] = np.repeat(codes, len(di))
    frame["people"] = np.repeat(sample.population[row, column] / len(di), len(di))
    return frame[frame["row"] >= 0].reset_index(drop=True)


def located(grid: Grid, lon: _F64, lat: _F64) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return row and column of the cell that holds each position; -1 outside."""
    return grid.locate(*from_wgs84(lon, lat, grid.epsg))


def served_by_operator(
    frame: pd.DataFrame, levels_dbm: Mapping[str, float], counting: Sequence[str]
) -> dict[str, dict[str, _Bool]]:
    """Return, per operator and technology that counts, where the true level reaches the planning level."""
    out: dict[str, dict[str, _Bool]] = {}
    for name, (operator, technology) in LAYERS.items():
        if technology in counting:
            out.setdefault(operator, {})[technology] = frame[name].to_numpy() >= levels_dbm[technology]
    return out


def village_truth(
    truth: HiddenTruth, levels_dbm: Mapping[str, float], counting: Sequence[str], weak_households: float
) -> pd.DataFrame:
    """Return the true class of each village by the definitions of the product, and what stands behind it.

    Returns
    -------
    DataFrame
        Indexed by village_id: commune_code, white, class (white, weak, no_4g, single_operator, served), weak (the point is
        served and a hamlet of the village has ``weak_households`` houses without any operator), weak_seen (the
        same with each house counted for the nearest village of its commune, as who has no hamlets must), operators,
        dark_people (people of its houses without any operator).
    """
    at_points, at_houses = (
        {o: np.any(list(t.values()), axis=0) for o, t in served_by_operator(f, levels_dbm, counting).items()}
        for f in (truth.villages, truth.houses)
    )
    operators = np.sum(list(at_points.values()), axis=0)
    dark = ~np.any(list(at_houses.values()), axis=0)
    houses = truth.houses.assign(dark=dark)
    n = len(truth.villages)

    def clusters(owner: str) -> _Bool:
        size = houses.groupby([owner, "hamlet"])["dark"].sum()
        large = size[size >= weak_households].index.get_level_values(owner)
        return np.isin(np.arange(n), large.to_numpy())

    served = served_by_operator(truth.villages, levels_dbm, counting)
    newer = np.any([v for t in served.values() for k, v in t.items() if k in ("4G", "5G")], axis=0)
    reached = operators > 0
    weak = reached & clusters("village")
    kind = np.select(
        [~reached, weak, reached & ~newer, operators == 1], ["white", "weak", "no_4g", "single_operator"], "served"
    )
    dark_people = np.bincount(houses["village"], weights=houses["people"] * dark, minlength=n)
    return pd.DataFrame(
        {
            "commune_code": truth.villages["commune_code"].to_numpy(), "white": ~reached, "class": kind, "weak": weak,
            "weak_seen": reached & clusters("seen_from"), "operators": operators, "dark_people": dark_people,
        },
        index=pd.Index(truth.villages["village_id"], name="village_id"),
    )  # fmt: skip
