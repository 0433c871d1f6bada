"""Facilities that must be served: schools, clinics, commune offices, with a point each."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from geo.io.places import drop_twins, give_ids, with_communes, with_provenance
from geo.io.positions import PositionContext, settle_positions
from geo.io.raw import FileLimits, TableOptions
from geo.io.resources import load_toml
from geo.io.tables import Table, convert, load_schema, read_tables
from geo.schemas import Schema
from geo.validation import IssueLog

__all__ = ["read_facilities"]

_COLUMNS = {
    "facility_id": "str", "facility_name": "str", "kind": "str", "commune_code": "str", "lon": "float64", "lat": "float64",
}  # fmt: skip


def read_facilities(
    path: Path,
    *,
    file: str,
    options: TableOptions,
    context: PositionContext,
    log: IssueLog,
    limits: FileLimits | None = None,
) -> pd.DataFrame:
    """Read a list or layer of facilities.

    Parameters
    ----------
    path : Path
    file : str
        The path as the project file gives it, for messages.
    options : TableOptions
        ``extra["kind"]`` names the kind of a list that has no such column (``"school"``).
    context : PositionContext
    log : IssueLog
    limits : FileLimits, optional

    Returns
    -------
    DataFrame
        ``facility_id`` (unique), ``facility_name``, ``kind`` (school, clinic, hospital,
        commune_office, police, border_post, post_office, market, other; ``""`` if unknown),
        ``commune_code``, ``lon``, ``lat`` (EPSG:4326), ``file``, ``sheet``, ``row``.

    Raises
    ------
    InputError
        If the file is missing, unreadable or lacks columns.
    """
    schema = load_schema("facilities")
    same_place_m = float(load_toml("input_checks.toml")["facilities"]["same_place_m"]["value"])
    tables = read_tables(path, file=file, schema=schema, options=options, log=log, limits=limits)
    frame = pd.concat([_read_table(t, schema, options, context, log) for t in tables], ignore_index=True)
    frame = drop_twins(frame, keys=("facility_name", "kind"), same_place_m=same_place_m,
                       plane_epsg=context.area.plane_epsg, column=tables[0].header("facility_name"), log=log)
    for table in tables:
        mine = (frame["file"] == table.source.file) & (frame["sheet"] == table.source.sheet)
        log.close("facilities", table.source, rows_in=table.rows_in, rows_used=int(mine.sum()))
    return give_ids(frame, id_field="facility_id", name_field="facility_name", column=tables[0].header("facility_id"), log=log)


def _read_table(
    table: Table, schema: Schema, options: TableOptions, context: PositionContext, log: IssueLog
) -> pd.DataFrame:
    frame = convert(table, schema, log)
    frame = settle_positions(table, frame, context=context, options=options, log=log)
    frame = with_communes(table, frame, context, log).copy()
    for name in ("facility_id", "facility_name"):
        if name not in frame:
            frame[name] = ""
    if "kind" not in frame:
        frame["kind"] = str(options.extra.get("kind", ""))
    unsaid = (frame["kind"] == "").to_numpy(dtype=bool)
    if unsaid.any():
        log.add("facility_kind_missing", table.source, rows=frame.index[unsaid] if "kind" in table.headers else (),
                column=table.headers.get("kind", ""))
    return with_provenance(frame[list(_COLUMNS)].astype(_COLUMNS), table.source)
