"""Technologies, channel numbers, bands, identities and levels; expected figures from the 3GPP tables by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.io.catalogues import band_catalogue
from geo.radio import TECHNOLOGIES, BandColumn, Channels, split_lte_identity, split_umts_identity

RADIO = band_catalogue()


def channels(numbers: list[float], technologies: list[str]) -> Channels:
    return RADIO.channels(pd.Series(numbers, dtype=float), technology=pd.Series(technologies, dtype="str"))


def band_labels(cells: pd.Series, technologies: list[str]) -> BandColumn:
    return RADIO.band_labels(cells, technology=pd.Series(technologies, dtype="str"))


@pytest.mark.parametrize(
    ("spelling", "technology"),
    [
        ("GSM", "2G"), ("2g", "2G"), ("GPRS", "2G"), ("EDGE", "2G"), ("E", "2G"),
        ("UMTS", "3G"), ("WCDMA", "3G"), ("HSPA", "3G"), ("HSPA+", "3G"), ("H+", "3G"), ("HSDPA", "3G"), ("3G ", "3G"),
        ("LTE", "4G"), ("LTE-A", "4G"), ("LTE+", "4G"), ("4G", "4G"), ("4g+", "4G"), ("LTE_CA", "4G"), ("4G (LTE)", "4G"),
        ("NR", "5G"), ("5G", "5G"), ("5G-NSA", "5G"), ("5G SA", "5G"), ("ENDC", "5G"), ("EN-DC", "5G"), ("5G NR", "5G"),
    ],
)  # fmt: skip
def test_technologies_in_their_spellings(spelling: str, technology: str) -> None:
    found = RADIO.technology_column(pd.Series([spelling]))
    assert found.values.tolist() == [technology]
    assert not found.no_service.any()
    assert not found.unknown.any()


def test_no_service_is_not_an_unknown_technology() -> None:
    found = RADIO.technology_column(pd.Series(["No service", "NO_COVERAGE", "Mất sóng", "Emergency only", "--", None, "CDMA", "6G"]))
    assert found.no_service.tolist() == [True, True, True, True, False, False, False, False]
    assert found.unknown.tolist() == [False] * 6 + [True, True]
    assert (found.values == "").all()


def test_several_technologies_in_one_cell() -> None:
    values, bad = RADIO.technology_sets(pd.Series(["3G/4G", "4G, NR", "2G+3G+4G", "HSPA+ & LTE+", "4G+", "3G, XYZ", "", "3G4G"]))
    assert values.tolist() == ["3G,4G", "4G,5G", "2G,3G,4G", "3G,4G", "4G", "", "", "3G,4G"]
    assert bad.tolist() == [False, False, False, False, False, True, False, False]


@pytest.mark.parametrize(
    ("channel", "technology", "band", "mhz"),
    [
        (1, "2G", "G900", 935.2),  # TS 45.005, 2: Fu = 890 + 0.2 n, Fd = Fu + 45
        (0, "2G", "G900", 935.0),
        (975, "2G", "G900", 925.2),  # 890 + 0.2 (975 - 1024) + 45
        (512, "2G", "G1800", 1805.2),  # 1710.2 + 95
        (885, "2G", "G1800", 1879.8),
        (128, "2G", "G850", 869.2),
        (10562, "3G", "U1", 2112.4),  # TS 25.101, table 5.2
        (10637, "3G", "U1", 2127.4),
        (10838, "3G", "U1", 2167.6),
        (2937, "3G", "U8", 927.4),
        (3088, "3G", "U8", 957.6),
        (1162, "3G", "U3", 1807.4),
        (4357, "3G", "U5", 871.4),
        (0, "4G", "B1", 2110.0),  # TS 36.101, table 5.7.3-1
        (1300, "4G", "B3", 1815.0),
        (1575, "4G", "B3", 1842.5),
        (2850, "4G", "B7", 2630.0),
        (3500, "4G", "B8", 930.0),
        (6200, "4G", "B20", 796.0),
        (9360, "4G", "B28", 773.0),
        (38950, "4G", "B40", 2330.0),
        (66536, "4G", "B66", 2120.0),
        (636666, "5G", "n78", 3549.99),  # TS 38.104, 5.4.2.1: 3000 + 0.015 (N - 600000)
        (648000, "5G", "n78", 3720.0),
        (653332, "5G", "n78", 3799.98),
        (657000, "5G", "n77", 3855.0),
        (509202, "5G", "n41", 2546.01),
        (156510, "5G", "n28", 782.55),
        (2054166, "5G", "n258", 26500.02),
    ],
)
def test_channel_numbers_by_hand(channel: int, technology: str, band: str, mhz: float) -> None:
    found = channels([channel], [technology])
    assert found.band[0] == band
    assert found.downlink_mhz[0] == pytest.approx(mhz, abs=1e-6)
    assert found.technology[0] == technology
    assert not found.ambiguous[0]
    assert not found.unknown[0]


def test_bands_that_share_a_number_are_named() -> None:
    found = channels([600, 648000, 10637, 4400], ["2G", "5G", "3G", "3G"])
    assert found.alternatives.tolist() == ["G1900", "n77", "", "U6"]


def test_a_number_without_technology_is_resolved_only_if_one_has_it() -> None:
    found = channels([10637, 2850, 600, 1300, 648000, 99999999, np.nan, 12.5], [""] * 8)
    assert found.technology.tolist() == ["3G", "4G", "", "", "5G", "", "", ""]
    assert found.ambiguous.tolist() == [False, False, True, True, False, False, False, False]
    assert found.unknown.tolist() == [False, False, False, False, False, True, False, True]
    assert np.isnan(found.downlink_mhz.to_numpy()[[2, 3, 5, 6, 7]]).all()


def test_a_number_of_another_technology_is_unknown() -> None:
    found = channels([10637], ["4G"])
    assert found.unknown.tolist() == [True]
    assert found.technology.tolist() == ["4G"]


@pytest.mark.parametrize(
    ("text", "technology", "band"),
    [
        ("L7", "", "B7"), ("L3", "4G", "B3"), ("L20", "", "B20"), ("U1", "", "U1"), ("U8", "3G", "U8"),
        ("B3", "", "B3"), ("Band 3", "", "B3"), ("3", "4G", "B3"), ("1", "3G", "U1"), ("LTE 1800", "", "B3"),
        ("L1800", "", "B3"), ("1800", "4G", "B3"), ("1800", "2G", "G1800"), ("GSM 900", "", "G900"), ("900", "3G", "U8"),
        ("n78", "", "n78"), ("N41", "", "n41"), ("NR 3700", "", "n78"), ("78", "5G", "n78"), ("2100 MHz", "3G", "U1"),
        ("B7", "3G", ""), ("1800", "", ""), ("2600", "4G", ""), ("B999", "", ""), ("hello", "4G", ""),
    ],
)  # fmt: skip
def test_band_names(text: str, technology: str, band: str) -> None:
    assert RADIO.band(text, technology) == band


def test_band_column_implies_the_technology() -> None:
    found = band_labels(pd.Series(["L7", "U1", "", None, "??x"]), ["", "", "", "", ""])
    assert found.band.tolist() == ["B7", "U1", "", "", ""]
    assert found.technology.tolist() == ["4G", "3G", "", "", ""]
    assert found.unknown.tolist() == [False, False, False, False, True]


def test_cell_identities() -> None:
    node, cell = split_lte_identity([124546051, 8302919, 255, 1 << 28, np.nan, 300.5])
    assert node[:2].tolist() == [486508, 32433]
    assert cell[:2].tolist() == [3, 71]
    assert np.isnan(node[2:]).all()
    rnc, ci = split_umts_identity([2 * 65536 + 10222, 10222, -1])
    assert rnc[0] == 2
    assert np.isnan(rnc[1:]).all()
    assert ci[:2].tolist() == [10222, 10222]


def test_level_ranges_include_their_ends_and_nothing_else() -> None:
    assert RADIO.levels["4G"].holds(np.array([-140.0, -44.0, -140.1, -43.9, np.nan, -24.0, -200.0])).tolist() == [
        True, True, False, False, False, False, False,
    ]  # fmt: skip
    assert not RADIO.levels["3G"].holds(np.array([-24.0]))[0]
    assert set(RADIO.levels) == set(TECHNOLOGIES)


def test_band_tables_hold_together() -> None:
    for technology in ("3G", "4G"):
        bands = [b for b in RADIO.bands if b.technology == technology]
        if technology == "4G":  # E-UTRA channel numbers are given once
            ordered = sorted(bands, key=lambda b: b.first)
            assert all(a.last < b.first for a, b in itertools.pairwise(ordered))
        for band in bands:
            assert 400 < RADIO.centre_mhz(band.name) < 6000
            assert band.name in RADIO.band_at(technology, RADIO.centre_mhz(band.name))
    # consecutive stretches of the NR raster meet
    ends = [float(r.frequency_mhz(np.array([r.last], dtype=float))[0]) for r in RADIO.raster]
    assert ends == [2999.995, 24249.99, 99999.96]


@settings(deadline=None, max_examples=300)
@given(st.integers(-10, 3_300_000), st.sampled_from(["", *TECHNOLOGIES]))
def test_a_channel_is_resolved_ambiguous_or_unknown(channel: int, technology: str) -> None:
    found = channels([channel], [technology])
    resolved = np.isfinite(found.downlink_mhz[0])
    assert int(resolved) + int(found.ambiguous[0]) + int(found.unknown[0]) == 1
    if resolved:
        assert found.band[0] in RADIO.band_at(str(found.technology[0]), float(found.downlink_mhz[0]))


@settings(deadline=None, max_examples=200)
@given(st.integers(1, (1 << 20) - 1), st.integers(0, 255))
def test_lte_identity_round_trip(node: int, cell: int) -> None:
    assert [float(v[0]) for v in split_lte_identity([node * 256 + cell])] == [node, cell]


@pytest.mark.parametrize(
    ("said", "meant", "one"),
    [
        ("4G, 5G", "4G,5G", ""), ("4G+5G", "4G,5G", ""), ("5G+4G", "4G,5G", ""), ("4G/5G", "4G,5G", ""), ("4G & 5G", "4G,5G", ""), ("4G và 5G", "4G,5G", ""),
        ("４G＋５G", "4G,5G", ""), ("4G – 5G", "4G,5G", ""), ("LTE/NR", "4G,5G", ""), ("LTE+NR", "4G,5G", ""), ("NR+LTE", "4G,5G", ""), ("4G+/5G", "4G,5G", ""),
        ("2G/3G/4G", "2G,3G,4G", ""), ("2/3/4G", "2G,3G,4G", ""), ("2G3G4G", "2G,3G,4G", ""), ("2G-3G-4G", "2G,3G,4G", ""), ("GSM-LTE", "2G,4G", ""),
        ("4G/LTE", "4G", "4G"), ("LTE CA", "4G", "4G"), ("4G FDD", "4G", "4G"), ("LTE1800", "4G", "4G"), ("UMTS/HSPA+", "3G", "3G"), ("NR SA", "5G", "5G"),
        ("5G NSA", "5G", "5G"), ("EN-DC", "5G", "5G"), ("LTE-NR", "4G,5G", "5G"), ("LTE_NR", "4G,5G", "5G"),
    ],
)  # fmt: skip
def test_several_technologies_are_several_to_a_list_and_none_alone_to_a_measurement(said: str, meant: str, one: str) -> None:
    """EN-DC ("LTE-NR", "5G NSA") is one service, of 5G over an anchor of 4G; other marks between the names make a list of both."""
    sets, bad = RADIO.technology_sets(pd.Series([said]))
    assert sets.tolist() == [meant]
    assert not bad.any()
    column = RADIO.technology_column(pd.Series([said]))
    assert (column.values[0], column.several[0], column.unknown[0]) == (one, one == "", False)


def test_a_range_of_technologies_may_have_one_in_between() -> None:
    sets, bad = RADIO.technology_sets(pd.Series(["2G-4G", "3G-4G", "2G~4G"]))
    assert sets.tolist() == ["", "3G,4G", ""]
    assert bad.tolist() == [True, False, True]


@pytest.mark.parametrize(
    "said",
    [
        "không có 5G", "4G, chưa có 5G", "4G (không 5G)", "4G; 5G: 0", "4G - dự kiến 5G 2028", "4G, 5G 2028", "5G (2027)", "4G (tắt 3G)", "Chưa lắp 4G", "4G: ; 5G:",
        "≥3G", "5G?", "5G (*)", "4G, 5G*", "2-4G", "2-5G", "3-5G", "3,5G", "G2100", "GSM 900, 1800, 2100", "G900/U2100/X1800",
    ],
)  # fmt: skip
def test_nothing_is_taken_from_a_cell_that_says_more_than_names(said: str) -> None:
    sets, bad = RADIO.technology_sets(pd.Series([said]))
    assert sets.tolist() == [""]
    assert bad.tolist() == [True]


@pytest.mark.parametrize(
    "said", ["5G (2027)", "5G [2027]", "5G: 2027", "5G (dự kiến)", "5G (kế hoạch 2028)", "5G: chưa", "5G (không)", "5G: 0", "4G (tắt)", "LTE (planned)", "4G (từ 2019)"]
)
def test_a_measurement_is_on_no_technology_that_is_announced_denied_or_dated(said: str) -> None:
    column = RADIO.technology_column(pd.Series([said, "5G (NSA)", "4G (n78)", "4G (máy 2)"]))
    assert column.values.tolist() == ["", "5G", "", "4G"]
    assert column.unknown.tolist() == [True, False, False, False]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("G900/U2100/L1800", "2G,3G,4G"), ("GSM900, U2100, L1800", "2G,3G,4G"), ("L2600 + N3500", "4G,5G"), ("B3, n78", "4G,5G"), ("3G U900", "3G"),
        ("LTE 1800/2100", "4G"), ("4G (1800/2100 MHz)", "4G"), ("GSM 900/1800", "2G"), ("LTE Band 3", "4G"), ("4G băng tần 1800 MHz", "4G"),
        ("3/5G", "3G,5G"), ("3&5G", "3G,5G"), ("3+5G", "3G,5G"), ("2/5G", "2G,5G"), ("2-3-4G", "2G,3G,4G"), ("3.5G", "3G"), ("2.5G", "2G"), ("2,75G", "2G"),
        ("công nghệ 4G", "4G"), ("Mạng: 4G và 5G", "4G,5G"), ("có 4G", "4G"), ("4G đang hoạt động", "4G"), ("2G (GSM), 3G (UMTS), 4G (LTE)", "2G,3G,4G"),
    ],
)  # fmt: skip
def test_bands_short_lists_and_plain_additions_are_understood(said: str, meant: str) -> None:
    sets, bad = RADIO.technology_sets(pd.Series([said]))
    assert sets.tolist() == [meant]
    assert not bad.any()


def test_a_short_list_is_no_spelling_of_one_technology() -> None:
    found = RADIO.technology_column(pd.Series(["3/5G", "3.5G", "5G?", "3,5G"]))
    assert found.values.tolist() == ["", "3G", "", ""]
    assert found.several.tolist() == [True, False, False, False]
    assert found.unknown.tolist() == [False, False, True, True]
