"""Two reviews compared: every identity with its state, what the state rests on, and why it changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.crs import WGS84_EPSG
from geo.register.acceptances import Recorded
from geo.register.causes import Causes, PlaceFacts, SiteNear, causes_of
from geo.register.changes import Change
from geo.register.looking import Looked, ground_of_change
from geo.register.people import WeightedPoints, nobody, shared
from geo.register.register import Places, deadline_of, places_of, scopes
from geo.register.rules import rule_effect
from geo.register.settings import RegisterSettings
from geo.register.sites import near_sites
from geo.register.states import Case, Decision, Seen, decide
from geo.register.succession import succeed
from geo.register.view import ReviewView, samples_that_differ
from geo.register.zones import listed, plane_shapes

__all__ = ["Compared", "compare", "find_places"]


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
    either = ground_of_change(places)
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
            samples_gone=None if differing is None else int(differing[i, 0]),
            samples_new=None if differing is None else int(differing[i, 1]),
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
        of_zone=place["zone_deadline"],
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
