"""Registered lines, one by one and all together: whom each gains, which listed dead zones it ends, what it costs, and what is left.

A line's own figures are what it would change alone, today; lines that reach the same people each count them, so that the
sum over lines is more than all lines together gain. Both are stated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.coverage import Coverage, CoverageSettings, State
from geo.io.norms import Norms
from geo.io.rasters import read_array
from geo.planning.gains import STEPS, Gain, Reach, Service, ZoneCells, gained, read_reach, zone_cells
from geo.planning.rules import PlanSettings
from geo.villages.points import village_points

__all__ = ["Assessed", "Ground", "assess_lines", "late_lines"]

_SERVED = (State.MEASURED_SERVED, State.PREDICTED_SERVED)
_UNSERVED = (State.PREDICTED_UNSERVED, State.MEASURED_UNSERVED)


@dataclass(frozen=True, slots=True)
class Ground:
    """What lines are held against, all on the run's grid.

    Attributes
    ----------
    coverage : Coverage
    settings : CoverageSettings
    people : (rows, columns) float64 array or None
        As the communes count them (:func:`geo.coverage.as_communes_count`).
    villages : DataFrame or None
        :func:`geo.villages.classify_villages`.
    cells_of_villages : (rows, columns) int32 array or None
    zones : GeoDataFrame or None
        Dead zones over all operators.
    zone_people : (rows, columns) float64 array or None
        As dead zones count them, which is the grid; by default ``people``.
    """

    coverage: Coverage
    settings: CoverageSettings
    people: npt.NDArray[np.float64] | None = None
    villages: pd.DataFrame | None = None
    cells_of_villages: npt.NDArray[np.int32] | None = None
    zones: gpd.GeoDataFrame | None = None
    zone_people: npt.NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class Assessed:
    """What the lines do.

    Attributes
    ----------
    lines : DataFrame
        The registered lines with their gains and costs, in their order.
    by_layer : DataFrame
        Line, operator, technology and what that layer gains.
    by_zone : DataFrame
        Line, dead zone, share of it that gains what it lacks.
    left : DataFrame
        Villages and dead zones that stay unserved with all lines, as :func:`geo.planning.remainder.propose` takes them.
    totals : mapping
        All lines together beside the sum of each alone.
    after : Service
        States with all lines.
    in_order : DataFrame
        ``line_id``, ``population_gained``, ``villages_gained`` of each computed line beyond the removals and the lines of earlier years, so that they add up.
    """

    lines: pd.DataFrame
    by_layer: pd.DataFrame
    by_zone: pd.DataFrame
    left: pd.DataFrame
    totals: Mapping[str, Any]
    after: Service
    in_order: pd.DataFrame


def assess_lines(
    lines: pd.DataFrame,
    ground: Ground,
    *,
    reaches: Mapping[int, Mapping[str, Any]],
    removals: Mapping[int, Mapping[str, Any]],
    folder: Path,
    told: pd.DataFrame,
    notes: Sequence[Sequence[str]],
    settings: PlanSettings,
    norms: Norms | None,
    joint: Mapping[int, Mapping[str, Any]] | None = None,
) -> Assessed:
    """Return what the lines gain, each alone and all together.

    Parameters
    ----------
    lines : DataFrame
        The registered lines with what :func:`geo.planning.checks.check_lines` says of them (``remarks``).
    ground : Ground
    reaches, removals : mapping of int to mapping
        Records of :func:`geo.planning.reach.write_reach` and :func:`geo.planning.removal.write_removal` by position of the line; a line in
        neither changes nothing that can be computed, ``notes`` say why.
    folder : Path
        Where these wrote.
    told : DataFrame
        Radio cells of the lines (:func:`geo.planning.reach.reach_tasks`).
    notes : sequence of sequences of str
        Codes per line of what keeps its gain from being computed.
    settings : PlanSettings
    norms : Norms or None
    joint : mapping of int to mapping, optional
        Records of all removals of an operator at once (:func:`geo.planning.removal.joint_removals`), by one of their lines.
    """
    service = Service(ground.coverage, ground.settings)
    after = service.copy()
    zones = ZoneCells((), (), (), (), (), ()) if ground.zones is None else zone_cells(ground.zones, ground.coverage.grid, ground.people if ground.zone_people is None else ground.zone_people)
    row, column = _points(ground)
    rows, layers, by_zone = [], [], []
    several = joint or {}
    at_once = {str(lines["operator"].iloc[k]) for k in several}
    for record in (*several.values(), *(removals[k] for k in sorted(removals) if str(lines["operator"].iloc[k]) not in at_once)):
        for window, changed in _removed(record, folder, service):
            after.lay_states(window, changed)
    without = after.copy()
    beyond: dict[int, dict[str, Any]] = {}
    for k in np.argsort(lines["year"].to_numpy(dtype=float, na_value=np.inf), kind="stable").tolist():
        if k in reaches:
            reach = read_reach(reaches[k], folder)
            beyond[k] = _nothing(ground) if reach is None else _figures(after.gain(reach), reach, ground, row, column)
            if reach is not None:
                after.lay(reach)
    for k in range(len(lines)):
        reach = read_reach(reaches[k], folder) if k in reaches else None
        line = str(lines["line_id"].iloc[k])
        figures: dict[str, Any] = {name: "" if name in _TEXTS else np.nan for name in _FIGURES}
        if k in removals:
            figures = _lost(removals[k], folder, service, ground, row, column)
        elif k in reaches:
            figures = _nothing(ground)
            if reach is not None:
                gain = service.gain(reach)
                figures = _figures(gain, reach, ground, row, column)
                for layer, mask in gain.by_layer.items():
                    layers.append({"line_id": line, "operator": layer[0], "technology": layer[1], **_layer_figures(mask, reach, ground, row, column)})
                shares = list(zones.shares(gain, reach))
                by_zone += [{"line_id": line, "dead_zone_id": zone, "share": share} for zone, share in shares]
                figures["dead_zones_served"] = "; ".join(z for z, share in shares if share >= settings.zone_served_share)
        rows.append(figures)
    found = pd.DataFrame(rows, columns=list(_FIGURES), index=lines.index)
    out = pd.concat([lines, found, _radio(lines, told), _costs(lines, norms)], axis=1)
    late = late_lines(lines, {k: str(figures["village_ids_gained"]) for k, figures in beyond.items()}, ground.villages)
    out["remark"] = _remarks(out, [[*said, "after_deadline"] if k in late else said for k, said in enumerate(notes)])
    whole = Reach(slice(0, ground.coverage.grid.rows), slice(0, ground.coverage.grid.columns), (), np.empty((0, 0, 0), np.float32), np.empty((0, 0, 0), np.float32))
    together = gained(service.layers, service.state, after.state, ground.settings.counting)
    lost, removed = (_taken_away(service, later, whole, ground, row, column) for later in (after, without))
    left = _left(ground, zones, together, whole, after.served().any_state, row, column, settings)
    totals = {
        "lines": len(lines), "lines_computed": len(set(reaches) | set(removals)),
        "together": _plain(_figures(together, whole, ground, row, column)), "lost": lost, "removed": removed,
        "sum_of_lines": {n: None if found[n].isna().all() else round(float(found[n].astype(float).sum()), 3) for n in ("population_gained", "villages_gained", "area_gained_km2")},
        "left": {kind: int(n) for kind, n in left["kind"].value_counts().sort_index().items()},
    }  # fmt: skip
    return Assessed(
        out, pd.DataFrame(layers, columns=["line_id", "operator", "technology", "population_gained", "villages_gained", "area_gained_km2"]),
        pd.DataFrame(by_zone, columns=["line_id", "dead_zone_id", "share"]), left, totals, after,
        pd.DataFrame(
            [{"line_id": str(lines["line_id"].iloc[k]), **{n: beyond[k][n] for n in _IN_ORDER}} for k in sorted(beyond)], columns=["line_id", *_IN_ORDER],
        ),
    )  # fmt: skip


def late_lines(lines: pd.DataFrame, villages_gained: Mapping[int, str], villages: pd.DataFrame | None) -> set[int]:
    """Return which lines bring the first signal to a village after its deadline, or in no year that anybody names.

    Such a village is no part of what is left, and of no proposal's duties: it is the line that has to come sooner.

    Parameters
    ----------
    lines : DataFrame
        ``year`` (NA unknown).
    villages_gained : mapping of int to str
        Ids joined by ``"; "``, of each line beyond those before it.
    villages : DataFrame or None
        ``village_id``, ``deadline`` (NaT none).
    """
    if villages is None or "deadline" not in villages:
        return set()
    due = dict(zip(villages["village_id"].astype(str), pd.to_datetime(villages["deadline"]).dt.year.to_numpy(dtype=float, na_value=np.nan), strict=True))
    year = lines["year"].to_numpy(dtype=float, na_value=np.inf)
    # A comparison with NaN is false: without a deadline nothing is late.
    return {k for k, ids in villages_gained.items() if any(year[k] > due.get(v, np.nan) for v in ids.split("; ") if v)}


_FIGURES = (
    "dead_zones_served", "villages_gained", "villages_from_unserved", "village_ids_gained", "population_gained", "population_from_unserved", "population_to_4g",
    "population_second_operator", "population_third_operator", "area_gained_km2",
)  # fmt: skip

#: What is kept of each line's gain beyond the lines before it.
_IN_ORDER = ("population_gained", "population_from_unserved", "villages_gained", "villages_from_unserved")

#: Classes of zones whose people lack service, or the service that is asked for, to the state of what is left of them.
_LACKING = {"white": "unserved", "weak": "unserved", "road": "unserved", "voice_only": "lacking", "no_4g": "lacking"}


_TEXTS = ("dead_zones_served", "village_ids_gained")


def _points(ground: Ground) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    if ground.villages is None:
        none = np.zeros(0, dtype=np.int64)
        return none, none
    lon, lat = (ground.villages[c].to_numpy(dtype=float) for c in ("lon", "lat"))
    return village_points(lon, lat, ground.coverage, ground.cells_of_villages)


def _nothing(ground: Ground) -> dict[str, Any]:
    people = np.nan if ground.people is None else 0.0
    names = ("population_gained", "population_from_unserved", "population_to_4g", "population_second_operator", "population_third_operator")
    villages = np.nan if ground.villages is None else 0
    return {"dead_zones_served": "", "villages_gained": villages, "villages_from_unserved": villages, "village_ids_gained": "", "area_gained_km2": 0.0, **dict.fromkeys(names, people)}


def _hit(mask: npt.NDArray[np.bool_], reach: Reach, row: npt.NDArray[np.int64], column: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the villages whose point lies in a marked cell."""
    r, c = row - reach.rows.start, column - reach.columns.start
    inside = (row >= 0) & (r >= 0) & (c >= 0) & (r < mask.shape[0]) & (c < mask.shape[1])
    found = np.flatnonzero(inside)
    return np.asarray(found[mask[r[found], c[found]]], dtype=np.int64)


