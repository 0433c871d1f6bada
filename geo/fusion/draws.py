"""Joint draws of a run's layers, cell by cell on request: what is possible together, given all that was measured.

Draw j of one layer and draw j of another belong together: each layer's standard normal numbers are those of the place,
which all layers share, and the layer's own, in the proportion that errors at one place have in common. Cells asked
for in one call hang together by the field's covariance; cells of two calls do so through what was measured alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from geo.fusion.kriging import draw_points
from geo.fusion.layer import served_share
from geo.fusion.settings import FusionSettings
from geo.fusion.tiles import load_field
from geo.grid import Grid
from geo.io.rasters import read_array

__all__ = ["LayerDraws"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LayerDraws:
    """Share of cells below the planning level in each of many draws.

    Attributes
    ----------
    folder : Path
        Stage folder with stacks and fields (:func:`geo.fusion.tiles.keep_fields`).
    names : tuple of str
        Of the fields, one per layer.
    thresholds_dbm : tuple of float
        Planning level of each layer; NaN none.
    grid : Grid
    settings : FusionSettings
    place_correlation : float
        Of the errors of two layers at one place whose best servers stand on two masts, 0 to 1.
    site_correlation : float
        The same where they stand on one mast, as 3G and 4G of one operator do, and often two operators: they share the path.
    mast : (r,) int64 array, optional
        Mast of each radio cell by its number in the run; without it every layer has masts of its own.
    """

    folder: Path
    names: tuple[str, ...]
    thresholds_dbm: tuple[float, ...]
    grid: Grid
    settings: FusionSettings
    place_correlation: float
    site_correlation: float = 0.0
    mast: _I64 | None = None

    def __call__(self, layer: int, row: _I64, column: _I64) -> _F64:
        """Return the share of each cell below the layer's planning level in each draw, (n, draws).

        0 to 1; 1 where no radio cell reaches, NaN where nothing is known (a list, a path or a planning level is missing).

        Parameters
        ----------
        layer : int
        row, column : (n,) int64 arrays
            Cells of the grid, none twice.
        """
        count = self.settings.draws
        out = np.full((len(row), count), np.nan)
        state = self._of("state", layer, row, column)
        unreached = (state == 4) & np.isneginf(self._of("margin_sd", layer, row, column).astype(np.float64))
        out[unreached] = 1.0
        threshold = self.thresholds_dbm[layer]
        prediction = self._of("prediction_dbm", layer, row, column).astype(np.float64)
        known = np.flatnonzero(np.isfinite(prediction) & (state != 6) & (state != 0))
        if not known.size or threshold != threshold:
            return out
        given_x, given_y = self.grid.centres()
        x, y = given_x[column[known]], given_y[row[known]]
        _, fitted = load_field(str(self.folder), self.names[layer], self.settings.standardised)
        scale = self._of("scale_db", layer, row, column)[known].astype(np.float64)
        error = self._of("error_sd_db", layer, row, column)[known].astype(np.float64)
        # By place, whatever the order of asking: the same cells give the same draws.
        order = np.lexsort((y, x))
        chance = np.random.default_rng(self.settings.seed)
        order = order[chance.permutation(len(order))]
        common, shared = chance.standard_normal((len(order), count)), chance.standard_normal(count)
        own = np.random.default_rng([self.settings.seed, layer + 1]).standard_normal((len(order), count))
        place, site = self.place_correlation, max(self.site_correlation, self.place_correlation)
        if self.mast is None:
            site = place
        normal = np.sqrt(place) * common + np.sqrt(1.0 - site) * own
        if site > place and self.mast is not None:
            server = self._of("server", layer, row, column)[known][order].astype(np.int64)
            at = row[known][order] * self.grid.columns + column[known][order]
            normal += np.sqrt(site - place) * self._of_masts(np.where(server >= 0, self.mast[np.maximum(server, 0)], -1 - layer), at)
        drawn = np.empty_like(normal)
        drawn[order] = draw_points(
            fitted.field, x[order], y[order], normal, expected_dbm=prediction[known][order], cell_size_m=self.grid.cell_size
        )  # fmt: skip
        level = prediction[known][:, None] + drawn * scale[:, None] + error[:, None] * shared[None]
        within = fitted.variogram.nugget_db2 * scale**2
        out[known] = 1.0 - served_share(level, within, threshold)
        return out

    def _of_masts(self, mast: _I64, cell: _I64) -> _F64:
        """Return normal numbers (n, draws) of cells and masts: the same for the same cell and mast, whichever layer asks."""
        out = np.empty((len(cell), self.settings.draws))
        for i, (m, c) in enumerate(zip(mast.tolist(), cell.tolist(), strict=True)):
            key = (int(self.settings.seed) & 0xFFFFFFFF, ((m & 0xFFFFFF) << 40) | (c & 0xFFFFFFFFFF))
            out[i] = np.random.Generator(np.random.Philox(key=key)).standard_normal(self.settings.draws)
        return out

    def _of(self, array: str, layer: int, row: _I64, column: _I64) -> npt.NDArray[np.generic]:
        return np.asarray(read_array(self.folder / f"{array}.npy", mapped=True)[layer, row, column])
