"""From a run folder to the report, on made-up runs that know the true law, half of it, or nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from geo.crs import to_wgs84
from tests.truth.extracts import Extract, run_extract, sample_distances, simple_extracts
from tests.truth.hidden import LAYERS, HiddenTruth, village_truth
from tests.truth.made_up_run import GRID, LEVELS_DBM, SD_DB, MadeUp, made_up, write_run
from tests.truth.point_tables import (
    PointCube,
    brier_table,
    calibration_table,
    interval_table,
    loss_table,
    verdict,
)
from tests.truth.report import markdown, page, tables
from tests.truth.resampling import Interval
from tests.truth.run_surface import derived_sd, open_run
from tests.truth.seed_figures import paired_table, seed_figures
from tests.truth.seed_scores import commune_rows, interval_values, point_sums, village_rows
from tests.truth.seeds import COMPARED, SeedScores

COUNTING = ("3G", "4G", "5G")
SEEDS = (1, 2, 3)


def measured(seed: int) -> pd.DataFrame:
    """Return a drive along one column, on 4G throughout, as the readers give it."""
    rng = np.random.default_rng(seed)
    n = 120
    lon, lat = to_wgs84(np.full(n, GRID.x_min + 1000.0), GRID.y_max - np.linspace(50, 2950, n), GRID.epsg)
    parts = [
        pd.DataFrame(
            {
                "lon": lon, "lat": lat, "operator": operator, "technology": "4G", "locked_technology": "", "level_dbm": rng.normal(-118, 8, n),
                "no_service": False, "foreign": False, "device": 1, "speed_kmh": 30.0,
            }
        )
        for operator in ("Mạng A", "Mạng B", "Mạng C")
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def scored(folder: Path, seed: int) -> SeedScores:
    """Score a run that knows the law, beside one that is 6 dB too hopeful and too sure, and the simple methods."""
    made = made_up(seed)
    runs = {
        "product": open_run(write_run(folder / "product", made)),
        "uncorrected": open_run(write_run(folder / "uncorrected", made, shift_db=6.0, sd_db=3.0, with_sd=False)),
    }
    extracts = {name: run_extract(run, made.truth) for name, run in runs.items()}
    simple, _ = simple_extracts(made.truth, measured(seed), runs["uncorrected"], np.random.default_rng(1))
    extracts |= simple
    distances, of_villages = sample_distances(made.truth, measured(seed), runs["product"])
    true = village_truth(made.truth, LEVELS_DBM, COUNTING, 10)
    sums, unsaid = point_sums(made.truth, extracts, distances, LAYERS, LEVELS_DBM, COMPARED)
    facts = {
        "seed": seed, "law": "first", "cell_size_m": 100.0, "methods": list(COMPARED), "layers": {k: list(v) for k, v in LAYERS.items()},
        "levels_dbm": LEVELS_DBM, "counting": list(COUNTING), "settings": [], "ablations": {}, "sd_source": runs["product"].sd_source,
        "seconds": {"truth": 1.0},
    }  # fmt: skip
    return SeedScores(seed, sums, unsaid, village_rows(made.truth, true, extracts, of_villages), commune_rows(true, extracts), facts)


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> list[SeedScores]:
    return [scored(tmp_path_factory.mktemp(f"seed{seed}"), seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def cube(scores: list[SeedScores]) -> PointCube:
    return PointCube([s.points for s in scores], COMPARED, list(LAYERS))


@pytest.fixture(scope="module")
def made() -> MadeUp:
    return made_up()


def test_a_run_folder_is_read_cell_by_cell(made: MadeUp, tmp_path: Path) -> None:
    run = open_run(write_run(tmp_path / "run", made))
    assert run.grid == GRID
    assert (run.counting, run.cuts, run.vehicle_loss_db, run.weak_households, run.seconds) == (COUNTING, (0.9, 0.1), 9.0, 10.0, 2.5)
    assert run.inside.sum() == 29 * 30
    found = run.at(np.array([5, 0, -1]), np.array([7, 7, -1]))
    mean = made.mean_dbm["mang_b_4g"][5, 7]
    assert found["mang_b_4g"]["level_dbm"][0] == pytest.approx(mean, abs=1e-4)
    assert found["mang_b_4g"]["probability"][0] == pytest.approx(float(ndtr((mean + 110) / SD_DB)), abs=1e-6)
    assert found["mang_b_4g"]["sd_db"][0] == SD_DB
    assert np.isnan(found["mang_b_4g"]["probability"][1:]).all()
    assert run.sd_source == "rasters/*_sd_db.tif"
    with pytest.raises(FileNotFoundError):
        open_run(tmp_path)


def test_the_error_that_a_probability_implies(made: MadeUp, tmp_path: Path) -> None:
    level = np.array([-104.0, -116.0, -110.0, -109.9, -30.0, np.nan])
    chance = ndtr((level + 110) / 7.0)
    assert derived_sd(chance, level, -110.0)[:2] == pytest.approx([7.0, 7.0])
    assert np.isnan(derived_sd(chance, level, -110.0)[2:]).all()
    assert np.isnan(derived_sd(1 - chance, level, -110.0)).all()  # a probability against its own level implies nothing
    run = open_run(write_run(tmp_path / "run", made, with_sd=False))
    assert "probability" in run.sd_source
    said = run.at(np.arange(1, 30), np.arange(1, 30))["mang_a_4g"]
    told = np.isfinite(said["sd_db"])
    assert told.mean() > 0.8
    assert said["sd_db"][told] == pytest.approx(np.full(int(told.sum()), SD_DB), rel=2e-3)


def test_intervals_by_hand() -> None:
    found = interval_values(
        np.array([-100.0, -110.0, -90.0, -np.inf, -100.0, -101.0]), np.array([-103.0, -103.0, -103.0, -103.0, np.nan, -103.0]),
        np.array([2.0, 2.0, 2.0, 2.0, 2.0, np.nan]), np.array([True, True, False, True, True, True]),
    )  # fmt: skip
    assert found["held"].tolist() == [1, 0, 0, 0, 0, 0]
    assert found["below"].tolist() == [0, 1, 0, 1, 0, 0]
    assert found["above"].tolist() == [0, 0, 1, 0, 0, 0]
    assert found["intervals"].tolist() == [1, 1, 1, 1, 0, 0]
    assert found["sd"].tolist() == [2, 2, 2, 2, 0, 0]
    assert found["levels"].tolist() == [1, 1, 0, 0, 0, 1]
    assert found["error"].tolist() == [3, -7, 0, 0, 0, 2]
    assert found["error2"].tolist() == [9, 49, 0, 0, 0, 4]
    edge = interval_values(np.array([0.0, 0.0]), np.array([1.6448, 1.6449]), np.ones(2), np.ones(2, dtype=bool))
    assert edge["held"].tolist() == [1, 0]


def test_true_classes_by_hand() -> None:
    places = pd.DataFrame({"lon": [105.0] * 4, "lat": [22.0] * 4}).assign(**dict.fromkeys(LAYERS, np.float32(-130.0)))
    villages = places.assign(village_id=list("abcd"), commune_code="99001", population=40, households=10, terrain=0, cover=0)
    villages.loc[1, "mang_a_3g"] = -100.0  # exactly the level: served, and 3G alone
    villages.loc[2, ["mang_a_4g", "mang_b_4g"]] = -100.0
    villages.loc[3, "mang_c_5g"] = -110.0
    houses = places.iloc[np.repeat(np.arange(4), 10)].reset_index(drop=True)
    houses = houses.assign(village=np.repeat(np.arange(4), 10), hamlet=np.repeat(np.arange(4), 10), people=4.0)
    houses.loc[(houses["village"] == 1) & (np.arange(40) != 10), "mang_b_4g"] = -90.0  # one house of b is dark
    houses.loc[houses["village"] == 3, "mang_b_4g"] = -90.0
    houses["seen_from"] = np.where(houses["village"] == 2, 3, houses["village"])
    truth = HiddenTruth(places, villages, houses, places)
    found = village_truth(truth, LEVELS_DBM, COUNTING, 10)
    assert found["class"].tolist() == ["white", "no_4g", "weak", "single_operator"]
    assert found["weak"].tolist() == [False, False, True, False]
    assert found["weak_seen"].tolist() == [False, False, False, True]
    assert found["operators"].tolist() == [0, 1, 2, 1]
    assert found["dark_people"].tolist() == [40.0, 4.0, 40.0, 0.0]
    assert village_truth(truth, LEVELS_DBM, COUNTING, 11)["weak"].sum() == 0
    # Where 3G no longer counts, b is white.
    assert village_truth(truth, LEVELS_DBM, ("4G", "5G"), 10)["class"].tolist()[1] == "white"
    assert village_truth(truth, {**LEVELS_DBM, "4G": -95.0}, COUNTING, 10)["class"].tolist()[2] == "white"


def test_who_knows_the_law_is_calibrated_and_who_does_not_is_not(cube: PointCube) -> None:
    table = calibration_table(cube).set_index(["method", "layer", "distance", "near"])
    product, other = (table.loc[(m, "all", "all", "all")] for m in ("product", "uncorrected"))
    assert product["n"] == 3 * 29 * 30 * 4 * 9
    assert product["calibration_error"] < 0.01
    assert abs(product["bias"]) < 0.01
    assert product["within_0.05"] == "yes"
    assert other["bias"] > 0.15
    assert other["calibration_error"] >= other["bias"]
    assert other["within_0.05"] == "no"
    assert (table.loc["product"]["calibration_error"] <= 0.2).all()
    layers = table.loc[("product", slice(None), "all", "all"), "n"]
    assert layers.drop("all", level="layer").sum() == layers.xs("all", level="layer").iloc[0]
    # Samples lie along one column of 4G: only there is any point near one.
    assert ("product", "mang_a_3g", "0-0.2 km", "all") not in table.index
    assert table.loc[("product", "mang_a_4g", "0-0.2 km", "all"), "n"] > 0


def test_intervals_hold_for_who_knows_the_law(cube: PointCube) -> None:
    table = interval_table(cube).set_index(["method", "layer", "distance", "near"])
    product, other = (table.loc[(m, "all", "all", "all")] for m in ("product", "uncorrected"))
    assert product["held"] == pytest.approx(0.9, abs=0.005)
    assert product["0.88_to_0.92"] == "yes"
    assert product["stated_share"] == 1.0
    assert product["rmse_db"] == pytest.approx(SD_DB, rel=0.02)
    assert other["held"] < 0.5
    assert other["0.88_to_0.92"] == "no"
    assert other["truth_less_mean_db"] == pytest.approx(-6.0, abs=0.1)
    assert other["truth_below"] > 10 * other["truth_above"]
    assert other["stated_share"] < 1.0  # from probabilities alone, where these say anything
    assert ("circles", "all", "all", "all") not in table.index


def test_brier_and_losses(cube: PointCube) -> None:
    whole = brier_table(cube)
    whole = whole[(whole[list(PointCube.AXES)] == "all").all(axis=1)].set_index("method")
    assert whole["brier"].idxmin() == "product"
    assert whole["uncertainty"].nunique() == 1
    parts = whole["reliability"] - whole["resolution"] + whole["uncertainty"] + whole["within_bins"]
    np.testing.assert_allclose(parts, whole["brier"])
    right = loss_table(cube, "product", ["uncorrected", "circles", "kriging"])
    assert set(right["loses"]) <= {"wins", "wins?"}
    wrong = loss_table(cube, "uncorrected", ["product"])
    assert wrong.iloc[0]["loss"] > 0
    assert wrong["loss"].is_monotonic_decreasing
    row = wrong[(wrong[list(PointCube.AXES)] == "all").all(axis=1)].iloc[0]
    assert row["loss"] == pytest.approx(whole.loc["uncorrected", "brier"] - whole.loc["product", "brier"])
    assert row["loses"] == "loses"
    assert set(loss_table(cube, "product", ["product"])["loses"]) == {"equal"}


def test_verdicts_by_hand() -> None:
    assert verdict(Interval(0.04, 0.03, 0.045, 9), 0.0, 0.05) == "yes"
    assert verdict(Interval(0.04, 0.03, 0.06, 9), 0.0, 0.05) == "yes?"
    assert verdict(Interval(0.06, 0.04, 0.07, 9), 0.0, 0.05) == "no?"
    assert verdict(Interval(0.06, 0.055, 0.07, 9), 0.0, 0.05) == "no"
    assert verdict(Interval(0.04, np.nan, np.nan, 1), 0.0, 0.05) == "yes?"
    assert verdict(Interval(0.87, 0.86, 0.879, 9), 0.88, 0.92) == "no"
    assert verdict(Interval(np.nan, np.nan, np.nan, 0), 0.0, 1.0) == ""


def test_the_same_points_count_for_all(made: MadeUp, tmp_path: Path) -> None:
    run = open_run(write_run(tmp_path / "run", made))
    every = run_extract(run, made.truth)
    holes = every.points.copy()
    holes.loc[:99, "mang_a_4g:probability"] = np.nan
    some = Extract(holes, every.villages, every.communes)
    distances = pd.DataFrame(dict.fromkeys(LAYERS, np.zeros(len(made.truth.points))))
    sums, unsaid = point_sums(made.truth, {"product": every, "other": some}, distances, LAYERS, LEVELS_DBM, ["product", "other"])
    n = sums.groupby(["method", "layer"])["n"].sum()
    assert n[("product", "mang_a_4g")] == n[("other", "mang_a_4g")] == n[("product", "mang_b_4g")] - 100
    assert unsaid.set_index(["method", "layer"])["unsaid"][("other", "mang_a_4g")] == 100
    assert unsaid.set_index(["method", "layer"])["unsaid"][("product", "mang_a_4g")] == 0


def test_villages_and_people_come_from_the_tables(made: MadeUp, tmp_path: Path) -> None:
    classes = ["white", "undecided", *["served"] * 28]
    run = open_run(write_run(tmp_path / "run", made, classes=classes))
    found = run_extract(run, made.truth)
    assert found.villages["class"].tolist() == classes
    assert found.villages["weak"].tolist()[:3] == ["true", "false", ""]
    assert found.communes["table_listed"].tolist() == [600.0, 600.0]
    assert found.communes["table_undecided"].tolist() == pytest.approx([1500.0, 1500.0])
    # By the rasters: each commune's 6000 people lie in its 15 places; counted by hand.
    people = made.truth.people
    chance = {n: run.at(people["row"].to_numpy(), people["column"].to_numpy())[n]["probability"] for n in LAYERS}
    dark = np.ones(30)
    for operator in ("mang_a", "mang_b", "mang_c"):
        dark *= 1 - np.max([p for n, p in chance.items() if n.startswith(operator)], axis=0)
    assert found.communes["expected"].tolist() == pytest.approx([6000 * dark[:15].mean(), 6000 * dark[15:].mean()])
    assert found.villages["nobody"].tolist() != found.communes["expected"].tolist()
    table = pd.read_csv(run.folder / "tables" / "villages.csv", encoding="utf-8-sig").iloc[:-1]
    table.to_csv(run.folder / "tables" / "villages.csv", index=False, encoding="utf-8-sig")
    with pytest.raises(ValueError, match="every village"):
        run_extract(run, made.truth)


def test_the_paired_comparison_tells_the_better_one(scores: list[SeedScores], cube: PointCube) -> None:
    arguments = (cube, SEEDS, [s.villages for s in scores], [s.communes for s in scores])
    figures = seed_figures(*arguments, "product")
    assert len(figures) == len(SEEDS) * len(COMPARED)
    # Of a run people come from its own table: 600 in each commune; of the simple methods from their states.
    people = figures.set_index(["seed", "method"])
    true = scores[0].communes.query("method == 'product'")["true"].to_numpy()
    assert people.loc[(1, "product"), "people_listed"] == 1200.0
    assert people.loc[(1, "product"), "people_listed_communes"] == pytest.approx(float(np.abs(600.0 - true).sum()))
    assert people.loc[(1, "circles"), "people_listed"] != 1200.0
    table = paired_table(figures, "product", ["uncorrected"]).set_index("figure")
    assert table.loc["brier", "better"] == "yes"
    assert table.loc["brier", "seeds_won"] == 3
    assert table.loc["calibration_error", "gain"] > 0.1
    assert table.loc["rmse_db", "better"] == "yes"
    turned = paired_table(figures, "uncorrected", ["product"]).set_index("figure")
    assert turned.loc["brier", "better"] == "no: worse"
    assert turned.loc["brier", "gain"] == pytest.approx(-table.loc["brier", "gain"])
    one = paired_table(figures[figures["seed"] == 1], "product", ["uncorrected"]).set_index("figure")
    assert one.loc["brier", "better"] == "one seed"


def test_the_report_says_first_where_it_loses(scores: list[SeedScores]) -> None:
    found = tables(scores)
    text = page(found, scores)
    assert text.index("## Where the product loses") < text.index("## In short") < text.index("## Against each other method") < text.index("## Calibration")
    for name in found:
        assert len(found[name]) > 0, name
    assert "made-up" in text
    assert "fewer than 10 seeds" in text
    other = SeedScores(9, **{n: getattr(scores[0], n) for n in ("points", "unsaid", "villages", "communes")}, facts={**scores[0].facts, "law": "second"})
    with pytest.raises(ValueError, match="different law"):
        tables([scores[0], other])


def test_markdown_by_hand() -> None:
    frame = pd.DataFrame({"a": ["x"], "b": [0.12345], "c": [np.nan], "d": [1234.5], "e": [3]})
    assert markdown(frame).splitlines()[2] == "| x | 0.123 |  | 1234 | 3 |"
