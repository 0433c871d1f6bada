"""Positions of lists as files: what the project file states, and single rows that differ."""

from __future__ import annotations

import numpy as np
import pytest

from geo.crs import from_wgs84
from tests.made_up_area import area

LON, LAT = np.linspace(105.1012345, 105.5012345, 8), np.linspace(21.8012345, 22.2012345, 8)


def _read(tmp_path, network_of, rows, header="Mã trạm,Kinh độ,Vĩ độ", index=None, **options):
    path = tmp_path / "list.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    network = network_of([path], index or area(), operator="Viettel", **options)
    return network.sites.set_index("site_id")


def _metres_off(sites, lon, lat):
    return np.hypot((sites["lon"].to_numpy() - lon) * 103_000, (sites["lat"].to_numpy() - lat) * 110_700)


@pytest.mark.parametrize(
    ("crs", "header", "moved"),
    [
        ("EPSG:4756", "Mã trạm,Kinh độ,Vĩ độ", True),
        ("EPSG:4326", "Mã trạm,Kinh độ,Vĩ độ", False),
        ("EPSG:4326", "Mã trạm,Kinh độ (VN2000),Vĩ độ (VN2000)", False),  # the project file has the last word
        ("EPSG:4756", "Mã trạm,Kinh độ (WGS84),Vĩ độ (WGS84)", True),
        ("", "Mã trạm,Kinh độ (VN2000),Vĩ độ (VN2000)", True),
        ("", "Mã trạm,Kinh độ,Vĩ độ", False),
    ],
)
def test_degrees_are_on_the_datum_that_the_project_file_states(tmp_path, network_of, log, crs, header, moved):
    rows = [f"T{i},{a:.7f},{b:.7f}" for i, (a, b) in enumerate(zip(LON, LAT, strict=True))]
    sites = _read(tmp_path, network_of, rows, header, **({"crs": crs} if crs else {}))
    off = _metres_off(sites, LON, LAT)
    assert len(off) == len(rows)
    assert ((off > 215) & (off < 235)).all() if moved else (off < 0.1).all()
    assert ("degrees_on_vn2000" in log.codes()) == moved


@pytest.mark.parametrize(("km", "kept"), [(-5.0, True), (8.0, True), (14.0, True), (16.0, False)])
def test_an_exchanged_row_of_a_site_just_outside_is_put_right(tmp_path, network_of, log, km, kept):
    """One row of thirty has X and Y exchanged; its site stands west of the border, still within reach."""
    lon, lat = np.linspace(105.05, 105.55, 30), np.linspace(21.75, 22.25, 30)
    lon[7], lat[7] = 105.0 - km * 1000 / (111_320 * np.cos(np.radians(22.0))), 22.0
    e, n = from_wgs84(lon, lat, 9210)
    e[7], n[7] = n[7], e[7]
    rows = [f"T{i:02},{a:.3f},{b:.3f}" for i, (a, b) in enumerate(zip(n, e, strict=True))]
    sites = _read(tmp_path, network_of, rows, "Mã trạm,X,Y", index=area(former=()))
    said = [f.rows.tolist() for f in log.findings if f.kind.code == "position_row_swapped"]
    here = [i for i in range(30) if kept or i != 7]
    assert sites.index.tolist() == [f"T{i:02}" for i in here]
    assert _metres_off(sites, lon[here], lat[here]).max() < 0.1
    assert said == ([[9]] if kept else [])
    assert ("position_outside" in log.codes()) == (not kept)
