"""What stands in the way, over a ridge whose place is known, and as the tables write it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo.coverage import prepare_sources, radio_defaults
from geo.crs import from_wgs84, to_wgs84
from geo.io.resources import issue_catalogue
from geo.propagation.paths import BlockingEdge
from geo.validation import IssueLog
from geo.villages import path_obstructions
from geo.villages.obstructions import Obstruction, edge_kind
from tests.villages.made_up import (
    A3,
    A4,
    B3,
    B4,
    EPSG,
    GRID,
    LATE,
    LON,
    X,
    Y,
    classed,
    covered,
    place,
    ridged,
    rules,
    villages,
)

WEST_M = 5_000.0


def radio(ground: object) -> object:
    """Cells of A (4G and, not counting, 2G) 5 km west behind the ridge, of B to the south over flat ground; C has 2G alone."""
    settings = replace(rules(), max_radius_m=8_000.0)
    base = {
        "cell_id": "", "site_id": "", "operator": "A", "technology": "4G", "band": "", "frequency_mhz": 1800.0, "arfcn": np.nan,
        "pci": np.nan, "azimuth_deg": np.nan, "antenna_height_m": 30.0, "power_dbm": 43.0, "power_basis": "per_port", "ports": 1.0,
        "feeder_loss_db": 2.0, "mechanical_tilt_deg": 0.0, "electrical_tilt_deg": 0.0, "antenna_model": "",
        "antenna_gain_dbi": 17.0, "bandwidth_mhz": 10.0, "status": "on_air", "file": "c.csv", "sheet": "", "row": 2,
    }  # fmt: skip
    rows = []
    for site, operator, technology, dx, dy in (
        ("west", "A", "4G", -WEST_M, 0.0), ("west", "A", "2G", -WEST_M, 0.0), ("south", "B", "4G", 0.0, -4_000.0),
        ("further", "B", "4G", 0.0, -6_000.0), ("voice", "C", "2G", 0.0, -2_000.0),
    ):  # fmt: skip
        lon, lat = to_wgs84([X + 150.0 + dx], [Y - 150.0 + dy], EPSG)
        rows.append({**base, "site_id": site, "operator": operator, "technology": technology, "lon": float(lon[0]), "lat": float(lat[0])})
    cells = pd.DataFrame(rows)
    sites = cells[["site_id", "operator", "lon", "lat", "status", "file", "sheet", "row"]].drop_duplicates("site_id").assign(
        site_name="", on_air_date=pd.NaT, structure_height_m=np.nan, owner="", mast_id="", commune_code="",
        technologies=["4G", "4G", "4G", "2G"],
    )  # fmt: skip
    prepared = prepare_sources(
        cells, sites, operators=("A", "B", "C"), terrain=ground, grid=GRID, settings=settings, defaults=radio_defaults(), on=LATE,
        log=IssueLog(issue_catalogue()),
    )  # fmt: skip
    return path_obstructions(prepared.table, prepared.sources, grid=GRID, ground=ground, settings=settings)


def test_the_ridge_is_found_where_it_stands(tmp_path: Path) -> None:
    find = radio(ridged(tmp_path))
    spot = place(1, 1)
    best, other = find(spot["lon"], spot["lat"])
    assert (best.operator, best.technology, best.site_id, best.kind) == ("B", "4G", "south", "grazed")
    assert best.distance_km == pytest.approx(4.0, abs=0.001)
    assert 3.5 < best.from_site_km < 4.0  # flat ground enters the zone where the phone is low
    line = 130.0 + best.from_site_km / 4.0 * (101.5 - 130.0)
    assert best.over_line_m == pytest.approx(100.0 - line, abs=0.1)  # and a few centimetres of bulge
    assert (other.operator, other.technology, other.site_id, other.kind) == ("A", "4G", "west", "blocked_terrain")
    ridge_x = float(from_wgs84([LON - 1400 / 102900], [22.5], EPSG)[0][0])
    assert other.from_site_km == pytest.approx((ridge_x - (X + 150.0 - WEST_M)) / 1000.0, abs=0.15)
    share = other.from_site_km / (WEST_M / 1000.0)
    line = 130.0 + share * (101.5 - 130.0)  # from 30 m at the site to 1.5 m at the phone, over ground at 100 m
    assert other.over_line_m == pytest.approx(400.0 - line + 0.35, abs=1.0)  # and 0.35 m of Earth's bulge
    assert other.lon == pytest.approx(LON - 1400 / 102900, abs=0.0015)
    assert other.lat == pytest.approx(spot["lat"], abs=1e-3)
    kind, km, metres, where = other.code.partition("=")[2].split("+")
    assert (kind, km, where) == ("blocked_terrain", f"{other.from_site_km:.1f} km", f"{other.lon:.5f} {other.lat:.5f}")
    assert metres == f"{other.over_line_m:.0f} m"


def test_places_out_of_reach_or_unknown_have_none(tmp_path: Path) -> None:
    find = radio(ridged(tmp_path))
    assert find(float("nan"), 22.5) == ()
    assert find(LON, 22.5 + 0.09) == ()
    none = path_obstructions(
        pd.DataFrame({"technology": pd.Series(dtype=str)}), type("Tables", (), dict.fromkeys(("horizontal_loss_db", "vertical_loss_db", "pattern_cap_db")))(),
        grid=GRID, ground=ridged(tmp_path), settings=rules(),
    )  # fmt: skip
    assert none(LON, 22.5) == ()


def test_only_villages_in_need_are_asked_for() -> None:
    table = villages({}, place(0, 0), place(0, 2), place(2, 2))
    a4 = np.array([[2, 4, 3], [4, 4, 4], [4, 4, 4]])
    asked = []

    def obstructions(lon: float, lat: float) -> tuple[Obstruction, ...]:
        asked.append((lon, lat))
        return ()

    got = classed(table, covered({A4: a4, A3: 4, B3: 4, B4: 4}), obstructions=obstructions)
    assert got["class"].tolist() == ["white", "single_operator", "undecided", "white"]
    assert asked == [(table["lon"][i], table["lat"][i]) for i in (0, 2, 3)]
    assert got["obstruction"].tolist() == [""] * 4


def test_the_code_of_each_kind() -> None:
    def code(kind: str, over: float) -> str:
        return Obstruction("Mạng A", "4G", "", 7.26, kind, 3.21, over, 105.1234567, 22.5).code

    assert code("clear", -30) == "Mạng A 4G=clear+7.3 km"
    assert code("path_unknown", np.nan) == "Mạng A 4G=path_unknown+7.3 km"
    assert code("grazed", -2.6) == "Mạng A 4G=grazed+3.2 km+-3 m+105.12346 22.50000"
    assert code("grazed", -0.2) == "Mạng A 4G=grazed+3.2 km+0 m+105.12346 22.50000"
    assert code("blocked_earth", 5.4) == "Mạng A 4G=blocked_earth+3.2 km+5 m+105.12346 22.50000"


@pytest.mark.parametrize(
    ("kind", "over_m", "over_line_m", "nu", "surface", "expected"),
    [
        ("terrain", 400.0, 25.0, 1.0, False, "blocked_terrain"),
        ("terrain", 400.0, 25.0, 1.0, True, "blocked_surface"),
        ("terrain", 400.0, 80.0, 1.0, True, "blocked_terrain"),  # no tree is that high
        ("terrain", 412.0, 25.0, 1.0, False, "blocked_wooded"),
        ("clutter", 412.0, 5.0, 1.0, False, "blocked_clutter"),
        ("earth", 400.0, 5.0, 1.0, True, "blocked_earth"),
        ("terrain", 400.0, -1.0, -0.3, False, "grazed"),
        ("terrain", 400.0, -9.0, -1.5, True, "clear"),
    ],
)
def test_what_an_edge_is(kind: str, over_m: float, over_line_m: float, nu: float, surface: bool, expected: str) -> None:
    edge = BlockingEdge(3, 1.0, 1.0, 105.0, 22.0, 400.0, over_m, over_line_m, 0.1, 9.0, nu, kind, 1)  # type: ignore[arg-type]
    assert edge_kind(edge, surface=surface) == expected
