"""Facilities: schools, clinics, commune offices, classed as villages are, and whether they are served indoors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.coverage import Coverage, CoverageSettings, State
from geo.crs import from_wgs84
from geo.propagation.entry import USES
from geo.villages.measured import measured_facts
from geo.villages.nearest import nearest_sites
from geo.villages.obstructions import Obstructions
from geo.villages.places import SERVED, UNSERVED, Place, PlaceLayers

__all__ = ["FACILITY_COLUMNS", "classify_facilities"]

FACILITY_COLUMNS = (
    "facility_id", "facility_name", "facility_kind", "commune_code", "lon", "lat", "class", "single_operator", "indoor",
    "operators_serving", "operators_undecided", "best_operator", "best_technology", "best_rsrp_dbm", "probability",
    "margin_db", "evidence", "last_measured", "samples", "nearest_site_id", "nearest_operator", "nearest_site_name",
    "nearest_site_km", "obstruction", "service_not_counting",
)  # fmt: skip
_ASKED = ("white", "undecided")


def classify_facilities(
    facilities: pd.DataFrame,
    coverage: Coverage,
    sites: pd.DataFrame,
    *,
    settings: CoverageSettings,
    measured: pd.DataFrame | None = None,
    obstructions: Obstructions | None = None,
) -> pd.DataFrame:
    """Return ``facilities.csv``: class, best server and service indoors, in the order of ``facilities``.

    Parameters
    ----------
    facilities : DataFrame
        facility_id, facility_name, kind, commune_code, lon, lat (EPSG:4326, NaN not known).
    coverage : Coverage
    sites : DataFrame
        The canonical table.
    settings : CoverageSettings
    measured : DataFrame, optional
        Columns :data:`geo.villages.measured.MEASURED_COLUMNS`; ``place`` is the position in ``facilities``.
    obstructions : callable, optional
        Asked for facilities that are white or undecided.

    Returns
    -------
    DataFrame
        Columns :data:`FACILITY_COLUMNS`. The classes and their evidence are those of :mod:`geo.villages.places`
        without ``weak``: a facility is one point, outdoors. ``indoor`` is ``served``, ``unserved`` or ``undecided``
        over all operators, never better than outdoors; empty where the coverage has no such states.
    """
    grid, n = coverage.grid, len(facilities)
    x, y = from_wgs84(facilities["lon"].to_numpy(float), facilities["lat"].to_numpy(float), grid.epsg)
    row, column = grid.locate(x, y)
    layers = PlaceLayers.at(coverage, row, column)
    places = [layers.place(i, settings) for i in range(n)]
    out = facilities[["facility_id", "facility_name", "commune_code", "lon", "lat"]].reset_index(drop=True).copy()
    out["facility_kind"] = facilities["kind"].to_numpy()
    out["class"] = [place.place_class() for place in places]
    out["single_operator"] = pd.array([place.single for place in places], dtype="boolean")
    out["indoor"] = _indoor(places, coverage, row, column)
    out["operators_serving"] = ["; ".join(p.serving) for p in places]
    out["operators_undecided"] = ["; ".join(f"{o}={why}" for o, why in p.undecided) for p in places]
    best = ["best_operator", "best_technology", "best_rsrp_dbm", "probability", "margin_db"]
    out = pd.concat([out, pd.DataFrame([p.best() for p in places], columns=best)], axis=1)
    out["evidence"] = [place.evidence(name) for place, name in zip(places, out["class"], strict=True)]
    out["samples"], out["last_measured"] = measured_facts(measured, n, settings.counting)
    nearest = nearest_sites(x, y, sites, grid.epsg)
    out["nearest_site_id"], out["nearest_operator"] = nearest.site_id, nearest.operator
    out["nearest_site_name"], out["nearest_site_km"] = nearest.site_name, nearest.km
    out["service_not_counting"] = ["; ".join(p.not_counting) for p in places]
    texts = []
    for name, lon, lat in zip(out["class"], out["lon"], out["lat"], strict=True):
        found = obstructions(float(lon), float(lat)) if obstructions is not None and name in _ASKED else ()
        texts.append(found[0].code if found else "")
    out["obstruction"] = texts
    return out[list(FACILITY_COLUMNS)]


def _indoor(
    places: list[Place], coverage: Coverage, row: npt.NDArray[np.int64], column: npt.NDArray[np.int64]
) -> list[str]:
    """Return service indoors; what is undecided outdoors is never served indoors."""
    if coverage.all_by_use is None:
        return [""] * len(places)
    states = coverage.all_by_use[USES.index("indoor")]
    found = []
    for place, r, c in zip(places, row, column, strict=True):
        state = State(int(states[r, c])) if r >= 0 else State.OUTSIDE
        if place.place_class() == "white" or state in UNSERVED:
            found.append("unserved")
        else:
            found.append("served" if place.serving and state in SERVED else "undecided")
    return found
