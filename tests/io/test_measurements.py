"""Signal samples: formats, levels, networks, times and devices by hand; then real logs, every row accounted for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.areas import AreaIndex
from geo.errors import InputError
from geo.io.catalogues import band_catalogue, operator_catalogue
from geo.io.measurements import MEASUREMENT_COLUMNS, read_measurements
from geo.io.positions import PositionContext
from geo.io.raw import TableOptions
from geo.io.resources import issue_catalogue
from geo.samples import DeviceNumbers
from geo.validation import IssueLog
from tests.made_up_area import area, made_up_box

AS_OF = pd.Timestamp("2026-11-22")


def read_file(
    path: Path,
    *,
    units: gpd.GeoDataFrame | None = None,
    operators: tuple[str, ...] = (),
    devices: DeviceNumbers | None = None,
    **options: Any,
) -> tuple[pd.DataFrame, IssueLog]:
    log = IssueLog(issue_catalogue())
    index = area() if units is None else AreaIndex(units)
    frame = read_measurements(
        path, file=path.name, options=TableOptions(**options), context=PositionContext(index),
        catalogue=operator_catalogue(operators=operators), bands=band_catalogue(), log=log, as_of=AS_OF, devices=devices,
    )  # fmt: skip
    return frame, log


def read(tmp_path: Path, text: str, **arguments: Any) -> tuple[pd.DataFrame, IssueLog]:
    path = tmp_path / arguments.pop("name", "log.csv")
    path.write_text(text, encoding="utf-8")
    return read_file(path, **arguments)


def rows_of(log: IssueLog, code: str) -> list[int]:
    return [int(r) for f in log if f.kind.code == code for r in f.rows]


HEAD = "Thời gian,Kinh độ,Vĩ độ,Nhà mạng,Công nghệ,Mức thu (dBm),Cell ID,PCI\n"


def lines(*cells: str) -> str:
    """Rows at growing times and places; each argument is what follows the position."""
    return HEAD + "".join(f"2026-09-01 08:00:{i:02d},105.05{i:02d}1,21.75{i:02d}1,{c}\n" for i, c in enumerate(cells))


# -- formats --------------------------------------------------------------------------------------


def test_one_level_column_does_not_overrule_a_technology_of_a_year_to_come(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Thời gian,Nhà mạng,Công nghệ,Kinh độ,Vĩ độ,RSRP (dBm)\n2026-10-01 08:00:00,Viettel,5G (2027),105.05,21.75,-95\n", encoding="utf-8")
    frame, log = read_file(tmp_path / "a.csv")
    assert frame["technology"].tolist() == [""]
    assert "sample_technology_unknown" in log.codes()


def test_a_plain_vietnamese_table(tmp_path: Path) -> None:
    frame, log = read(tmp_path, lines("Viettel,4G,-95,8302919,44", "452-02,UMTS,-80,196612,7"))
    assert list(frame.columns) == list(MEASUREMENT_COLUMNS)
    assert frame["operator"].tolist() == ["Viettel", "VinaPhone"]
    assert frame["mcc_mnc"].tolist() == ["", "452-02"]
    assert frame["technology"].tolist() == ["4G", "3G"]
    assert frame["level_dbm"].tolist() == [-95, -80]
    assert frame["cell_id"].tolist() == ["8302919", "196612"]
    assert frame["node"].tolist() == ["32433", "3"]  # 8302919 // 256; 196612 // 65536
    assert frame["time"].dtype == "datetime64[ns]"
    assert frame["time"].iloc[0] == pd.Timestamp("2026-09-01 08:00:00")
    assert frame["commune_code"].tolist() == ["99000", "99000"]
    assert frame["row"].tolist() == [2, 3]
    assert frame["file"].tolist() == ["log.csv"] * 2
    assert not frame["no_service"].any()
    assert (frame["locked_technology"] == "").all()
    assert [(c.rows_in, c.rows_used) for c in log.counts] == [(2, 2)]
    assert not log.has_errors


def test_english_headers_and_x_y_in_vn2000(tmp_path: Path) -> None:
    from geo.crs import from_wgs84

    # points all over the area: only one zone puts all of them into it
    spots = [(105.02 + 0.03 * i, 21.72 + 0.03 * j) for i in range(18) for j in range(18)]
    rows = []
    for k, (lon, lat) in enumerate(spots):
        x, y = from_wgs84(np.array([lon]), np.array([lat]), 9210)
        rows.append(f"{k % 28 + 1:02d}/09/2026 08:00:{k // 28:02d},{y[0]:.2f},{x[0]:.2f},Viettel,LTE,-90\n")
    text = "Time,X,Y,Operator,Network type,RSRP (dBm)\n" + "".join(rows)
    frame, log = read(tmp_path, text, crs="EPSG:9210")
    assert len(frame) == len(spots)
    assert np.allclose(frame["lon"], [p[0] for p in spots], atol=2e-5)
    assert frame["time"].iloc[1] == pd.Timestamp("2026-09-02 08:00:00")  # day comes first
    assert "crs_settled" in log.codes()


def test_gnettrack_log(tmp_path: Path) -> None:
    head = ("Timestamp\tLongitude\tLatitude\tOperatorname\tOperator\tNode\tCellID\tLAC\tNetworkTech\tLevel\tQual\tARFCN\tPSC"
            "\tAltitude\tBAND\r\n")  # fmt: skip
    body = (
        "2026.07.18_22.12.21\t105.051\t21.751\tViettel\t45204\t21\t11\t7000\t4G\t-81\t-8\t2850\t325\t74\tL7\t\r\n"
        "2026.07.18_22.12.22\t105.052\t21.751\t\t45204\t2\t10222\t3000\t3G\t-71\t-3\t10637\t145\t67\tU1\t\r\n"
        "2026.07.18_22.12.23\t105.053\t21.751\t\t45204\t2\t10222\t3000\t3G\t-24\t-\t10637\t145\t67\tU1\t\r\n"
        "2026.07.18_22.12.24\t105.054\t21.751\tNO_COVERAGE\t\t\t-1\t\t--\t-200\t-12\t\t\t67\t\t\r\n"
        "2026.07.18_22.12.25\t105.055\t21.751\tViettel\t45204\t21\t11\t7000\t4G\t-164\t-\t2850\t325\t74\tL7\t\r\n"
    )
    frame, log = read(tmp_path, head + body, name="x_log.txt")
    assert len(frame) == 5
    assert frame["operator"].tolist() == ["Viettel"] * 5
    assert frame["no_service"].tolist() == [False, False, False, True, False]
    assert frame["level_dbm"].isna().tolist() == [False, False, True, True, True]
    assert frame["cell_id"].tolist() == [str(21 * 256 + 11), str(2 * 65536 + 10222), str(2 * 65536 + 10222), "", str(21 * 256 + 11)]
    assert frame["node"].tolist() == ["21", "2", "2", "", "21"]
    assert frame["band"].tolist() == ["B7", "U1", "U1", "", "B7"]
    assert frame["quality_db"].iloc[:2].tolist() == [-8, -3]
    assert frame["pci"].iloc[0] == 325
    assert rows_of(log, "sample_level_not_a_level") == [4, 6]
    assert rows_of(log, "sample_no_service_operator") == [5]


def test_opencellid_upload_is_utc_and_metres_per_second(tmp_path: Path) -> None:
    text = (
        "mcc,mnc,lac,cellid,lat,lon,signal,measured_at,rating,speed,direction,act,ta,psc,tac,pci,sid,nid,bid\n"
        "452,4,29100,8302919,21.7538067,105.0572336,-88,1788223444000,25.7,10,341.0,LTE+,0.0,,29100,441,,,\n"
    )
    frame, log = read(tmp_path, text)
    assert frame["operator"].tolist() == ["Viettel"]
    assert frame["time"].iloc[0] == pd.Timestamp(1788223444, unit="s") + pd.Timedelta(hours=7)
    assert frame["speed_kmh"].iloc[0] == pytest.approx(36)
    assert frame["pci"].iloc[0] == 441
    assert "sample_time_shifted" in log.codes()
    other, _ = read(tmp_path, text, extra={"utc_offset_h": -5})
    assert other["time"].iloc[0] == pd.Timestamp(1788223444, unit="s") - pd.Timedelta(hours=5)


def test_wide_table_takes_each_technologys_own_column(tmp_path: Path) -> None:
    text = (
        "Thời gian,Kinh độ,Vĩ độ,Nhà mạng,Công nghệ,RSRP,SS-RSRP,RSCP,RxLev\n"
        "2026-09-01 08:00:00,105.0501,21.7501,Viettel,4G,-95,-101,-80,-70\n"
        "2026-09-01 08:00:01,105.0502,21.7501,Viettel,5G,-95,-101,-80,-70\n"
        "2026-09-01 08:00:02,105.0503,21.7501,Viettel,3G,-95,-101,-80,-70\n"
        "2026-09-01 08:00:03,105.0504,21.7501,Viettel,2G,-95,-101,-80,-70\n"
        "2026-09-01 08:00:04,105.0505,21.7501,Viettel,3G,-95,,,\n"
        "2026-09-01 08:00:05,105.0506,21.7501,Viettel,,,,-77,\n"
        "2026-09-01 08:00:06,105.0507,21.7501,Viettel,5G,-95,,,\n"
    )
    frame, log = read(tmp_path, text)
    assert frame["level_dbm"].iloc[:4].tolist() == [-95, -101, -80, -70]
    assert np.isnan(frame["level_dbm"].iloc[4])  # another technology's level is not this one's
    assert (frame["technology"].iloc[5], frame["level_dbm"].iloc[5]) == ("3G", -77)
    assert np.isnan(frame["level_dbm"].iloc[6])  # beside SS-RSRP, RSRP is the LTE anchor's
    assert rows_of(log, "sample_level_missing") == [6, 8]
    assert rows_of(log, "sample_technology_from_channel") == [7]


def test_a_cell_of_several_technologies_is_none_of_them_unless_the_row_tells(tmp_path: Path) -> None:
    """A level is of one of them; dual connectivity by its name is 5G, whose anchor is stated."""
    frame, log = read(tmp_path, lines("Viettel,4G+5G,-95,,", "Viettel,LTE/NR,-90,,", "Viettel,EN-DC,-85,,", "Viettel,LTE-NR,-85,,", "Viettel,2G/3G/4G,-80,,").replace("Mức thu (dBm)", "RSRP"))
    assert frame["technology"].tolist() == ["", "", "5G", "5G", ""]
    assert frame["level_dbm"].tolist() == [-95, -90, -85, -85, -80]  # nothing is lost
    assert rows_of(log, "sample_technologies_several") == [2, 3, 6]
    assert not rows_of(log, "sample_technology_unknown")
    assert not rows_of(log, "sample_technology_missing")
    assert "sample_five_g_anchor" in log.codes()
    text = (
        "Thời gian,Kinh độ,Vĩ độ,Nhà mạng,Công nghệ,RSRP,SS-RSRP,EARFCN,NR-ARFCN\n"
        "2026-09-01 08:00:00,105.0501,21.7501,Viettel,4G+5G,,-101,,\n"
        "2026-09-01 08:00:01,105.0502,21.7501,Viettel,4G+5G,-95,,1300,\n"
        "2026-09-01 08:00:02,105.0503,21.7501,Viettel,4G+5G,-95,-101,1300,632448\n"
    )
    frame, log = read(tmp_path, text)
    assert list(zip(frame["technology"], frame["level_dbm"], frame["band"], strict=True)) == [("5G", -101, ""), ("4G", -95, "B3"), ("5G", -101, "n78")]
    assert rows_of(log, "sample_technologies_several") == [2, 3, 4]
    assert sorted(rows_of(log, "sample_technology_from_channel")) == [2, 3]
    frame, _ = read(tmp_path, text.replace("-95,-101,", "-95,,"))
    assert list(zip(frame["technology"], frame["level_dbm"], frame["band"], strict=True))[2] == ("4G", -95, "")  # the level is told, the channel is not


def test_american_dates_of_a_log_are_turned_and_their_day_is_known(tmp_path: Path) -> None:
    text = lines("Viettel,4G,-95,,", "Viettel,4G,-94,,").replace("2026-09-01 08:00:00", "08/25/2026 08:00:00").replace("2026-09-01 08:00:01", "09/01/2026 08:00:01")
    frame, log = read(tmp_path, text)
    assert frame["time"].dt.strftime("%Y-%m-%d").tolist() == ["2026-08-25", "2026-09-01"]  # not the 9th of January
    assert "date_month_first" in log.codes()
    assert "date_unreadable" not in log.codes()
    both, log = read(tmp_path, text.replace("08/25/2026", "08/02/2026"))
    assert both["time"].dt.strftime("%Y-%m-%d").tolist() == ["2026-02-08", "2026-01-09"]
    assert "date_order_taken" in log.codes()
    _, log = read(tmp_path, text.replace("09/01/2026", "30/08/2026"))
    assert (rows_of(log, "date_order_contradictory"), rows_of(log, "date_unreadable")) == ([2], [2])


def test_technology_from_the_header_of_the_channel(tmp_path: Path) -> None:
    text = "Kinh độ,Vĩ độ,Mạng,Mức thu,EARFCN,UARFCN\n105.05,21.75123,Viettel,-90,1300,\n105.05,21.75223,Viettel,-90,,10637\n"
    frame, log = read(tmp_path, text)
    assert frame["technology"].tolist() == ["4G", "3G"]
    assert frame["band"].tolist() == ["B3", "U1"]
    assert "sample_time_missing" in log.codes()
    assert frame["time"].isna().all()


def test_a_bare_channel_number_is_not_guessed(tmp_path: Path) -> None:
    text = "Kinh độ,Vĩ độ,Mạng,Mức thu,ARFCN\n105.0512,21.75123,Viettel,-90,1300\n105.0512,21.75223,Viettel,-90,10637\n105.0512,21.75323,Viettel,-90,3000000\n"
    frame, log = read(tmp_path, text)
    assert frame["technology"].tolist() == ["", "3G", ""]
    assert rows_of(log, "sample_channel_ambiguous") == [2]
    assert rows_of(log, "sample_channel_unknown") == [4]
    assert rows_of(log, "sample_technology_missing") == [2, 4]


def test_no_level_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="rsrp"):
        read(tmp_path, "Kinh độ,Vĩ độ,Nhà mạng\n105,21.75,Viettel\n")


# -- levels ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("technology", "low", "high"), [("2G", -110, -48), ("3G", -120, -25), ("4G", -140, -44), ("5G", -156, -31)]
)
def test_a_level_is_trusted_within_its_technologys_range_only(tmp_path: Path, technology: str, low: int, high: int) -> None:
    frame, log = read(tmp_path, lines(*(f"Viettel,{technology},{v},1,1" for v in (low - 1, low, high, high + 1))))
    assert frame["level_dbm"].notna().tolist() == [False, True, True, False]
    assert rows_of(log, "sample_level_not_a_level") == [2, 5]
    assert len(frame) == 4


def test_positive_levels_are_flagged_and_not_guessed(tmp_path: Path) -> None:
    frame, log = read(tmp_path, lines("Viettel,4G,95,1,1", "Viettel,4G,31,1,1", "Viettel,4G,-95,1,1"))
    assert frame["level_dbm"].isna().tolist() == [True, True, False]
    assert rows_of(log, "sample_level_positive") == [2, 3]
    assert rows_of(log, "sample_level_not_a_level") == []  # said once


def test_asu_is_not_converted(tmp_path: Path) -> None:
    frame, log = read(tmp_path, "Kinh độ,Vĩ độ,Nhà mạng,Công nghệ,ASU\n105.0512,21.7512,Viettel,4G,40\n")
    assert frame["level_dbm"].isna().all()
    assert rows_of(log, "sample_level_asu") == [2]


def test_rssi_is_not_rsrp(tmp_path: Path) -> None:
    text = "Kinh độ,Vĩ độ,Nhà mạng,Công nghệ,RSSI\n105.0512,21.7512,Viettel,4G,-70\n105.0513,21.7512,Viettel,2G,-70\n"
    frame, log = read(tmp_path, text)
    assert frame["level_dbm"].isna().tolist() == [True, False]
    assert rows_of(log, "sample_level_rssi") == [2]


def test_an_rsrp_column_that_equals_rssi_is_rssi(tmp_path: Path) -> None:
    rows = "".join(f"2026-09-01 08:00:{i:02d},105.05{i:02d},21.7512,Viettel,4G,{-70 - i % 3},{-70 - i % 3}\n" for i in range(25))
    frame, log = read(tmp_path, "Time,Lon,Lat,Nhà mạng,Công nghệ,RSRP,RSSI\n" + rows)
    assert frame["level_dbm"].isna().all()
    assert len(rows_of(log, "sample_level_equals_rssi")) == 25


def test_no_service_is_kept_and_silence_is_not_no_service(tmp_path: Path) -> None:
    frame, log = read(
        tmp_path, lines("Viettel,Mất sóng,,1,1", "Viettel,4G,No service,1,1", "Viettel,4G,,1,1", "Viettel,No service,-90,1,1", "Viettel,4G,abc,1,1")
    )
    assert frame["no_service"].tolist() == [True, True, False, True, False]
    assert frame["level_dbm"].isna().all()
    assert rows_of(log, "sample_level_missing") == [4, 6]
    assert rows_of(log, "sample_no_service_with_level") == [5]
    assert rows_of(log, "sample_level_unreadable") == [6]
    assert len(frame) == 5


def test_no_service_without_operator_in_a_log_of_two_stays_unknown(tmp_path: Path) -> None:
    frame, log = read(tmp_path, lines("Viettel,4G,-90,1,1", "VinaPhone,4G,-90,1,1", ",Mất sóng,,,"))
    assert frame["operator"].tolist() == ["Viettel", "VinaPhone", ""]
    assert rows_of(log, "sample_operator_missing") == [4]


def test_decimal_commas_and_quality(tmp_path: Path) -> None:
    text = (
        "Kinh độ;Vĩ độ;Nhà mạng;Công nghệ;RSRP;RSRQ\n105,0512;21,7512;Viettel;4G;-95,5;-10,5\n"
        "105,0513;21,7512;Viettel;4G;-96,5;-99\n105,0514;21,7512;Viettel;2G;-96,5;3\n"
    )
    frame, log = read(tmp_path, text)
    assert frame["level_dbm"].tolist() == [-95.5, -96.5, -96.5]
    assert frame["quality_db"].iloc[0] == -10.5
    assert frame["quality_db"].iloc[1:].isna().all()
    assert rows_of(log, "sample_quality_implausible") == [3]


_CELL = st.one_of(
    st.integers(-260, 260).map(str),
    st.floats(-200, 50, allow_nan=False).map(lambda v: f"{v:.1f}"),
    st.sampled_from(["", "-", "--", "No service", "Mất sóng", "abc", "nan", "-95 dBm", "−95"]),
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["2G", "LTE", "UMTS", "NR", "", "--", "No service", "xyz"]), _CELL), min_size=1, max_size=6))
def test_whatever_stands_there_a_level_is_within_its_range(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    frame, log = read(tmp_path, lines(*(f"Viettel,{t},{v},1,1" for t, v in rows)))
    assert len(frame) == len(rows)
    ranges = band_catalogue().levels
    for technology, part in frame.groupby("technology"):
        known = part["level_dbm"].dropna().to_numpy()
        if technology:
            assert ranges[str(technology)].holds(known).all()
        assert (known < 0).all()
    assert frame.loc[frame["no_service"], "level_dbm"].isna().all()
    said = set()
    for finding in log:
        if finding.kind.code.startswith("sample_level") or finding.kind.code == "sample_no_service":
            said.update(finding.rows.tolist())
    assert set(frame.loc[frame["level_dbm"].isna(), "row"]) <= said  # no level is lost without a word


# -- networks -------------------------------------------------------------------------------------


def test_networks_virtual_foreign_unknown(tmp_path: Path) -> None:
    frame, log = read(
        tmp_path,
        lines("iTel,4G,-90,1,1", "45609,4G,-90,1,1", "457-99,4G,-90,1,1", "452-44,4G,-90,1,1", ",4G,-90,1,1", "Sóng Xanh,4G,-90,1,1"),
    )
    assert frame["operator"].tolist() == ["VinaPhone", "Metfone", "457-99", "452-44", "", "Sóng Xanh"]
    assert frame["foreign"].tolist() == [False, True, True, False, False, False]
    assert rows_of(log, "sample_virtual_operator") == [2]
    assert rows_of(log, "sample_foreign_network") == [3, 4]
    assert rows_of(log, "sample_operator_unassigned") == [5]
    assert rows_of(log, "sample_operator_missing") == [6]


def test_code_decides_over_name(tmp_path: Path) -> None:
    text = "Kinh độ,Vĩ độ,Operatorname,Operator,NetworkTech,Level\n105.0512,21.7512,Viettel,45202,4G,-90\n105.0513,21.7512,iTel,45202,4G,-90\n"
    frame, log = read(tmp_path, text)
    assert frame["operator"].tolist() == ["VinaPhone", "VinaPhone"]
    assert rows_of(log, "sample_operator_contradicts") == [2]


def test_operator_and_technology_from_the_project_file(tmp_path: Path) -> None:
    text = "Kinh độ,Vĩ độ,Level\n105.0512,21.7512,-90\n"
    frame, _ = read(tmp_path, text, operator="VTL", extra={"technology": "LTE", "locked_technology": "4G"})
    assert frame[["operator", "technology", "locked_technology"]].iloc[0].tolist() == ["Viettel", "4G", "4G"]
    with pytest.raises(InputError, match="6G"):
        read(tmp_path, text, extra={"technology": "6G"})


def test_locked_or_automatic(tmp_path: Path) -> None:
    head = "Kinh độ,Vĩ độ,Nhà mạng,Công nghệ,Khóa mạng,Level\n"
    cells = ["4G,Tự động", "4G,LTE", "3G,4G", "4G,", "4G,2G/3G/4G", "4G,hmm"]
    text = head + "".join(f"105.05{i}2,21.7512,Viettel,{c},-90\n" for i, c in enumerate(cells))
    frame, log = read(tmp_path, text)
    assert frame["locked_technology"].tolist() == ["", "4G", "4G", "", "", ""]
    assert rows_of(log, "sample_lock_contradicts") == [4]
    assert rows_of(log, "sample_lock_unknown") == [7]


# -- times, repeated rows, tracks -------------------------------------------------------------------


def test_times_future_old_and_never_set(tmp_path: Path) -> None:
    stamps = ["2026-11-23 00:00:00", "2027-01-01 00:00:00", "2020-01-01 00:00:00", "1970-01-01 00:00:05", "sớm", "2026-11-20T10:00:00Z"]
    text = HEAD + "".join(f"{s},105.05{i}1,21.7512,Viettel,4G,-90,1,1\n" for i, s in enumerate(stamps))
    frame, log = read(tmp_path, text)
    assert frame["time"].isna().tolist() == [False, True, False, True, True, False]
    assert frame["time"].iloc[5] == pd.Timestamp("2026-11-20 17:00:00")
    assert rows_of(log, "sample_time_future") == [3]
    assert rows_of(log, "sample_old") == [4]
    assert rows_of(log, "sample_time_unset") == [5]
    assert rows_of(log, "date_unreadable") == [6]
    assert len(frame) == 6


def test_day_and_clock_in_two_columns(tmp_path: Path) -> None:
    text = "Ngày,Giờ,Kinh độ,Vĩ độ,Nhà mạng,Công nghệ,Level\n05/09/2026,08:30:00,105.0512,21.7512,Viettel,4G,-90\n"
    frame, _ = read(tmp_path, text)
    assert frame["time"].iloc[0] == pd.Timestamp("2026-09-05 08:30:00")


def test_exact_repeats_are_dropped_with_a_line_each(tmp_path: Path) -> None:
    row = "2026-09-01 08:00:00,105.0512,21.7512,Viettel,4G,-90,1,1\n"
    other = "2026-09-01 08:00:00,105.0512,21.7512,Viettel,4G,-91,1,1\n"
    untimed = ",105.0512,21.7512,Viettel,4G,-90,1,1\n"
    frame, log = read(tmp_path, HEAD + row + other + row + row + untimed + untimed)
    assert frame["row"].tolist() == [2, 3, 6, 7]  # without a time nothing can be told to be the same
    assert rows_of(log, "sample_duplicate") == [4, 5]
    assert [(c.rows_in, c.rows_used, c.rows_dropped) for c in log.counts] == [(6, 4, 2)]


def test_positions_zero_missing_and_outside_are_dropped_with_a_line(tmp_path: Path) -> None:
    body = (
        "2026-09-01 08:00:00,105.0512,21.7512,Viettel,4G,-90,1,1\n2026-09-01 08:00:01,0,0,Viettel,4G,-90,1,1\n"
        "2026-09-01 08:00:02,,21.7512,Viettel,4G,-90,1,1\n2026-09-01 08:00:03,139.7,35.68,Viettel,4G,-90,1,1\n"
    )
    frame, log = read(tmp_path, HEAD + body)
    assert frame["row"].tolist() == [2]
    assert rows_of(log, "position_zero") == [3]
    assert rows_of(log, "position_missing") == [4]
    assert rows_of(log, "position_outside") == [5]
    assert [(c.rows_in, c.rows_used, c.rows_dropped) for c in log.counts] == [(4, 1, 3)]


def test_jumps_and_clocks(tmp_path: Path) -> None:
    route = "Thời gian,Kinh độ,Vĩ độ,Nhà mạng,Công nghệ,Level,Tuyến đo\n"
    body = "".join(f"2026-09-01 08:00:{i:02d},{105.05 + i * 1e-4:.4f}1,21.7512,Viettel,4G,-90,A\n" for i in range(30))
    stray = "2026-09-01 08:00:30,105.45,21.7512,Viettel,4G,-90,A\n2026-09-01 08:00:31,105.0531,21.7512,Viettel,4G,-90,A\n"
    back = "2026-09-01 07:00:00,105.0531,21.7512,Viettel,4G,-90,A\n"
    frame, log = read(tmp_path, route + body + stray + back)
    assert len(frame) == 33
    assert rows_of(log, "sample_position_jump") == [32]
    assert rows_of(log, "sample_clock_back") == [34]


# -- devices --------------------------------------------------------------------------------------


def test_identities_are_dropped_and_never_shown(tmp_path: Path) -> None:
    head = "IMEI,IMSI,Số điện thoại,Thời gian,Kinh độ,Vĩ độ,Nhà mạng,Công nghệ,Mức thu (dBm)\n"
    imei = ["356938035643809", "490154203237518"]
    body = "".join(
        f"{imei[i % 2]},45204000000000{i % 2},09812345{i % 2}0,2026-09-01 08:00:{i:02d},105.05{i}2,21.7512,Viettel,4G,{-90 if i else 95}\n"
        for i in range(4)
    )
    wrong = f"{imei[0]},452040000000000,0981234500,2026-09-01\n"  # cut off: stated without its text
    devices = DeviceNumbers()
    frame, log = read(tmp_path, head + body + wrong, devices=devices)
    assert frame["device"].tolist() == [0, 1, 0, 1]
    shown = frame.to_csv() + "".join(
        f"{f.column} {list(f.came)} {f.fields} {f.title} {f.allowed} {f.action}" for f in log
    )
    for secret in (*imei, "45204000000000", "0981234", "098123"):
        assert secret not in shown
    assert rows_of(log, "row_wrong_cell_count") == [6]
    again, _ = read(tmp_path, head + body, devices=devices, name="second.csv")
    assert again["device"].tolist() == [0, 1, 0, 1]
    fresh, _ = read(tmp_path, head + "".join(reversed(body.splitlines(keepends=True))), name="third.csv")
    assert fresh["device"].tolist() == [0, 1, 0, 1]  # order of first appearance, nothing of the identity


# -- real logs --------------------------------------------------------------------------------------


def made_up(west: float, south: float, east: float, north: float) -> gpd.GeoDataFrame:
    return made_up_box(west, south, east, north, "Khu vực giả định / made-up area")


DAKAR = (-17.6, 14.6, -17.3, 14.8)


def test_dakar_orange(shared_dir: Path) -> None:
    path = shared_dir / "data" / "measurements" / "gnettrack_orange_log.txt"
    frame, log = read_file(path, units=made_up(*DAKAR), operators=("Orange", "Expresso"))
    dropped = len(rows_of(log, "sample_duplicate"))
    assert [(c.rows_in, c.rows_used, c.rows_dropped) for c in log.counts] == [(2625, len(frame), dropped)]
    assert len(frame) + dropped == 2625
    came = [c for f in log if f.kind.code == "sample_level_not_a_level" for c in f.came]
    # 1,433 rows of -24 (all of 3G, 32 of 4G), 121 of -164, one of -340; two of 4G at -200
    assert {v: came.count(v) for v in set(came)} == {"-24": 1433, "-164": 121, "-340": 1, "-200": 2}
    third = frame[frame["technology"] == "3G"]
    assert third["level_dbm"].isna().all()
    assert not frame["no_service"].any()  # no reading is not no service
    assert set(frame["operator"]) == {"Orange"}
    assert not frame["foreign"].any()
    assert set(frame["band"]) == {"U1", "U8", "B3", "B7", "B20"}
    assert rows_of(log, "sample_band_contradicts") == []
    assert frame.loc[frame["technology"] == "4G", "level_dbm"].dropna().between(-140, -44).all()


def test_dakar_expresso(shared_dir: Path) -> None:
    path = shared_dir / "data" / "measurements" / "gnettrack_expresso_log.txt"
    frame, log = read_file(path, units=made_up(*DAKAR), operators=("Orange", "Expresso"))
    dropped = rows_of(log, "sample_duplicate")
    assert [(c.rows_in, c.rows_used, c.rows_dropped) for c in log.counts] == [(2955, len(frame), len(dropped))]
    none = rows_of(log, "sample_no_service")
    assert len(none) == 253  # NO_COVERAGE: said, so kept; their -200 is no level
    assert frame["no_service"].sum() == 253 - len(set(none) & set(dropped))
    assert frame.loc[frame["no_service"], "level_dbm"].isna().all()
    assert set(frame["operator"]) == {"Expresso"}  # by name, and where there is none by the code's name
    assert rows_of(log, "sample_level_not_a_level") == []
    # the logger's own band labels (U1, U8, L3, L20) agree with our tables wherever a channel number is resolved
    assert rows_of(log, "sample_band_contradicts") == []
    assert len(rows_of(log, "sample_channel_unknown")) == 1  # one 4G row still carries its 3G channel


def test_ottawa_uploads(shared_dir: Path) -> None:
    path = shared_dir / "data" / "measurements" / "opencellid_upload_ottawa.csv"
    frame, log = read_file(path, units=made_up(-76.2, 45.2, -75.4, 45.6), operators=("302-720",), extra={"utc_offset_h": -5})
    assert [(c.rows_in, c.rows_used, c.rows_dropped) for c in log.counts] == [(2621, 2620, 1)]
    assert len(rows_of(log, "sample_duplicate")) == 1
    assert set(frame["operator"]) == {"302-720"}
    assert set(frame["technology"]) == {"4G"}
    assert frame["level_dbm"].notna().all()
    raw = pd.read_csv(path)
    assert frame["node"].nunique() == (raw["cellid"] // 256).nunique()
    assert frame["speed_kmh"].max() == pytest.approx(raw["speed"].max() * 3.6)


def test_puebla_drive(shared_dir: Path) -> None:
    path = shared_dir / "data" / "measurements" / "lte_drive_test_puebla.csv"
    frame, log = read_file(
        path, units=made_up(-98.1, 20.0, -97.9, 20.2), operators=("Telcel MX",), operator="Telcel MX", extra={"technology": "4G"}
    )
    assert [(c.rows_in, c.rows_used) for c in log.counts] == [(3389, 3389)]
    assert frame["level_dbm"].between(-140, -44).all()
    assert frame["time"].isna().all()
    assert set(frame["operator"]) == {"Telcel MX"}


def test_cork_traces(shared_dir: Path) -> None:
    path = shared_dir / "data" / "measurements" / "gnettrack_cork_5g.parquet"
    frame, log = read_file(path, units=made_up(-8.7, 51.7, -8.2, 52.1))
    dropped = len(rows_of(log, "sample_duplicate"))
    assert [(c.rows_in, c.rows_used, c.rows_dropped) for c in log.counts] == [(188_711, len(frame), dropped)]
    assert dropped > 3000
    assert frame["route"].nunique() == frame["device"].nunique() == 83
    raw = pd.read_parquet(path, columns=["RSRP", "NetworkMode"])
    assert len(rows_of(log, "sample_level_not_a_level")) == (raw["RSRP"] == -200).sum() == 73
    assert set(frame["technology"]) == {"2G", "3G", "4G", "5G"}
    assert raw["NetworkMode"].isin(["HSPA+", "UMTS", "HSUPA", "HSDPA", "GPRS", "EDGE"]).sum() == 17_096
    assert "sample_five_g_anchor" in log.codes()
    assert frame.loc[frame["foreign"], "mcc_mnc"].unique().tolist() == ["272-03"]
    assert frame.loc[frame["technology"] == "4G", "node"].iloc[0] == "486508"  # 0x76C6C, the trace's own NODEHEX
