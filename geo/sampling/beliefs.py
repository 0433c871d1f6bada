"""What is believed of undecided villages, and how measuring at places would change it.

Places that may be measured are *sites of measurement*, numbered: first the stop at each village, then points of roads.
Of a village's layer the field at a random point of its cell, at the stops and road points near it and at the earlier measurements near it has
the covariance of the run's own field (distance and difference of expected levels, :class:`geo.fusion.variogram.Variogram`); given the earlier
measurements (Schur complement) what is left is how much a new one takes away. Only what lies near counts, as in the run's kriging.

A stop is the mean of m positions spread over the cell: with κ the mean correlation of two random points of the cell, its variance is
κ + (1 − κ)/m of the sill and its covariance with a random point κ; the nugget and the phone's noise are averaged over the m positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from geo.fusion.variogram import Variogram, correlation
from geo.sampling.chances import Cuts, LayerOutlook, layer_chances, village_chance
from geo.sampling.settings import SamplingSettings

__all__ = ["NEVER", "OWN_VISIT", "YES", "Beliefs", "EarlierMeasurements", "Measurable", "VillageLayers"]

_F64 = npt.NDArray[np.float64]
_Bool = npt.NDArray[np.bool_]
_I64 = npt.NDArray[np.int64]
_I8 = npt.NDArray[np.int8]
#: What can be proven of a layer: nothing, by samples in the village itself, by anything near.
NEVER, OWN_VISIT, YES = 0, 1, 2
#: Nodes of the two-point Gauss-Legendre rule on a side of a cell, from its middle, in sides.
_GAUSS = np.array([-0.5, 0.5]) / np.sqrt(3.0)
_JITTER = 1e-9
#: Noise of what is not measured, in sills.
_UNMEASURED = 1e12


@dataclass(frozen=True, slots=True, eq=False)
class Measurable:
    """Places where levels may be measured.

    Attributes
    ----------
    x_m, y_m : (n,) float64 arrays
        In the grid's CRS.
    expected_dbm : (layers, n) float64 array
        What the calibrated prediction expects; NaN: not predicted, nothing is learnt there.
    scale_db : (layers, n) float64 array
        Standard deviation of the prediction there: the field is in units of it.
    """

    x_m: _F64
    y_m: _F64
    expected_dbm: _F64
    scale_db: _F64

    def __len__(self) -> int:
        return len(self.x_m)


@dataclass(frozen=True, slots=True, eq=False)
class VillageLayers:
    """Layers of undecided villages as the run leaves them, (layers, n) arrays.

    Attributes
    ----------
    margin_db : float64
        Level expected after fusion less the planning level.
    field_variance : float64
        Of the smooth field at a random point of the cell, in squared scales (:func:`geo.fusion.kriging.krige`).
    error_sd_db : float64
        Of the corrections; no measurement of a place takes it away.
    may_serve, may_unserve : int8
        :data:`NEVER`, :data:`OWN_VISIT` or :data:`YES`.
    stays_unserved : bool
    mast : int64
        Of the best server; layers of one number share a mast.
    """

    margin_db: _F64
    field_variance: _F64
    error_sd_db: _F64
    may_serve: _I8
    may_unserve: _I8
    stays_unserved: _Bool
    mast: _I64


@dataclass(frozen=True, slots=True, eq=False)
class EarlierMeasurements:
    """The field of a layer: its covariance and where it was measured.

    Attributes
    ----------
    variogram : Variogram
        In squared scales.
    x_m, y_m, lift_m, noise : (m,) float64 arrays
        As :class:`geo.fusion.kriging.SmoothField` holds them; empty where nothing was measured.
    """

    variogram: Variogram
    x_m: _F64
    y_m: _F64
    lift_m: _F64
    noise: _F64


@dataclass(frozen=True, slots=True, eq=False)
class _Near:
    """What is near a village: sites of measurement, and per layer the covariance of its random point (first) and of them."""

    sites: _I64
    covariance: _F64
    noise: _F64


class Beliefs:
    """What is believed of undecided villages; asked how measuring at sites would change it.

    Parameters
    ----------
    villages : Measurable
        Their cells.
    layers : VillageLayers
    roads : Measurable
        Points of roads.
    fields : sequence of EarlierMeasurements
        One per layer.
    driven : (layers,) bool array
        Layers that are measured while driving.
    stopped : (layers, villages) bool array, optional
        Layers that are measured at each stop; all unless given.
    cuts : Cuts
    settings : SamplingSettings
    cell_size_m : float
    """

    def __init__(
        self,
        villages: Measurable,
        layers: VillageLayers,
        roads: Measurable,
        fields: Sequence[EarlierMeasurements],
        *,
        driven: _Bool,
        cuts: Cuts,
        settings: SamplingSettings,
        cell_size_m: float,
        stopped: _Bool | None = None,
    ) -> None:
        self.villages, self.layers, self.cuts = villages, layers, cuts
        self._roads, self._fields, self._settings, self._cell = roads, tuple(fields), settings, cell_size_m
        at_stops = np.ones(villages.expected_dbm.shape, dtype=bool) if stopped is None else stopped
        on_roads = np.repeat(np.asarray(driven, dtype=bool)[:, None], len(roads), axis=1)
        #: Whether a layer is measured at a site at all.
        self.looked_at = np.concatenate([at_stops, on_roads], axis=1)
        self._x = np.concatenate([villages.x_m, roads.x_m])
        self._y = np.concatenate([villages.y_m, roads.y_m])
        self._expected = np.concatenate([villages.expected_dbm, roads.expected_dbm], axis=1)
        self._scale = np.concatenate([villages.scale_db, roads.scale_db], axis=1)
        self._trees = [cKDTree(np.column_stack([f.x_m, f.y_m, f.lift_m])) if len(f.x_m) else None for f in self._fields]
        self._sites = self._sites_near()
        self._near: dict[int, _Near] = {}
        self._known: dict[tuple[int, bytes], float] = {}
        self.villages_of: list[list[int]] = [[] for _ in range(len(self._x))]
        for i, sites in enumerate(self._sites):
            for site in sites.tolist():
                self.villages_of[site].append(i)

    def __len__(self) -> int:
        return len(self.villages)

    @property
    def sites(self) -> int:
        """Number of sites of measurement: stops, then points of roads."""
        return len(self._x)

    def chance(self, village: int, measured: _Bool) -> float:
        """Return the probability that a village is decided once sites are measured.

        Parameters
        ----------
        village : int
        measured : (sites,) bool array
        """
        mine = measured[self._sites[village]]
        key = (village, mine.tobytes())
        if key not in self._known:
            self._known[key] = village_chance(self.outlook(village, measured), self.cuts) if mine.any() else 0.0
        return self._known[key]

    def expected(self, measured: _Bool) -> float:
        """Return the expected number of villages that are decided once sites are measured."""
        return float(sum(self.chance(i, measured) for i in range(len(self))))

    def layer_chance(self, village: int, measured: _Bool) -> _F64:
        """Return how likely each layer of a village gets decided, one way or the other."""
        served, unserved = layer_chances(self.outlook(village, measured), self.cuts)
        return served + np.where(self.layers.stays_unserved[:, village], 0.0, unserved)

    def outlook(self, village: int, measured: _Bool) -> LayerOutlook:
        """Return what the layers of a village look like once sites are measured."""
        near = self._near_of(village)
        mine = np.flatnonzero(measured[near.sites])
        taken = self._taken(near, mine)
        own = bool(measured[village])
        of, i = self.layers, village
        scale = np.where(np.isfinite(self.villages.scale_db[:, i]), self.villages.scale_db[:, i], 0.0)
        nugget = np.array([f.variogram.nugget_db2 for f in self._fields])
        left = np.maximum(of.field_variance[:, i] - taken, 0.0)
        rest = np.sqrt(scale**2 * (left + nugget) + of.error_sd_db[:, i] ** 2)
        needed = OWN_VISIT if own else YES
        return LayerOutlook(
            of.margin_db[:, i], scale * np.sqrt(taken), rest, of.may_serve[:, i] >= needed, of.may_unserve[:, i] >= needed,
            of.stays_unserved[:, i], of.mast[:, i],
        )  # fmt: skip

    def _taken(self, near: _Near, mine: _I64) -> _F64:
        """Return what measuring takes off the field's variance, per layer, in squared scales."""
        if not mine.size:
            return np.zeros(len(self._fields))
        at = mine + 1
        between = near.covariance[:, at[:, None], at[None, :]].copy()
        between[:, np.arange(len(mine)), np.arange(len(mine))] += near.noise[:, mine] + _JITTER
        own = near.covariance[:, 0, at]
        solved = np.linalg.solve(between, own[:, :, None])[:, :, 0]
        return np.asarray(np.clip((own * solved).sum(axis=1), 0.0, near.covariance[:, 0, 0]), dtype=np.float64)

    def _sites_near(self) -> list[_I64]:
        """Return the sites that count for each village: its own stop first, then the nearest others and points of roads."""
        n, s = len(self.villages), self._settings
        reach = max((f.variogram.reach_m(s.least_correlation) for f in self._fields), default=0.0)
        own = np.column_stack([self.villages.x_m, self.villages.y_m])
        found = [[i] for i in range(n)]
        for points, first, most in ((own, 0, s.near_stops + 1), (np.column_stack([self._roads.x_m, self._roads.y_m]), n, s.near_road_points)):
            if not len(points) or not n or not most:
                continue
            away, which = cKDTree(points).query(own, k=min(most, len(points)), distance_upper_bound=reach)
            away, which = away.reshape(n, -1), which.reshape(n, -1)
            for i in range(n):
                found[i] += [int(w) + first for a, w in zip(away[i], which[i], strict=True) if np.isfinite(a) and int(w) + first != i]
        return [np.array(each, dtype=np.int64) for each in found]

    def _near_of(self, village: int) -> _Near:
        if village not in self._near:
            parts = [self._layer_near(k, village) for k in range(len(self._fields))]
            self._near[village] = _Near(self._sites[village], np.stack([p[0] for p in parts]), np.stack([p[1] for p in parts]))
        return self._near[village]

    def _layer_near(self, layer: int, village: int) -> tuple[_F64, _F64]:
        """Return covariance given the earlier measurements (random point of the cell, then sites) and noise of the sites, in squared scales."""
        field, sites, s = self._fields[layer], self._sites[village], self._settings
        v, k, count = field.variogram, len(self._sites[village]), len(self)
        nothing = np.zeros((k + 1, k + 1)), np.full(k, _UNMEASURED)
        expected = self._expected[layer, sites]
        if not np.isfinite(expected[0]) or v.sill_db2 <= 0:
            return nothing
        known = np.isfinite(expected)
        place = np.column_stack([self._x[sites], self._y[sites], np.where(known, expected, 0.0) * v.level_m_per_db])
        stop = sites < count
        from_sites = v.sill_db2 * correlation(v.model, _apart(place, place) / v.length_m)
        kappa = self._within(v)
        m = s.positions_per_stop
        diagonal = np.where(stop, kappa + (1.0 - kappa) / m, 1.0) * v.sill_db2
        from_sites[np.arange(k), np.arange(k)] = diagonal
        prior = np.empty((k + 1, k + 1))
        prior[1:, 1:] = from_sites
        prior[0, 0] = v.sill_db2
        prior[0, 1:] = prior[1:, 0] = self._to_cell(v, place[0], place)
        prior[0, 1] = prior[1, 0] = v.sill_db2 * kappa
        noise = (v.nugget_db2 + (s.sample_noise_db / np.where(known, self._scale[layer, sites], 1.0)) ** 2) / np.where(stop, m, 1)
        noise[~known | ~self.looked_at[layer, sites]] = _UNMEASURED
        tree = self._trees[layer]
        if tree is None or not s.near_observations:
            return prior, noise
        reach = v.reach_m(s.least_correlation)
        away, which = tree.query(place[0], k=min(s.near_observations, len(field.x_m)), distance_upper_bound=reach)
        which = np.atleast_1d(which)[np.isfinite(np.atleast_1d(away))]
        if not which.size:
            return prior, noise
        seen = np.column_stack([field.x_m[which], field.y_m[which], field.lift_m[which]])
        among = v.sill_db2 * correlation(v.model, _apart(seen, seen) / v.length_m)
        among[np.arange(len(which)), np.arange(len(which))] += field.noise[which] + _JITTER * v.sill_db2
        across = np.empty((k + 1, len(which)))
        across[1:] = v.sill_db2 * correlation(v.model, _apart(place, seen) / v.length_m)
        across[0] = self._to_cell(v, place[0], seen)
        posterior = prior - across @ np.linalg.solve(among, across.T)
        posterior = 0.5 * (posterior + posterior.T)
        # What the run's own kriging leaves of the random point has the last word.
        least = _JITTER * v.sill_db2
        factor = np.sqrt(max(self.layers.field_variance[layer, village], least) / max(posterior[0, 0], least))
        posterior[0] *= factor
        posterior[:, 0] *= factor
        return posterior, noise

    def _to_cell(self, v: Variogram, centre: _F64, places: _F64) -> _F64:
        """Return the covariance of places with a random point of a cell."""
        total = np.zeros(len(places))
        for dx in _GAUSS * self._cell:
            for dy in _GAUSS * self._cell:
                total += correlation(v.model, np.linalg.norm(places - (centre + np.array([dx, dy, 0.0])), axis=1) / v.length_m)
        return v.sill_db2 * total / 4.0

    def _within(self, v: Variogram) -> float:
        """Return the mean correlation of two random points of a cell."""
        side = np.linspace(-0.5, 0.5, 7)[1::2] * self._cell
        # Points of a 3 × 3 pattern with points of a pattern between: no point with itself.
        a = np.array([(x, y) for x in side for y in side])
        other = _GAUSS * self._cell
        b = np.array([(x, y) for x in other for y in other])
        return float(correlation(v.model, _apart(a, b) / v.length_m).mean())


def _apart(a: _F64, b: _F64) -> _F64:
    return np.asarray(np.linalg.norm(a[:, None, :] - b[None, :, :], axis=2), dtype=np.float64)
