"""What stays without signal once every registered line is built, and whom to ask for it.

Asked in this order: the public-utility programme for villages of special difficulty (one supported operator per area: for a
whole commune the same one); the operator whose mast is near; the budget. Whether a village belongs to the
programme is the State's to decide; where the list does not say that a village is of special difficulty, that is said, not assumed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from pyproj import Geod
from scipy.spatial import cKDTree

from geo.crs import from_wgs84, local_utm_epsg
from geo.planning.rules import PlanSettings

__all__ = ["REMAINDER_COLUMNS", "propose"]

_F64 = npt.NDArray[np.float64]
_GEOD = Geod(ellps="WGS84")
#: Nearest on a plane and on the ellipsoid may differ among masts at nearly one distance: so many are measured again.
_CANDIDATES = 6

REMAINDER_COLUMNS = (
    "remainder_id", "kind", "name", "commune_code", "class", "state_after", "lon", "lat", "households", "population", "population_left",
    "left_share", "difficult_area", "nearest_mast_id", "nearest_mast_operators", "nearest_mast_km", "proposed_to", "operator", "reason",
)  # fmt: skip


def _nearest(lon: _F64, lat: _F64, structures: pd.DataFrame) -> tuple[list[int], _F64]:
    """Return the mast nearest to each place (position, -1 without any) and its distance in km."""
    n = len(lon)
    place = structures[["lon", "lat"]].to_numpy(dtype=float)
    known = np.isfinite(lon) & np.isfinite(lat)
    best, km = [-1] * n, np.full(n, np.nan)
    if not len(place) or not known.any():
        return best, km
    epsg = local_utm_epsg(float(np.median(lon[known])), float(np.median(lat[known])))
    tree = cKDTree(np.column_stack(from_wgs84(place[:, 0], place[:, 1], epsg)))
    count = min(_CANDIDATES, len(place))
    found = np.asarray(tree.query(np.column_stack(from_wgs84(lon[known], lat[known], epsg)), k=count)[1]).reshape(-1, count)
    for i, near in zip(np.flatnonzero(known).tolist(), found, strict=True):
        metres = np.asarray(_GEOD.inv(np.full(count, lon[i]), np.full(count, lat[i]), place[near, 0], place[near, 1])[2])
        k = int(np.argmin(metres))
        best[i], km[i] = int(near[k]), float(metres[k]) / 1000.0
    return best, km


def propose(left: pd.DataFrame, structures: pd.DataFrame, settings: PlanSettings, *, supported: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Return what is left with whom to ask.

    Parameters
    ----------
    left : DataFrame
        One row per village or dead zone that stays unserved: ``remainder_id``, ``kind`` (village, dead_zone), ``name``, ``commune_code``, ``class``,
        ``state_after``, ``lon``, ``lat``, ``households``, ``population``, ``population_left``, ``left_share``, ``difficult_area`` (nullable).
    structures : DataFrame
        :func:`geo.planning.structures.standing_masts`.
    settings : PlanSettings
    supported : mapping of str to str, optional
        Commune to the operator that the programme supports there already.

    Returns
    -------
    DataFrame
        Columns :data:`REMAINDER_COLUMNS`; ``proposed_to`` is ``public_utility``, ``operator`` or ``budget``, ``operator`` whom to ask, ``reason`` codes joined by
        ``"; "``. All rows of one commune that are proposed to the programme name the same operator.
    """
    lon, lat = left["lon"].to_numpy(dtype=float), left["lat"].to_numpy(dtype=float)
    used = structures[(structures["operators"] != "").to_numpy(dtype=bool)].reset_index(drop=True)
    nearest, km = _nearest(lon, lat, used)
    users = [str(used["operators"].iloc[k]) if k >= 0 else "" for k in nearest]
    difficult = left["difficult_area"].astype("boolean")
    to, whom, why = [], [""] * len(left), []
    for k in range(len(left)):
        reasons = ["difficulty_unknown"] if pd.isna(difficult.iloc[k]) else []
        if not pd.isna(difficult.iloc[k]) and bool(difficult.iloc[k]):
            to.append("public_utility")
            reasons.append("special_difficulty")
        elif km[k] <= settings.ask_operator_km:
            to.append("operator")
            whom[k] = users[k].split("; ")[0]
            reasons.append("mast_near")
        else:
            to.append("budget")
            reasons.append("no_mast_near" if km[k] == km[k] else "no_mast_known")
        why.append("; ".join(reasons))
    for commune, operator in _supported(left, to, lon, lat, used, supported or {}).items():
        for k in range(len(left)):
            if to[k] == "public_utility" and str(left["commune_code"].iloc[k]) == commune:
                whom[k] = operator
                if (supported or {}).get(commune):
                    why[k] += "; supported_operator"
    out = left.assign(
        nearest_mast_id=[str(used["structure_id"].iloc[k]) if k >= 0 else "" for k in nearest], nearest_mast_operators=users, nearest_mast_km=km,
        proposed_to=to, operator=whom, reason=why,
    )  # fmt: skip
    return out[list(REMAINDER_COLUMNS)].reset_index(drop=True)


def _supported(
    left: pd.DataFrame, to: Sequence[str], lon: _F64, lat: _F64, used: pd.DataFrame, known: Mapping[str, str]
) -> dict[str, str]:
    """Return one operator for each commune with rows for the programme: the one supported already, else whose masts are nearest to its people."""
    chosen: dict[str, str] = {}
    mine = np.array([t == "public_utility" for t in to], dtype=bool)
    operators = sorted({o for text in used["operators"] for o in str(text).split("; ") if o})
    distance = {
        o: _nearest(lon, lat, used[[o in str(t).split("; ") for t in used["operators"]]].reset_index(drop=True))[1] for o in operators if mine.any()
    }
    people = left["population_left"].to_numpy(dtype=float, na_value=np.nan)
    for commune in sorted({str(c) for c in left["commune_code"][mine]}):
        rows = mine & (left["commune_code"].astype(str) == commune).to_numpy(dtype=bool)
        # Where people are not known all places weigh alike.
        weight = people[rows] if np.isfinite(people[rows]).all() and people[rows].sum() > 0 else np.ones(int(rows.sum()))
        far = {o: float(np.nansum(d[rows] * weight)) for o, d in distance.items() if np.isfinite(d[rows]).any()}
        chosen[commune] = known.get(commune) or (min(far, key=lambda o: (far[o], o)) if far else "")
    return chosen
