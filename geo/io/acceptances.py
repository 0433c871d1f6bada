"""Lists of acceptances, claims and deadlines of dead zones, as departments keep them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from geo.io.positions import POSITION_FIELDS, PositionContext, settle_positions
from geo.io.raw import FileLimits, TableOptions
from geo.io.tables import Table, convert, load_schema, read_tables
from geo.operators import OperatorCatalogue
from geo.schemas import Schema
from geo.validation import IssueLog
from geo.values import is_blank

__all__ = ["ACCEPTANCE_COLUMNS", "read_acceptances"]

ACCEPTANCE_COLUMNS = (
    "register_id", "dead_zone_id", "review_on", "village_id", "lon", "lat", "operator", "accepted", "accepted_on", "claimed", "claimed_on",
    "deadline", "note", "file", "sheet", "row",
)  # fmt: skip
_IDS = ("register_id", "dead_zone_id", "village_id")
_DAYS = ("review_on", "accepted_on", "claimed_on", "deadline")


def read_acceptances(
    path: Path,
    *,
    file: str,
    options: TableOptions,
    context: PositionContext | None,
    catalogue: OperatorCatalogue,
    log: IssueLog,
    limits: FileLimits | None = None,
) -> pd.DataFrame:
    """Read a list of acceptances.

    Parameters
    ----------
    path : Path
    file : str
        Its name, for messages.
    options : TableOptions
    context : PositionContext or None
        Communes against which positions are settled; without them rows that give a position alone are dropped.
        Positions that cannot be settled refuse the whole list, with a finding that is an error.
    catalogue : OperatorCatalogue
    log : IssueLog
        Books every row: in = used + dropped with a finding.
    limits : FileLimits, optional

    Returns
    -------
    DataFrame
        Columns :data:`ACCEPTANCE_COLUMNS`. ``accepted`` and ``claimed`` are yes, no or "" (not said); days are
        datetime64[ns], NaT where not given; ``lon``, ``lat`` (EPSG:4326) where the row names no id.

    Raises
    ------
    InputError
        If the file cannot be read or lacks the columns that tell where or what.
    """
    schema = load_schema("acceptances")
    parts = []
    for table in read_tables(path, file=file, schema=schema, options=options, log=log, limits=limits):
        part = _read_table(table, schema, options, context, catalogue, log)
        log.close("acceptances", table.source, rows_in=table.rows_in, rows_used=len(part))
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _read_table(
    table: Table,
    schema: Schema,
    options: TableOptions,
    context: PositionContext | None,
    catalogue: OperatorCatalogue,
    log: IssueLog,
) -> pd.DataFrame:
    frame = convert(table, schema, log)
    for name in (*_IDS, "accepted", "claimed", "note"):
        frame[name] = frame[name].astype("str") if name in frame else pd.Series("", index=frame.index, dtype="str")
    for name in _DAYS:
        frame[name] = pd.to_datetime(frame[name]) if name in frame else pd.Series(pd.NaT, index=frame.index, dtype="datetime64[ns]")
    # A day on which an operator reported service is a report of service.
    frame["claimed"] = frame["claimed"].where(~((frame["claimed"] == "") & frame["claimed_on"].notna()), "yes")
    silent = (frame["accepted"] == "") & (frame["claimed"] == "") & frame["deadline"].isna()
    # A deadline that could not be read is no missing one.
    came = table.frame["deadline"].reindex(frame.index) if "deadline" in table.frame else pd.Series(None, index=frame.index, dtype=object)
    unread = silent & ~is_blank(came)
    frame = log.drop(frame, unread.to_numpy(dtype=bool), "acceptance_deadline_unread", table.source, column=table.header("deadline"), came=came)
    frame = log.drop(frame, silent[frame.index].to_numpy(dtype=bool), "acceptance_says_nothing", table.source)
    undated = ((frame["accepted"] == "yes") & frame["accepted_on"].isna()).to_numpy(dtype=bool)
    if undated.any():
        log.add("acceptance_undated", table.source, rows=frame.index[undated], column=table.headers.get("accepted_on", ""))
    frame = frame.assign(operator=_operators(table, frame, options, catalogue, log))
    by_id = np.logical_or.reduce([(frame[name] != "").to_numpy(dtype=bool) for name in _IDS])
    placed = _placed(table, frame.loc[~by_id], options, context, log)
    if log.refused(table.source):  # its positions cannot be settled: none of its rows is used
        placed, by_id = placed.iloc[:0], np.zeros(len(frame), dtype=bool)
    known = frame.loc[by_id].drop(columns=[c for c in POSITION_FIELDS if c in frame])
    both = pd.concat([known.assign(lon=np.nan, lat=np.nan), placed]).sort_index()
    both = both.assign(file=table.source.file, sheet=table.source.sheet, row=both.index.to_numpy(dtype=np.int64))
    return both[list(ACCEPTANCE_COLUMNS)].reset_index(drop=True)


def _placed(
    table: Table, frame: pd.DataFrame, options: TableOptions, context: PositionContext | None, log: IssueLog
) -> pd.DataFrame:
    """Return rows without an id with their position; those that have none are dropped."""
    columns = [c for c in POSITION_FIELDS if c in frame]
    blank = np.ones(len(frame), dtype=bool)
    for name in columns:
        blank &= is_blank(frame[name])
    if table.geometry is not None:
        blank &= table.geometry.reindex(frame.index).isna().to_numpy(dtype=bool)
    frame = log.drop(frame, blank, "acceptance_without_place", table.source)
    if context is None:
        frame = log.drop(frame, np.ones(len(frame), dtype=bool), "acceptance_no_communes", table.source)
    if frame.empty or context is None:
        return frame.drop(columns=columns).assign(lon=pd.Series(dtype=float), lat=pd.Series(dtype=float))
    return settle_positions(table, frame, context=context, options=options, log=log)


def _operators(
    table: Table, frame: pd.DataFrame, options: TableOptions, catalogue: OperatorCatalogue, log: IssueLog
) -> pd.Series:
    """Return the operator of each row: the one named, else the list's; "" means every operator."""
    cells = frame["operator"] if "operator" in frame else pd.Series("", index=frame.index, dtype="str")
    given = cells.astype(object).where(~is_blank(cells), options.operator)
    resolved = catalogue.resolve(given)
    unknown = np.asarray(resolved.unknown, dtype=bool)
    if unknown.any():
        log.add("acceptance_operator_unknown", table.source, rows=frame.index[unknown], column=table.header("operator"),
                came=list(given[unknown]))  # fmt: skip
    return resolved.names
