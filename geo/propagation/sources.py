"""From the operators' tables to radio cells that can be predicted; what is missing is filled and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
from pyproj import Proj

from geo.crs import from_wgs84
from geo.grid import Grid
from geo.io.terrain import Terrain
from geo.propagation.antenna import horizontal_loss_db
from geo.propagation.link_budget import reference_eirp_dbm, resource_blocks
from geo.propagation.radio_sources import RadioSources
from geo.propagation.settings import TECHNOLOGIES, CoverageSettings, RadioDefaults
from geo.validation import IssueLog, Source

__all__ = ["DefaultsUsed", "PreparedSources", "prepare_sources"]

_SILENT = ("off_air", "planned")
_SITE_FIELDS = ("status", "on_air_date", "structure_height_m", "lon", "lat")


@dataclass(frozen=True, slots=True)
class DefaultsUsed:
    """How often a default stood in for a missing field.

    Attributes
    ----------
    counts : mapping of str to int
        ``"4G.power_dbm"`` to the number of radio cells; ``"4G.status"`` counts those of unknown
        status that were taken as on air.
    cells : mapping of str to int
        Technology to the number of radio cells predicted.
    """

    counts: Mapping[str, int]
    cells: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PreparedSources:
    """Radio cells ready for prediction.

    Attributes
    ----------
    sources : RadioSources
        Those within reach of the grid.
    layers : tuple of (operator, technology)
        All layers of the run, sorted; operators without any site are there with the counting technologies.
    without_sites : frozenset of str
        Operators whose site list is missing: nothing is known of them.
    defaults_used : DefaultsUsed
    unlisted : frozenset of (operator, technology)
        Counting technologies that no row of the operator's lists mentions, on air or not, near or far:
        nothing is known of them.
    """

    sources: RadioSources
    layers: tuple[tuple[str, str], ...]
    without_sites: frozenset[str]
    defaults_used: DefaultsUsed
    unlisted: frozenset[tuple[str, str]] = frozenset()


def prepare_sources(
    cells: pd.DataFrame,
    sites: pd.DataFrame,
    *,
    operators: Sequence[str],
    terrain: Terrain,
    grid: Grid,
    settings: CoverageSettings,
    defaults: RadioDefaults,
    on: date,
    log: IssueLog,
) -> PreparedSources:
    """Return the radio cells that serve on a date, with every gap filled from the defaults and counted.

    A technology that a site names and of which no cell is listed there gets one omnidirectional cell. A cell
    that is off air or planned, stands on such a site, or goes on air after ``on`` serves nobody. A cell
    of unknown technology is no layer's level, but wherever it reaches, no layer of its operator can be
    called unserved.

    Parameters
    ----------
    cells, sites : DataFrame
        The canonical tables (site_id and operator join them).
    operators : sequence of str
        ``[project] operators``; others are left out. Empty: all that occur.
    terrain : Terrain
        Gives the ground below each antenna.
    grid : Grid
    settings : CoverageSettings
    defaults : RadioDefaults
    on : date
        The project's date.
    log : IssueLog
        Receives radio cells without a position, sites outside the terrain tiles, on
        or right beside a void (none is predicted), operators without a list, technologies without planning level or that no list mentions.

    Returns
    -------
    PreparedSources
    """
    table = _join(cells, sites)
    listed = set(table["operator"])
    names = list(dict.fromkeys(operators)) or sorted(listed - {""})
    without = frozenset(name for name in names if name not in listed)
    for name in sorted(without):
        log.add("operator_without_sites", Source("project"), came=name)
    table = table[table["operator"].isin(names)].reset_index(drop=True)
    mentioned = set(zip(table["operator"], table["technology"], strict=True))
    unlisted = frozenset((o, t) for o in names if o not in without for t in settings.counting if (o, t) not in mentioned)
    for operator, technology in sorted(unlisted):
        given = {"operator": operator, "technology": technology}
        log.add("technology_not_listed", Source("project"), came=f"{operator} {technology}", fields=given)
    counts: Counter[str] = Counter()
    table = _serving(table, on, settings, counts)
    nowhere = table["lon"].isna() | table["lat"].isna()
    _state(log, "cell_without_position", table[nowhere])
    table = table[~nowhere].reset_index(drop=True)

    x, y = from_wgs84(table["lon"].to_numpy(float), table["lat"].to_numpy(float), grid.epsg)
    left, bottom, right, top = grid.bounds
    dx = np.maximum(0.0, np.maximum(left - x, x - right))
    dy = np.maximum(0.0, np.maximum(bottom - y, y - top))
    reach = np.hypot(dx, dy) <= settings.max_radius_m
    present = {(o, t) for o, t in zip(table["operator"], table["technology"], strict=True) if t}
    table, x, y = table[reach].reset_index(drop=True), x[reach], y[reach]

    layers = tuple(sorted(present | {(name, t) for name in names for t in settings.counting}))
    for technology in sorted({t for _, t in present} - set(settings.levels_dbm)):
        log.add(
            "technology_without_level", Source("project"), came=technology, fields={"technology": technology}
        )
    radio = _fill(table, settings, defaults, counts)
    lon, lat = table["lon"].to_numpy(float), table["lat"].to_numpy(float)
    ground = terrain.sample(lon, lat)  # strict: a height put together from part of its nodes decides nothing
    on_void = np.isnan(terrain.ground_height(lon, lat))
    outside = on_void & ~terrain.covers(lon, lat)
    _state(log, "site_outside_terrain", table[outside])
    _state(log, "site_void_ground", table[on_void & ~outside])
    _state(log, "site_beside_void", table[np.isnan(ground) & ~on_void])
    radio["ground"], radio["x"], radio["y"] = ground, x, y
    radio["bearing"] = _grid_bearing(radio["azimuth"].to_numpy(float), table, grid)
    used = DefaultsUsed(
        dict(sorted(counts.items())), dict(sorted(Counter(radio["technology"].replace("", "?")).items()))
    )
    return PreparedSources(_arrays(_spread(radio, layers), layers, settings, defaults), layers, without, used, unlisted)


def _join(cells: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """Return one row per radio cell with its site's fields (``site_...``), plus cells that no list has.

    A technology that a site names and none of its cells has stands there unlisted: silence of the cell
    list is not absence. A blank code joins nothing: two sites without a code are not one site.
    """
    keys = ["operator", "site_id"]
    coded = sites["site_id"].fillna("").ne("")
    site = (
        sites[coded]
        .drop_duplicates(keys)[[*keys, *_SITE_FIELDS]]
        .rename(columns={name: f"site_{name}" for name in _SITE_FIELDS})
    )
    joined = cells.merge(site, on=keys, how="left", validate="many_to_one")
    listed: dict[tuple[str, str], set[str]] = {}
    for operator, code, technology in cells[[*keys, "technology"]].itertuples(index=False):
        if code:
            listed.setdefault((operator, code), set()).add(technology)
    rows = []
    for record in sites.to_dict("records"):
        named = [t.strip() for t in str(record["technologies"] or "").split(",")]
        wanted = [t for t in named if t in TECHNOLOGIES]
        have = listed.get((record["operator"], record["site_id"] or ""))
        for technology in (wanted or [""]) if have is None else [t for t in wanted if t not in have]:
            known = {name: record[name] for name in (*keys, "lon", "lat", "status", "file", "sheet", "row")}
            known |= {f"site_{name}": record[name] for name in _SITE_FIELDS}
            rows.append({**known, "technology": technology, "cell_id": ""})
    if rows:
        extra = pd.DataFrame(rows).reindex(columns=joined.columns)
        joined = (
            pd.concat([joined, extra.astype(joined.dtypes.to_dict())], ignore_index=True)
            if len(joined)
            else extra
        )
    for axis in ("lon", "lat"):
        own = pd.to_numeric(joined[axis]).astype(float)
        joined[axis] = own.fillna(pd.to_numeric(joined[f"site_{axis}"]).astype(float))
    return joined


def _serving(table: pd.DataFrame, on: date, settings: CoverageSettings, counts: Counter[str]) -> pd.DataFrame:
    """Return the rows on air on the date."""
    silent = table["status"].isin(_SILENT) | table["site_status"].isin(_SILENT)
    later = pd.to_datetime(table["site_on_air_date"]) > pd.Timestamp(on)
    known = table["status"].eq("on_air") | table["site_status"].eq("on_air")
    serves = ~silent & ~later & (known | settings.unknown_status_serves)
    for technology, n in table.loc[serves & ~known, "technology"].value_counts().items():
        counts[f"{technology or '?'}.status"] += int(n)
    return table[serves].reset_index(drop=True)


def _state(log: IssueLog, code: str, rows: pd.DataFrame) -> None:
    """State one finding per table with the rows named, each row once (not once per technology)."""
    rows = rows.drop_duplicates(["file", "sheet", "row", "operator", "site_id"])
    for (file, sheet), part in rows.groupby(["file", "sheet"], sort=True, dropna=False):
        came = (part["operator"].astype(str) + " " + part["site_id"].astype(str)).tolist()
        log.add(code, Source(str(file), str(sheet)), rows=part["row"].to_numpy(np.int64), came=came)


def _fill(
    table: pd.DataFrame, settings: CoverageSettings, defaults: RadioDefaults, counts: Counter[str]
) -> pd.DataFrame:
    """Return frequency, EIRP, height, azimuth and sd of every row."""
    records = []
    for row in table.to_dict("records"):
        technology = row["technology"] if row["technology"] in TECHNOLOGIES else ""
        base = defaults.technologies[technology or "4G"]
        variance = settings.prediction_sd_db**2

        def known(name: str, value: object, default: float, technology: str = technology) -> float:
            nonlocal variance
            number = float(value) if isinstance(value, int | float | np.number) else float("nan")
            if np.isfinite(number):
                return number
            counts[f"{technology or '?'}.{name}"] += 1
            variance += defaults.missing_sd_db.get(name, 0.0) ** 2
            return default

        frequency = known("frequency_mhz", row["frequency_mhz"], base.frequency_mhz)
        height = row["antenna_height_m"]
        if not _is_number(height) and _is_number(row["site_structure_height_m"]):
            height = float(row["site_structure_height_m"])
            counts[f"{technology or '?'}.antenna_height_m_from_structure"] += 1
        height = known("antenna_height_m", height, base.antenna_height_m)
        power = known("power_dbm", row["power_dbm"], base.power_dbm)
        gain = known("antenna_gain_dbi", row["antenna_gain_dbi"], base.antenna_gain_dbi)
        azimuth = known("azimuth_deg", row["azimuth_deg"], float("nan"))
        blocks = None
        if technology in ("4G", "5G"):
            bandwidth = known("bandwidth_mhz", row["bandwidth_mhz"], base.bandwidth_mhz)
            blocks = resource_blocks(bandwidth, defaults.blocks[base.subcarrier_khz])
        eirp = reference_eirp_dbm(
            technology or "2G",
            power_dbm=power,
            antenna_gain_dbi=gain,
            feeder_loss_db=base.feeder_loss_db,
            pilot_share_db=base.pilot_share_db,
            blocks=blocks,
        )
        # The coupling loss holds antenna gain and feeder: what is left is the power at the connector.
        ceiling = eirp - gain + base.feeder_loss_db - settings.minimum_coupling_loss_db
        if np.isnan(azimuth):
            eirp -= defaults.antenna.unknown_azimuth_loss_db
        records.append(
            {
                "operator": row["operator"],
                "technology": technology,
                "lon": row["lon"],
                "lat": row["lat"],
                "frequency": frequency,
                "height": height,
                "azimuth": azimuth,
                "eirp": eirp,
                "ceiling": ceiling,
                "sd": variance**0.5,
                "beamwidth": defaults.antenna.beamwidth_deg,
                "front_to_back": defaults.antenna.front_to_back_db,
            }
        )
    columns = [
        "operator",
        "technology",
        "lon",
        "lat",
        "frequency",
        "height",
        "azimuth",
        "eirp",
        "ceiling",
        "sd",
        "beamwidth",
        "front_to_back",
    ]
    return pd.DataFrame(records, columns=columns)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and bool(np.isfinite(float(value)))


def _grid_bearing(
    azimuth_deg: npt.NDArray[np.float64], table: pd.DataFrame, grid: Grid
) -> npt.NDArray[np.float64]:
    """Return bearings from grid north: true azimuth minus the meridian convergence."""
    if not len(table):
        return azimuth_deg
    factors = Proj(grid.epsg).get_factors(table["lon"].to_numpy(float), table["lat"].to_numpy(float))
    return np.asarray((azimuth_deg - np.asarray(factors.meridian_convergence)) % 360.0, dtype=np.float64)


def _spread(radio: pd.DataFrame, layers: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Return rows with a layer index; a cell of unknown technology stands in every layer of its operator."""
    index = {pair: i for i, pair in enumerate(layers)}
    by_operator: dict[str, list[int]] = {}
    for i, (operator, _) in enumerate(layers):
        by_operator.setdefault(operator, []).append(i)
    pairs = zip(radio["operator"], radio["technology"], strict=True)
    chosen = [[index[o, t]] if t else by_operator[o] for o, t in pairs]
    repeated = radio.loc[np.repeat(np.arange(len(radio)), [len(c) for c in chosen])].reset_index(drop=True)
    repeated["layer"] = np.array([i for c in chosen for i in c], dtype=np.int64)
    return repeated


