"""Shapes of a vector layer, brought from the CRS that it declares to EPSG:4326, or refused.

For layers of polygons and lines; layers of points are settled by :mod:`geo.io.positions`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import CRS

from geo.crs import WGS84_EPSG, parse_crs, to_wgs84
from geo.errors import CrsError
from geo.io.raw import TableOptions
from geo.io.tables import Table
from geo.polygons import shapes_to_wgs84
from geo.validation import IssueLog, Source

__all__ = ["MapFrame", "declared_crs", "place_shapes"]

Shapes = npt.NDArray[np.object_]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class MapFrame:
    """Extent in degrees within which shapes are expected."""

    west: float
    east: float
    south: float
    north: float


def declared_crs(table: Table, options: TableOptions, log: IssueLog) -> CRS | None:
    """Return the layer's CRS, the project file's before the file's; None when the layer is refused for having none.

    Raises
    ------
    CrsError
        If the CRS is deprecated, has no reliable way to WGS 84, or is not understood.
    """
    own = None if table.geometry is None else table.geometry.crs
    declared = options.crs or own
    if declared is None:
        log.add("crs_missing", table.source, column="geometry")
        return None
    try:
        crs = parse_crs(declared)
        to_wgs84(np.zeros(0), np.zeros(0), crs)  # is there a reliable way at all
    except CrsError as error:
        raise CrsError(f"{table.source}: {error.message.vi}", f"{table.source}: {error.message.en}") from error
    if options.crs and own is not None and not CRS.from_user_input(own).equals(crs, ignore_axis_order=True):
        log.add("layer_crs_replaced", table.source, column="geometry",
                fields={"declared": _name(CRS.from_user_input(own)), "taken": _name(crs)})
    return crs


def _name(crs: CRS) -> str:
    authority = crs.to_authority(min_confidence=70)
    return f"{crs.name} ({':'.join(authority)})" if authority else str(crs.name)


def place_shapes(
    frame: pd.DataFrame, source: Source, crs: CRS, box: MapFrame, log: IssueLog, *, framed: BoolArray
) -> tuple[pd.DataFrame, bool]:
    """Return rows with shapes in EPSG:4326, and whether the coordinates of the whole layer were exchanged.

    Coordinates are exchanged where only that puts a shape on earth, or into ``box`` if it must lie
    there; rows that lie nowhere are dropped; each is stated. When nothing fits, the layer is refused.

    Parameters
    ----------
    frame : DataFrame
        With a ``geometry`` column of shapes, none missing; index = row number in the file.
    source : Source
    crs : CRS
    box : MapFrame
    log : IssueLog
    framed : (n,) bool
        Which shapes must lie in ``box``.
    """
    if frame.empty:
        return frame, False
    came = frame["geometry"].to_numpy(dtype=object)
    plain, other = came, came
    if not _is_wgs84(crs):
        plain = shapes_to_wgs84(came, crs)
        log.add("layer_transformed", source, column="geometry", fields={"declared": _name(crs)})
    possible, fits = _fit(plain, framed, box)
    swapped = np.zeros(len(frame), dtype=bool)
    if not fits.all():
        other = shapes_to_wgs84(came, crs, swapped=True)
        swapped = _fit(other, framed, box)[1] & ~fits
    everywhere = bool(swapped.any() and not (fits & ~swapped).any())
    if everywhere:
        log.add("layer_swapped", source, column="geometry", fields={"count": int(swapped.sum())})
    elif swapped.any():
        log.add("feature_swapped", source, rows=frame.index[swapped], column="geometry",
                came=[_extent(g) for g in came[swapped]])
    if not (possible | swapped).any() or (framed.all() and not (fits | swapped).any()):
        log.add("layer_crs_contradicted", source, column="geometry", came=_extent(came[0]),
                fields={"declared": _name(crs)})
        return frame, everywhere
    frame = frame.assign(geometry=np.where(swapped, other, plain))
    lost = ~possible & ~swapped
    if lost.any():
        frame = log.drop(frame, lost, "feature_out_of_range", source, column="geometry",
                         came=np.array([_extent(g) for g in came], dtype=object))
    outside = (framed & possible & ~fits & ~swapped)[~lost]
    if outside.any():
        log.add("feature_outside_frame", source, rows=frame.index[outside], column="geometry",
                came=[_extent(g) for g in frame["geometry"][outside]],
                fields={k: f"{v:g}°" for k, v in dataclasses.asdict(box).items()})
    return frame, everywhere


def _is_wgs84(crs: CRS) -> bool:
    return crs.to_epsg() == WGS84_EPSG or crs.to_authority() == ("OGC", "CRS84")


def _fit(shapes: Shapes, framed: BoolArray, box: MapFrame) -> tuple[BoolArray, BoolArray]:
    """Return which shapes lie on earth, and which of them lie where they must."""
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    broken = np.zeros(len(shapes), dtype=bool)
    broken[owner[~np.isfinite(xy).all(axis=1)]] = True
    west, south, east, north = shapely.bounds(shapes).T
    with np.errstate(invalid="ignore"):
        possible = ~broken & (west >= -180) & (east <= 180) & (south >= -90) & (north <= 90)
        inside = (west >= box.west) & (east <= box.east) & (south >= box.south) & (north <= box.north)
    return possible, possible & (inside | ~framed)


def _extent(shape: shapely.Geometry) -> str:
    west, south, east, north = shapely.bounds(shape)
    return f"x {west:.10g} … {east:.10g}; y {south:.10g} … {north:.10g}"
