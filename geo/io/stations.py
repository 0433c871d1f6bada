"""Station and cell lists: from operators' files to the network's sites and cells."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from geo.crs import from_wgs84
from geo.errors import ProjectFileError
from geo.io.positions import POSITION_FIELDS, PositionContext, settle_positions
from geo.io.project import InputFile
from geo.io.refusals import stating
from geo.io.resources import load_toml
from geo.io.station_radio import settle_radio
from geo.io.tables import Table, convert, load_schema, read_tables
from geo.io.unplaced import rows_without_place, still_unplaced
from geo.network import (
    POWER_BASES,
    Network,
    assemble,
    part_far_codes,
    shared_masts,
    spread_of_sites,
    with_site_ids,
)
from geo.operators import OperatorCatalogue
from geo.project import Project
from geo.radio import BandCatalogue
from geo.schemas import Schema
from geo.text import fold_key
from geo.validation import IssueLog, Source
from geo.values import is_blank

__all__ = ["read_network"]

_CODE_IN_NAME = re.compile(r"(?<!\d)(\d{3})-?(\d{2,3})(?!\d)")
_MARKUP = re.compile(r"^\s*[=+@]|<[a-zA-Z/!]")


def read_network(
    sites: Sequence[InputFile],
    cells: Sequence[InputFile],
    *,
    project: Project,
    context: PositionContext,
    operators: OperatorCatalogue,
    bands: BandCatalogue,
    log: IssueLog,
) -> Network:
    """Read all station and cell lists of a project into one network.

    Parameters
    ----------
    sites, cells : sequence of InputFile
    project : Project
        For its date and settings.
    context : PositionContext
    operators : OperatorCatalogue
    bands : BandCatalogue
    log : IssueLog

    Returns
    -------
    Network
        A file that cannot be read at all is a finding; the others are still read.
    """
    stations, cell_schema = load_schema("stations"), load_schema("cells")
    parts: list[pd.DataFrame] = []
    lost: list[pd.DataFrame] = []
    for item in sites:
        with stating(log, item.file):
            for table in read_tables(item.path, file=item.file, schema=stations, options=item.options, log=log):
                part = _read_rows(table, stations, item, project, context, operators, bands, log, lost)
                if part is not None:
                    parts.append(part)
    # A list with one row per cell may be named as both: its rows are read once.
    told = {(item.path, item.options.sheet) for item in sites}
    read_cells: list[tuple[Source, int, pd.DataFrame]] = []
    for item in cells:
        if (item.path, item.options.sheet) in told:
            continue
        with stating(log, item.file):
            for table in read_tables(item.path, file=item.file, schema=cell_schema, options=item.options, log=log):
                part = _read_rows(table, cell_schema, item, project, context, operators, bands, log, lost, cells=True)
                if part is not None:
                    read_cells.append((table.source, table.rows_in, part))
    rows = pd.concat(parts, ignore_index=True) if parts else _no_rows()
    rows = _part_far_codes(rows, project, context, log)
    cell_rows = _tied_cells(read_cells, rows, context, lost, log)
    _state_spread(rows, project, context, log)
    network = assemble(rows, cell_rows)
    _state_missing_technology(network, log)
    located = context.area.locate(network.sites["lon"], network.sites["lat"])
    communes = np.where(located >= 0, context.area.codes[np.maximum(located, 0)], "")
    masts = shared_masts(
        network.sites, plane_epsg=context.area.plane_epsg, same_mast_m=project.settings.same_mast_m
    )
    _state_near(network.sites, context.area.plane_epsg, project.settings.same_mast_m, log)
    shared = network.sites.groupby(masts)["operator"].nunique()
    count = int((shared > 1).sum())
    if count:
        log.add("same_mast_recognised", Source("—"),
                fields={"count": count, "distance_m": f"{project.settings.same_mast_m:g}"})
    network = Network(network.sites.assign(commune_code=communes, mast_id=masts), network.cells)
    return replace(network, unplaced=still_unplaced(lost, network, log))


def _part_far_codes(
    rows: pd.DataFrame, project: Project, context: PositionContext, log: IssueLog
) -> pd.DataFrame:
    """Keep rows apart that share a site code by mistake: far apart they cannot be one structure."""
    if "site_id" not in rows.columns or rows.empty:
        return rows
    codes, away = part_far_codes(rows, plane_epsg=context.area.plane_epsg, limit_m=project.settings.site_split_m)
    changed = (codes != rows["site_id"].fillna("").astype(str)).to_numpy(dtype=bool)
    for (file, sheet), part in rows[changed].groupby(["file", "sheet"], sort=True):
        log.add("site_code_shared", Source(str(file), str(sheet)), rows=part["row"].to_numpy(),
                came=[f"{c}: {d / 1000:.1f} km" for c, d in zip(part["site_id"], away.loc[part.index], strict=True)],
                fields={"limit_km": f"{project.settings.site_split_m / 1000:g}"})
    return rows.assign(site_id=codes)


def _state_near(sites: pd.DataFrame, plane_epsg: int, distance_m: float, log: IssueLog) -> None:
    """State sites of one operator that stand together under codes of their own (one site listed twice?)."""
    given = sites[~sites["site_id"].str.contains(r"(?:^|/)(?:@|eNB )").to_numpy(dtype=bool)]
    if len(given) < 2:
        return
    x, y = from_wgs84(given["lon"], given["lat"], plane_epsg)
    pairs = cKDTree(np.column_stack([x, y])).query_pairs(distance_m, output_type="ndarray")
    names = given["operator"].to_numpy()
    own = pairs[names[pairs[:, 0]] == names[pairs[:, 1]]]
    beside: dict[int, int] = {int(b): int(a) for a, b in own[::-1]} | {int(a): int(b) for a, b in own[::-1]}
    part = given.iloc[sorted(beside)].assign(beside=[given["site_id"].iloc[beside[i]] for i in sorted(beside)])
    for (file, sheet), rows in part.groupby(["file", "sheet"], sort=True):
        log.add("sites_near", Source(str(file), str(sheet)), rows=rows["row"].to_numpy(),
                came=[f"{a} ~ {b}" for a, b in zip(rows["site_id"], rows["beside"], strict=True)],
                fields={"distance_m": f"{distance_m:g}"})


def _state_missing_technology(network: Network, log: IssueLog) -> None:
    """State rows whose technology neither the list nor a cell table says."""
    missing = network.cells[(network.cells["technology"] == "").to_numpy(dtype=bool)]
    for (file, sheet), part in missing.groupby(["file", "sheet"], sort=True):
        log.add("technology_missing", Source(str(file), str(sheet)), rows=np.sort(part["row"].to_numpy()),
                came=list(part.sort_values("row")["site_id"]))


def _no_rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "operator": pd.Series(dtype="str"), "lon": pd.Series(dtype=float), "lat": pd.Series(dtype=float),
            "status": pd.Series(dtype="str"), "technologies": pd.Series(dtype="str"),
            "file": pd.Series(dtype="str"), "sheet": pd.Series(dtype="str"), "row": pd.Series(dtype="int64"),
        }
    )  # fmt: skip


def _read_rows(
    table: Table,
    schema: Schema,
    item: InputFile,
    project: Project,
    context: PositionContext,
    operators: OperatorCatalogue,
    bands: BandCatalogue,
    log: IssueLog,
    lost: list[pd.DataFrame],
    *,
    cells: bool = False,
) -> pd.DataFrame | None:
    source = table.source
    table, told = _status_among_dates(table, schema, log)
    frame = convert(table, schema, log)
    if told is not None:
        given = frame["status"] if "status" in frame.columns else pd.Series("", index=frame.index, dtype="str")
        frame = frame.assign(status=given.where(given != "", told.reindex(frame.index).fillna("")).astype("str"))
    frame = _drop_repeated(table, frame, log)
    frame = _without_blank_azimuths(table, _with_power_options(_with_port_powers(frame), item), log)
    everything, stated_before = frame, len(log.findings)
    resolved = _operators(table, frame, item, operators, log, needed=not cells)
    if resolved is None:
        log.close(schema.kind, source, rows_in=table.rows_in, rows_used=0)
        return None
    named = frame = resolved
    if table.geometry is not None or set(POSITION_FIELDS) & set(frame.columns):
        blank = _without_position(frame, table) if cells else np.zeros(len(frame), dtype=bool)
        placed = settle_positions(table, frame[~blank], context=context, options=item.options, log=log)
        rest = frame[blank].drop(columns=[c for c in POSITION_FIELDS if c in frame.columns])
        frame = pd.concat([placed, rest.assign(lon=np.nan, lat=np.nan)]).sort_index() if blank.any() else placed
    else:
        frame = frame.assign(lon=np.nan, lat=np.nan)
    left = everything.loc[everything.index.difference(frame.index)]
    if len(left) and not log.refused(source):
        left = left.assign(operator=named["operator"].reindex(left.index).fillna("").astype("str"))
        nameless = left.index.difference(named.index)
        left = _placed_quietly(table, left, nameless, context, item, log)
        quiet = IssueLog(log.catalogue)
        left = _status(table, settle_radio(table, left, bands, quiet), project, quiet, say=False)
        outside = {int(row) for f in log.findings[stated_before:] if f.kind.code == "position_outside" for row in f.rows}
        lost.append(rows_without_place(left.assign(file=source.file, sheet=source.sheet), outside, context))
    frame = settle_radio(table, frame, bands, log)
    frame = _status(table, frame, project, log, say=not cells)
    _state_markup(table, frame, log)
    frame = frame.assign(file=source.file, sheet=source.sheet, row=frame.index.to_numpy(dtype=np.int64))
    if not cells:
        log.close(schema.kind, source, rows_in=table.rows_in, rows_used=len(frame))
    return frame


def _placed_quietly(
    table: Table, left: pd.DataFrame, nameless: pd.Index, context: PositionContext, item: InputFile, log: IssueLog
) -> pd.DataFrame:
    """Place the rows that were left out for want of an operator; the others were left out for their coordinates."""
    bare = left.drop(columns=[c for c in POSITION_FIELDS if c in left.columns]).assign(lon=np.nan, lat=np.nan)
    if len(nameless) and (table.geometry is not None or set(POSITION_FIELDS) & set(left.columns)):
        placed = settle_positions(table, left.loc[nameless], context=context, options=item.options, log=IssueLog(log.catalogue))
        bare.loc[placed.index, ["lon", "lat"]] = placed[["lon", "lat"]]
    return bare


def _with_port_powers(frame: pd.DataFrame) -> pd.DataFrame:
    """Take a power whose header says "per port" where a row has no other power; its basis is then known."""
    names = {f"power_per_port_{unit}": f"power_{unit}" for unit in ("w", "dbm") if f"power_per_port_{unit}" in frame.columns}
    if not names:
        return frame
    known = frame[[name for name in ("power_w", "power_dbm") if name in frame.columns]].notna().any(axis=1)
    taken = ~known & frame[list(names)].notna().any(axis=1)
    said = frame["power_basis"] if "power_basis" in frame.columns else pd.Series("", index=frame.index)
    frame = frame.assign(power_basis=said.where(~taken, "per_port").astype("str"))
    for per_port, name in names.items():
        given = frame[name] if name in frame.columns else pd.Series(np.nan, index=frame.index)
        frame = frame.assign(**{name: given.where(~taken, frame[per_port])})
    return frame.drop(columns=list(names))


def _with_power_options(frame: pd.DataFrame, item: InputFile) -> pd.DataFrame:
    """Fill in what the project file says of all powers of a list, where its rows do not say it."""
    basis, ports = item.options.extra.get("power_basis"), item.options.extra.get("ports")
    if basis is not None:
        if basis not in POWER_BASES:
            allowed = ", ".join(POWER_BASES)
            raise ProjectFileError(
                f"inputs.{item.kind}: power_basis = '{basis}': chỉ {allowed}.",
                f"inputs.{item.kind}: power_basis = '{basis}': {allowed} only.",
            )
        said = frame["power_basis"] if "power_basis" in frame.columns else pd.Series("", index=frame.index)
        frame = frame.assign(power_basis=said.where(said != "", basis).astype("str"))
    if ports is not None:
        if isinstance(ports, bool) or not isinstance(ports, int | float) or not ports >= 1:
            raise ProjectFileError(
                f"inputs.{item.kind}: ports = {ports}: cần số cổng phát, từ 1.",
                f"inputs.{item.kind}: ports = {ports}: the number of transmit ports, from 1.",
            )
        known = frame["ports"] if "ports" in frame.columns else pd.Series(np.nan, index=frame.index)
        frame = frame.assign(ports=known.fillna(float(ports)))
    return frame


def _without_blank_azimuths(table: Table, frame: pd.DataFrame, log: IssueLog) -> pd.DataFrame:
    """Take azimuths for unknown where a list of many cells has nothing but 0: nobody points every sector north."""
    if "azimuth_deg" not in frame.columns:
        return frame
    known = frame["azimuth_deg"].dropna()
    least = float(load_toml("input_checks.toml")["stations"]["azimuth_zero_cells"]["value"])
    if len(known) < least or not known.isin([0.0, 360.0]).all():
        return frame
    log.add("azimuth_all_zero", table.source, column=table.header("azimuth_deg"), came="0", fields={"n": len(known)})
    return frame.assign(azimuth_deg=np.nan)


def _status_among_dates(table: Table, schema: Schema, log: IssueLog) -> tuple[Table, pd.Series | None]:
    """Take "Chưa phát sóng" and the like out of the date column: it is a status, and a decisive one."""
    if "on_air_date" not in table.frame.columns or "status" not in schema.fields:
        return table, None
    choices = schema.fields["status"].choices or {}
    cells = table.frame["on_air_date"]
    said = cells.map(lambda c: choices.get(fold_key(c), "") if isinstance(c, str) else "").astype("str")
    found = (said != "").to_numpy(dtype=bool)
    if not found.any():
        return table, None
    log.add("status_in_date_column", table.source, rows=cells.index[found], column=table.header("on_air_date"),
            came=list(cells[found]))
    dates = cells.astype(object).where(~found, None)
    return replace(table, frame=table.frame.assign(on_air_date=dates)), said


def _without_position(frame: pd.DataFrame, table: Table) -> np.ndarray:
    """In a cell table a row without any coordinate takes its site's."""
    if table.geometry is not None:
        return np.zeros(len(frame), dtype=bool)
    blank = np.ones(len(frame), dtype=bool)
    for name in set(POSITION_FIELDS) & set(frame.columns):
        blank &= is_blank(frame[name])
    return blank


