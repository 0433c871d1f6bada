"""Station lists in every VN-2000 zone, read from files: landed within 2 m or refused with the zones named."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest

from geo.areas import AreaIndex
from geo.crs import VN2000_TM3_EPSG, ProvinceZones, from_wgs84
from geo.io.resources import load_toml
from geo.validation import Severity

PROVINCES = {p["code"]: p for p in load_toml("provinces.toml")["province"]}
# Every zone with one province that uses it (current first, else former), and both UTM zones.
ZONES = {
    epsg: next(
        (c for c, p in PROVINCES.items() if p["zone_epsg"] == epsg),
        next((c for c, p in PROVINCES.items() if epsg in p["former_zone_epsg"]), ""),
    )
    for epsg in VN2000_TM3_EPSG
}
CASES = [(epsg, code) for epsg, code in ZONES.items() if code] + [(3405, "08"), (3406, "52")]


@pytest.fixture(scope="module")
def communes(shared_dir):
    frame = gpd.read_parquet(shared_dir / "data/vietnam/communes.parquet").rename(
        columns={"code": "commune_code", "name": "commune_name"}
    )
    frame["province_name"] = frame["province_code"].map(lambda c: PROVINCES[c]["name"]["vi"])
    frame["geometry"] = frame.geometry.make_valid()
    return frame


def test_the_cases_are_all_zones():
    assert len(CASES) == 15 + 2 + 2


@pytest.mark.parametrize(("epsg", "code"), CASES)
@pytest.mark.parametrize("northing_first", [True, False])
@pytest.mark.parametrize("size", [0, 8])
def test_a_list_of_real_places(communes, network_of, log, tmp_path, epsg, code, northing_first, size):
    mine = communes[communes["province_code"] == code]
    if size:
        mine = mine.sample(size, random_state=epsg)
    points = mine.geometry.representative_point()
    e, n = from_wgs84(points.x, points.y, epsg)
    x, y = (n, e) if northing_first else (e, n)
    lines = ["Mã trạm;Xã/Phường;Tọa độ X;Tọa độ Y;Công nghệ"]
    lines += [
        f"T{i};{name};{a:.2f};{b:.2f};4G".replace(".", ",")
        for i, (name, a, b) in enumerate(zip(mine["commune_name"], x, y, strict=True))
    ]
    path = tmp_path / "danh_sach.csv"
    path.write_text("\n".join(lines), encoding="utf-8-sig")
    zones = ProvinceZones(PROVINCES[code]["zone_epsg"], tuple(PROVINCES[code]["former_zone_epsg"]))
    area = AreaIndex(communes[communes["province_code"] == code], {code: zones})
    network = network_of([path], area, provinces=[code], operator="Viettel")
    errors = log.of_severity(Severity.ERROR)
    if errors:
        (refused,) = errors
        assert refused.kind.code == "crs_several_fit"
        assert f"EPSG:{epsg}" in refused.title.vi  # the truth is among the readings named
        assert network.sites.empty
        assert log.counts[0].rows_dropped == len(mine)
        return
    assert len(network.sites) == len(mine)
    order = network.sites["site_id"].str[1:].astype(int).to_numpy()
    metres = np.hypot(
        (network.sites["lon"].to_numpy() - points.x.to_numpy()[order]) * 111_320 * np.cos(np.radians(points.y.mean())),
        (network.sites["lat"].to_numpy() - points.y.to_numpy()[order]) * 110_574,
    )
    assert metres.max() < 2.0
    settled = [f for f in log.findings if f.kind.code.startswith("crs_settled")]
    assert len(settled) == 1  # never in silence
    assert f"EPSG:{epsg}" in settled[0].title.en
