"""What both reviews hold about each place, each by its own rule and by the other's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from geo.coverage import State
from geo.crs import WGS84_EPSG, to_wgs84
from geo.io.polygons import projected
from geo.register.evidence import Shares, VillageCounts, state_shares, village_counts
from geo.register.layers import Cells, LayerSample, cells_in, states_of_places
from geo.register.register import Places
from geo.register.rules import recomputable_places, verdicts
from geo.register.settings import RegisterSettings
from geo.register.view import ReviewView
from geo.register.zones import Layer, acting_layers, deciding_layers, listed

__all__ = ["Looked", "ground_of_change", "look"]

FloatArray = npt.NDArray[np.float64]
Shapes = npt.NDArray[np.object_]
_Words = npt.NDArray[np.object_]

#: States in which a layer has no say in whether anybody serves.
_SILENT = (State.OUTSIDE, State.PREDICTED_UNSERVED, State.MEASURED_UNSERVED)


@dataclass(frozen=True, slots=True)
class Looked:
    """What both reviews hold about the places.

    Attributes
    ----------
    shares : Shares
        The new review at each place's reference outline, by its own rule.
    villages : VillageCounts
    old_old, new_old, old_new, new_new : (n,) object array
        Verdicts: <review>_<rule>; all "" where both reviews have one rule.
    rule_touches, levels_changed : tuple of bool or None
        See :class:`geo.register.causes.PlaceFacts`.
    lists_missing : tuple of tuples of str
    """

    shares: Shares
    villages: VillageCounts
    old_old: npt.NDArray[np.object_]
    new_old: npt.NDArray[np.object_]
    old_new: npt.NDArray[np.object_]
    new_new: npt.NDArray[np.object_]
    rule_touches: tuple[bool | None, ...]
    levels_changed: tuple[bool | None, ...]
    lists_missing: tuple[tuple[str, ...], ...]


def look(
    places: Places,
    old: ReviewView,
    new: ReviewView,
    people: FloatArray | None,
    since: Sequence[date],
    settings: RegisterSettings,
) -> Looked:
    """Return what the old and the new review say of each place, each by its own rule and by the other's.

    Both are looked at in the centres of the new review's cells.

    Parameters
    ----------
    places : Places
    old, new : ReviewView
    people : (rows, columns) float64 array or None
        On the new review's grid; NaN where not known.
    since : sequence of date
        Of each place: a measurement counts if it is later.
    settings : RegisterSettings
    """
    count = len(places.rows)
    about = places.rows.to_dict("records")
    days = np.array([np.datetime64(day) for day in since], dtype="datetime64[D]")
    reference, either = _cells(places.reference, new), _cells(ground_of_change(places), new)
    needs = tuple([deciding_layers(z, operators=v.rule.operators, counting=v.rule.counting) for z in about] for v in (old, new))
    acts = [_acting(z, (old, new)) for z in about]
    layers = sorted({layer for need in needs for group in need for layer in group})

    here = tuple(_sampled(view, layers, reference, new) for view in (old, new))
    of_people = np.full(len(reference.place), np.nan) if people is None else people[reference.row, reference.column]

    def shares_of(rule: int, samples: Mapping[Layer, LayerSample]) -> Shares:
        state, measured_on = states_of_places(reference.place, needs[rule], samples)
        return state_shares(reference.place, count, state, of_people, measured_on, days)

    villages = village_counts(new.villages, places.rows, places.reference, days, new.village_states)
    around = tuple(_sampled(view, sorted({layer for act in acts for layer in act}), either, new) for view in (old, new))
    missing = new.without_sites - old.without_sites
    return Looked(
        shares_of(1, here[1]),
        villages,
        *_verdicts((old, new), here, needs, shares_of, settings),
        rule_touches=_touches((old, new), around, either, acts),
        levels_changed=_levels_changed(either, count, acts, around, settings),
        lists_missing=tuple(tuple(sorted({o for o, _, _ in need} & missing)) for need in needs[1]),
    )


def _acting(zone: Mapping[Any, Any], views: Sequence[ReviewView]) -> tuple[Layer, ...]:
    """Return the layers that have a part in a place, by its class now and before, in either review."""
    classes = {str(zone["class"]), str(zone["class_old"])}
    found = {
        layer
        for view in views
        for name in classes
        for layer in acting_layers({**zone, "class": name}, operators=view.rule.operators, counting=view.rule.counting)
    }
    return tuple(sorted(found))


def _verdicts(
    views: Sequence[ReviewView],
    samples: Sequence[Mapping[Layer, LayerSample]],
    needs: Sequence[Sequence[tuple[Layer, ...]]],
    shares_of: Callable[[int, Mapping[Layer, LayerSample]], Shares],
    settings: RegisterSettings,
) -> tuple[_Words, _Words, _Words, _Words]:
    """Return the verdicts old_old, new_old, old_new, new_new (review, rule); "" where there is one rule only."""
    count = len(needs[0])
    if views[0].rule == views[1].rule:
        nothing = np.full(count, "", dtype=object)
        return nothing, nothing, nothing, nothing
    said: dict[tuple[int, int], npt.NDArray[np.object_]] = {}
    for review, rule in product((0, 1), (0, 1)):
        found = views[review].under(views[rule].rule, samples[review])
        said[review, rule] = verdicts(shares_of(rule, found), recomputable_places(needs[rule], found), settings)
    for review in (0, 1):
        # Only a rule without a level makes unknown what was not; else the levels were not stated.
        other = 1 - review
        with_level = np.array([all(t in views[other].rule.levels_dbm for _, t, _ in need) for need in needs[other]], dtype=bool)
        lost = (said[review, other] == "unknown") & (said[review, review] != "unknown") & with_level
        said[review, other] = np.where(lost, "not_recomputable", said[review, other]).astype(object)
    return said[0, 0], said[1, 0], said[0, 1], said[1, 1]


def _touches(
    views: Sequence[ReviewView], samples: Sequence[Mapping[Layer, LayerSample]], cells: Cells, acts: Sequence[tuple[Layer, ...]]
) -> tuple[bool | None, ...]:
    """Return of each place whether a layer that has a part in it says something else under the other rule."""
    count = len(acts)
    rules = (views[0].rule, views[1].rule)
    if rules[0] == rules[1]:
        return (False,) * count
    touched, unclear = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    if rules[0].operators != rules[1].operators:  # who "every operator" is: not found again
        unclear[:] = True
    whose = {layer: np.array([layer in act for act in acts], dtype=bool) for layer in {layer for act in acts for layer in act}}
    for review, view in enumerate(views):
        under = view.under(rules[1 - review], samples[review])
        for layer, sample in samples[review].items():
            mine = whose[layer]
            if layer not in under:
                unclear |= mine
                continue
            differs = under[layer].state != sample.state
            if (layer[1] in rules[0].counting) != (layer[1] in rules[1].counting):
                differs = differs | ~np.isin(sample.state, _SILENT)
            turned = np.zeros(count, dtype=bool)
            turned[cells.place[differs]] = True
            touched |= turned & mine
    return tuple(True if t else None if u else False for t, u in zip(touched.tolist(), unclear.tolist(), strict=True))


def ground_of_change(places: Places) -> Shapes:
    """Return the ground that has to do with a place's change: the last outline and the new one together.

    With those of the zones that a new one was part of, and of the one in which a place ended now: what parts or joins
    zones lies between them.
    """
    at = {str(name): i for i, name in enumerate(places.rows["register_id"])}
    out = np.full(len(places.rows), None, dtype=object)
    for i, row in enumerate(places.rows.to_dict("records")):
        shapes = [places.reference[i], places.new_outline[i]]
        if not row["known"]:
            shapes += [places.reference[at[name]] for name in listed(row["split_from"])]
        elif row["merged_into"] and row["was_zone"]:
            shapes.append(places.new_outline[at[row["merged_into"]]])
        known = [shape for shape in shapes if shape is not None]
        out[i] = shapely.union_all(known) if known else None
    return out


def _cells(outlines: Shapes, view: ReviewView) -> Cells:
    if view.grid is None or not len(outlines):
        none = np.zeros(0, dtype=np.int64)
        return Cells(none, none, none)
    return cells_in(projected(gpd.GeoDataFrame(geometry=list(outlines), crs=WGS84_EPSG), view.grid.epsg), view.grid)


def _sampled(view: ReviewView, layers: Sequence[Layer], cells: Cells, new: ReviewView) -> dict[Layer, LayerSample]:
    if new.grid is None:
        return {}
    x, y = new.grid.centres()
    return view.at(layers, *to_wgs84(x[cells.column], y[cells.row], new.grid.epsg))


def _levels_changed(
    cells: Cells,
    count: int,
    needs: Sequence[tuple[Layer, ...]],
    samples: Sequence[Mapping[Layer, LayerSample]],
    settings: RegisterSettings,
) -> tuple[bool | None, ...]:
    """Return of each place whether any level or, of indoor layers, probability differs; None where one review has none."""
    out: list[bool | None] = []
    order = np.argsort(cells.place, kind="stable")
    edges = np.searchsorted(cells.place[order], np.arange(count + 1))
    for i in range(count):
        mine = order[edges[i] : edges[i + 1]]
        outdoor = [layer for layer in needs[i] if layer[2] != "indoor"]
        lacking = not len(mine) or not outdoor or len(outdoor) < len(needs[i])
        lacking = lacking or any((layer in samples[0]) != (layer in samples[1]) for layer in outdoor)
        present = [layer for layer in outdoor if layer in samples[0] and layer in samples[1]]
        differs = False
        for layer in present:
            one, other = (found[layer].level_dbm[mine] for found in samples)
            gap = np.abs(one - other)
            differs = differs or bool((np.isnan(one) != np.isnan(other)).any() or (gap > settings.same_level_db).any())
        stated = any(np.isfinite(samples[0][layer].level_dbm[mine]).any() for layer in present)
        out.append(True if differs else None if lacking or not stated else False)
    return tuple(out)
