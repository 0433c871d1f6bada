"""Findings: numbers of devices and subscribers never reach a report, whatever column they were typed in."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import Bilingual
from geo.validation import Effect, IssueCatalogue, IssueKind, IssueLog, Severity, Source

SAYS = Bilingual("{seen}", "{seen}")
SOURCE = Source("list.csv")
IMEI = "490154203237518"  # the worked example of the check digit that manufacturers publish; no device's


def _log() -> IssueLog:
    return IssueLog(IssueCatalogue({"odd": IssueKind("odd", Severity.INFO, Effect.KEPT, SAYS, SAYS, SAYS)}))


def came(text: object, column: str = "Ghi chú") -> str:
    log = _log()
    log.add("odd", SOURCE, rows=[2], column=column, came=[text])
    return str(log.findings[0].came[0])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (IMEI, "49…"),
        (float(IMEI), "49….0"),  # as a spreadsheet's number comes
        (f"máy {IMEI}.", "máy 49…."),
        (f"{IMEI},{IMEI}", "49…,49…"),
        ("452041234567890", "45…"),  # an IMSI of Vietnam carries no check digit
        ("imsi=310150123456789", "imsi=31…"),
        ("35123456789006", "35…"),
        ("3512345678901202", "35…"),
        (f"IMEI {IMEI} cell 68719476735", "IMEI 49… cell 68719476735"),
        ("IMEI 3512345678901234", "IMEI 35…"),  # with software version: no check digit, but said
        ("0912345678", "09…"),
        ("0387654321; 0512345678", "03…; 05…"),
        ("0912345678,0987654321", "09…,09…"),
        ("gọi 0712345678 hoặc 0812345678", "gọi 07… hoặc 08…"),
        ("+84912345678", "+84…"),
        ("84912345678", "84…"),
        ("0084912345678", "00…"),
        ("+840912345678", "+84…"),
        ("0912 345 678", "09…"),
        ("0912.345.678", "09…"),
        ("091-234-5678", "09…"),
        ("+84 912 345 678", "+84…"),
    ],
)
def test_identities_are_cut_to_two_digits(text: object, shown: str) -> None:
    assert came(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "2431739.15", "2431739.15; 548213.02", "2431739,150312345678", "105.854123; 21.028511",
        "105.0912345678", "105,0912345678", "105.49015420323751", "21.490154203237518",  # decimals, however many
        "268435455", "251658241", "68719476735", "34359738368", "9912345678", "1234567890",  # 28 and 36 bits
        "eNB 104856; cell 26843545", "0212345678", "2026-11-22 08:15:30", "20261101083008", "20261101083016", "1761955200000",
        "490154203237519",  # the check digit does not fit and nothing says what it is
        "0.912.345.678", "1 912 345 678", "45 024.5 m", "EPSG:9210", "", "Trạm 09123",
    ],
)  # fmt: skip
def test_coordinates_cell_identities_and_times_stay(text: str) -> None:
    assert came(text) == text


@pytest.mark.parametrize("column", ["IMEI", "imsi_hash", "Số điện thoại", "SĐT liên hệ", "Số ĐT", "Thuê bao", "MSISDN", "Phone"])
def test_a_header_that_names_an_identity_hides_every_long_number(column: str) -> None:
    assert came("490154203237519", column) == "49…"
    assert came("912345678", column) == "91…"  # a number's leading zero is lost in a spreadsheet
    assert came("không có", column) == "không có"


@pytest.mark.parametrize("column", ["Nhà mạng VinaPhone", "Cell ID", "eNodeB", "Mã trạm", "Tọa độ X"])
def test_other_headers_hide_no_cell_identity(column: str) -> None:
    assert came("68719476735", column) == "68719476735"
    assert came("912345678", column) == "912345678"


def test_sentences_headers_and_single_texts_are_covered() -> None:
    log = _log()
    log.add("odd", SOURCE, came=f"a; {IMEI}", column="0912345678", fields={"seen": f"({IMEI})", "count": 3})
    finding = log.findings[0]
    assert finding.came.tolist() == ["a; 49…"]
    assert finding.column == "09…"
    assert finding.title == Bilingual("(49…)", "(49…)")
    log.add("odd", SOURCE, rows=[2, 3], came=IMEI)
    assert log.findings[1].came.tolist() == ["49…", "49…"]


def test_a_text_is_hidden_before_it_is_cut_short() -> None:
    for before in range(180, 205):
        shown = came("x" * before + IMEI)
        assert len(shown) <= 200
        assert not re.search(r"\d{3}", shown)


def test_each_row_keeps_its_own_text() -> None:
    log = _log()
    texts = ["0912345678", None, float("nan"), "sạch", IMEI, 7, "0912345678"]
    log.add("odd", SOURCE, rows=range(2, 9), came=texts)
    assert log.findings[0].came.tolist() == ["09…", "", "", "sạch", "49…", "7", "09…"]


@given(lon=st.floats(100, 112), lat=st.floats(7, 24), east=st.floats(2e5, 9e5), north=st.floats(7e5, 2.7e6), digits=st.integers(0, 17))
@settings(deadline=None, max_examples=100)
def test_no_coordinate_is_ever_touched(lon: float, lat: float, east: float, north: float, digits: int) -> None:
    for text in (f"{lon:.{digits}f}; {lat:.{digits}f}", f"{east:.{digits}f}; {north:.{digits}f}", str(lon), str(north)):
        assert came(text) == text
        assert came(text.replace(".", ",")) == text.replace(".", ",")


@given(st.integers(0, 2**36 - 1))
@settings(deadline=None, max_examples=100)
def test_no_cell_identity_is_ever_touched(identity: int) -> None:
    assert came(identity, "Cell ID") == str(identity)
    assert came(f"cell {identity}") == f"cell {identity}"


@given(st.lists(st.integers(0, 9), min_size=14, max_size=14), st.sampled_from(["", "x", "; ", "số "]))
@settings(deadline=None, max_examples=100)
def test_every_number_with_its_check_digit_is_hidden(digits: list[int], before: str) -> None:
    doubled = (np.array(digits) * np.array([1, 2] * 7))
    check = -int((doubled // 10 + doubled % 10).sum()) % 10
    number = "".join(map(str, digits)) + str(check)
    assert came(before + number) == f"{before}{number[:2]}…"
