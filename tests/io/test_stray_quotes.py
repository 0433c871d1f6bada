"""Rows that a stray quote swallows are never lost in silence; addresses with line breaks stay."""

from __future__ import annotations

import pytest

from geo.errors import InputError
from geo.io.raw import TableOptions
from geo.io.tables import load_schema, read_tables

HEADER = "Nhà mạng,Mã trạm,Tên trạm,Kinh độ,Vĩ độ,Công nghệ,Xã\n"


def _rows(n=20):
    return [f"Viettel,T{i},Trạm {i},104.6{i:02d},22.1{i:02d},4G,Xã {i}" for i in range(1, n + 1)]


def _read(tmp_path, text, log):
    path = tmp_path / "ds.csv"
    path.write_text(text, encoding="utf-8", newline="")
    (table,) = read_tables(path, file="ds.csv", schema=load_schema("stations"), options=TableOptions(), log=log)
    return table


@pytest.mark.parametrize(
    ("places", "column", "said"),
    [
        ((3, 15), 2, "the quote in line 4 swallows lines 5–16"),
        ((3, 4), 2, "the quote in line 4 swallows lines 5–5"),
        ((3, 4), 0, "the quote in line 4 swallows lines 5–5"),
        ((3, 4), 6, "the quote in line 4 swallows lines 5–5"),
        ((3,), 2, "the quote in line 4 swallows lines 5–21"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_swallowed_rows_refuse_the_file_and_are_named(tmp_path, log, places, column, said, end):
    rows = _rows()
    for place in places:
        cells = rows[place - 1].split(",")
        cells[column] = '"' + cells[column]
        rows[place - 1] = ",".join(cells)
    with pytest.raises(InputError) as caught:
        _read(tmp_path, HEADER.replace("\n", end) + end.join(rows) + end, log)
    assert said in caught.value.message.en


def test_lines_are_counted_as_the_text_file_has_them(tmp_path, log):
    rows = _rows()
    rows[0] = 'Viettel,T1,Trạm 1,104.601,22.101,4G,"Thôn A\nXã 1"'
    rows[2], rows[14] = rows[2].replace("Trạm", '"Trạm'), rows[14].replace("Trạm", '"Trạm')
    with pytest.raises(InputError, match="in line 5 swallows lines 6–17"):
        _read(tmp_path, HEADER + "\n".join(rows) + "\n", log)


def test_a_title_that_swallows_the_first_of_two_headers(tmp_path, log):
    rows = _rows()
    text = '"DANH SÁCH\n' + HEADER + "\n".join(rows[:5]) + '\n"\n' + HEADER + "\n".join(rows[5:]) + "\n"
    with pytest.raises(InputError, match="in line 1 swallows lines 2–8"):
        _read(tmp_path, text, log)


@pytest.mark.parametrize(
    "address",
    ["Thôn A\nXã B", "Số 5, đường A\nxã B, huyện C", "a,b,c,d,e,f,g\nb,c,d,e,f,g,h\nc,d,e,f,g,h,i", "Trạm\n\n5,5"],
)
@pytest.mark.parametrize("column", [0, 2, 6])
def test_addresses_with_line_breaks_stay(tmp_path, log, address, column):
    rows = _rows()
    cells = rows[4].split(",")
    cells[column] = f'"{address}"'
    rows[4] = ",".join(cells)
    table = _read(tmp_path, HEADER + "\n".join(rows) + "\n", log)
    assert len(table.frame) == 20
    assert not log.findings


def test_a_row_too_long_with_an_address_is_one_row(tmp_path, log):
    rows = _rows()
    rows[4] = 'Viettel,T5,Trạm 5,104,605,22,105,4G,"Thôn A\nXã 5"'
    table = _read(tmp_path, HEADER + "\n".join(rows) + "\n", log)
    assert len(table.frame) == 19
    assert [f.kind.code for f in log.findings] == ["row_wrong_cell_count"]
