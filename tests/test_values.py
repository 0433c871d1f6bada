"""Cells to values: numbers, codes, dates and yes or no as office files write them."""

from __future__ import annotations

import datetime as dt
import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.values import (
    NumberColumn,
    is_blank,
    parse_codes,
    parse_flags,
    parse_numbers,
    parse_texts,
    parse_times,
    parse_years,
)


def cells(*values: object, text: bool = False) -> pd.Series:
    """A column as a workbook gives it (objects) or as a text file does; rows numbered from 7."""
    index = pd.RangeIndex(7, 7 + len(values), name="row")
    return pd.Series(list(values), index=index, dtype="str" if text else object)


def numbers(*values: object, **options: object) -> NumberColumn:
    return parse_numbers(cells(*values), **options)  # type: ignore[arg-type]


def only(read: NumberColumn) -> tuple[float, str]:
    """The first cell's number, and what became of it."""
    kinds = [n for n in ("blank", "unreadable", "ambiguous", "converted") if getattr(read, n)[0]]
    return float(read.values[0]), "".join(kinds)


# -- numbers ---------------------------------------------------------------------------------------

SURE = [
    ("12", 12), ("12.5", 12.5), ("12,5", 12.5), (",5", 0.5), (".5", 0.5), ("-3,25", -3.25), ("−3.25", -3.25), ("–7", -7), ("+5", 5), ("0", 0), ("-0,0", 0),
    ("1.234.567", 1234567), ("1,234,567", 1234567), ("1.234,5", 1234.5), ("1,234.5", 1234.5), ("2.325.678,45", 2325678.45), ("1 234 567", 1234567),
    ("1\u00a0234", 1234), ("1\u202f234,5", 1234.5), ("1'234'567", 1234567), ("1e3", 1000), ("1.5E-2", 0.015), ("  42  ", 42),
    ("12.", 12), ("1234,567", 1234.567), ("0,001", 0.001), ("20,86\u200b", 20.86), (7, 7), (7.25, 7.25), (np.int64(7), 7), (np.float32(0.5), 0.5), ("１２", 12),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "value"), SURE)
def test_numbers_that_read_one_way(cell: object, value: float) -> None:
    assert only(numbers(cell)) == (value, "")


@pytest.mark.parametrize(
    "cell", ["", "-", "--", "N/A", "n/a", "#N/A", "#REF!", "không có", "KHÔNG RÕ", "chưa có", "...", "?", None, np.nan, pd.NA, "null", "  "]
)
def test_nothing_is_nothing_and_not_nought(cell: object) -> None:
    value, became = only(numbers(cell))
    assert np.isnan(value)
    assert became == "blank"
    assert is_blank(cells(cell)).tolist() == [True]


@pytest.mark.parametrize(
    "cell",
    ["abc", "12abc34", "10-15", "10 - 15", "<50", ">100", "20 1234", "1.2.3", "12,34,567", "--5", "5-", "=1+1", "0x1F", "1_000", "inf", "-inf", "1,23E+5", "12/5",
     "20,5; 105,3", True, False, dt.datetime.fromisoformat("2026-05-03"), dt.date(2026, 5, 3), dt.time(3, 5), pd.Timestamp("2026-05-03"), np.inf],
)  # fmt: skip
def test_what_is_no_number_is_never_one(cell: object) -> None:
    value, became = only(numbers(cell))
    assert np.isnan(value)
    assert became == "unreadable"


def test_a_typed_column_is_taken_as_it_is() -> None:
    read = parse_numbers(pd.Series([1.5, np.nan, np.inf, -2.0]))
    np.testing.assert_array_equal(read.values, [1.5, np.nan, np.nan, -2.0])
    assert read.blank.tolist() == [False, True, False, False]
    assert read.unreadable.tolist() == [False, False, True, False]
    assert parse_numbers(pd.Series([1, 2, 3])).values.tolist() == [1, 2, 3]
    assert parse_numbers(pd.Series([True, False])).unreadable.tolist() == [True, True]


