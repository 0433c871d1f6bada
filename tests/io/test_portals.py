"""Lists of portals: addresses as people write them, areas, codes, faults row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from geo.errors import InputError
from geo.io.portals import _address, read_portals, settle_portals
from geo.io.positions import PositionContext
from geo.io.raw import TableOptions
from geo.io.resources import issue_catalogue
from geo.service_frames import PORTALS
from geo.validation import IssueLog
from tests.made_up_area import area


def read(tmp_path: Path, text: str, **options: Any) -> tuple[pd.DataFrame, IssueLog]:
    path = tmp_path / "portals.csv"
    path.write_text(text, encoding="utf-8")
    log = IssueLog(issue_catalogue())
    frame = read_portals(path, file=path.name, options=TableOptions(**options), context=PositionContext(area()), log=log)
    PORTALS.require(frame)
    return frame, log


def rows_of(log: IssueLog, code: str) -> list[int]:
    return [int(r) for f in log if f.kind.code == code for r in f.rows]


@pytest.mark.parametrize(
    ("text", "host", "url"),
    [
        ("https://Xa-01.Tinh-Mau.example", "xa-01.tinh-mau.example", "https://xa-01.tinh-mau.example/"),
        ("tinh-mau.example", "tinh-mau.example", "https://tinh-mau.example/"),
        ("http://tinh-mau.example:8080/trang?a=1#b", "tinh-mau.example", "http://tinh-mau.example:8080/trang?a=1"),
        ("https://tỉnh-mẫu.example/", "xn--tnh-mu-0wa0652h.example", None),
        ("tinh-mau.example.", "tinh-mau.example", "https://tinh-mau.example/"),
    ],
)  # fmt: skip
def test_addresses(text: str, host: str, url: str | None) -> None:
    found, address = _address(text)
    if url is None:
        assert found.startswith("xn--")
        assert found.encode("ascii").decode("idna") == "tỉnh-mẫu.example"
    else:
        assert (found, address) == (host, url)


@pytest.mark.parametrize(
    "text",
    ["ftp://a.example", "https://192.0.2.1/", "http://[2001:db8::1]/", "localhost", f"https://{'name:secret'}@a.example/", "không có trang",
     "https://a..example/", "javascript:alert(1)", "https://a.example:99999/", "file:///etc/passwd", "-a.example", "https://"],
)  # fmt: skip
def test_addresses_of_no_use(text: str) -> None:
    assert _address(text) == ("", "")


def test_a_list_with_areas_and_faults(tmp_path: Path) -> None:
    frame, log = read(
        tmp_path,
        "Mã,Tên,Địa chỉ trang web,Cấp,Mã xã\n"
        "P1,Cổng tỉnh,https://tinh-mau.example,Tỉnh,\n"
        "P2,Xã 1,xa-01.tinh-mau.example,Xã,99001\n"
        "P2,Xã 2,xa-02.tinh-mau.example,Xã,99002\n"  # its code is taken
        "P4,Xã 3,,Xã,99003\n"
        "P5,Xã 4,192.0.2.1,Xã,99004\n"
        "P6,Xã 1 nữa,https://xa-01.tinh-mau.example/,Xã,99001\n"
        "P7,Xã lạ,xa-99.tinh-mau.example,Xã,88888\n",
    )
    assert frame["row"].tolist() == [2, 3, 4, 8]
    assert frame["kind"].tolist() == ["province", "commune", "commune", "commune"]
    assert frame["commune_code"].tolist() == ["", "99001", "99002", ""]
    assert frame["province_code"].tolist() == ["99"] * 4
    assert frame["portal_id"].is_unique
    assert frame["portal_id"].tolist()[2].startswith("p-")
    assert rows_of(log, "portal_id_made") == [4]
    assert rows_of(log, "portal_address_missing") == [5]
    assert rows_of(log, "portal_address_wrong") == [6]
    assert rows_of(log, "portal_twice") == [7]
    assert rows_of(log, "portal_area_unknown") == [8]
    (count,) = log.counts
    assert (count.rows_in, count.rows_used) == (7, 4)


def test_http_and_https_of_one_page_are_one_portal(tmp_path: Path) -> None:
    lines = ["http://a.example,99001\n", "https://a.example/,99001\n", "https://a.example:443,99001\n", "http://a.example:8080/,99001\n", "http://a.example/,99002\n", "https://a.example/tin,99001\n"]
    for order in (lines, lines[::-1]):
        frame, log = read(tmp_path, "url,Mã xã\n" + "".join(order))
        assert sorted(frame["url"] + frame["commune_code"]) == [
            "http://a.example/99002", "http://a.example:8080/99001", "https://a.example/99001", "https://a.example/tin99001",
        ]  # fmt: skip
        assert len(rows_of(log, "portal_twice")) == 2
    one, log = read(tmp_path, "url,Mã xã\nhttp://a.example,99001\n")
    both = settle_portals(pd.concat([one, frame.assign(file="b.csv")], ignore_index=True), log)
    assert set(both["file"]) == {"b.csv"}
    assert rows_of(log, "service_row_repeated") == [2]


def test_made_codes_do_not_depend_on_the_order(tmp_path: Path) -> None:
    lines = ["a.example,99001\n", "b.example,99002\n"]
    one, _ = read(tmp_path, "Tên miền,Mã xã\n" + "".join(lines))
    other, _ = read(tmp_path, "Tên miền,Mã xã\n" + "".join(reversed(lines)))
    assert one["portal_id"].tolist() == other["portal_id"].tolist()[::-1]


def test_two_addresses_that_differ_are_said(tmp_path: Path) -> None:
    frame, log = read(tmp_path, "url,Tên miền,Mã xã\nhttps://a.example/,b.example,99001\n")
    assert frame["host"].tolist() == ["a.example"]
    assert rows_of(log, "portal_host_differs") == [2]


def test_a_list_without_addresses_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="url"):
        read(tmp_path, "Tên,Mã xã\nA,99001\n")
