"""Few, silent, one-sided and useless measurements end in a run that says so, never in a defect; and settings out of range in one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from tiny import tiny_project

from geo.compute import make_executor
from geo.errors import VungphuError
from geo.pipeline.analysis import analyse

ABSENT = 'absent_technologies = { "Mạng A" = ["3G", "5G"], "Mạng B" = ["3G", "5G"] }\n'


def log(n: int, level: Any, *, tech: str = "4G", operator: str = "Mạng A", lon: tuple[float, float] = (105.605, 105.64), step: int = 5) -> pd.DataFrame:
    f = np.linspace(0, 1, n)
    times = pd.Timestamp("2026-10-07 08:00:00") + pd.to_timedelta(step * np.arange(n), unit="s")
    silent = level is None
    return pd.DataFrame(
        {
            "time": times.strftime("%Y-%m-%d %H:%M:%S"), "lon": np.round(lon[0] + (lon[1] - lon[0]) * f, 6), "lat": np.round(21.83 + 0.05 * f, 6),
            "operator": operator, "technology": tech, "service": "no service" if silent else "",
            "level_dbm": "" if silent else np.round(np.broadcast_to(level, n)).astype(int), "locked_technology": tech,
        }
    )  # fmt: skip


def run(folder: Path, frame: pd.DataFrame, settings: str = "") -> Path:
    project = tiny_project(folder, cell_size_m=500)
    sites = folder / "sites.csv"
    sites.write_text(sites.read_text(encoding="utf-8").replace('"3G,4G"', "4G"), encoding="utf-8")
    frame.to_csv(folder / "m.csv", index=False)
    text = project.read_text(encoding="utf-8").replace("[rules]", 'measurements = "m.csv"\n\n[rules]')
    project.write_text(text + ABSENT + settings, encoding="utf-8")
    return analyse(project, folder / "maps", executor=make_executor(workers=1)).folder


USELESS = {
    "one sample": log(1, -80),
    "twelve in a row": log(12, -105, step=20),
    "all of one level": log(200, -80),
    "all without service": log(120, None),
    "another technology": log(120, -80, tech="3G"),
    "an operator with few": log(200, np.linspace(-60, -110, 200), operator="Mạng B", lon=(105.64, 105.69)),
}


@pytest.mark.parametrize("name", USELESS)
def test_the_run_ends_and_its_figures_are_figures(name: str, tmp_path: Path) -> None:
    folder = run(tmp_path, USELESS[name])
    villages = pd.read_csv(folder / "tables" / "villages.csv")
    assert len(villages) == 5
    for low, middle, high in (("white_probability_low", "white_probability", "white_probability_high"),):
        known = villages[villages[middle].notna()]
        assert (known[low] <= known[middle] + 5e-5).all()
        assert (known[middle] <= known[high] + 5e-5).all()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert [stage["name"] for stage in manifest["stages"]][:3] == ["inputs", "calibration", "coverage"]
    # A phone that is silent beside its own sites, or hears less the nearer it comes to one: it or the list is wrong, not 40 dB of the network.
    book = openpyxl.load_workbook(folder / "issues.xlsx", read_only=True)
    said = [row[0] for row in (list(r)[-1:] for r in book["Issues (en)"].iter_rows(values_only=True))]
    assert ("calibration_implausible" in said) == (name in ("all without service", "an operator with few"))


WRONG = {
    "nugget_share = 2": "nugget_share",
    "site_correlation = 5": "site_correlation",
    "nodes = 0.5": "nodes",
    "bias_sd_db = -8": "bias_sd_db",
    "fit_rounds = 0": "fit_rounds",
    "censored_fits = 0": "censored_fits",
    "fallback_nugget_share = 5": "fallback_nugget_share",
    "level_lag_classes = 0": "level_lag_classes",
    "blocks = 0": "blocks",
    "neighbours = 0": "neighbours",
    "max_steps = 0.5": "max_steps",
    "left_quantile = 7": "left_quantile",
    "locked_limit_dbm = 50": "locked_limit_dbm",
    "measured_vehicle_sd_db = -3": "measured_vehicle_sd_db",
    "fallback_length_m = 0": "fallback_length_m",
    'free_technologies = [["4G"]]': "free_technologies",
    "draws = 10": "draws",
    "low_quantile = 0.99": "low_quantile",
}


@pytest.mark.parametrize("line", WRONG)
def test_a_setting_out_of_range_is_one_sentence_before_anything_runs(line: str, tmp_path: Path) -> None:
    with pytest.raises(VungphuError) as caught:
        run(tmp_path, USELESS["one sample"], line + "\n")
    assert WRONG[line] in caught.value.message.vi
    assert WRONG[line] in caught.value.message.en
    assert not (tmp_path / "maps").exists() or not list((tmp_path / "maps").rglob("villages.csv"))


@pytest.mark.slow
def test_a_file_given_twice_changes_nothing_but_the_list_of_findings(tmp_path: Path) -> None:
    frame = log(200, -60 - 45 * np.abs(np.sin(9 * np.linspace(0, 1, 200))))
    once = run(tmp_path / "once", frame)
    twice = tmp_path / "twice"
    twice.mkdir()
    frame.to_csv(twice / "copy.csv", index=False)
    tiny = tiny_project  # the project of the second run names both files
    project = tiny(twice, cell_size_m=500)
    sites = twice / "sites.csv"
    sites.write_text(sites.read_text(encoding="utf-8").replace('"3G,4G"', "4G"), encoding="utf-8")
    frame.to_csv(twice / "m.csv", index=False)
    text = project.read_text(encoding="utf-8").replace("[rules]", 'measurements = ["m.csv", "copy.csv"]\n\n[rules]')
    project.write_text(text + ABSENT, encoding="utf-8")
    found = analyse(project, twice / "maps", executor=make_executor(workers=1)).folder
    for name in ("villages", "communes", "dead_zones"):
        assert (once / "tables" / f"{name}.csv").read_bytes() == (found / "tables" / f"{name}.csv").read_bytes()
    counts = next(s for s in json.loads((found / "manifest.json").read_text(encoding="utf-8"))["stages"] if s["name"] == "calibration")["counts"]
    assert counts["not_counted"]["calibration_repeated"] == 200


def several(folder: Path, frames: dict[str, pd.DataFrame]) -> tuple[Path, dict[str, Any]]:
    """Run the project with several logs; return the run folder and the calibration's counts."""
    project = tiny_project(folder, cell_size_m=500)
    for name, frame in frames.items():
        frame.to_csv(folder / name, index=False)
    names = ", ".join(f'"{name}"' for name in frames)
    project.write_text(project.read_text(encoding="utf-8").replace("[rules]", f"measurements = [{names}]\n\n[rules]"), encoding="utf-8")
    found = analyse(project, folder / "maps", executor=make_executor(workers=1)).folder
    stages = json.loads((found / "manifest.json").read_text(encoding="utf-8"))["stages"]
    return found, next(s for s in stages if s["name"] == "calibration")["counts"]


