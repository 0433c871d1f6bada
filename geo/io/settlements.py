"""Villages: a point each, in the commune where it lies, with what the list says of households and power."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from geo.io.places import drop_twins, give_ids, stated_household_sizes, with_communes, with_provenance
from geo.io.positions import PositionContext, settle_positions
from geo.io.raw import FileLimits, TableOptions
from geo.io.resources import load_toml
from geo.io.tables import Table, convert, load_schema, read_tables
from geo.schemas import Schema
from geo.validation import IssueLog

__all__ = ["read_settlements"]

_COLUMNS = {
    "village_id": "str", "village_name": "str", "commune_code": "str", "lon": "float64", "lat": "float64",
    "point_kind": "str", "households": "float64", "population": "float64", "grid_power": "boolean",
    "difficult_area": "boolean",
}  # fmt: skip


def read_settlements(
    path: Path,
    *,
    file: str,
    options: TableOptions,
    context: PositionContext,
    log: IssueLog,
    limits: FileLimits | None = None,
) -> pd.DataFrame:
    """Read a list or layer of villages.

    Parameters
    ----------
    path : Path
    file : str
        The path as the project file gives it, for messages.
    options : TableOptions
    context : PositionContext
        Communes against which positions are settled.
    log : IssueLog
    limits : FileLimits, optional

    Returns
    -------
    DataFrame
        ``village_id`` (unique), ``village_name``, ``commune_code`` (of the commune where the point
        lies; ``""`` if unknown), ``lon``, ``lat`` (EPSG:4326), ``point_kind`` (culture_house,
        centroid or unknown), ``households``, ``population`` (NaN where not given), ``grid_power``,
        ``difficult_area`` (nullable), ``file``, ``sheet``, ``row``.

    Raises
    ------
    InputError
        If the file is missing, unreadable or lacks columns.
    """
    schema = load_schema("settlements")
    checks = {name: float(entry["value"]) for name, entry in load_toml("input_checks.toml")["settlements"].items()}
    tables = read_tables(path, file=file, schema=schema, options=options, log=log, limits=limits)
    # A workbook may hold a sheet per commune: twins and ids are looked at across all of them.
    frame = pd.concat([_read_table(t, schema, options, context, checks, log) for t in tables], ignore_index=True)
    frame = drop_twins(frame, keys=("village_name",), same_place_m=checks["same_place_m"],
                       plane_epsg=context.area.plane_epsg, column=tables[0].header("village_name"), log=log)
    for table in tables:
        mine = (frame["file"] == table.source.file) & (frame["sheet"] == table.source.sheet)
        log.close("settlements", table.source, rows_in=table.rows_in, rows_used=int(mine.sum()))
    return give_ids(frame, id_field="village_id", name_field="village_name", column=tables[0].header("village_id"), log=log)


def _read_table(
    table: Table,
    schema: Schema,
    options: TableOptions,
    context: PositionContext,
    checks: Mapping[str, float],
    log: IssueLog,
) -> pd.DataFrame:
    frame = convert(table, schema, log)
    frame = settle_positions(table, frame, context=context, options=options, log=log)
    frame = with_communes(table, frame, context, log)
    frame = _filled(table, frame, log)
    stated_household_sizes(table, frame, checks["persons_per_household_low"], checks["persons_per_household_high"], log)
    return with_provenance(frame[list(_COLUMNS)].astype(_COLUMNS), table.source)


def _filled(table: Table, frame: pd.DataFrame, log: IssueLog) -> pd.DataFrame:
    """Return ``frame`` with all columns, what is not known stated and left unknown."""
    frame = frame.copy()
    for name, value in (("village_id", ""), ("village_name", ""), ("point_kind", ""), ("households", np.nan), ("population", np.nan), ("grid_power", pd.NA), ("difficult_area", pd.NA)):
        if name not in frame:
            frame[name] = value
    kind = frame["point_kind"].astype("str")
    unsaid = (kind == "").to_numpy(dtype=bool)
    frame = frame.assign(point_kind=kind.where(~unsaid, "unknown"))
    nameless = (frame["village_name"] == "").to_numpy(dtype=bool)
    uncounted = frame["households"].isna().to_numpy(dtype=bool)
    for mask, code, field in (
        (nameless, "place_name_missing", "village_name"),
        (unsaid, "village_point_kind_unknown", "point_kind"),
        (uncounted, "village_households_unknown", "households"),
    ):
        if mask.any():
            rows = frame.index[mask] if field in table.headers else ()
            log.add(code, table.source, rows=rows, column=table.headers.get(field, ""))
    return frame
