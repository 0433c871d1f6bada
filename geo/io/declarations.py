"""Speeds that operators declare, by technology and service area, from a day on (QCVN 81:2019, clause 2.1.5)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from geo.io.places import state_rows
from geo.io.positions import PositionContext
from geo.io.raw import FileLimits, TableOptions
from geo.io.service_access import access_column, given_access
from geo.io.service_sums import clashing
from geo.io.speed_units import read_speeds, speed_limits, unit_rules
from geo.io.tables import Table, convert, load_schema, read_tables
from geo.operators import OperatorCatalogue
from geo.radio import BandCatalogue
from geo.schemas import Schema
from geo.service_frames import DECLARATIONS
from geo.text import clean
from geo.validation import IssueLog
from geo.values import parse_texts

__all__ = ["read_declarations", "settle_declarations"]

_SPEEDS = ("vdmin", "vd", "vu")
#: What a declaration is for.
_OF = ["operator", "technology", "access", "service_area_code", "valid_from"]


def read_declarations(
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
    """Read declared speeds.

    Options beside those of every table, in ``options.extra``: ``access`` for tables that do not say, ``unit``.

    Parameters
    ----------
    path : Path
    file : str
        The path as the project file gives it.
    options : TableOptions
    context : PositionContext
    catalogue : OperatorCatalogue
    bands : BandCatalogue
    log : IssueLog
        Books every row: in = used + dropped with a finding.
    limits : FileLimits, optional

    Returns
    -------
    DataFrame
        As :data:`geo.service_frames.DECLARATIONS`.

    Raises
    ------
    InputError
        If the file cannot be read or has no declared speed.
    """
    schema = load_schema("declarations")
    parts = [
        _read_table(table, schema, options, context, catalogue, bands, log)
        for table in read_tables(path, file=file, schema=schema, options=options, log=log, limits=limits)
    ]
    filled = [p for p in parts if len(p)]
    return pd.concat(filled, ignore_index=True) if filled else DECLARATIONS.empty()


def _read_table(
    table: Table,
    schema: Schema,
    options: TableOptions,
    context: PositionContext,
    catalogue: OperatorCatalogue,
    bands: BandCatalogue,
    log: IssueLog,
) -> pd.DataFrame:
    frame = convert(table, schema, log)
    frame = _of_operators(table, frame, options, catalogue, log)
    technology, access = _kinds(table, frame, options, bands, log)
    if (access == "").all() and len(frame):
        log.add("speed_access_unknown", table.source, column=table.headers.get("technology", ""))
    several = technology.str.contains(",").to_numpy(dtype=bool)
    limits = speed_limits(technology.mask(several, ""), access)
    by_field = {"vdmin": limits["download"], "vd": limits["download"], "vu": limits["upload"]}
    speeds = None
    if not log.refused(table.source):
        speeds = read_speeds(
            table, frame, _SPEEDS, default_unit="", given_unit=clean(options.extra.get("unit", "")), limits=by_field,
            rules=unit_rules(), log=log,
        )  # fmt: skip
    if speeds is None:
        log.close("declarations", table.source, rows_in=table.rows_in, rows_used=0)
        return DECLARATIONS.empty()
    values = {}
    for name in _SPEEDS:
        mbps = speeds[name].mbps if name in speeds else np.full(len(frame), np.nan)
        with np.errstate(invalid="ignore"):
            beyond = (mbps > by_field[name]) | (mbps < 0)
            if beyond.any():
                log.add("speed_implausible", table.source, rows=frame.index[beyond], column=table.header(name),
                        came=list(frame[name][beyond].astype(str)), fields={"limit": f"{by_field[name][beyond].max():g}"})
            values[f"{name}_mbps"] = np.where(beyond | (mbps == 0), np.nan, mbps)
    with np.errstate(invalid="ignore"):
        wrong = values["vdmin_mbps"] > values["vd_mbps"]
    header = "; ".join(table.header(n) for n in _SPEEDS if n in frame.columns)
    if wrong.any():
        log.add("declaration_order_wrong", table.source, rows=frame.index[wrong], column=header,
                came=[f"{a:g} > {b:g}" for a, b in zip(values["vdmin_mbps"][wrong], values["vd_mbps"][wrong], strict=True)])
    result = pd.DataFrame(
        {
            "operator": frame["operator"],
            "technology": technology,
            "access": access,
            "service_area_code": _areas(table, frame, context, log),
            **values,
            "valid_from": _since(table, frame, log),
            "file": table.source.file,
            "sheet": table.source.sheet,
            "row": frame.index.to_numpy(dtype=np.int64),
        },
        index=frame.index,
    )
    silent = result[list(values)].isna().all(axis=1).to_numpy(dtype=bool)
    result = log.drop(result, silent, "declaration_nothing_said", table.source, column=header)
    lacking = (result["access"] == "").to_numpy(dtype=bool)
    result = log.drop(result, lacking, "speed_access_missing", table.source, column=table.headers.get("technology", ""))
    again, differ = clashing(result, _OF, list(values), np.ones(len(result), dtype=bool))
    said = result[list(values)].map(lambda v: "" if np.isnan(v) else f"{v:g}").agg("; ".join, axis=1) if len(result) else None
    kept = log.drop(result, differ, "declaration_rows_differ", table.source, column=header, came=said)
    result = log.drop(kept, again[~differ], "declaration_twice", table.source)
    log.close("declarations", table.source, rows_in=table.rows_in, rows_used=len(result))
    if several.any():  # a row for each technology that the cell names
        result = result.assign(technology=result["technology"].str.split(",")).explode("technology")
    return DECLARATIONS.conform(result)


def settle_declarations(frame: pd.DataFrame, log: IssueLog) -> pd.DataFrame:
    """Return the declarations of all files, each once; where files declare different values for the same, none of them is used. Both are stated."""
    again, differ = clashing(frame, _OF, [f"{name}_mbps" for name in _SPEEDS], np.ones(len(frame), dtype=bool))
    came = np.array([f"{o} {t} {a}".strip() for o, t, a in zip(frame["operator"], frame["technology"], frame["service_area_code"], strict=True)], dtype=object)
    state_rows("declaration_files_differ", frame, differ, log, came=came)
    state_rows("service_row_repeated", frame, again, log, came=came)
    return frame[~again & ~differ].reset_index(drop=True)


def _of_operators(
    table: Table, frame: pd.DataFrame, options: TableOptions, catalogue: OperatorCatalogue, log: IssueLog
) -> pd.DataFrame:
    """Return rows that name an operator, its name settled."""
    cells = frame["operator"] if "operator" in frame.columns else pd.Series("", index=frame.index, dtype="str")
    found = catalogue.resolve(cells)
    names = found.names
    if found.unknown.any():
        log.add("sample_operator_unknown", table.source, column=table.header("operator"),
                came=", ".join(dict.fromkeys(names[found.unknown]))[:200])
    if options.operator:
        names = names.where(names != "", catalogue.resolve(pd.Series([options.operator])).names.iloc[0])
    missing = (names == "").to_numpy(dtype=bool)
    return log.drop(frame.assign(operator=names), missing, "declaration_operator_missing", table.source,
                    column=table.headers.get("operator", ""))


def _kinds(
    table: Table, frame: pd.DataFrame, options: TableOptions, bands: BandCatalogue, log: IssueLog
) -> tuple[pd.Series, pd.Series]:
    """Return technology (empty for fixed lines; ``"4G,5G"`` where a cell names several) and access."""
    technology = pd.Series("", index=frame.index, dtype="str")
    access = access_column(table, frame, "access", log, state_unknown=True)
    if "technology" in frame.columns:
        named = bands.technology_column(frame["technology"])
        by_technology = access_column(table, frame, "technology", log, state_unknown=False)
        technology, several = named.values, named.several
        if several.any():
            log.add("declaration_technologies_several", table.source, rows=frame.index[several], column=table.header("technology"), came=list(frame["technology"][several]))
            technology = technology.mask(several, bands.technologies(frame["technology"]))
        access = access.where(access != "", by_technology)
        unknown = named.unknown & (by_technology == "").to_numpy(dtype=bool)
        if unknown.any():
            log.add("sample_technology_unknown", table.source, rows=frame.index[unknown], column=table.header("technology"),
                    came=list(frame["technology"][unknown]))
    access = access.where(access != "", (technology != "").map({True: "mobile", False: ""}).astype("str"))
    access = access.where(access != "", given_access(clean(options.extra.get("access", ""))))
    return technology.mask((access == "fixed").to_numpy(dtype=bool), "").astype("str"), access.astype("str")


def _areas(table: Table, frame: pd.DataFrame, context: PositionContext, log: IssueLog) -> pd.Series:
    """Return service areas as they are named; numbers of the operator's own are stated."""
    if "service_area" not in frame.columns:
        return pd.Series("", index=frame.index, dtype="str")
    texts = parse_texts(frame["service_area"])
    known = set(context.area.codes) | set(context.area.province_codes)
    padded = texts.where(~texts.str.fullmatch(r"\d{4}"), "0" + texts)  # a commune code that lost its zero
    codes = texts.mask(padded.isin(sorted(known)), padded)
    own = ((codes != "") & ~codes.isin(sorted(known))).to_numpy(dtype=bool)
    if own.any():
        log.add("declaration_area_own", table.source, rows=frame.index[own], column=table.header("service_area"), came=list(texts[own]))
    return codes.astype("str")


def _since(table: Table, frame: pd.DataFrame, log: IssueLog) -> pd.Series:
    if "valid_from" not in frame.columns:
        if len(frame):
            log.add("declaration_no_date", table.source)
        return pd.Series(np.datetime64("NaT", "ns"), index=frame.index)
    days: pd.Series = frame["valid_from"].dt.normalize()
    missing = days.isna().to_numpy(dtype=bool)
    if missing.any():
        log.add("declaration_no_date", table.source, rows=() if missing.all() else frame.index[missing], column=table.header("valid_from"))
    return days
