"""The passive inventory: masts and service points, ducts, poles and hung cable, as they are and as they are planned.

An inventory counts things, so a row without a usable place still counts in the commune that it names. A sheet or
layer whose name begins with ``QH_`` holds what is planned, as provincial systems name the twin of each layer.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import Geod

from geo.crs import WGS84_EPSG
from geo.io.named_areas import areas_meant, state_former_areas
from geo.io.operator_names import named_operators, one_operator
from geo.io.places import give_ids, with_provenance
from geo.io.placing import MapFrame, declared_crs, place_shapes
from geo.io.positions import POSITION_FIELDS, PositionContext, settle_positions
from geo.io.raw import FileLimits, TableOptions
from geo.io.tables import Table, convert, load_schema, read_tables
from geo.operators import OperatorCatalogue
from geo.schemas import Schema
from geo.text import fold
from geo.validation import IssueLog
from geo.values import is_blank

__all__ = ["POINT_KINDS", "ROUTE_KINDS", "other_ends", "read_points", "read_routes", "straight_between"]

_GEOD = Geod(ellps="WGS84")
_ENDS = {"lon": "end_lon", "lat": "end_lat", "x": "end_x", "y": "end_y"}
_EVERYWHERE = MapFrame(-180, 180, -90, 90)
_PLANNED_SHEET = "qh"
_DIGITS = 8

#: Columns of each kind, beside ``planned``, ``commune_code``, ``lon``, ``lat`` and provenance.
POINT_KINDS: dict[str, dict[str, str]] = {
    "masts": {
        "mast_id": "str", "mast_name": "str", "owner": "str", "users": "str", "mast_class": "str", "mast_kind": "str",
        "height_m": "float64", "building_height_m": "float64", "shareable": "boolean", "in_use_since": "datetime64[ns]",
        "certificate_no": "str", "certificate_date": "datetime64[ns]", "certificate_expiry": "datetime64[ns]", "address": "str", "note": "str",
    },
    "service_points": {
        "point_id": "str", "point_name": "str", "operator": "str", "point_class": "str", "in_use_since": "datetime64[ns]", "address": "str",
        "note": "str",
    },
}  # fmt: skip
_ROUTE = {
    "route_id": "str", "route_name": "str", "operator": "str", "owner": "str", "street": "str", "start_name": "str", "end_name": "str",
    "length_km": "float64", "length_basis": "str", "shared_use": "str",
}  # fmt: skip
ROUTE_KINDS: dict[str, dict[str, str]] = {
    "ducts": {
        **_ROUTE, "work_class": "str", "conduits": "float64", "conduits_used": "float64", "kerb_distance_m": "float64", "pavement": "str",
        "cable_kind": "str", "capacity": "str", "note": "str",
    },
    "poles": {**_ROUTE, "work_class": "str", "poles": "float64", "note": "str"},
    "cables": {**_ROUTE, "cables": "float64", "cable_kind": "str", "capacity": "str", "tidied": "boolean", "note": "str"},
}  # fmt: skip
#: Class whose absence is worth stating, by kind.
_CLASS = {"masts": "mast_class", "service_points": "point_class", "ducts": "work_class", "poles": "work_class"}


def read_points(
    kind: str,
    path: Path,
    *,
    file: str,
    options: TableOptions,
    context: PositionContext,
    catalogue: OperatorCatalogue,
    log: IssueLog,
    limits: FileLimits | None = None,
) -> pd.DataFrame:
    """Read masts or public service points.

    Parameters
    ----------
    kind : {"masts", "service_points"}
    path : Path
    file : str
        The path as the project file gives it, for messages.
    options : TableOptions
        ``extra["planned"]`` is True for a list of what is planned.
    context : PositionContext
    catalogue : OperatorCatalogue
    log : IssueLog
    limits : FileLimits, optional

    Returns
    -------
    DataFrame
        The columns of :data:`POINT_KINDS`, ``planned`` (bool), ``commune_code`` (``""`` outside the project's communes), ``lon``,
        ``lat`` (EPSG:4326; NaN where the row gives none), ``file``, ``sheet``, ``row``. Unknown is ``""``, NaN, NaT or NA. ``users``
        are operators, ``"A; B"``; the owner is among them only if the list says so.

    Raises
    ------
    InputError
        If the file is missing, unreadable or lacks columns.
    """
    schema = load_schema(kind)
    tables = read_tables(path, file=file, schema=schema, options=options, log=log, limits=limits)
    stem = next(iter(POINT_KINDS[kind])).removesuffix("_id")
    parts = [_points(kind, t, schema, options, context, catalogue, log) for t in tables]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    return give_ids(frame, id_field=f"{stem}_id", name_field=f"{stem}_name", column=tables[0].header(f"{stem}_id"), log=log)


def _points(
    kind: str, table: Table, schema: Schema, options: TableOptions, context: PositionContext, catalogue: OperatorCatalogue, log: IssueLog
) -> pd.DataFrame:
    frame = _without_repeated(table, convert(table, schema, log), log)
    frame = _placed(table, frame, context, options, log)
    if log.refused(table.source):
        frame = frame.iloc[:0]
    if kind == "masts":
        users = named_operators(table, frame, ("users", "shared_with"), catalogue, log)
        if options.operator:
            users = users.where(users != "", options.operator)
        frame = frame.assign(users=users, owner=one_operator(table, frame, "owner", catalogue, log, known=False))
    else:
        frame = frame.assign(operator=one_operator(table, frame, "operator", catalogue, log, default=options.operator))
    frame = _planned(table, frame, options)
    _state_blank_class(kind, table, frame, log)
    if kind == "masts":
        _state_certificates(table, frame, log)
    log.close(kind, table.source, rows_in=table.rows_in, rows_used=len(frame))
    return with_provenance(_typed(frame, {**POINT_KINDS[kind], "planned": "bool", "commune_code": "str", "lon": "float64", "lat": "float64"}), table.source)


def read_routes(
    kind: str,
    path: Path,
    *,
    file: str,
    options: TableOptions,
    context: PositionContext,
    catalogue: OperatorCatalogue,
    log: IssueLog,
    limits: FileLimits | None = None,
) -> gpd.GeoDataFrame:
    """Read ducts, poles or hung cable: a row is a route (a pole of its own is a route of one place).

    Parameters
    ----------
    kind : {"ducts", "poles", "cables"}
    path, file, options, context, catalogue, log, limits
        See :func:`read_points`.

    Returns
    -------
    GeoDataFrame
        EPSG:4326: the columns of :data:`ROUTE_KINDS`, ``planned``, ``commune_code`` (of the start), ``lon``, ``lat`` (the start),
        ``end_lon``, ``end_lat``, provenance; ``geometry`` is the line, straight where a table gives two ends, the point where it
        gives one, None without a place. ``length_basis`` is ``stated``, ``measured`` (of a drawn line), ``straight`` (between the ends:
        the route is at least so long) or ``""``.

    Raises
    ------
    InputError
        If the file is missing, unreadable or lacks columns.
    """
    schema = load_schema(kind)
    tables = read_tables(path, file=file, schema=schema, options=options, log=log, limits=limits)
    parts = [_routes(kind, t, schema, options, context, catalogue, log) for t in tables]
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=WGS84_EPSG)


def _routes(
    kind: str, table: Table, schema: Schema, options: TableOptions, context: PositionContext, catalogue: OperatorCatalogue, log: IssueLog
) -> pd.DataFrame:
    frame = _without_repeated(table, convert(table, schema, log), log)
    if table.geometry is not None:
        frame = _drawn(table, frame, context, options, log)
    else:
        ends = other_ends(table, frame, context, options, log)
        frame = _placed(table, frame.drop(columns=[c for c in _ENDS.values() if c in frame.columns]), context, options, log)
        frame = frame.assign(end_lon=ends[0].reindex(frame.index), end_lat=ends[1].reindex(frame.index))
        frame = frame.assign(geometry=straight_between(frame))
    if log.refused(table.source):
        frame = frame.iloc[:0]
    frame = frame.assign(
        operator=one_operator(table, frame, "operator", catalogue, log, default=options.operator),
        owner=one_operator(table, frame, "owner", catalogue, log, known=False),
    )
    frame = _planned(table, _with_length(table, frame, log), options)
    _state_blank_class(kind, table, frame, log)
    if kind == "ducts":
        _state_conduits(table, frame, log)
    frame = frame.assign(route_id=_route_ids(kind, table, frame))
    log.close(kind, table.source, rows_in=table.rows_in, rows_used=len(frame))
    types = {**ROUTE_KINDS[kind], "planned": "bool", "commune_code": "str", "lon": "float64", "lat": "float64", "end_lon": "float64", "end_lat": "float64"}
    typed = _typed(frame, types).assign(geometry=frame["geometry"].to_numpy(dtype=object))
    return with_provenance(typed, table.source)


def _without_repeated(table: Table, frame: pd.DataFrame, log: IssueLog) -> pd.DataFrame:
    """Drop rows that say the same as an earlier one in every cell but the running number."""
    raw = table.frame.loc[frame.index].astype(str).apply(lambda c: c.str.strip())
    if table.geometry is not None:
        raw = raw.assign(geometry=table.geometry.loc[frame.index].to_wkb(hex=True).astype(str))
    return log.drop(frame, raw.duplicated(keep="first").to_numpy(dtype=bool), "duplicate_row", table.source)


def _placed(table: Table, frame: pd.DataFrame, context: PositionContext, options: TableOptions, log: IssueLog) -> pd.DataFrame:
    """Return rows with lon, lat and commune; those without coordinates keep the commune that they name."""
    fields = [c for c in POSITION_FIELDS if c in frame.columns]
    without = np.zeros(len(frame), dtype=bool)
    if table.geometry is None:
        without = np.ones(len(frame), dtype=bool)
        for name in fields:
            without &= is_blank(frame[name])
    rest = frame[without].drop(columns=fields).assign(lon=np.nan, lat=np.nan)
    if without.all():
        placed = rest
    else:
        settled = settle_positions(table, frame[~without], context=context, options=options, log=log)
        placed = pd.concat([settled, rest]).sort_index() if without.any() else settled
    if without.any() and not log.refused(table.source):
        log.add("asset_without_position", table.source, rows=() if without.all() else frame.index[without])
    return _with_commune(table, placed, context, log)


def _with_commune(table: Table, frame: pd.DataFrame, context: PositionContext, log: IssueLog) -> pd.DataFrame:
    area = context.area
    lon, lat = frame["lon"].to_numpy(dtype=float), frame["lat"].to_numpy(dtype=float)
    located = np.full(len(frame), -1, dtype=np.int64)
    known = np.isfinite(lon) & np.isfinite(lat)
    if known.any():
        located[known] = area.locate(lon[known], lat[known])
    meant = areas_meant(frame, area, context.provinces)
    codes = ["" if i < 0 else str(area.codes[i]) for i in located]
    for i in np.flatnonzero(~known):
        if len(meant[i].units) == 1:
            codes[i] = str(area.codes[next(iter(meant[i].units))])
    if not known.all() and not log.refused(table.source):  # those with coordinates were stated with them
        state_former_areas(table, frame[~known], area, [m for m, there in zip(meant, known, strict=True) if not there], located[~known], log)
    out = frame.assign(commune_code=pd.Series(codes, index=frame.index, dtype="str"))
    beyond = (located < 0) & known
    if beyond.any() and not log.refused(table.source):
        log.add("asset_outside_communes", table.source, rows=frame.index[beyond])
    nowhere = ~known & (out["commune_code"] == "").to_numpy(dtype=bool)
    if nowhere.any() and not log.refused(table.source):
        log.add("asset_nowhere", table.source, rows=() if nowhere.all() else frame.index[nowhere])
    return out


def other_ends(
    table: Table, frame: pd.DataFrame, context: PositionContext, options: TableOptions, log: IssueLog
) -> tuple[pd.Series, pd.Series]:
    """Return longitude and latitude of the routes' other ends, NaN where a row does not give one that can be used."""
    nothing = pd.Series(np.nan, index=frame.index)
    present = {start: end for start, end in _ENDS.items() if end in frame.columns}
    if not ({"lon", "lat"} <= set(present) or {"x", "y"} <= set(present)):
        return nothing, nothing
    given = np.zeros(len(frame), dtype=bool)
    for end in present.values():
        given |= ~is_blank(frame[end])
    others = frame.drop(columns=[c for c in POSITION_FIELDS if c in frame.columns])[given].rename(columns={v: k for k, v in present.items()})
    headers = {**table.headers, **{start: table.header(end) for start, end in present.items()}}
    trial = IssueLog(log.catalogue)
    settled = settle_positions(replace(table, headers=headers), others, context=context, options=options, log=trial) if given.any() else others.assign(lon=np.nan, lat=np.nan)
    if trial.refused(table.source):
        settled = settled.iloc[:0]
    lost = given & ~frame.index.isin(settled.index)
    if lost.any():
        names = "; ".join(table.header(end) for end in present.values())
        log.add("route_end_unusable", table.source, rows=frame.index[lost], column=names)
    return settled["lon"].reindex(frame.index).astype(float), settled["lat"].reindex(frame.index).astype(float)


def straight_between(frame: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Return the straight line between two ends, the point of one, None of none."""
    out = np.full(len(frame), None, dtype=object)
    for i, (lon, lat, far_lon, far_lat) in enumerate(frame[["lon", "lat", "end_lon", "end_lat"]].itertuples(index=False)):
        if np.isfinite(lon) and np.isfinite(far_lon) and (lon, lat) != (far_lon, far_lat):
            out[i] = shapely.LineString([(lon, lat), (far_lon, far_lat)])
        elif np.isfinite(lon):
            out[i] = shapely.Point(lon, lat)
    return out


def _drawn(table: Table, frame: pd.DataFrame, context: PositionContext, options: TableOptions, log: IssueLog) -> pd.DataFrame:
    """Return rows of a layer with their shapes in EPSG:4326 and both ends."""
    crs = declared_crs(table, options, log)
    blank = {name: pd.Series(np.nan, index=frame.index) for name in ("lon", "lat", "end_lon", "end_lat")}
    if crs is None or table.geometry is None:
        return frame.assign(geometry=None, commune_code="", **blank)
    shapes = np.asarray(table.geometry.reindex(frame.index).to_numpy(), dtype=object)
    frame = log.drop(frame.assign(geometry=shapes), shapely.is_missing(shapes) | shapely.is_empty(shapes), "feature_without_shape", table.source,
                     column="geometry")
    kinds = shapely.get_type_id(frame["geometry"].to_numpy(dtype=object))
    frame = log.drop(frame, ~np.isin(kinds, (0, 1, 5)), "route_not_line", table.source, column="geometry")
    frame, _ = place_shapes(frame, table.source, crs, _EVERYWHERE, log, framed=np.zeros(len(frame), dtype=bool))
    if log.refused(table.source):
        return frame.iloc[:0].assign(commune_code="", **{k: v.iloc[:0] for k, v in blank.items()})
    shapes = shapely.force_2d(shapely.line_merge(frame["geometry"].to_numpy(dtype=object)))
    ends = np.array([[*shapely.get_coordinates(s)[0], *shapely.get_coordinates(s)[-1]] for s in shapes], dtype=float).reshape(-1, 4)
    frame = frame.assign(geometry=shapes, lon=ends[:, 0], lat=ends[:, 1], end_lon=ends[:, 2], end_lat=ends[:, 3])
    return _with_commune(table, frame, context, log)


def _with_length(table: Table, frame: pd.DataFrame, log: IssueLog) -> pd.DataFrame:
    """Return rows with their length: as stated, else of the line, else between the ends."""
    stated = frame["length_km"].to_numpy(dtype=float) if "length_km" in frame.columns else np.full(len(frame), np.nan)
    shapes = frame["geometry"].to_numpy(dtype=object)
    found = np.array([np.nan if s is None or s.geom_type == "Point" else _GEOD.geometry_length(s) / 1000.0 for s in shapes], dtype=float)
    basis = np.where(np.isfinite(stated), "stated", np.where(np.isfinite(found), "measured" if table.geometry is not None else "straight", ""))
    taken = np.isnan(stated) & np.isfinite(found)
    if taken.any():
        log.add("route_length_made" if table.geometry is not None else "route_length_straight", table.source, rows=frame.index[taken])
    # A route cannot be shorter than the straight line between its ends; a kilometre column in metres is a thousand times too long.
    with np.errstate(invalid="ignore"):
        odd = (table.geometry is None) & (stated < found * 0.98 - 0.02)
    if odd.any():
        log.add("route_shorter_than_straight", table.source, rows=frame.index[odd],
                came=[f"{s:g} km < {f:.3f} km" for s, f in zip(stated[odd], found[odd], strict=True)])
    return frame.assign(length_km=np.where(np.isfinite(stated), stated, found), length_basis=basis)


def _planned(table: Table, frame: pd.DataFrame, options: TableOptions) -> pd.DataFrame:
    """Return rows with ``planned``: the row's word, else the project file's, else the sheet's name."""
    sheet = fold(table.source.sheet).split(" ")[:1] == [_PLANNED_SHEET] or fold(table.source.sheet).startswith("qh ")
    usual = bool(options.extra.get("planned", sheet))
    said = frame["planned"].astype(str) if "planned" in frame.columns else pd.Series("", index=frame.index)
    return frame.assign(planned=np.where(said == "yes", True, np.where(said == "no", False, usual)).astype(bool))


def _state_blank_class(kind: str, table: Table, frame: pd.DataFrame, log: IssueLog) -> None:
    field = _CLASS.get(kind)
    if field is None or frame.empty:
        return
    blank = (frame[field] == "").to_numpy(dtype=bool) if field in frame.columns else np.ones(len(frame), dtype=bool)
    if blank.any():
        log.add("asset_class_missing", table.source, rows=() if blank.all() else frame.index[blank],
                column=table.headers.get(field, ""), fields={"field": field})


def _state_certificates(table: Table, frame: pd.DataFrame, log: IssueLog) -> None:
    if {"certificate_date", "certificate_expiry"} <= set(frame.columns):
        wrong = (frame["certificate_expiry"] < frame["certificate_date"]).to_numpy(dtype=bool)
        if wrong.any():
            came = [f"{a:%d/%m/%Y} > {b:%d/%m/%Y}" for a, b in zip(frame["certificate_date"][wrong], frame["certificate_expiry"][wrong], strict=True)]
            log.add("certificate_ends_before", table.source, rows=frame.index[wrong], came=came)


def _state_conduits(table: Table, frame: pd.DataFrame, log: IssueLog) -> None:
    if {"conduits", "conduits_used"} <= set(frame.columns):
        wrong = (frame["conduits_used"] > frame["conduits"]).to_numpy(dtype=bool)
        if wrong.any():
            came = [f"{u:g} > {c:g}" for u, c in zip(frame["conduits_used"][wrong], frame["conduits"][wrong], strict=True)]
            log.add("conduits_used_exceed", table.source, rows=frame.index[wrong], came=came)


def _route_ids(kind: str, table: Table, frame: pd.DataFrame) -> pd.Series:
    """Return the list's ids; a route without one gets a digest of what it says, the same in every run."""
    given = frame["route_id"].astype(str) if "route_id" in frame.columns else pd.Series("", index=frame.index)
    names = [c for c in ("route_name", "operator", "street", "start_name", "end_name") if c in frame.columns]
    said = ["|".join(map(str, row)) for row in frame[[*names, "lon", "lat"]].itertuples(index=False)]
    made = [f"{kind[0].upper()}{hashlib.sha256(t.encode()).hexdigest()[:_DIGITS]}" for t in said]
    return pd.Series(np.where((given != "").to_numpy(dtype=bool), given, made), index=frame.index, dtype="str")


def _typed(frame: pd.DataFrame, types: dict[str, str]) -> pd.DataFrame:
    """Return the columns asked for, those that the table lacks as unknown."""
    unknown = {"str": "", "float64": np.nan, "boolean": pd.NA, "datetime64[ns]": pd.NaT}
    out = {n: frame[n] if n in frame.columns else pd.Series(unknown[t], index=frame.index, dtype=t if t != "str" else "object") for n, t in types.items()}
    return pd.DataFrame(out, index=frame.index).astype(types)
