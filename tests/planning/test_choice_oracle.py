"""The choice beside spopt, with the same solver, on what spopt can express: one operator, one year, equal costs.

Wants spopt (BSD; 0.7 was used), which is in no lock: ``pip install spopt``, then pytest on this file with ``-m slow``.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.sparse import csc_array
from scipy.spatial.distance import cdist

from geo.planning.choice import ChoiceProblem, ChoiceSettings, choose, set_cover
from geo.planning.choice.greedy import greedy_plan
from geo.planning.choice.value import plan_value

pytestmark = pytest.mark.slow
REACH = 6.0
#: It would bring scikit-learn and more to every run of the checks, for seven proofs that take minutes.
WANTS = "an oracle that is in no lock: pip install spopt"


def _instance(seed: int, candidates: int, places: int):
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, 100, (40, 2))
    at = centres[rng.integers(0, 40, places)] + rng.normal(0, 4, (places, 2))
    stands = np.vstack([at[rng.integers(0, places, candidates // 2)], rng.uniform(0, 100, (candidates - candidates // 2, 2))])
    return cdist(at, stands), np.ceil(rng.lognormal(3.5, 1.0, places))


@pytest.mark.parametrize(("seed", "candidates", "places", "sites"), [(1, 100, 800, 10), (2, 200, 2000, 15), (3, 300, 3000, 25), (4, 400, 4000, 40)])
def test_the_same_people_as_spopt(seed: int, candidates: int, places: int, sites: int) -> None:
    locate, pulp = (pytest.importorskip(name, reason=WANTS) for name in ("spopt.locate", "pulp"))
    distance, people = _instance(seed, candidates, places)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = locate.MCLP.from_cost_matrix(distance, people, service_radius=REACH, p_facilities=sites)
        model.solve(pulp.HiGHS(msg=False, threads=1))
    theirs = pulp.value(model.problem.objective)
    problem = ChoiceProblem.of(np.full(candidates, 7), csc_array(distance <= REACH), people, [7 * sites])
    found = choose(problem, ChoiceSettings(seconds=240.0, threads=1))
    print(f"{candidates} x {places}, {sites} sites: spopt {theirs:.0f}, here {found.value:.0f}, bound {found.bound:.2f}, "
          f"greedy {plan_value(problem, greedy_plan(problem)):.0f}, {found.seconds:.1f} s")
    assert found.value == pytest.approx(theirs, rel=1e-6)
    assert found.bound == pytest.approx(theirs, rel=1e-6)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_fewest_as_spopt(seed: int) -> None:
    locate, pulp = (pytest.importorskip(name, reason=WANTS) for name in ("spopt.locate", "pulp"))
    distance, people = _instance(seed, 150, 900)
    reachable = (distance <= REACH).any(axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = locate.LSCP.from_cost_matrix(distance[reachable], service_radius=REACH)
        model.solve(pulp.HiGHS(msg=False, threads=1))
    problem = ChoiceProblem.of(np.ones(150), csc_array(distance <= REACH), people, [1])
    assert set_cover(problem, threads=1).number == round(pulp.value(model.problem.objective))
