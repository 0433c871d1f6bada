"""Positions of a table's rows: from whatever columns it has to WGS 84 longitude and latitude.

Reads the cells (:mod:`geo.coordinates`), settles what they are (:mod:`geo.positions`) and states
every row that is changed or cannot be used.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import CRS

from geo.areas import AreaIndex
from geo.coordinates import AngleColumn, looks_packed, parse_angles, split_pair
from geo.crs import from_wgs84, parse_crs, to_wgs84, zone_label
from geo.declared import Declared, declared_in
from geo.errors import CrsError
from geo.io.came import Texts, cells_came, shown
from geo.io.crs_findings import list_readings, refuse_given, refuse_list, why_settled
from geo.io.named_areas import communes_meant, state_named_areas
from geo.io.raw import TableOptions
from geo.io.tables import Table
from geo.positions import (
    Outcome,
    PositionSettings,
    Settlement,
    settle_degrees,
    settle_metres,
)
from geo.validation import IssueLog
from geo.values import is_blank

__all__ = ["POSITION_FIELDS", "PositionContext", "settle_positions"]

#: Fields that hold positions, all read raw.
POSITION_FIELDS = ("lon", "lat", "x", "y", "position")
_DEGREES_MAX = 180.0
_METRES_MIN = 10_000.0
_GIVEN_SHARE = 0.5  # of the points, or of the communes, that a stated crs must at least put into the area
_CLEARLY = 0.3
_COARSE_METRES = 100.0  # both coordinates whole hundreds: rounded, or written with an exponent


@dataclass(frozen=True, slots=True)
class PositionContext:
    """What positions are settled against.

    Attributes
    ----------
    area : AreaIndex
    provinces : tuple of str
        Provinces of the project; empty: all of ``area``.
    settings : PositionSettings
    keep_outside : bool
        Keep rows beyond reach of the area (they are stated all the same).
    """

    area: AreaIndex
    provinces: tuple[str, ...] = ()
    settings: PositionSettings = field(default_factory=PositionSettings)
    keep_outside: bool = False


def settle_positions(
    table: Table, frame: pd.DataFrame, *, context: PositionContext, options: TableOptions, log: IssueLog
) -> pd.DataFrame:
    """Return ``frame`` with ``lon`` and ``lat`` (EPSG:4326) in place of its position columns.

    Rows without a usable position are dropped, each with a finding. When the list as a whole
    cannot be settled the result is empty and the finding refuses the file.

    Parameters
    ----------
    table : Table
        The source, for geometry, headers and titles.
    frame : DataFrame
        Rows still alive, with raw position columns, index = row number in the file.
    context : PositionContext
    options : TableOptions
    log : IssueLog
    """
    if {"lon", "lat", "x", "y"} <= set(frame.columns):
        return _two_pairs(table, frame, context, options, log)
    rest = frame.drop(columns=[c for c in POSITION_FIELDS if c in frame.columns])
    if table.geometry is not None and not {"lon", "x", "position"} & set(frame.columns):
        return _from_geometry(table, rest, context, options, log)
    first, second, headers = _columns(table, frame)
    rest, first, second = _drop_unreadable(table, rest, frame, first, second, headers, log)
    lon, lat, keep = _settle(table, rest, first, second, headers, context, options, log)
    if log.refused(table.source):
        return rest.iloc[:0].assign(lon=pd.Series(dtype=float), lat=pd.Series(dtype=float))
    rest = rest.assign(lon=lon, lat=lat) if keep.all() else rest.loc[keep].assign(lon=lon[keep], lat=lat[keep])
    return _check_place(table, rest, headers, context, log)


def _two_pairs(
    table: Table, frame: pd.DataFrame, context: PositionContext, options: TableOptions, log: IssueLog
) -> pd.DataFrame:
    """Settle a list that gives degrees and X/Y: degrees where they stand, X/Y elsewhere, each held against the other."""
    trial = IssueLog(log.catalogue)
    metres = settle_positions(table, frame.drop(columns=["lon", "lat"]), context=context, options=options, log=trial)
    lacking = is_blank(frame["lon"]) | is_blank(frame["lat"])
    spare = frame.index[lacking].intersection(metres.index)
    degrees = frame.drop(index=spare).drop(columns=["x", "y"])
    placed = settle_positions(table, degrees, context=context, options=replace(options, crs=""), log=log)
    if log.refused(table.source):
        return placed
    if len(spare):
        log.add("position_from_second_pair", table.source, rows=spare, column=f"{table.header('x')}; {table.header('y')}")
        placed = pd.concat([placed, metres.loc[spare]]).sort_index()
    if trial.refused(table.source) or metres.empty:
        log.add("second_pair_unsettled", table.source, column=f"{table.header('x')}; {table.header('y')}")
        return placed
    both = placed.index.intersection(metres.index).difference(spare)
    if len(both):
        x1, y1 = from_wgs84(placed.loc[both, "lon"], placed.loc[both, "lat"], context.area.plane_epsg)
        x2, y2 = from_wgs84(metres.loc[both, "lon"], metres.loc[both, "lat"], context.area.plane_epsg)
        apart = np.hypot(x1 - x2, y1 - y2)
        far = apart > context.settings.pairs_differ_m
        if far.any():
            log.add("position_pairs_differ", table.source, rows=both[far],
                    column="; ".join(table.header(c) for c in ("lon", "lat", "x", "y")),
                    came=[f"{d / 1000:.2f} km" for d in apart[far]],
                    fields={"limit_m": f"{context.settings.pairs_differ_m:g}"})
    return placed


@dataclass(frozen=True, slots=True)
class _Cells:
    """One coordinate of the rows: numbers, and whether the cell itself said which axis it is."""

    values: npt.NDArray[np.float64]
    axis: npt.NDArray[np.object_]
    sexagesimal: npt.NDArray[np.bool_]
    blank: npt.NDArray[np.bool_]
    maybe_south: npt.NDArray[np.bool_]

    def take(self, keep: npt.NDArray[np.bool_]) -> _Cells:
        return _Cells(
            self.values[keep], self.axis[keep], self.sexagesimal[keep], self.blank[keep], self.maybe_south[keep]
        )


def _columns(table: Table, frame: pd.DataFrame) -> tuple[_Cells, _Cells, tuple[str, str]]:
    """Return the columns meant as longitude or X, and latitude or Y, with their headers."""
    if "position" in frame.columns and not {"lon", "lat"} <= set(frame.columns):
        first, second = _split_column(frame["position"])
        return first, second, (table.header("position"), table.header("position"))
    a, b = ("lon", "lat") if {"lon", "lat"} <= set(frame.columns) else ("x", "y")
    one, two = parse_angles(frame[a]), parse_angles(frame[b])
    return _as_cells(one, two), _as_cells(two, one), (table.header(a), table.header(b))


def _as_cells(column: AngleColumn, partner: AngleColumn) -> _Cells:
    if column.plain:
        nowhere = np.zeros(len(column.values), dtype=bool)
        return _Cells(column.values, column.labels, column.sexagesimal, column.blank, nowhere)
    axis = np.where(
        np.isin(column.letters, ["N", "S", "B", "M"]),
        "lat",
        np.where(np.isin(column.letters, ["E", "W", "D", "T"]), "lon", column.labels),
    ).astype(object)
    return _Cells(column.values, axis, column.sexagesimal, column.blank, _maybe_south(column, partner))


def _maybe_south(column: AngleColumn, partner: AngleColumn) -> npt.NDArray[np.bool_]:
    """Where ``N`` may stand for Nam: beside a Vietnamese letter, or in a list that uses them.

    Beside E or W it is north, and so it is in a list without any Vietnamese letter.
    """
    listed = bool(column.vietnamese.any() or partner.vietnamese.any())
    plain_n = np.asarray(column.letters == "N", dtype=bool)
    return plain_n & ~partner.english & (partner.vietnamese | listed)


def _split_column(cells: pd.Series) -> tuple[_Cells, _Cells]:
    n = len(cells)
    values = np.full((2, n), np.nan)
    letters, labels = np.full((2, n), "", dtype=object), np.full((2, n), "", dtype=object)
    sexagesimal = np.zeros((2, n), dtype=bool)
    blank = is_blank(cells)
    for i, (cell, empty) in enumerate(zip(cells, blank, strict=True)):
        pair = split_pair(cell) if not empty and isinstance(cell, str) else None
        if pair is None:
            continue
        # Written pairs are latitude first unless they say otherwise; the area test may still exchange them.
        north, east = pair if pair[0].axis != "lon" and pair[1].axis != "lat" else (pair[1], pair[0])
        for j, angle in enumerate((east, north)):
            values[j, i], letters[j, i], labels[j, i] = angle.value, angle.letter, angle.label
            sexagesimal[j, i] = angle.sexagesimal
    columns = [
        AngleColumn(values[j], letters[j], labels[j], sexagesimal[j], blank, np.isnan(values[j]) & ~blank)
        for j in (0, 1)
    ]
    return _as_cells(columns[0], columns[1]), _as_cells(columns[1], columns[0])


def _drop_unreadable(
    table: Table,
    rest: pd.DataFrame,
    frame: pd.DataFrame,
    first: _Cells,
    second: _Cells,
    headers: tuple[str, str],
    log: IssueLog,
) -> tuple[pd.DataFrame, _Cells, _Cells]:
    column = headers[0] if headers[0] == headers[1] else f"{headers[0]}; {headers[1]}"
    nan = np.isnan(first.values) | np.isnan(second.values)
    missing = nan & (first.blank | second.blank)
    zero = ~nan & ((first.values == 0) | (second.values == 0))
    bad = nan | zero
    if not bad.any():
        return rest, first, second
    present = [frame[c] for c in POSITION_FIELDS if c in frame.columns]
    came = np.full(len(frame), "", dtype=object)
    for i in np.flatnonzero(bad):
        came[i] = "; ".join(shown(cells.iloc[int(i)]) for cells in present)
    for mask, code in (
        (missing, "position_missing"),
        (nan & ~missing, "position_unreadable"),
        (zero, "position_zero"),
    ):
        alive = np.isin(frame.index, rest.index)
        rest = log.drop(rest, mask[alive], code, table.source, column=column, came=came[alive])
    keep = np.isin(frame.index, rest.index)
    return rest, first.take(keep), second.take(keep)


def _settle(
    table: Table,
    rest: pd.DataFrame,
    first: _Cells,
    second: _Cells,
    headers: tuple[str, str],
    context: PositionContext,
    options: TableOptions,
    log: IssueLog,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return longitude, latitude and which rows are kept, stating everything on the way."""
    n = len(rest)
    lon, lat, keep = np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, dtype=bool)
    a, b = np.abs(first.values), np.abs(second.values)
    degrees = (a <= _DEGREES_MAX) & (b <= _DEGREES_MAX)
    metres = (np.maximum(a, b) >= 10 * _METRES_MIN) & (np.minimum(a, b) >= _METRES_MIN / 10) & ~degrees
    neither = ~degrees & ~metres
    column = f"{headers[0]}; {headers[1]}"
    texts = Texts(first.values, second.values, "{:.10g}; {:.10g}")
    _drop_only(log, table, rest, neither, "position_not_coordinate", column, texts)
    stated = declared_in([*table.preamble, *headers])
    if degrees.any():
        vn2000, unclear = _degrees_datum(stated, declared_in(headers).datum, options)
        if unclear:
            log.add("degrees_datum_unclear", table.source, column=column)
        lon[degrees], lat[degrees] = _degrees(
            table, rest.index[degrees], first.take(degrees), second.take(degrees), column, texts[degrees],
            context, vn2000, log,
        )
        keep |= degrees
    if metres.any():
        part = rest.loc[metres]
        groups = _province_groups(part, context)
        for provinces, mask in groups:
            where = np.flatnonzero(metres)[mask]
            settled = _metres(
                table, rest.iloc[where], first.values[where], second.values[where], provinces, context, options,
                stated, column, texts[where], log, main=bool(metres.sum() >= degrees.sum()),
            )
            if settled is None:
                continue
            lon[where], lat[where] = settled
            keep[where] = True
    return lon, lat, keep


