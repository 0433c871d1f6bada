"""The operator that the public-utility programme supports in a commune, on a day."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from geo.io.places import state_rows
from geo.validation import IssueLog

__all__ = ["supported_on"]


def supported_on(frame: pd.DataFrame | None, on: date, log: IssueLog) -> dict[str, str]:
    """Return the supported operator by commune code.

    A commune of which rows, or one row, name several operators at one time has none that counts: one operator per area may be supported, and which of them it is
    nobody here knows.

    Parameters
    ----------
    frame : DataFrame or None
        :func:`geo.io.supported_operators.read_supported_operators`.
    on : date
    log : IssueLog
        Receives rows that are out of date, and communes with several operators.
    """
    if frame is None or frame.empty:
        return {}
    day = pd.Timestamp(on)
    begun = (frame["valid_from"].isna() | (frame["valid_from"] <= day)).to_numpy(dtype=bool)
    over = (frame["valid_to"].notna() & (frame["valid_to"] < day)).to_numpy(dtype=bool)
    state_rows("supported_out_of_date", frame, over | ~begun, log, came=frame["commune_code"].to_numpy(dtype=object))
    rows = frame[begun & ~over]
    named = rows.groupby("commune_code")["operator"].nunique()
    lists = rows.loc[rows["operator"].str.contains(";", regex=False), "commune_code"]  # one cell names several
    several = rows["commune_code"].isin([*named.index[named > 1], *lists]).to_numpy(dtype=bool)
    said = np.array([f"{c}: {o}" for c, o in zip(rows["commune_code"], rows["operator"], strict=True)], dtype=object)
    state_rows("supported_several", rows, several, log, came=said)
    return {str(c): str(o) for c, o in zip(rows["commune_code"][~several], rows["operator"][~several], strict=True)}
