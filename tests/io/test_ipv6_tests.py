"""IPv6 tests by hand: single tests, counts, shares, percent, networks; then a real list of networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geo.io.catalogues import operator_catalogue
from geo.io.ipv6_tests import read_ipv6_tests
from geo.io.positions import PositionContext
from geo.io.raw import TableOptions
from geo.io.resources import issue_catalogue
from geo.io.service_sums import settle_repeated_tests
from geo.service_frames import IPV6_TESTS
from geo.validation import IssueLog
from tests.made_up_area import area


def read_file(path: Path, **options: Any) -> tuple[pd.DataFrame, IssueLog]:
    log = IssueLog(issue_catalogue())
    frame = read_ipv6_tests(
        path, file=path.name, options=TableOptions(**options), context=PositionContext(area()), catalogue=operator_catalogue(),
        log=log, as_of=pd.Timestamp("2026-11-22"),
    )  # fmt: skip
    IPV6_TESTS.require(frame)
    return frame, log


def read(tmp_path: Path, text: str, **options: Any) -> tuple[pd.DataFrame, IssueLog]:
    path = tmp_path / "ipv6.csv"
    path.write_text(text, encoding="utf-8")
    return read_file(path, **options)


def rows_of(log: IssueLog, code: str) -> list[int]:
    return [int(r) for f in log if f.kind.code == code for r in f.rows]


def test_single_tests(tmp_path: Path) -> None:
    frame, log = read(
        tmp_path,
        "Thời gian,Nhà mạng,Loại mạng,Kinh độ,Vĩ độ,Mã xã,Có IPv6,Dùng IPv6,IP\n"
        "2026-09-01 08:00,Viettel,Di động,105.05,21.75,,Có,Không,203.0.113.7\n"
        "2026-09-01 08:05,VNPT,Cố định,,,99001,x,,203.0.113.8\n"
        "2026-09-01 08:05,VNPT,Cố định,,,99001,Không,Có,203.0.113.8\n"  # prefers what it cannot do
        "2026-09-01 08:06,VNPT,Cố định,,,99001,,,203.0.113.8\n"
        "2026-09-01 08:05,VNPT,Cố định,,,99001,x,,203.0.113.8\n",
    )
    assert frame["capable"].tolist() == [True, True]
    assert frame["preferred"].tolist()[0] is False
    assert frame["preferred"].isna().tolist() == [False, True]
    assert frame["capable_tests"].tolist() == [1, 1]
    assert frame["commune_code"].tolist() == ["99000", "99001"]
    assert frame["time"].iloc[0] == pd.Timestamp("2026-09-01 01:00", tz="UTC")
    assert not frame["is_aggregate"].any()
    assert rows_of(log, "ipv6_counts_impossible") == [4]
    assert rows_of(log, "ipv6_nothing_said") == [5]
    assert rows_of(log, "speed_duplicate") == [6]
    assert frame["device"].nunique() == 2  # told apart, and no more
    assert "203.0.113" not in frame.to_csv()


def test_counts_per_commune_and_operator(tmp_path: Path) -> None:
    frame, log = read(
        tmp_path,
        "commune_code,operator,access,period,tests,ipv6_capable,ipv6_preferred\n"
        "99001,Viettel,mobile,2026-10,380,267,258\n"
        "99001,Viettel,fixed,2026-10,0,0,0\n"
        "99002,Viettel,mobile,2026-10,90,91,12\n"
        "88888,Viettel,mobile,2026-10,90,60,12\n",
    )
    assert frame[["tests", "capable_tests", "preferred_tests"]].to_numpy().tolist() == [[380, 267, 258]]
    assert frame["capable"].isna().all()
    assert frame["period_end"].tolist() == [pd.Timestamp("2026-10-31")]
    assert rows_of(log, "ipv6_nothing_said") == [3]
    assert rows_of(log, "ipv6_counts_impossible") == [4]
    assert rows_of(log, "speed_place_unknown") == [5]


@pytest.mark.parametrize(
    ("header", "cell", "expected"),
    [
        ("Tỷ lệ có IPv6 (%)", "72", 144), ("Tỷ lệ có IPv6", '"0,72"', 144), ("Tỷ lệ có IPv6", "72", 144),
        ("IPv6 capable", "72%", 144), ("Số mẫu có IPv6", "72", 72), ("IPv6 capable", "0.72", 144), ("IPv6 capable", "150", 150),
    ],
)  # fmt: skip
def test_what_the_numbers_are(tmp_path: Path, header: str, cell: str, expected: float) -> None:
    frame, _ = read(tmp_path, f"Mã xã,Nhà mạng,Kỳ,Số mẫu,{header}\n99001,Viettel,2026-10,200,{cell}\n")
    assert frame["capable_tests"].tolist() == pytest.approx([expected])


def test_numbers_that_may_be_counts_or_percent_are_refused(tmp_path: Path) -> None:
    text = "Mã xã,Nhà mạng,Kỳ,Số mẫu,IPv6 capable\n99001,Viettel,2026-10,200,72\n"
    frame, log = read(tmp_path, text)
    assert frame.empty
    assert "ipv6_measure_unknown" in log.codes()
    assert read(tmp_path, text, extra={"measure": "percent"})[0]["capable_tests"].tolist() == [144]


def test_networks_are_mapped_to_operators_by_number_and_by_name(tmp_path: Path) -> None:
    frame, log = read(
        tmp_path,
        "cc,start,end,asn,name,samples,v6capable,v6preferred\n"
        'VN,2026-10-01,2026-10-31,7552,"VIETEL-AS-AP Viettel Group, VN",1000,64.5,60\n'
        'VN,2026-10-01,2026-10-31,AS45899,"VNPT-AS-VN VNPT Corp, VN",2000,70,69\n'
        'VN,2026-10-01,2026-10-31,131429,"MOBIFONE-AS-VN MOBIFONE Corporation, VN",500,80,79\n'
        'VN,2026-10-01,2026-10-31,64500,"SMALL-NET Mạng nhỏ, VN",50,1,1\n'
        'TH,2026-10-01,2026-10-31,64501,"OTHER, TH",50,1,1\n',
    )
    assert frame["operator"].tolist() == ["Viettel", "VinaPhone", "MobiFone", "SMALL-NET Mạng nhỏ, VN"]
    assert frame["asn"].tolist() == ["7552", "45899", "131429", "64500"]
    assert frame["capable_tests"].tolist() == pytest.approx([645, 1400, 400, 0.5])
    assert (frame["access"] == "").all()
    assert (frame["commune_code"] == "").all()
    assert rows_of(log, "ipv6_other_country") == [6]
    assert {"ipv6_network_mapped", "ipv6_no_place"} <= log.codes()


def test_a_real_list_of_networks(shared_dir: Path) -> None:
    path = shared_dir / "data" / "speed_tests" / "apnic_ipv6_per_as_2020.csv"
    raw = pd.read_csv(path)
    frame, log = read_file(path)
    assert frame.empty  # none of Vietnam
    assert len(rows_of(log, "ipv6_other_country")) == 317
    thai, _ = read_file(path, extra={"country": "TH"})
    own = raw[raw["cc"] == "TH"]
    assert thai["asn"].tolist() == own["asn"].astype(str).tolist()
    assert thai["capable_tests"].to_numpy() == pytest.approx(np.asarray(own["v6capable"] / 100 * own["samples"]))
    assert (thai["preferred_tests"] <= thai["capable_tests"]).all()


def test_shares_without_the_number_of_tests_are_one_refusal_and_not_a_row_each(tmp_path: Path) -> None:
    """A column that is called otherwise: what the numbers are is seen, and one sentence says what lacks."""
    path = tmp_path / "tyle.csv"
    path.write_text("Mã xã,Nhà mạng,Lần kiểm tra?,Tỷ lệ có IPv6\n" + "".join(f"99001,Viettel,{30 + i},0.{50 + i}\n" for i in range(9)), encoding="utf-8")
    log = IssueLog(issue_catalogue())
    frame = read_ipv6_tests(path, file=path.name, options=TableOptions(), context=PositionContext(area()), catalogue=operator_catalogue([], operators=()), log=log)
    assert len(frame) == 0
    assert [(f.kind.code, f.column) for f in log if f.kind.severity.value != "info" and f.kind.code.startswith("ipv6")] == [("ipv6_counts_missing", "Tỷ lệ có IPv6")]


def test_a_phones_tests_of_one_day_all_count_and_its_day_in_two_files_counts_once(tmp_path: Path) -> None:
    """Twelve tests of two phones, nine of them good: 75 %, where each answer once would be 50 %."""
    text = "Ngày,Nhà mạng,Mã xã,Thiết bị,Có IPv6\n" + "".join(f"01/09/2026,Viettel,99001,m{i % 2},{'Có' if i % 4 else 'Không'}\n" for i in range(12))
    frame, log = read(tmp_path, text)
    assert (len(frame), frame["capable"].sum()) == (12, 9)
    assert "speed_duplicate" not in log.codes()
    once = settle_repeated_tests(pd.concat([frame, frame.iloc[::-1].assign(file="again.csv")], ignore_index=True), log)
    assert once["file"].tolist() == ["ipv6.csv"] * 12
    other = frame.assign(file="other.csv", device="7")  # another phone
    assert len(settle_repeated_tests(pd.concat([frame, other], ignore_index=True), log)) == 24
