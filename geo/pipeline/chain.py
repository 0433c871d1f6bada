"""The chain behind a run's figures at one cell of its grid: prediction, corrections, measurements that weigh, error, probability.

What the run keeps is taken from it; what it does not keep is found again from what its stages left, by the arithmetic that
made it. So the parts add up to the rasters, and :attr:`LayerFigures.off_db` says by how much they do not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr

from geo.coverage.chain import LayerChain, layer_chains
from geo.coverage.gathering import FUSED_STACKS
from geo.errors import Bilingual, InputError
from geo.fusion.evidence import Evidence, cell_evidence
from geo.fusion.fitting import FittedField
from geo.fusion.kriging import krige
from geo.fusion.observations import Observations
from geo.fusion.settings import FusionSettings
from geo.fusion.tiles import joined_layers, load_field
from geo.fusion.weights import kriging_weights
from geo.io.files import read_json
from geo.io.rasters import read_array
from geo.pipeline.calibrating import MEASURED, MEASURED_ROWS, TERMS, group_names
from geo.pipeline.completed import CompletedRun
from geo.pipeline.predicting import layer_names

__all__ = ["Fused", "LayerFigures", "RowsOf", "RunChains", "Witness"]

_F64 = npt.NDArray[np.float64]
#: Terms whose sum is the correction they stand for; else they are not named (a sum held to its bounds has no terms).
_SAME_DB = 0.005


@dataclass(frozen=True, slots=True)
class RowsOf:
    """Rows of one file."""

    file: str
    sheet: str
    rows: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Witness:
    """A place of measurements that weighs in a cell's level.

    Attributes
    ----------
    away_m : float
    level_dbm : float
        Measured, as a level outdoors and without the phone's own offset; of "no service" the limit.
    expected_dbm : float
        By the corrected prediction there.
    censored : bool
        "No service": only that limit is known.
    weight : float
        Of kriging.
    part_db : float
        What it adds to the level: all of them together are the correction.
    samples, spots : int
    rows : tuple of RowsOf
        Behind it; empty where the run did not keep them.
    technology : str
        That was measured, where it is another one of the operator (:mod:`geo.fusion.likeness`): level and expectation are of that
        one; empty: the layer's own.
    """

    away_m: float
    level_dbm: float
    expected_dbm: float
    censored: bool
    weight: float
    part_db: float
    samples: int
    spots: int
    rows: tuple[RowsOf, ...]
    technology: str = ""


@dataclass(frozen=True, slots=True)
class Fused:
    """What the measurements near by make of a layer's corrected level.

    Attributes
    ----------
    prediction_dbm : float
        Corrected, before them.
    correction_db : float
    scale_db : float
        Spread of the field in the cell.
    kind_factor : float
        What of it the kind of ground does, over the law of the corrections; NaN where that was not found again.
    field_sd_db, within_sd_db, common_sd_db : float
        Parts of the standard deviation: the field as far as the measurements leave it open, the variation within the cell, the error that all levels share.
    before_sd_db : float
        Standard deviation without any measurement near by.
    explained_share : float
        Of the field's variance, taken away by the measurements.
    own : Evidence or None
        What was measured in the cell itself; None without a planning level.
    witnesses : tuple of Witness
        Those of the greatest part first.
    reach_m : float
    """

    prediction_dbm: float
    correction_db: float
    scale_db: float
    kind_factor: float
    field_sd_db: float
    within_sd_db: float
    common_sd_db: float
    before_sd_db: float
    explained_share: float
    own: Evidence | None
    witnesses: tuple[Witness, ...]
    reach_m: float

    @property
    def level_dbm(self) -> float:
        """Prediction and correction."""
        return self.prediction_dbm + self.correction_db

    @property
    def sd_db(self) -> float:
        """All parts together."""
        return math.sqrt(self.field_sd_db**2 + self.within_sd_db**2 + self.common_sd_db**2)


@dataclass(frozen=True, slots=True)
class LayerFigures:
    """A layer at a cell: what the rasters have, and how it came about.

    Attributes
    ----------
    operator, technology : str
    state, reason : int
    level_dbm, probability, sd_db, margin_sd : float
        Of the run's arrays.
    threshold_dbm : float
    chain : LayerChain or None
        None where no radio cell's level is known here, or the ground could not be read again (:attr:`RunChains.why_no_ground`).
    terms : mapping of str to mapping
        Correction (``bias``, ``slope``, ``weight``) to its terms of all, of the group and of the site, dB; empty where they were not kept.
    fused : Fused or None
        None of an uncorrected run, or where no level is stated.
    """

    operator: str
    technology: str
    state: int
    reason: int
    level_dbm: float
    probability: float
    sd_db: float
    margin_sd: float
    threshold_dbm: float
    chain: LayerChain | None
    terms: Mapping[str, Mapping[str, float]]
    fused: Fused | None

    @property
    def sum_dbm(self) -> float:
        """The chain's end: what the level must be."""
        if self.fused is not None:
            return self.fused.level_dbm
        return math.nan if self.chain is None else self.chain.mean_dbm

    @property
    def sum_sd_db(self) -> float:
        """The standard deviation that the probability is of."""
        if self.fused is not None:
            return self.fused.sd_db
        return math.nan if self.chain is None else self.chain.sd_db

    @property
    def sum_probability(self) -> float:
        """Phi((level − planning level) / sd)."""
        level = self.sum_dbm if self.fused is not None or self.chain is None else self.chain.decides.level_dbm
        return float(ndtr((level - self.threshold_dbm) / self.sum_sd_db)) if self.sum_sd_db > 0 else math.nan

    @property
    def off_db(self) -> float:
        """How far the chain's end lies from the raster; NaN where one of them is not known."""
        return abs(self.sum_dbm - self.level_dbm)


