"""Masts of different operators that stand near each other: which could go, what that saves, how much is shared.

Which masts to keep is a small integer programme per cluster, solved exactly by HiGHS (through scipy): every mast stays or moves
to one that stays within the province's distance; a mast that is not shareable takes nobody in, none takes in more operators than
the setting says, nor an operator that it has already (two masts of one operator are that operator's own business). Whether the moved
antennas still cover what they cover now is not looked at here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.io.norms import Norms
from geo.planning.rules import MastRules, PlanSettings, possible_rules
from geo.planning.structures import near_pairs

__all__ = ["SHARING_COLUMNS", "mast_links", "sharing_clusters", "sharing_rates"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]

SHARING_COLUMNS = (
    "cluster_id", "site_ids", "operators", "distance_m", "keep_site_id", "removable_site_ids", "saving_vnd", "shared_share", "commune_code",
    "mast_ids", "keep_mast_id", "removable_mast_ids", "masts", "masts_saved", "saving_low_vnd", "saving_high_vnd", "moving_vnd", "shared_share_after",
    "lon", "lat", "proven",
)  # fmt: skip


def _operators(structures: pd.DataFrame) -> list[frozenset[str]]:
    return [frozenset(o for o in str(text).split("; ") if o) for text in structures["operators"]]


def mast_links(structures: pd.DataFrame, areas: Sequence[str], rules: MastRules) -> tuple[_I64, _I64, _F64]:
    """Return the pairs of masts of different operators within the sharing distance: first < second, and metres.

    Two masts are of different operators if not the same ones stand on both; masts whose users nobody tells are in no pair. The distance is the shorter
    of what the rules ask for at the two ends; equal to it is not within.

    Parameters
    ----------
    structures : DataFrame
        :func:`geo.planning.structures.standing_masts`.
    areas : sequence of str
        :func:`geo.planning.checks.area_of` of them.
    rules : MastRules
    """
    lon, lat = structures["lon"].to_numpy(dtype=float), structures["lat"].to_numpy(dtype=float)
    classes, heights = structures["mast_class"].astype(str), structures["height_m"].to_numpy(dtype=float)
    found = [possible_rules(rules.sharing, a, c, float(h)) for a, c, h in zip(areas, classes, heights, strict=True)]
    reach = np.array([0.0 if f[-1] is None else f[-1].distance_m for f in found])
    users = _operators(structures)
    i, j, metres = near_pairs(lon, lat, lon, lat, within_m=max((r.distance_m for r in rules.sharing), default=0.0))
    differ = np.array([bool(users[a]) and bool(users[b]) and users[a] != users[b] for a, b in zip(i.tolist(), j.tolist(), strict=True)], dtype=bool)
    linked = (i < j) & (metres < np.minimum(reach[i], reach[j])) & differ
    return i[linked], j[linked], metres[linked]


def sharing_clusters(
    structures: pd.DataFrame, areas: Sequence[str], *, rules: MastRules, settings: PlanSettings, norms: Norms | None
) -> pd.DataFrame:
    """Return ``sharing.csv``: clusters of masts of different operators, the masts that could go, and what that saves.

    Parameters
    ----------
    structures, areas, rules
        See :func:`mast_links`.
    settings : PlanSettings
    norms : Norms or None
        ``mast_year`` and ``move``; without norms every amount is unknown.

    Returns
    -------
    DataFrame
        Columns :data:`SHARING_COLUMNS`, from north to south. ``keep_…`` are the masts that take others in (several where one alone cannot);
        ``distance_m`` is the farthest move, or the shortest distance in a cluster where nobody can move. ``saving_vnd`` is what the masts that
        go cost in a year (low, high: its bounds), ``moving_vnd`` what the move costs once. ``shared_share`` is the share of the cluster's sites (an operator on a mast)
        whose mast another operator uses too, now and after. ``proven`` tells whether no larger number of masts can go.
    """
    first, second, metres = mast_links(structures, areas, rules)
    n = len(structures)
    _, label = connected_components(coo_array((np.ones(len(first)), (first, second)), shape=(n, n)), directed=False)
    users = _operators(structures)
    rows = []
    for cluster in np.unique(label[first]).tolist() if len(first) else []:
        members = np.flatnonzero(label == cluster)
        mine = np.isin(first, members)
        place = {int(m): k for k, m in enumerate(members)}
        links = [(place[int(a)], place[int(b)], float(d)) for a, b, d in zip(first[mine], second[mine], metres[mine], strict=True)]
        part = structures.iloc[members]
        moves, proven = _moves(part, [users[m] for m in members], links, settings)
        rows.append(_row(part, [users[m] for m in members], links, moves, norms, proven=proven))
    out = pd.DataFrame(rows, columns=list(SHARING_COLUMNS))
    out = out.sort_values(["lat", "lon"], ascending=[False, True], kind="stable").reset_index(drop=True)
    return out.assign(cluster_id=[f"C{k + 1:04d}" for k in range(len(out))])


def _preference(part: pd.DataFrame, users: Sequence[frozenset[str]]) -> list[int]:
    """Return the rank of each mast as one to keep: shareable, then most users, then tallest, then by id."""
    able = [0 if pd.isna(s) else 1 if s else -1 for s in part["shareable"]]
    height = np.nan_to_num(part["height_m"].to_numpy(dtype=float))
    ids = part["structure_id"].astype(str).tolist()
    order = sorted(range(len(part)), key=lambda k: (-able[k], -len(users[k]), -height[k], ids[k]))
    return [order.index(k) for k in range(len(part))]


def _moves(
    part: pd.DataFrame, users: Sequence[frozenset[str]], links: Sequence[tuple[int, int, float]], settings: PlanSettings
) -> tuple[dict[int, int], bool]:
    """Return which mast moves to which, the most that can, and whether that is proven."""
    n = len(part)
    closed = [not pd.isna(s) and not bool(s) for s in part["shareable"]]
    arcs = [(a, b) for pair in links for a, b in (pair[:2], pair[1::-1]) if not closed[b] and not users[a] & users[b]]  # a moves to b
    arcs = [(a, b) for a, b in arcs if len(users[a]) + len(users[b]) <= settings.operators_per_mast]
    if not arcs:
        return {}, True
    width = n + len(arcs)  # keep k, then move along each arc
    rank = _preference(part, users)
    cost = np.zeros(width)
    cost[:n] = [1.0 + rank[k] / (2.0 * n * n) for k in range(n)]
    rows: list[dict[int, float]] = []
    low, high = [], []
    for k in range(n):  # stays, or moves once
        rows.append({k: 1.0, **{n + e: 1.0 for e, (a, _) in enumerate(arcs) if a == k}})
        low.append(1.0)
        high.append(1.0)
    for k in range(n):
        incoming = [e for e, (_, b) in enumerate(arcs) if b == k]
        if not incoming:
            continue
        room = settings.operators_per_mast - len(users[k])
        rows.append({k: -room, **{n + e: float(len(users[arcs[e][0]])) for e in incoming}})  # only onto a mast that stays, and no more than it may take
        low.append(-np.inf)
        high.append(0.0)
        for operator in sorted(set().union(*(users[arcs[e][0]] for e in incoming))):
            same = [e for e in incoming if operator in users[arcs[e][0]]]
            if len(same) > 1:
                rows.append({n + e: 1.0 for e in same})
                low.append(-np.inf)
                high.append(1.0)
    matrix = coo_array(
        ([v for r in rows for v in r.values()], ([i for i, r in enumerate(rows) for _ in r], [c for r in rows for c in r])), shape=(len(rows), width)
    ).tocsr()
    found = milp(
        cost, constraints=LinearConstraint(matrix, low, high), integrality=np.ones(width), bounds=Bounds(0, 1),
        options={"mip_rel_gap": 0.0, "node_limit": int(settings.sharing_nodes)},
    )  # fmt: skip
    if found.x is None:
        return {}, False
    return {a: b for e, (a, b) in enumerate(arcs) if found.x[n + e] > 0.5}, bool(found.status == 0)


def _row(
    part: pd.DataFrame, users: Sequence[frozenset[str]], links: Sequence[tuple[int, int, float]], moves: dict[int, int], norms: Norms | None, *, proven: bool
) -> dict[str, object]:
    ids, sites = part["structure_id"].astype(str).tolist(), part["site_ids"].astype(str).tolist()
    hosts = sorted(set(moves.values()))
    gone = sorted(moves)
    after: dict[int, set[str]] = {k: set(u) for k, u in enumerate(users) if k not in moves}
    for a, b in moves.items():
        after[b] |= users[a]
    metres = {(a, b): d for a, b, d in links} | {(b, a): d for a, b, d in links}
    used = [metres[a, b] for a, b in moves.items()]
    middle = hosts[0] if hosts else 0
    money = _money(part, gone, norms)
    return {
        "site_ids": _joined(sites, range(len(part))), "operators": "; ".join(sorted(frozenset().union(*users))),
        "distance_m": max(used) if used else min(d for *_, d in links),
        "keep_site_id": _joined(sites, hosts), "removable_site_ids": _joined(sites, gone),
        **money,
        "shared_share": _shared([set(u) for u in users]), "shared_share_after": _shared(list(after.values())),
        "commune_code": str(part["commune_code"].iloc[middle]), "mast_ids": "; ".join(ids), "keep_mast_id": _joined(ids, hosts),
        "removable_mast_ids": _joined(ids, gone), "masts": len(part), "masts_saved": len(gone),
        "lon": float(part["lon"].iloc[middle]), "lat": float(part["lat"].iloc[middle]), "proven": proven,
    }  # fmt: skip


def _joined(texts: Sequence[str], places: Sequence[int] | range) -> str:
    return "; ".join(t for t in (texts[k] for k in places) if t)


def _shared(masts: Sequence[set[str]]) -> float:
    """Return the share of sites (an operator on a mast) whose mast another operator uses too."""
    total = sum(len(m) for m in masts)
    return sum(len(m) for m in masts if len(m) > 1) / total if total else np.nan


def _money(part: pd.DataFrame, gone: Sequence[int], norms: Norms | None) -> dict[str, object]:
    names = ("saving_vnd", "saving_low_vnd", "saving_high_vnd", "moving_vnd")
    if norms is None:
        return dict.fromkeys(names, np.nan)
    total = dict.fromkeys(names, 0)
    for k in gone:
        kind = str(part["mast_class"].iloc[k])
        year, move = norms.find("mast_year", mast_class=kind), norms.find("move", mast_class=kind)
        if year is None or move is None:
            return dict.fromkeys(names, np.nan)
        total["saving_vnd"] += year.central_vnd
        total["saving_low_vnd"] += year.low_vnd
        total["saving_high_vnd"] += year.high_vnd
        total["moving_vnd"] += move.central_vnd
    return dict(total)


def sharing_rates(structures: pd.DataFrame, clusters: pd.DataFrame, rules: MastRules, project_communes: Sequence[str]) -> pd.DataFrame:
    """Return how much is shared, all operators together and each, now and with all that could go gone, beside the targets.

    Parameters
    ----------
    structures : DataFrame
        :func:`geo.planning.structures.standing_masts`.
    clusters : DataFrame
        :func:`sharing_clusters`.
    rules : MastRules
    project_communes : sequence of str
        Masts elsewhere are not counted.

    Returns
    -------
    DataFrame
        ``operator`` (``""`` all), ``sites`` (an operator on a mast), ``sites_shared``, ``shared_share``, ``sites_shared_after``,
        ``shared_share_after``, ``masts``, ``masts_after``, ``target_low``, ``target_high``, ``target_status``, ``target_document``, ``masts_listed`` (in an inventory; NaN
        where none names a mast) and ``masts_unlisted`` (told by the site lists alone), which are ``masts`` together. Masts whose users are not known are in these
        three alone.
    """
    inside = structures["commune_code"].isin(list(project_communes)).to_numpy(dtype=bool)
    users = dict(zip(structures["structure_id"].astype(str), (set(u) for u in _operators(structures)), strict=True))
    home = {str(i) for i in structures["structure_id"].astype(str)[inside]}
    told_by = dict(zip(structures["structure_id"].astype(str), structures["basis"].astype(str), strict=True))
    inventory = any(basis != "site_list" for basis in told_by.values())
    now = {k: v for k, v in users.items() if k in home}
    after = {k: set(v) for k, v in now.items()}
    for keep, gone in zip(clusters["keep_mast_id"], clusters["removable_mast_ids"], strict=True):
        hosts = [h for h in str(keep).split("; ") if h]
        for mast in (m for m in str(gone).split("; ") if m in after):
            moved = after.pop(mast)
            # which of several hosts takes it in does not matter for the rate: each of them is shared then
            host = next((h for h in hosts if h in after and not after[h] & moved), None)
            if host is not None:
                after[host] |= moved
    low, high = rules.targets["sharing_low_share"], rules.targets["sharing_high_share"]
    rows = []
    for operator in ["", *sorted(set().union(*now.values()) if now else set())]:
        counts: dict[str, float] = {}
        for name, masts in (("", now), ("_after", after)):
            mine = [m for m in masts.values() if not operator or operator in m]
            sites = sum(len(m) if not operator else 1 for m in mine)
            shared = sum(len(m) if not operator else 1 for m in mine if len(m) > 1)
            counts |= {f"sites{name}": sites, f"sites_shared{name}": shared, f"shared_share{name}": shared / sites if sites else np.nan, f"masts{name}": len(mine)}
        unlisted = sum(told_by[k] == "site_list" for k, m in now.items() if not operator or operator in m)
        rows.append(
            {
                "operator": operator, **counts, "target_low": low.value, "target_high": high.value, "target_status": "; ".join(dict.fromkeys((low.status, high.status))),
                "target_document": "; ".join(dict.fromkeys((low.document, high.document))),
                "masts_listed": counts["masts"] - unlisted if inventory else np.nan, "masts_unlisted": unlisted,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)
