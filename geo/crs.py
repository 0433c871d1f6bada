"""Coordinate reference systems: VN-2000 to WGS 84 by one pinned operation, never a default.

PROJ chooses between two published operations point by point (EPSG:5194 in the Mekong blocks,
EPSG:6960 elsewhere; they differ by 0.7 to 0.8 m) and falls back to "no shift at all" (225 m) where
neither applies. Both are silent. Here the operation is EPSG:6960, by name, everywhere, and ballpark
transformations are not allowed.

Axis order is always (x, y) = (easting, northing) = (longitude, latitude).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError
from pyproj.transformer import TransformerGroup

from geo.errors import CrsError

__all__ = [
    "EQUAL_AREA_EPSG",
    "VN2000_DEPRECATED_EPSG",
    "VN2000_GEOGRAPHIC_EPSG",
    "VN2000_TM3_EPSG",
    "VN2000_UTM_EPSG",
    "WGS84_EPSG",
    "ProvinceZones",
    "candidates",
    "describe",
    "from_wgs84",
    "is_vn2000",
    "local_utm_epsg",
    "parse_crs",
    "to_wgs84",
    "transform",
    "zone_label",
]

FloatArray = npt.NDArray[np.float64]

WGS84_EPSG = 4326
EQUAL_AREA_EPSG = 6933
VN2000_GEOGRAPHIC_EPSG = 4756
#: VN-2000 / UTM zones 48N and 49N, by central meridian in degrees.
VN2000_UTM_EPSG = {3405: 105.0, 3406: 111.0}
#: VN-2000 / TM-3 zones, by central meridian in degrees (EPSG registry v11 and v12 agree).
VN2000_TM3_EPSG = {
    5896: 102.0,
    9205: 103.0,
    9206: 104.0,
    9207: 104.5,
    9208: 104.75,
    5897: 105.0,
    9209: 105.5,
    9210: 105.75,
    9211: 106.0,
    9212: 106.25,
    9213: 106.5,
    9214: 107.0,
    9215: 107.25,
    9216: 107.5,
    5899: 107.75,
    5898: 108.0,
    9217: 108.25,
    9218: 108.5,
}
#: Registered with false easting and northing exchanged, and withdrawn: data in them is always wrong.
VN2000_DEPRECATED_EPSG = frozenset({6956, 6957, 6958, 6959})
_PINNED_NAME = "VN-2000 to WGS 84 (2)"  # EPSG:6960


@dataclass(frozen=True, slots=True)
class ProvinceZones:
    """The TM-3 zones that a province's coordinates may come in.

    Attributes
    ----------
    current_epsg : int
        Zone laid down for the province since July 2025.
    former_epsg : tuple of int
        Zones of the provinces merged into it, where they differ.
    """

    current_epsg: int
    former_epsg: tuple[int, ...] = ()

    @property
    def all_epsg(self) -> tuple[int, ...]:
        """Current zone first, then the former ones."""
        return (self.current_epsg, *self.former_epsg)


def zone_label(epsg: int) -> str:
    """Return a name that a planner recognises, e.g. ``"VN-2000 TM-3 105°45' (EPSG:9210)"``."""
    if epsg in VN2000_TM3_EPSG:
        degrees, minutes = divmod(round(VN2000_TM3_EPSG[epsg] * 60), 60)
        return f"VN-2000 TM-3 {degrees}°{minutes:02d}' (EPSG:{epsg})"
    if epsg in VN2000_UTM_EPSG:
        return f"VN-2000 UTM {'48N' if epsg == 3405 else '49N'} (EPSG:{epsg})"
    return f"{describe(epsg)} (EPSG:{epsg})"


def describe(epsg: int) -> str:
    """Return the registry's name of a CRS."""
    return str(CRS.from_epsg(epsg).name)


def parse_crs(text: object) -> CRS:
    """Return the CRS that ``text`` names, refusing what is deprecated or has no datum link.

    Raises
    ------
    CrsError
        If the text names no CRS, one of EPSG:6956-6959 (withdrawn: false easting and northing
        exchanged), or a VN-2000-like PROJ string that would move points by some 225 m unnoticed.
    """
    try:
        crs = CRS.from_user_input(text)
    except CRSError as error:
        raise CrsError(
            f"Không hiểu hệ tọa độ '{text}'; hãy ghi mã EPSG, ví dụ \"EPSG:9210\".",
            f"Coordinate system '{text}' is not understood; give an EPSG code such as \"EPSG:9210\".",
        ) from error
    epsg = crs.to_epsg(min_confidence=100) or _authority_epsg(crs)
    if epsg in VN2000_DEPRECATED_EPSG or _exchanged_origin(crs):
        raise CrsError(
            f"{f'EPSG:{epsg}' if epsg else crs.name} đã bị hủy (gốc tọa độ Đông và Bắc bị đảo); hãy dùng mã VN-2000 TM-3 hiện hành, "
            "ví dụ EPSG:9210 cho kinh tuyến trục 105°45'.",
            f"{f'EPSG:{epsg}' if epsg else crs.name} is withdrawn (its false easting and northing are exchanged); use the current "
            "VN-2000 TM-3 code, for example EPSG:9210 for central meridian 105°45'.",
        )
    if epsg is None and _unlinked_to_wgs84(crs):
        raise CrsError(
            f"Hệ tọa độ '{crs.name}' không nêu phép chuyển về WGS 84 (có thể lệch khoảng 225 m); hãy ghi mã EPSG.",
            f"Coordinate system '{crs.name}' gives no datum shift to WGS 84 (points may move by about 225 m); "
            "give its EPSG code.",
        )
    return crs


