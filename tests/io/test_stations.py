"""Station lists: by hand first, then the real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from geo.areas import AreaIndex
from geo.crs import from_wgs84
from geo.io.project import InputFile
from geo.io.raw import TableOptions
from geo.validation import Severity
from tests.made_up_area import area, made_up_box


def _csv(folder: Path, text: str, name: str = "list.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def _codes(log):
    return {f.kind.code for f in log.findings}


def _rows(log, code):
    return sorted(int(r) for f in log.findings if f.kind.code == code for r in f.rows)


def test_one_row_per_site_implies_a_cell_per_technology(tmp_path, network_of, log):
    path = _csv(
        tmp_path,
        "Nhà mạng,Mã trạm,Tên trạm,Kinh độ,Vĩ độ,Công nghệ,Độ cao trạm (m),Trạng thái\n"
        "Viettel,A1,Trạm 1,105.10000,21.80000,3G/4G,45,Đang phát sóng\n"
        "Vinaphone,B1,Trạm 2,105.20000,21.90000,4G,30,Đã tắt\n",
    )
    network = network_of([path], area())
    assert network.sites["site_id"].tolist() == ["A1", "B1"]
    assert network.sites["operator"].tolist() == ["Viettel", "VinaPhone"]
    assert network.sites["status"].tolist() == ["on_air", "off_air"]
    assert network.sites["technologies"].tolist() == ["3G,4G", "4G"]
    cells = network.cells
    assert list(zip(cells["site_id"], cells["technology"], strict=True)) == [("A1", "3G"), ("A1", "4G"), ("B1", "4G")]
    assert cells["implied"].all()
    assert cells["antenna_height_m"].tolist() == [45.0, 45.0, 30.0]  # the mast's height stands in
    assert cells["azimuth_deg"].isna().all()  # unknown is not 0
    assert not log.has_errors
    assert log.counts[0].rows_in == log.counts[0].rows_used == 2


def test_a_row_of_several_technologies_gives_each_cell_its_own_band(tmp_path, network_of, log):
    """Of an EARFCN, "n78" or 3,500 MHz it is known whose they are; of 1,800 MHz beside 2G and 4G it is not."""
    path = _csv(
        tmp_path,
        "Nhà mạng,Mã trạm,Kinh độ,Vĩ độ,Công nghệ,Băng tần,EARFCN,NR-ARFCN,Tần số (MHz)\n"
        "Viettel,A1,105.1001,21.8001,4G+5G,\"L1800, n78\",,,\n"
        "Viettel,A2,105.2001,21.8001,4G+5G,,1300,632448,\n"
        "Viettel,A3,105.3001,21.8001,2G/5G,,,,3550\n"
        "Viettel,A4,105.1001,21.9001,2G/4G,1800,,,\n"
        "Viettel,A5,105.2001,21.9001,4G,L1800 và L2100,,,\n"
        "Viettel,A6,105.3001,21.9001,4G/5G,,1300,,\n",
    )
    cells = network_of([path], area()).cells
    got = [(c.site_id, c.technology, c.band, None if np.isnan(c.arfcn) else c.arfcn) for c in cells.itertuples()]
    assert got == [
        ("A1", "4G", "B3", None), ("A1", "5G", "n78", None), ("A2", "4G", "B3", 1300), ("A2", "5G", "n78", 632448), ("A3", "2G", "", None),
        ("A3", "5G", "n78", None), ("A4", "2G", "", None), ("A4", "4G", "", None), ("A5", "4G", "", None), ("A6", "4G", "B3", 1300), ("A6", "5G", "", None),
    ]  # fmt: skip
    np.testing.assert_allclose(cells["frequency_mhz"][:6], [1842.45, 3550, 1815, 3486.72, np.nan, 3550])
    assert _rows(log, "radio_of_several") == [5]
    assert _rows(log, "band_unknown") == [6]


def test_a_cell_table_replaces_what_the_site_list_implied(tmp_path, network_of, log):
    sites = _csv(
        tmp_path,
        "Nhà mạng,Mã trạm,Kinh độ,Vĩ độ,Công nghệ\nViettel,A1,105.1,21.8001,\"3G, 4G\"\nViettel,A2,105.3001,21.9001,4G\n",
        "sites.csv",
    )
    cells = _csv(
        tmp_path,
        "Nhà mạng,Mã trạm,Mã cell,EARFCN,Azimuth\nViettel,A1,11,1450,0\nViettel,A1,12,1450,120\nViettel,A9,99,1450,0\n",
        "cells.csv",
    )
    network = network_of([sites], area(), cells=[cells])
    got = [(c.site_id, c.technology, c.cell_id, c.implied) for c in network.cells.itertuples()]
    assert got == [("A1", "3G", "", True), ("A1", "4G", "11", False), ("A1", "4G", "12", False), ("A2", "4G", "", True)]
    assert network.cells["lon"].tolist()[1] == 105.1
    assert _rows(log, "cell_without_site") == [4]
    assert network.cells["band"].tolist()[1] == "B3"


def test_site_codes_that_lost_their_zeros_are_tied_and_said(tmp_path, network_of, log):
    sites = _csv(
        tmp_path, "Nhà mạng,Mã trạm,Kinh độ,Vĩ độ\nViettel,00047,105.1001,21.8001\nViettel,66,105.2001,21.8001\n", "s.csv"
    )
    cells = _csv(
        tmp_path, "Nhà mạng,Mã trạm,Mã cell,EARFCN\nViettel,47,1,1450\nViettel,00066,2,1450\nViettel,0099,3,1450\n", "c.csv"
    )
    network = network_of([sites], area(), cells=[cells])
    detailed = network.cells[~network.cells["implied"]]
    assert dict(zip(detailed["cell_id"], detailed["site_id"], strict=True)) == {"1": "00047", "2": "66"}
    assert _rows(log, "site_code_zeros_lost") == [2, 3]
    assert _rows(log, "cell_without_site") == [4]


def test_a_list_in_vn2000_with_titles_and_northing_first(tmp_path, network_of, log):
    lon = np.linspace(105.05, 105.55, 30)
    lat = np.linspace(21.75, 22.25, 30)
    e, n = from_wgs84(lon, lat, 9210)
    lines = [
        "DANH SÁCH TRẠM BTS (số liệu giả định),,,,", "Đơn vị: mét,,,,",
        "TT,Mã trạm,Tọa độ X,Tọa độ Y,Đã lắp thiết bị 3G/4G",
        *(f"{i},T{i},\"{b:.2f}\",{a:.2f},4G" for i, (a, b) in enumerate(zip(e, n, strict=True))),
    ]  # fmt: skip
    network = network_of([_csv(tmp_path, "\n".join(lines))], area(former=()), operator="Viettel")
    by_id = network.sites.set_index("site_id")
    metres = np.hypot(
        (by_id["lon"].to_numpy() - lon[[int(i[1:]) for i in by_id.index]]) * 103_000,
        (by_id["lat"].to_numpy() - lat[[int(i[1:]) for i in by_id.index]]) * 110_700,
    )
    assert metres.max() < 0.02  # the list is rounded to centimetres
    settled = [f for f in log.findings if f.kind.code == "crs_settled_by_place"]
    assert len(settled) == 1
    assert "9210" in settled[0].title.en
    assert "northing" in settled[0].title.en
    assert by_id["row"].min() == 4  # rows as the spreadsheet numbers them


def test_a_list_that_fits_two_zones_is_refused_and_names_them(tmp_path, network_of, log):
    lon, lat = np.full(5, 105.33), np.linspace(21.8, 22.2, 5)
    e, n = from_wgs84(lon, lat, 9210)
    text = "Mã trạm,X,Y\n" + "\n".join(f"T{i},{a:.1f},{b:.1f}" for i, (a, b) in enumerate(zip(e, n, strict=True)))
    network = network_of([_csv(tmp_path, text)], area(), operator="Viettel")
    assert len(network.sites) == 0
    refused = [f for f in log.findings if f.kind.severity is Severity.ERROR]
    assert [f.kind.code for f in refused] == ["crs_several_fit"]
    assert "EPSG:9210" in refused[0].title.vi
    assert "EPSG:9209" in refused[0].title.vi
    assert '"EPSG:9209"' in refused[0].action.en
    assert log.counts[0].rows_dropped == 5


def test_crs_of_the_project_file_settles_it(tmp_path, network_of, log):
    lon, lat = np.full(5, 105.33), np.linspace(21.8, 22.2, 5)
    e, n = from_wgs84(lon, lat, 9210)
    text = "Mã trạm,X,Y\n" + "\n".join(f"T{i},{b:.3f},{a:.3f}" for i, (a, b) in enumerate(zip(e, n, strict=True)))
    network = network_of([_csv(tmp_path, text)], area(), operator="Viettel", crs="EPSG:9210")
    assert np.allclose(network.sites["lon"], 105.33, atol=1e-7)
    assert "crs_settled" in _codes(log)


def test_two_pairs_in_a_row_are_held_against_each_other(tmp_path, network_of, log):
    lon, lat = np.linspace(105.05, 105.5, 10), np.linspace(21.75, 22.2, 10)
    e, n = from_wgs84(lon, lat, 9210)
    lines = ["Mã trạm,Kinh độ,Vĩ độ,X (VN2000),Y (VN2000)"]
    for i, (o, a, x, y) in enumerate(zip(lon, lat, n, e, strict=True)):
        o_text, a_text = ("", "") if i == 2 else (f"{o:.6f}", f"{a:.6f}")
        lines.append(f"T{i},{o_text},{a_text},{x + (5000 if i == 7 else 0):.2f},{y:.2f}")
    network = network_of([_csv(tmp_path, "\n".join(lines))], area(former=()), operator="Viettel")
    assert len(network.sites) == 10
    assert _rows(log, "position_from_second_pair") == [4]
    assert _rows(log, "position_pairs_differ") == [9]
    assert network.sites.set_index("site_id").loc["T2", "lon"] == pytest.approx(lon[2], abs=1e-6)
    assert network.sites.set_index("site_id").loc["T7", "lat"] == pytest.approx(lat[7], abs=1e-6)


def test_packed_degrees_are_suspected_and_said(tmp_path, network_of, log):
    rng = np.random.default_rng(5)
    lines = ["Mã trạm,Kinh độ,Vĩ độ"]
    for i in range(20):
        m, s, m2, s2 = rng.integers(0, 60, 4)
        lines.append(f"T{i},105.{m:02d}{s:02d}{rng.integers(10, 99)},21.{m2:02d}{s2:02d}{rng.integers(10, 99)}")
    network_of([_csv(tmp_path, "\n".join(lines))], area(), operator="Viettel")
    assert "position_looks_packed" in _codes(log)


def test_a_wrong_crs_of_the_project_file_is_named_with_what_fits(tmp_path, network_of, log):
    index = area(current=9211, former=())
    lon, lat = np.linspace(105.1, 105.3, 12), np.linspace(21.8, 22.2, 12)
    names = index.names[index.locate(lon, lat)]
    e, n = from_wgs84(lon, lat, 9211)
    text = "Mã trạm,Xã,X,Y\n" + "\n".join(
        f"T{i},{c},{b:.2f},{a:.2f}" for i, (c, a, b) in enumerate(zip(names, e, n, strict=True))
    )
    network = network_of([_csv(tmp_path, text)], index, operator="Viettel", crs="EPSG:9212")
    assert network.sites.empty
    (refused,) = log.of_severity(Severity.ERROR)
    assert refused.kind.code == "crs_given_contradicted"
    assert "EPSG:9212" in refused.title.vi
    assert "EPSG:9211" in refused.allowed.vi


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("Viettel,T9,,,4G", "position_missing"),
        ("Viettel,T9,0,0,4G", "position_zero"),
        ("Viettel,T9,đồi chè,21.8,4G", "position_unreadable"),
        ("Viettel,T9,105°75'00\",21.8,4G", "position_unreadable"),
        ("Viettel,T9,1051000,21.8,4G", "position_not_coordinate"),
        ("Viettel,T9,108.1,16.1,4G", "position_outside"),
        ("Viettel,T9,-105.1,21.8,4G", "position_outside"),
        (",T9,105.1,21.8,4G", "operator_blank"),
        ("Viettel,T9,105.1,21.8", "row_wrong_cell_count"),
        ("Viettel,T1,105.12345,21.81234,4G", "duplicate_row"),
    ],
)
def test_each_way_a_row_cannot_be_used_is_said(tmp_path, network_of, log, row, code):
    path = _csv(
        tmp_path,
        f"Nhà mạng,Mã trạm,Kinh độ,Vĩ độ,Công nghệ\nViettel,T1,105.12345,21.81234,4G\nViettel,T2,105.2,21.91234,4G\n{row}\n",
    )
    network = network_of([path], area())
    assert network.sites["site_id"].tolist() == ["T1", "T2"]
    assert _rows(log, code) == [4]
    assert log.counts[0].rows_in == 3
    assert log.counts[0].rows_used == 2
    assert not log.has_errors


@pytest.mark.parametrize(
    ("row", "code", "effect"),
    [
        ("Viettel,T9,21.81,105.12,4G,30", "position_row_swapped", "changed"),
        ("Viettel,T9,105.12,21.81,4G,30", "position_coarse", "kept"),
        ("Viettel,T9,105.12345,21.81234,4G,100 ft", "feet_converted", "changed"),
        ("Viettel,T9,105.12345,21.81234,4G,9000", "number_out_of_range", "field_unknown"),
        ("Viettel,T9,105.12345,21.81234,4G,cao", "number_unreadable", "field_unknown"),
        ("Viettel,T9,105.12345,21.81234,6G?,30", "technology_unreadable", "field_unknown"),
        ("Viettel,=1+1,105.12345,21.81234,4G,30", "site_names_markup", "kept"),
        ("Viettel,<b>T</b>,105.12345,21.81234,4G,30", "site_names_markup", "kept"),
    ],
)
def test_each_way_a_row_is_used_with_a_remark(tmp_path, network_of, log, row, code, effect):
    path = _csv(
        tmp_path,
        f"Nhà mạng,Mã trạm,Kinh độ,Vĩ độ,Công nghệ,Độ cao trạm (m)\nViettel,T2,105.20001,21.91234,4G,42\n{row}\n",
    )
    network = network_of([path], area())
    assert len(network.sites) == 2
    assert _rows(log, code) == [3]
    assert next(f for f in log.findings if f.kind.code == code).kind.effect.value == effect
    swapped = network.sites[network.sites["row"] == 3]
    assert swapped["lon"].iloc[0] == pytest.approx(105.12, abs=0.01)


def test_a_list_without_operator_is_an_error_that_says_what_to_write(tmp_path, network_of, log):
    network_of([_csv(tmp_path, "Mã trạm,Kinh độ,Vĩ độ\nT1,105.1,21.8\n")], area())
    (finding,) = log.of_severity(Severity.ERROR)
    assert finding.kind.code == "operator_missing"
    assert "operator = " in finding.action.vi


def test_virtual_operators_fold_into_their_host_and_codes_are_kept(tmp_path, network_of, log):
    path = _csv(
        tmp_path,
        "MCC,MNC,Mã trạm,Kinh độ,Vĩ độ,Công nghệ\n452,8,T1,105.1001,21.8,4G\n452,02,T2,105.2001,21.8,4G\n457,99,T3,105.3001,21.8,4G\n",
    )
    network = network_of([path], area())
    assert dict(zip(network.sites["site_id"], network.sites["operator"], strict=True)) == {
        "T1": "VinaPhone", "T2": "VinaPhone", "T3": "457-99",
    }  # fmt: skip
    assert "operator_unknown" in _codes(log)


def test_the_same_mast_of_two_operators_is_recognised_within_the_set_distance(tmp_path, network_of, log):
    path = _csv(
        tmp_path,
        "Nhà mạng,Mã trạm,Kinh độ,Vĩ độ,Công nghệ\n"
        "Viettel,V1,105.10000,21.80000,4G\nMobiFone,M1,105.10015,21.80000,4G\n"  # 15 m
        "Viettel,V2,105.20000,21.80000,4G\nMobiFone,M2,105.20100,21.80000,4G\n"  # 103 m
        "Viettel,V3,105.30000,21.80000,4G\nViettel,V4,105.30005,21.80000,4G\n",  # one operator
    )
    mast = network_of([path], area()).sites.set_index("site_id")["mast_id"]
    assert mast["V1"] == mast["M1"]
    assert mast["V2"] != mast["M2"]
    assert mast["V3"] != mast["V4"]


def test_one_code_used_by_two_operators_stays_two_sites(tmp_path, network_of, log):
    path = _csv(
        tmp_path,
        "Nhà mạng,Mã trạm,Kinh độ,Vĩ độ,Công nghệ\nViettel,001,105.1001,21.8,4G\nMobiFone,001,105.4001,21.8,4G\n",
    )
    network = network_of([path], area())
    assert sorted(network.sites["site_id"]) == ["MobiFone/001", "Viettel/001"]
    assert network.cells["lon"].round(4).tolist() == [105.4001, 105.1001]


def test_cells_of_an_enodeb_are_tied_without_a_site_code(tmp_path, network_of, log):
    path = _csv(
        tmp_path,
        "radio,mcc,net,area,cell,lon,lat\nLTE,452,4,1,25601,105.10001,21.80001\nLTE,452,4,1,25602,105.10001,21.80001\n"
        "LTE,452,4,1,25857,105.20001,21.80001\nGSM,452,4,1,25601,105.10001,21.80001\n",
    )
    network = network_of([path], area())
    assert network.sites["site_id"].tolist() == ["@21.80001,105.10001", "eNB 100", "eNB 101"]
    assert (network.cells["site_id"] == "eNB 100").sum() == 2


def test_off_air_dates_in_the_future_and_unknown_status(tmp_path, network_of, log):
    path = _csv(
        tmp_path,
        "Nhà mạng,Mã trạm,Kinh độ,Vĩ độ,Công nghệ,Ngày phát sóng\n"
        "Viettel,T1,105.1001,21.8,4G,01/05/2020\nViettel,T2,105.2001,21.8,4G,02/11/2026\nViettel,T3,105.3001,21.8,4G,\n",
    )
    network = network_of([path], area())
    assert network.sites["status"].tolist() == ["on_air", "planned", "unknown"]
    assert _rows(log, "on_air_in_future") == [3]
    assert _rows(log, "status_unknown") == [4]


# -- real lists ------------------------------------------------------------------------------------


def _balance(log):
    for count in log.counts:
        assert count.rows_in == count.rows_used + count.rows_dropped


def test_gotthard_cells(shared_dir, network_of, log):
    path = shared_dir / "data/sites/mls_2024-03_228_N46E008.csv"
    network = network_of([path], AreaIndex(made_up_box(8, 46, 9, 47)))
    _balance(log)
    assert log.counts[0].rows_in == 1742
    assert len(network.cells) == 1742
    assert set(network.cells["operator"]) == {"228-01", "228-02", "228-03", "228-45", "228-60"}
    lte = network.cells[network.cells["technology"] == "4G"]
    enb = lte["cell_id"].astype(int) // 256
    assert all(site.endswith(f"eNB {number}") for site, number in zip(lte["site_id"], enb, strict=True))


def test_sussex_sites_with_azimuths(shared_dir, network_of, log):
    files = sorted((shared_dir / "data/sites").glob("nsg_gb_*.csv"))
    network = network_of(files, AreaIndex(made_up_box(-0.5, 50.7, 0.1, 51.2)))
    _balance(log)
    assert sum(c.rows_in for c in log.counts) == len(network.cells) == 2522
    assert len(network.sites) == 473
    assert network.cells["azimuth_deg"].notna().all()
    assert set(network.sites["operator"]) == {"234-10", "234-15", "234-30"}
    assert (network.cells["frequency_mhz"] > 700).all()
    assert "operator_from_file_name" in _codes(log)
    shared = network.sites.groupby("mast_id")["operator"].nunique()
    assert (shared > 1).sum() > 50


def test_lesotho_renamed_headers_and_outliers(shared_dir, network_of, log):
    path = shared_dir / "data/sites/lesotho_cell_towers.csv"
    network = network_of([path], AreaIndex(made_up_box(27.0, -30.7, 29.5, -28.5)))
    _balance(log)
    assert log.counts[0].rows_in == 1936
    outside = _rows(log, "position_outside")
    assert len(outside) == log.counts[0].rows_dropped > 0
    assert len(network.cells) == 1936 - len(outside)
    assert set(network.cells["technology"]) == {"2G", "3G", "4G"}


def test_all_of_switzerland_is_explained_row_by_row(shared_dir, network_of, log):
    path = shared_dir / "data/sites/mls_2024-03_228.csv"
    network_of([path], AreaIndex(made_up_box(8, 46, 9, 47)))
    assert log.counts[0].rows_in == 78_035
    _balance(log)


def test_options_of_the_project_file_reach_the_reader(tmp_path, network_of, log):
    path = _csv(tmp_path, "a;b;c;d\nT1;105,10001;21,80001;4G\n")
    item = InputFile(
        "sites", path, "list.csv",
        TableOptions(columns={"site_id": "a", "lon": "b", "lat": "c", "technology": "d"}, operator="Viettel"),
    )  # fmt: skip
    network = network_of([item], area())
    assert network.sites["lon"].tolist() == [105.10001]


def test_a_status_in_the_date_column_is_a_status(tmp_path, network_of, log):
    path = _csv(
        tmp_path,
        "Nhà mạng,Mã trạm,Kinh độ,Vĩ độ,Công nghệ,Thời gian phát sóng\n"
        "Viettel,T1,105.1001,21.8001,4G,01/05/2020\nViettel,T2,105.2001,21.8001,4G,Chưa phát sóng\n",
    )
    network = network_of([path], area())
    assert network.sites["status"].tolist() == ["on_air", "planned"]
    assert _rows(log, "status_in_date_column") == [3]
    assert "date_unreadable" not in _codes(log)


def test_a_misspelt_operator_is_mended_and_said(tmp_path, network_of, log):
    path = _csv(
        tmp_path,
        "Nhà mạng,Mã trạm,Kinh độ,Vĩ độ,Công nghệ\nViettel,T1,105.1001,21.8001,4G\nVietel,T2,105.2001,21.8001,4G\n"
        "Hoa Sen,T3,105.3001,21.8001,4G\n",
    )
    network = network_of([path], area())
    assert network.sites.set_index("site_id")["operator"].to_dict() == {"T1": "Viettel", "T2": "Viettel", "T3": "Hoa Sen"}
    assert _rows(log, "operator_misspelt") == [3]
    assert _rows(log, "operator_unknown") == [4]


def test_one_code_far_apart_is_two_sites_and_none_in_between(tmp_path, network_of, log):
    path = _csv(
        tmp_path,
        "Nhà mạng,Mã trạm,Kinh độ,Vĩ độ,Công nghệ\nViettel,T1,105.1001,21.8001,4G\nViettel,T1,105.1002,21.8001,3G\n"
        "Viettel,T1,105.4001,22.1001,4G\n",
    )
    network = network_of([path], area())
    assert network.sites["site_id"].tolist() == ["T1", "T1 (2)"]
    assert network.sites["lon"].round(4).tolist() == [105.1002, 105.4001]
    assert _rows(log, "site_code_shared") == [4]
