"""Dead zones of a coverage: for all operators together, per operator, per operator and technology, and along roads."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.coverage import Coverage, CoverageSettings
from geo.crs import from_wgs84, to_wgs84
from geo.dead_zones.kinds import SERVED, KindMap, ZoneKind, all_kinds, layer_kinds, operator_kinds
from geo.dead_zones.outlines import outlines, outlines_to_wgs84
from geo.dead_zones.paths import PathLook
from geo.dead_zones.people import UnservedDraws, people_totals, zone_people
from geo.dead_zones.points import ZonePoints, zone_points
from geo.dead_zones.priority import with_priority
from geo.dead_zones.reasons import zone_reasons
from geo.dead_zones.roads import RoadSegments, road_segments
from geo.dead_zones.settings import DeadZoneSettings, PrioritySettings, dead_zone_settings, priority_settings
from geo.dead_zones.surroundings import (
    Places,
    commune_shares,
    joined_codes,
    nearest_sites,
    touched_communes,
    zone_of_places,
    zone_villages,
)
from geo.dead_zones.table import CLASSES, dead_zone_ids, zone_frame
from geo.dead_zones.weak import weak_clusters
from geo.dead_zones.zones import Zones, cell_areas_km2, label_zones, sieve
from geo.io.run_folder import run_name

__all__ = ["SCOPES", "DeadZones", "RoadSet", "ZoneSet", "find_dead_zones"]

_BOOL = npt.NDArray[np.bool_]
_F64 = npt.NDArray[np.float64]
_I32 = npt.NDArray[np.int32]
_I64 = npt.NDArray[np.int64]

Scope = Literal["all", "operator", "layer"]
SCOPES: tuple[Scope, ...] = ("all", "operator", "layer")


@dataclass(frozen=True, slots=True, eq=False)
class ZoneSet:
    """Zones of one map.

    Attributes
    ----------
    frame : GeoDataFrame
        Columns :data:`geo.dead_zones.table.DEAD_ZONE_COLUMNS`, EPSG:4326.
    outline : GeoSeries
        The same outlines in the grid's CRS.
    label : (rows, columns) int32 array
        Zone of each cell by position in ``frame``, -1 none. What is counted is counted over these cells.
    sieved : DataFrame
        What is too small to be listed (:data:`geo.dead_zones.zones.SIEVED_COLUMNS`).
    totals : DataFrame
        People over all zones with their interval (:data:`geo.dead_zones.people.TOTAL_COLUMNS`).
    cut : tuple of str
        Zones too large to be drawn in one block: the ends of their people are too close together if the
        field was drawn anew for each.
    """

    frame: gpd.GeoDataFrame
    outline: gpd.GeoSeries
    label: _I32
    sieved: pd.DataFrame
    totals: pd.DataFrame
    cut: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class RoadSet:
    """Stretches of road without signal.

    Attributes
    ----------
    frame : GeoDataFrame
        Columns of zones, class ``road``, LineStrings, EPSG:4326.
    km : mapping of str to float
        Length of all roads by :data:`geo.dead_zones.roads.ROAD_STATES`.
    short : int
        Stretches too short to be listed.
    short_km : float
    """

    frame: gpd.GeoDataFrame
    km: Mapping[str, float]
    short: int
    short_km: float


@dataclass(frozen=True, slots=True, eq=False)
class DeadZones:
    """All that was asked for.

    Attributes
    ----------
    all : ZoneSet or None
        Over all operators.
    by_operator : mapping of str to ZoneSet
    by_layer : mapping of (operator, technology) to ZoneSet
        Technologies that count.
    roads : RoadSet or None
    """

    all: ZoneSet | None
    by_operator: Mapping[str, ZoneSet]
    by_layer: Mapping[tuple[str, str], ZoneSet]
    roads: RoadSet | None

    def table(self) -> pd.DataFrame:
        """Return zones over all operators, then roads, without their shapes: the rows of ``dead_zones.csv``."""
        frames = [part.frame for part in (self.all, self.roads) if part is not None]
        return pd.concat([pd.DataFrame(frame.drop(columns="geometry")) for frame in frames], ignore_index=True)


def find_dead_zones(
    coverage: Coverage,
    settings: CoverageSettings,
    places: Places,
    *,
    on: date,
    weak_cluster_households: float,
    zone_settings: DeadZoneSettings | None = None,
    priorities: PrioritySettings | None = None,
    roads: gpd.GeoDataFrame | None = None,
    draws: UnservedDraws | None = None,
    look: PathLook | None = None,
    cost_vnd: pd.Series | None = None,
    scopes: Collection[Scope] = SCOPES,
    drawn: Collection[Scope] = SCOPES,
    looked: Collection[Scope] = SCOPES,
) -> DeadZones:
    """Return the areas without signal, with what is known of them.

    Parameters
    ----------
    coverage : Coverage
        Its arrays may be memory-mapped; one layer is taken at a time.
    settings : CoverageSettings
        Which technologies count, the planning levels, the reach of a radio cell.
    places : Places
    on : date
        The project's date.
    weak_cluster_households : float
        N of :class:`geo.villages.VillageSettings`.
    zone_settings, priorities : optional
        The package's defaults unless given.
    roads : GeoDataFrame, optional
        See :func:`geo.dead_zones.roads.road_segments`.
    draws : UnservedDraws, optional
        Without them people have no interval.
    look : PathLook, optional
        See :func:`geo.dead_zones.paths.path_look`; without it no terrain and no ridge is named.
    cost_vnd : Series, optional
        See :func:`geo.dead_zones.priority.with_priority`.
    scopes : collection of {"all", "operator", "layer"}
        What is looked for. Roads belong to "all".
    drawn, looked : collections of the same
        For which of them people are drawn, and paths looked at.

    Returns
    -------
    DeadZones
        The same to the last bit however the rows of villages, facilities, sites, radio cells and roads come.
    """
    zone_settings = zone_settings or dead_zone_settings()
    priorities = priorities or priority_settings()
    places.require(coverage.grid)
    served = {o: np.isin(coverage.operator_state(o, settings.counting), SERVED) for o in coverage.operators}
    everyone = all_kinds(coverage, settings.counting, places.population)
    found = _Finder(
        coverage, settings, places, on, weak_cluster_households, zone_settings, priorities, cost_vnd,
        cell_areas_km2(coverage.grid), served, _of_class(everyone, "white"),
    )  # fmt: skip
    stems = _stems(coverage.operators)
    counted = [(i, o, t) for i, (o, t) in enumerate(coverage.layers) if t in settings.counting]
    of_scope = {scope: (draws if scope in drawn else None, look if scope in looked else None) for scope in SCOPES}
    return DeadZones(
        found.zone_set(everyone, *of_scope["all"]) if "all" in scopes else None,
        {
            o: found.zone_set(operator_kinds(coverage, o, settings.counting), *of_scope["operator"], (o, ""), stems[o])
            for o in (coverage.operators if "operator" in scopes else ())
        },
        {
            (o, t): found.zone_set(layer_kinds(coverage, i), *of_scope["layer"], (o, t), f"{stems[o]}-{t.lower()}")
            for i, o, t in (counted if "layer" in scopes else ())
        },
        found.road_set(roads, everyone, of_scope["all"][1]) if roads is not None and "all" in scopes else None,
    )


def _of_class(kinds: KindMap, name: str) -> _BOOL:
    codes = [k + 1 for k, kind in enumerate(kinds.kinds) if kind.name == name]
    return np.asarray(np.isin(kinds.code, codes), dtype=np.bool_)


def _stems(operators: Sequence[str]) -> dict[str, str]:
    """Return a beginning for the ids of each operator's zones: its plain name where no other has the same."""
    plain = [run_name(name) for name in operators]
    return {o: p if plain.count(p) == 1 else o for o, p in zip(operators, plain, strict=True)}


