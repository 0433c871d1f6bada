"""Where tests and sums of tests belong: a point, a tile's middle, or the commune that a row names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.areas import AreaMeant
from geo.columns import distinct_rows, pick_texts, plain_numbers
from geo.io.named_areas import communes_meant, state_former_areas, state_named_areas
from geo.io.positions import POSITION_FIELDS, PositionContext, settle_positions
from geo.io.raw import TableOptions
from geo.io.tables import Table
from geo.quadkeys import quadkey_bounds, quadkey_tiles
from geo.validation import IssueLog
from geo.values import is_blank, parse_texts

__all__ = ["settle_places"]

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_METRES_PER_DEGREE = 111_320.0
_AREA_FIELDS = ("commune_code", "commune_name", "district_name", "province_code", "province_name")


def settle_places(
    table: Table,
    frame: pd.DataFrame,
    *,
    context: PositionContext,
    options: TableOptions,
    zoom: int,
    tile_apart_m: float,
    log: IssueLog,
) -> pd.DataFrame:
    """Return rows with ``lon``, ``lat`` (NaN where only the commune is known) and ``commune_code`` in place of what they came with.

    A tile is placed by its quadkey, whatever shape comes with it, and belongs to the commune of its middle; a
    point to the commune that holds it; a row without either to the commune that it names. Rows beyond the area,
    and rows that name no place of it, are dropped, each with a finding.
    """
    if "quadkey" in frame.columns:
        return _from_quadkeys(table, frame, context, zoom, tile_apart_m, log)
    frame = _without_half_pairs(table, frame, log)
    pointed = _has_position(table, frame)
    bare = frame.drop(columns=[c for c in POSITION_FIELDS if c in frame.columns])
    named = _by_name(table, bare.loc[~pointed], context, log)
    if not pointed.any():
        return named
    part = table if table.geometry is None else replace(table, geometry=table.geometry[pointed])
    placed = settle_positions(part, frame.loc[pointed], context=context, options=options, log=log)
    if log.refused(table.source):
        return placed.assign(commune_code=pd.Series(dtype="str")).iloc[:0]
    located = context.area.locate(placed["lon"].to_numpy(), placed["lat"].to_numpy())
    outside = np.flatnonzero(located < 0)
    if len(outside) and {"commune_code", "commune_name"} & set(placed.columns):
        # Beyond the boundary by the receiver's error: the commune that the row names (a difference was stated).
        meant = communes_meant(placed.iloc[outside], context.area, context.provinces)
        located[outside] = [next(iter(m)) if len(m) == 1 else -1 for m in meant]
    placed = placed.assign(commune_code=pick_texts(context.area.codes, located, placed.index))
    if named.empty:
        return placed
    return pd.concat([placed, named]).sort_index(kind="stable")


def _without_half_pairs(table: Table, frame: pd.DataFrame, log: IssueLog) -> pd.DataFrame:
    """Return rows without a coordinate whose other one has no column: it places nothing."""
    half = [c for pair in (("lon", "lat"), ("x", "y")) for c in pair if (set(pair) & set(frame.columns)) == {c}]
    if half:
        log.add("columns_unused", table.source, came=", ".join(table.header(c) for c in half))
    return frame.drop(columns=half)


def _has_position(table: Table, frame: pd.DataFrame) -> BoolArray:
    """Return which rows have something in a column of positions."""
    columns = [c for c in POSITION_FIELDS if c in frame.columns]
    known = np.zeros(len(frame), dtype=bool)
    for column in columns:
        numbers = plain_numbers(frame[column])  # a long column of plain numbers needs no look at each cell
        known |= ~is_blank(frame[column]) if numbers is None else ~np.isnan(numbers)
    if table.geometry is not None and not columns:
        known |= table.geometry.reindex(frame.index).notna().to_numpy(dtype=bool)
    return known


def _by_name(table: Table, frame: pd.DataFrame, context: PositionContext, log: IssueLog) -> pd.DataFrame:
    """Return rows placed by the commune that they name alone."""
    frame = frame.assign(lon=np.nan, lat=np.nan)
    if frame.empty:
        return frame.assign(commune_code=pd.Series(dtype="str"))
    given = [c for c in _AREA_FIELDS if c in frame.columns]
    texts = {c: parse_texts(frame[c]) for c in given}
    rows, first = distinct_rows([texts[c] for c in given], len(frame))
    area = context.area
    found: list[str] = []
    whole: list[bool] = []
    means: list[AreaMeant] = []
    former_codes = area.has_former_codes(texts["commune_code"].unique()) if "commune_code" in texts else False
    blank = pd.Series("", index=frame.index, dtype="str")
    for i in first:
        code, name, district = (texts.get(c, blank).iloc[int(i)] for c in ("commune_code", "commune_name", "district_name"))
        province = next((area.province_meant(texts[c].iloc[int(i)]) for c in ("province_code", "province_name")
                         if c in texts and texts[c].iloc[int(i)]), "")
        means.append(area.meant(code, name, (province,) if province else context.provinces, district, former_codes=former_codes))
        meant = means[-1].units
        found.append(str(area.codes[next(iter(meant))]) if len(meant) == 1 else "")
        whole.append(not meant and not code and bool((province and not name) or area.province_meant(name)))
    codes = pick_texts([*found], rows, frame.index)
    whole_province = np.array(whole, dtype=bool)[rows]
    came = pd.Series([" ".join(t) for t in zip(*(texts[c] for c in given), strict=True)] if given else "", index=frame.index)
    unknown = (codes == "").to_numpy(dtype=bool)
    header = "; ".join(table.header(c) for c in given)
    state_former_areas(table, frame, area, [means[r] for r in rows], np.full(len(frame), -1), log)
    frame = frame.assign(commune_code=codes)
    kept = log.drop(frame, whole_province, "speed_province_total", table.source, column=header, came=came)
    return log.drop(kept, (unknown & ~whole_province)[~whole_province], "speed_place_unknown", table.source, column=header,
                    came=came[~whole_province])


def _from_quadkeys(
    table: Table, frame: pd.DataFrame, context: PositionContext, zoom: int, tile_apart_m: float, log: IssueLog
) -> pd.DataFrame:
    """Return tiles at their middle; tiles whose middle lies in no commune of the area are counted and left out."""
    keys = parse_texts(frame["quadkey"])
    column, row, good = quadkey_tiles(keys, zoom)
    header = table.header("quadkey")
    kept = log.drop(frame, ~good, "speed_quadkey_wrong", table.source, column=header,
                    came=keys.where(keys != "", None) if not good.all() else None, fields={"zoom": zoom})
    west, south, east, north = quadkey_bounds(column[good], row[good], zoom)
    lon, lat = (west + east) / 2, (south + north) / 2
    _state_shapes(table, kept, lon, lat, tile_apart_m, log)
    kept = kept.drop(columns=[c for c in POSITION_FIELDS if c in kept.columns]).assign(lon=lon, lat=lat)
    located = context.area.locate(lon, lat)
    kept = kept.assign(commune_code=pick_texts(context.area.codes, located, kept.index))
    outside = located < 0
    if outside.any() and outside.all():
        log.add("list_outside_area", table.source, column=header, came=f"{lon[0]:.5f}; {lat[0]:.5f}",
                fields={"count": len(kept), "reach_km": 0})
        return kept.iloc[:0]
    inside = log.drop(kept, outside, "speed_tile_outside", table.source, column=header,
                      fields={"outside": int(outside.sum()), "inside": int((~outside).sum())})
    state_named_areas(table, inside, context.area, context.provinces, log)
    return inside


def _state_shapes(table: Table, frame: pd.DataFrame, lon: FloatArray, lat: FloatArray, apart_m: float, log: IssueLog) -> None:
    """State tiles that came without a shape, and those whose shape lies elsewhere than their quadkey."""
    if table.geometry is None:
        return
    shapes = np.asarray(table.geometry.reindex(frame.index).to_numpy(), dtype=object)
    none = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if none.any():
        log.add("speed_tile_rebuilt", table.source, rows=() if none.all() else frame.index[none], column="geometry",
                fields={"count": int(none.sum())})
    bounds = shapely.bounds(shapes)
    crs = table.geometry.crs
    if none.all() or crs is None or not crs.is_geographic:
        return
    with np.errstate(invalid="ignore"):
        off = np.hypot((bounds[:, 0] + bounds[:, 2]) / 2 - lon, (bounds[:, 1] + bounds[:, 3]) / 2 - lat)
        away = ~none & (off * _METRES_PER_DEGREE > apart_m)
    if away.any():
        came = [f"{off_ * _METRES_PER_DEGREE:.0f} m" for off_ in off[away]]
        log.add("speed_tile_elsewhere", table.source, rows=frame.index[away], column="geometry", came=came)
