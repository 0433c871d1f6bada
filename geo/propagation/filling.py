"""What one radio cell is taken to be: its list's fields, its antenna's file, and the defaults for the rest.

Choices that a list's silence forces, each counted and each with an error of its own:

- No azimuth: alike in all directions, at the *mean* of the envelope of three sectors (the best of them in each
  direction). Its peak would be too hopeful by that mean, and the spread below it (3 dB) is known: it is the
  error that the missing azimuth adds. An antenna whose file says omnidirectional lacks nothing.
- Only a total tilt: as electrical, alike all round. No tilt: the antenna file's, else the kind of area's.
- A 4G power without a word: total of the cell over the usual ports; what a phone measures is one port. A 5G
  power per port of an unknown number of ports is no power.
- Gain: the list's, then the antenna file's, then the default of technology and band.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from geo.io.antenna_patterns import AntennaLibrary, AntennaPattern
from geo.network import POWER_BASES
from geo.propagation.antenna import PatternTable, measured_table, parametric_table
from geo.propagation.link_budget import reference_eirp_dbm, resource_blocks
from geo.propagation.settings import TECHNOLOGIES, CoverageSettings, RadioDefaults, TechnologyDefaults
from geo.text import clean

__all__ = ["PatternKey", "fill_radio", "pattern_tables"]


@dataclass(frozen=True, slots=True, order=True)
class PatternKey:
    """Which antenna a radio cell has: a file's with its tilt moved, or a parametric one with its tilt."""

    file: str
    parametric: str
    tilt_deg: float


class _Gaps:
    """Fills what one radio cell lacks, counts it, and adds up the error of what is missing."""

    def __init__(self, technology: str, defaults: RadioDefaults, counts: Counter[str], sd_db: float) -> None:
        self.technology, self.defaults, self.counts = technology or "?", defaults, counts
        self.variance = sd_db**2
        self.filled: list[str] = []

    def count(self, name: str) -> None:
        self.counts[f"{self.technology}.{name}"] += 1
        self.filled.append(name)

    def known(self, name: str, value: object, default: float) -> float:
        if _is_number(value):
            return float(value)  # type: ignore[arg-type]
        self.count(name)
        self.variance += self.defaults.missing_sd_db.get(name, 0.0) ** 2
        return default


def fill_radio(
    table: pd.DataFrame,
    areas: Sequence[str],
    library: AntennaLibrary | None,
    settings: CoverageSettings,
    defaults: RadioDefaults,
    counts: Counter[str],
) -> pd.DataFrame:
    """Return what every radio cell is taken to be, and count what was filled.

    Parameters
    ----------
    table : DataFrame
        One row per radio cell: the columns of the cell table and its site's as ``site_...``; columns that
        newer lists have (tilts, ports, power basis, antenna model ...) may be absent.
    areas : sequence of str
        Kind of area per row, empty where unknown.
    library : AntennaLibrary or None
    settings : CoverageSettings
    defaults : RadioDefaults
    counts : Counter
        Gains ``"4G.power_dbm"`` and the like.

    Returns
    -------
    DataFrame
        frequency (MHz), height (m), azimuth (degrees, NaN unknown), eirp and ceiling (dBm), sd (dB), tilt
        (mechanical, degrees), pattern_key, defaults (names of the fields filled), whether azimuth or
        antenna model are missing; aligned with ``table``.
    """
    records = [
        _filled(row, area, library, settings, defaults, counts)
        for row, area in zip(table.to_dict("records"), areas, strict=True)
    ]
    return pd.DataFrame(records, columns=_FILLED)


