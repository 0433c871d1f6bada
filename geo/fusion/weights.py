"""Which observations a kriged value is made of, and with what weight.

A kriged mean is linear in the values of the observations, and who the neighbours are does not depend on these values.
So kriging itself tells the weights: an observation that alone has the value 1 shows its own. No arithmetic of the kernels is repeated here.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.fusion.kriging import SmoothField, krige

__all__ = ["kriging_weights"]

_F64 = npt.NDArray[np.float64]


def kriging_weights(
    field: SmoothField, x_m: float, y_m: float, *, expected_dbm: float = 0.0, cell_size_m: float = 0.0
) -> tuple[npt.NDArray[np.int64], _F64]:
    """Return the observations (positions in ``field``) that a kriged value is made of, and their weights.

    The value is the sum of weights times ``field.value``.

    Parameters
    ----------
    field : SmoothField
    x_m, y_m, expected_dbm, cell_size_m : float
        See :func:`geo.fusion.kriging.krige`.
    """
    count = len(field.value)
    if not count:
        return np.zeros(0, np.int64), np.zeros(0)
    x, y = np.array([x_m], dtype=np.float64), np.array([y_m], dtype=np.float64)
    # Random values, so that weights of opposite sign do not hide each other in a sum.
    chance = np.random.default_rng(0).uniform(1.0, 2.0, count)
    within = np.flatnonzero(np.hypot(field.x_m - x_m, field.y_m - y_m) <= field.reach_m + cell_size_m)

    def told(which: npt.NDArray[np.int64], values: _F64) -> float:
        value = np.zeros(count)
        value[which] = values
        found = krige(field.with_noise(value, field.noise), x, y, expected_dbm=np.array([expected_dbm]), cell_size_m=cell_size_m)
        return float(found.mean[0])

    parts, found = [within], []
    while parts:
        part = parts.pop()
        if not part.size or told(part, chance[part]) == 0.0:
            continue
        if part.size == 1:
            found.append(int(part[0]))
            continue
        parts += [part[: part.size // 2], part[part.size // 2 :]]
    which = np.array(sorted(found), dtype=np.int64)
    return which, np.array([told(which[k : k + 1], np.ones(1)) for k in range(len(which))])
