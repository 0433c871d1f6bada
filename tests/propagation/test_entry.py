"""What a phone loses indoors, in vehicles and among houses: by hand, against exact integrals, and in the area prediction."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtr

from geo.coverage import (
    AreaLevels,
    PreparedSources,
    coverage_states,
    predict,
    prepare_sources,
    radio_defaults,
)
from geo.coverage.states import LayerFacts, piece_states
from geo.io.resources import issue_catalogue
from geo.propagation.entry import USES, end_loss, entry_loss
from geo.propagation.ground import GroundModel, ground_settings
from geo.propagation.p2108 import statistical_terrestrial_loss_db
from geo.propagation.p2109 import entry_loss_db, entry_loss_spread
from geo.validation import IssueLog
from tests.test_coverage import ON, cells, chosen, grid, sites, terrain_of

BANDS = np.array([0.7, 0.9, 1.8, 2.1, 2.6, 3.5])


def test_outdoors_is_nothing_and_a_vehicle_what_the_settings_say() -> None:
    settings = chosen(vehicle_loss_db=12.0, vehicle_sd_db=4.0)
    loss, sd = entry_loss("outdoor", BANDS, settings)
    assert not loss.any()
    assert not sd.any()
    loss, sd = entry_loss("vehicle", BANDS, settings)
    assert set(loss) == {12.0}
    assert set(sd) == {4.0}
    with pytest.raises(ValueError, match="cellar"):
        entry_loss("cellar", BANDS, settings)


def test_indoors_by_hand() -> None:
    """P.2109 at 1 GHz, traditional: at the median A = 12.64, B = 9.1, C = -3 dB, together 14.3 dB."""
    loss, sd = entry_loss("indoor", np.array([1.0]), chosen())
    median = 10 * np.log10(10**1.264 + 10**0.91 + 10**-0.3)
    assert median < loss[0] < median + 1  # the mean lies above it: the distribution leans to high losses
    assert 7 < sd[0] < 8
    tight, _ = entry_loss("indoor", np.array([1.0]), chosen(building_kind="thermally_efficient"))
    assert tight[0] > loss[0] + 15
    below, _ = entry_loss("indoor", np.array([0.03]), chosen())
    np.testing.assert_array_equal(below, entry_loss("indoor", np.array([0.08]), chosen())[0])


@pytest.mark.parametrize(("kind", "probability", "level_db"), [("traditional", 0.017, 0.4), ("thermally_efficient", 0.0215, 0.6)])
def test_taking_the_loss_as_normal_against_the_exact_convolution(kind: str, probability: float, level_db: float) -> None:
    """The figures of the docstring: how far the probability and the level at the cuts of the states are off."""
    shares = (np.arange(20_000) + 0.5) / 20_000
    margin = np.linspace(-40, 80, 601)
    model_sd = 8.0
    losses, spreads = entry_loss("indoor", BANDS, chosen(building_kind=kind))
    worst, hopeful, with_median = 0.0, [], []
    for ghz, loss, spread in zip(BANDS, losses, spreads, strict=True):
        every = np.quantile(entry_loss_db(ghz, shares, building=kind), (np.arange(400) + 0.5) / 400)  # type: ignore[arg-type]
        exact = ndtr((margin[:, None] - every) / model_sd).mean(axis=1)
        taken = ndtr((margin - loss) / np.hypot(model_sd, spread))
        worst = max(worst, float(np.abs(taken - exact).max()))
        median = float(entry_loss_spread(ghz, building=kind).median_db)  # type: ignore[arg-type]
        other = ndtr((margin - median) / np.hypot(model_sd, spread))
        for cut in (0.9, 0.1):
            hopeful.append(np.interp(cut, exact, margin) - np.interp(cut, taken, margin))
            with_median.append(np.interp(cut, exact, margin) - np.interp(cut, other, margin))
    assert worst < probability
    assert min(hopeful) > 0
    assert max(hopeful) < level_db
    assert max(with_median) > 2 * max(hopeful)


def test_end_loss_is_p2108_at_every_distance() -> None:
    away = np.array([[0.01, 0.25, 0.4], [0.777, 1.9, 12.0]])
    median, sd = end_loss(np.array([0.45, 0.9, 2.1]), away)
    assert median.shape == sd.shape == (3, 2, 3)
    for i, ghz in enumerate((0.5, 0.9, 2.1)):  # 450 MHz lies below the model: its lowest frequency is taken
        inside = np.clip(away, 0.25, None)
        np.testing.assert_allclose(median[i], statistical_terrestrial_loss_db(ghz, inside), atol=0.01)
        high = statistical_terrestrial_loss_db(ghz, inside, 100 * ndtr(1.0))
        np.testing.assert_allclose(median[i] + sd[i], high, atol=0.02)
    # By hand at 2.1 GHz far away: L_l = -2 log10(10^(-5 log 2.1 - 12.5) + 10^-16.5) = 28.2 dB, short paths' L_s adds nothing.
    assert median[2, 1, 2] == pytest.approx(28.2, abs=0.3)
    assert sd[2, 1, 2] == pytest.approx(4.0, abs=0.5)


def levels_over(ground: GroundModel, **options: object) -> tuple[AreaLevels, PreparedSources]:
    where, settings = grid(9, 500.0), chosen(**options)
    prepared = prepare_sources(
        cells({"azimuth_deg": 0.0, "power_dbm": 30.0}), sites({}), operators=("A",), terrain=ground, grid=where,
        settings=settings, defaults=radio_defaults(), on=ON, log=IssueLog(issue_catalogue()),
    )  # fmt: skip
    return predict(where, np.ones(where.shape, bool), prepared, ground, settings), prepared


def test_the_end_loss_setting_lowers_levels_and_widens_the_error(tmp_path: Path) -> None:
    plain = terrain_of(tmp_path, np.full((200, 200), 100.0))
    ended = replace(plain, settings=ground_settings(end_loss="p2108", clutter_in_profile=False))
    free, prepared = levels_over(plain)
    less, _ = levels_over(ended)
    i = prepared.layers.index(("A", "4G"))
    x, y = grid(9, 500.0).centres()
    away = np.hypot(*np.meshgrid(x - x[4], y - y[4])) / 1000
    median, sd = end_loss(np.array([1.8]), away)
    far = away > 0.3  # nearer the coupling loss may bind
    np.testing.assert_allclose((free.level_dbm[i] - less.level_dbm[i])[far], median[0][far], atol=0.01)
    for use in range(len(USES)):
        entry, entry_sd = entry_loss(USES[use], np.array([1.8]), chosen())
        whole_sd = np.hypot(np.hypot(prepared.sources.sd_db[0], entry_sd[0]), sd[0])
        expected = (less.level_dbm[i] - entry[0] + 110) / whole_sd
        np.testing.assert_allclose(less.margin_sd[use, i], expected, atol=1e-3)
    np.testing.assert_array_equal(less.margin_sd, less.bound_sd)


def test_people_indoors_are_never_better_off(tmp_path: Path) -> None:
    plain = terrain_of(tmp_path, np.full((200, 200), 100.0))
    levels, prepared = levels_over(plain)
    inside = np.ones((9, 9), bool)
    found = piece_states(levels, LayerFacts.of(prepared), inside, np.zeros((9, 9), bool), chosen())
    i = prepared.layers.index(("A", "4G"))
    outdoor, vehicle, indoor = found.probability[:, i]
    assert (vehicle <= outdoor).all()
    assert (indoor <= vehicle).all()
    served = [(state == 2).sum() for state in found.all_by_use]
    assert served[0] > served[1] > served[2]
    whole = coverage_states(levels, prepared, grid(9, 500.0), inside, chosen())
    np.testing.assert_array_equal(whole.all_by_use, found.all_by_use)


def test_second_margin_server_and_open_paths_by_hand() -> None:
    """One row of cells: two servers, one server, one whose path is open, nobody, and a place outside."""
    level = np.array([[[-80, -90, -100, -np.inf, -70]]], np.float32)
    second = np.array([[[-84.5, -np.inf, -np.inf, -np.inf, -71]]], np.float32)
    server = np.array([[[7, 3, 4, -1, 9]]], np.int32)
    margin = (level + 110) / 8
    bound = margin.copy()
    bound[0, 0, 2] = 9.0
    uses = len(USES)
    levels = AreaLevels(level, np.repeat(margin[None], uses, 0), np.repeat(bound[None], uses, 0), second, server)
    inside = np.array([[True, True, True, True, False]])
    found = piece_states(levels, LayerFacts((("A", "4G"),)), inside, np.zeros_like(inside), chosen())
    np.testing.assert_array_equal(found.second_margin_db[0, 0], [4.5, np.nan, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(found.server[0, 0], [7, 3, -1, -1, -1])  # the third's level is not stated
    np.testing.assert_array_equal(found.path_open[0, 0], [False, False, True, False, False])
    np.testing.assert_array_equal(found.state[0, 0], [2, 2, 6, 4, 0])
    nothing = piece_states(None, LayerFacts((("A", "4G"),)), inside, np.zeros_like(inside), chosen())
    np.testing.assert_array_equal(nothing.state[0, 0], [6, 6, 6, 6, 0])
    np.testing.assert_array_equal(nothing.reason[0, 0], [1, 1, 1, 1, 0])
    np.testing.assert_array_equal(nothing.path_open[0, 0], inside[0])
    assert nothing.all_by_use.tolist() == [[[6, 6, 6, 6, 0]]] * uses


def test_a_wider_error_makes_no_use_better_than_outdoors() -> None:
    """Far below the planning level a wider error raises the probability; a house does not."""
    one = np.full((1, 1, 1), -150.0, np.float32)
    margin = np.array([-5.0, -6.0, -4.0], np.float32).reshape(3, 1, 1, 1)
    levels = AreaLevels(one, margin, margin, np.full_like(one, -np.inf), np.zeros((1, 1, 1), np.int32))
    inside = np.ones((1, 1), bool)
    found = piece_states(levels, LayerFacts((("A", "4G"),)), inside, ~inside, chosen()).probability[:, 0, 0, 0]
    np.testing.assert_allclose(found, ndtr([-5.0, -6.0, -5.0]), rtol=1e-5)