def _drop_repeated(table: Table, frame: pd.DataFrame, log: IssueLog) -> pd.DataFrame:
    raw = table.frame.loc[frame.index].astype(str).apply(lambda c: c.str.strip())
    if table.geometry is not None:
        raw = raw.assign(geometry=table.geometry.loc[frame.index].to_wkb(hex=True).astype(str))
    repeated = raw.duplicated(keep="first").to_numpy(dtype=bool)
    name = next((c for c in ("cell_id", "site_id", "site_name") if c in frame.columns), "")
    came = frame[name] if name else None
    frame = log.drop(frame, repeated, "duplicate_row", table.source, column=table.header(name) if name else "", came=came)
    keys = [c for c in ("operator", "mcc", "mnc", "area", "cell_id", "technology", "earfcn", "nrarfcn", "uarfcn", "arfcn")
            if c in frame.columns]
    if "cell_id" in keys:
        twice = frame.loc[:, keys].astype(str).duplicated(keep=False).to_numpy(dtype=bool) & (frame["cell_id"] != "").to_numpy()
        if twice.any():
            log.add("same_cell_twice", table.source, rows=frame.index[twice], column=table.header("cell_id"),
                    came=list(frame["cell_id"][twice]))
    return frame


def _operators(
    table: Table, frame: pd.DataFrame, item: InputFile, operators: OperatorCatalogue, log: IssueLog, *, needed: bool
) -> pd.DataFrame | None:
    given: pd.Series[Any] = pd.Series(np.nan, index=frame.index, dtype=object)
    header = ""
    if {"mcc", "mnc"} <= set(frame.columns):
        known = (frame["mcc"] != "") & (frame["mnc"] != "")
        given = given.where(~known, frame["mcc"] + "-" + frame["mnc"].str.zfill(2))
        header = f"{table.header('mcc')}; {table.header('mnc')}"
    if "operator" in frame.columns:
        named = ~is_blank(frame["operator"])
        given = given.where(~named, frame["operator"].astype(object))
        header = table.header("operator")
    if item.options.operator:
        given = given.where(~is_blank(given), item.options.operator)
    elif is_blank(given).all() and len(given) and (found := _CODE_IN_NAME.search(item.path.name)):
        code = f"{found[1]}-{found[2]}"
        given = pd.Series(code, index=frame.index, dtype=object)
        log.add("operator_from_file_name", table.source, came=item.path.name,
                fields={"operator": operators.resolve(pd.Series([code])).names.iloc[0]})
    blank = is_blank(given)
    if needed and len(given) and blank.all():
        log.add("operator_missing", table.source)
        return None
    if needed:
        frame = log.drop(frame, blank, "operator_blank", table.source, column=header)
        given = given[~blank]
    resolved = operators.resolve(given)
    unknown = np.asarray(resolved.unknown, dtype=bool)
    names = resolved.names.to_numpy(dtype=object).copy()
    if unknown.any():
        near = _nearest_operators(given[unknown], item, operators)
        for i in np.flatnonzero(unknown):
            if meant := near.get(str(given.iloc[int(i)]), ""):
                names[i] = meant
        mended = unknown & (names != resolved.names.to_numpy(dtype=object))
        if mended.any():
            log.add("operator_misspelt", table.source, rows=frame.index[mended], column=header,
                    came=[f"{g} → {n}" for g, n in zip(given[mended], names[mended], strict=True)])
        left = unknown & ~mended
        if left.any():
            listed = list(dict.fromkeys(given[left].astype(str)))
            log.add("operator_unknown", table.source, rows=() if left.all() else frame.index[left], column=header,
                    came=", ".join(listed[:30]) if left.all() else list(given[left]))
    frame = frame.drop(columns=[c for c in ("operator", "mcc", "mnc") if c in frame.columns])
    return frame.assign(operator=names)


