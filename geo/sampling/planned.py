"""The plan as a table: ``measurements_planned.csv``, one row for each layer measured at a stop, then the areas decided on the way.

Figures add up: the stop's expected change is shared among its rows by how likely each layer itself gets decided, and the way to
it stands in its first row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.sampling.beliefs import Beliefs
from geo.sampling.trips import Roadwork, Trip

__all__ = ["PLANNED_COLUMNS", "PlannedLayer", "PlannedStop", "planned_stops", "planned_table"]

_F64 = npt.NDArray[np.float64]
PLANNED_COLUMNS = (
    "stop", "day", "area_code", "village_id", "road_id", "lon", "lat", "operator", "technology", "tests_needed", "expected_change", "km", "instruction",
    "village_name", "commune_name", "plan_cost_vnd",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlannedLayer:
    """What is measured of one operator and technology at a stop."""

    operator: str
    technology: str
    tests_needed: int
    expected_change: float
    instruction: str


@dataclass(frozen=True, slots=True, eq=False)
class PlannedStop:
    """One stop as people get it.

    Attributes
    ----------
    stop, day : int
        From 1, through the whole plan; the vehicle-day.
    village : int
        Position among the undecided villages.
    road_id, road_name : str
        The road where the vehicle is left.
    km : float
        From the stop before.
    minutes : float
        Since the day's start, on arrival at the road's side.
    walk_m : float
    expected_change : float
        Villages.
    layers : tuple of PlannedLayer
    """

    stop: int
    day: int
    village: int
    road_id: str
    road_name: str
    km: float
    minutes: float
    walk_m: float
    expected_change: float
    layers: tuple[PlannedLayer, ...]


def planned_stops(
    trips: Sequence[Trip],
    beliefs: Beliefs,
    roads: Roadwork,
    *,
    layers: Sequence[tuple[str, str]],
    tests: npt.NDArray[np.int64],
    road_of: Sequence[tuple[str, str]],
    say: Callable[[int, int], str],
) -> list[PlannedStop]:
    """Return all stops in order.

    Parameters
    ----------
    trips : sequence of Trip
    beliefs : Beliefs
    roads : Roadwork
    layers : sequence of (operator, technology)
    tests : (layers, villages) int64 array
        Samples still needed at each stop.
    road_of : sequence of (id, name)
        Of each road of the graph.
    say : callable
        Layer and number of samples to the instruction.
    """
    out: list[PlannedStop] = []
    for day, trip in enumerate(trips, start=1):
        minutes = 0.0
        for stop in trip.stops:
            v = stop.village
            minutes += stop.leg.minutes
            road = _road_at(roads, v, stop.leg.edges, road_of)
            own = np.zeros(beliefs.sites, dtype=bool)
            own[v] = True
            looked = np.flatnonzero(beliefs.looked_at[:, v])
            chance = beliefs.layer_chance(v, own)[looked]
            share = chance / chance.sum() if chance.sum() > 0 else np.full(len(looked), 1.0 / max(len(looked), 1))
            rows = tuple(
                PlannedLayer(*layers[k], int(tests[k, v]), float(stop.expected_change * part), say(k, int(tests[k, v])))
                for k, part in zip(looked.tolist(), share.tolist(), strict=True)
            )
            out.append(PlannedStop(len(out) + 1, day, v, *road, stop.leg.km, minutes, stop.walk_m, stop.expected_change, rows))
            minutes += float(roads.service[v])
    return out


def _road_at(roads: Roadwork, village: int, edges: Sequence[tuple[int, int]], road_of: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Return the road on which a stop lies: that of the way's last edge, else any that touches its node."""
    graph = roads.graph
    lines = [int(graph.line[e]) for e, _ in reversed(edges)]
    node = int(graph.at[village + 1])
    touching = np.flatnonzero((graph.start == node) | (graph.end == node))
    lines += [int(graph.line[e]) for e in touching.tolist()]
    return next((road_of[line] for line in lines if line >= 0), ("", ""))


def planned_table(
    stops: Sequence[PlannedStop], villages: pd.DataFrame, commune_names: Mapping[str, str], areas: pd.DataFrame | None = None, *, plan_cost_vnd: _F64 | None = None
) -> pd.DataFrame:
    """Return ``measurements_planned.csv``.

    Parameters
    ----------
    stops : sequence of PlannedStop
    villages : DataFrame
        ``village_id``, ``village_name``, ``commune_code``, ``lon``, ``lat`` of the undecided villages.
    commune_names : mapping of str to str
        By code.
    areas : DataFrame, optional
        Rows of areas decided on the way, columns :data:`PLANNED_COLUMNS`.
    plan_cost_vnd : (villages,) float64 array, optional
        Money of proposed sites that hangs on each village's verdict; it stands in a stop's first row. Without it nothing is known of any.
    """
    listed = villages[["village_id", "village_name", "commune_code", "lon", "lat"]].reset_index(drop=True)
    rows = []
    for stop in stops:
        village_id, name, commune, lon, lat = listed.iloc[stop.village].tolist()
        for k, layer in enumerate(stop.layers):
            rows.append(
                (
                    stop.stop, stop.day, commune, village_id, stop.road_id, float(lon), float(lat), layer.operator, layer.technology, layer.tests_needed,
                    layer.expected_change, stop.km if k == 0 else 0.0, layer.instruction, str(name), commune_names.get(str(commune), ""),
                    np.nan if plan_cost_vnd is None else float(plan_cost_vnd[stop.village]) if k == 0 else 0.0,
                )
            )  # fmt: skip
    table = pd.DataFrame(rows, columns=list(PLANNED_COLUMNS))
    table["stop"] = table["stop"].astype("Int64")
    if areas is not None and len(areas):
        table = pd.concat([table, areas[list(PLANNED_COLUMNS)].astype({"stop": "Int64"})], ignore_index=True)
    return table
