"""From the operators' tables to radio cells that can be predicted; what is missing is filled and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
from pyproj import Proj

from geo.crs import from_wgs84
from geo.grid import Grid
from geo.io.antenna_patterns import AntennaLibrary
from geo.io.terrain import Terrain
from geo.network import POWER_BASES
from geo.propagation.filling import fill_radio, pattern_tables
from geo.propagation.ground import GroundModel
from geo.propagation.radio_sources import RadioSources
from geo.propagation.radio_table import radio_table
from geo.propagation.settings import TECHNOLOGIES, CoverageSettings, RadioDefaults
from geo.validation import IssueLog, Source

__all__ = ["AreaTypes", "DefaultsUsed", "PreparedSources", "prepare_sources"]

#: Kinds of area around places given by their longitudes and latitudes.
AreaTypes = Callable[
    [npt.NDArray[np.float64], npt.NDArray[np.float64]], Sequence[str] | npt.NDArray[np.object_]
]

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
        Counting technologies that no row of the operator's lists mentions, on air or not, near or far, and
        that the department does not state to be absent: nothing is known of them.
    table : DataFrame
        One row per radio cell of ``sources``, in its order (see :func:`geo.propagation.radio_table.radio_table`).
    """

    sources: RadioSources
    layers: tuple[tuple[str, str], ...]
    without_sites: frozenset[str]
    defaults_used: DefaultsUsed
    unlisted: frozenset[tuple[str, str]] = frozenset()
    table: pd.DataFrame = field(default_factory=pd.DataFrame)


