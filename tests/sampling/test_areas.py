"""Areas on the way: the chance of a verdict by hand and against draws, and which rows more samples can decide."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from geo.binomial import share_p_values
from geo.sampling import area_chance, open_areas

ROW = {
    "area_level": "commune", "area_code": "99001", "operator": "Mạng A", "technology": "4G", "statistic": "share_at_least", "evidence": "not_enough",
    "source_kind": "drive_test", "value": 1.0, "n": 12.0, "n_effective": 4.0, "n_needed": 20.0, "threshold": 0.5, "comparator": ">=",
}  # fmt: skip


def test_one_more_sample_by_hand() -> None:
    # Four of four: 1/16 at a share of one half, not yet 5 %. Five of five: 1/32. The fifth comes with (4 + 1/2) / (4 + 1).
    assert area_chance(ROW, 1, 0.05) == pytest.approx(0.9)
    assert area_chance(ROW, 0, 0.05) == 0.0
    assert area_chance({**ROW, "n_effective": np.nan}, 3, 0.05) == 0.0


def test_an_area_that_was_never_measured_is_asked_for() -> None:
    """Five of five are 1/32 at one half: five samples can decide. At 95 % it takes 59 (0.95^59 < 5 %); a share that may be 5 % at most likewise."""
    nothing = {**ROW, "value": np.nan, "n": 0.0, "n_effective": np.nan, "n_needed": np.nan}
    rows = [nothing, {**nothing, "threshold": 0.95}, {**nothing, "threshold": 0.05, "comparator": "<="}, {**nothing, "threshold": 1.0}, ROW]
    assert open_areas(pd.DataFrame(rows), 0.05)["samples_needed"].tolist() == [5.0, 59.0, 59.0, 8.0]
    # All five hit, or all five miss, under Jeffreys' prior alone: (1/2 · 3/2 · 5/2 · 7/2 · 9/2) / 5! each, and both decide.
    assert area_chance(nothing, 5, 0.05) == pytest.approx(2 * (0.5 * 1.5 * 2.5 * 3.5 * 4.5) / 120)
    assert area_chance(nothing, 4, 0.05) == 0.0


@pytest.mark.parametrize(("comparator", "statistic"), [("<", "share_at_most"), ("<=", "share_at_most"), ("<", "share")])
def test_less_than_asks_as_much_as_at_most(comparator: str, statistic: str) -> None:
    """A share that must be below 5 %: 59 samples without any can show it; read as 5 % at least it would be one."""
    row = {**ROW, "value": np.nan, "n": 0.0, "n_effective": np.nan, "n_needed": np.nan, "threshold": 0.05, "comparator": comparator, "statistic": statistic}
    assert open_areas(pd.DataFrame([row]), 0.05)["samples_needed"].tolist() == [59.0]


def test_against_draws() -> None:
    row = {**ROW, "value": 0.9, "n_effective": 30.0, "threshold": 0.95}
    rng = np.random.default_rng(4)
    share = rng.beta(27.5, 3.5, 40_000)
    hits = 27 + rng.binomial(60, share)
    many, few = share_p_values(hits, np.full(len(hits), 90.0), np.full(len(hits), 0.95))
    assert area_chance(row, 60, 0.05) == pytest.approx(((many <= 0.05) | (few <= 0.05)).mean(), abs=0.01)


@pytest.mark.parametrize(
    "change",
    [{"evidence": "supported"}, {"source_kind": "crowd_test"}, {"statistic": "mean"}, {"area_level": "province"}, {"n_needed": np.nan}, {"n_needed": 12.0}, {"threshold": np.nan}],
)
def test_rows_that_a_drive_does_not_decide_are_left_out(change: dict[str, object]) -> None:
    assert open_areas(pd.DataFrame([ROW]), 0.05)["samples_needed"].tolist() == [8.0]
    assert open_areas(pd.DataFrame([{**ROW, **change}]), 0.05).empty


def test_without_verdicts_there_are_no_areas() -> None:
    assert open_areas(None, 0.05).empty
    assert open_areas(pd.DataFrame(), 0.05).empty