def _degrees_datum(stated: Declared, of_headers: str, options: TableOptions) -> tuple[bool, bool]:
    """Return whether degrees are on VN-2000, and whether that is unclear.

    The header of the columns itself decides; a title that names a zone speaks of X/Y.
    """
    if options.crs:
        return parse_crs(options.crs).to_epsg() == 4756, False
    if of_headers in {"vn2000", "wgs84"}:
        return of_headers == "vn2000", False
    if stated.datum == "vn2000" and not stated.zones:
        return True, False
    return False, stated.datum in {"vn2000", "both"}


def _drop_only(
    log: IssueLog,
    table: Table,
    rest: pd.DataFrame,
    mask: npt.NDArray[np.bool_],
    code: str,
    column: str,
    texts: Texts,
) -> None:
    if mask.any():
        log.add(code, table.source, rows=rest.index[mask], column=column, came=list(texts[mask]))


def _degrees(
    table: Table,
    rows: pd.Index,
    first: _Cells,
    second: _Cells,
    column: str,
    texts: Texts,
    context: PositionContext,
    vn2000: bool,
    log: IssueLog,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    # A letter or label in the cell says which axis it is, whatever the header says.
    lettered, certain = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    if first.axis.astype(bool).any() or second.axis.astype(bool).any():
        lat_first = np.asarray(first.axis == "lat", dtype=bool)
        lon_second = np.asarray(second.axis == "lon", dtype=bool)
        lettered = (lat_first & np.asarray(second.axis != "lat", dtype=bool)) | (
            lon_second & np.asarray(first.axis != "lon", dtype=bool)
        )
        certain = np.asarray(first.axis != "", dtype=bool) | np.asarray(second.axis != "", dtype=bool)
    a = np.where(lettered, second.values, first.values)
    b = np.where(lettered, first.values, second.values)
    a, b = _north_or_nam(table, rows, a, b, first.maybe_south | second.maybe_south, column, texts, context, log)
    settled = settle_degrees(a, b, context.area, settings=context.settings, vn2000=vn2000)
    if vn2000:
        log.add("degrees_on_vn2000", table.source, column=column)
    if settled.list_swapped:
        log.add("position_list_swapped", table.source, column=column, came=texts.first,
                fields={"count": len(rows)})
    all_lettered = bool(lettered.all()) and len(lettered) > 0
    changed = (settled.row_swapped & ~certain) | (lettered if not (settled.list_swapped or all_lettered) else np.zeros_like(lettered))
    if all_lettered:
        log.add("position_list_swapped", table.source, column=column, came=texts.first, fields={"count": len(rows)})
    if changed.any():
        log.add("position_row_swapped", table.source, rows=rows[changed], column=column, came=list(texts[changed]))
    plain = ~first.sexagesimal & ~second.sexagesimal
    if looks_packed(settled.lon[plain], settled.lat[plain]):
        log.add("position_looks_packed", table.source, column=column, came=texts.first)
    coarse = ~first.sexagesimal & ~second.sexagesimal & _coarse(a) & _coarse(b)
    if coarse.any():
        log.add("position_coarse", table.source, rows=rows[coarse], column=column, came=list(texts[coarse]))
    return settled.lon, settled.lat


def _north_or_nam(
    table: Table,
    rows: pd.Index,
    lon: npt.NDArray[np.float64],
    lat: npt.NDArray[np.float64],
    unclear: npt.NDArray[np.bool_],
    column: str,
    texts: Texts,
    context: PositionContext,
    log: IssueLog,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Settle ``N`` beside Vietnamese letters by the area, and say for which rows it was read how."""
    if not unclear.any():
        return lon, lat
    north = np.zeros(len(lat), dtype=bool)
    north[unclear] = context.area.within(lon[unclear], lat[unclear], margin_m=context.settings.reach_m)
    if north.any():
        log.add("letter_n_read_as_north", table.source, rows=rows[north], column=column, came=list(texts[north]))
    return lon, np.where(unclear & ~north, -lat, lat)


def _coarse(values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Two decimals or fewer: the position is known to a kilometre at best."""
    return np.abs(values * 100 - np.round(values * 100)) < 1e-7


def _province_groups(
    part: pd.DataFrame, context: PositionContext
) -> list[tuple[tuple[str, ...], npt.NDArray[np.bool_]]]:
    """Split rows by the province that they name, if they name several of the area's."""
    everything = np.ones(len(part), dtype=bool)
    whole = [(context.provinces or context.area.province_codes, everything)]
    column = next((c for c in ("province_code", "province_name") if c in part.columns), None)
    if column is None:
        return whole
    named = part[column].map(context.area.province_meant).to_numpy(dtype=object)
    distinct = sorted(set(named) - {""})
    if not distinct:
        return whole
    if len(distinct) == 1:
        return [((distinct[0],), everything)]
    groups: list[tuple[tuple[str, ...], npt.NDArray[np.bool_]]] = [((p,), named == p) for p in distinct]
    if (named == "").any():
        groups.append((context.provinces or context.area.province_codes, named == ""))
    return groups


def _metres(
    table: Table,
    part: pd.DataFrame,
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    provinces: tuple[str, ...],
    context: PositionContext,
    options: TableOptions,
    stated: Declared,
    column: str,
    texts: Texts,
    log: IssueLog,
    *,
    main: bool,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None:
    settings = context.settings
    declared = stated.zones or ((32648, 32649) if stated.datum == "wgs84" else ())
    doubted = not stated.datum_stated or bool(stated.zones)
    if options.crs:
        epsg = parse_crs(options.crs).to_epsg()
        if epsg is None:
            raise CrsError(
                f"{table.source}: crs = '{options.crs}' không có mã EPSG; hãy ghi mã EPSG.",
                f"{table.source}: crs = '{options.crs}' has no EPSG code; give one.",
            )
        declared, doubted = (epsg,), False
        # The project file has the last word: the area test only settles which column is the easting.
        settings = replace(settings, survive_share=_GIVEN_SHARE, margin_m=max(settings.margin_m, settings.reach_m))
    meant = communes_meant(part, context.area, provinces)
    settled = settle_metres(
        x, y, context.area, provinces=provinces, meant=meant, settings=settings, declared=declared, doubted=doubted
    )
    if options.crs and (settled.chosen is None or settled.chosen.match_share < _GIVEN_SHARE):
        # Not silently wrong either: what the rule itself would have taken is named if it fits clearly better.
        ruled = settle_metres(x, y, context.area, provinces=provinces, meant=meant, settings=context.settings)
        better = ruled.chosen is not None and ruled.chosen.epsg not in declared and (
            settled.chosen is None or ruled.chosen.match_share - settled.chosen.match_share >= _CLEARLY
        )
        if settled.chosen is None or better:
            refuse_given(table, settled, ruled, declared, provinces, column, texts.first, log)
            return None
    if settled.chosen is None:
        if main:
            refuse_list(table, settled, provinces, context.settings.survive_share, column, texts.first, log, declared=declared)
        else:
            log.add("position_other_kind", table.source, rows=part.index, column=column, came=list(texts))
        return None
    lon, lat = _exchange_rows(table, part, x, y, settled, provinces, context, column, texts, log)
    coarse = (np.abs(x) % _COARSE_METRES == 0) & (np.abs(y) % _COARSE_METRES == 0)
    if coarse.any():
        log.add("position_coarse_metres", table.source, rows=part.index[coarse], column=column, came=list(texts[coarse]))
    chosen = settled.chosen
    unconfirmed = bool(settled.also_fit) or (
        settled.outcome is not Outcome.DECLARED and bool(np.isnan(chosen.match_share))
    )
    if options.crs and chosen.inside_share < context.settings.survive_share:
        log.add("crs_given_doubtful", table.source, column=column, fields={
            "declared": zone_label(chosen.epsg), "inside": f"{chosen.inside_share:.0%}",
            "reach_km": f"{context.settings.reach_m / 1000:g}"})
    log.add(
        "crs_settled_by_place" if unconfirmed else "crs_settled",
        table.source,
        column=column,
        came=f"{len(part)} × X/Y",
        fields={
            "zone": zone_label(chosen.epsg),
            "axes_vi": "X là trục Bắc, Y là trục Đông" if chosen.swapped else "X là trục Đông, Y là trục Bắc",
            "axes_en": "X is the northing, Y the easting" if chosen.swapped else "X is the easting, Y the northing",
            "inside": f"{chosen.inside_share:.1%}",
            **why_settled(settled),
            "tried": list_readings(settled.tried[:6]),
            "also": ", ".join(zone_label(e) for e in settled.also_fit) or "—",
        },
    )
    return lon, lat


def _exchange_rows(
    table: Table,
    part: pd.DataFrame,
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    settled: Settlement,
    provinces: tuple[str, ...],
    context: PositionContext,
    column: str,
    texts: Texts,
    log: IssueLog,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Put right the few rows whose X and Y are exchanged against the rest of the list."""
    lon, lat = settled.lon.copy(), settled.lat.copy()
    if settled.chosen is None:
        return lon, lat
    reach = context.settings.reach_m
    outside = ~context.area.within(lon, lat, margin_m=reach)
    if outside.any():
        epsg, swapped = settled.chosen.epsg, settled.chosen.swapped
        pair = (x, y) if swapped else (y, x)
        other_lon, other_lat = to_wgs84(pair[0][outside], pair[1][outside], epsg)
        good = context.area.within(other_lon, other_lat, margin_m=reach)
        rows = np.flatnonzero(outside)[good]
        lon[rows], lat[rows] = other_lon[good], other_lat[good]
        if len(rows):
            log.add("position_row_swapped", table.source, rows=part.index[rows], column=column,
                    came=list(texts[rows]))
    return lon, lat


def _check_place(
    table: Table, rest: pd.DataFrame, headers: tuple[str, str], context: PositionContext, log: IssueLog
) -> pd.DataFrame:
    """Drop rows beyond reach of the area and state rows whose commune column says another place."""
    lon, lat = rest["lon"].to_numpy(), rest["lat"].to_numpy()
    near = context.area.within(lon, lat, margin_m=context.settings.reach_m)
    column = headers[0] if headers[0] == headers[1] else f"{headers[0]}; {headers[1]}"
    came = Texts(lon, lat, "{:.5f}; {:.5f}")
    cells = cells_came(table, rest.index[~near], POSITION_FIELDS)
    fields = {"reach_km": f"{context.settings.reach_m / 1000:g}", "count": len(rest)}
    if len(rest) and not near.any() and not context.keep_outside:
        log.add("list_outside_area", table.source, column=column, came=came.first, fields=fields)
        return rest.iloc[:0]
    if not near.all():
        if context.keep_outside:
            log.add("position_outside_kept", table.source, rows=rest.index[~near], column=column,
                    came=list(came[~near]), fields=fields)
        else:
            placed = [f"{cells[n]} → {c}" if n in cells else c for n, c in zip(rest.index[~near], came[~near], strict=True)]
            log.add("position_outside", table.source, rows=rest.index[~near], column=column, came=placed, fields=fields)
            rest = rest.loc[near]
    state_named_areas(table, rest, context.area, context.provinces, log)
    return rest


def _state_layer_crs(table: Table, rest: pd.DataFrame, crs: CRS, context: PositionContext, log: IssueLog) -> None:
    """State a layer whose declared CRS puts some, but fewer points into the province than a list may."""
    if not context.provinces or rest.empty:
        return
    inside = context.area.within(rest["lon"], rest["lat"], provinces=context.provinces, margin_m=context.settings.margin_m)
    if 0 < inside.mean() < context.settings.survive_share:
        log.add("layer_crs_doubtful", table.source, column="geometry",
                fields={"declared": crs.name, "inside": f"{inside.mean():.0%}"})


def _from_geometry(
    table: Table, rest: pd.DataFrame, context: PositionContext, options: TableOptions, log: IssueLog
) -> pd.DataFrame:
    """Positions of a vector layer: its points, in its declared CRS."""
    if table.geometry is None:
        return rest
    geometry = table.geometry.reindex(rest.index)
    shapes = np.asarray(geometry.to_numpy(), dtype=object)
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    rest = log.drop(rest, empty, "position_missing", table.source, column="geometry")
    shapes = shapes[~empty]
    single = shapely.get_type_id(shapes) == 4  # MultiPoint of one point is a common export habit
    shapes = np.where(single & (shapely.get_num_geometries(shapes) == 1), shapely.get_geometry(shapes, 0), shapes)
    point = shapely.get_type_id(shapes) == 0
    rest = log.drop(rest, ~point, "geometry_not_point", table.source, column="geometry",
                    came=None if point.all() else [g.geom_type for g in shapes])
    shapes = shapes[point]
    declared = options.crs or geometry.crs
    if declared is None:
        log.add("crs_missing", table.source, column="geometry")
        return rest.iloc[:0].assign(lon=pd.Series(dtype=float), lat=pd.Series(dtype=float))
    lon, lat = to_wgs84(shapely.get_x(shapes), shapely.get_y(shapes), parse_crs(declared))
    bad = ~(np.isfinite(lon) & np.isfinite(lat))
    rest = log.drop(rest, bad, "position_unreadable", table.source, column="geometry",
                    came=[g.wkt[:60] for g in shapes] if bad.any() else None)
    lon, lat = lon[~bad], lat[~bad]
    settled = settle_degrees(lon, lat, context.area, settings=context.settings)
    if settled.list_swapped:
        log.add("position_list_swapped", table.source, column="geometry", fields={"count": len(rest)})
    if settled.row_swapped.any():
        log.add("position_row_swapped", table.source, rows=rest.index[settled.row_swapped], column="geometry")
    rest = rest.assign(lon=settled.lon, lat=settled.lat)
    _state_layer_crs(table, rest, parse_crs(declared), context, log)
    return _check_place(table, rest, ("geometry", "geometry"), context, log)