def _nearest_operators(given: pd.Series, item: InputFile, operators: OperatorCatalogue) -> dict[str, str]:
    """Return the operator that a misspelt name means: one letter or two from the list's own or a known one."""
    own = [item.options.operator] if item.options.operator else []
    known = {fold_key(n): o.name for o in operators.operators for n in (o.name, *o.aliases) if len(fold_key(n)) > 4}
    known |= {fold_key(o): operators.resolve(pd.Series([o])).names.iloc[0] for o in own}
    near: dict[str, str] = {}
    for text in dict.fromkeys(given.astype(str)):
        found = difflib.get_close_matches(fold_key(text), known, n=2, cutoff=0.85)
        meant = {known[f] for f in found}
        if len(meant) == 1 and not any(c.isdigit() for c in text) and not operators.names_several(text):
            near[text] = meant.pop()
    return near


def _status(table: Table, frame: pd.DataFrame, project: Project, log: IssueLog, *, say: bool) -> pd.DataFrame:
    status = frame["status"] if "status" in frame.columns else pd.Series("", index=frame.index, dtype="str")
    if "on_air_date" in frame.columns:
        date = frame["on_air_date"]
        first = pd.Timestamp(str(load_toml("input_checks.toml")["stations"]["first_on_air"]["value"]))
        early = (date < first).to_numpy(dtype=bool)
        if early.any():
            log.add("on_air_too_early", table.source, rows=frame.index[early], column=table.header("on_air_date"),
                    came=list(date[early].dt.strftime("%Y-%m-%d")), fields={"first": f"{first:%d/%m/%Y}"})
        date = date.where(~early)
        frame = frame.assign(on_air_date=date)
        future = (date > pd.Timestamp(project.date)).to_numpy(dtype=bool)
        wrong = future & (status != "planned").to_numpy() & (status != "off_air").to_numpy()
        if wrong.any():
            log.add("on_air_in_future", table.source, rows=frame.index[wrong], column=table.header("on_air_date"),
                    came=list(date[wrong].dt.strftime("%Y-%m-%d")), fields={"date": project.date.isoformat()})
        status = status.where(~wrong, "planned")
        since = date.notna().to_numpy() & ~future & (status == "").to_numpy()
        status = status.where(~since, "on_air")
    unknown = (status == "").to_numpy(dtype=bool)
    if say and unknown.any():  # a cell without a status has its site's
        log.add("status_unknown", table.source, rows=() if unknown.all() else frame.index[unknown])
    return frame.assign(status=status.where(~unknown, "unknown").astype("str"))


