"""Population of former communes brought to today's: whole ones exactly, divided ones within a stated range. All figures are made up."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.former_areas import FormerAreas
from geo.io.population import read_population_table
from geo.io.raw import TableOptions
from geo.io.resources import former_areas
from geo.polygons import area_km2

# Four former communes: A whole to 1; B to 1 and 2; C whole to 2; D whole to 3.
SMALL = FormerAreas(
    pd.DataFrame(
        {"code": ["00001", "00002", "00003", "00004"], "name": ["Xã A", "Xã B", "Xã C", "Xã D"], "district": "Huyện H",
         "province": "Tỉnh T", "today": ["1", "1|2", "2", "3"]}
    ),
    pd.DataFrame({"code": ["1", "2", "3"], "name": ["Xã Một", "Xã Hai", "Xã Ba"], "province_code": "08"}),
    {"08": "Tuyên Quang"},
)  # fmt: skip


def test_by_hand():
    figures = {0: 1000.0, 1: 600.0, 2: 2000.0, 3: 50.0}
    equal = SMALL.apportion(figures, ("1", "2", "3"))
    assert [(equal[c].value, equal[c].low, equal[c].high) for c in "123"] == [(1300, 1000, 1600), (2300, 2000, 2600), (50, 50, 50)]
    # Today's people elsewhere say 1,100 and 2,300: 100 and 300 beyond the whole communes, so a quarter and three quarters.
    known = SMALL.apportion(figures, ("1", "2", "3"), {"1": 1100, "2": 2300})
    assert [known[c].value for c in "123"] == [1150, 2450, 50]
    assert sum(known[c].value for c in "123") == sum(figures.values())
    # Where they say that a whole commune has more than there is now, nothing is beyond it: not below zero.
    assert SMALL.apportion(figures, ("1", "2"), {"1": 900, "2": 2300})["1"].value == 1000
    # Missing is unknown, never zero.
    lacking = SMALL.apportion({0: 1000.0, 2: np.nan, 3: 50.0}, ("1", "2", "3"))
    assert np.isnan([lacking["1"].value, lacking["2"].value]).all()
    assert lacking["3"].value == 50
    assert lacking["2"].missing == (1, 2)


def test_totals_are_kept_over_the_whole_country():
    former = former_areas()
    rng = np.random.default_rng(8)
    figures = dict(enumerate(rng.integers(500, 30_000, len(former)).astype(float)))
    today = former.apportion(figures, former.today_names)
    assert sum(a.value for a in today.values()) == pytest.approx(sum(figures.values()))
    assert all(a.low <= a.value <= a.high for a in today.values())
    assert sum(bool(a.divided) for a in today.values()) < 800


def _units(codes: list[str]) -> pd.DataFrame:
    former = former_areas()
    frame = gpd.GeoDataFrame(
        {"commune_code": codes, "commune_name": [former.today_names[c] for c in codes], "province_code": "08"},
        geometry=[shapely.box(105 + i / 10, 21, 105.1 + i / 10, 21.1) for i in range(len(codes))], crs=4326,
    )  # fmt: skip
    return frame.assign(area_km2=area_km2(frame.geometry.to_numpy()))


def _read(tmp_path, log, frame, codes, **options):
    frame.to_csv(tmp_path / "dan_so.csv", index=False)
    return read_population_table(
        tmp_path / "dan_so.csv", file="dan_so.csv", options=TableOptions(), units=_units(codes), log=log, **options
    )


def test_a_table_of_former_communes(tmp_path, log):
    former = former_areas()
    codes = sorted({c for i in range(len(former)) if former.provinces[i] == "Tỉnh Hà Giang" for c in former.today[i]})
    places = [i for i in range(len(former)) if set(former.today[i]) & set(codes)]
    frame = pd.DataFrame({"Mã xã": [former.codes[i] for i in places], "Dân số": [4000 + i % 7 for i in places], "Số hộ": 900})
    result = _read(tmp_path, log, frame, codes)
    assert result["commune_code"].tolist() == codes
    whole = [c for c in codes if all(len(former.today[p]) == 1 for p in former.sources[c])]
    expected = {c: sum(4000 + p % 7 for p in former.sources[c]) for c in whole}
    got = dict(zip(result["commune_code"], result["population"], strict=True))
    assert len(whole) > 50
    assert {c: got[c] for c in whole} == expected
    assert result["population"].sum() == frame["Dân số"].sum()
    (said,) = [f for f in log if f.kind.code == "population_former_communes"]
    assert said.came[0] == f"{len(places)} → {len(codes)}"
    (count,) = log.counts
    assert (count.rows_in, count.rows_used, count.rows_dropped) == (len(places), len(places), 0)


def test_a_former_commune_that_is_missing_leaves_today_s_unknown(tmp_path, log):
    frame = pd.DataFrame({"Mã xã": ["00823", "00838", "02305"], "Dân số": [3000, 2000, 5000]})  # 00829, Sủng Cháng, is missing
    result = _read(tmp_path, log, frame, ["00829", "02305"])
    assert np.isnan(result["population"].tolist()[0])
    (said,) = [f for f in log if f.kind.code == "population_former_missing"]
    assert "Xã Sủng Cháng, Huyện Yên Minh, Tỉnh Hà Giang" in said.came[0]


def test_a_table_of_today_stays_as_it_is(tmp_path, log):
    frame = pd.DataFrame({"Mã xã": ["00829", "02305"], "Dân số": [9000, 5000]})
    assert _read(tmp_path, log, frame, ["00829", "02305"])["population"].tolist() == [9000, 5000]
    assert not [f for f in log if f.kind.code.startswith("population_former")]