@pytest.mark.parametrize(
    ("column", "first"),
    [
        (("1,234", "2,5"), 1.234), (("1,234", "2.5"), 1234), (("1,234", "1.234.567"), 1.234), (("1,234", "1,234,567"), 1234), (("1,234", "12,3456"), 1.234),
        (("1.234", "2,5"), 1234), (("1.234", "2.5"), 1.234), (("1.234", "1,234.5"), 1.234), (("1.234", "3"), 1.234),
    ],
)  # fmt: skip
def test_the_column_settles_the_decimal_mark(column: tuple[str, ...], first: float) -> None:
    assert only(numbers(*column)) == (first, "")
    assert numbers(*column[::-1]).values[1] == first


def test_a_number_that_reads_two_ways_is_not_guessed() -> None:
    value, became = only(numbers("1,234"))
    assert np.isnan(value)
    assert became == "ambiguous"
    value, became = only(numbers("1,234", "2,5", "2.5"))  # the column contradicts itself
    assert became == "ambiguous"


def test_the_range_decides_where_the_column_does_not() -> None:
    assert only(numbers("1,234", minimum=0, maximum=100)) == (1.234, "")
    assert only(numbers("1,234", minimum=500, maximum=5000)) == (1234, "")
    assert only(numbers("1,234", minimum=0, maximum=5000))[1] == "ambiguous"
    assert only(numbers("105,854", plausible=lambda v: v <= 180 or v >= 200_000)) == (105.854, "")


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (("12.345", "3.456"), (12345, 3456)), (("12.345", "7"), (12345, 7)), (("12.345", ""), (12345, np.nan)), (("1,234", "56"), (1234, 56)),
        (("12.345", "abc"), (12345, np.nan)), (("5,000",), (5000,)), (("5,000", "12"), (5000, 12)), (("5,000", "2,5"), (np.nan, 2.5)),
        (("12.345", "65023.0"), (12.345, 65023)), (("12.345", "1.5"), (12.345, 1.5)), (("1.234.567", "89"), (1234567, 89)), (("123.0", "4.0"), (123, 4)),
    ],
)  # fmt: skip
def test_counts_read_points_as_thousands_unless_shown_otherwise(column: tuple[str, ...], values: tuple[float, ...]) -> None:
    for text in (False, True):
        np.testing.assert_array_equal(parse_numbers(cells(*column, text=text), whole=True).values, values)


@pytest.mark.parametrize(
    ("cell", "unit", "value"),
    [
        ("35m", "m", 35), ("35 m.", "m", 35), ("35 mét", "m", 35), ("12,5 M", "m", 12.5), ("43 dBm", "dBm", 43), ("17 dBi", "dBi", 17), ("20W", "W", 20), ("900 MHz", "MHz", 900),
        ("120°", "°", 120), ("120 độ", "°", 120), ("120 hộ", "", 120), ("4.500 người", "người", 4.5), ("12,5 km²", "km²", 12.5), ("12,5 km2", "km²", 12.5), ("50 km/h", "km/h", 50), ("12%", "", 12),
    ],
)  # fmt: skip
def test_the_fields_own_unit_is_passed_over(cell: str, unit: str, value: float) -> None:
    assert only(numbers(cell, unit=unit)) == (value, "")


@pytest.mark.parametrize(
    ("cell", "unit"),
    [("2,5 km", "m"), ("350 cm", "m"), ("20 dBm", "W"), ("20 kW", "W"), ("1.8 GHz", "MHz"), ("12k", ""), ("1,5 triệu", "người"), ("3 nghìn", "người"), ("5 tr", None), ("2 km", None), ("12 m", "")],
)  # fmt: skip
def test_another_unit_is_never_passed_over(cell: str, unit: str | None) -> None:
    value, became = only(numbers(cell, unit=unit))
    assert np.isnan(value)
    assert became == "unreadable"