def _people(mask: npt.NDArray[np.bool_], reach: Reach, ground: Ground) -> float:
    if ground.people is None:
        return float("nan")
    return float(np.nan_to_num(ground.people[reach.rows, reach.columns][mask]).sum())


def _layer_figures(
    mask: npt.NDArray[np.bool_], reach: Reach, ground: Ground, row: npt.NDArray[np.int64], column: npt.NDArray[np.int64]
) -> dict[str, Any]:
    cell_km2 = (ground.coverage.grid.cell_size / 1000.0) ** 2
    villages = np.nan if ground.villages is None else len(_hit(mask, reach, row, column))
    return {"population_gained": _people(mask, reach, ground), "villages_gained": villages, "area_gained_km2": int(mask.sum()) * cell_km2}


def _figures(gain: Gain, reach: Reach, ground: Ground, row: npt.NDArray[np.int64], column: npt.NDArray[np.int64]) -> dict[str, Any]:
    first = gain.steps["first_operator"]
    ids = ""
    if ground.villages is not None:
        ids = "; ".join(str(v) for v in ground.villages["village_id"].iloc[_hit(first, reach, row, column)])
    steps = {f"population_{name}": _people(gain.steps[name], reach, ground) for name in STEPS if name != "first_operator"}
    return {
        "dead_zones_served": "", "village_ids_gained": ids, **_layer_figures(first, reach, ground, row, column),
        "population_from_unserved": _people(gain.from_unserved, reach, ground), **steps,
        "villages_from_unserved": np.nan if ground.villages is None else len(_hit(gain.from_unserved, reach, row, column)),
    }  # fmt: skip


