"""What was measured at a place: by hand, against a slow count, and what must not change anything. All made up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.calibration.outliers import Reason, SiteChanges
from geo.crs import from_wgs84, to_wgs84
from geo.errors import InputError
from geo.grid import Grid
from geo.io.resources import issue_catalogue
from geo.measured import (
    OBSERVATION_COLUMNS,
    CountedObservations,
    count_observations,
    measured_at_places,
    measured_cells,
    measured_settings,
    place_evidence,
)

EPSG = 9210
X, Y = (float(np.round(v[0], -3)) for v in from_wgs84([105.5], [22.5], EPSG))
GRID = Grid(EPSG, X, Y, 100.0, 3, 3)
SETTINGS = measured_settings(spot_m=25.0, near_m=150.0, least_samples=5, least_spots=2)
PLANNING = {"4G": -110.0, "3G": -100.0}
DAY = pd.Timestamp("2026-06-01 08:00")


def observed(*rows: dict[str, Any]) -> pd.DataFrame:
    """Rows at ``east`` and ``south`` metres from the grid's corner; what is not named is a plain level of A's 4G."""
    plain = {"operator": "A", "technology": "4G", "east": 50.0, "south": 50.0, "time": DAY, "kind": "level", "level_dbm": -90.0,
             "samples": 1, "route": 0}  # fmt: skip
    frame = pd.DataFrame([{**plain, **row} for row in rows], columns=list(plain) if not rows else None)
    lon, lat = to_wgs84(X + frame["east"].to_numpy(float), Y - frame["south"].to_numpy(float), EPSG)
    frame["time"] = frame["time"].astype("datetime64[ns]")
    return frame.assign(lon=lon, lat=lat).drop(columns=["east", "south"])


def counted(*rows: dict[str, Any], **options: Any) -> CountedObservations:
    return count_observations(observed(*rows), EPSG, planning_dbm=PLANNING, settings=options.pop("settings", SETTINGS), **options)


def facts(given: CountedObservations, *places: tuple[float, float], grid: Grid = GRID) -> pd.DataFrame:
    """Facts of places given in metres from the grid's corner."""
    east, south = np.array(places, dtype=float).reshape(-1, 2).T
    lon, lat = to_wgs84(X + east, Y - south, EPSG)
    return measured_at_places(given, lon, lat, grid, SETTINGS)


# -- by hand ---------------------------------------------------------------------------------------


def test_own_cell_and_near_by_hand() -> None:
    """Nine cells of 100 m; the place in the middle of the first, near means 150 m."""
    given = counted(
        {"east": 10, "south": 10, "level_dbm": -90.0, "samples": 3, "time": pd.Timestamp("2026-06-01")},
        {"east": 90, "south": 90, "level_dbm": -120.0, "samples": 1, "time": pd.Timestamp("2026-06-02")},
        {"east": 150, "south": 50, "level_dbm": -100.0, "samples": 5, "time": pd.Timestamp("2026-07-01")},  # 100 m off
        {"east": 250, "south": 50, "level_dbm": -80.0, "samples": 9, "time": pd.Timestamp("2026-08-01")},  # 200 m off
        {"east": 50, "south": 50, "operator": "B", "level_dbm": -70.0},
    )
    found = facts(given, (50, 50))
    assert found[["place", "operator", "technology"]].to_numpy().tolist() == [[0, "A", "4G"], [0, "B", "4G"]]
    a, b = found.iloc[0], found.iloc[1]
    assert (a["cell_samples"], a["cell_spots"], a["cell_tested_spots"], a["cell_share"]) == (4, 2, 2, 0.5)
    assert (a["cell_median_dbm"], a["cell_median_kind"]) == (-105.0, "level")  # two spots: the mean of both
    assert a["cell_last_measured"] == pd.Timestamp("2026-06-02")
    assert (a["near_samples"], a["near_spots"], a["near_share"], a["near_median_dbm"]) == (9, 3, pytest.approx(2 / 3), -100.0)
    assert a["near_last_measured"] == pd.Timestamp("2026-07-01")
    assert (b["cell_samples"], b["cell_share"], b["cell_median_dbm"]) == (1, 1.0, -70.0)