@pytest.mark.parametrize("cell", ["100 ft", "100ft", "100 feet", "100'", "100,0 FT"])
def test_feet_are_converted_where_metres_are_meant(cell: str) -> None:
    value, became = only(numbers(cell, metres=True, unit="m"))
    assert value == pytest.approx(30.48)
    assert became == "converted"
    assert only(numbers(cell, unit="W"))[1] == "unreadable"


def test_masks_are_apart_and_aligned() -> None:
    read = numbers("1,5", "", "abc", "12 ft", "1,234", None, metres=True, unit="m")
    told = np.vstack([read.blank, read.unreadable, read.ambiguous, read.converted])
    assert (told.sum(axis=0) <= 1).all()
    assert told[:, 1:4].argmax(axis=0).tolist() == [0, 1, 3]
    np.testing.assert_allclose(read.values, [1.5, np.nan, np.nan, 3.6576, 1.234, np.nan])


def grouped(value: float, decimals: int, thousands: str, decimal: str) -> str:
    text = f"{value:,.{decimals}f}"
    return text.translate(str.maketrans({",": thousands, ".": decimal}))


@given(
    st.lists(st.floats(-9e8, 9e8, allow_nan=False).map(lambda v: round(v, 2)), min_size=1, max_size=20),
    st.sampled_from([(".", ","), (",", "."), (" ", ","), (" ", "."), ("\u00a0", ","), ("'", "."), ("", "."), ("", ",")]),
    st.sampled_from(["", " m", " mét", "\u00a0m"]),
)
@settings(deadline=None, max_examples=250)
def test_what_is_written_in_one_style_reads_back(values: list[float], style: tuple[str, str], unit: str) -> None:
    texts = [grouped(v, 2, *style) + unit for v in values]  # two decimals settle the mark
    for text in (False, True):
        read = parse_numbers(cells(*texts, text=text), unit="m")
        np.testing.assert_allclose(read.values, values, atol=1e-6)
        assert not (read.unreadable | read.ambiguous | read.blank).any()


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=20), st.sampled_from([".", ",", " ", "'", ""]))
@settings(deadline=None, max_examples=250)
def test_counts_read_back(values: list[int], thousands: str) -> None:
    texts = [f"{v:,}".replace(",", thousands) for v in values]
    read = parse_numbers(cells(*texts), whole=True)
    np.testing.assert_array_equal(read.values, values)


@given(st.lists(st.one_of(st.text(max_size=12), st.floats(), st.integers(-(2**53), 2**53), st.none(), st.booleans(), st.datetimes()), max_size=12))
@settings(deadline=None, max_examples=300)
def test_whatever_comes_every_cell_is_accounted_for(values: list[object]) -> None:
    read = numbers(*values)
    gone = read.blank | read.unreadable | read.ambiguous
    np.testing.assert_array_equal(np.isnan(read.values), gone)
    assert not np.isinf(read.values).any()


@given(st.lists(st.sampled_from(["1,5", "2.5", "1,234", "1.234", "", "x", "1.234.567", "7", "12 ft"]), min_size=1, max_size=8), st.booleans())
@settings(deadline=None, max_examples=150)
def test_order_and_repetition_change_nothing(values: list[str], whole: bool) -> None:
    once = numbers(*values, whole=whole, metres=True)
    back = numbers(*values[::-1], whole=whole, metres=True)
    many = parse_numbers(cells(*(values * 700), text=True), whole=whole, metres=True)  # long columns go by distinct cells
    np.testing.assert_array_equal(once.values, back.values[::-1])
    np.testing.assert_array_equal(np.tile(once.values, 700), many.values)
    np.testing.assert_array_equal(np.tile(once.unreadable, 700), many.unreadable)


def test_inputs_stay_as_they_are() -> None:
    column = cells("1,5", "", "abc", 3.0, None)
    before = column.copy()
    parse_numbers(column), parse_texts(column), parse_codes(column, digits=5), parse_flags(column), parse_times(column)
    pd.testing.assert_series_equal(column, before)


