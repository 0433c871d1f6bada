"""The drive tests as the simple methods take them: what each row says of each layer, put together in squares.

Read from the files of the province by the product's readers, so that no method has better eyes than another.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.crs import from_wgs84
from geo.io.inputs import read_inputs
from geo.io.project import read_project
from geo.io.resources import issue_catalogue, load_toml
from geo.radio import TECHNOLOGIES
from geo.validation import IssueLog

__all__ = ["LayerSamples", "layer_samples", "read_measured", "squares"]

_F64 = npt.NDArray[np.float64]
_ONLY_MEASURED = "only_measured.toml"
#: A phone that was not locked and heard nothing is not known to have looked for 5G.
_LOOKED_FOR = ("3G", "4G")


@dataclass(frozen=True, slots=True)
class LayerSamples:
    """What the rows say of one layer.

    Attributes
    ----------
    x_m, y_m : (n,) float64 arrays
        In the run's grid.
    level_dbm : (n,) float64 array
        Outdoors: the loss of the vehicle is added back; of silent rows the phone's detection limit, likewise.
    silent : (n,) bool array
    """

    x_m: _F64
    y_m: _F64
    level_dbm: _F64
    silent: npt.NDArray[np.bool_]


def read_measured(folder: Path) -> pd.DataFrame:
    """Return the measurements of a province's folder."""
    content = tomllib.loads((folder / "project.toml").read_text(encoding="utf-8"))
    lines = ["[project]"]
    lines += [f"{name} = {json.dumps(content['project'][name], ensure_ascii=False)}" for name in ("name", "province", "operators")]
    lines += [f"date = {content['project']['date']}", "[inputs]", 'boundaries = "communes.parquet"']
    lines += [f"measurements = {json.dumps(content['inputs']['measurements'])}", "[rules]"]
    lines += [f"{name} = {json.dumps(value)}" for name, value in content["rules"].items()]
    path = folder / _ONLY_MEASURED
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = read_inputs(read_project(path), IssueLog(issue_catalogue())).measurements
    if found is None:
        raise ValueError(f"no measurements could be read in {folder.name}")
    return found


def layer_samples(
    measured: pd.DataFrame, operator: str, technology: str, *, epsg: int, vehicle_loss_db: float, guessing: bool = False
) -> LayerSamples:
    """Return what the rows of an operator say of one of its technologies.

    A level on the technology says it. "No service" of a phone locked to it, or of one that was free to choose (2G to
    4G), says that the level was at most the detection limit. Everything else says nothing. Rows slower than a walk
    were not in a vehicle; those without a speed were.

    Parameters
    ----------
    measured : DataFrame
        See :func:`read_measured`.
    operator, technology : str
    epsg : int
        Of the grid.
    vehicle_loss_db : float
    guessing : bool
        Take a phone that was free to choose and chose an older technology, or none, for silent on this one, if it was
        ever seen on it. The product must not (silence is never absence); the simple methods are at their
        best with it, since phones name 5G only where there is some.
    """
    settings = load_toml("defaults.toml")["calibration"]
    rows = measured[(measured["operator"] == operator) & ~measured["foreign"]]
    on, lock = (rows[name].to_numpy(dtype=object) for name in ("technology", "locked_technology"))
    nothing = rows["no_service"].to_numpy(dtype=bool)
    silent = nothing & ((lock == technology) | ((lock == "") & (technology in _LOOKED_FOR)))
    if guessing:
        able = rows["device"].isin(measured.loc[measured["technology"] == technology, "device"]).to_numpy()
        older = np.isin(on, TECHNOLOGIES[: TECHNOLOGIES.index(technology)])
        silent |= able & (lock == "") & (nothing | older)
    level = rows["level_dbm"].to_numpy(dtype=np.float64)
    heard = (on == technology) & ~nothing & np.isfinite(level)
    walking = rows["speed_kmh"].to_numpy(dtype=np.float64) < settings["indoor_speed_kmh"]["value"]
    outdoors = np.where(silent, settings["locked_limit_dbm"]["value"], level) + np.where(walking, 0.0, vehicle_loss_db)
    use = heard | silent
    x, y = from_wgs84(rows["lon"].to_numpy()[use], rows["lat"].to_numpy()[use], epsg)
    return LayerSamples(x, y, outdoors[use], silent[use])


def squares(samples: LayerSamples, side_m: float, values: _F64) -> tuple[_F64, _F64, _F64, _F64]:
    """Return mean x, y and value, and the number of samples, per square of the plane that holds any."""
    key = np.column_stack([np.floor(samples.x_m / side_m), np.floor(samples.y_m / side_m)]).astype(np.int64)
    _, owner = np.unique(key, axis=0, return_inverse=True)
    count = np.bincount(owner).astype(np.float64)
    x, y, value = (np.bincount(owner, weights=v) / count for v in (samples.x_m, samples.y_m, values))
    return x, y, value, count