def test_a_parked_car_is_one_spot() -> None:
    given = counted(*[{"east": 10, "south": 10, "level_dbm": -80.0, "samples": 500}], {"east": 60, "south": 10, "level_dbm": -115.0},
                    {"east": 90, "south": 60, "level_dbm": -115.0})  # fmt: skip
    a = facts(given, (50, 50)).iloc[0]
    assert (a["cell_samples"], a["cell_spots"], a["cell_share"], a["cell_median_dbm"]) == (502, 3, pytest.approx(1 / 3), -115.0)


def test_samples_of_a_spot_share_it() -> None:
    given = counted({"level_dbm": -80.0, "samples": 3}, {"level_dbm": -115.0, "samples": 1}, {"east": 90, "level_dbm": -115.0})
    a = facts(given, (50, 50)).iloc[0]
    assert (a["cell_spots"], a["cell_share"]) == (2, pytest.approx(0.375))  # (3/4 + 0) / 2
    assert a["cell_median_dbm"] == -115.0  # weights 0.75 at -80; 0.25 and 1 at -115


@pytest.mark.parametrize(
    ("rows", "share", "tested", "median", "kind"),
    [
        ([("below", -125.0)], 0.0, 1, -125.0, "below"),
        ([("below", -110.0)], 0.0, 1, -110.0, "below"),  # nothing above the planning level
        ([("below", -105.0)], np.nan, 0, -105.0, "below"),  # leaves open whether the level is reached
        ([("above", -100.0)], 1.0, 1, -100.0, "above"),
        ([("above", -115.0)], np.nan, 0, -115.0, "above"),
        ([("level", -110.0)], 1.0, 1, -110.0, "level"),
        ([("level", -110.1)], 0.0, 1, -110.1, "level"),
        ([("below", -125.0), ("level", -90.0), ("level", -80.0)], 2 / 3, 3, -90.0, "level"),
        ([("below", -125.0), ("below", -125.0), ("level", -80.0)], 1 / 3, 3, -125.0, "below"),
        ([("below", -85.0), ("level", -90.0), ("level", -80.0)], 1.0, 2, -85.0, "below"),  # -90 or up to -85
        ([("above", -44.0), ("above", -44.0), ("level", -90.0)], 1.0, 3, -44.0, "above"),
        ([("below", -125.0), ("above", -44.0)], 0.5, 2, np.nan, ""),
    ],
)
def test_bounds(rows: list[tuple[str, float]], share: float, tested: int, median: float, kind: str) -> None:
    given = counted(*({"kind": k, "level_dbm": v, "east": 10 + 30 * i} for i, (k, v) in enumerate(rows)))
    a = facts(given, (50, 50)).iloc[0]
    assert a["cell_share"] == pytest.approx(share, nan_ok=True)
    assert a["cell_tested_spots"] == tested
    assert a["cell_spots"] == len(rows)
    assert a["cell_median_dbm"] == pytest.approx(median, nan_ok=True)
    assert a["cell_median_kind"] == kind


def test_a_technology_without_a_planning_level_has_no_verdict() -> None:
    a = facts(counted({"technology": "5G", "level_dbm": -60.0}), (50, 50)).iloc[0]
    assert (a["cell_samples"], a["cell_tested_spots"], a["cell_median_dbm"]) == (1, 0, -60.0)
    assert np.isnan(a["cell_share"])


def test_nothing_measured_is_not_zero_percent() -> None:
    found = facts(counted(layers=[("A", "4G"), ("B", "3G")]), (50, 50), (np.nan, np.nan))
    assert found["place"].tolist() == [0, 0, 1, 1]
    for name in ("cell", "near"):
        assert found[f"{name}_samples"].tolist() == [0, 0, 0, 0]
        assert found[[f"{name}_share", f"{name}_median_dbm", f"{name}_last_measured"]].isna().all(axis=None)
        assert found[f"{name}_median_kind"].tolist() == [""] * 4


