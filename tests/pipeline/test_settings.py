"""Settings of the stages: what ships, laid over by the project's own, and nothing misspelt let through."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from geo.errors import ProjectFileError
from geo.io.project import read_project
from geo.pipeline.keys import canonical_json
from geo.pipeline.settings import AnalysisSettings, analysis_settings


def settings_of(folder: Path, text: str = "", rules: str = "") -> AnalysisSettings:
    path = folder / "p.toml"
    path.write_text(
        f'[project]\nname = "x"\ndate = 2026-11-01\n[rules]\n{rules}\n[settings]\n{text}\n', encoding="utf-8"
    )
    return analysis_settings(read_project(path))


def test_what_ships(tmp_path: Path) -> None:
    got = settings_of(tmp_path)
    assert (got.coverage.served_probability, got.coverage.unserved_probability) == (0.9, 0.1)
    assert "2G" not in got.coverage.counting, "2G ended before the date"
    assert "5G" not in got.coverage.levels_dbm, "no level of 5G is known"
    assert {rule["id"] for rule in got.rules} >= {"planning_level_4g", "counts_4g"}
    canonical_json(got)


def test_the_project_s_own_values_win(tmp_path: Path) -> None:
    got = settings_of(
        tmp_path,
        'served_probability = 0.95\nlevels_dbm = { "5G" = -108 }\nneighbour_operators = ["Viettel"]\n'
        "unknown_status_serves = false\ntile_cells = 64\nweak_cluster_households = 15\n"
        'building_kind = "thermally_efficient"\nvehicle_loss_db = 12',
    )
    assert got.coverage.served_probability == 0.95
    assert got.coverage.levels_dbm["5G"] == -108.0
    assert got.coverage.levels_dbm["4G"] == -110.0
    assert got.coverage.neighbour_operators == frozenset({"Viettel"})
    assert got.coverage.unknown_status_serves is False
    assert got.coverage.tile_cells == 64
    assert (got.coverage.building_kind, got.coverage.vehicle_loss_db) == ("thermally_efficient", 12.0)
    assert got.villages.weak_cluster_households == 15.0


def test_absent_technologies_are_checked_and_part_of_the_key(tmp_path: Path) -> None:
    def settings(text: str) -> AnalysisSettings:
        path = tmp_path / "p.toml"
        head = '[project]\nname = "x"\ndate = 2026-11-01\noperators = ["Viettel", "MobiFone"]\n[settings]\n'
        path.write_text(head + text, encoding="utf-8")
        return analysis_settings(read_project(path))

    got = settings('absent_technologies = { "Viettel" = ["5G", "3G"], "MobiFone" = ["3G"] }')
    assert got.coverage.absent_technologies == {"MobiFone": ("3G",), "Viettel": ("3G", "5G")}
    assert '"absent_technologies":{"MobiFone":["3G"],"Viettel":["3G","5G"]}' in canonical_json(got.coverage)
    for value, vi, en in (
        ('{ "Vietel" = ["5G"] }', "không có trong [project] operators", "absent_technologies = Vietel: not among"),
        ('{ "Viettel" = ["6G"] }', "không có công nghệ này", "absent_technologies = 6G: no such technology"),
        ('{ "Viettel" = [5] }', "không có công nghệ này", "absent_technologies = 5: no such technology"),
        ('{ "Viettel" = "5G" }', "cần bảng", "a table such as"),
        ('["5G"]', "cần bảng", "a table such as"),
    ):
        with pytest.raises(ProjectFileError) as caught:
            settings(f"absent_technologies = {value}")
        assert vi in caught.value.message.vi
        assert en in caught.value.message.en


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("served_probabilty = 0.9", "did you mean 'served_probability'"),
        ("served_probability = 1.5", "served_probability = 1.5"),
        ("served_probability = true", "a number"),
        ("max_radius_m = 0", "above 0"),
        ("max_radius_m = nan", "a number"),
        ("max_radius_m = inf", "a number"),
        ('max_radius_m = "15 km"', "a number"),
        ("unknown_status_serves = 1", "true or false"),
        ("tile_cells = 1.5", "whole"),
        ('levels_dbm = { "6G" = -100 }', "table such as"),
        ("levels_dbm = -100", "table such as"),
        ('neighbour_operators = "Viettel"', "list of operators"),
        ('building_kind = "wooden"', "thermally_efficient"),
        ("near_threshold_db = -6", "above 0"),
        ('counting = ["2G"]', "no entry 'counting'"),
        ("served_probability = 0.1\nunserved_probability = 0.2", "must be below"),
    ],
)
def test_what_is_not_allowed_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ProjectFileError) as caught:
        settings_of(tmp_path, text)
    assert said in caught.value.message.en
    assert caught.value.message.vi


@pytest.mark.parametrize("name", ["vn-2025", "../defaults", ""])
def test_an_unknown_catalogue_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(ProjectFileError, match="vn-2026"):
        settings_of(tmp_path, rules=f'catalogue = "{name}"')


def test_the_date_decides(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    counting: dict[str, Any] = {}
    for day in (dt.date(2026, 9, 15), dt.date(2026, 9, 16)):
        path.write_text(f'[project]\nname = "x"\ndate = {day}\n', encoding="utf-8")
        counting[str(day)] = "2G" in analysis_settings(read_project(path)).coverage.counting
    assert counting == {"2026-09-15": True, "2026-09-16": False}
