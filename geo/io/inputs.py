"""Everything a project names, read once: frames, rasters and what is wrong with them.

Each file is read on its own: one that cannot be used becomes a finding, and the others are still
read, so that the planner hears of everything at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.areas import AreaIndex
from geo.crs import VN2000_TM3_EPSG, VN2000_UTM_EPSG, ProvinceZones, to_wgs84
from geo.errors import ProjectFileError
from geo.io.antenna_patterns import AntennaLibrary, read_antenna_patterns
from geo.io.boundaries import read_boundaries
from geo.io.buildings import read_buildings
from geo.io.catalogues import band_catalogue, operator_catalogue
from geo.io.coverage_claims import read_coverage_claims
from geo.io.declarations import read_declarations, settle_declarations
from geo.io.facilities import read_facilities
from geo.io.ipv6_tests import read_ipv6_tests
from geo.io.land_cover import LandCover, join_land_cover, open_land_cover
from geo.io.measurements import read_measurements
from geo.io.norms import Norms, needed_norms, proposal_norms, read_norms, street_norms
from geo.io.operator_plans import read_operator_plans
from geo.io.passive import POINT_KINDS, ROUTE_KINDS, read_points, read_routes
from geo.io.path_loss import read_path_loss
from geo.io.places import give_ids
from geo.io.planning_areas import read_public_land, read_restricted_areas
from geo.io.population import read_population_table, state_overlapping_files
from geo.io.population_raster import PopulationRaster, open_population_raster
from geo.io.portals import read_portals, settle_portals
from geo.io.positions import PositionContext
from geo.io.project import InputFile, input_files
from geo.io.raw import Siblings
from geo.io.refusals import stating
from geo.io.reported_indicators import read_reported_indicators, settle_repeats
from geo.io.resources import former_areas, load_toml
from geo.io.roads import read_power_lines, read_roads, read_streets
from geo.io.service_sums import (
    IPV6_SUMS,
    SPEED_SUMS,
    are_parts,
    settle_repeated_tests,
    settle_sums,
    without_copies,
)
from geo.io.settlements import read_settlements
from geo.io.speed_tests import SeenTests, read_speed_tests
from geo.io.stations import read_network
from geo.io.supported_operators import read_supported_operators
from geo.io.terrain import Terrain, open_terrain
from geo.network import Network
from geo.operators import OperatorCatalogue
from geo.project import Project
from geo.samples import DeviceNumbers
from geo.validation import IssueLog, Source

__all__ = ["PLANNING_KINDS", "READ_KINDS", "Inputs", "province_zones", "read_inputs"]

#: Kinds of input that this version reads; others are stated as not used yet.
READ_KINDS = (
    "boundaries", "settlements", "buildings", "facilities", "sites", "cells", "antenna_patterns", "measurements",
    "path_loss", "speed_tests", "ipv6_tests", "portals", "declarations", "reported_indicators", "coverage_claims", "population", "terrain",
    "land_cover", "roads", "streets", "operator_plans", "masts", "ducts", "poles", "cables", "service_points", "power_lines",
    "public_land", "restricted_areas", "supported_operators",
)  # fmt: skip
#: Those of them that the planning part alone asks for.
PLANNING_KINDS = (
    "operator_plans", "masts", "ducts", "poles", "cables", "service_points", "power_lines", "public_land", "restricted_areas",
    "supported_operators",
)  # fmt: skip
#: What is said when a project leaves an input out without which much stays unknown.
_LEFT_OUT = {
    "terrain": "terrain_missing", "settlements": "settlements_missing", "population": "population_missing",
}  # fmt: skip
#: Inputs that verdicts can be given from without a list of sites.
_JUDGED_ALONE = ("measurements", "speed_tests", "ipv6_tests", "portals", "reported_indicators")
_RASTERS = (".tif", ".tiff", ".hgt")


@dataclass(frozen=True)
class Inputs:
    """What was read. A part is None when the project does not name it or it cannot be used.

    Attributes
    ----------
    units : GeoDataFrame or None
    area : AreaIndex or None
    network : Network or None
    measurements, settlements, population, facilities, path_loss : DataFrame or None
    buildings : DataFrame or None
    speed_tests, ipv6_tests, portals, declarations, reported_indicators : DataFrame or None
        As :mod:`geo.service_frames` has them.
    coverage_claims : GeoDataFrame or None
    roads, streets : GeoDataFrame or None
    population_raster : PopulationRaster or None
    terrain : Terrain or None
    land_cover : LandCover or None
    antennas : AntennaLibrary or None
    planning : mapping of str to DataFrame
        Tables of :data:`PLANNING_KINDS`, those that were given.
    norms : Norms or None
        Of ``[plan] costs``.
    operators : OperatorCatalogue
    """

    operators: OperatorCatalogue
    units: gpd.GeoDataFrame | None = None
    area: AreaIndex | None = None
    network: Network | None = None
    measurements: pd.DataFrame | None = None
    path_loss: pd.DataFrame | None = None
    settlements: pd.DataFrame | None = None
    population: pd.DataFrame | None = None
    facilities: pd.DataFrame | None = None
    buildings: pd.DataFrame | None = None
    speed_tests: pd.DataFrame | None = None
    ipv6_tests: pd.DataFrame | None = None
    portals: pd.DataFrame | None = None
    declarations: pd.DataFrame | None = None
    reported_indicators: pd.DataFrame | None = None
    coverage_claims: gpd.GeoDataFrame | None = None
    roads: gpd.GeoDataFrame | None = None
    streets: gpd.GeoDataFrame | None = None
    population_raster: PopulationRaster | None = None
    terrain: Terrain | None = None
    land_cover: LandCover | None = None
    antennas: AntennaLibrary | None = None
    planning: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    norms: Norms | None = None
    files: tuple[InputFile, ...] = field(default=())


def province_zones(extra: Mapping[str, object]) -> dict[str, ProvinceZones]:
    """Return the VN-2000 zones per province: those that ship, then the department's own ``[[province]]``.

    Raises
    ------
    ProjectFileError
        If an entry names a zone that is no VN-2000 one.
    """
    entries = [*load_toml("provinces.toml")["province"], *_entries(extra, "province")]
    zones: dict[str, ProvinceZones] = {}
    for entry in entries:
        code = str(entry.get("code", ""))
        current = entry.get("zone_epsg")
        former = entry.get("former_zone_epsg", [])
        every = [current, *former] if isinstance(former, list) else [None]
        if not code or any(z not in VN2000_TM3_EPSG and z not in VN2000_UTM_EPSG for z in every):
            raise ProjectFileError(
                f"[[province]] '{code}': zone_epsg và former_zone_epsg phải là mã VN-2000, ví dụ 9210.",
                f"[[province]] '{code}': zone_epsg and former_zone_epsg must be VN-2000 codes such as 9210.",
            )
        zones[code] = ProvinceZones(int(str(current)), tuple(int(z) for z in former))
    return zones


def _village_people(villages: pd.DataFrame | None) -> dict[str, float]:
    """Return the people of each commune of whose villages every one has a figure."""
    if villages is None or villages.empty:
        return {}
    sums = villages.groupby("commune_code")["population"].agg(lambda p: p.sum(skipna=False))
    return {str(code): float(people) for code, people in sums.items() if np.isfinite(people)}


def _entries(extra: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    value = extra.get(key, [])
    if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
        raise ProjectFileError(f"[[{key}]] phải là danh sách bảng.", f"[[{key}]] must be a list of tables.")
    return value


def _names(extra: Mapping[str, object]) -> dict[str, str]:
    return {str(e.get("code", "")): str(e.get("name", "")) for e in _entries(extra, "province")}


def read_inputs(
    project: Project, log: IssueLog, *, progress: Callable[[str], None] = lambda _: None
) -> Inputs:
    """Read every input of a project.

    Parameters
    ----------
    project : Project
    log : IssueLog
        Holds everything that was found; ``log.has_errors`` tells whether an analysis may start.
    progress : callable
        Called with the name of each kind before it is read.

    Raises
    ------
    ProjectFileError
        If the department's own catalogue file is wrong.
    """
    operators = operator_catalogue(_entries(project.extra, "operator"), operators=project.operators)
    files: dict[str, list[InputFile]] = {}
    for kind in project.inputs:
        if kind not in READ_KINDS:
            log.add("input_not_read", Source(f"inputs.{kind}"), fields={"kind": kind})
            continue
        with stating(log, f"inputs.{kind}"):
            files[kind] = input_files(project, kind)
    if not project.inputs.get("boundaries"):
        log.add("boundaries_missing", Source("inputs.boundaries"))
    for kind, code in _LEFT_OUT.items():
        if not project.inputs.get(kind):
            log.add(code, Source(f"inputs.{kind}"))
    known = province_zones(project.extra)
    for code in project.provinces:
        if code not in known:
            log.add("project_province_unknown", Source(project.path.name), came=code, fields={"province": code})
    reader = _Reader(project, log, operators, files, progress)
    return reader.read()


class _Reader:
    """Reads kind by kind; holds what the next kind needs."""

    def __init__(
        self,
        project: Project,
        log: IssueLog,
        operators: OperatorCatalogue,
        files: Mapping[str, list[InputFile]],
        progress: Callable[[str], None],
    ) -> None:
        self.project, self.log, self.operators, self.files, self.progress = project, log, operators, files, progress
        self.siblings: dict[str, Siblings] = {}

    def of(self, kind: str) -> list[InputFile]:
        found = self.files.get(kind, [])
        if found:
            self.progress(kind)
        if len(found) < 2:
            return found
        shared = self.siblings.setdefault(kind, Siblings(tuple((i.path, i.file, i.options) for i in found)))
        return [replace(i, options=replace(i.options, siblings=shared)) for i in found]

    def read(self) -> Inputs:
        everything = tuple(item for items in self.files.values() for item in items)
        rasters = self._rasters()
        units = self._units()
        self._inspect_terrain(rasters.get("terrain"), units)
        self._state_elsewhere(rasters, units)
        if units is not None and units.empty and not self.log.has_errors:
            self.log.add("boundaries_without_communes", Source("inputs.boundaries"))
        if units is None or units.empty:
            for kind in (
                "sites", "cells", "measurements", "settlements", "facilities", "buildings", "speed_tests", "ipv6_tests",
                "portals", "declarations", "reported_indicators", *PLANNING_KINDS,
            ):  # fmt: skip
                if self.files.get(kind):
                    self.log.add("not_checked_without_boundaries", Source(f"inputs.{kind}"), fields={"kind": kind})
            return Inputs(self.operators, files=everything, **rasters)
        area = AreaIndex(units, province_zones(self.project.extra), former_areas())
        context = PositionContext(area, self.project.provinces, self.project.settings.positions)
        planning = self._planning(context)
        return Inputs(
            self.operators,
            units=units,
            area=area,
            network=self._network(context),
            planning=planning,
            norms=self._norms(planning),
            files=everything,
            **rasters,
            **self._frames(context, units),
        )

    def _units(self) -> gpd.GeoDataFrame | None:
        parts = []
        for item in self.of("boundaries"):
            with stating(self.log, item.file):
                parts.append(
                    read_boundaries(item.path, file=item.file, options=item.options,
                                    project_provinces=self.project.provinces,
                                    extra_provinces=_names(self.project.extra), log=self.log)
                )
        if not parts:
            return None
        units = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
        return gpd.GeoDataFrame(units, geometry="geometry", crs=parts[0].crs)

    def _network(self, context: PositionContext) -> Network | None:
        sites, cells = self.of("sites"), self.files.get("cells", [])
        if not sites and not cells:
            if self.project.inputs.get("sites") or self.project.inputs.get("cells"):
                return None  # named, and said to be unreadable
            # Speed, IPv6 and what is reported can be held against rules without a single site.
            alone = any(self.files.get(kind) for kind in _JUDGED_ALONE)
            self.log.add("sites_not_given" if alone else "sites_missing", Source("inputs.sites"))
            return None
        network = read_network(
            sites, cells, project=self.project, context=context, operators=self.operators,
            bands=band_catalogue(), log=self.log,
        )
        present = set(network.sites["operator"])
        wanted = self.operators.resolve(pd.Series(list(self.project.operators), dtype=object)).names
        for given, name in zip(self.project.operators, wanted, strict=True):
            if name not in present:
                self.log.add("operator_without_list", Source("inputs.sites"), came=given, fields={"operator": given})
        return network

    def _planning(self, context: PositionContext) -> dict[str, pd.DataFrame]:
        """Read what the planning part alone asks for."""
        given: dict[str, Any] = {"context": context, "log": self.log}
        named = {**given, "catalogue": self.operators}
        readers: dict[str, Callable[[InputFile], pd.DataFrame]] = {
            "operator_plans": lambda i: read_operator_plans(i.path, file=i.file, options=i.options, bands=band_catalogue(), **named),
            **{k: lambda i, k=k: read_points(k, i.path, file=i.file, options=i.options, **named) for k in POINT_KINDS},  # type: ignore[misc]
            **{k: lambda i, k=k: read_routes(k, i.path, file=i.file, options=i.options, **named) for k in ROUTE_KINDS},  # type: ignore[misc]
            "power_lines": lambda i: read_power_lines(i.path, file=i.file, options=i.options, **given),
            "public_land": lambda i: read_public_land(i.path, file=i.file, options=i.options, **given),
            "restricted_areas": lambda i: read_restricted_areas(i.path, file=i.file, options=i.options, **given),
            "supported_operators": lambda i: read_supported_operators(i.path, file=i.file, options=i.options, **named),
        }
        found = {kind: self._collect(kind, read) for kind, read in readers.items()}
        for kind, stem, name in (("masts", "mast_id", "mast_name"), ("service_points", "point_id", "point_name"), ("operator_plans", "line_id", "operator")):
            frame = found[kind]
            if frame is not None and len(self.files.get(kind, [])) > 1:  # ids must be unique across files too
                found[kind] = give_ids(frame, id_field=stem, name_field=name, column=stem, log=self.log)
        return {kind: frame for kind, frame in found.items() if frame is not None}

    def _norms(self, planning: Mapping[str, pd.DataFrame]) -> Norms | None:
        """Read the norms of cost and state those that are missing."""
        file = self.project.plan.get("costs")
        if file is None:
            if "operator_plans" in planning or street_norms(self.project.inputs, self.project.plan):
                self.log.add("norms_not_given", Source("plan.costs"))
            return None
        norms: Norms | None = None
        with stating(self.log, "plan.costs"):
            norms = read_norms(self.project.folder / str(file), file=str(file))
            plans = planning.get("operator_plans")
            proposed = proposal_norms(self.project.plan, buildings="public_land" in planning, areas="restricted_areas" in planning)
            missing = norms.missing([*needed_norms(plans), *proposed, *street_norms(self.project.inputs, self.project.plan)])
            if missing:
                self.log.add("norms_missing_item", Source(str(file)), fields={"items": "; ".join(missing)})
            elif len(norms.years) > 1:
                self.log.add("norms_one_year", Source(str(file)), fields={"years": ", ".join(str(y) for y in norms.years)})
        return norms

    def _rasters(self) -> dict[str, Any]:
        """Open what does not depend on the area: rasters, and the makers' antenna files."""
        found: dict[str, Any] = {}
        terrain = self.of("terrain")
        if terrain:
            with stating(self.log, "inputs.terrain"):
                kind = terrain[0].options.extra.get("kind")
                found["terrain"] = open_terrain(
                    [t.path for t in terrain], kind=None if kind is None else str(kind), log=self.log,
                    labels=[t.file for t in terrain], crs=terrain[0].options.crs or None,
                )
        others = {part.path.resolve(): name for name in ("terrain", "land_cover") for part in self.of(name)}
        for item in self.of("population"):
            if item.path.suffix.lower() in _RASTERS:
                if (other := others.get(item.path.resolve())) is not None:
                    self.log.add("population_is_terrain", Source(item.file), fields={"kind": other})
                    continue
                with stating(self.log, item.file):
                    found["population_raster"] = open_population_raster(
                        item.path, log=self.log, label=item.file, crs=item.options.crs or None
                    )
        covers: list[LandCover] = []
        for item in self.of("land_cover"):
            with stating(self.log, item.file):
                covers.append(
                    open_land_cover(item.path, log=self.log, label=item.file, crs=item.options.crs or None)
                )
        if covers:
            found["land_cover"] = join_land_cover(covers)
        if antennas := self.of("antenna_patterns"):
            found["antennas"] = read_antenna_patterns(antennas, self.log)
        return found

    def _state_elsewhere(self, rasters: Mapping[str, Any], units: gpd.GeoDataFrame | None) -> None:
        """State population and land-cover rasters of another place."""
        if units is None or units.empty:
            return
        west, south, east, north = (float(v) for v in units.total_bounds)
        covers: LandCover | None = rasters.get("land_cover")
        people: PopulationRaster | None = rasters.get("population_raster")
        for raster in (*(() if people is None else (people.raster,)), *(() if covers is None else covers.rasters)):
            x = raster.transform.c + raster.transform.a * np.linspace(0, raster.columns, 21)
            y = raster.transform.f + raster.transform.e * np.linspace(0, raster.rows, 21)
            mesh_x, mesh_y = np.meshgrid(x, y)
            lon, lat = to_wgs84(mesh_x.ravel(), mesh_y.ravel(), raster.crs)
            known = np.isfinite(lon) & np.isfinite(lat)
            if known.any() and (
                lon[known].max() < west or lon[known].min() > east or lat[known].max() < south or lat[known].min() > north
            ):
                self.log.add("raster_outside_area", Source(raster.label))

    def _inspect_terrain(self, terrain: object, units: gpd.GeoDataFrame | None) -> None:
        """State what is wrong with the heights of the tiles that meet the area."""
        if not isinstance(terrain, Terrain):
            return
        with stating(self.log, "inputs.terrain"):
            if units is None or units.empty:
                terrain.inspect(self.log)
            else:
                west, south, east, north = (float(v) for v in units.total_bounds)
                terrain.inspect(self.log, (west, south, east, north), units.geometry.to_numpy())

    def _collect(
        self, kind: str, read: Callable[[InputFile], pd.DataFrame], *, skip: tuple[str, ...] = ()
    ) -> pd.DataFrame | None:
        parts: list[pd.DataFrame] = []
        for item in self.of(kind):
            if item.path.suffix.lower() in skip:
                continue
            with stating(self.log, item.file):
                parts.append(read(item))
        parts = [p for p in parts if p is not None]
        if not parts:
            return None
        if len(parts) == 1:
            return parts[0].reset_index(drop=True)
        filled = [p for p in parts if len(p)] or parts[:1]
        return pd.concat(filled, ignore_index=True)

    def _service(self, context: PositionContext, devices: DeviceNumbers, as_of: pd.Timestamp) -> dict[str, Any]:
        """Read what tells of the quality of service: tests of speed and IPv6, portals, declarations, reported figures."""
        found: dict[str, Any] = {}
        seen = SeenTests()
        found["speed_tests"] = self._collect(
            "speed_tests",
            lambda item: read_speed_tests(
                item.path, file=item.file, options=item.options, catalogue=self.operators, bands=band_catalogue(),
                as_of=as_of, devices=devices, seen=seen, context=context, log=self.log,
            ),
        )
        found["ipv6_tests"] = self._collect(
            "ipv6_tests",
            lambda item: read_ipv6_tests(
                item.path, file=item.file, options=item.options, catalogue=self.operators, as_of=as_of, devices=devices,
                context=context, log=self.log,
            ),
        )
        for kind in ("speed_tests", "ipv6_tests"):
            if found[kind] is not None:
                found[kind] = without_copies(found[kind], self.files.get(kind, []), self.log)
        if found["ipv6_tests"] is not None:
            found["ipv6_tests"] = settle_repeated_tests(found["ipv6_tests"], self.log)
        for kind, columns in (("speed_tests", SPEED_SUMS), ("ipv6_tests", IPV6_SUMS)):
            if found[kind] is not None:
                parts: set[str] = set()
                for item in self.of(kind):
                    with stating(self.log, item.file):
                        parts |= {item.file} if are_parts(item.options) else set()
                found[kind] = settle_sums(found[kind], columns, self.log, parts=frozenset(parts))
        found["portals"] = self._collect(
            "portals",
            lambda item: read_portals(item.path, file=item.file, options=item.options, context=context, log=self.log),
        )
        if found["portals"] is not None:
            found["portals"] = settle_portals(found["portals"], self.log)
        found["declarations"] = self._collect(
            "declarations",
            lambda item: read_declarations(
                item.path, file=item.file, options=item.options, catalogue=self.operators, bands=band_catalogue(),
                context=context, log=self.log,
            ),
        )
        if found["declarations"] is not None:
            found["declarations"] = settle_declarations(found["declarations"], self.log)
        reported = self._collect(
            "reported_indicators",
            lambda item: read_reported_indicators(
                item.path, file=item.file, options=item.options, context=context, log=self.log, as_of=as_of
            ),
        )
        found["reported_indicators"] = None if reported is None else settle_repeats(reported, self.log)
        return found

    def _frames(self, context: PositionContext, units: gpd.GeoDataFrame) -> dict[str, Any]:
        """Read what is tied to places: samples, links, villages, people, roads."""
        devices = DeviceNumbers()
        found: dict[str, Any] = {}
        as_of = pd.Timestamp(self.project.date)
        found["measurements"] = self._collect(
            "measurements",
            lambda item: read_measurements(
                item.path, file=item.file, options=item.options, context=context, catalogue=self.operators,
                bands=band_catalogue(), log=self.log, as_of=as_of, devices=devices,
            ),
        )
        found["path_loss"] = self._collect(
            "path_loss",
            lambda item: read_path_loss(item.path, file=item.file, options=item.options, log=self.log),
        )
        found |= self._service(context, devices, as_of)
        found["coverage_claims"] = self._collect(
            "coverage_claims",
            lambda item: read_coverage_claims(
                item.path, file=item.file, options=item.options, context=context, catalogue=self.operators,
                bands=band_catalogue(), log=self.log, as_of=as_of,
            ),
        )
        by_place = {
            "settlements": read_settlements, "facilities": read_facilities, "buildings": read_buildings,
            "roads": read_roads, "streets": read_streets,
        }  # fmt: skip
        for kind, read in by_place.items():
            found[kind] = self._collect(
                kind,
                lambda item, read=read: read(  # type: ignore[misc]
                    item.path, file=item.file, options=item.options, context=context, log=self.log
                ),
            )
        found["population"] = self._collect(
            "population",
            lambda item: read_population_table(
                item.path, file=item.file, options=item.options, units=units, log=self.log,
                known=_village_people(found["settlements"]),
            ),
            skip=_RASTERS,
        )
        if found["population"] is not None:
            state_overlapping_files(found["population"], self.log)
        for kind, stem in (("settlements", "village"), ("facilities", "facility")):
            if found[kind] is not None and len(self.files.get(kind, [])) > 1:  # ids must be unique across files too
                found[kind] = give_ids(
                    found[kind], id_field=f"{stem}_id", name_field=f"{stem}_name", column=f"{stem}_id", log=self.log
                )
        return found
