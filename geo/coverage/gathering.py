"""From tiles to whole layers, one at a time: rasters for people, stacks for the stages that follow.

No more than one array of the whole grid is held at once; a stack is read memory-mapped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.coverage.pieces import TileTask
from geo.coverage.states import State
from geo.grid import Grid
from geo.io.rasters import read_array, write_array, write_raster, write_stack
from geo.io.resources import load_toml
from geo.propagation.entry import USES

__all__ = ["FUSED_STACKS", "STACKS", "LayerTask", "Tiles", "write_layer", "write_stacks"]

#: Arrays kept for the stages that follow, one stack of all layers each.
STACKS = ("level_dbm", "probability", "margin_sd", "state", "reason", "server", "sd_db")
#: Kept besides of a fused prediction: what joint draws begin with.
FUSED_STACKS = ("prediction_dbm", "scale_db", "error_sd_db")
#: Rasters of a layer: name, array of the tile, unit.
_RASTERS = (
    ("rsrp_dbm", "level_dbm", "dBm"),
    ("state", "state", ""),
    ("second_margin_db", "second_margin_db", "dB"),
    ("server", "server", ""),
    ("sd_db", "sd_db", "dB"),
)
_FILL = {"state": State.OUTSIDE, "reason": 0, "server": -1, "all_by_use": State.OUTSIDE}


@dataclass(frozen=True, slots=True)
class Tiles:
    """Where the tiles of a grid lie and in which folder; small and picklable.

    Attributes
    ----------
    grid : Grid
        The whole.
    places : tuple of (name, first row, first column)
    folder : str
    """

    grid: Grid
    places: tuple[tuple[str, int, int], ...]
    folder: str

    @classmethod
    def of(cls, grid: Grid, tasks: Sequence[TileTask], folder: Path) -> Tiles:
        """Return the tiles of tasks that :func:`geo.coverage.pieces.write_tile` wrote into a folder."""
        return cls(grid, tuple((task.name, task.row, task.column) for task in tasks), str(folder))

    def read(self, array: str, *index: int) -> npt.NDArray[Any]:
        """Return one layer of an array over the whole grid.

        Parameters
        ----------
        array : str
            One of :data:`geo.coverage.pieces.TILE_ARRAYS`.
        *index : int
            Into the axes before rows and columns.

        Returns
        -------
        (rows, columns) array
            Where no tile is: NaN, outside, no reason or no server.
        """
        out: npt.NDArray[Any] | None = None
        for name, row, column in self.places:
            part = read_array(Path(self.folder) / f"{name}_{array}.npy", mapped=True)[index]
            if out is None:
                out = np.full(self.grid.shape, _FILL.get(array, np.nan), dtype=part.dtype)
            out[row : row + part.shape[0], column : column + part.shape[1]] = part
        if out is None:
            raise ValueError("no tile holds anything of the grid")
        return out


@dataclass(frozen=True, slots=True)
class LayerTask:
    """One layer to put together; picklable.

    Attributes
    ----------
    name : str
        Of its rasters: ``viettel_4g``; ``all`` for all operators together.
    layer : int or None
        Its place; None for all operators together.
    tiles : Tiles
    rasters : str
        Folder of the rasters.
    fused : bool
        Whether the tiles hold what fusion adds.
    """

    name: str
    layer: int | None
    tiles: Tiles
    rasters: str
    fused: bool = False


def write_layer(task: LayerTask, folder: Path) -> dict[str, Any]:
    """Write a layer's rasters, and its arrays into ``folder``; return counts (for ``compute.run_pieces``)."""
    rasters, tiles, grid = Path(task.rasters), task.tiles, task.tiles.grid
    record: dict[str, Any] = {"name": task.name}
    if task.layer is None:
        for use, name in enumerate(USES):
            state = tiles.read("all_by_use", use)
            write_array(_kept(folder, "all_by_use", use), state)
            middle = "" if name == "outdoor" else f"_{name}"
            write_raster(rasters / f"{task.name}{middle}_state.tif", state, grid, meanings=_state_meanings())
        return record
    for kind, array, unit in _RASTERS:
        values = tiles.read(array, task.layer)
        meanings = _state_meanings() if array == "state" else None
        write_raster(rasters / f"{task.name}_{kind}.tif", values, grid, unit=unit, meanings=meanings)
        if array in STACKS:
            write_array(_kept(folder, array, task.layer), values)
        if kind == "second_margin_db":
            known = values[np.isfinite(values)]
            record["second_margin_cells"] = int(known.size)
            record["second_margin_db_median"] = round(float(np.median(known)), 3) if known.size else None
    for use, name in enumerate(USES):
        values = tiles.read("probability", use, task.layer)
        if name == "outdoor":
            write_array(_kept(folder, "probability", task.layer), values)
        kind = "probability" if name == "outdoor" else f"{name}_probability"
        write_raster(rasters / f"{task.name}_{kind}.tif", values, grid)
    for array in ("margin_sd", "reason", *(FUSED_STACKS if task.fused else ())):
        write_array(_kept(folder, array, task.layer), tiles.read(array, task.layer))
    return record


def _state_meanings() -> dict[int, str]:
    """Return what the codes of a state raster mean, in both languages."""
    words = load_toml("results/explain.toml")["states"]
    return {int(code): f"{words[str(int(code))]['vi']} / {words[str(int(code))]['en']}" for code in State}


def _kept(folder: Path, array: str, layer: int) -> Path:
    return folder / f"layer_{array}_{layer}.npy"


def write_stacks(tiles: Tiles, layers: int, folder: Path, *, fused: bool = False) -> None:
    """Write ``<array>.npy`` of all layers and ``all_by_use.npy`` of all uses from what :func:`write_layer` left."""

    def each(array: str, count: int) -> Iterator[npt.NDArray[Any]]:
        for i in range(count):
            yield read_array(_kept(Path(tiles.folder), array, i))

    for array in (*STACKS, *(FUSED_STACKS if fused else ())):
        write_stack(folder / f"{array}.npy", each(array, layers), layers)
    write_stack(folder / "all_by_use.npy", each("all_by_use", len(USES)), len(USES))
