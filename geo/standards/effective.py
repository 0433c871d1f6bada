"""What clustered samples are worth: an effective number of independent ones, area by area.

Samples of one car in one minute, or of one phone in one place, hang together. With the correlation rho of two samples of one
cluster a mean of n samples in clusters of n_c varies like one of

    n_effective = n / (1 + (m − 1) rho),   m = sum n_c² / n

independent ones (L. Kish 1965, Survey Sampling, 5.4 and 8.2; E. Korn, B. Graubard 1998, Survey Methodology 24, put such sizes into exact
bounds). rho is the analysis of variance's (between less within clusters), pulled toward a high value while few clusters say anything of
it: six cars tell it badly, and too low a one would make six accidents a proof. One cluster alone is one sample.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.standards.settings import EvidenceSettings

__all__ = ["Clusters", "EffectiveSizes", "clusters_of", "effective_sizes"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Samples in clusters in areas; build with :func:`clusters_of`.

    Attributes
    ----------
    areas : int
    area : (n,) int64 array
        Of each sample, 0, 1, …
    cluster : (n,) int64 array
        Of each sample; a cluster lies in one area.
    area_of : (k,) int64 array
        Of each cluster.
    size : (k,) float64 array
        Samples of each cluster.
    count, clusters, weighted_size : (areas,) float64 arrays
        Samples and clusters of each area, and m, the size of the cluster of a sample on average; 0 without samples.
    """

    areas: int
    area: _I64
    cluster: _I64
    area_of: _I64
    size: _F64
    count: _F64
    clusters: _F64
    weighted_size: _F64

    def per_area(self, values: _F64) -> _F64:
        """Return the sums of samples' values by area."""
        return np.bincount(self.area, values, minlength=self.areas).astype(np.float64)

    def means(self, values: _F64) -> _F64:
        """Return the areas' means of samples' values; NaN without samples."""
        out = np.full(self.areas, np.nan)
        np.divide(self.per_area(values), self.count, out=out, where=self.count > 0)
        return out


@dataclass(frozen=True, slots=True, eq=False)
class EffectiveSizes:
    """Effective samples by area.

    Attributes
    ----------
    size : (areas,) float64 array
        0 without samples; at most the number of samples.
    correlation : (areas,) float64 array
        The one that was used, within a cluster.
    """

    size: _F64
    correlation: _F64


def clusters_of(area: npt.ArrayLike, cluster: npt.ArrayLike, areas: int) -> Clusters:
    """Return samples in clusters in areas; a cluster that reaches into two areas is one in each.

    Parameters
    ----------
    area : (n,) int array
        0 to ``areas`` − 1.
    cluster : (n,) array
        Any sortable kind.
    areas : int

    Raises
    ------
    ValueError
        For an area outside 0 … ``areas`` − 1.
    """
    place = np.asarray(area, dtype=np.int64)
    if place.size and (place.min() < 0 or place.max() >= areas):
        raise ValueError(f"areas are numbered 0 to {areas - 1}")
    codes = np.unique(np.asarray(cluster), return_inverse=True)[1].astype(np.int64).ravel()
    both, own = np.unique(place * (int(codes.max(initial=0)) + 1) + codes, return_inverse=True)
    own = own.astype(np.int64).ravel()
    first = np.zeros(len(both), dtype=np.int64)
    first[own] = np.arange(len(own))
    area_of = place[first]
    size = np.bincount(own, minlength=len(both)).astype(np.float64)
    count = np.bincount(place, minlength=areas).astype(np.float64)
    squares = np.bincount(area_of, size**2, minlength=areas)
    weighted = np.divide(squares, count, out=np.zeros(areas), where=count > 0)
    return Clusters(
        areas, place, own, area_of, size, count, np.bincount(area_of, minlength=areas).astype(np.float64), weighted
    )


def effective_sizes(values: npt.ArrayLike, given: Clusters, settings: EvidenceSettings, *, told: npt.ArrayLike = 1.0) -> EffectiveSizes:
    """Return effective samples of each area for the mean of some values.

    Parameters
    ----------
    values : (n,) float array
        What is averaged: 0 and 1, or speeds, or their logarithms.
    given : Clusters
    settings : EvidenceSettings
    told : (areas,) array or float
        How much a cluster says of the correlation: 1 for a number; for a share p 4 p (1 − p), since clusters that are all
        alike say nothing of how alike they are.
    """
    value = np.asarray(values, dtype=np.float64)
    n, k, m = given.count, given.clusters, given.weighted_size
    own_mean = np.bincount(given.cluster, value, minlength=len(given.size)) / given.size
    mean = given.means(value)
    between = np.bincount(given.area_of, given.size * np.square(own_mean - mean[given.area_of]), minlength=given.areas).astype(np.float64)
    within = given.per_area(np.square(value - own_mean[given.cluster]))
    with np.errstate(divide="ignore", invalid="ignore"):
        between, within = between / (k - 1.0), within / np.maximum(n - k, 1.0)
        usual = (n - m) / (k - 1.0)
        total = between + (usual - 1.0) * within
        seen = np.clip((between - within) / total, 0.0, 1.0)
    known = (k >= 2) & (m > 1.0) & np.isfinite(seen) & (total > 0)
    telling = np.where(known, k * np.broadcast_to(np.asarray(told, dtype=np.float64), k.shape), 0.0)
    share = telling / (telling + settings.prior_clusters)
    rho: _F64 = (1.0 - share) * settings.prior_correlation + share * np.where(known, seen, 0.0)
    rho = np.asarray(np.where(m > 1.0, np.where(k == 1, 1.0, rho), 0.0), dtype=np.float64)
    size = np.divide(n, 1.0 + (m - 1.0) * rho, out=np.zeros(given.areas), where=n > 0)
    return EffectiveSizes(size, rho)
