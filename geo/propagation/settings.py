"""What prediction needs to be told: defaults by technology, model settings, planning levels.

All values come from ``resources/defaults.toml`` and the rule catalogue; a project file replaces them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from math import inf
from typing import Any

from geo.errors import ResourceError
from geo.io.resources import load_toml
from geo.propagation.antenna import SectorPattern
from geo.propagation.p2109 import BuildingKind

__all__ = [
    "TECHNOLOGIES",
    "AntennaDefaults",
    "CoverageSettings",
    "RadioDefaults",
    "TechnologyDefaults",
    "TechnologyRules",
    "coverage_settings",
    "radio_defaults",
    "technology_rules",
]

#: In the order in which they are called better.
TECHNOLOGIES = ("2G", "3G", "4G", "5G")


@dataclass(frozen=True, slots=True)
class TechnologyDefaults:
    """What a radio cell of a technology is taken to be where the list says nothing.

    Attributes
    ----------
    quantity : str
        What a phone reports: RxLev, RSCP, RSRP, SS-RSRP.
    frequency_mhz, bandwidth_mhz, subcarrier_khz : float
    power_dbm : float
        Power of the carrier, by ``power_basis``.
    antenna_gain_dbi, feeder_loss_db, antenna_height_m : float
    pilot_share_db : float
        Share of what is measured in the power, or its boost.
    power_basis : str
        ``"total"`` of the radio cell, or ``"per_port"``.
    ports : float
        Transmit ports that the total is spread over.
    electrical_tilt_deg : float
        Positive down.
    pattern : str
        Entry of ``RadioDefaults.patterns``.
    traffic_gain_dbi : float
        A list's gain above this is that of a traffic beam; the SSB beam, which is what a phone measures, ...
    ssb_below_traffic_db : float
        ... has this much less.
    """

    quantity: str
    frequency_mhz: float
    bandwidth_mhz: float
    power_dbm: float
    antenna_gain_dbi: float
    feeder_loss_db: float
    antenna_height_m: float
    pilot_share_db: float
    subcarrier_khz: float = 15.0
    power_basis: str = "total"
    ports: float = 1.0
    electrical_tilt_deg: float = 0.0
    pattern: str = "panel"
    traffic_gain_dbi: float = inf
    ssb_below_traffic_db: float = 0.0


@dataclass(frozen=True, slots=True)
class AntennaDefaults:
    """Sector antenna: the usual pattern, and the loss put in place of an unknown azimuth."""

    pattern: SectorPattern
    unknown_azimuth_loss_db: float

    @property
    def beamwidth_deg(self) -> float:
        """Horizontal 3 dB beamwidth."""
        return self.pattern.beamwidth_deg

    @property
    def front_to_back_db(self) -> float:
        """Maximum attenuation A_m."""
        return self.pattern.front_to_back_db


@dataclass(frozen=True, slots=True)
class RadioDefaults:
    """Defaults of all technologies.

    Attributes
    ----------
    technologies : mapping of str to TechnologyDefaults
        In the technology's usual band and the usual kind of area.
    antenna : AntennaDefaults
    blocks : mapping of str to mapping
        ``"LTE"``, ``"NR_15"``, ``"NR_30"`` to bandwidth (MHz) to resource blocks.
    missing_sd_db : mapping of str to float
        Standard deviation that a missing field adds, dB.
    bands : tuple of (str, float)
        Name and upper limit (MHz) of each band, rising.
    by_band : mapping of (technology, band) to mapping
        Fields that differ in a band.
    by_area : mapping of str to mapping
        Kind of area to the fields that depend on it.
    unknown_area : str
        The kind of area taken where none is known.
    patterns : mapping of str to SectorPattern
    """

    technologies: Mapping[str, TechnologyDefaults]
    antenna: AntennaDefaults
    blocks: Mapping[str, Mapping[float, int]]
    missing_sd_db: Mapping[str, float]
    bands: tuple[tuple[str, float], ...]
    by_band: Mapping[tuple[str, str], Mapping[str, Any]]
    by_area: Mapping[str, Mapping[str, float]]
    unknown_area: str
    patterns: Mapping[str, SectorPattern]

    def band(self, frequency_mhz: float) -> str:
        """Return the name of the band of a frequency; empty above all of them."""
        return next((name for name, below in self.bands if frequency_mhz < below), "")

    def of(self, technology: str, frequency_mhz: float, area: str) -> TechnologyDefaults:
        """Return the defaults of a technology in the band of a frequency and a kind of area.

        Raises
        ------
        KeyError
            If there is no such technology or kind of area.
        """
        base = self.technologies[technology]
        own = self.by_band.get((technology, self.band(frequency_mhz)), {})
        return replace(base, **{**self.by_area[area], **own})

    def resource_blocks_of(self, technology: str, subcarrier_khz: float, bandwidth_mhz: float) -> Mapping[float, int]:
        """Return the table of resource blocks for a carrier.

        A carrier wider than the table of its spacing allows has the next wider spacing.
        """
        if technology == "4G":
            return self.blocks["LTE"]
        spacings = sorted(float(name.removeprefix("NR_")) for name in self.blocks if name.startswith("NR_"))
        for khz in spacings:
            table = self.blocks[f"NR_{khz:g}"]
            if khz >= subcarrier_khz and bandwidth_mhz <= max(table):
                return table
        return self.blocks[f"NR_{spacings[-1]:g}"]


@dataclass(frozen=True, slots=True)
class CoverageSettings:
    """Settings of the coverage stage.

    Attributes
    ----------
    max_radius_m : float
        A radio cell is taken to reach no farther.
    neighbour_reach_m : float
        Within this distance of a border whose far side has no site list, "unserved" is not stated.
    unplaced_radius_m : float
        A site whose position is not known serves what lies so near; 0: what masts of its operator would from there.
    unplaced_places, unplaced_places_least, unplaced_places_in_all : float
        Places drawn per kind of site without position, fewest, and of all kinds together.
    profile_step_m : float
        Greatest spacing of terrain samples along a path.
    ray_spacing_m : float
        Greatest distance between neighbouring rays at the radius; never more than a cell of the grid.
    receiver_height_m : float
    minimum_coupling_loss_db : float
        Least loss between the radio's and the phone's antenna connectors, antenna gains included.
    effective_earth_radius_m : float
    model_error_sd_db : float
        Standard deviation of the model, dB.
    served_probability, unserved_probability : float
        Cuts of the states.
    unknown_status_serves : bool
        Whether a radio cell of unknown status is taken as on air.
    tile_cells : int
        Side of one piece of work.
    hilly_slope_deg, steep_slope_deg : float
        Slopes, over two cells, from which ground is called hilly and steep.
    near_threshold_db : float
        Levels nearer to the planning level than this are counted in the manifest.
    building_kind : {"traditional", "thermally_efficient"}
        Of the houses in which people use their phones (ITU-R P.2109).
    vehicle_loss_db, vehicle_sd_db : float
        Mean loss into a vehicle and its standard deviation.
    neighbour_operators : frozenset of str
        Operators whose sites beyond the border are in the lists.
    absent_technologies : mapping of str to tuple of str
        Operator to technologies that it does not have here by the department's word: no list has to say so.
    levels_dbm : mapping of str to float
        Planning level by technology; a technology without one is ``unknown`` wherever a cell reaches.
    counting : tuple of str
        Technologies that count as service on the project's date.
    """

    max_radius_m: float
    neighbour_reach_m: float
    unplaced_radius_m: float
    unplaced_places: float
    unplaced_places_least: float
    unplaced_places_in_all: float
    profile_step_m: float
    ray_spacing_m: float
    receiver_height_m: float
    minimum_coupling_loss_db: float
    effective_earth_radius_m: float
    model_error_sd_db: float
    served_probability: float
    unserved_probability: float
    unknown_status_serves: bool
    tile_cells: int
    hilly_slope_deg: float
    steep_slope_deg: float
    near_threshold_db: float
    building_kind: BuildingKind
    vehicle_loss_db: float
    vehicle_sd_db: float
    levels_dbm: Mapping[str, float]
    counting: tuple[str, ...]
    neighbour_operators: frozenset[str] = frozenset()
    absent_technologies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def stated_absent(self, operator: str, technology: str) -> bool:
        """Tell whether the department states that the operator has no such technology here."""
        return technology in self.absent_technologies.get(operator, ())


@dataclass(frozen=True, slots=True)
class TechnologyRules:
    """What the rule catalogue says about technologies on a date.

    Attributes
    ----------
    levels_dbm : mapping of str to float
        Level used for planning.
    counting : tuple of str
        Technologies that count as service.
    entries : tuple of mapping
        The rules used, as they stand in the catalogue (id, source, status ...), for every output.
    ended : tuple of mapping
        Rules by which a technology counted until a day before the date; since then none says that it does.
    """

    levels_dbm: Mapping[str, float]
    counting: tuple[str, ...]
    entries: tuple[Mapping[str, Any], ...]
    ended: tuple[Mapping[str, Any], ...] = ()


def _values(section: Mapping[str, Any]) -> dict[str, Any]:
    return {name: entry["value"] if isinstance(entry, Mapping) else entry for name, entry in section.items()}


@lru_cache(maxsize=1)
def radio_defaults() -> RadioDefaults:
    """Return the defaults that ship with the package.

    Raises
    ------
    ResourceError
        If the file lacks an entry.
    """
    content = load_toml("defaults.toml")
    try:
        bands = tuple((name, float(below)) for name, below in _values(content["bands"]).items())
        patterns = {name: SectorPattern(**_values(entry)) for name, entry in content["antenna_patterns"].items()}
        unknown_area = content["area_types"]["unknown"]["value"]
        by_area = {name: _values(entry) for name, entry in content["area_types"].items() if name != "unknown"}
        technologies: dict[str, TechnologyDefaults] = {}
        by_band: dict[tuple[str, str], Mapping[str, Any]] = {}
        for technology in TECHNOLOGIES:
            entries = content["technologies"][technology]
            own = {name: entry for name, entry in entries.items() if name not in dict(bands)}
            technologies[technology] = TechnologyDefaults(**{**by_area[unknown_area], **_values(own)})
            by_band |= {(technology, name): _values(entries[name]) for name, _ in bands if name in entries}
        antenna = _values(content["antenna"])
        return RadioDefaults(
            technologies=technologies,
            antenna=AntennaDefaults(patterns[antenna["pattern"]], antenna["unknown_azimuth_loss_db"]),
            blocks={
                name: {float(b): int(n) for b, n in entry["value"].items()}
                for name, entry in content["resource_blocks"].items()
            },
            missing_sd_db=_values(content["missing_field_sd_db"]),
            bands=bands,
            by_band=by_band,
            by_area=by_area,
            unknown_area=unknown_area,
            patterns=patterns,
        )
    except (KeyError, TypeError) as error:
        raise ResourceError(
            f"defaults.toml thiếu hoặc thừa mục: {error}.", f"defaults.toml lacks an entry or has one too many: {error}."
        ) from error


def technology_rules(catalogue: str, on: date) -> TechnologyRules:
    """Return planning levels and counting technologies of a rule catalogue on a date.

    Parameters
    ----------
    catalogue : str
        Name of a file under ``resources/rules``, without ``.toml``.
    on : date
        The project's date.

    Raises
    ------
    ResourceError
        If there is no such catalogue.
    """
    known = [
        rule
        for rule in load_toml(f"rules/{catalogue}.toml").get("rules", [])
        if rule["indicator"] in ("planning_level", "technology_counts")
    ]
    rules = [r for r in known if r.get("valid_from", date.min) <= on <= r.get("valid_to", date.max)]
    levels = {r["technology"]: float(r["threshold"]) for r in rules if r["indicator"] == "planning_level"}
    named = {r["technology"] for r in rules if r["indicator"] == "technology_counts"}
    last: dict[str, Mapping[str, Any]] = {}
    for r in sorted((r for r in known if r.get("valid_to", date.max) < on), key=lambda r: r["valid_to"]):
        if r["indicator"] == "technology_counts" and r["technology"] not in named:
            last[r["technology"]] = r
    counting = tuple(t for t in TECHNOLOGIES if t in named)
    return TechnologyRules(levels, counting, tuple(rules), tuple(last[t] for t in sorted(last)))


def coverage_settings(rules: TechnologyRules, **replaced: Any) -> CoverageSettings:
    """Return the default settings with the rules' levels; keywords replace single fields.

    ``levels_dbm`` given here is laid over the catalogue's (a project's own 5G level, for instance).
    """
    content = load_toml("defaults.toml")
    values = _values(content["coverage"]) | _values(content["entry"])
    levels = {**rules.levels_dbm, **replaced.pop("levels_dbm", {})}
    return CoverageSettings(
        **{**values, "counting": rules.counting, **replaced, "levels_dbm": levels}
    )