def _arrays(
    radio: pd.DataFrame, layers: Sequence[tuple[str, str]], settings: CoverageSettings, defaults: RadioDefaults
) -> RadioSources:
    """Return plain arrays in an order that does not depend on the order of the rows."""
    order = ["lon", "lat", "height", "frequency", "layer", "eirp", "ceiling", "bearing", "sd"]
    radio = radio.sort_values(order, kind="stable", na_position="first").reset_index(drop=True)
    place = radio[["lon", "lat", "height"]].to_numpy(float)
    starts = (
        np.flatnonzero(np.r_[True, (np.diff(place, axis=0) != 0).any(axis=1)])
        if len(radio)
        else np.empty(0, int)
    )
    level = np.array([settings.levels_dbm.get(t, np.nan) for _, t in layers], dtype=np.float64)
    layer = radio["layer"].to_numpy(np.int64)
    threshold = level[layer] if len(layers) else np.empty(0)
    unknown = radio["technology"].eq("").to_numpy()

    def column(name: str) -> npt.NDArray[np.float64]:
        return np.ascontiguousarray(radio[name].to_numpy(np.float64))

    eirp = np.where(unknown, -np.inf, column("eirp"))
    antenna = defaults.antenna
    across = horizontal_loss_db(
        np.arange(-180.0, 181.0), beamwidth_deg=antenna.beamwidth_deg, front_to_back_db=antenna.front_to_back_db
    )
    return RadioSources(
        group_lon=column("lon")[starts],
        group_lat=column("lat")[starts],
        group_x_m=column("x")[starts],
        group_y_m=column("y")[starts],
        group_ground_m=column("ground")[starts],
        group_height_m=column("height")[starts],
        group_first=np.r_[starts, len(radio)].astype(np.int64),
        layer=layer,
        frequency_mhz=column("frequency"),
        eirp_dbm=eirp,
        ceiling_dbm=column("ceiling"),
        bearing_deg=column("bearing"),
        beamwidth_deg=column("beamwidth"),
        front_to_back_db=column("front_to_back"),
        threshold_dbm=np.where(unknown, np.nan, threshold),
        sd_db=column("sd"),
        pattern=np.zeros(len(radio), dtype=np.int64),
        mechanical_tilt_deg=np.zeros(len(radio)),
        horizontal_loss_db=across.astype(np.float32)[None],
        vertical_loss_db=np.zeros((1, 721), dtype=np.float32),
        pattern_cap_db=np.array([antenna.front_to_back_db]),
    )
