"""What operators have registered for the coming years: one line per site to build, upgrade, share or remove."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from geo.io.named_areas import state_named_areas
from geo.io.operator_names import one_operator
from geo.io.places import give_ids, with_provenance
from geo.io.positions import PositionContext, settle_positions
from geo.io.raw import FileLimits, TableOptions
from geo.io.tables import Table, convert, load_schema, read_tables
from geo.operators import OperatorCatalogue
from geo.radio import BandCatalogue
from geo.schemas import Schema
from geo.validation import IssueLog
from geo.values import is_blank

__all__ = ["PLAN_ACTIONS", "read_operator_plans"]

PLAN_ACTIONS = ("build", "upgrade", "share", "remove")
_COLUMNS = {
    "line_id": "str", "operator": "str", "year": "Int64", "action": "str", "site_id": "str", "lon": "float64", "lat": "float64",
    "commune_code": "str", "mast_class": "str", "height_m": "float64", "building_height_m": "float64", "technologies": "str", "note": "str",
}  # fmt: skip


def read_operator_plans(
    path: Path,
    *,
    file: str,
    options: TableOptions,
    context: PositionContext,
    catalogue: OperatorCatalogue,
    bands: BandCatalogue,
    log: IssueLog,
    limits: FileLimits | None = None,
) -> pd.DataFrame:
    """Read operators' registered plans.

    Parameters
    ----------
    path : Path
    file : str
        The path as the project file gives it, for messages.
    options : TableOptions
        ``operator`` is taken for rows that name none.
    context : PositionContext
    catalogue : OperatorCatalogue
    bands : BandCatalogue
    log : IssueLog
    limits : FileLimits, optional

    Returns
    -------
    DataFrame
        ``line_id`` (unique), ``operator``, ``year`` (NA unknown), ``action`` (:data:`PLAN_ACTIONS`, ``""`` unknown), ``site_id`` (what
        is upgraded, shared or removed, as the line names it), ``lon``, ``lat`` (EPSG:4326), ``commune_code`` (of the commune where the point
        lies; ``""`` outside), ``mast_class`` (``""`` unknown), ``height_m``, ``building_height_m``, ``technologies``
        (``"4G,5G"``, ``""`` unknown), ``note``, ``file``, ``sheet``, ``row``.

    Raises
    ------
    InputError
        If the file is missing, unreadable or lacks columns.
    """
    schema = load_schema("operator_plans")
    tables = read_tables(path, file=file, schema=schema, options=options, log=log, limits=limits)
    frame = pd.concat([_read_table(t, schema, options, context, catalogue, bands, log) for t in tables], ignore_index=True)
    return give_ids(frame, id_field="line_id", name_field="operator", column=tables[0].header("line_id"), log=log)


def _read_table(
    table: Table, schema: Schema, options: TableOptions, context: PositionContext, catalogue: OperatorCatalogue, bands: BandCatalogue, log: IssueLog
) -> pd.DataFrame:
    source = table.source
    frame = convert(table, schema, log)
    raw = table.frame.loc[frame.index].astype(str).apply(lambda c: c.str.strip())
    if table.geometry is not None:
        raw = raw.assign(geometry=table.geometry.loc[frame.index].to_wkb(hex=True).astype(str))
    frame = log.drop(frame, raw.duplicated(keep="first").to_numpy(dtype=bool), "duplicate_row", source)
    frame = frame.assign(operator=one_operator(table, frame, "operator", catalogue, log, default=options.operator))
    frame = log.drop(frame, (frame["operator"] == "").to_numpy(dtype=bool), "plan_operator_missing", source, column=table.headers.get("operator", ""))
    frame = settle_positions(table, frame, context=context, options=options, log=log)
    if log.refused(source):
        frame = frame.iloc[:0]
    state_named_areas(table, frame, context.area, context.provinces, log)
    located = context.area.locate(frame["lon"].to_numpy(), frame["lat"].to_numpy()) if len(frame) else np.zeros(0, dtype=np.int64)
    codes = np.where(located >= 0, context.area.codes[np.maximum(located, 0)], "") if len(frame) else np.zeros(0, dtype=object)
    frame = frame.assign(commune_code=pd.Series(codes, index=frame.index, dtype="str"))
    if (located < 0).any():
        log.add("asset_outside_communes", source, rows=frame.index[located < 0])
    frame = frame.assign(technologies=_technologies(table, frame, bands, log))
    for name, code in (("year", "plan_year_missing"), ("action", "plan_action_missing"), ("technologies", "plan_technology_missing")):
        blank = is_blank(frame[name].astype(object)) if name in frame.columns else np.ones(len(frame), dtype=bool)
        if name == "technologies" and "action" in frame.columns:
            blank = blank & (frame["action"] != "remove").to_numpy(dtype=bool)
        if blank.any():
            header = table.headers.get("technology" if name == "technologies" else name, "")
            log.add(code, source, rows=() if blank.all() else frame.index[blank], column=header)
    log.close("operator_plans", source, rows_in=table.rows_in, rows_used=len(frame))
    for name, kind in _COLUMNS.items():
        if name not in frame.columns:
            frame = frame.assign(**{name: "" if kind == "str" else np.nan})
    return with_provenance(frame[list(_COLUMNS)].astype(_COLUMNS), source)


def _technologies(table: Table, frame: pd.DataFrame, bands: BandCatalogue, log: IssueLog) -> pd.Series:
    if "technology" not in frame.columns:
        return pd.Series("", index=frame.index, dtype="str")
    sets, bad = bands.technology_sets(frame["technology"])
    if bad.any():
        log.add("technology_unreadable", table.source, rows=frame.index[bad], column=table.header("technology"), came=list(frame["technology"][bad]))
    return sets.astype("str")