def test_a_place_beyond_the_grid_has_no_cell_but_what_is_near() -> None:
    given = counted({"east": 10, "south": 50}, {"east": -60, "south": 50})  # the second lies beyond the grid too
    a = facts(given, (-50, 50)).iloc[0]
    assert (a["cell_samples"], a["near_samples"]) == (0, 2)


def test_aggregated_rows_bring_their_spots() -> None:
    frame = observed({"samples": 20}, {"samples": 4, "level_dbm": -120.0}, {"east": 90.0}).assign(spots=[3, 2, 1])
    given = count_observations(frame, EPSG, planning_dbm=PLANNING, settings=SETTINGS)
    a = facts(given, (50, 50)).iloc[0]
    assert a["cell_spots"] == 4  # one place has as many as its best row says
    assert a["cell_share"] == pytest.approx((3 * 20 / 24 + 1) / 4)


# -- what does not count ---------------------------------------------------------------------------


def test_samples_older_than_a_change_within_reach_do_not_count() -> None:
    changes = SiteChanges(
        np.array([X, X + 5000.0]), np.array([Y, Y]), np.array([1, 1]),
        np.array(["2026-06-15", "NaT"], dtype="datetime64[ns]"), np.array([False, False]),
    )  # fmt: skip
    rows = [
        {"time": pd.Timestamp("2026-06-14")}, {"time": pd.Timestamp("2026-06-15")}, {"time": pd.NaT},
        {"time": pd.Timestamp("2026-06-01"), "east": 290, "south": 290},  # out of reach
        {"time": pd.NaT, "east": 290, "south": 290}, {"time": pd.Timestamp("2026-06-01"), "operator": "B"},
        {"level_dbm": np.nan},
    ]  # fmt: skip
    given = counted(*rows, changes=changes, change_operators=("B", "A"), reach_m=200.0)
    assert given.row.tolist() == [1, 3, 4, 5]
    assert given.left_out == {
        Reason.NOT_A_LEVEL.code: 1, Reason.SITE_CHANGED.code: 1, Reason.UNDATED.code: 1,
    }  # fmt: skip
    assert set(given.left_out) <= set(issue_catalogue().kinds)
    assert len(counted(*rows)) == 6  # no changes known: no age is judged
    undated = facts(given, (290, 290)).iloc[0]
    assert undated["cell_samples"] == 2
    assert undated["cell_last_measured"] == pd.Timestamp("2026-06-01")


def test_without_a_position_nothing_is_measured_anywhere() -> None:
    frame = observed({}, {}).assign(lon=[np.nan, 105.5])
    given = count_observations(frame, EPSG, planning_dbm=PLANNING, settings=SETTINGS)
    assert given.left_out == {Reason.NO_POSITION.code: 1}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "silence"}, "silence"), ({"kind": None}, "an empty cell"), ({"samples": 0}, "samples"), ({"samples": np.nan}, "samples"),
        ({"spots": 0.5}, "spots"),
    ],
)  # fmt: skip
def test_what_cannot_be_counted_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        count_observations(observed({}, {}).assign(**change), EPSG, planning_dbm=PLANNING, settings=SETTINGS)


@pytest.mark.parametrize("column", OBSERVATION_COLUMNS)
def test_a_column_that_is_missing_is_named(column: str) -> None:
    with pytest.raises(InputError, match=column):
        count_observations(observed({}).drop(columns=column), EPSG, planning_dbm=PLANNING, settings=SETTINGS)


def test_systems_must_agree() -> None:
    other = Grid(3405, X, Y, 100.0, 3, 3)
    with pytest.raises(InputError, match="EPSG:3405"):
        facts(counted({}), (50, 50), grid=other)
    with pytest.raises(InputError, match="EPSG:3405"):
        measured_cells(counted({}), other)


# -- cells -----------------------------------------------------------------------------------------


