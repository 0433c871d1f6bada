"""Levels of signal samples: which column holds a row's level, and whether the value can be one at all.

RxLev, RSCP, RSRP and SS-RSRP are four quantities; a value is trusted only within the range of its
row's technology. Nothing is converted or guessed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.io.tables import Table
from geo.radio import TECHNOLOGIES, BandCatalogue, LevelRange
from geo.samples import SampleSettings
from geo.text import fold_key
from geo.validation import IssueLog
from geo.values import parse_numbers

__all__ = ["LEVEL_FIELDS", "TECHNOLOGY_CODES", "LevelCells", "read_level_cells", "settle_levels", "settle_quality", "technology_from_columns"]

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
CodeArray = npt.NDArray[np.int8]

#: Fields that may hold a level, the exact ones first, with the technologies whose quantity each one names.
LEVEL_FIELDS = {
    "ss_rsrp": ("5G",),
    "rsrp": ("4G", "5G"),
    "rscp": ("3G",),
    "rxlev": ("2G",),
    "level": TECHNOLOGIES,
}
#: Technologies as small numbers: 0 is unknown.
TECHNOLOGY_CODES = {"": 0, **{name: i for i, name in enumerate(TECHNOLOGIES, start=1)}}
_QUALITY = {"3G": ("ecn0", "quality"), "4G": ("rsrq", "quality"), "5G": ("rsrq", "quality")}


@dataclass(frozen=True, slots=True)
class LevelCells:
    """The level columns of a table as numbers.

    Attributes
    ----------
    values : mapping
        Field to (n,) float64.
    no_service : (n,) bool
        A level cell says in words that there is no service.
    """

    values: dict[str, FloatArray]
    no_service: BoolArray


def read_level_cells(table: Table, frame: pd.DataFrame, bands: BandCatalogue, log: IssueLog) -> LevelCells:
    """Read all level columns; words for "no service" are told apart from what is no number."""
    none = np.zeros(len(frame), dtype=bool)
    values: dict[str, FloatArray] = {}
    for name in (*LEVEL_FIELDS, "rssi", "asu"):
        if name not in frame.columns:
            continue
        cells = frame[name]
        numbers = parse_numbers(cells)
        bad = numbers.unreadable | numbers.ambiguous
        if bad.any():
            said = cells[bad].map(fold_key).isin(bands.no_service | bands.emergency).to_numpy(dtype=bool)
            rows = np.flatnonzero(bad)
            none[rows[said]] = True
            bad[rows[said]] = False
        if bad.any() and name in LEVEL_FIELDS:
            log.add("sample_level_unreadable", table.source, rows=frame.index[bad], column=table.header(name),
                    came=list(cells[bad]))
        values[name] = numbers.values
    return LevelCells(values, none)


def technology_from_columns(cells: LevelCells, frame: pd.DataFrame) -> CodeArray:
    """Return the technology (as code) that a row's only filled, technology-specific level column names; else 0."""
    out = np.zeros(len(frame), dtype=np.int8)
    count = np.zeros(len(frame), dtype=np.int64)
    for name, technology in (("rxlev", "2G"), ("rscp", "3G"), ("rsrp", "4G"), ("ss_rsrp", "5G")):
        if name in cells.values:
            filled = np.isfinite(cells.values[name])
            out[filled] = TECHNOLOGY_CODES[technology]
            count += filled
    out[count != 1] = 0
    return out


def settle_levels(
    table: Table,
    frame: pd.DataFrame,
    cells: LevelCells,
    technology: CodeArray,
    no_service: BoolArray,
    bands: BandCatalogue,
    settings: SampleSettings,
    log: IssueLog,
) -> FloatArray:
    """Return the level of each row in dBm, NaN where it is not known, every doubt stated.

    Parameters
    ----------
    table, frame : Table, DataFrame
        For headers and row numbers.
    cells : LevelCells
    technology : (n,) int8
        As in :data:`TECHNOLOGY_CODES`.
    no_service : (n,) bool
        Rows without service have no level; one that is given is stated.
    bands : BandCatalogue
    settings : SampleSettings
    log : IssueLog
    """
    level = np.full(len(frame), np.nan)
    column = np.full(len(frame), -1, dtype=np.int8)
    named = [name for name in LEVEL_FIELDS if name in cells.values]
    for place, name in enumerate(named):
        # A single level column is every technology's, whatever its header says (loggers write RSRP over all).
        takers = TECHNOLOGIES if len(named) == 1 else LEVEL_FIELDS[name]
        if name == "rsrp" and "ss_rsrp" in named:
            takers = ("4G",)  # beside SS-RSRP it is the LTE anchor's
        take = np.isnan(level) & np.isfinite(cells.values[name])
        if len(takers) < len(TECHNOLOGIES):
            take &= np.isin(technology, [0, *(TECHNOLOGY_CODES[t] for t in takers)])
        level[take] = cells.values[name][take]
        column[take] = place
    headers = [table.header(name) for name in named]
    positive = level > 0
    _note(log, "sample_level_positive", table, frame, positive & ~no_service, headers, column, level)
    level[positive] = np.nan
    _judge_ranges(table, frame, level, headers, column, technology, no_service, bands, log)
    found = np.isfinite(level)
    _note(log, "sample_no_service_with_level", table, frame, no_service & found, headers, column, level)
    level[no_service] = np.nan
    _judge_rssi(table, frame, cells, level, technology, bands, settings, log)
    silent = (column < 0) & ~no_service
    _state_silent(table, frame, cells, silent, technology, bands, level, log)
    return level