# -- texts and codes -------------------------------------------------------------------------------


def test_texts_are_clean_and_keep_their_rows() -> None:
    read = parse_texts(cells("  Xã  Một ", unicodedata.normalize("NFD", "Bản Hai"), None, "không rõ", 12.0, 12.5, 7, True, "N/A"))
    assert read.tolist() == ["Xã Một", "Bản Hai", "", "", "12", "12.5", "7", "1", ""]
    assert read.index.tolist() == list(range(7, 16))


@given(st.lists(st.text(max_size=8), min_size=1, max_size=6))
@settings(deadline=None, max_examples=100)
def test_long_columns_of_text_read_like_short_ones(values: list[str]) -> None:
    filler = [f"Thôn {i}" for i in range(2100)]
    short, long = parse_texts(cells(*values, text=True)), parse_texts(cells(*values, *filler, text=True))
    assert short.tolist() == long.tolist()[: len(values)]


@pytest.mark.parametrize(
    ("cell", "code", "restored"),
    [("00691", "00691", False), ("691", "00691", True), (691, "00691", True), (691.0, "00691", True), ("691.0", "00691", True), ("'00691", "00691", False),
     (" 691 ", "00691", True), ("CH-01", "CH-01", False), ("", "", False), (None, "", False), ("123456", "123456", False), ("6.91", "6.91", False), ("00691\u200b", "00691", False)],
)  # fmt: skip
def test_codes_get_their_zeros_back(cell: object, code: str, restored: bool) -> None:
    codes, mask = parse_codes(cells(cell), digits=5)
    assert codes.tolist() == [code]
    assert mask.tolist() == [restored]


def test_codes_without_a_length_are_left_alone() -> None:
    codes, mask = parse_codes(cells("007", 7, 7.0, "7.0"))
    assert codes.tolist() == ["007", "7", "7", "7.0"]
    assert not mask.any()


@given(st.integers(0, 99999))
@settings(deadline=None, max_examples=100)
def test_a_code_survives_every_spreadsheet(number: int) -> None:
    code = f"{number:05d}"
    for came in (code, number, float(number), str(number), f"{number}.0", f"'{code}"):
        assert parse_codes(cells(came), digits=5)[0].tolist() == [code]


# -- yes and no ------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["Có", "CÓ", "co", "x", "X", "1", 1, 1.0, True, "yes", "Y", "đã có", "Đúng", "✓", "√", "true", "v", "rồi"])
def test_yes(cell: object) -> None:
    flags, bad = parse_flags(cells(cell))
    assert flags.tolist() == [True]
    assert not bad.any()


@pytest.mark.parametrize("cell", ["Không", "KHÔNG", "ko".replace("ko", "khong"), "0", 0, False, "no", "chưa có", "Chưa", "không có", "sai", "N"])
def test_no(cell: object) -> None:
    flags, bad = parse_flags(cells(cell))
    assert flags.tolist() == [False]
    assert not bad.any()


@pytest.mark.parametrize(("cell", "said"), [("", False), (None, False), ("-", False), ("không rõ", False), ("có thể", True), ("2", True), ("một phần", True), ("☐", True)])
def test_neither(cell: object, said: bool) -> None:
    flags, bad = parse_flags(cells(cell))
    assert flags.isna().tolist() == [True]
    assert bad.tolist() == [said]


# -- dates and times -------------------------------------------------------------------------------