def test_cells_by_hand() -> None:
    given = counted(
        {"east": 10, "south": 10, "samples": 4, "route": "r1"}, {"east": 30, "south": 10, "level_dbm": -120.0, "route": "r2"},
        {"east": 50, "south": 10, "kind": "below", "level_dbm": -100.0, "route": "r1"},
        {"east": 210, "south": 110}, {"east": 210, "south": 110, "operator": "B", "technology": "3G", "level_dbm": -101.0},
        {"east": 310, "south": 10},  # beyond the grid
    )  # fmt: skip
    cells = measured_cells(given, GRID)
    assert cells[["operator", "technology", "row", "column"]].to_numpy().tolist() == [
        ["A", "4G", 0, 0], ["A", "4G", 1, 2], ["B", "3G", 1, 2]
    ]  # fmt: skip
    first = cells.iloc[0]
    assert (first["samples"], first["tests"], first["successes"], first["routes"]) == (6, 5, 4, 2)
    assert (first["spots"], first["tested_spots"], first["share"]) == (3, 2, 0.5)
    assert (first["x_m"] - X, Y - first["y_m"]) == (pytest.approx(30.0, abs=0.01), pytest.approx(10.0, abs=0.01))
    assert cells["share"].tolist()[1:] == [1.0, 0.0]


def test_no_observations_are_no_cells() -> None:
    cells = measured_cells(counted(), GRID)
    assert len(cells) == 0
    assert {"operator", "share", "tests", "last_measured"} <= set(cells.columns)


# -- evidence --------------------------------------------------------------------------------------


def test_evidence_words() -> None:
    enough = [{"east": e, "south": 10, "samples": 3} for e in (10, 60)]
    few = [{"east": 110, "south": 10, "samples": 4}, {"east": 160, "south": 10, "kind": "below", "level_dbm": -100.0}]
    parked = [{"east": 210, "south": 10, "samples": 50}]
    old = [{"east": e, "south": 110, "samples": 3, "technology": "2G"} for e in (10, 60)]
    found = facts(counted(*enough, *few, *parked, *old), (50, 50), (50, 50), (150, 50), (250, 50), (50, 150), (250, 250))
    predicted = np.array([True, False, True, False, True, False])
    table = place_evidence(found, predicted, ("4G",), SETTINGS)
    assert table["evidence"].tolist() == ["both", "measured", "predicted", "none", "predicted", "none"]
    assert table["last_measured"].notna().tolist() == [True, True, True, True, False, False]


# -- laws ------------------------------------------------------------------------------------------

_ROW = st.fixed_dictionaries(
    {
        "operator": st.sampled_from("AB"), "technology": st.sampled_from(["3G", "4G", "5G"]),
        "east": st.integers(-80, 380).map(lambda v: v + 0.5), "south": st.integers(-80, 380).map(lambda v: v + 0.5),
        "kind": st.sampled_from(["level", "level", "below", "above"]),
        "level_dbm": st.sampled_from([-125.0, -113.0, -110.0, -105.0, -100.0, -90.0]), "samples": st.integers(1, 9),
        "route": st.integers(0, 3), "time": st.integers(0, 300).map(lambda d: DAY + pd.Timedelta(days=d)),
    }
)  # fmt: skip


