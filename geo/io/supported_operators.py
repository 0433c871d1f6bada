"""Which operator the public-utility programme supports in which commune: one per area (decree 295/2025/NĐ-CP)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from geo.io.named_areas import communes_meant
from geo.io.operator_names import one_operator, said_operators
from geo.io.places import with_provenance
from geo.io.positions import PositionContext
from geo.io.raw import FileLimits, TableOptions
from geo.io.tables import Table, convert, load_schema, read_tables
from geo.operators import OperatorCatalogue
from geo.schemas import Schema
from geo.validation import IssueLog
from geo.values import is_blank

__all__ = ["read_supported_operators"]

_COLUMNS = {
    "commune_code": "str", "operator": "str", "valid_from": "datetime64[ns]", "valid_to": "datetime64[ns]", "document": "str", "note": "str",
}  # fmt: skip


def read_supported_operators(
    path: Path, *, file: str, options: TableOptions, context: PositionContext, catalogue: OperatorCatalogue, log: IssueLog, limits: FileLimits | None = None
) -> pd.DataFrame:
    """Read the list of supported operators.

    Parameters
    ----------
    path : Path
    file : str
        The path as the project file gives it, for messages.
    options : TableOptions
        ``operator`` is taken for rows that name none.
    context : PositionContext
        Communes and provinces that rows name.
    catalogue : OperatorCatalogue
    log : IssueLog
    limits : FileLimits, optional

    Returns
    -------
    DataFrame
        ``commune_code`` (of the project's communes), ``operator`` (``"A; B"`` where a cell names several), ``valid_from``, ``valid_to`` (NaT open), ``document``, ``note``, ``file``,
        ``sheet``, ``row``. Which rows count on a day, and whether they agree, is asked of :func:`geo.planning.supported.supported_on`.

    Raises
    ------
    InputError
        If the file is missing, unreadable or lacks columns.
    """
    schema = load_schema("supported_operators")
    tables = read_tables(path, file=file, schema=schema, options=options, log=log, limits=limits)
    return pd.concat([_read_table(t, schema, options, context, catalogue, log) for t in tables], ignore_index=True)


def _read_table(
    table: Table, schema: Schema, options: TableOptions, context: PositionContext, catalogue: OperatorCatalogue, log: IssueLog
) -> pd.DataFrame:
    source = table.source
    frame = convert(table, schema, log)
    frame = frame.assign(operator=said_operators(one_operator(table, frame, "operator", catalogue, log, default=options.operator), catalogue))
    frame = log.drop(frame, (frame["operator"] == "").to_numpy(dtype=bool), "supported_operator_missing", source, column=table.headers.get("operator", ""))
    for name in (n for n in ("valid_from", "valid_to") if n in frame.columns):  # a blank is open; what cannot be read is not
        cells = table.frame[name].loc[frame.index].astype(object)
        frame = log.drop(frame, ~is_blank(cells) & frame[name].isna().to_numpy(dtype=bool), "supported_day_unreadable", source, column=table.header(name), came=cells)
    meant = communes_meant(frame, context.area, context.provinces)
    codes = np.array([str(context.area.codes[next(iter(units))]) if len(units) == 1 else "" for units in meant], dtype=object)
    column = table.headers.get("commune_code", table.headers.get("commune_name", ""))
    came = [" ".join(str(frame[n].iloc[k]) for n in ("commune_code", "commune_name") if n in frame.columns) for k in range(len(frame))]
    frame = frame.assign(commune_code=codes)
    frame = log.drop(frame, codes == "", "supported_commune_unknown", source, column=column, came=np.array(came, dtype=object))
    for name, kind in _COLUMNS.items():
        if name not in frame.columns:
            frame[name] = "" if kind == "str" else pd.NaT
    log.close("supported_operators", source, rows_in=table.rows_in, rows_used=len(frame))
    return with_provenance(frame[list(_COLUMNS)].astype(_COLUMNS), source)