def _filled(
    row: Mapping[Any, Any],
    area: str,
    library: AntennaLibrary | None,
    settings: CoverageSettings,
    defaults: RadioDefaults,
    counts: Counter[str],
) -> dict[str, object]:
    technology = row["technology"] if row["technology"] in TECHNOLOGIES else ""
    gaps = _Gaps(technology, defaults, counts, settings.model_error_sd_db)
    usual = technology or "4G"
    frequency = gaps.known("frequency_mhz", row["frequency_mhz"], defaults.technologies[usual].frequency_mhz)
    base = defaults.of(usual, frequency, area or defaults.unknown_area)
    height, by_area = _height(row, base, gaps)
    model = clean(row.get("antenna_model"))
    mechanical, electrical = _tilts(row)
    measured = None
    if library is not None and model:
        measured = library.find(model, frequency_mhz=frequency, electrical_tilt_deg=electrical)
    if np.isnan(electrical):
        if measured is not None:
            electrical = measured.electrical_tilt_deg
        else:
            electrical, by_area = gaps.known("tilt_deg", None, base.electrical_tilt_deg), True
    if by_area and not area:
        gaps.count("area_type")
    if measured is None:
        gaps.count("antenna_model")
        key = PatternKey("", base.pattern, round(electrical, 1))
    else:
        key = PatternKey(measured.file, "", round(electrical - measured.electrical_tilt_deg, 1))
    eirp, connector = _budget(row, technology or "2G", base, measured, gaps, defaults)
    azimuth, loss = row["azimuth_deg"], 0.0
    if measured is not None and measured_table(measured).omnidirectional:
        azimuth = float("nan")
    else:
        azimuth = gaps.known("azimuth_deg", azimuth, float("nan"))
        loss = defaults.antenna.unknown_azimuth_loss_db if np.isnan(azimuth) else 0.0
    return {
        "operator": row["operator"],
        "technology": technology,
        "lon": row["lon"],
        "lat": row["lat"],
        "frequency": frequency,
        "height": height,
        "azimuth": azimuth,
        "azimuth_missing": loss > 0,
        "model_missing": bool(model) and measured is None,
        "eirp": eirp - loss,
        # The coupling loss holds antenna gain and feeder: what is left is the power at the connector.
        "ceiling": connector - settings.minimum_coupling_loss_db,
        "sd": gaps.variance**0.5,
        "pattern_key": key,
        "tilt": mechanical,
        "defaults": gaps.filled,
    }


_FILLED = [
    "operator", "technology", "lon", "lat", "frequency", "height", "azimuth", "azimuth_missing", "model_missing",
    "eirp", "ceiling", "sd", "pattern_key", "tilt", "defaults",
]  # fmt: skip


def _height(row: Mapping[Any, Any], base: TechnologyDefaults, gaps: _Gaps) -> tuple[float, bool]:
    """Return the antenna's height and whether it is the default of the kind of area."""
    height = row["antenna_height_m"]
    if not _is_number(height) and _is_number(row["site_structure_height_m"]):
        height = float(row["site_structure_height_m"])
        gaps.count("antenna_height_m_from_structure")
    return gaps.known("antenna_height_m", height, base.antenna_height_m), not _is_number(height)


def _tilts(row: Mapping[Any, Any]) -> tuple[float, float]:
    """Return mechanical and electrical tilt, the latter NaN where the list gives none.

    Of a total alone nobody knows how it is made up: it counts as electrical, the same all round. A mechanical
    tilt alone says nothing of the electrical one.
    """
    names = ("mechanical_tilt_deg", "electrical_tilt_deg", "tilt_deg")
    mechanical, electrical, total = (_or_nan(row.get(name)) for name in names)
    if np.isnan(mechanical) and np.isnan(electrical):
        return 0.0, total
    if np.isnan(mechanical):
        mechanical = 0.0 if np.isnan(total) else total - electrical
    if np.isnan(electrical):
        electrical = total - mechanical
    return mechanical, electrical


