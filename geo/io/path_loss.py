"""Path-loss links: both ends' position and height, frequency and measured loss.

Distances are computed from the coordinates, never taken from the table. Which end is mobile differs
between campaigns; the two ends are kept as given.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from pyproj import Geod

from geo.coordinates import parse_angles
from geo.io.raw import FileLimits, TableOptions
from geo.io.resources import load_toml
from geo.io.tables import Table, convert, load_schema, read_tables
from geo.schemas import Schema
from geo.validation import IssueLog

__all__ = ["PATH_LOSS_COLUMNS", "read_path_loss"]

FloatArray = npt.NDArray[np.float64]

#: Columns of the frame, in order.
PATH_LOSS_COLUMNS = (
    "tx_lon", "tx_lat", "tx_height_m", "rx_lon", "rx_lat", "rx_height_m", "frequency_mhz", "path_loss_db", "distance_m",
    "area", "file", "sheet", "row",
)  # fmt: skip
_ENDS = ("tx_lon", "tx_lat", "rx_lon", "rx_lat")
# ITU-R P.525-4, equation (4): 32.4 dB + 20 log f(MHz) + 20 log d(km)
_FREE_SPACE_DB = 32.4


def read_path_loss(
    path: Path, *, file: str, options: TableOptions, log: IssueLog, limits: FileLimits | None = None
) -> pd.DataFrame:
    """Read the links of one file.

    Parameters
    ----------
    path : Path
    file : str
        The path as the project file gives it.
    options : TableOptions
    log : IssueLog
        Books every row: in = used + dropped with a finding.
    limits : FileLimits, optional

    Returns
    -------
    DataFrame
        Columns :data:`PATH_LOSS_COLUMNS`, RangeIndex. Longitudes and latitudes in degrees, EPSG:4326;
        heights in metres above ground, NaN where unknown; ``distance_m`` on the WGS 84 ellipsoid.

    Raises
    ------
    InputError
        If the file cannot be read or lacks a column.
    """
    schema = load_schema("path_loss")
    parts = [
        _read_table(table, schema, log)
        for table in read_tables(path, file=file, schema=schema, options=options, log=log, limits=limits)
    ]
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype="float64") for name in PATH_LOSS_COLUMNS})
    return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)


def _read_table(table: Table, schema: Schema, log: IssueLog) -> pd.DataFrame:
    rules = {name: entry["value"] for name, entry in load_toml("path_loss.toml").items()}
    repeated = table.frame.duplicated().to_numpy(dtype=bool)
    frame = convert(table, schema, log)
    frame = log.drop(frame, repeated[np.isin(table.frame.index, frame.index)], "link_duplicate", table.source)
    for name in _ENDS:
        frame[name] = parse_angles(frame[name]).values
    known = np.ones(len(frame), dtype=bool)
    for name, most in (("tx_lon", 180), ("tx_lat", 90), ("rx_lon", 180), ("rx_lat", 90)):
        known &= (frame[name].abs() <= most).to_numpy(dtype=bool)
    zero = ((frame["tx_lon"] == 0) & (frame["tx_lat"] == 0)) | ((frame["rx_lon"] == 0) & (frame["rx_lat"] == 0))
    came = np.full(len(frame), "", dtype=object)
    for i in np.flatnonzero(~known | zero):
        came[i] = "; ".join(f"{v:g}" for v in frame[list(_ENDS)].iloc[int(i)])
    frame = log.drop(frame, ~known | zero, "link_position_missing", table.source, came=came,
                     column="; ".join(table.header(n) for n in _ENDS))
    unusable = frame["path_loss"].isna() | frame["frequency"].isna()
    field = schema.fields
    frame = log.drop(
        frame, unusable, "link_value_missing", table.source,
        column=f"{table.header('path_loss')}; {table.header('frequency')}",
        fields={"low": field["path_loss"].minimum, "high": field["path_loss"].maximum,
                "low_mhz": field["frequency"].minimum, "high_mhz": field["frequency"].maximum},
    )  # fmt: skip
    ends = [frame[name].to_numpy(dtype=np.float64) for name in _ENDS]
    _, _, metres = Geod(ellps="WGS84").inv(ends[0], ends[1], ends[2], ends[3])
    distance = np.asarray(metres, dtype=np.float64)
    _state_distances(table, frame, distance, float(rules["distance_share"]), log)
    _state_free_space(table, frame, distance, float(rules["free_space_margin_db"]), log)
    log.close("path_loss", table.source, rows_in=table.rows_in, rows_used=len(frame))
    unknown = pd.Series(np.nan, index=frame.index)
    return pd.DataFrame(
        {
            "tx_lon": frame["tx_lon"],
            "tx_lat": frame["tx_lat"],
            "tx_height_m": frame.get("tx_height", unknown),
            "rx_lon": frame["rx_lon"],
            "rx_lat": frame["rx_lat"],
            "rx_height_m": frame.get("rx_height", unknown),
            "frequency_mhz": frame["frequency"],
            "path_loss_db": frame["path_loss"],
            "distance_m": distance,
            "area": frame["area"] if "area" in frame.columns else pd.Series("", index=frame.index, dtype="str"),
            "file": pd.Series(table.source.file, index=frame.index, dtype="str"),
            "sheet": pd.Series(table.source.sheet, index=frame.index, dtype="str"),
            "row": frame.index.to_numpy(dtype=np.int64),
        }
    ).reset_index(drop=True)


def _state_distances(table: Table, frame: pd.DataFrame, distance: FloatArray, share: float, log: IssueLog) -> None:
    """State rows whose own distance, in metres or kilometres as the column shows, is not that of the coordinates."""
    if "distance" not in frame.columns:
        return
    given = frame["distance"].to_numpy(dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.nanmedian(np.where(distance > 0, given / distance, np.nan)) if len(frame) else np.nan
        scale = 1000.0 if ratio < 0.03 else 1.0  # half way, in orders of magnitude, between km and m
        differs = np.abs(given * scale - distance) > share * np.maximum(distance, 1.0)
    if differs.any():
        came = [f"{g:g} → {d / scale:g}" for g, d in zip(given[differs], distance[differs], strict=True)]
        log.add("link_distance_differs", table.source, rows=frame.index[differs], column=table.header("distance"),
                came=came, fields={"share": f"{share:.0%}"})


def _state_free_space(table: Table, frame: pd.DataFrame, distance: FloatArray, margin_db: float, log: IssueLog) -> None:
    frequency = frame["frequency"].to_numpy(dtype=np.float64)
    loss = frame["path_loss"].to_numpy(dtype=np.float64)
    with np.errstate(divide="ignore"):
        free = _FREE_SPACE_DB + 20 * np.log10(frequency) + 20 * np.log10(distance / 1000)
    less = loss < free - margin_db
    if less.any():
        came = [f"{a:g} / {b:.1f}" for a, b in zip(loss[less], free[less], strict=True)]
        log.add("link_below_free_space", table.source, rows=frame.index[less], column=table.header("path_loss"), came=came,
                fields={"margin": f"{margin_db:g}"})
