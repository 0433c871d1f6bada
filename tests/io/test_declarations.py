"""Declared speeds by hand: units, areas, dates, faults row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from geo.io.catalogues import band_catalogue, operator_catalogue
from geo.io.declarations import read_declarations, settle_declarations
from geo.io.positions import PositionContext
from geo.io.raw import TableOptions
from geo.io.resources import issue_catalogue
from geo.service_frames import DECLARATIONS
from geo.validation import IssueLog
from tests.made_up_area import area


def read(tmp_path: Path, text: str, **options: Any) -> tuple[pd.DataFrame, IssueLog]:
    path = tmp_path / "declared.csv"
    path.write_text(text, encoding="utf-8")
    log = IssueLog(issue_catalogue())
    frame = read_declarations(
        path, file=path.name, options=TableOptions(**options), context=PositionContext(area()), catalogue=operator_catalogue(),
        bands=band_catalogue(), log=log,
    )  # fmt: skip
    DECLARATIONS.require(frame)
    return frame, log


def rows_of(log: IssueLog, code: str) -> list[int]:
    return [int(r) for f in log if f.kind.code == code for r in f.rows]


def test_the_declaration_of_an_operator_as_it_is_published(tmp_path: Path) -> None:
    # The shape of VNPT's declaration of 2020: two service areas of its own numbering.
    frame, log = read(
        tmp_path,
        "Công nghệ,Vùng phục vụ,Vdmin (Mbit/s),Tải xuống trung bình (Mbit/s),Tải lên trung bình (kbit/s),Hiệu lực từ\n"
        'LTE-A,1,5,15,2500,09/12/2020\nLTE-A,2,"2,5",5,2500,09/12/2020\nWCDMA,1,1,1,256,09/12/2020\nFTTH,,,200,100000,\n',
        operator="VNPT",
    )
    assert frame["operator"].tolist() == ["VinaPhone"] * 4
    assert frame["technology"].tolist() == ["4G", "4G", "3G", ""]
    assert frame["access"].tolist() == ["mobile"] * 3 + ["fixed"]
    assert frame["service_area_code"].tolist() == ["1", "2", "1", ""]
    assert frame["vdmin_mbps"].tolist()[:3] == [5, 2.5, 1]
    assert frame["vd_mbps"].tolist() == [15, 5, 1, 200]
    assert frame["vu_mbps"].tolist() == [2.5, 2.5, 0.256, 100]
    assert frame["valid_from"].tolist()[0] == pd.Timestamp("2020-12-09")
    assert rows_of(log, "declaration_area_own") == [2, 3, 4]
    assert rows_of(log, "declaration_no_date") == [5]


def test_faults_are_refused_with_row_and_reason(tmp_path: Path) -> None:
    frame, log = read(
        tmp_path,
        "Nhà mạng,Công nghệ,Mã xã,Vdmin (Mbit/s),Vd (Mbit/s),Vu (Mbit/s),valid_from\n"
        "Viettel,4G,99001,5,40,15,2025-07-01\n"
        ",4G,99001,5,40,15,2025-07-01\n"
        "Viettel,4G,99001,5,40,15,2025-07-01\n"  # declared already
        "Viettel,4G,99002,,,,2025-07-01\n"
        "Viettel,4G,99003,50,40,15,2025-07-01\n"  # least above mean
        "Viettel,tàu,99004,5,40,15,2025-07-01\n"  # a train
        "Viettel,5G,99005,-5,9999,15,2025-07-01\n",
    )
    assert frame["row"].tolist() == [2, 6, 8]
    assert rows_of(log, "declaration_operator_missing") == [3]
    assert rows_of(log, "declaration_twice") == [4]
    assert rows_of(log, "declaration_nothing_said") == [5]
    assert rows_of(log, "declaration_order_wrong") == [6]
    assert rows_of(log, "speed_access_missing") == [7]
    assert rows_of(log, "speed_implausible") == [8, 8]
    assert np.isnan(frame["vd_mbps"].iloc[2])
    assert frame["vu_mbps"].iloc[2] == 15
    (count,) = log.counts
    assert (count.rows_in, count.rows_used) == (7, 3)


HEAD = "Nhà mạng,Công nghệ,Mã xã,Vd (Mbit/s),Vu (Mbit/s),valid_from\n"


def test_what_is_declared_twice_with_other_values_is_not_declared(tmp_path: Path) -> None:
    rows = ["Viettel,4G,99001,40,15,2025-07-01\n", "Viettel,4G,99001,50,15,2025-07-01\n", "Viettel,4G,99001,60,15,2026-07-01\n", "Viettel,4G,99002,40,,2025-07-01\n", "Viettel,4G,99002,,15,2025-07-01\n"]
    for order in (rows, rows[::-1]):
        frame, log = read(tmp_path, HEAD + "".join(order))
        assert sorted(frame["vd_mbps"].dropna()) == [40, 60]  # one of download, one of upload: nothing said twice
        assert len(rows_of(log, "declaration_rows_differ")) == 2
        assert len(frame) == 3


def test_files_that_declare_the_same_or_not(tmp_path: Path) -> None:
    parts = [read(tmp_path, HEAD + row)[0].assign(file=f"{i}.csv") for i, row in enumerate(["Viettel,4G,99001,40,15,2025-07-01\nVNPT,4G,99001,40,15,2025-07-01\n", "VNPT,4G,99001,40,15,2025-07-01\nViettel,4G,99001,45,15,2025-07-01\n"])]
    log = IssueLog(issue_catalogue())
    frame = settle_declarations(pd.concat(parts, ignore_index=True), log)
    assert frame[["operator", "vd_mbps"]].to_numpy().tolist() == [["VinaPhone", 40]]
    assert {(f.kind.code, f.source.file, int(r)) for f in log for r in f.rows} == {("declaration_files_differ", "0.csv", 2), ("declaration_files_differ", "1.csv", 3), ("service_row_repeated", "1.csv", 2)}


def test_a_cell_of_two_technologies_declares_for_each(tmp_path: Path) -> None:
    frame, log = read(tmp_path, HEAD + "Viettel,4G/5G,99001,40,15,2025-07-01\nViettel,3G,99001,4,1,2025-07-01\n")
    assert frame[["technology", "vd_mbps", "row"]].to_numpy().tolist() == [["4G", 40, 2], ["5G", 40, 2], ["3G", 4, 3]]
    assert rows_of(log, "declaration_technologies_several") == [2]
    assert [(c.rows_in, c.rows_used) for c in log.counts] == [(2, 2)]