def _budget(
    row: Mapping[Any, Any],
    technology: str,
    base: TechnologyDefaults,
    measured: AntennaPattern | None,
    gaps: _Gaps,
    defaults: RadioDefaults,
) -> tuple[float, float]:
    """Return the EIRP of what a phone measures and its power at the antenna connector, dBm."""
    carrier, pilot = row.get("eirp_dbm"), row.get("pilot_power_dbm")
    has_eirp, has_pilot = _is_number(carrier), _is_number(pilot)
    own_gain = row["antenna_gain_dbi"]
    if not _is_number(own_gain) and measured is not None:
        own_gain = measured.gain_dbi
    if has_eirp:  # gain and feeder are in it; they matter for the ceiling near the mast only
        power, from_list = base.power_dbm, True
        gain = float(own_gain) if _is_number(own_gain) else base.antenna_gain_dbi
        feeder = float(row["feeder_loss_db"]) if _is_number(row.get("feeder_loss_db")) else base.feeder_loss_db
    else:
        from_list = _is_number(row["power_dbm"])
        listed = row["power_dbm"]
        if technology == "5G" and row.get("power_basis") == "per_port" and not _is_number(row.get("ports")):
            listed, from_list = None, False  # one port of 1 to 64: it says little of the whole radio
        power = base.power_dbm if has_pilot else gaps.known("power_dbm", listed, base.power_dbm)
        gain = gaps.known("antenna_gain_dbi", own_gain, base.antenna_gain_dbi)
        feeder = gaps.known("feeder_loss_db", row.get("feeder_loss_db"), base.feeder_loss_db)
    if gain > base.traffic_gain_dbi and not has_eirp:
        gain -= gaps.known("ssb_gain", None, base.ssb_below_traffic_db)
    basis, ports, blocks = base.power_basis, base.ports, None
    if (has_eirp or not has_pilot) and from_list:
        basis, ports = _basis(row, technology, base, gaps)
    if technology in ("4G", "5G") and (has_eirp or not has_pilot):
        bandwidth = gaps.known("bandwidth_mhz", row["bandwidth_mhz"], base.bandwidth_mhz)
        blocks = resource_blocks(bandwidth, defaults.resource_blocks_of(technology, base.subcarrier_khz, bandwidth))
    eirp = reference_eirp_dbm(
        technology,
        power_dbm=power,
        antenna_gain_dbi=gain,
        feeder_loss_db=feeder,
        pilot_share_db=base.pilot_share_db,
        blocks=blocks,
        power_basis=basis,
        ports=ports,
        pilot_power_dbm=_or_nan(pilot),
        carrier_eirp_dbm=_or_nan(carrier),
    )
    return eirp, eirp - gain + feeder


def _basis(row: Mapping[Any, Any], technology: str, base: TechnologyDefaults, gaps: _Gaps) -> tuple[str, float]:
    """Return what a power from the list means and over how many ports it goes.

    Silence matters, and is counted, where the two differ: in LTE, whose phones measure one port.
    """
    basis, ports = row.get("power_basis"), row.get("ports")
    matters = technology == "4G"
    if basis not in POWER_BASES:
        basis = base.power_basis
        if matters:
            gaps.known("power_basis", None, 0.0)
    if basis != ("per_port" if matters else "total"):
        if not _is_number(ports):
            return basis, gaps.known("ports", None, base.ports)
        return basis, max(1.0, float(ports))  # type: ignore[arg-type]
    return basis, base.ports


def _or_nan(value: object) -> float:
    return float(value) if _is_number(value) else float("nan")  # type: ignore[arg-type]


def pattern_tables(
    keys: Sequence[PatternKey], library: AntennaLibrary | None, defaults: RadioDefaults
) -> list[PatternTable]:
    """Return the tables of the patterns, in the order of the keys; at least one.

    Raises
    ------
    KeyError
        If a key names a file that the library lacks or a parametric pattern that the defaults lack.
    """
    files = {} if library is None else {p.file: p for p in library.patterns}
    tables = [
        measured_table(files[key.file], tilt_change_deg=key.tilt_deg)
        if key.file
        else parametric_table(defaults.patterns[key.parametric], electrical_tilt_deg=key.tilt_deg)
        for key in keys
    ]
    return tables or [parametric_table(defaults.antenna.pattern, electrical_tilt_deg=0.0)]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and bool(np.isfinite(float(value)))
