"""Whom the public-utility programme may be asked for: one operator per area, by hand. All places are made up."""

from __future__ import annotations

import numpy as np

from geo.planning.funding import Asked, Payer, payers

BUDGET, PROGRAMME = Payer("budget"), Payer("public_utility")


def site(*cells: tuple[float, str], **serves: list[int]) -> Asked:
    """Cells as (people, commune of a village of special difficulty; "" none), and which of them each operator serves; all unless given."""
    people, commune = (np.array(list(column)) for column in zip(*cells, strict=True))
    every = np.ones(len(people), dtype=bool)
    return Asked(people, commune != "", commune.astype(object), {o: every if not k else np.isin(np.arange(len(people)), k) for o, k in serves.items()})


def test_the_programme_pays_for_the_operator_that_it_supports_alone() -> None:
    """Ten people of special difficulty in commune 1, nine elsewhere: most of them live where the programme is for."""
    cells = (10.0, "1"), (9.0, "")
    sites = [site(*cells, A=[]), site(*cells, B=[]), site(*cells, A=[], B=[])]
    assert payers(sites, {"1": "A"}) == [PROGRAMME, Payer("budget", "supported_other", ("A",)), Payer("public_utility", "supported_part", ("A",))]
    assert payers(sites, {"2": "A"})[:1] == [PROGRAMME]  # of another commune
    assert payers([site((10.0, "1"), (10.0, ""), A=[])], {"1": "A"}) == [BUDGET]  # just half is not most
    assert payers([site((10.0, ""), A=[])], {"1": "B"}) == [BUDGET]  # where nobody lives in such a village nothing is said of the programme


def test_the_supported_operator_has_to_serve_them_itself() -> None:
    """A and B come together; A, who is supported, serves the two cells of 3 people, B the one of 10: the programme would serve few of them."""
    cells = (10.0, "1"), (3.0, "1"), (3.0, "1")
    assert payers([site(*cells, A=[1, 2], B=[0])], {"1": "A"}) == [Payer("budget", "supported_other", ("A",))]
    assert payers([site(*cells, A=[0], B=[1, 2])], {"1": "A"}) == [Payer("public_utility", "supported_part", ("A",))]


def test_over_two_communes_what_may_be_paid_decides() -> None:
    cells = (10.0, "1"), (6.0, "2")
    assert payers([site(*cells, B=[])], {"1": "B", "2": "A"}) == [PROGRAMME]
    assert payers([site(*cells, B=[])], {"1": "A", "2": "B"}) == [Payer("budget", "supported_other", ("A", "B"))]


def test_where_nobody_knows_whom_it_supports_it_is_asked_for_one() -> None:
    """The first site of the plan in commune 1 is for A or B, the second for B: then B is asked for, and neither A nor C any more; commune 2 is another area."""
    one = (10.0, "1")
    sites = [site(one, A=[], B=[]), site(one, B=[]), site(one, A=[]), site(one, B=[], C=[]), site((5.0, "2"), C=[]), site(one, C=[])]
    no = Payer("budget", "asked_other", ("B",))
    assert payers(sites, {}) == [PROGRAMME, PROGRAMME, no, PROGRAMME, PROGRAMME, no]
    assert payers(sites[2:3], {}) == [PROGRAMME]  # nothing is kept from one plan to the next


def test_a_site_that_gives_nobody_a_first_operator_is_the_budgets() -> None:
    empty = Asked(np.zeros(0), np.zeros(0, dtype=bool), np.zeros(0, dtype=object), {"A": np.zeros(0, dtype=bool)})
    assert payers([empty, site((0.0, "1"), A=[])], {"1": "B"}) == [BUDGET, BUDGET]
