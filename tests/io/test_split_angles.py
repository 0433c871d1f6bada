"""Degrees, minutes and seconds in columns of their own, and packed into one number."""

from __future__ import annotations

import numpy as np
import openpyxl
import pytest

from geo.coordinates import looks_packed, parse_angles
from geo.io.raw import TableOptions
from geo.io.tables import load_schema, read_tables

ROWS = [["T1", 104, 58, 24.4, 22, 6, 36], ["T2", 105, 0, 36, 21, 30, 0.5], ["T3", 105, None, None, 21, 30, 0]]
ONE = ["Kinh độ (độ)", "Kinh độ (phút)", "Kinh độ (giây)", "Vĩ độ (độ)", "Vĩ độ (phút)", "Vĩ độ (giây)"]
HEADERS = {
    "one": [["Mã trạm", *ONE]],
    "merged": [["Mã trạm", "Kinh độ", None, None, "Vĩ độ", None, None], [None, *["Độ", "Phút", "Giây"] * 2]],
    "behind": [["Mã trạm", "Kinh độ", "Phút", "Giây", "Vĩ độ", "Phút", "Giây"]],
    "marks": [["Mã trạm", "Lon (°)", "Lon (')", 'Lon (")', "Lat (°)", "Lat (')", 'Lat (")']],
}


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
@pytest.mark.parametrize("header", HEADERS)
def test_split_degrees_are_one_angle(tmp_path, log, suffix, header):
    path = tmp_path / f"ds.{suffix}"
    rows = [*HEADERS[header], *ROWS]
    if suffix == "csv":
        texts = [";".join("" if c is None else str(c).replace(".", ",") for c in r) for r in rows]
        path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    else:
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(path)
    (table,) = read_tables(path, file=path.name, schema=load_schema("stations"), options=TableOptions(), log=log)
    assert len(table.frame) == 3
    lon, lat = parse_angles(table.frame["lon"]), parse_angles(table.frame["lat"])
    np.testing.assert_allclose(lon.values[:2], [104 + 58 / 60 + 24.4 / 3600, 105.01], atol=1e-9)
    np.testing.assert_allclose(lat.values, [22.11, 21.5 + 0.5 / 3600, 21.5], atol=1e-9)
    assert lon.unreadable.tolist() == [False, False, True]


def test_packed_degrees_are_told_from_decimal_ones():
    draw = np.random.default_rng(7)
    minutes, seconds = draw.integers(0, 60, (2, 2, 12))
    packed = np.array([[104.0], [22.0]]) + minutes / 100 + (seconds * 100 + 40) / 1e6
    assert looks_packed(*packed)
    assert not looks_packed(*packed[:, :9])
    assert not looks_packed(*(np.array([[104.0], [22.0]]) + minutes / 60 + seconds / 3600))
    assert not looks_packed(*np.repeat(packed[:, :1], 50, axis=1)), "one place many times tells nothing"
    assert not looks_packed(*np.round(packed, 2)), "two decimals tell nothing"
    assert not looks_packed(np.array([]), np.array([]))