MOMENTS = [
    ("31/12/2026", "2026-12-31"), ("1/2/2026", "2026-02-01"), ("01/02/2026", "2026-02-01"), ("31-12-2026", "2026-12-31"), ("31.12.2026", "2026-12-31"), ("2026-12-31", "2026-12-31"),
    ("2026/12/31", "2026-12-31"), ("20261231", "2026-12-31"), ("31/12/26", "2026-12-31"), ("12/2026", "2026-12-01"), ("2026", "2026-01-01"), (2026, "2026-01-01"),
    ("ngày 31 tháng 12 năm 2026", "2026-12-31"), ("Ngày 5 tháng 3 năm 2026", "2026-03-05"), ("Tháng 12/2026", "2026-12-01"), ("tháng 12 năm 2026", "2026-12-01"),
    ("31/12/2026 14:05", "2026-12-31 14:05"), ("31/12/2026 14:05:06", "2026-12-31 14:05:06"), ("14:05:06 31/12/2026", "2026-12-31 14:05:06"), ("14:05 31/12/2026", "2026-12-31 14:05"),
    ("31/12/2026 14h05", "2026-12-31 14:05"), ("31/12/2026 2:05:06 CH", "2026-12-31 14:05:06"), ("31/12/2026 2:05 SA", "2026-12-31 02:05"), ("31/12/2026 12:05 SA", "2026-12-31 00:05"),
    ("31/12/2026 12:05 CH", "2026-12-31 12:05"), ("2026-12-31T10:11:12Z", "2026-12-31 10:11:12"), ("2026-12-31T10:11:12+07:00", "2026-12-31 10:11:12"),
    ("2026-12-31 10:11:12.250", "2026-12-31 10:11:12.250"), ("2026.12.31_10.11.12", "2026-12-31 10:11:12"), ("20261231101112", "2026-12-31 10:11:12"),
    (46387, "2026-12-31"), ("46387", "2026-12-31"), (46387.5, "2026-12-31 12:00"), (1761123102, "2025-10-22 08:51:42"), ("1761112310203", "2025-10-22 05:51:50.203"),
    (dt.datetime.fromisoformat("2026-12-31 10:11:12.250"), "2026-12-31 10:11:12.250"), (dt.date(2026, 12, 31), "2026-12-31"), (pd.Timestamp("2026-12-31 10:11"), "2026-12-31 10:11"),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "moment"), MOMENTS)
def test_moments(cell: object, moment: str) -> None:
    times, bad = parse_times(cells(cell))
    assert times.dtype == "datetime64[ns]"
    assert times.tolist() == [pd.Timestamp(moment)]
    assert not bad.any()


@pytest.mark.parametrize(
    "cell",
    ["12/31/2026", "29/02/2025", "00/00/0000", "0", "31/12/9999", "01/01/0001", "13:05 CH 31/12/2026", "32/01/2026", "hôm qua", "31/12", "2026-13-01", "5", -1, 1e300, "99999999",
     dt.date(9999, 12, 31), True, "31/12/2026 25:00", "1e5000"],
)  # fmt: skip
def test_what_is_no_moment_is_said(cell: object) -> None:
    times, bad = parse_times(cells(cell))
    assert times.isna().tolist() == [True]
    assert bad.tolist() == [True]


def test_blank_dates_are_not_bad() -> None:
    times, bad = parse_times(cells("", None, "-", "chưa có", np.nan))
    assert times.isna().all()
    assert not bad.any()


def test_wall_time_is_kept_whatever_the_zone() -> None:
    aware = pd.Series(pd.to_datetime(["2026-12-31 10:11:12"]).tz_localize("Asia/Ho_Chi_Minh"))
    assert parse_times(aware)[0].tolist() == [pd.Timestamp("2026-12-31 10:11:12")]


LAYOUTS = ["%d/%m/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d-%m-%Y %H:%M:%S", "%Y.%m.%d_%H.%M.%S", "%H:%M:%S %d/%m/%Y", "%Y%m%d%H%M%S", "%Y/%m/%d %H:%M:%S"]


@given(st.lists(st.datetimes(dt.datetime.fromisoformat("1990-01-01"), dt.datetime.fromisoformat("2099-12-31")), min_size=1, max_size=8), st.sampled_from(LAYOUTS))
@settings(deadline=None, max_examples=60)
def test_moments_read_back(moments: list[dt.datetime], layout: str) -> None:
    whole = [m.replace(microsecond=0) for m in moments]
    times, bad = parse_times(cells(*[m.strftime(layout) for m in whole]))
    assert times.tolist() == [pd.Timestamp(m) for m in whole]
    assert not bad.any()


