"""The tables of the plan by years: registered lines and proposed sites in one list, what each gains, and why it is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.crs import from_wgs84
from geo.errors import Bilingual
from geo.io.inputs import province_zones
from geo.planning.candidates import Options
from geo.planning.choice import Choice
from geo.planning.demand import Demand
from geo.planning.proposal_settings import ObjectiveSettings
from geo.planning.proposing import GAINED, Cover, Ledger
from geo.project import Project
from geo.report.phrases import joined, number_text, phrases

__all__ = ["SITES_PLANNED", "Plan", "sites_planned", "years_of_plan"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]

#: Columns that other programs rely on, in the order of the file.
SITES_PLANNED = (
    "rank", "year", "action", "source", "funding", "site_id", "lon", "lat", "x_vn2000", "y_vn2000", "commune_code", "mast_class", "height_m", "operators",
    "population_gained", "villages_gained", "cost_vnd", "cost_low", "cost_high", "reason",
)  # fmt: skip
_GAINS = (
    "rank", "site_id", "year", "action", "operators", "population_first_operator", "population_to_4g", "population_second_operator",
    "population_third_operator", "village_ids_gained", "facilities_gained", "deadline_villages", "cost_per_person_vnd", "kept_share",
    "kept_share_draws",
)  # fmt: skip
_NAMED = 3


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A choice with all that is told of it.

    Attributes
    ----------
    places, demand, cover, options, choice, objective
        What was chosen from, and the choice.
    order : list of int
        Chosen options in the plan's order.
    kept_share : (n,) float64 array
        In what share of the changes of costs each is chosen.
    kept_share_draws : (n,) float64 array
        In what share of the joint draws of the field each that is chosen is so again; NaN not known.
    villages : DataFrame or None
    deadline : (d,) int64 array
        Year's position by which a cell has to be served; -1 none.
    given : mapping of str to bool
        Which of roads, power lines, public land and restricted areas the project gives.
    lines, gains : DataFrame or None
        The registered lines as the stage before has them, and what each gains in their order.
    cells_of_villages : (d,) int64 array
        Village of each cell of the demand; -1 none.
    """

    places: pd.DataFrame
    demand: Demand
    cover: Cover
    options: Options
    choice: Choice
    order: list[int]
    objective: ObjectiveSettings
    kept_share: _F64
    kept_share_draws: _F64
    villages: pd.DataFrame | None
    deadline: _I64
    given: Mapping[str, bool]
    lines: pd.DataFrame | None
    gains: pd.DataFrame | None
    cells_of_villages: _I64

    def site_id(self, option: int) -> str:
        """Return the mast's id, or that of the new place."""
        place = self.places.iloc[int(self.options.table["place"].iloc[option])]
        return str(place["structure_id"]) if place["kind"] == "mast" else str(place["place_id"])


