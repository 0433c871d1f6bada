"""VN-2000: one pinned operation, checked by hand-typed figures and against the registry."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Transformer

from geo.crs import (
    VN2000_DEPRECATED_EPSG,
    VN2000_TM3_EPSG,
    VN2000_UTM_EPSG,
    candidates,
    from_wgs84,
    parse_crs,
    to_wgs84,
    zone_label,
)
from geo.errors import CrsError
from geo.io.resources import load_toml

# EPSG:6960, coordinate frame: translations (m), rotations (arc seconds), scale (ppm)
_SHIFT = (-191.90441429, -39.30318279, -111.45032835)
_TURN = (-0.00928836, 0.01975479, -0.00427372)
_SCALE = 0.252906278


def _geocentric(lon, lat):
    a, f = 6378137.0, 1 / 298.257223563
    e2 = f * (2 - f)
    n = a / np.sqrt(1 - e2 * np.sin(lat) ** 2)
    return np.array([n * np.cos(lat) * np.cos(lon), n * np.cos(lat) * np.sin(lon), n * (1 - e2) * np.sin(lat)])


def _geographic(xyz):
    a, f = 6378137.0, 1 / 298.257223563
    e2 = f * (2 - f)
    x, y, z = xyz
    p = np.hypot(x, y)
    lat = np.arctan2(z, p * (1 - e2))
    for _ in range(6):
        n = a / np.sqrt(1 - e2 * np.sin(lat) ** 2)
        lat = np.arctan2(z + e2 * n * np.sin(lat), p)
    return np.arctan2(y, x), lat


def _helmert_by_hand(lon_deg, lat_deg):
    """Coordinate-frame rotation written out, independent of PROJ (VN-2000's ellipsoid is that of WGS 84)."""
    v = _geocentric(np.radians(lon_deg), np.radians(lat_deg))
    rx, ry, rz = np.radians(np.array(_TURN) / 3600)
    turn = np.array([[1, rz, -ry], [-rz, 1, rx], [ry, -rx, 1]])
    moved = np.array(_SHIFT) + (1 + _SCALE * 1e-6) * turn @ v
    lon, lat = _geographic(moved)
    return np.degrees(lon), np.degrees(lat)


@pytest.mark.parametrize(
    ("lon", "lat"), [(105.85, 21.03), (106.70, 10.77), (105.10, 9.18), (103.02, 21.38), (108.22, 16.06), (106.63, 10.35)]
)
def test_the_operation_is_6960_everywhere_also_in_the_mekong_blocks(lon, lat):
    ours = to_wgs84([lon], [lat], 4756)
    by_hand = _helmert_by_hand(lon, lat)
    metres = np.hypot((ours[0][0] - by_hand[0]) * 111_000, (ours[1][0] - by_hand[1]) * 111_000)
    assert metres < 0.005


def test_the_default_of_the_library_would_differ_in_ho_chi_minh_city():
    ours = to_wgs84([106.70], [10.77], 4756)
    default = Transformer.from_crs(4756, 4326, always_xy=True).transform([106.70], [10.77])
    metres = np.hypot((ours[0][0] - default[0][0]) * 109_000, (ours[1][0] - default[1][0]) * 110_600)
    assert 0.5 < metres < 1.1  # if this ever becomes 0, PROJ's choice has changed: look again


@given(
    epsg=st.sampled_from([*VN2000_TM3_EPSG, *VN2000_UTM_EPSG]), lon=st.floats(102.2, 109.4), lat=st.floats(8.5, 23.3)
)
@settings(deadline=None, max_examples=60)
def test_round_trip_closes_within_5_mm(epsg, lon, lat):
    x, y = from_wgs84([lon], [lat], epsg)
    back = to_wgs84(x, y, epsg)
    assert abs(back[0][0] - lon) * 111_320 < 0.005
    assert abs(back[1][0] - lat) * 111_320 < 0.005


def test_zone_table_agrees_with_the_registry():
    for epsg, meridian in {**VN2000_TM3_EPSG, **VN2000_UTM_EPSG}.items():
        crs = CRS.from_epsg(epsg)
        parameters = {p.name: p.value for p in crs.coordinate_operation.params}
        assert parameters["Longitude of natural origin"] == meridian
        assert parameters["False easting"] == 500_000
        assert parameters["False northing"] == 0
        scale = 0.9999 if epsg in VN2000_TM3_EPSG else 0.9996
        assert parameters["Scale factor at natural origin"] == scale
        assert crs.geodetic_crs.to_epsg() == 4756


def test_provinces_name_15_current_and_2_former_only_zones():
    provinces = load_toml("provinces.toml")["province"]
    current = {p["zone_epsg"] for p in provinces}
    former = {z for p in provinces for z in p["former_zone_epsg"]}
    assert len(provinces) == 34
    assert len(current) == 15
    assert former - current == {9212, 9216}
    assert (current | former) <= set(VN2000_TM3_EPSG)
    assert sum(p["communes"] for p in provinces) == 3321


@pytest.mark.parametrize("epsg", sorted(VN2000_DEPRECATED_EPSG))
def test_withdrawn_codes_are_refused_with_what_to_use(epsg):
    with pytest.raises(CrsError, match="9210"):
        parse_crs(f"EPSG:{epsg}")
    with pytest.raises(CrsError):
        to_wgs84([0.0], [0.0], epsg)


@pytest.mark.parametrize(
    "text",
    [
        "+proj=tmerc +lat_0=0 +lon_0=105.75 +k=0.9999 +x_0=500000 +y_0=0 +ellps=WGS84 +units=m",
        "+proj=utm +zone=48 +ellps=WGS84 +units=m",
        "bản đồ",
        "",
        "EPSG:999999",
    ],
)
def test_a_crs_without_a_datum_link_or_without_meaning_is_refused(text):
    with pytest.raises(CrsError):
        to_wgs84([600_000.0], [2_300_000.0], parse_crs(text))


def test_a_proj_string_with_the_published_shift_is_taken():
    text = (
        "+proj=tmerc +lat_0=0 +lon_0=105.75 +k=0.9999 +x_0=500000 +y_0=0 +ellps=WGS84 +units=m "
        "+towgs84=-191.90441429,-39.30318279,-111.45032835,0.00928836,-0.01975479,0.00427372,0.252906278"
    )
    lon, lat = to_wgs84([600_000.0], [2_300_000.0], parse_crs(text))
    ours = to_wgs84([600_000.0], [2_300_000.0], 9210)
    assert abs(lon[0] - ours[0][0]) * 104_000 < 0.01
    assert abs(lat[0] - ours[1][0]) * 110_700 < 0.01


def test_what_lies_outside_the_projection_is_nan_not_infinite():
    lon, lat = to_wgs84([np.nan, 1e12], [2_300_000.0, 1e12], 9210)
    assert np.isnan(lon).all()
    assert np.isnan(lat).all()


def test_candidates_are_the_provinces_zones_and_both_utm_zones_both_ways():
    assert candidates([9210, 9209]) == (
        (9210, False), (9210, True), (9209, False), (9209, True),
        (3405, False), (3405, True), (3406, False), (3406, True),
    )  # fmt: skip
    assert zone_label(9210) == "VN-2000 TM-3 105°45' (EPSG:9210)"
    assert zone_label(3405) == "VN-2000 UTM 48N (EPSG:3405)"
