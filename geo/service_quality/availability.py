"""Samples of signal as samples of service: radio availability by operator, technology, commune, province and road.

A sample counts for the technology that the phone shows. "No service" is a level below any, for the technology that the phone
was locked to; a phone that was free has then none of the technologies that it was seen to have. A free phone leaves a
technology where it is weak, so its samples flatter it: that is said beside the figure (``phones_not_locked``), and
locking the phone is the remedy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.crs import from_wgs84, local_utm_epsg
from geo.service_quality.samples import SAMPLE_COLUMNS
from geo.service_quality.settings import ServiceSettings

__all__ = ["LevelSamples", "level_samples", "roads_of"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class LevelSamples:
    """Samples of signal, ready to be judged.

    Attributes
    ----------
    frame : DataFrame
        The columns of samples of service, ``level_dbm`` (−inf: no service) and ``free_phone``.
    left_out : mapping of str to int
        Samples that count for nothing: ``foreign`` networks, networks ``not_of_project``, ``unknown`` operator or technology, ``no_level``.
    others : mapping of str to int
        Those not of the project by the name that they bear.
    """

    frame: pd.DataFrame
    left_out: dict[str, int]
    others: dict[str, int]


def level_samples(measurements: pd.DataFrame, settings: ServiceSettings, operators: Sequence[str] = ()) -> LevelSamples:
    """Return samples of signal as samples of service.

    Parameters
    ----------
    measurements : DataFrame
        As :func:`geo.io.measurements.read_measurements` returns it: ``time`` local.
    settings : ServiceSettings
    operators : sequence of str
        The project's. Where it names some, no rule speaks of any other network: a neighbour country's that a phone fell back to, whose name
        nobody knows as foreign, would have verdicts of its own and weigh in those of all. Without names every network counts.
    """
    every = measurements.reset_index(drop=True)
    foreign, none = (every[name].astype("boolean").fillna(False).to_numpy(dtype=bool) for name in ("foreign", "no_service"))
    # Whose silence it is, is asked of all that the phone showed: one that was seen with two networks has none.
    whose = _operators(every, none)
    beside = (whose != "").to_numpy() & ~whose.isin(list(operators)).to_numpy() & ~foreign & bool(operators)
    m, operator = every[~beside].reset_index(drop=True), whose[~beside].reset_index(drop=True)
    foreign, none = foreign[~beside], none[~beside]
    level = pd.to_numeric(m["level_dbm"], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    technology, locked = m["technology"].astype("str").fillna(""), m["locked_technology"].astype("str").fillna("")
    named = (operator != "").to_numpy()
    heard = ~foreign & ~none & named & (technology != "").to_numpy() & np.isfinite(level)
    parts = [m[heard].assign(operator=operator[heard], free_phone=(locked != technology)[heard])]
    silent = ~foreign & none & named
    tied = silent & (locked != "").to_numpy()
    parts.append(m[tied].assign(operator=operator[tied], technology=locked[tied], level_dbm=-np.inf, free_phone=False))
    loose = m[silent & ~tied].assign(operator=operator[silent & ~tied]).drop(columns="technology")
    known = parts[0][["device", "operator", "technology"]].drop_duplicates()
    parts.append(loose.merge(known, on=["device", "operator"]).assign(level_dbm=-np.inf, free_phone=True))
    counted = pd.concat(parts, ignore_index=True)
    offset = pd.Timedelta(minutes=int(settings.utc_offset_h * 60))
    blank = pd.Series("", index=counted.index, dtype="str")
    several = {name: np.full(len(counted), np.nan) for name in ("download_mbps", "upload_mbps", "latency_ms", "package_download_mbps", "package_upload_mbps")}
    frame = pd.DataFrame(
        {
            "operator": counted["operator"], "technology": counted["technology"], "access": "mobile",
            "time": (counted["time"].astype("datetime64[ns]") - offset).dt.tz_localize("UTC"),
            "lon": counted["lon"], "lat": counted["lat"], "commune_code": counted["commune_code"], "device_id": counted["device"].astype("str"),
            **several, "ipv6": pd.array([pd.NA] * len(counted), dtype="boolean"), "is_aggregate": False, "tests": 1, "devices": 1,
            "statistic": blank, "period_start": pd.NaT, "period_end": pd.NaT, "source_kind": "drive_test", "campaign": blank,
            "file": counted["file"], "sheet": counted["sheet"], "row": counted["row"],
        },
        index=counted.index,
    )  # fmt: skip
    told = int(heard.sum() + tied.sum())
    left = {
        "foreign": int(foreign.sum()),
        **({"not_of_project": int(beside.sum())} if beside.any() else {}),
        "no_level": int((~foreign & ~none & named & (technology != "").to_numpy() & ~np.isfinite(level)).sum()),
    }
    left["unknown"] = len(m) - told - left["foreign"] - left["no_level"] - int((silent & ~tied).sum())
    return LevelSamples(
        frame[list(SAMPLE_COLUMNS)].assign(level_dbm=counted["level_dbm"].astype(float), free_phone=counted["free_phone"].astype(bool)), left,
        {str(name): int(n) for name, n in whose[beside].value_counts().sort_index().items()},
    )  # fmt: skip


def _operators(m: pd.DataFrame, none: npt.NDArray[np.bool_]) -> pd.Series:
    """Return the operators; of "no service" without one that of its phone, if it was only ever seen with one."""
    operator = m["operator"].astype("str").fillna("")
    lacking = none & (operator == "").to_numpy()
    if not lacking.any():
        return operator
    of = operator[operator != ""].groupby(m["device"]).agg(["nunique", "first"])
    alone = of.loc[of["nunique"] == 1, "first"]
    return operator.where(~lacking, m["device"].map(alone.astype("object")).astype("object").fillna("").astype("str"))


def roads_of(lon: _F64, lat: _F64, roads: gpd.GeoDataFrame, settings: ServiceSettings) -> tuple[tuple[str, ...], _I64]:
    """Return the roads' ids, sorted, and the road that each sample was taken on; -1 beyond reach of all.

    Parameters
    ----------
    lon, lat : (n,) float64 array
        EPSG:4326; NaN not known.
    roads : GeoDataFrame
        EPSG:4326, LineStrings with ``road_id``.
    settings : ServiceSettings
    """
    ids = roads["road_id"].astype("str")
    codes = tuple(sorted(set(ids)))
    out = np.full(len(lon), -1, dtype=np.int64)
    known = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
    if not codes or not known.size:
        return codes, out
    west, south, east, north = roads.total_bounds
    epsg = local_utm_epsg((west + east) / 2, (south + north) / 2)
    tree = shapely.STRtree(roads.geometry.to_crs(epsg).to_numpy())
    back, places = pd.factorize(pd.MultiIndex.from_arrays([lon[known], lat[known]]))
    x, y = from_wgs84(places.get_level_values(0).to_numpy(), places.get_level_values(1).to_numpy(), epsg)
    point, line = tree.query_nearest(shapely.points(x, y), max_distance=settings.road_reach_m, all_matches=False)
    number = {code: i for i, code in enumerate(codes)}
    of = np.full(len(places), -1, dtype=np.int64)
    of[point] = np.array([number[code] for code in ids], dtype=np.int64)[line]
    out[known] = of[back]
    return codes, out
