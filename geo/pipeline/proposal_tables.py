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
from geo.planning.funding import Asked, Payer, payers
from geo.planning.proposal_settings import ObjectiveSettings
from geo.planning.proposing import GAINED, Cover, Ledger
from geo.project import Project
from geo.report.phrases import joined, number_text, phrases
from geo.report.tables import arranged_rows

__all__ = ["SITES_PLANNED", "Plan", "sites_planned", "years_of_plan"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]

#: Columns that other programs rely on, in the order of the file.
SITES_PLANNED = (
    "rank", "year", "action", "source", "funding", "site_id", "lon", "lat", "x_vn2000", "y_vn2000", "commune_code", "mast_class", "height_m", "operators",
    "population_gained", "villages_gained", "cost_vnd", "cost_low", "cost_high", "reason", "population_gained_certain", "population_gained_uncertain",
    "villages_gained_certain", "villages_gained_uncertain", "measure_first",
)  # fmt: skip
_GAINS = (
    "rank", "site_id", "year", "action", "operators", "population_first_operator", "population_to_4g", "population_second_operator",
    "population_third_operator", "village_ids_gained", "facilities_gained", "deadline_villages", "cost_per_person_vnd", "kept_share",
    "kept_share_draws", "population_first_operator_certain", "population_first_operator_uncertain", "village_ids_uncertain",
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
    unserved : (d,) bool array
        Cells that every operator is known not to serve with every registered line built; at the others somebody may serve already.
    supported : mapping of str to str
        By commune, the one operator that the public-utility programme supports there (:func:`geo.planning.supported.supported_on`); without entry nobody knows.
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
    unserved: npt.NDArray[np.bool_]
    supported: Mapping[str, str]

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
    found = [_found(plan, ledger, j) for j in plan.order]
    told = pd.DataFrame([_gain(plan, one) for one in found], columns=list(_GAINS)).assign(rank=0)
    # Reasons have the figures of the table: rounded as its rows are, so that they add up.
    shown = arranged_rows(told, "sites_planned_gains")
    paid = _funding(plan, found)
    every = [*_lines(plan, language), *(_proposal(plan, one, figures, payer, language) for one, figures, payer in zip(found, shown, paid, strict=True))]
    # A line without a year counts after all others, as its gains do (:func:`geo.planning.assess.assess_lines`).
    every.sort(key=lambda r: (np.inf if pd.isna(r["year"]) else r["year"], r["source"] != "operator_plan"))
    frame = pd.DataFrame(every, columns=[n for n in (*SITES_PLANNED, "option") if n not in {"rank", "x_vn2000", "y_vn2000"}])
    frame.insert(0, "rank", np.arange(1, len(frame) + 1))
    x, y = _vn2000(frame, project, units)
    frame = frame.assign(x_vn2000=x, y_vn2000=y)
    ranks = {int(o): int(r) for o, r in zip(frame["option"].fillna(-1), frame["rank"], strict=True) if o >= 0}
    return frame[list(SITES_PLANNED)], told.assign(rank=[ranks[j] for j in plan.order])


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
        gain = {"population_gained": np.nan, "population_from_unserved": np.nan, "villages_gained": np.nan, "villages_from_unserved": np.nan} | known.get(line["line_id"], {})
        certain = gain["population_from_unserved"], gain["villages_from_unserved"]
        split = _split(certain, (gain["population_gained"] - certain[0], gain["villages_gained"] - certain[1]))
        rows.append(
            {
                "year": line["year"], "action": line["action"], "source": "operator_plan", "funding": "operator", "site_id": line["line_id"],
                "lon": line["lon"], "lat": line["lat"], "commune_code": line["commune_code"], "mast_class": line["mast_class"],
                "height_m": line["height_m"], "operators": line["operator"], "population_gained": gain["population_gained"],
                "villages_gained": gain["villages_gained"], "cost_vnd": line["cost_vnd"], "cost_low": line["cost_low_vnd"],
                "cost_high": line["cost_high_vnd"], "reason": said.say("why", "registered", operator=line["operator"]).text(language), **split, "option": -1,
            }
        )  # fmt: skip
    return rows


def _split(certain: tuple[float, float], uncertain: tuple[float, float]) -> dict[str, Any]:
    """Return people and villages who get their first operator by what is known of them today, and whether to measure before anything is built.

    That is so where more people (where there are none: villages) are undecided than known to be unserved.
    """
    people = not (certain[0] == 0 and uncertain[0] == 0)
    known, open_ = (part[0 if people else 1] for part in (certain, uncertain))
    return {
        "population_gained_certain": certain[0], "population_gained_uncertain": uncertain[0], "villages_gained_certain": certain[1],
        "villages_gained_uncertain": uncertain[1], "measure_first": pd.NA if known != known or open_ != open_ else bool(open_ > known),
    }  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """What a proposed site gains beyond the sites before it: people by step, the cells that get their first operator, villages and facilities in them.

    ``due`` are the villages that have a deadline within the plan.
    """

    option: int
    people: Mapping[str, float]
    first: _I64
    villages: _I64
    facilities: int
    due: list[int]


def _found(plan: Plan, ledger: Ledger, j: int) -> _Found:
    """Return what a site gains, and let it stand."""
    at, who = int(plan.options.table["place"].iloc[j]), plan.options.members[j]
    people, first = ledger.people(plan.cover, at, who), ledger.first_cells(plan.cover, at, who)
    villages = np.flatnonzero(np.isin(plan.demand.village_cell, first))
    facilities = int(np.isin(plan.demand.facility_cell[plan.demand.facility_cell >= 0], first).sum())
    # The option may keep a duty that others would have kept too: told of every one whose village it serves first.
    due = [int(v) for v in villages if plan.deadline[plan.demand.village_cell[v]] >= 0]
    ledger.build(plan.cover, at, who)
    return _Found(j, people, first, villages, facilities, due)


def _gain(plan: Plan, found: _Found) -> dict[str, Any]:
    """Return the row of the table of gains."""
    j, people = found.option, found.people
    option = plan.options.table.iloc[j]
    certain = float(plan.demand.people[found.first[plan.unserved[found.first]]].sum())
    open_ = found.villages[~plan.unserved[plan.demand.village_cell[found.villages]]]

    def ids(villages: Sequence[int] | _I64) -> str:
        return "" if plan.villages is None else "; ".join(str(plan.villages["village_id"].iloc[int(v)]) for v in villages)

    return {
        "site_id": plan.site_id(j), "year": plan.objective.years[int(plan.choice.year[j])], "action": option["action"], "operators": option["operators"],
        **{f"population_{name}": people[name] for name in GAINED}, "village_ids_gained": ids(found.villages), "facilities_gained": found.facilities,
        "deadline_villages": ids(found.due), "cost_per_person_vnd": round(int(option["cost_vnd"]) / people["first_operator"]) if people["first_operator"] >= 1 else np.nan,
        "kept_share": plan.kept_share[j], "kept_share_draws": plan.kept_share_draws[j], "population_first_operator_certain": certain,
        "population_first_operator_uncertain": people["first_operator"] - certain, "village_ids_uncertain": ids(open_),
    }  # fmt: skip


def _proposal(plan: Plan, found: _Found, figures: Mapping[str, Any], payer: Payer, language: Literal["vi", "en"]) -> dict[str, Any]:
    """Return a proposed site's row; ``figures`` as the table of gains shows them."""
    j = found.option
    option = plan.options.table.iloc[j]
    place = plan.places.iloc[int(option["place"])]
    known = plan.unserved[plan.demand.village_cell[found.villages]]
    certain = float(plan.demand.people[found.first[plan.unserved[found.first]]].sum()), int(known.sum())
    split = _split(certain, (found.people["first_operator"] - certain[0], len(known) - certain[1]))
    return {
        "year": plan.objective.years[int(plan.choice.year[j])], "action": option["action"], "source": "proposed", "funding": payer.funding,
        "site_id": plan.site_id(j), "lon": place["lon"], "lat": place["lat"], "commune_code": place["commune_code"], "mast_class": place["mast_class"],
        "height_m": place["height_m"], "operators": option["operators"], "population_gained": found.people["first_operator"], "villages_gained": len(found.villages),
        "cost_vnd": int(option["cost_vnd"]), "cost_low": int(option["cost_low_vnd"]), "cost_high": int(option["cost_high_vnd"]),
        "reason": _reason(plan, place, str(option["action"]), found, figures, split, payer).text(language), **split, "option": j,
    }  # fmt: skip


def _funding(plan: Plan, found: Sequence[_Found]) -> list[Payer]:
    """Return whom to ask for each site (:func:`geo.planning.funding.payers`)."""
    if plan.villages is None:
        return [Payer("budget")] * len(found)
    difficult = plan.villages["difficult_area"].astype("boolean").fillna(False).to_numpy(dtype=bool)
    communes = plan.villages["commune_code"].astype(str).to_numpy(dtype=object)
    asked = []
    for one in found:
        at, who = int(plan.options.table["place"].iloc[one.option]), plan.options.members[one.option]
        home, people = plan.cells_of_villages[one.first], plan.demand.people[one.first]
        cells = one.first
        if not people.sum() > 0:  # nobody is known to live there: villages count alike
            home, cells, people = one.villages, plan.demand.village_cell[one.villages], np.ones(len(one.villages))
        hard = (home >= 0) & difficult[np.maximum(home, 0)]
        serves = {o: np.isin(cells, plan.cover.of(at, o)[0]) for o in who}
        asked.append(Asked(people, hard, communes[np.maximum(home, 0)], serves))
    return payers(asked, plan.supported)


def _reason(plan: Plan, place: pd.Series, action: str, found: _Found, figures: Mapping[str, Any], split: Mapping[str, Any], payer: Payer) -> Bilingual:
    said = phrases("results/proposals.toml")
    parts: list[Bilingual] = []
    kind = str(place["kind"]) if action == "build" else "share_registered" if str(place["place_id"]).startswith("R") else action
    mast = Bilingual(str(place["structure_id"]), str(place["structure_id"]))
    users = str(place["users"]).replace("; ", ", ")
    parts.append(said.say("why", kind, mast=mast, users=users or "–", prominence=_metres(place["prominence_m"]), road=_metres(place["road_m"])))
    numbers = {name: int(figures[f"population_{name}"]) for name in GAINED}
    for name in (name for name in GAINED if numbers[name]):
        parts.append(said.say("why", name, n=number_text(numbers[name])))
        open_ = int(figures["population_first_operator_uncertain"]) if name == "first_operator" else 0
        if open_:
            parts[-1] = joined([parts[-1], said.say("why", "uncertain", n=number_text(open_))], " ")
    if len(found.villages) and plan.villages is not None:
        parts.append(said.say("why", "villages", n=number_text(len(found.villages)), names=_names(plan.villages, found.villages)))
        if split["villages_gained_uncertain"]:
            parts[-1] = joined([parts[-1], said.say("why", "uncertain_villages", n=number_text(split["villages_gained_uncertain"]))], " ")
    if found.facilities:
        parts.append(said.say("why", "facilities", n=number_text(found.facilities)))
    if found.due and plan.villages is not None:
        years = sorted({plan.objective.years[int(plan.deadline[plan.demand.village_cell[v]])] for v in found.due})
        parts.append(said.say("why", "deadline", names=_names(plan.villages, np.array(found.due)), year=str(years[0])))
    if payer.why:
        parts.append(said.say("why", payer.why, operator=", ".join(payer.operators)))
    if split["measure_first"] is True:
        parts.append(said.say("why", "measure_first"))
    if action == "build":
        missing = [k for k in ("roads", "power_lines", "restricted_areas") if not plan.given[k]]
        parts += [said.say("why", f"no_{k}") for k in missing]
    return joined(parts, "; ")


def _metres(value: float) -> Bilingual:
    return Bilingual("?", "?") if value != value else number_text(value)


def _names(villages: pd.DataFrame, who: _I64) -> str:
    shown = [str(villages["village_name"].iloc[int(k)]) for k in who[:_NAMED]]
    return ", ".join(shown) + (f" … (+{len(who) - _NAMED})" if len(who) > _NAMED else "")


def years_of_plan(plan: Plan, planned: pd.DataFrame, gains: pd.DataFrame) -> pd.DataFrame:
    """Return what the proposals of each year cost and gain, and all years together (``year`` missing) with bound and gap.

    Parameters
    ----------
    plan : Plan
    planned, gains : DataFrame
        As :func:`sites_planned` returns them.
    """
    rows: list[dict[str, Any]] = []
    figures = [f"population_{name}" for name in (*GAINED, "first_operator_certain", "first_operator_uncertain")]
    villages = [f"villages_gained{part}" for part in ("", "_certain", "_uncertain")]
    own = planned[planned["source"] == "proposed"]
    # Several operators may come to one mast, in one year or in several: it is one site, of the year in which the first of them comes.
    sites = own.drop_duplicates(["site_id", "lon", "lat"])
    first = own[own["measure_first"].eq(True)].drop_duplicates(["site_id", "lon", "lat"])
    for k, year in enumerate(plan.objective.years):
        mine, told = own[own["year"] == year], gains[gains["year"] == year]
        rows.append(
            {
                "year": year, "budget_vnd": plan.objective.budget_vnd[k], "spent_vnd": int(plan.choice.spent_vnd[k]), "sites": int((sites["year"] == year).sum()),
                "proposals": len(mine),
                **{name: float(told[name].sum()) for name in figures}, **{name: int(mine[name].astype(float).sum()) for name in villages},
                "sites_measure_first": int((first["year"] == year).sum()),
                "value": float(plan.choice.by_step[k].sum()), "bound": np.nan, "gap": np.nan,
            }
        )  # fmt: skip
    whole = {name: sum(row[name] for row in rows) for name in ("budget_vnd", "spent_vnd", "sites", *villages, "sites_measure_first", "value", *figures)}
    rows.append({"year": np.nan, **whole, "proposals": len(own), "bound": plan.choice.bound, "gap": plan.choice.gap})
    return pd.DataFrame(rows)
