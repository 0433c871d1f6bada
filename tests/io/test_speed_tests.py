"""Speed tests: forms, units, times, places, faults row by row by hand; then the real files, every row accounted for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.areas import AreaIndex
from geo.errors import InputError
from geo.io.boundaries import read_boundaries
from geo.io.catalogues import band_catalogue, operator_catalogue
from geo.io.positions import PositionContext
from geo.io.raw import TableOptions
from geo.io.resources import former_areas, issue_catalogue, load_toml
from geo.io.speed_tests import SeenTests, read_speed_tests
from geo.io.speed_units import SPEED_UNITS, header_unit
from geo.periods import parse_periods
from geo.quadkeys import quadkey_bounds, quadkey_tiles
from geo.samples import DeviceNumbers
from geo.service_frames import SPEED_SAMPLES
from geo.validation import IssueLog
from tests.made_up_area import area, made_up_box, units

AS_OF = pd.Timestamp("2026-11-22")


def read_file(
    path: Path, *, index: AreaIndex | None = None, seen: SeenTests | None = None, devices: DeviceNumbers | None = None, **options: Any
) -> tuple[pd.DataFrame, IssueLog]:
    log = IssueLog(issue_catalogue())
    frame = read_speed_tests(
        path, file=path.name, options=TableOptions(**options), context=PositionContext(index or area()),
        catalogue=operator_catalogue(), bands=band_catalogue(), log=log, as_of=AS_OF, seen=seen, devices=devices,
    )  # fmt: skip
    SPEED_SAMPLES.require(frame)
    return frame, log


def read(tmp_path: Path, text: str, *, name: str = "tests.csv", **arguments: Any) -> tuple[pd.DataFrame, IssueLog]:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_file(path, **arguments)


def rows_of(log: IssueLog, code: str) -> list[int]:
    return [int(r) for f in log if f.kind.code == code for r in f.rows]


def fields_of(log: IssueLog, code: str) -> dict[str, str]:
    (found,) = [f for f in log if f.kind.code == code]
    return dict(found.fields)


HEAD = "Thời gian,Nhà mạng,Công nghệ,Kinh độ,Vĩ độ,Tải xuống (Mbit/s),Tải lên (Mbit/s),Ping (ms)\n"


def lines(*cells: str, head: str = HEAD) -> str:
    """Rows at growing times and places; each argument is download, upload, ping."""
    return head + "".join(f"2026-09-01 08:{i:02d}:00,Viettel,4G,105.05{i:02d}1,21.75{i:02d}1,{c}\n" for i, c in enumerate(cells))


# -- single tests ---------------------------------------------------------------------------------


def test_a_plain_vietnamese_table(tmp_path: Path) -> None:
    frame, log = read(tmp_path, lines("45.2,12.5,30", "38,9,41"))
    assert list(frame.columns) == list(SPEED_SAMPLES.columns)
    first = frame.iloc[0]
    assert (first["operator"], first["technology"], first["access"]) == ("Viettel", "4G", "mobile")
    assert first["time"] == pd.Timestamp("2026-09-01 01:00", tz="UTC")  # 08:00 in Vietnam
    assert first["period_start"] == first["period_end"] == pd.Timestamp("2026-09-01")
    assert (first["download_mbps"], first["upload_mbps"], first["latency_ms"]) == (45.2, 12.5, 30)
    assert (first["commune_code"], first["tests"], first["devices"], first["statistic"]) == ("99000", 1, 1, "")
    assert not first["is_aggregate"]
    assert frame["source_kind"].tolist() == ["crowd_test"] * 2
    assert np.isnan(first["package_download_mbps"])
    assert frame["row"].tolist() == [2, 3]
    assert fields_of(log, "speed_time_zone_taken") == {"hours": "+7"}
    assert fields_of(log, "speed_source_taken") == {"kind": "crowd_test"}


@pytest.mark.parametrize(
    ("header", "cell", "found", "code"),
    [
        ("Ping (s)", "0.03", 30, "speed_latency_converted"), ("Độ trễ (giây)", "0.03", 30, "speed_latency_converted"), ("Độ trễ (mili giây)", "30", 30, ""), ("RTT (µs)", "30000", 30, "speed_latency_converted"),
        ("Ping", "30", 30, ""), ("Ping", "0.03", np.nan, "speed_latency_unit_unknown"), ("Ping (ms)", "0.03", 0.03, "speed_latency_doubtful"), ("Ping (s)", "300", np.nan, "speed_latency_implausible"),
    ],
)  # fmt: skip
def test_the_unit_of_latency(tmp_path: Path, header: str, cell: str, found: float, code: str) -> None:
    frame, log = read(tmp_path, lines(f"45.2,12.5,{cell}", head=HEAD.replace("Ping (ms)", header)))
    assert frame["latency_ms"].iloc[0] == pytest.approx(found, nan_ok=True)
    assert frame["download_mbps"].iloc[0] == 45.2
    codes = {f.kind.code for f in log if f.kind.code.startswith("speed_latency")}
    assert (code in codes) if code else not codes


def test_an_english_table_of_fixed_lines_with_packages(tmp_path: Path) -> None:
    frame, _ = read(
        tmp_path,
        "Start time,ISP,Access type,Commune code,Download speed (Mbps),Upload speed (Mbps),Plan download (Mbps),Plan upload (Mbps),IPv6,Campaign,Source\n"
        "2026-09-01T08:00:00+07:00,VNPT,Fixed (FTTH),99001,160,90,200,100,yes,Q3,official measurement\n"
        "2026-09-01T01:00:00Z,VNPT,Cáp quang,99002,80,70,100,,IPv4,,\n",
    )
    assert frame["access"].tolist() == ["fixed", "fixed"]
    assert frame["technology"].tolist() == ["", ""]
    assert frame["time"].nunique() == 1
    assert frame["commune_code"].tolist() == ["99001", "99002"]
    assert frame["lon"].isna().all()
    assert frame["package_download_mbps"].tolist() == [200, 100]
    assert frame["package_upload_mbps"].tolist()[0] == 100
    assert np.isnan(frame["package_upload_mbps"].tolist()[1])
    assert frame["ipv6"].tolist() == [True, False]
    assert frame["campaign"].tolist() == ["Q3", ""]
    assert frame["source_kind"].tolist() == ["official_measurement", "crowd_test"]


def test_devices_become_numbers_and_are_never_shown(tmp_path: Path) -> None:
    head = HEAD.replace("Ping (ms)", "Ping (ms),IMEI")
    frame, log = read(tmp_path, lines("45,12,30,490154203237518", "38,9,41,490154203237518", "3,1,60,", head=head))
    assert frame["device_id"].tolist() == ["0", "0", ""]
    said = " ".join(str(t) for f in log for t in (*f.came, *f.fields.values()))
    assert "4901542032" not in said + frame.to_csv()


def test_decimal_commas_and_units_in_cells(tmp_path: Path) -> None:
    text = lines('"45,2",9 Mbps,30', '38000 kbps,"9,5",41', '"1,2 Gbps",2,41', "20,5 MB/s,41").replace("4G", "5G")
    frame, log = read(tmp_path, text)
    assert frame["download_mbps"].tolist() == pytest.approx([45.2, 38, 1200, 20])
    assert frame["upload_mbps"].tolist()[:3] == [9, 9.5, 2]
    assert np.isnan(frame["upload_mbps"].iloc[3])  # megabytes are not guessed at
    assert sorted(rows_of(log, "speed_unit_in_cell")) == [2, 3, 4]
    assert rows_of(log, "number_unreadable") == [5]


# -- units ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("Tải xuống (Mbit/s)", "Mbit/s"), ("avg_d_kbps", "kbit/s"), ("Tốc độ tải xuống (Mb/giây)", "Mbit/s"), ("DL", ""),
        ("download_mbps", "Mbit/s"), ("DOWNLOAD MBPS", "Mbit/s"), ("Download MB/s", "MB/s"), ("Download MBps", "MB/s"),
        ("Kbits/s", "kbit/s"), ("bps", "bit/s"), ("Download (Gbps)", "Gbit/s"), ("Số bit", ""), ("TESTDOWNLINK", ""),
    ],
)  # fmt: skip
def test_units_that_headers_name(header: str, unit: str) -> None:
    assert header_unit(header) == unit


NO_UNIT = HEAD.replace(" (Mbit/s)", "")


@pytest.mark.parametrize(("factor", "unit"), [(1, "Mbit/s"), (1000, "kbit/s"), (1_000_000, "bit/s")])
def test_without_a_unit_the_values_tell_it_and_it_is_said(tmp_path: Path, factor: int, unit: str) -> None:
    frame, log = read(tmp_path, lines(*(f"{v * factor},{v * factor // 4},30" for v in (20, 40, 60, 80, 100)), head=NO_UNIT))
    assert frame["download_mbps"].tolist() == [20, 40, 60, 80, 100]
    assert fields_of(log, "speed_unit_taken") == {"unit": unit, "median": "60", "n": "5"}


@pytest.mark.parametrize("values", [(800, 900, 1000, 700, 600), (40, 60)])
def test_without_a_unit_and_told_by_nothing_the_table_is_refused(tmp_path: Path, values: tuple[int, ...]) -> None:
    frame, log = read(tmp_path, lines(*(f"{v},{v},30" for v in values), head=NO_UNIT))
    assert frame.empty
    assert "speed_unit_unknown" in log.codes()
    assert log.has_errors
    told, _ = read(tmp_path, lines(*(f"{v},{v},30" for v in values), head=NO_UNIT), extra={"unit": "kbit/s"})
    assert told["download_mbps"].tolist() == [v / 1000 for v in values]


def test_kbits_given_as_mbits_are_refused_with_rows(tmp_path: Path) -> None:
    text = lines("45000,9000,30", "38000,9000,30", "52000,8000,30", "900,100,30")
    frame, log = read(tmp_path, text)
    assert frame.empty
    assert rows_of(log, "speed_unit_contradicted") == [2, 3, 4]
    assert fields_of(log, "speed_unit_contradicted")["fits"] == "kbit/s"
    told, said = read(tmp_path, text, extra={"unit": "kbit/s"})
    assert told["download_mbps"].tolist() == [45, 38, 52, 0.9]
    assert "speed_unit_replaced" in said.codes()


def test_a_median_beyond_belief_contradicts_a_unit_that_no_single_value_does(tmp_path: Path) -> None:
    text = "Ngày,Loại mạng,Mã xã,Tải xuống (Mbit/s)\n" + "".join(f"0{i}/09/2026,cố định,99001,{v}\n" for i, v in enumerate((6000, 8000, 5500, 7000, 9000), 1))
    frame, log = read(tmp_path, text)
    assert frame.empty
    assert "speed_unit_contradicted" in log.codes()


def test_one_impossible_value_is_unknown_and_not_clipped(tmp_path: Path) -> None:
    frame, log = read(tmp_path, lines("45,12,30", "38000,9,41", "20,5,50"))
    assert np.isnan(frame["download_mbps"].iloc[1])
    assert frame["upload_mbps"].tolist() == [12, 9, 5]
    assert rows_of(log, "speed_implausible") == [3]
    assert fields_of(log, "speed_implausible") == {"limit": "1600"}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    speeds=st.lists(st.floats(1.2, 1500), min_size=5, max_size=40), unit=st.sampled_from(sorted(SPEED_UNITS)),
    comma=st.booleans(),
)  # fmt: skip
def test_the_unit_of_the_header_never_changes_the_speed(tmp_path_factory, speeds: list[float], unit: str, comma: bool) -> None:
    cells = [f"{v * SPEED_UNITS[unit]:.9f}" for v in speeds]
    cells = [f'"{c.replace(".", ",")}"' if comma else c for c in cells]
    text = f"Mã xã,Công nghệ,Download ({unit})\n" + "".join(f"99001,5G,{c}\n" for c in cells)
    frame, _ = read(tmp_path_factory.mktemp("units"), text)
    assert frame["download_mbps"].to_numpy() == pytest.approx(np.array(speeds), rel=1e-6)


# -- faults, row by row ---------------------------------------------------------------------------


def test_faults_are_refused_with_row_and_reason(tmp_path: Path) -> None:
    head = "Thời gian,Nhà mạng,Công nghệ,Mã xã,Tải xuống (Mbit/s),Tải lên (Mbit/s),Thời lượng (s)\n"
    rows = [
        "2026-09-01 08:00,Viettel,4G,99001,45,12,10",
        "2026-09-01 08:01,Viettel,4G,99001,-1,12,10",  # 3: negative
        "2026-09-01 08:02,Viettel,4G,99001,45,12,0",  # 4: no time
        "30/02/2026 08:00,Viettel,4G,99001,45,12,10",  # 5: no such day
        "2027-09-01 08:00,Viettel,4G,99001,45,12,10",  # 6: future
        "1970-01-01 08:00,Viettel,4G,99001,45,12,10",  # 7: clock never set
        "2026-09-01 08:00,Viettel,4G,99001,45,12,10",  # 8: row 2 again
        "2026-09-01 08:03,Viettel,4G,99001,0,0,10",  # 9: failed, and nothing else said
        "2026-09-01 08:04,Viettel,4G,88888,45,12,10",  # 10: no such commune
        "2026-09-01 08:05,Viettel,,99001,45,12,10",  # 11: mobile or fixed?
        "2026-09-01 08:06,Viettel,4G,99001,0,12,10",  # 12: download failed
        "2026-09-01 08:07,Viettel,4G,99001,abc,12,10",  # 13: unreadable
    ]
    frame, log = read(tmp_path, head + "\n".join(rows) + "\n")
    assert frame["row"].tolist() == [2, 12, 13]
    assert frame["download_mbps"].isna().tolist() == [False, True, True]
    said = {c: rows_of(log, c) for c in sorted(log.codes()) if rows_of(log, c)}
    assert said == {
        "number_unreadable": [13], "speed_access_missing": [11], "speed_duplicate": [8], "speed_failed": [9, 12],
        "speed_negative": [3], "speed_nothing_measured": [9], "speed_place_unknown": [10],
        "speed_time_impossible": [5, 6, 7], "speed_zero_seconds": [4],
    }  # fmt: skip
    (count,) = log.counts
    assert (count.rows_in, count.rows_used, count.rows_dropped) == (12, 3, 9)


def test_begin_and_end_tell_a_test_of_no_time(tmp_path: Path) -> None:
    text = (
        "Thời gian bắt đầu,Thời gian kết thúc,Công nghệ,Mã xã,Download (Mbps)\n"
        "2026-09-01 08:00:00,2026-09-01 08:00:10,4G,99001,45\n"
        "2026-09-01 08:01:00,2026-09-01 08:01:00,4G,99001,45\n"
        "2026-09-01 08:02:00,,4G,99001,45\n"
    )
    frame, log = read(tmp_path, text)
    assert frame["row"].tolist() == [2, 4]
    assert rows_of(log, "speed_zero_seconds") == [3]


def test_failed_tests_count_as_zero_only_where_the_project_says_so(tmp_path: Path) -> None:
    text = lines("0,12,30", "45,9,41")
    assert np.isnan(read(tmp_path, text)[0]["download_mbps"].iloc[0])
    frame, log = read(tmp_path, text, extra={"failed": "zero"})
    assert frame["download_mbps"].tolist() == [0, 45]
    assert rows_of(log, "speed_failed_as_zero") == [2]
    with pytest.raises(InputError, match="failed"):
        read(tmp_path, text, extra={"failed": "nought"})


def test_an_upload_given_twice_counts_once(tmp_path: Path) -> None:
    seen = SeenTests()
    first, _ = read(tmp_path, lines("45,12,30", "38,9,41"), name="a.csv", seen=seen)
    again, log = read(tmp_path, lines("45,12,30", "38,9,41", "50,9,41"), name="b.csv", seen=seen)
    assert len(first) == 2
    assert again["row"].tolist() == [4]
    assert rows_of(log, "speed_in_another_file") == [2, 3]


def test_tests_without_a_time_are_never_taken_for_each_other(tmp_path: Path) -> None:
    seen = SeenTests()
    text = "Mã xã,Công nghệ,Download (Mbps)\n" + "99001,4G,45\n" * 3
    for name in ("a.csv", "b.csv"):
        frame, log = read(tmp_path, text, name=name, seen=seen)
        assert len(frame) == 3
        assert "speed_time_missing" in log.codes()


def by_day(times: list[object]) -> pd.DataFrame:
    return pd.DataFrame({"Thời gian": times, "Nhà mạng": "Viettel", "Công nghệ": "4G", "Mã xã": "99001", "Tải xuống (Mbit/s)": [40.0 + i for i in range(len(times))]})


@pytest.mark.parametrize(
    ("times", "turned"),
    [
        (["9/1/2026 8:05", "9/12/2026 8:05", "9/28/2026 8:05"], [2, 3, 4]),  # the American way
        # Typed with the day first into a spreadsheet program set to American: 1 and 12 September became 9 January and 9 December.
        ([pd.Timestamp("2026-01-09 08:05"), pd.Timestamp("2026-12-09 08:05"), "28/09/2026 08:05"], [2, 3]),
        # An American list opened with a Vietnamese one.
        ([pd.Timestamp("2026-01-09 08:05"), "9/12/2026 08:05", "9/28/2026 08:05"], [2, 3, 4]),
    ],
)
def test_days_and_months_that_changed_places_are_turned_back_where_the_column_shows_it(tmp_path: Path, times: list[object], turned: list[int]) -> None:
    by_day(times).to_excel(tmp_path / "a.xlsx", index=False)
    frame, log = read_file(tmp_path / "a.xlsx")
    assert frame["period_start"].dt.strftime("%m-%d").tolist() == ["09-01", "09-12", "09-28"]
    (found,) = [f for f in log if f.kind.code == "date_month_first"]
    assert dict(found.fields) == {"count": str(len(turned))}
    assert ([int(r) for r in found.rows] or [2, 3, 4]) == turned


@pytest.mark.parametrize(
    "times",
    [
        ["9/1/2026 8:05", "10/2/2026 8:05"],  # nothing shows it: day first, as in Vietnam
        ["9/28/2026 8:05", "28/9/2026 8:05", "1/9/2026 8:05"],  # both ways: the one that cannot be is refused
        [pd.Timestamp("2026-09-01 08:05"), pd.Timestamp("2026-09-02 08:05"), "28/09/2026 08:05"],  # turned, they would lie in more months
    ],
)
def test_dates_stay_day_first_where_the_column_does_not_show_otherwise(tmp_path: Path, times: list[object]) -> None:
    by_day(times).to_excel(tmp_path / "a.xlsx", index=False)
    frame, log = read_file(tmp_path / "a.xlsx")
    assert "date_month_first" not in log.codes()
    assert rows_of(log, "speed_time_impossible") == ([2] if "9/28/2026 8:05" in times else [])
    assert len(frame) == len(times) - len(rows_of(log, "speed_time_impossible"))


@pytest.mark.parametrize(
    ("header", "cell", "down", "up", "said"),
    [
        ("Gói cước", "300/150", 300, 150, {"package_two_speeds", "package_unit_taken"}), ("Tốc độ gói cước (Mbps)", "300/300", 300, 300, {"package_two_speeds"}),
        ("Gói cước (tải lên/tải xuống)", "150/300M", 300, 150, {"package_two_speeds"}), ("Gói cước", "1G/500M", 1000, 500, {"package_two_speeds"}),
        ("Gói cước", "300M", 300, np.nan, set()), ("Gói cước", "300Mbps", 300, np.nan, set()), ("Gói cước", "1 Gbps", 1000, np.nan, set()), ("Tốc độ gói", "1G", 1000, np.nan, set()),
        ("Tốc độ gói", "300", 300, np.nan, {"package_unit_taken"}), ("Gói cước", "Fiber 300", np.nan, np.nan, {"package_not_speed"}),
        ("Gói cước", "300MB", np.nan, np.nan, {"number_unreadable"}),
        ("Gói cước", "1G/500", 1000, 500, {"package_two_speeds"}), ("Gói cước", "500/1G", 500, 1000, {"package_two_speeds"}), ("Gói cước", "1/1 Gbps", 1000, 1000, {"package_two_speeds"}),
        ("Gói cước", "1G/5", 1000, np.nan, {"package_two_speeds", "package_second_unit"}), ("Gói cước (Mbps)", "1G/5", 1000, 5, {"package_two_speeds"}),
        ("Gói cước", "500/500 Mbps", 500, 500, {"package_two_speeds"}), ("Gói cước", "299K", np.nan, np.nan, {"package_price"}),
        ("Gói cước (kbps)", "512K", 0.512, np.nan, set()), ("Gói cước", "512 kbps", 0.512, np.nan, set()), ("Gói cước", "Home 1 (150Mbps)", 150, np.nan, {"package_speed_in_name"}),
        ("Gói cước", "MESH 2+ 300/150 Mbps", 300, 150, {"package_two_speeds", "package_speed_in_name"}), ("Gói cước", "150Mbps (Home 1)", 150, np.nan, {"package_speed_in_name"}),
        ("Gói cước", "V120: 30GB sau đó 5 Mbps", np.nan, np.nan, {"package_not_speed"}), ("Gói cước", "Gói 150 Mbps hoặc 300 Mbps", np.nan, np.nan, {"package_not_speed"}),
        ("Gói cước", "Gói từ 150 Mbps", np.nan, np.nan, {"package_not_speed"}), ("Gói cước", "~300 Mbps", 300, np.nan, {"number_estimated"}),
    ],
)  # fmt: skip
def test_packages_as_contracts_write_them(tmp_path: Path, header: str, cell: str, down: float, up: float, said: set[str]) -> None:
    frame, log = read(tmp_path, HEAD.strip() + f",Loại mạng,{header},Mã thuê bao\n" + f"2026-09-01 08:00:00,VNPT,,105.05,21.75,90,80,5,Cố định,{cell},HNI-0001\n")
    np.testing.assert_array_equal(frame[["package_download_mbps", "package_upload_mbps"]].to_numpy(dtype=float), [[down, up]])
    assert {c for c in log.codes() if c.startswith(("package", "number"))} == said
    assert frame["download_mbps"].tolist() == [90]
    assert frame["device_id"].tolist() != [""]  # the subscriber tells one household's tests from another's
    assert "HNI" not in frame["device_id"].astype(str).iloc[0]


def test_a_test_on_a_network_of_a_year_to_come_is_on_no_technology(tmp_path: Path) -> None:
    text = lines("30,5,30", "31,5,30", "32,5,30").replace("4G", "5G (2027)", 1).replace("4G", "5G (kế hoạch)", 1)
    frame, log = read(tmp_path, text)
    assert frame["technology"].tolist() == ["", "", "4G"]
    assert frame["access"].tolist() == ["mobile"] * 3
    assert rows_of(log, "sample_technology_unknown") == [2, 3]


def test_an_upload_of_its_own_column_stays_beside_two_speeds(tmp_path: Path) -> None:
    head = HEAD.strip() + ",Loại mạng,Gói cước (Mbps),Tốc độ gói cước tải lên (Mbps)\n"
    row = "2026-09-01 08:0{}:00,VNPT,,105.05,21.75,90,80,5,Cố định,{}\n"
    frame, log = read(tmp_path, head + row.format(0, "300/300,300") + row.format(1, "300/300,150") + row.format(2, "300/200,"))
    assert frame["package_upload_mbps"].tolist() == [300, 150, 200]
    assert rows_of(log, "package_upload_differs") == [3]


def test_points_in_kilobits_are_thousands_marks_unless_a_cell_shows_a_decimal_point(tmp_path: Path) -> None:
    head = HEAD.replace("(Mbit/s)", "(kbit/s)")
    assert read(tmp_path, lines("45.500,5.000,30", "60.250,12.125,31", head=head))[0]["download_mbps"].tolist() == [45.5, 60.25]  # not 0.0455
    assert read(tmp_path, lines("45500.5,5000.25,30", "60.250,12.125,31", head=head))[0]["download_mbps"].tolist() == [45.5005, 0.06025]
    bare = HEAD.replace(" (Mbit/s)", "")
    found, log = read(tmp_path, lines("45.500 kbps,5.000 kbps,30", "60.250 kbit/s ,12.125 kbps,31", head=bare))
    assert found["download_mbps"].tolist() == [45.5, 60.25]
    assert "number_unreadable" not in log.codes()  # a blank behind the unit is no part of it


def days(*speeds: int, day: int = 1) -> str:
    return "".join(f"{day:02d}/09/2026,Viettel,4G,99001,{s}\n" for s in speeds)


def test_tests_of_one_day_with_the_same_whole_numbers_all_count_and_an_upload_given_again_counts_once(tmp_path: Path) -> None:
    head = "Ngày,Nhà mạng,Công nghệ,Mã xã,Tải xuống (Mbit/s)\n"
    seen = SeenTests()
    first = head + days(40, 40, 40, 25, 60, 60) + days(40, 41, day=2)
    frame, log = read(tmp_path, first, name="a.csv", seen=seen)
    assert frame["download_mbps"].tolist() == [40, 40, 40, 25, 60, 60, 40, 41]  # not 40, 25, 60, 40, 41
    assert rows_of(log, "speed_alike") == [2, 3, 4, 6, 7]
    assert "speed_duplicate" not in log.codes()
    # The whole first day again among others, in another order; the second day has one test more than before, and two are too few to tell.
    later = head + days(60, 40, 25, 40, 60, 40) + days(40, 41, 40, day=2) + days(40, 40, day=3)
    again, log = read(tmp_path, later, name="b.csv", seen=seen)
    assert rows_of(log, "speed_in_another_file") == [2, 3, 4, 5, 6, 7]
    assert len(again) == 5
    # All of a file stands in an earlier one: given again, however few of each day.
    assert read(tmp_path, head + days(40, 25, 60) + days(40, 41, day=2), name="c.csv", seen=seen)[0].empty
    # One more of one figure than there was is no copy.
    assert len(read(tmp_path, head + days(40, 40, 40, 40, 25, 60, 60), name="d.csv", seen=seen)[0]) == 7


def test_access_that_nothing_tells_is_refused_and_an_option_settles_it(tmp_path: Path) -> None:
    text = "Ngày đo,Mã xã,Download (Mbps)\n01/09/2026,99001,45\n02/09/2026,99001,30\n"
    frame, log = read(tmp_path, text)
    assert frame.empty
    assert "speed_access_unknown" in log.codes()
    assert read(tmp_path, text, extra={"access": "mobile"})[0]["access"].tolist() == ["mobile"] * 2
    with pytest.raises(InputError, match="access"):
        read(tmp_path, text, extra={"access": "satellite"})


def test_a_place_beyond_the_boundary_takes_the_commune_that_the_row_names(tmp_path: Path) -> None:
    text = (
        "Thời gian,Công nghệ,Mã xã,Kinh độ,Vĩ độ,Download (Mbps)\n"
        "2026-09-01 08:00,4G,99000,104.9990,21.75,45\n"
        "2026-09-01 08:01,4G,99001,105.05,21.75,45\n"
        "2026-09-01 08:02,4G,99007,,,45\n"
    )
    frame, log = read(tmp_path, text)
    assert frame["commune_code"].tolist() == ["99000", "99000", "99007"]  # outside by 100 m; the point decides; named
    assert rows_of(log, "commune_mismatch") == [2, 3]


# -- sums -----------------------------------------------------------------------------------------


def test_a_table_per_commune_with_its_statistic_in_the_header(tmp_path: Path) -> None:
    text = (
        "Tháng,Xã/phường,Mã xã,Loại mạng,Nhà mạng,Số mẫu,Tải xuống trung bình (Mbps),Tải lên trung bình (Mbps),Ping (ms)\n"
        "10/2026,,99001,Di động,Viettel,412,88.5,30.1,25\n"
        "10/2026,,99001,Cố định,VNPT,12,250,190,8\n"
        "10/2026,,99001,Di động,Viettel,412,88.5,30.1,25\n"
        "13/2026,,99002,Di động,Viettel,412,88.5,30.1,25\n"
        "10/2026,Tỉnh Mẫu (giả định),,Di động,Viettel,9000,81,29,26\n"
        "10/2026,,99003,Di động,Viettel,,80,29,26\n"
    )
    frame, log = read(tmp_path, text)
    assert frame["row"].tolist() == [2, 3, 7]
    assert frame["is_aggregate"].all()
    assert frame["tests"].tolist() == [412, 12, 0]
    assert frame["devices"].tolist() == [0, 0, 0]
    assert set(frame["statistic"]) == {"mean"}
    assert frame["period_start"].tolist() == [pd.Timestamp("2026-10-01")] * 3
    assert frame["period_end"].tolist() == [pd.Timestamp("2026-10-31")] * 3
    assert frame["time"].isna().all()
    assert set(frame["source_kind"]) == {"aggregate"}
    assert rows_of(log, "speed_duplicate") == [4]
    assert rows_of(log, "speed_period_impossible") == [5]
    assert rows_of(log, "speed_province_total") == [6]
    assert rows_of(log, "speed_tests_not_told") == [7]


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        ("01/2026", "03/2026", ("2026-01-01", "2026-03-31")), ("2026", "2026", ("2026-01-01", "2026-12-31")), ("2026-01", "2026-03", ("2026-01-01", "2026-03-31")),
        ("Q1/2026", "Q1/2026", ("2026-01-01", "2026-03-31")), ("Tháng 2/2026", "Quý III/2026", ("2026-02-01", "2026-09-30")), ("03/2026", "03/2026", ("2026-03-01", "2026-03-31")),
        ("01/03/2026", "01/03/2026", ("2026-03-01", "2026-03-01")), ("15/01/2026", "02/2026", ("2026-01-15", "2026-02-28")),
    ],
)  # fmt: skip
def test_a_period_ends_with_the_last_day_of_what_its_end_tells(tmp_path: Path, first: str, last: str, days: tuple[str, str]) -> None:
    text = f"Từ ngày,Đến ngày,Nhà mạng,Mã xã,Loại mạng,Số mẫu,Download (Mbps)\n{first},{last},Viettel,99001,Di động,310,45\n"
    frame, log = read(tmp_path, text)
    assert (frame["period_start"][0], frame["period_end"][0]) == tuple(pd.Timestamp(day) for day in days)
    assert "speed_period_impossible" not in log.codes()


def test_sums_that_do_not_say_which_statistic_are_said_to_be_unknown(tmp_path: Path) -> None:
    text = "Kỳ,Mã xã,Loại mạng,Số mẫu,Download (Mbps)\n2026-Q3,99001,Di động,310,45\n"
    frame, log = read(tmp_path, text)
    assert frame["statistic"].tolist() == ["unknown"]
    assert {"speed_statistic_unknown", "speed_all_operators"} <= log.codes()
    assert read(tmp_path, text, extra={"statistic": "median"})[0]["statistic"].tolist() == ["median"]
    assert read(tmp_path, text.replace("Download", "Median download"))[0]["statistic"].tolist() == ["median"]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-10", "2026-10-01", "2026-10-31"), ("10/2026", "2026-10-01", "2026-10-31"),
        ("Tháng 2 năm 2024", "2024-02-01", "2024-02-29"), ("2022-Q1", "2022-01-01", "2022-03-31"),
        ("Quý III/2026", "2026-07-01", "2026-09-30"), ("2026", "2026-01-01", "2026-12-31"),
        ("05/10/2026", "2026-10-05", "2026-10-05"),
    ],
)  # fmt: skip
def test_periods_as_people_write_them(text: str, first: str, last: str) -> None:
    start, end, bad = parse_periods(pd.Series([text]))
    assert (start[0], end[0], bool(bad[0])) == (pd.Timestamp(first), pd.Timestamp(last), False)


@pytest.mark.parametrize("text", ["13/2026", "2026-Q5", "soon", "32/10/2026"])
def test_periods_that_are_none(text: str) -> None:
    assert parse_periods(pd.Series([text]))[2].tolist() == [True]


# -- tiles ----------------------------------------------------------------------------------------


def test_quadkeys_by_hand() -> None:
    # "213" of zoom 3: column 011 = 3, row 101 = 5 (the tile system's own example).
    column, row, good = quadkey_tiles(pd.Series(["213", "21", "214", None, ""]), 3)
    assert good.tolist() == [True, False, False, False, False]
    assert (column[0], row[0]) == (3, 5)
    west, south, east, north = quadkey_bounds(np.array([0, 1]), np.array([0, 1]), 1)
    assert west.tolist() == [-180, 0]
    assert east.tolist() == [0, 180]
    assert north.tolist() == pytest.approx([85.05112877980659, 0], abs=1e-12)
    assert south.tolist() == pytest.approx([0, -85.05112877980659], abs=1e-12)


@settings(deadline=None)
@given(lon=st.floats(-179.9, 179.9), lat=st.floats(-85, 85), zoom=st.integers(1, 20))
def test_a_tile_holds_the_point_that_it_was_made_of(lon: float, lat: float, zoom: int) -> None:
    scale = 1 << zoom
    x = int((lon + 180) / 360 * scale)
    y = int((0.5 - np.log(np.tan(np.pi / 4 + np.radians(lat) / 2)) / (2 * np.pi)) * scale)
    key = "".join(str((x >> b & 1) + 2 * (y >> b & 1)) for b in range(zoom - 1, -1, -1))
    column, row, good = quadkey_tiles(pd.Series([key]), zoom)
    west, south, east, north = (float(v[0]) for v in quadkey_bounds(column, row, zoom))
    assert good[0]
    assert west - 1e-9 <= lon <= east + 1e-9
    assert south - 1e-9 <= lat <= north + 1e-9


def _key(lon: float, lat: float, zoom: int = 16) -> str:
    scale = 1 << zoom
    x = int((lon + 180) / 360 * scale)
    y = int((0.5 - np.log(np.tan(np.pi / 4 + np.radians(lat) / 2)) / (2 * np.pi)) * scale)
    return "".join(str((x >> b & 1) + 2 * (y >> b & 1)) for b in range(zoom - 1, -1, -1))


def _tiles(places: list[tuple[float, float]]) -> gpd.GeoDataFrame:
    keys = pd.Series([_key(*p) for p in places])
    column, row, _ = quadkey_tiles(keys, 16)
    shapes = shapely.box(*quadkey_bounds(column, row, 16))
    return gpd.GeoDataFrame(
        {"quadkey": keys, "avg_d_kbps": 40_000, "avg_u_kbps": 9_000, "avg_lat_ms": 30, "tests": range(1, len(keys) + 1), "devices": 1},
        geometry=shapes, crs=4326,
    )  # fmt: skip


INSIDE = [(105.05, 21.75), (105.15, 21.75), (105.25, 21.85)]


@pytest.mark.parametrize("suffix", [".parquet", ".geojson", ".shp", ".gpkg"])
def test_tiles_in_every_format_and_without_shapes(tmp_path: Path, suffix: str) -> None:
    tiles = _tiles(INSIDE)
    path = tmp_path / f"2026-07-01_performance_mobile_tiles{suffix}"
    if suffix == ".parquet":
        pd.DataFrame(tiles.drop(columns="geometry")).assign(tile=tiles.geometry.to_wkt()).to_parquet(path)
    else:
        tiles.to_file(path)
    frame, log = read_file(path)
    assert frame["commune_code"].tolist() == ["99000", "99001", "99008"]
    assert frame["tests"].tolist() == [1, 2, 3]
    assert set(frame["access"]) == {"mobile"}
    assert set(frame["statistic"]) == {"mean"}
    assert set(frame["period_end"]) == {pd.Timestamp("2026-09-30")}
    assert frame["download_mbps"].tolist() == [40] * 3
    bounds = tiles.geometry.bounds
    assert frame["lon"].to_numpy() == pytest.approx((bounds["minx"] + bounds["maxx"]).to_numpy() / 2, abs=1e-9)
    assert {"speed_access_from_name", "speed_period_from_name"} <= log.codes()


def test_wrong_quadkeys_and_tiles_outside_are_named_and_counted(tmp_path: Path) -> None:
    tiles = _tiles([*INSIDE, (100.0, 10.0)])
    keys = tiles["quadkey"].tolist()
    tiles["quadkey"] = [keys[0], keys[1][1:], keys[2][:-1] + "4", keys[3]]
    frame, log = read(tmp_path, pd.DataFrame(tiles.drop(columns="geometry")).to_csv(index=False), name="fixed_2026-Q3.csv")
    assert frame["row"].tolist() == [2]
    assert frame["access"].tolist() == ["fixed"]
    assert rows_of(log, "speed_quadkey_wrong") == [3, 4]
    assert rows_of(log, "speed_tile_outside") == [5]
    assert fields_of(log, "speed_tile_outside") == {"outside": "1", "inside": "1"}


def test_a_shape_that_contradicts_its_quadkey_is_said(tmp_path: Path) -> None:
    tiles = _tiles(INSIDE)
    tiles["geometry"] = tiles.geometry.to_numpy()[[1, 0, 2]]
    path = tmp_path / "mobile_2026q3.geojson"
    tiles.to_file(path)
    frame, log = read_file(path)
    assert rows_of(log, "speed_tile_elsewhere") == [1, 2]
    assert frame["commune_code"].tolist() == ["99000", "99001", "99008"]


# -- real files -----------------------------------------------------------------------------------


def puerto_rico() -> AreaIndex:
    """Made-up squares over the whole of Puerto Rico: no boundaries of it are at hand."""
    return AreaIndex(units(columns=32, rows=12, west=-68.2, south=17.6))


def test_puerto_rico_with_shapes(shared_dir: Path) -> None:
    path = shared_dir / "data" / "speed_tests" / "ookla_mobile_puerto_rico_2022Q1.geojson"
    frame, log = read_file(path, index=puerto_rico())
    assert len(frame) == 7_428
    raw = gpd.read_file(path)
    middle = raw.geometry.bounds
    # The shapes that came are the oracle for places made of quadkeys.
    assert np.abs(frame["lon"].to_numpy() - (middle["minx"] + middle["maxx"]).to_numpy() / 2).max() < 1e-9
    assert np.abs(frame["lat"].to_numpy() - (middle["miny"] + middle["maxy"]).to_numpy() / 2).max() < 1e-9
    assert frame["download_mbps"].to_numpy() == pytest.approx(raw["avg_d_kbps"].to_numpy() / 1000)
    assert set(frame["source_kind"]) == {"open_tiles"}  # never in one figure with i-Speed's
    assert frame["tests"].sum() == raw["tests"].sum()
    assert "speed_tile_elsewhere" not in log.codes()
    assert set(frame["access"]) == {"mobile"}
    assert set(frame["period_start"]) == {pd.Timestamp("2022-01-01")}


def test_puerto_rico_without_shapes(shared_dir: Path) -> None:
    path = shared_dir / "data" / "speed_tests" / "ookla_fixed_puerto_rico_2022Q3.geojson"
    frame, log = read_file(path, index=puerto_rico())
    assert fields_of(log, "speed_tile_rebuilt") == {"count": "10972"}
    # Real strays: four tiles lie at sea, 16.8, 17.5, 19.0 and 19.1 degrees north.
    assert rows_of(log, "speed_tile_outside") == [1, 2, 10_802, 10_936]
    assert len(frame) == 10_968
    assert frame["lon"].between(-68.0, -65.1).all()
    assert frame["lat"].between(17.7, 18.6).all()
    assert set(frame["access"]) == {"fixed"}


def test_dakar(shared_dir: Path) -> None:
    folder = shared_dir / "data" / "measurements"
    index = AreaIndex(made_up_box(-17.6, 14.6, -17.2, 14.9))
    orange, log = read_file(folder / "gnettrack_orange_log_datatest.txt", index=index, extra={"utc_offset_h": 0})
    assert len(orange) == 40
    assert orange["download_mbps"].iloc[0] == 35.925  # kbit/s in the file
    assert orange["time"].iloc[0] == pd.Timestamp("2025-07-18 22:12:09", tz="UTC")
    assert set(orange["source_kind"]) == {"drive_test"}
    assert orange["technology"].value_counts().to_dict() == {"4G": 27, "3G": 13}
    assert len(rows_of(log, "speed_failed")) == 24
    assert rows_of(log, "speed_collapsed") == list(range(13, 42))  # 16.5 and 41.6 Mbit/s in rows 11 and 12, then nothing
    expresso, log = read_file(folder / "gnettrack_expresso_log_datatest.txt", index=index)
    assert len(expresso) == 27
    assert len(rows_of(log, "speed_nothing_measured")) == 14
    assert "speed_collapsed" not in log.codes()  # it recovers
    assert (expresso["download_mbps"].dropna() > 0).all()


def test_cork(shared_dir: Path) -> None:
    path = shared_dir / "data" / "measurements" / "gnettrack_cork_5g.parquet"
    frame, log = read_file(path, index=AreaIndex(made_up_box(-8.7, 51.7, -8.2, 52.1)), extra={"utc_offset_h": 0})
    (count,) = log.counts
    assert count.rows_in == 188_711
    assert count.rows_used == len(frame) == 108_802
    assert len(rows_of(log, "speed_no_transfer")) == 78_004
    assert len(rows_of(log, "speed_duplicate")) == 1_905
    assert set(frame["source_kind"]) == {"traffic"}  # never to be judged as tests
    assert fields_of(log, "speed_bit_rates")["medians"].startswith("2G 0.001 (")
    assert frame["device_id"].nunique() == 83
    raw = pd.read_parquet(path).set_index(np.arange(1, 188_712))
    assert frame["download_mbps"].fillna(0).to_numpy() == pytest.approx(raw.loc[frame["row"], "DL_bitrate"].to_numpy() / 1000)
    assert not raw.loc[frame["row"], "State"].isin(["I", "V"]).any()
    kinds = raw["NetworkMode"].map({"LTE": "4G", "5G": "5G", "GPRS": "2G", "EDGE": "2G"}).fillna("3G")
    assert (frame["technology"].to_numpy() == kinds.loc[frame["row"]].to_numpy()).all()


def test_the_sample_finds_exactly_its_deliberate_flaws(project_root: Path) -> None:
    folder = project_root / "data" / "sample"
    boundaries = read_boundaries(
        folder / "communes.parquet", file="communes.parquet", options=TableOptions(), extra_provinces={"99": "Tỉnh Mẫu"},
        log=IssueLog(issue_catalogue()),
    )  # fmt: skip
    frame, log = read_file(folder / "speed_tests.xlsx", index=AreaIndex(boundaries))
    book = pd.read_csv(folder / "flaws.csv")
    book = book[book["file"] == "speed_tests.xlsx"].set_index("flaw")["row"]
    assert rows_of(log, "speed_negative") == [book["speed_not_positive"]]
    assert rows_of(log, "speed_time_impossible") == [book["future_date"]]
    assert rows_of(log, "speed_duplicate") == [book["duplicate_sample"]]
    assert len(frame) == 3_001 - 3
    assert (frame["commune_code"] != "").all()


def test_every_limit_names_its_source() -> None:
    content = load_toml("speed_tests.toml")
    for name, entry in content["plausible"].items():
        assert entry["source"], name
        assert entry["status"] in {"standard", "setting", "unverified"}
        assert entry["download_mbps"] >= entry["upload_mbps"] > 0
    for entry in content.values():
        if "value" in entry:
            assert entry["source"]


def test_half_a_pair_of_coordinates_places_nothing(tmp_path: Path) -> None:
    frame, log = read(tmp_path, "Công nghệ,Mã xã,Kinh độ,Download (Mbps)\n4G,99001,105.35,45\n")
    assert frame["commune_code"].tolist() == ["99001"]
    assert frame["lon"].isna().all()
    assert "columns_unused" in log.codes()


def test_a_row_that_names_a_former_commune_is_placed_and_said(tmp_path):
    former = former_areas()
    frame = gpd.GeoDataFrame(
        {"commune_code": ["00829", "00859"], "commune_name": ["Xã Thắng Mố", "Xã Ngọc Long"], "province_code": "08",
         "province_name": "Tuyên Quang"},
        geometry=[shapely.box(105, 23, 105.1, 23.1), shapely.box(105.1, 23, 105.2, 23.1)], crs=4326,
    )  # fmt: skip
    lines = [
        "Thời gian,Nhà mạng,Công nghệ,Tốc độ tải xuống (Mbit/s),Xã,Huyện",
        "01/10/2026 10:00,Viettel,4G,31.5,Xã Sủng Cháng,Yên Minh",
        "01/10/2026 10:01,Viettel,4G,32.5,X. Sủng Chnág,Yên Minh",
        "01/10/2026 10:02,Viettel,4G,33.5,Xã Không Có,Yên Minh",
    ]
    tests, log = read(tmp_path, "\n".join(lines), index=AreaIndex(frame, former=former))
    assert tests["commune_code"].tolist() == ["00829", "00829"]
    assert rows_of(log, "former_area_one") == [2]
    assert rows_of(log, "former_area_spelling") == [3]  # placed, and said to rest on a misspelt name
    assert rows_of(log, "speed_place_unknown") == [4]
    assert [(r.rows, r.how) for r in log.areas] == [((2,), "name"), ((3,), "spelling")]


@pytest.mark.parametrize(
    "text", ["2026-09-01T08:00:00+07:00", "2026-09-01 01:00:00Z", "2026-08-31T20:00:00-05:00", "1788224400", "2026-09-01 08:00:00"]
)
def test_one_moment_in_every_zone(tmp_path: Path, text: str) -> None:
    frame, _ = read(tmp_path, f"Thời gian,Công nghệ,Mã xã,Download (Mbps)\n{text},4G,99001,45\n")
    assert frame["time"].tolist() == [pd.Timestamp("2026-09-01 01:00", tz="UTC")]
    assert frame["period_start"].tolist() == [pd.Timestamp("2026-09-01")]


@pytest.mark.parametrize(("header", "hour"), [("Thời gian (UTC+7)", 1), ("Thời gian (GMT+07:00)", 1), ("Thời gian (UTC+0)", 8), ("Thời gian (UTC-3:30)", 11)])
def test_a_header_tells_the_zone_of_its_times(tmp_path: Path, header: str, hour: int) -> None:
    frame, log = read(tmp_path, f"{header};Kinh độ;Vĩ độ;Nhà mạng;Loại truy nhập;Tải xuống (Mbit/s)\n2026-10-01 08:00:00;105.01;21.71;Viettel;Di động;45\n")
    assert "speed_time_zone_taken" not in log.codes()
    assert frame["time"].dt.hour.tolist() == [hour]
