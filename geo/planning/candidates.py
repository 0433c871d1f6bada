"""Where sites could be proposed: masts that stand, public land and buildings, and new ground; and what may be done there by whom.

A *place* is a point with a mast that stands or could; an *option* is what a plan may choose there: an operator shares a mast or
upgrades its own site, or a new mast is built for one operator, or for all that could use it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.io.norms import Norms
from geo.planning.checks import allowed_classes
from geo.planning.proposal_settings import CandidateSettings
from geo.planning.rules import MastRules, PlanSettings, possible_rules
from geo.planning.structures import near_pairs

__all__ = ["PLACE_COLUMNS", "Options", "conflicts", "far_enough", "mast_places", "new_places", "options_of", "read_pairs", "registered_places", "required_m", "unknown_roofs"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_BOOL = npt.NDArray[np.bool_]

#: ``action_of``: per operator ``"Mạng A=share"``, joined by ``"; "``; ``technologies_of``: the same with what it would bring.
PLACE_COLUMNS = (
    "place_id", "kind", "structure_id", "lon", "lat", "commune_code", "area", "mast_class", "height_m", "building_height_m", "users", "limit",
    "actions", "technologies", "road_m", "prominence_m", "seen_worth",
)  # fmt: skip


def _pairs(pairs: Mapping[str, str]) -> str:
    return "; ".join(f"{k}={v}" for k, v in pairs.items())


def read_pairs(text: str) -> dict[str, str]:
    """Return what :data:`PLACE_COLUMNS` joins: operator to action, or to its technologies."""
    return dict(part.rsplit("=", 1) for part in text.split("; ") if part)


def mast_places(
    structures: pd.DataFrame,
    sites: pd.DataFrame,
    lines: pd.DataFrame | None,
    areas: Sequence[str],
    *,
    operators: Sequence[str],
    settings: CandidateSettings,
    plan: PlanSettings,
    by_year: int,
) -> pd.DataFrame:
    """Return the masts on which an operator of the project could put something.

    An operator that is not on a mast may share it, unless the mast is listed as not shareable or has as many operators as the setting allows; one whose
    site there lacks a proposed technology may upgrade it. What operators have registered for the mast counts as being there, in whatever year;
    who has registered to leave it is not there and is offered nothing on it, but frees its place only if it leaves by the plan's first year, since a
    share may come in any year; a mast that its last user leaves is left out.

    Parameters
    ----------
    structures : DataFrame
        :func:`geo.planning.structures.standing_masts`, those inside the project's communes.
    sites : DataFrame
        The canonical table, for the technologies of the sites on each mast.
    lines : DataFrame or None
        Registered lines.
    areas : sequence of str
        :func:`geo.planning.checks.area_of` of the structures.
    operators : sequence of str
    settings : CandidateSettings
    plan : PlanSettings
    by_year : int
        The plan's first year.

    Returns
    -------
    DataFrame
        Columns :data:`PLACE_COLUMNS`.
    """
    technologies = {
        (str(o), str(s)): {t for t in str(text).split(",") if t}
        for o, s, text in zip(sites["operator"], sites["site_id"], sites["technologies"].fillna(""), strict=True)
    }
    coming: dict[int, dict[str, set[str]]] = {}
    leaving: dict[int, set[str]] = {}
    staying: dict[int, set[str]] = {}
    if lines is not None and len(lines):
        told = lines[lines["action"].isin(["share", "upgrade", "build", "remove"])]
        later = (told["year"].astype("Float64").fillna(np.inf) > by_year).to_numpy(dtype=bool)
        places = (structures["lon"].to_numpy(dtype=float), structures["lat"].to_numpy(dtype=float))
        i, j, _ = near_pairs(*places, told["lon"].to_numpy(dtype=float), told["lat"].to_numpy(dtype=float), within_m=plan.at_mast_m)
        for mast, line in zip(i.tolist(), j.tolist(), strict=True):
            operator = str(told["operator"].iloc[line])
            if told["action"].iloc[line] == "remove":
                leaving.setdefault(mast, set()).add(operator)
                if later[line]:
                    staying.setdefault(mast, set()).add(operator)
                continue
            named = {t for t in str(told["technologies"].iloc[line]).split(",") if t}
            coming.setdefault(mast, {}).setdefault(operator, set()).update(named)
    rows = []
    for k, mast in enumerate(structures.to_dict("records")):
        gone = leaving.get(k, set()) - set(coming.get(k, {}))
        users = ({u for u in str(mast["operators"]).split("; ") if u} | set(coming.get(k, {}))) - gone
        if gone and not users:
            continue
        taken = len(users | (gone & staying.get(k, set())))
        there: dict[str, set[str]] = {o: set(t) for o, t in coming.get(k, {}).items()}
        for site in str(mast["site_ids"]).split("; "):
            for operator in operators:
                there.setdefault(operator, set()).update(technologies.get((operator, site), set()))
        closed = not pd.isna(mast["shareable"]) and not bool(mast["shareable"])
        actions, brings = {}, {}
        for operator in (o for o in operators if o not in gone):
            lacking = [t for t in settings.proposed_technologies if t not in there.get(operator, set())]
            if operator in users:
                # An inventory's user without a listed site has nobody knows what there: nothing is proposed.
                if lacking and there.get(operator):
                    actions[operator], brings[operator] = "upgrade", ",".join(lacking)
            elif not closed and taken < plan.operators_per_mast:
                actions[operator], brings[operator] = "share", ",".join(settings.proposed_technologies)
        if actions:
            rows.append(
                {
                    "place_id": f"M{k + 1:05d}", "kind": "mast", "structure_id": mast["structure_id"], "lon": mast["lon"], "lat": mast["lat"],
                    "commune_code": mast["commune_code"], "area": areas[k], "mast_class": mast["mast_class"], "height_m": mast["height_m"],
                    "building_height_m": mast["building_height_m"], "users": "; ".join(sorted(users)),
                    "limit": int(plan.operators_per_mast) - taken, "actions": _pairs(actions), "technologies": _pairs(brings),
                }
            )  # fmt: skip
    return _table(rows)


def registered_places(
    lines: pd.DataFrame, structures: pd.DataFrame, areas: Sequence[str], *, operators: Sequence[str], settings: CandidateSettings, plan: PlanSettings, by_year: int
) -> pd.DataFrame:
    """Return the masts that registered lines build, for the operators that have registered nothing there: each has as much room as a mast that stands.

    A mast counts that is built by the plan's first year, so that whatever year of the plan shares it finds it standing; one at a mast that stands is
    of :func:`mast_places`. Lines that build at one place (:attr:`PlanSettings.at_mast_m`) are one mast, the first line's.

    Parameters
    ----------
    lines : DataFrame
        Registered lines with ``commune_code``.
    structures : DataFrame
        :func:`geo.planning.structures.standing_masts`, all of them.
    areas : sequence of str
        :func:`geo.planning.checks.area_of` of the lines.
    operators, settings, plan
        See :func:`mast_places`.
    by_year : int
        The plan's first year.

    Returns
    -------
    DataFrame
        Columns :data:`PLACE_COLUMNS`; ``place_id`` begins with R, ``structure_id`` is the line's id, ``users`` who have registered.
    """
    coming = lines["action"].isin(["build", "share", "upgrade"]).to_numpy(dtype=bool)
    told = (lines["year"].astype("Float64").fillna(np.inf) <= by_year).to_numpy(dtype=bool)
    built = np.flatnonzero((lines["action"] == "build").to_numpy(dtype=bool) & told & (lines["commune_code"] != "").to_numpy(dtype=bool))
    lon, lat = lines["lon"].to_numpy(dtype=float), lines["lat"].to_numpy(dtype=float)
    standing, _, _ = near_pairs(lon[built], lat[built], structures["lon"].to_numpy(dtype=float), structures["lat"].to_numpy(dtype=float), within_m=plan.at_mast_m)
    built = np.delete(built, np.unique(standing))
    here, who, _ = near_pairs(lon[built], lat[built], lon, lat, within_m=plan.at_mast_m)
    rows, taken = [], set[int]()
    for k, line in enumerate(built.tolist()):
        there = [int(j) for j in who[here == k] if coming[j]]
        if taken & set(there):
            continue
        taken |= {line, *there}
        users = sorted({str(lines["operator"].iloc[j]) for j in (line, *there)})
        sharers = [o for o in operators if o not in users] if len(users) < plan.operators_per_mast else []
        if sharers:
            one = lines.iloc[line]
            rows.append(
                {
                    "place_id": f"R{line + 1:05d}", "kind": "mast", "structure_id": one["line_id"], "lon": lon[line], "lat": lat[line],
                    "commune_code": one["commune_code"], "area": areas[line], "mast_class": one["mast_class"], "height_m": one["height_m"],
                    "building_height_m": one["building_height_m"], "users": "; ".join(users),
                    "limit": int(plan.operators_per_mast) - len(users), "actions": _pairs(dict.fromkeys(sharers, "share")),
                    "technologies": _pairs(dict.fromkeys(sharers, ",".join(settings.proposed_technologies))),
                }
            )  # fmt: skip
    return _table(rows)


def _table(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    numbers = ("lon", "lat", "height_m", "building_height_m", "road_m", "prominence_m", "seen_worth")
    frame = pd.DataFrame(list(rows), columns=list(PLACE_COLUMNS))
    texts = {n: "str" for n in PLACE_COLUMNS if n not in {*numbers, "limit"}}
    return frame.astype({**texts, **dict.fromkeys(numbers, "float64"), "limit": "int64"})


def new_places(
    kind: str,
    lon: _F64,
    lat: _F64,
    communes: Sequence[str],
    areas: Sequence[str],
    *,
    names: Sequence[str] | None = None,
    building_height_m: _F64 | None = None,
    restricted: gpd.GeoDataFrame | None,
    operators: Sequence[str],
    rules: MastRules,
    settings: CandidateSettings,
    facts: Mapping[str, _F64] | None = None,
) -> pd.DataFrame:
    """Return places for new masts, those left out where no class that is proposed may stand.

    On a building the class of buildings, else that of the ground; where an area allows only others, the discreet one; where it does not say, nothing.
    A building whose height is unknown (:func:`unknown_roofs`) is left out: the mast's height above ground could not be held against any limit.

    Parameters
    ----------
    kind : str
        ``new_ground``, ``public_land`` or ``public_building``.
    lon, lat : (n,) float64 arrays
        EPSG:4326.
    communes, areas : sequence of str
    names : sequence of str, optional
        Of the land.
    building_height_m : (n,) float64 array, optional
    restricted : GeoDataFrame or None
        None: not given, so that no place is known to be restricted.
    operators : sequence of str
    rules : MastRules
    settings : CandidateSettings
    facts : mapping of str to (n,) float64 array, optional
        Columns to take over.
    """
    prefix = {"new_ground": "G", "public_land": "L", "public_building": "B"}[kind]
    own, height = (
        (settings.building_class, settings.building_mast_m) if kind == "public_building" else (settings.ground_class, settings.ground_height_m)
    )
    allowed = allowed_classes(lon, lat, restricted, rules)
    limits = _height_limits(lon, lat, restricted)
    brings = ",".join(settings.proposed_technologies)
    rows = []
    for k in range(len(lon)):
        roof = 0.0 if building_height_m is None or np.isnan(building_height_m[k]) else float(building_height_m[k])
        found = next(
            ((c, h) for c, h in ((own, height), (settings.discreet_class, settings.discreet_height_m)) if c in allowed[k] and h + roof <= limits[k]), None
        )
        if found is None or (kind == "public_building" and roof == 0.0):
            continue
        rows.append(
            {
                "place_id": f"{prefix}{k + 1:05d}", "kind": kind, "structure_id": "" if names is None else names[k], "lon": lon[k], "lat": lat[k],
                "commune_code": communes[k], "area": areas[k], "mast_class": found[0], "height_m": found[1] + roof,
                "building_height_m": roof if roof else np.nan, "users": "", "limit": len(operators),
                "actions": _pairs(dict.fromkeys(operators, "build")), "technologies": _pairs(dict.fromkeys(operators, brings)),
                **({} if facts is None else {name: values[k] for name, values in facts.items()}),
            }
        )  # fmt: skip
    return _table(rows)


def unknown_roofs(building_height_m: _F64) -> _BOOL:
    """Tell which buildings have no height on which a mast could be put."""
    return ~(np.asarray(building_height_m, dtype=np.float64) > 0.0)


def _height_limits(lon: _F64, lat: _F64, restricted: gpd.GeoDataFrame | None) -> _F64:
    out = np.full(len(lon), np.inf)
    if restricted is not None and len(restricted) and len(lon):
        limits = restricted["height_limit_m"].to_numpy(dtype=float)
        shape, point = shapely.STRtree(np.asarray(shapely.points(lon, lat), dtype=object)).query(restricted.geometry.to_numpy(), predicate="intersects")
        known = np.isfinite(limits[shape])
        np.minimum.at(out, point[known], limits[shape[known]])
    return out


def required_m(places: pd.DataFrame, rules: MastRules, *, at_mast_m: float) -> _F64:
    """Return how far a new mast at each place stands from every other at least: the longest rule that it may fall under; 0 for masts that stand.

    Nowhere less than ``at_mast_m``: nearer than that it is the same mast, whatever the rules say or leave open, and nobody pays for it twice.
    """
    found: dict[tuple[str, str, float], float] = {}
    out = np.zeros(len(places))
    for k, (area, kind, height) in enumerate(zip(places["area"], places["mast_class"], places["height_m"].to_numpy(dtype=float), strict=True)):
        if places["kind"].iloc[k] == "mast":
            continue
        key = (str(area), str(kind), float(height))
        if key not in found:
            first = possible_rules(rules.spacing, *key)[0]
            found[key] = max(at_mast_m, 0.0 if first is None else first.distance_m)
        out[k] = found[key]
    return out


def far_enough(places: pd.DataFrame, lon: _F64, lat: _F64, rules: MastRules, *, at_mast_m: float) -> _BOOL:
    """Tell which new places keep the rules' distance to masts that stand or are registered to be built.

    Parameters
    ----------
    places : DataFrame
    lon, lat : (n,) float64 arrays
        Of these masts, EPSG:4326; NaN is near nothing.
    rules : MastRules
    at_mast_m : float
        Nearer than this two masts are one.
    """
    required = required_m(places, rules, at_mast_m=at_mast_m)
    out = np.ones(len(places), dtype=bool)
    if len(places):
        i, _, metres = near_pairs(places["lon"].to_numpy(dtype=float), places["lat"].to_numpy(dtype=float), lon, lat, within_m=float(required.max()))
        out[i[metres < required[i]]] = False
    return out


@dataclass(frozen=True, slots=True, eq=False)
class Options:
    """What may be chosen.

    Attributes
    ----------
    table : DataFrame
        ``place`` (position), ``action``, ``operators`` (joined by ``"; "``), ``cost_vnd``, ``cost_low_vnd``, ``cost_high_vnd`` (int64).
    members : tuple of tuples of str
        The operators of each.
    mast : (n,) int64 array
        Crowded mast of which an option takes a place; -1 none: there is room for all that may come.
    room : (m,) int64 array
        Free places of each crowded mast, whatever the years.
    """

    table: pd.DataFrame
    members: tuple[tuple[str, ...], ...]
    mast: _I64
    room: _I64


def options_of(places: pd.DataFrame, norms: Norms) -> Options:
    """Return the options of all places with their costs.

    A mast for several operators costs the mast and, for each further one, what sharing it costs. Each operator that may share a mast is an option of its own,
    in whatever year; where more may come than there is room for, they take its places (``mast``, ``room``).

    Raises
    ------
    KeyError
        If a norm is missing; :func:`geo.io.norms.needed_norms` says which are needed, and the reader of the norms asks for them.
    """
    rows: list[dict[str, object]] = []
    members: list[tuple[str, ...]] = []
    mast, room = list[int](), list[int]()
    for k, (kind, actions, limit) in enumerate(zip(places["mast_class"], places["actions"], places["limit"].tolist(), strict=True)):
        named = read_pairs(str(actions))
        chosen: list[tuple[str, tuple[str, ...]]] = [(action, (operator,)) for operator, action in named.items()]
        builders = tuple(o for o, a in named.items() if a == "build")
        if len(builders) > 1:
            chosen.append(("build", builders))
        crowded = limit < sum(action == "share" for action in named.values()) > 0
        for action, who in chosen:
            rows.append({"place": k, "action": action, "operators": "; ".join(who), **_cost(norms, action, str(kind), len(who))})
            members.append(who)
            mast.append(len(room) if crowded and action == "share" else -1)
        if crowded:
            room.append(int(limit))
    names = ["place", "action", "operators", "cost_vnd", "cost_low_vnd", "cost_high_vnd"]
    table = pd.DataFrame(rows, columns=names)
    return Options(table.astype({n: "int64" for n in names if n not in {"action", "operators"}}), tuple(members), np.array(mast, dtype=np.int64), np.array(room, dtype=np.int64))


def _cost(norms: Norms, action: str, mast_class: str, operators: int) -> dict[str, int]:
    first, further = norms.find(action, mast_class=mast_class), norms.find("share", mast_class=mast_class)
    if first is None or (operators > 1 and further is None):
        raise KeyError(f"{action if first is None else 'share'} {mast_class}".strip())
    out = {}
    for name, field in (("cost_vnd", "central_vnd"), ("cost_low_vnd", "low_vnd"), ("cost_high_vnd", "high_vnd")):
        out[name] = int(getattr(first, field)) + (operators - 1) * (0 if further is None else int(getattr(further, field)))
    return out


def conflicts(places: pd.DataFrame, options: Options, rules: MastRules, *, at_mast_m: float) -> _I64:
    """Return the pairs of options of which one at most may be chosen, (m, 2): two builds at one place, or nearer than the rules of spacing.

    Parameters
    ----------
    places : DataFrame
    options : Options
    rules : MastRules
    at_mast_m : float
        Nearer than this two masts are one.
    """
    table = options.table
    of_place: dict[int, list[int]] = {}
    for j, place in enumerate(table["place"].tolist()):
        of_place.setdefault(place, []).append(j)
    builds = (table["action"] == "build").to_numpy(dtype=bool)
    out: list[tuple[int, int]] = []
    for mine in of_place.values():
        out += [(a, b) for a, b in combinations(mine, 2) if builds[a] and builds[b]]
    new = np.flatnonzero((places["kind"] != "mast").to_numpy(dtype=bool))
    required = required_m(places, rules, at_mast_m=at_mast_m)
    lon, lat = places["lon"].to_numpy(dtype=float)[new], places["lat"].to_numpy(dtype=float)[new]
    one, other, metres = near_pairs(lon, lat, lon, lat, within_m=float(required[new].max()) if len(new) else 0.0)
    near = (one < other) & (metres < np.maximum(required[new[one]], required[new[other]])) if len(one) else np.zeros(0, dtype=bool)
    for a, b in zip(new[one[near]].tolist(), new[other[near]].tolist(), strict=True):
        out += [(x, y) for x in of_place.get(a, []) for y in of_place.get(b, [])]
    return np.array(out, dtype=np.int64).reshape(-1, 2)
