"""Street sections ranked for undergrounding, grouped into projects, put into years; hung cable elsewhere tidied.

A criterion that is not known of a street counts neither for nor against it: the score is the weighted mean of what is known, and beside it
stand the scores that the street would have at worst and at best, and between which ranks that leaves it. Nothing is planned for a street
of which nobody knows that cable hangs there. Sections are planned as they were drawn: a long street drawn as one line is one section.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.io.norms import Norms
from geo.planning.streets import plane_lines, street_epsg
from geo.planning.undergrounding_settings import CRITERIA, UndergroundingSettings

__all__ = ["Stock", "Undergrounding", "grouped", "plan_undergrounding", "scored", "section_ids"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_NONE = -1
_MONEY = ("cost_low_vnd", "cost_vnd", "cost_high_vnd")


@dataclass(frozen=True, slots=True)
class Stock:
    """Cable of the whole area, km; NaN where the list was not given.

    Attributes
    ----------
    hung_km, underground_km : float
    without_length : int
        Routes that are in neither because their length is not known.
    """

    hung_km: float
    underground_km: float
    without_length: int

    @property
    def share(self) -> float:
        """Share that is underground; NaN where one list was not given or a length is not known."""
        whole = self.hung_km + self.underground_km
        return self.underground_km / whole if whole > 0 and not self.without_length else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Undergrounding:
    """The plan: a row per section in order of rank, per project, per year (the first as it stands)."""

    sections: gpd.GeoDataFrame
    projects: pd.DataFrame
    years: pd.DataFrame


def scored(sections: pd.DataFrame, settings: UndergroundingSettings) -> pd.DataFrame:
    """Return score, its bounds and what is unknown of each section.

    Parameters
    ----------
    sections : DataFrame
        ``centre_street``, ``upgraded``, ``road_works``, ``heritage`` (boolean, NA unknown), ``cables``, ``operators_n`` (NaN unknown), ``cables_least``,
        ``operators`` (those listed: at least so many).
    settings : UndergroundingSettings

    Returns
    -------
    DataFrame
        ``score`` (0..1; weighted mean over the known criteria, NaN if none is), ``score_low``, ``score_high`` (all unknown ones at their worst, at their
        best), ``score_known_share`` (weight of the known ones), ``unknown`` (their names), ``rank``, ``rank_best``, ``rank_worst``.
    """
    weights = settings.weights
    low, high = _criteria(sections, settings)
    known = low == high
    weight = np.array([weights[name] for name in CRITERIA])
    sure = (weight * known).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        score = np.where(sure > 0, (weight * known * low).sum(axis=1) / sure, np.nan)
    out = pd.DataFrame({"score": score, "score_low": (weight * low).sum(axis=1) / weight.sum(), "score_high": (weight * high).sum(axis=1) / weight.sum()})
    out["score_known_share"] = sure / weight.sum()
    out["unknown"] = ["; ".join(name for name, is_known in zip(CRITERIA, row, strict=True) if not is_known) for row in known]
    # Equal scores: the street of which more is known, then as listed.
    order = sorted(range(len(out)), key=lambda i: (np.isnan(score[i]), -round(float(np.nan_to_num(score[i])), 9), -sure[i], i))
    rank = np.empty(len(out), dtype=np.int64)
    rank[order] = np.arange(1, len(out) + 1)
    lows, highs = out["score_low"].to_numpy(), out["score_high"].to_numpy()
    slack = 1e-9
    out["rank"] = rank
    out["rank_best"] = [1 + int((lows > h + slack).sum()) for h in highs]
    out["rank_worst"] = [len(out) - int((highs < v - slack).sum()) for v in lows]
    return out


def _criteria(sections: pd.DataFrame, settings: UndergroundingSettings) -> tuple[_F64, _F64]:
    """Return the least and the most that each criterion of each section may be, 0..1; equal where it is known."""
    low, high = np.zeros((len(sections), len(CRITERIA))), np.ones((len(sections), len(CRITERIA)))
    for j, name in enumerate(CRITERIA):
        if name in {"cables", "operators"}:
            full = settings.cables_full if name == "cables" else settings.operators_full
            count = sections["cables" if name == "cables" else "operators_n"].to_numpy(dtype=float)
            least = sections["cables_least"].to_numpy(dtype=float) if name == "cables" else np.array([len([o for o in str(t).split("; ") if o]) for t in sections["operators"]], dtype=float)
            low[:, j] = np.minimum(np.where(np.isnan(count), least, count) / full, 1.0)
            high[:, j] = np.where(np.isnan(count), 1.0, low[:, j])
        else:
            said = sections[name].astype("boolean")
            low[:, j] = said.fillna(False).to_numpy(dtype=float)
            high[:, j] = said.fillna(True).to_numpy(dtype=float)
    return low, high


def grouped(lines: npt.NDArray[np.object_], table: pd.DataFrame, eligible: npt.NDArray[np.bool_], settings: UndergroundingSettings) -> _I64:
    """Return the project of each section, numbered as they begin; -1 none.

    A project begins with the best section that has none and takes, best first, sections connected with it that score nearly as well, until it is as long as
    projects get. Two sections that are dug up in different years are never in one.

    Parameters
    ----------
    lines : (n,) array of LineString
        In a metric plane.
    table : DataFrame
        ``rank``, ``score``, ``length_km``, ``works_year``.
    eligible : (n,) bool array
    settings : UndergroundingSettings
    """
    project = np.full(len(table), _NONE, dtype=np.int64)
    if not eligible.any():
        return project
    rank, score = table["rank"].to_numpy(), np.nan_to_num(table["score"].to_numpy(dtype=float))
    length, works = table["length_km"].to_numpy(dtype=float), table["works_year"].to_numpy(dtype=float)
    a, b = shapely.STRtree(lines).query(lines, predicate="dwithin", distance=settings.joined_m)
    near: dict[int, list[int]] = {}
    for i, j in zip(a.tolist(), b.tolist(), strict=True):
        if i != j and eligible[i] and eligible[j]:
            near.setdefault(i, []).append(j)
    number = 0
    for seed in sorted(np.flatnonzero(eligible).tolist(), key=lambda i: rank[i]):
        if project[seed] != _NONE:
            continue
        project[seed], whole, year = number, length[seed], works[seed]
        edge = {j for j in near.get(seed, []) if project[j] == _NONE}
        while True:
            fits = [
                j for j in edge
                if whole + length[j] <= settings.project_km and score[j] >= settings.project_score_share * score[seed]
                and (np.isnan(works[j]) or np.isnan(year) or works[j] == year)
            ]  # fmt: skip
            if not fits:
                break
            best = min(fits, key=lambda j: rank[j])
            project[best], whole = number, whole + length[best]
            year = works[best] if np.isnan(year) else year
            edge = (edge | {j for j in near.get(best, []) if project[j] == _NONE}) - {best}
        number += 1
    return project


def plan_undergrounding(
    sections: gpd.GeoDataFrame, settings: UndergroundingSettings, *, stock: Stock, target_share: float, this_year: int, norms: Norms | None
) -> Undergrounding:
    """Return the sections ranked and grouped, with the years in which the budget, or the way to the target, has room for them.

    Parameters
    ----------
    sections : GeoDataFrame
        EPSG:4326 LineStrings: ``section_id``, ``road_name``, ``commune_code``, ``length_km``, the criteria (:func:`scored`), ``works_year``, ``cable_km``, ``tidied``.
    settings : UndergroundingSettings
    stock : Stock
    target_share : float
        Of all cable that is to be underground by ``settings.target_year``.
    this_year : int
        Of the status quo.
    norms : Norms or None
        ``underground`` by km of street and ``tidy`` by km of cable; without norms every amount is unknown.

    Raises
    ------
    LookupError
        If norms are given and one of the two is not among them; the reader of the norms asks for them.
    """
    table = pd.concat([sections.drop(columns="geometry").reset_index(drop=True), scored(sections, settings)], axis=1)
    lines = plane_lines(list(sections.geometry), street_epsg(sections))
    hung = (table["cables_least"] > 0).to_numpy(dtype=bool)
    table["project"] = grouped(lines, table, hung, settings)
    bury = _money(norms, "underground", table["length_km"].to_numpy(dtype=float))
    tidy = _money(norms, "tidy", table["cable_km"].to_numpy(dtype=float))
    projects = _projects(table, bury, hung)
    path = _path(settings, stock, target_share, this_year)
    projects["year"], projects["remark"] = _years_of(projects, settings, stock, path)
    table["year"] = np.nan
    table["action"] = ""
    table[list(_MONEY)] = np.nan
    by_number = projects.set_index("project")["year"]
    mine = table["project"] >= 0
    table.loc[mine, "year"] = table.loc[mine, "project"].map(by_number)
    buried = table["year"].notna().to_numpy(dtype=bool)
    table.loc[buried, "action"] = "underground"
    table.loc[buried, list(_MONEY)] = bury[buried]
    left = hung & ~buried & ~table["tidied"].fillna(False).to_numpy(dtype=bool)
    when = _tidying(table, tidy, left, settings, projects)
    done = ~np.isnan(when)
    table.loc[done, "year"], table.loc[done, "action"] = when[done], "tidy"
    table.loc[done, list(_MONEY)] = tidy[done]
    table["remark"] = _remarks(table, projects, left & ~done, tidy, settings)
    waiting = table[done].groupby("project")["cost_vnd"]  # streets of projects without a year, whose cable is put in order meanwhile
    projects["sections_tidied"] = projects["project"].map(waiting.size()).fillna(0).astype(int)
    projects["tidy_cost_vnd"] = projects["project"].map(waiting.agg(lambda cost: cost.sum(skipna=False))).mask(projects["sections_tidied"] == 0, 0.0)
    years = _by_year(table, settings, stock, path, target_share)
    table["project_id"] = [f"NH{int(p) + 1:03d}" if p >= 0 else "" for p in table["project"]]
    projects.insert(0, "project_id", [f"NH{int(p) + 1:03d}" for p in projects["project"]])
    out = gpd.GeoDataFrame(table, geometry=np.asarray(sections.geometry), crs=sections.crs).sort_values("rank").drop(columns="project")
    return Undergrounding(out.reset_index(drop=True), projects.drop(columns=["project", "fixed_year"]), years)


def _money(norms: Norms | None, item: str, km: _F64) -> _F64:
    """Return low, central and high cost of each section in whole đồng; NaN where it is not known."""
    if norms is None:
        return np.full((len(km), 3), np.nan)
    norm = norms.find(item)
    if norm is None:
        raise LookupError(f"no norm of '{item}' in {norms.file}")
    return np.asarray(np.round(km[:, None] * np.array([norm.low_vnd, norm.central_vnd, norm.high_vnd], dtype=np.float64)), dtype=np.float64)


def _projects(table: pd.DataFrame, money: _F64, hung: npt.NDArray[np.bool_]) -> pd.DataFrame:
    rows = []
    for number in range(int(table["project"].max()) + 1 if len(table) else 0):
        at = np.flatnonzero(((table["project"] == number) & hung).to_numpy(dtype=bool))
        part = table.iloc[at].sort_values("rank")
        length = part["length_km"].to_numpy(dtype=float)
        works = part["works_year"].dropna()
        names = {o for text in part["operators"] for o in str(text).split("; ") if o}
        rows.append(
            {
                "project": number, "streets": "; ".join(dict.fromkeys(n for n in part["road_name"].astype(str) if n)), "section_ids": "; ".join(part["section_id"].astype(str)),
                "commune_codes": "; ".join(sorted({c for c in part["commune_code"].astype(str) if c})), "sections": len(part), "length_km": float(length.sum()),
                "cable_km": float(part["cable_km"].sum(skipna=False)), "operators": "; ".join(sorted(names)),
                "score": float((part["score"] * length).sum() / length.sum()) if part["score"].notna().all() else np.nan,
                "fixed_year": float(works.iloc[0]) if len(works) else np.nan, **{name: float(money[at, k].sum()) for k, name in enumerate(_MONEY)},
                "unknown": "; ".join(dict.fromkeys(u for text in part["unknown"] for u in str(text).split("; ") if u)),
            }
        )  # fmt: skip
    columns = ["project", "streets", "section_ids", "commune_codes", "sections", "length_km", "cable_km", "operators", "score", "fixed_year", *_MONEY, "unknown"]
    return pd.DataFrame(rows, columns=columns)


def _path(settings: UndergroundingSettings, stock: Stock, target: float, this_year: int) -> dict[int, float]:
    """Return the share at the end of each year that leads evenly to the target, the target where today's is beyond; NaN where today's is not known."""
    if stock.share >= target:
        return dict.fromkeys(settings.years, target)
    span = max(1.0, settings.target_year - this_year)
    return {y: stock.share + (target - stock.share) * min(1.0, (y - this_year) / span) for y in settings.years}


def _years_of(projects: pd.DataFrame, settings: UndergroundingSettings, stock: Stock, path: dict[int, float]) -> tuple[list[float], list[str]]:
    """Return the year of each project (NaN none) and why it has none."""
    year, remark = [float("nan")] * len(projects), [""] * len(projects)
    order = sorted(range(len(projects)), key=lambda k: (np.isnan(projects["score"].iloc[k]), -float(np.nan_to_num(projects["score"].iloc[k])), k))
    cost, km, fixed = projects["cost_vnd"].to_numpy(dtype=float), projects["cable_km"].to_numpy(dtype=float), projects["fixed_year"].to_numpy(dtype=float)
    under = stock.underground_km
    for position, now in enumerate(settings.years):
        money = float(settings.budget_vnd[position]) if settings.budget_vnd else float("inf")
        due = [k for k in order if fixed[k] == now]
        free = [k for k in order if np.isnan(fixed[k]) and np.isnan(year[k])]
        for k in [*due, *free]:
            if not settings.budget_vnd and k not in due and not under < path[now] * (stock.hung_km + stock.underground_km):
                continue  # on the way to the target already; never so where the share is not known
            if settings.budget_vnd and not cost[k] <= money:
                continue
            year[k], money = float(now), money - (cost[k] if settings.budget_vnd else 0.0)
            under += 0.0 if np.isnan(km[k]) else km[k]
    last = max(settings.years, default=0)
    for k in range(len(projects)):
        if not np.isnan(year[k]):
            continue
        if not settings.years:
            remark[k] = "no_years"
        elif fixed[k] > last:
            remark[k] = "works_later"
        elif fixed[k] < min(settings.years):
            remark[k] = "works_before"
        elif settings.budget_vnd and np.isnan(cost[k]):
            remark[k] = "cost_unknown"
        elif settings.budget_vnd and cost[k] > max(settings.budget_vnd):
            remark[k] = "dearer_than_any_year"
        elif settings.budget_vnd:
            remark[k] = "no_money_in_works_year" if not np.isnan(fixed[k]) else "no_money_left"
        else:
            remark[k] = "share_unknown" if np.isnan(stock.share) else "beyond_target"
    return year, remark


def _tidying(table: pd.DataFrame, money: _F64, left: npt.NDArray[np.bool_], settings: UndergroundingSettings, projects: pd.DataFrame) -> _F64:
    """Return the year in which the cable of a section is tidied, NaN never: what is left of each year's money, else evenly by km."""
    when = np.full(len(table), np.nan)
    km = table["cable_km"].to_numpy(dtype=float)
    order = [int(i) for i in np.argsort(table["rank"].to_numpy()) if left[i] and km[i] > 0]
    if not settings.years:
        return when
    if not settings.budget_vnd:
        whole, done = float(sum(km[i] for i in order)), 0.0
        for i in order:
            when[i] = settings.years[min(len(settings.years) - 1, int(len(settings.years) * done / whole))]
            done += km[i]
        return when
    for position, now in enumerate(settings.years):
        rest = float(settings.budget_vnd[position]) - float(projects.loc[projects["year"] == now, "cost_vnd"].sum())
        for i in order:
            if np.isnan(when[i]) and money[i, 1] <= rest:
                when[i], rest = float(now), rest - money[i, 1]
    return when


