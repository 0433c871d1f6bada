"""The radio cells of a prediction as a table that a person or another program can read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from geo.propagation.radio_sources import RadioSources

__all__ = ["RADIO_COLUMNS", "radio_table"]

#: Columns of the table, in order.
RADIO_COLUMNS = (
    "index", "operator", "technology", "site_id", "cell_id", "lon", "lat", "ground_m", "antenna_height_m", "frequency_mhz",
    "pci", "arfcn", "eirp_dbm", "ceiling_dbm", "azimuth_deg", "bearing_deg", "mechanical_tilt_deg", "pattern", "sd_db", "defaults", "file",
    "sheet", "row",
)  # fmt: skip
_TEXTS = ("technology", "site_id", "cell_id", "defaults", "file", "sheet")


def radio_table(
    radio: pd.DataFrame, sources: RadioSources, layers: Sequence[tuple[str, str]]
) -> pd.DataFrame:
    """Return one row per radio cell, aligned with its arrays.

    Parameters
    ----------
    radio : DataFrame
        In the order of ``sources``: lon, azimuth, technology, site_id, cell_id, pci, arfcn, defaults, file, sheet, row.
    sources : RadioSources
        All of a run, not those near a tile.
    layers : sequence of (operator, technology)

    Returns
    -------
    DataFrame
        Columns :data:`RADIO_COLUMNS`. ``azimuth_deg`` counts from true north and ``bearing_deg`` from the
        grid's; ``eirp_dbm`` is NaN and ``technology`` empty where that is not known (the cell then stands
        once for each layer of its operator); ``defaults`` holds the names of the fields that were filled, joined by commas;
        ``pattern`` is the row of the pattern tables.

    Raises
    ------
    ValueError
        If the rows are not those of the arrays.
    """
    groups = np.repeat(np.arange(sources.groups), np.diff(sources.group_first))
    if len(radio) != len(sources.index) or not np.array_equal(
        radio["lon"].to_numpy(np.float64), sources.group_lon[groups]
    ):
        raise ValueError("the rows are not those of the radio cells' arrays")
    table = pd.DataFrame(
        {
            "index": sources.index,
            "operator": [layers[i][0] for i in sources.layer],
            "lon": sources.group_lon[groups],
            "lat": sources.group_lat[groups],
            "ground_m": sources.group_ground_m[groups],
            "antenna_height_m": sources.group_height_m[groups],
            "frequency_mhz": sources.frequency_mhz,
            "pci": radio["pci"].to_numpy(np.float64),
            "arfcn": radio["arfcn"].to_numpy(np.float64),
            "eirp_dbm": np.where(np.isfinite(sources.eirp_dbm), sources.eirp_dbm, np.nan),
            "ceiling_dbm": sources.ceiling_dbm,
            "azimuth_deg": radio["azimuth"].to_numpy(np.float64),
            "bearing_deg": sources.bearing_deg,
            "mechanical_tilt_deg": sources.mechanical_tilt_deg,
            "pattern": sources.pattern,
            "sd_db": sources.sd_db,
            "row": radio["row"].to_numpy(np.int64),
        }
    )
    for name in _TEXTS:
        table[name] = [str(value) if pd.notna(value) else "" for value in radio[name]]
    return table[list(RADIO_COLUMNS)]