def prepare_sources(
    cells: pd.DataFrame,
    sites: pd.DataFrame,
    *,
    operators: Sequence[str],
    terrain: Terrain | GroundModel,
    grid: Grid,
    settings: CoverageSettings,
    defaults: RadioDefaults,
    on: date,
    log: IssueLog,
    area_type: AreaTypes | None = None,
    patterns: AntennaLibrary | None = None,
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
    terrain : Terrain or GroundModel
        Gives the ground below each antenna.
    grid : Grid
    settings : CoverageSettings
    defaults : RadioDefaults
    on : date
        The project's date.
    log : IssueLog
        Receives radio cells without a position, sites outside the terrain tiles, on
        or right beside a void (none is predicted), operators without a list, technologies without planning
        level or that no list mentions, and what the department states to be absent; azimuths and antenna models that are not known, beams above the
        horizon, and what a power that is neither called total nor per port was taken for.
    area_type : callable, optional
        Kind of area (``"urban"``, ``"suburban"``, ``"rural"``) around places: called with arrays of
        longitudes and latitudes, returns one text for each, empty where it does not know. Without it every
        site is taken as of the kind that the defaults name.
    patterns : AntennaLibrary, optional
        The makers' antenna files; a radio cell's ``antenna_model`` names one.

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
    unlisted = frozenset(
        (o, t)
        for o in names
        if o not in without
        for t in settings.counting
        if (o, t) not in mentioned and not settings.stated_absent(o, t)
    )
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
    _state_absent(log, names, present, settings)
    table, x, y = table[reach].reset_index(drop=True), x[reach], y[reach]

    layers = tuple(sorted(present | {(name, t) for name in names for t in settings.counting}))
    for technology in sorted({t for _, t in present} - set(settings.levels_dbm)):
        log.add(
            "technology_without_level", Source("project"), came=technology, fields={"technology": technology}
        )
    areas = _areas(area_type, table, defaults)
    radio = fill_radio(table, areas, patterns, settings, defaults, counts)
    _state_radio(log, table, radio, defaults)
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
    identity = ["site_id", "cell_id", "file", "sheet", "row"]
    radio[identity] = table[identity]
    for name in ("pci", "arfcn"):
        radio[name] = pd.to_numeric(table[name], errors="coerce") if name in table.columns else np.nan
    radio["defaults"] = _named(table["taken_on_air"], radio["defaults"])
    radio = _ordered(_spread(radio, layers))
    sources = _arrays(radio, layers, settings, defaults, patterns)
    return PreparedSources(sources, layers, without, used, unlisted, radio_table(radio, sources, layers))


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
    return table.assign(taken_on_air=~known)[serves].reset_index(drop=True)


def _state_absent(
    log: IssueLog, names: Sequence[str], present: set[tuple[str, str]], settings: CoverageSettings
) -> None:
    """State which technologies are absent by the department's word, and where its lists say otherwise."""
    for operator in sorted(names):
        for technology in (t for t in settings.counting if settings.stated_absent(operator, t)):
            known = (operator, technology) in present
            log.add(
                "technology_absent_but_listed" if known else "technology_stated_absent",
                Source("project"),
                came=f"{operator} {technology}",
                fields={"operator": operator, "technology": technology},
            )


def _named(taken_on_air: pd.Series, filled: pd.Series) -> list[str]:
    """Return the names of the fields that were filled, the status among them."""
    return [",".join((["status"] if on_air else []) + names) for on_air, names in zip(taken_on_air, filled, strict=True)]


def _state(
    log: IssueLog, code: str, rows: pd.DataFrame, came: str = "", fields: Mapping[str, object] | None = None
) -> None:
    """State one finding per table with the rows named, each row once (not once per technology)."""
    rows = rows.drop_duplicates(["file", "sheet", "row", "operator", "site_id"])
    for (file, sheet), part in rows.groupby(["file", "sheet"], sort=True, dropna=False):
        texts = (part["operator"].astype(str) + " " + part["site_id"].astype(str)).tolist()
        if came:
            texts = [f"{text}: {value}" for text, value in zip(texts, part[came], strict=True)]
        log.add(code, Source(str(file), str(sheet)), rows=part["row"].to_numpy(np.int64), came=texts, fields=fields)


def _state_radio(log: IssueLog, table: pd.DataFrame, radio: pd.DataFrame, defaults: RadioDefaults) -> None:
    """State what was taken for granted about antennas and powers."""
    loss = f"{defaults.antenna.unknown_azimuth_loss_db:g}"
    _state(log, "azimuth_unknown", table[radio["azimuth_missing"].to_numpy(bool)], fields={"loss_en": loss, "loss_vi": loss.replace(".", ",")})
    if "antenna_model" in table.columns:
        _state(log, "antenna_model_unknown", table[radio["model_missing"].to_numpy(bool)], "antenna_model")
    names = [n for n in ("mechanical_tilt_deg", "electrical_tilt_deg", "tilt_deg") if n in table.columns]
    for name in names:
        up = pd.to_numeric(table[name], errors="coerce") < 0
        _state(log, "tilt_upward", table[up.to_numpy(bool)], name)
    basis = table["power_basis"] if "power_basis" in table.columns else pd.Series("", index=table.index)
    lte = table["technology"].eq("4G") & pd.to_numeric(table["power_dbm"], errors="coerce").notna()
    usual = defaults.technologies["4G"]
    _state(
        log,
        "power_taken_as_per_port" if usual.power_basis == "per_port" else "power_taken_as_total",
        table[(lte & ~basis.isin(POWER_BASES)).to_numpy(bool)],
        fields={"ports": f"{usual.ports:g}"},
    )


def _areas(area_type: AreaTypes | None, table: pd.DataFrame, defaults: RadioDefaults) -> list[str]:
    """Return the kind of area of every row, empty where nobody knows it."""
    if area_type is None or not len(table):
        return [""] * len(table)
    found = area_type(table["lon"].to_numpy(float), table["lat"].to_numpy(float))
    if len(found) != len(table):
        raise ValueError(f"{len(found)} kinds of area for {len(table)} radio cells")
    return [str(a) if a in defaults.by_area else "" for a in found]


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


def _ordered(radio: pd.DataFrame) -> pd.DataFrame:
    """Return the rows in an order that does not depend on how they came, with ``pattern``, the place of their table."""
    order = ["lon", "lat", "height", "frequency", "layer", "eirp", "ceiling", "bearing", "tilt", "pattern", "sd"]
    order += ["site_id", "cell_id", "file", "sheet", "row"]  # equal ones: which of them is called the best server
    place_of = {key: i for i, key in enumerate(sorted(set(radio["pattern_key"])))}
    radio = radio.assign(pattern=np.array([place_of[key] for key in radio["pattern_key"]], dtype=np.int64))
    return radio.sort_values(order, kind="stable", na_position="first").reset_index(drop=True)


def _arrays(
    radio: pd.DataFrame,
    layers: Sequence[tuple[str, str]],
    settings: CoverageSettings,
    defaults: RadioDefaults,
    library: AntennaLibrary | None,
) -> RadioSources:
    """Return plain arrays of the ordered rows."""
    tables = pattern_tables(sorted(set(radio["pattern_key"])), library, defaults)
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
    pattern = radio["pattern"].to_numpy(np.int64)
    beamwidth = np.array([table.beamwidth_deg for table in tables])
    cap = np.array([table.cap_db for table in tables])
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
        beamwidth_deg=beamwidth[pattern],
        front_to_back_db=cap[pattern],
        threshold_dbm=np.where(unknown, np.nan, threshold),
        sd_db=column("sd"),
        pattern=pattern,
        mechanical_tilt_deg=column("tilt"),
        horizontal_loss_db=np.stack([table.horizontal_loss_db for table in tables]),
        vertical_loss_db=np.stack([table.vertical_loss_db for table in tables]),
        pattern_cap_db=cap,
        index=np.arange(len(radio), dtype=np.int64),
    )
