"""Both reviews at the places, by either rule: small grounds where every state is set by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

from geo.register import (
    LayerRasters,
    Looked,
    ReviewView,
    RuleSet,
    find_places,
    identities_of,
    look,
    register_settings,
)
from geo.register.zones import acting_layers
from tests.register.made_up_ground import grid, zones

THEN, NOW = date(2026, 11, 1), date(2027, 11, 1)
SETTINGS = register_settings()
RULE = RuleSet({"3G": -100.0, "4G": -110.0}, ("3G", "4G"), 0.9, 0.1, ("A", "B"))
CELLS = [(0, 0), (0, 1)]
GOOD, FAIR, POOR = -80.0, -107.0, -150.0


def view(on: date, rule: RuleSet = RULE, **level: Any) -> ReviewView:
    """A review of one row of cells; levels by layer, ``a_4g=[...]``, all others poor; None: the layer has no levels."""
    rasters = {}
    for operator in "AB":
        for technology in ("3G", "4G"):
            values = level.get(f"{operator.lower()}_{technology.lower()}", [POOR, POOR])
            known = np.array([values or [POOR, POOR]], dtype=np.float32)
            p = ndtr((known.astype(float) - rule.levels_dbm.get(technology, np.nan)) / 8.0)
            state = np.select([p >= rule.served_probability, p <= rule.unserved_probability, np.isnan(p)], [2, 4, 6], 3).astype(np.uint8)
            rasters[operator, technology, "outdoor"] = LayerRasters(state, *((known, p.astype(np.float32)) if values else (None, None)))
    return ReviewView(on, rule, 8.0, grid(1, 2), rasters.get)


def looked(old: ReviewView, new: ReviewView, **zone: Any) -> Looked:
    drawn = zones({"z": CELLS}, **zone)
    known = identities_of(drawn, None, on=THEN, prefix="99")
    places = find_places(known, drawn, None, SETTINGS, on=NOW, prefix="99")
    return look(places, old, new, None, [THEN], SETTINGS)


def words(found: Looked) -> list[str]:
    return [str(v[0]) for v in (found.old_old, found.new_old, found.old_new, found.new_new)]


LOWER = replace(RULE, levels_dbm={"3G": -100.0, "4G": -125.0})


def test_one_rule_needs_no_second_look() -> None:
    found = looked(view(THEN), view(NOW))
    assert (words(found), found.rule_touches, found.levels_changed) == ([""] * 4, (False,), (False,))
    assert (found.shares.unserved[0], found.shares.basis[0]) == (1.0, "cells")


def test_both_reviews_under_both_rules() -> None:
    found = looked(view(THEN, a_4g=[-121.0] * 2), view(NOW, LOWER, a_4g=[-111.0] * 2))
    assert words(found) == ["unserved", "undecided", "undecided", "served"]
    assert (found.rule_touches, found.levels_changed) == ((True,), (True,))


def test_an_outline_hangs_on_the_operator_that_serves_too() -> None:
    stricter = replace(RULE, levels_dbm={"3G": -100.0, "4G": -95.0})
    zone = {"class": "single_operator", "operators_missing": "B"}
    found = looked(view(THEN, a_4g=[GOOD, FAIR]), view(NOW, stricter, a_4g=[GOOD, FAIR]), **zone)
    assert words(found) == ["unserved"] * 4, "of the operator that is missing"
    assert found.rule_touches == (True,)
    assert found.levels_changed == (False,)
    moved = looked(view(THEN, a_4g=[GOOD, FAIR]), view(NOW, a_4g=[GOOD, POOR]), **zone)
    assert moved.levels_changed == (True,)


def test_a_layer_of_another_scope_has_no_part() -> None:
    found = looked(view(THEN, a_4g=[FAIR] * 2), view(NOW, LOWER, a_4g=[GOOD] * 2), operator="B")
    assert (found.rule_touches, found.levels_changed) == ((False,), (False,))


def test_a_technology_that_no_longer_counts() -> None:
    later = replace(RULE, counting=("4G",))
    found = looked(view(THEN, a_3g=[GOOD] * 2), view(NOW, later, a_3g=[GOOD] * 2))
    assert words(found) == ["served", "served", "unserved", "unserved"]
    assert found.rule_touches == (True,)
    assert looked(view(THEN), view(NOW, later)).rule_touches == (False,), "nobody had 3G there"


def test_what_is_missing_is_said() -> None:
    found = looked(view(THEN, a_4g=None), view(NOW, LOWER))
    assert words(found) == ["unserved", "unserved", "not_recomputable", "unserved"]
    assert found.rule_touches == (None,)
    assert found.levels_changed == (True,), "one review states levels, the other none"
    assert looked(view(THEN), replace(view(NOW), grid=None)).levels_changed == (None,)
    others = replace(RULE, operators=("A", "B", "C"))
    assert looked(view(THEN), view(NOW, others)).rule_touches == (None,), "who every operator is"


def test_a_rule_without_a_level_leaves_the_place_unknown() -> None:
    none = replace(RULE, levels_dbm={"3G": -100.0})
    assert words(looked(view(THEN), view(NOW, none))) == ["unserved", "unknown", "unknown", "unknown"]


def test_levels_that_nobody_states_tell_nothing() -> None:
    found = looked(view(THEN, a_3g=None, a_4g=None, b_3g=None, b_4g=None), view(NOW, a_3g=None, a_4g=None, b_3g=None, b_4g=None))
    assert found.levels_changed == (None,)


def test_lists_that_are_missing_now() -> None:
    found = looked(view(THEN), replace(view(NOW), without_sites=frozenset({"B"})))
    assert found.lists_missing == (("B",),)
    assert looked(replace(view(THEN), without_sites=frozenset({"B"})), replace(view(NOW), without_sites=frozenset({"B"}))).lists_missing == ((),)


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ({}, [("A", "3G"), ("A", "4G"), ("B", "3G"), ("B", "4G")]),
        ({"operator": "A"}, [("A", "3G"), ("A", "4G")]),
        ({"operator": "A", "technology": "4G"}, [("A", "4G")]),
    ],
)
def test_layers_that_have_a_part_in_a_zone(zone: dict[str, str], expected: list[tuple[str, str]]) -> None:
    base = {"operator": "", "technology": "", "class": "no_4g", "operators_missing": "B"}
    found = acting_layers({**base, **zone}, operators=("A", "B"), counting=("3G", "4G"))
    assert list(found) == [(*layer, "outdoor") for layer in expected]
    indoor = acting_layers({**base, **zone, "class": "indoor_only"}, operators=("A", "B"), counting=("3G", "4G"))
    assert len(indoor) == 2 * len(expected)


def test_each_place_by_its_own_layers() -> None:
    drawn = zones({"a": CELLS, "b": CELLS}, operator=["A", "B"])
    places = find_places(identities_of(drawn, None, on=THEN, prefix="99"), drawn, None, SETTINGS, on=NOW, prefix="99")
    found = look(places, view(THEN, a_4g=[-121.0] * 2), view(NOW, LOWER, a_4g=[-121.0] * 2), None, [THEN, THEN], SETTINGS)
    assert found.rule_touches == (True, False)
    assert found.old_new.tolist() == ["undecided", "unserved"]


def test_an_unserved_place_whose_level_is_not_stated_cannot_be_found_again_under_a_lower_level() -> None:
    def hidden(on: date, rule: RuleSet) -> ReviewView:
        bare = view(on, rule)
        unstated = LayerRasters(np.full((1, 2), 4, np.uint8), np.full((1, 2), np.nan, np.float32), np.zeros((1, 2), np.float32))
        return replace(bare, rasters=lambda _: unstated)

    assert words(looked(hidden(THEN, RULE), hidden(NOW, LOWER))) == ["unserved", "unserved", "not_recomputable", "unserved"]
