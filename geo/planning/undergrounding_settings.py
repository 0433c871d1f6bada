"""What ``[plan.undergrounding]`` says: the province's criteria and their weights, what makes a project, what there is to spend."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from geo.errors import ProjectFileError
from geo.io.resources import load_toml

__all__ = ["CRITERIA", "UndergroundingSettings", "undergrounding_settings"]

#: Criteria in the order in which tables name them; each has a weight.
CRITERIA = ("centre_street", "upgraded", "road_works", "cables", "operators", "heritage")
_MAY_BE_ZERO = frozenset(f"{name}_weight" for name in CRITERIA)
_SHARES = frozenset({"along_share", "project_score_share"})
_BUDGET = "budget_vnd"


@dataclass(frozen=True, slots=True)
class UndergroundingSettings:
    """Values of ``resources/planning.toml``, ``[undergrounding]``, after the project's; see there for sources.

    Attributes
    ----------
    centre_street_weight, upgraded_weight, road_works_weight, cables_weight, operators_weight, heritage_weight : float
    cables_full, operators_full : float
    along_m, along_share, named_km, joined_m, project_km, project_score_share : float
    target_year : float
    years : tuple of int
        Of the plan, ascending.
    budget_vnd : tuple of int
        Of each year; empty: no limit is set, and each year buries what leads evenly to the target.
    """

    centre_street_weight: float
    upgraded_weight: float
    road_works_weight: float
    cables_weight: float
    operators_weight: float
    heritage_weight: float
    cables_full: float
    operators_full: float
    along_m: float
    along_share: float
    named_km: float
    joined_m: float
    project_km: float
    project_score_share: float
    target_year: float
    years: tuple[int, ...] = ()
    budget_vnd: tuple[int, ...] = ()

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each of :data:`CRITERIA`."""
        return {name: float(getattr(self, f"{name}_weight")) for name in CRITERIA}


def undergrounding_settings(plan: Mapping[str, object]) -> UndergroundingSettings:
    """Return the settings that ``[plan]`` and ``[plan.undergrounding]`` make.

    Raises
    ------
    ProjectFileError
        If an entry is not known or its value is not allowed.
    """
    given = plan.get("undergrounding", {})
    if not isinstance(given, Mapping):
        raise ProjectFileError(
            f"[plan] undergrounding = {given}: cần bảng [plan.undergrounding].", f"[plan] undergrounding = {given}: a table [plan.undergrounding] is needed."
        )
    shipped = load_toml("planning.toml")["undergrounding"]
    names = [f.name for f in fields(UndergroundingSettings) if f.name not in {"years", _BUDGET}]
    for key in given:
        if key not in {*names, _BUDGET}:
            near = difflib.get_close_matches(str(key), [*names, _BUDGET], n=1)
            raise ProjectFileError(
                f"[plan.undergrounding] không có mục '{key}'" + (f"; có phải '{near[0]}'?" if near else "."),
                f"[plan.undergrounding] has no entry '{key}'" + (f"; did you mean '{near[0]}'?" if near else "."),
            )
    values = {name: _number(name, given.get(name, shipped[name]["value"])) for name in names}
    if not any(values[f"{name}_weight"] for name in CRITERIA):
        raise ProjectFileError("[plan.undergrounding]: cần ít nhất một trọng số lớn hơn 0.", "[plan.undergrounding]: one weight above 0 at least is needed.")
    years = plan.get("years", [])
    whole = tuple(dict.fromkeys(y for y in years if isinstance(y, int))) if isinstance(years, list) else ()
    budget: Any = given.get(_BUDGET, [])
    wrong = not isinstance(budget, list) or not all(isinstance(b, int | float) and not isinstance(b, bool) and b >= 0 and b == int(b) for b in budget)
    if wrong or (budget and (len(budget) != len(whole) or list(whole) != sorted(whole))):
        raise ProjectFileError(
            f"[plan.undergrounding] budget_vnd = {budget}: cần số đồng nguyên cho từng năm của [plan] years, các năm tăng dần.",
            f"[plan.undergrounding] budget_vnd = {budget}: a whole amount of đồng for each of [plan] years, years ascending.",
        )
    return UndergroundingSettings(**values, years=tuple(sorted(whole)), budget_vnd=tuple(int(b) for b in budget))


def _number(name: str, value: object) -> float:
    least_vi, least_en = ("không âm", "not negative") if name in _MAY_BE_ZERO else ("lớn hơn 0", "above 0")
    most = 1.0 if name in _SHARES else 1e6
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value <= most or (value == 0 and name not in _MAY_BE_ZERO):  # type: ignore[operator]
        tail_vi, tail_en = (", không quá 1", ", up to 1") if most == 1.0 else ("", "")
        raise ProjectFileError(
            f"[plan.undergrounding] {name} = {value}: cần số {least_vi}{tail_vi}.", f"[plan.undergrounding] {name} = {value}: a number {least_en}{tail_en}."
        )
    return float(value)  # type: ignore[arg-type]