class RunChains:
    """Chains of a completed run.

    Parameters
    ----------
    run : CompletedRun
    project_file : Path, optional
        Where it is not found by itself.
    """

    def __init__(self, run: CompletedRun, project_file: Path | None = None) -> None:
        self.run = run
        self._project_file = project_file
        self.why_no_ground: Bilingual | None = None

    def at(self, cell: tuple[int, int]) -> list[LayerFigures]:
        """Return the figures of all layers at a cell of the grid (row, column) of the area."""
        coverage, run = self.run.predicted.coverage, self.run
        chains = self._chains(cell)
        levels = run.settings["coverage"]["levels_dbm"]
        out = []
        for i, (operator, technology) in enumerate(coverage.layers):
            place = (i, *cell)
            level = float(coverage.level_dbm[place])
            fused = self._fused(i, cell, chains[i]) if self._stacks and math.isfinite(level) else None
            out.append(
                LayerFigures(
                    operator, technology, int(coverage.state[place]), int(coverage.reason[place]), level, float(coverage.probability[place]),
                    math.nan if coverage.sd_db is None else float(coverage.sd_db[place]), float(coverage.margin_sd[place]),
                    float(levels.get(technology, math.nan)), chains[i], {} if chains[i] is None else self._terms(chains[i]), fused,
                )
            )
        return out

    def radio_cell(self, index: int) -> pd.Series:
        """Return the row of a radio cell in the run's table."""
        if self._radio is None:
            raise KeyError(index)
        return pd.Series(self._radio[0].iloc[index])

    @property
    def deep_from_db(self) -> float:
        """Diffraction loss from which its deeper weight counts; NaN of an uncorrected run."""
        return math.nan if self.run.corrections is None else self.run.corrections.deep_from_db

    # -- what the run keeps

    @cached_property
    def _radio(self) -> Any:
        return self.run.radio_cells()

    @cached_property
    def _fitted_terms(self) -> dict[tuple[str, str], float]:
        path = self.run.folders["calibration"] / TERMS
        if not path.is_file():
            return {}
        return {(str(family), str(member)): float(value) for family, member, value, _ in read_json(path)["terms"]}

    @cached_property
    def _stacks(self) -> dict[str, npt.NDArray[np.float32]]:
        folder = self.run.folders["coverage"]
        names = FUSED_STACKS if all((folder / f"{n}.npy").is_file() for n in FUSED_STACKS) else ()
        return {name: read_array(folder / f"{name}.npy", mapped=True) for name in names}

    @cached_property
    def _settings(self) -> FusionSettings:
        return FusionSettings(**{name: value for name, value in self.run.settings["fusion"].items() if name})

    @cached_property
    def _measured(self) -> _F64:
        return read_array(self.run.folders["calibration"] / MEASURED)

    @cached_property
    def _rows(self) -> tuple[npt.NDArray[np.int32], pd.DataFrame] | None:
        path, frame = self.run.folders["calibration"] / MEASURED_ROWS, self.run.input("measurements")
        if not path.is_file() or frame is None:
            return None
        pairs = read_array(path)
        return pairs[:, np.argsort(pairs[1], kind="stable")], frame[["file", "sheet", "row"]].reset_index(drop=True)

    # -- what is found again

    def _chains(self, cell: tuple[int, int]) -> list[LayerChain | None]:
        layers = self.run.predicted.coverage.layers
        if self._radio is None or self._radio[0].empty:
            return [None] * len(layers)
        try:
            ground = self.run.ground(self._project_file)
        except InputError as error:
            self.why_no_ground = error.message
            return [None] * len(layers)
        table, tables = self._radio
        return layer_chains(
            table, tables, layers, self.run.corrections, grid=self.run.predicted.coverage.grid, cell=cell, ground=ground,
            settings=self.run.coverage_settings,
        )  # fmt: skip

    def _terms(self, chain: LayerChain | None) -> Mapping[str, Mapping[str, float]]:
        """Return the terms of the corrections of the best server, those whose sum is the correction."""
        fitted = self._fitted_terms
        if chain is None or not fitted or self._radio is None:
            return {}
        server = chain.server
        row = self._radio[0].iloc[[server.index]].reset_index(drop=True)
        group, site = str(group_names(row).iloc[0]), f"{row.at[0, 'operator']} {row.at[0, 'site_id']}"
        found = {
            "bias": {"all": fitted.get(("bias", "")), "group": fitted.get(("bias_group", group)), "site": fitted.get(("site", site))},
            "slope": {"all": fitted.get(("slope", "")), "group": fitted.get(("slope_group", group))},
            "weight": {"all": fitted.get(("diffraction", "")), "group": fitted.get(("diffraction_group", group))},
        }
        times = {"bias": 1.0, "slope": server.decades, "weight": -server.diffraction_db}
        total = {"bias": server.bias_db, "slope": server.slope_db, "weight": server.weight_db}
        out = {}
        for name, of in found.items():
            parts = {who: times[name] * value for who, value in of.items() if value is not None}
            if parts and abs(sum(parts.values()) - total[name]) < _SAME_DB:
                out[name] = parts
        return out

    def _fused(self, layer: int, cell: tuple[int, int], chain: LayerChain | None) -> Fused:
        run, settings = self.run, self._settings
        coverage = run.predicted.coverage
        grid, technology = coverage.grid, coverage.layers[layer][1]
        prediction, scale, common = (float(self._stacks[name][layer, *cell]) for name in FUSED_STACKS)
        given, fitted = load_field(str(run.folders["coverage"]), f"field_{layer_names(coverage.layers)[layer]}", settings.standardised)
        x_axis, y_axis = grid.centres()
        x, y = np.array([x_axis[cell[1]]]), np.array([y_axis[cell[0]]])
        kriged = krige(fitted.field, x, y, expected_dbm=np.array([prediction]), cell_size_m=grid.cell_size)
        variance, sill, nugget = float(kriged.variance[0]), fitted.variogram.sill_db2, fitted.variogram.nugget_db2
        threshold = run.settings["coverage"]["levels_dbm"].get(technology)
        half = 0.5 * grid.cell_size
        here = (given.x_m >= x[0] - half) & (given.x_m < x[0] + half) & (given.y_m >= y[0] - half) & (given.y_m < y[0] + half)
        return Fused(
            prediction, float(kriged.mean[0]) * scale, scale, math.nan if chain is None else scale / chain.sd_db,
            math.sqrt(variance) * scale, math.sqrt(nugget) * scale, common, math.sqrt((sill + nugget) * scale**2 + common**2),
            1.0 - variance / sill if sill > 0 else 0.0,
            None if threshold is None else cell_evidence(given.take(here), x, y, grid.cell_size, float(threshold)),
            self._witnesses(layer, (float(x[0]), float(y[0])), prediction, scale, fitted), fitted.field.reach_m,
        )  # fmt: skip

    def _witnesses(
        self, layer: int, place: tuple[float, float], prediction: float, scale: float, fitted: FittedField
    ) -> tuple[Witness, ...]:
        coverage, field = self.run.predicted.coverage, fitted.field
        which, weight = kriging_weights(field, *place, expected_dbm=prediction, cell_size_m=coverage.grid.cell_size)
        every, folder, names = self._measured, str(self.run.folders["coverage"]), layer_names(coverage.layers)
        of_kind = joined_layers(folder, f"field_{names[layer]}")
        fields = [load_field(folder, f"field_{names[i]}", self._settings.standardised) for i in of_kind]
        found = []
        for j, w in zip(which.tolist(), weight.tolist(), strict=True):
            kind = int(field.kind[j])
            (given, theirs), mine = fields[kind], np.flatnonzero(every[0] == of_kind[kind])
            # In the units of its own field; see geo.fusion.likeness.joined_field.
            value = float(field.value[j]) * math.sqrt(theirs.variogram.sill_db2 / fitted.variogram.sill_db2)
            at = _observation(given, float(field.x_m[j]), float(field.y_m[j]), value)
            columns = _columns(every, mine, given, at)
            level = float(every[3, columns[0]]) if columns.size else math.nan
            found.append(
                Witness(
                    math.hypot(float(field.x_m[j]) - place[0], float(field.y_m[j]) - place[1]), level, float(given.expected_dbm[at]),
                    bool(given.censored[at]), w, w * float(field.value[j]) * scale, int(given.samples[at]), int(given.spots[at]), self._rows_of(columns),
                    coverage.layers[of_kind[kind]][1] if kind else "",
                )
            )
        return tuple(sorted(found, key=lambda one: (-abs(one.part_db), one.away_m)))

    def _rows_of(self, columns: npt.NDArray[np.int64]) -> tuple[RowsOf, ...]:
        kept = self._rows
        if kept is None or not columns.size:
            return ()
        pairs, frame = kept
        first, last = (np.searchsorted(pairs[1], columns, side=side) for side in ("left", "right"))
        taken = np.unique(np.concatenate([pairs[0, a:b] for a, b in zip(first.tolist(), last.tolist(), strict=True)]))
        rows = frame.iloc[taken]
        return tuple(
            RowsOf(str(file), str(sheet), np.sort(part["row"].to_numpy(np.int64)))
            for (file, sheet), part in rows.groupby(["file", "sheet"], sort=True)
        )


def _observation(given: Observations, x_m: float, y_m: float, value: float) -> int:
    """Return which observation an item of the field is: at its place, and of its value unless that stands for silence."""
    here = np.flatnonzero((given.x_m == x_m) & (given.y_m == y_m))
    same = here[~given.censored[here] & np.isclose(given.residual_db[here], value, rtol=1e-9, atol=1e-12)]
    silent = here[given.censored[here]]
    return int(next(part[0] for part in (same, silent, here) if part.size))


def _columns(every: _F64, mine: npt.NDArray[np.int64], given: Observations, at: int) -> npt.NDArray[np.int64]:
    """Return the places of the calibration's file that an observation is; several only where nothing tells them apart."""
    wanted = (given.x_m[at], given.y_m[at], given.samples[at], given.spots[at], float(given.censored[at]))
    same = np.all([every[k, mine] == v for k, v in zip((1, 2, 5, 6, 7), wanted, strict=True)], axis=0)
    found = mine[same]
    if len(found) > 1 and math.isfinite(given.level_dbm[at]):
        closer = found[every[3, found] == given.level_dbm[at]]
        found = closer if closer.size else found
    return found