def _state_markup(table: Table, frame: pd.DataFrame, log: IssueLog) -> None:
    for name in ("site_id", "site_name", "cell_id", "cell_name", "owner", "address", "note"):
        if name not in frame.columns:
            continue
        odd = frame[name].astype(str).str.contains(_MARKUP).to_numpy(dtype=bool)
        if odd.any():
            log.add("site_names_markup", table.source, rows=frame.index[odd], column=table.header(name),
                    came=list(frame[name][odd]))


def _tied_cells(
    read: list[tuple[Source, int, pd.DataFrame]],
    rows: pd.DataFrame,
    context: PositionContext,
    left_out: list[pd.DataFrame],
    log: IssueLog,
) -> pd.DataFrame | None:
    """Drop cells of a cell table that neither name a known site nor have a place, and book the tables."""
    kept: list[pd.DataFrame] = []
    codes = set(rows["site_id"].astype(str)) if "site_id" in rows.columns else set()
    pairs = set(zip(rows["operator"], rows["site_id"].astype(str), strict=True)) if codes else set()
    short = _without_zeros(pairs)
    for source, rows_in, part in read:
        frame = part
        if not log.refused(source):
            if "site_id" not in frame.columns:
                frame = frame.assign(site_id=pd.Series("", index=frame.index, dtype="str"))
            frame = _restore_zeros(frame, source, pairs, short, log)
            site = frame["site_id"].astype(str)
            known = [
                (o, s) in pairs or (o == "" and s in codes) for o, s in zip(frame["operator"], site, strict=True)
            ]
            lost = frame["lon"].isna().to_numpy() & ~np.asarray(known, dtype=bool)
            left_out.append(rows_without_place(frame[lost], (), context))
            frame = log.drop(frame, lost, "cell_without_site", source, came=site)
        log.close("cells", source, rows_in=rows_in, rows_used=len(frame))
        kept.append(frame)
    return pd.concat(kept, ignore_index=True) if kept else None


