"""What was measured at places: samples and their last day, per operator and technology."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from geo.errors import AccountingError

__all__ = ["MEASURED_COLUMNS", "measured_facts"]

#: Columns of a frame of measured facts: position of the place in its list, and what was sampled there.
MEASURED_COLUMNS = ("place", "operator", "technology", "samples", "last_time")


def measured_facts(
    measured: pd.DataFrame | None, places: int, technologies: Sequence[str], operator: str | None = None
) -> tuple[ExtensionArray, pd.Series]:
    """Return the samples of each place and the time of the last one.

    Parameters
    ----------
    measured : DataFrame or None
        Columns :data:`MEASURED_COLUMNS`, one row per place × operator × technology; ``last_time`` is local time.
    places : int
    technologies : sequence of str
        Those that count; samples of others are left out.
    operator : str, optional
        Only this one's.

    Returns
    -------
    samples : (places,) Int64 array
        NA without a frame: that nothing was looked up is not that nothing was measured.
    last : Series of datetime64[ns]
        NaT where nothing was measured.

    Raises
    ------
    AccountingError
        If a column is missing or a row names no place: a defect of the stage before.
    """
    last = pd.Series(pd.NaT, index=range(places), dtype="datetime64[ns]")
    if measured is None:
        return pd.array([pd.NA] * places, dtype="Int64"), last
    missing = [name for name in MEASURED_COLUMNS if name not in measured]
    if missing or not measured["place"].between(0, places - 1).all():
        what = ", ".join(missing) or "place"
        raise AccountingError(
            f"Bảng số đo theo điểm thiếu cột hoặc có vị trí ngoài danh sách: {what}.",
            f"The measured facts of places lack a column or name a place that is not in the list: {what}.",
        )
    own = measured[measured["technology"].isin(list(technologies)) & (measured["samples"] > 0)]
    if operator is not None:
        own = own[own["operator"] == operator]
    samples = np.zeros(places, dtype=np.int64)
    if len(own):
        place = own["place"].to_numpy(dtype=np.int64)
        np.add.at(samples, place, own["samples"].to_numpy(dtype=np.int64))
        latest = own["last_time"].astype("datetime64[ns]").groupby(place).max()
        last.loc[latest.index] = latest
    return pd.array(samples, dtype="Int64"), last