def _removed(record: Mapping[str, Any], folder: Path, service: Service) -> list[tuple[Reach, dict[int, npt.NDArray[np.uint8]]]]:
    """Return per layer the window that a removal changes and the states after it."""
    out = []
    for entry in record["layers"]:
        made = read_array(folder / entry["file"])
        rows, columns = slice(entry["row"], entry["row"] + made.shape[0]), slice(entry["column"], entry["column"] + made.shape[1])
        i = service.layers.index((str(entry["layer"][0]), str(entry["layer"][1])))
        now = service.state[i, rows, columns]
        empty = np.empty((0, 0, 0), dtype=np.float32)
        out.append((Reach(rows, columns, (), empty, empty), {i: np.where(made > 0, made, now).astype(np.uint8)}))
    return out


def _lost(
    record: Mapping[str, Any], folder: Path, service: Service, ground: Ground, row: npt.NDArray[np.int64], column: npt.NDArray[np.int64]
) -> dict[str, Any]:
    """Return what a removal loses, as negative gains."""
    parts = _removed(record, folder, service)
    rows = slice(min(r.rows.start for r, _ in parts), max(r.rows.stop for r, _ in parts))
    columns = slice(min(r.columns.start for r, _ in parts), max(r.columns.stop for r, _ in parts))
    now = service.state[:, rows, columns]
    after = now.copy()
    for reach, changed in parts:
        for i, state in changed.items():
            after[i, reach.rows.start - rows.start : reach.rows.stop - rows.start, reach.columns.start - columns.start : reach.columns.stop - columns.start] = state
    empty = np.empty((0, 0, 0), dtype=np.float32)
    lost = _figures(gained(service.layers, after, now, ground.settings.counting), Reach(rows, columns, (), empty, empty), ground, row, column)
    # What was served and is unserved for sure now is not what "from unserved" means.
    return {name: -value if isinstance(value, int | float) and value == value and value else value for name, value in lost.items()} | {"population_from_unserved": np.nan, "villages_from_unserved": np.nan}


