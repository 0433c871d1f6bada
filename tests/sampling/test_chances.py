"""How likely a village gets decided: by hand, against draws, and what must always hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from geo.sampling.chances import Cuts, LayerOutlook, layer_chances, village_chance

CUTS = Cuts(0.9, 0.1, 0.5, 0.7)


def outlook(margin, shift, rest, *, serve=True, unserve=True, stays=False, mast=None) -> LayerOutlook:
    n = len(margin)
    flags = [np.broadcast_to(np.asarray(f, dtype=bool), n).copy() for f in (serve, unserve, stays)]
    return LayerOutlook(
        np.array(margin, float), np.array(shift, float), np.array(rest, float), *flags, np.arange(n) if mast is None else np.array(mast)
    )


def test_one_layer_by_hand() -> None:
    # Needs 1.2816 × 2 = 2.563 dB above or below the planning level; 1 dB is expected with a spread of 6 dB.
    one = outlook([1.0], [6.0], [2.0])
    served, unserved = norm.cdf((1.0 - 2.5631) / 6.0), norm.cdf((-2.5631 - 1.0) / 6.0)
    assert layer_chances(one, CUTS)[0] == pytest.approx([served], abs=1e-5)
    assert layer_chances(one, CUTS)[1] == pytest.approx([unserved], abs=1e-5)
    # Decided is served by one layer or unserved by all: with one layer, either.
    assert village_chance(one, CUTS) == pytest.approx(served + unserved, abs=1e-4)


def test_a_place_at_the_threshold_with_much_spread_in_its_cell_is_hardly_decided_by_measuring() -> None:
    even, rough = outlook([0.0], [8.0], [1.0]), outlook([0.0], [1.0], [8.0])
    assert village_chance(even, CUTS) > 0.8
    assert village_chance(rough, CUTS) < 1e-6


@pytest.mark.parametrize(("serve", "unserve", "expected"), [(False, True, 0.5), (True, False, 0.5), (False, False, 0.0)])
def test_what_a_measurement_cannot_prove_does_not_count(serve: bool, unserve: bool, expected: float) -> None:
    sure = outlook([0.0], [10.0], [1e-9], serve=serve, unserve=unserve)
    assert village_chance(sure, CUTS) == pytest.approx(expected, abs=1e-4)


def test_all_layers_have_to_be_unserved_and_one_that_no_cell_reaches_is() -> None:
    both = outlook([0.0, -5.0], [0.0, 5.0], [1.0, 1e-9], serve=[True, False], stays=[True, False])
    assert village_chance(both, CUTS) == pytest.approx(norm.cdf(1.0), abs=1e-4)
    # One of which nothing can be learnt keeps the village undecided.
    never = outlook([-30.0, -5.0], [0.0, 5.0], [1.0, 1e-9], serve=[False, False], unserve=[False, True])
    assert village_chance(never, CUTS) == 0.0
    assert village_chance(outlook([], [], []), CUTS) == 0.0


def drawn(of: LayerOutlook, cuts: Cuts, n: int, rng: np.random.Generator) -> float:
    """Return the share of decided villages when the measurement is drawn."""
    place = rng.standard_normal(n)
    masts = {m: rng.standard_normal(n) for m in np.unique(of.mast).tolist()}
    served, unserved = np.zeros(n, bool), np.ones(n, bool)
    for k in range(len(of.margin_db)):
        common = np.sqrt(cuts.place_correlation) * place + np.sqrt(cuts.site_correlation - cuts.place_correlation) * masts[int(of.mast[k])]
        level = of.margin_db[k] + of.shift_sd_db[k] * (common + np.sqrt(1 - cuts.site_correlation) * rng.standard_normal(n))
        probability = norm.cdf(level / of.rest_sd_db[k])
        if of.may_serve[k]:
            served |= probability >= cuts.served_probability
        unserved &= (probability <= cuts.unserved_probability) & bool(of.may_unserve[k])
    return float((served | unserved).mean())


def test_the_closed_form_agrees_with_draws() -> None:
    rng = np.random.default_rng(3)
    for _ in range(4):
        n = int(rng.integers(2, 7))
        of = outlook(rng.normal(-3, 5, n), rng.uniform(0.5, 9, n), rng.uniform(0.5, 4, n), unserve=rng.uniform(size=n) < 0.9, mast=rng.integers(0, 2, n))
        assert village_chance(of, CUTS) == pytest.approx(drawn(of, CUTS, 80_000, rng), abs=0.007)


LAYERS = st.lists(st.tuples(st.floats(-20, 20), st.floats(0, 12), st.floats(0.1, 12), st.booleans(), st.booleans(), st.integers(0, 2)), min_size=1, max_size=6)


@settings(deadline=None, max_examples=40)
@given(LAYERS)
def test_it_is_a_probability_whatever_the_order_of_the_layers(layers) -> None:
    def of(rows) -> LayerOutlook:
        m, t, s, a, b, g = zip(*rows, strict=True)
        return outlook(m, t, s, serve=a, unserve=b, mast=g)

    chance = village_chance(of(layers), CUTS)
    assert -1e-9 <= chance <= 1.0 + 1e-9
    assert village_chance(of(layers[::-1]), CUTS) == pytest.approx(chance, abs=1e-9)
    # A layer that can prove less never decides more.
    less = [(*row[:3], False, row[4], row[5]) for row in layers]
    assert village_chance(of(less), CUTS) <= chance + 1e-9
