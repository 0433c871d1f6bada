"""Buildings: points, or footprints by a point inside each; made for files of a million rows."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.io.places import with_communes, with_provenance
from geo.io.placing import declared_crs
from geo.io.positions import PositionContext, settle_positions
from geo.io.raw import FileLimits, TableOptions
from geo.io.tables import Table, convert, load_schema, read_tables
from geo.polygons import area_km2, shapes_to_wgs84
from geo.schemas import Schema
from geo.validation import IssueLog

__all__ = ["read_buildings"]

Shapes = npt.NDArray[np.object_]

_COLUMNS = {"lon": "float64", "lat": "float64", "building_kind": "str", "footprint_m2": "float64", "commune_code": "str"}
_POINT, _POLYGON, _MULTIPOINT, _MULTIPOLYGON = 0, 3, 4, 6


def read_buildings(
    path: Path,
    *,
    file: str,
    options: TableOptions,
    context: PositionContext,
    log: IssueLog,
    limits: FileLimits | None = None,
) -> pd.DataFrame:
    """Read buildings as points.

    Parameters
    ----------
    path : Path
        Footprints or points (GeoParquet is fastest), or a table with coordinates.
    file : str
        The path as the project file gives it, for messages.
    options : TableOptions
    context : PositionContext
        Buildings outside its communes are left aside, stated.
    log : IssueLog
    limits : FileLimits, optional

    Returns
    -------
    DataFrame
        ``lon``, ``lat`` (EPSG:4326; the footprint's centroid, or a point inside where the centroid
        lies outside), ``building_kind`` (house, other, ``""``), ``footprint_m2`` (NaN for points),
        ``commune_code``, ``file``, ``sheet``, ``row``.

    Raises
    ------
    InputError
        If the file is missing, unreadable or lacks columns.
    """
    schema = load_schema("buildings")
    tables = read_tables(path, file=file, schema=schema, options=options, log=log, limits=limits)
    return pd.concat([_read_table(t, schema, options, context, log) for t in tables], ignore_index=True)


def _read_table(
    table: Table, schema: Schema, options: TableOptions, context: PositionContext, log: IssueLog
) -> pd.DataFrame:
    frame = convert(table, schema, log)
    footprint = pd.Series(np.nan, index=frame.index)
    if table.geometry is not None:
        table, frame, footprint = _as_points(table, frame, options, log)
    if not log.refused(table.source):
        frame = settle_positions(table, frame, context=context, options=options, log=log)
    if log.refused(table.source):
        log.close("buildings", table.source, rows_in=table.rows_in, rows_used=0)
        empty = {name: pd.Series(dtype=dtype) for name, dtype in _COLUMNS.items()}
        return with_provenance(pd.DataFrame(empty), table.source)
    frame = with_communes(table, frame, context, log)
    frame = log.drop(frame, frame.duplicated(["lon", "lat"]), "building_twice", table.source)
    if "building_kind" not in frame:
        frame = frame.assign(building_kind="")
    frame = frame.assign(footprint_m2=footprint.reindex(frame.index))
    log.close("buildings", table.source, rows_in=table.rows_in, rows_used=len(frame))
    return with_provenance(frame[list(_COLUMNS)].astype(_COLUMNS), table.source)


def _as_points(
    table: Table, frame: pd.DataFrame, options: TableOptions, log: IssueLog
) -> tuple[Table, pd.DataFrame, pd.Series]:
    """Return the table with a point for each footprint, and the footprints' areas in m²."""
    crs = declared_crs(table, options, log)
    if crs is None or table.geometry is None:
        return table, frame, pd.Series(np.nan, index=frame.index)
    shapes = np.asarray(table.geometry.reindex(frame.index).to_numpy(), dtype=object)
    kinds = shapely.get_type_id(shapes)
    usable = np.isin(kinds, [_POINT, _MULTIPOINT, _POLYGON, _MULTIPOLYGON]) & ~shapely.is_empty(shapes)
    frame = log.drop(frame, ~usable, "building_no_place", table.source, column="geometry")
    shapes, kinds = shapes[usable], kinds[usable]
    areal = np.isin(kinds, [_POLYGON, _MULTIPOLYGON])
    size = np.full(len(frame), np.nan)
    if areal.any():
        size[areal] = area_km2(shapes_to_wgs84(shapes[areal], crs)) * 1e6
        shapes = shapes.copy()
        shapes[areal] = _points_inside(shapes[areal])
    points = gpd.GeoSeries(shapes, index=frame.index, crs=table.geometry.crs)
    return dataclasses.replace(table, geometry=points), frame, pd.Series(size, index=frame.index)


def _points_inside(shapes: Shapes) -> Shapes:
    """Return the centroid of each polygon, or a point inside where the centroid lies outside it."""
    with np.errstate(invalid="ignore"):
        points = np.asarray(shapely.centroid(shapes), dtype=object)
        outside = ~shapely.contains_xy(shapes, shapely.get_x(points), shapely.get_y(points))
    bent = np.flatnonzero(outside & shapely.is_valid(shapes))
    points[bent] = shapely.point_on_surface(shapes[bent])
    return points
