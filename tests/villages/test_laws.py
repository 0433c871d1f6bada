"""Silence is never absence: laws over random states of nine cells, two to three operators, houses anywhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.coverage import Coverage, Reason, State
from geo.villages import classify_facilities, find_clusters, operator_service, weak_clusters
from tests.villages.made_up import (
    ALL_MINE,
    LATE,
    SETTINGS,
    classed,
    covered,
    facilities,
    houses,
    place,
    rules,
    sites,
    villages,
)

LAYERS = tuple((operator, technology) for operator in "ABC" for technology in ("3G", "4G"))
SERVED_CLASSES = {"weak", "voice_only", "no_4g", "single_operator", "served"}
MIDDLE = villages({}, place(0, 0))


def drawn(seed: int) -> tuple[Coverage, pd.DataFrame]:
    """States that clear and undecided cases are common in, and some houses."""
    rng = np.random.default_rng(seed)
    likely = rng.dirichlet(np.array([0.3, 0.5, 0.2, 1.5, 0.7, 0.2]))
    states = {layer: rng.choice([1, 2, 3, 4, 5, 6], size=(3, 3), p=likely) for layer in LAYERS}
    spots = [(int(r), int(c), int(n)) for r, c, n in zip(rng.integers(0, 3, 3), rng.integers(0, 3, 3), rng.integers(1, 20, 3), strict=True)]
    uses = [rng.choice([2, 3, 4, 6]) for _ in range(3)]
    return covered(states, by_use=uses), houses(*spots)


def without_list(coverage: Coverage, operator: str) -> Coverage:
    """The same without an operator's site list: nothing is known of its layers."""
    state, reason = coverage.state.copy(), coverage.reason.copy()
    level, probability = coverage.level_dbm.copy(), coverage.probability.copy()
    for i, (name, _) in enumerate(coverage.layers):
        if name == operator:
            state[i], reason[i] = State.UNKNOWN, Reason.NO_SITE_LIST
            level[i] = probability[i] = np.nan
    return replace(coverage, state=state, reason=reason, level_dbm=level, probability=probability)


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), operator=st.sampled_from("ABC"))
def test_removing_a_list_never_creates_white_weak_or_service(seed: int, operator: str) -> None:
    coverage, buildings = drawn(seed)
    less = without_list(coverage, operator)
    before, after = (classed(MIDDLE, c, buildings=buildings) for c in (coverage, less))
    for (_, was), (_, now) in zip(before.iterrows(), after.iterrows(), strict=True):
        assert now["class"] not in {"white", "weak", "voice_only", "no_4g", "single_operator"}  # each says something of all
        assert set(now["operators_serving"].split("; ")) - {""} <= set(was["operators_serving"].split("; "))
        if now["class"] == "served":
            assert was["class"] in SERVED_CLASSES
        assert f"{operator}=no_site_list" in now["operators_undecided"].split("; ")
        assert now["single_operator"] is pd.NA or not now["single_operator"]
        assert now["weak"] is pd.NA or not now["weak"]
        assert now["white_probability_low"] == 0
        assert now["white_probability_high"] >= was["white_probability_high"] - 1e-6
        if was["evidence"] == "none":
            assert now["evidence"] == "none"
    places = [classify_facilities(facilities({}), c, sites(), settings=rules(LATE)).iloc[0] for c in (coverage, less)]
    assert places[1]["class"] not in {"white", "no_4g", "single_operator"}
    assert places[1]["class"] == "undecided" or places[0]["class"] in SERVED_CLASSES
    assert places[1]["indoor"] != "served" or places[0]["indoor"] == "served"
    view = operator_service(after, less, sites(), settings=rules(LATE))
    assert set(view.loc[view["operator"] == operator, "service"]) == {"undecided"}
    assert set(view.loc[view["operator"] == operator, "evidence"]) == {"none"}


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_statement_agrees_with_every_other(seed: int) -> None:
    coverage, buildings = drawn(seed)
    got = classed(MIDDLE, coverage, buildings=buildings)
    view = operator_service(got, coverage, sites(), settings=rules(LATE))
    assert len(view) == 2 * 3
    for _, village in got.iterrows():
        own = view[view["village_id"] == village["village_id"]]
        serving = set(own.loc[own["service"] == "served", "operator"])
        assert "; ".join(sorted(serving)) == village["operators_serving"]
        assert (village["class"] == "white") == (own["service"] == "unserved").all()
        assert (village["class"] in SERVED_CLASSES) == bool(serving)
        undecided = [f"{row['operator']}={row['why']}" for _, row in own[own["service"] == "undecided"].iterrows()]
        assert "; ".join(undecided) == village["operators_undecided"]
        assert (village["class"] == "weak") == (village["weak"] is not pd.NA and bool(village["weak"]))
        weak = village["class"] == "weak"
        assert weak == (not pd.isna(village["weak_clusters"])) == (not np.isnan(village["cluster_households"]))
        assert not weak or village["cluster_households"] >= SETTINGS.weak_cluster_households
        assert village["white_probability_low"] <= village["white_probability_high"] + 1e-6
    clusters = find_clusters(
        MIDDLE, coverage, cells_of_villages=ALL_MINE, settings=rules(LATE), village_settings=SETTINGS, buildings=buildings
    )
    rows = weak_clusters(got, clusters, coverage, rules(LATE))
    assert rows.groupby("village_id").size().to_dict() == got.dropna(subset="weak_clusters").set_index("village_id")["weak_clusters"].to_dict()