@dataclass(frozen=True, slots=True, eq=False)
class _Finder:
    """What all maps of a run share."""

    coverage: Coverage
    settings: CoverageSettings
    places: Places
    on: date
    least_households: float
    zone_settings: DeadZoneSettings
    priorities: PrioritySettings
    cost_vnd: pd.Series | None
    area_km2: _F64
    served: Mapping[str, _BOOL]
    white: _BOOL

    def zone_set(
        self, kinds: KindMap, draws: UnservedDraws | None, look: PathLook | None, scope: tuple[str, str] = ("", ""), stem: str = ""
    ) -> ZoneSet:
        grid, places, chosen = self.coverage.grid, self.places, self.zone_settings
        zones, sieved = self._listed(label_zones(kinds), kinds)
        zones, names, weak, communes = self._ordered(zones, kinds)
        people = zone_people(zones, kinds.kinds, self.area_km2, places.population, draws, chosen)
        points = zone_points(zones, grid, places.population, chosen)
        shapes = outlines(zones, grid, chosen, exact=self._exact(points))
        ids = dead_zone_ids([stem] * len(zones) if stem else names, communes["commune_code"].tolist())
        area = zones.sums(zones.of(self.area_km2))
        first = points.first
        frame = zone_frame(
            {
                "dead_zone_id": ids,
                "commune_codes": communes["commune_codes"],
                "commune_shares": communes["commune_shares"],
                "area_km2": area,
                "population": people.central,
                "population_low": people.low,
                "population_high": people.high,
                "population_in_cells": people.in_cells,
                "population_unknown_km2": people.unknown_km2,
                "draws": np.zeros(len(zones)) if people.drawn is None else np.isfinite(people.drawn).sum(axis=1),
                "class": names,
                "operator": scope[0],
                "technology": scope[1],
                "operators_missing": ["; ".join(kinds.kinds[k].operators_missing) for k in zones.kind],
                "operators_serving": self._serving(zones),
                "evidence": _evidence(zones, kinds),
                "lon": points.lon[first],
                "lat": points.lat[first],
                "cells": np.diff(zones.first),
                "white_share": zones.sums(zones.of(self.white) * zones.of(self.area_km2)) / area,
                **zone_villages(zones, grid, places, weak),
                **self._facilities(zones),
                **nearest_sites(points.x_m[first], points.y_m[first], places.sites, grid),
                **self._reasons(points, zones.kind, kinds.kinds, look),
            },
            outlines_to_wgs84(shapes, grid.epsg),
        )
        return ZoneSet(
            with_priority(frame, self.priorities, on=self.on, cost_vnd=self.cost_vnd),
            gpd.GeoSeries(shapes, crs=grid.epsg),
            zones.label,
            sieved,
            people_totals(zones, names, self.area_km2, people, chosen),
            tuple(code for code, cut in zip(ids, people.cut.tolist(), strict=True) if cut),
        )

    def road_set(self, roads: gpd.GeoDataFrame, kinds: KindMap, look: PathLook | None) -> RoadSet:
        grid, places = self.coverage.grid, self.places
        found = road_segments(roads, self.coverage.all_state(self.settings.counting), grid, self.zone_settings)
        lines = found.lines
        communes = _road_communes(found, places)
        order = np.lexsort((np.arange(len(lines)), communes["commune_code"].to_numpy(dtype=str)))
        lines, communes = lines.iloc[order].reset_index(drop=True), communes.iloc[order].reset_index(drop=True)
        x, y = lines["x_m"].to_numpy(float), lines["y_m"].to_numpy(float)
        lon, lat = to_wgs84(x, y, grid.epsg)
        points = ZonePoints(
            np.arange(len(lines)), lines["row"].to_numpy(np.int64), lines["column"].to_numpy(np.int64), x, y, lon, lat
        )
        white = [k for k, kind in enumerate(kinds.kinds) if kind.name == "white"]
        kind_of = np.full(len(lines), white[0] if white else 0, dtype=np.int64)
        frame = zone_frame(
            {
                "dead_zone_id": dead_zone_ids(["road"] * len(lines), communes["commune_code"].tolist()),
                "commune_codes": communes["commune_codes"],
                "commune_shares": communes["commune_shares"],
                "class": "road",
                "operators_missing": "; ".join(self.coverage.operators),
                "evidence": np.array(_road_evidence(found, kinds), dtype=object)[order],
                "lon": lon,
                "lat": lat,
                **{name: lines[name] for name in ("length_km", "road_ids", "road_name", "road_class")},
                **nearest_sites(x, y, places.sites, grid),
                **self._reasons(points, kind_of, kinds.kinds, look),
            },
            outlines_to_wgs84(lines.geometry.to_numpy(), grid.epsg),
        )
        frame = with_priority(frame, self.priorities, on=self.on, cost_vnd=self.cost_vnd)
        return RoadSet(frame, found.km, found.short, found.short_km)

    def _listed(self, zones: Zones, kinds: KindMap) -> tuple[Zones, pd.DataFrame]:
        kept = None
        if self.zone_settings.keep_villages and self.places.villages is not None:
            kept = np.zeros(len(zones), dtype=bool)
            at = zone_of_places(zones, self.coverage.grid, self.places.villages)
            kept[at[at >= 0]] = True
            kept[self._weak(zones, kinds)[0]] = True
        return sieve(zones, kinds, self.area_km2, self.places.population, self.zone_settings, kept)

    def _weak(self, zones: Zones, kinds: KindMap) -> tuple[_I64, _I64]:
        """Return the white zones that hold a weak village's cluster, and that village."""
        white = np.array([kind.name == "white" for kind in kinds.kinds], dtype=bool)[zones.kind]
        zone, village = weak_clusters(zones.take(white), self.places, self.least_households)
        return np.flatnonzero(white)[zone], village

    def _ordered(self, zones: Zones, kinds: KindMap) -> tuple[Zones, list[str], tuple[_I64, _I64], pd.DataFrame]:
        """Return the zones by class, main commune and place, with their classes, weak villages and communes."""
        weak = self._weak(zones, kinds)
        names = np.array([kinds.kinds[k].name for k in zones.kind], dtype=object)
        clusters = np.zeros(len(zones), dtype=bool)
        clusters[weak[0]] = True
        if self.places.villages is not None:
            at = zone_of_places(zones, self.coverage.grid, self.places.villages)
            clusters[at[at >= 0]] = False
        names[clusters] = "weak"
        communes = touched_communes(zones, self.places, self.area_km2)
        start = zones.first[:-1]
        rank = np.array([CLASSES.index(name) if name else 0 for name in names], dtype=np.int64)
        order = np.lexsort((zones.column[start], zones.row[start], communes["commune_code"].to_numpy(dtype=str), rank))
        place = np.empty(len(zones), dtype=np.int64)
        place[order] = np.arange(len(zones))
        return zones.reordered(order), names[order].tolist(), (place[weak[0]], weak[1]), communes.iloc[order].reset_index(drop=True)

    def _exact(self, points: ZonePoints) -> _BOOL:
        """Return the cells whose edges stay: those with a village, a facility or a representative point."""
        grid = self.coverage.grid
        exact = np.zeros(grid.shape, dtype=bool)
        exact[points.row[points.first], points.column[points.first]] = True
        for table in (self.places.villages, self.places.facilities):
            if table is not None:
                row, column = grid.locate(*from_wgs84(table["lon"].to_numpy(float), table["lat"].to_numpy(float), grid.epsg))
                exact[row[row >= 0], column[row >= 0]] = True
        return exact

    def _serving(self, zones: Zones) -> list[str]:
        """Return who serves somewhere in each zone."""
        there = {o: zones.sums(zones.of(self.served[o])) > 0 for o in sorted(self.served)}
        return ["; ".join(o for o, mask in there.items() if mask[i]) for i in range(len(zones))]

    def _facilities(self, zones: Zones) -> dict[str, Any]:
        table = self.places.facilities
        if table is None:
            return {}
        n, at = len(zones), zone_of_places(zones, self.coverage.grid, table)
        counted = (at >= 0) & table["kind"].isin(list(self.priorities.facility_kinds)).to_numpy(dtype=bool)
        return {
            "facilities": np.bincount(at[at >= 0], minlength=n),
            "facility_ids": joined_codes(at, table["facility_id"].astype(str).tolist(), n),
            "facilities_counted": np.bincount(at[counted], minlength=n),
        }

    def _reasons(self, points: ZonePoints, kind_of: _I64, kinds: Sequence[ZoneKind], look: PathLook | None) -> dict[str, Any]:
        found = zone_reasons(
            points, kind_of, kinds, self.coverage, self.settings, self.zone_settings,
            radio_cells=self.places.radio_cells, look=look,
        )  # fmt: skip
        return {str(name): found[name] for name in found.columns}