def _note(
    log: IssueLog,
    code: str,
    table: Table,
    frame: pd.DataFrame,
    mask: BoolArray,
    headers: list[str],
    column: CodeArray | None,
    values: FloatArray,
    fields: dict[str, object] | None = None,
) -> None:
    if not mask.any():
        return
    for place, header in enumerate(headers):
        rows = mask if column is None else mask & (column == place)
        if not rows.any():
            continue
        log.add(code, table.source, rows=frame.index[rows], column=header,
                came=[f"{v:g}" for v in values[rows]], fields=fields)


def _judge_ranges(
    table: Table,
    frame: pd.DataFrame,
    level: FloatArray,
    headers: list[str],
    column: CodeArray,
    technology: CodeArray,
    no_service: BoolArray,
    bands: BandCatalogue,
    log: IssueLog,
) -> None:
    """Turn values outside their technology's range to unknown, in place."""
    ranges = bands.levels
    for name in ("", *TECHNOLOGIES):
        rows = technology == TECHNOLOGY_CODES[name]
        if not rows.any():
            continue
        if name:
            known = ranges[name]
        else:  # no technology: anything that is a level of some technology
            known = LevelRange("—", min(r.low for r in ranges.values()), max(r.high for r in ranges.values()))
        wrong = rows & np.isfinite(level) & ~known.holds(level)
        _note(log, "sample_level_not_a_level", table, frame, wrong & ~no_service, headers, column, level,
              {"technology": name or "—", "quantity": known.quantity, "low": f"{known.low:g}", "high": f"{known.high:g}"})
        level[wrong] = np.nan


def _judge_rssi(
    table: Table,
    frame: pd.DataFrame,
    cells: LevelCells,
    level: FloatArray,
    technology: CodeArray,
    bands: BandCatalogue,
    settings: SampleSettings,
    log: IssueLog,
) -> None:
    """Turn RSRP columns that are RSSI to unknown, in place (2G's level is its RSSI)."""
    if "rssi" not in cells.values:
        return
    rssi = cells.values["rssi"]
    for name in ("3G", "4G", "5G"):
        both = (technology == TECHNOLOGY_CODES[name]) & np.isfinite(level) & np.isfinite(rssi)
        equal = both & (level == rssi)
        count = int(both.sum())
        if count >= settings.rssi_rows and equal.sum() >= settings.rssi_share * count:
            log.add("sample_level_equals_rssi", table.source, rows=frame.index[both], column=table.header("rssi"),
                    came=[f"{v:g}" for v in level[both]],
                    fields={"quantity": bands.levels[name].quantity, "share": f"{equal.sum() / count:.0%}"})
            level[both] = np.nan


def _state_silent(
    table: Table,
    frame: pd.DataFrame,
    cells: LevelCells,
    silent: BoolArray,
    technology: CodeArray,
    bands: BandCatalogue,
    level: FloatArray,
    log: IssueLog,
) -> None:
    """State rows that have no level column filled; RSSI serves as level for 2G alone."""
    left = silent.copy()
    if "rssi" in cells.values:
        rssi = cells.values["rssi"]
        filled = left & np.isfinite(rssi)
        gsm = filled & (technology == TECHNOLOGY_CODES["2G"]) & bands.levels["2G"].holds(rssi)
        level[gsm] = rssi[gsm]
        for name in ("3G", "4G", "5G", ""):
            rows = filled & (technology == TECHNOLOGY_CODES[name])
            if rows.any():
                quantity = bands.levels[name].quantity if name else "RSRP"
                log.add("sample_level_rssi", table.source, rows=frame.index[rows], column=table.header("rssi"),
                        came=[f"{v:g}" for v in rssi[rows]], fields={"quantity": quantity})
        odd = filled & (technology == TECHNOLOGY_CODES["2G"]) & ~gsm
        known = bands.levels["2G"]
        _note(log, "sample_level_not_a_level", table, frame, odd, [table.header("rssi")], None, rssi,
              {"technology": "2G", "quantity": known.quantity, "low": f"{known.low:g}", "high": f"{known.high:g}"})
        left &= ~filled
    if "asu" in cells.values:
        rows = left & np.isfinite(cells.values["asu"])
        _note(log, "sample_level_asu", table, frame, rows, [table.header("asu")], None,
              cells.values["asu"])
        left &= ~rows
    if left.any():
        log.add("sample_level_missing", table.source, rows=frame.index[left])


def settle_quality(
    table: Table,
    frame: pd.DataFrame,
    technology: CodeArray,
    no_service: BoolArray,
    bands: BandCatalogue,
    log: IssueLog,
) -> FloatArray:
    """Return RSRQ or Ec/N0 in dB; NaN for 2G, whose RxQual is a class, and where it is not known."""
    quality = np.full(len(frame), np.nan)
    named = [name for name in ("quality", "rsrq", "ecn0") if name in frame.columns]
    for name in named:
        values = parse_numbers(frame[name]).values  # "-" and the like: no reading
        for technology_name, own in _QUALITY.items():
            if len(named) > 1 and name not in own:
                continue
            known = bands.quality[technology_name]
            rows = (technology == TECHNOLOGY_CODES[technology_name]) & np.isfinite(values) & np.isnan(quality) & ~no_service
            wrong = rows & ~known.holds(values)
            if wrong.any():
                log.add("sample_quality_implausible", table.source, rows=frame.index[wrong], column=table.header(name),
                        came=[f"{v:g}" for v in values[wrong]],
                        fields={"quantity": known.quantity, "low": f"{known.low:g}", "high": f"{known.high:g}"})
            rows &= ~wrong
            quality[rows] = values[rows]
    return quality
