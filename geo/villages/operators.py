"""What each operator has at each village: its own layers, samples and sites, and nothing of the others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.coverage import TECHNOLOGIES, Coverage, CoverageSettings
from geo.crs import from_wgs84
from geo.villages.measured import measured_facts
from geo.villages.nearest import nearest_sites
from geo.villages.obstructions import Obstructions
from geo.villages.places import SERVED, UNSERVED, Place, PlaceLayers
from geo.villages.points import village_points

__all__ = ["OPERATOR_COLUMNS", "operator_service"]

_LEVELS = tuple(f"level_{technology.lower()}_dbm" for technology in TECHNOLOGIES)
OPERATOR_COLUMNS = (
    "village_id", "operator", "service", "why", "evidence", "technology", "level_dbm", "probability", "margin_db", *_LEVELS,
    "technologies_served", "technologies_unserved", "technologies_undecided", "samples", "last_measured",
    "nearest_site_id", "nearest_site_name", "nearest_site_km", "obstruction",
)  # fmt: skip
_ASKED = ("white", "undecided", "weak")
_BY = ", "


def operator_service(
    villages: pd.DataFrame,
    coverage: Coverage,
    sites: pd.DataFrame,
    *,
    settings: CoverageSettings,
    measured: pd.DataFrame | None = None,
    obstructions: Obstructions | None = None,
    cells_of_villages: npt.NDArray[np.int32] | None = None,
) -> pd.DataFrame:
    """Return one row per village and operator, villages in their order, operators sorted.

    Parameters
    ----------
    villages : DataFrame
        Of :func:`geo.villages.classify_villages`.
    coverage : Coverage
    sites : DataFrame
        The canonical table.
    settings : CoverageSettings
    measured : DataFrame, optional
        Columns :data:`geo.villages.measured.MEASURED_COLUMNS`.
    obstructions : callable, optional
        Asked for villages that are white, undecided or weak, as in :func:`geo.villages.classify_villages`.

    cells_of_villages : (rows, columns) int32 array, optional
        As :func:`geo.villages.classify_villages` had it, for villages at the area's edge.

    Returns
    -------
    DataFrame
        Columns :data:`OPERATOR_COLUMNS`. ``service`` is ``served``, ``unserved`` (all layers that count are known not
        to serve) or ``undecided``, with ``why``. ``technology`` to ``margin_db`` are those of the operator's best
        server, ``level_…`` the level of each technology (NaN where no level is stated), ``technologies_…`` what
        counts as service by what is known of it. ``evidence`` is of ``service``. Samples, the nearest site and the
        obstruction are the operator's own.
    """
    grid, n = coverage.grid, len(villages)
    x, y = from_wgs84(villages["lon"].to_numpy(float), villages["lat"].to_numpy(float), grid.epsg)
    row, column = village_points(villages["lon"].to_numpy(float), villages["lat"].to_numpy(float), coverage, cells_of_villages)
    layers = PlaceLayers.at(coverage, row, column)
    places = [layers.place(i, settings) for i in range(n)]
    blocked = _blocked(villages, obstructions)
    parts = []
    for operator in coverage.operators:
        nearest = nearest_sites(x, y, sites[sites["operator"] == operator], grid.epsg)
        samples, last = measured_facts(measured, n, settings.counting, operator)
        figures = pd.DataFrame([_figures(place, operator) for place in places], columns=list(OPERATOR_COLUMNS[2:16]))
        figures["village_id"], figures["operator"] = villages["village_id"].to_numpy(), operator
        figures["samples"], figures["last_measured"] = samples, last
        figures["nearest_site_id"], figures["nearest_site_name"] = nearest.site_id, nearest.site_name
        figures["nearest_site_km"] = nearest.km
        figures["obstruction"] = [found.get(operator, "") for found in blocked]
        parts.append(figures.assign(place=np.arange(n)))
    if not parts:
        return pd.DataFrame(columns=list(OPERATOR_COLUMNS))
    joined = pd.concat(parts, ignore_index=True).sort_values(["place", "operator"], kind="stable")
    return joined[list(OPERATOR_COLUMNS)].reset_index(drop=True)


def _figures(place: Place, operator: str) -> tuple[object, ...]:
    own, service = place.of(operator), place.service(operator)
    best = place.best(operator)
    level = {layer.technology: layer.level_dbm for layer in own if np.isfinite(layer.level_dbm)}
    known = {layer.technology: layer.state for layer in own}
    return (
        service,
        place.why(operator) if service == "undecided" else "",
        place.operator_evidence(operator),
        best.technology, best.level_dbm, best.probability, best.margin_db,
        *(level.get(technology, np.nan) for technology in TECHNOLOGIES),
        _BY.join(t for t in TECHNOLOGIES if known.get(t) in SERVED),
        _BY.join(t for t in TECHNOLOGIES if known.get(t) in UNSERVED),
        _BY.join(t for t in TECHNOLOGIES if t in known and known[t] not in (*SERVED, *UNSERVED)),
    )  # fmt: skip


def _blocked(villages: pd.DataFrame, obstructions: Obstructions | None) -> list[dict[str, str]]:
    """Return by operator what stands in its strongest path to each village in need."""
    if obstructions is None:
        return [{} for _ in range(len(villages))]
    found = []
    for name, lon, lat, cluster_lon, cluster_lat in villages[
        ["class", "lon", "lat", "cluster_lon", "cluster_lat"]
    ].itertuples(index=False):
        place = (cluster_lon, cluster_lat) if name == "weak" else (lon, lat)
        every = obstructions(*map(float, place)) if name in _ASKED else ()
        found.append({o.operator: o.code for o in reversed(every)})  # of equals the first, which is the best
    return found
