"""Rows of sums against each other: totals by their words, a row again, a corrected row, several technologies in a cell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from geo.errors import InputError
from geo.io.catalogues import band_catalogue, operator_catalogue
from geo.io.ipv6_tests import read_ipv6_tests
from geo.io.positions import PositionContext
from geo.io.project import InputFile
from geo.io.raw import TableOptions
from geo.io.resources import issue_catalogue
from geo.io.service_sums import (
    IPV6_SUMS,
    SPEED_SUMS,
    are_parts,
    settle_repeated_tests,
    settle_sums,
    without_copies,
)
from geo.io.speed_tests import SeenTests, read_speed_tests
from geo.samples import DeviceNumbers
from geo.validation import IssueLog
from tests.made_up_area import area

AS_OF = pd.Timestamp("2026-11-22")
HEAD = "Mã xã,Nhà mạng,Công nghệ,Kỳ,Số mẫu,Tải xuống trung bình (Mbit/s)\n"
A, B = "99000,Viettel,4G,2026-10,100,30\n", "99000,VNPT,4G,2026-10,200,60\n"


def read(tmp_path: Path, *texts: str, kind: str = "speed", parts: bool = False) -> tuple[pd.DataFrame, IssueLog]:
    """Return what a project with these files is left with."""
    log, seen, devices = IssueLog(issue_catalogue()), SeenTests(), DeviceNumbers()
    frames = []
    for i, text in enumerate(texts):
        path = tmp_path / f"{i}.csv"
        path.write_text(text, encoding="utf-8")
        common: dict[str, Any] = {"file": path.name, "options": TableOptions(), "context": PositionContext(area()), "catalogue": operator_catalogue(), "log": log, "as_of": AS_OF}
        if kind == "speed":
            frames.append(read_speed_tests(path, **common, bands=band_catalogue(), devices=devices, seen=seen))
        else:
            frames.append(read_ipv6_tests(path, **common, devices=devices))
    whole = pd.concat(frames, ignore_index=True)
    if kind == "ipv6":
        whole = settle_repeated_tests(whole, log)
    columns = SPEED_SUMS if kind == "speed" else IPV6_SUMS
    return settle_sums(whole, columns, log, parts=frozenset(f"{i}.csv" for i in range(len(texts))) if parts else frozenset()), log


def found(log: IssueLog, code: str) -> list[tuple[str, int]]:
    return [(f.source.file, int(r)) for f in log if f.kind.code == code for r in f.rows]


def test_a_row_of_all_operators_is_no_operator(tmp_path: Path) -> None:
    rows = [HEAD, A, B, "99000,Tất cả,4G,2026-10,300,50\n", "99001,TOÀN MẠNG,Tất cả,2026-10,300,50\n", "99001,Tổng công ty Viễn thông MobiFone,4G,2026-10,5,50\n"]
    frame, log = read(tmp_path, "".join(rows))
    assert frame["operator"].tolist() == ["Viettel", "VinaPhone", "", "MobiFone"]  # the other total names no access either
    assert found(log, "service_total_row") == [("0.csv", 5), ("0.csv", 4)]
    assert found(log, "speed_access_missing") == [("0.csv", 5)]
    assert "sample_operator_unknown" not in {f.kind.code for f in log}


def test_the_same_row_counts_once_and_rows_that_differ_not_at_all(tmp_path: Path) -> None:
    revised = A.replace(",30", ",35")
    frame, log = read(tmp_path, HEAD + A + B, HEAD + A)
    assert (frame["tests"].sum(), found(log, "speed_in_another_file")) == (300, [("1.csv", 2)])
    for texts in ((HEAD + A + B + revised,), (HEAD + A + B, HEAD + revised), (HEAD + revised, HEAD + B + A)):
        frame, log = read(tmp_path, *texts)
        assert frame["operator"].tolist() == ["VinaPhone"]
        assert len(found(log, "service_rows_differ")) == 2
    fewer = A.replace(",100,", ",90,")  # of another number of tests it is another row too
    assert read(tmp_path, HEAD + A + fewer)[0].empty
    # Of other months, operators, technologies and places nothing is said twice.
    others = [A.replace("10,100", "09,100"), A.replace("4G", "5G"), A.replace("99000", "99001")]
    assert len(read(tmp_path, HEAD + A + B + "".join(others))[0]) == 5


def test_parts_of_a_figure_stay_where_the_project_says_so(tmp_path: Path) -> None:
    assert len(read(tmp_path, HEAD + A + A.replace(",30", ",35"), parts=True)[0]) == 2
    assert are_parts(TableOptions(extra={"repeated_rows": "parts"}))
    assert not are_parts(TableOptions())
    with pytest.raises(InputError, match="repeated_rows"):
        are_parts(TableOptions(extra={"repeated_rows": "sum"}))


def test_rows_that_say_different_things_of_one_place_stay(tmp_path: Path) -> None:
    head = HEAD.strip() + ",Tải lên trung bình (Mbit/s)\n"
    down, up = A.strip() + ",\n", "99000,Viettel,4G,2026-10,100,,12\n"
    assert len(read(tmp_path, head + down + up)[0]) == 2
    frame, log = read(tmp_path, head + down + up + "99000,Viettel,4G,2026-10,100,31,\n")
    assert (len(frame), len(found(log, "service_rows_differ"))) == (0, 3)


def test_a_tile_of_one_quarter_counts_once(tmp_path: Path) -> None:
    """An edition of Ookla's tiles that was published again with other values."""
    head = "quadkey,avg_d_kbps,avg_u_kbps,avg_lat_ms,tests,devices,Kỳ,Loại mạng\n"
    tile = "1322101010310213,{},20000,20,{},3,{},mobile\n"  # holds 105.05, 21.75
    first, again = head + tile.format(50000, 10, "2026-Q3"), head + tile.format(52000, 11, "2026-Q3")
    assert read(tmp_path, first)[0]["download_mbps"].tolist() == [50.0]
    frame, log = read(tmp_path, first, again)
    assert (len(frame), found(log, "service_rows_differ")) == (0, [("0.csv", 2), ("1.csv", 2)])
    assert len(read(tmp_path, first, head + tile.format(52000, 11, "2026-Q2"))[0]) == 2


