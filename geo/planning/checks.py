"""Registered lines held against the rules: class allowed here, spacing kept, who must share with whom, what stands there already.

Every answer has three values: yes, no, and not known. "Yes" needs everything that could say "no" to be given: with an operator's
masts missing a spacing may be broken and nobody sees it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.io.planning_areas import MAST_CLASSES
from geo.planning.rules import DistanceRule, MastRules, PlanSettings, possible_rules
from geo.planning.structures import near_pairs
from geo.text import fold

__all__ = ["CHECK_COLUMNS", "allowed_classes", "area_of", "check_lines"]

_F64 = npt.NDArray[np.float64]
_BOOL = npt.NDArray[np.bool_]

CHECK_COLUMNS = (
    "area", "class_allowed", "restricted_areas", "spacing_ok", "spacing_required_m", "spacing_rule", "nearest_mast_id", "nearest_mast_m",
    "must_share_with", "duplicate_of", "remarks",
)  # fmt: skip
_NEW = "build"
_WARD = "phuong"


def area_of(lon: _F64, lat: _F64, commune_codes: Sequence[str], commune_names: Mapping[str, str], restricted: gpd.GeoDataFrame | None) -> list[str]:
    """Return ``urban`` or ``other`` for each place, ``""`` where neither is known.

    Urban is a ward (phường), and what the department's layer of restricted areas calls urban.

    Parameters
    ----------
    lon, lat : (n,) float64 arrays
        EPSG:4326 degrees.
    commune_codes : sequence of str
        Commune of each place, ``""`` unknown.
    commune_names : mapping
        Code to name.
    restricted : GeoDataFrame or None
        :func:`geo.io.planning_areas.read_restricted_areas`.
    """
    names = [commune_names.get(code, "") for code in commune_codes]
    found = ["" if not name else "urban" if fold(name).split(" ")[0] == _WARD else "other" for name in names]
    if restricted is not None:
        shapes = restricted.loc[restricted["area_kind"] == "urban"].geometry.to_numpy()
        inside = np.array([len(found) > 0 for found in _inside(lon, lat, np.asarray(shapes, dtype=object))], dtype=bool)
        found = ["urban" if here else kind for here, kind in zip(inside.tolist(), found, strict=True)]
    return found


def _inside(lon: _F64, lat: _F64, shapes: npt.NDArray[np.object_]) -> list[npt.NDArray[np.int64]]:
    """Return the shapes that each place lies in, edges included, ascending; few of them, however many parcels there are."""
    if not (len(lon) and len(shapes)):
        return [np.zeros(0, dtype=np.int64)] * len(lon)
    points = np.asarray(shapely.points(lon, lat), dtype=object)
    shape, point = shapely.STRtree(points).query(shapes, predicate="intersects")
    order = np.lexsort((shape, point))
    shape, point = shape[order].astype(np.int64), point[order]
    bounds = np.searchsorted(point, np.arange(len(lon) + 1))
    return [shape[bounds[i] : bounds[i + 1]] for i in range(len(lon))]


def allowed_classes(lon: _F64, lat: _F64, restricted: gpd.GeoDataFrame | None, rules: MastRules) -> list[frozenset[str]]:
    """Return the classes that every area around each place is known to allow; all of them where no area is given or holds it.

    An area that does not say which classes it allows allows none for a proposal: its consent is asked for, not assumed.

    Parameters
    ----------
    lon, lat : (n,) float64 arrays
        EPSG:4326 degrees.
    restricted : GeoDataFrame or None
    rules : MastRules
    """
    every = frozenset(MAST_CLASSES)
    if restricted is None or not len(restricted):
        return [every] * len(lon)
    inside = _inside(lon, lat, np.asarray(restricted.geometry.to_numpy(), dtype=object))
    known: dict[bytes, frozenset[str]] = {}
    out = []
    for row in inside:
        key = row.tobytes()
        if key not in known:
            here = restricted.iloc[row]
            known[key] = frozenset(c for c in MAST_CLASSES if _allowed(c, here, rules) is True) if len(here) else every
        out.append(known[key])
    return out


def check_lines(
    lines: pd.DataFrame,
    structures: pd.DataFrame,
    *,
    rules: MastRules,
    settings: PlanSettings,
    areas: Sequence[str],
    structure_areas: Sequence[str],
    restricted: gpd.GeoDataFrame | None,
    complete: bool,
) -> pd.DataFrame:
    """Return what the rules say of each registered line.

    Parameters
    ----------
    lines : DataFrame
        :func:`geo.io.operator_plans.read_operator_plans`.
    structures : DataFrame
        Masts that stand (:func:`geo.planning.structures.standing_masts`).
    rules : MastRules
    settings : PlanSettings
    areas, structure_areas : sequence of str
        :func:`area_of` of the lines and of the structures.
    restricted : GeoDataFrame or None
        None: not given, so that no class is known to be allowed.
    complete : bool
        Whether the masts of every operator of the project are listed.

    Returns
    -------
    DataFrame
        Columns :data:`CHECK_COLUMNS`, aligned with ``lines``. ``class_allowed`` and ``spacing_ok`` are True, False or NA; both NA for lines
        that build nothing. ``must_share_with`` names masts and other operators' lines within the sharing distance of a new mast,
        ``duplicate_of`` masts within ``at_mast_m`` of one, and lines of the same operator that would stand there too. ``remarks`` are codes joined by ``"; "``.
    """
    n = len(lines)
    remarks: list[list[str]] = [[] for _ in range(n)]
    lon, lat = lines["lon"].to_numpy(dtype=float), lines["lat"].to_numpy(dtype=float)
    builds = (lines["action"] == _NEW).to_numpy(dtype=bool)
    place = structures["lon"].to_numpy(dtype=float), structures["lat"].to_numpy(dtype=float)
    allowed, inside = _classes(lines, builds, lon, lat, rules, restricted, remarks)
    spacing = _spacing(lines, structures, builds, (lon, lat), place, rules, areas, complete, remarks)
    share, twice = _neighbours(lines, structures, builds, (lon, lat), place, rules, settings, areas, structure_areas, remarks)
    _masts_meant(lines, structures, (lon, lat), place, settings, remarks)
    return pd.DataFrame(
        {
            "area": list(areas), "class_allowed": pd.array(allowed, dtype="boolean"), "restricted_areas": inside, **spacing,
            "must_share_with": share, "duplicate_of": twice, "remarks": ["; ".join(dict.fromkeys(r)) for r in remarks],
        },
        index=lines.index,
    )[list(CHECK_COLUMNS)]  # fmt: skip


def _classes(
    lines: pd.DataFrame, builds: _BOOL, lon: _F64, lat: _F64, rules: MastRules, restricted: gpd.GeoDataFrame | None, remarks: list[list[str]]
) -> tuple[list[bool | None], list[str]]:
    """Return whether the class may stand there, and the names of the restricted areas that hold the place."""
    n = len(lines)
    if restricted is None:
        for i in np.flatnonzero(builds).tolist():
            remarks[i].append("areas_not_given")
        return [None] * n, [""] * n
    inside = _inside(lon, lat, np.asarray(restricted.geometry.to_numpy(), dtype=object))
    allowed: list[bool | None] = []
    named: list[str] = []
    limits = restricted["height_limit_m"].to_numpy(dtype=float)
    top = lines["height_m"].to_numpy(dtype=float) + np.nan_to_num(lines["building_height_m"].to_numpy(dtype=float))
    for i in range(n):
        here = inside[i]
        rows = restricted.iloc[here]
        named.append("; ".join(f"{r.area_name or r.area_id or '—'} ({r.area_kind or '?'})" for r in rows.itertuples(index=False) if r.area_kind != "urban"))
        if not builds[i]:
            allowed.append(None)
            continue
        verdict = _allowed(str(lines["mast_class"].iloc[i]), rows, rules)
        if verdict is False:
            remarks[i].append("class_not_allowed")
        elif verdict is None:
            remarks[i].append("class_unknown" if not lines["mast_class"].iloc[i] else "area_says_nothing")
        if (top[i] > limits[here]).any():
            remarks[i].append("too_high_for_area")
            verdict = False
        elif np.isfinite(limits[here]).any() and np.isnan(top[i]) and verdict:
            remarks[i].append("height_unknown")
            verdict = None
        allowed.append(verdict)
    return allowed, named


def _allowed(mast_class: str, rows: pd.DataFrame, rules: MastRules) -> bool | None:
    """Return whether all areas allow a class; with the class unknown, whether they allow any or all of the five."""
    answers: list[bool | None] = []
    for kind in [mast_class] if mast_class else list(MAST_CLASSES):
        every: list[bool | None] = []
        for said, area_kind in zip(rows["allowed_classes"], rows["area_kind"], strict=True):
            if said:
                every.append(kind in str(said).split(","))
            elif area_kind in rules.areas:
                every.append(kind in rules.areas[str(area_kind)].classes)
            else:
                every.append(None)
        answers.append(False if False in every else None if None in every else True)
    if all(a is True for a in answers):
        return True
    return False if all(a is False for a in answers) else None


def _spacing(
    lines: pd.DataFrame,
    structures: pd.DataFrame,
    builds: _BOOL,
    at: tuple[_F64, _F64],
    place: tuple[_F64, _F64],
    rules: MastRules,
    areas: Sequence[str],
    complete: bool,
    remarks: list[list[str]],
) -> dict[str, object]:
    """Return whether each new mast keeps its distance to those that stand."""
    n = len(lines)
    ok: list[bool | None] = [None] * n
    required, names = np.full(n, np.nan), [""] * n
    nearest_id, nearest_m = [""] * n, np.full(n, np.nan)
    i, j, metres = near_pairs(*at, *place, within_m=max(rules.longest_m, 1.0))
    ids = structures["structure_id"].to_numpy(dtype=object)
    for k in np.lexsort((metres, i)).tolist():
        if np.isnan(nearest_m[i[k]]):
            nearest_m[i[k]], nearest_id[i[k]] = metres[k], str(ids[j[k]])
    for k in np.flatnonzero(builds).tolist():
        found = possible_rules(rules.spacing, areas[k], str(lines["mast_class"].iloc[k]), float(lines["height_m"].iloc[k]))
        # NaN: nothing stands within the longest distance of any rule
        verdicts = [None if r is None else not nearest_m[k] < r.distance_m for r in found]
        if found[0] is not None:
            required[k], names[k] = found[0].distance_m, found[0].id
        if all(v is False for v in verdicts):
            ok[k] = False
            remarks[k].append("too_near")
        elif False in verdicts:
            remarks[k].append("spacing_depends")
        elif None in verdicts:
            remarks[k].append("no_spacing_rule")
        elif complete:
            ok[k] = True
        else:
            remarks[k].append("masts_not_all_listed")
    return {
        "spacing_ok": pd.array(ok, dtype="boolean"), "spacing_required_m": required, "spacing_rule": names, "nearest_mast_id": nearest_id,
        "nearest_mast_m": nearest_m,
    }  # fmt: skip


def _neighbours(
    lines: pd.DataFrame,
    structures: pd.DataFrame,
    builds: _BOOL,
    at: tuple[_F64, _F64],
    place: tuple[_F64, _F64],
    rules: MastRules,
    settings: PlanSettings,
    areas: Sequence[str],
    structure_areas: Sequence[str],
    remarks: list[list[str]],
) -> tuple[list[str], list[str]]:
    """Return whom each new mast must share with, and what it would double."""
    n = len(lines)
    share: list[list[str]] = [[] for _ in range(n)]
    twice: list[list[str]] = [[] for _ in range(n)]
    reach = [_surely_m(rules.sharing, areas[k], lines, k) for k in range(n)]
    apart = [_surely_m(rules.spacing, areas[k], lines, k) for k in range(n)]
    longest = max([settings.at_mast_m, *reach, *apart])
    operator = lines["operator"].to_numpy(dtype=object)
    ids, lines_of = structures["structure_id"].to_numpy(dtype=object), lines["line_id"].to_numpy(dtype=object)
    users, shareable = list(structures["operators"]), list(structures["shareable"])
    for i, j, metres in zip(*near_pairs(*at, *place, within_m=longest), strict=True):
        if not builds[i]:
            continue
        if metres < settings.at_mast_m:
            twice[i].append(str(ids[j]))
            remarks[i].append("mast_stands_there")
        # A mast that nobody is known to use may be another operator's: it is looked at, not passed over.
        others = set(str(users[j]).split("; ")) - {operator[i]}
        if others and metres < min(reach[i], _pair_m(rules, structure_areas[j], reach[i])):
            share[i].append(str(ids[j]))
            if shareable[j] is not pd.NA and not bool(shareable[j]):
                remarks[i].append("neighbour_not_shareable")
    for i, j, metres in zip(*near_pairs(*at, *at, within_m=longest), strict=True):
        if i == j or not (builds[i] and builds[j]):
            continue
        if operator[i] != operator[j] and metres < min(reach[i], reach[j]):
            share[i].append(str(lines_of[j]))
        elif operator[i] == operator[j] and metres < settings.at_mast_m:
            twice[i].append(str(lines_of[j]))
            remarks[i].append("registered_twice")
        elif metres < max(apart[i], apart[j]):  # whichever is built first, the other stands too near to it
            remarks[i].append("line_too_near")
    for k in np.flatnonzero(builds).tolist():
        if share[k]:
            remarks[k].append("must_share")
    return ["; ".join(s) for s in share], ["; ".join(t) for t in twice]


def _surely_m(rules: Sequence[DistanceRule], area: str, lines: pd.DataFrame, k: int) -> float:
    """Return the distance within which a line's mast surely must be shared, or is surely too near: the shortest of the rules that it may fall under."""
    found = possible_rules(rules, area, str(lines["mast_class"].iloc[k]), float(lines["height_m"].iloc[k]))
    return 0.0 if found[-1] is None else found[-1].distance_m


