"""From rows of station lists to the network: sites (structures) and cells (radios) as separate tables.

A site is what stands at one place under one operator's code; a mast is the structure that several
operators' sites may share. Rows without a site code are tied by the LTE cell identity (3GPP TS 36.413,
9.2.1.37: the first 20 of 28 bits are the eNodeB), else by their position.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from geo.crs import from_wgs84

__all__ = ["CELL_COLUMNS", "PER_TECHNOLOGY", "POWER_BASES", "SITE_COLUMNS", "UNPLACED_COLUMNS", "Network", "assemble", "part_far_codes", "shared_masts", "spread_of_sites", "with_site_ids"]

_PROVENANCE = ("file", "sheet", "row")
SITE_COLUMNS = (
    "site_id", "operator", "site_name", "lon", "lat", "status", "on_air_date", "structure_height_m",
    "building_height_m", "owner", "mast_class", "mast_id", "commune_code", "technologies", "note", *_PROVENANCE,
)  # fmt: skip
CELL_COLUMNS = (
    "cell_id", "site_id", "operator", "technology", "band", "frequency_mhz", "arfcn", "pci", "azimuth_deg",
    "antenna_height_m", "power_dbm", "tilt_deg", "antenna_gain_dbi", "bandwidth_mhz", "status", "lon", "lat",
    "implied", "mechanical_tilt_deg", "electrical_tilt_deg", "antenna_model", "feeder_loss_db", "power_basis",
    "ports", "pilot_power_dbm", "eirp_dbm", *_PROVENANCE,
)  # fmt: skip
UNPLACED_COLUMNS = ("operator", "site_id", "technologies", "commune_codes", *_PROVENANCE)
#: What a power may mean: of the radio cell, or of one of its transmit ports.
POWER_BASES = ("total", "per_port")
#: What a row of several technologies may say of each, in columns such as ``arfcn_4g``.
PER_TECHNOLOGY = ("arfcn", "band", "frequency_mhz")
_ENB_CELLS = 256
_ECI_MAX = 1 << 28
#: Of a site's rows the most hopeful status counts: a site with one cell on air is on air.
_STATUS_ORDER = ("on_air", "unknown", "planned", "off_air")


@dataclass(frozen=True, slots=True)
class Network:
    """Sites and cells of all operators (columns ``SITE_COLUMNS`` and ``CELL_COLUMNS``).

    ``unplaced`` (``UNPLACED_COLUMNS``) are rows on air that have no place on the map; None where nobody asked.
    """

    sites: pd.DataFrame
    cells: pd.DataFrame
    unplaced: pd.DataFrame | None = None


def assemble(rows: pd.DataFrame, cell_rows: pd.DataFrame | None = None) -> Network:
    """Return the network that station rows and the rows of a separate cell table make up.

    Parameters
    ----------
    rows : DataFrame
        Station rows with ``operator``, ``lon``, ``lat``, ``status``, ``technologies`` (``"3G,4G"``,
        possibly empty) and provenance; other station fields where the list had them.
    cell_rows : DataFrame, optional
        Rows of a cell table, ``lon``/``lat`` NaN where the table had none. They must be tied to a
        site or have a position; others are the caller's to drop.

    Returns
    -------
    Network
        Site codes are unique: a code that two operators use gets the operator in front.
    """
    rows = with_site_ids(rows)
    extra = with_site_ids(cell_rows) if cell_rows is not None and len(cell_rows) else None
    if extra is not None:
        extra = _tie_operators(extra, rows)
    owners = rows.groupby("site_id", sort=False)["operator"].nunique()
    ambiguous = set(owners.index[owners > 1])

    def unique(frame: pd.DataFrame) -> pd.DataFrame:
        both = frame["site_id"].isin(ambiguous)
        named = frame["operator"].astype(str) + "/" + frame["site_id"].astype(str)
        return frame.assign(site_id=frame["site_id"].where(~both, named))

    rows = unique(rows)
    extra = unique(extra) if extra is not None else None
    everything = rows if extra is None else pd.concat([rows, extra[extra["lon"].notna()]], ignore_index=True)
    sites = _sites(everything)
    cells = _cells(rows, extra, sites)
    technologies = (
        cells[cells["technology"] != ""]
        .groupby("site_id", sort=True)["technology"]
        .agg(lambda t: ",".join(sorted(set(t))))
    )
    sites = sites.assign(technologies=sites["site_id"].map(technologies).astype(object).fillna("").astype("str"))
    return Network(
        sites.reindex(columns=list(SITE_COLUMNS)).reset_index(drop=True),
        cells.reindex(columns=list(CELL_COLUMNS)).reset_index(drop=True),
    )


def _column(frame: pd.DataFrame, name: str, default: object) -> pd.Series:
    return frame[name] if name in frame.columns else pd.Series(default, index=frame.index)


def with_site_ids(rows: pd.DataFrame) -> pd.DataFrame:
    """Give every row a site code: the list's, the eNodeB of its cell identity, or its place."""
    given = _column(rows, "site_id", "").fillna("").astype(str)
    cell = pd.to_numeric(_column(rows, "cell_id", np.nan), errors="coerce").to_numpy(dtype=float)
    lte = _column(rows, "technologies", "").astype(str).to_numpy() == "4G"
    with np.errstate(invalid="ignore"):
        has_enb = lte & (cell >= _ENB_CELLS) & (cell < _ECI_MAX)
    enb = np.where(has_enb, np.floor_divide(np.nan_to_num(cell), _ENB_CELLS), 0).astype(np.int64)
    lon = _column(rows, "lon", np.nan).to_numpy(dtype=float)
    lat = _column(rows, "lat", np.nan).to_numpy(dtype=float)
    place = [f"@{a:.5f},{o:.5f}" for a, o in zip(lat, lon, strict=True)]
    derived = np.where(has_enb, [f"eNB {e}" for e in enb], place)
    ids = np.where((given != "").to_numpy(dtype=bool), given.to_numpy(dtype=object), np.asarray(derived, dtype=object))
    return rows.assign(site_id=pd.Series(ids, index=rows.index, dtype="str"))


