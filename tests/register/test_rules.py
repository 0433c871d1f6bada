"""States found again under another rule, by hand; and what of a difference is the rule's doing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from geo.register import RuleSet, register_settings
from geo.register.evidence import state_shares
from geo.register.layers import LayerSample
from geo.register.rules import restated, rule_effect, verdicts

OLD = RuleSet({"4G": -110.0}, ("4G",), 0.9, 0.1)
SD = 8.0


def sample(level: list[float], own: RuleSet = OLD, sd: float = SD, state: list[int] | None = None) -> LayerSample:
    values = np.array(level, dtype=float)
    p = ndtr((values - own.levels_dbm.get("4G", np.nan)) / sd)
    cut = np.select([p >= own.served_probability, p <= own.unserved_probability, ~np.isnan(p)], [2, 4, 3], 6)
    days = np.full(values.shape, np.datetime64("NaT"), dtype="datetime64[D]")
    return LayerSample(np.array(cut if state is None else state, dtype=np.uint8), values, np.float32(p).astype(float), days)


def at(level_dbm: float | None, served: float = 0.9, unserved: float = 0.1) -> RuleSet:
    return RuleSet({} if level_dbm is None else {"4G": level_dbm}, ("4G",), served, unserved)


def test_by_hand() -> None:
    # P = Phi((level - threshold) / 8): at -100 it is Phi(1.25) = 0.894 under -110, Phi(1.875) = 0.970 under -115
    found = sample([-99.0, -100.0, -110.0, -120.0, -121.0])
    assert found.state.tolist() == [2, 3, 3, 3, 4]
    assert restated(found, "4G", OLD, at(-115.0), SD).state.tolist() == [2, 2, 3, 3, 3]
    assert restated(found, "4G", OLD, at(-105.0), SD).state.tolist() == [3, 3, 3, 4, 4]
    assert restated(found, "4G", OLD, at(-110.0, served=0.85), SD).state.tolist() == [2, 2, 3, 3, 4]
    assert restated(found, "4G", OLD, at(-110.0, unserved=0.2), SD).state.tolist() == [2, 3, 3, 4, 4]


def test_the_error_is_the_cells_own() -> None:
    found = sample([-104.0, -104.0], sd=3.0)
    assert found.state.tolist() == [2, 2]
    assert restated(found, "4G", OLD, at(-108.0), 99.0).state.tolist() == [2, 2], "Phi(4/3) = 0.909"
    assert restated(found, "4G", OLD, at(-107.0), 99.0).state.tolist() == [3, 3], "Phi(1) = 0.841"


def test_at_the_threshold_the_others_tell_the_error_and_else_the_default() -> None:
    assert restated(sample([-110.0, -104.0], sd=3.0), "4G", OLD, at(-114.0), 99.0).state.tolist() == [2, 2]
    assert restated(sample([-110.0], sd=3.0), "4G", OLD, at(-114.0), 99.0).state.tolist() == [3]
    assert restated(sample([-110.0], sd=3.0), "4G", OLD, at(-114.0), 3.0).state.tolist() == [2]


def test_the_chance_of_a_site_without_a_place_is_no_sign_of_the_error() -> None:
    """P = 0.3 at 20 dB below the threshold, for a site that may stand nearby: not an error of 38 dB."""
    found = sample([-130.0, -104.0], sd=3.0)
    found = replace(found, state=np.array([6, 2], dtype=np.uint8), probability=np.array([0.3, found.probability[1]]))
    assert restated(found, "4G", OLD, at(-125.0), 99.0).state.tolist() == [6, 2]  # Phi(-5 / 3) = 0.05: unserved, if nobody else; 38 dB: 0.45


@given(
    st.lists(st.floats(-140, -70), min_size=1, max_size=8), st.floats(2, 12),
    st.floats(-125, -95), st.floats(-125, -95), st.sampled_from([(0.9, 0.1), (0.95, 0.05), (0.8, 0.3)]),
)  # fmt: skip
def test_finding_again_is_what_the_run_would_have_said(levels: list[float], sd: float, own: float, other: float, cuts: tuple[float, float]) -> None:
    first, second = at(own), at(other, *cuts)
    found = restated(sample(levels, first, sd), "4G", first, second, sd)
    direct = sample(levels, second, sd)
    p = ndtr((np.array(levels) - other) / sd)
    clear = (np.abs(p - cuts[0]) > 1e-3) & (np.abs(p - cuts[1]) > 1e-3)  # float32 probabilities
    assert found.state[clear].tolist() == direct.state[clear].tolist()


@given(st.lists(st.floats(-140, -70), min_size=1, max_size=8), st.floats(0, 15))
def test_a_higher_threshold_never_serves_more(levels: list[float], step: float) -> None:
    before = sample(levels)
    after = restated(before, "4G", OLD, at(-110.0 + step), SD)
    order = {2: 0, 3: 1, 4: 2}
    assert all(order[b] <= order[a] for b, a in zip(before.state.tolist(), after.state.tolist(), strict=True))


def test_what_cannot_be_found_again_is_unknown() -> None:
    hidden = replace(sample([np.nan, np.nan]), state=np.array([2, 4], dtype=np.uint8), probability=np.array([0.99, 0.0]))
    assert restated(hidden, "4G", OLD, at(-115.0), SD).state.tolist() == [6, 6], "a lower threshold might serve either"
    assert restated(hidden, "4G", OLD, at(-105.0), SD).state.tolist() == [6, 4], "what was hopeless stays so"
    far = replace(hidden, out_of_reach=np.array([False, True]))
    assert restated(far, "4G", OLD, at(-115.0), SD).state.tolist() == [6, 4], "nobody reaches so far"
    assert restated(sample([-80.0]), "4G", OLD, at(None), SD).state.tolist() == [6], "no level, no state"
    assert restated(replace(sample([-80.0]), state=np.array([0], dtype=np.uint8)), "4G", OLD, at(-90.0), SD).state.tolist() == [0]


def test_an_unknown_cell_never_becomes_unserved() -> None:
    found = sample([-70.0, -112.0, -140.0], at(None))
    assert found.state.tolist() == [6, 6, 6]
    assert restated(found, "4G", at(None), OLD, SD).state.tolist() == [2, 3, 6]


def test_measured_cells_stay_measured_or_become_uncertain() -> None:
    measured = sample([-90.0, -104.0, -125.0, -113.0], state=[1, 1, 5, 5])
    assert restated(measured, "4G", OLD, at(-106.0), SD).state.tolist() == [1, 3, 5, 3]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (("unserved", "served"), ("unserved", "served"), "none"),
        (("unserved", "unserved"), ("unserved", "unserved"), "no_change"),
        (("unserved", "unserved"), ("served", "served"), "only"),
        (("unserved", "unserved"), ("undecided", "undecided"), "only"),
        (("unserved", "unserved"), ("unserved", "served"), "partly"),
        (("unserved", "served"), ("served", "served"), "partly"),
        (("unserved", "served"), ("served", "unserved"), "hides"),
        (("unserved", "unserved"), ("served", "unserved"), "hides"),
        (("unserved", "not_recomputable"), ("served", "served"), "not_recomputable"),
    ],
)
def test_effect_of_the_rule(old: tuple[str, str], new: tuple[str, str], expected: str) -> None:
    assert rule_effect(*old, *new) == expected


def test_verdicts() -> None:
    states = [[2] * 9 + [4], [2] * 8 + [4] * 2, [3, 3, 4, 6], [6, 6, 4, 4], [4] * 4, [2]]
    place = np.repeat(np.arange(6), [len(s) for s in states])
    code = np.concatenate([np.array(s, dtype=np.uint8) for s in states])
    no_day = np.full(len(code), np.datetime64("NaT"), dtype="datetime64[D]")
    shares = state_shares(place, 7, code, np.full(len(code), np.nan), no_day, np.full(7, np.datetime64("2026-11-01")))
    can = np.array([True] * 5 + [False, True])
    assert verdicts(shares, can, register_settings()).tolist() == [
        "served", "unserved", "undecided", "unknown", "unserved", "not_recomputable", "not_recomputable",
    ]  # fmt: skip


def test_near_a_border_without_neighbours_nothing_becomes_unserved() -> None:
    found = replace(sample([-115.0, -115.0, -130.0]), neighbours_open=np.array([True, False, True]))
    found.state[2] = 5
    assert found.state.tolist() == [3, 3, 5]
    assert restated(found, "4G", OLD, at(-100.0), SD).state.tolist() == [6, 4, 5], "a measurement may say so all the same"
