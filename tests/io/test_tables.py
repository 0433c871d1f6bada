"""What stands in a sheet beside its rows."""

from __future__ import annotations

from geo.io.raw import TableOptions
from geo.io.tables import load_schema, read_tables


def _read(tmp_path, text, log):
    path = tmp_path / "ds.csv"
    path.write_text(text, encoding="utf-8")
    (table,) = read_tables(path, file="ds.csv", schema=load_schema("stations"), options=TableOptions(), log=log)
    return table


def test_totals_and_signatures_are_no_rows(tmp_path, log):
    table = _read(
        tmp_path,
        "TT,Mã trạm,Tên trạm,Kinh độ,Vĩ độ\n1,T1,Tổng kho Mẫu,105.1,21.8\n2,T2,Ghi chú 5,105.2,21.8\n"
        ",Tổng cộng,2 trạm,,\n,,,,\n,,NGƯỜI LẬP BIỂU,,\n",
        log,
    )
    assert table.frame.index.tolist() == [2, 3]
    assert table.rows_in == 4
    (finding,) = [f for f in log.findings if f.kind.code == "row_not_data"]
    assert finding.rows.tolist() == [4, 6]


def test_a_row_of_data_that_speaks_of_a_total_stays(tmp_path, log):
    table = _read(tmp_path, "Mã trạm,Kinh độ,Vĩ độ,Ghi chú,Nhà mạng\nTổng 1,105.1,21.8,x,Viettel\n", log)
    assert len(table.frame) == 1


def test_a_repeated_header_is_no_row(tmp_path, log):
    table = _read(tmp_path, "Mã trạm,Kinh độ,Vĩ độ\nT1,105.1,21.8\nMã trạm,Kinh độ,Vĩ độ\nT2,105.2,21.8\n", log)
    assert table.frame.index.tolist() == [2, 4]
    assert [f.rows.tolist() for f in log.findings if f.kind.code == "row_repeats_header"] == [[3]]
