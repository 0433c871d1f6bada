"""Settling what a list's coordinates are: degrees or metres, which zone, which axis comes first.

The rule is the project's own and never guesses: each reading that could be meant is tried; it
survives when enough of the points fall inside the province widened by a margin. One survivor is
taken. Of several, the rows' commune names decide if they fit clearly better under one. Otherwise
the list is refused with the readings named. Zones 15' apart differ by 26 km and TM-3 105° and
UTM 48N by 0.7 km, so that a short list often fits two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from geo.areas import AreaIndex
from geo.crs import VN2000_GEOGRAPHIC_EPSG, VN2000_TM3_EPSG, VN2000_UTM_EPSG, candidates, to_wgs84

__all__ = [
    "DegreeSettlement",
    "Outcome",
    "PositionSettings",
    "Reading",
    "Settlement",
    "settle_degrees",
    "settle_metres",
]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Meant = Sequence[frozenset[int]]


@dataclass(frozen=True, slots=True)
class PositionSettings:
    """How sure a reading must be (design, section 6).

    Attributes
    ----------
    survive_share : float
        Share of points inside the widened province for a reading to survive.
    margin_m : float
        How far the province is widened for that test.
    lead_share : float
        By how much commune names must fit better under one surviving reading than under any other.
    reach_m : float
        How far outside the area a site may stand and still matter (a neighbour's border site).
    pairs_differ_m : float
        Two pairs of coordinates in one row that lie further apart contradict each other.
    """

    survive_share: float = 0.95
    margin_m: float = 2_000.0
    lead_share: float = 0.10
    reach_m: float = 15_000.0
    pairs_differ_m: float = 100.0


class Outcome(StrEnum):
    """How a list's coordinates were settled, or why not."""

    DECLARED = "declared"
    ONLY_SURVIVOR = "only_survivor"
    COMMUNES_DECIDED = "communes_decided"
    NONE_SURVIVES = "none_survives"
    SEVERAL_SURVIVE = "several_survive"
    COMMUNES_CONTRADICT = "communes_contradict"


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a list: a zone and which column is the easting.

    Attributes
    ----------
    epsg : int
    swapped : bool
        Whether the column called X holds the northing (usual in Vietnamese files).
    inside_share : float
        Share of the points inside the widened province.
    match_share : float
        Share of the rows with a known commune that fall into it; NaN without such rows.
    """

    epsg: int
    swapped: bool
    inside_share: float
    match_share: float


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a list was taken for.

    Attributes
    ----------
    outcome : Outcome
    chosen : Reading or None
    tried : tuple of Reading
        All readings, best first.
    survivors : tuple of Reading
    lon, lat : (n,) float64
        WGS 84 degrees under the chosen reading; NaN when refused.
    also_fit : tuple of int
        Zones that are not the province's, under which the list would lie in it too. Only looked
        for when no commune names confirm the chosen reading: then it deserves a second look.
    """

    outcome: Outcome
    chosen: Reading | None
    tried: tuple[Reading, ...]
    survivors: tuple[Reading, ...]
    lon: FloatArray
    lat: FloatArray
    also_fit: tuple[int, ...] = ()


#: Systems with the same central meridian: their readings differ by their scale only (0.7 km and more).
_TWINS = {utm: tm3 for utm, a in VN2000_UTM_EPSG.items() for tm3, b in VN2000_TM3_EPSG.items() if a == b}
_TWINS |= {tm3: utm for utm, tm3 in _TWINS.items()}
#: The same zone on WGS 84: 225 m away, which no list of names can show.
_ON_WGS84 = {3405: 32648, 3406: 32649}
def settle_metres(
    x: FloatArray,
    y: FloatArray,
    area: AreaIndex,
    *,
    provinces: Sequence[str],
    meant: Meant,
    settings: PositionSettings,
    declared: Sequence[int] = (),
    doubted: bool = False,
) -> Settlement:
    """Settle the zone and axes of X/Y columns in metres.

    Parameters
    ----------
    x, y : (n,) float64
        As the columns are called; finite.
    area : AreaIndex
    provinces : sequence of str
        Codes that the project or the rows name.
    meant : sequence of frozenset
        Per row, indices of the communes its commune column may mean (empty: unknown).
    settings : PositionSettings
    declared : sequence of int
        EPSG codes stated by the project file or the list's own titles; if given, only these are
        tried, and the axes settled.
    doubted : bool
        The declaration may mean the twin zone or the other datum: what else fits is looked for.
    """
    zones = [epsg for code in provinces for epsg in (area.zones[code].all_epsg if code in area.zones else ())]
    pairs = (
        tuple((epsg, swapped) for epsg in declared for swapped in (False, True)) if declared else candidates(zones)
    )
    readings: list[tuple[Reading, FloatArray, FloatArray]] = []
    for epsg, swapped in pairs:
        lon, lat = to_wgs84(y, x, epsg) if swapped else to_wgs84(x, y, epsg)
        readings.append((_judge(epsg, swapped, lon, lat, area, provinces, meant, settings), lon, lat))
    readings.sort(key=lambda r: (-r[0].inside_share, -np.nan_to_num(r[0].match_share, nan=-1.0)))
    tried = tuple(r for r, _, _ in readings)
    surviving = [r for r in readings if r[0].inside_share >= settings.survive_share]
    survivors = tuple(r for r, _, _ in surviving)
    unknown = np.full(len(x), np.nan)

    def refuse(outcome: Outcome) -> Settlement:
        return Settlement(outcome, None, tried, survivors, unknown, unknown.copy())

    if not surviving:
        return refuse(Outcome.NONE_SURVIVES)
    outcome = Outcome.DECLARED if declared else Outcome.ONLY_SURVIVOR
    if len(surviving) > 1:
        surviving.sort(key=lambda r: -np.nan_to_num(r[0].match_share, nan=-1.0))
        best, second = surviving[0][0].match_share, surviving[1][0].match_share
        if not best - second >= settings.lead_share - 1e-12:  # NaN: no commune column, nothing decides
            return refuse(Outcome.SEVERAL_SURVIVE)
        outcome = Outcome.COMMUNES_DECIDED
    chosen, lon, lat = surviving[0]
    also_fit: tuple[int, ...] = ()
    if not declared:
        foreign = _foreign_readings(chosen, x, y, area, provinces, meant, settings, tried)
        if chosen.match_share < 0.5 and any(r.match_share - chosen.match_share >= 0.3 for r in foreign):
            # A short list in a foreign zone can fall inside the province under a wrong reading alone;
            # its commune names then fit badly here and well there.
            return refuse(Outcome.COMMUNES_CONTRADICT)
        if np.isnan(chosen.match_share) or chosen.epsg in VN2000_UTM_EPSG:
            also_fit = tuple(r.epsg for r in foreign)
    elif doubted and (twin := _TWINS.get(chosen.epsg)) is not None:
        twin_lon, twin_lat = to_wgs84(y, x, twin) if chosen.swapped else to_wgs84(x, y, twin)
        other = _judge(twin, chosen.swapped, twin_lon, twin_lat, area, provinces, meant, settings)
        also_fit = (twin,) if other.inside_share >= settings.survive_share else ()
    if (not declared or doubted) and chosen.epsg in _ON_WGS84:
        also_fit = (*also_fit, _ON_WGS84[chosen.epsg])
    return Settlement(outcome, chosen, tried, survivors, lon, lat, also_fit)


def _judge(
    epsg: int,
    swapped: bool,
    lon: FloatArray,
    lat: FloatArray,
    area: AreaIndex,
    provinces: Sequence[str],
    meant: Meant,
    settings: PositionSettings,
) -> Reading:
    inside = area.within(lon, lat, provinces=provinces, margin_m=settings.margin_m)
    share = float(inside.mean()) if len(lon) else 0.0
    match = float("nan")
    if share >= settings.survive_share / 2:
        match = _match_share(lon, lat, area, meant)
    return Reading(epsg, swapped, share, match)


def _match_share(lon: FloatArray, lat: FloatArray, area: AreaIndex, meant: Meant) -> float:
    known = np.array([i for i, m in enumerate(meant) if m], dtype=np.int64)
    if len(known) == 0:
        return float("nan")
    located = area.locate(lon[known], lat[known])
    return float(np.mean([int(where) in meant[int(i)] for i, where in zip(known, located, strict=True)]))


def _foreign_readings(
    chosen: Reading,
    x: FloatArray,
    y: FloatArray,
    area: AreaIndex,
    provinces: Sequence[str],
    meant: Meant,
    settings: PositionSettings,
    tried: Sequence[Reading],
) -> list[Reading]:
    """Return the surviving readings in zones that are not the province's, axes as chosen.

    Where commune names confirm the chosen reading only its twin is looked for: names cannot tell
    UTM 48N from TM-3 105°, 0.7 km away.
    """
    confirmed = chosen.match_share >= 0.5
    done = {r.epsg for r in tried}
    readings = []
    for epsg in VN2000_TM3_EPSG:
        if epsg not in done and not (confirmed and epsg != _TWINS.get(chosen.epsg)):
            lon, lat = to_wgs84(y, x, epsg) if chosen.swapped else to_wgs84(x, y, epsg)
            readings.append(_judge(epsg, chosen.swapped, lon, lat, area, provinces, meant, settings))
    return [r for r in readings if r.inside_share >= settings.survive_share]


@dataclass(frozen=True, slots=True)
class DegreeSettlement:
    """Longitude and latitude with their order settled, list by list and row by row.

    Attributes
    ----------
    lon, lat : (n,) float64
    list_swapped : bool
        The columns hold each other's values throughout.
    row_swapped : (n,) bool
        Rows that differ from the list's order.
    """

    lon: FloatArray
    lat: FloatArray
    list_swapped: bool
    row_swapped: BoolArray


def settle_degrees(
    lon: FloatArray, lat: FloatArray, area: AreaIndex, *, settings: PositionSettings, vn2000: bool = False
) -> DegreeSettlement:
    """Settle the order of two columns in degrees by where the points fall.

    A row counts as swapped only if it lies within reach of the area one way and not the other.

    Parameters
    ----------
    lon, lat : (n,) float64
        As the columns are called.
    area : AreaIndex
    settings : PositionSettings
    vn2000 : bool
        The degrees are stated to be on VN-2000 (EPSG:4756), 225 m from WGS 84.
    """
    def on_wgs84(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
        return to_wgs84(a, b, VN2000_GEOGRAPHIC_EPSG) if vn2000 else (a, b)

    straight, crossed = on_wgs84(lon, lat), on_wgs84(lat, lon)
    as_is = area.within(*straight, margin_m=settings.reach_m)
    other = np.zeros_like(as_is)
    rest = ~as_is
    other[rest] = area.within(crossed[0][rest], crossed[1][rest], margin_m=settings.reach_m)
    swapped = bool(other.sum() > as_is.sum())
    if swapped:
        rows = as_is & ~other
        use_straight = rows
    else:
        rows = other & ~as_is
        use_straight = ~rows
    return DegreeSettlement(
        np.where(use_straight, straight[0], crossed[0]),
        np.where(use_straight, straight[1], crossed[1]),
        swapped,
        rows,
    )
