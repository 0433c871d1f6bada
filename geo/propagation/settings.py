"""What prediction needs to be told: defaults by technology, model settings, planning levels.

All values come from ``resources/defaults.toml`` and the rule catalogue; a project file replaces them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from math import hypot
from typing import Any

from geo.errors import ResourceError
from geo.io.resources import load_toml

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
    """What a radio cell of a technology is taken to be where the list says nothing."""

    quantity: str
    frequency_mhz: float
    bandwidth_mhz: float
    power_dbm: float
    antenna_gain_dbi: float
    feeder_loss_db: float
    antenna_height_m: float
    pilot_share_db: float
    subcarrier_khz: float = 15.0


@dataclass(frozen=True, slots=True)
class AntennaDefaults:
    """Sector antenna: 3 dB beamwidth, front-to-back ratio, and the loss put in place of an unknown azimuth."""

    beamwidth_deg: float
    front_to_back_db: float
    unknown_azimuth_loss_db: float


@dataclass(frozen=True, slots=True)
class RadioDefaults:
    """Defaults of all technologies.

    Attributes
    ----------
    technologies : mapping of str to TechnologyDefaults
    antenna : AntennaDefaults
    blocks : mapping of float to mapping
        Subcarrier spacing (kHz) to bandwidth (MHz) to resource blocks.
    missing_sd_db : mapping of str to float
        Standard deviation that a missing field adds, dB.
    """

    technologies: Mapping[str, TechnologyDefaults]
    antenna: AntennaDefaults
    blocks: Mapping[float, Mapping[float, int]]
    missing_sd_db: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class CoverageSettings:
    """Settings of the coverage stage.

    Attributes
    ----------
    max_radius_m : float
        A radio cell is taken to reach no farther.
    neighbour_reach_m : float
        Within this distance of a border whose far side has no site list, "unserved" is not stated.
    profile_step_m : float
        Greatest spacing of terrain samples along a path.
    receiver_height_m : float
    minimum_coupling_loss_db : float
        Least loss between the radio's and the phone's antenna connectors, antenna gains included.
    effective_earth_radius_m : float
    model_error_sd_db : float
        Standard deviation of the model, dB.
    baseline_shortfall_db : float
        How far the baseline is known to lie below a full model (root mean square), dB; a known
        optimism is part of the error until the full model replaces it.
    served_probability, unserved_probability : float
        Cuts of the states.
    unknown_status_serves : bool
        Whether a radio cell of unknown status is taken as on air.
    tile_cells : int
        Side of one piece of work.
    neighbour_operators : frozenset of str
        Operators whose sites beyond the border are in the lists.
    levels_dbm : mapping of str to float
        Planning level by technology; a technology without one is ``unknown`` wherever a cell reaches.
    counting : tuple of str
        Technologies that count as service on the project's date.
    """

    max_radius_m: float
    neighbour_reach_m: float
    profile_step_m: float
    receiver_height_m: float
    minimum_coupling_loss_db: float
    effective_earth_radius_m: float
    model_error_sd_db: float
    baseline_shortfall_db: float
    served_probability: float
    unserved_probability: float
    unknown_status_serves: bool
    tile_cells: int
    levels_dbm: Mapping[str, float]
    counting: tuple[str, ...]
    neighbour_operators: frozenset[str] = frozenset()

    @property
    def prediction_sd_db(self) -> float:
        """Error of a prediction whose metadata are all known, dB."""
        return hypot(self.model_error_sd_db, self.baseline_shortfall_db)


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
    """

    levels_dbm: Mapping[str, float]
    counting: tuple[str, ...]
    entries: tuple[Mapping[str, Any], ...]


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
        technologies = {t: TechnologyDefaults(**_values(content["technologies"][t])) for t in TECHNOLOGIES}
        return RadioDefaults(
            technologies=technologies,
            antenna=AntennaDefaults(**_values(content["antenna"])),
            blocks={
                float(khz): {float(b): int(n) for b, n in entry["value"].items()}
                for khz, entry in content["resource_blocks"].items()
            },
            missing_sd_db=_values(content["missing_field_sd_db"]),
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
    rules = [
        rule
        for rule in load_toml(f"rules/{catalogue}.toml").get("rules", [])
        if rule["indicator"] in ("planning_level", "technology_counts")
        and rule.get("valid_from", date.min) <= on <= rule.get("valid_to", date.max)
    ]
    levels = {r["technology"]: float(r["threshold"]) for r in rules if r["indicator"] == "planning_level"}
    named = {r["technology"] for r in rules if r["indicator"] == "technology_counts"}
    return TechnologyRules(levels, tuple(t for t in TECHNOLOGIES if t in named), tuple(rules))


def coverage_settings(rules: TechnologyRules, **replaced: Any) -> CoverageSettings:
    """Return the default settings with the rules' levels; keywords replace single fields.

    ``levels_dbm`` given here is laid over the catalogue's (a project's own 5G level, for instance).
    """
    values = _values(load_toml("defaults.toml")["coverage"])
    levels = {**rules.levels_dbm, **replaced.pop("levels_dbm", {})}
    return CoverageSettings(
        **{**values, "counting": rules.counting, **replaced, "levels_dbm": levels}
    )
