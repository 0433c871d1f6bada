"""A whole seed, coarse: that what is kept is used again, and that the tables follow from it alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pandas as pd
import pytest

from tests.truth import seeds
from tests.truth.provinces import Law, made_up_province
from tests.truth.score import jobs_of, main, parse
from tests.truth.seeds import load_scores


@dataclass(frozen=True)
class Two:
    """Two tables."""

    one: pd.DataFrame
    other: pd.DataFrame


def test_tables_are_used_again_only_if_they_come_from_the_same(tmp_path: Path) -> None:
    given = Two(pd.DataFrame({"a": [1.5]}), pd.DataFrame({"b": ["x"]}))
    assert seeds._load(tmp_path / "t", Two, "m") is None
    seeds._save(tmp_path / "t", given, "m")
    found = seeds._load(tmp_path / "t", Two, "m")
    pd.testing.assert_frame_equal(found.one, given.one)
    pd.testing.assert_frame_equal(found.other, given.other)
    assert seeds._load(tmp_path / "t", Two, "other mark") is None
    assert seeds._load(tmp_path / "t", Two, None) is not None
    (tmp_path / "t" / "mark.json").unlink()
    assert seeds._load(tmp_path / "t", Two, None) is None


def test_a_mark_changes_with_the_source(tmp_path: Path) -> None:
    with mock.patch.object(seeds, "ROOT", tmp_path):
        (tmp_path / "a.py").write_text("1", encoding="utf-8")
        (tmp_path / "b").mkdir()
        (tmp_path / "b" / "c.py").write_text("2", encoding="utf-8")
        before = seeds._source_mark("a.py", "b")
        assert seeds._source_mark("a.py", "b") == before
        (tmp_path / "b" / "c.py").write_text("3", encoding="utf-8")
        assert seeds._source_mark("a.py", "b") != before


def test_a_seed_that_fails_is_told_and_leaves_no_tables(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "seed-0001").write_text("a file where a folder should be", encoding="utf-8")
    assert main(["--out", str(tmp_path), "--seeds", "1"]) == 1
    said = capfd.readouterr()
    assert "seed 1 failed" in said.err
    assert said.out == ""
    assert not list(tmp_path.rglob("*.csv"))


@pytest.mark.slow
@pytest.mark.parametrize("law", ["first", "second", "third"])
def test_a_whole_seed_and_everything_again(law: str, tmp_path: Path) -> None:
    line = ["--out", str(tmp_path), "--seeds", "1", "--law", law, "--cell-size", "500", "--cells", "2000", "--points", "1"]
    line += ["--ablation", "wide=model_error_sd_db = 14"]
    options = parse(line)
    assert main(line) == 0
    folder = options.out / law
    before = {p.name: p.read_bytes() for p in folder.glob("*.csv")}
    assert {"losses.csv", "paired.csv", "calibration.csv", "seeds.csv", "lists.csv"} <= set(before)
    scores = load_scores(folder / "seed-0001")
    sums = scores.points.groupby("method")["n"].sum()
    assert sums["product"] == sums["uncorrected"] == sums["circles"] == sums["kriging"] > 15_000
    assert scores.points.groupby("method")["seen"].sum().drop("wide").nunique() == 1  # all at the same points
    figures = pd.read_csv(folder / "seeds.csv").set_index("method")
    base = figures.loc["product", "people_true"]
    assert (figures["people_true"] == base).all()
    assert 0.05 < figures.loc["product", "brier"] < 0.25
    # The province on disk holds no truth, and what is there is not made again.
    assert not (folder / "seed-0001" / "province" / "truth").exists()
    with mock.patch.object(seeds, "made_up_province", side_effect=AssertionError):
        again = seeds.run_seed(jobs_of(options)[0])
    assert again.facts["seconds"]["truth"] < 5
    pd.testing.assert_frame_equal(again.points, scores.points)
    assert main([*line, "--tables-only"]) == 0
    assert {p.name: p.read_bytes() for p in folder.glob("*.csv")} == before


@pytest.mark.slow
@pytest.mark.parametrize("law", ["second", "third"])
def test_laws_share_everything_but_the_levels(law: Law) -> None:
    first, second = made_up_province(3, "first"), made_up_province(3, law)
    pd.testing.assert_frame_equal(first.settlements.villages, second.settlements.villages)
    pd.testing.assert_frame_equal(first.listing.sites, second.listing.sites)
    assert not first.truth.villages["mang_a_4g_dbm"].equals(second.truth.villages["mang_a_4g_dbm"])
    assert not first.drive_tests["level_dbm"].equals(second.drive_tests["level_dbm"])
