"""Administrative boundaries: the communes of a project, checked, put right and measured.

Codes join, names never do. A province is taken from its own column or by name from the list of
the 34 provinces, never from the commune's code. Every polygon that is not as it should be is
stated; those that have no area at all are the only ones that are dropped for their shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.crs import WGS84_EPSG
from geo.io.coverage_checks import BoundaryChecks, check_units
from geo.io.placing import declared_crs, place_shapes
from geo.io.raw import FileLimits, TableOptions
from geo.io.resources import former_areas, load_toml
from geo.io.tables import Table, convert, load_schema, read_tables
from geo.numbers import vietnamese
from geo.polygons import area_km2, misordered_rings, only_polygons, repair, shapes_to_wgs84, spike_places
from geo.text import clean, fold_unit_name, same_unit_name
from geo.validation import IssueLog, Source

__all__ = ["read_boundaries"]

Shapes = npt.NDArray[np.object_]

_COLUMNS = ("commune_code", "commune_name", "province_code", "province_name", "area_km2")
_PROVENANCE = ("file", "sheet", "row")
_PER_KM2 = {"official_area_km2": 1.0, "official_area_ha": 100.0, "official_area_m2": 1e6}


@dataclass(frozen=True, slots=True)
class _Piece:
    """The communes of one table, still one row per feature, and what was left aside."""

    source: Source
    rows_in: int
    frame: pd.DataFrame
    others: Shapes
    counts: pd.Series


@dataclass(frozen=True, slots=True)
class _Provinces:
    """The 34 provinces: code to Vietnamese name and to number of communes."""

    names: dict[str, str]
    communes: dict[str, int]

    @classmethod
    def load(cls, extra: Mapping[str, str]) -> _Provinces:
        entries = load_toml("provinces.toml")["province"]
        return cls(
            {**{e["code"]: e["name"]["vi"] for e in entries}, **extra},
            {e["code"]: e["communes"] for e in entries if e["code"] not in extra},
        )


def read_boundaries(
    path: Path,
    *,
    file: str,
    options: TableOptions,
    project_provinces: Sequence[str] = (),
    extra_provinces: Mapping[str, str] | None = None,
    log: IssueLog,
    limits: FileLimits | None = None,
) -> gpd.GeoDataFrame:
    """Read communes as polygons.

    Parameters
    ----------
    path : Path
        GeoParquet, GeoPackage, GeoJSON or Shapefile (zipped too).
    file : str
        The path as the project file gives it, for messages.
    options : TableOptions
        ``crs`` wins over what the file declares.
    project_provinces : sequence of str
        Province codes of the project; communes of others are left aside, stated. Empty: all.
    extra_provinces : mapping, optional
        Code to name of provinces that the department's own catalogue adds.
    log : IssueLog
    limits : FileLimits, optional

    Returns
    -------
    GeoDataFrame
        EPSG:4326, valid polygons or multipolygons, sorted by code: ``commune_code``,
        ``commune_name``, ``province_code``, ``province_name``, ``area_km2`` (of the polygon, in
        EPSG:6933), ``former_names`` where the file has them, ``geometry``, ``file``, ``sheet``,
        ``row`` (first row of the commune). Empty when the file is refused.

    Raises
    ------
    InputError
        If the file is missing, unreadable or lacks columns, or its CRS cannot be used.
    """
    schema = load_schema("boundaries")
    provinces = _Provinces.load(extra_provinces or {})
    checks = BoundaryChecks.load()
    wanted = tuple(dict.fromkeys(str(p).zfill(2) for p in project_provinces))
    tables = read_tables(path, file=file, schema=schema, options=options, log=log, limits=limits)
    pieces = [_read_table(t, convert(t, schema, log), options, wanted, provinces, checks, log) for t in tables]
    every = pd.concat([p.frame for p in pieces], ignore_index=True)
    units, used = _join_same_codes(every, log)
    for piece in pieces:
        mine = (used["file"] == piece.source.file) & (used["sheet"] == piece.source.sheet)
        log.close("boundaries", piece.source, rows_in=piece.rows_in, rows_used=int(mine.sum()))
    counts = pd.concat([p.counts for p in pieces]).groupby(level=0).sum()
    if len(units):
        others = np.concatenate([p.others for p in pieces])
        expected = {c: provinces.communes[c] for c in _counted(units, wanted, counts, provinces)}
        check_units(units, others, counts, expected, checks=checks, log=log)
    return _finished(units)


def _finished(units: pd.DataFrame) -> gpd.GeoDataFrame:
    extra = ["former_names"] if "former_names" in units and (units["former_names"] != "").any() else []
    ordered = units.sort_values("commune_code", kind="stable", ignore_index=True)
    frame = ordered[[*_COLUMNS, *extra, "geometry", *_PROVENANCE]].astype({"row": np.int64})
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=WGS84_EPSG)


def _counted(units: pd.DataFrame, wanted: tuple[str, ...], counts: pd.Series, provinces: _Provinces) -> Iterable[str]:
    """Return the provinces whose number of communes is checked."""
    if set(provinces.communes) <= set(counts.index):
        return provinces.communes  # the whole country was given
    return [c for c in (wanted or sorted(set(units["province_code"]))) if c in provinces.communes]


def _read_table(
    table: Table,
    frame: pd.DataFrame,
    options: TableOptions,
    wanted: tuple[str, ...],
    provinces: _Provinces,
    checks: BoundaryChecks,
    log: IssueLog,
) -> _Piece:
    source = table.source
    nothing = np.zeros(0, dtype=object)
    if table.geometry is None or (len(frame) and (_bare_digits(table, frame) <= 2).all()):
        log.add("boundary_provinces_layer", source, column=table.header("commune_code"))
        return _Piece(source, table.rows_in, _empty_rows(), nothing, pd.Series(dtype=np.int64))
    crs = declared_crs(table, options, log)
    if crs is None:
        return _Piece(source, table.rows_in, _empty_rows(), nothing, pd.Series(dtype=np.int64))
    frame = _attributes(table, frame, wanted, provinces, log)
    frame["geometry"] = np.asarray(table.geometry.reindex(frame.index).to_numpy(), dtype=object)
    counts = frame.groupby("province_code")["commune_code"].nunique()
    foreign = ~frame["province_code"].isin(wanted).to_numpy() if wanted else np.zeros(len(frame), dtype=bool)
    if foreign.all() and len(frame):
        log.add("boundary_none_of_project", source, column=table.header("province_code"),
                fields={"provinces": ", ".join(wanted), "present": ", ".join(c or "—" for c in counts.index)})
        return _Piece(source, table.rows_in, _empty_rows(), nothing, counts)
    others = frame.loc[foreign, "geometry"].to_numpy(dtype=object)
    frame = log.drop(frame, foreign, "boundary_not_of_project", source, column=table.header("province_code"),
                     came=(frame["province_code"] + " " + frame["commune_name"]).to_numpy(),
                     fields={"provinces": ", ".join(wanted)})
    frame = _polygons_only(frame, source, log)
    vietnamese = frame["province_code"].isin(list(provinces.names)).to_numpy(dtype=bool)
    frame, swapped = place_shapes(frame, source, crs, checks.frame, log, framed=vietnamese)
    if log.refused(source):
        return _Piece(source, table.rows_in, _empty_rows(), nothing, counts)
    frame = _valid(frame, source, checks, log)
    others = only_polygons(others[~shapely.is_missing(others)])[0]
    others = shapes_to_wgs84(others, crs, swapped=swapped)
    return _Piece(source, table.rows_in, _with_provenance(frame, source), others, counts)


def _empty_rows() -> pd.DataFrame:
    columns = [*_COLUMNS, "official_area_km2", "former_names", "geometry", *_PROVENANCE]
    frame = pd.DataFrame({c: pd.Series(dtype=object) for c in columns})
    return frame.astype({"area_km2": float, "official_area_km2": float, "row": np.int64})


def _with_provenance(frame: pd.DataFrame, source: Source) -> pd.DataFrame:
    row = frame.index.to_numpy(dtype=np.int64)
    return frame.assign(file=source.file, sheet=source.sheet, row=row).reset_index(drop=True)


def _bare_digits(table: Table, frame: pd.DataFrame) -> pd.Series:
    """Return the length of each code as it came, before zeros were restored."""
    codes = table.frame.loc[frame.index, "commune_code"]
    return pd.Series([len(str(c).strip().removesuffix(".0")) for c in codes], index=frame.index)


def _attributes(
    table: Table, frame: pd.DataFrame, wanted: tuple[str, ...], provinces: _Provinces, log: IssueLog
) -> pd.DataFrame:
    """Return code, names, province and official area of each row, every guess stated."""
    text = pd.Series("", index=frame.index, dtype="str")
    full, short = frame.get("commune_name", text), frame.get("commune_short_name", text)
    area = pd.Series(np.nan, index=frame.index)
    for field, factor in _PER_KM2.items():
        if field in frame:
            area = area.fillna(frame[field] / factor)
    code = frame["commune_code"]
    unusual = ~code.str.fullmatch(r"\d{5}").to_numpy(dtype=bool)
    if unusual.any():
        log.add("boundary_code_unusual", table.source, rows=frame.index[unusual],
                column=table.header("commune_code"), came=list(code[unusual]))
    province_code, province_name = _provinces_of(table, frame, wanted, provinces, log)
    return pd.DataFrame({
        "commune_code": code,
        "commune_name": full.where(full != "", short),
        "province_code": province_code,
        "province_name": province_name,
        "area_km2": np.nan,
        "official_area_km2": area.where(area > 0),
        "former_names": frame.get("former_names", text),
    })  # fmt: skip


def _provinces_of(
    table: Table, frame: pd.DataFrame, wanted: tuple[str, ...], provinces: _Provinces, log: IssueLog
) -> tuple[pd.Series, pd.Series]:
    by_name = {fold_unit_name(name): code for code, name in provinces.names.items()}
    blank = pd.Series("", index=frame.index, dtype="str")
    code, name = frame.get("province_code", blank), frame.get("province_name", blank)
    column = table.header("province_code" if "province_code" in frame else "province_name")
    if not {"province_code", "province_name"} & set(frame.columns) and len(wanted) == 1:
        log.add("boundary_province_assumed", table.source, fields={"province": wanted[0]})
        code = pd.Series(wanted[0], index=frame.index, dtype="str")
    became = {n: former_areas().provinces_meant(n) for n in name.unique() if n and fold_unit_name(n) not in by_name}
    merged = {n: next(iter(codes)) for n, codes in became.items() if len(codes) == 1}
    meant = name.map({n: by_name.get(fold_unit_name(n), merged.get(n, "")) for n in name.unique()}).astype("str")
    old = (name.isin(list(merged)) & (code == "")).to_numpy(dtype=bool)
    if old.any():
        log.add("boundary_province_former", table.source, rows=frame.index[old], column=column,
                came=[f"{n} → {provinces.names[merged[n]]} ({merged[n]})" for n in name[old]])
    differ = ((code != "") & (meant != "") & (code != meant)).to_numpy(dtype=bool)
    if differ.any():
        log.add("boundary_province_differs", table.source, rows=frame.index[differ], column=column,
                came=list(code[differ] + " ≠ " + name[differ]))
    code = code.where(code != "", meant)
    # a code that the project itself names is meant, whether the list has it or not
    unknown = ~code.isin([*provinces.names, *wanted]).to_numpy(dtype=bool)
    if unknown.any():
        came = (code[unknown] + " " + name[unknown]).map(clean)
        log.add("boundary_province_unknown", table.source, rows=frame.index[unknown], column=column, came=list(came))
    official = code.map(lambda c: provinces.names.get(c, "")).astype("str")
    return code, official.where(official != "", name)


def _polygons_only(frame: pd.DataFrame, source: Source, log: IssueLog) -> pd.DataFrame:
    """Drop what has no shape or is no polygon; take polygons out of collections and heights out of polygons."""
    shapes = frame["geometry"].to_numpy(dtype=object)
    frame = log.drop(frame, shapely.is_missing(shapes) | shapely.is_empty(shapes), "feature_without_shape", source,
                     column="geometry", came=frame["commune_name"].to_numpy())
    shapes = frame["geometry"].to_numpy(dtype=object)
    kinds = np.array([g.geom_type for g in shapes], dtype=object)
    polygons, mixed = only_polygons(shapes)
    frame = frame.assign(geometry=polygons)
    none_left = shapely.is_empty(polygons)
    raised = shapely.has_z(shapes) & ~none_left
    if (mixed & ~none_left).any():
        log.add("feature_collection", source, rows=frame.index[mixed & ~none_left], column="geometry",
                came=[_content(g) for g in shapes[mixed & ~none_left]])
    if raised.any():
        log.add("feature_height_ignored", source, rows=frame.index[raised], column="geometry")
        frame = frame.assign(geometry=shapely.force_2d(polygons))
    return log.drop(frame, none_left, "boundary_not_polygon", source, column="geometry", came=kinds)


def _content(collection: shapely.Geometry) -> str:
    return ", ".join(sorted(g.geom_type for g in shapely.get_parts(collection))[:20])


def _valid(frame: pd.DataFrame, source: Source, checks: BoundaryChecks, log: IssueLog) -> pd.DataFrame:
    """Repair what is not valid, drop what has no area, state rings and spikes."""
    shapes = frame["geometry"].to_numpy(dtype=object)
    before = area_km2(shapes)
    wrong_way = misordered_rings(shapes)
    mended, reasons = repair(shapes)
    after = area_km2(mended)
    frame = frame.assign(geometry=shapely.orient_polygons(mended), area_km2=after)
    none_left = ~(after > checks.no_area_km2)
    repaired = (reasons != "") & ~none_left
    ordered = wrong_way & ~repaired & ~none_left
    if ordered.any():
        log.add("boundary_ring_order", source, rows=frame.index[ordered], column="geometry")
    if repaired.any():
        texts = [f"{r}; {vietnamese(b)} → {vietnamese(a)} km²" for r, b, a in
                 zip(reasons[repaired], before[repaired], after[repaired], strict=True)]
        log.add("boundary_repaired", source, rows=frame.index[repaired], column="geometry", came=texts)
    frame = log.drop(frame, none_left, "boundary_collapsed", source, column="geometry",
                     came=np.where(reasons == "", "0 km²", reasons))
    owner, places = spike_places(frame["geometry"].to_numpy(dtype=object), angle_deg=checks.spike_angle_deg,
                                 length_m=checks.spike_length_m)
    if len(owner):
        log.add("boundary_spike", source, rows=frame.index[owner], column="geometry",
                came=[f"{lon:.5f}, {lat:.5f}" for lon, lat in places],
                fields={"angle": f"{checks.spike_angle_deg:g}", "length": f"{checks.spike_length_m:g}"})
    return frame


def _join_same_codes(every: pd.DataFrame, log: IssueLog) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one row per code, and the rows that went into them."""
    again = every.duplicated("commune_code", keep=False).to_numpy(dtype=bool)
    if not again.any():
        return every, every
    shapes = every["geometry"].to_numpy(dtype=object).copy()
    areas = every["area_km2"].to_numpy(dtype=np.float64).copy()
    names = [str(n) for n in every["commune_name"]]
    numbers = every["row"].to_numpy(dtype=np.int64)
    sources = [Source(str(f), str(s)) for f, s in zip(every["file"], every["sheet"], strict=True)]
    used, single = np.ones(len(every), dtype=bool), np.ones(len(every), dtype=bool)
    for code, positions in sorted(every[again].groupby("commune_code").indices.items()):
        where = np.flatnonzero(again)[positions]
        first, kept = int(where[0]), [int(where[0])]
        for i in where[1:]:
            twin = next((k for k in kept if shapely.equals(shapes[k], shapes[i])), None)
            if twin is not None:
                log.add("boundary_duplicate", sources[i], rows=[numbers[i]], came=f"{code} = {numbers[twin]}")
            elif not same_unit_name(names[i], names[first]):
                came = f"{code}: {names[first]} ({numbers[first]}) ≠ {names[i]}"
                log.add("boundary_code_conflict", sources[i], rows=[numbers[i]], came=came)
            else:
                kept.append(int(i))
                single[i] = False
                continue
            used[i] = False
        if len(kept) > 1:
            for source in sorted({sources[k] for k in kept}):
                mine = [k for k in kept if sources[k] == source]
                log.add("boundary_parts_joined", source, rows=numbers[mine],
                        came=[f"{code}: {vietnamese(areas[k])} km²" for k in mine])
            shapes[first] = shapely.union_all(shapes[kept])
            areas[first] = area_km2(shapes[[first]])[0]
    joined = every.assign(geometry=shapes, area_km2=areas)
    return joined[used & single], every[used]