@pytest.mark.slow
def test_a_phone_that_contradicts_the_others_is_not_averaged_in(tmp_path: Path) -> None:
    """RSSI for RSRP and worse: the same road, 30 dB up. It is named, and the results are those without it."""
    level = -85 - 20 * np.abs(np.sin(9 * np.linspace(0, 1, 200)))
    honest = {"a.csv": log(200, level), "b.csv": log(200, level + 2).assign(time=log(200, 0)["time"].str.replace("10-07", "10-08"))}
    loud = log(200, level + 30).assign(time=log(200, 0)["time"].str.replace("10-07", "10-09"))
    without, _ = several(tmp_path / "without", honest)
    found, counts = several(tmp_path / "with", {**honest, "loud.csv": loud})
    assert counts["not_counted"]["calibration_contradiction"] == 200
    for name in ("villages", "communes", "dead_zones"):
        assert (without / "tables" / f"{name}.csv").read_bytes() == (found / "tables" / f"{name}.csv").read_bytes()
    findings = json.loads((found / "manifest.json").read_text(encoding="utf-8"))["findings"]
    said = json.dumps([f for f in findings if f["code"] == "calibration_contradiction"], ensure_ascii=False)
    assert "Mạng A 4G" in said
    assert "+29 dB" in said  # against the mean of one that is 2 dB above the other


def test_the_score_names_what_it_is_of(tmp_path: Path) -> None:
    folder = run(tmp_path, log(300, -60 - 45 * np.abs(np.sin(9 * np.linspace(0, 1, 300))), lon=(105.603, 105.645)))
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    counts = next(stage for stage in manifest["stages"] if stage["name"] == "calibration")["counts"]
    assert counts["layers"]["Mạng A 4G"]["levels"] == 300
    assert counts["layers"]["Mạng B 4G"]["levels"] == 0
    score = pd.DataFrame(counts["score"])
    assert set(score.loc[score["division"] == "group", "stratum"]) == {"Mạng A 4G middle"}
    whole = score.loc[score["division"] == "all"].iloc[0]
    for division in ("distance", "terrain"):
        part = score[score["division"] == division]
        assert (part["within_90_share"] * part["n"]).sum() / part["n"].sum() == pytest.approx(whole["within_90_share"], abs=1e-3)
    assert score["within_90_share"].nunique() > 1
    assert "ITU-R" in manifest["validation"]["vi"]
    assert "ITU-R" in manifest["validation"]["en"]