def _pair_m(rules: MastRules, area: str, default: float) -> float:
    """Return the distance at the other end of a pair: across the edge of an urban area the shorter one counts."""
    found = possible_rules(rules.sharing, area, "", float("nan"))
    return default if not area or found[-1] is None else found[-1].distance_m


def _masts_meant(
    lines: pd.DataFrame,
    structures: pd.DataFrame,
    at: tuple[_F64, _F64],
    place: tuple[_F64, _F64],
    settings: PlanSettings,
    remarks: list[list[str]],
) -> None:
    """State lines that upgrade, share or remove what does not stand there, or is not theirs."""
    i, j, _ = near_pairs(*at, *place, within_m=settings.at_mast_m)
    users = [set(str(u).split("; ")) - {""} for u in structures["operators"]]
    shareable = list(structures["shareable"])
    # A mast that another operator has registered to build there will stand.
    coming: set[int] = set()
    for k, other, _ in zip(*near_pairs(*at, *at, within_m=settings.at_mast_m), strict=True):
        if lines["action"].iloc[other] == _NEW and lines["operator"].iloc[other] != lines["operator"].iloc[k]:
            coming.add(int(k))
    there: dict[int, list[int]] = {}
    for line, mast in zip(i.tolist(), j.tolist(), strict=True):
        there.setdefault(line, []).append(mast)
    for k, (action, operator) in enumerate(zip(lines["action"], lines["operator"], strict=True)):
        masts = there.get(k, [])
        if action in {"upgrade", "remove"} and not any(operator in users[m] for m in masts):
            remarks[k].append("own_site_not_found")
        if action == "share":
            if not any(users[m] - {operator} or not users[m] for m in masts):
                remarks[k].append("shares_planned_mast" if k in coming else "mast_to_share_not_found")
            elif masts and all(shareable[m] is not pd.NA and not bool(shareable[m]) for m in masts):
                remarks[k].append("mast_not_shareable")
            if any(operator in users[m] for m in masts):
                remarks[k].append("already_there")
