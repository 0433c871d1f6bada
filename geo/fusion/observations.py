"""Measurements of one layer as fusion takes them: residuals at places, each with its own noise."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.errors import InputError

__all__ = ["Observations", "declustered", "observations"]

_F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """Measurements of one layer, aggregated to places; build with :func:`observations`.

    Attributes
    ----------
    x_m, y_m : (n,) float64 array
        In the grid's CRS, metres.
    residual_db : (n,) float64 array
        Measured less calibrated prediction at the place; where censored, the limit less the prediction:
        the true residual lies below it.
    noise_variance_db2 : (n,) float64 array
        Of the device alone, after averaging: device noise / effective number of samples.
    samples : (n,) float64 array
        Samples behind it.
    spots : (n,) float64 array
        Independent positions behind it: the variance within the cell is averaged over these.
    censored : (n,) bool array
        "No service": only an upper limit is known.
    route : (n,) int64 array
        Codes 0, 1, … of the routes (one device on one drive).
    level_dbm : (n,) float64 array
        Measured level, or the limit; NaN where it must not speak for its cell (states only).
    expected_dbm : (n,) float64 array
        Level that the prediction expects there. Two places are like one another as they are near one another *and* as
        these levels agree: across a crest the one says little of the other.
    """

    x_m: _F64
    y_m: _F64
    residual_db: _F64
    noise_variance_db2: _F64
    samples: _F64
    spots: _F64
    censored: npt.NDArray[np.bool_]
    route: npt.NDArray[np.int64]
    level_dbm: _F64
    expected_dbm: _F64

    def __len__(self) -> int:
        return len(self.x_m)

    def take(self, which: npt.NDArray[Any]) -> Observations:
        """Return those of an index or mask."""
        return Observations(*(getattr(self, f.name)[which] for f in fields(self)))


def observations(
    x_m: npt.ArrayLike,
    y_m: npt.ArrayLike,
    residual_db: npt.ArrayLike,
    noise_variance_db2: npt.ArrayLike,
    *,
    samples: npt.ArrayLike = 1.0,
    spots: npt.ArrayLike = 1.0,
    censored: npt.ArrayLike = False,
    route: npt.ArrayLike = 0,
    level_dbm: npt.ArrayLike = np.nan,
    expected_dbm: npt.ArrayLike = 0.0,
) -> Observations:
    """Return checked observations in an order of their own, whatever the order in which they come.

    Rows that agree in place, residual, noise, route and levels are one measurement read twice: one stays, else the
    fit would take the repetition for a field without noise. How many went is the difference of the lengths.
    Single values are taken for all. For the fields see :class:`Observations`; ``route`` may be of any sortable kind.

    Raises
    ------
    InputError
        For unequal lengths, places or residuals that are not finite, negative noise, less than one sample or spot.
    """
    x = np.asarray(x_m, dtype=np.float64)
    given = (y_m, residual_db, noise_variance_db2, samples, spots, censored, route, level_dbm, expected_dbm)
    try:
        columns = [np.broadcast_to(np.asarray(column), x.shape) for column in given]
    except ValueError as error:
        raise InputError(
            f"Các cột của kết quả đo phải dài như nhau ({len(x)} vị trí); hãy kiểm tra dữ liệu đưa vào.",
            f"The columns of the measurements must be of one length ({len(x)} places); check what is passed in.",
        ) from error
    y, residual, noise, n, spot = (column.astype(np.float64) for column in columns[:5])
    below, level = columns[5].astype(bool), columns[7].astype(np.float64)
    expected = columns[8].astype(np.float64)
    _, codes = np.unique(columns[6], return_inverse=True)
    wrong = ~(np.isfinite(x) & np.isfinite(y) & np.isfinite(residual) & (noise >= 0) & np.isfinite(noise))
    wrong |= ~((n >= 1) & (spot >= 1) & np.isfinite(n) & np.isfinite(spot) & np.isfinite(expected))
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"{int(wrong.sum())} kết quả đo không dùng được (đầu tiên: vị trí {first} trong mảng): tọa độ, độ lệch và mức dự kiến phải là số hữu hạn, "
            "phương sai nhiễu không âm, số mẫu và số vị trí ít nhất là 1; hãy loại các dòng này trước và ghi rõ lý do.",
            f"{int(wrong.sum())} measurements cannot be used (first: item {first} of the array): places, residuals and expected levels must be finite, "
            "noise variances not negative, samples and spots at least 1; take such rows out before, stating why.",
        )
    order = np.lexsort((n, spot, expected, np.nan_to_num(level, nan=np.inf), codes, below, noise, residual, y, x))
    found = Observations(
        x[order], y[order], residual[order], noise[order], n[order], spot[order], below[order],
        codes.astype(np.int64)[order], level[order], expected[order],
    )  # fmt: skip
    return found.take(~_repeated(found))


def declustered(x_m: _F64, y_m: _F64, side_m: float) -> _F64:
    """Return weights (n,) by which every square of ground counts alike, however often it was measured.

    Drives are dense in towns, where predictions err least; what is said of the whole land must not be said by them.
    Cell declustering: A. Journel (1983), Mathematical Geology 15(3), 445-468. The weights add up to n.

    Parameters
    ----------
    x_m, y_m : (n,) float64 array
    side_m : float
        Of the squares: what lies within one hangs together.
    """
    if not len(x_m):
        return np.zeros(0)
    square = np.column_stack((np.floor(x_m / side_m), np.floor(y_m / side_m)))
    _, which, count = np.unique(square, axis=0, return_inverse=True, return_counts=True)
    return np.asarray(len(x_m) / len(count) / count[which.ravel()], dtype=np.float64)


def _repeated(found: Observations) -> npt.NDArray[np.bool_]:
    """Tell rows that the next one repeats in all but samples and spots (the last of a run has the most)."""
    out = np.zeros(len(found), dtype=bool)
    if len(found) > 1:
        out[:-1] = True
        for column in (
            found.x_m, found.y_m, found.residual_db, found.noise_variance_db2, found.censored, found.route,
            np.nan_to_num(found.level_dbm, nan=np.inf), found.expected_dbm,
        ):  # fmt: skip
            out[:-1] &= column[:-1] == column[1:]
    return out
