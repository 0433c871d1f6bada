"""Phones that contradict the others over the same ground: told apart before anything is learnt from them.

A phone whose log holds another quantity (RSSI for RSRP, some 20 dB more) or that hangs on an outside antenna is wrong all
along its road, so no neighbour of its own gives it away, and where others drove too the field would take the middle of both
for surer than either. Held against each other are the medians of squares that a phone shares with others.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.calibration.settings import CalibrationSettings

__all__ = ["contradictions"]

#: Differences nearer to each other than this are the same: neither side of a pair is the one that is wrong.
_TIE_DB = 1.0


def contradictions(
    layer: npt.NDArray[np.int64],
    unit: npt.NDArray[np.int64],
    x_m: npt.NDArray[np.float64],
    y_m: npt.NDArray[np.float64],
    level_dbm: npt.NDArray[np.float64],
    settings: CalibrationSettings,
) -> pd.DataFrame:
    """Return the phones that contradict the others, layer by layer.

    Of each layer the phone that differs most from the mean of the others, in the median over the squares that it shares
    with them, is set aside while that difference passes the limit; then the rest are compared again. Of two that
    contradict each other alone nobody knows which is right: both are set aside.

    Parameters
    ----------
    layer, unit : (n,) int64 arrays
        Operator and technology; phone of a file.
    x_m, y_m, level_dbm : (n,) float64 arrays
        Rows without a level or a place are not looked at.
    settings : CalibrationSettings
        ``block_m``, ``contradiction_db``, ``contradiction_blocks``.

    Returns
    -------
    DataFrame
        ``layer``, ``unit``, ``blocks`` shared, ``difference_db`` (above the others: positive), one row per phone set aside.
    """
    told = np.isfinite(level_dbm) & np.isfinite(x_m) & np.isfinite(y_m)
    samples = pd.DataFrame(
        {
            "layer": layer[told], "unit": unit[told], "level": level_dbm[told],
            "column": np.floor(x_m[told] / settings.block_m).astype(np.int64),
            "row": np.floor(y_m[told] / settings.block_m).astype(np.int64),
        }
    )  # fmt: skip
    squares = samples.groupby(["layer", "column", "row", "unit"])["level"].median().reset_index()
    out = []
    for one, mine in squares.groupby("layer", sort=True):
        left = mine
        while True:
            away = _differences(left, settings)
            worst = away["difference_db"].abs().max() if len(away) else 0.0
            if not worst > settings.contradiction_db:
                break
            aside = away[away["difference_db"].abs() > worst - _TIE_DB]
            out.append(aside.assign(layer=one))
            left = left[~left["unit"].isin(aside["unit"])]
    columns = ["layer", "unit", "blocks", "difference_db"]
    return pd.concat(out, ignore_index=True)[columns] if out else pd.DataFrame(columns=columns)


def _differences(squares: pd.DataFrame, settings: CalibrationSettings) -> pd.DataFrame:
    """Return each phone's median difference from the mean of the others, of phones that share enough squares with them."""
    of_square = squares.groupby(["column", "row"])["level"]
    count, total = of_square.transform("size"), of_square.transform("sum")
    shared = squares[count > 1]
    others = (total - squares["level"])[count > 1] / (count[count > 1] - 1)
    found = (shared["level"] - others).groupby(shared["unit"]).agg(["size", "median"])
    found = found[found["size"] >= settings.contradiction_blocks]
    return pd.DataFrame({"unit": found.index, "blocks": found["size"].to_numpy(), "difference_db": found["median"].to_numpy()})
