"""Operators' own coverage maps: polygons with operator and technology, in EPSG:4326.

A claim is kept as the operator makes it: what it is for (use), the quality or level that it states, its date. A
polygon that says "no coverage" stays in the frame as such; what no polygon mentions is not claimed.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.crs import WGS84_EPSG
from geo.errors import InputError
from geo.io.claim_names import NamedIn, named_in
from geo.io.claim_rasters import CLAIM_RASTERS, read_claim_raster
from geo.io.places import with_provenance
from geo.io.placing import MapFrame, declared_crs, place_shapes
from geo.io.positions import PositionContext
from geo.io.raw import FileLimits, TableOptions
from geo.io.resources import load_toml
from geo.io.tables import Table, convert, load_schema, read_tables
from geo.numbers import vietnamese
from geo.operators import OperatorCatalogue
from geo.polygons import area_km2, only_polygons, repair
from geo.radio import BandCatalogue
from geo.schemas import Schema
from geo.text import clean, fold_key
from geo.validation import IssueLog, Source
from geo.values import is_blank

__all__ = ["CLAIM_COLUMNS", "ClaimOptions", "read_coverage_claims", "stated_level_dbm"]

Shapes = npt.NDArray[np.object_]
BoolArray = npt.NDArray[np.bool_]

#: Columns of the frame, in order.
CLAIM_COLUMNS = (
    "operator", "technology", "use", "quality", "level_dbm", "claimed", "claim_date", "geometry", "file", "sheet", "row",
)  # fmt: skip
_LISTED = 30
_FAR_DEG = 20.0  # features of a country's layer reach beyond the area: what matters is whether any lies near it
_LEVEL = re.compile(r"(?<![\d.,])[-−–]\s?(\d{2,3}(?:[.,]\d+)?)(?![\d])")
_UPPER = re.compile(r"^\s*(?:<|≤|dưới|nhỏ hơn|kém hơn|below|under|less than|weaker than)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ClaimOptions:
    """What the project file says beside a claim, for rows that do not say it themselves.

    Attributes
    ----------
    operator, technology, use : str
        Empty: not said. ``technology`` may name several, ``"3G,4G"``.
    level_dbm : float
        Lowest level that the claim states; NaN not said. Of a raster of levels: the level claimed.
    claim_date : Timestamp or NaT
    """

    operator: str
    technology: str
    use: str
    level_dbm: float
    claim_date: pd.Timestamp

    @classmethod
    def of(cls, options: TableOptions, schema: Schema, bands: BandCatalogue, source: Source) -> ClaimOptions:
        """Check the options of an input.

        Raises
        ------
        InputError
            If one of them is not understood.
        """
        extra = options.extra
        technology = clean(extra.get("technology", ""))
        sets, bad = bands.technology_sets(pd.Series([technology], dtype="str"))
        if bad[0]:
            raise _refused(source, "technology", technology, "\"4G\"", "\"3G,4G\"")
        use = clean(extra.get("use", ""))
        uses = schema.fields["use"].choices or {}
        if use and fold_key(use) not in uses:
            raise _refused(source, "use", use, *(f'"{u}"' for u in dict.fromkeys(uses.values())))
        return cls(
            clean(options.operator), str(sets.iloc[0]), uses.get(fold_key(use), ""), _level_option(extra, schema, source),
            _date_option(extra, source),
        )  # fmt: skip


def _refused(source: Source, name: str, came: object, *allowed: str) -> InputError:
    listed = ", ".join(allowed)
    return InputError(
        f"{source}: {name} = '{came}' không hiểu được; ghi chẳng hạn {listed}.",
        f"{source}: {name} = '{came}' is not understood; give for example {listed}.",
    )


def _level_option(extra: Mapping[str, object], schema: Schema, source: Source) -> float:
    value = extra.get("level_dbm")
    if value is None:
        return float("nan")
    field = schema.fields["level_dbm"]
    low, high = float(field.minimum or 0.0), float(field.maximum or 0.0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InputError(
            f"{source}: level_dbm = {value}: cần một số từ {vietnamese(low)} đến {vietnamese(high)} dBm, ví dụ -110.",
            f"{source}: level_dbm = {value}: a number from {low:g} to {high:g} dBm is needed, such as -110.",
        )
    return float(value)


def _date_option(extra: Mapping[str, object], source: Source) -> pd.Timestamp:
    value = extra.get("date")
    if value is None:
        return pd.Timestamp("NaT")
    try:
        day = value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))
    except ValueError as error:
        raise _refused(source, "date", value, "2026-06-30") from error
    return pd.Timestamp(year=day.year, month=day.month, day=day.day)


def read_coverage_claims(
    path: Path,
    *,
    file: str,
    options: TableOptions,
    context: PositionContext,
    catalogue: OperatorCatalogue,
    bands: BandCatalogue,
    log: IssueLog,
    as_of: pd.Timestamp | None = None,
    limits: FileLimits | None = None,
) -> gpd.GeoDataFrame:
    """Read the coverage that operators claim.

    Operator and technology come from columns, else from the options beside the input, else from the name of the
    layer or file where it names exactly one; a row that names several technologies gives a row for each.

    Parameters
    ----------
    path : Path
        GeoParquet, GeoPackage, GeoJSON or Shapefile (zipped too), or a GeoTIFF: claimed where its value is above 0, or
        at least the option ``level_dbm`` in a raster of levels.
    file : str
        The path as the project file gives it, for messages.
    options : TableOptions
        ``operator``, and in ``extra``: ``technology``, ``use``, ``level_dbm``, ``date``.
    context : PositionContext
        Claims that do not meet its area are left aside, stated.
    catalogue : OperatorCatalogue
    bands : BandCatalogue
    log : IssueLog
        Books every row: in = used + dropped with a finding.
    as_of : Timestamp, optional
        The project's date: a claim of a later date is a plan, left aside and stated.
    limits : FileLimits, optional

    Returns
    -------
    GeoDataFrame
        EPSG:4326, columns :data:`CLAIM_COLUMNS`, RangeIndex: ``operator`` as the catalogue names it, ``technology``
        (2G ... 5G), ``use`` (outdoor, vehicle, indoor; ``""`` not said), ``quality`` (text as it came), ``level_dbm``
        (lowest level stated, NaN), ``claimed`` (bool; False where the polygon says that there is no coverage),
        ``claim_date`` (datetime64[ns], NaT), ``geometry`` (valid polygons or multipolygons), provenance.

    Raises
    ------
    InputError
        If the file is missing or unreadable, an option is not understood, or its CRS cannot be used.
    """
    schema = load_schema("coverage_claims")
    given = ClaimOptions.of(options, schema, bands, Source(file))
    if path.suffix.lower() in CLAIM_RASTERS:
        name = named_in(("", path.stem), catalogue, bands)
        frame = read_claim_raster(path, file=file, crs=options.crs, level_dbm=given.level_dbm, area=context.area, log=log)
        frame = frame.assign(quality="", level_dbm=given.level_dbm, claimed=True)
        parts = [_settled(frame, Source(file), {}, given, name, catalogue, bands, as_of, log)]
    else:
        tables = read_tables(path, file=file, schema=schema, options=options, log=log, limits=limits)
        parts = [_read_table(t, schema, options, given, context, catalogue, bands, as_of, log) for t in tables]
    every = pd.concat(parts, ignore_index=True)
    return gpd.GeoDataFrame(every[list(CLAIM_COLUMNS)], geometry="geometry", crs=WGS84_EPSG)


def _read_table(
    table: Table,
    schema: Schema,
    options: TableOptions,
    given: ClaimOptions,
    context: PositionContext,
    catalogue: OperatorCatalogue,
    bands: BandCatalogue,
    as_of: pd.Timestamp | None,
    log: IssueLog,
) -> pd.DataFrame:
    source = table.source
    frame = convert(table, schema, log)
    crs = declared_crs(table, options, log)
    name = named_in((source.sheet, Path(source.file).stem), catalogue, bands)
    if crs is not None and table.geometry is not None:
        frame = frame.assign(geometry=np.asarray(table.geometry.reindex(frame.index).to_numpy(), dtype=object))
        frame = _polygons_only(frame, source, log)
        west, south, east, north = context.area.bounds
        near = MapFrame(west - _FAR_DEG, east + _FAR_DEG, south - _FAR_DEG, north + _FAR_DEG)
        frame, _ = place_shapes(frame, source, crs, near, log, framed=np.ones(len(frame), dtype=bool))
    if log.refused(source):
        log.close("coverage_claims", source, rows_in=table.rows_in, rows_used=0)
        return _settled(frame.iloc[:0].assign(geometry=None), source, table.headers, given, name, catalogue, bands, None, log)
    frame = _valid(frame, source, log)
    outside = ~context.area.meets(frame["geometry"].to_numpy(dtype=object))
    frame = log.drop(frame, outside, "claim_outside_area", source, column="geometry")
    frame = _qualities(table, frame, schema, bands, log)
    kept = _settled(frame, source, table.headers, given, name, catalogue, bands, as_of, log)
    used = 0 if log.refused(source) else kept["row"].nunique()
    log.close("coverage_claims", source, rows_in=table.rows_in, rows_used=used)
    return kept


def _polygons_only(frame: pd.DataFrame, source: Source, log: IssueLog) -> pd.DataFrame:
    """Drop what has no shape or is no polygon; take polygons out of collections, heights out of polygons."""
    shapes = frame["geometry"].to_numpy(dtype=object)
    frame = log.drop(frame, shapely.is_missing(shapes) | shapely.is_empty(shapes), "feature_without_shape", source,
                     column="geometry")
    shapes = frame["geometry"].to_numpy(dtype=object)
    kinds = np.array([g.geom_type for g in shapes], dtype=object)
    polygons, mixed = only_polygons(shapes)
    none_left = shapely.is_empty(polygons)
    if (mixed & ~none_left).any():
        log.add("feature_collection", source, rows=frame.index[mixed & ~none_left], column="geometry")
    raised = shapely.has_z(shapes) & ~none_left
    if raised.any():
        log.add("feature_height_ignored", source, rows=frame.index[raised], column="geometry")
    frame = frame.assign(geometry=shapely.force_2d(polygons))
    return log.drop(frame, none_left, "claim_not_polygon", source, column="geometry", came=kinds)


def _valid(frame: pd.DataFrame, source: Source, log: IssueLog) -> pd.DataFrame:
    """Repair what is not valid; drop what has no area."""
    shapes = frame["geometry"].to_numpy(dtype=object)
    before = area_km2(shapes)
    mended, reasons = repair(shapes)
    after = area_km2(mended)
    frame = frame.assign(geometry=mended)
    least_km2 = float(load_toml("input_checks.toml")["coverage_claims"]["no_area_km2"]["value"])
    none_left = ~(after > least_km2)
    repaired = (reasons != "") & ~none_left
    if repaired.any():
        texts = [f"{r}; {vietnamese(b)} → {vietnamese(a)} km²" for r, b, a in
                 zip(reasons[repaired], before[repaired], after[repaired], strict=True)]
        log.add("claim_repaired", source, rows=frame.index[repaired], column="geometry", came=texts)
    return log.drop(frame, none_left, "claim_collapsed", source, column="geometry",
                    came=np.where(reasons == "", "0 km²", reasons))


def stated_level_dbm(text: str, low: float, high: float) -> float:
    """Return the lowest level that a text states (``"≥ -105 dBm"``, ``"-105 ... -95"``), NaN if it states none.

    An upper bound (``"< -105"``) states no lowest level.
    """
    if _UPPER.match(text):
        return float("nan")
    found = [-float(number.replace(",", ".")) for number in _LEVEL.findall(text)]
    return min(found) if found and all(low <= level <= high for level in found) else float("nan")


def _qualities(table: Table, frame: pd.DataFrame, schema: Schema, bands: BandCatalogue, log: IssueLog) -> pd.DataFrame:
    """Return rows with ``quality``, ``level_dbm`` and whether they claim coverage or deny it."""
    quality = frame.get("quality", pd.Series("", index=frame.index, dtype="str")).astype("str")
    level = frame.get("level_dbm", pd.Series(np.nan, index=frame.index)).astype("float64")
    field = schema.fields["level_dbm"]
    low, high = float(field.minimum or 0.0), float(field.maximum or 0.0)
    read = quality.map({q: stated_level_dbm(q, low, high) for q in quality.unique()}).astype("float64")
    taken = (level.isna() & read.notna()).to_numpy(dtype=bool)
    if taken.any():
        came = [f"{q} → {v:g}" for q, v in zip(quality[taken], read[taken], strict=True)]
        log.add("claim_level_from_quality", table.source, rows=frame.index[taken], column=table.header("quality"), came=came)
    # A word for "none" is blank to a table in general; here it denies.
    words = frozenset(fold_key(w) for w in load_toml("tables/coverage_claims.toml")["denied"]) | bands.no_service
    raw = table.frame["quality"].reindex(frame.index) if "quality" in table.frame else quality
    denied = np.array([isinstance(c, str) and fold_key(c) in words for c in raw], dtype=bool)
    quality = quality.where(~(denied & (quality == "").to_numpy(dtype=bool)), raw.map(clean).astype("str"))
    if "claimed" in frame:
        denied |= frame["claimed"].eq(False).fillna(False).to_numpy(dtype=bool)
    codes = [q for q in quality.unique() if q.isascii() and q.isdigit()]
    if codes and not (quality[~quality.isin(codes)] != "").any():
        log.add("claim_quality_codes", table.source, column=table.header("quality"), came=", ".join(sorted(codes)[:_LISTED]))
    if denied.any():
        log.add("claim_denied", table.source, rows=frame.index[denied],
                column=table.header("claimed" if "claimed" in frame else "quality"))
    return frame.assign(quality=quality, level_dbm=level.fillna(read), claimed=~denied)


def _settled(
    frame: pd.DataFrame,
    source: Source,
    headers: Mapping[str, str],
    given: ClaimOptions,
    name: NamedIn,
    catalogue: OperatorCatalogue,
    bands: BandCatalogue,
    as_of: pd.Timestamp | None,
    log: IssueLog,
) -> pd.DataFrame:
    """Return one row per claim and technology, all columns there; whose it is and of what settled or stated."""
    if not log.refused(source):
        frame = _with_operators(frame, source, headers, given, name, catalogue, log)
    if not log.refused(source):
        frame = _with_technologies(frame, source, headers, given, name, bands, log)
    if log.refused(source):
        frame = frame.iloc[:0]
    blank = pd.Series("", index=frame.index, dtype="str")
    date = frame.get("claim_date", pd.Series(pd.NaT, index=frame.index)).astype("datetime64[ns]")
    frame = frame.assign(
        operator=frame.get("operator", blank).astype("str"),
        technology=frame.get("technology", blank).astype("str"),
        use=_filled(frame.get("use", blank).astype("str"), given.use),
        quality=frame.get("quality", blank).astype("str"),
        level_dbm=frame.get("level_dbm", pd.Series(np.nan, index=frame.index)).astype("float64").fillna(given.level_dbm),
        claimed=frame.get("claimed", pd.Series(True, index=frame.index)).astype(bool),
        claim_date=date.fillna(given.claim_date),
    )
    if as_of is not None:
        later = (frame["claim_date"] > as_of).to_numpy(dtype=bool)
        frame = log.drop(frame, later, "claim_in_future", source, column=headers.get("claim_date", ""),
                         came=frame["claim_date"].dt.strftime("%Y-%m-%d").to_numpy(dtype=object),
                         fields={"date": f"{as_of:%Y-%m-%d}"})
    split = frame.assign(technology=frame["technology"].str.split(",")).explode("technology")
    split = split.astype({"technology": "str"})
    return with_provenance(split[[c for c in CLAIM_COLUMNS if c in split]], source)


def _filled(values: pd.Series, value: str) -> pd.Series:
    return values.where(values != "", value) if value else values


def _with_operators(
    frame: pd.DataFrame,
    source: Source,
    headers: Mapping[str, str],
    given: ClaimOptions,
    name: NamedIn,
    catalogue: OperatorCatalogue,
    log: IssueLog,
) -> pd.DataFrame:
    header = headers.get("operator", "")
    cells = frame["operator"].astype(object) if "operator" in frame else pd.Series(None, index=frame.index, dtype=object)
    if given.operator:
        cells = cells.where(~is_blank(cells), given.operator)
    elif name.operator and len(cells) and is_blank(cells).all():
        cells = pd.Series(name.operator, index=frame.index, dtype=object)
        log.add("claim_from_name", source, came=name.text, fields={"found": name.operator})
    blank = is_blank(cells)
    if len(cells) and blank.all():
        log.add("operator_missing", source)
        return frame
    frame = log.drop(frame, blank, "operator_blank", source, column=header)
    resolved = catalogue.resolve(cells[~blank])
    if resolved.unknown.any():
        listed = list(dict.fromkeys(resolved.names[resolved.unknown]))
        log.add("operator_unknown", source, column=header, came=", ".join(listed[:_LISTED]))
    if resolved.virtual.any():
        log.add("claim_virtual_operator", source, rows=frame.index[resolved.virtual], column=header,
                came=list(resolved.names[resolved.virtual]))
    _name_differs(frame, source, header, resolved.names, name.operator, name.text, log)
    return frame.assign(operator=resolved.names)


def _with_technologies(
    frame: pd.DataFrame,
    source: Source,
    headers: Mapping[str, str],
    given: ClaimOptions,
    name: NamedIn,
    bands: BandCatalogue,
    log: IssueLog,
) -> pd.DataFrame:
    header = headers.get("technology", "")
    cells = frame["technology"].astype(object) if "technology" in frame else pd.Series(None, index=frame.index, dtype=object)
    sets, bad = bands.technology_sets(cells)
    sets = sets.astype("str").where(~bad, "")
    blank = is_blank(cells)
    if given.technology:
        sets = sets.where(~blank, given.technology)
    elif name.technology and len(cells) and blank.all():
        sets = pd.Series(name.technology, index=frame.index, dtype="str")
        log.add("claim_from_name", source, came=name.text, fields={"found": name.technology})
    lacking = (sets == "").to_numpy(dtype=bool)
    if len(sets) and lacking.all():
        log.add("claim_technology_missing", source, column=header,
                came=", ".join(dict.fromkeys(cells[~blank].astype(str)))[:200] or None)
        return frame
    _name_differs(frame, source, header, sets.where(~lacking, name.technology), name.technology, name.text, log)
    return log.drop(frame.assign(technology=sets), lacking, "claim_technology_unclear", source, column=header,
                    came=cells.map(clean).to_numpy(dtype=object))


def _name_differs(
    frame: pd.DataFrame, source: Source, header: str, values: pd.Series, named: str, text: str, log: IssueLog
) -> None:
    """State rows that say something else than the name of their layer or file."""
    differs = (values != named).to_numpy(dtype=bool)
    if named and differs.any():
        log.add("claim_name_differs", source, rows=frame.index[differs], column=header, came=list(values[differs]),
                fields={"name": text, "found": named})
