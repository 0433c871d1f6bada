"""Coverage claims that come as a raster: the cells claimed, as one multipolygon in EPSG:4326."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from rasterio.features import shapes as outlines
from rasterio.transform import Affine

from geo.areas import AreaIndex
from geo.crs import from_wgs84, parse_crs
from geo.errors import InputError
from geo.io.geotiff import GeoTiff, open_geotiff, read_window
from geo.polygons import shapes_to_wgs84
from geo.validation import IssueLog, Source

__all__ = ["CLAIM_RASTERS", "read_claim_raster"]

CLAIM_RASTERS = frozenset({".tif", ".tiff"})
_DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")
_EDGE = 51  # points along each side of the area's frame
_CLASSES = 20
_SEGMENT_M, _SEGMENT_DEG = 500.0, 0.005  # straight lines do not stay straight in another system


def read_claim_raster(
    path: Path, *, file: str, crs: str, level_dbm: float, area: AreaIndex, log: IssueLog
) -> pd.DataFrame:
    """Return the claimed cells of a GeoTIFF around the area, one row with a ``geometry``, or none.

    Claimed is a value above 0; with ``level_dbm`` a value of at least that level. Cells without a value are not
    claimed. Only the part around the area is read.

    Parameters
    ----------
    path : Path
    file : str
        Name shown to people.
    crs : str
        For a file that names no coordinate system; empty: none given.
    level_dbm : float
        NaN: the raster holds no levels.
    area : AreaIndex
    log : IssueLog

    Raises
    ------
    InputError
        If the file cannot be used (:func:`geo.io.geotiff.open_geotiff`), holds levels and no level was given, or
        a level was given and it holds none.
    """
    raster = open_geotiff(path, label=file, dtypes=_DTYPES, crs=crs or None)
    source = Source(file)
    rows, columns = _around(raster, area)
    nothing = pd.DataFrame({"geometry": pd.Series(dtype=object)}, index=pd.RangeIndex(1, 1, name="row"))
    if rows.stop <= rows.start or columns.stop <= columns.start:
        log.add("raster_outside_area", source)
        return nothing
    values = read_window(raster, rows, columns)
    claimed = _claimed(values, level_dbm, source, log)
    t = raster.transform
    corner = Affine(t.a, 0.0, t.c + columns.start * t.a, 0.0, t.e, t.f + rows.start * t.e)
    polygons = [shapely.geometry.shape(s) for s, _ in outlines(claimed.astype(np.uint8), mask=claimed, transform=corner)]
    segment = _SEGMENT_DEG if parse_crs(raster.crs).is_geographic else _SEGMENT_M
    whole = np.empty(1, dtype=object)
    whole[0] = shapely.segmentize(shapely.multipolygons(np.array(polygons, dtype=object)), segment)
    placed = shapes_to_wgs84(whole, raster.crs)
    if not area.meets(placed).any():
        log.add("claim_raster_empty", source)
        return nothing
    return pd.DataFrame({"geometry": placed}, index=pd.RangeIndex(1, 2, name="row"))


def _around(raster: GeoTiff, area: AreaIndex) -> tuple[slice, slice]:
    """Return the raster's cells that meet the area's frame."""
    west, south, east, north = area.bounds
    lon, lat = np.linspace(west, east, _EDGE), np.linspace(south, north, _EDGE)
    mesh_lon, mesh_lat = np.meshgrid(lon, lat)
    x, y = from_wgs84(mesh_lon.ravel(), mesh_lat.ravel(), raster.crs)
    t = raster.transform
    left, right = np.floor((x.min() - t.c) / t.a) - 1, np.ceil((x.max() - t.c) / t.a) + 1
    top, bottom = np.floor((t.f - y.max()) / -t.e) - 1, np.ceil((t.f - y.min()) / -t.e) + 1
    return (
        slice(int(np.clip(top, 0, raster.rows)), int(np.clip(bottom, 0, raster.rows))),
        slice(int(np.clip(left, 0, raster.columns)), int(np.clip(right, 0, raster.columns))),
    )


def _claimed(
    values: npt.NDArray[np.float64], level_dbm: float, source: Source, log: IssueLog
) -> npt.NDArray[np.bool_]:
    known = values[np.isfinite(values)]
    levels = bool((known < 0).any())
    if np.isnan(level_dbm):
        if levels:
            raise InputError(
                f"{source}: raster có giá trị âm (mức thu dBm?); hãy ghi level_dbm = … là mức mà nhà mạng coi là có phủ sóng.",
                f"{source}: the raster holds negative values (levels in dBm?); give level_dbm = …, the level claimed as coverage.",
            )
        classes = np.unique(known[known > 0])
        if 1 < len(classes) <= _CLASSES:
            log.add("claim_raster_classes", source, came=", ".join(f"{c:g}" for c in classes))
        with np.errstate(invalid="ignore"):
            return np.asarray(values > 0)
    if known.size and not levels:
        raise InputError(
            f"{source}: có level_dbm nhưng raster không có giá trị âm nào, nên không phải mức thu dBm; hãy bỏ level_dbm.",
            f"{source}: level_dbm is given but no value of the raster is negative, so that they are no levels in dBm; leave level_dbm out.",
        )
    with np.errstate(invalid="ignore"):
        return np.asarray(values >= level_dbm)
