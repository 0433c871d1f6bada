"""Settings of the planning of measurements; values, units and sources stand in ``resources/sampling.toml``."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from geo.errors import ProjectFileError
from geo.io.resources import load_toml
from geo.numbers import vietnamese

__all__ = ["SamplingSettings", "sampling_settings"]

_TECHNOLOGIES = ("2G", "3G", "4G", "5G")
_MAY_BE_ZERO = ("join_m", "sample_noise_db", "least_change", "rounds", "near_stops", "near_road_points", "near_observations", "plan_weight")
_HOURS, _SHARES = 24.0, ("least_correlation",)


@dataclass(frozen=True, slots=True)
class SamplingSettings:
    """How measuring trips are planned.

    Attributes
    ----------
    days : int
        Vehicle-days.
    hours_per_day, minutes_per_stop : float
    start : tuple of float
        Longitude and latitude (EPSG:4326); empty: found from the data.
    speed_kmh : mapping of str to float
        By class of road; ``"other"`` for the rest.
    walk_kmh, walk_m : float
        From the road to a village.
    join_m : float
        An end of a road so near to another road meets it.
    positions_per_stop : int
    road_point_m : float
    drive_technologies : tuple of str
        Measured while driving.
    sample_noise_db : float
    least_correlation : float
        Of what counts for a village.
    near_stops, near_road_points, near_observations : int
    candidates, rounds : int
    least_change : float
        Villages.
    plan_weight : float
        A village on whose verdict the mean money of such villages hangs counts as 1 + ``plan_weight`` villages; 0: no village weighs more than another.
    """

    days: int
    hours_per_day: float
    minutes_per_stop: float
    start: tuple[float, ...]
    speed_kmh: Mapping[str, float]
    walk_kmh: float
    walk_m: float
    join_m: float
    positions_per_stop: int
    road_point_m: float
    drive_technologies: tuple[str, ...]
    sample_noise_db: float
    least_correlation: float
    near_stops: int
    near_road_points: int
    near_observations: int
    candidates: int
    rounds: int
    least_change: float
    plan_weight: float


def sampling_settings(given: Mapping[str, object] | None = None) -> SamplingSettings:
    """Return the settings that ``[settings.sampling]`` makes.

    Raises
    ------
    ProjectFileError
        If an entry is not known or its value is not allowed.
    """
    shipped = load_toml("sampling.toml")["sampling"]
    names = [f.name for f in fields(SamplingSettings)]
    given = {} if given is None else given
    if not isinstance(given, Mapping):
        raise _wrong("", given, "cần bảng [settings.sampling], ví dụ days = 3", "a table [settings.sampling] is needed, such as days = 3")
    for key in given:
        if key not in names:
            near = difflib.get_close_matches(str(key), names, n=1)
            raise ProjectFileError(
                f"[settings.sampling] không có mục '{key}'" + (f"; có phải '{near[0]}'?" if near else "."),
                f"[settings.sampling] has no entry '{key}'" + (f"; did you mean '{near[0]}'?" if near else "."),
            )
    return SamplingSettings(**{name: _checked(name, given.get(name, shipped[name]["value"]), shipped[name]["value"]) for name in names})


def _checked(name: str, value: Any, default: Any) -> Any:
    match name:
        case "start":
            if not isinstance(value, list | tuple) or len(value) not in {0, 2} or not all(map(_is_number, value)):
                raise _wrong(name, value, "cần [kinh độ, vĩ độ], ví dụ [105.16, 21.97]", "[longitude, latitude] is needed, such as [105.16, 21.97]")
            if len(value) == 2 and not (abs(value[0]) <= 180 and abs(value[1]) <= 90):
                raise _wrong(name, value, "kinh độ đứng trước vĩ độ, tính bằng độ", "longitude comes before latitude, in degrees")
            return tuple(float(v) for v in value)
        case "speed_kmh":
            if not isinstance(value, Mapping) or not all(_is_number(v) and 0 < v <= 150 for v in value.values()) or set(value) - set(default):
                allowed = ", ".join(default)
                raise _wrong(name, value, f"cần bảng tốc độ từ trên 0 đến 150 theo cấp đường ({allowed})", f"a table of speeds above 0, up to 150, by class of road ({allowed}) is needed")
            return {key: float(v) for key, v in sorted({**default, **value}.items())}
        case "drive_technologies":
            if not isinstance(value, list | tuple) or not all(v in _TECHNOLOGIES for v in value):
                allowed = ", ".join(_TECHNOLOGIES)
                raise _wrong(name, value, f"cần danh sách trong {allowed}", f"a list of {allowed} is needed")
            return tuple(t for t in _TECHNOLOGIES if t in value)
    if not _is_number(value):
        raise _wrong(name, value, "cần một số", "a number is needed")
    zero = name in _MAY_BE_ZERO
    if value < 0 or (value == 0 and not zero):
        raise _wrong(name, value, "cần số không âm" if zero else "cần số lớn hơn 0", "a number that is not negative is needed" if zero else "a number above 0 is needed")
    most = _HOURS if name == "hours_per_day" else 1.0 if name in _SHARES else 1e6
    if value > most:
        raise _wrong(name, value, f"cần số không quá {vietnamese(most)}", f"a number up to {most:g} is needed")
    if isinstance(default, int):
        if value != int(value):
            raise _wrong(name, value, "cần số nguyên", "a whole number is needed")
        return int(value)
    return float(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def _wrong(name: str, value: object, vi: str, en: str) -> ProjectFileError:
    where = f"[settings.sampling] {name} = {value}" if name else f"[settings] sampling = {value}"
    return ProjectFileError(f"{where}: {vi}.", f"{where}: {en}.")