def sites_planned(plan: Plan, project: Project, units: pd.DataFrame, language: Literal["vi", "en"]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return ``sites_planned.csv`` (registered lines first in each year, then proposals by what they add per đồng) and the gains of the proposals.

    Parameters
    ----------
    plan : Plan
    project : Project
        For the zone of VN-2000.
    units : DataFrame
        ``commune_code``, ``province_code``.
    language : {"vi", "en"}
        Of the reasons.
    """
    ledger = Ledger(plan.demand)
    rows, gains = [], []
    for j in plan.order:
        row, gain = _proposal(plan, ledger, j, language)
        rows.append(row)
        gains.append(gain)
    every = [*_lines(plan, language), *rows]
    # A line without a year counts after all others, as its gains do (:func:`geo.planning.assess.assess_lines`).
    every.sort(key=lambda r: (np.inf if pd.isna(r["year"]) else r["year"], r["source"] != "operator_plan"))
    frame = pd.DataFrame(every, columns=[n for n in (*SITES_PLANNED, "option") if n not in {"rank", "x_vn2000", "y_vn2000"}])
    frame.insert(0, "rank", np.arange(1, len(frame) + 1))
    x, y = _vn2000(frame, project, units)
    frame = frame.assign(x_vn2000=x, y_vn2000=y)
    ranks = {int(o): int(r) for o, r in zip(frame["option"].fillna(-1), frame["rank"], strict=True) if o >= 0}
    told = pd.DataFrame(gains, columns=[n for n in _GAINS if n != "rank"])
    told.insert(0, "rank", [ranks[j] for j in plan.order])
    return frame[list(SITES_PLANNED)], told


def _vn2000(frame: pd.DataFrame, project: Project, units: pd.DataFrame) -> tuple[_F64, _F64]:
    """Return easting and northing in the current zone of the province of each place; NaN where the province has no zone."""
    zones = province_zones(project.extra)
    of = dict(zip(units["commune_code"].astype(str), units["province_code"].astype(str), strict=True))
    only = project.provinces[0] if len(project.provinces) == 1 else ""
    province = [of.get(str(c), only) for c in frame["commune_code"]]
    x, y = np.full(len(frame), np.nan), np.full(len(frame), np.nan)
    for code in sorted({p for p in province if p in zones}):
        mine = np.array([p == code for p in province], dtype=bool)
        lon, lat = (frame[c].to_numpy(dtype=float)[mine] for c in ("lon", "lat"))
        x[mine], y[mine] = from_wgs84(lon, lat, zones[code].current_epsg)
    return x, y


def _lines(plan: Plan, language: Literal["vi", "en"]) -> list[dict[str, Any]]:
    """Return the registered lines that add something as rows of the plan."""
    if plan.lines is None:
        return []
    said = phrases("results/proposals.toml")
    known = {} if plan.gains is None else plan.gains.set_index("line_id").to_dict("index")
    rows: list[dict[str, Any]] = []
    for line in plan.lines.to_dict("records"):
        if line["action"] not in {"share", "upgrade", "build"}:
            continue
        gain = known.get(line["line_id"], {"population_gained": np.nan, "villages_gained": np.nan})
        rows.append(
            {
                "year": line["year"], "action": line["action"], "source": "operator_plan", "funding": "operator", "site_id": line["line_id"],
                "lon": line["lon"], "lat": line["lat"], "commune_code": line["commune_code"], "mast_class": line["mast_class"],
                "height_m": line["height_m"], "operators": line["operator"], "population_gained": gain["population_gained"],
                "villages_gained": gain["villages_gained"], "cost_vnd": line["cost_vnd"], "cost_low": line["cost_low_vnd"],
                "cost_high": line["cost_high_vnd"], "reason": said.say("why", "registered", operator=line["operator"]).text(language), "option": -1,
            }
        )  # fmt: skip
    return rows


def _proposal(plan: Plan, ledger: Ledger, j: int, language: Literal["vi", "en"]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a proposed site's row and its gains beyond the sites before it, and let it stand."""
    option, who = plan.options.table.iloc[j], plan.options.members[j]
    at = int(option["place"])
    place = plan.places.iloc[at]
    people, first = ledger.people(plan.cover, at, who), ledger.first_cells(plan.cover, at, who)
    villages = np.flatnonzero(np.isin(plan.demand.village_cell, first))
    facilities = int(np.isin(plan.demand.facility_cell[plan.demand.facility_cell >= 0], first).sum())
    # The option may keep a duty that others would have kept too: told of every one whose village it serves first.
    due = [int(v) for v in villages if plan.deadline[plan.demand.village_cell[v]] >= 0]
    ledger.build(plan.cover, at, who)
    year, cost = plan.objective.years[int(plan.choice.year[j])], int(option["cost_vnd"])
    ids = [] if plan.villages is None else [str(plan.villages["village_id"].iloc[v]) for v in villages]
    gain = {
        "site_id": plan.site_id(j), "year": year, "action": option["action"], "operators": option["operators"],
        **{f"population_{name}": people[name] for name in GAINED}, "village_ids_gained": "; ".join(ids), "facilities_gained": facilities,
        "deadline_villages": "" if plan.villages is None else "; ".join(str(plan.villages["village_id"].iloc[v]) for v in due),
        "cost_per_person_vnd": round(cost / people["first_operator"]) if people["first_operator"] >= 1 else np.nan, "kept_share": plan.kept_share[j],
        "kept_share_draws": plan.kept_share_draws[j],
    }  # fmt: skip
    row = {
        "year": year, "action": option["action"], "source": "proposed", "funding": _funding(plan, first, villages), "site_id": plan.site_id(j),
        "lon": place["lon"], "lat": place["lat"], "commune_code": place["commune_code"], "mast_class": place["mast_class"], "height_m": place["height_m"],
        "operators": option["operators"], "population_gained": people["first_operator"], "villages_gained": len(villages), "cost_vnd": cost,
        "cost_low": int(option["cost_low_vnd"]), "cost_high": int(option["cost_high_vnd"]),
        "reason": _reason(plan, place, str(option["action"]), people, villages, facilities, due).text(language), "option": j,
    }  # fmt: skip
    return row, gain


def _funding(plan: Plan, first: _I64, villages: _I64) -> Literal["public_utility", "budget"]:
    """Return whom to ask: the public-utility programme where most of those who had nobody live in villages of special difficulty."""
    if plan.villages is None:
        return "budget"
    difficult = plan.villages["difficult_area"].astype("boolean").fillna(False).to_numpy(dtype=bool)
    people, home = plan.demand.people[first], plan.cells_of_villages[first]
    theirs = float(people[(home >= 0) & difficult[np.maximum(home, 0)]].sum())
    if people.sum() > 0:
        return "public_utility" if theirs * 2 > people.sum() else "budget"
    return "public_utility" if len(villages) and difficult[villages].sum() * 2 > len(villages) else "budget"


def _reason(
    plan: Plan, place: pd.Series, action: str, people: Mapping[str, float], villages: _I64, facilities: int, due: Sequence[int]
) -> Bilingual:
    said = phrases("results/proposals.toml")
    parts: list[Bilingual] = []
    kind = str(place["kind"]) if action == "build" else "share_registered" if str(place["place_id"]).startswith("R") else action
    mast = Bilingual(str(place["structure_id"]), str(place["structure_id"]))
    users = str(place["users"]).replace("; ", ", ")
    parts.append(said.say("why", kind, mast=mast, users=users or "–", prominence=_metres(place["prominence_m"]), road=_metres(place["road_m"])))
    parts += [said.say("why", name, n=number_text(people[name])) for name in GAINED if people[name] >= 0.5]
    if len(villages) and plan.villages is not None:
        parts.append(said.say("why", "villages", n=number_text(len(villages)), names=_names(plan.villages, villages)))
    if facilities:
        parts.append(said.say("why", "facilities", n=number_text(facilities)))
    if due and plan.villages is not None:
        years = sorted({plan.objective.years[int(plan.deadline[plan.demand.village_cell[v]])] for v in due})
        parts.append(said.say("why", "deadline", names=_names(plan.villages, np.array(due)), year=str(years[0])))
    if action == "build":
        missing = [k for k in ("roads", "power_lines", "restricted_areas") if not plan.given[k]]
        parts += [said.say("why", f"no_{k}") for k in missing]
    return joined(parts, "; ")


def _metres(value: float) -> Bilingual:
    return Bilingual("?", "?") if value != value else number_text(value)


def _names(villages: pd.DataFrame, who: _I64) -> str:
    shown = [str(villages["village_name"].iloc[int(k)]) for k in who[:_NAMED]]
    return ", ".join(shown) + (f" … (+{len(who) - _NAMED})" if len(who) > _NAMED else "")


def years_of_plan(plan: Plan, gains: pd.DataFrame) -> pd.DataFrame:
    """Return what the proposals of each year cost and gain, and all years together (``year`` missing) with bound and gap."""
    rows: list[dict[str, Any]] = []
    figures = [f"population_{name}" for name in GAINED]
    villages = gains["village_ids_gained"].map(lambda ids: len([v for v in str(ids).split("; ") if v])).astype(float)
    for k, year in enumerate(plan.objective.years):
        mine = (gains["year"] == year).to_numpy(dtype=bool)
        rows.append(
            {
                "year": year, "budget_vnd": plan.objective.budget_vnd[k], "spent_vnd": int(plan.choice.spent_vnd[k]), "sites": int(mine.sum()),
                **{name: float(gains[name][mine].sum()) for name in figures}, "villages_gained": int(villages[mine].sum()),
                "value": float(plan.choice.by_step[k].sum()), "bound": np.nan, "gap": np.nan,
            }
        )  # fmt: skip
    whole = {name: sum(row[name] for row in rows) for name in ("budget_vnd", "spent_vnd", "sites", "villages_gained", "value", *figures)}
    rows.append({"year": np.nan, **whole, "bound": plan.choice.bound, "gap": plan.choice.gap})
    return pd.DataFrame(rows)
