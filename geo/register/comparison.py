"""Two reviews compared: every identity with its state, what the state rests on, and why it changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.crs import WGS84_EPSG, to_wgs84
from geo.io.polygons import projected
from geo.register.acceptances import Recorded
from geo.register.causes import Causes, PlaceFacts, SiteNear, causes_of
from geo.register.changes import Change
from geo.register.evidence import Shares, VillageCounts, state_shares, village_counts
from geo.register.layers import Cells, LayerSample, cells_in, states_of_places
from geo.register.people import WeightedPoints, nobody, shared
from geo.register.register import Places, deadline_of, places_of, scopes
from geo.register.rules import recomputable_places, rule_effect, verdicts
from geo.register.settings import RegisterSettings
from geo.register.sites import near_sites
from geo.register.states import Case, Decision, Seen, decide
from geo.register.succession import succeed
from geo.register.view import ReviewView, samples_that_differ
from geo.register.zones import Layer, deciding_layers, listed, plane_shapes

__all__ = ["Compared", "Looked", "compare", "find_places", "look"]

FloatArray = npt.NDArray[np.float64]
Shapes = npt.NDArray[np.object_]


def find_places(
    identities: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    points: WeightedPoints | None,
    settings: RegisterSettings,
    *,
    on: date,
    prefix: str,
) -> Places:
    """Return which new zone is which identity, and what is new (:mod:`geo.register.succession`).

    Parameters
    ----------
    identities : GeoDataFrame
        From :func:`geo.register.register.identities_of`.
    zones : GeoDataFrame
        Of the new review, from :func:`geo.register.zones.dead_zones`.
    points : WeightedPoints or None
        People; None: zones are compared by ground alone.
    settings : RegisterSettings
    on : date
        Of the new review.
    prefix : str
        Of new ids.
    """
    old, new = (plane_shapes(f.geometry.to_numpy(), line_half_width_m=settings.line_half_width_m) for f in (identities, zones))
    found = succeed(
        identities["register_id"].tolist(),
        identities["standing"].to_numpy(),
        scopes(identities),
        zones["dead_zone_id"].tolist(),
        scopes(zones),
        shared(old, new, points or nobody()),
        settings,
    )
    return places_of(identities, zones, found, on=on, prefix=prefix)


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
    reference, either = _cells(places.reference, new), _cells(_either(places), new)
    needs = {rule: [deciding_layers(z, operators=v.rule.operators, counting=v.rule.counting) for z in about] for rule, v in (("old", old), ("new", new))}
    layers = sorted({layer for need in needs.values() for group in need for layer in group})

    at_reference = [_sampled(view, layers, reference, new) for view in (old, new)]
    of_people = np.full(len(reference.place), np.nan) if people is None else people[reference.row, reference.column]
    state, measured_on = states_of_places(reference.place, needs["new"], at_reference[1])
    shares = state_shares(reference.place, count, state, of_people, measured_on, days)
    known = (new.villages, new.village_states)
    villages = village_counts(known[0], places.rows, places.reference, days, known[1])

    in_either = [_sampled(view, layers, either, new) for view in (old, new)]
    levels_changed = _levels_changed(either, count, [tuple({*needs["old"][i], *needs["new"][i]}) for i in range(count)], in_either, settings)
    empty = np.full(count, "", dtype=object)
    if old.rule == new.rule:
        said = dict.fromkeys(("old_old", "new_old", "old_new", "new_new"), empty)
        touches: tuple[bool | None, ...] = (False,) * count
    else:
        said = {}
        unclear = np.zeros(count, dtype=bool)
        touched = np.zeros(count, dtype=bool)
        for name, view, found, spread in (("old", old, at_reference[0], in_either[0]), ("new", new, at_reference[1], in_either[1])):
            states = {}
            for rule, judge in (("old", old), ("new", new)):
                by_rule = view.under(judge.rule, found)
                can = recomputable_places(needs[rule], by_rule)
                under, on = states_of_places(reference.place, needs[rule], by_rule)
                verdict = verdicts(state_shares(reference.place, count, under, of_people, on, days), can, settings)
                said[f"{name}_{rule}"] = verdict
                wide = view.under(judge.rule, spread)
                states[rule] = states_of_places(either.place, needs[rule], wide)[0]
                unclear |= ~recomputable_places(needs[rule], wide)
            touched[either.place[states["old"] != states["new"]]] = True
        for own, name in (("old", "old_new"), ("new", "new_old")):
            judge = new if own == "old" else old
            levels_known = np.array([all(t in judge.rule.levels_dbm for _, t, _ in need) for need in needs[name.removeprefix(f"{own}_")]], dtype=bool)
            lost = (said[name] == "unknown") & (said[f"{own}_{own}"] != "unknown") & levels_known
            said[name] = np.where(lost, "not_recomputable", said[name]).astype(object)
        touches = tuple(True if t else None if u else False for t, u in zip(touched.tolist(), unclear.tolist(), strict=True))
    missing = new.without_sites - old.without_sites
    lists = tuple(tuple(sorted({o for o, _, _ in need} & missing)) for need in needs["new"])
    return Looked(shares, villages, **said, rule_touches=touches, levels_changed=levels_changed, lists_missing=lists)


def _either(places: Places) -> Shapes:
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
    samples: Sequence[dict[Layer, LayerSample]],
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


@dataclass(frozen=True, slots=True)
class Compared:
    """The outcome, aligned with the places.

    Attributes
    ----------
    rows : DataFrame
        :attr:`Places.rows` with ``state``, ``flags``, ``basis``, ``opened``, ``resolved_on``, ``deadline``,
        ``deadline_basis``, ``accepted``, ``accepted_on``, shares, ``last_measured``, ``rule_effect``, the verdicts, ``causes``,
        ``causes_excluded``, ``cause_single``, ``changed`` (there is something to explain).
    causes : tuple of Causes
    facts : tuple of PlaceFacts
    """

    rows: pd.DataFrame
    causes: tuple[Causes, ...]
    facts: tuple[PlaceFacts, ...]


def compare(
    places: Places,
    looked: Looked,
    recorded: Sequence[Recorded],
    changes: Sequence[Change],
    changed_sites: pd.DataFrame | None,
    old: ReviewView,
    new: ReviewView,
    settings: RegisterSettings,
    *,
    plane_epsg: int,
    reach_m: float,
    sites_known: bool = True,
) -> Compared:
    """Return the state of each place and the causes of its change.

    Parameters
    ----------
    places : Places
    looked : Looked
    recorded : sequence of Recorded
        What is recorded of each place, acceptances of earlier reviews included (:func:`geo.register.acceptances.with_earlier`).
    changes : sequence of Change
        Of the manifests.
    changed_sites : DataFrame or None
        From :func:`geo.register.sites.changed_sites`; None where the sites are not published.
    old, new : ReviewView
    settings : RegisterSettings
    plane_epsg : int
        CRS in metres for distances.
    reach_m : float
        How far a site may act.
    sites_known : bool
        Both reviews publish their radio cells too.
    """
    rows = places.rows
    about = rows.to_dict("records")
    decided = [
        _decided(place, _seen(looked, i), recorded[i], new.on, settings) for i, place in enumerate(about)
    ]
    either = _either(places)
    near = (
        None
        if changed_sites is None
        else near_sites(changed_sites, gpd.GeoDataFrame(rows[["operator"]], geometry=list(either), crs=WGS84_EPSG), reach_m=reach_m, plane_epsg=plane_epsg)
    )
    differing = samples_that_differ(old.measurements, new.measurements, either, rows["operator"].tolist())
    effects = [
        rule_effect(*(str(v[i]) for v in (looked.old_old, looked.new_old, looked.old_new, looked.new_new))) if looked.old_old[i] else ""
        for i in range(len(rows))
    ]
    facts: list[PlaceFacts] = []
    causes: list[Causes] = []
    changed: list[bool] = []
    for i, place in enumerate(about):
        decision = decided[i][0]
        sites = () if near is None or changed_sites is None else tuple(
            _site_near(changed_sites, row, km)
            for row, km in zip(near[i].rows.tolist(), near[i].distance_km.tolist(), strict=True)
        )  # fmt: skip
        fact = PlaceFacts(
            appears=bool(place["was_zone"]) != (place["zone"] >= 0),
            levels_changed=looked.levels_changed[i],
            rule_touches=looked.rule_touches[i],
            rule_effect=effects[i],
            sites=sites,
            sites_known=sites_known and changed_sites is not None,
            samples_differ=None if differing is None else int(differing[i]),
            lists_missing=looked.lists_missing[i] if decision.state == "unknown" or "partly_unknown" in decision.flags else (),
        )
        facts.append(fact)
        changed.append(_differs(place, places, i, decision, settings))
        causes.append(causes_of(fact, changes) if changed[-1] else Causes())
    filled = _filled(rows, looked, decided, effects, causes).assign(changed=changed)
    return Compared(filled.assign(flags=_flags(filled, places)), tuple(causes), tuple(facts))


def _site_near(changed: pd.DataFrame, row: int, km: float) -> SiteNear:
    site = {name: str(changed.at[row, name]) for name in ("operator", "site_id", "change", "what")}
    return SiteNear(**site, distance_km=float(km))


def _seen(looked: Looked, i: int) -> Seen:
    shares, villages = looked.shares, looked.villages
    return Seen(
        measured=float(shares.measured[i]),
        measured_before=float(shares.measured_before[i]),
        predicted=float(shares.predicted[i]),
        uncertain=float(shares.uncertain[i]),
        unserved=float(shares.unserved[i]),
        unknown=float(shares.unknown[i]),
        unserved_on=_date(shares.unserved_on[i]),
        villages_served=int(villages.served[i]),
        villages_unserved=int(villages.unserved[i]),
        villages_open=int(villages.open[i]),
        villages_measured=float(villages.measured_share[i]),
        villages_measured_before=bool(villages.measured_before[i]),
    )


def _date(day: np.datetime64) -> date | None:
    return None if np.isnat(day) else day.astype("datetime64[D]").astype(date)


def _decided(
    place: Mapping[Any, Any], seen: Seen, recorded: Recorded, today: date, settings: RegisterSettings
) -> tuple[Decision, date | None, str, Recorded]:
    """Return the decision with the deadline that it was taken with, its basis, and what is recorded."""
    case = Case(
        today=today,
        zone=bool(place["zone"] >= 0),
        known=bool(place["known"]),
        was_zone=bool(place["was_zone"]),
        merged=bool(place["merged_into"]),
        was=str(place["state"]),
        opened=place["opened"],
        first_listed=place["first_listed"],
        resolved_on=place["resolved_on"],
        accepted=recorded.accepted,
        accepted_on=recorded.accepted_on,
        claimed=recorded.claimed,
        claimed_on=recorded.claimed_on,
        evidence=str(place["evidence"]),
        seen=seen,
    )
    if case.merged:  # its matter goes on under the other id
        return decide(case, settings), place["deadline"], str(place["deadline_basis"]), recorded
    opened = decide(case, settings).opened
    deadline, basis = deadline_of(
        stated=recorded.deadline,
        before=place["deadline"],
        basis=str(place["deadline_basis"]),
        zone_class=str(place["class"]),
        opened=opened,
        reopened=opened != case.first_listed,
        settings=settings,
    )
    return decide(replace(case, deadline=deadline), settings), deadline, basis, recorded


def _differs(place: Mapping[Any, Any], places: Places, i: int, decision: Decision, settings: RegisterSettings) -> bool:
    """Tell whether there is a change to explain: a zone came or went, or its class, outline or people differ."""
    if place["merged_into"] and not place["was_zone"]:
        return False
    zone, was = bool(place["zone"] >= 0), bool(place["was_zone"])
    if zone != was:
        return True
    if not zone:
        return decision.state != str(place["state"])
    if place["class"] != place["class_old"] or decision.state == "reopened":
        return True
    before, now = float(str(place["population_old"])), float(str(place["population"]))
    if np.isfinite(before) != np.isfinite(now) or (np.isfinite(now) and round(before) != round(now)):
        return True
    one, other = places.reference[i], places.new_outline[i]
    if one is None or other is None:
        return one is not other
    one, other = plane_shapes(np.array([one, other], dtype=object), line_half_width_m=settings.line_half_width_m)
    return float(shapely.area(shapely.symmetric_difference(one, other))) > settings.same_extent_share * float(shapely.area(shapely.union(one, other)))


def _flags(rows: pd.DataFrame, places: Places) -> list[str]:
    """Return the flags of the states with those of the comparison itself.

    ``split`` and ``merge`` on both sides of it, ``class_changed``, ``by_area``, ``outline_unknown`` (an identity without
    a known outline has no successor), ``rule_only``, ``cause_not_found``.
    """
    parents = {name for text in rows.loc[~rows["known"], "split_from"] for name in listed(text)}
    out = []
    for i, row in enumerate(rows.to_dict("records")):
        flags = {*listed(row["flags"])}
        just_merged = bool(row["merged_into"]) and row["was_zone"]
        ended = bool(row["merged_into"]) and not just_merged
        for name, holds in (
            ("split", row["register_id"] in parents or (not row["known"] and bool(row["split_from"]))),
            ("merge", bool(row["merged_from"]) or just_merged),
            ("class_changed", row["zone"] >= 0 and row["was_zone"] and row["class_new"] != row["class_old"]),
            ("by_area", row["matched_by"] == "area" and not ended),
            ("outline_unknown", places.reference[i] is None and not ended),
            ("rule_only", row["rule_effect"] == "only" and not ended),
            ("cause_not_found", row["changed"] and not row["causes"]),
        ):
            if holds:
                flags.add(name)
        out.append("; ".join(sorted(flags)))
    return out


def _filled(
    rows: pd.DataFrame,
    looked: Looked,
    decided: Sequence[tuple[Decision, date | None, str, Recorded]],
    effects: Sequence[str],
    causes: Sequence[Causes],
) -> pd.DataFrame:
    decisions = [d for d, *_ in decided]
    shares, villages = looked.shares, looked.villages
    latest = np.fmax(shares.last_measured, villages.last_measured)
    columns: dict[str, object] = {
        "state": [d.state for d in decisions],
        "flags": ["; ".join(d.flags) for d in decisions],
        "basis": [d.basis for d in decisions],
        "opened": [d.opened for d in decisions],
        "resolved_on": [d.resolved_on for d in decisions],
        "deadline": [day for _, day, _, _ in decided],
        "deadline_basis": [basis for _, _, basis, _ in decided],
        "accepted": [r.accepted for *_, r in decided],
        "accepted_on": [r.accepted_on for *_, r in decided],
        "measured_share": shares.measured,
        "served_share": shares.served,
        "uncertain_share": shares.uncertain,
        "unserved_share": shares.unserved,
        "unknown_share": shares.unknown,
        "shares_basis": shares.basis,
        "last_measured": [_date(day) for day in latest],
        "rule_effect": list(effects),
        "old_review_old_rule": looked.old_old,
        "new_review_old_rule": looked.new_old,
        "old_review_new_rule": looked.old_new,
        "new_review_new_rule": looked.new_new,
        "causes": ["; ".join(c.kind for c in found.candidates) for found in causes],
        "causes_excluded": ["; ".join(found.excluded) for found in causes],
        "cause_single": [found.single if found.candidates else None for found in causes],
    }
    return rows.assign(**{name: pd.Series(values, index=rows.index, dtype=object if not isinstance(values, np.ndarray) else None) for name, values in columns.items()})