def _exchanged_origin(crs: CRS) -> bool:
    """Tell the withdrawn zones by their false origin, where a .prj has lost the code."""
    operation = crs.coordinate_operation
    if operation is None or "VN-2000" not in crs.name:
        return False
    values = {p.name: str(p.value) for p in operation.params}
    return values.get("False easting") in {"0", "0.0"} and values.get("False northing") in {"500000", "500000.0"}


def _authority_epsg(crs: CRS) -> int | None:
    authority = crs.to_authority(auth_name="EPSG", min_confidence=70)
    return int(authority[1]) if authority else None


def _unlinked_to_wgs84(crs: CRS) -> bool:
    """Tell whether the only way to WGS 84 is a ballpark one (no datum shift)."""
    if crs.to_authority(min_confidence=70) is not None:
        return False
    if crs.geodetic_crs is not None and crs.geodetic_crs.to_authority(min_confidence=70) is not None:
        return False
    if crs.is_bound:
        return False
    try:
        Transformer.from_crs(crs, WGS84_EPSG, always_xy=True, allow_ballpark=False)
    except ProjError:
        return True
    return False


def is_vn2000(crs: CRS) -> bool:
    """Tell whether a CRS stands on the VN-2000 datum."""
    base = crs.geodetic_crs
    return base is not None and base.to_epsg(min_confidence=70) == VN2000_GEOGRAPHIC_EPSG


@lru_cache(maxsize=128)
def _to_wgs84_operation(definition: str) -> Transformer:
    crs = CRS.from_user_input(definition)
    if crs.geodetic_crs is not None and not crs.is_bound and is_vn2000(crs):
        group = TransformerGroup(crs, WGS84_EPSG, always_xy=True, allow_ballpark=False)
        for candidate in group.transformers:
            if _PINNED_NAME in candidate.description:
                return candidate
        raise CrsError(
            f"Thư viện PROJ trên máy này không có phép chuyển '{_PINNED_NAME}' (EPSG:6960).",
            f"The PROJ library on this machine lacks the operation '{_PINNED_NAME}' (EPSG:6960).",
        )
    try:
        return Transformer.from_crs(crs, WGS84_EPSG, always_xy=True, allow_ballpark=False)
    except ProjError as error:
        raise CrsError(
            f"Không có phép chuyển tin cậy từ '{crs.name}' về WGS 84.",
            f"There is no reliable operation from '{crs.name}' to WGS 84.",
        ) from error


def _definition(crs: CRS | int | str) -> str:
    if isinstance(crs, int):
        if crs in VN2000_DEPRECATED_EPSG:
            parse_crs(crs)
        return f"EPSG:{crs}"
    parsed = parse_crs(crs) if isinstance(crs, str) else crs
    authority = parsed.to_authority(min_confidence=100)
    return ":".join(authority) if authority else parsed.to_wkt()


def to_wgs84(
    x: npt.ArrayLike, y: npt.ArrayLike, crs: CRS | int | str
) -> tuple[FloatArray, FloatArray]:
    """Return longitude and latitude (EPSG:4326, degrees) of points given in ``crs``.

    Parameters
    ----------
    x, y : (n,) float64 array
        Easting and northing in metres, or longitude and latitude in degrees of ``crs``.
    crs : CRS, int or str
        EPSG code or anything pyproj reads.

    Returns
    -------
    lon, lat : (n,) float64 arrays
        NaN where the point is NaN or lies outside the projection's domain.

    Raises
    ------
    CrsError
        If the CRS is unknown, deprecated or has no reliable way to WGS 84.
    """
    lon, lat = _to_wgs84_operation(_definition(crs)).transform(
        np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    )
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    bad = ~(np.isfinite(lon) & np.isfinite(lat))
    return np.where(bad, np.nan, lon), np.where(bad, np.nan, lat)


def from_wgs84(
    lon: npt.ArrayLike, lat: npt.ArrayLike, crs: CRS | int | str
) -> tuple[FloatArray, FloatArray]:
    """Return easting and northing in ``crs`` of WGS 84 points, by the inverse of :func:`to_wgs84`.

    The round trip closes within 1 mm (the operation's small-angle inverse), to be tested with 5 mm.
    """
    x, y = _to_wgs84_operation(_definition(crs)).transform(
        np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64), direction="INVERSE"
    )
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    bad = ~(np.isfinite(x) & np.isfinite(y))
    return np.where(bad, np.nan, x), np.where(bad, np.nan, y)


def transform(
    x: npt.ArrayLike, y: npt.ArrayLike, source: CRS | int | str, target: CRS | int | str
) -> tuple[FloatArray, FloatArray]:
    """Return points of ``source`` in ``target``, by way of WGS 84 with the pinned operations."""
    lon, lat = to_wgs84(x, y, source)
    return from_wgs84(lon, lat, target)


def local_utm_epsg(lon: float, lat: float) -> int:
    """Return the WGS 84 / UTM zone of a point, for distances outside Vietnam or over several provinces."""
    zone = int(np.clip((lon + 180.0) // 6.0, 0, 59)) + 1
    return (32600 if lat >= 0 else 32700) + zone


def candidates(zones: Sequence[int]) -> tuple[tuple[int, bool], ...]:
    """Return every (EPSG, axes exchanged) reading of X/Y columns: the zones, then both UTM zones."""
    ordered = dict.fromkeys((*zones, *VN2000_UTM_EPSG))
    return tuple((epsg, swapped) for epsg in ordered for swapped in (False, True))