def _without_zeros(pairs: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return (operator, code without leading zeros) to the one code that it can mean."""
    found: dict[tuple[str, str], list[str]] = {}
    for operator, code in pairs:
        if code.isdigit():
            found.setdefault((operator, code.lstrip("0")), []).append(code)
    return {key: codes[0] for key, codes in found.items() if len(codes) == 1}


def _restore_zeros(
    frame: pd.DataFrame,
    source: Source,
    pairs: set[tuple[str, str]],
    short: dict[tuple[str, str], str],
    log: IssueLog,
) -> pd.DataFrame:
    """Tie codes that differ from a site's by leading zeros only (one list or the other lost them)."""
    meant = [
        short.get((o, s.lstrip("0")), s) if (o, s) not in pairs and s.isdigit() else s
        for o, s in zip(frame["operator"], frame["site_id"].astype(str), strict=True)
    ]
    changed = np.asarray(frame["site_id"].to_numpy(dtype=object) != np.asarray(meant, dtype=object), dtype=bool)
    if changed.any():
        log.add("site_code_zeros_lost", source, rows=frame.index[changed],
                came=[f"{s} → {m}" for s, m in zip(frame["site_id"][changed], np.asarray(meant)[changed], strict=True)])
    return frame.assign(site_id=pd.Series(meant, index=frame.index, dtype="str"))


def _state_spread(rows: pd.DataFrame, project: Project, context: PositionContext, log: IssueLog) -> None:
    if rows.empty:
        return
    named = with_site_ids(rows)
    at_place = named["site_id"].str.startswith("@").to_numpy(dtype=bool)
    named = named.assign(site_id=named["site_id"].where(~at_place, ""))
    distance = spread_of_sites(named, context.area.plane_epsg)
    limit = project.settings.sector_spread_m
    apart = (distance > limit).to_numpy(dtype=bool)
    for (file, sheet), part in named[apart].groupby(["file", "sheet"], sort=True):
        log.add("same_site_apart", Source(str(file), str(sheet)), rows=part["row"].to_numpy(),
                came=[f"{s}: {d:.0f} m" for s, d in zip(part["site_id"], distance[part.index], strict=True)],
                fields={"spread_m": f"{limit:g}"})
    _state_one_place(rows, log)
    _state_two_lists(rows, log)
    _state_heights(rows, log)


def _state_two_lists(rows: pd.DataFrame, log: IssueLog) -> None:
    """State rows that another list (file or sheet) holds in the same words."""
    told = [c for c in rows.columns if c not in {"file", "sheet", "row"}]
    where = rows["file"].astype(str) + "\x00" + rows["sheet"].astype(str)
    if where.nunique() < 2 or "site_id" not in rows.columns:
        return
    key = pd.util.hash_pandas_object(rows[told].astype(str), index=False)
    several = where.groupby(key).transform("nunique") > 1
    again = (several & key.duplicated()).to_numpy(dtype=bool)
    for (file, sheet), part in rows[again].groupby(["file", "sheet"], sort=True):
        log.add("row_in_two_lists", Source(str(file), str(sheet)), rows=part["row"].to_numpy(), came=list(part["site_id"]))


def _state_heights(rows: pd.DataFrame, log: IssueLog) -> None:
    """State masts of one site that differ in height, and masts higher than masts usually are."""
    if "structure_height_m" not in rows.columns:
        return
    high = float(load_toml("input_checks.toml")["stations"]["mast_height_high_m"]["value"])
    height = rows["structure_height_m"]
    unusual = (height > high).to_numpy(dtype=bool)
    differ = np.zeros(len(rows), dtype=bool)
    if "site_id" in rows.columns:
        named = (rows["site_id"].fillna("").astype(str) != "").to_numpy(dtype=bool)
        count = height.groupby([rows["operator"].astype(str), rows["site_id"].astype(str)]).transform("nunique")
        differ = named & (count > 1).to_numpy(dtype=bool) & height.notna().to_numpy(dtype=bool)
    for code, mask in (("mast_height_unusual", unusual), ("mast_heights_differ", differ)):
        for (file, sheet), part in rows[mask].groupby(["file", "sheet"], sort=True):
            log.add(code, Source(str(file), str(sheet)), rows=part["row"].to_numpy(),
                    came=[f"{h:g}" for h in part["structure_height_m"]], fields={"high": f"{high:g}"})


def _state_one_place(rows: pd.DataFrame, log: IssueLog) -> None:
    """State where one operator gives the same coordinates to three sites or more."""
    if "site_id" not in rows.columns or rows.empty:
        return
    key = [rows["operator"], rows["lon"].round(7), rows["lat"].round(7)]
    sites = rows.groupby(key)["site_id"].transform("nunique")
    many = rows[(sites > 2).to_numpy(dtype=bool)]
    for (file, sheet, lon, lat), part in many.groupby(["file", "sheet", "lon", "lat"], sort=True):
        log.add("many_sites_one_place", Source(str(file), str(sheet)), rows=part["row"].to_numpy(),
                came=f"{lon:.5f}; {lat:.5f}", fields={"count": part["site_id"].nunique()})
