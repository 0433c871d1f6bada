"""What each method says at the places of the truth, kept small, so that scores need no run folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.crs import from_wgs84
from geo.grid import Grid
from tests.truth.hidden import HiddenTruth, located
from tests.truth.measured import layer_samples
from tests.truth.run_surface import FIGURES, RunSurface
from tests.truth.simple_methods import fit_circles, fit_plain_kriging
from tests.truth.strata import nearest_km
from tests.truth.village_scores import nobody_probability, point_class

__all__ = ["SIMPLE_METHODS", "Extract", "run_extract", "sample_distances", "simple_extracts"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
Said = Mapping[str, Mapping[str, _F64]]
SIMPLE_METHODS = ("circles", "kriging")


@dataclass(frozen=True, slots=True)
class Extract:
    """What one method says.

    Attributes
    ----------
    points : DataFrame
        One row per point of the truth; ``<layer>:<figure>`` columns, float32.
    villages : DataFrame
        village_id, said ("served", "white", "undecided": of the point), nobody (chance that no operator serves), and of a
        run its own class and weak ("true", "false", "").
    communes : DataFrame
        commune_code, population, listed, undecided, expected: people without any operator by states (for sure, perhaps), and
        as a mean by probabilities; of a run also table_listed and table_undecided, from its own table.
    """

    points: pd.DataFrame
    villages: pd.DataFrame
    communes: pd.DataFrame


def _figures(said: Said, figures: tuple[str, ...] = FIGURES) -> pd.DataFrame:
    return pd.DataFrame({f"{layer}:{f}": said[layer][f].astype(np.float32) for layer in said for f in figures})


def _at_places(said: Said, layers: Mapping[str, tuple[str, str]]) -> tuple[npt.NDArray[np.str_], _F64]:
    """Return class and chance of nobody at places."""
    operators = tuple(dict.fromkeys(o for o, _ in layers.values()))
    state = {layers[name]: said[name]["state"] for name in said}
    chance = {layers[name]: said[name]["probability"] for name in said}
    return point_class(state, operators), nobody_probability(chance, operators)


def _communes(people: pd.DataFrame, said: Said, layers: Mapping[str, tuple[str, str]], totals: pd.Series) -> pd.DataFrame:
    """Return people per commune; the raster's are scaled to the commune's total, as the product does."""
    kind, nobody = _at_places(said, layers)
    n = people["people"].to_numpy(dtype=np.float64)
    frame = pd.DataFrame(
        {
            "commune_code": people["commune_code"], "all": n, "listed": n * (kind == "white"), "undecided": n * (kind == "undecided"),
            "expected": np.where(np.isnan(nobody), 0.0, n * nobody), "stated": np.where(np.isnan(nobody), 0.0, n),
        }
    )  # fmt: skip
    sums = frame.groupby("commune_code").sum()
    population = totals.reindex(sums.index)
    out = pd.DataFrame({"population": population})
    for column in ("listed", "undecided"):
        out[column] = population * sums[column] / sums["all"]
    out["expected"] = population * sums["expected"] / sums["stated"].where(sums["stated"] > 0)
    return out.reset_index()


def _totals(run: RunSurface) -> pd.Series:
    table = run.table("communes")
    return pd.Series(pd.to_numeric(table["population"]).to_numpy(), index=table["commune_code"])


def run_extract(run: RunSurface, truth: HiddenTruth) -> Extract:
    """Return what a run says."""
    points = run.at(truth.points["row"].to_numpy(), truth.points["column"].to_numpy())
    row, column = located(run.grid, truth.villages["lon"].to_numpy(), truth.villages["lat"].to_numpy())
    said, nobody = _at_places(run.at(row, column), run.layers)
    villages = pd.DataFrame({"village_id": truth.villages["village_id"], "said": said, "nobody": nobody})
    table = run.table("villages").set_index("village_id").reindex(villages["village_id"])
    if table["class"].isna().any():
        raise ValueError("villages.csv does not hold every village of the province")
    villages["class"], villages["weak"] = table["class"].to_numpy(), table["weak"].str.lower().to_numpy()
    at_people = run.at(truth.people["row"].to_numpy(), truth.people["column"].to_numpy())
    communes = _communes(truth.people, at_people, run.layers, _totals(run)).set_index("commune_code")
    own = run.table("communes").set_index("commune_code")
    shares = {
        n: pd.to_numeric(own[f"population_{n}_share"], errors="coerce") for n in ("unserved", "uncertain", "unknown")
    }
    communes["table_listed"] = communes["population"] * shares["unserved"]
    communes["table_undecided"] = communes["population"] * (shares["uncertain"] + shares["unknown"])
    return Extract(_figures(points), villages, communes.reset_index())


def simple_extracts(
    truth: HiddenTruth, measured: pd.DataFrame, run: RunSurface, rng: np.random.Generator
) -> tuple[dict[str, Extract], pd.DataFrame]:
    """Return what circles and kriging say, of the same cells and with the same cuts as a run, and what was fitted.

    Parameters
    ----------
    truth : HiddenTruth
    measured : DataFrame
        See :func:`tests.truth.measured.read_measured`.
    run : RunSurface
        Gives grid, planning levels, cuts, the loss of a vehicle, the listed radio cells, and people per commune.
    rng : numpy.random.Generator
    """
    radio = run.radio_cells()
    places = [truth.points, truth.villages, truth.people]
    cells = [_cells(run.grid, frame) for frame in places]
    every, back = np.unique(np.concatenate(cells), return_inverse=True)
    parts = np.split(back, np.cumsum([len(c) for c in cells])[:-1])
    centre_x, centre_y = run.grid.centres()
    row, column = np.divmod(every, run.grid.columns)
    x, y = centre_x[column], centre_y[row]
    said: dict[str, dict[str, dict[str, _F64]]] = {name: {} for name in SIMPLE_METHODS}
    fitted = []
    for layer, (operator, technology) in run.layers.items():
        samples = layer_samples(
            measured, operator, technology, epsg=run.grid.epsg, vehicle_loss_db=run.vehicle_loss_db, guessing=True
        )
        mine = radio[(radio["operator"] == operator) & (radio["technology"] == technology)]
        mine = mine.drop_duplicates(["lon", "lat"])
        site_x, site_y = from_wgs84(mine["lon"].to_numpy(), mine["lat"].to_numpy(), run.grid.epsg)
        threshold = run.levels_dbm[technology]
        circles = fit_circles(samples, site_x, site_y, threshold)
        kriging = fit_plain_kriging(samples, threshold, run.cuts, rng)
        for name, method in (("circles", circles), ("kriging", kriging)):
            found = method.estimate(x, y)
            said[name][layer] = {figure: getattr(found, figure) for figure in FIGURES}
        fitted.append(
            {
                "layer": layer, "rows": len(samples.x_m), "silent": int(samples.silent.sum()), "squares": len(kriging.x_m),
                "radius_km": circles.radius_km, "logarithmic": circles.logarithmic, "constant": circles.constant, "slope": circles.slope,
                "sill_db2": kriging.sill_db2, "length_m": kriging.length_m, "nugget_db2": kriging.nugget_db2,
            }
        )  # fmt: skip
    out = {}
    for name in SIMPLE_METHODS:
        points, villages, people = (
            {layer: {f: v[part] for f, v in figures.items()} for layer, figures in said[name].items()} for part in parts
        )
        kind, nobody = _at_places(villages, run.layers)
        frame = pd.DataFrame({"village_id": truth.villages["village_id"], "said": kind, "nobody": nobody})
        out[name] = Extract(_figures(points), frame, _communes(truth.people, people, run.layers, _totals(run)))
    return out, pd.DataFrame(fitted)


def _cells(grid: Grid, frame: pd.DataFrame) -> _I64:
    """Return the number of the cell of each place."""
    if "row" in frame.columns:
        row, column = frame["row"].to_numpy(), frame["column"].to_numpy()
    else:
        row, column = located(grid, frame["lon"].to_numpy(), frame["lat"].to_numpy())
    if (row < 0).any():
        raise ValueError("places must lie within the grid")
    return np.asarray(row * grid.columns + column, dtype=np.int64)


def sample_distances(truth: HiddenTruth, measured: pd.DataFrame, run: RunSurface) -> tuple[pd.DataFrame, _F64]:
    """Return km from each point to the nearest sample that says anything of the layer, per layer; and from each village to any.

    Returns
    -------
    points : DataFrame
        One column per layer.
    villages : (n,) float64 array
    """
    epsg = run.grid.epsg
    x, y = from_wgs84(truth.points["lon"].to_numpy(), truth.points["lat"].to_numpy(), epsg)
    vx, vy = from_wgs84(truth.villages["lon"].to_numpy(), truth.villages["lat"].to_numpy(), epsg)
    nearest, of_villages = {}, np.full(len(vx), np.inf)
    for layer, (operator, technology) in run.layers.items():
        s = layer_samples(measured, operator, technology, epsg=epsg, vehicle_loss_db=run.vehicle_loss_db)
        nearest[layer] = nearest_km(x, y, s.x_m, s.y_m)
        of_villages = np.minimum(of_villages, nearest_km(vx, vy, s.x_m, s.y_m))
    return pd.DataFrame(nearest), of_villages