def slow(frame: pd.DataFrame, near: np.ndarray, x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """The facts of some rows of one layer, counted one by one."""
    rows = frame[near]
    spot = [(int(np.floor(a / 25)), int(np.floor(b / 25))) for a, b in zip(x[near], y[near], strict=True)]
    threshold = PLANNING.get(frame["technology"].iloc[0], np.nan)
    by_spot: dict[Any, list[tuple[str, float, int]]] = {}
    for key, k, v, s in zip(spot, rows["kind"], rows["level_dbm"], rows["samples"], strict=True):
        by_spot.setdefault(key, []).append((k, v, s))
    shares, low, high = [], [], []
    for members in by_spot.values():
        total = sum(s for *_, s in members)
        low += [(-np.inf if k == "below" else v, s / total) for k, v, s in members]
        high += [(np.inf if k == "above" else v, s / total) for k, v, s in members]
        good = sum(s for k, v, s in members if k != "below" and v >= threshold)
        bad = sum(s for k, v, s in members if (k == "below" and v <= threshold) or (k == "level" and v < threshold))
        if good + bad:
            shares.append(good / (good + bad))

    def median(pairs: list[tuple[float, float]]) -> float:
        # The middle of all points that leave at most half on either side.
        half = sum(w for _, w in pairs) / 2
        fits = [v for v, _ in pairs if sum(w for u, w in pairs if u < v) <= half + 1e-9 and sum(w for u, w in pairs if u > v) <= half + 1e-9]
        return (min(fits) + max(fits)) / 2 if fits else np.nan

    return {
        "samples": rows["samples"].sum(), "spots": len(by_spot), "tested_spots": len(shares),
        "share": np.mean(shares) if shares else np.nan, "low": median(low), "high": median(high), "last": rows["time"].max(),
    }  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(st.lists(_ROW, min_size=1, max_size=30), st.tuples(st.integers(-200, 500), st.integers(-200, 500)))
def test_facts_are_those_of_a_slow_count(rows: list[dict[str, Any]], place: tuple[int, int]) -> None:
    frame = observed(*rows)
    found = facts(count_observations(frame, EPSG, planning_dbm=PLANNING, settings=SETTINGS), place)
    x, y = from_wgs84(frame["lon"].to_numpy(), frame["lat"].to_numpy(), EPSG)
    px, py = X + place[0], Y - place[1]
    row, column = GRID.locate(x, y)
    at = GRID.locate([px], [py])
    for _, fact in found.iterrows():
        mine = ((frame["operator"] == fact["operator"]) & (frame["technology"] == fact["technology"])).to_numpy()
        own = mine & (row == at[0][0]) & (column == at[1][0]) & (row >= 0)
        near = mine & (np.hypot(x - px, y - py) <= 150.0)
        for name, chosen in (("cell", own), ("near", near)):
            if not chosen.any():
                assert fact[f"{name}_samples"] == 0
                continue
            true = slow(frame[mine], chosen[mine], x[mine], y[mine])
            for field in ("samples", "spots", "tested_spots"):
                assert fact[f"{name}_{field}"] == true[field]
            assert fact[f"{name}_share"] == pytest.approx(true["share"], nan_ok=True)
            assert fact[f"{name}_last_measured"] == true["last"]
            kind = "level" if true["low"] == true["high"] else "below" if np.isfinite(true["high"]) else "above" if np.isfinite(true["low"]) else ""
            assert fact[f"{name}_median_kind"] == kind
            value = {"level": true["high"], "below": true["high"], "above": true["low"], "": np.nan}[kind]
            assert fact[f"{name}_median_dbm"] == pytest.approx(value, nan_ok=True)


@settings(deadline=None, max_examples=25)
@given(st.lists(_ROW, min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_order_changes_nothing_and_cells_hold_everything(rows: list[dict[str, Any]], random: Any) -> None:
    frame = observed(*rows)
    kept = frame.copy(deep=True)
    given = count_observations(frame, EPSG, planning_dbm=PLANNING, settings=SETTINGS)
    cells = measured_cells(given, GRID)
    order = list(range(len(frame)))
    random.shuffle(order)
    again = measured_cells(count_observations(frame.iloc[order], EPSG, planning_dbm=PLANNING, settings=SETTINGS), GRID)
    pd.testing.assert_frame_equal(cells, again, rtol=1e-12)
    pd.testing.assert_frame_equal(frame, kept)
    inside = GRID.locate(*from_wgs84(frame["lon"].to_numpy(), frame["lat"].to_numpy(), EPSG))[0] >= 0
    assert cells["samples"].sum() == frame["samples"][inside].sum()
    assert (cells["successes"] <= cells["tests"]).all()
    assert (cells["tests"] <= cells["samples"]).all()
    known = cells["share"].dropna()
    assert known.between(0, 1).all()
    assert (cells["share"].isna() == (cells["tests"] == 0)).all()
