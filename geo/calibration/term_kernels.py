"""From derivatives by each candidate's standardised level to derivatives by the terms and the logarithms of the scales.

With x = (y - m) / s, m = p + sum_e entry_e theta_e and s = exp(lambda of the candidate's class), g and M the first and second
derivatives of an observation's log likelihood by the x, P_t the share of a density whose serving cell is of class t and B
the mean of slope times that::

    d/dm_c = -g_c / s_c                     d/dlambda_t = -sum_{c in t} x_c g_c - P_t
    d2/dm_c dm_d = M_cd / (s_c s_d)
    d2/dm_c dlambda_t = (sum_{d in t} x_d M_cd + [c in t] g_c + B_ct - g_c P_t) / s_c
    d2/dlambda_t dlambda_u = sum_{c in t, d in u} x_c x_d M_cd + [t = u] (sum_{c in t} x_c g_c + P_t) - P_t P_u
                             + sum_{c in t} x_c (B_cu - g_c P_u) + sum_{c in u} x_c (B_ct - g_c P_t)
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["mean_kernel", "project_kernel", "variance_kernel"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]


@njit(cache=True, nogil=True, error_model="numpy")
def mean_kernel(
    predicted: _F64, spread_class: _I64, row: _I64, column: _I64, entry: _F64, theta: _F64, classes: int, mean: _F64, spread: _F64
) -> None:
    """Fill each candidate's mean and scale; ``theta`` holds the terms, then the logarithm of the scale of each class.

    The design is a sparse matrix by rows: entries ``row[c]`` to ``row[c + 1]`` of ``column`` and ``entry`` belong to candidate c.
    """
    scale = np.exp(theta[len(theta) - classes :])
    for c in range(len(predicted)):
        total = predicted[c]
        for e in range(row[c], row[c + 1]):
            total += entry[e] * theta[column[e]]
        mean[c], spread[c] = total, scale[spread_class[c]]


@njit(cache=True, nogil=True, error_model="numpy")
def project_kernel(
    level: _F64, first: _I64, weight: _F64, mean: _F64, spread: _F64, spread_class: _I64, row: _I64, column: _I64, entry: _F64,
    pair_first: _I64, by_x: _F64, share: _F64, cross: _F64, pairs: _F64, slope: _F64, hessian: _F64,
) -> None:  # fmt: skip
    """Add the weighted slope and second derivatives by terms and log scales."""
    classes = cross.shape[1]
    p = len(slope) - classes
    most, widest = 1, 1
    for i in range(len(level)):
        most = max(most, first[i + 1] - first[i])
        widest = max(widest, row[first[i + 1]] - row[first[i]])
    slot, used = np.full(p, -1, np.int64), np.empty(min(widest, p) + 1, np.int64)
    by_term, across, x = np.empty((most, len(used))), np.empty((most, classes)), np.empty(most)
    part = np.empty(classes)
    for i in range(len(level)):
        lo, k, w = first[i], first[i + 1] - first[i], weight[i]
        if w == 0.0 or k == 0:
            continue
        q = 0
        for e in range(row[lo], row[lo + k]):
            if slot[column[e]] < 0:
                slot[column[e]], used[q] = q, column[e]
                q += 1
        part[:] = 0.0
        for c in range(k):
            x[c] = (level[i] - mean[lo + c]) / spread[lo + c]
            part[spread_class[lo + c]] += share[lo + c]
        for c in range(k):
            s, g = spread[lo + c], by_x[lo + c]
            by_term[c, :q] = 0.0
            for t in range(classes):
                across[c, t] = (cross[lo + c, t] - g * part[t]) / s
                hessian[p + t, p + spread_class[lo + c]] += w * x[c] * (cross[lo + c, t] - g * part[t])
            across[c, spread_class[lo + c]] += g / s
            for d in range(k):
                both = pairs[pair_first[i] + k * c + d] / s
                across[c, spread_class[lo + d]] += both * x[d]
                both /= spread[lo + d]
                for e in range(row[lo + d], row[lo + d + 1]):
                    by_term[c, slot[column[e]]] += both * entry[e]
        for t in range(classes):
            slope[p + t] -= w * part[t]
            hessian[p + t, p + t] += w * part[t]
            for u in range(classes):
                hessian[p + t, p + u] -= w * part[t] * part[u]
        for c in range(k):
            s, a = spread[lo + c], p + spread_class[lo + c]
            slope[a] -= w * x[c] * by_x[lo + c]
            for t in range(classes):
                hessian[a, p + t] += w * x[c] * s * across[c, t]
            for e in range(row[lo + c], row[lo + c + 1]):
                b, f = column[e], w * entry[e]
                slope[b] -= f * by_x[lo + c] / s
                for other in range(q):
                    hessian[b, used[other]] += f * by_term[c, other]
                for t in range(classes):
                    hessian[b, p + t] += f * across[c, t]
                    hessian[p + t, b] += f * across[c, t]
        for other in range(q):
            slot[used[other]] = -1


@njit(cache=True, nogil=True, error_model="numpy")
def variance_kernel(row: _I64, column: _I64, entry: _F64, covariance: _F64, variance: _F64) -> None:
    """Fill the variance of each row of a sparse design: entries' products with the covariance of their terms."""
    for c in range(len(variance)):
        total = 0.0
        for e in range(row[c], row[c + 1]):
            for f in range(row[c], row[c + 1]):
                total += entry[e] * entry[f] * covariance[column[e], column[f]]
        variance[c] = total