def _evidence(zones: Zones, kinds: KindMap) -> list[str]:
    measured = zones.of(kinds.measured)
    some, whole = zones.sums(measured > 0) > 0, zones.sums(measured == 2) == np.diff(zones.first)
    return np.where(whole, "measured", np.where(some, "both", "predicted")).tolist()  # type: ignore[no-any-return]


def _road_evidence(found: RoadSegments, kinds: KindMap) -> list[str]:
    n, cells = len(found.lines), found.cells
    line = cells["line"].to_numpy(np.int64)
    measured = kinds.measured[cells["row"].to_numpy(np.int64), cells["column"].to_numpy(np.int64)]
    some = np.bincount(line, measured > 0, minlength=n) > 0
    whole = np.bincount(line, measured == 2, minlength=n) == np.bincount(line, minlength=n)
    return np.where(whole, "measured", np.where(some, "both", "predicted")).tolist()  # type: ignore[no-any-return]


def _road_communes(found: RoadSegments, places: Places) -> pd.DataFrame:
    """Return the communes that stretches run through, the one with most of the length first."""
    cells = found.cells
    unit = np.full(len(cells), -1, dtype=np.int64)
    if places.unit_index is not None:
        unit = places.unit_index[cells["row"].to_numpy(np.int64), cells["column"].to_numpy(np.int64)].astype(np.int64)
    return commune_shares(cells["line"].to_numpy(np.int64), unit, cells["length_km"].to_numpy(float), len(found.lines), places.commune_codes)