@given(st.dates(dt.date(1990, 1, 1), dt.date(2099, 12, 31)))
@settings(deadline=None, max_examples=25)
def test_a_day_survives_every_spelling_and_excel(day: dt.date) -> None:
    serial = (day - dt.date(1899, 12, 30)).days
    for came in (day, f"{day.day}/{day.month}/{day.year}", day.isoformat(), serial, float(serial), str(serial),
                 f"ngày {day.day} tháng {day.month} năm {day.year}", day.strftime("%Y%m%d")):  # fmt: skip
        assert parse_times(cells(came))[0].tolist() == [pd.Timestamp(day)], came


@given(st.lists(st.one_of(st.text(alphabet="0123456789/-:. TtZCHSAngàytháng", max_size=20), st.integers(), st.floats(), st.dates(), st.datetimes(), st.none()), max_size=10))
@settings(deadline=None, max_examples=100)
def test_whatever_comes_no_date_is_invented_in_silence(values: list[object]) -> None:
    column = cells(*values)
    times, bad = parse_times(column)
    assert not (times.notna().to_numpy() & bad).any()
    unknown = times.isna().to_numpy() & ~bad
    assert (unknown <= is_blank(column)).all()


def test_typed_dates_beyond_what_nanoseconds_hold_are_named() -> None:
    cells = pd.Series(np.array(["0001-01-02", "2026-09-01", "NaT", "9999-12-31"], dtype="datetime64[us]"))
    times, bad = parse_times(cells)
    assert bad.tolist() == [True, False, False, True]
    assert times.tolist() == [pd.NaT, pd.Timestamp("2026-09-01"), pd.NaT, pd.NaT]
    zoned, bad = parse_times(cells.dt.tz_localize("UTC"))
    assert bad.tolist() == [True, False, False, True]
    assert zoned[1] == pd.Timestamp("2026-09-01")


@pytest.mark.parametrize(
    ("said", "year", "span"),
    [
        (2027, 2027, False), (2027.0, 2027, False), ("2027.0", 2027, False), ("Năm 2027", 2027, False), ("2027 (dự kiến)", 2027, False), ("dự kiến 2027", 2027, False),
        ("Quý III/2027", 2027, False), ("QIII/2027", 2027, False), ("T10/2027", 2027, False), ("31/12/2027", 2027, False), ("2027-08", 2027, False), ("２０２７", 2027, False),
        ("2027\u00a0", 2027, False), (dt.date(2027, 3, 1), 2027, False), ("2027-2028", 2028, True), ("2027 – 2028", 2028, True), ("2027, 2028", 2028, True), ("2027-28", 2028, True),
        ("giai đoạn 2026-2030", 2030, True), ("Quý III/2027 - Quý I/2028", 2028, True),
    ],
)  # fmt: skip
def test_years_as_plans_write_them(said: object, year: int, span: bool) -> None:
    values, spans, bad = parse_years(cells(said, None))
    assert [values[0], spans.tolist(), bad.tolist()] == [year, [span, False], [False, False]]
    assert np.isnan(values[1])
    if span:
        assert parse_years(cells(said), last=False)[0][0] < year


@pytest.mark.parametrize(
    ("said", "last", "first"),
    [
        ("từ 2027", np.nan, 2027), ("từ năm 2027", np.nan, 2027), ("từ quý III/2027", np.nan, 2027), ("đến 2027", 2027, np.nan), ("hết năm 2027", 2027, np.nan),
        ("từ 2027 đến 2029", 2029, 2027), ("từ tháng 1 đến tháng 12/2027", 2027, 2027), ("sau 2027", np.nan, np.nan), ("trước quý 3/2027", np.nan, np.nan),
    ],
)  # fmt: skip
def test_a_bound_is_a_year_only_at_the_end_that_it_tells(said: str, last: float, first: float) -> None:
    np.testing.assert_array_equal([parse_years(cells(said), last=way)[0][0] for way in (True, False)], [last, first])


