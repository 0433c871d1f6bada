"""Project files of the runs, strata, options of the command: what a run is told, and what it is not."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from geo.sample.frame import Lattice
from geo.sample.land import BUILT, TREE
from geo.sample.terrain import Terrain
from tests.truth.provinces import project_text
from tests.truth.score import jobs_of, main, parse
from tests.truth.seeds import score_seed
from tests.truth.strata import (
    COVERS,
    DISTANCES,
    cover_class,
    distance_class,
    nearest_km,
    nearness_class,
    terrain_class,
)


@pytest.fixture(scope="module")
def source(project_root: Path) -> str:
    return (project_root / "data" / "sample" / "project.toml").read_text(encoding="utf-8")


def test_a_project_file_says_what_it_is_told_and_nothing_else(source: str) -> None:
    before = tomllib.loads(source)
    after = tomllib.loads(project_text(source, cell_size_m=250, settings=["model_error_sd_db = 9.5", 'levels_dbm = { "5G" = -112 }']))
    assert after["project"]["cell_size_m"] == 250
    assert after["settings"]["model_error_sd_db"] == 9.5
    assert after["settings"]["levels_dbm"] == {"5G": -112}
    assert after["settings"]["neighbour_operators"] == before["settings"]["neighbour_operators"]
    after["project"]["cell_size_m"], after["settings"] = before["project"]["cell_size_m"], before["settings"]
    for name in ("operator_plans", "speed_tests", "ipv6_tests", "portals", "declarations", "streets", "ducts"):
        del before["inputs"][name]  # parts that no level depends on
    assert after == before
    without = tomllib.loads(project_text(source, cell_size_m=100, measurements=False))
    assert without["inputs"] == {k: v for k, v in before["inputs"].items() if k != "measurements"}


@pytest.mark.parametrize("lines", [["a = 1; b = 2"], ["not a setting"], ["a = 1\nb = 2"]])
def test_what_is_no_setting_is_refused(source: str, lines: list[str]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        project_text(source, cell_size_m=100, settings=lines)


def test_an_unknown_form_of_the_project_file_is_noticed(source: str) -> None:
    with pytest.raises(ValueError, match="form"):
        project_text(source.replace("measurements =", '"measurements" ='), cell_size_m=100, measurements=False)
    with pytest.raises(ValueError, match="form"):
        project_text(source.replace("cell_size_m = 100", "cell_size_m  =  100"), cell_size_m=300)


def test_distances_by_hand() -> None:
    km = np.array([0.0, 0.2, 0.21, 1.0, 4.9, 5.0, 5.1, np.inf])
    assert distance_class(km).tolist() == [0, 0, 1, 2, 4, 4, 5, 5]
    assert len(DISTANCES) == 6
    near = nearest_km(np.array([0.0, 3000.0]), np.zeros(2), np.array([300.0, 3000.0]), np.array([400.0, 0.0]))
    assert near.tolist() == [0.5, 0.0]
    assert np.isinf(nearest_km(np.zeros(1), np.zeros(1), np.zeros(0), np.zeros(0))).all()
    assert nearness_class(np.array([-100.0, -120.0, -99.9, np.nan, -np.inf]), -110.0).tolist() == [0, 0, 1, 1, 1]


def test_ground_by_hand() -> None:
    lattice = Lattice(105.0, 22.0, 1 / 1200, 60, 60)
    height = np.zeros(lattice.shape)
    height[:, 30] = 299.0
    height[10, 30] = 300.0
    terrain = Terrain(lattice, height, lattice, height, height, height)
    lon, lat = lattice.centres()
    at = [(10, 30), (10, 38), (10, 39), (18, 30), (19, 30)]
    rough = terrain_class(terrain, np.array([lon[p] for p in at]), np.array([lat[p] for p in at]))
    assert rough.tolist() == [1, 1, 0, 1, 0]
    cover = np.full(lattice.shape, TREE, dtype=np.uint8)
    cover[0, 1], cover[0, 2] = BUILT, 95
    found = cover_class(cover, terrain, lon[0, :3], lat[0, :3])
    assert [COVERS[k] if k >= 0 else "other" for k in found] == ["tree", "built", "other"]


def test_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = parse(
        ["--out", str(tmp_path), "--seeds", "3", "--first-seed", "5", "--settings", "a = 1; b = 2", "--ablation", "wide=served_probability = 0.8"]
    )
    jobs = jobs_of(options)
    assert [job.seed for job in jobs] == [5, 6, 7]
    assert jobs[0].folder == tmp_path.resolve() / "first" / "seed-0005"
    assert jobs[0].settings == ("a = 1", "b = 2")
    assert jobs[0].ablations == (("wide", ("served_probability = 0.8",)),)
    assert jobs[0].methods == ("product", "uncorrected", "circles", "kriging", "wide")
    inside = str(Path(__file__).parent / "x")
    for wrong in (["--out", inside], ["--out", str(tmp_path), "--ablation", "kriging=a = 1"], ["--out", str(tmp_path), "--ablation", "wide"],
                  ["--out", str(tmp_path), "--ablation", "a=x = 1", "--ablation", "a=x = 2"], ["--out", str(tmp_path), "--settings", "no setting"]):  # fmt: skip
        with pytest.raises(SystemExit):
            parse(wrong)
    assert "outside the checkout" in capsys.readouterr().err


def test_tables_of_what_was_never_run_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="not run to its end"):
        score_seed(tmp_path / "first" / "seed-0001")
    with pytest.raises(FileNotFoundError, match="seed-0001"):
        main(["--out", str(tmp_path), "--seeds", "1", "--tables-only"])
