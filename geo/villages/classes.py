"""Villages: class, flags, best server, the clusters of households around the point, and what all that rests on.

The classes and their evidence are defined in :mod:`geo.villages.places`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.coverage import Coverage, CoverageSettings
from geo.crs import from_wgs84
from geo.errors import GridMismatchError
from geo.villages.clusters import VillageClusters, find_clusters
from geo.villages.measured import measured_facts
from geo.villages.nearest import nearest_sites
from geo.villages.obstructions import Obstructions
from geo.villages.places import Place, PlaceLayers
from geo.villages.points import village_points
from geo.villages.settings import VillageSettings
from geo.villages.white import Draws, white_probability

__all__ = ["VILLAGE_COLUMNS", "classify_villages"]

_GIVEN = (
    "village_id", "village_name", "commune_code", "lon", "lat", "point_kind", "households", "population", "grid_power",
    "difficult_area",
)  # fmt: skip
VILLAGE_COLUMNS = (
    *_GIVEN,
    "class", "weak", "single_operator", "operators_serving", "operators_undecided", "best_operator", "best_technology",
    "best_rsrp_dbm", "probability", "margin_db", "evidence", "last_measured", "cluster_basis", "nearest_site_id",
    "nearest_site_km", "obstruction", "deadline", "service_not_counting", "nearest_operator", "nearest_site_name", "samples",
    "weak_clusters", "cluster_households", "cluster_lon", "cluster_lat", "white_probability", "white_probability_low",
    "white_probability_high", "weak_probability",
)  # fmt: skip
#: Classes of which it is asked what stands in the way.
_ASKED = ("white", "undecided", "weak")


def classify_villages(
    settlements: pd.DataFrame,
    coverage: Coverage,
    sites: pd.DataFrame,
    *,
    cells_of_villages: npt.NDArray[np.int32],
    settings: CoverageSettings,
    village_settings: VillageSettings,
    buildings: pd.DataFrame | None = None,
    population: npt.NDArray[np.float64] | None = None,
    measured: pd.DataFrame | None = None,
    obstructions: Obstructions | None = None,
    deadlines: pd.Series | None = None,
    draws: Draws | None = None,
    clusters: VillageClusters | None = None,
) -> pd.DataFrame:
    """Return ``villages.csv``: class, flags and what they rest on, in the order of ``settlements``.

    Parameters
    ----------
    settlements : DataFrame
        The canonical table; a column ``deadline`` is taken over.
    coverage : Coverage
    sites : DataFrame
        The canonical table; off-air and planned ones are not "nearest".
    cells_of_villages : (rows, columns) int32 array
        See :func:`geo.villages.village_cells`.
    settings : CoverageSettings
    village_settings : VillageSettings
    buildings : DataFrame, optional
        ``lon``, ``lat`` of building points or footprint centres, EPSG:4326.
    population : (rows, columns) float64 array, optional
        People per cell; NaN unknown.
    measured : DataFrame, optional
        What was measured in each village, columns :data:`geo.villages.measured.MEASURED_COLUMNS`.
    obstructions : callable, optional
        What stands in the strongest paths to a place (:func:`geo.villages.obstructions.path_obstructions`); asked
        for villages that are white, undecided (at the point) or weak (at the largest cluster).
    deadlines : Series, optional
        Dates by village_id, as the register has them; they go before those of the list.
    draws : callable, optional
        Joint draws of the field (:data:`geo.villages.white.Draws`).
    clusters : VillageClusters, optional
        Of the same villages, found before (:func:`geo.villages.clusters.find_clusters`).

    Returns
    -------
    DataFrame
        Columns :data:`VILLAGE_COLUMNS`. ``weak`` and ``single_operator`` are True, False or NA (cannot
        be said). A village at the edge whose point's cell is no cell of the area is that of the nearest cell of its own.
        ``households`` and ``population`` are the list's; where it gives none they are counted
        from the buildings and the population in the village's cells. ``operators_undecided`` says who
        and why: ``"A=uncertain; B=terrain"``. ``service_not_counting`` names what serves the point by a
        technology that no longer counts. ``evidence`` is defined in :mod:`geo.villages.places`;
        ``last_measured`` and ``samples`` are of the whole village and the technologies that count.
        ``weak_clusters`` counts the clusters that make a village weak, ``cluster_…`` describe the largest
        of them; both are blank in villages that are not weak. A village without position, or outside the
        area, is undecided.
    """
    grid, n = coverage.grid, len(settlements)
    if cells_of_villages.shape != grid.shape or (population is not None and population.shape != grid.shape):
        raise GridMismatchError("Các lớp không cùng lưới.", "The layers do not share one grid.")
    x, y = from_wgs84(settlements["lon"].to_numpy(float), settlements["lat"].to_numpy(float), grid.epsg)
    row, column = village_points(settlements["lon"].to_numpy(float), settlements["lat"].to_numpy(float), coverage, cells_of_villages)
    out = settlements[list(_GIVEN)].reset_index(drop=True).copy()
    layers = PlaceLayers.at(coverage, row, column)
    places = [layers.place(i, settings) for i in range(n)]
    clusters = clusters or find_clusters(
        out, coverage, cells_of_villages=cells_of_villages, settings=settings, village_settings=village_settings,
        buildings=buildings, population=population, draws=draws,
    )  # fmt: skip
    out["households"], out["population"] = clusters.households, clusters.population
    own = clusters.by_village()
    threshold = village_settings.weak_cluster_households
    weak = [_weak(place, clusters, i, threshold, settings, described=i in own) for i, place in enumerate(places)]
    classes = [place.place_class(flag) for place, flag in zip(places, weak, strict=True)]
    largest = [own[i][0] if flag else None for i, flag in enumerate(weak)]
    out["class"] = classes
    out["weak"] = pd.array(weak, dtype="boolean")
    out["single_operator"] = pd.array([p.single for p in places], dtype="boolean")
    out["operators_serving"] = ["; ".join(p.serving) for p in places]
    out["operators_undecided"] = ["; ".join(f"{o}={why}" for o, why in p.undecided) for p in places]
    best = ["best_operator", "best_technology", "best_rsrp_dbm", "probability", "margin_db"]
    out = pd.concat([out, pd.DataFrame([p.best() for p in places], columns=best)], axis=1)
    out["evidence"] = [
        place.evidence(name, () if cluster is None else cluster.states(coverage, settings.counting))
        for place, name, cluster in zip(places, classes, largest, strict=True)
    ]
    out["samples"], out["last_measured"] = measured_facts(measured, n, settings.counting)
    out["cluster_basis"] = list(clusters.basis)
    nearest = nearest_sites(x, y, sites, grid.epsg)
    out["nearest_site_id"], out["nearest_site_km"] = nearest.site_id, nearest.km
    out["nearest_operator"], out["nearest_site_name"] = nearest.operator, nearest.site_name
    out["deadline"] = _deadlines(settlements, deadlines)
    out["service_not_counting"] = ["; ".join(p.not_counting) for p in places]
    out["weak_clusters"] = pd.array([len(own[i]) if flag else pd.NA for i, flag in enumerate(weak)], dtype="Int64")
    out["cluster_households"] = [np.nan if c is None else c.households for c in largest]
    centres = [(np.nan, np.nan) if c is None else c.place(grid) for c in largest]
    out["cluster_lon"], out["cluster_lat"] = [lon for lon, _ in centres], [lat for _, lat in centres]
    out["obstruction"] = _obstruction(out, obstructions)
    white = white_probability(layers, row, column, settings, draws)
    out["white_probability"] = white.joint
    out["white_probability_low"], out["white_probability_high"] = white.low, white.high
    out["weak_probability"] = clusters.chance
    return out[list(VILLAGE_COLUMNS)]


def _weak(
    place: Place, clusters: VillageClusters, i: int, threshold: float, settings: CoverageSettings, *, described: bool
) -> bool | None:
    """Return the flag: None without households, or while undecided cells could make the cluster large enough.

    Joint draws of those cells settle it where they agree as often as a cell's state asks for.
    """
    if clusters.basis[i] not in {"buildings", "population"}:
        return None
    if not place.serving:
        return False if len(place.unserved) == len(place.operators) else None
    if clusters.largest[i] >= threshold:
        return True
    if clusters.largest_open[i] < threshold or clusters.chance[i] <= settings.unserved_probability:
        return False
    return True if clusters.chance[i] >= 1.0 - settings.unserved_probability and described else None


def _deadlines(settlements: pd.DataFrame, deadlines: pd.Series | None) -> pd.Series:
    """Return the dates by which villages have to be served, NaT where none is known."""
    own = pd.Series(pd.NaT, index=range(len(settlements)), dtype="datetime64[ns]")
    if "deadline" in settlements:
        listed = settlements["deadline"].replace("", pd.NaT)
        own = pd.to_datetime(listed, format="ISO8601").astype("datetime64[ns]").reset_index(drop=True)
    if deadlines is not None:
        registered = pd.to_datetime(settlements["village_id"].map(deadlines), format="ISO8601").astype("datetime64[ns]").reset_index(drop=True)
        own = registered.where(registered.notna(), own)
    return own


def _obstruction(villages: pd.DataFrame, obstructions: Obstructions | None) -> list[str]:
    """Return what stands in the strongest path to each village in need; empty where none is asked or known."""
    texts = [""] * len(villages)
    if obstructions is None:
        return texts
    for i, village in enumerate(villages[["class", "lon", "lat", "cluster_lon", "cluster_lat"]].itertuples(index=False)):
        if village[0] in _ASKED:
            lon, lat = village[3:5] if village[0] == "weak" else village[1:3]
            found = obstructions(float(lon), float(lat))
            texts[i] = found[0].code if found else ""
    return texts