@pytest.mark.parametrize("said", ["~40", "≈ 40", "khoảng 40", "Khoảng 40 m", "ước tính 40", "chừng 40m", "40 (ước tính)", "40 m (khoảng)", "40~", "about 40"])
def test_an_estimate_is_read_where_it_is_said_and_told(said: str) -> None:
    read = numbers(said, "41", unit="m", estimates=True)
    assert (read.values.tolist(), read.approximate.tolist()) == ([40, 41], [True, False])
    refused = numbers(said, "41", unit="m")
    assert (refused.unreadable.tolist(), refused.approximate.any()) == ([True, False], False)


@pytest.mark.parametrize("said", [">40", "≥40", "40+", "gần 40", "hơn 40", "trên 40", "dưới 40", "khoảng 30-40", "~", "khoảng", "1/2", "1 / 2", "½", "3/4 m", "1/2/2026"])
@pytest.mark.parametrize("unit", [None, "", "m", "km²"])
def test_a_bound_a_fraction_and_a_range_are_no_number(said: str, unit: str | None) -> None:
    read = numbers(said, unit=unit, estimates=True)
    assert np.isnan(read.values[0])
    assert read.unreadable.tolist() == [True]


@pytest.mark.parametrize("said", ["sau 2027", "trước 2028", "> 2027", "2027?", "27", "2027 (chuyển 2028)", "2027 hoặc 2028", "2028-2027", 2027.5, "46388", "Năm thứ 2", "không 2027"])
def test_what_may_be_another_year_is_none(said: object) -> None:
    values, spans, bad = parse_years(cells(said))
    assert np.isnan(values[0])
    assert [spans.tolist(), bad.tolist()] == [[False], [True]]


def test_a_day_needs_eight_figures() -> None:
    """"202613" is no 3 January 2026."""
    assert parse_times(cells("202613", text=True))[1].tolist() == [True]
    assert parse_times(cells("20260103", text=True))[0].iloc[0] == pd.Timestamp("2026-01-03")


@pytest.mark.parametrize("said", ["40 trở lên", "95 trở xuống", "40 or more", "20 tối thiểu"])
def test_a_word_that_makes_a_bound_is_not_passed_over(said: str) -> None:
    assert parse_numbers(cells(said)).unreadable.tolist() == [True]


@pytest.mark.parametrize(
    ("said", "code"),
    [("99000.", "99000"), ("99000.0", "99000"), ("９９０００", "99000"), ('="09900"', "09900"), ("\u00a099000 ", "99000"), ("'09900", "09900"), ("9900.0", "09900"), ("99.000", "99.000")],
)
def test_commune_codes_as_files_spoil_them(said: str, code: str) -> None:
    """"99.000" may be 99 or 99 thousand: it was read as 00099."""
    assert parse_codes(cells(said, text=True), digits=5)[0].tolist() == [code]


def test_site_codes_that_all_went_through_decimal_numbers() -> None:
    assert parse_codes(cells("1201.0", "1202.0", None, text=True))[0].tolist() == ["1201", "1202", ""]
    assert parse_codes(cells("1201.0", "A1.0", text=True))[0].tolist() == ["1201.0", "A1.0"]


@pytest.mark.parametrize(
    "said", ["01-Sep-2026 08:00:00", "1 Sep 2026 08:00:00", "Sep 1, 2026 08:00", "September 1 2026 8:00:00 AM", "Tue, 01 Sep 2026 08:00:00", "01.09.2026 08:00", "01-09-2026 08:00", "2026/09/01 08:00", "46266,333333333336"]
)
def test_moments_that_read_one_way_only(said: str) -> None:
    times, bad = parse_times(cells(said, text=True))
    assert [times.iloc[0], bad.tolist()] == [pd.Timestamp("2026-09-01 08:00:00"), [False]]
