"""How likely a site serves a place at a given distance from it: what the run itself says of its own sites.

A site whose position is not known serves what a site of its operator and technology serves. That is asked of the sites that
have a place: the levels of each at points on rings around it, over the terrain, with what measurements taught, and no
other site counted. The chance at a distance is the mean over sites and bearings of P = Phi((level - planning level) / sd).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from geo.crs import to_wgs84
from geo.propagation.corrections import Corrections
from geo.propagation.ground import GroundModel
from geo.propagation.links import Links, predict_links
from geo.propagation.radio_sources import RadioSources
from geo.propagation.settings import CoverageSettings

__all__ = ["SiteReach", "fixed_reach", "site_reach"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
#: Distances of the rings as shares of the greatest reach: 250 m to 15 km at the default, finer where the chance falls fastest.
_RINGS = np.array([1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 32, 40, 50, 60]) / 60.0 * (1.0 - 1e-6)  # the last within the reach
_BEARINGS = 8
#: Sites asked per layer, spread over the list: the mean of so many is known to a few percent.
_SITES = 40


@dataclass(frozen=True, slots=True, eq=False)
class SiteReach:
    """Chance that a site serves a place, by layer and distance.

    Attributes
    ----------
    distance_m : (k,) float64 array
        Rising.
    chance : (layers, k) float64 array
        0 to 1, not rising with the distance; between distances linear, nearer than the first that of the first, beyond
        the last 0.
    """

    distance_m: _F64
    chance: _F64

    def at(self, layer: int, distance_m: npt.ArrayLike) -> _F64:
        """Return a layer's chance at any distances."""
        away = np.asarray(distance_m, dtype=np.float64)
        out: _F64 = np.interp(away, self.distance_m, self.chance[layer])
        return np.where(away > self.distance_m[-1], 0.0, out)


def fixed_reach(layers: int, radius_m: float) -> SiteReach:
    """Return the reach of sites that serve everything within a radius and nothing beyond."""
    return SiteReach(np.array([radius_m]), np.ones((layers, 1)))


def site_reach(
    ground: GroundModel,
    sources: RadioSources,
    layers: Sequence[tuple[str, str]],
    *,
    epsg: int,
    settings: CoverageSettings,
    corrections: Corrections | None = None,
) -> SiteReach:
    """Return what the run's own sites serve around them.

    A layer without a site that has a place takes, at each distance, the best of the other layers of its technology, else of all:
    it must not be called smaller than it may be.

    Parameters
    ----------
    ground : GroundModel
    sources : RadioSources
        Of the whole run; their places in ``epsg``.
    layers : sequence of (operator, technology)
    epsg : int
        The run's grid, in metres.
    settings : CoverageSettings
    corrections : Corrections, optional
        What measurements taught.
    """
    rings_m = _RINGS * settings.max_radius_m
    served, asked = np.zeros((len(layers), rings_m.size)), np.zeros((len(layers), rings_m.size))
    for group in _chosen(sources, len(layers)):
        total, count = _around(ground, sources, group, rings_m, len(layers), epsg, settings, corrections)
        served += total
        asked += count
    chance = np.divide(served, asked, out=np.full(served.shape, np.nan), where=asked > 0)
    return SiteReach(rings_m, _falling(_completed(chance, [technology for _, technology in layers])))


def _chosen(sources: RadioSources, layers: int) -> list[int]:
    """Return masts spread over the list, up to :data:`_SITES` of each layer."""
    group_of = np.repeat(np.arange(sources.groups), np.diff(sources.group_first))
    found: set[int] = set()
    for layer in range(layers):
        mine = np.unique(group_of[(sources.layer == layer) & np.isfinite(sources.threshold_dbm)])
        found.update(mine[np.unique(np.linspace(0, mine.size - 1, min(_SITES, mine.size)).astype(np.int64))].tolist() if mine.size else ())
    return sorted(found)


def _around(
    ground: GroundModel, sources: RadioSources, group: int, rings_m: _F64, layers: int, epsg: int,
    settings: CoverageSettings, corrections: Corrections | None,
) -> tuple[_F64, _F64]:  # fmt: skip
    """Return, per layer and ring, the sum of P over the bearings of one mast, and how many of them are known."""
    turn = 2.0 * np.pi * np.arange(_BEARINGS) / _BEARINGS
    x0, y0 = float(sources.group_x_m[group]), float(sources.group_y_m[group])
    x, y = (x0 + rings_m[:, None] * np.sin(turn)).ravel(), (y0 + rings_m[:, None] * np.cos(turn)).ravel()
    lon, lat = to_wgs84(x, y, epsg)
    alone = sources.near((x0, y0, x0, y0), 0.0)  # all antennas of this place: what the others serve is no matter here
    links = predict_links(ground, alone, lon, lat, np.ones((x.size, layers), dtype=bool), epsg=epsg, settings=settings)
    place = np.searchsorted(sources.index, links.source)
    level, sd_db = links.level_dbm, sources.sd_db[place]
    if corrections is not None:
        level, sd_db = _corrected(links, sources, place, corrections, None if ground.land_cover is None else ground.land_cover.sample(lon, lat))
    best = np.full((layers, x.size), -np.inf)  # no path known: nothing said of it
    np.fmax.at(best, (sources.layer[place], links.point), (level - sources.threshold_dbm[place]) / sd_db)
    probability = np.where(np.isneginf(best), np.nan, ndtr(best)).reshape(layers, rings_m.size, _BEARINGS)
    return np.nansum(probability, axis=2), np.isfinite(probability).sum(axis=2).astype(np.float64)


def _corrected(
    links: Links, sources: RadioSources, place: _I64, corrections: Corrections, cover: npt.NDArray[np.uint8] | None
) -> tuple[_F64, _F64]:
    """Return levels and their standard deviation as :class:`geo.propagation.corrections.Corrections` has them."""
    index, lost = sources.index[place], links.diffraction_db
    level = links.level_dbm + corrections.bias_db[index] + corrections.slope_db[index] * np.log10(links.distance_km / corrections.reference_km)
    level = level - corrections.diffraction[index] * lost
    level = level - corrections.deep_diffraction[index] * np.maximum(lost - corrections.deep_from_db, 0.0)
    level = level - corrections.deepest_diffraction[index] * np.maximum(lost - corrections.deepest_from_db, 0.0)
    if cover is not None:
        factor = (sources.frequency_mhz[place] / 1000.0 / corrections.clutter_reference_ghz) ** corrections.clutter_exponent
        level = level + factor * corrections.clutter_shift_db[cover[links.point]]
    hidden = np.where(lost > corrections.deep_from_db, corrections.deep_sd_db, corrections.obstructed_sd_db)
    kind = np.where(links.obstructed, hidden, corrections.clear_sd_db)
    return level, np.sqrt(np.square(kind) + np.square(corrections.error_sd_db[index]) + corrections.common_sd_db**2)


def _completed(chance: _F64, technologies: Sequence[str]) -> _F64:
    """Return chances with those of others where a layer, or a ring of it, has none."""
    out = chance.copy()
    for i, technology in enumerate(technologies):
        for others in ([t == technology for t in technologies], [True] * len(technologies)):
            lacking = np.isnan(out[i])
            known = np.where(np.isnan(chance), -1.0, chance)[others].max(axis=0)
            out[i, lacking & (known >= 0.0)] = known[lacking & (known >= 0.0)]
    return out


def _falling(chance: _F64) -> _F64:
    """Return chances that do not rise with the distance; what nobody knows is 1."""
    return np.maximum.accumulate(np.where(np.isnan(chance), 1.0, chance)[:, ::-1], axis=1)[:, ::-1]
