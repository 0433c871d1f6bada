"""Editions of a list of sites: when each says that it was made, and which one replaces the other. All of it is made up."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import pytest

from geo.io.folder_editions import Edition, SiteKey, later_edition, saved_on, stated_period

TODAY = dt.date(2026, 11, 1)
SITES = {("x 4g", f"t{k}"): (105.0 + k / 100, 21.5) for k in range(10)}


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("Danh sách trạm 2025", "2025-01-01 2025-12-31"), ("BTS_20250930", "2025-09-30 2025-09-30"), ("tính đến ngày 31/12/2025", "2025-12-31 2025-12-31"),
        ("ngày 5 tháng 3 năm 2026", "2026-03-05 2026-03-05"), ("tram T9-2025", "2025-09-01 2025-09-30"), ("Tháng 02 năm 2024", "2024-02-01 2024-02-29"),
        ("2025-09 tram", "2025-09-01 2025-09-30"), ("Quý III/2025", "2025-07-01 2025-09-30"), ("Q4.2025", "2025-10-01 2025-12-31"),
        ("giai đoạn 2021-2025", ""), ("trạm 02025", ""), ("31/02/2025", "2025-02-01 2025-02-28"), ("tram moi", ""), ("1/2/2025 và 3/2/2025", ""),
    ],
)  # fmt: skip
def test_the_period_that_a_text_states(text: str, period: str) -> None:
    found = stated_period(text)
    assert " ".join(f"{d}" for d in found or ()) == period


def told(one: Edition, other: Edition) -> str:
    found = later_edition(one, other, today=TODAY, whole_share=0.8, apart_m=100)
    assert found is None or found == later_edition(other, one, today=TODAY, whole_share=0.8, apart_m=100), "whichever is named first"
    return found[1].file if found else ""


def moved(by: float) -> dict[SiteKey, tuple[float, float]]:
    return {k: (x, y + by) for k, (x, y) in SITES.items()}


def fewer(number: int) -> dict[SiteKey, tuple[float, float]]:
    return dict(list(SITES.items())[:number])


@pytest.mark.parametrize(
    ("one", "other", "later"),
    [
        (Edition("a 2025.xlsx", SITES), Edition("a 2026.xlsx", SITES), "a 2026.xlsx"),
        (Edition("BTS 2026/a.xlsx", SITES), Edition("BTS 2025/a.xlsx", SITES), "BTS 2026/a.xlsx"),
        (Edition("a.xlsx", SITES, ["Quý I/2026"]), Edition("b.xlsx", SITES, ["Quý IV/2025"]), "a.xlsx"),
        (Edition("a 2026.xlsx", SITES), Edition("a T9.2026.xlsx", SITES), ""),  # one lies in the other
        (Edition("a 2025.xlsx", SITES, ["năm 2026"]), Edition("a 2026.xlsx", SITES, ["năm 2025"]), ""),  # name and title disagree
        (Edition("a 2026.xlsx", SITES), Edition("a 2027.xlsx", SITES), ""),  # a plan's year
        (Edition("a 2025.xlsx", SITES), Edition("a 2026.xlsx", fewer(8)), "a 2026.xlsx"),
        (Edition("a 2025.xlsx", SITES), Edition("a 2026.xlsx", fewer(7)), ""),  # a list of additions replaces nothing
        (Edition("a 2025.xlsx", SITES), Edition("a 2026.xlsx", moved(0.0005)), "a 2026.xlsx"),
        (Edition("a 2025.xlsx", SITES), Edition("a 2026.xlsx", moved(0.002)), ""),  # the same numbers elsewhere
        (Edition("a.xlsx", SITES, saved=dt.date(2025, 9, 1)), Edition("b.xlsx", SITES, saved=dt.date(2025, 9, 2)), "b.xlsx"),
        (Edition("a.xlsx", SITES, saved=dt.date(2025, 9, 1)), Edition("b.xlsx", fewer(9), saved=dt.date(2025, 9, 2)), ""),  # a site would be lost for it
        (Edition("a.xlsx", SITES), Edition("b.xlsx", SITES), ""),
    ],
)  # fmt: skip
def test_which_one_is_the_later(one: Edition, other: Edition, later: str) -> None:
    assert told(one, other) == later


def test_sites_that_only_the_earlier_has_are_named() -> None:
    found = later_edition(Edition("a 2025.xlsx", SITES), Edition("a 2026.xlsx", fewer(8)), today=TODAY, whole_share=0.8, apart_m=100)
    assert found is not None
    assert found[2].en == "an earlier edition of 'a 2026.xlsx' by the names of the files (2025, the other 2026); 8 of 10 site codes are in the later one; in this one only, not used: T8, T9"
    assert "chỉ có ở bản này, không được dùng: T8, T9" in found[2].vi


def test_the_day_on_which_a_workbook_was_saved_is_read_from_it(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("docProps/core.xml", '<x><dcterms:modified xsi:type="dcterms:W3CDTF">2025-09-30T08:00:00Z</dcterms:modified></x>')
    assert saved_on(path) == dt.date(2025, 9, 30)
    path.write_bytes(path.read_bytes()[:40])
    assert saved_on(path) is None
    assert saved_on(tmp_path / "a.csv") is None
