"""Rows on air without a place: kept as such, with the commune that they name, the technology that they say."""

from __future__ import annotations

from pathlib import Path

from tests.made_up_area import area

HEADER = "Nhà mạng,Mã trạm,Kinh độ,Vĩ độ,Công nghệ,Mã xã,Trạng thái\n"
PLACED = "Viettel,A1,105.15,21.75,4G,,Đang phát sóng\nVinaphone,B1,105.25,21.85,4G,,Đang phát sóng\n"


def _read(folder: Path, network_of, rows: str, *, header: str = HEADER, **options):
    path = folder / "list.csv"
    path.write_text(header + PLACED + rows, encoding="utf-8")
    network = network_of([path], area(), **options)
    columns = ["operator", "site_id", "technologies", "commune_codes", "row"]
    return [tuple(row) for row in network.unplaced[columns].itertuples(index=False)], network


def _stated(log, code: str = "site_without_place"):
    return sorted(int(r) for f in log.findings if f.kind.code == code for r in f.rows)


def test_each_way_a_position_is_lost(tmp_path, network_of, log) -> None:
    found, network = _read(
        tmp_path, network_of,
        "Viettel,A2,,,3G/4G,99007,Đang phát sóng\n"      # missing
        "Viettel,A3,abc,xyz,4G,99008,Đang phát sóng\n"   # unreadable
        "Viettel,A4,0,0,4G,99009,Đang phát sóng\n"       # zero
        "Viettel,A5,5000,300,4G,99010,Đang phát sóng\n"  # no coordinate
        "Viettel,A6,,,,,\n"                              # nothing said at all: anything, anywhere
        "Viettel,,,,,,\n"                                # no site: a stray cell
        "Người lập,,,,,,\n",                            # nor is a footer
    )  # fmt: skip
    assert found == [
        ("Viettel", "A2", "3G,4G", "99007", 4),
        ("Viettel", "A3", "4G", "99008", 5),
        ("Viettel", "A4", "4G", "99009", 6),
        ("Viettel", "A5", "4G", "99010", 7),
        ("Viettel", "A6", "", "", 8),
    ]
    assert _stated(log) == [4, 5, 6, 7, 8]
    assert network.sites["site_id"].tolist() == ["A1", "B1"]


def test_what_serves_nobody_is_not_missed(tmp_path, network_of, log) -> None:
    found, _ = _read(tmp_path, network_of, "Viettel,A2,,,4G,99007,Đã tắt\nViettel,A3,,,4G,99007,Quy hoạch\n")
    assert found == []
    assert _stated(log) == []


def test_a_place_far_away_is_no_missing_place_unless_the_row_names_a_commune_here(tmp_path, network_of, log) -> None:
    found, _ = _read(
        tmp_path, network_of,
        "Viettel,A2,108.15,15.75,4G,,Đang phát sóng\nViettel,A3,108.15,15.75,4G,99011,Đang phát sóng\n",
    )  # fmt: skip
    assert found == [("Viettel", "A3", "4G", "99011", 5)]


def test_another_row_of_the_site_places_it(tmp_path, network_of, log) -> None:
    found, _ = _read(
        tmp_path, network_of,
        "Viettel,A1,,,4G,99007,Đang phát sóng\n"      # the same site and technology
        "Viettel,A1,,,4G/5G,99007,Đang phát sóng\n"   # 5G is said nowhere else: it stands where A1 stands
        "Vinaphone,A1,,,4G,99007,Đang phát sóng\n",   # another operator's A1
    )  # fmt: skip
    assert found == [("Viettel", "A1", "5G", "99001", 5), ("VinaPhone", "A1", "4G", "99007", 6)]


def test_a_placed_site_whose_technology_is_not_known_covers_its_lost_rows(tmp_path, network_of, log) -> None:
    rows = "Viettel,A7,105.35,21.95,,,Đang phát sóng\nViettel,A7,,,4G,99007,Đang phát sóng\n"
    assert _read(tmp_path, network_of, rows)[0] == []  # it may have any technology there already


def test_a_name_that_two_communes_bear_means_both(tmp_path, network_of, log) -> None:
    header = HEADER.replace("Mã xã", "Xã")
    rows = "Viettel,A2,,,4G,Xã Hoà Bình 0,Đang phát sóng\nViettel,A3,,,4G,Xã Không Có,Đang phát sóng\n"
    found, _ = _read(tmp_path, network_of, rows, header=header)
    assert [row[3] for row in found] == ["99000", ""]  # a commune that is not known may be any


def test_a_row_of_nobody_counts_for_everybody_around_its_place(tmp_path, network_of, log) -> None:
    found, _ = _read(tmp_path, network_of, ",C1,105.35,21.95,4G,,Đang phát sóng\n,C2,,,4G,99030,Đang phát sóng\n")
    assert found == [("", "C1", "4G", "99015", 4), ("", "C2", "4G", "99030", 5)]


def test_a_row_of_a_neighbouring_province_is_not_ours(tmp_path, network_of, log) -> None:
    header = HEADER.replace("Mã xã", "Mã tỉnh")
    found, _ = _read(tmp_path, network_of, "Viettel,A2,,,4G,99,Đang phát sóng\n", header=header, provinces=("99",))
    assert [row[3] for row in found] == [""]
    found, _ = _read(tmp_path, network_of, "Viettel,A2,,,4G,99,Đang phát sóng\n", header=header, provinces=("98",))
    assert found == []


def test_cells_that_no_site_holds(tmp_path, network_of, log) -> None:
    sites, cells = tmp_path / "sites.csv", tmp_path / "cells.csv"
    sites.write_text(HEADER + PLACED, encoding="utf-8")
    cells.write_text(
        "Nhà mạng,Mã trạm,Cell ID,Công nghệ,Mã xã\n"
        "Viettel,A1,11,4G,\n"       # its site's place
        "Viettel,X9,12,4G,99020\n"  # a site that no list has
        "Viettel,X9,13,5G,\n",  # it stands where its site stands
        encoding="utf-8",
    )
    network = network_of([sites], area(), cells=[cells])
    columns = ["operator", "site_id", "technologies", "commune_codes", "row"]
    assert [tuple(r) for r in network.unplaced[columns].itertuples(index=False)] == [
        ("Viettel", "X9", "4G", "99020", 3), ("Viettel", "X9", "5G", "99020", 4),
    ]  # fmt: skip
    assert _stated(log, "cell_without_site") == [3, 4]
