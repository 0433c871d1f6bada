"""What ``[plan]`` says of proposals: where they may stand, what they are worth, what there is to spend.

Kept apart by what depends on them: a changed budget leaves the candidates and what they cover as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from geo.coverage import TECHNOLOGIES
from geo.errors import ProjectFileError
from geo.io.planning_areas import MAST_CLASSES
from geo.io.resources import load_toml

__all__ = ["CandidateSettings", "ObjectiveSettings", "candidate_settings", "objective_settings"]

_WEIGHTS = ("first_operator_weight", "second_operator_weight", "third_operator_weight")
_COUNTS = ("places_most", "places_per_village", "cost_variants", "draw_variants", "variant_exchanges", "curve_points", "village_nodes", "substitutes")
_MAY_BE_ZERO = (
    "choice_gap", "cost_variants", "draw_variants", "variant_exchanges", "places_per_village", "cost_change_share", "substitutes", "curve_points", "difficult_village_people", "facility_people",
    "first_operator_weight", "to_4g_weight", "second_operator_weight", "third_operator_weight", "least_prominence_m",
)  # fmt: skip
_SHARES = ("choice_gap", "cost_change_share")


@dataclass(frozen=True, slots=True)
class CandidateSettings:
    """Where proposed sites may stand; ``resources/planning.toml``, ``[candidates]``, with sources.

    Attributes
    ----------
    proposed_technologies : tuple of str
    places_most, places_per_village : int
    ground_block_m, prominence_radius_m, least_prominence_m, sight_radius_m, sight_half_m, road_near_m, village_near_m, power_near_m, steepest_deg : float
    ground_class, building_class, discreet_class : str
    ground_height_m, building_mast_m, discreet_height_m : float
    """

    proposed_technologies: tuple[str, ...]
    places_most: int
    places_per_village: int
    ground_block_m: float
    prominence_radius_m: float
    least_prominence_m: float
    sight_radius_m: float
    sight_half_m: float
    road_near_m: float
    village_near_m: float
    power_near_m: float
    steepest_deg: float
    ground_class: str
    building_class: str
    discreet_class: str
    ground_height_m: float
    building_mast_m: float
    discreet_height_m: float

    @property
    def classes(self) -> tuple[str, ...]:
        """Classes that may be proposed, each once."""
        return tuple(dict.fromkeys((self.ground_class, self.building_class, self.discreet_class)))


@dataclass(frozen=True, slots=True)
class ObjectiveSettings:
    """What a plan is worth, and what there is to spend; ``resources/planning.toml``, ``[objective]``, with sources.

    Attributes
    ----------
    first_operator_weight, to_4g_weight, second_operator_weight, third_operator_weight : float
        Worth of a person's step in a year.
    difficult_village_people, facility_people : float
        Worth of a village of special difficulty, and of a school or clinic, that gets a first operator, in people.
    choice_seconds, choice_gap : float
    cost_change_share : float
    cost_variants, draw_variants, variant_exchanges : int
    variant_million_ones : float
    curve_points, village_nodes, substitutes : int
    years : tuple of int
        Ascending.
    budget_vnd : tuple of int
        Of each year; empty: nothing is proposed.
    """

    first_operator_weight: float
    to_4g_weight: float
    second_operator_weight: float
    third_operator_weight: float
    difficult_village_people: float
    facility_people: float
    choice_seconds: float
    choice_gap: float
    cost_change_share: float
    cost_variants: int
    draw_variants: int
    variant_exchanges: int
    variant_million_ones: float
    curve_points: int
    village_nodes: int
    substitutes: int
    years: tuple[int, ...] = ()
    budget_vnd: tuple[int, ...] = ()

    @property
    def worth(self) -> dict[str, float]:
        """What steps are worth: all that the search of candidates takes from here."""
        names = (*_WEIGHTS, "to_4g_weight", "difficult_village_people", "facility_people")
        return {name: float(getattr(self, name)) for name in names}

    @property
    def asked(self) -> bool:
        """Whether there is a budget to propose sites for."""
        return bool(self.budget_vnd)


def _values(plan: Mapping[str, object], table: str, names: tuple[str, ...]) -> dict[str, Any]:
    shipped = load_toml("planning.toml")[table]
    out: dict[str, Any] = {}
    for name in names:
        value, usual = plan.get(name, shipped[name]["value"]), shipped[name]["value"]
        if isinstance(usual, str):
            out[name] = _mast_class(name, value)
        elif isinstance(usual, list):
            out[name] = _technologies(name, value)
        else:
            out[name] = _number(name, value)
    return out


def _number(name: str, value: object) -> float | int:
    least = 0.0 if name in _MAY_BE_ZERO else None
    largest = 1.0 if name in _SHARES else 1e6
    wrong = isinstance(value, bool) or not isinstance(value, int | float) or value != value or value > largest
    if wrong or not isinstance(value, int | float) or (value < 0 if least is not None else value <= 0) or (name in _COUNTS and value != int(value)):
        kind_vi, kind_en = ("số nguyên", "a whole number") if name in _COUNTS else ("số", "a number")
        from_vi, from_en = ("từ 0", "from 0") if least is not None else ("lớn hơn 0", "above 0")
        raise ProjectFileError(
            f"[plan] {name} = {value}: cần {kind_vi} {from_vi}" + (", không quá 1." if largest == 1.0 else "."),
            f"[plan] {name} = {value}: {kind_en} {from_en}" + (", up to 1." if largest == 1.0 else "."),
        )
    return int(value) if name in _COUNTS else float(value)


def _mast_class(name: str, value: object) -> str:
    if value not in MAST_CLASSES:
        allowed = ", ".join(MAST_CLASSES)
        raise ProjectFileError(f"[plan] {name} = '{value}': chỉ {allowed}.", f"[plan] {name} = '{value}': {allowed} only.")
    return str(value)


def _technologies(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(v in TECHNOLOGIES for v in value):
        allowed = ", ".join(TECHNOLOGIES)
        raise ProjectFileError(f"[plan] {name} = {value}: danh sách trong {allowed}.", f"[plan] {name} = {value}: a list out of {allowed}.")
    return tuple(t for t in TECHNOLOGIES if t in value)


def candidate_settings(plan: Mapping[str, object]) -> CandidateSettings:
    """Return where ``[plan]`` lets sites be proposed.

    Raises
    ------
    ProjectFileError
        If a value is not allowed.
    """
    return CandidateSettings(**_values(plan, "candidates", tuple(f.name for f in fields(CandidateSettings))))


def objective_settings(plan: Mapping[str, object]) -> ObjectiveSettings:
    """Return what ``[plan]`` makes of worth and money.

    Raises
    ------
    ProjectFileError
        If a value is not allowed, the weights rise from one operator to the next, or a year's budget is no whole number of đồng.
    """
    names = tuple(f.name for f in fields(ObjectiveSettings) if f.name not in {"years", "budget_vnd"})
    values = _values(plan, "objective", names)
    weights = [values[name] for name in _WEIGHTS]
    if sorted(weights, reverse=True) != weights:
        raise ProjectFileError(
            f"[plan] trọng số của nhà mạng thứ nhất, thứ hai, thứ ba là {weights}: phải không tăng (người chưa có sóng đi trước).",
            f"[plan] the weights of a first, second and third operator are {weights}: they must not rise (whoever has nobody comes first).",
        )
    years, budget = plan.get("years", []), plan.get("budget_vnd", [])
    if not budget:
        return ObjectiveSettings(**values)
    if not isinstance(years, list) or not isinstance(budget, list) or sorted(set(years)) != years:
        raise ProjectFileError(f"[plan] years = {years}: cần các năm tăng dần.", f"[plan] years = {years}: rising years are needed.")
    if not all(float(b).is_integer() and b < 2**53 for b in budget):
        raise ProjectFileError(f"[plan] budget_vnd = {budget}: cần số đồng nguyên.", f"[plan] budget_vnd = {budget}: whole đồng are needed.")
    return ObjectiveSettings(**values, years=tuple(years), budget_vnd=tuple(int(b) for b in budget))
