"""Roads, streets and power lines: lines with a class, in EPSG:4326; streets also as a table of their ends."""

from __future__ import annotations

import hashlib
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.areas import AreaIndex
from geo.crs import WGS84_EPSG
from geo.io.passive import other_ends, straight_between
from geo.io.places import with_provenance
from geo.io.placing import MapFrame, declared_crs, place_shapes
from geo.io.positions import PositionContext, settle_positions
from geo.io.raw import FileLimits, TableOptions
from geo.io.tables import Table, convert, load_schema, read_tables
from geo.schemas import Schema
from geo.validation import IssueLog

__all__ = ["read_power_lines", "read_roads", "read_streets"]

Shapes = npt.NDArray[np.object_]

#: Columns of each kind of lines: id, name, class.
_COLUMNS = {
    "roads": {
        "road_id": "str", "road_name": "str", "road_class": "str", "centre_street": "boolean", "upgraded": "boolean", "heritage": "boolean",
        "road_works": "boolean", "works_year": "float64",
    },
    "power_lines": {"line_id": "str", "line_name": "str", "line_class": "str"},
}  # fmt: skip
_COLUMNS["streets"] = _COLUMNS["roads"]
_LETTER = {"roads": "R", "streets": "R", "power_lines": "P"}
_LINE, _RING, _MULTILINE, _COLLECTION = 1, 2, 5, 7
_DIGITS = 10
_METRES_PER_DEGREE = 111_320.0


def read_roads(
    path: Path,
    *,
    file: str,
    options: TableOptions,
    context: PositionContext,
    log: IssueLog,
    limits: FileLimits | None = None,
) -> gpd.GeoDataFrame:
    """Read roads as lines.

    Parameters
    ----------
    path : Path
        GeoParquet, GeoPackage, GeoJSON or Shapefile (zipped too).
    file : str
        The path as the project file gives it, for messages.
    options : TableOptions
    context : PositionContext
        Roads beyond the frame of its area, widened by its reach, are left aside, stated.
    log : IssueLog
    limits : FileLimits, optional

    Returns
    -------
    GeoDataFrame
        EPSG:4326, ``road_id``, ``road_name``, ``road_class`` (expressway, national, provincial,
        district, commune, village, urban, path; ``""`` if unknown), ``centre_street``, ``upgraded``, ``heritage``, ``road_works``
        (boolean, NA if the row does not say), ``works_year`` (NaN if unknown), ``geometry`` (LineString: a
        feature of several lines gives several rows with one ``road_id``), ``file``, ``sheet``, ``row``.

    Raises
    ------
    InputError
        If the file is missing or unreadable, or its CRS cannot be used.
    """
    return _read_lines("roads", path, file, options, context, log, limits)


def read_streets(
    path: Path,
    *,
    file: str,
    options: TableOptions,
    context: PositionContext,
    log: IssueLog,
    limits: FileLimits | None = None,
) -> gpd.GeoDataFrame:
    """Read streets, as :func:`read_roads` reads roads, or from a table with both ends of each piece, drawn straight between them.

    Parameters
    ----------
    path : Path
        A layer, or CSV or XLSX with ``lon``, ``lat``, ``end_lon``, ``end_lat`` (or ``x``, ``y``, ``end_x``, ``end_y``): a street that bends
        is several rows of one id.
    file, options, context, log, limits
        See :func:`read_roads`.

    Raises
    ------
    InputError
        If the file is missing or unreadable, or its CRS cannot be used.
    """
    return _read_lines("streets", path, file, options, context, log, limits)


def read_power_lines(
    path: Path,
    *,
    file: str,
    options: TableOptions,
    context: PositionContext,
    log: IssueLog,
    limits: FileLimits | None = None,
) -> gpd.GeoDataFrame:
    """Read power lines, as :func:`read_roads` reads roads.

    Returns
    -------
    GeoDataFrame
        EPSG:4326, ``line_id``, ``line_name``, ``line_class`` (high, medium, low voltage; ``""`` if unknown), ``geometry``, provenance.

    Raises
    ------
    InputError
        If the file is missing or unreadable, or its CRS cannot be used.
    """
    return _read_lines("power_lines", path, file, options, context, log, limits)


def _read_lines(
    kind: str, path: Path, file: str, options: TableOptions, context: PositionContext, log: IssueLog, limits: FileLimits | None
) -> gpd.GeoDataFrame:
    schema = load_schema(kind)
    tables = read_tables(path, file=file, schema=schema, options=options, log=log, limits=limits)
    parts = [_read_table(t, schema, options, context, log) for t in tables]
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=WGS84_EPSG)


def _read_table(
    table: Table, schema: Schema, options: TableOptions, context: PositionContext, log: IssueLog
) -> pd.DataFrame:
    source = table.source
    frame = convert(table, schema, log)
    if table.geometry is None and schema.kind == "streets":
        return _of_ends(table, frame, schema, options, context, log)
    crs = declared_crs(table, options, log)
    if crs is None or table.geometry is None:
        log.close(schema.kind, source, rows_in=table.rows_in, rows_used=0)
        return _finished(frame.iloc[:0].assign(geometry=None), table, schema.kind)
    frame = frame.assign(geometry=np.asarray(table.geometry.reindex(frame.index).to_numpy(), dtype=object))
    frame = _lines_only(table, frame, log)
    reach_m = context.settings.reach_m
    box = _frame_around(context.area, reach_m)
    everywhere = np.ones(len(frame), dtype=bool)
    # A country's roads reach beyond the frame: what matters is whether any lies in it.
    near = MapFrame(box.west - 20, box.east + 20, box.south - 20, box.north + 20)
    frame, _ = place_shapes(frame, source, crs, near, log, framed=everywhere)
    if log.refused(source):
        log.close(schema.kind, source, rows_in=table.rows_in, rows_used=0)
        return _finished(frame.iloc[:0], table, schema.kind)
    shapes = frame["geometry"].to_numpy(dtype=object)
    frame = log.drop(frame, ~(shapely.length(shapes) > 0), "road_without_length", source, column="geometry")
    shapes = frame["geometry"].to_numpy(dtype=object)
    inside = shapely.intersects(shapes, shapely.box(box.west, box.south, box.east, box.north))
    frame = log.drop(frame, ~inside, "road_outside_area", source, column="geometry",
                     fields={"reach_km": f"{reach_m / 1000:g}"})
    frame = _with_ids(table, frame, schema.kind, log)
    log.close(schema.kind, source, rows_in=table.rows_in, rows_used=len(frame))
    return _finished(frame, table, schema.kind)