def _taken_away(
    service: Service, later: Service, whole: Reach, ground: Ground, row: npt.NDArray[np.int64], column: npt.NDArray[np.int64]
) -> dict[str, float | None]:
    """Return who was served and is not so any more: a count of its own, never hidden in what others gain."""
    first = gained(service.layers, later.state, service.state, ground.settings.counting).steps["first_operator"]
    found = _layer_figures(first, whole, ground, row, column)
    return {name.replace("gained", "lost"): None if value != value else round(float(value), 3) for name, value in found.items()}


def _radio(lines: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """Return per line what was filled in for its radio cells, and whose corrections were taken."""
    if told.empty:
        return pd.DataFrame({"radio_defaults": "", "learnt_from": ""}, index=lines.index)
    groups = told.groupby("line_id", sort=False)
    filled = groups["defaults"].agg(lambda d: "; ".join(sorted({n for text in d for n in str(text).split(",") if n and n != "status"})))
    learnt = groups["learnt_from"].agg(lambda d: "; ".join(sorted({str(v) for v in d if str(v)})))
    ids = lines["line_id"].astype(str)
    return pd.DataFrame({"radio_defaults": ids.map(filled).fillna(""), "learnt_from": ids.map(learnt).fillna("")}, index=lines.index)


def _costs(lines: pd.DataFrame, norms: Norms | None) -> pd.DataFrame:
    names = ("cost_vnd", "cost_low_vnd", "cost_high_vnd")
    out = {name: [np.nan] * len(lines) for name in names}
    if norms is not None:
        for k, (action, kind) in enumerate(zip(lines["action"], lines["mast_class"], strict=True)):
            norm = norms.find(str(action), mast_class=str(kind)) if action else None
            if norm is not None:
                out["cost_vnd"][k], out["cost_low_vnd"][k], out["cost_high_vnd"][k] = norm.central_vnd, norm.low_vnd, norm.high_vnd
    return pd.DataFrame(out, index=lines.index)


def _remarks(lines: pd.DataFrame, notes: Sequence[Sequence[str]]) -> list[str]:
    out = []
    for k, said in enumerate(lines["remarks"]):
        codes = [c for c in str(said).split("; ") if c] + list(notes[k])
        area = lines["area_gained_km2"].iloc[k]
        if area == 0 and lines["action"].iloc[k] != "remove":
            codes.append("nobody_new")
        out.append("; ".join(dict.fromkeys(codes)))
    return out


def _left(
    ground: Ground,
    zones: ZoneCells,
    together: Gain,
    whole: Reach,
    after: npt.NDArray[np.uint8],
    row: npt.NDArray[np.int64],
    column: npt.NDArray[np.int64],
    settings: PlanSettings,
) -> pd.DataFrame:
    """Return the villages whose point nobody serves for sure, and the dead zones of which too much is left."""
    rows: list[dict[str, Any]] = []
    villages = ground.villages
    if villages is not None:
        for k, village in enumerate(villages.to_dict("records")):
            inside = row[k] >= 0
            state = State(int(after[row[k], column[k]])) if inside else State.OUTSIDE
            if state in _SERVED or (not inside and village["class"] == "served"):
                continue
            word = "unserved" if state in _UNSERVED else "uncertain" if state is State.UNCERTAIN else "unknown"
            rows.append(
                {
                    "remainder_id": village["village_id"], "kind": "village", "name": village["village_name"], "commune_code": village["commune_code"],
                    "class": village["class"], "state_after": word, "lon": village["lon"], "lat": village["lat"],
                    "households": village["households"], "population": village["population"], "population_left": village["population"], "left_share": 1.0,
                    "difficult_area": village["difficult_area"],
                }
            )  # fmt: skip
    if ground.zones is not None and len(zones.ids):
        share = dict(zones.shares(together, whole))
        facts = ground.zones.drop_duplicates("dead_zone_id").set_index("dead_zone_id")
        for zone, weight, by_people in zip(zones.ids, zones.weight, zones.by_people, strict=True):
            left = 1.0 - share.get(zone, 0.0)
            if left <= 1.0 - settings.zone_served_share:
                continue
            fact = facts.loc[zone]
            if fact["class"] not in _LACKING:
                continue
            difficult = fact.get("villages_difficult")
            rows.append(
                {
                    "remainder_id": zone, "kind": "dead_zone", "name": str(fact.get("road_name") or ""), "commune_code": str(fact["commune_codes"]).split("; ")[0],
                    "class": fact["class"], "state_after": _LACKING[str(fact["class"])], "lon": fact["lon"], "lat": fact["lat"], "households": np.nan,
                    "population": fact["population"], "population_left": float(weight.sum()) * left if by_people else np.nan, "left_share": left,
                    "difficult_area": pd.NA if difficult is None or pd.isna(difficult) else bool(difficult > 0),
                }
            )  # fmt: skip
    columns = [
        "remainder_id", "kind", "name", "commune_code", "class", "state_after", "lon", "lat", "households", "population", "population_left", "left_share",
        "difficult_area",
    ]  # fmt: skip
    out = pd.DataFrame(rows, columns=columns)
    return out.assign(difficult_area=out["difficult_area"].astype("boolean"))


def _plain(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return figures as JSON has them."""
    wanted = ("villages_gained", "villages_from_unserved", "population_gained", "population_from_unserved", "population_to_4g", "population_second_operator", "population_third_operator", "area_gained_km2")
    return {n: None if figures[n] != figures[n] else round(float(figures[n]), 3) for n in wanted}
