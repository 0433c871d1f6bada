"""Drive tests in the shapes of files: G-NetTrack Pro text logs and a plain table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from geo.sample.drives import Drives
from geo.sample.frame import records
from geo.sample.sheets import FlawBook, Sheet

__all__ = ["DRIVE_TABLE", "drive_table", "gnettrack_logs", "locked_sheet"]

DRIVE_TABLE = "drive/drive_tests.parquet"
_HEADER = (
    "Timestamp\tLongitude\tLatitude\tOperatorname\tOperator\tCellname\tNode\tCellID\tLAC\tNetworkTech\tLevel\tQual"
    "\tSNR\tCQI\tLTERSSI\tARFCN\tPSC\tAltitude\tDistance\tTA\tBAND"
)
_BANDS = {3012: "U8", 10612: "U1", 10712: "U1", 3625: "L8", 1650: "L3", 1300: "L3", 1450: "L3"}
_LOCKED_SESSIONS = 3


def _log_line(row: Any, display: str, altitude_m: int) -> str:
    time = row.time.strftime("%Y.%m.%d_%H.%M.%S")
    place = f"{time}\t{row.lon:.6f}\t{row.lat:.6f}"
    if not row.technology:
        return f"{place}\tNO_COVERAGE\t\t\t\t-1\t\t--\t-200\t-12\t-\t-\t-\t\t\t{altitude_m}\t-1\t\t\t"
    level, quality = int(row.level_dbm), int(row.quality_db)
    lte = row.technology != "3G"
    tail = (
        f"{max(0, 20 + quality)}.0\t{int(np.clip(15 + quality, 1, 15))}\t{level + 20}" if lte else "-\t-\t-"
    )
    band = _BANDS.get(int(row.channel), "N")
    return (
        f"{place}\t{display}\t{row.mcc_mnc}\t\t{row.node}\t{row.local_id}\t7000\t{row.technology}\t{level}\t{quality}\t"
        f"{tail}\t{row.channel}\t{row.pci}\t{altitude_m}\t-1\t{0 if lte else ''}\t{band}\t"
    )


def gnettrack_logs(rng: np.random.Generator, drives: Drives, book: FlawBook) -> dict[str, str]:
    """Return text logs by file name, with the sentinel levels and repeated rows that such logs hold."""
    out: dict[str, str] = {}
    for number, log in enumerate(drives.logs, start=1):
        file = f"drive/gnettrack_{number}_log.txt"
        frame = log[log["technology"] != "5G"]
        lines = [_HEADER]
        display = str(frame["operator"].iloc[0])
        for row in records(frame):
            line = _log_line(row, display, int(300 + 40 * np.sin(len(lines) / 60)))
            parts = line.split("\t")
            u = rng.random()
            if row.technology == "3G" and u < 0.5:
                parts[10], parts[11] = "-24", "-"
                book.note_row(file, len(lines) + 1, "Level", "sentinel_level", "-24 with Qual -")
            elif row.technology == "4G" and u < 0.012:
                parts[10], parts[11] = "-164", "-"
                book.note_row(file, len(lines) + 1, "Level", "sentinel_level", "-164 with Qual -")
            elif not row.technology:
                book.note_row(file, len(lines) + 1, "Level", "sentinel_level", "-200 with technology --")
            lines.append("\t".join(parts))
            if rng.random() < 0.02:
                lines.append(lines[-1])
                book.note_row(file, len(lines), "", "duplicate_sample", f"same as row {len(lines) - 1}")
        out[file] = "\r\n".join(lines) + "\r\n"
    return out


def drive_table(rng: np.random.Generator, drives: Drives, book: FlawBook) -> pd.DataFrame:
    """Return the plain table: automatic phones and most of the locked ones."""
    frame = drives.table.copy()
    locked = frame["locked_technology"] != ""
    sessions = sorted(frame.loc[locked, "session"].unique().tolist())[-_LOCKED_SESSIONS:]
    frame = frame[~(locked & frame["session"].isin(sessions))].reset_index(drop=True)
    frame["level_dbm"] = frame["level_dbm"].astype("Int16")
    frame["quality_db"] = frame["quality_db"].mask(frame["technology"] == "").astype("Int16")
    frame["speed_kmh"] = frame["speed_kmh"].astype("int16")
    frame["device"] = frame["device"].astype("int16")
    frame["session"] = frame["session"].astype("int16")
    frame["technology"] = frame["technology"].replace("", None)

    frame["service"] = np.where(frame["technology"].isna(), "No service", "")

    foreign = frame.index[
        (frame["operator"] == "Mạng A") & (frame["lon"] < 104.99) & frame["technology"].notna()
    ]
    for position in foreign[:60]:
        for column, value in (
            ("operator", "Foreign Net"),
            ("mcc_mnc", "99801"),
            ("node", 77),
            ("local_id", 1),
        ):
            frame.loc[position, column] = value
        book.note_row(
            DRIVE_TABLE, int(position) + 1, "mcc_mnc", "foreign_network", "99801 is not of this country"
        )
    for position in sorted(rng.choice(len(frame), 5, replace=False).tolist()):
        frame.loc[position, "time"] = frame.loc[position, "time"] + pd.DateOffset(years=1)
        book.note_row(DRIVE_TABLE, position + 1, "time", "future_date")
    again = sorted(rng.choice(len(frame), 40, replace=False).tolist())
    for order, position in enumerate(again):
        book.note_row(
            DRIVE_TABLE, len(frame) + order + 1, "", "duplicate_sample", f"same as row {position + 1}"
        )
    names = {"operator": "operator_name", "quality_db": "quality", "local_id": "cell_id"}
    return pd.concat([frame, frame.iloc[again]], ignore_index=True).rename(columns=names)


def locked_sheet(drives: Drives, book: FlawBook) -> Sheet:
    """Return the drives of a few phones locked to one technology, as a plain CSV with a device number."""
    frame = drives.table
    locked = frame["locked_technology"] != ""
    sessions = sorted(frame.loc[locked, "session"].unique().tolist())[-_LOCKED_SESSIONS:]
    part = frame[locked & frame["session"].isin(sessions)].reset_index(drop=True)
    table = pd.DataFrame(
        {
            "time": part["time"].dt.strftime("%d/%m/%Y %H:%M:%S"),
            "lon": [f"{v:.6f}" for v in part["lon"]],
            "lat": [f"{v:.6f}" for v in part["lat"]],
            "operator": part["operator"],
            "technology": part["technology"],
            "service": np.where(part["technology"] == "", "No service", ""),
            "level_dbm": ["" if v != v else f"{v:.0f}" for v in part["level_dbm"]],
            "quality": ["" if v != v else f"{v:.0f}" for v in part["quality_db"]],
            "arfcn": ["" if pd.isna(v) else str(v) for v in part["channel"]],
            "locked_technology": part["locked_technology"],
            "imei": [f"0000000000000{v:02d}" for v in part["device"]],
        }
    )
    sheet = Sheet("drive/drive_locked.csv", "", table)
    book.note(sheet, 0, "imei", "device_identity", "every row; made-up numbers that are to be dropped")
    return sheet
