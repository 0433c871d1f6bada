"""Areas that bear on where a mast may stand: restricted ones, and public land."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.crs import WGS84_EPSG
from geo.io.places import with_provenance
from geo.io.placing import MapFrame, declared_crs, place_shapes
from geo.io.positions import PositionContext, settle_positions
from geo.io.raw import FileLimits, TableOptions
from geo.io.tables import Table, convert, load_schema, read_tables
from geo.schemas import Schema
from geo.text import fold_key
from geo.validation import IssueLog

__all__ = ["MAST_CLASSES", "read_public_land", "read_restricted_areas"]

#: Classes of masts in the order of provincial tables.
MAST_CLASSES = ("A1a", "A1b", "A2a", "A2b", "A2c")
_EVERYWHERE = MapFrame(-180, 180, -90, 90)
_POLYGONS, _POINTS = (3, 6), (0,)
_RESTRICTED = {"area_id": "str", "area_name": "str", "area_kind": "str", "allowed_classes": "str", "height_limit_m": "float64", "note": "str"}
_LAND = {"land_id": "str", "land_name": "str", "land_kind": "str", "owner": "str", "building_height_m": "float64", "address": "str", "note": "str"}
_NONE = frozenset({"khong", "none", "khongcho", "khongchophep", "cam", "0"})


def read_restricted_areas(
    path: Path, *, file: str, options: TableOptions, context: PositionContext, log: IssueLog, limits: FileLimits | None = None
) -> gpd.GeoDataFrame:
    """Read areas in which masts are forbidden or limited, or that count as urban.

    Parameters
    ----------
    path, file, options, context, log, limits
        See :func:`geo.io.roads.read_roads`.

    Returns
    -------
    GeoDataFrame
        EPSG:4326: ``area_id``, ``area_name``, ``area_kind`` (no_mast, amenity, heritage, security, airport, urban, other, ``""``),
        ``allowed_classes`` (``"A1a,A1b"`` as the area itself says, ``"none"``, ``""`` if it does not say), ``height_limit_m``, ``note``,
        ``geometry`` (valid polygons), provenance.

    Raises
    ------
    InputError
        If the file is missing or unreadable, or its CRS cannot be used.
    """
    del context  # areas beyond the border count for masts near it
    schema = load_schema("restricted_areas")
    tables = read_tables(path, file=file, schema=schema, options=options, log=log, limits=limits)
    parts = [_restricted(t, schema, options, log) for t in tables]
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=WGS84_EPSG)


def _restricted(table: Table, schema: Schema, options: TableOptions, log: IssueLog) -> pd.DataFrame:
    frame = _shapes(table, convert(table, schema, log), options, log, _POLYGONS)
    kind = frame["area_kind"] if "area_kind" in frame.columns else pd.Series("", index=frame.index)
    given = frame["allowed_classes"].astype(str) if "allowed_classes" in frame.columns else pd.Series("", index=frame.index)
    read = [_classes(text) for text in given]
    bad = np.array([r is None for r in read], dtype=bool)
    if bad.any():
        log.add("area_classes_unreadable", table.source, rows=frame.index[bad], column=table.header("allowed_classes"), came=list(given[bad]))
    frame = frame.assign(allowed_classes=pd.Series([r or "" for r in read], index=frame.index, dtype="str"))
    unsaid = ((kind == "") & (frame["allowed_classes"] == "")).to_numpy(dtype=bool)
    if unsaid.any():
        log.add("area_kind_missing", table.source, rows=frame.index[unsaid] if "area_kind" in table.headers else ())
    log.close("restricted_areas", table.source, rows_in=table.rows_in, rows_used=len(frame))
    return _finished(frame, _RESTRICTED, table)


def _classes(text: str) -> str | None:
    """Return classes as ``"A1a,A1b"``, ``"none"``, ``""`` for a blank cell, None where it is not understood."""
    if not text.strip():
        return ""
    if fold_key(text) in _NONE:
        return "none"
    known = {c.lower(): c for c in MAST_CLASSES}
    groups = {"a1": ("A1a", "A1b"), "a2": ("A2a", "A2b", "A2c")}
    found: set[str] = set()
    for part in (p for p in re.split(r"[,;/\s]+", text.strip().lower()) if p):
        if part in known:
            found.add(known[part])
        elif part in groups:
            found.update(groups[part])
        else:
            return None
    return ",".join(c for c in MAST_CLASSES if c in found)


def read_public_land(
    path: Path, *, file: str, options: TableOptions, context: PositionContext, log: IssueLog, limits: FileLimits | None = None
) -> gpd.GeoDataFrame:
    """Read public land and buildings: a layer of polygons or points, or a table with a point each.

    Returns
    -------
    GeoDataFrame
        EPSG:4326: ``land_id``, ``land_name``, ``land_kind`` (land, building, ``""``), ``owner``, ``building_height_m``, ``address``, ``note``,
        ``geometry`` (polygon or point), provenance.

    Raises
    ------
    InputError
        If the file is missing or unreadable, or its CRS cannot be used.
    """
    schema = load_schema("public_land")
    tables = read_tables(path, file=file, schema=schema, options=options, log=log, limits=limits)
    parts = []
    for table in tables:
        frame = convert(table, schema, log)
        if table.geometry is not None:
            frame = _shapes(table, frame, options, log, (*_POLYGONS, *_POINTS))
        else:
            frame = settle_positions(table, frame, context=context, options=options, log=log)
            frame = frame.assign(geometry=np.asarray(shapely.points(frame["lon"].to_numpy(float), frame["lat"].to_numpy(float)), dtype=object))
        log.close("public_land", table.source, rows_in=table.rows_in, rows_used=len(frame))
        parts.append(_finished(frame, _LAND, table))
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=WGS84_EPSG)


def _shapes(table: Table, frame: pd.DataFrame, options: TableOptions, log: IssueLog, kinds: tuple[int, ...]) -> pd.DataFrame:
    """Return the features of wanted kinds in EPSG:4326, valid."""
    source = table.source
    crs = declared_crs(table, options, log)
    if crs is None or table.geometry is None:
        return frame.iloc[:0].assign(geometry=None)
    shapes = np.asarray(table.geometry.reindex(frame.index).to_numpy(), dtype=object)
    frame = log.drop(frame.assign(geometry=shapes), shapely.is_missing(shapes) | shapely.is_empty(shapes), "feature_without_shape", source,
                     column="geometry")
    found = shapely.get_type_id(frame["geometry"].to_numpy(dtype=object))
    frame = log.drop(frame, ~np.isin(found, kinds), "area_not_polygon", source, column="geometry")
    frame, _ = place_shapes(frame, source, crs, _EVERYWHERE, log, framed=np.zeros(len(frame), dtype=bool))
    if log.refused(source):
        return frame.iloc[:0]
    shapes = shapely.force_2d(frame["geometry"].to_numpy(dtype=object))
    broken = ~shapely.is_valid(shapes)
    if broken.any():
        log.add("area_shape_mended", source, rows=frame.index[broken], column="geometry")
        shapes = np.where(broken, shapely.make_valid(shapes), shapes)
    return frame.assign(geometry=shapes)


def _finished(frame: pd.DataFrame, types: dict[str, str], table: Table) -> pd.DataFrame:
    for name, kind in types.items():
        if name not in frame.columns:
            frame = frame.assign(**{name: "" if kind == "str" else np.nan})
    kept = frame[list(types)].astype(types).assign(geometry=frame["geometry"].to_numpy(dtype=object))
    return with_provenance(kept, table.source)
