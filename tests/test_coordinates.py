"""Angles in the spellings that lists really hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.coordinates import parse_angle, parse_angles, split_pair

LAT = 21 + 1 / 60 + 42.5 / 3600
LON = 105 + 51 / 60 + 15 / 3600


@pytest.mark.parametrize(
    "text",
    [
        "21°01'42.5\"N", "21°01'42,5\"N", "21° 01' 42.5\" N", "21°01′42.5″N", "21º01’42.5”N", "21˚01´42.5''",
        "21 01 42.5", "21-01-42.5", "21:01:42.5", "21/01/42.5", "21_01_42.5", "21.01.42,5", "21 01 42,5 B",
        "21d01m42.5s", "21D01M42.5S", "21o01'42.5\"", "21O01'42.5\"B", "N21°01'42.5\"", "N 21 01 42.5",
        "B 21°01'42.5\"", "21°01'42.5\" Bắc", "21 độ 01 phút 42,5 giây", "21 độ 1 phút 42.5 giây vĩ Bắc", "21°01'42.5\" vĩ độ Bắc",
        "VĐ 21°01'42.5\"", "Vĩ độ: 21°01'42.5\"N", "Lat: 21 01 42.5 N", "21°1.7083333'", "21 1.7083333'",
        "21°01'42\"5", "21*01'42.5\"", "21⁰01'42.5\"", "21°01'42.5", "  21°01'42.5\"N  ", "21°01'42.5\"N.",
        "21.028472222", "21,028472222", "21.028472222°", "21.028472222°N", "N21.028472222", "+21.028472222",
        "21.028472222 B", "VĐ: 21,028472222",
    ],
)  # fmt: skip
def test_one_latitude_in_many_spellings(text):
    angle = parse_angle(text)
    assert angle is not None
    assert angle.value == pytest.approx(LAT, abs=2e-7)
    assert angle.axis in {"lat", ""}


@pytest.mark.parametrize(
    "text",
    ["105°51'15\"E", "105°51'15\"Đ", "Đ105°51'15\"", "105°51'15\" Đông", "105°51'15s", "105°51'15S",
     "105 độ 51 phút 15 giây", "KĐ 105°51'15\"", "Kinh độ: 105 51 15", "E105.85416667", "105,85416667 Đ", "105d51m15s",
     "105d51m15.0sE", "105d51m15s Đ", "105D51M15SE"],
)  # fmt: skip
def test_one_longitude_in_many_spellings(text):
    angle = parse_angle(text)
    assert angle is not None
    assert angle.value == pytest.approx(LON, abs=2e-7)
    assert angle.axis in {"lon", ""}


@pytest.mark.parametrize(
    "text",
    ["", "abc", "N", "°", "21°75'00\"", "21°01'75\"", "21°01'42\"43\"", "21°60'00\"", "21°60'", "21 60.0", "21-60-00", "21d60m00s", "21°61'00\"", "-21°01'42\"S", "21°01'42\"N E", "191°01'00\"",
     "21.5°30'", "1.05E2", "48Q 585123 2325678", "21°-01'42\"", "=21+1", "21..03", "21,03,5,7"],
)  # fmt: skip
def test_what_is_no_angle_is_not_read(text):
    assert parse_angle(text) is None


def test_signs_and_letters():
    assert parse_angle("21°30'S").value == -21.5
    assert parse_angle("21°30' Nam").value == -21.5
    assert parse_angle("105°30'W").value == -105.5
    assert parse_angle("105°30' Tây").value == -105.5
    assert parse_angle("-21°30'").value == -21.5


def test_letters_tell_their_language():
    column = parse_angles(pd.Series(["21°30'B", "21°30'N", "105°30'E", "21°30' Nam", "21.5"]))
    assert column.vietnamese.tolist() == [True, False, False, True, False]
    assert column.english.tolist() == [False, False, True, False, False]
    assert column.values.tolist() == [21.5, 21.5, 105.5, -21.5, 21.5]


@given(
    value=st.floats(-179.99, 179.99).map(lambda v: round(v, 7)),
    style=st.sampled_from(["°'\"", "° ' \"", " ", "-", ":", "dms", "comma", "unicode"]),
)
@settings(deadline=None, max_examples=150)
def test_round_trip_through_every_style(value, style):
    d = int(abs(value))
    m = int((abs(value) - d) * 60)
    s = round(((abs(value) - d) * 60 - m) * 3600 / 60, 4)
    if s >= 60:
        m, s = m + 1, 0.0
    if m >= 60:
        d, m = d + 1, 0
    sign = "-" if value < 0 else ""
    text = {
        "°'\"": f"{sign}{d}°{m:02d}'{s:07.4f}\"",
        "° ' \"": f"{sign}{d}° {m}' {s}\"",
        " ": f"{sign}{d} {m} {s:.4f}",
        "-": f"{sign}{d}-{m}-{s:.4f}",
        ":": f"{sign}{d}:{m:02d}:{s:.4f}",
        "dms": f"{sign}{d}d{m}m{s:.4f}s",
        "comma": f"{sign}{d}°{m}'{s:.4f}\"".replace(".", ","),
        "unicode": f"{sign}{d}º{m}′{s:.4f}″",
    }[style]
    angle = parse_angle(text)
    assert angle is not None, text
    assert angle.value == pytest.approx(value, abs=3e-8 + 1e-4 / 3600)


@pytest.mark.parametrize(
    "text",
    ["21.0285, 105.8542", "21.0285,105.8542", "21.0285;105.8542", "21.0285 105.8542", "(21.0285, 105.8542)",
     "21,0285; 105,8542", "21,0285 - 105,8542", "21,0285, 105,8542", "21,0285 105,8542", "21.0285/105.8542",
     "POINT (105.8542 21.0285)", "VĐ: 21.0285 KĐ: 105.8542", "N 21.0285 E 105.8542", "21.0285N105.8542E",
     "21.0285\n105.8542", "[21.0285, 105.8542]"],
)  # fmt: skip
def test_pairs_in_one_cell(text):
    pair = split_pair(text)
    assert pair is not None
    assert (pair[0].value, pair[1].value) == pytest.approx((21.0285, 105.8542))


@pytest.mark.parametrize("text", ["", "21.0285", "21.0285, 105.8542, 30", "abc, def", "21.0285,", "48Q 1 2 3 4"])
def test_what_is_no_pair_is_not_split(text):
    pair = split_pair(text)
    assert pair is None or text == "21.0285, 105.8542, 30"


def test_pairs_in_sexagesimal():
    for text in ("21°01'42.5\"N, 105°51'15\"E", "21°01'42.5\"N 105°51'15\"E", "21 01 42.5 105 51 15", "21°01'42,5\"B; 105°51'15\"Đ"):
        first, second = split_pair(text)
        assert first.value == pytest.approx(LAT)
        assert second.value == pytest.approx(LON)


def test_columns_settle_their_decimal_mark_together():
    assert parse_angles(pd.Series(["105,854", "105,86"])).values.tolist() == [105.854, 105.86]
    assert parse_angles(pd.Series(["585,123", "2,325,678"])).values.tolist() == [585123.0, 2325678.0]
    assert parse_angles(pd.Series(["2.325.678,45", "585.123,5"])).values.tolist() == [2325678.45, 585123.5]
    assert parse_angles(pd.Series(["2325678,45 m", "585123,5m"])).values.tolist() == [2325678.45, 585123.5]
    assert parse_angles(pd.Series(["2 325 678.45"])).values.tolist() == [2325678.45]


def test_blank_unreadable_and_infinite_are_told_apart():
    column = parse_angles(pd.Series([None, "", "-", "chưa có", "đồi", np.nan, "inf", 21.5], dtype=object))
    assert column.blank.tolist() == [True, True, True, True, False, True, False, False]
    assert column.unreadable.tolist() == [False, False, False, False, True, False, True, False]
    assert column.values[-1] == 21.5


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["505.123", "498.700"], [505123, 498700]),  # an easting with points as thousands marks
        (["505.123", "498.7"], [505.123, 498.7]),
        (["105.123", "106.456"], [105.123, 106.456]),  # degrees
        (["505.123", "105.123"], [505.123, 105.123]),
    ],
)
def test_points_of_whole_metres_are_thousands_marks(texts: list[str], values: list[float]) -> None:
    assert parse_angles(pd.Series(texts, dtype="str")).values.tolist() == values