def _remarks(table: pd.DataFrame, projects: pd.DataFrame, left: npt.NDArray[np.bool_], tidy: _F64, settings: UndergroundingSettings) -> list[str]:
    why = dict(zip(projects["project"], projects["remark"], strict=True))
    out = []
    for i, row in enumerate(table.to_dict("records")):
        said = []
        if row["cables_least"] <= 0:
            said.append("no_cable_listed" if row["cables"] == 0 else "cable_unknown")
        else:
            if row["action"] == "tidy":
                said.append("tidied_meanwhile")
            if row["project"] >= 0 and why[row["project"]]:
                said.append(why[row["project"]])
            if np.isnan(row["cable_km"]):
                said.append("cable_length_unknown")
            if left[i] and settings.years:
                said.append("tidying_cost_unknown" if np.isnan(tidy[i, 1]) else "tidying_no_money")
        if row["by_name"]:
            said.append("by_name")
        out.append("; ".join(said))
    return out


def _by_year(table: pd.DataFrame, settings: UndergroundingSettings, stock: Stock, path: dict[int, float], target: float) -> pd.DataFrame:
    """Return what each year buries, tidies and costs, and what share of cable is underground at its end; the first row is today's."""
    whole, under = stock.hung_km + stock.underground_km, stock.underground_km
    unknown = float("nan") if stock.without_length or np.isnan(whole) else 0.0
    rows: list[dict[str, object]] = [
        {"year": np.nan, "underground_km": under, "hung_km": stock.hung_km, "routes_without_length": stock.without_length, "underground_share": stock.share,
         "target_share": target, "km_to_target": max(0.0, target * whole - under) + unknown}
    ]  # fmt: skip
    for position, now in enumerate(settings.years):
        bury, tidy = (table[(table["year"] == now) & (table["action"] == name)] for name in ("underground", "tidy"))
        under += float(bury["cable_km"].sum(skipna=False)) if len(bury) else 0.0
        both = pd.concat([bury, tidy])
        rows.append(
            {
                "year": now, "projects": bury["project"].nunique(), "sections": len(bury), "length_km": float(bury["length_km"].sum()),
                "cable_km": float(bury["cable_km"].sum(skipna=False)), "sections_tidied": len(tidy), "tidied_km": float(tidy["cable_km"].sum()),
                **{name: float(both[name].sum(skipna=False)) for name in _MONEY}, "cost_underground_vnd": float(bury["cost_vnd"].sum(skipna=False)),
                "cost_tidy_vnd": float(tidy["cost_vnd"].sum(skipna=False)), "budget_vnd": settings.budget_vnd[position] if settings.budget_vnd else np.nan,
                "underground_km": under, "hung_km": whole - under, "routes_without_length": stock.without_length,
                "underground_share": under / whole + unknown if whole > 0 else np.nan, "path_share": path[now], "target_share": target,
                "km_to_target": max(0.0, target * whole - under) + unknown,
            }
        )  # fmt: skip
    columns = [
        "year", "projects", "sections", "length_km", "cable_km", "sections_tidied", "tidied_km", *_MONEY, "cost_underground_vnd", "cost_tidy_vnd", "budget_vnd", "underground_km", "hung_km",
        "routes_without_length", "underground_share", "path_share", "target_share", "km_to_target",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def section_ids(road_id: Sequence[str]) -> list[str]:
    """Return an id for each line: the street's, with a number where the street is several lines."""
    counts = pd.Series(list(road_id), dtype="object")
    number, several = counts.groupby(counts).cumcount() + 1, counts.map(counts.value_counts()) > 1
    return [f"{code}-{n}" if many else str(code) for code, n, many in zip(counts, number, several, strict=True)]
