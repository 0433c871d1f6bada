"""The rules that masts are held against: spacing, sharing, classes by area, targets; and the settings of the plan.

They are the department's, from its rules file; where that has none, a set of another province stands in, whose status
says that it is not this province's. Nothing here calls a rule legal.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import product
from typing import Any

from geo.errors import ProjectFileError
from geo.io.planning_areas import MAST_CLASSES
from geo.io.resources import load_toml
from geo.rules import STATUSES

__all__ = ["AREAS", "AreaClasses", "DistanceRule", "MastRules", "PlanSettings", "Target", "mast_rules", "plan_settings", "possible_rules"]

#: Kinds of area that a distance may depend on.
AREAS = ("urban", "other")
_TABLES = ("mast_spacing", "mast_sharing", "area_classes")
_KEYS = {"mast_rules", "years", "budget_vnd", "costs", "undergrounding"}
_COUNTS = ("operators_per_mast", "sharing_nodes")


@dataclass(frozen=True, slots=True)
class DistanceRule:
    """A distance between masts that a document asks for.

    Attributes
    ----------
    id : str
    area : str
        One of :data:`AREAS`; ``""`` both.
    classes : tuple of str
        Classes of the new mast; empty: all.
    height_over_m, height_up_to_m : float
        The rule is for heights above the one, up to and with the other.
    distance_m : float
        Masts nearer than this break the rule (a mast at just this distance keeps it).
    document, source, status : str
    """

    id: str
    area: str
    classes: tuple[str, ...]
    height_over_m: float
    height_up_to_m: float
    distance_m: float
    document: str
    source: str
    status: str

    def holds(self, area: str, mast_class: str, height_m: float) -> bool:
        """Return whether the rule is for such a mast, of which all is known."""
        return (
            self.area in {"", area}
            and (not self.classes or mast_class in self.classes)
            and self.height_over_m < height_m <= self.height_up_to_m
        )


@dataclass(frozen=True, slots=True)
class AreaClasses:
    """Classes that may stand in a kind of restricted area."""

    id: str
    area_kind: str
    classes: tuple[str, ...]
    document: str
    source: str
    status: str


@dataclass(frozen=True, slots=True)
class Target:
    """A target with where it stands."""

    value: float
    document: str
    source: str
    status: str


@dataclass(frozen=True, slots=True)
class MastRules:
    """All rules of a project.

    Attributes
    ----------
    spacing, sharing : tuple of DistanceRule
    areas : mapping of str to AreaClasses
        By kind of area; a kind without entry says nothing.
    targets : mapping of str to Target
    origin : str
        ``"project"`` where the department's rules file gives the distances, else the name of the set that stands in.
    """

    spacing: tuple[DistanceRule, ...]
    sharing: tuple[DistanceRule, ...]
    areas: Mapping[str, AreaClasses]
    targets: Mapping[str, Target]
    origin: str

    @property
    def longest_m(self) -> float:
        """The longest distance of any rule, 0 without rules."""
        return max((r.distance_m for r in (*self.spacing, *self.sharing)), default=0.0)

    @property
    def statuses(self) -> tuple[str, ...]:
        """Statuses of the distance rules, sorted."""
        return tuple(sorted({r.status for r in (*self.spacing, *self.sharing)}))


def possible_rules(
    rules: Sequence[DistanceRule], area: str, mast_class: str, height_m: float
) -> tuple[DistanceRule | None, ...]:
    """Return every rule that a mast may fall under, None among them if it may fall under none.

    Of several rules that hold the most particular one counts (of a class before for all, of some heights before for all, of an area
    before for both), of equals the longest. What is not known (``""``, NaN) is tried with every value that it may have.

    Returns
    -------
    tuple of DistanceRule or None
        One entry where all that matters is known; the longest distance first, None last.
    """
    limits = sorted({v for r in rules for v in (r.height_over_m, r.height_up_to_m) if 0 < v < float("inf")})
    heights = [height_m] if height_m == height_m else [*limits, (limits[-1] if limits else 0.0) + 1.0]
    found: dict[str, DistanceRule | None] = {}
    for place, kind, height in product([area] if area else AREAS, [mast_class] if mast_class else MAST_CLASSES, heights):
        holding = [r for r in rules if r.holds(place, kind, height)]
        best = max(holding, key=_particular, default=None)
        found["" if best is None else f"{best.id} {best.distance_m}"] = best
    return tuple(sorted(found.values(), key=lambda r: float("inf") if r is None else -r.distance_m))


def _particular(rule: DistanceRule) -> tuple[bool, bool, bool, float]:
    return bool(rule.classes), rule.height_over_m > 0 or rule.height_up_to_m < float("inf"), bool(rule.area), rule.distance_m


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """Values of ``resources/planning.toml`` after ``[plan]`` of the project file; see there for sources.

    Attributes
    ----------
    zone_served_share, at_mast_m, ask_operator_km, operators_per_mast, certificate_days, least_norm_vnd, sharing_nodes : float
    height_bands_m : tuple of float
        Upper ends, rising.
    years : tuple of int
        Of the plan; empty: every year that lines name.
    """

    zone_served_share: float
    at_mast_m: float
    ask_operator_km: float
    operators_per_mast: float
    certificate_days: float
    least_norm_vnd: float
    sharing_nodes: float
    height_bands_m: tuple[float, ...] = ()
    years: tuple[int, ...] = ()


def plan_settings(plan: Mapping[str, object]) -> PlanSettings:
    """Return the settings that ``[plan]`` makes.

    Raises
    ------
    ProjectFileError
        If an entry is not known or its value is not allowed.
    """
    content = load_toml("planning.toml")
    shipped = content["settings"]
    names = [f.name for f in fields(PlanSettings) if f.name not in {"years", "height_bands_m"}]
    known = {*names, *_KEYS, "height_bands_m", *content["candidates"], *content["objective"]}
    for key in plan:
        if key not in known:
            near = difflib.get_close_matches(key, sorted(known), n=1)
            raise ProjectFileError(
                f"[plan] không có mục '{key}'" + (f"; có phải '{near[0]}'?" if near else "."),
                f"[plan] has no entry '{key}'" + (f"; did you mean '{near[0]}'?" if near else "."),
            )
    values: dict[str, Any] = {}
    for name in names:
        value = plan.get(name, shipped[name]["value"])
        largest = 1.0 if name.endswith("_share") else 1e6
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= largest or (name in _COUNTS and value != int(value)):
            raise ProjectFileError(
                f"[plan] {name} = {value}: cần số lớn hơn 0" + (", không quá 1." if largest == 1.0 else "."),
                f"[plan] {name} = {value}: a number above 0" + (", up to 1." if largest == 1.0 else "."),
            )
        values[name] = float(value)
    bands = plan.get("height_bands_m", shipped["height_bands_m"]["value"])
    if not isinstance(bands, list) or not bands or not all(isinstance(b, int | float) and not isinstance(b, bool) and b > 0 for b in bands) or sorted(set(bands)) != bands:
        raise ProjectFileError(f"[plan] height_bands_m = {bands}: cần các độ cao tăng dần.", f"[plan] height_bands_m = {bands}: rising heights are needed.")
    years, budget = plan.get("years", []), plan.get("budget_vnd", [])
    if not isinstance(years, list) or not all(isinstance(y, int) and not isinstance(y, bool) and 2000 <= y <= 2100 for y in years):
        raise ProjectFileError(f"[plan] years = {years}: cần danh sách năm, ví dụ [2027, 2028].", f"[plan] years = {years}: a list of years such as [2027, 2028].")
    if not isinstance(budget, list) or not all(isinstance(b, int | float) and not isinstance(b, bool) and b >= 0 for b in budget) or (budget and len(budget) != len(years)):
        raise ProjectFileError(
            f"[plan] budget_vnd = {budget}: cần số đồng cho từng năm của years.", f"[plan] budget_vnd = {budget}: an amount of đồng for each of years."
        )
    costs = plan.get("costs")
    if costs is not None and not isinstance(costs, str):
        raise ProjectFileError(f"[plan] costs = {costs}: cần tên tệp.", f"[plan] costs = {costs}: the name of a file.")
    return PlanSettings(**values, height_bands_m=tuple(float(b) for b in bands), years=tuple(dict.fromkeys(int(y) for y in years)))


def mast_rules(plan: Mapping[str, object], extra: Mapping[str, object]) -> MastRules:
    """Return the rules of a project.

    Parameters
    ----------
    plan : mapping
        ``[plan]``: ``mast_rules`` names the set that stands in where the department's own rules are missing.
    extra : mapping
        The department's own catalogue: ``[[mast_spacing]]``, ``[[mast_sharing]]`` and ``[[area_classes]]`` replace what ships, each
        as a whole (``area_classes`` kind by kind).

    Raises
    ------
    ProjectFileError
        If there is no such set, or an entry is wrong.
    """
    shipped = load_toml("planning.toml")
    name = plan.get("mast_rules", shipped["default_set"])
    if name not in shipped["sets"]:
        raise ProjectFileError(
            f"[plan] mast_rules = '{name}': không có bộ này; các bộ: {', '.join(shipped['sets'])}.",
            f"[plan] mast_rules = '{name}': there is no such set; sets: {', '.join(shipped['sets'])}.",
        )
    chosen = shipped["sets"][name]
    own = {table: _entries(extra, table) for table in _TABLES}
    spacing = own["mast_spacing"] or chosen.get("mast_spacing", [])
    sharing = own["mast_sharing"] or chosen.get("mast_sharing", [])
    areas = {str(e["area_kind"]): _area(e) for e in (*shipped["area_classes"], *own["area_classes"])}
    targets = {
        key: Target(float(e["value"]), str(e["document"]), str(e["source"]), str(e["status"])) for key, e in shipped["targets"].items()
    }
    origin = "project" if own["mast_spacing"] or own["mast_sharing"] else str(name)
    return MastRules(tuple(_distance(e) for e in spacing), tuple(_distance(e) for e in sharing), areas, targets, origin)


def _entries(extra: Mapping[str, object], table: str) -> list[Mapping[str, Any]]:
    value = extra.get(table, [])
    if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
        raise ProjectFileError(f"[[{table}]] phải là danh sách bảng.", f"[[{table}]] must be a list of tables.")
    for entry in value:
        status = entry.get("status", "unverified")
        if status not in STATUSES:
            allowed = ", ".join(STATUSES)
            raise ProjectFileError(f"[[{table}]] '{entry.get('id', '?')}': status = {status!r}: chỉ {allowed}.", f"[[{table}]] '{entry.get('id', '?')}': status = {status!r}: {allowed} only.")
    names = [entry["id"] for entry in value if entry.get("id")]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ProjectFileError(f"[[{table}]]: mã '{twice}' có hai lần; mỗi quy định một mã.", f"[[{table}]]: the id '{twice}' is there twice; each rule has its own.")
    return value


def _distance(entry: Mapping[str, Any]) -> DistanceRule:
    distance, area = entry.get("distance_m"), str(entry.get("area", ""))
    over, up_to = entry.get("height_over_m", 0.0), entry.get("height_up_to_m", float("inf"))
    numbers = (distance, over, up_to)
    if not all(isinstance(v, int | float) and not isinstance(v, bool) and v >= 0 for v in numbers) or not distance or area not in {*AREAS, ""}:
        raise ProjectFileError(
            f"Quy định khoảng cách '{entry.get('id', '?')}': cần distance_m lớn hơn 0 và area là urban, other hoặc bỏ trống.",
            f"Distance rule '{entry.get('id', '?')}': distance_m above 0 and area urban, other or none are needed.",
        )
    if not over < up_to:
        raise ProjectFileError(
            f"Quy định khoảng cách '{entry.get('id', '?')}': height_over_m = {over} phải nhỏ hơn height_up_to_m = {up_to}, nếu không thì không cột nào thuộc quy định này.",
            f"Distance rule '{entry.get('id', '?')}': height_over_m = {over} must be below height_up_to_m = {up_to}, or no mast is of this rule.",
        )
    return DistanceRule(
        str(entry.get("id", "")), area, _class_list(entry), float(over), float(up_to), float(distance),
        str(entry.get("document", "")), str(entry.get("source", "")), str(entry.get("status", "unverified")),
    )  # fmt: skip


def _area(entry: Mapping[str, Any]) -> AreaClasses:
    return AreaClasses(
        str(entry.get("id", "")), str(entry.get("area_kind", "")), _class_list(entry), str(entry.get("document", "")),
        str(entry.get("source", "")), str(entry.get("status", "unverified")),
    )  # fmt: skip


def _class_list(entry: Mapping[str, Any]) -> tuple[str, ...]:
    classes: Iterable[Any] = entry.get("classes", [])
    if not isinstance(classes, list) or not all(c in MAST_CLASSES for c in classes):
        allowed = ", ".join(MAST_CLASSES)
        raise ProjectFileError(f"'{entry.get('id', '?')}': classes = {classes}: chỉ {allowed}.", f"'{entry.get('id', '?')}': classes = {classes}: {allowed} only.")
    return tuple(classes)