def test_a_cell_that_names_two_technologies_is_of_neither(tmp_path: Path) -> None:
    rows = [A.replace("4G", cell).replace("99000", "99001") for cell in ("4G/5G", "4G và 5G", "4G & 5G")]
    frame, log = read(tmp_path, HEAD + A + rows[0] + B + rows[1].replace("Viettel", "VNPT") + rows[2].replace("Viettel", "MobiFone") + A.replace("4G", "LTE/NR"))
    assert frame["technology"].tolist() == ["4G", "", "4G", "", "", ""]
    assert frame["access"].tolist() == ["mobile"] * 6
    assert found(log, "service_technologies_several") == [("0.csv", 3), ("0.csv", 5), ("0.csv", 6), ("0.csv", 7)]


def test_first_and_last_days_are_read_in_one_order(tmp_path: Path) -> None:
    """ "03/01/2026" beside "03/31/2026" is the first of March."""
    head = HEAD.replace("Kỳ", "Từ ngày,Đến ngày")
    frame, log = read(tmp_path, head + A.replace("2026-10", "03/01/2026,03/31/2026"))
    assert frame[["period_start", "period_end"]].astype(str).to_numpy().tolist() == [["2026-03-01", "2026-03-31"]]
    assert "date_month_first" in log.codes()


IPV6 = "Mã xã,Nhà mạng,Loại mạng,Kỳ,Số mẫu,Số mẫu có IPv6\n"


def test_ipv6_counts_likewise(tmp_path: Path) -> None:
    a, b, total = "99000,Viettel,Di động,2026-10,100,60\n", "99000,VNPT,Di động,2026-10,200,20\n", "99000,Tất cả,Di động,2026-10,300,80\n"
    frame, log = read(tmp_path, IPV6 + a + b + total, IPV6 + a, kind="ipv6")
    assert frame["operator"].tolist() == ["Viettel", "VinaPhone", ""]
    assert (found(log, "service_total_row"), found(log, "service_row_repeated")) == ([("0.csv", 4)], [("1.csv", 2)])
    assert "sample_operator_missing" not in {f.kind.code for f in log}
    frame, log = read(tmp_path, IPV6 + a + b, IPV6 + a.replace(",60", ",65"), kind="ipv6")
    assert frame["operator"].tolist() == ["VinaPhone"]
    assert found(log, "service_rows_differ") == [("0.csv", 2), ("1.csv", 2)]


def test_a_file_of_single_ipv6_tests_given_twice_counts_once(tmp_path: Path) -> None:
    text = "Thời gian,Nhà mạng,Loại mạng,Kinh độ,Vĩ độ,Có IPv6\n2026-09-01 08:00,Viettel,Di động,105.05,21.75,Có\n2026-09-01 08:05,Viettel,Di động,105.06,21.75,Có\n"
    frame, log = read(tmp_path, text, text, kind="ipv6")
    assert (len(frame), len(found(log, "service_row_repeated"))) == (2, 2)


def test_a_copy_of_a_file_of_tests_without_a_time_counts_once(tmp_path: Path) -> None:
    text = "Nhà mạng,Công nghệ,Mã xã,Tải xuống (Mbit/s)\nViettel,4G,99000,30\nViettel,4G,99000,30\n"
    frame, log = read(tmp_path, text, text, text + "\n")
    files = [InputFile("speed_tests", tmp_path / f"{i}.csv", f"{i}.csv", TableOptions()) for i in range(3)]
    assert len(frame) == 6
    assert without_copies(frame, files, log)["file"].tolist() == ["0.csv"] * 2 + ["2.csv"] * 2
    assert found(log, "service_row_repeated") == [("1.csv", 2), ("1.csv", 3)]
    other = [files[0], replace(files[1], options=TableOptions(operator="VNPT"))]  # read as another operator's it is no copy
    assert len(without_copies(frame, other, log)) == 6
