"""Why a zone is dead: terrain, distance, nobody there, or the wrong technology.

Looked at are the layers that are missing in the zone and a few of its points (:mod:`geo.dead_zones.points`). At a point
the first that holds:

``technology``   the nearest site of an operator that is missing lacks every missing technology, the nearest radio cell
                 of a missing layer is farther by more than ``same_site_m``, and either such another technology is
                 known to serve the point (2G after its end), or that site is no farther than ``technology_near_km``
``no_operator``  no radio cell at all of the missing operators within ``no_operator_km``
``distance``     no radio cell of a missing layer within the reach of one (``max_radius_m``); or one is, but free space alone
                 is too much: level + diffraction of the best path stays below the planning level
``terrain``      the best path would reach the planning level if nothing stood in it

The best path is that of the missing layer with the highest level above its planning level. Its level is the
coverage's own at the cell, with whatever calibration put there, else that of the path. A zone's reason is that of
most of its points that have one, of equally many that of the first. Where it is ``terrain``, the edge that lies deepest in the path of
the first such point is the blocking ridge; if that is the Earth's bulge alone, the reason is ``distance``.

No reason (empty) is given where a path is not all known, and where the model holds a measured dead zone for served.
A radio cell of unknown technology may be any: it lacks none. ``indoor_only`` has no layers that are missing, and no reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from geo.coverage import Coverage, CoverageSettings
from geo.crs import from_wgs84
from geo.dead_zones.kinds import SERVED, ZoneKind
from geo.dead_zones.paths import PathLook
from geo.dead_zones.points import ZonePoints
from geo.dead_zones.settings import DeadZoneSettings

__all__ = ["REASON_COLUMNS", "zone_reasons"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_OBJ = npt.NDArray[np.object_]

#: Columns of what is said about the reason.
REASON_COLUMNS = (
    "reason", "reason_points", "server_operator", "server_technology", "server_site_id", "server_km", "shortfall_db", "diffraction_db",
    "ridge_lon", "ridge_lat", "ridge_height_m", "ridge_km", "ridge_kind",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Best:
    """The best path at each point: layer and radio cell (-1 none), its distance, and what its level lacks."""

    layer: _I64
    source: _I64
    distance_km: _F64
    shortfall_db: _F64
    diffraction_db: _F64


def zone_reasons(
    points: ZonePoints,
    kind_of: _I64,
    kinds: Sequence[ZoneKind],
    coverage: Coverage,
    settings: CoverageSettings,
    zone_settings: DeadZoneSettings,
    *,
    radio_cells: pd.DataFrame | None,
    look: PathLook | None,
) -> pd.DataFrame:
    """Return the reason of each zone with what it rests on.

    Parameters
    ----------
    points : ZonePoints
        At least one of each zone.
    kind_of : (n,) int64 array
        Kind of each zone.
    kinds : sequence of ZoneKind
    coverage : Coverage
    settings : CoverageSettings
    zone_settings : DeadZoneSettings
    radio_cells : DataFrame or None
        What is on air (:class:`geo.dead_zones.surroundings.Places`). Without it no reason is given.
    look : PathLook or None
        Without it none that needs a path: terrain, or distance in reach.

    Returns
    -------
    DataFrame
        Columns :data:`REASON_COLUMNS`, one row per zone. ``reason_points`` is "2 of 3" as "2/3"; the server is the
        best path's at the first point with the zone's reason; ``shortfall_db`` is what its level lacks of the
        planning level, ``diffraction_db`` what stands in the path. The ridge: ``ridge_height_m`` over the straight
        line between the antennas (negative: below it, but in the Fresnel zone), ``ridge_km`` from the zone's
        point, ``ridge_kind`` ``terrain`` or ``clutter``.
    """
    n = len(kind_of)
    out = pd.DataFrame({name: np.full(n, np.nan) for name in REASON_COLUMNS})
    for name in ("reason", "reason_points", "server_operator", "server_technology", "server_site_id", "ridge_kind"):
        out[name] = pd.Series([""] * n, dtype="str")
    if radio_cells is None or not n:
        return out
    best = _best_paths(points, kind_of, kinds, coverage, settings, look)
    near = _Nearest(points, radio_cells, coverage)
    text = np.full(len(points.zone), "", dtype=object)
    for i in range(len(text)):
        kind = kinds[int(kind_of[points.zone[i]])]
        if kind.layers:
            text[i] = _reason(i, points, kind, coverage, settings, zone_settings, near, best)
    starts = points.first
    columns: dict[str, list[object]] = {name: [] for name in REASON_COLUMNS}
    for i, start in enumerate(starts):
        stop = starts[i + 1] if i + 1 < len(starts) else len(text)
        row = _zone_row(slice(int(start), int(stop)), text, points, best, coverage, look)
        for name, value in row.items():
            columns[name].append(value)
    for name in REASON_COLUMNS:
        out[name] = pd.Series(columns[name], dtype=out[name].dtype)
    return out


def _best_paths(
    points: ZonePoints,
    kind_of: _I64,
    kinds: Sequence[ZoneKind],
    coverage: Coverage,
    settings: CoverageSettings,
    look: PathLook | None,
) -> _Best:
    m = len(points.zone)
    best = _Best(np.full(m, -1), np.full(m, -1), np.full(m, np.nan), np.full(m, np.inf), np.full(m, np.nan))
    if look is None:
        return best
    threshold = np.array([settings.levels_dbm.get(technology, np.nan) for _, technology in coverage.layers])
    lacks = np.zeros((len(kinds), len(threshold)), dtype=bool)
    for k, kind in enumerate(kinds):
        lacks[k, list(kind.layers)] = True
    asked = lacks[kind_of[points.zone]] & np.isfinite(threshold)
    found = look.strongest(points.lon, points.lat, asked)
    for layer in np.flatnonzero(asked.any(axis=0)):
        held = np.asarray(coverage.level_dbm[layer])[points.row, points.column].astype(np.float64)
        shortfall = threshold[layer] - np.where(np.isfinite(held), held, found.level_dbm[:, layer])
        at = np.flatnonzero(asked[:, layer] & (found.source[:, layer] >= 0) & (shortfall < best.shortfall_db))
        best.layer[at], best.source[at] = layer, found.source[at, layer]
        best.distance_km[at], best.shortfall_db[at] = found.distance_km[at, layer], shortfall[at]
        best.diffraction_db[at] = found.diffraction_db[at, layer]
    return best


class _Nearest:
    """Distance from points to the nearest radio cell of an operator and technology."""

    def __init__(self, points: ZonePoints, radio_cells: pd.DataFrame, coverage: Coverage) -> None:
        x, y = from_wgs84(radio_cells["lon"].to_numpy(float), radio_cells["lat"].to_numpy(float), coverage.grid.epsg)
        at = np.column_stack([points.x_m, points.y_m])
        self._km: dict[tuple[str, str], _F64] = {}
        placed = np.isfinite(x) & np.isfinite(y)
        operator, technology = (radio_cells[name].fillna("").astype(str).to_numpy(dtype=object) for name in ("operator", "technology"))
        for key in sorted(set(zip(operator[placed], technology[placed], strict=True))):
            mine = placed & (operator == key[0]) & (technology == key[1])
            self._km[key] = cKDTree(np.column_stack([x[mine], y[mine]])).query(at)[0] / 1000.0

    def km(self, point: int, operator: str, technologies: Sequence[str], *, but: bool = False) -> float:
        """Return the distance to the nearest of an operator; with ``but`` of all technologies but those."""
        return min(
            (float(km[point]) for (o, technology), km in self._km.items() if o == operator and (technology in technologies) != but),
            default=np.inf,
        )


def _reason(
    i: int,
    points: ZonePoints,
    kind: ZoneKind,
    coverage: Coverage,
    settings: CoverageSettings,
    zone_settings: DeadZoneSettings,
    near: _Nearest,
    best: _Best,
) -> str:
    """Return the reason at one point; empty where there is none to give."""
    missing = {coverage.layers[layer] for layer in kind.layers}
    right_km, wrong_km = np.inf, np.inf
    for operator in kind.operators_missing:
        lacking = [t for o, t in missing if o == operator]
        # A radio cell of unknown technology may be of any: it counts as the right one.
        right_km = min(right_km, near.km(i, operator, [*lacking, ""]))
        wrong_km = min(wrong_km, near.km(i, operator, [*lacking, ""], but=True))
    if wrong_km < right_km - zone_settings.same_site_m / 1000.0:
        served = any(
            operator in kind.operators_missing and layer not in kind.layers
            and coverage.state[layer, points.row[i], points.column[i]] in SERVED
            for layer, (operator, _) in enumerate(coverage.layers)
        )  # fmt: skip
        if served or wrong_km <= zone_settings.technology_near_km:
            return "technology"
    if min(right_km, wrong_km) > zone_settings.no_operator_km:
        return "no_operator"
    if right_km * 1000.0 > settings.max_radius_m:
        return "distance"
    if best.source[i] < 0 or best.shortfall_db[i] <= 0:
        return ""
    return "terrain" if best.diffraction_db[i] >= best.shortfall_db[i] else "distance"


def _zone_row(
    mine: slice, text: _OBJ, points: ZonePoints, best: _Best, coverage: Coverage, look: PathLook | None
) -> dict[str, object]:
    """Return the columns of one zone from its points."""
    said = text[mine].tolist()
    counted = Counter(name for name in said if name)
    reason = max(counted, key=lambda name: (counted[name], -said.index(name)), default="")
    votes = f"{counted[reason]}/{len(said)}" if reason else ""
    row: dict[str, object] = {
        name: "" if name in ("server_operator", "server_technology", "server_site_id", "ridge_kind") else np.nan
        for name in REASON_COLUMNS
    }
    at = mine.start + said.index(reason)
    source = int(best.source[at])
    if source >= 0 and look is not None:
        operator, technology = coverage.layers[int(best.layer[at])]
        row |= {
            "server_operator": operator,
            "server_technology": technology,
            "server_site_id": look.site(source),
            "server_km": float(best.distance_km[at]),
            "shortfall_db": float(best.shortfall_db[at]),
            "diffraction_db": float(best.diffraction_db[at]),
        }
        if reason == "terrain":
            edge = look.edge(float(points.lon[at]), float(points.lat[at]), source)
            if edge is not None and edge.kind == "earth":
                reason = "distance"
            elif edge is not None and edge.view != "clear":
                row |= {
                    "ridge_lon": edge.lon,
                    "ridge_lat": edge.lat,
                    "ridge_height_m": edge.over_line_m,
                    "ridge_km": edge.from_rx_km,
                    "ridge_kind": edge.kind,
                }
    return row | {"reason": reason, "reason_points": votes}
