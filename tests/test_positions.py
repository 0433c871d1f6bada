"""Which system X/Y are in: settled by the rule or refused, never landed wrong in silence."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.areas import AreaIndex
from geo.crs import VN2000_TM3_EPSG, ProvinceZones, from_wgs84
from geo.declared import declared_in
from geo.io.resources import load_toml
from geo.positions import Outcome, PositionSettings, settle_degrees, settle_metres

from .made_up_area import area, units

SETTINGS = PositionSettings()


def _points(n=30, seed=1, west=105.05, south=21.75, east=105.55, north=22.25):
    rng = np.random.default_rng(seed)
    return rng.uniform(west, east, n), rng.uniform(south, north, n)


def _metres_off(settled, lon, lat):
    return float(
        np.hypot((settled.lon - lon) * 111_320 * np.cos(np.radians(lat)), (settled.lat - lat) * 110_574).max()
    )


def _nothing(n):
    return [frozenset()] * n


@pytest.mark.parametrize("epsg", [9210, 9209, 3405])
@pytest.mark.parametrize("swapped", [False, True])
def test_each_zone_of_the_province_both_ways_with_communes(epsg, swapped):
    index = area()
    lon, lat = _points()
    meant = [frozenset((int(i),)) for i in index.locate(lon, lat)]
    e, n = from_wgs84(lon, lat, epsg)
    settled = settle_metres(
        n if swapped else e, e if swapped else n, index, provinces=["99"], meant=meant, settings=SETTINGS
    )
    assert settled.chosen is not None
    assert (settled.chosen.epsg, settled.chosen.swapped) == (epsg, swapped)
    assert _metres_off(settled, lon, lat) < 0.01


def test_a_short_list_that_fits_two_zones_is_refused_without_communes():
    index = area()
    lon, lat = _points(6, west=105.3, east=105.35)
    e, n = from_wgs84(lon, lat, 9210)
    settled = settle_metres(e, n, index, provinces=["99"], meant=_nothing(6), settings=SETTINGS)
    assert settled.outcome is Outcome.SEVERAL_SURVIVE
    assert {r.epsg for r in settled.survivors} == {9210, 9209}
    assert np.isnan(settled.lon).all()


def test_communes_must_lead_by_ten_points():
    index = area()
    lon, lat = _points(10, west=105.3, east=105.35)
    e, n = from_wgs84(lon, lat, 9210)
    true = [frozenset((int(i),)) for i in index.locate(lon, lat)]
    one_known = [true[0], *_nothing(9)]
    settled = settle_metres(e, n, index, provinces=["99"], meant=one_known, settings=SETTINGS)
    assert settled.outcome is Outcome.COMMUNES_DECIDED
    misnamed = [frozenset((35,))] * 10  # fits under no reading: nothing leads
    settled = settle_metres(e, n, index, provinces=["99"], meant=misnamed, settings=SETTINGS)
    assert settled.outcome is Outcome.SEVERAL_SURVIVE


@pytest.mark.parametrize(("outside", "accepted"), [(1, True), (2, False)])
def test_ninety_five_percent_is_the_line(outside, accepted):
    index = area(former=())
    lon, lat = _points(20)
    lon[:outside] += 2.0
    meant = [frozenset((int(i),)) if i >= 0 else frozenset() for i in index.locate(lon, lat)]
    e, n = from_wgs84(lon, lat, 9210)
    settled = settle_metres(e, n, index, provinces=["99"], meant=meant, settings=SETTINGS)
    assert (settled.chosen is not None) == accepted


def test_the_province_is_widened_by_two_kilometres():
    index = area(former=())
    for metres, accepted in ((1_900, True), (2_100, False)):
        lon = np.full(20, 105.0 - metres / (111_320 * np.cos(np.radians(22.0))))
        lat = np.linspace(21.8, 22.2, 20)
        e, n = from_wgs84(lon, lat, 9210)
        settled = settle_metres(e, n, index, provinces=["99"], meant=_nothing(20), settings=SETTINGS)
        assert (settled.chosen is not None and settled.chosen.epsg == 9210) == accepted, metres


def test_a_stated_zone_must_hold_and_then_decides():
    index = area()
    lon, lat = _points(6, west=105.3, east=105.35)
    e, n = from_wgs84(lon, lat, 9210)
    settled = settle_metres(e, n, index, provinces=["99"], meant=_nothing(6), settings=SETTINGS, declared=[9210])
    assert settled.outcome is Outcome.DECLARED
    assert _metres_off(settled, lon, lat) < 0.01
    wrong = settle_metres(e, n, index, provinces=["99"], meant=_nothing(6), settings=SETTINGS, declared=[5899])
    assert wrong.outcome is Outcome.NONE_SURVIVES


def test_a_foreign_zone_that_the_communes_give_away_is_refused():
    index = area(current=9211, former=())
    lon, lat = _points(8, west=105.3, east=105.35)
    e, n = from_wgs84(lon, lat, 9210)  # 26 km off under 9211, still inside
    meant = [frozenset((int(i),)) for i in index.locate(lon, lat)]
    settled = settle_metres(e, n, index, provinces=["99"], meant=meant, settings=SETTINGS)
    assert settled.outcome is Outcome.COMMUNES_CONTRADICT


def test_a_foreign_zone_without_communes_is_at_least_named():
    index = area(current=9211, former=())
    lon, lat = _points(8, west=105.3, east=105.35)
    e, n = from_wgs84(lon, lat, 9210)
    settled = settle_metres(e, n, index, provinces=["99"], meant=_nothing(8), settings=SETTINGS)
    assert settled.outcome is Outcome.ONLY_SURVIVOR
    assert 9210 in settled.also_fit


@pytest.mark.parametrize(
    ("text", "zones"),
    [
        ("Tọa độ X (VN-2000, kinh tuyến trục 105°45', múi chiếu 3°)", (9210,)),
        ("Hệ tọa độ VN2000 KTT 105-30 múi 3", (9209,)),
        ("VN-2000 105.75", (9210,)),
        ("KTT: 106", (9211,)),
        ("kinh tuyến trục 107 độ 15 phút", (9215,)),
        ("VN-2000 UTM múi 48", (3405,)),
        ("UTM zone 49N VN2000", (3406,)),
        ("UTM 48N WGS84", (32648,)),
        ("VN-2000 múi 6 độ, kinh tuyến trục 105°", (3405,)),
        ("EPSG:9212", (9212,)),
        ("Tọa độ X", ()),
        ("Danh sách trạm BTS năm 2026, 105 trạm", ()),
        ("VN-2000", ()),
        ("Tổng cộng 106 trạm", ()),
        ("QĐ 105/QĐ-UBND ngày 01/02/2024, hệ tọa độ VN2000", ()),
        ("Công văn số 105-30/STTTT về tọa độ VN-2000", ()),
        ("VN-2000 múi 3 độ 105 45", (9210,)),
    ],
)
def test_what_titles_and_headers_state(text, zones):
    assert declared_in([text]).zones == zones


def test_the_datum_may_stand_in_another_cell():
    assert declared_in(["Hệ tọa độ: WGS84", "Lưới chiếu UTM, múi 48"]).zones == (32648,)
    bare = declared_in(["Tọa độ UTM múi 48N"])
    assert bare.zones == (3405,)
    assert not bare.datum_stated
    assert declared_in(["VN-2000, UTM múi 48"]).datum_stated
    assert declared_in(["Tọa độ VN-2000 (không phải WGS84)"]).datum == "both"


@pytest.mark.parametrize(("epsg", "twin"), [(3405, 32648), (3406, 32649)])
def test_utm_is_never_taken_without_naming_the_other_datum(epsg, twin):
    west = 105.0 if epsg == 3405 else 108.5
    index = area(former=(), west=west)
    lon, lat = _points(20, west=west + 0.05, east=west + 0.55)
    e, n = from_wgs84(lon, lat, epsg)
    meant = [frozenset((int(i),)) for i in index.locate(lon, lat)]
    settled = settle_metres(e, n, index, provinces=["99"], meant=meant, settings=SETTINGS)
    assert settled.chosen is not None
    assert settled.chosen.epsg == epsg
    assert twin in settled.also_fit


def test_a_title_at_105_degrees_does_not_hide_the_twin():
    index = area(current=5897, former=(), west=104.7)
    lon, lat = _points(30, west=104.75, east=105.25)
    e, n = from_wgs84(lon, lat, 3405)
    meant = [frozenset((int(i),)) for i in index.locate(lon, lat)]
    settled = settle_metres(
        e, n, index, provinces=["99"], meant=meant, settings=SETTINGS, declared=[5897], doubted=True
    )
    assert settled.also_fit == (3405,)


def test_degrees_swapped_as_a_list_and_by_row():
    index = area()
    lon, lat = _points(10)
    straight = settle_degrees(lon, lat, index, settings=SETTINGS)
    assert not straight.list_swapped
    assert not straight.row_swapped.any()
    swapped = settle_degrees(lat, lon, index, settings=SETTINGS)
    assert swapped.list_swapped
    assert np.allclose(swapped.lon, lon)
    mixed_lon, mixed_lat = lon.copy(), lat.copy()
    mixed_lon[3], mixed_lat[3] = lat[3], lon[3]
    mixed = settle_degrees(mixed_lon, mixed_lat, index, settings=SETTINGS)
    assert mixed.row_swapped.tolist() == [i == 3 for i in range(10)]
    assert np.allclose(mixed.lon, lon)
    assert np.allclose(mixed.lat, lat)


def test_degrees_on_vn2000_move_by_about_225_m():
    index = area()
    lon, lat = _points(3)
    moved = settle_degrees(lon, lat, index, settings=SETTINGS, vn2000=True)
    metres = np.hypot((moved.lon - lon) * 103_000, (moved.lat - lat) * 110_700)
    assert np.all((metres > 215) & (metres < 235))


@given(
    epsg=st.sampled_from([*VN2000_TM3_EPSG, 3405, 3406]),
    swapped=st.booleans(),
    n=st.integers(1, 25),
    seed=st.integers(0, 10_000),
    width=st.floats(0.01, 0.5),
    named=st.booleans(),
)
@settings(deadline=None, max_examples=80)
def test_nothing_lands_wrong_unmentioned(epsg, swapped, n, seed, width, named):
    """Whatever the zone, a list lands within 2 m, or is refused, or the true zone is named beside the choice."""
    index = area()
    lon, lat = _points(n, seed, east=105.05 + width)
    meant = [frozenset((int(i),)) for i in index.locate(lon, lat)] if named else _nothing(n)
    e, north = from_wgs84(lon, lat, epsg)
    settled = settle_metres(
        north if swapped else e, e if swapped else north, index, provinces=["99"], meant=meant, settings=SETTINGS
    )
    if settled.chosen is None:
        assert np.isnan(settled.lon).all()
    elif _metres_off(settled, lon, lat) > 2:
        assert epsg not in (9210, 9209, 3405, 3406)
        assert epsg in settled.also_fit


@pytest.fixture(scope="module")
def country(shared_dir):
    frame = gpd.read_parquet(shared_dir / "data/vietnam/communes.parquet").rename(
        columns={"code": "commune_code", "name": "commune_name"}
    )
    provinces = {p["code"]: p for p in load_toml("provinces.toml")["province"]}
    frame["province_name"] = frame["province_code"].map(lambda c: provinces[c]["name"]["vi"])
    frame["geometry"] = frame.geometry.make_valid()
    zones = {c: ProvinceZones(p["zone_epsg"], tuple(p["former_zone_epsg"])) for c, p in provinces.items()}
    return frame, AreaIndex(frame, zones), zones


def _lists(frame, code, rng):
    mine = np.flatnonzero((frame["province_code"] == code).to_numpy())
    points = frame.geometry.representative_point()
    x, y = points.x.to_numpy(), points.y.to_numpy()
    yield mine, x[mine], y[mine]
    for _ in range(2):
        some = rng.choice(mine, int(rng.integers(5, 21)), replace=False)
        yield some, x[some], y[some]
        start = rng.choice(mine)
        near = mine[np.argsort(np.hypot(x[mine] - x[start], y[mine] - y[start]))[: int(rng.integers(5, 21))]]
        yield near, x[near], y[near]


def test_every_zone_of_every_province_lands_within_2_m_or_is_refused(country):
    """All 15 current and 2 former-only TM-3 zones, both UTM zones, both axis orders, real communes."""
    frame, index, zones = country
    rng = np.random.default_rng(20261101)
    seen: set[int] = set()
    counts = {"landed": 0, "refused": 0}
    for code in sorted(zones):
        for chosen, lon, lat in _lists(frame, code, rng):
            names = frame["commune_name"].to_numpy()[chosen]
            for epsg in (*zones[code].all_epsg, 3405, 3406):
                seen.add(epsg)
                e, n = from_wgs84(lon, lat, epsg)
                for swapped in (False, True):
                    for named in (False, True):
                        meant = [index.communes_meant("", m, (code,)) if named else frozenset() for m in names]
                        settled = settle_metres(
                            n if swapped else e, e if swapped else n, index,
                            provinces=[code], meant=meant, settings=SETTINGS,
                        )  # fmt: skip
                        if settled.chosen is None:
                            counts["refused"] += 1
                            assert len(settled.survivors) != 1
                        else:
                            counts["landed"] += 1
                            assert _metres_off(settled, lon, lat) < 2.0, (code, epsg, swapped, named)
    assert len(seen) == 15 + 2 + 2
    assert counts["landed"] > 5 * counts["refused"]  # refusing everything would be no answer


def test_whole_province_lists_are_refused_only_for_the_twins_at_105_degrees(country):
    frame, index, zones = country
    points = frame.geometry.representative_point()
    for code in sorted(zones):
        mine = (frame["province_code"] == code).to_numpy()
        lon, lat = points.x.to_numpy()[mine], points.y.to_numpy()[mine]
        for epsg in (*zones[code].all_epsg, 3405, 3406):
            e, n = from_wgs84(lon, lat, epsg)
            settled = settle_metres(n, e, index, provinces=[code], meant=_nothing(len(lon)), settings=SETTINGS)
            if settled.chosen is None:
                assert {r.epsg for r in settled.survivors} == {5897, 3405}, (code, epsg)
                assert epsg in (5897, 3405)


def test_the_index_knows_names_codes_and_provinces():
    index = AreaIndex(units())
    assert index.communes_meant("99000", "") == frozenset((0,))
    assert index.communes_meant("", "xa hoa binh 0") == frozenset((0,))
    assert index.communes_meant("", "Hòa Bình 0") == frozenset((0,))
    assert index.communes_meant("12345", "không có") == frozenset()
    assert index.province_meant("99") == "99"
    assert index.province_meant("Tỉnh Mẫu (giả định)") == "99"
    assert index.province_meant("Tỉnh khác") == ""