def _tie_operators(extra: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Fill in the operator of cells whose table does not say it, where the site code tells."""
    blank = extra["operator"].astype(str) == ""
    if not blank.any():
        return extra
    one = rows.groupby("site_id")["operator"].agg(lambda o: o.iloc[0] if o.nunique() == 1 else "")
    return extra.assign(operator=extra["operator"].where(~blank, extra["site_id"].map(one).fillna("")))


def _first_known(values: pd.Series) -> object:
    known = values[values.notna() & (values.astype(str) != "")]
    return known.iloc[0] if len(known) else (values.iloc[0] if len(values) else None)


def _sites(rows: pd.DataFrame) -> pd.DataFrame:
    ordered = rows.sort_values(["operator", "site_id", *_PROVENANCE], kind="stable")
    key = ["operator", "site_id"]
    groups = ordered.groupby(key, sort=True)
    first = groups.first()  # the first value that is not missing, per column
    place = groups[["lon", "lat"]].median()
    rank = ordered["status"].map({s: i for i, s in enumerate(_STATUS_ORDER)})
    status = rank.groupby([ordered["operator"], ordered["site_id"]], sort=True).min().map(dict(enumerate(_STATUS_ORDER)))
    first[["lon", "lat"]] = place
    first["status"] = status
    texts = ("site_name", "owner", "mast_class", "note")
    several = ordered.duplicated(key, keep=False)
    for name in texts:
        if name not in first.columns:
            first[name] = ""
        elif several.any():  # an empty text is a value to pandas, not to us
            filled = ordered.assign(**{name: ordered[name].where(ordered[name] != "")})
            first[name] = filled.groupby(key, sort=True)[name].first().fillna("")
    for name in ("structure_height_m", "building_height_m"):
        if name not in first.columns:
            first[name] = np.nan
    if "on_air_date" not in first.columns:
        first["on_air_date"] = pd.NaT
    first["mast_id"], first["commune_code"] = "", ""
    return first.reset_index()


def _power_dbm(rows: pd.DataFrame) -> npt.NDArray[np.float64]:
    watts = _column(rows, "power_w", np.nan).to_numpy(dtype=float)
    dbm = _column(rows, "power_dbm", np.nan).to_numpy(dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.isnan(dbm), 10 * np.log10(watts) + 30, dbm)


def _tilt_deg(rows: pd.DataFrame) -> npt.NDArray[np.float64]:
    total = _column(rows, "tilt_deg", np.nan).to_numpy(dtype=float)
    mechanical = _column(rows, "mechanical_tilt_deg", np.nan).to_numpy(dtype=float)
    electrical = _column(rows, "electrical_tilt_deg", np.nan).to_numpy(dtype=float)
    parts = np.where(
        np.isnan(mechanical) & np.isnan(electrical), np.nan, np.nan_to_num(mechanical) + np.nan_to_num(electrical)
    )
    return np.where(np.isnan(total), parts, total)


def _cells(rows: pd.DataFrame, extra: pd.DataFrame | None, sites: pd.DataFrame) -> pd.DataFrame:
    own = _explode(rows)
    parts = [own]
    if extra is not None:
        detailed = _explode(extra).assign(implied=False)
        # What the cell table says of a site's technology replaces what the site list implied.
        told = set(zip(detailed["operator"], detailed["site_id"], detailed["technology"], strict=True))
        sites_told = {(o, s) for o, s, _ in told}
        keep = [
            not implied or ((o, s, t) not in told and not (t == "" and (o, s) in sites_told))
            for implied, o, s, t in zip(own["implied"], own["operator"], own["site_id"], own["technology"], strict=True)
        ]
        parts = [own[np.asarray(keep, dtype=bool)], detailed]
    cells = pd.concat(parts, ignore_index=True)
    place = sites.set_index(["operator", "site_id"])
    at = pd.MultiIndex.from_arrays([cells["operator"], cells["site_id"]])
    for name in ("lon", "lat"):
        cells[name] = cells[name].where(cells[name].notna(), place[name].reindex(at).to_numpy())
    height = cells["antenna_height_m"]
    structure = place["structure_height_m"].reindex(at).to_numpy(dtype=float)
    building = np.nan_to_num(place["building_height_m"].reindex(at).to_numpy(dtype=float))
    cells["antenna_height_m"] = height.where(height.notna(), structure + building)
    known = place["status"].reindex(at).to_numpy(dtype=object)
    cells["status"] = np.where(cells["status"] == "unknown", known, cells["status"])
    cells = cells[cells["lon"].notna()]
    return cells.sort_values(["operator", "site_id", "technology", "cell_id", *_PROVENANCE], kind="stable")


def _explode(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per cell: a site row that names three technologies implies one cell of each, with the band and channel that the row tells of it."""
    fields = {name: _column(rows, name, np.nan) for name in (
        "frequency_mhz", "arfcn", "pci", "azimuth_deg", "antenna_height_m", "antenna_gain_dbi", "bandwidth_mhz",
        "mechanical_tilt_deg", "electrical_tilt_deg", "feeder_loss_db", "ports", "pilot_power_dbm", "eirp_dbm")}
    texts = {name: _column(rows, name, "").fillna("").astype(str) for name in ("antenna_model", "power_basis")}
    cells = pd.DataFrame(
        {
            "cell_id": _column(rows, "cell_id", "").fillna("").astype(str),
            "site_id": rows["site_id"],
            "operator": rows["operator"].astype(str),
            "technology": _column(rows, "technologies", "").fillna("").astype(str).str.split(","),
            "band": _column(rows, "band", "").fillna("").astype(str),
            **fields,
            **texts,
            "power_dbm": _power_dbm(rows),
            "tilt_deg": _tilt_deg(rows),
            "status": rows["status"],
            "lon": rows["lon"],
            "lat": rows["lat"],
            **{name: rows[name] for name in _PROVENANCE},
        }
    )
    several = (cells["technology"].str.len() > 1).to_numpy(dtype=bool)
    number = np.arange(len(cells)).repeat(cells["technology"].str.len())
    cells = cells.explode("technology", ignore_index=True)
    cells.loc[several[number], "pci"] = np.nan  # of one of them
    for technology in sorted(set(cells["technology"][several[number]])):
        at = np.flatnonzero(several[number] & (cells["technology"] == technology).to_numpy())
        for name in PER_TECHNOLOGY:
            if (own := f"{name}_{technology.lower()}") in rows.columns:
                blank = "" if name == "band" else np.nan
                cells.loc[at, name] = rows[own].fillna(blank).to_numpy()[number[at]]
    cells["implied"] = (cells["cell_id"] == "") & cells["azimuth_deg"].isna() & cells["arfcn"].isna()
    return cells


def part_far_codes(rows: pd.DataFrame, *, plane_epsg: int, limit_m: float) -> tuple[pd.Series, pd.Series]:
    """Return site codes in which rows of one code, but too far apart for one structure, get codes of their own.

    Parameters
    ----------
    rows : DataFrame
        ``operator``, ``site_id``, ``lon``, ``lat``; rows without a code keep none.
    plane_epsg : int
        Projected CRS, metres.
    limit_m : float
        Rows of one code further than this from every earlier place of it are another site: ``"A1 (2)"``.

    Returns
    -------
    codes : Series of str
    away : Series of float
        Distance in metres to the first place of the code.
    """
    x, y = (np.asarray(v) for v in from_wgs84(rows["lon"], rows["lat"], plane_epsg))
    codes = rows["site_id"].fillna("").astype(str).to_numpy(dtype=object).copy()
    away = np.zeros(len(rows))
    places: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for i, (operator, code) in enumerate(zip(rows["operator"].astype(str), list(codes), strict=True)):
        if not code or not np.isfinite(x[i]):
            continue
        known = places.setdefault((operator, code), [])
        distances = [float(np.hypot(x[i] - a, y[i] - b)) for a, b in known]
        nearest = int(np.argmin(distances)) if distances else -1
        if nearest < 0 or distances[nearest] > limit_m:
            known.append((float(x[i]), float(y[i])))
            nearest = len(known) - 1
        away[i] = distances[0] if distances else 0.0
        if nearest:
            codes[i] = f"{code} ({nearest + 1})"
    return pd.Series(codes, index=rows.index, dtype="str"), pd.Series(away, index=rows.index)


def spread_of_sites(rows: pd.DataFrame, plane_epsg: int) -> pd.Series:
    """Return how far each row lies from the middle of its site's rows, in metres.

    ``rows`` needs ``operator``, ``site_id``, ``lon`` and ``lat``; rows without a site code get NaN.
    """
    x, y = from_wgs84(rows["lon"], rows["lat"], plane_epsg)
    frame = pd.DataFrame({"operator": rows["operator"], "site_id": rows["site_id"], "x": x, "y": y}, index=rows.index)
    middle = frame.groupby(["operator", "site_id"])[["x", "y"]].transform("median")
    away = np.hypot((frame["x"] - middle["x"]).to_numpy(), (frame["y"] - middle["y"]).to_numpy())
    return pd.Series(away, index=rows.index).where(frame["site_id"].fillna("").astype(str) != "")


def shared_masts(sites: pd.DataFrame, *, plane_epsg: int, same_mast_m: float) -> pd.Series:
    """Return a mast code per site: sites of different operators within ``same_mast_m`` share one.

    Two sites of one operator are never joined directly, only through another operator's site.

    Parameters
    ----------
    sites : DataFrame
        ``operator``, ``lon``, ``lat``.
    plane_epsg : int
        Projected CRS, metres.
    same_mast_m : float

    Returns
    -------
    Series of str
        ``"M00001"`` ... numbered from south to north, then west to east.
    """
    n = len(sites)
    if n == 0:
        return pd.Series([], index=sites.index, dtype="str")
    x, y = from_wgs84(sites["lon"], sites["lat"], plane_epsg)
    pairs = cKDTree(np.column_stack([x, y])).query_pairs(same_mast_m, output_type="ndarray")
    operator = sites["operator"].to_numpy(dtype=object)
    pairs = pairs[operator[pairs[:, 0]] != operator[pairs[:, 1]]] if len(pairs) else pairs.reshape(0, 2)
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, label = connected_components(links, directed=False)
    order = np.lexsort((sites["lon"].to_numpy(), sites["lat"].to_numpy()))
    number: dict[int, int] = {}
    for i in order:
        number.setdefault(int(label[i]), len(number) + 1)
    return pd.Series([f"M{number[int(v)]:05d}" for v in label], index=sites.index, dtype="str")
