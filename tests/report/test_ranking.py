"""Ranks that bounds allow, by hand and against every possible truth."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.report.ranking import people_unserved, possible_ranks


def communes(*rows: tuple[float, float, float, float]) -> pd.DataFrame:
    names = ["population", "population_unserved_share", "population_uncertain_share", "population_unknown_share"]
    return pd.DataFrame(list(rows), columns=names)


def test_by_hand() -> None:
    frame = communes((1000, 0.5, 0.1, 0.0), (1000, 0.0, 0.2, 0.0), (500, 0.0, 0.5, 0.3))
    least, most = people_unserved(frame)
    assert least.tolist() == [500, 0, 0]
    assert most.tolist() == pytest.approx([600, 200, 400])
    ranks = possible_ranks(frame, ["3", "1", "2"])
    assert ranks.best.tolist() == [1, 2, 2]
    assert ranks.worst.tolist() == [1, 3, 3]
    assert ranks.order == [0, 2, 1]
    assert ranks.says_something


def test_what_is_all_unknown_may_be_all_or_none() -> None:
    least, most = people_unserved(communes((800, np.nan, np.nan, 1.0)))
    assert (least.tolist(), most.tolist()) == ([0], [800])


def test_people_not_known_take_a_rank_of_every_other() -> None:
    ranks = possible_ranks(communes((1000, 1, 0, 0), (np.nan, 1, 0, 0), (10, 1, 0, 0)), ["1", "2", "3"])
    assert ranks.best.tolist() == [1, 0, 2]
    assert ranks.worst.tolist() == [2, 0, 3]
    assert ranks.order == [0, 2, 1]


def test_where_every_rank_is_possible_nothing_is_ranked() -> None:
    ranks = possible_ranks(communes((100, 0, 1, 0), (200, 0, 0.5, 0.5)), ["1", "2"])
    assert ranks.known
    assert not ranks.says_something
    assert not possible_ranks(pd.DataFrame({"commune_code": ["1"]}), ["1"]).known


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=4))
def test_ranks_are_all_that_some_truth_gives(bounds: list[tuple[int, int]]) -> None:
    """Every truth on a fine grid: the ranks it gives, ties broken either way, fill the range from best to worst."""
    low, extra = np.array(bounds, dtype=float).T
    frame = communes(*[(10.0, a / 10, b / 10, 0.0) for a, b in zip(low, extra, strict=True)])
    found = possible_ranks(frame, [str(i) for i in range(len(bounds))])
    reached: list[set[int]] = [set() for _ in bounds]
    for truth in itertools.product(*[np.linspace(a, a + b, 2) if b else [a] for a, b in zip(low, extra, strict=True)]):
        for i, mine in enumerate(truth):
            above = sum(other > mine for other in truth)
            level = sum(other == mine for other in truth) - 1
            reached[i] |= set(range(1 + above, 2 + above + level))
    assert [min(r) for r in reached] == found.best.tolist()
    assert [max(r) for r in reached] == found.worst.tolist()
