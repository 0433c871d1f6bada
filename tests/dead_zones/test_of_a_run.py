"""Dead zones of a small made-up run over a ridge: states as predicted, reasons as the paths say."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest
import shapely

from geo.compute import SerialExecutor
from geo.coverage import State
from geo.coverage.point import cell_signals, cells_in_reach
from geo.dead_zones import DeadZones, Places, dead_zone_settings, find_dead_zones, look_from_table
from geo.pipeline.analysis import analyse
from geo.pipeline.completed import CompletedRun
from tests.pipeline.tiny import tiny_project

#: The ridge's longitude and what it takes for a slope of it.
RIDGE_LON, BESIDE_DEG = 105.65, 0.02


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[CompletedRun, Path]:
    project = tiny_project(tmp_path_factory.mktemp("project"), cell_size_m=250)
    text = project.read_text(encoding="utf-8")
    absent = 'absent_technologies = { "Mạng A" = ["5G"], "Mạng B" = ["5G"] }\n'
    project.write_text(text.replace("[settings]\n", f"[settings]\n{absent}"), encoding="utf-8")
    for name in ("sites.csv", "cells.csv"):  # nobody is left east of the ridge
        listed = (project.parent / name).read_text(encoding="utf-8").splitlines()
        (project.parent / name).write_text("\n".join(row for row in listed if not row.startswith("B2")) + "\n", encoding="utf-8")
    done = analyse(project, tmp_path_factory.mktemp("project") / "out", executor=SerialExecutor())
    return CompletedRun(done.folder), project


@pytest.fixture(scope="module")
def found(run: tuple[CompletedRun, Path]) -> DeadZones:
    done, project = run
    coverage, settings = done.predicted.coverage, done.coverage_settings
    radio = done.radio_cells()
    assert radio is not None
    look = look_from_table(done.ground(project), *radio, coverage.layers, grid=coverage.grid, settings=settings)
    units = done.input("units")
    places = Places(
        unit_index=np.asarray(done.predicted.index), commune_codes=tuple(units["commune_code"]), villages=done.result("villages"),
        sites=done.input("sites"), radio_cells=radio[0],
    )  # fmt: skip
    return find_dead_zones(
        coverage, settings, places, on=date(2026, 11, 1), weak_cluster_households=10, look=look, roads=done.input("roads"),
        zone_settings=dead_zone_settings(least_area_km2=0.2, least_road_km=0.1),
    )  # fmt: skip


def test_zones_lie_behind_the_ridge_and_say_so(run: tuple[CompletedRun, Path], found: DeadZones) -> None:
    coverage = run[0].predicted.coverage
    of_a = found.by_operator["Mạng A"].frame
    blocked = of_a[of_a["reason"] == "terrain"]
    assert blocked["area_km2"].sum() > 5.0
    # All sites stand west of the ridge.
    assert (blocked["lon"] > RIDGE_LON - BESIDE_DEG).all()
    assert blocked["ridge_lon"].to_numpy() == pytest.approx(np.full(len(blocked), RIDGE_LON), abs=BESIDE_DEG)
    assert (blocked["ridge_height_m"] > 50).any()
    assert (blocked["diffraction_db"] >= blocked["shortfall_db"]).all()
    assert set(blocked["server_site_id"]) <= {"A1", "A2"}
    assert set(blocked["server_operator"]) == {"Mạng A"}
    dead = np.isin(coverage.operator_state("Mạng A", run[0].coverage_settings.counting), (State.PREDICTED_UNSERVED, State.MEASURED_UNSERVED))
    assert (found.by_operator["Mạng A"].label >= 0).sum() + found.by_operator["Mạng A"].sieved["cells"].sum() == dead.sum()


def test_the_ridge_is_the_one_that_explaining_the_point_names(run: tuple[CompletedRun, Path], found: DeadZones) -> None:
    done, project = run
    of_a = found.by_operator["Mạng A"].frame
    zone = of_a[of_a["reason"] == "terrain"].iloc[0]
    radio = done.radio_cells()
    assert radio is not None
    where = {
        "lon": zone["lon"], "lat": zone["lat"], "grid": done.predicted.coverage.grid, "ground": done.ground(project), "settings": done.coverage_settings,
    }  # fmt: skip
    near = cells_in_reach(*radio, **where)
    mine = near[(near["operator"] == "Mạng A") & (near["technology"] == zone["server_technology"])]
    signals = [s for s in cell_signals(mine, radio[1], **where) if s.path is not None]
    best = max(signals, key=lambda s: s.level_dbm)
    assert best.path is not None
    assert best.cell["site_id"] == zone["server_site_id"]
    assert best.distance_km == pytest.approx(zone["server_km"], rel=1e-6)
    edge = best.path.edge
    assert (edge.lon, edge.lat) == (pytest.approx(zone["ridge_lon"]), pytest.approx(zone["ridge_lat"]))
    assert (edge.over_line_m, edge.from_rx_km, edge.kind) == (pytest.approx(zone["ridge_height_m"]), pytest.approx(zone["ridge_km"]), zone["ridge_kind"])
    assert best.path.bullington_db + best.path.smooth_earth_db == pytest.approx(zone["diffraction_db"], abs=1.0)


def test_white_zones_hold_the_white_villages_and_the_road_is_told(run: tuple[CompletedRun, Path], found: DeadZones) -> None:
    assert found.all is not None
    assert found.roads is not None
    villages = run[0].result("villages")
    white = found.all.frame[found.all.frame["class"] == "white"]
    named = {code for text in white["village_ids"] for code in text.split("; ") if code}
    assert named == set(villages.loc[villages["class"] == "white", "village_id"])
    assert named
    assert shapely.is_valid(found.all.frame.geometry.to_numpy()).all()
    assert (found.all.frame["commune_codes"] != "").all()
    road = run[0].input("roads").geometry.iloc[0]
    assert sum(found.roads.km.values()) == pytest.approx(15.1, abs=0.3)
    assert len(found.roads.frame) > 0
    assert (shapely.distance(found.roads.frame.geometry.to_numpy(), road) < 1e-6).all()
    assert set(found.roads.frame["reason"]) <= {"terrain", "distance"}
    listed = found.roads.frame["length_km"].sum() + found.roads.short_km
    assert listed == pytest.approx(found.roads.km["unserved"], abs=1e-3)
