"""What clustered samples are worth: an effective number of independent ones, area by area.

Samples of one car in one minute, or of one phone in one place, hang together. With the correlation rho of two samples of one
cluster a mean of n samples in clusters of n_c varies like one of

    n_effective = n / (1 + (m − 1) rho),   m = sum n_c² / n

independent ones (L. Kish 1965, Survey Sampling, 5.4 and 8.2; E. Korn, B. Graubard 1998, Survey Methodology 24, put such sizes into exact
bounds). rho is the analysis of variance's (between less within clusters), pulled toward 1 while few clusters say anything of
it: six cars tell it badly, and too low a one would make six accidents a proof. One cluster alone is one sample.

A variance does not tell all. A mean with one large cluster in it jumps with that cluster, and the jump of one bad phone of ten is no binomial's tail. So the
largest cluster, of L samples, counts once more as if it hung together wholly:

    1 / n_effective = (1 + (m − 1) rho) / n + (L² − 1) / n²

The correlation speaks of clusters whose size says nothing of what they measure. Where it does (who has bad service tests again and again) the mean varies more: the
large clusters pull it, all to one side. That is seen in the clusters' own sums d = n_c (mean of c − mean): n (1 + (m − 1) rho) is at least

    k / (k − 1) sum d² / variance · (1 + e √(1 − n / (k m))),   e² = sum d⁴ / (sum d²)² − 1 / k

the linearised variance of a ratio (W. Cochran 1977, Sampling Techniques, 6.19; D. Binder 1983, International Statistical Review 51, 279-292) and its own relative error e, as
far as sizes differ at all (0 for one size, where the correlation says the same): it is small where the large clusters happened to be missed. With 200 phones whose
bad ones test most, wrongly supported shares fell from 10 % to 5 %.

For k clusters of one size the largest's part is some 1 / k more of the variance than there is, for single samples nothing; with a phone that made a third of all tests no
more than 9 are left, whatever the rest is.
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
    count, clusters, weighted_size, largest : (areas,) float64 arrays
        Samples and clusters of each area; m, the size of the cluster of a sample on average; samples of the largest cluster; 0 without samples.
    telling : (areas,) float64 array
        Clusters that tell of the correlation: of several samples, and alike in weight, (sum v)² / sum v² with v = n_c (n_c − 1).
    """

    areas: int
    area: _I64
    cluster: _I64
    area_of: _I64
    size: _F64
    count: _F64
    clusters: _F64
    weighted_size: _F64
    largest: _F64
    telling: _F64

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
        The one that was used, within a cluster; beyond 1 where large clusters differ from the mean more than small ones.
    given : Clusters
    """

    size: _F64
    correlation: _F64
    given: Clusters

    @property
    def per_cluster(self) -> _F64:
        """Return for how many effective samples one cluster of the usual size stands; at least 1."""
        return np.maximum(np.divide(self.size, self.given.clusters, out=np.ones_like(self.size), where=self.given.clusters > 0), 1.0)

    def samples_for(self, wanted: npt.ArrayLike) -> _F64:
        """Return how many samples are worth the wanted number if more come in clusters like these, the largest apart: it stays one.

        N² / wanted = largest's part + (1 + (m' − 1) rho) (N − L), m' the m of the other clusters.
        """
        n, most, rho = self.given.count, self.given.largest, self.correlation
        rest = n - most
        with np.errstate(divide="ignore", invalid="ignore"):
            m = np.where(rest > 0, (n * self.given.weighted_size - most**2) / rest, most)
            each = 1.0 + (m - 1.0) * rho
            fixed = most * (1.0 + (most - 1.0) * rho) + most**2 - 1.0 - each * most
            half = 0.5 * np.asarray(wanted, dtype=np.float64)
            return np.asarray(half * each + np.sqrt(np.maximum(np.square(half * each) + 2.0 * half * fixed, 0.0)))


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
    largest = np.zeros(areas)
    np.maximum.at(largest, area_of, size)
    pairs = size * (size - 1.0)
    several, squared = np.bincount(area_of, pairs, minlength=areas), np.bincount(area_of, pairs**2, minlength=areas)
    telling = np.divide(several**2, squared, out=np.zeros(areas), where=squared > 0)
    return Clusters(
        areas, place, own, area_of, size, count, np.bincount(area_of, minlength=areas).astype(np.float64), weighted, largest, telling
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
    telling = np.where(known, given.telling * np.broadcast_to(np.asarray(told, dtype=np.float64), k.shape), 0.0)
    share = telling / (telling + settings.prior_clusters)
    rho: _F64 = (1.0 - share) * settings.prior_correlation + share * np.where(known, seen, 0.0)
    rho = np.asarray(np.where(m > 1.0, np.where(k == 1, 1.0, rho), 0.0), dtype=np.float64)
    rho = np.fmax(rho, _of_sums(value, own_mean, mean, given))
    varied = n * (1.0 + (m - 1.0) * rho) + np.square(given.largest) - 1.0
    size = np.divide(np.square(n), varied, out=np.zeros(given.areas), where=n > 0)
    return EffectiveSizes(np.where(k == 1, 1.0, np.maximum(size, np.minimum(n, 1.0))), rho, given)


def _of_sums(value: _F64, own_mean: _F64, mean: _F64, given: Clusters) -> _F64:
    """Return the correlation that the clusters' sums ask for at least; beyond 1 where large clusters differ most, NaN where they tell nothing."""
    n, k, m = given.count, given.clusters, given.weighted_size
    sums = np.bincount(given.area_of, np.square(given.size * (own_mean - mean[given.area_of])), minlength=given.areas)
    fourth = np.bincount(given.area_of, np.square(np.square(given.size * (own_mean - mean[given.area_of]))), minlength=given.areas)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = given.per_area(np.square(value - mean[given.area])) / (n - 1.0)
        error = np.sqrt(np.maximum(fourth / np.square(sums) - 1.0 / k, 0.0) * np.maximum(1.0 - n / (k * m), 0.0))
        varied = sums * k / (k - 1.0) / variance * (1.0 + error)
        return np.asarray(np.where((k >= 2) & (m > 1.0) & (variance > 0), (varied / n - 1.0) / (m - 1.0), np.nan))