def _of_ends(
    table: Table, frame: pd.DataFrame, schema: Schema, options: TableOptions, context: PositionContext, log: IssueLog
) -> pd.DataFrame:
    """Return the rows of a table as straight lines between their ends."""
    end_lon, end_lat = other_ends(table, frame, context, options, log)
    starts = frame.drop(columns=[name for name in ("end_lon", "end_lat", "end_x", "end_y") if name in frame.columns])
    placed = settle_positions(table, starts, context=context, options=options, log=log)
    if log.refused(table.source):
        placed = placed.iloc[:0]
    placed = placed.assign(end_lon=end_lon.reindex(placed.index), end_lat=end_lat.reindex(placed.index))
    placed = placed.assign(geometry=straight_between(placed))
    lines = np.array([shape is not None and shape.geom_type == "LineString" for shape in placed["geometry"]], dtype=bool)
    placed = log.drop(placed, ~lines, "street_without_ends", table.source)
    if len(placed):
        log.add("street_straight", table.source)
    placed = _with_ids(table, placed, schema.kind, log)
    log.close(schema.kind, table.source, rows_in=table.rows_in, rows_used=len(placed))
    return _finished(placed, table, schema.kind)


def _finished(frame: pd.DataFrame, table: Table, kind: str) -> pd.DataFrame:
    """Return one row per line, with all columns."""
    unknown = {"str": "", "boolean": pd.NA, "float64": np.nan}
    types = _COLUMNS[kind]
    frame = frame.assign(**{name: pd.Series(unknown[types[name]], index=frame.index, dtype=types[name]) for name in types if name not in frame})
    lines, owner = shapely.get_parts(frame["geometry"].to_numpy(dtype=object), return_index=True)
    rows = frame.iloc[owner][list(_COLUMNS[kind])].astype(_COLUMNS[kind]).assign(geometry=lines)
    return with_provenance(rows, table.source)


def _frame_around(area: AreaIndex, reach_m: float) -> MapFrame:
    west, south, east, north = area.bounds
    lat = reach_m / _METRES_PER_DEGREE
    lon = lat / max(0.05, float(np.cos(np.radians(max(abs(south), abs(north))))))
    return MapFrame(west - lon, east + lon, south - lat, north + lat)


def _lines_only(table: Table, frame: pd.DataFrame, log: IssueLog) -> pd.DataFrame:
    source = table.source
    shapes = frame["geometry"].to_numpy(dtype=object)
    frame = log.drop(frame, shapely.is_missing(shapes) | shapely.is_empty(shapes), "feature_without_shape", source,
                     column="geometry")
    shapes = frame["geometry"].to_numpy(dtype=object).copy()
    kinds = shapely.get_type_id(shapes)
    mixed = kinds == _COLLECTION
    for i in np.flatnonzero(mixed):
        shapes[i] = shapely.MultiLineString(_lines_of(shapes[i]))
    empty = shapely.is_empty(shapes)
    if (mixed & ~empty).any():
        log.add("feature_collection", source, rows=frame.index[mixed & ~empty], column="geometry")
    raised = shapely.has_z(shapes)
    line = np.isin(kinds, [_LINE, _RING, _MULTILINE, _COLLECTION]) & ~empty
    if (raised & line).any():
        log.add("feature_height_ignored", source, rows=frame.index[raised & line], column="geometry")
    names = np.array([g.geom_type for g in frame["geometry"]], dtype=object) if not line.all() else None
    frame = frame.assign(geometry=shapely.force_2d(shapes))
    return log.drop(frame, ~line, "road_not_line", source, column="geometry", came=names)


def _lines_of(shape: shapely.Geometry) -> list[shapely.LineString]:
    lines: list[shapely.LineString] = []
    for part in shapely.get_parts(shape):
        if part.geom_type in {"LineString", "LinearRing"}:
            lines.append(part)
        elif part.geom_type in {"MultiLineString", "GeometryCollection"}:
            lines.extend(_lines_of(part))
    return [line for line in lines if not line.is_empty]


def _with_ids(table: Table, frame: pd.DataFrame, kind: str, log: IssueLog) -> pd.DataFrame:
    field = next(iter(_COLUMNS[kind]))
    ids = frame.get(field, pd.Series("", index=frame.index, dtype="str")).astype("str")
    blank = (ids == "").to_numpy(dtype=bool)
    if not blank.any():
        return frame
    shapes = shapely.set_precision(frame["geometry"].to_numpy(dtype=object)[blank], 1e-6, mode="pointwise")
    made = [_LETTER[kind] + hashlib.sha256(wkb).hexdigest()[:_DIGITS] for wkb in shapely.to_wkb(shapes, byte_order=1)]
    filled = ids.to_numpy(dtype=object).copy()
    filled[blank] = made
    log.add("road_id_made", table.source, rows=frame.index[blank] if field in table.headers else (),
            column=table.headers.get(field, ""))
    return frame.assign(**{field: pd.Series(filled, index=ids.index, dtype="str")})
